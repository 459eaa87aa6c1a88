"""Sample pictures, so that nobody has to give a face: the ones that come with scikit-image."""

from dataclasses import dataclass
from importlib import util
from pathlib import Path

from explainer.vision import photos
from explainer.vision.photos import Photo


@dataclass(frozen=True)
class Sample:
    """A picture that comes with the app; `credit` says whose it is and under what terms.

    Where it shows a person, `person` says so, and the title is the word for them.
    """

    title: str
    file: str
    credit: str
    person: bool = False


SAMPLES = {
    "astronaut": Sample("Astronaut", "astronaut.png", "Eileen Collins, photographed by NASA; public domain", True),
    "photographer": Sample("Photographer", "camera.png", "A photographer, by Lav Varshney; CC0", True),
    "cat": Sample("Cat", "chelsea.png", "Chelsea the cat, by Stéfan van der Walt; CC0"),
    "coffee": Sample("Coffee", "coffee.png", "A cup of coffee, by Rachel Michetti; CC0"),
    "rocket": Sample("Rocket", "rocket.jpg", "Launch of a Falcon 9, by SpaceX; public domain"),
}
"""The sample pictures by name."""


def read(name: str) -> Photo:
    """A sample picture. KeyError for an unknown name; PhotoError where scikit-image is not complete."""
    # Found, not imported: scikit-image is slow to import, and only its files are wanted.
    spec = util.find_spec("skimage")
    origin = Path(spec.origin if spec and spec.origin else "")
    return photos.read_file(origin.parent / "data" / SAMPLES[name].file)
