# A fresh Debian 12 to be used by chroot: sourced by the long tests, in the repository's root, as root.
# shellcheck shell=sh

root=
clean_up() {
    if [ -n "$root" ]; then
        for mount in proc dev; do
            mountpoint -q "$root/$mount" && umount -l "$root/$mount"
        done
        rm -rf --one-file-system "$root"
        root=
    fi
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

# Package sources and how to reach them are this machine's; everything else is new. Where it is: $root.
make_root() {
    root=$(mktemp -d /var/tmp/footprintd-root.XXXXXX) && chmod 755 "$root" || return 1
    mmdebstrap --variant=minbase --mode=root bookworm "$root" || return 1
    for file in /etc/apt/apt.conf.d /etc/apt/trusted.gpg.d /etc/apt/keyrings \
        /usr/share/keyrings /usr/local/share/ca-certificates /etc/ssl/certs; do
        if [ -d "$file" ]; then
            mkdir -p "$root$file" && cp -aL "$file/." "$root$file/" || return 1
        fi
    done
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/" || return 1
    mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount --make-rslave "$root/dev"
}
clone_into_root() {
    git clone -q --no-local . "$root/footprintd"
}
