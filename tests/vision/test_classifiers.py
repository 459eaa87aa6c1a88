"""A model card becomes a classifier, or a sentence about why not; and what the network is given."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explainer.vision import cards, classifiers, photos, pipeline
from explainer.vision.cards import ClassifierError, Packaged, Transform
from explainer.vision.classifiers import Classifier
from explainer.vision.pipeline import Reader

HALVES = Transform(side=2, mean=(127.0, 127.0, 127.0), std=(128.0, 128.0, 128.0))


def standardised(pixels: list[list[list[list[int]]]], transform: Transform) -> torch.Tensor:
    return classifiers.Standardise(transform)(torch.tensor(pixels, dtype=torch.uint8))


def test_a_pixel_is_standardised_channel_by_channel() -> None:
    plain, top_right = [127, 255, 63], [191, 127, 127]
    values = standardised([[[plain, top_right], [plain, plain]]], HALVES)
    assert values.dtype == torch.float32
    assert values[0].tolist() == [[[0.0, 0.5], [0.0, 0.0]], [[1.0, 0.0], [1.0, 1.0]], [[-0.5, 0.0], [-0.5, -0.5]]]


def test_each_channel_has_its_own_mean_and_deviation() -> None:
    transform = Transform(side=1, mean=(100.0, 110.0, 120.0), std=(1.0, 2.0, 5.0))
    assert standardised([[[[101, 114, 105]]]], transform).ravel().tolist() == [1.0, 2.0, -3.0]


def test_several_crops_make_one_batch_in_their_order(classifier: Classifier) -> None:
    crops = [Image.new("RGB", (224, 224), color) for color in ((1, 2, 3), (4, 5, 6))]
    pixels = classifier.to_pixels(crops)
    assert (pixels.dtype, pixels.shape) == (np.uint8, (2, 224, 224, 3))
    assert pixels[:, 0, 0].tolist() == [[1, 2, 3], [4, 5, 6]]


def test_a_crop_of_another_size_is_refused(classifier: Classifier) -> None:
    with pytest.raises(ValueError, match="224 x 224"):
        classifier.to_pixels([Image.new("RGB", (224, 224)), Image.new("RGB", (224, 223))])


def test_the_classifier_is_frozen_and_in_evaluation_mode(classifier: Classifier) -> None:
    assert not any(module.training for module in classifier.module.modules())
    assert not any(parameter.requires_grad for parameter in classifier.module.parameters())


def test_it_has_a_name_for_each_output(classifier: Classifier) -> None:
    with torch.no_grad():
        logits = classifier.module(torch.zeros(1, 3, 224, 224))
    assert logits.shape == (1, len(classifier.wnids)) == (1, 1_000)


def card_with(weights: Packaged) -> cards.ModelCard:
    return dataclasses.replace(cards.load(), weights=weights)


def test_weights_with_other_bytes_than_the_card_names_are_refused() -> None:
    weights = dataclasses.replace(cards.load().weights, sha256="0" * 64)
    with pytest.raises(
        ClassifierError, match="is not the file that the card of EfficientNet-Lite0 names: it is left as it is"
    ):
        classifiers.load(card_with(weights))


def test_weights_of_another_architecture_are_refused() -> None:
    with pytest.raises(ClassifierError, match="do not fit the architecture"):
        classifiers.load(dataclasses.replace(cards.load(), architecture="tf_efficientnet_lite1"))


def test_weights_that_are_missing_are_named_with_their_package() -> None:
    with pytest.raises(ClassifierError, match="install the package a_package_that_nobody_has"):
        classifiers.load(card_with(Packaged("a_package_that_nobody_has", "weights.pth", "0" * 64)))


@pytest.mark.slow
def test_known_photographs_get_their_known_labels(photos_folder: Path, reader: Reader) -> None:
    files = sorted((photos_folder / "labelled").glob("*.jpg"))
    readings = [pipeline.read(reader, photos.read_file(file), whole=True).readings[0] for file in files]
    right = [reading.objects(1)[0].wnid == file.stem for file, reading in zip(files, readings, strict=True)]
    assert len(right) == 100
    assert sum(right) >= 86
