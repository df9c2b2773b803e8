"""The published examples of path vectors (RFC 9275), against the real program.

The examples' topologies are restated here; where the published requests are at hand they are sent as
they are, and the published answers compared: names of elements in the order in which they come (ours
are random), without tags, and with our ids of resources. Ours and the published bodies are read by
Python's parser of mail.

The RFC's defects, which are not ours: no closing delimiter, `vtags` for `vtag` (8.4, 8.6), a
dependency of endpoint costs that 7.3.6 does not want, no `cost-type` beside the types of 8.6.
"""
import copy
import json
import signal
import sys

import pytest

import programs
from shared_folder import PRESENT, ROOT, VECTORS

sys.path.insert(0, str(ROOT / "tests/e2e"))
import multipart  # noqa: E402
import path_site  # noqa: E402

MAP = {"PID1": {"ipv4": ["192.0.2.32/28"], "ipv6": ["2001:db8::3:0/112"]},
       "PID2": {"ipv4": ["192.0.2.0/28"]}, "PID3": {"ipv4": ["192.0.2.48/28"]},
       "PID4": {"ipv4": ["0.0.0.0/0"], "ipv6": ["2001:db8::4:0/112", "::/0"]}}
TYPE = {"cost-mode": "array", "cost-metric": "ane-path"}
NET = 50000000000


def topology(nodes, links, **more):
    return {"network-map": "my-default-networkmap", "public": True,
            "max-reservable-bandwidth": True, "nodes": nodes, "links": links, **more}


MEC = {"MEC1": {}, "MEC2": {}}
# Figure 10 of section 8.1: NET1 and NET2 with a mobile edge cluster each, and NET3.
DETAILED = topology(
    {"n1": {"pids": ["PID2"], "capacity": NET, "element": "MEC1"},
     "n2": {"pids": ["PID3", "PID4"], "capacity": NET, "element": "MEC2"},
     "n3": {"pids": ["PID1"], "capacity": NET}},
    {"l1": {"from": "n3", "to": "n1", "capacity": 10000000000},
     "l2": {"from": "n3", "to": "n2", "capacity": 15000000000}}, elements=MEC)
# The same, told in less detail: a link and the network behind it are one.
OBFUSCATED = topology(
    {"n1": {"pids": ["PID2"]}, "n2": {"pids": ["PID3", "PID4"]},
     "n3": {"pids": ["PID1"], "capacity": NET}},
    {"l1": {"from": "n3", "to": "n1", "capacity": 10000000000, "element": "MEC1"},
     "l2": {"from": "n3", "to": "n2", "capacity": 15000000000, "element": "MEC2"}}, elements=MEC)
# 8.3: to PID3 over L1, to PID4 over L1 and L2.
SHARED_LINK = topology({"a": {"pids": ["PID1"]}, "b": {"pids": ["PID3"]}, "c": {"pids": ["PID4"]}},
                       {"L1": {"from": "a", "to": "b"}, "L2": {"from": "b", "to": "c"}})
# 7.2.6 and 7.3.6.
ONE = topology({"a": {"pids": ["PID1"], "cidr": ["192.0.2.2/32"]},
                "b": {"pids": ["PID2"], "cidr": ["192.0.2.18/32"]}},
               {"ab": {"from": "a", "to": "b", "capacity": 100000000}})


def documents():
    """Costs are those of 8.6."""
    return copy.deepcopy({
        "network-maps": {"my-default-networkmap": {"pids": MAP}},
        "cost-maps": {"routing": {
            "network-map": "my-default-networkmap", "cost-metric": "routingcost",
            "cost-mode": "numerical", "costs": {"PID1": {"PID2": 3, "PID3": 2, "PID4": 2}}}},
        "topologies": {"detailed": DETAILED, "obfuscated": OBFUSCATED, "shared": SHARED_LINK,
                       "one": ONE}})


def start(tmp_path):
    folder = tmp_path / "footprints"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(documents()))
    return programs.Server(folder, tmp_path)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with start(tmp_path_factory.mktemp("paths")) as made:
        yield made


def ask(server, resource, request):
    """The JSON of both parts, and the media types."""
    endpoint = resource.endswith("endpoint-cost-pv")
    media = "endpointcostparams" if endpoint else "costmapfilter"
    accept = f"multipart/related;type=application/alto-{'endpointcost' if endpoint else 'costmap'}+json"
    status, body, content_type = server.exchange(f"/{resource}", json.dumps(request).encode(), media,
                                                 f"{accept},application/alto-error+json")
    assert status == 200, body
    return multipart.parse(content_type, body)


def in_order(costs, properties):
    """Paths and properties with elements called after the order in which they come."""
    data = next(value for key, value in costs.items() if key != "meta")
    names = {}

    def called(value):
        return (names.setdefault(value, len(names)) if isinstance(value, str) else
                [called(item) for item in value] if isinstance(value, list) else value)
    rows = {src: {dst: called(cost) for dst, cost in row.items()} for src, row in data.items()}
    elements = {names[key.removeprefix(".ane:")]: {
        name: value.split(".ane:")[1] if isinstance(value, str) else value
        for name, value in entity.items()} for key, entity in properties["property-map"].items()}
    return rows, elements


