#!/bin/bash
# docker/compose.yaml, really run, as root: bash tests/full/compose.sh [IMAGE.tar]
#
# By podman-compose, with images that are made here (tests/full/container.sh): no registry is asked. In
# namespaces of its own, so that networks and published ports meet nothing of this machine. Prometheus is Debian's, by an
# override file. Grafana, which Debian does not have, is left out; its dashboard is looked at by
# tests/full/test_prometheus.py. IMAGE.tar is what tests/full/image.sh has built and saved; without it, it is built.
# Ends with 77 where the kernel has no networks of containers.
set -euo pipefail
cd "$(dirname "$0")/../.."

# ---- outside: the images ----

if [ "${1:-}" != --apart ]; then
    . tests/full/container.sh
    need podman-compose iptables
    image=${1:-}
    if [ -z "$image" ]; then
        make_image localhost/base ca-certificates
        build footprintd
    else
        pod load --quiet --input "$image" >/dev/null
        pod tag localhost/first localhost/footprintd
    fi
    make_image localhost/prometheus prometheus
    # Whatever is left of it in the end, processes and mounts, goes with the namespaces.
    unshare --net --pid --fork --kill-child --mount-proc --propagation private bash "$0" --apart "$work" &&
        exit 0 || exit $?
fi

# ---- apart: as an operator runs it ----

. tests/full/wait.sh

work=$2
fail() {
    echo "compose: $*" >&2
    rm -f "$work/up.log"
    for name in "${services[@]}"; do
        podman logs "$(container "$name")" >"$work/$name.log" 2>&1 || true
    done
    for log in "$work"/*.log; do
        echo "--- $log" >&2
        tail -n 40 "$log" >&2
    done
    exit 1
}
ip link set lo up
# The name server of the networks is found here.
mkdir -p /run/containers
mount -t tmpfs tmpfs /run/containers
cat >"$work/storage.conf" <<CONF
[storage]
driver = "vfs"
graphroot = "$work/root"
runroot = "$work/run"
CONF
cat >"$work/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
[network]
network_backend = "netavark"
network_config_dir = "$work/networks"
CONF
export CONTAINERS_STORAGE_CONF=$work/storage.conf CONTAINERS_CONF=$work/containers.conf
export XDG_RUNTIME_DIR=$work/run-user
mkdir "$XDG_RUNTIME_DIR" "$work/networks"

# The trial is a copy, so that documents can be edited and secrets come and go with it.
mkdir "$work/trial"
cp -a docker conf "$work/trial"
cd "$work/trial"
rm -rf docker/secrets
sh docker/make-secrets.sh docker/secrets >/dev/null
cat >"$work/override.yaml" <<'YAML'
services:
  prometheus:
    image: localhost/prometheus
    command: [/usr/bin/prometheus, --config.file=/etc/prometheus/prometheus.yml, --storage.tsdb.path=/prometheus]
YAML
compose() {
    podman-compose -p $project -f docker/compose.yaml -f "$work/override.yaml" "$@"
}
project=footprintd-trial # which podman-compose does not read from the file
services=(alpha beta ucdn-alpha ucdn-beta prometheus)
# A container by its service.
container() {
    podman ps --all --quiet --filter "label=com.docker.compose.service=$1"
}

if ! podman network create trial-of-the-kernel >"$work/network.log" 2>&1 ||
    ! podman run --rm --network trial-of-the-kernel --entrypoint /usr/bin/footprintd localhost/footprintd --version \
        >>"$work/network.log" 2>&1; then
    echo "no networks of containers here: $(tail -n 1 "$work/network.log")"
    exit 77 # skipped
fi
podman network rm trial-of-the-kernel >/dev/null

compose up --detach --no-build "${services[@]}" >"$work/up.log" 2>&1 || fail "up ends with $?"

has() {
    grep -q "$2" "$(podman volume inspect --format '{{.Mountpoint}}' "${project}_$1")/cdni.json"
}
until_there "the upstream CDN has nothing of alpha" has ucdn-alpha 192.0.2.0/24
until_there "the upstream CDN has nothing of beta" has ucdn-beta 203.0.113.0/24
! has ucdn-alpha 203.0.113.0/24 || fail "alpha says what beta serves"

# The ports that are published, with the operator's token and the upstream CDN's certificate.
secrets=docker/secrets
for port in 8443 8444; do
    curl -sf --max-time 20 --cacert $secrets/client-ca.pem --cert $secrets/client-certificate.pem \
        --key $secrets/client-key.pem "https://localhost:$port/cdni" >/dev/null || fail "port $port does not answer"
    code=$(curl -s -o /dev/null -w '%{http_code}' --cacert $secrets/client-ca.pem "https://localhost:$port/cdni")
    [ "$code" = 401 ] || fail "$code without a certificate on port $port"
done
for port in 8081 8082; do
    curl -sf --max-time 20 --cacert $secrets/client-ca.pem -H "Authorization: Bearer $(cat $secrets/token)" \
        "https://localhost:$port/v1/status" >/dev/null || fail "the admin interface on port $port does not answer"
done

# Health checks by hand: who runs them by the clock is systemd, which need not be here.
for name in alpha beta; do
    podman healthcheck run "$(container $name)" >/dev/null || fail "$name is not healthy"
done

# Prometheus reads both, with the alerts.
prometheus() {
    curl -sf --max-time 20 "http://127.0.0.1:9091/api/v1/$1" | jq -e "$2"
}
until_there "Prometheus does not read both" prometheus targets \
    '[.data.activeTargets[] | select(.health == "up") | .labels.instance] | sort == ["alpha:9090", "beta:9090"]'
prometheus rules '[.data.groups[].rules[]] | length > 3' >/dev/null || fail "no alerts in Prometheus"
until_there "no figures in Prometheus" prometheus 'query?query=footprintd_generation' '.data.result | length == 2'

# A document that is saved arrives at the upstream CDN.
sed -i 's|192.0.2.0/24|192.0.2.0/25|' docker/documents/alpha/vienna.yaml
until_there "a change does not arrive" has ucdn-alpha 192.0.2.0/25

# A downstream CDN that is started anew goes on with its history. Whether its upstream finds it again is a matter of
# the name server of the networks, which Debian 12's at times leaves with an old address; it is asked by its port.
podman restart --time 40 "$(container alpha)" >/dev/null 2>"$work/restart.log" || fail "a restart of alpha"
sed -i 's|192.0.2.0/25|192.0.2.0/26|' docker/documents/alpha/vienna.yaml
serves() {
    curl -sf --max-time 20 --cacert $secrets/client-ca.pem --cert $secrets/client-certificate.pem \
        --key $secrets/client-key.pem https://localhost:8443/cdni | grep "$1"
}
until_there "a change does not arrive after a restart" serves 192.0.2.0/26
curl -sf --max-time 20 --cacert $secrets/client-ca.pem -H "Authorization: Bearer $(cat $secrets/token)" \
    https://localhost:8081/v1/status | jq -e '.generation >= 3' >/dev/null || fail "the history did not go on"

# The end, in good order.
compose stop --timeout 40 >"$work/stop.log" 2>&1 || fail "stop ends with $?"
for name in alpha beta ucdn-alpha ucdn-beta; do
    code=$(podman inspect --format '{{.State.ExitCode}}' "$(container $name)")
    [ "$code" = 0 ] || fail "$name ended with $code"
done
compose down --volumes >"$work/down.log" 2>&1 || fail "down ends with $?"
[ -z "$(podman ps --all --quiet)" ] || fail "containers are left"
echo "compose: fine"
