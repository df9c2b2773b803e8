#!/usr/bin/python3
"""Makes footprint documents of a real shape and size, for benchmarks and tests.

Every document is one operator ("dCDN"): the announced networks of a few autonomous systems, whose
sizes are heavy-tailed, so that announcements nest as they do in the routing table. A tenth of the
networks is followed by a de-aggregated part (/25 to /32, /49 to /64), a twentieth is given to a
second operator as well. Most operators also have countries, AS numbers and subdivisions. Each
document publishes one FCI.DeliveryProtocol and one FCI.CapacityLimits over all its footprints.

The networks come from a model of the routing table (--source synthetic: no data of others, but
prefixes that look real, so its output is no example for people), or from the text dump of the
IPFire Location database (--source libloc --dump FILE, by make_loc_dump.sh; CC BY-SA 4.0: what is
made of it is not to be committed). The same arguments give the same bytes.
"""
import argparse
import collections
import os
import pathlib
import random
import socket
import sys

SIZES = {"1k": (1000, 20), "100k": (100000, 200), "1m": (1000000, 1000)}
PREFIXES_MAX = 4000000  # what the modelled IPv4 space holds with room to spare

BITS = {4: 32, 6: 128}
DEAGGREGATED = {4: (25, 32), 6: (49, 64)}  # lengths of caches in a POP, of enterprise lines
DEAGGREGATE, SHARE, DEAGGREGATE_TO_OTHER = 0.10, 0.05, 0.30

# ISO 3166-1 alpha-2; in the synthetic world the first ones hold the most networks.
COUNTRIES = (
    "us br cn in ru de gb au ca fr jp id it nl ua pl bd ar mx kr es ro se hk za tr ch co cz at "
    "vn ir th bg my sg no ph pk cl be fi dk hu nz tw ng eg pe ke ec rs kz gr il pt ie ae sk lt "
    "hr lv ee si by ge am az md mk al ba me lu is mt cy li mc sm ad va dz ma tn ly sd et tz ug "
    "gh ci sn cm ao mz zm zw na bw mg mu rw bi mw ls sz ga cg cd cf td ne ml bf tg bj gn sl lr "
    "gm gw cv st gq dj so er km sc ss sa iq jo lb sy ye om qa kw bh ps af uz tm kg tj mn np lk "
    "bt mv mm la kh bn tl pg fj sb vu nc pf ws to ki tv nr pw fm mh gu mp as ck nu cr pa gt hn "
    "sv ni bz cu do ht jm tt bb bs lc vc gd ag dm kn pr vi ky bm tc vg ai ms aw cw sx bq mf bl "
    "gp mq gf gy sr ve bo py uy fk gl fo").split()

# Lengths of announcements and their weights, of blocks and of parts announced within them.
BLOCKS = {4: ((24, 46), (23, 13), (22, 18), (21, 8), (20, 7), (19, 4), (18, 2), (17, 1), (16, 1)),
          6: ((48, 44), (32, 26), (29, 6), (36, 6), (40, 8), (44, 8), (47, 2))}
PARTS = {4: ((24, 78), (23, 9), (22, 8), (21, 3), (20, 2)), 6: ((48, 80), (40, 12), (36, 8))}
NESTED = 0.45  # announcements that lie within another of the same AS
IPV4_SHARE = 0.84


class Space:
    """The unicast space of one family, given out in aligned blocks of any size.

    Blocks come from a shuffled list of /14 or /24 regions, a few of them open at a time, so that
    neighbours in the table belong to different holders."""

    REGION = {4: 14, 6: 24}
    OPEN = 24

    def __init__(self, family, rnd):
        self.family, self.rnd, self.bits = family, rnd, BITS[family]
        length = self.REGION[family]
        if family == 4:
            # Without 0, 10, 127 and the octets that hold special-purpose and documentation blocks.
            octets = [o for o in range(1, 224) if o not in (10, 100, 127, 169, 172, 192, 198, 203)]
            self.regions = [(o << 6 | i) << 18 for o in octets for i in range(64)]
        else:
            registries = (0x2400, 0x2600, 0x2800, 0x2a00, 0x2c00)
            self.regions = [(r << 112) | (i << 104) for r in registries for i in range(4096)]
        rnd.shuffle(self.regions)
        self.size = 1 << (self.bits - length)
        self.open = []

    def take(self, length):
        size = 1 << (self.bits - length)
        if len(self.open) < self.OPEN and self.regions:
            self.open.append([self.regions.pop(), 0])
        at = self.rnd.randrange(len(self.open))
        region = self.open[at]
        offset = (region[1] + size - 1) & -size
        if offset + size > self.size:
            self.open.pop(at)
            if not self.open and not self.regions:
                raise SystemExit("gen_footprints: the modelled address space is used up")
            return self.take(length)
        region[1] = offset + size
        return region[0] + offset


