"""Categories that participants report, each for one of a few reasons, for the presenter's list."""

from collections.abc import Mapping
from dataclasses import dataclass

from explainer.imagenet import taxonomy
from explainer.workshop import incoming, participants, rooms, screens
from explainer.workshop.errors import BadAnswer, Closed, Ended, Enough
from explainer.workshop.store import Connection, Store

REASONS: Mapping[str, str] = {
    "insult": "It insults people",
    "judges": "It judges character or worth",
    "group": "It is about race, faith, health or sexuality",
    "unseen": "It cannot be seen in a picture",
    "outdated": "It is out of date",
    "person": "It is no kind of person",
}
"""The reasons for which a category can be reported, by the key that is kept."""

MOST = 100
"""Reports of one participant."""


@dataclass(frozen=True)
class Flag:
    """A category that was reported, for one of REASONS, by how many."""

    wnid: str
    reason: str
    count: int


def flag(store: Store, code: str, token: str, wnid: str, reason: str) -> None:
    """Keep that a participant reports a category for one of REASONS; once, however often they press.

    Raises UnknownRoom, UnknownToken, Closed where the room is paused or has ended, Enough after MOST, and BadAnswer.
    """
    if not incoming.is_one_of(reason, REASONS) or not incoming.is_one_of(wnid, taxonomy.load()):
        raise BadAnswer

    def work(connection: Connection) -> None:
        found = participants.admit(connection, code, token)
        if found.ended:
            raise Ended
        if screens.stage_of(connection, found.code).paused:
            raise Closed
        theirs = "SELECT wnid FROM flags WHERE room = ? AND token = ?"
        if len(connection.execute(theirs, (found.code, token)).fetchall()) >= MOST:
            raise Enough
        connection.execute(
            "INSERT INTO flags (room, token, wnid, reason) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (found.code, token, wnid, reason),
        )

    store.write(work)


def flagged(store: Store, code: str, token: str, wnid: str) -> frozenset[str]:
    """The reasons for which a participant has reported a category. Raises UnknownRoom and UnknownToken."""
    found = store.query(lambda connection: participants.admit(connection, code, token))
    query = "SELECT reason FROM flags WHERE room = ? AND token = ? AND wnid = ?"
    rows = store.query(lambda connection: connection.execute(query, (found.code, token, wnid)).fetchall())
    return frozenset(reason for (reason,) in rows)


def flags(store: Store, code: str) -> tuple[Flag, ...]:
    """What was reported, the most often first; of what this app does not know, nothing. Raises UnknownRoom."""

    def work(connection: Connection) -> tuple[Flag, ...]:
        found = rooms.room(connection, code).code
        query = """SELECT wnid, reason, count(*) AS people FROM flags WHERE room = ?
                   GROUP BY wnid, reason ORDER BY people DESC, wnid, reason"""
        rows = connection.execute(query, (found,)).fetchall()
        return tuple(Flag(*row) for row in rows if row[0] in taxonomy.load() and row[1] in REASONS)

    return store.read(work)
