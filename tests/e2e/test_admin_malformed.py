"""Uploads that nobody should send: each is told what it is, and nothing is another afterwards."""
import json
import socket

import pytest

from admin import TOKENS, AdminClient, write_tokens
from footprintd import DOCUMENT, Server, curl, write_config

ADMIN = 'admin: {listen: "127.0.0.1:0", tokens: tokens}\nstate: state\n'
GOOD = DOCUMENT % "http/1.1"
BETTER = DOCUMENT % "https/1.1"
YAML, JSON, TEXT = "application/yaml", "application/json", "text/plain"
A = "/v1/documents/a.yaml"
B = "/v1/documents/b.json"
LIMIT = 64 << 20  # limits.admin-body-bytes

BOMB = ("a: &a [x,x,x,x,x,x,x,x,x,x]\n" +
        "".join(f"{b}: &{b} [{','.join(['*' + a] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi")))


def changes(documents, **more):
    return json.dumps({"documents": documents, **more})


# (what, method, path, type, body, status, code); bodies that are long are made when they are used.
UPLOADS = [
    # -- one document --
    ("not UTF-8", "PUT", A, YAML, GOOD.encode() + b"# \xff\xfe\n", 422, "refused"),
    ("UTF-8 of surrogates", "PUT", A, YAML, GOOD.encode() + b"# \xed\xa0\x80\n", 422, "refused"),
    ("overlong UTF-8", "PUT", A, YAML, GOOD.encode() + b"# \xc0\xaf\n", 422, "refused"),
    ("UTF-16", "PUT", A, YAML, GOOD.encode("utf-16"), 422, "refused"),
    ("a NUL", "PUT", A, YAML, GOOD + "# \0\n", 422, "refused"),
    ("a NUL in JSON", "PUT", B, JSON, '{"version":1}\0', 422, "refused"),
    ("nothing", "PUT", A, YAML, "", 422, "refused"),
    ("another version", "PUT", A, YAML, "version: 7\n", 422, "refused"),
    ("a scalar", "PUT", A, YAML, "hello\n", 422, "refused"),
    ("two documents in one", "PUT", A, YAML, GOOD + "---\n" + GOOD, 422, "refused"),
    ("an alias bomb", "PUT", A, YAML, BOMB, 422, "refused"),
    ("an alias of itself", "PUT", A, YAML, "version: 1\nfootprints: &a {x: *a}\n", 422, "refused"),
    ("an unknown tag", "PUT", A, YAML, "version: !!python/object:os.system 1\n", 422, "refused"),
    ("keys twice", "PUT", A, YAML, GOOD + "version: 1\n", 422, "refused"),
    ("keys twice in JSON", "PUT", B, JSON, '{"version":1,"version":1}', 422, "refused"),
    ("deep YAML", "PUT", A, YAML, lambda: "version: " + "[" * 100000, 422, "refused"),
    ("deep block YAML", "PUT", A, YAML,
     lambda: "".join(" " * n + "a:\n" for n in range(2000)), 422, "refused"),
    ("deep JSON", "PUT", B, JSON, lambda: '{"version":' * 100000, 422, "refused"),
    ("very many keys", "PUT", A, YAML,
     lambda: GOOD + "".join(f"k{n}: 1\n" for n in range(200000)), 422, "refused"),
    ("very many keys in JSON", "PUT", B, JSON,
     lambda: json.dumps({f"k{n}": 1 for n in range(200000)}), 422, "refused"),
    ("a long key", "PUT", A, YAML, lambda: GOOD + "k" * 1000000 + ": 1\n", 422, "refused"),
    ("truncated JSON", "PUT", B, JSON, '{"version":1,"footprints":{"a', 422, "refused"),
    ("JSON in YAML's clothes", "PUT", A, YAML, '{"version": 1, "footprints": {', 422, "refused"),
    ("as much as may be", "PUT", A, YAML, lambda: b"x" * LIMIT, 422, "refused"),
    ("more than may be", "PUT", A, YAML, lambda: b"x" * (LIMIT + 1), 413, "too-large"),
    # -- types --
    ("a form", "PUT", A, "application/x-www-form-urlencoded", BETTER, 415, "media-type"),
    ("parts", "PUT", A, "multipart/form-data; boundary=x", BETTER, 415, "media-type"),
    ("a type that is none", "PUT", A, "yaml", BETTER, 415, "media-type"),
    ("YAML for changes", "POST", "/v1/changes", YAML, changes({"a.yaml": BETTER}), 415, "media-type"),
    ("text for changes", "POST", "/v1/changes", TEXT, changes({"a.yaml": BETTER}), 415, "media-type"),
    ("text for a rollback", "POST", "/v1/rollback", TEXT, '{"generation":1}', 415, "media-type"),
    # -- names --
    ("a name with a dot first", "PUT", "/v1/documents/.a.yaml", YAML, BETTER, 400, "bad-name"),
    ("dots", "PUT", "/v1/documents/...yaml", YAML, BETTER, 400, "bad-name"),
    ("another directory", "PUT", "/v1/documents/..%2fa.yaml", YAML, BETTER, 404, "no-such-resource"),
    ("a directory", "PUT", "/v1/documents/sub%2fa.yaml", YAML, BETTER, 404, "no-such-resource"),
    ("a backslash of nothing", "PUT", "/v1/documents/a%5c", YAML, BETTER, 400, "bad-name"),
    ("a name with a NUL", "PUT", "/v1/documents/a%00.yaml", YAML, BETTER, 404, "no-such-resource"),
    ("a name with a line", "PUT", "/v1/documents/a%0a.yaml", YAML, BETTER, 400, "bad-name"),
    ("a name that is not UTF-8", "PUT", "/v1/documents/%ff.yaml", YAML, BETTER, 400, "bad-name"),
    ("no ending", "PUT", "/v1/documents/a", YAML, BETTER, 400, "bad-name"),
    ("a long name", "PUT", f"/v1/documents/{'a' * 300}.yaml", YAML, BETTER, 400, "bad-name"),
    ("a name too long for a file beside it", "PUT", f"/v1/documents/{'a' * 220}.yaml", YAML, BETTER,
     400, "bad-name"),
    *((f"the name {name!r} in changes", "POST", "/v1/changes", JSON,
       changes({"a.yaml": BETTER, name: BETTER}), 400, "bad-name")
      for name in ("", ".", "..", "../b.yaml", "/etc/b.yaml", ".b.yaml", "b", "b.yaml/", "a/b.yaml",
                   "b\0.yaml", "b\n.yaml", "b" * 300 + ".yaml")),
    # -- changes --
    ("no JSON", "POST", "/v1/changes", JSON, "version: 1\n", 400, "syntax"),
    ("nothing at all", "POST", "/v1/changes", JSON, "", 400, "syntax"),
    ("truncated", "POST", "/v1/changes", JSON, changes({"a.yaml": BETTER})[:-2], 400, "syntax"),
    ("something behind it", "POST", "/v1/changes", JSON, changes({"a.yaml": BETTER}) + "x", 400,
     "syntax"),
    ("not UTF-8 in JSON", "POST", "/v1/changes", JSON,
     changes({"a.yaml": BETTER}).encode().replace(b"https", b"\xff\xfe"), 400, "syntax"),
    ("half a surrogate pair", "POST", "/v1/changes", JSON, '{"documents":{"a.yaml":"\\ud800"}}', 400,
     "syntax"),
    ("an escaped NUL", "POST", "/v1/changes", JSON, changes({"a.yaml": BETTER + "\0"}), 422,
     "refused"),
    ("a document twice", "POST", "/v1/changes", JSON,
     '{"documents":{"a.yaml":"version: 1\\n","a.yaml":"version: 1\\n"}}', 400, "syntax"),
    ("a document twice by escapes", "POST", "/v1/changes", JSON,
     '{"documents":{"a.yaml":"version: 1\\n","\\u0061.yaml":"version: 1\\n"}}', 400, "syntax"),
    ("deep", "POST", "/v1/changes", JSON, lambda: "[" * 1000000, 400, "syntax"),
    ("deep in a member", "POST", "/v1/changes", JSON,
     lambda: '{"documents":' + '{"a":' * 1000000, 400, "syntax"),
    ("a list", "POST", "/v1/changes", JSON, "[]", 400, "bad-body"),
    ("no documents", "POST", "/v1/changes", JSON, "{}", 400, "bad-body"),
    ("a list of documents", "POST", "/v1/changes", JSON, '{"documents":[]}', 400, "bad-body"),
    ("a document that is a number", "POST", "/v1/changes", JSON, changes({"a.yaml": 7}), 400,
     "bad-body"),
    ("an unknown member", "POST", "/v1/changes", JSON, changes({"a.yaml": BETTER}, force=True), 400,
     "bad-body"),
    ("a yes that is a text", "POST", "/v1/changes", JSON, changes({"a.yaml": BETTER}, yes="1"), 400,
     "bad-body"),
    ("a base below nothing", "POST", "/v1/changes", JSON, changes({"a.yaml": BETTER}, base=-1), 400,
     "bad-body"),
    ("a base beyond numbers", "POST", "/v1/changes", JSON,
     changes({"a.yaml": BETTER}, base=10 ** 30), 400, "bad-body"),
    ("a long message", "POST", "/v1/changes", JSON,
     lambda: changes({"a.yaml": BETTER}, message="m" * 65537), 400, "bad-body"),
    ("one bad among good ones", "POST", "/v1/changes", JSON,
     changes({"a.yaml": BETTER, "c.yaml": GOOD, "d.yaml": "version: 7\n"}, yes=True), 422, "refused"),
    ("very many documents", "POST", "/v1/changes", JSON,
     lambda: changes({f"n{n}.yaml": "version: 1\n" for n in range(10001)}, yes=True), 422, "refused"),
    ("very many conditions", "POST", "/v1/changes", JSON,
     lambda: changes({f"n{n}.yaml": "" for n in range(200000)},
                     **{"if-match": {f"n{n}.yaml": None for n in reversed(range(200000))}}), 422,
     "refused"),
    ("very many bad documents", "POST", "/v1/changes", JSON,
     lambda: changes({f"n{n}.yaml": "x" for n in range(5000)}), 422, "refused"),
    ("more changes than may be", "POST", "/v1/changes", JSON,
     lambda: changes({"a.yaml": "x" * LIMIT}), 413, "too-large"),
    # -- the others --
    ("rollback to nothing", "POST", "/v1/rollback", JSON, "{}", 400, "bad-body"),
    ("rollback to a half", "POST", "/v1/rollback", JSON, '{"generation":1.5}', 400, "bad-body"),
    ("rollback to a text", "POST", "/v1/rollback", JSON, '{"generation":"1"}', 400, "bad-body"),
    ("rollback to the future", "POST", "/v1/rollback", JSON, '{"generation":99}', 404,
     "no-such-generation"),
    ("a check of nothing", "POST", "/v1/check", JSON, "[]", 400, "bad-body"),
    ("a check of no JSON", "POST", "/v1/check", JSON, "{", 400, "syntax"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("malformed")
    (folder / "footprints").mkdir()
    (folder / "footprints/a.yaml").write_text(GOOD)
    write_tokens(folder)
    write_config(folder, more=ADMIN)
    with Server(folder / "footprintd.yaml") as server:
        folder_of = folder
        yield server, folder_of
        # After all of them, one that is right.
        client = AdminClient(server.admin, TOKENS["editor"])
        status, body = client.call("PUT", A + "?yes=1", BETTER, None, YAML)
        assert (status, body["generation"]) == (200, 2)


def is_as_before(server, folder):
    client = AdminClient(server.admin, TOKENS["admin"])
    assert client.call("GET", "/v1/status")[1]["generation"] == 1
    assert client.call("GET", "/v1/generations")[1]["total"] == 1
    assert {p.name: p.read_text() for p in (folder / "footprints").iterdir()} == {"a.yaml": GOOD}
    assert "http/1.1" in curl(server.url + "/cdni")[2].decode()
    client.close()


@pytest.mark.parametrize("method, path, kind, body, status, code",
                         [row[1:] for row in UPLOADS], ids=[row[0] for row in UPLOADS])
def test_upload(site, method, path, kind, body, status, code):
    server, folder = site
    client = AdminClient(server.admin, TOKENS["admin"])
    got, answer = client.call(method, path, body() if callable(body) else body, None, kind)
    assert (got, answer["code"]) == (status, code), str(answer)[:500]
    assert answer["detail"]
    client.close()
    is_as_before(server, folder)


BROKEN = {
    "less than was said": (b"Content-Length: 1000\r\n\r\n" + GOOD.encode(), b""),
    "two lengths": (b"Content-Length: 9\r\nContent-Length: 200\r\n\r\n" + BETTER.encode(), b"400"),
    "a length that is none": (b"Content-Length: x\r\n\r\n" + BETTER.encode(), b"400"),
    "chunks that are none": (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + BETTER.encode(), b""),
    "a chunk that ends early": (b"Transfer-Encoding: chunked\r\n\r\nfff\r\nversion", b""),
}


@pytest.mark.parametrize("tail, status", BROKEN.values(), ids=BROKEN.keys())
def test_broken_transfer(site, tail, status):
    """The body does not come to its end: it is no body."""
    server, folder = site
    port = int(server.admin.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"PUT /v1/documents/a.yaml?yes=1 HTTP/1.1\r\nHost: localhost\r\n"
                           b"Authorization: Bearer " + TOKENS["admin"].encode() +
                           b"\r\nContent-Type: application/yaml\r\n" + tail)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert b" 200 " not in answer.split(b"\r\n")[0] and status in answer
    is_as_before(server, folder)
