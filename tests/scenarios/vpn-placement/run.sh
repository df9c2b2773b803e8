# shellcheck shell=sh
# shellcheck source=tests/scenarios/client.sh
. "$SCENARIOS/client.sh"

# The customer's own view of the server: get and ask of client.sh use it.
curl() {
    command curl --digest -u "$customer" "$@"
}

# Where the endpoint of the VPN goes: no site is farther away than this many microseconds, and their sum is least.
decide() {
    ask vpn-a-delay-filtered costmapfilter "{\"constraints\": [\"le $1\"],
        \"cost-type\": {\"cost-mode\": \"numerical\", \"cost-metric\": \"delay-ow\"},
        \"pids\": {\"srcs\": [\"dc-north\", \"dc-middle\", \"dc-south\"],
                 \"dsts\": [\"site-hq\", \"site-plant\", \"site-shop\"]}}" |
        jq -r '.["cost-map"] | to_entries | map(select(.value | length == 3)) |
            if . == [] then "nowhere" else min_by(.value | add).key end'
}

customer='customer-a:a secret of A'
say "all within 15 ms" decide 15000
say "all within 25 ms" decide 25000

sed -i s/8000,7000,12000/8000,7000,22000/ footprints/data/vpn-a-delay.csv
apply footprints
say "all within 15 ms (a detour to the shop)" decide 15000
say "all within 25 ms (a detour to the shop)" decide 25000

# Of another customer's VPN nothing is seen.
customer='customer-b:a secret of B'
found=$(curl -sSf "$ALTO/" | jq '.resources | keys | map(select(test("vpn"))) | length')
echo "customer-b finds: $found resources of it"
echo "customer-b asks for vpn-a: $(curl -sS -o answer.json -w '%{http_code}' "$ALTO/vpn-a")"
