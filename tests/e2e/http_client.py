"""HTTP clients of the end-to-end tests: curl, and HTTP/2 by hand where curl is too well-behaved."""
import re
import socket
import struct
import ssl
import subprocess

PROTOCOLS = ["h1", "h2c", "h1-tls", "h2-tls"]

TIMEOUT_S = 60


class Response:
    def __init__(self, status, version, headers, body):
        self.status = status
        self.version = version
        self.headers = headers  # (lower-case name, value), in order
        self.body = body

    def all(self, name):
        return [v for n, v in self.headers if n == name]

    def get(self, name):
        values = self.all(name)
        assert len(values) <= 1, f"{name} comes {len(values)} times"
        return values[0] if values else None


def curl_flags(protocol, ca=None):
    flags = {"h1": ["--http1.1"], "h2c": ["--http2-prior-knowledge"], "h1-tls": ["--http1.1"],
             "h2-tls": ["--http2"]}[protocol]
    if protocol.endswith("-tls"):
        flags += ["--cacert", str(ca)]
    return flags


def run_curl(args, data=None):
    return subprocess.run(["curl", "--silent", "--show-error", "--max-time", str(TIMEOUT_S),
                           "--path-as-is", *args], input=data, capture_output=True, check=False)


def request(uri, protocol="h1", method=None, headers=(), data=None, ca=None, extra=()):
    """One request by curl; headers are lines such as "Accept: */*" ("Accept:" removes one)."""
    args = [*curl_flags(protocol, ca), "--include", *extra]
    if method == "HEAD":
        args.append("--head")
    elif method:
        args += ["--request", method]
    for line in headers:
        args += ["--header", line]
    if data is not None:
        args += ["--data-binary", "@-"]
    result = run_curl([*args, uri], data)
    assert result.returncode == 0, f"curl {args} {uri}: {result.stderr.decode()}"
    return parse(result.stdout)


def parse(raw):
    """The last response in what curl --include printed."""
    while True:
        head, _, rest = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        version, status = re.match(r"HTTP/(\S+) (\d+)", lines[0]).groups()
        if status == "100" or status == "401" and rest.startswith(b"HTTP/"):  # --digest asks again
            raw = rest
            continue
        headers = [(n.lower(), v.strip()) for n, _, v in (line.partition(":") for line in lines[1:])]
        return Response(int(status), version, headers, rest)


def raw_connect(port, tls=None):
    sock = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
    return tls.wrap_socket(sock, server_hostname="localhost") if tls else sock


def refused(port):
    """Whether nobody listens any more: every loop closes its socket in its own time."""
    try:
        raw_connect(port).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        pass  # it came at the moment at which the kernel closes the queue
    return False


def read_to_end(sock):
    """Everything until the peer closes or resets."""
    data = b""
    try:
        while chunk := sock.recv(65536):
            data += chunk
    except (ConnectionResetError, ssl.SSLError):
        pass
    return data


def raw_exchange(port, data, tls=None):
    """Sends bytes, returns all that comes until the server closes."""
    with raw_connect(port, tls) as sock:
        sock.sendall(data)
        return read_to_end(sock)


def split_responses(data):
    """(status, headers, body) of HTTP/1.1 responses with Content-Length or without body."""
    found = []
    while data:
        head, separator, data = data.partition(b"\r\n\r\n")
        assert separator, f"not a response: {head[:200]!r}"
        lines = head.decode("latin-1").split("\r\n")
        headers = dict((n.lower(), v.strip()) for n, _, v in
                       (line.partition(":") for line in lines[1:]))
        size = int(headers.get("content-length", "0"))
        found.append((int(lines[0].split()[1]), headers, data[:size]))
        assert len(data) >= size
        data = data[size:]
    return found


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def hpack_length(text):
    """An integer with a prefix of 7 bits (RFC 7541 5.1)."""
    n = len(text.encode())
    if n < 127:
        return bytes([n])
    n -= 127
    out = [127]
    while n >= 128:
        out.append(n % 128 + 128)
        n //= 128
    return bytes([*out, n])


class Http2:
    """A connection of bare frames."""

    def __init__(self, port, settings=()):
        self.sock = raw_connect(port)
        payload = b"".join(struct.pack(">HI", *pair) for pair in settings)
        self.sock.sendall(PREFACE + self.frame(SETTINGS, 0, 0, payload))
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    @staticmethod
    def frame(kind, flags, stream, payload=b""):
        return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload

    def send(self, kind, flags, stream, payload=b""):
        self.sock.sendall(self.frame(kind, flags, stream, payload))

    def request(self, stream, method, path, headers=(), end=True):
        block = b""
        for name, value in [(":method", method), (":scheme", "http"), (":path", path),
                            (":authority", "localhost"), *headers]:
            # literal without indexing, no Huffman (RFC 7541 6.2.2)
            block += b"\0" + hpack_length(name) + name.encode()
            block += hpack_length(value) + value.encode()
        self.send(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block)

    def _take(self, size):
        while len(self._buffer) < size:
            chunk = self.sock.recv(65536)
            if not chunk:
                raise EOFError
            self._buffer += chunk
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def read(self):
        """(type, flags, stream, payload); acknowledges SETTINGS."""
        head = self._take(9)
        length = int.from_bytes(head[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        payload = self._take(length)
        if kind == SETTINGS and not flags & ACK:
            self.send(SETTINGS, ACK, 0)
        return kind, flags, stream, payload

    def read_until(self, kind, stream=None):
        while True:
            frame = self.read()
            if frame[0] == kind and (stream is None or frame[2] == stream):
                return frame

    def ends(self):
        """Reads until the server closes; the types of the frames on the way."""
        kinds = []
        try:
            while True:
                kinds.append(self.read()[0])
        except (EOFError, ConnectionResetError):
            return kinds


def http2_status(block):
    """:status, which comes first: indexed or literal with an indexed name (RFC 7541 A)."""
    indexed = {0x88: 200, 0x89: 204, 0x8a: 206, 0x8b: 304, 0x8c: 400, 0x8d: 404, 0x8e: 500}
    if block[0] in indexed:
        return indexed[block[0]]
    assert block[0] & 0x0f == 8 and block[1] == 3, block[:5].hex()
    return int(block[2:5])
