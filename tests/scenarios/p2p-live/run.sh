# shellcheck shell=sh
# shellcheck source=tests/scenarios/client.sh
. "$SCENARIOS/client.sh"
me=192.0.2.7

follow access transfer
echo "first copy: $(news transfer)"
say "neighbours of $me" python3 rank.py $me

# The link to the fibre network fills up.
sed -i s/^fibre,8,/fibre,60,/ footprints/data/transfer.csv
apply footprints
echo "costs came as a $(news transfer)"
say "neighbours of $me (fibre is congested)" python3 rank.py $me

# The peer's own prefix moves to the fibre network; new costs count only with the network map that they are of.
sed -i -e s,192.0.2.0/25,192.0.2.64/26, -e s,198.51.100.0/24,'198.51.100.0/24\, 192.0.2.0/26', footprints/network.yaml
apply footprints
echo "costs came as a $(news transfer)"
say "neighbours of $me (it has fibre now)" python3 rank.py $me
unfollow
