#!/bin/sh
# What is in the image: sh rootfs.sh SOURCE BUILD ROOT SECONDS
#
# The two programs, the libraries that they load, certificates of the public authorities, time zones (for
# calendars of costs), the user, the configuration, and the records of the packages that the libraries come from, as scanners look for them
# (/var/lib/dpkg/status.d). SECONDS since 1970 is the age of all files.
set -eu

source=$1
build=$2
root=$3
seconds=$4

mkdir -p "$root/usr/bin" "$root/usr/share/doc" "$root/etc/ssl/certs" "$root/var/lib/dpkg/status.d" "$root/tmp"
# As Debian 12 has it: the directories of the system are in /usr.
for dir in bin lib lib64; do
    mkdir -p "$root/usr/$dir"
    ln -s "usr/$dir" "$root/$dir"
done
install -s -m 0755 "$build/footprintd" "$build/footprintctl" "$root/usr/bin"

# Every library by the name that it is loaded by.
libraries=$(ldd "$root/usr/bin/footprintd" "$root/usr/bin/footprintctl" |
    sed -n -e 's/^.*=> \(\/[^ ]*\) .*$/\1/p' -e 's/^[[:space:]]*\(\/[^ ]*\) (0x.*$/\1/p' | LC_ALL=C sort -u)
for library in $libraries; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
mkdir -p "$root/usr/share"
cp -a /usr/share/zoneinfo "$root/usr/share/"

# The owner of a file may be recorded by its name before or after the move to /usr.
owner() {
    for file in "$1" "$(readlink -f "$1")" "/usr$1"; do
        dpkg-query -S "$file" 2>/dev/null && return
        dpkg-query -S "${file#/usr}" 2>/dev/null && return
    done
    echo "rootfs: no package has $1" >&2
    return 1
}
{
    for library in $libraries; do
        found=$(owner "$library")
        echo "${found%: *}"
    done
    echo ca-certificates
    echo tzdata
} | LC_ALL=C sort -u >"$root/packages"
while read -r package; do
    name=${package%%:*}
    dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$name"
    mkdir -p "$root/usr/share/doc/$name"
    cp -L "/usr/share/doc/$name/copyright" "$root/usr/share/doc/$name/"
done <"$root/packages"
rm "$root/packages"
mkdir "$root/usr/share/doc/footprintd"
cp "$source/LICENSE" "$root/usr/share/doc/footprintd/copyright"

mkdir -p "$root/etc/footprintd/footprints" "$root/var/lib/footprintd"
cp "$source/docker/footprintd.yaml" "$root/etc/footprintd/"
echo 'footprintd:x:64064:64064:footprintd:/var/lib/footprintd:/nonexistent' >"$root/etc/passwd"
echo 'footprintd:x:64064:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"

chmod -R u=rwX,go=rX "$root"
chmod 1777 "$root/tmp"
chown -R 64064:64064 "$root/var/lib/footprintd" "$root/etc/footprintd/footprints"
find "$root" -depth -exec touch -h -d "@$seconds" {} +
