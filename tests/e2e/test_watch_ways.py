"""footprintctl watch against a scripted server: TIPS and polling."""
import json
import queue
import ssl

import pytest

from updates_stub import (BOTH, CDNI, ERROR, MERGE, NET, PATCH, TIPS, TIPS_PARAMS, UpdatesStub,
                          compact, directory, document, guarded, replace)


@pytest.fixture
def stub():
    made = UpdatesStub(directory(updates=False))
    yield made
    made.stop()


def graph(start, end, i, j):
    return {"tips-view-summary": {"updates-graph-summary": {
        "start-seq": start, "end-seq": end, "start-edge-rec": {"seq-i": i, "seq-j": j}}}}


def view(uri, *numbers):
    return {"tips-view-uri": uri, **graph(*numbers)}


def open_view(stub, uri, *numbers, **members):
    request = stub.expect("POST", "/tips")
    assert request.headers["content-type"] == TIPS_PARAMS and TIPS in request.headers["accept"]
    assert request.json == {"resource-id": "cdni", **members}
    request.reply(200, view(uri, *numbers), TIPS)


def next_edge(stub, path, *numbers, **members):
    request = stub.expect("POST", f"{path}/ug")
    assert request.headers["content-type"] == TIPS_PARAMS and MERGE in request.headers["accept"]
    assert request.json == {"resource-id": "cdni", **members}
    request.reply(200, graph(*numbers), MERGE)


def begin(stub, start, *args):
    """A view whose version 3 is held by the client, which waits for version 4."""
    watch = start(["cdni"], *args)
    open_view(stub, stub.url + "v/1", 1, 3, 0, 3)
    stub.expect("GET", "/v/1/ug/0/3").reply(200, document("t3", 3), CDNI)
    watch.event(resource="cdni", tag="t3", way="tips", kind="full", changed=True)
    return watch, stub.expect("GET", "/v/1/ug/3/4")


# ---- TIPS ----

def test_tips(stub, start, tmp_path):
    """Open, snapshot, the edges behind it, and the one that is held."""
    file = tmp_path / "cdni.json"
    watch = start(["cdni"], "--output", file)
    watch.line("cdni: followed by tips")
    open_view(stub, stub.url + "v/1", 1, 4, 0, 3)
    request = stub.expect("GET", "/v/1/ug/0/3")
    # Every type that the edge may have (RFC 9569 7.2).
    assert request.headers["accept"] == f"{BOTH},{CDNI},{ERROR}"
    request.reply(200, document("t3", 3), CDNI)
    watch.event(tag="t3", kind="full")
    stub.expect("GET", "/v/1/ug/3/4").reply(200, guarded("t3", "t4", replace("/value", 4)), PATCH,
                                            coded=True)
    watch.event(tag="t4", kind="json-patch")
    held = stub.expect("GET", "/v/1/ug/4/5")
    held.reply(200, {"meta": {"vtag": {"tag": "t5"}}, "value": 5}, MERGE)
    watch.event(tag="t5", kind="merge-patch")
    assert file.read_text() == compact(document("t5", 5))
    stub.expect("GET", "/v/1/ug/5/6")
    assert watch.end() == 0


def test_view_is_gone(stub, start):
    """404 of an edge: the view is asked; 404 of the view: another is opened, with the tag."""
    watch, held = begin(stub, start)
    held.reply(404)
    watch.line("cdni: the edge or its view is gone; next try in")
    request = stub.expect("POST", "/v/1/ug")
    assert request.json == {"resource-id": "cdni", "tag": "t3"}
    request.error(404, "E_INVALID_FIELD_VALUE", field="ug")
    watch.line("cdni: the view is gone; next try in")
    # A new view, relative to the service, with numbers of its own: ours is version 7 of it.
    open_view(stub, "/v/2", 5, 8, 7, 8, tag="t3")
    stub.expect("GET", "/v/2/ug/7/8").reply(200, guarded("t3", "t4"), PATCH)
    watch.event(tag="t4", kind="json-patch")
    stub.expect("GET", "/v/2/ug/8/9")


def test_next_edge_fails(stub, start):
    watch, held = begin(stub, start)
    held.reply(410)
    stub.expect("POST", "/v/1/ug").reply(500)
    watch.line("cdni: HTTP status 500; next try in")
    # Numbers that are none: another view is opened.
    stub.expect("POST", "/v/1/ug").reply(200, graph(9, 8, 0, 8), MERGE)
    watch.line("cdni: the TIPS view makes no sense: versions 9 to 8, edge 0/8; next try in")
    open_view(stub, "/v/2", 1, 1, 1, 2, tag="t3")
    stub.expect("GET", "/v/2/ug/1/2")


