"""footprintctl: the frame, and check."""
import json
import os
import pty
import re
import subprocess

import pytest

from footprintd import BUILD, DOCUMENT, LIMIT, ROOT, run

WARNS = "version: 1\nfootprints:\n  a: {cidr: [192.0.2.1/24]}\n"


@pytest.fixture
def docs(tmp_path):
    (tmp_path / "a.yaml").write_text(DOCUMENT % "http/1.1")
    return tmp_path


# ---- the frame ----

def test_help_lists_commands():
    done = run("footprintctl", "--help")
    assert done.returncode == 0
    assert re.search(r"^  check +validate", done.stdout, re.M)


def test_version():
    done = run("footprintctl", "--version")
    assert done.returncode == 0 and re.fullmatch(r"footprintctl \d+\.\d+\.\d+\n", done.stdout)


def test_unknown_command():
    done = run("footprintctl", "chek", "x")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no command 'chek' (did you mean 'check'?)" in done.stderr


@pytest.mark.parametrize("args", [[], ["--nonsense"], ["check"], ["check", "a", "b"],
                                  ["check", "--nonsense", "a"]])
def test_usage(args):
    done = run("footprintctl", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--help" in done.stderr


def test_check_help():
    done = run("footprintctl", "check", "--help")
    assert done.returncode == 0 and done.stdout.startswith("Usage: footprintctl check ")


# ---- check ----

def test_examples_are_clean():
    """0 errors and 0 warnings: the examples are what people copy."""
    done = run("footprintctl", "check", "--strict", "footprints", cwd=ROOT)
    assert (done.stdout, done.returncode) == ("0 errors, 0 warnings in 3 documents\n", 0)


def test_clean(docs):
    done = run("footprintctl", "check", str(docs))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "0 errors, 0 warnings in 1 document\n"


def test_errors_of_all_documents(docs):
    (docs / "b.yaml").write_text("version: 1\ncapabilites: []\n")
    (docs / "c.json").write_text('{"version": 1,\n "footprints": {"x": {"asn": ["as64496x"]}}}')
    (docs / "d.yaml").mkdir()
    done = run("footprintctl", "check", str(docs))
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{docs}/b.yaml:2:1: error: ")
    assert "(did you mean 'capabilities'?) [unknown-key]" in lines[0]
    assert lines[1].startswith(f"{docs}/c.json:2:31: error: ")
    assert lines[2] == f"{docs}/d.yaml: error: the file is not a regular file [unreadable]"
    assert lines[3] == "3 errors, 0 warnings in 4 documents"


def test_warnings_and_strict(docs):
    (docs / "w.yaml").write_text(WARNS)
    done = run("footprintctl", "check", str(docs))
    assert done.returncode == 0
    assert re.fullmatch(rf"{docs}/w.yaml:3:\d+: warning: .* \[host-bits\]\n"
                        r"0 errors, 1 warning in 2 documents\n", done.stdout)
    assert run("footprintctl", "check", "--strict", str(docs)).returncode == 1


def test_json(docs):
    (docs / "b.yaml").write_text("version: 1\ncapabilites: []\n")
    (docs / "d.yaml").mkdir()
    (docs / "w.yaml").write_text(WARNS)
    done = run("footprintctl", "check", "--json", str(docs))
    assert (done.returncode, done.stderr) == (1, "")
    report = json.loads(done.stdout)
    assert list(report) == ["findings", "errors", "warnings"]
    assert (report["errors"], report["warnings"]) == (2, 1)
    finding = report["findings"][0]
    assert list(finding) == ["severity", "code", "file", "line", "column", "pointer", "text",
                             "suggestion"]
    assert finding["file"] == f"{docs}/b.yaml" and finding["pointer"] == "/capabilites"
    assert (finding["severity"], finding["code"], finding["line"], finding["column"],
            finding["suggestion"]) == ("error", "unknown-key", 2, 1, "capabilities")
    assert report["findings"][1] == {
        "severity": "error", "code": "unreadable", "file": f"{docs}/d.yaml", "line": 0, "column": 0,
        "pointer": "", "text": "the file is not a regular file", "suggestion": None}
    assert report["findings"][2]["severity"] == "warning"
    assert report["findings"][2]["suggestion"] == "192.0.2.0/24"


def test_json_clean(docs):
    done = run("footprintctl", "check", "--json", str(docs))
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"findings": [], "errors": 0, "warnings": 0}


def test_no_directory(tmp_path):
    done = run("footprintctl", "check", str(tmp_path / "none"))
    assert done.returncode == 2
    assert "the directory cannot be read: No such file or directory [unreadable]" in done.stdout


def test_unwritable_output(docs):
    with open("/dev/full", "w") as full:
        done = subprocess.run([BUILD / "footprintctl", "check", str(docs)], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=LIMIT)
    assert done.returncode == 2 and "cannot be written" in done.stderr


def on_terminal(docs, **environment):
    master, slave = pty.openpty()
    subprocess.run([BUILD / "footprintctl", "check", str(docs)], stdout=slave, timeout=LIMIT,
                   env={**os.environ, **environment})
    os.close(slave)
    out = b""
    try:
        while part := os.read(master, 65536):
            out += part
    except OSError:
        pass  # the end of a terminal
    os.close(master)
    return out.decode()


def test_colours(docs):
    (docs / "w.yaml").write_text(WARNS)
    (docs / "b.yaml").write_text("version: 1\ncapabilites: []\n")
    plain = run("footprintctl", "check", str(docs)).stdout
    assert "\033" not in plain
    coloured = on_terminal(docs, NO_COLOR="")
    assert "\033[1;31merror:\033[0m" in coloured and "\033[1;33mwarning:\033[0m" in coloured
    assert re.sub(r"\033\[[0-9;]*m", "", coloured).replace("\r\n", "\n") == plain
    assert on_terminal(docs, NO_COLOR="1").replace("\r\n", "\n") == plain
