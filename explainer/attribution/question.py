"""What a method is asked about a network: one output of it for one crop, under some settings."""

import time
import warnings
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageFilter

from explainer.jobs import Parts, whole

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


_A_TURN = 1.0  # seconds of passes after which a method that hides parts of the picture is interrupted


class _EnoughError(Exception):
    """Raised where a method asks for a pass that another turn will make."""


def hiding_in_parts(
    question: Question, method: "Callable[[Callable[[torch.Tensor], torch.Tensor]], torch.Tensor]"
) -> Parts[Answer]:
    """What a method of Captum's makes of the output of the crop under masks, interrupted after some passes.

    The masks that it asks for must not depend on the answers. Captum cannot be interrupted within, so each turn begins
    anew, with the same random numbers and the answers that are known: that takes little time beside the passes.
    """
    output, known, drawn = question.output_of_masks(), list["torch.Tensor"](), _generators()

    def turn() -> "torch.Tensor":
        before, began = iter([*known]), 0.0

        def answers(masks: "torch.Tensor") -> "torch.Tensor":
            nonlocal began
            answer = next(before, None)
            if answer is None:
                now = time.monotonic()
                began = began or now
                if now - began > _A_TURN:
                    raise _EnoughError
                answer = output(masks).clone()  # of which it may be a part: of all that the network answered
                known.append(answer)
            return answer.clone()

        return method(answers)

    while True:
        try:
            return turn(), None
        except _EnoughError:
            pass  # what it holds of the turn goes before others have theirs
        yield
        _set_generators(drawn)


def _generators() -> tuple["torch.Tensor", Any]:
    """The state of torch's and NumPy's common generators."""
    import torch

    return torch.get_rng_state(), np.random.get_state()


def _set_generators(state: tuple["torch.Tensor", Any]) -> None:
    import torch

    torch.set_rng_state(state[0])
    np.random.set_state(state[1])


def compute(method: Callable[[Question], Answer | Parts[Answer]], question: Question) -> Answer:
    """The answer of a method, drawn with the question's seed, without the warnings of Captum's.

    These tell of hooks that it takes away again. Generators of others stay as they are.
    """
    return whole(compute_in_parts(method, question))


def compute_in_parts(method: Callable[[Question], Answer | Parts[Answer]], question: Question) -> Parts[Answer]:
    """The same, to be interrupted where the method yields. It goes on drawing where it was, whatever others drew."""
    import torch

    seed = question.settings.get("seed", 0)
    drawn = None
    while True:
        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
            warnings.simplefilter("ignore", UserWarning)
            if drawn is None:
                torch.manual_seed(seed)
                np.random.seed(seed)
                begun = method(question)
                if not isinstance(begun, Generator):
                    return begun
                parts = begun
            else:
                _set_generators(drawn)
            try:
                next(parts)
            except StopIteration as end:
                answer: Answer = end.value
                return answer
            drawn = _generators()
        yield
