"""Update streams (RFC 8895) as a client sees them: events, their order, and what becomes of tags."""
import json
import re

import pytest

import http_client
import third_party
from event_stream import (CONTROL, JSON_PATCH, MERGE_PATCH, PATCHES, apply_event, canonical,
                          read_json,
                          without_tag)
from update_client import PARAMS, PROTOCOLS
from update_site import MARKER, MEDIA, PLAIN, TYPES, Site, adding, same, threads_of, world

ROUTING = {"cost-mode": "ordinal", "cost-metric": "routingcost"}
INPUTS = {"netmap-filtered": {"pids": ["pid-a"]},
          "cdni-filtered": {"cdni-capabilities": [
              {"capability-type": MARKER, "capability-value": {}}]},
          "propmap-filtered": {"entities": ["ipv4:192.0.2.1", "ipv4:198.51.100.1"],
                               "properties": ["cdni.cdni-capabilities", "netmap.pid"]},
          "endpoint-property": {"endpoints": ["ipv4:192.0.2.1", "ipv4:192.0.2.77"],
                                "properties": ["netmap.pid"]},
          "num-routingcost-filtered": {"cost-type": ROUTING,
                                       "pids": {"srcs": ["pid-a"], "dsts": []}},
          "endpoint-cost": {"cost-type": ROUTING, "endpoints": {
              "srcs": ["ipv4:192.0.2.1"], "dsts": ["ipv4:198.51.100.1", "ipv6:2001:DB8::1"]}}}
BOTH = "application/merge-patch+json,application/json-patch+json"


def every():
    return {name: {"resource-id": name, "input": INPUTS[name]} if name in INPUTS else name
            for name in [*PLAIN, *INPUTS]}


def all_same(stream, site):
    return same(stream, site, *PLAIN) and all(
        name in stream.held and canonical(stream.held[name]) ==
        canonical(site.document(name, request)) for name, request in INPUTS.items())


@pytest.fixture
def site(tmp_path, request):
    with Site(tmp_path, threads=threads_of(request)) as made:
        yield made


# ---- announcement ----

def test_directory(site):
    entry = site.resources["updates"]
    used = sorted(set(site.resources) - {"directory", "updates", "tips"})
    assert sorted(entry["uses"]) == used == sorted([*PLAIN, *INPUTS])
    assert (entry["media-type"], entry["accepts"]) == ("text/event-stream", PARAMS)
    assert entry["capabilities"] == {
        "incremental-change-media-types": {name: BOTH for name in used},
        "support-stream-control": True}
    assert not any(entry["uri"] == other["uri"] for name, other in site.resources.items()
                   if name != "updates")
    # Every stream that is there, has what it needs.
    for other in site.resources.values():
        if other["media-type"] == "text/event-stream":
            assert "support-stream-control" in other["capabilities"] and "accepts" in other


# ---- the beginning ----

@pytest.mark.threads
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_first_events(site, protocol):
    stream = site.stream(every(), protocol)
    head = dict(stream.source.headers)
    assert head["content-type"] == "text/event-stream"
    assert head["cache-control"] == "no-store" and head["x-accel-buffering"] == "no"
    assert "content-length" not in head and "content-encoding" not in head
    if protocol == "h2c":
        assert stream.source.version == "2" and "connection" not in head
    seen = stream.until(lambda s: len(s.held) == len(every()))
    assert sorted(event.id for event in seen) == sorted(every())
    for event in seen:  # full replacements under the types of the resources
        assert event.media == site.resources[event.id]["media-type"]
        assert event.media == MEDIA % TYPES[event.id.removesuffix("-filtered")]
    assert all_same(stream, site)
    order = [event.id for event in seen]
    assert order.index("netmap") < order.index("cdni") < order.index("propmap")


def test_full_replacement_has_the_bytes_of_get(site):
    stream = site.stream({"cdni": "cdni", "netmap": "netmap", "propmap": "propmap"})
    for event in stream.until(lambda s: len(s.held) == 3):
        assert event.text.replace("\n", "").encode() == site.get(event.id)


