"""Two servers that keep their rooms in one database: what the one does shows on the other, and outlives its end."""

import contextlib
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from http.cookies import SimpleCookie
from pathlib import Path

import pytest

from benchmarks.protocol import Visit
from benchmarks.workshop import Phone, Sent
from explainer.workshop import participants, rooms, screens, talk, votes
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store
from tests.browser import processes
from tests.databases import Database
from tests.servers import APP, KEY, Server, serving
from tests.workshop.conftest import QUESTION

postgres = pytest.importorskip("explainer.workshop.postgres", reason="psycopg is not installed")
pytestmark = pytest.mark.watch


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    with closing(postgres.PostgresStore(database.address)) as store:
        store.write(lambda connection: connection.execute("DELETE FROM rooms"))
        yield store


@pytest.fixture
def replicas(database: Database, store: Store, tmp_path: Path) -> Iterator[list[Server]]:
    settings = {
        "EXPLAINER_DATA": database.address,
        "EXPLAINER_PRESENTER_KEY": KEY,
        "STREAMLIT_SERVER_COOKIE_SECRET": "of the tests, and of 32 letters at least",
    }
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(serving(APP, tmp_path / f"log {name}", **settings)) for name in "AB"]
        while sum(seconds_in_a_second(server) for server in servers) > 0.1:  # they warm up
            pass
        yield servers


def seconds_in_a_second(server: Server) -> float:
    """Seconds of the processor that a server uses within a second."""
    before = processes.processor_seconds(server.pid)
    time.sleep(1.0)
    return processes.processor_seconds(server.pid) - before


def headings(screen: Visit) -> list[str]:
    return [element.heading.body for element in screen.elements]


def wait_for(screens: list[Visit], heading: str) -> float:
    """The seconds until a heading stands on all screens, which ask for nothing meanwhile."""
    begun = time.monotonic()
    while not all(heading in headings(screen) for screen in screens):
        for screen in screens:
            screen._look_on(0.02)
        if time.monotonic() > begun + 30:
            raise TimeoutError
    return time.monotonic() - begun


def test_replicas_are_in_step_and_a_vote_outlives_the_one_that_took_it(
    store: Store, room: Room, replicas: list[Server]
) -> None:
    tokens = [participants.join(store, room.code) for _ in replicas]
    phones = [Phone(replica.url, room, token) for replica, token in zip(replicas, tokens, strict=True)]
    for phone in phones:
        phone.vote((QUESTION, 1), "5", Sent())
        assert phone.confirmed == {(QUESTION, 1): "5"}

    late = []
    for step in ("cups", "start", "cups"):
        screens.present(store, room.code, step=step)
        late.append(wait_for(phones, talk.load().steps[step].title))
    print(f"seconds until phones on both show the next step: {', '.join(f'{seconds:.2f}' for seconds in late)}")
    assert max(late) < 1.0

    replicas[0].process.send_signal(signal.SIGKILL)
    replicas[0].process.wait(10)
    screens.present(store, room.code, step="decide", activity=QUESTION, phase="open")
    again = Phone(replicas[1].url, room, tokens[0])
    assert "Counted: 5" in again.said
    again.vote((QUESTION, 1), "4", Sent())
    assert votes.tally(store, room.code, QUESTION, 1).phones == {"1": 0, "2": 0, "3": 0, "4": 1, "5": 1}


def test_a_browser_keeps_its_cookie_on_another_replica_and_the_rules_of_a_room_bind_both(
    store: Store, replicas: list[Server], database: Database
) -> None:
    first, second = (Visit(replica.url) for replica in replicas)
    page = second.fetch_all("GET", "/", headers={"Cookie": first._cookie})[0]
    assert "explainer_browser" not in SimpleCookie(page.get("Set-Cookie", ""))

    own = "Use your own photo"
    assert all(own in labels(visit) for visit in (first, second))
    rooms.open_room(store, "mixed")
    time.sleep(1.0)
    for visit in (first, second):
        visit.run()
        assert own not in labels(visit)
        assert "A workshop is on" in " ".join(visit.texts)

    store.write(lambda connection: connection.execute("DELETE FROM rooms"))
    time.sleep(1.0)
    first.run()
    assert own in labels(first)
    database.kill()
    time.sleep(1.0)
    first.run()
    assert own not in labels(first)
    assert "The record of workshops cannot be asked just now" in " ".join(first.texts)
    database.start()
    time.sleep(2.0)
    first.run()
    assert own in labels(first)
    assert not any("Traceback" in replica.log for replica in replicas)


def labels(visit: Visit) -> list[str]:
    return [element.button.label for element in visit.elements]
