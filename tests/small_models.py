"""Small networks of the families that can be downloaded, made by the same libraries; and cards and files for them.

They are registered with the libraries by name, so they load in the same way as the large ones.
"""

import dataclasses
import itertools
import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision
from safetensors.torch import save_file
from timm.models import efficientnet as timm_efficientnet
from timm.models import vision_transformer as timm_vit
from torch import nn
from torchvision.models import convnext, mobilenetv3, resnet, vision_transformer
from torchvision.models._api import register_model

from explainer.setup import files
from explainer.vision import cards
from explainer.vision.cards import Downloaded, ModelCard

SIDE = 96
"""Pixels that the small networks see: 3 x 3 cells of a feature map, or 6 x 6 patches."""


@register_model()
def small_resnet(*, weights: None, num_classes: int) -> nn.Module:
    return resnet.ResNet(resnet.Bottleneck, [1, 1, 1, 1], width_per_group=8, num_classes=num_classes)


@register_model()
def small_mobilenet(*, weights: None, num_classes: int) -> nn.Module:
    blocks, last = mobilenetv3._mobilenet_v3_conf("mobilenet_v3_large", width_mult=0.25, reduced_tail=True)
    return mobilenetv3.MobileNetV3(blocks, last, num_classes=num_classes)


@register_model()
def small_convnext(*, weights: None, num_classes: int) -> nn.Module:
    widths = (8, 16, 24, 32, None)
    blocks = [convnext.CNBlockConfig(*pair, 1) for pair in itertools.pairwise(widths)]
    return convnext.ConvNeXt(blocks, layer_scale=0.5, num_classes=num_classes)


@register_model()
def small_vit(*, weights: None, num_classes: int) -> nn.Module:
    return vision_transformer.VisionTransformer(SIDE, 16, 2, 2, 32, 64, num_classes=num_classes)


@timm.models.register_model
def small_timm_vit(pretrained: bool, num_classes: int, **options: Any) -> nn.Module:
    return timm_vit.VisionTransformer(SIDE, 16, embed_dim=32, depth=2, num_heads=2, num_classes=num_classes)


@timm.models.register_model
def small_efficientnetv2(pretrained: bool, num_classes: int, **options: Any) -> nn.Module:
    return timm_efficientnet._gen_efficientnetv2_s(
        "tf_efficientnetv2_s", channel_multiplier=0.25, depth_multiplier=0.25, num_classes=num_classes
    )


@dataclasses.dataclass(frozen=True)
class Family:
    """A small network in place of some cards' large one: its architecture, and its layer for Grad-CAM."""

    cards: tuple[str, ...]
    architecture: str
    grad_cam_layer: str
    cells: int


FAMILIES = (
    Family(("resnet-50",), "small_resnet", "layer4", 3),
    Family(("mobilenet-v3-large",), "small_mobilenet", "features.16", 3),
    Family(("convnext-tiny",), "small_convnext", "features.7", 3),
    Family(("vit-b-16",), "small_vit", "encoder.layers.encoder_layer_1.ln_1", 6),
    Family(("vit-tiny-21k", "vit-small-21k"), "small_timm_vit", "blocks.1.norm1", 6),
    Family(("efficientnetv2-s-21k",), "small_efficientnetv2", "bn2", 3),
)


def card_of(family: Family) -> ModelCard:
    """The family's first card, but of the small network."""
    card = cards.load(family.cards[0])
    return dataclasses.replace(
        card,
        architecture=family.architecture,
        grad_cam_layer=family.grad_cam_layer,
        transform=dataclasses.replace(card.transform, side=SIDE),
    )


def module_of(card: ModelCard, classes: int) -> nn.Module:
    """A network as the card's library makes it, with random weights that have an effect."""
    torch.manual_seed(0)
    if card.library == "timm":
        module = timm.create_model(card.architecture, num_classes=classes)
    else:
        module = torchvision.models.get_model(card.architecture, weights=None, num_classes=classes)
    for part in module.modules():
        if isinstance(part, nn.Conv2d):  # so that the picture is not lost on the way up
            nn.init.kaiming_normal_(part.weight)
    for parameter in module.parameters():
        if not parameter.any():  # some begin with zeros, and would answer the same to everything
            nn.init.normal_(parameter, std=0.2)
    return module.eval()


def with_older_names(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A transformer's tensors by the names that torchvision gave them when it published its own."""
    older = {"mlp.0": "mlp.linear_1", "mlp.3": "mlp.linear_2"}
    named = OrderedDict((re.sub(r"mlp\.[03]", lambda found: older[found[0]], name), tensors[name]) for name in tensors)
    # What torch.save keeps of a state dict beside its tensors: each module's version, 1 for the MLP of that time.
    versions = {name: {**entry, "version": 1} for name, entry in tensors._metadata.items()}
    named._metadata = OrderedDict(versions)
    return named


def publish(card: ModelCard, tensors: Mapping[str, torch.Tensor], folder: Path) -> ModelCard:
    """Write a card's weights, in its family's format, and a card with their size and digest into a folder."""
    weights = card.weights
    assert isinstance(weights, Downloaded)
    file = folder / "weights" / weights.file
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".safetensors":
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file, {"format": "pt"})
    else:
        torch.save(tensors, file)
    return write(naming(card, file), folder)


def naming(card: ModelCard, file: Path) -> ModelCard:
    """The card with size and digest of a file, where it has a digest at all."""
    weights = card.weights
    assert isinstance(weights, Downloaded)
    sha256 = files.digest(file) if weights.sha256 else ""
    return dataclasses.replace(card, weights=dataclasses.replace(weights, size=file.stat().st_size, sha256=sha256))


def write(card: ModelCard, folder: Path) -> ModelCard:
    """Write a card as a file into a folder."""
    fields = dataclasses.asdict(card)
    tables = {name: fields.pop(name) for name in ("weights", "transform")}
    lines = [f"{name} = {json.dumps(value)}" for name, value in fields.items()]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    (folder / f"{card.name}.toml").write_text("\n".join(lines), encoding="utf-8")
    return card
