#!/usr/bin/python3
"""Rebuilds with databases of real scale: time and memory, offline and while an old snapshot serves.

usage: rebuild.py [--sizes 100k,1m] [--rounds 5] [--cpu 0]

One process of bench_rebuild for each size (and one with --trim, for memory). Times are processor
time on one pinned processor, medians; "by the clock" is what they took on this machine.
"""
import argparse
import sys

import benchlib
import realdata
from benchlib import BUILD, Goals, table

KINDS = (("offline", "from files to a snapshot, first"),
         ("swap", "the same, an old snapshot alive"),
         ("edit", "documents only, an old snapshot alive"))
STAGES = ("databases_ms", "read_ms", "model_ms", "snapshot_ms", "whole_cpu_ms", "whole_ms")
GOAL_S = {"100k": 0.6, "1m": 2.5}
GOAL_OFFLINE_MIB, GOAL_SWAP_MIB = 350, 900


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="100k,1m")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpu", type=int, default=0)
    args = parser.parse_args()
    program = BUILD / "tests/bench_rebuild"
    benchlib.need(program)
    country, city, asn = realdata.databases()
    print(f"rebuild: {benchlib.machine()}; medians of {args.rounds} rounds\n{realdata.SOURCE}\n")
    goals, rows, peaks = Goals(), [], []
    for size in args.sizes.split(","):
        run = (args.cpu, program, "--rounds", args.rounds)
        files = (realdata.documents(size), country, city, asn)
        m = {key: v[0] for key, v in realdata.run_pinned(*run, *files).items()}
        trimmed = {key: v[0] for key, v in realdata.run_pinned(*run, "--trim", *files).items()}
        for kind, title in KINDS:
            rows.append([size, title, *(f"{m[f'{kind}:{stage}']:.0f}" for stage in STAGES),
                         f"{m['edit:join_ms']:.0f}"])
        mib = [m["offline:peak_kib"], m["edit:peak_kib"], m["swap:peak_kib"],
               trimmed["edit:peak_kib"], trimmed["swap:peak_kib"]]
        peaks.append([size, *(f"{kib / 1024:.0f}" for kib in mib)])
        goals.at_most(f"{size}: full rebuild, processor time",
                      max(m["offline:whole_cpu_ms"], m["swap:whole_cpu_ms"]) / 1e3,
                      GOAL_S.get(size, 2.5), " s")
        goals.at_most(f"{size}: peak offline", m["offline:peak_kib"] / 1024, GOAL_OFFLINE_MIB,
                      " MiB")
        goals.at_most(f"{size}: peak of live swaps", m["swap:peak_kib"] / 1024, GOAL_SWAP_MIB,
                      " MiB")
    print("Milliseconds of processor time; the join is part of the snapshot")
    table(["prefixes", "rebuild", "databases", "read", "model", "snapshot", "whole",
           "whole, by the clock", "join alone"], rows)
    print("Peak of resident memory, MiB")
    table(["prefixes", "offline", "edits", "edits and swaps", "edits, trimmed",
           "edits and swaps, trimmed"], peaks)
    return 1 if goals.print() else 0


if __name__ == "__main__":
    sys.exit(main())
