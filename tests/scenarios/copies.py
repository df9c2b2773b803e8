"""What clients in Python make of their copies of a network map and a cost map."""
import ipaddress
import json
import pathlib


def read(name):
    """The content of a copy, without its head."""
    body = json.loads(pathlib.Path("copy", name + ".json").read_text())
    body.pop("meta")
    (content,) = body.values()
    return content


def prefixes(network_map):
    """(prefix, PID), the longest prefix first."""
    found = [(ipaddress.ip_network(prefix), pid) for pid, families in network_map.items()
             for family in families.values() for prefix in family]
    return sorted(found, key=lambda item: -item[0].prefixlen)


def pid_of(table, address):
    address = ipaddress.ip_address(address)
    return next(pid for prefix, pid in table if address in prefix)
