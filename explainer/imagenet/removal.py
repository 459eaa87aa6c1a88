"""The removal: what ImageNet took out of its person categories, what another rule would take, and who says what."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import pairwise
from typing import get_args

import numpy as np

from explainer.imagenet import taxonomy, vocabularies
from explainer.imagenet.catalogue import RATINGS
from explainer.imagenet.taxonomy import PERSON, Extent, Safety
from explainer.imagenet.vocabularies import RELEASES, Status, person_categories

LOWEST, HIGHEST = RATINGS
"""The ends of the scale on which imageability was rated (Yang et al. 2020)."""

THRESHOLD = 4.0
"""The imageability that a safe category had to reach to be kept (Yang et al. 2020)."""

DROPPED: tuple[Safety, ...] = ("sensitive", "offensive")
"""The safety classes that ImageNet dropped (Yang et al. 2020)."""

REASONS: tuple[Status, ...] = ("not imageable", "sensitive", "offensive")
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
    first, *_ = RELEASES
    return tuple(
        Step(after, _removed(person_categories(before) - person_categories(after)), extent(person_categories(after)))
        for before, after in pairwise((first, *RELEASES))
    )


UNSAFE = {
    "categories": "unsafe categories, offensive and sensitive together",
    "images": "images in the unsafe categories",
}
"""The published figures that count what was announced for removal in 2019."""

GONE = "person categories gone from the Winter 2021 release"
"""The published figure that counts the removed."""

PACE = "images sorted a minute by a paid worker"
"""The published figure of the labelling's haste."""


@dataclass(frozen=True, slots=True)
class Published:
    """A figure as it was published, beside the same counted from the tables; either is empty where there is none."""

    figure: str
    published: str
    counted: str
    source: str

    @property
    def agrees(self) -> bool | None:
        """Whether the count, rounded as the published figure is, is the same; None where they are not two numbers."""
        try:
            published, counted = (
                Decimal(text.replace(",", "").removesuffix("%")) for text in (self.published, self.counted)
            )
        except InvalidOperation:
            return None
        return counted.quantize(published) == published


@cache
def published() -> tuple[Published, ...]:
    """The published figures that the package ships, in the order of `data/published_figures.csv`."""
    return tuple(Published(*row) for row in taxonomy.read_table("published_figures.csv"))


def said(figure: str) -> Published:
    """One published figure, by what it counts. Raises KeyError for an unknown one."""
    return {row.figure: row for row in published()}[figure]


@cache
def figures() -> Mapping[str, str]:
    """The figures that the app's texts are filled with, by the names that stand in their curly braces.

    Counted from the tables; `workers`, `pace` (pictures a minute) and `peak` (labels an hour) as published.
    """
    tree = taxonomy.load()
    everything = extent([wnid for wnid, synset in tree.items() if synset.in_fall_2011])
    people, announced, left = (len(person_categories(release)) for release in RELEASES)
    afterlife = {name: vocabularies.afterlife(name) for name in ("imagenet-1k", "yolo9000")}
    return {
        "images": f"{everything.images:,}",
        "images_published": said("images in ImageNet, Fall 2011").published,
        "categories": f"{everything.categories:,}",
        "people": f"{people:,}",
        "unsafe": f"{people - announced:,}",
        "announced": f"{announced:,}",
        "unimageable": f"{announced - left:,}",
        "invisible": f"{(announced - left) / announced:.0%}",
        "kept": f"{left:,}",
        "random": f"{vocabularies.removed_share():.0%}",
        "ilsvrc": f"{afterlife['imagenet-1k'].size:,}",
        "ilsvrc_people": f"{afterlife['imagenet-1k'].people:,}",
        "yolo": f"{afterlife['yolo9000'].size:,}",
        "yolo_gone": f"{afterlife['yolo9000'].removed:,}",
        "workers": said("workers who labelled ImageNet").published,
        "pace": said(PACE).published,
        "peak": said("labels an hour at ImageNet Roulette's peak").published,
        "days": f"{everything.images / int(said(PACE).published) / 60 / 24:.0f}",
    }


@dataclass(frozen=True)
class Outcome:
    """What a rule would do to the person categories, as sets of wnids.

    `not_rated` are those kept though nobody ever rated their imageability. `returned` are kept by the rule and were
    removed by 2021; `lost` are removed by the rule and were kept.
    """

    kept: frozenset[str]
    not_rated: frozenset[str]
    returned: frozenset[str]
    removed: frozenset[str]
    lost: frozenset[str]


