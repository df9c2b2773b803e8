"""Path vectors and costs of other types in one request (RFC 9275 6.5, 8.6; RFC 8189; RFC 8896)."""
import json
import signal

import pytest
import requests
import requests.auth

from event_stream import CONTROL
from footprintd import curl
from identity import PASSWORD, digest_profile, write_ucdns
from path_site import (ALL, BANDWIDTH, DOCUMENT, FILTER, TYPE, Stream, ask, endpoints, pids, post,
                       renamed, serve)

assert serve  # a fixture
ROUTING = {"cost-mode": "numerical", "cost-metric": "routingcost"}
RANK = {"cost-mode": "ordinal", "cost-metric": "routingcost"}
DELAY = {"cost-mode": "numerical", "cost-metric": "delay-ow"}
COSTS = DOCUMENT + """cost-maps:
  routing:
    network-map: netmap
    cost-metric: routingcost
    cost-mode: numerical
    costs:
      PID1: {PID1: 1, PID2: 3, PID3: 2, PID4: 9}
  delay:
    network-map: netmap
    cost-metric: delay-ow
    cost-mode: numerical
    calendar: {interval-s: 3600, every: day}
    costs:
      PID1: {PID2: 10, PID3: 20}
"""
PATH2, PATH3 = ["e1", "e2", "e3"], ["e1", "e4", "e5"]
ADDRESSES = {"PID1": "ipv4:192.0.2.34", "PID2": "ipv4:192.0.2.2", "PID3": "ipv4:192.0.2.50",
             "PID4": "ipv4:203.0.113.1"}


@pytest.fixture(params=["net-pv", "net-endpoint-cost-pv"])
def resource(request):
    return request.param


@pytest.fixture
def server(serve):
    return serve(document=COSTS)


def asked(resource, *dsts, types=None, kind=None, **more):
    """From PID1, or an address in it."""
    of = endpoints if "endpoint" in resource else pids
    names = [ADDRESSES[name] if of is endpoints else name for name in ("PID1", *dsts)]
    request = of(names[0], dsts=names[1:], **{name.replace("_", "-"): value
                                              for name, value in more.items()})
    del request["cost-type"]
    return {**request, **({"multi-cost-types": types} if types else {"cost-type": kind or TYPE})}


def row(resource, answer):
    """Costs by PIDs, and the properties."""
    rows, elements = renamed(*answer)
    back = {address: name for name, address in ADDRESSES.items()}
    return {back.get(dst, dst): cost for costs in rows.values() for dst, cost in costs.items()}, elements


def test_directory(server, resource):
    capabilities = json.loads(curl(f"{server.url}/")[2])["resources"][resource]["capabilities"]
    numbers = ["num-delay-ow", "num-routingcost", "ord-delay-ow", "ord-routingcost"]
    assert capabilities == {
        "cost-type-names": [*numbers, "path-vector"], "max-cost-types": 5,
        "testable-cost-type-names": numbers, "ane-property-names": ALL,
        "calendar-attributes": [{"cost-type-names": ["num-delay-ow", "ord-delay-ow"],
                                 "time-interval-size": 3600, "number-of-intervals": 24}]}


def test_several(server, resource):
    """Arrays in the order of the types; null where there is none; a pair without any is left out."""
    request = asked(resource, "PID2", "PID3", "PID4", types=[TYPE, ROUTING, RANK],
                    ane_property_names=[BANDWIDTH])
    costs, elements = row(resource, ask(server, resource, request))
    assert costs == {"PID2": [PATH2, 3, 2], "PID3": [PATH3, 2, 1], "PID4": [None, 9, 3]}
    assert elements["e1"] == {BANDWIDTH: 50000000000} and len(elements) == 5
    # In another order, one twice, and alone.
    costs, _ = row(resource, ask(server, resource, asked(resource, "PID2",
                                                         types=[ROUTING, TYPE, DELAY, TYPE])))
    assert costs == {"PID2": [3, PATH2, 10, PATH2]}
    costs, _ = row(resource, ask(server, resource, asked(resource, "PID2", "PID4", types=[TYPE])))
    assert costs == {"PID2": [PATH2]}


