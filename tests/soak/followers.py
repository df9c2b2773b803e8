"""The subscribers of the soak: `footprintctl watch`, and clients of update streams and of TIPS that share
no code with it. Each has documents, which are compared with the server's when nothing changes."""
import atexit
import http.client
import json
import shutil
import subprocess
import threading
import time

import jsonpatch

from benchlib import BUILD, PATIENCE_S
from content import RESOURCES

STREAM_PARAMS = "application/alto-updatestreamparams+json"
TIPS_PARAMS = "application/alto-tipsparams+json"
JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
FILTER = {"cdni-capabilities": [{"capability-type": one, "capability-value": {}} for one in
                                ("FCI.Marker", "FCI.ChangedByAdmin")]}
FILTERED = "cdni-filtered"
FILTER_MEDIA = "application/alto-cdnifilter+json"


def merge(document, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    made = dict(document) if isinstance(document, dict) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = merge(made.get(name), value)
    return made


def applied(document, media, text):
    body = json.loads(text)
    if media == JSON_PATCH:
        return jsonpatch.apply_patch(document, body)
    return merge(document, body) if media == MERGE_PATCH else body


class Watch:
    """A `footprintctl watch` with files; `how` are its options."""

    def __init__(self, replica, place, how, resources=None, tls=False):
        self.replica, self.resources = replica, resources or RESOURCES
        self.name = f"watch of {replica.name} {' '.join(how)}{' TLS' if tls else ''}"
        self.folder = place / f"{id(self):x}"
        self.folder.mkdir()
        self.errors = open(self.folder / "stderr", "w+", encoding="utf-8")
        trust = ["--cacert", place / "cert.pem"] if tls else []
        inputs = ["--input", json.dumps(FILTER)] if self.resources == [FILTERED] else []
        self.process = subprocess.Popen(
            [BUILD / "footprintctl", "watch", *how, *trust, *inputs, "--retry", "1:2", "--interval",
             "1", "--max-age", "120", "--output-dir", self.folder,
             replica.tls_url if tls else replica.url, *self.resources],
            stdout=subprocess.DEVNULL, stderr=self.errors, stdin=subprocess.DEVNULL)
        atexit.register(self.process.kill)
        self.failure = None

    def held(self):
        """{resource: document}"""
        found = {}
        for name in self.resources:
            path = self.folder / f"{name}.json"
            if path.exists():
                found[name] = json.loads(path.read_bytes())
        return found

    def told(self):
        self.errors.seek(0)
        return self.errors.read()

    def look(self):
        """Whether it has ended, which it should not."""
        if self.process.poll() is not None and self.failure is None:
            self.failure = f"{self.name} ended with {self.process.returncode}: {self.told()[-500:]}"
        return self.failure

    def end(self):
        self.look()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                code = self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                code = self.process.wait()
            if code != 0:
                self.failure = f"{self.name} ended with {code} when asked to: {self.told()[-500:]}"
        self.errors.close()
        shutil.rmtree(self.folder)
        return self.failure


class Follower(threading.Thread):
    """What the other two share. A subscription that ends in the way that the protocol has for the end of
    a server is opened again, and so is one that a server which ends answers 503; anything else is a
    failure."""

    def __init__(self, replica, resources=None):
        super().__init__(daemon=True)
        self.replica, self.resources = replica, resources or RESOURCES
        self.name = f"{type(self).__name__} of {replica.name}"
        self.documents, self.guard = {}, threading.Lock()
        self.over, self.failure, self.opened, self.events, self.later = False, None, 0, 0, 0
        self.connection = None
        self.start()

    def run(self):
        while not self.over and self.failure is None:
            try:
                self.follow()
            except Exception as error:  # told with the others
                if not self.over:
                    self.failure = f"{self.name}: {error!r}"
            finally:
                if self.connection:
                    self.connection.close()

    def connect(self):
        # A poll is held for as long as nothing changes.
        self.connection = http.client.HTTPConnection("127.0.0.1", self.replica.port, timeout=600)
        self.connection.connect()
        self.opened += 1

    def post(self, path, body, media):
        self.connection.request("POST", path, json.dumps(body), {"Content-Type": media})
        return self.connection.getresponse()

    def must_wait(self, answer):
        """Whether the server says that it opens no more: it ends, and another one is there or comes."""
        if answer.status != 503 or not self.replica.ends:
            return False
        answer.read()
        self.later += 1
        time.sleep(0.2)
        return True

    def take(self, name, media, text):
        with self.guard:
            self.documents[name] = applied(self.documents.get(name), media, text)
        self.events += 1

    def held(self):
        with self.guard:
            return dict(self.documents)

    def look(self):
        return self.failure

    def end(self):
        """It may be opening its next connection just now: that one is shut down as well."""
        self.over = True
        patience = time.monotonic() + PATIENCE_S
        while self.is_alive() and time.monotonic() < patience:
            sock = self.connection.sock if self.connection else None
            if sock:
                try:
                    sock.shutdown(2)
                except OSError:
                    pass
            self.join(0.5)
        return self.failure or (f"{self.name} hangs" if self.is_alive() else None)


class Stream(Follower):
    """An update stream (RFC 8895) over HTTP/1.1."""

    def follow(self):
        self.connect()
        add = {name: {"resource-id": name} for name in self.resources}
        answer = self.post("/updates", {"add": add}, STREAM_PARAMS)
        if self.must_wait(answer):
            return
        if answer.status != 200:
            raise RuntimeError(f"a stream is answered {answer.status} {answer.read()[:300]}")
        alive = set(add)
        event, data = None, []
        while alive and not self.over:
            line = answer.readline().decode().rstrip("\n")
            if line.startswith("event:"):
                event = line[6:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))
            elif not line and event:
                alive -= self.event(event, "\n".join(data))
                event, data = None, []
            elif not line and answer.isclosed():
                raise RuntimeError(f"a stream ended without a word; {sorted(alive)} were not stopped")

    def event(self, name, text):
        """Which substreams it ends."""
        media, _, substream = name.rpartition(",")
        if media:
            self.take(substream, media, text)
            return set()
        return set(json.loads(text).get("stopped", []))


