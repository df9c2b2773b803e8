"""footprintctl over the admin interface: status, history, show, apply, rollback, explain, edit."""
import hashlib
import http.server
import json
import os
import re
import signal
import ssl
import subprocess
import threading
import time

import pytest

import test_diff
from footprintd import BUILD, DOCUMENT, LIMIT, Server, run, write_config
from terminal import Terminal

MORE = 'admin: {listen: "127.0.0.1:0", tokens: tokens}\nstate: state\n'
READY = (r"^footprintd: ready generation=\d+((?: listen=https?://\S+)+)"
         r" admin=(https?://127\.0\.0\.1:\d+)$")
ROLES = ("reader", "editor", "admin")
METRO = """version: 1
# a comment that stays
footprints:
  metro: {cidr: [%s]}
capabilities:
  - capability-type: FCI.DeliveryProtocol
    capability-value: {delivery-protocols: [https/1.1]}
    footprints: [metro]
"""
SMALL = METRO % "192.0.2.0/24, 198.51.100.0/26"
MORE_BY_LITTLE = METRO % "192.0.2.0/24, 198.51.100.0/26, 203.0.113.0/28"  # 5 % more
DOUBLED = METRO % "192.0.2.0/24, 198.51.100.0/26, 203.0.113.0/24"
BROKEN = SMALL.replace("[metro]", "[metr]")


class AdminServer(Server):
    """With an admin interface; `admin` is its URL."""

    def wait_ready(self):
        match = self.wait_line(READY)
        self.urls = [part.removeprefix("listen=") for part in match.group(1).split()]
        self.url = self.urls[0]
        self.admin = match.group(2)
        return self


def token(role):
    return f"the-{role}-token-0123456789"


class Operator:
    """footprintctl with a token; whatever it prints has none."""

    def __init__(self, directory, url):
        self.directory = directory
        self.url = url

    def environment(self, role="editor", **more):
        return {**os.environ, "FOOTPRINTCTL_SERVER": self.url,
                "TMPDIR": str(self.directory / "tmp"),
                "FOOTPRINTCTL_TOKEN_FILE": str(self.directory / role), **more}

    def __call__(self, *args, role="editor", **kwargs):
        done = subprocess.run([BUILD / "footprintctl", *map(str, args)], capture_output=True,
                              text=True, timeout=LIMIT, cwd=self.directory,
                              env=self.environment(role), **kwargs)
        assert "-token-0123" not in done.stdout + done.stderr
        return done.returncode, done.stdout, done.stderr

    def json(self, *args, role="editor"):
        code, out, err = self(*args, "--json", role=role)
        assert (code, err) == (0, "")
        return json.loads(out)

    def served(self, name="metro.yaml"):
        return (self.directory / "footprints" / name).read_text()


def write_tokens(directory):
    lines = []
    for role in ROLES:
        digest = hashlib.sha256(token(role).encode()).hexdigest()
        lines.append(f"{role[:2]}a:{role}:{digest}\n")
        (directory / role).write_text(token(role) + "\n")
        (directory / role).chmod(0o600)
    (directory / "tokens").write_text("".join(lines))
    (directory / "tokens").chmod(0o600)


@pytest.fixture
def site(tmp_path):
    for name in ("footprints", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "footprints/metro.yaml").write_text(SMALL)
    write_tokens(tmp_path)
    write_config(tmp_path, more=MORE)
    return tmp_path


@pytest.fixture
def server(site):
    with AdminServer(site / "footprintd.yaml") as running:
        yield running


@pytest.fixture
def ctl(site, server):
    return Operator(site, server.admin)


def generation(ctl):
    return ctl.json("status")["generation"]


# ---- options, token, connection ----

REMOTE = [["status"], ["history"], ["show", "1"], ["apply", "--remove", "x.yaml"],
          ["rollback", "1"], ["explain", "192.0.2.1"], ["edit", "x.yaml"]]


@pytest.mark.parametrize("command", REMOTE, ids=lambda command: command[0])
def test_no_connection(site, command):
    code, out, err = Operator(site, "http://127.0.0.1:1")(*command)
    assert (code, out) == (2, "")
    assert err.startswith("footprintctl: no answer of http://127.0.0.1:1: ")


@pytest.mark.parametrize("command", REMOTE, ids=lambda command: command[0])
def test_help(command):
    done = run("footprintctl", command[0], "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: footprintctl {command[0]} ")
    assert max(map(len, done.stdout.splitlines())) <= 100


