"""Published ALTO systems, replayed: each folder's run.sh against servers over the folder's documents.

README.md says what belongs in a folder. What run.sh prints has to be expected.txt, and a scenario that
cannot run fails. FPD_GOLDEN_WRITE=1 writes expected.txt; look at what changed.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from admin import TOKENS, write_tokens
from documentation import Block, blocks
from footprintd import BUILD, LIMIT, ROOT, Server

HERE = pathlib.Path(__file__).resolve().parent
NAMES = sorted(path.parent.name for path in HERE.glob("*/run.sh"))
PAGE = ROOT / "docs/scenarios.md"


@pytest.fixture
def servers():
    started = []
    yield started
    for server in started:
        server.__exit__(None, None, None)


def environment(folder, token, servers):
    """Starts a server for each configuration: that of the folder itself is ALTO, that of a subfolder x is
    ALTO_X, and so are the admin interfaces."""
    token.touch(mode=0o600)
    token.write_text(TOKENS["admin"] + "\n")
    made = {**os.environ, "PATH": f"{BUILD}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "SCENARIOS": str(HERE), "PYTHONPATH": f"{HERE}:{ROOT}/tests/e2e",
            "FOOTPRINTCTL_TOKEN_FILE": str(token)}
    for config in sorted(folder.rglob("footprintd.yaml")):
        write_tokens(config.parent)
        for secret in config.parent.glob("ucdns.yaml"):
            secret.chmod(0o600)
        servers.append(Server(config).__enter__())
        suffix = "" if config.parent == folder else "_" + config.parent.name.upper()
        made["ALTO" + suffix] = servers[-1].url
        made["FOOTPRINTCTL_SERVER" + suffix] = servers[-1].admin
    assert servers
    return made


@pytest.mark.parametrize("name", NAMES)
def test_scenario(name, tmp_path, servers):
    """What the operator edits is a copy of its own, as a checkout would be."""
    work, served = tmp_path / "work", tmp_path / "served"
    for copy in (work, served):
        shutil.copytree(HERE / name, copy)
    variables = environment(served, tmp_path / "token", servers)
    with subprocess.Popen(["bash", "-eu", "-o", "pipefail", "run.sh"], cwd=work, env=variables, text=True,
                          start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as story:
        try:
            told, errors = story.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(story.pid, signal.SIGKILL)
            raise
    assert story.returncode == 0, told + errors
    if os.environ.get("FPD_GOLDEN_WRITE"):
        (HERE / name / "expected.txt").write_text(told)
        return
    assert told == (work / "expected.txt").read_text(), errors


@pytest.mark.parametrize("name", NAMES)
def test_decision_changes(name):
    """One and the same question is answered in at least two ways: the answer is the server's."""
    answers = {}
    for line in (HERE / name / "expected.txt").read_text().splitlines():
        question, found, answer = line.partition(" -> ")
        if found:
            answers.setdefault(re.sub(r" \(.*\)$", "", question), set()).add(answer)
    assert any(len(given) > 1 for given in answers.values()), answers


def test_every_folder_is_run_and_told_of():
    there = {path.name for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert there == set(NAMES)
    rows = re.findall(r"^\| \[([\w-]+)\]\(\1/\) \|", (HERE / "README.md").read_text(), re.M)
    assert rows == NAMES
    assert sorted(re.findall(r"^`tests/scenarios/([\w-]+)` ", PAGE.read_text(), re.M)) == NAMES


def test_page_shows_what_is_run():
    """Every block of the page stands, line by line, in a file of the scenario that it belongs to."""
    name, files, shown = None, [], 0
    lines = PAGE.read_text().splitlines()
    starts = {block.first: block for block in blocks(lines) if isinstance(block, Block)}
    for number, line in enumerate(lines, 1):
        heading = re.match(r"`tests/scenarios/([\w-]+)` ", line)
        if heading:
            name = heading[1]
            files = ["\n" + path.read_text() for path in (HERE / name).rglob("*") if path.is_file()]
        if number in starts:
            text = "\n".join(["", *starts[number].lines, ""])
            assert any(text in content for content in files), f"{PAGE.name}:{number}: {name}"
            shown += 1
    assert shown >= len(NAMES)
