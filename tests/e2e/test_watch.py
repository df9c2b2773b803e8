"""footprintctl watch against a scripted server: update streams, patches, files, commands."""
import json
import os
import signal
import subprocess

import pytest

from footprintd import BUILD, LIMIT, run
from updates_stub import (CDNI, CONTROL, FILTER, MERGE, NET, PATCH, STREAM_PARAMS, UpdatesStub,
                          compact, directory, document, guarded, replace)


@pytest.fixture
def stub():
    made = UpdatesStub()
    yield made
    made.stop()


def leave(stub, watch, stream, control="/control/1"):
    """SIGTERM: the stream is closed by request, and the exit code is 0."""
    watch.process.send_signal(signal.SIGTERM)
    request = stub.expect("POST", control)
    assert request.headers["content-type"] == STREAM_PARAMS
    assert request.body == b'{"remove":[]}'
    request.reply(204)
    assert watch.wait() == 0
    stream.wait_closed()


# ---- update streams ----

def test_stream(stub, start, tmp_path):
    """A full document, both kinds of patch, and the file after each."""
    file = tmp_path / "cdni.json"
    watch = start(["cdni"], "--output", file)
    request = stub.expect("POST", "/updates")
    assert request.headers["content-type"] == STREAM_PARAMS
    assert "text/event-stream" in request.headers["accept"]
    assert request.json == {"add": {"s0": {"resource-id": "cdni"}}}
    stream = request.stream()
    stream.event(f"{CDNI},s0", document("t1", {"list": [1, 2], "n": 1}))
    event = watch.event(resource="cdni", tag="t1", way="sse", kind="full", changed=True, waits=None)
    assert event["bytes"] > 80
    assert file.read_text() == compact(document("t1", {"list": [1, 2], "n": 1}))
    stream.event(f"{PATCH},s0", guarded("t1", "t2", {"op": "add", "path": "/value/list/1",
                                                     "value": "x"}))
    watch.event(tag="t2", kind="json-patch", changed=True)
    assert file.read_text() == compact(document("t2", {"list": [1, "x", 2], "n": 1}))
    stream.comment()
    stream.event(f"{MERGE},s0", {"meta": {"vtag": {"tag": "t3"}}, "value": {"n": None, "m": 2}})
    watch.event(tag="t3", kind="merge-patch", changed=True)
    assert file.read_text() == compact(document("t3", {"list": [1, "x", 2], "m": 2}))
    leave(stub, watch, stream)


def test_numbers_and_order_survive(stub, start, tmp_path):
    """Neither digits nor the order of members change on the way through patches."""
    file = tmp_path / "cdni.json"
    watch = start(["cdni"], "--output", file)
    stream = stub.expect("POST", "/updates").stream()
    text = ('{"z":18446744073709551615,"meta":{"vtag":{"tag":"t1","resource-id":"cdni"}},'
            '"b":0.10000000000000000000001,"a":1E400,"s":"\\u20ac\\u0000/"}')
    stream.event(f"{CDNI},s0", text)
    watch.event(tag="t1")
    stream.event(f"{MERGE},s0", '{"meta":{"vtag":{"tag":"t2"}},"c":-0,"b":123456789012345678901.50}')
    watch.event(tag="t2")
    assert file.read_text() == (
        '{"z":18446744073709551615,"meta":{"vtag":{"tag":"t2","resource-id":"cdni"}},'
        '"b":123456789012345678901.50,"a":1E400,"s":"€\\u0000/","c":-0}')


def test_an_event_that_changes_nothing(stub, start, tmp_path):
    file = tmp_path / "cdni.json"
    watch = start(["cdni"], "--output", file, "--exec", "echo ran >&2")
    stream = stub.expect("POST", "/updates").stream()
    stream.event(f"{CDNI},s0", document("t1"))
    watch.event(changed=True)
    watch.line("^ran$")
    before = file.stat()
    stream.event(f"{CDNI},s0", document("t1"))
    watch.event(kind="full", changed=False)
    stream.event(f"{PATCH},s0", [])
    watch.event(kind="json-patch", changed=False)
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    leave(stub, watch, stream)
    assert watch.log.count("ran") == 1