@pytest.mark.parametrize("body,kind,reason", [
    ("<html>", "text/html", "the answer is no TIPS view"),
    (view("ftp://127.0.0.1/", 1, 1, 0, 1), TIPS, "the view's URI is none"),
])
def test_no_view(stub, start, body, kind, reason):
    watch = start(["cdni"])
    stub.expect("POST", "/tips").reply(200, body, kind)
    watch.line(f"cdni: {reason}")
    watch.line("cdni: followed by poll")


def test_edge_is_too_old(stub, start):
    watch, held = begin(stub, start)
    held.reply(410)
    watch.line("cdni: the edge is older than what the view still has; next try in")
    next_edge(stub, "/v/1", 9, 12, 0, 12, tag="t3")
    stub.expect("GET", "/v/1/ug/0/12").reply(200, document("t12"), CDNI)
    watch.event(tag="t12", kind="full")
    stub.expect("GET", "/v/1/ug/12/13")


def test_shortcut(stub, start):
    """The view may lead past several versions at once."""
    watch, held = begin(stub, start)
    held.reply(410)
    next_edge(stub, "/v/1", 1, 9, 3, 9, tag="t3")
    stub.expect("GET", "/v/1/ug/3/9").reply(200, guarded("t3", "t9"), PATCH)
    watch.event(tag="t9", kind="json-patch")
    stub.expect("GET", "/v/1/ug/9/10")


def test_types_of_edges(stub, start):
    """415: once more with any type; then the way is left."""
    watch, held = begin(stub, start)
    held.reply(415)
    request = stub.expect("GET", "/v/1/ug/3/4")
    assert request.headers["accept"].endswith(",*/*")
    request.reply(415)
    watch.line("cdni: the server has no type that this client takes")
    watch.line("cdni: followed by poll")
    stub.expect("GET", "/cdni")


def test_too_early_and_too_many(stub, start):
    watch, held = begin(stub, start)
    held.reply(425)
    watch.line("cdni: the edge is too far ahead; next try in")
    # Nothing newer: the edge that is held.
    next_edge(stub, "/v/1", 1, 3, 3, 4, tag="t3")
    stub.expect("GET", "/v/1/ug/3/4").reply(429, retry_after="1")
    wait = watch.line(r"cdni: HTTP status 429; next try in (\S+) s \(Retry-After\)")
    assert float(wait.group(1)) >= 1
    stub.expect("GET", "/v/1/ug/3/4").reply(503, retry_after="0")
    watch.line("cdni: HTTP status 503; next try in")
    stub.expect("GET", "/v/1/ug/3/4").reply(200, guarded("t3", "t4"), PATCH)
    watch.event(tag="t4")


def test_patch_that_does_not_apply(stub, start, tmp_path):
    """A full copy is asked for, and the file stays what it was until it is there."""
    file = tmp_path / "cdni.json"
    watch, held = begin(stub, start, "--output", file)
    held.reply(200, guarded("t2", "t4"), PATCH)
    watch.line("cdni: edge 3/4 was refused, a full copy is wanted: operation 1 of 2 .*; next try in")
    request = stub.expect("POST", "/v/1/ug")
    assert request.json == {"resource-id": "cdni"}
    assert file.read_text() == compact(document("t3", 3))
    request.reply(200, graph(1, 4, 0, 4), MERGE)
    stub.expect("GET", "/v/1/ug/0/4").reply(200, document("t4", 4), CDNI)
    watch.event(tag="t4", kind="full")
    stub.expect("GET", "/v/1/ug/4/5")


def test_patches_that_keep_failing(stub, start):
    watch, held = begin(stub, start)
    for number in range(3, 6):
        held.reply(200, guarded("x", "y"), PATCH)
        if number < 5:
            next_edge(stub, "/v/1", 1, number + 1, 0, number + 1)
            stub.expect("GET", f"/v/1/ug/0/{number + 1}").reply(200, document("t3", 3), CDNI)
            watch.event(changed=False)
            held = stub.expect("GET", f"/v/1/ug/{number + 1}/{number + 2}")
    watch.line("cdni: patches in a row failed: it leaves TIPS")
    watch.line("cdni: followed by poll")
    stub.expect("GET", "/cdni").reply(200, document("t9"), CDNI)
    watch.event(tag="t9", way="poll")


