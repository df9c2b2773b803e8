# shellcheck shell=sh
# shellcheck source=tests/scenarios/client.sh
. "$SCENARIOS/client.sh"

# moved: what became of the mapping since it was made last.
moved() {
    python3 mapping.py >next.txt
    comm -13 mapping.txt next.txt | sed 's/ / -> /'
    echo "$(comm -12 mapping.txt next.txt | wc -l) prefixes stay"
    mv next.txt mapping.txt
}

follow regions ingress
echo "first copy: $(news ingress)"
: >mapping.txt
moved

# Maintenance on a long-haul link: one row of costs is another.
sed -i 's/^in-frankfurt,.*/in-frankfurt,30,10,90,95/' footprints/data/ingress.csv
apply footprints
echo "one row changes: $(news ingress)"
moved

# A prefix is moved to another region.
sed -i -e 's,\, 10.19.0.0/16,,' -e 's,\[10.48.0.0/16,[10.19.0.0/16\, 10.48.0.0/16,' footprints/network.yaml
apply footprints
echo "a prefix moves: $(news ingress)"
moved

# Munich's router is down: nothing can come in there.
sed -i '/^in-munich/d' footprints/data/ingress.csv
apply footprints
echo "a row goes: $(news ingress)"
moved
unfollow
