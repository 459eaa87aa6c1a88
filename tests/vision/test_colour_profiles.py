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


@pytest.mark.parametrize("space", profiles.SPACES)
def test_labels_are_those_of_the_picture_in_srgb(space: str, reader: Reader) -> None:
    for file in PICTURES:
        picture = small(file)
        converted = saved(profiles.in_space(picture, space), "PNG", profiles.profile(space))
        assert first_labels(reader, converted) == first_labels(reader, saved(picture, "PNG")), file.name


def test_labels_are_those_of_the_picture_in_srgb_where_it_was_printed_in_four_inks(reader: Reader) -> None:
    # Two words for the cat are almost equally likely: the rounding of its inks to 8 bits decides.
    for file in (file for file in PICTURES if file.name != "chelsea.png"):
        picture = small(file)
        converted = saved(profiles.in_inks(picture), "TIFF", profiles.inks())
        assert first_labels(reader, converted) == first_labels(reader, saved(picture, "PNG")), file.name


def test_without_its_profile_a_picture_in_four_inks_looks_otherwise() -> None:
    picture = small(SKIMAGE / "astronaut.png")
    with_, without = (
        photos.read(saved(profiles.in_inks(picture), "TIFF", each)).image for each in (profiles.inks(), None)
    )
    right, wrong = (np.abs(np.subtract(image, picture, dtype=float)).mean() for image in (with_, without))
    assert right < 2 < 8 < wrong
