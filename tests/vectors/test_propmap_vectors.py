"""The published examples of property maps, against the real programs.

As test_cdni_vectors.py. Where an example has properties that are not ours, they are taken for ours: .ASN,
.countrycode and .state for what databases say, .region for a capability.
"""
import ipaddress
import json
import sys

import pytest

import programs
from shared_folder import PRESENT, ROOT, VECTORS

sys.path.insert(0, str(ROOT / "tests/e2e"))
import mmdb  # noqa: E402

RENAMED = {".ASN": ".priv:asn", ".countrycode": ".priv:countrycode",
           ".state": ".priv:subdivisioncode"}
NOT_OURS = ".ISP"


@pytest.mark.parametrize("name", """
derived-propmap-union-of-ancestors rfc9240-10.4 rfc9240-10.5 rfc9240-10.6 rfc9240-10.7 rfc9240-10.8
rfc9240-6.1.3-addresses rfc9240-6.1.3-get rfc9240-6.1.3-prefixes rfc9241-6.3.1 rfc9241-6.3.2""".split())
def test_restated(name):
    """With the folder or without it, these golden cases say the same with other names."""
    assert (ROOT / "tests/golden/propmap" / name / "expected.json").exists()


def values(entity):
    """Properties of an example as ours."""
    made = {}
    for name, value in entity.items():
        if name == ".ASN":
            made[".priv:asn"] = f"as{value}"
        elif name == ".state":
            made[".priv:subdivisioncode"] = f"us-{value.lower()}"
        elif name != NOT_OURS:
            made[RENAMED.get(name, name)] = value
    return made


def network(entity):
    return ipaddress.ip_network(entity.split(":", 1)[1])


def effective(property_map, entity, name):
    """RFC 9240 6.1.3: of the longest prefix that has the property; null is no value."""
    around = [(network(key).prefixlen, value[name]) for key, value in property_map.items()
              if key[:5] == entity[:5] and name in value
              and network(entity).subnet_of(network(key))]
    return max(around, key=lambda pair: pair[0])[1] if around else None


