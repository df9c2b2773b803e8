"""A thread of another process that does not run, as if it were stuck."""
import ctypes
import os
import select
import subprocess
import sys
import time

import processes

SEIZE, INTERRUPT = 0x4206, 0x4207
WALL = 0x40000000


def thread_of(pid, name):
    """Threads give themselves their names, which takes a moment."""
    end = time.monotonic() + 60
    while True:
        found = [thread for thread, its in processes.threads(pid).items() if its == name]
        if found or time.monotonic() > end:
            (thread,) = found
            return thread
        time.sleep(0.01)


class Stopped:
    """Inside the `with` block the thread stands still, and all others of its process run."""

    def __init__(self, pid, name):
        self.thread = thread_of(pid, name)

    def __enter__(self):
        self.tracer = subprocess.Popen([sys.executable, __file__, str(self.thread)], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        said = self.tracer.stdout.readline()
        assert said == "stopped\n", said
        return self

    def __exit__(self, *_):
        """It goes on when the tracer has ended."""
        self.tracer.stdin.close()
        self.tracer.wait(60)
        self.tracer.stdout.close()


def trace(thread):
    libc = ctypes.CDLL(None, use_errno=True)
    for request in (SEIZE, INTERRUPT):
        if libc.ptrace(request, thread, None, None):
            sys.exit(f"ptrace: {os.strerror(ctypes.get_errno())}")
    os.waitpid(thread, WALL)
    print("stopped", flush=True)
    # When all of its process dies, only the tracer can bury it.
    while os.waitpid(thread, WALL | os.WNOHANG)[0] == 0:
        if select.select([sys.stdin], [], [], 0.05)[0]:
            break


if __name__ == "__main__":
    trace(int(sys.argv[1]))
