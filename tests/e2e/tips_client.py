"""A client of TIPS (RFC 9569): opens views, gets edges, holds polls."""
import json
import re
import urllib.parse

import http_client
import third_party
from event_stream import JSON_PATCH, MERGE_PATCH, read_json
from update_client import Socket

PARAMS = "application/alto-tipsparams+json"
MEDIA = "application/alto-tips+json"
ERROR = "application/alto-error+json"
WINDOW = 4


def open_view(site, resource, tag=None, protocol="h1", headers=(), **more):
    """The response to the request that opens a view."""
    request = {"resource-id": resource, **({"tag": tag} if tag else {}), **more}
    return http_client.request(site.uri("tips"), protocol, data=json.dumps(request).encode(),
                               headers=[f"Content-Type: {PARAMS}", f"Accept: {MEDIA}", *headers])


def post(uri, request, media=PARAMS, headers=(), protocol="h1", **how):
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    return http_client.request(uri, protocol, data=body,
                               headers=[f"Content-Type: {media}", *headers],
                               **how)


def check_error(response, status, code, field=None, value=None):
    assert response.status == status, response.body
    assert response.get("content-type") == ERROR
    meta = json.loads(response.body)["meta"]
    assert meta["code"] == code, meta
    if field is not None:
        assert meta.get("field") == field, meta
    if value is not None:
        assert meta.get("value") == value, meta


class View:
    """An open view, over the site's own connection where nothing else is said."""

    def __init__(self, site, resource, input=None, tag=None):
        self.site, self.resource, self.input = site, resource, input
        more = {} if input is None else {"input": input}
        body = json.dumps({"resource-id": resource, **({"tag": tag} if tag else {}), **more})
        response = site.request("POST", site.uri("tips"), body,
                                {"Content-Type": PARAMS, "Accept": MEDIA})
        assert response.status == 200, response.body
        assert response.get("content-type") == MEDIA
        assert response.get("cache-control") == "no-store"
        self.take(json.loads(response.body))
        assert set(json.loads(response.body)) == {"tips-view-uri", "tips-view-summary"}

    def take(self, answer):
        self.uri = answer.get("tips-view-uri", getattr(self, "uri", None))
        where = urllib.parse.urlsplit(self.uri)
        assert where.scheme in ("http", "https") and where.netloc
        assert not where.query and not where.fragment and not self.uri.endswith("/")
        summary = answer["tips-view-summary"]["updates-graph-summary"]
        assert set(summary) == {"start-seq", "end-seq", "start-edge-rec"}
        start, end = summary["start-seq"], summary["end-seq"]
        assert isinstance(start, int) and isinstance(end, int) and 1 <= start <= end
        # Right shift only.
        assert start >= getattr(self, "start", 1) and end >= getattr(self, "end", 1)
        edge = summary["start-edge-rec"]
        assert set(edge) == {"seq-i", "seq-j"} and edge["seq-i"] < edge["seq-j"]
        self.start, self.end, self.edge = start, end, (edge["seq-i"], edge["seq-j"])

    def next_edge(self, tag=None, **more):
        """The response to the request for it."""
        request = {"resource-id": self.resource, **({"tag": tag} if tag else {}), **more}
        return self.site.request("POST", f"{self.uri}/ug", json.dumps(request),
                                 {"Content-Type": PARAMS})

    def refresh(self, tag=None):
        response = self.next_edge(tag)
        assert response.status == 200, response.body
        assert response.get("content-type") == MERGE_PATCH
        assert response.get("cache-control") == "no-store"
        self.take(json.loads(response.body))
        return self.edge

    def edge_uri(self, i, j):
        return f"{self.uri}/ug/{i}/{j}"

    def get(self, i, j, headers=None):
        return self.site.request("GET", self.edge_uri(i, j), None, headers)

    def item(self, i, j):
        """(media type, body) of an edge that exists."""
        response = self.get(i, j)
        assert response.status == 200, (i, j, response.body)
        return response.get("content-type"), response.body

    def step(self, document, i, j):
        """The document at j, from the one at i (None at 0)."""
        return apply_item(document, i, *self.item(i, j))

    def follow(self, document, i):
        """The document at the end, along edges of one step."""
        while i < self.end:
            document = self.step(document, i, i + 1)
            i += 1
        return document

    def newest(self):
        return self.step(None, 0, self.end)

    def poll(self, i, j=None, accept="*/*", method="GET"):
        """A request for what may not be there yet, on a connection of its own."""
        return Poll(self.edge_uri(i, j or i + 1), [f"Accept: {accept}"])


class Poll:
    def __init__(self, uri, headers=()):
        self.source = Socket(uri, headers=headers, method="GET")

    def answered(self):
        return self.source.answered()

    def response(self):
        """Waits for it."""
        made = self.source.response()
        self.source.close()
        return made

    def abort(self):
        self.source.abort()


def apply_item(document, i, media, body):
    """Snapshots have the resource's own type; strangers apply patches."""
    if media == JSON_PATCH:
        assert i > 0
        return third_party.apply_json_patch(document, read_json(body))
    if media == MERGE_PATCH:
        assert i > 0
        return third_party.apply_merge_patch(document, read_json(body))
    kinds = "cdni|networkmap|propmap|endpointprop|costmap|endpointcost"
    assert i == 0 and re.fullmatch(rf"application/alto-({kinds})\+json",
                                   media), media
    return read_json(body)
