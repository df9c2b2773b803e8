# shellcheck shell=sh
# shellcheck source=tests/scenarios/client.sh
. "$SCENARIOS/client.sh"
servers='["ipv4:10.1.0.1", "ipv4:10.2.0.1", "ipv4:10.3.0.1"]'

# The player: the best rendition that any server can stream to it, from the cheapest of these servers.
decide() {
    for kbps in 15000 8000 5000 2500; do
        found=$(ask endpoint-cost endpointcostparams "{\"endpoints\": {\"srcs\": $servers, \"dsts\": [\"$1\"]},
            \"multi-cost-types\": [{\"cost-mode\": \"numerical\", \"cost-metric\": \"routingcost\"},
                                   {\"cost-mode\": \"numerical\", \"cost-metric\": \"priv:stream-kbps\"}],
            \"constraints\": [\"[1] ge $kbps\"]}" |
            jq -r '.["endpoint-cost-map"] | to_entries | min_by(.value[][0]).key // empty')
        if [ -n "$found" ]; then
            echo "$kbps kbit/s from $found"
            return
        fi
    done
    echo "no video"
}
all() {
    for viewer in ipv4:192.0.2.7 ipv4:198.51.100.7; do
        say "$viewer$1" decide $viewer
    done
}

all ""
sed -i s/18000,3000/9000,3000/ footprints/data/stream.csv
apply footprints
all " (the link of server-1 is congested)"
sed -i s/25000,9000/5000,4000/ footprints/data/stream.csv
apply footprints
all " (the link of server-3 too)"
