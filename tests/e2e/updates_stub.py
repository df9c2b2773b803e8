"""A scripted ALTO server for tests of the subscriber, and the subscriber itself.

What the stub answers by itself is in `documents`; every other request waits, as an Exchange, until the
test takes it and answers it. So a test reads as the conversation that it is about, and nothing is timed.
"""
import gzip
import http.server
import json
import queue
import re
import signal
import subprocess
import threading

from footprintd import BUILD, LIMIT

BOTH = "application/merge-patch+json,application/json-patch+json"
MERGE, PATCH = BOTH.split(",")
NET = "application/alto-networkmap+json"
CDNI = "application/alto-cdni+json"
ERROR = "application/alto-error+json"
STREAM_PARAMS = "application/alto-updatestreamparams+json"
CONTROL = "application/alto-updatestreamcontrol+json"
TIPS = "application/alto-tips+json"
TIPS_PARAMS = "application/alto-tipsparams+json"
FILTER = "application/alto-cdnifilter+json"


def directory(updates=True, tips=True, **more):
    names = ["net", "cdni", "cdni-filtered"]
    capabilities = {"incremental-change-media-types": {name: BOTH for name in names}}
    resources = {
        "net": {"uri": "/net", "media-type": NET},
        "cdni": {"uri": "/cdni", "media-type": CDNI, "uses": ["net"]},
        "cdni-filtered": {"uri": "/cdni-filtered", "media-type": CDNI, "accepts": FILTER,
                          "uses": ["net"]},
        "updates": {"uri": "/updates", "media-type": "text/event-stream", "accepts": STREAM_PARAMS,
                    "uses": names,
                    "capabilities": {**capabilities, "support-stream-control": True}},
        "tips": {"uri": "/tips", "media-type": TIPS, "accepts": TIPS_PARAMS, "uses": names,
                 "capabilities": capabilities},
        **more,
    }
    if not updates:
        del resources["updates"]
    if not tips:
        del resources["tips"]
    return {"meta": {}, "resources": resources}


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def document(tag, value=0, depends=None, resource="cdni"):
    meta = {"vtag": {"resource-id": resource, "tag": tag}}
    if depends:
        meta["dependent-vtags"] = [{"resource-id": "net", "tag": depends}]
    return {"meta": meta, "value": value}


def guarded(old, new, *operations):
    """A JSON Patch as footprintd sends them."""
    return [{"op": "test", "path": "/meta/vtag/tag", "value": old},
            {"op": "replace", "path": "/meta/vtag/tag", "value": new}, *operations]


def replace(path, value):
    return {"op": "replace", "path": path, "value": value}


class Exchange:
    """A request that waits for its answer."""

    def __init__(self, handler, body):
        self.handler = handler
        self.method, self.path = handler.command, handler.path
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.body = body
        self.done = threading.Event()
        self.streaming = False

    @property
    def json(self):
        return json.loads(self.body)

    def reply(self, status, body=b"", kind="application/octet-stream", coded=False, **headers):
        if not isinstance(body, bytes):
            body = (body if isinstance(body, str) else compact(body)).encode()
        if coded:
            body = gzip.compress(body)
            headers["content_encoding"] = "gzip"
        h = self.handler
        h.send_response(status)
        if status not in (204, 304):
            h.send_header("Content-Type", kind)
            h.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            h.send_header(name.replace("_", "-"), value)
        h.end_headers()
        if status not in (204, 304):
            h.wfile.write(body)
        h.wfile.flush()
        self.done.set()

    def error(self, status, code, **meta):
        self.reply(status, {"meta": {"code": code, **meta}}, ERROR)

    # ---- event streams ----

    def stream(self, control="/control/1"):
        """Begins an update stream; control False: without the control event."""
        self.streaming = True
        h = self.handler
        h.send_response(200)
        h.send_header("Content-Type", "text/event-stream; charset=utf-8")
        h.send_header("Connection", "close")
        h.end_headers()
        self.raw(b"")
        if control is not False:
            self.event(CONTROL, {"control-uri": control})
        return self

    def raw(self, data):
        try:
            self.handler.wfile.write(data)
            self.handler.wfile.flush()
        except OSError:
            pass  # the client has gone, which is for the test to say

    def event(self, kind, value):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
        lines = "".join(f"data: {line}\n" for line in text.split("\n"))
        self.raw(f"event: {kind}\n{lines}\n".encode())

    def comment(self):
        self.raw(b":\n\n")

    def close(self):
        self.done.set()

    def wait_closed(self):
        """Until the client has closed its end."""
        self.handler.connection.settimeout(LIMIT)
        assert self.handler.rfile.read(1) == b""
        self.close()


