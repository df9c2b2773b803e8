"""The control of update streams (RFC 8895 7): what is added and removed, and how the stream tells of it."""
import pytest

from event_stream import canonical
from update_client import PARAMS, PROTOCOLS, stopped_in
from update_site import MEDIA, Site, same, threads_of


@pytest.fixture
def site(tmp_path, request):
    with Site(tmp_path, threads=threads_of(request)) as made:
        yield made


def tagged(name, tag):
    return {name: {"resource-id": name, "tag": tag}}


# ---- control ----

@pytest.mark.threads
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("control", PROTOCOLS)
def test_control(site, protocol, control):
    """From another connection, over another protocol."""
    stream = site.stream({"a": "cdni", "b": "netmap"}, protocol)
    stream.until(lambda s: len(s.held) == 2)
    assert stream.control({"remove": ["a"]}, control).status == 204
    event = stream.event()
    assert event.is_control and event.body["stopped"] == ["a"]
    # Again: that is fine, and is not told.
    assert stream.control({"remove": ["a"]}, control).status == 204
    assert stream.control({"add": {"n": {"resource-id": "cdni"}}}, control).status == 204
    full = stream.data()
    assert (full.id, full.media) == ("n", MEDIA % "cdni")
    site.publish(pid_a=["192.0.2.0/27"])
    seen = stream.until(lambda s: canonical(s.held["n"]) == canonical(site.document("cdni")))
    assert [event.id for event in seen] == ["b", "n"]
    response = stream.control({"remove": []}, control)
    assert (response.status, response.body) == (204, b"")
    rest = stream.rest()
    assert len(rest) == 1 and sorted(rest[0].body["stopped"]) == ["b", "n"]
    assert stream.control({"remove": []}, control).status == 404
    assert stream.control({"add": {"x": {"resource-id": "cdni"}}}, control).status == 404


def test_remove_all_that_are_named(site):
    stream = site.stream({"a": "cdni", "b": "netmap"})
    stream.until(lambda s: len(s.held) == 2)
    assert stream.control({"remove": ["b", "a", "b"]}).status == 204
    assert sorted(stopped_in(stream.rest())) == ["a", "b"]


def test_add_and_remove_the_old_ones(site):
    """The add comes first, so the stream goes on."""
    stream = site.stream({"a": "cdni"})
    stream.data()
    assert stream.control({"add": {"n": {"resource-id": "netmap"}}, "remove": ["a"]}).status == 204
    while not ("n" in stream.held and stream.stopped == ["a"]):
        assert stream.event()
    site.publish(pid_a=["192.0.2.0/30"])
    assert stream.data().id == "n"


def test_empty_add_and_empty_remove(site):
    stream = site.stream({"a": "cdni", "b": "cdni"})
    assert stream.control({"add": {}, "remove": []}).status == 204
    assert sorted(stopped_in(stream.rest())) == ["a", "b"]


def test_add_with_tag(site):
    """`started` tells of it, if anything does; the next data is the change."""
    stream = site.stream({"a": "netmap"})
    stream.data()
    held = site.document("cdni")
    add = tagged("cdni", held["meta"]["vtag"]["tag"])
    assert stream.control({"add": add}).status == 204
    stream.held["cdni"] = held
    site.publish()
    event = stream.data()
    assert event.id == "cdni" and same(stream, site, "cdni")


def test_started_names_what_was_added(site):
    stream = site.stream(tagged("cdni", site.tag("cdni")))
    assert stream.control({"add": tagged("netmap", site.tag("netmap"))}).status == 204
    site.publish(pid_a=["192.0.2.0/30"])
    named = []
    while not {"cdni", "netmap"} <= set(stream.held):
        event = stream.item()
        assert event is not None
        if isinstance(event, str):
            continue
        if event.is_control:
            assert set(event.body) == {"started"} and event.body["started"]
            named += event.body["started"]
        else:
            stream.held[event.id] = event.body
    assert len(set(named)) == len(named) and set(named) <= {"cdni", "netmap"}


def test_control_belongs_to_one_stream(site):
    one, two = site.stream({"a": "cdni"}), site.stream({"a": "cdni"})
    assert one.control({"remove": []}).status == 204
    one.rest()
    two.data()
    site.publish()
    assert two.data().id == "a"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_client_gone_is_the_end_of_control(tmp_path, protocol):
    """Tried until the server has seen that the connection is gone, which the heartbeat shows."""
    with Site(tmp_path, "updates: {heartbeat-s: 1}\n") as site:
        stream = site.stream({"a": "cdni"}, protocol)
        stream.data()
        stream.source.abort()
        for _ in range(100000):
            if site.request("POST", stream.control_uri, b"{}",
                            {"Content-Type": PARAMS}).status == 404:
                break
        else:
            raise AssertionError("the control of a stream without a client answers")
