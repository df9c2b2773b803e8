#!/usr/bin/python3
"""The filtered property map over HTTP/2: JSON in, join, JSON out.

usage: propmap.py [--size 100k] [--rounds 5] [--seconds 2]

One server thread on processor 0 (and its workers, which big requests go to), h2load with one thread
on processor 1, HTTP/2 in cleartext, databases of real scale. Small answers: country, AS number and
PID of 1,000 addresses a request. Big answers: cdni-capabilities of 1,000 addresses, beside a bare
libh2o handler that copies the same answer into fresh memory for every request and sends it. One
address a request: beside a bare handler that sends the request's body back. Every round has other
addresses, from the prefixes of the documents; servers take turns. Figures are processor time of the
servers' threads, connections included: medians of the rounds.
"""
import argparse
import ipaddress
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import benchlib
import realdata
from benchlib import BUILD, Goals, Server, median, table

MEDIA = ("content-type: application/alto-propmapparams+json",
         "accept: application/alto-propmap+json,application/alto-error+json")
SMALL = [".priv:asn", ".priv:countrycode", "netmap.pid"]
BIG = ["cdni.cdni-capabilities"]
MANY = 1000
GOAL_RATE, GOAL_COPY, GOAL_ECHO, SMALL_BYTES = 1.0, 0.7, 0.8, 256


def network_map(path):
    """Sixteen PIDs over the whole of both families."""
    pids = {f"pid-{n:02d}": {"ipv4": [f"{a}.0.0.0/8" for a in range(n, 256, 16)],
                             "ipv6": [f"{n:x}000::/4"]} for n in range(16)}
    path.write_text(json.dumps({"version": 1, "network-maps": {"netmap": {"pids": pids}}}))


def prefixes(folder):
    """The prefixes of the documents, IPv4 and IPv6."""
    found = {4: [], 6: []}
    for path in sorted(folder.glob("*.yaml")):
        for text in re.findall(r'^\s+- "?([0-9a-f.:]+/\d+)"?$', path.read_text(), re.M):
            found[6 if ":" in text else 4].append(text)
    return found


def addresses(found, family, count, rnd):
    """Of distinct random prefixes, with random host bits."""
    out = set()
    while len(out) < count:
        network = ipaddress.ip_network(rnd.choice(found[family]), strict=False)
        out.add(f"ipv{family}:{network[rnd.randrange(network.num_addresses)]}")
    return sorted(out, key=lambda _: rnd.random())


def request(path, entities, properties):
    path.write_text(json.dumps({"entities": entities, "properties": properties},
                               separators=(",", ":")))
    return path


def post(url, body, media=MEDIA):
    headers = [word for field in media for word in ("-H", field)]
    done = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "--fail", "--max-time", "60",
                           *headers, "--data-binary", f"@{body}", url], capture_output=True,
                          check=True)
    return done.stdout


class Case:
    """Requests to one URL."""

    media = MEDIA

    def __init__(self, url, pid, bodies, connections, streams):
        self.url, self.pid, self.bodies = url, pid, bodies
        self.load = (f"-c{connections}", f"-m{streams}")
        self.rates, self.costs, self.requests = [], [], connections * streams

    def run(self, round_number, record=True):
        """Requests/s, and processor microseconds a request, of all threads."""
        body = self.bodies[round_number % len(self.bodies)]
        url = self.url[round_number % len(self.url)]
        args = ["taskset", "-c", "1", "h2load", "-t1", *self.load, f"-n{self.requests}",
                *(word for field in self.media for word in ("-H", field)), "-d", body, url]
        before = benchlib.threads_seconds(self.pid)
        done = subprocess.run(list(map(str, args)), capture_output=True, text=True,
                              timeout=benchlib.PATIENCE_S, check=True)
        cost = (benchlib.threads_seconds(self.pid) - before) / self.requests * 1e6
        took = re.search(r"^finished in [\d.]+\w+, ([\d.]+) req/s", done.stdout, re.M)
        codes = dict((kind, int(n)) for n, kind in re.findall(r"(\d+) ([2345]xx)", done.stdout))
        if not took or codes.get("2xx") != self.requests:
            raise RuntimeError(f"{url}: not {self.requests} answers:\n{done.stdout[-800:]}")
        if record:
            self.rates.append(float(took.group(1)))
            self.costs.append(cost)
        return cost

    def calibrate(self, seconds):
        for n in range(2):
            cost = self.run(n, record=False)
        self.requests = max(self.requests * 4, int(seconds * 1e6 / cost))


