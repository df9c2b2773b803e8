"""Random valid documents: what the server serves is what wire_model.py derives from them.

FPD_TEST_SEED chooses the documents (a number, or "random"); FPD_TEST_ROUNDS how many sets.
"""
import json
import os
import pathlib
import random
import re

import pytest
import yaml

import programs
import wire_model

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden/documents"
ROUNDS = int(os.environ.get("FPD_TEST_ROUNDS", "25"))
TAG = re.compile(rb'("tag":\s*")[0-9A-Za-z_-]{27}"')


def seed():
    chosen = os.environ.get("FPD_TEST_SEED", "20241107")
    return random.SystemRandom().randrange(2**32) if chosen == "random" else int(chosen, 0)


SEED = seed()


# ---- documents ----

class Maker:
    """Random valid documents over names, prefixes and numbers for documentation."""

    def __init__(self, rng):
        self.rng = rng
        self.pids = ["pid-default"]
        self.ids = 0

    def some(self, items, least=1):
        return self.rng.sample(items, self.rng.randint(least, len(items)))

    def v4(self):
        length = self.rng.choice([24, 25, 26, 28, 32])
        base = self.rng.choice(["192.0.2", "198.51.100", "203.0.113"])
        step = 1 << (32 - length)
        return f"{base}.{self.rng.randrange(256) // step * step}/{length}"

    def v6(self):
        length = self.rng.choice([32, 40, 48, 64, 128])
        host = self.rng.choice(["", ":1"]) if length == 128 else ""
        middle = f":{self.rng.randrange(65536):x}" if length >= 48 else ""
        text = f"2001:db8{middle}::{host.lstrip(':')}/{length}"
        return text.upper() if self.rng.random() < 0.1 else text

    def values(self, kind):
        count = self.rng.randint(1, 5)
        if kind == "cidr":
            return [self.rng.choice([self.v4, self.v6])() for _ in range(count)]
        make = {"ipv4cidr": self.v4, "ipv6cidr": self.v6,
                "asn": lambda: f"as{self.rng.choice([64496, 64500, 64511, 65536, 65551])}",
                "countrycode": lambda: self.rng.choice(["de", "at", "ch", "no", "us", "mx"]),
                "subdivisioncode": lambda: self.rng.choice(["us-ny", "ca-on", "at-9", "de-be"]),
                "altopid": lambda: self.rng.choice(self.pids)}[kind]
        return [make() for _ in range(count)]

    def rfc_object(self, kind, values):
        pair = [("footprint-type", kind), ("footprint-value", values)]
        self.rng.shuffle(pair)
        return dict(pair)

    def union(self):
        """Members that reach both families, so that nothing beside them covers nobody."""
        members = []
        for kind in ["asn", *self.some(["countrycode", "ipv4cidr", "ipv6cidr", "cidr",
                                        "subdivisioncode", "altopid", "asn"])]:
            values = self.values(kind)
            members.append({kind: values} if kind == "cidr" or self.rng.random() < 0.5
                           else self.rfc_object(kind, values))
        self.rng.shuffle(members)
        return members

    def footprint(self):
        kinds = self.some(["cidr", "asn", "countrycode", "subdivisioncode", "altopid"])
        if self.rng.random() < 0.5:
            kinds = kinds[:1]
        if "cidr" in kinds and self.rng.random() < 0.3:
            kinds[kinds.index("cidr")] = self.rng.choice(["ipv4cidr", "ipv6cidr"])
        made = {kind: self.values(kind) for kind in kinds}
        if self.rng.random() < 0.3:
            made["footprintunion"] = self.union()
        if self.rng.random() < 0.6:
            return made
        return [{kind: values} if kind == "cidr" else self.rfc_object(kind, values)
                for kind, values in made.items()]

    def simple_footprint(self):
        kind = self.rng.choice(["cidr", "asn", "countrycode", "footprintunion"])
        return {kind: self.union() if kind == "footprintunion" else self.values(kind)}

    def new_id(self):
        self.ids += 1
        return f"id-{self.rng.randrange(1000)}-{self.ids}"

    def any_json(self, depth=3):
        choice = self.rng.randrange(8 if depth else 5)
        if choice < 5:
            return self.rng.choice([True, False, None, "text", "ü\"\\\n€", "", 0, -7, 2**70,
                                    wire_model.Number("1e400"), wire_model.Number("0.10")])
        if choice == 5:
            return [self.any_json(depth - 1) for _ in range(self.rng.randrange(4))]
        names = self.some(["b", "a", "z", "B", "é", "a b", ""])
        return {name: self.any_json(depth - 1) for name in names}

    def maybe(self, chance=0.5):
        return self.rng.random() < chance

    def value(self, kind):
        if kind == "FCI.DeliveryProtocol":
            return {"delivery-protocols": self.some(["http/1.1", "https/1.1", "http/2"], 0) * 2}
        if kind == "FCI.AcquisitionProtocol":
            return {"acquisition-protocols": self.some(["http/1.1", "https/1.1"], 0)}
        if kind == "FCI.RedirectionMode":
            return {"redirection-modes": self.some(["DNS-I", "DNS-R", "HTTP-I", "HTTP-R"])}
        if kind == "FCI.Logging":
            made = {"record-type": "cdni_http_request_v1"}
            if self.maybe():
                made["fields"] = self.some(["s-sid", "S-CCID", "s-ccid"], 0)
            return made
        if kind == "FCI.Metadata":
            return {"metadata": self.some(["MI.Cache", "MI.Auth", "Cache", "MI.Source"], 0)}
        if kind == "FCI.RedirectTarget":
            made = {}
            if self.maybe():
                made["redirecting-hosts"] = self.some(["a.ucdn.example", "B.ucdn.example:80"], 0)
            if self.maybe():
                made["dns-target"] = self.rng.choice([{}, {"host": "d.dcdn.example"}])
            if self.maybe():
                made["http-target"] = self.rng.choice([
                    {}, {"path-prefix": "/x/", "host": "[2001:db8::1]:443", "scheme": "https",
                         "include-redirecting-host": False}])
            return made
        if kind == "FCI.DelegatedCredentials":
            made = {"number-delegated-certs-supported": self.rng.randrange(10)}
            if self.maybe():
                made["PrivateKeyEncryptionKey"] = {"y": "2", "kty": "EC", "x": "1"}
            return made
        if kind == "FCI.Telemetry":
            return {"sources": [{"type": "generic", "id": self.new_id(),
                                 "metrics": [{"name": name, "latency": 5} if self.maybe()
                                             else {"name": name}
                                             for name in self.some(["m3", "m1", "m2"], 0)],
                                 "configuration": {"b": 1, "a": self.any_json(1)}}
                                for _ in range(self.rng.randint(1, 3))]}
        if kind == "FCI.CapacityLimits":
            limits = []
            for _ in range(self.rng.randint(0, 4)):
                hard = self.rng.randrange(1, 2**60)
                made = {"maximum-hard": hard, "limit-type": self.rng.choice(["egress", "requests"])}
                if self.maybe():
                    made["id"] = self.new_id()
                if self.maybe():
                    made["maximum-soft"] = self.rng.randrange(hard)
                if self.maybe(0.2):
                    made["current"] = 1
                limits.append(made)
            return {"limits": limits}
        return self.any_json() or {}

    def capability(self, names, simple):
        kind = self.rng.choice(["FCI.DeliveryProtocol", "FCI.AcquisitionProtocol",
                                "FCI.RedirectionMode", "FCI.Logging", "FCI.Metadata",
                                "FCI.RedirectTarget", "FCI.DelegatedCredentials", "FCI.Telemetry",
                                "FCI.CapacityLimits", "FCI.PrivateFeatures", "FCI.Unheard"])
        way = self.rng.random()
        if way < 0.15:
            footprints = [*self.some(names, 0), "everywhere"]
        elif way < 0.35:
            made = self.footprint()
            footprints = made if isinstance(made, list) else [made]
        elif kind in wire_model.ONCE:
            footprints = [self.rng.choice(names)] if self.maybe() else self.some(simple)
        else:
            footprints = self.some(names)
        pairs = [("capability-type", kind), ("capability-value", self.value(kind)),
                 ("footprints", footprints)]
        self.rng.shuffle(pairs)
        return dict(pairs)

    def network_map(self):
        pids, taken = {}, set()
        for pid in self.pids:
            lists = {}
            for family, make in (("ipv4", self.v4), ("ipv6", self.v6)):
                own = {}
                for _ in range(self.rng.randrange(4)):
                    text = make()
                    own[wire_model.prefix(text)] = text
                fresh = [text for key, text in own.items() if key not in taken]
                taken.update(own)
                if fresh or self.maybe(0.3):
                    lists[family] = fresh
            pids[pid] = lists
        return {"pids": pids}

    def documents(self):
        """{file name: document}"""
        parts = [{} for _ in range(self.rng.randint(1, 4))]
        for part in parts:
            if self.maybe():
                part["version"] = 1
            if self.maybe(0.3):
                part["advertisement"] = self.rng.choice(["cdni", "second", "third"])
        if self.maybe(0.6):
            self.pids = self.some(["pid-a", "pid-b", "Pid:c", "pid-default"])
            main = self.network_map()
            part = self.rng.choice(parts)
            part["network-maps"] = {"main-map": main}
            if self.maybe(0.4):
                main["default"] = True
                part["network-maps"]["a-map"] = {**self.network_map(), "default": False}
        simple = [f"simple-{i}" for i in range(3)]
        names = simple + [f"name-{i}" for i in range(5)]
        for name in names:
            made = self.simple_footprint() if name in simple else self.footprint()
            self.rng.choice(parts).setdefault("footprints", {})[name] = made
        for _ in range(self.rng.randrange(12)):
            self.rng.choice(parts).setdefault("capabilities", []).append(
                self.capability(names, simple))
        files = {}
        for number, part in enumerate(parts):
            items = list(part.items())
            self.rng.shuffle(items)
            suffix = self.rng.choice(["json", "yaml", "yml"])
            files[f"{self.rng.randrange(100):02}-{number}.{suffix}"] = dict(items)
        return files


