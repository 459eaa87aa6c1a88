"""A ramp of visitors of light use: what they cost, what they wait, and where and how the app says that it is full.

The first crowd turns pages alone for a while, then brings photos too: from both the costs of a page and of a photo are
told apart, and what the next crowds will get is predicted before they come (`simulation`).

EXPLAINER_BENCH_VISITORS (50,200,1000) are the crowds; EXPLAINER_BENCH_LENGTH (1) makes all runs longer or shorter.
"""

import asyncio
import os
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from benchmarks import consumption, crowd, simulation
from benchmarks.consumption import LASTING
from benchmarks.crowd import A_PAGE, Answers, Crowd
from benchmarks.simulation import Costs
from explainer import limits

VISITORS = tuple(map(int, os.environ.get("EXPLAINER_BENCH_VISITORS", "50,200,1000").split(",")))
LENGTH = float(os.environ.get("EXPLAINER_BENCH_LENGTH", "1"))
COMING = {50: 10.0, 200: 20.0, 1000: 40.0}  # seconds within which a crowd comes; others at five a second
PAGES_ALONE, LIGHT_USE = 25.0, 50.0  # seconds that are measured
CALM = 12.0, 60.0  # seconds until the app has closed the sessions of those who left, and at most until it is at rest

FOR_VISITORS = "app", LASTING, "decoders", "readers", "explainers"
"""The parts whose work is for visitors; the others are nearly the same for any number of them."""

WITHIN = 0.2
"""By how much a prediction may miss."""
AT_MOST = 0.5
"""The share of a core that is used at most in what is reckoned for many visitors."""


@dataclass(frozen=True)
class Served:
    """A server: what it is called, its processes of the app, who started it, and what it prints."""

    title: str
    url: str
    processes: int
    pid: int
    marked: str
    log: Callable[[], str]

    @property
    def has_service(self) -> bool:
        """Whether other processes read and explain."""
        return bool(self.marked)


@dataclass(frozen=True)
class Window:
    """Some seconds of a run: what was answered in them, and what that took of the processor."""

    visitors: int
    seconds: float
    answers: Answers
    counted: Counter[str]
    used: Counter[str]
    clients: float
    busy: float
    memory: Counter[str]

    @property
    def cores(self) -> float:
        """Cores that the server used, all its processes together."""
        return self.used.total() / self.seconds

    @property
    def cores_for_visitors(self) -> float:
        """Cores that pages and photos took, without what a server takes at rest."""
        return sum(self.used[part] for part in FOR_VISITORS) / self.seconds

    @property
    def share(self) -> float:
        """The share of a core that a visitor takes of all but Ray, which takes the same for any number of them."""
        return (self.cores - self.used["Ray"] / self.seconds) / max(1, self.visitors)

    @property
    def others(self) -> float:
        """Cores that other programs used."""
        return max(0.0, self.busy - self.used.total() - self.clients) / self.seconds

    @property
    def labels(self) -> list[float]:
        """Seconds until each label, or the end of the run."""
        return self.answers.seconds.get("label", []) + self.answers.unanswered.get("label", [])

    @property
    def pages_a_second(self) -> float:
        """Pages that were drawn."""
        return self.counted["page"] / self.seconds


