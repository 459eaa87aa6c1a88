"""Whatever a browser sends in place of a code, a token or an answer is refused and changes nothing."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explainer.workshop import errors, participants, questions, reports, rooms, screens, votes
from explainer.workshop.errors import RoomError, UnknownRoom
from explainer.workshop.rooms import Room
from explainer.workshop.stage import PHASES
from explainer.workshop.store import Store

MANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
QUESTION = questions.DECKS["imageability"].questions()[0]
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
    "join": lambda s, code, token, a, b: participants.join(s, code, token),
    "stage": lambda s, code, token, a, b: screens.stage(s, code),
    "heartbeat": lambda s, code, token, a, b: participants.heartbeat(s, code, token),
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
    assert str(refused.value) in {str(UnknownRoom()), str(errors.BadAnswer())}  # which say nothing of what came
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
    assert participants.join(store, room.code, text) != text


# --- values that are no text and no number at all

WRONG = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from([10**400, -1, 48, 1.0, b"x", "5", "[1]", "\ud800"])
)
NESTED = st.recursive(
    WRONG,
    lambda inner: st.lists(inner, max_size=60) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=60,
)
TABLES = ("rooms", "participants", "votes", "hands", "marks", "flags")

ACTIONS: dict[str, Callable[[Store, str, str, Any], object]] = {
    "join a room": lambda s, code, token, value: participants.join(s, value, token),
    "a vote in a room": lambda s, code, token, value: votes.vote(s, value, QUESTION, 1, token, "5"),
    "a vote by a token": lambda s, code, token, value: votes.vote(s, code, QUESTION, 1, value, "5"),
    "a vote on a question": lambda s, code, token, value: votes.vote(s, code, value, 1, token, "5"),
    "a vote in a round": lambda s, code, token, value: votes.vote(s, code, QUESTION, value, token, "5"),
    "a vote with an answer": lambda s, code, token, value: votes.vote(s, code, QUESTION, 1, token, value),
    "hands": lambda s, code, token, value: votes.count_hands(s, code, QUESTION, 1, {"5": value}),
    "marks on a page": lambda s, code, token, value: votes.mark(s, code, value, token, [0]),
    "a report": lambda s, code, token, value: reports.flag(s, code, token, value, "insult"),
    "a reason": lambda s, code, token, value: reports.flag(s, code, token, "n10401331", value),
    "a step": lambda s, code, token, value: screens.present(s, code, step=value),
    "a phase": lambda s, code, token, value: screens.present(s, code, phase=value),
    "a pause": lambda s, code, token, value: screens.present(s, code, paused=value),
}


def kept(store: Store) -> dict[str, list[Any]]:
    return {table: store.read(lambda c, t=table: c.execute(f"SELECT * FROM {t}").fetchall()) for table in TABLES}


@pytest.mark.parametrize("action", ACTIONS)
@MANY
@given(value=NESTED)
def test_a_value_of_another_type_or_beyond_its_range_changes_nothing(
    store: Store, room: Room, phone: str, action: str, value: Any
) -> None:
    meant = {"a phase": PHASES, "a vote in a round": (1,), "a vote with an answer": ("5",)}
    meant |= {"hands": range(votes.MOST_HANDS + 1), "a pause": (False, True), "a step": ("5",)}
    if any(value == fits and type(value) is type(fits) for fits in meant.get(action, ())):
        return
    before = kept(store)
    with contextlib.suppress(RoomError, ValueError):
        ACTIONS[action](store, room.code, phone, value)
    assert kept(store) == before


@MANY
@given(value=NESTED)
def test_marks_that_are_no_list_of_places_are_refused_and_the_room_goes_on(
    store: Store, room: Room, phone: str, value: Any
) -> None:
    screens.present(store, room.code, activity="thing", phase="open")
    with contextlib.suppress(errors.BadAnswer):
        votes.mark(store, room.code, "thing", phone, value)
    for marks in votes.marks(store, room.code):  # whatever was taken can be read
        assert marks.pages == 1


@pytest.mark.parametrize("marked", [[True], [0.0], [25], [-1], ["1"], [[1]], {"0": 1}, "0", 0, None, [0] * 26])
def test_a_forged_mark_is_no_mark(store: Store, room: Room, phone: str, marked: Any) -> None:
    screens.present(store, room.code, activity="thing", phase="open")
    with pytest.raises(errors.BadAnswer):
        votes.mark(store, room.code, "thing", phone, marked)
    assert votes.marks(store, room.code) == ()
