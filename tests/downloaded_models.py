"""Models to download that do answer: the weights that come with the app, each in a file."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import small_models
import torch

from explainer.imagenet import vocabularies
from explainer.vision import cards, classifiers
from explainer.vision.cards import Downloaded, ModelCard

TWIN = "twin"
_PLACE = "http://127.0.0.1:1/"  # where nobody answers


def weights() -> dict[str, torch.Tensor]:
    """The tensors of the model that comes with the app, by the names of timm's module."""
    return dict(classifiers.load().module.state_dict())


def shifted(tensors: Mapping[str, torch.Tensor], by: int) -> dict[str, torch.Tensor]:
    """The same network, with its outputs shifted by some places."""
    moved = {name: tensors[name].roll(by, 0) for name in ("classifier.weight", "classifier.bias")}
    return {**tensors, **moved}


def grown(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same network with an output for each of Google's 21,843, as if it had been trained on all of Fall 2011.

    It knows of ILSVRC's classes what it knew; the others all get the same small logit.
    """
    order = vocabularies.label_set("imagenet-21k-goog")
    number = {wnid: number for number, wnid in enumerate(order)}
    rows = [number[wnid] for wnid in vocabularies.label_set("imagenet-1k") if wnid in number]
    kept = [index for index, wnid in enumerate(vocabularies.label_set("imagenet-1k")) if wnid in number]
    weight, bias = torch.zeros(len(order), tensors["classifier.weight"].shape[1]), torch.full((len(order),), -8.0)
    weight[rows], bias[rows] = tensors["classifier.weight"][kept], tensors["classifier.bias"][kept]
    return {**tensors, "classifier.weight": weight, "classifier.bias": bias}


def card(name: str = TWIN, **changes: object) -> ModelCard:
    """A card like that of the default, but to be downloaded."""
    download = Downloaded(f"{name}.safetensors", f"{_PLACE}{name}.safetensors", 1, "to be told")
    return dataclasses.replace(cards.load(), name=name, title=name.title(), weights=download, **changes)


def lay(folder: Path, *published: tuple[ModelCard, Mapping[str, torch.Tensor]]) -> None:
    """A folder of models with the default's card, and cards with their files of weights."""
    folder.mkdir()
    small_models.write(cards.load(), folder)
    for model, tensors in published:
        small_models.publish(model, tensors, folder)
