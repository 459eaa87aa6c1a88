"""The removal: what ImageNet took out of its person categories, by release and branch, and what another rule takes."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import get_args

import numpy as np

from explainer.imagenet import taxonomy, vocabularies
from explainer.imagenet.catalogue import RATINGS
from explainer.imagenet.taxonomy import PERSON, Extent, Safety
from explainer.imagenet.vocabularies import NEWEST, OLDEST, RELEASES, Status, person_categories

LOWEST, HIGHEST = RATINGS
"""The ends of the scale on which imageability was rated (Yang et al. 2020)."""

THRESHOLD = 4.0
"""The imageability that a safe category had to reach to be kept (Yang et al. 2020)."""

DROPPED: tuple[Safety, ...] = ("sensitive", "offensive")
"""The safety classes that ImageNet dropped (Yang et al. 2020)."""

REASONS: tuple[Status, ...] = ("hard to picture", "sensitive", "offensive")
"""Why a person category was removed: every status but "kept"."""


def extent(wnids: Collection[str]) -> Extent:
    """How much some categories are."""
    tree = taxonomy.load()
    return Extent(len(wnids), sum(tree[wnid].images or 0 for wnid in wnids))


def _removed(wnids: Iterable[str]) -> dict[Status, Extent]:
    """What was removed of some person categories between Fall 2011 and Winter 2021, by reason."""
    by_status: dict[Status | None, list[str]] = {}
    for wnid in wnids:
        by_status.setdefault(vocabularies.status(wnid), []).append(wnid)
    return {reason: extent(by_status.get(reason, ())) for reason in REASONS}


@dataclass(frozen=True)
class Step:
    """A release by its name in vocabularies.RELEASES: what it kept, and what it removed of the one before by reason."""

    release: str
    removed: Mapping[Status, Extent]
    kept: Extent

    @property
    def together(self) -> Extent:
        """All that it removed, for whatever reason."""
        return sum(self.removed.values(), Extent(0, 0))


@cache
def steps() -> tuple[Step, ...]:
    """The releases, oldest first, of which the first removed nothing."""
    return tuple(
        Step(after, _removed(person_categories(before) - person_categories(after)), extent(person_categories(after)))
        for before, after in pairwise((OLDEST, *RELEASES))
    )


@dataclass(frozen=True)
class RuleOutcome:
    """What a rule would do to the person categories, as sets of wnids.

    `not_rated` are those kept though nobody ever rated their imageability. `returned` are kept by the rule and were
    removed by 2021; `lost` are removed by the rule and were kept.
    """

    kept: frozenset[str]
    not_rated: frozenset[str]
    returned: frozenset[str]
    removed: frozenset[str]
    lost: frozenset[str]


def what_if(drop: Collection[Safety] = (), threshold: float = LOWEST, strict: bool = False) -> RuleOutcome:
    """What would be kept by another rule: no category of the safety classes `drop`, none rated below `threshold`.

    `threshold` is an imageability, 1 to 5; with `strict` a category must be above it, not only reach it. The offensive
    categories were never rated, so no threshold removes them. ImageNet's own rule is to drop "offensive" and
    "sensitive", and 4.
    """
    tree = taxonomy.load()
    people, kept_in_2021 = person_categories(OLDEST), person_categories(NEWEST)
    kept, not_rated = set(), set()
    for wnid in people:
        imageability = tree[wnid].imageability
        if tree[wnid].safety in drop:
            continue
        if imageability is None:
            not_rated.add(wnid)
        elif imageability < threshold or (strict and imageability == threshold):
            continue
        kept.add(wnid)
    return RuleOutcome(
        kept=frozenset(kept),
        not_rated=frozenset(not_rated),
        returned=frozenset(kept - kept_in_2021),
        removed=people - kept,
        lost=kept_in_2021 - kept,
    )


@dataclass(frozen=True)
class Branch:
    """The person categories below a synset, itself not counted, and what was removed of them by 2021, by reason."""

    wnid: str
    below: Extent
    removed: Mapping[Status, Extent]

    @property
    def gone(self) -> Extent:
        """All that was removed, for whatever reason."""
        return sum(self.removed.values(), Extent(0, 0))

    @property
    def share(self) -> float:
        """Share (0 to 1) of the categories below that were removed."""
        return self.gone.categories / self.below.categories


ORDERS: Mapping[str, Callable[[Branch], float]] = {
    "hit hardest": lambda branch: -branch.share,
    "spared most": lambda branch: branch.share,
    "largest": lambda branch: -branch.below.categories,
    "most images removed": lambda branch: -branch.gone.images,
}
"""Orders of branches by name, as what to sort them by; the first is the one that they come in."""


@cache
def branches(least: int = 20) -> tuple[Branch, ...]:
    """The subtrees below person with at least `least` (1 or more) person categories in them, the hardest hit first.

    Among equals the larger comes first. A synset may have several parents, so that branches overlap; the top of one
    need not be a category of Fall 2011 itself.
    """
    tree, people = taxonomy.load(), person_categories(OLDEST)
    found = ((wnid, tree.closure(wnid) & people) for wnid in tree.closure(PERSON))
    large = [Branch(wnid, extent(below), _removed(below)) for wnid, below in found if len(below) >= least]
    return tuple(sorted(large, key=lambda branch: (-branch.share, -branch.below.categories, branch.wnid)))


@dataclass(frozen=True)
class Bin:
    """How many person categories of each safety class were rated from `low` on and below `high`, by what a rule does.

    The last bin holds what is rated 5, too.
    """

    low: float
    high: float
    kept: Mapping[Safety, int]
    removed: Mapping[Safety, int]

    @property
    def categories(self) -> int:
        """How many there are, kept or removed."""
        return sum(self.kept.values()) + sum(self.removed.values())


def histogram(kept: Collection[str] | None = None, bin_width: float = 0.25) -> tuple[Bin, ...]:
    """The rated person categories by imageability, in bins from 1 to 5; `kept` by a rule, by default Winter 2021's.

    A `bin_width` that divides 1 makes 4 an edge.
    """
    tree = taxonomy.load()
    # Rounded, so that an edge such as 1.3 is the number that a rating of 1.3 is.
    edges = np.linspace(LOWEST, HIGHEST, round((HIGHEST - LOWEST) / bin_width) + 1).round(6)
    kept = person_categories(NEWEST) if kept is None else kept
    ratings: dict[tuple[bool, Safety | None], list[float]] = {}
    for wnid in tree.people:
        imageability = tree[wnid].imageability
        if imageability is not None:
            ratings.setdefault((wnid in kept, tree[wnid].safety), []).append(imageability)
    counts = {group: np.histogram(rated, edges)[0].tolist() for group, rated in ratings.items()}

    def of(kept: bool, number: int) -> dict[Safety, int]:
        return {safety: counts[kept, safety][number] if (kept, safety) in counts else 0 for safety in get_args(Safety)}

    return tuple(
        Bin(low, high, of(True, number), of(False, number))
        for number, (low, high) in enumerate(pairwise(edges.tolist()))
    )


def kept() -> tuple[str, ...]:
    """Wnids of the person categories that were kept, those with the most images first."""
    return by_images(person_categories(NEWEST))


def largest_removed(n: int | None = None) -> tuple[str, ...]:
    """Wnids of the `n` removed person categories with the most Fall 2011 images, these first; of all by default."""
    return by_images(person_categories(OLDEST) - person_categories(NEWEST))[:n]


def most_imageable_removed(n: int | None = None) -> tuple[str, ...]:
    """Wnids of the `n` removed person categories with the highest imageability, of all by default; the larger first."""
    tree = taxonomy.load()
    return tuple(sorted(largest_removed(), key=lambda wnid: tree[wnid].imageability or 0, reverse=True)[:n])


def by_images(wnids: Iterable[str]) -> tuple[str, ...]:
    """Categories, those with the most Fall 2011 images first."""
    tree = taxonomy.load()
    return tuple(sorted(wnids, key=lambda wnid: (-(tree[wnid].images or 0), wnid)))
