"""Rooms: opened, listed, ended and deleted by a presenter, and the rules to which the app keeps while one is on.

A code that comes from an address is checked against a strict pattern first; what does not fit is a wrong room.
"""

import datetime
import logging
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from explainer.workshop import questions
from explainer.workshop.errors import Busy, UnknownRoom
from explainer.workshop.store import Connection, Store

_log = logging.getLogger("explainer")

LAPSE = 24 * 3600.0
"""Seconds after its last step or vote in which a room's rules hold for the whole app."""

# No vowels, no 3 or 4 in their place, no K: no word arises. No letter or digit that looks like another that is left.
_LETTERS = "CDFHJMNPRTVWX26789"
_CODE = re.compile(f"[{_LETTERS}]{{5}}")
_TYPED = re.compile(r"\s*\w{5}\s*")
_NAME = re.compile(r"[a-z0-9-]{1,20}", re.ASCII)

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


_LATEST = 4e9  # seconds: in the year 2096
_ROOM = ", ".join(field.name for field in fields(Room))


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

    def work(connection: Connection) -> str:
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
            names, places = ", ".join(row), ", ".join("?" * len(row))
            query = f"INSERT INTO rooms ({names}) VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608
            if connection.execute(query, tuple(row.values())).rowcount:
                return code

    return find(store, store.write(work))


def find(store: Store, code: str) -> Room:
    """The room of a code, as people type it: small letters, and spaces round it. Raises UnknownRoom."""
    return store.query(lambda connection: room(connection, code))


def listing(store: Store) -> tuple[Room, ...]:
    """All rooms that are kept, the newest first: to resume one, or to delete it."""
    rows = store.query(lambda c: c.execute(f"SELECT {_ROOM} FROM rooms ORDER BY created DESC").fetchall())  # noqa: S608
    return tuple(_to_room(row) for row in rows if _is_known(row))


def on(store: Store) -> tuple[Room, ...]:
    """The rooms to whose rules the whole app keeps, the newest first: opened for people, not ended, moved within LAPSE.

    In a rehearsal there is nobody, and who forgets to end a room does not lock the app for good. Once the app knows of
    a room, that goes by a clock that nobody sets.
    """
    query = f"SELECT {_ROOM}, since FROM rooms WHERE ended IS NULL AND rehearsal = 0 ORDER BY created DESC"  # noqa: S608
    rows = store.query(lambda c: c.execute(query).fetchall())
    return tuple(_to_room(row) for *row, since in rows if _is_known(row) and _is_on(store, row[0], since))


def _is_on(store: Store, code: str, since: float) -> bool:
    moved, until = store.lapses.get(code, (None, 0.0))
    if moved != since:
        # A change only ever prolongs: after a pause `since` may lie far behind a clock that jumped ahead meanwhile.
        until = max(until, time.monotonic() + min(max(0.0, since + LAPSE - time.time()), LAPSE))
        store.lapses[code] = since, until
    return time.monotonic() < until


def in_force(store: Store) -> Preset | None:
    """The most careful preset of the rooms that are on; None where no room is on. Raises Busy where nobody can tell."""
    presets = {room.preset for room in on(store)}
    if store.unread and not presets:
        raise Busy
    return next((preset for preset in PRESETS.values() if preset.name in presets), None)


def keep_paper(store: Store, code: str, text: str) -> None:
    """Keep what a room decided on paper, as the presenter typed it, at most LONGEST characters. Raises UnknownRoom."""

    def work(connection: Connection) -> None:
        found = room(connection, code).code
        query = "UPDATE rooms SET paper = ?, version = version + 1 WHERE code = ?"
        kept = text.encode("utf-8", "ignore").decode().replace("\0", "")  # a browser can send what no engine keeps
        connection.execute(query, (" ".join(kept.split())[:LONGEST], found))

    store.write(work)


def end(store: Store, code: str) -> Room:
    """Close a room for its phones; what it decided stays until it is deleted. Raises UnknownRoom."""

    def work(connection: Connection) -> Room:
        found = room(connection, code)
        connection.execute(
            "UPDATE rooms SET ended = ?, version = version + 1 WHERE code = ? AND ended IS NULL",
            (time.time(), found.code),
        )
        return room(connection, found.code)

    return store.write(work)


def delete(store: Store, code: str) -> None:
    """Delete a room and all that is kept of it; of SQLite's files, every byte of it. Raises UnknownRoom."""

    def work(connection: Connection) -> str:
        found = room(connection, code).code
        connection.execute("DELETE FROM rooms WHERE code = ?", (found,))
        return found

    gone = store.write(work)
    store.scrub()
    store.forget(gone)


def normal(code: str) -> str:
    """A code as rooms have it, from what was typed."""
    return code.strip().upper()


def room(connection: Connection, code: str) -> Room:
    """The room of a code, within a transaction. Raises UnknownRoom."""
    return room_with(connection, code, "0")[0]


def room_with(
    connection: Connection, code: str, columns: str, values: Sequence[object] = ()
) -> tuple[Room, Sequence[Any]]:
    """The room of a code, and further columns of its row, by one statement. Raises UnknownRoom."""
    row = None
    if type(code) is str and _TYPED.fullmatch(code) and _CODE.fullmatch(normal(code)):
        query = f"SELECT {columns}, {_ROOM} FROM rooms WHERE code = ?"  # noqa: S608 - columns of this package
        row = connection.execute(query, (*values, normal(code))).fetchone()
    if row is None or not _is_known(own := row[-len(fields(Room)) :]):
        raise UnknownRoom
    return _to_room(own), row[: -len(own)]


def _is_known(row: Sequence[Any]) -> bool:
    """Whether this app knows the preset and the deck of a row; one of others is left out, with a line in the log."""
    values = dict(zip((field.name for field in fields(Room)), row, strict=True))
    known = values["preset"] in PRESETS and values["deck"] in questions.DECKS
    if not known:
        _log.warning("A room in the record is of another app, and is left out.")
    return known


def _to_room(row: Sequence[Any]) -> Room:
    values = dict(zip((field.name for field in fields(Room)), row, strict=True))
    times = {name: None if values[name] is None else to_time(values[name]) for name in ("created", "began", "ended")}
    switches = {name: bool(values[name]) for name in ("rehearsal", "phones", "door")}
    return Room(**{**values, **times, **switches, "extras": tuple(values["extras"].split())})


def to_time(seconds: float) -> datetime.datetime:
    """A time of the record, which may have any number where a bit was flipped."""
    return datetime.datetime.fromtimestamp(min(max(0.0, seconds), _LATEST), datetime.UTC)
