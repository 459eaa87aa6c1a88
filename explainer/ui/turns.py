"""Shares the processor: whose script computes next, and whose download is made, among addresses and their browsers."""

import asyncio
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from explainer import jobs, limits
from explainer.limits import ByAddress, Pace


class _Line:
    """Lets few threads compute at a time; addresses take turns, and of each those go first that came first.

    Python runs one. Hundreds that ask for their turn each half millisecond use up the processor by asking: of six
    hundred pages that were opened together none was through after a minute. The event loop, which brings answers to
    browsers, is one of those who ask, so that few others may. Where no thread leaves for a while, because all of them
    wait for something, one more is let in.
    """

    _WHILE = 0.5  # seconds

    def __init__(self) -> None:
        self._free, self._left = int(limits.value("scripts")), time.monotonic()
        self._waiting: dict[str, deque[threading.Lock]] = {}  # by address, the one whose turn is next first
        self._lock = threading.Lock()

    def enter(self, address: str) -> None:
        """Wait for a place."""
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.setdefault(address, deque()).append(turn)
        while not turn.acquire(timeout=self._WHILE):
            with self._lock:
                now = time.monotonic()
                if now - self._left >= self._WHILE:
                    self._left = now
                    self._let_in()

    def leave(self) -> None:
        """Give a place to whoever is next."""
        with self._lock:
            self._free, self._left = self._free + 1, time.monotonic()
            if self._free > 0:
                self._let_in()

    def _let_in(self) -> None:
        address = next(iter(self._waiting), None)
        if address is None:
            return
        turns = self._waiting.pop(address)
        self._free -= 1
        turns.popleft().release()
        if turns:
            self._waiting[address] = turns  # behind all others


@dataclass(eq=False)
class _Run:
    """A run of a script that was let in: of which browser or page, until when it counts, and whether it has begun.

    `pressing` is until when something that was pressed may not be done yet, and `drawing` until when a page that was
    never drawn may not know yet what stands on it.
    """

    this: str
    until: float
    pressing: float = 0
    drawing: float = 0
    begun: bool = False


@dataclass
class _Account:
    """What the pages of an address compute: the pace of its seconds, runs that go on and that wait."""

    pace: Pace
    turns: int = 0  # that were paid for, and have not begun
    going: list[_Run] = field(default_factory=list)
    waiting: list[tuple[str, asyncio.Future[None]]] = field(default_factory=list)

    def is_rested(self) -> bool:
        """Whether nothing is to be known of it."""
        return not self.waiting and self.pace.is_rested()


