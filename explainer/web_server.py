"""What uvicorn, which serves the app and the service, lets in where it has no setting. Tried with uvicorn 0.54.0.

`tests/test_web_server.py` fails where one no longer works.
"""

import asyncio
import socket
import time
from asyncio.sslproto import SSLProtocol
from collections import Counter, deque
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import h11
import uvicorn.config
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


def use_asyncio_and_h11() -> None:
    """Have uvicorn serve by what this file and `event_loop` know, whatever else is installed: it prefers others."""
    uvicorn.config.LOOP_FACTORIES["auto"] = uvicorn.config.LOOP_FACTORIES["asyncio"]
    uvicorn.config.HTTP_PROTOCOLS["auto"] = uvicorn.config.HTTP_PROTOCOLS["h11"]


def trust_no_proxy() -> None:
    """Keep uvicorn from believing what a request says about whom it comes from: `middleware.Proxies` decides that.

    Uvicorn believes X-Forwarded-For of whoever connects from this computer, unless an environment variable says
    otherwise, which is read before the first line of this program runs.
    """
    setattr(uvicorn.config, "ProxyHeadersMiddleware", _PassOn)  # noqa: B010 - no name that uvicorn exports


class _PassOn:
    """In the place of uvicorn's ProxyHeadersMiddleware."""

    def __init__(self, app: ASGIApp, trusted_hosts: object = None) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


