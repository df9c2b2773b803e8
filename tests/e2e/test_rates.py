"""What each uCDN may ask for a second: 429 with Retry-After above, and nobody else notices."""
import json
import signal
import socket
import time

import pytest
import requests

from footprintd import LIMIT, Server, write_config
from identity import authorization, challenge, write_ucdns
from test_views import PUBLIC, Client, profile

RATES = "rates: {%s}"


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/public.yaml").write_text(PUBLIC)
    servers = []

    def start(ucdns, more=""):
        if ucdns:
            write_ucdns(tmp_path, ucdns)
            more += "ucdns: ucdns.yaml\n"
        write_config(tmp_path, more="watch: {enabled: true, debounce-ms: 20}\n" + more)
        servers.append(Server(tmp_path / "footprintd.yaml").__enter__())
        servers[-1].directory = tmp_path
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def refused(answer):
    assert answer.status_code == 429
    assert answer.content == b""
    return int(answer.headers["Retry-After"])


def until_refused(client, path="/cdni", most=50):
    """(requests answered, seconds to wait)"""
    for count in range(most):
        answer = client.get(path)
        if answer.status_code != 200:
            return count, refused(answer)
    raise AssertionError("never refused")


def test_requests(site):
    server = site(profile("ucdn-a", RATES % "requests-per-s: 1") + profile("ucdn-b"))
    a, b = Client(server, "ucdn-a"), Client(server, "ucdn-b")
    count, wait = until_refused(a)
    assert wait == 1
    server.wait_line(r"warning http: 'ucdn-a' asks for more than its rates allow: 429")
    # Whatever it is, and however the path is: nothing is told.
    for path in ("/", "/nothing", "/updates/aaaaaaaaaaaaaaaaaaaaaa"):
        if (answer := a.get(path)).status_code != 429:
            until_refused(a)
    for _ in range(20):
        assert b.get("/cdni").status_code == 200
    time.sleep(1.1)
    assert a.get("/cdni").status_code == 200


def test_entities_are_paid_afterwards(site):
    server = site(profile("ucdn-a", RATES % "entities-per-s: 10"))
    a = Client(server, "ucdn-a")
    ask = {"entities": [f"ipv4:192.0.2.{i}" for i in range(250)],
           "properties": ["cdni.cdni-capabilities"]}
    answer = a.post("/propmap-filtered", ask, "propmapparams")
    assert answer.status_code == 200 and len(answer.json()["property-map"]) == 250
    assert 20 <= refused(a.post("/propmap-filtered", ask, "propmapparams")) <= 24
    assert 20 <= refused(a.get("/cdni")) <= 24


def test_endpoints_are_entities(site):
    server = site(profile("ucdn-a", RATES % "entities-per-s: 10"))
    a = Client(server, "ucdn-a")
    ask = {"endpoints": [f"ipv4:192.0.2.{i}" for i in range(100)], "properties": ["netmap.pid"]}
    assert a.post("/endpoint-property", ask, "endpointpropparams").status_code == 200
    assert 7 <= refused(a.get("/cdni")) <= 9


def test_bytes_of_answers_and_streams(site):
    server = site(profile("ucdn-a", RATES % "bytes-per-s: 20000"))
    a = Client(server, "ucdn-a")
    stream = a.stream()
    assert stream.event()[0] == "application/alto-cdni+json,x"
    size = len(Client.get(a, "/cdni").content)
    count, wait = until_refused(a)
    assert size and wait >= 1 and count < 50
    # The stream goes on: what was begun is never cut short.
    text = PUBLIC.replace("192.0.2.0/24", "192.0.2.0/25")
    (server.directory / "footprints/public.yaml").write_text(text)
    assert stream.event() is not None


def test_reload_keeps_the_account(site):
    server = site(profile("ucdn-a", RATES % "bytes-per-s: 100"))
    a = Client(server, "ucdn-a")
    while a.get("/").status_code == 200:
        pass
    write_ucdns(server.directory, profile("ucdn-a", RATES % "bytes-per-s: 100") + profile("ucdn-b"))
    server.send(signal.SIGHUP)
    server.wait_line("profiles of uCDNs: 2")
    refused(a.get("/"))
    # What is allowed from now on counts at once.
    write_ucdns(server.directory, profile("ucdn-a"))
    server.send(signal.SIGHUP)
    server.wait_line("profiles of uCDNs: 1")
    assert a.get("/").status_code == 200


def test_limits_of_profiles_without_rates(site):
    server = site(profile("ucdn-a") + profile("ucdn-b", RATES % "requests-per-s: 100000"),
                  more="limits: {ucdn-requests-per-s: 2}\n")
    a, b = Client(server, "ucdn-a"), Client(server, "ucdn-b")
    assert until_refused(a)[1] == 1
    for _ in range(20):
        assert b.get("/cdni").status_code == 200


def test_strangers_have_them_together(site):
    server = site("anonymous: {rates: {requests-per-s: 2}}\n" + profile("ucdn-b"))
    assert until_refused(Client(server))[1] == 1
    b = Client(server, "ucdn-b")
    for _ in range(5):
        assert b.get("/cdni").status_code == 200


