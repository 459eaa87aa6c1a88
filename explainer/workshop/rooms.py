"""Rooms: opened by a presenter, joined by phones, and what everybody is shown at the moment.

A phone is an anonymous token and nothing else: no name, no address, no time. Whatever comes from an address is checked
against a strict pattern first, and what does not fit is a wrong room or a wrong token like any other.
"""

import contextlib
import datetime
import logging
import re
import secrets
import sqlite3
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypedDict, Unpack

from explainer import limits
from explainer.workshop import incoming, questions
from explainer.workshop.errors import Closed, DoorClosed, Ended, Full, Moved, TooFast, UnknownRoom, UnknownToken
from explainer.workshop.stage import PHASES, Beat, Phase, Press, State, pressed
from explainer.workshop.store import Store

_log = logging.getLogger("explainer")

HERE = 20.0
"""Seconds after which a phone that was not heard of is no longer counted as here."""

LAPSE = 24 * 3600.0
"""Seconds after its last step or vote in which a room's rules hold for the whole app."""

# No vowels, no 3 or 4 in their place, no K: no word arises. No letter or digit that looks like another that is left.
_LETTERS = "CDFHJMNPRTVWX26789"
_CODE = re.compile(f"[{_LETTERS}]{{5}}")
_TYPED = re.compile(r"\s*\w{5}\s*")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
_MINUTE, _MOST_SOURCES = 60.0, 10_000
_STEP = re.compile(r"[a-z0-9/_-]{0,64}", re.ASCII)
_NAME = re.compile(r"[a-z0-9-]{1,20}", re.ASCII)
_BEAT = {"step", "activity", "phase"}

LONGEST = 600
"""Characters of what a room decided on paper."""


@dataclass(frozen=True)
class Preset:
    """What a presenter decides for a room before anybody joins.

    `own_faces`: whether a participant's own photograph may be used. `masks_locked`: whether no phone may reveal words.
    On the projector masks hold in both, and where they are locked the room votes on no masked word.
    """

    name: str
    title: str
    own_faces: bool
    masks_locked: bool


PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("mixed", "Under 18 or mixed", own_faces=False, masks_locked=True),
        Preset("adults", "Adults, opt-in", own_faces=True, masks_locked=False),
    )
}
"""The presets by name, the careful one first."""


@dataclass(frozen=True)
class Room:
    """A room as it was opened. `rehearsal` marks one whose votes are made up.

    `extras` are the optional steps that its presenter ticked. `phones`: whether people are asked to join, or their
    hands are counted alone. `door`: whether new phones may join. `began` is when its talk left the first step, `ended`
    when it was closed, None before. `paper` is what the presenter typed of a decision on paper.
    """

    code: str
    preset: str
    deck: str
    route: str
    extras: tuple[str, ...]
    rehearsal: bool
    phones: bool
    door: bool
    paper: str
    created: datetime.datetime
    began: datetime.datetime | None
    ended: datetime.datetime | None

    @property
    def rules(self) -> Preset:
        """What its preset allows."""
        return PRESETS[self.preset]

    @property
    def questions(self) -> tuple[str, ...]:
        """The keys of the words that it may vote on, in their order."""
        return questions.DECKS[self.deck].questions(self.rules.masks_locked)


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


_ROOM = ", ".join(field.name for field in fields(Room))
_STAGE = ", ".join(field.name for field in fields(Stage))


def open_room(
    store: Store,
    preset: str = "mixed",
    deck: str = "safety",
    route: str = "45",
    extras: Sequence[str] = (),
    rehearsal: bool = False,
    phones: bool = True,
) -> Room:
    """A new room, of a preset of PRESETS, a deck of DECKS, a route and steps by name. Raises ValueError for others."""
    if preset not in PRESETS or deck not in questions.DECKS or not all(map(_NAME.fullmatch, (route, *extras))):
        raise ValueError("There is no such preset, deck, route or step.")
    now = time.time()

    def work(connection: sqlite3.Connection) -> str:
        while True:
            code = "".join(secrets.choice(_LETTERS) for _ in range(5))
            row = {
                "code": code,
                "preset": preset,
                "deck": deck,
                "route": route,
                "extras": " ".join(extras),
                "rehearsal": rehearsal,
                "phones": phones,
                "created": now,
                "since": now,
                "entered": now,
            }
            names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
            if connection.execute(f"INSERT OR IGNORE INTO rooms ({names}) VALUES ({places})", row).rowcount:  # noqa: S608
                return code

    return find(store, store.write(work))


