import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "property"))


def pytest_terminal_summary(terminalreporter):
    import shared_folder
    if not shared_folder.PRESENT:
        terminalreporter.write_line("the published examples are not here (FPD_SHARED): the cases of "
                                    "tests/golden, which restate them, carry the proof")
