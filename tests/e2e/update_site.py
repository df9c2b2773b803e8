"""A footprintd whose documents change: a folder, the server, and clients that end with it."""
import http.client
import json
import signal
import urllib.parse

import http_client
import update_client
from event_stream import canonical, read_json
from footprintd import LIMIT, Server, write_config
from update_client import PARAMS, Curl, Frames, Socket, Stream

MARKER = "FCI.Marker"  # a type that nobody registered, which numbers the generations

MEDIA = "application/alto-%s+json"
TYPES = {"netmap": "networkmap", "cdni": "cdni", "propmap": "propmap",
         "endpoint-property": "endpointprop", "num-routingcost": "costmap",
         "endpoint-cost": "endpointcost"}
PLAIN = ["netmap", "num-routingcost", "cdni", "propmap"]
FILTERS = {"netmap-filtered": "networkmapfilter", "cdni-filtered": "cdnifilter",
           "propmap-filtered": "propmapparams",
           "endpoint-property": "endpointpropparams",
           "num-routingcost-filtered": "costmapfilter", "endpoint-cost": "endpointcostparams"}


def world(marker=1, pid_a=("192.0.2.0/25",), metro=("198.51.100.0/24", "2001:db8::/32"),
          protocols=("http/1.1",), more=()):
    """A document whose advertisement depends on its network map."""
    return {
        "version": 1,
        "footprints": {"metro": {"cidr": list(metro)}, "by-pid": {"altopid": ["pid-a"]}},
        "capabilities": [
            {"capability-type": "FCI.DeliveryProtocol",
             "capability-value": {"delivery-protocols": list(protocols)},
             "footprints": ["metro", "by-pid"]},
            {"capability-type": MARKER, "capability-value": {"n": marker},
             "footprints": ["everywhere"]},
            *more],
        "network-maps": {"netmap": {"pids": {
            "pid-a": {"ipv4": list(pid_a)}, "pid-b": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]}}}},
    }


def numbered(advertisement):
    """The marker in an advertisement."""
    for item in advertisement["cdni-advertisement"]["capabilities-with-footprints"]:
        if item["capability-type"] == MARKER:
            return item["capability-value"]["n"]
    return None


