"""footprintctl ucdn and whoami."""
import json
import os
import pty
import signal
import stat
import subprocess

import pytest

import http_client as http
from footprintd import BUILD, LIMIT, Server, run
from identity import PASSWORD, digest_profile, ha1, write_ucdns
from pki import Pki
from test_identity import make_site

FILE = """# Who may ask.

ucdn-a:   # the first
  certificates:
    - san: dns:a.example    # their router
  # by hand

# The second has
# a password.
ucdn-b: {digest: {user: b,
  ha1-sha256: "%s"}}

# Strangers.
anonymous:
# The end.
""" % ha1("b")


@pytest.fixture
def password(tmp_path):
    path = tmp_path / "password"
    path.touch(mode=0o600)
    path.write_text(PASSWORD + "\n")
    return path


def ucdn(verb, path, *args, code=0, **kwargs):
    done = run("footprintctl", "ucdn", verb, "--file", str(path), *map(str, args), **kwargs)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def checks(path):
    """What the file says, after everything reads it."""
    return [line.split("  ") for line in ucdn("list", path).splitlines()]


# ---- ucdn ----

def test_list(tmp_path):
    path = write_ucdns(tmp_path, FILE)
    assert checks(path) == [["ucdn-a", "1 certificate"], ["ucdn-b", "user b"],
                            ["anonymous", "whoever has no credentials"]]
    write_ucdns(tmp_path, "{}\n")
    assert ucdn("list", path) == ""


def test_revoke_leaves_the_rest_as_it_is(tmp_path):
    path = write_ucdns(tmp_path, FILE, mode=0o640)
    before = path.stat().st_ino
    ucdn("revoke", path, "ucdn-a")
    start, end = FILE.index("ucdn-a:"), FILE.index("\n# The second has")
    assert path.read_text() == FILE[:start] + FILE[end:]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_ino != before
    ucdn("revoke", path, "ucdn-b")
    assert path.read_text() == ("# Who may ask.\n\n\n# The second has\n# a password.\n\n"
                                "# Strangers.\nanonymous:\n# The end.\n")
    ucdn("revoke", path, "anonymous")
    assert path.read_text().endswith("# Strangers.\n# The end.\n{}\n")
    assert checks(path) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ucdns.yaml"]


def test_add(tmp_path, password):
    pki = Pki(tmp_path / "pki")
    pki.sign("a", "/CN=a")
    path = write_ucdns(tmp_path, FILE.rstrip("\n"))
    ucdn("add", path, "ucdn-c", "--san", "dns:c.example", "--san", "uri:https://c.example/",
         "--subject", 'CN="c'.replace('"', '\\"'), "--pin", pki.folder / "a.pem")
    ucdn("add", path, "ucdn-d", "--user", "d ü", "--password-file", password)
    ucdn("add", path, "ucdn-e", "--user", "e", "--password-file", "-", "--realm", "other",
         input=f"{PASSWORD}\nnot this\n")
    assert path.read_text() == FILE + f"""ucdn-c:
  certificates:
    - san: "dns:c.example"
    - san: "uri:https://c.example/"
    - subject: "CN=\\\\\\"c"
    - spki-sha256: "{pki.pin('a')}"
ucdn-d:
  digest:
    user: "d ü"
    ha1-sha256: "{ha1('d ü')}"
ucdn-e:
  digest:
    user: "e"
    ha1-sha256: "{ha1('e', realm='other')}"
"""
    # And back again.
    for name in ["ucdn-d", "ucdn-c", "ucdn-e"]:
        ucdn("revoke", path, name)
    assert path.read_text() == FILE


def test_add_makes_the_file(tmp_path):
    path = tmp_path / "ucdns.yaml"
    ucdn("add", path, "anonymous")
    assert path.read_text() == "anonymous:\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    ucdn("revoke", path, "anonymous")
    assert path.read_text() == "{}\n"
    ucdn("add", path, "a", "--san", "dns:a.example")
    assert path.read_text() == 'a:\n  certificates:\n    - san: "dns:a.example"\n'


def test_links_stay(tmp_path):
    folder = tmp_path / "behind"
    folder.mkdir()
    path = write_ucdns(folder, FILE)
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    ucdn("revoke", link, "ucdn-a")
    assert link.is_symlink() and "ucdn-a" not in path.read_text()


