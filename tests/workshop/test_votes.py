"""What counts as a vote, and what is counted."""

from dataclasses import replace

import pytest

from explainer.workshop import questions, rooms, votes
from explainer.workshop.questions import DECKS
from explainer.workshop.rooms import BadAnswer, Closed, Room, UnknownToken
from explainer.workshop.store import Store

FIRST, SECOND = DECKS["imageability"].questions[:2]


def test_the_later_vote_of_a_phone_counts(store: Store, room: Room, phones: list[str]) -> None:
    for phone, answer in ((phones[0], "1"), (phones[1], "4"), (phones[0], "5")):
        votes.vote(store, room.code, FIRST, 1, phone, answer)
    assert votes.tally(store, room.code, FIRST, 1).phones == {"1": 0, "2": 0, "3": 0, "4": 1, "5": 1}
    assert votes.vote_of(store, room.code, FIRST, 1, phones[0]) == "5"
    assert votes.vote_of(store, room.code, FIRST, 1, phones[2]) is None


def test_the_second_round_leaves_the_first_as_it_was(store: Store, room: Room, phone: str) -> None:
    votes.vote(store, room.code, FIRST, 1, phone, "1")
    rooms.present(store, room.code, round=2, open=True)
    votes.vote(store, room.code, FIRST, 2, phone, "5")
    assert [votes.vote_of(store, room.code, FIRST, round, phone) for round in (1, 2)] == ["1", "5"]
    with pytest.raises(Closed):
        votes.vote(store, room.code, FIRST, 1, phone, "5")


@pytest.mark.parametrize(
    "change", [{"open": False}, {"paused": True}, {"activity": SECOND, "open": True}, {"round": 2}]
)
def test_nothing_is_counted_that_is_not_open(store: Store, room: Room, phone: str, change: rooms.Changes) -> None:
    rooms.present(store, room.code, **change)
    with pytest.raises(Closed, match=r"Wait for the presenter\."):
        votes.vote(store, room.code, FIRST, 1, phone, "5")
    assert votes.tally(store, room.code, FIRST, 1).total == 0


def test_a_pause_that_ends_lets_votes_in_again(store: Store, room: Room, phone: str) -> None:
    rooms.present(store, room.code, paused=True)
    rooms.present(store, room.code, paused=False)
    votes.vote(store, room.code, FIRST, 1, phone, "5")
    assert votes.tally(store, room.code, FIRST, 1).total == 1


@pytest.mark.parametrize("answer", ["0", "6", "safe", "", "5 "])
def test_an_answer_that_is_on_no_button_is_refused(store: Store, room: Room, phone: str, answer: str) -> None:
    with pytest.raises(BadAnswer, match=r"Choose one of the buttons\."):
        votes.vote(store, room.code, FIRST, 1, phone, answer)


def test_a_phone_of_one_room_does_not_vote_in_another(store: Store, room: Room, phone: str) -> None:
    other = rooms.open_room(store).code
    rooms.present(store, other, activity=FIRST, open=True)
    with pytest.raises(UnknownToken):
        votes.vote(store, other, FIRST, 1, phone, "5")


def test_hands_are_counted_beside_phones_and_counted_anew(store: Store, room: Room, phone: str) -> None:
    votes.vote(store, room.code, FIRST, 1, phone, "5")
    votes.count_hands(store, room.code, FIRST, 1, {"1": 9, "2": 1})
    votes.count_hands(store, room.code, FIRST, 1, {"1": 3, "5": 4})
    tally = votes.tally(store, room.code, FIRST, 1)
    assert tally.hands == {"1": 3, "2": 0, "3": 0, "4": 0, "5": 4}
    assert tally.counts == {"1": 3, "2": 0, "3": 0, "4": 0, "5": 5}
    assert tally.total == 8


def test_a_room_without_phones_decides_by_hands(store: Store, room: Room) -> None:
    votes.count_hands(store, room.code, FIRST, 1, {"5": 12})
    assert votes.rounds(store, room.code) == ((FIRST, 1),)
    assert questions.compare(questions.question(FIRST), votes.tally(store, room.code, FIRST, 1).counts) == "same"


@pytest.mark.parametrize("counts", [{"5": -1}, {"5": 1001}, {"6": 1}])
def test_hands_that_cannot_be_are_refused(store: Store, room: Room, counts: dict[str, int]) -> None:
    votes.count_hands(store, room.code, FIRST, 1, {"5": 2})
    with pytest.raises(BadAnswer):
        votes.count_hands(store, room.code, FIRST, 1, counts)
    assert votes.tally(store, room.code, FIRST, 1).total == 2


def test_pictures_are_counted_by_the_pages_on_which_they_were_marked(
    store: Store, room: Room, phones: list[str]
) -> None:
    rooms.present(store, room.code, activity="sheet/dog", open=True)
    votes.mark(store, room.code, "sheet/dog", phones[0], [7, 9])
    votes.mark(store, room.code, "sheet/dog", phones[0], {0, 47})  # thought better of it
    votes.mark(store, room.code, "sheet/dog", phones[1], [47, 47])
    votes.mark(store, room.code, "sheet/dog", phones[2], [])
    (marks,) = votes.marks(store, room.code)
    assert (marks.sheet, marks.pages) == ("sheet/dog", 3)
    assert marks.marked == (1, *[0] * 46, 2)
    assert votes.marks_of(store, room.code, "sheet/dog", phones[0]) == {0, 47}
    assert votes.marks_of(store, room.code, "sheet/dog", phones[2]) == set()
    assert votes.marks_of(store, room.code, "sheet/dog", phones[3]) is None


@pytest.mark.parametrize("pictures", [[48], [-1], ["1"], [0.5]])
def test_a_picture_that_is_not_on_the_page_is_refused(
    store: Store, room: Room, phone: str, pictures: list[int]
) -> None:
    rooms.present(store, room.code, activity="sheet/dog", open=True)
    with pytest.raises(BadAnswer):
        votes.mark(store, room.code, "sheet/dog", phone, pictures)


def test_a_page_is_taken_only_while_it_is_open(store: Store, room: Room, phone: str) -> None:
    with pytest.raises(Closed):
        votes.mark(store, room.code, "sheet/dog", phone, [1])


def test_counted_hands_have_the_screens_drawn_anew(store: Store, room: Room) -> None:
    before = rooms.present(store, room.code, activity=FIRST, revealed=True)
    votes.count_hands(store, room.code, FIRST, 1, {"1": 7})
    after = rooms.stage(store, room.code)
    assert after == replace(before, version=before.version + 1)
