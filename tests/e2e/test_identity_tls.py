"""Who asks, by client certificates; certificates of the server by name; what reloading changes."""
import http.client as http_library
import json
import re
import shutil
import signal
import ssl
import subprocess
import threading

import pytest

import http_client as http
from footprintd import Server, run
from identity import authorization, challenge, digest_profile, settled, write_ucdns
from pki import Pki
from test_identity import make_site


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = Pki(tmp_path_factory.mktemp("pki"))
    made.sign("server", "/CN=localhost", "DNS:localhost,IP:127.0.0.1")
    made.sign("second", "/CN=second", "DNS:second.example,DNS:*.wild.example")
    made.sign("a", "/C=DE/O=uCDN A, Inc./CN=router", "DNS:Router.ucdn-a.example")
    made.sign("b", "/CN=b", "URI:https://ucdn-b.example/x,DNS:both.example")
    made.sign("pinned", "/CN=pinned")
    made.sign("nobody", "/CN=nobody")
    return made


PROFILES = """ucdn-a: {certificates: [{subject: 'CN=router,O=uCDN A\\, Inc.,C=DE'}]}
ucdn-b: {certificates: [{san: "uri:https://ucdn-b.example/x"}]}
ucdn-c: {certificates: [{spki-sha256: "%s"}]}
"""


def tls(pki, auth="optional", more=""):
    f = pki.folder
    clients = f", client-ca: {f}/ca.pem, client-auth: {auth}" if auth != "none" else ""
    return (f'{{address: "127.0.0.1:0", tls: {{certificate: {f}/server.pem, '
            f'key: {f}/server.key{clients}{more}}}}}')


@pytest.fixture
def site(tmp_path):
    servers = []

    def start(listen, ucdns, more=""):
        config = make_site(tmp_path, ucdns, more, listen=f"[{', '.join(listen)}]")
        servers.append(Server(config).__enter__())
        servers[-1].directory = tmp_path
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def show(pki, name):
    return ["--cert", f"{pki.folder}/{name}.pem", "--key", f"{pki.folder}/{name}.key"]


def reload(server, line="certificates"):
    server.send(signal.SIGHUP)
    server.wait_line(line)


class Connection:
    """One connection with a client certificate, which is kept."""

    def __init__(self, url, pki, name=None):
        context = ssl.create_default_context(cafile=pki.ca)
        if name:
            context.load_cert_chain(pki.folder / f"{name}.pem", pki.folder / f"{name}.key")
        self.http = http_library.HTTPSConnection("127.0.0.1", int(url.rpartition(":")[2]),
                                                context=context, timeout=60)

    def get(self, path="/", headers=None):
        self.http.request("GET", path, headers=headers or {})
        answer = self.http.getresponse()
        answer.body = answer.read()
        return answer

    def is_kept(self):
        """Whether the last answer has left the connection."""
        return self.http.sock is not None

    def close(self):
        self.http.close()


def names(server, count):
    """The uCDNs of so many lines of the access log."""
    return [json.loads(server.wait_line(r'^\{"time.*$').group(0))["ucdn"] for _ in range(count)]


@pytest.mark.parametrize("protocol", ["h1-tls", "h2-tls"])
def test_by_certificate(site, pki, protocol):
    server = site([tls(pki)], PROFILES % pki.pin("pinned"), "http: {access-log: on}\n")
    cases = [("a", 200, "ucdn-a"), ("b", 200, "ucdn-b"), ("pinned", 200, "ucdn-c"),
             ("nobody", 401, ""), (None, 401, "")]
    for name, status, ucdn in cases:
        answer = http.request(server.url + "/", protocol, ca=pki.ca,
                              extra=show(pki, name) if name else ())
        assert answer.status == status, name
        assert names(server, 1) == [ucdn]