class UpdatesStub:
    def __init__(self, ird=None, tls=None):
        self.documents = {"/": (200, "application/alto-directory+json", ird or directory())}
        self.exchanges = queue.Queue()
        self.open = []
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # The head of an answer and its body in one piece.
            wbufsize = -1
            disable_nagle_algorithm = True

            def answer(self):
                length = int(self.headers.get("Content-Length", 0))
                exchange = Exchange(self, self.rfile.read(length))
                known = stub.documents.get(self.path)
                if known:
                    exchange.reply(known[0], known[2], known[1])
                    return
                stub.open.append(exchange)
                stub.exchanges.put(exchange)
                exchange.done.wait()
                self.close_connection = exchange.streaming

            do_GET = do_POST = answer

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args):
                pass  # connections that the client leaves

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        host = "localhost" if tls else "127.0.0.1"
        self.url = f"http{'s' if tls else ''}://{host}:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()

    def expect(self, method, path):
        """The next request that is not answered by itself, which has to be this one."""
        exchange = self.exchanges.get(timeout=LIMIT)
        assert (exchange.method, exchange.path) == (method, path)
        return exchange

    def stop(self):
        for exchange in self.open:
            exchange.done.set()
        self.server.shutdown()
        self.server.server_close()


class Watch:
    """footprintctl watch, while it runs; its events are lines of JSON."""

    def __init__(self, url, *args, retry="0.01:0.05", json_lines=True, cwd=None):
        command = [BUILD / "footprintctl", "watch", "--retry", retry,
                   *(["--json"] if json_lines else []), *args[1:], url, *args[0]]
        self.process = subprocess.Popen([str(part) for part in command], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd)
        self.events, self.lines, self.log = queue.Queue(), queue.Queue(), []
        self.readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.events),
                                     (self.process.stderr, self.lines))]
        for reader in self.readers:
            reader.start()

    def _read(self, pipe, lines):
        for line in pipe:
            if lines is self.lines:
                self.log.append(line.rstrip("\n"))
            lines.put(line.rstrip("\n"))
        lines.put(None)

    def text(self):
        """The next line of standard output."""
        line = self.events.get(timeout=LIMIT)
        assert line is not None, "it ended:\n" + "\n".join(self.log)
        return line

    def event(self, **expected):
        """The next event, which has to have these members."""
        event = json.loads(self.text())
        assert {name: event.get(name) for name in expected} == expected, event
        return event

    def no_more_events(self):
        """After its end."""
        assert self.events.get(timeout=LIMIT) is None

    def line(self, pattern):
        """The match in the next line on standard error that has one."""
        while True:
            line = self.lines.get(timeout=LIMIT)
            assert line is not None, f"it ended without {pattern!r}:\n" + "\n".join(self.log)
            match = re.search(pattern, line)
            if match:
                return match

    def wait(self):
        code = self.process.wait(timeout=LIMIT)
        for reader in self.readers:
            reader.join(timeout=LIMIT)
        return code

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.wait()

    def leave(self):
        """After a test: an end in peace, so that sanitizers have their say, or a failure."""
        if self.process.poll() is None:
            try:
                assert self.end() == 0, "\n".join(self.log)
            finally:
                self.process.kill()
