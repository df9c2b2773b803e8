"""The published examples of the endpoint property service, against the real program.

As test_propmap_vectors.py. The examples' priv:ietf-example-prop is taken for priv:asn, which has what
a database says.
"""
import json
import sys

import pytest

import programs
from shared_folder import PRESENT, ROOT, VECTORS

sys.path.insert(0, str(ROOT / "tests/e2e"))
import mmdb  # noqa: E402

MAP = "my-default-network-map"
PATH = "/endpointprop/lookup"


@pytest.mark.parametrize("name", ["rfc7285-11.4.1.7", "rfc7285-endpoint-spelling",
                                  "rfc7285-endpoint-longest-match"])
def test_restated(name):
    """With the folder or without it, these golden cases say the same with other names."""
    assert (ROOT / "tests/golden/propmap" / name / "expected.json").exists()


def ours(value):
    """Names and values of the examples as ours, and no tags."""
    if isinstance(value, list):
        return [ours(item) for item in value]
    if not isinstance(value, dict):
        return value.replace("priv:ietf-example-prop", "priv:asn")
    made = {name: ours(item) for name, item in value.items()
            if name not in ("tag", "priv:ietf-example-prop")}
    if "priv:ietf-example-prop" in value:
        made["priv:asn"] = f"as{value['priv:ietf-example-prop']}"
    return made


if PRESENT:
    def load(name):
        return json.loads((VECTORS / "alto" / f"{name}.json").read_text())

    def cases(name):
        return [pytest.param(case, id=case["id"]) for case in load(f"constructed-{name}-cases")
                if case["request"]["path"] == PATH]

    @pytest.fixture(scope="module")
    def server(tmp_path_factory):
        tmp_path = tmp_path_factory.mktemp("endpoints")
        folder = tmp_path / "footprints"
        folder.mkdir()
        pids = load("constructed-fixture-networkmap")["network-map"]
        (folder / "a.json").write_text(json.dumps({"network-maps": {MAP: {"pids": pids}}}))
        (tmp_path / "asn.mmdb").write_bytes(mmdb.database({"192.0.2.34/32": mmdb.place(asn=1)}))
        with programs.Server(folder, tmp_path, {"geoip": {"asn": "asn.mmdb"}}) as made:
            yield made

    def post(server, body):
        status, answer = server.request("/endpoint-property", body.encode(), "endpointpropparams")
        return status, json.loads(answer)

    @pytest.mark.parametrize("case", cases("ok"))
    def test_accepted(server, case):
        status, got = post(server, json.dumps(ours(case["request"]["body"])))
        assert (status, ours(got)) == (200, ours(case["expect"]["body"]))

    @pytest.mark.parametrize("case", cases("error"))
    def test_refused(server, case):
        status, got = post(server, case["request"]["body-text"])
        assert (status, got["meta"]) == (400, case["expect"]["meta"])

    def test_printed_example(server):
        """11.4.1.7 asks for a map by a name that is not the one of the answer: the index says so."""
        request = ours(load("rfc7285-11.4.1.7-endpointprop-req"))
        status, got = post(server, json.dumps(request))
        assert (status, got["meta"]["value"]) == (400, "my-default-networkmap.pid")
        request["properties"][0] = f"{MAP}.pid"
        status, got = post(server, json.dumps(request))
        assert status == 200
        assert ours(got) == ours(load("rfc7285-11.4.1.7-endpointprop-res"))

    def test_longest_match(server):
        rows = {("ipv6:" if ":" in row["address"] else "ipv4:") + row["address"]: row["pid"]
                for row in load("constructed-lpm-cases")}
        status, got = post(server, json.dumps({"properties": [f"{MAP}.pid"],
                                               "endpoints": list(rows)}))
        assert status == 200
        assert got["endpoint-properties"] == {name: {f"{MAP}.pid": pid}
                                              for name, pid in rows.items()}

    def test_every_case():
        """Those of the service are found by their path, and there are as many as there were."""
        assert (len(cases("ok")), len(cases("error"))) == (2, 12)
