"""footprintctl watch and footprintd together."""
import json
import signal

import pytest

from footprintd import DOCUMENT, Server, curl, write_config
from updates_stub import Watch

SERVICES = {"--sse": "text/event-stream", "--tips": "application/alto-tips+json"}
FILTER = '{"cdni-capabilities":[]}'


@pytest.fixture
def server(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints" / "a.yaml").write_text(DOCUMENT % "http/1.1")
    with Server(write_config(tmp_path)) as running:
        yield running


@pytest.mark.parametrize("protocol", [[], ["--http2-prior-knowledge"]], ids=["http1", "http2"])
def test_polled(server, tmp_path, protocol):
    """Every kind of document arrives, byte for byte as a GET has it."""
    out = tmp_path / "out"
    out.mkdir()
    watch = Watch(server.url, ["netmap", "cdni", "cdni-filtered"], "--once", "--poll",
                  "--output-dir", out, "--input", f"cdni-filtered={FILTER}", *protocol)
    assert watch.wait() == 0, "\n".join(watch.log)
    for name, more in (("netmap", []), ("cdni", []),
                       ("cdni-filtered", ["-H", "Content-Type: application/alto-cdnifilter+json",
                                          "-d", FILTER])):
        status, _, body = curl(f"{server.url}/{name}", *more)
        assert (status, (out / f"{name}.json").read_bytes()) == (200, body)


def test_over_tls(tmp_path, certificates):
    """HTTP/2 is agreed on."""
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints" / "a.yaml").write_text(DOCUMENT % "http/1.1")
    tls = {"certificate": str(certificates / "server.pem"), "key": str(certificates / "server.key")}
    listen = json.dumps([{"address": "127.0.0.1:0", "tls": tls}])
    config = write_config(tmp_path, listen=listen, more="http: {access-log: on}\n")
    with Server(config) as server:
        watch = Watch(server.url, ["netmap", "cdni"], "--poll", "--once", "--cacert",
                      certificates / "ca.pem")
        assert watch.wait() == 0, "\n".join(watch.log)
        records = [json.loads(server.wait_line(r"^\{.*\}$").group(0)) for _ in range(3)]
    assert {(record["status"], record["protocol"]) for record in records} == {(200, "HTTP/2")}


def test_changes(server, tmp_path):
    """What is reloaded arrives, and nothing else is an event."""
    watch = Watch(server.url, ["cdni"], "--poll", "--interval", "0.05")
    first = watch.event(resource="cdni", changed=True)["tag"]
    (tmp_path / "footprints" / "a.yaml").write_text(DOCUMENT % "https/1.1")
    server.send(signal.SIGHUP)
    assert watch.event(resource="cdni", changed=True)["tag"] != first
    assert watch.end() == 0


@pytest.mark.parametrize("way", SERVICES)
def test_followed(server, tmp_path, way):
    """Each change arrives once, and leads to what a GET has, byte for byte."""
    ird = json.loads(curl(server.url + "/")[2])
    if SERVICES[way] not in {entry["media-type"] for entry in ird["resources"].values()}:
        pytest.skip("the server does not offer it")
    out = tmp_path / "out"
    out.mkdir()
    names = ["netmap", "cdni", "cdni-filtered"]
    watch = Watch(server.url, names, way, "--output-dir", out, "--input", f"cdni-filtered={FILTER}")
    assert {watch.event(changed=True)["resource"] for _ in names} == set(names)
    for protocol in ("https/1.1", "http/1.1", "https/1.1"):
        (tmp_path / "footprints" / "a.yaml").write_text(DOCUMENT % protocol)
        server.send(signal.SIGHUP)
        changed = {watch.event(changed=True)["resource"] for _ in range(2)}
        assert changed == {"cdni", "cdni-filtered"}
        for name, more in (("cdni", []),
                           ("cdni-filtered", ["-H", "Content-Type: application/alto-cdnifilter+json",
                                              "-d", FILTER])):
            assert (out / f"{name}.json").read_bytes() == curl(f"{server.url}/{name}", *more)[2]
    assert watch.end() == 0
    assert not [line for line in watch.log if "refused" in line]
