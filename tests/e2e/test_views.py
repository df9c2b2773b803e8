"""What each uCDN sees: documents by audience, what it understands, and changes of that alone."""
import json
import re
import signal

import pytest
import requests
import requests.auth

import mmdb
from admin import write_tokens
from footprintd import LIMIT, Server, write_config
from identity import PASSWORD, ha1, write_ucdns

WATCH = "watch: {enabled: true, debounce-ms: 20}\n"
CAPABILITY = """  - capability-type: FCI.%s
    capability-value: {%s}
    footprints: [%s]
"""
PUBLIC = """version: 1
footprints:
  metro: {cidr: [192.0.2.0/24, "2001:db8::/32"]}
  rural: {cidr: [198.51.100.0/24]}
  north: {countrycode: [de]}
capabilities:
""" + CAPABILITY % ("DeliveryProtocol", "delivery-protocols: [http/1.1]", "metro")
FOR_A = "version: 1\naudience: [ucdn-a]\ncapabilities:\n" + CAPABILITY % (
    "RedirectionMode", "redirection-modes: [DNS-I]", "metro")
FOR_A_AND_B = "version: 1\naudience: [ucdn-b, ucdn-a]\ncapabilities:\n" + CAPABILITY % (
    "Metadata", "metadata: [MI.SourceMetadata]", "rural")
D, R, M = "FCI.DeliveryProtocol", "FCI.RedirectionMode", "FCI.Metadata"


def profile(name, more=""):
    return (f'{name}: {{digest: {{user: "{name}", ha1-sha256: "{ha1(name)}"}}'
            f'{", " + more if more else ""}}}\n')


A_AND_B = profile("ucdn-a") + profile("ucdn-b")


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints").mkdir()
    servers = []

    def start(ucdns=A_AND_B, more="", **documents):
        documents = documents or {"public": PUBLIC, "a": FOR_A, "ab": FOR_A_AND_B}
        for name, text in documents.items():
            (tmp_path / f"footprints/{name}.yaml").write_text(text)
        if ucdns is not None:
            write_ucdns(tmp_path, ucdns)
            more += "ucdns: ucdns.yaml\n"
        write_config(tmp_path, more=WATCH + more)
        servers.append(Server(tmp_path / "footprintd.yaml").__enter__())
        servers[-1].directory = tmp_path
        return servers[-1]

    start.directory = tmp_path
    yield start
    for server in servers:
        server.__exit__(None, None, None)


class Client:
    """A uCDN; without a name, a stranger."""

    def __init__(self, server, name=None):
        self.url = server.url
        self.session = requests.Session()
        self.session.headers["Accept-Encoding"] = "identity"
        if name:
            self.session.auth = requests.auth.HTTPDigestAuth(name, PASSWORD)
            # Where strangers may come in, nobody is asked who he is unless he says something.
            self.get("/directory", headers={"Authorization": "Basic eDp5"})

    def get(self, path, **more):
        return self.session.get(self.url + path, timeout=LIMIT, **more)

    def post(self, path, body, kind, **more):
        return self.session.post(self.url + path, data=json.dumps(body), timeout=LIMIT,
                                 headers={"Content-Type": f"application/alto-{kind}+json"}, **more)

    def json(self, path):
        answer = self.get(path)
        assert answer.status_code == 200, answer.status_code
        return answer.json()

    def types(self, path="/cdni"):
        objects = self.json(path)["cdni-advertisement"]["capabilities-with-footprints"]
        return [item["capability-type"] for item in objects]

    def stream(self, resource="cdni"):
        return Stream(self, resource)


class Stream:
    """An update stream, event by event."""

    def __init__(self, client, resource):
        self.answer = client.post("/updates", {"add": {"x": {"resource-id": resource}}},
                                  "updatestreamparams", stream=True)
        assert self.answer.status_code == 200
        self.lines = self.answer.iter_lines(chunk_size=1)
        kind, data = self.event()
        assert kind == "application/alto-updatestreamcontrol+json"
        self.control = data["control-uri"]

    def event(self):
        """(type, data), or None at the end."""
        kind, data = None, ""
        for line in self.lines:
            line = line.decode()
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                data += line.removeprefix("data: ")
            elif not line and kind:
                return kind, json.loads(data)
        return None


