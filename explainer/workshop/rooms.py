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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypedDict, Unpack

from explainer import incoming, limits
from explainer.workshop import questions
from explainer.workshop.store import RoomError as RoomError  # what a page catches
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
_ROUTE = re.compile(r"[a-z0-9-]{1,20}", re.ASCII)


class UnknownRoom(RoomError):
    """A code that no room has."""

    def __str__(self) -> str:
        return "There is no room with this code. Check it against the one on the screen."


class UnknownToken(RoomError):
    """A token that this room did not give out."""

    def __str__(self) -> str:
        return "This phone has not joined the room. Join it again with the code on the screen."


class Closed(RoomError):
    """A vote on something that is not open now: another question is, the room is paused, or it has ended."""

    def __str__(self) -> str:
        return "This is not open at the moment. Wait for the presenter."


class BadAnswer(RoomError):
    """An answer that the question does not have."""

    def __str__(self) -> str:
        return "This is none of the answers. Choose one of the buttons."


class Full(RoomError):
    """A room that has given out all of its tokens, to phones that are there or have answered."""

    def __str__(self) -> str:
        return f"{limits.value('participants'):,.0f} phones have joined this room; it takes no more."


class DoorClosed(RoomError):
    """A room that takes no new phones because its presenter said so."""

    def __str__(self) -> str:
        return "The presenter has closed the door of this room. Ask them to open it."


class TooFast(RoomError):
    """More phones than a room is likely to have come from one address, or one browser, within a minute."""

    def __str__(self) -> str:
        return "Many phones are joining from here. Try again in a minute."


@dataclass(frozen=True)
class Preset:
    """What a presenter decides for a room before anybody joins.

    `own_faces`: whether a participant's own photograph may be used. `masks_locked`: whether no phone may reveal words.
    On the projector masks hold in both. `decks`: names of those that may be voted on.
    """

    name: str
    title: str
    own_faces: bool
    masks_locked: bool
    decks: tuple[str, ...]


PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "mixed",
            "Under 18 or mixed",
            False,
            True,
            tuple(deck.name for deck in questions.DECKS.values() if not deck.adults),
        ),
        Preset("adults", "Adults, opt-in", True, False, tuple(questions.DECKS)),
    )
}
"""The presets by name, the careful one first."""


@dataclass(frozen=True)
class Room:
    """A room as it was opened. `rehearsal` marks one whose votes are made up; `ended` is None while it goes on.

    `phones`: whether people are asked to join, or their hands are counted alone. `door`: whether new phones may join.
    """

    code: str
    preset: str
    deck: str
    route: str
    rehearsal: bool
    created: datetime.datetime
    ended: datetime.datetime | None
    phones: bool
    door: bool

    @property
    def rules(self) -> Preset:
        """What its preset allows."""
        return PRESETS[self.preset]


@dataclass(frozen=True)
class Stage:
    """What a room is shown, and what it may do.

    `step` names the step of the route, `activity` the question or the page of pictures ("" for none), `round` counts
    its rounds from 1. `open`: answers are taken, unless `paused`. `blank`: the screens are. `revealed`: the results are
    on the wall. `version` grows with each change; `since` is when step, activity, round or open last changed, later by
    as long as the room was paused meanwhile.
    """

    step: str
    activity: str
    round: int
    open: bool
    paused: bool
    blank: bool
    revealed: bool
    version: int
    since: datetime.datetime


class Changes(TypedDict, total=False):
    """What a presenter may change of a stage."""

    step: str
    activity: str
    round: int
    open: bool
    paused: bool
    blank: bool
    revealed: bool


_ROOM = ", ".join(field.name for field in fields(Room))
_STAGE = ", ".join(field.name for field in fields(Stage))


