"""The reader of event streams and the appliers, which judge the server, judged themselves."""
import socket
import threading

import pytest

import third_party
from event_stream import COMMENT, Reader, apply_event, canonical, read_json, split_name
from update_client import Curl, Socket, Stream

STREAM = (b'event: application/alto-updatestreamcontrol+json\ndata: {"control-uri":"/updates/x"}\n\n'
          b":\n\n"
          b'event: application/alto-cdni+json,a\ndata: {"n":1.0,\ndata: "t":"\xe2\x80\xa8\xf0\x9f\x98\x80"}\n\n'
          b'event: application/json-patch+json,a\ndata: [{"op":"add","path":"/x","value":[null]}]\n\n'
          b'event: application/merge-patch+json,a\ndata: {"n":null,"y":{"z":1e400}}\n\n'
          b'event: application/alto-updatestreamcontrol+json\ndata: {"stopped":["a"]}\n\n')
LAST = {"t": "\u2028\U0001f600", "x": [None], "y": {"z": "\ue0001e400"}}


@pytest.mark.parametrize("size", [1, 2, 7, 100, 10000])
def test_reader(size):
    """In pieces of any size; eventsource-parser agrees."""
    reader, items = Reader(), []
    for at in range(0, len(STREAM), size):
        items += reader.feed(STREAM[at:at + size])
    assert [item if item == COMMENT else item.id for item in items] == [None, COMMENT, "a", "a",
                                                                        "a",
                                                                        None]
    document = None
    for event in items[2:5]:
        document = apply_event(document, event)
    assert document == LAST
    reader.finish()


BAD = [b"event: t,a\r\ndata: 1\r\n\r\n", b"event:t,a\ndata: 1\n\n", b"event: t,a\ndata:1\n\n",
       b"data: 1\n\n", b"event: t,a\n\n", b"event: t,a\nid: 7\ndata: 1\n\n", b": comment\n\n",
       b"event: t,a\n:\ndata: 1\n\n", b"retry: 5\n\n", b"\n\n", b"event: t,a\ndata: 1\n\n\n\n",
       b"\xef\xbb\xbfevent: t,a\ndata: 1\n\n", b"event: t,a\ndata: {\"a\ndata: b\":1}\n\n",
       b"event: t,a\ndata: {\"a\":1,\"a\":1}\n\n", b"event: t,a\ndata: \xff\n\n",
       b"event: t\ndata: 1\n\n",
       b"event: t,a\ndata: NaN\n\n", b"event: t,a\nevent: t,b\ndata: 1\n\n"]


@pytest.mark.parametrize("text", BAD)
def test_reader_is_strict(text):
    with pytest.raises((AssertionError, ValueError)):
        Reader().feed(text)


def test_end_in_the_middle():
    """Not an event, for nobody."""
    reader = Reader()
    assert reader.feed(b"event: t,a\ndata: 1\n") == []
    reader.finish()
    assert reader.buffer


@pytest.mark.parametrize("name,parts", [
    ("application/json-patch+json,sub1", ("application/json-patch+json", "sub1")),
    ("application/alto-updatestreamcontrol+json",
     ("application/alto-updatestreamcontrol+json", None)),
    ('multipart/related;boundary="a,b";type=x/y,s1',
     ('multipart/related;boundary="a,b";type=x/y', "s1")),
    ("application/merge-patch+json,s.part", ("application/merge-patch+json", "s.part"))])
def test_names(name, parts):
    assert split_name(name) == parts


# ---- appliers ----

def test_json_patch():
    document = read_json('{"a":{"b":[1,2,3]},"c/d":1,"e~f":2,"":3}')
    patch = [{"op": "test", "path": "/a/b/0", "value": "\ue0001"},
             {"op": "remove", "path": "/a/b/1"},
             {"op": "add", "path": "/a/b/-", "value": None},
             {"op": "replace", "path": "/c~1d", "value": {}},
             {"op": "remove", "path": "/e~0f"}, {"op": "add", "path": "/", "value": "x"}]
    assert canonical(third_party.apply_json_patch(document, patch)) == (
        '{"":"x","a":{"b":["\ue0001","\ue0003",null]},"c/d":{}}'.encode())
    assert third_party.apply_json_patch(document, []) == document
    assert third_party.apply_json_patch(document,
                                        [{"op": "replace", "path": "", "value": {"x": 1}}]) == {
        "x": 1}


@pytest.mark.parametrize("patch", [
    [{"op": "test", "path": "/a", "value": 2}], [{"op": "remove", "path": "/b"}],
    [{"op": "replace", "path": "/b", "value": 1}], [{"op": "add", "path": "/b/c", "value": 1}],
    [{"op": "replace", "path": "/a", "value": 2}, {"op": "test", "path": "/a", "value": 1}],
    [{"op": "spam", "path": "/a"}]])
def test_json_patch_refused(patch):
    for apply in (third_party.python_jsonpatch, third_party.fast_json_patch):
        document = {"a": 1}
        with pytest.raises(third_party.Refused):
            apply(document, patch)
        assert document == {"a": 1}


@pytest.mark.parametrize("document,patch,after", [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}), ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}), ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": "foo"}, {"a": {"b": {"c": None, "d": 1}}}, {"a": {"b": {"d": 1}}}),
    ({"a": 1}, {"a": [None, {"b": None}]}, {"a": [None, {"b": None}]}), ({"a": 1}, {}, {"a": 1})])
def test_merge_patch(document, patch, after):
    assert third_party.apply_merge_patch(document, patch) == after


# ---- clients ----

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def speak(text, size):
    """Answers one request with these bytes in chunks of this size; the URI."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener, listener.accept()[0] as peer:
            seen = b""
            while b"{}" not in seen:
                seen += peer.recv(65536)
            peer.sendall(HEAD)
            for at in range(0, len(text), size):
                piece = text[at:at + size]
                peer.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            peer.sendall(b"0\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/updates"


@pytest.mark.parametrize("source", [Curl, Socket])
@pytest.mark.parametrize("size", [3, 64, 100000])
def test_stream(source, size):
    uri = speak(STREAM, size)
    stream = Stream(uri, source(uri, b"{}"))
    stream.begin()
    assert stream.source.status == 200
    assert stream.control_uri == f"{uri}/x"
    assert [stream.data().media for _ in range(3)] == ["application/alto-cdni+json",
                                                       "application/json-patch+json",
                                                       "application/merge-patch+json"]
    assert stream.held["a"] == LAST
    assert [event.body for event in stream.rest()] == [{"stopped": ["a"]}]
    assert stream.stopped == ["a"]
    stream.finish()


def test_stream_that_is_cut():
    uri = speak(STREAM[:-20], 50)
    stream = Stream(uri, Socket(uri, b"{}"))
    stream.begin()
    with pytest.raises(AssertionError):
        stream.rest()
