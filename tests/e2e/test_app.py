"""footprintd as a process: command line, start, reload, drain."""
import json
import re
import signal
import socket
import threading

import pytest

from footprintd import BUILD, DOCUMENT, LIMIT, ROOT, Server, curl, run, write_config


@pytest.fixture
def site(tmp_path):
    """A directory with one document and a configuration."""
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/all.yaml").write_text(DOCUMENT % "http/1.1")
    write_config(tmp_path)
    return tmp_path


def protocols(url):
    status, _, body = curl(f"{url}/cdni")
    assert status == 200
    (thing,) = json.loads(body)["cdni-advertisement"]["capabilities-with-footprints"]
    return thing["capability-value"]["delivery-protocols"]


# ---- command line ----

def test_help_and_version():
    done = run("footprintd", "--help")
    assert done.returncode == 0 and done.stdout.startswith("Usage: footprintd ")
    done = run("footprintd", "--version")
    assert done.returncode == 0 and re.fullmatch(r"footprintd \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize("args", [[], ["--nonsense"], ["--config"], ["--config", "a", "b"],
                                  ["--check-config"]])
def test_usage(args):
    done = run("footprintd", *args)
    assert done.returncode == 2
    assert done.stdout == "" and "footprintd --help" in done.stderr


# ---- --check-config ----

def test_check_config_fine(site):
    config = site / "footprintd.yaml"
    done = run("footprintd", "--config", str(config), "--check-config")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"footprintd: {config} is fine: 0 errors, 0 warnings, 1 document\n"


def test_check_config_finds_all(site):
    """Configuration, certificates and documents, in one run, with their places."""
    (site / "footprints/bad.yaml").write_text("version: 1\ncapabilites: []\n")
    config = write_config(site, more='metrics: {listen: "127.0.0.1:0", tls: {certificate: m, '
                                     'key: k}}\n',
                          listen='[{address: "127.0.0.1:0", tls: {certificate: c, key: k}}]')
    done = run("footprintd", "--config", str(config), "--check-config")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert any(line.startswith(f"{config}:1:10: error: the certificate {site}/c cannot be used")
               for line in lines)
    assert any(line.startswith(f"{config}:3:10: error: the certificate {site}/m cannot be used")
               for line in lines)
    assert any(line.startswith(f"{site}/footprints/bad.yaml:2:1: error:") and "capabilities" in line
               for line in lines)
    assert lines[-1].startswith(f"footprintd: {config} is refused: ")


def test_check_config_opens_no_port(site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = write_config(site, listen=f'[{{address: "127.0.0.1:{port}"}}]')
        assert run("footprintd", "--config", str(config), "--check-config").returncode == 0


@pytest.mark.parametrize("name", ["footprintd.yaml", "quickstart.yaml"])
def test_examples_are_valid(name, tmp_path):
    """The example configurations; files that only a real site has are the only complaint."""
    done = run("footprintd", "--config", str(ROOT / "conf" / name), "--check-config")
    rest = [line for line in done.stderr.splitlines()[:-1]
            if "cannot be used: " not in line and "conf/footprints: error:" not in line]
    assert rest == []
    assert done.returncode == (0 if name == "quickstart.yaml" else 1)


# ---- start ----

@pytest.mark.threads
def test_ready_line_and_answer(site):
    with Server(site / "footprintd.yaml") as server:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.url)
        assert protocols(server.url) == ["http/1.1"]


def test_two_listeners_in_the_ready_line(site):
    config = write_config(site, listen='[{address: "127.0.0.1:0"}, {address: "[::1]:0"}]')
    with Server(config) as server:
        assert len(server.urls) == 2 and server.urls[1].startswith("http://[::1]:")
        assert protocols(server.urls[1]) == ["http/1.1"]


def test_refused_configuration(site):
    config = write_config(site, more="thread: 2\n")
    server = Server(config)
    assert server.wait() == 1
    assert server.log[0] == (f"{config}:3:1: error: 'thread' is not a key of the configuration "
                             "(did you mean 'threads'?) [unknown-key]")


