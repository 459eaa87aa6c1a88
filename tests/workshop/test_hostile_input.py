"""Whatever a browser sends in place of a code, a token or an answer is refused and changes nothing."""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explainer.workshop import errors, participants, questions, reports, rooms, screens, votes
from explainer.workshop.errors import RoomError
from explainer.workshop.rooms import Room
from explainer.workshop.sqlite import SQLiteStore
from explainer.workshop.stage import PHASES
from explainer.workshop.store import Store

MANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
QUESTION = questions.DECKS["imageability"].questions()[0]
TABLES = ("rooms", "participants", "votes", "hands", "marks", "flags")
TEXTS = st.text(st.characters(codec=None), max_size=40) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "CDFHJ'; DROP TABLE rooms; --",
        "\x00",
        "\ud800",
        "CDFHJ\n",
        "A" * 100_000,
        "ＣＤＦＨＪ",
    ]
)
OTHERS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from([10**400, -1, 48, 1.0, b"x", "5", "[1]", "\ud800"])
)
NESTED = st.recursive(
    OTHERS,
    lambda inner: st.lists(inner, max_size=60) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=60,
)

ACTIONS: dict[str, Callable[[Store, str, str, Any], object]] = {
    "find a room": lambda s, code, token, value: rooms.find(s, value),
    "delete a room": lambda s, code, token, value: rooms.delete(s, value),
    "look at a room": lambda s, code, token, value: screens.stage(s, value),
    "join a room": lambda s, code, token, value: participants.join(s, value, token),
    "a look": lambda s, code, token, value: screens.look(s, code, value),
    "a vote in a room": lambda s, code, token, value: votes.vote(s, value, QUESTION, 1, token, "5"),
    "a vote by a token": lambda s, code, token, value: votes.vote(s, code, QUESTION, 1, value, "5"),
    "a vote on a question": lambda s, code, token, value: votes.vote(s, code, value, 1, token, "5"),
    "a vote in a round": lambda s, code, token, value: votes.vote(s, code, QUESTION, value, token, "5"),
    "a vote with an answer": lambda s, code, token, value: votes.vote(s, code, QUESTION, 1, token, value),
    "a vote read back": lambda s, code, token, value: votes.vote_of(s, code, QUESTION, 1, value),
    "hands": lambda s, code, token, value: votes.count_hands(s, code, QUESTION, 1, {"5": value}),
    "marks on a page": lambda s, code, token, value: votes.mark(s, code, value, token, [0]),
    "marks of a token": lambda s, code, token, value: votes.mark(s, code, "thing", value, [0]),
    "a report": lambda s, code, token, value: reports.flag(s, code, token, value, "insult"),
    "a reason": lambda s, code, token, value: reports.flag(s, code, token, "n10401331", value),
    "a step": lambda s, code, token, value: screens.present(s, code, step=value),
    "a phase": lambda s, code, token, value: screens.present(s, code, phase=value),
    "a pause": lambda s, code, token, value: screens.present(s, code, paused=value),
}
MEANT: dict[str, Any] = {
    "a phase": PHASES,
    "a vote in a round": (1,),
    "a vote with an answer": tuple(choice.key for choice in questions.question(QUESTION).choices),
    "hands": range(votes.MOST_HANDS + 1),
    "a reason": tuple(reports.REASONS),
    "a pause": (False, True),
}


@pytest.fixture
def store() -> Iterator[Store]:
    """Rooms in memory: the rules are the same, and thousands of attempts cost no disk."""
    with closing(SQLiteStore(None)) as store:
        yield store


def kept(store: Store) -> dict[str, list[Any]]:
    return {table: store.read(lambda c, t=table: c.execute(f"SELECT * FROM {t}").fetchall()) for table in TABLES}


@pytest.mark.parametrize("action", ACTIONS)
@MANY
@given(value=TEXTS | NESTED)
def test_what_is_not_meant_is_refused_in_a_fixed_sentence_and_changes_nothing(
    store: Store, room: Room, phone: str, action: str, value: Any
) -> None:
    if any(value == fits and type(value) is type(fits) for fits in MEANT.get(action, ())):
        return
    if action == "a step" and type(value) is str and screens._STEP.fullmatch(value):
        return
    before = kept(store)
    with pytest.raises((RoomError, ValueError)) as refused:
        ACTIONS[action](store, room.code, phone, value)
    sentences = {str(error()) for error in vars(errors).values() if isinstance(error, type)}
    assert isinstance(refused.value, ValueError) or str(refused.value) in sentences  # which repeat nothing that came
    assert kept(store) == before


@MANY
@given(text=TEXTS)
def test_markup_in_the_token_of_a_phone_that_joins_is_replaced(store: Store, room: Room, text: str) -> None:
    with suppress(errors.TooFast):
        assert participants.join(store, room.code, text) != text


@MANY
@given(value=NESTED | st.sampled_from([[True], [0.0], [25], [-1], ["1"], [[1]], {"0": 1}, "0", 0, None, [0] * 26]))
def test_marks_that_are_no_list_of_places_are_refused(store: Store, room: Room, phone: str, value: Any) -> None:
    screens.present(store, room.code, activity="thing", phase="open")
    if isinstance(value, list) and all(type(each) is int and 0 <= each < 25 for each in value) and len(value) <= 25:
        return
    with pytest.raises(errors.BadAnswer):
        votes.mark(store, room.code, "thing", phone, value)
    assert votes.marks(store, room.code) == ()
