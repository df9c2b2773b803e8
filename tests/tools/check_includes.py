#!/usr/bin/python3
"""Areas include downwards only: fails when a file includes an area above its own.

The order is the one of src/README.md. http and guard are the only areas that may include h2o, ctl the only one
that may include jansson or curl. Public headers lie in include/footprintd/<area>/.
"""
import pathlib
import re
import sys

ORDER = ["app", "ctl", "http", "guard", "config", "lookup", "store", "log", "updates", "snapshot", "alto",
         "paths", "join", "model", "geo", "net", "doc", "metrics", "base"]
RANK = {area: i for i, area in enumerate(ORDER)}
ONLY = {"h2o": {"http", "guard"}, "h2o.h": {"http", "guard"}, "jansson.h": {"ctl"}, "curl": {"ctl"},
        "yaml.h": {"doc"}, "maxminddb.h": {"geo"}, "sqlite3.h": {"store"}}


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    bad, seen = [], 0
    files = [(p, p.relative_to(root / "src").parts[0]) for p in (root / "src").rglob("*.[ch]")]
    # include/footprintd/lookup.h, the interface for other programs, belongs to its area.
    files += [(p, p.relative_to(root / "include/footprintd").parts[0].removesuffix(".h"))
              for p in (root / "include/footprintd").rglob("*.[ch]")]
    for path, area in sorted(files):
        seen += 1
        if area not in RANK:
            bad.append(f"{path.relative_to(root)}: area '{area}' is not in the list")
            continue
        for n, line in enumerate(path.read_text().splitlines(), 1):
            m = re.match(r'\s*#\s*include\s*([<"])([^">]+)[">]', line)
            if not m:
                continue
            target = m.group(2)
            where = f"{path.relative_to(root)}:{n}"
            if target.startswith("footprintd/"):
                other = target.split("/")[1].removesuffix(".h")
            elif m.group(1) == '"' and "/" in target and target.split("/")[0] in RANK:
                other = target.split("/")[0]
                if other != area:
                    bad.append(f"{where}: includes the private header {target} of another area")
            else:
                for lib in (target, target.split("/")[0]):
                    if lib in ONLY and area not in ONLY[lib]:
                        bad.append(f"{where}: {target} belongs to {', '.join(ONLY[lib])} only")
                continue
            if other not in RANK:
                bad.append(f"{where}: unknown area '{other}'")
            elif RANK[other] < RANK[area]:
                bad.append(f"{where}: {area} includes {other}, which lies above it")
    print("\n".join(bad) if bad else f"{seen} files include downwards only")
    return 1 if bad or not seen else 0


sys.exit(main())
