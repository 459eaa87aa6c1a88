"""Whose script computes next: few at a time, addresses in turn, and of each the browser that had the least lately."""

import asyncio
import contextlib
import contextvars
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
import streamlit as st

from explainer import jobs, limits
from explainer.ui import browser, server, turns


async def runs_in_a_second(computing: turns.Computing, address: str, runs: int, seconds: float) -> int:
    """How many runs, each of so many seconds, the pages of an address get within a second."""
    done = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            for _ in range(runs):
                await computing.turn(address)
                computing.begin(address).end(seconds)
                done += 1
    return done


@pytest.mark.slow
def test_an_address_that_computes_without_pause_waits_and_others_do_not() -> None:
    computing = turns.Computing()
    assert 40 <= asyncio.run(runs_in_a_second(computing, "192.0.2.1", 100, 0.5)) <= 42
    assert asyncio.run(runs_in_a_second(computing, "192.0.2.1", 100, 0.5)) <= 2
    assert asyncio.run(runs_in_a_second(computing, "192.0.2.2", 20, 0.1)) == 20
    assert asyncio.run(runs_in_a_second(computing, "", 100, 0.5)) == 100  # the server's own computer


class Class:
    """Pages of one address that are open; `waited` has the seconds that a press of each browser waited."""

    def __init__(self) -> None:
        self.computing, self.waited = turns.Computing(), list[tuple[str, float]]()
        self.going = self.most = 0

    async def press(self, this: str, seconds: float) -> None:
        began = time.monotonic()
        await self.computing.turn("192.0.2.1", this)
        self.waited.append((this, time.monotonic() - began))
        run = entered(self.computing, "192.0.2.1", this, waits=lambda: False)  # this thread has the event loop
        self.going += 1
        self.most = max(self.most, self.going)
        await asyncio.sleep(seconds)
        self.going -= 1
        run.end(seconds)

    async def hold(self, pages: int, seconds: float, same_browser: bool) -> None:
        """Pages that ask for runs without pause, while a neighbour who was there before presses now and then."""

        async def page(number: int) -> None:
            while True:
                await self.press("one" if same_browser else f"one {number}", seconds)

        await self.press("neighbour", 0.01)
        self.computing._lately.add("192.0.2.1", "neighbour", -0.5)  # who has been here for a minute
        asking = [asyncio.create_task(page(number)) for number in range(pages)]
        await asyncio.sleep(1)
        for _ in range(4):
            await self.press("neighbour", 0.01)
            await asyncio.sleep(0.1)
        for each in asking:
            each.cancel()


@pytest.mark.parametrize("same_browser", [True, False])
def test_a_neighbour_at_the_same_address_does_not_wait_for_one_who_computes_without_pause(
    same_browser: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns.Computing, "_FIRST", 1.0)
    pages = Class()
    asyncio.run(pages.hold(100, 0.2, same_browser))
    assert max(seconds for this, seconds in pages.waited if this == "neighbour") < 1
    assert len(pages.waited) < 30  # the others wait


def test_few_pages_of_an_address_compute_at_the_same_time() -> None:
    async def all_at_once(pages: Class) -> None:
        await asyncio.gather(*(pages.press(f"{number}", 0.05) for number in range(100)))

    pages = Class()
    asyncio.run(all_at_once(pages))
    assert pages.most == 8
    assert len(pages.waited) == 100


def entered(
    computing: turns.Computing, address: str, this: str = "", waits: Callable[[], bool] = lambda: True
) -> turns.Run:
    """A run whose script has started."""
    run = computing.begin(address, this, waits)
    run.enter()
    return run