def put(server, name, text):
    """As an editor saves: whole, by a rename."""
    (server.directory / "footprints/.new").write_text(text)
    (server.directory / "footprints/.new").rename(server.directory / f"footprints/{name}.yaml")


def rebuilt(server):
    return int(server.wait_line(r"build: generation (\d+): \d+ documents").group(1))


def logged(server, pattern):
    """Before it was ready."""
    return any(re.search(pattern, line) for line in server.log)


# ---- documents ----

def test_documents_by_audience(site):
    server = site(A_AND_B + profile("ucdn-c") + "anonymous:\n")
    both = [D, D]
    assert Client(server, "ucdn-a").types() == [*both, M, R, R]  # one for each family
    assert Client(server, "ucdn-b").types() == sorted([*both, M])
    assert Client(server, "ucdn-c").types() == both
    assert Client(server).types() == both


def test_views_that_show_the_same_are_the_same(site):
    server = site(A_AND_B + profile("ucdn-c") + "anonymous:\n")
    tags = {name: Client(server, name).get("/cdni").headers["etag"]
            for name in ("ucdn-a", "ucdn-b", "ucdn-c", None)}
    assert tags["ucdn-c"] == tags[None]
    assert len(set(tags.values())) == 3
    # A tag is of what is seen: what is hidden does not move it.
    put(server, "a", FOR_A.replace("DNS-I", "HTTP-I"))
    rebuilt(server)
    assert Client(server, "ucdn-b").get("/cdni").headers["etag"] == tags["ucdn-b"]
    assert Client(server).get("/cdni").headers["etag"] == tags[None]
    assert Client(server, "ucdn-a").get("/cdni").headers["etag"] != tags["ucdn-a"]


def test_a_resource_that_is_not_for_all(site):
    """An advertisement, or a network map, that one does not see is not there: the same 404."""
    other = FOR_A.replace("version: 1\n", "version: 1\nadvertisement: special\nnetwork-maps:\n"
                          "  inner: {default: true, pids: {p: {ipv4: [0.0.0.0/0], "
                          'ipv6: ["::/0"]}}}\n')
    server = site(public=PUBLIC, a=other)
    a, b = Client(server, "ucdn-a"), Client(server, "ucdn-b")
    assert a.types("/special") == [R, R]
    assert {"special", "special-filtered", "inner"} <= set(a.json("/")["resources"])
    assert not {"special", "special-filtered", "inner"} & set(b.json("/")["resources"])
    missing = b.get("/no-such-thing")
    for path in ("/special", "/inner"):
        hidden = b.get(path)
        assert (hidden.status_code, hidden.content) == (404, missing.content)
        assert set(hidden.headers) == set(missing.headers)
    answer = b.post("/special-filtered", {"cdni-capabilities": []}, "cdnifilter")
    assert answer.status_code == 404
    assert b.json("/")["meta"]["default-alto-network-map"] == "netmap"
    assert a.json("/")["meta"]["default-alto-network-map"] == "inner"


def test_property_maps(site):
    server = site()

    def told(name):
        body = {"entities": ["ipv4:192.0.2.1"], "properties": ["cdni.cdni-capabilities"]}
        answer = Client(server, name).post("/propmap-filtered", body, "propmapparams")
        [entity] = answer.json()["property-map"].values()
        return [item["capability-type"] for item in entity["cdni.cdni-capabilities"]]

    assert told("ucdn-a") == [D, R]
    assert told("ucdn-b") == [D]
    text = {name: Client(server, name).get("/propmap").text for name in ("ucdn-a", "ucdn-b")}
    assert "DNS-I" in text["ucdn-a"] and "DNS-I" not in text["ucdn-b"]
    assert "198.51.100.0/24" in text["ucdn-b"]


def test_geo_properties_only_where_the_profile_allows_them(site):
    server = site(profile("ucdn-a", "geo-properties: true") + profile("ucdn-b"))
    body = {"entities": ["ipv4:192.0.2.1"], "properties": [".priv:countrycode"]}
    for name in ("ucdn-a", "ucdn-b"):  # without databases nobody has them
        assert Client(server, name).post("/propmap-filtered", body,
                                         "propmapparams").status_code == 400


