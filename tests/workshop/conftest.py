"""A record of rooms in each engine, a room in it, and phones that have joined."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from explainer.workshop import participants, questions, rooms, screens
from explainer.workshop.rooms import Room
from explainer.workshop.sqlite import SQLiteStore
from explainer.workshop.store import Store
from tests import databases
from tests.databases import Database

QUESTION = questions.DECKS["imageability"].questions()[0]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "rooms.sqlite"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Database]:
    with databases.database() as database:
        yield database


@pytest.fixture
def database(postgresql: Database) -> Database:
    postgresql.revive()
    return postgresql


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def reopen(request: pytest.FixtureRequest, file: Path) -> Callable[[], Store]:
    """Opens the one record of a test, as each of several processes does."""
    if request.param == "SQLite":
        return lambda: SQLiteStore(file)
    database: Database = request.getfixturevalue("database")
    from explainer.workshop.postgres import PostgresStore

    with closing(PostgresStore(database.address)) as opened:
        opened.write(lambda connection: connection.execute("DELETE FROM rooms"))
    return lambda: PostgresStore(database.address)


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Iterator[Store]:
    with closing(reopen()) as opened:
        yield opened


@pytest.fixture
def later(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets seconds pass: in this process, and in the database, which has its own clock."""
    begun, passed = time.monotonic(), 0.0

    def later(seconds: float) -> None:
        nonlocal passed
        passed += seconds
        monkeypatch.setattr(time, "monotonic", lambda: begun + passed)
        if store.database:
            query = "UPDATE presence SET given = given - ? * interval '1 s', heard = heard - ? * interval '1 s'"
            store.write(lambda connection: connection.execute(query, (seconds, seconds)))

    later(0.0)
    return later


@pytest.fixture
def room(store: Store) -> Room:
    """A room in which the first question of the default deck is open."""
    room = rooms.open_room(store, deck="imageability")
    screens.present(store, room.code, step="decide", activity=QUESTION, phase="open")
    return room


@pytest.fixture
def phone(store: Store, room: Room) -> str:
    return participants.join(store, room.code)


@pytest.fixture
def phones(store: Store, room: Room) -> list[str]:
    return [participants.join(store, room.code) for _ in range(6)]
