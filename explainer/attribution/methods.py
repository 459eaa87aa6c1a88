"""Captum's attribution methods (Kokhlikyan et al., arXiv 2009.07896), each as a function from a question to a map."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageFilter

# Captum and torch take seconds to import, and the table of methods is read before either is needed.
if TYPE_CHECKING:
    import torch
    from torch import nn

    from explainer.attribution.networks import Network, Output
    from explainer.vision.classifiers import Classifier

Settings = Mapping[str, Any]

Progress = Callable[[float], None]
"""Told the fraction done, 0 to 1; what it raises ends the work."""

Answer = tuple["torch.Tensor", float | None]
"""A map (1, channels, height, width), and where its values should sum to a change of the output, by how much they miss.

Of the methods that hide parts of the picture, the map has one channel: all channels of a pixel are hidden together.
"""


@dataclass(frozen=True, eq=False)
class Question:
    """What a method is asked: one output of a classifier and its head for one crop, under the method's settings.

    The output is number `index`, or its difference to number `against`. `heard` is called after each pass through the
    network; what it raises ends the work.
    """

    classifier: "Classifier"
    head: "nn.Module"
    crop: Image.Image
    index: int
    against: int | None
    settings: Settings
    heard: Callable[[], None]

    @cached_property
    def inputs(self) -> "torch.Tensor":
        """The crop as the module takes it, float32 (1, 3, side, side)."""
        return self.classifier.to_inputs([self.crop])

    @cached_property
    def baseline(self) -> "torch.Tensor":
        """The picture in which there is nothing to see, of BASELINES, like `inputs`."""
        return BASELINES[self.settings["baseline"]](self.classifier, self.crop)

    @cached_property
    def shown(self) -> "torch.Tensor":
        """A mask (1, 1, side, side) of ones: all of the crop is shown. Where a mask is 0, the baseline is."""
        import torch

        return torch.ones_like(self.inputs[:, :1])

    @cached_property
    def segments(self) -> "torch.Tensor":
        """The superpixels of the crop, int64 (1, 1, side, side), numbered from 0; about as many as asked for.

        SLIC (Achanta et al., TPAMI 2012) puts pixels together that are near and of like colour.
        """
        import torch
        from skimage.segmentation import slic

        found = slic(np.asarray(self.crop), self.settings["segments"], start_label=0)
        return torch.from_numpy(found)[None, None].long()

    def output(self, network: "Network | None" = None) -> "Output":
        """The output as a module, (N, 3, side, side) to (N,), of the classifier's module or what stands in for it."""
        from explainer.attribution import networks

        network = network or self.classifier.module
        return networks.Output(network, self.head, self.index, self.against, self.heard)

    def output_of_masks(self) -> "Output":
        """The output of the crop under masks like `shown`, without gradients, through the compiled network."""
        import torch

        def network(masks: torch.Tensor) -> torch.Tensor:
            return self.classifier.compiled(torch.lerp(self.baseline, self.inputs, masks))

        return self.output(network)


BASELINES: Mapping[str, Callable[["Classifier", Image.Image], "torch.Tensor"]] = {
    "mean": lambda classifier, crop: 0 * classifier.to_inputs([crop]),
    "black": lambda classifier, crop: classifier.to_inputs([Image.new("RGB", crop.size)]),
    "blurred": lambda classifier, crop: classifier.to_inputs([crop.filter(ImageFilter.GaussianBlur(12))]),
}
"""Pictures in which there is nothing to see, as inputs: of the mean colour, black, or the crop out of focus."""


def counter(total: int, progress: Progress) -> Callable[[], None]:
    """A function to call after each of a total of passes, which tells `progress` of it."""
    done = 0

    def heard() -> None:
        nonlocal done
        done += 1
        progress(min(1.0, done / total))

    return heard


# Along the gradient


def saliency(question: Question) -> Answer:
    """The gradient."""
    from captum.attr import Saliency

    return Saliency(question.output()).attribute(question.inputs, abs=False), None


def input_x_gradient(question: Question) -> Answer:
    """The gradient times the inputs."""
    from captum.attr import InputXGradient

    return InputXGradient(question.output()).attribute(question.inputs), None


def smoothgrad(question: Question) -> Answer:
    """The mean gradient of `samples` noisy inputs."""
    from captum.attr import NoiseTunnel, Saliency

    values = NoiseTunnel(Saliency(question.output())).attribute(
        question.inputs,
        nt_samples=question.settings["samples"],
        nt_samples_batch_size=question.settings["at_once"],
        stdevs=_noise(question),
        abs=False,
    )
    return values, None


def integrated_gradients(question: Question) -> Answer:
    """The mean gradient of `steps` points between baseline and inputs (Gauss-Legendre), times their difference."""
    from captum.attr import IntegratedGradients

    # All steps in one batch would take gigabytes.
    values, delta = IntegratedGradients(question.output()).attribute(
        question.inputs,
        question.baseline,
        n_steps=question.settings["steps"],
        internal_batch_size=question.settings["at_once"],
        return_convergence_delta=True,
    )
    return values, float(delta)


