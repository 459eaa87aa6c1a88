"""What a room may take away, and a rehearsal, which makes everything up."""

import csv
import io

import pytest
import sentinels

from explainer.imagenet.taxonomy import Taxonomy
from explainer.workshop import questions, record, rehearsal, reports, rooms, votes
from explainer.workshop.questions import DECKS
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store

FIRST, SECOND, *_ = DECKS["imageability"].questions
PARROT = "safety/n10401331"


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_a_room_in_which_nothing_happened_has_an_empty_record(store: Store, room: Room) -> None:
    found = record.record(store, room.code)
    assert (found.room, found.participants, found.decisions, found.marks, found.flags) == (room, 0, (), (), ())


def test_the_last_round_is_what_a_room_decided(store: Store, room: Room, phones: list[str]) -> None:
    for phone in phones:
        votes.vote(store, room.code, FIRST, 1, phone, "1")
    rooms.present(store, room.code, round=2, open=True)
    for phone in phones:
        votes.vote(store, room.code, FIRST, 2, phone, "5")
    (decision,) = record.record(store, room.code).decisions
    assert [tally.round for tally in decision.tallies] == [1, 2]
    assert questions.compare(questions.question(FIRST), decision.tallies[0].counts) == "different"
    assert decision.outcome == "same"  # 4.8 on record


def test_the_file_says_room_date_deck_and_the_version_of_the_data(store: Store, room: Room) -> None:
    said = {row[0]: row[1:] for row in table(record.to_csv(record.record(store, room.code)))}
    assert said["room"][0] == room.code
    assert said["date"][0] == room.created.astimezone().date().isoformat()
    assert said["deck"][0] == "Can it be seen?"
    assert record.data_version() in said["data version"]


def test_both_files_say_whose_they_are(store: Store) -> None:
    found = record.record(store, rehearsal.rehearse(store).code)
    totals, reports = (table(text)[1:7] for text in (record.to_csv(found), record.flags_csv(found)))
    assert reports == totals
    assert reports[0][1] == f"{found.room.code} (rehearsal: the votes are made up)"
    assert reports[1][1] == found.room.created.astimezone().date().isoformat()
    assert table(record.flags_csv(found))[7][0] == found.flags[0].wnid


def test_a_group_below_five_is_hidden_in_the_file(store: Store, room: Room, phones: list[str]) -> None:
    for phone, answer in zip(phones, "555551", strict=True):
        votes.vote(store, room.code, FIRST, 1, phone, answer)
    rows = table(record.to_csv(record.record(store, room.code)))
    counts = {row[3]: row[4] for row in rows if row[0] == FIRST}
    assert counts == {"5": "5"} | dict.fromkeys("1234", "fewer than 5")


@pytest.mark.parametrize(("people", "told"), [(4, "fewer than 5"), (5, "5")])
def test_no_file_holds_a_count_below_five(store: Store, people: int, told: str) -> None:
    room = rooms.open_room(store, "adults")
    rooms.present(store, room.code, activity=FIRST, open=True)
    for phone in [rooms.join(store, room.code) for _ in range(people)]:
        votes.vote(store, room.code, FIRST, 1, phone, "5")
        reports.flag(store, room.code, phone, "n10401331", "insult")
    votes.count_hands(store, room.code, FIRST, 1, {"1": 2})
    found = record.record(store, room.code)
    assert [flag.count for flag in found.flags] == [people]  # for the presenter's eyes
    for text in (record.to_csv(found), record.flags_csv(found)):
        counts = {row[0]: row[4] for row in table(text)[1:]}
        assert counts["participants"] == told
        assert not {"1", "2", "3", "4"} & set(counts.values())
    assert table(record.flags_csv(found))[-1][3:] == ["It insults people", told]


def test_counted_hands_stand_in_the_file_as_what_they_are(store: Store, room: Room, phones: list[str]) -> None:
    votes.count_hands(store, room.code, FIRST, 1, {"1": 6, "5": 1})
    votes.count_hands(store, room.code, SECOND, 1, {"1": 4})
    rows = table(record.to_csv(record.record(store, room.code)))
    counts = {(row[0], row[3]): row[4] for row in rows if row[2] == "1 (counted hands)"}
    assert [counts[FIRST, answer] for answer in "12345"] == ["6", *["fewer than 5"] * 4]
    assert {counts[SECOND, answer] for answer in "12345"} == {"fewer than 5"}
    for phone in phones:
        votes.vote(store, room.code, FIRST, 1, phone, "1")
    rows = table(record.to_csv(record.record(store, room.code)))
    assert [row[4] for row in rows if row[:1] + row[2:3] == [FIRST, "1 (phones and counted hands)"]] == [
        "12",
        *["fewer than 5"] * 4,
    ]


def test_of_a_round_that_fewer_than_five_phones_answered_the_hands_alone_are_told(
    store: Store, room: Room, phones: list[str]
) -> None:
    for phone in phones[:4]:
        votes.vote(store, room.code, FIRST, 1, phone, "1")
    votes.count_hands(store, room.code, FIRST, 1, {"5": 7})
    (decision,) = record.record(store, room.code).decisions
    assert decision.tallies[0].counts == {"1": 0, "2": 0, "3": 0, "4": 0, "5": 7}
    votes.vote(store, room.code, FIRST, 1, phones[4], "1")
    (decision,) = record.record(store, room.code).decisions
    assert decision.tallies[0].counts == {"1": 5, "2": 0, "3": 0, "4": 0, "5": 7}


def test_no_masked_word_is_in_the_file(store: Store, tree: Taxonomy, planted: None) -> None:
    code = rooms.open_room(store, "adults", "safety").code
    rooms.present(store, code, activity=PARROT, open=True)
    for _ in range(6):
        votes.vote(store, code, PARROT, 1, rooms.join(store, code), "safe")
    text = record.to_csv(record.record(store, code))
    assert sentinels.found(text) == set()
    assert [PARROT, "[masked: offensive]", "1", "safe", "6"] in table(text)


def test_a_rehearsal_is_a_room_with_everything_in_it_and_marked(store: Store) -> None:
    room = rehearsal.rehearse(store, sheets={"sheet/dog": range(20)})
    assert rooms.find(store, room.code).rehearsal
    found = record.record(store, room.code)
    assert found.participants == rehearsal.PHONES
    assert [decision.question for decision in found.decisions] == sorted(DECKS["imageability"].questions)
    assert all(len(decision.tallies) == 2 for decision in found.decisions)
    assert found.flags
    assert [(marks.sheet, marks.pages) for marks in found.marks] == [("sheet/dog", rehearsal.PHONES)]
    assert "rehearsal: the votes are made up" in record.to_csv(found)


@pytest.mark.parametrize(("preset", "deck"), [("mixed", "imageability"), ("adults", "safety")])
def test_the_same_seed_makes_up_the_same_votes(store: Store, preset: str, deck: str) -> None:
    same, again, other = (
        record.record(store, rehearsal.rehearse(store, preset, deck, seed=seed).code) for seed in (3, 3, 4)
    )
    assert same.decisions == again.decisions
    assert same.flags == again.flags
    assert same.decisions != other.decisions


def test_a_room_that_was_opened_for_people_is_no_rehearsal(store: Store, room: Room) -> None:
    assert not room.rehearsal
    assert "made up" not in record.to_csv(record.record(store, room.code))
