"""HTTP as footprintd speaks it: statuses, negotiation, conditions, protocols, TLS, reload, drain."""
import json
import pathlib
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

import http_client as http
from footprintd import LIMIT, Server, wait_until, write_config

CDNI = "application/alto-cdni+json"
FILTER = "Content-Type: application/alto-cdnifilter+json"
ERROR = "application/alto-error+json"
BODY = b'{"cdni-capabilities":[]}'


def document(count):
    """Enough capabilities that compressed bodies pay."""
    return json.dumps({"version": 1, "footprints": {"metro": {"cidr": ["192.0.2.0/24"]}},
                       "capabilities": [
                           {"capability-type": "FCI.DeliveryProtocol",
                            "capability-value": {"delivery-protocols": [f"x-{i}/1.1"]},
                            "footprints": ["metro"]} for i in range(count)]})


class Site:
    """A running server with a cleartext and a TLS listener."""

    def __init__(self, server, folder, certificates):
        self.server = server
        self.folder = folder
        self.certificates = certificates

    def uri(self, protocol):
        return self.server.urls[1 if protocol.endswith("-tls") else 0]

    def port(self, protocol="h1"):
        return int(self.uri(protocol).rpartition(":")[2])

    def ask(self, path, protocol="h1", method=None, headers=(), data=None, extra=()):
        return http.request(self.uri(protocol) + path, protocol, method, headers, data,
                            self.certificates / "ca.pem", extra)

    def publish(self, count):
        """New documents, and the end of the build."""
        (self.folder / "footprints/a.yaml").write_text(document(count))
        self.server.send(signal.SIGHUP)
        self.server.wait_line(rf"generation \d+: .*\b{count} capability objects")


def make_site(folder, certificates, client_auth="none", more=""):
    (folder / "footprints").mkdir()
    (folder / "footprints/a.yaml").write_text(document(50))
    tls = {"certificate": str(certificates / "server.pem"), "key": str(certificates / "server.key")}
    if client_auth != "none":
        tls.update({"client-ca": str(certificates / "ca.pem"), "client-auth": client_auth})
    listen = json.dumps([{"address": "127.0.0.1:0"}, {"address": "127.0.0.1:0", "tls": tls}])
    return Server(write_config(folder, listen=listen, more=more))


@pytest.fixture(scope="module")
def shared(tmp_path_factory, certificates):
    """For tests that only ask."""
    folder = tmp_path_factory.mktemp("shared")
    with make_site(folder, certificates) as server:
        yield Site(server, folder, certificates)


@pytest.fixture
def site(tmp_path, certificates):
    """For tests that change it or stop it."""
    with make_site(tmp_path, certificates) as server:
        yield Site(server, tmp_path, certificates)


every_protocol = pytest.mark.parametrize("protocol", http.PROTOCOLS)


def head(line, *lines):
    return "\r\n".join([line, "Host: localhost", *lines, "", ""]).encode()


def empty(answer, status):
    """A status that has no body, and no ALTO error that would not fit it."""
    assert (answer.status, answer.body) == (status, b"")
    assert answer.get("content-length") == (None if status == 204 else "0")
    assert answer.get("content-type") is None
    return answer


# ---- what is served ----

@every_protocol
def test_get(shared, protocol):
    answer = shared.ask("/cdni", protocol)
    assert answer.status == 200
    assert answer.version == ("2" if protocol.startswith("h2") else "1.1")
    assert answer.get("content-type") == CDNI
    assert answer.get("content-length") == str(len(answer.body))
    assert answer.get("vary") == "Accept-Encoding"
    assert answer.get("cache-control") == "max-age=60"
    assert answer.get("server") == "footprintd"
    assert answer.get("date")
    assert answer.get("content-encoding") is None
    content = json.loads(answer.body)
    assert answer.get("etag") == f'"{content["meta"]["vtag"]["tag"]}"'


@every_protocol
def test_directory(shared, protocol):
    for path in ["/", "/directory", ""]:
        answer = shared.ask(path, protocol)
        assert (answer.status, answer.get("content-type")) == (200,
                                                               "application/alto-directory+json")
    for resource in json.loads(answer.body)["resources"].values():
        assert shared.ask(resource["uri"], protocol).status in (200, 405)


