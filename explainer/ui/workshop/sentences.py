"""Sentences that are built from what a room did: pure functions, without a page."""

from collections.abc import Mapping

from explainer.imagenet.removal import THRESHOLD
from explainer.workshop import questions, sheets
from explainer.workshop.privacy import FEW, FEWEST
from explainer.workshop.questions import Outcome, Published, Question
from explainer.workshop.sheets import Sheet
from explainer.workshop.stage import Beat
from explainer.workshop.votes import Marks, Tally

ROUNDS = {1: "first vote", 2: "second vote"}
"""The rounds of a vote: before the talk, and after it."""

TALK = 60
"""Seconds for which neighbours talk between two votes."""

_OUTCOMES: dict[Outcome | None, str] = {
    "same": "**The same**: this room decided as ImageNet did.",
    "different": "**Different**: this room decided otherwise than ImageNet.",
    "undecided": "**Level**: no answer was given more often than all others.",
    None: "Nothing to lay side by side: there is no vote, or no record.",
}


def outcome(question: Question, tally: Tally) -> str:
    """What a room answered to a word or a poll, and for a word whether that is the record; never a score."""
    told = tally.told
    if question.right:
        return f"Right: “{_titles(question)[question.right]}”. {_predicted(question, told)}"
    if told is None:
        return f"{FEW.capitalize()}: what they answered stays hidden, to protect them. {_record(question)}".strip()
    said = _OUTCOMES[questions.compare(question, told)] if question.wnid else ""
    if question.ordinal:
        return f"{said} The room's median is {questions.median(told):g}. {_record(question)}"
    most = questions.commonest(question, told)
    if len(most) > 2:
        return f"{said or _OUTCOMES['undecided']} {_record(question)}".strip()
    answers = " and ".join(f"“{_titles(question)[key]}”" for key in most) or "nothing"
    return f"{said} Said most often: {answers}. {_record(question)}".strip()


def _predicted(question: Question, told: Mapping[str, int] | None) -> str:
    if told is None:
        return f"{FEW.capitalize()}."
    most = questions.commonest(question, told)
    if len(most) != 1:
        return "You were divided."
    mostly = "Most of you said" if told[most[0]] > sum(told.values()) / 2 else "Most often you said"
    return f"{mostly} so." if most[0] == question.right else f"{mostly}: “{_titles(question)[most[0]]}”."


def _titles(question: Question) -> dict[str, str]:
    return {choice.key: choice.title for choice in question.choices}


def _record(question: Question) -> str:
    return on_record(question, questions.published(question.wnid)) if question.wnid else ""


def on_record(question: Question, published: Published) -> str:
    """What ImageNet has published of a word that was asked, and what became of it."""
    if question.ordinal:
        asked = "ImageNet's workers, asked how easily the word brings a picture to mind, rated it"
        rated = f"{asked} {published.imageability:.1f} on average"
        if published.safety != "safe":
            return f"{rated}; it was removed all the same, as {published.safety}."
        return f"{rated}, and it was {'kept' if published.status == 'kept' else 'removed'}: the line is {THRESHOLD:g}."
    fate = {"kept": "It was kept.", "hard to picture": "It was removed later, as hard to picture."}
    return f"On record: {published.safety}. {fate.get(str(published.status), 'It was announced for removal in 2019.')}"


def turnout(answered: int, here: int, hands: int, phones: bool) -> str:
    """How many have answered, of how many phones that are awake."""
    if not phones:
        return f"{hands} hands counted" if hands else "Put up a hand"
    return f"{answered} of {max(here, answered)} answered" + (f", {hands} hands" if hands else "")


def joined(count: int, awake: int) -> str:
    """How many phones have joined, and how many of them were heard of just now."""
    return f"{count} joined, {awake} awake"


def left(seconds: float) -> str:
    """A countdown: minutes and seconds that are left, or by how much it is over."""
    whole = abs(round(seconds))
    return f"{whole // 60}:{whole % 60:02}" + (" over" if seconds < -0.5 else "")


def lateness(minutes: float) -> str:
    """How far a talk is from its plan."""
    return "on time" if abs(minutes) < 0.5 else f"{abs(minutes):.0f} min {'late' if minutes > 0 else 'early'}"


def comes(here: Beat, then: Beat, title: str, word: str) -> str:
    """What the next press of Next does. `title` is that of the step, `word` the word or page of the next beat."""
    if then == here:
        return "This is the end."
    if then.step != here.step and then.phase != "open":
        return f"the step “{title}”"
    if then.step != here.step:
        return f"the step “{title}”, whose question opens"
    return {
        "open": f"Open: {word}",
        "talk": "Close the vote; the room talks for a minute",
        "second": "Second vote",
        "result": "Close, and show the result",
    }.get(then.phase, title)


def marked(sheet: Sheet, marks: Marks | None) -> str:
    """What a room marked on a page; of fewer than FEWEST pages nothing is told."""
    if marks is None or marks.pages < FEWEST:
        return f"{FEW.capitalize()}."
    seen, others = (sheets.share(marks.pages, marks.marked, places) for places in (sheet.showing, sheet.others))
    if seen is None:
        return f"On average {others:.0%} of the pictures were marked. No picture can show the word."
    return f"Pictures that show it were marked {seen:.0%} of the time, the others {others:.0%}."
