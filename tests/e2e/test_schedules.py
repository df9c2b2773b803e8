"""What counts for a time only: not-before, not-after, and footprintctl withdraw."""
import datetime
import json
import re
import signal

import pytest

import http_client
from clock import LOOKS
from footprintd import Server, write_config
from test_ctl_admin import BROKEN, MORE, SMALL, AdminServer, Operator, site

WATCH = "watch: {enabled: true, debounce-ms: 20}\n"

TWO = """version: 1
footprints:
  metro: {cidr: [192.0.2.0/24]}
  rural: {cidr: [198.51.100.0/24]%s}
capabilities:
  - capability-type: FCI.DeliveryProtocol
    capability-value: {delivery-protocols: [https/1.1]}
    footprints: [metro, rural]
  - capability-type: FCI.RedirectionMode
    capability-value: {redirection-modes: [DNS-I]}
    footprints: [rural]
"""


@pytest.fixture
def server(site, clock):
    write_config(site, more=MORE + WATCH + LOOKS)
    with AdminServer(site / "footprintd.yaml", env=clock.environment()) as running:
        yield running


@pytest.fixture
def ctl(site, server):
    return Operator(site, server.admin)


def moment(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def put(site, text, name="metro.yaml"):
    """As an editor saves: whole, by a rename."""
    (site / "footprints/.new").write_text(text)
    (site / "footprints/.new").rename(site / "footprints" / name)


def prefixes(server):
    """Of each capability type, the prefixes where it is offered; None: everywhere."""
    body = json.loads(http_client.request(server.url + "/cdni").body)
    offered = {}
    for item in body["cdni-advertisement"]["capabilities-with-footprints"]:
        values = [value for footprint in item.get("footprints", [])
                  for value in footprint["footprint-value"]]
        offered.setdefault(item["capability-type"], []).extend(
            values if "footprints" in item else [None])
    return offered


def tag(server):
    return json.loads(http_client.request(server.url + "/cdni").body)["meta"]["vtag"]["tag"]


METRO_ONLY = {"FCI.DeliveryProtocol": ["192.0.2.0/24"]}
BOTH = {"FCI.DeliveryProtocol": ["192.0.2.0/24", "198.51.100.0/24"],
        "FCI.RedirectionMode": ["198.51.100.0/24"]}


def scheduled(ctl):
    return ctl.json("status")["scheduled"]


# ---- windows ----

def test_a_window_opens_and_closes(site, server, ctl, clock):
    put(site, TWO % f", not-before: {moment(300)}, not-after: {moment(600)}")
    server.wait_line(r"build: generation 2: .*footprint")
    assert prefixes(server) == METRO_ONLY
    [item] = scheduled(ctl)
    assert (item["kind"], item["name"], item["state"], item["line"]) == (
        "footprint", "rural", "waiting", 4)
    assert item["document"] == "metro.yaml" and item["not-before"] < item["not-after"]
    clock.jump(seconds=300)
    server.wait_line(r"build: generation 3: schedule: footprint 'rural' begins$")
    assert prefixes(server) == BOTH
    code, out, _ = ctl("status")
    assert code == 0
    assert re.search(r"scheduled +footprint rural, from \S+, until \S+Z: in force "
                     r"\(metro\.yaml:4\)$", out, re.M)
    served = tag(server)
    shown = ctl.json("show", "3")
    assert (shown["kind"], shown["changed"], shown["vtags"]["cdni"]) == ("schedule", 0, served)
    assert shown["message"] == "footprint 'rural' begins"
    clock.jump(seconds=300)
    server.wait_line(r"build: generation 4: schedule: footprint 'rural' ends$")
    assert prefixes(server) == METRO_ONLY
    assert scheduled(ctl)[0]["state"] == "ended"


def test_a_broken_edit_holds_up_no_schedule(site, server, ctl, clock):
    put(site, TWO % f", not-before: {moment(300)}")
    server.wait_line(r"build: generation 2: .*footprint")
    put(site, BROKEN)
    server.wait_line(r"documents were refused")
    clock.jump(seconds=300)
    server.wait_line(r"build: generation 3: schedule: footprint 'rural' begins$")
    assert prefixes(server) == BOTH
    code, out, _ = ctl("status")
    assert code == 1 and "no document defines footprint 'metr'" in out


def test_without_a_history(site, clock):
    write_config(site, more=LOOKS)
    put(site, TWO % f", not-after: {moment(300)}")
    with Server(site / "footprintd.yaml", env=clock.environment()) as server:
        assert prefixes(server) == BOTH
        clock.jump(seconds=300)
        server.wait_line(r"build: generation 2: ")
        assert prefixes(server) == METRO_ONLY


def test_what_nobody_can_see_makes_no_generation(site, server, ctl, clock):
    put(site, SMALL.replace("footprints:\n", "footprints:\n  spare: {countrycode: [de], "
                            f"not-before: {moment(300)}}}\n", 1))
    server.wait_line(r"build: generation 2: ")
    clock.jump(seconds=300)
    server.wait_line(r"build: generation 2: schedule: footprint 'spare' begins")
    assert ctl.json("status")["generation"] == 2
    assert scheduled(ctl)[0]["state"] == "in-force"


def test_a_time_that_passed_while_the_server_was_down(site, clock):
    put(site, TWO % f", not-before: {moment(300)}")
    with AdminServer(site / "footprintd.yaml", env=clock.environment()) as server:
        before = tag(server)
        assert prefixes(server) == METRO_ONLY
    clock.jump(seconds=300)
    with AdminServer(site / "footprintd.yaml", env=clock.environment()) as server:
        assert prefixes(server) == BOTH
        assert tag(server) != before
        newest = Operator(site, server.admin).json("history")["generations"][0]["generation"]
        shown = Operator(site, server.admin).json("show", str(newest))
        assert shown["vtags"]["cdni"] == tag(server)


def test_who_asks_why_is_told(site, server, ctl):
    """An address that has nothing, or less, because something is not in force."""
    soon, past = moment(3600), moment(-3600)
    put(site, TWO % f", not-before: {soon}")
    put(site, SMALL.replace("metro", "over").replace("cidr:", f"not-after: {past}, cidr:"),
        "b.yaml")
    server.send(signal.SIGHUP)
    server.wait_line(r"build: generation \d+: 2 documents")
    note = f"footprint 'rural' has it and is not in force: not before {soon} (metro.yaml:4)"
    assert ctl.json("explain", "198.51.100.65")["notes"] == [note]
    code, out, _ = ctl("explain", "198.51.100.65")
    assert code == 0 and note in out
    assert len(ctl.json("explain", "198.51.100.1")["notes"]) == 2
    assert ctl.json("explain", "203.0.113.1")["notes"] == []
    code, out, _ = ctl("lookup", "--config", "footprintd.yaml", "198.51.100.1")
    assert note in out and f"'over' has it and is not in force: not after {past} (b.yaml:4)" in out
    assert ctl("withdraw", "metro", "--until", soon)[0] == 0
    assert ctl("withdraw", "FCI.DeliveryProtocol")[0] == 0
    assert ctl.json("explain", "192.0.2.200")["notes"] == [
        f"footprint 'metro' has it and is not in force: withdrawn until {soon} "
        "(withdrawn-metro.yaml:5)",
        "footprint 'over' has it and is not in force: not after " + past + " (b.yaml:4)",
        "capabilities of type FCI.DeliveryProtocol are withdrawn (withdrawn-FCI.DeliveryProtocol.yaml:5)"]


# ---- withdraw ----

@pytest.fixture
def two(site, server, ctl):
    put(site, TWO % "")
    server.wait_line(r"build: generation 2: .*footprint")
    assert prefixes(server) == BOTH
    return tag(server)


def test_withdraw_and_back(site, server, ctl, two):
    code, out, err = ctl("withdraw", "rural", "-m", 'a "cut" cable')
    assert (code, err) == (0, "")
    assert re.search(r"^generation 3$", out, re.M) and "rural" in out
    assert prefixes(server) == METRO_ONLY
    text = (site / "footprints/withdrawn-rural.yaml").read_text()
    assert 'footprint: "rural"' in text and r'reason: "a \"cut\" cable"' in text
    code, out, err = ctl("withdraw", role="reader")
    assert (code, err) == (0, "")
    assert out == ('withdrawal of footprint rural: in force; a "cut" cable '
                   '(withdrawn-rural.yaml:5)\n')
    newest = ctl.json("history")["generations"][0]
    assert (newest["author"], newest["message"]) == ("eda", 'withdrawn: rural: a "cut" cable')
    assert ctl.json("withdraw")["withdrawals"][0]["name"] == "rural"
    code, out, err = ctl("withdraw", "--back", "rural")
    assert (code, err) == (0, "")
    assert prefixes(server) == BOTH and tag(server) == two
    assert not (site / "footprints/withdrawn-rural.yaml").exists()
    assert ctl("withdraw") == (0, "nothing is withdrawn\n", "")


def test_withdraw_a_capability_type(server, ctl, two):
    code, _, err = ctl("withdraw", "FCI.DeliveryProtocol")
    assert (code, err) == (0, "")
    assert prefixes(server) == {"FCI.RedirectionMode": ["198.51.100.0/24"]}
    assert ctl("withdraw", "--back", "FCI.DeliveryProtocol")[0] == 0
    assert tag(server) == two


def test_withdraw_for_a_while(site, server, ctl, two, clock):
    code, _, err = ctl("withdraw", "rural", "--for", "5m")
    assert (code, err) == (0, "")
    assert prefixes(server) == METRO_ONLY
    clock.jump(seconds=300)
    server.wait_line(r"build: generation 4: schedule: withdrawal of 'rural' ends$")
    assert prefixes(server) == BOTH and tag(server) == two
    # Again, while the document of the last time is there; then for longer than was said.
    assert ctl("withdraw", "rural", "--for", "1h")[0] == 0
    assert ctl("withdraw", "rural", "--until", moment(7200))[0] == 0
    [item] = scheduled(ctl)
    assert item["state"] == "in-force" and item["not-after"] > moment(7000)
    assert prefixes(server) == METRO_ONLY


def test_withdraw_later(server, ctl, two, clock):
    begin = moment(300)
    code, _, err = ctl("withdraw", "rural", "--from", begin, "--for", "1h")
    assert (code, err) == (0, "")
    assert prefixes(server) == BOTH
    [item] = ctl.json("withdraw")["withdrawals"]
    assert (item["state"], item["not-before"]) == ("waiting", begin)
    clock.jump(seconds=300)
    server.wait_line(r"build: generation 4: schedule: withdrawal of 'rural' begins$")
    assert prefixes(server) == METRO_ONLY


def test_a_withdrawal_outlives_a_restart(site, server, ctl, two):
    assert ctl("withdraw", "rural", "--for", "1h")[0] == 0
    withdrawn = tag(server)
    server.end(signal.SIGKILL)
    with AdminServer(site / "footprintd.yaml") as again:
        assert prefixes(again) == METRO_ONLY and tag(again) == withdrawn
        assert Operator(site, again.admin)("withdraw", "--back", "rural")[0] == 0
        assert tag(again) == two


def test_guard_rails_do_not_hold_up_a_withdrawal(server, ctl, two):
    """It is an emergency: nine tenths of all addresses go without a question."""
    code, out, _ = ctl("withdraw", "metro", "--dry-run")
    assert code == 0 and "nothing is changed" in out
    assert prefixes(server) == BOTH
    assert ctl("withdraw", "metro")[0] == 0
    assert prefixes(server) == {"FCI.DeliveryProtocol": ["198.51.100.0/24"],
                                "FCI.RedirectionMode": ["198.51.100.0/24"]}


def test_withdraw_what_is_not_there(site, server, ctl, two):
    code, out, err = ctl("withdraw", "rurall")
    assert code == 1
    assert "no document defines footprint 'rurall'" in out + err
    assert "(did you mean 'rural'?)" in out + err
    assert not (site / "footprints/withdrawn-rurall.yaml").exists()
    assert ctl("withdraw", "--back", "rural") == (
        1, "", "footprintctl: 'rural' is not withdrawn\n")


def test_a_withdrawal_by_hand(site, server, ctl, two):
    put(site, "version: 1\nwithdrawals:\n  - footprint: rural\n", "hand.yaml")
    server.wait_line(r"build: generation 3: .*footprint")
    assert prefixes(server) == METRO_ONLY
    code, out, err = ctl("withdraw", "--back", "rural")
    assert (code, out) == (1, "")
    assert "withdrawal of footprint rural: in force (hand.yaml:3)" in err
    # Withdrawn twice: one of them is not enough to bring it back.
    assert ctl("withdraw", "rural")[0] == 0
    code, _, err = ctl("withdraw", "--back", "rural")
    assert code == 0 and "another document withdraws it still" in err
    assert prefixes(server) == METRO_ONLY


def test_removing_what_is_withdrawn_names_the_withdrawal(site, server, ctl, two):
    assert ctl("withdraw", "rural")[0] == 0
    (site / "metro.yaml").write_text(SMALL)
    code, out, err = ctl("apply", "metro.yaml", "--yes")
    assert code == 1
    assert "withdrawn-rural.yaml:5:" in out + err and "which is withdrawn here" in out + err
    assert prefixes(server) == METRO_ONLY


def test_a_reader_withdraws_nothing(server, ctl, two):
    code, out, err = ctl("withdraw", "rural", role="reader")
    assert (code, out) == (1, "") and "editor" in err
    assert prefixes(server) == BOTH


@pytest.mark.parametrize("args", [
    ["a", "b"], ["--for", "2h"], ["--back"], ["rural", "--for", "2"], ["rural", "--for", "h"],
    ["rural", "--for", "0s"], ["rural", "--for", "1m2h"], ["rural", "--for", "1h1h"],
    ["rural", "--for", "99999999999999999999d"], ["rural", "--until", "tomorrow"],
    ["rural", "--until", "2026-11-26"], ["rural", "--from", "16:00"],
    ["rural", "--for", "1h", "--until", "2030-01-01T00:00:00Z"], ["--back", "rural", "--for", "1h"],
    ["ru/ral"], ["ru ral"], [""], ["x" * 129], ["--nonsense"]], ids=" ".join)
def test_usage(site, args):
    code, out, err = Operator(site, "http://127.0.0.1:1")("withdraw", *args)
    assert (code, out) == (2, "")
    assert "see footprintctl withdraw --help" in err
