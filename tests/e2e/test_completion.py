"""Completion of footprintctl, in bash and in zsh."""
import os
import re
import subprocess

import pytest

from footprintd import BUILD, LIMIT, ROOT, run
from terminal import CONTROL, Terminal
from test_ctl_admin import ctl, server, site  # noqa: F401

SCRIPT = ROOT / "conf/completion/footprintctl.bash"


def commands():
    return re.findall(r"^  ([a-z][a-z-]*) ", run("footprintctl", "--help").stdout, re.M)


def options(command):
    return re.findall(r"^  (--[a-z0-9-]+)", run("footprintctl", command, "--help").stdout, re.M)


def environment(**more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FOOTPRINTCTL_")}
    return {**kept, "PATH": f"{BUILD}:{os.environ['PATH']}", **more}


def complete(*words, **more):
    """What the shells are told: words and ":files"."""
    done = subprocess.run([BUILD / "footprintctl", "__complete", *words], capture_output=True,
                          text=True, timeout=LIMIT, env=environment(**more))
    assert done.returncode == 0
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


def bash(tmp_path, *words, **more):
    """COMPREPLY of a bash that was asked to complete the last word."""
    script = ('. "$1"; shift; COMP_WORDS=(footprintctl "$@"); COMP_CWORD=$#; _footprintctl; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "--norc", "-c", script, "bash", SCRIPT, *words],
                          capture_output=True, text=True, timeout=LIMIT, cwd=tmp_path,
                          env=environment(**more))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


# ---- the program ----

def test_commands():
    assert complete("") == [*commands(), "--help", "--version"]
    assert complete("e") == [c for c in commands() if c.startswith("e")]
    assert complete("--v") == ["--version"]
    assert complete("nonsense", "") == complete("nonsense", "--") == []
    assert subprocess.run([BUILD / "footprintctl", "__complete"], timeout=LIMIT).returncode == 2


@pytest.mark.parametrize("command", commands())
def test_options(command):
    assert complete(command, "-") == options(command) != []
    for option in options(command):
        assert option in complete(command, option)


@pytest.mark.parametrize("command", commands())
def test_descriptions(command):
    out = run("footprintctl", "__complete", command, "--").stdout
    assert all(re.fullmatch(r"--[a-z0-9-]+\t([^A-Z ].*|TIPS only.*|)", line) or "\t[" in line
               for line in out.splitlines())


@pytest.mark.parametrize("words, expected", [
    (["apply", ""], [":files"]), (["apply", "a.yaml", "b"], [":files"]), (["check", ""], [":dirs"]),
    (["check", "x", ""], []), (["check", "--json", ""], [":dirs"]), (["diff", "old", ""], [":dirs"]),
    (["diff", "--list", "3", "old", "new", ""], []), (["lookup", ""], []),
    (["lookup", "--config", ""], [":files"]), (["lookup", "--config", "=", "x"], [":files"]),
    (["lookup", "--config", "="], [":files"]), (["lookup", "--why", ""], []),
    (["watch", "--output-dir", ""], [":dirs"]), (["watch", "--cacert", ""], [":files"]),
    (["watch", "--interval", ""], []), (["watch", ""], []), (["apply", "-m", ""], []),
    (["apply", "--message", ""], []), (["apply", "--", "-"], []), (["history", ""], []),
    (["show", "--token-file", ""], [":files"]), (["import", "--output", ""], [":files"]),
    (["import", "--footprint", ""], []), (["import", "--output", "x", ""], [":files"]),
    (["restore", "--state", ""], [":dirs"]), (["restore", ""], [":files"]),
    (["restore", "x", ""], []), (["withdraw", ""], []), (["withdraw", "--for", "2h", ""], []),
    (["export", ""], [":dirs"]), (["backup", "--json", ""], [":files"]),
    (["costs", ""], []), (["costs", "num-delay", ""], [":files"]), (["costs", "num-delay", "x", ""], [])])
def test_arguments(words, expected):
    if words == ["apply", "--", "-"]:
        assert complete(*words) == options("apply")  # a dash is more often an option
    else:
        assert complete(*words) == expected


def test_documents_and_generations(ctl):  # noqa: F811
    more = {name: value for name, value in ctl.environment("reader").items() if "FOOTPRINTCTL" in name}
    for words in (["edit", ""], ["edit", "me"], ["apply", "--remove", ""], ["show", "1", ""],
                  ["apply", "--remove", "=", "m"], ["edit", "--json", "-m", "text", "m"]):
        assert complete(*words, **more) == ["metro.yaml"]
    assert complete("edit", "x", **more) == complete("edit", "metro.yaml", "", **more) == []
    assert complete("show", "", **more) == complete("rollback", "", **more) == ["1"]
    url, file = more["FOOTPRINTCTL_SERVER"], more["FOOTPRINTCTL_TOKEN_FILE"]
    assert complete("edit", "--server", url, "--token-file", "=", file, "") == ["metro.yaml"]
    assert complete("edit", f"--server={url}", f"--token-file={file}", "") == ["metro.yaml"]


def test_server_that_does_not_answer(ctl):  # noqa: F811
    """Not asked without being named; and then nothing is said, to nobody."""
    assert complete("edit", "") == []
    for more in ({"FOOTPRINTCTL_SERVER": "http://127.0.0.1:1"},
                 {"FOOTPRINTCTL_SERVER": ctl.url, "FOOTPRINTCTL_TOKEN_FILE": "/nonexistent"}):
        assert complete("edit", "", **more) == complete("show", "", **more) == []


# ---- bash ----

def test_bash_commands_and_options(tmp_path):
    assert bash(tmp_path, "") == [*commands(), "--help", "--version"]
    for command in commands():
        assert bash(tmp_path, command, "--") == options(command)


def test_bash_files(tmp_path):
    (tmp_path / "one.yaml").write_text("")
    (tmp_path / "odd name.yaml").write_text("")
    (tmp_path / "dir").mkdir()
    assert sorted(bash(tmp_path, "apply", "o")) == ["odd name.yaml", "one.yaml"]
    assert bash(tmp_path, "check", "") == ["dir"]
    assert bash(tmp_path, "lookup", "--config", "=", "one") == ["one.yaml"]
    assert len(bash(tmp_path, "lookup", "--config", "=")) == 3
    assert bash(tmp_path, "lookup", "") == []


def test_bash_documents(ctl, tmp_path):  # noqa: F811
    more = {name: value for name, value in ctl.environment("reader").items() if "FOOTPRINTCTL" in name}
    (ctl.directory / "footprints/two words.yaml").write_text("version: 1\n")
    assert sorted(bash(tmp_path, "edit", "", **more)) == ["metro.yaml", "two\\ words.yaml"]
    assert bash(tmp_path, "edit", "", FOOTPRINTCTL_SERVER="http://127.0.0.1:1") == []


def test_bash_by_keys(tmp_path):
    """A person's bash, with readline."""
    (tmp_path / "some.yaml").write_text("")
    env = environment(TERM="dumb", PS1="", INPUTRC="/dev/null", HISTFILE="")
    with Terminal(["bash", "--norc", "--noprofile", "-i"], tmp_path, env) as shell:
        shell.answer(f"PS1='ready> '; bind 'set enable-bracketed-paste off'; . '{SCRIPT}'")
        shell.expect("\nready> ")
        shell.keys("footprintctl expl\t")
        shell.expect("footprintctl explain ")
        shell.keys("\x15footprintctl apply --dry\tsom\t")
        shell.expect("footprintctl apply --dry-run some.yaml ")
        shell.keys("\x15footprintctl lookup --conf\t\x7f=so\t")
        shell.expect("=some.yaml ")
        shell.keys("\x15exit\n")
        assert shell.end() == 0


# ---- zsh ----

@pytest.fixture
def zsh(tmp_path):
    """zsh(words, expected...): completes the last word by a key, and waits for what is shown."""
    shells = []

    def start(**more):
        env = environment(TERM="xterm", HOME=str(tmp_path), ZDOTDIR=str(tmp_path), **more)
        shell = Terminal(["zsh", "-f", "-i"], tmp_path, env, columns=1000)
        shells.append(shell)
        shell.answer("PS1='rea''dy> '; unset zle_bracketed_paste; unsetopt prompt_sp; LISTMAX=0; "
                     f"fpath=({SCRIPT.parent} $fpath); autoload -Uz compinit; compinit -D -u; "
                     "bindkey '^I' complete-word; setopt no_always_last_prompt no_beep")
        shell.expect("ready> ")
        return shell

    yield start
    for shell in shells:
        shell.__exit__()


def listed(shell, line):
    """What the key lists, when there are several; the next prompt ends it."""
    shell.keys(f"\x15{line}\t")
    shell.keys("\x15print -r -- en''d\n")
    return CONTROL.sub("", shell.expect("\nend\n"))


def test_zsh_commands_and_options(zsh):
    shell = zsh()
    text = listed(shell, "footprintctl ")
    for command in commands():
        assert re.search(rf"\b{command} +-- \S", text), text
    for command in commands():
        text = listed(shell, f"footprintctl {command} --")
        for option in options(command):
            assert re.search(rf"{option}\b", text), (option, text)


def test_zsh_completes(zsh, tmp_path):
    (tmp_path / "some.yaml").write_text("")
    (tmp_path / "other").mkdir()
    shell = zsh()
    for keys, line in [("footprintctl expl\t", "footprintctl explain "),
                       ("footprintctl apply --dry\tso\t", "footprintctl apply --dry-run some.yaml "),
                       ("footprintctl lookup --config=so\t", "footprintctl lookup --config=some.yaml "),
                       ("footprintctl check \t", "footprintctl check other"),
                       ("footprintctl lookup --config so\t", "footprintctl lookup --config some.yaml ")]:
        # What the line has become is told by the shell itself.
        shell.keys(f"\x15{keys}\x01print -r -- '\x05<'\n")
        shell.expect("\n" + line.rstrip())  # a space that zsh added is taken back


def test_zsh_documents(zsh, ctl):  # noqa: F811
    more = {name: value for name, value in ctl.environment("reader").items() if "FOOTPRINTCTL" in name}
    shell = zsh(**more)
    shell.keys("\x15footprintctl edit \t\x01print -r -- '\x05<'\n")
    shell.expect("\nfootprintctl edit metro.yaml")


def test_zsh_without_a_server(zsh):
    shell = zsh(FOOTPRINTCTL_SERVER="http://127.0.0.1:1")
    shell.keys("\x15footprintctl edit \t\x01print -r -- '\x05<'\n")
    shell.expect("\nfootprintctl edit <")


# ---- installed ----

def test_installed(tmp_path):
    done = subprocess.run(["cmake", "--install", BUILD, "--prefix", tmp_path], capture_output=True,
                          text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    share = tmp_path / "share"
    assert (share / "bash-completion/completions/footprintctl").read_text() == SCRIPT.read_text()
    assert (share / "zsh/vendor-completions/_footprintctl").is_file()
