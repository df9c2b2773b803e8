"""The HTTP area over made-up resources: large bodies, slow answers, limits, timeouts, drains."""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import time

import pytest

import http_client as http
import processes
from footprintd import LIMIT, wait_until
from http_stub import HTTP_STUB

IN = "Content-Type: application/x-in+json"


def get_head(path, *lines):
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def post(path, body, *lines):
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: localhost", IN,
                        f"Content-Length: {len(body)}", *lines, "", ""]).encode() + body


# ---- bodies ----

@pytest.fixture(params=["cleartext", "tls"])
def stub_pair(request, start_stub, certificates):
    """A stub, the protocols that it speaks, and the CA."""
    if request.param == "tls":
        stub = start_stub("--tls", certificates / "server.pem", certificates / "server.key")
        return stub, ["h1-tls", "h2-tls"], certificates / "ca.pem"
    return start_stub(), ["h1", "h2c"], None


def test_bodies_of_every_size(stub_pair):
    stub, protocols, ca = stub_pair
    digests = {}
    for protocol in protocols:
        for path, size in [("/", 512), ("/1k", 1024), ("/100k", 102400), ("/2m", 2 << 20),
                           ("/5m", 5 << 20), ("/coded", 4096)]:
            answer = http.request(stub.uri + path, protocol, ca=ca)
            assert (answer.status, len(answer.body)) == (200, size)
            assert answer.get("content-length") == str(size)
            assert answer.version == ("2" if protocol.startswith("h2") else "1.1")
            digest = hashlib.sha256(answer.body).digest()
            assert digests.setdefault(path, digest) == digest
            head = http.request(stub.uri + path, protocol, "HEAD", ca=ca)
            assert (head.status, head.body) == (200, b"")
            assert head.get("content-length") == str(size)


@pytest.mark.threads
def test_many_large_bodies_at_once(start_stub):
    stub = start_stub("--threads", 2)
    run = subprocess.run(["nghttp", "--no-dep", "--null-out", "--stat", "-m", "20",
                          stub.uri + "/5m"], capture_output=True, text=True, timeout=LIMIT)
    assert run.returncode == 0
    lines = [line.split() for line in run.stdout.splitlines() if line.rstrip().endswith("/5m")]
    assert len(lines) == 20
    assert {line[-3] for line in lines} == {"200"}


def test_codings(start_stub):
    stub = start_stub()
    for protocol in ["h1", "h2c"]:
        for accept, coding, etag, size in [
                ("gzip", "gzip", '"generation-1;gz"', 1500),
                ("gzip, br", "br", '"generation-1;br"', 1200),
                ("x-gzip;q=1, br;q=0.5", "gzip", '"generation-1;gz"', 1500),
                ("gzip;q=0", None, '"generation-1"', 4096),
                ("identity;q=0", None, '"generation-1"', 4096),
                ("zstd", None, '"generation-1"', 4096)]:
            answer = http.request(stub.uri + "/coded", protocol,
                                  headers=[f"Accept-Encoding: {accept}"])
            assert answer.get("content-encoding") == coding
            assert answer.get("etag") == etag
            assert len(answer.body) == size
            assert answer.get("vary") == "Accept-Encoding"
        # several lines are one list
        answer = http.request(stub.uri + "/coded", protocol,
                              headers=["Accept-Encoding: gzip;q=0.3", "Accept-Encoding: br;q=0.2"])
        assert answer.get("content-encoding") == "gzip"
        # what has no coded body is sent plain
        answer = http.request(stub.uri + "/1k", protocol, headers=["Accept-Encoding: gzip, br"])
        assert answer.get("content-encoding") is None


def test_a_request_sees_one_snapshot(start_stub):
    stub = start_stub("--threads", 1)
    whole = http.request(stub.uri + "/5m").body
    with http.Http2(stub.port, [(4, 1000)]) as connection:  # SETTINGS_INITIAL_WINDOW_SIZE
        connection.request(1, "GET", "/5m")
        body = connection.read_until(http.DATA, 1)[3]
        stub.signal(signal.SIGHUP)
        wait_until(lambda: http.request(stub.uri + "/1k").get("etag") == '"generation-2"',
                   "the new snapshot is not served")
        assert http.request(stub.uri + "/5m").body != whole
        for stream in [0, 1]:
            connection.send(http.WINDOW_UPDATE, 0, stream, struct.pack(">I", 8 << 20))
        while len(body) < len(whole):
            body += connection.read_until(http.DATA, 1)[3]
    assert body == whole


