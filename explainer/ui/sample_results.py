"""What a page shows of a picture: from the compiled table where it is a sample picture, else computed.

So a page on a sample picture is painted before any model is loaded.
"""

from functools import cache

from PIL.Image import Image

from explainer.attribution import sample_results
from explainer.attribution.explain import Attribution, Target
from explainer.attribution.sample_results import SampleResults
from explainer.imagenet.vocabularies import OLDEST
from explainer.ui import computed, frame_by_hand, session
from explainer.vision import cards, corruptions
from explainer.vision.corruptions import Course
from explainer.vision.faces import Box
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reading, Result


def read(photo: Photo, whole: bool) -> Result:
    """The reading of a picture by the visitor's model."""
    table, name = _compiled(photo)
    placed = whole or frame_by_hand.of(photo)
    return table.results[name] if table and not placed else computed.read(photo, whole)


def explain(photo: Photo, box: Box | None, target: Target, method: str) -> Attribution:
    """The explanation of a label of a picture under the method's own settings."""
    table, name = _compiled(photo)
    if table and method in table.maps[name]:
        stored = table.maps[name][method]
        if stored.target == target and table.results[name].readings[0].box == box:
            return stored
    return computed.explain(photo, box, target, method)


def course(photo: Photo, reading: Reading, corruption: str) -> Course:
    """The labels of a picture under every amount of a corruption, in Fall 2011."""
    table, name = _compiled(photo)
    if table and table.results[name].readings[0].box == reading.box:
        return table.courses[name][corruption]
    return computed.course(photo, reading, corruption, OLDEST)


def nobody() -> list[tuple[str, Image, Reading]]:
    """Pictures without anybody in them, by title, and what the visitor's model makes of each."""
    table = sample_results.load() if session.model() == cards.DEFAULT else None
    if table is None:
        return computed.strangers()
    return [(*pair, reading) for pair, reading in zip(_crops().items(), table.strangers, strict=True)]


@cache
def _crops() -> dict[str, Image]:
    return corruptions.nobody(cards.load().transform.side)


def is_compiled() -> bool:
    """Whether there are compiled results of the default model."""
    return sample_results.load() is not None


def _compiled(photo: Photo) -> tuple[SampleResults | None, str]:
    """The table and the picture's name in it; no table where it does not know the picture by the visitor's model."""
    table = sample_results.load() if session.model() == cards.DEFAULT else None
    names = {digest: name for name, digest in table.digests.items()} if table else {}
    return (table, names[photo.digest]) if photo.digest in names else (None, "")
