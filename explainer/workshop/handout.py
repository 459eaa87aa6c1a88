"""To take away: what a room decided, cards for a room without phones, a page for those who look after the network.

Each is one HTML file that asks no host for anything and prints in grey. Jinja escapes every value.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from explainer.charts import style
from explainer.imagenet import sources as claims
from explainer.imagenet import taxonomy, words
from explainer.imagenet.taxonomy import DATA
from explainer.imagenet.vocabularies import FATES, Status
from explainer.imagenet.words import Caption, Context
from explainer.workshop import agreement, questions, rooms, sheets, talk
from explainer.workshop import record as records
from explainer.workshop.questions import Deck, Published
from explainer.workshop.record import Decision, Record
from explainer.workshop.sheets import Sheet
from explainer.workshop.votes import Marks
from explainer.workshop.wall import FEWEST, REASONS

_ROWS, _ACROSS = 4, 2  # cards on a page


@dataclass(frozen=True)
class Service:
    """How the app is served: its port, whether there is a certificate, and the file of rooms, None where in memory."""

    port: int
    encrypted: bool
    file: Path | None


KEPT = {
    "rooms": (
        "Rooms: code, preset, route, when opened, paused and ended, what is shown and since when",
        "the presenter",
    ),
    "participants": ("Random tokens, one for each phone that joined", "each phone"),
    "votes": ("Answers to the questions about words, by token", "each phone that votes"),
    "hands": ("Hands that the presenter counted", "nobody in particular"),
    "marks": (
        "Which of 48 pictures were marked, and whether in haste, by token",
        "each phone that hands in the page",
    ),
    "flags": ("Reported categories and reasons, by token", "each phone that reports"),
    "labels": ("How many labels of each class were added to the wall, by token", "who asks for it; can be withdrawn"),
    "pictures": (
        "Which supplied pictures, and whether one of their own, had its labels added to the wall, by token",
        "who asks for it; can be withdrawn",
    ),
    "words": ("Words of kept categories added to the wall, by token", "who asks for it; can be withdrawn"),
}
"""What is kept, and of whom, by the table of the store that keeps it."""

_OUTCOMES = {
    "same": "This room: the same.",
    "different": "This room: different.",
    "undecided": "This room: undecided.",
    None: "",
}


def handout(record: Record) -> str:
    """What a room decided, with questions and sources, as HTML. A rehearsal says on each page that it is one."""
    return _render(
        "handout.html",
        rehearsal=record.room.rehearsal,
        room=record.room,
        participants=_said(record.participants),
        record=record,
        decks=_decks(record),
        sheets=_sheets(record.marks),
        wall=_wall(record),
        flags=[
            {"caption": _caption(flag.wnid), "reason": REASONS[flag.reason], "count": flag.count}
            for flag in record.flags
            if flag.count >= FEWEST
        ],
        talk=talk.load(),
        figures=talk.figures(),
        sources=sources(),
        side=sheets.SIDE,
    )


def cards(deck: str) -> str:
    """A deck to cut out, words on the front and the record on the back, and a sheet for counted hands, as HTML.

    Categories that are masked in files are left out. KeyError for an unknown deck.
    """
    found = questions.DECKS[deck]
    captions = [caption for wnid in found.wnids if not (caption := _caption(wnid)).masked]
    dealt = [
        {"number": number, "caption": caption, "on_record": _on_record(questions.published(caption.wnid))}
        for number, caption in enumerate(captions, start=1)
    ]
    return _render("cards.html", deck=found, cards=dealt, rows=_ROWS, across=_ACROSS)


def it_page(service: Service) -> str:
    """One page for those who look after the network and the data, as HTML."""
    return _render("it.html", service=service, kept=KEPT.values(), presets=rooms.PRESETS)


def sources() -> tuple[str, ...]:
    """The sources that the page "About" names, as plain text."""
    about = (DATA / "about.md").read_text(encoding="utf-8")
    return tuple(
        f"{source.reference}: {source.address}" for key, source in claims.load().items() if key in claims.keys(about)
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(DATA), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _render(template: str, **values: Any) -> str:
    shared = {
        "rehearsal": False,
        "few": FEWEST,
        "status_colours": {status: style.STATUS[status] for status in get_args(Status)},
        "data_version": records.data_version(),
    }
    return _templates().get_template(template).render(shared | values)


def _caption(wnid: str) -> Caption:
    return words.caption(wnid, Context.TREE_FILE)


def _said(count: int) -> int | None:
    """A count that may leave in a file, None for one that may not."""
    return count if count >= FEWEST else None


def _alpha(alpha: float | None) -> str:
    return "cannot be said" if alpha is None else f"{round(alpha, 2) + 0.0:.2f}"  # + 0.0, or there is a -0.00


def _agreed(record: Record, deck: Deck, round: int) -> tuple[str, int]:
    """The agreement on a deck's words in words, and over how many it was computed: 0 where it cannot be said."""
    alpha = records.alpha(record, deck.name, round)
    return _alpha(alpha), 0 if alpha is None else records.agreed_on(record, deck.name, round)


