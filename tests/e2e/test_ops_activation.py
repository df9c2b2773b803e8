"""Sockets that are given to the server, restarts that nobody notices, and the units for systemd."""
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
import yaml

import http_client as http
import processes
from footprintd import BUILD, DOCUMENT, LIMIT, ROOT, Server, curl, write_config

UNITS = ROOT / "conf/systemd"
# Runs a program as sd_listen_fds(3) has it: descriptors from 3 on, and who they are for.
GIVE = """i=3
for fd in $FDS; do eval "exec $i<&$fd"; i=$((i + 1)); done
export LISTEN_PID=${FOR:-$$} LISTEN_FDS=$((i - 3))
exec "$@"
"""


def listening(address="127.0.0.1"):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.bind((address, 0))
    sock.listen(4096)
    return sock


def at(sock):
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Given(Server):
    """A server that is given these sockets."""

    def __init__(self, config, *sockets, env=None, **kwargs):
        # Out of the way of those that they become.
        self.high = [fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, 100) for s in sockets]
        super().__init__(config, around=["bash", "-c", GIVE, "give"], pass_fds=self.high,
                         env={"FDS": " ".join(map(str, self.high)), **(env or {})}, **kwargs)
        for fd in self.high:
            os.close(fd)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/all.yaml").write_text(DOCUMENT % "http/1.1")
    return tmp_path


def test_listeners_get_their_sockets(site):
    """By address, whatever the order; what is not given is opened, and port 0 picks one."""
    with listening() as a, listening("::1") as b, listening() as c:
        listen = [{"address": at(b)}, {"address": "127.0.0.1:0"}, {"address": at(a)}]
        (site / "tokens").write_text("")
        (site / "tokens").chmod(0o600)
        config = write_config(site, listen=json.dumps(listen),
                              more=f'admin: {{listen: "{at(c)}", tokens: tokens}}\n')
        with Given(config, a, b, c) as server:
            assert server.urls[0] == f"http://{at(b)}" and server.urls[2] == f"http://{at(a)}"
            assert server.admin == f"http://{at(c)}"
            assert {curl(f"{url}/cdni")[0] for url in server.urls} == {200}
            assert curl(f"{server.admin}/v1/status")[0] == 401
            mine = {f"socket:[{os.fstat(s.fileno()).st_ino}]" for s in (a, b, c)}
            assert mine <= processes.sockets(server.process.pid)


@pytest.mark.parametrize("kind", ["another port", "another family", "no listener", "a file"])
def test_socket_of_no_listener(site, kind):
    """Nobody would answer on it."""
    with listening() as a, listening() as b, listening("::1") as c, socket.socket() as d, \
            open("/dev/null") as e:
        wrong = {"another port": b, "another family": c, "no listener": d, "a file": e}[kind]
        server = Given(write_config(site, listen=json.dumps([{"address": at(a)}])), a, wrong)
        assert server.wait() == 1
        assert server.log[-1].endswith("socket 2 of the 2 that were given (LISTEN_FDS) listens at no "
                                       "address of the configuration")


def test_sockets_for_somebody_else(site):
    """A variable that was inherited by chance says nothing."""
    with listening() as a:
        with Given(write_config(site), a, env={"FOR": "1"}) as server:
            assert not server.url.endswith(at(a)) and curl(f"{server.url}/cdni")[0] == 200


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="systemd is not here")
def test_systemd_socket_activate(site):
    """The tool of systemd that does it: the first connection starts the server."""
    with listening() as free:
        address = at(free)
    config = write_config(site, listen=json.dumps([{"address": address}]))
    process = subprocess.Popen(["systemd-socket-activate", "-l", address, *pass_sanitizers(),
                                BUILD / "footprintd", "--config", config], stderr=subprocess.PIPE,
                               text=True)
    try:
        while "Listening on" not in (line := process.stderr.readline()):
            assert line, "it did not start"
        assert curl(f"http://{address}/cdni")[0] == 200
        process.send_signal(signal.SIGTERM)  # the server is this process by now
        assert process.wait(timeout=LIMIT) == 0
    finally:
        process.kill()
        process.stderr.close()


