"""Makes routing tables: TABLE_DUMP_V2 (RFC 6396) and pfx2as."""
import ipaddress
import struct

SET, SEQUENCE, CONFED_SEQUENCE, CONFED_SET = 1, 2, 3, 4


def record(type, subtype, body, time=1700000000):
    return struct.pack(">IHHI", time, type, subtype, len(body)) + body


def peers(*list, name=b"view"):
    """Of (address, AS); AS numbers of four bytes where two do not suffice."""
    body = bytes(4) + struct.pack(">H", len(name)) + name + struct.pack(">H", len(list))
    for address, asn in list:
        address = ipaddress.ip_address(address)
        wide = asn > 65535
        body += struct.pack(">B4x", (address.version == 6) | wide << 1)
        body += address.packed + struct.pack(">I" if wide else ">H", asn)
    return record(13, 1, body)


def attribute(type, value, flags=0x40, extended=False):
    if extended or len(value) > 255:
        return struct.pack(">BBH", flags | 0x10, type, len(value)) + value
    return struct.pack(">BBB", flags, type, len(value)) + value


def path(*segments):
    """Numbers are one sequence; otherwise (kind, [numbers])."""
    if segments and isinstance(segments[0], int):
        segments = [(SEQUENCE, segments)]
    return attribute(2, b"".join(struct.pack(">BB", kind, len(numbers)) +
                                 struct.pack(f">{len(numbers)}I", *numbers)
                                 for kind, numbers in segments))


def next_hop(*addresses, whole=False):
    packed = b"".join(ipaddress.ip_address(a).packed for a in addresses)
    if len(packed) == 4:
        return attribute(3, packed)
    value = struct.pack(">B", len(packed)) + packed
    return attribute(14, b"\x00\x02\x01" + value + b"\x00" if whole else value, flags=0x80)


def route(peer, attributes, path_id=None):
    extra = b"" if path_id is None else struct.pack(">I", path_id)
    return struct.pack(">HI", peer, 0) + extra + struct.pack(">H", len(attributes)) + attributes


def rib(prefix, *routes, add_path=False, number=0):
    network = ipaddress.ip_network(prefix)
    body = struct.pack(">IB", number, network.prefixlen)
    body += network.network_address.packed[:(network.prefixlen + 7) // 8]
    body += struct.pack(">H", len(routes)) + b"".join(routes)
    subtype = {(4, False): 2, (6, False): 4, (4, True): 8, (6, True): 10}[network.version, add_path]
    return record(13, subtype, body)


def table(rows, peer=("192.0.2.1", 64496)):
    """Of one peer: prefix -> AS path."""
    return peers(peer) + b"".join(rib(prefix, route(0, path(*numbers)))
                                  for prefix, numbers in rows.items())


def pfx2as(rows):
    return "".join("{}\t{}\t{}\n".format(*prefix.split("/"), origin)
                   for prefix, origin in rows.items())
