"""footprintctl lookup against a matcher that knows nothing of it.

Random documents and databases; every boundary of every prefix, one address before and one behind.
FPD_SEED repeats a failure.
"""
import ipaddress
import json
import os
import random
import subprocess

import pytest

import mmdb
from footprintd import BUILD, LIMIT

COUNTRIES = ["de", "fr", "gb", "us"]
SUBDIVISIONS = ["de-be", "de-by", "fr-75", "gb-eng", "gb-wbk", "us-ny"]
ASNS = [64496, 64497, 64498, 65551]
ROOTS = [ipaddress.ip_network("198.51.100.0/24"), ipaddress.ip_network("203.0.113.0/24"),
         ipaddress.ip_network("2001:db8::/32"), ipaddress.ip_network("2001:db8:0:8000::/52")]


# ---- random input ----

def prefix(r, version=None):
    """Few distinct bits, so that prefixes nest, touch and repeat."""
    root = r.choice([n for n in ROOTS if version in (None, n.version)])
    size = root.max_prefixlen
    length = min(size, root.prefixlen + r.choice([0, 1, 1, 2, 3, 4, 8]))
    bits = r.getrandbits(length - root.prefixlen) if length > root.prefixlen else 0
    return ipaddress.ip_network((int(root.network_address) | bits << (size - length), length))


def some(r, values):
    return sorted(r.sample(values, r.randint(1, min(3, len(values)))))


def values_of(r, kind, pids):
    if kind == "countrycode":
        return some(r, COUNTRIES)
    if kind == "subdivisioncode":
        return some(r, SUBDIVISIONS)
    if kind == "asn":
        return [f"as{n}" for n in some(r, ASNS)]
    if kind == "altopid":
        return some(r, pids)
    version = 4 if kind == "ipv4cidr" else 6 if kind == "ipv6cidr" else None
    return sorted({str(prefix(r, version)) for _ in range(r.randint(1, 4))})


SIMPLE = ["countrycode", "subdivisioncode", "asn", "altopid", "ipv4cidr", "ipv6cidr"]


def random_footprint(r, pids):
    """{kind: values}, with cidr and one footprintunion among the kinds."""
    kinds = r.sample(["countrycode", "subdivisioncode", "asn", "altopid", "cidr"],
                     r.choice([1, 1, 1, 2, 2, 3]))
    out = {kind: values_of(r, kind, pids) for kind in kinds}
    if r.random() < 0.3:
        members = r.sample(SIMPLE, 2)
        out["footprintunion"] = [{kind: values_of(r, kind, pids)} for kind in members]
    return out


def random_pids(r):
    """PIDs whose prefixes are all distinct, and one for the rest."""
    used = {"0.0.0.0/0", "::/0"}
    pids = {}
    for i in range(r.randint(1, 4)):
        mine = {str(prefix(r)) for _ in range(r.randint(1, 3))} - used
        used |= mine
        if mine:
            pids[f"pid-{i}"] = sorted(mine)
    return {**pids, "pid-default": ["0.0.0.0/0", "::/0"]}


def random_database(r, make):
    return {str(prefix(r)): make(r) for _ in range(r.randint(1, 12))}


def random_city(r):
    country = r.choice(COUNTRIES)
    codes = [code[3:].upper() for code in SUBDIVISIONS if code.startswith(country)]
    return mmdb.place(country.upper(), r.sample(codes, r.randint(0, len(codes))))


# ---- matcher ----

def longest(networks, address):
    """The value of the longest of the networks that hold the address."""
    best = None
    for network, value in networks:
        if network.version == address.version and address in network:
            if best is None or network.prefixlen >= best[0].prefixlen:
                best = (network, value)
    return best[1] if best else None


def by_type(member):
    """The values of a map of types, with a cidr as the two types that it is on the wire."""
    out = {}
    for kind, values in member.items():
        for value in values:
            name = kind if kind != "cidr" else "ipv6cidr" if ":" in value else "ipv4cidr"
            out.setdefault(name, set()).add(value)
    return out


