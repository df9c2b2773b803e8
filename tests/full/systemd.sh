#!/bin/bash
# The package and its units under a real systemd, as root: bash tests/full/systemd.sh [PACKAGE.deb]
#
# A fresh Debian 12 with systemd is made by mmdebstrap, the package is installed into it, and systemd-nspawn boots it
# with a network of its own that has the loopback alone. What is tested there is tests/full/systemd-inside.sh. Without a
# package it is built. Ends with 77 where the kernel lets nobody boot a system in a container.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/full/root.sh

for tool in mmdebstrap systemd-nspawn nsenter; do
    if ! command -v $tool >/dev/null; then
        echo "not installed: $tool"
        exit 77 # skipped
    fi
done
builds=${FPD_BUILD_DIR:-build}
log=$(mktemp /var/tmp/footprintd-systemd.XXXXXX)
machine=
leader=
stop_machine() {
    if [ -n "$machine" ]; then
        kill -TERM "$machine" 2>/dev/null || true
        [ -z "$leader" ] || kill -KILL "$leader" 2>/dev/null || true
        wait "$machine" 2>/dev/null || true
        machine=
    fi
    rm -f "$log"
    clean_up
}
trap stop_machine EXIT
fail() {
    echo "systemd: $*" >&2
    tail -n 40 "$log" >&2
    exit 1
}

deb=${1:-}
if [ -z "$deb" ]; then
    cmake --preset release -B "$builds/package-1" -DBUILD_TESTING=OFF >/dev/null
    cmake --build "$builds/package-1" --target package >/dev/null
    deb=$(ls "$builds"/package-1/footprintd_*.deb)
fi

make_root
in_root() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}
in_root apt-get update -q >/dev/null
cp "$deb" "$root/tmp/footprintd.deb"
in_root apt-get install -y -q --no-install-recommends systemd systemd-sysv curl jq >/dev/null
in_root apt-get install -y -q --no-install-recommends /tmp/footprintd.deb >/dev/null
[ ! -e "$root/etc/systemd/system/multi-user.target.wants/footprintd.service" ] || fail "the package enables itself"
for mount in proc dev; do
    umount -l "$root/$mount"
done
mkdir "$root/test"
cp tests/full/systemd-inside.sh tests/full/wait.sh conf/systemd/footprintd.socket "$root/test/"
# A container has no hardware, and waits for none.
in_root systemctl mask -q systemd-udevd.service systemd-networkd-wait-online.service

# ---- boot ----

# Without a systemd that runs this machine, nobody is there to register with.
registered=()
[ -d /run/systemd/system ] || registered=(--register=no --keep-unit)
# systemd-nspawn of Debian 12 does not know the calls of Landlock, which the server uses.
landlock="landlock_create_ruleset landlock_add_rule landlock_restrict_self"
systemd-nspawn --quiet --boot --system-call-filter="$landlock" --directory "$root" --private-network \
    ${registered[@]+"${registered[@]}"} --console=pipe --hostname=footprintd-test </dev/null >"$log" 2>&1 &
machine=$!
for _ in $(seq 600); do
    kill -0 "$machine" 2>/dev/null || break
    leader=$(pgrep -P "$machine" | head -n 1 || true)
    if [ -n "$leader" ] && nsenter --target "$leader" --all test -S /run/systemd/private 2>/dev/null; then
        break
    fi
    sleep 0.1
done
if ! kill -0 "$machine" 2>/dev/null; then
    tail -n 5 "$log"
    echo "systemd-nspawn does not boot here: $(tail -n 1 "$log")"
    machine=
    exit 77 # skipped
fi
inside() {
    nsenter --target "$leader" --all env -i -C / PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"
}
inside bash /test/systemd-inside.sh || fail "see above"

# The whole system goes down in good order, too.
inside systemctl --no-block poweroff 2>/dev/null # says that there is no bus, and goes by a signal then
for _ in $(seq 600); do
    kill -0 "$machine" 2>/dev/null || break
    sleep 0.1
done
wait "$machine" || fail "the system ended with $?"
machine=
echo "systemd: fine"
