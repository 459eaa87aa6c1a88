"""What counts as a vote, and what is counted."""

from dataclasses import replace

import pytest

from explainer.workshop import rooms, screens, votes
from explainer.workshop.errors import Closed, UnknownToken
from explainer.workshop.questions import DECKS
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store

FIRST, SECOND = DECKS["imageability"].questions()[:2]


def test_the_later_vote_of_a_phone_counts(store: Store, room: Room, phones: list[str]) -> None:
    for phone, answer in ((phones[0], "1"), (phones[1], "4"), (phones[0], "5")):
        votes.vote(store, room.code, FIRST, 1, phone, answer)
    assert votes.tally(store, room.code, FIRST, 1).phones == {"1": 0, "2": 0, "3": 0, "4": 1, "5": 1}
    assert votes.vote_of(store, room.code, FIRST, 1, phones[0]) == "5"
    assert votes.vote_of(store, room.code, FIRST, 1, phones[2]) is None


def test_the_second_round_leaves_the_first_as_it_was(store: Store, room: Room, phone: str) -> None:
    votes.vote(store, room.code, FIRST, 1, phone, "1")
    screens.present(store, room.code, phase="second")
    votes.vote(store, room.code, FIRST, 2, phone, "5")
    assert [votes.vote_of(store, room.code, FIRST, round, phone) for round in (1, 2)] == ["1", "5"]
    with pytest.raises(Closed):
        votes.vote(store, room.code, FIRST, 1, phone, "5")


@pytest.mark.parametrize("change", [{"phase": "talk"}, {"paused": True}, {"activity": SECOND}, {"phase": "result"}])
def test_nothing_is_counted_that_is_not_open(store: Store, room: Room, phone: str, change: screens.Changes) -> None:
    screens.present(store, room.code, **change)
    with pytest.raises(Closed, match=r"Wait for the presenter\."):
        votes.vote(store, room.code, FIRST, 1, phone, "5")
    with pytest.raises(Closed):
        votes.mark(store, room.code, "sheet/dog", phone, [1])
    assert votes.tally(store, room.code, FIRST, 1).total == 0


def test_a_phone_of_one_room_does_not_vote_in_another(store: Store, room: Room, phone: str) -> None:
    other = rooms.open_room(store, deck="imageability").code
    screens.present(store, other, activity=FIRST, phase="open")
    with pytest.raises(UnknownToken):
        votes.vote(store, other, FIRST, 1, phone, "5")


def test_hands_are_counted_beside_phones_and_counted_anew(store: Store, room: Room, phone: str) -> None:
    votes.vote(store, room.code, FIRST, 1, phone, "5")
    votes.count_hands(store, room.code, FIRST, 1, {"1": 9, "2": 1})
    votes.count_hands(store, room.code, FIRST, 1, {"1": 3, "5": 4})
    tally = votes.tally(store, room.code, FIRST, 1)
    assert tally.hands == {"1": 3, "2": 0, "3": 0, "4": 0, "5": 4}
    assert tally.total == 8
    assert tally.told == tally.hands  # one phone beside hands that everybody saw would be no secret


def test_pictures_are_counted_by_the_pages_on_which_they_were_marked(
    store: Store, room: Room, phones: list[str]
) -> None:
    screens.present(store, room.code, activity="sheet/dog", phase="open")
    votes.mark(store, room.code, "sheet/dog", phones[0], [7, 9])
    votes.mark(store, room.code, "sheet/dog", phones[0], {0, 24})  # thought better of it
    votes.mark(store, room.code, "sheet/dog", phones[1], [24, 24])
    votes.mark(store, room.code, "sheet/dog", phones[2], [])
    (marks,) = votes.marks(store, room.code)
    assert (marks.sheet, marks.pages) == ("sheet/dog", 3)
    assert marks.marked == (1, *[0] * 23, 2)
    assert votes.marks_of(store, room.code, "sheet/dog", phones[0]) == {0, 24}
    assert votes.marks_of(store, room.code, "sheet/dog", phones[2]) == set()
    assert votes.marks_of(store, room.code, "sheet/dog", phones[3]) is None


def test_counted_hands_have_the_screens_drawn_anew(store: Store, room: Room) -> None:
    before = screens.present(store, room.code, activity=FIRST, phase="result")
    votes.count_hands(store, room.code, FIRST, 1, {"1": 7})
    after = screens.stage(store, room.code)
    assert after == replace(before, version=before.version + 1)
