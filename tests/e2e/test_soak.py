"""What tests/soak counts: that a run can fail, and does so for the right things alone."""
import json
import pathlib
import socket
import struct
import sys
import threading
import types

import pytest

import http_client as http

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / name) for name in ("soak", "bench")]

import askers  # noqa: E402
import followers  # noqa: E402

BODY = b'{"meta": {}}'


class Peer(threading.Thread):
    """A server for one connection, which `serve` gets."""

    def __init__(self, serve):
        super().__init__(daemon=True)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.name, self.port = "peer", self.listening.getsockname()[1]
        self.serve = serve
        self.start()

    def run(self):
        sock = self.listening.accept()[0]
        self.listening.close()
        with sock:
            self.serve(sock)
            # A close upon what was not read would take back what was written and not read yet.
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(60)
            try:
                while sock.recv(65536):
                    pass
            except OSError:
                pass


def ask(kind, serve):
    """What one connection of such a client came to."""
    counts = askers.Counts("test")
    peer = Peer(serve)
    asker = kind.__new__(kind)
    asker.counts, asker.port, asker.tls, asker.pause, asker.over = counts, peer.port, None, 0, True
    asker.where, asker.turn = "peer", 0
    try:
        asker.ask()
    except Exception as error:  # as in Asker.run
        counts.fail(repr(error))
    peer.join(60)
    return counts.answered, counts.retried, counts.failed


def h2_server(answered, last_allowed, then=lambda sock: None):
    """Answers so many of eight requests, and says GOAWAY, or nothing."""
    def serve(sock):
        frame = askers.Connection.frame
        peer = types.SimpleNamespace(sock=sock, _buffer=b"")
        take = lambda size: http.Http2._take(peer, size)  # noqa: E731
        take(len(http.PREFACE))
        seen = 0
        while seen < 8:
            head = take(9)
            take(int.from_bytes(head[:3], "big"))
            seen += head[3] == http.DATA and head[4] & 1 or head[3] == http.HEADERS and head[4] & 1
        sock.sendall(frame(http.SETTINGS, 0, 0))
        for n in range(answered):
            stream = 2 * n + 1
            sock.sendall(frame(http.HEADERS, http.END_HEADERS, stream, b"\x88") +
                         frame(http.DATA, http.END_STREAM, stream, BODY))
        if last_allowed is not None:
            sock.sendall(frame(http.GOAWAY, 0, 0, struct.pack(">II", last_allowed, 0)))
        then(sock)
    return serve


@pytest.mark.parametrize("answered, last_allowed, counted", [
    (8, None, (8, 0, 0)), (3, 5, (3, 5, 0)), (8, 15, (8, 0, 0)),
    (3, 9, (3, 3, 2)),         # it said that it would answer five
    (3, None, (3, 0, 5))])     # it said nothing
def test_http2(answered, last_allowed, counted):
    assert ask(askers.H2, h2_server(answered, last_allowed)) == counted


def h1_server(*answers):
    def serve(sock):
        for answer in answers:
            sock.recv(65536)
            sock.sendall(answer)
    return serve


HEAD = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("kind", [askers.Once, askers.Kept])
@pytest.mark.parametrize("answer, counted", [
    (HEAD % (200, len(BODY)) + BODY, (1, 0, 0)), (b"", (0, 0, 1)), (HEAD[:20], (0, 0, 1)),
    (HEAD % (503, 0), (0, 0, 1)), (HEAD % (200, 99) + BODY, (0, 0, 1)), (HEAD % (200, 1) + b"{", (0, 0, 1))])
def test_http1(kind, answer, counted):
    def once_or_until_told(serve):
        # One round: `Kept` goes on until it is told to end.
        return ask(type("One", (kind,), {"over": property(lambda self: False, lambda self, value: None)}), serve)
    assert once_or_until_told(h1_server(answer)) == counted


def test_kept_connection_that_is_closed_between_answers():
    kept = HEAD.replace(b"close", b"keep-alive") % (200, len(BODY)) + BODY
    kind = type("One", (askers.Kept,), {"over": property(lambda self: False, lambda self, value: None)})
    assert ask(kind, h1_server(kept, kept)) == (2, 1, 0)


def test_states_are_compared_with_the_tag():
    class Replica:
        name = "peer"

        def call(self, method, path):
            return 200, {}, json.dumps({"meta": {"vtag": {"tag": "new"}}, "path": path}).encode()

    def follower(replica, tag, failure=None):
        held = {"cdni": {"meta": {"vtag": {"tag": tag}}, "path": "/cdni"}} if tag else {}
        return types.SimpleNamespace(replica=replica, name=f"follower {tag}", resources=["cdni"],
                                     held=lambda: held, look=lambda: failure)

    replica = Replica()
    states = [follower(replica, "new"), follower(replica, "old"), follower(replica, None),
              follower(replica, "new", "ended")]
    equal, wrong = followers.compare(states, patience_s=0)
    assert equal == 1 and len(wrong) == 3
    assert any("ended" in text for text in wrong)
    assert sum("is not what the server has" in text for text in wrong) == 2
