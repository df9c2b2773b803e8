#!/usr/bin/python3
"""From documents to a ready server: time, memory, sizes; and what a reload of the same costs.

usage: load.py [--sizes 1k,100k,1m] [--rounds 3] [--dump FILE]

Starts footprintd over generated documents (tests/tools/gen_footprints.py; kept in
build/bench-data), measures from exec to the ready line, waits for compression, reloads the same content three times.
Then the stages in one process (bench_stages), with libyaml alone as their anchor. --dump takes the
networks from a dump of the location database instead of the generator's model.
"""
import argparse
import subprocess
import sys
import tempfile
import urllib.request

import benchlib
from benchlib import BUILD, Goals, Server, median, table

RELOADS = 3
GOAL_READY_S, GOAL_PEAK_MIB = 2.0, 350
CODINGS = ("identity", "gzip", "br")


def fetch(url, coding):
    """(content coding, ETag, bytes on the wire)"""
    request = urllib.request.Request(url, headers={"Accept-Encoding": coding})
    with urllib.request.urlopen(request, timeout=benchlib.PATIENCE_S) as answer:
        size = 0
        while chunk := answer.read(1 << 20):
            size += len(chunk)
        return answer.headers.get("Content-Encoding", "identity"), answer.headers["ETag"], size


def head(url, coding):
    request = urllib.request.Request(url, headers={"Accept-Encoding": coding}, method="HEAD")
    with urllib.request.urlopen(request, timeout=benchlib.PATIENCE_S) as answer:
        return answer.headers.get("Content-Encoding", "identity"), answer.headers["ETag"]


def mib(kib):
    return kib / 1024


def run_server(config, with_sizes):
    """One life of a server: a dictionary of what was measured."""
    m = {}
    with Server([BUILD / "footprintd", "--config", config], r"^footprintd: ready ") as server:
        m["peak_ready"] = mib(server.status_kib("VmHWM"))
        m["ready_s"] = server.ready_at - server.started
        m["ready_cpu_s"] = benchlib.cpu_seconds(server.pid)
        url = server.ready_line.split("listen=")[1].split()[0] + "/cdni"
        done, _ = server.wait_for(r"compress: generation 1 is compressed")
        m["compressed_s"] = done - server.ready_at
        m["peak_compressed"] = mib(server.status_kib("VmHWM"))
        m["rss_compressed"] = mib(server.status_kib("VmRSS"))
        m["sizes"] = [fetch(url, coding) for coding in CODINGS] if with_sizes else []
        before = [head(url, coding) for coding in CODINGS]
        m["same"] = True
        m["reload_s"], m["recompress_s"], m["rss_reload"] = [], [], []
        for n in range(RELOADS):
            since = len(server.lines)
            asked = benchlib.time.monotonic()
            server.process.send_signal(benchlib.signal.SIGHUP)
            built, _ = server.wait_for(rf"build: generation {n + 2}: ", since)
            # Compressed bodies belong to the document: those of a new one would be missing now.
            m["same"] &= [head(url, coding) for coding in CODINGS] == before
            done, _ = server.wait_for(rf"compress: generation {n + 2} is compressed", since)
            m["reload_s"].append(built - asked)
            m["recompress_s"].append(done - built)
            m["rss_reload"].append(mib(server.status_kib("VmRSS")))
        m["peak_reload"] = mib(server.status_kib("VmHWM"))
    return m


