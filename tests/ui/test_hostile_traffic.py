"""Beside a quarter of an hour of hostile traffic ten good visitors get the right answers, at most twice as slowly.

All of it comes from this computer and goes to this computer.
"""

import contextlib
import random
import socket
import statistics
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.sync.client import connect

from benchmarks.protocol import Visit
from explainer.workshop import questions, rooms, screens, votes
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store
from tests.pages_by_hand import descriptors, give_key, put
from tests.servers import APP, KEY, Server, serving

SECONDS = 15 * 60
QUIET = 60  # seconds in which the good visitors are alone first
GOOD = 10
PAUSE = 1.0  # seconds between two things that one visitor, good or bad, does
QUESTION = questions.DECKS["imageability"].questions()[0]

pytestmark = [pytest.mark.watch, pytest.mark.timeout(2 * SECONDS)]


def vote(server: Server, store: Store, room: Room) -> None:
    """A good visitor: joins the room, votes, and finds the vote counted; looks up a category."""
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


def guess(server: Server) -> None:
    page = Visit(server.url, "workshop")
    for _ in range(3):
        give_key(page, f"guess {uuid.uuid4()}")
    assert not any(element.button.label == "Open a room" for element in page.elements)
    page.leave()


def drop(server: Server) -> None:
    for _ in range(20):
        connect(f"{server.url.replace('http', 'ws')}/_stcore/stream", subprotocols=["streamlit"]).close()  # type: ignore[list-item]


def stall(server: Server) -> None:
    address = urlsplit(server.url)
    halves = [socket.create_connection((address.hostname, address.port)) for _ in range(20)]
    for half in halves:
        half.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
    time.sleep(PAUSE)


def forge(server: Server) -> None:
    page = Visit(server.url, "about")
    for frame in (b"\xff" * 100, bytes(random.randrange(256) for _ in range(200))):
        page._socket.send(frame)
    page = Visit(server.url, "about")
    for kind in ("clear_cache", "load_git_info"):
        message = BackMsg()
        setattr(message, kind, True)
        page._socket.send(message.SerializeToString())
    page.leave()


def upload(server: Server) -> None:
    page = Visit(server.url, "about")
    for number in range(5):
        put(page, bytes(2_000_000), str(number))
    page.leave()


ATTACKS: tuple[Callable[[Server], None], ...] = (guess, drop, stall, forge, upload)


def test_ten_good_visitors_are_served_beside_hostile_traffic(tmp_path: Path) -> None:
    settings = {"EXPLAINER_DATA": str(tmp_path), "EXPLAINER_PRESENTER_KEY": KEY}
    with (
        serving(APP, tmp_path / "log", **settings) as server,
        contextlib.closing(Store(tmp_path / "rooms.sqlite")) as store,
    ):
        room = rooms.open_room(store, "adults")
        screens.present(store, room.code, step="decide", activity=QUESTION, phase="open")
        vote(server, store, room)  # everything is loaded now
        alone = good(server, store, room, QUIET)
        before = descriptors(server)
        over = threading.Event()
        bad = [threading.Thread(target=attack, args=(each, server, room, over), daemon=True) for each in ATTACKS]
        bad += [threading.Thread(target=flood, args=(server, room, over), daemon=True)]
        for each in bad:
            each.start()
        beside = good(server, store, room, SECONDS)
        over.set()
        for each in bad:
            each.join(60)
        print(f"alone {statistics.median(alone):.2f} s, beside {statistics.median(beside):.2f} s")
        assert statistics.median(beside) <= 2 * statistics.median(alone)
        time.sleep(70)
        assert descriptors(server) <= before + 20
        assert "Traceback" not in server.log
        assert len(server.log) < 500_000


def good(server: Server, store: Store, room: Room, seconds: float) -> list[float]:
    """How long each round of the good visitors took; all of them end well."""
    end = time.monotonic() + seconds

    def visit(number: int) -> list[float]:
        took = []
        while time.monotonic() < end:
            began = time.monotonic()
            vote(server, store, room)
            took.append(time.monotonic() - began)
            time.sleep(PAUSE)
        return took

    with ThreadPoolExecutor(GOOD) as visitors:
        return [seconds for took in visitors.map(visit, range(GOOD)) for seconds in took]


def attack(once: Callable[[Server], None], server: Server, room: Room, over: threading.Event) -> None:
    while not over.wait(PAUSE):
        with contextlib.suppress(Exception):  # refused: that is what it is for
            once(server)


def flood(server: Server, room: Room, over: threading.Event) -> None:
    """Joins again and again, each time as another phone."""
    while not over.wait(PAUSE / 4):
        with contextlib.suppress(Exception):
            page = Visit(server.url, "workshop", f"room={room.code}")
            page.press("Join")
            page.leave()