# ---- POST ----

def test_post(stub_pair):
    stub, protocols, ca = stub_pair
    for protocol in protocols:
        answer = http.request(stub.uri + "/echo", protocol, headers=[IN], data=b"hello", ca=ca)
        assert (answer.status, answer.body) == (200, b"hello")
        assert answer.get("content-type") == "application/x-echo+json"
        assert answer.get("cache-control") == "no-store"
        assert answer.get("etag") is None
        answer = http.request(stub.uri + "/echo", protocol, "POST", [IN], b"bad", ca)
        assert (answer.status, answer.body) == (400, b"bad")
        assert answer.get("content-type") == "application/alto-error+json"
        answer = http.request(stub.uri + "/echo", protocol, "POST", [IN], b"", ca)
        assert (answer.status, answer.body) == (200, b"")
        compat = ["Content-Type: Application/X-In ; charset=utf-8"]
        assert http.request(stub.uri + "/echo", protocol, "POST", compat, b"1", ca).status == 200
        large = os.urandom(900000)
        assert http.request(stub.uri + "/echo", protocol, "POST", [IN], large, ca).body == large
        answer = http.request(stub.uri + "/slow", protocol, "POST", [IN], b"20", ca)
        assert (answer.status, answer.body) == (200, b"20")


def test_chunked_post(start_stub):
    stub = start_stub()
    answer = http.request(stub.uri + "/echo", "h1", "POST", [IN, "Transfer-Encoding: chunked"],
                          b"x" * 300000)
    assert (answer.status, answer.body) == (200, b"x" * 300000)
    data = http.raw_exchange(stub.port, post("/echo", b"").replace(
        b"Content-Length: 0", b"Transfer-Encoding: chunked\r\nConnection: close") +
        b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n")
    assert http.split_responses(data)[0][::2] == (200, b"abcdefg")


def test_expect_continue(start_stub):
    stub = start_stub()
    with http.raw_connect(stub.port) as sock:
        sock.sendall(post("/echo", b"", "Expect: 100-continue", "Connection: close").replace(
            b"Content-Length: 0", b"Content-Length: 3"))
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"abc")
        assert http.split_responses(http.read_to_end(sock))[0][::2] == (200, b"abc")


@pytest.mark.threads
def test_full_queue(start_stub):
    stub = start_stub("--threads", 2, "--option", "worker-queue=1")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: http.request(stub.uri + "/slow", "h2c", "POST", [IN],
                                                       b"1000"), range(8)))
    statuses = [a.status for a in answers]
    assert set(statuses) == {200, 503}
    for answer in answers:
        if answer.status == 503:
            assert (answer.get("retry-after"), answer.body) == ("1", b"")
    # and it empties again
    assert http.request(stub.uri + "/slow", "h1", "POST", [IN], b"1").status == 200


@pytest.mark.threads
def test_clients_that_leave_before_the_answer(start_stub):
    stub = start_stub("--threads", 2)
    for _ in range(20):
        with http.raw_connect(stub.port) as sock:
            sock.sendall(post("/slow", b"30"))
        with http.Http2(stub.port) as connection:
            connection.request(1, "POST", "/slow", [("content-type", "application/x-in+json")],
                               end=False)
            connection.send(http.DATA, http.END_STREAM, 1, b"30")
            connection.send(http.RST_STREAM, 0, 1, struct.pack(">I", 8))
            connection.request(3, "GET", "/5m")
    assert http.request(stub.uri + "/1k").status == 200


# ---- limits ----

def test_bodies_above_the_limit(stub_pair, start_stub):
    stub, protocols, ca = stub_pair
    for protocol in protocols:
        # moderately: by the handler, after path and method
        body = b"x" * ((1 << 20) + 1)
        for path, expected in [("/echo", 413), ("/none", 404), ("/1k", 405)]:
            answer = http.request(stub.uri + path, protocol, "POST", [IN, "Expect:"], body, ca)
            assert (answer.status, answer.body) == (expected, b"")
        assert http.request(stub.uri + "/echo", protocol, "POST", [IN, "Expect:"], body[1:],
                            ca).status == 200


