"""Who asks: HTTP Digest, strangers, and what a refusal tells."""
import concurrent.futures
import hashlib
import json
import re
import signal

import httpx
import pytest
import requests
import requests.auth

import http_client as http
from admin import TOKENS, write_tokens
from footprintd import DOCUMENT, Server, run, write_config
from identity import (PASSWORD, authorization, challenge, digest_profile, ha1, settled,
                      write_ucdns)

PATHS = ["/", "/directory", "/cdni", "/no-such-thing", "/updates/x", "/tips/x", "/-/whoami", "*"]


def make_site(directory, ucdns, more="", listen='[{address: "127.0.0.1:0"}]'):
    (directory / "footprints").mkdir(exist_ok=True)
    (directory / "footprints/a.yaml").write_text(DOCUMENT % "http/1.1")
    if ucdns is not None:
        write_ucdns(directory, ucdns)
        more += "ucdns: ucdns.yaml\n"
    return write_config(directory, listen=listen, more=more)


@pytest.fixture
def site(tmp_path):
    """site(ucdns, more): a running server."""
    servers = []

    def start(ucdns, more="", **options):
        servers.append(Server(make_site(tmp_path, ucdns, more, **options)).__enter__())
        servers[-1].directory = tmp_path
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def digest_curl(user, password=PASSWORD):
    return ["--digest", "--user", f"{user}:{password}"]


def get_nonce(server, path="/"):
    answer = http.request(server.url + path)
    assert answer.status == 401
    return challenge(answer.all("www-authenticate")[0])["nonce"]


# ---- strangers ----

def test_without_profiles_everyone_is_anonymous(site):
    server = site(None)
    answer = http.request(server.url + "/directory", headers=["Authorization: Basic dTpw"])
    assert answer.status == 200
    assert answer.get("cache-control") == "max-age=60"
    assert answer.get("vary") == "Accept-Encoding"


@pytest.mark.parametrize("protocol", ["h1", "h2c"])
def test_strangers_learn_nothing(site, protocol):
    """One answer to whatever path and method: none says what there is."""
    server = site(digest_profile("ucdn-a"))
    seen = set()
    for path in PATHS[:-1]:
        for method in ["GET", "HEAD", "POST", "OPTIONS", "PUT", "BREW"]:
            answer = http.request(server.url + path, protocol, method,
                                  data=b"{}" if method == "POST" else None)
            assert answer.status == 401, (method, path)
            assert answer.body == b""
            fields = challenge(answer.get("www-authenticate"))
            assert fields.pop("nonce")
            assert fields == {"realm": "footprintd", "qop": "auth", "algorithm": "SHA-256",
                              "charset": "UTF-8", "userhash": "false"}
            seen.add(tuple(name for name, _ in answer.headers))
            assert answer.get("cache-control") == "no-store"
    assert len(seen) == 1


def test_strangers_with_a_profile(site):
    server = site(digest_profile("ucdn-a") + "anonymous:\n")
    answer = http.request(server.url + "/directory")
    assert answer.status == 200
    assert answer.get("cache-control") == "private, max-age=60"
    assert answer.get("vary") == "Accept-Encoding, Authorization"
    etag = answer.get("etag")
    again = http.request(server.url + "/directory", headers=[f"If-None-Match: {etag}"])
    assert (again.status, again.get("cache-control")) == (304, "private, max-age=60")
    missing = http.request(server.url + "/no-such-thing")
    assert (missing.status, missing.get("cache-control")) == (404, "private")
    assert missing.get("vary") == "Authorization"
    # What is shown has to be right all the same.
    assert http.request(server.url + "/", headers=["Authorization: Basic dTpw"]).status == 401
    line = authorization("x", "ucdn-a", password="wrong")
    assert http.request(server.url + "/", headers=[line]).status == 401


# ---- Digest ----

