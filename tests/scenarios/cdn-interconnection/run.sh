# shellcheck shell=sh
# shellcheck source=tests/scenarios/client.sh
. "$SCENARIOS/client.sh"
user=ipv4:192.0.2.7
demand=60 # Gbit/s that the users of this network are about to want

# candidate NAME SURROGATE: what a downstream CDN says of the user: its name, cost and Gbit/s.
candidate() {
    caps=$(ask propmap-filtered propmapparams \
        "{\"entities\": [\"$user\"], \"properties\": [\"cdni.cdni-capabilities\"]}")
    cost=$(ask endpoint-cost endpointcostparams "{\"endpoints\": {\"srcs\": [\"$2\"], \"dsts\": [\"$user\"]},
        \"cost-type\": {\"cost-mode\": \"numerical\", \"cost-metric\": \"routingcost\"}}")
    echo "$caps $cost" | jq -sc --arg name "$1" '
        [.[0]["property-map"][][]?[]] as $has |
        select(any($has[]; .["capability-type"] == "FCI.DeliveryProtocol")) |
        {name: $name, cost: .[1]["endpoint-cost-map"][][],
         gbits: ([$has[]["capability-value"].limits[]? | select(.["limit-type"] == "egress")["maximum-hard"]] |
                 min / 1000000000)}'
}

# The cheapest takes what it has capacity for, the next one the rest.
decide() {
    { ALTO=$ALTO_NORTH candidate north ipv4:10.1.0.1; ALTO=$ALTO_SOUTH candidate south ipv4:10.2.0.1; } |
        jq -sr --argjson demand "$demand" '
            reduce sort_by(.cost)[] as $cdn ({rest: $demand, shares: []};
                ([.rest, $cdn.gbits] | min) as $share |
                if $share > 0 then .rest -= $share | .shares += ["\($cdn.name) \($share)"] else . end) |
            .shares + if .rest > 0 then ["own caches \(.rest)"] else [] end | join(", ")'
}

say "$demand Gbit/s" decide

sed -i s/40000000000/15000000000/ north/footprints/north.yaml
FOOTPRINTCTL_SERVER=$FOOTPRINTCTL_SERVER_NORTH apply north/footprints/north.yaml
say "$demand Gbit/s (a line card of north is down)" decide

sed -i 's/metro: 25}/metro: 5}/' south/footprints/south.yaml
FOOTPRINTCTL_SERVER=$FOOTPRINTCTL_SERVER_SOUTH apply south/footprints/south.yaml
say "$demand Gbit/s (south peers directly)" decide

FOOTPRINTCTL_SERVER=$FOOTPRINTCTL_SERVER_SOUTH footprintctl withdraw metro >&2
say "$demand Gbit/s (south is out of service)" decide