def open_room(
    store: Store,
    preset: str = "mixed",
    deck: str = "imageability",
    route: str = "45",
    rehearsal: bool = False,
    phones: bool = True,
) -> Room:
    """A new room, of a preset of PRESETS, a deck that it allows, and a route. Raises ValueError for any other."""
    if preset not in PRESETS or deck not in PRESETS[preset].decks or not _ROUTE.fullmatch(route):
        raise ValueError("There is no such preset, deck or route, or the preset does not allow the deck.")
    now = time.time()

    def work(connection: sqlite3.Connection) -> str:
        while True:
            code = "".join(secrets.choice(_LETTERS) for _ in range(5))
            row = {
                "code": code,
                "preset": preset,
                "deck": deck,
                "route": route,
                "rehearsal": rehearsal,
                "phones": phones,
                "created": now,
                "since": now,
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
            raise Closed
        if not found.door:
            raise DoorClosed
        _slow_down(store, found.code, source, browser)
        if _count(connection, found.code) >= limits.value("participants") and not _give_way(store, connection, found):
            raise Full
        connection.execute("INSERT INTO participants (room, token) VALUES (?, ?)", (found.code, new))
        return new

    store.given[normal(code), new] = time.monotonic()
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
    """Whether tokens were taken back that are not here and have answered nothing."""
    query = """SELECT token FROM participants WHERE room = :room
        AND token NOT IN (SELECT token FROM votes WHERE room = :room)
        AND token NOT IN (SELECT token FROM marks WHERE room = :room)
        AND token NOT IN (SELECT token FROM flags WHERE room = :room)"""
    earliest = time.monotonic() - HERE
    silent = [token for (token,) in connection.execute(query, {"room": found.code})]
    heard = {key: max(store.seen.get(key, 0.0), store.given.get(key, 0.0)) for key in ((found.code, t) for t in silent)}
    gone = [key for key, at in heard.items() if at < earliest][:100]
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


def present(store: Store, code: str, seen: int | None = None, **changes: Unpack[Changes]) -> Stage:
    """Change what a room is shown, and only what is named, so that two presenters do not undo each other.

    `seen` is the version that stood on the presenter's screen: where the stage is at another, nothing is changed.
    Another step, activity or round begins closed and unrevealed where the same call does not say otherwise. Raises
    UnknownRoom, Closed where a room that has ended would take answers, ValueError for a step or an activity that cannot
    be one, and for a question that the room's preset does not allow.
    """

    def work(connection: sqlite3.Connection) -> Stage:
        found = room(connection, code)
        if found.ended and changes.get("open"):
            raise Closed
        before = stage_of(connection, found.code)
        _check(found, changes)
        wanted: dict[str, object] = {name: value for name, value in changes.items() if value != getattr(before, name)}
        if not wanted or seen not in (None, before.version):
            return before
        if wanted.keys() & {"step", "activity", "round"}:
            wanted = {**wanted, "open": changes.get("open", False), "revealed": changes.get("revealed", False)}
        now = time.time()
        if "paused" in wanted:
            wanted["halted"] = now if wanted["paused"] else None
            if before.paused:  # the clock stood still
                wanted["since"] = (
                    before.since.timestamp() + now - max(_halted(connection, found), before.since.timestamp())
                )
        if wanted.keys() & {"step", "activity", "round", "open"}:
            wanted["since"] = now
        names = ", ".join(f"{name} = ?" for name in wanted)  # of Changes, and checked by _check
        connection.execute(
            f"UPDATE rooms SET {names}, version = version + 1 WHERE code = ?",  # noqa: S608
            (*wanted.values(), found.code),
        )
        return stage_of(connection, found.code)

    return store.write(work)


def _check(found: Room, changes: Changes) -> None:
    names = [changes.get("step", ""), changes.get("activity", "")]
    if not changes.keys() <= Changes.__annotations__.keys() or not all(incoming.is_text(name, _STEP) for name in names):
        raise ValueError("There is no such step or activity.")
    if not incoming.is_whole(changes.get("round", 1), 1, 9):
        raise ValueError("A round is a number from 1 to 9.")
    switches = [value for name, value in changes.items() if name not in ("step", "activity", "round")]
    if not all(map(incoming.is_switch, switches)):
        raise ValueError("This is either so or not.")
    deck = names[1].partition("/")[0]
    if deck in questions.DECKS and deck not in found.rules.decks:
        raise ValueError("The room's preset does not allow this deck.")


def end(store: Store, code: str) -> Room:
    """Close a room for its phones; what it decided stays until it is deleted. Raises UnknownRoom."""

    def work(connection: sqlite3.Connection) -> Room:
        found = room(connection, code)
        connection.execute(
            "UPDATE rooms SET ended = ?, open = 0, version = version + 1 WHERE code = ? AND ended IS NULL",
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
    step, activity, turn, opened, paused, blank, revealed, version, since = row
    flags = bool(opened), bool(paused), bool(blank), bool(revealed)
    return Stage(step, activity, turn, *flags, version, _to_time(since))


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

    Raises UnknownRoom, UnknownToken, and Closed.
    """
    found = admit(connection, code, token)
    now = stage_of(connection, found.code)
    asked = (activity, round) if type(activity) is str and type(round) is int else None
    if found.ended or not now.open or now.paused or (now.activity, now.round) != asked:
        raise Closed
    return found


def _halted(connection: sqlite3.Connection, found: Room) -> float:
    """When a room was paused, in seconds since 1970."""
    return connection.execute("SELECT halted FROM rooms WHERE code = ?", (found.code,)).fetchone()[0] or 0.0


def _count(connection: sqlite3.Connection, code: str) -> int:
    count: int = connection.execute("SELECT count(*) FROM participants WHERE room = ?", (code,)).fetchone()[0]
    return count


def _readable(rows: Iterable[tuple[Any, ...]]) -> tuple[Room, ...]:
    """The rooms of some rows; one that cannot be read is left out, with a line in the log."""
    found = []
    for row in rows:
        try:
            found.append(_to_room(row))
        except (ValueError, TypeError, OverflowError, OSError):
            _log.warning("A room in the record cannot be read, and is left out.")
    return tuple(found)


def _to_room(row: tuple[Any, ...]) -> Room:
    code, preset, deck, route, rehearsal, created, ended, phones, door = row
    if preset not in PRESETS or deck not in questions.DECKS or not _CODE.fullmatch(code):
        raise ValueError("a room of another app")
    over = None if ended is None else _to_time(ended)
    return Room(code, preset, deck, route, bool(rehearsal), _to_time(created), over, bool(phones), bool(door))


def _to_time(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