def shape(costs, properties):
    """What the parts say of themselves: members, and which refer to which."""
    meta = costs["meta"]
    vtag = meta["vtag"]
    types = meta.get("multi-cost-types") or meta["cost-type"]
    return (set(meta) | {"cost-type"}, types, set(costs), vtag["resource-id"].split(".")[1],
            set(properties["meta"]), properties["meta"]["dependent-vtags"][0] == vtag,
            len(properties["meta"]["dependent-vtags"]))


def endpoints(srcs, dsts, names):
    return {"cost-type": TYPE, "endpoints": {"srcs": srcs, "dsts": dsts}, "ane-property-names": names}


BOTH = ["max-reservable-bandwidth", "persistent-entity-id"]
ASKED = endpoints(["ipv4:192.0.2.34", "ipv6:2001:db8::3:1"],
                  ["ipv4:192.0.2.2", "ipv4:192.0.2.50", "ipv6:2001:db8::4:1"], BOTH)
# In whole, as our server knows a path for every pair; the RFC's examples have three of the six.
RESTATED = [
    ("shared-pv", {"cost-type": TYPE, "pids": {"srcs": ["PID1"], "dsts": ["PID3", "PID4"]}},
     {"PID1": {"PID3": [0], "PID4": [0, 1]}}, {0: {}, 1: {}}),
    ("one-pv", {"cost-type": TYPE, "pids": {"srcs": ["PID1"], "dsts": ["PID2"]},
                "ane-property-names": BOTH[:1]},
     {"PID1": {"PID2": [0]}}, {0: {BOTH[0]: 100000000}}),
    ("one-endpoint-cost-pv", endpoints(["ipv4:192.0.2.2"], ["ipv4:192.0.2.18"], BOTH[:1]),
     {"ipv4:192.0.2.2": {"ipv4:192.0.2.18": [0]}}, {0: {BOTH[0]: 100000000}}),
    ("detailed-endpoint-cost-pv", ASKED,
     dict.fromkeys(ASKED["endpoints"]["srcs"], {
         "ipv4:192.0.2.2": [0, 1, 2], "ipv4:192.0.2.50": [0, 3, 4], "ipv6:2001:db8::4:1": [0, 3, 4]}),
     {0: {BOTH[0]: NET}, 1: {BOTH[0]: 10000000000}, 2: {BOTH[0]: NET, BOTH[1]: "MEC1"},
      3: {BOTH[0]: 15000000000}, 4: {BOTH[0]: NET, BOTH[1]: "MEC2"}}),
    ("obfuscated-endpoint-cost-pv", ASKED,
     dict.fromkeys(ASKED["endpoints"]["srcs"], {
         "ipv4:192.0.2.2": [0, 1], "ipv4:192.0.2.50": [0, 2], "ipv6:2001:db8::4:1": [0, 2]}),
     {0: {BOTH[0]: NET}, 1: {BOTH[0]: 10000000000, BOTH[1]: "MEC1"},
      2: {BOTH[0]: 15000000000, BOTH[1]: "MEC2"}}),
    # 8.6: costs of another type beside them, which has a column of its own.
    ("obfuscated-endpoint-cost-pv",
     {"multi-cost-types": [TYPE, {"cost-mode": "numerical", "cost-metric": "routingcost"}],
      **{key: value for key, value in ASKED.items() if key != "cost-type"}},
     dict.fromkeys(ASKED["endpoints"]["srcs"], {
         "ipv4:192.0.2.2": [[0, 1], 3], "ipv4:192.0.2.50": [[0, 2], 2],
         "ipv6:2001:db8::4:1": [[0, 2], 2]}),
     {0: {BOTH[0]: NET}, 1: {BOTH[0]: 10000000000, BOTH[1]: "MEC1"},
      2: {BOTH[0]: 15000000000, BOTH[1]: "MEC2"}}),
]


@pytest.mark.parametrize("resource,request_,rows,elements", RESTATED, ids=[row[0] for row in RESTATED])
def test_restated(server, resource, request_, rows, elements):
    (_, costs), (_, properties) = ask(server, resource, request_).values()
    assert in_order(costs, properties) == (rows, elements)


def follow(tmp_path, request_):
    """8.5: a message, and patches of the parts that change, which lead to what is answered."""
    with start(tmp_path) as server:
        ((name, added),) = request_["add"].items()
        resource = "detailed-endpoint-cost-pv"
        stream = path_site.Stream(server, resource, {name: added["input"]})
        first = stream.parts(name)
        changed = documents()
        changed["topologies"]["detailed"]["links"]["l1"]["capacity"] = 1
        (tmp_path / "footprints/a.json").write_text(json.dumps(changed))
        server.process.send_signal(signal.SIGHUP)
        media, substream, part = stream.take()
        assert (media, substream) == ("application/merge-patch+json", name)
        assert part.split("@")[0] == "propmap"
        second = stream.now(name)
        answer = [part[1] for part in ask(server, resource, added["input"]).values()]
        stream.close()
    assert second[0] == first[0] and in_order(*second) == in_order(*answer) != in_order(*first)
    return first


