#!/usr/bin/python3
"""Update streams (RFC 8895): from an edit to the last of many subscribers.

usage: updates.py [--cases REGEX] [--rounds 15] [--edits 100] [--events 1000] [--stall 60]

Cases:
  fan-out h2, fan-out h1   one event of 1 KB to 5,000 subscribers, beside nginx with nchan that
                           publishes the same bytes: 200 connections of 25 streams; 5,000 of one
  hold                     20,000 subscribers over --events events: memory
  edit                     100k prefixes in 200 documents: one is edited, 1,000 subscribers, --edits
                           times
  bytes                    a prefix added, removed, changed among 1,000: bytes on the wire
  stall h2, stall h1       readers that stop for --stall seconds under --events edits

The server has one thread for streams, and all of its threads are on processor 0; the client is on
processor 1. A change is an edit of a document and SIGHUP. Arrivals are taken by the client, on the
clock that this program has too.
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile
import time

import benchlib
import serve
import streams
from benchlib import BUILD, Goals, median, rss_kib, table

FAN_OUT = 5000
GOAL_TIME = {"h2": 1 / 8, "h1": 0.7}
GOAL_MEMORY = {"h2": 0.65, "h1": 1.0}
HELD = 20000
GOAL_HELD_KIB = 1024  # of growth over all events
EDITED = 1000
GOAL_EDIT_MS = 100
GOAL_BYTES = 340
STALLED = 100
GOAL_STALL_KIB = 1024
WARM_UP = 3
STALL_WARM_UP = 300


def ms(values):
    """Median (least-greatest) of nanoseconds."""
    return f"{median(values) / 1e6:.1f} ({min(values) / 1e6:.1f}-{max(values) / 1e6:.1f}) ms"


def quantile(values, q):
    """The least value that so many are not above."""
    return sorted(values)[max(0, -(-int(q * 1000) * len(values) // 1000) - 1)]


def document(values):
    listed = "\n".join(f'      - "{value}"' for value in values)
    return (f"version: 1\nfootprints:\n  caches:\n    cidr:\n{listed}\ncapabilities:\n"
            "  - capability-type: FCI.DeliveryProtocol\n"
            "    capability-value: {delivery-protocols: [http/1.1, https/1.1]}\n"
            "    footprints: [caches]\n")


def one_kb(n):
    """Whose advertisement has about 1 KB; edit n has a prefix that no other has."""
    return document([f"2001:db8:{0x8000 + n:x}::/48"] +
                    [f"2001:db8:{0x1000 + i:x}::/48" for i in range(33)])


def start(place, text, name="documents", updates=None, limits=None):
    folder = place / name
    folder.mkdir()
    (folder / "document.yaml").write_text(text)
    server = streams.Footprintd(place, folder, updates, limits)
    server.document = folder / "document.yaml"
    return server


class Side:
    """One server of a fan-out: memory, and every round's times."""

    def __init__(self, pid, subscribe, publish):
        self.pid, self.publish = pid, publish
        with subscribe(1) as one:  # what a server makes once
            publish(one)
        self.before = rss_kib(pid)
        self.clients = subscribe(FAN_OUT)
        self.connected = rss_kib(pid)
        self.spread, self.whole, self.cpu, self.client, self.bytes = [], [], [], [], 0

    def processor(self):
        return [benchlib.threads_seconds(pid) / FAN_OUT * 1e6 for pid in
                (self.pid, self.clients.pid)]

    def round(self, record):
        used = self.processor()
        began, first, last, self.bytes = self.publish(self.clients)
        if record:
            self.spread.append(last - first)
            self.whole.append(last - began)
            for values, before, after in zip((self.cpu, self.client), used, self.processor()):
                values.append(after - before)

    def finish(self):
        self.memory = (rss_kib(self.pid) - self.before) * 1024 / FAN_OUT
        self.at_once = (self.connected - self.before) * 1024 / FAN_OUT
        self.clients.stop()

    def row(self, name, less=None):
        return [name, ms(self.spread), ms(self.whole), ms(less) if less else "",
                f"{median(self.cpu):.2f} us", f"{median(self.client):.2f} us",
                f"{self.at_once:,.0f}", f"{self.memory:,.0f}", f"{self.bytes:,.0f}"]