@pytest.mark.parametrize("kind,patch,reason", [
    (PATCH, guarded("t0", "t2"), 'the document has "t1", the patch is for "t0"'),
    (PATCH, guarded("t1", "t2", replace("/none", 1)), "there is nothing at the path"),
    (PATCH, [replace("/value", 1)], "the patch changes the document and not its tag"),
    (MERGE, {"value": 1}, "the patch changes the document and not its tag"),
    (MERGE, {"meta": {"vtag": None}}, "has not the vtag of its resource"),
    (PATCH, "[{", "the patch is not JSON"),
    (CDNI, "{", "the document is not JSON"),
], ids=range(7))
def test_refused(stub, start, tmp_path, kind, patch, reason):
    """The copy is dropped, the stream opened again without its tag, and nothing halfway is shown."""
    file = tmp_path / "cdni.json"
    watch = start(["cdni"], "--output", file)
    stream = stub.expect("POST", "/updates").stream()
    stream.event(f"{CDNI},s0", document("t1"))
    watch.event(tag="t1")
    stream.event(f"{kind},s0", patch)
    watch.line(f"cdni: a .* event was refused, a full copy is wanted: .*{reason}.*; next try in")
    stream.wait_closed()
    assert file.read_text() == compact(document("t1"))
    request = stub.expect("POST", "/updates")
    assert request.json == {"add": {"s0": {"resource-id": "cdni"}}}
    stream = request.stream()
    stream.event(f"{CDNI},s0", document("t2", 1))
    watch.event(tag="t2", kind="full", changed=True)
    assert file.read_text() == compact(document("t2", 1))
    leave(stub, watch, stream)


def test_patches_that_keep_failing(stub, start):
    """After the third in a row the resource is followed in another way."""
    watch = start(["cdni"], "--sse", "--poll")
    for _ in range(3):
        stream = stub.expect("POST", "/updates").stream()
        stream.event(f"{CDNI},s0", document("t1"))
        stream.event(f"{PATCH},s0", guarded("t0", "t2"))
        stream.wait_closed()
    watch.line("cdni: 3 patches in a row failed: it leaves the update stream")
    # Nobody is left on the stream: it is not opened again.
    assert "next try" not in watch.line("updates: cdni: a json-patch event was refused.*").group(0)
    watch.line("cdni: followed by poll")
    stub.expect("GET", "/cdni").reply(200, document("t2"), CDNI)
    for tag in ("t1", "t1", "t1", "t2"):
        if watch.event()["tag"] == "t2":
            break
    assert watch.end() == 0


def test_resume(stub, start):
    """Streams that end are opened again with the tags of what is held."""
    watch = start(["net", "cdni"])
    request = stub.expect("POST", "/updates")
    assert request.json == {"add": {"s0": {"resource-id": "net"}, "s1": {"resource-id": "cdni"}}}
    stream = request.stream()
    stream.event(f"{NET},s0", document("n1", resource="net"))
    stream.event(f"{CDNI},s1", document("c1", depends="n1"))
    watch.event(resource="net", tag="n1")
    watch.event(resource="cdni", tag="c1")
    stream.close()
    watch.line("updates: the stream ended; next try in")
    request = stub.expect("POST", "/updates")
    assert request.json == {"add": {"s0": {"resource-id": "net", "tag": "n1"},
                                    "s1": {"resource-id": "cdni", "tag": "c1"}}}
    stream = request.stream("control/relative")
    watch.line("^footprintctl: updates: the server answers again$")
    stream.event(CONTROL, {"started": ["s0", "s1"]})
    # A patch from the tag that was sent (RFC 8895 6.7.1).
    stream.event(f"{PATCH},s1", guarded("c1", "c2", replace("/value", 5)))
    watch.event(resource="cdni", tag="c2", kind="json-patch")
    leave(stub, watch, stream, "/control/relative")


