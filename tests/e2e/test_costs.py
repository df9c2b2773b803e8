"""Cost maps of a running footprintd: resources, the client's own address, and data files, which belong to the
documents wherever these are read, watched, changed, recorded and brought back."""
import hashlib
import json
import subprocess

import pytest

from admin import TOKENS, bearer, write_tokens
from footprintd import BUILD, Server, curl, write_config

MORE = ('admin: {listen: "127.0.0.1:0", tokens: tokens}\nstate: state\n'
        'watch: {debounce-ms: 20}\n')
DOCUMENT = """version: 1
network-maps:
  netmap:
    pids:
      pid-a: {ipv4: [192.0.2.0/24]}
      pid-b: {ipv4: [0.0.0.0/0], ipv6: ["::/0"]}
cost-maps:
  costs: {network-map: netmap, cost-metric: delay-ow, cost-mode: numerical, costs-file: data/costs.csv}
  num-routingcost: {network-map: netmap, cost-metric: routingcost, cost-mode: numerical, costs:
    {pid-a: {pid-a: 1, pid-b: 2.5}, pid-b: {pid-a: 4}}}
"""
CTL = BUILD / "footprintctl"
ONE, TWO, THREE = (f"source,destination,cost\npid-a,pid-b,{n}\npid-b,pid-b,0.5\n" for n in (1, 2, 3))
NUMERICAL = {"cost-mode": "numerical", "cost-metric": "routingcost"}


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints/data").mkdir(parents=True)
    (tmp_path / "footprints/all.yaml").write_text(DOCUMENT)
    (tmp_path / "footprints/data/costs.csv").write_text(ONE)
    (tmp_path / "footprints/data/other.csv").write_text("nobody names this one")
    write_tokens(tmp_path)
    write_config(tmp_path, more=MORE)
    return tmp_path


@pytest.fixture
def server(site):
    with Server(site / "footprintd.yaml") as running:
        yield running


def get(server, name):
    status, _, body = curl(f"{server.url}/{name}")
    assert status == 200
    return json.loads(body)


def post(server, name, media, request):
    status, headers, body = curl("-H", f"Content-Type: application/alto-{media}+json", "--data-binary",
                                 json.dumps(request), f"{server.url}/{name}")
    return status, json.loads(body)


def cost(server):
    return get(server, "costs")["cost-map"]["pid-a"]["pid-b"]


def admin(server, method, path, body=None):
    data = [] if body is None else ["-H", "Content-Type: application/json", "--data-binary",
                                    json.dumps(body)]
    status, _, answer = curl("-X", method, "-H", bearer("admin"), *data, server.admin + path)
    return status, json.loads(answer) if answer.startswith(b"{") else answer.decode()


def ctl(site, server, *words):
    run = subprocess.run([CTL, words[0], "--server", server.admin, "--token-file", site / "token",
                          *words[1:]], capture_output=True, text=True)
    return run.returncode, run.stdout, run.stderr


def test_resources(server):
    directory = get(server, "")
    assert directory["meta"]["cost-types"]["num-delay-ow"] == {
        "cost-mode": "numerical", "cost-metric": "delay-ow"}
    entry = directory["resources"]["costs-filtered"]
    names = ["num-delay-ow", "num-routingcost", "ord-delay-ow", "ord-routingcost"]
    assert entry["capabilities"]["cost-type-names"] == names
    assert entry["capabilities"]["cost-constraints"] is True
    assert entry["uses"] == directory["resources"]["costs"]["uses"] == ["netmap"]
    assert directory["resources"]["costs"]["capabilities"] == {"cost-type-names": ["num-delay-ow"]}
    assert "uses" not in directory["resources"]["endpoint-cost"]
    assert set(names) == set(directory["meta"]["cost-types"])
    body = get(server, "costs")
    tag = get(server, "netmap")["meta"]["vtag"]
    assert body == {"meta": {"dependent-vtags": [tag], "cost-type": {
        "cost-mode": "numerical", "cost-metric": "delay-ow"}},
        "cost-map": {"pid-a": {"pid-b": 1}, "pid-b": {"pid-b": 0.5}}}


def test_the_client_itself(server):
    """The server is on 127.0.0.1, which is in pid-b; that has no cost to itself."""
    request = {"cost-type": NUMERICAL, "endpoints": {"dsts": ["ipv4:192.0.2.1"]}}
    status, body = post(server, "endpoint-cost", "endpointcostparams", request)
    assert (status, body["endpoint-cost-map"]) == (200, {"ipv4:127.0.0.1": {"ipv4:192.0.2.1": 4}})
    request["endpoints"] = {"srcs": ["ipv4:192.0.2.1"]}
    status, body = post(server, "endpoint-cost", "endpointcostparams", request)
    assert (status, body["endpoint-cost-map"]) == (200, {"ipv4:192.0.2.1": {"ipv4:127.0.0.1": 2.5}})
    request["endpoints"] = {}
    status, body = post(server, "endpoint-cost", "endpointcostparams", request)
    assert (status, body["meta"]["field"]) == (400, "endpoints")


# ---- data files ----

