"""The servers of the soak. Their listening sockets belong to this program, as they do to systemd, and
every process of a replica is given the same ones."""
import fcntl
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import benchlib
from benchlib import BUILD, Server

TOKEN = "soak-0123456789abcdef"
# Descriptors from 3 on, and who they are for: sd_listen_fds(3).
GIVE = """i=3
for fd in $FDS; do eval "exec $i<&$fd"; i=$((i + 1)); done
export LISTEN_PID=$$ LISTEN_FDS=$((i - 3))
exec "$@"
"""
# Everything comes from one address, and far more often than uCDNs do.
LIMITS = {"new-connections-per-s": 0, "connections-per-address": 0, "connections-per-network": 0,
          "streams-per-address": 0, "update-opens-per-s": 1000000,
          "update-full-bytes-per-s": 1 << 34, "update-client-inputs": 1024, "database-check-s": 1}
DRAIN_S = 20


def listening():
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(4096)
    return made


def status_of(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(rf"^{name}:\s+(\d+)", file.read(), re.M).group(1))


def connections_of(pid):
    """Who is still there, from both sides: for those who look for what a drain waits for."""
    lines = subprocess.run(["ss", "-tnpH"], capture_output=True, text=True, check=False).stdout.splitlines()
    ours = [line for line in lines if f"pid={pid}," in line]
    peers = {line.split()[4] for line in ours}
    return "\n".join(ours + [line for line in lines if line.split()[3] in peers])


class Replica:
    """One after the other of its processes; `state`: with a history, and an admin interface."""

    def __init__(self, name, place, content, state, ends=True):
        self.name, self.content, self.ends = name, content, ends
        self.sockets = [listening() for _ in range(3 if state else 2)]
        self.ports = [s.getsockname()[1] for s in self.sockets]
        self.port, self.tls_port = self.ports[:2]
        self.url = f"http://127.0.0.1:{self.port}"
        self.tls_url = f"https://localhost:{self.tls_port}"
        self.config = place / f"{name}.yaml"
        text = (f'listen:\n  - address: "127.0.0.1:{self.port}"\n  - address: "127.0.0.1:{self.tls_port}"\n'
                f"    tls: {{certificate: {place}/cert.pem, key: {place}/key.pem}}\n"
                f"footprints: {content.folder}\ngeoip: {json.dumps(content.databases)}\n"
                f"limits: {json.dumps(LIMITS)}\nupdates: {{heartbeat-s: 5}}\ndrain-s: {DRAIN_S}\n"
                "user: root\nlog: {lines-per-s: 0}\n")
        if state:
            (place / "tokens").write_text(
                f"soak:admin:{hashlib.sha256(TOKEN.encode()).hexdigest()}\n")
            (place / "tokens").chmod(0o600)
            text += (f'admin: {{listen: "127.0.0.1:{self.ports[2]}", tokens: {place}/tokens}}\n'
                     f"state: {place}/{name}-state\nhistory: {{keep: 50}}\n")
        self.config.write_text(text)
        self.lives, self.codes, self.drains, self.slow = [], [], [], []
        self.lock = threading.Lock()  # held while processes change
        self.begin()

    def begin(self):
        high = [fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, 100) for s in self.sockets]
        try:
            self.process = Server(["bash", "-c", GIVE, "give", BUILD / "footprintd", "--config",
                                   self.config], r"^footprintd: ready ", pass_fds=high,
                                  env={**os.environ, "FDS": " ".join(map(str, high))})
        finally:
            for fd in high:
                os.close(fd)
        self.lives.append(self.process)
        self.pid = self.process.pid

    def finish(self, process):
        """Drains it, and keeps how it ended."""
        began = time.monotonic()
        process.process.send_signal(signal.SIGTERM)
        try:
            process.process.wait(DRAIN_S / 2)
        except subprocess.TimeoutExpired:
            self.slow.append(connections_of(process.pid))
        try:
            self.codes.append(process.process.wait(DRAIN_S + 20))
        except subprocess.TimeoutExpired:
            self.codes.append("does not end")
            process.process.kill()
            process.process.wait()
        self.drains.append(time.monotonic() - began)
        benchlib.running.remove(process)

    def replace(self):
        """The next one serves before the one from before is asked to end."""
        with self.lock:
            before = self.process
            self.begin()
            self.finish(before)

    def restart(self):
        """One after the other: whoever comes meanwhile waits, since the sockets stay."""
        with self.lock:
            self.finish(self.process)
            self.begin()

    def reload(self):
        with self.lock:
            self.process.process.send_signal(signal.SIGHUP)

    def log(self):
        """(level, text without the time) of all its processes."""
        for life in self.lives:
            with life.changed:
                lines = [text for _, text in life.lines]
            for text in lines:
                found = re.match(r"\S+Z (debug|info|warning|error) (.*)", text)
                if found:
                    yield found.groups()
                elif not text.startswith("footprintd: ready"):
                    yield "error", text  # a crash, a sanitizer, a library that complains

    def rss_kib(self):
        return benchlib.rss_kib(self.pid)

    def files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def threads(self):
        return status_of(self.pid, "Threads")

    def call(self, method, path, body=None, kind="application/json", port=0, headers=None):
        """(status, headers, body); over a connection of its own: an answer comes, whatever happens."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=60)
        try:
            sent = {"Connection": "close", **(headers or {}), **({"Content-Type": kind} if body else {})}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return (answer.status, {n.lower(): v for n, v in answer.getheaders()},
                    answer.read())
        except TimeoutError:
            waiting = subprocess.run(["ss", "-ltn", f"sport = :{port or self.port}"], capture_output=True,
                                     text=True, check=False).stdout
            raise RuntimeError(f"{self.name} does not answer {method} {path}: {self.state()}\n{waiting}") from None
        finally:
            connection.close()

    def state(self):
        """For those who look for what went wrong."""
        stacks = ""
        if shutil.which("gdb"):
            stacks = subprocess.run(["gdb", "-p", str(self.pid), "-batch", "-ex", "thread apply all bt 12"],
                                    capture_output=True, text=True, check=False).stdout
        with self.process.changed:
            lines = [text for _, text in self.process.lines[-30:]]
        return "\n".join([f"its process {self.pid} ended with {self.process.process.poll()}", *lines, stacks])

    def put(self, name, text):
        status, _, body = self.call("PUT", f"/v1/documents/{name}?yes=1", text, "application/yaml",
                                    self.ports[2], {"Authorization": f"Bearer {TOKEN}"})
        return status, body
