"""Everything at once: all attacks, ordinary clients of every kind, changes, reloads, scrapes. Nobody
who means well notices, and nothing races (this is what the ThreadSanitizer build is for).
"""
import json
import pathlib
import signal
import subprocess
import sys
import threading
import time
import traceback

import httpx
import pytest
import requests.auth

from attacks import ATTACKS, TLS_ATTACKS
from footprintd import LIMIT, Server, write_config
from identity import PASSWORD, write_ucdns
from metrics import METRICS, fetch
from test_views import D, PUBLIC, Client, profile

SECONDS = 6
ATTACKER = "127.0.0.2"


class Crowd:
    """Threads that each do one thing again and again; the first error of any is told. What others
    wait for goes on until they are done.
    """

    def __init__(self):
        self.overs = [threading.Event(), threading.Event()]
        self.errors, self.counts, self.threads = [], {}, [[], []]

    def add(self, name, step, awaited=False):
        over = self.overs[awaited]

        def run():
            try:
                while not over.is_set() or not self.counts.get(name):
                    step()
                    self.counts[name] = self.counts.get(name, 0) + 1
            except Exception as error:  # pylint: disable=broad-except
                self.errors.append((name, repr(error), traceback.format_exc()[-600:]))
        self.threads[awaited].append(threading.Thread(target=run))

    def go(self, until):
        for thread in sum(self.threads, []):
            thread.start()
        while time.monotonic() < until and not self.errors:
            time.sleep(0.05)
        for over, threads in zip(self.overs, self.threads):
            over.set()
            for thread in threads:
                thread.join()
        assert not self.errors, self.errors
        assert len(self.counts) == len(sum(self.threads, [])), self.counts


@pytest.mark.threads
def test_all_at_once(tmp_path, certificates):
    (tmp_path / "footprints").mkdir()
    document = tmp_path / "footprints/public.yaml"
    document.write_text(PUBLIC)
    write_ucdns(tmp_path, profile("ucdn-a") + profile("ucdn-b", "geo-properties: true"))
    tls = {"certificate": f"{certificates}/server.pem", "key": f"{certificates}/server.key",
           "client-ca": f"{certificates}/ca.pem", "client-auth": "optional"}
    config = write_config(
        tmp_path, more="ucdns: ucdns.yaml\nthreads: 2\nwatch: {enabled: true, debounce-ms: 10}\n"
        f"{METRICS}tips: {{poll-s: 1}}\nlimits: {{request-timeout-s: 5}}\ndrain-s: 10\n",
        listen=json.dumps([{"address": "127.0.0.1:0"}, {"address": "127.0.0.1:0", "tls": tls}]))
    with Server(config) as server:
        crowd = Crowd()
        clear, secure = server.urls
        a, b, follower, poller = (Client(server, f"ucdn-{x}") for x in "abab")
        h2 = httpx.Client(http2=True, verify=str(certificates / "ca.pem"), timeout=LIMIT,
                          auth=httpx.DigestAuth("ucdn-b", PASSWORD))
        secure = secure.replace("127.0.0.1", "localhost")
        entities = {"entities": [f"ipv6:2001:db8::{n:x}" for n in range(3000)],
                    "properties": ["cdni.cdni-capabilities"]}
        number = 0

        def read():
            assert a.types()[0] == D

        def read_h2():
            answer = h2.get(f"{secure}/directory")
            assert (answer.status_code, answer.http_version) == (200, "HTTP/2")

        def ask():
            assert b.post("/propmap-filtered", entities, "propmapparams").status_code == 200

        def stream():
            opened = follower.stream()
            for _ in range(3):
                event = opened.event()
                assert event, "the stream has ended"
            assert follower.post(opened.control, {"remove": ["x"]},
                                 "updatestreamparams").status_code == 204
            opened.answer.close()

        def view():
            made = poller.post("/tips", {"resource-id": "cdni"}, "tipsparams").json()
            graph = made["tips-view-summary"]["updates-graph-summary"]
            path = "/" + made["tips-view-uri"].split("/", 3)[3] + "/ug"
            # Held until there is one, or until tips.poll-s is over; it may be old by then.
            answer = poller.get(f"{path}/{graph['end-seq']}/{graph['end-seq'] + 1}")
            assert answer.status_code in (200, 410, 503), answer.status_code

        def change():
            nonlocal number
            number += 1
            text = PUBLIC.replace("192.0.2.0/24", f"192.0.2.{number % 256}/32")
            (tmp_path / "footprints/.new").write_text(text)
            (tmp_path / "footprints/.new").rename(document)
            time.sleep(0.02)

        def reload():
            server.send(signal.SIGHUP)
            time.sleep(0.1)

        for name, step in [("read", read), ("read-h2", read_h2), ("ask", ask), ("stream", stream),
                           ("view", view), ("scrape", lambda: fetch(server))]:
            crowd.add(name, step)
        crowd.add("change", change, awaited=True)
        crowd.add("reload", reload, awaited=True)
        attackers = [
            subprocess.Popen(["nice", "-n", "10", sys.executable, pathlib.Path(__file__).parent /
                              "attacks.py", url.rpartition(":")[2], ",".join(names), str(SECONDS),
                              ATTACKER], stdout=subprocess.PIPE, text=True)
            for url, names in zip(server.urls, [ATTACKS, TLS_ATTACKS])]
        crowd.go(time.monotonic() + SECONDS)
        for attacker in attackers:
            said = attacker.communicate(timeout=LIMIT)[0]
            assert attacker.returncode == 0 and int(said.split()[0]) > 10, said
        h2.close()