def test_numbers_alone(server, resource):
    """Without path vectors there are no elements, and the message has its two parts all the same."""
    answer = ask(server, resource, asked(resource, "PID2", "PID4", kind=ROUTING))
    assert row(resource, answer) == ({"PID2": 3, "PID4": 9}, {})
    answer = ask(server, resource, asked(resource, "PID2", types=[ROUTING, DELAY],
                                         ane_property_names=ALL))
    assert row(resource, answer) == ({"PID2": [3, 10]}, {})


def test_constraints(server, resource):
    """Tests of numbers take paths out, and the elements that nothing else goes through."""
    request = asked(resource, "PID2", "PID3", "PID4", types=[TYPE, ROUTING],
                    constraints=["[1] ge 3"])
    costs, elements = row(resource, ask(server, resource, request))
    assert costs == {"PID2": [PATH2, 3], "PID4": [None, 9]} and set(elements) == set(PATH2)
    # Of a type that is not shown; paths alone are an answer then.
    request = asked(resource, "PID2", "PID3", "PID4", testable_cost_types=[ROUTING],
                    constraints=["lt 3"])
    costs, elements = row(resource, ask(server, resource, request))
    assert costs == {"PID3": ["e1", "e2", "e3"]} and set(elements) == {"e1", "e2", "e3"}
    request = asked(resource, "PID2", "PID3", testable_cost_types=[DELAY, ROUTING],
                    or_constraints=[["[0] gt 10", "[1] gt 2"], ["[0] le 10"]])
    assert set(row(resource, ask(server, resource, request))[0]) == {"PID2"}
    request = asked(resource, "PID2", "PID3", testable_cost_types=[ROUTING], constraints=["gt 5"])
    assert row(resource, ask(server, resource, request)) == ({}, {})


def test_calendars(server, resource):
    """Numbers may be calendars beside paths, which have none; then nothing is tested."""
    request = asked(resource, "PID2", "PID3", types=[TYPE, DELAY], calendared=[True, True],
                    constraints=["[1] gt 15"])
    answer = ask(server, resource, request)
    assert row(resource, answer)[0] == {"PID2": [PATH2, [10] * 24], "PID3": [PATH3, [20] * 24]}
    (attributes,) = answer[0]["meta"]["calendar-response-attributes"]
    assert attributes["cost-type-names"] == ["num-delay-ow"]
    answer = ask(server, resource, asked(resource, "PID2", calendared=[True]))
    assert row(resource, answer)[0] == {"PID2": PATH2}
    assert "calendar-response-attributes" not in answer[0]["meta"]


ERRORS = [
    ({"types": [TYPE, {"cost-mode": "numerical", "cost-metric": "hopcount"}]},
     "multi-cost-types/cost-metric", "hopcount"),
    ({"types": [TYPE, {"cost-mode": "array", "cost-metric": "routingcost"}]},
     "multi-cost-types/cost-mode", "array"),
    ({"types": [TYPE] * 6}, "multi-cost-types", json.dumps(TYPE, separators=(",", ":"))),
    ({"types": [TYPE, ROUTING], "constraints": ["[0] le 5"]}, "constraints", "[0] le 5"),
    ({"types": [TYPE, ROUTING], "constraints": ["[2] le 5"]}, "constraints", "[2] le 5"),
    ({"testable_cost_types": [TYPE], "constraints": ["le 5"]}, "testable-cost-types",
     json.dumps(TYPE, separators=(",", ":"))),
    ({"types": [TYPE, DELAY], "calendared": [True]}, "calendared", "[true]"),
    ({"types": [TYPE, ROUTING], "ane_property_names": ["cpu"]}, "ane-property-names", "cpu"),
]


@pytest.mark.parametrize("more,field,value", ERRORS, ids=range(len(ERRORS)))
def test_errors(server, resource, more, field, value):
    status, _, body = post(server, resource, asked(resource, "PID2", **more))
    assert (status, json.loads(body)["meta"]) == (
        400, {"code": "E_INVALID_FIELD_VALUE", "field": field, "value": value})


