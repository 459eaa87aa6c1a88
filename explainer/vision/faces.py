"""Faces in a photo, and what of the photo the network is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from explainer.setup import files
from explainer.vision import openvino
from explainer.vision.photos import Photo

SEARCH_SIDE = 640
"""The longest side, in pixels, of the picture that is searched: below 480, small faces in groups are lost."""

# Left, top, width and height of each face, in pixels of the picture searched, and how sure the detector is, 0 to 1.
_Search = Callable[[NDArray[np.uint8]], Sequence[Sequence[float]]]

# A picture more than so many times as long as wide (a panorama, a long screenshot) is searched at the area of a square.
_LONG = 2.5
_DULL = 100  # levels of brightness, of 255, between the darkest and the brightest hundredth of a dull picture

# From which certainty an answer counts as a face: at the first look, in a picture made small so that a close-up fits
# the detector, in one made large for small faces, in one that is turned or tilted, and in a dull one, its contrast
# restored. Where the first look found none that it is so sure of as `_LITTLE`, the picture may not be upright. All were
# chosen on half of the faces; `docs/faces.md` has the recall on the other half.
_SURE, _SURE_CLOSE, _SURE_SMALL, _SURE_TURNED, _SURE_TILTED = 0.7, 0.75, 0.85, 0.87, 0.88
_SURE_DULL, _SURE_DULLER = 0.88, 0.8  # the latter where the dull picture itself shows one face or more
_LITTLE = 0.85
_CLOSE_SIDE, _CLOSE_SHARE = 320, 0.45  # and the least share of the longest side that a face close up takes

# Of a face on its side, of a small one, and of one close up, upside down or tilted, the first look is at least so sure:
# with less of a hint there is no second look. On the same half of the faces that lost one that was tilted.
_HINT, _HINT_SMALL, _HINT_MORE = 0.1, 0.3, 0.5
_SIDEWAYS = {90: _SURE_TURNED, 270: _SURE_TURNED}
_TURNED = {**_SIDEWAYS, 180: _SURE_TURNED, 45: _SURE_TILTED, -45: _SURE_TILTED}

# Which way up a face may be is asked of squares round the hints alone, so many times as large, which are made so many
# pixels wide. Of a hint of fewer pixels than `_LEAST` they would show no more than the first look did.
_ROUND, _ROUND_SIDE, _ROUND_LOOKS, _LEAST = 3.2, 128, 2, 20
_SMALL = 48  # pixels of a face or less, at the size of the first look, that is looked for closer
_CLOSER, _CLOSER_LOOKS = 192, 4  # pixels of the sides of a closer look, at the size of the first; at most so many
_WORTH = 0.6  # the certainty in such a square from which a picture that was turned is looked at in full


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

    name: Literal["yunet", "haar", "none"]
    search: _Search


NONE = Detector("none", lambda picture: ())
"""Finds nothing, and takes no time to load: for whoever asks about faces that were found before."""


def load() -> Detector:
    """YuNet (Wu, Peng & Yu 2023) where its file is present, else a Haar cascade (Viola & Jones 2001)."""
    cv2.setNumThreads(1)  # each reader has a core to itself
    path = files.path(files.YUNET)
    if path is None:
        return Detector("haar", _haar())
    return Detector("yunet", _yunet(path))


# YuNet: cells of 8, 16 and 32 pixels, and the share of overlap from which two answers are the same face.
_CELLS, _SAME = (8, 16, 32), 0.3
# Sides are multiples of so many pixels, of pictures up to 256 of the smaller: OpenVINO keeps some 5 MB for each size of
# picture that it has seen, so there are few.
_STEP, _STEP_SMALL, _STEP_SMALL_TO = 128, 64, 256


def _yunet(path: Path) -> _Search:
    """YuNet as OpenCV's FaceDetectorYN has it, but through OpenVINO, which also runs the network that labels.

    `python -m benchmarks faces` compares the two: OpenCV takes up to twice the time, for boxes that
    are the same to a tenth of a pixel.
    """
    forward = openvino.load(path)

    def search(picture: NDArray[np.uint8]) -> Sequence[Sequence[float]]:
        step = _STEP if max(picture.shape) > _STEP_SMALL_TO else _STEP_SMALL
        height, width = (-(-length // step) * step for length in picture.shape[:2])
        outputs = forward(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8), (height, width))
        found, scores = [], []
        for scale, cell in enumerate(_CELLS):
            classes, objects, offsets = (outputs[kind * len(_CELLS) + scale][0] for kind in range(3))
            product = classes[:, 0] * objects[:, 0]  # of two numbers from 0 to 1
            (sure,) = np.nonzero(product > _HINT**2)
            middle = (np.stack([sure % (width // cell), sure // (width // cell)], axis=1) + offsets[sure, :2]) * cell
            size = np.exp(offsets[sure, 2:]) * cell
            found.extend(np.hstack([middle - size / 2, size]).tolist())
            scores.extend(np.sqrt(product[sure]).tolist())
        return [[*found[index], scores[index]] for index in cv2.dnn.NMSBoxes(found, scores, _HINT, _SAME)]

    return search


def _haar() -> _Search:
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"))

    def search(picture: NDArray[np.uint8]) -> Sequence[Sequence[float]]:
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        faces = cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=4, minSize=(20, 20))
        return [[*map(float, face), 1.0] for face in faces]

    return search


@dataclass(frozen=True, slots=True)
class _Found:
    """A face in shares of the picture's sides, and how sure the detector is of it, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float
    sure: float


