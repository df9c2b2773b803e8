#!/usr/bin/python3
"""Cost maps and endpoint costs at the size that Flow Director published: 250k prefixes in 1,700 PIDs, 1.3 M pairs.

usage: costs.py [--prefixes 250000] [--pids 1700] [--density 0.45] [--rounds 5] [--seconds 2]

One server thread on processor 0, h2load with one thread on processor 1, HTTP/2 in cleartext, identity. From exec to
ready, and the memory then. GET of the whole map beside a bare libh2o handler with the same bytes. A filtered cost map
of 20 sources and 200 destinations, all of which have costs, and the endpoint costs of one source and 1,000
destinations, other ones in every round. Then one row of the file of costs is written anew: the bytes of the patch, by
the log, and the processor time from the edit being seen until it is served. Last, on a server that may use all
processors, somebody asks for the directory every 2 ms while five rows change one after the other, with a follower of
the map: how long answers take then and before, and the longest turn of the serving thread, by the metrics. Rates are those of one processor, from
the processor time of the server's threads, connections included; medians of the rounds, and servers take turns.
"""
import argparse
import http.client
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

import benchlib
from benchlib import BUILD, Goals, Server, median, table

FILTER, ENDPOINTS = "alto-costmapfilter", "alto-endpointcostparams"
TYPE = {"cost-mode": "numerical", "cost-metric": "routingcost"}
GOAL_FILTERED, GOAL_ENDPOINTS, GOAL_PATCH, GOAL_GET = 5000, 2000, 0.01, 1.1
GOAL_TURN_MS = 10


class World:
    """Documents of this size: PIDs by country and site, costs with two decimal places in a file."""

    def __init__(self, folder, args):
        self.rnd = random.Random(20241126)
        self.folder = folder
        self.names = sorted(f"pid-{self.rnd.choice(['de', 'fr', 'us', 'br', 'jp'])}-site{n % 97:02d}-cluster-{n:05d}"
                            for n in range(args.pids))
        (folder / "data").mkdir(parents=True)
        pids = {name: {"ipv4": []} for name in self.names}
        for n in range(args.prefixes):
            pids[self.names[n % args.pids]]["ipv4"].append(self.prefix(n) + ".0/24")
        pids[self.names[0]]["ipv4"].append("0.0.0.0/0")
        (folder / "all.json").write_text(json.dumps({
            "version": 1, "network-maps": {"netmap": {"pids": pids}},
            "cost-maps": {"num-routingcost": {"network-map": "netmap", "costs-file": "data/costs.csv",
                                              **TYPE}}}))
        # Some have costs to all, so that a request can be for pairs that are all there.
        self.whole = set(self.names[::17])
        self.rows = {name: self.row(name, args.density) for name in self.names}
        self.prefixes = args.prefixes
        self.write()

    @staticmethod
    def prefix(n):
        return f"{16 + (n >> 16)}.{n >> 8 & 255}.{n & 255}"

    def row(self, name, density):
        return [f"{self.rnd.randrange(1, 100000) / 100}"
                if name in self.whole or self.rnd.random() < density else "" for _ in self.names]

    def write(self):
        """As one file takes the place of another."""
        text = ",".join(["source", *self.names]) + "\n"
        text += "".join(",".join([name, *row]) + "\n" for name, row in self.rows.items())
        new = self.folder / "data/.costs.csv"
        new.write_text(text)
        new.rename(self.folder / "data/costs.csv")

    def filtered(self):
        return {"cost-type": TYPE, "pids": {"srcs": self.rnd.sample(sorted(self.whole), 20),
                                            "dsts": self.rnd.sample(self.names, 200)}}

    def endpoint(self):
        return f"ipv4:{self.prefix(self.rnd.randrange(self.prefixes))}.{self.rnd.randrange(256)}"

    def endpoints(self):
        source = self.names.index(self.rnd.choice(sorted(self.whole)))
        return {"cost-type": TYPE, "endpoints": {"srcs": [f"ipv4:{self.prefix(source)}.1"],
                                                 "dsts": [self.endpoint() for _ in range(1000)]}}


