"""The pages of the documentation, as tests run them.

A page is README.md or one below docs. Every fenced block in it is one of these:

    ```console            `$ command` lines, each with the output that it has to have, where one is given;
                          a command that goes on in the next line ends in a backslash, a pipe, && or inside quotes
    ```yaml, ```json      has to be well-formed; after `<!-- file: NAME -->` it is written to that file
    ```c, ```text, ...    only with a comment that says what becomes of it

Comments before a block, or in front of any text, say what a reader need not see:

    <!-- run: COMMAND -->         run now; must succeed
    <!-- file: NAME -->           the next block is the content of that file
    <!-- exits: N -->             the next block's last command ends with N
    <!-- until: N lines -->       the next block's command goes on for ever: ended after N lines
    <!-- after: N lines: COMMAND -->  meanwhile, when N lines of it are there, this is run
    <!-- log -->                  the next block's lines are in the log of the server
    <!-- not run: REASON -->      the next block is not run; counted

In output, a line `...` stands for any lines, `...` within a line for any text. Times, tags, ports, tokens
and the sandbox's path are made equal first; equal tags stay equal. Empty lines at the end do not count. `footprintd --config FILE &` starts a
server on ports of its own; `systemctl reload footprintd` sends it a signal. FPD_DOCS_WRITE=1 writes the
outputs that there are into the pages; look at what changed.
"""
import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

import yaml

from footprintd import BUILD, LIMIT, ROOT, Server

WRITE = bool(os.environ.get("FPD_DOCS_WRITE"))
COMMENT = re.compile(r"<!-- (run|file|exits|until|after|not run|log)(?:: (.*))? -->$")
START = re.compile(r"footprintd --config (\S+) &$")
HEALTH = re.compile(r"footprintd --config (\S+) --healthcheck$")
ADDRESS = re.compile(r"(127\.0\.0\.1|localhost|0\.0\.0\.0):([0-9]+)")
DATA = ("yaml", "json")


@dataclasses.dataclass
class Block:
    """A fenced block; first: the index of its first line in the page."""
    language: str
    first: int
    lines: list
    marks: list  # (what, text)

    def mark(self, what):
        return next((text for name, text in self.marks if name == what), None)

    def has(self, what):
        return any(name == what for name, _ in self.marks)


@dataclasses.dataclass
class Command:
    text: str
    expected: list
    first: int  # of the expected lines in the page


def blocks(lines):
    """Blocks in order, and ("run", command) between them as they come."""
    found, marks, i = [], [], 0
    while i < len(lines):
        line = lines[i]
        comment = COMMENT.match(line)
        if comment and comment[1] == "run":
            found.append(comment[2])
        elif comment:
            marks.append((comment[1], comment[2] or ""))
        elif line.startswith("```"):
            end = lines.index("```", i + 1)
            found.append(Block(line[3:], i + 1, lines[i + 1:end], marks))
            marks, i = [], end
        elif line.strip() and marks:
            raise AssertionError(f"line {i + 1}: a comment that no block follows: {marks}")
        i += 1
    assert not marks, f"comments that no block follows: {marks}"
    return found


def is_open(text):
    """Whether a shell reads on after this text: a backslash, a pipe, a quote."""
    if text.endswith(("\\", "|", "&&")):
        return True
    quote = None
    for c in text.replace("\\'", "").replace('\\"', ""):
        if quote is None and c in "'\"":
            quote = c
        elif c == quote:
            quote = None
    return quote is not None


def commands(block):
    """The commands of a console block."""
    found = []
    i = 0
    while i < len(block.lines):
        line = block.lines[i]
        i += 1
        if line.startswith("$ "):
            text = line[2:]
            while is_open(text):
                text += "\n" + block.lines[i]
                i += 1
            found.append(Command(text, [], block.first + i))
        else:
            assert found, f"line {block.first + i}: a console block begins with '$ '"
            found[-1].expected.append(line)
    return found