def json_text(value):
    """JSON with Number as it is."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json_text(k)}: {json_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(json_text, value)) + "]"
    return str(value) if isinstance(value, wire_model.Number) else json.dumps(value,
                                                                              ensure_ascii=False)


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.ignore_aliases = lambda self, data: True
# Quoted, unless it is a number, a boolean or null: that a reader takes plain texts as texts is tested
# by the golden cases.
_Dumper.add_representer(str, lambda d, v: d.represent_scalar("tag:yaml.org,2002:str", v, style='"'))
_Dumper.yaml_implicit_resolvers = wire_model.RESOLVERS
for _kind in (int, wire_model.Number):
    _Dumper.add_representer(_kind, lambda d, v: d.represent_scalar("!number", str(v)))
_Dumper.add_representer(type(None),
                        lambda d, v: d.represent_scalar("tag:yaml.org,2002:null", "null"))


def write(folder, files, rng):
    for name, document in files.items():
        if name.endswith(".json"):
            text = json_text(document)
        else:
            text = yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False,
                             default_flow_style=rng.choice([True, False, None]))
        (folder / name).write_text(text, encoding="utf-8")


# ---- comparison ----

def read_back(files):
    return [wire_model.read_json(json_text(files[name])) for name in sorted(files)]


def marked(body):
    """As JSON, with tags that cannot differ by chance; a body must be JSON that anybody reads."""
    json.loads(body)
    return wire_model.read_json(TAG.sub(rb'\1TAG"', body).decode("utf-8"))


def compare(server, expected):
    for path, body in expected.items():
        status, text = server.request(path)
        assert status == 200, path
        got = marked(text)
        if path == "/directory":
            got["meta"].pop("cost-types")
            assert got["meta"] == body["meta"]
            known = {name: entry for name, entry in got["resources"].items()
                     if entry["media-type"] in KNOWN}
            assert known == body["resources"]
        else:
            assert got == body, path


KNOWN = {wire_model.MEDIA % kind for kind in ("cdni", "networkmap")}


@pytest.mark.parametrize("number", range(ROUNDS))
def test_random_documents(number, tmp_path):
    print(f"FPD_TEST_SEED={SEED}")
    rng = random.Random(f"{SEED}/{number}")
    files = Maker(rng).documents()
    folder = tmp_path / "footprints"
    folder.mkdir()
    write(folder, files, rng)
    code, findings = programs.check(folder)
    assert [f for f in findings if f["severity"] == "error"] == [] and code == 0
    with programs.Server(folder, tmp_path) as server:
        compare(server, wire_model.resources(read_back(files)))


def case_documents(case):
    made = []
    for path in sorted((case / "in").iterdir()):
        if path.is_dir():
            continue  # of costs
        text = path.read_bytes().decode("utf-8-sig")
        if case.name == "anchors":  # an anchor that is defined anew, which PyYAML refuses
            text = text.replace("d: &site", "d: &again").replace("e: *site", "e: *again")
        made.append(wire_model.read_json(text) if path.suffix == ".json"
                    else wire_model.read_yaml(text))
    return made


@pytest.mark.parametrize("case", sorted((GOLDEN / "valid").iterdir()), ids=lambda case: case.name)
def test_golden_resources(case):
    """The golden expectations are what the model derives."""
    derived = wire_model.resources(case_documents(case))
    for path, body in derived.items():
        own = case / f"{path[1:]}.json"
        expected = own if own.exists() else GOLDEN / "common" / own.name
        got = wire_model.read_json(expected.read_text())
        if path == "/directory":
            got["resources"] = {name: entry for name, entry in got["resources"].items()
                                if entry["media-type"] in KNOWN}
            del got["meta"]["cost-types"]
        assert got == body, path
