"""tests/tools/gen_footprints.py: what benchmarks measure with."""
import hashlib
import json
import pathlib
import re
import subprocess

import footprintd

GENERATOR = footprintd.ROOT / "tests/tools/gen_footprints.py"

# Records as the dump of the location database has them; between them what the generator skips.
DUMP = """# License: a comment
aut-num:                 AS64496
name:                    an AS without networks here

net:                     192.0.2.0/24
country:                 DE
aut-num:                 64496

net:                     192.0.2.128/25
aut-num:                 64497

net:                     2001:db8::/32
country:                 A1
aut-num:                 64496

net:                     198.51.100.0/24
country:                 FR

net:                     203.0.113.0/24
country:                 MX
aut-num:                 64498
is-anycast:              yes

"""


def generate(out, *args):
    return subprocess.run(["/usr/bin/python3", GENERATOR, "--out", out, *args],
                          capture_output=True, text=True, timeout=footprintd.LIMIT)


def digest(folder):
    h = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        h.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return h.hexdigest()


def prefixes(folder):
    found = []
    for path in sorted(folder.iterdir()):
        found += re.findall(r'^      - "([0-9a-f.:]+/[0-9]+)"$', path.read_text(), re.M)
    return found


def check(folder):
    done = footprintd.run("footprintctl", "check", "--json", str(folder))
    return done.returncode, json.loads(done.stdout)


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder, seed in zip(folders, ("7", "7", "8")):
        assert generate(folder, "--prefixes", "1k", "--seed", seed).returncode == 0
    a, b, c = map(digest, folders)
    assert a == b
    assert a != c


def test_1k_is_as_asked_for_and_checks_without_errors(tmp_path):
    out = tmp_path / "new" / "documents"
    assert generate(out, "--prefixes", "1k").returncode == 0
    assert len(list(out.iterdir())) == 20
    found = prefixes(out)
    assert len(found) == 1000
    assert 0.78 < sum("." in p for p in found) / 1000 < 0.90
    code, report = check(out)
    assert (code, report["errors"]) == (0, 0)
    # Prefixes are canonical, and nothing but chance repetitions of a small footprint is found.
    assert {f["code"] for f in report["findings"]} <= {"duplicate-object"}
    text = (out / "dcdn-0000.yaml").read_text()
    assert text.count("FCI.DeliveryProtocol") == text.count("FCI.CapacityLimits") == 1


def test_number_of_prefixes_and_documents(tmp_path):
    assert generate(tmp_path / "d", "--prefixes", "333", "--documents", "7").returncode == 0
    assert len(list((tmp_path / "d").iterdir())) == 7
    assert len(prefixes(tmp_path / "d")) == 333


def test_more_documents_than_prefixes_check_all_the_same(tmp_path):
    assert generate(tmp_path / "d", "--prefixes", "1", "--documents", "30").returncode == 0
    assert check(tmp_path / "d")[1]["errors"] == 0


def test_networks_of_the_dump(tmp_path):
    dump = tmp_path / "dump.txt"
    dump.write_text(DUMP)
    done = generate(tmp_path / "d", "--prefixes", "60", "--documents", "2", "--source", "libloc",
                    "--dump", dump)
    assert done.returncode == 0, done.stderr
    found = set(prefixes(tmp_path / "d"))
    assert {"192.0.2.0/24", "192.0.2.128/25", "2001:db8::/32", "203.0.113.0/24"} <= found
    assert "198.51.100.0/24" not in found  # announced by nobody
    assert len(prefixes(tmp_path / "d")) == 60  # filled with parts of these
    texts = "".join(p.read_text() for p in (tmp_path / "d").iterdir())
    assert "CC BY-SA 4.0" in texts and "a1" not in re.findall(r'- "(\w\w)"', texts)
    assert check(tmp_path / "d")[1]["errors"] == 0


def test_a_folder_with_anything_in_it_is_refused(tmp_path):
    (tmp_path / "mine.yaml").write_text("version: 1\n")
    done = generate(tmp_path, "--prefixes", "1k")
    assert done.returncode == 1 and "is not empty" in done.stderr
    assert [p.name for p in pathlib.Path(tmp_path).iterdir()] == ["mine.yaml"]


def test_arguments_that_make_no_sense(tmp_path):
    for args in (["--prefixes", "0"], ["--prefixes", "2m"],
                 ["--prefixes", "1k", "--documents", "0"],
                 ["--prefixes", "1k", "--source", "libloc"], ["--prefixes", "1k", "--dump", "x"]):
        done = generate(tmp_path / "d", *args)
        assert done.returncode == 2 and "usage:" in done.stderr, args
        assert not (tmp_path / "d").exists()
