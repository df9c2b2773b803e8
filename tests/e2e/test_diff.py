"""footprintctl diff: golden cases, exit codes, options, colours, errors."""
import json
import os
import pathlib
import pty
import shutil
import subprocess

import pytest

import mmdb
from footprintd import BUILD, LIMIT, ROOT, run

GOLDEN = ROOT / "tests/golden/diff"
CASES = sorted(path.name for path in GOLDEN.iterdir())


def make(case, directory):
    """A copy of the case with its databases, which databases.json describes."""
    shutil.copytree(GOLDEN / case, directory, dirs_exist_ok=True)
    described = directory / "databases.json"
    if described.is_file():
        for name, database in json.loads(described.read_text()).items():
            (directory / name).write_bytes(mmdb.database(database["networks"], database["type"]))
    return directory


def diff(directory, *args):
    done = subprocess.run([BUILD / "footprintctl", "diff", *args], cwd=directory,
                          capture_output=True, text=True, timeout=LIMIT)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def everything(tmp_path):
    return make("everything", tmp_path)


# ---- golden cases ----

@pytest.mark.parametrize("case", CASES)
def test_text(case, tmp_path):
    code, out, err = diff(make(case, tmp_path), "--config", "footprintd.yaml", "old", "new")
    assert (code, err) == (1, "")
    assert out == (GOLDEN / case / "expected.txt").read_text()


