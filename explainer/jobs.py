"""Work in the background: a worker's threads each own what only one thread may use, and take turns among its owners."""

import copy
import threading
import time
import traceback
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import ContextVar
from functools import partial
from itertools import count
from pathlib import Path
from types import GeneratorType
from typing import Any, Generic, TypeVar

__all__ = [
    "CancelledError",
    "Job",
    "Lately",
    "Parts",
    "Progress",
    "Unavailable",
    "Worker",
    "member",
    "once",
    "owner",
    "pauses",
    "whole",
]

Made = TypeVar("Made")
Owned = TypeVar("Owned")
Result = TypeVar("Result")

_LEAST_DONE = 0.05  # the share of a job that must be done before the time it still takes can be estimated

Progress = Callable[[float], None]
"""Call it with the fraction done, 0 to 1. It raises CancelledError once nobody waits for the result any more."""

Parts = Generator[None, Any, Result]
"""Work that can be interrupted where it yields, and returns what it found."""


def whole(parts: Parts[Result]) -> Result:
    """What parts find, all of them done at once."""
    while True:
        try:
            next(parts)
        except StopIteration as end:
            found: Result = end.value
            return found


class Unavailable(Exception):
    """Raised where what does the work cannot be reached, or takes no more, in a sentence for the visitor."""


owner: ContextVar[str] = ContextVar("owner", default="")
"""For whom this thread submits jobs: those of one owner wait for each other, and hardly for those of another."""

member: ContextVar[str] = ContextVar("member", default="")
"""Which one of an owner's: those of a member who had little lately go first among the owner's."""

pauses: ContextVar[Callable[[], AbstractContextManager[None]]] = ContextVar("pauses", default=nullcontext)
"""Makes what this thread is in while it waits for what others do."""


class Lately:
    """Seconds of work that each of many had lately: what they had counts half after a minute.

    One that was not known counts as one that had a second: names cost nothing. Of `most` something is known, those that
    had something last. One thread at a time.
    """

    _NEW, _HALF = 1.0, 60.0

    def __init__(self, most: int = 5000) -> None:
        self._most = most
        self._known: OrderedDict[int, tuple[float, float]] = OrderedDict()  # by a digest: no address stays here
        self._after_new: set[int] = set()  # owners whose last turn went to a member that was not known

    def of(self, owner: str, member: str) -> float:
        """The seconds of an owner's member."""
        now = time.monotonic()
        had, at = self._known.get(hash((owner, member)), (self._NEW, now))
        return had * float(0.5 ** ((now - at) / self._HALF))

    def add(self, owner: str, member: str, seconds: float) -> None:
        """Count some more."""
        key = hash((owner, member))
        self._known[key] = self.of(owner, member) + seconds, time.monotonic()
        self._known.move_to_end(key)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def first(self, owner: str, members: Iterable[str]) -> str:
        """Which of an owner's members has the next turn: who had the least, or, every second time, the first new one.

        So neither do new names without end keep out who is known, nor those who are known keep out who is new.
        """
        known, new = list[str](), list[str]()
        for member in members:
            (known if hash((owner, member)) in self._known else new).append(member)
        if new and (not known or hash(owner) not in self._after_new):
            return new[0]
        return min(known, key=partial(self.of, owner))

    def take(self, owner: str, member: str) -> None:
        """Note that a member had the turn."""
        if hash((owner, member)) in self._known:
            self._after_new.discard(hash(owner))
        elif len(self._after_new) < self._most:
            self._after_new.add(hash(owner))


class once(Generic[Made]):
    """Calls a function without arguments once, at the first call, and gives its result to every thread from then on.

    >>> numbers = once(list)
    >>> numbers() is numbers()
    True
    """

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._lock = threading.RLock()
        self._made: list[Made] = []
        self.__doc__ = make.__doc__

    def __call__(self) -> Made:
        """The result of the function, which the first call of all threads computes."""
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]

    def clear(self) -> None:
        """Forget the result: the next call computes another. Tests use it to start afresh."""
        with self._lock:
            self._made.clear()


