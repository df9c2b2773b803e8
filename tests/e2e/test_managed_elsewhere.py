"""Documents that something else puts in their place: volumes of Kubernetes, git-sync, mounts.

They are watched through their links, and a change over the admin interface is refused with the
reason, before anything is done.
"""
import json
import os
import shutil
import subprocess

import pytest

from admin import TOKENS, bearer, write_tokens
from footprintd import BUILD, DOCUMENT, LIMIT, Server, curl, run, write_config
from test_admin_changes import ADMIN, applied, refused, send

QUICK = "watch: {debounce-ms: 20}\n"


def text(n):
    return DOCUMENT % f"http/{n}"


def advertised(server):
    return curl(server.url + "/cdni")[2].decode()


def readings(server):
    return sum("has changed: reading it" in line for line in server.log)


def point(link, target):
    """A link changes in one step."""
    link.with_name(link.name + "_tmp").symlink_to(target)
    link.with_name(link.name + "_tmp").rename(link)


# ---- what changes is noticed, once ----

class Volume:
    """A ConfigMap as the kubelet puts it down: ..data leads to what is current."""

    def __init__(self, directory):
        self.directory = directory
        self.count = 0
        directory.mkdir()

    def publish(self, documents):
        old = self.directory / "..data"
        before = os.readlink(old) if old.is_symlink() else None
        self.count += 1
        new = self.directory / f"..2026_{self.count}"
        new.mkdir()
        for name, content in documents.items():
            (new / name).write_text(content)
        point(old, new.name)
        for name in documents:
            if not (self.directory / name).is_symlink():
                (self.directory / name).symlink_to(f"..data/{name}")
        for entry in self.directory.iterdir():
            if entry.is_symlink() and entry.name != "..data" and entry.name not in documents:
                entry.unlink()
        if before:
            shutil.rmtree(self.directory / before)


def test_config_map(tmp_path):
    volume = Volume(tmp_path / "footprints")
    volume.publish({"metro.yaml": text(1)})
    write_config(tmp_path, more=QUICK)
    with Server(tmp_path / "footprintd.yaml") as server:
        for n in range(2, 8):
            volume.publish({"metro.yaml": text(n)})
            server.wait_line(f"generation {n}: 1 document")
            assert f"http/{n}" in advertised(server)
        volume.publish({"metro.yaml": text(7), "more.yaml": "version: 1\n"})
        server.wait_line("generation 8: 2 documents")
        volume.publish({"more.yaml": "version: 1\n"})
        server.wait_line("generation 9: 1 document")
        assert readings(server) == 8
        assert not any("refused" in line for line in server.log)


def test_git_sync(tmp_path):
    """The directory is behind a link, which changes; an edit in what it leads to is noticed, too."""
    for n in (1, 2, 3):
        (tmp_path / f"git/.worktrees/sha{n}/edge").mkdir(parents=True)
        (tmp_path / f"git/.worktrees/sha{n}/edge/all.yaml").write_text(text(n))
    point(tmp_path / "git/current", ".worktrees/sha1")
    point(tmp_path / "site", f"{tmp_path}/git/current/edge")
    write_config(tmp_path, footprints="site", more=QUICK)
    with Server(tmp_path / "footprintd.yaml") as server:
        for n in (2, 3):
            point(tmp_path / "git/current", f".worktrees/sha{n}")
            server.wait_line(f"generation {n}: 1 document")
            assert f"http/{n}" in advertised(server)
            shutil.rmtree(tmp_path / f"git/.worktrees/sha{n - 1}")
        (tmp_path / "git/.worktrees/sha3/edge/all.yaml").write_text(text(4))
        server.wait_line("generation 4: 1 document")
        assert readings(server) == 3
        # No event is waited for five seconds: what is gone comes back.
        (tmp_path / "git/current").unlink()
        server.wait_line("refused: .* generation 4 goes on being served")
        (tmp_path / "git/.worktrees/sha5/edge").mkdir(parents=True)
        (tmp_path / "git/.worktrees/sha5/edge/all.yaml").write_text(text(5))
        point(tmp_path / "git/current", ".worktrees/sha5")
        server.wait_line("generation 5: 1 document")


