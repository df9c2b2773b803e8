"""Changes over the admin interface of a running footprintd: bodies, conditions, what is refused."""
import contextlib
import hashlib
import http.client
import json
import re
import shutil
import signal
import subprocess
import threading

import pytest

from admin import bearer, write_tokens
import http_client
from footprintd import DOCUMENT, Server, curl, wait_until, write_config
from stopped import Stopped
from test_admin import check_schema

ADMIN = 'admin: {listen: "127.0.0.1:0", tokens: tokens}\nstate: state\n'
ONE, TWO, THREE = (DOCUMENT % f"http/{v}" for v in ("1.1", "2", "3"))


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/all.yaml").write_text(ONE)
    write_tokens(tmp_path)
    write_config(tmp_path, more=ADMIN)
    return tmp_path


@pytest.fixture
def server(site):
    with Server(site / "footprintd.yaml") as running:
        yield running


def etag(text):
    return f'"{hashlib.sha256(text.encode()).hexdigest()}"'


def send(server, method, path, data, *more, role="editor", kind="application/json"):
    body = data if isinstance(data, str) else json.dumps(data)
    status, _, answer = curl("-X", method, "-H", bearer(role), "-H", f"Content-Type: {kind}", *more,
                             "--data-binary", body, server.admin + path)
    return status, json.loads(answer)


def applied(answer, generation):
    status, body = answer
    assert status == 200, body
    assert check_schema("Applied", body)["generation"] == generation
    return body


def refused(answer, status, code, schema="Problem"):
    got, body = answer
    assert (got, body["code"]) == (status, code), body
    return check_schema(schema, body)


def read(server, path, schema, role="admin"):
    status, _, body = curl("-H", bearer(role), server.admin + path)
    assert status == 200, body
    return check_schema(schema, json.loads(body))


def test_put_and_delete(server, site):
    path = "/v1/documents/more.yaml"
    # Others than all.yaml: another object of the same footprint.
    body = applied(send(server, "PUT", path + "?dry-run=1", TWO, kind="application/yaml"), None)
    assert not body["same"] and not (site / "footprints/more.yaml").exists()
    body = applied(send(server, "PUT", path + "?message=more", TWO, "-H", "If-None-Match: *",
                        kind="application/yaml"), 2)
    assert body["summary"] == body["difference"]["summary"] and body["kept"] == []
    # Documents have names; where they lie is nobody's business.
    assert '"document": "more.yaml"' in json.dumps(body) and str(site) not in json.dumps(body)
    assert (site / "footprints/more.yaml").read_text() == TWO
    refused(send(server, "PUT", path, TWO, "-H", "If-None-Match: *", kind="application/yaml"),
            412, "conflict")
    refused(send(server, "PUT", path, THREE, "-H", f"If-Match: {etag(ONE)}", kind="application/yaml"),
            412, "conflict")
    applied(send(server, "PUT", path, THREE, "-H", f"If-Match: {etag(TWO)}", kind="application/yaml"),
            3)
    applied(send(server, "DELETE", path, "", "-H", f"If-Match: {etag(THREE)}"), 4)
    assert not (site / "footprints/more.yaml").exists()
    kinds = read(server, "/v1/generations", "GenerationList")
    assert kinds["total"] == 4
    assert [g["message"] for g in kinds["generations"]] == ["", "", "more", ""]
    whole = read(server, "/v1/generations/3", "Generation")
    assert whole["texts"] == {"all.yaml": ONE, "more.yaml": THREE}


def test_put_of_what_has_to_be_there(server, site):
    """If-Match with "*" does not bring back what somebody deleted."""
    put = ["PUT", "/v1/documents/more.yaml", TWO, "-H", "If-Match: *"]
    refused(send(server, *put, kind="application/yaml"), 412, "conflict")
    assert not (site / "footprints/more.yaml").exists()
    (site / "footprints/more.yaml").write_text(THREE)
    applied(send(server, *put, kind="application/yaml"), 3)


