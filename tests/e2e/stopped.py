"""A thread of another process that does not run, as if it were stuck."""
import ctypes
import os
import platform
import select
import subprocess
import sys
import time

import processes

SEIZE, INTERRUPT, SYSCALL, GET_SYSCALL_INFO = 0x4206, 0x4207, 24, 0x420e
SYSGOOD = 1
ENTRY = 1
WALL = 0x40000000
CALLS = {"x86_64": {"renameat2": 316}, "aarch64": {"renameat2": 276}}


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
    """Inside the `with` block the thread stands still, and all others of its process run.

    With the name of a system call it goes on until it is about to make it, the first time: `wait`
    comes back when it has come so far.
    """

    def __init__(self, pid, name, before=None):
        self.thread = thread_of(pid, name)
        self.before = before

    def __enter__(self):
        call = [str(CALLS[platform.machine()][self.before])] if self.before else []
        self.tracer = subprocess.Popen([sys.executable, __file__, str(self.thread), *call], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.expect("traced" if self.before else "stopped")
        return self

    def wait(self):
        self.expect("stopped")

    def expect(self, what):
        said = self.tracer.stdout.readline()
        assert said == f"{what}\n", said

    def __exit__(self, *_):
        """It goes on when the tracer has ended."""
        self.tracer.stdin.close()
        self.tracer.wait(60)
        self.tracer.stdout.close()


def call_of(libc, thread):
    """The number of the call that it is about to make; None: it is at another place."""
    info = (ctypes.c_uint64 * 11)()  # struct ptrace_syscall_info
    libc.ptrace(GET_SYSCALL_INFO, thread, ctypes.sizeof(info), info)
    return info[3] if info[0] & 0xff == ENTRY else None


def go_until(libc, thread, call):
    """To the beginning of the call; signals get through."""
    signal = 0
    while call_of(libc, thread) != call:
        libc.ptrace(SYSCALL, thread, None, signal)
        _, status = os.waitpid(thread, WALL)
        if not os.WIFSTOPPED(status):
            sys.exit("it has ended")
        signal = 0 if status >> 16 or os.WSTOPSIG(status) & 0x80 else os.WSTOPSIG(status)


def trace(thread, call=None):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    for request, data in ((SEIZE, SYSGOOD), (INTERRUPT, None)):
        if libc.ptrace(request, thread, None, data):
            sys.exit(f"ptrace: {os.strerror(ctypes.get_errno())}")
    os.waitpid(thread, WALL)
    if call:
        print("traced", flush=True)
        go_until(libc, thread, call)
    print("stopped", flush=True)
    # When all of its process dies, only the tracer can bury it.
    while os.waitpid(thread, WALL | os.WNOHANG)[0] == 0:
        if select.select([sys.stdin], [], [], 0.05)[0]:
            break


if __name__ == "__main__":
    trace(*map(int, sys.argv[1:]))