def test_links_to_single_documents(tmp_path):
    """A link to a file elsewhere: made, written behind, changed, taken away."""
    (tmp_path / "footprints").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "footprints/a.yaml").write_text(text(1))
    write_config(tmp_path, more=QUICK)
    with Server(tmp_path / "footprintd.yaml") as server:
        (tmp_path / "elsewhere/b").write_text("version: 1\n")
        (tmp_path / "footprints/b.yaml").symlink_to("../elsewhere/b")
        server.wait_line("generation 2: 2 documents")
        (tmp_path / "elsewhere/b").write_text(text(2))
        server.wait_line("generation 3: 2 documents")
        (tmp_path / "elsewhere/c").write_text(text(3))
        (tmp_path / "elsewhere/c").rename(tmp_path / "elsewhere/b")
        server.wait_line("generation 4: 2 documents")
        os.link(tmp_path / "elsewhere/b", tmp_path / "footprints/d.yaml")
        server.wait_line("generation 5: 3 documents")
        (tmp_path / "footprints/b.yaml").unlink()
        server.wait_line("generation 6: 2 documents")
        assert readings(server) == 5


@pytest.mark.skipif(not shutil.which("git"), reason="without git")
def test_git_checkout(tmp_path):
    """Files that are unlinked and made anew, in the directory itself."""
    directory = tmp_path / "footprints"

    def git(*args):
        subprocess.run(["git", "-c", "user.name=jo", "-c", "user.email=jo@example.org", *args],
                       cwd=directory, check=True, capture_output=True, timeout=LIMIT)

    directory.mkdir()
    git("init", "-q", "-b", "one")
    for branch, n in (("one", 1), ("two", 2)):
        if n == 2:
            git("checkout", "-q", "-b", branch)
            git("rm", "-q", "b.yaml")
            (directory / "c.yaml").symlink_to("sub/c")
            (directory / "sub").mkdir()
            (directory / "sub/c").write_text("version: 1\n")
        else:
            (directory / "b.yaml").write_text("version: 1\n")
        (directory / "a.yaml").write_text(text(n))
        git("add", ".")
        git("commit", "-q", "-m", branch)
    git("checkout", "-q", "one")
    write_config(tmp_path, more="watch: {debounce-ms: 200}\n")
    with Server(tmp_path / "footprintd.yaml") as server:
        for n in range(2, 6):
            branch = "two" if n % 2 == 0 else "one"
            git("checkout", "-q", branch)
            server.wait_line(f"generation {n}: 2 documents")
            assert f"http/{2 - n % 2}" in advertised(server)


# ---- what cannot be changed says why ----

@pytest.fixture
def site(tmp_path):
    (tmp_path / "footprints").mkdir()
    (tmp_path / "footprints/plain.yaml").write_text(text(1))
    (tmp_path / "footprints/linked.yaml").write_text(text(1))
    write_tokens(tmp_path)
    write_config(tmp_path, more=ADMIN)
    for role, token in TOKENS.items():
        (tmp_path / role).write_text(token)
        (tmp_path / role).chmod(0o600)
    return tmp_path


def ctl(site, server, *args, **kwargs):
    command, *rest = args
    return run("footprintctl", command, "--server", server.admin, "--token-file", site / "admin",
               *rest, **kwargs)


def generation(server):
    return json.loads(curl("-H", bearer("reader"), server.admin + "/v1/status")[2])["generation"]


def assert_refused(site, server, name, reason):
    """By every way, and nothing is done; and it is still possible to ask what would be."""
    before, files = generation(server), sorted(os.listdir(site / "footprints"))
    path = f"/v1/documents/{name}"
    both = {"documents": {"new.yaml": text(5), name: text(3)}}
    for answer in (send(server, "PUT", path, text(3), kind="application/yaml"),
                   send(server, "DELETE", path, ""), send(server, "POST", "/v1/changes", both)):
        assert reason in refused(answer, 409, "unwritable")["detail"]
    applied(send(server, "PUT", path + "?dry-run=1", text(3), kind="application/yaml"), None)
    applied(send(server, "POST", "/v1/changes?dry-run=1", both), None)
    (site / name).write_text(text(3))
    done = ctl(site, server, "apply", "--yes", site / name)
    assert done.returncode == 1 and reason in done.stderr, done
    done = ctl(site, server, "edit", name, input="y\n",
               env={**os.environ, "EDITOR": f"cp {site / name}"})
    assert done.returncode == 1 and reason in done.stderr, done
    assert generation(server) == before
    assert sorted(os.listdir(site / "footprints")) == files


