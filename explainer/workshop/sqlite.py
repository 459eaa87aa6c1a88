"""Rooms in one file of SQLite, so that what was confirmed outlives a kill.

Where the file cannot be read or written the app goes on without keeping, and `SQLiteStore.trouble` says so. A damaged
file, or one of another version, is set aside under a name that says when. A row that cannot be read is left out, and a
copy of the file that has it is set aside.
"""

import contextlib
import datetime
import errno
import hashlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from explainer.setup import files
from explainer.workshop.errors import Busy
from explainer.workshop.stage import PHASES
from explainer.workshop.store import SCHEMA, Ages, Connection, OneStatement, Store, T, Work, transact

_log = logging.getLogger("explainer")

BUSY = 5.0  # seconds to wait for another program that holds the file
AGAIN = 30.0  # seconds after which a file that could not be written is tried again

_TIME, _SWITCH, _COUNT = (
    "typeof({0}) = 'real' AND {0} BETWEEN 0 AND 4e9",
    "{0} IN (0, 1)",
    "{0} BETWEEN 0 AND 1000000000",
)
_WHOLE = "typeof({0}) = 'integer' AND "
_TEXT, _KEY = "typeof({0}) = 'text'", "typeof({0}) = 'text' AND {0} NOT GLOB '*[^a-z0-9/_ -]*'"


def _all(condition: str, *columns: str) -> str:
    """A condition on each of some columns."""
    return " AND ".join(f"({condition.format(column)})" for column in columns)


_READABLE = {
    "rooms": " AND ".join(
        (
            _all("typeof({0}) = 'text' AND {0} NOT GLOB '*[^A-Z0-9]*' AND length({0}) = 5", "code"),
            _all(_KEY, "preset", "deck", "route", "extras", "step", "activity"),
            _all(_TEXT, "paper", "mover"),
            f"phase IN ({', '.join(map(repr, PHASES))})",
            _all(_WHOLE + _SWITCH, "rehearsal", "phones", "door", "paused", "blank"),
            _all(_WHOLE + _COUNT, "version", "moves", "series"),
            _all(_TIME, "created", "since", "entered"),
            _all(f"{{0}} IS NULL OR {_TIME}", "began", "ended", "halted"),
            "(NOT paused OR halted IS NOT NULL)",
        )
    ),
    "presses": _all(_TEXT, "client") + " AND " + _all(_WHOLE + _COUNT, "number"),
    "participants": _all(_TEXT, "token"),
    "votes": _all(_KEY, "question", "answer") + " AND " + _all(_WHOLE + "{0} IN (1, 2)", "round"),
    "hands": " AND ".join(
        (_all(_KEY, "question", "answer"), _all(_WHOLE + "{0} IN (1, 2)", "round"), _all(_WHOLE + _COUNT, "count"))
    ),
    "marks": _all(_KEY, "sheet") + " AND " + _all(_TEXT, "pictures"),
    "flags": _all(_KEY, "wnid", "reason"),
}
"""What each row of a table must be so that it can be read, as SQL. One flipped bit makes another row of it."""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_UNWRITABLE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


_READ_BY_OTHERS = "Another program reads the record: what was deleted stays in its log until that ends."