def wire_sets(footprint):
    """What the footprint is on the wire: one set of constraints, or one for each family of a cidr."""
    plain = by_type({k: v for k, v in footprint.items() if k not in ("cidr", "footprintunion")})
    base = {(kind, frozenset(values)) for kind, values in plain.items()}
    if "footprintunion" in footprint:
        members = {}
        for member in footprint["footprintunion"]:
            for kind, values in by_type(member).items():
                members.setdefault(kind, set()).update(values)
        base.add(("footprintunion", frozenset((k, frozenset(v)) for k, v in members.items())))
    families = by_type({"cidr": footprint.get("cidr", [])})
    return {frozenset(base | {(k, frozenset(v))}) for k, v in families.items()} or {frozenset(base)}


class World:
    def __init__(self, r):
        self.pids = random_pids(r)
        names = sorted(self.pids)
        # Equal wire objects are published once, under the first name: here every one is another.
        self.footprints, taken = {}, set()
        for i in range(r.randint(1, 12)):
            footprint = random_footprint(r, names)
            while taken & wire_sets(footprint):
                footprint = random_footprint(r, names)
            taken |= wire_sets(footprint)
            self.footprints[f"f{i:02}"] = footprint
        self.capabilities = []
        for i in range(r.randint(1, 6)):
            if r.random() < 0.15:
                where = ["everywhere"]
            else:
                where = sorted(r.sample(sorted(self.footprints),
                                        r.randint(1, min(3, len(self.footprints)))))
            self.capabilities.append((f"FCI.Test{i}", where))
        self.databases = {
            "country": random_database(r, lambda r: mmdb.place(r.choice(COUNTRIES).upper())),
            "city": random_database(r, random_city),
            "asn": random_database(r, lambda r: mmdb.place(asn=r.choice(ASNS)))}
        for name in r.sample(sorted(self.databases), r.choice([0, 0, 0, 1])):
            del self.databases[name]
        self.parsed = {name: [(ipaddress.ip_network(text), record) for text, record in db.items()]
                       for name, db in self.databases.items()}
        self.maps = [(ipaddress.ip_network(text), pid) for pid, texts in self.pids.items()
                     for text in texts]

    def write(self, directory):
        def split(texts, mark):
            return [text for text in texts if (":" in text) == mark]

        document = {
            "version": 1, "footprints": self.footprints,
            "capabilities": [{"capability-type": name, "capability-value": {"n": i},
                              "footprints": where}
                             for i, (name, where) in enumerate(self.capabilities)],
            "network-maps": {"netmap": {"pids": {
                pid: {key: found for key, mark in (("ipv4", False), ("ipv6", True))
                      if (found := split(texts, mark))}
                for pid, texts in self.pids.items()}}}}
        (directory / "footprints").mkdir()
        (directory / "footprints/a.json").write_text(json.dumps(document))
        for name, networks in self.databases.items():
            (directory / f"{name}.mmdb").write_bytes(mmdb.database(networks))
        geoip = {name: f"{name}.mmdb" for name in self.databases}
        (directory / "footprintd.yaml").write_text(json.dumps({
            "listen": [{"address": "127.0.0.1:0"}], "footprints": "footprints",
            "geoip": {**geoip, "max-age-days": 3650}}))

    def addresses(self, r):
        """Both ends of all prefixes, their neighbours, and a few in between."""
        networks = [n for n, _ in self.maps]
        networks += [n for db in self.parsed.values() for n, _ in db]
        for footprint in self.footprints.values():
            for text in footprint.get("cidr", []):
                networks.append(ipaddress.ip_network(text))
            for member in footprint.get("footprintunion", []):
                for kind, texts in member.items():
                    if kind.endswith("cidr"):
                        networks += map(ipaddress.ip_network, texts)
        out = set()
        for n in networks:
            first, last = int(n.network_address), int(n.broadcast_address)
            for value in (first - 1, first, r.randint(first, last), last, last + 1):
                if 0 <= value < 1 << n.max_prefixlen:
                    out.add(ipaddress.ip_address(value) if n.version == 4
                            else ipaddress.IPv6Address(value))
        return sorted(out, key=lambda a: (a.version, int(a)))

    def facts(self, address):
        if address.version == 6 and int(address) >> 32 == 0:
            # ::/96 of the databases is IPv4.
            found = dict.fromkeys(self.parsed)
        else:
            found = {name: longest(db, address) for name, db in self.parsed.items()}
        country = found.get("country" if "country" in self.parsed else "city") or {}
        city, asn = found.get("city") or {}, found.get("asn") or {}
        code = country.get("country", {}).get("iso_code", "").lower()
        owner = city.get("country", {}).get("iso_code", "").lower()
        return {"country": code or None,
                "subdivisions": [f"{owner}-{s['iso_code'].lower()}"
                                 for s in city.get("subdivisions", [])],
                "asn": f"as{asn['autonomous_system_number']}" if asn else None,
                "pid": longest(self.maps, address)}

    def holds(self, kind, values, address, facts):
        if kind == "footprintunion":
            return any(self.holds(k, v, address, facts)
                       for member in values for k, v in member.items())
        if kind.endswith("cidr"):
            return longest([(ipaddress.ip_network(text), True) for text in values], address) is True
        if kind == "countrycode":
            return facts["country"] in values
        if kind == "subdivisioncode":
            return bool(set(facts["subdivisions"]) & set(values))
        return facts["asn" if kind == "asn" else "pid"] in values

    def covering(self, address, facts):
        return [name for name in sorted(self.footprints)
                if all(self.holds(kind, values, address, facts)
                       for kind, values in self.footprints[name].items())]

    def answer(self, address):
        facts = self.facts(address)
        names = self.covering(address, facts)
        by = sorted((kind, name) for kind, where in self.capabilities for name in where
                    if name == "everywhere" or name in names)
        return {**facts, "footprints": names, "capabilities": by}


