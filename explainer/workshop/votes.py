"""What a room answers: votes on questions, hands that were counted, pictures that were marked on a page."""

import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from explainer.workshop import incoming, participants, questions, rooms, screens
from explainer.workshop.errors import BadAnswer
from explainer.workshop.privacy import FEWEST
from explainer.workshop.store import Connection, Store

_log = logging.getLogger("explainer")

_QUESTION = re.compile(r"[a-z0-9/_-]{1,64}", re.ASCII)

PICTURES = 25
"""Pictures on one page: half a minute of them, at the published pace."""

MOST_HANDS = 1000
"""The most hands that a presenter can have counted for an answer."""


@dataclass(frozen=True)
class Tally:
    """How often each answer to a question was given in a round, on phones and by counted hands.

    Both have every answer that there is, in the order of the question, with 0 where nobody gave it.
    """

    question: str
    round: int
    phones: Mapping[str, int]
    hands: Mapping[str, int]

    @property
    def total(self) -> int:
        """All answers."""
        return sum(self.phones.values()) + sum(self.hands.values())

    @property
    def told(self) -> dict[str, int] | None:
        """The counts that are shown and taken away, zeros as zeros; None where fewer than FEWEST answered.

        Phones and hands are looked at one by one: beside hands that everybody saw, one phone would be no secret.
        """
        enough = [counts for counts in (self.phones, self.hands) if sum(counts.values()) >= FEWEST]
        return {answer: sum(counts[answer] for counts in enough) for answer in self.phones} if enough else None

    @property
    def given(self) -> str:
        """How what is told was given, in words, where hands are among it; "" of phones alone."""
        if sum(self.hands.values()) < FEWEST:
            return ""
        return "phones and counted hands" if sum(self.phones.values()) >= FEWEST else "counted hands"


@dataclass(frozen=True)
class Marks:
    """How many pages were handed in of a sheet, and on how many each of the PICTURES was marked."""

    sheet: str
    pages: int
    marked: tuple[int, ...]


def vote(store: Store, code: str, question: str, round: int, token: str, answer: str) -> None:
    """Keep a phone's answer, in the place of an earlier one; it is on the disk when this returns.

    Raises UnknownRoom, UnknownToken, Closed, and BadAnswer.
    """
    _check(question, answer)

    def work(connection: Connection) -> None:
        found = screens.admit_to(connection, code, token, question, round)
        connection.execute(
            "INSERT INTO votes (room, question, round, token, answer) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (room, question, round, token) DO UPDATE SET answer = excluded.answer",
            (found.code, question, round, token, answer),
        )

    store.write(work)


def vote_of(store: Store, code: str, question: str, round: int, token: str) -> str | None:
    """What a phone answered in a round, or None: what it finds after a reload. Raises UnknownRoom, UnknownToken."""
    query = "(SELECT answer FROM votes WHERE room = code AND token = ? AND question = ? AND round = ?)"
    key = participants.as_given(token), question, round
    _, (answer,) = store.query(lambda connection: participants.admit_with(connection, code, token, query, key))
    return None if answer is None else str(answer)


def count_hands(store: Store, code: str, question: str, round: int, counts: Mapping[str, int]) -> None:
    """Keep the hands that a presenter counted, in the place of what was counted before. Raises UnknownRoom, BadAnswer.

    Each count is 0 to MOST_HANDS. The stage gets another version: screens that show results draw them anew.
    """
    for answer, count in counts.items():
        _check(question, answer)
        if not incoming.is_whole(count, 0, MOST_HANDS):
            raise BadAnswer

    def work(connection: Connection) -> None:
        found = rooms.room(connection, code).code
        connection.execute("DELETE FROM hands WHERE room = ? AND question = ? AND round = ?", (found, question, round))
        rows = [(found, question, round, answer, count) for answer, count in counts.items() if count]
        connection.executemany("INSERT INTO hands (room, question, round, answer, count) VALUES (?, ?, ?, ?, ?)", rows)
        connection.execute("UPDATE rooms SET version = version + 1 WHERE code = ?", (found,))

    store.write(work)


