"""footprintctl import: foreign data as footprint documents, shown, written and applied."""
import ipaddress
import json
import os
import pty
import random
import subprocess

import pytest
import yaml

from footprintd import BUILD, LIMIT, ROOT, run
from test_ctl_admin import (SMALL, Operator, ctl, generation, server, site,  # noqa: F401
                            write_tokens)

ADVERTISEMENTS = {
    "svta": {"capabilities": [
        {"capability-type": "FCI.DeliveryProtocol",
         "capability-value": {"delivery-protocols": ["http1.1", "https/1.1"]},
         "footprints": [{"footprint-type": "ipv4cidr", "footprint-value": ["8.8.9.0/24", "8.8.8.0/24"]}]},
        {"capability-type": "FCI.RedirectionMode", "capability-value": "HTTP-I",
         "footprints": [{"footprint-type": "ipv4cidr", "footprint-value": ["8.8.8.0/24", "8.8.9.0/24"]}]}]},
    "alto": {"meta": {"vtag": {"resource-id": "cdni", "tag": "x"}}, "cdni-advertisement": {
        "capabilities-with-footprints": [
            {"capability-type": "FCI.Metadata", "capability-value": {"metadata": ["MI.Cache"]},
             "footprints": [
                 {"footprint-type": "countrycode", "footprint-value": ["no"]},
                 {"footprint-type": "footprintunion", "footprint-value": [
                     {"footprint-type": "asn", "footprint-value": ["as64496"]},
                     {"footprint-type": "ipv6cidr", "footprint-value": ["2600::/32"]}]}]}]}}}

SOURCES = {
    "csv": "footprint,prefix,asn,countrycode,subdivisioncode\na,8.8.8.0/24,,,\na,2600::1,,,\n"
           "b,,64496,,\nb,,AS64497,,\nc,,,NO,\nd,,,,US-NY\n",
    "geofeed": "# a feed\n8.8.8.0/24,US,US-NY,New York,\n2600::/32,no,,,\n",
    "prefixes": "; a list\n8.8.8.0/24\n2600::1 # a host\n",
    "advertisement": json.dumps(ADVERTISEMENTS["svta"]),
    "bundle": "version: 1\ndocuments:\n  a.yaml: {version: 1, footprints: {f: {asn: [as64496]}}}\n"
              "  b.json: {version: 1, audience: [u]}\n",
}


