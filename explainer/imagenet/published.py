"""What was published of ImageNet and of the removal: figures, a time line, and who says what."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache

from explainer.imagenet import taxonomy, vocabularies
from explainer.imagenet.removal import extent
from explainer.imagenet.vocabularies import RELEASES, person_categories

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
class Figure:
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
def rows() -> tuple[Figure, ...]:
    """The published figures that the package ships, in the order of `data/published_figures.csv`."""
    return tuple(Figure(*row) for row in taxonomy.read_table("published_figures.csv"))


def figure(name: str) -> Figure:
    """One published figure, by what it counts. Raises KeyError for an unknown one."""
    return {row.figure: row for row in rows()}[name]


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
        "images_published": figure("images in ImageNet, Fall 2011").published,
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
        "workers": figure("workers who labelled ImageNet").published,
        "pace": figure(PACE).published,
        "peak": figure("labels an hour at ImageNet Roulette's peak").published,
        "days": f"{everything.images / int(figure(PACE).published) / 60 / 24:.0f}",
    }


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
