"""footprintctl --json: every command that has data prints it, and its errors, as JSON."""
import json
import os
import re
import subprocess

import pytest

from footprintd import BUILD, DOCUMENT, LIMIT, run
from test_ctl_admin import MORE_BY_LITTLE, SMALL, ctl, server, site  # noqa: F401

# What prints data, by command: arguments that are fine, and those of an error that is no mistake on
# the command line. A command of --help that is in neither list fails test_every_command.
CASES = {
    "apply": (["--yes", "more.yaml"], ["--remove", "gone.yaml"]),
    "backup": (["copy.db"], ["--server", "http://127.0.0.1:1", "copy.db"]),
    "check": (["footprints"], ["nowhere"]),
    "diff": (["footprints", "footprints"], ["footprints", "nowhere"]),
    "edit": (["metro.yaml"], ["refused.yaml"]),
    "explain": (["192.0.2.1", "192.0.2.0/23"], ["192.0.2"]),
    "held": ([], ["99"]),
    "history": ([], ["--server", "http://127.0.0.1:1"]),
    "import": (["--footprint", "office", "list.txt"], ["nowhere.txt"]),
    "import-graph": (["graph.json"], ["nowhere.json"]),
    "import-rib": (["table.txt"], ["nowhere.txt"]),
    "lookup": (["--config", "footprintd.yaml", "192.0.2.1", "192.0.2.0/23"],
               ["--config", "footprintd.yaml", "192.0.2"]),
    "restore": (["backup.db"], ["nowhere.db"]),
    "rollback": (["1"], ["99"]),
    "show": (["1"], ["99"]),
    "status": ([], ["--token-file", "nowhere"]),
    "withdraw": (["--dry-run", "metro"], ["metr"]),
}
# Those that follow a server until they are stopped have an event a line; test_watch.py has them.
FOLLOWING = {"watch"}
# Those whose data is a document, with --format json.
DOCUMENTS = {"export"}
# What asks a name server; test_ctl_discover.py has it.
OF_NAMES = {"discover"}
# That of an ALTO client, not of the admin interface; and what writes a file and prints the one secret
# in it. test_ctl_ucdn.py has them.
OF_UCDNS = {"whoami"}
OF_FILES = {"ucdn"}
# What wants a cost map; test_costs_measured.py has it.
OF_COSTS = {"costs"}


def environment(ctl):  # noqa: F811
    editor = ctl.directory / "editor.sh"
    editor.write_text("#!/bin/sh\ncase $1 in *refused.yaml) echo no: >> \"$1\";; esac\n")
    editor.chmod(0o755)
    return ctl.environment("admin", VISUAL="", EDITOR=str(editor))


def ask(ctl, *args, text="q\n"):  # noqa: F811
    done = subprocess.run([BUILD / "footprintctl", *args], capture_output=True, text=True, input=text,
                          timeout=LIMIT, cwd=ctl.directory, env=environment(ctl))
    return done.returncode, done.stdout, done.stderr


def commands():
    return re.findall(r"^  ([a-z][a-z-]*) ", run("footprintctl", "--help").stdout, re.M)


def test_every_command():
    listed = [*CASES, *FOLLOWING, *DOCUMENTS, *OF_UCDNS, *OF_FILES, *OF_NAMES, *OF_COSTS]
    assert sorted(listed) == sorted(commands()) and len(listed) == len(set(listed))
    for command in (*CASES, *FOLLOWING, *OF_UCDNS, *OF_NAMES, *OF_COSTS):
        assert re.search(r"^  --json +\S", run("footprintctl", command, "--help").stdout, re.M)


@pytest.mark.parametrize("command", CASES)
def test_data(ctl, site, command):  # noqa: F811
    (site / "more.yaml").write_text(DOCUMENT % "http/1.1")
    (site / "list.txt").write_text("192.0.2.0/24\n")
    (site / "table.txt").write_text("192.0.2.0\t24\t64496\n")
    (site / "graph.json").write_text('{"nodes": {"a": {"prefixes": ["192.0.2.0/24"]}}}')
    if command == "restore":
        assert ask(ctl, "backup", "backup.db")[0] == 0
    code, out, err = ask(ctl, command, "--json", *CASES[command][0])
    assert code == 0 and out.endswith("\n")
    assert command == "edit" or not err
    for line in out.splitlines():
        answer = json.loads(line)
        assert isinstance(answer, dict) and "code" not in answer


