"""Shares the event loop among the addresses that connections come from. Tried with asyncio of Python 3.11.

The event loop serves everybody, one after another. Each of its steps is timed and charged to the address whose
connection, request or session causes it, whatever it is; an address that has used its share waits until it has some
again, with all that it sends. asyncio has no way to ask for either; `tests/ui/test_event_loop.py` fails where what is
used of its inside no longer works. Windows waits for connections in another way: there what is sent is read at once.
"""

import asyncio
import socket
import threading
import time
from asyncio import events, selector_events
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

from explainer import limits
from explainer.limits import ByAddress, Pace


@dataclass
class _Payer:
    """Who is charged for what is done for a connection, a request or a session.

    An address; None for who is charged for nothing; "" where it is done for nobody yet, as on a proxy's connection.
    """

    address: str | None
    reads: int = 0  # of a connection
    is_page: bool = False


_payer: ContextVar[_Payer] = ContextVar("_payer")
"""Of the step that runs. Tasks and callbacks have that of the step that made them."""


class _Clock(threading.local):
    """The time that the event loop of this thread had: for its steps, and to wait for the next one.

    Not the time in which others had the processor, or Python's lock: where pages compute, a second may be half of one.
    """

    now, ended = 0.0, 0.0

    def step(self, run: Callable[[], None]) -> float:
        """Run a step; gives the seconds of the processor that it took."""
        self.now += time.perf_counter() - self.ended if self.ended else 0
        began = time.thread_time()
        run()
        took = time.thread_time() - began
        self.now, self.ended = self.now + took, time.perf_counter()
        return took


_clock = _Clock()


class _Share:
    """What an address has of the event loop's time, and what waits until it has some again, in order."""

    _AT_ONCE = 0.2  # seconds that nobody else has a turn, while others want one

    def __init__(self, is_alone: Callable[[], bool] = lambda: False) -> None:
        firsts, of_it = (self._AT_ONCE, limits.first("event loop")), limits.value("event loop") / 100
        self._paces = [Pace(first, of_it, lambda: _clock.now) for first in firsts]
        self._waiting: dict[str, deque[Callable[[], None]]] = {}  # by kind, the one whose turn is next first
        self._is_alone = is_alone

    def charge(self, seconds: float) -> None:
        at_once, in_all = self._paces
        in_all.wait(seconds)
        if not (self._is_alone() and at_once.wait(0)):  # what nobody else wants is not to be given back
            at_once.wait(seconds)

    def has_some(self) -> bool:
        # One that is alone goes through its line as well: so whoever comes waits for one step, and not for all of them.
        return not self._waiting and not any(pace.wait(0) for pace in self._paces)

    def is_rested(self) -> bool:
        return not self._waiting and all(pace.is_rested() for pace in self._paces)

    def wait(self, go_on: Callable[[], None], kind: str) -> None:
        """Call `go_on` once it has some.

        Kinds take turns: the open pages do not wait for hundreds of other connections, and who comes new waits for
        neither. Of a kind what came first goes first, but of what is new what came last.
        """
        if not self._waiting:
            asyncio.get_running_loop().call_later(self._seconds(), self._next)
        line = self._waiting.setdefault(kind, deque())
        (line.appendleft if kind == _NEW else line.append)(go_on)

    def _next(self) -> None:
        if seconds := self._seconds():
            asyncio.get_running_loop().call_later(seconds, self._next)
            return
        kind = next(iter(self._waiting))
        line = self._waiting.pop(kind)
        go_on = line.popleft()
        if line:
            self._waiting[kind] = line  # behind the other kinds
        if self._waiting:  # one in each round, as what it takes is known after it
            asyncio.get_running_loop().call_soon(self._next)
        go_on()

    def _seconds(self) -> float:
        at_once, in_all = self._paces
        return max(in_all.wait(0), 0 if self._is_alone() else at_once.wait(0))


class _Shares:
    """The share of each address."""

    _A_WHILE = 0.5  # seconds

    def __init__(self) -> None:
        self._of = ByAddress(lambda address: _Share(partial(self._is_alone, address)), limits.connections)
        # Who was charged last; when, by the event loop's time; and when somebody else was.
        self._last: str | None = None
        self._at = self._others = -self._A_WHILE

    def charge(self, address: str | None, seconds: float) -> None:
        """Charge an address for so many seconds. None charges nobody, and counts as another one; "" is no one."""
        if address == "":
            return
        if address != self._last:
            self._last, self._others = address, self._at
        self._at = _clock.now
        if address is not None:
            self.of(address).charge(seconds)

    def _is_alone(self, address: str) -> bool:
        """Whether for a while nothing was done for anybody else."""
        others = self._others if address == self._last else self._at
        return _clock.now - others >= self._A_WHILE

    def of(self, address: str) -> _Share:
        """That of an address."""
        return self._of.of(address)