class Computing:
    """Shares the processor among addresses, and what an address may take among its browsers.

    An address whose pages compute without pause waits, and of those that wait go first the pages of the browser that
    computed the least lately. What a run of a script will take nobody knows, so a little is taken for it, and the rest
    when it ended; few go on at a time, as many as the seconds that are left, so that this is never much. Any thread may
    charge; turns are given in the event loop. `this` tells who waits of an address: a browser, or a page.

    Whoever asks again waits until what was pressed before is done, also where it waits for nobody else and so has no
    address: Streamlit ends a run for the next one, and drops what was pressed if it was not looked at yet. So it does
    with a press on a page that it never drew, as when a browser comes back to a server that was started anew. Where it
    asks for the page first, as for those of rooms, the press waits until that is drawn, or waits for something itself.

    Of all addresses together few compute at a time as well, and take turns: see `_Line`.
    """

    _FIRST, _A_RUN = 20.0, 0.05  # seconds: at once; taken for a run
    _AT_ONCE = 2, 8  # runs of an address that go on at a time, at least and at most
    _TO_BEGIN, _LONGEST = 0.5, 2.0  # seconds that a run counts as one that goes on: until it begins, and from then on
    _PRESSED = 10.0  # seconds that the next press waits for the one before, which may wait for others
    _LOOK = 0.02  # seconds between two looks whether one may run

    def __init__(self) -> None:
        self._accounts = ByAddress(self._new, limits.visitors)
        self._undone: list[_Run] = []  # in which something that was pressed may not be done yet
        self._line = _Line()
        self._lately = jobs.Lately()
        self._serving: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()

    def begin(
        self, address: str, this: str = "", waits: Callable[[], bool] = lambda: True, first: bool = False
    ) -> "Run":
        """Note that a run begins, of a page that waits until few others compute, if it `waits` once that is asked.

        `first` says that its page was never drawn.

        One for which no turn was asked pays all that it takes as it ends.

        Of one whose browser had left, nobody knows where it was, and nothing is noted.
        """
        with self._lock:
            self._busy()  # forgets what is over
            going, paid = list[_Run](), 0.0
            if address:
                account = self._accounts.of(address)
                if account.turns:
                    account.turns, paid = account.turns - 1, self._A_RUN
                going = account.going
            asked = (each for each in (*going, *self._undone) if each.this == this and not each.begun)
            # Without one it begins late, behind its page's other run, or without having asked.
            run = next(asked, None) or _Run(this, math.inf)
            if run not in going:
                going.append(run)
            now = time.monotonic()
            run.begun, run.until, run.pressing = True, now + self._LONGEST, now + self._PRESSED
            run.drawing = run.pressing if first else 0
            self._note(run)
        return Run(self, address, this, run, waits, paid)

    def enter(self, address: str, run: _Run) -> None:
        """Wait, in the thread of a run, until few others compute."""
        run.until, first = math.inf, run.drawing > 0
        run.drawing = math.inf if first else 0
        self._line.enter(address)
        now = time.monotonic()
        run.until, run.drawing = now + self._LONGEST, now + self._PRESSED if first else 0

    def leave(self, address: str, run: _Run, in_line: bool) -> None:
        """Note that a run no longer computes."""
        if address:
            with self._lock:
                account = self._accounts.of(address)
                account.going = [each for each in account.going if each is not run]
        if in_line:
            self._line.leave()

    def come_back(self, address: str, run: _Run) -> None:
        """Note that a run goes on, so that others of its address wait for it."""
        run.until = time.monotonic() + self._LONGEST
        if address:
            with self._lock:
                self._accounts.of(address).going.append(run)

    def charge(self, address: str, seconds: float, this: str = "", paid: float = 0) -> None:
        """Note what a run took, and that its turn was paid for."""
        if not address:
            return
        with self._lock:
            self._accounts.of(address).pace.wait(seconds - paid)
            self._lately.add(address, this, seconds)

    async def turn(self, address: str, this: str = "") -> None:
        """Wait until what was pressed before is done, and until a page of an address, where there is one, may run."""
        if not address:
            await self._until_done(address, this, self._busy)
            with self._lock:
                self._hand_on(this)
            return
        with self._lock:
            account = self._accounts.of(address)
            if not account.waiting and this not in self._busy() and self._lets_in(address, this):
                return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        account.waiting.append((this, turn))
        if len(account.waiting) == 1:
            serving = asyncio.create_task(self._serve(address, account))
            self._serving.add(serving)
            serving.add_done_callback(self._serving.discard)
        await turn

    async def pressed(self, address: str, this: str) -> None:
        """Wait until what a browser, or a page, pressed is done: Streamlit drops it where the page goes before."""
        await self._until_done(address, this, self._pressing)

    async def _until_done(self, address: str, this: str, undone: Callable[[], set[str]]) -> None:
        end = time.monotonic() + self._PRESSED
        while this and time.monotonic() < end:
            with self._lock:
                waiting = self._accounts.of(address).waiting if address else ()
                if this not in undone() and this not in dict(waiting):
                    return
            await asyncio.sleep(5 * self._LOOK)

    async def _serve(self, address: str, account: _Account) -> None:
        """Give turns until nobody waits."""
        while account.waiting:
            account.waiting[:] = [each for each in account.waiting if not each[1].done()]  # some have left
            turn = self._next(address, account.waiting)
            if turn:
                turn.set_result(None)
            elif account.waiting:
                await asyncio.sleep(self._LOOK)

    def _next(self, address: str, waiting: list[tuple[str, asyncio.Future[None]]]) -> asyncio.Future[None] | None:
        """Whose turn it is, who waits no longer then; None where nobody may run yet."""
        turns: dict[str, asyncio.Future[None]] = {}
        with self._lock:
            busy = self._busy()
            for this, turn in waiting:
                if this not in busy:
                    turns.setdefault(this, turn)
            first = self._lately.first(address, turns) if turns else ""
            if not turns or not self._lets_in(address, first):
                return None
            self._lately.take(address, first)
        waiting.remove((first, turns[first]))
        return turns[first]

    def _lets_in(self, address: str, this: str) -> bool:
        account, now = self._accounts.of(address), time.monotonic()
        left = account.pace.left
        account.going = [each for each in account.going if each.until > now]
        least, most = self._AT_ONCE
        if left <= 0 or len(account.going) >= min(most, max(least, int(left))):
            return False
        account.pace.wait(self._A_RUN)
        account.turns += 1
        account.going.append(self._hand_on(this))
        return True

    def _hand_on(self, this: str) -> _Run:
        """Note that a run was asked for, which is to begin."""
        soon = time.monotonic() + self._TO_BEGIN
        run = _Run(this, soon, soon)
        self._note(run)
        return run

    def _note(self, run: _Run) -> None:
        if run.this and run not in self._undone:
            self._undone.append(run)

    def _pressing(self) -> set[str]:
        """Of whom something was handed on that is not done yet."""
        now = time.monotonic()
        return {each.this for each in self._undone if each.pressing > now}

    def _busy(self) -> set[str]:
        """Those, and of whom a page is being drawn that was never drawn."""
        now = time.monotonic()
        self._undone = [each for each in self._undone if max(each.pressing, each.drawing) > now]
        return {each.this for each in self._undone}

    def _new(self, address: str) -> _Account:
        return _Account(Pace(self._FIRST, limits.value("computing") / 100))


