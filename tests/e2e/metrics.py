"""Reading metrics, as strictly as there is a reader of both formats."""
import http_client

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