def test_control_uri(site):
    made = [site.stream({"a": "cdni"}) for _ in range(5)]
    uris = [stream.control_uri for stream in made]
    assert len(set(uris)) == 5
    for stream in made:
        uri = stream.reader.items[0].body["control-uri"]
        # A relative reference; 128 bits that nobody guesses take 22 characters.
        assert re.fullmatch(r"/updates/[0-9A-Za-z_-]{22,}", uri)
        assert list(stream.reader.items[0].body) == ["control-uri"]
    assert not any(uri[len(site.url):] in json.dumps(site.resources) for uri in uris)


def test_control_uri_under_base_uri(tmp_path):
    with Site(tmp_path, "base-uri: https://alto.dcdn.example/a/\n") as site:
        site.resources["updates"]["uri"] = "/updates"
        source = site.source(adding({"a": "cdni"}))
        text = b""
        while b"\n\n" not in text:
            text += source.read()
        uri = json.loads(text.split(b"\n")[1].removeprefix(b"data: "))["control-uri"]
        assert re.fullmatch(r"https://alto\.dcdn\.example/a/updates/[0-9A-Za-z_-]{22,}", uri)
        source.close()


def test_two_substreams_of_one_resource(site):
    stream = site.stream({"patched": "cdni",
                          "full": {"resource-id": "cdni", "incremental-changes": False}})
    stream.until(lambda s: len(s.held) == 2)
    for n in range(1, 6):
        site.publish(metro=[f"198.51.100.{i}/32" for i in range(64 + n)])
        seen = stream.until(lambda s: all(canonical(s.held[i]) == canonical(site.document("cdni"))
                                          for i in ("patched", "full")))
        media = {event.id: event.media for event in seen}
        assert media["full"] == MEDIA % "cdni"
        if n > 1:
            assert media["patched"] in PATCHES


# ---- changes ----

@pytest.mark.threads
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_changes(site, protocol):
    stream = site.stream(every(), protocol)
    stream.until(lambda s: len(s.held) == len(every()))
    many = [f"198.51.100.{n}/32" for n in range(0, 200, 2)]
    for how in [{"metro": many}, {"metro": many[1:]}, {"metro": [*many, "203.0.113.0/24"]},
                {"pid_a": ["192.0.2.0/26"]}, {"pid_a": ["192.0.2.0/26"], "metro": many[:50]},
                {"protocols": ["http/1.1", "https/1.1"]}]:
        site.publish(**how)
        seen = stream.until(lambda s: all_same(s, site))
        order = [event.id for event in seen]
        for first, then in [("netmap", "cdni"), ("cdni", "propmap"), ("netmap", "propmap"),
                            ("cdni", "propmap-filtered"), ("netmap", "cdni-filtered"),
                            ("netmap", "endpoint-property")]:
            if first in order and then in order:
                assert order.index(first) < order.index(then)
        assert len(set(order)) == len(order), "one event for each substream"


def test_small_change_comes_as_small_patch(site):
    many = [f"198.51.100.{n}/32" for n in range(256)]
    site.publish(metro=many)
    stream = site.stream({"cdni": "cdni"})
    stream.data()
    del many[100]
    site.publish(metro=many)
    event = stream.data()
    assert event.media == JSON_PATCH and len(event.text) < len(site.get("cdni")) / 4
    assert same(stream, site, "cdni")


def test_patch_on_the_wrong_version_fails(site):
    """A guarded JSON patch is for one version."""
    many = [f"198.51.100.{n}/32" for n in range(256)]
    site.publish(metro=many)
    stream = site.stream({"cdni": "cdni"})
    stream.data()
    for n in (1, 2):
        before = stream.held["cdni"]
        site.publish(metro=many[n:])
        last = stream.data()
    assert last.media == JSON_PATCH and last.body[0]["op"] == "test"
    older = apply_event(None, stream.reader.items[-3])
    assert canonical(before) != canonical(older)
    for apply in (third_party.python_jsonpatch, third_party.fast_json_patch):
        with pytest.raises(third_party.Refused):
            apply(older, last.body)


