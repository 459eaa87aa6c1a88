"""The talk: full-screen steps made of the app's own live parts, in routes of 20, 45 and 90 minutes.

Its text is `data/talk.toml`, which presenters may change; its figures are counted when it is read.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from explainer.imagenet import published
from explainer.imagenet.taxonomy import DATA
from explainer.workshop import questions, sheets, stage, votes
from explainer.workshop.rooms import Room
from explainer.workshop.stage import Beat


@dataclass(frozen=True)
class Step:
    """A screen with one idea. `title`, `line` and `ask` are for the back row; `say` and `hope` for the presenter alone.

    `slide` names what is shown of the app, `asks` what the room answers one after another: sheets and polls. `words` is
    how many words it votes on, `minutes` how long it takes, by route; a route that is not named leaves the step out.
    Where it is `optional` a route has it only if the presenter ticked it; one for `phones` only a room that has some.
    """

    name: str
    title: str
    line: str
    slide: str
    minutes: Mapping[str, int]
    say: str
    ask: str
    hope: str
    asks: tuple[str, ...] = ()
    words: Mapping[str, int] = field(default_factory=dict)
    optional: bool = False
    phones: bool = False

    @property
    def busy(self) -> bool:
        """Whether phones have something to do."""
        return bool(self.asks or self.words)


@dataclass(frozen=True)
class Route:
    """A way through the talk: its steps in order, and the minutes they take in all."""

    name: str
    title: str
    steps: tuple[Step, ...]

    @property
    def minutes(self) -> int:
        """How long the talk is."""
        return sum(step.minutes[self.name] for step in self.steps)


@dataclass(frozen=True)
class Critique:
    """What is said against something, at the length of a slide, and by whom; `data/about.md` has them in full."""

    short: str
    who: str


@dataclass(frozen=True)
class Talk:
    """Steps by name, titles of routes by name, the critiques in order, and the questions that the handout ends with.

    `hurt` is what to do when somebody is hurt.
    """

    steps: Mapping[str, Step]
    routes: Mapping[str, str]
    critiques: tuple[Critique, ...]
    questions: tuple[str, ...]
    hurt: tuple[str, ...]


class TalkError(Exception):
    """A text of the talk that does not say what it must, in a sentence."""


@cache
def load() -> Talk:
    """The talk that ships with the package. Raises TalkError."""
    return parse((DATA / "talk.toml").read_text(encoding="utf-8"))


def figures() -> Mapping[str, str]:
    """The figures that a text of the talk can name in curly braces."""
    return {**published.figures(), "sheet": str(votes.PICTURES), "seconds": f"{sheets.seconds():.0f}"}


def parse(text: str) -> Talk:
    """A talk from its TOML, with its figures filled in. Raises TalkError."""
    try:
        table = tomllib.loads(text)
        steps = {step.name: step for step in map(_step, table["step"])}
        if len(steps) < len(table["step"]):
            raise ValueError("two steps have one name")
        routes = {route["name"]: route["title"] for route in table["route"]}
        critiques = tuple(Critique(**one) for one in table["critique"])
        return Talk(steps, routes, critiques, tuple(table["questions"]), tuple(table["hurt"]))
    except KeyError as error:
        raise TalkError(f"The text of the talk cannot be read: it names no {error}, or it is no figure.") from error
    except (ValueError, TypeError) as error:  # a TOML that cannot be read is a ValueError as well
        raise TalkError(f"The text of the talk cannot be read: {error}.") from error


def _step(fields: dict[str, Any]) -> Step:
    filled = {key: text.format_map(figures()).strip() for key, text in fields.items() if isinstance(text, str)}
    step = Step(**{**fields, **filled, "asks": tuple(fields.get("asks", ()))})
    for asked in step.asks:
        if asked not in sheets.SHEETS and asked.removeprefix(f"{questions.POLL}/") not in questions.polls():
            raise ValueError(f"the step {step.name!r} asks {asked!r}, which there is not")
    return step


def question_text(key: str) -> str:
    """What a question asks, with its figures."""
    return questions.question(key).text.format_map(figures())


def word(activity: str) -> str | None:
    """Wnid of the word of a sheet or a question; None of a poll, or of nothing."""
    if activity in sheets.SHEETS:
        return sheets.sheet(activity).wnid
    return questions.question(activity).wnid if questions.is_known(activity) else None


def route(name: str, extras: Sequence[str] = (), phones: bool = True) -> Route:
    """A route by its name, with the optional steps that were ticked. KeyError for an unknown one."""
    steps = [step for step in load().steps.values() if phones or not step.phones]
    return Route(
        name,
        load().routes[name],
        tuple(step for step in steps if name in step.minutes and (not step.optional or step.name in extras)),
    )


def optional(name: str) -> tuple[Step, ...]:
    """The steps of a route that its presenter may tick."""
    return tuple(step for step in load().steps.values() if step.optional and name in step.minutes)


def of_room(room: Room) -> Route:
    """The route of a room; the first one where the text of the talk has its route no longer."""
    return route(room.route if room.route in load().routes else next(iter(load().routes)), room.extras, room.phones)


def beats(room: Room) -> tuple[Beat, ...]:
    """All that Next walks through in a room, one after another.

    A page of pictures waits for a press before its clock starts; each other question opens with its step.
    """
    found: list[Beat] = []
    way = of_room(room)
    for step in way.steps:
        asked = [*step.asks, *room.questions[: step.words.get(way.name, 0)]]
        if not asked or asked[0] in sheets.SHEETS:
            found.append(Beat(step.name))
        for key in asked:
            rounds = 1 if key in sheets.SHEETS else questions.question(key).rounds
            found += stage.of_question(step.name, key, rounds)
    return tuple(found)


@dataclass(frozen=True)
class Progress:
    """Where a talk is: step `number` (from 1) `of` so many.

    `late` is by how many minutes the talk is behind its plan; negative where it is ahead, 0 within the step's time.
    """

    number: int
    of: int
    late: float


def progress(route: Route, step: str, elapsed: float) -> Progress:
    """Where a talk is that shows a step `elapsed` minutes after its beginning. KeyError for unknown names.

    A step that the route leaves out counts as the last one before it that it has.
    """
    order = list(load().steps)
    reached = order.index(load().steps[step].name)
    place = max(sum(order.index(on.name) <= reached for on in route.steps) - 1, 0)
    starts = sum(before.minutes[route.name] for before in route.steps[:place])
    ends = starts + route.steps[place].minutes[route.name]
    late = min(elapsed - starts, 0) + max(elapsed - ends, 0)
    return Progress(place + 1, len(route.steps), late)
