"""footprintctl export: the documents of a directory or a server as one, or as a bundle."""
import json
import os
import subprocess

import pytest
import yaml

from footprintd import BUILD, LIMIT, ROOT, run, write_config
from test_ctl_admin import (BROKEN, MORE, SMALL, AdminServer, Operator, ctl, server,  # noqa: F401
                            site, write_tokens)

DIR = ROOT / "footprints"
PRIVATE = "version: 1\naudience: [ucdn-a]\nfootprints:\n  f: {countrycode: [no]}\n"


def export(*args, **kwargs):
    done = run("footprintctl", "export", *map(str, args), **kwargs)
    return done.returncode, done.stdout, done.stderr


def vtags(directory):
    """What a server of this directory gives for every resource."""
    write_tokens(directory)
    write_config(directory, more=MORE)
    with AdminServer(directory / "footprintd.yaml") as running:
        return Operator(directory, running.admin).json("show", "1")["vtags"]


@pytest.fixture
def folder(tmp_path):
    """Makes a directory with one document in it."""
    def make(name, file, text):
        (tmp_path / name / "footprints").mkdir(parents=True)
        (tmp_path / name / "footprints" / file).write_text(text)
        return tmp_path / name
    return make


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_same_resources(folder, form):
    code, text, err = export("--format", form, DIR)
    assert (code, err) == (0, "")
    there = folder("there", "note.txt", "")
    for path in DIR.iterdir():
        (there / "footprints" / path.name).write_bytes(path.read_bytes())
    expected = vtags(there)
    assert set(expected) == {"cdni", "netmap", "num-routingcost", "propmap"}
    assert vtags(folder("here", f"all.{form}", text)) == expected


def test_yaml_and_json_say_the_same():
    code, text, err = export(DIR)
    assert (code, err) == (0, "")
    assert max(map(len, text.splitlines())) <= 100
    assert yaml.safe_load(text) == json.loads(export("--format", "json", DIR)[1])


def test_other_readers_of_yaml(folder):
    """A reader of YAML 1.1 takes Norway for Norway."""
    at = folder("a", "a.yaml", "version: 1\nfootprints:\n  f: {countrycode: [no, de]}\n")
    assert yaml.safe_load(export(at / "footprints")[1])["footprints"]["f"]["countrycode"] == \
        ["no", "de"]


def test_nothing_to_export(tmp_path):
    assert export(tmp_path) == (0, "version: 1\n", "")


def test_bundle(folder):
    at = folder("a", "b.yaml", SMALL) / "footprints"
    (at / "a.json").write_text(json.dumps(yaml.safe_load(PRIVATE.replace("no", '"no"'))))
    code, text, err = export(at)
    assert code == 0
    assert err == ("footprintctl: the export is a bundle: a.json and b.yaml are for different "
                   "audiences\n")
    bundle = yaml.safe_load(text)
    assert list(bundle) == ["version", "documents"]
    assert list(bundle["documents"]) == ["a.json", "b.yaml"]
    assert bundle["documents"]["b.yaml"] == yaml.safe_load(SMALL)
    assert bundle["documents"]["a.json"]["footprints"]["f"]["countrycode"] == ["no"]
    assert export("--bundle", at) == (0, text, "")
    code, out, err = export("--single", at)
    assert (code, out) == (1, "")
    assert err == ("footprintctl: nothing is exported: a.json and b.yaml are for different "
                   "audiences\n")


def test_different_advertisements(folder):
    at = folder("a", "a.yaml", SMALL) / "footprints"
    (at / "b.yaml").write_text("version: 1\nadvertisement: other\n")
    code, text, err = export(at)
    assert code == 0
    assert err == ("footprintctl: the export is a bundle: a.yaml and b.yaml belong to different "
                   "advertisements\n")
    assert set(yaml.safe_load(text)["documents"]) == {"a.yaml", "b.yaml"}


def test_too_long_for_one_document(folder):
    at = folder("a", "a.yaml", "version: 1\n") / "footprints"
    for name in "bc":
        lists = {f"{name}{i}": {"asn": [f"as{i}"], "countrycode": ["de"] * 90000}
                 for i in range(50)}
        (at / f"{name}.json").write_text(json.dumps({"version": 1, "footprints": lists}))
    code, out, err = export("--output", at.parent / "all.json", at)
    assert (code, out) == (0, "")
    assert err == ("footprintctl: the export is a bundle: all documents together are too long for "
                   "one\n")


def test_costs_files_are_told(folder):
    at = folder("a", "a.yaml", "version: 1\nnetwork-maps: {netmap: {default: true, pids: {pid-default: "
                "{ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}}}}\n"
                "cost-maps:\n  num-routingcost: {network-map: netmap, "
                "cost-metric: routingcost, cost-mode: numerical, costs-file: data/c.json}\n")
    (at / "footprints/data").mkdir()
    (at / "footprints/data/c.json").write_text('{"pid-default": {"pid-default": 7}}')
    code, text, err = export(at / "footprints")
    assert code == 0
    assert err == (f"footprintctl: {at}/footprints/a.yaml: the export is not complete without the "
                   "data of cost map num-routingcost, the file data/c.json\n")
    assert "costs-file: data/c.json" in text