def what_if(drop: Collection[Safety] = (), threshold: float = LOWEST, strict: bool = False) -> Outcome:
    """What would be kept by another rule: no category of the safety classes `drop`, none rated below `threshold`.

    `threshold` is an imageability, 1 to 5; with `strict` a category must be above it, not only reach it. The offensive
    categories were never rated, so no threshold removes them. ImageNet's own rule is to drop "offensive" and
    "sensitive", and 4.
    """
    tree = taxonomy.load()
    people, kept_in_2021 = person_categories("fall-2011"), person_categories("winter-2021")
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
    return Outcome(
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
    tree, people = taxonomy.load(), person_categories("fall-2011")
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
    kept = person_categories("winter-2021") if kept is None else kept
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
    return by_images(person_categories("winter-2021"))


def largest_removed(n: int | None = None) -> tuple[str, ...]:
    """Wnids of the `n` removed person categories with the most Fall 2011 images, these first; of all by default."""
    return by_images(person_categories("fall-2011") - person_categories("winter-2021"))[:n]


def most_imageable_removed(n: int | None = None) -> tuple[str, ...]:
    """Wnids of the `n` removed person categories with the highest imageability, of all by default; the larger first."""
    tree = taxonomy.load()
    return tuple(sorted(largest_removed(), key=lambda wnid: tree[wnid].imageability or 0, reverse=True)[:n])


def by_images(wnids: Iterable[str]) -> tuple[str, ...]:
    """Categories, those with the most Fall 2011 images first."""
    tree = taxonomy.load()
    return tuple(sorted(wnids, key=lambda wnid: (-(tree[wnid].images or 0), wnid)))


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, when, and who says so, as Markdown."""

    date: str
    what: str
    source: str


TIMELINE = (
    Event(
        "1985",
        "Work on WordNet begins at Princeton: a dictionary in which every noun stands below a more general one.",
        "Miller et al., [Introduction to WordNet](https://doi.org/10.1093/ijl/3.4.235) (International Journal of "
        "Lexicography 1990)",
    ),
    Event(
        "2009",
        "ImageNet takes its categories from WordNet, those for people with the rest, and its pictures from the web.",
        "Deng et al., [ImageNet](https://doi.org/10.1109/CVPR.2009.5206848) (CVPR 2009)",
    ),
    Event(
        "Fall 2011",
        "More than 14 million pictures are sorted by about 50,000 paid workers, on average 50 a minute.",
        "[image-net.org](https://image-net.org); Artforum 2019; Paglen in Vice 2019",
    ),
    Event(
        "2017",
        "YOLO9000 is trained on categories of ImageNet, hundreds of them people, and given to everybody.",
        "Redmon & Farhadi, [YOLO9000](https://arxiv.org/abs/1612.08242) (CVPR 2017)",
    ),
    Event(
        "January 2019",
        "About 1.2 million pictures of people become unreachable on ImageNet's site, without a word.",
        "Crawford & Paglen, [Excavating AI](https://excavating.ai) (2019)",
    ),
    Event(
        "September 2019",
        "ImageNet Roulette, shown with the exhibition Training Humans, puts the words on the faces of its visitors.",
        "Artnet News, Artforum, Vice 2019",
    ),
    Event(
        "17 September 2019",
        "ImageNet announces that 1,593 person categories will go, as offensive or sensitive, with their pictures.",
        "[image-net.org](https://image-net.org); Artforum, The Art Newspaper 2019",
    ),
    Event("27 September 2019", "ImageNet Roulette goes offline.", "ImageNet Roulette's own page, 2019"),
    Event(
        "January 2020",
        "The paper on the removal appears: 1,081 safe categories are hard to see in a picture, and go as well.",
        "Yang et al., Towards Fairer Datasets (FAT\\* 2020, [arXiv 1912.07726](https://arxiv.org/abs/1912.07726))",
    ),
    Event(
        "Winter 2021",
        "A new release of ImageNet has 158 person categories left.",
        "ImageNet's list of synsets, Winter 2021 release, [image-net.org](https://image-net.org)",
    ),
)
"""How the person categories came and went, oldest first."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What somebody says of the removal, and where, as Markdown."""

    who: str
    says: str
    source: str


VOICES = (
    Voice(
        "ImageNet's researchers",
        "A stock of words that nobody revised, pictures sought for words that no picture can show, and too few kinds "
        "of people in the pictures: these make models misbehave. With the offensive words gone, and those that cannot "
        "be seen, what is left can be balanced. It is a first step, and the rest is safe only “temporarily”.",
        "Yang et al., Towards Fairer Datasets (FAT\\* 2020, [arXiv 1912.07726](https://arxiv.org/abs/1912.07726))",
    ),
    Voice(
        "Kate Crawford and Trevor Paglen",
        "The step is welcome, but “there is no easy technical fix”: to decide what an image means is politics, and to "
        "sort people so is unscientific at best. What is taken down can no longer be examined, and what was trained on "
        "it stays in use.",
        "Crawford & Paglen, [Excavating AI](https://excavating.ai) (2019; AI & Society 2021)",
    ),
)
"""What those who made the removal say that it does, and what its critics say that it cannot do."""
