"""What a method is asked about a network: one output of it for one crop, under some settings."""

import warnings
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
    network, with all outputs; what it raises ends the work.
    """

    classifier: "Classifier"
    head: "nn.Module"
    crop: Image.Image
    index: int
    against: int | None
    settings: Settings
    heard: Callable[["torch.Tensor"], None]

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

    @cached_property
    def regions(self) -> int:
        """How many superpixels there are; one where all of the crop is of one colour."""
        return int(self.segments.max()) + 1

    @property
    def noise(self) -> float:
        """The standard deviation of noise, of which the settings have the share of the inputs' range."""
        return float(self.settings["noise"] * (self.inputs.max() - self.inputs.min()))

    @property
    def rectified(self) -> "nn.Module":
        """The classifier's module as Captum's rules for rectifiers need it."""
        from explainer.attribution import networks

        return networks.rectified(self.classifier.module)

    def output(self, network: "Network | None" = None) -> "Output":
        """The output as a module, (N, 3, side, side) to (N,), of what stands in for the classifier."""
        from explainer.attribution import networks

        network = network or networks.folded(self.classifier.module)
        return networks.Output(network, self.head, self.index, self.against, self.heard)

    def output_of_many(self) -> "Output":
        """The same of the classifier, for methods that ask for dozens of gradients: they come through OpenVINO."""
        from explainer.attribution import gradients

        return self.output(gradients.network(self.classifier))

    def output_and_feature_map(self) -> "tuple[Output, nn.Module]":
        """The same for a gradient no further down than to the feature map that Grad-CAM reads, and that map's layer."""
        from explainer.attribution import gradients

        network, layer = gradients.to_feature_map(self.classifier)
        return self.output(network), layer

    def output_of_masks(self) -> "Output":
        """The output of the crop under masks like `shown`, without gradients, through the compiled network."""
        import torch

        def network(masks: torch.Tensor) -> torch.Tensor:
            return self.classifier.compiled(torch.lerp(self.baseline, self.inputs, masks))

        return self.output(network)

    def output_of_pictures(self) -> "Output":
        """The output of inputs like `inputs`, without gradients, through the compiled network."""
        return self.output(self.classifier.compiled)


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


def compute(method: Callable[[Question], Answer], question: Question) -> Answer:
    """The answer of a method, drawn with the question's seed, without the warnings of Captum's.

    These tell of hooks that it takes away again. Generators of others stay as they are.
    """
    import torch

    seed = question.settings.get("seed", 0)
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore", UserWarning)
        torch.manual_seed(seed)
        np.random.seed(seed)
        return method(question)
