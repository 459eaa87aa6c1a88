"""What the app bears of each thing that others can send or hold open: one table, told in `docs/security.md`.

Every entry of `TABLE` has what it bounds, how much of it is let in, and what a visitor is told beyond that. A value is
read when it is needed, so that a test can set another one.
"""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

try:
    import resource
except ModuleNotFoundError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

__all__ = [
    "A_PHOTO",
    "TABLE",
    "ByAddress",
    "Limit",
    "Pace",
    "Paces",
    "connections",
    "counted",
    "first",
    "has_place",
    "keep_no_dumps",
    "of_an_address",
    "raise_file_limit",
    "readers",
    "readers_of_an_address",
    "value",
    "visitors",
]

_OF_A_VISITOR, _OWN = 4, 80  # file descriptors: of an open page and its session, and of the app itself

_FEW = 100  # a hundredth of all there is is few

A_PHOTO = 10_000_000
"""Bytes that nearly every phone's photo has at most."""


@dataclass(frozen=True)
class Limit:
    """The most of something, in a unit; `told` is what a visitor who meets it sees.

    `first` is how much of what has a pace is let in at once, before the pace counts.
    """

    most: float
    unit: str
    told: str
    first: float = 0.0


_DROPPED = "nothing: the connection is closed"

TABLE: Mapping[str, Limit] = {
    # Connections
    "connections": Limit(2000, "open connections in all, or as many as the system's file limit bears", _DROPPED),
    "connections of an address": Limit(900, "open connections, or requests without an answer yet", _DROPPED),
    "event loop": Limit(
        40,
        "% of the time of the event loop, which serves everybody, for an address, after the first 60 seconds of it",
        "the page waits",
        first=60,
    ),
    "new connections": Limit(
        100, "connections a second that an address opens, after the first 3,000", _DROPPED, first=3000
    ),
    "openings": Limit(20, "pages opened a second of an address, after the first 300", "the page waits", first=300),
    "handshake": Limit(10, "seconds until a connection by https is encrypted", _DROPPED),
    "head": Limit(200, "lines of a request before its body; none goes on in chunks", _DROPPED),
    "half a request": Limit(20, "seconds until its head is whole", _DROPPED),
    "request": Limit(300, "seconds until its answer is taken", _DROPPED),
    "silence in an upload": Limit(30, "seconds between two pieces", _DROPPED),
    # Visitors
    "visitors": Limit(600, "open pages in all, or as many as the system's file limit bears", "“The app is full”"),
    "visitors of an address": Limit(300, "open pages", "“The app is full”"),
    "away": Limit(60, "seconds that a closed page's session is kept", "a new visit begins"),
    "message": Limit(200_000, "bytes of a browser's message", _DROPPED),
    "messages": Limit(30, "messages a second of a page, after the first 300", _DROPPED, first=300),
    "pings": Limit(10, "pings of a page, or answers to pings, in a second", _DROPPED),
    "runs": Limit(5, "runs of its script a second of a page, after the first 60", "the page waits", first=60),
    "computing": Limit(
        75,
        "% of a core for the pages of an address, after 20 seconds of it; first the browser that had the least lately",
        "the page waits",
    ),
    "scripts": Limit(
        2,
        "that compute at a time, of all pages; addresses take turns",
        "the page waits",
    ),
    "files": Limit(
        2, "seconds from one download or upload of a page to the next, after the first 5", "the page waits", first=5
    ),
    "downloads": Limit(4, "downloads of a page that are not made yet", "“Too many downloads at once”"),
    "answers": Limit(500_000_000, "bytes of pictures and downloads that are not taken yet", "“Too many files”"),
    "answers of an address": Limit(
        250_000_000, "bytes of pictures and downloads that are not taken yet", "“Too many files”"
    ),
    # Uploads
    "uploads of a visitor": Limit(2, "files that were not read yet", "“Too many files”"),
    "uploads of a visit": Limit(1000, "names of its last files, each for one file alone", "“Too many files”"),
    "uploads": Limit(500_000_000, "bytes that were not read yet, of all visitors", "“Too many files”"),
    "uploads of an address": Limit(250_000_000, "bytes that were not read yet", "“Too many files”"),
    "waiting photos": Limit(500_000_000, "bytes that wait to be decoded, of all visitors", "“too many photos”"),
    "waiting photos of an address": Limit(250_000_000, "bytes that wait to be decoded", "“too many photos”"),
    "unread upload": Limit(20, "seconds", "nothing: the file is dropped"),
    "photos": Limit(250, "visitors' photos in memory in all, 16 MB each", "“too many photos”"),
    "photos of an address": Limit(100, "visitors' photos in memory", "“too many photos”"),
    # The workshop
    "wrong keys": Limit(8, "keys that are looked at in the same moment", "“Many keys are being tried”"),
    "joins of an address": Limit(200, "phones without a cookie, in a room and a minute", "“Try again in a minute”"),
    "joins of a browser": Limit(5, "tries of one cookie, in a room and a minute", "“Try again in a minute”"),
    "participants": Limit(1000, "phones in a room; one that is away gives way", "“This room takes no more”"),
    # The log
    "log": Limit(10, "lines of one kind a minute", "-"),
}
"""The limits by name."""


