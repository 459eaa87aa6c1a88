"""To take away: what a room decided, cards for a room without phones, a page for those who look after the network.

Each is one HTML file that asks no host for anything and prints in grey. Jinja escapes every value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from explainer.charts import style
from explainer.imagenet import masked_words, taxonomy
from explainer.imagenet import sources as claims
from explainer.imagenet.masked_words import Caption, Context
from explainer.imagenet.taxonomy import DATA
from explainer.imagenet.vocabularies import FATES, Status
from explainer.workshop import questions, rooms, sheets, talk
from explainer.workshop import record as records
from explainer.workshop.privacy import FEW, FEWEST
from explainer.workshop.questions import Published
from explainer.workshop.record import Decision, Record
from explainer.workshop.reports import REASONS
from explainer.workshop.votes import Marks

_ROWS, _ACROSS = 4, 2  # cards on a page


@dataclass(frozen=True)
class Service:
    """How the app is served: its port, whether there is a certificate, and the file or the database of rooms.

    Where rooms are in memory there is neither.
    """

    port: int
    encrypted: bool
    file: Path | None
    database: str = ""


KEPT = {
    "rooms": (
        "Rooms: code, preset, route, what the presenter typed of a decision on paper, when opened, begun, paused and "
        "ended, what is shown and since when",
        "the presenter",
    ),
    "presses": ("How many presses of keys were taken from each window of the presenter's", "the presenter"),
    "participants": ("Random tokens, one for each phone that joined", "each phone"),
    "votes": ("Answers to the questions, by token", "each phone that answers"),
    "hands": ("Hands that the presenter counted", "nobody in particular"),
    "marks": ("Which pictures of a page were marked, by token", "each phone that marks a page"),
    "flags": ("Reported categories and reasons, by token", "each phone that reports"),
}
"""What is kept, and of whom, by the table of the store that keeps it."""

_KEPT_BY_A_DATABASE = (
    "For a day: when the presenter's key was given, and a digest by which the presenter's browser is known again",
    "the presenter",
)

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
        record=record,
        decisions=[_decision(one) for one in record.decisions],
        sheets=_sheets(record.marks),
        flags=[
            {"caption": _caption(flag.wnid), "reason": REASONS[flag.reason], "count": flag.count}
            for flag in record.flags
            if flag.count >= FEWEST
        ],
        talk=talk.load(),
        figures=talk.figures(),
        sources=sources(),
    )


def cards(deck: str, masks_locked: bool = True) -> str:
    """A deck to cut out, words on the front and the record on the back, and a sheet for counted hands, as HTML.

    Categories that are masked in files are left out. KeyError for an unknown deck.
    """
    found = questions.DECKS[deck]
    captions = [caption for wnid in found.wnids(masks_locked) if not (caption := _caption(wnid)).masked]
    dealt = [
        {"number": number, "caption": caption, "on_record": _on_record(questions.published(caption.wnid))}
        for number, caption in enumerate(captions, start=1)
    ]
    return _render("unplugged_cards.html", deck=found, cards=dealt, rows=_ROWS, across=_ACROSS)


def it_page(service: Service) -> str:
    """One page for those who look after the network and the data, as HTML."""
    kept = [*KEPT.values(), *([_KEPT_BY_A_DATABASE] if service.database else [])]
    return _render("it_page.html", service=service, kept=kept, presets=rooms.PRESETS)


def teacher_page() -> str:
    """One page for a teacher: goals, ages, words, minutes, what to prepare, what to do when somebody is hurt."""
    routes = [talk.route(name) for name in talk.load().routes]
    return _render(
        "teacher.html", routes=routes, steps=talk.load().steps.values(), hurt=talk.load().hurt, figures=talk.figures()
    )


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
        "few": FEW,
        "status_colours": {status: style.STATUS[status] for status in get_args(Status)},
        "data_version": records.data_version(),
    }
    return _templates().get_template(template).render(shared | values)


def _caption(wnid: str) -> Caption:
    return masked_words.caption(wnid, Context.TREE_FILE)


def _decision(decision: Decision) -> dict[str, Any]:
    question, published = decision.question, decision.published
    told = [tally.told for tally in decision.tallies]
    return {
        "caption": _caption(question.wnid) if question.wnid else None,
        "text": talk.question_text(question.key),
        "rounds": [(tally.round, tally.given) for tally in decision.tallies],
        "answers": {
            choice.title: [None if counts is None else counts[choice.key] for counts in told]
            for choice in question.choices
        },
        "most": max((count for counts in told if counts for count in counts.values()), default=0),
        "on_record": _on_record(published) if published else "",
        "outcome": _OUTCOMES[decision.outcome],
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
            "pages": one.pages if one.pages >= FEWEST else None,  # where that is not said, nothing is
            "seen": sheets.share(one.pages, one.marked, sheet.showing),
            "others": sheets.share(one.pages, one.marked, sheet.others),
        }
        for one in marks
        for sheet in [sheets.sheet(one.sheet)]
    ]
