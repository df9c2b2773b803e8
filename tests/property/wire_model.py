"""What documents say on the wire, derived a second time.

A plain reading of the document format and of its rules for the wire, made for comparison with the
program and without a look at how that does it. Documents are taken as valid. Numbers stay texts.
"""
import datetime
import ipaddress
import json
import re

import yaml

TYPES = ["altopid", "asn", "countrycode", "footprintunion", "ipv4cidr", "ipv6cidr",
         "subdivisioncode"]
ONCE = {"FCI.CapacityLimits", "FCI.Telemetry"}
METADATA = """HostIndex HostMatch HostMetadata PathMatch PatternMatch PathMetadata SourceMetadata Source
LocationACL LocationRule Footprint TimeWindowACL TimeWindowRule TimeWindow ProtocolACL ProtocolRule
DeliveryAuthorization Cache Auth Grouping FallbackTarget UriSigning ACMEDelegationMethod
DelegatedCredentials""".split()
MEDIA = "application/alto-%s+json"


class Number(str):
    """A JSON number as it was written."""

    def __repr__(self):
        return f"Number({str(self)})"

    __hash__ = str.__hash__

    def __eq__(self, other):
        return isinstance(other, Number) and str.__eq__(self, other)

    def __ne__(self, other):
        return not self == other


def read_json(text):
    return json.loads(text, parse_int=Number, parse_float=Number)


class _Loader(yaml.SafeLoader):
    """YAML with the scalars of JSON only."""