def test_certificate_before_digest(site, pki):
    profiles = PROFILES % pki.pin("pinned") + digest_profile("ucdn-d")
    server = site([tls(pki)], profiles, "http: {access-log: on}\n")
    first = http.request(server.url + "/", "h1-tls", ca=pki.ca)
    nonce = challenge(first.get("www-authenticate"))["nonce"]
    for nc, (name, ucdn) in enumerate([("nobody", "ucdn-d"), (None, "ucdn-d"), ("a", "ucdn-a")], 1):
        answer = http.request(server.url + "/", "h1-tls", ca=pki.ca,
                              headers=[authorization(nonce, "ucdn-d", nc=nc)],
                              extra=show(pki, name) if name else ())
        assert answer.status == 200
        assert names(server, 2 if nc == 1 else 1)[-1] == ucdn


def test_strangers_beside_certificates(site, pki):
    server = site([tls(pki)], PROFILES % pki.pin("pinned") + "anonymous:\n",
                  "http: {access-log: on}\n")
    for name, ucdn in [("a", "ucdn-a"), ("nobody", "anonymous"), (None, "anonymous")]:
        assert http.request(server.url + "/", "h2-tls", ca=pki.ca,
                            extra=show(pki, name) if name else ()).status == 200
        assert names(server, 1) == [ucdn]


def test_of_two_is_of_none(site, pki):
    server = site([tls(pki)], "x: {certificates: [{san: dns:both.example}]}\n"
                              "y: {certificates: [{subject: CN=b}]}\n")
    assert http.request(server.url + "/", "h1-tls", ca=pki.ca, extra=show(pki, "b")).status == 401
    server.wait_line("the client certificate of 'CN=b' fits several uCDNs, and is none of them")
    assert http.request(server.url + "/", "h1-tls", ca=pki.ca, extra=show(pki, "a")).status == 401
    server.wait_line(r"the client certificate of 'CN=router,O=uCDN A.{1,2}, Inc.,C=DE' is of no uCDN")


def test_not_where_it_is_not_asked_for(site, pki):
    server = site([tls(pki), tls(pki, "none")], PROFILES % pki.pin("pinned"))
    assert http.request(server.urls[0] + "/", "h1-tls", ca=pki.ca,
                        extra=show(pki, "a")).status == 200
    assert http.request(server.urls[1] + "/", "h1-tls", ca=pki.ca,
                        extra=show(pki, "a")).status == 401


@pytest.mark.parametrize("ca", ["TRUE", "FALSE"])
def test_pinned_and_signed_by_itself(site, tmp_path, ca):
    pki = Pki(tmp_path / "pki")
    pki.sign("server", "/CN=localhost", "DNS:localhost,IP:127.0.0.1")
    for name in ["own", "other"]:
        pki.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "2", "-subj", "/CN=own", "-addext", f"basicConstraints=critical,CA:{ca}",
                "-keyout", f"{name}.key", "-out", f"{name}.pem")
    server_ca = pki.folder / "clients.pem"
    server_ca.write_text((pki.folder / "own.pem").read_text())
    listen = tls(pki).replace("ca.pem", "clients.pem")
    server = site([listen], f"x: {{certificates: [{{spki-sha256: {pki.pin('own')}}}]}}\n")
    assert http.request(server.url + "/", "h2-tls", ca=pki.ca, extra=show(pki, "own")).status == 200
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Connection(server.url, pki, "other").get()


# ---- reload ----

@pytest.mark.threads
def test_removed_on_a_connection_that_lasts(site, pki):
    profiles = PROFILES % pki.pin("pinned")
    server = site([tls(pki, "required")], profiles)
    a, b = Connection(server.url, pki, "a"), Connection(server.url, pki, "b")
    assert (a.get().status, b.get().status) == (200, 200)
    write_ucdns(server.directory, "".join(profiles.splitlines(True)[1:]))
    reload(server, "profiles of uCDNs: 2")
    assert (a.get().status, b.get().status) == (401, 200)
    write_ucdns(server.directory, profiles)
    reload(server, "profiles of uCDNs: 3")
    assert (settled(lambda: a.get().status), b.get().status) == (200, 200)
    a.close()
    b.close()


