# shellcheck shell=sh
# shellcheck source=tests/scenarios/client.sh
. "$SCENARIOS/client.sh"

# The operator's side: the routing table and the link-state graph become maps, as one change.
publish() {
    python3 rib.py routes.txt >rib.mrt
    footprintctl import-rib --pid next-hop --network-map bgp --name bgp.yaml --output made rib.mrt
    footprintctl import-graph --metric igp --network-map igp --default --name igp.yaml --output made igp.json
    apply made
}

# A user's address belongs to a PID of the routing table, which is the border router that leads there (next hop);
# the graph says what this router is away from each cache.
decide() {
    border=$(ask endpoint-property endpointpropparams "{\"properties\": [\"bgp.pid\"], \"endpoints\": [\"$1\"]}" |
        jq -r '.["endpoint-properties"][]["bgp.pid"] | sub("nh-"; "ipv4:") | gsub("-"; ".")')
    ask endpoint-cost endpointcostparams "{\"endpoints\": {\"srcs\": [\"ipv4:10.1.0.1\", \"ipv4:10.2.0.1\"],
        \"dsts\": [\"$border\"]}, \"cost-type\": {\"cost-mode\": \"numerical\", \"cost-metric\": \"routingcost\"}}" |
        jq -r --arg border "$border" '.["endpoint-cost-map"] | to_entries | min_by(.value[]) |
            "\(.key) at \(.value[]) from \($border)"'
}
all() {
    for user in ipv4:192.0.2.7 ipv4:203.0.113.7 ipv4:203.0.113.200; do
        say "$user$1" decide $user
    done
}

mkdir made
publish
all ""

# Link state: the link from core1 to border1 is withdrawn.
jq '.links |= map(select(.from != "core1" or .to != "border1"))' igp.json >down.json
mv down.json igp.json
publish
all " (core1-border1 is down)"

# BGP: AS 64499 prefers the other border for all that it has.
sed -i 's/^203.0.113.0.25 10.255.0.1 64496/203.0.113.0\/25 10.255.0.2 64497/' routes.txt
publish
all " (AS 64499 comes by border2)"