async def climb(server: Served, photos: Sequence[bytes], a_reading: float) -> None:
    """Print what each crowd got. `a_reading` is the seconds of the processor of one reading, measured apart."""
    limits.raise_file_limit()
    uploads = [crowd.upload(photo) for photo in photos]
    print(f"\n{server.title}", flush=True)
    at_rest, costs, others_at_first = consumption.megabytes(server.pid, server.marked), None, 0.0
    for number, visitors in enumerate(VISITORS):
        if number:
            await _calm(server)
        coming = COMING.get(visitors, visitors / 5)
        alone = PAGES_ALONE * LENGTH if number == 0 else 0.0
        begin, end = coming + alone, coming + alone + LIGHT_USE * LENGTH
        times = coming, begin, end
        predicted = simulation.predict(costs, visitors, *times) if costs else None
        windows = await _run(server, Crowd(server.url, visitors, coming, uploads), alone)
        _print(windows[-1], at_rest)
        if costs and predicted:
            _compare("before", windows[-1], predicted)
            # What other programs took meanwhile is no part of the model; where they took nothing it says the same.
            others = max(0.0, costs.others + windows[-1].others - others_at_first)
            again = simulation.predict(replace(costs, others=others), visitors, *times)
            _compare("with what other programs took in this run", windows[-1], again)
        else:
            others_at_first = windows[-1].others
            pieces = round(statistics.mean(map(len, uploads)) / simulation.PIECE)
            costs = replace(_costs(server, *windows, a_reading), pieces=pieces)
            costs = simulation.fitted(costs, statistics.median(windows[-1].labels), visitors, *times)
            print(f"  The model, fitted on this run alone: {_said(costs)}")
            print(f"  It says that labels or pages come later than {simulation.LATE:g} s (p95) from", end=" ")
            print(f"{simulation.breaks_at(costs)} visitors on, on these two cores with the clients on them")
            _reckon(windows[-1])
    log = server.log()
    kinds = Counter(re.findall(r"An? \w+ was \w+: [^.\n]*", log))
    print(f"  In the log: {log.count('Traceback')} tracebacks; {dict(kinds) or 'nobody was refused'}", flush=True)


async def _run(server: Served, people: Crowd, alone: float) -> list[Window]:
    """A crowd's windows: of pages alone, where so many seconds are asked for, and of light use."""
    people.bring = not alone
    tasks = people.start()
    await asyncio.sleep(people.coming)
    windows = []
    try:
        for seconds in filter(None, (alone, LIGHT_USE * LENGTH)):
            windows.append(await _window(server, people, seconds))
            people.bring = True
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return windows


async def _window(server: Served, people: Crowd, seconds: float) -> Window:
    people.answers.seconds.clear()
    before, clients, began = consumption.seconds(server.pid, server.marked), time.process_time(), time.monotonic()
    await asyncio.sleep(seconds)
    after, took = consumption.seconds(server.pid, server.marked), time.monotonic() - began
    return Window(
        visitors=people.answers.here,
        seconds=took,
        answers=people.answers,
        counted=Counter({kind: len(each) for kind, each in people.answers.seconds.items()}),
        used=after.since(before),
        clients=time.process_time() - clients,
        busy=after.busy - before.busy,
        memory=consumption.megabytes(server.pid, server.marked),
    )


async def _calm(server: Served) -> None:
    """Wait until the app is at rest and has forgotten the last crowd."""
    begun = time.monotonic()
    while True:
        before = consumption.seconds(server.pid, server.marked)
        await asyncio.sleep(2)
        used = consumption.seconds(server.pid, server.marked).since(before)
        waited = time.monotonic() - begun
        if waited > CALM[1] or (waited > CALM[0] and used["app"] + used[LASTING] + used["decoders"] < 0.2):
            return


def _costs(server: Served, pages: Window, light: Window, a_reading: float) -> Costs:
    """What a page and a photo cost, from a window of pages alone and one of light use."""

    def app(window: Window) -> float:
        return window.used["app"] + (window.used[LASTING] if server.has_service else 0.0)

    def of_a_photo(part: str) -> float:
        at_rest = pages.used[part] / pages.seconds * light.seconds
        return max(0.0, light.used[part] - at_rest) / photos

    drawn, photos = light.counted["page"], max(1, light.counted["label"])
    page, client = app(pages) / pages.counted["page"], pages.clients / pages.counted["page"]
    read, explain = of_a_photo("readers"), of_a_photo("explainers")
    if not server.has_service:
        read = min(a_reading, of_a_photo(LASTING))
        explain = of_a_photo(LASTING) - read
    known = app(light) + light.clients + light.used["decoders"] + (read + explain) * photos
    return Costs(
        processes=server.processes,
        page=page,
        photo=max(0.0, app(light) - drawn * page) / photos,
        decode=light.used["decoders"] / photos,
        read=read,
        explain=explain,
        client_page=client,
        client_photo=max(0.0, light.clients - drawn * client) / photos,
        others=max(0.0, light.busy - known) / light.seconds,
    )


