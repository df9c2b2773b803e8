# shellcheck shell=sh
# shellcheck source=tests/scenarios/client.sh
. "$SCENARIOS/client.sh"

say "jobs on the data of" python3 place.py

# Domain B loses most of the way to its first cluster.
sed -i 's/\(border1-c1: .*capacity: \)25000000000/\15000000000/' b/footprints/b.yaml
FOOTPRINTCTL_SERVER=$FOOTPRINTCTL_SERVER_B apply b/footprints
say "jobs on the data of (B's border1-c1 is narrow)" python3 place.py

# What the two would then share is narrow too.
sed -i 's/\(border2-c2: .*capacity: \)50000000000/\130000000000/' b/footprints/b.yaml
FOOTPRINTCTL_SERVER=$FOOTPRINTCTL_SERVER_B apply b/footprints
say "jobs on the data of (and border2-c2)" python3 place.py

# In domain A a link is down.
sed -i '/^      s2-border2:/d' a/footprints/a.yaml
FOOTPRINTCTL_SERVER=$FOOTPRINTCTL_SERVER_A apply a/footprints
say "jobs on the data of (and A's s2-border2 is down)" python3 place.py
