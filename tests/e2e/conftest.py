"""Fixtures that several files of end-to-end tests use."""
import subprocess

import pytest

from clock import Clock
from http_stub import Stub
from tips_client import View
from update_site import PLAIN, Site
from updates_stub import Watch


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A CA, two servers' and a client's certificate by it, and a client's by nobody known."""
    folder = tmp_path_factory.mktemp("certificates")

    def make(name, subject, *extra):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", subject,
                        "-keyout", f"{name}.key", "-out", f"{name}.pem", *extra],
                       cwd=folder, check=True, capture_output=True)

    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=CA:FALSE"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    make("ca", "/CN=Test CA")
    make("server", "/CN=localhost", *signed, *names)
    make("server2", "/CN=second", *signed, *names)
    make("client", "/CN=client", *signed)
    make("stranger", "/CN=stranger")
    return folder


@pytest.fixture
def clock(site):
    """Of the servers of this site that are started with its environment."""
    return Clock(site)


@pytest.fixture
def start(stub):
    """start(resources, options...): a subscriber, which ends with the test at the latest."""
    started = []

    def starter(*args, **kwargs):
        started.append(Watch(kwargs.pop("url", stub.url), *args, **kwargs))
        return started[-1]

    yield starter
    stub.documents["/control/1"] = (204, "", b"")
    for watch in started:
        watch.leave()


@pytest.fixture
def start_stub():
    """start(*args): a Stub that is stopped after the test."""
    stubs = []

    def start(*args):
        stubs.append(Stub(*args))
        return stubs[-1]

    yield start
    for stub in stubs:
        stub.stop()


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A site with five versions of everything, and a view from the first on."""
    with Site(tmp_path_factory.mktemp("old")) as made:
        made.views = {name: View(made, name) for name in PLAIN}
        made.versions = {name: [None, made.document(name)] for name in PLAIN}
        for n in range(1, 5):
            made.publish(pid_a=[f"192.0.2.{n}/32"])
            for name in PLAIN:
                made.versions[name].append(made.document(name))
        for view in made.views.values():
            view.refresh()
            assert view.end - view.start == 4
        yield made
