"""Which pixels carried a label: one function over Captum's methods, and the table of them."""

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explainer.attribution import methods
from explainer.attribution.methods import Answer, Progress, Question, Settings
from explainer.vision import faces

# torch takes seconds to import, and the pages read the table of methods before they need it.
if TYPE_CHECKING:
    from explainer.vision.classifiers import Classifier
    from explainer.vision.faces import Box
    from explainer.vision.people import PeopleHead
    from explainer.vision.photos import Photo
    from explainer.vision.pipeline import Reader

Kind = Literal["object", "person"]


class MethodError(Exception):
    """A method that does not work with a model, in a sentence."""


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
    are all that the method was given, its seed among them; `weights` is the SHA-256 of the file that the network was
    read from, in hex.
    """

    values: NDArray[np.float32]
    method: str
    target: Target
    seconds: float
    delta: float | None
    settings: Settings
    weights: str = ""


@dataclass(frozen=True)
class Need:
    """What a method needs of a model: in words, and whether a classifier and its head have it for a kind of target."""

    words: str
    met: Callable[["Classifier", "PeopleHead", Kind], bool]


@dataclass(frozen=True)
class Setting:
    """A setting in words, and what of it can be chosen."""

    title: str
    choices: tuple[Any, ...]


@dataclass(frozen=True)
class Method:
    """An attribution method: its idea in a line, its paper, and its settings with what they are by default.

    `cost` says how long it takes by default on the model that comes with the app: an instant is one or two passes
    through the network, some of the others take hundreds. `passes` counts them.
    """

    name: str
    title: str
    idea: str
    paper: str
    cost: Literal["an instant", "seconds"]
    need: Need
    settings: Settings
    passes: Callable[[Question], int]
    compute: Callable[[Question], Answer]


# What they need


def _activations(classifier: "Classifier") -> set[type]:
    # torch and timm keep theirs in modules of that name.
    return {type(part) for part in classifier.module.modules() if "activation" in type(part).__module__}


def _rectifies(classifier: "Classifier", head: "PeopleHead", kind: Kind) -> bool:
    from torch import nn

    activations = _activations(classifier)
    return bool(activations) and activations <= {nn.ReLU, nn.ReLU6}


# What was found of each classifier, for as long as it is there.
_found: WeakKeyDictionary["Classifier", dict[Kind, bool]] = WeakKeyDictionary()


def _completes(classifier: "Classifier", head: "PeopleHead", kind: Kind) -> bool:
    found = _found.setdefault(classifier, {})
    if kind not in found:
        found[kind] = _adds_up(classifier, head, kind)
    return found[kind]


def _adds_up(classifier: "Classifier", head: "PeopleHead", kind: Kind) -> bool:
    """Whether DeepLift has rules for the activations, and its parts do add up for a picture of noise.

    Not all that is in a network is a module that rules could be kept for.
    """
    from captum.attr._core.deep_lift import SUPPORTED_NON_LINEAR
    from torch import fx

    if not _activations(classifier) <= set(SUPPORTED_NON_LINEAR):
        return False
    side = classifier.card.transform.side
    noise = np.random.default_rng(0).integers(256, size=(side, side, 3), dtype=np.uint8)
    target = Target(kind, (classifier.wnids if kind == "object" else head.wnids)[0])
    asked = question(classifier, head, Image.fromarray(noise), target, METHODS["deeplift"].settings)
    try:
        values, delta = _quietly(methods.deeplift, asked)
    except (RuntimeError, fx.proxy.TraceError):  # Captum's, for what it cannot keep; torch's, for what it cannot follow
        return False
    return delta is not None and abs(delta) <= 0.01 * abs(float(values.sum()) - delta)


_FORWARD = Need("nothing but its answers", lambda classifier, head, kind: True)
_GRADIENT = Need("gradients", lambda classifier, head, kind: True)
_FEATURE_MAP = Need("gradients and a last feature map", lambda classifier, head, kind: True)
_RECTIFIERS = Need("rectifiers as its only activations", _rectifies)
_RULES = Need("layers that DeepLift has rules for, so that its parts do add up", _completes)


def _one(question: Question) -> int:
    return 1


def _batches(number: int, question: Question) -> int:
    batches: int = math.ceil(number / question.settings["at_once"])
    return batches


_GRADIENTS_AT_ONCE, _PASSES_AT_ONCE = 5, 8

METHODS = {
    method.name: method
    for method in (
        Method(
            "grad-cam",
            "Grad-CAM",
            "Where the network's last feature map speaks for the label, weighed by the gradient.",
            "Selvaraju et al., Grad-CAM (ICCV 2017, arXiv 1610.02391)",
            "an instant",
            _FEATURE_MAP,
            {},
            _one,
            methods.grad_cam,
        ),
        Method(
            "integrated-gradients",
            "Integrated Gradients",
            "The gradient summed along the way from an empty picture to this one.",
            "Sundararajan et al., Axiomatic Attribution for Deep Networks (ICML 2017, arXiv 1703.01365)",
            "seconds",
            _GRADIENT,
            {"steps": 100, "baseline": "mean", "at_once": _GRADIENTS_AT_ONCE},
            lambda question: _batches(question.settings["steps"], question) + 2,  # and two for the delta
            methods.integrated_gradients,
        ),
        Method(
            "saliency",
            "Saliency",
            "The plain gradient: how the label would change with each pixel.",
            "Simonyan et al., Deep Inside Convolutional Networks (ICLR workshop 2014, arXiv 1312.6034)",
            "an instant",
            _GRADIENT,
            {},
            _one,
            methods.saliency,
        ),
        Method(
            "input-x-gradient",
            "Input x Gradient",
            "The gradient times the pixel: how much of the label each pixel brings, were the network a sum.",
            "Shrikumar et al., Not Just a Black Box (2016, arXiv 1605.01713)",
            "an instant",
            _GRADIENT,
            {},
            _one,
            methods.input_x_gradient,
        ),
        Method(
            "smoothgrad",
            "SmoothGrad",
            "The mean gradient of many noisy copies of the picture.",
            "Smilkov et al., SmoothGrad (2017, arXiv 1706.03825)",
            "seconds",
            _GRADIENT,
            {"samples": 25, "noise": 0.15, "seed": 0, "at_once": _GRADIENTS_AT_ONCE},
            lambda question: _batches(question.settings["samples"], question),
            methods.smoothgrad,
        ),
        Method(
            "gradient-shap",
            "Gradient SHAP",
            "Integrated Gradients by chance: gradients at random points between the picture and several empty ones.",
            "Lundberg & Lee, A Unified Approach to Interpreting Model Predictions (NeurIPS 2017, arXiv 1705.07874)",
            "seconds",
            _GRADIENT,
            {"samples": 50, "noise": 0.05, "seed": 0, "at_once": _GRADIENTS_AT_ONCE},
            lambda question: 3 * _batches(question.settings["samples"], question),  # two of the three for the delta
            methods.gradient_shap,
        ),
        Method(
            "deeplift",
            "DeepLift",
            "The change of each unit against an empty picture, passed down by rules in place of gradients.",
            "Shrikumar et al., Learning Important Features (ICML 2017, arXiv 1704.02685)",
            "an instant",
            _RULES,
            {"baseline": "mean"},
            lambda question: 3,  # two of them for the delta
            methods.deeplift,
        ),
        Method(
            "guided-backprop",
            "Guided Backprop",
            "The gradient where it is positive all the way down: edges, whatever the label. A lesson in what fails.",
            "Springenberg et al., Striving for Simplicity (ICLR workshop 2015, arXiv 1412.6806)",
            "an instant",
            _RECTIFIERS,
            {},
            _one,
            methods.guided_backprop,
        ),
        Method(
            "deconvolution",
            "Deconvolution",
            "The network run backwards, only what is positive passed down. A lesson in what fails.",
            "Zeiler & Fergus, Visualizing and Understanding Convolutional Networks (ECCV 2014, arXiv 1311.2901)",
            "an instant",
            _RECTIFIERS,
            {},
            _one,
            methods.deconvolution,
        ),
        Method(
            "guided-grad-cam",
            "Guided Grad-CAM",
            "Guided Backprop where Grad-CAM is positive: the edges within the region that speaks for the label.",
            "Selvaraju et al., Grad-CAM (ICCV 2017, arXiv 1610.02391)",
            "an instant",
            _RECTIFIERS,
            {},
            lambda question: 2,
            methods.guided_grad_cam,
        ),
        Method(
            "occlusion",
            "Occlusion",
            "How far the output falls where a window is hidden, moved all over the picture.",
            "Zeiler & Fergus, Visualizing and Understanding Convolutional Networks (ECCV 2014, arXiv 1311.2901)",
            "seconds",
            _FORWARD,
            {"window": 32, "stride": 16, "baseline": "mean", "at_once": _PASSES_AT_ONCE},
            lambda question: _batches(methods.windows(question), question) + 1,  # and one for the picture as it is
            methods.occlusion,
        ),
        Method(
            "feature-ablation",
            "Feature Ablation",
            "How far the output falls where one region of like colour is hidden, each in turn.",
            "Kokhlikyan et al., Captum (2020, arXiv 2009.07896)",
            "seconds",
            _FORWARD,
            {"segments": 60, "baseline": "mean", "at_once": _PASSES_AT_ONCE},
            lambda question: _batches(int(question.segments.max()) + 1, question) + 1,
            methods.feature_ablation,
        ),
        Method(
            "lime",
            "LIME",
            "A linear model of which regions of like colour matter, fitted to many pictures with half of them hidden.",
            "Ribeiro et al., “Why Should I Trust You?” (KDD 2016, arXiv 1602.04938)",
            "seconds",
            _FORWARD,
            {"segments": 60, "samples": 400, "baseline": "mean", "seed": 0, "at_once": _PASSES_AT_ONCE},
            lambda question: _batches(question.settings["samples"], question),
            methods.lime,
        ),
        Method(
            "kernel-shap",
            "Kernel SHAP",
            "Each region's fair share of the output, estimated from many pictures with some of the regions hidden.",
            "Lundberg & Lee, A Unified Approach to Interpreting Model Predictions (NeurIPS 2017, arXiv 1705.07874)",
            "seconds",
            _FORWARD,
            {"segments": 60, "samples": 400, "baseline": "mean", "seed": 0, "at_once": _PASSES_AT_ONCE},
            lambda question: _batches(question.settings["samples"], question),
            methods.kernel_shap,
        ),
    )
}
"""The methods by name; a further one is a further entry."""

SETTINGS = {
    "steps": Setting("Steps", (10, 50, 100, 200)),
    "baseline": Setting("Empty picture", tuple(methods.BASELINES)),
    "samples": Setting("Samples", (25, 50, 100, 400)),
    "noise": Setting("Noise (share of the range)", (0.05, 0.15, 0.3)),
    "segments": Setting("Regions", (30, 60, 120)),
    "window": Setting("Window (pixels)", (16, 32, 64)),
    "stride": Setting("Moved by (pixels)", (8, 16)),
    "seed": Setting("Seed", (0, 1, 2)),
}
"""What can be chosen of the settings, by name. How many passes go at once changes no map, and is no choice."""

FIRST = ("grad-cam", "integrated-gradients")
"""The methods that a photo's page offers; the laboratory offers all that work."""


