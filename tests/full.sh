#!/bin/sh
# The long tests, as root: sh tests/full.sh
#
# The quick start on a fresh Debian 12 (made by mmdebstrap from this machine's package sources, used
# by chroot), the unit and end-to-end tests in every sanitizer variant and compiler. Ends with one
# line "N passed, N failed". FPD_BUILD_DIR chooses another build folder.
set -u
cd "$(dirname "$0")/.." || exit 1

sh conf/install-packages.sh conf/packages.txt conf/packages-test.txt conf/packages-full.txt || exit 1
. tests/lib.sh
node_packages || exit 1

. tests/full/root.sh

quickstart_fresh() {
    make_root && clone_into_root && env -u CMAKE_C_COMPILER_LAUNCHER chroot "$root" sh /footprintd/conf/quickstart.sh --once
}
# A port that is in use is told, and ends with 1.
quickstart_taken_port() {
    "$python" - <<'PYTHON'
import socket
import subprocess
with socket.create_server(("127.0.0.1", 0)) as taken:
    port = taken.getsockname()[1]
    done = subprocess.run(["sh", "conf/quickstart.sh", "--once", "--port", str(port)],
                          capture_output=True, text=True, timeout=600)
assert done.returncode == 1, done
assert f"port {port} is taken" in done.stderr, done.stderr
PYTHON
}
# Ctrl-C in the foreground: the server ends in good order, and the script with 0.
quickstart_ctrl_c() {
    "$python" - <<'PYTHON'
import os
import signal
import subprocess
with subprocess.Popen(["sh", "conf/quickstart.sh", "--port", "18080"], stdout=subprocess.PIPE,
                      text=True, start_new_session=True,
                      preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as script:
    for line in script.stdout:
        if "Ctrl-C stops it" in line:
            break
    os.killpg(script.pid, signal.SIGINT)
    rest = script.stdout.read()
assert script.returncode == 0, (script.returncode, rest)
assert "Stopped." in rest, rest
assert "info app: ended" in open("build/quickstart.log").read().splitlines()[-1]
PYTHON
}

check quickstart-fresh quickstart_fresh
check quickstart-taken-port quickstart_taken_port
check quickstart-ctrl-c quickstart_ctrl_c
# A system of its own each, so that this one's is not in the way.
clean_up
check package bash tests/full/package.sh
systemd_units() {
    deb=$(ls "$builds"/package-1/footprintd_*.deb 2>/dev/null)
    bash tests/full/systemd.sh "$deb"
}
check systemd systemd_units
image=$builds/footprintd-image.tar
rm -f "$image"
check image bash tests/full/image.sh "$image"
compose_trial() {
    if [ -e "$image" ]; then
        bash tests/full/compose.sh "$image"
    else
        bash tests/full/compose.sh
    fi
}
check compose compose_trial

check node-modules node_modules
# Ends that are forced leave threads behind, on purpose; tests/run.sh looks for the other ones.
TSAN_OPTIONS=$TSAN_OPTIONS:report_thread_leaks=0
for variant in dev asan tsan clang; do
    if build "$variant"; then
        unit "$variant"
        driven e2e "$variant" tests/e2e
        driven property "$variant" tests/property
        driven vectors "$variant" tests/vectors --dist loadfile
        driven scenarios "$variant" tests/scenarios
    fi
done
check tidy tidy_check
# The history: kill -9 while 500 changes are made from all sides, and a disk that is full.
edit_proof() {
    FPD_BUILD=$(cd "$builds/asan" && pwd) $python tests/e2e/edit_proof.py --applies 500
}
check edit-proof edit_proof
driven full-disk asan tests/full
# Everything at once, for longer than any test of one thing.
soak() {
    cmake --preset release -B "$builds/release" && cmake --build "$builds/release" &&
        FPD_BUILD=$(cd "$builds/release" && pwd) $python tests/soak/run --minutes 10
}
check soak soak
# The sanitizers of the other compiler know other things.
clang_asan() {
    cmake --preset clang -B "$builds/clang-asan" -DFPD_SANITIZE=address,undefined &&
        cmake --build "$builds/clang-asan"
}
if check build-clang-asan clang_asan; then
    unit clang-asan
fi

finish