def ask(directory, addresses):
    done = subprocess.run([BUILD / "footprintctl", "lookup", "--config", "footprintd.yaml",
                           "--json"], cwd=directory, input="\n".join(map(str, addresses)),
                          capture_output=True, text=True, timeout=LIMIT)
    assert (done.returncode, [line for line in done.stderr.splitlines()
                              if "[mute-database]" not in line]) == (0, [])
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("number", range(25))
def test_against_matcher(number, tmp_path):
    seed = os.environ.get("FPD_SEED") or str(random.SystemRandom().getrandbits(32))
    print(f"FPD_SEED={seed}")
    r = random.Random(f"{seed}-{number}")
    world = World(r)
    world.write(tmp_path)
    addresses = world.addresses(r)
    answers = ask(tmp_path, addresses)
    assert len(answers) == len(addresses)
    inside = []
    for address, got in zip(addresses, answers):
        assert ipaddress.ip_address(got["address"]) == address
        assert {"country": got["country"], "subdivisions": got["subdivisions"], "asn": got["asn"],
                "pid": got["pids"][0]["pid"],
                "footprints": [f["name"] for f in got["footprints"]],
                "capabilities": sorted((c["capability-type"], c["footprint"])
                                       for c in got["capabilities"])} == world.answer(address)
        scope = ipaddress.ip_network(got["scope"])
        assert address in scope
        inside.append(r.randint(int(scope.network_address), int(scope.broadcast_address)))
    # The scope holds: another address of it has the same answer, and so has the scope itself.
    others = [(ipaddress.ip_address if a.version == 4 else ipaddress.IPv6Address)(i)
              for a, i in zip(addresses, inside)]
    for first, second in zip(answers, ask(tmp_path, others)):
        first.pop("address"), second.pop("address"), first.pop("notes"), second.pop("notes")
        assert first == second
