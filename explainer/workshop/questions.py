"""What a room is asked: the words that it votes on, with the published record, and the polls of the talk.

The record is that of Yang et al., Towards Fairer Datasets (FAT* 2020): safety as ImageNet's annotators judged it,
imageability as the mean of paid workers' ratings. A room's answer is the same or different; it never gets a score,
because always answering "unsafe" would agree with 56.2 % of the record.
"""

import re
import statistics
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from explainer.imagenet import masked_words, taxonomy, vocabularies
from explainer.imagenet.masked_words import Context
from explainer.imagenet.removal import THRESHOLD
from explainer.imagenet.taxonomy import DATA, Safety
from explainer.imagenet.vocabularies import Status
from explainer.workshop.errors import UnknownQuestion

Outcome = Literal["same", "different", "undecided"]

POLL = "poll"
"""What stands before the name of a poll, in the place of a deck."""

_GRANDFATHER, _GRANDMOTHER = "n10142391", "n10142747"


@dataclass(frozen=True)
class Choice:
    """An answer: the key that is kept, and what is on its button. One that `judges` nothing decides nothing."""

    key: str
    title: str
    judges: bool = True

    @property
    def short(self) -> str:
        """The title up to where it explains itself."""
        return re.split("[:,]", self.title)[0]


@dataclass(frozen=True)
class Question:
    """What is asked, under `key`, its name everywhere. `wnid` is the word that it is about, None for a poll.

    A word is voted on twice, with a talk between; a poll is asked once. `right` is the key of the answer that is so,
    where the room predicts something.
    """

    key: str
    text: str
    choices: tuple[Choice, ...]
    wnid: str | None = None
    right: str | None = None

    @property
    def rounds(self) -> int:
        """How often it is asked."""
        return 2 if self.wnid else 1

    @property
    def ordinal(self) -> bool:
        """Whether its answers are ratings from 1 to 5."""
        return self.key.startswith("imageability/")


@dataclass(frozen=True)
class Deck:
    """Questions of one kind: how they are worded, and what may be answered."""

    name: str
    title: str
    question: str
    choices: tuple[Choice, ...]

    def wnids(self, masks_locked: bool = False) -> tuple[str, ...]:
        """Wnids of its categories, in the order in which they are asked; no masked one where masks are locked."""
        wnids = _IMAGEABILITY_WNIDS if self.name == "imageability" else _SAFETY_WNIDS
        return tuple(w for w in wnids if not (masks_locked and masked_words.caption(w, Context.TREE).masked))

    def questions(self, masks_locked: bool = False) -> tuple[str, ...]:
        """The keys of its questions, in their order."""
        return tuple(f"{self.name}/{wnid}" for wnid in self.wnids(masks_locked))


DECKS: Mapping[str, Deck] = {
    deck.name: deck
    for deck in (
        Deck(
            "safety",
            "Safe or sensitive?",
            "As a label on a stranger's photo, this word is:",
            (
                Choice("safe", "Safe"),
                Choice("sensitive", "Sensitive: it depends on the photo"),
                Choice("offensive", "Offensive, whatever the photo"),
                Choice("who", "It depends who says it"),
                Choice("none", "It should not be a category"),
                Choice("unsure", "Not sure", judges=False),
            ),
        ),
        Deck(
            "imageability",
            "Can it be seen?",
            "Could a photo show that someone is this?",
            (Choice("1", "1: never"), Choice("2", "2"), Choice("3", "3"), Choice("4", "4"), Choice("5", "5: at once")),
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


# Beside these two, of each half step of imageability the safe category with the most pictures, in the order of their
# numbers, which gives no rating away.
_IMAGEABILITY_WNIDS = (
    _GRANDMOTHER,
    _GRANDFATHER,
    "n09618957",  # face
    "n09764598",  # aerialist
    "n09787534",  # ambassador
    "n09793141",  # ancient
    "n09800964",  # appointee
    "n09820263",  # athlete
    "n09834699",  # ballet dancer
    "n10098245",  # flutist
    "n10308732",  # mender
)


@cache
def polls() -> Mapping[str, Question]:
    """The polls of the talk by name, from the text of the talk."""
    table = tomllib.loads((DATA / "talk.toml").read_text(encoding="utf-8"))["poll"]
    return {
        name: Question(
            f"{POLL}/{name}",
            poll["ask"],
            tuple(Choice(str(number), title) for number, title in enumerate(poll["choices"], start=1)),
            right=str(poll["right"]) if "right" in poll else None,
        )
        for name, poll in table.items()
    }


def question(key: str) -> Question:
    """The question of a key; raises UnknownQuestion."""
    match = re.fullmatch(r"([a-z]{1,20})/([a-z0-9-]{1,20})", key, re.ASCII)
    if match is None:
        raise UnknownQuestion
    kind, name = match.groups()
    if kind == POLL and name in polls():
        return polls()[name]
    if (deck := DECKS.get(kind)) is None or name not in deck.wnids():
        raise UnknownQuestion
    return Question(key, deck.question, deck.choices, name)


def is_known(key: str) -> bool:
    """Whether there is a question of that key."""
    try:
        return bool(question(key))
    except UnknownQuestion:
        return False


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
    ratings = [int(answer) for answer, count in counts.items() for _ in range(count)]
    return statistics.median(ratings) if ratings else None


def commonest(question: Question, counts: Mapping[str, int]) -> tuple[str, ...]:
    """The answers that were given most often: one, or several where they are level, or none.

    An answer that judges nothing is none of them.
    """
    judging = {choice.key: counts.get(choice.key, 0) for choice in question.choices if choice.judges}
    most = max(judging.values())
    return tuple(answer for answer, count in judging.items() if count == most > 0)


def compare(question: Question, counts: Mapping[str, int]) -> Outcome | None:
    """Whether a room decided on a word as ImageNet did; None without a vote, or without a record.

    Imageability: on the same side of removal.THRESHOLD, the median of the room and the published mean. Safety: the
    answer given most often and the published one; undecided where two are level.
    """
    if question.wnid is None:
        return None
    record = published(question.wnid)
    if question.ordinal:
        room = median(counts)
        if room is None or record.imageability is None:
            return None
        return "same" if (room >= THRESHOLD) == (record.imageability >= THRESHOLD) else "different"
    answers = commonest(question, counts)
    if not answers or record.safety is None:
        return None
    if len(answers) > 1:
        return "undecided"
    return "same" if answers[0] == record.safety else "different"
