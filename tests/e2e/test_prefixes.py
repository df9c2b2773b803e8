"""A prefix in footprintctl lookup and footprintctl explain."""
import ipaddress
import json
import random
import subprocess

import pytest

import test_lookup
from footprintd import BUILD, LIMIT, write_config
from test_ctl_admin import MORE, AdminServer, Operator, write_tokens

lookup = test_lookup.lookup
DOCUMENT = """version: 1
footprints:
  metro: {cidr: [192.0.2.0/24, 198.51.100.0/25, "2001:db8::/32"]}
  racks: {ipv4cidr: [192.0.2.16/28, 192.0.2.0/30]}
capabilities:
  - capability-type: FCI.DeliveryProtocol
    capability-value: {delivery-protocols: [https/1.1]}
    footprints: [metro]
  - capability-type: FCI.Metadata
    capability-value: {metadata: []}
    footprints: [racks]
network-maps:
  netmap:
    default: true
    pids:
      pid-a: {ipv4: [192.0.2.128/25]}
"""


@pytest.fixture
def site(tmp_path):
    for name in ("footprints", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "footprints/metro.yaml").write_text(DOCUMENT)
    write_tokens(tmp_path)
    write_config(tmp_path, more=MORE)
    return tmp_path


def answer(site, *prefixes):
    code, out, err = lookup(site, "--json", *prefixes)
    assert (code, err) == (0, "")
    return [json.loads(line) for line in out.splitlines()]


def names(items):
    return [item["name"] for item in items]


def test_splits(site):
    (a,) = answer(site, "192.0.2.0/23")
    assert (a["prefix"], a["scope"], a["addresses"], a["answers"], a["ranges"]) == (
        "192.0.2.0/23", None, 512, 3, 5)
    assert (a["wholly"], a["truncated"], a["notes"]) == ([], False, [])
    assert [(p["footprint"]["name"], p["addresses"], p["share"]) for p in a["partly"]] == [
        ("metro", 256, 0.5), ("racks", 20, 0.0390625)]
    assert [(g["addresses"], g["ranges"], names(g["footprints"])) for g in a["groups"]] == [
        (256, ["192.0.3.0/24"], []),
        (236, ["192.0.2.4-192.0.2.15", "192.0.2.32-192.0.2.255"], ["metro"]),
        (20, ["192.0.2.0/30", "192.0.2.16/28"], ["metro", "racks"])]
    assert [g["varies"] for g in a["groups"]] == [[], ["pids"], []]
    assert [c["capability-type"] for c in a["groups"][2]["capabilities"]] == [
        "FCI.DeliveryProtocol", "FCI.Metadata"]


def test_one_answer(site):
    """With the prefix over which it holds, and the same as for its addresses."""
    a, b, c = answer(site, "192.0.2.20/31", "192.0.2.20", "2001:db8:1::/48")
    assert (a["scope"], a["answers"], a["ranges"]) == ("192.0.2.16/28", 1, 1)
    (group,) = a["groups"]
    assert (group["share"], group["ranges"]) == (1, ["192.0.2.20/31"])
    for member in ("country", "subdivisions", "asn", "pids", "footprints", "capabilities"):
        assert group[member] == b[member]
    assert names(a["wholly"]) == ["metro", "racks"] and not a["partly"]
    assert (c["scope"], c["addresses"]) == ("2001:db8::/32", str(2 ** 80))


