"""Update streams when clients are slow, gone or too many, and at the end of the server."""
import json
import os
import signal
import urllib.parse

import pytest

import http_client
from event_stream import COMMENT, canonical
from update_client import PARAMS, PROTOCOLS, heads_on_one_connection, stopped_in
from update_site import PLAIN, Site, adding, same, threads_of, world

MANY = [f"198.51.100.{n}/32" for n in range(256)] + [f"203.0.113.{n}/32" for n in range(256)]
BIG = MANY + [f"2001:db8:{n:x}::/48" for n in range(4096)]


@pytest.fixture
def site(tmp_path, request):
    with Site(tmp_path, threads=threads_of(request)) as made:
        yield made


# ---- slow readers ----

@pytest.mark.threads
def test_reader_that_stops_gets_the_last_state(tmp_path):
    """HTTP/2 with a window of nothing: what is missed comes as one event for each substream."""
    with Site(tmp_path, documents=world(1, metro=MANY)) as site:
        frames = site.frames(window=0)
        stream = site.frames_stream(frames, {name: name for name in PLAIN})
        stream.source.head()
        for n in range(1, 40):
            site.publish(metro=MANY[n:], pid_a=[f"192.0.2.{n}/32"])
        frames.open_window(1 << 30, stream.source.stream)
        frames.open_window(1 << 30)
        stream.begin()
        seen = stream.until(lambda s: same(s, site, *PLAIN))
        # What was on its way when the reader stopped may be old, and is followed by one event.
        count = {name: [event.id for event in seen].count(name) for name in PLAIN}
        assert max(count.values()) <= 2, count
        site.publish()
        seen = stream.until(lambda s: same(s, site, *PLAIN))
        assert [event.id for event in seen] == PLAIN


def test_reader_that_stops_for_a_while(tmp_path):
    """The same over HTTP/1.1, where only the buffers of the two systems hold it up."""
    with Site(tmp_path, "updates: {stall-s: 3600}\nlimits: {send-timeout-s: 3600}\n",
              world(1, metro=BIG)) as site:
        stream = site.bare_stream({"full": {"resource-id": "cdni", "incremental-changes": False},
                                   "cdni": "cdni", "netmap": "netmap"}, receive_buffer=4096)
        stream.begin()
        stream.until(lambda s: len(s.held) == 3)
        count = 80
        for n in range(1, count + 1):
            site.build(world(1 + n, metro=BIG[n:], pid_a=[f"192.0.2.{n}/32"]))
        site.wait_marker(1 + count)
        seen = stream.until(lambda s: s.held["cdni"]["meta"] == s.held["full"]["meta"] and
                            same(s, site, "cdni", "netmap"))
        assert len([event for event in seen if event.id == "full"]) < count
        order = [event.id for event in seen]
        assert order.index("netmap") < order.index("cdni")


@pytest.mark.parametrize("step", [1, 1000, 16384])
def test_window_that_is_opened_bit_by_bit(site, step):
    size = 3000 if step == 1 else 200000
    if step != 1:
        site.publish(metro=BIG)
    frames = site.frames(window=0)
    frames.open_window(1 << 30)
    stream = site.frames_stream(frames, {"cdni": "cdni"})
    got = b""
    while b'"cdni-advertisement"' not in got or not got.endswith(b"\n\n"):
        if len(got) > size * 3:
            break
        frames.open_window(step, stream.source.stream)
        got += stream.source.read()
    stream.waiting.extend(stream.reader.feed(got))
    stream.begin()
    stream.data()
    assert same(stream, site, "cdni")


def test_window_that_is_never_opened(site):
    """Others are served, and the stream is given up in the end."""
    frames = site.frames(window=0)
    stream = site.frames_stream(frames, {"cdni": "cdni"})
    stream.source.head()
    other = site.stream({"cdni": "cdni"})
    other.data()
    for _ in range(10):
        site.publish()
        other.data()
        assert same(other, site, "cdni")
    stream.source.abort()


