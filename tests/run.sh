#!/bin/sh
# All tests that every change has to pass: sh tests/run.sh
#
# Installs what is missing, builds, and ends with one line "N passed, N failed". Logs lie in
# build/test-logs. FPD_BUILD_DIR chooses another build folder.
set -u
cd "$(dirname "$0")/.." || exit 1

sh conf/install-packages.sh conf/packages.txt conf/packages-test.txt || exit 1
. tests/lib.sh
node_packages || exit 1

sources() {
    find src include tests -name '*.[ch]' | LC_ALL=C sort
}
format_check() {
    sources | xargs clang-format --dry-run -Werror
}
shell_check() {
    shellcheck -x conf/*.sh conf/completion/*.bash conf/debian/p* docker/*.sh tests/*.sh tests/full/*.sh .ci/run \
        tests/scenarios/*.sh tests/scenarios/*/run.sh
}

check includes $python tests/tools/check_includes.py
check format format_check
check shellcheck shell_check
check node-modules node_modules

# What is tested is what sanitizers watch; -Werror holds everywhere.
if build asan; then
    unit asan
    driven e2e asan tests/e2e
    driven property asan tests/property
    # A file's tests in one process: the last of them looks at what the others opened.
    driven vectors asan tests/vectors --dist loadfile
    driven scenarios asan tests/scenarios
fi
if build tsan; then
    # Only what has threads; tests/full.sh runs all of them.
    unit tsan -R '^(alto_document|app|guard|http|log|lookup_library|snapshot|store|updates)_' \
        -E '^(snapshot_nomem|store_edit|updates_(diff|opaque|verify))_'
    driven e2e tsan tests/e2e -m threads
fi
build release
if build clang; then
    # The analyzer looks within functions; tests/full.sh has it follow the calls, which takes seven times as long.
    check tidy tidy_check --extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang \
        --extra-arg=mode=shallow
fi

finish
