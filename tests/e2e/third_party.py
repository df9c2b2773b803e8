"""Other people's code, so that server and tests cannot be wrong together.

Event streams are read by eventsource-parser; patches are applied by python3-jsonpatch and
fast-json-patch, merge patches by json-merge-patch. The three of npm are pinned in tests/js
(installed by `npm ci` there, which tests/run.sh does) and run in one process of Node.js.
"""
import atexit
import functools
import json
import pathlib
import subprocess
import threading

import jsonpatch
import jsonpointer

JS = pathlib.Path(__file__).resolve().parents[1] / "js"


class Refused(Exception):
    """An applier says that the patch cannot be applied."""


class _Node:
    def __init__(self):
        assert (JS / "node_modules").is_dir(), "please run `npm ci` in tests/js"
        self.process = subprocess.Popen(["node", str(JS / "tool.mjs")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.lock = threading.Lock()
        atexit.register(self.process.kill)

    def ask(self, question):
        # Escaped, so that a line stays a line whatever is in the texts.
        line = json.dumps(question).encode() + b"\n"
        with self.lock:
            self.process.stdin.write(line)
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        assert answer, "the helper in Node.js has ended"
        return json.loads(answer)


@functools.cache
def _node():
    return _Node()


def read_sse(chunks):
    """{"events": [{"event", "data", "id"}], "comments": count, "errors": [text]}"""
    return _node().ask({"sse": list(chunks)})


def _applied(question):
    answer = _node().ask(question)
    if "error" in answer:
        raise Refused(answer["error"])
    return answer["document"]


def fast_json_patch(document, patch):
    return _applied({"document": document, "json-patch": patch})


def python_jsonpatch(document, patch):
    try:
        return jsonpatch.JsonPatch(patch).apply(document)
    # A patch of the wrong shape is found out in many ways.
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError,
            KeyError) as error:
        raise Refused(f"{type(error).__name__}: {error}") from error


def apply_json_patch(document, patch):
    """By both appliers, which have to agree."""
    first, second = python_jsonpatch(document, patch), fast_json_patch(document, patch)
    assert first == second, (document, patch)
    return first


def apply_merge_patch(document, patch):
    return _applied({"document": document, "merge-patch": patch})