def detect(detector: Detector, photo: Photo) -> tuple[Box, ...]:
    """Boxes round the faces of a photo, the largest first, cut to the picture.

    Most photos take one look, dull ones another one with their contrast restored. Where these find nothing but hints, a
    smaller picture is looked at for faces that fill it, what is round the hints, made larger, for small faces, and
    squares round the hints on their sides, upside down and tilted; the picture turned the likeliest way then in full.
    """
    width, height = photo.size
    boxes = (
        Box(
            max(0, round(face.left * width)),
            max(0, round(face.top * height)),
            min(width, round(face.right * width)),
            min(height, round(face.bottom * height)),
        )
        for face in _search(detector, photo.image)
    )
    visible = [box for box in boxes if box.width > 0 and box.height > 0]
    return tuple(sorted(visible, key=lambda box: box.width * box.height, reverse=True))


def _search(detector: Detector, image: Image.Image) -> Sequence[_Found]:
    small = _small(image)
    picture = np.asarray(small)
    looked = _look(detector, picture, _HINT)
    found = [face for face in looked if face.sure >= _SURE]
    if _is_dull(picture):
        restored = np.asarray(ImageOps.autocontrast(small, cutoff=1, preserve_tone=True))
        more = _look(detector, restored, _SURE_DULLER if found else _SURE_DULL)
        if len(more) > len(found):
            return more
    if not looked or any(face.sure >= _LITTLE for face in found):
        return found
    hint = max(face.sure for face in looked)
    if not found:
        faces = _close_up(detector, _within(small, _CLOSE_SIDE)) if hint >= _HINT_MORE else ()
        if not faces and hint >= _HINT_SMALL:
            faces = _look_closer(detector, image, small.size, looked)
        if faces:
            return faces
    squares = _round(small, looked)

    def seen(angle: int, sure: float) -> list[float]:
        return [face.sure for square in squares for face in _look_turned(detector, square, angle, sure)]

    aside = seen(90, _HINT)
    if not aside and hint < _HINT_MORE:
        return found  # a face on its side is a hint on its other side as well, where it stands on its head
    others = _TURNED if hint >= _HINT_MORE else _SIDEWAYS
    likely = {90: [sure for sure in aside if sure >= _WORTH]}
    likely |= {angle: seen(angle, _WORTH) for angle in others if angle != 90}
    if not any(likely.values()):
        return found
    angle = max(likely, key=lambda angle: max(likely[angle], default=0.0))  # squares may show the same face
    best = _look_turned(detector, picture, angle, _TURNED[angle])
    # Where it only finds the same faces once more, the boxes of the picture as it is are the better ones.
    new = any(not any(_overlap(face, other) for other in found) for face in best)
    return best if new and _surety(best) > _surety(found) else found


