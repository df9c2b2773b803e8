"""Clients that ask all the time, and count.

answered: a whole answer, 200 or 304. retried: a request that HTTP lets the client send again, since it
knows that the server did nothing for it: its stream is above the last one that a GOAWAY names, or was
refused with REFUSED_STREAM, or its connection of HTTP/1.1 had been used before and was closed before
any byte of an answer. failed: everything else. A connection of HTTP/2 that is closed without a GOAWAY
while nothing is asked is counted as silent.
"""
import collections
import json
import select
import ssl
import struct
import threading
import time

import http_client as http
from followers import FILTER, FILTER_MEDIA
from update_client import INITIAL_WINDOW_SIZE, WIDE

HEADER_TABLE_SIZE, REFUSED_STREAM = 1, 7
STREAMS = 8
ENTITIES = "application/alto-propmapparams+json"
# (path, body, media type)
REQUESTS = [
    ("/cdni", None, None), ("/netmap", None, None), ("/", None, None), ("/num-routingcost", None, None),
    ("/cdni-filtered", json.dumps(FILTER).encode(), FILTER_MEDIA),
    ("/netmap-filtered", b'{"pids": ["pid-a"]}', "application/alto-networkmapfilter+json"),
    ("/propmap-filtered", json.dumps({"entities": ["ipv4:192.0.2.1", "ipv4:10.0.0.7", "ipv6:2001:db8::1"],
                                      "properties": ["cdni.cdni-capabilities", "netmap.pid"]}).encode(),
     ENTITIES),
    ("/endpoint-property", b'{"properties": ["netmap.pid"], "endpoints": ["ipv4:192.0.2.1"]}',
     "application/alto-endpointpropparams+json"),
    ("/endpoint-cost", b'{"cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"}, '
     b'"endpoints": {"srcs": ["ipv4:192.0.2.1"], "dsts": ["ipv4:198.51.100.1"]}}',
     "application/alto-endpointcostparams+json"),
]


class Counts:
    """Of one kind of client."""

    def __init__(self, kind):
        self.kind, self.answered, self.retried, self.failed = kind, 0, 0, 0
        self.connections, self.goaways, self.silent = 0, 0, 0
        self.failures = collections.Counter()
        self.lock = threading.Lock()

    def fail(self, why, number=1):
        with self.lock:
            self.failed += number
            self.failures[why] += number

    def add(self, **numbers):
        with self.lock:
            for name, number in numbers.items():
                setattr(self, name, getattr(self, name) + number)


class Asker(threading.Thread):
    """One client, until it is told to end; `pause` seconds between its requests, or rounds of them."""

    def __init__(self, counts, replica, tls=None, pause=0.02):
        super().__init__(daemon=True)
        self.counts, self.tls, self.pause, self.over = counts, tls, pause, False
        self.port = replica.tls_port if tls else replica.port
        self.where = f"{replica.name}{' over TLS' if tls else ''}"
        self.turn = 0
        self.start()

    def next(self):
        self.turn += 1
        return REQUESTS[self.turn % len(REQUESTS)]

    def run(self):
        while not self.over:
            try:
                self.counts.add(connections=1)
                self.ask()
            except Exception as error:  # counted
                self.counts.fail(f"{self.where}: {error!r}"[:300])
                time.sleep(0.1)

    def end(self):
        self.over = True


def check(body):
    """That it is whole."""
    if not body.rstrip().endswith(b"}"):
        raise ValueError(f"an answer that is not whole: ...{body[-40:]!r}")
    if len(body) < 65536:
        json.loads(body)


class Once(Asker):
    """A connection for each request: it is answered, whatever happens. No retries."""

    def ask(self):
        path, body, media = self.next()
        with http.raw_connect(self.port, self.tls) as sock:
            sock.sendall(h1_request(path, body, media, "Connection: close\r\n"))
            answers = http.split_responses(http.read_to_end(sock))
        if len(answers) != 1 or answers[0][0] != 200:
            raise ValueError(f"{path}: {[(a[0], a[2][:200]) for a in answers]}")
        check(answers[0][2])
        self.counts.add(answered=1)
        time.sleep(self.pause)


def h1_request(path, body, media, more=""):
    head = f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nHost: x\r\n{more}"
    if body:
        head += f"Content-Type: {media}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + (body or b"")


class Kept(Asker):
    """One connection of HTTP/1.1 for many requests."""

    def ask(self):
        used = False
        with http.raw_connect(self.port, self.tls) as sock:
            while not self.over:
                path, body, media = self.next()
                answer = self.exchange(sock, h1_request(path, body, media))
                if answer is None:
                    if not used:
                        raise ConnectionError("closed without any answer")
                    self.counts.add(retried=1)
                    self.turn -= 1  # again, on another connection
                    return
                status, headers, content = answer
                if status != 200:
                    raise ValueError(f"{path}: {status} {content[:200]!r}")
                check(content)
                self.counts.add(answered=1)
                used = True
                if headers.get("connection") == "close":
                    return
                time.sleep(self.pause)

    @staticmethod
    def exchange(sock, request):
        """None: closed before any byte of an answer."""
        data = b""
        try:
            sock.sendall(request)
            while b"\r\n\r\n" not in data:
                piece = sock.recv(65536)
                if not piece:
                    break
                data += piece
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            pass
        if not data:
            return None
        head, separator, content = data.partition(b"\r\n\r\n")
        if not separator:
            raise ConnectionError("closed within a head")
        response = http.parse(head + separator)
        size = int(response.get("content-length"))
        while len(content) < size:
            piece = sock.recv(65536)
            if not piece:
                raise ConnectionError("closed within an answer")
            content += piece
        return response.status, dict(response.headers), content


