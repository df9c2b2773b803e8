"""footprintctl backup and restore: of a server that goes on serving, and where none runs."""
import json
import os
import shutil
import sqlite3
import threading

import pytest

from admin import TOKENS, bearer, write_tokens
from footprintd import DOCUMENT, Server, curl, run, write_config
from test_admin_changes import ADMIN, ONE, THREE, TWO, applied, read, refused, send


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/all.yaml").write_text(ONE)
    write_tokens(tmp_path)
    write_config(tmp_path, more=ADMIN)
    for role, token in TOKENS.items():
        (tmp_path / role).write_text(token)
        (tmp_path / role).chmod(0o600)
    return tmp_path


class Running(Server):
    """Whatever generation it begins with."""

    def wait_ready(self):
        match = self.wait_line(r"footprintd: ready generation=(\d+) listen=(\S+) admin=(\S+)")
        self.first, self.url, self.admin = int(match.group(1)), match.group(2), match.group(3)
        return self


@pytest.fixture
def server(site):
    with Running(site / "footprintd.yaml") as running:
        yield running


def ctl(site, server, command, *args, role="admin", code=0):
    where = ["--server", server.admin, "--token-file", site / role] if server else []
    done = run("footprintctl", command, *where, *args)
    assert done.returncode == code, done
    assert (done.stderr == "") == (code == 0), done
    return done.stdout if code == 0 else done.stderr


def change(server, documents):
    status, body = send(server, "POST", "/v1/changes", {"documents": documents, "yes": True})
    assert status == 200, body
    return body["generation"]


def three(server):
    """Generation 3 has all.yaml as THREE and more.yaml; 2 has all.yaml as TWO alone."""
    assert change(server, {"all.yaml": TWO}) == 2
    assert change(server, {"all.yaml": THREE, "more.yaml": "version: 1\n"}) == 3


def documents(site):
    return {path.name: path.read_text() for path in (site / "footprints").iterdir()
            if path.name[0] != "."}


def generations(path):
    db = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
    rows = [row[0] for row in db.execute("SELECT number FROM generation ORDER BY number")]
    db.close()
    return rows


def texts(path):
    """Of the newest generation."""
    db = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
    rows = dict(db.execute("SELECT name, bytes FROM document JOIN content ON content.id = content "
                           "WHERE until IS NULL"))
    db.close()
    return {name: text.decode() for name, text in rows.items()}


def tags(server):
    return read(server, f"/v1/generations/{read(server, '/v1/status', 'Status')['generation']}",
                "Generation")["vtags"]


def execute(path, statements):
    db = sqlite3.connect(path)
    db.executescript(statements)
    db.close()


# ---- taking one ----

def test_over_http(site, server):
    three(server)
    status, headers, body = curl("-H", bearer("admin"), server.admin + "/v1/backup")
    assert (status, headers["content-type"]) == (200, "application/vnd.sqlite3")
    (site / "copy").write_bytes(body)
    assert generations(site / "copy") == [1, 2, 3]
    status, headers, body = curl("-I", "-H", bearer("admin"), server.admin + "/v1/backup")
    assert status == 200 and int(headers["content-length"]) > 0
    assert curl("-H", bearer("editor"), server.admin + "/v1/backup")[0] == 403
    assert sorted(os.listdir(site / "state")) == ["history.db", "history.db-shm", "history.db-wal",
                                                  "lock"]


def test_without_history(site):
    write_config(site, more=ADMIN.replace("state: state\n", ""))
    with Running(site / "footprintd.yaml") as server:
        status, _, body = curl("-H", bearer("admin"), server.admin + "/v1/backup")
        refused((status, json.loads(body)), 409, "no-history")


def test_too_large(site):
    """A body is in memory as a whole: above the limit it is told what to do."""
    write_config(site, more=ADMIN + "limits: {admin-backup-bytes: 1048576}\n")
    (site / "footprints/big.yaml").write_text("version: 1\n#" + "x" * (3 << 20) + "\n")
    with Running(site / "footprintd.yaml") as server:
        error = ctl(site, server, "backup", site / "copy", code=1)
        assert "more than the limit of 1048576 (limits.admin-backup-bytes); footprintctl backup " \
               "--state" in error
        assert not (site / "copy").exists()
        ctl(site, None, "backup", "--state", site / "state", site / "copy")
        assert texts(site / "copy")["big.yaml"].startswith("version: 1\n#xxx")


