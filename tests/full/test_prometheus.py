"""A real Prometheus: it reads what we tell, its rules are right, and the dashboard's queries too."""
import json
import pathlib
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import http_client  # pylint: disable=wrong-import-position
from footprintd import DOCUMENT, LIMIT, ROOT, Server, write_config  # pylint: disable=wrong-import-position
from metrics import METRICS, dashboard, fetch, rules  # pylint: disable=wrong-import-position


def promtool(*args):
    done = subprocess.run(["promtool", *args], capture_output=True, text=True, timeout=LIMIT,
                          cwd=ROOT / "tests/prometheus")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_rules():
    assert f"SUCCESS: {len(rules())} rules found" in promtool("check", "rules",
                                                              ROOT / "conf/prometheus/alerts.yml")
    assert "SUCCESS" in promtool("test", "rules", "alerts_test.yml")


class Prometheus:
    def __init__(self, folder, server):
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{sock.getsockname()[1]}"
        target = urllib.parse.urlsplit(server.metrics).netloc
        (folder / "prometheus.yml").write_text(
            f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n"
            f"rule_files: ['{ROOT}/conf/prometheus/alerts.yml']\n"
            f"scrape_configs:\n  - job_name: footprintd\n    static_configs: [{{targets: ['{target}']}}]\n")
        self.url = f"http://{address}"
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml",
             f"--storage.tsdb.path={folder}/data", f"--web.listen-address={address}"],
            stdout=subprocess.DEVNULL, stderr=(folder / "prometheus.log").open("w"))

    def ask(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}{path}?{query}", timeout=LIMIT) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        return self.ask("/api/v1/query", query=expression)["result"]

    def wait(self, expression):
        end = time.monotonic() + LIMIT
        while True:
            try:
                if found := self.query(expression):
                    return found
            except OSError:
                pass  # it is not there yet
            assert time.monotonic() < end, expression
            assert self.process.poll() is None, "it has ended"
            time.sleep(0.2)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/all.yaml").write_text(DOCUMENT % "http/1.1")
    return write_config(tmp_path, more=f"{METRICS}state: state\n")


def test_scraped(site, tmp_path):
    with Server(site) as server:
        http_client.request(f"{server.url}/cdni", "h1")
        prometheus = Prometheus(tmp_path, server)
        try:
            assert prometheus.wait("footprintd_ready")[0]["value"][1] == "1"
            assert prometheus.query("up")[0]["value"][1] == "1"
            prometheus.wait('footprintd_requests_total{resource="cdni", code="200"} == 1')
            # All families that have samples, as it names them.
            names = set(prometheus.ask("/api/v1/label/__name__/values"))
            wanted = {s.name for family in fetch(server).values() for s in family.samples}
            assert wanted <= names, wanted - names
            # It does not go by the order of things, nor by their number.
            assert prometheus.query("scrape_samples_scraped")[0]["value"][1] != "0"
            health = [rule["health"] for group in prometheus.ask("/api/v1/rules")["groups"]
                      for rule in group["rules"]]
            assert len(health) == len(rules()) and "err" not in health
            for expression in dashboard():
                prometheus.query(expression)  # an error is a status of 400
            prometheus.wait("rate(process_cpu_seconds_total[10s])")
            assert not [alert for alert in prometheus.ask("/api/v1/alerts")["alerts"]
                        if alert["state"] == "firing"]
        finally:
            prometheus.process.terminate()
            prometheus.process.wait(timeout=LIMIT)