@pytest.mark.threads
def test_handshakes_of_all_threads_while_certificates_change(site, pki):
    server = site([tls(pki, "optional", f", client-crl: {pki.crl}")],
                  "a: {certificates: [{subject: CN=a}]}\n", "threads: 2\n")
    over, errors, counts = threading.Event(), [], [0] * 6

    def shake(number):
        try:
            while not over.is_set() or not counts[number]:
                connection = Connection(server.url, pki, "a" if number % 3 else None)
                assert connection.get().status in (200, 401)
                connection.close()
                counts[number] += 1
        except (OSError, AssertionError) as error:
            errors.append(error)

    threads = [threading.Thread(target=shake, args=(n,)) for n in range(len(counts))]
    for thread in threads:
        thread.start()
    for _ in range(100):
        reload(server)
    over.set()
    for thread in threads:
        thread.join()
    assert not errors and all(counts), (errors, counts)


@pytest.mark.parametrize("auth", ["none", "optional", "required"])
def test_shows_the_chain_of_its_file_and_no_more(site, pki, auth):
    server = site([tls(pki, auth)], "a: {certificates: [{subject: CN=a}]}\n")
    shown = subprocess.run(
        ["openssl", "s_client", "-connect", server.url.rpartition("/")[2], "-showcerts",
         "-cert", pki.folder / "a.pem", "-key", pki.folder / "a.key"],
        input=b"", capture_output=True, timeout=60, check=False).stdout
    assert shown.count(b"BEGIN CERTIFICATE") == 1


@pytest.mark.parametrize("auth", ["optional", "required"])
def test_revoked(site, tmp_path, auth):
    pki = Pki(tmp_path / "pki")
    pki.sign("server", "/CN=localhost", "DNS:localhost,IP:127.0.0.1")
    for name in "ab":
        pki.sign(name, f"/CN={name}")
    server = site([tls(pki, auth, f", client-crl: {pki.crl}")],
                  "a: {certificates: [{subject: CN=a}]}\nb: {certificates: [{subject: CN=b}]}\n")
    a, b = Connection(server.url, pki, "a"), Connection(server.url, pki, "b")
    assert (a.get().status, b.get().status) == (200, 200)
    pki.revoke("a")
    assert a.get().status == 200
    reload(server, "profiles of uCDNs: 2")
    assert a.get().status == 401
    assert a.is_kept() == (auth == "optional")
    assert b.get().status == 200
    # And no more connection.
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Connection(server.url, pki, "a").get()
    assert Connection(server.url, pki, "b").get().status == 200
    a.close()
    b.close()


def test_streams_end_with_what_they_began_with(site, tmp_path):
    pki = Pki(tmp_path / "pki")
    pki.sign("server", "/CN=localhost", "DNS:localhost,IP:127.0.0.1")
    for name in "abc":
        pki.sign(name, f"/CN={name}")
    profiles = {n: f"{n}: {{certificates: [{{subject: CN={n}}}]}}\n" for n in "abc"}
    server = site([tls(pki, "optional", f", client-crl: {pki.crl}")],
                  "".join(profiles.values()) + digest_profile("d") + digest_profile("e"))
    streams = {}
    body = json.dumps({"add": {"1": {"resource-id": "cdni"}}})
    for name in "abcde":
        connection = Connection(server.url, pki, name if name in "abc" else None)
        headers = {"Content-Type": "application/alto-updatestreamparams+json"}
        if name in "de":
            nonce = challenge(connection.get().getheader("www-authenticate"))["nonce"]
            line = authorization(nonce, name, method="POST", uri="/updates")
            headers["Authorization"] = line.partition(": ")[2]
        connection.http.request("POST", "/updates", body, headers)
        answer = connection.http.getresponse()
        assert answer.status == 200
        assert answer.readline().startswith(b"event: ")
        streams[name] = (connection, answer)
    # b is revoked, a and d are removed.
    pki.revoke("b")
    write_ucdns(server.directory, profiles["b"] + profiles["c"] + digest_profile("e"))
    reload(server, "profiles of uCDNs: 3")
    for name in "abd":
        with pytest.raises((http_library.IncompleteRead, ConnectionError, ssl.SSLError)):
            while streams[name][1].readline():
                pass
            raise ConnectionError
    # The others go on.
    (server.directory / "footprints/a.yaml").write_text(
        (server.directory / "footprints/a.yaml").read_text().replace("http/1.1", "https/1.1"))
    reload(server, "generation 2")
    for name in "ce":
        while b"https/1.1" not in streams[name][1].readline():
            pass
    for connection, _ in streams.values():
        connection.close()



