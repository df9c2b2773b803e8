"""The server of made-up resources (tests/tools/http_stub.c), started and stopped."""
import re
import signal
import subprocess
import threading
import time

from footprintd import BUILD, LIMIT

HTTP_STUB = str(BUILD / "tests/http_stub")


class Stub:
    """A running stub, with every line that it writes."""

    def __init__(self, *args):
        self.lines = []
        self._changed = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen([HTTP_STUB, *map(str, args)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        errors="replace")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.uri = self.wait_for(r"^ready https?://").split()[1]
        self.port = int(self.uri.rpartition(":")[2])

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, pattern, since=0):
        """The first line from number `since` on that matches."""
        end = time.monotonic() + LIMIT
        with self._changed:
            while True:
                for line in self.lines[since:]:
                    if re.search(pattern, line):
                        return line
                if self._ended or time.monotonic() > end:
                    break
                self._changed.wait(1)
        raise AssertionError(f"no line like {pattern!r}:\n" + "\n".join(self.lines))

    def reload(self, pattern):
        """SIGHUP, and the line that tells of its effect."""
        since = len(self.lines)
        self.signal(signal.SIGHUP)
        return self.wait_for(pattern, since)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """The exit code, when it ends by itself or was asked to."""
        code = self.process.wait(LIMIT)
        self._reader.join(LIMIT)
        return code

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            code = self.wait()
        finally:
            self.process.kill()
        assert code == 0, f"ended with {code}:\n" + "\n".join(self.lines)
