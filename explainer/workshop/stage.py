"""What a room is shown, and what a press makes of it: pure functions, without a file, a clock or a page.

A route is a line of beats: the screens that Next walks through, one after another, votes included. Back goes to the
beat before. Answers belong to a question and a round, never to a beat, so that going back deletes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

Phase = Literal["", "open", "talk", "second", "result"]
"""Of a vote: it is open, the room talks, it is open again, its result is shown. "" is a step to look at."""

Key = Literal["next", "back", "dark", "light"]
"""What a presenter can press. Of the screens a press says how they are to be, so that none undoes another."""

PHASES: Sequence[Phase] = ("", "open", "talk", "second", "result")


@dataclass(frozen=True)
class Beat:
    """One screen: a step, what the room is asked there ("" for nothing), and how far that is."""

    step: str
    activity: str = ""
    phase: Phase = ""


@dataclass(frozen=True)
class Press:
    """A press of a key, as a browser tells it.

    `number` counts the presses of a `client`, one window of a browser, from 1. `seen` is how often the room had moved
    by what stood in that window.
    """

    client: str
    number: int
    key: Key
    seen: int


@dataclass(frozen=True)
class State:
    """What presses change: the beat, whether the screens are dark, and what tells one press from another.

    `moves` counts moves. The `mover` made the last ones, without anybody between, from the move `series` on; "" is
    nobody in particular. `counted` is the number of the last press of each client that was taken.
    """

    beat: Beat
    blank: bool = False
    moves: int = 0
    mover: str = ""
    series: int = 0
    counted: Mapping[str, int] = field(default_factory=dict)


def pressed(state: State, press: Press, beats: Sequence[Beat]) -> State:
    """What a room is shown after a press.

    A press that was taken already changes nothing, so that a browser may tell it again until it hears that it was. A
    move counts from what its window showed: where somebody else has moved the room since, it was meant for another
    screen, and moves nothing. A window that is only behind its own presses moves on from these.
    """
    if press.number <= state.counted.get(press.client, 0):
        return state
    taken = replace(state, counted={**state.counted, press.client: press.number})
    if press.key in ("dark", "light"):
        return replace(taken, blank=press.key == "dark")
    own = state.mover in ("", press.client)
    if press.seen < (state.series if own else state.moves):
        return taken
    beat = beside(state.beat, beats, 1 if press.key == "next" else -1)
    if beat == state.beat:
        return taken
    series = state.series if state.mover == press.client else state.moves
    return replace(taken, beat=beat, moves=state.moves + 1, mover=press.client, series=series)


def beside(beat: Beat, beats: Sequence[Beat], by: int) -> Beat:
    """The beat after (`by` 1) or before (-1) another; both ends hold.

    A word that the presenter picked is on no route: it has the phases of the others, and the rest of its step follows.
    """
    if beat in beats:
        return beats[min(max(beats.index(beat) + by, 0), len(beats) - 1)]
    phases: list[Phase] = (
        [""] if not beat.activity else list(dict.fromkeys(each.phase for each in beats if each.step == beat.step))
    )
    place = phases.index(beat.phase) + by if beat.phase in phases else -1
    if 0 <= place < len(phases) and phases[place]:
        return replace(beat, phase=phases[place])
    within = [at for at, each in enumerate(beats) if each.step == beat.step]
    if not within:
        return beats[0]
    return beats[min(within[-1] + 1, len(beats) - 1)] if by > 0 else beats[within[0]]


def of_question(step: str, activity: str, rounds: int) -> tuple[Beat, ...]:
    """The beats of a question that is asked once, or twice with a talk between."""
    phases: Sequence[Phase] = ("open", "result") if rounds == 1 else ("open", "talk", "second", "result")
    return tuple(Beat(step, activity, phase) for phase in phases)
