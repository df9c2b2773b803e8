#!/usr/bin/python3
"""The proof of the history: kill -9 at random moments while documents are changed from all sides.

usage: edit_proof.py [--applies 500] [--kills 0] [--seed N] [--keep DIRECTORY]

Runs footprintd with a history. Four editors change documents over the admin interface: one at a
time, several at once, deletions, rollbacks, with conditions and without. A fifth person saves files
in the directory as programs do, in place and by renaming, also while the server is down. The server
is killed at random moments, also while it starts. After every restart, with everybody waiting:

  - every acknowledged change is in the history: number, author, message, what it changed; and who
    was answered before another one asked has the smaller number
  - no change is there in part; one without an answer is there whole, or not at all; nothing is there
    twice; an edit changes nothing that it does not name
  - what a person saved lies in the directory or is in the history, unless they saved over it; and
    whatever was found in the directory, they saved
  - the newest generation is what lies in the directory, and its tags are those that are served
  - nothing temporary is left; SQLite finds the database whole; another restart changes nothing

What happens is a matter of the seed but for the timing, which no seed decides.
"""
import argparse
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time

from admin import AdminClient, token_line, write_tokens
from footprintd import LIMIT, Server, curl, write_config

EDITORS = {f"ed{i}": f"edit-{i}-0123456789abcdef" for i in range(4)}
CONFIG = ('admin: {listen: "127.0.0.1:0", tokens: tokens}\nstate: state\n'
          "watch: {debounce-ms: 20}\nhistory: {keep: 1000000}\n")
NAMES = [f"d{i}.yaml" for i in range(8)]
TEMPORARY, KEPT = ".fpd-edit-", ".fpd-kept-"  # src/store/edit_file.h
WRONG = re.compile(r"Sanitizer|runtime error|Assertion|this is a defect")


class Failed(AssertionError):
    pass


def want(condition, *what):
    if not condition:
        raise Failed(" ".join(map(str, what)))


def text_of(name, marker, number):
    """A document that no other has the like of."""
    stem = name.removesuffix(".yaml")
    return (f"# {marker}\nversion: 1\nfootprints:\n  {stem}:\n"
            f'    cidr: ["2001:db8:{number >> 16:x}:{number & 0xffff:x}::/64"]\n'
            "capabilities:\n  - capability-type: FCI.DeliveryProtocol\n"
            "    capability-value: {delivery-protocols: [http/1.1]}\n"
            f"    footprints: [{stem}]\n")


def etag(text):
    return f'"{hashlib.sha256(text.encode()).hexdigest()}"'


class Change:
    """What somebody asked for over the admin interface, and what came of it."""

    def __init__(self, author, marker, kind, documents=None, restores=0):
        self.author, self.marker, self.kind = author, marker, kind
        self.documents = documents or {}
        self.restores = restores
        self.sent = time.monotonic()
        self.answered = self.status = self.generation = None

    def __repr__(self):
        return f"{self.kind} {self.marker!r} by {self.author}: {self.status} {self.generation}"


class Save:
    """What a person wrote to a file, or that they removed it (None)."""

    def __init__(self, name, text, before):
        self.name, self.text, self.before = name, text, before
        self.generation = 0  # the newest that was known before


