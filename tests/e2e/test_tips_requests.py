"""What TIPS refuses, with which status and which error; what it accepts, and how it may be asked."""
import json
import urllib.parse

import pytest

import http_client
from event_stream import JSON_PATCH, MERGE_PATCH
from tips_client import MEDIA, WINDOW, check_error, post
from update_client import PROTOCOLS
from update_site import FILTERS
from update_site import MEDIA as TYPE_OF

BOTH = f"{MERGE_PATCH},{JSON_PATCH}"

# ---- edges ----

GONE = [("0/0", 404), ("{s}/{s}", 404), ("{e}/{s}", 404), ("0{s}/{s1}", 404), ("-1/1", 404),
        ("+{s}/{s1}", 404), ("{s}.0/{s1}", 404), ("1e0/2", 404), ("{s}", 404), ("{s}/{s1}/", 404),
        ("{s}/{s1}/x", 404), ("", 404), ("/", 404), ("{s}/", 404), ("x/y", 404),
        ("\u0661/\u0662", 404),
        ("99999999999999999999/1", 404), ("1/99999999999999999999", 404),
        ("0/99999999999999999999", 404), ("9007199254740992/9007199254740993", 404),
        ("18446744073709551617/2", 404), ("4294967297/4294967298", 425),
        ("{s}%20/{s1}", 404), ("%7B/1", 404),
        ("0/{e1}", 404), ("{e}/{e2}", 404), ("{e1}/{e3}", 404), ("{s}/{e1}", 404),
        ("{w}/{w1}", 425), ("500/501", 425), ("9007199254740990/9007199254740991", 425),
        ("0/{w1}", 425), ("{s}/{w1}", 425)]


def numbers(view):
    s, e, w = view.start, view.end, view.end + WINDOW
    return {"s": s, "s1": s + 1, "e": e, "e1": e + 1, "e2": e + 2, "e3": e + 3, "w": w, "w1": w + 1}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("edge,status", GONE)
def test_edges_that_are_none(old, edge, status, protocol):
    view = old.views["cdni"]
    edge = edge.format(**numbers(view))
    response = http_client.request(f"{view.uri}/ug/{urllib.parse.quote(edge, '/%+')}", protocol)
    check_error(response, status, "E_INVALID_FIELD_VALUE")
    assert json.loads(response.body)["meta"]["field"] == "ug"
    assert response.get("cache-control") == "no-store"
    if edge.replace("/",
                    "").isascii() and edge.count("/") == 1 and "%" not in edge and len(edge) > 3:
        assert json.loads(response.body)["meta"]["value"] == edge


def test_get_of_what_takes_requests(old):
    view = old.views["cdni"]
    response = http_client.request(f"{view.uri}/ug")
    assert response.status in (404, 405)
    assert http_client.request(view.uri).status in (404, 405)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_methods_of_edges(old, method):
    view = old.views["cdni"]
    for edge in [(0, view.end), (view.end, view.end + 1)]:
        response = http_client.request(view.edge_uri(*edge), method=method)
        assert response.status == 405
        assert {name.strip() for name in response.get("allow").split(",")} == {"GET", "HEAD", "OPTIONS"}


STEP_ACCEPTED = ["*/*", "application/*", BOTH, f"{BOTH},application/alto-cdni+json"]
STEP_REFUSED = ["text/html", "application/alto-costmap+json", f"{BOTH.replace(',', ';q=0,')};q=0",
                "*/*;q=0", "application/alto-cdni+json"]


def test_accept_of_steps(old):
    view = old.views["cdni"]
    edge = (view.start, view.start + 1)
    media, body = view.item(*edge)
    other = JSON_PATCH if media == MERGE_PATCH else MERGE_PATCH
    for accept in [*STEP_ACCEPTED, media, media.upper(), f"{other};q=0.1, {media};q=0.5"]:
        assert view.get(*edge, {"Accept": accept}).body == body
    assert http_client.request(view.edge_uri(*edge), headers=["Accept:"]).body == body
    for accept in [*STEP_REFUSED, other, f"{media};q=0, */*"]:
        check_error(view.get(*edge, {"Accept": accept}), 415, "E_INVALID_FIELD_VALUE", "ug",
                    "%d/%d" % edge)


def test_accept_of_snapshots(old):
    view = old.views["cdni"]
    edge = (0, view.end)
    for accept in ["*/*", "application/*", "application/alto-cdni+json"]:
        assert view.get(*edge, {"Accept": accept}).status == 200
    for accept in [BOTH, "text/html", "application/alto-networkmap+json"]:
        check_error(view.get(*edge, {"Accept": accept}), 415, "E_INVALID_FIELD_VALUE")


def test_accept_of_polls(old):
    """All that may come has to be accepted; 404 does not depend on that."""
    view = old.views["cdni"]
    edge = (view.end, view.end + 1)
    for accept in [MERGE_PATCH, JSON_PATCH, "text/html", "application/alto-cdni+json"]:
        check_error(view.get(*edge, {"Accept": accept}), 415, "E_INVALID_FIELD_VALUE", "ug",
                    "%d/%d" % edge)
    check_error(view.get(view.end, view.end + 2, {"Accept": "text/html"}), 404,
                "E_INVALID_FIELD_VALUE")
    check_error(view.get(view.end + WINDOW, view.end + WINDOW + 1, {"Accept": "text/html"}), 425,
                "E_INVALID_FIELD_VALUE")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_head_of_polls(old, protocol):
    view = old.views["cdni"]
    for ahead in range(WINDOW):
        uri = view.edge_uri(view.end + ahead, view.end + ahead + 1)
        assert http_client.request(uri, protocol, "HEAD").status == 404


# ---- what is refused ----

