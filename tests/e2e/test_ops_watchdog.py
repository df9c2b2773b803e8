"""Threads that are stuck, and what a service manager is told of it and of everything else."""
import signal
import socket
import time

import pytest

from admin import write_tokens
from footprintd import DOCUMENT, LIMIT, Server, curl, write_config
from stopped import Stopped
from test_admin_changes import ADMIN, Putting


@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/all.yaml").write_text(DOCUMENT % "http/1.1")
    return tmp_path


class Manager:
    """What systemd is to a service: a socket that datagrams come to."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0"))
        self.socket.settimeout(LIMIT)
        self.env = {"NOTIFY_SOCKET": address}

    def next(self, but="WATCHDOG=1"):
        """The next message that is not `but`, as a dictionary."""
        while (message := self.socket.recv(65536).decode()) == but:
            pass
        return dict(line.split("=", 1) for line in message.splitlines())

    def pending(self):
        """All messages that are there already."""
        self.socket.setblocking(False)
        found = []
        try:
            while True:
                found.append(self.socket.recv(65536).decode())
        except BlockingIOError:
            self.socket.settimeout(LIMIT)
            return found


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    made = Manager(str(tmp_path / "notify") if request.param == "path" else f"@fpd-{time.time_ns()}")
    yield made
    made.socket.close()


def test_manager_is_told(site, manager):
    server = Server(write_config(site, more="drain-s: 7\n"), env=manager.env)
    assert manager.next() == {"READY": "1", "STATUS": "serving"}
    server.wait_ready()
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    (site / "footprints/all.yaml").write_text(DOCUMENT % "https/1.1")
    server.send(signal.SIGHUP)
    told = manager.next()
    assert told["RELOADING"] == "1" and told["STATUS"]
    assert before - 1000 <= int(told["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert manager.next() == {"READY": "1", "STATUS": "serving"}
    assert b"https/1.1" in curl(f"{server.url}/cdni")[2]
    # A reload that is refused is over as well: what was served is served.
    (site / "footprints/all.yaml").write_text("nonsense: true\n")
    server.send(signal.SIGHUP)
    assert "RELOADING" in manager.next() and "READY" in manager.next()
    server.send(signal.SIGTERM)
    told = manager.next()
    assert told["STOPPING"] == "1" and told["STATUS"] == "draining"
    assert 7000000 < int(told["EXTEND_TIMEOUT_USEC"]) < 60000000
    assert server.wait() == 0
    assert manager.pending() == []


def test_manager_is_not_told_that_it_is_ready_when_it_is_not(site, tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    (site / "footprints/all.yaml").write_text("nonsense: true\n")
    assert Server(write_config(site), env=manager.env).wait() == 1
    assert manager.pending() == []


@pytest.mark.parametrize("address", ["/nowhere/notify", "relative", "@", "", "/" + "x" * 200])
def test_manager_that_is_not_there(site, address):
    with Server(write_config(site), env={"NOTIFY_SOCKET": address}) as server:
        assert curl(f"{server.url}/cdni")[0] == 200


@pytest.mark.threads
def test_loop_that_is_stuck_and_moves_again(site, tmp_path):
    """It is told, and the manager hears nothing until it moves."""
    manager = Manager(str(tmp_path / "notify"))
    config = write_config(site, more="threads: 2\nwatchdog: {stall-s: 1, abort-s: 0}\n")
    with Server(config, env={**manager.env, "WATCHDOG_USEC": "500000"}) as server:
        for _ in range(4):
            assert manager.next(but=None)
        with Stopped(server.process.pid, "http-1"):
            server.wait_line(" error watchdog: the serving thread http-1 has not moved for [0-9]{4,} ms$")
            manager.pending()
            time.sleep(1.5)
            assert manager.pending() == []
        server.wait_line(" warning watchdog: the serving thread http-1 moves again, after [0-9]{4,} ms")
        assert manager.next(but=None) == {"WATCHDOG": "1"}
        assert sum("has not moved" in line for line in server.log) == 1


def test_manager_of_another_process(site, tmp_path):
    """A watchdog that is for somebody else's pid is none of ours."""
    manager = Manager(str(tmp_path / "notify"))
    env = {**manager.env, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}
    with Server(write_config(site), env=env) as server:
        assert "READY" in manager.next(but=None)
        time.sleep(1)
        assert manager.pending() == []
        assert curl(f"{server.url}/cdni")[0] == 200


def test_loop_that_is_stuck_for_good(site):
    """The process ends in a way that a supervisor sees, and the log names the thread."""
    config = write_config(site, more="threads: 2\nwatchdog: {stall-s: 1, abort-s: 2}\n")
    server = Server(config).wait_ready()
    with Stopped(server.process.pid, "http-0"):
        server.wait_line("the serving thread http-0 has not moved for")
        server.wait_line("the serving thread http-0 has not moved for [0-9]+ ms: aborting")
    assert server.wait() == -signal.SIGABRT


def test_process_that_was_stopped_is_not_stuck(site):
    config = write_config(site, more="watchdog: {stall-s: 4, abort-s: 4}\n")
    with Server(config) as server:
        for _ in range(2):
            server.send(signal.SIGSTOP)
            time.sleep(6)
            server.send(signal.SIGCONT)
            assert curl(f"{server.url}/cdni")[0] == 200
            time.sleep(1)
        assert not any("watchdog:" in line for line in server.log)


def test_question_that_was_open_when_the_process_was_stopped(site):
    """A loop that has not answered yet is given the time for it afterwards."""
    config = write_config(site, more="threads: 1\nwatchdog: {stall-s: 5, abort-s: 0}\n")
    with Server(config) as server:
        with Stopped(server.process.pid, "http-0"):
            time.sleep(0.5)  # it is asked meanwhile
            server.send(signal.SIGSTOP)
            time.sleep(7)
            server.send(signal.SIGCONT)
            time.sleep(1)  # the watchdog looks while the loop stands still
        assert curl(f"{server.url}/cdni")[0] == 200
        assert not any("watchdog:" in line for line in server.log)


def test_builder_that_is_stuck(site):
    """It is told, and what is served goes on being served."""
    write_tokens(site)
    with Server(write_config(site, more=ADMIN + "watchdog: {build-s: 1}\n")) as server:
        with Stopped(server.process.pid, "builder", before="renameat2") as builder:
            putting = Putting(server)
            builder.wait()  # in the middle of it
            server.wait_line("warning watchdog: the builder has been at one piece of work for [0-9]+ ms")
            assert curl(f"{server.url}/cdni")[0] == 200
        server.wait_line("info watchdog: the builder has come to its end")
        putting.join()
        assert putting.answer[0] == 200