@pytest.mark.parametrize("args", [
    ["status", "x"], ["status", "--nonsense"], ["history", "x"], ["history", "--limit", "0"],
    ["history", "--below", "x"], ["show"], ["show", "x"], ["show", "1", "a", "b"], ["apply"],
    ["rollback"], ["rollback", "0"], ["rollback", "1", "2"], ["explain"],
    ["edit"], ["edit", "../x.yaml"], ["edit", "x.txt"], ["apply", "-m", b"\xff", "x.yaml"],
    ["apply", "--remove", "x.yaml", "--remove", "x.yaml"]])
def test_usage(site, args):
    done = subprocess.run([BUILD / "footprintctl", *args], capture_output=True, cwd=site,
                          timeout=LIMIT, env=Operator(site, "http://127.0.0.1:1").environment())
    assert (done.returncode, done.stdout) == (2, b"")
    assert f"see footprintctl {args[0]} --help".encode() in done.stderr


def test_token_file(site):
    ctl = Operator(site, "http://127.0.0.1:1")

    def refused(*args):
        code, out, err = ctl("status", *args)
        assert (code, out) == (2, "") and err.count("\n") == 1
        return err

    (site / "editor").chmod(0o644)
    assert "editor can be read or written by everyone on this machine: chmod 600" in refused()
    (site / "editor").chmod(0o600)
    (site / "editor").write_text("\n")
    assert "editor is empty" in refused()
    (site / "editor").write_text(f"{token('editor')}\n{token('reader')}\n")
    assert "is to hold the token alone" in refused()
    (site / "editor").write_text("x" * 2000)
    assert "is too long for a token" in refused()
    assert "is not a regular file" in refused("--token-file", str(site))
    assert "cannot be opened: No such file" in refused("--token-file", "nowhere")
    assert "is no http or https URL" in refused("--server", "ftp://127.0.0.1/")
    done = subprocess.run([BUILD / "footprintctl", "status"], capture_output=True, text=True,
                          env={k: v for k, v in os.environ.items() if "FOOTPRINTCTL" not in k})
    assert done.returncode == 2 and "a token is needed: --token-file FILE" in done.stderr


def test_roles(site, ctl):
    code, out, err = ctl("apply", "footprints", role="reader")
    assert (code, out) == (1, "")
    assert err == "footprintctl: this wants the role editor, and rea has the role reader\n"
    (site / "editor").write_text("not-a-token\n")
    code, out, err = ctl("status")
    assert (code, out, err) == (1, "", "footprintctl: the token is not known\n")
    code, out, err = ctl("status", "--token-file", "reader", "--server", ctl.url + "/")
    assert (code, err) == (0, "")


def test_options_win(site, server):
    ctl = Operator(site, "http://127.0.0.1:1")
    (site / "editor").unlink()
    assert ctl("status", "--server", server.admin, "--token-file", "reader")[0] == 0


# ---- answers that no footprintd of ours gives at will ----

@pytest.fixture
def answering():
    """answering({path: (status, type, body)}): the URL of a server that answers just that."""
    servers = []

    def start(answers, context=None):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, media_type, body = answers[self.path.split("?")[0]]
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            do_POST = do_GET

            def log_message(self, *args):
                pass

        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        if context:
            servers[-1].socket = context.wrap_socket(servers[-1].socket, server_side=True)
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http{'s' if context else ''}://127.0.0.1:{servers[-1].server_address[1]}"

    yield start
    for one in servers:
        one.shutdown()
        one.server_close()


@pytest.mark.parametrize("answer", [(200, "text/html", "<p>"), (200, "application/json", "[]"),
                                    (404, "text/plain", "none"), (302, "text/plain", ""),
                                    (200, "application/json", "{"),
                                    (500, "application/problem+json", "{}")])
def test_not_an_admin_interface(site, answering, answer):
    code, out, err = Operator(site, answering({"/v1/status": answer}))("status")
    assert (code, out) == (2, "")
    assert "admin interface of footprintd" in err


