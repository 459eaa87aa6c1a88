"""The way through: a photo, its faces, what is cut out for the network, and the labels under each release."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explainer.imagenet import vocabularies
from explainer.imagenet.masked_words import Caption
from explainer.imagenet.vocabularies import Label
from explainer.setup import files
from explainer.vision import cards, compiled, faces, openvino, selftest
from explainer.vision.cards import ClassifierError, ModelCard
from explainer.vision.compiled import Compiled
from explainer.vision.faces import Box, Detector
from explainer.vision.photos import Photo

# These import torch, which takes seconds and half a gigabyte: reading a photo does without.
if TYPE_CHECKING:
    from explainer.vision.classifiers import Classifier
    from explainer.vision.people import PeopleHead

_log = logging.getLogger(__name__)

MOST_FACES = 8
"""How many faces of a photo are labelled, the largest first; all are boxed."""


@dataclass(frozen=True, eq=False)
class Models:
    """A model as it reads, compiled, and as it is explained: as modules, which are loaded when they are asked for."""

    card: ModelCard
    compiled: Compiled
    modules: Callable[[], tuple["Classifier", "PeopleHead"]]


@dataclass(frozen=True, eq=False)
class Reader:
    """All that a photo passes through, loaded. One thread at a time."""

    detector: Detector
    models: Models

    @property
    def card(self) -> ModelCard:
        """The card of the model."""
        return self.models.card

    @property
    def classifier(self) -> "Classifier":
        """The model as a module. The first call takes seconds, as it imports torch."""
        return self.models.modules()[0]

    @property
    def head(self) -> "PeopleHead":
        """What makes person categories of the classifier's answer; slow like `classifier`."""
        return self.models.modules()[1]

    def forward(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """Squares, uint8 (N, side, side, 3), to object shares (N, objects) and person scores (N, people)."""
        return self.models.compiled.forward(pixels)


@dataclass(frozen=True, eq=False)
class Reading:
    """What the network made of one face, or of the whole picture where `box` is None.

    `probabilities` is float32 (objects,), for each of `object_wnids` its share of the 1 that all outputs of the model
    have together; `scores` is float32 (people,), for each of `person_wnids` the cosine, -1 to 1, or of a model that was
    trained on people the probability among these, 0 to 1. `model` is the name of the model's card.
    """

    box: Box | None
    object_wnids: tuple[str, ...]
    person_wnids: tuple[str, ...]
    probabilities: NDArray[np.float32]
    scores: NDArray[np.float32]
    model: str = cards.DEFAULT

    def objects(self, n: int) -> tuple[Label, ...]:
        """The `n` likeliest object classes, with their probabilities."""
        return vocabularies.top(self.probabilities, self.object_wnids, n)

    def people(self, release: str, n: int) -> tuple[Label, ...]:
        """The `n` nearest person categories of those that a release keeps, with their scores."""
        return vocabularies.top(self.scores, self.person_wnids, n, vocabularies.person_categories(release))

    def place(self, wnid: str, release: str) -> int:
        """The place, from 1, of a person category among those that a release keeps. ValueError where it is none."""
        kept = vocabularies.person_categories(release)
        if wnid not in kept:
            raise ValueError(f"{release} does not keep {wnid}.")
        own = self.person_wnids.index(wnid)
        nearer = np.flatnonzero(self.scores >= self.scores[own])  # among equals the earlier output comes first
        return 1 + sum(self.person_wnids[at] in kept for at in nearer if self.scores[at] > self.scores[own] or at < own)


@dataclass(frozen=True, eq=False)
class Result:
    """A photo, read. `boxes` are all faces found, the largest first; `readings` those of the largest, or of the whole.

    `detector` is "none" where no face was looked for, "hand" where somebody placed the box. `model` is the name of the
    model's card.
    """

    size: tuple[int, int]
    detector: str
    boxes: tuple[Box, ...]
    readings: tuple[Reading, ...]
    seconds: float
    model: str = cards.DEFAULT


def load(model: str = cards.DEFAULT, detector: Detector | None = None) -> Reader:
    """The pipeline of a model by the name of its card, with a detector of its own; further ones share the models.

    Any thread may load one. The default stays once it is loaded, and so do the two others that were asked last, and
    those that somebody's reader still holds. Raises CardError, and ClassifierError for a model whose weights are
    missing, wrong, or do not pass the self-test.
    """
    with _loading[model]:
        models = _default() if model == cards.DEFAULT else _others(model)
    return Reader(detector or faces.load(), models)


_loading: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)


