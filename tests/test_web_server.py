"""What uvicorn would let in, and what becomes of it here."""

import asyncio
import gc
import socket
import ssl
import threading
import time
from asyncio.sslproto import SSLProtocol
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from types import SimpleNamespace

import pytest
import uvicorn
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from streamlit.web.server.starlette import starlette_server
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.sync.client import connect

from explainer import web_server


def test_the_version_it_was_tried_with_is_the_one_that_is_installed() -> None:
    assert f"Tried with uvicorn {uvicorn.__version__}." in (web_server.__doc__ or "")


def test_the_pieces_of_streamlits_answers_wait_for_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(H11Protocol, "connection_made", lambda protocol, transport: None)
    web_server.answer_at_once()
    with (
        starlette_server._bind_socket("127.0.0.1", 0, 1) as listening,
        socket.create_connection(listening.getsockname()),
    ):
        assert listening.proto != socket.IPPROTO_TCP  # with it asyncio would do what is done here
        connection, _ = listening.accept()
        with connection:
            assert not connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            transport = SimpleNamespace(get_extra_info={"socket": connection}.get)
            H11Protocol.connection_made(object(), transport)  # type: ignore[arg-type]
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@contextmanager
def _websockets(monkeypatch: pytest.MonkeyPatch, keepalive: float, patience: float = 0.5) -> Iterator[tuple[str, int]]:
    """Where uvicorn takes websockets as the app has it do, and sends 4 MB to each that asks for much."""
    monkeypatch.setattr(H11Protocol, "data_received", H11Protocol.data_received)
    web_server.bound_requests(lambda: 200)
    of_messages = ("handle_cont", "handle_text", "send_receive_event_to_app", "handle_ping", "handle_pong")
    for name in ("__init__", "data_received", *of_messages):
        monkeypatch.setattr(WebSocketsSansIOProtocol, name, getattr(WebSocketsSansIOProtocol, name))
    for protocol in (H11Protocol, WebSocketsSansIOProtocol):
        for name in ("connection_made", "connection_lost"):
            monkeypatch.setattr(protocol, name, getattr(protocol, name))
    web_server.watch_connections(lambda *open: True, lambda address: address, lambda: patience)
    web_server.bound_messages(lambda: 1000, lambda: 10, lambda: 300)
    web_server.read_on_while_messages_wait()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            while (await receive()).get("more_body"):
                pass
            await Response(status_code=204)(scope, receive, send)
            return
        await receive()
        await asyncio.sleep(1 if scope["path"] == "/full" else 0)
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            await asyncio.sleep(1 if message["bytes"] == b"waits" else 0)
            await send({"type": "websocket.send", "bytes": bytes(8_000_000 if message["bytes"] == b"much" else 1)})

    config = uvicorn.Config(
        app,
        lifespan="off",
        log_level="error",
        ws="websockets-sansio",
        ws_ping_interval=keepalive,
        ws_ping_timeout=keepalive,
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        yield listening.getsockname()
        server.should_exit = server.force_exit = True
        thread.join(10)


_OPENING = (
    b"GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def _open(address: tuple[str, int]) -> socket.socket:
    """A websocket by hand, which answers to nothing."""
    connection = socket.create_connection(address, timeout=5)
    connection.sendall(_OPENING % b"/")
    assert b"101 Switching" in connection.recv(4096)
    return connection


def _rest(connection: socket.socket) -> int:
    """How many bytes come until a connection is closed. Raises TimeoutError where it is not."""
    taken = 0
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            taken += len(piece)
    return taken


_FRAMES = {"pings": b"\x89\x80", "answers to pings": b"\x8a\x80", "empty messages": b"\x82\x80"}


@pytest.mark.parametrize("control", _FRAMES.values(), ids=_FRAMES)
def test_uvicorn_takes_any_number_of_pings_and_messages_at_once(
    monkeypatch: pytest.MonkeyPatch, control: bytes
) -> None:
    with _websockets(monkeypatch, keepalive=20) as address:
        with _open(address) as connection:
            with suppress(ConnectionError):
                connection.sendall((control + bytes(4)) * 1000)
            assert _rest(connection) < 10_000
        with connect(f"ws://{address[0]}:{address[1]}") as another:
            for _ in range(8):
                assert another.ping().wait(5)
            another.send(b"little")
            assert another.recv(5) == bytes(1)


def test_uvicorn_takes_messages_of_a_websocket_that_was_not_let_in_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    with _websockets(monkeypatch, keepalive=20) as address, socket.create_connection(address, timeout=5) as connection:
        connection.sendall(_OPENING % b"/full")
        time.sleep(0.2)
        connection.sendall(b"\x82\x80" + bytes(4))
        assert _rest(connection) == 0


def test_uvicorn_waits_without_end_for_a_websocket_to_take_what_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with _websockets(monkeypatch, keepalive=0.2) as address, _open(address) as connection:
        connection.sendall(b"\x82\x84" + bytes(4) + b"much")
        time.sleep(1.6)  # the keepalive fails
        assert _rest(connection) < 7_900_000


def test_uvicorn_reads_no_answers_to_its_pings_behind_a_message_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    with _websockets(monkeypatch, keepalive=0.2) as address, connect(f"ws://{address[0]}:{address[1]}") as page:
        for _ in range(3):
            page.send(b"waits")
        assert [page.recv(5) for _ in range(3)] == [bytes(1)] * 3


@pytest.mark.parametrize("line", [b"Content-Length: 5", b"Cookie: a=" + b"b" * 8_200])
def test_uvicorn_leaves_a_websocket_open_whose_head_it_refuses(monkeypatch: pytest.MonkeyPatch, line: bytes) -> None:
    with _websockets(monkeypatch, keepalive=20) as address:
        with socket.create_connection(address, timeout=5) as connection:
            connection.sendall(_OPENING[:-2] % b"/" + line + b"\r\n\r\n")
            assert _rest(connection) == 0
        with socket.create_connection(address, timeout=5) as connection:  # a head that is longer than what is looked at
            head = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(6))
            connection.sendall(_OPENING[:-2] % b"/" + head + b"\r\n")
            assert b"101 Switching" in connection.recv(4096)


def test_who_sends_text_is_no_page_of_this_app(monkeypatch: pytest.MonkeyPatch) -> None:
    with _websockets(monkeypatch, keepalive=20) as address, _open(address) as connection:
        connection.sendall(b"\x82\x85" + bytes(4) + b"waits" + b"\x81\x84" + bytes(4) + b"text")
        began = time.monotonic()
        assert _rest(connection) == 0
        assert time.monotonic() - began < 0.8  # before the message that waits was looked at


def test_of_a_page_for_which_much_waits_no_more_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with _websockets(monkeypatch, keepalive=20) as address, socket.create_connection(address, timeout=5) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection.sendall(_OPENING % b"/")
        assert b"101 Switching" in connection.recv(4096)
        connection.sendall(b"\x82\x85" + bytes(4) + b"waits")
        long = b"\x82\xfe" + (1000).to_bytes(2) + bytes(4 + 1000)
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.sendall(long * 10_000)


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a:\r\n" * 10_000,
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 10_000,
    ],
    ids=["many lines", "many pieces"],
)
def test_uvicorn_takes_requests_in_any_number_of_lines_and_pieces(
    monkeypatch: pytest.MonkeyPatch, request_: bytes
) -> None:
    with _websockets(monkeypatch, keepalive=20) as address:
        with socket.create_connection(address, timeout=5) as connection:
            with suppress(ConnectionError):
                connection.sendall(request_)
            assert _rest(connection) < 1000
        with closing(HTTPConnection(*address, timeout=5)) as browser:
            for _ in range(30):
                browser.request("POST", "/", b"\n" * 20_000, {f"X-{number}": "1" for number in range(20)})
                assert browser.getresponse().read() == b""


