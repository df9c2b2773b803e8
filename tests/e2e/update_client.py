"""Clients of update streams: by curl, over a bare connection, and over bare HTTP/2 frames.

A stream is opened with a request, gives its events one by one, and is controlled over any protocol.
All waits are for what has to come, with a generous limit against hanging.
"""
import collections
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import tempfile
import urllib.parse

import http_client
from event_stream import COMMENT, Reader, apply_event

LIMIT = 60
PARAMS = "application/alto-updatestreamparams+json"
MEDIA = "text/event-stream"
PROTOCOLS = ["h1", "h2c"]


def readable(fd, limit=LIMIT):
    return bool(select.select([fd], [], [], limit)[0])


class Curl:
    """The bytes of a response, as curl passes them on."""

    def __init__(self, uri, body, headers=(), protocol="h1", extra=()):
        args = ["curl", "--silent", "--show-error", "--no-buffer", "--include",
                *http_client.curl_flags(protocol), *extra, "--data-binary", "@-"]
        for line in headers:
            args += ["--header", line]
        self.process = subprocess.Popen([*args, uri], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, bufsize=0)
        self.process.stdin.write(body)
        self.process.stdin.close()
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = self.read()
            assert chunk, f"no response: {self.process.stderr.read()} {head}"
            head += chunk
            if head.startswith(b"HTTP/1.1 100") and b"\r\n\r\n" in head:
                head = head.partition(b"\r\n\r\n")[2]
        response = http_client.parse(head)
        self.status, self.headers, self.version = response.status, response.headers, response.version
        self.first = response.body

    def read(self):
        """Some bytes; b"" at the end."""
        if getattr(self, "first", b""):
            first, self.first = self.first, b""
            return first
        assert readable(self.process.stdout), "nothing comes"
        return os.read(self.process.stdout.fileno(), 65536)

    def ended_well(self):
        return self.process.wait(LIMIT) == 0

    def abort(self):
        self.process.send_signal(signal.SIGKILL)
        self.close()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(LIMIT)
        self.process.stdout.close()
        self.process.stderr.close()


