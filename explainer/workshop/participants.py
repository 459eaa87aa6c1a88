"""Who is in a room. A phone is an anonymous token and nothing else: no name, no address, no time."""

import base64
import hashlib
import re
import secrets
import time
from collections import deque
from collections.abc import Sequence
from math import inf
from typing import Any

from explainer import limits
from explainer.workshop import rooms
from explainer.workshop.errors import DoorClosed, Ended, Full, HandsAlone, TooFast, UnknownToken
from explainer.workshop.rooms import Room
from explainer.workshop.store import Ages, Connection, Store

HERE = 20.0
"""Seconds after which a phone that was not heard of is no longer counted as here."""

_IS_IN_ROOM = "SELECT 1 FROM participants WHERE room = ? AND token = ?"
_IS_IN = "EXISTS (SELECT 1 FROM participants WHERE room = code AND token = ?)"  # of a room's row
_DRAWN, _OF_A_BROWSER = 22, 24  # letters of a token that is drawn, and of one that is made of a browser's number
_TOKEN = re.compile(rf"[\w-]{{{_DRAWN}}}|[\w-]{{{_OF_A_BROWSER}}}", re.ASCII)
_MINUTE, _MOST_SOURCES = 60.0, 10_000
_SETTLED = 600.0  # seconds after a start in which every phone that is on was heard of


def join(store: Store, code: str, token: str | None = None, source: str = "", browser: str | None = None) -> str:
    """The token by which a phone is known: the one it has, if this room gave it out, else a new one.

    A phone that comes with a token of another room, or with one that nobody gave out, is given a new one and never
    taken for somebody else. `browser` tells its browser from others, where that is known: then the new one is `own`.
    `source` is the address it comes from. Both bound how many are given out in a minute, and neither is kept. Raises
    UnknownRoom, Full, TooFast, DoorClosed, HandsAlone for a room without phones, and Closed for one that comes new to
    a room that has ended.
    """
    if token is not None and is_in(store, code, token):
        return token

    def work(connection: Connection) -> str:
        found = rooms.room(connection, code)
        new = secrets.token_urlsafe(16) if browser is None else own(found.code, browser)
        if connection.execute(_IS_IN_ROOM, (found.code, new)).fetchone():  # it joined before a restart, or elsewhere
            return new
        shut = Ended if found.ended else HandsAlone if not found.phones else DoorClosed if not found.door else None
        _slow_down(store, found.code, source, browser, shut is not None)
        if shut:
            raise shut
        if _count(connection, found.code) >= limits.value("participants") and not _give_way(store, connection, found):
            raise Full
        connection.execute("INSERT INTO participants (room, token) VALUES (?, ?)", (found.code, new))
        store.gave(connection, found.code, new)
        return new

    return store.write(work)


def own(code: str, browser: str) -> str:
    """The one token that a browser has in a room: made of both, so that any process of the app finds it again.

    What `browser` is nobody finds out from it, nor whether a token of another room is the same browser's.
    """
    digest = hashlib.sha256(f"{code} {browser}".encode()).digest()
    return base64.urlsafe_b64encode(digest)[:_OF_A_BROWSER].decode()


def may_be_of(code: str, token: str, browser: str | None) -> bool:
    """Whether a token may be a browser's: not where it was made of the number of another."""
    return len(token) != _OF_A_BROWSER or (browser is not None and token == own(code, browser))


def _slow_down(store: Store, code: str, source: str, browser: str | None, is_shut: bool) -> None:
    """Raises TooFast where a browser, or the browsers of an address that nothing tells apart, join too often.

    Tries at a room that is shut have a count of their own: once it is open, who tried may join at once.
    """
    name = "joins of an address" if browser is None else "joins of a browser"
    joined = store.joins.setdefault((code, f"{is_shut} {browser or source}"), deque(maxlen=int(limits.value(name))))
    now = time.monotonic()
    if len(joined) == joined.maxlen and now - joined[0] < _MINUTE:
        raise TooFast
    joined.append(now)
    if len(store.joins) > _MOST_SOURCES:
        for key in [key for key, times in list(store.joins.items()) if now - times[-1] > _MINUTE]:
            store.joins.pop(key, None)


