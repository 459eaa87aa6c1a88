"""The talk: full-screen steps made of the app's own live parts, in routes of 20, 45 and 90 minutes.

Its text is `data/talk.toml`, which presenters may change; its figures are counted when it is read.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from explainer.imagenet import published
from explainer.imagenet.taxonomy import DATA
from explainer.workshop import sheets, votes

Part = Literal[
    "join",
    "scale",
    "sheet",
    "fifty",
    "nobody",
    "break",
    "roulette",
    "portrait",
    "why",
    "tree",
    "removal",
    "afterlife",
    "vote",
    "critics",
    "handout",
]
"""The live parts of the app that a step can show."""

Activity = Literal["fifty", "break", "vote"]
"""What a room can do in a step."""


@dataclass(frozen=True)
class Step:
    """A screen with one idea. `title` and `line` are for the back row; `say`, `ask` and `hope` for the presenter alone.

    `part` names what is shown of the app, `activity` what the room does, None where it looks on. `minutes` is how long
    it takes by route; a route that is not named leaves it out.
    """

    name: str
    title: str
    line: str
    part: Part
    minutes: Mapping[str, int]
    say: str
    ask: str
    hope: str
    activity: Activity | None = None


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
    """What is said against something, at the length of a slide, by whom, and the step that shows it.

    `data/about.md` has the critiques in full, in the same order.
    """

    step: str
    short: str
    who: str


@dataclass(frozen=True)
class Talk:
    """Steps and routes by name, the critiques in order, and the questions that the handout ends with."""

    steps: Mapping[str, Step]
    routes: Mapping[str, Route]
    critiques: tuple[Critique, ...]
    questions: tuple[str, ...]


class TalkError(Exception):
    """A text of the talk that does not say what it must, in a sentence."""


@cache
def load() -> Talk:
    """The talk that ships with the package. Raises TalkError."""
    return parse((DATA / "talk.toml").read_text(encoding="utf-8"))


def figures() -> Mapping[str, str]:
    """The figures that a text of the talk can name in curly braces."""
    return {
        **published.figures(),
        "sheet": str(votes.PICTURES),
        "seconds": str(int(sheets.SECONDS)),
        "exact_seconds": f"{sheets.SECONDS:.1f}",
    }


def parse(text: str) -> Talk:
    """A talk from its TOML, with its figures filled in. Raises TalkError."""
    try:
        table = tomllib.loads(text)
        steps = {step.name: step for step in map(_step, table["step"])}
        routes = {
            fields["name"]: Route(
                **fields, steps=tuple(step for step in steps.values() if fields["name"] in step.minutes)
            )
            for fields in table["route"]
        }
        critiques = tuple(Critique(**fields) for fields in table["critique"])
        talk = Talk(steps, routes, critiques, tuple(table["questions"]))
        if len(steps) < len(table["step"]):
            raise ValueError("two steps have one name")
    except KeyError as error:
        raise TalkError(f"The text of the talk cannot be read: it names no {error}, or it is no figure.") from error
    except (ValueError, TypeError) as error:  # a TOML that cannot be read is a ValueError as well
        raise TalkError(f"The text of the talk cannot be read: {error}.") from error
    return talk


def _step(fields: dict[str, Any]) -> Step:
    filled = {key: text.format_map(figures()).strip() for key, text in fields.items() if isinstance(text, str)}
    step = Step(**{**fields, **filled})
    if step.part not in get_args(Part) or step.activity not in (None, *get_args(Activity)):
        raise ValueError(f"the step {step.name!r} shows or asks for what there is not")
    return step


@dataclass(frozen=True)
class Progress:
    """Where a talk is: step `number` (from 1) `of` so many, planned from minute `starts` to minute `ends`.

    `late` is by how many minutes the talk is behind its plan; negative where it is ahead, 0 within the step's time.
    """

    number: int
    of: int
    starts: int
    ends: int
    late: float


def route(name: str) -> Route:
    """A route by its name. KeyError for an unknown one."""
    return load().routes[name]


def beside(route: Route, step: str, by: int) -> str:
    """Name of the step `by` steps further on a route, back where negative; its ends hold. KeyError for unknown names.

    A step that the route leaves out counts as the last one before it that it has.
    """
    return route.steps[min(max(_place(route, step) + by, 0), len(route.steps) - 1)].name


def progress(route: Route, step: str, elapsed: float) -> Progress:
    """Where a talk is that shows a step `elapsed` minutes after its beginning. KeyError for unknown names."""
    steps = route.steps
    place = _place(route, step)
    starts = sum(before.minutes[route.name] for before in steps[:place])
    ends = starts + steps[place].minutes[route.name]
    late = min(elapsed - starts, 0) + max(elapsed - ends, 0)
    return Progress(place + 1, len(steps), starts, ends, late)


def _place(route: Route, step: str) -> int:
    """The place on a route of a step, or of the last one before it that the route has."""
    talk = load()
    order = list(talk.steps)
    reached = order.index(talk.steps[step].name)
    return max(sum(order.index(on.name) <= reached for on in route.steps) - 1, 0)
