# For tests/run.sh and tests/full.sh: stages that count. Sourced in the repository's root.
# Logs of all stages lie in $logs; a stage that fails shows the end of its own.
# shellcheck shell=sh

builds=${FPD_BUILD_DIR:-build}
logs=$builds/test-logs
passed=0
failed=0
mkdir -p "$logs"

# Debian's, which has the packages of packages-test.txt.
python=/usr/bin/python3
[ -x $python ] || python=python3

CMAKE_C_COMPILER_LAUNCHER=
if command -v ccache >/dev/null 2>&1; then
    CMAKE_C_COMPILER_LAUNCHER=ccache
fi
export CMAKE_C_COMPILER_LAUNCHER
# Every finding of a sanitizer ends the program with a failure.
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=86
export LSAN_OPTIONS=print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:exitcode=66

began=$(date +%s)

# Node.js and npm: whichever are there; Debian's where one is missing.
node_packages() {
    if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
        sh conf/install-packages.sh conf/packages-node.txt
    fi
}
# The packages that tests/js pins, exactly; nothing to do while the list stays as it is.
node_modules() {
    stamp=tests/js/node_modules/.installed
    if ! cmp -s tests/js/package-lock.json "$stamp"; then
        npm ci --prefix tests/js --ignore-scripts --no-audit --no-fund &&
            cp tests/js/package-lock.json "$stamp"
    fi
}

# note NAME PASSED FAILED: adds to the count and says so.
note() {
    passed=$((passed + $2))
    failed=$((failed + $3))
    echo "[$(($(date +%s) - began))s] $1: $2 passed, $3 failed"
    if [ "$3" -gt 0 ] && [ -s "$logs/$1.log" ]; then
        grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking)' "$logs/$1.log" | tail -n 60 |
            cut -c1-300 | sed 's/^/    /'
    fi
}

# check NAME COMMAND...: one test, which is the command's exit code. 77: skipped, for what its last line says.
check() {
    name=$1
    shift
    "$@" >"$logs/$name.log" 2>&1 && code=0 || code=$?
    case $code in
    0) note "$name" 1 0 ;;
    77) echo "[$(($(date +%s) - began))s] $name: SKIPPED: $(tail -n 1 "$logs/$name.log")" ;;
    *)
        note "$name" 0 1
        return 1
        ;;
    esac
}

# build VARIANT [OPTION...]: configures the preset and builds all of it; one test. Assertions stay
# on in the sanitizer builds.
build() {
    variant=$1
    shift
    check "build-$variant" build_variant "$variant" "$@"
}
build_variant() {
    variant=$1
    shift
    cmake --preset "$variant" -B "$builds/$variant" -DCMAKE_C_FLAGS_RELWITHDEBINFO="-O2 -g" "$@" &&
        cmake --build "$builds/$variant"
}

# unit VARIANT [OPTION...]: all of ctest, every cmocka test counted.
unit() {
    variant=$1
    shift
    ctest --test-dir "$builds/$variant" -V --no-tests=error -j 2 --timeout 300 "$@" \
        >"$logs/unit-$variant.log" 2>&1 && code=0 || code=$?
    counts=$($python tests/tools/count_tests.py ctest "$logs/unit-$variant.log")
    # shellcheck disable=SC2086
    set -- $counts
    if [ "$code" -ne 0 ] && [ "$2" -eq 0 ]; then
        set -- "$1" 1
    fi
    if [ "$2" -gt 0 ]; then
        grep -E '^[0-9]+: (\[  FAILED|\[  ERROR|\[   LINE|.*(Sanitizer|runtime error))|\*\*\*' \
            "$logs/unit-$variant.log" | head -n 60 | sed 's/^/    /'
    fi
    passed=$((passed + $1))
    failed=$((failed + $2))
    echo "[$(($(date +%s) - began))s] unit-$variant: $1 passed, $2 failed"
}

# driven NAME VARIANT [PYTEST OPTION...]: the programs of that build, driven from outside. Most of the
# time they wait for one another, so that several tests at a time take the processors' time.
jobs=${FPD_TEST_JOBS:-4}
driven() {
    stage=$1-$2
    variant=$2
    shift 2
    rm -f "$logs/$stage.xml"
    FPD_BUILD=$(cd "$builds/$variant" && pwd) $python -m pytest -q -p no:cacheprovider -n "$jobs" \
        --junit-xml="$logs/$stage.xml" "$@" >"$logs/$stage.log" 2>&1 && code=0 || code=$?
    counts="0 1"
    if [ -s "$logs/$stage.xml" ]; then
        counts=$($python tests/tools/count_tests.py junit "$logs/$stage.xml")
    fi
    # shellcheck disable=SC2086
    set -- $counts
    if [ "$code" -ne 0 ] && [ "$2" -eq 0 ]; then
        set -- "$1" 1
    fi
    note "$stage" "$1" "$2"
}

# tidy_check [OPTION...]: clang-tidy over our own sources, as the clang build compiles them; tests are free to
# do what checks warn of.
tidy_check() {
    found=$(find src -name '*.c' | LC_ALL=C sort |
        xargs -P 2 -n 4 clang-tidy -p "$builds/clang" --quiet "$@" 2>/dev/null) && code=0 || code=$?
    echo "$found" | grep -E '(error|warning): ' | sort -u
    return "$code"
}

# The one closing line, and the exit code.
finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
