"""TIPS (RFC 9569) as a client sees it: views, edges, polls, and what is refused."""
import json
import signal
import urllib.parse

import pytest

import http_client
from event_stream import JSON_PATCH, MERGE_PATCH, canonical, without_tag
from tips_client import ERROR, MEDIA, PARAMS, WINDOW, View, open_view
from update_client import PROTOCOLS, Socket
from update_site import FILTERS, MARKER, Site, threads_of, world
from update_site import MEDIA as TYPE_OF

PLAIN = ["netmap", "cdni", "propmap"]
BOTH = f"{MERGE_PATCH},{JSON_PATCH}"
INPUT = {"cdni-capabilities": [{"capability-type": MARKER, "capability-value": {}}]}
MANY = [f"198.51.100.{n}/32" for n in range(256)]


@pytest.fixture
def site(tmp_path, request):
    with Site(tmp_path, threads=threads_of(request)) as made:
        yield made


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A site with five versions of everything, and a view from the first on."""
    with Site(tmp_path_factory.mktemp("old")) as made:
        made.views = {name: View(made, name) for name in PLAIN}
        made.versions = {name: [None, made.document(name)] for name in PLAIN}
        for n in range(1, 5):
            made.publish(pid_a=[f"192.0.2.{n}/32"])
            for name in PLAIN:
                made.versions[name].append(made.document(name))
        for view in made.views.values():
            view.refresh()
            assert view.end - view.start == 4
        yield made


def check_error(response, status, code, field=None, value=None):
    assert response.status == status, response.body
    assert response.get("content-type") == ERROR
    meta = json.loads(response.body)["meta"]
    assert meta["code"] == code, meta
    if field is not None:
        assert meta.get("field") == field, meta
    if value is not None:
        assert meta.get("value") == value, meta


def post(uri, request, media=PARAMS, headers=(), protocol="h1", **how):
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    return http_client.request(uri, protocol, data=body, headers=[f"Content-Type: {media}", *headers],
                               **how)


# ---- announcement and views ----

def test_directory(site):
    entry = site.resources["tips"]
    used = sorted(set(site.resources) - {"directory", "updates", "tips"})
    assert sorted(entry["uses"]) == used
    assert (entry["media-type"], entry["accepts"]) == (MEDIA, PARAMS)
    assert entry["capabilities"] == {"incremental-change-media-types": {name: BOTH for name in used}}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_open(site, protocol):
    response = open_view(site, "cdni", protocol=protocol)
    assert (response.status, response.get("content-type")) == (200, MEDIA)
    assert response.get("cache-control") == "no-store"
    answer = json.loads(response.body)
    uri = answer["tips-view-uri"]
    assert uri.startswith(f"{site.url}/tips/") and len(uri.rpartition("/")[2]) >= 22
    assert "server-push" not in response.body.decode()
    summary = answer["tips-view-summary"]["updates-graph-summary"]
    assert summary["start-edge-rec"] == {"seq-i": 0, "seq-j": summary["end-seq"]}


@pytest.mark.parametrize("name", PLAIN)
def test_snapshot(site, name):
    view = View(site, name)
    assert view.edge == (0, view.end)
    response = view.get(0, view.end)
    assert response.get("content-type") == site.resources[name]["media-type"]
    assert response.body == site.get(name)


@pytest.mark.parametrize("name,request_", [
    ("netmap-filtered", {"pids": ["pid-a"]}), ("cdni-filtered", INPUT),
    ("propmap-filtered", {"entities": ["ipv4:192.0.2.1"], "properties": ["netmap.pid"]})])
def test_snapshot_of_filtered(site, name, request_):
    view = View(site, name, request_)
    assert view.get(0, view.end).body == site.get(name, request_)
    before = view.end
    site.publish(pid_a=["192.0.2.0/27"])
    if name == "cdni-filtered":
        site.publish()
    for _ in range(1000):
        view.refresh()
        if view.end > before:
            break
    document = view.follow(view.step(None, 0, before), before) if view.start <= before else None
    assert canonical(document) == canonical(view.newest())
    assert without_tag(view.newest()) == without_tag(site.document(name, request_))


def test_absolute_uri_by_request(site):
    """As the client called the server."""
    response = open_view(site, "cdni", headers=["Host: alto.example.test:81"])
    assert json.loads(response.body)["tips-view-uri"].startswith("http://alto.example.test:81/tips/")


def test_absolute_uri_by_configuration(tmp_path):
    with Site(tmp_path, "base-uri: https://alto.dcdn.example/a/\n") as site:
        response = post(f"{site.url}/tips", {"resource-id": "cdni"})
        assert json.loads(response.body)["tips-view-uri"].startswith(
            "https://alto.dcdn.example/a/tips/")


def test_which_requests_share_a_view(site):
    """The request but for its tag, and however it is written."""
    def uri(resource, input=None, tag=None):
        return View(site, resource, input, tag).uri

    assert uri("cdni") == uri("cdni") == uri("cdni", tag=site.tag("cdni"))
    first = {"entities": ["ipv4:192.0.2.1"], "properties": ["netmap.pid"]}
    same = {"properties": ["netmap.pid"], "entities": ["ipv4:192.0.2.1"]}
    other = {"entities": ["ipv4:192.0.2.2"], "properties": ["netmap.pid"]}
    assert uri("propmap-filtered", first) == uri("propmap-filtered", same)
    assert uri("cdni-filtered", INPUT) == uri("cdni-filtered", INPUT)
    every = [uri("cdni"), uri("netmap"), uri("propmap-filtered", first),
             uri("propmap-filtered", other), uri("cdni-filtered", INPUT),
             uri("cdni-filtered", {"cdni-capabilities": [
                 {"capability-type": "FCI.DeliveryProtocol",
         "capability-value": {"delivery-protocols": []}}]})]
    assert len(set(every)) == len(every)


def test_open_with_tag(old):
    view = View(old, "cdni")
    tags = [version and version["meta"]["vtag"]["tag"] for version in old.versions["cdni"]]
    assert View(old, "cdni", tag="never-seen").edge == (0, view.end)
    assert View(old, "cdni", tag=old.tag("netmap")).edge == (0, view.end)
    # The newest version has no edge yet: that one is to be polled.
    assert View(old, "cdni", tag=tags[-1]).edge == (view.end, view.end + 1)
    for k in range(1, 5):
        i, j = View(old, "cdni", tag=tags[k]).edge
        assert i in (0, view.start + k - 1)
        document = view.step(old.versions["cdni"][k] if i else None, i, j)
        assert canonical(document) == canonical(old.versions["cdni"][1 + j - view.start])


# ---- edges ----

@pytest.mark.parametrize("name", PLAIN)
def test_every_version_by_every_path(old, name):
    view, versions = old.views[name], old.versions[name]
    seen = {}
    for j in range(view.start, view.end + 1):
        response = view.get(0, j)
        if response.status == 200:
            seen[j] = canonical(view.step(None, 0, j))
            assert seen[j] == canonical(versions[1 + j - view.start])
        else:
            check_error(response, 404, "E_INVALID_FIELD_VALUE", "ug", f"0/{j}")
    assert view.start in seen and view.end in seen
    document = view.step(None, 0, view.start)
    for i in range(view.start, view.end):
        document = view.step(document, i, i + 1)
        assert canonical(document) == canonical(versions[2 + i - view.start])
    for i in range(view.start, view.end - 1):
        for j in range(i + 2, view.end + 1):
            if view.get(i, j).status == 200:
                assert canonical(view.step(versions[1 + i - view.start], i, j)) == canonical(
                    versions[1 + j - view.start])


def test_steps_are_small(site):
    site.publish(metro=MANY)
    view = View(site, "cdni")
    site.publish(metro=MANY[1:])
    view.refresh()
    media, body = view.item(view.end - 1, view.end)
    assert media == JSON_PATCH and len(body) < len(site.get("cdni")) / 4


@pytest.mark.parametrize("edge", ["start", "step"])
def test_edge_over_both_protocols(old, edge):
    """The same bytes, which may be kept for long, and are not sent again."""
    view = old.views["cdni"]
    uri = view.edge_uri(0, view.end) if edge == "start" else view.edge_uri(view.start, view.start + 1)
    one, two = (http_client.request(uri, protocol) for protocol in PROTOCOLS)
    assert one.status == two.status == 200 and one.body == two.body
    for response in (one, two):
        cache = response.get("cache-control")
        assert "immutable" in cache and "max-age=86400" in cache
        assert response.get("etag") == one.get("etag") and one.get("etag")
    for protocol in PROTOCOLS:
        again = http_client.request(uri, protocol, headers=[f"If-None-Match: {one.get('etag')}"])
        assert (again.status, again.body) == (304, b"")
        other = http_client.request(uri, protocol, headers=['If-None-Match: "other"'])
        assert (other.status, other.body) == (200, one.body)
        head = http_client.request(uri, protocol, "HEAD")
        assert (head.status, head.body) == (200, b"")
        assert head.get("content-type") == one.get("content-type")


def test_etags_differ(old):
    view = old.views["cdni"]
    edges = [(0, view.end)] + [(i, i + 1) for i in range(view.start, view.end)]
    assert len({view.get(*edge).get("etag") for edge in edges}) == len(edges)


GONE = [("0/0", 404), ("{s}/{s}", 404), ("{e}/{s}", 404), ("0{s}/{s1}", 404), ("-1/1", 404),
        ("+{s}/{s1}", 404), ("{s}.0/{s1}", 404), ("1e0/2", 404), ("{s}", 404), ("{s}/{s1}/", 404),
        ("{s}/{s1}/x", 404), ("", 404), ("/", 404), ("{s}/", 404), ("x/y", 404), ("\u0661/\u0662", 404),
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
    if edge.replace("/", "").isascii() and edge.count("/") == 1 and "%" not in edge and len(edge) > 3:
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
        assert {name.strip() for name in response.get("allow").split(",")} == {"GET", "HEAD"}


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


# ---- polls ----

@pytest.mark.threads
def test_poll(site):
    """Held until the version is there, which is told to all of them."""
    view = View(site, "cdni")
    before = view.newest()
    polls = [view.poll(view.end, accept=accept) for accept in ("*/*", BOTH, "application/*")]
    # Over HTTP/2, several on one connection, beside other things.
    frames = site.frames()
    path = view.edge_uri(view.end, view.end + 1)[len(site.url):]
    asked = [frames.ask(path, method="GET") for _ in range(5)]
    assert frames.ask("/cdni", method="GET").body() == site.get("cdni")
    assert not any(poll.answered() for poll in polls) and not any(one.status for one in asked)
    site.publish()
    answers = [poll.response() for poll in polls]
    assert {answer.status for answer in answers} == {200}
    bodies = {answer.body for answer in answers} | {one.body() for one in asked}
    assert [one.status for one in asked] == [200] * 5
    assert bodies == {view.item(view.end, view.end + 1)[1]}
    assert canonical(view.step(before, view.end, view.end + 1)) == canonical(site.document("cdni"))


@pytest.mark.threads
def test_polls_ahead(site):
    """As many as the window has, each answered when it is its turn."""
    view = View(site, "cdni")
    document, end = view.newest(), view.end
    polls = [view.poll(end + ahead) for ahead in reversed(range(WINDOW))][::-1]
    check_error(view.get(end + WINDOW, end + WINDOW + 1), 425, "E_INVALID_FIELD_VALUE", "ug",
                f"{end + WINDOW}/{end + WINDOW + 1}")
    for ahead, poll in enumerate(polls):
        site.publish()
        answer = poll.response()
        assert answer.status == 200
        item = view.item(end + ahead, end + ahead + 1)
        assert (answer.get("content-type"), answer.body) == item
        document = view.step(document, end + ahead, end + ahead + 1)
        assert canonical(document) == canonical(site.document("cdni"))
        assert not any(later.answered() for later in polls[ahead + 1:])


def test_poll_of_what_does_not_change(site):
    view = View(site, "netmap")
    poll = view.poll(view.end)
    for _ in range(3):
        site.publish()
    assert not poll.answered()
    assert View(site, "netmap").end == view.end
    site.publish(pid_a=["192.0.2.0/30"])
    assert poll.response().status == 200
    view.refresh()
    assert canonical(view.newest()) == canonical(site.document("netmap"))


@pytest.mark.threads
def test_polls_that_are_given_up(site):
    """Before, while and after the version comes."""
    view = View(site, "cdni")
    for n in range(20):
        view.refresh()
        polls = [view.poll(view.end) for _ in range(6)]
        for poll in polls[:2]:
            poll.abort()
        site.build(world(500 + n))
        for poll in polls[2:4]:
            poll.abort()
        for poll in polls[4:]:
            assert poll.response().status == 200
        site.wait_marker(500 + n)


def test_poll_that_is_cancelled_on_http2(site):
    view = View(site, "cdni")
    frames = site.frames()
    path = view.edge_uri(view.end, view.end + 1)[len(site.url):]
    asked = [frames.ask(path, method="GET") for _ in range(10)]
    for one in asked[::2]:
        one.abort()
    site.publish()
    for one in asked[1::2]:
        assert one.body() and one.status == 200


def test_limit_of_polls_on_a_connection(tmp_path):
    """One more than there may be: 429. What is no poll, goes on."""
    with Site(tmp_path, "updates: {streams-per-connection: 3}\n") as site:
        view = View(site, "cdni")
        frames = site.frames()
        path = view.edge_uri(view.end, view.end + 1)[len(site.url):]
        asked = [frames.ask(path, method="GET") for _ in range(3)]
        over = frames.ask(path, method="GET")
        over.head()
        assert over.status == 429
        assert frames.ask("/cdni", method="GET").body() == site.get("cdni")
        opened = frames.ask("/tips", b'{"resource-id": "netmap"}', [("content-type", PARAMS)])
        assert json.loads(opened.body())["tips-view-uri"] and opened.status == 200
        site.publish()
        for one in asked:
            assert one.body() and one.status == 200


def test_poll_time(tmp_path):
    """tips.poll-s: an end for those whose proxies cut long requests."""
    with Site(tmp_path, "tips: {poll-s: 1}\n") as site:
        view = View(site, "cdni")
        for protocol in PROTOCOLS:
            response = http_client.request(view.edge_uri(view.end, view.end + 1), protocol)
            assert (response.status, response.get("retry-after")) == (503, "0")
        site.publish()
        assert view.get(view.end, view.end + 1).status == 200


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
    ("netmap-filtered", {"pids": 1}), ("propmap-filtered", {"entities": ["x"]})])
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
            assert (response.status, response.get("allow")) == (405, "POST")
        for media in ("application/json", "application/alto-updatestreamparams+json", ""):
            assert post(uri, b"{", media).status == 415
        assert post(uri, b"{", headers=["Accept: text/html"]).status == 406
        assert post(uri, b"x" * (2 << 20)).status == 413
    assert http_client.request(old.uri("tips")).status == 405
    assert post(old.uri("tips"), {"resource-id": "cdni"}, headers=[f"Accept: {MEDIA}"]).status == 200
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


# ---- next edge ----

def test_next_edge(old):
    view, versions = old.views["cdni"], old.versions["cdni"]
    assert view.refresh() == (0, view.end)
    assert view.refresh("never-seen") == (0, view.end)
    assert view.refresh(versions[-1]["meta"]["vtag"]["tag"]) == (view.end, view.end + 1)
    for k in range(1, 5):
        i, j = view.refresh(versions[k]["meta"]["vtag"]["tag"])
        assert i in (0, view.start + k - 1) and j <= view.end
        document = view.step(versions[k] if i else None, i, j)
        assert canonical(document) == canonical(versions[1 + j - view.start])


def test_next_edge_takes_the_cheaper_way(site):
    """A step of a few bytes, not the whole; the whole, if every step is as big."""
    site.publish(metro=MANY)
    view = View(site, "cdni")
    tag = site.tag("cdni")
    site.publish(metro=MANY[1:])
    i, j = view.refresh(tag)
    assert (i, j) == (view.end - 1, view.end)
    for n in range(10):
        site.publish(metro=[f"203.0.113.{n}/32" for n in range(n % 2, 256, 2)])
    assert view.refresh(tag)[0] == 0 or view.end - view.start < 10


def test_content_that_returns(site):
    """A, B, A: the tag means the newest version that has it."""
    view = View(site, "cdni")
    tag, first = site.tag("cdni"), view.end
    site.build(world(2))
    site.wait_marker(2)
    site.build(world(1))
    site.wait_marker(1)
    assert site.tag("cdni") == tag
    view.refresh()
    assert view.end == first + 2
    assert view.refresh(tag) == (view.end, view.end + 1)


def test_filtered_view_that_stays(site):
    """The full tag changes, the filtered content does not: a tag of either time is known."""
    request = {"cdni-capabilities": [{"capability-type": "FCI.DeliveryProtocol",
                                      "capability-value": {"delivery-protocols": []}}]}
    view = View(site, "cdni-filtered", request)
    old_tag = site.tag("cdni")
    site.publish()
    new_tag = site.tag("cdni")
    view.refresh()
    for tag in (old_tag, new_tag):
        assert view.refresh(tag)[0] != 0
    document = view.newest()
    site.publish(protocols=["https/1.1"])
    while view.end == view.edge[0]:
        view.refresh(new_tag)
    assert canonical(view.follow(document, view.end - 1)) == canonical(
        site.document("cdni-filtered", request))


# ---- versions that are dropped ----

def test_versions_are_dropped_in_the_end(tmp_path):
    """updates.log-bytes bounds what is kept: 410 then, and the next edge helps."""
    big = [f"198.51.100.{n}/32" for n in range(256)] + [f"203.0.113.{n}/32" for n in range(256)]
    with Site(tmp_path, "updates: {log-bytes: 65536}\n", world(1, metro=big)) as site:
        view = View(site, "cdni")
        first, tag = view.start, site.tag("cdni")
        for n in range(60):
            site.publish(metro=big[n % 2::2])
            view.refresh()
            if view.start > first:
                break
        assert view.start > first
        for edge in [(first, first + 1), (0, first)]:
            check_error(view.get(*edge), 410, "E_INVALID_FIELD_VALUE", "ug", "%d/%d" % edge)
        i, j = view.refresh(tag)
        assert i == 0 and canonical(view.step(None, i, j)) == canonical(site.document("cdni"))
        # What there is, is whole: a snapshot at the start, and every step from there.
        document = view.step(None, 0, view.start)
        assert canonical(view.follow(document, view.start)) == canonical(site.document("cdni"))


# ---- the end of views ----

def test_restart(tmp_path):
    """Views do not outlive the server; the tag finds the way back."""
    with Site(tmp_path) as site:
        view = View(site, "cdni")
        tag, body = site.tag("cdni"), view.item(0, view.end)[1]
        where = urllib.parse.urlsplit(view.uri).path
        site.restart()
        assert http_client.request(f"{site.url}{where}/ug/0/{view.end}").status == 404
        assert post(f"{site.url}{where}/ug", {"resource-id": "cdni"}).status == 404
        again = View(site, "cdni", tag=tag)
        assert again.edge == (again.end, again.end + 1)
        assert again.item(0, again.end)[1] == body
        assert urllib.parse.urlsplit(again.uri).path != where


def test_resource_that_is_withdrawn(site):
    view = View(site, "netmap")
    poll = view.poll(view.end)
    document = world(2)
    document["network-maps"]["other"] = document["network-maps"].pop("netmap")
    site.build(document)
    assert poll.response().status == 404
    assert view.get(0, view.end).status == 404
    assert view.next_edge().status == 404


def test_idle_views_are_closed(tmp_path):
    """The heartbeats of a stream count the time; a view with a poll stays."""
    with Site(tmp_path, "updates: {heartbeat-s: 1}\ntips: {view-idle-s: 1}\n") as site:
        clock = site.stream({"netmap": "netmap"})
        polled, idle = View(site, "netmap"), View(site, "cdni")
        poll = polled.poll(polled.end)
        beats = 1
        while True:
            for _ in range(beats):
                clock.comment()
            response = idle.get(0, idle.end)
            if response.status == 404:
                break
            assert response.status == 200
            beats += 1
        assert not poll.answered()
        site.publish(pid_a=["192.0.2.0/31"])
        assert poll.response().status == 200
        again = View(site, "cdni")
        assert again.uri != idle.uri


@pytest.mark.threads
def test_drain(site):
    view = View(site, "cdni")
    polls = [view.poll(view.end) for _ in range(4)]
    frames = site.frames()
    asked = frames.ask(view.edge_uri(view.end, view.end + 1)[len(site.url):], method="GET")
    assert frames.ask("/cdni", method="GET").body() == site.get("cdni")
    site.server.send(signal.SIGTERM)
    for poll in polls:
        response = poll.response()
        assert response.status == 503 and response.get("retry-after")
    asked.head()
    assert asked.status == 503
    assert site.server.wait() == 0


@pytest.mark.threads
def test_generations_while_polls_come_and_go(site):
    """No version is lost between the look and the wait."""
    views = {name: View(site, name) for name in PLAIN}
    documents = {name: view.newest() for name, view in views.items()}
    at = {name: view.end for name, view in views.items()}
    for n in range(15):
        polls = {name: views[name].poll(at[name]) for name in PLAIN}
        site.build(world(700 + n, pid_a=[f"192.0.2.{n}/32"]))
        for name, poll in polls.items():
            answer = poll.response()
            assert answer.status == 200
            documents[name] = views[name].step(documents[name], at[name], at[name] + 1)
            at[name] += 1
        site.wait_marker(700 + n)
        for name in PLAIN:
            assert canonical(documents[name]) == canonical(site.document(name))


def test_polls_over_a_bare_connection_one_after_the_other(site):
    """HTTP/1.1: the connection is used again after a held answer."""
    view = View(site, "cdni")
    source = Socket(view.edge_uri(view.end, view.end + 1), method="GET")
    site.publish()
    assert source.response().status == 200
    source.sock.sendall(f"GET {urllib.parse.urlsplit(view.uri).path}/ug/0/{view.end + 1} HTTP/1.1\r\n"
                        "Host: x\r\n\r\n".encode())
    source.status = source.end = None
    assert source.response().status == 200
    source.close()
