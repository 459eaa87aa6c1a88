"""Whether maps are true of a network: by hand on a tiny one, then of the real one on the sample pictures."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_networks import DOUBLE, MEAN, PRODUCT, Tiny, classifier_of, picture_of

from explainer.attribution import explain, faithfulness
from explainer.attribution.explain import Attribution, Target
from explainer.attribution.faithfulness import Claim
from explainer.attribution.question import BASELINES
from explainer.vision import faces, pipeline, samples
from explainer.vision.classifiers import Classifier
from explainer.vision.people import PeopleHead
from explainer.vision.pipeline import Reader


def attribution_of(values: Any, target: Target = MEAN) -> Attribution:
    return Attribution(np.array(values, dtype=np.float32), "input-x-gradient", target, 0.0, None, {})


# Worked out on paper


@pytest.fixture
def small() -> Classifier:
    return classifier_of(Tiny())


@pytest.fixture
def four_pixels() -> Image.Image:
    """What each brings to the output: 1 and 5.5 in the upper row, 0 and 6 below."""
    return picture_of((4, 0), (6, 8), (0, 0), (0, 12))


TERMS = [[1, 5.5], [0, 6]]


def test_pixels_go_in_the_order_of_the_map(small: Classifier, four_pixels: Image.Image) -> None:
    found = faithfulness.curves(
        Claim(small, DOUBLE, four_pixels, attribution_of(TERMS, Target("person", "person"))), steps=4
    )
    deletion = next(curve for curve in found if (curve.direction, curve.order) == ("deletion", "map"))
    assert deletion.shares.tolist() == [0, 1 / 4, 2 / 4, 3 / 4, 1]
    # Twice the mean, 5 + 12.5 with all four, and the product, 24; 6, 5.5 with its red, 1 and 0 go, in this order.
    assert deletion.outputs.tolist() == pytest.approx([83, 71, 12, 10, 10])
    assert deletion.area == pytest.approx((83 / 2 + 71 + 12 + 10 + 10 / 2) / 4)


def test_pixels_come_in_the_same_order(small: Classifier, four_pixels: Image.Image) -> None:
    found = faithfulness.curves(
        Claim(small, DOUBLE, four_pixels, attribution_of(TERMS, Target("person", "person"))), steps=4
    )
    insertion = next(curve for curve in found if (curve.direction, curve.order) == ("insertion", "map"))
    blurred = np.asarray(BASELINES["blurred"](small, four_pixels))[0]
    empty = (blurred[0] + 2 * blurred[1]) / 4
    came = [6 - empty[1, 1], 5.5 - empty[0, 1], 1 - empty[0, 0], 0 - empty[1, 0]]
    left, right = blurred[0, 0]
    products = np.array([left * right, left * right, left * 6, 4 * 6, 4 * 6])
    expected = 2 * (5 + empty.sum() + np.cumsum([0, *came]) + products)
    assert insertion.outputs.tolist() == pytest.approx(expected.tolist())


def test_of_an_object_the_curve_is_its_probability(small: Classifier, four_pixels: Image.Image) -> None:
    found = faithfulness.curves(Claim(small, DOUBLE, four_pixels, attribution_of(TERMS)), steps=4)
    deletion = next(curve for curve in found if (curve.direction, curve.order) == ("deletion", "map"))
    # Without the last pixel the logits are 11.5 and still 24; without the second as well 6 and 0.
    shares = [1 / (1 + math.exp(product - mean)) for mean, product in ((17.5, 24), (11.5, 24), (6, 0), (5, 0), (5, 0))]
    assert deletion.outputs.tolist() == pytest.approx(shares, rel=1e-4)


def test_each_direction_has_each_order_and_the_same_ends(small: Classifier, four_pixels: Image.Image) -> None:
    heard: list[float] = []
    found = faithfulness.curves(Claim(small, DOUBLE, four_pixels, attribution_of(TERMS)), heard.append, steps=4)
    assert len({(curve.direction, curve.order) for curve in found}) == len(found) == 6
    for direction in ("insertion", "deletion"):
        ends = {tuple(curve.outputs[[0, -1]].round(5)) for curve in found if curve.direction == direction}
        assert len(ends) == 1
    assert heard == sorted(heard)
    assert heard[-1] == 1
    assert heard.count(1) == 1


def test_a_map_that_foretells_each_change_has_no_infidelity(small: Classifier, four_pixels: Image.Image) -> None:
    def found(values: Any) -> faithfulness.Infidelity:
        return faithfulness.infidelity(Claim(small, DOUBLE, four_pixels, attribution_of(values)))

    true, scaled, other = found(TERMS), found(np.array(TERMS) * 7), found([[0, 0], [1, 0]])
    assert true.value == pytest.approx(0, abs=1e-4)
    assert true.share == pytest.approx(0, abs=1e-4)
    assert scaled.share == pytest.approx(0, abs=1e-4)
    # What is foretold for the one pixel that brings nothing leaves what others bring unsaid.
    assert 0.1 < other.share <= 1
    assert other.share == pytest.approx(other.value / found(np.zeros((2, 2))).value)


def test_a_map_of_zeros_foretells_nothing(small: Classifier, four_pixels: Image.Image) -> None:
    heard: list[float] = []
    found = faithfulness.infidelity(
        Claim(small, DOUBLE, four_pixels, attribution_of(np.zeros((2, 2)))), heard.append, samples=20
    )
    assert found.share == 1
    assert heard == sorted(heard)
    assert heard[-1] == 1
    assert heard.count(1) == 1


def test_a_gradient_that_is_the_same_everywhere_is_not_sensitive(small: Classifier, four_pixels: Image.Image) -> None:
    heard: list[float] = []
    given = explain.explain(small, DOUBLE, four_pixels, MEAN, "saliency")
    found = faithfulness.max_sensitivity(Claim(small, DOUBLE, four_pixels, given), heard.append)
    assert found.value == pytest.approx(0, abs=1e-6)
    assert heard == sorted(heard)
    assert heard[-1] == 1


def test_sensitivity_is_the_furthest_that_the_map_moves(small: Classifier) -> None:
    # The gradient of the product at 100, 100 is (100, 100, 0, 0); noise of up to 3 moves it by up to 3 of 100.
    picture = picture_of((100, 0), (100, 0), (0, 0), (0, 0))
    given = explain.explain(small, DOUBLE, picture, PRODUCT, "saliency")
    few, many = (
        faithfulness.max_sensitivity(Claim(small, DOUBLE, picture, given), samples=samples).value for samples in (1, 40)
    )
    assert few <= many
    assert 0.02 < many <= 0.03 + 1e-6


def test_maps_correlate_by_the_order_of_their_values() -> None:
    rising = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert faithfulness.rank_correlation(rising, rising**3) == pytest.approx(1)
    assert faithfulness.rank_correlation(rising, -rising) == pytest.approx(-1)


def test_an_upside_down_map_explains_nothing(small: Classifier, four_pixels: Image.Image) -> None:
    upside_down = attribution_of(-np.array(TERMS))
    assert faithfulness.infidelity(Claim(small, DOUBLE, four_pixels, upside_down)).share == 1


def test_infidelity_is_captums_where_the_factor_is_positive(small: Classifier, four_pixels: Image.Image) -> None:
    from captum.metrics import infidelity

    given, draw = attribution_of([[1, 2], [3, 4]]), np.random.default_rng(0)
    question = explain.question(small, DOUBLE, four_pixels, MEAN, {"baseline": "mean"})

    def hide(masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        squares = torch.zeros_like(masks)
        for square in squares:
            size = int(draw.integers(1, 2))
            top, left = draw.integers(2 - size + 1, size=2)
            square[:, top : top + size, left : left + size] = 1
        return squares, masks - squares

    theirs = infidelity(
        question.output_of_masks(),
        hide,
        question.shown,
        torch.from_numpy(given.values)[None, None],
        n_perturb_samples=64,
        max_examples_per_batch=8,
        normalize=True,
    )
    assert faithfulness.infidelity(Claim(small, DOUBLE, four_pixels, given)).value == pytest.approx(float(theirs))


def test_where_nothing_changes_there_is_nothing_to_measure(small: Classifier) -> None:
    """Black is the mean colour here: hiding any part of it changes nothing."""
    wall = picture_of((0, 0), (0, 0), (0, 0), (0, 0))
    given = explain.explain(small, DOUBLE, wall, MEAN, "occlusion", settings={"window": 1, "stride": 1})
    assert given.finding == "nothing"
    claim = Claim(small, DOUBLE, wall, given)
    assert math.isnan(faithfulness.infidelity(claim).share)
    assert math.isnan(faithfulness.max_sensitivity(claim).value)


def test_rounding_errors_do_not_correlate() -> None:
    rounding = np.random.default_rng(0).normal(0, 1e-13, (2, 2, 4, 4)).astype(np.float32)
    one, other = (
        Attribution(values, "lime", MEAN, 0.0, None, {}, floor=1e-6) for values in (rounding[0, 0], rounding[0, 1])
    )
    assert math.isnan(faithfulness.similarity(one, other))


def test_a_coarse_map_agrees_with_itself_in_fine() -> None:
    coarse = np.random.default_rng(0).random((7, 7), dtype=np.float32)
    assert faithfulness.rank_correlation(coarse, faithfulness.to_pixels(coarse, 224)) == pytest.approx(1)


def test_with_a_constant_map_there_is_no_correlation() -> None:
    assert math.isnan(faithfulness.rank_correlation(np.zeros((4, 4), np.float32), np.eye(4, dtype=np.float32)))


# The real network


def likeliest(classifier: Classifier, crop: Image.Image) -> Target:
    with torch.no_grad():
        return Target("object", classifier.wnids[int(classifier.module(classifier.to_inputs([crop])).argmax())])


@pytest.fixture(scope="module")
def crop() -> Image.Image:
    return faces.crop(samples.read("cat"), None)


WIDE = {"window": 64, "stride": 32}


@pytest.fixture(scope="module")
def ahead(reader: Reader) -> dict[tuple[str, str], list[float]]:
    """By method and direction: by how much area a map beats a random order, for two labels of each sample picture.

    Coarser than in the app: along four steps, against two random orders.
    """
    found: dict[tuple[str, str], list[float]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faithfulness, "_ORDERS", 2)
        _collect(found, reader)
    return found


def _collect(found: dict[tuple[str, str], list[float]], reader: Reader) -> None:
    for seed, name in enumerate(samples.SAMPLES):
        picture = faces.crop(samples.read(name), None)
        (reading,) = pipeline.label(reader, [picture], [None])
        for label in reading.objects(2):
            for method, settings in (("integrated-gradients", {"steps": 6}), ("occlusion", WIDE)):
                target = Target("object", label.wnid)
                given = explain.explain(reader.classifier, reader.head, picture, target, method, settings=settings)
                drawn = faithfulness.curves(Claim(reader.classifier, reader.head, picture, given), steps=4, seed=seed)
                area = {(curve.direction, curve.order): curve.area for curve in drawn}
                for direction, better in (("insertion", 1), ("deletion", -1)):
                    by = better * (area[direction, "map"] - area[direction, "random"])
                    found.setdefault((method, direction), []).append(by)


@pytest.mark.parametrize("method", ["integrated-gradients", "occlusion"])
@pytest.mark.parametrize("direction", ["insertion", "deletion"])
@pytest.mark.slow
def test_on_the_mean_over_pictures_and_labels_maps_beat_chance(
    method: str, direction: str, ahead: dict[tuple[str, str], list[float]]
) -> None:
    """The mean over ten pairs of a picture and a label.

    What cannot be held: that Integrated Gradients brings a label back sooner than chance for nearly every pair. It does
    for six of the ten, with more steps for four, and one picture carries the mean.
    """
    by = ahead[method, direction]
    assert len(by) == 10
    assert np.mean(by) > 0.02


@pytest.mark.parametrize(
    ("method", "direction"),
    [("integrated-gradients", "deletion"), ("occlusion", "insertion"), ("occlusion", "deletion")],
)
@pytest.mark.slow
def test_over_pictures_and_labels_maps_beat_chance_more_often_than_a_coin_would(
    method: str, direction: str, ahead: dict[tuple[str, str], list[float]]
) -> None:
    # Of ten, a coin gives eight or more once in eighteen times.
    assert sum(each > 0 for each in ahead[method, direction]) >= 8


def falling(
    classifier: Classifier, head: PeopleHead, crop: Image.Image, method: str
) -> dict[str, faithfulness.Randomised]:
    given = explain.explain(classifier, head, crop, likeliest(classifier, crop), method)
    heard: list[float] = []
    found = faithfulness.randomisation(Claim(classifier, head, crop, given), heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(1)
    return {entry.stage: entry for entry in found}


@pytest.mark.slow
def test_guided_backprop_hardly_notices_that_the_top_of_the_network_is_gone(
    classifier: Classifier, head: PeopleHead, crop: Image.Image
) -> None:
    found = falling(classifier, head, crop, "guided-backprop")
    assert all(found[stage].correlation > 0.9 for stage in ("classifier", "conv_head", "blocks.6"))


@pytest.mark.slow
def test_grad_cam_falls_with_what_the_network_has_learned(
    classifier: Classifier, head: PeopleHead, crop: Image.Image
) -> None:
    found = falling(classifier, head, crop, "grad-cam")
    assert len(found) == 10
    assert all(entry.correlation < 0.5 for entry in found.values())
    assert all(np.isfinite(entry.attribution.values).all() for entry in found.values())


@pytest.mark.slow
def test_the_network_itself_stays_as_it_was(classifier: Classifier, head: PeopleHead, crop: Image.Image) -> None:
    given = explain.explain(classifier, head, crop, likeliest(classifier, crop), "grad-cam")
    faithfulness.randomisation(Claim(classifier, head, crop, given))
    again = explain.explain(classifier, head, crop, given.target, "grad-cam")
    assert np.array_equal(again.values, given.values)


class Stopped(Exception):
    """Nobody waits any more."""


@pytest.mark.slow
@pytest.mark.parametrize("check", ["curves", "infidelity", "max_sensitivity", "randomisation"])
def test_what_progress_raises_ends_the_check(
    check: str, classifier: Classifier, head: PeopleHead, crop: Image.Image
) -> None:
    def stop(fraction: float) -> None:
        raise Stopped

    given = explain.explain(classifier, head, crop, likeliest(classifier, crop), "grad-cam")
    with pytest.raises(Stopped):
        getattr(faithfulness, check)(Claim(classifier, head, crop, given), stop)
