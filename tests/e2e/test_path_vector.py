"""Path vectors (RFC 9275) as a client finds and asks them."""
import itertools
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
from footprintd import Server, curl, write_config
from identity import PASSWORD, digest_profile, write_ucdns

COSTS = "multipart/related;type=application/alto-costmap+json"
ENDPOINTS = "multipart/related;type=application/alto-endpointcost+json"
FILTER = "application/alto-costmapfilter+json"
PARAMS = "application/alto-endpointcostparams+json"
TYPE = {"cost-mode": "array", "cost-metric": "ane-path"}
BANDWIDTH, ENTITY = "max-reservable-bandwidth", "persistent-entity-id"
PROTOCOLS = pytest.mark.parametrize("protocol", ["--http1.1", "--http2-prior-knowledge"])

# That of RFC 9275 8.4: two clusters behind NET1 and NET2, and clients in NET3.
DOCUMENT = """version: 1
network-maps:
  netmap:
    default: true
    pids:
      PID1: {ipv4: [192.0.2.32/28], ipv6: ["2001:db8::3:0/112"]}
      PID2: {ipv4: [192.0.2.0/28]}
      PID3: {ipv4: [192.0.2.48/28], ipv6: ["2001:db8::4:0/112"]}
      PID4: {ipv4: [0.0.0.0/0], ipv6: ["::/0"]}
topologies:
  net:
    network-map: netmap
    public: true
    max-reservable-bandwidth: true
    elements: {MEC1: {capacity: 7}, MEC2: {}}
    nodes:
      n1: {pids: [PID2], capacity: 50000000000, element: MEC1}
      n2: {pids: [PID3], capacity: 50000000000, element: MEC2}
      n3: {pids: [PID1], capacity: 50000000000}
      far: {cidr: [198.51.100.0/24]}
    links:
      l1: {from: n1, to: n3, capacity: 10000000000}
      l2: {from: n2, to: n3, capacity: 15000000000}
"""
ALL = [BANDWIDTH, ENTITY]


@pytest.fixture
def serve(tmp_path):
    (tmp_path / "footprints").mkdir()
    servers = []

    def start(more="", document=DOCUMENT):
        (tmp_path / "footprints/all.yaml").write_text(document)
        write_config(tmp_path, more=more)
        servers.append(Server(tmp_path / "footprintd.yaml").__enter__())
        return servers[-1]

    start.directory = tmp_path
    yield start
    for server in servers:
        server.__exit__(None, None, None)


def post(server, resource, request, *args, accept=None):
    media = PARAMS if resource.endswith("endpoint-cost-pv") else FILTER
    accept = ["-H", f"Accept: {accept}"] if accept else []
    return curl("--data-binary", json.dumps(request), "-H", f"Content-Type: {media}", *accept, *args,
                f"{server.url}/{resource}")


def ask(server, resource, request, *args, **kwargs):
    """The parts of the answer, checked against one another."""
    status, headers, body = post(server, resource, request, *args, **kwargs)
    assert status == 200, body
    assert headers["cache-control"] == "no-store"
    parts = multipart.parse(headers["content-type"], body)
    (first, (_, costs)), (second, (media, properties)) = parts.items()
    assert (first, second, media) == ("ecs" if "endpoint" in resource else "costmap", "propmap",
                                      "application/alto-propmap+json")
    vtag = costs["meta"]["vtag"]
    assert vtag["resource-id"] == f"{resource}.{first}"
    assert properties["meta"]["dependent-vtags"][0] == vtag
    assert costs["meta"]["cost-type"] == TYPE
    data = costs["endpoint-cost-map" if first == "ecs" else "cost-map"]
    named = {f".ane:{name}" for row in data.values() for path in row.values() for name in path}
    assert named == set(properties["property-map"])
    return costs, properties


def renamed(costs, properties):
    """Names in the order in which they come, so that answers can be compared."""
    count = itertools.count(1)
    names = {}
    data = next(value for key, value in costs.items() if key != "meta")
    rows = {src: {dst: [names.setdefault(name, f"e{next(count)}") if name not in names else
                        names[name] for name in path] for dst, path in row.items()}
            for src, row in data.items()}
    return rows, {names[key.removeprefix(".ane:")]: value
                  for key, value in properties["property-map"].items()}


def pids(*srcs, dsts, **more):
    return {"cost-type": TYPE, "pids": {"srcs": list(srcs), "dsts": dsts}, **more}


def endpoints(*srcs, dsts, **more):
    return {"cost-type": TYPE, "endpoints": {"srcs": list(srcs), "dsts": dsts}, **more}


def test_directory(serve):
    server = serve()
    directory = json.loads(curl(f"{server.url}/")[2])
    resources = directory["resources"]
    capabilities = {"cost-type-names": ["path-vector"], "ane-property-names": ALL}
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
    # They are followed whole: by update streams, and without patches.
    paths = {"net-pv", "net-endpoint-cost-pv"}
    patched = resources["updates"]["capabilities"]["incremental-change-media-types"]
    assert set(resources["updates"]["uses"]) == set(patched) | paths and not paths & set(patched)
    assert set(resources["tips"]["uses"]) == set(patched)
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
    ({"or-constraints": [["lt 5"]]}, "E_INVALID_FIELD_VALUE", "or-constraints", '[["lt 5"]]'),
    ({"cost-type": {"cost-mode": "numerical", "cost-metric": "ane-path"}}, "E_INVALID_FIELD_VALUE",
     "cost-type/cost-mode", "numerical"),
    ({"cost-type": {"cost-mode": "array", "cost-metric": "routingcost"}}, "E_INVALID_FIELD_VALUE",
     "cost-type/cost-metric", "routingcost"),
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


