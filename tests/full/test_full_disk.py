"""A disk that is really full: documents and history on a small tmpfs, in a mount namespace that the
server has to itself. Wants to mount: as root, or where user namespaces are permitted."""
import errno
import os
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from admin import write_tokens  # pylint: disable=wrong-import-position
from edit_proof import text_of  # pylint: disable=wrong-import-position
from footprintd import Server, write_config  # pylint: disable=wrong-import-position
from test_admin_hostile import NAMES, Site, all_or_nothing  # pylint: disable=wrong-import-position

SCRIPT = 'mount -t tmpfs -o size=8m small "$1" && cp -r footprints "$1" && shift && exec "$@"'
PAGE = 4096


@pytest.fixture
def running(tmp_path, monkeypatch):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "small").mkdir()
    for i, name in enumerate(NAMES):
        (tmp_path / "footprints" / name).write_text(text_of(name, "first", i))
    write_tokens(tmp_path)
    config = write_config(tmp_path, footprints="small/footprints", more=(
        'admin: {listen: "127.0.0.1:0", tokens: tokens}\nstate: small/state\n'))
    monkeypatch.chdir(tmp_path)
    namespace = ["unshare", "--mount"] + (["--user", "--map-root-user"] if os.geteuid() else [])
    with Server(config, around=[*namespace, "sh", "-c", SCRIPT, "sh", tmp_path / "small"]) as server:
        inside = pathlib.Path(f"/proc/{server.process.pid}/root{tmp_path}/small")
        yield Site(inside, server)


def fill(path):
    """Until not a byte more fits."""
    with open(path, "ab", buffering=0) as filler:
        for size in (1 << 16, PAGE, 1):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC


def test_disk_full(running):
    filler = running.directory / "filler"
    made = 0
    for pages in range(64):
        fill(filler)
        os.truncate(filler, max(0, filler.stat().st_size - pages // 2 * PAGE))
        made += all_or_nothing(running)
        if pages < 2:
            assert re.search("refused with 500: .*(No space left|disk is full)",
                             "\n".join(running.server.log))
        filler.unlink()
        running.is_made(running.change())
    assert 0 < made < 64
