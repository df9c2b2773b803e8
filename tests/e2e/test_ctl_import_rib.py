"""footprintctl import-rib: routing tables as network maps."""
import bz2
import gzip
import json
import random

import pytest
import yaml

import mrt
from footprintd import Server, curl, run, write_config
from mrt import path, peers, rib, route

PEERS = peers(("192.0.2.1", 64496), ("2001:db8::1", 4200000000))
TABLE = (PEERS +
         rib("8.8.8.0/24", route(0, path(64496, 15169) + mrt.next_hop("192.0.2.9")),
             route(1, path(64498, 64499, 15169))) +
         rib("8.8.9.0/24", route(0, path(64496, 15169) + mrt.next_hop("192.0.2.9"))) +
         rib("2600::/32", route(1, path(64498, 64500) + mrt.next_hop("2001:db8::5", "fe80::1"))))


@pytest.fixture
def rib_(tmp_path):
    """(exit code, the network map's PIDs or None, JSON) of a source."""
    def ask(source, *args, name="table"):
        file = tmp_path / name
        file.write_bytes(source if isinstance(source, bytes) else source.encode())
        done = run("footprintctl", "import-rib", "--json", *args, str(file))
        told = json.loads(done.stdout)
        text = (told.get("texts") or {}).values()
        document = yaml.safe_load(next(iter(text))) if text else None
        if document:
            folder = tmp_path / "checked"
            folder.mkdir(exist_ok=True)
            (folder / "a.yaml").write_text(next(iter(told["texts"].values())))
            assert run("footprintctl", "check", str(folder)).returncode == 0
            [document] = document["network-maps"].values()
        return done.returncode, document and document["pids"], told
    return ask


def codes(told):
    return [f["code"] for f in told["report"]["findings"] if f["code"] != "completed"]


# ---- MRT ----

def test_origin(rib_):
    code, pids, told = rib_(TABLE)
    assert (code, codes(told)) == (0, [])
    assert pids == {"as15169": {"ipv4": ["8.8.8.0/24", "8.8.9.0/24"]},
                    "as64500": {"ipv6": ["2600::/32"]}}
    assert (told["from"], told["by"], told["pids"], told["read"]) == ("mrt", "origin-as", 2, 3)
    assert (told["routes"], told["several"]) == (4, 0)
    assert told["largest"] == [{"pid": "as15169", "prefixes": 2}, {"pid": "as64500", "prefixes": 1}]


def test_neighbor_and_next_hop(rib_):
    assert rib_(TABLE, "--pid", "neighbor-as", "--peer", "64496")[1] == {
        "as64496": {"ipv4": ["8.8.8.0/24", "8.8.9.0/24"]}}
    assert rib_(TABLE, "--pid", "neighbor-as", "--peer", "2001:db8::1")[1] == {
        "as64498": {"ipv4": ["8.8.8.0/24"], "ipv6": ["2600::/32"]}}
    assert rib_(TABLE, "--pid", "next-hop")[1] == {
        "nh-192-0-2-9": {"ipv4": ["8.8.8.0/24", "8.8.9.0/24"]},
        "nh-2001:db8::5": {"ipv6": ["2600::/32"]}}
    assert set(rib_(TABLE, "--pid", "next-hop", "--name-prefix", "r:")[1]) == {
        "r:192-0-2-9", "r:2001:db8::5"}


def test_what_most_routes_say(rib_):
    def pid(*paths):
        _, pids, told = rib_(PEERS + rib("8.8.8.0/24", *(route(0, path(*p)) for p in paths)))
        assert told["several"] == (len({p[-1] for p in paths}) > 1)
        return next(iter(pids))
    assert pid((1, 2), (3, 4), (5, 4)) == "as4"
    assert pid((1, 9, 2), (3, 4)) == "as4"  # one vote each: the shorter path
    assert pid((1, 2), (3, 4)) == "as2"  # and the first


