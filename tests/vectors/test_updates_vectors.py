"""The published examples of updates, where a folder with them is (see test_cdni_vectors.py).

Tables of requests are asked of a real server. Streams go through other people's parser, patches
through other people's appliers: that is a check of these two, which judge the server elsewhere
(tests/e2e/test_updates*.py and test_tips.py, which restate the tables, and tests/property).
"""
import json
import re
import urllib.parse

import pytest

import http_client
import third_party
import tips_client
from event_stream import JSON_PATCH, MERGE_PATCH, canonical, read_json, split_name
from shared_folder import PRESENT, VECTORS
from tips_client import View
from update_site import Site, world

UPDATES = VECTORS / "updates"

# Files that ask for what a server does not do, or is asked elsewhere.
NOT_HERE = {
    "index.md": "the list of the others",
    "ird/*": "IRDs of other services; ours: test_directory in tests/e2e",
    "tips/dependency-model.json": "what clients have to order",
    "tips/graph-invariant-cases.json": "what a client sees of it: test_versions_are_dropped_in_the_end",
    "tips/figure2-graph.json": "the graph of edge-request-cases.json",
    "patch/cdni-size-crossover.json": "sizes, which the unit tests of patches compare",
}


def load(name):
    return json.loads((UPDATES / name).read_text())


def rows(name):
    return load(name) if PRESENT else []


def named(row):
    return re.sub(r"[^\w-]+", "_",
                  str(row.get("name") or row.get("comment") or row.get("edge") or "row"))