class _Damaged(sqlite3.DatabaseError):
    """A file that opens, and in which SQLite's check finds a fault."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


class _OtherVersion(Exception):
    """A file of another version of the tables, which is set aside."""


def path() -> Path | None:
    """The file of rooms: `rooms.sqlite` in the folder that `EXPLAINER_DATA` names, else in `data/` of the project.

    None where `EXPLAINER_DATA` names a database.
    """
    named = os.environ.get("EXPLAINER_DATA", "")
    if named.startswith(("postgresql://", "postgres://")):
        return None
    return (Path(named).expanduser() if named else files.project_folder() / "data") / "rooms.sqlite"


@dataclass(frozen=True)
class _Return:
    """When it was last tried to write to the file again, and what the file had; None where that was not read."""

    tried: float
    read: str | None


class SQLiteStore(Store):
    """An open file of rooms, or a memory of them where `file` is None or cannot be used. Any thread may use it.

    One connection behind a lock: Streamlit runs each script in a new thread, and SQLite writes one after another in
    any case.

    Never written, and in seconds of `time.monotonic`: `seen` says when each token of a room was last heard of, `given`
    when it was given out.
    """

    def __init__(self, file: Path | None) -> None:
        super().__init__()
        self.file = file
        self.keeps = file is not None
        self.seen: dict[tuple[str, str], float] = {}
        self.given: dict[tuple[str, str], float] = {}
        self._returns: _Return | None = None
        self._unscrubbed: float | None = None  # when what was deleted could not be taken out of the log of writes
        self._lock = threading.RLock()
        self._identity: tuple[int, int] | None = None
        self._connection = self._open()
        self._looked: tuple[sqlite3.Connection, int] | None = None  # through which rows, as of which version of them

    def read(self, work: Work[T]) -> T:
        """As in `Store`."""
        return self._run(work, "BEGIN")

    def query(self, work: Work[T]) -> T:
        """As in `Store`."""
        return self._run(lambda connection: work(OneStatement(connection)), "")

    def write(self, work: Work[T]) -> T:
        """As in `Store`."""
        return self._run(work, "BEGIN IMMEDIATE")

    def gave(self, connection: Connection, code: str, token: str) -> None:
        """As in `Store`."""
        self.given[code, token] = time.monotonic()

    def note_presenter(self, mark: str) -> None:
        """Nothing: there is no other process."""

    def hear(self, code: str, token: str) -> None:
        """As in `Store`."""
        self.seen[code, token] = time.monotonic()

    def ages(self, connection: Connection, code: str) -> Mapping[str, Ages]:
        """As in `Store`."""
        now, never = time.monotonic(), float("-inf")
        keys = {key for key in (*list(self.given), *list(self.seen)) if key[0] == code}
        return {key[1]: Ages(now - self.given.get(key, never), now - self.seen.get(key, never)) for key in keys}

    def forget(self, code: str, tokens: Collection[str] | None = None) -> None:
        """As in `Store`."""
        super().forget(code, tokens)
        for known in (self.seen, self.given):
            for key in [key for key in list(known) if key[0] == code and (tokens is None or key[1] in tokens)]:
                known.pop(key, None)

    @property
    def aside(self) -> tuple[str, ...]:
        """As in `Store`."""
        beside = self.file.parent.glob(f"{self.file.stem}.*-*{self.file.suffix}*") if self.file else ()
        return tuple(sorted(each.name for each in beside))

    def scrub(self) -> None:
        """Take what was deleted out of the log of writes as well, so that no byte of it is left in the files."""
        with self._lock:
            if self.unread:  # the file has none of the rooms that can be deleted now
                return
            if self.file is not None and not self.keeps:
                self.trouble = f"What was written to {self.file} before is still in it. Delete that file."
                return
            try:
                busy, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError as error:
                self._go_on_in_memory(error)
                return self.scrub()
            if busy:
                self._unscrubbed, self.trouble = time.monotonic(), _READ_BY_OTHERS
            elif self._unscrubbed is not None:
                self._unscrubbed = None
                if self.trouble == _READ_BY_OTHERS:
                    self.trouble = None

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def _run(self, work: Work[T], begin: str) -> T:
        with self._lock:
            if self.keeps and self._is_removed():
                self._go_on_in_memory(FileNotFoundError(errno.ENOENT, "it was removed while the app ran"))
            self._return()
            if self._unscrubbed is not None and time.monotonic() >= self._unscrubbed + AGAIN:
                self.scrub()
            try:
                return self._attempt(work, begin)
            except sqlite3.OperationalError as error:
                kind = _kind(error)
                if kind in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    raise Busy from error
                if kind not in _UNWRITABLE or not self.keeps:
                    raise
                self._go_on_in_memory(error)
            except sqlite3.DatabaseError as error:
                if _kind(error) not in _DAMAGED or not self.keeps:
                    raise
                self._connection.close()
                self._connection = self._open()
            return self._attempt(work, begin)

    def _attempt(self, work: Work[T], begin: str) -> T:
        self._leave_out()
        return transact(self._connection, work, begin) if begin else work(self._connection)

    def _leave_out(self) -> None:
        """Take out rows that cannot be read, once, and again when another program has written to the file.

        A copy of the file as it was is set aside: somebody may find out what they were.
        """
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if self._looked == (self._connection, version):
            return
        found = transact(self._connection, _unreadable, "BEGIN")
        if found and self.file is not None and self.keeps:
            aside = _name_aside(self.file, "unreadable")
            aside.touch(mode=0o600)
            with contextlib.closing(_connect(aside.absolute().as_uri())) as copy:
                self._connection.backup(copy)
            self.trouble = f"Some rows of the record could not be read and were left out. A copy is in {aside.name}."
        if found:
            transact(self._connection, _delete_unreadable, "BEGIN IMMEDIATE")
            _log.warning("Rows of the record cannot be read, and are left out: %s.", ", ".join(found))
        self._looked = self._connection, version

    def _open(self) -> sqlite3.Connection:
        if self.file is None:
            return _memory()
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                connection = _checked(self.file)
            except (sqlite3.DatabaseError, _OtherVersion) as error:
                if isinstance(error, _OtherVersion):
                    why, what = "other", "is from another version of this app"
                elif _kind(error) in _DAMAGED:
                    why, what = "damaged", "was damaged"
                else:
                    raise
                aside, self._identity = _set_aside(self.file, why), None
                self.trouble = f"The record of rooms {what}. It was set aside as {aside.name}; a new one was begun."
                connection = _checked(self.file)
            self._identity = _identity(self.file)
        except (sqlite3.Error, OSError) as error:
            return self._in_memory(error)
        return connection

    def _is_removed(self) -> bool:
        """Whether the file that was opened has its name no more; False where the disk does not tell just now."""
        try:
            return self.file is not None and self._identity not in (None, _identity(self.file))
        except OSError:
            return False

    def _go_on_in_memory(self, error: Exception) -> None:
        broken = self._connection
        self._connection = self._in_memory(error, broken)
        broken.close()

    def _in_memory(self, error: Exception, source: sqlite3.Connection | None = None) -> sqlite3.Connection:
        """A memory of all that can be read of the file, from a connection that is open or by the file's name."""
        assert self.file is not None
        self.keeps = False
        why = files.why(error)
        self.trouble = f"{self.file} cannot be written ({why}): rooms are kept in memory until the app stops."
        memory = _remembered(self.file, source)
        # One that was removed is not made anew: somebody meant it to be so.
        removed = self._is_removed()
        self._returns = None if removed else _Return(time.monotonic(), _content(memory) if memory else None)
        self.unread = memory is None and (removed or _has_bytes(self.file, "", "-wal", "-journal"))
        return memory or _memory()

    def _return(self) -> None:
        """Write all that is in memory to the file again, where that works by now; looked for every AGAIN seconds.

        Not where another program has written to the file meanwhile: nobody could tell which of the two is right. What
        a file has that could not be read stays in it, beside the rooms in memory, which are then all newer ones.
        """
        if self.file is None or self._returns is None or time.monotonic() < self._returns.tried + AGAIN:
            return
        read = self._returns.read
        self._returns = _Return(time.monotonic(), read)
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = _checked(self.file)
        except (sqlite3.Error, OSError, _OtherVersion):
            return
        try:
            identity = _identity(self.file)
            connection.execute("PRAGMA foreign_keys = OFF")  # all tables are written, one after another
            written = transact(connection, lambda file: _write_all(self._connection, file, read), "BEGIN IMMEDIATE")
            connection.execute("PRAGMA foreign_keys = ON")
        except (sqlite3.Error, OSError):
            written = False
        if not written:
            connection.close()
            return
        self._connection.close()
        self._connection, self._returns, self._identity = connection, None, identity
        self.keeps, self.unread, self.trouble = True, False, None
        self.scrub()  # the log has the old rows yet, with what was deleted meanwhile


