"""How far people agree beyond chance: Krippendorff's alpha, of a room's votes and of what it marked."""

from collections.abc import Mapping, Sequence

import numpy as np

from explainer.workshop.ballots import Deck, Level


def alpha(counts: Sequence[Sequence[int]], level: Level) -> float | None:
    """Krippendorff's alpha: 1 is full agreement, 0 that of chance, below 0 is less than chance.

    `counts` has a row for each unit and in it how often each value was given, in their order where the level is
    "ordinal"; who gave it does not matter, and may be missing for some units. None where nothing can be said: fewer
    than two units with two votes or more, or one value everywhere. Krippendorff, Computing Krippendorff's
    Alpha-Reliability (2011).
    """
    import krippendorff

    table = np.array([row for row in counts if sum(row) > 1], dtype=int)
    if len(table) < 2 or np.count_nonzero(table.sum(axis=0)) < 2:
        return None
    return float(krippendorff.alpha(value_counts=table, level_of_measurement=level))


def of_votes(deck: Deck, tallies: Sequence[Mapping[str, int]]) -> float | None:
    """The alpha of a deck's questions from how often each answer was given; answers that judge nothing are left out."""
    keys = [choice.key for choice in deck.choices if choice.judges]
    return alpha([[tally.get(key, 0) for key in keys] for tally in tallies], deck.level)


def of_marks(pages: int, marked: Sequence[int]) -> float | None:
    """The alpha of a page of pictures, each a unit: marked or not, on `pages` pages; `marked` says on how many."""
    return alpha([[pages - count, count] for count in marked], "nominal")
