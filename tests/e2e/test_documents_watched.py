"""Documents are read again when they change: whole files, together, and only good ones."""
import os

import pytest

from footprintd import DOCUMENT, Server, curl, write_config

QUICK = "watch: {debounce-ms: 20}\n"


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/a.yaml").write_text(DOCUMENT % "http/1.1")
    write_config(tmp_path, more=QUICK)
    return tmp_path


def advertised(server):
    return curl(server.url + "/cdni")[2].decode()


def test_a_saved_file(site):
    with Server(site / "footprintd.yaml") as server:
        (site / "footprints/a.yaml").write_text(DOCUMENT % "https/1.1")
        server.wait_line("generation 2: 1 document")
        assert "https/1.1" in advertised(server)


def test_a_file_that_is_moved_into_its_place(site):
    with Server(site / "footprintd.yaml") as server:
        (site / "footprints/.a.yaml.swp").write_text(DOCUMENT % "https/1.1")
        (site / "footprints/.a.yaml.swp").rename(site / "footprints/a.yaml")
        server.wait_line("generation 2: 1 document")
        assert "https/1.1" in advertised(server)


def test_a_file_that_goes(site):
    (site / "footprints/b.yaml").write_text("version: 1\n")
    with Server(site / "footprintd.yaml") as server:
        (site / "footprints/b.yaml").unlink()
        server.wait_line("generation 2: 1 document")


def test_half_a_save_is_not_read(site):
    """The file stays open, far beyond the debounce time, while another one changes."""
    with Server(site / "footprintd.yaml") as server:
        text = DOCUMENT % "https/1.1"
        with open(site / "footprints/a.yaml", "w", buffering=1) as half:
            half.write(text[:len(text) // 2])
            half.flush()
            (site / "footprints/b.yaml").write_text("version: 1\n")
            os.utime(site / "footprints/b.yaml")
            assert "http/1.1" in advertised(server)
            half.write(text[len(text) // 2:])
        server.wait_line("generation 2: 2 documents")
        assert "https/1.1" in advertised(server)
        assert not any("refused" in line for line in server.log)


def test_many_files_at_once_are_one_generation(site):
    write_config(site, more="watch: {debounce-ms: 300}\n")
    with Server(site / "footprintd.yaml") as server:
        for i in range(50):
            (site / f"footprints/more-{i}.yaml").write_text("version: 1\n")
        server.wait_line("generation 2: 51 documents")
        assert sum("has changed: reading it" in line for line in server.log) == 1


def test_a_refused_set_changes_nothing(site):
    with Server(site / "footprintd.yaml") as server:
        (site / "footprints/a.yaml").write_text("version: 7\n")
        server.wait_line("refused: .* generation 1 goes on being served")
        assert "http/1.1" in advertised(server)
        (site / "footprints/a.yaml").write_text(DOCUMENT % "https/1.1")
        server.wait_line("generation 2: 1 document")


def test_other_files_are_no_documents(site):
    with Server(site / "footprintd.yaml") as server:
        (site / "footprints/README.txt").write_text("hello\n")
        (site / "footprints/.hidden.yaml").write_text("version: 7\n")
        (site / "footprints/a.yaml").write_text(DOCUMENT % "https/1.1")
        server.wait_line("generation 2: 1 document")
        assert sum("has changed: reading it" in line for line in server.log) == 1


def test_switched_off(site):
    write_config(site, more="watch: {enabled: false}\n")
    with Server(site / "footprintd.yaml") as server:
        (site / "footprints/a.yaml").write_text(DOCUMENT % "https/1.1")
        server.send(1)  # SIGHUP: it is read now, and for this reason
        server.wait_line("generation 2: 1 document")
        assert not any("has changed: reading it" in line for line in server.log)
