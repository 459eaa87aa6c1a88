"""Rooms full of phones: is each vote counted, once and in time, while others next door upload photos?

Forty phones are in a room, then 120 in three rooms: they vote every few seconds, and mark pages of pictures against the
clock. Twenty visitors are on the page of photos, where once a minute each uploads one within ten seconds; a reading is
over when the page says what was found. What was confirmed on the phones is then looked up in the record.
EXPLAINER_BENCH_AGAINST names a commit whose own measurement of forty phones comes first, so that both can be laid side
by side. Where the photos' page does more than it did there (explain, say), its photos take more from the votes: with
EXPLAINER_BENCH_UPLOADERS=0 nobody uploads in either run.
"""

import itertools
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks import pictures, visitors
from benchmarks.protocol import Visit
from benchmarks.visitors import WATCH, Visitor
from explainer.ui.markdown import plain
from explainer.workshop import participants, questions, rooms, screens, sheets, votes
from explainer.workshop.rooms import Room
from explainer.workshop.sqlite import SQLiteStore
from explainer.workshop.store import Store
from tests.browser import processes
from tests.servers import APP, Server, serving

PARTICIPANTS, MINUTES = 40, 1.7
UPLOADERS = int(os.environ.get("EXPLAINER_BENCH_UPLOADERS", "20"))
ROOMS = 1, 3  # in one measurement after the other, each with so many participants
PAUSE = 2.0, 5.0  # seconds between two votes of a phone
PRESSES, SHEET = 20, sheets.seconds() - 3  # pictures that a phone marks on a page, and seconds until the room goes on
VOTE, WITHIN = 20.0, 10.0  # seconds that a vote is open, and within which all photos of a minute are uploaded
WANTED = {"a vote": 3.0, "a mark": 3.0, "a reading": 5.0}  # seconds at the 95th percentile

Page = tuple[str, int]  # a question or a sheet, and its round


