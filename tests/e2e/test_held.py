"""Changes that are made when their time comes, and taken back when it is over."""
import re
import signal

import pytest

from admin import AdminClient, TOKENS
from clock import LOOKS
from footprintd import Server, curl, write_config
from test_admin import check_schema
from test_admin_changes import ADMIN, ONE, THREE, TWO, applied, etag, read, refused, send, site
from test_schedules import moment

import test_ctl_admin

WATCH = "watch: {enabled: true, debounce-ms: 20}\n"
GUARDED = "guard-rails: {address-share: 0.1, country-share: 0.2}\n"


@pytest.fixture
def server(site, clock):
    write_config(site, more=ADMIN + WATCH + LOOKS)
    with Server(site / "footprintd.yaml", env=clock.environment()) as running:
        yield running


def served(server):
    return re.search(r"http/[0-9.]+", curl(server.url + "/cdni")[2].decode()).group()


def change(server, documents, **more):
    return send(server, "POST", "/v1/changes", {"documents": documents, **more})


def held(answer):
    status, body = answer
    assert status == 202, body
    check_schema("Applied", body)
    assert body["generation"] is None
    return body["held"]


def waiting(server):
    changes = read(server, "/v1/held", "HeldList")["held"]
    assert read(server, "/v1/status", "Status")["held"] == changes
    return changes


# ---- not-before ----

def test_made_at_its_time(site, server, clock):
    when = moment(300)
    id = held(change(server, {"all.yaml": TWO}, **{"not-before": when, "message": "at night"}))
    assert (site / "footprints/all.yaml").read_text() == ONE and served(server) == "http/1.1"
    [item] = waiting(server)
    assert (item["id"], item["state"], item["not-before"], item["not-after"], item["author"],
            item["message"], item["documents"], item["takes-back"]) == (
        id, "waiting", when, None, "ed", "at night", ["all.yaml"], False)
    whole = read(server, f"/v1/held/{id}", "HeldWhole", "reader")
    assert whole["texts"] == {"all.yaml": TWO}
    clock.jump(seconds=300)
    server.wait_line(rf"held: change {id} by ed is made: generation 2$")
    assert (site / "footprints/all.yaml").read_text() == TWO and served(server) == "http/2"
    assert waiting(server) == []
    newest = read(server, "/v1/generations?limit=1", "GenerationList")["generations"][0]
    assert (newest["kind"], newest["author"], newest["message"]) == ("edit", "ed", "at night")


def test_several_documents_new_and_removed(site, server, clock):
    id = held(change(server, {"all.yaml": None, "b.yaml": TWO, "c.yaml": THREE},
                     **{"not-before": moment(300)}))
    clock.jump(seconds=300)
    server.wait_line(rf"held: change {id} by ed is made")
    assert sorted(path.name for path in (site / "footprints").iterdir()) == ["b.yaml", "c.yaml"]


def test_survives_kill_and_is_made_late(site, server, clock):
    id = held(change(server, {"all.yaml": TWO}, **{"not-before": moment(300)}))
    server.end(signal.SIGKILL)
    clock.jump(seconds=400)
    with Server(site / "footprintd.yaml", env=clock.environment()) as again:
        again.wait_line(rf"held: change {id} by ed is made: generation 2$")
        assert served(again) == "http/2" and waiting(again) == []


def test_a_document_that_changed_meanwhile(site, server, clock):
    id = held(change(server, {"all.yaml": TWO}, **{"not-before": moment(300)}))
    applied(send(server, "PUT", "/v1/documents/all.yaml", THREE, kind="application/yaml"), 2)
    clock.jump(seconds=300)
    server.wait_line(rf"held: change {id} by ed is not made: the document all.yaml is another")
    assert served(server) == "http/3"
    [item] = waiting(server)
    assert item["state"] == "failed" and "all.yaml is another" in item["failure"]
    audit = read(server, "/v1/audit", "Audit")["audit"]
    assert any(line["what"] == "held change" and "all.yaml" in line["outcome"] for line in audit)
    # It stays to be seen until somebody drops it, and is not tried again.
    server.end(signal.SIGKILL)
    with Server(site / "footprintd.yaml", env=clock.environment()) as again:
        assert [item["state"] for item in waiting(again)] == ["failed"]
        assert send(again, "DELETE", f"/v1/held/{id}", "")[1] == {"dropped": id}
        assert waiting(again) == [] and served(again) == "http/3"