def test_streams_end_with_the_certificate(site, tmp_path):
    """Nobody reloads anything: it runs out."""
    pki = Pki(tmp_path / "pki")
    pki.sign("server", "/CN=localhost", "DNS:localhost,IP:127.0.0.1")
    pki.sign("a", "/CN=a", seconds=5)
    server = site([tls(pki)], "a: {certificates: [{subject: CN=a}]}\n")
    connection = Connection(server.url, pki, "a")
    connection.http.request("POST", "/updates", json.dumps({"add": {"1": {"resource-id": "cdni"}}}),
                            {"Content-Type": "application/alto-updatestreamparams+json"})
    answer = connection.http.getresponse()
    assert answer.status == 200
    with pytest.raises((http_library.IncompleteRead, ConnectionError, ssl.SSLError)):
        while answer.readline():
            pass
        raise ConnectionError
    connection.close()


def test_streams_of_several_on_one_connection(site):
    """Which is whose is not known: they go on while nobody has lost anything."""
    profiles = {name: digest_profile(name) for name in "de"}
    server = site(['{address: "127.0.0.1:0"}'], "".join(profiles.values()))
    body = json.dumps({"add": {"1": {"resource-id": "cdni"}}}).encode()
    with http.Http2(int(server.url.rpartition(":")[2])) as connection:
        for stream, name in [(1, "d"), (3, "e")]:
            first = http.request(server.url + "/")
            nonce = challenge(first.get("www-authenticate"))["nonce"]
            line = authorization(nonce, name, method="POST", uri="/updates").partition(": ")[2]
            connection.request(stream, "POST", "/updates", [
                ("authorization", line),
                ("content-type", "application/alto-updatestreamparams+json")], end=False)
            connection.send(http.DATA, http.END_STREAM, stream, body)
            assert http.http2_status(connection.read_until(http.HEADERS, stream)[3]) == 200
            while b"http/1.1" not in connection.read_until(http.DATA, stream)[3]:
                pass
        document = server.directory / "footprints/a.yaml"
        document.write_text(document.read_text().replace("http/1.1", "https/1.1"))
        reload(server, "generation 2")
        seen = set()
        while seen != {1, 3}:
            frame = connection.read_until(http.DATA)
            seen |= {frame[2]} if b"https/1.1" in frame[3] else set()
        write_ucdns(server.directory, profiles["e"])
        server.send(signal.SIGHUP)
        connection.ends()


