"""Beside a quarter of an hour of hostile traffic ten good visitors get the right answers, at most twice as slowly.

`HOSTILE_SECONDS=60` makes it a minute. All traffic comes from this computer and goes to this computer.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.protocol import Visit
from explainer.workshop import questions, rooms, votes
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store
from tests.attackers import ATTACKS
from tests.pages_by_hand import descriptors
from tests.servers import APP, KEY, ROOT, Server, serving

SECONDS = float(os.environ.get("HOSTILE_SECONDS", "900"))
QUIET = max(15.0, SECONDS / 15)  # seconds in which the good visitors are alone first
GOOD = 10
PAUSE = 1.0  # seconds between two things that one good visitor does
QUESTION = questions.DECKS["imageability"].questions()[0]

pytestmark = [pytest.mark.watch, pytest.mark.timeout(2 * SECONDS + 300)]


@contextmanager
def attacked(server: Server, room: Room) -> Iterator[dict[str, int]]:
    """Hostile traffic while the `with` lasts; afterwards the mapping says how often each attack was tried."""
    tried: dict[str, int] = {}
    command = [sys.executable, "-m", "tests.attackers", server.url, room.code]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield tried
        tried.update(json.loads(process.communicate(timeout=60)[0]))


def visit(server: Server, store: Store, room: Room) -> None:
    """What a good visitor does: joins the room, votes, finds the vote counted, and looks up a category."""
    before = votes.tally(store, room.code, QUESTION, 1).total
    phone = Visit(server.url, "workshop", f"room={room.code}")
    phone.press("Join")
    phone.press(questions.question(QUESTION).deck.choices[-1].title)
    assert any("Counted" in element.alert.body for element in phone.elements)
    phone.leave()
    assert votes.tally(store, room.code, QUESTION, 1).total > before
    tree = Visit(server.url, "tree", "category=n10560637")
    assert any("scientist" in text for text in tree.texts)
    tree.leave()


def visits(server: Server, store: Store, room: Room, seconds: float) -> list[float]:
    """The seconds that each visit of the good visitors took, all at once for so long; every one ends well."""
    end = time.monotonic() + seconds

    def again(number: int) -> list[float]:
        took = []
        while time.monotonic() < end:
            began = time.monotonic()
            visit(server, store, room)
            took.append(time.monotonic() - began)
            time.sleep(PAUSE)
        return took

    with ThreadPoolExecutor(GOOD) as visitors:
        return [seconds for took in visitors.map(again, range(GOOD)) for seconds in took]


def test_ten_good_visitors_are_served_beside_hostile_traffic(tmp_path: Path) -> None:
    settings = {"EXPLAINER_DATA": str(tmp_path), "EXPLAINER_PRESENTER_KEY": KEY}
    with (
        serving(APP, tmp_path / "log", **settings) as server,
        contextlib.closing(Store(tmp_path / "rooms.sqlite")) as store,
    ):
        room = rooms.open_room(store, "adults")
        rooms.present(store, room.code, step="decide", activity=QUESTION, phase="open")
        visit(server, store, room)  # everything is loaded now
        alone = visits(server, store, room, QUIET)
        before = descriptors(server)
        with attacked(server, room) as tried:
            beside = visits(server, store, room, SECONDS)
        load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
        print(
            f"alone {statistics.median(alone):.2f} s ({len(alone)} visits), "
            f"beside {statistics.median(beside):.2f} s ({len(beside)} visits); load {load}; tried: {tried}"
        )
        assert tried.keys() == {each.__name__ for each in ATTACKS}
        assert statistics.median(beside) <= 2 * statistics.median(alone)
        time.sleep(70)
        assert descriptors(server) <= before + 20
        assert "Traceback" not in server.log
        assert len(server.log) < 500_000
