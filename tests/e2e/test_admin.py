"""The admin interface of a running footprintd: what it answers, its tokens, its listener."""
import hashlib
import http.client
import json
import os
import re
import signal
import subprocess
import time

import jsonschema
import pytest

import http_client
from admin import TOKENS, bearer, description, token_line, write_tokens
from footprintd import DOCUMENT, LIMIT, Server, curl, run, write_config

ADMIN = 'admin: {listen: "127.0.0.1:0", tokens: tokens}\n'
JSON = "Content-Type: application/json"

AREAS = """version: 1
footprints:
  metro: {cidr: [192.0.2.0/24, 198.51.100.0/25]}
capabilities:
  - capability-type: FCI.DeliveryProtocol
    capability-value: {delivery-protocols: [https/1.1]}
    footprints: [metro]
"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints/data").mkdir(parents=True)
    (tmp_path / "footprints/all.yaml").write_text(DOCUMENT % "http/1.1")
    (tmp_path / "footprints/areas.yaml").write_text(AREAS)
    (tmp_path / "footprints/data/no.yaml").write_text("not a document\n")
    (tmp_path / "footprints/.hidden.yaml").write_text("not one either\n")
    write_tokens(tmp_path)
    write_config(tmp_path, more=ADMIN)
    return tmp_path


@pytest.fixture
def server(site):
    with Server(site / "footprintd.yaml") as running:
        yield running


def ask(server, path, role="reader", *more):
    """(status, headers, body), and the body as the description says it."""
    status, headers, body = curl("-H", bearer(role), *more, server.admin + path)
    assert headers["cache-control"] == "no-store"
    return status, headers, body


def check_schema(name, instance):
    api = description()
    schema = {"$ref": f"#/components/schemas/{name}", "components": api["components"]}
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.draft202012_format_checker)
    validator.validate(instance)
    return instance


def ask_json(server, path, schema, role="reader", *more, status=200):
    got, _, body = ask(server, path, role, *more)
    assert got == status, body
    return check_schema(schema, json.loads(body))


def status_of(server):
    return ask_json(server, "/v1/status", "Status")


# ---- start ----

@pytest.mark.threads
def test_ready_line(server):
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.admin)
    assert server.admin not in server.urls


def test_without(site):
    """Without the key there is none, and the client listener has nothing of it."""
    write_config(site)
    with Server(site / "footprintd.yaml") as running:
        assert running.admin is None
        assert curl("-H", bearer("admin"), running.url + "/v1/status")[0] == 404


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604])
def test_tokens_that_others_can_read_refuse_the_start(site, mode):
    write_tokens(site, mode=mode)
    server = Server(site / "footprintd.yaml")
    assert server.wait() == 1
    assert any(f"tokens {site}/tokens: mode {mode:04o} lets others at it" in line
               for line in server.log)


def test_bad_tokens_refuse_the_start(site):
    write_tokens(site, ["me:admin:secret-that-was-not-hashed\n"])
    server = Server(site / "footprintd.yaml")
    assert server.wait() == 1
    assert any("line 2: the hash is not 64 hexadecimal digits" in line for line in server.log)
    assert not any("secret-that" in line for line in server.log)


def test_no_tokens_at_all(site):
    write_tokens(site, [])
    with Server(site / "footprintd.yaml") as running:
        assert any("has no token: nobody can use the admin interface" in line for line in running.log)
        assert curl("-H", bearer("admin"), running.admin + "/v1/status")[0] == 401


# ---- status ----

@pytest.mark.threads
def test_status(server):
    status = status_of(server)
    assert (status["generation"], status["documents"], status["refused"]) == (1, 2, None)
    assert status["databases"] == []
    assert run("footprintd", "--version").stdout == f"footprintd {status['version']}\n"
    assert status["admin"] == {"requests": 1, "wrong-tokens": 0, "refused": 0}
    assert curl("-H", "Authorization: Bearer x", server.admin + "/v1/status")[0] == 401
    assert status_of(server)["admin"] == {"requests": 2, "wrong-tokens": 1, "refused": 0}


def test_what_was_refused(site, server):
    """Shown with its findings until it is mended."""
    bad = site / "footprints/areas.yaml"
    bad.write_text(AREAS.replace("metro:", "metr:"))
    server.send(signal.SIGHUP)
    server.wait_line("the documents were refused")
    status = status_of(server)
    assert status["generation"] == 1
    report = status["refused"]["report"]
    assert report["errors"] == 1 and report["findings"][0]["file"] == "areas.yaml"
    done = run("footprintctl", "check", "--json", str(site / "footprints"))
    # The server knows besides what was there before.
    (finding,) = report["findings"]
    text, _, before = finding["text"].partition(" any more: ")
    assert before == "it was in areas.yaml:3 before this change"
    finding["text"] = text
    assert report == json.loads(done.stdout.replace(f"{site}/footprints/", ""))
    bad.write_text(AREAS)
    server.send(signal.SIGHUP)
    server.wait_line("generation 2:")
    end = time.monotonic() + LIMIT
    while (status := status_of(server))["generation"] != 2:  # what the log says comes before it is served
        assert time.monotonic() < end
    assert status["refused"] is None


# ---- documents ----

def test_document_list(site, server):
    listed = ask_json(server, "/v1/documents", "DocumentList")["documents"]
    assert [d["name"] for d in listed] == ["all.yaml", "areas.yaml"]
    for document in listed:
        text = (site / "footprints" / document["name"]).read_bytes()
        assert document["size"] == len(text)
        assert document["etag"] == f'"{hashlib.sha256(text).hexdigest()}"'


def test_document(site, server):
    status, headers, body = ask(server, "/v1/documents/areas.yaml")
    assert (status, body.decode(), headers["content-type"]) == (200, AREAS, "application/yaml")
    etag = headers["etag"]
    assert etag == f'"{hashlib.sha256(AREAS.encode()).hexdigest()}"'
    status, headers, body = ask(server, "/v1/documents/areas.yaml", "reader", "-H",
                                f"If-None-Match: {etag}")
    assert (status, body, headers["etag"]) == (304, b"", etag)
    (site / "footprints/areas.yaml").write_text(AREAS + "# more\n")
    status, headers, _ = ask(server, "/v1/documents/areas.yaml", "reader", "-H",
                             f"If-None-Match: {etag}")
    assert status == 200 and headers["etag"] != etag
    (site / "footprints/j.json").write_text('{"version": 1}')
    assert ask(server, "/v1/documents/j.json")[1]["content-type"] == "application/json"
    (site / "footprints/empty.yaml").write_text("")
    assert ask(server, "/v1/documents/empty.yaml")[2] == b""


@pytest.mark.parametrize("name", ["nothing.yaml", ".hidden.yaml", "data", "..", "data%2Fno.yaml",
                                  "..%2Ftokens", "all.yaml%00", "all", "%ff.yaml", "a" * 300 + ".yaml"])
def test_no_such_document(server, name):
    status, _, body = ask(server, f"/v1/documents/{name}", "admin", "--path-as-is")
    assert status == 404
    check_schema("Problem", json.loads(body))


def test_unreadable_document(site, server):
    os.symlink("nowhere", site / "footprints/z.yaml")
    (site / "footprints/dir.yaml").mkdir()
    listed = ask_json(server, "/v1/documents", "DocumentList")["documents"]
    assert [d["name"] for d in listed if d["size"] is None] == ["dir.yaml", "z.yaml"]
    assert ask_json(server, "/v1/documents/dir.yaml", "Problem", status=500)["code"] == "unreadable"


# ---- check ----

def check(server, documents, status=200, schema="Findings"):
    return ask_json(server, "/v1/check", schema, "reader", "-H", JSON, "--data-binary",
                    json.dumps({"documents": documents}), status=status)


def test_check_is_footprintctl_check(site, server):
    """The set as it would be gives what footprintctl says of a directory that is so."""
    changes = {"areas.yaml": AREAS.replace("192.0.2.0", "192.0.2.1"),  # host bits: a warning
               "new.yaml": "version: 1\nfootprints: {metro: {countrycode: [xx1]}}\nx: 1\n",
               "all.yaml": None}
    answer = check(server, changes)
    assert answer["errors"] >= 2 and answer["warnings"] >= 1
    other = site / "other"
    other.mkdir()
    for name, text in changes.items():
        if text is not None:
            (other / name).write_text(text)
    done = run("footprintctl", "check", "--json", str(other))
    assert answer == json.loads(done.stdout.replace(f"{other}/", ""))
    # Nothing was changed by it.
    assert (site / "footprints/areas.yaml").read_text() == AREAS
    assert sorted(p.name for p in (site / "footprints").glob("*.yaml")) == [".hidden.yaml", "all.yaml",
                                                                            "areas.yaml"]
    assert status_of(server)["generation"] == 1


def test_check_of_the_set_as_it_is(server):
    assert check(server, {}) == {"findings": [], "errors": 0, "warnings": 0}


def test_check_sees_the_others(server):
    """A document may use names of those that stay, and not those of one that goes."""
    text = "version: 1\ncapabilities:\n  - {capability-type: FCI.Metadata, capability-value: {metadata: " \
           "[MI.SourceMetadata]}, footprints: [metro]}\n"
    assert check(server, {"use.yaml": text})["errors"] == 0
    answer = check(server, {"use.yaml": text, "areas.yaml": None})
    assert answer["errors"] == 1 and answer["findings"][0]["file"] == "use.yaml"


@pytest.mark.parametrize("body, code", [
    ("", "syntax"), ("{", "syntax"), ("{} {}", "syntax"), ('{"documents":{"a.yaml":"","a.yaml":""}}', "syntax"),
    ("[]", "bad-body"), ("1", "bad-body"), ("{}", "bad-body"), ('{"documents":[]}', "bad-body"),
    ('{"documents":{},"x":1}', "bad-body"), ('{"documents":{"a.yaml":1}}', "bad-body"),
    ('{"documents":{"a.yaml":{}}}', "bad-body"), ('{"documents":{"a":""}}', "bad-name"),
    ('{"documents":{"":""}}', "bad-name"), ('{"documents":{"../a.yaml":""}}', "bad-name"),
    ('{"documents":{".a.yaml":""}}', "bad-name"), ('{"documents":{"a\\u0000.yaml":""}}', "bad-name"),
    ('{"documents":{"a\\n.yaml":""}}', "bad-name"), ('{"documents":{"/a.yaml":""}}', "bad-name")])
def test_bad_bodies_of_check(server, body, code):
    problem = ask_json(server, "/v1/check", "Problem", "reader", "-H", JSON, "--data-binary", body,
                       status=400)
    assert problem["code"] == code


# ---- explain ----

@pytest.mark.parametrize("address", ["192.0.2.7", "203.0.113.1", "2001:db8::1", "::ffff:192.0.2.7"])
def test_explain_is_footprintctl_lookup(site, server, address):
    answer = ask_json(server, f"/v1/explain?address={address}", "Explanation")
    done = run("footprintctl", "lookup", "--config", str(site / "footprintd.yaml"), "--json", "--why",
               address)
    # But for the directory, which is nobody's business there.
    directory = f"{site}/footprints"
    assert directory in done.stdout and str(site) not in json.dumps(answer)
    assert answer == json.loads(done.stdout.replace(directory + "/", ""))


def test_explain_says_where(server):
    answer = ask_json(server, "/v1/explain?address=192.0.2.7", "Explanation")
    (footprint,) = answer["footprints"]
    assert footprint["name"] == "metro" and footprint["line"] == 3
    assert "/" not in footprint["document"]


@pytest.mark.parametrize("query, code", [("", "no-address"), ("?addr=1", "no-address"),
                                         ("?address=", "bad-address"), ("?address=192.0.2", "bad-address"),
                                         ("?address=192.0.2.0/33", "bad-address"),
                                         ("?address=%ff%00", "bad-address"),
                                         ("?address=" + "9" * 2000, "bad-address")])
def test_bad_queries_of_explain(server, query, code):
    assert ask_json(server, f"/v1/explain{query}", "Problem", status=400)["code"] == code


@pytest.mark.parametrize("prefix", ["192.0.2.0/23", "0.0.0.0/0", "::/0", "192.0.2.7/32"])
def test_explain_is_lookup(site, server, prefix):
    told = ask_json(server, f"/v1/explain?address={prefix}", "PrefixExplanation")
    done = run("footprintctl", "lookup", "--config", str(site / "footprintd.yaml"), "--json",
               prefix)
    assert told == json.loads(done.stdout.replace(f"{site}/footprints/", ""))


@pytest.mark.parametrize("text", ["192.0.2.0/33", "192.0.2/24", "/", "a/b", "192.0.2.0/24/24"])
def test_no_prefix(server, text):
    status, _, body = ask(server, f"/v1/explain?address={text}", "reader")
    assert status == 400 and json.loads(body)["code"] == "bad-address"
    assert json.loads(body)["detail"] == f"'{text}' is neither an IP address nor a prefix"


# ---- reload ----

@pytest.mark.threads
def test_reload(site, server):
    (site / "footprints/all.yaml").write_text(DOCUMENT % "https/1.1")
    assert ask_json(server, "/v1/reload", "Problem", "editor", "-X", "POST", status=403)["role"] == "admin"
    ask_json(server, "/v1/reload", "Reload", "admin", "-X", "POST", status=202)
    server.wait_line("admin: ada at 127.0.0.1 asks for a reload")
    server.wait_line("generation 2:")


def test_tokens_are_read_again(site, server):
    """A new one works, an old one does not any more; a bad file changes nothing."""
    write_tokens(site, [token_line("new", "admin", "brand-new")])
    server.send(signal.SIGHUP)
    server.wait_line("generation 2:")

    def status(token):
        return curl("-H", f"Authorization: Bearer {token}", server.admin + "/v1/documents")[0]

    assert (status("brand-new"), status(TOKENS["admin"])) == (200, 401)
    for lines, mode, why in [(["nonsense\n"], 0o600, "line 2: not name:role:sha256-hex"),
                             (None, 0o644, "mode 0644 lets others at it")]:
        write_tokens(site, lines, mode)
        server.send(signal.SIGHUP)
        server.wait_line(re.escape(why) + ".*; the old tokens stay in use")
        assert (status("brand-new"), status(TOKENS["admin"])) == (200, 401)


# ---- listeners ----

def test_one_connection_many_requests(server):
    """http.client, which keeps its connection."""
    connection = http.client.HTTPConnection(server.admin.removeprefix("http://"), timeout=60)
    for role, path, expected in [("reader", "/v1/status", 200), ("reader", "/v1/reload", 405),
                                 ("editor", "/v1/audit", 403), ("reader", "/v1/x", 404),
                                 ("reader", "/v1/documents", 200)] * 3:
        connection.request("GET", path, headers={"Authorization": f"Bearer {TOKENS[role]}"})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        assert answer.status == expected
        assert expected == 200 or body["status"] == expected
    connection.close()


def test_http2(server):
    answer = http_client.request(server.admin + "/v1/status", "h2c", headers=[bearer("reader")])
    assert (answer.status, answer.version) == (200, "2")


@pytest.mark.parametrize("protocol", ["h1-tls", "h2-tls"])
def test_tls(site, certificates, protocol):
    c = certificates
    write_config(site, more=f'admin: {{listen: "127.0.0.1:0", tokens: tokens, tls: {{certificate: '
                            f'{c}/server.pem, key: {c}/server.key, client-ca: {c}/ca.pem, client-auth: '
                            'required}}\n')
    with Server(site / "footprintd.yaml") as running:
        assert running.admin.startswith("https://127.0.0.1:")
        extra = ["--cert", str(c / "client.pem"), "--key", str(c / "client.key")]
        uri = running.admin + "/v1/documents"
        for headers, expected in [([bearer("reader")], 200), ([], 401)]:
            answer = http_client.request(uri, protocol, headers=headers, ca=c / "ca.pem", extra=extra)
            assert answer.status == expected
        done = subprocess.run(["curl", "-sS", "--cacert", str(c / "ca.pem"), "-H", bearer("reader"), uri],
                              capture_output=True, timeout=60)
        assert done.returncode != 0 and not done.stdout
    assert running.process.returncode == 0


def test_check_config_knows_it(site, certificates):
    """Tokens and certificates are looked at before anything starts."""
    config = str(site / "footprintd.yaml")
    assert run("footprintd", "--config", config, "--check-config").returncode == 0
    write_tokens(site, mode=0o644)
    write_config(site, more='admin: {listen: "127.0.0.1:0", tokens: tokens, tls: {certificate: c, key: k}}\n')
    done = run("footprintd", "--config", config, "--check-config")
    assert done.returncode == 1
    assert f"{config}:3:8: error: the certificate {site}/c cannot be used" in done.stderr
    assert f"{config}:3:8: error: tokens {site}/tokens: mode 0644" in done.stderr


def test_address_that_is_taken(site, server):
    port = server.admin.rpartition(":")[2]
    config = site / "second.yaml"
    config.write_text((site / "footprintd.yaml").read_text().replace(
        'admin: {listen: "127.0.0.1:0"', f'admin: {{listen: "127.0.0.1:{port}"'))
    second = Server(config)
    assert second.wait() == 1
    assert any(f"listen 127.0.0.1:{port}: " in line for line in second.log)