class Tips(Follower):
    """A view of TIPS (RFC 9569) for one resource, whose next edge is asked for before it is there."""

    def __init__(self, replica, resource):
        super().__init__(replica, [resource])

    def follow(self):
        name = self.resources[0]
        self.connect()
        answer = self.post("/tips", {"resource-id": name}, TIPS_PARAMS)
        if self.must_wait(answer):
            return
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"a view is answered {answer.status} {body[:300]}")
        made = json.loads(body)
        path = "/" + made["tips-view-uri"].split("/", 3)[3]
        edge = made["tips-view-summary"]["updates-graph-summary"]["start-edge-rec"]
        at, to = edge["seq-i"], edge["seq-j"]
        while not self.over:
            try:
                self.connection.request("GET", f"{path}/ug/{at}/{to}")
                answer = self.connection.getresponse()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # Between two answers a server may close a connection (RFC 9112 9.5).
                self.connection.close()
                self.connect()
                continue
            body = answer.read()
            if answer.status in (404, 410, 503):  # the server that had this view is gone, or goes
                return
            if answer.status != 200:
                raise RuntimeError(f"an edge is answered {answer.status} {body[:300]}")
            self.take(name, answer.getheader("Content-Type"), body)
            at, to = to, to + 1


def canonical(document):
    return json.dumps(document, sort_keys=True)


def expected(replica, resource):
    """The server's document; of the filtered advertisement that which the filter lets through."""
    if resource == FILTERED:
        status, _, body = replica.call("POST", f"/{resource}", json.dumps(FILTER), FILTER_MEDIA)
    else:
        status, _, body = replica.call("GET", f"/{resource}")
    if status != 200:
        raise RuntimeError(f"{replica.name} answers /{resource} with {status}")
    return json.loads(body)


def compare(followers, patience_s=60):
    """(states that are equal, what is not) when nothing changes any more."""
    wanted = {}
    for replica, name in {(f.replica, name) for f in followers for name in f.resources}:
        wanted[replica, name] = canonical(expected(replica, name))
    end = time.monotonic() + patience_s
    left = [(f, name) for f in followers for name in f.resources]
    equal, wrong = 0, []
    while left:
        later = []
        for follower, name in left:
            failure = follower.look()
            document = None if failure else follower.held().get(name)
            if failure:
                wrong.append(f"{follower.name}: {name}: {failure}")
            elif document is not None and canonical(document) == wanted[follower.replica, name]:
                equal += 1
            else:
                later.append((follower, name))
        left = later
        if left and time.monotonic() > end:
            wrong += [f"{f.name}: {name} is not what the server has" for f, name in left]
            break
        if left:
            time.sleep(0.1)
    return equal, wrong