_shares = _Shares()


def share(whose: Callable[[str], str]) -> None:
    """Charge each step of the event loop, and read no connection of an address that has used up its share.

    `whose` gives the address that counts for one that a connection comes from; "" where its requests tell whose it is.
    """
    transport: Any = vars(selector_events)["_SelectorSocketTransport"]
    run, read = events.Handle._run, transport._read_ready

    def timed(self: Any) -> None:
        context = self._context
        took = _clock.step(lambda: run(self))
        if payer := context.get(_payer):
            charge(payer.address, took)

    def read_ready(self: Any) -> None:
        payer = self.get_extra_info("payer")
        if payer is None:
            peer = self.get_extra_info("peername")  # of a connection that this process opened it is a server
            theirs = self._server is not None and isinstance(peer, tuple)
            payer = self._extra["payer"] = _Payer(whose(peer[0]) if theirs else "")
        payer.reads += 1
        _payer.set(payer)
        if not payer.address or _shares.of(payer.address).has_some():
            read(self)
            return

        def go_on() -> None:
            if self.is_reading():
                _payer.set(payer)
                self._add_reader(self._sock_fd, self._read_ready)
                read(self)

        self._loop._remove_reader(self._sock_fd)
        # What a new connection says first may be that it is one for which nobody is charged.
        kind = _NEW if payer.reads <= _FIRST_READS else _PAGE if payer.is_page else _REQUEST
        _shares.of(payer.address).wait(go_on, kind)

    setattr(events.Handle, "_run", timed)  # noqa: B010 - a method
    transport._read_ready = read_ready


def wake_once() -> None:
    """Have threads wake the event loop once for all that they ask of it until it has heard.

    asyncio calls the system for each thing that is asked, and the script of a page asks for hundreds.
    """
    loop: Any = asyncio.SelectorEventLoop
    wake, hear = loop._write_to_self, loop._process_self_data

    def wake_first(self: Any) -> None:
        if not getattr(self, "_is_woken", False):
            self._is_woken = True
            wake(self)

    def hear_all(self: Any, data: bytes) -> None:
        self._is_woken = False  # what was asked before is in its queue; what is asked from now on wakes it again
        hear(self, data)

    loop._write_to_self, loop._process_self_data = wake_first, hear_all


_NEW, _PAGE, _REQUEST = "new", "page", "request"
_FIRST_READS = 3  # until the head of the first request has come: by https a connection's ends agree on keys before it


def charge_to(address: str | None, whole_connection: bool = False) -> None:
    """Charge an address for what this task or thread, and what it makes, does in the event loop; None charges nobody.

    Of a connection that is its alone also for what is read of it. A trusted proxy's are not, unless one becomes a
    websocket.
    """
    payer = _payer.get(None)
    if payer is None or not (whole_connection or payer.address):
        payer = _Payer(address)
        _payer.set(payer)
    payer.address, payer.is_page = address, whole_connection


def charge(address: str | None, seconds: float) -> None:
    """Charge an address for so many seconds of the event loop."""
    _shares.charge(address, seconds)


async def turn(address: str | None) -> None:
    """Wait until an address has some of its share."""
    if address is None or (own := _shares.of(address)).has_some():
        return
    waiting, payer = asyncio.get_running_loop().create_future(), _payer.get(None)
    kind = _PAGE if payer and payer.is_page else _REQUEST
    own.wait(lambda: None if waiting.done() else waiting.set_result(None), kind)
    await waiting


def admit_connections(admits: Callable[[str], bool]) -> None:
    """Close each new connection whose address `admits` refuses, before anything is made for it.

    asyncio makes a task, a transport and a protocol for each, and may then encrypt it: a millisecond or two, in which
    nobody else is served.
    """
    loop: Any = selector_events.BaseSelectorEventLoop
    accept = loop._accept_connection

    def accept_some(self: Any, factory: Any, listening: Any, *arguments: Any) -> None:
        if isinstance(listening, _Door):  # it is tried again, as there was no file descriptor left
            listening = listening.socket
        accept(self, factory, _Door(listening, admits), *arguments)

    loop._accept_connection = accept_some


class _Door:
    """A socket that listens, as asyncio sees it for a moment: it tells of few connections, and of no refused one."""

    _AT_ONCE = 50  # that come before others have their turn; asyncio takes two thousand

    def __init__(self, listening: socket.socket, admits: Callable[[str], bool]) -> None:
        self.socket, self._admits, self._left = listening, admits, self._AT_ONCE

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection that is not refused. Raises BlockingIOError where there is none for now."""
        while self._left:
            self._left -= 1
            connection, peer = self.socket.accept()
            if not isinstance(peer, tuple) or self._admits(peer[0]):
                return connection, peer
            connection.close()
        raise BlockingIOError

    def fileno(self) -> int:
        """Its number."""
        return self.socket.fileno()