def test_limit(serve):
    """Each type counts, and each interval."""
    server = serve("limits: {cost-values: 1024}\n", COSTS)
    request = endpoints(*[f"ipv4:192.0.2.{n}" for n in range(4)],
                        dsts=[f"ipv4:198.51.100.{n}" for n in range(128)])
    for types, status in (([TYPE, ROUTING], 200), ([TYPE, ROUTING, TYPE], 413)):
        made = {"multi-cost-types": types, "endpoints": request["endpoints"]}
        assert post(server, "net-endpoint-cost-pv", made)[0] == status
    for count, status in ((2, 200), (3, 413)):  # of 16 pairs
        made = {"multi-cost-types": [TYPE] + count * [DELAY], "calendared": [True] * (1 + count)}
        assert post(server, "net-pv", made)[0] == status


def test_stream(serve, resource):
    """Costs change without the paths, in their own part; types keep their order, and tests theirs."""
    server = serve(document=COSTS)
    request = asked(resource, "PID2", "PID3", "PID4", types=[TYPE, ROUTING, RANK, DELAY],
                    testable_cost_types=[ROUTING, DELAY], constraints=["[0] le 5"],
                    ane_property_names=[BANDWIDTH])
    stream = Stream(server, resource, {"a": request})
    first = stream.parts()
    assert row(resource, first) == row(resource, ask(server, resource, request))
    assert row(resource, first)[0] == {"PID2": [PATH2, 3, 2, 10], "PID3": [PATH3, 2, 1, 20]}
    (serve.directory / "footprints/all.yaml").write_text(COSTS.replace("PID3: 2,", "PID3: 6,"))
    server.send(signal.SIGHUP)
    assert [stream.take()[2].split("@")[0] for _ in range(2)] == [
        "ecs" if "endpoint" in resource else "costmap", "propmap"]
    assert row(resource, stream.now())[0] == {"PID2": [PATH2, 3, 1, 10]}
    assert set(stream.now()[1]["property-map"]) < set(first[1]["property-map"])
    stream.close()


def test_stream_of_a_type_that_goes(serve, resource):
    """It ends, as a request would be refused; others go on."""
    server = serve(document=COSTS)
    inputs = {"a": asked(resource, "PID2", types=[TYPE, DELAY]), "b": asked(resource, "PID2")}
    stream = Stream(server, resource, inputs)
    stream.parts("a"), stream.parts("b")
    (serve.directory / "footprints/all.yaml").write_text(COSTS.split("  delay:\n")[0])
    server.send(signal.SIGHUP)
    event, data = stream.event()
    assert event == CONTROL and json.loads(data)["stopped"] == ["a"]
    stream.close()


def test_audience(serve):
    """Costs that a view does not see are not offered with the paths that it sees."""
    hidden, shown = COSTS.split("  delay:\n")
    (serve.directory / "footprints/b.yaml").write_text(
        "version: 1\naudience: [ucdn-b]\ncost-maps:\n  delay:\n" + shown)
    write_ucdns(serve.directory, digest_profile("ucdn-a") + digest_profile("ucdn-b"))
    server = serve("ucdns: ucdns.yaml\n", hidden)
    body = {"multi-cost-types": [TYPE, DELAY], "pids": {"srcs": ["PID1"], "dsts": ["PID2"]}}
    for user, status in (("ucdn-a", 400), ("ucdn-b", 200)):
        auth = requests.auth.HTTPDigestAuth(user, PASSWORD)
        got = requests.post(f"{server.url}/net-pv", json=body, auth=auth, timeout=10,
                            headers={"Content-Type": FILTER})
        assert got.status_code == status
        names = requests.get(f"{server.url}/", auth=auth, timeout=10).json()["resources"]["net-pv"][
            "capabilities"]["cost-type-names"]
        assert ("num-delay-ow" in names) == (status == 200)
