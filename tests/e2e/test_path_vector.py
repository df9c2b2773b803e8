"""Path vectors (RFC 9275) as a client finds and asks them."""
import json
import re
import signal
import urllib.parse

import pytest
import requests
import requests.auth

import multipart
import tips_client
from event_stream import read_json
from footprintd import curl
from identity import PASSWORD, digest_profile, write_ucdns
from path_site import (ALL, BANDWIDTH, COSTS, DOCUMENT, ENDPOINTS, ENTITY, FILTER, PARAMS, TYPE, ask,
                       endpoints, pids, post, renamed, serve)

assert serve  # a fixture
PROTOCOLS = pytest.mark.parametrize("protocol", ["--http1.1", "--http2-prior-knowledge"])


def test_directory(serve):
    server = serve()
    directory = json.loads(curl(f"{server.url}/")[2])
    resources = directory["resources"]
    numbers = ["num-routingcost", "ord-routingcost"]
    capabilities = {"cost-type-names": [*numbers, "path-vector"], "max-cost-types": 3,
                    "testable-cost-type-names": numbers, "ane-property-names": ALL}
    assert directory["meta"]["cost-types"]["path-vector"] == TYPE
    assert resources["net-pv"] == {
        "uri": "/net-pv", "media-type": COSTS, "accepts": FILTER, "capabilities": capabilities,
        "uses": ["netmap", "net-elements"]}
    assert resources["net-endpoint-cost-pv"] == {
        "uri": "/net-endpoint-cost-pv", "media-type": ENDPOINTS, "accepts": PARAMS,
        "capabilities": capabilities, "uses": ["net-elements"]}
    assert resources["net-elements"] == {
        "uri": "/net-elements", "media-type": "application/alto-propmap+json",
        "capabilities": {"mappings": {".ane": ALL}}}
    # They are followed by update streams, part by part; an edge of TIPS is one patch of one document.
    paths = {"net-pv", "net-endpoint-cost-pv"}
    followed, views = (resources[name]["uses"] for name in ("updates", "tips"))
    for service, uses in (("updates", followed), ("tips", views)):
        types = resources[service]["capabilities"]["incremental-change-media-types"]
        assert types == dict.fromkeys(
            uses, "application/merge-patch+json,application/json-patch+json")
    assert set(followed) == set(views) | paths and not paths & set(views)
    status, _, body = curl("-H", "Content-Type: application/alto-tipsparams+json", "-d",
                           json.dumps({"resource-id": "net-pv", "input": {"cost-type": TYPE}}),
                           f"{server.url}/tips")
    assert (status, json.loads(body)["meta"]["field"]) == (400, "resource-id")


def test_nothing_without_topologies(serve):
    server = serve(document=DOCUMENT.split("topologies:")[0])
    directory = json.loads(curl(f"{server.url}/")[2])
    assert "path-vector" not in directory["meta"]["cost-types"]
    assert not [name for name in directory["resources"] if name.startswith("net-")]
    assert curl(f"{server.url}/net-pv")[0] == 404


