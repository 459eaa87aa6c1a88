"""Long-lived workers: each of their threads owns what only one may touch, and takes one job at a time, in order."""

import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from types import GeneratorType
from typing import Any, Generic, TypeVar

__all__ = ["CancelledError", "Job", "Progress", "Worker", "once"]

Made = TypeVar("Made")
Owned = TypeVar("Owned")
Result = TypeVar("Result")

_TELLING = 0.05  # the share of a job from which on its time can be told

Progress = Callable[[float], None]
"""Told the fraction done, 0 to 1; raises CancelledError where nobody waits for the result any more."""


class once(Generic[Made]):
    """Makes what a function without arguments makes at the first call, and gives the same to every thread from then on.

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
        """What was made, by the first call of all threads."""
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]

    def clear(self) -> None:
        """Forget what was made: the next call makes another. For tests, which begin anew."""
        with self._lock:
            self._made.clear()


class Job(Generic[Result]):
    """Work that a worker was given. `progress` is the fraction done, 0 to 1."""

    def __init__(self, queue: list["Job[Any]"]) -> None:
        self.progress = 0.0
        self.future: Future[Result] = Future()
        self._queue = queue
        self._unwanted = threading.Event()
        self._begun: float | None = None

    @property
    def seconds_left(self) -> float | None:
        """About how long it still takes, if it goes on as it went; None where too little was done to tell."""
        if self._begun is None or self.progress < _TELLING:
            return None
        return (time.monotonic() - self._begun) * (1 - self.progress) / self.progress

    @property
    def place(self) -> int:
        """How many jobs came before it and are not done; 0 for one that is done itself."""
        try:
            return self._queue.index(self)
        except ValueError:
            return 0

    @property
    def done(self) -> bool:
        """Whether it has a result or an error, or was cancelled."""
        return self.future.done()

    def wait(self, seconds: float) -> bool:
        """Whether it is done, waiting for at most so many seconds."""
        wait([self.future], seconds)
        return self.done  # also where it was cancelled in the queue, of which `wait` does not know yet

    def wanted(self) -> bool:
        """Whether it has a result or is to have one: it neither failed nor was cancelled."""
        if not self.done:
            return not self._unwanted.is_set()  # else it stops at its next report
        return not (self.future.cancelled() or self.future.exception())

    def result(self, timeout: float | None = None) -> Result:
        """Wait for what the work returns, or raise what it raised.

        Raises TimeoutError after `timeout` seconds, CancelledError where the job was cancelled.
        """
        return self.future.result(timeout)

    def cancel(self) -> None:
        """Give up the place in the queue, or stop at the work's next report of progress."""
        self._unwanted.set()
        self.future.cancel()

    def report(self, fraction: float) -> None:
        """Note the fraction done; raises CancelledError where the job was cancelled meanwhile."""
        if self._unwanted.is_set():
            raise CancelledError
        self._begun = self._begun or time.monotonic()
        self.progress = fraction


class Worker(Generic[Owned]):
    """Threads that live as long as the process, by default one, and what each of them owns.

    `make` runs in a thread before its first job. Where it fails, that job raises its error; the next tries again.
    """

    def __init__(self, make: Callable[[], Owned], name: str, threads: int = 1) -> None:
        self._make = make
        self._own = threading.local()
        self._queue: list[Job[Any]] = []
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)

    def submit(self, work: Callable[[Owned, Progress], Result | Generator[None, None, Result]]) -> Job[Result]:
        """Queue `work`, to be called with what the worker owns and with a function to report progress to.

        Work may be a generator, which returns the result: wherever it yields, it goes back to the end of the queue, so
        that nobody waits for all of a long job.
        """
        job: Job[Result] = Job(self._queue)
        self._queue.append(job)
        job.future.add_done_callback(lambda _: self._queue.remove(job))
        self._threads.submit(self._begin, job, work)
        return job

    def _begin(
        self, job: Job[Result], work: Callable[[Owned, Progress], Result | Generator[None, None, Result]]
    ) -> None:
        if not job.future.set_running_or_notify_cancel():
            return
        try:
            if not hasattr(self._own, "it"):
                self._own.it = self._make()
            job.report(0.0)
            found = work(self._own.it, job.report)
        except BaseException as error:
            job.future.set_exception(error)
            return
        if isinstance(found, GeneratorType):
            self._go_on(job, found)
        else:
            job.future.set_result(found)  # type: ignore[arg-type]

    def _go_on(self, job: Job[Result], parts: Generator[None, None, Result]) -> None:
        try:
            job.report(job.progress)
            next(parts)
        except StopIteration as end:
            job.future.set_result(end.value)
        except BaseException as error:
            parts.close()
            job.future.set_exception(error)
        else:
            self._queue.remove(job)
            self._queue.append(job)
            self._threads.submit(self._go_on, job, parts)
