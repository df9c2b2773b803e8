"""What the benchmarks share: the build, processes and what they used, generated data, tables.

FPD_BUILD names the build folder (default build/release). Servers listen on 127.0.0.1 with ports
that are free; everything that was started is stopped, also after a failure. Every wait has an end.
"""
import atexit
import datetime
import hashlib
import os
import pathlib
import platform
import re
import signal
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FPD_BUILD", ROOT / "build/release")).resolve()
DATA = ROOT / "build/bench-data"
GENERATOR = ROOT / "tests/tools/gen_footprints.py"
PATIENCE_S = 120

running = []


def need(*programs):
    missing = [str(p) for p in programs if not pathlib.Path(p).exists()]
    if missing:
        sys.exit("missing: " + ", ".join(missing) +
                 "\nBuild the release preset first, or set FPD_BUILD.")
    cache = BUILD / "CMakeCache.txt"
    if cache.exists() and re.search("^BUILD_TESTING:BOOL=(OFF|0|NO|FALSE)$", cache.read_text(), re.M):
        # As conf/quickstart.sh does: what lies in tests/ is of another day.
        sys.exit(f"{BUILD} is configured without tests: cmake --preset release -DBUILD_TESTING=ON, and build")


def stop_all():
    for server in list(running):
        server.stop(kill=True)


atexit.register(stop_all)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class Server:
    """A process that says that it is ready, with every line that it writes and when it came."""

    def __init__(self, args, ready=None, cpu=None, **kwargs):
        self.lines = []  # (monotonic seconds, text)
        self.changed = threading.Condition()
        self.ended = False
        self.matched_at = -1  # number of the line that wait_for found last
        pin = ["taskset", "-c", str(cpu)] if cpu is not None else []
        self.started = time.monotonic()
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        self.process = subprocess.Popen([*pin, *map(str, args)], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace",
                                        **kwargs)
        running.append(self)
        self.pid = self.process.pid  # taskset becomes the program
        threading.Thread(target=self._read, daemon=True).start()
        if ready:
            self.ready_at, self.ready_line = self.wait_for(ready)

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append((time.monotonic(), line.rstrip("\n")))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait_for(self, pattern, since=0):
        """(when, line) of the first line from number `since` on that matches."""
        end = time.monotonic() + PATIENCE_S
        at = since
        with self.changed:
            while True:
                for at in range(at, len(self.lines)):
                    if re.search(pattern, self.lines[at][1]):
                        self.matched_at = at
                        return self.lines[at]
                at = len(self.lines)
                if self.ended or time.monotonic() > end:
                    break
                self.changed.wait(1)
        tail = "\n".join(text for _, text in self.lines[-10:])
        raise RuntimeError(f"no line like {pattern!r} from {self.process.args}:\n{tail}")

    def status_kib(self, name):
        """VmRSS (now) or VmHWM (greatest so far)."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M).group(1))

    def stop(self, kill=False):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5 if kill else 45)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self in running:
            running.remove(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def rss_kib(pid):
    """VmRSS of any process, such as a worker of a server."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", text, re.M).group(1))


def cpu_seconds(pid):
    """utime + stime of a process, all threads, also those that ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def threads_seconds(pid):
    """The same of the threads that there are, to the nanosecond where the kernel counts them."""
    try:
        tasks = [t.read_text() for t in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")]
        return sum(int(t.split()[0]) for t in tasks) / 1e9 if tasks else cpu_seconds(pid)
    except OSError:
        return cpu_seconds(pid)


def documents(size, source="synthetic", dump=None, count=None):
    """Generated documents, kept until the generator changes; count: how many."""
    key = hashlib.sha256(GENERATOR.read_bytes()).hexdigest()[:12]
    out = DATA / f"{source}-{size}{f'-of-{count}' if count else ''}-{key}"
    if not (out.parent / f"{out.name}.done").exists():
        subprocess.run(["rm", "-rf", str(out)], check=True)
        args = ["--source", source] + (["--dump", dump] if dump else [])
        args += ["--documents", str(count)] if count else []
        subprocess.run(["/usr/bin/python3", GENERATOR, "--prefixes", size, "--out", out, *args],
                       check=True, stdout=subprocess.DEVNULL)
        (out.parent / f"{out.name}.done").touch()
    return out


def machine():
    model = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    cache = BUILD / "CMakeCache.txt"
    text = cache.read_text() if cache.exists() else ""
    compiler = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", text, re.M)
    build = re.search(r"^CMAKE_BUILD_TYPE:\w+=(.*)$", text, re.M)
    version = "?"
    if compiler:
        version = subprocess.run([compiler.group(1), "--version"], capture_output=True,
                                 text=True).stdout.splitlines()[0]
    processor = model.group(1) if model else "?"
    return (f"{datetime.date.today()}, {os.cpu_count()} processors ({processor}), "
            f"Linux {platform.release().split('-')[0]}, {version}, "
            f"{build.group(1) if build else '?'}, load {os.getloadavg()[0]:.1f} at the start")


def table(head, rows):
    """Prints a Markdown table."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, ["-" * w for w in widths], *rows]:
        print("| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths)) + " |")
    print(flush=True)


def median(values):
    return statistics.median(values)


class Goals:
    """Collected while a benchmark runs; printed at its end."""

    def __init__(self):
        self.rows = []

    def at_most(self, what, value, limit, unit=""):
        self._add(what, f"<= {limit:g}{unit}", value, unit, value <= limit)

    def at_least(self, what, value, limit, unit=""):
        self._add(what, f">= {limit:g}{unit}", value, unit, value >= limit)

    def holds(self, what, value, goal="yes"):
        self.rows.append([what, goal, "yes" if value else "no", "met" if value else "MISSED"])

    def _add(self, what, goal, value, unit, met):
        self.rows.append([what, goal, f"{value:.2f}{unit}", "met" if met else "MISSED"])

    def print(self):
        table(["goal", "wanted", "measured", ""], self.rows)
        missed = sum(row[3] != "met" for row in self.rows)
        print(f"{len(self.rows) - missed} goals met, {missed} missed")
        return missed
