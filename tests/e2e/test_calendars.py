"""Costs of intervals of time: the next interval begins by itself, and who follows costs is told."""
import datetime
import json
import time

import pytest

import http_client
from footprintd import Server, write_config

LOAD = {"cost-mode": "numerical", "cost-metric": "priv:load"}


def document(start):
    return {"network-maps": {"m": {"pids": {"a": {"ipv4": ["0.0.0.0/0"]}, "b": {"ipv6": ["::/0"]}}}},
            "cost-maps": {"load": {
                "network-map": "m", "cost-metric": "priv:load", "cost-mode": "numerical",
                "calendar": {"interval-s": 60, "start": start, "intervals": 3},
                "costs": {"a": {"a": 1, "b": [10, 20, None]}}}}}


def moment(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def running(tmp_path):
    """The second interval begins in three to four seconds."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    begin = now - datetime.timedelta(seconds=56)
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/costs.json").write_text(json.dumps(document(moment(begin))))
    write_config(tmp_path)
    with Server(tmp_path / "footprintd.yaml") as server:
        yield server, begin


def costs(server):
    return json.loads(http_client.request(server.url + "/load").body)["cost-map"]


def post(server, body):
    answer = http_client.request(server.url + "/load-filtered", method="POST",
                                 headers=["Content-Type: application/alto-costmapfilter+json"],
                                 data=json.dumps(body).encode())
    assert answer.status == 200
    return json.loads(answer.body)


def test_the_next_interval_begins(running):
    server, begin = running
    assert costs(server) == {"a": {"a": 1, "b": 10}}
    calendar = post(server, {"cost-type": LOAD, "calendared": [True]})
    assert calendar["cost-map"] == {"a": {"a": [1, 1, 1], "b": [10, 20, None]}}
    (said,) = calendar["meta"]["calendar-response-attributes"]
    assert said == {"cost-type-names": ["num-priv:load"], "time-interval-size": 60,
                    "number-of-intervals": 3,
                    "calendar-start-time": begin.strftime("%a, %d %b %Y %H:%M:%S GMT")}
    end = time.monotonic() + 30
    while costs(server) != {"a": {"a": 1, "b": 20}}:
        assert time.monotonic() < end
        time.sleep(0.1)
    scalar = post(server, {"multi-cost-types": [LOAD], "constraints": ["[0] gt 5"]})
    assert scalar["cost-map"] == {"a": {"b": [20]}}
    # The calendar is what it was.
    again = post(server, {"cost-type": LOAD, "calendared": [True]})
    assert again["cost-map"] == calendar["cost-map"]


def test_one_interval_is_an_array(tmp_path):
    """Also among other cost types, where it is an array in an array; and a cost with many digits."""
    site = document("2026-01-01T00:00:00Z")
    site["cost-maps"]["load"].update({"calendar": {"interval-s": 86400, "every": "day"},
                                      "costs": {"a": {"a": [5], "b": [1 / 3]}}})
    hops = {"cost-mode": "numerical", "cost-metric": "hopcount"}
    site["cost-maps"]["hops"] = {"network-map": "m", **hops, "costs": {"a": {"a": 3}, "b": {"b": 123456789}}}
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/costs.json").write_text(json.dumps(site))
    write_config(tmp_path)
    with Server(tmp_path / "footprintd.yaml") as server:
        one = post(server, {"cost-type": LOAD, "calendared": [True]})
        assert one["cost-map"] == {"a": {"a": [5], "b": [1 / 3]}}
        both = post(server, {"multi-cost-types": [LOAD, hops], "calendared": [True, False]})
        assert both["cost-map"] == {"a": {"a": [[5], 3], "b": [[1 / 3], None]}, "b": {"b": [None, 123456789]}}