if PRESENT:

    # ---- patches ----

    def text(name):
        return read_json((UPDATES / name).read_bytes())

    @pytest.mark.parametrize("row", rows("patch/diff-edge-cases.json"), ids=named)
    def test_diff_edge_cases(row):
        row = read_json(json.dumps(row))
        assert canonical(third_party.apply_json_patch(row["before"],
                                                      row["json-patch"])) == canonical(
            row["wanted"])
        if row["merge-patch-possible"] and "merge-patch" in row:
            assert canonical(third_party.apply_merge_patch(row["before"], row["merge-patch"])) == \
                canonical(row["wanted"])
        if "naive-merge-patch" in row:
            assert canonical(third_party.apply_merge_patch(
                row["before"], row["naive-merge-patch"])) == canonical(row["naive-result"])

    # What appliers take though RFC 6902 does not; the server writes nothing like it.
    LENIENT = {("python_jsonpatch", "leading-zero-index"), ("fast_json_patch", "bad-escape"),
               ("python_jsonpatch", "test with bad array number that has leading zeros"),
               ("fast_json_patch", "test with bad array number that has leading zeros")}
    # What one does not take.
    UNABLE = {("python_jsonpatch", "replace array document with object document?")}
    APPLIERS = pytest.mark.parametrize("applier", ["python_jsonpatch", "fast_json_patch"])

    def is_refused(applier, row):
        before = canonical(row["doc"])
        try:
            getattr(third_party, applier)(row["doc"], row["patch"])
        except third_party.Refused:
            return canonical(row["doc"]) == before
        return False

    @pytest.mark.parametrize("row", rows("patch/json-patch-negative.json"), ids=named)
    @APPLIERS
    def test_json_patch_negative(row, applier):
        assert is_refused(applier, row) != ((applier, row["name"]) in LENIENT)

    @APPLIERS
    @pytest.mark.parametrize("name", ["tests", "spec_tests"])
    def test_json_patch_tests(name, applier):
        for row in load(f"third-party/json-patch-tests/{name}.json"):
            if row.get("disabled") or "patch" not in row:
                continue
            key = (applier, row.get("comment"))
            if "error" in row:
                assert is_refused(applier, row) != (key in LENIENT), row
            elif key not in UNABLE:
                got = getattr(third_party, applier)(row["doc"], row["patch"])
                assert got == row.get("expected", got), row

    @pytest.mark.parametrize("row", rows("patch/rfc7396-appendix-a.json"),
                             ids=lambda row: json.dumps(row["patch"]))
    def test_rfc7396(row):
        assert third_party.apply_merge_patch(row["original"], row["patch"]) == row["result"]

    @pytest.mark.parametrize("name",
                             ["rfc8895-3-networkmap", "rfc8895-3-costmap", "rfc9241-3.7.3-cdni"])
    def test_printed_patches(name):
        given = text(f"patch/{name}.json")
        wanted = canonical(given["after"])
        assert canonical(third_party.apply_json_patch(given["before"],
                                                      given["json-patch"])) == wanted
        assert canonical(third_party.apply_merge_patch(given["before"],
                                                       given["merge-patch"])) == wanted

    def test_printed_patches_that_fail():
        costs = text("patch/rfc8895-3-costmap.json")
        cdni = text("patch/rfc9241-4.2.3-pid-invalid.json")
        for given, patch in [(costs, costs["json-patch-as-published"]), (cdni, cdni["json-patch"])]:
            for apply in (third_party.python_jsonpatch, third_party.fast_json_patch):
                with pytest.raises(third_party.Refused):
                    apply(given["before"], patch)

    def test_patches_of_cdni():
        """The same, as vectors/cdni has them."""
        def of(name):
            return read_json((VECTORS / f"cdni/{name}.json").read_bytes())
        document = of("rfc9241-3.7.3-full-replacement.fixed")
        after = third_party.apply_json_patch(document, of("rfc9241-3.7.3-json-patch"))
        added = after["cdni-advertisement"]["capabilities-with-footprints"][0]["footprints"][0]
        assert added["footprint-value"][-1] == "192.0.2.0/24"
        document = of("rfc9241-4.2.2-pid-advertisement.fixed")
        for name in ("rfc9241-4.2.3-json-patch-1", "rfc9241-4.2.3-json-patch-2"):
            document = third_party.apply_json_patch(document, of(name))
        assert canonical(document) == canonical(of("rfc9241-4.2.3-after-patches.derived"))
        document = of("rfc9241-6.3.2-filtered-propmap-response.fixed")
        merged = third_party.apply_merge_patch(document, of("rfc9241-6.3.3-merge-patch.fixed"))
        assert merged["meta"] == of("rfc9241-6.3.3-merge-patch.fixed")["meta"]
        after = third_party.apply_json_patch(merged, of("rfc9241-6.3.3-json-patch.fixed"))
        assert after["property-map"]["ipv6:2001:db8::/32"]["my-default-network-map.pid"] == "pid5"

    # ---- streams ----

    DEVIATES = {"cr-only": "waits for an LF after the last CR", "bom-skipped": "wants its bytes"}

    @pytest.mark.parametrize("row", rows("sse/sse-framing-cases.json"), ids=named)
    def test_framing(row):
        """How other people's parser reads; whole and byte by byte."""
        for chunks in ([row["bytes"]], list(row["bytes"])):
            seen = third_party.read_sse(chunks)
            got = [{"event": e.get("event", "message"), "data": e["data"]} for e in seen["events"]]
            assert (got == row["events"]) != (row["name"] in DEVIATES)
        for event in row["events"] if row.get("json-valid") is False else []:
            with pytest.raises(ValueError):
                read_json(event["data"])

    @pytest.mark.parametrize("row", rows("sse/event-field-cases.json"),
                             ids=lambda row: row["event"])
    def test_event_field(row):
        assert split_name(row["event"]) == (row["media-type"], row["data-id"])

    @pytest.mark.parametrize("name", ["rfc8895-8.2-stream", "rfc8895-8.3-stream",
                                      "rfc8895-8.5-multipart", "rfc9241-3.7.3-stream",
                                      "rfc9569-6.3.3-stream"])
    def test_printed_streams(name):
        """Other people's parser and appliers follow them to the end."""
        seen = third_party.read_sse([(UPDATES / f"sse/{name}.sse").read_text()])
        assert seen["events"] and not seen["errors"]
        held = {}
        for event in seen["events"]:
            media, data_id = split_name(event["event"])
            if media.startswith("multipart/") or "." in (data_id or ""):
                continue
            body = read_json(event["data"])
            if media == JSON_PATCH:
                held[data_id] = third_party.apply_json_patch(held[data_id], body)
            elif media == MERGE_PATCH and data_id in held:
                held[data_id] = third_party.apply_merge_patch(held[data_id], body)
            elif data_id:
                held[data_id] = body
        assert held or "multipart" in name

    # ---- requests for streams ----

    @pytest.fixture(scope="module")
    def site(tmp_path_factory):
        with Site(tmp_path_factory.mktemp("site")) as made:
            yield made

    def ours(value):
        """The network map is called `netmap` here."""
        return json.loads(json.dumps(value).replace('"resource-id": "net"',
                                                    '"resource-id": "netmap"'))

    def check(response, row):
        assert response.status == row["status"], response.body
        if "code" in row:
            meta = json.loads(response.body)["meta"]
            assert meta["code"] == row["code"]
            for name in ("field", "value"):
                if name in row:
                    assert meta[name] == row[name]

    def body_of(row):
        if "raw" in row:
            return row["raw"].encode()
        return json.dumps(ours(row["body"])).encode()

    def prepared(site, state):
        """A stream with these substreams active, and these closed."""
        active, closed = (["a"], []) if isinstance(state, str) else (state["active"],
                                                                     state["closed"])
        stream = site.stream({name: "cdni" for name in active + closed})
        if closed:
            assert stream.control({"remove": closed}).status == 204
        if state == "closed":
            assert stream.control({"remove": []}).status == 204
            stream.rest()
        if state == "never-existed":
            stream.control_uri = stream.control_uri[:-1] + (
                "A" if stream.control_uri[-1] != "A" else "B")
        if not isinstance(state, str):
            while set(stream.held) - set(stream.stopped) != set(active) or set(stream.stopped) != set(
                    closed):
                assert stream.event()
        return stream

    @pytest.mark.parametrize("row", rows("sse/request-validation-cases.json"), ids=named)
    def test_request_validation(site, row):
        if row["to"] == "stream":
            if row["status"] == 200:
                stream = site.stream(ours(row["body"])["add"])
                stream.until(lambda s: set(s.held) == set(row["body"]["add"]))
            else:
                check(site.ask(body_of(row)), row)
            return
        stream = prepared(site, row["state"])
        stopped = list(stream.stopped)
        check(stream.control(body_of(row)), row)
        if row["status"] == 404:
            return
        if row.get("event"):
            while stream.stopped == stopped:
                assert stream.event()
            assert sorted(stream.stopped[len(stopped):]) == sorted(row["event"]["stopped"])
        if row.get("stream-closed"):
            stream.rest()
            assert stream.control({"remove": []}).status == 404
            return
        active = set(row.get("active-after", row["state"]["active"]))
        if row["status"] == 204 and "active-after" not in row and row.get("event"):
            active -= set(row["event"]["stopped"])
        assert stream.control({"remove": []}).status == 204
        last = stream.rest()[-1]
        assert set(last.body["stopped"]) == active

    def test_printed_requests(site):
        """They name resources of other servers: refused as unknown, whatever else they say."""
        for path in sorted((UPDATES / "sse").glob("*-request*.json")):
            if path.name != "request-validation-cases.json":
                response = site.ask(path.read_bytes())
                assert response.status == 400
                meta = json.loads(response.body)["meta"]
                assert meta["code"] == "E_INVALID_FIELD_VALUE" and meta["field"].endswith("resource-id")

    def test_printed_controls(site):
        """RFC 8895 8.3 and 8.4, on a stream with their substreams."""
        remove, unknown, close, add = (load(f"sse/rfc8895-8.{name}.json") for name in (
            "3-control-remove", "3-control-remove-unknown", "3-control-close", "4-control-add"))
        names = set(remove["remove"]) | {"other"}
        stream = site.stream({name: "cdni" for name in names})
        assert stream.control(remove).status == 204
        while not stream.stopped:
            stream.event()
        assert stream.stopped == remove["remove"]
        response = stream.control(unknown)
        assert response.status == 400
        wanted = json.loads((VECTORS / "alto/rfc8895-8-control-remove-error-res.json").read_text())
        assert {"code", "field"} <= set(wanted["meta"])
        meta = json.loads(response.body)["meta"]
        assert (meta["code"], meta["field"]) == ("E_INVALID_FIELD_VALUE", "remove")
        assert stream.control(add).status == 400
        assert stream.control(close).status == 204
        assert stream.rest()[-1].body["stopped"] == ["other"]

    def test_printed_errors():
        """Our tests know an error as the RFCs print them."""
        for path in [UPDATES / "errors/alto-error-examples.json",
                     VECTORS / "alto/rfc8895-6.6-error-res.json"]:
            assert "E_" in path.read_text()

    # ---- TIPS ----

    # Whether there may be too many views is asked in test_limit_of_views of tests/e2e.
    @pytest.mark.parametrize("row", [row for row in rows("tips/open-and-next-edge-cases.json")
                                     if row["name"] != "too-many-views"], ids=named)
    def test_open_and_next_edge(site, row):
        name = row["name"]
        uri = site.uri("tips")
        if row.get("to") == "ug":
            uri = f"{View(site, 'cdni').uri}/ug"
        if name == "next-edge-closed-view":
            uri = f"{site.uri('tips')}/{'A' * 22}/ug"
        if name == "different-input-different-uri":
            uris = {View(site, "cdni-filtered", {"cdni-capabilities": [
                {"capability-type": kind, "capability-value": {}}]}).uri for kind in ("A.a", "B.b")}
            assert len(uris) == 2
            return
        body = json.dumps(row.get("body", {"resource-id": "cdni"})).replace("<current>",
                                                                            site.tag("cdni"))
        for _ in range(row.get("repeat", 1)):
            response = http_client.request(
                uri, data=body.encode(),
                headers=[f"Content-Type: {row.get('content-type', tips_client.PARAMS)}"])
            check(response, row)
        if "start-edge-rec" in row:
            summary = json.loads(response.body)["tips-view-summary"]["updates-graph-summary"]
            assert summary["start-edge-rec"]["seq-i"] == row["start-edge-rec"]["seq-i"]

    MANY = [f"198.51.100.{n}/32" for n in range(256)] + [f"203.0.113.{n}/32" for n in range(256)]

    @pytest.fixture(scope="module")
    def graph(tmp_path_factory):
        """A view that has lost its first versions, and has six or more."""
        with Site(tmp_path_factory.mktemp("graph"), "updates: {log-bytes: 400000}\n",
                  world(1, metro=MANY)) as made:
            view = View(made, "cdni")
            first = view.start
            for n in range(200):
                if view.start > first + 2 and view.end - view.start >= 5:
                    break
                # Big steps until the first are dropped, small ones then.
                big = view.start <= first + 2
                made.publish(metro=MANY[n % 2::2] if big else MANY[n % 7:])
                view.refresh()
            assert view.start > first + 2 and view.end - view.start >= 5
            made.view = view
            yield made

    # Rows about snapshots and shortcuts that a server may have or not.
    MAY = {"0/105", "103/105", "0/106", "0/104", "102/104"}

    def mapped(view, edge, window):
        """Their 101 to 106 are our start to end, their window of 3 is our 4."""
        if edge == f"{106 + window}/{107 + window}":
            return f"{view.end + tips_client.WINDOW}/{view.end + tips_client.WINDOW + 1}"

        def number(match):
            n = int(match.group(2))
            if not 99 <= n <= 110:
                return match.group()
            return match.group(1) + str(view.start + n - 101 if n < 104 else view.end + n - 106)
        return re.sub(r"\b(0?)(\d{2,3})\b(?![eE])", number, edge)

    def test_edge_requests(graph):
        given = load("tips/edge-request-cases.json")
        view = graph.view
        for row in given["cases"]:
            edge = mapped(view, row["edge"], given["poll-window"])
            uri = f"{view.uri}/ug/{edge}"
            accept = row.get("accept", "*/*")
            headers = [f"Accept: {accept}" if accept else "Accept:"]
            if row["edge"] in MAY and row.get("method", "GET") == "GET":
                assert http_client.request(uri, headers=headers).status in (200, 404)
            elif row["status"] == "hold":
                poll = tips_client.Poll(uri, headers)
                # Not answered when a later request is.
                assert http_client.request(f"{view.uri}/ug/{view.start}/{view.start + 1}").status == 200
                assert not poll.answered()
                poll.abort()
            else:
                response = http_client.request(uri, method=row.get("method"), headers=headers)
                assert response.status == row["status"], (row, edge)

    def test_printed_tips(site):
        """Other people's ids are unknown; the answers are of our form."""
        for name in ("open-request", "next-edge-request"):
            response = http_client.request(
                site.uri("tips"), data=(UPDATES / f"tips/{name}.json").read_bytes(),
                headers=[f"Content-Type: {tips_client.PARAMS}"])
            check(response,
                  {"status": 400, "code": "E_INVALID_FIELD_VALUE", "field": "resource-id"})
        view = View(site, "cdni")
        assert set(load("tips/open-response.json")) == {"tips-view-uri", "tips-view-summary"}
        assert json.loads(view.next_edge().body).keys() == load("tips/next-edge-response.json").keys()
        assert urllib.parse.urlsplit(load("tips/open-response.json")["tips-view-uri"]).path

    # ---- the list ----

    def test_every_file(request):
        """Every file is used above, or named with the reason why not."""
        source = request.path.read_text()
        for path in UPDATES.rglob("*"):
            name = str(path.relative_to(UPDATES))
            if path.is_dir() or any(path.match(pattern) for pattern in NOT_HERE):
                continue
            stem = path.stem
            known = stem in source or "json-patch-tests" in name or re.search(
                r"-request|-control-", stem)
            assert known or stem == "rfc9241-3.7.2-full", name