@pytest.mark.parametrize("args, why", [
    (["add", "ucdn-a", "--san", "dns:x.example"], "there is a uCDN of this name already"),
    (["add", "x", "--san", "dns:A.example"], "stands in the profile 'ucdn-a' too"),
    (["add", "x.y", "--san", "dns:x.example"], "cannot be the name of a uCDN"),
    (["add", "x", "--san", "x.example"], "does not begin with dns:"),
    (["add", "x", "--subject", "x"], "is not a list of TYPE=value"),
    (["add", "x: {}\ny", "--san", "dns:x.example"], "error"),
    (["add", "anonymous", "--san", "dns:x.example"], "there is a uCDN of this name already"),
    (["add", "x", "--pin", "/dev/null"], "has no certificate in PEM"),
    (["revoke", "ucdn-x"], "there is no uCDN of this name"),
])
def test_refused(tmp_path, args, why):
    path = write_ucdns(tmp_path, FILE)
    assert why in ucdn(args[0], path, *args[1:], code=1)
    assert path.read_text() == FILE


@pytest.mark.parametrize("text, mode, verb, why", [
    ("{a: {certificates: [{san: dns:a.example}]}}\n", 0o600, "revoke", "a line for each name"),
    ("{a: {certificates: [{san: dns:a.example}]}}\n", 0o600, "add", "error"),
    ("a: {certificate: []}\n", 0o600, "revoke", "'certificate' is not a key"),
    (FILE, 0o644, "revoke", "mode 0644 lets others at it"),
])
def test_files_that_are_not_edited(tmp_path, text, mode, verb, why):
    path = write_ucdns(tmp_path, text, mode)
    extra = ["--san", "dns:b.example"] if verb == "add" else []
    assert why in ucdn(verb, path, "b" if verb == "add" else "a", *extra, code=1)
    assert path.read_text() == text


@pytest.mark.parametrize("args", [
    [], ["lst"], ["list"], ["list", "--file", "x", "name"], ["add", "--file", "x"],
    ["add", "--file", "x", "name"], ["add", "name", "--san", "dns:x"],
    ["add", "--file", "x", "a", "b"], ["revoke", "--file", "x"],
    ["revoke", "--file", "x", "a", "--user", "b"],
    ["add", "--file", "x", "a", "--san", "dns:a", "--realm", "r"], ["add", "--nonsense"],
])
def test_usage(args):
    done = run("footprintctl", "ucdn", *args)
    assert done.returncode == 2
    assert "see footprintctl ucdn --help" in done.stderr


def test_passwords_that_are_not_taken(tmp_path, password):
    path = tmp_path / "ucdns.yaml"
    add = ["a", "--user", "a", "--password-file"]
    password.chmod(0o644)
    assert "mode 0644 lets others at it" in ucdn("add", path, *add, password, code=1)
    assert "password file" in ucdn("add", path, *add, tmp_path / "none", code=1)
    assert "empty" in ucdn("add", path, *add, "-", code=1, input="\n")
    assert "too long" in ucdn("add", path, *add, "-", code=1, input="x" * 2000)
    assert not path.exists()