def test_endpoint_properties(site):
    """PIDs of the maps that one sees, and what databases say where the profile allows it."""
    (site.directory / "all.mmdb").write_bytes(mmdb.database({"192.0.2.0/24": mmdb.place("DE")}))
    inner = FOR_A.replace("version: 1\n", "version: 1\nnetwork-maps:\n"
                          "  inner: {default: true, pids: {p: {ipv4: [0.0.0.0/0], "
                          'ipv6: ["::/0"]}}}\n')
    server = site(profile("ucdn-a", "geo-properties: true") + profile("ucdn-b"),
                  "geoip: {country: all.mmdb}\n", public=PUBLIC, a=inner)
    offered = {"ucdn-a": {"inner.pid": "p", "priv:countrycode": "de"},
               "ucdn-b": {"netmap.pid": "pid-default"}}
    for name, properties in offered.items():
        client = Client(server, name)
        entry = client.json("/")["resources"]["endpoint-property"]
        assert entry["capabilities"] == {"prop-types": list(properties)}
        for asked in ("inner.pid", "netmap.pid", "priv:countrycode"):
            answer = client.post("/endpoint-property", {
                "properties": [asked], "endpoints": ["ipv4:192.0.2.1"]}, "endpointpropparams")
            if asked in properties:
                assert answer.json()["endpoint-properties"] == {
                    "ipv4:192.0.2.1": {asked: properties[asked]}}
            else:
                assert answer.status_code == 400 and answer.json()["meta"]["value"] == asked


# ---- what they understand ----

LIMITED = PUBLIC.replace("capabilities:\n", "capabilities:\n" + CAPABILITY % (
    "CapacityLimits", "limits: [{id: a, limit-type: egress, maximum-hard: 1000}]", "metro, rural")
    + CAPABILITY % ("RedirectionMode", "redirection-modes: [DNS-I]", "north")
    + CAPABILITY % ("RedirectionMode", "redirection-modes: [HTTP-I]", "rural"))


def test_types_that_one_does_not_understand(site):
    server = site(
        profile("all") + profile("delivery", "capability-types: [FCI.DeliveryProtocol]")
        + profile("v4", "footprint-types: [ipv4cidr]"),
        public=LIMITED.replace("metro, rural", "rural"))
    assert Client(server, "all").types() == [
        "FCI.CapacityLimits", D, D, R, R]
    assert Client(server, "delivery").types() == [D, D]
    # Objects are withheld whole: nothing of the other family, and no country.
    objects = Client(server, "v4").json("/cdni")["cdni-advertisement"]["capabilities-with-footprints"]
    assert [item["capability-type"] for item in objects] == ["FCI.CapacityLimits", D, R]
    assert {footprint["footprint-type"] for item in objects for footprint in item["footprints"]} == {
        "ipv4cidr"}
    assert logged(server, r"objects are withheld from (delivery|v4): ")


def test_a_limit_that_cannot_be_said_takes_what_it_limits_with_it(site):
    """A union of three lists: who knows no unions is not told of its footprints without it."""
    server = site(profile("all") + profile(
        "old", "footprint-types: [ipv4cidr, ipv6cidr, countrycode]"), public=LIMITED)
    assert Client(server, "all").types() == ["FCI.CapacityLimits", D, D, R, R]
    objects = Client(server, "old").json("/cdni")["cdni-advertisement"]["capabilities-with-footprints"]
    assert [(item["capability-type"], item["footprints"][0]["footprint-value"])
            for item in objects] == [(R, ["de"])]


# ---- changes ----

