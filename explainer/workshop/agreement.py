"""How far people agree beyond chance: Krippendorff's alpha, of a room's votes and of what it marked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import krippendorff
import numpy as np

from explainer.workshop.questions import Deck, Level


def alpha(counts: Sequence[Sequence[int]], level: Level) -> float | None:
    """Krippendorff's alpha: 1 is full agreement, 0 that of chance, below 0 is less than chance.

    `counts` has a row for each unit and in it how often each value was given, in their order where the level is
    "ordinal"; who gave it does not matter, and may be missing for some units. None where nothing can be said: fewer
    than two units with two votes or more, or one value everywhere. Krippendorff, Computing Krippendorff's
    Alpha-Reliability (2011).
    """
    table = np.array(_compared(counts), dtype=int)
    if len(table) < 2 or np.count_nonzero(table.sum(axis=0)) < 2:
        return None
    return float(krippendorff.alpha(value_counts=table, level_of_measurement=level))


def of_votes(deck: Deck, tallies: Sequence[Mapping[str, int]]) -> float | None:
    """The alpha of a deck's questions from how often each answer was given; answers that judge nothing are left out."""
    return alpha(units(deck, tallies), deck.level)


def units(deck: Deck, tallies: Sequence[Mapping[str, int]]) -> list[list[int]]:
    """Of each question on which two judged or more, how often each answer that judges was given."""
    keys = [choice.key for choice in deck.choices if choice.judges]
    return _compared([[tally.get(key, 0) for key in keys] for tally in tallies])


def _compared(counts: Sequence[Sequence[int]]) -> list[list[int]]:
    return [[*row] for row in counts if sum(row) > 1]


@dataclass(frozen=True)
class Sight:
    """What a room saw on the pictures of a sheet in one round.

    `pages` were handed in. `alpha` is the agreement on the pictures, each a unit, marked or not. `seen` is the share (0
    to 1) of marks that the pictures which show the word got of all that they could, `mistaken` that of the others; None
    where there are none.
    """

    pages: int
    alpha: float | None
    seen: float | None
    mistaken: float | None


def of_marks(pages: int, marked: Sequence[int], showing: Collection[int]) -> Sight:
    """How a round of a sheet went. `marked` says on how many of `pages` each picture was marked.

    `showing` are the places, from 0, of the pictures that show the word: the sheet's own truth.
    """

    def share(places: Collection[int]) -> float | None:
        return sum(marked[place] for place in places) / (pages * len(places)) if pages and places else None

    others = [place for place in range(len(marked)) if place not in showing]
    return Sight(pages, alpha([[pages - count, count] for count in marked], "nominal"), share(showing), share(others))