@pytest.mark.parametrize("body,reason", [
    ("{", "the TIPS view is not JSON"),
    ({"tips-view-uri": "/v"}, "the TIPS view has not all its members"),
    (view("/v", 0, 3, 0, 3), "the TIPS view makes no sense: versions 0 to 3, edge 0/3"),
    (view("/v", 4, 3, 0, 3), "the TIPS view makes no sense"),
    (view("/v", 1, 3, 3, 3), "the TIPS view makes no sense"),
    (view("/v", 1, 3, 0, 5), "the TIPS view makes no sense"),
    (view("/v", 1, 3, 1, 2), "the view recommends a patch to a client without document"),
    (view("/v", 1, 3.5, 0, 3), "the TIPS view has not all its members"),
], ids=range(8))
def test_bad_views(stub, start, body, reason):
    watch = start(["cdni"])
    stub.expect("POST", "/tips").reply(200, body, TIPS)
    watch.line(f"cdni: {reason}.*; next try in")
    open_view(stub, "/v/1", 1, 1, 0, 1)
    stub.expect("GET", "/v/1/ug/0/1").reply(200, document("t1"), CDNI)
    watch.event(tag="t1")


@pytest.mark.parametrize("kind", [PATCH, NET])
def test_snapshot_of_another_type(stub, start, kind):
    watch = start(["cdni"])
    open_view(stub, "/v/1", 1, 1, 0, 1)
    stub.expect("GET", "/v/1/ug/0/1").reply(200, document("t1"), kind)
    watch.line("cdni: edge 0/1 has the media type 'application/.*'")
    watch.line("cdni: followed by poll")


def test_tips_is_for_clients_that_know_all_types(stub, start):
    ird = directory(updates=False)
    types = ird["resources"]["tips"]["capabilities"]["incremental-change-media-types"]
    types["cdni"] += ",application/new-patch"
    stub.documents["/"] = (200, "application/json", ird)
    watch = start(["cdni"])
    watch.line("cdni: followed by poll")
    watch = start(["cdni"], "--tips")
    watch.line("cdni: there is no way left to follow it")
    assert watch.wait() == 1


def test_signs_of_life(stub, start):
    """A held request says nothing; with --max-age the view is asked beside it."""
    watch, held = begin(stub, start, "--max-age", "4")
    for _ in range(2):
        next_edge(stub, "/v/1", 1, 3, 3, 4, tag="t3")
    # The edge exists, and the held request was lost: it is sent again.
    next_edge(stub, "/v/1", 1, 4, 3, 4, tag="t3")
    stub.expect("GET", "/v/1/ug/3/4").reply(200, guarded("t3", "t4"), PATCH)
    watch.event(tag="t4")
    held = stub.expect("GET", "/v/1/ug/4/5")
    probe = stub.expect("POST", "/v/1/ug")
    probe.reply(404)
    watch.line("cdni: the view is gone; next try in")
    open_view(stub, "/v/2", 1, 1, 1, 2, tag="t4")
    stub.expect("GET", "/v/2/ug/1/2")
    # From here nobody answers.
    assert watch.wait() == 3


def test_filtered_view(stub, start):
    """Only what opens the view has the input; a document without vtag is got whole again."""
    watch = start(["cdni-filtered"], "--input", '{"cdni-capabilities":[]}')
    request = stub.expect("POST", "/tips")
    assert request.json == {"resource-id": "cdni-filtered", "input": {"cdni-capabilities": []}}
    request.reply(200, view("/v/1", 1, 1, 0, 1), TIPS)
    depends = {"meta": {"dependent-vtags": [{"resource-id": "net", "tag": "n1"}]}}
    stub.expect("GET", "/v/1/ug/0/1").reply(200, depends, CDNI)
    watch.event(resource="cdni-filtered", tag=None)
    stub.expect("GET", "/v/1/ug/1/2").reply(200, [
        {"op": "test", "path": "/meta/dependent-vtags/0/tag", "value": "n1"},
        replace("/meta/dependent-vtags/0/tag", "n2")], PATCH)
    watch.event(kind="json-patch", tag=None)
    stub.expect("GET", "/v/1/ug/2/3").reply(410)
    request = stub.expect("POST", "/v/1/ug")
    assert request.json == {"resource-id": "cdni-filtered"}


def test_dependency_over_views(stub, start, tmp_path):
    """Two views have no order; the client makes one (RFC 9569 8.2)."""
    watch = start(["cdni", "net"], "--output-dir", tmp_path)
    waiting = {}
    for _ in range(2):
        request = stub.exchanges.get(timeout=60)
        waiting[request.json["resource-id"]] = request
    waiting["cdni"].reply(200, view("/c", 1, 1, 0, 1), TIPS)
    stub.expect("GET", "/c/ug/0/1").reply(200, document("c1", depends="n1"), CDNI)
    watch.event(resource="cdni", waits="net")
    assert not (tmp_path / "cdni.json").exists()
    stub.expect("GET", "/c/ug/1/2")
    waiting["net"].reply(200, view("/n", 1, 1, 0, 1), TIPS)
    stub.expect("GET", "/n/ug/0/1").reply(200, document("n1", resource="net"), NET)
    watch.event(resource="net", waits=None)
    watch.event(resource="cdni", waits=None)
    assert (tmp_path / "cdni.json").exists()


