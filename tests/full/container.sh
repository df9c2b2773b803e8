# Images and containers without a registry and without a daemon: sourced by the long tests, in the repository's
# root, as root. Everything lies in $work, a directory of its own, and goes in the end.
# shellcheck shell=bash

. tests/full/wait.sh

# need TOOL...: ends with 77 (skipped) without one.
need() {
    missing=
    for tool in "$@"; do
        command -v "$tool" >/dev/null || missing="$missing $tool"
    done
    if [ -n "$missing" ]; then
        echo "not installed:$missing"
        exit 77
    fi
}
need buildah podman runc mmdebstrap jq openssl

work=$(mktemp -d /var/tmp/footprintd-image.XXXXXX)
chmod 755 "$work"
export TMPDIR=$work
export SOURCE_DATE_EPOCH=1700000000
store=(--root "$work/root" --runroot "$work/run" --storage-driver vfs)
pod() {
    podman "${store[@]}" --cgroup-manager cgroupfs --events-backend none --runtime runc "$@"
}
running=() # containers
clean_up() {
    for name in ${running[@]+"${running[@]}"}; do
        pod kill --signal KILL "$name" >/dev/null 2>&1 || true
    done
    pod rm --all --force >/dev/null 2>&1 || true
    awk -v work="$work/" 'index($2, work) == 1 {print $2}' /proc/mounts | sort -r | while read -r mount; do
        umount -l "$mount" || true
    done
    rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP
fail() {
    echo "$(basename "$0" .sh): $*" >&2
    for log in "$work"/*.log; do
        echo "--- $log" >&2
        tail -n 30 "$log" >&2
    done
    exit 1
}

# make_image NAME PACKAGES: of Debian 12 with these packages, with commas between.
make_image() {
    mmdebstrap --quiet --variant=minbase --include="$2" bookworm "$work/base.tar"
    pod import --quiet "$work/base.tar" "$1" >/dev/null
    rm "$work/base.tar"
}
# build NAME: the image of docker/Dockerfile, upon localhost/base.
build() {
    buildah "${store[@]}" bud --isolation chroot --network host --format docker --pull=never --no-cache \
        --timestamp $SOURCE_DATE_EPOCH --build-arg SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH \
        --build-arg BASE=localhost/base -t "$1" -f docker/Dockerfile . >"$work/build.log" 2>&1 ||
        fail "the build of $1"
}
