#!/usr/bin/python3
"""What the guard around libh2o costs: the same server with its functions in force, and hidden.

usage: guard.py [--rounds 9] [--seconds 1]

1 KB over HTTP/1.1, HTTP/2 in cleartext and HTTP/2 over TLS from tests/http_stub and
tests/http_stub_unguarded, one thread on processor 0, h2load on processor 1 as in serve.py, rounds
interleaved. Processor time of the server's threads a request; the difference is the median over the
rounds' own differences. Goal: at most 0.5 us.
"""
import argparse
import pathlib
import sys
import tempfile

import benchlib
from benchlib import BUILD, Goals, Server, median, table
from serve import PROTOCOLS, Case, make_certificate

PROGRAMS = {"with": "tests/http_stub", "without": "tests/http_stub_unguarded"}
GOAL_US = 0.5


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1)
    args = parser.parse_args()
    benchlib.need(*[BUILD / program for program in PROGRAMS.values()], "/usr/bin/h2load")
    print(f"guard: {benchlib.machine()}; medians of {args.rounds} rounds of {args.seconds:g} s\n")
    goals = Goals()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        make_certificate(place)
        for protocol in PROTOCOLS:
            tls = ["--tls", place / "cert.pem", place / "key.pem"] if "TLS" in protocol else []
            cases = {}
            for which, program in PROGRAMS.items():
                server = Server([BUILD / program, "--threads", 1, *tls], "^ready ", cpu=0)
                cases[which] = Case(which, protocol, server.ready_line.split()[1] + "/1k",
                                    server.pid)
                cases[which].calibrate(args.seconds)
            for n in range(args.rounds):
                for which in sorted(cases, reverse=n % 2 == 1):
                    cases[which].run()
            costs = {which: case.costs for which, case in cases.items()}
            over = [a - b for a, b in zip(costs["with"], costs["without"])]
            rows.append([protocol, f"{median(costs['without']):.2f} us",
                         f"{median(costs['with']):.2f} us", f"{median(over):+.2f} us",
                         f"{min(over):+.2f} to {max(over):+.2f}"])
            goals.at_most(f"{protocol}: cost of the guard", median(over), GOAL_US, " us")
            benchlib.stop_all()
    table(["1 KB", "without", "with", "difference", "range"], rows)
    sys.exit(1 if goals.print() else 0)


main()
