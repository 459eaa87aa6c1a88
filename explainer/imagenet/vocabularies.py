"""Named sets of categories and where they come from: ImageNet's releases, and the vocabularies of models."""

import importlib.util
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from explainer.imagenet import taxonomy
from explainer.imagenet.taxonomy import Synset

if TYPE_CHECKING:  # a search on the shell does without
    import numpy as np
    from numpy.typing import NDArray


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

OLDEST, ANNOUNCED, NEWEST = RELEASES


@cache
def person_categories(release: str) -> frozenset[str]:
    """Wnids of the person categories that a release keeps: 2,832, 1,239 or 158. KeyError for an unknown release."""
    tree, keeps = taxonomy.load(), RELEASES[release].keeps
    return frozenset(wnid for wnid in tree.people if keeps(tree[wnid]))


def sizes() -> tuple[int, int]:
    """How many person categories the oldest release has, and the newest: 2,832 and 158."""
    return len(person_categories(OLDEST)), len(person_categories(NEWEST))


Status = Literal["kept", "hard to picture", "sensitive", "offensive"]
"""What became of a person category between 2019 and 2021: kept, or why it was removed."""

FATES: Mapping[Status, str] = {
    "kept": "kept",
    "hard to picture": "removed by 2021",
    "sensitive": "announced for removal in 2019",
    "offensive": "announced for removal in 2019",
}
"""What became of the categories of each status, in words that follow their safety."""


def status(wnid: str) -> Status | None:
    """What became of a person category; None for any other category."""
    synset = taxonomy.load()[wnid]
    if synset.safety != "safe":
        return synset.safety
    return "kept" if synset.in_winter_2021 else "hard to picture"


@cache
def removed_share() -> float:
    """Share (0 to 1) of the person categories announced for removal in September 2019: the rate of a random draw."""
    return 1 - len(person_categories(ANNOUNCED)) / len(person_categories(OLDEST))


@dataclass(frozen=True)
class Vocabulary:
    """A published list of categories that models answer with, and who drew it up.

    `file`, within an installed `package`, is the list: a wnid a line, in the order of the models' outputs.
    """

    name: str
    title: str
    date: str
    source: str
    package: str
    file: str


VOCABULARIES = {
    vocabulary.name: vocabulary
    for vocabulary in (
        Vocabulary(
            "imagenet-22k",
            "ImageNet, all of Fall 2011",
            "2011",
            "Deng et al., ImageNet (CVPR 2009), Fall 2011 release",
            "timm",
            "data/_info/imagenet22k_synsets.txt",
        ),
        Vocabulary(
            "imagenet-1k",
            "ILSVRC 2012's 1,000 classes",
            "2012",
            "Russakovsky et al., ImageNet Large Scale Visual Recognition Challenge (IJCV 2015, arXiv 1409.0575)",
            "timm",
            "data/_info/imagenet_synsets.txt",
        ),
        Vocabulary(
            "yolo9000",
            "YOLO9000",
            "2017",
            "Redmon & Farhadi, YOLO9000 (CVPR 2017, arXiv 1612.08242)",
            "explainer",
            "data/yolo9000.txt",
        ),
        Vocabulary(
            "imagenet-21k-goog",
            "ImageNet as Google trains on it",
            "2020",
            "Kolesnikov et al., Big Transfer (ECCV 2020, arXiv 1912.11370)",
            "timm",
            "data/_info/imagenet21k_goog_synsets.txt",
        ),
        Vocabulary(
            "imagenet-21k-miil",
            "ImageNet-21K-P of Fall 2011",
            "2021",
            "Ridnik et al., ImageNet-21K Pretraining for the Masses (NeurIPS 2021, arXiv 2104.10972)",
            "timm",
            "data/_info/imagenet21k_miil_synsets.txt",
        ),
        Vocabulary(
            "imagenet-21k-miil-w21",
            "ImageNet-21K-P of Winter 2021",
            "2021",
            "Ridnik et al., ImageNet-21K Pretraining for the Masses (NeurIPS 2021, arXiv 2104.10972)",
            "timm",
            "data/_info/imagenet21k_miil_w21_synsets.txt",
        ),
        Vocabulary(
            "imagenet-12k",
            "ImageNet-12k, timm's choice of Fall 2011",
            "2022",
            "Wightman, timm: a choice of Fall 2011 (rwightman/imagenet-12k)",
            "timm",
            "data/_info/imagenet12k_synsets.txt",
        ),
        Vocabulary(
            "imagenet-22k-ms",
            "ImageNet in Microsoft's order",
            "2022",
            "Yang et al., Focal Modulation Networks (NeurIPS 2022, arXiv 2203.11926)",
            "timm",
            "data/_info/imagenet22k_ms_synsets.txt",
        ),
    )
}
"""The vocabularies by name, oldest first; names are timm's where it has one."""