def test_a_link_and_a_plain_file(site):
    """What is a link is managed elsewhere; the file next to it is not."""
    point(site / "footprints/linked.yaml", "../outside")
    (site / "outside").write_text(text(1))
    reason = ("the file linked.yaml is a symbolic link to ../outside: it is managed elsewhere, "
              "change it where it comes from")
    with Server(site / "footprintd.yaml") as server:
        assert_refused(site, server, "linked.yaml", reason)
        applied(send(server, "PUT", "/v1/documents/plain.yaml", text(2), kind="application/yaml"), 2)
        (site / "outside").write_text(text(4))
        server.send(1)
        server.wait_line("generation 3: 2 documents")
        assert reason in refused(send(server, "POST", "/v1/rollback", {"generation": 1}), 409,
                                 "unwritable")["detail"]
        done = ctl(site, server, "rollback", "--yes", "1")
        assert done.returncode == 1 and reason in done.stderr
        applied(send(server, "POST", "/v1/rollback?dry-run=1", {"generation": 1}), None)
        # To where only the plain file differs.
        applied(send(server, "PUT", "/v1/documents/plain.yaml", text(5), kind="application/yaml"), 4)
        applied(send(server, "POST", "/v1/rollback", {"generation": 3}), 5)
        assert (site / "footprints/plain.yaml").read_text() == text(2)
        assert (site / "outside").read_text() == text(4)


class Mounted(Server):
    """A server in a mount namespace of its own, where `script` has mounted something."""

    def __init__(self, config, script):
        self.program = ["unshare", "-Urm", "sh", "-ec", f'{script}\nexec "$0" "$@"',
                        BUILD / "footprintd"]
        super().__init__(config)


namespaces = pytest.mark.skipif(
    subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False).returncode != 0,
    reason="without mount namespaces")


@namespaces
def test_a_directory_that_is_mounted_read_only(site):
    script = f"mount --bind {site}/footprints {site}/footprints\n" \
             f"mount -o remount,bind,ro {site}/footprints"
    with Mounted(site / "footprintd.yaml", script) as server:
        assert_refused(site, server, "plain.yaml", f"the directory {site}/footprints cannot be "
                       "written: Read-only file system; the documents are managed elsewhere: change "
                       "them where they come from")
        (site / "footprints/plain.yaml").write_text(text(4))
        server.send(1)
        server.wait_line("generation 2: 2 documents")
        answer = refused(send(server, "POST", "/v1/rollback", {"generation": 1}), 409, "unwritable")
        assert "Read-only file system" in answer["detail"]


@namespaces
def test_a_document_that_is_mounted(site):
    """As `docker run -v`: nothing can be renamed to a mount."""
    (site / "outside").write_text(text(1))
    with Mounted(site / "footprintd.yaml",
                 f"mount --bind {site}/outside {site}/footprints/linked.yaml") as server:
        assert_refused(site, server, "linked.yaml", "the file linked.yaml is a mount of its own: it "
                       "is managed elsewhere, change it where it comes from")
        applied(send(server, "PUT", "/v1/documents/plain.yaml", text(2), kind="application/yaml"), 2)


def test_a_document_that_is_immutable(site):
    path = site / "footprints/linked.yaml"
    if subprocess.run(["chattr", "+i", path], capture_output=True, check=False).returncode:
        pytest.skip("the file system knows no such mark, or we may not make it")
    try:
        with Server(site / "footprintd.yaml") as server:
            assert_refused(site, server, "linked.yaml", "the file linked.yaml is marked immutable")
    finally:
        subprocess.run(["chattr", "-i", path], check=True)