class Editor(threading.Thread):
    """Changes documents over the admin interface, until told to stop or the server is gone."""

    def __init__(self, proof, author, seed):
        super().__init__(daemon=True)
        self.proof, self.author, self.random = proof, author, random.Random(seed)
        self.error = None

    def run(self):
        client = AdminClient(self.proof.server.admin, EDITORS[self.author])
        try:
            while not self.proof.stopping.is_set():
                self.step(client)
        except (OSError, http.client.HTTPException):
            pass  # killed: what was under way is in doubt
        except Exception as error:  # pylint: disable=broad-except
            self.error = error
        finally:
            client.close()

    def ask(self, client, change, method, path, body=None, headers=None, kind=None):
        self.proof.note(change)
        status, answer = client.call(method, path, body, headers, kind)
        change.answered, change.status = time.monotonic(), status
        self.proof.answered()
        if status == 200:
            change.generation = answer["generation"]
            self.proof.acknowledged(change)
        elif status not in (404, 412, 422, 503):
            # 422: another program has a file open and empty just then.
            raise Failed(f"{change}: {answer}")

    def step(self, client):
        kinds = ["put", "put", "put", "blind", "several", "several", "delete", "rollback"]
        kind = self.random.choice(kinds)
        marker = self.proof.marker(kind)
        if kind == "rollback":
            self.roll_back(client, marker)
        elif kind == "several":
            self.several(client, marker)
        else:
            self.one(client, kind, marker)

    def one(self, client, kind, marker):
        name = self.random.choice(NAMES)
        path = f"/v1/documents/{name}"
        condition = {}
        if kind != "blind":
            status, _ = client.call("GET", path)
            condition = ({"If-Match": client.etag} if status == 200 else {"If-None-Match": "*"})
        if kind == "delete":
            if "If-Match" in condition:
                self.ask(client, Change(self.author, marker, kind, {name: None}), "DELETE",
                         f"{path}?yes=1&message={marker}", None, condition)
        else:
            text = text_of(name, marker, self.proof.number())
            self.ask(client, Change(self.author, marker, kind, {name: text}), "PUT",
                     f"{path}?yes=1&message={marker}", text, condition, "application/yaml")

    def several(self, client, marker):
        documents, conditions = {}, {}
        for name in self.random.sample(NAMES, self.random.randint(2, 5)):
            status, _ = client.call("GET", f"/v1/documents/{name}")
            if status == 200 and self.random.random() < 0.2:
                documents[name] = None
            else:
                documents[name] = text_of(name, marker, self.proof.number())
            if self.random.random() < 0.5 or documents[name] is None:
                conditions[name] = client.etag if status == 200 else None
        self.ask(client, Change(self.author, marker, "several", documents), "POST", "/v1/changes",
                 {"documents": documents, "if-match": conditions, "message": marker, "yes": True})

    def roll_back(self, client, marker):
        _, listed = client.call("GET", "/v1/generations?limit=20")
        generation = self.random.choice(listed["generations"])["generation"]
        body = {"generation": generation, "message": marker, "yes": True}
        if self.random.random() < 0.5:
            body["base"] = listed["generations"][0]["generation"]
        self.ask(client, Change(self.author, marker, "rollback", restores=generation), "POST",
                 "/v1/rollback", body)


class Person(threading.Thread):
    """Saves files as programs do, whether the server runs or not."""

    def __init__(self, proof, seed):
        super().__init__(daemon=True)
        self.proof, self.random = proof, random.Random(seed)
        self.stopping = threading.Event()
        self.error = None

    def run(self):
        try:
            while not self.stopping.is_set():
                self.save()
                # As often as the server is fast enough to bear, so that changes succeed as well.
                self.proof.wait_for_answers(self.random.choice([0, 1, 1, 2, 4, 8]), 0.2)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def save(self):
        name = self.random.choice(NAMES)
        path = self.proof.documents / name
        how = self.random.choice(["in place", "slowly", "rename", "rename", "remove"])
        marker = self.proof.marker("saved " + how)
        save = Save(name, None if how == "remove" else text_of(name, marker, self.proof.number()),
                    self.proof.lies(name))
        save.generation = self.proof.newest_acknowledged
        if how == "remove":
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        elif how == "in place":
            path.write_text(save.text)
        elif how == "slowly":
            with open(path, "w", encoding="utf-8") as file:
                self.proof.wait_for_answers(self.random.choice([1, 2]), 0.05)
                file.write(save.text)
        else:
            beside = self.proof.documents / f".{name}.swp"
            beside.write_text(save.text)
            beside.rename(path)
        self.proof.saves.append(save)