def tally(store: Store, code: str, question: str, round: int) -> Tally:
    """How often each answer was given in a round. Raises UnknownRoom, and UnknownQuestion."""
    keys = [choice.key for choice in questions.question(question).choices]

    def work(connection: Connection) -> Tally:
        found = rooms.room(connection, code).code
        key = (found, question, round)
        where = "WHERE room = ? AND question = ? AND round = ?"
        phones = dict(connection.execute(f"SELECT answer, count(*) FROM votes {where} GROUP BY answer", key))  # noqa: S608
        hands = dict(connection.execute(f"SELECT answer, count FROM hands {where}", key))  # noqa: S608
        return Tally(
            question, round, {key: phones.get(key, 0) for key in keys}, {key: hands.get(key, 0) for key in keys}
        )

    return store.read(work)


def rounds(store: Store, code: str) -> tuple[tuple[str, int], ...]:
    """The questions and rounds in which anybody answered, in order. Raises UnknownRoom."""

    def work(connection: Connection) -> tuple[tuple[str, int], ...]:
        found = rooms.room(connection, code).code
        query = (
            "SELECT question, round FROM votes WHERE room = ? UNION SELECT question, round FROM hands WHERE room = ?"
        )
        return tuple(sorted(row for row in connection.execute(query, (found, found)) if questions.is_known(row[0])))

    return store.read(work)


def mark(store: Store, code: str, sheet: str, token: str, pictures: Collection[int]) -> None:
    """Keep which pictures of a page a phone marked, by their places from 0, in the place of what it marked before.

    Raises UnknownRoom, UnknownToken, Closed, and BadAnswer.
    """
    if not incoming.is_list_of_whole(pictures, 0, PICTURES - 1):
        raise BadAnswer
    text = " ".join(map(str, sorted(set(pictures))))

    def work(connection: Connection) -> None:
        found = screens.admit_to(connection, code, token, sheet, 1)
        connection.execute(
            "INSERT INTO marks (room, sheet, token, pictures) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (room, sheet, token) DO UPDATE SET pictures = excluded.pictures",
            (found.code, sheet, token, text),
        )

    store.write(work)


def marks_of(store: Store, code: str, sheet: str, token: str) -> frozenset[int] | None:
    """What a phone marked on a page, or None where it handed in none. Raises UnknownRoom, UnknownToken."""
    query = "(SELECT pictures FROM marks WHERE room = code AND token = ? AND sheet = ?)"
    key = participants.as_given(token), sheet
    _, (text,) = store.query(lambda connection: participants.admit_with(connection, code, token, query, key))
    return None if text is None else _places(text)


def marks(store: Store, code: str) -> tuple[Marks, ...]:
    """What was marked on each sheet of which anybody handed in a page. Raises UnknownRoom."""

    def work(connection: Connection) -> list[tuple[str, str]]:
        found = rooms.room(connection, code).code
        query = "SELECT sheet, pictures FROM marks WHERE room = ? ORDER BY sheet"
        return connection.execute(query, (found,)).fetchall()

    pages: dict[str, list[frozenset[int]]] = {}
    for sheet, text in store.read(work):
        if (places := _places(text)) is not None:
            pages.setdefault(sheet, []).append(places)
    return tuple(
        Marks(sheet, len(found), tuple(sum(place in page for page in found) for place in range(PICTURES)))
        for sheet, found in pages.items()
    )


def _places(text: str) -> frozenset[int] | None:
    """The places that a row of marks has; None, and a line in the log, for a row that cannot be read."""
    if all(word.isascii() and word.isdigit() and len(word) < 4 and int(word) < PICTURES for word in text.split()):
        return frozenset(map(int, text.split()))
    _log.warning("A page of marks in the record cannot be read, and is left out.")
    return None


def _check(question: str, answer: str) -> None:
    if not incoming.is_text(question, _QUESTION) or not questions.is_known(question):
        raise BadAnswer
    if not incoming.is_one_of(answer, [choice.key for choice in questions.question(question).choices]):
        raise BadAnswer