@every_protocol
def test_head(shared, protocol):
    get = shared.ask("/cdni", protocol)
    answer = shared.ask("/cdni", protocol, "HEAD")
    assert (answer.status, answer.body) == (200, b"")
    drop = {"date"}
    assert [h for h in answer.headers if h[0] not in drop] == [h for h in get.headers
                                                               if h[0] not in drop]
    for path, status in [("/none", 404), ("/cdni-filtered", 405)]:
        empty(shared.ask(path, protocol, "HEAD"), status)


@every_protocol
def test_post(shared, protocol):
    answer = shared.ask("/cdni-filtered", protocol, "POST", [FILTER], BODY)
    assert (answer.status, answer.get("content-type")) == (200, CDNI)
    assert answer.get("cache-control") == "no-store"
    assert answer.get("content-length") == str(len(answer.body))
    assert len(json.loads(answer.body)["cdni-advertisement"]["capabilities-with-footprints"]) == 50
    for body in [b"", b"{", b"[]"]:
        answer = shared.ask("/cdni-filtered", protocol, "POST", [FILTER], body)
        assert (answer.status, answer.get("content-type")) == (400, ERROR)
        assert json.loads(answer.body)["meta"]["code"] == "E_SYNTAX"
    # errors are what they are, whatever the client would rather have
    answer = shared.ask("/cdni-filtered", protocol, "POST", [FILTER, f"Accept: {CDNI}"], b"{}")
    assert (answer.status, answer.get("content-type")) == (400, ERROR)


@every_protocol
def test_options(shared, protocol):
    answer = empty(shared.ask("/cdni", protocol, "OPTIONS"), 204)
    assert (answer.get("allow"), answer.get("accept-post")) == ("GET, HEAD, OPTIONS", None)
    answer = empty(shared.ask("/cdni-filtered", protocol, "OPTIONS"), 204)
    assert answer.get("allow") == "POST, OPTIONS"
    assert answer.get("accept-post") == "application/alto-cdnifilter+json"
    empty(shared.ask("/none", protocol, "OPTIONS"), 404)
    answer = empty(shared.ask("/", protocol, "OPTIONS", extra=["--request-target", "*"]), 204)
    assert answer.get("allow") == "GET, HEAD, POST, OPTIONS"
    empty(shared.ask("/", protocol, "GET", extra=["--request-target", "*"]), 404)


# ---- the order of checks ----

@every_protocol
def test_unknown_paths(shared, protocol):
    for path in ["/none", "/cdni/", "/cdni/x", "/CDNI", "//cdni", "/cdni%00", "/%2f"]:
        empty(shared.ask(path, protocol), 404)
    # before anything else
    empty(shared.ask("/none", protocol, "BREW", ["Accept: text/html"], b"x"), 404)


@every_protocol
def test_paths_are_normalised(shared, protocol):
    for path in ["/cdni?", "/cdni?a=/b&c", "/%63dni", "/./cdni", "/x/../cdni", "/cdni?/../none"]:
        assert shared.ask(path, protocol).get("content-type") == CDNI


@every_protocol
def test_methods(shared, protocol):
    for method in ["PUT", "DELETE", "PATCH", "TRACE", "POST"]:
        answer = empty(shared.ask("/cdni", protocol, method, ["Accept: text/html"]), 405)
        assert answer.get("allow") == "GET, HEAD, OPTIONS"
    for method in ["GET", "PUT", "DELETE"]:
        answer = empty(shared.ask("/cdni-filtered", protocol, method), 405)
        assert answer.get("allow") == "POST, OPTIONS"
    for method in ["BREW", "get", "PROPFIND"]:
        answer = empty(shared.ask("/cdni", protocol, method), 501)
        assert answer.get("allow") is None


@every_protocol
def test_order_of_post_checks(shared, protocol):
    large = b"x" * ((1 << 20) + 1)
    text = "Content-Type: text/plain"
    html = "Accept: text/html"
    empty(shared.ask("/cdni-filtered", protocol, "POST", [text, html, "Expect:"], large), 413)
    for content_type in [text, "Content-Type:", "Content-Type: application/json",
                         "Content-Type: application/alto-cdnifilter"]:
        empty(shared.ask("/cdni-filtered", protocol, "POST", [content_type, html], BODY), 415)
    empty(shared.ask("/cdni-filtered", protocol, "POST", [FILTER, "Content-Encoding: gzip"], BODY),
          415)
    empty(shared.ask("/cdni-filtered", protocol, "POST", [FILTER, html], b"{"), 406)
    for content_type in [FILTER + "; charset=utf-8", FILTER.upper()]:
        assert shared.ask("/cdni-filtered", protocol, "POST", [content_type],
                          BODY).status == 200


