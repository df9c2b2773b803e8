"""The published examples with costs, against the real program: filtered cost maps and the endpoint
cost service (RFC 7285), several costs (RFC 8189), calendars (RFC 8896) and performance metrics
(RFC 9439).

What is restated, for whoever does not have the folder, are the tables of tests/unit/alto_costs_test.c,
alto_multicost_test.c and alto_calendar_test.c: the constructed cases with the same costs, those too
that need a resource of other capabilities than ours have.
"""
import datetime
import email.utils
import json

import pytest

import programs
from shared_folder import PRESENT, ROOT, VECTORS

MAP = "my-default-network-map"
# Where ours is another resource than the case's.
ELSEWHERE = {
    "e-m-legacy": "ours know of multi-cost",
    "e-m-toomany": "ours take as many types as there are",
    "e-m-nottestable": "of ours all types are testable",
    "e-m-index-nottestable": "of ours all types are testable",
    "e-constraint-unsupported": "of ours all types are testable",
    "e-constraint-index": "of ours all have the extended syntax",
    "e-value-mode-pair": "ours make ranks of whatever is numerical",
}
RESOURCES = {"/costmap/filtered": "/routing-filtered", "/costmap/multi": "/routing-filtered",
             "/costmap/testable": "/routing-filtered", "/costmap/nc": "/routing-filtered",
             "/costmap/calendar": "/routing-filtered", "/endpointcost/lookup": "/endpoint-cost"}


@pytest.mark.parametrize("name", ["costs", "multicost", "calendar"])
def test_restated(name):
    text = (ROOT / f"tests/unit/alto_{name}_test.c").read_text()
    assert "static void test_errors(" in text and "static void test_answers(" in text or \
        name == "costs" and "static void test_errors(" in text


def cost_map(metric, costs, mode="numerical", **more):
    return {"network-map": MAP, "cost-metric": metric, "cost-mode": mode, "costs": costs, **more}


def served(tmp_path_factory, pids, maps):
    tmp_path = tmp_path_factory.mktemp("costs")
    folder = tmp_path / "footprints"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps({"network-maps": {MAP: {"pids": pids}},
                                               "cost-maps": maps}))
    return programs.Server(folder, tmp_path)


def post(server, path, text):
    media = "endpointcostparams" if path == "/endpoint-cost" else "costmapfilter"
    status, answer = server.request(path, text.encode(), media)
    return status, json.loads(answer)


def ours(metric):
    """Metrics of the examples that nobody registered are private ones here."""
    return f"priv:{metric}" if metric in ("shoesize", "sceneryrate", "throughputrating") else \
        "delay-ow" if metric == "owdelay" else metric


