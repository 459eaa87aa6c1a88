"""Named sets of categories and where they come from: ImageNet's releases, and the label sets of models."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from explainer import taxonomy
from explainer.taxonomy import Synset


@dataclass(frozen=True, slots=True)
class Label:
    """A category that a model answered with, and how strongly; what the score means is the model's business."""

    wnid: str
    score: float


@dataclass(frozen=True)
class Release:
    """A state of ImageNet's person categories: which of the 2,832 it keeps, and who says so."""

    name: str
    title: str
    date: str
    source: str
    keeps: Callable[[Synset], bool]


RELEASES = {
    release.name: release
    for release in (
        Release(
            "fall-2011",
            "Fall 2011",
            "2011",
            "ImageNet's list of synsets, Fall 2011 release",
            lambda synset: synset.in_fall_2011,
        ),
        Release(
            "september-2019",
            "September 2019, announced",
            "17 September 2019",
            "Yang et al., Towards Fairer Datasets (FAT* 2020), safety annotation: offensive and sensitive out",
            lambda synset: synset.safety == "safe",
        ),
        Release(
            "winter-2021",
            "Winter 2021",
            "2021",
            "ImageNet's list of synsets, Winter 2021 release: safe, and imageable at 4 of 5 or more",
            lambda synset: synset.in_winter_2021,
        ),
    )
}
"""The releases by name, oldest first."""


@cache
def person_categories(release: str) -> frozenset[str]:
    """Wnids of the person categories that a release keeps: 2,832, 1,239 or 158. KeyError for an unknown release."""
    tree, keeps = taxonomy.load(), RELEASES[release].keeps
    return frozenset(wnid for wnid in tree.people if keeps(tree[wnid]))


Status = Literal["kept", "not imageable", "sensitive", "offensive"]


def status(wnid: str) -> Status | None:
    """What became of a person category between 2019 and 2021; None for a category that is no person's."""
    synset = taxonomy.load()[wnid]
    if synset.safety != "safe":
        return synset.safety
    return "kept" if synset.in_winter_2021 else "not imageable"


@cache
def removed_share() -> float:
    """Share (0 to 1) of the person categories announced for removal in September 2019: the rate of a random draw."""
    return 1 - len(person_categories("september-2019")) / len(person_categories("fall-2011"))


# Label sets by name; timm ships the lists, one wnid a line in the order of the outputs.
LABEL_SETS = {
    "imagenet-1k": "ILSVRC 2012's 1,000 classes",
}


@cache
def label_set(name: str) -> tuple[str, ...]:
    """Wnids of a label set in the order of the outputs of its models; KeyError for an unknown one."""
    from timm.data.imagenet_info import ImageNetInfo  # imports torch, which is slow

    if name not in LABEL_SETS:
        raise KeyError(f"There is no label set {name!r}; there are {', '.join(LABEL_SETS)}.")
    return tuple(ImageNetInfo(name).label_names())


def top(
    scores: NDArray[np.floating], wnids: Sequence[str], n: int, among: Collection[str] | None = None
) -> tuple[Label, ...]:
    """The `n` highest scores, highest first, and earlier outputs first among equals.

    `scores` is one-dimensional, a score for each of `wnids`; `among` leaves the other categories out.
    """
    order = np.argsort(-scores, kind="stable")
    kept = (index for index in order if among is None or wnids[index] in among)
    return tuple(Label(wnids[index], float(scores[index])) for index, _ in zip(kept, range(n), strict=False))
