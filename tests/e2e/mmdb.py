"""Small MMDB files for tests: a tree of IPv6 with IPv4 below ::/96, records of 28 bits."""
import ipaddress
import struct


def _head(kind, size):
    """Type and size of a value; sizes below 285 are all that is needed."""
    first, rest = (size, b"") if size < 29 else (29, bytes([size - 29]))
    if kind > 7:
        return bytes([first, kind - 7]) + rest
    return bytes([kind << 5 | first]) + rest


def encode(value):
    if isinstance(value, str):
        raw = value.encode()
        return _head(2, len(raw)) + raw
    if isinstance(value, int):
        raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return _head(6 if value < 1 << 32 else 9, len(raw)) + raw
    if isinstance(value, list):
        return _head(11, len(value)) + b"".join(map(encode, value))
    return _head(7, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())


def place(country=None, subdivisions=(), asn=None):
    """A record in the schema of GeoLite2."""
    record = {}
    if country:
        record["country"] = {"iso_code": country}
    if subdivisions:
        record["subdivisions"] = [{"iso_code": code} for code in subdivisions]
    if asn is not None:
        record["autonomous_system_number"] = asn
    return record


def database(networks, kind="Test", epoch=1_700_000_000):
    """The bytes of a file: networks maps prefixes to records; the longest one wins."""
    nodes = [[None, None]]  # None: nothing; int: a node; bytes: an encoded record

    def insert(network, leaf):
        bits, length = int(network.network_address), network.prefixlen
        if network.version == 4:
            length += 96
        node = 0
        for depth in range(length - 1):
            side = bits >> (127 - depth) & 1
            below = nodes[node][side]
            if not isinstance(below, int):
                nodes.append([below, below])
                below = nodes[node][side] = len(nodes) - 1
            node = below
        if length:
            nodes[node][bits >> (128 - length) & 1] = leaf
        else:
            nodes[0] = [leaf, leaf]

    parsed = [(ipaddress.ip_network(text), record) for text, record in networks.items()]
    # Within the tree: IPv4 lies below ::/96, so that lengths of both families compare.
    for network, record in sorted(parsed, key=lambda x: x[0].prefixlen +
                                  (96 if x[0].version == 4 else 0)):
        insert(network, encode(record))
    data, offsets = b"", {}
    for pair in nodes:
        for leaf in pair:
            if isinstance(leaf, bytes) and leaf not in offsets:
                offsets[leaf] = len(data)
                data += leaf

    def record_of(side):
        if side is None:
            return len(nodes)
        return side if isinstance(side, int) else len(nodes) + 16 + offsets[side]

    tree = b""
    for left, right in (map(record_of, pair) for pair in nodes):
        tree += struct.pack(">I", left)[1:] + bytes([left >> 24 << 4 | right >> 24])
        tree += struct.pack(">I", right)[1:]
    metadata = (_head(7, 8) + encode("node_count") + encode(len(nodes)) +
                encode("record_size") + _short(28) + encode("ip_version") + _short(6) +
                encode("database_type") + encode(kind) + encode("languages") + encode([]) +
                encode("binary_format_major_version") + _short(2) +
                encode("binary_format_minor_version") + _short(0) +
                encode("build_epoch") + _long(epoch))
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + metadata


def _short(value):
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return _head(5, len(raw)) + raw


def _long(value):
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return _head(9, len(raw)) + raw