# The curl of Debian 12 cannot send a second request by HTTP/2 with prior knowledge.
@pytest.mark.parametrize("protocol", ["h1", "h1-tls", "h2-tls"])
def test_curl(site, protocol, certificates):
    tls = {"certificate": f"{certificates}/server.pem", "key": f"{certificates}/server.key"}
    ca = certificates / "ca.pem"
    listen = json.dumps([{"address": "127.0.0.1:0", **({"tls": tls} if "tls" in protocol else {})}])
    server = site(digest_profile("ucdn-a") + digest_profile("ucdn-b", "bär", "other"),
                  listen=listen)
    for user, password in [("ucdn-a", PASSWORD), ("bär", "other")]:
        answer = http.request(server.url + "/directory?x=y", protocol, ca=ca,
                              extra=digest_curl(user, password))
        assert answer.status == 200
        assert json.loads(answer.body)["meta"]
    assert http.request(server.url + "/directory", protocol, ca=ca,
                        extra=digest_curl("ucdn-a", "other")).status == 401
    posted = http.request(server.url + "/cdni-filtered", protocol, ca=ca, data=b'{"cdni-capabilities": []}',
                          headers=["Content-Type: application/alto-cdnifilter+json"],
                          extra=digest_curl("ucdn-a"))
    assert posted.status == 200


def test_requests(site):
    server = site(digest_profile("ucdn-a"))
    with requests.Session() as session:
        session.auth = requests.auth.HTTPDigestAuth("ucdn-a", PASSWORD)
        for _ in range(5):
            assert session.get(server.url + "/cdni?q=1", timeout=60).status_code == 200
        # One challenge, then the same nonce with a count.
        assert session.auth._thread_local.nonce_count == 5
        session.auth = requests.auth.HTTPDigestAuth("ucdn-a", "wrong")
        assert session.get(server.url + "/cdni", timeout=60).status_code == 401


@pytest.mark.parametrize("http2", [False, True])
def test_httpx(site, http2):
    server = site(digest_profile("ucdn-a"))
    transport = httpx.HTTPTransport(http1=not http2, http2=http2)
    with httpx.Client(transport=transport, auth=httpx.DigestAuth("ucdn-a", PASSWORD),
                      timeout=60) as client:
        answer = client.get(server.url + "/cdni")
        assert (answer.status_code, answer.http_version) == (200, "HTTP/2" if http2 else "HTTP/1.1")


def test_counts_and_replays(site):
    server = site(digest_profile("ucdn-a"))
    nonce = get_nonce(server)

    def ask(nc, **changed):
        return http.request(server.url + "/", headers=[authorization(nonce, "ucdn-a", nc=nc,
                                                                     **changed)])

    assert ask(1).status == 200
    again = ask(1)
    assert again.status == 401
    fields = challenge(again.get("www-authenticate"))
    assert fields["stale"] == "true" and fields["nonce"] != nonce
    assert [ask(nc).status for nc in [3, 2, 2, 70, 5, 6, 7]] == [200, 200, 401, 200, 401, 401, 200]
    # With the wrong password it is not stale, whatever the nonce.
    wrong = ask(1, password="wrong")
    assert "stale" not in challenge(wrong.get("www-authenticate"))
    # One nonce is not another's.
    other = get_nonce(server)
    line = authorization(other, "ucdn-a", nc=1)
    assert http.request(server.url + "/", headers=[line]).status == 200


def test_nonces_of_another_life_are_stale(site):
    server = site(digest_profile("ucdn-a"))
    for nonce in ["", "x", "A" * 43, get_nonce(server)[:-1]]:
        answer = http.request(server.url + "/", headers=[authorization(nonce, "ucdn-a")])
        assert answer.status == 401
        assert challenge(answer.get("www-authenticate"))["stale"] == "true"