def fan_out(place, transport, args, goals):
    ours = start(place, one_kb(0))
    nchan = streams.Nchan(place / "nginx")

    def edit(clients):
        began = ours.edit(ours.document, one_kb(ours.generation))
        return began, *clients.next_event()

    def publish(clients):
        began = nchan.publish(body, "application/alto-cdni+json,a")
        event = clients.next_event()
        nchan.answered()
        return began, *event

    body = serve.curl(ours.url + f"/{streams.RESOURCE}")[1]
    sides = [Side(ours.work_pid,
                  lambda n: ours.subscribe(streams.shape(transport, n), incremental=False), edit),
             Side(nchan.work_pid,
                  lambda n: nchan.subscribe(transport, streams.shape(transport, n)), publish)]
    generations = []
    for n in range(WARM_UP + args.rounds):
        for side in sides if n % 2 else reversed(sides):
            side.round(n >= WARM_UP)
        generations += [ours.generation] if n >= WARM_UP else []
    for side in sides:
        side.finish()
    ours.wait_told()
    rebuild = [ours.parts()[n]["rebuild"] * 1e6 for n in generations]
    ours.stop()
    nchan.stop()
    a, b = sides
    less = [whole - built for whole, built in zip(a.whole, rebuild)]
    print(f"{transport}: an event of {len(body)} bytes to {FAN_OUT} subscribers; bytes of memory "
          "and on the wire a subscriber")
    table(["server", "first to last", "trigger to last", "less rebuild", "processor a delivery",
           "client's", "RSS, connected", f"RSS, {WARM_UP + args.rounds} events later", "wire"],
          [a.row("footprintd", less), b.row("nginx + nchan")])
    # Rounds are pairs: what the machine did to one round it did to both.
    goals.at_most(f"fan-out {transport}: first to last arrival, of nchan's time",
                  median(x / y for x, y in zip(a.spread, b.spread)), GOAL_TIME[transport])
    goals.at_most(f"fan-out {transport}: trigger to last arrival less the rebuild, of nchan's time",
                  median(x / y for x, y in zip(less, b.whole)), GOAL_TIME[transport])
    goals.at_most(f"fan-out {transport}: of nchan's memory a subscriber", a.memory / b.memory,
                  GOAL_MEMORY[transport])


