"""Manual pages: well-formed, and with exactly the options that --help shows."""
import os
import re
import subprocess

import pytest

from footprintd import LIMIT, ROOT, run

PAGES = sorted((ROOT / "docs/man").glob("*.[1-8]"))
COMMANDS = {"footprintd.8": ["footprintd"], "footprintctl.1": ["footprintctl"],
            "footprintctl-apply.1": ["footprintctl", "apply"],
            "footprintctl-backup.1": ["footprintctl", "backup"],
            "footprintctl-check.1": ["footprintctl", "check"],
            "footprintctl-costs.1": ["footprintctl", "costs"],
            "footprintctl-diff.1": ["footprintctl", "diff"],
            "footprintctl-discover.1": ["footprintctl", "discover"],
            "footprintctl-edit.1": ["footprintctl", "edit"],
            "footprintctl-explain.1": ["footprintctl", "explain"],
            "footprintctl-export.1": ["footprintctl", "export"],
            "footprintctl-held.1": ["footprintctl", "held"],
            "footprintctl-history.1": ["footprintctl", "history"],
            "footprintctl-import.1": ["footprintctl", "import"],
            "footprintctl-import-graph.1": ["footprintctl", "import-graph"],
            "footprintctl-import-rib.1": ["footprintctl", "import-rib"],
            "footprintctl-lookup.1": ["footprintctl", "lookup"],
            "footprintctl-restore.1": ["footprintctl", "restore"],
            "footprintctl-rollback.1": ["footprintctl", "rollback"],
            "footprintctl-show.1": ["footprintctl", "show"],
            "footprintctl-status.1": ["footprintctl", "status"],
            "footprintctl-ucdn.1": ["footprintctl", "ucdn"],
            "footprintctl-watch.1": ["footprintctl", "watch"],
            "footprintctl-whoami.1": ["footprintctl", "whoami"],
            "footprintctl-withdraw.1": ["footprintctl", "withdraw"]}


def test_pages_are_there():
    assert {"footprintd.8", "footprintctl.1", "footprintctl-check.1", "footprintd.yaml.5",
            "footprints.5"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lint(page):
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}
    for command in (["groff", "-ww", "-man", "-Tutf8", "-z", page],
                    ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT,
                              env=environment)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", COMMANDS)
def test_options(name):
    program, *command = COMMANDS[name]
    done = run(program, *command, "--help")
    shown = set(re.findall(r"^  (--[a-z-]+)", done.stdout, re.M))
    text = (ROOT / "docs/man" / name).read_text().replace("\\-", "-")
    described = set(re.findall(r"^\.TP\n\.BI? \"?(--[a-z-]+)", text, re.M))
    assert shown and shown == described
    synopsis = text[text.index(".SH SYNOPSIS"):text.index(".SH DESCRIPTION")]
    assert all(option in synopsis for option in shown)


def test_commands():
    """Every command of footprintctl is in its page and has one of its own."""
    shown = re.findall(r"^  ([a-z][a-z-]+) ", run("footprintctl", "--help").stdout, re.M)
    text = (ROOT / "docs/man/footprintctl.1").read_text()
    commands = text[text.index(".SH COMMANDS"):text.index(".SH OPTIONS")]
    assert shown and shown == re.findall(r"^\.TP\n\.B ([a-z-]+)$",
                                          commands.replace("\\-", "-"), re.M)
    for command in shown:
        assert (ROOT / f"docs/man/footprintctl-{command}.1").is_file()
