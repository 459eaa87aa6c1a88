"""Where rooms are kept: what both engines share, SQLite's file for one process and PostgreSQL for several.

Statements are written once, in the SQL that both know, with `?` for each value.
"""

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
C = TypeVar("C", bound="Connection")


class Rows(Protocol):
    """What a statement gives back."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:
        """The next row; None after the last."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """What runs statements within a transaction."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction was begun and has not ended."""

    def execute(self, statement: str, values: Sequence[object] = (), /) -> Rows:
        """Run a statement."""

    def executemany(self, statement: str, rows: Iterable[Sequence[object]], /) -> object:
        """Run a statement once for each row of values."""


Work = Callable[[Connection], T]
"""What is done with the connection inside one transaction; SQLite does it again, in memory, where the disk fails."""


class OneStatement:
    """A connection that runs one statement and refuses another, which might see another state."""

    def __init__(self, connection: Connection) -> None:
        self._connection: Connection | None = connection

    @property
    def in_transaction(self) -> bool:
        """As in `Connection`."""
        return False

    def execute(self, statement: str, values: Sequence[object] = (), /) -> Rows:
        """As in `Connection`. Raises RuntimeError the second time."""
        if self._connection is None:
            raise RuntimeError("More than one statement needs a transaction: use `read`.")
        connection, self._connection = self._connection, None
        return connection.execute(statement, values)

    def executemany(self, statement: str, rows: Iterable[Sequence[object]], /) -> object:
        """Nothing that is read."""
        raise RuntimeError("This writes: use `write`.")


SCHEMA = (
    """CREATE TABLE rooms (
        code TEXT PRIMARY KEY, preset TEXT NOT NULL, deck TEXT NOT NULL, route TEXT NOT NULL, extras TEXT NOT NULL,
        rehearsal INTEGER NOT NULL, phones INTEGER NOT NULL, door INTEGER NOT NULL DEFAULT 1,
        paper TEXT NOT NULL DEFAULT '', created REAL NOT NULL, began REAL, ended REAL,
        step TEXT NOT NULL DEFAULT '', activity TEXT NOT NULL DEFAULT '', phase TEXT NOT NULL DEFAULT '',
        paused INTEGER NOT NULL DEFAULT 0, blank INTEGER NOT NULL DEFAULT 0, version INTEGER NOT NULL DEFAULT 1,
        since REAL NOT NULL, entered REAL NOT NULL, halted REAL,
        moves INTEGER NOT NULL DEFAULT 0, mover TEXT NOT NULL DEFAULT '', series INTEGER NOT NULL DEFAULT 0)
        WITHOUT ROWID""",
    """CREATE TABLE presses (
        room TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE, client TEXT NOT NULL, number INTEGER NOT NULL,
        PRIMARY KEY (room, client)) WITHOUT ROWID""",
    """CREATE TABLE participants (
        room TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE, token TEXT NOT NULL,
        PRIMARY KEY (room, token)) WITHOUT ROWID""",
    """CREATE TABLE votes (
        room TEXT NOT NULL, question TEXT NOT NULL, round INTEGER NOT NULL, token TEXT NOT NULL,
        answer TEXT NOT NULL,
        PRIMARY KEY (room, question, round, token),
        FOREIGN KEY (room, token) REFERENCES participants ON DELETE CASCADE) WITHOUT ROWID""",
    """CREATE TABLE hands (
        room TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE, question TEXT NOT NULL, round INTEGER NOT NULL,
        answer TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (room, question, round, answer)) WITHOUT ROWID""",
    """CREATE TABLE marks (
        room TEXT NOT NULL, sheet TEXT NOT NULL, token TEXT NOT NULL, pictures TEXT NOT NULL,
        PRIMARY KEY (room, sheet, token),
        FOREIGN KEY (room, token) REFERENCES participants ON DELETE CASCADE) WITHOUT ROWID""",
    """CREATE TABLE flags (
        room TEXT NOT NULL, token TEXT NOT NULL, wnid TEXT NOT NULL, reason TEXT NOT NULL,
        PRIMARY KEY (room, token, wnid, reason),
        FOREIGN KEY (room, token) REFERENCES participants ON DELETE CASCADE) WITHOUT ROWID""",
)
"""The tables. A file with others is from another version of the app."""


