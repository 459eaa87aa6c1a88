"""Rooms in a PostgreSQL database, for several processes of the app that serve the same rooms.

Writes come one after another, whichever process they come from, and a vote is on the database's disk before it is
confirmed. While the database cannot be reached, or has the tables of another version, whatever is asked raises
Unreachable at once; Unusable where it answers with an error, as when it is damaged. No other module needs psycopg.
"""

import hashlib
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import (
    DeadlockDetected,
    ForeignKeyViolation,
    IdleInTransactionSessionTimeout,
    LockNotAvailable,
    QueryCanceled,
    ReadOnlySqlTransaction,
)
from psycopg.pq import TransactionStatus
from psycopg.waiting import Ready
from psycopg_pool import ConnectionPool, PoolTimeout

from explainer import jobs
from explainer.workshop.errors import Busy, RoomError, Unreachable, Unusable
from explainer.workshop.store import SCHEMA, Ages, Connection, OneStatement, Rows, Store, T, Work, transact

_log = logging.getLogger("explainer")

MOST = 8
"""Connections of one process to the database, besides the one on which it listens."""

BUSY = 5.0
"""Seconds to wait for other writes, and for an answer."""

PATIENCE = 2.0
"""Seconds to wait for a connection: while the database goes away, or while all are in use."""

SOON = 0.1
"""Seconds of waiting for a connection, or for an answer, after which a thread is in its pause (`jobs.pauses`)."""

AGAIN = 0.5
"""Seconds from one try to reach the database to the next."""

HEARS = 5.0
"""Seconds from one note that a phone is here to the next; phones say it every two."""

FORGETS = 60.0
"""Seconds from one look for presenters of more than a day ago, who are forgotten, to the next."""

# A connection whose other end is gone is found out within seconds; the system's own patience is a quarter of an hour.
_CONNECTING: dict[str, Any] = {
    "autocommit": True,
    "client_encoding": "utf8",  # that of the database may be ASCII alone
    "application_name": "imagenet-explainer",
    "connect_timeout": 3,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}
_WAIT_FOR_DISK = """SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'"""

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('imagenet-explainer'))"  # of one write, until its transaction ends
_READ, _WRITE = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", f"BEGIN; {_LOCK}"
_MANY = 10_000  # phones of which it is known when they were heard of, most of which may have left
_CHANNEL = "explainer_rooms"
_NOTICE = re.compile(r"([A-Z0-9]{5}) ([0-9]{1,18})", re.ASCII)  # as `tell_room` below writes it

# An unlogged table is empty after a crash of the database, and costs no wait for the disk: who is here is heard again
# within seconds. A room that changed is told to all who listen.
_TABLES = (
    *(
        table.replace(" WITHOUT ROWID", "").replace("REAL", "DOUBLE PRECISION").replace("INTEGER", "BIGINT")
        for table in SCHEMA
    ),
    """CREATE UNLOGGED TABLE presence (
        room TEXT NOT NULL, token TEXT NOT NULL, given TIMESTAMPTZ, heard TIMESTAMPTZ,
        PRIMARY KEY (room, token),
        FOREIGN KEY (room, token) REFERENCES participants ON DELETE CASCADE)""",
    f"""CREATE FUNCTION tell_room() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_notify('{_CHANNEL}',
            coalesce(NEW.code, OLD.code) || ' ' || coalesce(NEW.version, 0)); RETURN NULL; END $$""",
    """CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON rooms
        FOR EACH ROW EXECUTE FUNCTION tell_room()""",
    "CREATE TABLE presenters (mark TEXT PRIMARY KEY, given TIMESTAMPTZ NOT NULL)",
    "CREATE TABLE version (tables TEXT NOT NULL)",
)
_VERSION = hashlib.sha256("\n".join(_TABLES).encode()).hexdigest()

_GAVE = "INSERT INTO presence (room, token, given) VALUES (?, ?, now())"
_FORGET_PRESENTERS = "DELETE FROM presenters WHERE given < now() - interval '1 day'"
_NOTE_PRESENTER = """INSERT INTO presenters VALUES (?, now())
    ON CONFLICT (mark) DO UPDATE SET given = excluded.given"""
_PRESENTER = "SELECT 1 FROM presenters WHERE mark = ? AND given >= now() - interval '1 day'"
_HEAR = """INSERT INTO presence (room, token, heard)
    SELECT room, token, now() FROM participants WHERE room = ? AND token = ?
    ON CONFLICT (room, token) DO UPDATE SET heard = excluded.heard"""
_AGES = """SELECT token, coalesce(extract(epoch FROM now() - given)::float8, 'infinity'),
    coalesce(extract(epoch FROM now() - heard)::float8, 'infinity') FROM presence WHERE room = ?"""