def _surety(found: Sequence[_Found]) -> float:
    return sum(face.sure for face in found)


def _overlap(one: _Found, other: _Found) -> bool:
    """Whether the middle of one lies in the other."""
    x, y = (one.left + one.right) / 2, (one.top + one.bottom) / 2
    return other.left <= x <= other.right and other.top <= y <= other.bottom


def _small(image: Image.Image) -> Image.Image:
    """The picture at the size that is searched."""
    longer, shorter = max(image.size), max(1, min(image.size))
    side = SEARCH_SIDE
    if longer > _LONG * shorter:
        side = max(side, round(SEARCH_SIDE * (longer / shorter) ** 0.5))
    return _within(image, side)


def _look(detector: Detector, picture: NDArray[np.uint8], sure: float) -> tuple[_Found, ...]:
    height, width = picture.shape[:2]
    return tuple(
        _Found(left / width, top / height, (left + across) / width, (top + down) / height, score)
        for left, top, across, down, score in detector.search(picture)
        if score >= sure
    )


def _within(image: Image.Image, side: int) -> Image.Image:
    """The picture, made smaller where its longest side is longer than `side`: by whole pixels first, which is fast."""
    shrink = max(image.size) / side
    if shrink <= 1:
        return image
    size = max(1, round(image.width / shrink)), max(1, round(image.height / shrink))
    return image.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.0)


def _close_up(detector: Detector, small: Image.Image) -> tuple[_Found, ...]:
    """Faces that fill the picture, which the detector knows at a smaller size."""
    least = _CLOSE_SHARE * max(small.size)
    return tuple(
        face
        for face in _look(detector, np.asarray(small), _SURE_CLOSE)
        if max((face.right - face.left) * small.width, (face.bottom - face.top) * small.height) >= least
    )


def _round(picture: Image.Image, hints: Sequence[_Found]) -> list[NDArray[np.uint8]]:
    """Squares round the likeliest hints, made small."""
    width, height = picture.size
    squares: list[NDArray[np.uint8]] = []
    looked: list[_Found] = []
    for hint in sorted(hints, key=lambda hint: hint.sure, reverse=True):
        size = max((hint.right - hint.left) * width, (hint.bottom - hint.top) * height)
        if size < _LEAST or any(_overlap(hint, part) for part in looked):
            continue
        if len(looked) == _ROUND_LOOKS:
            break
        looked.append(hint)
        left, right = map(round, _stretch(hint.left * width, hint.right * width, _ROUND * size, width))
        top, bottom = map(round, _stretch(hint.top * height, hint.bottom * height, _ROUND * size, height))
        shrink = max(1.0, (right - left) / _ROUND_SIDE, (bottom - top) / _ROUND_SIDE)
        small = max(1, round((right - left) / shrink)), max(1, round((bottom - top) / shrink))
        square = picture.resize(small, Image.Resampling.BILINEAR, (left, top, right, bottom), reducing_gap=1.0)
        squares.append(np.asarray(square))
    return squares


