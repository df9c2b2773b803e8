"""Path vectors in update streams (RFC 9275 9.3, RFC 8895 5.2 and 6.7.3)."""
import json
import signal

import pytest
import requests
import requests.auth

from event_stream import CONTROL, MERGE_PATCH, PATCHES
from identity import PASSWORD, digest_profile, write_ucdns
from path_site import (ALL, BANDWIDTH, DOCUMENT, STREAM_PARAMS, TYPE, Stream, ask, endpoints, names_in,
                       pids, renamed, serve)

assert serve  # a fixture


@pytest.fixture
def change(serve):
    def write(server, text):
        (serve.directory / "footprints/all.yaml").write_text(text)
        server.send(signal.SIGHUP)
    return write


REQUEST = pids("PID1", dsts=["PID2", "PID3"], **{"ane-property-names": ALL})
FASTER = DOCUMENT.replace("capacity: 15000000000", "capacity: 16000000000")
DETOUR = FASTER + ("      l3: {from: n3, to: far, igp-metric: 0}\n"
                   "      l4: {from: far, to: n2, igp-metric: 0}\n")


def by_pair(costs):
    return {src + dst: path for src, row in costs["cost-map"].items() for dst, path in row.items()}


def test_stream(serve, change):
    """A message, and patches of the parts that change, with names that stay for the stream."""
    server = serve("base-uri: https://alto.dcdn.example\n")
    stream = Stream(server, "net-pv", {"a": REQUEST})
    first = stream.parts()
    assert list(stream.held["a"]) == ["costmap@alto.dcdn.example", "propmap@alto.dcdn.example"]
    assert renamed(*first) == renamed(*ask(server, "net-pv", REQUEST))
    # What is told of elements changes, and no path does.
    change(server, FASTER)
    media, substream, part = stream.take()
    assert (media, substream, part) == (MERGE_PATCH, "a", "propmap@alto.dcdn.example")
    second = stream.now()
    assert second[0] == first[0]
    assert renamed(*second)[1]["e4"] == {BANDWIDTH: 16000000000}
    # Paths change: the costs come first, and the properties, which depend on them, behind.
    change(server, DETOUR)
    assert stream.take()[2] == "costmap@alto.dcdn.example"
    assert stream.take()[2] == "propmap@alto.dcdn.example"
    third = stream.now()
    assert renamed(*third) == renamed(*ask(server, "net-pv", REQUEST))
    before, after = by_pair(first[0]), by_pair(third[0])
    assert after["PID1PID2"] == before["PID1PID2"]
    (start, *new, end), (old_start, _, old_end) = after["PID1PID3"], before["PID1PID3"]
    assert (start, end, len(new)) == (old_start, old_end, 2)
    # And back: the same versions, the same names.
    change(server, FASTER)
    assert [stream.take()[2][:7] for _ in range(2)] == ["costmap", "propmap"]
    assert stream.now() == second
    # Answers of the same client have other names.
    assert not set(names_in(second[0]["cost-map"])) & set(
        names_in(ask(server, "net-pv", REQUEST)[0]["cost-map"]))
    # What is not offered any more ends.
    change(server, DOCUMENT.split("topologies:")[0])
    event, data = stream.event()
    assert event == CONTROL and json.loads(data)["stopped"] == ["a"]
    assert stream.event() is None
    stream.close()


def test_whole(serve, change):
    """Without incremental changes all comes whole, in one event."""
    server = serve()
    stream = Stream(server, "net-pv", {"a": REQUEST}, **{"incremental-changes": False})
    first = stream.parts()
    change(server, FASTER)
    second = stream.parts()
    assert second[0] == first[0] and second[1] != first[1]
    change(server, DETOUR)
    assert renamed(*stream.parts()) == renamed(*ask(server, "net-pv", REQUEST))
    stream.close()


def test_names_of_a_stream(serve, change):
    """An element has one name in all substreams of a stream, and another one in others."""
    server = serve()
    other = pids("PID1", dsts=["PID2"])
    stream = Stream(server, "net-pv", {"a": REQUEST, "b": other})
    first, second = stream.parts("a"), stream.parts("b")
    assert by_pair(second[0])["PID1PID2"] == by_pair(first[0])["PID1PID2"]
    assert stream.control(add={"c": {"resource-id": "net-pv", "input": REQUEST}}) == 204
    assert json.loads(stream.event()[1]) == {"started": ["c"]}
    assert stream.parts("c") == first
    again = Stream(server, "net-pv", {"a": REQUEST})
    assert not set(names_in(again.parts()[0]["cost-map"])) & set(names_in(first[0]["cost-map"]))
    change(server, DETOUR)
    # b has the path that stays, but for the map's tag nothing that is new.
    taken = [stream.take()[1:] for _ in range(4)]
    assert [(name, part[:7]) for name, part in taken] == [
        ("a", "costmap"), ("a", "propmap"), ("c", "costmap"), ("c", "propmap")]
    assert stream.now("a") == stream.now("c") and stream.now("b") == second
    stream.close()
    again.close()