def head_text(method, uri, headers, body=b""):
    where = urllib.parse.urlsplit(uri)
    lines = [f"{method} {where.path} HTTP/1.1", f"Host: {where.netloc}", *headers]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Socket:
    """A request over a connection of its own, of HTTP/1.1; what is not asked for is not read."""

    def __init__(self, uri, body=b"", headers=(), method="POST", receive_buffer=None):
        where = urllib.parse.urlsplit(uri)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(LIMIT)
        self.sock.connect((where.hostname, where.port))
        self.sock.sendall(head_text(method, uri, headers, body))
        self.buffer, self.end, self.status = b"", None, None
        self.method = method

    def fill(self):
        chunk = self.sock.recv(65536)
        self.buffer += chunk
        return chunk

    def head(self):
        """Waits for the head of the response."""
        if self.status is not None:
            return
        while b"\r\n\r\n" not in self.buffer:
            assert self.fill(), f"no response: {self.buffer!r}"
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        response = http_client.parse(head + b"\r\n\r\n")
        self.status, self.headers, self.version = response.status, response.headers, response.version
        self.chunked = response.get("transfer-encoding") == "chunked"
        self.left = None if self.chunked else int(response.get("content-length") or 0)
        if self.method == "HEAD" or self.status in (204, 304):
            self.chunked, self.left = False, 0

    def read(self):
        """Some bytes of the body; b"" at the end, which `end` says to be good or not."""
        self.head()
        if not self.chunked:
            if self.left == 0:
                self.end = True
                return b""
            if not self.buffer and not self.fill():
                self.end = False
                return b""
            made, self.buffer = self.buffer[:self.left], self.buffer[self.left:]
            self.left -= len(made)
            return made
        while True:
            size, mark, rest = self.buffer.partition(b"\r\n")
            if mark and len(rest) >= int(size, 16) + 2:
                length = int(size, 16)
                assert rest[length:length + 2] == b"\r\n"
                self.buffer = rest[length + 2:]
                if length == 0:
                    self.end = True
                    return b""
                return rest[:length]
            try:
                if self.fill():
                    continue
            except ConnectionResetError:
                pass
            self.end = False
            return b""

    def response(self):
        """The whole of it."""
        body = b""
        while chunk := self.read():
            body += chunk
        assert self.end
        return http_client.Response(self.status, self.version, self.headers, body)

    def answered(self):
        """Whether there is something to read already."""
        return bool(self.buffer) or readable(self.sock, 0)

    def ended_well(self):
        return self.end is True

    def abort(self):
        """A reset, as of a client that is gone."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()


INITIAL_WINDOW_SIZE = 4
WIDE = 1 << 30


class Frames(http_client.Http2):
    """A connection of bare frames with many requests; windows are opened by hand, if they are not
    wide open."""

    def __init__(self, port, window=None):
        super().__init__(port, [(INITIAL_WINDOW_SIZE, WIDE if window is None else window)])
        if window is None:
            self.open_window(WIDE)
        self.last = -1
        self.requests = {}
        self.goaway = False

    def ask(self, path, body=None, headers=(), method="POST"):
        self.last += 2
        made = FramesRequest(self, self.last)
        self.requests[self.last] = made
        fields = list(headers)
        self.request(self.last, method, path, fields, end=body is None)
        if body is not None:
            self.send(http_client.DATA, http_client.END_STREAM, self.last, body)
        return made

    def open_window(self, size, stream=0):
        self.send(http_client.WINDOW_UPDATE, 0, stream, struct.pack(">I", size))

    def step(self):
        """One frame, to the request that it is for."""
        kind, flags, stream, payload = self.read()
        if kind == http_client.GOAWAY:
            self.goaway = True
        made = self.requests.get(stream)
        if made is None:
            return
        if kind == http_client.HEADERS:
            made.status = http_client.http2_status(payload)
            made.block = payload
        elif kind == http_client.DATA:
            made.chunks.append(payload)
        elif kind == http_client.RST_STREAM:
            made.reset = True
        if flags & http_client.END_STREAM and kind in (http_client.HEADERS, http_client.DATA):
            made.end = True

    def drain_acknowledged(self, mark=b"untilnow"):
        """Takes what the server has sent until it answers a ping."""
        self.send(http_client.PING, 0, 0, mark)
        while True:
            kind, flags, stream, payload = self.peek()
            if kind == http_client.PING and flags & http_client.ACK and payload == mark:
                self.step()
                return
            self.step()

    def peek(self):
        head = self._take(9)
        length = int.from_bytes(head[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        payload = self._take(length)
        self._buffer = head + payload + self._buffer
        return kind, flags, stream, payload


class FramesRequest:
    """One request of a connection of bare frames."""

    def __init__(self, connection, stream):
        self.connection, self.stream = connection, stream
        self.status, self.chunks, self.end, self.reset = None, collections.deque(), None, False
        self.headers = []  # not decoded

    def head(self):
        while self.status is None:
            assert not self.reset
            self.connection.step()

    def read(self):
        while not self.chunks and not self.end and not self.reset:
            self.connection.step()
        if not self.chunks:
            self.end = bool(self.end)
            return b""
        chunk = self.chunks.popleft()
        return chunk if chunk else self.read()

    def body(self):
        made = b""
        while chunk := self.read():
            made += chunk
        return made

    def ended_well(self):
        return self.end is True

    def abort(self):
        self.connection.send(http_client.RST_STREAM, 0, self.stream, struct.pack(">I", 8))

    def close(self):
        pass


def heads_on_one_connection(uri, count, body=None, media=None):
    """The heads of the responses to `count` requests over one connection of HTTP/2, as they come, by
    nghttp, which tells of responses that do not end."""
    args = ["stdbuf", "-oL", "nghttp", "-v", f"-m{count}"]
    with tempfile.NamedTemporaryFile() as file:
        if body is not None:
            file.write(body)
            file.flush()
            args += ["-d", file.name, "-H", f"content-type: {media}"]
        process = subprocess.Popen([*args, uri], stdout=subprocess.PIPE, bufsize=0)
        heads, done, text = {}, 0, b""
        while done < count:
            assert readable(process.stdout), text
            chunk = os.read(process.stdout.fileno(), 65536)
            assert chunk, text
            *lines, text = (text + chunk).split(b"\n")
            for line in lines:
                field = re.match(rb".* recv \(stream_id=(\d+)\) (:?[\w-]+): (.*)", line)
                if field:
                    stream, name, value = field.groups()
                    heads.setdefault(int(stream), {})[name.decode()] = value.decode()
                done += b" recv HEADERS frame" in line
        process.kill()
        process.wait(LIMIT)
        process.stdout.close()
    return [heads[stream] for stream in sorted(heads)]


class Stream:
    """An open update stream; what it tells is kept by substream."""

    def __init__(self, uri, source):
        self.uri, self.source = uri, source
        self.reader, self.waiting = Reader(), collections.deque()
        self.held = {}  # substream id -> document
        self.stopped = []

    def item(self):
        """The next event or comment; None at the end."""
        while not self.waiting:
            chunk = self.source.read()
            if not chunk:
                assert self.reader.buffer == b"", "an event without its end"
                return None
            self.waiting.extend(self.reader.feed(chunk))
        return self.waiting.popleft()

    def comment(self):
        """Waits for a comment; data may come before."""
        while (item := self.item()) != COMMENT:
            assert item is not None, "the stream has ended"

    def event(self):
        """The next event, taken to the documents; None at the end."""
        while (item := self.item()) == COMMENT:
            pass
        if item is not None:
            self.take(item)
        return item

    def take(self, event):
        if event.is_control:
            for one in event.body.get("stopped", []):
                self.stopped.append(one)
        else:
            assert event.id not in self.stopped, f"after its end: {event}"
            self.held[event.id] = apply_event(self.held.get(event.id), event)

    def begin(self):
        """Reads the first event, which is the one with the control URI."""
        first = self.event()
        assert first.is_control and set(first.body) == {"control-uri"}, first
        self.control_uri = urllib.parse.urljoin(self.uri, first.body["control-uri"])
        return self

    def data(self):
        """The next event of data; `started` may come before."""
        while True:
            event = self.event()
            assert event is not None, "the stream has ended"
            if not event.is_control:
                return event
            assert set(event.body) == {"started"}, event

    def until(self, done):
        """Events of data until done(self); those on the way."""
        seen = []
        while not done(self):
            seen.append(self.data())
        return seen

    def rest(self):
        """All events until the good end of the response."""
        seen = []
        while (event := self.event()) is not None:
            seen.append(event)
        assert self.source.ended_well()
        return seen

    def control(self, request, protocol="h1", headers=(), **how):
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        return http_client.request(self.control_uri, protocol, data=body,
                                   headers=[f"Content-Type: {PARAMS}", *headers], **how)

    def finish(self):
        """What has come so far is what other people's parser sees, too."""
        self.reader.finish()
        self.source.close()


def stopped_in(events):
    """The ids that control events say to have stopped, in order."""
    return [one for event in events if event.is_control for one in event.body.get("stopped", [])]