def test_what_is_refused_then(site, server, clock):
    more = "version: 1\nfootprints:\n  metro: {countrycode: [de]}\n"
    id = held(change(server, {"b.yaml": more}, **{"not-before": moment(300)}))
    applied(change(server, {"c.yaml": more}), 2)
    clock.jump(seconds=300)
    server.wait_line(rf"held: change {id} by ed is not made: the documents would be refused: "
                     r"\S*c\.yaml:3:3: error: footprint 'metro' is defined already")
    assert waiting(server)[0]["state"] == "failed"
    assert not (site / "footprints/b.yaml").exists()


def test_what_is_refused_now(server):
    later = {"not-before": moment(3600)}
    refused(change(server, {"all.yaml": "version: 1\ncapabilities: 3\n"}, **later), 422, "refused",
            "RefusedProblem")
    refused(change(server, {"all.yaml": TWO}, base=7, **later), 412, "conflict")
    refused(change(server, {"all.yaml": TWO}, **later, **{"if-match": {"all.yaml": None}}), 412,
            "conflict")
    refused(change(server, {"../x.yaml": TWO}, **later), 400, "bad-name")
    assert waiting(server) == []


def test_put_and_delete(site, server):
    later = moment(3600)
    put = f"/v1/documents/all.yaml?not-before={later}"
    first = held(send(server, "PUT", put, TWO, "-H", f"If-Match: {etag(ONE)}",
                      kind="application/yaml"))
    second = held(send(server, "DELETE", put + "&yes=1", ""))
    assert [item["id"] for item in waiting(server)] == [first, second]
    assert read(server, f"/v1/held/{second}", "HeldWhole")["texts"] == {"all.yaml": None}
    # A change to what it is already is none.
    applied(send(server, "PUT", put, ONE, kind="application/yaml"), 1)


def test_a_dry_run_holds_nothing(server):
    status, body = send(server, "POST", "/v1/changes?dry-run=1",
                        {"documents": {"all.yaml": TWO}, "not-before": moment(3600)})
    assert status == 200 and body["held"] is None and not body["same"]
    assert waiting(server) == []


# ---- not-after ----

def test_taken_back(site, server, clock):
    answer = applied(change(server, {"all.yaml": TWO, "b.yaml": "version: 1\n"},
                            **{"not-after": moment(300), "message": "the match"}), 2)
    [item] = waiting(server)
    assert (item["id"], item["takes-back"], item["message"]) == (
        answer["held"], True, "taken back: the match")
    assert served(server) == "http/2"
    clock.jump(seconds=300)
    server.wait_line(rf"held: change {answer['held']} by ed is made: generation 3$")
    assert served(server) == "http/1.1" and waiting(server) == []
    assert (site / "footprints/all.yaml").read_text() == ONE
    assert not (site / "footprints/b.yaml").exists()


def test_made_and_taken_back(server, clock):
    first = held(change(server, {"all.yaml": TWO},
                        **{"not-before": moment(300), "not-after": moment(600)}))
    clock.jump(seconds=300)
    server.wait_line(rf"held: change {first} by ed is made: generation 2$")
    assert served(server) == "http/2"
    clock.jump(seconds=300)
    server.wait_line(r"held: change \d+ by ed is made: generation 3$")
    assert served(server) == "http/1.1" and waiting(server) == []


def test_not_taken_back_over_a_later_change(server, clock):
    answer = applied(change(server, {"all.yaml": TWO}, **{"not-after": moment(300)}), 2)
    applied(send(server, "PUT", "/v1/documents/all.yaml", THREE, kind="application/yaml"), 3)
    clock.jump(seconds=300)
    server.wait_line(rf"held: change {answer['held']} by ed is not made: the document all.yaml")
    assert served(server) == "http/3"