def gradient_shap(question: Question) -> Answer:
    """The same at random points between noisy inputs and a baseline drawn from all; complete in expectation only."""
    import torch
    from captum.attr import GradientShap

    method = GradientShap(question.output())
    baselines = torch.cat([make(question.classifier, question.crop) for make in BASELINES.values()])
    samples, values, delta = question.settings["samples"], torch.zeros_like(question.inputs), 0.0
    # Captum would take all samples in one batch.
    for start in range(0, samples, question.settings["at_once"]):
        number = min(question.settings["at_once"], samples - start)
        part, deltas = method.attribute(
            question.inputs, baselines, number, stdevs=_noise(question), return_convergence_delta=True
        )
        values += part.detach() * number / samples
        delta += float(deltas.sum()) / samples
    return values, delta


def _noise(question: Question) -> float:
    """The standard deviation of noise, of which the settings have the share of the inputs' range."""
    return float(question.settings["noise"] * (question.inputs.max() - question.inputs.min()))


def deeplift(question: Question) -> Answer:
    """DeepLift by its rescale rule."""
    from captum.attr import DeepLift

    from explainer.attribution import networks

    module = networks.separated(question.classifier.module)
    values, delta = DeepLift(question.output(module)).attribute(
        question.inputs, question.baseline, return_convergence_delta=True
    )
    return values.detach(), float(delta)


def guided_backprop(question: Question) -> Answer:
    """The gradient, with what is negative set to 0 at each rectifier."""
    from captum.attr import GuidedBackprop

    return GuidedBackprop(question.output(_rectified(question))).attribute(question.inputs), None


def deconvolution(question: Question) -> Answer:
    """The same, but each rectifier passes gradients on whatever came in on the way up."""
    from captum.attr import Deconvolution

    return Deconvolution(question.output(_rectified(question))).attribute(question.inputs), None


def grad_cam(question: Question) -> Answer:
    """The feature map of the card's layer, each channel weighed by its mean gradient."""
    from captum.attr import LayerGradCam

    layer = question.classifier.grad_cam_layer
    # Only what is above the layer needs a gradient: that makes it hardly slower than a forward pass.
    with layer.register_forward_hook(lambda module, inputs, output: output.requires_grad_()):
        # Before its ReLU: what speaks against the label is part of the raw map.
        values = LayerGradCam(question.output(), layer).attribute(question.inputs, relu_attributions=False)
    return values, None


def guided_grad_cam(question: Question) -> Answer:
    """Guided Backprop times what is positive of Grad-CAM."""
    from captum.attr import GuidedGradCam

    module = _rectified(question)
    layer = module.get_submodule(question.classifier.card.grad_cam_layer)
    return GuidedGradCam(question.output(module), layer).attribute(question.inputs, interpolate_mode="bilinear"), None


def _rectified(question: Question) -> "nn.Module":
    from explainer.attribution import networks

    return networks.rectified(question.classifier.module)


# By hiding parts of the picture


def occlusion(question: Question) -> Answer:
    """How much the output falls on average over the windows that hide a pixel."""
    from captum.attr import Occlusion

    window, stride = question.settings["window"], question.settings["stride"]
    return Occlusion(question.output_of_masks()).attribute(
        question.shown,
        (1, window, window),
        (1, stride, stride),
        perturbations_per_eval=question.settings["at_once"],
    ), None


def windows(question: Question) -> int:
    """How many windows Occlusion hides, one after another."""
    room = question.classifier.card.transform.side - question.settings["window"]
    steps: int = math.ceil(room / question.settings["stride"]) + 1
    return steps**2


def feature_ablation(question: Question) -> Answer:
    """How much the output falls where a pixel's segment is hidden."""
    from captum.attr import FeatureAblation

    return FeatureAblation(question.output_of_masks()).attribute(
        question.shown, feature_mask=question.segments, perturbations_per_eval=question.settings["at_once"]
    ), None


def lime(question: Question) -> Answer:
    """The weight of a pixel's segment in a linear model of the output."""
    from captum._utils.models.linear_model import SkLearnRidge
    from captum.attr import Lime

    # Ridge and kernel are those of the authors' code. Captum's lasso would shrink the small scores of people to 0.
    return _over_segments(question, Lime(question.output_of_masks(), SkLearnRidge(alpha=1.0), likeness)), None


def likeness(original: "torch.Tensor", perturbed: "torch.Tensor", kept: "torch.Tensor", **options: object) -> float:
    """How much a picture of which segments were `kept` (1, segments; 1 or 0) weighs in LIME's model, up to 1."""
    distance = 1 - math.sqrt(float(kept.float().mean()))  # that of the cosine to all kept
    return math.exp(-((distance / 0.25) ** 2) / 2)


def kernel_shap(question: Question) -> Answer:
    """The Shapley value of a pixel's segment, estimated."""
    from captum.attr import KernelShap

    return _over_segments(question, KernelShap(question.output_of_masks())), None


def _over_segments(question: Question, method: Any) -> "torch.Tensor":
    values: torch.Tensor = method.attribute(
        question.shown,
        feature_mask=question.segments,
        n_samples=question.settings["samples"],
        perturbations_per_eval=question.settings["at_once"],
    )
    return values
