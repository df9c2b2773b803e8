"""What footprintctl says to somebody who mistyped."""
import re
import subprocess

import pytest

from footprintd import BUILD, LIMIT, run
from test_ctl_admin import Operator, ctl, server, site  # noqa: F401

COMMANDS = re.findall(r"^  ([a-z][a-z-]*) ", run("footprintctl", "--help").stdout, re.M)


@pytest.mark.parametrize("command", COMMANDS)
def test_unknown_option(command):
    """One line, with the nearest option that there is."""
    done = run("footprintctl", command, "--hepl")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (f"footprintctl: {command} has no option '--hepl' (did you mean '--help'?); "
                           f"see footprintctl {command} --help\n")


@pytest.mark.parametrize("args, text", [
    (["apply", "--remvoe=x"], "apply has no option '--remvoe' (did you mean '--remove'?)"),
    (["apply", "--remove"], "--remove wants NAME"),
    (["apply", "x.yaml", "--message"], "--message wants TEXT"),
    (["apply", "-m"], "-m wants a value"),
    (["apply", "-x", "x.yaml"], "apply has no option '-x'"),
    (["apply", "--dry-run=3"], "--dry-run is given without a value"),
    (["apply", "--ce"], "--ce wants a value"),  # an abbreviation
    (["apply", "--c"], "several options of apply begin with '--c'"),
    (["rollback", "-1"], "rollback has no option '-1'"),
    (["status", "-m", "x"], "status has no option '-m'"),
    (["check", "--jsn", "x"], "check has no option '--jsn' (did you mean '--json'?)"),
    (["lookup", "--config"], "--config wants FILE"),
    (["diff", "--list"], "--list wants N"),
    (["watch", "--output"], "--output wants FILE"),
    (["watch", "http://x", "--zzz", "x"], "watch has no option '--zzz'"),
    (["explain", "192.0.2.1", "--why"], "explain has no option '--why' (did you mean '--key'?)")])
def test_options(args, text):
    done = run("footprintctl", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"footprintctl: {text}; see footprintctl {args[0]} --help\n"


def test_names_of_documents(ctl):  # noqa: F811
    for name in ("metr.yaml", "metro", "metro.yml"):
        assert ctl("apply", "--remove", name) == (
            1, "", f"footprintctl: the server has no document '{name}' to remove (did you mean "
                   "'metro.yaml'?)\n")
        assert ctl("show", "1", name) == (
            1, "", f"footprintctl: generation 1 has no document '{name}' (did you mean "
                   "'metro.yaml'?)\n")
    for args in (["apply", "--remove", "entirely.yaml"], ["show", "1", "other"]):
        assert "did you mean" not in ctl(*args)[2]


def test_files(site):  # noqa: F811
    ctl = Operator(site, "http://127.0.0.1:1")  # noqa: F811
    assert ctl("apply", "nowhere") == (
        2, "", "footprintctl: nowhere cannot be opened: No such file or directory\n")
    (site / "notes.txt").write_text("")
    assert "'notes.txt' is no name of a document" in ctl("apply", "notes.txt")[2]


def test_server(site):  # noqa: F811
    environment = Operator(site, "http://127.0.0.1:1").environment()
    del environment["FOOTPRINTCTL_SERVER"]
    done = subprocess.run([BUILD / "footprintctl", "status"], env=environment, capture_output=True,
                          text=True, timeout=LIMIT)
    if "no answer of http://127.0.0.1:8081: " in done.stderr:  # somebody may have a server there
        assert done.stderr.endswith("; if it is another server: --server URL, or FOOTPRINTCTL_SERVER "
                                    "in the environment\n")
    ctl = Operator(site, "http://127.0.0.1:1")  # noqa: F811
    assert "FOOTPRINTCTL_SERVER" not in ctl("status")[2]
    assert ctl("status", "--server", "foo")[2] == (
        "footprintctl: 'foo' is no http or https URL, such as http://127.0.0.1:8081\n")
