"""All that a room decided, in one record: for its screens, the handout, and as CSV.

One rule holds for all of them, `Tally.told`: what fewer than FEWEST answered is told nowhere, and what is shown is
taken away as it was shown.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

from explainer.imagenet import catalogue, masked_words, taxonomy
from explainer.imagenet.masked_words import Context
from explainer.workshop import participants, questions, reports, rooms, sheets, votes
from explainer.workshop.privacy import FEW, FEWEST
from explainer.workshop.questions import Published, Question
from explainer.workshop.reports import REASONS, Flag
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store
from explainer.workshop.votes import Marks, Tally


@dataclass(frozen=True)
class Decision:
    """A question, and what the room answered in each of its rounds, the first first."""

    question: Question
    tallies: tuple[Tally, ...]

    @property
    def published(self) -> Published | None:
        """What is on record of its word; None of a poll."""
        return questions.published(self.question.wnid) if self.question.wnid else None

    @property
    def outcome(self) -> questions.Outcome | None:
        """Whether the room decided as ImageNet did, by its last round; None where that may not be told."""
        told = self.tallies[-1].told
        return questions.compare(self.question, told) if told else None


@dataclass(frozen=True)
class Record:
    """A room and all that came of it; `participants` counts phones that joined. `flags` has all that was reported."""

    room: Room
    participants: int
    decisions: tuple[Decision, ...]
    marks: tuple[Marks, ...]
    flags: tuple[Flag, ...]


def record(store: Store, code: str) -> Record:
    """The record of a room. Raises UnknownRoom."""
    tallies: dict[str, list[Tally]] = {}
    for key, round in votes.rounds(store, code):
        tallies.setdefault(key, []).append(votes.tally(store, code, key, round))
    return Record(
        rooms.find(store, code),
        participants.count(store, code),
        tuple(Decision(questions.question(key), tuple(some)) for key, some in tallies.items()),
        tuple(marks for marks in votes.marks(store, code) if marks.sheet in sheets.SHEETS),
        reports.flags(store, code),
    )


def data_version() -> str:
    """The version of the app, and the first digits of the SHA-256 of the table of ImageNet's facts."""
    digest = hashlib.sha256((taxonomy.DATA / "imagenet_synsets.csv").read_bytes()).hexdigest()
    return f"{metadata.version('imagenet-explainer')}, table {digest[:12]}"


def to_csv(record: Record) -> str:
    """The totals as CSV, in long form: what, words, round, answer, count; above them the room, its date, the data.

    A report is a row as well: its reason stands in the place of the answer.
    """
    columns = ("what", "words", "round", "answer", "count")
    return catalogue.as_csv(columns, (*_header(record), *_decisions(record), *_marks(record), *_flags(record)))


def _header(record: Record) -> Iterator[tuple[object, ...]]:
    room = record.room
    yield "room", room.code + (" (rehearsal: the votes are made up)" if room.rehearsal else ""), "", "", ""
    yield "date", room.created.astimezone().date().isoformat(), "", "", ""
    yield "deck", questions.DECKS[room.deck].title, "", "", ""
    yield "data version", data_version(), "", "", ""
    yield "phones that joined", "", "", "", record.participants
    if room.paper:
        yield "decided on paper, typed by the presenter", room.paper, "", "", ""


def _decisions(record: Record) -> Iterator[tuple[object, ...]]:
    for decision in record.decisions:
        wnid = decision.question.wnid
        said = masked_words.caption(wnid, Context.TREE_FILE).text if wnid else decision.question.text
        for tally in decision.tallies:
            round = f"{tally.round} ({tally.given})" if tally.given else tally.round
            if tally.told is None:
                yield decision.question.key, said, round, "", FEW
            for answer, count in (tally.told or {}).items():
                yield decision.question.key, said, round, answer, count


def _marks(record: Record) -> Iterator[tuple[object, ...]]:
    for marks in record.marks:
        yield marks.sheet, "pages", "", "", marks.pages if marks.pages >= FEWEST else FEW


def _flags(record: Record) -> Iterator[tuple[object, ...]]:
    for flag in record.flags:
        said = masked_words.caption(flag.wnid, Context.TREE_FILE).text
        count = flag.count if flag.count >= FEWEST else f"fewer than {FEWEST}"
        yield f"reported/{flag.wnid}", said, "", REASONS[flag.reason], count