def test_pages(server):
    for text in (TWO, THREE, ONE):
        assert send(server, "POST", "/v1/changes", {"documents": {"b.yaml": text}})[0] == 200
    page = read(server, "/v1/generations?below=4&limit=2", "GenerationList")
    assert [g["generation"] for g in page["generations"]] == [3, 2] and page["total"] == 4
    audit = read(server, "/v1/audit", "Audit")["audit"]
    assert read(server, f"/v1/audit?below={audit[0]['id']}&limit=1", "Audit")["audit"] == audit[1:2]
    for path in ("/v1/generations", "/v1/audit"):
        for query in ("limit=x", "below=-1", "below=1.5", "limit="):
            status, _, body = curl("-H", bearer("admin"), f"{server.admin}{path}?{query}")
            assert (status, json.loads(body)["code"]) == (400, "bad-query"), query


@pytest.mark.parametrize("path", ["/v1/changes", "/v1/changes?dry-run=1", "/v1/diff"])
def test_conditions(server, site, path):
    """A preview refuses what the change itself would be refused for."""
    documents = {"all.yaml": TWO, "new.yaml": THREE}
    good = {"all.yaml": etag(ONE), "new.yaml": None}
    for bad in ("nonsense", [], 7, None, {"other.yaml": etag(ONE)}, {"all.yaml": "x"}, {"all.yaml": 7}):
        refused(send(server, "POST", path, {"documents": documents, "if-match": bad}), 400, "bad-body")
    for bad in ({**good, "all.yaml": etag(TWO)}, {**good, "all.yaml": None}, {"new.yaml": etag(ONE)}):
        refused(send(server, "POST", path, {"documents": documents, "if-match": bad}), 412, "conflict")
    refused(send(server, "POST", path, {"documents": {"gone.yaml": None}}), 412, "conflict")
    for bad in (2, 99):
        refused(send(server, "POST", path, {"documents": documents, "base": bad}), 412, "conflict")
    for name in ("../x.yaml", ".x.yaml", "x.txt", "", "a/b.yaml"):
        refused(send(server, "POST", path, {"documents": {name: TWO}}), 400, "bad-name")
    refused(send(server, "POST", path, {"documents": {"all.yaml": "version: 7\n"}}), 422, "refused",
            "RefusedProblem")
    assert (site / "footprints/all.yaml").read_text() == ONE
    done = path == "/v1/changes"
    applied(send(server, "POST", path, {"documents": documents, "if-match": good, "base": 1}),
            2 if done else None)
    assert (site / "footprints/new.yaml").exists() == done


def test_what_a_start_would_refuse(site):
    """More documents than limits.documents, longer ones than limits.document-bytes."""
    write_config(site, more=ADMIN + "limits: {documents: 2, document-bytes: 2000}\n")
    with Server(site / "footprintd.yaml") as server:
        for documents, file in (({"b.yaml": TWO, "c.yaml": THREE}, "footprints"),
                                ({"all.yaml": TWO + "#" * 2000}, "all.yaml")):
            for path in ("/v1/changes", "/v1/diff", "/v1/check"):
                status, body = send(server, "POST", path, {"documents": documents})
                assert status == (200 if path == "/v1/check" else 422)
                report = body if path == "/v1/check" else body["report"]
                (finding,) = [f for f in report["findings"] if f["severity"] == "error"]
                assert finding["code"] == "limit" and finding["file"].endswith(file)
        applied(send(server, "POST", "/v1/changes", {"documents": {"b.yaml": TWO}}), 2)
        refused(send(server, "PUT", "/v1/documents/c.yaml", THREE, kind="text/plain"), 422, "refused",
                "RefusedProblem")
        applied(send(server, "POST", "/v1/changes", {"documents": {"b.yaml": None, "c.yaml": TWO}}), 3)
    with Server(site / "footprintd.yaml"):
        pass


