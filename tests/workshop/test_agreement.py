"""Agreement beyond chance, against the examples that Krippendorff worked out himself (2011)."""

from collections import Counter

import pytest

from explainer.workshop import agreement, questions

# "Computing Krippendorff's Alpha-Reliability", section C: four observers, twelve units, missing data.
UNITS = ("111", "2232", "3333", "3333", "2222", "1234", "4444", "1121", "2222", "555", "11", "3")


def rows(units: tuple[str, ...], values: str) -> list[list[int]]:
    return [[Counter(unit)[value] for value in values] for unit in units]


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("ordinal", 0.815)])
def test_missing_votes_are_left_out_as_in_the_published_example(level: questions.Level, published: float) -> None:
    assert agreement.alpha(rows(UNITS, "12345"), level) == pytest.approx(published, abs=0.0005)


def test_two_observers_and_two_values_as_in_the_published_example() -> None:
    meg, owen = "0100000010", "1110010000"
    units = tuple(map("".join, zip(meg, owen, strict=True)))
    assert agreement.alpha(rows(units, "01"), "nominal") == pytest.approx(0.095, abs=0.0005)


def test_two_observers_and_five_values_as_in_the_published_example() -> None:
    ben, gerry = "aabbdcccedda", "babbbccceddd"
    units = tuple(map("".join, zip(ben, gerry, strict=True)))
    assert agreement.alpha(rows(units, "abcde"), "nominal") == pytest.approx(0.692, abs=0.0005)


@pytest.mark.parametrize("units", [(), ("111",), ("1", "2"), ("12", "3"), ("11", "11"), ("11", "", "")])
def test_nothing_is_said_of_too_few_units_or_of_one_value_everywhere(units: tuple[str, ...]) -> None:
    assert agreement.alpha(rows(units, "123"), "nominal") is None


def test_full_agreement_on_different_answers_is_one() -> None:
    deck = questions.DECKS["imageability"]
    assert agreement.of_votes(deck, [{"1": 5}, {"5": 5}]) == 1


def test_ratings_that_are_near_agree_more_than_ratings_that_are_far() -> None:
    deck = questions.DECKS["imageability"]
    near, far = ([{"1": 4, other: 1}, {"5": 5}, {"3": 5}] for other in ("2", "5"))
    assert agreement.of_votes(deck, near) > agreement.of_votes(deck, far)


def test_who_is_not_sure_takes_no_side() -> None:
    deck = questions.DECKS["safety"]
    sure = [{"safe": 3, "offensive": 1}, {"offensive": 4}]
    unsure = [{"safe": 3, "offensive": 1, "unsure": 7}, {"offensive": 4, "unsure": 2}]
    assert agreement.of_votes(deck, sure) == agreement.of_votes(deck, unsure)


def test_a_page_of_pictures_is_laid_beside_its_own_truth() -> None:
    sight = agreement.of_marks(4, [4, 2, 1, 0], showing={0, 1})  # 6 of 8 and 1 of 8 marks
    assert (sight.seen, sight.mistaken) == (6 / 8, 1 / 8)


def test_haste_that_scatters_the_marks_lowers_agreement() -> None:
    hasty, calm = (agreement.of_marks(4, marked, showing={0, 1}) for marked in ([2, 3, 2, 1], [4, 4, 0, 0]))
    assert calm.alpha == 1
    assert hasty.alpha < 0.5


def test_nothing_is_said_where_no_page_was_handed_in() -> None:
    assert agreement.of_marks(0, [0] * 48, showing={0}) == agreement.Sight(0, None, None, None)
    assert agreement.of_marks(2, [0] * 48, showing=()).seen is None