# ---- polling ----

def test_poll(stub, start, tmp_path):
    """200, 304 with the ETag, and a change; 304 changes nothing and is a sign of life."""
    file = tmp_path / "cdni.json"
    watch = start(["cdni"], "--poll", "--interval", "0.05", "--output", file)
    request = stub.expect("GET", "/cdni")
    assert CDNI in request.headers["accept"] and "if-none-match" not in request.headers
    request.reply(200, json.dumps(document("t1"), indent=2), CDNI + "; charset=utf-8", etag='"a"',
                  coded=True)
    watch.event(tag="t1", way="poll", kind="full", changed=True)
    assert file.read_text() == compact(document("t1"))
    for _ in range(2):
        request = stub.expect("GET", "/cdni")
        assert request.headers["if-none-match"] == '"a"'
        request.reply(304, etag='"a"')
    stub.expect("GET", "/cdni").reply(200, document("t2"), CDNI)
    watch.event(tag="t2", changed=True)
    # Without an ETag the request has no condition; the same document is no change.
    request = stub.expect("GET", "/cdni")
    assert "if-none-match" not in request.headers
    request.reply(200, document("t2"), CDNI)
    watch.event(tag="t2", changed=False)
    assert watch.end() == 0


def test_poll_troubles(stub, start):
    watch = start(["cdni"], "--poll", "--interval", "0.05")
    stub.expect("GET", "/cdni").reply(503, retry_after="1")
    watch.line(r"cdni: HTTP status 503; next try in 1\.\d s \(Retry-After\)")
    stub.expect("GET", "/cdni").reply(200, "{", CDNI)
    watch.line("cdni: the document is not JSON")
    stub.expect("GET", "/cdni").reply(307, location="/elsewhere")
    stub.expect("GET", "/elsewhere").reply(200, document("t1"), CDNI)
    watch.event(tag="t1")
    stub.expect("GET", "/cdni").reply(200, "<html>", "text/html")
    watch.line("cdni: the answer is text/html, and not application/alto-cdni")
    assert watch.wait() == 1


def test_poll_of_dependencies(stub, start):
    """What a document waits for is asked at once, and not at its own time."""
    stub.documents["/"] = (200, "application/json", directory(updates=False, tips=False))
    watch = start(["cdni", "net"], "--interval", "1000")
    requests = [stub.exchanges.get(timeout=60) for _ in range(2)]
    waiting = {request.path: request for request in requests}
    waiting["/net"].reply(200, document("n1", resource="net"), NET)
    watch.event(resource="net")
    waiting["/cdni"].reply(200, document("c1", depends="n2"), CDNI)
    watch.event(resource="cdni", waits="net")
    stub.expect("GET", "/net").reply(200, document("n2", resource="net"), NET)
    watch.event(resource="net", tag="n2")
    watch.event(resource="cdni", waits=None)


def test_poll_that_is_under_way(stub, start):
    """It may have been asked before the change: it is asked again when the answer is there."""
    stub.documents["/"] = (200, "application/json", directory(updates=False, tips=False))
    watch = start(["cdni", "net"], "--interval", "1000")
    waiting = {request.path: request
               for request in [stub.exchanges.get(timeout=60) for _ in range(2)]}
    waiting["/cdni"].reply(200, document("c1", depends="n2"), CDNI)
    watch.event(resource="cdni", waits="net")
    waiting["/net"].reply(200, document("n1", resource="net"), NET)
    watch.event(resource="net", tag="n1")
    stub.expect("GET", "/net").reply(200, document("n2", resource="net"), NET)
    watch.event(resource="net", tag="n2")
    watch.event(resource="cdni", waits=None)


def test_max_age_of_polls(stub, start):
    watch = start(["cdni"], "--poll", "--interval", "0.05", "--max-age", "2")
    stub.expect("GET", "/cdni").reply(200, document("t1"), CDNI)
    while watch.process.poll() is None:
        try:
            stub.exchanges.get(timeout=0.1).reply(500)
        except queue.Empty:
            pass
    assert watch.wait() == 3


# ---- TLS ----

def test_tls(certificates, start):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    stub = UpdatesStub(directory(updates=False, tips=False), tls=context)
    known = ["--cacert", certificates / "ca.pem", "--cert", certificates / "client.pem"]
    watch = start(["cdni"], "--once", *known, "--key", certificates / "client.key", url=stub.url)
    stub.expect("GET", "/cdni").reply(200, document("t1"), CDNI)
    watch.event(tag="t1")
    assert watch.wait() == 0
    # A server that is not known is refused for good.
    watch = start(["cdni"], "--once", url=stub.url)
    assert watch.wait() == 1
    assert "refused: SSL certificate problem" in watch.log[-1]
    stub.stop()