class _OtherVersion(RoomError):
    """The database of rooms has the tables of another version of this app: it takes this version's own database."""


class _Connection(psycopg.Connection[Any]):
    """A connection that calls `is_slow` where an answer takes its time."""

    is_slow: Callable[[], object] | None = None

    def wait(self, gen: PQGen[T], *arguments: Any, **named: Any) -> T:
        return super().wait(self._told(gen), *arguments, **named)

    def _told(self, gen: PQGen[T]) -> PQGen[T]:
        """What psycopg waits for; it says ten times a second that nothing came."""
        try:
            wanted = next(gen)
            while True:
                came = yield wanted
                if came == Ready.NONE and self.is_slow:
                    self.is_slow()
                wanted = gen.send(came)
        except StopIteration as end:
            found: T = end.value
            return found


class PostgresStore(Store):
    """Rooms in the database that an address names, as libpq has it: `postgresql://user:password@host/name`.

    A thread of its own listens there: it says which rooms change, and whether the database can be reached.
    """

    def __init__(self, address: str) -> None:
        super().__init__()
        named = conninfo_to_dict(address)
        self.database = f"{named.get('dbname', '')} on {named.get('host', 'this computer')}"
        self._address = address
        self._heard: dict[tuple[str, str], float] = {}  # when this process last noted that a phone is here
        self._reached, self._tried, self._closed = threading.Event(), threading.Event(), threading.Event()
        self._pool = ConnectionPool(
            address,
            connection_class=_Connection,
            kwargs=_CONNECTING,
            min_size=0,
            max_size=MOST,
            open=True,
            configure=_configure,
            timeout=PATIENCE,
            reconnect_timeout=PATIENCE,
        )
        self._listener = threading.Thread(target=self._listen, name="rooms", daemon=True)
        self._listener.start()
        self._tried.wait(BUSY)

    def read(self, work: Work[T]) -> T:
        """As in `Store`."""
        return self._use(lambda connection: transact(_Statements(connection), work, _READ))

    def query(self, work: Work[T]) -> T:
        """As in `Store`."""
        return self._use(lambda connection: work(OneStatement(_Statements(connection))))

    def write(self, work: Work[T]) -> T:
        """As in `Store`."""
        return self._use(lambda connection: transact(_Statements(connection), work, _WRITE))

    def gave(self, connection: Connection, code: str, token: str) -> None:
        """As in `Store`."""
        connection.execute(_GAVE, (code, token))

    def note_presenter(self, mark: str) -> None:
        """As in `Store`."""

        def work(connection: Connection) -> None:
            connection.execute(_FORGET_PRESENTERS)
            connection.execute(_NOTE_PRESENTER, (mark,))

        self.write(work)

    def knows_presenter(self, mark: str) -> bool:
        """As in `Store`."""
        return self.query(lambda connection: connection.execute(_PRESENTER, (mark,)).fetchone()) is not None

    def hear(self, code: str, token: str) -> None:
        """As in `Store`."""
        now = time.monotonic()
        if now - self._heard.get((code, token), -HEARS) < HEARS:
            return
        with suppress(ForeignKeyViolation):  # the room was deleted in this moment
            self._use(lambda connection: _Statements(connection).execute(_HEAR, (code, token)))
        if len(self._heard) > _MANY:
            self._heard = {phone: heard for phone, heard in list(self._heard.items()) if now - heard < HEARS}
        self._heard[code, token] = now

    def ages(self, connection: Connection, code: str) -> Mapping[str, Ages]:
        """As in `Store`."""
        return {token: Ages(given, heard) for token, given, heard in connection.execute(_AGES, (code,))}

    def scrub(self) -> None:
        """Nothing: when the database overwrites what was deleted, in its files and its log, is its owner's to set."""

    def close(self) -> None:
        """As in `Store`."""
        self._closed.set()
        with suppress(RoomError):  # who listens is woken, and finds that it is over
            self._use(lambda connection: connection.execute(f"NOTIFY {_CHANNEL}"))
        self._pool.close()
        self._listener.join()

    def _use(self, work: Callable[[_Connection], T]) -> T:
        if not self._reached.is_set():
            raise Unreachable
        try:
            # The pause ends once the connection is given back: who waits for a turn to compute holds no transaction.
            with ExitStack() as pause:
                is_slow = jobs.once(lambda: pause.enter_context(jobs.pauses.get()()))
                with self._connected(is_slow) as connection:
                    return work(connection)
        except (LockNotAvailable, QueryCanceled, DeadlockDetected) as error:
            raise Busy from error
        except (psycopg.OperationalError, IdleInTransactionSessionTimeout, ReadOnlySqlTransaction) as error:
            raise Unreachable from error
        except ForeignKeyViolation:  # what the statement is about was deleted in this moment
            raise
        except (psycopg.Error, UnicodeDecodeError) as error:  # a damaged text is sent as it is, and read by Python
            _log.warning("The database of rooms cannot be used", exc_info=error)  # its text may have what a row has
            raise Unusable from error

    @contextmanager
    def _connected(self, is_slow: Callable[[], object]) -> Iterator[_Connection]:
        """A connection that is open; those that are not are thrown away, and the pool makes others."""
        while True:
            with ExitStack() as given:
                try:
                    connection = given.enter_context(self._pool.connection(SOON))
                except PoolTimeout:
                    is_slow()
                    connection = given.enter_context(self._pool.connection())
                if _is_open(connection):
                    connection.is_slow = is_slow
                    try:
                        yield connection
                    finally:
                        connection.is_slow = None
                    return

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                with psycopg.connect(self._address, **_CONNECTING) as connection:
                    self.trouble = _prepare(connection)
                    connection.execute(f"LISTEN {_CHANNEL}")
                    self._heard.clear()  # after a crash the database knows of nobody any more
                    self._reached.set()
                    self._tried.set()
                    forgot = time.monotonic()
                    while not self._closed.is_set():
                        for notice in connection.notifies(timeout=FORGETS, stop_after=1):
                            self._hear(notice.payload)
                        if time.monotonic() >= forgot + FORGETS:
                            forgot = time.monotonic()
                            with suppress(RoomError):  # by another connection: this one would lose notices
                                self._use(lambda connection: connection.execute(_FORGET_PRESENTERS))
            except (psycopg.Error, _OtherVersion) as error:
                self.trouble = str(error if isinstance(error, _OtherVersion) else Unreachable())
                if self._reached.is_set() or not self._tried.is_set():
                    _log.warning("The database of rooms cannot be used: %s", " ".join(str(error).split()))
            self._reached.clear()
            self._tried.set()
            self._closed.wait(AGAIN)

    def _hear(self, payload: str) -> None:
        """Tell of a room that changed. What does not fit is of somebody else who may write to the database."""
        said = _NOTICE.fullmatch(payload)
        if said is None:
            if payload:  # `close` says nothing, and wakes this thread
                _log.warning("A notice of the database was ignored: it tells of no room.")
            return
        code, version = said.groups()
        if version == "0":  # it was deleted, perhaps by another process
            self.forget(code)
        try:
            self.told(code, int(version))
        except Exception:  # whatever it meets, other rooms are listened for
            _log.exception("A notice of the database could not be passed on.")


