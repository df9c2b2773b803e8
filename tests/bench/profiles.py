#!/usr/bin/python3
"""What profiles of uCDNs cost: memory, time to ready and a reload, for one and for a thousand.

usage: profiles.py [--size 100k] [--profiles 1000] [--different 20,200] [--cpu 0]

The same documents, with databases of real scale, in each row: no profiles, one, a thousand that see
the same (each with another list of types, all of which have what there is), and a thousand of which
some have a document of their own beside what all see, as contracts are. To ready is processor time.
Memory is VmRSS then, before anything is compressed, and VmHWM after a SIGHUP with the same content.
"""
import argparse
import pathlib
import re
import shutil
import signal
import sys
import tempfile

import benchlib
import realdata
from benchlib import BUILD, Goals, Server, table

GOAL_ALIKE_MIB = 8
GOAL_ALIKE_TIME = 1.1

OWN = """version: 1
audience: [ucdn-{i}]
footprints:
  own-{i}: {{ipv4cidr: [198.18.{high}.{low}/32]}}
capabilities:
  - capability-type: FCI.DeliveryProtocol
    capability-value: {{delivery-protocols: [https/1.1]}}
    footprints: [own-{i}]
"""


def profiles(count):
    """No two lists of types are the same, and all of them have every type of the documents."""
    return "".join(f"ucdn-{i}: {{certificates: [{{san: dns:u{i}.example}}], capability-types: "
                   f"[FCI.CapacityLimits, FCI.DeliveryProtocol, FCI.X-{i}]}}\n"
                   for i in range(count))


def measure(source, databases, count, different, cpu):
    with tempfile.TemporaryDirectory(dir=benchlib.DATA) as name:
        place = pathlib.Path(name)
        shutil.copytree(source, place / "footprints")
        for i in range(different):
            (place / f"footprints/own-{i}.yaml").write_text(
                OWN.format(i=i, high=i // 256, low=i % 256))
        ucdns = place / "ucdns.yaml"
        ucdns.touch(mode=0o600)
        ucdns.write_text(profiles(count))
        country, city, asn = databases
        (place / "footprintd.yaml").write_text(
            f'listen: [{{address: "127.0.0.1:0"}}]\nfootprints: footprints\nthreads: 1\n'
            f"geoip: {{country: {country}, city: {city}, asn: {asn}}}\nlog: {{level: debug}}\n"
            f"watch: {{enabled: false}}\n" + ("ucdns: ucdns.yaml\n" if count else ""))
        ready = r"^footprintd: ready"
        with Server([BUILD / "footprintd", "--config", place / "footprintd.yaml"],
                    ready=ready, cpu=cpu) as server:
            start_s, rss = benchlib.cpu_seconds(server.pid), server.status_kib("VmRSS")
            since = len(server.lines)
            server.process.send_signal(signal.SIGHUP)
            server.wait_for(r"build: generation \d+", since)
            build = re.search(r"(\d+) ms", server.lines[server.matched_at][1])
            return {"start_s": start_s, "rss": rss / 1024, "reload_ms": build.group(1),
                    "after": server.status_kib("VmHWM") / 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="100k")
    parser.add_argument("--profiles", type=int, default=1000)
    parser.add_argument("--different", default="20,200")
    parser.add_argument("--cpu", type=int, default=0)
    args = parser.parse_args()
    benchlib.need(BUILD / "footprintd")
    databases = realdata.databases()
    source = realdata.documents(args.size)
    print(f"profiles: {benchlib.machine()}; {args.size} prefixes\n{realdata.SOURCE}\n")
    n = args.profiles
    cases = [("none", 0, 0), ("one", 1, 0), (f"{n} that see the same", n, 0)]
    cases += [(f"{n}, {d} with something of their own", n, int(d))
              for d in args.different.split(",") if d]
    rows, all_of = [], []
    for title, count, different in cases:
        m = measure(source, databases, count, different, args.cpu)
        all_of.append(m)
        rows.append([title, f"{m['start_s']:.2f}", f"{m['rss']:.0f}", m["reload_ms"],
                     f"{m['after']:.0f}"])
    table(["profiles", "to ready, s", "VmRSS, MiB", "reload, ms", "VmHWM then, MiB"], rows)
    goals = Goals()
    goals.at_most(f"{n} alike: memory beyond that of one", all_of[2]["rss"] - all_of[1]["rss"],
                  GOAL_ALIKE_MIB, " MiB")
    goals.at_most(f"{n} alike: time to ready, times that of one",
                  all_of[2]["start_s"] / all_of[1]["start_s"], GOAL_ALIKE_TIME)
    return 1 if goals.print() else 0


if __name__ == "__main__":
    sys.exit(main())