@dataclass(frozen=True)
class Ages:
    """Seconds since a token was given out, and since its phone was last heard of; endless where nobody knows."""

    given: float = inf
    heard: float = inf


class Store(ABC):
    """A record of rooms. Any thread may use it.

    `keeps` says whether what is written outlives the app. `trouble` is a sentence for the presenter where something is
    not kept, was set aside or cannot be reached, else None. `unread` says whether there is a record that cannot be read
    just now, and may have rooms whose rules hold. `file` or `database` says where rooms are kept. `told` is called with
    the code of each room that changes and the version of its stage, 0 for none, in a thread of the store's, where the
    engine tells it.

    Of this process alone, in its memory, and in seconds of `time.monotonic`: `begun` says since when; `joins` when a
    room was last joined from each place, so that no address is written anywhere; `lapses` until when the rules of a
    room hold, with the change of it that this was reckoned from, which every process reads from the same row.
    """

    keeps: bool = True
    trouble: str | None = None
    unread: bool = False
    file: Path | None = None
    database: str = ""

    def __init__(self) -> None:
        self.told: Callable[[str, int], None] = lambda code, version: None
        self.begun = time.monotonic()
        self.joins: dict[tuple[str, str], deque[float]] = {}
        self.lapses: dict[str, tuple[float, float]] = {}

    @abstractmethod
    def read(self, work: Work[T]) -> T:
        """What `work` finds in one consistent state. Raises Busy, and what `work` raises."""

    def query(self, work: Work[T]) -> T:
        """As `read`, for `work` that is one statement, and so needs no transaction to see one state."""
        return self.read(lambda connection: work(OneStatement(connection)))

    @abstractmethod
    def write(self, work: Work[T]) -> T:
        """What `work` gives back, once all that it changed is on the disk; where it raises, nothing is changed.

        One write after another, whichever process they come from. Raises Busy, and what `work` raises.
        """

    @abstractmethod
    def gave(self, connection: Connection, code: str, token: str) -> None:
        """Note, within a transaction, that a token was given out."""

    @abstractmethod
    def note_presenter(self, mark: str) -> None:
        """Have other processes know, for a day, that a browser has given the presenter's key. Raises Busy."""

    def knows_presenter(self, mark: str) -> bool:
        """Whether a process noted that of a browser within a day. Raises Busy."""
        return False

    @abstractmethod
    def hear(self, code: str, token: str) -> None:
        """Note that the phone of a token is here. Raises Busy."""

    @abstractmethod
    def ages(self, connection: Connection, code: str) -> Mapping[str, Ages]:
        """What was noted of a room's tokens, within a transaction."""

    @property
    def aside(self) -> tuple[str, ...]:
        """The names of files beside the record that were set aside, with rooms in them that *Delete* does not reach."""
        return ()

    @abstractmethod
    def scrub(self) -> None:
        """Take what was deleted out of the engine's own files as well, as far as that can be done."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the record."""

    def forget(self, code: str, tokens: Collection[str] | None = None) -> None:
        """Drop from memory what is known of tokens of a room; without any, of the whole room."""
        if tokens is None:
            self.lapses.pop(code, None)
            for key in [key for key in list(self.joins) if key[0] == code]:
                self.joins.pop(key, None)


def transact(connection: C, work: Callable[[C], T], begin: str) -> T:
    """What `work` gives back within a transaction that begins so; where it raises, nothing is changed."""
    try:
        connection.execute(begin)
        result = work(connection)
        connection.execute("COMMIT")
        return result
    except BaseException:
        if connection.in_transaction:  # SQLite has ended it itself where the disk is full
            connection.execute("ROLLBACK")
        raise
