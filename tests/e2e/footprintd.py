"""The programs under test, as tests use them.

FPD_BUILD names the build folder (default build/dev). Servers listen on 127.0.0.1 with a port that
they pick themselves, and every wait is for an event, with a generous limit against hanging.
"""
import os
import pathlib
import queue
import re
import signal
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FPD_BUILD", ROOT / "build/dev")).resolve()
LIMIT = 60  # seconds until a wait counts as hanging

READY = re.compile(r"^footprintd: ready generation=\d+((?: listen=https?://\S+)+)"
                   r"(?: admin=(https?://\S+))?(?: metrics=(https?://\S+))?$")

DOCUMENT = """version: 1
capabilities:
  - capability-type: FCI.DeliveryProtocol
    capability-value: {delivery-protocols: [%s]}
    footprints: [everywhere]
"""


def run(program, *args, **kwargs):
    """Runs a program of the build to its end."""
    return subprocess.run([BUILD / program, *args], capture_output=True, text=True, timeout=LIMIT,
                          **kwargs)


def write_config(directory, footprints="footprints", listen='[{address: "127.0.0.1:0"}]', more=""):
    """Documents are read when a test says so, unless `more` says how they are watched."""
    path = pathlib.Path(directory) / "footprintd.yaml"
    if "watch:" not in more:
        more += "watch: {enabled: false}\n"
    path.write_text(f"listen: {listen}\nfootprints: {footprints}\n{more}")
    return path


def wait_until(condition, what):
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


class Server:
    """A running footprintd; leaving the `with` block drains it and wants exit code 0."""

    program = [BUILD / "footprintd"]

    def __init__(self, config, around=(), env=None, before=lambda: None, args=(),
                 **popen):
        """`around`: a program that runs it; `before` is called in its process, before it begins."""
        def begin():
            # Not from the terminal, nor from a shell that ignores SIGINT for its background jobs.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            before()

        self.process = subprocess.Popen(
            [*around, *self.program, "--config", str(config), *args], stderr=subprocess.PIPE,
            text=True, preexec_fn=begin, env={**os.environ, **(env or {})}, **popen)
        self.lines = queue.Queue()
        self.log = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))
            self.lines.put(self.log[-1])
        self.lines.put(None)

    def wait_line(self, pattern):
        """The next line that matches; fails when the server ends before."""
        while True:
            line = self.lines.get(timeout=LIMIT)
            assert line is not None, f"ended without {pattern!r}:\n" + "\n".join(self.log)
            match = re.search(pattern, line)
            if match:
                return match

    def wait_ready(self):
        match = self.wait_line(READY)
        self.urls = [part.removeprefix("listen=") for part in match.group(1).split()]
        self.url = self.urls[0]
        self.admin = match.group(2)
        self.metrics = match.group(3)
        return self

    def send(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM):
        """Signals, waits, and returns the exit code."""
        self.send(number)
        return self.wait()

    def wait(self):
        code = self.process.wait(timeout=LIMIT)
        self.reader.join(timeout=LIMIT)
        return code

    def __enter__(self):
        return self.wait_ready()

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            code = self.end()
            if kind is None:
                assert code == 0, "\n".join(self.log)
        if kind is not None:
            print(f"footprintd ended with {self.process.poll()}", *self.log[-100:], sep="\n")
        if self.process.poll() is None:
            self.process.kill()


def curl(*args):
    """(status, headers with lower-case names, body)"""
    done = subprocess.run(["curl", "-sS", "-i", "--max-time", str(LIMIT), *args],
                          capture_output=True, timeout=LIMIT + 10)
    assert done.returncode == 0, done.stderr.decode()
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return int(lines[0].split()[1]), headers, body
