#!/usr/bin/env python3
"""Writes docs/reference/ from the tables in the code: reference.py BUILD [DIRECTORY]

Keys of the configuration come from footprintd.yaml(5), which tests/unit/config_manual_test.c holds against
the table of keys; limits and metrics from footprintd itself; findings from doc/codes.def; codes of ALTO
errors from alto/error.c; exit codes from the manual pages. tests/e2e/test_reference.py says when the pages
are not those that this makes.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOTE = "<!-- Made by tests/tools/reference.py: change its sources, then run it. -->\n"


def plain(text):
    """Text of a manual page without its macros, as one paragraph of Markdown."""
    out = []
    for line in text.splitlines():
        macro = re.match(r"\.(BR|RB|BI|IR|RI|IB|B|I) (.*)$", line)
        if macro:
            parts = [a or b for a, b in re.findall(r'"([^"]*)"|(\S+)', macro[2])]
            if macro[1] in ("B", "I"):
                parts = [" ".join(parts)]
            bold = ["B" in macro[1][i % len(macro[1])] or len(macro[1]) == 1 for i in range(len(parts))]
            line = "".join(f"`{part}`" if code and macro[1] != "I" else part
                           for part, code in zip(parts, bold))
        elif line.startswith("."):
            continue
        out.append(line)
    text = re.sub(r"\\f[BIRP]", "", " ".join(out))
    text = text.replace("\\-", "-").replace("\\&", "").replace("\\(aq", "'").replace("\\e", "\\")
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def sentence(text):
    """The first sentence."""
    return re.split(r"(?<=[.:]) (?=[A-Z])", text)[0].rstrip(":")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def entries(page):
    """(name, kind, text) of the keys in a page."""
    text = (ROOT / "docs/man" / page).read_text()
    for item in re.split(r"^\.TP\n", text, flags=re.M)[1:]:
        head = re.match(r'\.BR (\S+) " \((.*)\)"\n', item)
        if head:
            body = re.split(r"^\.(?:SH|SS|TP)", item[head.end():], flags=re.M)[0]
            yield head[1].replace("\\-", "-"), head[2].replace("\\-", "-"), plain(body)


def configuration():
    rows = [(f"`{name}`", kind, sentence(text)) for name, kind, text in entries("footprintd.yaml.5")
            if not name.startswith("limits.")]
    assert len(rows) > 60, "the page has another form than before"
    return ("# Keys of the configuration\n\n" + NOTE + "\nThe file is `footprintd.yaml`; footprintd.yaml(5) says more of "
            "every key. The keys of `limits` are in\n[limits.md](limits.md).\n\n"
            + table(("key", "kind", "meaning"), rows))


def shown(build, option):
    return subprocess.run([pathlib.Path(build) / "footprintd", option], capture_output=True, text=True,
                          check=True).stdout


def limits(build):
    return ("# Limits\n\n" + NOTE + "\nEverything that a client or a document controls has a bound. They are keys of `limits` in "
            "the\nconfiguration; `footprintd --list-limits` shows them too.\n\n" + shown(build, "--list-limits"))


def metrics(build):
    return ("# Metrics\n\n" + NOTE + "\n`footprintd --list-metrics` shows them too.\n\n" + shown(build, "--list-metrics"))


def findings():
    text = (ROOT / "include/footprintd/doc/codes.def").read_text()
    rows = re.findall(r'^FINDING\(\w+, "([a-z-]+)", SEVERITY_(\w+),\s*"((?:[^"\\]|\\.)*)"\)', text, re.M)
    assert len(rows) == text.count("\nFINDING("), "a finding of another form"
    return ("# Findings\n\n" + NOTE + "\nWhat is told of documents, configuration, profiles and imported data has a code, which does "
            "not\nchange: `file:line:column: error: text [code]`. An error refuses everything that was read with it; "
            "a warning\nrefuses nothing. The [guide for operators](../operator-guide.md#what-errors-mean) says what to do.\n\n"
            + table(("code", "severity", "meaning"),
                    [(f"`{code}`", severity.lower(), text) for code, severity, text in sorted(rows)]))


def exit_codes():
    rows = []
    pages = sorted((ROOT / "docs/man").glob("*.[18]"), key=lambda path: (path.suffix != ".8", path.name))
    for page in pages:
        text = page.read_text()
        part = re.search(r"^\.SH EXIT STATUS\n(.*?)(?=^\.SH )", text, re.M | re.S)
        assert part, page.name
        found = re.findall(r"^\.TP\n\.B (\d)\n(.*?)(?=^\.TP|\Z)", part[1], re.M | re.S)
        name = page.stem.replace("footprintctl-", "footprintctl ")
        rows += [(f"`{name}`", code, plain(meaning)) for code, meaning in found]
        if not found:
            rows.append((f"`{name}`", "", plain(part[1])))
    return "# Exit codes\n\n" + NOTE + "\n" + table(("command", "code", "meaning"), rows)


def reference(build):
    """{name: text} of all pages."""
    return {"configuration.md": configuration(), "limits.md": limits(build), "metrics.md": metrics(build),
            "findings.md": findings(), "exit-codes.md": exit_codes()}


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: reference.py BUILD [DIRECTORY]")
    directory = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else ROOT / "docs/reference"
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in reference(sys.argv[1]).items():
        (directory / name).write_text(text)


if __name__ == "__main__":
    main()