def hold(place, _, args, goals):
    server = start(place, one_kb(0))
    before = rss_kib(server.pid)
    with server.subscribe(streams.shape("h2", HELD)) as clients:
        held = rss_kib(server.pid)
        seen, times = [], []
        for n in range(args.events):
            began = server.edit(server.document, one_kb(server.generation))
            times.append(clients.next_event()[1] - began)
            seen.append(rss_kib(server.pid))
    # What is free is given back behind the compression of the next generation.
    with server.subscribe(streams.shape("h2", 1)) as one:
        server.edit(server.document, one_kb(server.generation))
        one.next_event()
    time.sleep(1)
    after = rss_kib(server.pid)
    server.stop()
    marks = [0, len(seen) // 10, len(seen) // 2, len(seen) - 1]
    print(f"{HELD} subscribers over HTTP/2, {HELD // 25} connections; RSS in KiB")
    table(["before", "connected", *(f"event {n + 1}" for n in marks), "all gone",
           "bytes a subscriber", "trigger to last"],
          [[before, held, *(seen[n] for n in marks), after,
            f"{(seen[-1] - before) * 1024 / HELD:,.0f}", ms(times)]])
    warm = seen[len(seen) // 10:]
    slope = 0.0
    if len(warm) > 1:
        middle = (len(warm) - 1) / 2
        slope = (sum((n - middle) * kib for n, kib in enumerate(warm)) /
                 sum((n - middle) ** 2 for n in range(len(warm))))
    print(f"slope from event {len(seen) // 10} on: {slope * 1024:.0f} bytes an event\n")
    goals.at_most(f"hold: growth over {args.events} events", slope * args.events, GOAL_HELD_KIB,
                  " KiB")


def without_one(text):
    """A document without one of the prefixes of its first footprint."""
    found = re.search(r'^\s+cidr:\n(?:\s+- \S+\n)(\s+- \S+\n)', text, re.M)
    if not found:
        raise RuntimeError("a generated document without two prefixes at the start of a footprint")
    return text[:found.start(1)] + text[found.end(1):]


def edits(place, _, args, goals):
    folder = place / "documents"
    shutil.copytree(benchlib.documents("100k"), folder)
    paths = sorted(folder.glob("*.yaml"))
    originals = {path: path.read_text() for path in paths}
    server = streams.Footprintd(place, folder)
    clients = server.subscribe(streams.shape("h2", EDITED))
    whole, spread, sizes, generations = [], [], [], []
    for n in range(WARM_UP + args.edits):
        # Each document loses a prefix, then each gets its own again.
        path = paths[n % len(paths)]
        lose = n // len(paths) % 2 == 0
        began = server.edit(path, without_one(originals[path]) if lose else originals[path])
        first, last, size = clients.next_event()
        if n >= WARM_UP:
            whole.append(last - began)
            spread.append(last - first)
            sizes.append(size)
            generations.append(server.generation)
    server.wait_told()
    parts = server.parts()
    clients.stop()
    server.stop()
    names = sorted({name for n in generations for name in parts[n]},
                   key=lambda name: (name != "rebuild", name))
    over = [w - parts[n]["rebuild"] * 1e6 for w, n in zip(whole, generations)]
    rows = [["edit to last arrival", whole], *([f"of it: {name}", [parts[n].get(name, 0) * 1e6
            for n in generations]] for name in names),
            ["of it: first to last arrival", spread], ["beyond the rebuild", over]]
    print(f"100k prefixes, 200 documents, {EDITED} subscribers over HTTP/2, {len(whole)} edits; "
          f"{median(sizes):,.0f} ({min(sizes):,.0f}-{max(sizes):,.0f}) bytes a subscriber")
    table(["ms", "median", "p90", "p99", "greatest"],
          [[name, *(f"{v / 1e6:.1f}" for v in (median(values), quantile(values, 0.9),
                                               quantile(values, 0.99), max(values)))]
           for name, values in rows])
    goals.at_most("edit: p99 to the last subscriber beyond the rebuild",
                  quantile(over, 0.99) / 1e6, GOAL_EDIT_MS, " ms")


def changes(values, fresh, rnd):
    """(what, prefixes) one after the other: added, removed, changed, in several places."""
    for place in (0, len(values) // 2, len(values) - 1, rnd.randrange(len(values))):
        removed = values[:place] + values[place + 1:]
        yield "removed", removed
        yield "added", values
        values = removed + [fresh.pop()]  # the value is another, and lies elsewhere
        yield "changed", values


def wire_bytes(place, _, args, goals):
    rnd = random.Random(8895)
    families = {"IPv4": [f"{a}.{b}.{c}.0/24" for a, b, c in
                         (rnd.sample(range(1, 224), 1) + rnd.sample(range(256), 2)
                          for _ in range(2000)) if a not in (10, 127)],
                "IPv6": [f"2001:{a:x}:{b:x}::/48" for a, b in
                         (rnd.sample(range(0x1000, 0xffff), 2) for _ in range(2000))]}
    rows = []
    for family, pool in families.items():
        pool = sorted(set(pool), key=lambda _: rnd.random())
        values, fresh = pool[:1000], pool[1000:]
        server = start(place, document(values), f"documents-{family}")
        clients = server.subscribe(streams.shape("h2", 1))
        sizes = {}
        for what, changed in changes(values, fresh, rnd):
            server.edit(server.document, document(changed))
            sizes.setdefault(what, []).append(clients.next_event()[2])
        sample = clients.command("last", "^last ")
        clients.stop()
        server.stop()
        for what, seen in sizes.items():
            rows.append([f"{family} prefix {what}", *(f"{n:.0f}" for n in seen)])
            goals.at_most(f"bytes: {family} prefix {what}", max(seen), GOAL_BYTES, " bytes")
        print(f"{family}: {sample[:500]}")
    print("\nOne of 1,000 prefixes, DATA frames with their heads; four places of the list")
    table(["change", "first", "middle", "last", "any"], rows)


def stall(place, transport, args, goals):
    # Patches over HTTP/2, where a stream's window is soon used up. Full replacements of 10 KB over
    # HTTP/1.1, where the kernel's buffers are between a server and a reader that has stopped.
    more = [f"2001:db9:{0x1000 + i:x}::/48" for i in range(400)] if transport == "h1" else []

    def text(n):
        return one_kb(n) if not more else document([f"2001:db8:{0x8000 + n:x}::/48", *more])

    server = start(place, text(0), updates={"stall-s": 3600}, limits={"send-timeout-s": 3600})
    shape = streams.shape(transport, STALLED)
    patched = transport == "h2"
    live = server.subscribe(shape, patched)
    stalled = server.subscribe(
        [*shape, *(["--window", 65535] if patched else ["--receive-buffer", 16384])], patched)
    warm = []
    for _ in range(STALL_WARM_UP):  # until as many versions are kept as ever
        server.edit(server.document, text(server.generation))
        live.next_event()
        stalled.next_event()
        warm.append(rss_kib(server.pid))
    stalled.command("stop", "^stopped")
    stalled.mark()
    # What a rebuild takes while it lasts is in both.
    before, seen, times = max(warm[len(warm) // 2:]), [], []
    began = time.monotonic()
    for n in range(args.events):
        wait = began + args.stall * n / args.events - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        at = server.edit(server.document, text(server.generation))
        times.append(live.next_event()[1] - at)
        seen.append(rss_kib(server.pid))
    stood = time.monotonic() - began
    newest = f"2001:db8:{0x8000 + server.generation - 1:x}::/48"
    stalled.command(f"find {newest}", "^looking")
    resumed = time.monotonic_ns()
    since = len(stalled.lines)
    stalled.command("go", "^going")
    caught_up = int(stalled.wait_for("^found ", since)[1].split()[1]) - resumed
    after = rss_kib(server.pid)
    least, most, total, closed = stalled.show()
    for side in (live, stalled):
        side.stop()
    server.stop()
    print(f"{transport}: {STALLED} readers stop for {stood:.0f} s, {args.events} edits; "
          f"{STALLED} others read on. RSS in KiB")
    table(["before", "greatest", "at the end", "resumed", "others: edit to last arrival",
           "resumed to up to date", "events then, a reader", "closed"],
          [[before, max(seen), seen[-1], after, ms(times), f"{caught_up / 1e6:.1f} ms",
            f"{least}-{most}, {total / STALLED:.1f} on average", closed]])
    goals.at_most(f"stall {transport}: growth of memory", max(seen) - before, GOAL_STALL_KIB,
                  " KiB")
    goals.holds(f"stall {transport}: readers are up to date with no stream ended", closed == 0)


CASES = {"fan-out h2": (fan_out, "h2"), "fan-out h1": (fan_out, "h1"), "hold": (hold, None),
         "edit": (edits, None), "bytes": (wire_bytes, None), "stall h2": (stall, "h2"),
         "stall h1": (stall, "h1")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", default=".", help="of " + ", ".join(CASES))
    parser.add_argument("--rounds", type=int, default=15, help="of a fan-out")
    parser.add_argument("--edits", type=int, default=100, help="at 100k prefixes")
    parser.add_argument("--events", type=int, default=1000, help="of hold and stall")
    parser.add_argument("--stall", type=float, default=60.0, help="seconds")
    args = parser.parse_args()
    benchlib.need(BUILD / "footprintd", BUILD / "tests/bench_subscribers", "/usr/sbin/nginx",
                  streams.NCHAN_MODULE)
    # This program's own threads would be in the server's way.
    os.sched_setaffinity(0, {1})
    print(f"updates: {benchlib.machine()}; medians (least-greatest) of {args.rounds} rounds\n")
    goals = Goals()
    for name, (case, transport) in CASES.items():
        if re.search(args.cases, name):
            with tempfile.TemporaryDirectory() as place:
                pathlib.Path(place).chmod(0o755)
                case(pathlib.Path(place), transport, args, goals)
    return 1 if goals.print() else 0


if __name__ == "__main__":
    sys.exit(main())
