"""Metrics and health: what a scraper, a container runtime and a person are told."""
import json
import os
import re
import signal
import socket
import threading
import time
import urllib.parse

import pytest
import yaml

import mmdb
from footprintd import DOCUMENT, LIMIT, ROOT, Server, run, write_config
from http_client import request
from identity import digest_profile, write_ucdns
from metrics import (FORMATS, METRICS, OPEN, dashboard, fetch, rules, samples, selectors,
                     value)
from tips_client import View
from update_client import readable
from update_site import Site

ADMIN = 'admin: {listen: "127.0.0.1:0", tokens: tokens}\n'


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/all.yaml").write_text(DOCUMENT % "http/1.1")
    (tmp_path / "tokens").touch(mode=0o600)
    return tmp_path


def ask(server, path, **how):
    return request(f"{server.metrics}{path}", "h1", **how)


def eventually(look, wanted):
    end = time.monotonic() + LIMIT
    while (seen := look()) != wanted:
        assert time.monotonic() < end, seen
        time.sleep(0.05)


def refuse(site, server):
    (site / "footprints/all.yaml").write_text("version: 1\ncapabilites: []\n")
    server.send(signal.SIGHUP)
    server.wait_line("the documents were refused")


# ---- the reference ----


def rows(option):
    """The rows of a table in Markdown, as lists of cells."""
    done = run("footprintd", option)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.strip("|").split("|") for line in done.stdout.splitlines()]
    assert len(lines) > 3 and all(len(cells) == 4 for cells in lines)
    assert all(set(cell) <= {"-", " "} for cell in lines[1])
    return [[cell.strip() for cell in cells] for cells in lines[2:]]


def test_reference_of_limits():
    """All that the manual page has, with the defaults that it says."""
    text = (ROOT / "docs/man/footprintd.yaml.5").read_text().replace("\\-", "-")
    described = re.findall(r'^\.BR limits\.(\S+) " \(number (\d+ to \d+), default (\d+)\)"', text,
                           re.M)
    assert [(f"`{key}`", default, span) for key, span, default in described] == \
        [tuple(row[:3]) for row in rows("--list-limits")]


# ---- the formats ----


@pytest.mark.parametrize("format", FORMATS)
def test_families(site, format):
    """All families of the reference, and no others; types and labels as it says."""
    with Server(write_config(site, more=f"{METRICS}{ADMIN}state: state\n")) as server:
        request(f"{server.url}/cdni", "h1")
        families = fetch(server, format)
        seen = {(f"{name}_total" if family.type == "counter" else
                 f"{name}_info" if family.type == "info" else name)
                for name, family in families.items()}
        assert seen == {row[0].strip("`") for row in rows("--list-metrics")}
        for row in rows("--list-metrics"):
            name = re.sub("_total$" if row[1] == "counter" else
                          "_info$" if row[1] == "info" and format == "open" else "$", "",
                          row[0].strip("`"))
            labels = {cell.strip(" `") for cell in row[2].split(",") if cell}
            for sample in families[name].samples:
                assert set(sample.labels) - {"le"} == labels, name
            assert families[name].documentation == row[3]
        assert value(families, "footprintd_ready") == 1


@pytest.mark.parametrize("accept, format", [
    (None, "plain"), ("*/*", "plain"), ("text/plain", "plain"), ("text/html", "plain"),
    (f"{OPEN};version=1.0.0,{OPEN};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
     "open"),
    (f"text/plain, {OPEN};q=0.5", "plain"), (f"{OPEN};q=0", "plain"), (OPEN, "open")])
def test_accept(site, accept, format):
    with Server(write_config(site, more=METRICS)) as server:
        headers = [f"Accept: {accept}"] if accept else ["Accept:"]
        response = ask(server, "/metrics", headers=headers)
        assert response.get("content-type") == FORMATS[format][1]
        assert response.body.endswith(b"# EOF\n") == (format == "open")