def test_stopped(stub, start):
    watch = start(["cdni"])
    stream = stub.expect("POST", "/updates").stream(control=None)
    stream.event(CONTROL, {"stopped": ["s7"]})
    stream.event(CONTROL, {"stopped": ["s0"], "description": "maintenance\u0007"})
    watch.line(r"updates: the server has stopped cdni: maintenance\?; next try in")
    stream.wait_closed()
    stream = stub.expect("POST", "/updates").stream(control=None)
    stream.event(f"{CDNI},s0", document("t1"))
    watch.event(tag="t1")
    # Without a control URI there is nobody to tell.
    assert watch.end(signal.SIGINT) == 0


@pytest.mark.parametrize("raw,reason", [
    (f"event: {CDNI},s0\ndata: {compact(document('t1'))}\n\n",
     "the stream does not begin with a control event"),
    (f"event: {CONTROL}\ndata: {{}}\n\n", "the stream's first event has no control-uri"),
    (f"event: {CONTROL}\ndata: {{\n\n", "a control event is not JSON"),
])
def test_not_a_stream(stub, start, raw, reason):
    """Three of them in a row, and the next way is taken."""
    watch = start(["cdni"])
    for _ in range(3):
        stream = stub.expect("POST", "/updates").stream(control=False)
        stream.raw(raw.encode())
        stream.wait_closed()
        watch.line(f"updates: {reason}")
    watch.line("cdni: followed by tips")
    assert stub.expect("POST", "/tips").json == {"resource-id": "cdni"}


def test_answer_of_another_type(stub, start):
    watch = start(["cdni"])
    stub.expect("POST", "/updates").reply(200, "<html>", "text/html")
    watch.line("updates: the answer is no event stream")
    watch.line("cdni: followed by tips")


@pytest.mark.parametrize("event,reason", [
    (f"{PATCH},s1", "an event is for the substream 's1', which was not asked for"),
    (f"{MERGE},s0.part", "an event is for the substream 's0.part', which was not asked for"),
    ("application/alto-cdnifci+json,s0", "an event has the media type "
                                         "'application/alto-cdnifci\\+json', and not that of cdni"),
])
def test_events_that_are_not_ours(stub, start, event, reason):
    watch = start(["cdni"])
    stream = stub.expect("POST", "/updates").stream()
    stream.event(event, "{}")
    watch.line(f"updates: {reason}; next try in")
    stub.expect("POST", "/updates")


def test_silence(stub, start):
    """A stream without events and comments is opened again; comments keep it."""
    watch = start(["cdni"], "--idle-timeout", "1", "--sse")
    stream = stub.expect("POST", "/updates").stream()
    watch.line("updates: nothing came for 1.0 s; next try in")
    stream.wait_closed()
    stub.expect("POST", "/updates").stream().event(f"{CDNI},s0", document("t1"))
    watch.event(tag="t1")


def test_proxy_that_keeps_everything(stub, start):
    """Not even a head arrives, three times: the stream is not for this client."""
    watch = start(["cdni"], "--idle-timeout", "0.2")
    for _ in range(3):
        stub.expect("POST", "/updates")
        watch.line("updates: nothing came for 0.2 s")
    watch.line("cdni: followed by tips")


def test_terminal_of_another(stub, start):
    watch = start(["cdni"])
    stream = stub.expect("POST", "/updates").stream()
    stream.event(f"{CDNI},s0", document("t1"))
    stream.event(f"{PATCH},s0", [replace("/meta/vtag/tag", "\u001b[2J"),
                                 {"op": "copy", "from": "/meta/vtag/resource-id",
                                  "path": "/meta/vtag/tag"}])
    watch.line(r"has tag cdni, and the patch leads to tag \?\[2J")


