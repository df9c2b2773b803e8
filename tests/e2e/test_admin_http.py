"""The HTTP of the admin interface, over made-up answers: tokens, roles, routes, bodies, workers."""
import concurrent.futures
import json
import os
import socket
import subprocess

import pytest

import http_client as http
from admin import NAMES, TOKENS, bearer, description, operations, routes, write_tokens
from http_stub import HTTP_STUB

CLEAR = ["h1", "h2c"]
JSON = "Content-Type: application/json"


class Admin:
    """A stub with an admin interface."""

    def __init__(self, stub):
        self.stub = stub
        self.uri = stub.wait_for(r"^admin http").split()[1]
        self.port = int(self.uri.rpartition(":")[2])

    def ask(self, path, protocol="h1", method=None, role="admin", headers=(), data=None):
        token = [bearer(role)] if role else []
        return http.request(self.uri + path, protocol, method, [*token, *headers], data)


@pytest.fixture
def start_admin(start_stub, tmp_path):
    def start(*args):
        return Admin(start_stub("--admin", write_tokens(tmp_path), *args))
    return start


@pytest.fixture
def admin(start_admin):
    return start_admin()


def problem(answer, status, code):
    assert answer.status == status
    assert answer.get("content-type") == "application/problem+json"
    assert answer.get("cache-control") == "no-store"
    body = json.loads(answer.body)
    assert (body["status"], body["code"], body["type"]) == (status, code, "about:blank")
    assert body["title"] and body["detail"]
    return body


# ---- what an answer is given ----

@pytest.mark.parametrize("protocol", CLEAR)
@pytest.mark.threads
def test_request(admin, protocol):
    answer = admin.ask("/v1/documents/a%20b.yaml?x=1&y=%20", protocol, "PUT", "editor",
                       ["Content-Type: application/yaml; charset=utf-8", 'If-Match: "e1"',
                        'If-Match: "e2"', "If-None-Match: *"], b"version: 1\n")
    assert answer.status == 200
    assert answer.get("content-type") == "application/json"
    assert answer.get("cache-control") == "no-store"
    assert json.loads(answer.body) == {
        "method": "PUT", "path": "/v1/documents/a b.yaml", "query": "x=1&y=%20",
        "content-type": "application/yaml; charset=utf-8", "if-match": '"e1", "e2"',
        "if-none-match": "*", "user": NAMES["editor"], "peer": "127.0.0.1", "role": "editor",
        "name": "a b.yaml", "body": 11}


@pytest.mark.parametrize("protocol", CLEAR)
def test_fields_of_an_answer(admin, protocol):
    answer = admin.ask("/v1/changes", protocol, "POST", headers=[JSON], data=b"{}")
    assert answer.status == 201
    assert answer.get("location") == "/v1/generations/7"
    assert answer.get("retry-after") == "3"
    answer = admin.ask("/v1/audit", protocol)
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize("protocol", CLEAR)
def test_etag(admin, protocol):
    whole = admin.ask("/v1/documents/a.yaml", protocol)
    assert (whole.status, whole.get("etag")) == (200, '"made-up"')
    for line in ['"made-up"', 'W/"made-up"', '"x", "made-up"', "*"]:
        answer = admin.ask("/v1/documents/a.yaml", protocol, headers=[f"If-None-Match: {line}"])
        assert (answer.status, answer.body) == (304, b"")
        assert answer.get("etag") == '"made-up"'
        assert answer.get("cache-control") == "no-store"
    answer = admin.ask("/v1/documents/a.yaml", protocol, headers=['If-None-Match: "other"'])
    assert answer.status == 200
    # A write is for the application to refuse.
    answer = admin.ask("/v1/documents/a.yaml", protocol, "DELETE", headers=["If-None-Match: *"])
    assert answer.status == 200


