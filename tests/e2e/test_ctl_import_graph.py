"""footprintctl import-graph: link-state graphs as network and cost maps."""
import csv
import heapq
import json
import random

import pytest
import yaml

from footprintd import Server, curl, run, write_config

GRAPH = {
    "nodes": {"fra1": {"pid": "fra", "prefixes": ["192.0.2.0/24", "2001:db8:1::/48"]},
              "fra2": {"pid": "fra"}, "core": {}, "muc": {"prefixes": ["198.51.100.0/24"]},
              "alone": {"prefixes": ["203.0.113.0/24"]}},
    "links": [{"from": "fra1", "to": "core", "metric": 10, "symmetric": True},
              {"from": "fra2", "to": "core", "metric": 3, "symmetric": True},
              {"from": "core", "to": "muc", "metric": 5}, {"from": "muc", "to": "core", "metric": 7}]}


@pytest.fixture
def graph(tmp_path):
    """(exit code, the document or None, JSON) of a source."""
    def ask(source, *args, nodes=None):
        file = tmp_path / "graph"
        file.write_text(source if isinstance(source, str) else json.dumps(source))
        if nodes is not None:
            (tmp_path / "nodes").write_text(nodes)
            args = (*args, "--nodes", str(tmp_path / "nodes"))
        done = run("footprintctl", "import-graph", "--json", *args, str(file))
        told = json.loads(done.stdout)
        texts = told.get("texts")
        if texts:
            folder = tmp_path / "checked"
            folder.mkdir(exist_ok=True)
            (folder / "a.yaml").write_text(texts["graph.yaml"])
            assert run("footprintctl", "check", str(folder)).returncode == 0
        return done.returncode, yaml.safe_load(texts["graph.yaml"]) if texts else None, told
    return ask


def costs(document):
    return {name: value["costs"] for name, value in document["cost-maps"].items()}


def errors(told):
    return [(f["code"], f["line"]) for f in told["report"]["findings"] if f["severity"] == "error"]


def test_json(graph):
    code, document, told = graph(GRAPH, "--metric", "both")
    assert code == 0
    assert document["network-maps"] == {"netmap": {"pids": {
        "fra": {"ipv4": ["192.0.2.0/24"], "ipv6": ["2001:db8:1::/48"]},
        "muc": {"ipv4": ["198.51.100.0/24"]}, "alone": {"ipv4": ["203.0.113.0/24"]}}}}
    assert document["cost-maps"] == {
        "netmap-hopcount": {"network-map": "netmap", "cost-metric": "hopcount",
                            "cost-mode": "numerical", "costs": {
                                "alone": {"alone": 0}, "fra": {"fra": 0, "muc": 2},
                                "muc": {"fra": 2, "muc": 0}}},
        "netmap-routingcost": {"network-map": "netmap", "cost-metric": "routingcost",
                               "cost-mode": "numerical", "costs": {
                                   "alone": {"alone": 0}, "fra": {"fra": 0, "muc": 8},
                                   "muc": {"fra": 10, "muc": 0}}}}
    assert (told["nodes"], told["links"], told["pairs"], told["unreachable"]) == (5, 6, 18, 8)
    assert told["cost-maps"] == [{"id": "netmap-hopcount"}, {"id": "netmap-routingcost"}]


def test_metrics(graph):
    assert list(graph(GRAPH)[1]["cost-maps"]) == ["netmap-hopcount"]
    assert list(graph(GRAPH, "--metric", "igp", "--network-map", "igp")[1]["cost-maps"]) == [
        "igp-routingcost"]


def test_names(graph):
    _, document, _ = graph(GRAPH, "--name-prefix", "r:", "--default")
    [netmap] = document["network-maps"].values()
    assert netmap["default"] is True and set(netmap["pids"]) == {"fra", "r:muc", "r:alone"}


def test_merging(graph):
    source = {"nodes": {"a": {"prefixes": ["10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16"]}}}
    assert graph(source)[1]["network-maps"]["netmap"]["pids"]["a"]["ipv4"][0] == "10.0.0.0/9"
    _, document, told = graph(source, "--aggregate")
    assert document["network-maps"]["netmap"]["pids"] == {"a": {"ipv4": ["10.0.0.0/8"]}}
    assert told["merged"] == 2


def test_tables(graph):
    nodes = "node,prefix,pid\na,10.0.0.0/8,\nb,10.1.0.0/16,place\nc,,place\n"
    links = "from,to,metric\na,x,2\nx,c,3\nx,b,\n"
    code, document, told = graph(links, "--metric", "both", nodes=nodes)
    assert (code, costs(document)) == (0, {
        "netmap-hopcount": {"a": {"a": 0, "place": 2}, "place": {"place": 0}},
        "netmap-routingcost": {"a": {"a": 0, "place": 3}, "place": {"place": 0}}})
    assert told["from"] == "csv"
    _, document, _ = graph(links.replace(",", ";"), "--symmetric", nodes=nodes.replace(",", "\t"))
    assert costs(document)["netmap-hopcount"]["place"] == {"a": 2, "place": 0}
    # Without metrics every link is 1.
    _, document, _ = graph("to,from\nb,a\n", "--metric", "igp", nodes=nodes)
    assert costs(document)["netmap-routingcost"]["a"] == {"a": 0, "place": 1}


