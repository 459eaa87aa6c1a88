"""What was published of ImageNet and of the removal: figures, a time line, and who says what."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from explainer.imagenet import editions, taxonomy, vocabularies
from explainer.imagenet.removal import extent
from explainer.imagenet.taxonomy import DATA
from explainer.imagenet.vocabularies import RELEASES, person_categories

UNSAFE = {
    "categories": "unsafe categories, offensive and sensitive together",
    "images": "images in the unsafe categories",
}
"""The published figures that count what was announced for removal in 2019."""

GONE = "person categories gone from the Winter 2021 release"
"""The published figure that counts the removed."""

PACE = "images sorted a minute, on average"
"""The published figure of the labelling's haste."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as it was published, beside the same counted from the tables; either is empty where there is none.

    `sources` are keys of `sources.load()`; none where it was only counted.
    """

    figure: str
    published: str
    counted: str
    sources: tuple[str, ...]

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
    return tuple(
        Figure(figure, said, counted, tuple(keys.split()))
        for figure, said, counted, keys in taxonomy.read_table("published_figures.csv")
    )


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
    offensive = [wnid for wnid in tree.people if tree[wnid].safety == "offensive"]
    afterlife = {name: vocabularies.afterlife(name) for name in ("imagenet-1k", "yolo9000")}
    return {
        "images": f"{everything.images:,}",
        "images_published": figure("images in ImageNet, Fall 2011").published,
        "categories": f"{everything.categories:,}",
        "people": f"{people:,}",
        "unsafe": f"{people - announced:,}",
        "announced": f"{announced:,}",
        "offensive": f"{len(offensive):,}",
        "dictionary_kept": f"{editions.kept(offensive).whole:,}",
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
    }


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, when, and the keys of the sources that say so."""

    date: str
    what: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """What somebody says of the removal, and the keys of the sources where."""

    who: str
    says: str
    sources: tuple[str, ...]


def timeline() -> tuple[Event, ...]:
    """How the person categories came, went and lived on, oldest first, from `data/history.toml`."""
    return tuple(Event(entry["date"], _filled(entry["what"]), tuple(entry["sources"])) for entry in _history()["event"])


def voices() -> tuple[Voice, ...]:
    """What those who made the removal say of it, what its critics say, and where both look for the cause."""
    return tuple(Voice(entry["who"], _filled(entry["says"]), tuple(entry["sources"])) for entry in _history()["voice"])


@dataclass(frozen=True, slots=True)
class Reported:
    """A category whose word the press of September 2019 named when it wrote of ImageNet Roulette, and who did."""

    wnid: str
    sources: tuple[str, ...]


@cache
def reported() -> tuple[Reported, ...]:
    """The words that the press named in 2019, as far as the Fall 2011 list has them; of two senses both."""
    return tuple(Reported(wnid, tuple(keys.split())) for wnid, keys in taxonomy.read_table("roulette_words.csv"))


@cache
def _history() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((DATA / "history.toml").read_text(encoding="utf-8"))


def _filled(text: str) -> str:
    return text.format_map(figures())