def test_only_tells(site):
    """GET and HEAD of five paths; nothing of the other listeners, and nothing of it on them."""
    config = write_config(site, more=f"{METRICS}{ADMIN}http: {{access-log: on}}\n")
    with Server(config) as server:
        paths = ["/metrics", "/livez", "/readyz", "/startupz"]
        assert ask(server, "/").body.decode().split() == paths
        for path in ["/", *paths]:
            assert ask(server, path).status == 200
            assert ask(server, f"{path}?verbose").status == 200
            head = ask(server, path, method="HEAD")
            assert (head.status, head.body) == (200, b"")
            for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
                refused = ask(server, path, method=method)
                assert (refused.status, refused.get("allow")) == (405, "GET, HEAD")
        for path in ("/cdni", "/directory", "/v1/status", "/metrics/", "/readyz/x", "/-/whoami"):
            assert ask(server, path).status == 404
        assert request(f"{server.metrics}/readyz", "h2c").body == b"ok\n"
        for path in paths:
            assert request(f"{server.url}{path}", "h1").status == 404
            assert request(f"{server.admin}{path}", "h1").status == 401
        # Nor in the log: what it has of these paths was asked for elsewhere.
        logged = [json.loads(line) for line in server.log if line.startswith("{")]
        assert all(line["status"] in (401, 404) for line in logged if line["path"] in paths)
        assert len([line for line in logged if line["path"] == "/readyz"]) == 2
        # Probes are in no number of those who are served.
        assert value(fetch(server), "footprintd_requests_total", code="405") is None


def test_without(site):
    with Server(write_config(site)) as server:
        assert server.metrics is None
        assert not any("metrics" in line for line in server.log)


def test_over_tls(site, certificates):
    config = write_config(
        site, listen='[{address: "127.0.0.1:0"}]',
        more=f'metrics: {{listen: "127.0.0.1:0", tls: {{certificate: {certificates}/server.pem, '
             f'key: {certificates}/server.key, client-ca: {certificates}/ca.pem, '
             f'client-auth: required}}}}\n')
    with Server(config) as server:
        assert server.metrics.startswith("https://")
        ca = {"ca": f"{certificates}/ca.pem"}
        known = ["--cert", f"{certificates}/client.pem", "--key", f"{certificates}/client.key"]
        response = request(f"{server.metrics}/metrics", "h2-tls", **ca, extra=known)
        assert response.status == 200
        with pytest.raises(AssertionError):
            request(f"{server.metrics}/metrics", "h2-tls", **ca)
        # That one was told of as a handshake that failed.
        text = request(f"{server.metrics}/metrics", "h2-tls", **ca, extra=known).body.decode()
        assert f'footprintd_handshake_failures_total{{listener="{server.metrics}"}} 1\n' in text


# ---- what is counted ----


def test_requests(site):
    with Server(write_config(site, more=f"{METRICS}threads: 2\n")) as server:
        for protocol in ("h1", "h2c"):
            for path, _ in (("/cdni", 200), ("/directory", 200), ("/nothing", 404)):
                request(f"{server.url}{path}", protocol)
        tag = request(f"{server.url}/cdni", "h1").get("etag")
        request(f"{server.url}/cdni", "h1", headers=[f"If-None-Match: {tag}"])
        request(f"{server.url}/cdni-filtered", "h1", data=b"{}")
        seen = fetch(server)
        wanted = {("cdni", "200", "h1"): 2, ("cdni", "304", "h1"): 1, ("cdni", "200", "h2"): 1,
                  ("directory", "200", "h1"): 1, ("directory", "200", "h2"): 1,
                  ("none", "404", "h1"): 1, ("none", "404", "h2"): 1,
                  ("cdni-filtered", "415", "h1"): 1}
        samples = {tuple(s.labels[k] for k in ("resource", "code", "protocol")): s.value
                   for s in seen["footprintd_requests"].samples}
        assert samples == wanted
        name = "footprintd_request_duration_seconds"
        assert value(seen, f"{name}_count", resource="cdni") == 4
        assert value(seen, f"{name}_bucket", resource="cdni", le="+Inf") == 4
        assert 0 < value(seen, f"{name}_sum", resource="cdni") < LIMIT
        assert value(seen, "footprintd_ucdn_requests_total", ucdn="anonymous") == 9
        assert value(seen, "footprintd_resource_bytes", resource="cdni", coding="identity") == \
            len(request(f"{server.url}/cdni", "h1").body)