def test_the_hard_limit(start_stub):
    stub = start_stub("--option", "max-body=1000")
    answer = http.request(stub.uri + "/echo", "h1", "POST", [IN, "Expect:"], b"x" * 100000)
    assert answer.status == 413
    with http.Http2(stub.port) as connection:
        connection.request(1, "POST", "/echo", [("content-type", "application/x-in+json")],
                           end=False)
        for _ in range(7):
            connection.send(http.DATA, 0, 1, b"x" * 16000)
        assert http.http2_status(connection.read_until(http.HEADERS, 1)[3]) == 413
        connection.request(3, "GET", "/1k")
        assert http.http2_status(connection.read_until(http.HEADERS, 3)[3]) == 200


def test_connection_limit(start_stub):
    stub = start_stub("--option", "max-connections=3", "--threads", 2)
    held = [http.raw_connect(stub.port) for _ in range(3)]
    try:
        for sock in held:  # each is known to be served
            sock.sendall(get_head("/1k"))
            assert sock.recv(15) == b"HTTP/1.1 200 OK"
        assert http.raw_exchange(stub.port, get_head("/1k")) == b""
    finally:
        for sock in held:
            sock.close()
    wait_until(lambda: b"200 OK" in http.raw_exchange(stub.port,
                                                      get_head("/1k", "Connection: close")),
               "places do not become free")


def test_out_of_file_descriptors(tmp_path):
    def few_files():
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))

    with subprocess.Popen([HTTP_STUB, "--threads", "1"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, preexec_fn=few_files) as process:
        try:
            port = int(process.stdout.readline().rsplit(":", 1)[1])
            held = [http.raw_connect(port) for _ in range(60)]
            assert "cannot accept connections" in process.stderr.readline()
            for sock in held:
                sock.close()
            data = http.raw_exchange(port, get_head("/1k", "Connection: close"))
            assert data.startswith(b"HTTP/1.1 200 OK")
        finally:
            process.terminate()
        process.communicate(timeout=LIMIT)
        assert process.returncode == 0


def test_room_for_the_files_of_all_connections(start_stub):
    """Or everybody waits whenever the kernel makes it for one more."""
    most = min(5000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1)
    stub = start_stub("--option", f"max-connections={most}", "--threads", 2)
    status = pathlib.Path(f"/proc/{stub.process.pid}/status").read_text()
    assert int(re.search(r"FDSize:\s+(\d+)", status)[1]) >= most


# ---- timeouts ----

@pytest.mark.parametrize("sent", [b"", b"PRI * HTTP/2.0\r\n", b"GET /1k HTTP/1.1\r\nHost:",
                                  get_head("/1k"), post("/echo", b"abc")[:-1],
                                  http.PREFACE], ids=["nothing", "part of the preface",
                                                      "part of a head", "idle", "part of a body",
                                                      "idle HTTP/2"])
def test_silent_peers_are_closed(start_stub, sent):
    stub = start_stub("--option", "request-timeout=1")
    with http.raw_connect(stub.port) as sock:
        sock.sendall(sent)
        data = http.read_to_end(sock)
    assert data.startswith(b"HTTP/1.1 200") == (sent == get_head("/1k"))


def test_handshake_that_begins_after_certificates_were_read_again(start_stub, certificates):
    """The connection was accepted with those that have gone since."""
    stub = start_stub("--threads", 1, "--tls", certificates / "server.pem",
                      certificates / "server.key")
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))

    def ask(sock):
        sock.sendall(get_head("/1k", "Connection: close"))
        return http.read_to_end(sock)[:13]

    with http.raw_connect(stub.port) as early:
        assert ask(http.raw_connect(stub.port, context)) == b"HTTP/1.1 200 "  # so it is accepted
        stub.signal(signal.SIGHUP)
        wait_until(lambda: http.request(stub.uri.replace("127.0.0.1", "localhost") + "/1k", "h1-tls",
                                        ca=certificates / "ca.pem").get("etag") ==
                   '"generation-2"', "it is not read again")
        for _ in range(2):
            assert ask(http.raw_connect(stub.port, context)) == b"HTTP/1.1 200 "
        with context.wrap_socket(early, server_hostname="localhost") as sock:
            assert ask(sock) == b"HTTP/1.1 200 "


