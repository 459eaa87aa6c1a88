"""A model card becomes a classifier, or a sentence about why not; and what the network is given."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explainer import cards, classifiers, photos, roulette
from explainer.cards import Transform, Weights
from explainer.classifiers import Classifier, ClassifierError
from explainer.roulette import Pipeline

HALVES = Transform(side=2, mean=(127.0, 127.0, 127.0), std=(128.0, 128.0, 128.0))


def test_a_pixel_is_standardised_channel_by_channel() -> None:
    picture = Image.new("RGB", (2, 2), (127, 255, 63))
    picture.putpixel((1, 0), (191, 127, 127))  # top right
    array = classifiers.to_array([picture], HALVES)
    assert array.dtype == np.float32
    assert array.shape == (1, 3, 2, 2)
    assert array[0].tolist() == [[[0.0, 0.5], [0.0, 0.0]], [[1.0, 0.0], [1.0, 1.0]], [[-0.5, 0.0], [-0.5, -0.5]]]


def test_each_channel_has_its_own_mean_and_deviation() -> None:
    transform = Transform(side=1, mean=(100.0, 110.0, 120.0), std=(1.0, 2.0, 5.0))
    array = classifiers.to_array([Image.new("RGB", (1, 1), (101, 114, 105))], transform)
    assert array.ravel().tolist() == [1.0, 2.0, -3.0]


def test_several_crops_make_one_batch_in_their_order() -> None:
    crops = [Image.new("RGB", (2, 2), (value, value, value)) for value in (127, 255)]
    array = classifiers.to_array(crops, HALVES)
    assert array.shape == (2, 3, 2, 2)
    assert [array[0].max(), array[1].min()] == [0.0, 1.0]


def test_a_crop_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="2 x 2"):
        classifiers.to_array([Image.new("RGB", (2, 2)), Image.new("RGB", (2, 3))], HALVES)


def test_the_classifier_is_frozen_and_in_evaluation_mode(classifier: Classifier) -> None:
    assert not any(module.training for module in classifier.module.modules())
    assert not any(parameter.requires_grad for parameter in classifier.module.parameters())


def test_it_has_a_name_for_each_output(classifier: Classifier) -> None:
    with torch.no_grad():
        logits = classifier.module(torch.zeros(1, 3, 224, 224))
    assert logits.shape == (1, len(classifier.wnids)) == (1, 1_000)


def card_with(weights: Weights) -> cards.ModelCard:
    return dataclasses.replace(cards.load(), weights=weights)


def test_weights_with_other_bytes_than_the_card_names_are_refused() -> None:
    weights = dataclasses.replace(cards.load().weights, sha256="0" * 64)
    with pytest.raises(ClassifierError, match="are not the ones its card names; reinstall"):
        classifiers.load(card_with(weights))


def test_weights_of_another_architecture_are_refused() -> None:
    with pytest.raises(ClassifierError, match="do not fit the architecture"):
        classifiers.load(dataclasses.replace(cards.load(), architecture="tf_efficientnet_lite1"))


def test_weights_that_are_missing_are_named_with_their_package() -> None:
    with pytest.raises(ClassifierError, match="install the package a_package_that_nobody_has"):
        classifiers.load(card_with(Weights("a_package_that_nobody_has", "weights.pth", "0" * 64)))


def test_known_photographs_get_their_known_labels(photos_folder: Path, pipeline: Pipeline) -> None:
    files = sorted((photos_folder / "labelled").glob("*.jpg"))
    readings = [roulette.read(pipeline, photos.read_file(file), whole=True).readings[0] for file in files]
    right = [reading.objects(1)[0].wnid == file.stem for file, reading in zip(files, readings, strict=True)]
    assert len(right) == 100
    assert sum(right) >= 86
