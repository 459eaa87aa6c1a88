"""A model of a crowd of light use as queues, fitted on a run with few visitors, which predicts a run with many (SimPy).

- The machine has two cores. All that computes takes one in slices of 5 ms, in turn: the app, those who read and
  explain, the clients, who are on the same machine, and whatever else runs on it.
- Python runs one script at a time: what a process of the app computes for pages also takes that process's lock (the
  GIL) for each slice. Two scripts of a process have places and take turns so; others wait in line until one of these is
  over, or waits for a photo itself: then it leaves its place, and comes back through the line. Visitors are spread over
  the processes evenly, as HAProxy spreads them.
- A page is one piece of work of the app, and one of the clients. A photo has two: the dialog, which nobody times, and
  the page with the photo on it. Before that page the photo is decoded by another process (three at a time for each
  process of the app), with no place taken; in it the photo is read (as many at a time as there are cores), the label is
  sent, and then it is explained (one at a time). `OF_THE_DIALOG` and so on are the shares of these parts.
- A photo arrives in pieces of 64 kB, as HAProxy hands them on; for each the app's event loop runs twice, before scripts
  where it waits for the lock: it needs less than its turn. A decoder is nice (by 5): its slices are a third as long.
- A visitor looks at a page for ten to thirty seconds once it has come, then turns to the next one; each third time they
  bring a photo. A process takes 596 visitors and 250 photos. One visitor more is sent away; one photo more costs its
  pages alone.

The work of each kind is the seconds of the processor that it took in the run with few visitors. One number is fitted to
what they waited: `delay`, which is waited where nothing computes, so that the median of a label is met.
"""

import statistics
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Any

import simpy

from benchmarks.crowd import PAGES, looks
from explainer import limits

CORES = 2
SLICE = 0.005  # seconds: Python's own switch interval, and about the system's
SLICE_OF_A_DECODER = SLICE / 3  # the share that Linux gives to a process that is nice by 5
PIECE, OF_A_PIECE = 64 << 10, 2  # bytes that arrive at once; turns of the event loop that it takes
A_TURN = 1e-4  # seconds: what they take is counted with the photo
OF_THE_DIALOG, TO_READ, TO_THE_LABEL, TO_EXPLAIN, TO_THE_END = 0.25, 0.1, 0.1, 0.3, 0.25
"""Shares of what a photo takes of the app, as one visitor's were measured: the dialog, and the page until it waits for
the reading, until the label is sent, until it waits for the map, and after that."""
KEPT = 4  # pages of a process that are kept for the presenter
LATE = 5.0  # seconds; with more than that at the 95th percentile there are too many visitors

Work = Generator[simpy.Event, Any, None]


@dataclass(frozen=True)
class Costs:
    """Seconds of the processor of each kind of work, and what else the model needs to know of a server."""

    processes: int
    page: float
    photo: float
    """Of the app, for the dialog and the page with a photo on it."""
    decode: float
    read: float
    explain: float
    client_page: float
    client_photo: float
    pieces: int = 0
    """In which a photo arrives."""
    others: float = 0.0
    """Cores that all else takes, without a break: Ray at rest, and other programs on this machine."""
    delay: float = 0.0
    """Seconds that a label waits for no processor."""


@dataclass
class Outcome:
    """What a run would be like: seconds of each answer, those that still waited at the end among them."""

    labels: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    used: float = 0.0
    """Seconds of the processor for visitors and their photos, without the clients."""
    seconds: float = 0.0
    drawn: int = 0
    """Pages."""
    full: int = 0
    too_many_photos: int = 0

    @property
    def cores(self) -> float:
        """Cores that were used."""
        return self.used / self.seconds

    @property
    def pages_a_second(self) -> float:
        """Pages that were drawn."""
        return self.drawn / self.seconds


def late(seconds: list[float]) -> float:
    """The 95th percentile of some seconds."""
    return statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else sum(seconds)


def predict(costs: Costs, visitors: int, coming: float, begin: float, end: float) -> Outcome:
    """What a crowd who come within so many seconds gets from one second on until another."""
    run = _Run(costs, begin, end)
    for number in range(visitors):
        run.env.process(run.visit(number, coming * number / visitors))
    run.env.run(end)
    # Who still waits has waited at least for so long.
    run.outcome.labels += [end - since for since in run.for_labels.values()]
    run.outcome.pages += [end - since for since in run.for_pages.values()]
    return run.outcome


def fitted(costs: Costs, median: float, visitors: int, coming: float, begin: float, end: float) -> Costs:
    """The costs with the delay by which the median of a label is met."""
    without = predict(costs, visitors, coming, begin, end)
    return replace(costs, delay=max(0.0, median - statistics.median(without.labels)))


def breaks_at(costs: Costs, step: int = 10) -> int:
    """The least number of visitors whose labels or pages come too late, when all are there for more than a minute."""
    low, high = 0, 1000 // step
    while high - low > 1:
        middle = (low + high) // 2
        found = predict(costs, middle * step, 30, 70, 140)
        on_time = max(late(found.labels), late(found.pages)) <= LATE
        low, high = (middle, high) if on_time else (low, middle)
    return high * step