class H2(Asker):
    """One connection of HTTP/2, eight requests at a time, some with If-None-Match."""

    def ask(self):
        connection = Connection(self.port, self.tls)
        try:
            while True:
                self.round(connection)
                if connection.last_allowed is not None or self.over:
                    return
                time.sleep(self.pause)
        finally:
            connection.sock.close()

    def round(self, connection):
        """Opens streams and reads until all of them have an end of some kind. As every client of HTTP/2, it
        looks at what the server has said meanwhile before it asks."""
        while connection.has_news():
            if self.step(connection):
                return
        if connection.last_allowed is not None:
            self.counts.add(goaways=1)
            return
        for _ in range(STREAMS):
            connection.ask(*self.next())
        while connection.open:
            if self.step(connection):
                return
        if connection.last_allowed is not None:
            self.counts.add(goaways=1)

    def step(self, connection):
        """Takes a frame; True when the connection is closed."""
        try:
            done, retried = connection.step()
        except (EOFError, OSError) as error:
            told = connection.last_allowed is not None
            if connection.open:
                self.counts.fail(f"the connection to {self.where} was closed under requests, "
                                 f"{'with' if told else 'without'} a GOAWAY: {error!r}", len(connection.open))
                connection.open.clear()
            elif not told:
                self.counts.add(silent=1)
            connection.last_allowed = connection.last_allowed or 0
            return True
        for path, status, content in done:
            if status not in (200, 304):
                self.counts.fail(f"{self.where}: {path}: {status} {content[:200]!r}")
                continue
            if status == 200:
                check(content)
            self.counts.add(answered=1)
        if retried:
            self.counts.add(retried=retried)
            self.turn -= retried
        return False


class Connection(http.Http2):
    """Bare frames, so that what a GOAWAY leaves alive can be read to its end."""

    def __init__(self, port, tls):
        self.sock = http.raw_connect(port, tls)
        settings = struct.pack(">HIHI", HEADER_TABLE_SIZE, 0, INITIAL_WINDOW_SIZE, WIDE)
        self._buffer = b""
        self.sock.sendall(http.PREFACE + self.frame(http.SETTINGS, 0, 0, settings))
        self.open_window(WIDE)
        self.taken, self.last = 0, -1
        self.last_allowed = None  # of a GOAWAY
        self.open = {}  # stream: [path, status, body]

    def has_news(self):
        """Whether there is something to read, or the end."""
        pending = self.sock.pending() if isinstance(self.sock, ssl.SSLSocket) else 0
        return bool(self._buffer or pending or select.select([self.sock], [], [], 0)[0])

    def open_window(self, size):
        self.send(http.WINDOW_UPDATE, 0, 0, struct.pack(">I", size))

    def ask(self, path, body, media):
        self.last += 2
        self.open[self.last] = [path, None, b""]
        headers = [("content-type", media)] if body else []
        if not body and self.last % 3 == 0:
            headers.append(("if-none-match", "*"))
        try:
            self.request(self.last, "POST" if body else "GET", path, headers, end=not body)
            if body:
                self.send(http.DATA, http.END_STREAM, self.last, body)
        except OSError:
            pass  # what was sent before may be answered; reading tells what was not

    def step(self):
        """Takes a frame: ([what was answered], how many are to be asked again)."""
        kind, flags, stream, payload = self.read()
        if kind == http.GOAWAY:
            self.last_allowed = int.from_bytes(payload[:4], "big") & 0x7fffffff
            above = [s for s in self.open if s > self.last_allowed]
            for one in above:
                del self.open[one]
            return [], len(above)
        request = self.open.get(stream)
        if request is None:
            return [], 0
        if kind == http.RST_STREAM:
            del self.open[stream]
            if int.from_bytes(payload, "big") == REFUSED_STREAM:
                return [], 1
            return [(request[0], f"reset {int.from_bytes(payload, 'big')}", b"")], 0
        if kind == http.HEADERS:
            request[1] = status_in(payload)
        elif kind == http.DATA:
            request[2] += payload
            self.taken += len(payload)
            if self.taken > WIDE // 2:
                self.open_window(self.taken)
                self.taken = 0
        if flags & http.END_STREAM and kind in (http.HEADERS, http.DATA):
            del self.open[stream]
            return [tuple(request)], 0
        return [], 0


def status_in(block):
    """:status, behind changes of the size of the dynamic table (RFC 7541 6.3), of which there are none."""
    while block and block[0] & 0xe0 == 0x20:
        block = block[1:]
    try:
        return http.http2_status(block)
    except (AssertionError, ValueError, IndexError):
        return f"headers {block[:12].hex()}"
