"""footprintctl lookup: golden cases, its options, its input, and many addresses."""
import json
import os
import re
import shutil
import subprocess
import threading

import pytest

import mmdb
from footprintd import BUILD, LIMIT, ROOT, run

GOLDEN = ROOT / "tests/golden/lookup"
CASES = sorted(path.name for path in GOLDEN.iterdir())


def make(case, directory):
    """A copy of the case with its databases, which databases.json describes."""
    shutil.copytree(GOLDEN / case, directory, dirs_exist_ok=True)
    described = directory / "databases.json"
    if described.is_file():
        for name, database in json.loads(described.read_text()).items():
            (directory / name).write_bytes(mmdb.database(database["networks"], database["type"]))
    return directory


def lookup(directory, *args, stdin=None):
    done = subprocess.run([BUILD / "footprintctl", "lookup", "--config", "footprintd.yaml", *args],
                          cwd=directory, input=stdin, capture_output=True, text=True,
                          timeout=LIMIT)
    return done.returncode, done.stdout, done.stderr


def ageless(text):
    """The one thing that changes from day to day."""
    return re.sub(r'("age-days":|14, )\d+( days old)?', r"\1N\2", text)


# ---- golden cases ----

@pytest.mark.parametrize("form", ["txt", "jsonl", "brief"])
@pytest.mark.parametrize("case", CASES)
def test_golden(case, form, tmp_path):
    """addresses.txt gives expected.txt and .jsonl as arguments, expected.brief as input.

    FPD_GOLDEN_WRITE=1 writes them anew.
    """
    directory = make(case, tmp_path)
    text = (directory / "addresses.txt").read_text()
    if form == "brief":
        code, out, err = lookup(directory, "--brief", stdin=text)
    else:
        options = ["--json"] if form == "jsonl" else []
        code, out, err = lookup(directory, *options, *text.split())
    assert (code, err) == (0, "")
    expected = GOLDEN / case / f"expected.{form}"
    if os.environ.get("FPD_GOLDEN_WRITE"):
        expected.write_text(ageless(out))
    assert ageless(out) == expected.read_text()


@pytest.mark.parametrize("case", CASES)
def test_forms_agree(case, tmp_path):
    """What the JSON form says, the brief form says too, address by address."""
    directory = make(case, tmp_path)
    text = (directory / "addresses.txt").read_text()
    _, whole, _ = lookup(directory, "--json", stdin=text)
    _, brief, _ = lookup(directory, "--brief", stdin=text)
    objects = [json.loads(line) for line in whole.splitlines()]
    rows = [line.split("\t") for line in brief.splitlines()]
    assert len(objects) == len(rows) == len(text.split())
    for o, row in zip(objects, rows):
        def column(items):
            return ",".join(items) or "-"

        def marked(item, name):
            return name + ("!" if item.get("restricted") else "")

        pids = column(marked(pid, f"{pid['network-map']}={pid['pid']}") for pid in o["pids"])
        names = column(marked(f, f["name"]) for f in o["footprints"])
        assert row[:7] == [o["address"], o["scope"], o["country"] or "-",
                           column(o["subdivisions"]), o["asn"] or "-", pids, names]
        types = {f"{c['advertisement']}={c['capability-type']}" for c in o["capabilities"]}
        assert {name.rstrip("!") for name in row[7].split(",")} - {"-"} == types


# ---- options ----

@pytest.fixture
def site(tmp_path):
    return make("near", tmp_path)


def test_help():
    done = run("footprintctl", "lookup", "--help")
    assert done.returncode == 0 and done.stdout.startswith("Usage: footprintctl lookup ")


@pytest.mark.parametrize("args", [
    [], ["192.0.2.1"], ["--config"], ["--nonsense", "--config", "x"],
    ["--config", "x", "--brief", "--json"], ["--config", "x", "--brief", "--why"]])
