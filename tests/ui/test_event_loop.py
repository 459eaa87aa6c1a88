"""What one address makes the event loop do keeps nobody else waiting; what is used of asyncio's inside still works."""

import asyncio
import contextvars
import socket
import threading
import time
from asyncio import events, selector_events
from collections import Counter
from collections.abc import Iterator
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import ClassVar

import pytest
from starlette.types import Message, Receive, Scope, Send

from explainer import limits
from explainer.ui import event_loop, middleware, server

ATTACKER, HONEST = "127.0.0.2", "127.0.0.3"


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = selector_events._SelectorSocketTransport
    loop = selector_events.BaseSelectorEventLoop
    own = asyncio.SelectorEventLoop
    for owner, name in (
        *((events.Handle, "_run"), (transport, "_read_ready"), (loop, "_accept_connection")),
        *((own, "_write_to_self"), (own, "_process_self_data")),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(event_loop, "_shares", event_loop._Shares())


class Costly(asyncio.Protocol):
    """Each read of a connection takes ten milliseconds; the address that sent it is counted, and the read answered."""

    read: ClassVar = Counter[str]()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.address = transport.get_extra_info("peername")[0]

    def data_received(self, data: bytes) -> None:
        end = time.thread_time() + 0.01
        while time.thread_time() < end:
            pass
        self.read[self.address] += 1
        self.transport.write(b"read")


@asynccontextmanager
async def _served() -> Iterator[int]:
    Costly.read.clear()
    server = await asyncio.get_running_loop().create_server(Costly, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def _connected(port: int, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))


async def _ask(port: int, address: str, times: int) -> int:
    """The most that is read of the attacker while another waits for an answer."""
    reader, writer = await _connected(port, address)
    most = 0
    for _ in range(times):
        before = Costly.read[ATTACKER]
        writer.write(b"ask")
        await reader.read(100)
        most = max(most, Costly.read[ATTACKER] - before)
    writer.close()
    return most


async def _flood(port: int, connections: int) -> None:
    """Send without pause by many connections at once."""

    async def send() -> None:
        reader, writer = await _connected(port, ATTACKER)
        while True:
            writer.write(b"flood")
            await reader.read(100)

    async with asyncio.TaskGroup() as flood:
        for _ in range(connections):
            flood.create_task(send())


@pytest.mark.parametrize("charged", [True, False])
def test_what_one_address_sends_by_many_connections_keeps_nobody_else_waiting(charged: bool) -> None:
    event_loop.share(lambda address: address if charged else "")

    async def tried() -> int:
        async with _served() as port:
            flood = asyncio.create_task(_flood(port, 60))
            while Costly.read[ATTACKER] < 60:
                await asyncio.sleep(0.01)
            most = await _ask(port, HONEST, 3 if charged else 1)
            flood.cancel()
            with suppress(asyncio.CancelledError):
                await flood
            return most

    most = asyncio.run(tried())
    assert most < 20 if charged else most > 40  # else all that came by each connection
    assert Costly.read[HONEST]


def test_an_address_has_its_share_of_the_time_and_a_moment_more_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(event_loop, "_clock", clock)
    share, used = event_loop._Share(), 0.0
    for step in range(100_000):
        clock.now += 0.01
        if share.has_some():
            share.charge(0.01)
            used += 0.01
        if step == 100:  # one second
            assert used == pytest.approx(0.2 + limits.value("event loop") / 100, abs=0.05)
    assert used == pytest.approx(1000 * limits.value("event loop") / 100, rel=0.02)


def test_what_a_request_or_a_page_makes_is_charged_to_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    event_loop.share(lambda address: address)
    charged = Counter[str | None]()
    monkeypatch.setattr(event_loop, "charge", lambda address, seconds: charged.update({address: seconds}))

    def busy() -> None:
        end = time.thread_time() + 0.05
        while time.thread_time() < end:
            pass

    async def session() -> None:
        busy()

    async def requests() -> None:
        for address, waits in (("192.0.2.1", busy), ("192.0.2.2", lambda: None), (None, busy)):
            event_loop.charge_to(address)
            asyncio.get_running_loop().call_soon(waits)
            await asyncio.create_task(session())

    asyncio.run(requests())
    assert charged == pytest.approx({"192.0.2.1": 0.1, "192.0.2.2": 0.05, None: 0.1}, abs=0.03)


def test_time_in_which_others_had_the_processor_is_none_of_the_event_loops() -> None:
    clock = event_loop._Clock()
    clock.step(lambda: None)
    began = clock.now
    assert clock.step(lambda: time.sleep(0.2)) < 0.1
    assert clock.now - began < 0.1
    time.sleep(0.2)  # it waits for the next step
    clock.step(lambda: None)
    assert 0.2 <= clock.now - began < 0.35


def test_a_page_pays_for_what_its_connection_sends_and_a_proxys_other_requests_do_not() -> None:
    def connection(address: str | None) -> event_loop._Payer:
        payer = event_loop._Payer(address)
        event_loop._payer.set(payer)
        return payer

    def tried(opened_by: str | None, client: str | None, page: bool) -> tuple[str | None, str | None]:
        """Who pays for what is read of the connection, and who for what is done for the request; "" is nobody yet."""
        payer = connection(opened_by)
        event_loop.charge_to(client, whole_connection=page)
        assert payer.is_page is page
        return payer.address, event_loop._payer.get().address

    run = contextvars.copy_context().run
    assert run(tried, "192.0.2.1", "192.0.2.1", False) == ("192.0.2.1", "192.0.2.1")
    assert run(tried, "", "192.0.2.1", False) == ("", "192.0.2.1")  # a proxy's, who brings others by it as well
    assert run(tried, "", "192.0.2.1", True) == ("192.0.2.1", "192.0.2.1")
    assert run(tried, "192.0.2.1", None, True) == (None, None)  # the presenter's


def test_kinds_of_what_waits_take_turns_so_that_pages_wait_for_few_other_connections() -> None:
    event_loop.share(lambda address: "")

    async def tried() -> list[str]:
        share, order = event_loop._Share(), list[str]()
        share.charge(0.25)
        for kind, names in (("request", "abcd"), ("page", "PQ"), ("new", "xyz")):
            for name in names:
                share.wait(lambda name=name: order.append(name), kind)  # type: ignore[misc]
        assert not share.has_some()
        await asyncio.sleep(0.3)
        assert share.has_some()
        return order

    assert "".join(asyncio.run(tried())) == "aPzbQycxd"


def test_a_new_connection_waits_for_few_others_of_its_address_until_its_first_request_has_come() -> None:
    event_loop.share(lambda address: address)

    async def tried() -> list[int]:
        async with _served() as port:
            flood = asyncio.create_task(_flood(port, 15))
            while Costly.read[ATTACKER] < 50:  # the flood's connections are new no longer
                await asyncio.sleep(0.05)
            reader, writer = await _connected(port, ATTACKER)
            meanwhile = []
            for _ in range(4):
                before = Costly.read[ATTACKER]
                writer.write(b"ask")
                await reader.read(100)
                meanwhile.append(Costly.read[ATTACKER] - before)
            flood.cancel()
            with suppress(asyncio.CancelledError):
                await flood
            return meanwhile

    *first, later = asyncio.run(tried())
    assert max(first) < 6
    assert later > 10


def test_requests_of_an_address_that_has_used_its_share_wait_and_those_of_others_do_not() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        pass

    async def asked(address: str) -> float:
        began = time.monotonic()
        scope = {"type": "http", "headers": [], "client": (address, 0)}
        await middleware.Requests(app)(scope, receive, send)
        return time.monotonic() - began

    event_loop.share(lambda address: "")

    async def tried() -> tuple[float, float]:
        for address in ("192.0.2.1", "192.0.2.3"):
            event_loop.charge(address, 0.4)
        return await asked("192.0.2.1"), await asked("192.0.2.2")

    attacker, other = asyncio.run(tried())
    assert 0.3 < attacker < 0.8
    assert other < 0.1


def test_an_address_has_all_of_the_time_while_nobody_else_wants_any(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(event_loop, "_clock", clock)
    shares = event_loop._Shares()
    share = shares.of("192.0.2.1")

    def passes(seconds: float, others: bool) -> float:
        """How much of so many seconds the address has, which has as much to do as comes."""
        used = 0.0
        for step in range(int(seconds * 100)):
            clock.now += 0.01
            if others and step % 10 == 0:
                shares.charge(None if step % 20 else "192.0.2.2", 0.0001)
            if not share._seconds():
                shares.charge("192.0.2.1", 0.01)
                used += 0.01
        return used

    assert passes(10, others=False) == pytest.approx(10, abs=0.05)
    in_the_long_run = limits.value("event loop") / 100
    assert passes(10, others=True) == pytest.approx(10 * in_the_long_run, abs=0.3)  # at once, and nothing is given back
    assert passes(10, others=False) == pytest.approx(10, abs=0.6)
    assert not share.has_some()  # it goes on one step at a time
    passes(100, others=False)
    assert passes(100, others=False) == pytest.approx(100 * in_the_long_run, rel=0.05)


def test_an_address_whose_requests_a_proxy_brings_has_all_of_the_time_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_TRUSTED_PROXIES", ATTACKER)
    event_loop.share(server._charged)

    async def tried() -> list[bool]:
        async with _served() as port:
            reader, writer = await _connected(port, ATTACKER)
            alone = []
            for _ in range(10):
                writer.write(b"one of a school's requests")
                await reader.read(100)
                event_loop.charge("192.0.2.1", 0.01)  # what is done for it
                alone.append(event_loop._shares._is_alone("192.0.2.1"))
            writer.close()
            return alone

    assert asyncio.run(tried()) == [True] * 10


def test_150_phones_behind_one_address_do_not_wait_for_the_event_loop() -> None:
    opening, looking = 0.13, 0.0035  # seconds of the event loop that a phone's page takes, as measured in a browser
    assert 150 * opening < limits.first("event loop")
    assert 75 * looking < limits.value("event loop") / 100


class Counted:
    """The end of a socket, and how often something was sent by it."""

    def __init__(self, end: socket.socket) -> None:
        self.end, self.sent = end, 0

    def send(self, data: bytes) -> int:
        self.sent += 1
        return self.end.send(data)

    def close(self) -> None:
        self.end.close()


@pytest.mark.parametrize(("once", "most"), [(False, 1000), (True, 3)])
def test_threads_wake_the_event_loop_once_for_all_that_they_ask_of_it(once: bool, most: int) -> None:
    if once:
        event_loop.wake_once()
    heard = list[int]()

    def ask(loop: asyncio.AbstractEventLoop) -> None:
        for number in range(1000):
            loop.call_soon_threadsafe(heard.append, number)

    async def busy() -> int:
        loop = asyncio.get_running_loop()
        counted = loop._csock = Counted(loop._csock)  # type: ignore[attr-defined]
        asking = threading.Thread(target=ask, args=(loop,))
        asking.start()
        asking.join()  # the loop has no time to hear
        sent = counted.sent
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return sent

    assert asyncio.run(busy()) in range(1, most + 1)
    assert heard == [*range(1000)]


def test_whatever_threads_ask_of_an_event_loop_that_waits_is_done_at_once() -> None:
    event_loop.wake_once()
    done = Counter[int]()

    async def work() -> None:
        loop = asyncio.get_running_loop()

        def ask(thread: int) -> None:
            for number in range(500):
                answered = threading.Event()
                loop.call_soon_threadsafe(answered.set)
                assert answered.wait(5)
                done[thread] += 1
                time.sleep(0.001 * (number % 3))

        async with asyncio.TaskGroup() as asking:
            for thread in range(8):
                asking.create_task(asyncio.to_thread(ask, thread))

    asyncio.run(asyncio.wait_for(work(), 60))
    assert done == dict.fromkeys(range(8), 500)


def test_a_connection_that_is_refused_makes_nothing() -> None:
    event_loop.admit_connections(lambda address: address != ATTACKER)

    async def tried() -> None:
        async with _served() as port:
            for _ in range(150):  # more than are refused at a time
                reader, writer = await _connected(port, ATTACKER)
                with suppress(ConnectionError):
                    assert await asyncio.wait_for(reader.read(1), 5) == b""
                writer.close()
            assert not Costly.read
            await _ask(port, HONEST, 2)

    asyncio.run(tried())
    assert Costly.read == {HONEST: 2}
