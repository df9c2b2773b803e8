"""Several who change the same at the same time: one wins, the others are told, nothing is lost."""
import concurrent.futures
import queue
import threading

import pytest

from admin import TOKENS, AdminClient, write_tokens
from footprintd import DOCUMENT, Server, write_config

ADMIN = ('admin: {listen: "127.0.0.1:0", tokens: tokens}\nstate: state\n'
         "watch: {debounce-ms: 20}\n")
FIRST = DOCUMENT % "http/1.1"
ROUNDS = 8
NAMES = ["all.yaml", *(f"other-{i}.yaml" for i in range(8))]

pytestmark = pytest.mark.threads


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints").mkdir()
    for name in NAMES:
        (tmp_path / "footprints" / name).write_text(FIRST)
    write_tokens(tmp_path)
    write_config(tmp_path, more=ADMIN)
    return tmp_path


@pytest.fixture
def server(site):
    with Server(site / "footprintd.yaml") as running:
        yield running


def connect(server):
    return AdminClient(server.admin, TOKENS["editor"])


def all_at_once(count, work):
    """work(i) on threads of their own, begun together; what each gives."""
    gate = threading.Barrier(count)

    def begin(i):
        gate.wait()
        return work(i)

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def newest(client):
    return client.call("GET", "/v1/generations?limit=1")[1]["generations"][0]["generation"]


def texts_of(client, number):
    return client.call("GET", f"/v1/generations/{number}")[1]["texts"]


def one_won(answers):
    """Which; the others were told that somebody was faster."""
    statuses = [status for status, _ in answers]
    assert sorted(statuses) == [200, *[412] * (len(answers) - 1)], answers
    assert all(body["code"] == "conflict" for status, body in answers if status == 412)
    return statuses.index(200)


@pytest.mark.parametrize("count", [2, 8])
def test_of_writers_with_one_etag_one_wins(server, site, count):
    clients = [connect(server) for _ in range(count)]
    text = FIRST
    for n in range(ROUNDS):
        for client in clients:
            assert client.call("GET", "/v1/documents/all.yaml") == (200, text)
        answers = all_at_once(count, lambda i: clients[i].call(
            "PUT", "/v1/documents/all.yaml", f"{text}# step {n} of {i}\n",
            {"If-Match": clients[i].etag}, "application/yaml"))
        text += f"# step {n} of {one_won(answers)}\n"
    assert (site / "footprints/all.yaml").read_text() == text
    assert newest(clients[0]) == 1 + ROUNDS


@pytest.mark.parametrize("count", [2, 8])
def test_of_changes_with_one_base_one_wins(server, site, count):
    """Though each is of another document, and so is a rollback."""
    clients = [connect(server) for _ in range(count)]
    texts = dict.fromkeys(NAMES, FIRST)

    def change(i, base, n):
        if i == 0:
            return clients[i].call("POST", "/v1/rollback",
                                   {"generation": 1, "base": base, "yes": True})
        return clients[i].call("POST", "/v1/changes", {
            "documents": {NAMES[i]: f"{FIRST}# step {n} of {i}\n"}, "base": base})

    for n in range(ROUNDS):
        base = newest(clients[0])
        # So that going back to the first is a change as well.
        texts["other-7.yaml"] = f"{FIRST}# round {n}\n"
        assert clients[0].call("POST", "/v1/changes", {
            "documents": {"other-7.yaml": texts["other-7.yaml"]}, "base": base})[0] == 200
        answers = all_at_once(count, lambda i: change(i, base + 1, n))
        winner = one_won(answers)
        texts = (dict.fromkeys(NAMES, FIRST) if winner == 0 else
                 {**texts, NAMES[winner]: f"{FIRST}# step {n} of {winner}\n"})
        assert texts_of(clients[0], base + 2) == texts
    assert {p.name: p.read_text() for p in (site / "footprints").glob("*.yaml")} == texts


@pytest.mark.parametrize("count", [2, 8])
def test_no_step_of_a_counter_is_lost(server, site, count):
    """Everybody reads, adds a step and writes, and begins again when somebody was faster."""
    def add(i):
        client, conflicts = connect(server), 0
        for n in range(ROUNDS):
            while True:
                _, text = client.call("GET", "/v1/documents/all.yaml")
                status, body = client.call("PUT", "/v1/documents/all.yaml",
                                           f"{text}# step {n} of {i}\n",
                                           {"If-Match": client.etag}, "application/yaml")
                if status == 200:
                    break
                assert (status, body["code"]) == (412, "conflict")
                conflicts += 1
        return conflicts

    all_at_once(count, add)
    lines = (site / "footprints/all.yaml").read_text().removeprefix(FIRST).splitlines()
    assert sorted(lines) == sorted(f"# step {n} of {i}" for i in range(count)
                                   for n in range(ROUNDS))
    # Each of one in order, and each a generation.
    for i in range(count):
        assert [line for line in lines if line.endswith(f"of {i}")] == [
            f"# step {n} of {i}" for n in range(ROUNDS)]
    assert newest(connect(server)) == 1 + count * ROUNDS


@pytest.mark.parametrize("how", ["rename", "in place"])
def test_against_somebody_who_saves_files(server, site, how):
    """A step over the interface is made on the very text that it was read from, or is refused; and
    every text that was saved is in the history, unless the same person saved over it."""
    path, beside = site / "footprints/all.yaml", site / "footprints/.all.yaml.swp"
    turns = queue.Queue()
    saved = []

    def save():
        while n := turns.get():
            before = path.read_text()
            text = f"{before}# saved {n}\n"
            if how == "rename":
                beside.write_text(text)
                beside.rename(path)
            else:
                path.write_text(text)
            saved.append((before, text))

    def add():
        client, won, n = connect(server), 0, 0
        while won < 3 * ROUNDS:
            n += 1
            if n % 4 == 1:
                turns.put(n)  # saved about now
            status, text = client.call("GET", "/v1/documents/all.yaml")
            assert status == 200
            if n % 4 == 2:
                turns.put(n)
            status, body = client.call("PUT", "/v1/documents/all.yaml", f"{text}# step {won}\n",
                                       {"If-Match": client.etag}, "application/yaml")
            assert status in (200, 412, 422), body  # 422: a file that is empty while it is written
            won += status == 200

    def add_and_end():
        try:
            add()
        finally:
            turns.put(0)

    all_at_once(2, lambda i: [save, add_and_end][i]())
    client = connect(server)
    assert client.call("POST", "/v1/changes", {"documents": {}})[0] == 200  # all is looked at
    number = newest(client)
    history = [texts_of(client, n)["all.yaml"] for n in range(1, number + 1)]
    kinds = [g["kind"] for g in reversed(
        client.call("GET", "/v1/generations?limit=1000")[1]["generations"])]
    edits = [i for i, kind in enumerate(kinds) if kind == "edit"]
    for step, i in enumerate(edits):
        assert history[i] == f"{history[i - 1]}# step {step}\n"
    assert len(edits) == 3 * ROUNDS and history[-1] == path.read_text()
    for (_, text), (seen, _) in zip(saved, saved[1:]):
        assert seen == text or text in history
    assert saved[-1][1] in history