class Normal:
    """Makes texts comparable. One for the expected side of a page and one for the actual."""

    def __init__(self):
        self.tags = {}

    def _tag(self, match):
        return "TAG" + str(self.tags.setdefault(match[0], len(self.tags) + 1))

    def text(self, line):
        line = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME", line)
        line = re.sub(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", "TIME", line)
        line = re.sub(r"\b(in|took) \d+ ms\b", r"\1 N ms", line)
        line = re.sub(r"^  running for .*", "  running for N", line)
        line = re.sub(r"\b[0-9a-f]{64}\b", "SHA256", line)
        line = re.sub(r"/(updates|tips)/(?:[A-Za-z0-9_-]{22}){1,2}(?![A-Za-z0-9_-])", r"/\1/TOKEN", line)
        return re.sub(r"(?<![A-Za-z0-9_/-])[A-Za-z0-9_-]{27}(?![A-Za-z0-9_-])", self._tag, line)


def line_matches(pattern, line):
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("...")), line) is not None


def matches(expected, actual):
    """Whether the lines are those, where `...` stands for any lines."""
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(matches(expected[1:], actual[i:]) for i in range(len(actual) + 1))
    return bool(actual) and line_matches(expected[0], actual[0]) and matches(expected[1:], actual[1:])


SYSTEMCTL = """#!/bin/sh
# Stands for the service manager: the server is the one that the test runs.
case $* in
'reload footprintd') kill -HUP "$(cat "$SANDBOX/.pid")" ;;
esac
"""


class Sandbox:
    """A directory with the example documents, and the servers that a page starts in it."""

    def __init__(self, directory):
        self.directory = directory
        self.servers = []
        self.log = []
        self.ports = {}        # a page's port: that of the newest server
        self.pages_ports = {}  # a port of any server so far: the page's
        (directory / "bin").mkdir()
        shim = directory / "bin/systemctl"
        shim.write_text(SYSTEMCTL)
        shim.chmod(0o755)
        self.work = directory / "work"
        self.work.mkdir()
        for name in ("footprints", "conf", "docs/examples", "docker"):
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self.work / name)
        (directory / "environment").write_text("")
        path = f"{directory}/bin:{BUILD}:{os.environ['PATH']}"
        self.environment = {"PATH": path, "HOME": str(directory), "LC_ALL": "C.UTF-8", "TERM": "dumb",
                            "SANDBOX": str(directory), "USER": "ada"}
        for name in os.environ:
            if name.endswith("SAN_OPTIONS"):
                self.environment[name] = os.environ[name]

    def outward(self, text):
        """The ports of the page become those that there are."""
        return ADDRESS.sub(lambda m: f"{m[1]}:{self.ports.get(m[2], m[2])}", text)

    def inward_ports(self, text):
        return ADDRESS.sub(lambda m: f"{m[1]}:{self.pages_ports.get(m[2], m[2])}", text)

    def inward(self, text):
        """Ports and paths as a page has them."""
        text = self.inward_ports(text)
        return text.replace(str(self.work) + "/", "").replace(str(self.work), ".")

    def start(self, config):
        """Starts a server, on ports that it picks itself."""
        path = self.work / config
        text = self.inward(path.read_text())
        given = yaml.safe_load(text)
        wanted = [item["address"].rpartition(":")[2] for item in given["listen"]]
        own = path.with_name(path.stem + ".ports" + path.suffix)
        own.write_text(re.sub(r'((?:address|listen): *"[^"]*:)[0-9]+"', r'\g<1>0"', text))
        server = Server(own, before=lambda: os.chdir(self.work))
        self.servers.append(server)
        server.wait_ready()
        found = list(zip(wanted, server.urls))
        if server.admin:
            found.append((given["admin"]["listen"].rpartition(":")[2], server.admin))
        if server.metrics:
            found.append((given["metrics"]["listen"].rpartition(":")[2], server.metrics))
        for port, url in found:
            self.ports[port] = url.rpartition(":")[2]
            self.pages_ports[self.ports[port]] = port
        (self.directory / ".pid").write_text(str(server.process.pid))

    def shell(self, text):
        """A shell that goes on where the last one ended: directory, umask and exported variables."""
        kept = self.directory / "environment"
        kept.write_text(self.outward(self.inward_ports(kept.read_text())))
        script = (f". {kept}\n{self.outward(text)}\ncode=$?\n"
                  f"{{ echo \"cd '$PWD'; umask $(umask)\"; export -p; }} >{kept}\nexit $code\n")
        return subprocess.Popen(["bash", "-c", script], cwd=self.work, env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                stdin=subprocess.DEVNULL, start_new_session=True)

    def run(self, text):
        """(exit code, lines)"""
        match = START.match(text)
        if match:
            self.start(match[1])
            return 0, []
        match = HEALTH.match(text)
        if match:
            path = self.work / match[1]
            asked = path.with_name(path.stem + ".asked" + path.suffix)
            asked.write_text(self.outward(path.read_text()))
            text = text.replace(match[1], str(asked.relative_to(self.work)))
        process = self.shell(text)
        try:
            output, _ = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, self.inward(output).rstrip("\n").splitlines()

    def run_until(self, text, count, after):
        """The first lines of a command that goes on; after: (lines, command)."""
        process = self.shell(text)
        lines = []
        timer = threading.Timer(LIMIT, lambda: os.killpg(process.pid, signal.SIGKILL))
        timer.start()
        try:
            for line in process.stdout:
                lines.append(self.inward(line.rstrip("\n")))
                if after and len(lines) == after[0]:
                    code, output = self.run(after[1])
                    assert code == 0, output
                if len(lines) == count:
                    break
        finally:
            timer.cancel()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.stdout.close()
            process.wait(timeout=LIMIT)
        return lines

    def log_has(self, lines):
        """Waits until each line is in the log of the newest server."""
        until = time.monotonic() + LIMIT
        while True:
            normal = Normal()
            there = [normal.text(self.inward(line)) for line in self.servers[-1].log]
            missing = [line for line in lines
                       if not any(line_matches(Normal().text(line), other) for other in there)]
            if not missing:
                return
            assert time.monotonic() < until, f"not in the log: {missing}\n" + "\n".join(there)
            time.sleep(0.05)

    def stop(self):
        for server in self.servers:
            if server.process.poll() is None:
                code = server.end()
                assert code == 0, "\n".join(server.log)


