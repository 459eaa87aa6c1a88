"""A room with made-up votes, to rehearse in without anybody: marked so wherever it is shown."""

import secrets
from typing import Any

import numpy as np

from explainer.workshop import questions, rooms, sheets
from explainer.workshop.questions import Question
from explainer.workshop.reports import REASONS
from explainer.workshop.rooms import Room
from explainer.workshop.store import Connection, Store
from explainer.workshop.votes import PICTURES

PHONES = 24
"""Made-up participants."""

# Made up like everything here: how wide ratings scatter in the rounds, who stays silent, and what is marked in haste.
_SPREAD = {1: 1.3, 2: 0.8}
_SILENT = 0.1
_MARKED = 0.75, 0.12  # of pictures that show the word, and of others


def rehearse(store: Store, seed: int = 0, **choices: Any) -> Room:
    """A new room, marked as a rehearsal, with votes on its deck, answers to polls, marked pages and reports.

    What is chosen is as in `rooms.open_room`, which raises ValueError. The same seed gives the same votes; code and
    tokens are new each time.
    """
    room = rooms.open_room(store, rehearsal=True, **choices)
    chance = np.random.default_rng(seed)
    tokens = [secrets.token_urlsafe(16) for _ in range(PHONES)]
    asked = [questions.question(key) for key in room.questions] + [*questions.polls().values()]
    rows: dict[str, list[tuple[object, ...]]] = {
        "participants (room, token)": [(room.code, token) for token in tokens],
        "votes (room, question, round, token, answer)": [
            (room.code, question.key, round, token, _answer(question, _SPREAD[round], chance))
            for question in asked
            for round in range(1, question.rounds + 1)
            for token in tokens
            if chance.random() > _SILENT
        ],
        "marks (room, sheet, token, pictures)": [
            (room.code, name, token, _marked(sheets.sheet(name).showing, chance))
            for name in sheets.SHEETS
            for token in tokens
        ],
        "flags (room, token, wnid, reason)": [
            (room.code, token, str(chance.choice([*filter(None, (one.wnid for one in asked))])), reason)
            for token, reason in zip(tokens[: PHONES // 2], chance.choice([*REASONS], PHONES), strict=False)
        ],
    }

    def work(connection: Connection) -> None:
        for table, some in rows.items():
            places = ", ".join("?" * (table.count(",") + 1))
            query = f"INSERT INTO {table} VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608
            connection.executemany(query, some)

    store.write(work)
    return room


def _answer(question: Question, spread: float, chance: np.random.Generator) -> str:
    """A rating round the published one; half of the time the published verdict; else any."""
    keys = [choice.key for choice in question.choices]
    record = questions.published(question.wnid) if question.wnid else None
    if record and question.ordinal:
        rating = round(chance.normal(record.imageability or 3.0, spread))
        return keys[min(max(rating, 1), len(keys)) - 1]
    return str(record.safety) if record and chance.random() < 0.5 else str(chance.choice(keys))


def _marked(showing: frozenset[int], chance: np.random.Generator) -> str:
    right, wrong = _MARKED
    return " ".join(str(place) for place in range(PICTURES) if chance.random() < (right if place in showing else wrong))