def test_a_file_is_watched(site, server):
    assert cost(server) == 1
    (site / "footprints/data/costs.csv").write_text(TWO)
    server.wait_line("generation 2: 1 document")
    assert cost(server) == 2
    # What is wrong in it is refused with its place, and the rest is served as it was.
    (site / "footprints/data/costs.csv").write_text("source,destination,cost\npid-a,pid-x,1\n")
    server.wait_line("data/costs.csv:2:7: error: network map 'netmap' has no PID 'pid-x'")
    server.wait_line("the documents were refused")
    assert cost(server) == 2
    (site / "footprints/data/costs.csv").write_text(THREE)
    server.wait_line("generation 3: 1 document")
    assert cost(server) == 3


def test_a_file_that_goes(site, server):
    (site / "footprints/data/costs.csv").unlink()
    server.wait_line("the file data/costs.csv cannot be read, or is not there")
    assert cost(server) == 1
    assert get(server, "costs")["cost-map"]["pid-b"] == {"pid-b": 0.5}


def test_a_generation_has_its_files(site, server):
    (site / "footprints/data/costs.csv").write_text(TWO)
    server.wait_line("generation 2: 1 document")
    _, body = admin(server, "GET", "/v1/generations/1")
    assert body["texts"] == {"all.yaml": DOCUMENT, "data/costs.csv": ONE}
    status, body = admin(server, "POST", "/v1/rollback", {"generation": 1})
    assert status == 200, body
    assert cost(server) == 1
    assert (site / "footprints/data/costs.csv").read_text() == ONE
    assert (site / "footprints/data/other.csv").exists()
    _, body = admin(server, "GET", "/v1/documents")
    assert [d["name"] for d in body["documents"]] == ["all.yaml", "data/costs.csv"]
    assert body["documents"][1]["etag"] == f'"{hashlib.sha256(ONE.encode()).hexdigest()}"'
    assert admin(server, "GET", "/v1/documents/data%2Fcosts.csv") == (200, ONE)
    assert admin(server, "GET", "/v1/documents/data%2F..%2Fx.csv")[0] == 404


def test_changes_of_files(site, server):
    """A document with a file that nobody named before, in a directory that is not there."""
    document = DOCUMENT.replace("data/costs.csv", "new/costs.json")
    status, body = admin(server, "POST", "/v1/changes", {"documents": {
        "all.yaml": document, "new/costs.json": '{"pid-a": {"pid-b": 9}}'}})
    assert status == 200, body
    assert cost(server) == 9
    assert json.loads((site / "footprints/new/costs.json").read_text())["pid-a"] == {"pid-b": 9}
    # One that lies in the directory and was not named.
    status, body = admin(server, "POST", "/v1/changes", {"documents": {"all.yaml": DOCUMENT}})
    assert (status, cost(server)) == (200, 1), body
    # And one that lies nowhere.
    status, body = admin(server, "POST", "/v1/changes", {"documents": {
        "all.yaml": DOCUMENT.replace("data/costs.csv", "data/none.csv")}})
    assert (status, body["code"]) == (422, "refused")
    status, body = admin(server, "POST", "/v1/changes", {"documents": {
        "../x/costs.json": "{}"}})
    assert (status, body["code"]) == (400, "bad-name")
    # The directory is what is served: looking at it again is no news.
    admin(server, "POST", "/v1/reload")
    _, body = admin(server, "GET", "/v1/generations?limit=1")
    assert body["generations"][0]["generation"] == 3


def test_apply(site, server):
    work = site / "work/footprints"
    (work / "data").mkdir(parents=True)
    (work / "all.yaml").write_text(DOCUMENT)
    (work / "data/costs.csv").write_text(THREE)
    (site / "token").write_text(TOKENS["admin"])
    (site / "token").chmod(0o600)
    code, out, err = ctl(site, server, "apply", "--yes", str(work))
    assert code == 0, (out, err)
    assert cost(server) == 3
    assert (site / "footprints/data/costs.csv").read_text() == THREE


def test_check(site):
    run = subprocess.run([CTL, "check", site / "footprints"], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, "0 errors, 0 warnings in 1 document\n")
    (site / "footprints/data/costs.csv").write_text("x,pid-a\npid-a,1e999\npid-b\n")
    run = subprocess.run([CTL, "check", site / "footprints"], capture_output=True, text=True)
    assert run.returncode == 1
    assert "/data/costs.csv:2:7: error: a cost of this size cannot be said in a double" in run.stdout


def test_limit_of_values(site):
    """33 by 33 pairs are above 1,024; 413 has no body."""
    write_config(site, more=MORE + "limits: {cost-values: 1024}\n")
    ends = [f"ipv4:192.0.2.{i}" for i in range(33)]
    with Server(site / "footprintd.yaml") as server:
        for srcs, want in ((ends[:31], b"200"), (ends, b"413")):
            ask = {"cost-type": NUMERICAL, "endpoints": {"srcs": srcs, "dsts": ends}}
            run = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                                  "Content-Type: application/alto-endpointcostparams+json",
                                  "--data-binary", json.dumps(ask), f"{server.url}/endpoint-cost"],
                                 capture_output=True, check=True)
            assert run.stdout == want
