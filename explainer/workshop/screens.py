"""What a room is shown, as it is kept: moved by presses and by what its presenter changes."""

import datetime
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypedDict, Unpack

from explainer.workshop import incoming, participants, questions, rooms
from explainer.workshop.errors import Closed, Ended, Moved
from explainer.workshop.rooms import Room
from explainer.workshop.stage import PHASES, Beat, Phase, Press, State, pressed
from explainer.workshop.store import Connection, Store

_STEP = re.compile(r"[a-z0-9/_-]{0,64}", re.ASCII)
_BEAT = {"step", "activity", "phase"}


@dataclass(frozen=True)
class Stage:
    """What a room is shown, and what it may do.

    `step`, `activity` and `phase` are those of a `stage.Beat`. `paused`: no answers are taken; `blank`: the screens are
    dark. `version` grows with each change, `moves` with each move. `since` is when the beat began, later by as long as
    the room was paused meanwhile, `entered` when the step did.
    """

    step: str
    activity: str
    phase: Phase
    paused: bool
    blank: bool
    version: int
    moves: int
    since: datetime.datetime
    entered: datetime.datetime

    @property
    def open(self) -> bool:
        """Whether answers are taken, unless the room is paused."""
        return self.phase in ("open", "second")

    @property
    def round(self) -> int:
        """The round of a vote: the second from when it is open."""
        return 2 if self.phase == "second" else 1

    @property
    def seconds(self) -> float:
        """How long the beat has been shown; 0 where the clock was set back since it began."""
        return max(0.0, (datetime.datetime.now(datetime.UTC) - self.since).total_seconds())


class Changes(TypedDict, total=False):
    """What a presenter may change of a stage."""

    step: str
    activity: str
    phase: Phase
    paused: bool
    blank: bool


_STAGE = ", ".join(field.name for field in fields(Stage))


def stage(store: Store, code: str) -> Stage:
    """What a room is shown now. Raises UnknownRoom."""
    return _to_stage(store.query(lambda connection: rooms.room_with(connection, code, _STAGE))[1])


def look(store: Store, code: str, token: str) -> Stage:
    """What a room is shown now, to a phone, which says by it that it is here. Raises UnknownRoom, UnknownToken."""
    found, columns = store.query(lambda connection: participants.admit_with(connection, code, token, _STAGE))
    store.hear(found.code, token)
    return _to_stage(columns)


def press(store: Store, code: str, presses: Iterable[Press], beats: Sequence[Beat]) -> Stage:
    """What `stage.pressed` makes of presses, one after another, on the way of `beats`. Raises UnknownRoom.

    In a room that has ended the talk goes on, and nothing is open.
    """

    def work(connection: Connection) -> Stage:
        found = rooms.room(connection, code)
        before = stage_of(connection, found.code)
        beat = Beat(before.step, before.activity, before.phase) if before.step else beats[0]
        query = "SELECT moves, mover, series FROM rooms WHERE code = ?"
        moves, mover, series = connection.execute(query, (found.code,)).fetchone()
        counted = dict(connection.execute("SELECT client, number FROM presses WHERE room = ?", (found.code,)))
        state = State(beat, before.blank, moves, mover, series, counted)
        for each in presses:
            state = pressed(state, each, beats)
        connection.executemany(
            "INSERT INTO presses (room, client, number) VALUES (?, ?, ?) "
            "ON CONFLICT (room, client) DO UPDATE SET number = excluded.number",
            [(found.code, *each) for each in state.counted.items() - counted.items()],
        )
        moved: dict[str, object] = {}
        if state.moves != moves:
            moved = {"moves": state.moves, "mover": state.mover, "series": state.series}
            moved |= {} if found.began else {"began": time.time()}
        _change(connection, found, before, {**vars(state.beat), "blank": state.blank}, moved)
        return stage_of(connection, found.code)

    return store.write(work)