def value(name: str) -> float:
    """How much of something is let in."""
    return TABLE[name].most


def first(name: str) -> float:
    """How much of something is let in at once, before its pace counts."""
    return TABLE[name].first


class Pace:
    """Lets through so much at once, and then so much a second, of the time that `clock` tells."""

    def __init__(self, first: float, a_second: float, clock: Callable[[], float] | None = None) -> None:
        self._first, self._a_second, self._clock = first, a_second, clock or time.monotonic
        self._left, self._at = first, self._clock()

    @property
    def left(self) -> float:
        """How much there is now; less than 0 where more was taken."""
        now = self._clock()
        self._left, self._at = min(self._first, self._left + (now - self._at) * self._a_second), now
        return self._left

    def is_rested(self) -> bool:
        """Whether as much can come at once as at the beginning."""
        return self.left >= self._first

    def wait(self, much: float = 1) -> float:
        """Take one, or so much, and give the seconds until there is that much; 0 where there is."""
        self._left = self.left - much
        return max(0.0, -self._left / self._a_second)

    def take(self, much: float = 1) -> bool:
        """Take one, or so much, where there is that much, else nothing; tell whether there was."""
        enough = self.left >= much
        if enough:
            self._left -= much
        return enough


class _Rests(Protocol):
    def is_rested(self) -> bool:
        """Whether nothing is lost where it is forgotten."""


Each = TypeVar("Each", bound=_Rests)


class ByAddress(dict[str, Each]):
    """What there is of each address, made when it is first asked for.

    Where there is of more than `most`, those that are rested are forgotten.
    """

    def __init__(self, make: Callable[[str], Each], most: Callable[[], int]) -> None:
        super().__init__()
        self._make, self._most = make, most

    def of(self, address: str) -> Each:
        """That of an address."""
        if address not in self:
            if len(self) > self._most():
                for rested in [whose for whose, each in self.items() if each.is_rested()]:
                    del self[rested]
            self[address] = self._make(address)
        return self[address]


class Paces(ByAddress[Pace]):
    """The pace of each address, by a limit of the table."""

    def __init__(self, limit: str) -> None:
        super().__init__(lambda address: Pace(first(limit), value(limit)), connections)


def readers(cores: int = os.cpu_count() or 1) -> int:
    """How many threads read photos: one a core, of eight cores at most, as each keeps memory of its own."""
    return min(8, cores)


def readers_of_an_address(threads: int) -> int:
    """How many of so many threads that read photos may work for one address: one is left to the others."""
    return max(1, threads - 1)


def visitors() -> int:
    """How many pages can be open: as many as the table says, or as the limit of open files bears."""
    return max(1, min(int(value("visitors")), (_files() - _OWN) // _OF_A_VISITOR))


def connections() -> int:
    """How many connections can be open: as many as the table says, or as the limit of open files bears."""
    return max(1, min(int(value("connections")), _files() - _OWN // 2 - (_OF_A_VISITOR - 1) * visitors()))


def of_an_address(name: str, in_all: int) -> int:
    """How much of `in_all` an address can have: as the table says, and a quarter is left to the others."""
    return max(1, min(int(value(name)), in_all * 3 // 4))


def has_place(name: str, of_it: int, taken: int, in_all: int, more: int = 1, few: int = 1) -> bool:
    """Whether an address that has `of_it` of `in_all` may have so much more, where so much is taken.

    The last quarter is for addresses that have few even then, a hundredth or `few`: one computer can take several
    addresses of its network.
    """
    most = in_all if of_it + more <= max(few, in_all // _FEW) else in_all * 3 // 4
    return of_it + more <= of_an_address(name, in_all) and taken + more <= most


@contextlib.contextmanager
def counted(open_: Counter[str], whose: str) -> Iterator[None]:
    """Count one more that is open of somebody; nothing is left of who has no more."""
    open_[whose] += 1
    try:
        yield
    finally:
        open_[whose] -= 1
        if not open_[whose]:
            del open_[whose]


def raise_file_limit() -> None:
    """Let this process open as many files and connections as the system lets it."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (hard, 65536, 10240):  # macOS names no limit, and bears none above its own
        if wanted != resource.RLIM_INFINITY and soft < wanted:
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                return


def keep_no_dumps() -> None:
    """Have the system keep no memory of this process, and of those it starts, where it crashes: photos may be in it."""
    with contextlib.suppress(OSError):  # on Linux, as a dump that goes to a program is not bound by the limit: core(5)
        Path("/proc/self/coredump_filter").write_text("0")
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _files() -> int:
    return 8192 if resource is None else int(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