def test_few_pages_compute_at_a_time_wherever_they_are_and_who_came_first_goes_first() -> None:
    computing, begun, most = turns.Computing(), list[int](), 0
    going = Counter[str]()

    def page(number: int) -> None:
        nonlocal most
        run = entered(computing, f"192.0.2.{number}")
        begun.append(number)
        going["now"] += 1
        most = max(most, going["now"])
        time.sleep(0.05)
        going["now"] -= 1
        run.end(0.05)

    threads = [threading.Thread(target=page, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
        time.sleep(0.001)
    for thread in threads:
        thread.join(10)
    assert most == limits.value("scripts")
    # Two that are let in at the same time may be told so in either order.
    assert all(abs(place - number) <= 3 for place, number in enumerate(begun))
    assert len(begun) == 60


def test_pages_that_wait_for_something_keep_others_from_computing_for_a_second_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computing = turns.Computing()
    places = int(limits.value("scripts"))
    stuck = [entered(computing, f"192.0.2.{number}") for number in range(places)]
    began = time.monotonic()
    entered(computing, "192.0.2.100").end(0.01)
    assert 0.3 < time.monotonic() - began < 5
    monkeypatch.setattr(turns._Line, "_WHILE", 8.0)
    presenter = time.monotonic()
    entered(computing, "192.0.2.101", waits=lambda: False).end(0.01)
    assert time.monotonic() - presenter < 4
    for run in stuck:
        with run.pause():
            pass
        run.end(0.01)
    began = time.monotonic()
    for number in range(places):
        entered(computing, f"192.0.2.{number}")
    assert time.monotonic() - began < 4


def test_a_run_that_waited_for_a_job_goes_on_when_few_others_compute() -> None:
    computing, job, waiting, went_on = turns.Computing(), threading.Event(), list[str](), list[str]()

    def page(begin: Callable[..., turns.Run], address: str) -> None:
        run = begin(address)
        with run.pause():
            waiting.append(address)
            job.wait(10)
        went_on.append(address)
        run.end(0.0)

    threads = [threading.Thread(target=page, args=(partial(entered, computing), f"192.0.2.{n}")) for n in range(9)]
    # One that waits for something in what was pressed has not waited for others yet.
    threads.append(threading.Thread(target=page, args=(computing.begin, "203.0.113.1")))
    for thread in threads:
        thread.start()
    while len(waiting) < len(threads):
        time.sleep(0.01)
    computes = [entered(computing, f"198.51.100.{number}") for number in range(int(limits.value("scripts")))]
    job.set()
    while not went_on:
        time.sleep(0.01)
    time.sleep(0.1)  # in which others would go on as well
    assert went_on == ["203.0.113.1"]
    for run in computes:
        run.end(0.0)
    for thread in threads:
        thread.join(10)
    assert len(went_on) == 10


def test_a_run_that_begins_long_after_it_was_let_in_counts_as_one_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    computing, most = turns.Computing(), turns.Computing._AT_ONCE[1]
    let_in, going = 0, list[turns.Run]()
    for number in range(100):  # fragments, each of which waits for the end of its page's run
        if computing._lets_in("192.0.2.1", f"{number}"):
            let_in += 1
            now += 1
            computing._lets_in("192.0.2.1", "another")
            now += 1
            going.append(computing.begin("192.0.2.1", f"{number}", waits=lambda: False))
            if going[-1].run:
                going[-1].run.until = now + 1000  # as it waits in the line
    assert let_in == most
    for run in going:
        run.end(0.01)
    assert computing._accounts["192.0.2.1"].going == []
    assert computing._lets_in("192.0.2.1", "")


def test_hundreds_of_an_address_that_wait_to_compute_hold_up_nobody_elsewhere() -> None:
    computing, begun = turns.Computing(), list[str]()
    places = [entered(computing, f"192.0.2.{number}") for number in range(int(limits.value("scripts")))]

    def page(address: str) -> None:
        run = entered(computing, address)
        begun.append(address)
        run.end(0.0)

    threads = [threading.Thread(target=page, args=("198.51.100.1",)) for _ in range(100)]
    threads += [threading.Thread(target=page, args=(f"203.0.113.{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    places[0].end(0.0)  # so that one after another goes on
    for thread in threads:
        thread.join(10)
    assert len(begun) == 103
    assert max(begun.index(f"203.0.113.{number}") for number in range(3)) < 20
    for run in places[1:]:
        run.end(0.0)


def test_a_run_that_waits_for_others_holds_up_nobody() -> None:
    async def many() -> None:
        computing = turns.Computing()
        with contextlib.ExitStack() as waiting:
            async with asyncio.timeout(3):
                for number in range(100):
                    await computing.turn("192.0.2.1", f"{number}")
                    waiting.enter_context(computing.begin("192.0.2.1", f"{number}", waits=lambda: False).pause())
        assert not computing._lets_in("192.0.2.1", "")  # all of them go on

    asyncio.run(many())


def test_a_run_that_asks_for_a_job_that_is_done_counts_as_one_that_computes() -> None:
    computing, worker = turns.Computing(), jobs.Worker(list, "test")
    job = worker.submit(lambda owned, progress: 1)
    job.result(10)

    def page(number: int) -> None:
        run = computing.begin("192.0.2.1", f"{number}", waits=lambda: False)
        jobs.pauses.set(run.pause)
        assert job.wait(1)
        assert job.result() == 1

    let_in = 0
    for number in range(100):
        if computing._lets_in("192.0.2.1", f"{number}"):
            let_in += 1
            contextvars.copy_context().run(page, number)
    assert let_in == turns.Computing._AT_ONCE[1]


@pytest.mark.parametrize("asks", [True, False])
def test_a_run_pays_for_all_that_it_takes_whether_it_asked_for_its_turn_or_not(asks: bool) -> None:
    computing = turns.Computing()
    for _ in range(100):
        if asks:
            assert computing._lets_in("192.0.2.1", "")
        computing.begin("192.0.2.1").end(0.1)
    assert computing._accounts.of("192.0.2.1").pace.left == pytest.approx(computing._FIRST - 10, abs=1)


def test_who_waits_for_nobody_else_waits_for_what_the_same_page_pressed_and_no_longer() -> None:
    async def press() -> None:
        computing = turns.Computing()
        computing.charge("192.0.2.1", 1000, "a neighbour")
        await computing.turn("", "page 1")
        # Where a presenter is does count once a run begins.
        run = computing.begin("192.0.2.1", "page 1", waits=lambda: False)
        async with asyncio.timeout(5):
            await computing.turn("", "page 2")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.7):
                await computing.turn("", "page 1")
        run.enter()
        async with asyncio.timeout(5):
            await computing.turn("", "page 1")
            computing.begin("", "page 1").enter()
            await computing.turn("", "page 1")

    asyncio.run(press())


@pytest.mark.parametrize("address", ["192.0.2.1", ""])
@pytest.mark.parametrize("ends", ["at its end", "as it waits for a job"])
def test_what_is_pressed_on_a_page_that_was_never_drawn_waits_until_it_is(address: str, ends: str) -> None:
    async def asks(computing: turns.Computing, this: str = "page 1", patience: float = 5) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await computing.turn(address, this)
                return True
        return False

    async def press() -> None:
        computing = turns.Computing()
        await computing.turn(address, "page 1")
        run = computing.begin(address, "page 1", waits=lambda: False, first=True)
        run.enter()
        assert not await asks(computing, patience=0.7)
        assert await asks(computing, "page 2")
        async with asyncio.timeout(5):
            await computing.pressed(address, "page 1")  # a page that leaves has pressed nothing
        if ends == "at its end":
            run.end(0.1)
            assert await asks(computing)
        else:
            with run.pause():
                assert await asks(computing)

    asyncio.run(press())


def test_a_page_that_was_never_drawn_and_waits_in_line_keeps_its_press() -> None:
    computing = turns.Computing()
    others = [entered(computing, "192.0.2.1") for _ in range(int(limits.value("scripts")))]
    run = computing.begin("192.0.2.2", "page 1", first=True)
    waiting = threading.Thread(target=run.enter)
    waiting.start()
    time.sleep(0.2)
    assert run.run.drawing == math.inf
    for each in others:
        each.end(0)
    waiting.join()
    assert time.monotonic() < run.run.drawing < math.inf
    run.end(0)
    assert "page 1" not in computing._busy()


def test_of_runs_that_are_done_nothing_is_kept() -> None:
    computing = turns.Computing()
    for _ in range(100):
        entered(computing, "192.0.2.1", "a projector", lambda: False).end(0.001)
    assert len(computing._undone) <= 1


def test_an_address_pays_for_all_that_it_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    computing = turns.Computing()
    computing.charge("192.0.2.1", 90.0)  # many that went on at the same time
    for number in range(limits.visitors() + 1):
        computing.charge(f"198.51.100.{number}", 1.0)
    for seconds, let_in in ((90, False), (10, True)):
        now += seconds
        computing.charge("203.0.113.1", 1.0)
        assert computing._lets_in("192.0.2.1", "") is let_in


def test_150_phones_of_one_address_that_look_every_two_seconds_wait_for_nothing() -> None:
    computing = turns.Computing()
    opening, looking = 0.02, 0.006  # what a phone's page takes
    assert asyncio.run(runs_in_a_second(computing, "192.0.2.1", 150, opening)) == 150
    assert asyncio.run(runs_in_a_second(computing, "192.0.2.1", 75, looking)) == 75
    assert 75 * looking < limits.value("computing") / 100 + 0.01


def test_the_run_in_which_the_presenters_key_was_given_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "COMPUTING", turns.Computing())
    monkeypatch.setattr(turns._Line, "_WHILE", 8.0)
    monkeypatch.setattr(browser, "recall", lambda name: None)
    monkeypatch.setitem(st.session_state, browser.PRESENTER, None)
    others = [entered(turns.COMPUTING, f"192.0.2.{number}") for number in range(int(limits.value("scripts")))]
    run = contextvars.copy_context().run(server._begin)
    st.session_state[browser.PRESENTER] = "as of a browser that takes no cookies"
    began = time.monotonic()
    run.enter()
    assert time.monotonic() - began < 4
    for each in (run, *others):
        each.end(0.01)


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> turns.Downloads:
    monkeypatch.setattr(turns, "COMPUTING", turns.Computing())
    return turns.Downloads()


def left(address: str) -> float:
    """The seconds that an address may compute."""
    return turns.COMPUTING._accounts.of(address).pace.left


def busy(seconds: float) -> str:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
    return "a file"


def test_addresses_take_turns_at_downloads_and_the_presenters_wait_for_none(downloads: turns.Downloads) -> None:
    held, made = threading.Event(), list[str]()

    def make(address: str) -> str:
        assert held.wait(20)
        time.sleep(0.03)
        made.append(address)
        return address

    async def all_at_once() -> None:
        addresses = [*["192.0.2.1"] * 12, *["192.0.2.2"] * 3, "192.0.2.3"]
        files = [
            asyncio.create_task(downloads.make(str(number), address, "", partial(make, address)))
            for number, address in enumerate(addresses)
        ]
        try:
            await asyncio.sleep(0.1)
            for this in ("a presenter", "another"):
                assert await asyncio.wait_for(downloads.make(this, "", this, lambda: "a record"), 2) == "a record"
            assert not made
        finally:
            held.set()
        assert await asyncio.gather(*files) == addresses

    asyncio.run(all_at_once())
    assert "192.0.2.3" in made[:5]
    assert made[-6:] == ["192.0.2.1"] * 6
    assert not downloads._open


def test_a_download_is_paid_for_by_what_it_took_and_one_that_fails_or_is_given_up_gives_the_rest_back(
    downloads: turns.Downloads,
) -> None:
    held = threading.Event()

    def fails() -> str:
        busy(0.1)
        raise ZeroDivisionError

    async def one_after_another() -> None:
        assert await downloads.make("page", "192.0.2.1", "one", lambda: busy(1.0)) == "a file"
        assert left("192.0.2.1") == pytest.approx(19.0 + 0.75, abs=0.6)
        with pytest.raises(ZeroDivisionError):
            await downloads.make("page", "192.0.2.2", "one", fails)
        assert left("192.0.2.2") == pytest.approx(19.9, abs=0.15)
        waiting = [
            asyncio.create_task(downloads.make("page", "192.0.2.3", "one", lambda: str(held.wait(20))))
            for _ in range(4)
        ]
        try:
            await asyncio.sleep(0.1)
            assert left("192.0.2.3") == pytest.approx(18, abs=0.2)
            for each in waiting:
                each.cancel()
            await asyncio.wait(waiting)
        finally:
            held.set()
        assert await downloads.make("page", "192.0.2.3", "one", lambda: "a file") == "a file"
        assert left("192.0.2.3") == pytest.approx(20, abs=0.1)

    asyncio.run(one_after_another())
    assert not downloads._open


def test_a_page_waits_for_a_few_downloads_at_a_time_and_another_page_for_its_own(downloads: turns.Downloads) -> None:
    held = threading.Event()

    async def ask(page: str) -> str:
        try:
            return await downloads.make(page, "192.0.2.1", "", lambda: str(held.wait(20)))
        except jobs.Unavailable as told:
            return str(told)

    async def ask_for_many() -> list[str]:
        asked = [asyncio.create_task(ask(page)) for page in ("one", "another") for _ in range(6)]
        await asyncio.sleep(0.1)
        held.set()
        return [*await asyncio.gather(*asked), await ask("one")]

    most = int(limits.value("downloads"))
    answered = asyncio.run(ask_for_many())
    for begin in (0, 6):
        refused = [each for each in answered[begin : begin + 6] if each != "True"]
        assert len(refused) == 6 - most
        assert all(each.startswith("Too many downloads at once.") for each in refused)
    assert answered[-1] == "True"
    assert not downloads._open


def test_of_an_address_so_many_downloads_wait_whichever_pages_asked_for_them(downloads: turns.Downloads) -> None:
    held = threading.Event()

    async def ask_for_many() -> tuple[int, str]:
        asked = [
            asyncio.create_task(downloads.make(str(page), "192.0.2.1", "", lambda: str(held.wait(20))))
            for page in range(80)
        ]
        await asyncio.sleep(0.5)
        refused = sum(each.done() and isinstance(each.exception(), jobs.Unavailable) for each in asked)
        other = asyncio.create_task(downloads.make("other", "192.0.2.2", "", lambda: "a file"))
        told = await asyncio.wait_for(other, 5)
        for each in asked:
            each.cancel()
        await asyncio.wait(asked)
        return refused, told

    try:
        assert asyncio.run(ask_for_many()) == (20, "a file")
    finally:
        held.set()
    assert not downloads._open


def test_downloads_of_all_pages_of_an_address_are_paced_together(downloads: turns.Downloads) -> None:
    held = threading.Event()

    async def pages(address: str) -> int:
        """How many of them stand in the line at once."""
        asked = [
            asyncio.create_task(downloads.make(f"{address} {page}", address, "", lambda: str(held.wait(20))))
            for page in range(60)
        ]
        await asyncio.sleep(0.5)
        within = len(downloads._others._queue)
        for each in asked:
            each.cancel()
        await asyncio.wait(asked)
        return within

    try:
        assert 40 <= asyncio.run(pages("192.0.2.1")) <= 42
        assert 40 <= asyncio.run(pages("192.0.2.2")) - len(downloads._others._queue) <= 42
    finally:
        held.set()