def test_backup(site, server):
    three(server)
    out = ctl(site, server, "backup", site / "copy")
    size = (site / "copy").stat().st_size
    assert out == f"{site}/copy: generations 1 to 3, 2 documents in the newest, {size} bytes\n"
    assert (site / "copy").stat().st_mode & 0o777 == 0o600
    assert texts(site / "copy") == documents(site)
    change(server, {"all.yaml": ONE})
    told = json.loads(ctl(site, server, "backup", "--json", site / "copy"))
    assert told == {"file": f"{site}/copy", "generations": 4, "oldest": 1, "newest": 4, "documents": 2,
                    "bytes": (site / "copy").stat().st_size}
    # What fails leaves the one that is there, and nothing else.
    before = (site / "copy").read_bytes()
    assert "role" in ctl(site, server, "backup", site / "copy", role="editor", code=1)
    assert "no answer" in ctl(site, server, "backup", "--server", "http://127.0.0.1:1", site / "copy",
                              code=2)
    assert "cannot be written" in ctl(site, server, "backup", site / "none/copy", code=2)
    assert "not a regular file" in ctl(site, server, "backup", site / "state", code=2)
    assert (site / "copy").read_bytes() == before
    assert [name for name in os.listdir(site) if name.startswith("copy")] == ["copy"]


def test_usage(site):
    for args in (["backup"], ["backup", "a", "b"], ["backup", "--state", "x", "--server", "http://y", "z"],
                 ["restore"], ["restore", "--generation", "x", "f"], ["restore", "--footprints", "d", "f"],
                 ["restore", "--state", "s", "--generation", "1", "f"],
                 ["restore", "--state", "s", "--yes", "f"], ["restore", "--generation", "0", "f"]):
        done = run("footprintctl", *args, cwd=site)
        assert done.returncode == 2 and "--help" in done.stderr, args


@pytest.mark.parametrize("way", ["server", "state"])
def test_while_edits_go_on(site, server, way):
    """Each backup is a state that was published: both documents of the same change."""
    ended = threading.Event()
    made = []

    def edit():
        while not ended.is_set():
            n = len(made)
            made.append(change(server, {"a.yaml": DOCUMENT % f"a/{n}", "b.yaml": DOCUMENT % f"b/{n}"}))

    editor = threading.Thread(target=edit)
    editor.start()
    try:
        seen = []
        for i in range(12):
            path = site / f"copy{i}"
            before = len(made)
            if way == "server":
                ctl(site, server, "backup", path)
            else:
                ctl(site, None, "backup", "--state", site / "state", path)
            newest = generations(path)[-1]
            assert newest >= before + 1 and generations(path) == list(range(1, newest + 1))
            if newest > 1:
                found = texts(path)
                assert found == {"all.yaml": ONE, "a.yaml": DOCUMENT % f"a/{newest - 2}",
                                 "b.yaml": DOCUMENT % f"b/{newest - 2}"}
            seen.append(newest)
    finally:
        ended.set()
        editor.join()
    assert seen == sorted(seen) and made == list(range(2, len(made) + 2))
    assert not [name for name in os.listdir(site / "state") if "copy" in name]


def test_what_a_killed_server_left(site):
    """Its log is in the backup, and a copy that was being made goes at the next start."""
    server = Running(site / "footprintd.yaml").wait_ready()
    three(server)
    server.end(9)
    (site / "state/.fpd-copy-abcdef").write_text("half")
    ctl(site, None, "backup", "--state", site / "state", site / "copy")
    assert generations(site / "copy") == [1, 2, 3]
    with Running(site / "footprintd.yaml") as server:
        assert server.first == 3
        assert not (site / "state/.fpd-copy-abcdef").exists()


def test_of_nothing(site):
    assert "No such file" in ctl(site, None, "backup", "--state", site / "state", site / "copy", code=2)
    (site / "state").mkdir()
    (site / "state/history.db").write_text("hello\n" * 100)
    assert "not a database" in ctl(site, None, "backup", "--state", site / "state", site / "copy",
                                   code=1)
    assert not (site / "copy").exists()


# ---- restoring to a server ----

@pytest.fixture
def copy(site, server):
    three(server)
    ctl(site, server, "backup", site / "copy")
    return site / "copy"