class _Run:
    """One run of the model."""

    def __init__(self, costs: Costs, begin: float, end: float) -> None:
        self.env = simpy.Environment()
        self.costs, self.begin, self.end = costs, begin, end
        self.outcome = Outcome(seconds=end - begin)
        self.for_labels: dict[int, float] = {}  # since when who waits
        self.for_pages: dict[int, float] = {}
        self._cores = simpy.Resource(self.env, CORES)
        self._client = simpy.PriorityResource(self.env)
        self._locks = [simpy.PriorityResource(self.env) for _ in range(costs.processes)]
        self._places = [simpy.Resource(self.env, int(limits.value("scripts"))) for _ in range(costs.processes)]
        self._decoders = [simpy.Resource(self.env, 3) for _ in range(costs.processes)]
        self._readers = simpy.Resource(self.env, CORES)
        self._explainer = simpy.Resource(self.env)
        self._here = [0] * costs.processes
        self._photos = [0] * costs.processes
        for _ in range(CORES):
            self.env.process(self._others(costs.others / CORES))

    def visit(self, number: int, comes: float) -> Work:
        """All that a visitor does."""
        process = number % self.costs.processes
        yield self.env.timeout(comes)
        if self._here[process] >= limits.value("visitors") - KEPT:
            self.outcome.full += 1
            return
        self._here[process] += 1
        own = False
        yield from self._page(process, number)
        for turn, seconds in enumerate(looks(number), number + 1):
            yield self.env.timeout(seconds)
            yield from self._page(process, number)
            if turn % len(PAGES):
                continue
            yield from self._draw(process, OF_THE_DIALOG * self.costs.photo)
            if not own and self._photos[process] >= limits.value("photos"):
                self._count_refused()
                yield from self._draw(process, (1 - OF_THE_DIALOG) * self.costs.photo)
                continue
            if not own:
                self._photos[process] += 1
                own = True
            yield from self._photo(process, number)

    def _page(self, process: int, number: int) -> Work:
        self.for_pages[number] = since = self.env.now
        yield from self._draw(process, self.costs.page)
        yield from self._compute(self.costs.client_page, self._client, counts=False)
        del self.for_pages[number]
        if self.env.now >= self.begin:
            self.outcome.pages.append(self.env.now - since)
            self.outcome.drawn += 1

    def _photo(self, process: int, number: int) -> Work:
        self.for_labels[number] = since = self.env.now
        yield from self._compute(self.costs.client_photo, self._client, counts=False)
        for _ in range(OF_A_PIECE * self.costs.pieces):
            yield from self._compute(A_TURN, self._locks[process], first=True)
        with self._decoders[process].request() as turn:
            yield turn
            yield from self._compute(self.costs.decode, of=SLICE_OF_A_DECODER)
        yield from self._draw(process, TO_READ * self.costs.photo)
        with self._readers.request() as turn:
            yield turn
            yield from self._compute(self.costs.read)
        yield self.env.timeout(self.costs.delay)
        with self._places[process].request() as place:
            yield place
            yield from self._serve(process, TO_THE_LABEL * self.costs.photo)
            del self.for_labels[number]
            if self.env.now >= self.begin:
                self.outcome.labels.append(self.env.now - since)
            yield from self._serve(process, TO_EXPLAIN * self.costs.photo)
        with self._explainer.request() as turn:
            yield turn
            yield from self._compute(self.costs.explain)
        yield from self._draw(process, TO_THE_END * self.costs.photo)

    def _draw(self, process: int, seconds: float) -> Work:
        with self._places[process].request() as place:
            yield place
            yield from self._serve(process, seconds)

    def _serve(self, process: int, seconds: float) -> Work:
        yield from self._compute(seconds, self._locks[process])

    def _compute(
        self,
        seconds: float,
        lock: simpy.PriorityResource | None = None,
        counts: bool = True,
        of: float = SLICE,
        first: bool = False,
    ) -> Work:
        """Take a core for so many seconds in slices, and for each slice a lock before it, `first` before others."""
        while seconds > 0:
            took = min(of, seconds)
            held = lock.request(priority=0 if first else 1) if lock else None
            if held:
                yield held
            with self._cores.request() as core:
                yield core
                yield self.env.timeout(took)
            if lock and held:
                lock.release(held)
            seconds -= took
            if counts and self.env.now >= self.begin:
                self.outcome.used += took

    def _others(self, share: float) -> Work:
        """Take a share of a core, without a break."""
        while share > 0:
            with self._cores.request() as core:
                yield core
                yield self.env.timeout(SLICE)
            yield self.env.timeout(SLICE * (1 / min(share, 0.99) - 1))

    def _count_refused(self) -> None:
        if self.env.now >= self.begin:
            self.outcome.too_many_photos += 1
