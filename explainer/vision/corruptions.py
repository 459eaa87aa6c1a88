"""One picture, changed a little: how far does its label move? After Hendrycks & Dietterich (ICLR 2019, 1903.12261).

A label that a tilt of the head or a smaller file changes was never true of the person.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from explainer.imagenet.vocabularies import Label
from explainer.jobs import Parts, Progress, whole
from explainer.vision import faces, pipeline
from explainer.vision.faces import Box
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reader, Reading

STEPS = 9
"""How many amounts of a corruption are shown at most, from none to the most."""

_SEED = 0  # of all noise, so that the same picture comes twice
_AT_ONCE = 8  # squares labelled at once, on all cores


@dataclass(frozen=True)
class Corruption:
    """A change of what the network sees of a photo.

    `apply` takes the photo, the face's box or None for the whole picture, the side of the square in pixels and the
    amount, from `none`, which changes nothing, to `most`; it returns the square. `unit` says what the amount counts,
    `at` an amount of it within a sentence, with {s} for the ending of a plural, `step` which difference of it is still
    worth trying. Where the whole photo is changed, `photo` does it, and faces are looked for anew in what it returns.
    """

    name: str
    title: str
    unit: str
    at: str
    none: float
    most: float
    step: float
    apply: Callable[[Photo, Box | None, int, float], Image.Image]
    photo: Callable[[Photo, float], Photo] | None = None

    @cached_property
    def grid(self) -> tuple[float, ...]:
        """Every amount worth trying, from none to the most."""
        number = round(abs(self.most - self.none) / self.step) + 1
        return tuple(np.linspace(self.none, self.most, number).round(6).tolist())

    def dose(self, amount: float) -> str:
        """An amount within a sentence: "at 1 degree"."""
        return self.at.format(amount, s="" if amount == 1 else "s")

    @property
    def all_or_nothing(self) -> bool:
        """Whether there is nothing between none and the most."""
        return len(self.grid) == 2

    def amounts(self, n: int = STEPS) -> tuple[float, ...]:
        """Up to `n` of them at equal distances, from none to the most."""
        places = np.linspace(0, len(self.grid) - 1, min(n, len(self.grid))).round().astype(int)
        return tuple(self.grid[place] for place in places)


def _shifted(photo: Photo, box: Box | None, side: int, amount: float) -> Image.Image:
    region = _region(photo, box)
    across = round(region.width * amount / 100)
    return faces.crop(photo, Box(region.left + across, region.top, region.right + across, region.bottom), side)


def _closer(photo: Photo, box: Box | None, side: int, amount: float) -> Image.Image:
    region = _region(photo, box)
    across, down = (round(length * amount / 200) for length in (region.width, region.height))
    closer = Box(region.left + across, region.top + down, region.right - across, region.bottom - down)
    return faces.crop(photo, closer, side)


def _tilted(photo: Photo, box: Box | None, side: int, amount: float) -> Image.Image:
    region = _region(photo, box)
    scale = photo.image.width / photo.size[0]
    centre = ((region.left + region.right) / 2 * scale, (region.top + region.bottom) / 2 * scale)
    image = photo.image.rotate(amount, Image.Resampling.BICUBIC, center=centre, fillcolor="grey")
    return faces.crop(Photo(image, photo.size, photo.digest), box, side)


def _region(photo: Photo, box: Box | None) -> Box:
    """The box, or one whose crop is the middle of the whole picture: half of the square that is cut out."""
    if box is not None:
        return box
    half = min(photo.size) * 7 // 32  # the middle 7/8 of the shorter side, and half of that
    across, down = photo.size[0] // 2, photo.size[1] // 2
    return Box(across - half, down - half, across + half, down + half)


def _of_the_crop(change: Callable[[Image.Image, float], Image.Image]) -> Callable[..., Image.Image]:
    """A corruption that needs nothing but the square itself."""
    return lambda photo, box, side, amount: change(faces.crop(photo, box, side), amount)


def _smaller(photo: Photo, amount: float) -> Photo:
    """The photo as a file with fewer pixels; boxes still count in pixels of the original."""
    width, height = (max(1, round(length * amount / 100)) for length in photo.image.size)
    return Photo(photo.image.resize((width, height), Image.Resampling.BOX), photo.size, photo.digest)


def _patched(crop: Image.Image, amount: float) -> Image.Image:
    """A dark bar over the eyes of a face that fills half of the square, as the crop's rule has it."""
    patched = crop.copy()
    half, middle, height = crop.width * amount / 200, crop.width * 0.45, crop.height * 0.08
    if half:
        bar = (crop.width / 2 - half, middle - height / 2, crop.width / 2 + half, middle + height / 2)
        ImageDraw.Draw(patched).rectangle(bar, fill="#101010")
    return patched