def offered(classifier: "Classifier", head: "PeopleHead", kind: Kind) -> tuple[str, ...]:
    """The names of the methods that work with a classifier and its head for targets of that kind."""
    return tuple(method.name for method in METHODS.values() if method.need.met(classifier, head, kind))


def question(
    classifier: "Classifier",
    head: "PeopleHead",
    crop: Image.Image,
    target: Target,
    settings: Settings,
    heard: Callable[[], None] = lambda: None,
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
    for an unknown method or setting, MethodError for a method that does not work with the model, ValueError for a
    target that it does not answer with.
    """
    start = time.perf_counter()
    entry = METHODS[method]
    if unknown := set(settings or ()) - set(entry.settings):
        raise KeyError(f"{entry.title} has no setting {', '.join(sorted(unknown))}.")
    if not entry.need.met(classifier, head, target.kind):
        raise MethodError(f"{entry.title} does not work with {classifier.card.title}: it needs {entry.need.words}.")
    merged = {**entry.settings, **(settings or {})}
    asked = question(classifier, head, crop, target, merged, lambda: heard())
    heard = methods.counter(entry.passes(asked), progress)
    values, delta = _quietly(entry.compute, asked)
    flat = values.detach().sum(dim=1)[0].numpy().astype(np.float32)
    return Attribution(flat, method, target, time.perf_counter() - start, delta, merged, classifier.sha256)


def explain_photo(
    reader: "Reader",
    photo: "Photo",
    box: "Box | None",
    target: Target,
    method: str = "grad-cam",
    progress: Progress = lambda fraction: None,
    settings: Settings | None = None,
) -> Attribution:
    """Which pixels of exactly what the network saw of that face carried a label; errors as in `saliency.explain`."""
    crop = faces.crop(photo, box, reader.card.transform.side)
    return explain(reader.classifier, reader.head, crop, target, method, progress, settings)


def _quietly(compute: Callable[[Question], Answer], question: Question) -> Answer:
    """The answer, drawn from generators with the question's seed, and without Captum's warnings.

    They tell of hooks that it takes away again.
    """
    import torch

    seed = question.settings.get("seed", 0)
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore", UserWarning)
        torch.manual_seed(seed)
        np.random.seed(seed)
        return compute(question)