def shortest(links, sources, weight):
    best, heap = dict.fromkeys(sources, 0), [(0, source) for source in sources]
    while heap:
        cost, node = heapq.heappop(heap)
        for begin, end, metric in links:
            if begin == node and cost + weight(metric) < best.get(end, 1 << 60):
                best[end] = cost + weight(metric)
                heapq.heappush(heap, (best[end], end))
    return best


def test_random_graphs(graph):
    rng = random.Random(11)
    for _ in range(10):
        names = [f"n{n}" for n in range(rng.randrange(2, 30))]
        links = [(rng.choice(names), rng.choice(names), rng.randrange(0, 50))
                 for _ in range(rng.randrange(0, 60))]
        pid = {name: f"p{rng.randrange(8)}" for name in names if rng.random() < 0.7} or {"n0": "p"}
        source = {"nodes": {name: {"pid": pid[name], "prefixes": [f"10.{n}.0.0/16"]}
                            if name in pid else {} for n, name in enumerate(names)},
                  "links": [{"from": a, "to": b, "metric": m} for a, b, m in links]}
        _, document, _ = graph(source, "--metric", "both")
        for which, weight in (("hopcount", lambda m: 1), ("routingcost", lambda m: m)):
            want = {}
            for here in set(pid.values()):
                best = shortest(links, [n for n in pid if pid[n] == here], weight)
                want[here] = {}
                for name, cost in best.items():
                    if name in pid:
                        row = want[here]
                        row[pid[name]] = min(cost, row.get(pid[name], cost))
            assert costs(document)[f"netmap-{which}"] == want


BAD = [
    ([1], [("wrong-type", 0)]), ({"links": []}, [("wrong-type", 0)]),
    ('{"nodes": {', [("syntax", 1)]), ({"nodes": {}}, [("empty", 0)]),
    ({"nodes": {"a": {}}}, [("empty", 0)]), ({"nodes": {"a": 5}}, [("wrong-type", 1)]),
    ({"nodes": {"a": {"prefixes": "x"}}}, [("wrong-type", 1)]),
    ({"nodes": {"a": {"prefixes": [5, "10.0.0.0"]}}}, [("bad-value", 1), ("wrong-type", 1)]),
    ({"nodes": {"a.b": {"prefixes": ["10.0.0.0/8"]}}}, [("bad-name", 1)]),
    ({"nodes": {"a": {"pid": "x y"}}}, [("bad-name", 1)]),
    ({"nodes": {"a": {"pid": 5}}}, [("wrong-type", 1)]),
    ('{"nodes": {"a": {"prefixes": ["10.0.0.0/8"]},\n"b": {"prefixes": ["10.0.0.0/8"]}}}',
     [("duplicate-prefix", 2)]),
]
LINKS = [
    (5, "wrong-type"), ({"from": "a"}, "missing-key"), ({"from": "a", "to": 5}, "wrong-type"),
    ({"from": "a", "to": "z"}, "bad-value"), ({"from": "a", "to": "a", "metric": -1}, "bad-value"),
    ({"from": "a", "to": "a", "metric": 1.5}, "bad-value"),
    ({"from": "a", "to": "a", "metric": 4294967296}, "bad-value"),
    ({"from": "a", "to": "a", "symmetric": "yes"}, "wrong-type")]


@pytest.mark.parametrize("source, want", BAD)
def test_bad_graphs(graph, source, want):
    code, document, told = graph(source)
    assert (code, document) == (1, None) and sorted(errors(told)) == sorted(want)


@pytest.mark.parametrize("link, want", LINKS)
def test_bad_links(graph, link, want):
    source = {"nodes": {"a": {"prefixes": ["10.0.0.0/8"]}}, "links": [link]}
    code, _, told = graph(source)
    assert (code, errors(told)) == (1, [(want, 1)])
    assert graph(source, "--skip")[0] == 0


def test_what_is_left_out_is_told(graph):
    code, _, told = graph({"nodes": {"a": {"prefixes": ["10.0.0.1/8"], "x": 1}}, "y": 2,
                           "links": [{"from": "a", "to": "a", "z": 3}]})
    found = sorted(f["code"] for f in told["report"]["findings"])
    assert code == 0 and found.count("left-out") == 3 and "host-bits" in found


def test_bad_tables(graph):
    nodes = "node,prefix\na,10.0.0.0/8\n,10.0.0.0/9\na,x\na,10.0.0.0/8,z\n"
    code, _, told = graph("from,to,metric\na,b,x\na\na,b,1,2\n", nodes=nodes)
    assert code == 1
    assert sorted(errors(told)) == sorted([("empty", 3), ("bad-value", 4), ("syntax", 5),
                                           ("bad-value", 2), ("empty", 3), ("syntax", 4)])
    assert {f["file"].rsplit("/")[-1] for f in told["report"]["findings"]
            if f["severity"] == "error"} == {"graph", "nodes"}
    assert ("missing-key", 1) in errors(graph("a,b\n", nodes=nodes)[2])
    assert graph("from,to\na,b\n", nodes="")[0] == 1


