"""Sentences built from data say what the data say."""

import pytest

from explainer.ui import sentences


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (98, "98th"), (1_331, "1,331st")],
)
def test_places_are_written_as_ordinals(number: int, words: str) -> None:
    assert sentences.ordinal(number) == words


def test_a_true_word_stands_behind_others_or_is_missing() -> None:
    assert "puts **1,330 other words** first" in sentences.true_word("astronaut", 1_331, 2_832)
    assert "puts **1 other word** first" in sentences.true_word("astronaut", 2, 2_832)
    assert "puts it first" in sentences.true_word("astronaut", 1, 2_832)
    assert sentences.true_word("photographer", None, 2_832).startswith("ImageNet has no word *photographer*.")


def test_a_change_is_told_by_both_words_and_the_place_of_the_old_one() -> None:
    assert sentences.headline("a", "b", 98, 2_832) == "**a** → **b**; the old word is now 98th of 2,832"
    assert sentences.headline("a", "a", 1, 2_832) == "**a** stays first"


def test_each_release_is_told_by_its_year_and_by_what_it_no_longer_has() -> None:
    assert sentences.answers([("2011", "**a**", 0), ("2019", "**b**", 1), ("2021", "**c**", 1_005)]) == (
        "In 2011: **a**.  \nIn 2019: **b**. The closer word is gone.  \nIn 2021: **c**. The 1,005 closer words are "
        "gone.  \nRemoving words changed the answer. The machine still answers."
    )
    same = sentences.answers([("2011", "**a**", 0), ("2019", "**a**", 0), ("2021", "**a**", 0)])
    assert same.startswith("In 2011: **a**.  \nIn 2019: the same.  \nIn 2021: the same.")
    assert same.endswith("The first word was never removed, so here the removal changed nothing.")


def test_what_a_category_holds_is_counted_in_the_singular_too() -> None:
    said = sentences.extent(5, 1, 1_000, ["Fall 2011"])
    assert said == "5 images of its own. 1 subcategory with 1,000 images. It is in 1 release of ImageNet: Fall 2011."
    assert (
        sentences.extent(None, 2, 30, [])
        == "A WordNet heading, not an ImageNet category. 2 subcategories with 30 images."
    )


def test_covered_words_are_counted() -> None:
    assert sentences.covered(1).startswith("1 covered word")
    assert sentences.covered(1_200).startswith("1,200 covered words")


def test_what_went_of_the_nearest_words_stands_beside_what_went_of_any() -> None:
    assert sentences.removal(8, 0, 4, 0.5625) == (
        "Of these 8 words, none went in 2019, as offensive or sensitive, and 4 by 2021, as hard to picture. "
        "Of 8 words picked at random, 4 or 5 would have gone in 2019."
    )
    assert sentences.removal(5, 3, 1, 0.5625).endswith("Of 5 words picked at random, about 3 would have gone in 2019.")


def test_between_two_words_of_a_ladder_the_removed_are_counted() -> None:
    assert sentences.gap(1, 1) == "1 more word, removed"
    assert sentences.gap(4, 4) == "4 more words, all removed"
    assert sentences.gap(4, 3) == "4 more words, 3 of them removed"
    assert sentences.gap(4, 0) == "4 more words, none removed"


def test_the_sentence_for_a_masked_word_holds_no_word() -> None:
    assert "{" not in sentences.COVERED_PLACE
    assert sentences.no_such_word([]) == "ImageNet has no such word for people."
