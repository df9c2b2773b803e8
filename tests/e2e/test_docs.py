"""The documentation: everything in it that a reader can run is run, and says what comes of it."""
import re

import pytest
import yaml

import documentation
from documentation import pages, run_page
from footprintd import ROOT

# Blocks that are not run, by page; each says in the page why. A new one is a decision.
NOT_RUN = {"README.md": 3, "docs/library.md": 1, "docs/deployment.md": 4,
           "docs/discovery.md": 2}


def name_of(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_page(page, tmp_path):
    assert run_page(page, tmp_path) == NOT_RUN.get(name_of(page), 0)


def anchors(path):
    """The anchors of a page's headings, as they are made of them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_links(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"https?:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path), target


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_manual_pages_exist(page):
    ours = re.findall(r"\b(footprint(?:d|s|ctl)(?:[-.][a-z]+)*|ucdns\.yaml)\(([158])\)", page.read_text())
    for name, section in ours:
        assert (ROOT / f"docs/man/{name}.{section}").is_file(), f"{name}({section})"


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_files_exist(page):
    """What a page names in the repository is there."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    named = re.findall(r"`((?:conf|docker|docs|include|src|tests)/[^`*\s]*)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_index_has_every_page():
    index = (ROOT / "docs/README.md").read_text()
    linked = {(ROOT / "docs" / target.partition("#")[0]).resolve()
              for target in re.findall(r"\]\(([^)\s]+)\)", index)}
    there = set(pages()) - {ROOT / "README.md", ROOT / "docs/README.md"}
    assert there <= linked, there - linked


# ---- what the above rests on ----

def page_of(tmp_path, text):
    path = tmp_path / "page.md"
    path.write_text(text)
    directory = tmp_path / "sandbox"
    directory.mkdir()
    return path, directory


@pytest.mark.parametrize("text", [
    "```console\n$ echo one\ntwo\n```\n",              # another output
    "```console\n$ printf 'a\\nb\\n'\na\n```\n",       # more output
    "```console\n$ echo a\na\nb\n```\n",               # less output
    "```console\n$ false\n```\n",                      # a failure that nobody said
    "<!-- exits: 1 -->\n```console\n$ true\n```\n",
    "<!-- run: false -->\n",
    "<!-- not run: so -->\n```console\n$ true\n```\n",  # no reason
    "```\n$ true\n```\n",                              # nobody says what it is
    "```yaml\na: [\n```\n",
    "```json\n{'a': 1}\n```\n",
    "<!-- exits: 1 -->\ntext\n",                       # a comment for nothing
    # Tags are equal where they were equal.
    "```console\n$ echo abcdefghijklmnopqrstuvwxyz0; echo abcdefghijklmnopqrstuvwxyz0\n"
    "abcdefghijklmnopqrstuvwxyz1\nabcdefghijklmnopqrstuvwxyz2\n```\n",
    "<!-- until: 2 lines -->\n```console\n$ yes\ny\nn\n```\n",
])
def test_mistakes_are_found(tmp_path, monkeypatch, text):
    monkeypatch.setattr(documentation, "WRITE", False)
    with pytest.raises((AssertionError, yaml.YAMLError)):
        run_page(*page_of(tmp_path, text))


@pytest.mark.parametrize("text, skipped", [
    ("```console\n$ echo one\none\n$ printf 'a\\nb\\nc\\n'\na\n...\n```\n", 0),
    ("```console\n$ echo '2026-11-26T12:40:01.580Z a b'\n2020-01-01T00:00:00Z ... b\n```\n", 0),
    ("```console\n$ echo a \\\n    b\na b\n$ echo 'c\nd'\nc\nd\n```\n", 0),
    ("```console\n$ export A=1; mkdir x; cd x\n$ echo $A $(basename $PWD)\n1 x\n```\n", 0),
    ("<!-- exits: 3 -->\n```console\n$ true\n$ exit 3\n```\n", 0),
    ("<!-- file: a/b.yaml -->\n```yaml\nc: 1\n```\n```console\n$ cat a/b.yaml\nc: 1\n```\n", 0),
    ("<!-- not run: it needs a network of its own -->\n```console\n$ false\n```\n", 1),
    ("<!-- until: 2 lines -->\n<!-- after: 1 lines: touch it -->\n"
     "```console\n$ echo a; until [ -e it ]; do sleep 0.01; done; yes\na\ny\n```\n", 0),
])
def test_pages_that_are_right(tmp_path, monkeypatch, text, skipped):
    monkeypatch.setattr(documentation, "WRITE", False)
    assert run_page(*page_of(tmp_path, text)) == skipped


def test_outputs_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr(documentation, "WRITE", True)
    page, directory = page_of(tmp_path, "a\n```console\n$ echo 1; echo 2\n0\n$ echo 3\n4\n5\n```\nb\n")
    run_page(page, directory)
    assert page.read_text() == "a\n```console\n$ echo 1; echo 2\n1\n2\n$ echo 3\n3\n```\nb\n"
