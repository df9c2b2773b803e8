"""The published examples of CDNI and of network maps, against the real programs.

The examples are not part of this repository. Where a folder with them exists (FPD_SHARED, or `shared`
beside the repository), each file is either exercised here or named below with the reason why it is not
yet. Printed examples that contradict the text of their RFC must be refused for that; corrected ones are
served as they are, compared as JSON, lists of texts as sets.
"""
import fnmatch
import json
import re

import pytest

import programs
from shared_folder import PRESENT, ROOT, VECTORS

LATER = {
    "test_propmap_vectors.py": """
        cdni/derived-propmap-union-of-ancestors.json cdni/rfc9240-* cdni/rfc9241-6.[0-2]*
        cdni/rfc9241-6.3.[12]*""",
    "test_updates_vectors.py": """
        cdni/rfc9241-6.3.3-*
        cdni/rfc9241-3.7.3-json-patch.json cdni/rfc9241-3.7.3-sse-events.json
        cdni/rfc9241-3.7.3-update-request.json cdni/rfc9241-4.2.3-json-patch-?.json
        cdni/rfc9241-4.2.3-sse-events.json cdni/rfc9241-4.2.3-update-request.json
        cdni/rfc9241-5.7.2-* alto/rfc8895-*""",
    "test_cost_vectors.py": """
        alto/constructed-fixture-costs.json alto/constructed-lpm-cases.json alto/rfc7285-11.2.3.7-*
        alto/rfc7285-11.3.2.7-* alto/rfc7285-11.5.1.7-* alto/rfc7285-9.2.3-ird-res.json
        alto/rfc7285-9.2.4-*""",
    "test_path_vector_vectors.py": """
        alto/rfc9275-*.json alto/rfc9275-*.multipart.txt""",
    "test_endpoint_property_vectors.py": "alto/rfc7285-11.4.1.7-*",
    "resources of a server that is not this one; the cases that use them are": "alto/constructed-fixture-ird.json",
    "test_cost_extension_vectors.py": "alto/rfc8189-*.json alto/rfc8896-* alto/rfc9439-*",
    "look-ups: tests of the join": "cdni/derived-footprint-match.json",
    "the metadata interface (CI), which is no part of this": "cdni/atc-ci-*",
}
exercised = set()
ran = set()


@pytest.fixture(autouse=True)
def in_this_process(request):
    """What ran here, for test_every_file: several processes may share the tests."""
    yield
    ran.add(request.node.nodeid)


def load(name):
    exercised.add(name)
    return json.loads((VECTORS / name).read_text())


def serve(tmp_path, *documents):
    """A server over documents without errors."""
    folder = tmp_path / "footprints"
    folder.mkdir()
    for number, document in enumerate(documents):
        (folder / f"{number}.json").write_text(json.dumps(document))
    code, findings = programs.check(folder)
    assert code == 0, findings
    return programs.Server(folder, tmp_path)


def refused(tmp_path, *documents):
    """The codes of the errors, and of the warnings."""
    folder = tmp_path / "footprints"
    folder.mkdir()
    for number, document in enumerate(documents):
        (folder / f"{number}.json").write_text(json.dumps(document))
    code, findings = programs.check(folder)
    assert code == 1
    return [[finding["code"] for finding in findings if finding["severity"] == severity]
            for severity in ("error", "warning")]


def get(server, path):
    status, body = server.request(path)
    assert status == 200
    return json.loads(body)


def post(server, path, body, media):
    status, text = server.request(path, body if isinstance(body, bytes) else json.dumps(body).encode(),
                                  media)
    return status, json.loads(text) if text else None


def as_set(value):
    """Lists of texts and of wire objects compare as sets."""
    if isinstance(value, dict):
        return tuple(sorted((key, as_set(item)) for key, item in value.items()))
    if isinstance(value, list):
        return frozenset(map(as_set, value))
    return (type(value).__name__, value)


def objects(resource):
    return resource["cdni-advertisement"]["capabilities-with-footprints"]