_Loader.yaml_implicit_resolvers = {}
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$")
_Loader.add_implicit_resolver("!number", _NUMBER, list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(null|)$"), ["n", ""])
_Loader.add_constructor("!number", lambda loader, node: Number(node.value))


RESOLVERS = _Loader.yaml_implicit_resolvers


def _texts(loader, node):
    """A sequence, with what its plain scalars were written as."""
    items = loader.construct_sequence(node, deep=True)
    return _Sequence(items, [n.value if isinstance(n, yaml.ScalarNode) else None
                             for n in node.value])


class _Sequence(list):
    def __init__(self, items, written):
        super().__init__(items)
        self.written = written


_Loader.add_constructor("tag:yaml.org,2002:seq", _texts)


def _mapping(loader, node):
    """A mapping, with its keys as they were written."""
    return {key.value: loader.construct_object(value, deep=True) for key, value in node.value}


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_yaml(text):
    return yaml.load(text, _Loader)


def texts(values):
    """The values of a footprint type: text, whatever they look like."""
    written = getattr(values, "written", None)
    return list(written) if written else [v if isinstance(v, str) else json.dumps(v)
                                          for v in values]


# ---- footprints ----

def prefix(text):
    net = ipaddress.ip_network(text, strict=False)
    return net.version, int(net.network_address), net.prefixlen


def prefix_text(version, address, length):
    made = ipaddress.IPv4Address(address) if version == 4 else ipaddress.IPv6Address(address)
    if version == 6 and made.ipv4_mapped:
        return f"::ffff:{made.ipv4_mapped}/{length}"
    return f"{made}/{length}"


def key_of(kind, value):
    if kind in ("ipv4cidr", "ipv6cidr"):
        return prefix(value)[1:]
    if kind == "asn":
        return int(value.lower()[2:])
    if kind == "altopid":
        return value.encode()
    return value.lower().encode()


def text_of(kind, key):
    if kind == "ipv4cidr":
        return prefix_text(4, *key)
    if kind == "ipv6cidr":
        return prefix_text(6, *key)
    return f"as{key}" if kind == "asn" else key.decode()


class Footprint:
    """All constraints of a named footprint or of a list of Footprint objects; they narrow."""

    def __init__(self):
        self.values = {}  # type -> set of keys
        self.cidr = {}    # type -> set of keys, of which one family is enough
        self.unions = []

    def add(self, kind, values):
        if kind == "footprintunion":
            member = Footprint()
            for item in values:
                member.add_object(item)
            # Members are alternatives: prefixes of both families are two of them.
            for name, keys in member.cidr.items():
                member.values.setdefault(name, set()).update(keys)
            self.unions.append(union_of(member.values))
        elif kind == "cidr":
            for text in texts(values):
                name = "ipv%dcidr" % prefix(text)[0]
                self.cidr.setdefault(name, set()).add(key_of(name, text))
        else:
            keys = self.values.setdefault(kind, set())
            keys.update(key_of(kind, text) for text in texts(values))

    def add_object(self, item):
        if "footprint-type" in item:
            self.add(item["footprint-type"], item["footprint-value"])
        else:
            for kind, values in item.items():
                self.add(kind, values)

    def constraints(self, more):
        plain = {**self.values, **more}
        made = [(kind, tuple(sorted(keys))) for kind, keys in plain.items()]
        return tuple(sorted(set(made + [("footprintunion", u) for u in self.unions])))

    def sets(self):
        """The alternatives: one object for each."""
        if not self.cidr:
            return [self.constraints({})]
        return [self.constraints({name: keys}) for name, keys in sorted(self.cidr.items())]

    def one_set(self):
        if len(self.cidr) < 2:
            return self.sets()[0]
        both = ("footprintunion", union_of(self.cidr))
        return tuple(sorted({*self.constraints({}), both}))


def union_of(by_type):
    return tuple(sorted((kind, tuple(sorted(keys))) for kind, keys in by_type.items()))


def make_footprint(content):
    made = Footprint()
    for item in content if isinstance(content, list) else [content]:
        made.add_object(item)
    return made


def unite(sets):
    """One object for several names; each has one constraint."""
    merged = {}
    for (kind, keys), in sets:
        for member, more in keys if kind == "footprintunion" else [(kind, keys)]:
            merged.setdefault(member, set()).update(more)
    return (("footprintunion", union_of(merged)),)


def wire_constraint(constraint):
    kind, keys = constraint
    if kind == "footprintunion":
        values = [wire_constraint(member) for member in keys]
    else:
        values = [text_of(kind, key) for key in keys]
    return {"footprint-type": kind, "footprint-value": values}


# ---- capability values ----

def compact(value):
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{compact(k)}:{compact(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    if isinstance(value, str):
        escapes = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r",
                   "\t": "\\t"}
        return '"' + "".join(escapes.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c)
                             for c in value) + '"'
    return json.dumps(value)


def in_order(value):
    """Members by name, everywhere."""
    if isinstance(value, dict):
        return {k: in_order(value[k]) for k in sorted(value, key=lambda k: k.encode())}
    return [in_order(v) for v in value] if isinstance(value, list) else value


def members(value, *names, **how):
    """Members in the order of the definition, others by name; how: what becomes of one."""
    made = {}
    for name in names:
        if name in value:
            result = how.get(name.replace("-", "_"), lambda v: v)(value[name])
            if result is not None:
                made[name] = result
    for name in sorted(set(value) - set(names), key=lambda k: k.encode()):
        made[name] = in_order(value[name])
    return made


def text_set(values):
    return sorted(set(values), key=lambda v: v.encode())


def limit(value):
    return members(value, "id", "limit-type", "maximum-hard", "maximum-soft", "current",
                   "telemetry-source", current=lambda v: None,
                   telemetry_source=lambda v: members(v, "id", "metric"))


def limit_key(value):
    def number(name):
        return (name in value, int(value.get(name, "0")))
    return (value["limit-type"].encode(), "id" in value, value.get("id", "").encode(),
            number("maximum-hard"), number("maximum-soft"), compact(value).encode())


def source(value):
    return members(value, "id", "type", "metrics", "configuration", configuration=in_order,
                   metrics=lambda m: sorted(
                       (members(x, "name", "time-granularity", "data-percentile", "latency")
                        for x in m), key=lambda x: x["name"].encode()))


def target(value):
    made = members({k: v for k, v in value.items() if v not in ("", None, [], {})},
                   "host", "scheme", "path-prefix", "include-redirecting-host")
    return made or None


def redirect_target(value):
    return members({k: v for k, v in value.items() if v not in ("", None, [], {})},
                   "redirecting-hosts", "dns-target", "http-target", redirecting_hosts=text_set,
                   dns_target=target, http_target=target)


def metadata_name(name):
    return "MI." + name if name in METADATA else name


def canonical(kind, value):
    if kind == "FCI.DeliveryProtocol":
        return members(value, "delivery-protocols", delivery_protocols=text_set)
    if kind == "FCI.AcquisitionProtocol":
        return members(value, "acquisition-protocols", acquisition_protocols=text_set)
    if kind == "FCI.RedirectionMode":
        return members(value, "redirection-modes", redirection_modes=text_set)
    if kind == "FCI.Logging":
        return members(value, "record-type", "fields",
                       fields=lambda f: text_set(x.lower() for x in f))
    if kind == "FCI.Metadata":
        return members(value, "metadata", metadata=lambda m: text_set(map(metadata_name, m)))
    if kind == "FCI.RedirectTarget":
        return redirect_target(value)
    if kind == "FCI.CapacityLimits":
        return members(value, "limits", limits=lambda x: sorted(map(limit, x), key=limit_key))
    if kind == "FCI.Telemetry":
        return members(value, "sources",
                       sources=lambda x: sorted(map(source, x), key=lambda s: s["id"].encode()))
    if kind == "FCI.DelegatedCredentials":
        return members(value, "number-delegated-certs-supported", "PrivateKeyEncryptionKey",
                       PrivateKeyEncryptionKey=lambda k: compact(in_order(k))
                       if isinstance(k, dict) else k)
    return in_order(value)


# ---- advertisements ----

def objects_of(capability, footprints):
    """Sets of constraints, one for each wire object."""
    kind, listed = capability["capability-type"], capability["footprints"]
    if isinstance(listed[0], dict):
        made = make_footprint(listed)
        return [made.one_set()] if kind in ONCE else made.sets()
    names = texts(listed)
    if "everywhere" in names:
        return [()]
    if kind in ONCE and len(names) == 1:
        return [footprints[names[0]].one_set()]
    sets = [s for name in names for s in footprints[name].sets()]
    return [unite(sets)] if kind in ONCE else sets


def advertisement(documents, footprints):
    found = {}
    for document in documents:
        for capability in document.get("capabilities", []):
            kind = capability["capability-type"]
            value = canonical(kind, capability["capability-value"])
            for constraints in objects_of(capability, footprints):
                key = (kind.encode(), compact(value).encode(), constraints)
                wire = {"capability-type": kind, "capability-value": value}
                if constraints:
                    wire["footprints"] = [wire_constraint(c) for c in constraints]
                found[key] = wire
    return found


# ---- times ----

NOW = datetime.datetime(2026, 11, 26, 12, tzinfo=datetime.timezone.utc)


def is_open(item):
    """Whether it counts now."""
    begin, end = (item.get(key) and datetime.datetime.fromisoformat(item[key].replace("Z", "+00:00"))
                  for key in ("not-before", "not-after"))
    return (not begin or begin <= NOW) and (not end or NOW < end)


def in_force(documents):
    """The documents as they would be if what is not in force were not there."""
    withdrawn = [w for document in documents for w in document.get("withdrawals", []) if is_open(w)]
    gone = {w["footprint"] for w in withdrawn if "footprint" in w}
    types = {w["capability-type"] for w in withdrawn if "capability-type" in w}
    gone |= {name for document in documents for name, item in document.get("footprints", {}).items()
             if isinstance(item, dict) and not is_open(item)}
    made = []
    for document in documents:
        document = dict(document)
        if "footprints" in document:
            document["footprints"] = {
                name: {key: item[key] for key in item if key not in ("not-before", "not-after")}
                if isinstance(item, dict) else item
                for name, item in document["footprints"].items() if name not in gone}
        if "capabilities" in document:
            kept = []
            for capability in document["capabilities"]:
                footprints = [f for f in capability["footprints"]
                              if not isinstance(f, str) or f not in gone]
                if footprints and is_open(capability) and capability["capability-type"] not in types:
                    kept.append({**capability, "footprints": footprints})
            document["capabilities"] = kept
        made.append(document)
    return made


# ---- maps ----

def pid_prefixes(lists, footprints):
    """Its own, and those of the footprints that it is, whatever is withdrawn."""
    for name in texts(lists.get("footprints", [])):
        for kind in ("cidr", "ipv4cidr", "ipv6cidr"):
            yield from map(prefix, texts(footprints[name].get(kind, [])))
    for family in ("ipv4", "ipv6"):
        yield from map(prefix, texts(lists.get(family, [])))


def network_map(content, footprints):
    pids = {}
    for pid, lists in content["pids"].items():
        found = set(pid_prefixes(lists, footprints))
        pids[pid] = {f"ipv{version}": sorted(p[1:] for p in found if p[0] == version)
                     for version in (4, 6)}
    for family, bits in (("ipv4", 32), ("ipv6", 128)):
        nets = [key for lists in pids.values() for key in lists[family]]
        if nets and not covers_all(nets, bits):
            lists = pids.setdefault("pid-default", {"ipv4": [], "ipv6": []})
            lists[family] = sorted({*lists[family], (0, 0)})
    return {pid: {family: [prefix_text(int(family[3]), *key) for key in keys]
                  for family, keys in lists.items() if keys}
            for pid, lists in pids.items()}


def covers_all(nets, bits):
    at = 0
    for first, length in sorted(nets):
        if first > at:
            return False
        at = max(at, first + (1 << (bits - length)))
    return at == 1 << bits


def uses_altopid(keys):
    return any(kind == "altopid" or
               (kind == "footprintunion" and any(member == "altopid" for member, _ in inner))
               for key in keys for kind, inner in key[2])


# ---- everything ----

def vtag(resource):
    return {"resource-id": resource, "tag": "TAG"}


def entry(resource, media, accepts=None, uses=()):
    made = {"uri": f"/{resource}", "media-type": MEDIA % media}
    if accepts:
        made["accepts"] = MEDIA % accepts
    if uses:
        made["uses"] = list(uses)
    return made


def resources(documents):
    """{path: body} of all that a client without an identity can get; every tag is "TAG"."""
    written = {name: content for document in documents
               for name, content in document.get("footprints", {}).items()}
    documents = in_force(documents)
    footprints = {name: make_footprint(content) for document in documents
                  for name, content in document.get("footprints", {}).items()}
    shown = [document for document in documents if not document.get("audience")]
    out, directory = {}, {}

    maps = {name: content for document in shown
            for name, content in document.get("network-maps", {}).items()}
    if not maps:
        maps = {"netmap": {"pids": {"pid-default": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]}}}}
    chosen = [name for name, content in maps.items() if content.get("default")]
    default = chosen[0] if chosen else next(iter(maps))
    for name, content in maps.items():
        out[f"/{name}"] = {"meta": {"vtag": vtag(name)}, "network-map": network_map(content, written)}
        directory[name] = entry(name, "networkmap")
        directory[f"{name}-filtered"] = entry(f"{name}-filtered", "networkmap",
                                              "networkmapfilter", [name])

    by_id = {}
    for document in shown:
        if "advertisement" in document or "capabilities" in document:
            by_id.setdefault(document.get("advertisement", "cdni"), []).append(document)
    for name, parts in (by_id or {"cdni": []}).items():
        found = advertisement(parts, footprints)
        meta, uses = {"vtag": vtag(name)}, []
        if uses_altopid(found):
            meta["dependent-vtags"], uses = [vtag(default)], [default]
        wire = [found[key] for key in sorted(found)]
        out[f"/{name}"] = {"meta": meta,
                           "cdni-advertisement": {"capabilities-with-footprints": wire}}
        directory[name] = entry(name, "cdni", uses=uses)
        directory[f"{name}-filtered"] = entry(f"{name}-filtered", "cdni", "cdnifilter", uses)

    out["/directory"] = {"meta": {"default-alto-network-map": default}, "resources": directory}
    return out
