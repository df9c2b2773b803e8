# shellcheck shell=sh
# shellcheck source=tests/scenarios/client.sh
. "$SCENARIOS/client.sh"
me=ipv4:192.0.2.7
peers='"ipv4:192.0.2.200", "ipv4:198.51.100.7", "ipv4:198.51.100.200"'

# costs: what one domain says of the way from each peer to the asking one.
costs() {
    ask endpoint-cost endpointcostparams "{\"endpoints\": {\"srcs\": [$peers], \"dsts\": [\"$me\"]},
        \"cost-type\": {\"cost-mode\": \"numerical\", \"cost-metric\": \"routingcost\"}}"
}

# The tracker adds what each domain knows: B the way of its peers to the border, A the way from there on.
decide() {
    { ALTO=$ALTO_A costs; ALTO=$ALTO_B costs; } | jq -sr '
        map(.["endpoint-cost-map"] | to_entries[]) | group_by(.key) |
        map("\(.[0].key) \(map(.value[]) | add)") | sort_by(split(" ")[1] | tonumber) | join(", ")'
}

say "peers of $me" decide
sed -i 's/b-east: {to-a: 10}/b-east: {to-a: 60}/' b/footprints/b.yaml
FOOTPRINTCTL_SERVER=$FOOTPRINTCTL_SERVER_B apply b/footprints
say "peers of $me (B's east is congested)" decide
sed -i 's/to-b: {a-city: 5}/to-b: {a-city: 25}/' a/footprints/a.yaml
FOOTPRINTCTL_SERVER=$FOOTPRINTCTL_SERVER_A apply a/footprints
say "peers of $me (and A's link to B)" decide