# ---- refusals and waits ----

def test_retry_after(stub, start):
    watch = start(["cdni"])
    stub.expect("POST", "/updates").reply(503, retry_after="1")
    wait = watch.line(r"updates: HTTP status 503; next try in (\S+) s \(Retry-After\)")
    assert 1 <= float(wait.group(1)) < 1.2
    stub.expect("POST", "/updates").reply(429)
    watch.line(r"updates: HTTP status 429; next try in \S+ s$")
    stub.expect("POST", "/updates").reply(500)
    watch.line("updates: HTTP status 500; next try in")
    stub.expect("POST", "/updates").stream().event(f"{CDNI},s0", document("t1"))
    watch.event(tag="t1")


def test_waits_grow(stub, start):
    """From half of 0.02 s up to 0.16 s; what is tested is what the client says that it does."""
    watch = start(["cdni"], retry="0.2:1.6")
    waits = []
    for _ in range(5):
        stub.expect("POST", "/updates").stream().close()
        waits.append(float(watch.line(r"next try in (\S+) s").group(1)))
        if len(waits) == 2:
            break
    assert 0.1 <= waits[0] <= 0.2 and 0.2 <= waits[1] <= 0.4


def test_refused_by_the_server(stub, start):
    watch = start(["cdni"])
    stub.expect("POST", "/updates").error(400, "E_INVALID_FIELD_VALUE", field="add/s0/resource-id",
                                          value="cdni\u001b[2J")
    assert watch.wait() == 1
    assert watch.log[-1] == ("footprintctl: updates: refused: HTTP status 400: E_INVALID_FIELD_VALUE, "
                             "field 'add/s0/resource-id', value 'cdni?[2J'")


def test_no_permission(stub, start):
    watch = start(["cdni"])
    stub.expect("POST", "/updates").reply(403)
    assert watch.wait() == 1
    assert watch.log[-1].endswith("updates: refused: HTTP status 403")


def test_ways_in_order(stub, start):
    """SSE, TIPS, polling: each fails for good, and the last one is what remains."""
    watch = start(["cdni"])
    watch.line("cdni: followed by sse")
    stub.expect("POST", "/updates").reply(404)
    watch.line("cdni: followed by tips")
    stub.expect("POST", "/tips").reply(501)
    watch.line("cdni: followed by poll")
    stub.expect("GET", "/cdni").reply(404)
    watch.line("cdni: there is no way left to follow it")
    assert watch.wait() == 1


def test_a_service_that_worked_gets_chances(stub, start):
    watch = start(["cdni"])
    stub.expect("POST", "/updates").stream().close()
    stub.expect("POST", "/updates").reply(404)
    watch.line("updates: HTTP status 404; next try in")
    stub.expect("POST", "/updates").reply(404)
    stub.expect("POST", "/updates").reply(404)
    watch.line("cdni: followed by tips")


def test_server_that_is_not_there_yet(start):
    """The directory is asked for again, too."""
    stub = UpdatesStub()
    stub.stop()
    watch = start(["cdni"], url=stub.url)
    watch.line("127.0.0.1.*next try in")
    watch.line("127.0.0.1.*next try in")
    assert watch.end() == 0


@pytest.mark.parametrize("answer,reason", [
    ((404, "text/plain", "no"), r"http://\S+: HTTP status 404"),
    ((200, "text/html", "<html>"), r"http://\S+: it is not JSON: line 1 column 1"),
    ((200, "application/json", {"resources": 1}), "it is no directory"),
])
def test_bad_directory(stub, start, answer, reason):
    stub.documents["/"] = answer
    watch = start(["cdni"])
    watch.line(reason)
    assert watch.wait() == 1


@pytest.mark.parametrize("uri", ["ftp://127.0.0.1/", "http://", "http://x y/"])
def test_bad_uri(stub, start, uri):
    ird = directory()
    ird["resources"]["cdni"]["uri"] = uri
    stub.documents["/"] = (200, "application/json", ird)
    watch = start(["cdni"])
    assert watch.wait() == 1
    assert "the URI of resource 'cdni' in the directory is none" in watch.log[-1]


