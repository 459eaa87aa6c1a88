"""How far two maps mark the same places, as the eye sees them: as they are drawn, not pixel by pixel."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 224
"""Pixels along a side at which maps are compared; coarser ones are scaled up as for drawing."""

CELLS = 14
"""Cells along a side, of 16 x 16 pixels: about what can be told apart in a drawn map."""

TOP = 0.1
"""The share of the cells that count as the brightest."""

_BRIGHTEST = 99  # the percentile from which on values are drawn in the same brightest colour


def as_drawn(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """What is seen of a map: its positive part, clipped at the brightest colour, as the mean of each cell, 0 to 1."""
    pixels = cv2.resize(np.maximum(values, 0), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    brightest = float(np.percentile(pixels, _BRIGHTEST)) or float(pixels.max())
    seen = np.clip(pixels / brightest, 0, 1) if brightest > 0 else pixels
    return cv2.resize(seen, (CELLS, CELLS), interpolation=cv2.INTER_AREA).astype(np.float64)


def correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The linear correlation of two maps as drawn, -1 to 1; NaN where one of them is the same everywhere.

    Of the measures for comparing maps of what is salient, Bylinskii et al. (TPAMI 2019, arXiv 1604.03605) recommend
    this one, on blurred maps, for it treats false marks and missing ones alike. The rank correlation of single pixels
    measures the noise of their signs.
    """
    first, second = as_drawn(one).ravel(), as_drawn(other).ravel()
    first, second = first - first.mean(), second - second.mean()
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / length if length > 1e-12 else math.nan


def overlap(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The share of their brightest cells that two maps have in common, 0 to 1; by chance about TOP.

    This is the top-k agreement of features in Krishna et al. (2022, arXiv 2202.01602). NaN where one of the maps is the
    same everywhere.
    """
    first, second = as_drawn(one).ravel(), as_drawn(other).ravel()
    if np.ptp(first) < 1e-12 or np.ptp(second) < 1e-12:
        return math.nan
    number = round(TOP * first.size)
    tops = [set(np.argsort(-cells, kind="stable")[:number].tolist()) for cells in (first, second)]
    return len(tops[0] & tops[1]) / number
