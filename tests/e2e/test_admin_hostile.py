"""A system that refuses: a full disk, directories and files that cannot be read or written, a clock
that jumps. It is told clearly, nothing is changed in part, the service goes on, and all is well
when the condition is gone, without a restart."""
import ctypes
import datetime
import email.utils
import os
import pathlib
import re
import resource
import signal
import subprocess

import pytest

from admin import TOKENS, AdminClient, write_tokens
from edit_proof import text_of
from footprintd import BUILD, LIMIT, Server, curl, write_config

ADMIN = 'admin: {listen: "127.0.0.1:0", tokens: tokens}\nstate: state\n'
NAMES = [f"d{i}.yaml" for i in range(3)]


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints").mkdir()
    for i, name in enumerate(NAMES):
        (tmp_path / "footprints" / name).write_text(text_of(name, "first", i))
    write_tokens(tmp_path)
    write_config(tmp_path, more=ADMIN)
    yield tmp_path
    for path in [tmp_path / "footprints", tmp_path / "state"]:
        if path.exists():
            path.chmod(0o755)


def without_power():
    """Root is refused like anybody else: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH go."""
    if os.geteuid() == 0:
        for capability in (1, 2):
            assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0  # PR_CAPBSET_DROP
    # A file that would be too large is a failure of the call then, not the end of the process.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


class Site:
    """A running server, and what it has to go on doing."""

    def __init__(self, site, server):
        self.directory, self.documents, self.server = site, site / "footprints", server
        self.client = AdminClient(server.admin, TOKENS["admin"])
        self.number = 100
        self.texts = {name: (self.documents / name).read_text() for name in NAMES}
        self.generation = 1

    def change(self, *names):
        """(status, body) of a change of these documents, which is in self.wanted."""
        self.number += 1
        self.wanted = {name: text_of(name, f"change {self.number}", self.number)
                       for name in names or NAMES[:2]}
        return self.client.call("POST", "/v1/changes",
                                {"documents": self.wanted, "message": "m", "yes": True})

    def is_made(self, answer):
        status, body = answer
        assert status == 200, body
        self.generation += 1
        assert body["generation"] == self.generation
        self.texts.update(self.wanted)
        assert self.client.call("GET", f"/v1/generations/{self.generation}")[1]["texts"] == self.texts
        self.is_as_before()
        assert body["kept"] == []

    def is_refused(self, answer, status, code, detail):
        got, body = answer
        assert (got, body["code"]) == (status, code), body
        assert re.search(detail, body["detail"]), body
        return body

    def is_as_before(self, files=True):
        """Documents, history and service; nothing lies about."""
        assert self.client.call("GET", "/v1/status")[1]["generation"] == self.generation
        listed = self.client.call("GET", "/v1/generations?limit=1")[1]["generations"][0]
        assert listed["generation"] == self.generation
        status, headers, _ = self.get("/cdni")
        vtags = self.client.call("GET", f"/v1/generations/{self.generation}")[1]["vtags"]
        assert status == 200 and headers["etag"].strip('"').startswith(vtags["cdni"])
        if files:
            assert {p.name: p.read_text() for p in self.documents.glob("d?.yaml")} == self.texts
            assert not list(self.documents.glob(".fpd-*"))

    def get(self, path, *more):
        return curl(*more, self.server.url + path)


@pytest.fixture
def running(site):
    with Server(site / "footprintd.yaml", before=without_power) as server:
        yield Site(site, server)


def told(server, pattern, since=0):
    """How many lines of the log say that; what is logged comes before the answer, or soon after."""
    return sum(re.search(pattern, line) is not None for line in server.log[since:])


# ---- a full disk ----

def limit_files(server, size):
    """No file of the server's may become longer: the same failure of the same calls."""
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_disk_full(running):
    """Documents and history can hold nothing more."""
    running.is_made(running.change())
    for size, detail in [(0, r"the file d0\.yaml cannot be written: File too large$"),
                         (500, r"the history \S+/history\.db cannot be ")]:
        limit_files(running.server, size)
        for _ in range(2):
            running.is_refused(running.change(), 500, "failed", detail)
            running.server.wait_line("error admin: edit by ada: refused with 500: " +
                                     detail.removesuffix("$"))
            running.is_as_before()
        # A person's save is not taken over either: what is not recorded is not served.
        saved = running.documents / "d2.yaml"
        saved.write_text(text_of("d2.yaml", "saved", 7))
        running.server.send(signal.SIGHUP)
        running.server.wait_line("error build: the documents were refused: ")
        running.is_as_before(files=False)
        saved.write_text(running.texts["d2.yaml"])
        limit_files(running.server, resource.RLIM_INFINITY)
        running.is_made(running.change())
    assert not told(running.server, "Sanitizer|this is a defect")


