"""The end that comes whatever clients do, and a log that holds up nobody."""
import http.client as http_lib
import json
import re
import signal
import subprocess

import pytest

import http_client as http
from footprintd import BUILD, LIMIT, READY, Server, curl, write_config

NAMES = [f"f{i}" for i in range(200)]
ADDRESSES = {name: {"cidr": [f"198.18.{i}.{k}/32" for k in range(256)]}
             for i, name in enumerate(NAMES)}
BIG = f"""version: 1
footprints: {json.dumps(ADDRESSES)}
capabilities:
  - capability-type: FCI.DeliveryProtocol
    capability-value: {{delivery-protocols: [http/1.1]}}
    footprints: {json.dumps(NAMES)}
"""


@pytest.fixture
def site(tmp_path):
    """A site with a document that is larger than what a kernel holds of an answer."""
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/all.yaml").write_text(BIG)
    return tmp_path


def port_of(url):
    return int(url.rsplit(":", 1)[1])


STREAM = json.dumps({"add": {"a": {"resource-id": "cdni"}}}).encode()


def open_stream(port):
    """An update stream whose client never reads."""
    sock = http.raw_connect(port)
    sock.sendall(b"POST /updates HTTP/1.1\r\nHost: x\r\nContent-Type: application/"
                 b"alto-updatestreamparams+json\r\nAccept: text/event-stream\r\n"
                 b"Content-Length: %d\r\n\r\n" % len(STREAM) + STREAM)
    assert sock.recv(15) == b"HTTP/1.1 200 OK"
    return sock


def open_slow(port):
    """An HTTP/2 request whose client opens no window."""
    connection = http.Http2(port, [(4, 0)])
    connection.__enter__()
    connection.request(1, "GET", "/cdni")
    connection.read_until(http.HEADERS, 1)
    return connection


def open_half(port):
    sock = http.raw_connect(port)
    sock.sendall(b"POST /cdni-filtered HTTP/1.1\r\nHost: x\r\nContent-Type: application/"
                 b"alto-cdnifilter+json\r\nContent-Length: 9\r\n\r\n{")
    return sock


def test_drain_counts_what_it_cuts(site, certificates):
    """Slow readers and half requests are cut when time is up; what is idle or stuck goes before."""
    tls = f"{{certificate: {certificates}/server.pem, key: {certificates}/server.key}}"
    config = write_config(site, more="drain-s: 4\nlimits: {request-timeout-s: 3600, send-timeout-s: 3600, "
                          "handshake-timeout-s: 600}\n",
                          listen=f'[{{address: "127.0.0.1:0"}}, {{address: "127.0.0.1:0", tls: {tls}}}]')
    server = Server(config).wait_ready()
    port, tls_port = map(port_of, server.urls)
    handshake = http.raw_connect(tls_port)
    handshake.sendall(b"\x16\x03\x01\x02\x00\x01\x00")  # the beginning of a ClientHello
    idle = http.raw_connect(port)
    kept = [open_slow(port), open_half(port), open_half(port)]
    stream = open_stream(port)
    curl(f"{server.url}/netmap")
    server.send(signal.SIGTERM)
    server.wait_line("SIGTERM: draining, at most 4 seconds")
    assert http.read_to_end(handshake) == b"" and http.read_to_end(idle) == b""
    assert server.process.poll() is None
    stream.close()
    assert server.wait() == 0
    cut = [line for line in server.log if "cut off" in line]
    assert len(cut) == 1
    assert cut[0].endswith(" warning http: after 4 seconds 3 connections are not done: they are cut off")
    assert "info app: ended" in server.log[-1]
    del kept


def test_drain_that_cuts_nothing_says_nothing(site):
    server = Server(write_config(site)).wait_ready()
    with open_half(port_of(server.url)) as half:
        curl(f"{server.url}/netmap")
        server.send(signal.SIGTERM)
        server.wait_line("SIGTERM: draining")
        half.sendall(b"       }")
        assert http.read_to_end(half)
    assert server.wait() == 0
    assert not any("cut off" in line for line in server.log)


@pytest.mark.parametrize("first, second", [(signal.SIGTERM, signal.SIGINT), (signal.SIGINT, signal.SIGTERM)])
def test_any_second_signal_ends_at_once(site, first, second):
    config = write_config(site, more="drain-s: 3600\nlimits: {request-timeout-s: 3600}\n")
    server = Server(config).wait_ready()
    with open_half(port_of(server.url)):
        curl(f"{server.url}/netmap")
        server.send(first)
        server.wait_line(": draining, at most 3600 seconds")
        server.send(second)
        assert server.wait() == 0
    assert "second signal: ending at once" in server.log[-1]


def test_reader_of_the_log_that_does_not_read(site):
    """The pipe and the queue are full: answers come, lines are lost, and the end comes."""
    config = write_config(site, more="http: {access-log: on}\n")
    process = subprocess.Popen([BUILD / "footprintd", "--config", config], stderr=subprocess.PIPE)
    try:
        while not (ready := READY.match(process.stderr.readline().decode())):
            pass
        url = ready.group(1).split()[0].removeprefix("listen=")
        connection = http_lib.HTTPConnection("127.0.0.1", port_of(url), timeout=LIMIT)
        for _ in range(900):  # of 8 KB each: more than the queue of 4 MiB has room for
            connection.request("GET", "/netmap?" + "x" * 8000)
            answer = connection.getresponse()
            assert answer.status in (200, 404) and answer.read()
        assert curl(f"{url}/cdni")[0] == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=LIMIT) == 0
        # What was in the pipe is whole lines up to the last one.
        lines = process.stderr.read().decode().split("\n")
        assert 0 < len(lines) < 900
    finally:
        process.kill()


def test_flood_of_lines(site, certificates):
    """Lines that clients cause are limited, and counted; what comes before the server is ready is not."""
    tls = f"{{certificate: {certificates}/server.pem, key: {certificates}/server.key}}"
    config = write_config(site, more="log: {level: debug, lines-per-s: 1}\n",
                          listen=f'[{{address: "127.0.0.1:0", tls: {tls}}}]')
    server = Server(config).wait_ready()
    for _ in range(60):
        with http.raw_connect(port_of(server.url)) as sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n" * 20)
            http.read_to_end(sock)
    server.wait_line('debug http: [0-9]+ lines like "TLS handshake failed: %s" were left out')
    assert server.end() == 0
    text = "\n".join(server.log)
    written = len(re.findall("debug http: TLS handshake failed: ", text))
    omitted = sum(map(int, re.findall('([0-9]+) lines like "TLS handshake failed: %s" were', text)))
    assert 5 <= written < 60 and written + omitted == 60
