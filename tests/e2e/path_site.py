"""A server with the topology of RFC 9275 8.4, and clients that ask it for path vectors."""
import json

import pytest
import requests

import multipart
import third_party
from event_stream import CONTROL, JSON_PATCH, PATCHES, split_name
from footprintd import Server, curl, write_config

COSTS = "multipart/related;type=application/alto-costmap+json"
ENDPOINTS = "multipart/related;type=application/alto-endpointcost+json"
FILTER = "application/alto-costmapfilter+json"
PARAMS = "application/alto-endpointcostparams+json"
STREAM_PARAMS = {"Content-Type": "application/alto-updatestreamparams+json"}
TYPE = {"cost-mode": "array", "cost-metric": "ane-path"}
BANDWIDTH, ENTITY = "max-reservable-bandwidth", "persistent-entity-id"

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


def names_in(value):
    """The names of elements in costs, in the order in which they come."""
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [name for item in items for name in names_in(item)]


def check(resource, costs, properties):
    """Both parts, one against the other."""
    first = "ecs" if "endpoint" in resource else "costmap"
    vtag = costs["meta"]["vtag"]
    assert vtag["resource-id"] == f"{resource}.{first}"
    assert properties["meta"]["dependent-vtags"][0] == vtag
    data = costs["endpoint-cost-map" if first == "ecs" else "cost-map"]
    assert {f".ane:{name}" for name in names_in(data)} == set(properties["property-map"])


def ask(server, resource, request, *args, **kwargs):
    """The parts of the answer, checked against one another."""
    status, headers, body = post(server, resource, request, *args, **kwargs)
    assert status == 200, body
    assert headers["cache-control"] == "no-store"
    parts = multipart.parse(headers["content-type"], body)
    (first, (_, costs)), (second, (media, properties)) = parts.items()
    assert (first, second, media) == ("ecs" if "endpoint" in resource else "costmap", "propmap",
                                      "application/alto-propmap+json")
    check(resource, costs, properties)
    wanted = request.get("cost-type") or {}
    assert costs["meta"]["cost-type"] == wanted
    assert costs["meta"].get("multi-cost-types") == request.get("multi-cost-types")
    return costs, properties


def renamed(costs, properties):
    """Names in the order in which they come, so that answers can be compared."""
    data = next(value for key, value in costs.items() if key != "meta")
    names = {}
    for name in names_in(data):
        names.setdefault(name, f"e{len(names) + 1}")

    def rename(value):
        return (names[value] if isinstance(value, str) else
                [rename(item) for item in value] if isinstance(value, list) else value)
    return ({src: {dst: rename(cost) for dst, cost in row.items()} for src, row in data.items()},
            {names[key.removeprefix(".ane:")]: value
             for key, value in properties["property-map"].items()})


def pids(*srcs, dsts, **more):
    return {"cost-type": TYPE, "pids": {"srcs": list(srcs), "dsts": dsts}, **more}


def endpoints(*srcs, dsts, **more):
    return {"cost-type": TYPE, "endpoints": {"srcs": list(srcs), "dsts": dsts}, **more}


class Stream:
    """An update stream with substreams of one resource, and what its client holds of them."""

    def __init__(self, server, resource, inputs, auth=None, **more):
        self.server, self.resource = server, resource
        self.response = requests.post(
            f"{server.url}/updates", stream=True, timeout=30, auth=auth, headers=STREAM_PARAMS,
            json={"add": {name: {"resource-id": resource, "input": made, **more}
                          for name, made in inputs.items()}})
        assert self.response.status_code == 200, self.response.content
        self.lines = self.response.iter_lines(chunk_size=1)
        self.held = {}  # substream to parts, by Content-ID
        event, data = self.event()
        assert event == CONTROL
        self.control_uri = json.loads(data)["control-uri"]

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
        return None

    def take(self):
        """The next data event, applied: (media type, substream, part or None)."""
        event, data = self.event()
        media, data_id = split_name(event)
        substream, _, part = data_id.partition(".")
        if media not in PATCHES:
            assert not part
            self.held[substream] = {name: document for name, (_, document)
                                    in multipart.parse(media, data + b"\n", whole=True).items()}
            return media, substream, None
        document = self.held[substream][part]  # it is one of the message's
        apply = third_party.apply_json_patch if media == JSON_PATCH else third_party.apply_merge_patch
        self.held[substream][part] = apply(document, json.loads(data))
        return media, substream, part

    def parts(self, name="a"):
        """Both, of a whole message."""
        media, substream, part = self.take()
        assert (substream, part) == (name, None) and media.startswith("multipart/related")
        return self.now(name)

    def now(self, name="a"):
        costs, properties = self.held[name].values()
        check(self.resource, costs, properties)
        return json.loads(json.dumps([costs, properties]))

    def control(self, **request):
        return requests.post(f"{self.server.url}{self.control_uri}", json=request, timeout=30,
                             headers=STREAM_PARAMS).status_code

    def close(self):
        self.response.close()