def all_or_nothing(running):
    """A change of which the disk has no room for all that is written; whether it was made."""
    status, body = answer = running.change()
    if status == 200 and body["kept"]:
        # It is done; the history could not be told that the files have followed.
        running.generation += 1
        running.texts.update(running.wanted)
        running.is_as_before(files=False)
    elif status == 200:
        running.is_made(answer)
    else:
        running.is_refused(answer, 500, "failed", "cannot be ")
        running.is_as_before()
    return status == 200


def test_disk_full_at_every_step(running):
    """It is full a little later each time: whatever was written by then, it is all or nothing."""
    made = 0
    for n in range(40):
        journal = running.directory / "state/history.db-wal"
        limit_files(running.server, journal.stat().st_size + 4120 * (n // 2))
        made += all_or_nothing(running)
        limit_files(running.server, resource.RLIM_INFINITY)
        running.is_made(running.change())
    assert 0 < made < 40


# ---- directories that cannot be written, or read ----

def test_read_only_documents(running):
    running.documents.chmod(0o555)
    running.is_refused(running.change(), 409, "unwritable", r"footprints cannot be written: ")
    running.is_refused(running.client.call("DELETE", "/v1/documents/d0.yaml?yes=1"), 409,
                       "unwritable", r"footprints cannot be written: ")
    running.is_refused(running.client.call("POST", "/v1/changes", {"documents": {"d0.yaml": None},
                                                                   "yes": True}),
                       409, "unwritable", r"footprints cannot be written: ")
    running.server.wait_line(r"edit by ada: refused with 409: the directory \S+ cannot be written")
    running.is_as_before()
    running.documents.chmod(0o755)
    running.is_made(running.change())


def test_documents_that_cannot_be_listed(running):
    running.documents.chmod(0)
    running.is_refused(running.change(), 500, "unreadable", r"footprints, cannot be read")
    running.server.wait_line("error admin: edit by ada: refused with 500: the directory of documents")
    running.is_as_before(files=False)
    running.documents.chmod(0o755)
    running.is_as_before()
    running.is_made(running.change())


@pytest.mark.parametrize("what", ["directory", "files"])
def test_read_only_state(site, what):
    """Nothing can be recorded: it does not begin, and says why; later it does."""
    with Server(site / "footprintd.yaml") as server:
        running = Site(site, server)
        running.is_made(running.change())
    paths = [site / "state"] if what == "directory" else list((site / "state").iterdir())
    modes = [(path, path.stat().st_mode & 0o777) for path in paths]
    for path, mode in modes:
        path.chmod(mode & 0o555)
    done = subprocess.run([BUILD / "footprintd", "--config", site / "footprintd.yaml"], text=True,
                          capture_output=True, timeout=LIMIT, preexec_fn=without_power, check=False)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if "running as root" not in line]
    assert re.search(r"error history: the history cannot be used: .*/state.*"
                     r"(readonly database|Permission denied)", line)
    for path, mode in modes:
        path.chmod(mode)
    with Server(site / "footprintd.yaml") as server:
        again = Site(site, server)
        again.generation, again.number = running.generation, running.number
        again.is_as_before()
        again.is_made(again.change())


# ---- a file that cannot be read ----

def make_directory(path):
    path.mkdir()


def make_dangling_link(path):
    path.symlink_to("/nonexistent/document.yaml")


def make_pipe(path):
    os.mkfifo(path)


def make_unreadable(path):
    path.write_text(text_of("x.yaml", "x", 9))
    path.chmod(0)


UNREADABLE = [(make_directory, "not a regular file", pathlib.Path.rmdir),
              (make_dangling_link, "No such file or directory", pathlib.Path.unlink),
              (make_pipe, "not a regular file", pathlib.Path.unlink),
              (make_unreadable, "Permission denied", pathlib.Path.unlink)]


@pytest.mark.parametrize("make, why, take_away", UNREADABLE,
                         ids=[make.__name__ for make, _, _ in UNREADABLE])
def test_unreadable_document(running, make, why, take_away):
    """The set is refused with it, and a set without it is nobody's wish."""
    path = running.documents / "x.yaml"
    make(path)
    for names in (["d0.yaml"], ["x.yaml"], ["d1.yaml", "x.yaml"]):
        body = running.is_refused(running.change(*names), 422, "refused", "1 error")
        (finding,) = [f for f in body["report"]["findings"] if f["severity"] == "error"]
        assert (finding["code"], finding["file"]) == ("unreadable", "x.yaml")
        assert why in finding["text"]
        running.is_as_before()
    running.is_refused(running.client.call("DELETE", "/v1/documents/x.yaml?yes=1"), 422, "refused",
                       "1 error")
    running.is_refused(running.client.call("POST", "/v1/rollback", {"generation": 1, "yes": True}),
                       422, "refused", "1 error")
    refused = running.client.call("GET", "/v1/status")[1]["refused"]
    assert "x.yaml" in [f["file"] for f in refused["report"]["findings"]]
    listed = running.client.call("GET", "/v1/documents")[1]["documents"]
    assert {"name": "x.yaml", "size": None, "etag": None} in listed
    # Told of once, whatever is tried.
    assert told(running.server, r"error build: the documents were refused: ") == 1
    take_away(path)
    running.is_made(running.change())
    assert running.client.call("GET", "/v1/status")[1]["refused"] is None


@pytest.mark.parametrize("make, why, take_away", UNREADABLE,
                         ids=[make.__name__ for make, _, _ in UNREADABLE])
def test_document_becomes_unreadable(running, make, why, take_away):
    """What is served stays, with the document that cannot be read any more."""
    path = running.documents / "d1.yaml"
    path.unlink()
    make(path)
    body = running.is_refused(running.change("d0.yaml"), 422, "refused", "1 error")
    assert why in body["report"]["findings"][0]["text"]
    running.is_as_before(files=False)
    take_away(path)
    path.write_text(running.texts["d1.yaml"])
    running.is_made(running.change("d0.yaml"))


# ---- the clock ----

def make_timed(running, clock):
    """Makes a change; between which times."""
    before = clock.now()
    running.is_made(running.change())
    return before, clock.now()


def test_clock_jumps(site, clock):
    """Numbers order the history, whatever the clock says; times are told as they were."""
    write_config(site, more=ADMIN + "history: {keep: 6}\n")
    jumps = [{}, {"days": -1}, {"hours": 1}, {"days": 400}, {"days": -800}, {"seconds": -1}, {}]
    times = [(clock.now(), clock.now() + datetime.timedelta(seconds=LIMIT))]
    with Server(site / "footprintd.yaml", env=clock.environment()) as server:
        running = Site(site, server)
        for jump in jumps:
            clock.jump(**jump)
            running.client.close()  # an idle connection may have its end, with all that time
            etag = running.get("/cdni")[1]["etag"]
            times.append(make_timed(running, clock))
            check_served(running, clock, etag)
        check_history(running, times)
    # Before the newest generation, and a start finds nothing new.
    clock.jump(days=-3000)
    with Server(site / "footprintd.yaml", env=clock.environment()) as server:
        running.server, running.client = server, AdminClient(server.admin, TOKENS["admin"])
        running.is_as_before()
        check_history(running, times)
        times.append(make_timed(running, clock))
        check_history(running, times)


def check_served(running, clock, before):
    """The new one, to whoever has the old one, and with no time that is still to come."""
    status, headers, _ = running.get("/cdni", "-H", f"If-None-Match: {before}")
    assert status == 200 and headers["etag"] != before
    assert running.get("/cdni", "-H", f"If-None-Match: {headers['etag']}")[0] == 304
    assert "age" not in headers
    for name in ("date", "last-modified"):
        if name in headers:
            told_time = email.utils.parsedate_to_datetime(headers[name]).replace(tzinfo=None)
            assert told_time <= clock.now(), (name, headers[name], clock.now())


def check_history(running, times):
    """The newest ones are kept, by number; pages as well."""
    total = min(len(times), 6)
    listed = running.client.call("GET", "/v1/generations")[1]
    assert listed["total"] == total
    numbers = [g["generation"] for g in listed["generations"]]
    assert numbers == list(range(len(times), len(times) - total, -1))
    for generation in listed["generations"]:
        since, until = times[generation["generation"] - 1]
        told_time = datetime.datetime.strptime(generation["time"], "%Y-%m-%dT%H:%M:%SZ")
        assert since <= told_time <= until, generation
    page = running.client.call("GET", f"/v1/generations?below={numbers[1]}&limit=2")[1]
    assert page["generations"] == listed["generations"][2:4]
    audit = running.client.call("GET", "/v1/audit")[1]["audit"]
    assert [line["id"] for line in audit] == sorted((line["id"] for line in audit), reverse=True)
