"""Whose address it is behind proxies: the PROXY protocol and Forwarded, from trusted ones only."""
import json
import socket
import ssl
import struct

import pytest

import http_client as http
from footprintd import Server
from pki import Pki
from test_identity import make_site

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V1 = b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 80\r\n"
V2 = SIGNATURE + b"\x21\x11" + struct.pack(">H", 12) + bytes([203, 0, 113, 9, 192, 0, 2, 1]) + \
    struct.pack(">HH", 4711, 80)
V2_IPV6 = SIGNATURE + b"\x21\x21" + struct.pack(">H", 36) + \
    socket.inet_pton(socket.AF_INET6, "2001:db8::9") * 2 + struct.pack(">HH", 4711, 80)
GET = b"GET /-/whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture
def site(tmp_path):
    servers = []

    def start(listen, more):
        config = make_site(tmp_path, None, more, listen=f"[{', '.join(listen)}]")
        servers.append(Server(config).__enter__())
        servers[-1].ports = [int(url.rpartition(":")[2]) for url in servers[-1].urls]
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def peer(data):
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), data
    return json.loads(body)["peer"]


CLEAR = '{address: "127.0.0.1:0"}'
PROXIED = '{address: "127.0.0.1:0", proxy-protocol: true}'
TRUSTED = "trusted-proxies: [127.0.0.1]\n"


@pytest.mark.parametrize("header, want", [
    (V1, "203.0.113.9"), (V2, "203.0.113.9"), (V2_IPV6, "2001:db8::9"),
    (b"PROXY UNKNOWN\r\n", "127.0.0.1"), (SIGNATURE + b"\x20\0\0\0", "127.0.0.1")])
def test_proxy_protocol(site, header, want):
    server = site([PROXIED], TRUSTED + "http: {access-log: on}\n")
    assert peer(http.raw_exchange(server.ports[0], header + GET)) == want
    line = json.loads(server.wait_line(r'^\{"time.*$').group(0))
    assert line["peer"] == want
    # Byte by byte.
    with http.raw_connect(server.ports[0]) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in header + GET:
            sock.sendall(bytes([byte]))
        assert peer(http.read_to_end(sock)) == want


@pytest.mark.parametrize("header", [b"", b"PROXY TCP4 x\r\n", b"PROXY " + b"x" * 200, V2[:13],
                                    SIGNATURE + b"\x21\x11\xff\xff"])
def test_proxies_that_say_nothing(site, header):
    server = site([PROXIED, CLEAR], TRUSTED)
    with http.raw_connect(server.ports[0]) as sock:
        sock.sendall(header + GET)
        sock.shutdown(socket.SHUT_WR)
        assert http.read_to_end(sock) == b""
    assert peer(http.raw_exchange(server.ports[1], GET)) == "127.0.0.1"


def test_only_trusted_ones_are_heard(site):
    server = site([PROXIED, CLEAR], "trusted-proxies: [127.0.0.2, 10.0.0.0/8]\n")
    assert peer(http.raw_exchange(server.ports[0], GET)) == "127.0.0.1"
    assert http.raw_exchange(server.ports[0], V1 + GET).startswith(b"HTTP/1.1 400 ")
    with socket.create_connection(("127.0.0.1", server.ports[0]), 60, ("127.0.0.2", 0)) as sock:
        sock.sendall(V1 + GET)
        assert peer(http.read_to_end(sock)) == "203.0.113.9"
    line = b"Forwarded: for=203.0.113.9\r\n\r\n"
    for listener in [0, 1]:
        assert peer(http.raw_exchange(server.ports[listener], GET[:-2] + line)) == "127.0.0.1"


def test_http2_behind_a_proxy(site):
    server = site([PROXIED], TRUSTED)
    connection = http.Http2.__new__(http.Http2)
    connection.sock = http.raw_connect(server.ports[0])
    connection._buffer = b""
    connection.sock.sendall(V2 + http.PREFACE + connection.frame(http.SETTINGS, 0, 0))
    with connection:
        connection.request(1, "GET", "/-/whoami")
        assert json.loads(connection.read_until(http.DATA)[3])["peer"] == "203.0.113.9"


def test_tls_behind_a_proxy(site, tmp_path):
    """In one packet too: what follows the header is the handshake."""
    pki = Pki(tmp_path / "pki")
    pki.sign("server", "/CN=localhost", "DNS:localhost")
    f = pki.folder
    server = site([PROXIED[:-1] + f", tls: {{certificate: {f}/server.pem, key: {f}/server.key}}}}"],
                  TRUSTED)
    context = ssl.create_default_context(cafile=pki.ca)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with http.raw_connect(server.ports[0]) as sock:
        first = V2

        def drive(step):
            nonlocal first
            while True:
                try:
                    done = step()
                except ssl.SSLWantReadError:
                    done = None
                sock.sendall(first + outgoing.read())
                first = b""
                if done is not None:
                    return done
                data = sock.recv(65536)
                assert data
                incoming.write(data)

        drive(lambda: tls.do_handshake() or True)
        drive(lambda: tls.write(GET))
        data = b""
        while b"}\n" not in data:
            data += drive(lambda: tls.read(65536))
        assert peer(data) == "203.0.113.9"


