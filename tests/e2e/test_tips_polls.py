"""TIPS: polls, which are held until their edge is there, and the end of views."""
import json
import signal
import urllib.parse

import pytest

import http_client
from event_stream import JSON_PATCH, MERGE_PATCH, canonical
from tips_client import PARAMS, WINDOW, View, check_error, post
from update_client import PROTOCOLS, Socket, heads_on_one_connection
from update_site import PLAIN, Site, threads_of, world

BOTH = f"{MERGE_PATCH},{JSON_PATCH}"


@pytest.fixture
def site(tmp_path, request):
    with Site(tmp_path, threads=threads_of(request)) as made:
        yield made


# ---- polls ----

@pytest.mark.threads
def test_poll(site):
    """Held until the version is there, which is told to all of them."""
    view = View(site, "cdni")
    before = view.newest()
    polls = [view.poll(view.end, accept=accept) for accept in ("*/*", BOTH, "application/*")]
    # Over HTTP/2, several on one connection, beside other things.
    frames = site.frames()
    path = view.edge_uri(view.end, view.end + 1)[len(site.url):]
    asked = [frames.ask(path, method="GET") for _ in range(5)]
    assert frames.ask("/cdni", method="GET").body() == site.get("cdni")
    assert not any(poll.answered() for poll in polls) and not any(one.status for one in asked)
    site.publish()
    answers = [poll.response() for poll in polls]
    assert {answer.status for answer in answers} == {200}
    bodies = {answer.body for answer in answers} | {one.body() for one in asked}
    assert [one.status for one in asked] == [200] * 5
    assert bodies == {view.item(view.end, view.end + 1)[1]}
    assert canonical(view.step(before, view.end, view.end + 1)) == canonical(site.document("cdni"))


@pytest.mark.threads
def test_polls_ahead(site):
    """As many as the window has, each answered when it is its turn."""
    view = View(site, "cdni")
    document, end = view.newest(), view.end
    polls = [view.poll(end + ahead) for ahead in reversed(range(WINDOW))][::-1]
    check_error(view.get(end + WINDOW, end + WINDOW + 1), 425, "E_INVALID_FIELD_VALUE", "ug",
                f"{end + WINDOW}/{end + WINDOW + 1}")
    for ahead, poll in enumerate(polls):
        site.publish()
        answer = poll.response()
        assert answer.status == 200
        item = view.item(end + ahead, end + ahead + 1)
        assert (answer.get("content-type"), answer.body) == item
        document = view.step(document, end + ahead, end + ahead + 1)
        assert canonical(document) == canonical(site.document("cdni"))
        assert not any(later.answered() for later in polls[ahead + 1:])


def test_poll_of_what_does_not_change(site):
    view = View(site, "netmap")
    poll = view.poll(view.end)
    for _ in range(3):
        site.publish()
    assert not poll.answered()
    assert View(site, "netmap").end == view.end
    site.publish(pid_a=["192.0.2.0/30"])
    assert poll.response().status == 200
    view.refresh()
    assert canonical(view.newest()) == canonical(site.document("netmap"))


@pytest.mark.threads
def test_polls_that_are_given_up(site):
    """Before, while and after the version comes."""
    view = View(site, "cdni")
    for n in range(20):
        view.refresh()
        polls = [view.poll(view.end) for _ in range(6)]
        for poll in polls[:2]:
            poll.abort()
        site.build(world(500 + n))
        for poll in polls[2:4]:
            poll.abort()
        for poll in polls[4:]:
            assert poll.response().status == 200
        site.wait_marker(500 + n)


def test_poll_that_is_cancelled_on_http2(site):
    view = View(site, "cdni")
    frames = site.frames()
    path = view.edge_uri(view.end, view.end + 1)[len(site.url):]
    asked = [frames.ask(path, method="GET") for _ in range(10)]
    for one in asked[::2]:
        one.abort()
    site.publish()
    for one in asked[1::2]:
        assert one.body() and one.status == 200


def test_limit_of_polls_on_a_connection(tmp_path):
    """One more than there may be: 429. What is no poll, goes on."""
    with Site(tmp_path, "updates: {streams-per-connection: 3}\n") as site:
        view = View(site, "cdni")
        frames = site.frames()
        path = view.edge_uri(view.end, view.end + 1)[len(site.url):]
        asked = [frames.ask(path, method="GET") for _ in range(3)]
        over = frames.ask(path, method="GET")
        over.head()
        assert over.status == 429
        assert frames.ask("/cdni", method="GET").body() == site.get("cdni")
        opened = frames.ask("/tips", b'{"resource-id": "netmap"}', [("content-type", PARAMS)])
        assert json.loads(opened.body())["tips-view-uri"] and opened.status == 200
        site.publish()
        for one in asked:
            assert one.body() and one.status == 200