def test_both_times_passed_while_the_server_was_down(site, server, clock):
    id = held(change(server, {"all.yaml": TWO},
                     **{"not-before": moment(300), "not-after": moment(600)}))
    server.end(signal.SIGKILL)
    clock.jump(seconds=601)
    with Server(site / "footprintd.yaml", env=clock.environment()) as again:
        again.wait_line(rf"held: change {id} by ed is not made: its time has passed")
        assert served(again) == "http/1.1"


def test_taken_back_after_a_time_in_which_the_server_was_down(site, server, clock):
    id = held(change(server, {"all.yaml": TWO},
                     **{"not-before": moment(300), "not-after": moment(600)}))
    clock.jump(seconds=300)
    server.wait_line(rf"held: change {id} by ed is made: generation 2$")
    server.end(signal.SIGKILL)
    clock.jump(seconds=300)
    with Server(site / "footprintd.yaml", env=clock.environment()) as again:
        again.wait_line(r"held: change \d+ by ed is made: generation 3$")
        assert served(again) == "http/1.1"


# ---- rails, roles, bodies ----

PREFIXES = """version: 1
footprints:
  metro: {cidr: [%s]}
capabilities:
  - capability-type: FCI.DeliveryProtocol
    capability-value: {delivery-protocols: [http/1.1]}
    footprints: [metro]
"""


def test_guard_rails(site, server, clock):
    applied(change(server, {"all.yaml": PREFIXES % "192.0.2.0/24"}, yes=True), 2)
    grown = {"all.yaml": PREFIXES % "192.0.2.0/24, 198.51.100.0/24"}
    refused(change(server, grown, **{"not-before": moment(3600)}), 409, "guard-rail",
            "HeldProblem")
    id = held(change(server, grown, yes=True, **{"not-before": moment(300)}))
    clock.jump(seconds=300)
    server.wait_line(rf"held: change {id} by ed is made: generation 3$")


def test_small_when_accepted_and_great_when_due(site, server, clock):
    wide = ", ".join(f"10.0.{i}.0/24" for i in range(20))
    applied(change(server, {"all.yaml": PREFIXES % wide}, yes=True), 2)
    id = held(change(server, {"b.yaml": PREFIXES.replace("metro", "more") % "192.0.2.0/24"},
                     **{"not-before": moment(300)}))
    applied(change(server, {"all.yaml": PREFIXES % "10.0.0.0/24"}, yes=True), 3)
    clock.jump(seconds=300)
    server.wait_line(rf"held: change {id} by ed is not made: the change is greater than the guard "
                     "rails allow")
    assert waiting(server)[0]["state"] == "failed"


@pytest.mark.parametrize("more", [
    {"not-before": "soon"}, {"not-before": 5}, {"not-before": None}, {"not-after": "2026-11-26"},
    {"not-after": "2001-01-01T00:00:00Z"},
    {"not-before": "2100-01-01T00:00:00Z", "not-after": "2099-01-01T00:00:00Z"},
    {"not-before": "2100-01-01T00:00:00Z", "not-after": "2100-01-01T00:00:00Z"}], ids=str)
def test_bad_times(server, more):
    refused(change(server, {"all.yaml": TWO}, **more), 400, "bad-body")
    assert served(server) == "http/1.1" and waiting(server) == []


def test_bad_queries(server):
    put = "/v1/documents/all.yaml?not-before="
    refused(send(server, "PUT", put + "soon", TWO, kind="application/yaml"), 400, "bad-query")
    refused(send(server, "POST", f"/v1/rollback?not-before={moment(60)}", {"generation": 1}), 400,
            "bad-query")
    refused(send(server, "POST", "/v1/rollback", {"generation": 1, "not-before": moment(60)}), 400,
            "bad-body")