def test_restated_stream(tmp_path):
    follow(tmp_path, {"add": {"ecspvsub1": {"resource-id": "endpoint-cost-pv", "input": ASKED}}})


if PRESENT:
    ALTO = VECTORS / "alto"

    def load(name):
        return json.loads((ALTO / f"rfc9275-{name}.json").read_text())

    def test_published_bodies():
        """Our reader of parts reads theirs."""
        for name, boundary in (("7.2.6-pv-costmap", 1), ("7.3.6-pv-ecs", 1), ("8.3-pv-costmap", 1),
                               ("8.4-pv-ecs", 2), ("8.6-pv-multicost", 4)):
            body = (ALTO / f"rfc9275-{name}-res.multipart.txt").read_bytes()
            media = "costmap" if "costmap" in name else "endpointcost"
            parts = multipart.parse(f'multipart/related; boundary=example-{boundary}; '
                                    f'type="application/alto-{media}+json"', body)
            assert [part[1] for part in parts.values()] == [load(f"{name}-res-part1"),
                                                            load(f"{name}-res-part2")]
            # And so does that of footprintctl watch.
            read, = programs.ctl_apply([{"message": body.decode(),
                                         "type": f"multipart/related; boundary=example-{boundary}"}])
            assert read == {"result": {name: part[1] for name, part in parts.items()}}

    @pytest.mark.parametrize("section,answer,resource", [
        ("7.2.3-pv-costmap", "7.2.6-pv-costmap", "one-pv"),
        ("7.3.3-pv-ecs", "7.3.6-pv-ecs", "one-endpoint-cost-pv"),
        ("8.3-pv-costmap", "8.3-pv-costmap", "shared-pv"),
        ("8.4-pv-ecs", "8.4-pv-ecs", "detailed-endpoint-cost-pv"),
        ("8.4-pv-ecs", "8.4-pv-ecs-obfuscated", "obfuscated-endpoint-cost-pv"),
        ("8.6-pv-multicost", "8.6-pv-multicost", "obfuscated-endpoint-cost-pv")])
    def test_published(server, section, answer, resource):
        request = load(f"{section}-req")
        theirs = load(f"{answer}-res-part1"), load(f"{answer}-res-part2")
        theirs[0]["meta"].pop("dependent-vtags", None) if "ecs" in section else None
        parts = ask(server, resource, request)
        ours = tuple(part[1] for part in parts.values())
        assert shape(*ours) == shape(*theirs)
        # Pairs that the example has not, we have: an address of one family and one of the other.
        data = next(key for key in ours[0] if key != "meta")
        for src, row in ours[0][data].items():
            ours[0][data][src] = {dst: path for dst, path in row.items() if dst in theirs[0][data][src]}
        assert in_order(*ours) == in_order(*theirs)

    def test_published_stream(tmp_path):
        """8.5: with the input of 8.4, it begins with the answer of 8.4."""
        request = load("8.5-updatestream-req")
        assert request["add"]["ecspvsub1"]["input"] == load("8.4-pv-ecs-req")
        rows, elements = in_order(*follow(tmp_path, request))
        want_rows, want_elements = in_order(load("8.4-pv-ecs-res-part1"), load("8.4-pv-ecs-res-part2"))
        assert elements == want_elements
        for src, row in want_rows.items():
            assert {dst: rows[src][dst] for dst in row} == row

    def test_published_directory(server):
        """Ours are resources for several types, as the RFC's multicost-pv."""
        theirs = load("8.2-ird-res")["resources"]
        ours = json.loads(server.exchange("/")[1])["resources"]
        for their_id, our_id in (("filtered-cost-map-pv", "shared-pv"),
                                 ("endpoint-cost-pv", "detailed-endpoint-cost-pv"),
                                 ("multicost-pv", "detailed-endpoint-cost-pv")):
            for member in ("media-type", "accepts"):
                assert ours[our_id][member] == theirs[their_id][member]
            capabilities, printed = (side["capabilities"] for side in (ours[our_id], theirs[their_id]))
            assert capabilities["ane-property-names"] == printed["ane-property-names"]
            names = [{"num-rc": "num-routingcost"}.get(name, name)
                     for name in printed["cost-type-names"]]
            assert set(names) <= set(capabilities["cost-type-names"])
        many = theirs["multicost-pv"]["capabilities"]
        assert set(capabilities) == set(many)
        assert capabilities["max-cost-types"] >= many["max-cost-types"]
        assert "path-vector" not in capabilities["testable-cost-type-names"]
        assert ours["shared-pv"]["uses"] == theirs["filtered-cost-map-pv"]["uses"]
        assert ours["detailed-endpoint-cost-pv"]["uses"] == ["detailed-elements"]
        assert theirs["endpoint-cost-pv"]["uses"] == ["ane-props"]
        stream, printed = ours["updates"], theirs["update-pv"]
        assert all(stream[member] == printed[member] for member in ("media-type", "accepts"))
        assert "detailed-endpoint-cost-pv" in stream["uses"]
