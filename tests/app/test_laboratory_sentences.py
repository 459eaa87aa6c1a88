"""What is said of maps and of their checks, without a page."""

import math
from typing import Any

import numpy as np
import pytest

from explainer.attribution import explain
from explainer.attribution.explain import Attribution, Target
from explainer.attribution.faithfulness import Infidelity, Sensitivity
from explainer.attribution.verdicts import CHECKS, Judgement, Outcome, Verdict
from explainer.ui import sentences as page_sentences
from explainer.ui.laboratory import sentences


def judgement(method: str, **outcomes: Outcome) -> Judgement:
    return Judgement(method, tuple(Verdict(name, outcomes.get(name, "passed"), 0.5, 0.1) for name in CHECKS))


def test_what_failed_nothing_is_named_first_and_what_failed_says_why() -> None:
    judged = sentences.ranked(
        [
            judgement("guided-backprop", randomised="failed"),
            judgement("occlusion"),
            judgement("grad-cam", complete="not asked"),
        ]
    )
    assert [each.method for each in judged] == ["occlusion", "grad-cam", "guided-backprop"]
    said = sentences.together(judged, things=False)
    assert said.startswith("On this photo Occlusion and Grad-CAM failed no check; Guided Backprop failed one: ")
    assert "it hardly changes when the network is shuffled, so it draws the picture, not the network" in said
    assert said.endswith("Failing no check is no proof.")


def test_of_words_that_come_from_things_it_is_said() -> None:
    assert "the network saw things, not this word" in sentences.together([judgement("grad-cam")], things=True)


def test_what_could_not_be_decided_is_neither_passed_nor_failed() -> None:
    given = judgement("lime", **dict.fromkeys(CHECKS, "undecided"))
    assert "of LIME too little could be decided" in sentences.together([given], things=False)


@pytest.mark.parametrize("outcomes", [{}, {"steady": "failed"}, {"steady": "undecided"}])
def test_no_sentence_says_true_or_trust(outcomes: dict[str, Outcome]) -> None:
    given = judgement("grad-cam", **outcomes)
    for said in (sentences.together([given], things=True), sentences.rely("musician", [given])):
        assert not {"true", "trust", "trusted", "truth"} & set(said.lower().replace(",", " ").split())


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({}, {}, "**All held up**"),
        ({}, {"steady": "failed"}, "**Only Grad-CAM held up**"),
        ({"steady": "failed"}, {"steady": "failed"}, "**Rely on none of them**"),
    ],
)
def test_whether_to_rely_on_two_maps(first: dict[str, Outcome], second: dict[str, Outcome], said: str) -> None:
    judged = [judgement("grad-cam", **first), judgement("integrated-gradients", **second)]
    assert said in sentences.rely("musician", judged)


def test_why_to_rely_on_a_map_stands_beside_it() -> None:
    judged = [
        judgement("grad-cam", complete="not asked"),
        judgement("integrated-gradients", insertion="failed", road="failed", complete="undecided"),
    ]
    said = sentences.rely("musician", judged)
    assert "Two methods" in said
    assert "**Only Grad-CAM held up**. Failed checks: Grad-CAM none of 5, Integrated Gradients 2 of 6." in said


def test_how_often_maps_held_up_is_counted_over_the_pictures() -> None:
    failed = judgement("integrated-gradients", road="failed")
    pictures = [[judgement("grad-cam"), failed], [judgement("grad-cam", steady="failed"), failed]]
    said = "Maps that held up, of our 2 sample pictures: Grad-CAM 1, Integrated Gradients 0."
    assert sentences.often(pictures).startswith(said)


def test_below_a_map_stands_what_it_failed_first() -> None:
    given = judgement("grad-cam", deletion="failed", steady="failed", complexity="failed", complete="not asked")
    assert page_sentences.held_up(given) == (
        "Grad-CAM is not reliable here: it failed 2 of 5 checks, and a map should fail none. "
        "Covering its brightest spots takes the label away no sooner than covering random ones."
    )
    assert page_sentences.held_up(judgement("occlusion")) == "Occlusion failed no check."