def renamed(value):
    """As ours, and without tags."""
    if isinstance(value, list):
        return [renamed(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: ours(item) if name == "cost-metric" else renamed(item)
            for name, item in value.items() if name != "tag"}


if PRESENT:
    def load(name):
        return json.loads((VECTORS / "alto" / f"{name}.json").read_text())

    def cases(name):
        return [pytest.param(case, id=case["id"]) for case in load(f"constructed-{name}-cases")
                if case["request"]["path"] in RESOURCES and case["id"] not in ELSEWHERE
                and (case["expect"].get("meta") or case["expect"]["status"] == 200)]

    def fixture_maps(calendar):
        costs = load("constructed-fixture-costs")
        routing = cost_map("routingcost", costs["num-routing"])
        if calendar:
            begin = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0)
            routing["calendar"] = {"interval-s": 3600, "intervals": 4,
                                   "start": begin.strftime("%Y-%m-%dT%H:%M:%SZ")}
            for row in routing["costs"].values():
                for name, cost in row.items():
                    row[name] = [cost] * 4
        return {"routing": routing, "hops": cost_map("hopcount", costs["num-hop"])}

    @pytest.fixture(scope="module")
    def servers(tmp_path_factory):
        pids = load("constructed-fixture-networkmap")["network-map"]
        with served(tmp_path_factory, pids, fixture_maps(False)) as plain, \
                served(tmp_path_factory, pids, fixture_maps(True)) as calendar:
            yield {False: plain, True: calendar}

    def of_case(servers, case, text):
        path = case["request"]["path"]
        return post(servers["calendar" in path], RESOURCES[path], text)

    def shown(body):
        """What is compared: a date in place of the start, and our names of types."""
        body = renamed(body)
        for item in body["meta"].get("calendar-response-attributes", []):
            email.utils.parsedate_to_datetime(item["calendar-start-time"])
            item["calendar-start-time"] = "@IMF-fixdate@"
            item["cost-type-names"] = [name.replace("routingcost", "routing")
                                       for name in item["cost-type-names"]]
        return body

    @pytest.mark.parametrize("case", cases("ok"))
    def test_accepted(servers, case):
        status, got = of_case(servers, case, json.dumps(case["request"]["body"]))
        want = renamed(case["expect"]["body"])
        assert (status, shown(got)) == (200, want)

    @pytest.mark.parametrize("case", cases("error"))
    def test_refused(servers, case):
        status, got = of_case(servers, case, case["request"]["body-text"])
        meta = dict(got["meta"])
        meta.pop("syntax-error", None)
        assert (status, meta) == (400, case["expect"]["meta"])

    def test_every_case():
        """Every one is there; those of HTTP are tested with it, and ELSEWHERE says which ours cannot answer."""
        known = {case["id"] for name in ("ok", "error")
                 for case in load(f"constructed-{name}-cases")}
        assert set(ELSEWHERE) <= known
        assert (len(cases("ok")), len(cases("error"))) == (16, 48)

    # ---- RFC 8189 5 ----

    PIDS = {"PID1": {"ipv4": ["192.0.2.0/24"]}, "PID2": {"ipv4": ["198.51.100.0/25"]},
            "PID3": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]}}

    def column(answer, index):
        """Of arrays of costs, the ones at this index."""
        return {source: {name: costs[index] for name, costs in row.items()
                         if costs[index] is not None}
                for source, row in answer["cost-map"].items()}

    @pytest.fixture(scope="module")
    def multi(tmp_path_factory):
        costs = load("rfc8189-5.2-filteredcostmap-res")
        scenery = column(load("rfc8189-5.5-filteredcostmap-res"), 1)
        maps = {"routing": cost_map("routingcost", column(costs, 0)),
                "shoe": cost_map("priv:shoesize", column(costs, 1)),
                "scenery": cost_map("priv:sceneryrate", scenery)}
        with served(tmp_path_factory, PIDS, maps) as server:
            yield server

    @pytest.mark.parametrize("section", ["5.2", "5.3", "5.4", "5.5"])
    def test_multi_cost(multi, section):
        request = renamed(load(f"rfc8189-{section}-filteredcostmap-req"))
        want = renamed(load(f"rfc8189-{section}-filteredcostmap-res"))
        if section == "5.3":  # one of its costs is not the one of 5.2
            assert want["cost-map"]["PID1"]["PID3"] == [10, 5]
            want["cost-map"]["PID1"]["PID3"] = [10, 2]
        status, got = post(multi, "/routing-filtered", json.dumps(request))
        assert (status, renamed(got)) == (200, want)

    # ---- RFC 8896 5 ----

    def test_calendar_of_a_cost_map(tmp_path_factory):
        want = renamed(load("rfc8896-5.1.3-filteredcostmap-res"))
        begin = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
        calendar = {"interval-s": 7200, "intervals": 12, "start": begin.strftime("%Y-%m-%dT%H:%M:%SZ")}
        maps = {"rating": cost_map("priv:throughputrating", want["cost-map"], calendar=calendar)}
        with served(tmp_path_factory, PIDS, maps) as server:
            status, got = post(server, "/rating-filtered",
                               json.dumps(renamed(load("rfc8896-5.1.3-filteredcostmap-req"))))
        (attributes,) = got["meta"].pop("calendar-response-attributes")
        (wanted,) = want["meta"].pop("calendar-response-attributes")
        start = email.utils.parsedate_to_datetime(attributes.pop("calendar-start-time"))
        assert start == begin.replace(microsecond=0)
        del wanted["calendar-start-time"]  # the RFC's is no date of HTTP
        assert attributes.pop("cost-type-names") == ["num-priv:throughputrating"]
        assert (status, attributes, renamed(got)) == (200, wanted, want)

    def by_endpoints(answer, index=None):
        """Each endpoint as a PID of its own, and the costs between them."""
        costs, pids = {}, {}
        for source, row in answer["endpoint-cost-map"].items():
            for name in (source, *row):
                family, _, address = name.partition(":")
                pids[f"p{address.replace('.', '-')}"] = {
                    family: [address + ("/32" if family == "ipv4" else "/128")]}
            costs[f"p{source.partition(':')[2].replace('.', '-')}"] = {
                f"p{name.partition(':')[2].replace('.', '-')}":
                    value if index is None else value[index] for name, value in row.items()}
        return {**pids, "rest": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]}}, costs

    def test_calendars_of_endpoints(tmp_path_factory):
        one, both = (load(f"rfc8896-5.2.{n}-endpointcost-res") for n in (3, 4))
        pids, routing = by_endpoints(both, 0)
        delay = by_endpoints(both, 1)[1]
        begin = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=1)
        maps = {"routing": cost_map("routingcost", routing,
                                    calendar={"interval-s": 3600, "every": "day"}),
                "delay": cost_map("delay-ow", delay, calendar={
                    "interval-s": 300, "intervals": 12,
                    "start": begin.strftime("%Y-%m-%dT%H:%M:%SZ")})}
        with served(tmp_path_factory, pids, maps) as server:
            status, got = post(server, "/endpoint-cost",
                               json.dumps(load("rfc8896-5.2.3-endpointcost-req")))
            assert status == 200
            assert got["endpoint-cost-map"] == one["endpoint-cost-map"]
            (attributes,) = got["meta"]["calendar-response-attributes"]
            assert attributes["number-of-intervals"] == 24 and attributes["repeated"] == 366
            assert " 00:00:00 GMT" in attributes["calendar-start-time"]
            status, got = post(server, "/endpoint-cost",
                               json.dumps(renamed(load("rfc8896-5.2.4-endpointcost-req"))))
            assert status == 200
            assert got["endpoint-cost-map"] == both["endpoint-cost-map"]
            assert got["meta"]["cost-type"] == {}
            assert [item["cost-type-names"] for item in
                    got["meta"]["calendar-response-attributes"]] == [["num-routingcost"],
                                                                     ["num-delay-ow"]]

    # ---- RFC 9439 4 and 5 ----

    @pytest.mark.parametrize("name", [
        "4.1.3-delay-ow", "4.1.3-delay-ow-ipv6", "4.2.3-delay-rt", "4.3.3-delay-variation",
        "4.4.3-lossrate", "4.5.3-hopcount", "5.1.3-tput", "5.2.3-bw-residual", "5.3.3-bw-available"])
    def test_metric(tmp_path_factory, name):
        request, want = (load(f"rfc9439-{name}-{part}") for part in ("req", "res"))
        kind = want["meta"]["cost-type"]
        context = kind.get("cost-context", {})
        pids, costs = by_endpoints(want)
        maps = {"metric": cost_map(kind["cost-metric"], costs, kind["cost-mode"], **context)}
        with served(tmp_path_factory, pids, maps) as server:
            assert post(server, "/endpoint-cost", json.dumps(request)) == (200, want)
