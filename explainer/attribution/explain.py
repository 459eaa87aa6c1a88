"""Which pixels carried a label: one function over all methods."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explainer.attribution.methods import FIRST, METHODS, SETTINGS, Kind, Method
from explainer.attribution.question import Progress, Question, Settings, compute_in_parts, counter
from explainer.jobs import Parts, whole
from explainer.vision import cards, faces

# torch takes seconds to import, and the pages read the table of methods before they need it.
if TYPE_CHECKING:
    import torch

    from explainer.vision.classifiers import Classifier
    from explainer.vision.faces import Box
    from explainer.vision.people import PeopleHead
    from explainer.vision.photos import Photo
    from explainer.vision.pipeline import Reader

__all__ = [
    "FIRST",
    "METHODS",
    "SETTINGS",
    "Attribution",
    "AttributionError",
    "Finding",
    "Kind",
    "Method",
    "MethodError",
    "MethodFailed",
    "Target",
    "explain",
    "explain_crop",
    "explain_in_parts",
    "explain_photo",
    "offered",
    "offered_by",
    "prepare",
    "question",
]


class AttributionError(Exception):
    """An explanation that cannot be had, in a sentence for the visitor."""


class MethodError(AttributionError):
    """Raised for a method that does not work with a model, whatever the picture."""


class MethodFailed(AttributionError):
    """Raised where a method works with a model, but found nothing it could use in this picture."""


Finding = Literal["nothing", "even", "against", "for"]
"""What a map shows: no part that changes the answer, the same everywhere, nothing that speaks for it, or something."""

_log = logging.getLogger("explainer")

# What counts as rounding: outputs of the compiled network and of the eager one differ by up to as much of the largest.
_ROUNDING = 1e-5


@dataclass(frozen=True, slots=True)
class Target:
    """The output to explain: the logit of an object class, or the score of a person category.

    Where `against` names another category of the same kind, it is the difference of the two: why the one and not the
    other.
    """

    kind: Kind
    wnid: str
    against: str | None = None


@dataclass(frozen=True, eq=False)
class Attribution:
    """Raw and signed: `values` is float32 (height, width), the sum over channels.

    Grad-CAM's map has the cells of its layer (7 x 7), the others' the pixels of the crop. `delta` is how far the sum
    of the values is from the change of the output that it should equal; None where no such sum is promised. `settings`
    are all that the method was given, its seed among them; `model` is the name of the model's
    card, `weights` the SHA-256 of the file that the network was read from, in hex. `floor` is how large a change of the
    output may be by rounding alone.
    """

    values: NDArray[np.float32]
    method: str
    target: Target
    seconds: float
    delta: float | None
    settings: Settings
    weights: str = ""
    model: str = cards.DEFAULT
    floor: float = 0.0

    @property
    def finding(self) -> Finding:
        """What the map shows; maps of rounding errors show nothing.

        Where parts are hidden, a value is a change of the output. Elsewhere the sum of all sizes bounds the change that
        moving every pixel can make.
        """
        sizes = np.abs(self.values)
        if float(sizes.sum() if METHODS[self.method].need.gradients else sizes.max()) <= self.floor:
            return "nothing"
        if np.ptp(self.values) <= 1e-6 * sizes.max():
            return "even"
        return "for" if self.values.max() > 0 else "against"


def offered(classifier: "Classifier", head: "PeopleHead", kind: Kind) -> tuple[str, ...]:
    """The names of the methods that work with a classifier and its head for targets of that kind."""
    return tuple(method.name for method in METHODS.values() if method.need.met(classifier, head, kind))


def question(
    classifier: "Classifier",
    head: "PeopleHead",
    crop: Image.Image,
    target: Target,
    settings: Settings,
    heard: "Callable[[torch.Tensor], None]" = lambda outputs: None,
) -> Question:
    """What a method is asked about a target. Raises ValueError where the model does not answer with it."""
    from torch import nn

    wnids = classifier.wnids if target.kind == "object" else head.wnids
    against = None if target.against is None else wnids.index(target.against)
    module = nn.Identity() if target.kind == "object" else head.module
    return Question(classifier, module, crop, wnids.index(target.wnid), against, settings, heard)


def explain(
    classifier: "Classifier",
    head: "PeopleHead",
    crop: Image.Image,
    target: Target,
    method: str = "grad-cam",
    progress: Progress = lambda fraction: None,
    settings: Settings | None = None,
) -> Attribution:
    """The pixels of a crop, as `faces.crop` makes it, that carried `target`.

    `progress` hears of each pass through the network, as a fraction done, 0 to 1; what it raises ends the work. Captum
    hooks the module, so only one thread at a time may explain it. The same settings give the same map. Raises KeyError
    for an unknown method or setting, MethodError for a method that does not work with the model, MethodFailed for a
    picture that it can make nothing of, ValueError for a target that the model does not answer with.
    """
    return whole(explain_in_parts(classifier, head, crop, target, method, progress, settings))


def explain_in_parts(
    classifier: "Classifier",
    head: "PeopleHead",
    crop: Image.Image,
    target: Target,
    method: str,
    progress: Progress,
    settings: Settings | None = None,
) -> Parts[Attribution]:
    """The same, to be interrupted between the passes of those methods that hook nothing.

    Others may be explained meanwhile, by the same thread.
    """
    start, others = time.perf_counter(), 0.0
    entry = METHODS[method]
    if unknown := set(settings or ()) - set(entry.settings):
        raise KeyError(f"{entry.title} has no setting {', '.join(sorted(unknown))}.")
    if not entry.need.met(classifier, head, target.kind):
        raise MethodError(f"{entry.title} does not work with {classifier.card.title}: it needs {entry.need.words}.")
    merged = {**entry.settings, **(settings or {})}
    largest, ended = 0.0, False

    def heard(outputs: "torch.Tensor") -> None:
        nonlocal largest, ended
        largest = max(largest, float(outputs.abs().max()))
        try:
            tell()
        except BaseException:
            ended = True
            raise

    asked = question(classifier, head, crop, target, merged, heard)
    try:
        tell = counter(entry.passes(asked), progress)
        parts = compute_in_parts(entry.compute, asked)
        while True:
            try:
                next(parts)
            except StopIteration as end:
                values, delta = end.value
                break
            interrupted = time.perf_counter()
            yield
            others += time.perf_counter() - interrupted
    except (ArithmeticError, AssertionError, LookupError, RuntimeError, TypeError, ValueError) as error:
        if ended:
            raise
        _log.warning("%s: %s", method, type(error).__name__)  # not its words: they could name a category
        raise MethodFailed(f"{entry.title} could make nothing of this picture; other methods may.") from error
    flat = values.detach().sum(dim=1)[0].numpy().astype(np.float32)
    if not np.isfinite(flat).all():
        raise MethodFailed(f"{entry.title} gave values for this picture that are no numbers; other methods may do.")
    return Attribution(
        flat,
        method,
        target,
        time.perf_counter() - start - others,
        delta,
        merged,
        classifier.sha256,
        classifier.card.name,
        _ROUNDING * largest,
    )


def explain_photo(
    reader: "Reader",
    photo: "Photo",
    box: "Box | None",
    target: Target,
    method: str = "grad-cam",
    progress: Progress = lambda fraction: None,
    settings: Settings | None = None,
) -> Attribution:
    """Which pixels of exactly what the network saw of that face carried a label; errors as in `explain`."""
    crop = faces.crop(photo, box, reader.card.transform.side)
    return whole(explain_crop(reader, crop, target, method, settings, progress))


def explain_crop(
    reader: "Reader",
    crop: Image.Image,
    target: Target,
    method: str,
    settings: Settings | None,
    progress: Progress,
) -> Parts[Attribution]:
    """The same of what the network saw, to be interrupted; errors as in `explain`.

    Meanwhile it holds the reader, so that `pipeline.load` finds the model in use.
    """
    return (yield from explain_in_parts(reader.classifier, reader.head, crop, target, method, progress, settings))


def prepare(reader: "Reader") -> None:
    """Make ready what the first map needs, and keep it in a file for the next start where that is not done yet."""
    import captum.attr  # noqa: F401

    from explainer.attribution import gradients

    gradients.to_feature_map(reader.classifier)


def offered_by(reader: "Reader", kind: Kind, progress: Progress) -> tuple[str, ...]:
    """The names of the methods that work with a reader's model for targets of that kind."""
    return offered(reader.classifier, reader.head, kind)