def test_first_build_that_fails(site):
    """Every finding of every document is told, and the code is 1."""
    for name in ("a", "b"):
        (site / f"footprints/{name}.yaml").write_text("version: 1\nfootprint: {}\n")
    server = Server(site / "footprintd.yaml")
    assert server.wait() == 1
    for name in ("a", "b"):
        place = f"{site}/footprints/{name}.yaml:2:1: error: "
        assert sum(place in line for line in server.log) == 1
    assert "the documents were refused: 2 errors; there is nothing to serve" in server.log[-1]
    assert not any("ready" in line for line in server.log)


def test_port_taken(site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = Server(write_config(site, listen=f'[{{address: "127.0.0.1:{port}"}}]'))
        assert server.wait() == 1
        assert "in use" in server.log[-1] and str(port) in server.log[-1]


def test_footprints_without_a_database_are_said(site):
    """Right, and rarely meant: no address can match them."""
    for name in (site / "footprints").iterdir():
        name.unlink()
    with Server(site / "footprintd.yaml") as server:
        assert any("there are no documents in " in line for line in server.log)
        assert not any("no database knows it" in line for line in server.log)
    (site / "footprints/a.yaml").write_text("footprints: {f: {asn: [as64496]}, g: {countrycode: [de]}}\n")
    with Server(site / "footprintd.yaml") as server:
        said = [line for line in server.log if "no database knows it" in line]
        assert len(said) == 2 and "documents use asn" in said[0] and "geoip.country" in said[1]
        assert not any("there are no documents" in line for line in server.log)


def test_json_log(site):
    config = write_config(site, more="log: {format: json}\n")
    server = Server(config)
    server.wait_ready()
    assert server.end() == 0
    lines = [line for line in server.log if not line.startswith("footprintd: ready ")]
    assert len(lines) >= 2
    for line in lines:
        assert list(json.loads(line)) == ["time", "level", "area", "text"]


def test_base_uri(site):
    config = write_config(site, more="base-uri: https://alto.dcdn.example/a/\n")
    with Server(config) as server:
        _, _, body = curl(f"{server.url}/")
        uris = [r["uri"] for r in json.loads(body)["resources"].values()]
        assert uris and all(u.startswith("https://alto.dcdn.example/a/") for u in uris)
        assert not any("//" in u.removeprefix("https://") for u in uris)


# ---- reload ----

@pytest.mark.threads
def test_reload(site):
    with Server(site / "footprintd.yaml") as server:
        (site / "footprints/all.yaml").write_text(DOCUMENT % "https/1.1")
        server.send(signal.SIGHUP)
        server.wait_line("generation 2: 1 documents")
        # Loops learn of it by a message: ask until they have.
        for _ in range(1000):
            if protocols(server.url) == ["https/1.1"]:
                break
        else:
            pytest.fail("generation 2 is not served")


@pytest.mark.threads
def test_reload_refused_keeps_what_is_served(site):
    with Server(site / "footprintd.yaml") as server:
        before = curl(f"{server.url}/cdni")
        (site / "footprints/all.yaml").write_text("version: 1\ncapabilities: [{}]\n")
        server.send(signal.SIGHUP)
        server.wait_line(r" error build: \S+/footprints/all.yaml:2:\d+: error: ")
        server.wait_line(r"refused: \d+ errors?; generation 1 goes on being served$")
        after = curl(f"{server.url}/cdni")
        assert before[0] == after[0] == 200 and before[2] == after[2]
        assert before[1]["etag"] == after[1]["etag"]
        # And it recovers.
        (site / "footprints/all.yaml").write_text(DOCUMENT % "https/1.1")
        server.send(signal.SIGHUP)
        server.wait_line("generation 2: 1 documents")


def test_reload_says_that_configuration_changed(site):
    config = site / "footprintd.yaml"
    with Server(config) as server:
        server.send(signal.SIGHUP)
        server.wait_line("generation 2:")
        assert not any("has changed" in line for line in server.log)
        config.write_text(config.read_text() + "threads: 1\n")
        server.send(signal.SIGHUP)
        server.wait_line("configuration .* has changed: that needs a restart")
        server.wait_line("generation 3:")


@pytest.mark.threads
def test_many_reloads_at_once(site):
    """Signals merge; the last state of the directory is what is served at the end."""
    with Server(site / "footprintd.yaml") as server:
        stop = threading.Event()
        errors = []

        def ask():
            while not stop.is_set():
                try:
                    protocols(server.url)
                except Exception as error:  # told in the main thread
                    errors.append(error)
                    return

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            server.send(signal.SIGHUP)
        (site / "footprints/all.yaml").write_text(DOCUMENT % "https/1.1")
        server.send(signal.SIGHUP)
        for _ in range(10000):
            if protocols(server.url) == ["https/1.1"]:
                break
        else:
            errors.append(AssertionError("the last state is not served"))
        stop.set()
        for thread in threads:
            thread.join(LIMIT)
        assert errors == []


# ---- the end ----

@pytest.mark.threads
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_in_good_order(site, number):
    server = Server(site / "footprintd.yaml").wait_ready()
    assert server.end(number) == 0
    assert server.log[-1].endswith("info app: ended")


def test_sigpipe_is_ignored(site):
    with Server(site / "footprintd.yaml") as server:
        server.send(signal.SIGPIPE)
        assert protocols(server.url) == ["http/1.1"]


def open_request(server):
    """A connection with half a request, which a drain waits for."""
    host, port = server.url.removeprefix("http://").split(":")
    client = socket.create_connection((host, int(port)), timeout=LIMIT)
    client.sendall(b"POST /cdni-filtered HTTP/1.1\r\nhost: x\r\n"
                   b"content-type: application/alto-cdnifilter+json\r\ncontent-length: 2\r\n\r\n{")
    return client


def test_second_signal_ends_at_once(site):
    config = write_config(site, more="drain-s: 3600\nlimits: {request-timeout-s: 3600}\n")
    server = Server(config).wait_ready()
    with open_request(server):
        protocols(server.url)  # what came in before has been read
        server.send(signal.SIGTERM)
        server.wait_line("SIGTERM: draining")
        server.send(signal.SIGTERM)
        assert server.wait() == 0
    assert "second signal: ending at once" in server.log[-1]


def test_drain_gives_up(site):
    """A request that never ends does not keep the server longer than drain-s."""
    config = write_config(site, more="drain-s: 0\nlimits: {request-timeout-s: 3600}\n")
    server = Server(config).wait_ready()
    with open_request(server):
        protocols(server.url)
        assert server.end() == 0


def test_file_limit_is_raised(site):
    """Raised to the hard limit, as far as that makes sense."""
    with Server(site / "footprintd.yaml") as server:
        limits = open(f"/proc/{server.process.pid}/limits").read()
        soft, hard = re.search(r"Max open files\s+(\S+)\s+(\S+)", limits).groups()
        assert int(soft) == min(int(hard), 1048576)


@pytest.mark.threads
def test_compressed_bodies_follow(site):
    """After publication a worker makes them; they are served as soon as they are there."""
    big = "\n".join(f"  f{i}: {{cidr: [198.51.100.{i}/32]}}" for i in range(200))
    (site / "footprints/big.yaml").write_text(f"""version: 1
footprints:
{big}
capabilities:
  - capability-type: FCI.DeliveryProtocol
    capability-value: {{delivery-protocols: [https/1.1]}}
    footprints: [{", ".join(f"f{i}" for i in range(200))}]
""")
    with Server(write_config(site, more="log: {level: debug}\n")) as server:
        server.wait_line("generation 1 is compressed")
        for coding in ("gzip", "br"):
            _, headers, body = curl("-H", f"accept-encoding: {coding}", f"{server.url}/cdni")
            assert headers["content-encoding"] == coding and len(body) < 10000


def test_build_folder_is_named():
    assert (BUILD / "footprintd").is_file() and (BUILD / "footprintctl").is_file()