def test_dependent_resource_follows(site):
    """The advertisement depends on the map: what it says is the same, its dependent-vtags are not."""
    stream = site.stream({"cdni": "cdni", "netmap": "netmap"})
    stream.until(lambda s: len(s.held) == 2)
    before = stream.held["cdni"]
    site.build(world(1, pid_a=["192.0.2.0/27"]))  # nothing but the map changes
    first, second = stream.data(), stream.data()
    assert (first.id, second.id) == ("netmap", "cdni")
    after = stream.held["cdni"]
    assert after["cdni-advertisement"] == before["cdni-advertisement"]
    assert after["meta"]["vtag"] != before["meta"]["vtag"]
    assert after["meta"]["dependent-vtags"] == [stream.held["netmap"]["meta"]["vtag"]]


def test_what_does_not_change_is_not_told(site):
    """The same documents in other files; then a real change, which is the next event."""
    stream = site.stream({"cdni": "cdni", "netmap": "netmap"})
    stream.until(lambda s: len(s.held) == 2)
    document = world(1)
    maps = {"version": 1, "network-maps": document.pop("network-maps")}
    site.build({"one.json": document, "two.json": maps})
    site.build({"one.json": maps, "two.json": document})
    site.publish()
    assert [event.id for event in [stream.data()]] == ["cdni"]
    assert same(stream, site, "cdni", "netmap")
    assert stream.control({"remove": []}).status == 204
    assert [event.is_control for event in stream.rest()] == [True]


def test_generation_that_is_refused_is_not_told(site):
    stream = site.stream({"cdni": "cdni"})
    stream.data()
    site.write({"all.json": '{"version": 1, "capabilities": [{}]}'})
    site.server.send(1)
    site.server.wait_line("goes on being served")
    site.marker += 1
    site.build(world(site.marker))
    stream.data()
    site.wait_marker(site.marker)
    assert same(stream, site, "cdni")


def test_filtered_documents(site):
    """A filtered document has the tag of the full one; what it leaves out, is left out."""
    add = {"f": {"resource-id": "cdni-filtered", "input": {"cdni-capabilities": [
        {"capability-type": "FCI.DeliveryProtocol",
         "capability-value": {"delivery-protocols": []}}]}}, "cdni": "cdni"}
    stream = site.stream(add)
    stream.until(lambda s: len(s.held) == 2)
    for how in [{"protocols": ["https/1.1"]}, {}, {"metro": ["203.0.113.0/25"]}]:
        site.publish(**how)
        stream.until(lambda s: same(s, site, "cdni") and without_tag(s.held["f"]) == without_tag(
            site.document("cdni-filtered", add["f"]["input"])))
        types = {item["capability-type"] for item in
                 stream.held["f"]["cdni-advertisement"]["capabilities-with-footprints"]}
        assert types == {"FCI.DeliveryProtocol"}
    # When the event of its own change came, its tag was that of the full one.
    assert stream.held["f"]["meta"]["vtag"] == stream.held["cdni"]["meta"]["vtag"]


