"""The decks, the published record, and what is said of a room beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainer.imagenet import masked_words
from explainer.imagenet.masked_words import Context
from explainer.imagenet.taxonomy import Taxonomy
from explainer.workshop import errors, questions
from explainer.workshop.questions import DECKS

GRANDMOTHER, GRANDFATHER, PARROT = "n10142747", "n10142391", "n10401331"
IMAGEABILITY, SAFETY = DECKS["imageability"], DECKS["safety"]


def test_the_first_deck_asks_for_no_slur_and_shows_all_of_its_words(tree: Taxonomy) -> None:
    assert next(iter(DECKS)) == "safety"
    assert all(masked_words.caption(wnid, Context.TREE_FILE).gloss for wnid in SAFETY.wnids(masks_locked=True))
    assert "offensive" not in [tree[wnid].safety for wnid in SAFETY.wnids(masks_locked=True)]
    assert SAFETY.wnids(masks_locked=True)[:2] == (GRANDMOTHER, GRANDFATHER)


def test_the_deck_of_what_can_be_seen_goes_from_what_nobody_can_see_to_what_everybody_can(tree: Taxonomy) -> None:
    ratings = [tree[wnid].imageability for wnid in IMAGEABILITY.wnids()]
    assert {int(rating * 2) for rating in ratings} == set(range(2, 11))
    assert {tree[wnid].safety for wnid in IMAGEABILITY.wnids()} == {"safe", "sensitive"}  # grandfather alone
    assert sum(rating >= 4 for rating in ratings) >= 4
    assert sum(rating < 4 for rating in ratings) >= 4


@pytest.mark.parametrize("deck", DECKS.values(), ids=lambda deck: deck.name)
def test_no_deck_votes_on_somebody_by_name_or_asks_twice(deck: questions.Deck) -> None:
    assert not {"n11100798", "n11242849", "n11346873"} & set(deck.wnids())
    assert len(set(deck.wnids())) == len(deck.wnids())


def test_the_three_senses_of_baron_have_three_records(tree: Taxonomy) -> None:
    barons = [wnid for wnid in SAFETY.wnids() if "baron" in tree[wnid].lemmas]
    records = [(record.safety, record.imageability) for record in map(questions.published, barons)]
    assert records == [("safe", 3.1111), ("sensitive", 2.4762), ("safe", 1.0)]


def test_grandmother_was_kept_and_grandfather_removed_though_both_are_easily_seen() -> None:
    for deck in DECKS.values():
        assert {GRANDMOTHER, GRANDFATHER} <= set(deck.wnids())
    assert questions.published(GRANDMOTHER) == questions.Published(GRANDMOTHER, "safe", 5.0, "kept")
    assert questions.published(GRANDFATHER) == questions.Published(GRANDFATHER, "sensitive", 5.0, "sensitive")


def test_a_question_is_known_by_its_key() -> None:
    for deck in DECKS.values():
        assert [questions.question(key).key for key in deck.questions()] == list(deck.questions())
        assert [questions.question(key).wnid for key in deck.questions()] == list(deck.wnids())


@given(st.text(st.characters(codec=None)) | st.sampled_from(["imageability/n10401331", "safety/<b>", "imageability/"]))
def test_no_other_text_is_a_question(key: str) -> None:
    with pytest.raises(errors.UnknownQuestion):
        questions.question(key)


@pytest.mark.parametrize(
    ("counts", "median"),
    [({}, None), ({"3": 1}, 3), ({"1": 2, "5": 1}, 1), ({"2": 1, "5": 1}, 3.5), ({"1": 1, "4": 2, "5": 1}, 4)],
)
def test_the_median_is_the_middle_answer(counts: dict[str, int], median: float | None) -> None:
    assert questions.median(counts) == median


@pytest.mark.parametrize(
    ("key", "counts", "outcome"),
    [
        (f"imageability/{GRANDMOTHER}", {"5": 3, "4": 2}, "same"),  # 5.0 on record
        (f"imageability/{GRANDMOTHER}", {"4": 5}, "same"),
        (f"imageability/{GRANDMOTHER}", {"3": 1, "4": 1}, "different"),  # 3.5 would not have been kept
        ("imageability/n09787534", {"5": 9}, "different"),  # ambassador: 1.0 on record
        ("imageability/n09787534", {"2": 9}, "same"),
        ("imageability/n09787534", {"2": 0}, None),
        (f"safety/{GRANDFATHER}", {"sensitive": 3, "safe": 2}, "same"),
        (f"safety/{GRANDFATHER}", {"sensitive": 1, "safe": 2}, "different"),
        (f"safety/{GRANDFATHER}", {"sensitive": 2, "safe": 2}, "undecided"),
        (f"safety/{GRANDFATHER}", {"none": 4, "sensitive": 2}, "different"),
        (f"safety/{GRANDFATHER}", {}, None),
        (f"safety/{GRANDFATHER}", {"unsure": 9, "sensitive": 2}, "same"),  # "not sure" judges nothing
        (f"safety/{GRANDFATHER}", {"unsure": 2, "sensitive": 2}, "same"),
        (f"safety/{GRANDFATHER}", {"unsure": 9}, None),
        (f"safety/{PARROT}", {"offensive": 1}, "same"),
    ],
)
def test_a_room_decides_the_same_or_different(key: str, counts: dict[str, int], outcome: str | None) -> None:
    assert questions.compare(questions.question(key), counts) == outcome