def test_what_is_no_digest(site):
    server = site(digest_profile("ucdn-a"))
    nonce = get_nonce(server)
    good = authorization(nonce, "ucdn-a", nc=1)
    cases = [
        (["Authorization: Basic dTpw"], 401),
        (["Authorization: Bearer x"], 401),
        (["Authorization: Digest"], 400),
        (["Authorization: Digest x"], 400),
        ([authorization(nonce, "ucdn-a", drop=["nc"])], 400),
        ([authorization(nonce, "ucdn-a", drop=["uri"])], 400),
        ([authorization(nonce, "ucdn-a", drop=["username"])], 400),
        ([authorization(nonce, "ucdn-a", response='"abc"')], 400),
        ([good + ", nc=00000002"], 400),
        ([good, good], 400),
        # Of another request.
        ([authorization(nonce, "ucdn-a", uri="/cdni")], 400),
        ([authorization(nonce, "ucdn-a", method="POST")], 401),
        # Never offered.
        ([authorization(nonce, "ucdn-a", qop="auth-int")], 401),
        ([authorization(nonce, "ucdn-a", drop=["qop"])], 401),
        ([authorization(nonce, "ucdn-a", algorithm="MD5")], 401),
        ([authorization(nonce, "ucdn-a", userhash="true")], 401),
        ([authorization(nonce, "ucdn-a", realm="another")], 401),
    ]
    for headers, status in cases:
        answer = http.request(server.url + "/", headers=headers)
        assert answer.status == status, headers
        for value in answer.all("www-authenticate"):
            assert "stale" not in challenge(value)
    # And none of these has used it up.
    assert http.request(server.url + "/", headers=[good]).status == 200


def confirmed(answer, nonce, user, uri, nc=1, cnonce="0123456789abcdef", algorithm="SHA-256"):
    """What Authentication-Info has to be (RFC 7616 3.5), and the next nonce, if there is one."""
    name = "md5" if algorithm == "MD5" else "sha256"

    def h(text):
        return hashlib.new(name, text.encode()).hexdigest()

    value = answer.get("authentication-info")
    fields = dict(re.findall(r'([a-z]+)=("(?:[^"\\\\]|\\.)*"|[^\s",]+)', value))
    raw = '"' + re.sub(r'(["\\\\])', r'\\\1', cnonce) + '"'
    wanted = h(":".join([ha1(user, name=name), nonce, f"{nc:08x}", cnonce, "auth", h(":" + uri)]))
    next_nonce = fields.pop("nextnonce", None)
    assert fields == {"rspauth": f'"{wanted}"', "qop": "auth", "cnonce": raw, "nc": f"{nc:08x}"}
    return next_nonce and next_nonce.strip('"')


@pytest.mark.parametrize("path, status", [("/directory?x", 200), ("/nowhere", 404)])
@pytest.mark.parametrize("cnonce", ["0123456789abcdef", 'a"b\\\\c, d=e'], ids=["plain", "quoted"])
def test_the_server_knows_the_password_too(site, path, status, cnonce):
    """Whatever the answer is; and none to who does not know it."""
    server = site(digest_profile("ucdn-a"))
    refused = http.request(server.url + path)
    assert refused.get("authentication-info") is None
    nonce = challenge(refused.get("www-authenticate"))["nonce"]
    quoted = '"' + re.sub(r'(["\\\\])', r'\\\1', cnonce) + '"'
    line = authorization(nonce, "ucdn-a", uri=path, cnonce=cnonce)
    line = line.replace(f'cnonce="{cnonce}"', f"cnonce={quoted}")
    answer = http.request(server.url + path, headers=[line])
    assert answer.status == status
    assert confirmed(answer, nonce, "ucdn-a", path, cnonce=cnonce) is None
    for wrong in (line, authorization(nonce, "ucdn-a", uri=path, nc=2, password="x")):
        answer = http.request(server.url + path, headers=[wrong])
        assert answer.status == 401 and answer.get("authentication-info") is None


def test_an_old_nonce_is_replaced_in_time(site):
    """Who takes the next one when it comes is never asked again."""
    server = site(digest_profile("ucdn-a"), "digest: {nonce-s: 4}\n")
    nonce, nc, following = get_nonce(server), 0, None
    while not following:
        nc += 1
        answer = http.request(server.url + "/", headers=[authorization(nonce, "ucdn-a", nc=nc)])
        assert answer.status == 200
        following = confirmed(answer, nonce, "ucdn-a", "/", nc)
    assert following != nonce
    answer = http.request(server.url + "/", headers=[authorization(following, "ucdn-a")])
    assert answer.status == 200 and confirmed(answer, following, "ucdn-a", "/") is None


