"""Data of real scale: databases and documents over the networks of Debian's libloc-database.

Made once, by tests/tools/make_mmdb.sh (two minutes) and make_loc_dump.sh, and kept in
build/bench-data; FPD_MMDB names a folder that has the databases already. The data is the IPFire
Location database, (c) IPFire Development Team, CC BY-SA 4.0, subdivisions are made up. None of it
is ever committed.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import benchlib
from benchlib import DATA, ROOT

TOOLS = ROOT / "tests/tools"
FILES = ("country.mmdb", "city-synthetic.mmdb", "asn.mmdb")
SOURCE = "Networks: IPFire Location database (Debian libloc-database), CC BY-SA 4.0"


def made(name, tools, make):
    """DATA/NAME-KEY, made in a folder outside of the repository when it is not there."""
    key = hashlib.sha256(b"".join((TOOLS / t).read_bytes() for t in tools)).hexdigest()[:12]
    out = DATA / f"{name}-{key}"
    if not out.exists():
        DATA.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as place:
            print(f"making {out.name}", file=sys.stderr, flush=True)
            made_there = make(pathlib.Path(place) / name)
            part = out.with_name(out.name + ".part")
            shutil.rmtree(part, ignore_errors=True)
            shutil.move(made_there, part)
            part.rename(out)
    return out


def databases():
    """Paths of the country, city and ASN databases."""
    def make(folder):
        subprocess.run(["sh", TOOLS / "make_mmdb.sh", folder], check=True,
                       stdout=subprocess.DEVNULL)
        return folder
    folder = os.environ.get("FPD_MMDB")
    folder = pathlib.Path(folder) if folder else made("mmdb", ("make_mmdb.sh", "make_mmdb.pl"), make)
    paths = [folder / name for name in FILES]
    benchlib.need(*paths)
    return paths


def documents(size):
    def make(file):
        subprocess.run(["sh", TOOLS / "make_loc_dump.sh", file], check=True)
        return file
    return benchlib.documents(size, "libloc", made("loc-dump", ("make_loc_dump.sh",), make))


def values(text):
    """Lines "name value..." of a benchmark program."""
    lines = (line.split() for line in text.splitlines())
    return {line[0]: [float(x) for x in line[1:]] for line in lines if line}


def run_pinned(cpu, program, *args):
    """The lines of a program that runs on one processor."""
    done = subprocess.run(["taskset", "-c", str(cpu), program, *map(str, args)],
                          capture_output=True, text=True, timeout=1800, check=False)
    if done.returncode:
        sys.exit(f"{program} {done.returncode}:\n{done.stdout}{done.stderr}")
    return values(done.stdout)