def document_of(resource, advertisement=None):
    made = {"capabilities": objects(resource)}
    if advertisement:
        made["advertisement"] = advertisement
    return made


RESTATED = """
invalid/atc-advertisement invalid/rfc9388-figure-2 invalid/rfc8008-without-footprints
invalid/svta-testbed valid/rfc8008-acquisition valid/rfc8008-delivery valid/rfc8008-logging
valid/rfc8008-metadata valid/rfc8008-redirection valid/rfc8804-redirect-target valid/rfc9388-figures
valid/rfc9538-acme valid/rfc9677-delegated-credentials valid/rfc9808-telemetry-and-limits
valid/svta-multicast valid/svta-secret-store"""


@pytest.mark.parametrize("name", RESTATED.split())
def test_restated(name):
    """With the folder or without it, these golden cases say the same with other names."""
    assert list((ROOT / "tests/golden/documents" / name / "in").iterdir())


# The tests of the folder. Without it none of them is collected, and conftest.py says so.

if PRESENT:
    WRAPPED = ["rfc8008-5.3.1-delivery", "rfc8008-5.4.1-acquisition", "rfc8008-5.5.1-redirection",
               "rfc8008-5.6.1-logging-one-field", "rfc8008-5.6.1-logging-all-fields",
               "rfc8008-5.6.1-logging-no-fields", "rfc8008-5.7.1-metadata",
               "rfc8008-5.7.1-metadata-structural-only", "rfc8804-2.3-redirecttarget",
               "rfc9388-fig1-subdivisioncode", "rfc9388-fig3-union-cidr",
               "rfc9388-fig4-asn-and-union", "rfc9677-3-metadata",
               "rfc9677-3.1-delegatedcredentials", "rfc9808-2.1.2-telemetry",
               "svta-fci-latestpub.normalised"]

    @pytest.mark.parametrize("name", WRAPPED)
    def test_wrapped_objects(name, tmp_path):
        """The wrapper of RFC 8008 is a document, and its objects are served as they are."""
        given = load(f"cdni/{name}.json")
        with serve(tmp_path, given) as server:
            assert as_set(objects(get(server, "/cdni"))) == as_set(given["capabilities"])

    def test_capacity_limits(tmp_path):
        """A limit and the telemetry that it refers to, from two examples."""
        limits = load("cdni/rfc9808-2.2.2-capacitylimits.json")
        telemetry = load("cdni/rfc9808-2.1.2-telemetry.json")
        with serve(tmp_path, limits, telemetry) as server:
            both = limits["capabilities"] + telemetry["capabilities"]
            assert as_set(objects(get(server, "/cdni"))) == as_set(both)

    def test_capacity_limits_alone(tmp_path):
        assert refused(tmp_path, load("cdni/rfc9808-2.2.2-capacitylimits.json")) == [
            ["dangling-reference"], []]

    def test_acme_is_rewritten(tmp_path):
        given = load("cdni/rfc9538-2-acme.json")
        with serve(tmp_path, given) as server:
            served = objects(get(server, "/cdni"))
        assert served[0]["capability-value"] == {"metadata": ["MI.ACMEDelegationMethod"]}
        assert served[0]["footprints"] == given["capabilities"][0]["footprints"]

    @pytest.mark.parametrize("name,errors,warnings", [
        ("rfc9388-fig2-null-footprint", ["null-footprint"], []),
        ("svta-secretstore", ["missing-key"], ["unknown-capability-type", "secrets"]),
        ("svta-testbed-advertisement", ["wrong-type"],
         ["unregistered", "unregistered", "unregistered", "unknown-capability-type"]),
        ("atc-fci-advertisement", ["wrong-type"], []),
    ])
    def test_refused(name, errors, warnings, tmp_path):
        assert refused(tmp_path, load(f"cdni/{name}.json")) == [errors, warnings]

    @pytest.mark.parametrize("number", range(4))
    def test_footprint_objects(number, tmp_path):
        footprint = load("cdni/rfc8006-4.2.2.2-footprints.json")[number]
        document = {"capabilities": [{"capability-type": "FCI.DeliveryProtocol",
                                      "capability-value": {"delivery-protocols": ["http/1.1"]},
                                      "footprints": [footprint]}]}
        with serve(tmp_path, document) as server:
            assert objects(get(server, "/cdni"))[0]["footprints"] == [footprint]

    @pytest.mark.parametrize("name,member", [("rfc8804-2.4.1-dnstarget", "dns-target"),
                                             ("rfc8804-2.5.1-httptarget", "http-target")])
    def test_targets(name, member, tmp_path):
        value = {member: load(f"cdni/{name}.json")}
        document = {"capabilities": [{"capability-type": "FCI.RedirectTarget",
                                      "capability-value": value, "footprints": ["everywhere"]}]}
        with serve(tmp_path, document) as server:
            assert objects(get(server, "/cdni"))[0]["capability-value"] == value

    @pytest.mark.parametrize("name", [
        "rfc9241-3.6-example1.normalised", "rfc9241-3.6-example2.normalised",
        "rfc9241-3.7.2-cdni-advertisement.fixed-split",
        "rfc9241-3.7.2-cdni-advertisement.fixed-union",
        "rfc9241-3.7.3-full-replacement.fixed"])
    def test_advertisements(name, tmp_path):
        printed = load(f"cdni/{name}.json")
        resource = printed["meta"]["vtag"]["resource-id"]
        with serve(tmp_path, document_of(printed, resource)) as server:
            got = get(server, f"/{resource}")
        assert as_set(objects(got)) == as_set(objects(printed))
        assert list(got["meta"]) == ["vtag"]
        assert got["meta"]["vtag"]["resource-id"] == resource

    def test_printed_null_footprint(tmp_path):
        printed = load("cdni/rfc9241-3.7.2-cdni-advertisement.json")
        assert refused(tmp_path, document_of(printed)) == [["null-footprint"], []]

    def eu_map():
        fixed = load("cdni/rfc9241-4.2.1-networkmap.fixed.json")
        printed = load("cdni/rfc9241-4.2.1-networkmap.json")
        assert printed["network-map"] == fixed["network-map"]  # only the vtag is wrong
        return fixed

    def test_network_map(tmp_path):
        """It has no catch-all: pid-default is added."""
        fixed = eu_map()
        name = fixed["meta"]["vtag"]["resource-id"]
        with serve(tmp_path, {"network-maps": {name: {"pids": fixed["network-map"]}}}) as server:
            got = get(server, f"/{name}")
        assert got["network-map"].pop("pid-default") == {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]}
        assert as_set(got["network-map"]) == as_set(fixed["network-map"])
        assert got["meta"]["vtag"]["resource-id"] == name

    @pytest.mark.parametrize("name", ["rfc9241-4.2.2-pid-advertisement.fixed",
                                      "rfc9241-4.2.3-after-patches.derived"])
    def test_pid_footprints(name, tmp_path):
        printed, network_map = load(f"cdni/{name}.json"), eu_map()
        map_id = network_map["meta"]["vtag"]["resource-id"]
        resource = printed["meta"]["vtag"]["resource-id"]
        with serve(tmp_path, document_of(printed, resource),
                   {"network-maps": {map_id: {"pids": network_map["network-map"]}}}) as server:
            got = get(server, f"/{resource}")
            served_map = get(server, f"/{map_id}")
            directory = get(server, "/")
        assert as_set(objects(got)) == as_set(objects(printed))
        assert got["meta"]["dependent-vtags"] == [served_map["meta"]["vtag"]]
        assert directory["resources"][resource]["uses"] == [map_id]

    def test_printed_pid_footprints(tmp_path):
        """Its values are bare lists."""
        printed, network_map = load("cdni/rfc9241-4.2.2-pid-advertisement.json"), eu_map()
        errors, _ = refused(tmp_path, document_of(printed),
                            {"network-maps": {"m": {"pids": network_map["network-map"]}}})
        assert errors == ["wrong-type", "wrong-type"]

    @pytest.mark.parametrize("name", ["rfc9241-3.7.1-ird", "rfc9241-3.7.1-ird.fixed"])
    def test_directory(name, tmp_path):
        """The entries of advertisements and network maps, but for their URIs."""
        printed, network_map = load(f"cdni/{name}.json"), eu_map()
        pid = load("cdni/rfc9241-4.2.2-pid-advertisement.fixed.json")
        plain = load("cdni/rfc9241-3.7.2-cdni-advertisement.fixed-split.json")
        with serve(tmp_path, document_of(pid, "my-cdnifci-with-pid-footprints"),
                   document_of(plain, "my-default-cdnifci"),
                   {"network-maps": {"my-eu-netmap": {"default": True,
                                                      "pids": network_map["network-map"]},
                                     "my-default-network-map": {
                                         "pids": {"all": {"ipv4": ["0.0.0.0/0"]}}}}}) as server:
            served = get(server, "/")["resources"]
        for resource in ("my-default-network-map", "my-eu-netmap", "my-default-cdnifci",
                         "my-cdnifci-with-pid-footprints"):
            want = {key: value for key, value in printed["resources"][resource].items()
                    if key != "uri"}
            assert {key: value for key, value in served[resource].items() if key != "uri"} == want
        filtered = printed["resources"]["my-filtered-cdnifci"]
        for key in ("media-type", "accepts"):
            assert served["my-default-cdnifci-filtered"][key] == filtered[key]

    # ---- filters ----

    def test_filter_example(tmp_path):
        plain = load("cdni/rfc9241-3.7.2-cdni-advertisement.fixed-split.json")
        request = load("cdni/rfc9241-5.7.1-filter-request.json")
        printed = load("cdni/rfc9241-5.7.1-filter-response.json")
        corrected = load("cdni/rfc9241-5.7.1-filter-response.canonical-vtag.json")
        resource = corrected["meta"]["vtag"]["resource-id"]
        with serve(tmp_path, document_of(plain, resource)) as server:
            status, got = post(server, f"/{resource}-filtered", request, "cdnifilter")
            full = get(server, f"/{resource}")
        assert status == 200
        assert as_set(objects(got)) == as_set(objects(corrected)) == as_set(objects(printed))
        assert got["meta"] == full["meta"]
        assert got["meta"]["vtag"]["resource-id"] == resource

    def filter_cases():
        return json.loads((VECTORS / "cdni/derived-filter-match.json").read_text())["cases"]

    @pytest.fixture(scope="module")
    def filtered(tmp_path_factory):
        """A server over the advertisement of the filter's cases; an object's id is in its ASN."""
        given = load("cdni/derived-filter-match.json")["advertisement"]
        document = {"capabilities": [
            {"capability-type": item["capability-type"],
             "capability-value": item["capability-value"],
             "footprints": [{"footprint-type": "asn", "footprint-value": [f"as{64496 + n}"]}]}
            for n, item in enumerate(given)]}
        with serve(tmp_path_factory.mktemp("filter"), document) as server:
            server.ids = {f"as{64496 + n}": item["id"] for n, item in enumerate(given)}
            yield server

    @pytest.mark.parametrize("number", range(len(filter_cases())))
    def test_filter_cases(number, filtered):
        case = filter_cases()[number]
        status, got = post(filtered, "/cdni-filtered", case["body"], "cdnifilter")
        if "error" in case:
            assert status == case["error"]["status"]
            for key in ("code", "field"):
                assert got["meta"].get(key) == case["error"].get(key)
        else:
            assert status == 200
            found = {filtered.ids[item["footprints"][0]["footprint-value"][0]]
                     for item in objects(got)}
            assert found == set(case["expect"]) and len(objects(got)) == len(found)

    def test_derived_errors(filtered):
        """Those of the filter; the others are the property map's."""
        cases = {case["when"]: case for case in load("cdni/derived-errors.json")}
        case = cases["invalid CDNI capability in the filter"]
        value = json.loads(case["body"]["meta"]["value"])
        assert post(filtered, "/cdni-filtered", {"cdni-capabilities": [value]},
                    "cdnifilter") == (case["http"], case["body"])
        status, got = post(filtered, "/cdni-filtered", b'{"cdni-capabilities":}', "cdnifilter")
        assert status == cases["body is not JSON"]["http"]
        assert got["meta"]["code"] == "E_SYNTAX" and got["meta"]["syntax-error"]

    @pytest.mark.parametrize("name", sorted(
        str(path.relative_to(VECTORS)) for path in (VECTORS / "alto").glob("*.asprinted.txt")))
    def test_printed_syntax_errors(name, filtered):
        """What RFCs print that is no JSON is E_SYNTAX; two are JSON with other defects."""
        exercised.add(name)
        text = (VECTORS / name).read_bytes()
        status, got = post(filtered, "/cdni-filtered", text, "cdnifilter")
        assert status == 400
        try:
            json.loads(text)
            assert got["meta"]["code"] == "E_MISSING_FIELD"
        except ValueError:
            assert got["meta"]["code"] == "E_SYNTAX"

    # ---- values ----

    SYNTAX = json.loads((VECTORS / "cdni/derived-footprint-syntax.json").read_text())
    FOLDED = {("asn", "['AS64496']"), ("countrycode", "['US']")}  # in documents a warning, put right

    def syntax_cases():
        for kind, lists in SYNTAX.items():
            for verdict, values in lists.items():
                for number, value in enumerate(values):
                    yield pytest.param(kind, verdict, value, id=f"{kind}-{verdict}-{number}")

    @pytest.mark.parametrize("kind,verdict,value", syntax_cases())
    def test_footprint_syntax(kind, verdict, value, tmp_path):
        exercised.add("cdni/derived-footprint-syntax.json")
        if verdict == "invalid-member-types":
            value = [{"footprint-type": value, "footprint-value": [
                {"footprint-type": "asn", "footprint-value": ["as64496"]}]}]
        elif kind != "footprintunion":
            value = [value]
        folder = tmp_path / "footprints"
        folder.mkdir()
        pids = {} if kind != "altopid" or verdict == "invalid" else {
            "network-maps": {"m": {"pids": {value[0]: {"ipv4": ["0.0.0.0/0"]}}}}}
        (folder / "a.json").write_text(json.dumps({**pids, "capabilities": [
            {"capability-type": "FCI.DeliveryProtocol",
             "capability-value": {"delivery-protocols": ["http/1.1"]},
             "footprints": [{"footprint-type": kind, "footprint-value": value}]}]}))
        code, findings = programs.check(folder)
        found = {finding["code"] for finding in findings}
        if (kind, str(value[:1])) in FOLDED or verdict == "case-folded":
            assert (code, found) == (0, {"upper-case"})
        elif verdict in ("valid", "accept-and-canonicalise"):
            assert code == 0 and found <= {"covers-everything", "reserved-asn"}
        elif verdict == "lint":
            assert (code, found) == (0, {"host-bits"})
        else:
            assert code == 1 and found <= {"bad-value", "nested-union", "empty", "wrong-type"}

    # ---- network maps ----

    def renamed(path):
        return {"/networkmap": "/my-default-network-map",
                "/networkmap/filtered": "/my-default-network-map-filtered"}.get(path)

    @pytest.fixture(scope="module")
    def fixture_map(tmp_path_factory):
        given = load("alto/constructed-fixture-networkmap.json")
        printed = load("alto/rfc7285-11.2.1.7-networkmap-res.json")
        assert printed["network-map"] == given["network-map"]
        document = {"network-maps": {given["meta"]["vtag"]["resource-id"]: {
            "pids": given["network-map"]}}}
        with serve(tmp_path_factory.mktemp("map"), document) as server:
            got = get(server, "/my-default-network-map")
            assert as_set(got["network-map"]) == as_set(given["network-map"])
            server.vtag = got["meta"]["vtag"]
            yield server

    def map_cases(name):
        cases = json.loads((VECTORS / name).read_text())
        return [case for case in cases if renamed(case["request"]["path"])]

    @pytest.mark.parametrize("case", map_cases("alto/constructed-ok-cases.json"),
                             ids=lambda case: case["id"])
    def test_map_filter(case, fixture_map):
        exercised.add("alto/constructed-ok-cases.json")
        request, want = case["request"], case["expect"]
        status, got = post(fixture_map, renamed(request["path"]), request["body"],
                           "networkmapfilter")
        assert status == want["status"]
        assert as_set(got["network-map"]) == as_set(want["body"]["network-map"])
        assert got["meta"]["vtag"] == fixture_map.vtag

    @pytest.mark.parametrize("case", map_cases("alto/constructed-error-cases.json"),
                             ids=lambda case: case["id"])
    def test_map_errors(case, fixture_map):
        exercised.add("alto/constructed-error-cases.json")
        request, want = case["request"], case["expect"]
        body = request["body-text"].encode() if request["method"] == "POST" else None
        status, text = fixture_map.request(renamed(request["path"]), body,
                                           "networkmapfilter" if body is not None else None,
                                           request.get("accept"))
        assert status == want["status"]
        if want["meta"]:
            meta = json.loads(text)["meta"]
            assert {key: meta.get(key) for key in want["meta"]} == want["meta"]
        else:
            assert text == b""

    def test_map_filter_example(fixture_map):
        """Of the response the PIDs alone: its map is another one, with one prefix twice."""
        request = load("alto/rfc7285-11.3.1.7-filterednetworkmap-req.json")
        printed = load("alto/rfc7285-11.3.1.7-filterednetworkmap-res.json")
        status, got = post(fixture_map, "/my-default-network-map-filtered", request,
                           "networkmapfilter")
        assert status == 200 and set(got["network-map"]) == set(printed["network-map"])

    @pytest.mark.parametrize("name,warnings", [
        ("rfc7285-11.3.1.7-filterednetworkmap-res", ["host-bits"]),
        ("rfc7285-11.2.2-overlapping-networkmap-fragment", [])])
    def test_overlapping_maps(name, warnings, tmp_path):
        """One prefix in two PIDs; in the first when its host bits are masked."""
        printed = load(f"alto/{name}.json")
        errors, found = refused(tmp_path, {"network-maps": {"m": {"pids": printed["network-map"]}}})
        assert errors == ["duplicate-prefix"] and set(warnings) <= set(found)

    def test_longest_match_map(tmp_path):
        printed = load("alto/rfc7285-11.2.2-lpm-networkmap-fragment.json")
        with serve(tmp_path, {"network-maps": {"m": {"pids": printed["network-map"]}}}) as server:
            assert as_set(get(server, "/m")["network-map"]) == as_set(printed["network-map"])

    def test_address_group(tmp_path):
        group = load("alto/rfc7285-10.4.5-endpointaddrgroup.json")
        with serve(tmp_path, {"network-maps": {"m": {"pids": {"g": group}}}}) as server:
            assert get(server, "/m")["network-map"]["g"] == group

    # ---- the list ----

    def later(name):
        return [why for why, patterns in LATER.items()
                if any(fnmatch.fnmatch(name, pattern) for pattern in patterns.split())]

    def test_every_file(request):
        """Every file is exercised above or has one reason why not; every reason has a file."""
        names = {f"{kind}/{path.name}" for kind in ("cdni", "alto")
                 for path in (VECTORS / kind).iterdir() if path.suffix in (".json", ".txt")}
        source = request.path.read_text().split("if PRESENT:", 1)[1]
        for name in names:
            stem = re.escape(re.sub(r"\.json$", "", name.split("/")[1]))
            used = re.search(rf"[\"/]{stem}(\.json)?\"", source) or name.endswith(".asprinted.txt")
            assert bool(used) + len(later(name)) == 1, name
        for patterns in LATER.values():
            for pattern in patterns.split():
                assert any(fnmatch.fnmatch(name, pattern) for name in names), pattern
        # Where all of the file ran here, as tests/run.sh has it (--dist loadfile), what is named has been opened.
        whole = {item.nodeid for item in request.session.items if item.path == request.path}
        if len(whole) > 100 and whole - ran == {request.node.nodeid}:
            assert {name for name in names if not later(name)} == exercised
