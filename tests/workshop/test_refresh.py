"""What is drawn again by itself, on a real server: a screen follows the room, also where a drawing never arrived."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.protocol import Visit
from explainer.workshop import participants, rooms, screens, talk
from explainer.workshop.rooms import Room
from explainer.workshop.sqlite import SQLiteStore
from explainer.workshop.store import Store
from tests.databases import Database
from tests.servers import APP, Server, serving

START, WHAT = (talk.load().steps[name].title for name in ("start", "cups"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = SQLiteStore(tmp_path / "data" / "rooms.sqlite")
    yield store
    store.close()


@pytest.fixture
def room(store: Store) -> Room:
    return rooms.open_room(store, route="20")


@pytest.fixture
def server(tmp_path: Path, store: Store) -> Iterator[Server]:
    with serving(APP, tmp_path / "log", EXPLAINER_DATA=str(tmp_path / "data")) as server:
        yield server


def headings(screen: Visit) -> list[str]:
    return [element.heading.body for element in screen.elements]


@pytest.mark.slow
def test_a_screen_follows_the_room(store: Store, room: Room, server: Server) -> None:
    screen = Visit(server.url, "workshop", f"room={room.code}&view=projector")  # without the key
    assert START in headings(screen)
    screens.present(store, room.code, step="cups")
    screen.wait(4)
    assert WHAT in headings(screen)


@pytest.mark.slow
def test_a_screen_is_drawn_again_though_its_browser_asks_for_nothing(database: Database, tmp_path: Path) -> None:
    from explainer.workshop.postgres import PostgresStore

    with (
        closing(PostgresStore(database.address)) as store,
        serving(APP, tmp_path / "log", EXPLAINER_DATA=database.address) as server,
    ):
        room = rooms.open_room(store, route="20")
        screen = Visit(server.url, "workshop", f"room={room.code}&view=projector")
        elsewhere = Visit(server.url, "about")
        elsewhere._look_on(0.5)
        drawn = elsewhere.received
        screens.present(store, room.code, step="cups")
        for _ in range(100):
            screen._look_on(0.1)
            if WHAT in headings(screen):
                break
        assert WHAT in headings(screen)
        elsewhere._look_on(1.0)
        assert elsewhere.received == drawn  # who follows no room is left alone
        rooms.delete(store, room.code)


@pytest.mark.slow
def test_a_drawing_that_never_arrived_is_made_again(store: Store, room: Room, server: Server) -> None:
    token = participants.join(store, room.code)  # on a phone one thing alone is looked at
    screen = Visit(server.url, "workshop", f"room={room.code}&token={token}")
    (number,) = screen.drawings.values()
    screen.run()
    assert [*screen.drawings.values()] == [number + 1]
    screen.look(number)  # was on its way while the page was drawn
    assert [*screen.drawings.values()] == [number + 1]
    screen.look(number + 1)
    screen.look(number)
    assert [*screen.drawings.values()] == [number + 1]
    screen.look(number)
    assert [*screen.drawings.values()] == [number + 2]
