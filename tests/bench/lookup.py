#!/usr/bin/python3
"""Look-ups on one processor beside what one would write without a join, with databases of real scale.

usage: lookup.py [--sizes 100k,1m] [--rounds 9] [--cpu 0]

Address to answer id, to attributes, and from text, for random and for zipf-distributed clients,
independent (T) and one after another (D): see lookup.c. The obvious implementation is libmaxminddb
over two databases with the values of country and AS number, and a longest-prefix match over the
prefixes of the documents in a radix tree of one bit a level; with a hash table for each length
beside it. Nanoseconds are processor time: what others do on the machine is not counted, but they
share its caches. Medians of the rounds, and the least of them as best.
"""
import argparse
import sys

import benchlib
import realdata
from benchlib import BUILD, Goals, table

NAMES = (("answer_t", "answer id, T"), ("answer_d", "answer id, D"),
         ("attributes_t", "attributes, T"), ("attributes_d", "attributes, D"),
         ("text_parse", "text to address"), ("text_answer", "text to answer id"),
         ("binary_t", "binary search over the ranges"),
         ("mmdb_country", "MMDB country, look-up alone"),
         ("mmdb_both", "two MMDBs with values"), ("lpm_radix", "longest prefix: radix"),
         ("lpm_by_length", "longest prefix: hash a length"), ("obvious", "obvious implementation"))
LISTS = ("v4.random", "v4.zipf", "v6.random", "v6.zipf")
MIB = 1 << 20
TABLE_MIB = {"100k": 4, "1m": 8}


def check_goals(size, m, goals):
    ns = {key: values[0] for key, values in m.items() if "." in key}
    for family, most, least in (("v4", 10, 150), ("v6", 45, 80)):
        name = f"{size} {family}"
        key = f"{family}.random"
        bits = 4 if family == "v4" else 6
        goals.at_most(f"{name}: table", m[f"table{bits}_bytes"][0] / MIB, TABLE_MIB.get(size, 8),
                      " MiB")
        if size != "100k":
            continue
        goals.at_most(f"{name}: address to answer id", ns[f"{key}.answer_t"], most, " ns")
        goals.at_least(f"{name}: times the obvious implementation",
                       ns[f"{key}.obvious"] / ns[f"{key}.answer_t"], least, "x")
        goals.at_most(f"{name}: attributes", ns[f"{key}.attributes_t"], 20, " ns")
        goals.at_least(f"{name}: text to answer id", 1e3 / ns[f"{key}.text_answer"],
                       20 if family == "v4" else 8, " M/s")
    if size == "100k":
        goals.at_most("attribute tables, both families", m["attributes_bytes"][0] / MIB, 8, " MiB")
    goals.holds(f"{size}: {m['checked'][0]:.0f} addresses have the country and AS number that "
                "libmaxminddb finds", m["wrong_attributes"][0] == 0)
    goals.holds(f"{size}: their answers have the longest prefix", m["wrong_prefixes"][0] == 0)
    goals.holds(f"{size}: {m['searched'][0]:.0f} look-ups agree with a search",
                m["wrong_ids"][0] == 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="100k,1m")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--cpu", type=int, default=0)
    args = parser.parse_args()
    program = BUILD / "tests/bench_lookup"
    benchlib.need(program)
    databases = realdata.databases()
    goals = Goals()
    print(f"lookup: {benchlib.machine()}; medians (best) of {args.rounds} rounds\n"
          f"{realdata.SOURCE}\n")
    for size in args.sizes.split(","):
        documents = realdata.documents(size)
        m = realdata.run_pinned(args.cpu, program, "--rounds", args.rounds, *databases, documents)
        print(f"{size}: {m['prefixes'][0]:.0f} prefixes, {m['answers'][0]:.0f} answers, "
              f"{m['ranges4'][0]:.0f} ranges of IPv4 and {m['ranges6'][0]:.0f} of IPv6; tables "
              f"{m['table4_bytes'][0] / MIB:.2f} and {m['table6_bytes'][0] / MIB:.2f} MiB, "
              f"attributes {m['attributes_bytes'][0] / MIB:.2f} MiB\n")
        rows = [[title, *(f"{m[f'{where}.{name}'][0]:.1f} ({m[f'{where}.{name}'][1]:.1f})"
                          for where in LISTS)] for name, title in NAMES]
        rows.append(["obvious : answer id, T",
                     *(f"{m[f'{w}.obvious'][0] / m[f'{w}.answer_t'][0]:.0f}x" for w in LISTS)])
        rows.append(["two MMDBs with values : answer id, T",
                     *(f"{m[f'{w}.mmdb_both'][0] / m[f'{w}.answer_t'][0]:.0f}x" for w in LISTS)])
        rows.append(["with a hash a length : answer id, T",
                     *(f"{(m[f'{w}.mmdb_both'][0] + m[f'{w}.lpm_by_length'][0]) / m[f'{w}.answer_t'][0]:.0f}x"
                       for w in LISTS)])
        table(["ns an address", *LISTS], rows)
        check_goals(size, m, goals)
    return 1 if goals.print() else 0


if __name__ == "__main__":
    sys.exit(main())