def _decks(record: Record) -> list[dict[str, Any]]:
    return [
        {
            "title": deck.title,
            "question": deck.question,
            "alphas": {
                round: _agreed(record, deck, round)
                for round in sorted({tally.round for decision in decisions for tally in decision.tallies})
            },
            "decisions": [_decision(deck, decision) for decision in decisions],
        }
        for deck in questions.DECKS.values()
        if (decisions := [one for one in record.decisions if questions.question(one.question).deck == deck])
    ]


def _decision(deck: Deck, decision: Decision) -> dict[str, Any]:
    counts = [records.on_handout(tally) for tally in decision.tallies]
    return {
        "caption": _caption(decision.published.wnid),
        "rounds": [(tally.round, records.given(tally)) for tally in decision.tallies],
        "answers": {choice.title: [count[choice.key] for count in counts] for choice in deck.choices},
        "most": _most(*(count.values() for count in counts)),
        "on_record": _on_record(decision.published),
        "outcome": _OUTCOMES[decision.outcome if _said(decision.tallies[-1].total) else None],
    }


def _on_record(published: Published) -> str:
    rated = published.imageability
    parts = (
        published.safety,
        rated is not None and f"imageability {rated:.1f} of 5",
        published.status and FATES[published.status],
    )
    return ", ".join(part for part in parts if part)


def _sheets(marks: Sequence[Marks]) -> list[dict[str, Any]]:
    return [
        {
            "caption": _caption(sheet.wnid),
            "on_record": _on_record(questions.published(sheet.wnid)),
            "images": taxonomy.load()[sheet.wnid].images,
            "rounds": [_round(sheet, one) for one in rounds],
            "pictures": [
                {
                    "title": picture.title,
                    "source": f"data:{sheets.MIME};base64,{base64.b64encode(picture.data).decode()}",
                    "counts": [_said(one.marked[picture.number - 1]) for one in rounds],
                }
                for picture in sheet.pictures
            ],
        }
        for sheet in map(sheets.sheet, sheets.SHEETS)
        if (rounds := [one for one in marks if one.sheet == sheet.name])
    ]


def _round(sheet: Sheet, marks: Marks) -> dict[str, Any]:
    sight = agreement.of_marks(marks.pages, marks.marked, sheet.showing)
    return {
        "number": marks.round,
        "title": "without the clock by choice" if marks.unhurried else sheets.ROUNDS.get(marks.round),
        "pages": _said(sight.pages),  # where that is not said, the template leaves out the rest
        "alpha": _alpha(sight.alpha),
        "seen": sight.seen,
        "others": sight.mistaken,
    }


def _wall(record: Record) -> dict[str, Any]:
    participants = record.wall.participants
    few = participants < FEWEST  # a few may have added many labels
    labels = {status: None if few else _said(count) for status, count in record.wall.labels.items()}
    return {
        # Most add one label: from their number the one count that is hidden could be computed.
        "participants": None if None in labels.values() else participants,
        "labels": labels,
        "most": _most(labels.values()),
        "words": [(_caption(wnid), count) for wnid, count in record.wall.words.items()],
    }


def _most(*counts: Iterable[int | None]) -> int:
    """The largest count that is said: bars are drawn against it, and give no other away."""
    return max((count for some in counts for count in some if count is not None), default=0)