def _memory(source: sqlite3.Connection | None = None) -> sqlite3.Connection:
    """A new database in memory, with all that another holds, whole. Raises sqlite3's errors and _OtherVersion."""
    memory = _connect(":memory:")
    if source is not None:
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # `backup` waits for ever where it is held
        source.backup(memory)  # which looks into no page
        _check(memory)
    return _prepared(memory)


def _content(connection: Connection) -> str:
    """A digest of all rows."""
    rows = [connection.execute(f"SELECT * FROM {table}").fetchall() for table in _READABLE]  # noqa: S608 - above
    return hashlib.sha256(repr(rows).encode("utf-8", "replace")).hexdigest()


def _write_all(memory: Connection, file: Connection, read: str | None) -> bool:
    """Write all rows of a memory to a file, in the place of those that were read of it, or beside what was not read.

    False, and nothing is written, where the file has rows by now that are not those that were read. Rows that cannot
    be read stay, to be copied before they are left out.
    """
    if read is not None and _content(file) not in (read, _content(_memory())):
        return False
    for table, fits in _READABLE.items():
        if read is not None:
            file.execute(f"DELETE FROM {table} WHERE {fits}")  # noqa: S608 - the tables above
        if rows := memory.execute(f"SELECT * FROM {table}").fetchall():  # noqa: S608
            marks = ", ".join("?" * len(rows[0]))
            file.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows)  # noqa: S608
    return True


