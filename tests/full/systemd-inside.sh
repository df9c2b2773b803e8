#!/bin/bash
# What tests/full/systemd.sh tests in the system that it has booted: bash systemd-inside.sh, as root.
set -euo pipefail

unit=footprintd.service
hammers=()
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
fail() {
    trap - ERR
    echo "systemd: $*" >&2
    systemctl status --no-pager --lines=0 $unit footprintd.socket >&2 || true
    journalctl --no-pager --lines=40 -u $unit >&2 || true
    [ ${#hammers[@]} -eq 0 ] || kill "${hammers[@]}" 2>/dev/null || true
    exit 1
}
# shellcheck source=tests/full/wait.sh
. "$(dirname "$0")/wait.sh"
is() {
    [ "$(systemctl show --value -p "$1" $unit)" = "$2" ] ||
        fail "$1 is $(systemctl show --value -p "$1" $unit), not $2: $3"
}
served() {
    curl -s --max-time 10 http://127.0.0.1:8080/cdni | grep -- "$1" >/dev/null
}
said() {
    journalctl --no-pager -o cat -u $unit | grep -- "$1" >/dev/null
}

timeout 120 systemctl is-system-running --wait >/dev/null || true
echo "booted: systemd $(systemctl --version | sed -n 's/^systemd \([0-9]*\) .*/\1/p'), $(systemctl is-system-running || true)"
systemctl --failed --no-legend --plain

# ---- a first start ----

is ActiveState inactive "the package starts nothing"
is UnitFileState disabled "nor enables it"
# All of its own confinement, within that of the unit.
echo 'sandbox: {landlock: true}' >>/etc/footprintd/footprintd.yaml
printf 'admin: {listen: "127.0.0.1:8081", tokens: tokens}\nmetrics: {listen: "127.0.0.1:9090"}\n' \
    >>/etc/footprintd/footprintd.yaml
token=0123456789abcdef0123456789abcdef
printf 'op:admin:%s\n' "$(printf %s $token | sha256sum | cut -d' ' -f1)" >/etc/footprintd/tokens
chown root:footprintd /etc/footprintd/tokens
chmod 0640 /etc/footprintd/tokens
cp /usr/share/doc/footprintd/examples/footprints/* /etc/footprintd/footprints
chown -R footprintd:footprintd /etc/footprintd/footprints

# Documents that are wrong fail the start, and say why.
echo "nonsense: true" >/etc/footprintd/footprints/wrong.yaml
! systemctl start $unit 2>/dev/null || fail "it starts with wrong documents"
said 'wrong.yaml:1:1: error' || fail "the journal does not say what is wrong"
systemctl stop $unit
systemctl reset-failed $unit 2>/dev/null || true # forgotten already
rm /etc/footprintd/footprints/wrong.yaml

systemctl enable -q --now $unit
# Type=notify: when `start` returns it is ready.
is ActiveState active "after a start"
is StatusText serving "what it tells systemd"
served 192.0.2.0/25 || fail "nothing is served after the start"
pid=$(systemctl show --value -p MainPID $unit)
[ "$(stat -c %U "/proc/$pid")" = footprintd ] || fail "it runs as $(stat -c %U "/proc/$pid")"
[ "$(sed -n 's/^CapBnd:[[:space:]]*//p' "/proc/$pid/status")" = 0000000000000000 ] || fail "it has capabilities"
curl -sf http://127.0.0.1:9090/readyz | grep ok >/dev/null || fail "it is not ready"
curl -sf http://127.0.0.1:9090/metrics | grep '^process_resident_memory_bytes [1-9]' >/dev/null || fail "no metrics of the process"
[ -s /var/lib/footprintd/history.db ] || fail "no history"
# Nothing that the unit takes away is missed; that there are no databases is told, too.
warnings=$(journalctl --no-pager -o cat -u $unit | grep ' warning ' | grep -v ' warning build: documents use ' || true)
[ -z "$warnings" ] || fail "it warns: $warnings"
[ "$(sed -n 's/^Seccomp_filters:[[:space:]]*//p' "/proc/$pid/status")" -gt \
    "$(sed -n 's/^Seccomp_filters:[[:space:]]*//p' /proc/1/status)" ] || fail "no filter of system calls"

# ---- reload, and edits over the admin interface ----

sed -i 's|192.0.2.0/25|192.0.2.0/26|' /etc/footprintd/footprints/dach.yaml
systemctl reload $unit
until_there "a reload is not over" systemctl is-active $unit
until_there "a reload does not arrive" served 192.0.2.0/26
is MainPID "$pid" "the same process after a reload"
# What is refused is told, and what was served is served.
mv /etc/footprintd/footprints/dach.yaml /root/dach.yaml
echo "nonsense: true" >/etc/footprintd/footprints/dach.yaml
systemctl reload $unit
until_there "a refusal is not in the journal" said 'dach.yaml:1:1: error'
until_there "a reload that was refused is not over" systemctl is-active $unit
served 192.0.2.0/26 || fail "a reload that was refused changes what is served"
mv /root/dach.yaml /etc/footprintd/footprints/dach.yaml
chown footprintd:footprintd /etc/footprintd/footprints/dach.yaml
systemctl reload $unit
until_there "a reload is not over" systemctl is-active $unit
sed 's|192.0.2.0/26|192.0.2.0/27|' /etc/footprintd/footprints/dach.yaml >/root/dach.yaml
install -m 0600 /dev/null /root/token
echo $token >/root/token
footprintctl apply --server http://127.0.0.1:8081 --token-file /root/token --yes /root/dach.yaml >/dev/null ||
    fail "an edit over the admin interface is refused"
served 192.0.2.0/27 || fail "an edit over the admin interface is not served"
grep -q 192.0.2.0/27 /etc/footprintd/footprints/dach.yaml || fail "nor in the directory of documents"

# ---- the watchdog ----

mkdir -p /run/systemd/system/$unit.d
printf '[Service]\nWatchdogSec=2\n' >/run/systemd/system/$unit.d/quick.conf
systemctl daemon-reload
systemctl restart $unit
pid=$(systemctl show --value -p MainPID $unit)
kill -STOP "$pid"
until_there "a server that stands still is not ended" said 'Watchdog timeout'
until_there "nor started again" served 192.0.2.0/27
is NRestarts 1 "after a watchdog's end"
rm /run/systemd/system/$unit.d/quick.conf
systemctl daemon-reload
systemctl restart $unit
[ "$(systemctl show --value -p WatchdogUSec $unit)" = 30s ] || fail "no watchdog"

# A crash: started again by itself.
kill -KILL "$(systemctl show --value -p MainPID $unit)"
until_there "it is not started again after a crash" served 192.0.2.0/27

# ---- restarts that refuse nobody: the socket ----

systemctl stop $unit
sed '/^ListenStream=/d; s/^\[Socket\]$/[Socket]\nListenStream=127.0.0.1:8080\nListenStream=127.0.0.1:8081/' \
    /usr/share/doc/footprintd/examples/footprintd.socket >/etc/systemd/system/footprintd.socket
systemctl daemon-reload
systemctl enable -q --now footprintd.socket
is ActiveState inactive "the socket alone starts nothing"
served 192.0.2.0/27 || fail "the first connection does not start it"
until_there "it is not ready after the first connection" systemctl is-active $unit

rm -f /run/hammer-*
touch /run/hammer
for n in 1 2 3; do
    (
        failed=0
        asked=0
        while [ -e /run/hammer ]; do
            asked=$((asked + 1))
            curl -s --max-time 60 http://127.0.0.1:8080/cdni | grep 192.0.2.0/27 >/dev/null || failed=$((failed + 1))
            echo "$asked $failed" >/run/hammer-$n
        done
    ) &
    hammers+=($!)
done
asked() {
    cat /run/hammer-[123] 2>/dev/null | awk '{n += $1} END {print n + 0}'
}
failures() {
    cat /run/hammer-[123] | awk '{n += $2} END {print n + 0}'
}
more() {
    [ "$(asked)" -ge "$1" ]
}
until_there "nobody asks" more 50
for _ in 1 2 3; do
    systemctl restart $unit
    until_there "nobody is answered after a restart" more $(($(asked) + 50))
done
failed=$(failures)
echo "3 restarts under load: $(asked) requests, $failed failed"
[ "$failed" = 0 ] || fail "$failed requests failed at restarts"
# A crash cuts off who is there, each client at most once, and is not noticed by those who come later.
kill -KILL "$(systemctl show --value -p MainPID $unit)"
until_there "nobody is answered after a crash" more $(($(asked) + 50))
rm /run/hammer
wait "${hammers[@]}"
hammers=()
[ "$(failures)" -le 3 ] || fail "$(failures) requests failed at a crash"

# ---- how tight, and the end ----

echo "security: $(systemd-analyze security --no-pager $unit | tail -n 1)"
exposure=$(systemd-analyze security --no-pager $unit | sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p')
[ "${exposure%.*}" -le 1 ] || fail "the exposure is $exposure"

systemctl stop footprintd.socket $unit
is ActiveState inactive "after a stop"
is Result success "after a stop"
is ExecMainStatus 0 "after a stop"
said 'info app: ended$' || fail "it does not end in good order"
! said ' error ' || [ "$(journalctl --no-pager -o cat -u $unit | grep ' error ' | grep -vc -e dach.yaml -e wrong.yaml -e refused)" = 0 ] ||
    fail "the journal has errors: $(journalctl --no-pager -o cat -u $unit | grep ' error ')"

# ---- removal ----

systemctl disable -q footprintd.socket
rm /etc/systemd/system/footprintd.socket
systemctl daemon-reload
systemctl start $unit
pid=$(systemctl show --value -p MainPID $unit)
DEBIAN_FRONTEND=noninteractive dpkg --purge footprintd >/dev/null
! kill -0 "$pid" 2>/dev/null || fail "it runs on after a purge"
[ "$(systemctl show --value -p LoadState $unit)" = not-found ] || fail "the unit is there after a purge"
! systemctl is-active -q $unit || fail "the unit is active after a purge"
! getent passwd footprintd >/dev/null || fail "the user is there after a purge"
[ ! -e /var/lib/footprintd ] || fail "the history is there after a purge"
[ -z "$(find /etc/systemd/system -name '*footprintd*')" ] || fail "links of the unit are left after a purge"
[ -e /etc/footprintd/footprints/dach.yaml ] || fail "a purge takes the operator's documents"
