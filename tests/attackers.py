"""Hostile traffic, from a process of its own: `python -m tests.attackers URL`, until its standard input ends.

Each line of it is the code of a room: the newest is attacked, and before the first none is. Each kind of attack goes on
by itself, with a pause after each attempt; what is refused is tried again. At the end it prints, as JSON, how often
each was tried.
"""

import contextlib
import json
import os
import random
import socket
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.sync.client import connect

from benchmarks.protocol import Visit
from tests.pages_by_hand import give_key, put

PAUSE = 1.0  # seconds after each attempt


def guess(url: str, room: str) -> None:
    """Wrong keys, with a session each."""
    page = Visit(url, "workshop")
    for _ in range(3):
        give_key(page, f"guess {uuid.uuid4()}")
    page.leave()


def drop(url: str, room: str) -> None:
    """Connections that never ask for a page."""
    for _ in range(20):
        connect(f"{url.replace('http', 'ws')}/_stcore/stream", subprotocols=["streamlit"]).close()  # type: ignore[list-item]


def stall(url: str, room: str) -> None:
    """Requests that never end."""
    address = urlsplit(url)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            half = stack.enter_context(socket.create_connection((address.hostname, address.port)))
            half.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        time.sleep(PAUSE)


def forge(url: str, room: str) -> None:
    """Messages that no page sends."""
    page = Visit(url, "about")
    for frame in (b"\xff" * 100, random.randbytes(200)):
        page._socket.send(frame)
    for kind in ("clear_cache", "load_git_info"):
        message = BackMsg()
        setattr(message, kind, True)
        page._socket.send(message.SerializeToString())
    page.leave()


def upload(url: str, room: str) -> None:
    """Files that no page reads."""
    page = Visit(url, "about")
    for number in range(5):
        put(page, bytes(2_000_000), str(number))
    page.leave()


def flood(url: str, room: str) -> None:
    """Joins again and again, each time as another phone."""
    for _ in range(4):
        page = Visit(url, "workshop", f"room={room}")
        page.press("Join")
        page.leave()


ATTACKS: tuple[Callable[[str, str], None], ...] = (guess, drop, stall, forge, upload, flood)


def main(url: str) -> None:
    """All attacks at once, until nobody names a room any more."""
    tried = Counter[str]()
    over = threading.Event()
    newest = sys.stdin.readline().strip()

    def attack(once: Callable[[str, str], None]) -> None:
        while not over.wait(PAUSE):
            tried[once.__name__] += 1
            with contextlib.suppress(Exception):  # refused: that is what it is for
                once(url, newest)

    for each in ATTACKS:
        threading.Thread(target=attack, args=(each,), daemon=True).start()
    for line in sys.stdin:
        newest = line.strip()
    over.set()
    print(json.dumps(tried))


if __name__ == "__main__":
    os.nice(10)  # an attacker's computer is another one: what it computes is not taken from the server
    main(*sys.argv[1:])