@pytest.mark.parametrize("protocol", ["h1", "h2"])
def test_stalled_reader_is_cut(tmp_path, protocol):
    """updates.stall-s: who takes nothing of what there is, loses the stream; a reader keeps it."""
    with Site(tmp_path, "updates: {stall-s: 1, heartbeat-s: 1}\n", world(1, metro=BIG)) as site:
        other = site.stream({"cdni": "cdni"})
        other.data()
        if protocol == "h2":
            frames = site.frames(window=1000)
            stream = site.frames_stream(frames, {"cdni": "cdni"})
            while not (stream.source.reset or stream.source.end or frames.goaway):
                try:
                    frames.step()
                except (EOFError, ConnectionResetError):
                    break
        else:
            stream = site.bare_stream({"full": {"resource-id": "cdni",
                                                "incremental-changes": False}}, receive_buffer=4096)
            # More than all buffers hold; not read until the server has cut it.
            control = None
            stream.begin()
            for n in range(1, 2000):
                site.publish(metro=BIG[n % 100:])
                control = stream.control({"add": {"": {}}})
                if control.status == 404:
                    break
                other.data()
            assert control.status == 404
        site.streams.remove(stream)
        stream.source.abort() if protocol == "h1" else None
        while not same(other, site, "cdni"):
            other.data()
        site.publish()
        other.until(lambda s: same(s, site, "cdni"))


def test_removal_in_the_middle_of_an_event(tmp_path):
    """The event is completed, then comes the end, and nothing after it."""
    with Site(tmp_path, documents=world(1, metro=BIG)) as site:
        frames = site.frames(window=20000)
        stream = site.frames_stream(frames, {"a": "cdni", "b": "netmap"}).begin()
        while len(b"".join(stream.reader.chunks)) + sum(map(len, stream.source.chunks)) < 20000:
            frames.step()
        assert stream.control({"remove": ["a"]}).status in (202, 204)
        frames.open_window(1 << 30, stream.source.stream)
        frames.open_window(1 << 30)
        while not stream.stopped:
            assert stream.event()
        assert stream.stopped == ["a"]
        site.publish(pid_a=["192.0.2.0/31"])
        stream.until(lambda s: "b" in s.held and
                     canonical(s.held["b"]) == canonical(site.document("netmap")))
        assert not stream.stopped[1:]


# ---- limits ----

def test_streams_per_connection(tmp_path):
    with Site(tmp_path, "updates: {streams-per-connection: 3}\n") as site:
        frames = site.frames()
        path = urllib.parse.urlsplit(site.uri("updates")).path
        streams = [site.frames_stream(frames, {"cdni": "cdni"}).begin() for _ in range(3)]
        over = frames.ask(path, json.dumps(adding({"a": "cdni"})).encode(),
                          [("content-type", PARAMS)])
        over.head()
        assert over.status == 503
        # Elsewhere there is room, and here again when one has ended.
        site.stream({"cdni": "cdni"}).data()
        assert streams[0].control({"remove": []}).status == 204
        streams[0].rest()
        again = site.frames_stream(frames, {"cdni": "cdni"}).begin()
        again.data()


def test_retry_after(tmp_path):
    with Site(tmp_path, "updates: {streams-per-connection: 2}\n") as site:
        heads = heads_on_one_connection(site.uri("updates"), 3,
                                        json.dumps(adding({"a": "cdni"})).encode(), PARAMS)
        assert sorted(head[":status"] for head in heads) == ["200", "200", "503"]
        for head in heads:
            assert ("retry-after" in head) == (head[":status"] == "503")
            if "retry-after" in head:
                assert int(head["retry-after"]) > 0


def check_busy(response):
    assert (response.status, response.body) == (503, b"")
    assert int(response.get("retry-after")) > 0


def test_limit_of_streams(tmp_path):
    with Site(tmp_path, "limits: {update-streams: 2}\n") as site:
        streams = [site.stream({"a": "cdni"}, protocol) for protocol in PROTOCOLS]
        for protocol in PROTOCOLS:
            check_busy(site.ask(adding({"a": "cdni"}), protocol))
        # What is wrong is told all the same, and an end makes room.
        assert site.ask({}).status == 400
        assert streams[0].control({"remove": []}).status == 204
        streams[0].rest()
        site.stream({"a": "cdni"}).data()
        streams[1].data()


def test_limit_of_substreams(tmp_path):
    with Site(tmp_path, "limits: {update-substreams: 3}\n") as site:
        check_busy(site.ask(adding({name: "cdni" for name in "abcd"})))
        stream = site.stream({name: "cdni" for name in "abc"})
        add = adding({"d": "cdni"})
        check_busy(stream.control(add))
        # Nothing has changed, so the id is free; one goes, so there is room.
        assert stream.control({**add, "remove": ["b"]}).status == 204
        while stream.stopped != ["b"] or set(stream.held) != set("abcd"):
            assert stream.event()
        check_busy(stream.control(adding({"e": "cdni"})))