@pytest.mark.parametrize("protocol", CLEAR)
def test_head(admin, protocol):
    whole = admin.ask("/v1/documents/a.yaml", protocol)
    head = admin.ask("/v1/documents/a.yaml", protocol, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.get("content-length") == str(len(whole.body))
    assert admin.ask("/nothing", protocol, "HEAD").status == 404


def test_head_leaves_the_connection_in_step(admin):
    """A body after a HEAD would be taken for the next answer."""
    request = (f"%s /v1/documents/a.yaml HTTP/1.1\r\nHost: x\r\n{bearer('admin')}\r\n%s\r\n")
    data = http.raw_exchange(admin.port, (request % ("HEAD", "") + request % ("GET", "Connection: close\r\n"))
                             .encode())
    head, _, rest = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ") and rest.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("protocol", CLEAR)
def test_no_answer(admin, protocol):
    problem(admin.ask("/v1/status", protocol), 500, "no-answer")


@pytest.mark.parametrize("protocol", CLEAR)
@pytest.mark.parametrize("size", [1, 1 << 20, (1 << 20) + 1, 5000000])
def test_large_answers(admin, protocol, size):
    answer = admin.ask(f"/v1/generations?size={size}", protocol)
    assert (answer.status, len(answer.body)) == (200, size)


# ---- tokens ----

@pytest.mark.parametrize("protocol", CLEAR)
def test_no_token(admin, protocol):
    for path in ["/v1/status", "/v1/nothing", "/"]:
        for method in ["GET", "POST", "DELETE"]:
            answer = admin.ask(path, protocol, method, role=None)
            problem(answer, 401, "no-token")
            assert answer.get("www-authenticate") == 'Bearer realm="footprintd"'


@pytest.mark.parametrize("line", [
    "Bearer nonsense", "Bearer", "Basic YTpi", f"Bearer {TOKENS['admin']}x",
    f"Bearer {TOKENS['admin'][:-1]}", f"Bearer {TOKENS['admin'].upper()}", f"Basic {TOKENS['admin']}",
    f"Bearer {TOKENS['admin']}, Bearer {TOKENS['admin']}", "Bearer " + "a" * 5000])
def test_wrong_token(admin, line):
    answer = admin.ask("/v1/documents", role=None, headers=[f"Authorization: {line}"])
    problem(answer, 401, "wrong-token")
    assert answer.get("www-authenticate") == 'Bearer realm="footprintd", error="invalid_token"'
    assert b"admin-0123" not in answer.body
    assert not any(TOKENS["admin"] in line for line in admin.stub.lines)


def test_two_tokens_are_none(admin):
    answer = admin.ask("/v1/documents", headers=[bearer("reader")])
    problem(answer, 401, "wrong-token")


def test_scheme_without_case(admin):
    answer = admin.ask("/v1/documents", role=None,
                       headers=[f"authorization: bEaReR   {TOKENS['reader']}"])
    assert answer.status == 200


def test_wrong_tokens_are_slowed(admin):
    """Those who go on are held back, and refused when too many are; the right token is not."""
    socks = [http.raw_connect(admin.port) for _ in range(40)]
    line = "GET /v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n"
    for sock in socks:
        sock.sendall(line.encode())
    assert admin.ask("/v1/documents").status == 200
    statuses = []
    for sock in socks:
        status, headers, _ = http.split_responses(http.read_to_end(sock))[0]
        statuses.append(status)
        assert status == 401 or headers["retry-after"] == "2"
        sock.close()
    assert set(statuses) == {401, 429}
    assert admin.stub.wait_for(r"warning admin: a wrong token from 127\.0\.0\.1; \d+ so far")
    # A client that goes away while it is held is forgotten.
    for _ in range(12):
        with http.raw_connect(admin.port) as sock:
            sock.sendall(line.encode())
    assert admin.ask("/v1/documents").status == 200


# ---- roles and routes ----

def concrete(path):
    return path.replace("{name}", "a.yaml").replace("{number}", "1")


def test_roles(admin):
    """Each route by each role, the answers that wait for something left out."""
    order = list(TOKENS)
    for method, path, wanted in routes():
        if path == "/v1/diff":
            continue
        for role in order:
            answer = admin.ask(concrete(path), method=method, role=role)
            if order.index(role) < order.index(wanted):
                body = problem(answer, 403, "role")
                assert body["role"] == wanted and wanted in body["detail"]
            else:
                assert answer.status not in (401, 403, 404, 405)


@pytest.mark.parametrize("protocol", CLEAR)
def test_unknown_paths(admin, protocol):
    for path in ["/", "/v1", "/v1/", "/v1/nothing", "/v1/status/", "/v1/documents/", "/V1/status",
                 "/v1/documents/a/b", "/v1/documents/a%2Fb", "/v1/documents/a%00b",
                 "/v1/documents/../../etc/passwd", "/v1/documents/%2e%2e%2fx", "/1k", "/directory"]:
        problem(admin.ask(path, protocol), 404, "no-such-resource")
    assert json.loads(admin.ask("/v1/x/../documents/a.yaml", protocol).body)["path"] == \
        "/v1/documents/a.yaml"


@pytest.mark.parametrize("protocol", CLEAR)
def test_wrong_methods(admin, protocol):
    allow = {"/v1/status": "GET, HEAD", "/v1/documents/a.yaml": "GET, HEAD, PUT, DELETE",
             "/v1/changes": "POST"}
    for path, allowed in allow.items():
        for method in ["PATCH", "OPTIONS", "PROPFIND", "PUT" if "PUT" not in allowed else "POST"]:
            answer = admin.ask(path, protocol, method)
            problem(answer, 405, "method-not-allowed")
            assert answer.get("allow") == allowed


def test_absolute_form(admin):
    request = (f"GET http://elsewhere/v1/documents/a.yaml?q=1 HTTP/1.1\r\nHost: x\r\n{bearer('reader')}\r\n"
               "Connection: close\r\n\r\n")
    status, _, body = http.split_responses(http.raw_exchange(admin.port, request.encode()))[0]
    assert status == 200
    seen = json.loads(body)
    assert (seen["path"], seen["query"]) == ("/v1/documents/a.yaml", "q=1")


# ---- the description ----

def test_description_and_routes():
    """Neither has an operation that the other has not, nor another role for it."""
    described = {(method, path): operation["x-role"]
                 for method, path, operation in operations(description())}
    table = {(method, path): role for method, path, role in routes()}
    assert len(table) == 19 and described == table


def test_description_and_server(admin):
    """What is described is there, and nothing else at these paths."""
    api = description()
    for path, item in api["paths"].items():
        answer = admin.ask(concrete(path), method="PATCH")
        allowed = set(answer.get("allow").split(", ")) - {"HEAD"}
        assert allowed == {method.upper() for method in item if method != "parameters"}


def test_description_is_whole():
    """References lead somewhere, all parts are used, operations have what they need."""
    api = description()
    assert api["openapi"].startswith("3.1.")
    used = set()

    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                used.add(node["$ref"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(api)
    there = {f"#/components/{kind}/{name}" for kind, parts in api["components"].items()
             for name in parts if kind != "securitySchemes"}
    assert used == there
    ids = [operation["operationId"] for _, _, operation in operations(api)]
    assert len(ids) == len(set(ids))
    for method, path, operation in operations(api):
        assert operation["summary"] and "default" in operation["responses"]
        parameters = api["paths"][path].get("parameters", [])
        assert ("{" in path) == bool(parameters)
        assert ("requestBody" in operation) == (method in ("PUT", "POST") and path != "/v1/reload")


# ---- bodies ----

@pytest.mark.parametrize("protocol", CLEAR)
def test_too_large(start_admin, protocol):
    """Answered by 413 on HTTP/2 too, which a client does not try again."""
    admin = start_admin("--admin-max-body", 1000)
    put = {"method": "PUT", "headers": ["Content-Type: text/plain", "Expect:"]}
    answer = admin.ask("/v1/documents/a.yaml", protocol, data=b"x" * 1000, **put)
    assert json.loads(answer.body)["body"] == 1000
    problem(admin.ask("/v1/documents/a.yaml", protocol, data=b"x" * 1001, **put), 413, "too-large")
    problem(admin.ask("/v1/documents/a.yaml", protocol, data=b"x" * 50000, **put), 413, "too-large")
    assert admin.ask("/v1/documents/a.yaml", protocol).status == 200


@pytest.mark.parametrize("protocol", CLEAR)
def test_each_listener_has_its_own_limit(start_admin, protocol):
    admin = start_admin("--option", "max-body=1000")
    body = b"x" * 300000
    answer = admin.ask("/v1/documents/a.yaml", protocol, "PUT", "editor",
                       ["Content-Type: text/plain", "Expect:"], body)
    assert json.loads(answer.body)["body"] == len(body)
    echo = admin.stub.uri + "/echo"
    kind = "Content-Type: application/x-in"
    assert http.request(echo, protocol, "POST", [kind], b"x" * 1001).status == 413
    if protocol == "h1":
        assert http.request(echo, protocol, "POST", [kind, "Expect:"], body).status == 413
    else:
        with http.Http2(admin.stub.port) as connection:
            connection.request(1, "POST", "/echo", [("content-type", "application/x-in")], end=False)
            for _ in range(10):
                connection.send(http.DATA, 0, 1, b"x" * 16384)
            assert http.http2_status(connection.read_until(http.HEADERS, 1)[3]) == 413


@pytest.mark.parametrize("path, good, bad", [
    ("/v1/check", ["application/json", "Application/JSON; charset=utf-8"],
     ["application/yaml", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "x"]),
    ("/v1/documents/a.yaml",
     ["application/json", "application/yaml", "application/x-yaml", "text/yaml", "text/plain"],
     ["application/x-www-form-urlencoded", "text/html", "multipart/form-data"])])
@pytest.mark.parametrize("protocol", CLEAR)
def test_media_types(admin, protocol, path, good, bad):
    method = "POST" if path == "/v1/check" else "PUT"
    for kind in good:
        assert admin.ask(path, protocol, method, headers=[f"Content-Type: {kind}"],
                         data=b"{}").status == 200
    for kind in bad:
        problem(admin.ask(path, protocol, method, headers=[f"Content-Type: {kind}"], data=b"{}"), 415,
                "media-type")
    problem(admin.ask(path, protocol, method, headers=["Content-Type:"], data=b"{}"), 415, "media-type")
    problem(admin.ask(path, protocol, method, headers=[f"Content-Type: {good[0]}", "Content-Encoding: gzip"],
                      data=b"{}"), 415, "media-type")


@pytest.mark.parametrize("protocol", CLEAR)
def test_large_bodies(admin, protocol):
    """Copied in pieces; a client that leaves in the middle is forgotten."""
    for size in [(4 << 20) - 1, 4 << 20, (4 << 20) + 1, 30000000]:
        answer = admin.ask("/v1/documents/a.yaml", protocol, "PUT", "editor",
                           ["Content-Type: text/plain", "Expect:"], b"x" * size)
        assert json.loads(answer.body)["body"] == size
    head = (f"PUT /v1/documents/a.yaml HTTP/1.1\r\nHost: x\r\n{bearer('editor')}\r\nContent-Type: "
            f"text/plain\r\nContent-Length: {20 << 20}\r\n\r\n")
    with http.raw_connect(admin.port) as sock:
        sock.sendall(head.encode() + b"x" * (20 << 20))
    assert admin.ask("/v1/documents").status == 200


def test_body_that_no_route_takes(admin):
    answer = admin.ask("/v1/reload", method="POST", data=b"anything")
    assert answer.status == 200 and json.loads(answer.body)["body"] == 0


# ---- hosts ----

@pytest.mark.parametrize("protocol", CLEAR)
def test_listeners_share_nothing(admin, protocol):
    """Neither listener shows what the other has, whatever Host says."""
    public = admin.stub.uri
    names = [public.removeprefix("http://"), admin.uri.removeprefix("http://"), "default", "default:80",
             "localhost", f"127.0.0.1:{admin.stub.port}"]
    for name in names:
        host = [f"Host: {name}"]
        problem(admin.ask("/1k", protocol, headers=host), 404, "no-such-resource")
        assert admin.ask("/v1/documents", protocol, headers=host).status == 200
        problem(admin.ask("/v1/documents", protocol, role=None, headers=host), 401, "no-token")
        for path in ["/v1/documents", "/v1/status", "/v1"]:
            answer = http.request(public + path, protocol, headers=[*host, bearer("admin")])
            assert (answer.status, answer.body) == (404, b"")
        assert http.request(public + "/1k", protocol, headers=host).status == 200


# ---- workers ----

class Gate:
    """A FIFO that an answer waits for."""

    def __init__(self, folder, name="gate"):
        self.path = folder / name
        os.mkfifo(self.path)

    def open(self):
        with open(self.path, "wb", buffering=0) as fifo:
            fifo.write(b"x")


def diff(gate):
    body = str(gate.path).encode()
    return (f"POST /v1/diff HTTP/1.1\r\nHost: x\r\n{bearer('reader')}\r\n{JSON}\r\nContent-Length: "
            f"{len(body)}\r\n\r\n").encode() + body


@pytest.mark.threads
def test_slow_answers_hold_up_nobody(start_admin, tmp_path):
    """One loop, both workers busy: clients are served, requests wait, and then there are too many."""
    admin = start_admin("--threads", 1)
    gates = [Gate(tmp_path, f"gate{i}") for i in range(18)]
    socks = []
    for gate in gates[:2]:
        socks.append(http.raw_connect(admin.port))
        socks[-1].sendall(diff(gate))
        admin.stub.wait_for(f"^answering {gate.path}$")
    assert http.request(admin.stub.uri + "/1k").status == 200
    for gate in gates[2:]:
        socks.append(http.raw_connect(admin.port))
        socks[-1].sendall(diff(gate))
        # The loop has seen it when it answers what came behind it on another connection.
        problem(admin.ask("/v1/nothing"), 404, "no-such-resource")
    answer = admin.ask("/v1/documents")
    problem(answer, 503, "busy")
    assert answer.get("retry-after") == "1"
    for gate in gates:
        admin.stub.wait_for(f"^answering {gate.path}$")
        gate.open()
    for sock in socks:
        assert sock.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
        sock.close()
    assert admin.ask("/v1/documents").status == 200


@pytest.mark.parametrize("protocol", CLEAR)
@pytest.mark.threads
def test_drain_waits_for_an_answer(admin, tmp_path, protocol):
    gate = Gate(tmp_path)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(admin.ask, "/v1/diff", protocol, "POST", "reader", [JSON],
                             str(gate.path).encode())
        admin.stub.wait_for("^answering ")
        admin.stub.signal(15)
        while True:  # until the drain has closed the listening sockets
            try:
                socket.create_connection(("127.0.0.1", admin.port), timeout=5).close()
            except OSError:
                break
        gate.open()
        assert answer.result().status == 200
    assert admin.stub.wait() == 0


@pytest.mark.threads
def test_client_leaves_while_an_answer_is_made(admin, tmp_path):
    gate = Gate(tmp_path)
    with http.raw_connect(admin.port) as sock:
        sock.sendall(diff(gate))
        admin.stub.wait_for("^answering ")
    with http.Http2(admin.port) as connection:
        second = Gate(tmp_path, "second")
        connection.request(1, "POST", "/v1/diff", [("authorization", f"Bearer {TOKENS['reader']}"),
                                                   ("content-type", "application/json")], end=False)
        connection.send(http.DATA, http.END_STREAM, 1, str(second.path).encode())
        admin.stub.wait_for(f"^answering {second.path}$")
        connection.send(http.RST_STREAM, 0, 1, b"\0\0\0\x08")
        connection.send(http.PING, 0, 0, b"12345678")
        connection.read_until(http.PING)
        second.open()
    gate.open()
    assert admin.ask("/v1/documents").status == 200


# ---- start ----

def test_bad_tokens_are_refused_at_the_start(tmp_path):
    tokens = write_tokens(tmp_path, mode=0o644)
    done = subprocess.run([HTTP_STUB, "--admin", tokens], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.strip() == f"http_stub: tokens {tokens}: mode 0644 lets others at it; it should be 0600"
