"""Measured costs: batches over the admin interface, and their age."""
import concurrent.futures
import datetime
import json
import time

import pytest

import http_client
from admin import write_tokens
from footprintd import Server, write_config
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
    write_config(site, more=ADMIN + "limits: {cost-batches-per-s: 1}\n")
    with Server(site / "footprintd.yaml") as server:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: put(server, "plain", value("a", "b", n)), range(8)))
        assert {status for status, _ in answers} == {200, 429}
        for answer in answers:
            if answer[0] == 429:
                refused(answer, 429, "too-many-batches")


def test_batches_at_a_time_are_all_there(server):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        pairs = [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")]
        answers = list(pool.map(lambda pair: put(server, "plain", value(*pair, 5))[0], pairs))
    assert answers == [200] * 4
    assert costs(server, "plain") == {"a": {"a": 5, "b": 5}, "b": {"a": 5, "b": 5}}
