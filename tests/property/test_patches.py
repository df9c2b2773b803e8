"""Patches of footprintctl watch against a second, plain implementation, over random documents."""
import copy
import json
import random

import pytest

from programs import ctl_apply

NAMES = ["a", "b", "a/b", "m~n", "", "0", "01", "-", "é"]
SCALARS = [None, True, False, 0, 1, -1, 18446744073709551615, 10**40, "", "x", "é\u0000"]


def value(rng, depth=3):
    kind = rng.randrange(4 if depth else 2)
    if kind < 2:
        return rng.choice(SCALARS)
    if kind == 2:
        return [value(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {name: value(rng, depth - 1) for name in rng.sample(NAMES, rng.randrange(5))}


def pointers(node, path=""):
    """All that there is, and some that there is not."""
    yield path
    if isinstance(node, dict):
        for name, child in node.items():
            yield from pointers(child, f"{path}/{name.replace('~', '~0').replace('/', '~1')}")
        yield f"{path}/new"
    elif isinstance(node, list):
        for i, child in enumerate(node):
            yield from pointers(child, f"{path}/{i}")
        yield f"{path}/{len(node)}"
        yield f"{path}/{len(node) + 1}"
        yield f"{path}/-"
        yield f"{path}/00"
    else:
        yield f"{path}/x"


class Refused(Exception):
    pass


def same(a, b):
    """As JSON: true is no 1."""
    if isinstance(a, bool) or isinstance(b, bool) or type(a) is not type(b):
        return type(a) is type(b) and a == b
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    return a == b


def place(document, pointer):
    """(parent, key) of a pointer in a document that is boxed."""
    tokens = pointer.split("/")[1:]
    node, key = document, "box"
    for token in tokens:
        node = get(node, key)
        key = token.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, (dict, list)):
            raise Refused
    return node, key


def index(key, limit):
    if not key.isascii() or not key.isdigit() or (key[0] == "0" and key != "0") or int(key) > limit:
        raise Refused
    return int(key)


def get(parent, key):
    if isinstance(parent, dict):
        if key not in parent:
            raise Refused
        return parent[key]
    return parent[index(key, len(parent) - 1)]


def take_out(document, pointer):
    parent, key = place(document, pointer)
    found = get(parent, key)
    if parent is document:
        raise Refused
    del parent[key if isinstance(parent, dict) else int(key)]
    return found


def put(document, pointer, new):
    parent, key = place(document, pointer)
    if isinstance(parent, dict):
        parent[key] = new
    else:
        parent.insert(len(parent) if key == "-" else index(key, len(parent)), new)


def apply(doc, patch):
    document = {"box": copy.deepcopy(doc)}
    for op in patch:
        kind, path = op["op"], op["path"]
        if kind == "add":
            put(document, path, copy.deepcopy(op["value"]))
        elif kind == "remove":
            take_out(document, path)
        elif kind == "replace":
            parent, key = place(document, path)
            get(parent, key)
            parent[key if isinstance(parent, dict) else int(key)] = copy.deepcopy(op["value"])
        elif kind == "test":
            if not same(get(*place(document, path)), op["value"]):
                raise Refused
        elif kind == "copy":
            put(document, path, copy.deepcopy(get(*place(document, op["from"]))))
        elif path != op["from"]:
            if path.startswith(op["from"] + "/"):
                raise Refused
            put(document, path, take_out(document, op["from"]))
        else:
            get(*place(document, path))
    return document["box"]


def merge(target, patch):
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for name, new in patch.items():
        if new is None:
            target.pop(name, None)
        else:
            target[name] = merge(target.get(name), new)
    return target


def operation(rng, doc):
    paths = list(pointers(doc))
    kind = rng.choice(["add", "add", "remove", "replace", "move", "copy", "test"])
    op = {"op": kind, "path": rng.choice(paths)}
    if kind in ("add", "replace", "test"):
        op["value"] = value(rng, 2)
    if kind in ("move", "copy"):
        op["from"] = rng.choice(paths)
    if kind == "test" and rng.random() < 0.7:
        try:
            op["value"] = get(*place({"box": doc}, op["path"]))
        except Refused:
            pass
    return op


def text(value_):
    """The order of members counts."""
    return json.dumps(value_)


@pytest.mark.parametrize("seed", range(4))
def test_json_patch(seed):
    rng = random.Random(seed)
    cases, wanted = [], []
    for _ in range(1500):
        doc, patch = value(rng), []
        result = doc
        for _ in range(rng.randrange(1, 7)):
            op = operation(rng, result)
            try:
                result = apply(result, [op])
            except Refused:
                if rng.random() < 0.7:
                    continue
                result = Refused
            patch.append(op)
            if result is Refused:
                break
        cases.append({"doc": doc, "patch": patch, "kind": "json-patch"})
        wanted.append(result)
    for case, want, answer in zip(cases, wanted, ctl_apply(cases)):
        if want is Refused:
            assert "error" in answer, case
        else:
            assert text(answer.get("result", answer)) == text(want), case
    assert 300 < sum(want is Refused for want in wanted) < 1200


@pytest.mark.parametrize("seed", range(2))
def test_merge_patch(seed):
    rng = random.Random(seed)
    cases = [{"doc": value(rng, 4), "patch": value(rng, 4), "kind": "merge-patch"}
             for _ in range(1500)]
    for case, answer in zip(cases, ctl_apply(cases)):
        assert text(answer["result"]) == text(merge(case["doc"], case["patch"])), case