PATHS = [
    (path((mrt.SEQUENCE, [1, 2]), (mrt.SET, [9, 7, 8])), "as7"),
    (path((mrt.SET, [9, 7])), "as7"),
    (path((mrt.CONFED_SEQUENCE, [65001]), (mrt.SEQUENCE, [5])), "as5"),
    (path((mrt.SEQUENCE, [5]), (mrt.CONFED_SET, [65001])), "as5"),
    (path((mrt.CONFED_SEQUENCE, [65001])), "as64496"),  # of the peer's own AS
    (path(), "as64496"), (b"", "as64496"),
    (mrt.attribute(2, path(3, 4)[3:], extended=True), "as4"),
    (mrt.attribute(4, bytes(4)) + path(3) + mrt.attribute(99, bytes(300)), "as3")]


@pytest.mark.parametrize("attributes, want", PATHS)
def test_paths(rib_, attributes, want):
    assert rib_(PEERS + rib("8.8.8.0/24", route(0, attributes)))[1] == {
        want: {"ipv4": ["8.8.8.0/24"]}}


def test_whole_attribute_and_several_paths(rib_):
    table = PEERS + rib("2600::/32", route(1, path(1, 2) + mrt.next_hop("2001:db8::7", whole=True)))
    assert set(rib_(table, "--pid", "next-hop")[1]) == {"nh-2001:db8::7"}
    table = PEERS + rib("0.0.0.0/0", route(0, path(1, 2), 7), route(0, path(1, 3), 8),
                        route(0, path(4, 3), 9), add_path=True) + rib(
        "::/0", route(1, path(5), 1), add_path=True)
    code, pids, told = rib_(table)
    assert pids == {"as3": {"ipv4": ["0.0.0.0/0"]}, "as5": {"ipv6": ["::/0"]}}
    assert told["report"]["warnings"] == 0  # nothing to be completed


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_compressed(rib_, tmp_path, pack):
    plain = rib_(TABLE)
    assert rib_(pack(TABLE)) == plain
    assert rib_(pack(TABLE[:100]) + pack(TABLE[100:])) == plain
    code, pids, told = rib_(pack(TABLE)[:-5])
    assert (code, pids, codes(told)) == (1, None, ["unreadable"])
    with open(tmp_path / "table", "rb") as cut:
        done = run("footprintctl", "import-rib", "-", stdin=cut)
    assert done.returncode == 1 and "what is compressed has no end" in done.stderr


BAD = {
    "cut": (TABLE[:-1], "syntax", "the file ends within record 4, which begins at byte"),
    "no peers": (TABLE[len(PEERS):], "bad-value", "record 1, at byte 0, comes before the peers"),
    "peer": (PEERS + rib("8.8.8.0/24", route(2, path(1))), "bad-value", "a peer that there is not"),
    "length": (PEERS + mrt.record(13, 2, bytes([0, 0, 0, 0, 33, 8, 8, 8, 8, 8, 0, 0])),
               "bad-value", "a prefix that is too long"),
    "path": (PEERS + rib("8.8.8.0/24", route(0, mrt.attribute(2, b"\x02\x02\x00\x00\x00\x01"))),
             "bad-value", "too short"),
    "kind of path": (PEERS + rib("8.8.8.0/24", route(0, path((5, [1])))), "bad-value",
                     "an AS path of an unknown kind"),
    "attribute": (PEERS + rib("8.8.8.0/24", route(0, b"\x40\x02\x09\x02")), "bad-value", "too short"),
    "behind": (PEERS + mrt.record(13, 2, rib("8.8.8.0/24", route(0, path(1)))[12:] + b"x"),
               "bad-value", "bytes behind its last route"),
    "next hop": (PEERS + rib("2600::/32", route(0, mrt.attribute(14, b"\x03abc"))), "bad-value",
                 "a next hop that is no address"),
    "old": (mrt.record(12, 1, bytes(20)), "bad-value", "only TABLE_DUMP_V2 is read"),
    "noise": (b"\x00" * 40, "syntax", "at byte 0 there is no MRT record"),
    "updates": (mrt.record(16, 4, bytes(20)), "empty", "nothing in it to import"),
}


