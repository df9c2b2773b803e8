"""footprintctl watch and answers of several parts (RFC 8895 6.7.3, RFC 9275): a scripted server, and ours."""
import json
import signal

import pytest

from path_site import ALL, BANDWIDTH, DOCUMENT, TYPE, ask, check, pids, renamed, serve
from updates_stub import (BOTH, MERGE, NET, PATCH, UpdatesStub, compact, directory, guarded, replace)

assert serve  # a fixture
ANNOUNCED = "multipart/related;type=application/alto-costmap+json"
SENT = 'multipart/related; boundary="b"; type="application/alto-costmap+json"'
INPUT = '{"cost-type":{}}'


def costs(tag, value=1, net="n1"):
    return {"meta": {"vtag": {"resource-id": "pv.costmap", "tag": tag},
                     "dependent-vtags": [{"resource-id": "net", "tag": net}]}, "cost-map": value}


def properties(tag, value=1):
    return {"meta": {"dependent-vtags": [{"resource-id": "pv.costmap", "tag": tag}]},
            "property-map": value}


def message(*parts, line="\n"):
    """(Content-ID, JSON)"""
    return line.join(line.join([f"--b{line}Content-ID: <{name}@alto.example>",
                                f"Content-Type: application/json{line}", compact(value)])
                     for name, value in parts) + f"{line}--b--"


def both(tag, first=1, second=1, **more):
    return message(("costmap", costs(tag, first)), ("propmap", properties(tag, second)), **more)


def held(tag, first=1, second=1):
    return compact({"costmap": costs(tag, first), "propmap": properties(tag, second)})


@pytest.fixture
def stub():
    ird = directory(pv={"uri": "/pv", "media-type": ANNOUNCED, "accepts": "application/json",
                        "uses": ["net"]})
    ird["resources"]["updates"]["uses"].append("pv")
    ird["resources"]["updates"]["capabilities"]["incremental-change-media-types"]["pv"] = BOTH
    made = UpdatesStub(ird)
    yield made
    made.stop()


def begin(stub, start, tmp_path, *more):
    watch = start(["pv"], "--sse", "--input", INPUT, "--output", tmp_path / "pv.json", *more)
    stream = stub.expect("POST", "/updates").stream()
    stream.event(f"{SENT},s0", both("1"))
    watch.event(resource="pv", tag=None, way="sse", kind="full", changed=True, waits=None)
    assert (tmp_path / "pv.json").read_text() == held("1")
    return watch, stream


def test_parts(stub, start, tmp_path):
    """Patches are for one part; what belongs together is handed out together."""
    watch, stream = begin(stub, start, tmp_path)
    file = tmp_path / "pv.json"
    stream.event(f"{MERGE},s0.propmap@alto.example", {"property-map": 2})
    watch.event(kind="merge-patch", changed=True)
    assert file.read_text() == held("1", 1, 2)
    # The first half of a version is nothing to be shown.
    half = [{"op": "test", "path": "/meta/vtag/tag", "value": "1"},
            replace("/meta/vtag/tag", "2"), replace("/cost-map", 3)]
    stream.event(f"{PATCH},s0.costmap@alto.example", half)
    stream.event(f"{MERGE},s0.propmap@alto.example", {"meta": properties("2")["meta"]})
    event = watch.event(kind="merge-patch", changed=True)
    assert event["bytes"] > len(compact(half))
    assert file.read_text() == held("2", 3, 2)
    assert watch.events.empty()
    # A message again is all of it.
    stream.event(f"{SENT},s0", both("3", 4, 5))
    watch.event(kind="full", changed=True)
    assert file.read_text() == held("3", 4, 5)


@pytest.mark.parametrize("name,value,reason", [
    (f"{MERGE},s0.other@alto.example", {}, "the patch is for no part of the message"),
    (f"{MERGE},s0", {}, "the patch is for no part of the message"),
    (f"{MERGE},s0.costmap@alto.example", {"cost-map": 2}, "changes the document and not its tag"),
    (f"{PATCH},s0.costmap@alto.example", guarded("0", "2"), "the document has \"1\""),
    (f"{SENT},s0", message(("costmap", costs("2"))), "has not all its parts"),
    (f"{SENT},s0", message(("costmap", costs("2")), ("propmap", properties("3"))),
     "not of one version"),
    (SENT.replace("costmap", "endpointcost") + ",s0", both("2"), "and not that of pv"),
    (f"{SENT},s0.costmap@alto.example", both("2"), "which was not asked for"),
], ids="other none untagged unguarded one-part torn type full-part".split())
def test_refused(stub, start, tmp_path, name, value, reason):
    """What cannot be is not shown, and a full copy is wanted."""
    watch, stream = begin(stub, start, tmp_path)
    stream.event(name, value)
    watch.line(reason.replace('"', '.'))
    stream.close()
    request = stub.expect("POST", "/updates")
    assert request.json == {"add": {"s0": {"resource-id": "pv", "input": json.loads(INPUT)}}}
    assert (tmp_path / "pv.json").read_text() == held("1")
    stream = request.stream()
    stream.event(f"{SENT},s0", both("2"))
    watch.event(kind="full", changed=True)
    assert (tmp_path / "pv.json").read_text() == held("2")