def test_removed(serve, change):
    """Nothing comes of a substream that was removed."""
    server = serve()
    stream = Stream(server, "net-pv", {"a": REQUEST, "b": REQUEST})
    stream.parts("a"), stream.parts("b")
    assert stream.control(remove=["a"]) == 204
    assert json.loads(stream.event()[1])["stopped"] == ["a"]
    change(server, DETOUR)
    assert [stream.take()[1] for _ in range(2)] == ["b", "b"]
    stream.close()


def test_network_map(serve, change):
    """Costs between PIDs depend on the map: its tag comes, though no path changes."""
    server = serve()
    stream = Stream(server, "net-pv", {"a": REQUEST})
    first = stream.parts()
    change(server, DOCUMENT.replace("PID4:", "PID5: {ipv4: [203.0.113.0/24]}\n      PID4:"))
    assert [stream.take()[2][:7] for _ in range(2)] == ["costmap", "propmap"]
    second = stream.now()
    assert second[0]["cost-map"] == first[0]["cost-map"]
    assert second[0]["meta"]["dependent-vtags"] != first[0]["meta"]["dependent-vtags"]
    assert second[1]["property-map"] == first[1]["property-map"]
    stream.close()


def test_stream_of_endpoints(serve, change):
    server = serve()
    request = endpoints("ipv4:192.0.2.34", dsts=["ipv4:192.0.2.2"],
                        **{"ane-property-names": [BANDWIDTH]})
    stream = Stream(server, "net-endpoint-cost-pv", {"a": request})
    assert renamed(*stream.parts()) == renamed(*ask(server, "net-endpoint-cost-pv", request))
    change(server, DOCUMENT.replace("capacity: 10000000000", "capacity: 1"))
    assert stream.take()[2].startswith("propmap@")
    assert renamed(*stream.now()) == renamed(*ask(server, "net-endpoint-cost-pv", request))
    stream.close()
    for input_, field in ((pids("PID1", dsts=[]), "endpoints"),
                          (endpoints(dsts=["ipv4:192.0.2.2"]), "endpoints/srcs")):
        refused = requests.post(
            f"{server.url}/updates", timeout=30, headers=STREAM_PARAMS,
            json={"add": {"a": {"resource-id": "net-endpoint-cost-pv", "input": input_}}})
        assert refused.status_code == 400
        assert refused.json()["meta"] == {"code": "E_MISSING_FIELD", "field": field}


def test_streams_of_two(serve):
    """Names of one stream cannot be put together with those of another, whoever reads it."""
    (serve.directory / "footprints/a.yaml").write_text(
        "version: 1\naudience: [ucdn-a, ucdn-b]\ntopologies:" + DOCUMENT.split("topologies:")[1].replace(
            "    public: true\n", ""))
    write_ucdns(serve.directory, digest_profile("ucdn-a") + digest_profile("ucdn-b"))
    for more, shared in (("", False), ("path-vector: {ane-names: stable}\n", True)):
        server = serve("ucdns: ucdns.yaml\n" + more, DOCUMENT.split("topologies:")[0])
        names = []
        for user in ("ucdn-a", "ucdn-b", "ucdn-a"):
            stream = Stream(server, "net-pv", {"a": REQUEST},
                            requests.auth.HTTPDigestAuth(user, PASSWORD))
            names.append(set(names_in(stream.parts()[0]["cost-map"])))
            stream.close()
        assert len(set.union(*names)) == (5 if shared else 15)


def test_stream_of_great(serve, change):
    """Long lines are broken where JSON may be; empty lines are lines; a small change is small."""
    pids_ = "".join(f"      P{i}: {{ipv4: [10.{i}.0.0/16]}}\n" for i in range(200))
    document = DOCUMENT.replace("      PID1:", pids_ + "      PID1:").replace(
        "pids: [PID3]", "pids: [PID3, " + ", ".join(f"P{i}" for i in range(200)) + "]")
    server = serve(document=document)
    request = {"cost-type": TYPE, "ane-property-names": ALL}
    stream = Stream(server, "net-pv", {"a": request})
    parts = stream.parts()
    assert renamed(*parts) == renamed(*ask(server, "net-pv", request))
    assert len(parts[0]["cost-map"]) == 203
    change(server, document.replace("capacity: 15000000000", "capacity: 16000000000"))
    media, _, part = stream.take()
    assert media in PATCHES and part.startswith("propmap@")
    assert renamed(*stream.now()) == renamed(*ask(server, "net-pv", request))
    stream.close()
