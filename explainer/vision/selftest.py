"""A model's trial before it answers: does it know what the sample pictures show, under the labels it claims to have?

Weights carry no names of their classes. Where a file, a transform or an order of labels is not what the card says, a
model still answers, and nonsense; known photographs tell.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from explainer.imagenet import taxonomy, vocabularies
from explainer.vision import faces, samples
from explainer.vision.cards import ClassifierError, ModelCard

if TYPE_CHECKING:  # it imports torch, which a compiled network does without
    from explainer.vision.classifiers import Classifier

Answers = Callable[[NDArray[np.uint8]], NDArray[Any]]
"""Squares, uint8 (N, side, side, 3), to a number for each category, (N, categories), the highest for the likeliest."""

KNOWN: Mapping[str, tuple[str, ...]] = {
    "cat": ("n02121620",),  # cat
    "coffee": ("n07929519", "n03147509", "n03797390"),  # coffee, cup, mug
    "rocket": ("n04099429", "n04008634", "n04264914"),  # rocket, projectile, spacecraft
    "photographer": ("n04485082", "n02942699"),  # tripod, camera
}
"""What some sample pictures show, by name: the categories below which a right answer is found."""

CERTAIN = "cat"
"""The one of them that a model may not miss."""

TOP, MISSES = 5, 1
"""Among how many answers a right one must be, and for how many of the pictures it may be missing.

Related classes stand side by side in most orders of labels: after a shift by one a cat is still a cat, and coffee may
be a cup. The other two pictures tell that; a model may miss one of them, but not both.
"""


def recognised(card: ModelCard, wnids: Sequence[str], answers: Answers) -> frozenset[str]:
    """The names of the pictures of KNOWN for which a right answer is among a model's first.

    `wnids` are the categories that the model's answers are about, in their order.
    """
    tree = taxonomy.load()
    side = card.transform.side
    crops = [faces.crop(samples.read(name), None, side) for name in KNOWN]

    def right(wnid: str, roots: tuple[str, ...]) -> bool:
        return wnid in tree and any(root in path for path in tree.hypernym_paths(wnid) for root in roots)

    return frozenset(
        name
        for (name, roots), row in zip(KNOWN.items(), answers(faces.stack(crops, side)), strict=True)
        if any(right(label.wnid, roots) for label in vocabularies.top(row, tuple(wnids), TOP))
    )


def check(card: ModelCard, wnids: Sequence[str], answers: Answers) -> None:
    """Raises ClassifierError, in a sentence, for a model that does not know the sample pictures."""
    known = recognised(card, wnids, answers)
    if CERTAIN not in known or len(known) < len(KNOWN) - MISSES:
        raise ClassifierError(
            f"{card.title} does not answer, as it failed the self-test: of {len(KNOWN)} sample pictures it "
            f"knew {', '.join(sorted(known)) or 'none'}. Its weights or the order of its labels must be wrong."
        )


def check_classifier(classifier: "Classifier") -> None:
    """`check` of a classifier's module."""
    import torch

    def logits(pixels: NDArray[np.uint8]) -> NDArray[Any]:
        with torch.no_grad():
            rows: NDArray[Any] = classifier.module(classifier.standardise(torch.from_numpy(pixels))).numpy()
            return rows

    check(classifier.card, classifier.wnids, logits)