def _models(name: str) -> Models:
    card = cards.load(name)

    @cache
    def load_modules() -> tuple["Classifier", "PeopleHead"]:
        import torch

        from explainer.vision import classifiers, people

        # A second thread gains a fifth on networks of this size, and takes a core from a visitor.
        torch.set_num_threads(1)
        classifier = classifiers.later(card, selftest.check_classifier)
        return classifier, people.load(classifier)

    def modules() -> tuple["Classifier", "PeopleHead"]:
        with _loading[name]:
            return load_modules()

    network = _kept(card) or _compiled(card, *modules())
    if card.weights.asset:
        files.note(card.weights.asset)
    return Models(card, network, modules)


def _kept(card: ModelCard) -> Compiled | None:
    """The network that an earlier start compiled, if it is whole and knows the sample pictures."""
    network = compiled.load(card) if card.weights.is_whole() else None
    if network is not None:
        try:
            selftest.check(card, network.objects, lambda pixels: network.forward(pixels)[0])
        except ClassifierError:
            _log.warning("%s fails the self-test: it is compiled anew.", compiled.path(card))
            return None
    return network


def _compiled(card: ModelCard, classifier: "Classifier", head: "PeopleHead") -> Compiled:
    """The network, compiled now, and kept for the next start. Raises ClassifierError as `load` does."""
    import torch

    from explainer.vision import people

    side = card.transform.side
    pictures = torch.zeros(1, side, side, 3, dtype=torch.uint8)
    model = openvino.convert(people.Readout(classifier, head).eval(), pictures, rows=1)
    compiled.save(card, model, head.objects, head.wnids)
    return Compiled(openvino.ready(model), head.objects, head.wnids)


@cache
def _default() -> Models:
    return _models(cards.DEFAULT)


@lru_cache(maxsize=2)
def _others(name: str) -> Models:
    models = _in_use.get(name) or _models(name)
    _in_use[name] = models
    return models


_in_use: WeakValueDictionary[str, Models] = WeakValueDictionary()
"""Models that somebody holds, perhaps in work that was interrupted; by their cards' names."""


def ready(reader: Reader) -> None:
    """Nothing: a model can be asked once it has a reader."""


def read(reader: Reader, photo: Photo, whole: bool = False, box: Box | None = None) -> Result:
    """The labels of each face, or of the whole picture where there is none or `whole` asks for it.

    A `box` that somebody placed is read in the place of the faces.
    """
    start = time.perf_counter()
    if box:
        boxes: tuple[Box, ...] = (box,)
    else:
        boxes = () if whole else faces.detect(reader.detector, photo)
    regions: tuple[Box | None, ...] = boxes[:MOST_FACES] or (None,)
    crops = [faces.crop(photo, region, reader.card.transform.side) for region in regions]
    readings = label(reader, crops, regions)
    detector = "hand" if box else "none" if whole else reader.detector.name
    return Result(photo.size, detector, boxes, readings, time.perf_counter() - start, reader.card.name)


def label(reader: Reader, crops: Sequence[Image.Image], boxes: Sequence[Box | None]) -> tuple[Reading, ...]:
    """The readings of squares as the network sees them; `boxes` says where each was cut out."""
    network = reader.models.compiled
    answers = zip(*reader.forward(faces.stack(crops, reader.card.transform.side)), strict=True)
    return tuple(
        # Copies, as a row would keep all others in memory.
        Reading(box, network.objects, network.people, shares.copy(), points.copy(), reader.card.name)
        for box, (shares, points) in zip(boxes, answers, strict=True)
    )


def seen(photo: Photo, reading: Reading) -> Image.Image:
    """What the reading's network saw: RGB, as many pixels wide and high as its card says."""
    return faces.crop(photo, reading.box, cards.load(reading.model).transform.side)


def record(result: Result, n: int, caption: Callable[[str], Caption]) -> dict[str, Any]:
    """A result as JSON has it: each reading's box, its `n` likeliest objects, its `n` nearest people in each release.

    `caption` gives the caption of a wnid, and with it decides what may be said; masked words are null.
    """
    return {
        "size": list(result.size),
        "detector": result.detector,
        "model": result.model,
        "readings": [
            {
                "box": list(astuple(reading.box)) if reading.box else None,
                "objects": [_object(label, caption) for label in reading.objects(n)],
                "people": {
                    release: [_person(label, caption) for label in reading.people(release, n)]
                    for release in vocabularies.RELEASES
                },
            }
            for reading in result.readings
        ],
    }


def _object(label: Label, caption: Callable[[str], Caption]) -> dict[str, Any]:
    return {"wnid": label.wnid, "words": caption(label.wnid).words, "score": round(label.score, 6)}


def _person(label: Label, caption: Callable[[str], Caption]) -> dict[str, Any]:
    shown = caption(label.wnid)
    return {
        "wnid": label.wnid,
        "words": shown.words,
        "masked": shown.masked,
        "safety": shown.safety,
        "score": round(label.score, 6),
    }
