"""libfootprintd: its symbols, and an installed tree that the example is built against."""
import json
import os
import re
import shlex
import shutil
import subprocess

import pytest

import mmdb
from footprintd import BUILD, LIMIT, ROOT

HEADER = ROOT / "include/footprintd/lookup.h"


def call(*command, **kwargs):
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, **kwargs)
    assert done.returncode == 0, done.stderr
    return done.stdout


def cached(name):
    """A variable of the build."""
    return re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.M).group(1)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Everything installed below a directory; returns where its prefix lies."""
    directory = tmp_path_factory.mktemp("installed")
    call("cmake", "--install", str(BUILD), env={**os.environ, "DESTDIR": str(directory)})
    return directory / cached("CMAKE_INSTALL_PREFIX").lstrip("/")


@pytest.fixture(scope="module")
def environment(tree):
    (pc,) = tree.rglob("footprintd.pc")
    return {**os.environ, "PKG_CONFIG_PATH": str(pc.parent), "LD_LIBRARY_PATH": str(pc.parents[1])}


def declared():
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)
    return set(re.findall(r"\b(footprintd_\w+)\(", text))


def test_exports_are_what_the_header_declares(tree):
    assert set((ROOT / "src/lookup/exports.txt").read_text().split()) == declared()
    (shared,) = tree.rglob("libfootprintd.so.0")
    lines = call("nm", "-D", "--defined-only", str(shared)).splitlines()
    symbols = {line.split()[2].split("@")[0] for line in lines if line.split()[1] != "A"}
    # Instrumentation of sanitizers and coverage is not ours.
    assert {name for name in symbols if not name.startswith("_")} == declared()


def test_static_library_hides_the_rest(tree):
    (static,) = tree.rglob("libfootprintd.a")
    lines = call("nm", "-g", "--defined-only", str(static)).splitlines()
    symbols = {line.split()[2] for line in lines if len(line.split()) == 3}
    assert {name for name in symbols if not name.startswith("_")} == declared()


def test_names_of_the_shared_library(tree):
    (shared,) = tree.rglob("libfootprintd.so.0")
    assert re.search(r"SONAME.*\[libfootprintd\.so\.0\]", call("readelf", "-d", str(shared)))
    assert shared.is_symlink() and shared.with_name("libfootprintd.so").is_symlink()


def test_what_is_installed(tree):
    assert (tree / "include/footprintd/lookup.h").read_bytes() == HEADER.read_bytes()
    assert [p.name for p in (tree / "include").rglob("*.h")] == ["lookup.h"]
    assert {p.name for p in (tree / "bin").iterdir()} == {"footprintd", "footprintctl"}
    pages = {p.name for p in (tree / "share/man").rglob("*") if p.is_file()}
    assert pages == {p.name for p in (ROOT / "docs/man").iterdir()}
    assert call(str(tree / "bin/footprintctl"), "--version").startswith("footprintctl ")


def test_header_alone(tree, tmp_path):
    """Plain C, C++ if there is a compiler for it, and no other header of the project."""
    flags = [f"-I{tree}/include", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"]
    (tmp_path / "a.c").write_text("#include <footprintd/lookup.h>\nint unused;\n")
    for standard in ("c99", "c11"):
        call(cached("CMAKE_C_COMPILER"), f"-std={standard}", *flags, str(tmp_path / "a.c"))
    if shutil.which("c++"):
        call("c++", "-x", "c++", "-std=c++11", *flags, str(tmp_path / "a.c"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    directory = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "footprints", directory / "footprints")
    (directory / "all.mmdb").write_bytes(mmdb.database({
        "192.0.2.0/24": mmdb.place("DE", ["BE"], 64496), "2001:db8::/32": mmdb.place("US", ["NY"])}))
    return directory


@pytest.mark.parametrize("kind", ["shared", "static"])
def test_example(kind, tree, environment, site, tmp_path):
    static = kind == "static"
    flags = call("pkg-config", "--cflags", "--libs", *(["--static"] if static else []),
                 "footprintd", env=environment).split()
    if static:
        (archive,) = tree.rglob("libfootprintd.a")
        flags = [str(archive) if flag == "-lfootprintd" else flag for flag in flags]
    sanitize = cached("FPD_SANITIZE")
    extra = [f"-fsanitize={sanitize}"] if sanitize else []
    extra += ["--coverage"] if cached("FPD_COVERAGE") == "ON" else []
    program = tmp_path / "lookup"
    call(*shlex.split(cached("CMAKE_C_COMPILER")), "-Wall", "-Werror", *extra,
         str(ROOT / "docs/examples/lookup.c"), "-o", str(program), *flags)
    needed = call("readelf", "-d", str(program))
    assert ("libfootprintd.so.0" in needed) != static
    addresses = ["192.0.2.1", "192.0.2.200", "2001:db8::1", "203.0.113.1"]
    out = call(str(program), "footprints", "all.mmdb", *addresses, cwd=site, env=environment)
    assert out == expected(site, addresses)
    refused = subprocess.run([program, "nowhere", "all.mmdb", "192.0.2.1"], cwd=site,
                             env=environment, capture_output=True, text=True, timeout=LIMIT)
    assert refused.returncode == 1
    assert refused.stderr == ("nowhere: error: the directory cannot be read: No such file or "
                              "directory [unreadable]\n")


def expected(site, addresses):
    """The same, as footprintctl says it."""
    (site / "footprintd.yaml").write_text(json.dumps({
        "listen": [{"address": "127.0.0.1:0"}], "footprints": "footprints",
        "geoip": {"country": "all.mmdb", "city": "all.mmdb", "asn": "all.mmdb",
                  "max-age-days": 3650}}))
    out = ""
    lines = call(str(BUILD / "footprintctl"), "lookup", "--config", "footprintd.yaml", "--json",
                 *addresses, cwd=site).splitlines()
    for address, answer in zip(addresses, map(json.loads, lines)):
        out += f"{address} ({answer['scope']}): {answer['country'] or '?'}\n"
        for c in answer["capabilities"]:
            value = json.dumps(c["capability-value"], separators=(",", ":"))
            out += f"  {c['capability-type']} by {c['footprint'] or '-'}: {value}\n"
    return out