def check_data(block, page):
    """YAML and JSON are well-formed; JSON may be one value a line."""
    text = "\n".join(block.lines)
    if block.language == "yaml":
        list(yaml.safe_load_all(text))
        return
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise AssertionError(f"{page}:{block.first}: {error}") from error


def run_page(page, directory):
    """Runs all of a page; the number of blocks that are not run."""
    lines = page.read_text().splitlines()
    expected, actual = Normal(), Normal()
    sandbox = Sandbox(directory)
    written = []  # (first, number of lines, lines)
    skipped = 0
    try:
        for block in blocks(lines):
            if isinstance(block, str):
                code, output = sandbox.run(block)
                assert code == 0, (block, output)
                continue
            where = f"{page.name}:{block.first}"
            if block.has("not run"):
                assert len(block.mark("not run").split()) > 2, f"{where}: no reason"
                skipped += 1
                continue
            if block.has("file"):
                path = sandbox.work / block.mark("file")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("\n".join(block.lines) + "\n")
            if block.language in DATA:
                check_data(block, page.name)
            elif block.has("log"):
                sandbox.log_has(block.lines)
            elif block.language == "console":
                written += run_block(sandbox, block, where, expected, actual)
            else:
                assert block.has("file"), f"{where}: what becomes of this block?"
    finally:
        for first, count, new in reversed(written):
            lines[first:first + count] = new
        if written:
            page.write_text("\n".join(lines) + "\n")
        sandbox.stop()
    return skipped


def run_block(sandbox, block, where, expected, actual):
    """Runs a console block; what is to be written into the page instead."""
    found = commands(block)
    written = []
    for command in found:
        after = block.mark("after")
        if block.has("until"):
            count = int(block.mark("until").split()[0])
            if after:
                number, _, text = after.partition(" lines: ")
                after = int(number), text
            code, output = None, sandbox.run_until(command.text, count, after)
        else:
            code, output = sandbox.run(command.text)
        wanted = int(block.mark("exits") or 0) if command is found[-1] else 0
        assert code in (None, wanted), f"{where}: exit code {code} of {command.text}\n" + "\n".join(output)
        pattern = [expected.text(line) for line in command.expected]
        got = [actual.text(line) for line in output]
        if command.expected and not matches(pattern, got):
            if not WRITE:
                raise AssertionError(f"{where}: $ {command.text}\nexpected:\n" + "\n".join(pattern)
                                     + "\ngot:\n" + "\n".join(got))
            written.append((command.first, len(command.expected), output))
    return written


def pages():
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
