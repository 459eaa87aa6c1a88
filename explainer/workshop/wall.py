"""What participants add of their own results to what everybody sees, and the categories that they report.

The wall counts classes. With forty phones and 2,832 words nearly every word comes once and points at a person: so a
word stands on it only when several have added it, and a removed one never; of those not even a wnid is kept.
"""

import datetime
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from explainer.imagenet import taxonomy, vocabularies
from explainer.imagenet.vocabularies import Status
from explainer.vision import samples
from explainer.workshop import rooms
from explainer.workshop.rooms import BadAnswer
from explainer.workshop.store import Store

FEWEST = 5
"""How many participants must have got a word, or given an answer, before it is shown by itself or leaves in a file."""

MOST_LABELS = 200
"""Labels that one participant can have on the wall, so that nobody fills it alone."""

OWN = "own"
"""What stands for any photo of a participant's own: nothing is kept that would tell one from another."""

_MINUTE = 1 / 60  # of an hour

REASONS: Mapping[str, str] = {
    "insult": "It insults people",
    "judges": "It judges character or worth",
    "group": "It is about race, faith, health or sexuality",
    "unseen": "It cannot be seen in a picture",
    "outdated": "It is out of date",
    "person": "It is no kind of person",
}
"""The reasons for which a category can be reported, by the key that is kept."""


@dataclass(frozen=True)
class Wall:
    """What a room has added: labels of each status, words of kept categories by wnid, and by how many participants.

    `words` counts participants, FEWEST and more, the most common first. `per_hour` is labels an hour since the step
    of the wall was first entered, until the room ended; None in its first minute, which says nothing about an hour.
    """

    participants: int
    labels: Mapping[Status, int]
    words: Mapping[str, int]
    per_hour: float | None


@dataclass(frozen=True)
class Flag:
    """A category that was reported, for one of REASONS, by how many."""

    wnid: str
    reason: str
    count: int


def add(store: Store, code: str, token: str, wnids: Sequence[str], picture: str = OWN) -> None:
    """Add the labels of a picture to what a participant added before; once, however often they press.

    The labels are person categories, `picture` is the name of a sample picture, or OWN: of their own photos one counts.

    Raises UnknownRoom, UnknownToken, Closed where the room is paused or has ended, and BadAnswer for what is no person
    category, for no such picture, or too many.
    """
    people = vocabularies.person_categories("fall-2011")
    if picture not in (OWN, *samples.SAMPLES) or len(wnids) > MOST_LABELS or not all(wnid in people for wnid in wnids):
        raise BadAnswer
    statuses = Counter(str(vocabularies.status(wnid)) for wnid in wnids)
    kept = {wnid for wnid in wnids if vocabularies.status(wnid) == "kept"}

    def work(connection: sqlite3.Connection) -> None:
        found = _going_on(connection, code, token)
        key = (found.code, token, picture)
        if not connection.execute("INSERT OR IGNORE INTO pictures VALUES (?, ?, ?)", key).rowcount:
            return
        query = "SELECT coalesce(sum(count), 0) FROM labels WHERE room = ? AND token = ?"
        if connection.execute(query, (found.code, token)).fetchone()[0] + len(wnids) > MOST_LABELS:
            raise BadAnswer
        connection.executemany(
            "INSERT INTO labels VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            [(found.code, token, status, count) for status, count in statuses.items()],
        )
        connection.executemany(
            "INSERT OR IGNORE INTO words VALUES (?, ?, ?)", [(found.code, token, wnid) for wnid in kept]
        )

    store.write(work)


def withdraw(store: Store, code: str, token: str) -> None:
    """Take back everything that a participant added, at any time. Raises UnknownRoom and UnknownToken."""

    def work(connection: sqlite3.Connection) -> None:
        key = (rooms.admit(connection, code, token).code, token)
        connection.execute("DELETE FROM labels WHERE room = ? AND token = ?", key)
        connection.execute("DELETE FROM words WHERE room = ? AND token = ?", key)
        connection.execute("DELETE FROM pictures WHERE room = ? AND token = ?", key)

    store.write(work)
    store.scrub()


