"""Hostile clients at small scale: each is cut off, others are served, memory is bounded, and the
server ends when it is asked to. tests/attack measures the same at full scale.
"""
import ctypes
import pathlib
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

import http_client as http
from attacks import (ATTACKS, CALM, CONTINUATION, FLOODS, GET, HELLO, POST, SLOW, TLS_ATTACKS,
                     Connection, Streams, attack_again, flood, frame)
from footprintd import BUILD, LIMIT, Server, write_config
from http_client import DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE
from http_stub import Stub
from tls_attacks import TLS13, TLS_FLOODS, TLS_SLOW, Records, key_update, openssl

ATTACKER = "127.0.0.2"


def memory(pid):
    """Bytes of resident memory."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    raise AssertionError("no VmRSS")


def bound(pid):
    """What memory may grow by. Sanitizers keep what is freed, and shadows of it."""
    sanitized = "san.so" in pathlib.Path(f"/proc/{pid}/maps").read_text()
    return (600 if sanitized else 50) << 20


class Honest:
    """A client that goes on asking on one connection; leaving the block wants all to be answered."""

    def __init__(self, port, tls=None):
        self.port = port
        self.tls = tls
        self.answers = 0
        self.error = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            with http.raw_connect(self.port, self.tls) as sock:
                while not self.over.is_set():
                    sock.sendall(b"GET /1k HTTP/1.1\r\nHost: a\r\n\r\n")
                    data = b""
                    while b"\r\n\r\n" not in data or len(data.partition(b"\r\n\r\n")[2]) < 1024:
                        piece = sock.recv(65536)
                        assert piece, "cut off"
                        data += piece
                    assert data.startswith(b"HTTP/1.1 200 "), data[:100]
                    self.answers += 1
                    self.over.wait(0.01)
        except (OSError, AssertionError) as error:
            self.error = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        count = self.answers
        end = time.monotonic() + LIMIT
        while not self.error and self.answers < count + 2 and time.monotonic() < end:
            time.sleep(0.01)
        self.over.set()
        self.thread.join()
        if kind is None:
            assert self.error is None and self.answers >= count + 2, self.error


def one_thread(start_stub, *options):
    args = [arg for option in options for arg in ("--option", option)]
    return start_stub("--threads", 1, *args)


class Attacked:
    """A stub, a client that is served all the while, and the memory that it had before."""

    def __init__(self, start_stub, *options):
        self.stub = one_thread(start_stub, *options)
        self.port = self.stub.port
        http.request(self.stub.uri + "/100k")
        self.before = memory(self.stub.process.pid)
        self.honest = Honest(self.port)

    def __enter__(self):
        self.honest.__enter__()
        return self

    def __exit__(self, *why):
        self.honest.__exit__(*why)
        if why[0] is None:
            pid = self.stub.process.pid
            grown = memory(pid) - self.before
            assert grown < bound(pid), f"grown by {grown >> 20} MiB"
            assert "skipping frame" not in "\n".join(self.stub.lines)
            began = time.monotonic()
            self.stub.stop()  # wants exit code 0
            assert time.monotonic() - began < 30


# ---- the guard is in force ----

def test_server_without_the_guard_does_not_start(tmp_path):
    """Linked so that the library does not find its functions: nothing is served."""
    (tmp_path / "footprints").mkdir()
    run = subprocess.run([BUILD / "tests/footprintd_unguarded", "--config", write_config(tmp_path)],
                         capture_output=True, text=True, timeout=LIMIT)
    assert run.returncode == 1
    assert "error http: the guard around libh2o is not in force: h2o_socket_read_start is not " \
           "guarded; this build and the installed libh2o do not go together" in run.stderr
    assert "ready" not in run.stderr


def test_counters(tmp_path):
    """The server itself, with limits of its configuration; SIGUSR2 tells what was refused."""
    (tmp_path / "footprints").mkdir()
    config = write_config(tmp_path, more="limits: {h2-control-per-s: 100, header-fields: 10}\n")
    with Server(config) as server:
        port = int(server.url.rpartition(":")[2])
        with Connection(port, ATTACKER) as connection:
            connection.hello().push(frame(http.PING, 0, 0, bytes(8)) * 60)
            assert connection.finish(30)
        for n, status in [(9, b"200"), (10, b"400")]:
            lines = "".join(f"X-{i}: y\r\n" for i in range(n - 1))
            answer = http.raw_exchange(port, f"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                                       f"{lines}\r\n".encode())
            assert answer.split()[1] == status
        server.send(signal.SIGUSR2)
        line = server.wait_line(r"info guard: control-frames=(\d+) .*header-fields=(\d+) .* "
                                r"http1-heads=(\d+) ")
        assert line.groups() == ("1", "1", "0")


# ---- floods ----

@pytest.mark.parametrize("name", FLOODS)
def test_flood(start_stub, name):
    with Attacked(start_stub) as site, Connection(site.port, ATTACKER) as connection:
        ATTACKS[name](connection)
        assert connection.finish(30), "it is not cut off"
        assert connection.sent < 80 << 20
        site.stub.wait_for(r"warning guard: .*: 127\.0\.0\.2; \d+ so far")


@pytest.mark.parametrize("name", ["rapid-reset", "ping", "continuation-empty", "hpack-bomb"])
def test_flood_over_tls(start_stub, certificates, name):
    stub = start_stub("--threads", 1, "--tls", certificates / "server.pem",
                      certificates / "server.key")
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    context.set_alpn_protocols(["h2"])
    with Connection(stub.port, ATTACKER, context) as connection:
        ATTACKS[name](connection)
        assert connection.finish(), "it is not cut off"
    stub.wait_for(r"warning guard: .*: 127\.0\.0\.2; \d+ so far")
    assert http.request(stub.uri.replace("127.0.0.1", "localhost") + "/1k", "h2-tls",
                        ca=certificates / "ca.pem").status == 200


# ---- below HTTP ----

@pytest.fixture
def tls_stub(start_stub, certificates):
    def start(*options):
        args = [arg for option in options for arg in ("--option", option)]
        stub = start_stub("--threads", 1, "--tls", certificates / "server.pem",
                          certificates / "server.key", *args)
        stub.tls = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
        return stub
    return start


@pytest.mark.parametrize("name", TLS_FLOODS)
def test_flood_of_tls(tls_stub, name):
    stub = tls_stub()
    before = memory(stub.process.pid)
    with Honest(stub.port, stub.tls), Connection(stub.port, ATTACKER) as connection:
        TLS_ATTACKS[name](connection)
        assert connection.ended, "it is not cut off"
        assert connection.sent < 1 << 20
    if name == "tls-key-update":
        stub.wait_for(r"warning guard: too many .* TLS messages: 127\.0\.0\.2; \d+ so far")
    assert memory(stub.process.pid) - before < bound(stub.process.pid)


@pytest.mark.parametrize("name", TLS_SLOW)
def test_slow_tls(tls_stub, name):
    stub = tls_stub("handshake-timeout=1", "request-timeout=2")
    with Honest(stub.port, stub.tls), Connection(stub.port, ATTACKER) as connection:
        TLS_ATTACKS[name](connection)
        assert connection.ended, "it is not cut off"


def test_handshakes_of_one_address(tls_stub):
    """That are not over: those that are do not count, and other addresses are not concerned."""
    stub = tls_stub("handshakes-per-address=3")

    def connect(source):
        sock = socket.create_connection(("127.0.0.1", stub.port), 60, (source, 0))
        return sock, Records()

    def is_answered(source):
        sock, records = connect(source)
        try:
            records.shake(sock)
            return True
        except ConnectionError:
            return False
        finally:
            sock.close()

    assert all(is_answered(ATTACKER) for _ in range(5))
    held = [connect(ATTACKER) for _ in range(3)]
    for sock, records in held:
        sock.sendall(records.hello())
        assert sock.recv(1)  # it is under way
    assert not is_answered(ATTACKER)
    assert is_answered("127.0.0.3")
    stub.wait_for(r"too many TLS handshakes at a time from one address: 127\.0\.0\.2")
    held[0][0].close()
    end = time.monotonic() + LIMIT
    while not is_answered(ATTACKER):
        assert time.monotonic() < end
    for sock, _ in held:
        sock.close()


def test_keys_may_be_updated(tls_stub):
    """What a client does now and then is no flood."""
    stub = tls_stub()
    lib, context, session = openssl(TLS13)
    with socket.create_connection(("127.0.0.1", stub.port), 60) as sock:
        sock.settimeout(None)
        lib.SSL_set_fd(session, sock.fileno())
        assert lib.SSL_connect(session) == 1
        data = b""
        for _ in range(50):
            assert key_update(lib, session)
            request = b"GET /1k HTTP/1.1\r\nHost: a\r\n\r\n"
            assert lib.SSL_write(session, request, len(request)) == len(request)
            data = b""
            while len(data.partition(b"\r\n\r\n")[2]) < 1024:
                piece = ctypes.create_string_buffer(4096)
                size = lib.SSL_read(session, piece, 4096)
                assert size > 0
                data += piece.raw[:size]
            assert data.startswith(b"HTTP/1.1 200 ")
        lib.SSL_free(session)
        lib.SSL_CTX_free(context)


@pytest.mark.threads
def test_floods_from_many_connections(start_stub):
    """Several loops, and everything at once."""
    stub = start_stub("--threads", 2)
    failed = []

    def attack(name):
        with Connection(stub.port, ATTACKER) as connection:
            ATTACKS[name](connection)
            if not connection.finish():
                failed.append(name)

    with Honest(stub.port):
        threads = [threading.Thread(target=attack, args=[name]) for name in FLOODS for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failed


def test_code_of_the_end(start_stub):
    stub = one_thread(start_stub)
    for name in ["rapid-reset", "made-you-reset", "ping", "continuation-empty", "hpack-bomb"]:
        with Connection(stub.port) as connection:
            ATTACKS[name](connection)
            connection.finish()
            # An end with unread input may lose what was said last.
            assert connection.goaway() in (CALM, None), name


# ---- who does much, and may ----

def test_many_requests_in_little_time(start_stub):
    """Requests are no control frames: any number of them."""
    stub = one_thread(start_stub)
    stream = Streams()
    with http.Http2(stub.port) as connection:
        for _ in range(100):
            numbers = [stream() for _ in range(50)]
            for number in numbers:
                connection.request(number, "GET", "/1k")
            left = set(numbers)
            while left:
                kind, flags, number, _ = connection.read()
                assert kind not in (http.GOAWAY, RST_STREAM)
                if kind == DATA and flags & END_STREAM:
                    left.discard(number)
            connection.send(WINDOW_UPDATE, 0, 0, struct.pack(">I", 50 << 10))


def test_much_is_read_with_small_windows(start_stub):
    """1 MiB in pieces of 1 KiB: more updates than the budget has, each earned by what was sent."""
    stub = one_thread(start_stub, "h2-control-per-s=100")
    with http.Http2(stub.port, [(4, 1024)]) as connection:
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.request(1, "GET", "/2m")
        got = 0
        while got < 1 << 20:
            kind, _, _, payload = connection.read()
            assert kind != http.GOAWAY
            if kind == DATA:
                got += len(payload)
                for stream in [0, 1]:
                    connection.send(WINDOW_UPDATE, 0, stream, struct.pack(">I", len(payload)))


def test_a_proxy_that_resets(start_stub):
    """300 at once are within the budget."""
    stub = one_thread(start_stub)
    with http.Http2(stub.port) as connection:
        stream = Streams()
        for _ in range(250):
            number = stream()
            connection.request(number, "GET", "/1k")
            connection.send(RST_STREAM, 0, number, struct.pack(">I", 8))
        number = stream()
        connection.request(number, "GET", "/1k")
        assert http.http2_status(connection.read_until(HEADERS, number)[3]) == 200


def test_large_but_permitted_heads(start_stub):
    stub = one_thread(start_stub)
    with Connection(stub.port) as connection:
        connection.hello()
        block = GET + b"".join(b"\x10\x02x" + bytes([97 + i % 26]) + b"\x7f\x81\x01" + b"v" * 256
                               for i in range(90))
        pieces = [block[i:i + 16000] for i in range(0, len(block), 16000)]
        assert len(pieces) == 2
        connection.push(frame(HEADERS, END_STREAM, 1, pieces[0]) +
                        frame(CONTINUATION, END_HEADERS, 1, pieces[1]))
        connection.finish(0.5)
        assert frame(HEADERS, END_HEADERS, 1)[3:] in connection.answer
    lines = "".join(f"X-{i}: {'v' * 290}\r\n" for i in range(98))
    answer = http.raw_exchange(stub.port, f"GET /1k HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                               f"{lines}\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200 ")


# ---- heads ----

@pytest.mark.parametrize("lines", ["".join(f"X-{i}: y\r\n" for i in range(100)),
                                   "X: " + "y" * 40000 + "\r\n"], ids=["fields", "bytes"])
def test_heads_above_the_limits(start_stub, lines):
    stub = one_thread(start_stub)
    answer = http.raw_exchange(stub.port, f"GET /1k HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_head_that_never_ends(start_stub):
    stub = one_thread(start_stub)
    with Connection(stub.port) as connection:
        flood(connection, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 1000)
        assert connection.finish()
        assert connection.sent < 40 << 20
    stub.wait_for(r"warning guard: too many header fields: 127\.0\.0\.1")


# ---- framing errors that the library finds by itself ----

@pytest.mark.parametrize("data, code", [
    (frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff"), 3),
    (frame(WINDOW_UPDATE, 0, 0, bytes(4)), 1),
    (frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0x80000000)), 3),
    (frame(DATA, 0, 1, b"x" * 16385), 6),
    (frame(HEADERS, END_HEADERS | END_STREAM, 2, GET), 1),
    (frame(HEADERS, END_HEADERS | END_STREAM, 0, GET), 1),
    (frame(CONTINUATION, END_HEADERS, 1, GET), 1),
], ids=["window overflow", "window by 0", "window too large", "frame too large", "even stream",
        "stream 0", "lone continuation"])
def test_errors_of_the_connection(start_stub, data, code):
    stub = one_thread(start_stub)
    with Connection(stub.port) as connection:
        connection.hello().push(data)
        assert connection.finish()
        assert connection.goaway() == code


def test_window_overflow_of_a_stream(start_stub):
    stub = one_thread(start_stub)
    with http.Http2(stub.port) as connection:
        connection.request(1, "POST", "/echo", end=False)
        connection.send(WINDOW_UPDATE, 0, 1, b"\x7f\xff\xff\xff")
        assert connection.read_until(RST_STREAM, 1)[3] == struct.pack(">I", 3)


# ---- requests over HTTP/2 that are none ----

@pytest.mark.parametrize("path", ["", "x", "1k", "/a b", "http://a/1k", "**"])
def test_paths_of_http2(start_stub, path):
    stub = one_thread(start_stub)
    with http.Http2(stub.port) as connection:
        connection.request(1, "GET", path)
        assert connection.read_until(RST_STREAM, 1)[3] == struct.pack(">I", 1)
        connection.request(3, "GET", "/1k")
        assert http.http2_status(connection.read_until(HEADERS, 3)[3]) == 200


def test_content_length_without_a_body(start_stub):
    stub = one_thread(start_stub)
    with http.Http2(stub.port) as connection:
        connection.request(1, "POST", "/echo", [("content-length", "5")])
        assert connection.read_until(RST_STREAM, 1)[3] == struct.pack(">I", 1)


# ---- drain ----

def test_continuation_during_a_drain(start_stub):
    """The library alone would spin for ever, with the connection half closed."""
    stub = one_thread(start_stub)
    with http.Http2(stub.port, [(4, 0)]) as connection:
        connection.request(1, "GET", "/100k")  # stays open: nothing may be sent
        connection.read_until(HEADERS, 1)
        connection.send(HEADERS, END_STREAM, 3, GET)
        connection.send(SETTINGS, 0, 0)  # an error here, so that it is known to be after
        stub_ends = threading.Thread(target=stub.wait)
        stub_ends.start()
        stub.signal(signal.SIGTERM)
        connection.ends()
        stub_ends.join(LIMIT)
        assert not stub_ends.is_alive()


def test_continuation_after_the_last_goaway(start_stub):
    stub = one_thread(start_stub)
    with http.Http2(stub.port, [(4, 0)]) as connection:
        connection.request(1, "GET", "/100k")
        connection.read_until(HEADERS, 1)
        connection.send(HEADERS, END_STREAM, 3, GET)
        stub.signal(signal.SIGTERM)
        for _ in range(2):  # the second says that no more are taken
            connection.read_until(http.GOAWAY)
        connection.send(CONTINUATION, END_HEADERS, 3)
        connection.ends()
        assert stub.wait() == 0


@pytest.mark.threads
def test_drain_under_attack(start_stub):
    """Whatever clients do meanwhile: what is left at the deadline is cut off."""
    stub = start_stub("--threads", 2, "--drain", 2)
    until = time.monotonic() + 4
    threads = [threading.Thread(target=attack_again, args=(stub.port, name, until, ATTACKER,
                                                           [0, 0, 0, 0])) for name in ATTACKS]
    for thread in threads:
        thread.start()
    assert http.request(stub.uri + "/1k").status == 200
    stub.signal(signal.SIGTERM)
    assert stub.wait() == 0
    for thread in threads:
        thread.join()


# ---- addresses ----

def test_reconnecting_is_held_to_a_rate(start_stub):
    """Eight seconds' worth at once, then so many a second; others are not concerned."""
    stub = one_thread(start_stub, "new-connections-per-s=2")
    served = 0
    for _ in range(60):
        with Connection(stub.port, ATTACKER) as connection:
            connection.push(b"GET /1k HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            connection.finish()
            served += b"200 OK" in connection.answer
    assert 16 <= served < 60
    stub.wait_for(r"connections from one address too fast: 127\.0\.0\.2")
    assert http.request(stub.uri + "/1k").status == 200
    # and again when time has gone by
    end = time.monotonic() + LIMIT
    while True:
        with Connection(stub.port, ATTACKER) as connection:
            connection.push(b"GET /1k HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            connection.finish()
            if b"200 OK" in connection.answer:
                break
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_network_is_held_to_a_rate(start_stub):
    """From however many of its addresses; other networks are not concerned."""
    stub = one_thread(start_stub, "new-connections-per-network-s=2")
    served = sum(is_served(stub.port, f"127.0.3.{n}") for n in range(1, 61))
    assert 16 <= served < 60
    stub.wait_for(r"connections from one network too fast: 127\.0\.3\.")
    assert is_served(stub.port, "127.0.4.1")


def test_reconnecting_after_attacks_is_held_back_sooner(start_stub):
    """A connection that is cut off counts as fifty."""
    stub = one_thread(start_stub, "new-connections-per-s=10")
    cut = 0
    for _ in range(20):
        with Connection(stub.port, ATTACKER) as connection:
            try:
                ATTACKS["ping"](connection)
            except OSError:
                pass
            connection.finish()
            cut += b"\0\0" in connection.answer
    assert cut < 10
    stub.wait_for(r"connections from one address too fast: 127\.0\.0\.2")


def is_served(port, source):
    with Connection(port, source) as connection:
        connection.push(b"GET /1k HTTP/1.1\r\nHost: a\r\n\r\n")
        end = time.monotonic() + LIMIT
        while not connection.ended and len(connection.answer) < 1024 and time.monotonic() < end:
            connection.finish(0.01)
        return b"200 OK" in connection.answer


@pytest.mark.parametrize("option, other, stranger", [
    ("connections-per-address=3", "127.0.0.3", "127.0.1.2"),
    ("connections-per-network=3", "127.0.1.2", "127.1.0.2")], ids=["address", "network"])
def test_connections_of_one_peer(start_stub, option, other, stranger):
    stub = one_thread(start_stub, option)
    held = []
    for _ in range(3):
        sock = socket.create_connection(("127.0.0.1", stub.port), source_address=(ATTACKER, 0))
        sock.sendall(b"GET /1k HTTP/1.1\r\nHost: a\r\n\r\n")
        assert sock.recv(15) == b"HTTP/1.1 200 OK"
        held.append(sock)
    assert not is_served(stub.port, ATTACKER)
    assert is_served(stub.port, other)
    assert is_served(stub.port, stranger)
    for sock in held:
        sock.close()
    end = time.monotonic() + LIMIT
    while not is_served(stub.port, ATTACKER):
        assert time.monotonic() < end


def test_streams_of_one_address(start_stub):
    stub = one_thread(start_stub, "streams-per-address=150")
    with http.Http2(stub.port, [(4, 0)]) as first, http.Http2(stub.port, [(4, 0)]) as second:
        answers = []
        for connection in [first, second]:
            for stream in range(1, 200, 2):
                connection.request(stream, "GET", "/100k")
            seen = []
            while len(seen) < 100:
                kind, _, _, payload = connection.read()
                if kind in (HEADERS, RST_STREAM):
                    seen.append(payload if kind == RST_STREAM else None)
            answers += seen
        assert answers.count(None) == 150
        assert answers.count(struct.pack(">I", 7)) == 50  # REFUSED_STREAM
    stub.wait_for("too many HTTP/2 streams from one address")


# ---- bodies ----

def test_bodies_of_all_together(start_stub):
    """Whoever holds most is cut off; small requests are served."""
    with Attacked(start_stub, "body-bytes=1000000") as site, \
            Connection(site.port, ATTACKER) as connection:
        ATTACKS["unfinished-bodies"](connection)
        assert connection.finish()
        assert connection.sent < 40 << 20
        site.stub.wait_for("too many bytes of unfinished requests: 127")


def test_http1_bodies_count_too(start_stub):
    stub = one_thread(start_stub, "body-bytes=1000000")
    connections = [Connection(stub.port, ATTACKER) for _ in range(4)]
    try:
        for connection in connections:
            connection.push(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n" +
                            b"x" * 500000)
        end = time.monotonic() + LIMIT
        while sum(c.ended for c in connections) < 2:
            for connection in connections:
                connection.finish(0.01)
            assert time.monotonic() < end
        assert http.request(stub.uri + "/echo", "h1", "POST",
                            ["Content-Type: application/x-in+json"], b"x").status == 200
    finally:
        for connection in connections:
            connection.sock.close()


@pytest.mark.parametrize("declared", [False, True], ids=["unknown length", "known length"])
def test_large_body_over_http2(start_stub, declared):
    """413, whatever of it is still on the way, and the connection goes on."""
    stub = one_thread(start_stub, "max-body=100000")
    with http.Http2(stub.port) as connection:
        fields = [("content-type", "application/x-in+json")]
        for stream in [1, 3]:
            length = [("content-length", "320000")] if declared else []
            connection.request(stream, "POST", "/echo", fields + length, end=False)
            for n in range(20):
                connection.send(DATA, END_STREAM if n == 19 else 0, stream, b"x" * 16000)
            assert http.http2_status(connection.read_until(HEADERS, stream)[3]) == 413
        connection.request(5, "POST", "/echo", fields, end=False)
        connection.send(DATA, END_STREAM, 5, b"abc")
        assert http.http2_status(connection.read_until(HEADERS, 5)[3]) == 200
        assert connection.read_until(DATA, 5)[3] == b"abc"


def test_many_large_bodies_that_clients_give_up(start_stub):
    stub = one_thread(start_stub, "max-body=1000")
    with http.Http2(stub.port) as connection:
        fields = [("content-type", "application/x-in+json")]
        for stream in range(1, 601, 2):
            connection.request(stream, "POST", "/echo", fields, end=False)
            connection.send(DATA, 0, stream, b"x" * 1200)
            assert http.http2_status(connection.read_until(HEADERS, stream)[3]) == 413
            if stream % 4 == 1:
                connection.send(RST_STREAM, 0, stream, struct.pack(">I", 8))
            else:
                connection.send(DATA, END_STREAM, stream, b"")


def test_body_shorter_than_it_says_and_above_the_limit(start_stub):
    stub = one_thread(start_stub, "max-body=1000")
    with http.Http2(stub.port) as connection:
        connection.request(1, "POST", "/echo", [("content-length", "2000")], end=False)
        connection.send(DATA, END_STREAM, 1, b"x" * 500)
        assert http.GOAWAY in connection.ends()


@pytest.mark.parametrize("head", [
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: %s\r\n" % (b"y" * 1000) * 31,
    HELLO + frame(HEADERS, END_STREAM, 1, GET) + frame(CONTINUATION, 0, 1, b"\x10\x01x\x01y" * 3000),
    HELLO + frame(HEADERS, END_HEADERS | END_STREAM, 1, GET + bytes(16000))[:-1]],
    ids=["HTTP/1.1", "header block", "frame"])
def test_heads_of_all_together(start_stub, head):
    """Whoever holds most of what is not complete is cut off, as with bodies."""
    stub = one_thread(start_stub, "body-bytes=1000000")
    connections = [Connection(stub.port, ATTACKER) for _ in range(120)]
    try:
        with Honest(stub.port):
            for connection in connections:
                connection.push(head)
            end = time.monotonic() + LIMIT
            while sum(c.ended for c in connections) < 20:
                for connection in connections:
                    connection.finish(0.001)
                assert time.monotonic() < end
    finally:
        for connection in connections:
            connection.sock.close()
    stub.wait_for("too many bytes of unfinished requests: 127.0.0.2")


# ---- slowness ----

# Over HTTP/1.1, one timer covers the request.
@pytest.mark.parametrize("name", SLOW)
def test_slow(start_stub, name):
    with Attacked(start_stub, "request-timeout=6", "send-timeout=2", "header-block-s=1",
                  "body-bytes-per-s=1000") as site, Connection(site.port, ATTACKER) as connection:
        ATTACKS[name](connection)
        assert connection.ended, "it is not cut off"


def sent_and_not_taken(port):
    """Bytes that the kernel holds for the clients of a port (proc(5): tx_queue)."""
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(int(row[4].partition(":")[0], 16) for row in rows
               if int(row[1].partition(":")[2], 16) == port and row[3] == "01")


def test_what_the_kernel_holds_is_bounded(start_stub):
    """Copying megabytes into it would hold up everybody else."""
    stub = one_thread(start_stub)
    with http.raw_connect(stub.port) as sock:
        sock.sendall(b"GET /5m HTTP/1.1\r\nHost: a\r\n\r\n" * 8)
        last, same, end = 0, 0, time.monotonic() + LIMIT
        while same < 20 and time.monotonic() < end:
            time.sleep(0.01)
            now = sent_and_not_taken(stub.port)
            same = same + 1 if now and now == last else 0
            last = now
        assert 0 < last < 1 << 20


def test_slow_body_is_reset_alone(start_stub):
    """The other streams of the connection go on."""
    stub = one_thread(start_stub, "header-block-s=1", "body-bytes-per-s=1000")
    with http.Http2(stub.port) as connection:
        connection.request(1, "POST", "/echo", end=False)
        assert connection.read_until(RST_STREAM, 1)[3] == struct.pack(">I", 8)
        connection.request(3, "GET", "/1k")
        assert http.http2_status(connection.read_until(HEADERS, 3)[3]) == 200
    stub.wait_for("a body that comes too slowly: 127")


def test_stalled_answer_is_reset_alone(start_stub):
    """One stream has no window, another takes all it is sent."""
    stub = one_thread(start_stub, "send-timeout=2")
    with http.Http2(stub.port, [(4, 0)]) as connection:
        connection.request(1, "GET", "/100k")
        connection.request(3, "GET", "/100k")
        while True:
            connection.send(WINDOW_UPDATE, 0, 3, struct.pack(">I", 64))
            kind, _, stream, payload = connection.read()
            if kind == RST_STREAM:
                break
            assert kind != http.GOAWAY
            time.sleep(0.02)
        assert (stream, payload) == (1, struct.pack(">I", 8))
    stub.wait_for("an answer of which nothing is taken: 127")