def _noisy(crop: Image.Image, amount: float) -> Image.Image:
    noise = np.random.default_rng(_SEED).normal(0, amount, (crop.height, crop.width, 3))
    return Image.fromarray((np.asarray(crop) + noise).round().clip(0, 255).astype(np.uint8))


CORRUPTIONS = {
    corruption.name: corruption
    for corruption in (
        Corruption(
            "shift",
            "Another crop",
            "% of the face to the right",
            "moved by {:g} % of the face to the right",
            0,
            40,
            1,
            _shifted,
        ),
        Corruption(
            "zoom", "Closer crop", "% less of the picture", "with {:g} % less of the picture", 0, 50, 1, _closer
        ),
        Corruption("tilt", "Tilted", "degrees", "at {:g} degree{s}", 0, 40, 0.5, _tilted),
        Corruption(
            "resolution",
            "Smaller file",
            "% of the width and height",
            "at {:g} % of the width and height",
            100,
            5,
            1,
            lambda photo, box, side, amount: faces.crop(_smaller(photo, amount), box, side),
            _smaller,
        ),
        Corruption(
            "brightness",
            "Brightness",
            "% of the light",
            "with {:g} % of the light",
            100,
            300,
            5,
            _of_the_crop(lambda crop, amount: ImageEnhance.Brightness(crop).enhance(amount / 100)),
        ),
        Corruption(
            "darkness",
            "Darkness",
            "% of the light",
            "with {:g} % of the light",
            100,
            20,
            2,
            _of_the_crop(lambda crop, amount: ImageEnhance.Brightness(crop).enhance(amount / 100)),
        ),
        Corruption(
            "blur",
            "Blur",
            "radius in pixels",
            "with a radius of {:g} pixel{s}",
            0,
            8,
            0.1,
            _of_the_crop(lambda crop, amount: crop.filter(ImageFilter.GaussianBlur(amount))),
        ),
        Corruption(
            "flip",
            "Mirrored",
            "0 as it is, 1 mirrored",
            "in the mirror",
            0,
            1,
            1,
            _of_the_crop(lambda crop, amount: ImageOps.mirror(crop) if amount >= 0.5 else crop),
        ),
        Corruption(
            "patch",
            "Dark glasses",
            "% of the square's width",
            "over {:g} % of the square's width",
            0,
            60,
            1,
            _of_the_crop(_patched),
        ),
        Corruption("noise", "Noise", "levels of 255", "at {:g} level{s} of 255", 0, 80, 1, _of_the_crop(_noisy)),
    )
}
"""The corruptions by name."""


def strangers(reader: Reader) -> list[tuple[str, Image.Image, Reading]]:
    """Squares without anybody in them, with a title and what the network makes of each: words for people as well."""
    crops = nobody(reader.card.transform.side)
    readings = pipeline.label(reader, list(crops.values()), [None] * len(crops))
    return [(*pair, reading) for pair, reading in zip(crops.items(), readings, strict=True)]


def nobody(side: int) -> dict[str, Image.Image]:
    """Squares without anybody in them, by title: RGB, side x side pixels."""
    wall = Image.new("RGB", (side, side), "#cfcac0")
    toy = Image.new("RGB", (side, side), "#e8e4da")
    draw = ImageDraw.Draw(toy)
    for shape, colour in _TOY:
        draw.ellipse([length * side for length in shape], fill=colour)
    noise = np.random.default_rng(_SEED).integers(256, size=(side, side, 3), dtype=np.uint8)
    return {"A blank wall": wall, "A toy": toy, "Pure noise": Image.fromarray(noise)}


