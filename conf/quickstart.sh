#!/bin/sh
# From a fresh checkout on Debian 12 to a running server: sh conf/quickstart.sh [--port N] [--once]
#
# Installs missing packages (as root, or by sudo), builds, serves the example documents of
# footprints/ on 127.0.0.1, and shows what a uCDN gets. Ctrl-C stops it; --once stops after the
# answers.
set -eu

port=8080
once=
usage() {
    echo "usage: sh conf/quickstart.sh [--port N] [--once]"
}
while [ $# -gt 0 ]; do
    case $1 in
    --port)
        [ $# -ge 2 ] || { usage >&2; exit 2; }
        port=$2
        shift
        ;;
    --port=*) port=${1#--port=} ;;
    --once) once=yes ;;
    --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
    shift
done
case $port in
'' | *[!0-9]* | ??????*)
    echo "quickstart: '$port' is not a port" >&2
    exit 2
    ;;
esac
if [ "$port" -lt 1 ] || [ "$port" -gt 65535 ]; then
    echo "quickstart: a port is 1 to 65535" >&2
    exit 2
fi

cd "$(dirname "$0")/.."
sh conf/install-packages.sh conf/packages.txt

echo "Building build/release ..."
mkdir -p build
if ! { cmake --preset release -DBUILD_TESTING=OFF &&
    cmake --build --preset release; } >build/quickstart-build.log 2>&1; then
    tail -n 40 build/quickstart-build.log >&2
    echo "quickstart: the build failed; build/quickstart-build.log has all of it" >&2
    exit 1
fi

# The same configuration with another port; its relative paths hold in build/ as well.
config=conf/quickstart.yaml
if [ "$port" != 8080 ]; then
    config=build/quickstart.yaml
    sed "s/:8080\"/:$port\"/" conf/quickstart.yaml >$config
fi

log=build/quickstart.log
server=
stop() {
    trap '' INT TERM HUP
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" || true
        echo "Stopped."
    fi
    exit "$1"
}
trap 'echo; stop 0' INT TERM HUP

# In a session of its own: Ctrl-C is for this script, which then ends the server in good order.
setsid build/release/footprintd --config $config 2>$log &
server=$!

waited=0
until grep -q '^footprintd: ready ' $log; do
    if ! kill -0 "$server" 2>/dev/null; then
        cat $log >&2
        if grep -q 'in use' $log; then
            echo "quickstart: port $port is taken; try: sh conf/quickstart.sh --port $((port + 1))" >&2
        fi
        exit 1
    fi
    waited=$((waited + 1))
    if [ $waited -gt 300 ]; then
        echo "quickstart: the server is not ready after 30 seconds; see $log" >&2
        stop 1
    fi
    sleep 0.1
done
grep '^footprintd: ready ' $log

base=http://127.0.0.1:$port
show() {
    echo
    echo "# $1"
    echo "\$ curl -s $2 | jq ."
    if ! curl -sf --max-time 10 "$2" >build/quickstart.json || ! jq . build/quickstart.json; then
        echo "quickstart: no answer to that" >&2
        stop 1
    fi
}
show "What is on offer: the information resource directory (RFC 7285 section 9)" "$base/"
show "Where this CDN delivers, and what it can do there (RFC 9241)" "$base/cdni"

question='{"entities": ["ipv4:192.0.2.7", "ipv4:203.0.113.7"], "properties": []}'
type=application/alto-propmapparams+json
echo
echo "# What holds for a client address: footprints, GeoIP and ASN joined (RFC 9240, RFC 9241)"
echo "\$ curl -s -H 'Content-Type: $type' \\"
echo "    -d '$question' $base/propmap-filtered | jq ."
if ! curl -sf --max-time 10 -H "Content-Type: $type" -d "$question" \
    "$base/propmap-filtered" >build/quickstart.json || ! jq . build/quickstart.json; then
    echo "quickstart: no answer to that" >&2
    stop 1
fi

echo
if [ -n "$once" ]; then
    stop 0
fi
echo "The server runs on $base and serves footprints/; its log is $log."
echo "After an edit: build/release/footprintctl check footprints && kill -HUP $server"
echo "Ctrl-C stops it."
code=0
wait "$server" || code=$?
server=
echo "quickstart: the server ended with code $code; see $log" >&2
exit "$code"
