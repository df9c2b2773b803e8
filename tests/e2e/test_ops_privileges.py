"""Whom the server runs as, and what no process of it can do any more."""
import hashlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import tempfile

import pytest

import processes
from footprintd import DOCUMENT, Server, curl, run, write_config

NOBODY = pwd.getpwnam("nobody")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def has_user(name):
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


@pytest.fixture
def site():
    """A site that everybody can read."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="footprintd-"))
    folder.chmod(0o755)
    (folder / "footprints").mkdir()
    (folder / "footprints/all.yaml").write_text(DOCUMENT % "http/1.1")
    yield folder
    shutil.rmtree(folder)


def status_of(pid, thread=None):
    path = f"/proc/{pid}/task/{thread}/status" if thread else f"/proc/{pid}/status"
    pairs = (line.split(":", 1) for line in pathlib.Path(path).read_text().splitlines())
    return {name: value.split() for name, value in pairs}


def free_low_port():
    for port in range(1023, 600, -1):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    pytest.skip("no port below 1024 is free")


@as_root
def test_becomes_the_user(site, certificates):
    """In every thread and for good, with ports that it could not open any more."""
    for name in ("server.pem", "server.key"):
        shutil.copy(certificates / name, site)
        os.chmod(site / name, 0o400)
        os.chown(site / name, NOBODY.pw_uid, NOBODY.pw_gid)
    (site / "state").mkdir()
    os.chown(site / "state", NOBODY.pw_uid, NOBODY.pw_gid)
    port = free_low_port()
    tls = "tls: {certificate: server.pem, key: server.key}"
    config = write_config(site, more="user: nobody\nstate: state\n",
                          listen=f'[{{address: "127.0.0.1:{port}"}}, {{address: "127.0.0.1:0", {tls}}}]')
    with Server(config, args=["--refuse-root"]) as server:
        assert any("running as the user nobody" in line for line in server.log)
        assert not any("running as root" in line for line in server.log)
        pid = server.process.pid
        threads = processes.threads(pid)
        assert len(threads) > 4
        for thread in threads:
            status = status_of(pid, thread)
            assert set(status["Uid"]) == {str(NOBODY.pw_uid)}
            assert set(status["Gid"]) == {str(NOBODY.pw_gid)}
            assert set(status["Groups"]) == {str(g) for g in os.getgrouplist("nobody", NOBODY.pw_gid)}
            assert status["NoNewPrivs"] == ["1"] and status["Seccomp"] == ["2"]
            for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                assert int(status[kind][0], 16) == 0
        assert curl(f"{server.url}/cdni")[0] == 200
        assert (site / "state/history.db").stat().st_uid == NOBODY.pw_uid
        # What SIGHUP reads is read as the user.
        (site / "footprints/all.yaml").write_text(DOCUMENT % "https/1.1")
        server.send(signal.SIGHUP)
        server.wait_line("generation 2: 1 documents")
        assert not any(" error " in line for line in server.log)
        ca = str(certificates / "ca.pem")
        assert curl("--cacert", ca, f"{server.urls[1]}/cdni")[0] == 200


@as_root
@pytest.mark.parametrize("key", ["key", "tokens", "ucdns", "footprints", "state"])
def test_what_the_user_may_not_use(site, certificates, key):
    """Is told at the start, not at the first reload."""
    shutil.copy(certificates / "server.pem", site)
    shutil.copy(certificates / "server.key", site)
    (site / "tokens").write_text("")
    (site / "ucdns").write_text("anonymous: {}\n")
    (site / "state").mkdir()
    for name in ("server.key", "tokens", "ucdns", "state"):
        os.chmod(site / name, 0o700 if name == "state" else 0o600)
        os.chown(site / name, NOBODY.pw_uid, NOBODY.pw_gid)
    tls = "tls: {certificate: server.pem, key: server.key}"
    more = ('user: nobody\nadmin: {listen: "127.0.0.1:0", tokens: tokens}\nucdns: ucdns\nstate: state\n')
    config = write_config(site, more=more, listen=f'[{{address: "127.0.0.1:0", {tls}}}]')
    with Server(config):
        pass
    bad = site / ("server.key" if key == "key" else key)
    os.chown(bad, 0, 0)
    bad.chmod(0o755 if key == "state" else 0o700)  # of the state: what it cannot do is write
    server = Server(config)
    assert server.wait() == 1
    name = "listen[].tls.key" if key == "key" else "admin.tokens" if key == "tokens" else key
    verb = "write to" if key == "state" else "read"
    assert server.log[-1].endswith(f"the user nobody, which the server runs as, may not {verb} {bad} "
                                   f"({name}): Permission denied")
    done = run("footprintd", "--config", str(config), "--check-config")
    assert done.returncode == 1 and f"may not {verb} {bad} ({name})" in done.stderr


@as_root
def test_user_that_does_not_exist(site):
    server = Server(write_config(site, more="user: no-such-user\n"))
    assert server.wait() == 1
    assert server.log[-1].endswith("error app: `user: no-such-user`: there is no such user")
    done = run("footprintd", "--config", str(site / "footprintd.yaml"), "--check-config")
    assert done.returncode == 1 and "there is no such user" in done.stderr


@as_root
@pytest.mark.parametrize("more, warning", [
    ("", "running as root: `user: NAME` gives that up when the ports are open, `user: root` says "
         "that it is meant"),
    pytest.param("user: footprintd\n", "running as root: there is no user footprintd here",
                 marks=pytest.mark.skipif(has_user("footprintd"), reason="there is that user")),
    ("user: root\n", None)])
def test_staying_root(site, more, warning):
    config = write_config(site, more=more)
    with Server(config) as server:
        assert status_of(server.process.pid)["Uid"] == ["0"] * 4
        assert status_of(server.process.pid)["NoNewPrivs"] == ["1"]
        said = [line for line in server.log if "running as" in line]
        assert len(said) == (1 if warning else 0)
        assert not warning or said[0].endswith(f" warning app: {warning}")
    server = Server(config, args=["--refuse-root"])
    assert server.wait() == 1
    assert "which --refuse-root forbids" in server.log[-1]
    # Whoever checks may be root; only who must not be is told.
    command = ["footprintd", "--config", str(config), "--check-config"]
    assert run(*command).returncode == 0
    assert run(*command, "--refuse-root").returncode == 1


@as_root
@pytest.mark.parametrize("user, warned", [("nobody", False), ("footprintd", True), (None, False)])
def test_not_started_as_root(site, user, warned):
    config = write_config(site, more=f"user: {user}\n" if user else "")
    with Server(config, args=["--refuse-root"], user="nobody", group="nogroup",
                extra_groups=[]) as server:
        assert status_of(server.process.pid)["Uid"] == [str(NOBODY.pw_uid)] * 4
        said = [line for line in server.log if "not started as root" in line]
        assert len(said) == warned
        assert not warned or f"user id {NOBODY.pw_uid} and not as `user: {user}`" in said[0]


@as_root
@pytest.mark.parametrize("wanted", [False, True])
def test_core_files(site, wanted):
    """Neither a core file nor a debugger of the same user gets at keys, unless it is said."""
    more = "user: nobody\n" + ("core-dumps: true\n" if wanted else "")

    def limit():
        import resource
        resource.setrlimit(resource.RLIMIT_CORE, (4096, 4096))

    # A sanitizer has a will of its own about core files.
    env = {name: os.environ.get(name, "") + ":disable_coredump=0"
           for name in ("ASAN_OPTIONS", "TSAN_OPTIONS")}
    with Server(write_config(site, more=more), before=limit, env=env) as server:
        limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text()
        (line,) = [row.split() for row in limits.splitlines() if row.startswith("Max core file size")]
        assert line[4:6] == (["4096", "4096"] if wanted else ["0", "0"])
        # The files of a process that cannot be dumped are root's.
        owner = os.stat(f"/proc/{server.process.pid}/environ").st_uid
        assert owner == (NOBODY.pw_uid if wanted else 0)


@pytest.mark.parametrize("mode", ["off", "log", "on"])
def test_calls_are_filtered(site, mode):
    """In all threads that there are when the server is ready, and all that it begins later."""
    config = write_config(site, more=f"sandbox: {{seccomp: {mode}}}\n")
    with Server(config) as server:
        pid = server.process.pid
        for thread in processes.threads(pid):
            assert status_of(pid, thread)["Seccomp"] == ["0" if mode == "off" else "2"]


def test_confined_to_its_files(site, certificates):
    """Everything works that a server does, with links that change as a ConfigMap's do."""
    volume = site / "volume"
    for version, protocol in (("v1", "http/1.1"), ("v2", "https/1.1")):
        (volume / version).mkdir(parents=True)
        (volume / version / "all.yaml").write_text(DOCUMENT % protocol)
        for name in ("server.pem", "server.key"):
            shutil.copy(certificates / name, volume / version)
    (volume / "..data").symlink_to("v1")
    (site / "footprints/all.yaml").unlink()
    (site / "footprints/all.yaml").symlink_to("../volume/..data/all.yaml")
    for name in ("server.pem", "server.key"):
        (site / name).symlink_to(f"volume/..data/{name}")
    (site / "tokens").write_text(f"ada:admin:{hashlib.sha256(b'secret').hexdigest()}\n")
    (site / "tokens").chmod(0o600)
    more = ('user: root\nsandbox: {landlock: on}\nstate: state\nwatch: {debounce-ms: 1}\n'
            'admin: {listen: "127.0.0.1:0", tokens: tokens}\n')
    tls = "tls: {certificate: server.pem, key: server.key}"
    config = write_config(site, more=more, listen=f'[{{address: "127.0.0.1:0", {tls}}}]')
    with Server(config) as server:
        token = ("-H", "authorization: Bearer secret")
        assert not any("warning" in line or "error" in line for line in server.log)
        status, _, body = curl(*token, "-X", "PUT", "--data-binary", DOCUMENT % "http/1.1",
                               "-H", "content-type: application/yaml", "-H", "if-none-match: *",
                               f"{server.admin}/v1/documents/new.yaml")
        assert status in (200, 201), body
        assert (site / "footprints/new.yaml").read_text() == DOCUMENT % "http/1.1"
        (volume / "next").symlink_to("v2")
        (volume / "next").rename(volume / "..data")
        server.wait_line("generation 3: 2 documents")
        server.send(signal.SIGHUP)
        server.wait_line("SIGHUP: reading")
        ca = str(certificates / "ca.pem")
        assert b"https/1.1" in curl("--cacert", ca, f"{server.url}/cdni")[2]
        assert curl(*token, f"{server.admin}/v1/backup")[0] == 200
        # Nor does a great upload need a file in /tmp.
        great = site / "great"
        great.write_bytes(b"# " + b"x" * (40 << 20))
        status, _, body = curl(*token, "-X", "PUT", "--data-binary", f"@{great}", "-H", "expect:",
                               "-H", "content-type: application/yaml", f"{server.admin}/v1/documents/x.yaml")
        assert status in (200, 201, 409, 422), body
        assert not any("Permission denied" in line for line in server.log)
        # And a link that leads elsewhere is refused, with the reason.
        elsewhere = pathlib.Path(tempfile.mkdtemp())
        shutil.copy(certificates / "server.key", elsewhere)
        (site / "server.key").unlink()
        (site / "server.key").symlink_to(elsewhere / "server.key")
        server.send(signal.SIGHUP)
        server.wait_line("server.key.*Permission denied; the old certificates stay in use")
        shutil.rmtree(elsewhere)
