"""Fixtures of the end-to-end tests: the programs of one build, started and stopped for real.

The build folder is FPD_BUILD (default build/dev); FOOTPRINTD_BIN, FOOTPRINTCTL_BIN and HTTP_STUB_BIN
name single programs elsewhere.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FPD_BUILD", ROOT / "build" / "dev"))
FOOTPRINTD = os.environ.get("FOOTPRINTD_BIN", str(BUILD / "footprintd"))
FOOTPRINTCTL = os.environ.get("FOOTPRINTCTL_BIN", str(BUILD / "footprintctl"))
HTTP_STUB = os.environ.get("HTTP_STUB_BIN", str(BUILD / "tests" / "http_stub"))

# Sanitizers and loaded machines are slow; nothing waits so long when all is well.
PATIENCE_S = 60


def pytest_configure(config):
    config.addinivalue_line("markers", "threads: worth running under ThreadSanitizer")


class Program:
    """A program under test, with every line that it writes."""

    def __init__(self, args, ready, cwd=None):
        self.args = args
        self.lines = []
        self._changed = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace",
                                        cwd=cwd)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.ready_line = self.wait_for(ready)
        self.uris = re.findall(r"https?://\S+", self.ready_line)
        self.uri = self.uris[0]
        self.port = port_of(self.uri)

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, pattern, since=0):
        """The first line from number `since` on that matches."""
        end = time.monotonic() + PATIENCE_S
        with self._changed:
            while True:
                for line in self.lines[since:]:
                    if re.search(pattern, line):
                        return line
                if self._ended or time.monotonic() > end:
                    break
                self._changed.wait(1)
        raise AssertionError(f"no line like {pattern!r} from {self.args}:\n" + self.output())

    def output(self):
        return "\n".join(self.lines)

    def signal(self, number):
        self.process.send_signal(number)

    def reload(self, pattern):
        """SIGHUP, and the line that tells of its effect."""
        since = len(self.lines)
        self.signal(signal.SIGHUP)
        return self.wait_for(pattern, since)

    def wait(self):
        """The exit code, when the program ends by itself or was asked to."""
        self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return self.process.returncode

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        assert code == 0, f"{self.args} ended with {code}:\n" + self.output()


def port_of(uri):
    return int(re.search(r":(\d+)/?$", uri).group(1))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A CA, a server's and a client's certificate by it, and a client's by nobody known."""
    if not shutil.which("openssl"):
        pytest.fail("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    def make(name, subject, *extra):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "2", "-subj", subject, "-keyout", f"{name}.key", "-out", f"{name}.pem",
                *extra)

    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=CA:FALSE"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    make("ca", "/CN=Test CA")
    if "-CA " not in subprocess.run(["openssl", "req", "-help"], capture_output=True,
                                    text=True).stderr:
        pytest.fail("this openssl cannot sign with req -CA")
    make("server", "/CN=localhost", *signed, *names)
    make("server2", "/CN=second", *signed, *names)
    make("client", "/CN=client", *signed)
    make("stranger", "/CN=stranger")
    return folder


@pytest.fixture
def start_footprintd(tmp_path):
    """start(config, documents): writes both, starts the program, stops it after the test.

    config is a dictionary (JSON is YAML); documents maps names to dictionaries or texts."""
    yield from _start_footprintd(tmp_path)


@pytest.fixture(scope="module")
def start_footprintd_once(tmp_path_factory):
    yield from _start_footprintd(tmp_path_factory.mktemp("footprintd"))


def _start_footprintd(folder):
    programs = []

    def start(config, documents):
        place = folder / str(len(programs))
        (place / "footprints").mkdir(parents=True)
        write_documents(place / "footprints", documents)
        config_file = place / "footprintd.yaml"
        whole = {"listen": [{"address": "127.0.0.1:0"}], "footprints": "footprints", **config}
        config_file.write_text(json.dumps(whole))
        program = Program([FOOTPRINTD, "--config", str(config_file)],
                          r"^footprintd: ready generation=1 ")
        program.documents = place / "footprints"
        programs.append(program)
        return program

    yield start
    for program in programs:
        program.stop()


def write_documents(folder, documents):
    for name, content in documents.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(text)


@pytest.fixture
def start_stub():
    """start(*args): the server of made-up resources (tests/tools/http_stub.c)."""
    programs = []

    def start(*args):
        program = Program([HTTP_STUB, *map(str, args)], r"^ready http")
        programs.append(program)
        return program

    yield start
    for program in programs:
        program.stop()
