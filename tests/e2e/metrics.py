"""Reading metrics, as strictly as there is a reader of both formats."""
import json
import re

import http_client
import yaml
from footprintd import ROOT
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
from prometheus_client.parser import text_string_to_metric_families as read_plain

METRICS = 'metrics: {listen: "127.0.0.1:0"}\n'
OPEN = "application/openmetrics-text"
FORMATS = {"open": (f"{OPEN}; version=1.0.0", f"{OPEN}; version=1.0.0; charset=utf-8", read_open),
           "plain": ("text/plain", "text/plain; version=0.0.4; charset=utf-8", read_plain)}


def fetch(server, format="open"):
    """The families of a scrape, by name."""
    accept, media, read = FORMATS[format]
    response = http_client.request(f"{server.metrics}/metrics", "h1", headers=[f"Accept: {accept}"])
    assert response.status == 200 and response.get("content-type") == media
    assert response.get("cache-control") == "no-store"
    families = list(read(response.body.decode()))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    for family in families:
        labels = [(s.name, tuple(sorted(s.labels.items()))) for s in family.samples]
        assert len(labels) == len(set(labels)), family.name
    return {family.name: family for family in families}


def value(families, name, **labels):
    """The sum of the samples that have these labels; None without one."""
    found = [s.value for family in families.values() for s in family.samples
             if s.name == name and labels.items() <= s.labels.items()]
    return sum(found) if found else None


def rules():
    """The alerts of conf/prometheus."""
    groups = yaml.safe_load((ROOT / "conf/prometheus/alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard():
    """The expressions of conf/grafana, with what Grafana puts in for its variables."""
    panels = json.loads((ROOT / "conf/grafana/footprintd.json").read_text())["panels"]
    return [target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
            for panel in panels for target in panel.get("targets", [])]


def samples(families):
    """The names of samples that the families have, or would have, with their labels."""
    ends = {"counter": ["_total"], "info": ["_info"], "histogram": ["_bucket", "_sum", "_count"]}
    return {name + end: {label for s in family.samples for label in s.labels}
            for name, family in families.items() for end in ends.get(family.type, [""])}


def selectors(expression):
    """(name, labels that are matched) of every selector of ours in PromQL."""
    return [(name, set(re.findall(r"([a-z_]+)\s*(?:=~|!=|!~|=)", inside or "")))
            for name, inside in re.findall(r"\b((?:footprintd|process)_[a-z_]+)(?:\{([^}]*)\})?",
                                           re.sub(r'job="footprintd"', 'job="x"', expression))]
