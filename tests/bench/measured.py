#!/usr/bin/python3
"""Measured costs, from a batch over the admin interface to the last of many subscribers.

usage: measured.py [--pids 400] [--pairs 10000] [--subscribers 1000] [--rounds 10]

A cost map with a cost for every pair of PIDs in a file; each round sends new costs of --pairs random pairs in one
POST, and every subscriber follows the map by an update stream over HTTP/2, 25 streams a connection. The server has one
thread for streams, and all of its threads are on processor 0; the client is on processor 1. Times are from the
beginning of the POST; a batch is sent when what the last one made is compressed. The anchor is a rebuild: what the log
says of the same change in the same run, when the file is edited and nobody follows it. The batch is to be with all
subscribers within that and 100 ms.
"""
import argparse
import json
import os
import pathlib
import random
import re
import sys
import tempfile
import time

import benchlib
import edits
import streams
from benchlib import BUILD, Goals, median, table

GOAL_MS = 100
WARM_UP = 2
LIMITS = {"update-opens-per-s": 1000000, "update-full-bytes-per-s": 1 << 34, "new-connections-per-s": 0,
          "connections-per-address": 0, "connections-per-network": 0, "streams-per-address": 0,
          "document-bytes": 1 << 28}


def write_world(folder, names, rnd):
    (folder / "data").mkdir(parents=True)
    pids = {name: {"ipv4": [f"{16 + (n >> 8)}.{n & 255}.0.0/16"]} for n, name in enumerate(names)}
    pids[names[0]]["ipv4"].append("0.0.0.0/0")
    (folder / "all.json").write_text(json.dumps({
        "version": 1, "network-maps": {"netmap": {"pids": pids}},
        "cost-maps": {"delay": {"network-map": "netmap", "cost-metric": "delay-ow", "cost-mode": "numerical",
                                "costs-file": "data/delay.csv"}}}))
    lines = ["source,destination,cost", *(f"{x},{y},{rnd.randrange(1, 10 ** 6) / 100}" for x in names for y in names)]
    (folder / "data/delay.csv").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pids", type=int, default=400)
    parser.add_argument("--pairs", type=int, default=10000)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=10)
    args = parser.parse_args()
    benchlib.need(BUILD / "footprintd", BUILD / "tests/bench_subscribers")
    os.sched_setaffinity(0, {1})
    print(f"measured: {benchlib.machine()}; {args.rounds} rounds\n")
    goals, rnd = Goals(), random.Random(20261126)
    names = [f"pid-{n:05d}" for n in range(args.pids)]
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        write_world(place / "footprints", names, rnd)
        server = edits.Footprintd(place, place / "footprints", more=f"limits: {json.dumps(LIMITS)}\nlog: {{level: debug}}\n")
        url = re.search(r"listen=(\S+)", server.ready_line).group(1)
        clients = streams.Subscribers(url + "/updates", streams.shape("h2", args.subscribers), streams.INITIAL,
                                      json.dumps({"add": {"a": {"resource-id": "delay"}}}))
        rows = {key: [] for key in ("batch to last arrival", "of it: patches", "of it: first to last arrival",
                                    "batch to its answer", "rebuild")}
        sizes = []
        for n in range(WARM_UP + args.rounds):
            chosen = rnd.sample(range(args.pids ** 2), args.pairs)
            body = json.dumps({"values": [
                {"source": names[k // args.pids], "destination": names[k % args.pids],
                 "cost": rnd.randrange(1, 10 ** 6) / 100} for k in chosen], "yes": True})
            server.wait_for(f"compress: generation {n + 1} is compressed")
            since = len(server.lines)
            began = time.monotonic_ns()
            answered, _ = server.ask("POST", "/v1/costs/delay", body)
            first, last, size = clients.next_event()
            patches = float(re.search(r"patches ([\d.]+) ms", server.wait_for(r"patches [\d.]+ ms", since)[1]).group(1))
            if n >= WARM_UP:
                whole = (last - began) / 1e6
                for key, value in zip(rows, (whole, patches, (last - first) / 1e6, answered)):
                    rows[key].append(value)
                sizes.append(size)
        clients.stop()
        # The same change without anybody who follows: read, checked, kept and made anew.
        data = place / "footprints/data/delay.csv"
        for n in range(args.rounds):
            lines = data.read_text().splitlines()
            for k in rnd.sample(range(1, len(lines)), args.pairs):
                lines[k] = f"{lines[k].rpartition(',')[0]},{rnd.randrange(1, 10 ** 6) / 100}"
            rows["rebuild"].append(server.rebuild(data, "\n".join(lines) + "\n"))
        server.stop()
    print(f"{args.pairs:,} of {args.pids ** 2:,} pairs a batch, {args.subscribers:,} subscribers; "
          f"{median(sizes):,.0f} bytes to each")
    table(["ms", "median", "least", "greatest"],
          [[key, *(f"{value:.1f}" for value in (median(values), min(values), max(values)))]
           for key, values in rows.items()])
    goals.at_most(f"{args.pairs:,} pairs with {args.subscribers:,} subscribers, beyond the rebuild",
                  median(rows["batch to last arrival"]) - median(rows["rebuild"]), GOAL_MS, " ms")
    return 1 if goals.print() else 0


if __name__ == "__main__":
    sys.exit(main())