def import_(*args, **kwargs):
    done = run("footprintctl", "import", *map(str, args), **kwargs)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def source(tmp_path):
    """Writes a file and gives its path, relative to the directory that commands run in."""
    def make(text, name="source"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path
    return make


def check(path):
    """A document alone in a directory passes."""
    done = run("footprintctl", "check", "--json", path)
    assert done.returncode == 0, done.stdout
    return json.loads(done.stdout)


def document(source, text, *args, code=0, name="source"):
    """(the document as YAML reads it, the lines of standard error without the guess)"""
    got, out, err = import_(*args, source(text, name))
    assert got == code, err
    lines = [line for line in err.splitlines() if "looks like" not in line]
    return yaml.safe_load(out) if out else None, lines


def finding(lines):
    """Lines of findings as (line:column, severity, code)."""
    found = []
    for line in lines:
        if line.endswith("]"):
            place, severity = line.split(": ")[:2]
            found.append((place.split(":", 1)[1] if ":" in place else "", severity,
                          line[line.rindex("[") + 1:-1]))
    return found


# ---- every format ----

@pytest.mark.parametrize("format", SOURCES)
def test_passes_check(source, tmp_path, format):
    (tmp_path / "out").mkdir()
    path = source(SOURCES[format])
    code, out, err = import_("--from", format, "--output", tmp_path / "out", path)
    assert (code, out) == (0, "")
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names == ({"a.yaml", "b.json"} if format == "bundle" else {"source.yaml"})
    assert check(tmp_path / "out")["errors"] == 0
    # The same source gives the same bytes.
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    assert import_("--from", format, "--output", tmp_path / "out", path)[0] == 0
    assert before == {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}


@pytest.mark.parametrize("format", SOURCES)
def test_format_is_guessed_and_told(source, format):
    path = source(SOURCES[format])
    code, out, err = import_(path)
    assert code == 0
    assert err.startswith(f"footprintctl: {path} looks like --from {format}\n")
    assert (code, out) == import_("--from", format, path)[:2]


@pytest.mark.parametrize("format", [f for f in SOURCES if f != "advertisement"])
def test_line_ends_and_byte_order_mark(source, format):
    plain = import_(source(SOURCES[format]))
    other = import_(source(b"\xef\xbb\xbf" + SOURCES[format].replace("\n", "\r\n").encode()))
    assert plain == other


@pytest.mark.parametrize("format", SOURCES)
def test_standard_input(source, format):
    path = source(SOURCES[format])
    with open(path) as file:
        code, out, err = import_("-", stdin=file)
    assert code == 0
    assert out == import_("--name", "imported.yaml", path)[1].replace(
        "from source", "from standard input").replace("  imported:\n", "  imported:\n")


def test_documents(source):
    assert document(source, SOURCES["csv"])[0] == {"version": 1, "footprints": {
        "a": {"cidr": ["8.8.8.0/24", "2600::1/128"]}, "b": {"asn": ["as64496", "as64497"]},
        "c": {"countrycode": ["no"]}, "d": {"subdivisioncode": ["us-ny"]}}}
    assert document(source, SOURCES["geofeed"])[0] == {"version": 1, "footprints": {
        "no": {"cidr": ["2600::/32"]}, "us": {"cidr": ["8.8.8.0/24"]}}}
    assert document(source, SOURCES["prefixes"], name="My List.txt")[0] == {
        "version": 1, "footprints": {"my-list": {"cidr": ["8.8.8.0/24", "2600::1/128"]}}}
    assert document(source, SOURCES["advertisement"])[0] == {
        "version": 1, "footprints": {"ipv4-1": {"ipv4cidr": ["8.8.8.0/24", "8.8.9.0/24"]}},
        "capabilities": [
            {"capability-type": "FCI.DeliveryProtocol", "footprints": ["ipv4-1"],
             "capability-value": {"delivery-protocols": ["http/1.1", "https/1.1"]}},
            {"capability-type": "FCI.RedirectionMode", "footprints": ["ipv4-1"],
             "capability-value": {"redirection-modes": ["HTTP-I"]}}]}


def test_comment(source):
    code, out, err = import_(source(SOURCES["geofeed"], "a\x1b[1m\n.csv"))
    assert code == 0
    assert out.splitlines()[0] == ("# Made by footprintctl import, from a\\x1b[1m\\x0a.csv "
                                   "(geofeed, by country).")


def test_summary(source):
    lines = document(source, SOURCES["csv"])[1]
    assert lines == ["source.yaml: 4 footprints, 1 IPv4 and 1 IPv6 prefixes, 0 capabilities; "
                     "0 errors, 0 warnings"]
    lines = document(source, SOURCES["advertisement"])[1]
    assert lines[-1] == ("source.yaml: 1 footprint, 2 IPv4 and 0 IPv6 prefixes, 2 capabilities; "
                         "0 errors, 2 warnings")
    document_, lines = document(source, SOURCES["bundle"])
    assert document_ is None
    assert lines[-2:] == ["2 documents: 1 footprint, 0 capabilities; 0 errors, 0 warnings",
                          "nothing is written; to do that: --output DIR or --apply"]


def test_long_lists_are_broken(source):
    text = "".join(f"8.{i}.0.0/24\n" for i in range(40))
    code, out, err = import_(source(text))
    assert code == 0
    assert out.splitlines()[3:6] == ["  source:", "    cidr:", "      - 8.0.0.0/24"]
    assert max(map(len, out.splitlines())) <= 100


# ---- findings ----

def test_bad_lines_are_told(source):
    text = "8.8.8.0/24\n  x\n\n8.8.9.0/33\n8.8.9.0/24 8.8.10.0/24\n"
    got, lines = document(source, text, "--from", "prefixes", code=1)
    assert got is None
    assert finding(lines) == [("2:3", "error", "bad-value"), ("4:1", "error", "bad-value"),
                              ("5:1", "error", "bad-value")]
    assert lines[-1].endswith(": 3 errors, 0 warnings")
    got, lines = document(source, text, "--from", "prefixes", "--skip")
    assert got["footprints"] == {"source": {"cidr": ["8.8.8.0/24"]}}
    assert len(finding(lines)) == 3 and lines[-1].endswith("3 errors left out, 0 warnings")


def test_warnings(source):
    text = "8.8.8.1/24\n8.8.0.0/16\n8.8.0.0/16\n10.1.0.0/16\n::/0\nfe80::1\n"
    got, lines = document(source, text)
    assert finding(lines) == [("1:1", "warning", "host-bits"), ("1:1", "warning", "nested"),
                              ("3:1", "warning", "repeated"), ("4:1", "warning", "special-address"),
                              ("5:1", "warning", "covers-everything"),
                              ("6:1", "warning", "nested"), ("6:1", "warning", "special-address")]
    assert any("8.8.8.0/24 lies in 8.8.0.0/16 of line 2, in the same footprint 'source'" in line
               for line in lines)
    assert any("already, in line 2" in line for line in lines)
    assert got["footprints"]["source"]["cidr"] == ["8.8.0.0/16", "8.8.8.0/24", "10.1.0.0/16",
                                                   "::/0", "fe80::1/128"]


def test_many_findings(source):
    text = "8.8.8.8\n" * 5000 + "x\n"
    lines = document(source, text, code=1)[1]
    assert len(finding(lines)) == 101
    assert "5000 findings, the first 100 of each severity are shown" in lines
    assert lines[-1].endswith(": 1 error, 4999 warnings")


@pytest.mark.parametrize("text, code, words", [
    (b"", "empty", "is empty"), (b"\xef\xbb\xbf\r\n \t\n", "empty", "is empty"),
    (b"\x7fELF\0\1\2", "encoding", "no text"),
    (b"\xff\xfe8\0.\0", "encoding", "UTF-16"),
    (b"# nothing\n", "empty", "nothing in it")])
@pytest.mark.parametrize("format", SOURCES)
def test_nothing_of_use(source, format, text, code, words):
    got, lines = document(source, text, "--from", format, "--skip", code=1)
    assert got is None
    if text != b"# nothing\n":
        assert finding(lines) == [("", "error", code)]
        assert words in lines[0]


def test_empty_without_a_format(source):
    lines = document(source, b"", code=1)[1]
    assert finding(lines) == [("", "error", "empty")]


@pytest.mark.parametrize("format, text, place", [
    ("csv", b"footprint,prefix\na,8.8.8.0/24\n\xff,8.8.9.0/24\n", "3:1"),
    ("geofeed", b"8.8.8.0/24,us\n\n8.8.9.0/24,de,,M\xfcnchen,\n", "3:1"),
    ("prefixes", b"8.8.8.0/24\n \xff\xfe\n", "2:2")])
def test_not_utf8(source, format, text, place):
    lines = document(source, text, "--from", format, code=1)[1]
    assert finding(lines) == [(place, "error", "encoding")]
    assert document(source, text, "--from", format, "--skip")[0]["footprints"]


def test_unreadable(source, tmp_path):
    code, out, err = import_("--from", "csv", tmp_path)
    assert (code, out, err) == (2, "", f"footprintctl: {tmp_path} is a directory\n")
    code, out, err = import_(tmp_path / "nothing")
    assert (code, out) == (2, "")
    assert err.endswith("cannot be opened: No such file or directory\n")
    path = source("hello\n")
    code, out, err = import_(path)
    assert (code, out) == (2, "")
    assert "its format cannot be told: --from is needed" in err


def test_a_pipe(source):
    code, out, err = import_("/dev/fd/0", input=SOURCES["prefixes"])
    assert code == 0 and "8.8.8.0/24" in out


# ---- csv ----

@pytest.mark.parametrize("text, errors", [
    ("footprint,prefix\na,8.8.8.0/24,x\n", [("2:14", "syntax")]),
    ("footprint,prefix\n\"a,8.8.8.0/24\n", [("2:1", "syntax")]),
    ("footprint,prefix\na,\n,8.8.8.0/24\n", [("2:1", "empty"), ("3:1", "empty")]),
    ("footprint,prefix\na b,8.8.8.0/24\n", [("2:1", "bad-name")]),
    ("footprint,prefix\neverywhere,8.8.8.0/24\n", [("2:1", "bad-name")]),
    ("footprint,prefix\n\u00e4,8.8.8.0/24\n\"\u00e4\u00e4\",x\n", [("2:1", "bad-name"),
                                                                 ("3:1", "bad-name")]),
    ("footprint,asn\na,as64496x\n", [("2:3", "bad-value")]),
    ("footprint,countrycode,subdivisioncode\na,DEU,\na,,NY\n", [("2:3", "bad-value"),
                                                               ("3:4", "bad-value")]),
    ("footprint,type,value\na,altopid,x\na,ipv4cidr,2600::/32\na,,1\n",
     [("2:3", "bad-value"), ("3:12", "bad-value"), ("4:1", "empty")]),
    ("footprint,type\na,asn\n", [("1:1", "missing-key")]),
    ("footprint,type,value,asn\n", [("1:1", "missing-key")]),
    ("footprint,colour\n", [("1:1", "missing-key")]),
    ("prefix\n8.8.8.0/24\n", [("1:1", "missing-key")]),
    ("footprint,prefix,cidr\n", [("1:18", "duplicate-key")])])
def test_csv_errors(source, text, errors):
    lines = document(source, text, "--from", "csv", code=1)[1]
    assert [(place, code) for place, severity, code in finding(lines)
            if severity == "error"] == errors


def test_csv_columns(source):
    text = "Value;FOOTPRINT;note;Type\nNO;\"a\";\"x;\ny\";countrycode\n8.8.8.0/24;b;;cidr\n;;;\n"
    got, lines = document(source, text, "--skip")
    assert got["footprints"] == {"a": {"countrycode": ["no"]}, "b": {"cidr": ["8.8.8.0/24"]}}
    assert finding(lines) == [("1:17", "warning", "left-out"), ("5:1", "error", "empty")]
    got, lines = document(source, "prefx,footprint,asn\n,a,1\n")
    assert "(did you mean 'prefix'?)" in lines[0]
    got, lines = document(source, "prefix\n8.8.8.0/24\n", "--footprint", "caches")
    assert got["footprints"] == {"caches": {"cidr": ["8.8.8.0/24"]}}


def test_csv_types_narrow(source):
    got, lines = document(source, "footprint,asn,countrycode\na,1,\na,,de\n")
    assert got["footprints"] == {"a": {"asn": ["as1"], "countrycode": ["de"]}}
    assert finding(lines) == [("2:1", "warning", "mixed-types")]


# ---- geofeed ----

FEED = ("8.8.0.0/16,US,US-NY,New York,\n8.8.128.0/17,CA,CA-ON,\"Toronto, city\",\n8.8.128.1,US,,,\n"
        "2600::/32,NO,,,\n9.9.9.0/24,,,,\n")


def test_geofeed_by(source):
    by = {word: document(source, FEED, "--by", word)[0]["footprints"]
          for word in ("country", "region", "none")}
    assert sorted(by["country"]) == ["ca", "no", "us"]
    assert by["country"]["us"]["cidr"] == ["8.8.0.0/17", "8.8.128.1/32"]
    assert "8.8.128.1/32" not in by["country"]["ca"]["cidr"]
    assert sorted(by["region"]) == ["ca-on", "no", "us", "us-ny"]
    assert by["region"]["us"]["cidr"] == ["8.8.128.1/32"]
    assert by["none"] == {"source": {"cidr": ["8.8.0.0/16", "8.8.128.0/17", "8.8.128.1/32",
                                              "9.9.9.0/24", "2600::/32"]}}
    assert document(source, FEED, "--by", "none", "--aggregate", "--footprint", "all")[0][
        "footprints"] == {"all": {"cidr": ["8.8.0.0/16", "9.9.9.0/24", "2600::/32"]}}
    assert sorted(document(source, FEED, "--footprint", "geo")[0]["footprints"]) == \
        ["geo-ca", "geo-no", "geo-us"]


def test_geofeed_findings(source):
    lines = document(source, FEED)[1]
    assert finding(lines) == [("2:1", "warning", "more-specific"),
                              ("3:1", "warning", "more-specific"), ("5:1", "warning", "left-out")]
    assert "8.8.128.0/17 (ca) is taken out of 8.8.0.0/16 (us) of line 1" in lines[0]
    text = ("8.8.8.0/24,US\n8.8.8.0/24,CA\n8.8.8.0/24,US\n8.8.9.0/24,USA,,,\n"
            "8.8.10.0/24,US,CA-ON,,\n8.8.11.0/24,US,NY,,\n8.8.12.0/24,US,,,,more\n")
    lines = document(source, text, "--by", "region", code=1)[1]
    assert finding(lines) == [
        ("2:1", "error", "duplicate-prefix"), ("3:1", "warning", "repeated"),
        ("4:12", "error", "bad-value"), ("5:16", "error", "bad-value"),
        ("6:16", "error", "bad-value"), ("7:19", "warning", "left-out")]
    got, lines = document(source, text, "--by", "region", "--skip")
    assert got["footprints"] == {"us": {"cidr": ["8.8.8.0/24", "8.8.12.0/24"]}}


def test_geofeed_of_a_place_that_is_bad(source):
    """It is not where a wider prefix would put it."""
    got, lines = document(source, "8.8.8.0/24,US\n8.8.8.128/25,USA\n", "--skip")
    assert got["footprints"] == {"us": {"cidr": ["8.8.8.0/25"]}}
    assert finding(lines) == [("2:1", "warning", "more-specific"), ("2:14", "error", "bad-value")]


def test_aggregate_is_exact(source):
    """Against another program's arithmetic."""
    rng = random.Random(1)
    nets = [ipaddress.ip_network((rng.randrange(2**12) << 8 | 8 << 24, rng.randrange(20, 33)),
                                 strict=False) for _ in range(800)]
    nets += [ipaddress.ip_network((rng.randrange(2**12) << 80 | 0x26 << 120,
                                   rng.randrange(36, 65)), strict=False) for _ in range(800)]
    text = "".join(f"{net}\n" for net in nets)
    got = document(source, text, "--aggregate")[0]["footprints"]["source"]["cidr"]
    want = [str(net) for family in (4, 6)
            for net in ipaddress.collapse_addresses(n for n in nets if n.version == family)]
    assert got == want
    got = document(source, text)[0]["footprints"]["source"]["cidr"]
    assert got == [str(net) for net in sorted(set(nets), key=lambda n: (n.version, n))]


# ---- advertisements ----

def test_advertisement(source):
    got, lines = document(source, json.dumps(ADVERTISEMENTS["alto"]))
    assert lines == ["source.yaml: 1 footprint, 0 IPv4 and 0 IPv6 prefixes, 1 capability; 0 errors, "
                     "0 warnings"]
    assert got["footprints"] == {"mixed-1": {
        "countrycode": ["no"],
        "footprintunion": [{"asn": ["as64496"]}, {"ipv6cidr": ["2600::/32"]}]}}


def test_advertisement_is_the_same_resource(source, tmp_path):
    """What we publish comes back as the same objects."""
    (tmp_path / "in").mkdir()
    code, out, err = import_("--output", tmp_path / "in", source(
        json.dumps(ADVERTISEMENTS["alto"]), "a.json"))
    assert code == 0
    done = run("footprintctl", "diff", "--json", tmp_path / "in", tmp_path / "in")
    assert done.returncode == 0
    objects = ADVERTISEMENTS["alto"]["cdni-advertisement"]["capabilities-with-footprints"]
    inline = {"version": 1, "capabilities": objects}
    (tmp_path / "inline").mkdir()
    (tmp_path / "inline/a.json").write_text(json.dumps(inline))
    done = run("footprintctl", "diff", tmp_path / "inline", tmp_path / "in")
    assert "Objects of cdni" not in done.stdout, done.stdout


def test_quirks(source):
    objects = [
        {"capability-type": "FCI.RedirectionMode", "capability-value": "HTTP-I"},
        {"capability-type": "FCI.DeliveryProtocol", "capability-value": ["http1.1", "http2"]},
        {"capability-type": "FCI.AcquisitionProtocol",
         "capability-value": {"acquisition-protocols": "https1.1"}},
        {"capability-type": "FCI.Metadata", "capability-value": {"metadata": []},
         "footprints": None},
        {"capability-type": "FCI.OpenCachingApiVersion", "capability-value": {"x": {"y": 1}},
         "footprints": []}]
    got, lines = document(source, json.dumps(objects))
    assert "footprints" not in got
    assert [c["footprints"] for c in got["capabilities"]] == [["everywhere"]] * 5
    assert [c["capability-value"] for c in got["capabilities"]] == [
        {"redirection-modes": ["HTTP-I"]}, {"delivery-protocols": ["http/1.1", "http/2"]},
        {"acquisition-protocols": ["https/1.1"]}, {"metadata": []}, {"x": {"y": 1}}]
    codes = [code for _, _, code in finding(lines)]
    assert codes.count("global-by-absence") == 5
    assert codes.count("rewritten") == 6
    assert codes.count("unregistered") == 1  # http/2, and not once more of the document
    assert codes.count("unknown-capability-type") == 1


@pytest.mark.parametrize("change, code", [
    ({"capability-type": None}, "missing-key"), ({"capability-value": None}, "missing-key"),
    ({"capability-type": "Delivery"}, "bad-value"), ({"capability-value": {}}, "missing-key"),
    ({"scope": "eu"}, "unknown-key"), ({"footprints": "de"}, "wrong-type"),
    ({"footprints": ["de"]}, "wrong-type"), ({"footprints": [{}]}, "missing-key"),
    ({"footprints": [{"footprint-type": "country", "footprint-value": ["de"]}]},
     "unknown-footprint-type"),
    ({"footprints": [{"footprint-type": "countrycode", "footprint-value": []}]}, "empty"),
    ({"footprints": [{"footprint-type": "countrycode", "footprint-value": ["deu"]}]}, "bad-value"),
    ({"footprints": [{"footprint-type": "countrycode", "footprint-value": [1]}]}, "wrong-type"),
    ({"footprints": [{"footprint-type": "ipv4cidr", "footprint-value": ["2600::/32"]}]},
     "bad-value"),
    ({"footprints": [{"footprint-type": "asn", "footprint-value": ["as1"], "x": 1}]},
     "unknown-key"),
    ({"footprints": [{"footprint-type": "ipv4cidr", "footprint-value": ["8.8.8.0/24"]},
                     {"footprint-type": "ipv6cidr", "footprint-value": ["2600::/32"]}]},
     "null-footprint"),
    ({"footprints": [{"footprint-type": "footprintunion", "footprint-value": [
        {"footprint-type": "footprintunion", "footprint-value": []}]}]}, "empty")])
def test_bad_objects(source, change, code):
    """An object that cannot be taken is an error, and with --skip only that object is not there."""
    good = {"capability-type": "FCI.DeliveryProtocol",
            "capability-value": {"delivery-protocols": ["http/1.1"]},
            "footprints": [{"footprint-type": "countrycode", "footprint-value": ["DE"]}]}
    text = json.dumps({"capabilities": [good, {**good, **change}]}, indent=1)
    lines = document(source, text, code=1)[1]
    errors = [f for f in finding(lines) if f[1] == "error"]
    assert [f[2] for f in errors] == [code]
    first = json.dumps({"capabilities": [good]}, indent=1).count("\n") - 1
    assert int(errors[0][0].split(":")[0]) >= first
    got, lines = document(source, text, "--skip")
    assert len(got["capabilities"]) == 1 and got["footprints"] == {"country-de": {
        "countrycode": ["de"]}}


@pytest.mark.parametrize("text", ["{", "{\"a\": 1}", "[1,]", "{\"capabilities\": {}}", "[]",
                                  "{\"capabilities\": []}", "[" * 100])
def test_no_advertisement(source, text):
    assert document(source, text, "--from", "advertisement", "--skip", code=1)[0] is None


# ---- bundles ----

def test_bundle_comes_back(tmp_path):
    """export --bundle and import: the same documents."""
    (tmp_path / "out").mkdir()
    done = run("footprintctl", "export", "--bundle", ROOT / "footprints")
    code, out, err = import_("--output", tmp_path / "out", "-", input=done.stdout)
    assert (code, out) == (0, "")
    names = sorted(p.name for p in (ROOT / "footprints").iterdir())
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == names
    for name in names:
        assert yaml.safe_load((tmp_path / "out" / name).read_text()) == \
            yaml.safe_load((ROOT / "footprints" / name).read_text())
    assert run("footprintctl", "diff", ROOT / "footprints", tmp_path / "out").returncode == 0


@pytest.mark.parametrize("text, code", [
    ("version: 1\ndocuments: [a]\n", "missing-key"), ("version: 2\ndocuments: {}\n", "bad-value"),
    ("version: 1\ndocuments: {}\nmore: 1\n", "unknown-key"),
    ("version: 1\ndocuments: {../a.yaml: {version: 1}}\n", "bad-name"),
    ("version: 1\ndocuments: {a.txt: {version: 1}}\n", "bad-name"),
    ("version: 1\ndocuments: {a.yaml: {version: 1, colour: 1}}\n", "unknown-key"),
    ("version: 1\ndocuments: {a.yaml: {version: 1}, a.yaml: {version: 1}}\n", "duplicate-key"),
    ("{\"version\": 1, \"documents\": {\"a.yaml\": {\"<<\": 1}}}", "yaml-feature"),
    ("version: 1\ndocuments: {\n", "syntax")])
def test_bad_bundles(source, tmp_path, text, code):
    (tmp_path / "out").mkdir()
    lines = document(source, text, "--from", "bundle", "--skip", "--output", tmp_path / "out",
                     code=1)[1]
    assert [f[2] for f in finding(lines)] == [code]
    assert list((tmp_path / "out").iterdir()) == []


# ---- files ----

def test_output(source, tmp_path):
    path, out = source(SOURCES["prefixes"]), tmp_path / "new.yaml"
    assert import_("--output", out, path)[:2] == (0, "")
    assert out.read_text() == import_(path)[1]
    # What import made is replaced, what a person wrote is not.
    assert import_("--output", out, source("8.8.4.4\n"))[0] == 0
    assert "8.8.4.4" in out.read_text()
    out.write_text(SMALL)
    code, _, err = import_("--output", out, path)
    assert code == 1
    assert err.endswith(f"footprintctl: {out} is there already, and not made by import (--yes): "
                        "nothing is written\n")
    assert out.read_text() == SMALL
    assert import_("--output", out, "--yes", path)[0] == 0
    assert out.read_text() == import_(path)[1]


def test_output_fails(source, tmp_path):
    path = source(SOURCES["bundle"])
    code, out, err = import_("--output", tmp_path / "x.yaml", path)
    assert code == 2 and "is no directory, which a bundle wants: nothing is written" in err
    # All of a bundle, or nothing.
    (tmp_path / "out").mkdir()
    (tmp_path / "out/b.json").write_text("{}")
    assert import_("--output", tmp_path / "out", path)[0] == 1
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["b.json"]
    path = source(SOURCES["prefixes"])
    assert import_("--output", "/dev/null", path)[0] == 2
    assert import_("--output", tmp_path / "no/x.yaml", path)[0] == 2


def test_names(source, tmp_path):
    (tmp_path / "out").mkdir()
    path = source(SOURCES["prefixes"], "Caches (EU) 2026.TXT")
    assert import_("--output", tmp_path / "out", path)[0] == 0
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["caches-eu-2026.yaml"]
    assert list(yaml.safe_load(import_(path)[1])["footprints"]) == ["caches-eu-2026"]
    path = source(SOURCES["prefixes"], "\u00e4.txt")
    assert list(yaml.safe_load(import_(path)[1])["footprints"]) == ["imported"]
    assert list(yaml.safe_load(import_("--name", "b.yml", path)[1])["footprints"]) == ["b"]


def test_names_that_are_not_utf8(tmp_path):
    path = os.fsencode(tmp_path) + b"/f\xfcr.txt"
    with open(path, "wb") as file:
        file.write(b"8.8.8.1/24\n")
    done = subprocess.run([BUILD / "footprintctl", "import", "--json", path], capture_output=True,
                          timeout=LIMIT)
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert told["report"]["findings"][0]["file"].endswith("/f\\xfcr.txt")
    assert told["documents"] == ["f-r.yaml"]
    assert "from f\\xfcr.txt" in told["texts"]["f-r.yaml"]


def test_json(source):
    path = source("8.8.8.1/24\n", "a.txt")
    code, out, err = import_("--json", path)
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told == {
        "from": "prefixes", "documents": ["a.yaml"], "footprints": 1, "capabilities": 0,
        "prefixes": {"ipv4": 1, "ipv6": 0}, "texts": {"a.yaml": import_(path)[1]},
        "report": {"errors": 0, "warnings": 1, "findings": [{
            "severity": "warning", "code": "host-bits", "file": str(path), "line": 1, "column": 1,
            "pointer": "", "text": "'8.8.8.1/24' has host bits set; it is taken as 8.8.8.0/24",
            "suggestion": "8.8.8.0/24"}]}}
    code, out, err = import_("--json", "--from", "prefixes", source("x\n" * 200))
    assert (code, err) == (1, "")
    told = json.loads(out)
    assert told["report"]["errors"] == len(told["report"]["findings"]) == 200
    assert "texts" not in told


def test_many_lines(source):
    """Not timed: that without a terminal nothing is told of progress."""
    text = "".join(f"{i >> 8 & 255 | 8}.{i >> 16 & 255}.{i & 255}.0/24\n" for i in range(200000))
    code, out, err = import_("--aggregate", "--from", "prefixes", source(text))
    assert code == 0
    assert "\r" not in err and "reading" not in err


def test_no_progress_of_what_is_quick(source):
    """Also on a terminal."""
    master, slave = pty.openpty()
    done = subprocess.run([BUILD / "footprintctl", "import", source(SOURCES["prefixes"])],
                          stdout=subprocess.PIPE, stderr=slave, timeout=LIMIT)
    os.close(slave)
    assert done.returncode == 0
    assert b"reading" not in os.read(master, 65536)
    os.close(master)


# ---- a server ----

def test_apply(ctl, site):  # noqa: F811
    (site / "feed.csv").write_text("192.0.2.0/26,US,,,\n")
    code, out, err = ctl("import", "--dry-run", "feed.csv")
    assert code == 0
    assert "+ us" in out and out.endswith("nothing is changed\n")
    assert err.splitlines()[-1].startswith("feed.yaml: 1 footprint, 1 IPv4 and 0 IPv6 prefixes")
    assert ctl("import", "--server", ctl.url, "feed.csv")[:2] == (code, out)
    assert generation(ctl) == 1
    code, out, err = ctl("import", "--apply", "-m", "a feed", "feed.csv")
    assert code == 0 and out.endswith("generation 2\n")
    assert yaml.safe_load(ctl.served("feed.yaml"))["footprints"] == {"us": {
        "cidr": ["192.0.2.0/26"]}}
    assert ctl.json("history")["generations"][0]["message"] == "a feed"
    # Without --server or --apply no server is asked.
    code, out, err = ctl("import", "feed.csv")
    assert (code, out) == (0, ctl.served("feed.yaml"))


def test_apply_bundle(ctl, site):  # noqa: F811
    code, bundle, err = ctl("export", "--bundle")
    (site / "bundle.yaml").write_text(bundle.replace("192.0.2.0/24", "192.0.2.0/25"))
    code, out, err = ctl("import", "--apply", "--yes", "bundle.yaml")
    assert code == 0 and out.endswith("generation 2\n")
    assert "192.0.2.0/25" in ctl.served()


def test_apply_refused(ctl, site):  # noqa: F811
    (site / "feed.csv").write_text("footprint,prefix\nmetro,192.0.2.0/26\n")
    code, out, err = ctl("import", "--apply", "feed.csv")
    assert (code, out) == (1, "")
    assert "footprint 'metro' is defined already" in err or "is defined already at" in err
    (site / "feed.csv").write_text("footprint,prefix\nx,bad\ny,192.0.2.0/26\n")
    code, out, err = ctl("import", "--apply", "feed.csv")
    assert (code, out) == (1, "")
    assert generation(ctl) == 1
    (site / "a.json").write_text(json.dumps([
        {"capability-type": "FCI.DeliveryProtocol", "capability-value": "https/1.1"}]))
    code, out, err = ctl("import", "--apply", "a.json")
    assert code == 1 and "(--yes)" in err  # guard rails
    assert ctl("import", "--apply", "--yes", "a.json")[0] == 0


def test_apply_json(ctl, site):  # noqa: F811
    (site / "p.txt").write_text("192.0.2.0/26\n")
    code, out, err = ctl("import", "--apply", "--json", "p.txt")
    assert (code, err) == (0, "")
    told, answer = map(json.loads, out.splitlines())
    assert told["documents"] == ["p.yaml"] and "texts" not in told
    assert answer["generation"] == 2


def test_no_connection(site):  # noqa: F811
    (site / "p.txt").write_text("192.0.2.0/26\n")
    code, out, err = Operator(site, "http://127.0.0.1:1")("import", "--apply", "p.txt")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("footprintctl: no answer of http://127.0.0.1:1: ")


@pytest.mark.parametrize("args", [
    [], ["a", "b"], ["--from", "xml", "a"], ["--by", "city", "a"], ["--footprint", "a b", "a"],
    ["--footprint", "everywhere", "a"], ["--name", "a.txt", "a"], ["--name", "a.json", "a"],
    ["--name", "b/a.yaml", "a"], ["--name", ".yaml", "a"], ["--apply", "--dry-run", "a"],
    ["--output", "b.yaml", "--apply", "a"], ["--output", "b.yaml", "--dry-run", "a"],
    ["--output", "b.yaml", "--server", "http://127.0.0.1:1", "a"],
    ["--nonsense", "a"]])
def test_usage(args):
    code, out, err = import_(*args)
    assert (code, out) == (2, "")
    assert "see footprintctl import --help\n" in err


def test_help():
    code, out, err = import_("--help")
    assert (code, err) == (0, "")
    assert out.startswith("Usage: footprintctl import ")
    assert max(map(len, out.splitlines())) <= 100