def added(store: Store, code: str, token: str) -> int:
    """How many labels a participant has on the wall. Raises UnknownRoom and UnknownToken."""

    def work(connection: sqlite3.Connection) -> int:
        key = (rooms.admit(connection, code, token).code, token)
        query = "SELECT coalesce(sum(count), 0) FROM labels WHERE room = ? AND token = ?"
        return int(connection.execute(query, key).fetchone()[0])

    return store.read(work)


def wall(store: Store, code: str) -> Wall:
    """What a room has added; whether it may be seen yet is for `Stage.revealed` to say. Raises UnknownRoom."""

    def work(connection: sqlite3.Connection) -> Wall:
        found = rooms.room(connection, code)
        key = (found.code,)
        counts = dict(connection.execute("SELECT status, sum(count) FROM labels WHERE room = ? GROUP BY status", key))
        people = connection.execute("SELECT count(DISTINCT token) FROM labels WHERE room = ?", key).fetchone()[0]
        query = """SELECT wnid, count(*) AS people FROM words WHERE room = ?
                   GROUP BY wnid HAVING people >= ? ORDER BY people DESC, wnid"""
        now = datetime.datetime.now(datetime.UTC)
        hours = ((found.ended or now) - (found.walled or now)).total_seconds() / 3600
        labels = {status: counts.get(status, 0) for status in get_args(Status)}
        common = dict(connection.execute(query, (found.code, FEWEST)))
        return Wall(people, labels, common, sum(labels.values()) / hours if hours > _MINUTE else None)

    return store.read(work)


def pictures(store: Store, code: str, token: str) -> frozenset[str]:
    """The pictures whose labels a participant has added, as `add` has them. Raises UnknownRoom and UnknownToken."""

    def work(connection: sqlite3.Connection) -> frozenset[str]:
        key = (rooms.admit(connection, code, token).code, token)
        query = "SELECT picture FROM pictures WHERE room = ? AND token = ?"
        return frozenset(picture for (picture,) in connection.execute(query, key))

    return store.read(work)


def flag(store: Store, code: str, token: str, wnid: str, reason: str) -> None:
    """Keep that a participant reports a category for one of REASONS; once, however often they press.

    Raises UnknownRoom, UnknownToken, Closed where the room is paused or has ended, and BadAnswer.
    """
    if reason not in REASONS or wnid not in taxonomy.load():
        raise BadAnswer

    def work(connection: sqlite3.Connection) -> None:
        found = _going_on(connection, code, token)
        connection.execute("INSERT OR IGNORE INTO flags VALUES (?, ?, ?, ?)", (found.code, token, wnid, reason))

    store.write(work)


def flagged(store: Store, code: str, token: str, wnid: str) -> frozenset[str]:
    """The reasons for which a participant has reported a category. Raises UnknownRoom and UnknownToken."""

    def work(connection: sqlite3.Connection) -> frozenset[str]:
        key = (rooms.admit(connection, code, token).code, token, wnid)
        query = "SELECT reason FROM flags WHERE room = ? AND token = ? AND wnid = ?"
        return frozenset(reason for (reason,) in connection.execute(query, key))

    return store.read(work)


def flags(store: Store, code: str) -> tuple[Flag, ...]:
    """What was reported, the most often first. Raises UnknownRoom."""

    def work(connection: sqlite3.Connection) -> tuple[Flag, ...]:
        found = rooms.room(connection, code).code
        query = """SELECT wnid, reason, count(*) AS people FROM flags WHERE room = ?
                   GROUP BY wnid, reason ORDER BY people DESC, wnid, reason"""
        return tuple(Flag(*row) for row in connection.execute(query, (found,)))

    return store.read(work)


def _going_on(connection: sqlite3.Connection, code: str, token: str) -> rooms.Room:
    found = rooms.admit(connection, code, token)
    if found.ended or rooms.stage_of(connection, found.code).paused:
        raise rooms.Closed
    return found
