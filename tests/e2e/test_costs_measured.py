"""Measured costs: batches over the admin interface, and their age."""
import concurrent.futures
import datetime
import json
import os
import subprocess
import time

import pytest

import http_client
import metrics
from admin import TOKENS, write_tokens
from footprintd import BUILD, LIMIT, Server, write_config
from test_admin_changes import ADMIN, applied, read, refused, send

FIRST = 'source,destination,cost,time\na,b,7,\n"b",a,8,2020-01-01T00:00:00Z\r\n'
DOCUMENT = {
    "network-maps": {"m": {"pids": {"a": {"ipv4": ["0.0.0.0/0"]}, "b": {"ipv6": ["::/0"]}}}},
    "cost-maps": {
        "delay": {"network-map": "m", "cost-metric": "delay-ow", "cost-mode": "numerical",
                  "costs-file": "data/delay.csv", "max-age-s": 3600},
        "plain": {"network-map": "m", "cost-metric": "priv:plain", "cost-mode": "numerical",
                  "costs-file": "data/plain.csv"},
        "table": {"network-map": "m", "cost-metric": "priv:table", "cost-mode": "numerical",
                  "costs-file": "data/table.csv"},
        "fixed": {"network-map": "m", "cost-metric": "priv:fixed", "cost-mode": "numerical",
                  "default-cost": 1}}}


@pytest.fixture
def site(tmp_path):
    data = tmp_path / "footprints/data"
    data.mkdir(parents=True)
    (tmp_path / "footprints/costs.json").write_text(json.dumps(DOCUMENT))
    (data / "delay.csv").write_text(FIRST)
    (data / "plain.csv").write_text("source,destination,cost\na,b,1\n")
    (data / "table.csv").write_text("x,a,b\na,1,2\n")
    write_tokens(tmp_path)
    write_config(tmp_path, more=ADMIN)
    return tmp_path


@pytest.fixture
def server(site):
    with Server(site / "footprintd.yaml") as running:
        yield running


def value(source, destination, cost, **more):
    return {"source": source, "destination": destination, "cost": cost, **more}


def put(server, name, *values, **more):
    return send(server, "POST", f"/v1/costs/{name}", {"values": values, **more})


def costs(server, name):
    return json.loads(http_client.request(f"{server.url}/{name}").body)["cost-map"]


def ago(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_batch_is_one_change(server, site):
    assert costs(server, "delay") == {"a": {"b": 7}}  # the other one is old
    measured = ago(10)
    body = applied(put(server, "delay", value("b", "a", 2.50, time=measured), value("a", "a", 1),
                       message="probe 7"), 2)
    assert not body["same"]
    assert costs(server, "delay") == {"a": {"a": 1, "b": 7}, "b": {"a": 2.5}}
    lines = (site / "footprints/data/delay.csv").read_text().splitlines()
    assert lines[:3] == ["source,destination,cost,time", "a,b,7,", f"b,a,2.5,{measured}"]
    assert lines[3].startswith("a,a,1,20") and len(lines) == 4
    generation = read(server, "/v1/generations/2", "Generation")
    assert (generation["author"], generation["message"]) == ("ed", "probe 7")
    # Nothing for null; the others stay.
    applied(put(server, "delay", value("a", "b", None), value("b", "b", None)), 3)
    assert costs(server, "delay") == {"a": {"a": 1}, "b": {"a": 2.5}}


def test_times_are_added_where_they_are_needed(server, site):
    path = site / "footprints/data/plain.csv"
    applied(put(server, "plain", value("b", "b", 3)), 2)
    assert path.read_text() == "source,destination,cost\na,b,1\nb,b,3\n"
    applied(put(server, "plain", value("b", "b", 4, time="2026-01-01T01:00:00+01:00")), 3)
    assert path.read_text() == ("source,destination,cost,time\na,b,1,\n"
                                "b,b,4,2026-01-01T00:00:00Z\n")
    assert costs(server, "plain") == {"a": {"b": 1}, "b": {"b": 4}}


def test_too_old_is_withdrawn(server):
    """By itself, when its time is over."""
    applied(put(server, "delay", value("b", "b", 9, time=ago(3600 - 3))), 2)
    assert costs(server, "delay") == {"a": {"b": 7}, "b": {"b": 9}}
    end = time.monotonic() + 30
    while costs(server, "delay") != {"a": {"b": 7}}:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_refused(server, site):
    before = (site / "footprints/data/delay.csv").read_text()
    good = value("a", "b", 1)
    refused(put(server, "none", good), 404, "no-such-cost-map")
    refused(put(server, "fixed", good), 409, "no-costs-file")
    refused(put(server, "table", good), 409, "no-costs-file")
    assert send(server, "POST", "/v1/costs/delay", {"values": [good]}, role="reader")[0] == 403
    for bad in ([], [5], [{}], [value("a", "b", "1")], [value("a", "b", True)],
                [value("a,b", "b", 1)], [value("a\nb", "b", 1)], [value(7, "b", 1)],
                [value("a", "b", 1, time="now")], [value("a", "b", 1, time=7)],
                [value("a", "b", 1, extra=1)], [good, value("b", "b", 2), good], None, {}):
        refused(send(server, "POST", "/v1/costs/delay", {"values": bad}), 400, "bad-body")
    refused(send(server, "POST", "/v1/costs/delay", "{"), 400, "syntax")
    refused(put(server, "delay", good, author="me"), 400, "bad-body")
    # What the documents may not have: all of the batch is refused.
    time.sleep(1.1)  # none of these counts, but the rate has some
    refused(put(server, "delay", good, value("a", "c", 1)), 422, "refused", "RefusedProblem")
    refused(put(server, "delay", good, value("b", "a", -1)), 422, "refused", "RefusedProblem")
    assert (site / "footprints/data/delay.csv").read_text() == before
    applied(send(server, "POST", "/v1/costs/delay?dry-run=1", {"values": [good]}), None)
    assert (site / "footprints/data/delay.csv").read_text() == before


def test_rate(site):
    write_config(site, more=ADMIN + metrics.METRICS + "limits: {cost-batches-per-s: 1}\n")
    with Server(site / "footprintd.yaml") as server:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: put(server, "plain", value("a", "b", n)), range(8)))
        assert {status for status, _ in answers} == {200, 429}
        for answer in answers:
            if answer[0] == 429:
                refused(answer, 429, "too-many-batches")
        hits = metrics.value(metrics.fetch(server), "footprintd_limit_hits_total",
                             limit="cost-batches-per-s")
        assert hits == [status for status, _ in answers].count(429)