def test_ids(server):
    for id in ("7", "0", "x", "-1", "99999999999999999999"):
        refused(send(server, "DELETE", f"/v1/held/{id}", ""), 404, "no-such-change")
        status, _, _ = curl("-H", f"Authorization: Bearer {TOKENS['reader']}",
                            f"{server.admin}/v1/held/{id}")
        assert status == 404


def test_readers_drop_nothing(server):
    id = held(change(server, {"all.yaml": TWO}, **{"not-before": moment(3600)}))
    refused(send(server, "DELETE", f"/v1/held/{id}", "", role="reader"), 403, "role")
    assert len(waiting(server)) == 1


def test_without_a_history(site):
    write_config(site, more=ADMIN.replace("state: state\n", ""))
    with Server(site / "footprintd.yaml") as server:
        refused(change(server, {"all.yaml": TWO}, **{"not-before": moment(60)}), 409, "unwritable")
        refused(send(server, "DELETE", "/v1/held/1", ""), 409, "no-history")
        assert read(server, "/v1/status", "Status")["held"] is None


def test_so_many_are_held(site, server):
    client = AdminClient(server.admin, TOKENS["editor"])
    later = moment(3600)
    for n in range(1000):
        status, body = client.call("POST", "/v1/changes", {"documents": {f"n{n}.yaml": "version: 1\n"},
                                                           "not-before": later})
        assert status == 202, body
    status, body = client.call("POST", "/v1/changes", {"documents": {"x.yaml": "version: 1\n"},
                                                       "not-before": later})
    assert (status, body["code"]) == (409, "too-many")
    # One that is made for a time only needs room as well, and is not made without.
    status, body = client.call("POST", "/v1/changes", {"documents": {"all.yaml": TWO},
                                                       "not-after": later})
    assert (status, body["code"]) == (409, "too-many")
    assert served(server) == "http/1.1"
    client.close()


# ---- footprintctl ----

def test_footprintctl(site, server):
    (site / "tmp").mkdir()
    test_ctl_admin.write_tokens(site)
    server.send(signal.SIGHUP)  # tokens
    server.wait_line("build: generation 1")
    ctl = test_ctl_admin.Operator(site, server.admin)
    (site / "new.yaml").write_text(TWO)
    assert ctl("held") == (0, "no change is held\n", "")
    later = moment(3600)
    code, out, err = ctl("apply", "new.yaml", "--not-before", later, "--not-after", moment(7200),
                         "-m", "for the match")
    assert (code, err) == (0, "") and "held: change 1 waits for its time\n" in out
    line = f"1: made at {later}, until "
    code, out, _ = ctl("held", role="reader")
    assert code == 0 and out.startswith(line) and out.endswith(", by eda: new.yaml; for the match\n")
    code, out, _ = ctl("status")
    assert code == 0 and re.search(rf"^  held changes  {re.escape(line)}", out, re.M)
    code, out, _ = ctl("held", "1")
    assert code == 0 and "http/2" in out and out.endswith("nothing is changed\n")
    assert ctl.json("held", "1")["texts"] == {"new.yaml": TWO}
    code, out, err = ctl("held", "2")
    assert (code, out, err) == (1, "", "footprintctl: there is no held change 2\n")
    assert ctl("held", "--drop", "1") == (0, "change 1 is dropped\n", "")
    assert ctl.json("held") == {"held": []}
    code, out, _ = ctl("apply", "new.yaml", "--yes", "--not-after", later)
    assert code == 0
    assert out.endswith("generation 2\nchange 2 takes it back when its time has come\n")


@pytest.mark.parametrize("args", [
    ["held", "x"], ["held", "0"], ["held", "--drop"], ["held", "1", "2"], ["held", "--nonsense"],
    ["apply", "--not-before", "now", "a.yaml"], ["apply", "--not-after", "2026-11-26", "a.yaml"]],
    ids=" ".join)
def test_usage(tmp_path, args):
    code, out, err = test_ctl_admin.Operator(tmp_path, "http://127.0.0.1:1")(*args)
    assert (code, out) == (2, "") and f"see footprintctl {args[0]} --help" in err