def find(store: Store, code: str) -> Room:
    """The room of a code, as people type it: small letters, and spaces round it. Raises UnknownRoom."""
    return store.read(lambda connection: room(connection, code))


def listing(store: Store) -> tuple[Room, ...]:
    """All rooms that are kept, the newest first: to resume one, or to delete it."""
    rows = store.read(lambda c: c.execute(f"SELECT {_ROOM} FROM rooms ORDER BY created DESC").fetchall())  # noqa: S608
    return _readable(rows)


def on(store: Store) -> tuple[Room, ...]:
    """The rooms to whose rules the whole app keeps, the newest first: opened for people, not ended, moved within LAPSE.

    In a rehearsal there is nobody, and who forgets to end a room does not lock the app for good. Once the app knows of
    a room, that goes by a clock that nobody sets.
    """
    query = f"SELECT {_ROOM}, since FROM rooms WHERE ended IS NULL AND NOT rehearsal ORDER BY created DESC"  # noqa: S608
    rows = store.read(lambda c: c.execute(query).fetchall())
    return tuple(room for room in _readable(row[:-1] for row in rows) if _is_on(store, room.code, dict(_since(rows))))


def _since(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, float]]:
    return ((row[0], row[-1]) for row in rows)


def _is_on(store: Store, code: str, since: Mapping[str, float]) -> bool:
    moved, until = store.lapses.get(code, (None, 0.0))
    if moved != since[code]:
        left = since[code] + LAPSE - time.time()
        until = time.monotonic() + min(max(0.0, left), LAPSE)
        store.lapses[code] = since[code], until
    return time.monotonic() < until


def in_force(store: Store) -> Preset | None:
    """The most careful preset of the rooms that are on; None where no room is on."""
    presets = {room.preset for room in on(store)}
    return next((preset for preset in PRESETS.values() if preset.name in presets), None)


def join(store: Store, code: str, token: str | None = None, source: str = "", browser: str | None = None) -> str:
    """The token by which a phone is known: the one it has, if this room gave it out, else a new one.

    A phone that comes with a token of another room, or with one that nobody gave out, is given a new one and never
    taken for somebody else. `source` is the address it comes from and `browser` tells its browser from others, where
    that is known; both bound how many new ones are given out in a minute, and neither is kept. Raises UnknownRoom,
    Full, TooFast, DoorClosed, and Closed for one that comes new to a room that has ended.
    """
    given = token
    if given is not None:
        with contextlib.suppress(UnknownToken):
            store.read(lambda connection: admit(connection, code, given))
            return given
    new = secrets.token_urlsafe(16)

    def work(connection: sqlite3.Connection) -> str:
        found = room(connection, code)
        if found.ended:
            raise Ended
        if not found.door:
            raise DoorClosed
        _slow_down(store, found.code, source, browser)
        if _count(connection, found.code) >= limits.value("participants") and not _give_way(store, connection, found):
            raise Full
        connection.execute("INSERT INTO participants (room, token) VALUES (?, ?)", (found.code, new))
        store.given[found.code, new] = time.monotonic()
        return new

    return store.write(work)


def _slow_down(store: Store, code: str, source: str, browser: str | None) -> None:
    """Raises TooFast where a browser, or the browsers of an address that nothing tells apart, join too often."""
    name = "joins of an address" if browser is None else "joins of a browser"
    joined = store.joins.setdefault((code, browser or source), deque(maxlen=int(limits.value(name))))
    now = time.monotonic()
    if len(joined) == joined.maxlen and now - joined[0] < _MINUTE:
        raise TooFast
    joined.append(now)
    if len(store.joins) > _MOST_SOURCES:
        for key in [key for key, times in store.joins.items() if now - times[-1] > _MINUTE]:
            del store.joins[key]


