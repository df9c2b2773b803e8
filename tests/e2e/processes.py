"""What the kernel says of another process, which goes on meanwhile."""
import os
import pathlib


def descriptors(pid):
    """What its open files are, by number; what is closed meanwhile is not open."""
    found = {}
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):
        try:
            found[int(name)] = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:
            pass
    return found


def sockets(pid):
    """Its sockets, each once."""
    return {target for target in descriptors(pid).values() if target.startswith("socket:")}


def threads(pid):
    """The names of its threads by number; what ends meanwhile is none."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            found[int(task.name)] = (task / "comm").read_text().rstrip("\n")
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found
