"""All that a room decided, in one record: for its screens, the handout, and as CSV.

One rule holds for all of them: what fewer than FEWEST phones answered points at somebody and is not told. Hands were up
for all to see, and are told on screens, and on the handout where FEWEST or more were up. Tables hold no count below
FEWEST, of whatever.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import metadata

from explainer.imagenet import catalogue, taxonomy, vocabularies, words
from explainer.imagenet.words import Context
from explainer.workshop import questions, reports, rooms, votes
from explainer.workshop.privacy import FEWEST
from explainer.workshop.questions import Published
from explainer.workshop.reports import REASONS, Flag
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store
from explainer.workshop.votes import Marks, Tally


@dataclass(frozen=True)
class Decision:
    """A question, what the room answered in each of its rounds, the first first, and what is on record.

    Of a round that fewer than FEWEST phones answered, the hands alone are told.
    """

    question: str
    tallies: tuple[Tally, ...]
    published: Published

    @property
    def outcome(self) -> questions.Outcome | None:
        """Whether the room decided as ImageNet did, by its last round."""
        return questions.compare(questions.question(self.question), self.tallies[-1].counts)


@dataclass(frozen=True)
class Record:
    """A room and all that came of it; `participants` counts phones. `flags` has all that was reported."""

    room: Room
    participants: int
    decisions: tuple[Decision, ...]
    marks: tuple[Marks, ...]
    flags: tuple[Flag, ...]


def record(store: Store, code: str) -> Record:
    """The record of a room. Raises UnknownRoom."""
    found = rooms.find(store, code)
    tallies: dict[str, list[Tally]] = {}
    for question, round in votes.rounds(store, code):
        tallies.setdefault(question, []).append(_told(votes.tally(store, code, question, round)))
    return Record(
        found,
        rooms.participants(store, code),
        tuple(
            Decision(question, tuple(some), questions.published(questions.question(question).wnid))
            for question, some in tallies.items()
        ),
        votes.marks(store, code),
        reports.flags(store, code),
    )


def _told(tally: Tally) -> Tally:
    few = 0 < sum(tally.phones.values()) < FEWEST
    return replace(tally, phones=dict.fromkeys(tally.phones, 0), withheld=True) if few else tally


def given(tally: Tally) -> str:
    """How the answers of a round were given, in words, where hands were counted; "" of phones alone."""
    if not any(tally.hands.values()):
        return ""
    return "phones and counted hands" if any(tally.phones.values()) else "counted hands"


def on_handout(tally: Tally) -> dict[str, int | None]:
    """The counts of a round as the handout may tell them, None for one that it may not."""
    if not any(tally.phones.values()) and tally.total >= FEWEST:
        return dict(tally.hands)
    return {answer: count if count >= FEWEST else None for answer, count in tally.counts.items()}


def data_version() -> str:
    """The version of the app, and the first digits of the SHA-256 of the table of ImageNet's facts."""
    digest = hashlib.sha256((taxonomy.DATA / "imagenet_synsets.csv").read_bytes()).hexdigest()
    return f"{metadata.version('imagenet-explainer')}, table {digest[:12]}"


def to_csv(record: Record) -> str:
    """The totals as CSV, in long form: what, round, answer, count.

    Above them the room, its date, its deck and the version of the data. A count below FEWEST is not said. Where hands
    were counted, the round names it.
    """
    return catalogue.as_csv(
        ("what", "words", "round", "answer", "count"),
        (
            *_header(record),
            *_decisions(record),
            *_marks(record),
        ),
    )


def flags_csv(record: Record) -> str:
    """The presenter's list as CSV: wnid, words where they are not masked, what became of it, the reason, how many.

    Above them the same as above the totals; and as there, a count below FEWEST is not said.
    """
    return catalogue.as_csv(("wnid", "words", "status", "reason", "reports"), (*_header(record), *_flags(record)))


def _header(record: Record) -> Iterator[tuple[object, ...]]:
    room = record.room
    yield "room", room.code + (" (rehearsal: the votes are made up)" if room.rehearsal else ""), "", "", ""
    yield "date", room.created.astimezone().date().isoformat(), "", "", ""
    yield "deck", questions.DECKS[room.deck].title, "", "", ""
    yield "data version", data_version(), "", "", ""
    yield "participants", "", "", "", _said(record.participants)
    yield "groups below", f"a count below {FEWEST} is not said", "", "", FEWEST


def _decisions(record: Record) -> Iterator[tuple[object, ...]]:
    for decision in record.decisions:
        said = words.caption(decision.published.wnid, Context.TREE_FILE).text
        for tally in decision.tallies:
            by = given(tally)
            for answer, count in tally.counts.items():
                yield decision.question, said, f"{tally.round} ({by})" if by else tally.round, answer, _said(count)


def _marks(record: Record) -> Iterator[tuple[object, ...]]:
    for marks in record.marks:
        yield marks.sheet, "pages", "", "", _said(marks.pages)


def _flags(record: Record) -> Iterator[tuple[object, ...]]:
    for flag in record.flags:
        said = words.caption(flag.wnid, Context.TREE_FILE).text
        yield flag.wnid, said, vocabularies.status(flag.wnid), REASONS[flag.reason], _said(flag.count)


def _said(count: int) -> object:
    return count if count >= FEWEST else f"fewer than {FEWEST}"