def synthetic_systems(rnd):
    """Endless: (AS number, [(family, address, length)]), by a model of the routing table."""
    spaces = {4: Space(4, rnd), 6: Space(6, rnd)}
    draw = {}
    for name, table in (("block", BLOCKS), ("part", PARTS)):
        for family, rows in table.items():
            draw[name, family] = [length for length, weight in rows for _ in range(weight)]
    numbers = list(range(1, 64496)) + list(range(131072, 402000))
    rnd.shuffle(numbers)
    for number in numbers:
        count = min(int(rnd.paretovariate(0.95)), 9000)
        blocks = {4: [], 6: []}
        networks = []
        for _ in range(count):
            family = 4 if rnd.random() < IPV4_SHARE else 6
            length = rnd.choice(draw["part", family])
            if rnd.random() < NESTED and blocks[family]:
                within, shorter = rnd.choice(blocks[family])
                if length > shorter:
                    part = rnd.getrandbits(length - shorter)
                    networks.append((family, within + (part << (BITS[family] - length)), length))
                    continue
            length = rnd.choice(draw["block", family])
            address = spaces[family].take(length)
            blocks[family].append((address, length))
            networks.append((family, address, length))
        yield number, networks


def read_dump(path):
    """Announced networks by AS, and how many networks each country holds."""
    systems = collections.defaultdict(list)
    countries = collections.Counter()
    record = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line[0] == "#":
                continue
            name, colon, value = line.partition(":")
            if colon:
                record[name] = value.strip()
                continue
            network, number = record.get("net"), record.get("aut-num")
            if network:
                country = record.get("country", "").lower()
                if country.isalpha() and len(country) == 2:
                    countries[country] += 1
                if number:
                    systems[int(number.removeprefix("AS"))].append(network)
            record = {}
    return systems, countries


def parse_network(text):
    address, _, length = text.partition("/")
    family = 6 if ":" in address else 4
    packed = socket.inet_pton(socket.AF_INET6 if family == 6 else socket.AF_INET, address)
    return family, int.from_bytes(packed, "big"), int(length)


def dump_systems(systems, rnd):
    numbers = sorted(systems)
    rnd.shuffle(numbers)
    for number in numbers:
        yield number, [parse_network(network) for network in systems[number]]


def format_network(family, address, length):
    if family == 4:
        return (f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"
                f"/{length}")
    return f"{socket.inet_ntop(socket.AF_INET6, address.to_bytes(16, 'big'))}/{length}"


def deaggregate(network, rnd):
    family, address, length = network
    longer = max(length, rnd.randint(*DEAGGREGATED[family]))
    part = rnd.getrandbits(longer - length) if longer > length else 0
    return family, address + (part << (BITS[family] - longer)), longer


class Operators:
    """Who has which networks, until there are `wanted` of them."""

    def __init__(self, wanted, count):
        self.networks = [({}, {}) for _ in range(count)]  # dictionaries: ordered sets
        self.left = wanted

    def give(self, network, operator):
        mine = self.networks[operator][network[0] == 6]
        if self.left and network not in mine:
            mine[network] = None
            self.left -= 1


