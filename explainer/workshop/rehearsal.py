"""A room with made-up votes, to rehearse in without anybody: marked so wherever it is shown."""

import secrets
import sqlite3
from collections.abc import Collection, Mapping

import numpy as np

from explainer.workshop import questions, rooms
from explainer.workshop.questions import Question
from explainer.workshop.reports import REASONS
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store
from explainer.workshop.votes import PICTURES

PHONES = 24
"""Made-up participants."""

# Made up like everything here: how wide ratings scatter in the rounds, who stays silent, and what is marked in haste.
_SPREAD = {1: 1.3, 2: 0.8}
_SILENT = 0.1
_MARKED = 0.75, 0.12  # of pictures that show the word, and of others


def rehearse(
    store: Store,
    preset: str = "mixed",
    deck: str = "imageability",
    route: str = "45",
    sheets: Mapping[str, Collection[int]] | None = None,
    seed: int = 0,
    phones: bool = True,
) -> Room:
    """A new room, marked as a rehearsal, with votes on its deck, reports, and marks on `sheets`.

    `sheets` gives for each sheet the places, from 0, of the pictures that show its word. The same seed gives the same
    votes; code and tokens are new each time. Raises ValueError like `rooms.open_room`.
    """
    room = rooms.open_room(store, preset, deck, route, rehearsal=True, phones=phones)
    chance = np.random.default_rng(seed)
    tokens = [secrets.token_urlsafe(16) for _ in range(PHONES)]
    asked = [questions.question(key) for key in questions.DECKS[deck].questions]
    votes = [
        (room.code, question.key, round, token, _answer(question, _SPREAD[round], chance))
        for question in asked
        for round in _SPREAD
        for token in tokens
        if chance.random() > _SILENT
    ]
    marks = [
        (room.code, sheet, token, _marked(showing, *_MARKED, chance))
        for sheet, showing in (sheets or {}).items()
        for token in tokens
    ]
    flags = [
        (
            room.code,
            token,
            str(chance.choice([question.wnid for question in asked])),
            str(chance.choice([*REASONS])),
        )
        for token in tokens[: PHONES // 2]
    ]
    rows: dict[str, list[tuple[object, ...]]] = {
        "participants (room, token)": [(room.code, token) for token in tokens],
        "votes (room, question, round, token, answer)": [*votes],
        "marks (room, sheet, token, pictures)": [*marks],
        "flags (room, token, wnid, reason)": [*flags],
    }

    def work(connection: sqlite3.Connection) -> None:
        for table, some in rows.items():
            places = ", ".join("?" * (table.count(",") + 1))
            connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({places})", some)  # noqa: S608

    store.write(work)
    return room


def _answer(question: Question, spread: float, chance: np.random.Generator) -> str:
    """A rating round the published one; or half of the time the published verdict, else any."""
    record = questions.published(question.wnid)
    keys = [choice.key for choice in question.deck.choices]
    if question.deck.level == "ordinal":
        rating = round(chance.normal(record.imageability or 3.0, spread))
        return keys[min(max(rating, 1), len(keys)) - 1]
    return str(record.safety) if chance.random() < 0.5 else str(chance.choice(keys))


def _marked(showing: Collection[int], right: float, wrong: float, chance: np.random.Generator) -> str:
    return " ".join(str(place) for place in range(PICTURES) if chance.random() < (right if place in showing else wrong))