class Job(Generic[Result]):
    """Work handed to a worker. `progress` is the fraction done, 0 to 1.

    `ahead` is how many jobs another computer says it does before it; None where no other computer does it.
    """

    def __init__(self, queue: "_Queue", number: int) -> None:
        self.progress = 0.0
        self.ahead: int | None = None
        self.future: Future[Result] = Future()
        self.owner, self.member = owner.get(), member.get()
        self._queue, self._number = queue, number
        self._held = False  # whether it waits for another job to be over, behind all that do not
        self._unwanted = threading.Event()
        self._begun: float | None = None

    @property
    def seconds_left(self) -> float | None:
        """About how long it still takes at the pace so far; None while too little is done to estimate."""
        if self._begun is None or self.progress < _LEAST_DONE:
            return None
        return (time.monotonic() - self._begun) * (1 - self.progress) / self.progress

    @property
    def place(self) -> int:
        """How many unfinished jobs are ahead of it, as each owner has one job a turn; 0 for one that is done.

        An owner's members are taken to have one job a turn of the owner's. Of very many it may be half a second old.
        """
        if self._number not in self._queue:
            return 0
        return self._queue.place(self._number) if self.ahead is None else self.ahead

    @property
    def done(self) -> bool:
        """Whether it is over: it has a result or an error, or was cancelled."""
        return self.future.done()

    def wait(self, seconds: float, soon: float = 0) -> bool:
        """Wait at most so many seconds, the first `soon` of them outside of a pause, and tell whether it is done."""
        soon = min(seconds, soon)
        for pause, part in ((nullcontext, soon), (pauses.get(), seconds - soon)):
            if part and not self.done:
                # `concurrent.futures.wait` overlooks a job that is cancelled while it is in the queue.
                with pause(), suppress(TimeoutError, CancelledError):
                    self.future.exception(part)
        return self.done

    def wanted(self) -> bool:
        """Whether it has a result or will have one: it neither failed nor was cancelled."""
        if not self.done:
            return not self._unwanted.is_set()  # a cancelled job stops at its next report
        return not (self.future.cancelled() or self.future.exception())

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the work to end; return its result, or raise its error.

        Raises TimeoutError after `timeout` seconds, and CancelledError if the job was cancelled.
        """
        with nullcontext() if self.done else pauses.get()():
            error = self.future.exception(timeout)
        if error is None:
            return self.future.result()
        # The frames of whoever waits hang on what is raised: on a copy, as the job would hold them.
        with suppress(Exception):  # of one that cannot be copied, on itself
            error = copy.copy(error)
        raise error

    def cancel(self) -> None:
        """Take it out of the queue or, if it has begun, end it at its next report of progress."""
        self._unwanted.set()
        self.future.cancel()

    def report(self, fraction: float, ahead: int | None = None) -> None:
        """Store the fraction done. Raises CancelledError if the job was cancelled meanwhile."""
        if self._unwanted.is_set():
            raise CancelledError
        self._begun = self._begun or time.monotonic()
        self.progress, self.ahead = fraction, ahead


class _Queue(dict[int, Job[Any]]):
    """A worker's unfinished jobs by their numbers, in the order in which they wait."""

    _FEW, _KEPT = 50, 0.5  # jobs that are put in their order at each look; seconds that the order of more is kept

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[int, int] = {}
        self._until = 0.0

    def place(self, number: int) -> int:
        """How many are ahead of one. Any thread may ask, and each page that waits does so several times a second."""
        now = time.monotonic()
        if len(self) <= self._FEW or now >= self._until:
            self._until = now + self._KEPT
            waiting = sorted(self.copy().values(), key=lambda job: job._held)
            of_members = _in_turns(waiting, lambda job: (job.owner, job.member))
            in_turns = _in_turns(of_members, lambda job: job.owner)
            self._places = {job._number: place for place, job in enumerate(in_turns)}
        return self._places.get(number, len(self._places))  # one that came since is the last


def _in_turns(some: "Sequence[Job[Any]]", whose: "Callable[[Job[Any]], object]") -> "list[Job[Any]]":
    """Jobs in the order in which they are done where each of whose they are has one a turn."""
    turns: Counter[object] = Counter()
    places: list[int] = []
    for each in some:
        places.append(turns[whose(each)])
        turns[whose(each)] += 1
    return [some[at] for at in sorted(range(len(some)), key=places.__getitem__)]


