"""Reading event streams: what the server writes is held to more than what readers have to accept.

A reader splits the bytes into events and comments, and wants them as footprintd promises them: UTF-8,
LF, one event line first, no other fields, data lines that are broken between tokens of JSON only.
finish() shows the whole stream to eventsource-parser, which has to see the same.
"""
import codecs
import json
import re

import third_party

CONTROL = "application/alto-updatestreamcontrol+json"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
PATCHES = (MERGE_PATCH, JSON_PATCH)
NUMBER = "\ue000"  # before the text of a number, which no reader may change


def _members(pairs):
    made = dict(pairs)
    assert len(made) == len(pairs), f"a member twice: {[name for name, _ in pairs]}"
    return made


def _constant(text):
    raise ValueError(f"{text} is not JSON")


def read_json(text):
    """A document in which numbers are texts, as they were written; strict."""
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    return json.loads(text, parse_int=lambda t: NUMBER + t, parse_float=lambda t: NUMBER + t,
                      parse_constant=_constant, object_pairs_hook=_members)


def canonical(document):
    """The bytes by which documents are compared."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass")


def split_name(name):
    """(media type, data id or None) of an event's name: at the last comma."""
    media, comma, data_id = name.rpartition(",")
    return (media, data_id) if comma else (name, None)


class Event:
    def __init__(self, name, lines):
        self.name, self.lines = name, lines
        self.media, self.id = split_name(name)
        self.text = "\n".join(lines)
        self.body = read_json(self.text)
        self.is_control = self.media == CONTROL
        assert (self.id is None) == self.is_control, name

    def __repr__(self):
        return f"<{self.name}: {self.text[:2000]}>"


COMMENT = "comment"
_EVENT = re.compile(r"event: ([^\n]+)((?:\ndata: [^\n]*)+)\Z")


class Reader:
    """Bytes to events and comments."""

    def __init__(self):
        self.chunks, self.buffer = [], b""
        self.items = []  # all that came

    def feed(self, chunk):
        """The items that are complete now."""
        assert b"\r" not in chunk, chunk[:500]
        self.chunks.append(chunk)
        *blocks, self.buffer = (self.buffer + chunk).split(b"\n\n")
        made = [self.item(block) for block in blocks]
        self.items += made
        return made

    @staticmethod
    def item(block):
        if block == b":":
            return COMMENT
        text = block.decode("utf-8")
        match = _EVENT.match(text)
        assert match, f"neither an event nor a comment: {text[:500]!r}"
        lines = [line.removeprefix("data: ") for line in match.group(2)[1:].split("\n")]
        return Event(match.group(1), lines)

    def finish(self):
        """The stranger's reading of the same bytes; chunks as they came."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        seen = third_party.read_sse([decoder.decode(chunk) for chunk in self.chunks])
        assert seen["errors"] == []
        assert seen["comments"] == sum(item == COMMENT for item in self.items)
        events = [item for item in self.items if item != COMMENT]
        assert [set(event) for event in seen["events"]] == [{"event", "data"}] * len(events)
        assert [(event["event"], event["data"]) for event in seen["events"]] == [
            (event.name, event.text) for event in events]


def apply_event(document, event):
    """The document after a data event; strangers apply the patches."""
    if event.media == JSON_PATCH:
        assert isinstance(event.body, list), event
        return third_party.apply_json_patch(document, event.body)
    assert isinstance(event.body, dict), event
    if event.media == MERGE_PATCH:
        return third_party.apply_merge_patch(document, event.body)
    return event.body


def without_tag(document):
    """A document but for the tag of its version."""
    meta = {name: value for name, value in document["meta"].items() if name != "vtag"}
    return {**document, "meta": meta}