def test_a_key_that_yaml_has_not(folder):
    capability = {"capability-type": "FCI.Own", "capability-value": {"<<": {"a": 1}},
                  "footprints": ["everywhere"]}
    at = folder("a", "a.json", json.dumps({"version": 1, "capabilities": [capability]}))
    code, out, err = export(at / "footprints")
    assert (code, out) == (1, "")
    assert err == ("footprintctl: nothing is exported: the key '<<' cannot be written in YAML; see "
                   "--format json\n")
    code, out, err = export("--format", "json", at / "footprints")
    assert (code, err) == (0, "")
    assert json.loads(out)["capabilities"] == [capability]


def test_errors(folder):
    at = folder("a", "a.yaml", BROKEN)
    code, out, err = export(at / "footprints")
    assert (code, out) == (1, "")
    lines = err.splitlines()
    assert lines[0].startswith(f"{at}/footprints/a.yaml:8:18: error: no document defines footprint")
    assert lines[1:] == ["footprintctl: nothing is exported: 1 error"]


def test_unreadable(folder, tmp_path):
    at = folder("a", "a.yaml", SMALL) / "footprints"
    (at / "b.yaml").mkdir()
    code, out, err = export(at)
    assert (code, out) == (1, "")
    assert "b.yaml: error: the file is not a regular file [unreadable]" in err
    code, out, err = export(tmp_path / "nowhere")
    assert (code, out) == (2, "")
    assert "cannot be read" in err


# ---- the file ----

def test_output(folder, tmp_path):
    at = folder("a", "a.yaml", SMALL) / "footprints"
    path = tmp_path / "out.json"
    assert export("--output", path, at) == (0, "", "")
    assert json.loads(path.read_text())["version"] == 1
    before = os.stat(path)
    assert export("--output", path, at) == (0, "", "")
    assert os.stat(path) == before
    assert export("--output", path, "--format", "yaml", at) == (0, "", "")
    assert yaml.safe_load(path.read_text()) == yaml.safe_load(SMALL)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_output_is_whole_or_not_there(folder, tmp_path):
    at = folder("a", "a.yaml", SMALL) / "footprints"
    code, out, err = export("--output", tmp_path / "no/out.yaml", at)
    assert (code, out) == (2, "")
    assert err.startswith("footprintctl: ") and "cannot be made" in err
    code, out, err = export("--output", tmp_path, at)
    assert (code, out, err) == (2, "", f"footprintctl: {tmp_path} is not a regular file\n")
    (at / "a.yaml").write_text(BROKEN)
    (tmp_path / "out.yaml").write_text("as it was")
    assert export("--output", tmp_path / "out.yaml", at)[0] == 1
    assert (tmp_path / "out.yaml").read_text() == "as it was"


def test_output_is_full(folder):
    at = folder("a", "a.yaml", SMALL) / "footprints"
    with open("/dev/full", "w") as full:
        done = subprocess.run([BUILD / "footprintctl", "export", at], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=LIMIT)
    assert (done.returncode, done.stderr) == (2, "footprintctl: the output cannot be written\n")


# ---- a server ----

def test_server(ctl, site):  # noqa: F811
    (site / "b.yaml").write_text("version: 1\nfootprints:\n  b: {asn: [as64496]}\n")
    assert ctl("apply", "b.yaml")[0] == 0
    code, text, err = ctl("export", role="reader")
    assert (code, err) == (0, "")
    assert list(yaml.safe_load(text)["footprints"]) == ["b", "metro"]
    assert text == export(site / "footprints")[1]
    # What is served, not what somebody has just saved.
    (site / "footprints/metro.yaml").write_text(BROKEN)
    assert ctl("export") == (0, text, "")
    code, text, err = ctl("export", "--generation", "1")
    assert (code, err) == (0, "")
    assert list(yaml.safe_load(text)["footprints"]) == ["metro"]
    code, out, err = ctl("export", "--generation", "9")
    assert (code, out) == (1, "")
    assert err == "footprintctl: the history has no generation '9'\n"
    assert ctl("export", "--bundle", "--output", "x.json") == (0, "", "")
    assert set(json.loads((site / "x.json").read_text())["documents"]) == {"b.yaml", "metro.yaml"}


def test_server_without_history(site):  # noqa: F811
    write_config(site, more='admin: {listen: "127.0.0.1:0", tokens: tokens}\n')
    (site / "footprints/b.json").write_text('{"version": 1}')
    with AdminServer(site / "footprintd.yaml") as running:
        operator = Operator(site, running.admin)
        code, text, err = operator("export")
        assert (code, err) == (0, "")
        assert yaml.safe_load(text) == yaml.safe_load(SMALL)
        code, out, err = operator("export", "--generation", "1")
        assert (code, out) == (1, "")
        assert "there is no history" in err or "no state directory" in err


def test_no_connection(site):  # noqa: F811
    code, out, err = Operator(site, "http://127.0.0.1:1")("export")
    assert (code, out) == (2, "")
    assert err.startswith("footprintctl: no answer of http://127.0.0.1:1: ")


@pytest.mark.parametrize("args", [
    ["a", "b"], ["--single", "--bundle", "a"], ["--format", "xml", "a"], ["--generation", "x"],
    ["--generation", "1", "a"], ["--server", "http://127.0.0.1:1", "a"], ["--nonsense"],
    ["--json", "a"]])
def test_usage(args):
    code, out, err = export(*args)
    assert (code, out) == (2, "")
    assert "see footprintctl export --help\n" in err


def test_help():
    code, out, err = export("--help")
    assert (code, err) == (0, "")
    assert out.startswith("Usage: footprintctl export ")
    assert max(map(len, out.splitlines())) <= 100
