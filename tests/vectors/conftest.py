import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "property"), str(TESTS / "e2e")]


def pytest_terminal_summary(terminalreporter):
    import shared_folder
    if not shared_folder.PRESENT:
        terminalreporter.write_line("the published examples are not here (FPD_SHARED): the cases of "
                                    "tests/golden, which restate them, carry the proof")
