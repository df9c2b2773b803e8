# shellcheck shell=sh
# shellcheck source=tests/scenarios/client.sh
. "$SCENARIOS/client.sh"
me=ipv4:198.51.100.7
peers='"ipv4:192.0.2.7", "ipv4:198.51.100.200", "ipv4:203.0.113.7"'

# decide FROM TO: from whom to fetch, and when, if the download may begin from the one hour to the other.
decide() {
    ask endpoint-cost endpointcostparams "{\"endpoints\": {\"srcs\": [$peers], \"dsts\": [\"$me\"]},
        \"calendared\": [true], \"cost-type\": {\"cost-mode\": \"numerical\", \"cost-metric\": \"routingcost\"}}" |
        jq -r --argjson from "$1" --argjson to "$2" '
            .meta["calendar-response-attributes"][0] as $calendar |
            ($calendar["calendar-start-time"] | strptime("%a, %d %b %Y %H:%M:%S GMT")[3]) as $first |
            [.["endpoint-cost-map"] | to_entries[] | .key as $peer | .value[] | to_entries[] |
                {$peer, hour: ($first + .key * $calendar["time-interval-size"] / 3600), cost: .value} |
                select(.hour >= $from and .hour < $to)] |
            min_by(.cost, .hour, .peer) | "\(.peer) at \(.hour):00 for \(.cost)"'
}
all() {
    say "any time$1" decide 0 24
    say "in working hours$1" decide 8 16
    say "in the evening$1" decide 16 24
}

all ""
sed -i s/^campus,.*/campus,city,50,50,10,12,25,90/ footprints/data/transfer.csv
apply footprints
all " (the campus makes its backups at night now)"