def run_stages(folder):
    done = subprocess.run([BUILD / "tests/bench_stages", folder], capture_output=True, text=True,
                          timeout=benchlib.PATIENCE_S, check=True)
    return {name: float(value) for name, value in map(str.split, done.stdout.splitlines())}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1k,100k,1m")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dump", help="of the location database: tests/tools/make_loc_dump.sh")
    args = parser.parse_args()
    benchlib.need(BUILD / "footprintd", BUILD / "tests/bench_stages")
    print(f"load: {benchlib.machine()}; medians of {args.rounds} rounds\n")
    goals = Goals()
    life, reloads, bodies, stages = [], [], [], []
    for size in args.sizes.split(","):
        folder = benchlib.documents(size, "libloc" if args.dump else "synthetic", args.dump)
        runs = []
        with tempfile.TemporaryDirectory() as place:
            config = f"{place}/footprintd.yaml"
            with open(config, "w", encoding="utf-8") as file:
                file.write(f'listen: [{{address: "127.0.0.1:0"}}]\nfootprints: {folder}\n'
                           "log: {level: debug}\n")
            for n in range(args.rounds):
                runs.append(run_server(config, with_sizes=n == 0))
        m = {key: median(run[key] for run in runs)
             for key in ("ready_s", "ready_cpu_s", "compressed_s", "peak_ready", "peak_compressed",
                         "rss_compressed", "peak_reload")}
        life.append([size, f"{m['ready_s'] * 1e3:.0f} ms", f"{m['ready_cpu_s'] * 1e3:.0f} ms",
                     f"{m['compressed_s']:.2f} s", f"{m['peak_ready']:.0f}",
                     f"{m['peak_compressed']:.0f}", f"{m['rss_compressed']:.0f}",
                     f"{m['peak_reload']:.0f}"])
        reload_ms = median(s for run in runs for s in run["reload_s"]) * 1e3
        again_ms = median(s for run in runs for s in run["recompress_s"]) * 1e3
        rss = [median(run["rss_reload"][n] for run in runs) for n in range(RELOADS)]
        same = all(run["same"] for run in runs)
        reloads.append([size, f"{reload_ms:.0f} ms", f"{again_ms:.1f} ms",
                        " / ".join(f"{r:.0f}" for r in rss), "yes" if same else "NO"])
        bodies.append([size, *(f"{n} ({coding})" for coding, _, n in runs[0]["sizes"]),
                       runs[0]["sizes"][0][1]])
        s = run_stages(folder)
        stages.append([size, *(f"{s[k]:.0f}" for k in ("documents", "prefixes", "objects")),
                       *(f"{s[k]:.1f}" for k in ("read_ms", "libyaml_ms", "events_ms", "model_ms",
                                                 "snapshot_ms", "republish_ms", "free_ms")),
                       f"{s['model_ms'] / s['libyaml_ms']:.2f}"])
        goals.holds(f"{size}: reloads of the same content keep tags and bodies", same)
        # A body made again would be work for the compressor; what is shared is no work at all.
        goals.at_most(f"{size}: compression after a reload", again_ms, 50, " ms")
        if size == "1m":
            goals.at_most("1m: exec to ready", m["ready_s"], GOAL_READY_S, " s")
            goals.at_most("1m: peak memory when ready", m["peak_ready"], GOAL_PEAK_MIB, " MiB")
            goals.at_most("1m: peak memory, compressed and reloaded", m["peak_reload"],
                          GOAL_PEAK_MIB, " MiB")
    print("Start (memory in MiB: VmHWM, and VmRSS where it says so)")
    table(["prefixes", "exec to ready", "processor time", "until compressed", "peak: ready",
           "peak: compressed", "VmRSS then", f"peak: {RELOADS} reloads"], life)
    print("SIGHUP with the same content")
    table(["prefixes", "rebuild", "compression again", f"VmRSS after reload 1 to {RELOADS}, MiB",
           "same ETags and bodies"], reloads)
    print("Bytes of /cdni")
    table(["prefixes", *CODINGS, "tag"], bodies)
    print("Stages in one process, ms (medians of 5); model includes events; anchor: libyaml alone")
    table(["prefixes", "documents", "in footprints", "objects", "read", "libyaml", "events",
           "model", "snapshot", "republish", "free", "model : libyaml"], stages)
    return 1 if goals.print() else 0


if __name__ == "__main__":
    sys.exit(main())
