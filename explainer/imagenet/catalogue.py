"""Categories as lists: filtered, in an order, and written for others to read (JSON, CSV)."""

import csv
import datetime
import hashlib
import io
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from explainer.imagenet import masked_words, taxonomy, vocabularies
from explainer.imagenet.masked_words import Caption, Context
from explainer.imagenet.taxonomy import Safety, Synset
from explainer.imagenet.vocabularies import Status

RATINGS = (1.0, 5.0)
"""The lowest and the highest imageability that can be given."""


@dataclass(frozen=True)
class Facets:
    """What a list is narrowed to. Empty sets allow everything.

    `ratings` is the range of imageability, both ends included; categories that nobody rated are in it only where it is
    the whole of RATINGS.
    """

    people: bool = False
    statuses: frozenset[Status] = frozenset()
    safeties: frozenset[Safety] = frozenset()
    ratings: tuple[float, float] = RATINGS
    images: int = 0

    def allow(self, synset: Synset) -> bool:
        """Whether a category of Fall 2011 is on the list."""
        rated = synset.imageability is not None and self.ratings[0] <= synset.imageability <= self.ratings[1]
        return (
            (not self.people or synset.safety is not None)
            and (not self.statuses or vocabularies.status(synset.wnid) in self.statuses)
            and (not self.safeties or synset.safety in self.safeties)
            and (rated or self.ratings == RATINGS)
            and (synset.images or 0) >= self.images
        )


ORDERS: Mapping[str, Callable[[Synset], float]] = {
    "most images": lambda synset: -(synset.images or 0),
    "most below": lambda synset: -taxonomy.load().below(synset.wnid).categories,
    "easiest to picture": lambda synset: -(synset.imageability or 0),
    "hardest to picture": lambda synset: synset.imageability or RATINGS[1] + 1,
    "wnid": lambda synset: 0,
}
"""Orders of a list by name. Among equals the lower wnid comes first; none goes by words, which may be masked."""


@lru_cache(maxsize=20)  # of everything it takes a tenth of a second, and each page with a list asks twice
def select(root: str, facets: Facets, order: str = "most images") -> tuple[str, ...]:
    """Wnids of the categories of Fall 2011 below `root` that the facets allow. Raises UnknownCategory, KeyError."""
    tree = taxonomy.load()
    allowed = [synset for wnid in tree.closure(root) if (synset := tree[wnid]).in_fall_2011 and facets.allow(synset)]
    return tuple(synset.wnid for synset in sorted(allowed, key=lambda synset: (ORDERS[order](synset), synset.wnid)))


def releases(wnid: str) -> tuple[str, ...]:
    """Names of the releases that hold a category, oldest first; the announcement of 2019 was about people alone."""
    synset = taxonomy.load()[wnid]
    if synset.safety is None:
        held = {vocabularies.OLDEST: synset.in_fall_2011, vocabularies.ANNOUNCED: synset.in_fall_2011}
        held[vocabularies.NEWEST] = synset.in_winter_2021
        return tuple(name for name in vocabularies.RELEASES if held[name])
    return tuple(name for name in vocabularies.RELEASES if wnid in vocabularies.person_categories(name))


def less_imageable(wnid: str) -> float | None:
    """Share (0 to 1) of the rated categories that are rated lower; None where nobody rated this one."""
    imageability = taxonomy.load()[wnid].imageability
    return None if imageability is None else bisect_left(_ratings(), imageability) / len(_ratings())


@cache
def _ratings() -> tuple[float, ...]:
    return tuple(sorted(s.imageability for s in taxonomy.load().values() if s.imageability is not None))


def of_the_day(date: datetime.date) -> str:
    """Wnid of the safe person category of a date: the same for everybody on that day."""
    safe = sorted(vocabularies.person_categories(vocabularies.ANNOUNCED))
    return safe[int.from_bytes(hashlib.sha256(date.isoformat().encode()).digest()) % len(safe)]


def record(wnid: str, caption: Callable[[str], Caption]) -> dict[str, Any]:
    """A category as JSON has it; `caption` decides what may be said, and masked words are null."""
    synset, said = taxonomy.load()[wnid], caption(wnid)
    below = taxonomy.load().below(wnid)
    return {
        "wnid": wnid,
        "words": said.words and as_text(said.words),
        "gloss": said.gloss and as_text(said.gloss),
        "masked": said.masked,
        "images": synset.images,
        "categories_below": below.categories,
        "images_below": below.images,
        "safety": synset.safety,
        "imageability": synset.imageability,
        "status": vocabularies.status(wnid),
        "releases": list(releases(wnid)),
    }


def to_csv(wnids: Iterable[str]) -> str:
    """Categories as CSV, one a line. Masked words and glosses are empty, whoever asked for them."""

    def row(wnid: str) -> dict[str, Any]:
        said = record(wnid, lambda wnid: masked_words.caption(wnid, Context.TREE_FILE))
        return {**said, "releases": " ".join(said["releases"])}

    return as_csv(row(taxonomy.PERSON), (row(wnid).values() for wnid in wnids))


def as_csv(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table as CSV: the names of its columns, then its rows, with texts as `as_text` has them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([as_text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return text.getvalue()


def as_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula: where it begins like one, an apostrophe comes first."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