class Site:
    """Leaving the `with` block wants the clients' streams read well and the server to end well."""

    def __init__(self, folder, more="", documents=None, threads=1):
        """With one thread, a stream that opens after a GET sees no older generation."""
        self.folder = folder
        (folder / "footprints").mkdir(exist_ok=True)
        self.marker = 1
        self.write(documents or world())
        # Files are looked at when a signal says so, and not between two of them.
        self.config = write_config(folder, more=f"watch: {{enabled: false}}\nthreads: {threads}\n"
                                   f"{more}")
        self.streams, self.connections, self.http = [], [], None
        self.server = None

    def __enter__(self):
        self.start()
        return self

    def start(self):
        self.generation = 1
        self.server = Server(self.config).wait_ready()
        self.url = self.server.url
        self.http = None
        self.resources = json.loads(self.request("GET", f"{self.url}/").body)["resources"]

    def __exit__(self, kind, value, trace):
        try:
            for stream in self.streams:
                if kind is None:
                    stream.finish()
                else:
                    stream.source.close()
            for connection in self.connections:
                connection.sock.close()
        finally:
            self.server.__exit__(kind, value, trace)
            if kind is not None:
                print(f"footprintd ended with {self.server.process.poll()}",
                      *self.server.log[-100:], sep="\n")

    def restart(self):
        self.server.__exit__(None, None, None)
        self.start()

    # ---- documents ----

    def write(self, documents):
        """A document, or documents by file name: all there are."""
        if "version" in documents:
            documents = {"all.json": documents}
        for old in (self.folder / "footprints").iterdir():
            if old.name not in documents:
                old.unlink()
        for name, document in documents.items():
            text = document if isinstance(document, str) else json.dumps(document)
            (self.folder / "footprints" / name).write_text(text, encoding="utf-8")

    def build(self, documents):
        """The next generation; clients learn of it when they learn of it."""
        self.write(documents)
        self.generation += 1
        self.server.send(signal.SIGHUP)
        self.server.wait_line(f"generation {self.generation}: ")

    def publish(self, documents=None, **how):
        """The next generation, by its marker, until GET gives it."""
        if documents is None:
            self.marker += 1
            documents = world(self.marker, **how)
        self.build(documents)
        self.wait_marker(self.marker)

    def wait_marker(self, marker):
        for _ in range(100000):
            if numbered(json.loads(self.get("cdni"))) == marker:
                return
        raise AssertionError(f"marker {marker} is not served")

    # ---- resources ----

    def request(self, method, uri, body=None, headers=None):
        """Over a connection that stays, so that what is asked next is not older."""
        where = urllib.parse.urlsplit(uri)
        for again in (True, False):
            if self.http is None:
                self.http = http.client.HTTPConnection(where.hostname, where.port, timeout=LIMIT)
            try:
                self.http.request(method, where.path, body, headers or {})
                answer = self.http.getresponse()
                fields = [(name.lower(), value) for name, value in answer.getheaders()]
                return http_client.Response(answer.status, "1.1", fields, answer.read())
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.http = None
                if not again:
                    raise

    def uri(self, name):
        return urllib.parse.urljoin(f"{self.url}/", self.resources[name]["uri"])

    def get(self, name, request=None):
        """The body of a resource, or of what it answers to a request."""
        if request is None:
            response = self.request("GET", self.uri(name))
        else:
            response = self.request("POST", self.uri(name), json.dumps(request),
                                    {"Content-Type": MEDIA % FILTERS[name]})
        assert response.status == 200, (name, request, response.body)
        return response.body

    def document(self, name, request=None):
        return read_json(self.get(name, request))

    def tag(self, name):
        return self.document(name)["meta"]["vtag"]["tag"]

    # ---- streams ----

    def ask(self, request, protocol="h1", headers=(), **how):
        """A response to a creation that is not expected to go on for ever."""
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        return http_client.request(self.uri("updates"), protocol, data=body,
                                   headers=[f"Content-Type: {PARAMS}", *headers], **how)

    def source(self, request, protocol="h1", headers=()):
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        headers = [f"Content-Type: {PARAMS}", f"Accept: {update_client.MEDIA}", *headers]
        return Curl(self.uri("updates"), body, headers, protocol)

    def stream(self, add, protocol="h1", headers=(), **rest):
        """An open stream, of which the first event was read; add: {id: entry or resource id}"""
        made = Stream(self.uri("updates"), self.source(adding(add, **rest), protocol, headers))
        self.streams.append(made)
        assert made.source.status == 200
        return made.begin()

    def bare_stream(self, add, receive_buffer=None):
        """A stream of which nothing is read before it is asked for."""
        body = json.dumps(adding(add)).encode()
        source = Socket(self.uri("updates"), body, [f"Content-Type: {PARAMS}"],
                        receive_buffer=receive_buffer)
        self.streams.append(Stream(self.uri("updates"), source))
        return self.streams[-1]

    def frames(self, window=None):
        made = Frames(urllib.parse.urlsplit(self.url).port, window)
        self.connections.append(made)
        return made

    def frames_stream(self, frames, add):
        path = urllib.parse.urlsplit(self.uri("updates")).path
        made = Stream(self.uri("updates"), frames.ask(path, json.dumps(adding(add)).encode(),
                                                      [("content-type", PARAMS)]))
        self.streams.append(made)
        return made


def threads_of(request):
    """Tests that are for several threads get them."""
    return 3 if request.node.get_closest_marker("threads") else 1


def adding(add, **rest):
    return {"add": {name: {"resource-id": entry} if isinstance(entry, str) else entry
                    for name, entry in add.items()}, **rest}


def same(stream, site, *names):
    """Whether the stream's documents (substream ids are resource ids) are the current ones."""
    return all(name in stream.held and
               canonical(stream.held[name]) == canonical(site.document(name)) for name in names)