def _give_way(store: Store, connection: sqlite3.Connection, found: Room) -> bool:
    """Whether tokens were taken back of phones that are not here.

    Those that have answered nothing first; then the last ones that were given out, with what they answered. So many
    phones come within minutes only where somebody makes them up.
    """
    query = """SELECT token FROM votes WHERE room = :room UNION SELECT token FROM marks WHERE room = :room
        UNION SELECT token FROM flags WHERE room = :room"""
    answered = {token for (token,) in connection.execute(query, {"room": found.code})}
    tokens = connection.execute("SELECT token FROM participants WHERE room = ?", (found.code,)).fetchall()
    earliest = time.monotonic() - HERE
    heard = {
        key: max(store.seen.get(key, 0.0), store.given.get(key, 0.0)) for key in ((found.code, t) for (t,) in tokens)
    }
    away = [key for key, at in heard.items() if at < earliest]
    silent = [key for key in away if key[1] not in answered]
    made_up = sorted((key for key in away if key in store.given), key=store.given.__getitem__, reverse=True)
    gone = (silent or made_up)[:100]
    connection.executemany("DELETE FROM participants WHERE room = ? AND token = ?", gone)
    for key in gone:
        store.given.pop(key, None)
    return bool(gone)


def open_door(store: Store, code: str, to_new_phones: bool) -> None:
    """From now on new phones may join a room, or may not; those that are in it stay. Raises UnknownRoom."""

    def work(connection: sqlite3.Connection) -> None:
        found = room(connection, code).code
        connection.execute("UPDATE rooms SET door = ?, version = version + 1 WHERE code = ?", (to_new_phones, found))

    store.write(work)


def participants(store: Store, code: str) -> int:
    """How many phones have joined since the room was opened. Raises UnknownRoom."""
    return store.read(lambda connection: _count(connection, room(connection, code).code))


def heartbeat(store: Store, code: str, token: str) -> None:
    """Note that a phone is here. Raises UnknownRoom and UnknownToken."""
    found = store.read(lambda connection: admit(connection, code, token))
    store.seen[found.code, token] = time.monotonic()


def here(store: Store, code: str) -> int:
    """How many phones were heard of within the last seconds (HERE)."""
    earliest = time.monotonic() - HERE
    return sum(1 for (other, _), at in list(store.seen.items()) if other == normal(code) and at >= earliest)


def stage(store: Store, code: str) -> Stage:
    """What a room is shown now. Raises UnknownRoom."""
    return store.read(lambda connection: stage_of(connection, room(connection, code).code))


def press(store: Store, code: str, presses: Iterable[Press], beats: Sequence[Beat]) -> Stage:
    """What `stage.pressed` makes of presses, one after another, on the way of `beats`. Raises UnknownRoom.

    In a room that has ended the talk goes on, and nothing is open.
    """

    def work(connection: sqlite3.Connection) -> Stage:
        found = room(connection, code)
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
            "ON CONFLICT DO UPDATE SET number = excluded.number",
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

    def work(connection: sqlite3.Connection) -> int:
        key = (room(connection, code).code, client)
        row = connection.execute("SELECT number FROM presses WHERE room = ? AND client = ?", key).fetchone()
        return row[0] if row else 0

    return store.read(work)


def present(store: Store, code: str, seen: int | None = None, **changes: Unpack[Changes]) -> Stage:
    """Change what a room is shown, and only what is named, so that two presenters do not undo each other.

    `seen` is the version that stood on the presenter's screen: where the stage is at another, nothing is changed.
    Another step or activity begins without a phase where the same call names none. Raises UnknownRoom, ValueError for
    what cannot be, and for a word that the room does not vote on.
    """

    def work(connection: sqlite3.Connection) -> Stage:
        found = room(connection, code)
        before = stage_of(connection, found.code)
        _check(found, changes)
        if seen in (None, before.version):
            wanted: dict[str, object] = {**changes}
            if changes.keys() & {"step", "activity"}:
                wanted.setdefault("phase", "")
            moves = {"moves": before.moves + 1, "mover": "", "series": before.moves}
            _change(connection, found, before, wanted, moves if changes.keys() & _BEAT else {})
        return stage_of(connection, found.code)

    return store.write(work)


