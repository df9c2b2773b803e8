"""The programs under test: FOOTPRINTCTL_BIN and FOOTPRINTD_BIN, or those of the build FPD_BUILD
(default build/dev). Servers listen on 127.0.0.1 with a port that they pick themselves."""
import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FPD_BUILD", ROOT / "build/dev")).resolve()
FOOTPRINTCTL = os.environ.get("FOOTPRINTCTL_BIN", str(BUILD / "footprintctl"))
FOOTPRINTD = os.environ.get("FOOTPRINTD_BIN", str(BUILD / "footprintd"))
LIMIT = 60  # seconds until a wait counts as hanging
MEDIA = "application/alto-%s+json"


def check(folder):
    """(exit code, findings) of footprintctl check."""
    done = subprocess.run([FOOTPRINTCTL, "check", "--json", str(folder)], capture_output=True,
                          text=True, timeout=LIMIT)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)["findings"]


def ctl_apply(cases):
    """What tests/tools/ctl_apply.c makes of each of these."""
    done = subprocess.run([BUILD / "tests/ctl_apply"], capture_output=True, text=True, timeout=LIMIT,
                          input="".join(json.dumps(case) + "\n" for case in cases))
    assert (done.returncode, done.stderr) == (0, "")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(cases) > 0
    return answers


class Server:
    """A running footprintd over a folder of documents; leaving the `with` block drains it."""

    def __init__(self, folder, state, more=None):
        """more: other keys of the configuration"""
        config = pathlib.Path(state) / "footprintd.yaml"
        config.write_text(json.dumps({"listen": [{"address": "127.0.0.1:0"}],
                                      "footprints": str(folder), **(more or {})}))
        self.process = subprocess.Popen([FOOTPRINTD, "--config", str(config)],
                                        stderr=subprocess.PIPE, text=True)
        self.url = re.search(r"listen=(\S+)", self.line("ready generation=1 ")).group(1)

    def line(self, part):
        seen = []
        for line in self.process.stderr:
            seen.append(line)
            if part in line:
                return line
        raise AssertionError(f"no line with {part!r}:\n" + "".join(seen))

    def request(self, path, body=None, media=None, accept=None):
        """(status, body)"""
        return self.exchange(path, body, media, accept)[:2]

    def exchange(self, path, body=None, media=None, accept=None):
        """(status, body, content type)"""
        headers = {"Content-Type": MEDIA % media} if media else {}
        if accept:
            headers["Accept"] = accept
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=LIMIT) as answer:
                return answer.status, answer.read(), answer.headers["Content-Type"]
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers["Content-Type"]

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.process.send_signal(signal.SIGTERM)
        text = self.process.stderr.read()
        code = self.process.wait(LIMIT)
        assert kind or code == 0, text
