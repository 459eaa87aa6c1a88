"""The sample pictures are there for everybody who installed the app."""

import hashlib
from importlib import resources

import pytest

from explainer.vision import samples


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_every_sample_is_a_photo_that_comes_with_scikit_image(name: str) -> None:
    photo = samples.read(name)
    file = resources.files("skimage") / "data" / samples.SAMPLES[name].file
    assert photo.digest == hashlib.sha256(file.read_bytes()).hexdigest()
    assert min(photo.size) >= 224


def test_every_sample_says_whose_it_is() -> None:
    assert all(sample.title and sample.credit for sample in samples.SAMPLES.values())
    titles = [sample.title for sample in samples.SAMPLES.values()]
    assert len(set(titles)) == len(titles)


def test_an_unknown_sample_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        samples.read("tea-leaves")
