"""The hyper-giant's mapping system: the best ingress for each prefix, one a line."""
import copies

costs = copies.read("ingress")
lines = []
for prefix, region in copies.prefixes(copies.read("regions")):
    ways = {ingress: row[region] for ingress, row in costs.items() if region in row}
    if ways:
        lines.append(f"{prefix} {min(ways, key=ways.get)}")
print(*sorted(lines), sep="\n")