def pass_sanitizers():
    """It runs a program with an empty environment."""
    return [arg for name in os.environ if name.endswith("SAN_OPTIONS") for arg in ("-E", name)]


# ---- restarts ----

class Hammer:
    """Clients that ask all the time, and tolerate nothing but the close that HTTP has for a restart."""

    def __init__(self, port, tls_port, tls):
        self.stop = threading.Event()
        self.failures = []
        self.answers = [0, 0, 0]
        jobs = [(0, self.once, port, None), (0, self.once, port, None), (1, self.once, tls_port, tls),
                (2, self.kept, port, None), (2, self.kept, port, None)]
        self.threads = [threading.Thread(target=self.run, args=job) for job in jobs]

    def run(self, kind, ask, *where):
        while not self.stop.is_set():
            try:
                ask(kind, *where)
            except Exception as error:  # told in the main thread
                self.failures.append((kind, repr(error)))
                time.sleep(0.01)

    @staticmethod
    def exchange(sock, more=""):
        """The head of the answer; None for a connection that was closed before it."""
        data = b""
        try:
            sock.sendall(f"GET /cdni HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode())
            while not data.endswith(b"]}}"):
                chunk = sock.recv(65536)
                if not chunk:
                    break
                data += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass
        if not data:
            return None
        assert data.startswith(b"HTTP/1.1 200 OK\r\n") and data.endswith(b"]}}"), data
        return data

    def once(self, kind, port, tls):
        """A connection for each request: it is answered, whatever happens."""
        with http.raw_connect(port, tls) as sock:
            assert self.exchange(sock, "Connection: close\r\n"), "closed without an answer"
        self.answers[kind] += 1

    def kept(self, kind, port, tls):
        """A connection that is used again, which a server may close between two answers (RFC 9112 9.5)."""
        first = True
        with http.raw_connect(port, tls) as sock:
            while not self.stop.is_set():
                answer = self.exchange(sock)
                if not answer:
                    assert not first, "closed without any answer"
                    return
                self.answers[kind] += 1
                first = False
                if b"\r\nConnection: close\r\n" in answer:
                    return

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join(LIMIT)

    def wait_for_more(self):
        """Until every kind of client has had some more answers."""
        goal = [count + 20 for count in self.answers]
        end = time.monotonic() + LIMIT
        while any(have < want for have, want in zip(self.answers, goal)):
            assert time.monotonic() < end, self.failures
            if self.failures:
                return
            time.sleep(0.01)


@pytest.mark.threads
@pytest.mark.parametrize("overlap", [False, True], ids=["one-after-the-other", "overlapping"])
def test_restart_under_load(site, certificates, overlap):
    """A second server takes over the sockets: no request fails, and no connection is refused."""
    tls = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    with listening() as a, listening() as b:
        listen = [{"address": at(a)},
                  {"address": at(b), "tls": {"certificate": str(certificates / "server.pem"),
                                             "key": str(certificates / "server.key")}}]
        config = write_config(site, listen=json.dumps(listen),
                              more="limits: {new-connections-per-s: 0}\n" +
                              ("" if overlap else "state: state\n"))
        server = Given(config, a, b).wait_ready()
        with Hammer(a.getsockname()[1], b.getsockname()[1], tls) as hammer:
            hammer.wait_for_more()
            for _ in range(3):
                if overlap:
                    following = Given(config, a, b).wait_ready()
                    assert server.end() == 0
                else:
                    assert server.end() == 0
                    following = Given(config, a, b).wait_ready()
                server = following
                hammer.wait_for_more()
        assert hammer.failures == []
        assert server.end() == 0


# ---- the units ----

def test_socket_unit_has_the_ports_of_the_configuration():
    text = (UNITS / "footprintd.socket").read_text()
    config = yaml.safe_load((ROOT / "conf/footprintd.yaml").read_text())
    assert re.findall("^ListenStream=(.*)$", text, re.M) == [l["address"] for l in config["listen"]]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
def test_units_are_valid_and_tight(tmp_path):
    """systemd knows every directive, and what the service may do beyond its task is little."""
    text = (UNITS / "footprintd.service").read_text()
    command = re.search("^ExecStart=/usr/bin/footprintd (.*)$", text, re.M)
    assert command.group(1) == "--config /etc/footprintd/footprintd.yaml --refuse-root"
    here = re.sub("^Documentation=.*\n", "", text, flags=re.M)
    (tmp_path / "footprintd.service").write_text(
        here.replace("ExecStart=/usr/bin/footprintd", f"ExecStart={BUILD}/footprintd"))
    shutil.copy(UNITS / "footprintd.socket", tmp_path)
    units = [tmp_path / "footprintd.service", tmp_path / "footprintd.socket"]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager",
                           "--threshold=15", units[0]], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_first_request_of_a_connection_in_a_drain(site, certificates):
    """A client whose handshake is done a moment before has its answer; one that was asked before goes."""
    tls = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    listen = [{"address": "127.0.0.1:0", "tls": {"certificate": str(certificates / "server.pem"),
                                                 "key": str(certificates / "server.key")}}]
    server = Server(write_config(site, listen=json.dumps(listen))).wait_ready()
    port = int(server.url.rsplit(":", 1)[1])
    with http.raw_connect(port, tls) as used, http.raw_connect(port, tls) as new:
        assert Hammer.exchange(used)
        server.send(signal.SIGTERM)
        server.wait_line("SIGTERM: draining")
        assert used.recv(1) == b""
        time.sleep(0.3)  # it looks ten times a second
        assert Hammer.exchange(new)
    assert server.wait() == 0