def test_without_profiles(site):
    """The limits hold for everybody together then."""
    server = site(None, more="limits: {ucdn-bytes-per-s: 500}\n")
    assert until_refused(Client(server))[1] >= 1


def test_streams_of_classes_that_share_the_limit(site):
    """Four for all: those that see the same have three at the most, and the others one then."""
    server = site(profile("ucdn-a", "geo-properties: true") + profile("ucdn-b"),
                  more="limits: {update-streams: 4}\n")
    a, b = Client(server, "ucdn-a"), Client(server, "ucdn-b")
    kept = [a.stream() for _ in range(3)]
    body = {"add": {"x": {"resource-id": "cdni"}}}
    assert a.post("/updates", body, "updatestreamparams").status_code == 503
    kept.append(b.stream())
    assert b.post("/updates", body, "updatestreamparams").status_code == 503
    for stream in kept:
        stream.answer.close()


# ---- what all share ----

TRUSTED = "trusted-proxies: [127.0.0.1]\nproxy-header: forwarded\n"


def follow(client, number, source):
    """The status of a stream that follows an address of its own; it stays open."""
    entry = {"resource-id": "propmap-filtered",
             "input": {"entities": [f"ipv4:192.0.2.{number}"], "properties": ["cdni.cdni-capabilities"]}}
    answer = client.session.post(
        client.url + "/updates", data=json.dumps({"add": {"x": entry}}), stream=True, timeout=LIMIT,
        headers={"Content-Type": "application/alto-updatestreamparams+json",
                 "Forwarded": f'for="{source}"'})
    client.kept = [*getattr(client, "kept", []), answer]
    return answer.status_code


def test_followed_documents_are_the_ucdns(site):
    """From however many addresses it asks; strangers have theirs by address, of IPv6 by the /64."""
    server = site(profile("ucdn-a") + profile("ucdn-b") + "anonymous:\n",
                  TRUSTED + "limits: {update-client-inputs: 2}\n")
    a, b, nobody = (Client(server, name) for name in ("ucdn-a", "ucdn-b", None))
    assert [follow(a, n, f"198.51.100.{n}") for n in range(4)] == [200, 200, 503, 503]
    assert [follow(b, 10 + n, "198.51.100.1") for n in range(3)] == [200, 200, 503]
    assert [follow(nobody, 20 + n, "198.51.100.1") for n in range(3)] == [200, 200, 503]
    assert [follow(nobody, 30 + n, f"[2001:db8::{n}]") for n in range(3)] == [200, 200, 503]
    assert follow(nobody, 40, "[2001:db8:0:1::]") == 200
    # What it follows already is nothing new, wherever from.
    assert follow(a, 0, "203.0.113.1") == 200
    for client in (a, b, nobody):
        for answer in client.kept:
            answer.close()


def test_views_of_followed_documents_are_the_ucdns(site):
    server = site(profile("ucdn-a"), TRUSTED + "limits: {update-client-inputs: 2}\n")
    a = Client(server, "ucdn-a")
    statuses = []
    for n in range(3):
        body = {"resource-id": "propmap-filtered", "input": {
            "entities": [f"ipv4:192.0.2.{n}"], "properties": ["cdni.cdni-capabilities"]}}
        answer = a.session.post(a.url + "/tips", data=json.dumps(body), timeout=LIMIT, headers={
            "Content-Type": "application/alto-tipsparams+json", "Forwarded": f"for=198.51.100.{n}"})
        statuses.append(answer.status_code)
    assert statuses == [200, 200, 429]


def ask_and_read_nothing(server, name, body):
    """A connection whose answer stays in the server's memory."""
    port = int(server.url.rpartition(":")[2])
    nonce = challenge(requests.get(server.url, timeout=LIMIT).headers["WWW-Authenticate"])["nonce"]
    line = authorization(nonce, name, method="POST", uri="/propmap-filtered")
    sock = socket.create_connection(("127.0.0.1", port), LIMIT)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.sendall(f"POST /propmap-filtered HTTP/1.1\r\nHost: x\r\n{line}\r\nContent-Type: "
                 f"application/alto-propmapparams+json\r\nContent-Length: {len(body)}\r\n\r\n"
                 .encode() + body)
    return sock, sock.recv(12, socket.MSG_PEEK)


def test_answers_of_one_leave_room_for_others(site):
    """Who asks for much and reads nothing of it takes three quarters of the memory for answers."""
    server = site(profile("ucdn-a") + profile("ucdn-b"),
                  "limits: {answers-bytes: 33554432}\n")
    body = json.dumps({"entities": [f"ipv6:2001:db8::{n:x}"
                                    for n in range(30000)],
                       "properties": ["cdni.cdni-capabilities"]}).encode()
    kept, status = [], b"HTTP/1.1 200"
    while status == b"HTTP/1.1 200":
        sock, status = ask_and_read_nothing(server, "ucdn-a", body)
        kept.append(sock)
        assert len(kept) < 50
    assert status == b"HTTP/1.1 503" and len(kept) > 1
    other, status = ask_and_read_nothing(server, "ucdn-b", body)
    assert status == b"HTTP/1.1 200"
    for sock in [*kept, other]:
        sock.close()