def test_usage(args):
    done = run("footprintctl", "lookup", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert "footprintctl lookup --help" in done.stderr


def near(out):
    return [miss.get("footprint", {}).get("name") for miss in json.loads(out)["near"]]


def test_few_arguments_are_explained_and_input_is_not(site):
    assert "near" in json.loads(lookup(site, "--json", "198.51.100.1")[1])
    many = lookup(site, "--json", *["198.51.100.1"] * 9)[1].splitlines()
    assert len(many) == 9 and all("near" not in json.loads(line) for line in many)
    assert "near" not in json.loads(lookup(site, "--json", stdin="198.51.100.1\n")[1])
    asked = lookup(site, "--json", "--why", stdin="198.51.100.1\n")[1]
    assert near(asked) == near(lookup(site, "--json", "198.51.100.1")[1])


def test_near_rule(site):
    """As the manual page says it; the documents' comments say which is which."""
    names = near(lookup(site, "--json", "198.51.100.1")[1])
    assert names == ["in-union", "next-door", "many-prefixes", "eight-bits", "one-fails",
                     "unknown-subdivision", None, "prefix-but-others"]


def test_near_is_capped(tmp_path):
    (tmp_path / "footprints").mkdir()
    names = "".join(f"  f{i:02}: {{ipv4cidr: [192.0.2.{i}/32]}}\n" for i in range(1, 26))
    (tmp_path / "footprints/a.yaml").write_text("version: 1\nfootprints:\n" + names)
    (tmp_path / "footprintd.yaml").write_text(
        'listen: [{address: "127.0.0.1:0"}]\nfootprints: footprints\n')
    answer = json.loads(lookup(tmp_path, "--json", "192.0.2.0")[1])
    # The nearest first: fewest missing bits.
    assert [m["footprint"]["name"] for m in answer["near"]] == \
        ["f01", "f02", "f03", "f04", "f05", "f06", "f07", "f08", "f09", "f10"]
    assert answer["near-more"] == 15
    assert "and 15 more\n" in lookup(tmp_path, "192.0.2.0")[1]


def test_why_one_footprint(site):
    """Also one that is not near; none when it covers the address."""
    code, out, _ = lookup(site, "--json", "--why=both-fail", "198.51.100.1")
    (miss,) = json.loads(out)["near"]
    assert code == 0 and miss["footprint"]["name"] == "both-fail"
    assert [f["footprint-type"] for f in miss["failed"]] == ["asn", "countrycode"]
    assert [f["text"] for f in miss["failed"]] == ["asn is as64496, not as64499",
                                                   "countrycode is de, not fr"]
    assert near(lookup(site, "--json", "--why=four-only", "198.51.100.1")[1]) == []
    text = lookup(site, "--why=both-fail", "198.51.100.1")[1]
    assert "\n  not in        both-fail, footprints/a.yaml:6\n" in text
    assert "\n                  countrycode is de, not fr\n" in text


def test_why_unknown_footprint(site):
    code, out, err = lookup(site, "--why=both-fial", "198.51.100.1")
    assert (code, out) == (1, "")
    assert "no document defines footprint 'both-fial' (did you mean 'both-fail'?)" in err


# ---- what is refused ----

def test_refused(site):
    (site / "footprints/bad.yaml").write_text("version: 1\ncapabilites: []\n")
    (site / "asn.mmdb").write_bytes(b"no database\n")
    code, out, err = lookup(site, "192.0.2.1")
    assert (code, out) == (1, "")
    lines = err.splitlines()
    assert any(line.startswith("asn.mmdb: error: ") and "[bad-database]" in line for line in lines)
    assert any(line.startswith("footprints/bad.yaml:2:1: error: ") for line in lines)
    assert lines[-1] == "footprintctl: there is nothing to answer from: 2 errors"


def test_refused_configuration(site):
    (site / "footprintd.yaml").write_text("listn: []\n")
    code, out, err = lookup(site, "192.0.2.1")
    assert (code, out) == (1, "") and "[unknown-key]" in err
    (site / "footprintd.yaml").unlink()
    assert lookup(site, "192.0.2.1")[0] == 1


def test_old_database_is_warned_of(site):
    config = site / "footprintd.yaml"
    config.write_text(config.read_text().replace("3650", "30"))
    code, out, err = lookup(site, "--brief", "192.0.2.1")
    assert code == 0 and out.count("\n") == 1
    assert err.count("[old-database]") == 3


# ---- addresses ----

def test_malformed_addresses(site):
    """Each is told with its line; the others are answered."""
    code, out, err = lookup(site, "--brief", stdin="192.0.2.1\n\n 192.0.2.2 \r\n192.0.2\n"
                            "192.0.2.0/24\n\x1b[31m\n2001:db8::1")
    assert code == 1
    assert [line.split("\t")[0] for line in out.splitlines()] == \
        ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
    assert err.splitlines() == [
        "footprintctl: line 4: '192.0.2' is neither an IP address nor a prefix",
        "footprintctl: line 5: '192.0.2.0/24' is a prefix; --brief wants addresses",
        "footprintctl: line 6: '\\x1b[31m' is neither an IP address nor a prefix"]


def test_malformed_argument(site):
    code, out, err = lookup(site, "--brief", "192.0.2.1", "x" * 100, "192.0.2.2")
    assert code == 1 and out.count("\n") == 2
    assert err == f"footprintctl: argument 2: '{'x' * 60}...' is neither an IP address nor a prefix\n"


def test_long_and_odd_lines(site):
    """A line that is longer than any buffer is one error, and the lines around it are answered."""
    text = b"192.0.2.1\n" + b"7" * 300000 + b"\n192.0.2.2\n\0\n192.0.2.3"
    done = subprocess.run([BUILD / "footprintctl", "lookup", "--config", "footprintd.yaml",
                           "--brief"], cwd=site, input=text, capture_output=True, timeout=LIMIT)
    assert done.returncode == 1
    assert [line.split(b"\t")[0] for line in done.stdout.splitlines()] == \
        [b"192.0.2.1", b"192.0.2.2", b"192.0.2.3"]
    errors = done.stderr.decode().splitlines()
    assert [line.split(":")[1] for line in errors] == [" line 2", " line 4"]


def test_no_input(site):
    assert lookup(site, "--json", stdin="") == (0, "", "")


def test_line_by_line(site):
    """What asks line by line is answered line by line."""
    with subprocess.Popen([BUILD / "footprintctl", "lookup", "--config", "footprintd.yaml",
                           "--brief"], cwd=site, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        guard = threading.Timer(LIMIT, process.kill)
        guard.start()
        for address in ("192.0.2.1", "2001:db8::1", "192.0.2.1"):
            process.stdin.write(address + "\n")
            process.stdin.flush()
            assert process.stdout.readline().startswith(address + "\t")
        process.stdin.close()
        assert process.wait() == 0
        guard.cancel()


def test_unwritable_output(site):
    with open("/dev/full", "w") as full:
        done = subprocess.run([BUILD / "footprintctl", "lookup", "--config", "footprintd.yaml",
                               "192.0.2.1"], cwd=site, stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=LIMIT)
    assert done.returncode == 2 and "cannot be written" in done.stderr


def test_many_addresses(site):
    """Every line of a long input has its answer, in order."""
    addresses = [f"198.51.{100 + i % 3}.{i // 3 % 256}" for i in range(30000)]
    _, out, _ = lookup(site, "--json", stdin="\n".join(addresses))
    answers = [json.loads(line) for line in out.splitlines()]
    assert [answer["address"] for answer in answers] == addresses
    alone = {address: json.loads(lookup(site, "--json", stdin=address)[1])
             for address in addresses[:10]}
    assert all(answer == alone[answer["address"]] for answer in answers
               if answer["address"] in alone)