class SlowTls:
    """A TLS connection whose client is in no hurry behind its first message."""

    def __init__(self, sock, tls):
        self.sock, self.incoming, self.outgoing = sock, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = tls.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.do_handshake()
        self.flush()

    def flush(self):
        self.sock.sendall(self.outgoing.read())

    def until(self, step, *args):
        while True:
            try:
                return step(*args)
            except ssl.SSLWantReadError:
                self.flush()
                data = self.sock.recv(65536)
                if not data:
                    return b""
                self.incoming.write(data)
            finally:
                self.flush()

    def finish(self):
        self.until(self.tls.do_handshake)

    def sendall(self, data):
        self.tls.write(data)
        self.flush()

    def recv(self, size):
        return self.until(self.tls.read, size)


class Over(http.Http2):
    """HTTP/2 over a connection that was there before."""

    def __init__(self, sock):
        self.sock, self._buffer = sock, b""
        sock.sendall(http.PREFACE + self.frame(http.SETTINGS, 0, 0))


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
def test_handshake_that_ends_in_a_drain(site, certificates, protocol):
    """Its client knows nothing of the drain: it is answered, and told by GOAWAY what to ask elsewhere."""
    tls = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    tls.set_alpn_protocols([protocol])
    listen = [{"address": "127.0.0.1:0", "tls": {"certificate": str(certificates / "server.pem"),
                                                 "key": str(certificates / "server.key")}}]
    server = Server(write_config(site, listen=json.dumps(listen))).wait_ready()
    port = int(server.url.rsplit(":", 1)[1])
    with http.raw_connect(port) as silent, http.raw_connect(port) as sock:
        late = SlowTls(sock, tls)
        assert sock.recv(1, socket.MSG_PEEK)  # the answer to its first message
        h2 = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
        h2.set_alpn_protocols(["h2"])
        early = Over(http.raw_connect(port, h2))
        early.read_until(http.SETTINGS)
        server.send(signal.SIGTERM)
        assert silent.recv(1) == b""  # who says nothing is waited for no longer
        assert early.ends()[-2:] == [http.GOAWAY] * 2  # and the others have heard of it
        early.sock.close()
        late.finish()
        if protocol == "h2":
            connection = Over(late)
            connection.request(1, "GET", "/cdni")
            frames = []
            with pytest.raises(EOFError):
                while True:
                    frames.append(connection.read())
            assert any(kind == http.DATA and flags & http.END_STREAM for kind, flags, *_ in frames)
            told = [int.from_bytes(frame[3][:4], "big") for frame in frames if frame[0] == http.GOAWAY]
            assert told and told[-1] == 1  # what was answered; whatever came behind it was not looked at
        else:
            assert Hammer.exchange(late)
            assert late.recv(1) == b""
    assert server.wait() == 0
