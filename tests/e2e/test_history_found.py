"""A server that finds a history: damaged, it is set aside and the server serves; newer, it ends."""
import os
import sqlite3

import pytest

from admin import TOKENS, write_tokens
from footprintd import Server, curl, run, write_config
from test_admin_changes import ADMIN, ONE, THREE, TWO, applied, read, send


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/all.yaml").write_text(ONE)
    write_tokens(tmp_path)
    write_config(tmp_path, more=ADMIN)
    with Server(tmp_path / "footprintd.yaml") as server:
        applied(send(server, "POST", "/v1/changes", {"documents": {"all.yaml": TWO}}), 2)
    return tmp_path


def overwrite(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def execute(path, statements):
    db = sqlite3.connect(path)
    db.executescript(statements)
    db.close()


DAMAGES = {
    "header": lambda path: overwrite(path, 0, os.urandom(100)),
    "truncated": lambda path: os.truncate(path, 10000),
    "page": lambda path: overwrite(path, 4096 * 3, b"\x5a" * 4096),
    "table": lambda path: execute(path, "DROP TABLE vtag"),
    "empty": lambda path: os.truncate(path, 0),
    "foreign": lambda path: (path.unlink(), execute(path, "CREATE TABLE x (a)")),
    "text": lambda path: path.write_text("hello\n" * 1000),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged(site, damage):
    path = site / "state/history.db"
    DAMAGES[damage](path)
    before = path.read_bytes()
    with Server(site / "footprintd.yaml") as server:
        assert any("error history: the history is damaged: " in line for line in server.log)
        [moved] = [line.split("it was moved to ")[1].split(";")[0] for line in server.log
                   if "it was moved to" in line]
        kept = open(moved, "rb").read()
        assert kept[100:] == before[100:] and len(kept) == len(before)  # but SQLite's counters
        assert "http/2" in curl(server.url + "/cdni")[2].decode()
        applied(send(server, "POST", "/v1/changes", {"documents": {"all.yaml": THREE}}), 2)
        assert read(server, "/v1/generations", "GenerationList")["total"] == 2
        assert read(server, "/v1/status", "Status")["set-aside"] == os.path.basename(moved)
        (site / "token").write_text(TOKENS["reader"])
        (site / "token").chmod(0o600)
        done = run("footprintctl", "status", "--server", server.admin, "--token-file", site / "token")
        assert f"history       was damaged at the start and is set aside as {os.path.basename(moved)}: " \
            in done.stdout and done.returncode == 0
    server = Server(site / "footprintd.yaml")
    server.admin = server.wait_line(r"ready generation=2 .*admin=(\S+)").group(1)
    assert read(server, "/v1/status", "Status")["set-aside"] == ""
    assert server.end() == 0


def test_of_a_newer_program(site):
    """It ends, with the file as it was, and says what it found and what it knows."""
    path = site / "state/history.db"
    db = sqlite3.connect(path)
    known = db.execute("PRAGMA user_version").fetchone()[0]
    db.close()
    execute(path, "PRAGMA user_version = 99")
    before, files = path.read_bytes(), sorted(os.listdir(site / "state"))
    done = run("footprintd", "--config", site / "footprintd.yaml")
    assert done.returncode == 1
    assert (f"the history cannot be used: the history {site}/state/history.db was written by a newer "
            f"footprintd (its schema has the version 99, this program knows {known})") in done.stderr
    done = run("footprintd", "--check-config", "--config", site / "footprintd.yaml")
    assert done.returncode == 1 and "the version 99, this program knows" in done.stderr
    assert path.read_bytes() == before
    assert sorted(os.listdir(site / "state")) == files
    execute(path, f"PRAGMA user_version = {known}")
    done = run("footprintd", "--check-config", "--config", site / "footprintd.yaml")
    assert done.returncode == 0, done.stderr
    server = Server(site / "footprintd.yaml")
    assert server.wait_line(r"ready generation=(\d+)").group(1) == "2"
    assert server.end() == 0


def test_of_a_newer_program_by_its_log(site):
    """The process that wrote the version was killed: its log has it, and stays."""
    path = site / "state/history.db"
    pid = os.fork()
    if pid == 0:
        db = sqlite3.connect(path)
        db.executescript("CREATE TABLE news (a); PRAGMA user_version = 99")
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    log = (site / "state/history.db-wal").read_bytes()
    assert log
    done = run("footprintd", "--config", site / "footprintd.yaml")
    assert done.returncode == 1 and "newer footprintd" in done.stderr
    assert (site / "state/history.db-wal").read_bytes() == log


def test_newer_documents_and_configuration(site):
    (site / "footprints/new.yaml").write_text("version: 9\n")
    done = run("footprintctl", "check", site / "footprints")
    newest = "is of a newer footprintd: the newest that this one reads is version 1"
    assert done.returncode == 1
    assert f"new.yaml:1:10: error: version 9 of the document format {newest}" in done.stdout
    (site / "footprints/new.yaml").unlink()
    config = site / "footprintd.yaml"
    config.write_text("version: 2\n" + config.read_text())
    for more in ([], ["--check-config"]):
        done = run("footprintd", "--config", config, *more)
        assert done.returncode == 1
        assert f"footprintd.yaml:1:10: error: version 2 of the configuration {newest}" in done.stderr