@pytest.mark.parametrize("name, header, want", [
    ("forwarded", "Forwarded: for=203.0.113.9", "203.0.113.9"),
    ("forwarded", "forwarded: for=198.51.100.1, for=203.0.113.9;proto=https", "203.0.113.9"),
    ("forwarded", "Forwarded: for=203.0.113.9, for=127.0.0.1", "203.0.113.9"),
    ("forwarded", "Forwarded: for=198.51.100.1\r\nForwarded: for=203.0.113.9", "203.0.113.9"),
    ("forwarded", "X-Forwarded-For: 203.0.113.9", "127.0.0.1"),
    ("x-forwarded-for", "X-Forwarded-For: 198.51.100.1, 203.0.113.9", "203.0.113.9"),
    ("x-forwarded-for", "Forwarded: for=203.0.113.9", "127.0.0.1"),
    ("none", "Forwarded: for=203.0.113.9\r\nX-Forwarded-For: 203.0.113.9", "127.0.0.1")])
def test_fields(site, name, header, want):
    server = site([CLEAR], TRUSTED + f"proxy-header: {name}\nhttp: {{access-log: on}}\n")
    data = http.raw_exchange(server.ports[0], GET[:-2] + header.encode() + b"\r\n\r\n")
    assert peer(data) == want
    assert json.loads(server.wait_line(r'^\{"time.*$').group(0))["peer"] == want


def keep(port, header, source="127.0.0.1"):
    """A connection that stays, and what its first answer begins with."""
    sock = socket.create_connection(("127.0.0.1", port), 60, (source, 0))
    sock.sendall(header + GET.replace(b"Connection: close\r\n", b""))
    try:
        return sock, sock.recv(65536)[:12]
    except ConnectionResetError:
        return sock, b""


def test_limits_are_of_clients(site):
    """However many clients a trusted proxy has; each of them is counted."""
    server = site([PROXIED, CLEAR], TRUSTED + "limits: {connections-per-address: 2}\n")
    port = server.ports[0]
    first = [keep(port, b"PROXY TCP4 203.0.113.%d 192.0.2.1 4711 80\r\n" % i) for i in range(5)]
    assert {begin for _, begin in first} == {b"HTTP/1.1 200"}
    more = [keep(port, b"PROXY TCP4 203.0.113.1 192.0.2.1 4711 80\r\n") for _ in range(2)]
    assert [begin for _, begin in more] == [b"HTTP/1.1 200", b""]
    # One that has gone makes room.
    first[1][0].close()
    server.wait_line("too many connections from one address")
    again = b""
    while again != b"HTTP/1.1 200":
        sock, again = keep(port, b"PROXY TCP4 203.0.113.1 192.0.2.1 4711 80\r\n")
        more.append((sock, again))
    # By a field it is not known whose connection it is.
    others = [keep(server.ports[1], b"") for _ in range(4)]
    assert {begin for _, begin in others} == {b"HTTP/1.1 200"}
    strangers = [keep(server.ports[1], b"", "127.0.0.2") for _ in range(3)]
    assert [begin for _, begin in strangers] == [b"HTTP/1.1 200", b"HTTP/1.1 200", b""]
    for sock, _ in first + more + others + strangers:
        sock.close()


@pytest.mark.parametrize("http2", [False, True], ids=["h1", "h2c"])
def test_trailers_are_no_fields(site, http2):
    """A proxy passes its client's trailers on behind what it says itself (RFC 9110 6.5.1)."""
    server = site([CLEAR], TRUSTED + "proxy-header: forwarded\n")
    said, forged = "for=203.0.113.9", "for=198.51.100.1"
    if http2:
        with http.Http2(server.ports[0]) as connection:
            connection.request(1, "GET", "/-/whoami", [("forwarded", said)], end=False)
            connection.send(http.HEADERS, http.END_HEADERS | http.END_STREAM, 1, b"\0\x09forwarded" +
                            http.hpack_length(forged) + forged.encode())
            assert http.http2_status(connection.read_until(http.HEADERS, 1)[3]) == 200
            body = connection.read_until(http.DATA, 1)[3]
        assert json.loads(body)["peer"] == "203.0.113.9"
    else:
        assert peer(http.raw_exchange(
            server.ports[0], f"GET /-/whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\nForwarded: "
            f"{said}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nForwarded: {forged}\r\n\r\n".encode())) \
            == "203.0.113.9"


def test_a_proxy_behind_a_proxy(site):
    """What the PROXY protocol says may be a trusted proxy, and then its field counts."""
    server = site([PROXIED], "trusted-proxies: [127.0.0.1, 203.0.113.0/24]\n")
    data = http.raw_exchange(server.ports[0], V1 + GET[:-2] + b"Forwarded: for=192.0.2.77\r\n\r\n")
    assert peer(data) == "192.0.2.77"