@cache
def label_set(name: str) -> tuple[str, ...]:
    """Wnids of a vocabulary in the order of the outputs of its models; KeyError for an unknown one.

    A few are in no release, nor in the tree.
    """
    if name not in VOCABULARIES:
        raise KeyError(f"There is no label set {name!r}; there are {', '.join(VOCABULARIES)}.")
    vocabulary = VOCABULARIES[name]
    # Found, not imported: timm brings torch, which is slow, and its own reader knows all of its lists but one.
    package = importlib.util.find_spec(vocabulary.package)
    if package is None or package.origin is None:
        raise ModuleNotFoundError(f"No module named {vocabulary.package!r}", name=vocabulary.package)
    return tuple((Path(package.origin).parent / vocabulary.file).read_text(encoding="utf-8").split())


def naming(wnid: str) -> tuple[str, ...]:
    """Names of the vocabularies that hold a category, oldest first."""
    return tuple(name for name in VOCABULARIES if wnid in _members(name))


@cache
def _members(name: str) -> frozenset[str]:
    return frozenset(label_set(name))


@dataclass(frozen=True)
class Afterlife:
    """What a vocabulary still names of the person categories, of which the root is not one.

    `size` counts the vocabulary; `people` its person categories; `removed` those of them that Winter 2021 no longer
    has, and `images` the Fall 2011 images in these; `offensive` those that ImageNet found offensive.
    """

    size: int
    people: int
    removed: int
    offensive: int
    images: int


@cache
def afterlife(name: str) -> Afterlife:
    """What a vocabulary still names of the person categories; KeyError for an unknown one."""
    tree, wnids = taxonomy.load(), label_set(name)
    people = person_categories(OLDEST).intersection(wnids)
    removed = people - person_categories(NEWEST)
    return Afterlife(
        size=len(wnids),
        people=len(people),
        removed=len(removed),
        offensive=sum(tree[wnid].safety == "offensive" for wnid in people),
        images=sum(tree[wnid].images or 0 for wnid in removed),
    )


@cache
def pretrained_models(name: str) -> tuple[str, ...]:
    """Names of the models that timm offers for download and that answer with a vocabulary; KeyError for an unknown one.

    timm does not record what a model's outputs stand for, so they are told by their number. That says which words a
    model has, as no two vocabularies are of one size, but not their order: a model card must name that.
    """
    import timm  # imports torch, which is slow

    size = len(label_set(name))
    names = timm.list_models(pretrained=True)
    return tuple(model for model in names if timm.models.get_pretrained_cfg_value(model, "num_classes") == size)


def top(
    scores: "NDArray[np.floating]", wnids: Sequence[str], n: int, among: Collection[str] | None = None
) -> tuple[Label, ...]:
    """The `n` highest scores, highest first, and earlier outputs first among equals.

    `scores` is one-dimensional, a score for each of `wnids`; `among` leaves the other categories out.
    """
    order = (-scores).argsort(kind="stable")
    kept = (index for index in order if among is None or wnids[index] in among)
    return tuple(Label(wnids[index], float(scores[index])) for index, _ in zip(kept, range(n), strict=False))