def test_ucdns(site):
    """By profile; a profile that comes with a reload too, and who has none is one more."""
    write_ucdns(site, digest_profile("a") + digest_profile("quiet"))
    with Server(write_config(site, more=f"{METRICS}ucdns: ucdns.yaml\n")) as server:
        def get(user, password="Circle of Life"):
            return request(f"{server.url}/cdni", "h1",
                           extra=["--digest", "--user", f"{user}:{password}"]).status

        assert get("a") == 200 and get("a", "wrong") == 401
        write_ucdns(site, digest_profile("b2") + digest_profile("a"))
        server.send(signal.SIGHUP)
        server.wait_line("profiles of uCDNs: 2")
        eventually(lambda: get("b2"), 200)
        seen = fetch(server)
        family = "footprintd_ucdn_requests_total"
        assert {s.labels["ucdn"] for s in seen["footprintd_ucdn_requests"].samples} == \
            {"a", "b2", "unauthenticated"}
        assert value(seen, family, ucdn="a", **{"class": "2xx"}) == 1
        assert value(seen, family, ucdn="b2", **{"class": "2xx"}) == 1
        assert value(seen, "footprintd_ucdn_sent_bytes_total", ucdn="a") == \
            value(seen, "footprintd_resource_bytes", resource="cdni", coding="identity")
        assert value(seen, "footprintd_credential_failures_total", kind="digest") == 1


def test_connections(site):
    """At the limit clients are refused and counted, and metrics are there all the same."""
    config = write_config(site, more=f"{METRICS}limits: {{connections: 16}}\nthreads: 2\n")
    with Server(config) as server:
        where = urllib.parse.urlsplit(server.url)
        label = {"listener": server.url}
        held = [socket.create_connection((where.hostname, where.port)) for _ in range(16)]
        eventually(lambda: value(fetch(server), "footprintd_connections", **label), 16)
        with socket.create_connection((where.hostname, where.port)) as late:
            assert readable(late) and late.recv(1) == b""
        server.wait_line(f"a connection to {re.escape(server.url)} is refused: there are 16$")
        seen = fetch(server)
        assert value(seen, "footprintd_connections_refused_total", reason="limit", **label) == 1
        assert value(seen, "footprintd_limit_hits_total", limit="connections") == 1
        assert value(seen, "footprintd_limit_use", limit="connections") == 16
        assert value(seen, "footprintd_limit_value", limit="connections") == 16
        assert ask(server, "/readyz").status == 200
        for sock in held:
            sock.close()
        eventually(lambda: value(fetch(server), "footprintd_connections", **label), 0)
        response = request(f"{server.url}/cdni", "h1")
        eventually(lambda: value(fetch(server), "footprintd_connections", **label), 0)
        seen = fetch(server)
        assert value(seen, "footprintd_connections_accepted_total", **label) == 17
        assert value(seen, "footprintd_sent_bytes_total", **label) > len(response.body)
        assert value(seen, "footprintd_received_bytes_total", **label) > len("GET /cdni")


def test_limits_have_their_keys(site):
    """A value for every limit; hits and use only of limits that there are."""
    with Server(write_config(site, more=f"{METRICS}limits: {{worker-queue: 7}}\n")) as server:
        seen = fetch(server)
        keys = [row[0].strip("`") for row in rows("--list-limits")]
        assert [s.labels["limit"] for s in seen["footprintd_limit_value"].samples] == keys
        assert value(seen, "footprintd_limit_value", limit="worker-queue") == 7
        for family in ("footprintd_limit_hits", "footprintd_limit_use"):
            assert {s.labels["limit"] for s in seen[family].samples} <= set(keys)
        # What only documents and databases meet is a finding; whatever else is met is counted.
        counted = {s.labels["limit"] for s in seen["footprintd_limit_hits"].samples}
        assert {key for key in keys if key not in counted} == {
            key for key in keys if key.startswith(("document", "database")) or key == "findings"}


def test_limits_are_hit(site):
    config = write_config(site, more=f"{METRICS}limits: {{request-body-bytes: 1024, "
                                     f"filter-entries: 1, header-fields: 10}}\n")
    with Server(config) as server:
        uri, media = f"{server.url}/cdni-filtered", "application/alto-cdnifilter+json"
        post = {"headers": [f"Content-Type: {media}"]}
        capability = '{"capability-type": "FCI.X", "capability-value": {}}'
        many = f'{{"cdni-capabilities": [{capability}, {capability}]}}'.encode()
        assert request(uri, "h1", data=many, **post).status == 413
        assert request(uri, "h1", data=b" " * 1025, **post).status == 413
        request(f"{server.url}/cdni", "h1", headers=[f"X-{n}: 1" for n in range(20)])
        seen = fetch(server)
        for limit in ("request-body-bytes", "filter-entries", "header-fields"):
            assert value(seen, "footprintd_limit_hits_total", limit=limit) == 1, limit
        assert value(seen, "footprintd_guard_actions_total", kind="header-fields") == 1


