"""The published cases of patches and event streams, against the parts of footprintctl watch.

As test_cdni_vectors.py; tests/golden/updates restates the cases.
"""
import json

import pytest

import programs
from shared_folder import PRESENT, ROOT, VECTORS

UPDATES = VECTORS / "updates"


def ask(*lines):
    return programs.ctl_apply(lines)


def patch(doc, changes, kind="json-patch"):
    return {"doc": doc, "patch": changes, "kind": kind}


@pytest.mark.parametrize("name", ["json-patch", "merge-patch", "sse"])
def test_restated(name):
    assert len(json.loads((ROOT / f"tests/golden/updates/{name}.json").read_text())) > 10


if PRESENT:
    def load(name):
        return json.loads((UPDATES / name).read_text())

    @pytest.mark.parametrize("name", ["tests", "spec_tests"])
    def test_third_party(name):
        """json-patch/json-patch-tests: all that are not disabled."""
        cases = [case for case in load(f"third-party/json-patch-tests/{name}.json")
                 if "doc" in case and not case.get("disabled")]
        for case, answer in zip(cases, ask(*(patch(c["doc"], c["patch"]) for c in cases))):
            if "error" in case:
                assert "error" in answer, case
            else:
                # Some say nothing but that the patch applies.
                assert answer["result"] == case.get("expected", answer["result"]), case

    def test_merge_patch_table():
        cases = load("patch/rfc7396-appendix-a.json")
        answers = ask(*(patch(c["original"], c["patch"], "merge-patch") for c in cases))
        for case, answer in zip(cases, answers):
            assert answer == {"result": case["result"]}, case

    def test_negative():
        cases = load("patch/json-patch-negative.json")
        for case, answer in zip(cases, ask(*(patch(c["doc"], c["patch"]) for c in cases))):
            assert "error" in answer, case["name"]

    def test_edge_cases():
        for case in load("patch/diff-edge-cases.json"):
            answers = ask(patch(case["before"], case["json-patch"]),
                          patch(case["before"], case.get("merge-patch",
                                                         case.get("naive-merge-patch", {})),
                                "merge-patch"))
            assert answers[0] == {"result": case["wanted"]}, case["name"]
            if case["merge-patch-possible"]:
                assert answers[1] == {"result": case["wanted"]}, case["name"]
            elif "naive-result" in case:
                assert answers[1] == {"result": case["naive-result"]}, case["name"]

    @pytest.mark.parametrize("name", ["rfc8895-3-networkmap", "rfc8895-3-costmap",
                                      "rfc9241-3.7.3-cdni"])
    def test_examples_of_rfcs(name):
        case = load(f"patch/{name}.json")
        answers = ask(patch(case["before"], case["json-patch"]),
                      patch(case["before"], case["merge-patch"], "merge-patch"))
        assert answers == [{"result": case["after"]}] * 2

    def test_example_that_does_not_apply():
        case = load("patch/rfc9241-4.2.3-pid-invalid.json")
        assert "error" in ask(patch(case["before"], case["json-patch"]))[0]

    def test_framing():
        cases = load("sse/sse-framing-cases.json")
        for case, answer in zip(cases, ask(*({"sse": c["bytes"]} for c in cases))):
            assert answer["events"] == [[e["event"], e["data"]] for e in case["events"]], case

    def test_names_of_events():
        cases = load("sse/event-field-cases.json")
        for case, answer in zip(cases, ask(*({"event": c["event"]} for c in cases))):
            assert answer["names"][:2] == [case["media-type"], case["data-id"]]
            if "content-id" in case:
                assert answer["names"][2:] == [case["substream-id"], case["content-id"]]

    @pytest.mark.parametrize("path", sorted((UPDATES / "sse").glob("*.sse")), ids=lambda p: p.name)
    def test_streams(path):
        """Every event has a name and JSON, or parts of it; patches apply in order, to a part as well."""
        held = {}
        events = ask({"sse": path.read_text()})[0]["events"]
        assert events
        names = ask(*({"event": kind} for kind, _ in events))
        for (kind, data), name in zip(events, names):
            media, data_id, substream, part = name["names"]
            if media.startswith("multipart/"):
                answer = ask({"message": data, "type": media})[0]
                held.update({f"{substream}.{name}": value for name, value in answer["result"].items()})
                continue
            value = json.loads(data)
            assert not part or data_id in held
            if data_id is None or data_id not in held and "patch" in media:
                continue
            if "patch" in media:
                kind = media.removeprefix("application/").removesuffix("+json")
                answer = ask(patch(held[data_id], value, kind))[0]
                assert "result" in answer, answer
                held[data_id] = answer["result"]
            else:
                held[data_id] = value