def test_unknown_resource(stub, start):
    watch = start(["cdnl"])
    assert watch.wait() == 1
    assert watch.log[-1].endswith("has no resource 'cdnl' (did you mean 'cdni'?)")


# ---- input ----

def test_input(stub, start, tmp_path):
    """What a POST resource is asked with, in all its forms."""
    wanted = tmp_path / "wanted.json"
    wanted.write_text(' {"cdni-capabilities": [{"n": 1.50}]} ')
    watch = start(["cdni", "cdni-filtered"], "--input", f"cdni-filtered=@{wanted}")
    request = stub.expect("POST", "/updates")
    assert b'"s1":{"resource-id":"cdni-filtered","input":{"cdni-capabilities":[{"n":1.50}]}}' in \
        request.body
    stream = request.stream()
    # A filtered advertisement has the vtag of the whole one (RFC 9241 5.6).
    stream.event(f"{CDNI},s1", document("t1"))
    watch.event(resource="cdni-filtered", tag="t1")
    stream.close()
    assert stub.expect("POST", "/updates").json["add"]["s1"] == {
        "resource-id": "cdni-filtered", "tag": "t1", "input": {"cdni-capabilities": [{"n": 1.5}]}}


def test_input_polled(stub, start):
    watch = start(["cdni-filtered"], "--poll", "--input", '{"a":[]}', "--interval", "0.05")
    for tag in ("t1", "t2"):
        request = stub.expect("POST", "/cdni-filtered")
        assert (request.headers["content-type"], request.body) == (FILTER, b'{"a":[]}')
        assert "if-none-match" not in request.headers
        request.reply(200, document(tag), CDNI, etag='"x"')
        watch.event(tag=tag, way="poll", kind="full")


@pytest.mark.parametrize("args,reason", [
    (["cdni", "--input", "{}"], "resource 'cdni' takes no --input"),
    (["cdni-filtered"], "resource 'cdni-filtered' wants --input"),
])
def test_input_where_it_belongs(stub, start, args, reason):
    watch = start(args[:1], *args[1:])
    assert watch.wait() == 2
    assert watch.log[-1].endswith(reason)


