# shellcheck shell=sh
# shellcheck source=tests/scenarios/client.sh
. "$SCENARIOS/client.sh"

# The nearest of those that are fast enough: one hop away and not full, or farther and half idle; or the origin.
decide() {
    ask hops-filtered costmapfilter "{
        \"pids\": {\"srcs\": [\"edge-1\", \"edge-2\", \"edge-3\", \"origin\"], \"dsts\": [\"$1\"]},
        \"multi-cost-types\": [{\"cost-mode\": \"numerical\", \"cost-metric\": \"hopcount\"},
                               {\"cost-mode\": \"numerical\", \"cost-metric\": \"priv:busy\"}],
        \"or-constraints\": [[\"[0] le 1\", \"[1] le 80\"], [\"[0] ge 2\", \"[1] le 50\"]]}" |
        jq -r '.["cost-map"] | to_entries | min_by(.value[][0]).key'
}
all() {
    for cell in cell-1 cell-2; do
        say "$cell$1" decide $cell
    done
}
# busy CACHE CELL PERCENT: what the operator's monitoring does.
busy() {
    jq ".[\"$1\"][\"$2\"] = $3" footprints/data/busy.json >busy.json
    mv busy.json footprints/data/busy.json
    apply footprints
}

all ""
busy edge-1 cell-1 95
all " (a match begins in cell-1)"
busy edge-2 cell-1 70
busy edge-3 cell-1 60
all " (and everyone watches)"
busy edge-1 cell-1 40
all " (it is over)"
