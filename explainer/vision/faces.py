"""Faces in a photo, and what of the photo the network is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explainer.setup import files
from explainer.vision import openvino
from explainer.vision.photos import Photo

SEARCH_SIDE = 640
"""The longest side, in pixels, of the picture that is searched: below 480, small faces in groups are lost."""

# Left, top, width and height of each face, in pixels of the picture searched.
_Search = Callable[[NDArray[np.uint8]], Sequence[Sequence[float]]]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the upright original; `right` and `bottom` lie just outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.bottom - self.top


@dataclass(frozen=True)
class Detector:
    """A face detector, ready: `search` takes a picture, uint8 (height, width, 3) in RGB order.

    It may keep state between calls, so only one thread at a time may use it.
    """

    name: Literal["yunet", "haar"]
    search: _Search


def load() -> Detector:
    """YuNet (Wu, Peng & Yu 2023) where its file is present, else a Haar cascade (Viola & Jones 2001)."""
    cv2.setNumThreads(1)  # each reader has a core to itself
    path = files.path(files.YUNET)
    if path is None:
        return Detector("haar", _haar())
    return Detector("yunet", _yunet(path))


# YuNet: cells of 8, 16 and 32 pixels; the score from which a cell's answer counts as a face, and the share of overlap
# from which two answers are the same face.
_CELLS, _SURE, _SAME = (8, 16, 32), 0.7, 0.3


def _yunet(path: Path) -> _Search:
    """YuNet as OpenCV's FaceDetectorYN has it, but through OpenVINO, which takes half the time."""
    forward = openvino.load(path)

    def search(picture: NDArray[np.uint8]) -> Sequence[Sequence[float]]:
        height, width = (-(-length // _CELLS[-1]) * _CELLS[-1] for length in picture.shape[:2])
        padded = np.zeros((1, height, width, 3), np.uint8)
        padded[0, : picture.shape[0], : picture.shape[1]] = picture
        outputs = forward(padded)
        found, scores = [], []
        for scale, cell in enumerate(_CELLS):
            classes, objects, offsets = (outputs[kind * len(_CELLS) + scale][0] for kind in range(3))
            score = np.sqrt(classes.clip(0, 1) * objects.clip(0, 1))[:, 0]
            (sure,) = np.nonzero(score > _SURE)
            middle = (np.stack([sure % (width // cell), sure // (width // cell)], axis=1) + offsets[sure, :2]) * cell
            size = np.exp(offsets[sure, 2:]) * cell
            found.extend(np.hstack([middle - size / 2, size]).tolist())
            scores.extend(score[sure].tolist())
        return [found[index] for index in cv2.dnn.NMSBoxes(found, scores, _SURE, _SAME)]

    return search


def _haar() -> _Search:
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"))

    def search(picture: NDArray[np.uint8]) -> Sequence[Sequence[float]]:
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        faces = cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=4, minSize=(20, 20))
        return [[float(value) for value in face] for face in faces]

    return search


def detect(detector: Detector, photo: Photo) -> tuple[Box, ...]:
    """Boxes round the faces of a photo, the largest first, cut to the picture."""
    picture = photo.image.copy()
    picture.thumbnail((SEARCH_SIDE, SEARCH_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    found = detector.search(np.asarray(picture))
    across, down = photo.size[0] / picture.width, photo.size[1] / picture.height
    boxes = (
        Box(
            max(0, round(left * across)),
            max(0, round(top * down)),
            min(photo.size[0], round((left + width) * across)),
            min(photo.size[1], round((top + height) * down)),
        )
        for left, top, width, height in found
    )
    visible = [box for box in boxes if box.width > 0 and box.height > 0]
    return tuple(sorted(visible, key=lambda box: box.width * box.height, reverse=True))


def crop(photo: Photo, box: Box | None, side: int = 224) -> Image.Image:
    """What the network sees, RGB, side x side pixels.

    With a box: a square centred on it, twice its longer side, moved inside the picture and cut to it, scaled. Without:
    the middle of the whole picture, after scaling its shorter side to 8/7 of `side` (256 for 224).
    """
    if box is None:
        return _middle(photo.image, side)
    left, right = _stretch(box.left, box.right, 2 * max(box.width, box.height), photo.size[0])
    top, bottom = _stretch(box.top, box.bottom, 2 * max(box.width, box.height), photo.size[1])
    across, down = photo.image.width / photo.size[0], photo.image.height / photo.size[1]
    region = (left * across, top * down, right * across, bottom * down)
    return photo.image.resize((side, side), Image.Resampling.BICUBIC, box=region)


def seen(size: tuple[int, int], box: Box | None) -> Box:
    """The square of a picture of that size that `crop` cuts out, rounded to pixels of the original."""
    if box is None:
        half = min(size) * 7 // 16  # 224 of 256 pixels of the shorter side
        across, down = size[0] // 2, size[1] // 2
        return Box(across - half, down - half, across + half, down + half)
    left, right = _stretch(box.left, box.right, 2 * max(box.width, box.height), size[0])
    top, bottom = _stretch(box.top, box.bottom, 2 * max(box.width, box.height), size[1])
    return Box(round(left), round(top), round(right), round(bottom))


def stack(crops: Sequence[Image.Image], side: int) -> NDArray[np.uint8]:
    """RGB pictures as one array, uint8 (N, side, side, 3). Raises ValueError for a picture of another size."""
    if any(crop.size != (side, side) for crop in crops):
        raise ValueError(f"The network sees {side} x {side} pixels, not {[crop.size for crop in crops]}.")
    return np.stack([np.asarray(crop) for crop in crops])


def _stretch(start: int, end: int, length: float, limit: int) -> tuple[float, float]:
    """A stretch of that length with the same middle, moved into 0..limit; all of it where it is longer."""
    length = min(length, limit)
    first = min(max((start + end - length) / 2, 0), limit - length)
    return first, first + length


def _middle(image: Image.Image, side: int) -> Image.Image:
    shorter = min(image.size)
    # The ends of a very long picture would be scaled up by thousands only to be cut off.
    image = _cut(image, min(image.width, 4 * shorter), min(image.height, 4 * shorter))
    scale = round(side * 8 / 7) / shorter
    scaled = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    return _cut(scaled, side, side)


def _cut(image: Image.Image, width: int, height: int) -> Image.Image:
    """The middle of a picture, width x height pixels of it."""
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))