def test_tls(site, answering, certificates):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates / "ca.pem")
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED
    ctl = Operator(site, answering({"/v1/generations": (200, "application/json", '{"total":0}')},
                                   context))
    assert ctl("history", "--cacert", certificates / "ca.pem", "--cert",
               certificates / "client.pem", "--key", certificates / "client.key") == (
        0, "no generations\n", "")
    code, out, err = ctl("history")
    assert (code, out) == (2, "") and "certificate" in err
    code, out, err = ctl("history", "--cacert", certificates / "ca.pem")
    assert (code, out) == (2, "")


def test_conflict(site, answering):
    """Somebody comes between the look and the change."""
    problem = {"status": 412, "code": "conflict", "detail": "the document metro.yaml is another"}
    latest = {"total": 9, "generations": [{"generation": 9, "kind": "edit", "author": "an\u001bna",
                                           "time": "2026-01-01T00:00:00Z", "message": "faster"}]}
    ctl = Operator(site, answering({
        "/v1/documents": (200, "application/json", '{"documents":[]}'),
        "/v1/changes": (412, "application/problem+json", json.dumps(problem)),
        "/v1/generations": (200, "application/json", json.dumps(latest))}))
    code, out, err = ctl("apply", "footprints")
    assert (code, out) == (1, "")
    assert err.startswith("footprintctl: the document metro.yaml is another: somebody changed it")
    assert err.endswith("footprintctl: the latest is generation 9, edit by an\\x1bna at "
                        "2026-01-01T00:00:00Z: faster\n")
    code, out, err = ctl("apply", "footprints", "--json")
    assert (code, json.loads(out), err) == (1, problem, "")


def test_kept_file(site, answering):
    done = {"generation": 2, "same": False, "summary": "s", "kept": ["metro.yaml"],
            "difference": {"summary": "s"}, "report": {"findings": [], "errors": 0, "warnings": 0}}
    ctl = Operator(site, answering({
        "/v1/documents": (200, "application/json", '{"documents":[]}'),
        "/v1/changes": (200, "application/json", json.dumps(done))}))
    code, out, err = ctl("apply", "footprints")
    assert (code, err) == (0, "")
    assert out == ("s\nmetro.yaml: somebody changed the file at the same moment; it stays as it "
                   "is\ngeneration 2\n")


# ---- status, history, show ----

def test_status(site, server, ctl):
    code, out, err = ctl("status", role="reader")
    assert (code, err) == (0, "")
    assert re.search(r"^  generation    1, published \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", out, re.M)
    assert re.search(r"^  documents     1$", out, re.M)
    assert re.search(r"^  refused       nothing$", out, re.M)
    (site / "footprints/metro.yaml").write_text(BROKEN)
    server.send(signal.SIGHUP)
    server.wait_line(r"bad-reference|unknown-footprint|refused")
    deadline = time.monotonic() + LIMIT
    code, out, err = ctl("status")
    while code == 0 and time.monotonic() < deadline:
        code, out, err = ctl("status")
    assert (code, err) == (1, "")
    assert "refused       1 error in the documents, at " in out
    check = run("footprintctl", "check", "footprints", cwd=site).stdout.splitlines()
    assert check[0].removeprefix("footprints/") in out.splitlines()
    code, out, err = ctl("status", "--json")
    assert (code, json.loads(out)["refused"]["report"]["errors"]) == (1, 1)


def test_history(ctl, site):
    for n in range(2, 5):
        (site / "new.yaml").write_text(DOCUMENT % "http/1.1" + f"# {n}\n")
        assert ctl("apply", "--yes", "-m", f"change {n} \u20ac", "new.yaml")[0] == 0
    code, out, err = ctl("history", role="reader")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["generation", "time", "kind", "author", "changed", "message"]
    assert [line.split()[0] for line in lines[1:]] == ["4", "3", "2", "1"]
    assert re.fullmatch(r"4 {11}\S+Z  edit   eda     1        change 4 \u20ac", lines[1])
    code, out, err = ctl("history", "--limit", "2")
    assert out.splitlines()[3:] == ["2 of 4 generations; those before: --below 3"]
    code, out, err = ctl("history", "--below", "3", "--limit=1")
    assert [line.split()[0] for line in out.splitlines()[1:2]] == ["2"]
    assert [g["generation"] for g in ctl.json("history", "--limit", "2")["generations"]] == [4, 3]