def test_streams_show_changes_of_the_view_alone(site):
    server = site()
    a, b = Client(server, "ucdn-a").stream(), Client(server, "ucdn-b").stream()
    for stream in (a, b):
        assert stream.event()[0] == "application/alto-cdni+json,x"
    put(server, "a", FOR_A.replace("DNS-I", "HTTP-I"))
    rebuilt(server)
    kind, data = a.event()
    assert kind != "application/alto-updatestreamcontrol+json" and "HTTP-I" in json.dumps(data)
    put(server, "public", PUBLIC.replace("http/1.1", "https/1.1"))
    rebuilt(server)
    # Of the first change, B has seen nothing: the next event is of the second one.
    kind, data = b.event()
    assert "https/1.1" in json.dumps(data) and "HTTP-I" not in json.dumps(data)


def test_control_uris_are_their_owners(site):
    """Another's is the same 404 as one that is none; also within a class."""
    ucdns = A_AND_B + profile("ucdn-b2")
    server = site(ucdns, public=PUBLIC)
    a = Client(server, "ucdn-a")
    stream = a.stream()
    body = {"remove": ["x"]}
    made_up = stream.control[:-4] + "AAAA"
    for name in ("ucdn-b", "ucdn-b2"):
        other = Client(server, name)
        stolen = other.post(stream.control, body, "updatestreamparams")
        nothing = other.post(made_up, body, "updatestreamparams")
        assert (stolen.status_code, nothing.status_code) == (404, 404)
        assert stolen.content == nothing.content and set(stolen.headers) == set(nothing.headers)
    assert a.post(stream.control, body, "updatestreamparams").status_code == 204


# Whatever is asked of a URI that is another's, or of nobody: method, path below it, media type, body.
ASKED = [(method, below, kind, body)
         for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"]
         for below in ["", "/ug", "/ug/0/1", "/ug/1/2", "/ug/x"]
         for kind, body in [(None, None), ("application/alto-updatestreamparams+json", "{}"),
                            ("application/alto-tipsparams+json", '{"resource-id": "cdni"}'),
                            ("text/plain", "x"), ("application/alto-tipsparams+json", "{")]
         if method not in ("GET", "HEAD", "OPTIONS") or kind is None]


@pytest.mark.parametrize("other", ["ucdn-b", "ucdn-b2", None], ids=["other-view", "same-view",
                                                                   "stranger"])
def test_uris_of_others_are_nothing(site, other):
    """Byte for byte what a URI answers that nobody was ever given, whatever is asked of it."""
    ucdns = (A_AND_B if other == "ucdn-b" else profile("ucdn-a") + profile("ucdn-b2")) + (
        "anonymous:\n" if other is None else "")
    server = site(ucdns)
    a, b = Client(server, "ucdn-a"), Client(server, other)
    if other == "ucdn-b2":
        put(server, "a", FOR_A.replace("[ucdn-a]", "[ucdn-a, ucdn-b2]"))
        put(server, "ab", FOR_A_AND_B.replace("ucdn-b,", "ucdn-b2,"))
        rebuilt(server)
        while b.json("/cdni")["meta"] != a.json("/cdni")["meta"]:
            pass
    stream = a.stream()
    view = a.post("/tips", {"resource-id": "cdni"}, "tipsparams").json()["tips-view-uri"]
    # Who has opened the same has a URI for it as well, and it is another one.
    mine = b.post("/tips", {"resource-id": "cdni"}, "tipsparams").json()["tips-view-uri"]
    assert mine != view

    def ask(path, asked):
        method, below, kind, body = asked
        answer = b.session.request(method, server.url + path + below, data=body, timeout=LIMIT,
                                   headers={"Content-Type": kind} if kind else {})
        head = {name: value for name, value in answer.headers.items()
                if name not in ("Date", "authentication-info")}
        return answer.status_code, head, answer.content

    for uri in (stream.control, "/" + view.split("/", 3)[3]):
        folder, _, token = uri.rpartition("/")
        nothing = f"{folder}/{'A' * len(token)}"
        for asked in ASKED:
            theirs = ask(uri, asked)
            assert theirs == ask(nothing, asked), asked
            assert theirs[0] == 404 and theirs[2] == b"", asked
    assert a.get(f"/{view.split('/', 3)[3]}/ug/0/1").status_code in (200, 410)
    assert a.post(stream.control, {"remove": ["x"]}, "updatestreamparams").status_code == 204


