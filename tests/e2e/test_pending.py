"""An edit that is recorded and served, and whose file the system refuses to write: tried again."""
import json
import os
import shutil
import subprocess

import pytest

from admin import bearer, write_tokens
from clock import LOOKS, Clock
from footprintd import BUILD, LIMIT, Server, curl, write_config
from test_admin_changes import ADMIN, ONE, THREE, TWO, applied, read, refused, send
from test_held import change, held, moment

# The rename of a file of that name fails as long as another file is there.
SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int renameat2(int from, const char *a, int to, const char *b, unsigned int flags)
{
    int (*real)(int, const char *, int, const char *, unsigned int) = dlsym(RTLD_NEXT, "renameat2");
    if (access("REFUSE", F_OK) == 0 && (strstr(a, "all.yaml") || strstr(b, "all.yaml"))) {
        errno = EIO;
        return -1;
    }
    return real(from, a, to, b, flags);
}
"""

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="without a compiler")


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/all.yaml").write_text(ONE)
    write_tokens(tmp_path)
    write_config(tmp_path, more=ADMIN + "watch: {debounce-ms: 20}\n" + LOOKS)
    (tmp_path / "shim.c").write_text(SHIM.replace("REFUSE", f"{tmp_path}/refuse"))
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "shim.so", tmp_path / "shim.c", "-ldl"],
                   check=True, timeout=LIMIT)
    (tmp_path / "token").write_text("edit-0123456789abcdef")
    (tmp_path / "token").chmod(0o600)
    return tmp_path


class Refusing(Server):
    """A server whose renames can be made to fail."""

    def __init__(self, site):
        self.clock = Clock(site)
        more = self.clock.environment()
        more["LD_PRELOAD"] = f"{site}/shim.so {more['LD_PRELOAD']}"
        self.program = ["env", *(f"{name}={value}" for name, value in more.items()),
                        BUILD / "footprintd"]
        super().__init__(site / "footprintd.yaml")


def pending(server):
    return read(server, "/v1/status", "Status")["pending"]


def status(site, server):
    done = subprocess.run([BUILD / "footprintctl", "status", "--server", server.admin, "--token-file",
                           site / "token"], capture_output=True, text=True, timeout=LIMIT, check=False)
    return done.returncode, done.stdout


def put(server, text, name="all.yaml"):
    return send(server, "PUT", f"/v1/documents/{name}", text, kind="application/yaml")


def refuse(site, refusing=True):
    if refusing:
        (site / "refuse").touch()
    else:
        (site / "refuse").unlink()


WRITTEN = "all.yaml: the edit that was pending is written"


def test_written_later(site):
    with Refusing(site) as server:
        assert pending(server) == []
        refuse(site)
        assert applied(put(server, TWO), 2)["kept"] == ["all.yaml"]
        assert "http/2" in curl(server.url + "/cdni")[2].decode()
        why = "cannot be replaced: Input/output error"
        assert pending(server) == [{"document": "all.yaml", "why": why}]
        code, text = status(site, server)
        assert code == 1 and f"pending       all.yaml: {why}; it is tried again\n" in text
        # What is served is newer than the directory: no change is made of what that has.
        answer = refused(put(server, THREE, "b.yaml"), 409, "unwritable")
        assert answer["detail"] == f"an earlier edit is not written to its file yet: all.yaml {why}"
        (site / "footprints/c.yaml").write_text(THREE)
        server.wait_line("has changed: reading it")
        assert read(server, "/v1/status", "Status")["generation"] == 2
        refuse(site, False)
        server.wait_line(WRITTEN)
        server.wait_line("generation 3: 2 documents")
        assert (site / "footprints/all.yaml").read_text() == TWO
        assert pending(server) == []
        assert status(site, server)[0] == 0
        applied(put(server, THREE, "b.yaml"), 4)
        assert sum(f"history: all.yaml: {why}" in line for line in server.log) == 1
        assert not [n for n in os.listdir(site / "footprints") if n.startswith(".fpd")]


def test_the_next_change_tries_first(site):
    with Refusing(site) as server:
        refuse(site)
        applied(put(server, TWO), 2)
        refuse(site, False)
        applied(put(server, THREE), 3)
        assert (site / "footprints/all.yaml").read_text() == THREE


def test_a_held_change_waits_for_it(site):
    """It is not given up for what passes."""
    with Refusing(site) as server:
        held(change(server, {"b.yaml": THREE}, **{"not-before": moment(300)}))
        refuse(site)
        applied(put(server, TWO), 2)
        server.clock.jump(seconds=300)
        server.wait_line("a held change cannot be made now, and is tried again: an earlier edit")
        refuse(site, False)
        server.wait_line("is made: generation 3")
        assert (site / "footprints/b.yaml").read_text() == THREE
        assert (site / "footprints/all.yaml").read_text() == TWO


def test_somebody_else_writes_it(site):
    """Then that is what they want."""
    with Refusing(site) as server:
        refuse(site)
        applied(put(server, TWO), 2)
        (site / "footprints/all.yaml").write_text(THREE)
        server.wait_line("generation 3: 1 document")
        assert "http/3" in curl(server.url + "/cdni")[2].decode()
        assert pending(server) == []
        refuse(site, False)


def test_reload_serves_what_is_there(site):
    """Whoever asks for it gets the directory as it is; the edit is written when that is possible."""
    with Refusing(site) as server:
        refuse(site)
        applied(put(server, TWO), 2)
        assert curl("-X", "POST", "-H", bearer("admin"), server.admin + "/v1/reload")[0] == 202
        server.wait_line("generation 3: 1 document")
        assert "http/1.1" in curl(server.url + "/cdni")[2].decode()
        refuse(site, False)
        server.wait_line(WRITTEN)
        server.wait_line("generation 4: 1 document")
        assert (site / "footprints/all.yaml").read_text() == TWO


def test_over_a_restart(site):
    with Refusing(site) as server:
        refuse(site)
        applied(put(server, TWO), 2)
    server = Refusing(site)
    try:
        # Better the directory than nothing.
        server.admin = server.wait_line(r"ready generation=3 .* admin=(\S+)").group(1)
        assert [p["document"] for p in pending(server)] == ["all.yaml"]
        # Other documents may change meanwhile; this one has an edit before it.
        assert send(server, "PUT", "/v1/documents/b.yaml", THREE, kind="application/yaml")[0] == 200
        answer = refused(put(server, THREE), 409, "unwritable")
        assert "an earlier edit is not written to its file yet: all.yaml" in answer["detail"]
        refuse(site, False)
        server.wait_line(WRITTEN)
        server.wait_line("generation 5: 2 documents")
        assert json.loads(curl("-H", bearer("reader"), server.admin + "/v1/status")[2])["pending"] == []
    finally:
        assert server.end() == 0