class Case:
    """Requests to one URL of one server."""

    def __init__(self, name, server, path, media=None, bodies=None, load=("-c1", "-m4")):
        self.name, self.server, self.url = name, server, server.url + path
        self.fields = ["-H", f"content-type: application/{media}+json"] if media else []
        self.bodies, self.load = bodies, load
        self.requests, self.costs = 8, []

    def run(self, number, record=True):
        """Processor microseconds of the server for a request."""
        body = ["-d", self.bodies[number % len(self.bodies)]] if self.bodies else []
        args = ["taskset", "-c", "1", "h2load", "-t1", *self.load, f"-n{self.requests}", *self.fields, *body,
                self.url]
        before = benchlib.threads_seconds(self.server.pid)
        done = subprocess.run(list(map(str, args)), capture_output=True, text=True,
                              timeout=benchlib.PATIENCE_S, check=True)
        cost = (benchlib.threads_seconds(self.server.pid) - before) / self.requests * 1e6
        codes = dict((kind, int(n)) for n, kind in re.findall(r"(\d+) ([2345]xx)", done.stdout))
        if codes.get("2xx") != self.requests:
            raise RuntimeError(f"{self.url}: not {self.requests} answers:\n{done.stdout[-800:]}")
        if record:
            self.costs.append(cost)
        return cost

    def calibrate(self, seconds):
        cost = self.run(0, record=False)
        self.requests = max(self.requests, int(seconds * 1e6 / max(cost, 1)))


def download(url, body=None, media=None):
    words = ["-H", f"content-type: application/{media}+json", "--data-binary", f"@{body}"] if body else []
    return subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "--fail", "--max-time", "120", *words, url],
                          capture_output=True, check=True).stdout


def start(place, cpu=0):
    config = place / "footprintd.yaml"
    config.write_text('listen: [{address: "127.0.0.1:0"}]\nmetrics: {listen: "127.0.0.1:0"}\n'
                      f"footprints: {place}/footprints\nthreads: 1\n"
                      "limits: {document-bytes: 268435456}\nlog: {level: debug}\n")
    server = Server([BUILD / "footprintd", "--config", config], r"^footprintd: ready ", cpu=cpu)
    server.url = re.search(r"listen=(\S+)", server.ready_line).group(1)
    server.metrics = re.search(r"metrics=(\S+)", server.ready_line).group(1)
    return server


