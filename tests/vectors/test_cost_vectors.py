"""The published and constructed examples of cost maps and endpoint costs (RFC 7285), against the real programs.

As test_cdni_vectors.py. Every rule of the constructed ones is restated in tests/unit/alto_costs_test.c, with the
same costs. Of the fixture's resources this server has others: one filtered cost map for each cost map, which all
offer every cost type of their network map.
"""
import json

import pytest

import programs
from shared_folder import PRESENT, ROOT, VECTORS

# What the fixture's resources do not offer and those of this server do: ranks of whatever is numerical, and several
# cost types in one request (RFC 8189).
OFFERED = {"e-value-mode-pair", "e-constraint-index", "e-m-legacy"}
PATHS = {"/costmap/filtered": "/num-routing-filtered", "/endpointcost/lookup": "/endpoint-cost",
         "/networkmap/filtered": "/my-default-network-map-filtered"}


def test_restated():
    text = (ROOT / "tests/unit/alto_costs_test.c").read_text()
    assert text.count("VALUE(") > 30 and text.count("MISSING(") > 8 and text.count("WRONG(") > 8


if PRESENT:
    def load(name):
        return json.loads((VECTORS / "alto" / f"{name}.json").read_text())

    def of_kind(name):
        return [pytest.param(case, id=case["id"]) for case in load(name)
                if case["request"]["path"] in PATHS and case["request"]["method"] == "POST"
                and "alto-" in (case["request"]["content-type"] or "").lower()]

    def document(costs, pids):
        """The cost maps of the fixture, as documents have them."""
        metrics = {"num-routing": "routingcost", "num-hop": "hopcount"}
        return {"version": 1, "network-maps": {"my-default-network-map": {"pids": pids}},
                "cost-maps": {name: {"network-map": "my-default-network-map", "cost-mode": "numerical",
                                     "cost-metric": metrics[name], "costs": costs[name]}
                              for name in metrics}}

    def start(folder, made):
        (folder / "footprints").mkdir()
        (folder / "footprints/a.json").write_text(json.dumps(made))
        code, findings = programs.check(folder / "footprints")
        assert code == 0, findings
        return programs.Server(folder / "footprints", folder)

    @pytest.fixture(scope="module")
    def server(tmp_path_factory):
        pids = load("constructed-fixture-networkmap")["network-map"]
        with start(tmp_path_factory.mktemp("fixture"),
                   document(load("constructed-fixture-costs"), pids)) as running:
            yield running

    def get(server, path):
        status, body = server.request(path)
        assert status == 200
        return json.loads(body)

    def ask(server, path, body, media):
        media = media.split("alto-")[1].split("+")[0] if "alto-" in media else media
        status, text = server.request(PATHS[path], body, media)
        return status, json.loads(text)

    def without_tags(body):
        return {**body, "meta": {name: value for name, value in body["meta"].items()
                                 if name not in ("vtag", "dependent-vtags")}}

    @pytest.mark.parametrize("case", of_kind("constructed-ok-cases"))
    def test_answers(case, server):
        request = case["request"]
        status, body = ask(server, request["path"], json.dumps(request["body"]).encode(),
                           request["content-type"])
        assert status == case["expect"]["status"]
        assert without_tags(body) == without_tags(case["expect"]["body"])
        for tag in body["meta"].get("dependent-vtags", []):
            assert tag == get(server, "/my-default-network-map")["meta"]["vtag"]

    @pytest.mark.parametrize("case", of_kind("constructed-error-cases"))
    def test_errors(case, server):
        request = case["request"]
        status, body = ask(server, request["path"], request["body-text"].encode(),
                           request["content-type"].lower())
        if case["id"] in OFFERED:
            assert status == 200
            return
        wanted = case["expect"]["meta"]
        assert status == 400
        assert {name: body["meta"].get(name) for name in wanted} == wanted
        assert ("syntax-error" in body["meta"]) == (wanted["code"] == "E_SYNTAX")

    def test_longest_prefixes(server):
        """What PID an address has shows in its cost."""
        costs = load("constructed-fixture-costs")["num-routing"]["PID1"]
        for case in load("constructed-lpm-cases"):
            family = "ipv6" if ":" in case["address"] else "ipv4"
            endpoint = f"{family}:{case['address']}"
            status, body = ask(server, "/endpointcost/lookup", json.dumps({
                "cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"},
                "endpoints": {"srcs": ["ipv4:192.0.2.2"], "dsts": [endpoint]}}).encode(),
                "alto-endpointcostparams+json")
            assert status == 200
            assert body["endpoint-cost-map"]["ipv4:192.0.2.2"][endpoint] == costs[case["pid"]]

    def test_cost_map(tmp_path):
        """11.2.3.7 as it is printed, and 11.3.2.7 with its other costs."""
        printed = load("rfc7285-11.2.3.7-costmap-res")
        pids = load("rfc7285-11.2.1.7-networkmap-res")["network-map"]
        costs = {"num-routing": printed["cost-map"], "num-hop": {}}
        with start(tmp_path, document(costs, pids)) as server:
            assert without_tags(get(server, "/num-routing")) == without_tags(printed)

    def test_filtered_cost_map(tmp_path):
        request, printed = (load(f"rfc7285-11.3.2.7-filteredcostmap-{part}") for part in ("req", "res"))
        pids = load("rfc7285-11.2.1.7-networkmap-res")["network-map"]
        costs = {"num-routing": printed["cost-map"], "num-hop": {}}
        with start(tmp_path, document(costs, pids)) as server:
            status, body = ask(server, "/costmap/filtered", json.dumps(request).encode(),
                               "alto-costmapfilter+json")
            assert (status, without_tags(body)) == (200, without_tags(printed))

    def test_endpoint_costs(server):
        """11.5.1.7: of the same shape; its ranks are of other costs than the fixture's."""
        request, printed = (load(f"rfc7285-11.5.1.7-endpointcost-{part}") for part in ("req", "res"))
        status, body = ask(server, "/endpointcost/lookup", json.dumps(request).encode(),
                           "alto-endpointcostparams+json")
        assert status == 200 and body["meta"] == printed["meta"]
        assert {src: sorted(row) for src, row in body["endpoint-cost-map"].items()} == {
            src: sorted(row) for src, row in printed["endpoint-cost-map"].items()}
        ranks = list(body["endpoint-cost-map"]["ipv4:192.0.2.2"].values())
        assert ranks == [1, 1, 2]

    @pytest.mark.parametrize("name, offered", [
        ("rfc7285-9.2.3-ird-res", {"numerical-routing-cost-map", "endpoint-cost"}),
        ("rfc7285-9.2.4-delegated-ird-res", {"filtered-network-map", "filtered-cost-map"})])
    def test_directory(server, name, offered):
        """What each resource of the printed directories offers, as the same kind of resource does here."""
        printed = load(name)["resources"]
        entries = get(server, "/")["resources"]
        pairs = {"numerical-routing-cost-map": "num-routing", "endpoint-cost": "endpoint-cost",
                 "filtered-cost-map": "num-routing-filtered",
                 "filtered-network-map": "my-default-network-map-filtered"}
        for theirs in offered:
            entry = entries[pairs[theirs]]
            for key in ("media-type", "accepts"):
                assert entry.get(key) == printed[theirs].get(key)
            assert entry.get("uses", []) == printed[theirs].get("uses", entry.get("uses", []))
            assert set(printed[theirs].get("capabilities", {})) <= set(entry.get("capabilities", {}))