@pytest.mark.parametrize("case", BAD)
def test_damaged(rib_, case):
    source, want, text = BAD[case]
    code, pids, told = rib_(source, "--from", "mrt")
    finding = [f for f in told["report"]["findings"] if f["severity"] == "error"][0]
    assert (code, pids, finding["code"]) == (1, None, want) and text in finding["text"]
    if case in ("old", "noise", "updates", "cut", "no peers"):
        return
    code, pids, told = rib_(source + rib("9.9.9.0/24", route(0, path(19281))), "--skip")
    assert code == 0 and pids == {"as19281": {"ipv4": ["9.9.9.0/24"]}}


def test_unknown_peer(rib_):
    code, _, told = rib_(TABLE, "--peer", "192.0.2.77")
    assert code == 1 and told["report"]["findings"][0]["text"] == "the table has no such peer"


# ---- pfx2as ----

def test_pfx2as(rib_):
    source = ("# a table\n1.0.0.0\t24\t13335\n1.0.1.0 24 5_6\n1.0.2.0\t23\t9,8,10_3\r\n\n"
              "2600::\t32\tas1\n1.0.0.0\t8\t0\n")
    code, pids, told = rib_(source)
    assert (code, pids, codes(told)) == (1, None, ["left-out", "bad-value"])
    assert told["report"]["findings"][-1]["line"] == 6
    code, pids, told = rib_(source.replace("as1", "1"))
    assert (code, pids) == (0, {
        "as13335": {"ipv4": ["1.0.0.0/24"]}, "as5": {"ipv4": ["1.0.1.0/24"]},
        "as8": {"ipv4": ["1.0.2.0/23"]}, "as1": {"ipv6": ["2600::/32"]}})
    assert (told["from"], told["several"]) == ("pfx2as", 2)
    for args in (["--pid", "next-hop"], ["--peer", "1"]):
        done = run("footprintctl", "import-rib", *args, "-", stdin=open("/dev/null"))
        assert done.returncode == 2 and "origin ASes alone" in done.stderr


def test_bad_lines(rib_):
    lines = ["1.0.0.0 33 1", "1.0.0 24 1", "1.0.0.0 24 x", "1.0.0.0 24 1_", "1.0.0.0 024 1",
             "1.0.0.0 24 1 2", "1.0.0.0", "1.0.0.0 24", "2600:: 129 1", "1.0.0.0 24 4294967296",
             "x" * 5000, "\u00e4"]
    code, _, told = rib_("\n".join(lines) + "\n9.9.9.9 24 7\n")
    errors = [f for f in told["report"]["findings"] if f["severity"] == "error"]
    assert code == 1 and [f["line"] for f in errors] == list(range(1, len(lines) + 1))
    code, pids, told = rib_("\n".join(lines) + "\n9.9.9.9 24 7\n", "--skip")
    assert code == 0 and pids == {"as7": {"ipv4": ["9.9.9.0/24"]}}
    assert "host-bits" in codes(told)


# ---- what is made of it ----

def test_repeated(rib_):
    table = mrt.table({"8.8.8.0/24": (1, 2)})
    _, pids, told = rib_(table + table)
    assert pids == {"as2": {"ipv4": ["8.8.8.0/24"]}} and codes(told) == ["repeated"]
    _, pids, told = rib_(table + mrt.table({"8.8.8.0/24": (1, 3)}))
    assert pids == {"as2": {"ipv4": ["8.8.8.0/24"]}} and codes(told) == ["left-out"]


def test_few_pids_and_prefixes(rib_):
    rows = {f"8.8.{n}.0/24": (1, 10 if n < 4 else 11 if n < 6 else 12) for n in range(7)}
    rows.update({"8.8.0.0/16": (1, 10), "9.0.0.0/8": (1, 12), "9.1.0.0/25": (1, 13)})
    table = mrt.table(rows)
    _, pids, told = rib_(table, "--aggregate")
    assert pids == {"as10": {"ipv4": ["8.8.0.0/16"]}, "as11": {"ipv4": ["8.8.4.0/23"]},
                    "as12": {"ipv4": ["8.8.6.0/24", "9.0.0.0/8"]}, "as13": {"ipv4": ["9.1.0.0/25"]}}
    assert told["merged"] == 5
    _, pids, told = rib_(table, "--max-length", "24")
    assert "as13" not in pids and codes(told) == ["left-out"]
    _, pids, told = rib_(table, "--min-prefixes", "3", "--other", "rest")
    assert set(pids) == {"as10", "rest"} and told["gathered"] == 3
    assert len(pids["rest"]["ipv4"]) == 5