@dataclass
class Run:
    """A run of a script that goes on; `in_line` while it keeps others from computing."""

    computing: Computing
    address: str
    this: str
    run: _Run
    waits: Callable[[], bool]
    paid: float
    in_line: bool = False

    def enter(self) -> None:
        """Wait in its thread until few others compute, once what was pressed is done."""
        self._is_done()
        if not self.in_line and self.waits():
            self.computing.enter(self.address, self.run)
            self.in_line = True

    @contextmanager
    def pause(self) -> Iterator[None]:
        """While it waits for what others do it does not compute; then it waits until few others do."""
        in_line = self.in_line  # what was pressed is done before it is
        self.run.drawing = 0
        self._leave()
        try:
            yield
        finally:
            self.computing.come_back(self.address, self.run)
            if in_line:
                self.enter()

    def _leave(self) -> None:
        self.computing.leave(self.address, self.run, self.in_line)
        self.in_line = False

    def _is_done(self) -> None:
        self.run.pressing = 0

    def end(self, seconds: float) -> None:
        """It has ended, and computed for so many seconds."""
        self._is_done()
        self.run.drawing = 0
        self._leave()
        self.computing.charge(self.address, seconds, self.this, self.paid)


COMPUTING = Computing()
"""What the pages of each address compute."""


class Downloads:
    """Makes the files that pages download, in threads of its own, for which addresses take turns.

    One address has one of them at a time, so that another is left for others; those of the presenter and of this
    computer are apart. None stands in the line of those that compute: a file is made in one piece, of seconds at
    worst, and two of them would keep every page waiting.
    """

    _OF_ADDRESS = 60  # that wait, of all pages of an address: those of pages that have left wait on
    _TAKEN = 0.5  # seconds that are taken for one while nobody knows what it takes, so that few wait of an address

    def __init__(self) -> None:
        self._first, self._others = (jobs.Worker(lambda: None, "download", threads=2, most=1) for _ in range(2))
        self._open = Counter[str]()  # by session, and by address

    async def make(self, session: str, address: str, this: str, make: Callable[[], str]) -> str:
        """What `make` gives, for a page of an address, or of one that waits for nobody: "". In a task of its own.

        Raises jobs.Unavailable where the page waits for too many already.
        """
        of_address = f"address {address}"
        if self._open[session] >= limits.value("downloads") or (address and self._open[of_address] >= self._OF_ADDRESS):
            raise jobs.Unavailable("Too many downloads at once. Wait until one of them is there.")

        def work(nothing: None, progress: jobs.Progress) -> str:
            began = time.thread_time()
            try:
                return make()
            finally:
                COMPUTING.charge(address, time.thread_time() - began, this)

        with limits.counted(self._open, session), limits.counted(self._open, of_address):
            await COMPUTING.turn(address, this)
            COMPUTING.begin(address, this).end(0)
            COMPUTING.charge(address, 0, this, paid=-self._TAKEN)
            try:
                jobs.owner.set(address or f"presenter {this}")
                jobs.member.set(this)
                return await asyncio.wrap_future((self._others if address else self._first).submit(work).future)
            finally:
                COMPUTING.charge(address, 0, this, paid=self._TAKEN)


DOWNLOADS = Downloads()
"""What makes the files that pages download."""