def test_files_of_costs(tmp_path):
    file, out = tmp_path / "igp.json", tmp_path / "out"
    file.write_text(json.dumps(GRAPH))
    out.mkdir()

    def ask(*args):
        done = run("footprintctl", "import-graph", "--metric", "both", "--costs-file", *args, str(file))
        return done.returncode, done.stderr

    assert ask()[0] == 2
    assert ask("--dry-run")[0] == 0 and not list(out.iterdir())
    code, told = ask("--output", str(out))
    assert code == 0 and "cost map netmap-hopcount in data/netmap-hopcount.csv" in told
    document = yaml.safe_load((out / "igp.yaml").read_text())
    inline = yaml.safe_load(run("footprintctl", "import-graph", "--metric", "both", str(file)).stdout)
    for name, value in document["cost-maps"].items():
        assert value == {"network-map": "netmap", "cost-mode": "numerical",
                         "cost-metric": name.removeprefix("netmap-"),
                         "costs-file": f"data/{name}.csv"}
        with open(out / value["costs-file"], newline="") as lines:
            rows = list(csv.DictReader(lines))
        got = {}
        for row in rows:
            assert list(row) == ["source", "destination", "cost"]
            got.setdefault(row["source"], {})[row["destination"]] = int(row["cost"])
        assert got == inline["cost-maps"][name]["costs"]
    # Again, and as a file; what is nobody's file of costs stays.
    assert ask("--output", str(out))[0] == 0
    assert ask("--output", str(out / "other.yaml"))[0] == 0
    (out / "data/netmap-hopcount.csv").write_text("mine\n")
    before = (out / "igp.yaml").read_text()
    code, told = ask("--output", str(out), "--name-prefix", "x")
    assert code == 1 and "no file of costs" in told and (out / "igp.yaml").read_text() == before
    assert ask("--output", str(out), "--yes")[0] == 0
    # A document that is not to be replaced: no file is written.
    (out / "igp.yaml").write_text("version: 1\n")
    (out / "data/netmap-hopcount.csv").unlink()
    assert ask("--output", str(out))[0] == 1
    assert not (out / "data/netmap-hopcount.csv").exists()


def test_preview(tmp_path):
    file = tmp_path / "igp.json"
    file.write_text(json.dumps(GRAPH))
    done = run("footprintctl", "import-graph", "--dry-run", str(file))
    assert (done.returncode, done.stdout) == (0, "")
    assert "igp.yaml: network map netmap, 3 PIDs, 3 IPv4 and 1 IPv6 prefixes; " in done.stderr
    assert "4 of 9 pairs of PIDs have no path between them, and no cost" in done.stderr


@pytest.mark.parametrize("args", [
    [], ["a", "b"], ["--metric", "x", "a"], ["--network-map", "a.b", "a"], ["nowhere"],
    ["--name-prefix", "a.b", "a"], ["--name", "a.txt", "a"], ["--costs-file", "a"]])
def test_usage(args):
    done = run("footprintctl", "import-graph", *args)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("footprintctl: ")


def test_which_form(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(GRAPH))
    (tmp_path / "a.csv").write_text("from,to\na,b\n")
    for args, text in ((["a.csv"], "wants --nodes"), (["--nodes", "a.csv", "a.json"], "belongs to")):
        done = run("footprintctl", "import-graph", *args, cwd=tmp_path)
        assert done.returncode == 2 and text in done.stderr


@pytest.mark.parametrize("files", [[], ["--costs-file"]])
def test_served(tmp_path, files):
    """What is imported is what is served, from the document and from files."""
    (tmp_path / "footprints").mkdir()
    (tmp_path / "igp.json").write_text(json.dumps(GRAPH))
    done = run("footprintctl", "import-graph", "--metric", "both", *files, "--output",
               str(tmp_path / "footprints"), str(tmp_path / "igp.json"))
    assert done.returncode == 0, done.stderr
    with Server(write_config(tmp_path)) as server:
        got = {name: json.loads(curl(f"{server.url}/netmap-{name}")[2])
               for name in ("hopcount", "routingcost")}
    assert got["hopcount"]["cost-map"] == {
        "alone": {"alone": 0}, "fra": {"fra": 0, "muc": 2}, "muc": {"fra": 2, "muc": 0}}
    assert got["routingcost"]["cost-map"] == {
        "alone": {"alone": 0}, "fra": {"fra": 0, "muc": 8}, "muc": {"fra": 10, "muc": 0}}
    assert got["routingcost"]["meta"]["cost-type"] == {
        "cost-metric": "routingcost", "cost-mode": "numerical"}
