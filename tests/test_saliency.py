"""Explanations: by hand on a tiny network, then true of the real one."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from explainer import cards, faces, photos, saliency, samples, vocabularies
from explainer.cards import Transform
from explainer.classifiers import Classifier
from explainer.people import PeopleHead
from explainer.saliency import METHODS, Target

FEW_STEPS = {"integrated-gradients": {"steps": 6, "steps_at_once": 3}}


# A network that can be worked out on paper


class Tiny(nn.Module):
    """Of 2 x 2 pixels: mean red + 2 mean green + 5; and the product of the upper two pixels' reds."""

    def __init__(self) -> None:
        super().__init__()
        self.map = nn.Identity()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        means = self.map(inputs).mean(dim=(2, 3))
        product = inputs[:, 0, 0, 0] * inputs[:, 0, 0, 1]
        return torch.stack([means[:, 0] + 2 * means[:, 1] + 5, product], dim=1)


@pytest.fixture
def tiny() -> Classifier:
    """It sees a channel's value, 0 to 255, as it is."""
    card = dataclasses.replace(
        cards.load(), grad_cam_layer="map", transform=Transform(side=2, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    )
    return Classifier(card, Tiny().eval(), ("mean", "product"))


DOUBLE = PeopleHead(nn.Sequential(nn.Threshold(-1e9, 0.0), nn.Linear(2, 1, bias=False)), ("person",))
DOUBLE.module[1].weight.data.fill_(2.0)


@pytest.fixture
def four_pixels() -> Image.Image:
    """Upper row: red 4, red 6 with green 8; below: black, and green 12."""
    picture = Image.new("RGB", (2, 2))
    picture.putdata([(4, 0, 0), (6, 8, 0), (0, 0, 0), (0, 12, 0)])
    return picture


def test_integrated_gradients_of_a_sum_are_its_terms(tiny: Classifier, four_pixels: Image.Image) -> None:
    found = saliency.explain(tiny, DOUBLE, four_pixels, Target("object", "mean"), "integrated-gradients")
    assert found.values.tolist() == pytest.approx(np.array([[4 / 4, (6 + 2 * 8) / 4], [0, 2 * 12 / 4]]), abs=1e-4)
    assert found.delta == pytest.approx(0, abs=1e-4)


def test_integrated_gradients_share_a_product_in_halves(tiny: Classifier, four_pixels: Image.Image) -> None:
    found = saliency.explain(tiny, DOUBLE, four_pixels, Target("object", "product"), "integrated-gradients")
    assert found.values.tolist() == pytest.approx(np.array([[4 * 6 / 2, 4 * 6 / 2], [0, 0]]), abs=1e-4)
    assert found.delta == pytest.approx(0, abs=1e-4)


def test_integrated_gradients_reach_through_the_head(tiny: Classifier, four_pixels: Image.Image) -> None:
    found = saliency.explain(tiny, DOUBLE, four_pixels, Target("person", "person"), "integrated-gradients")
    assert found.values.tolist() == pytest.approx(np.array([[2 * (1 + 12), 2 * (5.5 + 12)], [0, 2 * 6]]), abs=1e-3)


def test_grad_cam_weighs_the_map_by_the_mean_gradient(tiny: Classifier, four_pixels: Image.Image) -> None:
    found = saliency.explain(tiny, DOUBLE, four_pixels, Target("object", "mean"), "grad-cam")
    # The mean's gradient is 1/4 for red and 2/4 for green at every pixel.
    assert found.values.tolist() == pytest.approx(np.array([[4 / 4, 6 / 4 + 2 * 8 / 4], [0, 2 * 12 / 4]]), abs=1e-5)
    assert found.delta is None


# The real network


@pytest.fixture(scope="module")
def crop() -> Image.Image:
    return faces.crop(samples.read("astronaut"), None)


def outputs(
    classifier: Classifier, head: PeopleHead, pictures: list[Image.Image]
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Wnids and raw outputs for each kind of target; the last row is for the baseline."""
    inputs = classifier.standardise(torch.from_numpy(classifier.to_pixels(pictures)))
    with torch.no_grad():
        logits = classifier.module(torch.cat([inputs, torch.zeros_like(inputs[:1])]))
        return {"object": (classifier.wnids, logits.numpy()), "person": (head.wnids, head.module(logits).numpy())}


def best(classifier: Classifier, head: PeopleHead, crop: Image.Image, kind: str, n: int = 1) -> list[Target]:
    wnids, scores = outputs(classifier, head, [crop])[kind]
    return [Target(kind, label.wnid) for label in vocabularies.top(scores[0], wnids, n)]


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_grad_cam_shares_out_the_logit_less_its_bias(name: str, classifier: Classifier, head: PeopleHead) -> None:
    picture = faces.crop(samples.read(name), None)
    (target,) = best(classifier, head, picture, "object")
    index = classifier.wnids.index(target.wnid)
    logit = outputs(classifier, head, [picture])["object"][1][0, index]
    bias = classifier.module.get_classifier().bias[index].item()
    found = saliency.explain(classifier, head, picture, target, "grad-cam")
    assert found.values.sum() == pytest.approx(logit - bias, abs=1e-3)


@pytest.mark.parametrize("kind", ["object", "person"])
def test_the_delta_is_what_the_sum_misses(
    kind: str, classifier: Classifier, head: PeopleHead, crop: Image.Image
) -> None:
    wnids, scores = outputs(classifier, head, [crop])[kind]
    (target,) = best(classifier, head, crop, kind)
    change = np.subtract(*scores[:, wnids.index(target.wnid)])
    found = saliency.explain(
        classifier, head, crop, target, "integrated-gradients", settings=FEW_STEPS["integrated-gradients"]
    )
    assert found.delta == pytest.approx(found.values.sum() - change, abs=1e-3)


@pytest.mark.parametrize("kind", ["object", "person"])
def test_of_the_change_from_grey_to_a_clear_portrait_little_is_missed(
    kind: str, classifier: Classifier, head: PeopleHead, photos_folder: Path
) -> None:
    # Not so on every photo: where the first of the steps decide, 100 of them miss much, and the delta says it.
    portrait = faces.crop(photos.read_file(photos_folder / "grace_hopper.jpg"), None)
    wnids, scores = outputs(classifier, head, [portrait])[kind]
    (target,) = best(classifier, head, portrait, kind)
    change = np.subtract(*scores[:, wnids.index(target.wnid)])
    found = saliency.explain(
        classifier, head, portrait, target, "integrated-gradients", settings={"steps": 100, "steps_at_once": 10}
    )
    assert found.delta is not None
    assert abs(found.delta) < 0.05 * abs(change)


@pytest.mark.parametrize("kind", ["object", "person"])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_explains_every_kind_of_label(
    method: str, kind: str, classifier: Classifier, head: PeopleHead, crop: Image.Image
) -> None:
    def explained(target: Target) -> saliency.Attribution:
        return saliency.explain(classifier, head, crop, target, method, settings=FEW_STEPS.get(method))

    first, second = best(classifier, head, crop, kind, 2)
    found = explained(first)
    assert (found.method, found.target) == (method, first)
    assert found.values.dtype == np.float32
    assert found.values.shape == {"grad-cam": (7, 7), "integrated-gradients": (224, 224)}[method]
    assert np.isfinite(found.values).all()
    assert found.values.min() < 0 < found.values.max()
    assert np.allclose(explained(first).values, found.values, atol=1e-6)
    assert not np.allclose(explained(second).values, found.values, atol=1e-3 * np.abs(found.values).max())
    assert hooks(classifier.module) == []


# Being asked, watched and stopped


def hooks(module: nn.Module) -> list[str]:
    """The parts of a module on which a hook was left."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return [name for name, part in module.named_modules() for kind in kinds if getattr(part, kind)]


@pytest.mark.parametrize("method", METHODS)
def test_progress_grows_to_1(method: str, tiny: Classifier, four_pixels: Image.Image) -> None:
    for settings in ({}, {"steps": 7, "steps_at_once": 3}, {"steps": 2, "steps_at_once": 5}):
        heard: list[float] = []
        saliency.explain(tiny, DOUBLE, four_pixels, Target("object", "mean"), method, heard.append, settings)
        assert heard == sorted(heard)
        assert heard[0] > 0
        assert heard[-1] == 1
        assert heard.count(1) == 1  # not at its end before it is


class Stopped(Exception):
    """Nobody waits any more."""


@pytest.mark.parametrize("method", METHODS)
def test_what_progress_raises_ends_the_work_and_leaves_no_hook(
    method: str, classifier: Classifier, head: PeopleHead, crop: Image.Image
) -> None:
    def stop(fraction: float) -> None:
        raise Stopped

    (target,) = best(classifier, head, crop, "object")
    with pytest.raises(Stopped):
        saliency.explain(classifier, head, crop, target, method, stop)
    assert hooks(classifier.module) == []


def test_an_unknown_method_is_a_key_error(tiny: Classifier, four_pixels: Image.Image) -> None:
    with pytest.raises(KeyError, match="tea-leaves"):
        saliency.explain(tiny, DOUBLE, four_pixels, Target("object", "mean"), "tea-leaves")


@pytest.mark.parametrize(
    "target", [Target("object", "person"), Target("person", "mean"), Target("object", "n99999999")]
)
def test_a_label_that_the_model_never_gives_cannot_be_explained(
    target: Target, tiny: Classifier, four_pixels: Image.Image
) -> None:
    with pytest.raises(ValueError, match="not in"):
        saliency.explain(tiny, DOUBLE, four_pixels, target)