class _Statements:
    """A connection of psycopg that takes the statements of `Store`."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection

    @property
    def in_transaction(self) -> bool:
        return self._connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

    def execute(self, statement: str, values: Sequence[object] = (), /) -> Rows:
        # Prepared after a few times, but for what has no values: two statements in one cannot be.
        prepare = None if values else False
        rows: Rows = self._connection.execute(_named(statement), _plain(values) or None, prepare=prepare)
        return rows

    def executemany(self, statement: str, rows: Iterable[Sequence[object]], /) -> None:
        self._connection.cursor().executemany(_named(statement), [_plain(row) for row in rows])


def _named(statement: str) -> str:
    """A statement with the places for values as psycopg has them."""
    return statement.replace("?", "%s")


def _plain(values: Sequence[object]) -> list[object]:
    """Values as SQLite takes them: a switch is a number."""
    return [int(value) if isinstance(value, bool) else value for value in values]


def _configure(connection: "psycopg.Connection[Any]") -> None:
    for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        connection.execute(f"SET {name} = '{BUSY} s'")
    connection.execute(_WAIT_FOR_DISK)


def _is_open(connection: "psycopg.Connection[Any]") -> bool:
    """Whether the other end has not closed a connection that was not in use.

    That stands there to be read: to ask would double the ways there and back of most that is asked.
    """
    try:
        for _ in range(2):  # what it said last, and the end
            connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return False
    return True


def _prepare(connection: "psycopg.Connection[Any]") -> str | None:
    """Make the tables where there are none; a sentence where the database may lose what it confirmed.

    Raises _OtherVersion.
    """
    with connection.transaction():
        connection.execute(_LOCK)  # two processes may start at once
        if connection.execute("SELECT to_regclass('version')").fetchone() == (None,):
            for statement in _TABLES:
                connection.execute(statement)
            connection.execute("INSERT INTO version VALUES (%s)", (_VERSION,))
        if connection.execute("SELECT tables FROM version").fetchall() != [(_VERSION,)]:
            raise _OtherVersion
        with suppress(ReadOnlySqlTransaction), connection.transaction():
            connection.execute(_FORGET_PRESENTERS)
        safe = connection.execute("SELECT current_setting('fsync')").fetchone() == ("on",)
    return None if safe else "The database of rooms does not wait for its disk (fsync is off): a crash can lose votes."