def test_unfinished_handshake_is_closed(start_stub, certificates):
    stub = start_stub("--tls", certificates / "server.pem", certificates / "server.key",
                      "--option", "handshake-timeout=1")
    assert http.raw_exchange(stub.port, b"") == b""
    assert http.raw_exchange(stub.port, b"\x16\x03\x01\x02\x00\x01") == b""


def test_http1_peer_that_does_not_read_is_closed(start_stub):
    stub = start_stub("--option", "send-timeout=1", "--threads", 1)
    before = processes.sockets(stub.process.pid)
    with http.raw_connect(stub.port) as sock:
        sock.sendall(get_head("/5m") * 8)  # more than the kernel takes
        assert sock.recv(15) == b"HTTP/1.1 200 OK"
        wait_until(lambda: processes.sockets(stub.process.pid) == before, "the connection stays")


def test_http2_peer_that_opens_no_window_is_closed(start_stub):
    stub = start_stub("--option", "send-timeout=1")
    with http.Http2(stub.port, [(4, 0)]) as connection:  # SETTINGS_INITIAL_WINDOW_SIZE
        connection.request(1, "GET", "/100k")
        assert http.HEADERS in connection.ends()


def test_http2_peer_that_reads_slowly_is_served(start_stub):
    stub = start_stub("--option", "send-timeout=2")
    with http.Http2(stub.port, [(4, 0)]) as connection:
        connection.request(1, "GET", "/1k")
        body = b""
        while len(body) < 1024:
            time.sleep(0.4)
            connection.send(http.WINDOW_UPDATE, 0, 1, struct.pack(">I", 128))
            body += connection.read_until(http.DATA, 1)[3]
    assert len(body) == 1024


def test_http2_body_that_never_ends_is_closed(start_stub):
    stub = start_stub("--option", "request-timeout=1")
    with http.Http2(stub.port) as connection:
        connection.request(1, "POST", "/echo", [("content-type", "application/x-in+json")],
                           end=False)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            end = time.monotonic() + LIMIT
            while time.monotonic() < end:
                connection.send(http.DATA, 0, 1, b"x")
                time.sleep(0.1)


# ---- drain ----

@pytest.mark.threads
def test_drain_answers_what_is_under_way(start_stub):
    stub = start_stub("--threads", 2, "--drain", 30)
    with concurrent.futures.ThreadPoolExecutor(4) as pool, \
            http.raw_connect(stub.port) as idle, http.raw_connect(stub.port) as half:
        idle.sendall(get_head("/1k"))
        wait_until(lambda: len(idle.recv(65536, socket.MSG_PEEK)) > 1024, "no answer")
        request = post("/echo", b"abcdef")
        half.sendall(request[:-3])
        slow = [pool.submit(http.request, stub.uri + "/slow", protocol, "POST", [IN], b"2000")
                for protocol in ["h1", "h2c"]]
        time.sleep(0.7)  # they have begun; if not, they are refused and the test says so
        stub.signal(signal.SIGTERM)
        wait_until(lambda: http.refused(stub.port), "goes on accepting")
        http.read_to_end(idle)  # ends, long before the drain does
        assert stub.process.poll() is None
        half.sendall(request[-3:])
        ((status, headers, body),) = http.split_responses(http.read_to_end(half))
        assert (status, body, headers["connection"]) == (200, b"abcdef", "close")
        assert [f.result().status for f in slow] == [200, 200]
    assert stub.wait() == 0


def test_drain_tells_http2_peers(start_stub):
    stub = start_stub("--drain", 30)
    with http.Http2(stub.port) as connection:
        connection.request(1, "GET", "/1k")
        connection.read_until(http.DATA, 1)
        stub.signal(signal.SIGTERM)
        assert connection.read_until(http.GOAWAY)
        # a request that crossed the first GOAWAY is still answered (RFC 9113 6.8)
        connection.request(3, "GET", "/1k")
        assert http.http2_status(connection.read_until(http.HEADERS, 3)[3]) == 200
        assert http.GOAWAY in connection.ends()
    assert stub.wait() == 0


