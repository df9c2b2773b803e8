"""footprintctl in a terminal, as a person has it: keys, colours, width, and waiting."""
import http.server
import json
import re
import subprocess
import threading

import pytest

from footprintd import BUILD, LIMIT
from terminal import CONTROL, Terminal
from test_ctl_admin import (BROKEN, DOUBLED, MORE_BY_LITTLE, SMALL, Operator, copies, ctl, edit,  # noqa: F401
                            generation, server, site, write)

COMMANDS = re.findall(r"^  ([a-z][a-z-]*) ", subprocess.run(
    [BUILD / "footprintctl", "--help"], capture_output=True, text=True, check=True).stdout, re.M)


def terminal(ctl, *args, rows=50, columns=200, streams=None, **more):  # noqa: F811
    return Terminal([BUILD / "footprintctl", *args], ctl.directory,
                    ctl.environment(**{"TERM": "xterm", "NO_COLOR": "", **more}), rows, columns,
                    **streams or {})


# ---- colours ----

def colour_cases(ctl, site):  # noqa: F811
    """Commands that have colours."""
    (site / "metro.yaml").write_text(DOUBLED)
    for name, text in (("old", SMALL), ("new", DOUBLED), ("bad", BROKEN)):
        (site / name).mkdir()
        (site / name / "metro.yaml").write_text(text)
    return [["apply", "--yes", "--dry-run", "metro.yaml"], ["diff", "old", "new"], ["check", "bad"],
            ["apply", "bad"]]


def test_colours(ctl, site):  # noqa: F811
    """On a terminal, and neither where they are unwanted nor where there are none."""
    for args in colour_cases(ctl, site):
        shown = {}
        for name, more in [("xterm", {}), ("no-color", {"NO_COLOR": "1"}), ("dumb", {"TERM": "dumb"})]:
            one = terminal(ctl, *args, **more)
            one.end()
            shown[name] = one.text
        assert "\x1b[" in shown["xterm"] and CONTROL.sub("", shown["xterm"]) == shown["dumb"]
        assert shown["no-color"] == shown["dumb"] and "\x1b" not in shown["dumb"]
        done = subprocess.run([BUILD / "footprintctl", *args], cwd=site, capture_output=True,
                              text=True, timeout=LIMIT, env=ctl.environment(TERM="xterm", NO_COLOR=""))
        assert done.stdout + done.stderr == shown["dumb"]


def test_every_colour_ends(ctl, site):  # noqa: F811
    """A line that is cut off by a pager leaves no colour behind."""
    for args in colour_cases(ctl, site):
        one = terminal(ctl, *args)
        one.end()
        for line in one.text.splitlines():
            codes = re.findall(r"\x1b\[([0-9;]*)m", line)
            assert not codes or codes[-1] == "0", line


# ---- keys ----

def test_interrupt_at_the_question(ctl):  # noqa: F811
    one = edit(ctl, write(MORE_BY_LITTLE), "metro.yaml")
    one.expect("(n)o: ")
    one.keys("\x03")
    one.expect("nothing is changed; your text is in ")
    assert one.end() == 1
    assert ctl.served() == SMALL and copies(ctl) == ["metro.yaml"]
    # The message begins a line of its own, behind what the terminal shows of the key.
    assert re.search(r"\(n\)o: \^C\nfootprintctl: nothing is changed", one.text)


def test_interrupt_at_the_second_question(ctl):  # noqa: F811
    one = edit(ctl, write(BROKEN), "metro.yaml")
    one.expect("(q)uit? ")
    one.keys("\x03")
    one.expect("nothing is changed; your text is in ")
    assert one.end() == 1


@pytest.mark.parametrize("changes", [False, True])
def test_interrupt_in_the_editor(ctl, changes):  # noqa: F811
    """The editor dies of it; what it has written stays, and what it has not is no reason to keep a copy."""
    script = write(MORE_BY_LITTLE) if changes else ""
    one = edit(ctl, script + "echo ready; read x\n", "metro.yaml")
    one.expect("ready\n")
    one.keys("\x03")
    one.expect("ended with signal 2\n")
    assert one.end() == 1
    assert ("nothing is changed; your text is in " in one.text) == changes
    assert one.text.endswith("nothing is changed\n") != changes
    assert ctl.served() == SMALL and copies(ctl) == (["metro.yaml"] if changes else [])


def test_interrupt_that_the_editor_takes(ctl):  # noqa: F811
    """As vi does: it goes on, and so do we."""
    one = edit(ctl, "trap 'echo took it' INT\necho ready\nwhile ! read x; do :; done\n"
               + write(MORE_BY_LITTLE), "metro.yaml")
    one.expect("ready\n")
    one.keys("\x03")
    one.expect("took it\n")
    one.answer("go on")
    one.expect("(n)o: ")
    one.answer("y")
    one.expect("generation 2\n")
    assert one.end() == 0


def test_end_of_input_at_the_question(ctl):  # noqa: F811
    one = edit(ctl, write(MORE_BY_LITTLE), "metro.yaml")
    one.expect("(n)o: ")
    one.keys("\x04")
    one.expect("\nfootprintctl: nothing is changed; your text is in ")
    assert one.end() == 1


