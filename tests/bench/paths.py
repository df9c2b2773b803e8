#!/usr/bin/python3
"""Path vectors over HTTP/2: one endpoint to a hundred, over a topology of 500 links.

usage: paths.py [--links 500] [--nodes 200] [--endpoints 100] [--rounds 5] [--seconds 2]

One server thread on processor 0, h2load with one thread on processor 1, HTTP/2 in cleartext. The
topology is random and connected; half of its nodes have a PID each, and every round asks from another
one to others, with max-reservable-bandwidth. Cases: an element for each link with random names,
names that stay, and elements that the same paths go through made one; beside them an answer without
any path, which costs what the request and HTTP cost. Figures are processor time of the server's
threads, connections included: medians of the rounds.
"""
import argparse
import json
import pathlib
import random
import re
import sys
import tempfile

import benchlib
from benchlib import BUILD, Goals, Server, median, table
from propmap import Case, post, us

MEDIA = ("content-type: application/alto-endpointcostparams+json",
         "accept: multipart/related;type=application/alto-endpointcost+json")
TYPE = {"cost-mode": "array", "cost-metric": "ane-path"}
PROPERTY = "max-reservable-bandwidth"
GOAL = 2000


class PathCase(Case):
    media = MEDIA


def topology(args, rnd, aggregate):
    """Every node is linked to one before it; the other links are anywhere."""
    nodes = {f"n{i:04d}": {"pids": [f"pid-{i:04d}"]} if i % 2 else {} for i in range(args.nodes)}
    names = list(nodes)
    pairs = [(i, rnd.randrange(i)) for i in range(1, args.nodes)]
    while len(pairs) < args.links:
        pair = tuple(rnd.sample(range(args.nodes), 2))
        pairs.append(pair)
    links = {f"l{n:04d}": {"from": names[a], "to": names[b], "igp-metric": rnd.randrange(1, 100),
                           "capacity": rnd.randrange(1, 100) * 10 ** 9}
             for n, (a, b) in enumerate(pairs)}
    return {"network-map": "netmap", "public": True, PROPERTY: True, "aggregate": aggregate,
            "nodes": nodes, "links": links}


def documents(args, rnd):
    pids = {f"pid-{i:04d}": {"ipv4": [f"10.{i // 256}.{i % 256}.0/24"]}
            for i in range(1, args.nodes, 2)}
    pids["rest"] = {"ipv4": ["0.0.0.0/0"]}
    seed = rnd.random()
    return {"version": 1, "network-maps": {"netmap": {"pids": pids}},
            "topologies": {name: topology(args, random.Random(seed), name == "aggregated")
                           for name in ("links", "aggregated")}}


def request(path, args, rnd, unknown=False):
    places = rnd.sample(range(1, args.nodes, 2), min(args.endpoints, args.nodes // 2 - 1) + 1)
    ends = [f"ipv4:{'198.51' if unknown else f'10.{i // 256}'}.{i % 256}.{rnd.randrange(256)}"
            for i in places]
    while len(ends) < args.endpoints + 1:
        ends.append(ends[-1].rsplit(".", 1)[0] + f".{len(ends) % 256}")
    path.write_text(json.dumps({"cost-type": TYPE, "ane-property-names": [PROPERTY],
                                "endpoints": {"srcs": ends[:1], "dsts": ends[1:]}},
                               separators=(",", ":")))
    return path


def start(place, names):
    config = place / f"{names}.yaml"
    config.write_text('listen: [{address: "127.0.0.1:0"}]\n'
                      f"footprints: {place}/footprints\nthreads: 1\n"
                      f"path-vector: {{ane-names: {names}}}\n")
    server = Server([BUILD / "footprintd", "--config", config], r"^footprintd: ready ", cpu=0)
    server.url = re.search(r"listen=(\S+)", server.ready_line).group(1)
    return server


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--links", type=int, default=500)
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--endpoints", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one run")
    args = parser.parse_args()
    benchlib.need(BUILD / "footprintd", "/usr/bin/h2load")
    print(f"paths: {benchlib.machine()}; medians (least-greatest) of {args.rounds} rounds of "
          f"{args.seconds:g} s; 1 x {args.endpoints} endpoints, {args.nodes} nodes, "
          f"{args.links} links\n")
    rnd = random.Random(20241107)
    goals = Goals()
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        (place / "footprints").mkdir()
        (place / "footprints/all.json").write_text(json.dumps(documents(args, rnd)))
        servers = {names: start(place, names) for names in ("random", "stable")}
        bodies = [request(place / f"request-{n}", args, rnd) for n in range(args.rounds)]
        nothing = [request(place / f"nothing-{n}", args, rnd, True) for n in range(args.rounds)]
        cases, elements = {}, {}
        for what, names, resource, asked in (("random names", "random", "links", bodies),
                                             ("names that stay", "stable", "links", bodies),
                                             ("aggregated", "random", "aggregated", bodies),
                                             ("no paths", "random", "links", nothing)):
            server = servers[names]
            url = f"{server.url}/{resource}-endpoint-cost-pv"
            answer = post(url, asked[0], MEDIA)
            elements[what] = len(answer), answer.count(b'".ane:')
            paths = answer.count(b'"ipv4:') - 1
            if paths != (args.endpoints if asked is bodies else -1):
                raise RuntimeError(f"{what}: {paths} paths")
            cases[what] = PathCase([url], server.pid, asked, 8, 4)
        for case in cases.values():
            case.calibrate(args.seconds)
        for n in range(args.rounds):
            for case in cases.values():
                case.run(n)
        for server in servers.values():
            server.stop()
    rows = []
    for what, case in cases.items():
        rate = 1e6 / median(case.costs)
        rows.append([what, f"{elements[what][0]:,}", elements[what][1], us(case.costs),
                     f"{median(case.rates):,.0f}", f"{rate:,.0f}"])
        goals.at_least(f"{what}: answers/s a core", rate, GOAL)
    print("Processor time a request; answers/s of one core of it")
    table(["answers", "bytes", "elements", "footprintd", "requests/s", "answers/s a core"], rows)
    return 1 if goals.print() else 0


if __name__ == "__main__":
    sys.exit(main())