@pytest.mark.parametrize("case", CASES)
def test_json(case, tmp_path):
    code, out, err = diff(make(case, tmp_path), "--config", "footprintd.yaml", "--json", "old",
                          "new")
    assert (code, err) == (1, "")
    assert out.count("\n") == 1
    assert json.loads(out) == json.loads((GOLDEN / case / "expected.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_same(case, tmp_path):
    directory = make(case, tmp_path)
    for side in ("old", "new"):
        assert diff(directory, "--config", "footprintd.yaml", side, side) == (
            0, "no difference\n", "")
        code, out, err = diff(directory, "--json", side, side)
        assert (code, err, json.loads(out)["same"]) == (0, "", True)


def members(name):
    """The members that the manual lists in a paragraph of its section JSON."""
    text = (ROOT / "docs/man/footprintctl-diff.1").read_text().replace("\\-", "-")
    section = text[text.index(".SH JSON"):text.index(".SH EXIT STATUS")]
    return name in section


def names(value):
    """Every member name in a JSON value, but not in a capability's."""
    if isinstance(value, list):
        return set().union(*map(names, value)) if value else set()
    if isinstance(value, dict):
        found = set(value)
        for key, inner in value.items():
            if key != "capability-value":
                found |= names(inner)
        return found
    return set()


def test_manual_has_every_member():
    report = json.loads((GOLDEN / "everything/expected.json").read_text())
    assert [name for name in sorted(names(report)) if not members(name)] == []


# ---- what is compared ----

def test_mirrored(everything):
    """The other way round, what is gained is lost."""
    there, back = (json.loads(diff(everything, "--config", "footprintd.yaml", "--json", *order)[1])
                   for order in (("old", "new"), ("new", "old")))
    for x, y in zip(there["coverage"], back["coverage"], strict=True):
        for family in ("ipv4", "ipv6"):
            assert (x[family]["gained"], x[family]["lost"], x[family]["before"]) == (
                y[family]["lost"], y[family]["gained"], y[family]["after"])
    assert there["footprints"]["added"] == back["footprints"]["removed"]


def test_without_databases(everything):
    code, out, err = diff(everything, "--json", "old", "new")
    assert (code, err) == (1, "")
    row = json.loads(out)["coverage"][0]
    assert "countries" not in row
    # Prefixes alone: countries and AS numbers are known of no address.
    assert (row["ipv4"]["before"], row["ipv4"]["gained"]) == (64, 256)


def test_guard_rails_of_the_configuration(everything):
    config = everything / "footprintd.yaml"
    asks = []
    assert json.loads(diff(everything, "--json", "old", "old2")[1])["code"] == "refused"
    for shares in ("", "guard-rails: {address-share: 1, country-share: 1}\n"):
        config.write_text("listen: [{address: '127.0.0.1:0'}]\nfootprints: old\n" + shares)
        shutil.copytree(everything / "old", everything / "old2", dirs_exist_ok=True)
        document = everything / "old2/a.yaml"
        document.write_text(document.read_text().replace("192.0.2.0/26", "192.0.2.0/27"))
        out = diff(everything, "--config", config.name, "--json", "old", "old2")[1]
        asks.append(json.loads(out)["guard-rails"]["asks"])
        shutil.rmtree(everything / "old2")
    assert asks == [True, False]


def test_lists_are_cut(everything):
    code, out, err = diff(everything, "--list", "1", "--json", "old", "new")
    report = json.loads(out)["footprints"]
    assert (code, err, len(report["items"])) == (1, "", 1)
    assert report["more"] == report["added"] + report["removed"] + report["changed"] - 1 > 0
    assert "  ... and " in diff(everything, "--list", "1", "old", "new")[1]


# ---- trouble ----

@pytest.mark.parametrize("args", [[], ["a"], ["a", "b", "c"], ["--nonsense", "a", "b"],
                                  ["--list", "0", "a", "b"], ["--list", "x", "a", "b"],
                                  ["--config"]])
def test_usage(args):
    done = run("footprintctl", "diff", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert "footprintctl diff --help" in done.stderr


def test_help():
    done = run("footprintctl", "diff", "--help")
    assert done.returncode == 0 and done.stdout.startswith("Usage: footprintctl diff ")


def test_refused_documents_of_both_sides(everything):
    for side in ("old", "new"):
        (everything / side / "z.yaml").write_text("version: 1\ncapabilites: []\n")
    code, out, err = diff(everything, "old", "new")
    assert (code, out) == (2, "")
    lines = err.splitlines()
    assert [line.split(": error")[0] for line in lines[:2]] == ["new/z.yaml:2:1", "old/z.yaml:2:1"]
    assert lines[2] == "footprintctl: there is nothing to compare: 2 errors"


def test_removed_names(tmp_path):
    """What the old side defines and the new one still uses."""
    for side, document in (("old", "  metro: {cidr: [192.0.2.0/24]}\n"), ("new", "  other: {asn: [as1]}\n")):
        (tmp_path / side).mkdir()
        (tmp_path / side / "a.yaml").write_text(
            "version: 1\nfootprints:\n" + document + "capabilities:\n"
            "  - {capability-type: FCI.Metadata, capability-value: {metadata: []}, footprints: [metro]}\n")
    code, out, err = diff(tmp_path, "old", "new")
    assert (code, out) == (2, "")
    assert ("error: no document defines footprint 'metro' any more: it was in a.yaml:3 before this "
            "change [unknown-footprint]") in err


def test_no_directory_and_no_configuration(everything):
    code, out, err = diff(everything, "old", "none")
    assert (code, out) == (2, "") and "No such file or directory" in err
    code, out, err = diff(everything, "--config", "none.yaml", "old", "new")
    assert (code, out) == (2, "") and "none.yaml" in err
    pathlib.Path(everything / "asn.mmdb").write_bytes(b"nothing")
    code, out, err = diff(everything, "--config", "footprintd.yaml", "old", "new")
    assert (code, out) == (2, "") and "asn.mmdb" in err


def test_unwritable_output(everything):
    with open("/dev/full", "w") as full:
        done = subprocess.run([BUILD / "footprintctl", "diff", "old", "new"], cwd=everything,
                              stdout=full, stderr=subprocess.PIPE, text=True, timeout=LIMIT)
    assert done.returncode == 2 and "cannot be written" in done.stderr


# ---- terminals ----

def on_terminal(directory, **environment):
    master, slave = pty.openpty()
    subprocess.run([BUILD / "footprintctl", "diff", "old", "new"], cwd=directory, stdout=slave,
                   timeout=LIMIT, env={**os.environ, **environment})
    os.close(slave)
    out = b""
    try:
        while part := os.read(master, 65536):
            out += part
    except OSError:
        pass  # the end of a terminal
    os.close(master)
    return out.decode().replace("\r\n", "\n")


def test_colours(tmp_path):
    directory = make("audience", tmp_path)
    plain = diff(directory, "old", "new")[1]
    assert "\033" not in plain
    assert on_terminal(directory, NO_COLOR="1") == plain
    coloured = on_terminal(directory, NO_COLOR="")
    assert "\033[33m~\033[0m metro" in coloured and "\033[1mFootprints\033[0m" in coloured
    for sequence in ("\033[0m", "\033[1m", "\033[31m", "\033[32m", "\033[33m"):
        coloured = coloured.replace(sequence, "")
    assert coloured == plain


def test_what_could_steer_a_terminal_is_shown(tmp_path):
    directory = make("audience", tmp_path)
    document = directory / "new/a.yaml"
    document.write_text(document.read_text().replace("MI.SourceMetadata", '"MI.\\u009b2J\\x7f"'))
    out = diff(directory, "old", "new")[1]
    assert "\x9b" not in out and "\x7f" not in out and r'["MI.\xc2\x9b2J\x7f"]' in out