# ---- negotiation ----

@every_protocol
def test_accept(shared, protocol):
    for lines, status in [
            (["Accept:"], 200), (["Accept: */*"], 200), (["Accept: application/*"], 200),
            ([f"Accept: {CDNI}"], 200), ([f"Accept: {CDNI.upper()};q=0.1"], 200),
            ([f"Accept: {ERROR}"], 406), (["Accept: text/*"], 406),
            (["Accept: application/json"], 406), ([f"Accept: {CDNI};q=0, */*"], 406),
            ([f"Accept: {ERROR}, {CDNI}"], 200), ([f"Accept: {ERROR}", f"Accept: {CDNI}"], 200),
            (["Accept: text/html", "Accept: application/*;q=0.1"], 200),
            (["Accept: text/html, ;;;, application/*;q=nonsense"], 406)]:
        answer = shared.ask("/cdni", protocol, headers=lines)
        assert answer.status == status, lines
        if status == 406:
            empty(answer, 406)


@every_protocol
def test_content_codings(shared, protocol):
    """Compressed bodies come a little after the plain one, and are the same content."""
    plain = shared.ask("/cdni", protocol)
    tag = plain.get("etag").strip('"')
    for accept, coding, suffix in [("gzip", "gzip", ";gz"), ("br", "br", ";br"),
                                   ("gzip, deflate, br", "br", ";br"),
                                   ("br;q=0.2, gzip;q=0.3", "gzip", ";gz"), ("*", "br", ";br"),
                                   ("x-gzip", "gzip", ";gz")]:
        answers = []

        def coded():
            answers.append(shared.ask("/cdni", protocol, headers=[f"Accept-Encoding: {accept}"]))
            return answers[-1].get("content-encoding") == coding

        wait_until(coded, f"no {coding}")
        answer = answers[-1]
        assert answer.get("etag") == f'"{tag}{suffix}"'
        assert answer.get("content-length") == str(len(answer.body))
        assert len(answer.body) < len(plain.body)
        again = shared.ask("/cdni", protocol, headers=[f"Accept-Encoding: {accept}"],
                           extra=["--compressed"])
        assert again.body == plain.body
        size = shared.ask("/cdni", protocol, "HEAD", [f"Accept-Encoding: {accept}"])
        assert size.get("content-length") == str(len(answer.body))
    for accept in ["identity", "gzip;q=0, br;q=0", "zstd", "*;q=0", "identity;q=0, zstd"]:
        answer = shared.ask("/cdni", protocol, headers=[f"Accept-Encoding: {accept}"])
        assert (answer.get("content-encoding"), answer.body) == (None, plain.body)


@every_protocol
def test_if_none_match(shared, protocol):
    etag = shared.ask("/cdni", protocol).get("etag")
    tag = etag.strip('"')
    for value, expected in [
            (etag, etag), (f"W/{etag}", etag), ("*", etag), (f'"x", {etag}', etag),
            (f'"a,b",W/"c" , {etag}', etag), (f'"{tag};gz"', f'"{tag};gz"'),
            (f'"{tag};br"', f'"{tag};br"')]:
        for method in [None, "HEAD"]:
            answer = shared.ask("/cdni", protocol, method, [f"If-None-Match: {value}"])
            assert (answer.status, answer.body) == (304, b"")
            assert answer.get("etag") == expected
            assert answer.get("vary") == "Accept-Encoding"
            assert answer.get("cache-control") == "max-age=60"
            assert answer.get("content-length") is None
            assert answer.get("content-type") is None
    for value in ['"x"', tag, f'"{tag}', f'"{tag};zz"', "", 'W/"x", "y"']:
        assert shared.ask("/cdni", protocol, headers=[f"If-None-Match: {value}"]).status == 200
    lines = ['If-None-Match: "x"', f"If-None-Match: {etag}"]
    assert shared.ask("/cdni", protocol, headers=lines).status == 304
    # only for GET and HEAD, and after negotiation
    lines = [f"If-None-Match: {etag}", "Accept: text/html"]
    empty(shared.ask("/cdni", protocol, headers=lines), 406)
    lines = ["If-None-Match: *", FILTER]
    assert shared.ask("/cdni-filtered", protocol, "POST", lines, BODY).status == 200


