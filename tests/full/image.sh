#!/bin/bash
# The container image, as root: bash tests/full/image.sh [IMAGE.tar]
#
# A base like debian:bookworm-slim is made by mmdebstrap, so that no registry is asked. The image is built twice
# (equal layers), looked at (size, user, nothing set-uid, no shell), and run as docker/compose.yaml runs it: read-only, as
# a user, without capabilities: two downstream CDNs, and an upstream one that follows both and sees a change.
# Everything lies in a directory of its own and goes in the end. Containers share the network of this machine, with
# ports that the servers pick. IMAGE.tar is where the image is saved, for tests/full/compose.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/full/container.sh

make_image localhost/base ca-certificates
layers() {
    pod inspect "$1" | jq -r '.[0].RootFS.Layers[]'
}
build first
build second
[ "$(layers first)" = "$(layers second)" ] || fail "two builds differ: $(layers first) $(layers second)"

# ---- what is in it ----

size=$(pod inspect first | jq '.[0].Size')
echo "image: $size bytes in $(layers first | wc -l) layer, $(layers first)"
[ "$size" -lt 40000000 ] || fail "$size bytes are more than 40 MB"
[ "$(layers first | wc -l)" -eq 1 ] || fail "more than one layer"
pod inspect first | jq -e '.[0] | .User == "64064:64064" and
    .Healthcheck.Test[0:2] == ["CMD", "/usr/bin/footprintd"] and
    .Config.Labels["org.opencontainers.image.licenses"] == "Apache-2.0"' >/dev/null || fail "configuration of the image"
there=$(pod image mount first)
for file in bin/sh bin/bash usr/bin/apt usr/bin/dpkg usr/bin/perl; do
    [ ! -e "$there/$file" ] || fail "$file is in the image"
done
[ -z "$(find "$there" -type f -perm /6000)" ] || fail "something is set-uid"
[ -s "$there/var/lib/dpkg/status.d/libh2o-evloop0.13" ] || fail "no record of packages"
pod image unmount first >/dev/null

# ---- as docker/compose.yaml runs it ----

sh docker/make-secrets.sh "$work/secrets"
options=(--network host --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 --read-only --cap-drop all
    --security-opt no-new-privileges)
dcdn() {
    name=$1
    # The server picks its ports, but for the one that --healthcheck asks.
    health=$(/usr/bin/python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    sed -e "s/0.0.0.0:9090/127.0.0.1:$health/" -e 's/"0.0.0.0:[0-9]*"/"127.0.0.1:0"/' \
        docker/footprintd.yaml >"$work/$name.yaml"
    mkdir "$work/$name" "$work/$name-state"
    cp docker/documents/"$name"/* "$work/$name"
    chown -R 64064:64064 "$work/$name-state"
    pod run --name "$name" "${options[@]}" -v "$work/$name.yaml:/etc/footprintd/footprintd.yaml:ro" \
        -v "$work/$name:/etc/footprintd/footprints:ro" -v "$work/secrets:/run/secrets:ro" \
        -v "$work/$name-state:/var/lib/footprintd" first >"$work/$name.log" 2>&1 &
    running+=("$name")
    for _ in $(seq 600); do
        port=$(sed -n 's|^footprintd: ready .*listen=https://[0-9.]*:\([0-9]*\).*|\1|p' "$work/$name.log")
        [ -z "$port" ] || return 0
        sleep 0.1
    done
    fail "$name is not ready"
}
watch() {
    name=$1
    shift
    mkdir "$work/ucdn-$name"
    chown 64064:64064 "$work/ucdn-$name"
    pod run --name "ucdn-$name" "${options[@]}" --entrypoint /usr/bin/footprintctl -v "$work/secrets:/run/secrets:ro" \
        -v "$work/ucdn-$name:/data" first watch --cacert /run/secrets/client-ca.pem \
        --cert /run/secrets/client-certificate.pem --key /run/secrets/client-key.pem --output-dir /data "$@" \
        cdni netmap >"$work/ucdn-$name.log" 2>&1 &
    running+=("ucdn-$name")
}
has() {
    grep -q "$2" "$work/ucdn-$1/cdni.json"
}

dcdn alpha
alpha=$port
dcdn beta
beta=$port
watch alpha "https://localhost:$alpha"
watch beta "https://localhost:$beta"
until_there "the upstream CDN has nothing of alpha" has alpha 192.0.2.0/24
until_there "the upstream CDN has nothing of beta" has beta 203.0.113.0/24
! has alpha 203.0.113.0/24 || fail "alpha says what beta serves"

# Whoever shows no certificate is nobody.
code=$(curl -s -o /dev/null -w '%{http_code}' --cacert "$work/secrets/client-ca.pem" "https://localhost:$alpha/cdni")
[ "$code" = 401 ] || fail "$code without a certificate"

for name in alpha beta; do
    pod exec "$name" /usr/bin/footprintd --config /etc/footprintd/footprintd.yaml --healthcheck ||
        fail "$name is not healthy"
done

for name in alpha beta; do
    curl -sf "http://$(sed -n 's/^metrics: .*"\(127[^"]*\)".*/\1/p' "$work/$name.yaml")/metrics" |
        grep -q '^footprintd_generation 1$' || fail "$name has no metrics"
done

# A document that is saved arrives at the upstream CDN.
sed -i 's|192.0.2.0/24|192.0.2.0/25|' "$work/alpha/vienna.yaml"
until_there "a change does not arrive" has alpha 192.0.2.0/25

# SIGTERM drains, and the history is in the volume.
for name in ucdn-alpha ucdn-beta alpha beta; do
    pod kill --signal TERM "$name" >/dev/null
    code=$(pod wait "$name")
    [ "$code" = 0 ] || fail "$name ended with $code"
done
[ -s "$work/alpha-state/history.db" ] || fail "no history"
[ $# -eq 0 ] || pod save --quiet --output "$1" first
echo "image: fine"