def test_nothing_stays_of_what_a_connection_said_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    def kept() -> int:
        return sum(type(each) is H11Protocol for each in gc.get_objects())

    before = kept()
    with _websockets(monkeypatch, keepalive=20, patience=300) as address:
        for _ in range(5):
            with closing(HTTPConnection(*address, timeout=5)) as browser:
                browser.request("POST", "/", bytes(250_000))
                assert browser.getresponse().read() == b""
        end = time.monotonic() + 5
        while kept() > before and time.monotonic() < end:
            time.sleep(0.05)
        assert kept() <= before


class _Nothing(asyncio.Protocol):
    """A server that does nothing with a connection."""


def _put_back_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("max_size", "connection_made", "connection_lost"):
        monkeypatch.setattr(SSLProtocol, name, getattr(SSLProtocol, name))


def _without_certificate(server_side: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server_side else ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
    return context


class _Answers(asyncio.Protocol):
    """A server that says as much as it may."""

    waiting = 0  # bytes that stay in its memory

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.may_go_on = True
        asyncio.get_running_loop().call_soon(self.answer, transport)

    def answer(self, transport: asyncio.Transport) -> None:
        while self.may_go_on:
            transport.write(bytes(65_536))
        _Answers.waiting = transport.get_write_buffer_size()

    def pause_writing(self) -> None:
        self.may_go_on = False


def test_asyncio_keeps_half_a_megabyte_of_an_encrypted_answer_that_nobody_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def kept() -> int:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_Answers, "127.0.0.1", 0, ssl=_without_certificate(server_side=True))
        with socket.socket() as asking:
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            asking.connect(server.sockets[0].getsockname())
            asking.setblocking(False)
            _Answers.waiting = 0
            context = _without_certificate(server_side=False)
            _, writer = await asyncio.open_connection(sock=asking, ssl=context, server_hostname="localhost", limit=1024)
            async with asyncio.timeout(5):
                while not _Answers.waiting:
                    await asyncio.sleep(0.01)
            writer.transport.abort()
        server.close()
        return _Answers.waiting

    assert asyncio.run(kept()) > 500_000  # else it is no longer needed
    _put_back_at_the_end(monkeypatch)
    web_server.watch_handshakes(lambda *open: True, lambda address: address, lambda: 30)
    assert asyncio.run(kept()) < 150_000


def test_asyncio_counts_no_connections_that_are_not_encrypted_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    _put_back_at_the_end(monkeypatch)
    patience = [30.0]
    web_server.watch_handshakes(
        lambda address, of_it, in_all: of_it <= 3 and in_all <= 10, lambda address: address, lambda: patience[0]
    )

    async def closed(reader: asyncio.StreamReader) -> bool:
        with suppress(ConnectionError):
            return await reader.read(1) == b""
        return True

    async def opened(address: tuple[str, int]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*address)

    async def tried() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # nobody comes as far as a certificate
        server = await asyncio.get_running_loop().create_server(_Nothing, "127.0.0.1", 0, ssl=context)
        address = server.sockets[0].getsockname()
        silent = [await opened(address) for _ in range(3)]
        refused, _ = await opened(address)
        assert await asyncio.wait_for(closed(refused), 5)
        assert not any(reader.at_eof() for reader, _ in silent)
        for _, writer in silent:
            writer.close()
        await asyncio.sleep(0.2)
        patience[0] = 0.5
        let_in, _ = await opened(address)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(closing := asyncio.ensure_future(closed(let_in))), 0.2)
        assert await asyncio.wait_for(closing, 5)  # it agrees on no keys
        server.close()

    asyncio.run(tried())
