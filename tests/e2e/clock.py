"""The clock of a server: times come when a test says so, however long anything takes."""
import atexit
import datetime
import functools
import mmap
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile

from footprintd import ROOT

# A server that has nothing to do looks at its clock as often as at its databases.
LOOKS = "limits: {database-check-s: 1}\n"


@functools.lru_cache(maxsize=None)
def shim():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="footprintd-clock-"))
    atexit.register(shutil.rmtree, folder)
    library = folder / "clock_shim.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", ROOT / "tests/tools/clock_shim.c", "-o", library],
                   check=True)
    return library


class Clock:
    """What servers take for the time: the time, and some seconds."""

    def __init__(self, directory):
        self.path = directory / "clock"
        self.path.write_bytes(bytes(8))
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 8)
        self.offset = datetime.timedelta()

    def jump(self, **by):
        self.offset += datetime.timedelta(**by)
        self.map[:] = struct.pack("=q", round(self.offset.total_seconds()))

    def now(self):
        return datetime.datetime.utcnow().replace(microsecond=0) + self.offset

    def moment(self, seconds):
        """So long from now, as documents have it."""
        return (self.now() + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def environment(self):
        return {"LD_PRELOAD": str(shim()), "FPD_CLOCK_FILE": str(self.path),
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
