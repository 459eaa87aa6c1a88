"""Agreement as the eye sees it, on maps whose agreement is known."""

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from explainer.attribution import agreement, faithfulness


def blob(row: float, column: float, width: float = 30.0) -> NDArray[np.float32]:
    rows, columns = np.indices((224, 224))
    found: NDArray[np.float32] = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * width**2))
    return found.astype(np.float32)


def noise(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(224, 224)).astype(np.float32)


BLOB = blob(80, 90)


@pytest.mark.parametrize("of", [BLOB, noise(0), np.random.default_rng(0).random((7, 7), np.float32)])
def test_a_map_agrees_with_itself(of: NDArray[np.float32]) -> None:
    assert agreement.correlation(of, of) == pytest.approx(1)
    assert agreement.overlap(of, of) == 1


def test_how_strong_a_map_is_does_not_count() -> None:
    assert agreement.correlation(BLOB, 1e-6 * BLOB) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("width", [3, 8, 16])
def test_a_map_agrees_with_its_smoothed_self(width: int) -> None:
    grainy = BLOB * np.abs(noise(1))
    smooth = cv2.GaussianBlur(grainy, (0, 0), width)
    assert agreement.correlation(grainy, smooth) > 0.9
    assert agreement.overlap(grainy, smooth) >= 0.6


def test_a_coarse_map_agrees_with_itself_in_fine() -> None:
    coarse = np.random.default_rng(0).random((7, 7), dtype=np.float32)
    assert agreement.correlation(coarse, faithfulness.to_pixels(coarse, 224)) == pytest.approx(1)


@pytest.mark.parametrize("seed", range(5))
def test_no_map_agrees_with_noise(seed: int) -> None:
    assert abs(agreement.correlation(BLOB, noise(seed))) < 0.25
    assert abs(agreement.correlation(noise(seed), noise(seed + 100))) < 0.25
    assert agreement.overlap(noise(seed), noise(seed + 100)) < 0.35


def test_maps_that_mark_the_same_place_agree_though_the_signs_of_their_pixels_are_noise() -> None:
    """What two gradients look like: grains of either sign, more of them where the network looks."""
    one, other = BLOB * noise(2), BLOB * noise(3)
    assert abs(faithfulness.rank_correlation(one, other)) < 0.05
    assert agreement.correlation(one, other) > 0.7


def test_maps_of_different_places_do_not_agree() -> None:
    assert agreement.correlation(blob(50, 50, 20), blob(170, 170, 20)) < 0
    assert agreement.overlap(blob(50, 50, 20), blob(170, 170, 20)) == 0


def test_the_nearer_two_marks_are_the_more_they_agree() -> None:
    found = [agreement.correlation(BLOB, blob(80 + off, 90)) for off in (0, 20, 40, 80)]
    assert found == sorted(found, reverse=True)


def test_what_speaks_against_a_label_is_not_compared() -> None:
    assert agreement.correlation(BLOB, BLOB - 2 * blob(180, 180, 20)) > 0.95


@pytest.mark.parametrize("empty", [np.zeros((7, 7), np.float32), -BLOB, np.ones((224, 224), np.float32)])
def test_with_a_map_without_bright_places_there_is_no_agreement(empty: NDArray[np.float32]) -> None:
    assert math.isnan(agreement.correlation(BLOB, empty))
    assert math.isnan(agreement.overlap(empty, BLOB))
