# Waiting with an end: sourced by the long tests, which have a function fail.
# shellcheck shell=bash

# until_there WHAT COMMAND...: until the command ends with 0, a minute at the most; then WHAT is what is wrong.
until_there() {
    what=$1
    shift
    for _ in $(seq 600); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    fail "$what"
}