def taken(store: Store, code: str, client: str) -> int:
    """The number of the last press of a client that was taken, 0 before the first. Raises UnknownRoom."""

    def work(connection: Connection) -> int:
        key = (rooms.room(connection, code).code, client)
        row = connection.execute("SELECT number FROM presses WHERE room = ? AND client = ?", key).fetchone()
        return row[0] if row else 0

    return store.read(work)


def present(store: Store, code: str, **changes: Unpack[Changes]) -> Stage:
    """Change what a room is shown, and only what is named, so that two presenters do not undo each other.

    Another step or activity begins without a phase where the same call names none. Raises UnknownRoom, ValueError for
    what cannot be, and for a word that the room does not vote on.
    """

    def work(connection: Connection) -> Stage:
        found = rooms.room(connection, code)
        before = stage_of(connection, found.code)
        _check(found, changes)
        wanted: dict[str, object] = {**changes}
        if changes.keys() & {"step", "activity"}:
            wanted.setdefault("phase", "")
        moves = {"moves": before.moves + 1, "mover": "", "series": before.moves}
        _change(connection, found, before, wanted, moves if changes.keys() & _BEAT else {})
        return stage_of(connection, found.code)

    return store.write(work)


def _change(
    connection: Connection, found: Room, before: Stage, wanted: dict[str, object], moves: dict[str, object]
) -> None:
    """Write what is otherwise than before, with its times."""
    wanted = {name: value for name, value in wanted.items() if value != getattr(before, name)}
    if not wanted:
        return
    now = time.time()
    if "paused" in wanted:
        wanted["halted"] = now if wanted["paused"] else None
        if before.paused:  # the clock stood still
            since = before.since.timestamp()
            halted = connection.execute("SELECT halted FROM rooms WHERE code = ?", (found.code,)).fetchone()[0]
            wanted["since"] = since + now - max(since if halted is None else halted, since)
    if wanted.keys() & _BEAT:
        wanted |= {"since": now, **moves}
    if "step" in wanted:
        wanted["entered"] = now
    names = ", ".join(f"{name} = ?" for name in wanted)  # the columns above, and names of Changes
    query = f"UPDATE rooms SET {names}, version = version + 1 WHERE code = ?"  # noqa: S608
    connection.execute(query, (*wanted.values(), found.code))


def _check(found: Room, changes: Changes) -> None:
    names = [changes.get("step", ""), changes.get("activity", "")]
    if not changes.keys() <= Changes.__annotations__.keys() or not all(incoming.is_text(name, _STEP) for name in names):
        raise ValueError("There is no such step or activity.")
    if not incoming.is_one_of(changes.get("phase", ""), PHASES):
        raise ValueError("There is no such phase.")
    if not all(incoming.is_switch(changes[name]) for name in ("paused", "blank") if name in changes):
        raise ValueError("This is either so or not.")
    if names[1].partition("/")[0] in questions.DECKS and names[1] not in found.questions:
        raise ValueError("The room does not vote on this word.")


def stage_of(connection: Connection, code: str) -> Stage:
    """The stage of a room that is there, within a transaction."""
    return _to_stage(connection.execute(f"SELECT {_STAGE} FROM rooms WHERE code = ?", (code,)).fetchone())  # noqa: S608


def _to_stage(row: Sequence[Any]) -> Stage:
    step, activity, phase, paused, blank, version, moves, since, entered = row
    return Stage(
        step, activity, phase, bool(paused), bool(blank), version, moves, rooms.to_time(since), rooms.to_time(entered)
    )


def admit_to(connection: Connection, code: str, token: str, activity: str, round: int) -> Room:
    """The room in which a phone may now take part in a round of an activity, within a transaction.

    Raises UnknownRoom, UnknownToken, and Closed: Ended in a room that has, Moved where something else is open.
    """
    found, columns = participants.admit_with(connection, code, token, _STAGE)
    now = _to_stage(columns)
    if found.ended:
        raise Ended
    if not now.open or now.paused:
        raise Closed
    if type(round) is not int or (now.activity, now.round) != (activity, round):
        raise Moved
    return found