ODD = ["line\nfeed", "carriage\rreturn", "\r\n\r\n", "data: x", "event: y", " leading",
       "\u2028\u2029",
       "\u0000\u0001\u001f", "\U0001f600", "a/b~c~0~1", "", ":", "\\n", "\ufeff", "e\u0301\u00e9",
       "\n\ndata: {}\n\n", "\u007f\u0080"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_odd_texts(site, protocol):
    """Whatever is in the documents, stays there."""
    stream = site.stream({"cdni": "cdni", "propmap": "propmap"}, protocol)
    stream.until(lambda s: len(s.held) == 2)
    for n in range(len(ODD)):
        value = {name: ODD[n - i] for i, name in enumerate(ODD[n:])}
        site.publish(more=[{"capability-type": "FCI.Odd", "capability-value": value,
                            "footprints": ["metro"]}])
        stream.until(lambda s: same(s, site, "cdni", "propmap"))
    assert site.stream({"new": "cdni"}, protocol).data().body == stream.held["cdni"]


NULLS = [{"a": 1}, {"a": None}, {"a": {"b": None, "c": 1}}, {"a": {"b": {"d": None}, "c": 1}},
         {"a": [None, {"x": None}]}, {"a": {}}, {}, {"a": None, "b": None}, {"b": None},
         {"b": [[None]]}]


def test_nulls(site):
    stream = site.stream({"cdni": "cdni", "propmap": "propmap"})
    stream.until(lambda s: len(s.held) == 2)
    for value in [v for other in NULLS for v in (NULLS[0], other)]:
        site.publish(more=[{"capability-type": "FCI.Null", "capability-value": {"of": value},
                            "footprints": ["metro"]}])
        stream.until(lambda s: same(s, site, "cdni", "propmap"))


def test_numbers_stay_as_they_are_written(site):
    stream = site.stream({"cdni": "cdni"})
    stream.data()
    for text in ["1", "18446744073709551615", "1e400", "0.10", "-0.0", "1E+2",
                 "0.1000000000000000055511"]:
        site.marker += 1
        document = json.dumps(world(site.marker, more=[
            {"capability-type": "FCI.Number", "capability-value": {"n": "HERE"},
             "footprints": ["metro"]}])).replace('"HERE"', text)
        site.build({"all.json": document})
        site.wait_marker(site.marker)
        stream.until(lambda s: same(s, site, "cdni"))


def test_lines_are_short(site):
    """About 4 KiB, broken between tokens; a long token stays whole."""
    long = "x" * 20000
    site.publish(metro=[f"198.51.100.{n}/32" for n in range(256)] + [
        f"203.0.113.{n}/32" for n in range(256)], more=[
        {"capability-type": "FCI.Long", "capability-value": {"text": long},
         "footprints": ["metro"]}])
    stream = site.stream({"cdni": "cdni"})
    lines = stream.data().lines
    assert len(lines) > 4
    assert all(len(line) < 8192 for line in lines if long not in line)
    assert same(stream, site, "cdni")


def test_resource_that_is_withdrawn(site):
    stream = site.stream({"n": "netmap", "c": "cdni"})
    stream.until(lambda s: len(s.held) == 2)
    document = world(2)
    document["network-maps"]["other"] = document["network-maps"].pop("netmap")
    site.build(document)
    seen = []
    while "n" not in stream.stopped:
        seen.append(stream.event())
    last = seen[-1]
    assert last.body["stopped"] == ["n"] and last.body["description"]
    # The last one takes the stream along.
    document["advertisement"] = "second"
    site.build(document)
    rest = stream.rest()
    assert rest[-1].body["stopped"] == ["c"] and rest[-1].body["description"]
    assert stream.control({"remove": []}).status == 404


# ---- tags ----

def tagged(site, name, tag, **more):
    return {name: {"resource-id": name, "tag": tag, **more}}


@pytest.mark.parametrize("incremental", [True, False])
def test_current_tag(site, incremental):
    """No full replacement, and nothing else until something changes."""
    held = site.document("cdni")
    stream = site.stream(tagged(site, "cdni", held["meta"]["vtag"]["tag"],
                                **{"incremental-changes": incremental}))
    stream.held["cdni"] = held
    site.publish()
    stream.data()
    assert same(stream, site, "cdni")


def test_all_tags_current_after_restart(site):
    """The same documents have the same tags, whoever serves them."""
    bodies = {name: site.get(name) for name in PLAIN}
    site.restart()
    assert {name: site.get(name) for name in PLAIN} == bodies
    tagged = [name for name in PLAIN if name != "num-routingcost"]  # it has the map's tag alone
    stream = site.stream({name: {"resource-id": name, "tag": site.tag(name)} for name in tagged})
    stream.held = {name: read_json(bodies[name]) for name in tagged}
    site.publish(pid_a=["192.0.2.0/28"])
    seen = stream.until(lambda s: same(s, site, *tagged))
    assert [event.id for event in seen] == tagged


@pytest.mark.parametrize("kind", ["older", "unknown", "of-another"])
@pytest.mark.parametrize("resume", [False, True])
def test_tag_that_is_not_current(tmp_path, kind, resume):
    many = [f"198.51.100.{n}/32" for n in range(256)]
    with Site(tmp_path, f"updates: {{resume-from-tag: {str(resume).lower()}}}\n",
              world(1, metro=many)) as site:
        held = site.document("cdni")
        older = held["meta"]["vtag"]["tag"]
        for n in range(1, 4):
            site.publish(metro=many[n:])
        tag = {"older": older, "unknown": "never-seen", "of-another": site.tag("netmap")}[kind]
        stream = site.stream(tagged(site, "cdni", tag))
        stream.held["cdni"] = held
        event = stream.data()
        if kind == "older" and resume:
            assert event.media in PATCHES
        else:
            assert event.media == MEDIA % "cdni"
        assert same(stream, site, "cdni")
        # Who takes no patches, gets none.
        stream = site.stream(tagged(site, "cdni", tag, **{"incremental-changes": False}))
        assert stream.data().media == MEDIA % "cdni"


def test_tag_of_a_filtered_document(site):
    """The tag of the full resource stands for the filtered one."""
    request = INPUTS["cdni-filtered"]
    held = site.document("cdni-filtered", request)
    assert held["meta"]["vtag"]["tag"] == site.tag("cdni")
    stream = site.stream({"f": {"resource-id": "cdni-filtered", "input": request,
                                "tag": site.tag("cdni")}})
    stream.held["f"] = held
    site.publish()
    stream.data()
    assert canonical(stream.held["f"]) == canonical(site.document("cdni-filtered", request))


def test_content_that_returns(site):
    """A, B, A: the tag returns with it."""
    stream = site.stream({"cdni": "cdni"})
    stream.data()
    first = canonical(stream.held["cdni"])
    site.build(world(2))
    stream.data()
    assert canonical(stream.held["cdni"]) != first
    site.build(world(1))
    stream.data()
    assert canonical(stream.held["cdni"]) == first


# ---- several clients ----

@pytest.mark.threads
def test_several_clients_get_the_same(site):
    add = {name: name for name in PLAIN}
    streams = [site.stream(add, PROTOCOLS[n % 2]) for n in range(6)]
    for stream in streams:
        stream.until(lambda s: len(s.held) == 3)
    for n in range(5):
        site.publish(pid_a=[f"192.0.2.{16 * n}/28"])
        told = []
        for stream in streams:
            told.append([(e.name, e.text) for e in stream.until(lambda s: same(s, site, *PLAIN))])
        assert all(one == told[0] for one in told)


def test_all_events_are_of_known_types(site):
    stream = site.stream(every())
    site.publish(pid_a=["192.0.2.0/29"])
    stream.until(lambda s: len(s.held) == len(every()) and all_same(s, site))
    known = {CONTROL, MERGE_PATCH, JSON_PATCH, *(MEDIA % kind for kind in TYPES.values())}
    assert {item.media for item in stream.reader.items if not isinstance(item, str)} <= known


def test_get_of_a_resource_beside_a_stream(site):
    """On one connection of HTTP/2: the stream leaves room for others."""
    frames = site.frames()
    stream = site.frames_stream(frames, {"cdni": "cdni"}).begin()
    stream.data()
    asked = frames.ask("/cdni", method="GET")
    assert asked.body() == site.get("cdni") and asked.status == 200
    where = stream.control_uri.removeprefix(site.url)
    control = frames.ask(where, b'{"remove": []}', [("content-type", PARAMS)])
    control.head()
    assert control.status == 204
    stream.rest()
    assert http_client.request(site.uri("cdni")).status == 200