@PROTOCOLS
def test_endpoints(serve, protocol):
    server = serve()
    request = endpoints("ipv4:192.0.2.34", "ipv6:2001:DB8::3:1",
                        dsts=["ipv4:192.0.2.2", "ipv4:192.0.2.50", "ipv6:2001:db8::4:1",
                              "ipv4:198.51.100.1", "ipv4:203.0.113.1", "ipv4:192.0.2.35"])
    for accept in (None, "*/*", "multipart/*", ENDPOINTS + ",application/alto-error+json", COSTS,
                   'Multipart/Related; type="application/alto-endpointcost+json";q=0.5',
                   "multipart/related"):
        request["ane-property-names"] = ALL
        costs, properties = ask(server, "net-endpoint-cost-pv", request, protocol, accept=accept)
        assert "dependent-vtags" not in costs["meta"]
        assert properties["meta"]["dependent-vtags"][1] == json.loads(
            curl(f"{server.url}/net-elements")[2])["meta"]["vtag"]
        rows, anes = renamed(costs, properties)
        # NET3, L1, NET1; NET3, L2, NET2; and within NET3.
        path1, path2, home = ["e1", "e2", "e3"], ["e1", "e4", "e5"], ["e1"]
        row = {"ipv4:192.0.2.2": path1, "ipv4:192.0.2.50": path2, "ipv6:2001:db8::4:1": path2,
               "ipv4:192.0.2.35": home}
        assert rows == {"ipv4:192.0.2.34": row, "ipv6:2001:DB8::3:1": row}
        assert anes == {
            "e1": {BANDWIDTH: 50000000000}, "e2": {BANDWIDTH: 10000000000},
            "e3": {BANDWIDTH: 50000000000, ENTITY: "net-elements.ane:MEC1"},
            "e4": {BANDWIDTH: 15000000000},
            "e5": {BANDWIDTH: 50000000000, ENTITY: "net-elements.ane:MEC2"}}
    request["ane-property-names"] = [BANDWIDTH, BANDWIDTH]
    costs, properties = ask(server, "net-endpoint-cost-pv", request, protocol)
    assert len(properties["meta"]["dependent-vtags"]) == 1
    assert renamed(costs, properties)[1]["e3"] == {BANDWIDTH: 50000000000}
    for nothing in ({}, {"ane-property-names": []}):
        del request["ane-property-names"]
        request.update(nothing)
        costs, properties = ask(server, "net-endpoint-cost-pv", request, protocol)
        assert list(renamed(costs, properties)[1].values()) == [{}] * 5
        request["ane-property-names"] = []


def test_client(serve):
    """Without sources it is the client's own address (RFC 7285 11.5.1.3)."""
    server = serve(document=DOCUMENT.replace("198.51.100.0/24", "127.0.0.0/8"))
    costs, _ = ask(server, "net-endpoint-cost-pv", endpoints(dsts=["ipv4:127.0.0.9"]))
    assert costs["endpoint-cost-map"] == {"ipv4:127.0.0.1": {"ipv4:127.0.0.9": []}}


@PROTOCOLS
def test_pids(serve, protocol):
    server = serve()
    map_tag = json.loads(curl(f"{server.url}/netmap")[2])["meta"]["vtag"]
    costs, properties = ask(server, "net-pv",
                            pids("PID1", "PID9", dsts=["PID2", "PID3", "PID4"]), protocol)
    assert costs["meta"]["dependent-vtags"] == [map_tag]
    rows, _ = renamed(costs, properties)
    assert rows == {"PID1": {"PID2": ["e1", "e2", "e3"], "PID3": ["e1", "e4", "e5"]}}
    costs, properties = ask(server, "net-pv", {"cost-type": TYPE}, protocol)
    assert {src: set(row) for src, row in costs["cost-map"].items()} == dict.fromkeys(
        ["PID1", "PID2", "PID3"], {"PID1", "PID2", "PID3"})
    costs, properties = ask(server, "net-pv", pids("PID9", dsts=[]), protocol)
    assert costs["cost-map"] == {} and properties["property-map"] == {}


def test_elements(serve):
    server = serve()
    status, headers, body = curl(f"{server.url}/net-elements")
    assert (status, headers["content-type"]) == (200, "application/alto-propmap+json")
    got = json.loads(body)
    assert headers["etag"] == f'"{got["meta"]["vtag"]["tag"]}"'
    assert got["property-map"] == {
        ".ane:MEC1": {BANDWIDTH: 7, ENTITY: "net-elements.ane:MEC1"},
        ".ane:MEC2": {ENTITY: "net-elements.ane:MEC2"}}