def test_sizes(rib_, tmp_path):
    rng = random.Random(5)
    rows = {f"{n // 256 + 1}.{n % 256}.0.0/16": (1, rng.randrange(1, 60)) for n in range(2000)}
    rows["::/0"] = rows["0.0.0.0/0"] = (1, 1)
    code, pids, told = rib_(mrt.table(rows), "--name", "a.yaml")
    text = told["texts"]["a.yaml"]
    assert told["bytes"]["document"] == len(text) and told["pids"] == len(pids)
    folder = tmp_path / "footprints"
    folder.mkdir()
    (folder / "a.yaml").write_text(text)
    with Server(write_config(tmp_path)) as server:
        served = len(curl(f"{server.url}/netmap")[2])
        got = json.loads(curl(f"{server.url}/netmap")[2])["network-map"]
    assert got == pids
    assert abs(told["bytes"]["network-map"] - served) < served / 50


def test_ids(rib_):
    _, _, told = rib_(TABLE, "--network-map", "bgp", "--default", "--name", "x.yaml")
    assert yaml.safe_load(told["texts"]["x.yaml"])["network-maps"]["bgp"]["default"] is True
    code, _, told = rib_(TABLE, "--network-map", "propmap")
    assert code == 1 and codes(told) == ["bad-name"]


def test_preview_and_files(tmp_path):
    file = tmp_path / "rib.mrt"
    file.write_bytes(TABLE)
    out = tmp_path / "out"
    out.mkdir()
    done = run("footprintctl", "import-rib", "--dry-run", "--output", str(out), str(file))
    assert (done.returncode, done.stdout, list(out.iterdir())) == (0, "", [])
    assert "rib.yaml: network map netmap, 2 PIDs, 2 IPv4 and 1 IPv6 prefixes; 0 errors, 2 warnings\n" \
        "3 prefixes read, 0 saved by merging, 0 PIDs put together\n" in done.stderr
    assert "the largest PIDs: as15169 (2), as64500 (1)\n" in done.stderr
    assert run("footprintctl", "import-rib", "--output", str(out), str(file)).returncode == 0
    text = (out / "rib.yaml").read_text()
    assert text.startswith("# Made by footprintctl import-rib, from rib.mrt (mrt, by origin-as).\n")
    assert run("footprintctl", "check", str(out)).returncode == 0
    # One's own work is replaced, somebody else's is not.
    again = run("footprintctl", "import-rib", "--pid", "next-hop", "--output", str(out), str(file))
    assert again.returncode == 0 and "by next-hop" in (out / "rib.yaml").read_text()
    (out / "rib.yaml").write_text("version: 1\n")
    assert run("footprintctl", "import-rib", "--output", str(out), str(file)).returncode == 1
    assert (out / "rib.yaml").read_text() == "version: 1\n"
    assert run("footprintctl", "import-rib", "--yes", "--output", str(out), str(file)).returncode == 0


@pytest.mark.parametrize("args", [
    [], ["a", "b"], ["--from", "x", "a"], ["--pid", "x", "a"], ["--peer", "x", "a"],
    ["--max-length", "33", "a"], ["--max-length", "24,129", "a"], ["--max-length", "24,", "a"],
    ["--min-prefixes", "-1", "a"], ["--other", "a.b", "a"], ["--name-prefix", "a.b", "a"],
    ["--name-prefix", "x" * 25, "a"], ["--network-map", "a b", "a"], ["--name", "a.json", "a"],
    ["nowhere"], ["/"]])
def test_usage(args):
    done = run("footprintctl", "import-rib", *args)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("footprintctl: ")
