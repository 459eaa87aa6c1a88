"""A model's trial before it answers: does it know what the sample pictures show, under the labels it claims to have?

Weights carry no names of their classes. Where a file, a transform or an order of labels is not what the card says, a
model still answers, and nonsense; known photographs tell.
"""

from collections.abc import Mapping

import torch

from explainer.imagenet import taxonomy, vocabularies
from explainer.vision import faces, samples
from explainer.vision.classifiers import Classifier, ClassifierError

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


def recognised(classifier: Classifier) -> frozenset[str]:
    """The names of the pictures of KNOWN for which a right answer is among the model's first."""
    tree = taxonomy.load()
    crops = [faces.crop(samples.read(name), None, classifier.card.transform.side) for name in KNOWN]
    with torch.no_grad():
        logits = classifier.module(classifier.to_inputs(crops)).numpy()

    def right(wnid: str, roots: tuple[str, ...]) -> bool:
        return wnid in tree and any(root in path for path in tree.hypernym_paths(wnid) for root in roots)

    return frozenset(
        name
        for (name, roots), row in zip(KNOWN.items(), logits, strict=True)
        if any(right(label.wnid, roots) for label in vocabularies.top(row, classifier.wnids, TOP))
    )


def check(classifier: Classifier) -> None:
    """Raises ClassifierError, in a sentence, for a model that does not know the sample pictures."""
    known = recognised(classifier)
    if CERTAIN not in known or len(known) < len(KNOWN) - MISSES:
        raise ClassifierError(
            f"{classifier.card.title} does not answer, as it failed the self-test: of {len(KNOWN)} sample pictures it "
            f"knew {', '.join(sorted(known)) or 'none'}. Its weights or the order of its labels must be wrong."
        )