@pytest.mark.parametrize("text, why", [
    ("", "client-crl .*/crl.pem: has no certificate revocation list"),
    ("nonsense\n", "client-crl .*/crl.pem: has no certificate revocation list"),
    ("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "client-crl .*/crl.pem: "),
    (None, "client-crl .*/crl.pem: No such file or directory"),
])
def test_bad_lists(tmp_path, text, why):
    pki = Pki(tmp_path / "pki")
    pki.sign("server", "/CN=localhost")
    if text is None:
        pki.crl.unlink()
    else:
        pki.crl.write_text(text)
    config = make_site(tmp_path, PROFILES % ("0" * 64),
                       listen=f"[{tls(pki, 'required', f', client-crl: {pki.crl}')}]")
    for more in [[], ["--check-config"]]:
        done = run("footprintd", "--config", str(config), *more)
        assert done.returncode == 1
        assert re.search(why, done.stderr)


def test_list_that_has_run_out(site, tmp_path):
    pki = Pki(tmp_path / "pki")
    pki.sign("server", "/CN=localhost", "DNS:localhost,IP:127.0.0.1")
    pki.sign("a", "/CN=a")
    server = site([tls(pki, "optional", f", client-crl: {pki.crl}")],
                  "a: {certificates: [{subject: CN=a}]}\n")
    a = Connection(server.url, pki, "a")
    assert a.get().status == 200
    pki.write_crl("-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200102000000Z")
    reload(server, "client-crl .*/crl.pem: a list has run out")
    server.wait_line("profiles of uCDNs: 1")
    assert a.get().status == 401
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Connection(server.url, pki, "a").get()
    a.close()


# ---- sessions ----

def test_no_session_carries_a_certificate(site, pki):
    """Neither to another listener nor to the next connection: CVE-2023-41337."""
    server = site([tls(pki), tls(pki, "none")], PROFILES % pki.pin("pinned"))
    ports = [int(url.rpartition(":")[2]) for url in server.urls]
    for version in [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]:
        context = ssl.create_default_context(cafile=pki.ca)
        context.maximum_version = version
        context.load_cert_chain(pki.folder / "a.pem", pki.folder / "a.key")

        def ask(port, session=None):
            with context.wrap_socket(http.raw_connect(port), server_hostname="localhost",
                                     session=session) as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                status = int(http.read_to_end(sock).split()[1])
                return status, sock.session_reused, sock.session

        status, _, session = ask(ports[0])
        assert status == 200
        if session and session.has_ticket:
            assert not ask(ports[0], session)[1]
            assert ask(ports[1], session)[:2] == (401, False)
        status, _, session = ask(ports[1])
        assert status == 401
        assert ask(ports[1], session)[:2] == (401, True)
        assert ask(ports[0], session)[:2] == (200, False)


# ---- certificates of the server by name ----

def served(port, name, pki):
    context = ssl.create_default_context(cafile=pki.ca)
    context.check_hostname = False
    with context.wrap_socket(http.raw_connect(port), server_hostname=name) as sock:
        return dict(pair[0] for pair in sock.getpeercert()["subject"])["commonName"]


def test_names_of_the_server(site, pki, tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    for name in ["second.pem", "second.key"]:
        shutil.copy(pki.folder / name, folder)
    more = f", certificates: [{{certificate: {folder}/second.pem, key: {folder}/second.key}}]"
    server = site([tls(pki, "optional", more)], PROFILES % pki.pin("pinned"))
    port = int(server.url.rpartition(":")[2])
    for name, common in [("localhost", "localhost"), ("second.example", "second"),
                         ("SECOND.example", "second"), ("x.wild.example", "second"),
                         ("unknown.example", "localhost"), (None, "localhost")]:
        assert served(port, name, pki) == common, name
    # Clients' certificates hold under every name.
    for name in ["localhost", "second.example"]:
        answer = http.request(f"https://{name}:{port}/", "h2-tls", ca=pki.ca,
                              extra=[*show(pki, "a"), "--resolve", f"{name}:{port}:127.0.0.1"])
        assert answer.status == 200
    # Another pair, without a break; then a broken one, which changes nothing.
    kept = Connection(server.url, pki, "a")
    assert kept.get().status == 200
    pki.sign("third", "/CN=third", "DNS:second.example")
    shutil.copy(pki.folder / "third.pem", folder / "second.pem")
    shutil.copy(pki.folder / "third.key", folder / "second.key")
    reload(server, "profiles of uCDNs")
    assert served(port, "second.example", pki) == "third"
    assert served(port, "x.wild.example", pki) == "localhost"
    assert kept.get().status == 200
    (folder / "second.key").write_text("")
    reload(server, f"key {folder}/second.key: .*; the old certificates stay in use")
    assert served(port, "second.example", pki) == "third"
    kept.close()
