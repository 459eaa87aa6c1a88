"""Asks the service that `EXPLAINER_SERVICE` names to read and to explain, as if it were done here.

What a thread of a `jobs.Worker` owns is one connection to the service, kept open from task to task.
"""

import hashlib
import http.client
import json
import os
import secrets
import socket
import struct
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import urlsplit

from explainer import jobs
from explainer.jobs import Unavailable
from explainer.serving import wire

AT_ONCE = 32
"""How many tasks of each kind this process asks for at once; others wait here for their turn."""
OF_AN_OWNER = 4
"""How many of these may be of one owner, whose long tasks would keep everybody's waiting."""

_GONE = (
    "What reads photos and explains them cannot be reached just now. The tree and the removal work without it. "
    "Try again in a minute."
)
_BROKE_OFF = "What explains photos broke off. Try again."

_PAUSES = (0.0, 0.0, 0.5, 1.5)  # seconds before each attempt; a connection that was kept open may be closed
_SILENCE = 60.0  # seconds without a word after which the service counts as gone; it speaks several times a second
_LONGEST = 64 << 20  # bytes of a result
_SECRET = secrets.token_bytes(16)  # of this process: whose turn it is says nothing of where they are

_HEARD = (OSError, http.client.HTTPException, ValueError, KeyError)  # a connection breaks, or what comes is no answer
_CONNECTIONS: Mapping[str, Callable[..., http.client.HTTPConnection]] = {
    "http": http.client.HTTPConnection,
    "https": http.client.HTTPSConnection,
}
_TIMES = (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO) if sys.platform != "win32" else ()

Told = Callable[..., None]
"""A job's `report`."""


class _BrokenOffError(Exception):
    """The service went away in the middle of an answer."""


class Connection:
    """A connection to one part of the service. One thread at a time."""

    part: ClassVar[str]
    repeats: ClassVar[bool]  # whether a task whose answer broke off is asked for once more

    def __init__(self) -> None:
        url = urlsplit(os.environ["EXPLAINER_SERVICE"])
        if url.scheme not in _CONNECTIONS or not url.hostname:
            raise ValueError("EXPLAINER_SERVICE must be the address of a service, http://... or https://...")
        self._path = f"{url.path.rstrip('/')}/{self.part}"
        self._connection = _CONNECTIONS[url.scheme](url.hostname, url.port, timeout=_SILENCE)
        self._headers = {wire.TOKEN: f"Bearer {wire.token()}", wire.VERSION: wire.version()}

    def ask(self, task: str, body: Sequence[bytes], owner: str, told: Told) -> Any:
        """What the service finds by a task. Errors of the task are raised as it raised them.

        Raises Unavailable where the service cannot be reached, or does not take the task.
        """
        headers = {**self._headers, wire.OWNER: owner, "Content-Length": str(sum(map(len, body)))}
        broken = 0
        for pause in _PAUSES:
            _pause(pause, told)
            try:
                return self._answer(f"{self._path}/{task}", body, headers, told)
            except _BrokenOffError as error:
                broken += 1
                if not self.repeats or broken > 1:
                    raise Unavailable(_BROKE_OFF) from error
            except _HEARD:
                continue
        raise Unavailable(_GONE)

    def _answer(self, path: str, body: Sequence[bytes], headers: Mapping[str, str], told: Told) -> Any:
        whole = False
        try:
            if self._connection.sock is None:
                self._connection.connect()
                _have_the_system_wait(self._connection)
            self._connection.request("POST", path, body, headers)
            response = self._connection.getresponse()
            if response.status != HTTPStatus.OK:
                words = response.read(1000).decode(errors="replace")
                if wire.VERSION not in response.headers:  # a proxy's words: there is no service behind it
                    raise ConnectionError(words)
                raise Unavailable(words)
            try:  # from now on it is a task that the service has taken
                said = json.loads(response.readline())
                while "progress" in said:
                    told(said["progress"], said["place"])
                    said = json.loads(response.readline())
                if "error" in said:
                    raise wire.ERRORS.get(said["error"], Unavailable)(said["told"])
                found = wire.unpack(response.read(min(said["result"], _LONGEST)))
                whole = not response.read()
                return found
            except _HEARD as error:
                raise _BrokenOffError from error
        finally:
            if not whole:  # whoever gives a task up hangs up
                self._connection.close()


class Reading(Connection):
    """A connection to what reads; a reading that broke off is asked for again at once."""

    part, repeats = "read", True


class Explaining(Connection):
    """A connection to what explains."""

    part, repeats = "explain", False


def asking(model: str, task: Callable[..., Any], arguments: tuple[object, ...]) -> Callable[[Connection, Told], Any]:
    """Work for a worker that owns a connection: a task of `service` by the model of a card, for this thread's owner."""
    owner = hashlib.sha256(_SECRET + jobs.owner.get().encode()).hexdigest()[:16]
    return lambda connection, told: connection.ask(task.__name__, wire.pieces((model, *arguments)), owner, told)


def _have_the_system_wait(connection: http.client.HTTPConnection) -> None:
    """Leave it to the system to wait for the other end, as long as before.

    Where Python does, a photo is sent in dozens of pieces, and after each the thread waits for its turn among those
    that draw pages.
    """
    line: socket.socket = connection.sock
    for time_ in _TIMES:
        line.setsockopt(socket.SOL_SOCKET, time_, struct.pack("ll", int(_SILENCE), 0))
    if _TIMES:
        line.settimeout(None)


def _pause(seconds: float, told: Told) -> None:
    """Wait, and hear meanwhile whether the task is still wanted."""
    end = time.monotonic() + seconds
    told(0.0)
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.2))
        told(0.0)
