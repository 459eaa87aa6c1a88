"""Explanations: by hand on tiny networks, then true of the real one."""

import dataclasses
import itertools
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import captum.attr
import numpy as np
import pytest
import torch
from captum._utils.models.linear_model import SkLearnRidge
from explaining import SHORT, best, hooks, outputs
from PIL import Image
from tiny_networks import DOUBLE, MEAN, PRODUCT, Rectifying, Tiny, classifier_of, picture_of
from torch import nn

from explainer.attribution import explain, networks, question
from explainer.attribution.explain import METHODS, MethodError, MethodFailed, Target
from explainer.attribution.methods.lime import likeness
from explainer.attribution.question import BASELINES, Answer, Question
from explainer.vision import faces, photos, samples
from explainer.vision.cards import Transform
from explainer.vision.classifiers import Classifier
from explainer.vision.people import PeopleHead

# What the model that comes with the app cannot do: its ReLU6 is none of the layers that DeepLift has rules for.
WORKING = [name for name in METHODS if name not in ("deeplift", "legrad")]


# Worked out on paper


@pytest.fixture
def small() -> Classifier:
    return classifier_of(Tiny())


@pytest.fixture
def four_pixels() -> Image.Image:
    """Upper row: red 4, red 6 with green 8; below: black, and green 12."""
    return picture_of((4, 0), (6, 8), (0, 0), (0, 12))


@pytest.fixture
def at_the_bends() -> Image.Image:
    """3 red - green is 4 and -1 in the upper row, 7 and -8 below; green is 2 and 4, 2 and 8."""
    return picture_of((2, 2), (1, 4), (3, 2), (0, 8))


def explained(classifier: Classifier, picture: Image.Image, target: Target, method: str, **settings: Any) -> np.ndarray:
    return explain.explain(classifier, DOUBLE, picture, target, method, settings=settings).values


def expected(*rows: tuple[float, float]) -> Any:
    return pytest.approx(np.array(rows), abs=1e-4)


def test_saliency_is_the_gradient(small: Classifier, four_pixels: Image.Image) -> None:
    assert explained(small, four_pixels, MEAN, "saliency").tolist() == expected((3 / 4, 3 / 4), (3 / 4, 3 / 4))
    assert explained(small, four_pixels, PRODUCT, "saliency").tolist() == expected((6, 4), (0, 0))


def test_input_x_gradient_is_the_term_of_a_sum_and_the_whole_of_a_product(
    small: Classifier, four_pixels: Image.Image
) -> None:
    assert explained(small, four_pixels, MEAN, "input-x-gradient").tolist() == expected((4 / 4, 22 / 4), (0, 24 / 4))
    assert explained(small, four_pixels, PRODUCT, "input-x-gradient").tolist() == expected((24, 24), (0, 0))


def test_smoothgrad_is_the_gradient_where_that_is_constant_or_noise_evens_out(
    small: Classifier, four_pixels: Image.Image
) -> None:
    assert explained(small, four_pixels, MEAN, "smoothgrad").tolist() == expected((3 / 4, 3 / 4), (3 / 4, 3 / 4))
    # The noise is a tenth of 12: 1.2, and a twentieth of it in the mean of 400.
    found = explained(small, four_pixels, PRODUCT, "smoothgrad", samples=400, noise=0.1, at_once=100)
    assert found.tolist() == pytest.approx(np.array([[6, 4], [0, 0]]), abs=0.25)
    assert found[0, 0] != 6


def test_gradient_shap_is_complete_in_expectation(small: Classifier, four_pixels: Image.Image) -> None:
    found = explain.explain(
        small,
        DOUBLE,
        four_pixels,
        PRODUCT,
        "gradient-shap",
        settings={"samples": 4_000, "noise": 0.0, "at_once": 1_000},
    )
    # Of the three baselines two are black here; out of focus, all pixels have nearly the same red.
    red = np.asarray(small.to_inputs([four_pixels]))[0, 0]
    blurred = np.asarray(BASELINES["blurred"](small, four_pixels))[0, 0]
    change = float(red[0, 0] * red[0, 1] - blurred[0, 0] * blurred[0, 1] / 3)
    assert found.values.sum() == pytest.approx(change, rel=0.05)
    assert found.delta == pytest.approx(0, abs=0.05 * change)
    assert found.values[1].tolist() == [0, 0]