# ---- HTTP/1.1 as such ----

def test_absolute_form(shared):
    requests = [head(f"GET {target} HTTP/1.1") for target in [
        "http://localhost/cdni", "http://other.example:81/cdni?x", "HTTP://other.example/x/../cdni",
        "https://other.example/%63dni"]]
    directory = [head(f"GET {target} HTTP/1.1") for target in [
        "http://other.example", "http://other.example/", "http://other.example?x"]]
    data = http.raw_exchange(shared.port(), b"".join(requests + directory) +
                             head("GET http://other.example/none HTTP/1.1", "Connection: close"))
    answers = http.split_responses(data)
    assert [a[0] for a in answers] == [200] * 7 + [404]
    assert [a[1]["content-type"] for a in answers[:4]] == [CDNI] * 4
    assert {a[1]["content-type"] for a in answers[4:7]} == {"application/alto-directory+json"}


def test_http_1_0_and_close(shared):
    for request in [b"GET /cdni HTTP/1.0\r\n\r\n", head("GET /cdni HTTP/1.1", "Connection: close")]:
        ((status, headers, _),) = http.split_responses(http.raw_exchange(shared.port(), request))
        assert (status, headers["connection"]) == (200, "close")


def test_pipelining(shared):
    post = head("POST /cdni-filtered HTTP/1.1", FILTER, f"Content-Length: {len(BODY)}") + BODY
    data = http.raw_exchange(shared.port(), b"".join([
        head("GET /cdni HTTP/1.1"), head("HEAD /none HTTP/1.1"), post, head("OPTIONS * HTTP/1.1"),
        head("GET /none HTTP/1.1"), head("GET /cdni HTTP/1.1", "Connection: close")]))
    answers = http.split_responses(data)
    assert [a[0] for a in answers] == [200, 404, 200, 204, 404, 200]
    assert answers[0][2] == answers[5][2]


def test_requests_in_pieces(shared):
    """Byte by byte: what tells the protocols apart must not depend on how bytes arrive."""
    post = head("POST /cdni-filtered HTTP/1.1", FILTER, f"Content-Length: {len(BODY)}",
                "Connection: close") + BODY
    with http.raw_connect(shared.port()) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(post)):
            sock.send(post[i:i + 1])
        ((status, _, _),) = http.split_responses(http.read_to_end(sock))
        assert status == 200
    with http.Http2(shared.port()) as connection:
        connection.request(1, "GET", "/cdni")
        connection.read_until(http.HEADERS, 1)
    with http.raw_connect(shared.port()) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        whole = http.PREFACE + http.Http2.frame(http.SETTINGS, 0, 0)
        for i in range(len(whole)):
            sock.send(whole[i:i + 1])
        assert sock.recv(4)[3] == http.SETTINGS


def test_chunked_post(shared):
    for protocol in ["h1", "h1-tls"]:
        lines = [FILTER, "Transfer-Encoding: chunked"]
        assert shared.ask("/cdni-filtered", protocol, "POST", lines, BODY).status == 200


def test_garbage(shared):
    for data in [b"garbage\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", b"\0\1\2\3\r\n\r\n"]:
        answer = http.raw_exchange(shared.port(), data)
        assert answer.startswith(b"HTTP/1.1 400 ")
    assert shared.ask("/cdni").status == 200


def test_no_upgrade_to_http2(shared):
    settings = ["HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA", "Upgrade: h2c"]
    data = http.raw_exchange(shared.port(), head(
        "GET /cdni HTTP/1.1", "Connection: Upgrade, HTTP2-Settings", *settings))
    assert [a[0] for a in http.split_responses(data)] == [200]
    answer = http.parse(http.run_curl(["--http2", "--include", shared.uri("h1") + "/cdni"]).stdout)
    assert (answer.status, answer.version) == (200, "1.1")


def test_nghttp(shared):
    for protocol in ["h2c", "h2-tls"]:
        run = subprocess.run(["nghttp", "--null-out", "--stat", "--no-verify-peer", "-m", "50",
                              shared.uri(protocol) + "/cdni"], capture_output=True, text=True,
                             timeout=LIMIT)
        rows = [line.split() for line in run.stdout.splitlines() if line.endswith("/cdni")]
        assert (run.returncode, len(rows), {row[-3] for row in rows}) == (0, 50, {"200"})


# ---- TLS ----

