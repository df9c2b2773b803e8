"""Metrics and health: what a scraper, a container runtime and a person are told."""
import re

from footprintd import ROOT, run


def rows(option):
    """The rows of a table in Markdown, as lists of cells."""
    done = run("footprintd", option)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.strip("|").split("|") for line in done.stdout.splitlines()]
    assert len(lines) > 3 and all(len(cells) == 4 for cells in lines)
    assert all(set(cell) <= {"-", " "} for cell in lines[1])
    return [[cell.strip() for cell in cells] for cells in lines[2:]]


def test_reference_of_limits():
    """All that the manual page has, with the defaults that it says."""
    text = (ROOT / "docs/man/footprintd.yaml.5").read_text().replace("\\-", "-")
    described = re.findall(r'^\.BR limits\.(\S+) " \(number (\d+ to \d+), default (\d+)\)"', text,
                           re.M)
    assert [(f"`{key}`", default, span) for key, span, default in described] == \
        [tuple(row[:3]) for row in rows("--list-limits")]


def test_reference_of_metrics():
    names = [row[0].strip("`") for row in rows("--list-metrics")]
    assert len(names) == len(set(names)) and "footprintd_build_info" in names
    assert all(re.fullmatch(r"(footprintd|process)_[a-z_]+", name) for name in names)
