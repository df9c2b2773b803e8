"""RFC 9113 (HTTP/2) and RFC 7541 (HPACK), section by section, with bare frames, over TLS and in
cleartext: what a server has to refuse, and by which error; what it has to take; what it has to say.

A row: its section, what it is about, what is sent behind the client's preface and settings, and
what has to come of it. The RFC lets a server end the connection where an error is only the stream's
(5.4.2), so that is taken as well, with the same code.
"""
import socket
import ssl
import struct

import pytest

import http_client as http
from http_client import (ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PREFACE,
                         RST_STREAM, SETTINGS, WINDOW_UPDATE)
from http_stub import Stub

PRIORITY, PUSH_PROMISE, CONTINUATION, UNKNOWN = 2, 5, 9, 0x16
PADDED, WITH_PRIORITY = 8, 0x20
PROTOCOL, FLOW, CLOSED, SIZE, REFUSED, COMPRESSION = 1, 3, 5, 6, 7, 9
TABLE_SIZE, PUSH, STREAMS, WINDOW, FRAME_SIZE = 1, 2, 3, 4, 5
frame = http.Http2.frame


# ---- what is sent ----

def field(name, value, first=b"\0"):
    """A literal without indexing."""
    name, value = (x if isinstance(x, bytes) else x.encode() for x in (name, value))
    return first + bytes([len(name)]) + name + bytes([len(value)]) + value


def fields(*pairs):
    return b"".join(field(*pair) for pair in pairs)


def request(*more, method="POST", path="/echo", scheme="http", authority="localhost", drop=None):
    """A block; more fields come behind."""
    pairs = [(":method", method), (":scheme", scheme), (":path", path), (":authority", authority)]
    return fields(*[p for p in pairs if p[0] != drop], ("content-type", "application/x-in+json"),
                  *more)


def head(stream, block=None, flags=END_STREAM, kind=HEADERS):
    return frame(kind, END_HEADERS | flags, stream, request() if block is None else block)


def get(stream, path="/1k"):
    return head(stream, request(method="GET", path=path))


def post(stream, body, *more):
    return head(stream, request(*more), 0) + frame(DATA, END_STREAM, stream, body)