class Proof:
    def __init__(self, directory, seed):
        self.directory, self.random = pathlib.Path(directory), random.Random(seed)
        self.seed = seed
        self.documents = self.directory / "footprints"
        self.documents.mkdir()
        for name in NAMES[:4]:
            (self.documents / name).write_text(text_of(name, "first", int(name[1])))
        lines = [token_line(name, "editor", token) for name, token in EDITORS.items()]
        self.root = "admin-0123456789abcdef"
        write_tokens(self.directory, [*lines, token_line("root", "admin", self.root)])
        self.config = write_config(self.directory, more=CONFIG)
        self.lock = threading.Condition()
        self.numbers, self.markers = 100, 0
        self.changes, self.saves, self.acks, self.answers = [], [], 0, 0
        self.newest_acknowledged = 0
        self.history = {}     # by number
        self.checked = 0      # of self.changes
        self.server = None
        self.stopping = threading.Event()
        self.counts = dict.fromkeys(["kills", "kills while starting", "acknowledged", "in doubt",
                                     "in doubt and there", "conflicts", "saves", "saves judged",
                                     "recovered", "kept"], 0)

    # ---- what threads share ----

    def number(self):
        with self.lock:
            self.numbers += 1
            return self.numbers

    def marker(self, kind):
        with self.lock:
            self.markers += 1
            return f"{kind}-{self.markers}".replace(" ", "-")

    def note(self, change):
        with self.lock:
            self.changes.append(change)

    def answered(self):
        with self.lock:
            self.answers += 1
            self.lock.notify_all()

    def wait_for_answers(self, count, most_s):
        with self.lock:
            until = self.answers + count
            self.lock.wait_for(lambda: self.answers >= until, most_s)

    def acknowledged(self, change):
        with self.lock:
            self.acks += 1
            self.newest_acknowledged = max(self.newest_acknowledged, change.generation)
            self.lock.notify_all()

    def lies(self, name):
        try:
            return (self.documents / name).read_text()
        except FileNotFoundError:
            return None

    # ---- the server ----

    def start(self):
        self.server = Server(self.config)
        self.server.wait_ready()

    def kill(self):
        self.server.send(signal.SIGKILL)
        self.server.wait()
        wrong = [line for line in self.server.log if WRONG.search(line)]
        want(not wrong, "the log tells of a defect:", *wrong[:5])
        self.counts["recovered"] += sum("interrupted" in line for line in self.server.log)
        self.counts["kept"] += sum("that was kept" in line for line in self.server.log)

    def start_after_kill(self):
        """Sometimes the next one comes before it is ready."""
        while self.random.random() < 0.15:
            self.server = Server(self.config)
            time.sleep(self.random.uniform(0, 0.25))
            self.kill()
            self.counts["kills while starting"] += 1
        self.start()

    # ---- a round ----

    def wait_for_the_moment(self):
        """Any time, or some answers on; or when a file, or the history, is being written."""
        how = self.random.choice(["any", "answers", "file", "history", "history"])
        if how == "any":
            time.sleep(self.random.uniform(0, 0.3))
            return
        with self.lock:
            until = self.acks + self.random.randint(1, 8)
            self.lock.wait_for(lambda: self.acks >= until, LIMIT)
        if how == "answers":
            time.sleep(self.random.uniform(0, 0.02))
            return
        before, until = self.written(how), time.monotonic() + 1
        while self.written(how) in (before, None) and time.monotonic() < until:
            pass
        # The steps of a commit are fractions of a millisecond apart.
        time.sleep(self.random.choice([0, 0.0005, 0.001, 0.002, self.random.uniform(0, 0.01)]))

    def written(self, what):
        if what == "file":
            return next((n for n in os.listdir(self.documents) if n.startswith(TEMPORARY)), None)
        stat = os.stat(self.directory / "state/history.db-wal")
        return stat.st_size, stat.st_mtime_ns

    def round(self, n):
        self.stopping.clear()
        person = Person(self, f"{self.seed} {n} person")
        editors = [Editor(self, name, f"{self.seed} {n} {name}") for name in EDITORS]
        for thread in [person, *editors]:
            thread.start()
        self.wait_for_the_moment()
        self.kill()
        self.counts["kills"] += 1
        self.stopping.set()
        for thread in editors:
            thread.join(LIMIT)
        for _ in range(self.random.choice([0, 0, 1, 3])):  # what is found by the next start
            time.sleep(0.01)
        person.stopping.set()
        person.join(LIMIT)
        self.check_database()
        for thread in [person, *editors]:
            if thread.error:
                raise thread.error
        self.start_after_kill()
        self.check()
        if n % 5 == 0:
            self.check_restart()

    # ---- what has to be ----

    def check_database(self):
        """On a copy: looking at the original would bring it in order."""
        with tempfile.TemporaryDirectory() as place:
            for path in (self.directory / "state").glob("history.db*"):
                if not path.name.endswith("-shm"):
                    shutil.copy(path, place)
            with contextlib.closing(sqlite3.connect(f"{place}/history.db")) as database:
                found = database.execute("PRAGMA integrity_check").fetchall()
                want(found == [("ok",)], "SQLite finds:", found)
                found = database.execute("PRAGMA foreign_key_check").fetchall()
                want(not found, "references to nothing:", found)

    def tags(self, generation):
        """As they are served, of the resources that the history has."""
        tags = {}
        for resource in generation["vtags"]:
            status, headers, _ = curl("-H", "Accept-Encoding: identity",
                                      f"{self.server.url}/{resource}")
            want(status == 200, resource, "is answered with", status)
            tags[resource] = headers["etag"].strip('"')
        return tags

    def check(self):
        client = AdminClient(self.server.admin, self.root)
        status, listed = client.call("GET", "/v1/generations?limit=1")
        want(status == 200, status, listed)
        newest = listed["generations"][0]["generation"]
        known = max(self.history, default=0)
        want(newest >= known, f"generation {known} was there, and the newest is {newest}")
        if known:
            want(client.call("GET", f"/v1/generations/{known}")[1] == self.history[known],
                 f"generation {known} is not what it was")
        for number in range(known + 1, newest + 1):
            status, generation = client.call("GET", f"/v1/generations/{number}")
            want(status == 200, f"generation {number}:", generation)
            self.history[number] = generation
        self.check_changes(known)
        self.check_saves()
        self.check_directory(newest)
        tags = self.tags(self.history[newest])
        for resource, tag in self.history[newest]["vtags"].items():
            want(tags[resource].startswith(tag), f"{resource} is served as {tags[resource]}, and the "
                 f"history has {tag}")
        status, body = client.call("GET", "/v1/status")
        want(body["generation"] == newest and body["refused"] is None, "the status:", body)
        client.close()

    def check_changes(self, known):
        made = {}
        for number in range(known + 1, max(self.history) + 1):
            generation = self.history[number]
            want(generation["parent"] == number - 1, "parent of", generation)
            if generation["kind"] in ("edit", "rollback"):
                made.setdefault(generation["message"], []).append(generation)
            else:
                self.check_found(generation)
        changes = self.changes[self.checked:]
        self.checked = len(self.changes)
        for change in changes:
            there = made.pop(change.marker, [])
            want(len(there) < 2, change, "is there twice:", there)
            self.check_change(change, there[0] if there else None)
        want(not made, "nobody asked for", list(made))
        self.check_order(changes)

    def check_found(self, generation):
        """What nobody changed over the interface, a person saved since the last look."""
        want(generation["message"] == generation["author"] == "", generation)
        texts, before = generation["texts"], self.history.get(generation["parent"])
        for name in NAMES if before else ():
            text = texts.get(name)
            want(text == before["texts"].get(name) or
                 any(s.name == name and s.text == text for s in self.saves),
                 generation["kind"], generation["generation"], "has of", name,
                 "what nobody saved:", text)

    def check_change(self, change, generation):
        if change.status is None:
            self.counts["in doubt"] += 1
            self.counts["in doubt and there"] += generation is not None
        elif change.status != 200:
            self.counts["conflicts"] += 1
            want(generation is None, change, "was refused, and is there:", generation)
        else:
            self.counts["acknowledged"] += 1
            if change.kind == "rollback" and not generation:  # to what was there already
                want(self.history[change.generation]["texts"] ==
                     self.history[change.restores]["texts"], change, "restored something else")
                return
            want(generation, change, "was acknowledged, and is lost")
            want(generation["generation"] == change.generation, change, "is", generation)
        if generation:
            self.check_content(change, generation)

    def check_content(self, change, generation):
        want(generation["author"] == change.author, change, "has the author", generation["author"])
        texts = generation["texts"]
        before = self.history[generation["parent"]]["texts"]
        if change.kind == "rollback":
            want(generation["kind"] == "rollback" and generation["restores"] == change.restores,
                 change, "is", generation)
            want(texts == self.history[change.restores]["texts"], change,
                 "has not the documents of that generation:", generation)
            return
        for name, text in change.documents.items():
            want(texts.get(name) == text, change, "is there in part:", name, "is", texts.get(name))
        others = [name for name in {*texts, *before} - {*change.documents}
                  if texts.get(name) != before.get(name)]
        want(not others, change, "has changed what it does not name:", others)

    def check_order(self, changes):
        """Who was answered before somebody else asked comes first."""
        made = [c for c in changes if c.status == 200 and
                self.history[c.generation]["message"] == c.marker]
        for later in made:
            for earlier in made:
                if earlier.answered < later.sent:
                    want(earlier.generation < later.generation, earlier, "and then", later)

    def check_saves(self):
        """The next save of the same person has seen what became of the one before."""
        aside = {p.read_text() for p in self.documents.glob(KEPT + "*")}
        for i, save in enumerate(self.saves):
            self.counts["saves"] += 1
            later = next((s for s in self.saves[i + 1:] if s.name == save.name), None)
            if later and later.before == save.text:
                continue
            self.counts["saves judged"] += 1
            recorded = any(g["texts"].get(save.name) == save.text
                           for g in self.history.values() if g["generation"] >= save.generation)
            want(recorded or self.lies(save.name) == save.text or save.text in aside,
                 f"the file {save.name} was saved as\n{save.text}\nand that is gone")
        self.saves.clear()
        for path in self.documents.glob(KEPT + "*"):
            path.unlink()

    def check_directory(self, newest):
        files = {p.name: p.read_text() for p in self.documents.iterdir() if p.name in NAMES}
        want(files == self.history[newest]["texts"], f"generation {newest} has\n",
             json.dumps(self.history[newest]["texts"], indent=1), "\nand the directory\n",
             json.dumps(files, indent=1))
        left = [p.name for p in self.documents.iterdir() if p.name.startswith(TEMPORARY)]
        want(not left, "left behind:", left)

    def check_restart(self):
        """Nothing happened, and nothing is another."""
        newest = max(self.history)
        before = self.tags(self.history[newest])
        self.kill()
        self.start()
        want(self.tags(self.history[newest]) == before, "other tags after a restart")
        client = AdminClient(self.server.admin, self.root)
        _, listed = client.call("GET", "/v1/generations?limit=1")
        client.close()
        want(listed["generations"][0]["generation"] == newest, "a restart made", listed)

    def check_all_again(self):
        client = AdminClient(self.server.admin, self.root)
        for number, generation in self.history.items():
            want(client.call("GET", f"/v1/generations/{number}")[1] == generation,
                 f"generation {number} is not what it was")
        client.close()


