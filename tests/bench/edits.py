#!/usr/bin/python3
"""Documents changed over the admin interface: how long it takes, and what the history costs.

usage: edits.py [--cases REGEX] [--rounds 20] [--generations 10000]

Cases:
  put        100k prefixes in 100 documents: one is put; from the request to the answer, when it is
             durable and served, beside the rebuild that the log tells of when the same document is
             edited as a file
  put geoip  the same, with databases of real scale
  diff       1M prefixes in 1000 documents, databases of real scale: what would change with 1 and
             with 100 documents, addresses gained and lost; beside the rebuild
  history    --generations changes of one of 20 documents: status, lists, one generation, putting
             then and at the beginning; bytes of the database

The server is on processor 0, this program on processor 1. Rounds take turns: a request, and an edit
of a file that is read by SIGHUP.
"""
import argparse
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile
import time

import benchlib
import realdata
from benchlib import BUILD, Goals, Server, median, table
from updates import quantile, without_one

GOAL_PUT_MS = 50
GOAL_DIFF_MS = 300
GOAL_READ_MS = 50
GOAL_OVERHEAD = 4096  # bytes of the database a generation beyond the text that changed
TOKEN = "bench-0123456789abcdef"
WARM_UP = 3


class Footprintd(Server):
    def __init__(self, place, folder, databases=None, more=""):
        token = hashlib.sha256(TOKEN.encode()).hexdigest()
        (place / "tokens").write_text(f"bench:admin:{token}\n")
        (place / "tokens").chmod(0o600)
        keys = "\n".join(f"  {name}: {path}" for name, path in (databases or {}).items())
        config = place / "footprintd.yaml"
        config.write_text(
            f'listen: [{{address: "127.0.0.1:0"}}]\nfootprints: {folder}\nthreads: 1\n'
            f"watch: {{enabled: false}}\nstate: {place}/state\n"
            f'admin: {{listen: "127.0.0.1:0", tokens: {place}/tokens}}\n'
            + (f"geoip:\n{keys}\n" if databases else "") + more)
        super().__init__([BUILD / "footprintd", "--config", config], r"^footprintd: ready ", cpu=0)
        found = re.search(r"listen=http://(\S+) admin=http://(\S+)", self.ready_line)
        self.clients = [http.client.HTTPConnection(name, timeout=benchlib.PATIENCE_S)
                        for name in found.groups()]
        self.database = place / "state/history.db"

    def ask(self, method, path, body=None, kind="application/json"):
        """(milliseconds, answer) of the admin interface."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": kind}
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
        began = time.monotonic()
        self.clients[1].request(method, path, body, headers)
        answer = self.clients[1].getresponse()
        data = answer.read()
        took = (time.monotonic() - began) * 1e3
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:500]!r}")
        return took, json.loads(data)

    def tag(self):
        self.clients[0].request("HEAD", "/cdni")
        answer = self.clients[0].getresponse()
        answer.read()
        return answer.headers["ETag"]

    def put(self, name, text):
        """Milliseconds until it is answered; what is served then is another."""
        before = self.tag()
        took, _ = self.ask("PUT", f"/v1/documents/{name}?yes=1", text, "application/yaml")
        if self.tag() == before:
            raise RuntimeError("what was put is not served")
        return took

    def rebuild(self, path, text):
        """Milliseconds that the log tells of."""
        beside = path.with_name(f".{path.name}")
        beside.write_text(text)
        since = len(self.lines)
        os.replace(beside, path)
        self.process.send_signal(benchlib.signal.SIGHUP)
        line = self.wait_for(r"build: generation \d+: \d+ documents, .* in \d+ ms", since)[1]
        return float(re.search(r"in (\d+) ms", line).group(1))

    def bytes(self):
        return sum(p.stat().st_size for p in self.database.parent.glob("history.db*")
                   if not p.name.endswith("-shm"))


def row(name, values):
    return [name, *(f"{v:.1f}" for v in (median(values), quantile(values, 0.9),
                                         quantile(values, 0.99), max(values)))]


STATISTICS = ["ms", "median", "p90", "p99", "greatest"]


def can_lose_one(path):
    try:
        return without_one(path.read_text()) is not None
    except RuntimeError:
        return False


def databases():
    return dict(zip(("country", "city", "asn"), realdata.databases()))


def put(place, args, goals, geoip):
    folder = place / "documents"
    shutil.copytree(benchlib.documents("100k", count=100), folder)
    paths = [p for p in sorted(folder.glob("*.yaml")) if can_lose_one(p)]
    server = Footprintd(place, folder, databases() if geoip else None)
    puts, rebuilds = [], []
    for n in range(WARM_UP + args.rounds):
        path = paths[n % len(paths)]
        text = path.read_text()
        took = server.put(path.name, without_one(text))
        built = server.rebuild(path, text)  # has it again
        if n >= WARM_UP:
            puts.append(took)
            rebuilds.append(built)
    server.stop()
    what = "with databases" if geoip else "no databases"
    print(f"100k prefixes, 100 documents, {what}, {args.rounds} rounds")
    over = [a - b for a, b in zip(puts, rebuilds)]
    table(STATISTICS, [row("put to answer, served", puts), row("rebuild, of the log", rebuilds),
                       row("beyond it", over)])
    name = "put geoip" if geoip else "put"
    goals.at_most(f"{name}: beyond the rebuild, median", median(over), GOAL_PUT_MS, " ms")
    goals.at_most(f"{name}: beyond the rebuild, p90", quantile(over, 0.9), GOAL_PUT_MS, " ms")


def diff(place, args, goals, _):
    folder = place / "documents"
    shutil.copytree(realdata.documents("1m"), folder)
    paths = [p for p in sorted(folder.glob("*.yaml")) if can_lose_one(p)]
    server = Footprintd(place, folder, databases())
    for count in (1, 100):
        changed = {p.name: without_one(p.read_text()) for p in paths[:count]}
        diffs, rebuilds = [], []
        for n in range(WARM_UP + max(5, args.rounds // 2)):
            took, answer = server.ask("POST", "/v1/diff", {"documents": changed})
            if answer["same"]:
                raise RuntimeError("nothing would change")
            text = paths[0].read_text()
            built = server.rebuild(paths[0], without_one(text))
            server.rebuild(paths[0], text)
            if n >= WARM_UP:
                diffs.append(took)
                rebuilds.append(built)
        print(f"1M prefixes, 1000 documents, {count} changed: {answer['summary']}")
        over = [a - b for a, b in zip(diffs, rebuilds)]
        table(STATISTICS, [row("diff", diffs), row("rebuild, of the log", rebuilds),
                           row("beyond it", over)])
        goals.at_most(f"diff, {count} of 1000 documents: beyond the rebuild, median",
                      median(over), GOAL_DIFF_MS, " ms")
    server.stop()


def history(place, args, goals, _):
    folder = place / "documents"
    shutil.copytree(benchlib.documents("1k"), folder)
    paths = [p for p in sorted(folder.glob("*.yaml")) if can_lose_one(p)]
    originals = {p.name: p.read_text() for p in paths}
    server = Footprintd(place, folder, more="history: {keep: 1000000}\n")
    empty, written, puts = server.bytes(), 0, []
    for n in range(args.generations - 1):
        path = paths[n % len(paths)]
        lose = n // len(paths) % 2 == 0
        text = f"# change {n}\n" + originals[path.name]
        text = without_one(text) if lose else text
        puts.append(server.put(path.name, text))
        written += len(text.encode())
    rnd = random.Random(1)
    whole = args.generations
    cases = {"status": lambda: "/v1/status",
             "list, the newest 100": lambda: "/v1/generations?limit=100",
             "list, 100 anywhere": lambda: f"/v1/generations?limit=100&below={rnd.randint(2, whole)}",
             "one generation, anywhere": lambda: f"/v1/generations/{rnd.randint(1, whole)}",
             "audit, the newest 100": lambda: "/v1/audit?limit=100"}
    print(f"{args.generations} generations of 20 documents, one of which changes")
    rows = []
    for name, path in cases.items():
        taken = [server.ask("GET", path())[0] for _ in range(200)]
        rows.append(row(name, taken))
        goals.at_most(f"history: {name}, p99", quantile(taken, 0.99), GOAL_READ_MS, " ms")
    part = max(1, min(500, len(puts) // 4))
    rows += [row(f"put, the first {part}", puts[:part]), row(f"put, the last {part}", puts[-part:])]
    table(STATISTICS, rows)
    size = server.bytes()
    server.stop()
    after = server.bytes()
    overhead = (after - empty - written) / len(puts)
    print("Bytes of the database, with its journal")
    table(["with the first", "at the end", "closed", "texts that changed", "of all documents",
           "beyond the texts, a generation"],
          [[f"{empty:,}", f"{size:,}", f"{after:,}", f"{written:,}",
            f"{sum(len(t.encode()) for t in originals.values()) * len(puts):,}", f"{overhead:,.0f}"]])
    goals.at_most("history: bytes a generation beyond the texts that changed", overhead,
                  GOAL_OVERHEAD, "")
    goals.at_most("history: putting at the end, of the time at the beginning",
                  median(puts[-part:]) / median(puts[:part]), 1.5)


CASES = {"put": (put, False), "put geoip": (put, True), "diff": (diff, None),
         "history": (history, None)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", default=".", help="of " + ", ".join(CASES))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--generations", type=int, default=10000)
    args = parser.parse_args()
    benchlib.need(BUILD / "footprintd")
    os.sched_setaffinity(0, {1})
    print(f"edits: {benchlib.machine()}\n")
    goals = Goals()
    for name, (case, option) in CASES.items():
        if re.search(args.cases, name):
            with tempfile.TemporaryDirectory() as place:
                case(pathlib.Path(place), args, goals, option)
    return 1 if goals.print() else 0


if __name__ == "__main__":
    sys.exit(main())