def test_restore(site, server, copy):
    then = tags(server)
    change(server, {"all.yaml": ONE, "more.yaml": None, "new.yaml": "version: 1\n"})
    now = documents(site)
    out = ctl(site, server, "restore", "--yes", "--dry-run", copy)
    assert "nothing is changed" in out and documents(site) == now
    out = ctl(site, server, "restore", "--yes", copy, role="editor")
    assert out.endswith("generation 5\n")
    assert documents(site) == {"all.yaml": THREE, "more.yaml": "version: 1\n"}
    assert tags(server) == then
    newest = read(server, "/v1/generations/5", "Generation")
    assert newest["message"] == "generation 3 of the backup copy" and newest["author"] == "ed"
    # Once more: it is what is served.
    assert json.loads(ctl(site, server, "restore", "--json", copy))["same"] is True
    assert read(server, "/v1/status", "Status")["generation"] == 5
    ctl(site, server, "restore", "--yes", "--generation", "2", "-m", "why", copy)
    assert documents(site) == {"all.yaml": TWO}
    assert read(server, "/v1/generations/6", "Generation")["message"] == "why"
    assert "there is no generation 9 in the history" in ctl(site, server, "restore", "--generation",
                                                            "9", copy, code=1)


def test_guard_rails(site, server):
    """As any change: what gains or loses much is asked about."""
    change(server, {"all.yaml": "version: 1\n"})
    ctl(site, server, "backup", site / "copy")
    change(server, {"all.yaml": THREE})
    assert "(--yes)" in ctl(site, server, "restore", site / "copy", code=1)
    done = run("footprintctl", "restore", "--dry-run", "--server", server.admin, "--token-file",
               site / "editor", site / "copy")
    assert done.returncode == 1 and "to make it: --yes" in done.stdout
    assert documents(site) == {"all.yaml": THREE}
    ctl(site, server, "restore", "--yes", site / "copy")
    assert documents(site) == {"all.yaml": "version: 1\n"}


def spoil(name, copy):
    data = copy.read_bytes()
    if name == "truncated":
        copy.write_bytes(data[:len(data) - 5000])
    elif name == "cut":
        copy.write_bytes(data[:100])
    elif name == "empty":
        copy.write_bytes(b"")
    elif name == "foreign":
        copy.unlink()
        execute(copy, "CREATE TABLE x (a); PRAGMA application_id = 7")
    elif name == "text":
        copy.write_text("hello\n" * 1000)
    elif name == "newer":
        execute(copy, "PRAGMA user_version = 99")
    elif name == "old text":
        execute(copy, "UPDATE content SET bytes = x'41' WHERE id = 1")
    elif name == "old generation":
        execute(copy, "UPDATE document SET name = 'x.yaml' WHERE since = 1")
    elif name == "log":
        copy.with_name(copy.name + "-wal").write_text("x" * 100)


SPOILT = {"truncated": "is damaged", "cut": "is damaged", "empty": "is no history of footprintd",
          "foreign": "is no history of footprintd", "text": "is not a database",
          "newer": "newer footprintd (its schema has the version 99",
          "old text": "text 1 has not the content that was stored",
          "old generation": "generation 1 has not the content", "log": "is no backup: it has a log"}


@pytest.mark.parametrize("name", SPOILT)
def test_bad_backups(site, server, copy, name):
    """Each is refused, by a server and where there is none, and nothing is changed."""
    change(server, {"all.yaml": ONE})
    spoil(name, copy)
    before, bytes_before = documents(site), copy.read_bytes()
    error = ctl(site, server, "restore", "--yes", copy, code=1)
    assert SPOILT[name] in error, error
    error = ctl(site, None, "restore", "--state", site / "other", "--footprints", site / "others",
                copy, code=1)
    assert SPOILT[name] in error, error
    assert documents(site) == before and copy.read_bytes() == bytes_before
    assert not (site / "other").exists() and not (site / "others").exists()
    assert read(server, "/v1/status", "Status")["generation"] == 4
    assert "cannot be opened" in ctl(site, server, "restore", site / "nothing", code=2)


# ---- restoring where no server runs ----

def test_a_server_has_it(site, server, copy):
    error = ctl(site, None, "restore", "--state", site / "state", copy, code=1)
    assert f"is in use by another footprintd (process {server.process.pid})" in error
    error = ctl(site, None, "restore", "--dry-run", "--state", site / "state", copy, code=1)
    assert "is in use" in error
    assert change(server, {"all.yaml": ONE}) == 4