def settings(*pairs, flags=0, stream=0):
    return frame(SETTINGS, flags, stream, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def number(n):
    return struct.pack(">I", n)


PING_ME = frame(PING, 0, 0, b"alive...")


# ---- what has to come ----

class Peer(http.Http2):
    """A connection of bare frames that says nothing by itself but its acknowledgements."""

    def __init__(self, port, tls):
        self.sock = http.raw_connect(port, tls)
        self._buffer = b""
        self.sock.settimeout(10)

    def frames(self):
        """All until the server ends it."""
        while True:
            try:
                yield self.read()
            except (EOFError, ConnectionError, ssl.SSLError):
                return


class Expected:
    def __init__(self, **what):
        self.__dict__.update(what)


def error(*codes):
    """Of the connection."""
    return Expected(kind="connection", codes=codes)


def stream_error(stream, *codes, answered=False):
    """answered: the answer may have begun."""
    return Expected(kind="stream", codes=codes, stream=stream, answered=answered)


def answer(status, stream=1):
    return Expected(kind="answer", status=status, stream=stream)


def check_error(peer, codes):
    """GOAWAY of the code, and the end; where the end overtook it, the end alone."""
    for kind, _, _, payload in peer.frames():
        if kind == GOAWAY:
            assert int.from_bytes(payload[4:8], "big") in codes
        assert kind != PING, "it goes on"


def check_stream_error(peer, expected):
    for kind, _, stream, payload in peer.frames():
        if kind == GOAWAY:
            assert int.from_bytes(payload[4:8], "big") in expected.codes
            return
        if kind == RST_STREAM and stream == expected.stream:
            assert int.from_bytes(payload, "big") in expected.codes
            return
        if kind == HEADERS and stream == expected.stream and not expected.answered:
            assert http.http2_status(payload) == 400, "it is answered"
            return  # as a malformed request may be (8.1.1)
        assert kind != PING, "it goes on"


def check_answer(peer, expected):
    """The answer, and that the connection goes on behind it."""
    status, ended = None, False
    for kind, flags, stream, payload in peer.frames():
        assert kind not in (GOAWAY, RST_STREAM), (kind, stream, payload)
        if kind == PING and not expected.stream:
            return
        if kind == HEADERS and stream == expected.stream:
            status = http.http2_status(payload)
        ended |= kind in (HEADERS, DATA) and stream == expected.stream and flags & END_STREAM
        if ended:
            break
    assert status == expected.status
    peer.send(PING, 0, 0, b"and goes")
    assert peer.read_until(PING)[1:] == (ACK, 0, b"and goes")


def run(stub, data, expected):
    with Peer(stub.port, stub.tls) as peer:
        peer.sock.sendall(PREFACE + settings())
        if callable(data):
            data(peer)
            return
        try:
            # What is behind an error must not be heard any more.
            peer.sock.sendall(data + (PING_ME if expected.kind != "answer" or not expected.stream
                                      else b""))
        except OSError:
            pass
        if expected.kind == "connection":
            check_error(peer, expected.codes)
        elif expected.kind == "stream":
            check_stream_error(peer, expected)
        else:
            check_answer(peer, expected)


ALIVE = answer(None, 0)


# ---- rows that need more than one step ----

def first_frame_is_settings(peer):
    kind, flags, stream, _ = peer.read()
    assert (kind, flags & ACK, stream) == (SETTINGS, 0, 0)


def settings_are_acknowledged(peer):
    while True:
        kind, flags, _, payload = peer.read()
        if kind == SETTINGS and flags & ACK:
            assert payload == b""
            return


def ping_comes_back(peer):
    peer.sock.sendall(frame(PING, 0, 0, b"12345678"))
    assert peer.read_until(PING)[1:] == (ACK, 0, b"12345678")


def pings_of_ours_are_not_answered(peer):
    peer.sock.sendall(frame(PING, ACK, 0, b"nothing.") + PING_ME)
    assert peer.read_until(PING)[3] == b"alive..."


def closes_behind_goaway(peer):
    peer.sock.sendall(get(1) + frame(PING, 0, 0, b"short"))
    kinds = []
    for kind, _, stream, payload in peer.frames():
        kinds.append(kind)
        if kind == GOAWAY:
            assert stream == 0 and payload[:8] == number(1) + number(SIZE)
    assert GOAWAY in kinds


def too_many_streams(peer):
    peer.read_until(SETTINGS)
    for stream in range(1, 205, 2):
        peer.sock.sendall(head(stream, flags=0))
    kind, _, stream, payload = next(f for f in peer.frames() if f[0] in (RST_STREAM, GOAWAY))
    if kind == RST_STREAM:
        assert stream >= 201 and int.from_bytes(payload, "big") in (PROTOCOL, REFUSED)
    else:
        assert int.from_bytes(payload[4:8], "big") == PROTOCOL


def data_of(peer, stream, size):
    """So many bytes of an answer, and that no more come."""
    got = 0
    while got < size:
        got += len(peer.read_until(DATA, stream)[3])
    assert got == size
    peer.sock.sendall(PING_ME)
    assert next(f for f in peer.frames() if f[0] in (DATA, PING))[0] == PING


def window_is_kept(peer):
    peer.sock.sendall(settings((WINDOW, 1)) + get(1))
    data_of(peer, 1, 1)
    peer.sock.sendall(frame(WINDOW_UPDATE, 0, 1, number(5)))
    data_of(peer, 1, 5)


def window_of_the_connection_is_kept(peer):
    peer.sock.sendall(settings((WINDOW, 1 << 20)) + get(1, "/100k"))
    data_of(peer, 1, 65535)
    peer.sock.sendall(frame(WINDOW_UPDATE, 0, 0, number(10)))
    data_of(peer, 1, 10)


def window_changes_with_settings(peer):
    """Also below zero, from where updates bring it back (6.9.2)."""
    peer.sock.sendall(settings((WINDOW, 3)) + get(1))
    data_of(peer, 1, 3)
    peer.sock.sendall(settings((WINDOW, 2)) + frame(WINDOW_UPDATE, 0, 1, number(2)))
    data_of(peer, 1, 1)
    peer.sock.sendall(settings((WINDOW, 4)))
    data_of(peer, 1, 2)


def last_value_of_settings_counts(peer):
    peer.sock.sendall(settings((WINDOW, 100), (WINDOW, 1)) + get(1))
    data_of(peer, 1, 1)


def frames_are_not_too_large(peer):
    peer.sock.sendall(settings((WINDOW, 1 << 20)) + frame(WINDOW_UPDATE, 0, 0, number(1 << 20)) +
                      get(1, "/100k"))
    for kind, flags, _, payload in peer.frames():
        assert len(payload) <= 16384
        if kind == DATA and flags & END_STREAM:
            return


def after(first, then, end=None):
    """First what is answered, then what is wrong."""
    def row(peer):
        peer.sock.sendall(first)
        end_of = end or (lambda kind, flags: kind in (DATA, HEADERS) and flags & END_STREAM)
        next(f for f in peer.frames() if f[2] == 1 and end_of(f[0], f[1]))
        peer.sock.sendall(then[0] + PING_ME)
        if then[1].kind == "connection":
            check_error(peer, then[1].codes)
        elif then[1].kind == "stream":
            check_stream_error(peer, then[1])
        else:
            check_answer(peer, then[1])
    return row


RESET = frame(RST_STREAM, 0, 1, number(8))
OPEN = head(1, flags=0)
BLOCK = request()
PART = frame(HEADERS, END_STREAM, 1, BLOCK[:20])
REST = frame(CONTINUATION, END_HEADERS, 1, BLOCK[20:])


def malformed(*more, **how):
    return head(1, request(*more, **how)), stream_error(1, PROTOCOL)


ROWS = [
    ("3.4", "settings come first", first_frame_is_settings, None),
    ("4.1", "unknown type", frame(UNKNOWN, 0, 0, b"x" * 8), ALIVE),
    ("4.1", "unknown flags", frame(PING, 0xfe, 0, b"x" * 8) + frame(PING, 0, 0, b"y" * 8), ALIVE),
    ("4.1", "reserved bit", frame(PING, 0, 0x80000000, b"x" * 8), ALIVE),
    ("4.2", "frame of 16,384 bytes", post(1, b"x" * 16384), answer(200)),
    ("4.2", "frame of 16,385 bytes of data", OPEN + frame(DATA, END_STREAM, 1, b"x" * 16385),
     stream_error(1, SIZE)),
    ("4.2", "frame of 16,385 bytes of fields", frame(HEADERS, 5, 1, BLOCK + bytes(16385 - len(BLOCK))),
     error(SIZE)),
    ("4.2", "answers in frames of 16,384 bytes", frames_are_not_too_large, None),
    ("4.3", "block that cannot be decoded", head(1, b"\0\x01"), error(COMPRESSION)),
    ("4.3", "priority in a block", PART + frame(PRIORITY, 0, 1, bytes(4) + b"\xff") + REST,
     error(PROTOCOL)),
    ("4.3", "another stream's fields in a block", PART + get(3) + REST, error(PROTOCOL)),
    ("5.1", "idle: data", frame(DATA, END_STREAM, 1, b"x"), error(PROTOCOL)),
    ("5.1", "idle: reset", frame(RST_STREAM, 0, 1, number(8)), error(PROTOCOL)),
    ("5.1", "idle: window", frame(WINDOW_UPDATE, 0, 1, number(1)), error(PROTOCOL)),
    ("5.1", "idle: continuation", frame(CONTINUATION, END_HEADERS, 1, BLOCK), error(PROTOCOL)),
    ("5.1", "idle: priority", frame(PRIORITY, 0, 1, number(0) + b"\x0f") + get(3), answer(200, 3)),
    ("5.1", "half-closed: data", get(1, "/100k") + frame(DATA, END_STREAM, 1, b"x"),
     stream_error(1, CLOSED, answered=True)),
    ("5.1", "half-closed: fields", get(1, "/100k") + get(1), stream_error(1, CLOSED, answered=True)),
    ("5.1", "half-closed: continuation", get(1, "/100k") + frame(CONTINUATION, 4, 1, BLOCK),
     stream_error(1, CLOSED, PROTOCOL, answered=True)),
    ("5.1", "half-closed: window, priority, reset", get(1) + frame(WINDOW_UPDATE, 0, 1, number(9)) +
     frame(PRIORITY, 0, 1, number(0) + b"\x0f") + RESET + get(3), answer(200, 3)),
    ("5.1", "reset: data", OPEN + RESET + frame(DATA, END_STREAM, 1, b"x"), stream_error(1, CLOSED)),
    ("5.1", "reset: fields", OPEN + RESET + get(1), stream_error(1, CLOSED, PROTOCOL)),
    ("5.1", "reset: continuation", OPEN + RESET + frame(CONTINUATION, 4, 1, BLOCK),
     stream_error(1, CLOSED, PROTOCOL)),
    ("5.1", "closed: data", after(get(1), (frame(DATA, END_STREAM, 1, b"x"),
                                           stream_error(1, CLOSED))), None),
    ("5.1", "closed: fields", after(get(1), (get(1), error(CLOSED, PROTOCOL))), None),
    ("5.1", "closed: continuation", after(get(1), (frame(CONTINUATION, 4, 1, BLOCK),
                                                   error(CLOSED, PROTOCOL))), None),
    ("5.1", "closed: window, priority, reset", after(get(1), (
        frame(WINDOW_UPDATE, 0, 1, number(9)) + frame(PRIORITY, 0, 1, number(0) + b"\x0f") + RESET,
        ALIVE)), None),
    ("5.1.1", "even stream", get(2), error(PROTOCOL)),
    # Which is closed by then, as 5.1.1 has it, so that 5.1 asks for the other one.
    ("5.1.1", "lower stream", get(5) + get(3), error(PROTOCOL, CLOSED)),
    ("5.1.1", "streams that are skipped", get(1) + get(7), answer(200, 7)),
    ("5.1.2", "streams at a time", too_many_streams, None),
    ("5.4.1", "end behind GOAWAY", closes_behind_goaway, None),
    ("5.5", "unknown type on a stream", OPEN + frame(UNKNOWN, 1, 1, b"x") +
     frame(DATA, END_STREAM, 1, b"x"), answer(200)),
    ("5.5", "unknown type in a block", PART + frame(UNKNOWN, 0, 0, b"") + REST, error(PROTOCOL)),
    ("6.1", "data on stream 0", frame(DATA, END_STREAM, 0, b"x"), error(PROTOCOL)),
    ("6.1", "padding as long as the data", OPEN + frame(DATA, PADDED | END_STREAM, 1, b"\x04xyz"),
     error(PROTOCOL)),
    ("6.1", "padded data", OPEN + frame(DATA, PADDED | END_STREAM, 1, b"\x03xyz\0\0\0"), answer(200)),
    ("6.2", "fields on stream 0", head(0), error(PROTOCOL)),
    ("6.2", "padding longer than the block", frame(HEADERS, 0xd, 1, b"\xff" + BLOCK), error(PROTOCOL)),
    ("6.2", "padded block", frame(HEADERS, 0xd, 1, b"\x03" + BLOCK + bytes(3)), answer(200)),
    ("6.2", "block with a priority", frame(HEADERS, 0x25, 1, number(0) + b"\x0f" + BLOCK), answer(200)),
    ("6.3", "priority on stream 0", frame(PRIORITY, 0, 0, number(1) + b"\x0f"), error(PROTOCOL)),
    ("6.3", "priority of 4 bytes", OPEN + frame(PRIORITY, 0, 1, number(0)), stream_error(1, SIZE)),
    ("6.4", "reset on stream 0", frame(RST_STREAM, 0, 0, number(8)), error(PROTOCOL)),
    ("6.4", "reset of 3 bytes", OPEN + frame(RST_STREAM, 0, 1, b"\0\0\0"), error(SIZE)),
    ("6.5", "acknowledgement with content", settings((STREAMS, 1), flags=ACK), error(SIZE)),
    ("6.5", "settings on a stream", settings((STREAMS, 1), stream=1), error(PROTOCOL)),
    ("6.5", "settings of 3 bytes", frame(SETTINGS, 0, 0, b"\0\x03\0"), error(SIZE)),
    ("6.5.2", "push neither 0 nor 1", settings((PUSH, 2)), error(PROTOCOL)),
    ("6.5.2", "window above 2^31-1", settings((WINDOW, 1 << 31)), error(FLOW)),
    ("6.5.2", "frames below 16,384", settings((FRAME_SIZE, 16383)), error(PROTOCOL)),
    ("6.5.2", "frames above 2^24-1", settings((FRAME_SIZE, 1 << 24)), error(PROTOCOL)),
    ("6.5.2", "unknown setting", settings((0x99, 1)) + get(1), answer(200)),
    ("6.5.3", "acknowledgement", settings_are_acknowledged, None),
    ("6.5.3", "the last value", last_value_of_settings_counts, None),
    ("6.7", "ping", ping_comes_back, None),
    ("6.7", "acknowledged ping", pings_of_ours_are_not_answered, None),
    ("6.7", "ping on a stream", frame(PING, 0, 1, bytes(8)), error(PROTOCOL)),
    ("6.7", "ping of 6 bytes", frame(PING, 0, 0, bytes(6)), error(SIZE)),
    ("6.8", "GOAWAY on a stream", frame(GOAWAY, 0, 1, bytes(8)), error(PROTOCOL)),
    ("6.9", "window of the connection by 0", frame(WINDOW_UPDATE, 0, 0, number(0)), error(PROTOCOL)),
    ("6.9", "window of a stream by 0", OPEN + frame(WINDOW_UPDATE, 0, 1, number(0)),
     stream_error(1, PROTOCOL)),
    ("6.9", "window of 3 bytes", frame(WINDOW_UPDATE, 0, 0, b"\0\0\1"), error(SIZE)),
    ("6.9.1", "window of a stream", window_is_kept, None),
    ("6.9.1", "window of the connection", window_of_the_connection_is_kept, None),
    ("6.9.1", "window of the connection above 2^31-1", frame(WINDOW_UPDATE, 0, 0, number(2**31 - 1)) * 2,
     error(FLOW)),
    ("6.9.1", "window of a stream above 2^31-1", OPEN +
     frame(WINDOW_UPDATE, 0, 1, number(2**31 - 1)) * 2, stream_error(1, FLOW)),
    ("6.9.2", "settings move windows", window_changes_with_settings, None),
    # That is an error of the connection, which the library does not find: its windows have 64 bits.
    ("6.9.2", "settings take a window above 2^31-1", OPEN +
     frame(WINDOW_UPDATE, 0, 1, number(2**30)) + settings((WINDOW, 2**31 - 1)), ALIVE),
    ("6.10", "block in many pieces", frame(HEADERS, END_STREAM, 1, BLOCK[:5]) + b"".join(
        frame(CONTINUATION, 0, 1, BLOCK[i:i + 7]) for i in range(5, len(BLOCK), 7)) +
     frame(CONTINUATION, END_HEADERS, 1), answer(200)),
    ("6.10", "data in a block", frame(HEADERS, 0, 1, BLOCK[:20]) + frame(DATA, 0, 1, b"x"),
     error(PROTOCOL)),
    ("6.10", "piece of another stream", PART + frame(CONTINUATION, END_HEADERS, 3, BLOCK[20:]),
     error(PROTOCOL)),
    ("6.10", "piece on stream 0", PART + frame(CONTINUATION, END_HEADERS, 0, BLOCK[20:]),
     error(PROTOCOL)),
    ("6.10", "piece behind the end", OPEN + frame(CONTINUATION, END_HEADERS, 1, BLOCK),
     error(PROTOCOL)),
    ("6.10", "piece behind data", OPEN + frame(DATA, 0, 1, b"x") +
     frame(CONTINUATION, END_HEADERS, 1, BLOCK), error(PROTOCOL)),
    ("7", "GOAWAY of an unknown code", frame(GOAWAY, 0, 0, number(0) + number(0xff)) + PING_ME, ALIVE),
    ("7", "reset of an unknown code", OPEN + frame(RST_STREAM, 0, 1, number(0xff)) + get(3),
     answer(200, 3)),
    ("8.1", "trailers", OPEN + frame(DATA, 0, 1, b"x") + head(1, field("x", "y")), answer(200)),
    *[("8.1", f"trailers with {what}", OPEN + frame(DATA, 0, 1, b"x") + head(1, block),
       stream_error(1, PROTOCOL)) for what, block in [
           ("an empty name", field("", "y")), ("keep-alive", field("keep-alive", "3")),
           ("connection", field("connection", "close")), ("a capital", field("X", "y"))]],
    ("8.1", "second block that does not end it", OPEN + head(1, field("x", "y"), 0),
     stream_error(1, PROTOCOL)),
    ("8.1.1", "body shorter than it says", post(1, b"x", ("content-length", "2")),
     stream_error(1, PROTOCOL)),
    ("8.1.1", "body longer than it says", post(1, b"xyz", ("content-length", "2")),
     stream_error(1, PROTOCOL)),
    ("8.1.1", "body in two frames, not as long as it says",
     head(1, request(("content-length", "3")), 0) + frame(DATA, 0, 1, b"x") +
     frame(DATA, END_STREAM, 1, b"y"), stream_error(1, PROTOCOL)),
    ("8.1.1", "body as long as it says", post(1, b"xyz", ("content-length", "3")), answer(200)),
    ("8.1.1", "no body, and a length", *malformed(("content-length", "3"))),
    ("8.1.1", "two lengths", post(1, b"xyz", ("content-length", "3"), ("content-length", "4")),
     stream_error(1, PROTOCOL)),
    ("8.1.1", "length that is none", post(1, b"xyz", ("content-length", "3x")),
     stream_error(1, PROTOCOL)),
    ("8.2.1", "capital in a name", *malformed(("X-Test", "y"))),
    ("8.2.1", "space in a name", *malformed(("x y", "z"))),
    ("8.2.1", "control in a name", *malformed((b"x\x01", "z"))),
    ("8.2.1", "line end in a name", *malformed((b"x\r\ny", "z"))),
    ("8.2.1", "byte above 127 in a name", *malformed((b"x\xe4", "z"))),
    ("8.2.1", "colon in a name", *malformed(("x:y", "z"))),
    ("8.2.1", "empty name", *malformed(("", "z"))),
    ("8.2.1", "null in a value", *malformed(("x", b"a\0b"))),
    ("8.2.1", "line feed in a value", *malformed(("x", b"a\nb"))),
    ("8.2.1", "carriage return in a value", *malformed(("x", b"a\rb"))),
    ("8.2.1", "space before a value", *malformed(("x", " y"))),
    ("8.2.1", "tab behind a value", *malformed(("x", "y\t"))),
    ("8.2.1", "names and values that are odd, and fine", head(1, request(
        ("!#$%&'*+-.^_`|~09az", b"\x80\xff \t(),"), ("empty", ""))), answer(200)),
    *[("8.2.2", f"{name}", *malformed((name, value))) for name, value in [
        ("connection", "keep-alive"), ("keep-alive", "3"), ("proxy-connection", "keep-alive"),
        ("transfer-encoding", "chunked"), ("upgrade", "x"), ("te", "trailers, deflate"),
        ("te", "gzip")]],
    ("8.2.2", "te: trailers", head(1, request(("te", "trailers"))), answer(200)),
    ("8.2.3", "cookie in pieces", head(1, request(("cookie", "a=b"), ("cookie", "c=d"))), answer(200)),
    ("8.3", "unknown pseudo-field", *malformed((":test", "x"))),
    ("8.3", "pseudo-field of answers", *malformed((":status", "200"))),
    ("8.3", "pseudo-field in trailers", OPEN + head(1, field(":method", "GET")),
     stream_error(1, PROTOCOL)),
    ("8.3", "pseudo-field behind another", head(1, field("x", "y") + BLOCK), stream_error(1, PROTOCOL)),
    ("8.3.1", "empty path", *malformed(path="")),
    ("8.3.1", "path with a line end", *malformed(path="/1k\r\n")),
    *[("8.3.1", f"no {name}", *malformed(drop=name)) for name in (":method", ":scheme", ":path")],
    *[("8.3.1", f"two of {name}", head(1, field(name, value) + BLOCK), stream_error(1, PROTOCOL))
      for name, value in [(":method", "POST"), (":scheme", "http"), (":path", "/echo"),
                          (":authority", "localhost")]],
    ("8.3.1", "method that is no token", *malformed(method="GE T")),
    ("8.3.1", "empty method", *malformed(method="")),
    ("8.3.1", "authority with a user", *malformed(authority="u@localhost")),
    ("8.3.1", "authority that is none", *malformed(authority="a/b c")),
    # That should be refused, but need not: the library does not even look at it.
    ("8.3.1", "host that is another", head(1, request(("host", "elsewhere"))), answer(200)),
    ("8.3.1", "host that is the same", head(1, request(("host", "localhost"))), answer(200)),
    ("8.3.1", "host and no authority", head(1, request(("host", "localhost"), drop=":authority")),
     answer(200)),
    ("8.4", "push by a client", OPEN + frame(PUSH_PROMISE, END_HEADERS, 1, number(2) + BLOCK),
     error(PROTOCOL)),
    ("hpack-2.3.3", "index of no entry", head(1, BLOCK + b"\xfe"), error(COMPRESSION)),
    ("hpack-2.3.3", "name of no entry", head(1, BLOCK + b"\x7e\x01x"), error(COMPRESSION)),
    ("hpack-2.3.3", "entry of the dynamic table", head(1, BLOCK + field("x-a", "b", b"\x40")) +
     head(3, BLOCK + b"\xbe"), answer(200, 3)),
    ("hpack-4.1", "entry that was pushed out", head(1, b"\x20\x3f\xe1\x1f" + BLOCK +
                                                    field("x-a", "b", b"\x40")) +
     head(3, b"\x20" + BLOCK + b"\xbe"), error(COMPRESSION)),
    ("hpack-4.2", "size at the end of a block", head(1, BLOCK + b"\x20"), error(COMPRESSION)),
    ("hpack-4.2", "sizes at the begin of a block", head(1, b"\x20\x3f\xe1\x1f" + BLOCK), answer(200)),
    ("hpack-5.1", "integer without end", head(1, BLOCK + b"\xff" + b"\xff" * 12 + b"\x01"),
     error(COMPRESSION)),
    ("hpack-5.2", "string longer than the block", head(1, BLOCK + b"\0\x01x\x10y"), error(COMPRESSION)),
    ("hpack-5.2", "padding of 8 bits", head(1, BLOCK + b"\0\x01x\x82\x1f\xff"),
     error(COMPRESSION)),
    ("hpack-5.2", "padding of zeros", head(1, BLOCK + b"\0\x01x\x81\x18"), error(COMPRESSION)),
    ("hpack-5.2", "end of a string inside", head(1, BLOCK + b"\0\x01x\x84\xff\xff\xff\xff"),
     error(COMPRESSION)),
    ("hpack-5.2", "string in Huffman's code", head(1, BLOCK + b"\0\x01x\x81\x1f"), answer(200)),
    ("hpack-6.1", "index 0", head(1, BLOCK + b"\x80"), error(COMPRESSION)),
    ("hpack-6.3", "size above the setting", head(1, b"\x3f\xe2\x1f" + BLOCK), error(COMPRESSION)),
]


@pytest.fixture(scope="module", params=["h2c", "tls"])
def stub(request, certificates):
    args = ["--threads", 1, "--option", "new-connections-per-s=0"]
    if request.param == "tls":
        args += ["--tls", certificates / "server.pem", certificates / "server.key"]
    started = Stub(*args)
    started.tls = None
    if request.param == "tls":
        started.tls = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
        started.tls.set_alpn_protocols(["h2"])
    yield started
    started.stop()


@pytest.mark.parametrize("section, what, data, expected", ROWS,
                         ids=[f"{row[0]} {row[1]}" for row in ROWS])
def test_section(stub, section, what, data, expected):
    run(stub, data, expected)


@pytest.mark.parametrize("preface", [b"INVALID CONNECTION PREFACE\r\n\r\n", PREFACE[:-1] + b"x",
                                     PREFACE + frame(PING, 0, 0, bytes(8))],
                         ids=["other", "last byte", "no settings"])
def test_section_3_4_preface(stub, preface):
    with Peer(stub.port, stub.tls) as peer:
        peer.sock.sendall(preface)
        peer.sock.shutdown(socket.SHUT_WR) if not stub.tls and b"INVALID" in preface else None
        data = http.read_to_end(peer.sock)
        assert frame(PING, ACK, 0, bytes(8)) not in data