# A drawn duck: ellipses as left, top, right, bottom in shares of the side.
_TOY: Sequence[tuple[tuple[float, float, float, float], str]] = (
    ((0.20, 0.45, 0.80, 0.90), "#f2c230"),
    ((0.48, 0.15, 0.82, 0.52), "#f2c230"),
    ((0.76, 0.30, 0.95, 0.40), "#e5731a"),
    ((0.66, 0.24, 0.72, 0.31), "#101010"),
    ((0.28, 0.55, 0.60, 0.78), "#dba91c"),
)


NEAREST = 5
"""How many of the nearest words a step of a course keeps."""


@dataclass(frozen=True)
class CourseStep:
    """One amount of a corruption: where the face was, the nearest words, and the place of the word that led before.

    `labels` are the nearest words of the release, the best first; `rank`, from 1, is the place of the word that comes
    first in the unchanged picture. `box` is None where no face was found or the whole picture is labelled.
    """

    amount: float
    box: Box | None
    labels: tuple[Label, ...]
    rank: int


@dataclass(frozen=True)
class Course:
    """A picture under every amount of one corruption, from none to the most."""

    corruption: str
    steps: tuple[CourseStep, ...]

    @property
    def changed(self) -> tuple[CourseStep, ...]:
        """The steps at which another word comes first."""
        return tuple(step for step in self.steps if step.rank > 1)

    @property
    def stays_changed(self) -> bool:
        """Whether another word comes first at every step from the first such one on."""
        return all(step.rank > 1 for step in self.steps[len(self.steps) - len(self.changed) :])

    @property
    def farthest(self) -> CourseStep:
        """The step at which the old word stands farthest down."""
        return max(self.steps, key=lambda step: step.rank)

    def at(self, amount: float) -> CourseStep:
        """The step nearest to an amount."""
        return min(self.steps, key=lambda step: abs(step.amount - amount))


def course(reader: Reader, photo: Photo, reading: Reading, corruption: str, release: str) -> Course:
    """The picture of a reading under every amount of a corruption. Raises KeyError for unknown names."""
    return whole(course_in_parts(reader, photo, reading, corruption, release, lambda fraction: None))


def course_in_parts(
    reader: Reader, photo: Photo, reading: Reading, corruption: str, release: str, progress: Progress
) -> Parts[Course]:
    """The same, to be interrupted after each amount, as a large photo takes a fraction of a second at each.

    The thread that goes on with it may send its own detector, as each may be used by one thread alone.
    """
    entry = CORRUPTIONS[corruption]
    side = reader.card.transform.side
    boxes: list[Box | None] = []
    crops: list[Image.Image] = []
    readings: list[Reading] = []
    for done, amount in enumerate(entry.grid, 1):
        boxes.append(_found_again(reader, entry, photo, reading.box, amount))
        crops.append(corrupt(photo, boxes[-1], side, corruption, amount))
        if len(crops) == _AT_ONCE or done == len(entry.grid):
            readings += pipeline.label(reader, crops, boxes)
            boxes, crops = [], []
        progress(done / len(entry.grid))
        reader = replace(reader, detector=(yield) or reader.detector)
    (first,) = reading.people(release, 1)
    return Course(
        corruption,
        tuple(
            CourseStep(amount, each.box, each.people(release, NEAREST), each.place(first.wnid, release))
            for amount, each in zip(entry.grid, readings, strict=True)
        ),
    )


def _found_again(reader: Reader, entry: Corruption, photo: Photo, box: Box | None, amount: float) -> Box | None:
    """Where the face is in the changed photo: the box found there that holds the middle of `box`, or None."""
    if entry.photo is None or box is None or amount == entry.none:
        return box
    found = faces.detect(reader.detector, entry.photo(photo, amount))
    middle = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
    near = [each for each in found if each.left <= middle[0] <= each.right and each.top <= middle[1] <= each.bottom]
    return near[0] if near else None


def corrupt(photo: Photo, box: Box | None, side: int, corruption: str, amount: float) -> Image.Image:
    """What the network sees of a face, or of the whole picture, under a corruption: RGB, side x side pixels.

    Raises KeyError for an unknown corruption.
    """
    entry = CORRUPTIONS[corruption]
    if amount == entry.none:
        return faces.crop(photo, box, side)
    return entry.apply(photo, box, side, amount)
