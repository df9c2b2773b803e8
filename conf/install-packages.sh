#!/bin/sh
# Installs what is missing of the packages in the given lists: sh conf/install-packages.sh LIST...
# Says so first. Does nothing, and needs no privilege, when nothing is missing.
set -eu

if [ $# -eq 0 ]; then
    echo "usage: install-packages.sh LIST..." >&2
    exit 2
fi

wanted=$(cat "$@" | sed -e 's/#.*//' -e '/^[[:space:]]*$/d')

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "This is no Debian system: please see to it that these, or their like, are installed:" >&2
    echo "$wanted" | sed 's/^/  /' >&2
    exit 0
fi

missing=
for package in $wanted; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "Missing packages:$missing"
if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root="sudo"
else
    echo "Neither root nor sudo: please have them installed, then run this again:" >&2
    echo "  apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

# $as_root and $missing are lists of words.
# shellcheck disable=SC2086
install() {
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends $missing
}

# A fresh system has no package lists yet; an old one has stale ones.
if ! ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1; then
    $as_root apt-get update -q
    install
else
    install || { $as_root apt-get update -q && install; }
fi