def test_dependency(stub, start, tmp_path):
    """Of other resources it waits for the version that one of its parts names."""
    out = tmp_path / "out"
    out.mkdir()
    watch = start(["net", "pv"], "--sse", "--input", f"pv={INPUT}", "--output-dir", out)
    stream = stub.expect("POST", "/updates").stream()
    stream.event(f"{SENT},s1", both("1"))
    watch.event(resource="pv", waits="net")
    stream.event(f"{NET},s0", {"meta": {"vtag": {"resource-id": "net", "tag": "n1"}}})
    watch.event(resource="net", waits=None)
    watch.event(resource="pv", waits=None)
    assert (out / "pv.json").read_text() == held("1")


def test_polled(stub, start, tmp_path):
    """An answer has CRLF, and its boundary in Content-Type."""
    watch = start(["pv"], "--poll", "--once", "--input", INPUT, "--output", tmp_path / "pv.json")
    request = stub.expect("POST", "/pv")
    assert ANNOUNCED in request.headers["accept"]
    request.reply(200, both("1", line="\r\n"), SENT)
    watch.event(kind="full", changed=True)
    assert watch.wait() == 0
    assert (tmp_path / "pv.json").read_text() == held("1")


REQUEST = pids("PID1", dsts=["PID2", "PID3"], **{"ane-property-names": ALL})


def test_server(serve, start, tmp_path):
    """Ours: each change leads to what is answered, but for the names, which stay."""
    server = serve()
    out = tmp_path / "out"
    out.mkdir()
    watch = start(["netmap", "net-pv", "net-elements"], "--sse", "--output-dir", out, "--input",
                  f"net-pv={json.dumps(REQUEST)}", url=server.url)

    def shown():
        costs_, properties_ = json.loads((out / "net-pv.json").read_text()).values()
        check("net-pv", costs_, properties_)
        assert renamed(costs_, properties_) == renamed(*ask(server, "net-pv", REQUEST))
        return costs_, properties_

    got = {watch.event(changed=True, kind="full", waits=None)["resource"] for _ in range(3)}
    assert got == {"netmap", "net-pv", "net-elements"}
    first = shown()

    def change(text):
        (tmp_path / "footprints/all.yaml").write_text(text)
        server.send(signal.SIGHUP)
    change(DOCUMENT.replace("capacity: 10000000000", "capacity: 1"))
    assert watch.event(resource="net-pv", changed=True)["kind"] != "full"
    second = shown()
    assert second[0] == first[0] and 1 in [e.get(BANDWIDTH) for e in
                                           second[1]["property-map"].values()]
    change(DOCUMENT.replace("capacity: 7", "capacity: 8"))
    events = [watch.event(changed=True) for _ in range(2)]
    assert {event["resource"] for event in events} == {"net-pv", "net-elements"}
    shown()
    change(DOCUMENT + "      l3: {from: n3, to: far, igp-metric: 0}\n"
                      "      l4: {from: far, to: n2, igp-metric: 0}\n")
    for _ in range(2):
        watch.event(changed=True)
    third = shown()
    assert third[0]["cost-map"]["PID1"]["PID2"] == first[0]["cost-map"]["PID1"]["PID2"]
    assert watch.end() == 0
    assert not [line for line in watch.log if "refused" in line]


def test_server_polled(serve, start, tmp_path):
    server = serve()
    watch = start(["net-pv"], "--poll", "--once", "--output", tmp_path / "pv.json", "--input",
                  json.dumps({"cost-type": TYPE}), url=server.url)
    assert watch.wait() == 0, watch.log
    parts = json.loads((tmp_path / "pv.json").read_text())
    assert list(parts) == ["costmap", "propmap"]
    assert renamed(*parts.values()) == renamed(*ask(server, "net-pv", {"cost-type": TYPE}))
