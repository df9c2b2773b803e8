"""Lines of a prefix, its next hop and its AS path, as the routing table that a route reflector dumps (MRT)."""
import sys

import mrt

sys.stdout.buffer.write(mrt.peers(("10.255.0.9", 64500)))
for line in open(sys.argv[1]):
    prefix, hop, *path = line.split()
    attributes = mrt.path(*map(int, path)) + mrt.next_hop(hop)
    sys.stdout.buffer.write(mrt.rib(prefix, mrt.route(0, attributes)))