if PRESENT:
    def load(name):
        return json.loads((VECTORS / "cdni" / f"{name}.json").read_text())

    def serve(tmp_path, document, more=None):
        folder = tmp_path / "footprints"
        folder.mkdir()
        (folder / "a.json").write_text(json.dumps(document))
        code, findings = programs.check(folder)
        assert code == 0, findings
        return programs.Server(folder, tmp_path, more)

    def get(server, path):
        status, body = server.request(path)
        assert status == 200
        return json.loads(body)

    def post(server, request):
        status, body = server.request("/propmap-filtered", json.dumps(request).encode(),
                                      "propmapparams")
        return status, json.loads(body)

    def answer(server, request):
        status, got = post(server, request)
        assert status == 200, got
        return got["property-map"]

    def capability(name):
        return {"capability-type": "FCI.Metadata", "capability-value": {"metadata": [f"MI.{name}"]}}

    @pytest.fixture(scope="module")
    def rfc9240(tmp_path_factory):
        """A server with the maps of 10.1 and what 10.2 defines."""
        tmp_path = tmp_path_factory.mktemp("rfc9240")
        defined = load("rfc9240-10.2-property-definitions")
        inet, regions = defined["inet"], defined["default-network-map.pid"]
        records = {}
        for entity in inet:
            known = {name: effective(inet, entity, name) for name in RENAMED}
            records[str(network(entity))] = mmdb.place(
                known[".countrycode"].upper(), [known[".state"]] if known[".state"] else [],
                int(known[".ASN"]) if known[".ASN"] else None)
        (tmp_path / "all.mmdb").write_bytes(mmdb.database(records))
        maps = load("rfc9240-10.1-networkmaps")
        document = {
            "network-maps": {name: {"default": name == "default-network-map", "pids": pids}
                             for name, pids in maps.items()},
            "capabilities": [{**capability(value[".region"]), "footprints": [
                {"footprint-type": "altopid", "footprint-value": [pid]}]}
                for pid, value in regions.items()]}
        more = {"geoip": {part: "all.mmdb" for part in ("country", "city", "asn")}}
        with serve(tmp_path, document, more) as server:
            yield server

    @pytest.mark.parametrize("number", ["10.5", "10.6", "10.7"])
    def test_lookups(number, rfc9240):
        request, printed = (load(f"rfc9240-{number}-{part}") for part in ("request", "response"))
        request["properties"] = [RENAMED.get(name, name) for name in request["properties"]
                                 if name != NOT_OURS]
        assert answer(rfc9240, request) == {entity: values(value) for entity, value
                                            in printed["property-map"].items()}

    def test_full_map(rfc9240):
        """10.4 by POST: what databases say is not in the map by GET."""
        for entity, value in load("rfc9240-10.4-full-propmap")["property-map"].items():
            if values(value):
                assert answer(rfc9240, {"entities": [entity], "properties": [".priv:asn"]}) == {
                    entity: values(value)}

    def test_pid_entities(rfc9240):
        """10.8; of what the response depends on, the domain's map is named, and our advertisement."""
        request, printed = (load(f"rfc9240-10.8-{part}") for part in ("request", "response"))
        request["properties"] = ["cdni.cdni-capabilities"]
        status, got = post(rfc9240, request)
        assert status == 200
        assert got["property-map"] == {
            entity: {"cdni.cdni-capabilities": [capability(value[".region"])]}
            for entity, value in printed["property-map"].items()}
        ids = [tag["resource-id"] for tag in got["meta"]["dependent-vtags"]]
        assert ids == ["cdni"] + [tag["resource-id"] for tag in printed["meta"]["dependent-vtags"]]

    def test_other_domains(rfc9240):
        """10.9 is of a domain that this server does not have."""
        request = load("rfc9240-10.9-request")
        assert set(load("rfc9240-10.9-response")["property-map"]) == set(request["entities"])
        status, got = post(rfc9240, request)
        assert (status, got["meta"]) == (400, {"code": "E_INVALID_FIELD_VALUE", "field": "entities",
                                               "value": request["entities"][0]})

    def test_directory(rfc9240):
        """10.3: all of the properties in one resource, and `uses` of it."""
        printed = load("rfc9240-10.3-ird")["resources"]
        entry = get(rfc9240, "/")["resources"]["propmap-filtered"]
        for name in ("iacs-property-map", "ip-pid-property-map"):
            for key in ("media-type", "accepts"):
                assert entry[key] == printed[name][key]
            assert set(printed[name].get("uses", [])) <= set(entry["uses"])
            for domain, names in printed[name]["capabilities"]["mappings"].items():
                wanted = {RENAMED.get(item, item) for item in names if item != NOT_OURS}
                assert wanted <= set(entry["capabilities"]["mappings"][domain])

    def test_inheritance(tmp_path):
        """6.1.3, Tables 1 and 2, as PIDs; what is undefined is in pid-default."""
        tables = load("rfc9240-6.1.3-inheritance")
        pids = {value: {"ipv4": [str(network(entity))]}
                for entity, value in tables["defined"].items()}
        with serve(tmp_path, {"network-maps": {"n": {"pids": pids}}}) as server:
            full = get(server, "/propmap")["property-map"]
            for entity, value in tables["effective"].items():
                wanted = value if value != "UNDEFINED" else "pid-default"
                assert effective(full, entity, "n.pid") == wanted
                got = answer(server, {"entities": [entity], "properties": ["n.pid"]})
                if network(entity).prefixlen == 32:
                    assert got == {entity: {"n.pid": wanted}}

    # ---- RFC 9241 6 ----

    def footprint(entity):
        domain, value = entity.split(":", 1)
        kind = {"ipv4": "ipv4cidr", "ipv6": "ipv6cidr"}.get(domain, domain)
        return {"footprint-type": kind, "footprint-value": [value]}

    def as_sets(property_map):
        """Protocol lists are sets (RFC 8008 5.3, 5.4); so is the list of capabilities."""
        return {entity: {name: sorted((json.dumps({**item, "capability-value": {
            key: sorted(listed) for key, listed in item["capability-value"].items()}}, sort_keys=True)
            for item in value)) if isinstance(value, list) else value
            for name, value in properties.items()} for entity, properties in property_map.items()}

    CDNI = "my-default-cdnifci.cdni-capabilities"

    @pytest.fixture(scope="module")
    def rfc9241(tmp_path_factory):
        printed = load("rfc9241-6.3.1-propmap.fixed")["property-map"]
        pids = {value["my-default-network-map.pid"]: {entity[:4]: [entity.split(":", 1)[1]]}
                for entity, value in
                load("rfc9241-6.3.2-filtered-propmap-response.fixed")["property-map"].items()}
        document = {"advertisement": "my-default-cdnifci",
                    "capabilities": [{**item, "footprints": [footprint(entity)]}
                                     for entity, value in printed.items()
                                     for item in value[CDNI]],
                    "network-maps": {"my-default-network-map": {"pids": pids}}}
        with serve(tmp_path_factory.mktemp("rfc9241"), document) as server:
            yield server

    def test_map(rfc9241):
        """6.3.1, but for the PIDs, which are in the same map here."""
        printed, fixed = (load(f"rfc9241-6.3.1-propmap{kind}") for kind in ("", ".fixed"))
        assert printed["property-map"].pop("meta") == fixed["meta"]
        assert printed["property-map"] == fixed["property-map"]
        got = {entity: {name: value for name, value in properties.items() if name == CDNI}
               for entity, properties in get(rfc9241, "/propmap")["property-map"].items()}
        assert as_sets({entity: value for entity, value in got.items() if value}) == as_sets(
            fixed["property-map"])

    def test_filtered_map(rfc9241):
        request = load("rfc9241-6.3.2-filtered-propmap-request.fixed")
        fixed = load("rfc9241-6.3.2-filtered-propmap-response.fixed")
        status, got = post(rfc9241, request)
        assert status == 200
        assert as_sets(got["property-map"]) == as_sets(fixed["property-map"])
        ids = [[tag["resource-id"] for tag in one["meta"]["dependent-vtags"]]
               for one in (got, fixed)]
        assert ids[0] == ids[1]

    def test_filtered_map_as_printed(rfc9241):
        """The request names a property that no resource has; the response has `meta` inside."""
        request = load("rfc9241-6.3.2-filtered-propmap-request")
        assert "meta" in load("rfc9241-6.3.2-filtered-propmap-response")["property-map"]
        status, got = post(rfc9241, request)
        assert (status, got["meta"]) == (400, {"code": "E_INVALID_FIELD_VALUE",
                                               "field": "properties",
                                               "value": request["properties"][1]})

    def test_footprints_are_entities(tmp_path):
        given = load("rfc9241-6.1-footprint-entity-mapping")
        rows = [(row["footprint"], row["entities"]) for row in given["footprint-to-entities"]]
        rows += [(row["footprint"], [row["entity"]]) for row in given["entity-to-footprint"]]
        document = {"capabilities": [{**capability(f"C{n}"), "footprints": [row[0]]}
                                     for n, row in enumerate(rows)]}
        with serve(tmp_path, document) as server:
            got = get(server, "/propmap")["property-map"]
        for n, (_, entities) in enumerate(rows):
            for entity in entities:
                assert got[entity]["cdni.cdni-capabilities"] == [capability(f"C{n}")]

    # ---- derived ----

    def test_union_of_ancestors(tmp_path):
        given = load("derived-propmap-union-of-ancestors")
        document = {"advertisement": "c", "capabilities": [
            {"footprints": ["everywhere"], **item} for item in given["advertisement"]]}
        with serve(tmp_path, document) as server:
            got = get(server, "/propmap")["property-map"]
        for value in got.values():
            value.pop("netmap.pid", None)
        assert got == given["property-map"]

    def test_errors(rfc9240):
        cases = {case["when"]: case for case in load("derived-errors")}
        requests = {"filtered propmap without entities": {"properties": []},
                    "entity domain not in mappings": {"entities": ["ane:foo"]},
                    "property not in mappings": {"entities": [], "properties": [".nope"]}}
        for when, request in requests.items():
            assert post(rfc9240, request) == (cases[when]["http"], cases[when]["body"])

    # ---- the list ----

    def test_every_file(request):
        """Every file is named above, but for the two of the updates."""
        source = request.path.read_text().replace("{kind}", "")
        for pattern in ("rfc9240-*", "rfc9241-6.*", "derived-propmap-*", "derived-errors.json"):
            for path in (VECTORS / "cdni").glob(pattern):
                stem = path.name.removesuffix(".json")
                for part in ("-request", "-response"):
                    if stem.startswith("rfc9240-10."):
                        stem = stem.removesuffix(part)
                known = stem in source or any(f'"{n}"' in source and stem == f"rfc9240-{n}"
                                              for n in ("10.5", "10.6", "10.7"))
                assert known or stem.startswith("rfc9241-6.3.3-"), stem