def test_show(ctl, site):
    (site / "metro.yaml").write_text(MORE_BY_LITTLE)
    assert ctl("apply", "metro.yaml", "-m", "five percent")[0] == 0
    code, out, err = ctl("show", "2", role="reader")
    assert (code, err) == (0, "")
    assert out.startswith("generation 2\n")
    assert "  author      eda\n  message     five percent\n  changed     1\n" in out
    assert f"  documents   metro.yaml, {len(MORE_BY_LITTLE)} bytes\n" in out
    assert re.search(r"^  vtags       cdni [\w-]{27}$", out, re.M)
    assert ctl("show", "1", "metro.yaml") == (0, SMALL, "")
    assert ctl("show", "2", "metro.yaml") == (0, MORE_BY_LITTLE, "")
    assert ctl.json("show", "2")["texts"] == {"metro.yaml": MORE_BY_LITTLE}
    assert ctl("show", "2", "x.yaml") == (
        1, "", "footprintctl: generation 2 has no document 'x.yaml'\n")
    assert ctl("show", "7") == (1, "", "footprintctl: the history has no generation '7'\n")


# ---- apply ----

def test_apply(ctl, site):
    (site / "metro.yaml").write_text(MORE_BY_LITTLE)
    code, out, err = ctl("apply", "metro.yaml", "--dry-run")
    assert (code, err) == (0, "")
    assert "      ipv4cidr: +203.0.113.0/28\n" in out
    assert out.endswith("+16 IPv4 addresses\nnothing is changed\n")
    assert ctl.served() == SMALL and generation(ctl) == 1
    code, out, err = ctl("apply", "metro.yaml")
    assert (code, err) == (0, "")
    assert out.endswith("1 footprint changed, 1 object changed; +16 IPv4 addresses\n"
                        "generation 2\n")
    assert ctl.served() == MORE_BY_LITTLE and generation(ctl) == 2
    code, out, err = ctl("apply", "metro.yaml")
    assert (code, out, err) == (0, "no difference\ngeneration 2\n", "")


@pytest.mark.parametrize("case", test_diff.CASES)
def test_apply_tells_what_diff_tells(case, tmp_path):
    """The same lines, from the server's JSON; documents of a server lie in no directory."""
    site = test_diff.make(case, tmp_path)
    (site / "tmp").mkdir()
    write_tokens(site)
    with open(site / "footprintd.yaml", "a", encoding="utf-8") as file:
        file.write(MORE + "watch: {enabled: false}\n")
    gone = {path.name for path in (site / "old").iterdir()} - {
        path.name for path in (site / "new").iterdir()}
    with AdminServer(site / "footprintd.yaml") as server:
        ctl = Operator(site, server.admin)
        args = ["apply", "--dry-run", "--yes", *[f"--remove={name}" for name in gone], "new"]
        code, out, err = ctl(*args)
    assert (code, err) == (0, "")
    told = [line for line in out.splitlines() if ": warning: " not in line]
    expected = (test_diff.GOLDEN / case / "expected.txt").read_text()
    assert told[:-1] == re.sub(r"(old|new)/(?=\w+\.yaml:)", "", expected).splitlines()
    assert told[-1].startswith("nothing is changed")


def test_apply_directory_and_remove(ctl, site):
    (site / "more").mkdir()
    (site / "more/a.yaml").write_text(DOCUMENT % "http/1.1")
    (site / "more/b.yaml").write_text("version: 1\n")
    (site / "more/.hidden.yaml").write_text("no\n")
    (site / "c.json").write_text('{"version": 1}')
    assert ctl("apply", "--yes", "more", "c.json")[0] == 0
    names = sorted(path.name for path in (site / "footprints").glob("*.*"))
    assert names == ["a.yaml", "b.yaml", "c.json", "metro.yaml"]
    assert ctl("apply", "--yes", "--remove", "a.yaml", "--remove=c.json")[0] == 0
    assert sorted(p.name for p in (site / "footprints").glob("*.*")) == ["b.yaml", "metro.yaml"]
    assert ctl("apply", "--remove", "a.yaml") == (
        1, "", "footprintctl: the server has no document 'a.yaml' to remove (did you mean 'b.yaml'?)\n")
    code, out, err = ctl("apply", "more/a.yaml", "more")
    assert code == 2 and "the document 'a.yaml' is there twice" in err