def test_roles(server):
    for path in ("/v1/changes", "/v1/rollback", "/v1/changes?dry-run=1"):
        body = {"documents": {}} if "changes" in path else {"generation": 1}
        refused(send(server, "POST", path, body, role="reader"), 403, "role")
    applied(send(server, "POST", "/v1/diff", {"documents": {"b.yaml": TWO}}, role="reader"), None)


def test_rollback(server, site):
    applied(send(server, "POST", "/v1/changes", {"documents": {"all.yaml": TWO}}), 2)
    for more in ({"if-match": {"all.yaml": etag(TWO)}}, {"if-match": {}}, {"extra": 1}):
        refused(send(server, "POST", "/v1/rollback", {"generation": 1, **more}), 400, "bad-body")
    for bad in ({}, {"generation": 0}, {"generation": "1"}, {"generation": -1}):
        refused(send(server, "POST", "/v1/rollback", bad), 400, "bad-body")
    refused(send(server, "POST", "/v1/rollback", {"generation": 9}), 404, "no-such-generation")
    refused(send(server, "POST", "/v1/rollback", {"generation": 1, "base": 1}), 412, "conflict")
    applied(send(server, "POST", "/v1/rollback?dry-run=1", {"generation": 1}), None)
    assert (site / "footprints/all.yaml").read_text() == TWO
    applied(send(server, "POST", "/v1/rollback", {"generation": 1, "base": 2, "message": "back"}), 3)
    assert (site / "footprints/all.yaml").read_text() == ONE
    newest = read(server, "/v1/generations/3", "Generation")
    assert (newest["kind"], newest["restores"], newest["message"]) == ("rollback", 1, "back")


def test_directory_is_gone(server, site):
    """It is said, nothing is changed, and the server goes on."""
    applied(send(server, "POST", "/v1/changes", {"documents": {"all.yaml": TWO}}), 2)
    shutil.move(site / "footprints", site / "away")
    refused(send(server, "POST", "/v1/rollback", {"generation": 1}), 500, "unreadable")
    refused(send(server, "POST", "/v1/diff", {"documents": {"all.yaml": ONE}}), 500, "unreadable")
    problem = refused(send(server, "POST", "/v1/changes", {"documents": {"all.yaml": ONE}}), 500,
                      "unreadable")
    assert f"{site}/footprints, cannot be read" in problem["detail"]
    shutil.move(site / "away", site / "footprints")
    applied(send(server, "POST", "/v1/rollback", {"generation": 1}), 3)
    assert (site / "footprints/all.yaml").read_text() == ONE


def test_what_somebody_saved_is_not_the_editors(server, site):
    """Nobody has looked at the directory since: it is a generation of its own, before the change."""
    (site / "footprints/saved.yaml").write_text(TWO)
    refused(send(server, "POST", "/v1/changes", {"documents": {"b.yaml": THREE}, "base": 1}), 412,
            "conflict")
    (site / "footprints/saved.yaml").write_text(THREE)
    applied(send(server, "PUT", "/v1/documents/saved.yaml", ONE, kind="application/yaml"), 4)
    listed = read(server, "/v1/generations", "GenerationList")["generations"]
    assert [(g["kind"], g["author"]) for g in listed] == [("edit", "ed"), ("files", ""),
                                                          ("files", ""), ("start", "")]
    texts = [read(server, f"/v1/generations/{n}", "Generation")["texts"] for n in (2, 3, 4)]
    assert texts == [{"all.yaml": ONE, "saved.yaml": text} for text in (TWO, THREE, ONE)]


def test_a_change_mends_what_somebody_broke(server, site):
    """What was refused is told of once, whatever is tried on it."""
    (site / "footprints/broken.yaml").write_text("version: 7\n")
    for _ in range(3):
        refused(send(server, "PUT", "/v1/documents/all.yaml", TWO, kind="application/yaml"), 422,
                "refused", "RefusedProblem")
    applied(send(server, "PUT", "/v1/documents/broken.yaml", TWO, kind="application/yaml"), 2)
    assert sum("documents were refused" in line for line in server.log) == 1


