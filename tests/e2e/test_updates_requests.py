"""What the update stream service and its control refuse, with which status, code, field and value."""
import json

import pytest

import http_client
from update_client import PARAMS, PROTOCOLS
from update_site import FILTERS, MEDIA, Site, adding

ERROR = "application/alto-error+json"
LONG = "s" * 64


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Site(tmp_path_factory.mktemp("site")) as made:
        yield made


def check_error(response, code, field=None, value=None):
    """An ALTO error; None: whatever there is, if it is as it has to be."""
    assert response.status == 400, response.body
    assert response.get("content-type") == ERROR
    meta = json.loads(response.body)["meta"]
    assert meta["code"] == code, meta
    assert all(isinstance(text, str) for text in meta.values()), meta
    if code == "E_SYNTAX":
        assert "field" not in meta
    if field is not None:
        assert meta.get("field") == field, meta
    if value is not None:
        assert meta.get("value") == value, meta


def entry(**members):
    return {"add": {"a": {"resource-id": "cdni", **members}}}


MISSING, TYPE, VALUE, SYNTAX = ("E_MISSING_FIELD", "E_INVALID_FIELD_TYPE", "E_INVALID_FIELD_VALUE",
                                "E_SYNTAX")

# What both the creation and the control refuse, in the order of the rows.
BOTH = [
    ("cut", b'{"add":', SYNTAX, None, None),
    ("empty", b"", SYNTAX, None, None),
    ("white", b" \n", SYNTAX, None, None),
    ("not-utf8", b'{"add":{"a":{"resource-id":"\xff"}}}', SYNTAX, None, None),
    ("surrogate", b'{"add":{"a":{"resource-id":"\\ud800"}}}', SYNTAX, None, None),
    ("rest", b'{"add":{"a":{"resource-id":"cdni"}}} x', SYNTAX, None, None),
    ("nan", b'{"add":{"a":{"resource-id":NaN}}}', SYNTAX, None, None),
    ("array", b"[]", SYNTAX, None, None),
    ("text", b'"add"', SYNTAX, None, None),
    ("null", b"null", SYNTAX, None, None),
    ("twice-top", b'{"add":{"a":{"resource-id":"cdni"}},"add":{}}', SYNTAX, None, None),
    ("twice-id", b'{"add":{"a":{"resource-id":"cdni"},"a":{"resource-id":"netmap"}}}', SYNTAX, None,
     None),
    ("twice-member", b'{"add":{"a":{"resource-id":"cdni","resource-id":"cdni"}}}', SYNTAX, None,
     None),
    ("nothing", {}, MISSING, "add", None),
    ("unknown-only", {"x": 1}, MISSING, "add", None),
    ("add-empty", {"add": {}}, MISSING, "add", None),
    ("add-array", {"add": ["a"]}, TYPE, "add", None),
    ("add-text", {"add": "a"}, TYPE, "add", None),
    ("add-number", {"add": 1}, TYPE, "add", None),
    ("entry-text", {"add": {"a": "cdni"}}, TYPE, "add/a", None),
    ("entry-array", {"add": {"a": []}}, TYPE, "add/a", None),
    ("entry-null", {"add": {"a": None}}, TYPE, "add/a", None),
    ("id-comma", {"add": {"a,b": {"resource-id": "cdni"}}}, VALUE, "add", "a,b"),
    ("id-space", {"add": {"a b": {"resource-id": "cdni"}}}, VALUE, "add", "a b"),
    ("id-slash", {"add": {"a/b": {"resource-id": "cdni"}}}, VALUE, "add", "a/b"),
    ("id-dot", {"add": {"a.b": {"resource-id": "cdni"}}}, VALUE, "add", "a.b"),
    ("id-empty", {"add": {"": {"resource-id": "cdni"}}}, VALUE, "add", ""),
    ("id-long", {"add": {LONG + "s": {"resource-id": "cdni"}}}, VALUE, "add", None),
    ("id-lf", {"add": {"a\ndata: x": {"resource-id": "cdni"}}}, VALUE, "add", None),
    ("id-cr", {"add": {"a\r": {"resource-id": "cdni"}}}, VALUE, "add", None),
    ("id-nul", {"add": {"a\0b": {"resource-id": "cdni"}}}, VALUE, "add", None),
    ("id-unicode", {"add": {"\u00e9": {"resource-id": "cdni"}}}, VALUE, "add", None),
    ("resource-missing", {"add": {"a": {}}}, MISSING, "add/a/resource-id", None),
    ("resource-number", entry(**{"resource-id": 7}), TYPE, "add/a/resource-id", None),
    ("resource-null", entry(**{"resource-id": None}), TYPE, "add/a/resource-id", None),
    ("resource-object", entry(**{"resource-id": {}}), TYPE, "add/a/resource-id", None),
    ("resource-unknown", entry(**{"resource-id": "nope"}), VALUE, "add/a/resource-id", "nope"),
    ("resource-itself", entry(**{"resource-id": "updates"}), VALUE, "add/a/resource-id", "updates"),
    ("resource-tips", entry(**{"resource-id": "tips"}), VALUE, "add/a/resource-id", "tips"),
    ("resource-directory", entry(**{"resource-id": "directory"}), VALUE, "add/a/resource-id",
     "directory"),
    ("resource-empty", entry(**{"resource-id": ""}), VALUE, "add/a/resource-id", ""),
    ("tag-number", entry(tag=5), TYPE, "add/a/tag", None),
    ("tag-null", entry(tag=None), TYPE, "add/a/tag", None),
    ("incremental-text", entry(**{"incremental-changes": "false"}), TYPE,
     "add/a/incremental-changes", None),
    ("incremental-number", entry(**{"incremental-changes": 0}), TYPE, "add/a/incremental-changes",
     None),
    ("incremental-null", entry(**{"incremental-changes": None}), TYPE, "add/a/incremental-changes",
     None),
    ("input-array", {"add": {"a": {"resource-id": "cdni-filtered", "input": []}}}, TYPE,
     "add/a/input", None),
    ("input-null", {"add": {"a": {"resource-id": "cdni-filtered", "input": None}}}, TYPE,
     "add/a/input", None),
    ("tag-space", entry(tag="has space"), VALUE, "add/a/tag", "has space"),
    ("tag-empty", entry(tag=""), VALUE, "add/a/tag", ""),
    ("tag-long", entry(tag="t" * 65), VALUE, "add/a/tag", None),
    ("tag-unicode", entry(tag="t\u00e9"), VALUE, "add/a/tag", None),
    ("tag-delete", entry(tag="t\u007f"), VALUE, "add/a/tag", None),
    ("input-for-get", entry(input={}), VALUE, "add/a/input", None),
    ("one-of-two", {"add": {"ok": {"resource-id": "cdni"}, "bad": {"resource-id": "nope"}}}, VALUE,
     "add/bad/resource-id", "nope"),
    # What is missing comes first, then what is of a wrong type, then what has a wrong value.
    ("type-before-id", {"add": {"a,b": 1}}, TYPE, None, None),
    ("missing-before-type", {"add": {"a": {"tag": 5}}}, MISSING, "add/a/resource-id", None),
    ("type-before-resource", {"add": {"a": {"resource-id": "nope", "tag": 5}}}, TYPE, "add/a/tag",
     None),
    ("type-before-value", entry(tag="has space", input=5), TYPE, "add/a/input", None),
    ("resource-before-tag", {"add": {"a": {"resource-id": "nope", "tag": "has space"}}}, VALUE,
     "add/a/resource-id", "nope"),
]
CREATION = [
    ("remove-only", {"remove": ["x"]}, MISSING, "add", None),
    ("remove-empty", {"remove": []}, MISSING, "add", None),
    ("add-null", {"add": None}, TYPE, "add", None),
]
# With the substreams a and b active, and c closed.
CONTROLS = [
    ("remove-text", {"remove": "a"}, TYPE, "remove", None),
    ("remove-object", {"remove": {"a": 1}}, TYPE, "remove", None),
    ("remove-null", {"remove": None}, TYPE, "remove", None),
    ("element-number", {"remove": [1]}, VALUE, "remove", "1"),
    ("element-null", {"remove": ["a", None]}, VALUE, "remove", "null"),
    ("element-array", {"remove": [["a"]]}, VALUE, "remove", '["a"]'),
    ("both-empty-remove", {"add": {"n": {"resource-id": "cdni"}}, "remove": []}, VALUE, "remove",
     "[]"),
    ("unknown", {"remove": ["z"]}, VALUE, "remove", "z"),
    ("partly-unknown", {"remove": ["a", "z", "y"]}, VALUE, "remove", "z"),
    ("added-just-now", {"add": {"n": {"resource-id": "cdni"}}, "remove": ["n"]}, VALUE, "remove",
     "n"),
    ("active-again", {"add": {"a": {"resource-id": "netmap"}}}, VALUE, "add", "a"),
    ("closed-again", {"add": {"c": {"resource-id": "netmap"}}}, VALUE, "add", "c"),
    ("moved", {"add": {"a": {"resource-id": "netmap"}}, "remove": ["a"]}, VALUE, "add", "a"),
    ("add-is-bad", {"add": {"n": {"resource-id": "nope"}}, "remove": ["a"]}, VALUE,
     "add/n/resource-id", "nope"),
    ("remove-is-bad", {"add": {"n": {"resource-id": "cdni"}}, "remove": "a"}, TYPE, "remove", None),
]