@pytest.mark.parametrize("args,reason", [
    ([], "watch wants a URL and resources"),
    (["http://x/"], "watch wants a URL and resources"),
    (["ftp://x/", "a"], "the URL has to begin with http"),
    (["x", "a"], "the URL has to begin with http"),
    (["http://x/", "a/b"], "'a/b' is no resource id"),
    (["http://x/", ".."], "'..' is no resource id"),
    (["http://x/", "a", "a"], "resource 'a' is there twice"),
    (["--output", "f", "http://x/", "a", "b"], "--output is for one resource"),
    (["--output", "f", "--output-dir", "d", "http://x/", "a"], "--output goes not with"),
    (["--input", "[]", "http://x/", "a"], "wants JSON, @FILE, RESOURCE=JSON or RESOURCE=@FILE"),
    (["--input", "a=[]", "http://x/", "a"], "it has to be a JSON object"),
    (["--input", "{", "http://x/", "a"], "line 1 column 2"),
    (["--input", "@/nonexistent", "http://x/", "a"], "No such file"),
    (["--input", "{}", "http://x/", "a", "b"], "with several resources, --input wants RESOURCE="),
    (["--input", "b={}", "http://x/", "a"], "--input for 'b', which is not watched"),
    (["--input", "a={}", "--input", "a={}", "http://x/", "a"], "or has one already"),
    (["--max-age", "0", "http://x/", "a"], "--max-age wants seconds"),
    (["--interval", "1s", "http://x/", "a"], "--interval wants seconds"),
    (["--status", "1.0005", "http://x/", "a"], "--status wants seconds"),
    (["--idle-timeout", "99999999999999999999", "http://x/", "a"], "--idle-timeout wants seconds"),
    (["--retry", "2:1", "http://x/", "a"], "--retry wants two numbers"),
    (["--retry", "2", "http://x/", "a"], "--retry wants two numbers"),
    (["--nonsense"], "watch has no option '--nonsense'; see footprintctl watch --help"),
])
def test_usage(args, reason):
    done = run("footprintctl", "watch", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr


# ---- files, commands, events ----

def test_output_directory(stub, start, tmp_path):
    """Nothing but whole documents is ever in the directory."""
    watch = start(["net", "cdni"], "--output-dir", tmp_path)
    stream = stub.expect("POST", "/updates").stream()
    stream.event(f"{NET},s0", document("n1", resource="net"))
    watch.event(resource="net")
    assert [path.name for path in tmp_path.iterdir()] == ["net.json"]
    stream.event(f"{CDNI},s1", document("c1", depends="n1"))
    watch.event(resource="cdni")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cdni.json", "net.json"]
    assert json.loads((tmp_path / "cdni.json").read_text()) == document("c1", depends="n1")
    old = (tmp_path / "net.json").open()
    stream.event(f"{NET},s0", document("n2", 1, resource="net"))
    watch.event(resource="net")
    # The file was replaced: who has the old one open reads the old one.
    assert json.load(old) == document("n1", resource="net")
    old.close()
    leave(stub, watch, stream)


def test_file_that_is_there(stub, start, tmp_path):
    file = tmp_path / "cdni.json"
    file.write_text(compact(document("t1")))
    before = file.stat()
    watch = start(["cdni"], "--output", file, "--once")
    stream = stub.expect("POST", "/updates").stream(control=None)
    stream.event(f"{CDNI},s0", document("t1"))
    watch.event(changed=True)
    assert watch.wait() == 0
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_file_that_cannot_be_written(stub, start, tmp_path):
    watch = start(["cdni"], "--output", tmp_path / "none" / "cdni.json")
    stub.expect("POST", "/updates").stream(control=None).event(f"{CDNI},s0", document("t1"))
    assert watch.wait() == 2
    assert "cannot be made: No such file or directory" in watch.log[-1]
    watch.no_more_events()


def test_file_that_is_a_directory(stub, start, tmp_path):
    (tmp_path / "cdni.json").mkdir()
    watch = start(["cdni"], "--output", "cdni.json", cwd=tmp_path)
    stub.expect("POST", "/updates").stream(control=None).event(f"{CDNI},s0", document("t1"))
    assert watch.wait() == 2
    assert "cdni.json cannot be replaced: Is a directory" in watch.log[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["cdni.json"]


def test_file_in_the_working_directory(stub, start, tmp_path):
    watch = start(["cdni"], "--output", "cdni.json", "--once", cwd=tmp_path)
    stub.expect("POST", "/updates").stream(control=None).event(f"{CDNI},s0", document("t1"))
    assert watch.wait() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["cdni.json"]
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "cdni.json").stat().st_mode & 0o777 == 0o666 & ~mask


def test_file_that_is_tried_again(stub, start, tmp_path):
    """What worked once may be a matter of time: the document waits, and nothing ends."""
    folder = tmp_path / "folder"
    folder.mkdir()
    watch = start(["cdni"], "--output", folder / "cdni.json")
    stream = stub.expect("POST", "/updates").stream()
    stream.event(f"{CDNI},s0", document("t1"))
    watch.event(tag="t1")
    folder.rename(tmp_path / "away")
    stream.event(f"{CDNI},s0", document("t2"))
    watch.line("cdni: .* cannot be made: No such file or directory")
    (tmp_path / "away").rename(folder)
    watch.event(tag="t2", changed=True)
    assert json.loads((folder / "cdni.json").read_text()) == document("t2")


def test_exec(stub, start, tmp_path):
    """One command at a time; changes in the meantime are one more run, with the newest document."""
    gate, log, file = tmp_path / "gate", tmp_path / "log", tmp_path / "cdni.json"
    os.mkfifo(gate)
    watch = start(["cdni"], "--output", file, "--exec",
                  f'echo "$FOOTPRINTCTL_RESOURCE $FOOTPRINTCTL_TAG $(cat "$FOOTPRINTCTL_FILE")" '
                  f'>>{log}; echo out; read line <{gate}; exit 3')
    stream = stub.expect("POST", "/updates").stream()
    for tag in ("t1", "t2", "t3"):
        stream.event(f"{CDNI},s0", document(tag))
        watch.event(tag=tag)
        if tag == "t1":
            watch.line("^out$")
    gate.write_text("go\n")
    watch.line("cdni: the command ended with exit code 3")
    watch.line("^out$")
    gate.write_text("go\n")
    watch.line("cdni: the command ended with exit code 3")
    assert log.read_text() == (f"cdni t1 {compact(document('t1'))}\n"
                               f"cdni t3 {compact(document('t3'))}\n")
    leave(stub, watch, stream)


def test_exec_by_signal(stub, start):
    watch = start(["cdni"], "--exec", "kill -9 $$")
    stub.expect("POST", "/updates").stream().event(f"{CDNI},s0", document("t1"))
    watch.line("cdni: the command was ended by signal 9")


def test_once_waits_for_commands(stub, start, tmp_path):
    done = tmp_path / "done"
    watch = start(["cdni"], "--once", "--exec", f"printf %s \"$FOOTPRINTCTL_FILE\" >{done}.1; "
                                                f"mv {done}.1 {done}")
    stream = stub.expect("POST", "/updates").stream()
    stream.event(f"{CDNI},s0", document("t1"))
    stub.expect("POST", "/control/1").reply(204)
    assert watch.wait() == 0
    assert done.read_text() == ""


def test_second_signal(stub, start):
    """The first one waits for the command and for the server, the second for nobody."""
    watch = start(["cdni"], "--exec", "sleep 1000 & echo $! >&2; wait")
    stream = stub.expect("POST", "/updates").stream()
    stream.event(f"{CDNI},s0", document("t1"))
    child = int(watch.line(r"^(\d+)$").group(1))
    watch.process.send_signal(signal.SIGTERM)
    stub.expect("POST", "/control/1").reply(204)
    assert watch.process.poll() is None
    assert watch.process.send_signal(signal.SIGTERM) is None
    assert watch.process.wait(timeout=LIMIT) == 0
    os.kill(child, signal.SIGKILL)


def test_lines_for_people(stub, start):
    watch = start(["net", "cdni"], json_lines=False)
    stream = stub.expect("POST", "/updates").stream()
    stream.event(f"{CDNI},s1", compact(document("c1", depends="n1")))
    size = len(compact(document("c1", depends="n1")))
    assert watch.text() == f"cdni: full by sse, {size} bytes, tag c1, changed, waits for net"
    stream.event(f"{NET},s0", compact({"meta": {}, "n": 1}))
    assert watch.text() == "net: full by sse, 17 bytes, changed"


def test_standard_output_that_is_full(stub):
    with open("/dev/full", "w") as full, subprocess.Popen(
            [BUILD / "footprintctl", "watch", stub.url, "cdni"], stdout=full,
            stderr=subprocess.PIPE, text=True) as process:
        stream = stub.expect("POST", "/updates").stream(control=None)
        stream.event(f"{CDNI},s0", document("t1"))
        assert "standard output cannot be written" in process.communicate(timeout=LIMIT)[1]
    assert process.returncode == 2


# ---- dependencies ----

def test_dependency(stub, start, tmp_path):
    """A document is handed out only with the map that it depends on (RFC 8895 9.2)."""
    watch = start(["cdni", "net"], "--output-dir", tmp_path)
    stream = stub.expect("POST", "/updates").stream()
    stream.event(f"{CDNI},s0", document("c1", depends="n1"))
    watch.event(resource="cdni", tag="c1", waits="net")
    assert list(tmp_path.iterdir()) == []
    stream.event(f"{NET},s1", document("n1", resource="net"))
    watch.event(resource="net", tag="n1", waits=None)
    watch.event(resource="cdni", tag="c1", waits=None)
    # The newest document waits; what was handed out stays until then.
    stream.event(f"{MERGE},s0", {"meta": {"vtag": {"tag": "c2"},
                                          "dependent-vtags": [{"resource-id": "net", "tag": "n3"}]}})
    watch.event(resource="cdni", tag="c2", waits="net")
    stream.event(f"{NET},s1", document("n2", resource="net"))
    watch.event(resource="net", tag="n2")
    assert json.loads((tmp_path / "cdni.json").read_text())["meta"]["vtag"]["tag"] == "c1"
    stream.event(f"{NET},s1", document("n3", resource="net"))
    watch.event(resource="net", tag="n3")
    watch.event(resource="cdni", tag="c2", waits=None, kind="merge-patch")
    assert json.loads((tmp_path / "cdni.json").read_text())["meta"]["vtag"]["tag"] == "c2"
    leave(stub, watch, stream)


def test_dependency_that_is_not_watched(stub, start):
    watch = start(["cdni"], "--once")
    stub.expect("POST", "/updates").stream(control=None).event(f"{CDNI},s0",
                                                               document("c1", depends="n1"))
    watch.event(resource="cdni", waits=None)
    assert watch.wait() == 0


# ---- age ----

def test_max_age(stub, start):
    watch = start(["cdni"], "--max-age", "2")
    stream = stub.expect("POST", "/updates").stream()
    stream.event(f"{CDNI},s0", document("t1"))
    watch.event(tag="t1")
    assert watch.wait() == 3
    assert "updates: no sign of life for 2." in watch.log[-1]


def test_max_age_before_anything(start):
    stub = UpdatesStub()
    stub.stop()
    watch = start(["cdni"], "--max-age", "0.3", url=stub.url)
    assert watch.wait() == 3


def test_comments_are_life(stub, start):
    """Many times the age, with nothing but comments: the stub's clock is the number of lines."""
    watch = start(["cdni"], "--max-age", "4", "--status", "0.2")
    stream = stub.expect("POST", "/updates").stream()
    stream.event(f"{CDNI},s0", document("t1"))
    for _ in range(25):
        watch.line("cdni: sse, tag t1, .* s old, last sign of life .* s ago, 1 full, 0 patches, "
                   "0 refused")
        stream.comment()
    assert watch.process.poll() is None


def test_status_of_what_waits(stub, start):
    watch = start(["cdni", "net"], "--status", "0.05")
    stream = stub.expect("POST", "/updates").stream()
    stream.event(f"{CDNI},s0", document("c1", depends="n1"))
    watch.line("cdni: sse, no document yet, a newer one waits for net, last sign of life")


def test_status_without_documents(stub, start):
    watch = start(["cdni"], "--status", "0.05")
    stub.expect("POST", "/updates").stream()
    watch.line("cdni: sse, no document yet, last sign of life .* s ago, 0 full, 0 patches, 0 refused")


def test_directory_with_other_addresses(start):
    """URIs of the directory are relative to it; a service of another host is another host."""
    stub = UpdatesStub()
    ird = directory(updates=False, tips=False)
    ird["resources"]["cdni"]["uri"] = "there/cdni"
    stub.documents["/dir/ird"] = (200, "application/alto-directory+json", ird)
    watch = start(["cdni"], "--once", url=stub.url + "dir/ird")
    stub.expect("GET", "/dir/there/cdni").reply(200, document("t1"), CDNI)
    watch.event(tag="t1", way="poll")
    assert watch.wait() == 0
    stub.stop()
