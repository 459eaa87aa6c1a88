"""A file of rooms, a room in it, and phones that have joined."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from explainer.workshop import participants, questions, rooms, screens
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store

QUESTION = questions.DECKS["imageability"].questions()[0]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "rooms.sqlite"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    opened = Store(file)
    yield opened
    opened.close()


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