def _unreadable(connection: sqlite3.Connection) -> list[str]:
    """The tables that have rows which cannot be read."""
    query = "SELECT EXISTS (SELECT 1 FROM {} WHERE ({}) IS NOT TRUE)"
    return [table for table, fits in _READABLE.items() if connection.execute(query.format(table, fits)).fetchone()[0]]


def _delete_unreadable(connection: sqlite3.Connection) -> None:
    for table, fits in _READABLE.items():
        connection.execute(f"DELETE FROM {table} WHERE ({fits}) IS NOT TRUE")  # noqa: S608 - the tables above


def _connect(name: str) -> sqlite3.Connection:
    """A connection in which transactions begin and end where they are said to, and which any thread may use."""
    connection = sqlite3.connect(name, timeout=BUSY, isolation_level=None, check_same_thread=False, uri=True)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")  # else one text breaks a whole query
    return connection


def _checked(file: Path) -> sqlite3.Connection:
    """The file, found whole and of this version. Raises sqlite3's errors and _OtherVersion."""
    with contextlib.suppress(OSError):  # what cannot be written is found out below
        file.touch(mode=0o600)
        file.chmod(0o600)
    connection = _connect(file.absolute().as_uri())
    try:
        _check(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        return _prepared(connection)
    except BaseException:
        connection.close()
        raise


def _check(connection: sqlite3.Connection) -> None:
    if (found := connection.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
        raise _Damaged(found)


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    """The connection with its safeguards on, and its tables of this version. Raises _OtherVersion."""
    connection.execute("PRAGMA synchronous = FULL")  # the log is on the disk before a vote is confirmed
    connection.execute("PRAGMA secure_delete = ON")  # zeros over what is deleted
    connection.execute("PRAGMA foreign_keys = ON")

    def prepare(connection: sqlite3.Connection) -> None:
        tables = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table'")}
        for statement in () if tables else SCHEMA:
            connection.execute(statement)
        if tables not in (set(), set(SCHEMA)):
            raise _OtherVersion
        # Written though it may be so already: a file that can only be read is found now, not at the first vote.
        connection.execute("PRAGMA user_version = 1")

    transact(connection, prepare, "BEGIN IMMEDIATE")
    return connection


def _remembered(file: Path, source: sqlite3.Connection | None = None) -> sqlite3.Connection | None:
    """A memory of all that a file has, from an open connection, or by its name; None where not all can be read."""
    if source is not None:
        with contextlib.suppress(sqlite3.Error, _OtherVersion):
            return _memory(source)
    # The second passes over what is in a log: for where there is none, and none can be made.
    for mode in ("mode=ro",) if _has_bytes(file, "-wal", "-journal") else ("mode=ro", "immutable=1"):
        with (
            contextlib.suppress(sqlite3.Error, _OtherVersion),
            contextlib.closing(_connect(f"{file.absolute().as_uri()}?{mode}")) as opened,
        ):
            return _memory(opened)
    return None


def _has_bytes(file: Path, *ends: str) -> bool:
    """Whether one of the files whose names end so has something in it, or nobody can tell."""
    try:
        return any(_size(file.with_name(file.name + end)) for end in ends)
    except OSError:
        return True


def _size(file: Path) -> int:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return file.stat().st_size
    return 0


def _identity(file: Path) -> tuple[int, int] | None:
    """What tells a file from another that has its name later; None where there is none. Raises OSError."""
    try:
        found = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def _set_aside(file: Path, why: str) -> Path:
    """Move a file and its log to a name that says why and when; returns it. Raises OSError."""
    aside = _name_aside(file, why)
    for end in ("-wal", "-shm", ""):
        if (part := file.with_name(file.name + end)).exists():
            part.rename(aside.with_name(aside.name + end))
    return aside


def _name_aside(file: Path, why: str) -> Path:
    now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S-%f")
    return file.with_name(f"{file.stem}.{why}-{now}{file.suffix}")


def _kind(error: sqlite3.Error) -> int:
    """SQLite's primary result code, without what makes it an extended one."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
