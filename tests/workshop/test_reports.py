"""What is reported."""

import csv
import io

import sentinels

from explainer.imagenet.taxonomy import Taxonomy
from explainer.workshop import record, reports
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store

KEPT, NOT_IMAGEABLE, SENSITIVE, OFFENSIVE = "n10142747", "n09787534", "n10142391", "n10401331"


def test_reports_are_counted_once_for_each_who_made_them(store: Store, room: Room, phones: list[str]) -> None:
    for phone in (phones[0], phones[0], phones[1]):
        reports.flag(store, room.code, phone, OFFENSIVE, "insult")
    reports.flag(store, room.code, phones[0], OFFENSIVE, "outdated")
    reports.flag(store, room.code, phones[0], KEPT, "unseen")
    assert reports.flags(store, room.code) == (
        reports.Flag(OFFENSIVE, "insult", 2),
        reports.Flag(KEPT, "unseen", 1),
        reports.Flag(OFFENSIVE, "outdated", 1),
    )


def test_the_presenters_list_masks_what_offends(
    store: Store, room: Room, phone: str, tree: Taxonomy, planted: None
) -> None:
    for wnid in (KEPT, SENSITIVE, OFFENSIVE):
        reports.flag(store, room.code, phone, wnid, "insult")
    text = record.flags_csv(record.record(store, room.code))
    assert sentinels.found(text) == {sentinels.lemma(tree[SENSITIVE])}
    header, *rows = csv.reader(io.StringIO(text))
    assert header == ["wnid", "words", "status", "reason", "reports"]
    assert [OFFENSIVE, "[covered: offensive]", "offensive", "It insults people", "fewer than 5"] in rows
