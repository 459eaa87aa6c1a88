"""Hostile traffic, from a process of its own: `python -m tests.attackers URL`, until its standard input ends.

Each line of it is the code of a room: the newest is attacked, and before the first none is. Each kind of attack goes on
by itself, with a pause after each attempt; what is refused is tried again. At the end it prints, as JSON, how often
each was tried. All come by one address of this computer.
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
ADDRESS = "127.0.0.2"


def _visit(url: str, page: str, query: str = "") -> Visit:
    return Visit(url, page, query, address=ADDRESS)


def _reach(url: str) -> socket.socket:
    """A connection on which nothing was asked yet."""
    address = urlsplit(url)
    return socket.create_connection((address.hostname, address.port), 30, (ADDRESS, 0))


def _say(url: str, said: bytes) -> None:
    """Send all of that by a new connection, as long as it is open, and wait until the server closes it or answers."""
    with _reach(url) as connection:
        connection.sendall(said)
        connection.recv(1000)


def _frames(url: str, frames: bytes) -> None:
    """Send what comes by a page's connection, as fast as it goes, and wait until the server closes it."""
    with connect(
        f"{url.replace('http', 'ws')}/_stcore/stream",
        subprotocols=["streamlit"],  # type: ignore[list-item]
        source_address=(ADDRESS, 0),
    ) as page:
        page.socket.sendall(frames)
        page.recv(30)


def guess(url: str, room: str) -> None:
    """Wrong keys, with a session each."""
    page = _visit(url, "workshop")
    for _ in range(3):
        give_key(page, f"guess {uuid.uuid4()}")
    page.leave()


def drop(url: str, room: str) -> None:
    """Connections that never ask for a page."""
    for _ in range(20):
        connect(
            f"{url.replace('http', 'ws')}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            source_address=(ADDRESS, 0),
        ).close()


def stall(url: str, room: str) -> None:
    """Requests that never end."""
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            half = stack.enter_context(_reach(url))
            half.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        time.sleep(PAUSE)


def forge(url: str, room: str) -> None:
    """Messages that no page sends."""
    page = _visit(url, "about")
    for frame in (b"\xff" * 100, random.randbytes(200)):
        page._socket.send(frame)
    for kind in ("clear_cache", "load_git_info"):
        message = BackMsg()
        setattr(message, kind, True)
        page._socket.send(message.SerializeToString())
    page.leave()


def upload(url: str, room: str) -> None:
    """Files that no page reads."""
    page = _visit(url, "about")
    for number in range(5):
        put(page, bytes(2_000_000), str(number))
    page.leave()


def flood(url: str, room: str) -> None:
    """Joins again and again, each time as another phone."""
    for _ in range(4):
        page = _visit(url, "workshop", f"room={room}")
        page.press("Join")
        page.leave()


def ask(url: str, room: str) -> None:
    """Requests without a pause, whose answers nobody takes."""
    _say(url, b"GET /static/favicon.png HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000)


def chunk(url: str, room: str) -> None:
    """A request in chunks of a byte."""
    _say(url, b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 40_000)


def head(url: str, room: str) -> None:
    """Requests with heads of very many lines."""
    for _ in range(5):
        with contextlib.suppress(OSError):
            _say(url, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a:\r\n" * 15_000)


def ping(url: str, room: str) -> None:
    """A page that sends pings without a pause."""
    _frames(url, b"\x89\x80\0\0\0\0" * 40_000)


def heap(url: str, room: str) -> None:
    """A page that sends messages of nothing without a pause."""
    _frames(url, b"\x82\x80\0\0\0\0" * 40_000)


def encode(url: str, room: str) -> None:
    """An upload in an encoding that takes long to read."""
    page = _visit(url, "about")
    put(page, "ä".encode() * 500_000, "0", "; charset=punycode")
    page.leave()


def steer(url: str, room: str) -> None:
    """A page of another port of the same name, which opens the app's connection in a visitor's browser."""
    ours = url.replace("http", "ws")
    connect(f"{ours}/_stcore/stream", origin=f"{url.rpartition(':')[0]}:1", source_address=(ADDRESS, 0)).close()  # type: ignore[arg-type]


ATTACKS: tuple[Callable[[str, str], None], ...] = (
    *(guess, drop, stall, forge, upload, flood),
    *(ask, chunk, head, ping, heap, encode, steer),
)


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