def end_within(seconds: int) -> None:
    """Have a server that was asked to stop end within so many seconds, whoever still sends or waits.

    Uvicorn waits without end for what it answers, has shut its door meanwhile, and Streamlit leaves that as it is.
    """
    shutdown = uvicorn.Server.shutdown

    async def bounded(self: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        self.config.timeout_graceful_shutdown = self.config.timeout_graceful_shutdown or seconds
        await shutdown(self, sockets)

    setattr(uvicorn.Server, "shutdown", bounded)  # noqa: B010 - a method


def read_on_while_messages_wait() -> None:
    """Read on while a little of a websocket waits for the page: behind it lie the answers to pings.

    Uvicorn reads nothing as long as one message waits, and closes a page for which two wait longer than it waits for
    an answer to its ping: the page comes back, and asks for the whole of what it asked a part of.
    """
    taken = WebSocketsSansIOProtocol.send_receive_event_to_app

    def take(self: WebSocketsSansIOProtocol) -> None:
        paused, self.read_paused = self.read_paused, True  # else it would pause
        taken(self)
        self.read_paused = paused
        waiting: deque[Any] = self.queue._queue  # type: ignore[attr-defined]
        much = len(waiting) > _WAITING or sum(len(each.get("bytes") or "") for each in waiting) > _MUCH
        if much and not paused and not self.close_sent:
            self.read_paused = True
            self.transport.pause_reading()

    setattr(WebSocketsSansIOProtocol, "send_receive_event_to_app", take)  # noqa: B010 - a method


_WAITING, _MUCH = 100, 65_536  # messages, and bytes of them, that wait for a page while more is read


def bound_messages(most: Callable[[], float], pings: Callable[[], float], waiting: Callable[[], float]) -> None:
    """Close a websocket whose message is longer than `most` bytes, or comes in very many pieces, while it comes.

    So is one that sends text, which no page does, one that says something before it was let in, one of which more than
    `waiting` messages wait for the page, one that sends more than that many pings, or answers to pings, in a second,
    and one whose head is refused, to which uvicorn gives no answer and no end. Uvicorn takes what Streamlit may send
    for what it may be sent, 200 MB, counts no pieces and no pings, keeps the answer to each until it is taken, and
    looks at all that came at once, thousands of pings, before it is anybody else's turn.
    """
    made, went_on = WebSocketsSansIOProtocol.__init__, WebSocketsSansIOProtocol.handle_cont
    received = WebSocketsSansIOProtocol.data_received
    controls = {name: getattr(WebSocketsSansIOProtocol, name) for name in ("handle_ping", "handle_pong")}
    came: WeakKeyDictionary[WebSocketsSansIOProtocol, deque[float]] = WeakKeyDictionary()  # when the last pings did

    def bounded(self: WebSocketsSansIOProtocol, *arguments: Any, **named: Any) -> None:
        made(self, *arguments, **named)
        self.conn.max_message_size = self.conn.max_fragment_size = int(most())

    def refuse(self: WebSocketsSansIOProtocol, frame: Any) -> None:
        self.transport.abort()

    def go_on(self: WebSocketsSansIOProtocol, frame: Any) -> None:
        if len(self.frames) < _PIECES:
            went_on(self, frame)
        else:
            self.transport.abort()

    def data_received(self: WebSocketsSansIOProtocol, data: bytes) -> None:
        for start in range(0, len(data), _AT_A_TIME):
            # No browser says more before it is let in.
            is_early = self.handshake_initiated and not self.handshake_complete
            if is_early or self.queue.qsize() > waiting():
                self.transport.abort()
            if not self.transport.is_closing():
                received(self, data[start : start + _AT_A_TIME])
        if not (self.handshake_initiated or self.handshake_complete):  # its head, which comes whole, was refused
            self.transport.close()

    def control(name: str) -> Callable[..., None]:
        def handle(self: WebSocketsSansIOProtocol, *arguments: Any) -> None:
            times, now = came.setdefault(self, deque(maxlen=int(pings()))), time.monotonic()
            if len(times) == times.maxlen and now - times[0] < 1:
                self.transport.abort()
            else:
                times.append(now)
                controls[name](self, *arguments)

        return handle

    setattr(WebSocketsSansIOProtocol, "__init__", bounded)  # noqa: B010 - a method
    setattr(WebSocketsSansIOProtocol, "handle_text", refuse)  # noqa: B010 - a method
    setattr(WebSocketsSansIOProtocol, "handle_cont", go_on)  # noqa: B010 - a method
    setattr(WebSocketsSansIOProtocol, "data_received", data_received)  # noqa: B010 - a method
    for name in controls:
        setattr(WebSocketsSansIOProtocol, name, control(name))


_PIECES = 16  # of a message; browsers send the longest that is let in as seven
_AT_A_TIME = 4096  # bytes that are looked at before it is asked whether the connection is still open


def bound_requests(lines: Callable[[], float]) -> None:
    """Close a connection whose request's head has more lines than that, or whose body comes in chunks.

    No browser does either. h11 looks at each line and each chunk where everybody is served: 64 kB of chunks of a
    byte take it a tenth of a second.
    """
    received = H11Protocol.data_received
    # What came since the last request, and which that was.
    heads: WeakKeyDictionary[H11Protocol, tuple[object, bytes]] = WeakKeyDictionary()

    def is_browsers(self: H11Protocol, piece: bytes) -> bool:
        if self.conn.their_state is h11.SEND_BODY:
            return not any(name == b"transfer-encoding" for name, _ in self.headers)
        last, before = heads.get(self, (None, b""))
        head = (before if last is self.cycle else b"") + piece
        heads[self] = self.cycle, head
        return head.partition(b"\r\n\r\n")[0].count(b"\n") <= lines()

    def data_received(self: H11Protocol, data: bytes) -> None:
        for start in range(0, len(data), _AT_A_TIME):
            if self.transport.is_closing() or self.transport.get_protocol() is not self:  # it is a websocket now
                return
            piece = data[start : start + _AT_A_TIME]
            if is_browsers(self, piece):
                received(self, piece)
            else:
                self.transport.abort()

    setattr(H11Protocol, "data_received", data_received)  # noqa: B010 - a method


def answer_at_once() -> None:
    """Have the system send each piece of an answer at once (TCP_NODELAY).

    asyncio asks for that, but only of sockets that name their protocol, and Streamlit's does not. Then the body of an
    answer waits until the browser has confirmed its head: up to 40 ms, for each of the sixty files of a page.
    """
    made = H11Protocol.connection_made

    def connection_made(self: Any, transport: asyncio.Transport) -> None:
        connection = transport.get_extra_info("socket")
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made(self, transport)

    setattr(H11Protocol, "connection_made", connection_made)  # noqa: B010 - a method


class _Open:
    """The connections that are open, and from where."""

    def __init__(self, source: Callable[[str], str]) -> None:
        self._source, self._addresses, self._of_each = source, dict[object, str](), Counter[str]()

    def admits(self, connection: object, address: str, admit: Callable[[str, int, int], bool]) -> bool:
        """Whether one more is admitted; it counts from now on."""
        counted = self._source(address)
        if not admit(address, self._of_each[counted] + 1, len(self._addresses) + 1):
            return False
        self._addresses[connection] = counted
        self._of_each[counted] += 1
        return True

    def closed(self, connection: object) -> None:
        """It counts no longer, if it did."""
        if (counted := self._addresses.pop(connection, None)) is not None:
            self._of_each[counted] -= 1
            if not self._of_each[counted]:
                del self._of_each[counted]


def watch_connections(
    admit: Callable[[str, int, int], bool], source: Callable[[str], str], patience: Callable[[], float]
) -> None:
    """Close connections that `admit` refuses, and those whose request is not whole after `patience` seconds.

    `admit` is asked at each new connection, with its address, how many are open from there, and how many in all.
    `source` gives the address that counts for one that a connection comes from.
    Uvicorn waits for the rest of a request for ever, and for a browser to take the rest of an answer, or of what came
    by a websocket, before it lets a connection go; it counts nothing by address.
    """
    made, connections = H11Protocol.connection_made, _Open(source)
    timers: dict[asyncio.Transport, asyncio.TimerHandle] = {}  # each keeps all that its connection has said

    def connection_made(self: Any, transport: asyncio.Transport) -> None:
        made(self, transport)
        if connections.admits(transport, self.client[0] if self.client else "", admit):
            later(self, look, self)
        else:
            transport.abort()

    def later(self: Any, step: Callable[..., None], *arguments: Any) -> None:
        timers[self.transport] = self.loop.call_later(patience(), step, *arguments)

    def ending(lost: Callable[..., None]) -> Callable[..., None]:
        def connection_lost(self: Any, error: Exception | None) -> None:
            connections.closed(self.transport)
            if timer := timers.pop(self.transport, None):
                timer.cancel()
            lost(self, error)

        return connection_lost

    def look(self: Any) -> None:
        if self.transport.is_closing():  # it is over, but for what the browser has not taken yet
            later(self, self.transport.abort)
            return
        if self.transport.get_protocol() is not self:  # it is a websocket now
            later(self, look, self)
            return
        answered = self.cycle is None or self.cycle.response_complete
        if answered and self.timeout_keep_alive_task is None:  # else it waits for another request
            self.transport.abort()
        else:
            later(self, look, self)

    setattr(H11Protocol, "connection_made", connection_made)  # noqa: B010 - a method
    for protocol in (H11Protocol, WebSocketsSansIOProtocol):  # the second takes over what the first began
        setattr(protocol, "connection_lost", ending(protocol.connection_lost))  # noqa: B010 - a method


def watch_handshakes(
    admit: Callable[[str, int, int], bool], source: Callable[[str], str], patience: Callable[[], float]
) -> None:
    """Like `watch_connections`, of a server with a certificate: from a connection's beginning, before it is encrypted.

    asyncio tells uvicorn of such a connection once its ends have agreed on keys. It waits for that for a minute, with
    300 kB of memory for each, and counts none. Of an answer it keeps 512 kB for a browser that takes none of it.
    """
    made, lost, connections = SSLProtocol.connection_made, SSLProtocol.connection_lost, _Open(source)

    def connection_made(self: Any, transport: asyncio.Transport) -> None:
        if self._server_side:
            address = (transport.get_extra_info("peername") or ("",))[0]
            if not connections.admits(self, address, admit):
                transport.abort()
                return
            self._ssl_handshake_timeout = patience()
            self._set_write_buffer_limits(_WRITTEN)
        made(self, transport)

    def connection_lost(self: Any, error: BaseException | None) -> None:
        connections.closed(self)
        lost(self, error)

    setattr(SSLProtocol, "max_size", _READ)  # noqa: B010 - a constant
    setattr(SSLProtocol, "connection_made", connection_made)  # noqa: B010 - a method
    setattr(SSLProtocol, "connection_lost", connection_lost)  # noqa: B010 - a method


_WRITTEN = 65536  # bytes of an answer by an encrypted connection that are held back, as by any other
_READ = 65536  # bytes that are read at once of an encrypted connection, and kept for that as it begins