def test_apply_refused(ctl, site):
    (site / "metro.yaml").write_text(BROKEN)
    (site / "checked").mkdir()
    (site / "checked/metro.yaml").write_text(BROKEN)
    check = run("footprintctl", "check", "checked", cwd=site).stdout.splitlines()
    errors = [line.removeprefix("checked/") for line in check if ": error: " in line]
    for more in ([], ["--dry-run"]):
        code, out, err = ctl("apply", "metro.yaml", *more)
        assert (code, out) == (1, "")
        assert set(errors) <= set(err.splitlines()) and errors
        assert err.endswith("footprintctl: the documents would be refused: 1 error\n")
    assert ctl.served() == SMALL and generation(ctl) == 1
    code, out, err = ctl("apply", "metro.yaml", "--json")
    assert (code, json.loads(out)["code"], err) == (1, "refused", "")


USER = METRO.replace("  metro: {cidr: [%s]}\n", "  other: {asn: [as64496]}\n").replace(
    "[metro]", "[other, metro]")
GONE = ("error: no document defines footprint 'metro' any more: it was in metro.yaml:4 before this "
        "change [unknown-footprint]")


def test_removed_names_name_their_uses(ctl, site, server):
    """Each use, and where the name was: of a removal, of an edit, of a preview and of files."""
    for name, protocol in (("a", "http/1.1"), ("b", "http/2")):
        (site / f"{name}.yaml").write_text(USER.replace("other", name).replace("https/1.1", protocol))
    assert ctl("apply", "--yes", "a.yaml", "b.yaml")[0] == 0
    expected = [f"a.yaml:8:21: {GONE}", f"b.yaml:8:21: {GONE}"]
    (site / "metro.yaml").write_text("version: 1\n")
    for args in (["--remove", "metro.yaml"], ["--remove", "metro.yaml", "--dry-run"], ["metro.yaml"]):
        code, out, err = ctl("apply", *args)
        assert (code, out) == (1, "")
        assert [line for line in err.splitlines() if ": error: " in line] == expected
        assert err.endswith("footprintctl: the documents would be refused: 2 errors\n")
    code, out, err = ctl("apply", "--remove", "metro.yaml", "--json")
    assert [f["text"] for f in json.loads(out)["report"]["findings"] if f["severity"] == "error"] == [
        GONE[len("error: "):-len(" [unknown-footprint]")]] * 2
    (site / "footprints/metro.yaml").unlink()
    server.send(signal.SIGHUP)
    server.wait_line("a.yaml:8:21: " + re.escape(GONE))
    server.wait_line("the documents were refused: 2 errors")
    code, out, err = ctl("status")
    assert [line for line in out.splitlines() if ": error: " in line] == expected


def test_apply_guard_rails(ctl, site):
    (site / "metro.yaml").write_text(DOUBLED)
    code, out, err = ctl("apply", "metro.yaml")
    assert (code, out) == (1, "")
    assert ("Asks for a confirmation\n    everything gains 80% more IPv4 addresses (allowed: 10%)\n"
            "1 footprint changed, 1 object changed; +256 IPv4 addresses\n") in err
    assert err.endswith("say yes to make it (--yes)\n")
    assert generation(ctl) == 1
    code, out, err = ctl("apply", "metro.yaml", "--dry-run")
    assert (code, err) == (1, "") and out.endswith("nothing is changed; to make it: --yes\n")
    assert ctl("apply", "metro.yaml", "--dry-run", "--yes")[0] == 0
    assert generation(ctl) == 1
    answer = ctl.json("apply", "metro.yaml", "--yes")
    assert answer["generation"] == 2 and answer["difference"]["guard-rails"]["asks"]


def test_apply_unreadable(ctl, site):
    assert ctl("apply", "nothing.yaml") == (
        2, "", "footprintctl: nothing.yaml cannot be opened: No such file or directory\n")
    (site / "bad.yaml").write_bytes(b"\xff\xfe")
    assert ctl("apply", "bad.yaml") == (
        1, "", "footprintctl: bad.yaml: the text is not UTF-8\n")
    (site / "more").mkdir()
    (site / "more/x.yaml").mkdir()
    code, out, err = ctl("apply", "more")
    assert code == 2 and err.endswith("footprintctl: the documents in more cannot be read\n")


def test_apply_over_what_the_server_cannot_read(ctl, site):
    (site / "footprints/b.yaml").mkdir()
    (site / "b.yaml").write_text("version: 1\n")
    assert ctl("apply", "b.yaml") == (
        1, "", "b.yaml: error: the file is not a regular file [unreadable]\n"
        "footprintctl: the documents would be refused: 1 error\n")
    code, out, err = ctl("apply", "--remove", "b.yaml")
    assert (code, out) == (1, "") and "b.yaml" in err