def start_footprintd(place, size):
    country, city, asn = realdata.databases()
    (place / "footprints").mkdir()
    for path in realdata.documents(size).glob("*.yaml"):
        (place / "footprints" / path.name).symlink_to(path)
    network_map(place / "footprints/network-map.json")
    config = place / "footprintd.yaml"
    config.write_text('listen: [{address: "127.0.0.1:0"}]\n'
                      f"footprints: {place}/footprints\nthreads: 1\n"
                      f"geoip: {{country: {country}, city: {city}, asn: {asn}}}\n"
                      "log: {level: debug}\n")
    server = Server([BUILD / "footprintd", "--config", config], r"^footprintd: ready ", cpu=0)
    server.wait_for("compress: generation 1 is compressed")
    server.url = re.search(r"listen=(\S+)", server.ready_line).group(1) + "/propmap-filtered"
    return server


def us(values):
    return f"{median(values):,.1f} us ({min(values):,.1f}-{max(values):,.1f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="100k")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one run")
    args = parser.parse_args()
    benchlib.need(BUILD / "footprintd", BUILD / "tests/bare_h2o", "/usr/bin/h2load")
    print(f"propmap: {benchlib.machine()}; medians (least-greatest) of {args.rounds} rounds of "
          f"{args.seconds:g} s\n{realdata.SOURCE}\n")
    rnd = random.Random(20241107)
    goals = Goals()
    found = prefixes(realdata.documents(args.size))
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        server = start_footprintd(place, args.size)
        bodies, sizes, answers, bare_args = {}, {}, {}, []
        for family in (4, 6):
            for kind, properties, count in (("small", SMALL, MANY), ("big", BIG, MANY),
                                            ("one", SMALL, 1)):
                key = (kind, family)
                bodies[key], sizes[key], answers[key] = [], [], []
                for n in range(args.rounds):
                    body = request(place / f"{kind}{family}-{n}", addresses(found, family, count, rnd),
                                   properties)
                    answer = post(server.url, body)
                    told = len(json.loads(answer)["property-map"])
                    if told != count:
                        raise RuntimeError(f"{told} of {count} addresses have an answer")
                    bodies[key].append(body)
                    sizes[key].append(len(answer))
                    if kind == "big":
                        file = place / f"answer{family}-{n}"
                        file.write_bytes(answer)
                        answers[key].append(f"/copy{family}-{n}")
                        bare_args += ["--copy", answers[key][-1], file]
        bare = Server([BUILD / "tests/bare_h2o", *bare_args, "--echo", "/echo"], "^ready ", cpu=0)
        base = bare.ready_line.split()[1]
        cases = {}
        for (kind, family), body in bodies.items():
            load = (16, 16) if kind == "one" else (4, 2)
            cases[kind, family, "ours"] = Case([server.url], server.pid, body, *load)
            other = [base + "/echo"] if kind == "one" else [base + path for path in
                                                            answers[kind, family]]
            if other:
                cases[kind, family, "bare"] = Case(other, bare.pid, body, *load)
        for case in cases.values():
            case.calibrate(args.seconds)
        for n in range(args.rounds):
            for case in cases.values():
                case.run(n)
        server.stop()
        bare.stop()
    rows = []
    for kind, family in bodies:
        ours, bare = cases[kind, family, "ours"], cases.get((kind, family, "bare"))
        count = 1 if kind == "one" else MANY
        rate = count / median(ours.costs)
        # Rounds are pairs: what the machine did to one round it did to both.
        ratio = median(b / o for b, o in zip(bare.costs, ours.costs)) if bare else None
        size = median(sizes[kind, family]) / count
        rows.append([f"{kind}, IPv{family}", count, f"{size:,.0f}", us(ours.costs),
                     f"{median(ours.rates):,.0f}", f"{rate:.2f} M/s",
                     us(bare.costs) if bare else "", f"{ratio:.2f}" if bare else ""])
        if kind == "small":
            goals.at_most(f"small, IPv{family}: bytes an answer", size, SMALL_BYTES)
            goals.at_least(f"small, IPv{family}: addresses/s a core", rate, GOAL_RATE, " M/s")
        elif kind == "big":
            goals.at_least(f"big, IPv{family}: of the rate of copying the answers", ratio, GOAL_COPY)
        else:
            goals.at_least(f"one address, IPv{family}: of the rate of an echo", ratio, GOAL_ECHO)
    print("Processor time a request; addresses/s of one core of it")
    table(["answers", "addresses", "bytes an address", "footprintd", "requests/s", "addresses/s",
           "bare handler", "bare : footprintd"], rows)
    return 1 if goals.print() else 0


if __name__ == "__main__":
    sys.exit(main())
