"""What the kernel knows of a running process: the files it writes, and the machines it talks to. Linux alone has it."""

import ipaddress
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

KNOWN = sys.platform == "linux"
UNKNOWN = "only Linux says in /proc what a process has open"

Seen = TypeVar("Seen")


def files_written(pid: int) -> set[str]:
    """The files that a process has open to write to, also those without a name or already deleted."""
    found = set()
    for descriptor in _entries(Path(f"/proc/{pid}/fd")):
        with suppress(OSError, StopIteration):  # closed meanwhile
            target = os.readlink(descriptor)
            if not target.startswith("/") or target.startswith(("/dev/", "/proc/", "/memfd:")):
                continue  # sockets, pipes and what else is no file on a disk
            lines = Path(f"/proc/{pid}/fdinfo/{descriptor.name}").read_text().splitlines()
            flags = next(int(line.split()[1], 8) for line in lines if line.startswith("flags:"))
            if flags & os.O_ACCMODE != os.O_RDONLY:
                found.add(target)
    return found


def bytes_written(pid: int) -> int:
    """How many bytes a process has had written to disks since it began."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes:"))


def processor_seconds(pid: int) -> float:
    """How long a process has computed since it began, in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peers(pid: int) -> set[str]:
    """The addresses of the machines that a process's sockets are connected to by TCP, or try to be."""
    inodes = set()
    for descriptor in _entries(Path(f"/proc/{pid}/fd")):
        with suppress(OSError):
            target = os.readlink(descriptor)
            if target.startswith("socket:["):
                inodes.add(target.removeprefix("socket:[").removesuffix("]"))
    found = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):  # no IPv6, or the process is gone
            for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                columns = row.split()
                if columns[9] in inodes:
                    found.add(address(columns[2].partition(":")[0]))
    return {peer for peer in found if not ipaddress.ip_address(peer).is_unspecified}  # those listen


def address(digits: str) -> str:
    """An address as the kernel's tables have it, in the usual form: words of 32 bits in this machine's byte order."""
    words = [int(digits[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(digits), 8)]
    found = ipaddress.ip_address(b"".join(words))
    return str(getattr(found, "ipv4_mapped", None) or found)


def elsewhere(peers: set[str]) -> set[str]:
    """Those of some addresses that are not this machine's own."""
    return {peer for peer in peers if not ipaddress.ip_address(peer).is_loopback}


@contextmanager
def watching(look: Callable[[], set[Seen]], pause: float = 0.002) -> Iterator[set[Seen]]:
    """All that `look` returns while the `with` lasts, looked at every few milliseconds."""
    seen: set[Seen] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(pause):
            seen.update(look())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
