"""The endpoint property service (RFC 7285 11.4) as a client finds and asks it."""
import json

import pytest

import mmdb
from footprintd import Server, curl, write_config

MEDIA = "application/alto-endpointprop+json"
PARAMS = "application/alto-endpointpropparams+json"
PROTOCOLS = pytest.mark.parametrize("protocol", ["--http1.1", "--http2-prior-knowledge"])

DOCUMENT = """version: 1
network-maps:
  netmap:
    default: true
    pids: {pid-a: {ipv4: [192.0.2.0/26]}, pid-b: {ipv4: [0.0.0.0/0], ipv6: ["::/0"]}}
  other: {pids: {all: {ipv4: [0.0.0.0/0]}}}
"""


@pytest.fixture
def server(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/all.yaml").write_text(DOCUMENT)
    (tmp_path / "all.mmdb").write_bytes(mmdb.database({
        "192.0.2.0/24": mmdb.place("DE", ["BE"], 64496)}))
    write_config(tmp_path, more="geoip: {country: all.mmdb, city: all.mmdb, asn: all.mmdb}\n"
                                "limits: {filter-entries: 4000}\n")
    with Server(tmp_path / "footprintd.yaml") as made:
        yield made


def post(server, request, *args):
    return curl("--data-binary", json.dumps(request), "-H", f"Content-Type: {PARAMS}", *args,
                f"{server.url}/endpoint-property")


def test_directory(server):
    resources = json.loads(curl(f"{server.url}/")[2])["resources"]
    assert resources["endpoint-property"] == {
        "uri": "/endpoint-property", "media-type": MEDIA, "accepts": PARAMS,
        "capabilities": {"prop-types": ["netmap.pid", "other.pid", "priv:asn", "priv:countrycode",
                                        "priv:subdivisioncode"]}}


@PROTOCOLS
def test_post(server, protocol):
    request = {"properties": ["priv:asn", "priv:countrycode", "priv:subdivisioncode", "netmap.pid"],
               "endpoints": ["ipv4:192.0.2.1", "ipv6:2001:DB8::1", "ipv4:192.0.2.1"]}
    status, headers, body = post(server, request, protocol)
    assert (status, headers["content-type"], headers["cache-control"]) == (200, MEDIA, "no-store")
    assert json.loads(body) == {
        "meta": {"dependent-vtags": [json.loads(curl(f"{server.url}/netmap")[2])["meta"]["vtag"]]},
        "endpoint-properties": {
            "ipv4:192.0.2.1": {"netmap.pid": "pid-a", "priv:asn": "as64496", "priv:countrycode": "de",
                               "priv:subdivisioncode": "de-be"},
            "ipv6:2001:DB8::1": {"netmap.pid": "pid-b"}}}
    request["endpoints"].append("ipv4:192.0.2.1/32")
    status, headers, body = post(server, request, protocol)
    assert (status, headers["content-type"]) == (400, "application/alto-error+json")
    assert json.loads(body)["meta"] == {"code": "E_INVALID_FIELD_VALUE", "field": "endpoints",
                                        "value": "ipv4:192.0.2.1/32"}
    url = f"{server.url}/endpoint-property"
    assert curl(protocol, url)[0] == 405
    assert curl(protocol, "-d", "{}", "-H", "Content-Type: application/json", url)[0] == 415
    assert post(server, request, protocol, "-H", "Accept: text/html")[0] == 406


@PROTOCOLS
def test_many(server, protocol):
    """What takes long is a worker's; what is too much is refused."""
    endpoints = [f"ipv4:198.51.{n // 256}.{n % 256}" for n in range(4000)]
    request = {"properties": ["netmap.pid", "other.pid"], "endpoints": endpoints}
    status, _, body = post(server, request, protocol)
    assert status == 200
    got = json.loads(body)["endpoint-properties"]
    assert list(got) == endpoints
    assert all(value == {"netmap.pid": "pid-b", "other.pid": "all"} for value in got.values())
    endpoints.append("ipv4:192.0.2.1")
    status, _, body = post(server, request, protocol)
    assert (status, body) == (413, b"")
