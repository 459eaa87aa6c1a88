"""What a room may take away, and a rehearsal, which makes everything up."""

import csv
import io

import pytest

from explainer.workshop import participants, questions, record, rehearsal, reports, rooms, screens, votes
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store

FIRST, SECOND, *_ = questions.DECKS["imageability"].questions()


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def rows(store: Store, room: Room, question: str) -> list[list[str]]:
    return [row[2:] for row in table(record.to_csv(record.record(store, room.code))) if row[0] == question]


def test_the_last_round_is_what_a_room_decided(store: Store, room: Room, phones: list[str]) -> None:
    for phase, answer in (("open", "1"), ("second", "5")):
        screens.present(store, room.code, phase=phase)
        for phone in phones:
            votes.vote(store, room.code, FIRST, screens.stage(store, room.code).round, phone, answer)
    (decision,) = record.record(store, room.code).decisions
    assert [tally.round for tally in decision.tallies] == [1, 2]
    assert questions.compare(decision.question, decision.tallies[0].told) == "different"
    assert decision.outcome == "same"  # 4.8 on record


def test_the_file_says_whose_it_is(store: Store) -> None:
    found = record.record(store, rehearsal.rehearse(store).code)
    said = {row[0]: row[1:] for row in table(record.to_csv(found))[1:6]}
    assert said["room"][0] == f"{found.room.code} (rehearsal: the votes are made up)"
    assert said["date"][0] == found.room.created.astimezone().date().isoformat()
    assert said["deck"][0] == "Safe or sensitive?"
    assert said["data version"][0] == record.data_version()
    assert said["phones that joined"][-1] == str(rehearsal.PHONES)


@pytest.mark.parametrize("people", [1, 4])
def test_what_fewer_than_five_answered_is_in_no_file(store: Store, room: Room, people: int) -> None:
    for phone in [participants.join(store, room.code) for _ in range(people)]:
        votes.vote(store, room.code, FIRST, 1, phone, "5")
        reports.flag(store, room.code, phone, "n10401331", "insult")
    assert rows(store, room, FIRST) == [["1", "", "fewer than 5 answered"]]
    found = record.record(store, room.code)
    assert [flag.count for flag in found.flags] == [people]  # for the presenter's eyes
    assert table(record.to_csv(found))[-1][3:] == ["It insults people", "fewer than 5"]
    assert found.decisions[0].outcome is None


def test_from_five_on_all_counts_are_told_zeros_as_zeros(store: Store, room: Room, phones: list[str]) -> None:
    for phone, answer in zip(phones[:5], "55551", strict=True):
        votes.vote(store, room.code, FIRST, 1, phone, answer)
    assert rows(store, room, FIRST) == [["1", answer, count] for answer, count in zip("12345", "10004", strict=True)]


def test_a_phone_beside_counted_hands_is_no_secret_and_is_left_out(store: Store, room: Room, phones: list[str]) -> None:
    votes.count_hands(store, room.code, FIRST, 1, {"1": 6, "5": 1})
    votes.vote(store, room.code, FIRST, 1, phones[0], "4")
    counts = [["1 (counted hands)", answer, count] for answer, count in zip("12345", "60001", strict=True)]
    assert rows(store, room, FIRST) == counts
    for phone in phones[1:]:
        votes.vote(store, room.code, FIRST, 1, phone, "1")
    assert rows(store, room, FIRST)[0] == ["1 (phones and counted hands)", "1", "11"]
    votes.count_hands(store, room.code, SECOND, 1, {"1": 4})
    assert rows(store, room, SECOND) == [["1", "", "fewer than 5 answered"]]


def test_what_was_decided_on_paper_is_typed_by_the_presenter_and_marked_so(store: Store, room: Room) -> None:
    rooms.keep_paper(store, room.code, "  Only words that people\n chose.  ")
    text = record.to_csv(record.record(store, room.code))
    assert ["decided on paper, typed by the presenter", "Only words that people chose.", "", "", ""] in table(text)


def test_a_rehearsal_is_a_room_with_everything_in_it_and_marked(store: Store) -> None:
    room = rehearsal.rehearse(store)
    assert rooms.find(store, room.code).rehearsal
    found = record.record(store, room.code)
    asked = {decision.question.key for decision in found.decisions}
    assert asked == {*room.questions, *(poll.key for poll in questions.polls().values())}
    assert all(len(decision.tallies) == decision.question.rounds for decision in found.decisions)
    assert found.flags
    assert [marks.pages for marks in found.marks] == [rehearsal.PHONES] * 2
    assert "rehearsal: the votes are made up" in record.to_csv(found)