@pytest.mark.parametrize("command", CASES)
def test_errors(ctl, command):  # noqa: F811
    """One object with code and detail; what is told on the way to it is no part of it."""
    code, out, err = ask(ctl, command, "--json", *CASES[command][1])
    assert code in (1, 2) and out.count("\n") == 1
    answer = json.loads(out)
    if command == "check":  # its answer is the findings
        assert (code, answer["errors"], err) == (2, 1, "")
        return
    assert re.fullmatch("[a-z0-9-]+", answer["code"]) and answer["detail"]
    assert command == "edit" or not err
    code_of_text, out, err = ask(ctl, command, *CASES[command][1])
    assert code_of_text == code and not out.startswith("{")
    told = re.sub(r"after \d+ ms", "after 0 ms", err)
    assert re.sub(r"after \d+ ms", "after 0 ms", answer["detail"].split(" your text is in ")[0]) in told


@pytest.mark.parametrize("command", CASES)
def test_usage_stays_text(command):
    done = run("footprintctl", command, "--json", "--nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"see footprintctl {command} --help" in done.stderr


# ---- the errors that are told here and not by a server ----

def test_codes(ctl, site):  # noqa: F811
    def code_of(*args):
        code, out, err = ask(ctl, *args, "--json")
        assert err == ""
        answer = json.loads(out)
        return code, answer["code"]

    assert code_of("status", "--server", "http://127.0.0.1:1") == (2, "no-connection")
    assert code_of("status", "--token-file", "nowhere") == (2, "bad-token-file")
    assert code_of("apply", "nowhere.yaml") == (2, "unreadable")
    (site / "bad.yaml").write_bytes(b"\xff")
    assert code_of("apply", "bad.yaml") == (1, "not-utf8")
    assert code_of("show", "1", "x.yaml") == (1, "no-such-document")
    assert code_of("show", "99") == (1, "no-such-generation")
    assert code_of("lookup", "--config", "footprintd.yaml", "--why=metr", "192.0.2.1") == (
        1, "no-footprint")
    (site / "broken").mkdir()
    (site / "broken/a.yaml").write_text("version: 7\n")
    code, out, err = ask(ctl, "diff", "--json", "broken", "footprints")
    assert (code, err) == (2, "")
    assert json.loads(out)["report"]["findings"][0]["file"] == "broken/a.yaml"


def test_document_of_a_generation(ctl):  # noqa: F811
    code, out, err = ask(ctl, "show", "1", "metro.yaml", "--json")
    assert json.loads(out) == {"generation": 1, "name": "metro.yaml", "text": SMALL}


def test_lines_stay_in_step(ctl):  # noqa: F811
    """One line of output for each of input, whatever is wrong with it."""
    code, out, err = ask(ctl, "lookup", "--config", "footprintd.yaml", "--json",
                         text="192.0.2.1\nx\x1b\n192.0.2.0/24\n")
    assert (code, err) == (1, "")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [sorted(line)[0] for line in lines] == ["address", "code", "addresses"]
    assert lines[1]["detail"] == "line 2: 'x\\x1b' is neither an IP address nor a prefix"


def test_edit(ctl, site):  # noqa: F811
    code, out, err = ask(ctl, "edit", "--json", "metro.yaml")
    assert (code, json.loads(out)) == (0, {"generation": None, "same": True})
    code, out, err = ask(ctl, "edit", "--json", "refused.yaml")
    answer = json.loads(out)
    assert (code, answer["code"]) == (1, "given-up")
    path = answer["detail"].removeprefix("nothing is changed; your text is in ")
    with open(path, encoding="utf-8") as file:
        assert file.read() == "version: 1\nno:\n"


def test_names_that_are_no_text(ctl, site):  # noqa: F811
    (site / "metro.yaml").write_text(MORE_BY_LITTLE)
    os.rename(site / "metro.yaml", os.fsencode(site) + b"/m\xff.yaml")
    done = subprocess.run([BUILD / "footprintctl", "apply", "--json", b"m\xff.yaml"],
                          capture_output=True, timeout=LIMIT, cwd=site, env=environment(ctl))
    assert done.returncode == 1 and json.loads(done.stdout)["code"] == "not-utf8"