def share_out(systems, wanted, count, rnd):
    operators = Operators(wanted, count)
    numbers, known = [], []
    quota = max(1, wanted // count)
    operator = taken = 0
    for number, networks in systems:
        if not operators.left:
            break
        numbers.append(number)
        for network in networks:
            operators.give(network, operator)
            taken += 1
            if rnd.random() < SHARE:
                operators.give(network, rnd.randrange(count))
            if rnd.random() < DEAGGREGATE:
                part = deaggregate(network, rnd)
                other = rnd.random() < DEAGGREGATE_TO_OTHER
                operators.give(part, rnd.randrange(count) if other else operator)
        known.extend(networks)
        if taken >= quota:
            operator, taken = (operator + 1) % count, 0
    # More was asked for than is announced: parts of what there is.
    while operators.left:
        operators.give(deaggregate(rnd.choice(known), rnd), rnd.randrange(count))
    return operators.networks, numbers


def draw_attributes(numbers, countries, rnd):
    """Footprints of an operator beside its prefixes: (name, type, values)."""
    names, weights = list(countries), list(countries.values())
    here = sorted(set(rnd.choices(names, weights, k=rnd.randint(0, 3))))
    asns = sorted(rnd.sample(numbers, min(rnd.randint(0, 5), len(numbers))))
    subdivisions = sorted({f"{rnd.choices(names, weights)[0]}-{rnd.randint(1, 30):02d}"
                           for _ in range(rnd.randint(0, 2))})
    return [("cc", "countrycode", here), ("asn", "asn", [f"as{n}" for n in asns]),
            ("sub", "subdivisioncode", subdivisions)]


def write_document(path, operator, networks, attributes, notice):
    name = f"dcdn-{operator:04d}"
    prefixes = [format_network(*n) for family in networks for n in family]
    lines = [f"# {notice}", "version: 1", "footprints:"]
    names = []
    for part, kind, values in [("net", "cidr", prefixes), *attributes]:
        if values:
            names.append(f"{name}-{part}")
            lines += [f"  {names[-1]}:", f"    {kind}:"]
            lines += [f'      - "{value}"' for value in values]
    if not names:
        names.append(f"{name}-none")
        lines += [f"  {name}-none:", "    asn:", '      - "as64496"']
    listed = ", ".join(names)
    lines += ["capabilities:",
              "  - capability-type: FCI.DeliveryProtocol",
              "    capability-value: {delivery-protocols: [http/1.1, https/1.1]}",
              f"    footprints: [{listed}]",
              "  - capability-type: FCI.CapacityLimits",
              f"    capability-value: {{limits: [{{id: {name}, limit-type: egress, "
              f"maximum-hard: {(operator + 1) * 10**9}}}]}}",
              f"    footprints: [{listed}]", ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def parse_args(argv):
    parser = argparse.ArgumentParser(
        description="Makes footprint documents of a real shape and size.")
    parser.add_argument("--prefixes", required=True, help="1k, 100k, 1m or a number")
    parser.add_argument("--documents", type=int, help="default: 20, 200, 1000, else by prefixes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--source", choices=("synthetic", "libloc"), default="synthetic")
    parser.add_argument("--dump", help="with --source libloc: what make_loc_dump.sh wrote")
    parser.add_argument("--out", required=True, help="a folder that is empty or does not exist")
    args = parser.parse_args(argv)
    size = args.prefixes.lower()
    if size in SIZES:
        args.prefixes, documents = SIZES[size]
    elif size.isascii() and size.isdigit() and 1 <= int(size) <= PREFIXES_MAX:
        args.prefixes = int(size)
        documents = min(1000, max(1, args.prefixes // 100))
    else:
        parser.error(f"--prefixes: 1k, 100k, 1m or 1 to {PREFIXES_MAX}, not '{args.prefixes}'")
    args.documents = documents if args.documents is None else args.documents
    if not 1 <= args.documents <= 10000:
        parser.error("--documents: 1 to 10000")
    if (args.source == "libloc") != bool(args.dump):
        parser.error("--source libloc and --dump go together")
    return args


def main(argv=None):
    args = parse_args(argv)
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    if any(os.scandir(out)):
        raise SystemExit(f"gen_footprints: {out} is not empty")
    rnd = random.Random(f"{args.source} {args.seed} {args.prefixes} {args.documents}")
    if args.source == "libloc":
        dump, countries = read_dump(args.dump)
        systems = dump_systems(dump, rnd)
        notice = "Made-up operators over networks of the IPFire Location database, CC BY-SA 4.0."
    else:
        systems = synthetic_systems(rnd)
        countries = {code: 1 / (rank + 1) for rank, code in enumerate(COUNTRIES)}
        notice = "Made-up operators, networks and numbers, for tests and benchmarks."
    networks, numbers = share_out(systems, args.prefixes, args.documents, rnd)
    size = 0
    for operator, mine in enumerate(networks):
        path = out / f"dcdn-{operator:04d}.yaml"
        write_document(path, operator, mine, draw_attributes(numbers, countries, rnd), notice)
        size += path.stat().st_size
    v4, v6 = (sum(len(mine[i]) for mine in networks) for i in (0, 1))
    print(f"{v4 + v6} prefixes ({v4} IPv4, {v6} IPv6) of {len(numbers)} AS, "
          f"{args.documents} documents, {size} bytes")


if __name__ == "__main__":
    sys.exit(main())