def test_changes_of_elements(serve):
    """They may be followed."""
    server = serve("tips: {poll-s: 5}\n")
    made = requests.post(f"{server.url}/tips", json={"resource-id": "net-elements"}, timeout=10,
                         headers={"Content-Type": "application/alto-tipsparams+json"})
    assert made.status_code == 200
    view = urllib.parse.urljoin(f"{server.url}/tips", made.json()["tips-view-uri"])
    edge = made.json()["tips-view-summary"]["updates-graph-summary"]["start-edge-rec"]["seq-i"] + 1
    whole = read_json(curl(f"{server.url}/net-elements")[2])
    assert read_json(requests.get(f"{view}/ug/0/{edge}", timeout=10).content) == whole
    (serve.directory / "footprints/all.yaml").write_text(DOCUMENT.replace("capacity: 7", "capacity: 8"))
    server.send(signal.SIGHUP)
    step = requests.get(f"{view}/ug/{edge}/{edge + 1}", timeout=10)
    assert step.status_code == 200
    whole = tips_client.apply_item(whole, edge, step.headers["Content-Type"], step.content)
    assert whole == read_json(curl(f"{server.url}/net-elements")[2])


def test_aggregated(serve):
    """What the same paths go through is one element, but for what is public (RFC 9275 8.4)."""
    document = DOCUMENT.replace("public: true", "public: true\n    aggregate: true")
    document = document.replace("n2: {pids: [PID3], capacity: 50000000000, element: MEC2}",
                                "n2: {pids: [PID3], capacity: 5000000000}")
    server = serve(document=document)
    request = endpoints("ipv4:192.0.2.34", dsts=["ipv4:192.0.2.2", "ipv4:192.0.2.50"],
                        **{"ane-property-names": ALL})
    rows, anes = renamed(*ask(server, "net-endpoint-cost-pv", request))
    assert rows == {"ipv4:192.0.2.34": {"ipv4:192.0.2.2": ["e1", "e2", "e3"],
                                        "ipv4:192.0.2.50": ["e1", "e4"]}}
    assert anes == {"e1": {BANDWIDTH: 50000000000}, "e2": {BANDWIDTH: 10000000000},
                    "e3": {BANDWIDTH: 50000000000, ENTITY: "net-elements.ane:MEC1"},
                    "e4": {BANDWIDTH: 5000000000}}


def names_of(server, request, **kwargs):
    return set(ask(server, "net-pv", request, **kwargs)[1]["property-map"])


def test_names(serve):
    request = pids("PID1", dsts=["PID2", "PID3"])
    server = serve()
    sets = [names_of(server, request) for _ in range(3)]
    assert len(set.union(*sets)) == 15  # random: no name twice
    assert all(re.fullmatch(r"\.ane:[0-9A-Za-z_-]{16}", name) for name in set.union(*sets))


def test_names_per_client(serve):
    request = pids("PID1", dsts=["PID2", "PID3"])
    server = serve("path-vector: {ane-names: per-client}\ntrusted-proxies: [127.0.0.1]\n"
                   "proxy-header: x-forwarded-for\n")

    def names(address):
        status, headers, body = post(server, "net-pv", request, "-H", f"X-Forwarded-For: {address}")
        assert status == 200
        return set(multipart.parse(headers["content-type"], body)["propmap"][1]["property-map"])

    assert names("192.0.2.1") == names("192.0.2.1")
    assert not names("192.0.2.1") & names("192.0.2.2")


def test_names_stable(serve):
    more = "path-vector: {ane-names: stable}\n"
    request = pids("PID1", dsts=["PID2", "PID3"])
    first = serve(more)
    bodies = [post(first, "net-pv", request)[2] for _ in range(2)]
    assert bodies[0] == bodies[1]
    again = serve(more)
    assert post(again, "net-pv", request)[2] == bodies[0]


