"""Which pixels carried a label: one function over Captum's methods (Kokhlikyan et al., arXiv 2009.07896)."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Captum and torch take seconds to import, and the pages read the table of methods before they need either.
if TYPE_CHECKING:
    import torch
    from torch import nn

    from explainer.classifiers import Classifier
    from explainer.people import PeopleHead


@dataclass(frozen=True, slots=True)
class Target:
    """The output to explain: the logit of an object class, or the score of a person category."""

    kind: Literal["object", "person"]
    wnid: str


@dataclass(frozen=True, eq=False)
class Attribution:
    """Raw and signed: `values` is float32 (height, width), the sum over channels.

    Grad-CAM's map has the cells of its layer (7 x 7), Integrated Gradients' the pixels of the crop. `delta` is how far
    the sum of the values is from the change of the output that it should equal; None where no such sum is promised.
    """

    values: NDArray[np.float32]
    method: str
    target: Target
    seconds: float
    delta: float | None


Function = Callable[["torch.Tensor"], "torch.Tensor"]
"""What is explained: inputs (N, 3, side, side) to outputs (N, targets)."""


@dataclass(frozen=True)
class Method:
    """An attribution method: its idea in a line, its paper, and its settings with what they are by default.

    `passes` says how many forward passes it takes under given settings. `compute` is called with the function, the
    layer for Grad-CAM, the inputs (1, 3, side, side), the index of the output and the settings; it returns the map
    (1, channels, height, width) and its delta.
    """

    name: str
    title: str
    idea: str
    paper: str
    settings: Mapping[str, int]
    passes: Callable[[Mapping[str, int]], int]
    compute: Callable[
        [Function, "nn.Module", "torch.Tensor", int, Mapping[str, int]], "tuple[torch.Tensor, float | None]"
    ]


def _grad_cam(
    function: Function,
    layer: "nn.Module",
    inputs: "torch.Tensor",
    index: int,
    settings: Mapping[str, int],
) -> "tuple[torch.Tensor, None]":
    from captum.attr import LayerGradCam

    # Before its ReLU: what speaks against the label is part of the raw map.
    return LayerGradCam(function, layer).attribute(inputs, target=index, relu_attributions=False), None


def _integrated_gradients(
    function: Function,
    layer: "nn.Module",
    inputs: "torch.Tensor",
    index: int,
    settings: Mapping[str, int],
) -> "tuple[torch.Tensor, float]":
    from captum.attr import IntegratedGradients

    # The baseline is 0, which after standardising is the mean colour. All steps in one batch would take gigabytes.
    values, delta = IntegratedGradients(function).attribute(
        inputs,
        target=index,
        n_steps=settings["steps"],
        internal_batch_size=settings["steps_at_once"],
        return_convergence_delta=True,
    )
    return values, float(delta)


METHODS = {
    method.name: method
    for method in (
        Method(
            "grad-cam",
            "Grad-CAM",
            "Where the network's last feature map speaks for the label, weighed by the gradient.",
            "Selvaraju et al., Grad-CAM (ICCV 2017, arXiv 1610.02391)",
            {},
            lambda settings: 1,
            _grad_cam,
        ),
        Method(
            "integrated-gradients",
            "Integrated Gradients",
            "The gradient summed along the way from a grey picture to this one.",
            "Sundararajan et al., Axiomatic Attribution for Deep Networks (ICML 2017, arXiv 1703.01365)",
            {"steps": 100, "steps_at_once": 5},
            lambda settings: math.ceil(settings["steps"] / settings["steps_at_once"]) + 2,  # and two for the delta
            _integrated_gradients,
        ),
    )
}
"""The methods by name; a further one is a further entry."""


def explain(
    classifier: "Classifier",
    head: "PeopleHead",
    crop: Image.Image,
    target: Target,
    method: str = "grad-cam",
    progress: Callable[[float], None] = lambda fraction: None,
    settings: Mapping[str, int] | None = None,
) -> Attribution:
    """The pixels of a crop, as `faces.crop` makes it, that carried `target`.

    `progress` hears of each forward pass, as a fraction done, 0 to 1; what it raises ends the work. Captum hooks the
    module, so only one thread at a time may explain it. Raises KeyError for an unknown method, ValueError for a target
    that the model does not answer with.
    """
    import torch

    start = time.perf_counter()
    entry = METHODS[method]
    settings = {**entry.settings, **(settings or {})}
    passes = entry.passes(settings)
    wnids = classifier.wnids if target.kind == "object" else head.wnids
    done = 0

    def function(inputs: "torch.Tensor") -> "torch.Tensor":
        nonlocal done
        logits: torch.Tensor = classifier.module(inputs)
        done += 1
        progress(min(1.0, done / passes))
        return logits if target.kind == "object" else head.module(logits)

    inputs = classifier.standardise(torch.from_numpy(classifier.to_pixels([crop]))).requires_grad_()
    values, delta = entry.compute(function, classifier.grad_cam_layer, inputs, wnids.index(target.wnid), settings)
    flat = values.detach().sum(dim=1)[0].numpy().astype(np.float32)
    return Attribution(flat, method, target, time.perf_counter() - start, delta)
