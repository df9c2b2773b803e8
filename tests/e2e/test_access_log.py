"""The access log: a line for every request, whatever became of it, and no secret in any."""
import json
import re
import urllib.parse

import http_client
from identity import PASSWORD, digest_profile, write_ucdns
from footprintd import DOCUMENT, ROOT, Server, write_config
from tips_client import View
from update_site import Site

ON = "http: {access-log: on}\n"


def records(server, count):
    """The next records, by path."""
    return [json.loads(server.wait_line(r"^\{.*\}$").group(0)) for _ in range(count)]


def test_tokens_are_masked(tmp_path):
    """Control URIs and views: who reads the log cannot use them."""
    with Site(tmp_path, ON) as site:
        stream = site.stream({"c": "cdni"})
        view = View(site, "cdni")
        view.item(0, 1)
        tokens = [urllib.parse.urlsplit(uri).path.split("/")[2]
                  for uri in (stream.control_uri, view.uri)]
        assert all(len(token) > 16 for token in tokens)
        body = json.dumps({"remove": ["nothing"]}).encode()
        # However it is spelt; and what is no token of anybody may be one of another server.
        for uri in (stream.control_uri, stream.control_uri.replace("/updates", "/./%75pdates"),
                    f"{view.uri}/ug/0/1", view.uri, f"{site.url}/tips/{'x' * 22}/ug?a=b"):
            http_client.request(uri, "h1", data=body)
        http_client.request(f"{site.url}/last", "h1")
        site.server.wait_line('"path":"/last"')
        logged = [line for line in site.server.log if line.startswith("{")]
        assert not any(token in line for line in logged for token in [*tokens, "x" * 22])
        paths = {json.loads(line)["path"] for line in logged}
        assert {"/updates/*", "/tips/*/ug/0/1", "/tips/*", "/tips/*/ug", "/tips"} <= paths
        stream.source.close()
        site.streams.remove(stream)


def test_refused_and_secrets(tmp_path):
    """A line for each that is refused, with the name of whom it is known to be; no credentials."""
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/all.yaml").write_text(DOCUMENT % "http/1.1")
    (tmp_path / "tokens").touch(mode=0o600)
    write_ucdns(tmp_path, digest_profile("a"))
    more = f'{ON}ucdns: ucdns.yaml\nadmin: {{listen: "127.0.0.1:0", tokens: tokens}}\n'
    with Server(write_config(tmp_path, more=more)) as server:
        login = ["--digest", "--user", f"a:{PASSWORD}"]
        http_client.request(f"{server.url}/cdni", "h1", extra=login)
        challenge, answer = records(server, 2)
        assert (challenge["status"], challenge["ucdn"]) == (401, "")
        assert (answer["status"], answer["ucdn"]) == (200, "a")
        http_client.request(f"{server.url}/nothing", "h1", extra=login)
        assert [r["status"] for r in records(server, 2)] == [401, 404]
        http_client.request(f"{server.url}/cdni", "h1", method="DELETE", extra=login,
                            headers=["X-Request-Id: 4f-\"x"])
        refused = records(server, 2)[1]
        assert (refused["status"], refused["method"], refused["request-id"]) == \
            (405, "DELETE", '4f-"x')
        http_client.request(f"{server.admin}/v1/status", "h1",
                            headers=["Authorization: Bearer secret-token"])
        denied, = records(server, 1)
        assert (denied["status"], denied["path"]) == (401, "/v1/status")
        assert "request-id" not in denied and "ucdn" not in denied
        log = "\n".join(server.log)
        for secret in ("secret-token", PASSWORD, "Digest", "Bearer", "nonce"):
            assert secret not in log


# ---- levels by area ----


def test_levels_of_areas(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/all.yaml").write_text(DOCUMENT % "http/1.1")
    config = write_config(tmp_path, more="user: root\nlog: {level: warning, levels: {build: info}}\n")
    server = Server(config)
    server.wait_ready()
    assert server.end() == 0
    lines = [line.split(" ", 2)[1:] for line in server.log if not line.startswith("footprintd: ")]
    assert any(rest.startswith("build: ") for level, rest in lines if level == "info")
    assert all(rest.startswith("build: ") for level, rest in lines if level == "info")


def test_areas_have_levels():
    """Every area that writes lines is one of those that the manual page has."""
    used = {area for path in (ROOT / "src").rglob("*.c") for area in
            re.findall(r'log_(?:line|listed)\(\s*LOG_LEVEL_\w+,\s*"([a-z]+)"', path.read_text())}
    text = (ROOT / "docs/man/footprintd.yaml.5").read_text()
    assert len(used) > 10
    assert used <= set(re.findall(r"^\.BR log\.levels\.([a-z]+) ", text, re.M))
