"""A photo gets the same labels whatever colours its file is written in, as long as its profile says which."""

import io
from pathlib import Path

import numpy as np
import profiles
import pytest
import skimage
import sklearn
from PIL import Image

from explainer.vision import photos, pipeline
from explainer.vision.pipeline import Reader

SKIMAGE, SKLEARN = Path(skimage.__file__).parent / "data", Path(sklearn.__file__).parent / "datasets" / "images"

PICTURES = (
    *(SKIMAGE / name for name in ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")),
    *(SKLEARN / name for name in ("china.jpg", "flower.jpg")),
    *(SKIMAGE / name for name in ("retina.jpg", "hubble_deep_field.jpg", "ihc.png")),
)
"""Photographs in colour that come with scikit-image and scikit-learn.

Not the one of a motorcycle, on which the detector is just as sure of a face that is none as it must be.
"""

FIRST = 30  # of the photos beside the checkout by name, chosen before any of them was converted


def small(file: Path) -> Image.Image:
    picture = Image.open(file).convert("RGB")
    picture.thumbnail((640, 640))
    return picture


def saved(picture: Image.Image, format: str, profile: bytes | None = None) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, icc_profile=profile)
    return file.getvalue()


def first_labels(reader: Reader, data: bytes) -> list[tuple[str, str]]:
    """The first object and the first person category of each face, or of the whole picture."""
    return [
        (reading.objects(1)[0].wnid, reading.people("fall-2011", 1)[0].wnid)
        for reading in pipeline.read(reader, photos.read(data)).readings
    ]


def converted(space: str, picture: Image.Image) -> bytes:
    """A picture in sRGB, in the colours of a space, 8 bits a channel, with their profile."""
    if space == INKS:
        return saved(profiles.in_inks(picture), "TIFF", profiles.inks())
    return saved(profiles.in_space(picture, space), "PNG", profiles.profile(space))


INKS = "four inks"
SPACES = (*profiles.SPACES, INKS)


@pytest.mark.parametrize("space", SPACES)
def test_labels_are_those_of_the_picture_in_srgb(space: str, reader: Reader) -> None:
    for picture in map(small, PICTURES):
        assert first_labels(reader, converted(space, picture)) == first_labels(reader, saved(picture, "PNG"))


@pytest.mark.parametrize("space", SPACES)
def test_colours_are_those_of_the_picture_in_srgb_but_for_rounding(space: str) -> None:
    for picture in map(small, PICTURES[:2]):
        apart = np.abs(np.subtract(photos.read(converted(space, picture)).image, picture, dtype=float)).mean()
        assert apart < (0.8 if space == INKS else 0.5)  # levels: 8 bits of ProPhoto alone lose 0.3


@pytest.mark.watch
def test_where_a_label_changes_with_the_colours_rounding_decides(reader: Reader, photos_folder: Path) -> None:
    """Of 120 conversions 109 keep all labels; with noise of the same size and no conversion 1,079 of 1,200 did."""
    chance, same, same_with_noise = np.random.default_rng(0), 0, 0
    for file in sorted(photos_folder.rglob("*.jpg"))[:FIRST]:
        picture = Image.open(file).convert("RGB")
        labels, levels = first_labels(reader, saved(picture, "PNG")), np.asarray(picture).astype(int)
        for space in SPACES:
            data = converted(space, picture)
            same += first_labels(reader, data) == labels
            error = np.asarray(photos.read(data).image).astype(int) - levels
            noisy = levels + chance.permutation(error.reshape(-1, 3)).reshape(error.shape)
            same_with_noise += (
                first_labels(reader, saved(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)), "PNG")) == labels
            )
    assert same >= same_with_noise - 6
    assert same >= 105


def test_without_its_profile_a_picture_in_four_inks_looks_otherwise() -> None:
    picture = small(SKIMAGE / "astronaut.png")
    with_, without = (
        photos.read(saved(profiles.in_inks(picture), "TIFF", each)).image for each in (profiles.inks(), None)
    )
    right, wrong = (np.abs(np.subtract(image, picture, dtype=float)).mean() for image in (with_, without))
    assert right < 2 < 8 < wrong