def test_retry_after(tmp_path):
    with Site(tmp_path, "updates: {streams-per-connection: 1}\ntips: {poll-s: 1}\n") as site:
        view = View(site, "cdni")
        heads = heads_on_one_connection(view.edge_uri(view.end, view.end + 1), 2)
        # Too many, and then the end of the other one's time.
        assert sorted(head[":status"] for head in heads) == ["429", "503"]
        for head in heads:
            assert (head["retry-after"] == "0") == (head[":status"] == "503")


def test_poll_time(tmp_path):
    """tips.poll-s: an end for those whose proxies cut long requests."""
    with Site(tmp_path, "tips: {poll-s: 1}\n") as site:
        view = View(site, "cdni")
        for protocol in PROTOCOLS:
            response = http_client.request(view.edge_uri(view.end, view.end + 1), protocol)
            assert (response.status, response.get("retry-after")) == (503, "0")
        site.publish()
        assert view.get(view.end, view.end + 1).status == 200


# ---- the end of views ----

def test_restart(tmp_path):
    """Views do not outlive the server; the tag finds the way back."""
    with Site(tmp_path) as site:
        view = View(site, "cdni")
        tag, body = site.tag("cdni"), view.item(0, view.end)[1]
        where = urllib.parse.urlsplit(view.uri).path
        site.restart()
        assert http_client.request(f"{site.url}{where}/ug/0/{view.end}").status == 404
        assert post(f"{site.url}{where}/ug", {"resource-id": "cdni"}).status == 404
        again = View(site, "cdni", tag=tag)
        assert again.edge == (again.end, again.end + 1)
        assert again.item(0, again.end)[1] == body
        assert urllib.parse.urlsplit(again.uri).path != where


def test_resource_that_is_withdrawn(site):
    view = View(site, "netmap")
    poll = view.poll(view.end)
    document = world(2)
    document["network-maps"]["other"] = document["network-maps"].pop("netmap")
    site.build(document)
    assert poll.response().status == 404
    assert view.get(0, view.end).status == 404
    assert view.next_edge().status == 404


def test_idle_views_are_closed(tmp_path):
    """The heartbeats of a stream count the time; a view with a poll stays."""
    with Site(tmp_path, "updates: {heartbeat-s: 1}\ntips: {view-idle-s: 1}\n") as site:
        clock = site.stream({"netmap": "netmap"})
        polled, idle = View(site, "netmap"), View(site, "cdni")
        poll = polled.poll(polled.end)
        beats = 1
        while True:
            for _ in range(beats):
                clock.comment()
            response = idle.get(0, idle.end)
            if response.status == 404:
                break
            assert response.status == 200
            beats += 1
        assert not poll.answered()
        site.publish(pid_a=["192.0.2.0/31"])
        assert poll.response().status == 200
        again = View(site, "cdni")
        assert again.uri != idle.uri


@pytest.mark.threads
def test_drain(site):
    view = View(site, "cdni")
    polls = [view.poll(view.end) for _ in range(4)]
    frames = site.frames()
    asked = frames.ask(view.edge_uri(view.end, view.end + 1)[len(site.url):], method="GET")
    assert frames.ask("/cdni", method="GET").body() == site.get("cdni")
    site.server.send(signal.SIGTERM)
    for poll in polls:
        response = poll.response()
        assert response.status == 503 and response.get("retry-after")
    asked.head()
    assert asked.status == 503
    assert site.server.wait() == 0


@pytest.mark.threads
def test_generations_while_polls_come_and_go(site):
    """No version is lost between the look and the wait."""
    views = {name: View(site, name) for name in PLAIN}
    documents = {name: view.newest() for name, view in views.items()}
    at = {name: view.end for name, view in views.items()}
    for n in range(15):
        polls = {name: views[name].poll(at[name]) for name in PLAIN}
        site.build(world(700 + n, pid_a=[f"192.0.2.{n}/32"]))
        for name, poll in polls.items():
            answer = poll.response()
            assert answer.status == 200
            documents[name] = views[name].step(documents[name], at[name], at[name] + 1)
            at[name] += 1
        site.wait_marker(700 + n)
        for name in PLAIN:
            assert canonical(documents[name]) == canonical(site.document(name))


def test_polls_over_a_bare_connection_one_after_the_other(site):
    """HTTP/1.1: the connection is used again after a held answer."""
    view = View(site, "cdni")
    source = Socket(view.edge_uri(view.end, view.end + 1), method="GET")
    site.publish()
    assert source.response().status == 200
    source.sock.sendall(f"GET {urllib.parse.urlsplit(view.uri).path}/ug/0/{view.end + 1} HTTP/1.1\r\n"
                        "Host: x\r\n\r\n".encode())
    source.status = source.end = None
    assert source.response().status == 200
    source.close()
