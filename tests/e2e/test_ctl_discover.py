"""footprintctl discover against a name server, with the zones of docs/discovery.md."""
import json
import re
import shutil
import socket
import struct
import subprocess
import threading
import time

import pytest

from footprintd import LIMIT, ROOT, run

PAGE = (ROOT / "docs/discovery.md").read_text()
ZONES = dict(re.findall(r"<!-- file: (\S+)\.zone -->\n```text\n(.*?)```", PAGE, re.S))
COMMANDS = re.findall(r"^\$ footprintctl (discover \S+)\n((?:https:.*\n)*)", PAGE, re.M)

# Records that a client has to leave alone, or to follow.
ODD = """$ORIGIN odd.test.
$TTL 60
@ IN SOA ns h 1 2 3 4 5
@ IN NS ns
ns IN A 192.0.2.1
order IN NAPTR 20 1 "U" "alto:HTTPS" "!.*!https://c.test/!" .
order IN NAPTR 10 9 "u" "ALTO:https" "!.*!https://b.test/!i" .
order IN NAPTR 10 5 "u" "ALTO:https" "#.*#HTTPS://a.test/x?y#" .
order IN NAPTR 1 1 "u" "ALTO:http" "!.*!http://plain.test/!" .
bad IN NAPTR 1 1 "s" "ALTO:https" "!.*!https://a.test/!" .
bad IN NAPTR 1 2 "u" "LIS:HELD" "!.*!https://a.test/!" .
bad IN NAPTR 1 3 "u" "ALTO:https" "!.*!http://a.test/!" .
bad IN NAPTR 1 4 "u" "ALTO:https" "!^.*$!https://a.test/!" .
bad IN NAPTR 1 5 "u" "ALTO:https" "!.*!https://!" .
bad IN NAPTR 1 6 "u" "ALTO:https" "!.*!https://a.test/ b!" .
bad IN NAPTR 1 7 "u" "ALTO:https" "!.*!https://a.test/" .
bad IN NAPTR 1 8 "u" "ALTO:https" "" .
bad IN NAPTR 1 9 "" "ALTO:https" "" .
text IN TXT "no NAPTR"
s1 IN NAPTR 1 1 "" "ALTO:https" "" s2
s2 IN NAPTR 1 1 "" "ALTO:https" "" s3
s3 IN NAPTR 1 1 "" "ALTO:https" "" order
loop IN NAPTR 1 1 "" "ALTO:https" "" loop
lost IN NAPTR 1 1 "" "ALTO:https" "" nowhere
alias IN CNAME order
"""


def free_port():
    """One that UDP and TCP have free."""
    for _ in range(100):
        with socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            try:
                tcp.bind(udp.getsockname())
                return udp.getsockname()[1]
            except OSError:
                pass
    raise AssertionError("there is no port")


def query(name, number=7):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">HHHHHH", number, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 6, 1)


