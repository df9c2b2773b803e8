"""Property maps as a client finds and asks them, and databases that are swapped meanwhile."""
import http.client
import json
import os
import signal
import subprocess
import threading
import urllib.parse

import pytest

import mmdb
from footprintd import LIMIT, Server, curl, write_config

MEDIA = "application/alto-propmap+json"
PARAMS = "application/alto-propmapparams+json"

DOCUMENT = """version: 1
footprints:
  metro: {cidr: [192.0.2.0/25, "2001:db8::/32"]}
  germany: {countrycode: [de]}
  transit: {asn: [as64497], countrycode: [us]}
capabilities:
  - {capability-type: FCI.Metadata, capability-value: {metadata: [MI.Metro]}, footprints: [metro]}
  - {capability-type: FCI.Metadata, capability-value: {metadata: [MI.Germany]}, footprints: [germany]}
  - {capability-type: FCI.Metadata, capability-value: {metadata: [MI.Transit]}, footprints: [transit]}
network-maps:
  netmap: {pids: {pid-a: {ipv4: [192.0.2.0/26]}, pid-b: {ipv4: [0.0.0.0/0], ipv6: ["::/0"]}}}
"""

FIRST = {"country": {"192.0.2.0/24": mmdb.place("DE"), "2001:db8::/32": mmdb.place("US")},
         "asn": {"192.0.2.0/24": mmdb.place(asn=64496), "2001:db8::/32": mmdb.place(asn=64497)}}
SECOND = {"country": {"192.0.2.0/24": mmdb.place("US"), "2001:db8::/32": mmdb.place("DE")},
          "asn": {"192.0.2.0/24": mmdb.place(asn=64497), "2001:db8::/32": mmdb.place(asn=64496)}}

CAPS, PID, ASN, COUNTRY = "cdni.cdni-capabilities", "netmap.pid", ".priv:asn", ".priv:countrycode"


def named(*names):
    return [{"capability-type": "FCI.Metadata", "capability-value": {"metadata": [f"MI.{name}"]}}
            for name in names]


def put(site, databases):
    """As databases are replaced: by renames."""
    for part, networks in databases.items():
        new = site / f"{part}.new"
        new.write_bytes(mmdb.database(networks))
        os.rename(new, site / f"{part}.mmdb")


@pytest.fixture
def site(tmp_path):
    """Files are looked at when a signal says so, and not between two of them."""
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/all.yaml").write_text(DOCUMENT)
    put(tmp_path, FIRST)
    write_config(tmp_path, more="geoip: {country: country.mmdb, asn: asn.mmdb}\n"
                                "limits: {database-check-s: 3600}\n")
    return tmp_path


PROTOCOLS = pytest.mark.parametrize("protocol", ["--http1.1", "--http2-prior-knowledge"])


def post(server, request, *args):
    return curl("--data-binary", json.dumps(request), "-H", f"Content-Type: {PARAMS}", *args,
                f"{server.url}/propmap-filtered")


def test_directory(site):
    with Server(site / "footprintd.yaml") as server:
        resources = json.loads(curl(f"{server.url}/")[2])["resources"]
    both = [CAPS, PID]
    mappings = {"asn": [CAPS], "countrycode": [CAPS], "ipv4": both, "ipv6": both,
                "subdivisioncode": [CAPS]}
    assert resources["propmap"] == {
        "uri": "/propmap", "media-type": MEDIA, "uses": ["cdni", "netmap"],
        "capabilities": {"mappings": mappings}}
    for domain in ("ipv4", "ipv6"):
        mappings[domain] = both + [ASN, COUNTRY]
    assert resources["propmap-filtered"] == {
        "uri": "/propmap-filtered", "media-type": MEDIA, "accepts": PARAMS,
        "uses": ["cdni", "netmap"], "capabilities": {"mappings": mappings}}


@PROTOCOLS
def test_get(site, protocol):
    with Server(site / "footprintd.yaml") as server:
        status, headers, body = curl(protocol, f"{server.url}/propmap")
        assert status == 200 and headers["content-type"] == MEDIA
        got = json.loads(body)
        assert headers["etag"] == f'"{got["meta"]["vtag"]["tag"]}"'
        again, _, nothing = curl(protocol, "-H", f"If-None-Match: {headers['etag']}",
                                 f"{server.url}/propmap")
        assert (again, nothing) == (304, b"")
        head, same, nothing = curl(protocol, "--head", f"{server.url}/propmap")
        assert (head, same["etag"], nothing) == (200, headers["etag"], b"")
        tags = [json.loads(curl(f"{server.url}/{name}")[2])["meta"]["vtag"]
                for name in ("cdni", "netmap")]
    assert got["meta"]["dependent-vtags"] == tags
    assert got["property-map"] == {
        "countrycode:de": {CAPS: named("Germany")},
        "ipv4:0.0.0.0/0": {PID: "pid-b"}, "ipv6:::/0": {PID: "pid-b"},
        "ipv4:192.0.2.0/25": {CAPS: named("Metro")}, "ipv4:192.0.2.0/26": {PID: "pid-a"},
        "ipv6:2001:db8::/32": {CAPS: named("Metro")}}