def _change(
    connection: sqlite3.Connection, found: Room, before: Stage, wanted: dict[str, object], moves: dict[str, object]
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
            wanted["since"] = since + now - max(halted, since)
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


def keep_paper(store: Store, code: str, text: str) -> None:
    """Keep what a room decided on paper, as the presenter typed it, at most LONGEST characters. Raises UnknownRoom."""

    def work(connection: sqlite3.Connection) -> None:
        found = room(connection, code).code
        query = "UPDATE rooms SET paper = ?, version = version + 1 WHERE code = ?"
        connection.execute(query, (" ".join(text.split())[:LONGEST], found))

    store.write(work)


def end(store: Store, code: str) -> Room:
    """Close a room for its phones; what it decided stays until it is deleted. Raises UnknownRoom."""

    def work(connection: sqlite3.Connection) -> Room:
        found = room(connection, code)
        connection.execute(
            "UPDATE rooms SET ended = ?, version = version + 1 WHERE code = ? AND ended IS NULL",
            (time.time(), found.code),
        )
        return room(connection, found.code)

    return store.write(work)


def delete(store: Store, code: str) -> None:
    """Delete a room and all that is kept of it, with no byte of it left in the files. Raises UnknownRoom."""

    def work(connection: sqlite3.Connection) -> str:
        found = room(connection, code).code
        connection.execute("DELETE FROM rooms WHERE code = ?", (found,))
        return found

    gone = store.write(work)
    store.scrub()
    for known in (store.seen, store.given, store.joins):
        for key in [key for key in list(known) if key[0] == gone]:
            known.pop(key, None)


def normal(code: str) -> str:
    """A code as rooms have it, from what was typed."""
    return code.strip().upper()


def room(connection: sqlite3.Connection, code: str) -> Room:
    """The room of a code, within a transaction. Raises UnknownRoom."""
    row = None
    if type(code) is str and _TYPED.fullmatch(code) and _CODE.fullmatch(normal(code)):
        row = connection.execute(f"SELECT {_ROOM} FROM rooms WHERE code = ?", (normal(code),)).fetchone()  # noqa: S608
    for found in _readable([row] if row else []):
        return found
    raise UnknownRoom


def stage_of(connection: sqlite3.Connection, code: str) -> Stage:
    """The stage of a room that is there, within a transaction."""
    row = connection.execute(f"SELECT {_STAGE} FROM rooms WHERE code = ?", (code,)).fetchone()  # noqa: S608
    step, activity, phase, paused, blank, version, moves, since, entered = row
    return Stage(step, activity, phase, bool(paused), bool(blank), version, moves, _to_time(since), _to_time(entered))


def admit(connection: sqlite3.Connection, code: str, token: str) -> Room:
    """The room in which a phone is, within a transaction. Raises UnknownRoom and UnknownToken."""
    found = room(connection, code)
    query = "SELECT 1 FROM participants WHERE room = ? AND token = ?"
    fits = type(token) is str and _TOKEN.fullmatch(token)
    if not fits or connection.execute(query, (found.code, token)).fetchone() is None:
        raise UnknownToken
    return found


def admit_to(connection: sqlite3.Connection, code: str, token: str, activity: str, round: int) -> Room:
    """The room in which a phone may now take part in a round of an activity, within a transaction.

    Raises UnknownRoom, UnknownToken, and Closed: Ended in a room that has, Moved where something else is open.
    """
    found = admit(connection, code, token)
    now = stage_of(connection, found.code)
    if found.ended:
        raise Ended
    if not now.open or now.paused:
        raise Closed
    if type(round) is not int or (now.activity, now.round) != (activity, round):
        raise Moved
    return found


def _count(connection: sqlite3.Connection, code: str) -> int:
    count: int = connection.execute("SELECT count(*) FROM participants WHERE room = ?", (code,)).fetchone()[0]
    return count


def _readable(rows: Iterable[Sequence[Any]]) -> tuple[Room, ...]:
    """The rooms of some rows; one that cannot be read is left out, with a line in the log."""
    found = []
    for row in rows:
        try:
            found.append(_to_room(row))
        except (ValueError, TypeError, OverflowError, OSError):
            _log.warning("A room in the record cannot be read, and is left out.")
    return tuple(found)


def _to_room(row: Sequence[Any]) -> Room:
    values = dict(zip((field.name for field in fields(Room)), row, strict=True))
    if values["preset"] not in PRESETS or values["deck"] not in questions.DECKS or not _CODE.fullmatch(values["code"]):
        raise ValueError("a room of another app")
    times = {name: None if values[name] is None else _to_time(values[name]) for name in ("created", "began", "ended")}
    switches = {name: bool(values[name]) for name in ("rehearsal", "phones", "door")}
    return Room(**{**values, **times, **switches, "extras": tuple(values["extras"].split())})


def _to_time(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