def prove(directory, seed, kills, applies, say=print):
    """At least so many kills, and so many acknowledged changes."""
    proof = Proof(directory, seed)
    began = time.monotonic()
    try:
        proof.start()
        proof.check()
        while proof.counts["kills"] < kills or proof.counts["acknowledged"] < applies:
            proof.round(proof.counts["kills"] + 1)
        proof.check_all_again()
        code = proof.server.end()
        want(code == 0, "the server ended with", code)
    except BaseException:
        say(f"seed {seed}, kill {proof.counts['kills']}; the log's end:")
        say("\n".join(proof.server.log[-30:]) if proof.server else "")
        raise
    finally:
        proof.stopping.set()
        if proof.server and proof.server.process.poll() is None:
            proof.server.process.kill()
    say(f"seed {seed}: " + ", ".join(f"{n} {what}" for what, n in proof.counts.items()) +
        f"; {len(proof.history)} generations, {time.monotonic() - began:.0f} s")
    return proof.counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--applies", type=int, default=500, help="acknowledged changes")
    parser.add_argument("--kills", type=int, default=0, help="at least")
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(1 << 32)))
    parser.add_argument("--keep", help="a directory that is left as it is at the end")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory() as place:
        if args.keep:
            place = args.keep
            pathlib.Path(place).mkdir()
        prove(place, args.seed, args.kills, args.applies)
    return 0


if __name__ == "__main__":
    sys.exit(main())