def _look_closer(
    detector: Detector, image: Image.Image, size: tuple[int, int], hints: Sequence[_Found]
) -> tuple[_Found, ...]:
    """Small faces round small hints, twice as large as in the picture of that size."""
    across, down = (min(1.0, _CLOSER / length) for length in size)
    found: list[_Found] = []
    looked: list[_Found] = []
    for hint in sorted(hints, key=lambda hint: hint.sure, reverse=True):
        large = max((hint.right - hint.left) * size[0], (hint.bottom - hint.top) * size[1]) > _SMALL
        if large or hint.sure < _HINT_SMALL or any(_overlap(hint, part) for part in looked):
            continue
        if len(looked) == _CLOSER_LOOKS:
            break
        left = min(max((hint.left + hint.right - across) / 2, 0.0), 1 - across)
        top = min(max((hint.top + hint.bottom - down) / 2, 0.0), 1 - down)
        looked.append(_Found(left, top, left + across, top + down, hint.sure))
        closer = image.resize(
            (round(2 * across * size[0]), round(2 * down * size[1])),
            Image.Resampling.BICUBIC,
            (left * image.width, top * image.height, (left + across) * image.width, (top + down) * image.height),
            reducing_gap=1.0,
        )
        seen = [
            _Found(
                left + face.left * across,
                top + face.top * down,
                left + face.right * across,
                top + face.bottom * down,
                face.sure,
            )
            for face in _look(detector, np.asarray(closer), _SURE_SMALL)
        ]
        found += [face for face in seen if not any(_overlap(face, other) for other in found)]
    return tuple(found)


def _is_dull(picture: NDArray[np.uint8]) -> bool:
    """Whether nearly all of its pixels are about equally bright."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    below = np.cumsum(cv2.calcHist([grey], [0], None, [256], [0, 256]), dtype=np.int64)
    darkest, brightest = np.searchsorted(below, [0.01 * below[-1], 0.99 * below[-1]])
    return bool(brightest - darkest < _DULL)


_QUARTERS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}


def _turn(picture: NDArray[np.uint8], angle: int) -> NDArray[np.uint8]:
    """The whole picture turned by an angle, in degrees against the clock, on grey ground."""
    if angle in _QUARTERS:
        return np.asarray(cv2.rotate(picture, _QUARTERS[angle]), np.uint8)
    tilted = Image.fromarray(picture).rotate(angle, Image.Resampling.BILINEAR, expand=True, fillcolor=(128, 128, 128))
    return np.asarray(tilted)


def _look_turned(detector: Detector, picture: NDArray[np.uint8], angle: int, sure: float) -> tuple[_Found, ...]:
    """Faces in the picture turned by an angle, in degrees against the clock, where they are in the upright one.

    The box of a tilted face is the square round its middle.
    """
    turned = _turn(picture, angle)
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    height, width = picture.shape[:2]
    high, wide = turned.shape[:2]
    found = []
    for face in _look(detector, turned, sure):
        across, down = (face.right - face.left) * wide, (face.bottom - face.top) * high
        if angle % 90:
            across = down = (across + down) / 2
        elif angle % 180:
            across, down = down, across
        x, y = ((face.left + face.right) / 2 - 0.5) * wide, ((face.top + face.bottom) / 2 - 0.5) * high
        x, y = x * cosine - y * sine + width / 2, x * sine + y * cosine + height / 2
        found.append(
            _Found(
                (x - across / 2) / width,
                (y - down / 2) / height,
                (x + across / 2) / width,
                (y + down / 2) / height,
                face.sure,
            )
        )
    return tuple(found)


_GAP = 3.0  # a cut is made smaller by whole pixels first, to so many times its size: as good, and faster


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
    return photo.image.resize((side, side), Image.Resampling.BICUBIC, region, _GAP)


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


def _stretch(start: float, end: float, length: float, limit: int) -> tuple[float, float]:
    """A stretch of that length with the same middle, moved into 0..limit; all of it where it is longer."""
    length = min(length, limit)
    first = min(max((start + end - length) / 2, 0), limit - length)
    return first, first + length


def _middle(image: Image.Image, side: int) -> Image.Image:
    scale = round(side * 8 / 7) / min(image.size)
    width, height = round(image.width * scale), round(image.height * scale)
    left, top = (width - side) // 2, (height - side) // 2
    across, down = image.width / width, image.height / height
    # Only what is seen, rows first and columns at the end: to a level, what would be cut out of the whole, scaled.
    rows = (left * across, 0, (left + side) * across, image.height)
    columns = (0, top * down, side, (top + side) * down)
    narrow = image.resize((side, image.height), Image.Resampling.BICUBIC, rows, _GAP)
    return narrow.resize((side, side), Image.Resampling.BICUBIC, columns, _GAP)