def answers(port, name):
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.settimeout(0.2)
        udp.connect(("127.0.0.1", port))
        try:
            udp.send(query(name))
            return udp.recv(4096)[3] & 15 == 0
        except OSError:
            return False


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A knotd: "127.0.0.1#port"."""
    knotd = shutil.which("knotd") or shutil.which("/usr/sbin/knotd")
    assert knotd, "please install what conf/packages-test.txt lists: knot"
    folder = tmp_path_factory.mktemp("zones")
    zones = {**ZONES, "odd.test": ODD}
    for name, text in zones.items():
        (folder / f"{name}.zone").write_text(text)
    for _ in range(5):
        port = free_port()
        (folder / "knot.conf").write_text(
            f"server:\n    rundir: {folder}\n    listen: 127.0.0.1@{port}\n"
            "log:\n  - target: stderr\n    any: warning\n"
            f"database:\n    storage: {folder}\n"
            f"template:\n  - id: default\n    storage: {folder}\nzone:\n" +
            "".join(f"  - domain: {name}\n    file: {name}.zone\n" for name in zones))
        process = subprocess.Popen([knotd, "-c", folder / "knot.conf"])
        end = time.monotonic() + LIMIT
        while process.poll() is None and time.monotonic() < end:
            if all(answers(port, name) for name in zones):
                yield f"127.0.0.1#{port}"
                process.terminate()
                process.wait(LIMIT)
                return
        if process.poll() is None:
            process.kill()
        process.wait(LIMIT)
    raise AssertionError("knotd does not start")


def discover(server, *args, code=0):
    done = run("footprintctl", "discover", "--resolver", server, "--json", *args)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def uris(told):
    return [found["uri"] for found in told["found"]]


def lookups(told):
    return [(row["name"], row["result"]) for row in told["lookups"]]


# ---- the page ----

@pytest.mark.parametrize("command, output", COMMANDS)
def test_page(server, command, output):
    done = run("footprintctl", *command.split(), "--resolver", server)
    assert (done.returncode, done.stdout, done.stderr) == (0, output, "")


def test_page_has_commands():
    assert len(COMMANDS) == 6 and len(ZONES) == 3 and all(output for _, output in COMMANDS)


# ---- names ----

def test_records(server):
    assert discover(server, "order.odd.test") == {
        "query": "order.odd.test", "service": "ALTO:https",
        "found": [{"uri": "HTTPS://a.test/x?y", "order": 10, "preference": 5},
                  {"uri": "https://b.test/", "order": 10, "preference": 9},
                  {"uri": "https://c.test/", "order": 20, "preference": 1}],
        "lookups": [{"name": "order.odd.test", "result": "found"}], "temporary": False}
    assert uris(discover(server, "--service", "alto:http", "order.odd.test")) == ["http://plain.test/"]
    assert uris(discover(server, "ORDER.odd.test.")) == uris(discover(server, "alias.odd.test")) == [
        "HTTPS://a.test/x?y", "https://b.test/", "https://c.test/"]


def test_absent(server):
    for name in ("bad.odd.test", "text.odd.test", "nowhere.odd.test", "lost.odd.test"):
        told = discover(server, name, code=1)
        assert lookups(told) == [(name, "absent")] and not told["temporary"]
    done = run("footprintctl", "discover", "--resolver", server, "bad.odd.test")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ("footprintctl: no ALTO:https server is found for bad.odd.test\n"
                           "  bad.odd.test: absent\n")


def test_steps(server):
    assert len(uris(discover(server, "s1.odd.test"))) == 3
    assert lookups(discover(server, "loop.odd.test", code=1)) == [("loop.odd.test", "permanent")]


# ---- addresses ----

V6 = "8.b.d.0.1.0.0.2.ip6.arpa"
ASKED = [
    ("192.0.2.7", [("7.2.0.192.in-addr.arpa", "absent"), ("2.0.192.in-addr.arpa", "found")]),
    ("192.0.2.80", [("80.2.0.192.in-addr.arpa", "found")]),
    ("192.0.2.80/31", [("2.0.192.in-addr.arpa", "found")]),
    ("192.0.2.0/24", [("2.0.192.in-addr.arpa", "found")]),
    ("2001:db8:5::/64", [(f"0.0.0.0.5.0.0.0.{V6}", "absent"), (f"0.0.5.0.0.0.{V6}", "absent"),
                         (f"5.0.0.0.{V6}", "found")]),
    ("2001:db8:5::/47", [(f"0.0.{V6}", "absent"), (V6, "found")]),
    ("2001:db8::/32", [(V6, "found")]),
    ("2001:db8:ff00::/100", [(f"0.0.0.0.0.0.f.f.{V6}", "absent"), (f"0.0.0.0.f.f.{V6}", "absent"),
                             (f"0.0.f.f.{V6}", "absent"), (f"f.f.{V6}", "absent"), (V6, "found")])]


@pytest.mark.parametrize("what, want", ASKED)
def test_reverse(server, what, want):
    told = discover(server, what)
    assert lookups(told) == want


def test_whole_address(server):
    told = discover(server, "2001:db8:5::1")
    assert lookups(told)[0] == ("1." + "0." * 19 + f"5.0.0.0.{V6}", "absent")
    assert [name.count(".") for name, _ in lookups(told)] == [33, 17, 15, 13]


def test_refused_on_the_way(server):
    """What the name server has no zone for does not end the search."""
    told = discover(server, "198.51.100.7", code=1)
    assert lookups(told) == [(name, "temporary") for name in (
        "7.100.51.198.in-addr.arpa", "100.51.198.in-addr.arpa", "51.198.in-addr.arpa",
        "198.in-addr.arpa")]


# ---- name servers that fail ----

class Stub(threading.Thread):
    """Answers every query with one code, or with what it is told; None: not at all."""

    def __init__(self, answer):
        super().__init__(daemon=True)
        self.answer, self.asked = answer, 0
        self.udp = socket.socket(type=socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1#{self.udp.getsockname()[1]}"
        self.start()

    def run(self):
        while True:
            question, client = self.udp.recvfrom(4096)
            self.asked += 1
            if isinstance(self.answer, int):
                self.udp.sendto(question[:2] + bytes([0x80, self.answer]) + question[4:], client)
            elif self.answer is not None:
                self.udp.sendto(question[:2] + b"\x80\x00\x00\x01\x00\x01\x00\x00\x00\x00" +
                                question[12:] + self.answer, client)


def naptr(*, cut=0, text=b"\x0fhttps://x.test/"):
    data = b"\x00\x01\x00\x01" + b"\x01u" + b"\x0aALTO:https" + text + b"\x00"
    return b"\xc0\x0c\x00\x23\x00\x01\x00\x00\x00\x3c" + struct.pack(">H", len(data) + cut) + data


FAILING = [(2, "temporary"), (5, "temporary"), (None, "temporary"),
           (naptr(cut=30), "permanent"), (naptr(text=b"\xff!.*!https://x!"), "permanent")]


@pytest.mark.parametrize("answer, want", FAILING)
def test_failing(answer, want):
    stub = Stub(answer)
    told = discover(stub.address, "--timeout", "50", "192.0.2.0/24", code=1)
    assert lookups(told) == [(name, want) for name in (
        "2.0.192.in-addr.arpa", "0.192.in-addr.arpa", "192.in-addr.arpa")]
    assert told["temporary"] == (want == "temporary")
    if answer is None:
        assert stub.asked == 6  # every name again once
        done = run("footprintctl", "discover", "--resolver", stub.address, "--timeout", "50", "a.test")
        assert "a.test; some name servers did not answer\n" in done.stderr


def test_stub_is_understood():
    found = discover(Stub(naptr(text=b"\x14!.*!https://x.test/!")).address, "a.test")
    assert uris(found) == ["https://x.test/"]


# ---- mistakes ----

@pytest.mark.parametrize("args", [
    [], ["a", "b"], ["--service", "LIS:HELD", "a.test"], ["--resolver", "ns.test", "a.test"],
    ["--resolver", "127.0.0.1#0", "a.test"], ["--resolver", "127.0.0.1#x", "a.test"],
    ["--timeout", "0", "a.test"], ["--timeout", "60001", "a.test"], [""], ["."], ["a..b"],
    ["192.0.2"], ["192.0.2.1.5"], ["192.0.2.0/33"], ["b\u00fccher.test"], ["x" * 64 + ".test"],
    [".".join(["x" * 50] * 6)], ["a b.test"], ["10.0.0.0/7"], ["2001::/31"]])
def test_usage(args):
    done = run("footprintctl", "discover", *args)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("footprintctl: ")


def test_too_short_as_json():
    done = run("footprintctl", "discover", "--json", "10.0.0.0/7")
    assert done.returncode == 2 and json.loads(done.stdout)["code"] == "unsupported-prefix-length"