def test_all_of_a_family(site):
    four, six = answer(site, "0.0.0.0/0", "::/0")
    assert (four["addresses"], four["answers"], four["ranges"]) == (2 ** 32, 3, 8)
    assert four["groups"][0]["share"] == 0.999999  # and not 1
    assert six["addresses"] == str(2 ** 128)
    assert six["groups"][0]["ranges"] == ["::-2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
                                          "2001:db9::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]


def test_host_bits(site):
    (a,) = answer(site, "192.0.2.9/24")
    assert a["prefix"] == "192.0.2.0/24"
    assert a["notes"] == ["host bits were set: this is of 192.0.2.0/24"]


def test_text(site):
    code, out, err = lookup(site, "192.0.2.0/23", "192.0.2.20/31")
    assert (code, err) == (0, "")
    assert out.startswith("""192.0.2.0/23
  answers       3, in 5 ranges
  wholly in     none
  partly in     metro, 50%, footprints/metro.yaml:3
                racks, 3.91%, footprints/metro.yaml:4

50% of 192.0.2.0/23
  range         192.0.3.0/24
  country       not known
  subdivisions  not known
  AS number     not known
  PID           pid-default in netmap
  footprints    none
  capabilities  none

46.1% of 192.0.2.0/23
  ranges        192.0.2.4-192.0.2.15
                192.0.2.32-192.0.2.255
  country       not known
  subdivisions  not known
  AS number     not known
  PID           not the same for all
  footprints    metro  footprints/metro.yaml:3
""")
    assert "\n\n192.0.2.20/31\n  holds for     192.0.2.16/28\n" in out


def test_malformed(site):
    code, out, err = lookup(site, "192.0.2.0/33", "192.0.2/24", "/", "192.0.2.0/24")
    assert code == 1 and out.startswith("192.0.2.0/24\n")
    assert err.splitlines()[0] == \
        "footprintctl: argument 1: '192.0.2.0/33' is neither an IP address nor a prefix"
    assert err.count("\n") == 3


def many(site, count, same=False):
    """A document of as many footprints, each an address of its own, or all of them the same ones."""
    lines = ["version: 1", "footprints:"]
    for i in range(count):
        address = ipaddress.ip_address("10.0.0.0") + (0 if same else 2 * i)
        lines.append(f"  f{i:06}: {{ipv4cidr: [{address}/32]}}")
    lines += ["capabilities:", "  - capability-type: FCI.Metadata",
              "    capability-value: {metadata: []}", "    footprints: [f000000]"]
    (site / "footprints/many.yaml").write_text("\n".join(lines) + "\n")


def test_lists_are_capped_and_counted(site):
    many(site, 1000)
    (a,) = answer(site, "10.0.0.0/8")
    assert a["truncated"] and a["answers"] == 1001 and a["ranges"] == 2000
    assert (len(a["groups"]), a["groups-more"]) == (64, 937)
    assert (len(a["partly"]), a["partly-more"]) == (256, 744)
    first = a["groups"][0]
    assert (len(first["ranges"]), first["ranges-more"]) == (64, 936)
    text = lookup(site, "10.0.0.0/8")[1]
    assert "                and 992 more\n" in text and "                and 980 more\n" in text
    assert text.count("\n  range ") + text.count("\n  ranges ") <= 64
    assert "more answers for less of it each\n" in text
    many(site, 1000, same=True)
    (a,) = answer(site, "10.0.0.0/32")
    assert (len(a["wholly"]), a["wholly-more"]) == (256, 744)
    (group,) = a["groups"]
    assert (len(group["footprints"]), group["footprints-more"], a["truncated"]) == (256, 744, True)


def test_against_every_address(tmp_path):
    """Groups say of a prefix what lookup says of each of its addresses."""
    site = test_lookup.make("attributes", tmp_path)
    code, out, err = lookup(site, "--json", stdin=(site / "addresses.txt").read_text())
    assert code == 0
    r = random.Random(5)
    for address in sorted({json.loads(line)["address"] for line in out.splitlines()}):
        network = ipaddress.ip_network(address)
        network = network.supernet(r.randint(0, 8))
        (a,) = answer(site, str(network))
        every = answer_all(site, network)
        groups = {}
        for group in a["groups"]:
            assert group["ranges-more"] == 0
            for text in group["ranges"]:
                for one in addresses_of(text):
                    groups[one] = group
        assert groups.keys() == every.keys() and not a["groups-more"]
        for one, said in every.items():
            for member in ("footprints", "capabilities"):
                assert groups[one][member] == said[member]
            for member in ("country", "subdivisions", "asn", "pids"):
                assert member in groups[one]["varies"] or groups[one][member] == said[member]


def addresses_of(text):
    first, _, last = text.partition("-")
    if last:
        return map(type(ipaddress.ip_address(first)),
                   range(int(ipaddress.ip_address(first)), int(ipaddress.ip_address(last)) + 1))
    return ipaddress.ip_network(first)


def answer_all(site, network):
    text = "\n".join(str(one) for one in network)
    _, out, _ = lookup(site, "--json", stdin=text)
    return {ipaddress.ip_address(a["address"]): a for a in map(json.loads, out.splitlines())}


# ---- of a server; test_admin.py has the interface itself ----

def test_command(site):
    with AdminServer(site / "footprintd.yaml") as running:
        ctl = Operator(site, running.admin)
        prefixes = ["192.0.2.0/23", "192.0.2.20/31", "::/0", "192.0.2.9/24"]
        code, out, err = ctl("explain", *prefixes, role="reader")
        assert (code, err) == (0, "")
        assert out == lookup(site, *prefixes)[1].split("By\n")[0].replace("footprints/", "")
        code, out, err = ctl("explain", "--json", *prefixes[:2])
        assert [json.loads(line)["prefix"] for line in out.splitlines()] == prefixes[:2]
        assert ctl("explain", "192.0.2.0/40")[0] == 1


def test_help_says_so():
    for command in ("lookup", "explain"):
        done = subprocess.run([BUILD / "footprintctl", command, "--help"], capture_output=True,
                              text=True, timeout=LIMIT)
        assert "ADDR|PREFIX..." in done.stdout