def test_what_could_not_be_decided_is_not_counted_as_passed() -> None:
    given = judgement("grad-cam", deletion="failed", insertion="undecided", road="undecided", complete="not asked")
    assert "it failed 1 of 5 checks" in page_sentences.held_up(given)
    assert "passed" not in page_sentences.held_up(given)


def test_a_cell_has_the_number_and_how_far_it_may_be_off() -> None:
    assert sentences.outcome(Verdict("insertion", "passed", 0.21, 0.05)) == "✓ +0.21 (random ≤ +0.05)"
    assert sentences.outcome(Verdict("steady", "failed", 0.4, 0.125)) == "✗ 0.40 ± 0.12"
    assert sentences.outcome(Verdict("complete", "passed", 0.034)) == "✓ off by 3%"
    assert sentences.outcome(Verdict("road", "undecided")) == "?"
    assert sentences.outcome(Verdict("complexity", "failed", -0.6, 0.1)) == "– -0.60 ± 0.10"


def test_a_check_that_does_not_count_fails_no_map() -> None:
    given = judgement("saliency", complexity="failed")
    assert given.outcome == "passed"
    assert "Saliency failed no check" in sentences.together([given], things=False)


@pytest.mark.parametrize(
    ("correlations", "said"),
    [
        ([0.8, 0.9], "The maps mark much the same places. Correlation 0.80 to 0.90."),
        ([-0.001], "so none of them alone is “the” reason. Correlation 0.00."),
        ([0.1, 0.5], "The maps agree in part"),
        ([math.nan, 0.9], "A map without bright places was left out."),
        ([math.nan], "Nothing can be compared"),
    ],
)
def test_agreement_in_words(correlations: list[float], said: str) -> None:
    assert said in sentences.agree(correlations)


def test_where_nothing_changes_no_number_is_given() -> None:
    assert "nothing to foretell" in sentences.unforetold(Infidelity(0.0, math.nan, 64, 0))
    assert "nothing that noise could move" in sentences.moved(Sensitivity(math.nan, 3, 5, 0))
    given = Attribution(np.zeros((2, 2), np.float32), "deeplift", Target("object", "n1"), 0.0, 0.0, {}, floor=1e-6)
    assert "no part of the picture changes the answer" in (sentences.completeness(given) or "")


def test_a_map_turned_upside_down_is_another_one() -> None:
    assert "another map at once" in sentences.randomised([-0.8, -0.9])
    assert "never notices" in sentences.randomised([0.8, 0.9])
    assert "part of it is the picture" in sentences.randomised([0.8, 0.1, 0.1, 0.0])


def test_no_zero_is_negative() -> None:
    assert "by 0.00, with all gone by 0.00." in sentences.randomised([-0.001, -0.004])
    values = np.array([[0.5, 0.5]], np.float32)
    given = explain.Attribution(values, "integrated-gradients", Target("object", "n1"), 0.0, -0.0, {"steps": 10})
    assert "miss it by 0, 0.0% of it" in (sentences.completeness(given) or "")


@pytest.mark.parametrize(
    ("delta", "settings", "said"),
    [
        (0.02, {"steps": 10}, "should add up to 0.98, and miss it by 0.02, 2.0% of it. The promise is kept."),
        (
            -0.5,
            {"steps": 10},
            "Up to 200 steps more of them may as well widen the gap",
        ),
        (0.5, {"baseline": "mean"}, "100.0% of it. The promise is not kept"),
        (1.0, {"samples": 25}, "miss it by 1, all of it. The promise is not kept"),
    ],
)
def test_completeness_is_judged(delta: float, settings: dict[str, Any], said: str) -> None:
    values = np.full((2, 2), 0.25, np.float32)
    given = explain.Attribution(values, "integrated-gradients", Target("object", "n1"), 0.0, delta, settings)
    assert said in sentences.completeness(given)


def test_of_a_method_that_promises_no_sum_no_completeness_is_asked() -> None:
    given = explain.Attribution(np.ones((2, 2), np.float32), "grad-cam", Target("object", "n1"), 0.0, None, {})
    assert sentences.completeness(given) is None
