"""docs/schema/footprints.schema.json takes what the program takes, and refuses what it can see."""
import json
import pathlib
import re

import jsonschema
import pytest

import wire_model

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/documents"
SCHEMA = json.loads((ROOT / "docs/schema/footprints.schema.json").read_text())
# What a schema can see. The places of other findings need more than one value.
STRUCTURAL = {"unknown-key", "missing-key", "wrong-type", "empty", "unknown-footprint-type",
              "nested-union", "conflict"}


# Findings about more than one value, or about what one means.
BEYOND = {"invalid/cost-calendars/in/a.yaml-0-wrong-type", "invalid/cost-calendars/in/a.yaml-16-conflict",
          "invalid/computed-costs/in/a.yaml-13-conflict",
          "invalid/topology-attachments/in/a.yaml-3-conflict",
          "invalid/topology-paths/in/a.yaml-0-conflict"}


def plain(value):
    """With numbers as numbers."""
    if isinstance(value, wire_model.Number):
        return float(value) if re.search("[.eE]", value) else int(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def read(path):
    text = path.read_bytes().decode("utf-8-sig")
    if path.suffix == ".json":
        return plain(wire_model.read_json(text))
    # PyYAML wants anchors to be unique; YAML does not.
    seen = {}

    def rename(match):
        kind, name = match.groups()
        seen[name] = seen.get(name, 0) + (kind == "&")
        return f"{kind}{name}{seen[name]}"

    return plain(wire_model.read_yaml(re.sub(r"(?<=[ \[])([&*])([a-z]+)", rename, text)))


def documents(kind):
    return [pytest.param(path, id=str(path.relative_to(GOLDEN)))
            for path in sorted((GOLDEN / kind).glob("*/in/*")) if path.is_file()]


@pytest.fixture(scope="module")
def validator():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA)


def test_there_are_documents():
    assert len(documents("valid")) > 50 and len(documents("invalid")) > 80


@pytest.mark.parametrize("path", documents("valid"))
def test_takes_valid_documents(path, validator):
    assert [error.message for error in validator.iter_errors(read(path))] == []


@pytest.mark.parametrize("path", sorted((ROOT / "footprints").glob("*.yaml")),
                         ids=lambda path: path.name)
def test_takes_the_examples(path, validator):
    assert [error.message for error in validator.iter_errors(read(path))] == []


def findings(path):
    """(code, pointer as a tuple) of the errors of a document."""
    lines = (path.parents[1] / "expected.findings").read_text().split("\n")
    found = []
    for line in lines:
        if re.match(re.escape(path.name) + r"(:\d+:\d+)?: error: ", line):
            code, pointer = re.search(r" \[([a-z-]+)\](?: at (.*))?$", line).groups()
            parts = (pointer or "").split("/")[1:]
            found.append((code, tuple(p.replace("~1", "/").replace("~0", "~") for p in parts)))
    return found


def structural():
    """Every structural error of every document that can be read."""
    for param in documents("invalid"):
        path = param.values[0]
        found = findings(path)
        if {code for code, _ in found} & {"syntax", "encoding", "limit", "yaml-feature"}:
            continue
        for number, (code, pointer) in enumerate(found):
            if code in STRUCTURAL:
                yield pytest.param(path, code, pointer, id=f"{param.id}-{number}-{code}")


def visible():
    return [param for param in structural() if param.id not in BEYOND]


def test_beyond_are_there():
    assert BEYOND <= {param.id for param in structural()}


def places(error):
    """Where an error, or one of those that it is made of, stands."""
    yield tuple(map(str, error.absolute_path))
    for inner in error.context:
        yield from places(inner)


@pytest.mark.parametrize("path,code,pointer", visible())
def test_refuses_what_it_can_see(path, code, pointer, validator):
    seen = {place for error in validator.iter_errors(read(path)) for place in places(error)}
    if code == "unknown-key":
        pointer = pointer[:-1]  # an error of the object around it
    elif code == "nested-union" and pointer[-1] == "footprintunion":
        pointer = pointer[:-1]  # likewise
    elif code == "nested-union":
        pointer = (*pointer[:-1], "footprint-type")
    assert pointer in seen
