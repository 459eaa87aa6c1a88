"""What is reported."""

import csv
import io

import pytest
import sentinels

from explainer.imagenet.taxonomy import Taxonomy
from explainer.workshop import record, reports
from explainer.workshop.errors import Enough
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store

KEPT, SENSITIVE, OFFENSIVE = "n10142747", "n10142391", "n10401331"


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


def test_a_phone_reports_so_much_and_no_more(
    store: Store, room: Room, phones: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MOST", 2)
    for wnid in (KEPT, SENSITIVE):
        reports.flag(store, room.code, phones[0], wnid, "insult")
    with pytest.raises(Enough):
        reports.flag(store, room.code, phones[0], OFFENSIVE, "insult")
    reports.flag(store, room.code, phones[1], OFFENSIVE, "insult")
    assert len(reports.flags(store, room.code)) == 3


def test_the_presenters_list_masks_what_offends(
    store: Store, room: Room, phone: str, tree: Taxonomy, planted: None
) -> None:
    for wnid in (KEPT, SENSITIVE, OFFENSIVE):
        reports.flag(store, room.code, phone, wnid, "insult")
    text = record.to_csv(record.record(store, room.code))
    assert sentinels.found(text) == {sentinels.lemma(tree[SENSITIVE])}
    row = [f"reported/{OFFENSIVE}", "[covered: offensive]", "", "It insults people", "fewer than 5"]
    assert row in csv.reader(io.StringIO(text))
