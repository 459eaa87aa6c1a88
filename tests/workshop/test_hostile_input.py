"""Whatever a browser sends in place of a code, a token or an answer is refused and changes nothing."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explainer.workshop import reports, rooms, votes
from explainer.workshop.rooms import Room, RoomError, UnknownRoom
from explainer.workshop.store import Store

MANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
HOSTILE = st.text(st.characters(codec=None), max_size=40) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "**bold**",
        "' OR 1=1 --",
        "CDFHJ'; DROP TABLE rooms; --",
        "../../etc/passwd",
        "%00",
        "\x00",
        "\ud800",
        "CDFHJ\n",
        "A" * 100_000,
        "cdfhj cdfhj",
        "ＣＤＦＨＪ",
        "",
    ]
)


@pytest.fixture
def store() -> Iterator[Store]:
    """Rooms in memory: the rules are the same, and thousands of attempts cost no disk."""
    with closing(Store(None)) as store:
        yield store


CALLS: dict[str, Callable[[Store, str, str, str, str], object]] = {
    "find": lambda s, code, token, a, b: rooms.find(s, code),
    "join": lambda s, code, token, a, b: rooms.join(s, code, token),
    "stage": lambda s, code, token, a, b: rooms.stage(s, code),
    "heartbeat": lambda s, code, token, a, b: rooms.heartbeat(s, code, token),
    "vote": lambda s, code, token, a, b: votes.vote(s, code, a, 1, token, b),
    "vote_of": lambda s, code, token, a, b: votes.vote_of(s, code, a, 1, token),
    "mark": lambda s, code, token, a, b: votes.mark(s, code, a, token, [0]),
    "marks_of": lambda s, code, token, a, b: votes.marks_of(s, code, a, token),
    "flag": lambda s, code, token, a, b: reports.flag(s, code, token, a, b),
    "delete": lambda s, code, token, a, b: rooms.delete(s, code),
}

WITHOUT_TOKEN = {"find", "join", "stage", "delete"}


@pytest.mark.parametrize("call", CALLS)
@MANY
@given(code=HOSTILE, token=HOSTILE, first=HOSTILE, second=HOSTILE)
def test_markup_in_the_code_is_a_wrong_room(
    store: Store, room: Room, call: str, code: str, token: str, first: str, second: str
) -> None:
    with pytest.raises(UnknownRoom if call in WITHOUT_TOKEN else RoomError) as refused:
        CALLS[call](store, code, token, first, second)
    assert str(refused.value) in {str(UnknownRoom()), str(rooms.BadAnswer())}  # which say nothing of what came
    assert rooms.find(store, room.code) == room


@pytest.mark.parametrize("call", sorted(CALLS.keys() - WITHOUT_TOKEN))
@MANY
@given(token=HOSTILE, first=HOSTILE, second=HOSTILE)
def test_markup_in_the_token_is_nobody(
    store: Store, room: Room, call: str, token: str, first: str, second: str
) -> None:
    with pytest.raises(RoomError):
        CALLS[call](store, room.code, token, first, second)


@pytest.mark.parametrize("call", ["vote", "mark", "flag"])
@MANY
@given(first=HOSTILE, second=HOSTILE)
def test_markup_in_what_is_asked_is_no_answer(
    store: Store, room: Room, phone: str, call: str, first: str, second: str
) -> None:
    with pytest.raises(RoomError):
        CALLS[call](store, room.code, phone, first, second)
    assert votes.rounds(store, room.code) == votes.marks(store, room.code) == reports.flags(store, room.code) == ()


@MANY
@given(text=HOSTILE)
def test_a_phone_finds_nothing_under_a_name_that_nothing_has(store: Store, room: Room, phone: str, text: str) -> None:
    assert votes.vote_of(store, room.code, text, 1, phone) is None
    assert votes.marks_of(store, room.code, text, phone) is None


@MANY
@given(text=HOSTILE)
def test_markup_in_the_token_of_a_phone_that_joins_is_replaced(store: Store, room: Room, text: str) -> None:
    assert rooms.join(store, room.code, text) != text
