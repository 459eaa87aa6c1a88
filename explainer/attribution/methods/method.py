"""What is said of an attribution method, and the decorator that says it beside the method's function."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from explainer.attribution.question import BASELINES, Answer, Question, Settings
from explainer.jobs import Parts

if TYPE_CHECKING:
    from explainer.vision.classifiers import Classifier
    from explainer.vision.people import PeopleHead

Kind = Literal["object", "person"]

Compute = Callable[[Question], Answer | Parts[Answer]]
Computed = TypeVar("Computed", bound=Compute)


@dataclass(frozen=True)
class Need:
    """What a method needs of a model: in words, and whether a classifier and its head have it for a kind of target.

    A method without `gradients` hides parts of the picture: its values are changes of the output.
    """

    words: str
    met: Callable[["Classifier", "PeopleHead", Kind], bool]
    gradients: bool = True


@dataclass(frozen=True)
class Setting:
    """A setting in words, and what of it can be chosen."""

    title: str
    choices: tuple[Any, ...]


@dataclass(frozen=True)
class Method:
    """An attribution method: its idea in a line, its paper, and its settings with their defaults.

    `cost` is how long it takes by default on the model that comes with the app: an instant is one or two passes through
    the network, some of the others take hundreds. `passes` counts them. Those whose passes depend on each other by no
    hook are generators, and can be interrupted between them.
    """

    name: str
    title: str
    idea: str
    paper: str
    cost: Literal["an instant", "seconds"]
    need: Need
    settings: Settings
    passes: Callable[[Question], int]
    compute: Compute


REGISTERED: dict[str, Method] = {}
"""The methods by name, each put here by its decorator when its file is imported."""

GRADIENTS_AT_ONCE, PASSES_AT_ONCE = 5, 8
"""Pictures in one batch, with gradients and without."""

SETTINGS = {
    "steps": Setting("Steps", (10, 50, 100, 200, 400)),
    "baseline": Setting("Empty picture", tuple(BASELINES)),
    "samples": Setting("Samples", (25, 50, 100, 400)),
    "noise": Setting("Noise (share of the range)", (0.05, 0.15, 0.3)),
    "segments": Setting("Regions", (30, 60, 120)),
    "window": Setting("Window (pixels)", (16, 32, 64)),
    "stride": Setting("Moved by (pixels)", (8, 16)),
    "seed": Setting("Seed", (0, 1, 2)),
}
"""What can be chosen of the settings, by name. How many passes go at once changes no map, and is no choice."""

FORWARD = Need("nothing but its answers", lambda classifier, head, kind: True, gradients=False)
GRADIENT = Need("gradients", lambda classifier, head, kind: True)
FEATURE_MAP = Need("gradients and a last feature map", lambda classifier, head, kind: True)


def one(question: Question) -> int:
    """The passes of a method that needs one."""
    return 1


def batches(number: int, question: Question) -> int:
    """The passes for a number of pictures, as many at once as the settings say."""
    return math.ceil(number / int(question.settings["at_once"]))


def method(
    *,
    title: str,
    idea: str,
    paper: str,
    cost: Literal["an instant", "seconds"],
    need: Need = GRADIENT,
    settings: Settings | None = None,
    passes: Callable[[Question], int] = one,
) -> Callable[[Computed], Computed]:
    """Put the decorated function into the table of methods; its name, with hyphens, is the method's.

    >>> @method(title="Saliency", idea="The plain gradient.", paper="arXiv 1312.6034", cost="an instant")
    ... def saliency(question): ...
    >>> REGISTERED["saliency"].title
    'Saliency'
    """

    def register(compute: Computed) -> Computed:
        name = compute.__name__.replace("_", "-")
        REGISTERED[name] = Method(name, title, idea, paper, cost, need, settings or {}, passes, compute)
        return compute

    return register


def activations(classifier: "Classifier") -> set[type]:
    """The kinds of activations in a network. torch and timm keep theirs in modules of that name."""
    return {type(part) for part in classifier.module.modules() if "activation" in type(part).__module__}


def rectifies(classifier: "Classifier", head: "PeopleHead", kind: Kind) -> bool:
    """Whether rectifiers are the only activations."""
    from torch import nn

    found: Iterable[type] = activations(classifier)
    return bool(found) and set(found) <= {nn.ReLU, nn.ReLU6}


RECTIFIERS = Need("rectifiers as its only activations", rectifies)