def test_target_in_absolute_form(site):
    server = site(digest_profile("ucdn-a"))
    port = int(server.url.rpartition(":")[2])

    def ask(target, uri, nc):
        nonce = get_nonce(server)
        line = authorization(nonce, "ucdn-a", uri=uri, nc=nc)
        data = http.raw_exchange(port, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                       f"{line}\r\n\r\n".encode())
        return int(data.split()[1])

    assert ask("http://x/directory?a", "http://x/directory?a", 1) == 200
    assert ask("http://x/directory?a", "/directory?a", 1) == 200
    assert ask("/directory?a", "http://x/directory?a", 1) == 200
    assert ask("/directory?a", "/directory", 1) == 400
    assert ask("http://x/directory", "/cdni", 1) == 400


def test_md5_where_it_is_switched_on(site):
    profile = ('ucdn-a: {digest: {user: ucdn-a, ha1-md5: "%s", ha1-sha256: "%s"}}\n'
               'old: {digest: {user: old, ha1-md5: "%s"}}\n' %
               (ha1("ucdn-a", name="md5"), ha1("ucdn-a"), ha1("old", name="md5")))
    server = site(profile, "digest: {md5: true}\n")
    offered = [challenge(value) for value in
               http.request(server.url + "/").all("www-authenticate")]
    assert [fields["algorithm"] for fields in offered] == ["SHA-256", "MD5"]
    nonce = offered[1]["nonce"]
    for user, algorithm, nc, status in [("ucdn-a", "SHA-256", 1, 200), ("ucdn-a", "MD5", 2, 200),
                                        ("old", "MD5", 3, 200), ("old", "SHA-256", 4, 401)]:
        line = authorization(nonce, user, nc=nc, algorithm=algorithm)
        assert http.request(server.url + "/", headers=[line]).status == status, (user, algorithm)


def test_realm_and_life_of_nonces(site):
    profile = 'a: {digest: {user: a, ha1-sha256: "%s"}}\n' % ha1("a", realm="alto of dCDN")
    server = site(profile, 'digest: {realm: "alto of dCDN", nonce-s: 1}\n')
    answer = http.request(server.url + "/")
    nonce = challenge(answer.get("www-authenticate"))["nonce"]
    assert challenge(answer.get("www-authenticate"))["realm"] == "alto of dCDN"
    # Counts go on until the second is over, and then it is stale.
    for nc in range(1, 1 << 20):
        line = authorization(nonce, "a", realm="alto of dCDN", nc=nc)
        answer = http.request(server.url + "/", headers=[line])
        if answer.status == 401:
            break
    assert challenge(answer.get("www-authenticate"))["stale"] == "true"


@pytest.mark.threads
def test_guessing_is_slowed(site):
    """Wrong passwords are held back by address; the right one goes on as before."""
    server = site(digest_profile("ucdn-a"))
    nonce = get_nonce(server)

    def guess(n):
        user = "ucdn-a" if n % 2 else "nobody"
        line = authorization(nonce, user, password=f"guess {n}", nc=n + 1)
        return http.request(server.url + "/", headers=[line]).status

    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        statuses = list(pool.map(guess, range(48)))
        assert set(statuses) == {401, 429}
    assert http.request(server.url + "/", extra=digest_curl("ucdn-a")).status == 200
    server.wait_line("a wrong user or password from 127.0.0.1")
    assert "guess" not in "\n".join(server.log)


# ---- reload ----

