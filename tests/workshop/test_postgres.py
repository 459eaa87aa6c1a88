"""Rooms in PostgreSQL: what was confirmed outlives a kill of the database, and the app goes on while it is away."""

import contextlib
import contextvars
import queue
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from services import until

from explainer import jobs, limits
from explainer.ui import access, browser, session, turns
from explainer.workshop import participants, rooms, screens, votes
from explainer.workshop.errors import Busy, DoorClosed, Unreachable, Unusable
from explainer.workshop.presenter_key import Gate
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store
from tests import databases
from tests.databases import Database
from tests.workshop.conftest import QUESTION

postgres = pytest.importorskip("explainer.workshop.postgres", reason="psycopg is not installed")
psycopg = pytest.importorskip("psycopg")
CHANNEL = "explainer_rooms"


@pytest.fixture
def reopen(database: Database) -> object:
    """This engine alone."""
    with closing(postgres.PostgresStore(database.address)) as opened:
        opened.write(lambda connection: connection.execute("DELETE FROM rooms"))
    return lambda: postgres.PostgresStore(database.address)


@pytest.fixture
def other(reopen: object) -> Iterator[Store]:
    """The record as another process has it."""
    with closing(reopen()) as opened:
        yield opened


def wait_for(store: Store) -> float:
    """The seconds until the database answers again."""
    begun = time.monotonic()
    while time.monotonic() < begun + databases.PATIENCE:
        try:
            rooms.listing(store)
            return time.monotonic() - begun
        except Unreachable:
            time.sleep(0.02)
    raise TimeoutError


def test_a_vote_that_was_confirmed_outlives_a_kill_of_the_database(
    database: Database, store: Store, other: Store, room: Room
) -> None:
    tokens = [participants.join(store, room.code) for _ in range(6)]
    screens.look(other, room.code, tokens[0])
    confirmed: dict[str, str] = {}
    unsure: dict[str, str] = {}

    over = threading.Event()

    def vote(number: int) -> None:
        chance, token = random.Random(number), tokens[number]
        while not over.is_set():
            unsure[token] = chance.choice("12345")
            try:
                votes.vote((store, other)[number % 2], room.code, QUESTION, 1, token, unsure[token])
            except Unreachable:
                raise
            except Busy:  # the disk is slow
                continue
            confirmed[token] = unsure[token]

    with ThreadPoolExecutor(len(tokens)) as pool:
        voting = [pool.submit(vote, number) for number in range(len(tokens))]
        try:
            assert until(lambda: len(confirmed) == len(tokens))
            database.kill()
            for each in voting:
                with pytest.raises(Unreachable):
                    each.result(databases.PATIENCE)
        finally:
            over.set()
    begun = time.monotonic()
    with pytest.raises(Unreachable):
        screens.stage(store, room.code)
    assert time.monotonic() - begun < postgres.PATIENCE / 2  # nobody waits for what is known to be away
    assert str(Unreachable()) == store.trouble

    database.start()
    for each in (store, other):
        assert wait_for(each) < 5
        assert each.trouble is None
    for token in tokens:
        # The last one may have been kept, though nobody could be told any more.
        assert votes.vote_of(store, room.code, QUESTION, 1, token) in (confirmed[token], unsure[token])
    votes.vote(other, room.code, QUESTION, 1, tokens[0], "1")
    screens.look(other, room.code, tokens[0])
    assert participants.here(store, room.code) == 1  # after a crash the database knew of nobody any more
    assert votes.vote_of(store, room.code, QUESTION, 1, tokens[0]) == "1"


def test_a_connection_that_the_database_closed_meanwhile_is_not_used(
    database: Database, store: Store, room: Room
) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: screens.stage(store, room.code), range(40)))
    close = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE query NOT LIKE 'LISTEN%' AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
    with psycopg.connect(database.address, autocommit=True) as other:
        assert len(other.execute(close).fetchall()) > 1
    time.sleep(0.2)
    for _ in range(8):
        assert screens.stage(store, room.code).open


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the database is asked from now on: each is a way there and back."""
    asked: list[str] = []
    execute = psycopg.Connection.execute

    def counted(connection: object, query: str, *arguments: object, **named: object) -> object:
        asked.append(query)
        return execute(connection, query, *arguments, **named)

    monkeypatch.setattr(psycopg.Connection, "execute", counted)
    return asked


def test_a_phone_has_the_database_asked_few_times(store: Store, room: Room, phone: str, statements: list[str]) -> None:
    votes.vote(store, room.code, QUESTION, 1, phone, "5")
    assert len(statements) == 4  # begin, who may vote, the vote, commit
    statements.clear()
    assert screens.look(store, room.code, phone).open
    assert len(statements) == 2  # what is shown, who is here
    statements.clear()
    screens.look(store, room.code, phone)
    assert len(statements) == 1  # that it is here was noted just now
    statements.clear()
    assert votes.vote_of(store, room.code, QUESTION, 1, phone) == "5"
    assert len(statements) == 1


@contextlib.contextmanager
def app_of(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An app that is told of a database."""
    monkeypatch.setenv("EXPLAINER_DATA", address)
    access.store.clear()
    access.ask_again()
    yield
    access.store().close()
    access.store.clear()
    access.ask_again()


