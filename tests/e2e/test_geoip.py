"""The databases of `geoip`: at the start, at SIGHUP, when a file is replaced, and checked."""
import os
import re
import signal
import time

import pytest

import mmdb
from footprintd import DOCUMENT, Server, curl, run, write_config

FRESH = int(time.time()) - 3 * 86400


def put(path, country="DE", epoch=FRESH, kind="Test-Country"):
    """As databases are replaced: by a rename."""
    new = path.with_suffix(".new")
    new.write_bytes(mmdb.database({"192.0.2.0/24": mmdb.place(country)}, kind, epoch))
    os.rename(new, path)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/all.yaml").write_text(DOCUMENT % "http/1.1")
    put(tmp_path / "country.mmdb")
    write_config(tmp_path, more="geoip: {country: country.mmdb}\nlimits: {database-check-s: 1}\n")
    return tmp_path


@pytest.mark.threads
def test_start_tells_of_databases(site):
    with Server(site / "footprintd.yaml") as server:
        lines = [line for line in server.log if " geoip: " in line]
        assert len(lines) == 1
        assert re.search(r"info geoip: country: Test-Country of \d{4}-\d\d-\d\d, 3 days old, from "
                         rf"{site}/country.mmdb$", lines[0])


def test_old_database_is_warned_of(site):
    put(site / "country.mmdb", epoch=FRESH - 40 * 86400)
    with Server(site / "footprintd.yaml") as server:
        lines = [line for line in server.log if "[old-database]" in line]
        assert len(lines) == 1 and " warning geoip: " in lines[0] and "43 days ago" in lines[0]


@pytest.mark.parametrize("content, said", [
    (None, "the database cannot be opened: No such file or directory [unreadable]"),
    (b"no database\n", "[bad-database]")])
def test_bad_at_start(site, content, said):
    path = site / "country.mmdb"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    server = Server(site / "footprintd.yaml")
    assert server.wait() == 1
    assert sum(f"{path}: error: the database " in line and said in line
               for line in server.log) == 1
    assert not any("ready" in line for line in server.log)


@pytest.mark.threads
def test_reload_with_a_bad_database(site):
    """The old one stays, the log says so, and the documents are read all the same."""
    with Server(site / "footprintd.yaml") as server:
        (site / "country.mmdb").write_bytes(b"cut off")
        (site / "footprints/all.yaml").write_text(DOCUMENT % "https/1.1")
        server.send(signal.SIGHUP)
        server.wait_line(r"error geoip: .*/country.mmdb: error: .*\[bad-database\]")
        server.wait_line("error geoip: the databases were refused: see above; those from before "
                         "stay in use")
        server.wait_line("build: generation 2: ")
        assert b"https/1.1" in curl(f"{server.url}/cdni")[2]
        # Tried once: looking at the same bad file again says nothing.
        put(site / "country.mmdb", "FR", kind="Good-Again")
        server.wait_line("geoip: a database was replaced")
        server.wait_line("geoip: country: Good-Again of ")
        server.wait_line("build: generation 3: ")
        assert sum("[bad-database]" in line for line in server.log) == 1


@pytest.mark.threads
def test_replaced_file_is_read(site):
    with Server(site / "footprintd.yaml") as server:
        put(site / "country.mmdb", "FR", kind="Second")
        server.wait_line("geoip: a database was replaced: reading it")
        server.wait_line("geoip: country: Second of ")
        server.wait_line("build: generation 2: ")


def test_reload_with_nothing_changed_reads_nothing(site):
    with Server(site / "footprintd.yaml") as server:
        server.send(signal.SIGHUP)
        server.wait_line("build: generation 2: ")
        assert sum(" geoip: " in line for line in server.log) == 1


# ---- --check-config ----

def check(site):
    done = run("footprintd", "--config", str(site / "footprintd.yaml"), "--check-config")
    return done.returncode, done.stderr.splitlines()


def test_check_config(site):
    assert check(site) == (0, [f"footprintd: {site}/footprintd.yaml is fine: 0 errors, 0 warnings, "
                               "1 document"])


def test_check_config_finds_all_bad_files(site):
    (site / "country.mmdb").write_bytes(b"no database\n")
    (site / "footprints/bad.yaml").write_text("version: 1\ncapabilites: []\n")
    write_config(site, more="geoip: {country: country.mmdb, asn: asn.mmdb}\n")
    code, lines = check(site)
    assert code == 1
    assert any(line.startswith(f"{site}/country.mmdb: error: ") and line.endswith("[bad-database]")
               for line in lines)
    assert any(line.startswith(f"{site}/asn.mmdb: error: ") and line.endswith("[unreadable]")
               for line in lines)
    assert any(line.startswith(f"{site}/footprints/bad.yaml:2:1: error: ") for line in lines)


def test_check_config_warns(site):
    put(site / "country.mmdb", epoch=FRESH - 40 * 86400)
    write_config(site, more="geoip: {country: country.mmdb, asn: country.mmdb}\n")
    code, lines = check(site)
    assert code == 0
    assert sum("[old-database]" in line for line in lines) == 2
    assert any("geoip.asn: the database (Test-Country) has no AS numbers [mute-database]" in line
               for line in lines)
