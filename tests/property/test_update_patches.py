"""Random documents that change at random: what clients make of the updates is what is served.

All resources are watched at once: by one update stream with full and filtered substreams, by a stream
that takes no patches, by streams that reopen with the tags they have, and along the edges of TIPS
views. Patches are applied by other people's code. After every generation the documents of each client
are, as canonical JSON, what GET and POST answer.

FPD_TEST_SEED chooses the worlds (a number, or "random"); FPD_UPDATE_WORLDS and FPD_UPDATE_GENERATIONS
how many, and how often each changes (by one to ten edits at once).
"""
import os
import pathlib
import random
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import test_wire  # noqa: E402
from event_stream import PATCHES, canonical, read_json, without_tag  # noqa: E402
from tips_client import View  # noqa: E402
from update_site import PLAIN, Site  # noqa: E402
from update_worlds import World  # noqa: E402

WORLDS = int(os.environ.get("FPD_UPDATE_WORLDS", "9"))
GENERATIONS = int(os.environ.get("FPD_UPDATE_GENERATIONS", "40"))
SEED = test_wire.SEED

FILTERED = {
    "netmap-filtered": {"pids": ["pid-a", "pid-default"]},
    "cdni-filtered": {"cdni-capabilities": [
        {"capability-type": "FCI.DeliveryProtocol",
         "capability-value": {"delivery-protocols": ["http/1.1"]}},
        {"capability-type": "FCI.Opaque", "capability-value": {}}]},
    "propmap-filtered": {"entities": ["ipv4:203.0.113.0/30", "ipv6:2001:db8::1", "countrycode:de",
                                      "ipv4:192.0.2.7"],
                         "properties": ["cdni.cdni-capabilities", "netmap.pid"]},
    "endpoint-property": {"endpoints": ["ipv4:203.0.113.1", "ipv6:2001:db8::1", "ipv4:192.0.2.7"],
                          "properties": ["netmap.pid"]},
}
EVERY = [*PLAIN, *FILTERED]
# Whose documents name the versions of whose.
BEFORE = [("netmap", "cdni"), ("netmap", "propmap"), ("cdni", "propmap"),
          ("netmap", "cdni-filtered"),
          ("netmap", "propmap-filtered"), ("cdni", "propmap-filtered"),
          ("netmap", "endpoint-property")]


def adding():
    return {name: {"resource-id": name, "input": FILTERED[name]} if name in FILTERED else
            {"resource-id": name} for name in EVERY}


class State:
    """What a generation serves."""

    def __init__(self, site):
        self.bodies = {name: site.get(name, FILTERED.get(name)) for name in EVERY}
        self.documents = {name: read_json(body) for name, body in self.bodies.items()}
        self.texts = {name: canonical(document) for name, document in self.documents.items()}
        self.tags = {name: document["meta"]["vtag"]["tag"]
                     for name, document in self.documents.items()
                     if name in PLAIN and "vtag" in document["meta"]}

    def has(self, name, document):
        return document is not None and canonical(document) == self.texts[name]

    def content_is(self, name, document):
        """But for a tag that changes alone: a filtered document may wait with that."""
        if document is None or name in PLAIN:
            return self.has(name, document)
        return without_tag(document) == without_tag(self.documents[name])


class Stream:
    """The stream that sees all, and is compared event by event."""

    def __init__(self, site, protocol):
        self.stream = site.stream(adding(), protocol)
        self.counts = {}

    def follow(self, state, last):
        stream, order = self.stream, []
        while not all(state.content_is(name, stream.held.get(name)) for name in EVERY):
            event = stream.data()
            name, document = event.id, stream.held[event.id]
            late = last and name in FILTERED and last.has(name, document)
            assert state.has(name, document) or late, f"{event} leads to {document}"
            order.append(name)
            if event.media in PATCHES:
                text = event.text.replace("\n", "")  # long ones come in several data lines
                assert len(text.encode()) < len(state.bodies[name]), (name, event)
            kind = event.media.removeprefix("application/")
            self.counts[kind] = self.counts.get(kind, 0) + 1
            for tag in document["meta"].get("dependent-vtags", []) if not late else []:
                if tag["resource-id"] in stream.held:
                    held = stream.held[tag["resource-id"]]["meta"]["vtag"]
                    assert held == tag, f"{name} came before {tag}"
        for first, then in BEFORE:
            if first in order and then in order:
                assert order.index(first) < order.index(then), order