def names(rows):
    return [row[0] for row in rows]


@pytest.mark.parametrize("row", BOTH + CREATION, ids=names(BOTH + CREATION))
def test_creation(site, row):
    name, request, code, field, value = row
    # An id and tag are the stranger's own, whatever has this name: nothing of a stream is there.
    response = site.ask(request)
    check_error(response, code, field, value)
    assert response.get("cache-control") in (None, "no-store")
    if name in ("cut", "rest"):
        assert json.loads(response.body)["meta"]["syntax-error"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_creation_over(site, protocol):
    for _, request, code, field, value in BOTH[::7]:
        check_error(site.ask(request, protocol), code, field, value)


@pytest.fixture(scope="module")
def controlled(site):
    """A stream with the substreams a and b, and c that has ended."""
    stream = site.stream({"a": "cdni", "b": "netmap", "c": "cdni"})
    assert stream.control({"remove": ["c"]}).status == 204
    while not stream.stopped:
        assert stream.event()
    return stream


@pytest.mark.parametrize("row", [row for row in BOTH if row[0] not in ("nothing", "add-empty",
                                                                       "unknown-only")] + CONTROLS,
                         ids=lambda row: row[0])
def test_control(controlled, row):
    _, request, code, field, value = row
    if row in BOTH and isinstance(request, dict) and isinstance(request["add"], dict):
        # Not the id that is in use.
        request = json.loads(json.dumps(request).replace('"a":', '"fresh":', 1))
        field = field and field.replace("add/a", "add/fresh")
    check_error(controlled.control(request), code, field, value)


@pytest.mark.parametrize("request_", [{}, {"x": 1}, {"add": {}}])
def test_control_of_nothing(controlled, request_):
    check_error(controlled.control(request_), MISSING, "add")


def test_control_errors_changed_nothing(site, controlled):
    """After all that was refused above: a and b are there, nothing else, and no event was sent."""
    site.publish(pid_a=("192.0.2.0/26",))
    seen = controlled.until(lambda s: site.tag("cdni") == s.held["a"]["meta"]["vtag"]["tag"])
    assert {event.id for event in seen} == {"a", "b"}
    assert controlled.control({"remove": []}).status == 204
    assert sorted(controlled.rest()[-1].body["stopped"]) == ["a", "b"]
    assert controlled.control({"remove": []}).status == 404


# ---- input ----

INPUTS = [
    ("cdni-filtered", {}), ("cdni-filtered", {"cdni-capabilities": 1}),
    ("cdni-filtered", {"cdni-capabilities": [1]}),
    ("cdni-filtered", {"cdni-capabilities": [{"capability-value": {}}]}),
    ("cdni-filtered", {"cdni-capabilities": [{"capability-type": None, "capability-value": {}}]}),
    ("netmap-filtered", {}), ("netmap-filtered", {"pids": "a"}), ("netmap-filtered", {"pids": [1]}),
    ("netmap-filtered", {"pids": [], "address-types": 4}),
    ("propmap-filtered", {}), ("propmap-filtered", {"entities": ["nope"]}),
    ("propmap-filtered", {"entities": ["ipv4:192.0.2.1/33"]}),
    ("propmap-filtered", {"entities": [], "properties": ["nope"]}),
    ("endpoint-property", {}), ("endpoint-property", {"properties": [], "endpoints": []}),
    ("endpoint-property", {"properties": ["netmap.pid"], "endpoints": ["ipv4:192.0.2.1/32"]}),
]


@pytest.mark.parametrize("resource,request_", INPUTS)
def test_bad_input(site, resource, request_):
    """As the resource itself answers, to the byte."""
    own = site.request("POST", site.uri(resource), json.dumps(request_),
                       {"Content-Type": MEDIA % FILTERS[resource]})
    assert own.status == 400
    response = site.ask({"add": {"f": {"resource-id": resource, "input": request_}}})
    assert (response.status, response.body) == (own.status, own.body)
    assert response.get("content-type") == own.get("content-type")
    if request_ == {}:
        missing = site.ask(adding({"f": resource}))
        assert (missing.status, missing.body) == (own.status, own.body)


def test_input_need_not_be_valid_for_others(site):
    """One bad entry of two, and no event of the good one: the answer is the error."""
    response = site.ask({"add": {"good": {"resource-id": "cdni"},
                                 "f": {"resource-id": "cdni-filtered", "input": {}}}})
    check_error(response, MISSING)


# ---- what comes before the body ----

@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_methods(site, protocol):
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        response = http_client.request(site.uri("updates"), protocol, method)
        assert (response.status, response.get("allow")) == (405, "POST, OPTIONS"), method


def test_methods_of_control(site):
    stream = site.stream({"a": "cdni"})
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        response = http_client.request(stream.control_uri, method=method)
        assert (response.status, response.get("allow")) == (405, "POST, OPTIONS"), method
    assert stream.data().id == "a"


@pytest.mark.parametrize("media",
                         ["application/json", "application/alto-tipsparams+json", "text/plain",
                                   "", "application/x-www-form-urlencoded",
                                   "application/alto-updatestreamparams"])
def test_media_type(site, media):
    request = json.dumps(adding({"a": "cdni"})).encode()
    for uri in (site.uri("updates"), site.stream({"a": "cdni"}).control_uri):
        response = http_client.request(uri, data=request, headers=[f"Content-Type: {media}"])
        assert response.status == 415


@pytest.mark.parametrize("media", [f"{PARAMS}; charset=utf-8", PARAMS.upper(), f"{PARAMS};x=\"y\""])
def test_media_type_as_it_may_be_written(site, media):
    response = http_client.request(site.uri("updates"), data=b"{}",
                                   headers=[f"Content-Type: {media}"])
    check_error(response, MISSING, "add")
    stream = site.stream({"a": "cdni"})
    response = http_client.request(stream.control_uri, data=b"{}",
                                   headers=[f"Content-Type: {media}"])
    check_error(response, MISSING, "add")


ACCEPTED = ["text/event-stream", "*/*", "text/*", "TEXT/event-stream",
            "application/json, text/event-stream;q=0.1",
            "text/event-stream, application/alto-error+json"]
NOT_ACCEPTED = ["application/json", "text/html", "text/event-stream;q=0", "application/*",
                "text/event-stream;q=0, */*", "application/alto-cdni+json"]


@pytest.mark.parametrize("accept", NOT_ACCEPTED)
def test_not_acceptable(site, accept):
    response = site.ask(adding({"a": "cdni"}), headers=[f"Accept: {accept}"])
    assert response.status == 406
    # Before the body is looked at.
    assert site.ask(b"{", headers=[f"Accept: {accept}"]).status == 406


@pytest.mark.parametrize("accept", ACCEPTED)
def test_acceptable(site, accept):
    check_error(site.ask({}, headers=[f"Accept: {accept}"]), MISSING, "add")


def test_without_accept(site):
    check_error(site.ask({}, headers=["Accept:"]), MISSING, "add")


def test_control_whatever_is_accepted(site):
    """The answer of the control has no media type."""
    stream = site.stream({"a": "cdni", "b": "cdni"})
    for accept in ("Accept:", "Accept: text/event-stream", "Accept: application/json"):
        response = stream.control({"add": {accept[-3:].replace(":", "x"): {"resource-id": "cdni"}}},
                                  headers=[accept])
        assert (response.status, response.body) == (204, b"")


def test_body_too_big(tmp_path):
    with Site(tmp_path, "limits: {request-body-bytes: 1024}\n") as site:
        big = json.dumps(adding({"a": "cdni"}, x="y" * 1024)).encode()
        assert site.ask(big).status == 413
        stream = site.stream({"a": "cdni"})
        assert stream.control(big).status == 413
        assert stream.control({"add": {"b": {"resource-id": "cdni"}}}).status == 204


# ---- control URIs that are none ----

def test_unknown_control_uri(site):
    """No word of whether the request would have been a good one."""
    stream = site.stream({"a": "cdni"})
    base, _, token = stream.control_uri.rpartition("/")
    assert stream.control({"remove": []}).status == 204
    stream.rest()
    wrong = [token[:-1] + ("A" if token[-1] != "A" else "B"), token[:-1], token + "A",
             "A" * len(token),
             "", token + "/", token + "/x", "%00", "..%2f" + token]
    answers = set()
    for one in [token, *wrong]:
        for body in (b'{"remove": []}', b'{"remove": 1}', b"{", b""):
            response = http_client.request(f"{base}/{one}", data=body,
                                           headers=[f"Content-Type: {PARAMS}"])
            assert response.status == 404, (one, body)
            answers.add(response.body)
    assert len(answers) == 1


def test_many_wrong_control_uris(site):
    """Guesses fill neither the log nor the memory."""
    before = len(site.server.log)
    body = b'{"remove": []}'
    for number in range(2000):
        uri = f"{site.url}/updates/{number:032x}"
        assert site.request("POST", uri, body, {"Content-Type": PARAMS}).status == 404
    assert len(site.server.log) - before < 50


# ---- what is accepted ----

GOOD = [
    ("minimal", {"add": {"a": {"resource-id": "cdni"}}}, {"a"}),
    ("remove-ignored", {"add": {"a": {"resource-id": "cdni"}}, "remove": ["zzz"]}, {"a"}),
    ("remove-of-any-type", {"add": {"a": {"resource-id": "cdni"}}, "remove": 5}, {"a"}),
    ("unknown-members", {"add": {"a": {"resource-id": "cdni", "x-future": 1}}, "x": [2]}, {"a"}),
    ("long-id", {"add": {LONG: {"resource-id": "cdni"}}}, {LONG}),
    ("all-letters", {"add": {"aZ09-:@_": {"resource-id": "cdni"}}}, {"aZ09-:@_"}),
    ("escaped", b'{"\\u0061dd":{"\\u0061":{"resource-id":"\\u0063dni"}}}', {"a"}),
    ("twice-one", {"add": {"a": {"resource-id": "cdni"},
                           "b": {"resource-id": "cdni", "incremental-changes": False}}},
                           {"a", "b"}),
    ("unknown-tag", entry(tag="t" * 64), {"a"}),
    ("odd-tag", entry(tag="!\"#~,"), {"a"}),
]


@pytest.mark.parametrize("row", GOOD, ids=names(GOOD))
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_good_creation(site, row, protocol):
    _, request, ids = row
    source = site.source(request, protocol)
    assert source.status == 200
    source.abort()
    request = json.loads(request)["add"] if isinstance(request, bytes) else request["add"]
    stream = site.stream(request, protocol)
    stream.until(lambda s: set(s.held) == ids)
