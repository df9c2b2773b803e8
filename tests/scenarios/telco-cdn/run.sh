# shellcheck shell=sh
# shellcheck source=tests/scenarios/client.sh
. "$SCENARIOS/client.sh"

# The request router: of the caches that deliver for this subscriber, the one that ranks first.
decide() {
    caches=$(ask propmap-filtered propmapparams \
        "{\"entities\": [\"$1\"], \"properties\": [\"seoul.cdni-capabilities\",
            \"daejeon.cdni-capabilities\", \"busan.cdni-capabilities\"]}" |
        jq -c '[.["property-map"][][][] | select(.["capability-type"] == "FCI.RedirectTarget") |
            "ipv4:" + .["capability-value"]["http-target"].host]')
    ask endpoint-cost endpointcostparams "{\"endpoints\": {\"srcs\": $caches, \"dsts\": [\"$1\"]},
        \"cost-type\": {\"cost-mode\": \"ordinal\", \"cost-metric\": \"routingcost\"}}" |
        jq -r '.["endpoint-cost-map"] | to_entries | min_by(.value[]).key'
}
all() {
    for subscriber in ipv4:192.0.2.7 ipv4:198.51.100.7 ipv6:2001:db8:3::7; do
        say "$subscriber$1" decide $subscriber
    done
}

all ""
footprintctl withdraw by-seoul -m 'new disks' >&2
all " (Seoul's cache is in maintenance)"
footprintctl withdraw --back by-seoul >&2
all " (it is back)"
