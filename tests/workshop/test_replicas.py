"""Two servers that keep their rooms in one database: what the one does shows on the other, and outlives its end."""

import contextlib
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.cookies import SimpleCookie

import pytest
from services import until

from benchmarks import pictures
from benchmarks.protocol import Visit
from benchmarks.workshop import Phone, Sent
from explainer.workshop import participants, rooms, screens, talk, votes
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store
from tests.browser import processes
from tests.databases import Database
from tests.pages_by_hand import give_key
from tests.servers import APP, KEY, Server, serving
from tests.workshop.conftest import QUESTION

postgres = pytest.importorskip("explainer.workshop.postgres", reason="psycopg is not installed")
UNKNOWN = "The record of workshops cannot be asked just now"

pytestmark = pytest.mark.slow


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    with closing(postgres.PostgresStore(database.address)) as store:
        store.write(lambda connection: connection.execute("DELETE FROM rooms"))
        yield store


@pytest.fixture(scope="module")
def started(postgresql: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], list[Server]]]:
    """Starts both servers, and later those again that a test has killed."""
    settings = {
        "EXPLAINER_DATA": postgresql.address,
        "EXPLAINER_PRESENTER_KEY": KEY,
        "STREAMLIT_SERVER_COOKIE_SECRET": "of the tests, and of 32 letters at least",
    }
    running: dict[str, Server] = {}
    with contextlib.ExitStack() as stack:

        def started() -> list[Server]:
            for name in "AB":
                if name not in running or running[name].process.poll() is not None:
                    log = tmp_path_factory.mktemp("replica") / "log"
                    running[name] = stack.enter_context(serving(APP, log, **settings))
            until(lambda: sum(seconds_in_a_second(server) for server in running.values()) <= 0.1)  # they warm up
            return list(running.values())

        yield started


@pytest.fixture
def replicas(started: Callable[[], list[Server]], store: Store) -> list[Server]:
    """Both servers, which know by now that the rooms of the last test are deleted: that takes a second."""
    return started()


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


def test_a_replica_that_is_killed_in_the_middle_of_voting_takes_no_vote_with_it_and_others_notice_nothing(
    store: Store, room: Room, replicas: list[Server]
) -> None:
    first, second = replicas
    leaving, staying = (
        [Phone(replica.url, room, participants.join(store, room.code)) for _ in range(4)] for replica in replicas
    )
    sent, over = Sent(), threading.Event()

    def vote(phone: Phone) -> None:
        chance = random.Random(phone.token)
        while not over.is_set():
            try:
                phone.vote((QUESTION, 1), chance.choice("12345"), sent)
            except Exception:  # whatever a browser gets whose server is gone
                if phone in staying:
                    raise
                return

    with ThreadPoolExecutor(8) as pool:
        voting = [pool.submit(vote, phone) for phone in (*leaving, *staying)]
        try:
            assert until(lambda: all(phone.confirmed for phone in (*leaving, *staying)))
            first.process.send_signal(signal.SIGKILL)
            first.process.wait(10)
            cast = len(sent.seconds["a vote"])
            time.sleep(2.0)
        finally:
            over.set()
    for each in voting:
        each.result()
    assert len(sent.seconds["a vote"]) > cast + 10
    assert sent.late == 0
    for before in (*leaving, *staying):
        kept = votes.vote_of(store, room.code, QUESTION, 1, before.token)
        # The last press may have been kept, though the server was gone before it could say so.
        assert kept in [before.confirmed[QUESTION, 1], *before.unsure[QUESTION, 1]]
        if before in leaving:
            assert f"Counted: {kept}" in Phone(second.url, room, before.token).said
    assert votes.tally(store, room.code, QUESTION, 1).total == 8


@pytest.mark.watch
def test_phones_on_two_replicas_are_in_step_within_a_second(store: Store, room: Room, replicas: list[Server]) -> None:
    phones = [Phone(replica.url, room, participants.join(store, room.code)) for replica in replicas]
    late = []
    for step in ("cups", "start", "cups"):
        screens.present(store, room.code, step=step)
        late.append(wait_for(phones, talk.load().steps[step].title))
    print(f"seconds until phones on both show the next step: {', '.join(f'{seconds:.2f}' for seconds in late)}")
    assert max(late) < 1.0


def test_the_address_of_a_phone_is_nobodys_on_another_device_at_another_replica(
    store: Store, room: Room, replicas: list[Server]
) -> None:
    Visit(replicas[0].url, "workshop", f"room={room.code}").press("Join")
    query = "SELECT token FROM participants WHERE room = ?"
    ((token,),) = store.read(lambda connection: connection.execute(query, (room.code,)).fetchall())
    device = Phone(replicas[1].url, room, token)
    assert "This device has not joined the room yet" in device.said


def test_a_presenter_who_comes_to_another_replica_leads_on_without_the_key(
    store: Store, room: Room, replicas: list[Server]
) -> None:
    first, second = replicas
    presenter = Visit(first.url, "workshop", f"room={room.code}&view=notes")
    give_key(presenter, KEY)
    assert is_led_by(presenter)
    first.process.send_signal(signal.SIGKILL)
    first.process.wait(10)
    assert is_led_by(Visit(second.url, "workshop", f"room={room.code}&view=notes", presenter._cookie))
    assert not is_led_by(Visit(second.url, "workshop", f"room={room.code}&view=notes"))


def is_led_by(visit: Visit) -> bool:
    """Whether a page has what moves the room."""
    return "Pause all" in labels(visit)


@pytest.mark.parametrize("danger", ["a room opens elsewhere", "the database is killed"])
def test_what_a_room_rules_out_is_refused_to_a_page_that_is_older_than_the_room(
    store: Store, replicas: list[Server], database: Database, danger: str
) -> None:
    words, photo = Visit(replicas[0].url, "roulette"), Visit(replicas[1].url)
    reveal(words)
    assert "Cover all words again" in labels(words)
    words.press("Cover all words again")
    photo.press_key("own_photo")
    photo.press_key("notice_button")

    if danger == "a room opens elsewhere":
        room = rooms.open_room(store, "mixed")
    else:
        database.kill()
    reveal(words)
    photo.upload("photo.jpg", pictures.large()[0])
    assert "Forget this photo" not in labels(photo)

    if danger == "a room opens elsewhere":
        rooms.delete(store, room.code)
    else:
        database.start()
    for visit in (words, photo):
        assert until(lambda visit=visit: "A workshop is on" not in said(visit) and UNKNOWN not in said(visit))
    assert "Reveal" in labels(words)
    assert "Cover all words again" not in labels(words)
    assert "Forget this photo" not in labels(photo)


def reveal(visit: Visit) -> None:
    """Press the first of the buttons that reveal a word."""
    button = next(element.button for element in visit.elements if element.button.label == "Reveal")
    visit.press_key(button.id[button.id.index("reveal_") :])


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
    assert UNKNOWN in " ".join(first.texts)
    database.start()
    assert until(lambda: UNKNOWN not in said(first))
    assert own in labels(first)
    assert not any("Traceback" in replica.log for replica in replicas)


def said(visit: Visit) -> str:
    """What is written on a page that is drawn again."""
    visit.run()
    return " ".join(visit.texts)


def labels(visit: Visit) -> list[str]:
    return [element.button.label for element in visit.elements]