def test_answers(ctl):  # noqa: F811
    """Whole words and capitals are fine; what is none of the letters is asked again."""
    one = edit(ctl, write(MORE_BY_LITTLE), "metro.yaml")
    for answer in ("", "   ", "perhaps", "0"):
        one.expect("(n)o: ")
        one.answer(answer)
    one.expect("(n)o: ")
    one.answer("Yes")
    one.expect("generation 2\n")
    assert one.end() == 0


def test_edit_again_keeps_the_text(ctl):  # noqa: F811
    """The second time the editor has what was typed the first time."""
    script = f"cp \"$1\" saw.$(ls saw.* 2>/dev/null | wc -l)\n{write(BROKEN)}"
    one = edit(ctl, script, "metro.yaml")
    one.expect("metro.yaml:8:18: error: ")
    one.expect("(q)uit? ")
    one.answer("e")
    one.expect("(q)uit? ")
    one.answer("q")
    assert one.end() == 1
    assert (ctl.directory / "saw.0").read_text() == SMALL
    assert (ctl.directory / "saw.1").read_text() == BROKEN


def test_editor_that_is_not_there(ctl):  # noqa: F811
    one = edit(ctl, "", "metro.yaml", EDITOR="no-such-editor")
    assert one.end() == 1
    assert "the editor 'no-such-editor' ended with exit code 127" in one.text
    assert one.text.endswith("footprintctl: nothing is changed\n") and not copies(ctl)


# ---- width ----

def test_help_fits(ctl):  # noqa: F811
    """80 columns for the commands; 100 for what each has."""
    assert max(map(len, subprocess.run([BUILD / "footprintctl", "--help"], capture_output=True,
                                       text=True).stdout.splitlines())) <= 80
    for command in COMMANDS:
        one = terminal(ctl, command, "--help", columns=40)
        assert one.end() == 0 and "\x1b" not in one.text
        assert max(map(len, one.text.splitlines())) <= 100


def test_history_fits(ctl, site):  # noqa: F811
    """A message is cut where the terminal ends, and nowhere else."""
    message = "wide \u20ac and long: " + "x" * 200
    (site / "metro.yaml").write_text(MORE_BY_LITTLE)
    assert ctl("apply", "-m", message, "metro.yaml")[0] == 0
    one = terminal(ctl, "history", columns=90)
    assert one.end() == 0
    row = one.text.splitlines()[1]
    assert len(row) == 90 and "wide \u20ac and long: xxx" in row and row.endswith("xx...")
    assert message in ctl("history")[1]
    for columns in (0, 30):  # not known; too narrow for a table
        one = terminal(ctl, "history", columns=columns)
        assert one.end() == 0 and message in one.text


# ---- waiting ----

@pytest.fixture
def slow():
    """A server that answers when it is told to; its URL, and the event."""
    go = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            go.wait(LIMIT)
            body = json.dumps({"total": 0}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    one = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=one.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{one.server_address[1]}", go
    go.set()
    one.shutdown()
    one.server_close()


def test_waiting_is_told(site, slow):  # noqa: F811
    """Once a second, on one line, which is gone when the answer is there."""
    url, go = slow
    one = terminal(Operator(site, url), "history")
    one.expect("waiting for the server ... ")
    one.expect("\rwaiting for the server ... ")
    go.set()
    one.expect("no generations\n")
    assert one.end() == 0
    assert re.fullmatch(r"(\rwaiting for the server \.\.\. \d+ s)+\r +\rno generations\n", one.text)


@pytest.mark.parametrize("more, columns", [({"TERM": "dumb"}, 200), ({}, 20)])
def test_waiting_is_not_told(site, slow, more, columns):  # noqa: F811
    """A line that could not be wiped away; the second server request shows that time has passed."""
    url, go = slow
    one = terminal(Operator(site, url), "history", columns=columns, **more)
    two = terminal(Operator(site, url), "history")
    two.expect("waiting for the server ... ")
    two.expect("\rwaiting for the server ... ")
    go.set()
    assert (one.end(), two.end()) == (0, 0)
    assert one.text == "no generations\n"


def test_waiting_goes_to_no_pipe(site, slow):  # noqa: F811
    url, go = slow
    piped = subprocess.Popen([BUILD / "footprintctl", "history"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, env=Operator(site, url).environment())
    two = terminal(Operator(site, url), "history")
    two.expect("waiting for the server ... ")
    two.expect("\rwaiting for the server ... ")
    go.set()
    assert two.end() == 0 and piped.communicate(timeout=LIMIT) == ("no generations\n", "")


def test_many_lookups_are_counted(ctl, site):  # noqa: F811
    """Where the answers go to a file; not a word of it is in the file."""
    with open(site / "out", "wb") as out:
        one = terminal(ctl, "lookup", "--config", "footprintd.yaml", "--brief",
                       streams={"stdin": subprocess.PIPE, "stdout": out})
    done = threading.Event()

    def feed():
        while not done.is_set():
            one.process.stdin.write(b"192.0.2.1\n" * 512)
        one.process.stdin.close()

    feeder = threading.Thread(target=feed)
    feeder.start()
    one.expect(" addresses ... ")
    done.set()
    feeder.join(LIMIT)
    assert one.end() == 0
    assert re.fullmatch(r"(\r\d+ addresses \.\.\. \d+ s)+\r +\r", one.text)
    lines = (site / "out").read_bytes().splitlines()
    assert set(lines) == {lines[0]} and lines[0].startswith(b"192.0.2.1\t")