@pytest.fixture
def load(server):
    """Keeps the serving threads busy, so that news and requests reach them in one turn."""
    with subprocess.Popen(["h2load", "-D", "60", "-c", "16", "-m", "8", server.url + "/cdni"],
                          stdout=subprocess.DEVNULL) as clients:
        yield
        clients.kill()


@pytest.mark.usefixtures("load")
def test_a_change_is_served_when_it_is_acknowledged(server):
    """On connections that are open as well, whichever thread serves them."""
    readers = [http.client.HTTPConnection(server.url.removeprefix("http://")) for _ in range(8)]
    writer = http.client.HTTPConnection(server.admin.removeprefix("http://"))
    header = dict([bearer("editor").split(": ", 1)])
    for connection in readers:
        connection.connect()
    for i in range(150):
        body = json.dumps({"documents": {"all.yaml": [ONE, TWO, THREE][i % 3]}, "yes": True})
        writer.request("POST", "/v1/changes", body, {**header, "Content-Type": "application/json"})
        answer = writer.getresponse()
        assert (answer.status, len(answer.read()) > 0) == (200, True)
        for connection in readers:
            connection.putrequest("GET", "/cdni")
            connection.endheaders()
        for connection in readers:
            text = connection.getresponse().read().decode()
            assert ("http/1.1", "http/2", "http/3")[i % 3] in text, i


class Putting(threading.Thread):
    """A change whose answer comes later."""

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.answer = None
        self.start()

    def run(self):
        with contextlib.suppress(AssertionError):  # of a server that was killed
            self.answer = curl("-X", "PUT", "-H", bearer("editor"), "-H", "Content-Type: application/yaml",
                               "--data-binary", TWO, self.server.admin + "/v1/documents/all.yaml?yes=1")


def protocol(server):
    return re.search(rb"http/[0-9.]+", curl(f"{server.url}/cdni")[2])[0]


@pytest.mark.parametrize("kill", [False, True], ids=["goes-on", "killed"])
def test_readers_do_not_wait_for_the_file(site, kill):
    """What the history has is done: it is served before the file is replaced, and whatever happens then."""
    file = site / "footprints/all.yaml"
    with Server(site / "footprintd.yaml") as server, \
            Stopped(server.process.pid, "builder", before="renameat2") as builder:
        putting = Putting(server)
        builder.wait()
        assert file.read_text() == ONE
        wait_until(lambda: protocol(server) == b"http/2", "it is not served")
        assert putting.answer is None
        if kill:
            server.send(signal.SIGKILL)
            server.wait()
    putting.join()
    if not kill:
        assert putting.answer[0] == 200
        assert file.read_text() == TWO
    with Server(site / "footprintd.yaml") as server:
        assert protocol(server) == b"http/2"
        assert file.read_text() == TWO
        status, _, body = curl("-H", bearer("reader"), server.admin + "/v1/status")
        assert json.loads(body)["generation"] == 2


def requests(server):
    return json.loads(curl("-H", bearer("reader"), server.admin + "/v1/status")[2])["admin"]["requests"]


def test_a_server_that_ends_says_when_to_come_again(site):
    server = Server(site / "footprintd.yaml").wait_ready()
    with Stopped(server.process.pid, "builder"):
        asked = requests(server)
        putting = Putting(server)
        while requests(server) == asked + 1:  # it has not come
            asked += 1
        server.send(signal.SIGTERM)
        port = int(server.url.rpartition(":")[2])
        wait_until(lambda: http_client.refused(port), "it takes connections")  # begins nothing more
    putting.join()
    status, head, body = putting.answer
    assert (status, json.loads(body)["code"], head.get("retry-after")) == (503, "ending", "1")
    assert server.wait() == 0
    assert (site / "footprints/all.yaml").read_text() == ONE
