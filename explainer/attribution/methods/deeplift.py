"""DeepLift."""

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from PIL import Image

from explainer.attribution.methods.method import Kind, Need, activations, method
from explainer.attribution.question import Answer, Question, compute

if TYPE_CHECKING:
    from explainer.vision.classifiers import Classifier
    from explainer.vision.people import PeopleHead

_SETTINGS = {"baseline": "mean"}

# What was found of each classifier, for as long as it is there.
_found: WeakKeyDictionary["Classifier", dict[Kind, bool]] = WeakKeyDictionary()


def _completes(classifier: "Classifier", head: "PeopleHead", kind: Kind) -> bool:
    found = _found.setdefault(classifier, {})
    if kind not in found:
        found[kind] = _adds_up(classifier, head, kind)
    return found[kind]


def _adds_up(classifier: "Classifier", head: "PeopleHead", kind: Kind) -> bool:
    """Whether DeepLift has rules for the activations, and its parts do add up for a picture of noise.

    Not every part of a network is a module that has a rule.
    """
    from captum.attr._core.deep_lift import SUPPORTED_NON_LINEAR
    from torch import fx, nn

    if not activations(classifier) <= set(SUPPORTED_NON_LINEAR):
        return False
    side = classifier.card.transform.side
    noise = Image.fromarray(np.random.default_rng(0).integers(256, size=(side, side, 3), dtype=np.uint8))
    module = nn.Identity() if kind == "object" else head.module
    try:
        values, delta = compute(deeplift, Question(classifier, module, noise, 0, None, _SETTINGS, lambda outputs: None))
    except (RuntimeError, fx.proxy.TraceError):  # Captum's, for what it cannot keep; torch's, for what it cannot follow
        return False
    return delta is not None and abs(delta) <= 0.01 * abs(float(values.sum()) - delta)


@method(
    title="DeepLift",
    idea="The change of each unit against an empty picture, passed down by rules in place of gradients.",
    paper="Shrikumar et al., Learning Important Features (ICML 2017, arXiv 1704.02685)",
    cost="an instant",
    need=Need("layers that DeepLift has rules for, so that its parts do add up", _completes),
    settings=_SETTINGS,
    passes=lambda question: 3,  # two of them for the delta
)
def deeplift(question: Question) -> Answer:
    """DeepLift by its rescale rule."""
    from captum.attr import DeepLift

    from explainer.attribution import networks

    module = networks.separated(question.classifier.module)
    values, delta = DeepLift(question.output(module)).attribute(
        question.inputs, question.baseline, return_convergence_delta=True
    )
    return values.detach(), float(delta)