@pytest.fixture
def app_without_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An app that is told of a database that is not there."""
    with app_of(f"postgresql://explainer:secret@/rooms?host={tmp_path}", monkeypatch):
        yield


@pytest.mark.usefixtures("app_without_database")
def test_while_the_database_is_away_masks_are_locked_and_own_photos_are_off(caplog: pytest.LogCaptureFixture) -> None:
    assert not session.may_reveal()
    assert not session.own_faces()
    assert not session.may_bring_a_photo_now()
    assert session.workshop() == "The record of workshops cannot be asked just now"
    assert access.store().trouble == "The database of rooms does not answer. Try again in a moment."
    assert "The database of rooms cannot be used: connection" in caplog.text
    assert "secret" not in caplog.text + access.store().database


@pytest.fixture
def app_with_database(monkeypatch: pytest.MonkeyPatch, database: Database, reopen: object) -> Iterator[None]:
    """An app whose rooms are in a database that has none."""
    with app_of(database.address, monkeypatch):
        yield


@pytest.mark.usefixtures("app_with_database")
def test_no_page_waits_for_a_database_that_is_slow_and_meanwhile_masks_are_locked(database: Database) -> None:
    assert session.may_reveal()
    with psycopg.connect(database.address) as other:
        other.execute("LOCK TABLE rooms IN ACCESS EXCLUSIVE MODE")
        access.ask_again()
        for most in (2.0, 0.5, 0.5):  # who asks first waits for a second
            begun = time.monotonic()
            assert not session.may_reveal()
            assert not session.own_faces()
            assert time.monotonic() - begun < most
        other.rollback()
    begun = time.monotonic()
    while not session.may_reveal():
        assert time.monotonic() - begun < 10
        time.sleep(0.05)


def test_whatever_others_say_in_the_database_rooms_are_listened_for(
    store: Store, other: Store, room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    heard: queue.Queue[tuple[str, int]] = queue.Queue()

    def hear(code: str, version: int) -> None:
        heard.put((code, version))
        raise RuntimeError("the loop is closed")

    other.told = hear
    for payload in ("", "CDFHJ many", "CDFHJ 1e999", "x", "'\n'", "CDFHJ " + "9" * 50):
        store.write(lambda connection, said=payload: connection.execute("SELECT pg_notify(?, ?)", (CHANNEL, said)))
    participants.open_door(store, room.code, to_new_phones=False)
    assert heard.get(timeout=10)[0] == room.code
    participants.open_door(store, room.code, to_new_phones=True)
    assert heard.get(timeout=10)[0] == room.code
    assert caplog.text.count("it tells of no room") >= 5
    assert other.trouble is None


def test_a_room_that_another_process_deletes_is_forgotten(store: Store, other: Store, room: Room) -> None:
    participants.join(other, room.code, source="192.0.2.1")
    assert rooms.on(other)
    assert other.joins
    assert other.lapses
    rooms.delete(store, room.code)
    end = time.monotonic() + 10
    while (other.joins or other.lapses) and time.monotonic() < end:
        time.sleep(0.01)
    assert not other.joins
    assert not other.lapses


def test_rules_bind_another_process_at_once(store: Store, other: Store) -> None:
    assert rooms.in_force(other) is None
    rooms.open_room(store, "mixed")
    assert rooms.in_force(other) == rooms.PRESETS["mixed"]


def test_another_process_is_told_of_each_change_within_a_second(store: Store, other: Store, room: Room) -> None:
    told: queue.Queue[tuple[str, int]] = queue.Queue()
    other.told = lambda *change: told.put(change)

    def wait_until_told(version: int) -> None:
        while told.get(timeout=1.0) != (room.code, version):
            pass

    for change in ({"paused": True}, {"paused": False}, {"phase": "result"}):
        wait_until_told(screens.present(store, room.code, **change).version)
    rooms.delete(store, room.code)
    wait_until_told(0)


def test_who_is_here_is_known_to_all_processes(store: Store, other: Store, room: Room, phones: list[str]) -> None:
    for phone in phones[:4]:
        screens.look(store, room.code, phone)
    screens.look(other, room.code, phones[4])
    assert participants.here(store, room.code) == participants.here(other, room.code) == 5


def test_a_phone_that_stays_is_noted_again_and_again(
    store: Store, other: Store, room: Room, phone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    screens.look(store, room.code, phone)
    store.write(lambda connection: connection.execute("UPDATE presence SET heard = heard - interval '1 h'"))
    screens.look(store, room.code, phone)
    assert participants.here(other, room.code) == 0
    monkeypatch.setattr(postgres, "HEARS", 0.0)
    screens.look(store, room.code, phone)
    assert participants.here(other, room.code) == 1


def test_a_browser_that_joins_again_at_another_process_is_the_phone_that_it_was(
    store: Store, other: Store, room: Room
) -> None:
    token = participants.join(store, room.code, browser="the one")
    assert participants.join(other, room.code, browser="the one") == token
    assert token not in (participants.join(other, room.code, browser="another"), participants.join(other, room.code))
    assert participants.count(other, room.code) == 3
    participants.open_door(store, room.code, False)
    assert participants.join(other, room.code, browser="the one") == token  # who is in stays
    with pytest.raises(DoorClosed):
        participants.join(other, room.code, browser="a new one")
    rooms.end(store, room.code)
    assert participants.join(other, room.code, browser="the one") == token


def test_a_presenter_who_comes_to_another_process_is_known_for_a_day_and_nobody_else_is(
    store: Store, other: Store
) -> None:
    store.write(lambda connection: connection.execute("DELETE FROM presenters"))
    gate = Gate("a key of the tests")
    store.note_presenter(gate.mark("the one"))
    store.note_presenter(gate.mark("the one"))
    assert other.knows_presenter(gate.mark("the one"))
    assert not other.knows_presenter(gate.mark("another"))
    assert not other.knows_presenter(Gate("another key").mark("the one"))
    kept = other.read(lambda connection: connection.execute("SELECT * FROM presenters").fetchall())
    assert len(kept) == 1
    assert "the one" not in str(kept)
    older = "UPDATE presenters SET given = given - interval '25 h'"
    store.write(lambda connection: connection.execute(older))
    assert not other.knows_presenter(gate.mark("the one"))
    store.note_presenter(gate.mark("another"))
    rows = store.read(lambda connection: connection.execute("SELECT mark FROM presenters").fetchall())
    assert rows == [(gate.mark("another"),)]


def test_a_presenter_is_known_once_the_database_answers_again_though_no_page_asks_for_the_rules(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate("a key of the tests")
    store.note_presenter(gate.mark("the one"))
    for name, value in {"store": store, "gate": gate}.items():
        monkeypatch.setattr(access, name, lambda value=value: value)
    monkeypatch.setattr(browser, "identity", lambda: "the one")
    monkeypatch.setattr(browser, "remember", lambda name, value: None)
    access.ask_again()
    monkeypatch.setattr(access, "_late", late := threading.Event())
    late.set()  # the database did not answer when it was asked last
    begun = time.monotonic()
    while not (known := access._comes_from_another()) and time.monotonic() < begun + databases.PATIENCE:
        time.sleep(0.02)
    access.ask_again()
    assert known


def test_a_presenter_of_more_than_a_day_ago_is_forgotten_though_nobody_gives_a_key(
    store: Store, reopen: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def note_an_old_one() -> None:
        store.note_presenter("a mark")
        older = "UPDATE presenters SET given = given - interval '25 h'"
        store.write(lambda connection: connection.execute(older))

    def noted() -> list[object]:
        return store.read(lambda connection: connection.execute("SELECT mark FROM presenters").fetchall())

    monkeypatch.setattr(postgres, "FORGETS", 0.2)
    store.write(lambda connection: connection.execute("DELETE FROM presenters"))
    note_an_old_one()
    assert noted() == [("a mark",)]
    with closing(reopen()):
        assert noted() == []
        note_an_old_one()
        begun = time.monotonic()
        while noted() and time.monotonic() < begun + 10:
            time.sleep(0.05)
        assert noted() == []


def test_a_write_that_another_holds_up_for_long_is_asked_for_again(
    store: Store, room: Room, phone: str, monkeypatch: pytest.MonkeyPatch, reopen: object
) -> None:
    held, done = threading.Event(), threading.Event()

    def hold(connection: object) -> None:
        held.set()
        done.wait(10)

    holder = threading.Thread(target=store.write, args=(hold,))
    with closing(reopen()) as waiting:
        monkeypatch.setattr(postgres, "BUSY", 0.1)  # of its connections, the first of which is made by the vote
        holder.start()
        held.wait(10)
        with pytest.raises(Busy, match=r"Try again in a moment\."):
            votes.vote(waiting, room.code, QUESTION, 1, phone, "5")
        assert screens.stage(waiting, room.code).open  # who reads does not wait
        done.set()
        holder.join(10)
        votes.vote(waiting, room.code, QUESTION, 1, phone, "5")
    assert votes.vote_of(store, room.code, QUESTION, 1, phone) == "5"


def test_scripts_that_wait_for_a_slow_database_leave_their_places_to_those_that_compute(
    store: Store, room: Room, phones: list[str], monkeypatch: pytest.MonkeyPatch, reopen: object
) -> None:
    monkeypatch.setattr(postgres, "MOST", 1)  # so that one waits for an answer, and others for a connection
    monkeypatch.setattr(turns._Line, "_WHILE", 8.0)  # after which one is let in whatever others do
    computing, places = turns.Computing(), int(limits.value("scripts"))
    held, done = threading.Event(), threading.Event()

    def script(number: int) -> None:
        run = computing.begin("192.0.2.1", f"{number}")
        jobs.pauses.set(run.pause)
        votes.vote(slow, room.code, QUESTION, 1, phones[number], "5")
        run.end(0.0)

    def hold(connection: object) -> None:
        held.set()
        done.wait(10)

    holder = threading.Thread(target=store.write, args=(hold,))
    with closing(reopen()) as slow, ThreadPoolExecutor(places) as pool:
        holder.start()
        held.wait(10)
        asking = [pool.submit(contextvars.copy_context().run, script, number) for number in range(places)]
        time.sleep(4 * postgres.SOON)
        begun = time.monotonic()
        others = [computing.begin("192.0.2.2", f"{number}") for number in range(places)]
        assert time.monotonic() - begun < 4
        for each in others:
            each.end(0.0)
        done.set()
        holder.join(10)
        for asked in asking:
            asked.result(10)
    assert [votes.vote_of(store, room.code, QUESTION, 1, token) for token in phones[:places]] == ["5"] * places


def test_a_script_that_waited_for_the_database_holds_nothing_there_while_it_waits_for_its_place(
    store: Store, other: Store, room: Room, phones: list[str]
) -> None:
    said: list[str] = []

    @contextlib.contextmanager
    def pause() -> Iterator[None]:
        said.append("waits")
        yield
        votes.vote(other, room.code, QUESTION, 1, phones[1], "4")
        said.append("goes on")

    def script() -> None:
        jobs.pauses.set(pause)
        for _ in range(20):  # on a machine that does much else one may be late
            said.clear()
            votes.vote(store, room.code, QUESTION, 1, phones[0], "5")
            if not said:
                break
        assert said == []  # a database that answers soon is not waited for
        store.write(lambda connection: connection.execute("SELECT pg_sleep(0.3)"))

    contextvars.copy_context().run(script)
    assert said == ["waits", "goes on"]
    assert votes.vote_of(store, room.code, QUESTION, 1, phones[1]) == "4"


def test_a_process_that_stops_within_a_write_holds_nobody_up_for_long(
    store: Store, room: Room, phone: str, monkeypatch: pytest.MonkeyPatch, reopen: object
) -> None:
    with closing(reopen()) as stopped:
        monkeypatch.setattr(postgres, "BUSY", 0.2)
        with pytest.raises(Unreachable):
            stopped.write(lambda connection: time.sleep(0.5))
    votes.vote(store, room.code, QUESTION, 1, phone, "5")
    assert votes.vote_of(store, room.code, QUESTION, 1, phone) == "5"


def test_a_database_of_another_version_is_left_as_it_is(store: Store, room: Room, reopen: object) -> None:
    change = "UPDATE version SET tables = ?"
    before = store.read(lambda connection: connection.execute("SELECT tables FROM version").fetchone())
    store.write(lambda connection: connection.execute(change, ("of another version",)))
    try:
        with closing(reopen()) as opened:
            assert "tables of another version of this app" in opened.trouble
            with pytest.raises(Unreachable):
                rooms.listing(opened)
    finally:
        store.write(lambda connection: connection.execute(change, before))
    assert rooms.listing(store) == (room,)


def test_a_database_without_a_table_says_so_until_it_has_it_again(
    store: Store, room: Room, phone: str, caplog: pytest.LogCaptureFixture
) -> None:
    for change, undo in (
        ("ALTER TABLE rooms RENAME TO hidden", "ALTER TABLE hidden RENAME TO rooms"),
        ("ALTER TABLE votes RENAME COLUMN answer TO hidden", "ALTER TABLE votes RENAME COLUMN hidden TO answer"),
    ):
        store.write(lambda connection, change=change: connection.execute(change))
        try:
            with pytest.raises(Unusable, match="The app's log says why"):
                votes.vote(store, room.code, QUESTION, 1, phone, "5")
            assert "The database of rooms cannot be used" in caplog.text
            caplog.clear()
        finally:
            store.write(lambda connection, undo=undo: connection.execute(undo))
    votes.vote(store, room.code, QUESTION, 1, phone, "5")
    assert votes.vote_of(store, room.code, QUESTION, 1, phone) == "5"


def test_a_text_that_a_disk_damaged_says_so_until_it_is_mended(store: Store, room: Room) -> None:
    def change(statement: str) -> None:
        store.write(lambda connection: connection.execute(statement))

    change("CREATE CAST (bytea AS text) WITHOUT FUNCTION")  # which looks at no letter
    try:
        change(r"UPDATE rooms SET deck = CAST('\xff'::bytea AS text)")
    finally:
        change("DROP CAST (bytea AS text)")
    with pytest.raises(Unusable):
        rooms.in_force(store)  # which all pages ask for
    change(f"UPDATE rooms SET deck = '{room.deck}'")
    assert rooms.listing(store) == (room,)


@pytest.mark.parametrize("value", ["1e300", "-1e300", "'NaN'", "'infinity'"])
@pytest.mark.parametrize("column", ["created", "began", "since", "entered"])
def test_a_time_of_a_row_that_is_none_takes_no_page_down(store: Store, room: Room, column: str, value: str) -> None:
    store.write(lambda connection: connection.execute(f"UPDATE rooms SET {column} = {value}"))
    rooms.in_force(store)  # which all pages ask for
    assert [each.code for each in rooms.listing(store)] == [room.code]
    assert screens.stage(store, room.code).open
    rooms.delete(store, room.code)
    assert rooms.listing(store) == ()


def test_a_pause_that_does_not_say_since_when_ends(store: Store, room: Room) -> None:
    store.write(lambda connection: connection.execute("UPDATE rooms SET paused = 1, halted = NULL"))
    screens.present(store, room.code, paused=False)
    assert not screens.stage(store, room.code).paused


def test_a_database_whose_encoding_is_ascii_takes_all_letters(database: Database) -> None:
    with psycopg.connect(database.address, autocommit=True) as connection:
        connection.execute("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    with closing(postgres.PostgresStore(database.address.replace("/postgres?", "/ascii?"))) as opened:
        assert opened.trouble is None
        code = rooms.open_room(opened, "adults").code
        rooms.keep_paper(opened, code, "„so“ – 日本 🙂")
        assert rooms.find(opened, code).paper == "„so“ – 日本 🙂"


def test_a_database_that_takes_no_writes_refuses_a_vote_in_a_sentence_and_can_be_read(
    database: Database, store: Store, room: Room, phone: str
) -> None:
    database.stop()
    database.start(default_transaction_read_only="on")  # as a standby is
    try:
        wait_for(store)
        assert screens.stage(store, room.code).open
        with pytest.raises(Unreachable):
            votes.vote(store, room.code, QUESTION, 1, phone, "5")
    finally:
        database.stop()
        database.start()
    wait_for(store)
    votes.vote(store, room.code, QUESTION, 1, phone, "5")


def test_a_database_that_does_not_wait_for_its_disk_is_told_to_the_presenter(
    database: Database, reopen: object
) -> None:
    database.stop()
    database.start(fsync="off")
    try:
        with closing(reopen()) as opened:
            assert "fsync is off" in opened.trouble
    finally:
        database.stop()
        database.start()