@PROTOCOLS
def test_post(site, protocol):
    with Server(site / "footprintd.yaml") as server:
        request = {"entities": ["ipv4:192.0.2.1", "ipv6:2001:DB8::1", "countrycode:de", "asn:as1"],
                   "properties": [CAPS, PID, ASN, COUNTRY]}
        status, headers, body = post(server, request, protocol)
        assert status == 200 and headers["content-type"] == MEDIA
        assert "etag" not in headers
        got = json.loads(body)
        tags = [json.loads(curl(f"{server.url}/{name}")[2])["meta"]["vtag"]
                for name in ("cdni", "netmap")]
        assert got["meta"] == {"dependent-vtags": tags}
        assert got["property-map"] == {
            "ipv4:192.0.2.1": {CAPS: named("Germany", "Metro"), PID: "pid-a", ASN: "as64496",
                               COUNTRY: "de"},
            "ipv6:2001:DB8::1": {CAPS: named("Metro", "Transit"), PID: "pid-b", ASN: "as64497",
                                 COUNTRY: "us"},
            "countrycode:de": {CAPS: named("Germany")}}
        status, headers, body = post(server, {"entities": ["ipv4:192.0.2.1/33"]}, protocol)
        assert (status, headers["content-type"]) == (400, "application/alto-error+json")
        assert json.loads(body)["meta"]["value"] == "ipv4:192.0.2.1/33"
        # V13
        url = f"{server.url}/propmap-filtered"
        assert curl(protocol, url)[0] == 405
        assert curl(protocol, "-d", "{}", "-H", "Content-Type: application/json", url)[0] == 415
        assert post(server, {"entities": []}, protocol, "-H", "Accept: text/html")[0] == 406


def test_limits(site):
    write_config(site, more="geoip: {country: country.mmdb, asn: asn.mmdb}\n"
                            "propmap: {max-get-bytes: 100, max-response-entities: 2}\n")
    with Server(site / "footprintd.yaml") as server:
        assert any("propmap.max-get-bytes is 100" in line for line in server.log)
        assert curl(f"{server.url}/propmap")[0] == 404
        assert "propmap" not in json.loads(curl(f"{server.url}/")[2])["resources"]
        entities = [f"ipv4:192.0.2.{n}" for n in range(3)]
        assert post(server, {"entities": entities[:2]})[0] == 200
        status, _, body = post(server, {"entities": entities})
        assert (status, body) == (503, b"")


# ---- swaps ----

ADDRESSES = [f"ipv4:192.0.2.{n}" for n in range(0, 256, 5)] + ["ipv6:2001:db8::1"]
REQUESTS = [{"entities": ADDRESSES, "properties": []},
            {"entities": ["ipv4:192.0.2.0/23", "ipv6:2001:db8::/31"] + ADDRESSES[::7],
             "properties": [CAPS, ASN, COUNTRY]},
            {"entities": [], "properties": [CAPS, ASN, COUNTRY]}]


class Client(threading.Thread):
    """Asks one thing until it is told to end, and counts the answers."""

    def __init__(self, server, request):
        super().__init__(daemon=True)
        self.request, self.stop, self.answers, self.failure = request, threading.Event(), {}, None
        self.seen = threading.Condition()
        self.where = urllib.parse.urlsplit(server.url)

    def ask(self):
        raise NotImplementedError

    def run(self):
        try:
            while not self.stop.is_set():
                body = self.ask()
                with self.seen:
                    self.answers[body] = self.answers.get(body, 0) + 1
                    self.seen.notify_all()
        except Exception as error:  # told in the main thread
            self.failure = error
            with self.seen:
                self.seen.notify_all()

    def wait_more(self, count):
        """Until so many more answers have come."""
        with self.seen:
            goal = sum(self.answers.values()) + count
            assert self.seen.wait_for(lambda: self.failure or sum(self.answers.values()) >= goal,
                                      LIMIT)
        assert not self.failure, self.failure

    def end(self):
        self.stop.set()
        self.join(LIMIT)
        assert not self.failure and not self.is_alive(), self.failure


class Http1(Client):
    connection = None

    def ask(self):
        self.connection = self.connection or http.client.HTTPConnection(
            self.where.hostname, self.where.port, timeout=LIMIT)
        self.connection.request("POST", "/propmap-filtered", json.dumps(self.request),
                                {"Content-Type": PARAMS})
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (answer.status, body)
        return body


class Http2(Client):
    """A connection for every request."""

    def ask(self):
        done = subprocess.run(
            ["curl", "-sS", "--fail", "--http2-prior-knowledge", "--max-time", str(LIMIT),
             "--data-binary", json.dumps(self.request), "-H", f"Content-Type: {PARAMS}",
             f"{self.where.geturl()}/propmap-filtered"], capture_output=True, timeout=LIMIT + 10)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.mark.threads
def test_swap_under_load(site):
    """Two databases are replaced and a signal is sent: no answer has something of both pairs."""
    with Server(site / "footprintd.yaml") as server:
        wanted = {}
        generation = 1

        def swap(databases):
            nonlocal generation
            generation += 1
            put(site, databases)
            server.send(signal.SIGHUP)
            server.wait_line(f"build: generation {generation}: ")

        def answers():
            return {n: post(server, request)[2] for n, request in enumerate(REQUESTS)}

        wanted[0] = answers()
        swap(SECOND)
        wanted[1] = answers()
        assert all(wanted[0][n] != wanted[1][n] for n in wanted[0])
        clients = {n: [kind(server, request) for kind in (Http1, Http2)]
                   for n, request in enumerate(REQUESTS)}
        every = [client for pair in clients.values() for client in pair]
        for client in every:
            client.start()
        for turn in range(12):
            swap(FIRST if turn % 2 == 0 else SECOND)
            for client in every:
                client.wait_more(2)
        for client in every:
            client.end()
        for n, pair in clients.items():
            for client in pair:
                assert set(client.answers) == {wanted[0][n], wanted[1][n]}