def test_limit_of_ids(tmp_path):
    """In the life of a stream: ids that have ended count."""
    with Site(tmp_path, "limits: {update-substream-ids: 3}\n") as site:
        stream = site.stream({"a": "cdni", "b": "cdni"})
        assert stream.control({**adding({"c": "cdni"}), "remove": ["a"]}).status == 204
        check_busy(stream.control({**adding({"d": "cdni"}), "remove": ["b"]}))
        while set(stream.held) != {"a", "b", "c"}:
            assert stream.event()
        site.publish()
        assert {stream.data().id, stream.data().id} == {"b", "c"}


def test_limit_of_inputs(tmp_path):
    """Filtered documents that are followed; the same one counts once."""
    with Site(tmp_path, "limits: {update-inputs: 1}\n") as site:
        first, other = ({"resource-id": "netmap-filtered", "input": {"pids": [pid]}}
                        for pid in ("pid-a", "pid-b"))
        stream = site.stream({"f": first})
        site.stream({"f": first}).data()
        check_busy(site.ask(adding({"f": other})))
        check_busy(stream.control(adding({"g": other})))
        assert stream.control(adding({"g": first})).status == 204
        assert stream.control({"remove": []}).status == 204
        stream.rest()


# ---- heartbeats ----

@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_heartbeats(tmp_path, protocol):
    """Comments while there is nothing to tell, between events only: the reader sees to that."""
    with Site(tmp_path, "updates: {heartbeat-s: 1}\n") as site:
        stream = site.stream({"cdni": "cdni"}, protocol)
        stream.data()
        for _ in range(2):
            stream.comment()
            site.publish()
            stream.data()
        stream.comment()
        assert COMMENT in stream.reader.items
        assert same(stream, site, "cdni")


def test_heartbeats_of_a_stream_with_nothing_to_tell(tmp_path):
    with Site(tmp_path, "updates: {heartbeat-s: 1}\n") as site:
        stream = site.stream({"cdni": {"resource-id": "cdni", "tag": site.tag("cdni")}})
        stream.comment()
        stream.comment()
        assert stream.held == {}


# ---- clients that are gone ----