def test_the_gradient_ends_where_a_rectifier_is_shut_or_full(at_the_bends: Image.Image) -> None:
    found = explained(classifier_of(Rectifying(nn.ReLU6)), at_the_bends, MEAN, "saliency")
    # Open are both rectifiers of the first pixel, (3 - 1) - 1, and those of green, -1, but for the last one's 8.
    assert found.tolist() == expected(((2 - 1) / 4, -1 / 4), (-1 / 4, 0))


def test_guided_backprop_passes_what_is_positive_and_open(at_the_bends: Image.Image) -> None:
    found = explained(classifier_of(Rectifying(nn.ReLU6)), at_the_bends, MEAN, "guided-backprop")
    # Green's rectifiers get -1 and pass nothing; of the others only the first pixel's is open and not full.
    assert found.tolist() == expected(((3 - 1) / 4, 0), (0, 0))


def test_deconvolution_passes_what_is_positive_also_where_shut(at_the_bends: Image.Image) -> None:
    found = explained(classifier_of(Rectifying(nn.ReLU6)), at_the_bends, MEAN, "deconvolution")
    assert found.tolist() == expected(((3 - 1) / 4, (3 - 1) / 4), (0, (3 - 1) / 4))


def test_guided_grad_cam_is_the_product_of_the_two(at_the_bends: Image.Image) -> None:
    found = explained(classifier_of(Rectifying(nn.ReLU6)), at_the_bends, MEAN, "guided-grad-cam")
    # Grad-CAM: (4 - 2)/4 for the first pixel, where Guided Backprop is 2/4; that is 0 elsewhere.
    assert found.tolist() == expected(((4 - 2) / 4 * 2 / 4, 0), (0, 0))


def test_deeplift_shares_out_the_whole_change(at_the_bends: Image.Image) -> None:
    classifier = classifier_of(Rectifying(nn.ReLU, bias=-1.0))
    found = explain.explain(classifier, DOUBLE, at_the_bends, MEAN, "deeplift")
    # Against black, where 3 red - green - 1 is -1 and shut: 3, 0, 6 and 0 come through, less green.
    assert found.values.tolist() == expected(((3 - 2) / 4, (0 - 4) / 4), ((6 - 2) / 4, (0 - 8) / 4))
    assert found.delta == pytest.approx(0, abs=1e-5)


def test_integrated_gradients_of_a_sum_are_its_terms(small: Classifier, four_pixels: Image.Image) -> None:
    found = explain.explain(small, DOUBLE, four_pixels, MEAN, "integrated-gradients")
    assert found.values.tolist() == pytest.approx(np.array([[4 / 4, (6 + 2 * 8) / 4], [0, 2 * 12 / 4]]), abs=1e-4)
    assert found.delta == pytest.approx(0, abs=1e-4)


def test_integrated_gradients_share_a_product_in_halves(small: Classifier, four_pixels: Image.Image) -> None:
    found = explain.explain(small, DOUBLE, four_pixels, PRODUCT, "integrated-gradients")
    assert found.values.tolist() == pytest.approx(np.array([[4 * 6 / 2, 4 * 6 / 2], [0, 0]]), abs=1e-4)
    assert found.delta == pytest.approx(0, abs=1e-4)


def test_integrated_gradients_reach_through_the_head(small: Classifier, four_pixels: Image.Image) -> None:
    found = explain.explain(small, DOUBLE, four_pixels, Target("person", "person"), "integrated-gradients")
    assert found.values.tolist() == pytest.approx(np.array([[2 * (1 + 12), 2 * (5.5 + 12)], [0, 2 * 6]]), abs=1e-3)