def test_tips_views_are_of_a_view(site):
    server = site()
    a, b = Client(server, "ucdn-a"), Client(server, "ucdn-b")
    opened = a.post("/tips", {"resource-id": "cdni"}, "tipsparams").json()
    path = "/" + opened["tips-view-uri"].split("/", 3)[3]
    edge = f"{path}/ug/0/1"
    assert a.get(edge).status_code == 200
    assert b.get(edge).status_code == 404
    assert "DNS-I" in a.get(edge).text
    mine = b.post("/tips", {"resource-id": "cdni"}, "tipsparams").json()["tips-view-uri"]
    assert "DNS-I" not in b.get("/" + mine.split("/", 3)[3] + "/ug/0/1").text


def test_who_is_not_meant_any_more(site):
    """A document is taken from one of two that saw the same: its streams end, whoever's they are."""
    server = site(public=PUBLIC, ab=FOR_A_AND_B)
    a, b = Client(server, "ucdn-a"), Client(server, "ucdn-b")
    streams = [a.stream(), b.stream()]
    for stream in streams:
        assert M in json.dumps(stream.event()[1])
    put(server, "ab", FOR_A_AND_B.replace("ucdn-b, ", ""))
    rebuilt(server)
    for stream in streams:
        kind, data = stream.event()
        assert kind == "application/alto-updatestreamcontrol+json" and data["stopped"] == ["x"]
        assert stream.event() is None
    assert a.types() == [D, D, M] and b.types() == [D, D]
    assert M in json.dumps(a.stream().event()[1]) and M not in json.dumps(b.stream().event()[1])


def test_who_comes_into_a_class_ends_no_stream(site):
    server = site(public=PUBLIC)
    stream = Client(server, "ucdn-a").stream()
    assert stream.event()
    write_ucdns(server.directory, A_AND_B + profile("ucdn-c"))
    server.send(signal.SIGHUP)
    rebuilt(server)
    assert Client(server, "ucdn-c").types() == [D, D]
    put(server, "public", PUBLIC.replace("http/1.1", "https/1.1"))
    rebuilt(server)
    kind, data = stream.event()
    assert "https/1.1" in json.dumps(data)


def test_who_loses_the_profile(site):
    server = site()
    b = Client(server, "ucdn-b")
    assert b.types() == sorted([D, D, M])
    write_ucdns(server.directory, profile("ucdn-a"))
    server.send(signal.SIGHUP)
    rebuilt(server)
    assert b.get("/cdni").status_code == 401
    assert len(Client(server, "ucdn-a").types()) == 5


def test_a_profile_that_comes_while_the_documents_are_refused(site):
    """It sees what is served, whatever lies in the directory."""
    write_tokens(site.directory)
    server = site(more='admin: {listen: "127.0.0.1:0", tokens: tokens}\nstate: state\n',
                  public=PUBLIC)
    put(server, "public", "version: 7\n")
    server.wait_line("the documents were refused")
    write_ucdns(server.directory, A_AND_B + profile("ucdn-c"))
    server.send(signal.SIGHUP)
    server.wait_line("generation 1: profiles of uCDNs changed")
    assert Client(server, "ucdn-c").types() == [D, D]


# ---- many ----

def test_a_thousand_that_are_alike(site):
    """They are one class: one advertisement, and little memory."""
    server = site("".join(f'u{i}: {{digest: {{user: "u{i}", ha1-sha256: "{ha1(f"u{i}")}"}}}}\n'
                          for i in range(1000)) + profile("ucdn-a"))
    etags = {Client(server, f"u{i}").get("/cdni").headers["etag"] for i in (0, 500, 999)}
    assert len(etags) == 1
    assert Client(server, "ucdn-a").types() == [D, D, M, R, R]


# ---- what the log says ----

def test_an_audience_that_is_nobody(site):
    server = site(a=FOR_A.replace("ucdn-a", "ucdn-x"), public=PUBLIC)
    assert logged(server, r"a\.yaml is for 'ucdn-x', and ucdns has no profile of this name")


def test_an_audience_without_profiles(site):
    server = site(None)
    assert logged(server, r"2 documents have an audience, and there are no profiles \(ucdns\)")
    assert Client(server).types() == [D, D]