def change_one_row(world, server, goals, size):
    """The patch that one row costs; what is served then is what the file says."""
    name = world.names[len(world.names) // 2]
    world.rows[name] = [f"{float(cost) + 1:.2f}".rstrip("0").rstrip(".") if cost else "" for cost in world.rows[name]]
    before = benchlib.threads_seconds(server.pid)
    seen = len(server.lines)
    begun = time.monotonic()
    world.write()
    when, line = server.wait_for(r"generation 2: \d+ resources changed", seen)
    cost = benchlib.threads_seconds(server.pid) - before
    patch = int(re.search(r"(\d+) bytes of patches", line).group(1))
    served = json.loads(download(server.url + "/num-routingcost"))["cost-map"][name]
    wanted = {to: float(cost) for to, cost in zip(world.names, world.rows[name]) if cost}
    goals.holds("after the change, the row that the file has", served == wanted)
    goals.at_most("patch of one row of the body", patch / size, GOAL_PATCH)
    print(f"One row: {patch:,} bytes of patches, {patch / size:.3%} of the body; {when - begun:.2f} s from the "
          f"edit to the log, {cost:.2f} s of processor time\n{line}\n")


class Prober(threading.Thread):
    """Asks for the directory every 2 ms, on one connection, until it is stopped."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.client = http.client.HTTPConnection(url.partition("://")[2], timeout=benchlib.PATIENCE_S)
        self.taken, self.over = [], False
        self.start()

    def run(self):
        while not self.over:
            began = time.monotonic()
            self.client.request("GET", "/")
            self.client.getresponse().read()
            self.taken.append((time.monotonic() - began) * 1e3)
            time.sleep(0.002)

    def stop(self):
        self.over = True
        self.join()
        return sorted(self.taken)


def longest_turn(server):
    """Milliseconds, since this was asked before."""
    text = download(server.metrics + "/metrics").decode()
    return max(float(value) for value in re.findall(r"^footprintd_loop_stall_seconds\S* (\S+)", text, re.M)) * 1e3


def stalls(world, place, goals):
    """Nobody who asks for something small waits for what is made of a large map."""
    server = start(place, cpu=None)
    server.wait_for("compress: generation 1 is compressed")
    prober = Prober(server.url)
    time.sleep(3)
    idle = prober.stop()
    follower = subprocess.Popen([BUILD / "footprintctl", "watch", "--quiet", "--output-dir", place / "followed",
                                 server.url, "num-routingcost"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(3)
    longest_turn(server)
    prober = Prober(server.url)
    for n in range(5):
        name = world.names[n * 300 % len(world.names)]
        world.rows[name] = [f"{float(cost) + 1:.2f}".rstrip("0").rstrip(".") if cost else "" for cost in world.rows[name]]
        world.write()
        server.wait_for(f"compress: generation {n + 2} is compressed")
    busy = prober.stop()
    follower.terminate()
    follower.wait()
    worst = longest_turn(server)
    server.stop()
    table(["ms for the directory", "median", "p99", "greatest", "requests"],
          [[label, *(f"{values[int(q * (len(values) - 1))]:.2f}" for q in (0.5, 0.99, 1)), len(values)]
           for label, values in (("idle", idle), ("while rows change", busy))])
    goals.at_most("longest turn of the serving thread", worst, GOAL_TURN_MS, " ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prefixes", type=int, default=250000)
    parser.add_argument("--pids", type=int, default=1700)
    parser.add_argument("--density", type=float, default=0.45)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one run")
    args = parser.parse_args()
    benchlib.need(BUILD / "footprintd", BUILD / "tests/bare_h2o", "/usr/bin/h2load")
    print(f"costs: {benchlib.machine()}; medians of {args.rounds} rounds of {args.seconds:g} s\n")
    goals = Goals()
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        world = World(place / "footprints", args)
        server = start(place)
        ready = server.ready_at - server.started
        memory = server.status_kib("VmHWM") / 1024
        body = download(server.url + "/num-routingcost")
        (place / "map.json").write_bytes(body)
        pairs = body.count(b":")
        print(f"{len(body):,} bytes, about {pairs:,} pairs; ready in {ready:.2f} s, peak {memory:.0f} MiB, "
              f"{server.status_kib('VmRSS') / 1024:.0f} MiB then\n")
        server.wait_for("compress: generation 1 is compressed")
        requests = {}
        for kind, make in (("filtered", world.filtered), ("endpoints", world.endpoints)):
            requests[kind] = []
            for n in range(args.rounds):
                path = place / f"{kind}-{n}.json"
                path.write_text(json.dumps(make(), separators=(",", ":")))
                requests[kind].append(path)
        bare = Server([BUILD / "tests/bare_h2o", "--get", "/map", place / "map.json"], "^ready ", cpu=0)
        bare.url = re.search(r"ready (\S+?)/?$", bare.ready_line).group(1)
        cases = [Case("GET, whole", server, "/num-routingcost"), Case("GET, bare libh2o", bare, "/map"),
                 Case("filtered 20 x 200", server, "/num-routingcost-filtered", FILTER, requests["filtered"],
                      ("-c4", "-m8")),
                 Case("endpoint costs 1 x 1,000", server, "/endpoint-cost", ENDPOINTS, requests["endpoints"],
                      ("-c4", "-m8"))]
        for case in cases:
            case.calibrate(args.seconds)
        for number in range(args.rounds):
            for case in cases:
                case.run(number)
        answers = [len(download(cases[0].url)), len(download(cases[1].url)),
                   len(download(cases[2].url, requests["filtered"][0], FILTER)),
                   len(download(cases[3].url, requests["endpoints"][0], ENDPOINTS))]
        table(["request", "bytes of an answer", "processor time", "a second and processor"],
              [[case.name, f"{size:,}", f"{median(case.costs):,.0f} us ({min(case.costs):,.0f}-{max(case.costs):,.0f})",
                f"{1e6 / median(case.costs):,.0f}"] for case, size in zip(cases, answers)])
        ratio = median([x / y for x, y in zip(cases[0].costs, cases[1].costs)])
        goals.at_most("GET of the map, of bare libh2o's time", ratio, GOAL_GET)
        goals.at_least("filtered 20 x 200, a second and processor", 1e6 / median(cases[2].costs), GOAL_FILTERED)
        goals.at_least("endpoint costs 1 x 1,000, a second and processor", 1e6 / median(cases[3].costs),
                       GOAL_ENDPOINTS)
        change_one_row(world, server, goals, len(body))
        print(f"Peak after the change: {server.status_kib('VmHWM') / 1024:.0f} MiB")
        server.stop()
        bare.stop()
        stalls(world, place, goals)
    return 1 if goals.print() else 0


if __name__ == "__main__":
    sys.exit(main())