def test_grad_cam_weighs_the_map_by_the_mean_gradient(small: Classifier, four_pixels: Image.Image) -> None:
    found = explain.explain(small, DOUBLE, four_pixels, MEAN, "grad-cam")
    # The mean's gradient is 1/4 for red and 2/4 for green at every pixel.
    assert found.values.tolist() == pytest.approx(np.array([[4 / 4, 6 / 4 + 2 * 8 / 4], [0, 2 * 12 / 4]]), abs=1e-5)
    assert found.delta is None


@pytest.mark.parametrize(("baseline", "red"), [("mean", 1), ("black", -1)])
def test_integrated_gradients_start_from_the_baseline(baseline: str, red: float, four_pixels: Image.Image) -> None:
    classifier = classifier_of(Tiny())
    card = dataclasses.replace(classifier.card, transform=Transform(side=2, mean=(2.0, 0.0, 0.0), std=(2.0, 1.0, 1.0)))
    found = explained(
        dataclasses.replace(classifier, card=card), four_pixels, MEAN, "integrated-gradients", baseline=baseline
    )
    # The first pixel's red of 4 goes in as 1, black as -1 and the mean as 0.
    assert found[0, 0] == pytest.approx((1 - min(red, 0)) / 4)


def test_occlusion_is_the_change_where_a_window_is_hidden(small: Classifier, four_pixels: Image.Image) -> None:
    one = {"window": 1, "stride": 1}
    assert explained(small, four_pixels, MEAN, "occlusion", **one).tolist() == expected((4 / 4, 22 / 4), (0, 24 / 4))
    assert explained(small, four_pixels, PRODUCT, "occlusion", **one).tolist() == expected((24, 24), (0, 0))


def fitted_to_all(outputs: Callable[[tuple[int, ...]], float]) -> np.ndarray:
    """The weights of four regions in a linear model of all 16 pictures, which LIME draws from."""
    kept = list(itertools.product((0, 1), repeat=4))
    weight = np.array([math.exp(-8 * (1 - math.sqrt(sum(regions) / 4)) ** 2) for regions in kept]) ** 0.5
    design = np.column_stack([np.array(kept), np.ones(16)]) * weight[:, None]
    return np.linalg.lstsq(design, np.array([outputs(regions) for regions in kept]) * weight)[0][:4]


@pytest.mark.parametrize(
    ("method", "terms", "shares"),
    [
        ("feature-ablation", (4 / 4, 22 / 4, 0, 24 / 4), (24, 24, 0, 0)),
        ("kernel-shap", (4 / 4, 22 / 4, 0, 24 / 4), (12, 12, 0, 0)),
        ("lime", (4 / 4, 22 / 4, 0, 24 / 4), fitted_to_all(lambda kept: 24 * kept[0] * kept[1])),
    ],
)
def test_what_hides_regions_gives_each_its_share(
    method: str, terms: tuple[float, ...], shares: tuple[float, ...], four_pixels: Image.Image
) -> None:
    side = 16
    classifier, picture = classifier_of(Tiny(), side), four_pixels.resize((side, side), Image.Resampling.NEAREST)
    near = 0.01 if method == "feature-ablation" else 1.5  # which pictures are drawn is chance
    for target, values in ((MEAN, terms), (PRODUCT, shares)):
        found = explained(classifier, picture, target, method, segments=4)
        assert found.shape == (side, side)
        quarters = found[::8, ::8]
        assert np.array_equal(found, np.kron(quarters, np.ones((8, 8))))
        assert quarters.flatten().tolist() == pytest.approx(list(values), abs=near)


def test_against_another_label_a_sum_loses_the_others_terms(small: Classifier, four_pixels: Image.Image) -> None:
    found = explained(small, four_pixels, Target("object", "mean", against="product"), "integrated-gradients")
    assert found.tolist() == expected((4 / 4 - 12, 22 / 4 - 12), (0, 24 / 4))