# ---- rollback ----

def test_rollback(ctl, site):
    (site / "metro.yaml").write_text(DOUBLED)
    assert ctl("apply", "--yes", "metro.yaml")[0] == 0
    code, out, err = ctl("rollback", "1")
    assert code == 1 and "loses 44.4% of its IPv4 addresses" in err and "(--yes)" in err
    code, out, err = ctl("rollback", "1", "--dry-run", "--yes")
    assert code == 0
    assert out.endswith("-256 IPv4 addresses\nnothing is changed; to make it: --yes\n")
    assert ctl.served() == DOUBLED
    code, out, err = ctl("rollback", "--yes", "-m", "back", "1")
    assert (code, err) == (0, "") and out.endswith("generation 3\n")
    assert ctl.served() == SMALL
    latest = ctl.json("history", "--limit", "1")["generations"][0]
    assert (latest["kind"], latest["restores"], latest["message"]) == ("rollback", 1, "back")
    assert "  restores    1\n" in ctl("show", "3")[1]
    assert ctl("rollback", "99") == (
        1, "", "footprintctl: the history has no generation 99\n")


# ---- explain ----

def test_explain(ctl, site):
    """What lookup tells of the configuration, but for where the data is from."""
    addresses = ["192.0.2.1", "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.1", "198.51.100.200"]
    code, out, err = ctl("explain", *addresses, role="reader")
    assert (code, err) == (0, "")
    offline = run("footprintctl", "lookup", "--config", "footprintd.yaml", "--why", *addresses,
                  cwd=site)
    # Documents of a server lie in no directory.
    assert out == offline.stdout.split("By\n")[0].replace("footprints/", "")
    code, out, err = ctl("explain", "--json", *addresses[:2])
    assert [json.loads(line)["address"] for line in out.splitlines()] == addresses[:2]


def test_explain_malformed(ctl):
    code, out, err = ctl("explain", "x y&z", "192.0.2.1")
    assert (code, err) == (1, "footprintctl: 'x y&z' is neither an IP address nor a prefix\n")
    assert out.startswith("192.0.2.1\n")


# ---- edit ----

def edit(ctl, script, *args, **more):
    """footprintctl edit in a terminal, with a script for an editor."""
    editor = ctl.directory / "editor.sh"
    editor.write_text("#!/bin/sh\n" + script)
    editor.chmod(0o755)
    size = {name: more.pop(name) for name in ("rows", "columns") if name in more}
    return Terminal([BUILD / "footprintctl", "edit", *args], ctl.directory,
                    ctl.environment(**{"VISUAL": "", "EDITOR": str(editor), "NO_COLOR": "1", **more}),
                    **size)


def write(text):
    return f"cat > \"$1\" <<'END'\n{text}END\n"


def copies(ctl):
    return sorted(path.name for path in (ctl.directory / "tmp").rglob("*.*"))


def test_edit(ctl):
    with_edit = edit(ctl, "stat -c %a \"$1\" > mode\ncp \"$1\" before.txt\n"
                     + write(MORE_BY_LITTLE), "-m", "five percent", "metro.yaml")
    with_edit.expect("      ipv4cidr: +203.0.113.0/28\n")
    with_edit.expect("+16 IPv4 addresses\nApply it? (y)es, (e)dit again, (n)o: ")
    assert ctl.served() == SMALL
    with_edit.answer("y")
    with_edit.expect("generation 2\n")
    assert with_edit.end() == 0
    assert (ctl.directory / "before.txt").read_text() == SMALL
    assert (ctl.directory / "mode").read_text() == "600\n"
    assert ctl.served() == MORE_BY_LITTLE
    assert ctl.json("history", "--limit", "1")["generations"][0]["message"] == "five percent"
    assert not copies(ctl)


def test_edit_unchanged(ctl):
    terminal = edit(ctl, "touch \"$1\"\n", "metro.yaml")
    assert terminal.end() == 0
    assert "the document is as it was: nothing is changed" in terminal.text
    assert generation(ctl) == 1 and not copies(ctl)


def test_edit_visual_first(ctl):
    """The words are a shell's."""
    terminal = edit(ctl, "exit 3\n", "metro.yaml", VISUAL="sh -c 'touch visual; true' x")
    assert terminal.end() == 0
    assert (ctl.directory / "visual").exists()