def test_limits_of_computed_answers_are_hit(site):
    config = write_config(site, more=f"{METRICS}limits: {{answer-bytes: 1048576, cost-values: 1024}}\n")
    with Server(config) as server:
        entities = [f"ipv4:10.0.{n >> 8}.{n & 255}" for n in range(20000)]
        ends = [f"ipv4:192.0.2.{n}" for n in range(33)]
        for path, kind, body, status in [
                ("propmap-filtered", "propmapparams",
                 {"entities": entities, "properties": ["cdni.cdni-capabilities"]}, 503),
                ("endpoint-cost", "endpointcostparams",
                 {"cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"},
                  "endpoints": {"srcs": ends, "dsts": ends}}, 413)]:
            answer = request(f"{server.url}/{path}", "h1", data=json.dumps(body).encode(), headers=[
                f"Content-Type: application/alto-{kind}+json", "Expect:"])
            assert (answer.status, answer.body) == (status, b"")
            assert (answer.get("retry-after") is None) == (status == 413)
        seen = fetch(server)
        for limit, hits in {"answer-bytes": 1, "answers-bytes": 0, "cost-values": 1,
                            "filter-entries": 0}.items():
            assert value(seen, "footprintd_limit_hits_total", limit=limit) == hits, limit


def test_rates_are_hit(site):
    config = write_config(site, more=f"{METRICS}limits: {{ucdn-bytes-per-s: 100}}\n")
    with Server(config) as server:
        while request(f"{server.url}/cdni", "h1").status == 200:
            pass
        seen = fetch(server)
        assert value(seen, "footprintd_limit_hits_total", limit="ucdn-bytes-per-s") == 1
        assert value(seen, "footprintd_limit_hits_total", limit="ucdn-requests-per-s") == 0


def test_builds(site):
    """What came of builds, and of what lies in the directory."""
    config = write_config(site, more=f"{METRICS}state: state\n")
    with Server(config) as server:
        first = fetch(server)
        assert value(first, "footprintd_builds_total", result="published") == 1
        assert value(first, "footprintd_build_refused") == 0
        assert value(first, "footprintd_refused_timestamp_seconds") == 0
        parts = {s.labels["part"]: s.value
                 for s in first["footprintd_build_duration_seconds"].samples}
        assert set(parts) == {"read", "snapshot", "record", "changes", "total"}
        total = parts.pop("total")
        assert all(part > 0 for part in parts.values()) and sum(parts.values()) <= total + 1e-5
        refuse(site, server)
        bad = fetch(server)
        assert value(bad, "footprintd_builds_total", result="refused") == 1
        assert value(bad, "footprintd_build_refused") == 1
        assert value(bad, "footprintd_refused_timestamp_seconds") >= \
            value(bad, "footprintd_published_timestamp_seconds")
        assert value(bad, "footprintd_build_findings", severity="error") > 0
        assert value(bad, "footprintd_generation") == 1
        (site / "footprints/all.yaml").write_text(DOCUMENT % "https/1.1")
        server.send(signal.SIGHUP)
        server.wait_line("generation 2:")
        eventually(lambda: value(fetch(server), "footprintd_history_generations"), 2)
        good = fetch(server)
        assert value(good, "footprintd_build_refused") == 0
        assert value(good, "footprintd_build_findings", severity="error") == 0
        assert value(good, "footprintd_builds_total", result="published") == 2
        assert value(good, "footprintd_generation") == 2
        assert value(good, "footprintd_documents") == 1
        assert value(good, "footprintd_history_bytes") > 0


