"""TIPS (RFC 9569) as a client sees it: views, edges, polls, and what is refused."""
import json

import pytest

import http_client
from event_stream import JSON_PATCH, MERGE_PATCH, canonical, without_tag
from tips_client import MEDIA, PARAMS, View, check_error, open_view, post
from update_client import PROTOCOLS
from update_site import MARKER, PLAIN, Site, threads_of, world

BOTH = f"{MERGE_PATCH},{JSON_PATCH}"
INPUT = {"cdni-capabilities": [{"capability-type": MARKER, "capability-value": {}}]}
MANY = [f"198.51.100.{n}/32" for n in range(256)]


@pytest.fixture
def site(tmp_path, request):
    with Site(tmp_path, threads=threads_of(request)) as made:
        yield made


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
    ("propmap-filtered", {"entities": ["ipv4:192.0.2.1"], "properties": ["netmap.pid"]}),
    ("endpoint-property", {"endpoints": ["ipv4:192.0.2.77"], "properties": ["netmap.pid"]})])
def test_snapshot_of_filtered(site, name, request_):
    view = View(site, name, request_)
    assert view.get(0, view.end).body == site.get(name, request_)
    before = view.end
    site.publish(pid_a=["192.0.2.0/27"])
    if name == "cdni-filtered":
        site.publish()
    # Filtered documents are made when there is time for it.
    wanted = without_tag(site.document(name, request_))
    for _ in range(100000):
        view.refresh()
        if without_tag(view.newest()) == wanted:
            break
    document = view.follow(view.step(None, 0, before), before)
    assert canonical(document) == canonical(view.newest())
    assert without_tag(document) == wanted


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


def test_limit_of_views(tmp_path):
    with Site(tmp_path, "limits: {tips-views: 2}\n") as site:
        View(site, "cdni"), View(site, "netmap")
        for protocol in PROTOCOLS:
            response = open_view(site, "propmap", protocol=protocol)
            assert response.status == 429 and int(response.get("retry-after")) > 0
        # What is there already is not one more.
        View(site, "cdni")
        assert open_view(site, "nope").status == 400


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
    uri = view.edge_uri(0, view.end) if edge == "start" else view.edge_uri(view.start,
                                                                           view.start + 1)
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
    """The full tag changes, the filtered content does not: either tag is known."""
    request = {"cdni-capabilities": [{"capability-type": "FCI.DeliveryProtocol",
                                      "capability-value": {"delivery-protocols": []}}]}
    view = View(site, "cdni-filtered", request)
    old_tag = site.tag("cdni")
    site.publish()
    new_tag = site.tag("cdni")
    assert view.refresh(old_tag) == (view.end, view.end + 1)
    view = View(site, "cdni-filtered", request, new_tag)
    assert view.edge == (view.end, view.end + 1)
    document, end = view.newest(), view.end
    site.publish(protocols=["https/1.1"])
    while view.end == end:
        view.refresh(new_tag)
    assert canonical(view.follow(document, end)) == canonical(
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