@dataclass
class Sent:
    """What all phones did, from any number of threads: seconds by what was asked, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {asked: [] for asked in WANTED})
    late: int = 0  # pressed when it was closed already, and told so
    errors: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def took(self, asked: str, seconds: float) -> None:
        """Note how long an answer took."""
        with self.lock:
            self.seconds[asked].append(seconds)


class Phone(Visit):
    """A phone in a room, with what was `confirmed` on it, and what it sent since. What stands where is known here."""

    def __init__(self, url: str, room: Room, token: str) -> None:
        self.room, self.token = room.code, token
        self.confirmed: dict[Page, object] = {}
        self.unsure: dict[Page, list[object]] = {}
        super().__init__(url, "workshop", f"room={room.code}&token={token}")

    @property
    def said(self) -> str:
        """What stands on the page in boxes."""
        return " ".join(element.alert.body for element in self.elements if element.HasField("alert"))

    @property
    def answers(self) -> dict[Page, list[str]]:
        """The answers that can be pressed, by question and round."""
        found: dict[Page, list[str]] = {}
        for element in self.elements:
            question, _, answer = element.button.id.partition("-answer_")[2].rpartition("_")
            if answer:
                key, _, number = question.rpartition("_")
                found.setdefault((key, int(number)), []).append(answer)
        return found

    @property
    def sheet(self) -> Page | None:
        """The sheet that can be marked, and the round."""
        for element in self.elements:
            if key := element.bidi_component.id.partition("-sheet_")[2]:
                return key.rsplit("_", 2)[0], 1  # whose clock runs: no page is shown untimed
        return None

    def vote(self, page: Page, answer: str, sent: Sent) -> None:
        """Press an answer, and look whether it was counted."""
        title = next(choice.title for choice in questions.question(page[0]).choices if choice.key == answer)
        self._send(
            page,
            answer,
            lambda: self.press_key(f"answer_{page[0]}_{page[1]}_{answer}"),
            f"Counted: {plain(title)}",
            "a vote",
            sent,
        )

    def mark(self, page: Page, places: frozenset[int], sent: Sent) -> None:
        """Have these pictures of a page marked, and look whether that was kept."""
        told = {"marked": sorted(places)}
        self._send(page, places, lambda: self.tell("sheet", told), f"Kept: {len(places)} of", "a mark", sent)

    def _send(self, page: Page, what: object, press: Callable[[], None], said: str, asked: str, sent: Sent) -> None:
        start = time.perf_counter()
        self.unsure.setdefault(page, []).append(what)
        press()
        if said in self.said:
            self.confirmed[page] = what
            self.unsure[page].clear()
            sent.took(asked, time.perf_counter() - start)
        else:
            with sent.lock:
                sent.late += 1


def report() -> None:
    """Serve the app to rooms for minutes each (EXPLAINER_BENCH_MINUTES, 1.7), check the record, print the outcome."""
    minutes = float(os.environ.get("EXPLAINER_BENCH_MINUTES", MINUTES))
    uploads = pictures.large()
    against = os.environ.pop("EXPLAINER_BENCH_AGAINST", "")
    before = _before(against, minutes) if against else {}
    for count in ROOMS:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["EXPLAINER_DATA"] = folder
            with serving(APP, Path(folder) / "log") as server:
                late = _run(server, SQLiteStore(Path(folder) / "rooms.sqlite"), uploads, minutes, count)
        if count == 1:
            for asked in late.keys() & before.keys():
                print(f"  {asked}: {late[asked] / before[asked]:.2f} times {against} at the 95th percentile")


def _before(commit: str, minutes: float) -> dict[str, float]:
    """Seconds at the 95th percentile, by what was asked, as another commit measures its own workshop."""
    here = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "before"
        subprocess.run(
            ["git", "worktree", "add", "--detach", folder, commit], cwd=here, check=True, capture_output=True
        )
        for beside, there in (
            (folder / "models" / "weights", here / "models" / "weights"),
            (folder.parent / "shared", here.parent / "shared"),
        ):
            beside.symlink_to(there)
        own = {"PYTHONPATH": str(folder), "EXPLAINER_BENCH_MINUTES": str(minutes)}
        run = f"from benchmarks import workshop; workshop.UPLOADERS = {UPLOADERS}; workshop.report()"
        command = [sys.executable, "-c", run]
        said = subprocess.run(command, cwd=folder, env=os.environ | own, capture_output=True, text=True).stdout
        subprocess.run(["git", "worktree", "remove", "--force", folder], cwd=here, check=True)
    print(f"{commit}:", said, sep="\n")
    return {asked: float(late) for asked, late in re.findall(r"  (a \w+): .*95th percentile ([\d.]+) s", said)}


def _run(server: Server, store: Store, uploads: list[bytes], minutes: float, count: int) -> dict[str, float]:
    """Seconds at the 95th percentile, by what was asked, in so many rooms."""
    # Of adults: a room of others that is on would keep everybody to supplied pictures.
    course = Course(server.url, store, [rooms.open_room(store, "adults") for _ in range(count)], uploads)
    course.uploader(0).leave()  # the models are loaded, and the dictionary
    start, used = time.monotonic(), processes.processor_seconds(server.pid)
    course.start, course.end = start, start + 60 * minutes
    work = [partial(course.participate, number) for number in range(PARTICIPANTS * count)]
    work += [partial(course.upload, number) for number in range(UPLOADERS)]
    work += [partial(course.present, room) for room in course.rooms]
    threads = [threading.Thread(target=course.attempt, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    memory: list[tuple[float, float]] = []
    while any(thread.is_alive() for thread in threads):
        memory.append((time.monotonic() - start, visitors.megabytes(server.pid)))
        time.sleep(WATCH[0])
    used = (processes.processor_seconds(server.pid) - used) / (time.monotonic() - start)
    print(f"{len(course.phones)} phones in {count} rooms, {UPLOADERS} visitors that upload photos, {minutes:g} minutes")
    print(f"  the server used {used:.2f} of {os.cpu_count()} cores; tracebacks: {server.log.count('Traceback')}")
    late = _print(course)
    visitors.print_memory(minutes, memory)
    return late


@dataclass
class Course:
    """The course of a run: rooms that vote, photos that are uploaded beside them, and all that was sent."""

    url: str
    store: Store
    rooms: list[Room]
    uploads: list[bytes]
    start: float = 0.0
    end: float = 0.0
    phones: list[Phone] = field(default_factory=list)
    sent: Sent = field(default_factory=Sent)

    def attempt(self, work: Callable[[], None]) -> None:
        """Do what somebody does in a room; whatever goes wrong is what they got in the place of an answer."""
        try:
            work()
        except Exception as error:
            with self.sent.lock:
                self.sent.errors[f"{type(error).__name__}: {error}"] += 1

    def present(self, room: Room) -> None:
        """Lead a room through votes and pages until the end."""
        for question in itertools.cycle(room.questions):
            for activity, phase, seconds in (
                (question, "open", VOTE),
                (question, "second", VOTE),
                (sheets.SHEETS[0], "open", SHEET),
            ):
                step = "cups" if activity in sheets.SHEETS else "decide"
                screens.present(self.store, room.code, step=step, activity=activity, phase=phase)
                time.sleep(max(0.0, min(seconds, self.end - time.monotonic())))
                if time.monotonic() >= self.end:
                    return

    def participate(self, number: int) -> None:
        """Do what the page offers until the end: vote every few seconds, mark a page of pictures, look on."""
        chance = random.Random(number)
        room = self.rooms[number % len(self.rooms)]
        phone = Phone(self.url, room, participants.join(self.store, room.code))
        self.phones.append(phone)
        while time.monotonic() < self.end:
            if answers := phone.answers:
                page, keys = chance.choice([*answers.items()])
                phone.vote(page, chance.choice(keys), self.sent)
            elif page := phone.sheet:
                marked = phone.confirmed.get(page, frozenset())
                assert isinstance(marked, frozenset)
                phone.mark(page, marked | {chance.randrange(votes.PICTURES)}, self.sent)
            phone.wait(chance.uniform(*PAUSE) if answers else SHEET / PRESSES)
        phone.leave()

    def uploader(self, number: int) -> Visitor:
        """A visitor of the page of photos who has brought one."""
        visitor = Visitor(self.url)
        visitor.bring("photo.jpg", self.uploads[number % len(self.uploads)])
        return visitor

    def upload(self, number: int) -> None:
        """Upload a photo a minute until the end, all within the same ten seconds."""
        chance, visitor = random.Random(number), self.uploader(number)
        begins = self.start + 30
        for photo in itertools.islice(itertools.cycle(self.uploads), number + 1, None):
            if begins + WITHIN > self.end:
                break
            visitor.wait(max(0.0, begins + chance.uniform(0, WITHIN) - time.monotonic()))
            seconds = visitor.bring("photo.jpg", photo)
            if visitor.answer is None:
                raise RuntimeError(f"no label stands on the page: {visitor.texts}")
            self.sent.took("a reading", seconds)
            begins += 60
        visitor.leave()


def _wrong(course: Course) -> int:
    """How many answers and pages the record has otherwise than the phones, or does not have, or has too often."""
    store = course.store
    wrong, cast = 0, Counter[tuple[str, Page]]()
    for phone in course.phones:
        for page in phone.unsure:
            kept = (
                votes.marks_of(store, phone.room, page[0], phone.token)
                if page[0] in sheets.SHEETS
                else votes.vote_of(store, phone.room, *page, phone.token)
            )
            # What was pressed in the last moment may have been kept, though the phone had gone on before it was told.
            wrong += kept not in [phone.confirmed.get(page), *phone.unsure[page]]
            cast[phone.room, page] += kept is not None
    return wrong + sum(
        votes.tally(store, code, *page).total != n for (code, page), n in cast.items() if page[0] not in sheets.SHEETS
    )


def _print(course: Course) -> dict[str, float]:
    late = {}
    for asked, seconds in course.sent.seconds.items():
        if len(seconds) > 1:
            late[asked] = statistics.quantiles(seconds, n=20)[-1]
            print(
                f"  {asked}: {len(seconds)}, median {statistics.median(seconds):.2f} s, "
                f"95th percentile {late[asked]:.2f} s "
                f"(wanted: {WANTED[asked]:g} s), worst {max(seconds):.2f} s"
            )
    pages = sum(len(phone.confirmed) for phone in course.phones)
    print(f"  confirmed on phones: {pages} answers and pages")
    print(f"  lost, or counted twice: {_wrong(course)}; pressed when it was closed: {course.sent.late}")
    print(f"  errors: {course.sent.errors.total()}")
    for kind, count in course.sent.errors.items():
        print(f"    {count} x {kind}")
    return late