def test_readers(tmp_path):
    """Streams, views and what they are sent."""
    with Site(tmp_path, METRICS) as site:
        stream = site.stream({"c": "cdni", "n": "netmap"})
        while not {"c", "n"} <= set(stream.held):
            stream.event()
        view = View(site, "netmap")
        view.item(0, 1)
        seen = fetch(site.server)
        assert value(seen, "footprintd_update_streams") == 1
        assert value(seen, "footprintd_update_substreams") == 2
        assert value(seen, "footprintd_tips_views") == 1
        assert value(seen, "footprintd_update_messages_total", via="stream", kind="full") == 2
        assert value(seen, "footprintd_update_messages_total", via="stream", kind="control") == 1
        assert value(seen, "footprintd_update_messages_total", via="tips", kind="full") == 1
        # What is there already has been counted before its last byte was sent.
        assert value(seen, "footprintd_update_sent_bytes_total", via="stream", kind="full") >= \
            value(seen, "footprintd_resource_bytes", resource="cdni", coding="identity")
        site.publish(pid_a=["192.0.2.7/32"])
        while stream.event().id != "c":  # the last one of a generation
            pass
        eventually(lambda: value(fetch(site.server), "footprintd_update_fan_out_seconds_count"), 1)
        seen = fetch(site.server)
        patches = sum(value(seen, "footprintd_update_messages_total", via="stream", kind=kind)
                      for kind in ("merge-patch", "json-patch"))
        assert patches == 2 and value(seen, "footprintd_update_patches_total") >= 2
        assert value(seen, "footprintd_update_patches_refused_total") == 0
        stream.finish()
        site.streams.remove(stream)
        eventually(lambda: value(fetch(site.server), "footprintd_update_substreams"), 0)
        assert value(fetch(site.server), "footprintd_update_streams") == 0


def test_held_polls(tmp_path):
    with Site(tmp_path, METRICS) as site:
        view = View(site, "cdni")
        where = urllib.parse.urlsplit(view.edge_uri(view.end, view.end + 1))
        with socket.create_connection((where.hostname, where.port)) as sock:
            sock.sendall(f"GET {where.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            eventually(lambda: value(fetch(site.server), "footprintd_tips_held_polls"), 1)
            site.publish(pid_a=["192.0.2.9/32"])
            assert sock.recv(12) == b"HTTP/1.1 200"
        eventually(lambda: value(fetch(site.server), "footprintd_tips_held_polls"), 0)


def test_threads(site):
    with Server(write_config(site, more=f"{METRICS}threads: 3\n")) as server:
        eventually(lambda: value(fetch(server), "footprintd_loop_turns_total", loop="2") > 0, True)
        seen = fetch(server)
        for family in ("footprintd_loop_cpu_seconds_total", "footprintd_loop_stalls_total",
                       "footprintd_loop_stall_seconds", "footprintd_loop_worst_stall_seconds"):
            for loop in "012":
                assert value(seen, family, loop=loop) >= 0
        assert value(seen, "footprintd_worker_jobs", pool="http") == 0
        assert value(seen, "process_resident_memory_bytes") > 1 << 20
        # The connection of the scrape was one of them.
        files = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        assert value(seen, "process_open_fds") in (files, files + 1)
        assert abs(value(seen, "process_start_time_seconds") - time.time()) < LIMIT


# ---- who reads them ----


@pytest.mark.parametrize("who", ["alerts", "dashboard"])
def test_named_metrics_exist(site, who):
    """What alerts and the dashboard ask for is in a real scrape, with the labels that they match."""
    expressions = dashboard() if who == "dashboard" else [rule["expr"] for rule in rules()]
    assert len(expressions) > 20
    with Server(write_config(site, more=f"{METRICS}{ADMIN}state: state\n")) as server:
        request(f"{server.url}/cdni", "h1")
        known = samples(fetch(server))
        named = [found for expression in expressions for found in selectors(expression)]
        assert len(named) >= len(expressions) - 1  # `up` is Prometheus' own
        for name, labels in named:
            assert name in known, name
            if known[name]:
                assert labels <= known[name] | {"instance", "job"}, name
            else:
                assert labels <= {"instance", "job"} or f"`{name}`" in \
                    {row[0] for row in rows("--list-metrics") if labels - {"instance", "job"} <=
                     {cell.strip(" `") for cell in row[2].split(",")}}, name


def test_alerts_are_tested():
    """Each fires in one test of tests/prometheus and does not in another."""
    tests = yaml.safe_load((ROOT / "tests/prometheus/alerts_test.yml").read_text())["tests"]
    seen = [(case["alertname"], bool(case["exp_alerts"]))
            for test in tests for case in test["alert_rule_test"]]
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    assert sorted(seen) == sorted((name, fires) for name in names for fires in (True, False))
    assert all(rule["labels"]["severity"] in ("critical", "warning", "info") for rule in rules())


# ---- health ----


def test_ready_with_refused_documents(site):
    """What was before is served on: no reason to send clients away, and told all the same."""
    with Server(write_config(site, more=METRICS)) as server:
        for path in ("/livez", "/readyz", "/startupz"):
            response = ask(server, path)
            assert (response.status, response.body) == (200, b"ok\n")
        refuse(site, server)
        response = ask(server, "/readyz")
        assert response.status == 200
        assert re.fullmatch(r"warning: documents in the directory were refused at \S+ \(\d errors\)"
                            r": generation 1 is served on\nok\n", response.body.decode())
        assert ask(server, "/livez").body == b"ok\n"


def test_not_ready_with_old_data(site):
    """Databases older than geoip.max-age-days; one that is replaced makes it ready again."""
    def put(age):
        new = site / "country.new"
        new.write_bytes(mmdb.database({"192.0.2.0/24": mmdb.place("DE")}, "Test-Country",
                                      int(time.time()) - age * 86400 - 60))
        os.rename(new, site / "country.mmdb")

    put(31)
    config = write_config(site, more=f"{METRICS}geoip: {{country: country.mmdb}}\n"
                                     f"limits: {{database-check-s: 1}}\n")
    with Server(config) as server:
        response = ask(server, "/readyz")
        assert response.status == 503
        assert response.body == \
            b"the country database is 31 days old: geoip.max-age-days is 30\n"
        assert ask(server, "/livez").status == 200 and ask(server, "/startupz").status == 200
        seen = fetch(server)
        assert value(seen, "footprintd_ready") == 0
        assert value(seen, "footprintd_database_max_age_seconds") == 30 * 86400
        assert value(seen, "footprintd_database_age_seconds", database="country") >= 31 * 86400
        put(1)
        eventually(lambda: ask(server, "/readyz").status, 200)
        assert value(fetch(server), "footprintd_database_age_seconds", database="country") < \
            2 * 86400



# ---- --healthcheck ----


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def check(config):
    return run("footprintd", "--config", str(config), "--healthcheck")


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "[::]", "[::1]"])
def test_healthcheck(site, address):
    """Of the metrics listener; nothing is told while all is well."""
    port = free_port()
    config = write_config(site, more=f'metrics: {{listen: "{address}:{port}", insecure: true}}\n')
    done = check(config)
    assert done.returncode == 1 and "does not answer: Connection refused" in done.stderr
    with Server(config):
        done = check(config)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("tls", [False, True])