def test_history_alone(site):
    """Numbers go on from the backup's, and tags are what they were."""
    with Running(site / "footprintd.yaml") as server:
        three(server)
        then = tags(server)
        ctl(site, server, "backup", site / "copy")
        change(server, {"all.yaml": TWO})
        change(server, {"all.yaml": THREE})
    now = (site / "state/history.db").read_bytes()
    out = ctl(site, None, "restore", "--dry-run", "--state", site / "state", site / "copy")
    assert "nothing is changed" in out and (site / "state/history.db").read_bytes() == now
    out = ctl(site, None, "restore", "--state", site / "state", site / "copy")
    aside = out.split("the history that was there is in ")[1].split("\n")[0]
    assert generations(aside) == [1, 2, 3, 4, 5]
    assert (site / "state/history.db").stat().st_mode & 0o777 == 0o600
    with Running(site / "footprintd.yaml") as server:
        assert server.first == 3 and tags(server) == then
        assert change(server, {"all.yaml": ONE}) == 4
        audit = read(server, "/v1/audit", "Audit")["audit"]
        assert ("footprintctl restore", "restored generation 3") in [(a["who"], a["what"]) for a in audit]
    assert not any("damaged" in line for line in server.log)


def test_all_is_lost(site):
    """A new machine: the configuration, and the backup."""
    with Running(site / "footprintd.yaml") as server:
        three(server)
        then, served = tags(server), curl(server.url + "/cdni")[2]
        ctl(site, server, "backup", site / "copy")
        wanted = documents(site)
    shutil.rmtree(site / "state")
    shutil.rmtree(site / "footprints")
    out = ctl(site, None, "restore", "--dry-run", "--state", site / "state", "--footprints",
              site / "footprints", site / "copy")
    assert f"2 files of {site}/footprints would change" in out
    assert not (site / "state").exists() and not (site / "footprints").exists()
    told = json.loads(ctl(site, None, "restore", "--json", "--state", site / "state", "--footprints",
                          site / "footprints", site / "copy"))
    assert (told["files"], told["history-aside"], told["documents-aside"], told["kept"]) == (2, "", "", [])
    assert documents(site) == wanted
    with Running(site / "footprintd.yaml") as server:
        assert server.first == 3 and tags(server) == then
        assert curl(server.url + "/cdni")[2] == served


def test_with_files(site):
    with Running(site / "footprintd.yaml") as server:
        three(server)
        ctl(site, server, "backup", site / "copy")
        change(server, {"all.yaml": ONE, "later.yaml": "version: 1\n"})
    before = documents(site)
    footprints = site / "footprints"
    # One of them is managed elsewhere: nothing is done.
    (footprints / "all.yaml").rename(site / "outside")
    (footprints / "all.yaml").symlink_to("../outside")
    state = (site / "state/history.db").read_bytes()
    args = ["--state", site / "state", "--footprints", footprints, site / "copy"]
    error = ctl(site, None, "restore", *args, code=1)
    assert "the file all.yaml is a symbolic link to ../outside: it is managed elsewhere" in error
    assert (site / "state/history.db").read_bytes() == state
    assert sorted(os.listdir(footprints)) == ["all.yaml", "later.yaml", "more.yaml"]
    # A link that leads to the right text may stay.
    (site / "outside").write_text(THREE)
    out = ctl(site, None, "restore", *args)
    assert f"1 file of {footprints} changed" in out
    assert (footprints / "all.yaml").is_symlink()
    (footprints / "all.yaml").unlink()
    (footprints / "all.yaml").write_text(ONE)
    (footprints / "later.yaml").write_text("version: 1\n")
    out = ctl(site, None, "restore", *args)
    assert f"2 files of {footprints} changed" in out
    kept = out.split("what they held is in ")[1].split("\n")[0]
    assert documents(site) == {"all.yaml": THREE, "more.yaml": "version: 1\n"}
    assert {name: open(f"{kept}/{name}").read() for name in os.listdir(kept)} == \
        {"all.yaml": before["all.yaml"], "later.yaml": "version: 1\n"}
    with Running(site / "footprintd.yaml") as server:
        assert server.first == 3 and read(server, "/v1/status", "Status")["pending"] == []


def test_over_a_damaged_one(site):
    with Running(site / "footprintd.yaml") as server:
        three(server)
        ctl(site, server, "backup", site / "copy")
    (site / "state/history.db").write_text("hello\n" * 1000)
    ctl(site, None, "restore", "--state", site / "state", site / "copy")
    with Running(site / "footprintd.yaml") as server:
        assert server.first == 3
