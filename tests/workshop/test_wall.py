"""What may stand on the wall, and what is reported."""

import csv
import io

import pytest
import sentinels

from explainer.imagenet.taxonomy import Taxonomy
from explainer.vision import samples
from explainer.workshop import record, rooms, talk, votes, wall
from explainer.workshop.rooms import BadAnswer, Closed, Room
from explainer.workshop.store import Store

KEPT, NOT_IMAGEABLE, SENSITIVE, OFFENSIVE = "n10142747", "n09787534", "n10142391", "n10401331"


def test_labels_are_counted_by_what_became_of_them(store: Store, room: Room, phones: list[str]) -> None:
    wall.add(store, room.code, phones[0], [KEPT, SENSITIVE, SENSITIVE])
    wall.add(store, room.code, phones[0], [OFFENSIVE], "astronaut")
    wall.add(store, room.code, phones[1], [NOT_IMAGEABLE, SENSITIVE])
    found = wall.wall(store, room.code)
    assert found.labels == {"kept": 1, "not imageable": 1, "sensitive": 3, "offensive": 1}
    assert found.participants == 2
    assert wall.added(store, room.code, phones[0]) == 4


def test_a_word_stands_on_the_wall_once_five_have_it_and_no_sooner(store: Store, room: Room, phones: list[str]) -> None:
    for picture in samples.SAMPLES:  # one participant's many do not make it common
        wall.add(store, room.code, phones[0], [KEPT], picture)
    for phone in phones[1:4]:
        wall.add(store, room.code, phone, [KEPT])
    assert wall.wall(store, room.code).words == {}
    wall.add(store, room.code, phones[4], [KEPT])
    assert wall.wall(store, room.code).words == {KEPT: 5}
    wall.withdraw(store, room.code, phones[2])
    assert wall.wall(store, room.code).words == {}


@pytest.mark.parametrize("wnid", [NOT_IMAGEABLE, SENSITIVE, OFFENSIVE])
def test_a_removed_word_never_stands_on_the_wall_and_is_not_even_kept(
    store: Store, room: Room, phones: list[str], wnid: str
) -> None:
    for phone in phones:
        wall.add(store, room.code, phone, [wnid])
    assert wall.wall(store, room.code).words == {}
    store.scrub()
    assert wnid.encode() not in store.file.read_bytes()


def test_what_was_added_can_be_withdrawn_even_when_the_room_has_ended(
    store: Store, room: Room, phones: list[str]
) -> None:
    for phone in phones[:2]:
        wall.add(store, room.code, phone, [KEPT, OFFENSIVE])
    rooms.end(store, room.code)
    wall.withdraw(store, room.code, phones[0])
    found = wall.wall(store, room.code)
    assert (found.participants, sum(found.labels.values())) == (1, 2)
    assert wall.added(store, room.code, phones[0]) == 0


def test_no_participant_fills_the_wall_alone(store: Store, room: Room, phone: str) -> None:
    wall.add(store, room.code, phone, [KEPT] * wall.MOST_LABELS)
    with pytest.raises(BadAnswer):
        wall.add(store, room.code, phone, [KEPT], "astronaut")
    assert wall.added(store, room.code, phone) == wall.MOST_LABELS


@pytest.mark.parametrize("picture", ["astronaut", wall.OWN])
def test_a_picture_is_counted_once_for_each_participant_until_it_is_taken_back(
    store: Store, room: Room, phones: list[str], picture: str
) -> None:
    for phone in (phones[0], phones[0], phones[1]):
        wall.add(store, room.code, phone, [KEPT, SENSITIVE], picture)
    assert wall.wall(store, room.code).labels == {"kept": 2, "not imageable": 0, "sensitive": 2, "offensive": 0}
    assert wall.pictures(store, room.code, phones[0]) == {picture}
    wall.withdraw(store, room.code, phones[0])
    assert wall.pictures(store, room.code, phones[0]) == frozenset()
    wall.add(store, room.code, phones[0], [KEPT], picture)
    assert wall.added(store, room.code, phones[0]) == 1


def test_what_is_no_sample_picture_is_not_kept(store: Store, room: Room, phone: str) -> None:
    with pytest.raises(BadAnswer):
        wall.add(store, room.code, phone, [KEPT], "0a4d55a8d778e5022fab701977c5d840")
    assert wall.pictures(store, room.code, phone) == frozenset()


@pytest.mark.parametrize("wnid", ["n02121808", "n00007846", "<b>", ""])
def test_only_person_categories_are_labels(store: Store, room: Room, phone: str, wnid: str) -> None:
    with pytest.raises(BadAnswer):
        wall.add(store, room.code, phone, [KEPT, wnid])
    assert wall.added(store, room.code, phone) == 0


def test_nothing_is_added_or_reported_while_the_room_is_paused(store: Store, room: Room, phone: str) -> None:
    rooms.present(store, room.code, paused=True)
    with pytest.raises(Closed):
        wall.add(store, room.code, phone, [KEPT])
    with pytest.raises(Closed):
        wall.flag(store, room.code, phone, KEPT, "unseen")


def test_labels_an_hour_are_counted_from_when_the_wall_was_first_entered_to_the_end(
    store: Store, room: Room, phone: str
) -> None:
    def pass_by(minutes: float) -> None:
        store.write(
            lambda c: c.execute("UPDATE rooms SET created = created - ?1, walled = walled - ?1", (60 * minutes,))
        )

    assert wall.wall(store, room.code).per_hour is None
    pass_by(45)
    rooms.present(store, room.code, step=talk.load().steps["wall"].name)
    wall.add(store, room.code, phone, [KEPT] * 30)
    assert wall.wall(store, room.code).per_hour is None
    pass_by(20)
    for step in ("why", "wall"):
        rooms.present(store, room.code, step=step)
    pass_by(10)
    rooms.end(store, room.code)
    assert wall.wall(store, room.code).per_hour == pytest.approx(60, rel=0.01)


def test_reports_are_counted_once_for_each_who_made_them(store: Store, room: Room, phones: list[str]) -> None:
    for phone in (phones[0], phones[0], phones[1]):
        wall.flag(store, room.code, phone, OFFENSIVE, "insult")
    wall.flag(store, room.code, phones[0], OFFENSIVE, "outdated")
    wall.flag(store, room.code, phones[0], KEPT, "unseen")
    assert wall.flags(store, room.code) == (
        wall.Flag(OFFENSIVE, "insult", 2),
        wall.Flag(KEPT, "unseen", 1),
        wall.Flag(OFFENSIVE, "outdated", 1),
    )


def test_the_presenters_list_masks_what_offends(
    store: Store, room: Room, phone: str, tree: Taxonomy, planted: None
) -> None:
    for wnid in (KEPT, SENSITIVE, OFFENSIVE):
        wall.flag(store, room.code, phone, wnid, "insult")
    text = record.flags_csv(record.record(store, room.code))
    assert sentinels.found(text) == {sentinels.lemma(tree[SENSITIVE])}
    header, *rows = csv.reader(io.StringIO(text))
    assert header == ["wnid", "words", "status", "reason", "reports"]
    assert [OFFENSIVE, "[masked: offensive]", "offensive", "It insults people", "fewer than 5"] in rows


def test_a_phone_that_votes_adds_nothing_to_the_wall(store: Store, room: Room, phone: str) -> None:
    votes.vote(store, room.code, rooms.stage(store, room.code).activity, 1, phone, "5")
    assert sum(wall.wall(store, room.code).labels.values()) == 0