class Stream:
    """An update stream with substreams of one resource."""

    def __init__(self, server, resource, inputs, auth=None):
        self.response = requests.post(
            f"{server.url}/updates", stream=True, timeout=30, auth=auth,
            headers={"Content-Type": "application/alto-updatestreamparams+json"},
            json={"add": {name: {"resource-id": resource, "input": made}
                          for name, made in inputs.items()}})
        assert self.response.status_code == 200, self.response.content
        self.lines = self.response.iter_lines(chunk_size=1)
        event, data = self.event()
        assert event == "application/alto-updatestreamcontrol+json" and b"control-uri" in data

    def event(self):
        """(type, data), as an EventSource hands them out."""
        event, data = None, []
        for line in self.lines:
            if not line and event:
                return event, b"\n".join(data)
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if name == b"event":
                event = value.decode()
            elif name == b"data":
                data.append(value)

    def parts(self, name="a"):
        event, data = self.event()
        media, _, substream = event.rpartition(",")
        assert substream == name
        return [part[1] for part in multipart.parse(media, data + b"\n").values()]

    def close(self):
        self.response.close()


REQUEST = pids("PID1", dsts=["PID2", "PID3"], **{"ane-property-names": ALL})


def names_in(parts):
    return {src + dst: path for src, row in parts[0]["cost-map"].items() for dst, path in row.items()}


def test_stream(serve):
    """RFC 9275 9.3, RFC 8895 6.7.3: whole messages, with names that stay for the stream."""
    server = serve()
    stream = Stream(server, "net-pv", {"a": REQUEST})
    first = stream.parts()
    assert renamed(*first) == renamed(*ask(server, "net-pv", REQUEST))

    def change(text):
        (serve.directory / "footprints/all.yaml").write_text(text)
        server.send(signal.SIGHUP)

    change(DOCUMENT.replace("capacity: 15000000000", "capacity: 16000000000"))
    second = stream.parts()
    assert second[0] == first[0]
    assert renamed(*second)[1]["e4"] == {BANDWIDTH: 16000000000}
    change(DOCUMENT + "      l3: {from: n3, to: far, igp-metric: 0}\n"
                      "      l4: {from: far, to: n2, igp-metric: 0}\n")
    third = names_in(stream.parts())
    before = names_in(first)
    assert third["PID1PID2"] == before["PID1PID2"]
    (start, *new, end), (old_start, _, old_end) = third["PID1PID3"], before["PID1PID3"]
    assert (start, end, len(new)) == (old_start, old_end, 2)
    # Answers and other streams of the same client have other names.
    assert not set(third["PID1PID2"]) & {name.removeprefix(".ane:")
                                         for name in names_of(server, REQUEST)}
    # What is not offered any more ends.
    change(DOCUMENT.split("topologies:")[0])
    event, data = stream.event()
    assert event == "application/alto-updatestreamcontrol+json"
    assert json.loads(data)["stopped"] == ["a"]
    stream.close()


def test_stream_of_endpoints(serve):
    server = serve()
    request = endpoints("ipv4:192.0.2.34", dsts=["ipv4:192.0.2.2"])
    stream = Stream(server, "net-endpoint-cost-pv", {"a": request})
    assert renamed(*stream.parts()) == renamed(*ask(server, "net-endpoint-cost-pv", request))
    stream.close()
    for input_, field in ((pids("PID1", dsts=[]), "add/a/input/endpoints"),
                          (endpoints(dsts=["ipv4:192.0.2.2"]), None)):
        refused = requests.post(
            f"{server.url}/updates", timeout=30,
            headers={"Content-Type": "application/alto-updatestreamparams+json"},
            json={"add": {"a": {"resource-id": "net-endpoint-cost-pv", "input": input_}}})
        assert refused.status_code == 400
        assert refused.json()["meta"]["code"] == "E_MISSING_FIELD"


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
            names.append({name for path in names_in(stream.parts()).values() for name in path})
            stream.close()
        assert len(set.union(*names)) == (5 if shared else 15)


def test_stream_of_great(serve):
    """Long lines are broken where JSON may be; empty lines are lines."""
    pids_ = "".join(f"      P{i}: {{ipv4: [10.{i}.0.0/16]}}\n" for i in range(200))
    document = DOCUMENT.replace("      PID1:", pids_ + "      PID1:").replace(
        "pids: [PID3]", "pids: [PID3, " + ", ".join(f"P{i}" for i in range(200)) + "]")
    server = serve(document=document)
    stream = Stream(server, "net-pv", {"a": {"cost-type": TYPE}})
    parts = stream.parts()
    stream.close()
    assert renamed(*parts) == renamed(*ask(server, "net-pv", {"cost-type": TYPE}))
    assert len(parts[0]["cost-map"]) == 203


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
