#!/usr/bin/python3
"""Several costs in one answer (RFC 8189), and calendars (RFC 8896), beside one cost.

usage: multicost.py [--pids 400] [--rounds 5] [--seconds 1]

One server thread on processor 0, h2load with one thread on processor 1, HTTP/2 in cleartext, identity. Filtered cost
maps of 20 sources and 200 destinations, other ones in every round: of one metric, of three, of three with tests in
two groups, and a calendar of 24 intervals. Processor time of the server's threads for an answer, medians of the
rounds; cases take turns. Three metrics are to cost 1.5 times one at the most; a calendar no more than its share of
bytes.
"""
import argparse
import json
import pathlib
import random
import sys
import tempfile

import benchlib
from benchlib import BUILD, Goals, median, table
from costs import FILTER, Case, download, start

METRICS = ["routingcost", "delay-ow", "bw-available"]


def kind(metric):
    return {"cost-mode": "numerical", "cost-metric": metric}


def write_world(folder, names, rnd):
    (folder / "data").mkdir(parents=True)
    pids = {name: {"ipv4": [f"{16 + (n >> 8)}.{n & 255}.0.0/16"]} for n, name in enumerate(names)}
    pids[names[0]]["ipv4"].append("0.0.0.0/0")
    maps = {}
    for metric in METRICS:
        maps[f"num-{metric}"] = {"network-map": "netmap", "costs-file": f"data/{metric}.csv", **kind(metric)}
        rows = [",".join(["source", *names])]
        rows += [",".join([name, *(f"{rnd.randrange(1, 100000) / 100}" for _ in names)]) for name in names]
        (folder / f"data/{metric}.csv").write_text("\n".join(rows) + "\n")
    maps["load"] = {"network-map": "netmap", "costs-file": "data/load.csv", **kind("priv:load"),
                    "calendar": {"interval-s": 3600, "every": "day"}}
    rows = [",".join(["source", "destination", *(f"{hour:02d}:00" for hour in range(24))])]
    rows += [",".join([x, y, *(f"{rnd.randrange(1, 100000) / 100}" for _ in range(24))])
             for x in names[:60] for y in names]
    (folder / "data/load.csv").write_text("\n".join(rows) + "\n")
    (folder / "all.json").write_text(json.dumps({"version": 1, "network-maps": {"netmap": {"pids": pids}},
                                                 "cost-maps": maps}))


def bodies(names, rnd, rounds):
    """By case, a request for each round: all of a round are of the same pairs."""
    made = {"one": [], "three": [], "three, tested": [], "calendar": []}
    for _ in range(rounds):
        pids = {"srcs": rnd.sample(names[:60], 20), "dsts": rnd.sample(names, 200)}
        types = [kind(metric) for metric in METRICS]
        made["one"].append({"cost-type": types[0], "pids": pids})
        made["three"].append({"multi-cost-types": types, "pids": pids})
        made["three, tested"].append({"multi-cost-types": types, "pids": pids, "or-constraints": [
            ["[0] le 1000", "[1] le 1000"], ["[2] gt 0"]]})
        made["calendar"].append({"cost-type": kind("priv:load"), "calendared": [True], "pids": pids})
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pids", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one run")
    args = parser.parse_args()
    benchlib.need(BUILD / "footprintd", "/usr/bin/h2load")
    print(f"multicost: {benchlib.machine()}; medians of {args.rounds} rounds of {args.seconds:g} s\n")
    goals, rnd = Goals(), random.Random(20241126)
    names = [f"pid-{n:05d}" for n in range(args.pids)]
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        write_world(place / "footprints", names, rnd)
        server = start(place)
        server.wait_for("compress: generation 1 is compressed")
        cases, sizes = {}, {}
        for label, requests in bodies(names, rnd, args.rounds).items():
            paths = []
            for n, request in enumerate(requests):
                paths.append(place / f"{len(cases)}-{n}.json")
                paths[-1].write_text(json.dumps(request, separators=(",", ":")))
            path = "/load-filtered" if label == "calendar" else "/num-routingcost-filtered"
            cases[label] = Case(label, server, path, FILTER, paths, ("-c4", "-m8"))
            sizes[label] = len(download(server.url + path, paths[0], FILTER))
            cases[label].calibrate(args.seconds)
        for number in range(args.rounds):
            for case in cases.values():
                case.run(number)
        server.stop()
    table(["answer", "bytes", "processor time"],
          [[label, f"{sizes[label]:,}",
            f"{median(case.costs):,.0f} us ({min(case.costs):,.0f}-{max(case.costs):,.0f})"]
           for label, case in cases.items()])

    def ratio(label):
        return median([x / y for x, y in zip(cases[label].costs, cases["one"].costs)])

    goals.at_most("three metrics, of the time of one", ratio("three"), 1.5)
    goals.at_most("a calendar of 24, of its share of bytes", ratio("calendar") / (sizes["calendar"] / sizes["one"]), 1)
    print(f"Three with tests: {ratio('three, tested'):.2f} times one\n")
    return 1 if goals.print() else 0


if __name__ == "__main__":
    sys.exit(main())