def test_a_method_is_offered_where_it_works() -> None:
    gradients = {"saliency", "input-x-gradient", "smoothgrad", "integrated-gradients", "gradient-shap", "grad-cam"}
    hiding = {"occlusion", "feature-ablation", "lime", "kernel-shap"}
    rectifiers = {"guided-backprop", "deconvolution", "guided-grad-cam"}
    offered = {
        rectifier: set(explain.offered(classifier_of(Rectifying(rectifier)), DOUBLE, "object"))
        for rectifier in (nn.ReLU, nn.ReLU6, nn.SiLU)
    }
    assert offered[nn.ReLU] == gradients | hiding | rectifiers | {"deeplift"}
    assert offered[nn.ReLU6] == gradients | hiding | rectifiers
    assert offered[nn.SiLU] == gradients | hiding


def test_a_method_that_does_not_work_with_a_model_says_what_it_needs(four_pixels: Image.Image) -> None:
    with pytest.raises(MethodError, match="Guided Backprop does not work with EfficientNet-Lite0: it needs rectifiers"):
        explained(classifier_of(Rectifying(nn.SiLU)), four_pixels, MEAN, "guided-backprop")


# Pictures of which there is little to say


@pytest.mark.parametrize("method", ["kernel-shap", "lime", "feature-ablation"])
def test_a_picture_of_one_region_has_an_even_map(method: str) -> None:
    side = 16
    wall = picture_of((9, 0), (9, 0), (9, 0), (9, 0), side=side)
    found = explain.explain(classifier_of(Tiny(), side), DOUBLE, wall, MEAN, method, settings={"segments": 1})
    assert found.finding == "even"
    if method != "lime":  # whose ridge shrinks the one weight
        assert found.values == pytest.approx(np.full((side, side), 9.0), abs=1e-4)


@pytest.mark.parametrize(
    ("values", "finding"),
    [
        ([[0, 0], [0, 0]], "nothing"),
        ([[1e-9, -1e-9], [0, 0]], "nothing"),
        ([[2, 2], [2, 2]], "even"),
        ([[-1, -2], [0, -3]], "against"),
        ([[-1, 2], [0, 0]], "for"),
    ],
)
@pytest.mark.parametrize("method", ["occlusion", "integrated-gradients"])
def test_what_a_map_shows(values: list[list[float]], finding: str, method: str) -> None:
    given = explain.Attribution(np.array(values, np.float32), method, MEAN, 0.0, None, {}, floor=1e-6)
    assert given.finding == finding


