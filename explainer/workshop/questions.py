"""The questions that a room votes on, and the published record beside which its answer is laid.

The record is that of Yang et al., Towards Fairer Datasets (FAT* 2020): safety as the authors judged it, imageability
as the mean of crowd workers' ratings. A room's answer is the same or different; it never gets a score, because always
answering "unsafe" would agree with 56.2 % of the record.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from explainer.imagenet import taxonomy, vocabularies
from explainer.imagenet.removal import THRESHOLD
from explainer.imagenet.taxonomy import Safety
from explainer.imagenet.vocabularies import Status

Level = Literal["nominal", "ordinal"]
Outcome = Literal["same", "different", "undecided"]

_REAL_PEOPLE = frozenset({"n11100798", "n11242849", "n11346873"})  # categories that are somebody by name
_BAND = 0.5  # of the range of imageability; the deck has a category of each
_GRANDFATHER, _GRANDMOTHER = "n10142391", "n10142747"


@dataclass(frozen=True)
class Choice:
    """An answer: the key that is kept, and what is on its button.

    Where it `judges` nothing ("not sure") it counts as no vote in the agreement within the room.
    """

    key: str
    title: str
    judges: bool = True


@dataclass(frozen=True)
class Deck:
    """Questions of one kind: how they are worded, what may be answered, and on which categories.

    `level` is the level of measurement of its choices, which stand in their order where it is ordinal.
    """

    name: str
    title: str
    question: str
    level: Level
    choices: tuple[Choice, ...]
    adults: bool = False

    @property
    def wnids(self) -> tuple[str, ...]:
        """Wnids of its categories, in the order in which they are asked."""
        return _imageability_wnids() if self.name == "imageability" else _SAFETY_WNIDS

    @property
    def questions(self) -> tuple[str, ...]:
        """The keys of its questions, in their order."""
        return tuple(f"{self.name}/{wnid}" for wnid in self.wnids)


@dataclass(frozen=True)
class Question:
    """One category of a deck; `key` is its name everywhere."""

    deck: Deck
    wnid: str

    @property
    def key(self) -> str:
        """Deck and wnid, as in "imageability/n10142747"."""
        return f"{self.deck.name}/{self.wnid}"


class UnknownQuestion(KeyError):
    """A key that no deck has."""

    def __str__(self) -> str:
        return "There is no such question."


DECKS: Mapping[str, Deck] = {
    deck.name: deck
    for deck in (
        Deck(
            "imageability",
            "Can it be seen?",
            "How easily does a picture come to mind that shows this, and nothing else?",
            "ordinal",
            (
                Choice("1", "1: not at all"),
                Choice("2", "2"),
                Choice("3", "3"),
                Choice("4", "4"),
                Choice("5", "5: at once"),
            ),
        ),
        Deck(
            "safety",
            "Is it safe?",
            "As a label on somebody's photograph, this word is:",
            "nominal",
            (
                Choice("safe", "Safe"),
                Choice("sensitive", "Sensitive: it depends on the picture"),
                Choice("offensive", "Offensive, whatever the picture"),
                Choice("who", "It depends who says it"),
                Choice("none", "It should not be a category"),
                Choice("unsure", "Not sure", judges=False),
            ),
            adults=True,
        ),
    )
}
"""The decks by name, the default first."""

# Neighbours with different verdicts; the words of all but one may be shown on a projector.
_SAFETY_WNIDS = (
    _GRANDMOTHER,
    _GRANDFATHER,
    "n09840217",  # three senses of "baron"
    "n09840435",
    "n09840520",
    "n10357613",  # niece
    "n10146104",  # great-niece
    "n10155849",  # hairdresser
    "n09841188",  # bartender
    "n10718131",  # tourist
    "n10020890",  # doctor
    "n10401331",  # on record as offensive: a bird's name for somebody who repeats others
)


@cache
def _imageability_wnids() -> tuple[str, ...]:
    """Of each half step of imageability the safe category with the most pictures; and grandmother and grandfather."""
    tree = taxonomy.load()
    most: dict[int, str] = {}
    for wnid in tree.people:
        synset = tree[wnid]
        if synset.safety == "safe" and synset.imageability is not None and wnid not in _REAL_PEOPLE:
            band = int(synset.imageability / _BAND)
            if band not in most or (synset.images or 0) > (tree[most[band]].images or 0):
                most[band] = wnid
    # In the order of their numbers, which gives no rating away.
    return (*sorted(most.values()), _GRANDMOTHER, _GRANDFATHER)


def question(key: str) -> Question:
    """The question of a key; raises UnknownQuestion."""
    match = re.fullmatch(r"([a-z]{1,20})/(n\d{8})", key, re.ASCII)
    if match is None or (deck := DECKS.get(match[1])) is None or match[2] not in deck.wnids:
        raise UnknownQuestion(key)
    return Question(deck, match[2])


@dataclass(frozen=True)
class Published:
    """What is on record of a category: its safety, the mean of its ratings (1 to 5, or None), what became of it."""

    wnid: str
    safety: Safety | None
    imageability: float | None
    status: Status | None


def published(wnid: str) -> Published:
    """The record of a category. Raises taxonomy.UnknownCategory."""
    synset = taxonomy.load()[wnid]
    return Published(wnid, synset.safety, synset.imageability, vocabularies.status(wnid))


def median(counts: Mapping[str, int]) -> float | None:
    """The median of answers "1" to "5", the mean of the middle two where they are even; None of none."""
    ratings = sorted(int(answer) for answer, count in counts.items() for _ in range(count))
    if not ratings:
        return None
    return (ratings[(len(ratings) - 1) // 2] + ratings[len(ratings) // 2]) / 2


def commonest(deck: Deck, counts: Mapping[str, int]) -> tuple[str, ...]:
    """The answers that were given most often: one, or several where they are level, or none.

    An answer that judges nothing is none of them.
    """
    judging = {choice.key: counts.get(choice.key, 0) for choice in deck.choices if choice.judges}
    most = max(judging.values())
    return tuple(answer for answer, count in judging.items() if count == most > 0)


def compare(question: Question, counts: Mapping[str, int]) -> Outcome | None:
    """Whether a room decided as ImageNet did; None without a vote, or without a record.

    Imageability: on the same side of removal.THRESHOLD, the median of the room and the published mean. Safety: the
    answer given most often and the published one; undecided where two are level.
    """
    record = published(question.wnid)
    if question.deck.level == "ordinal":
        room = median(counts)
        if room is None or record.imageability is None:
            return None
        return "same" if (room >= THRESHOLD) == (record.imageability >= THRESHOLD) else "different"
    answers = commonest(question.deck, counts)
    if not answers or record.safety is None:
        return None
    if len(answers) > 1:
        return "undecided"
    return "same" if answers[0] == record.safety else "different"
