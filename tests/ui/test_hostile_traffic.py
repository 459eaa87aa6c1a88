"""Beside a quarter of an hour of hostile traffic ten good visitors get the right answers, at most twice as slowly.

`HOSTILE_SECONDS=120` makes it two minutes. All traffic comes from this computer and goes to it, the attackers' by one
address, each good visitor's by another. None counts as the server's own computer's.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from benchmarks.protocol import Visit
from explainer.workshop import questions, rooms, screens, votes
from explainer.workshop.rooms import Room
from explainer.workshop.sqlite import SQLiteStore
from explainer.workshop.store import Store
from tests.attackers import ATTACKS
from tests.pages_by_hand import descriptors, give_key
from tests.servers import APP, KEY, ROOT, Server, serving

SECONDS = float(os.environ.get("HOSTILE_SECONDS", "900"))
PARTS = 3  # of the hostile traffic, each after a time without: a computer may be half as fast a few minutes later
A_ROOM = min(60.0, SECONDS / PARTS)  # seconds that a room is used, and in which the good visitors are alone at a time
GOOD = 10
PAUSE = 1.0  # seconds between two things that one good visitor does
NO_PROXY = "192.0.2.1"  # with one that is trusted, nobody counts as the server's own computer
QUESTION = questions.DECKS["imageability"].questions()[0]

Done = TypeVar("Done")

pytestmark = [pytest.mark.watch, pytest.mark.timeout(2 * SECONDS + 600)]


@contextmanager
def attacked(server: Server) -> Iterator[tuple[Callable[[Room], None], dict[str, int]]]:
    """Hostile traffic while the `with` lasts, on the room that was named last: what names one.

    And a mapping that says afterwards how often each attack was tried.
    """
    tried: dict[str, int] = {}
    command = [sys.executable, "-m", "tests.attackers", server.url]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield lambda room: print(room.code, file=process.stdin, flush=True), tried
        tried.update(json.loads(process.communicate(timeout=60)[0]))


@dataclass(frozen=True)
class Times:
    """The seconds that a visit took, and of them until the phone was in the room."""

    whole: float
    joining: float


def visit(server: Server, store: Store, room: Room, address: str) -> Times:
    """What a good visitor does: joins the room, votes, finds the vote counted, and looks up a category."""
    began = time.monotonic()
    before = votes.tally(store, room.code, QUESTION, 1).total
    phone = Visit(server.url, "workshop", f"room={room.code}", address=address)
    phone.press("Join")
    joined = time.monotonic()
    phone.press(questions.question(QUESTION).choices[-1].title)
    assert any("Counted" in element.alert.body for element in phone.elements)
    phone.leave()
    assert votes.tally(store, room.code, QUESTION, 1).total > before
    tree = Visit(server.url, "tree", "category=n10560637", address=address)
    assert any("scientist" in text for text in tree.texts)
    tree.leave()
    return Times(time.monotonic() - began, joined - began)


def present(server: Server) -> float:
    """The seconds in which a presenter with a new browser is in, the second of waiting among them."""
    began = time.monotonic()
    page = Visit(server.url, "workshop", address="127.0.0.3")
    give_key(page, KEY)
    assert any(element.button.label == "Open a room" for element in page.elements)
    page.leave()
    return time.monotonic() - began


def again(act: Callable[[], Done], pause: float, end: float) -> list[Done]:
    """What somebody does, again and again until the end; it ends well each time."""
    done = []
    while time.monotonic() < end:
        done.append(act())
        time.sleep(pause)
    return done


def visits(server: Server, store: Store, room: Room, seconds: float) -> tuple[list[Times], list[float]]:
    """The times of all good visitors, who come at once for so long, and of the presenter, who comes now and then."""
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(GOOD + 1) as people:
        visitors = [
            people.submit(again, partial(visit, server, store, room, f"127.0.0.{10 + number}"), PAUSE, end)
            for number in range(GOOD)
        ]
        presenter = people.submit(again, lambda: present(server), 5 * PAUSE, end)
    return [times for each in visitors for times in each.result()], presenter.result()


def voting(store: Store) -> Room:
    """A new room in which a vote is open."""
    room = rooms.open_room(store, "adults", "imageability")
    screens.present(store, room.code, step="decide", activity=QUESTION, phase="open")
    return room


def test_ten_good_visitors_are_served_beside_hostile_traffic(tmp_path: Path) -> None:
    settings = {
        "EXPLAINER_DATA": str(tmp_path),
        "EXPLAINER_PRESENTER_KEY": KEY,
        "EXPLAINER_TRUSTED_PROXIES": NO_PROXY,
    }
    with (
        serving(APP, tmp_path / "log", **settings) as server,
        contextlib.closing(SQLiteStore(tmp_path / "rooms.sqlite")) as store,
    ):
        visit(server, store, voting(store), "127.0.0.10")  # everything is loaded now
        time.sleep(10)  # and so is what the server makes ready by itself
        before = descriptors(server)
        alone, beside = list[Times](), list[Times]()
        presenter, tried = list[float](), Counter[str]()
        for _ in range(PARTS):
            alone += visits(server, store, voting(store), A_ROOM)[0]
            end = time.monotonic() + SECONDS / PARTS
            with attacked(server) as (attack, of_part):
                while time.monotonic() < end:
                    room = voting(store)  # in an older one phones that are away would give way, with their votes
                    attack(room)
                    times, keys = visits(server, store, room, A_ROOM)
                    beside += times
                    presenter += keys
            tried.update(of_part)
        before_it, during_it = (statistics.median(each.whole for each in some) for some in (alone, beside))
        joining = sorted(each.joining for each in beside)
        load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
        print(
            f"alone {before_it:.2f} s ({len(alone)} visits), beside {during_it:.2f} s ({len(beside)} visits); "
            f"a phone is in after {statistics.median(joining):.2f} s, at most {joining[-1]:.2f} s, "
            f"the presenter after {statistics.median(presenter):.2f} s, at most {max(presenter):.2f} s; "
            f"load {load}; tried: {dict(tried)}"
        )
        assert tried.keys() == {each.__name__ for each in ATTACKS}
        assert during_it <= 2 * before_it
        assert joining[-1] < 5
        assert statistics.median(presenter) < 3
        time.sleep(70)
        assert descriptors(server) <= before + 20
        assert "Traceback" not in server.log
        assert len(server.log) < 500_000
