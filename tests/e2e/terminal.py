"""A program in a pseudo-terminal, as a person has it in front of him."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

from footprintd import LIMIT

# Colours, cursor movements, titles, keypad modes: what a terminal shows nothing of.
CONTROL = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[=>]|\([A-Z0-9])")


class Terminal:
    """What is written to it in `text`, with line ends as \\n; input by keys, not by files."""

    def __init__(self, args, cwd, env, rows=50, columns=200, **streams):
        self.text = ""
        self.seen = 0
        self.fd, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            args, cwd=cwd, env=env, start_new_session=True,
            # The keys of signals reach the processes of the terminal alone.
            preexec_fn=lambda: fcntl.ioctl(other, termios.TIOCSCTTY, 0),
            **{"stdin": other, "stdout": other, "stderr": other, **streams})
        os.close(other)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def read(self):
        """False at the end."""
        assert select.select([self.fd], [], [], LIMIT)[0], f"nothing more than {self.text!r}"
        try:
            got = os.read(self.fd, 65536)
        except OSError:
            got = b""
        self.text += got.decode(errors="replace").replace("\r\n", "\n")
        return bool(got)

    def expect(self, text):
        """Waits for it behind what was expected before; returns what came up to its end."""
        while text not in self.text[self.seen:]:
            assert self.read(), f"{text!r} is not in {self.text!r}"
        start, self.seen = self.seen, self.text.index(text, self.seen) + len(text)
        return self.text[start:self.seen]

    def keys(self, text):
        os.write(self.fd, text.encode())

    def answer(self, line):
        self.keys(line + "\n")

    def end(self):
        """All the rest, and the exit code."""
        while self.read():
            pass
        os.close(self.fd)
        return self.process.wait(timeout=LIMIT)

    def plain(self):
        return CONTROL.sub("", self.text)