def test_batches_at_a_time_are_all_there(server):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        pairs = [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")]
        answers = list(pool.map(lambda pair: put(server, "plain", value(*pair, 5))[0], pairs))
    assert answers == [200] * 4
    assert costs(server, "plain") == {"a": {"a": 5, "b": 5}, "b": {"a": 5, "b": 5}}


# ---- footprintctl costs ----

@pytest.fixture
def ctl(server, site):
    token = site / "editor"
    token.write_text(TOKENS["editor"] + "\n")
    token.chmod(0o600)

    def run(*args, text=""):
        done = subprocess.run([BUILD / "footprintctl", "costs", *args], capture_output=True, text=True, input=text,
                              timeout=LIMIT, cwd=site, env={
                                  **os.environ, "FOOTPRINTCTL_SERVER": server.admin,
                                  "FOOTPRINTCTL_TOKEN_FILE": str(token)})
        return done.returncode, done.stdout, done.stderr
    return run


def test_the_command_sends_lines(ctl, server, site):
    measured = ago(10)
    (site / "new.csv").write_text(f"source,destination,cost,time\r\n# a probe\nb,a,2.50,{measured}\n"
                                  'a , "a",1,\n')
    assert ctl("delay", "new.csv", "-m", "probe 7", "--yes") == (
        0, "Cost maps\n  ~ cost map delay: 0 costs changed, 2 added, 0 removed\n"
        "2 costs added; no address gained or lost\ngeneration 2\n", "")
    assert costs(server, "delay") == {"a": {"a": 1, "b": 7}, "b": {"a": 2.5}}
    assert read(server, "/v1/generations/2", "Generation")["message"] == "probe 7"
    # Without a header, from standard input; nothing for none.
    code, out, err = ctl("delay", "-", "--json", text="a,b,\nb,b,1e1\n")
    assert (code, err, json.loads(out)["generation"]) == (0, "", 3)
    assert costs(server, "delay") == {"a": {"a": 1}, "b": {"a": 2.5, "b": 10}}
    code, out, _ = ctl("delay", "-", "--dry-run", text="a,b,1\n")
    assert code == 0 and out.endswith("nothing is changed\n")
    assert costs(server, "delay") == {"a": {"a": 1}, "b": {"a": 2.5, "b": 10}}


@pytest.mark.parametrize("text, place", [
    ("a,b\n", "1:1: a line has source"), ("a,b,1,,\n", "1:1: a line has source"),
    ("source,destination,cost\na,b,x\n", "2:5: a cost is a number"), ("a,b,01\n", "1:5: a cost is a number"),
    ("a,b,1e999\n", "1:5: a cost is a number"), ("a,b,1,now\n", "1:7: a time is a moment"),
    ("a,b,1\nß,b,1\n", "2:1: this is no name"), ('a,"b,1\n', "1:3: ")])
def test_lines_that_are_wrong(ctl, site, text, place):
    before = (site / "footprints/data/delay.csv").read_text()
    (site / "new.csv").write_text(text)
    code, out, err = ctl("delay", "new.csv")
    assert (code, out) == (2, "") and err.startswith(f"footprintctl: new.csv:{place}")
    code, out, _ = ctl("delay", "new.csv", "--json")
    assert code == 2 and json.loads(out)["code"] == "bad-line"
    assert (site / "footprints/data/delay.csv").read_text() == before


def test_what_the_server_refuses(ctl):
    assert ctl("none", "-", text="a,b,1\n") == (
        1, "", "footprintctl: no document has a cost map of this id\n")
    code, _, err = ctl("delay", "-", text="a,c,1\n")
    assert code == 1 and "data/delay.csv:4:3" in err
    assert ctl("delay", "-")[2] == "footprintctl: - has no line with a cost\n"
    assert ctl("delay", "nowhere.csv")[0] == ctl("delay")[0] == ctl("a/b", "-")[0] == 2