def context(certificates, client=None):
    made = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    if client:
        made.load_cert_chain(certificates / f"{client}.pem", certificates / f"{client}.key")
    return made


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_tls_versions(shared, certificates):
    for version, name in [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")]:
        made = context(certificates)
        made.minimum_version = made.maximum_version = version
        with http.raw_connect(shared.port("h1-tls"), made) as sock:
            assert sock.version() == name
            sock.sendall(head("GET /cdni HTTP/1.1", "Connection: close"))
            assert http.split_responses(http.read_to_end(sock))[0][0] == 200
    old = context(certificates)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        http.raw_connect(shared.port("h1-tls"), old)


def test_tls_ciphers(shared, certificates):
    def handshake(ciphers):
        made = context(certificates)
        made.set_ciphers(ciphers)
        made.maximum_version = ssl.TLSVersion.TLSv1_2
        with http.raw_connect(shared.port("h1-tls"), made) as sock:
            return sock.cipher()[0]

    with http.raw_connect(shared.port("h1-tls"), context(certificates)) as sock:
        assert sock.cipher()[0] == "TLS_AES_128_GCM_SHA256"
    assert handshake("ECDHE+AESGCM") == "ECDHE-ECDSA-AES128-GCM-SHA256"
    assert handshake("ECDHE+CHACHA20") == "ECDHE-ECDSA-CHACHA20-POLY1305"
    for weak in ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "ECDHE-ECDSA-AES128-CCM"]:
        with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
            handshake(weak)


def test_alpn(shared, certificates):
    for offer, expected in [(["h2", "http/1.1"], "h2"), (["http/1.1", "h2"], "h2"),
                            (["http/1.1"], "http/1.1"), (["h3", "h2"], "h2"), (None, None)]:
        made = context(certificates)
        if offer:
            made.set_alpn_protocols(offer)
        with http.raw_connect(shared.port("h1-tls"), made) as sock:
            assert sock.selected_alpn_protocol() == expected
    made = context(certificates)
    made.set_alpn_protocols(["spdy/1"])
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        http.raw_connect(shared.port("h1-tls"), made)


def test_tls_session_resumption(shared, certificates):
    made = context(certificates)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    with http.raw_connect(shared.port("h1-tls"), made) as sock:
        session = sock.session
    plain = socket.create_connection(("127.0.0.1", shared.port("h1-tls")), timeout=LIMIT)
    with made.wrap_socket(plain, server_hostname="localhost", session=session) as sock:
        assert sock.session_reused


def test_cleartext_on_the_tls_port(shared):
    assert b"HTTP" not in http.raw_exchange(shared.port("h1-tls"), head("GET /cdni HTTP/1.1"))


def status_with(port, certificates, client):
    with http.raw_connect(port, context(certificates, client)) as sock:
        sock.sendall(head("GET /cdni HTTP/1.1", "Connection: close"))
        data = http.read_to_end(sock)
    return http.split_responses(data)[0][0] if data else None


@pytest.mark.parametrize("mode, nobody", [("optional", 200), ("required", None)])
def test_client_certificates(tmp_path, certificates, mode, nobody):
    with make_site(tmp_path, certificates, mode) as server:
        port = Site(server, tmp_path, certificates).port("h1-tls")
        assert status_with(port, certificates, "client") == 200
        # with TLS 1.3 a client hears of its refusal only after its own handshake is done
        for client, expected in [(None, nobody), ("stranger", None)]:
            try:
                assert status_with(port, certificates, client) == expected
            except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
                assert expected is None
        # with TLS 1.2 it is told in the handshake
        for client, alert in [(None, "(?i)handshake.failure"), ("stranger", "(?i)unknown.ca")]:
            if client or mode == "required":
                made = context(certificates, client)
                made.maximum_version = ssl.TLSVersion.TLSv1_2
                with pytest.raises(ssl.SSLError, match=alert):
                    http.raw_connect(port, made)


# ---- reload and drain ----

@pytest.mark.threads
@pytest.mark.parametrize("protocol", ["h1", "h2c", "h2-tls"])
def test_reload_under_load_drops_nothing(site, protocol):
    flags = ["--h1"] if protocol == "h1" else ["-m", "4"]
    runs = [subprocess.Popen(["h2load", "-t1", "-c4", "-n", "3000", *flags,
                              site.uri(protocol) + path], stdout=subprocess.PIPE, text=True)
            for path in ["/cdni", "/"]]
    count = 50
    while any(run.poll() is None for run in runs):
        count += 1
        site.publish(count)
    for run in runs:
        output = run.communicate()[0]
        assert "3000 succeeded, 0 failed, 0 errored, 0 timeout" in output, output
    assert count > 50