def at_terminal(args, answers):
    """Runs it with a terminal of its own; (exit code, what was shown)."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(BUILD / "footprintctl", ["footprintctl", *map(str, args)])
    shown = b""
    for prompt, answer in answers:
        while not shown.endswith(prompt):
            shown += os.read(fd, 1000)
        os.write(fd, answer + b"\n")
    while True:
        try:
            part = os.read(fd, 1000)
        except OSError:
            break
        if not part:
            break
        shown += part
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


def test_passwords_are_asked_for(tmp_path):
    path = tmp_path / "ucdns.yaml"
    args = ["ucdn", "add", "--file", path, "--user", "a", "a"]
    code, shown = at_terminal(args, [(b"password: ", b"one"), (b"the same again: ", b"two")])
    assert code == 1 and b"the passwords differ" in shown
    code, shown = at_terminal(args, [(b"password: ", PASSWORD.encode()),
                                     (b"the same again: ", PASSWORD.encode())])
    assert code == 0 and PASSWORD.encode() not in shown
    assert ha1("a") in path.read_text()
    done = subprocess.run([BUILD / "footprintctl", *map(str, args[:-1]), "b"], capture_output=True,
                          text=True, timeout=LIMIT, start_new_session=True, check=False)
    assert done.returncode == 1 and "--password-file FILE" in done.stderr


# ---- whoami ----

@pytest.fixture
def site(tmp_path):
    servers = []

    def start(ucdns, **options):
        servers.append(Server(make_site(tmp_path, ucdns, **options)).__enter__())
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def whoami(url, *args, code=0):
    done = run("footprintctl", "whoami", url, *map(str, args))
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_whoami_without_profiles(site):
    server = site(None)
    assert whoami(server.url) == "anonymous\n  known by    anonymous\n  peer        127.0.0.1\n"
    assert http.request(server.url + "/-/whoami?login").status == 200
    answer = http.request(server.url + "/-/whoami", method="POST")
    assert (answer.status, answer.get("allow")) == (405, "GET, HEAD, OPTIONS")


def test_whoami_by_digest(site, password):
    server = site(digest_profile("ucdn-a", "ann") + "anonymous:\n")
    assert whoami(server.url + "/").startswith("anonymous\n")
    # Strangers may come in, and whoever has a password is not one.
    args = ["--user", "ann", "--password-file", password]
    assert whoami(server.url, *args) == ("ucdn-a\n  known by    digest\n  user        ann\n"
                                         "  peer        127.0.0.1\n")
    assert json.loads(whoami(server.url, *args, "--json")) == {
        "ucdn": "ucdn-a", "by": "digest", "user": "ann", "peer": "127.0.0.1"}
    password.write_text("wrong\n")
    assert "does not know this client" in whoami(server.url, *args, code=1)
    answer = http.request(server.url + "/-/whoami")
    assert answer.get("cache-control") == "no-store"
    assert http.request(server.url + "/-/whoami", method="HEAD").body == b""
    assert http.request(server.url + "/-/whoami?login").status == 401


def test_whoami_by_certificate(site, tmp_path):
    pki = Pki(tmp_path / "pki")
    pki.sign("server", "/CN=localhost", "DNS:localhost,IP:127.0.0.1")
    pki.sign("a", "/C=DE/O=Grün, Inc./CN=a")
    pki.sign("b", "/CN=b")
    f = pki.folder
    listen = (f'[{{address: "127.0.0.1:0", tls: {{certificate: {f}/server.pem, '
              f'key: {f}/server.key, client-ca: {f}/ca.pem, client-auth: optional}}}}]')
    server = site("x: {certificates: [{subject: 'CN=a,O=Grün\\, Inc.,C=DE'}]}\nanonymous:\n",
                  listen=listen)
    ca = ["--cacert", pki.ca]
    answer = json.loads(whoami(server.url, *ca, "--cert", f / "a.pem", "--key", f / "a.key", "--json"))
    assert answer == {"ucdn": "x", "by": "certificate", "peer": "127.0.0.1", "certificate": {
        "subject": "CN=a,O=Grün\\, Inc.,C=DE", "spki-sha256": pki.pin("a")}}
    # What nobody knows yet is told as a profile wants it.
    answer = json.loads(whoami(server.url, *ca, "--cert", f / "b.pem", "--key", f / "b.key", "--json"))
    assert answer["ucdn"] == "anonymous"
    with open(tmp_path / "ucdns.yaml", "a") as file:
        file.write(f"y: {{certificates: [{{spki-sha256: {answer['certificate']['spki-sha256']}}}]}}\n")
    server.send(signal.SIGHUP)
    server.wait_line("profiles of uCDNs: 3")
    assert whoami(server.url, *ca, "--cert", f / "b.pem", "--key", f / "b.key").startswith("y\n")
    assert "SSL" in whoami(server.url, code=2)


@pytest.mark.parametrize("args, why", [
    ([], "the URL of one server is wanted"), (["x", "y"], "the URL of one server is wanted"),
    (["ftp://x"], "is no http or https URL"),
    (["--nonsense"], "whoami has no option '--nonsense'; see footprintctl whoami --help"),
    (["--password-file", "x", "http://127.0.0.1"], "--password-file is of a --user"),
    (["http://127.0.0.1:1"], "127.0.0.1:1"),
])
def test_whoami_usage(args, why):
    done = run("footprintctl", "whoami", *args)
    assert done.returncode == 2 and why in done.stderr
