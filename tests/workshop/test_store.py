"""What holds in either engine: many threads and several processes keep one record, and lose nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from explainer.workshop import participants, rooms, screens, talk, votes
from explainer.workshop.errors import UnknownToken
from explainer.workshop.rooms import Room
from explainer.workshop.stage import Press
from explainer.workshop.store import Connection, Store
from tests.workshop.conftest import QUESTION

TURNS = 10  # votes of each


def test_forty_threads_lose_no_vote_and_count_none_twice(store: Store, room: Room, reopen: Callable[[], Store]) -> None:
    tokens = [participants.join(store, room.code) for _ in range(40)]

    def voter(number: int) -> None:
        for turn in range(TURNS):
            votes.vote(store, room.code, QUESTION, 1, tokens[number], str(1 + (number + turn) % 5))
            screens.look(store, room.code, tokens[number])
            screens.stage(store, room.code)

    with ThreadPoolExecutor(40) as pool:
        list(pool.map(voter, range(40)))
    with closing(reopen()) as again:
        assert dict(votes.tally(again, room.code, QUESTION, 1).phones) == dict.fromkeys("12345", 8)
        last = {token: votes.vote_of(again, room.code, QUESTION, 1, token) for token in tokens}
    assert last == {token: str(1 + (number + TURNS - 1) % 5) for number, token in enumerate(tokens)}


def test_two_processes_keep_one_record(store: Store, room: Room, reopen: Callable[[], Store]) -> None:
    with closing(reopen()) as other:
        tokens = [participants.join((store, other)[number % 2], room.code) for number in range(20)]

        def vote(number: int) -> None:
            votes.vote((other, store)[number % 2], room.code, QUESTION, 1, tokens[number], "5")

        with ThreadPoolExecutor(20) as pool:
            list(pool.map(vote, range(20)))
        tallies = [votes.tally(each, room.code, QUESTION, 1) for each in (store, other)]
    assert tallies[0] == tallies[1]
    assert tallies[0].total == 20


def test_presses_that_come_twice_at_once_are_taken_once(store: Store, reopen: Callable[[], Store]) -> None:
    room = rooms.open_room(store)
    beats, told = talk.beats(room), [Press("one", number, "next", number - 1) for number in range(1, 13)]
    with closing(reopen()) as other, ThreadPoolExecutor(4) as pool:
        ends = [*range(1, 13)] * 3
        list(pool.map(lambda end: screens.press((store, other)[end % 2], room.code, told[:end], beats), ends))
    assert screens.stage(store, room.code).moves == 12


def test_a_room_that_is_deleted_leaves_no_row(store: Store, room: Room, phone: str) -> None:
    other = rooms.open_room(store, deck="imageability")
    votes.vote(store, room.code, QUESTION, 1, phone, "5")
    votes.count_hands(store, room.code, QUESTION, 1, {"5": 3})
    screens.look(store, room.code, phone)
    rooms.delete(store, room.code)
    for table in ("rooms", "participants", "votes", "hands"):
        rows = store.read(lambda connection, table=table: connection.execute(f"SELECT * FROM {table}").fetchall())
        assert not [row for row in rows if room.code in row]
    assert participants.here(store, room.code) == 0
    assert store.read(lambda connection: store.ages(connection, room.code)) == {}
    assert rooms.listing(store) == (other,)
    with pytest.raises(UnknownToken):
        screens.look(store, other.code, phone)


def test_what_needs_more_than_one_statement_needs_a_transaction(store: Store, room: Room) -> None:
    def both(connection: Connection) -> tuple[Room, Room]:
        return rooms.room(connection, room.code), rooms.room(connection, room.code)

    assert store.read(both) == (room, room)
    with pytest.raises(RuntimeError, match="needs a transaction"):
        store.query(both)
    assert rooms.find(store, room.code) == room


def test_a_text_that_no_engine_can_hold_is_kept_without_what_it_cannot(store: Store, room: Room) -> None:
    rooms.keep_paper(store, room.code, "We keep\x00 “teacher”.\ud800")
    assert rooms.find(store, room.code).paper == "We keep “teacher”."