def test_drain_serves_what_was_accepted_by_the_kernel(start_stub):
    stub = start_stub("--threads", 1, "--drain", 30)
    stub.signal(signal.SIGSTOP)
    with http.raw_connect(stub.port) as sock:
        sock.sendall(get_head("/1k"))
        stub.signal(signal.SIGTERM)
        stub.signal(signal.SIGCONT)
        ((status, _, _),) = http.split_responses(http.read_to_end(sock))
    assert status == 200
    assert stub.wait() == 0


@pytest.mark.threads
def test_drain_cuts_off_at_its_deadline(start_stub):
    stub = start_stub("--drain", 1)
    with http.raw_connect(stub.port) as half, http.Http2(stub.port, [(4, 0)]) as stalled:
        half.sendall(post("/echo", b"abcdef")[:-3])
        stalled.request(1, "GET", "/5m")
        stalled.read_until(http.HEADERS, 1)
        stub.signal(signal.SIGTERM)
        assert stub.wait() == 0


def test_drain_says_when_a_thread_does_not_end(start_stub):
    stub = start_stub("--drain", 0)
    with http.raw_connect(stub.port) as sock:
        sock.sendall(post("/slow", b"9000"))
        time.sleep(0.5)
        stub.signal(signal.SIGTERM)
        assert stub.process.wait(LIMIT) == 3
    stub.wait_for("a serving thread does not end")
    stub.stop = lambda: None  # that was its end


def test_drain_deadline_holds_against_a_wedged_thread(start_stub):
    """A CONTINUATION behind the last GOAWAY makes the HTTP library spin for ever (2.2.5)."""
    stub = start_stub("--threads", 1, "--drain", 3)
    with http.Http2(stub.port, [(4, 0)]) as connection:
        connection.request(1, "GET", "/5m")  # keeps the connection open
        connection.read_until(http.HEADERS, 1)
        connection.send(http.HEADERS, 0, 3, b"\x82")  # without END_HEADERS
        stub.signal(signal.SIGTERM)
        for _ in range(2):
            connection.read_until(http.GOAWAY)
        connection.send(9, http.END_HEADERS, 3, b"\x86")
        # 3: it says so; 0: the connection was cut before it could do harm
        assert stub.process.wait(LIMIT) in (0, 3)
    stub.stop = lambda: None


# ---- reload ----

@pytest.mark.threads
@pytest.mark.parametrize("tls", [False, True], ids=["cleartext", "tls"])
def test_reload_under_load_drops_nothing(start_stub, certificates, tls):
    args = ["--tls", certificates / "server.pem", certificates / "server.key"] if tls else []
    stub = start_stub("--threads", 2, *args)
    commands = [["h2load", "-t1", "-c4", "-m4", "-n", "2000", stub.uri + "/100k"],
                ["h2load", "-t1", "-c4", "--h1", "-n", "4000", stub.uri + "/1k"],
                ["h2load", "-t1", "-c2", "-m2", "-n", "20", stub.uri + "/5m"]]
    runs = [subprocess.Popen(c, stdout=subprocess.PIPE, text=True) for c in commands]
    while any(run.poll() is None for run in runs):
        stub.signal(signal.SIGHUP)
        time.sleep(0.05)
    for run in runs:
        output = run.communicate()[0]
        assert " 0 failed, 0 errored, 0 timeout" in output, output


def peer_name(port, certificates):
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    context.check_hostname = False
    with http.raw_connect(port, context) as sock:
        return dict(x[0] for x in sock.getpeercert()["subject"])["commonName"]


def test_certificate_reload(start_stub, certificates, tmp_path):
    for kind in ["pem", "key"]:
        shutil.copy(certificates / f"server.{kind}", tmp_path / f"now.{kind}")
    stub = start_stub("--tls", tmp_path / "now.pem", tmp_path / "now.key")
    assert peer_name(stub.port, certificates) == "localhost"
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    with http.raw_connect(stub.port, context) as old:
        old.sendall(get_head("/1k"))
        assert old.recv(15) == b"HTTP/1.1 200 OK"
        for kind in ["pem", "key"]:
            shutil.copy(certificates / f"server2.{kind}", tmp_path / f"now.{kind}")
        stub.signal(signal.SIGHUP)
        wait_until(lambda: peer_name(stub.port, certificates) == "second", "the old one is used")
        # a connection that used the old one goes on
        old.sendall(get_head("/1k", "Connection: close"))
        assert http.read_to_end(old).count(b"HTTP/1.1 200 OK") == 1
    # a key of another certificate is refused, in one line, and changes nothing
    shutil.copy(certificates / "server.key", tmp_path / "now.key")
    line = stub.reload("does not belong")
    assert str(tmp_path / "now.key") in line and str(tmp_path / "now.pem") in line
    assert peer_name(stub.port, certificates) == "second"