def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def resident(server):
    with open(f"/proc/{server.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def wait_descriptors(site, wanted):
    """Until the server has closed what clients left."""
    for _ in range(100000):
        if descriptors(site.server) <= wanted:
            return
        site.get("cdni")
    raise AssertionError(f"{descriptors(site.server)} descriptors, not {wanted}")


def abort_streams(site, count):
    for n in range(count):
        stream = site.bare_stream({"cdni": "cdni", "netmap": "netmap"})
        site.streams.remove(stream)
        if n % 3:
            stream.begin()
        if n % 3 == 2:
            stream.data()
        stream.source.abort()


def test_aborted_streams_leave_nothing(tmp_path, monkeypatch):
    """Thousands of them: descriptors return, and memory does not grow with their number."""
    # What was freed is used again.
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1")
    with Site(tmp_path, "updates: {heartbeat-s: 1}\n") as site:
        site.get("cdni")
        before = descriptors(site.server)
        sizes = []
        for _ in range(6):
            abort_streams(site, 500)
            wait_descriptors(site, before)
            sizes.append(resident(site.server))
        assert sizes[-1] < sizes[1] + 8 * 1024 * 1024, sizes
        site.publish()
        stream = site.stream({"cdni": "cdni"})
        stream.data()
        assert same(stream, site, "cdni")


@pytest.mark.threads
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_clients_that_are_killed(tmp_path, protocol):
    with Site(tmp_path, "updates: {heartbeat-s: 1}\n", threads=3) as site:
        site.get("cdni")
        before = descriptors(site.server)
        for n in range(12):
            streams = [site.stream({"cdni": "cdni"}, protocol) for _ in range(4)]
            if n % 2:
                site.build(world(100 + n))
            for stream in streams:
                stream.source.process.send_signal(signal.SIGKILL)
            for stream in streams:
                site.streams.remove(stream)
                stream.source.close()
        wait_descriptors(site, before)


def test_cancel_at_every_byte(site):
    """RST_STREAM after so many bytes of the response; the connection goes on."""
    frames = site.frames(window=0)
    frames.open_window(1 << 30)
    for size in [*range(1, 200, 3), *range(200, 1200, 50)]:
        stream = site.frames_stream(frames, {"cdni": "cdni", "netmap": "netmap"})
        site.streams.remove(stream)
        frames.open_window(size, stream.source.stream)
        got = 0
        while got < size:
            got += len(stream.source.read())
        stream.source.abort()
    asked = frames.ask("/cdni", method="GET")
    frames.open_window(1 << 20, asked.stream)
    assert asked.body() == site.get("cdni")


@pytest.mark.threads
def test_cancel_while_generations_come(site):
    frames = site.frames()
    for n in range(30):
        streams = [site.frames_stream(frames, {"cdni": "cdni", "propmap": "propmap"})
                   for _ in range(5)]
        site.build(world(200 + n, pid_a=[f"192.0.2.{n}/32"]))
        for stream in streams:
            stream.source.abort()
            site.streams.remove(stream)
        frames.drain_acknowledged()
    last = site.frames_stream(frames, {"cdni": "cdni"}).begin()
    site.wait_marker(229)
    last.until(lambda s: same(s, site, "cdni"))


# ---- the end of the server ----

@pytest.mark.threads
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_drain(site, protocol):
    stream = site.stream({"a": "cdni", "b": "netmap", "c": "propmap"}, protocol)
    stream.until(lambda s: len(s.held) == 3)
    assert stream.control({"remove": ["b"]}).status == 204
    while not stream.stopped:
        stream.event()
    site.server.send(signal.SIGTERM)
    rest = stream.rest()
    assert len(rest) == 1 and rest[0].is_control
    assert sorted(rest[0].body["stopped"]) == ["a", "c"] and rest[0].body["description"]
    assert "control-uri" not in rest[0].body
    assert site.server.wait() == 0


def test_drain_of_many(site):
    streams = [site.stream({"a": "cdni"}, PROTOCOLS[n % 2]) for n in range(10)]
    for stream in streams:
        stream.data()
    site.server.send(signal.SIGTERM)
    for stream in streams:
        assert stopped_in(stream.rest()) == ["a"]
    assert site.server.wait() == 0


def test_drain_with_a_stalled_reader(tmp_path):
    """The reader is cut when time is up; the others are told."""
    with Site(tmp_path, "drain-s: 1\n", world(1, metro=BIG)) as site:
        frames = site.frames(window=0)
        stalled = site.frames_stream(frames, {"cdni": "cdni"})
        stalled.source.head()
        other = site.stream({"cdni": "cdni"})
        other.data()
        site.server.send(signal.SIGTERM)
        assert stopped_in(other.rest()) == ["cdni"]
        assert site.server.wait() == 0


def test_http2_connection_is_told_at_the_end(site):
    """END_STREAM after the last event, then GOAWAY."""
    frames = site.frames()
    stream = site.frames_stream(frames, {"cdni": "cdni"}).begin()
    stream.data()
    site.server.send(signal.SIGTERM)
    assert stopped_in(stream.rest()) == ["cdni"]
    assert stream.source.end
    try:
        while not frames.goaway:
            frames.step()
    except (EOFError, ConnectionResetError):
        pass
    assert frames.goaway
    assert site.server.wait() == 0


@pytest.mark.threads
def test_generations_while_streams_open_and_end(site):
    """Both at once from several sides; in the end all are right."""
    steady = [site.stream({name: name for name in PLAIN}, protocol) for protocol in PROTOCOLS]
    for n in range(10):
        site.build(world(300 + n, pid_a=[f"192.0.2.{n}/32"]))
        passing = [site.stream({"cdni": "cdni"}, PROTOCOLS[i % 2]) for i in range(3)]
        for stream in passing:
            stream.control({"add": {"n": {"resource-id": "netmap"}}})
        passing[0].source.abort()
        assert passing[1].control({"remove": []}).status == 204
        passing[1].rest()
        site.streams.remove(passing[0])
    site.wait_marker(309)
    for stream in steady:
        stream.until(lambda s: same(s, site, *PLAIN))
    assert http_client.request(site.uri("cdni")).status == 200
