"""Where two jobs run, each of which reads what one store has, so that both together read the fastest.

Each domain says which elements a path goes through. What paths share, they have to share out.
"""
import itertools
import json
import os
import pathlib
import subprocess

import multipart

BANDWIDTH, ENTITY = "max-reservable-bandwidth", "persistent-entity-id"
STORES = {"store-1": "ipv4:192.0.2.1", "store-2": "ipv4:192.0.2.129"}
CLUSTERS = {"cluster-1": "ipv4:198.51.100.1", "cluster-2": "ipv4:198.51.100.129"}
# How domain B knows the peerings by which domain A names its ways out.
PEERINGS = {"wan-elements.ane:peering-1": "ipv4:203.0.113.1",
            "wan-elements.ane:peering-2": "ipv4:203.0.113.129"}


def curl(*args):
    return subprocess.run(["curl", "-sSf", *args], check=True, capture_output=True).stdout


def paths(domain, sources, destinations):
    """(source, destination): {element: its properties}; an answer's names are its own."""
    server = os.environ["ALTO_" + domain]
    entry = json.loads(curl(server + "/"))["resources"]["wan-endpoint-cost-pv"]
    request = {"cost-type": {"cost-mode": "array", "cost-metric": "ane-path"},
               "ane-property-names": entry["capabilities"]["ane-property-names"],
               "endpoints": {"srcs": list(sources), "dsts": list(destinations)}}
    content_type = curl("-H", f"Content-Type: {entry['accepts']}", "--data-binary", json.dumps(request),
                        "-o", "answer", "-w", "%{content_type}", server + entry["uri"]).decode()
    body = pathlib.Path("answer").read_bytes()
    (_, costs), (_, elements) = multipart.parse(content_type, body).values()
    properties = {name.removeprefix(".ane:"): value for name, value in elements["property-map"].items()}
    return {(source, destination): {(domain, name): properties[name] for name in names}
            for source, row in costs["endpoint-cost-map"].items() for destination, names in row.items()}


def rates(flows):
    """The fair share of each flow, in Gbit/s: the element that is the narrowest for its flows decides first."""
    left = {name: value[BANDWIDTH] for flow in flows for name, value in flow.items() if BANDWIDTH in value}
    open_flows, given = set(range(len(flows))), {}
    while open_flows:
        share, name = min((room / len(users), name) for name, room in left.items()
                          if (users := [i for i in open_flows if name in flows[i]]))
        for i in [i for i in open_flows if name in flows[i]]:
            given[i] = share
            open_flows.remove(i)
            for element in flows[i]:
                if element in left:
                    left[element] -= share
    return [given[i] / 1e9 for i in range(len(flows))]


in_a = paths("A", STORES.values(), CLUSTERS.values())
in_b = paths("B", PEERINGS.values(), CLUSTERS.values())
best = None
for clusters in itertools.product(CLUSTERS, repeat=len(STORES)):
    flows = []
    for store, cluster in zip(STORES, clusters):
        way = in_a[STORES[store], CLUSTERS[cluster]]
        peering = next(value[ENTITY] for value in way.values() if ENTITY in value)
        flows.append(way | in_b[PEERINGS[peering], CLUSTERS[cluster]])
    found = rates(flows)
    if best is None or sum(found) > best[0]:
        best = sum(found), ", ".join(f"{store} at {cluster} with {rate:g}" for store, cluster, rate
                                     in zip(STORES, clusters, found))
print(best[1])