def _said(costs: Costs) -> str:
    told = {
        "a page": costs.page,
        "a photo (dialog and page)": costs.photo,
        "decoding": costs.decode,
        "reading": costs.read,
        "explaining": costs.explain,
        "clients a page": costs.client_page,
        "clients a photo": costs.client_photo,
        "a label's waiting for nothing": costs.delay,
    }
    said = ", ".join(f"{name} {1000 * each:.0f}" for name, each in told.items())
    return f"ms: {said}; others take {costs.others:.2f} cores"


def _print(window: Window, at_rest: Counter[str]) -> None:
    answers = window.answers
    print(
        f" {window.visitors} visitors there (load {os.getloadavg()[0]:.1f}; "
        f"other programs took {window.others:.2f} cores, these clients {window.clients / window.seconds:.2f})"
    )
    for kind, name in {"page": "a page", "upload": "an upload", "label": "a label", "photo": "label and map"}.items():
        seconds = answers.seconds.get(kind, []) + answers.unanswered.get(kind, [])
        if seconds:
            waiting = len(answers.unanswered.get(kind, []))
            print(
                f"  {name}: {window.counted[kind]} in {window.seconds:.0f} s, median {statistics.median(seconds):.2f} "
                f"s, p95 {simulation.late(seconds):.2f} s"
                + (f"; {waiting} still waited at the end, which counts as its wait" if waiting else "")
            )
    parts = ", ".join(f"{part} {seconds / window.seconds:.2f}" for part, seconds in window.used.most_common())
    print(
        f"  cores: {window.cores:.2f}, {100 * window.cores / max(1, window.visitors):.2f} % of one a visitor ({parts})"
    )
    memory, more = window.memory.total(), window.memory.total() - at_rest.total()
    parts = ", ".join(f"{part} {size:.0f}" for part, size in window.memory.most_common())
    print(f"  memory: {memory:.0f} MB ({parts}), {more / max(1, window.visitors):.1f} MB a visitor more than at rest")
    print(f"  told in the place of an answer, from the beginning: {dict(answers.told) or 'nothing'}")
    print(f"  neither an answer nor a sentence: {dict(answers.silent) or 'none'}", flush=True)


def _compare(how: str, window: Window, predicted: simulation.Outcome) -> None:
    pairs = {
        "p95 of a label, s": (simulation.late(predicted.labels), simulation.late(window.labels)),
        "cores for pages and photos": (predicted.cores, window.cores_for_visitors),
        "pages a second": (predicted.pages_a_second, window.pages_a_second),
        f"visitors at their pace (pages a second x {A_PAGE:g} s)": (
            predicted.pages_a_second * A_PAGE,
            window.pages_a_second * A_PAGE,
        ),
    }
    for name, (said, seen) in pairs.items():
        off = said / seen - 1 if seen else float("inf")
        kept = "within" if abs(off) <= WITHIN else "NOT within"
        print(f"  predicted {how}: {name} {said:.2f}; measured {seen:.2f}; {100 * off:+.0f} %, {kept} {WITHIN:.0%}")
    print(f"  predicted {how}: {predicted.full} sent away, {predicted.too_many_photos} photos one too many", flush=True)


def _reckon(window: Window) -> None:
    """The table of `deploy/capacity.md`, from what a visitor takes in this window."""
    print(f"  With {100 * window.share:.2f} % of a core a visitor, ten minutes each, and cores used to {AT_MOST:.0%}:")
    print("    | visitors an hour | at the same time | cores | machines of 8 cores |\n    | --- | --- | --- | --- |")
    for an_hour in (1_000, 10_000, 100_000):
        there = an_hour * 10 / 60
        cores = there * window.share / AT_MOST
        print(f"    | {an_hour:,} | {there:,.0f} | {cores:,.0f} | {-(-cores // 8):,.0f} |")