class Tips:
    """A client of TIPS that polls one view."""

    def __init__(self, site, name, state):
        self.view = View(site, name, FILTERED.get(name))
        self.name, self.at = name, self.view.end
        self.document = self.view.newest()
        self.versions = {self.at: self.document}
        assert state.content_is(name, self.document)
        self.poll = self.view.poll(self.at)

    def follow(self, state):
        while not state.content_is(self.name, self.document) or self.poll.answered():
            answer = self.poll.response()
            assert answer.status == 200, answer.body
            media, body = self.view.item(self.at, self.at + 1)
            assert (answer.get("content-type"), answer.body) == (media, body)
            # A step has to be a patch; the largest replaces the whole, and may say from where.
            assert len(body) <= len(state.bodies[self.name]) + 128, (media, body)
            self.document = self.view.step(self.document, self.at, self.at + 1)
            self.at += 1
            assert state.content_is(self.name, self.document), (self.name, self.at, body)
            self.versions[self.at] = self.document
            self.poll = self.view.poll(self.at)

    def end(self, rng):
        """All that there is leads to the versions as they were."""
        view = self.view
        view.refresh()
        assert view.end == self.at
        document = view.step(None, 0, view.start)
        for i in range(view.start, view.end):
            assert canonical(document) == canonical(self.versions[i])
            document = view.step(document, i, i + 1)
        assert canonical(document) == canonical(self.document)
        for i in rng.sample(sorted(self.versions), min(5, len(self.versions))):
            tag = self.versions[i]["meta"].get("vtag", {}).get("tag")
            edge = view.refresh(tag)
            if edge[0] == view.end:
                assert canonical(self.versions[i]) == canonical(self.document)
            elif edge[0] == 0:
                assert canonical(view.step(None, *edge)) == canonical(self.versions[edge[1]])
            else:
                assert self.versions[edge[0]]["meta"]["vtag"]["tag"] == tag
                assert canonical(view.step(self.versions[edge[0]], *edge)) == canonical(
                    self.versions[edge[1]])
        self.poll.abort()


def write(site, documents, rng):
    for old in (site.folder / "footprints").iterdir():
        old.unlink()
    test_wire.write(site.folder / "footprints", documents, rng)


def reopen(site, state, old, resume):
    """A client that comes back with what it had of an older generation."""
    stream = site.stream({name: {"resource-id": name, "tag": old.tags[name]} for name in old.tags})
    stream.held = dict(old.documents)
    stale = [name for name in old.tags if old.tags[name] != state.tags[name]]
    while not all(state.has(name, stream.held[name]) for name in old.tags):
        event = stream.data()
        assert event.id in stale
        assert resume or event.media not in PATCHES
        assert state.has(event.id, stream.held[event.id])
    assert stream.control({"remove": []}).status == 204
    rest = [event for event in stream.rest() if not event.is_control]
    assert rest == []


@pytest.mark.parametrize("number", range(WORLDS))
def test_random_edits(number, tmp_path):
    print(f"FPD_TEST_SEED={SEED}")
    rng = random.Random(f"updates/{SEED}/{number}")
    world = World(rng)
    resume = rng.random() < 0.5
    (tmp_path / "footprints").mkdir()
    # One stream is read at the end only.
    more = (f"updates: {{resume-from-tag: {str(resume).lower()}, stall-s: 3600}}\n"
            "limits: {send-timeout-s: 3600}\n")
    edits = 0
    documents = world.documents()
    with SiteOf(tmp_path, more, documents, rng, rng.choice([1, 2])) as site:
        site.wait_marker(world.marker)
        state, last = State(site), None
        stream = Stream(site, rng.choice(["h1", "h2c"]))
        full = site.stream({"cdni": {"resource-id": "cdni", "incremental-changes": False}})
        views = None
        if "tips" in site.resources:
            views = [Tips(site, name, state) for name in EVERY]
        states = [state]
        for generation in range(GENERATIONS):
            stream.follow(state, last)
            for view in views or []:
                view.follow(state)
            if generation % 20 == 19:
                reopen(site, state, rng.choice(states[-20:]), resume)
            made = [world.edit() for _ in range(rng.randint(1, 10))]
            edits += len(made)
            print(f"generation {generation + 2}: {', '.join(made)}")
            site.publish_files(world.documents(), world.marker)
            state, last = State(site), state
            states.append(state)
        stream.follow(state, last)
        for view in views or []:
            view.follow(state)
            view.end(rng)
        full.until(lambda s: state.has("cdni", s.held.get("cdni")))
        assert not any(not isinstance(item, str) and item.media in PATCHES
                       for item in full.reader.items)
        reopen(site, state, state, resume)
    print(f"{edits} edits; events: {stream.counts}")
    assert any(name.endswith("patch+json") for name in stream.counts)


class SiteOf(Site):
    """Documents in both notations."""

    def __init__(self, folder, more, documents, rng, threads):
        self.rng = rng
        super().__init__(folder, more, documents, threads)

    def write(self, documents):
        write(self, documents, self.rng)

    def publish_files(self, documents, marker):
        self.build(documents)
        self.wait_marker(marker)