def test_profiles_come_and_go(site):
    server = site(digest_profile("ucdn-a"))
    with requests.Session() as a, requests.Session() as b:
        a.auth = requests.auth.HTTPDigestAuth("ucdn-a", PASSWORD)
        b.auth = requests.auth.HTTPDigestAuth("ucdn-b", PASSWORD)
        assert a.get(server.url + "/", timeout=60).status_code == 200
        assert b.get(server.url + "/", timeout=60).status_code == 401
        write_ucdns(server.directory, digest_profile("ucdn-b"))
        server.send(signal.SIGHUP)
        server.wait_line("profiles of uCDNs: 1")
        server.wait_line(r"build: generation \d+: ")  # with a view for it
        assert settled(lambda: b.get(server.url + "/", timeout=60).status_code) == 200
        # On the connection that it has had.
        assert a.get(server.url + "/", timeout=60).status_code == 401
        for text, mode, why in [("a: {", 0o600, "syntax"), ("{}\n", 0o644, "mode 0644")]:
            write_ucdns(server.directory, text, mode)
            server.send(signal.SIGHUP)
            server.wait_line(why)
            server.wait_line("the old profiles stay in use")
            assert b.get(server.url + "/", timeout=60).status_code == 200
        write_ucdns(server.directory, digest_profile("ucdn-b", password="new"))
        server.send(signal.SIGHUP)
        server.wait_line("profiles of uCDNs: 1")
        assert b.get(server.url + "/", timeout=60).status_code == 401


@pytest.mark.parametrize("text, mode, why", [("a: {x: 1}\n", 0o600, "ucdns.yaml:1:5: error: 'x' is not"),
                                             ("{}\n", 0o640 | 0o4, "mode 0644 lets others at it")])
def test_bad_profiles_refuse_the_start(tmp_path, text, mode, why):
    config = make_site(tmp_path, "")
    write_ucdns(tmp_path, text, mode)
    done = run("footprintd", "--config", str(config))
    assert done.returncode == 1
    assert why in done.stderr
    checked = run("footprintd", "--config", str(config), "--check-config")
    assert checked.returncode == 1
    assert why in checked.stderr


def test_profiles_that_nobody_can_be(tmp_path):
    profiles = ("a: {certificates: [{san: dns:a.example}]}\n" + digest_profile("b") +
                f'c: {{digest: {{user: c, ha1-md5: "{ha1("c", name="md5")}"}}}}\n')
    config = make_site(tmp_path, profiles)
    file = tmp_path / "ucdns.yaml"
    wanted = [f"{file}:1:1: warning: 'a' is known by certificates, and no listener has a "
              "'client-auth' that asks for them [unused]",
              f"{file}:3:1: warning: 'c' has a password for MD5 alone, and 'digest.md5' is not "
              "true [unused]"]
    done = run("footprintd", "--config", str(config), "--check-config")
    assert done.returncode == 0
    assert done.stderr.splitlines()[:-1] == wanted
    with Server(config) as server:
        assert [line.partition(" config: ")[2] for line in server.log if "[unused]" in line] == wanted
    config = make_site(tmp_path, profiles, "digest: {md5: true}\n")
    assert "MD5" not in run("footprintd", "--config", str(config), "--check-config").stderr


# ---- beside ----

def test_access_log_has_the_name(site):
    server = site(digest_profile("ucdn-a") + "anonymous:\n", "http: {access-log: on}\n")
    wrong = http.request(server.url + "/", headers=[authorization("x", "ucdn-a", "wrong")])
    nonce = challenge(wrong.get("www-authenticate"))["nonce"]
    http.request(server.url + "/", headers=[authorization(nonce, "ucdn-a")])
    http.request(server.url + "/")
    lines = [json.loads(server.wait_line(r'^\{"time.*$').group(0)) for _ in range(3)]
    assert [(line["status"], line["ucdn"]) for line in lines] == [
        (401, ""), (200, "ucdn-a"), (200, "anonymous")]


def test_admin_interface_is_apart(site, tmp_path):
    write_tokens(tmp_path)
    server = site(digest_profile("ucdn-a"), 'admin: {listen: "127.0.0.1:0", tokens: tokens}\n')
    answer = http.request(server.admin + "/v1/status",
                          headers=[f"Authorization: Bearer {TOKENS['reader']}"])
    assert answer.status == 200
    assert http.request(server.admin + "/v1/status", extra=digest_curl("ucdn-a")).status == 401