OPEN = [
    (b"{", "E_SYNTAX", None, None), (b"", "E_SYNTAX", None, None), (b"[]", "E_SYNTAX", None, None),
    (b'"cdni"', "E_SYNTAX", None, None), (b"\xff", "E_SYNTAX", None, None),
    (b'{"resource-id":"cdni","resource-id":"cdni"}', "E_SYNTAX", None, None),
    ({}, "E_MISSING_FIELD", "resource-id", None),
    ({"tag": "x"}, "E_MISSING_FIELD", "resource-id", None),
    ({"resource-id": 5}, "E_INVALID_FIELD_TYPE", "resource-id", None),
    ({"resource-id": None}, "E_INVALID_FIELD_TYPE", "resource-id", None),
    ({"resource-id": "zzz"}, "E_INVALID_FIELD_VALUE", "resource-id", "zzz"),
    ({"resource-id": ""}, "E_INVALID_FIELD_VALUE", "resource-id", ""),
    ({"resource-id": "tips"}, "E_INVALID_FIELD_VALUE", "resource-id", "tips"),
    ({"resource-id": "updates"}, "E_INVALID_FIELD_VALUE", "resource-id", "updates"),
    ({"resource-id": "directory"}, "E_INVALID_FIELD_VALUE", "resource-id", "directory"),
    ({"resource-id": "cdni", "tag": 5}, "E_INVALID_FIELD_TYPE", "tag", None),
    ({"resource-id": "cdni", "tag": None}, "E_INVALID_FIELD_TYPE", "tag", None),
    ({"resource-id": "cdni", "tag": "has space"}, "E_INVALID_FIELD_VALUE", "tag", "has space"),
    ({"resource-id": "cdni", "tag": ""}, "E_INVALID_FIELD_VALUE", "tag", ""),
    ({"resource-id": "cdni", "tag": "t" * 65}, "E_INVALID_FIELD_VALUE", "tag", None),
    ({"resource-id": "cdni-filtered", "input": []}, "E_INVALID_FIELD_TYPE", "input", None),
    ({"resource-id": "cdni", "input": {}}, "E_INVALID_FIELD_VALUE", "input", None),
]


@pytest.mark.parametrize("row", OPEN, ids=lambda row: str(row[0])[:50])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_open_refused(old, row, protocol):
    request, code, field, value = row
    response = post(old.uri("tips"), request, protocol=protocol)
    check_error(response, 400, code, field, value)
    assert response.get("cache-control") == "no-store"


@pytest.mark.parametrize("resource,request_", [
    ("cdni-filtered", {}), ("cdni-filtered", {"cdni-capabilities": [1]}),
    ("netmap-filtered", {"pids": 1}), ("propmap-filtered", {"entities": ["x"]}),
    ("endpoint-property", {"properties": ["netmap.pid"], "endpoints": ["x"]})])
def test_open_with_bad_input(old, resource, request_):
    """As the resource itself answers."""
    own = old.request("POST", old.uri(resource), json.dumps(request_),
                      {"Content-Type": TYPE_OF % FILTERS[resource]})
    response = post(old.uri("tips"), {"resource-id": resource, "input": request_})
    assert (response.status, response.body) == (own.status, own.body)
    if request_ == {}:
        assert post(old.uri("tips"), {"resource-id": resource}).body == own.body


NEXT = [row for row in OPEN if "input" not in (row[0] if isinstance(row[0], dict) else {})] + [
    ({"resource-id": "netmap"}, "E_INVALID_FIELD_VALUE", "resource-id", "netmap"),
    ({"resource-id": "cdni", "input": {}}, "E_INVALID_FIELD_VALUE", "input", None)]


@pytest.mark.parametrize("row", NEXT, ids=lambda row: str(row[0])[:50])
def test_next_edge_refused(old, row):
    request, code, field, value = row
    check_error(post(f"{old.views['cdni'].uri}/ug", request), 400, code, field, value)


def test_before_the_body(old):
    """Methods, types and sizes, in this order."""
    view = old.views["cdni"]
    for uri in (old.uri("tips"), f"{view.uri}/ug"):
        for method in ("PUT", "DELETE"):
            response = http_client.request(uri, method=method)
            assert (response.status, response.get("allow")) == (405, "POST, OPTIONS")
        for media in ("application/json", "application/alto-updatestreamparams+json", ""):
            assert post(uri, b"{", media).status == 415
        assert post(uri, b"{", headers=["Accept: text/html"]).status == 406
        assert post(uri, b"x" * (2 << 20)).status == 413
    assert http_client.request(old.uri("tips")).status == 405
    assert post(old.uri("tips"), {"resource-id": "cdni"},
                headers=[f"Accept: {MEDIA}"]).status == 200
    assert post(old.uri("tips"), b"{", headers=[f"Accept: {MERGE_PATCH}"]).status == 406
    assert post(f"{view.uri}/ug", b"{", headers=[f"Accept: {MEDIA}"]).status == 406
    assert post(f"{view.uri}/ug", {"resource-id": "cdni"},
                headers=[f"Accept: {MERGE_PATCH}"]).status == 200


def test_views_that_are_none(old):
    """404 for all of them, whatever is asked."""
    view = old.views["cdni"]
    base, _, token = view.uri.rpartition("/")
    for one in (token[:-1] + ("A" if token[-1] != "A" else "B"), token[:-1], token + "A", "x",
                "A" * len(token)):
        for edge in (f"0/{view.end}", f"{view.end}/{view.end + 1}", "500/501"):
            response = http_client.request(f"{base}/{one}/ug/{edge}")
            assert response.status == 404, one
        assert post(f"{base}/{one}/ug", {"resource-id": "cdni"}).status == 404
        assert post(f"{base}/{one}/ug", b"{").status == 404