def test_edit_new_document(ctl):
    terminal = edit(ctl, "cat \"$1\" > before.txt\n" + write(DOCUMENT % "http/1.1"), "new.yaml")
    terminal.expect("Apply it, although the guard rails ask? (y)es, (e)dit again, (n)o: ")
    terminal.answer("y")
    assert terminal.end() == 0
    assert (ctl.directory / "before.txt").read_text() == "version: 1\n"
    assert ctl.served("new.yaml") == DOCUMENT % "http/1.1"


def test_edit_findings(ctl):
    """Edited again, the second time it is good."""
    script = ("if [ -e once ]; then\n" + write(MORE_BY_LITTLE) + "else\ntouch once\n"
              + write(BROKEN) + "fi\n")
    terminal = edit(ctl, script, "metro.yaml")
    terminal.expect("metro.yaml:8:18: error: ")
    terminal.expect("(e)dit again or (q)uit? ")
    terminal.answer("what")
    terminal.expect("(e)dit again or (q)uit? ")
    terminal.answer("E")
    terminal.expect("Apply it? ")
    terminal.answer("y")
    assert terminal.end() == 0
    assert ctl.served() == MORE_BY_LITTLE


@pytest.mark.parametrize("text, prompt, answer", [(BROKEN, "(q)uit? ", "q"),
                                                  (BROKEN, "(q)uit? ", "\x04"),
                                                  (MORE_BY_LITTLE, "(n)o: ", "n")])
def test_edit_given_up(ctl, text, prompt, answer):
    terminal = edit(ctl, write(text), "metro.yaml")
    terminal.expect(prompt)
    terminal.answer(answer)
    terminal.expect("nothing is changed; your text is in ")
    assert terminal.end() == 1
    path = terminal.text.strip().rsplit(" ", 1)[1]
    with open(path, encoding="utf-8") as file:
        assert file.read() == text
    assert ctl.served() == SMALL and generation(ctl) == 1


@pytest.mark.parametrize("late", [False, True])
def test_edit_somebody_was_faster(ctl, late):
    """In the editor, or between the question and the answer."""
    (ctl.directory / "metro.yaml").write_text(SMALL + "# mine\n")
    faster = f"{BUILD}/footprintctl apply -m faster metro.yaml >&2 || exit 9\n"
    terminal = edit(ctl, ("" if late else faster) + write(MORE_BY_LITTLE), "metro.yaml")
    if late:
        terminal.expect("(n)o: ")
        assert ctl("apply", "-m", "faster", "metro.yaml")[0] == 0
        terminal.answer("y")
    terminal.expect("somebody changed it meanwhile, and nothing is done")
    terminal.expect("the latest is generation 2, edit by eda at ")
    terminal.expect(": faster\n")
    terminal.expect("your text is in ")
    assert terminal.end() == 1
    assert ctl.served() == SMALL + "# mine\n" and copies(ctl) == ["metro.yaml"]


def test_edit_interrupted(ctl):
    terminal = edit(ctl, write(MORE_BY_LITTLE), "metro.yaml")
    terminal.expect("(n)o: ")
    terminal.process.send_signal(signal.SIGINT)
    terminal.expect("nothing is changed; your text is in ")
    assert terminal.end() == 1
    assert ctl.served() == SMALL and copies(ctl) == ["metro.yaml"]


def test_edit_editor_fails(ctl):
    terminal = edit(ctl, write(MORE_BY_LITTLE) + "exit 3\n", "metro.yaml")
    assert terminal.end() == 1
    assert "editor.sh' ended with exit code 3" in terminal.text
    assert ctl.served() == SMALL and copies(ctl) == ["metro.yaml"]


def test_edit_json_without_a_terminal(ctl, site):
    editor = site / "editor.sh"
    editor.write_text("#!/bin/sh\n" + write(MORE_BY_LITTLE))
    editor.chmod(0o755)
    done = subprocess.run([BUILD / "footprintctl", "edit", "--json", "metro.yaml"], input="y\n",
                          capture_output=True, text=True, timeout=LIMIT, cwd=site,
                          env=ctl.environment(VISUAL="", EDITOR=str(editor)))
    assert done.returncode == 0
    assert json.loads(done.stdout)["generation"] == 2
    assert "Apply it?" in done.stderr
