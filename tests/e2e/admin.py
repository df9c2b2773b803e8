"""What tests of the admin interface share: tokens, and its description."""
import hashlib
import http.client
import json
import re

import yaml

from footprintd import ROOT

TOKENS = {"reader": "read-0123456789abcdef", "editor": "edit-0123456789abcdef",
          "admin": "admin-0123456789abcdef"}
NAMES = {"reader": "rita", "editor": "ed", "admin": "ada"}

OPENAPI = ROOT / "docs/openapi.yaml"
METHODS = {"get", "put", "post", "delete", "patch", "head", "options", "trace"}


def token_line(name, role, token):
    return f"{name}:{role}:{hashlib.sha256(token.encode()).hexdigest()}\n"


def write_tokens(directory, lines=None, mode=0o600):
    """One token for each role, or these lines."""
    path = directory / "tokens"
    if lines is None:
        lines = [token_line(NAMES[role], role, token) for role, token in TOKENS.items()]
    path.write_text("# tokens\n" + "".join(lines))
    path.chmod(mode)
    return path


def bearer(role):
    return f"Authorization: Bearer {TOKENS[role]}"


def description():
    return yaml.safe_load(OPENAPI.read_text())


def operations(api):
    """(method, path, operation)"""
    return [(method.upper(), path, operation) for path, item in api["paths"].items()
            for method, operation in item.items() if method in METHODS]


def routes():
    """(method, path, role) of the server's table."""
    text = (ROOT / "src/http/admin_routes.c").read_text()
    rows = re.findall(r'\{ADMIN_\w+,\s*"([A-Z]+)",\s*"(/v1/[^"]*)",\s*ADMIN_(\w+),', text)
    return [(method, path, role.lower()) for method, path, role in rows]


class AdminClient:
    """One connection with a token."""

    def __init__(self, url, token):
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        self.headers = {"Authorization": f"Bearer {token}"}
        self.etag = None  # of the last answer

    def call(self, method, path, body=None, headers=None, kind=None):
        """(status, JSON or text); a body that is no text is sent as JSON."""
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        sent = {**self.headers, **(headers or {})}
        if body is not None:
            sent["Content-Type"] = kind or "application/json"
        self.connection.request(method, path, body.encode() if isinstance(body, str) else body, sent)
        answer = self.connection.getresponse()
        data = answer.read()
        self.etag = answer.getheader("ETag")
        is_json = "json" in (answer.getheader("Content-Type") or "")
        return answer.status, json.loads(data) if is_json else data.decode()

    def close(self):
        self.connection.close()