def test_domain(serve):
    server = serve("base-uri: https://alto.dcdn.example:8443/path\n")
    assert multipart.domain(post(server, "net-pv", pids(dsts=[]))[2]) == "alto.dcdn.example"
    for uri in ("", "base-uri: 'https://[2001:db8::1]'\n"):
        server = serve(uri)
        assert multipart.domain(post(server, "net-pv", pids(dsts=[]))[2]) == "alto.invalid"


ERRORS = [
    ({"ane-property-names": 5}, "E_INVALID_FIELD_TYPE", "ane-property-names", None),
    ({"ane-property-names": None}, "E_INVALID_FIELD_TYPE", "ane-property-names", None),
    ({"ane-property-names": [BANDWIDTH, 5]}, "E_INVALID_FIELD_VALUE", "ane-property-names", "5"),
    ({"ane-property-names": ["cpu"]}, "E_INVALID_FIELD_VALUE", "ane-property-names", "cpu"),
    ({"constraints": ["lt 5"]}, "E_INVALID_FIELD_VALUE", "constraints", "lt 5"),
    ({"constraints": 5, "ane-property-names": 5}, "E_INVALID_FIELD_TYPE", "constraints", None),
    ({"or-constraints": [["lt 5"]]}, "E_INVALID_FIELD_VALUE", "or-constraints", "lt 5"),
    ({"cost-type": {"cost-mode": "numerical", "cost-metric": "ane-path"}}, "E_INVALID_FIELD_VALUE",
     "cost-type/cost-mode", "numerical"),
    ({"cost-type": {"cost-mode": "array", "cost-metric": "routingcost"}}, "E_INVALID_FIELD_VALUE",
     "cost-type/cost-mode", "array"),
    ({"cost-type": {"cost-mode": "array", "cost-metric": "hopcount"}}, "E_INVALID_FIELD_VALUE",
     "cost-type/cost-metric", "hopcount"),
    ({"cost-type": None}, "E_INVALID_FIELD_TYPE", "cost-type", None),
    ({"cost-type": {}}, "E_MISSING_FIELD", "cost-type/cost-metric", None),
    # Types come before values, and what is beside the lists comes last.
    ({"cost-type": {"cost-mode": "x", "cost-metric": "y"}, "ane-property-names": 5},
     "E_INVALID_FIELD_TYPE", "ane-property-names", None),
    ({"constraints": ["lt 5"], "ane-property-names": ["cpu"]}, "E_INVALID_FIELD_VALUE", "constraints",
     "lt 5"),
]


def test_errors(serve):
    server = serve()
    requests_of = {"net-pv": pids("PID1", dsts=["PID2"]),
                   "net-endpoint-cost-pv": endpoints("ipv4:192.0.2.1", dsts=["ipv4:192.0.2.2"])}
    for resource, request in requests_of.items():
        for change, code, field, value in ERRORS:
            status, headers, body = post(server, resource, {**request, **change})
            assert (status, headers["content-type"]) == (400, "application/alto-error+json")
            want = {"code": code, "field": field}
            assert json.loads(body) == {"meta": {**want, "value": value} if value else want}, change
        assert post(server, resource, {**request, "constraints": [], "unknown": 1})[0] == 200
        for accept in ("application/json", "application/alto-costmap+json", "multipart/related;q=0",
                       "multipart/mixed"):
            assert post(server, resource, request, accept=accept)[0] == 406
        assert curl(f"{server.url}/{resource}")[0] == 405
        assert curl("-d", "{}", "-H", "Content-Type: text/plain", f"{server.url}/{resource}")[0] == 415
    # The rules of the resources that they are made of.
    for resource, request, field, value in (
            ("net-pv", pids("PID 1", dsts=[]), "pids/srcs", "PID 1"),
            ("net-endpoint-cost-pv", endpoints("ipv4:192.0.2.0/24", dsts=[]), "endpoints/srcs",
             "ipv4:192.0.2.0/24"),
            ("net-endpoint-cost-pv", endpoints(dsts=[]), "endpoints", '{"srcs":[],"dsts":[]}')):
        status, _, body = post(server, resource, request)
        assert (status, json.loads(body)["meta"]) == (
            400, {"code": "E_INVALID_FIELD_VALUE", "field": field, "value": value})