def _give_way(store: Store, connection: Connection, found: Room) -> bool:
    """Whether tokens were taken back of phones that are not here.

    Those that have answered nothing first; then the last ones that were given out, with what they answered. So many
    phones come within minutes only where somebody makes them up. Last of all, and one by one, those that came before
    the app was started anew with its file, and were not heard of since: when they came nobody knows any more.
    """
    query = """SELECT token FROM votes WHERE room = ? UNION SELECT token FROM marks WHERE room = ?
        UNION SELECT token FROM flags WHERE room = ?"""
    answered = {token for (token,) in connection.execute(query, (found.code,) * 3)}
    tokens = connection.execute("SELECT token FROM participants WHERE room = ?", (found.code,)).fetchall()
    known = store.ages(connection, found.code)
    ages = {token: known.get(token, Ages()) for (token,) in tokens}
    away = [token for token, age in ages.items() if min(age.given, age.heard) > HERE]
    silent = [token for token in away if token not in answered]
    made_up = sorted((token for token in away if ages[token].given < inf), key=lambda token: ages[token].given)
    gone = (silent or made_up)[:100]
    if not gone and not store.database and time.monotonic() - store.begun > _SETTLED:
        gone = [token for token in away if ages[token] == Ages()][:1]
    query = "DELETE FROM participants WHERE room = ? AND token = ?"
    connection.executemany(query, [(found.code, token) for token in gone])
    store.forget(found.code, gone)
    return bool(gone)


def open_door(store: Store, code: str, to_new_phones: bool) -> None:
    """From now on new phones may join a room, or may not; those that are in it stay. Raises UnknownRoom."""

    def work(connection: Connection) -> None:
        found = rooms.room(connection, code).code
        connection.execute("UPDATE rooms SET door = ?, version = version + 1 WHERE code = ?", (to_new_phones, found))

    store.write(work)


def count(store: Store, code: str) -> int:
    """How many phones have joined since the room was opened. Raises UnknownRoom."""
    number = "(SELECT count(*) FROM participants WHERE room = code)"
    _, (found,) = store.query(lambda connection: rooms.room_with(connection, code, number))
    return int(found)


def is_in(store: Store, code: str, token: str) -> bool:
    """Whether a room gave out a token, and has not taken it back. Raises UnknownRoom."""
    try:
        store.query(lambda connection: admit(connection, code, token))
    except UnknownToken:
        return False
    return True


def here(store: Store, code: str) -> int:
    """How many phones were heard of within the last seconds (HERE)."""
    ages = store.query(lambda connection: store.ages(connection, rooms.normal(code)))
    return sum(age.heard <= HERE for age in ages.values())


def admit(connection: Connection, code: str, token: str) -> Room:
    """The room in which a phone is, within a transaction. Raises UnknownRoom and UnknownToken."""
    return admit_with(connection, code, token, "0")[0]


def admit_with(
    connection: Connection, code: str, token: str, columns: str, values: Sequence[object] = ()
) -> tuple[Room, Sequence[Any]]:
    """As `admit`, with further columns of the room's row, by one statement."""
    found, (joined, *more) = rooms.room_with(connection, code, f"{_IS_IN}, {columns}", (as_given(token), *values))
    if not joined:
        raise UnknownToken
    return found, more


def as_given(token: str) -> str:
    """A token that a room may have given out; for anything else "", which none gives out."""
    return token if type(token) is str and _TOKEN.fullmatch(token) else ""


def _count(connection: Connection, code: str) -> int:
    count: int = connection.execute("SELECT count(*) FROM participants WHERE room = ?", (code,)).fetchone()[0]
    return count