# ---- start ----

@pytest.mark.parametrize("change, expected", [
    (lambda a, c: a.__setitem__(1, "/nonexistent.pem"),
     "certificate /nonexistent.pem: No such file or directory"),
    (lambda a, c: a.__setitem__(2, "/nonexistent.key"),
     "key /nonexistent.key: No such file or directory"),
    (lambda a, c: a.__setitem__(1, str(c / "server.key")), "certificate .*server.key: "),
    (lambda a, c: a.__setitem__(2, str(c / "client.key")),
     "key .*client.key: does not belong to certificate .*server.pem"),
    (lambda a, c: a.__setitem__(2, str(c / "secret.key")),
     "key .*secret.key: is encrypted with a passphrase"),
    (lambda a, c: a.extend(["--client-ca", "/nonexistent", "optional"]),
     "client-ca /nonexistent: No such file or directory"),
    (lambda a, c: a.extend(["--client-ca", str(c / "server.key"), "required"]),
     "client-ca .*server.key: "),
], ids=["no certificate", "no key", "not a certificate", "wrong key", "passphrase", "no CA",
        "not a CA"])
def test_bad_tls_files(certificates, change, expected):
    subprocess.run(["openssl", "ec", "-aes128", "-passout", "pass:secret", "-in", "server.key",
                    "-out", "secret.key"], cwd=certificates, check=True, capture_output=True)
    args = ["--tls", str(certificates / "server.pem"), str(certificates / "server.key")]
    change(args, certificates)
    run = subprocess.run([HTTP_STUB, *args], capture_output=True, text=True, timeout=LIMIT,
                         stdin=subprocess.DEVNULL)
    assert run.returncode == 1
    assert re.fullmatch(f"http_stub: {expected}[^\n]*\n", run.stderr), run.stderr


def test_port_in_use(start_stub):
    stub = start_stub()
    run = subprocess.run([HTTP_STUB, "--port", str(stub.port)], capture_output=True, text=True,
                         timeout=LIMIT)
    assert run.returncode == 1
    assert run.stderr == f"http_stub: listen 127.0.0.1:{stub.port}: Address already in use\n"


# ---- access log ----

def test_access_log(start_stub):
    stub = start_stub("--access-log")
    http.request(stub.uri + "/1k?x=\"\\", "h1")
    http.request(stub.uri + "/echo", "h2c", "POST", [IN], b"hello")
    http.request(stub.uri + "/5m", "h2c")
    http.raw_exchange(stub.port, b"GET /\xff HTTP/1.0\r\n\r\n")
    http.raw_exchange(stub.port, get_head("/" + "long" * 500, "Connection: close"))
    wait_until(lambda: sum(line.startswith("{") for line in stub.lines) == 5, "lines are missing")
    records = [json.loads(line) for line in stub.lines if line.startswith("{")]
    keys = ["time", "peer", "method", "path", "status", "bytes", "protocol", "microseconds"]
    assert all(list(r) == keys for r in records)
    assert all(r["peer"] == "127.0.0.1" and r["microseconds"] >= 0 for r in records)
    assert [(r["method"], r["path"], r["status"], r["bytes"], r["protocol"]) for r in records] == [
        ("GET", '/1k?x="\\', 200, 1024, "HTTP/1.1"),
        ("POST", "/echo", 200, 5, "HTTP/2"),
        ("GET", "/5m", 200, 5 << 20, "HTTP/2"),
        ("GET", "/\xff", 404, 0, "HTTP/1.0"),
        ("GET", "/" + ("long" * 500)[:511], 404, 0, "HTTP/1.1")]
    assert all(len(r["time"]) == 24 and r["time"][-1] == "Z" for r in records)
