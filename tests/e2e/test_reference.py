"""docs/reference/ is what tests/tools/reference.py makes of the tables in the code today."""
import sys

import pytest

from footprintd import BUILD, ROOT

sys.path.insert(0, str(ROOT / "tests/tools"))
from reference import plain, reference  # pylint: disable=wrong-import-position


@pytest.fixture(scope="module")
def made():
    return reference(BUILD)


def test_pages_are_made_of_todays_tables(made):
    there = {path.name: path.read_text() for path in (ROOT / "docs/reference").glob("*.md")}
    assert there.keys() == made.keys()
    for name, text in made.items():
        assert there[name] == text, f"run: python3 tests/tools/reference.py {BUILD}"


def test_pages_have_what_there_is(made):
    """A source of another form than the program expects would make a short page."""
    assert "| `listen[].tls.certificate` | path, required | The certificate with its chain, PEM. |" \
        in made["configuration.md"]
    assert "| `connections` | 16384 |" in made["limits.md"]
    assert "`footprintd_build_info`" in made["metrics.md"]
    assert "| `unknown-footprint` | error | a footprint name that no document defines |" in made["findings.md"]
    assert "| `footprintctl watch` | 3 | The feed is dead, see `--max-age`. |" in made["exit-codes.md"]
    for name, text in made.items():
        assert not [line for line in text.splitlines() if line.startswith(".")], name


@pytest.mark.parametrize("text, wanted", [
    ("One\n.B two\nthree.", "One `two` three."),
    ('.BR a\\-b " and " c ,', "`a-b` and `c`,"),
    (".I file\nhas x|y", "file has x\\|y"),
])
def test_plain(text, wanted):
    assert plain(text) == wanted