class Worker(Generic[Owned]):
    """Threads that live as long as the process, by default one; each owns what `make` returned to it.

    `make` runs in a thread before its first job. If it fails, that job raises the error, and the next job tries again.
    At most `most` threads, by default all, work for one owner at a time.
    """

    def __init__(self, make: Callable[[], Owned], name: str, threads: int = 1, most: int | None = None) -> None:
        self._make = make
        self._own = threading.local()
        self._queue = _Queue()
        self._work: dict[int, Callable[[Owned, Progress], Any]] = {}  # what has not begun, by its number in the queue
        self._numbers = count()
        # By owner, the one whose turn is next first; then by member.
        self._waiting: dict[str, dict[str, deque[tuple[Job[Any], Callable[[], None]]]]] = {}
        self._lately = Lately()
        self._most = most or threads
        self._working = Counter[str]()  # threads, by owner
        self._idle = threads  # that take no turns
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)

    def submit(
        self, work: Callable[[Owned, Progress], Result | Parts[Result]], after: Job[Any] | None = None
    ) -> Job[Result]:
        """Put `work` into the queue. It is called with what the thread owns, and with a function to report progress.

        Owners take turns, so that nobody waits for all that somebody else asked for; in an owner's turn goes who had
        the least of its members lately. Work may be a generator that returns the result. Each time it yields, it goes
        back to the end of the queue, so that nobody waits for the whole of a long job. As another thread may take it up
        again, it is sent what that thread owns.
        It waits for its first turn until the job `after` is over, however that ended.
        """
        number = next(self._numbers)
        job: Job[Result] = Job(self._queue, number)
        self._queue[number] = job
        # The future does not hold its job, which holds it: a photo would stay until such circles are looked for.
        job.future.add_done_callback(lambda _: (self._queue.pop(number), self._work.pop(number, None)))
        self._work[number] = work
        if after is None:
            self._line_up(number)
        else:
            job._held = True
            after.future.add_done_callback(lambda _: self._line_up(number))  # it holds no job: its future may stay
        return job

    def _line_up(self, number: int) -> None:
        if job := self._queue.get(number):  # else it was cancelled while it waited for another
            job._held = False
            self._put(job, partial(self._begin, job, number))

    def _put(self, job: Job[Any], step: Callable[[], None]) -> None:
        with self._lock:
            self._waiting.setdefault(job.owner, {}).setdefault(job.member, deque()).append((job, step))
            if self._idle:
                self._threads.submit(self._take_turn)
                self._idle -= 1

    def _take_turn(self) -> None:
        """Do what is next, and go on until there is nothing that one more thread may do."""
        with self._lock:
            owner = next((each for each in [*self._waiting] if self._has_turn(each)), None)
            if owner is None:
                self._idle += 1
                return
            members = self._waiting.pop(owner)
            member = self._lately.first(owner, members)
            self._lately.take(owner, member)
            steps = members.pop(member)
            _, step = steps.popleft()
            if steps:
                members[member] = steps
            if members:
                self._waiting[owner] = members  # behind all others
            self._working[owner] += 1
        began = time.monotonic()
        try:
            step()
        finally:
            with self._lock:
                self._lately.add(owner, member, time.monotonic() - began)
                self._working -= Counter([owner])
            self._threads.submit(self._take_turn)

    def _has_turn(self, owner: str) -> bool:
        """Whether an owner that waits may have a turn now; what was given up before it began leaves its line."""
        if self._working[owner] >= self._most:
            return False
        members = self._waiting[owner]
        for member, steps in [*members.items()]:
            while steps and steps[0][0].done:
                steps.popleft()
            if not steps:
                del members[member]
        if not members:
            del self._waiting[owner]
        return bool(members)

    def _begin(self, job: Job[Result], number: int) -> None:
        if not job.future.set_running_or_notify_cancel():
            return
        work = self._work.pop(number)
        try:
            owned = self._owned()
            job.report(0.0)
            found = work(owned, job.report)
        except BaseException as error:
            job.future.set_exception(_without_frames(error))
            return
        if isinstance(found, GeneratorType):
            self._go_on(job, number, found)
        else:
            job.future.set_result(found)

    def _owned(self) -> Owned:
        """What this thread owns."""
        if not hasattr(self._own, "it"):
            self._own.it = self._make()
        owned: Owned = self._own.it
        return owned

    def _go_on(self, job: Job[Result], number: int, parts: Parts[Result], begun: bool = False) -> None:
        try:
            job.report(job.progress)
            parts.send(self._owned() if begun else None)
        except StopIteration as end:
            job.future.set_result(end.value)
        except BaseException as error:
            try:
                parts.close()
            finally:
                job.future.set_exception(_without_frames(error))
        else:
            self._queue[number] = self._queue.pop(number)  # the last one now
            self._put(job, partial(self._go_on, job, number, parts, begun=True))


def _without_frames(error: BaseException) -> BaseException:
    """An error without its frames, but with a note of the lines that led to it.

    Frames hold the job, which holds the error, and others a photo: it would stay until such circles are looked for.
    """
    lines = (f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__))
    error.add_note(" < ".join(reversed([*lines])))
    chain: list[BaseException | None] = [error]
    for caught in chain:
        if caught is not None:
            caught.__traceback__ = None
            chain += [each for each in (caught.__cause__, caught.__context__) if each not in chain]
    return error
