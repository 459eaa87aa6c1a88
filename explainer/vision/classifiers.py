"""From a model card to a classifier: module, transform and categories in one record, so that they cannot disagree."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from torch import nn

from explainer.imagenet import vocabularies
from explainer.setup import files
from explainer.vision import cards, faces, openvino
from explainer.vision.cards import ClassifierError, ModelCard, Transform


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


class Gridded(nn.Module):
    """A layer of a transformer, whose tokens (N, 1 + height x width, channels) pass through `grid` as a feature map.

    The map is (N, channels, height, width), square, without the first token, which stands for the whole picture. What
    comes out is what the layer gave.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer, self.grid = layer, nn.Identity()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The layer's tokens."""
        whole, patches = self.layer(inputs).split_with_sizes([1, inputs.shape[1] - 1], dim=1)
        side = int(patches.shape[1] ** 0.5)
        feature_map = self.grid(patches.transpose(1, 2).unflatten(2, (side, side)))
        return torch.cat([whole, feature_map.flatten(2).transpose(1, 2)], dim=1)


@dataclass(frozen=True, eq=False)
class Classifier:
    """A model ready to be asked.

    `make` makes its module, when it is first asked for; `wnids` names the classes in the order of the logits. One that
    is `passing` is asked for a single map: compiling it would take longer than it saves. `sha256` is that of the file
    its weights are read from.
    """

    card: ModelCard
    make: Callable[[], nn.Module]
    wnids: tuple[str, ...]
    passing: bool = False
    sha256: str = ""

    def of(self, module: nn.Module, passing: bool = False) -> "Classifier":
        """The same with another module, whose weights are in no file."""
        return replace(self, make=lambda: module, passing=passing, sha256="")

    @cached_property
    def module(self) -> nn.Module:
        """It maps float32 (N, 3, side, side), as `standardise` makes it of `to_pixels`, to logits (N, classes).

        It is in evaluation mode. The first call may take seconds, as libraries of architectures are slow to import.
        Raises what `make` raises.
        """
        return self.make()

    @cached_property
    def standardise(self) -> Standardise:
        """What comes before the module."""
        return Standardise(self.card.transform)

    @cached_property
    def compiled(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """The module compiled with OpenVINO, for what needs no gradient: logits equal to about 1e-5, in less time.

        One that is `passing` answers with the module itself.
        """
        if self.passing:
            return torch.no_grad()(self.module)
        side = self.card.transform.side
        forward = openvino.compile(self.module, torch.zeros(1, 3, side, side))

        def logits(inputs: torch.Tensor) -> torch.Tensor:
            (values,) = forward(inputs.contiguous().numpy())
            return torch.from_numpy(values)

        return logits

    @property
    def grad_cam_layer(self) -> nn.Module:
        """The layer whose feature map Grad-CAM reads."""
        return self.grad_cam_layer_of(self.module)

    def grad_cam_layer_of(self, module: nn.Module) -> nn.Module:
        """The same layer of a copy of the module."""
        layer = module.get_submodule(self.card.grad_cam_layer)
        return layer.grid if isinstance(layer, Gridded) else layer

    def to_pixels(self, crops: Sequence[Image.Image]) -> NDArray[np.uint8]:
        """RGB pictures as one array, as `faces.stack` makes it."""
        return faces.stack(crops, self.card.transform.side)

    def to_inputs(self, crops: Sequence[Image.Image]) -> torch.Tensor:
        """RGB pictures as the module takes them; errors as in `to_pixels`."""
        inputs: torch.Tensor = self.standardise(torch.from_numpy(self.to_pixels(crops)))
        return inputs


def _by_timm(name: str, classes: int) -> nn.Module:
    import timm

    module: nn.Module = timm.create_model(name, pretrained=False, num_classes=classes)
    return module


def _by_torchvision(name: str, classes: int) -> nn.Module:
    import torchvision

    module: nn.Module = torchvision.models.get_model(name, weights=None, num_classes=classes)
    return module


# Each is imported where a card names it: they are slow to import.
_LIBRARIES: Mapping[cards.Library, Callable[[str, int], nn.Module]] = {
    "timm": _by_timm,
    "torchvision": _by_torchvision,
}

# Neither runs code from a file.
_FORMATS: Mapping[str, Callable[[Path], Mapping[str, torch.Tensor]]] = {
    ".pth": lambda path: torch.load(path, map_location="cpu", weights_only=True),
    ".safetensors": load_file,
}


def load(card: ModelCard | None = None) -> Classifier:
    """The classifier of a card, by default of the one that comes with the app.

    Raises ClassifierError where its weights are missing, are not the bytes that the card names, or do not fit. Whether
    their order of labels is right, only known photographs tell: see `selftest`.
    """
    card = card or cards.load()
    wnids = vocabularies.label_set(card.labels)
    path = _weights(card)
    module = _LIBRARIES[card.library](card.architecture, len(wnids))
    _fill(module, _read(path), path, card.weights.by_name)
    return classifier(card, module, wnids, files.digest(path))


def classifier(card: ModelCard, module: nn.Module, wnids: Sequence[str], sha256: str = "") -> Classifier:
    """A card's module with its weights, frozen, and with a feature map where Grad-CAM reads tokens."""
    if card.grad_cam_tokens:
        module.set_submodule(card.grad_cam_layer, Gridded(module.get_submodule(card.grad_cam_layer)))
    frozen = module.eval().requires_grad_(False)
    return Classifier(card, lambda: frozen, tuple(wnids), sha256=sha256)


def later(card: ModelCard, check: Callable[[Classifier], None]) -> Classifier:
    """The classifier of a card, whose module is loaded and checked when it is first asked for.

    Raises ClassifierError where its weights are missing or not the bytes that the card names; what else `load` and
    `check` raise is raised then.
    """

    @cache
    def make() -> nn.Module:
        loaded = load(card)
        check(loaded)
        return loaded.module

    return Classifier(card, make, vocabularies.label_set(card.labels), sha256=files.digest(_weights(card)))


def _weights(card: ModelCard) -> Path:
    weights = card.weights
    path = weights.path
    if path is None:
        raise ClassifierError(f"The weights of {card.title} are missing: {weights.remedy(card.name)}.")
    if not weights.is_whole():
        raise ClassifierError(
            f"{path.name} is not the file that the card of {card.title} names: it is left as it is. "
            f"Move it away; then {weights.remedy(card.name)}."
        )
    return path


def _read(path: Path) -> Mapping[str, torch.Tensor]:
    try:
        tensors = _FORMATS[path.suffix](path)
    except Exception as error:  # what a reader raises depends on which bytes are wrong
        raise ClassifierError(
            f"{path.name} cannot be read as weights, or holds more than these: it is left alone."
        ) from error
    if not isinstance(tensors, dict) or not all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in tensors.items()
    ):
        raise ClassifierError(f"{path.name} holds something else than weights: it is left alone.")
    return tensors


def _fill(module: nn.Module, tensors: Mapping[str, torch.Tensor], path: Path, by_name: bool) -> None:
    """Load weights by their names, or by their order where these differ; all must be there, in the module's shapes.

    Names and shapes are for the module to judge: torchvision's transformers know the older names of published files.
    """
    try:
        module.load_state_dict(tensors if by_name else dict(zip(module.state_dict(), tensors.values(), strict=True)))
    except (RuntimeError, ValueError) as error:
        raise ClassifierError(
            f"The weights in {path.name} do not fit the architecture: they are left alone."
        ) from error
