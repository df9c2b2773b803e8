#!/bin/bash
# The Debian package on a fresh Debian 12, as root: bash tests/full/package.sh
#
# Builds it twice (equal bytes), has lintian look at it, installs it, serves, asks, removes it (documents,
# configuration and history stay), installs it again, purges it, and looks for what is left.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/full/root.sh

if ! command -v mmdebstrap >/dev/null; then
    echo "not installed: mmdebstrap"
    exit 77 # skipped
fi
builds=${FPD_BUILD_DIR:-build}
server=
fail() {
    echo "package: $*" >&2
    [ -z "$server" ] || kill -KILL "$server" 2>/dev/null || true
    exit 1
}

export SOURCE_DATE_EPOCH=1700000000
for n in 1 2; do
    cmake --preset release -B "$builds/package-$n" -DBUILD_TESTING=OFF >/dev/null
    cmake --build "$builds/package-$n" --target package
done
deb=$(ls "$builds"/package-1/footprintd_*.deb)
cmp "$deb" "$builds/package-2/$(basename "$deb")" || fail "two builds differ"
ls -l "$deb"
if command -v lintian >/dev/null; then
    # The address of those who answer for it is set by whoever builds it.
    lintian --allow-root --fail-on error --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog "$deb"
else
    echo "package: skipped: lintian is not installed"
fi

make_root
in_root() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}
in_root apt-get update -q
# What it depends on comes first, so that what it leaves behind can be told from what they do.
dpkg-deb -f "$deb" Depends | tr , '\n' | sed 's/(.*//' | xargs chroot "$root" \
    env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends
listing() {
    (cd "$root" && find . -xdev -path ./proc -prune -o -path ./dev -prune -o -path ./var/lib/dpkg -prune \
        -o -path ./var/log -prune -o -path ./var/cache -prune -o -path ./tmp -prune -o -path ./run -prune \
        -o \( -type f -name '*-' \) -o -printf '%y %m %U:%G %p %l\n' | LC_ALL=C sort
    cat etc/passwd etc/group)
}
listing >"$builds/package-before"

cp "$deb" "$root/tmp/footprintd.deb"
in_root apt-get install -y -q --no-install-recommends /tmp/footprintd.deb

# What the conffile says is permitted, and as the user of the package.
in_root footprintd --config /etc/footprintd/footprintd.yaml --check-config
[ "$(in_root stat -c '%U %a' /var/lib/footprintd)" = "footprintd 700" ] || fail "the state's directory"
in_root ldconfig -p | grep -q 'libfootprintd.so.0 ' || fail "the library is not found"
unit=$root/usr/lib/systemd/system/footprintd.service
grep -q '^ExecStart=/usr/bin/footprintd ' "$unit" || fail "no unit"
! grep -q 'footprintd.socket' "$unit" || fail "the unit wants a socket that the package does not have"
in_root sh -c 'cp /usr/share/doc/footprintd/examples/footprints/* /etc/footprintd/footprints'
in_root footprintctl check /etc/footprintd/footprints
sed -i 's/127.0.0.1:8080/127.0.0.1:0/' "$root/etc/footprintd/footprintd.yaml"

serve() {
    rm -f "$builds/package-server.log"
    # Each of these becomes the next one, so that $! is the server.
    chroot "$root" setpriv --reuid footprintd --regid footprintd --init-groups \
        footprintd --config /etc/footprintd/footprintd.yaml 2>"$builds/package-server.log" &
    server=$!
    for _ in $(seq 300); do
        url=$(sed -n 's/^footprintd: ready .*listen=\(http:[^ ]*\).*/\1/p' "$builds/package-server.log" 2>/dev/null || true)
        [ -z "$url" ] || return 0
        kill -0 "$server" || break
        sleep 0.1
    done
    cat "$builds/package-server.log" >&2
    fail "the server is not ready"
}
served() {
    curl -sf --max-time 10 "$url/cdni" | jq -e '.["cdni-advertisement"] | .[] | length > 3' >/dev/null ||
        fail "no advertisement"
    kill -TERM "$server"
    wait "$server" || fail "the server ended with $?"
    server=
}
serve
served
[ -e "$root/var/lib/footprintd/history.db" ] || fail "no history"

# A removal keeps what operators have; what is installed again goes on with it.
in_root dpkg --remove footprintd
[ ! -e "$root/usr/bin/footprintd" ] || fail "a removal leaves the program"
[ -e "$root/var/lib/footprintd/history.db" ] || fail "a removal takes the history"
grep -q '127.0.0.1:0' "$root/etc/footprintd/footprintd.yaml" || fail "a removal takes the configuration"
in_root apt-get install -y -q --no-install-recommends /tmp/footprintd.deb
sed -i 's|192.0.2.0/25|192.0.2.0/26|' "$root/etc/footprintd/footprints/dach.yaml"
serve
grep -q 'ready generation=2 ' "$builds/package-server.log" || fail "the history is not gone on with"
served

# A purge takes all but the documents of the operator.
in_root dpkg --purge footprintd
[ -e "$root/etc/footprintd/footprints/dach.yaml" ] || fail "a purge takes the operator's documents"
rm -r "$root/etc/footprintd"
listing >"$builds/package-after"
diff "$builds/package-before" "$builds/package-after" || fail "that is left after the purge"
echo "package: fine"