def test_only_what_is_offered(serve):
    """Without capacities shown and without public elements there are no properties."""
    document = DOCUMENT.replace("max-reservable-bandwidth: true", "max-reservable-bandwidth: false")
    document = document.replace("elements: {MEC1: {capacity: 7}, MEC2: {}}", "")
    document = re.sub(", element: MEC[12]", "", document)
    server = serve(document=document)
    resources = json.loads(curl(f"{server.url}/")[2])["resources"]
    assert resources["net-pv"]["capabilities"]["ane-property-names"] == []
    assert resources["net-pv"]["uses"] == ["netmap"]
    assert "uses" not in resources["net-endpoint-cost-pv"] and "net-elements" not in resources
    for name in ALL:
        status, _, body = post(server, "net-pv", pids(dsts=[], **{"ane-property-names": [name]}))
        assert (status, json.loads(body)["meta"]["value"]) == (400, name)
    _, properties = ask(server, "net-pv", {"cost-type": TYPE})
    assert set(map(str, properties["property-map"].values())) == {"{}"}
    assert b"50000000000" not in post(server, "net-pv", {"cost-type": TYPE})[2]


def test_audience(serve):
    """RFC 9275 11: others do not learn that there is such a topology."""
    (serve.directory / "footprints/a.yaml").write_text(
        "version: 1\naudience: [ucdn-a]\ntopologies:" + DOCUMENT.split("topologies:")[1].replace(
            "    public: true\n", ""))
    write_ucdns(serve.directory, digest_profile("ucdn-a") + digest_profile("ucdn-b"))
    server = serve("ucdns: ucdns.yaml\n", DOCUMENT.split("topologies:")[0])

    def send(user, path, **kwargs):
        auth = requests.auth.HTTPDigestAuth(user, PASSWORD)
        return requests.request("POST" if kwargs else "GET", f"{server.url}{path}", auth=auth,
                                timeout=10, **kwargs)

    body = {"json": pids("PID1", dsts=["PID2"]), "headers": {"Content-Type": FILTER}}
    good = send("ucdn-a", "/net-pv", **body)
    assert good.status_code == 200
    assert multipart.parse(good.headers["Content-Type"], good.content)["costmap"][1]["cost-map"]
    assert "net-pv" in send("ucdn-a", "/").json()["resources"]
    assert send("ucdn-b", "/net-pv", **body).status_code == 404
    assert send("ucdn-b", "/net-elements").status_code == 404
    assert "net-pv" not in send("ucdn-b", "/").text
    assert curl(f"{server.url}/net-pv")[0] == 401


def test_great(serve):
    """What takes long is a worker's; what is too much is refused."""
    server = serve("limits: {filter-entries: 4000}\n")
    srcs = [f"ipv4:192.0.2.{32 + n}" for n in range(16)]
    dsts = [f"ipv4:192.0.2.{n}" for n in range(16)]
    for repeat in range(200):
        dsts.append(f"ipv4:192.0.{repeat}.2")
    costs, _ = ask(server, "net-endpoint-cost-pv", endpoints(*srcs, dsts=dsts))
    assert len(costs["endpoint-cost-map"]) == 16
    many = [f"ipv6:2001:db8::4:{n:x}" for n in range(4000)]
    (serve.directory / "request.json").write_text(json.dumps(endpoints(*many, dsts=many)))
    ask_for = ["-H", f"Content-Type: {PARAMS}", f"{server.url}/net-endpoint-cost-pv"]
    # 16 million pairs are above the limit of pairs, which comes before any path is looked for.
    assert curl("--data-binary", f"@{serve.directory}/request.json", *ask_for)[0] == 413