@pytest.mark.parametrize("error", [RuntimeError, ValueError, AssertionError, IndexError])
def test_a_method_that_breaks_says_so_in_a_sentence(
    error: type[Exception], small: Classifier, four_pixels: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(question: Any) -> Any:
        raise error("inside")

    monkeypatch.setitem(METHODS, "saliency", dataclasses.replace(METHODS["saliency"], compute=breaks))
    with pytest.raises(MethodFailed, match="Saliency could make nothing of this picture"):
        explained(small, four_pixels, MEAN, "saliency")


def test_a_map_with_values_that_are_no_numbers_is_never_handed_on(
    small: Classifier, four_pixels: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = dataclasses.replace(
        METHODS["saliency"], compute=lambda question: (torch.full((1, 1, 2, 2), math.nan), None)
    )
    monkeypatch.setitem(METHODS, "saliency", broken)
    with pytest.raises(MethodFailed, match="no numbers"):
        explained(small, four_pixels, MEAN, "saliency")


# The real network


@pytest.fixture(scope="module")
def crop() -> Image.Image:
    return faces.crop(samples.read("astronaut"), None)


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_grad_cam_shares_out_the_logit_less_its_bias(name: str, classifier: Classifier, head: PeopleHead) -> None:
    picture = faces.crop(samples.read(name), None)
    (target,) = best(classifier, head, picture, "object")
    index = classifier.wnids.index(target.wnid)
    logit = outputs(classifier, head, [picture])["object"][1][0, index]
    bias = classifier.module.get_classifier().bias[index].item()
    found = explain.explain(classifier, head, picture, target, "grad-cam")
    assert found.values.sum() == pytest.approx(logit - bias, abs=1e-3)


@pytest.mark.parametrize("kind", ["object", "person"])
def test_the_delta_is_what_the_sum_misses(
    kind: str, classifier: Classifier, head: PeopleHead, crop: Image.Image
) -> None:
    wnids, scores = outputs(classifier, head, [crop])[kind]
    (target,) = best(classifier, head, crop, kind)
    change = np.subtract(*scores[:, wnids.index(target.wnid)])
    found = explain.explain(
        classifier, head, crop, target, "integrated-gradients", settings=SHORT["integrated-gradients"]
    )
    assert found.delta == pytest.approx(found.values.sum() - change, abs=1e-3)


@pytest.mark.parametrize("kind", ["object", "person"])
@pytest.mark.slow
def test_of_the_change_from_grey_to_a_clear_portrait_little_is_missed(
    kind: str, classifier: Classifier, head: PeopleHead, photos_folder: Path
) -> None:
    # Not so on every photo: where the first of the steps decide, 100 of them miss much, and the delta says it.
    portrait = faces.crop(photos.read_file(photos_folder / "grace_hopper.jpg"), None)
    wnids, scores = outputs(classifier, head, [portrait])[kind]
    (target,) = best(classifier, head, portrait, kind)
    change = np.subtract(*scores[:, wnids.index(target.wnid)])
    found = explain.explain(
        classifier, head, portrait, target, "integrated-gradients", settings={"steps": 100, "at_once": 10}
    )
    assert found.delta is not None
    assert abs(found.delta) < 0.05 * abs(change)


@pytest.mark.parametrize("kind", ["object", "person"])
def test_all_but_deeplift_and_legrad_work_with_the_model_that_comes_with_the_app(
    kind: str, classifier: Classifier, head: PeopleHead
) -> None:
    assert list(explain.offered(classifier, head, kind)) == WORKING


@pytest.mark.parametrize("kind", ["object", "person"])
@pytest.mark.parametrize("method", WORKING)
@pytest.mark.slow
def test_every_method_explains_every_kind_of_label(
    method: str, kind: str, classifier: Classifier, head: PeopleHead, crop: Image.Image
) -> None:
    def explained(target: Target) -> explain.Attribution:
        return explain.explain(classifier, head, crop, target, method, settings=SHORT.get(method))

    first, second = best(classifier, head, crop, kind, 2)
    found = explained(first)
    assert (found.method, found.target) == (method, first)
    assert found.settings == {**METHODS[method].settings, **SHORT.get(method, {})}
    assert found.values.dtype == np.float32
    assert found.values.shape == ((7, 7) if method == "grad-cam" else (224, 224))
    assert np.isfinite(found.values).all()
    assert found.values.min() < found.values.max()
    assert np.array_equal(explained(first).values, found.values)
    assert not np.allclose(explained(second).values, found.values, atol=1e-3 * np.abs(found.values).max())
    assert hooks(classifier.module) == hooks(networks.rectified(classifier.module)) == []


@pytest.mark.slow
@pytest.mark.parametrize("method", ["grad-cam", "saliency", "feature-ablation"])
def test_against_another_label_a_map_is_the_difference_of_two(
    method: str, classifier: Classifier, head: PeopleHead, crop: Image.Image
) -> None:
    one, other = best(classifier, head, crop, "object", 2)

    def values(target: Target) -> np.ndarray:
        return explain.explain(classifier, head, crop, target, method, settings=SHORT.get(method)).values

    contrast = values(Target("object", one.wnid, against=other.wnid))
    assert np.allclose(contrast, values(one) - values(other), atol=1e-4 * np.abs(contrast).max())


# Against others


@pytest.fixture(scope="module")
def peer(classifier: Classifier, head: PeopleHead, crop: Image.Image) -> tuple[torch.Tensor, int, np.ndarray]:
    """Inputs, the index of the likeliest object, and its Grad-CAM."""
    (target,) = best(classifier, head, crop, "object")
    found = explain.explain(classifier, head, crop, target, "grad-cam")
    return classifier.to_inputs([crop]).requires_grad_(), classifier.wnids.index(target.wnid), found.values


def test_grad_cam_is_that_of_pytorch_grad_cam(
    classifier: Classifier, peer: tuple[torch.Tensor, int, np.ndarray]
) -> None:
    from pytorch_grad_cam import GradCAM

    inputs, index, ours = peer
    with GradCAM(classifier.module, [classifier.grad_cam_layer]) as cam:
        cam.activations_and_grads(inputs)[0, index].backward()
        (activations,), (gradients,) = cam.activations_and_grads.activations, cam.activations_and_grads.gradients
        theirs = cam.get_cam_image(inputs, classifier.grad_cam_layer, [], activations.numpy(), gradients.numpy())
    assert np.abs(theirs[0] - ours).max() < 1e-4


def test_grad_cam_is_that_of_torch_cam(classifier: Classifier, peer: tuple[torch.Tensor, int, np.ndarray]) -> None:
    from torchcam.methods import GradCAM

    inputs, index, ours = peer
    with GradCAM(classifier.module, classifier.grad_cam_layer) as cam:
        (theirs,) = cam(index, classifier.module(inputs), normalized=False)
    assert np.abs(theirs[0].numpy() - np.maximum(ours, 0)).max() < 1e-4


@pytest.mark.parametrize("method", ["occlusion", "feature-ablation", "lime", "kernel-shap"])
@pytest.mark.slow
def test_without_gradients_the_map_is_that_of_the_eager_module(
    method: str, classifier: Classifier, head: PeopleHead, crop: Image.Image
) -> None:
    (target,) = best(classifier, head, crop, "object")
    index = classifier.wnids.index(target.wnid)
    asked = explain.question(classifier, head, crop, target, {**METHODS[method].settings, **SHORT[method]})
    segments = {"feature_mask": asked.segments} if method != "occlusion" else {}
    windows = {"sliding_window_shapes": (3, 64, 64), "strides": (3, 48, 48)} if method == "occlusion" else {}
    number = {"n_samples": 40} if method in ("lime", "kernel-shap") else {}
    theirs = {
        "occlusion": captum.attr.Occlusion(classifier.module),
        "feature-ablation": captum.attr.FeatureAblation(classifier.module),
        "lime": captum.attr.Lime(classifier.module, SkLearnRidge(alpha=1.0), likeness),
        "kernel-shap": captum.attr.KernelShap(classifier.module),
    }[method]
    torch.manual_seed(0)
    with torch.no_grad():
        values = theirs.attribute(asked.inputs, target=index, **segments, **windows, **number)[0, 0].numpy()
    found = explain.explain(classifier, head, crop, target, method, settings=SHORT[method])
    assert np.abs(found.values - values).max() < 1e-3 * np.abs(values).max()


# Being asked, watched and stopped


@pytest.mark.parametrize(("number", "at_once"), [(7, 3), (6, 3), (3, 5)])
@pytest.mark.parametrize("method", [name for name in METHODS if name != "legrad"])  # which needs a transformer
def test_progress_grows_to_1(method: str, number: int, at_once: int, four_pixels: Image.Image) -> None:
    side = 16
    classifier = classifier_of(Rectifying(nn.ReLU), side)
    picture = four_pixels.resize((side, side), Image.Resampling.NEAREST)
    few = {"steps": number, "samples": number, "segments": 4, "window": 2 * number, "stride": 5, "at_once": at_once}
    settings = {name: few[name] for name in METHODS[method].settings if name in few}
    heard: list[float] = []
    explain.explain(classifier, DOUBLE, picture, MEAN, method, heard.append, settings)
    assert heard == sorted(heard)
    assert heard[0] > 0
    assert heard[-1] == 1
    assert heard.count(1) == 1  # not at its end before it is


IN_PARTS = (
    "integrated-gradients",
    "gradient-shap",
    "smoothgrad",
    "occlusion",
    "feature-ablation",
    "lime",
    "kernel-shap",
)


@pytest.mark.parametrize("method", IN_PARTS)
def test_in_parts_a_map_is_the_same_to_the_last_bit_whatever_is_explained_between_them(
    method: str, classifier: Classifier, head: PeopleHead, crop: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {**SHORT[method], "at_once": 2} | ({"samples": 7} if "samples" in SHORT[method] else {})
    asked = (classifier, head, crop, *best(classifier, head, crop, "person"))
    monkeypatch.setattr(question, "_A_TURN", math.inf)
    whole = explain.explain(*asked, method, settings=settings)
    monkeypatch.setattr(question, "_A_TURN", 0)
    heard: list[float] = []
    parts, number, seconds = explain.explain_in_parts(*asked, method, heard.append, settings), 0, time.perf_counter()
    found = None
    while found is None:
        try:
            next(parts)
        except StopIteration as end:
            found = end.value
            break
        number += 1
        if number < 3:
            explain.explain(*asked, "guided-backprop")
            explain.explain(*asked, "smoothgrad", settings={"samples": 2, "seed": 9})
        np.random.random(number)
        torch.rand(number)
        time.sleep(0.05)
    assert number >= 2
    assert found.values.tobytes() == whole.values.tobytes()
    assert (found.delta, found.floor, found.settings) == (whole.delta, whole.floor, whole.settings)
    assert (heard, heard[-1]) == (sorted(heard), 1)
    assert found.seconds < time.perf_counter() - seconds - 0.05 * number  # what others took does not count


def test_maps_that_are_added_up_here_are_captums_to_the_last_bit(
    classifier: Classifier, head: PeopleHead, crop: Image.Image
) -> None:
    (target,) = best(classifier, head, crop, "person")

    def gradients(asked: Question) -> Answer:
        values, delta = captum.attr.IntegratedGradients(asked.output_of_many()).attribute(
            asked.inputs, asked.baseline, n_steps=8, internal_batch_size=3, return_convergence_delta=True
        )
        return values, float(delta)

    def smooth(asked: Question) -> Answer:
        tunnel = captum.attr.NoiseTunnel(captum.attr.Saliency(asked.output_of_many()))
        noisy = {"nt_samples": 8, "nt_samples_batch_size": 3, "stdevs": asked.noise}
        return tunnel.attribute(asked.inputs, **noisy, abs=False), None

    for method, captums in {"integrated-gradients": gradients, "smoothgrad": smooth}.items():
        settings = {**METHODS[method].settings, "steps": 8, "samples": 8, "at_once": 3}
        asked = explain.question(classifier, head, crop, target, settings)
        (ours, delta), (theirs, their_delta) = (
            question.compute(way, asked) for way in (METHODS[method].compute, captums)
        )
        assert ours.numpy().tobytes() == theirs.detach().numpy().tobytes()
        assert delta == their_delta


class Stopped(Exception):
    """Nobody waits any more."""


@pytest.mark.parametrize("method", WORKING)
def test_what_progress_raises_ends_the_work_and_leaves_no_hook(
    method: str, classifier: Classifier, head: PeopleHead, crop: Image.Image
) -> None:
    def stop(fraction: float) -> None:
        raise Stopped

    (target,) = best(classifier, head, crop, "object")
    with pytest.raises(Stopped):
        explain.explain(classifier, head, crop, target, method, stop)
    assert hooks(classifier.module) == hooks(networks.rectified(classifier.module)) == []


def test_deeplift_leaves_no_hook_where_it_is_stopped(four_pixels: Image.Image) -> None:
    classifier = classifier_of(Rectifying(nn.ReLU))

    def stop(fraction: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        explain.explain(classifier, DOUBLE, four_pixels, MEAN, "deeplift", stop)
    assert hooks(classifier.module) == hooks(networks.rectified(classifier.module)) == []


def test_explaining_leaves_the_generators_of_others_alone(small: Classifier, four_pixels: Image.Image) -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    explained(small, four_pixels, PRODUCT, "smoothgrad")
    assert torch.equal(torch.get_rng_state(), before)


def test_another_seed_gives_another_map(small: Classifier, four_pixels: Image.Image) -> None:
    one, other = (explained(small, four_pixels, PRODUCT, "smoothgrad", seed=seed) for seed in (0, 1))
    assert not np.array_equal(one, other)


def test_every_setting_that_changes_a_map_can_be_chosen_and_is_at_first_one_of_the_choices() -> None:
    settings = {(name, value) for method in METHODS.values() for name, value in method.settings.items()}
    settings = {(name, value) for name, value in settings if name != "at_once"}
    assert {name for name, _ in settings} == set(explain.SETTINGS)
    assert all(value in explain.SETTINGS[name].choices for name, value in settings)


@pytest.mark.parametrize("choose", [min, max])
@pytest.mark.slow
def test_windows_reach_each_other_whatever_is_chosen(
    choose: Callable[..., int], classifier: Classifier, head: PeopleHead, crop: Image.Image
) -> None:
    # Captum refuses windows that are moved by more than their size.
    settings = {
        "window": choose(explain.SETTINGS["window"].choices),
        "stride": max(explain.SETTINGS["stride"].choices),
    }
    (target,) = best(classifier, head, crop, "object")
    found = explain.explain(classifier, head, crop, target, "occlusion", settings=settings)
    assert np.isfinite(found.values).all()
    assert np.abs(found.values).max() > 0


def test_an_unknown_setting_is_a_key_error(small: Classifier, four_pixels: Image.Image) -> None:
    with pytest.raises(KeyError, match="Saliency has no setting steps"):
        explained(small, four_pixels, MEAN, "saliency", steps=5)


def test_an_unknown_method_is_a_key_error(small: Classifier, four_pixels: Image.Image) -> None:
    with pytest.raises(KeyError, match="tea-leaves"):
        explain.explain(small, DOUBLE, four_pixels, Target("object", "mean"), "tea-leaves")


@pytest.mark.parametrize(
    "target",
    [
        Target("object", "person"),
        Target("person", "mean"),
        Target("object", "n99999999"),
        Target("object", "mean", against="n99999999"),
    ],
)
def test_a_label_that_the_model_never_gives_cannot_be_explained(
    target: Target, small: Classifier, four_pixels: Image.Image
) -> None:
    with pytest.raises(ValueError, match="not in"):
        explain.explain(small, DOUBLE, four_pixels, target)


def test_a_map_that_is_interrupted_keeps_one_number_of_each_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "_A_TURN", 0.5)
    monkeypatch.setattr(question.time, "monotonic", iter(range(1, 100)).__next__)

    class Asked:
        def output_of_masks(self) -> Callable[[torch.Tensor], torch.Tensor]:
            return lambda masks: torch.zeros(len(masks), 1000)[:, 7]  # one output of all

    def method(output: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        return torch.cat([output(torch.ones(8, 1)) for _ in range(2)])

    parts: Any = question.hiding_in_parts(Asked(), method)  # type: ignore[arg-type]
    next(parts)
    (known,) = parts.gi_frame.f_locals["known"]
    assert known.untyped_storage().nbytes() == 8 * 4
    with pytest.raises(StopIteration):
        next(parts)