def test_healthcheck_without_metrics(site, certificates, tls):
    """Whatever is answered, a 401 to a stranger too."""
    write_ucdns(site, digest_profile("a"))
    how = f", tls: {{certificate: {certificates}/server.pem, key: {certificates}/server.key}}"
    config = write_config(site, listen=f'[{{address: "127.0.0.1:{free_port()}"'
                                       f'{how if tls else ""}}}]', more="ucdns: ucdns.yaml\n")
    assert check(config).returncode == 1
    with Server(config):
        done = check(config)
        assert (done.returncode, done.stderr) == (0, "")


def test_healthcheck_of_others(site, certificates):
    """Who answers otherwise, or not at all, and who cannot be asked."""
    config = write_config(site, more=METRICS)
    done = check(config)
    assert done.returncode == 1 and "the port of 127.0.0.1:0 is not known" in done.stderr
    assert run("footprintd", "--config", str(site / "none.yaml"), "--healthcheck").returncode == 1
    assert run("footprintd", "--healthcheck").returncode == 2
    tls = (f"{{certificate: {certificates}/server.pem, key: {certificates}/server.key, "
           f"client-ca: {certificates}/ca.pem, client-auth: required}}")
    config = write_config(site, listen=f'[{{address: "127.0.0.1:{free_port()}", tls: {tls}}}]')
    done = check(config)
    assert done.returncode == 1 and "wants a client certificate" in done.stderr

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        config = write_config(site, more=f'metrics: {{listen: "127.0.0.1:{port}"}}\n')

        def answer(text):
            def serve():
                peer, _ = listener.accept()
                with peer:
                    peer.recv(4096)
                    peer.sendall(text)
            thread = threading.Thread(target=serve)
            thread.start()
            done = check(config)
            thread.join()
            return done

        assert answer(b"HTTP/1.1 200 OK\r\n\r\nok\n").returncode == 0
        bad = answer(b"HTTP/1.1 503 Service Unavailable\r\n\r\nhttp-0 is stuck\n")
        assert bad.returncode == 1
        assert bad.stderr == (f"footprintd: 127.0.0.1:{port}/livez answers 503\n"
                              "http-0 is stuck\n")
        for text in (b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 2x0 OK\r\n\r\n", b"HTTP/1.1 20"):
            assert "no answer of HTTP" in answer(text).stderr
