"""What tests of identities share: profiles, passwords, and a Digest client that makes mistakes."""
import hashlib
import re
import time

from footprintd import LIMIT

REALM = "footprintd"
PASSWORD = "Circle of Life"


def ha1(user, password=PASSWORD, realm=REALM, name="sha256"):
    return hashlib.new(name, f"{user}:{realm}:{password}".encode()).hexdigest()


def digest_profile(name, user=None, password=PASSWORD):
    user = user or name
    return f'{name}: {{digest: {{user: "{user}", ha1-sha256: "{ha1(user, password)}"}}}}\n'


def write_ucdns(directory, text, mode=0o600):
    path = directory / "ucdns.yaml"
    path.touch(mode=0o600)
    path.write_text(text)
    path.chmod(mode)
    return path


def settled(ask):
    """The status that ask() gives when the view of a profile that has just come is made."""
    end = time.monotonic() + LIMIT
    while (status := ask()) == 503:
        assert time.monotonic() < end
    return status


def challenge(value):
    """The parameters of one WWW-Authenticate field."""
    assert value.startswith("Digest ")
    found = re.findall(r'([a-z]+)=(?:"([^"]*)"|([^\s",]+))', value)
    return {name: quoted or token for name, quoted, token in found}


def authorization(nonce, user, password=PASSWORD, method="GET", uri="/", nc=1, realm=REALM,
                  algorithm="SHA-256", cnonce="0123456789abcdef", drop=(), **changed):
    """An Authorization field; `changed` replaces parameters after the response was made of them."""
    name = "md5" if algorithm == "MD5" else "sha256"

    def h(text):
        return hashlib.new(name, text.encode()).hexdigest()

    count = f"{nc:08x}"
    response = h(":".join([ha1(user, password, realm, name), nonce, count, cnonce, "auth",
                           h(f"{method}:{uri}")]))
    values = {"username": f'"{user}"', "realm": f'"{realm}"', "nonce": f'"{nonce}"',
              "uri": f'"{uri}"', "algorithm": algorithm, "qop": "auth", "nc": count,
              "cnonce": f'"{cnonce}"', "response": f'"{response}"', **changed}
    fields = ", ".join(f"{key}={value}" for key, value in values.items() if key not in drop)
    return f"Authorization: Digest {fields}"