@every_protocol
def test_a_new_generation_has_a_new_tag(site, protocol):
    old = site.ask("/cdni", protocol)
    site.publish(51)
    lines = [f"If-None-Match: {old.get('etag')}"]
    answers = []

    def changed():
        answers.append(site.ask("/cdni", protocol, headers=lines))
        return answers[-1].status == 200

    wait_until(changed, "the new generation is not served")
    assert answers[-1].get("etag") != old.get("etag")


@pytest.mark.threads
def until_refused(port):
    """Every loop closes the listening socket in its own time: it is shut when the last one has."""
    wait_until(lambda: http.refused(port), "connections are still taken")


@pytest.mark.parametrize("protocol", ["h1", "h1-tls"])
def test_drain(site, certificates, protocol):
    """SIGTERM: what is under way is answered, what is idle is closed, nothing new is taken."""
    tls = context(certificates) if protocol == "h1-tls" else None
    request = head("POST /cdni-filtered HTTP/1.1", FILTER, f"Content-Length: {len(BODY)}") + BODY
    port = site.port(protocol)
    with http.raw_connect(port, tls) as idle, http.raw_connect(port, tls) as half, \
            http.Http2(site.port()) as http2:
        idle.sendall(head("GET /cdni HTTP/1.1"))
        idle.recv(65536)
        half.sendall(head("GET /none HTTP/1.1"))
        half.recv(65536)
        half.sendall(request[:-3])
        http2.request(1, "POST", "/cdni-filtered",
                      [("content-type", "application/alto-cdnifilter+json")], end=False)
        http2.send(http.DATA, 0, 1, BODY[:-3])
        http2.send(http.PING, 0, 0, b"12345678")
        http2.read_until(http.PING)  # all of it has been read
        time.sleep(0.2)              # and so, very likely, has the other one
        site.server.send(signal.SIGTERM)
        http2.read_until(http.GOAWAY)
        http.read_to_end(idle)
        until_refused(site.port())
        assert site.server.process.poll() is None
        half.sendall(request[-3:])
        answers = http.split_responses(http.read_to_end(half))
        assert [(a[0], a[1]["connection"]) for a in answers] == [(200, "close")]
        http2.send(http.DATA, http.END_STREAM, 1, BODY[-3:])
        assert http.http2_status(http2.read_until(http.HEADERS, 1)[3]) == 200
        http2.ends()
    assert site.server.wait() == 0


@pytest.mark.threads
def test_drain_under_load(site):
    """Every answer that begins also ends, up to the close that the server has announced."""
    failures = []

    def client():
        while True:
            try:
                sock = http.raw_connect(site.port())
            except ConnectionRefusedError:
                return
            with sock:
                data = b""
                try:
                    while True:
                        sock.sendall(head("GET /cdni HTTP/1.1"))
                        data = b""
                        while not data.endswith(b"]}}"):
                            chunk = sock.recv(65536)
                            if not chunk:
                                raise ConnectionResetError
                            data += chunk
                        if b"\r\nConnection: close\r\n" in data:
                            break
                except (ConnectionResetError, BrokenPipeError):
                    # an idle connection may be closed just as the next request is on its way
                    if data and not data.endswith(b"]}}"):
                        failures.append(data)

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    site.server.send(signal.SIGTERM)
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive()
    assert failures == []
    assert site.server.wait() == 0


def test_access_log(tmp_path, certificates):
    with make_site(tmp_path, certificates, more="http: {access-log: on}\n") as server:
        site = Site(server, tmp_path, certificates)
        assert site.ask("/cdni", "h2-tls").status == 200
        record = json.loads(server.wait_line(r"^\{.*\}$").group(0))
    assert (record["method"], record["path"], record["status"], record["protocol"]) == \
        ("GET", "/cdni", 200, "HTTP/2")


def test_ipv6(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/a.yaml").write_text(document(1))
    config = write_config(pathlib.Path(tmp_path), listen='[{address: "[::1]:0"}]')
    with Server(config) as server:
        assert server.url.startswith("http://[::1]:")
        assert http.request(server.url + "/cdni").status == 200
