"""What the soak serves: a directory of documents that change, and databases that are replaced."""
import json
import os
import random
import shutil

import benchlib
import mmdb
import update_site
from updates import without_one

RESOURCES = ["netmap", "cdni", "propmap", "num-routingcost"]


def write(path, data):
    """As a whole, as careful people and programs do."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(data if isinstance(data, bytes) else data.encode())
    os.replace(beside, path)


def make_databases(folder, variant):
    """Small ones, whose content differs by the variant."""
    folder.mkdir(exist_ok=True)
    codes = ["DE", "AT", "CH", "FR", "US"]
    places = {f"{a}.0.0.0/8": mmdb.place(country=codes[(a + variant) % 5]) for a in range(1, 100)}
    numbers = {f"{a}.0.0.0/8": mmdb.place(asn=64496 + (a + variant) % 9) for a in range(1, 100)}
    now = int(benchlib.time.time())
    write(folder / "country.mmdb", mmdb.database(places, "GeoLite2-Country", now))
    write(folder / "asn.mmdb", mmdb.database(numbers, "GeoLite2-ASN", now))
    return {name: str(folder / f"{name}.mmdb") for name in ("country", "asn")}


class Content:
    """Generated documents, and two whose contents are numbered: one is changed as a file, one by the
    admin interface."""

    def __init__(self, folder, size, databases):
        self.folder, self.databases = folder, databases
        shutil.copytree(benchlib.documents(size), folder)
        self.originals = {p: p.read_text() for p in sorted(folder.glob("*.yaml"))}
        self.lost = set()
        self.number = 0
        write(folder / "world.json", self.world())

    def world(self):
        """The network map, and so the cost map, and a capability change with every number."""
        self.number += 1
        n = self.number
        pid_a = ["192.0.2.0/25"] + [f"10.{n % 250}.{i}.0/24" for i in range(n % 7)]
        return json.dumps(update_site.world(n, pid_a, ("198.51.100.0/24", f"2001:db8:{n % 65536:x}::/48")))

    def edit(self):
        write(self.folder / "world.json", self.world())

    def edit_generated(self):
        """A generated document loses a prefix, or gets it back."""
        path = random.choice(list(self.originals))
        text = self.originals[path]
        if path not in self.lost:
            try:
                text = without_one(text)
            except RuntimeError:
                return
        write(path, text)
        self.lost ^= {path}

    def settle(self, needle):
        """The last edit of a round, which can be told from all others."""
        document = json.loads(self.world())
        document["capabilities"].append({
            "capability-type": "FCI.Settled", "capability-value": {"round": needle},
            "footprints": ["everywhere"]})
        write(self.folder / "world.json", json.dumps(document))

    def text_of_admin(self, n):
        return json.dumps({"version": 1, "capabilities": [{
            "capability-type": "FCI.ChangedByAdmin", "capability-value": {"n": n},
            "footprints": [{"footprint-type": "ipv4cidr", "footprint-value": [f"203.0.113.{n % 256}/32"]}]}]})
