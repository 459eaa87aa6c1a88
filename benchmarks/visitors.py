"""Ten visitors at once for five minutes: is each answer right, how long does it take, does the server's memory stay?

They upload files, choose samples, and fetch the pictures that the page shows.
"""

import itertools
import os
import re
import statistics
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks import pictures
from benchmarks.protocol import Visit
from explainer.imagenet import masked_words
from explainer.imagenet.masked_words import Context
from explainer.ui.markdown import plain
from explainer.vision import photos, pipeline, samples
from explainer.vision.photos import Photo
from tests.servers import APP, Server, serving

VISITORS, MINUTES = 10, 5.0
TOP, PICTURES = 8, 5 + len(samples.SAMPLES)  # words in the ladder, and pictures, on the page
WATCH = 5, 30  # seconds between two looks at the server's memory, and between two of them that are printed

# As explainer.ui.ladder writes a word: its place, then the word itself, struck through where it was removed.
_LABEL = re.compile(r"^(\d)\\\. (?:~~)?\*\*(.*?)\*\*", re.DOTALL)
_FOUND = re.compile(r"(No|\d+) faces? w")


@dataclass(frozen=True)
class Picture:
    """What a visitor may choose: a sample by its title, or a file to upload; and the answer that is right."""

    name: str
    content: bytes | None
    answer: "Answer"


@dataclass(frozen=True)
class Answer:
    """What a page says of a photo: how many faces, and the words closest to its first face, as the page writes them."""

    faces: int
    words: tuple[str, ...]


class Visitor(Visit):
    """A visitor of the first page. What stands where on it is known here and nowhere else."""

    answered = 0.0
    """When it last came how many faces were found, by `time.perf_counter()`."""

    def bring(self, name: str, content: bytes) -> float:
        """Bring a photo of one's own: ask for the dialog, agree the first time, and upload.

        Gives the seconds from handing over the file until it stands on the page what was found in it.
        """
        self.press_key("own_photo")
        if any(element.button.id.endswith("-notice_button") for element in self.elements):
            self.press_key("notice_button")
        start = time.perf_counter()
        self.upload(name, content)
        return self.answered - start

    def _take(self, patience: float) -> ForwardMsg:
        message = super()._take(patience)
        if _FOUND.match(message.delta.new_element.markdown.body):
            self.answered = time.perf_counter()
        return message

    @property
    def addresses(self) -> list[str]:
        """Where the pictures on the page are, the one with the boxes first."""
        return [image.url for element in self.elements for image in element.imgs.imgs]

    @property
    def answer(self) -> Answer | None:
        """What the page says, or None where it says nothing of a photo."""
        found = next(filter(None, map(_FOUND.match, self.texts)), None)
        words = tuple(match[2] for match in map(_LABEL.match, self.texts) if match)[:TOP]
        return Answer(0 if found[1] == "No" else int(found[1]), words) if found else None


@dataclass
class Tally:
    """What became of all that was asked, from any number of threads."""

    seconds: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, visitor: Visitor, picture: Picture, ask: Callable[[], None]) -> None:
        """Ask, take the time until the pictures are there, and compare the answer with the right one."""
        start = time.perf_counter()
        ask()
        shown = [visitor.fetch(address) for address in visitor.addresses]
        seconds = time.perf_counter() - start
        answer = visitor.answer
        right = answer is not None and answer == picture.answer and len(shown) == PICTURES and all(shown)
        with self.lock:
            self.seconds.append(seconds)
            self.wrong[picture.name] += not right


def report() -> None:
    """Serve the app, visit it with ten visitors for minutes (EXPLAINER_BENCH_MINUTES, 5), print what came of it."""
    minutes = float(os.environ.get("EXPLAINER_BENCH_MINUTES", MINUTES))
    choices = _choices()
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder, serving(APP, Path(folder) / "log") as server:
        _one_answer(server, choices[0])  # the models are loaded
        start = time.monotonic()
        visitors = [
            threading.Thread(target=_visit, args=(server.url, choices, number, start + 60 * minutes, tally))
            for number in range(VISITORS)
        ]
        for visitor in visitors:
            visitor.start()
        memory: list[tuple[float, float]] = []
        while any(visitor.is_alive() for visitor in visitors):
            memory.append((time.monotonic() - start, megabytes(server.pid)))
            time.sleep(WATCH[0])
        log = server.log
    _print(minutes, tally, memory, log)


def _choices() -> list[Picture]:
    """The samples and the photographs beside the project, with the answers that one thread gives for each alone."""
    reader = pipeline.load()
    found = []
    for name, sample in samples.SAMPLES.items():
        found.append(Picture(sample.title, None, _right(reader, samples.read(name))))
    for path in sorted(pictures.SHARED.glob("*.jpg")):
        content = path.read_bytes()
        found.append(Picture(path.name, content, _right(reader, photos.read(content))))
    return found


def _right(reader: pipeline.Reader, photo: Photo) -> Answer:
    result = pipeline.read(reader, photo)
    first = result.readings[0]
    captions = (masked_words.caption(label.wnid, Context.PHOTO) for label in first.people("fall-2011", TOP))
    said = tuple(plain(caption.text if caption.masked else caption.name) for caption in captions)
    return Answer(len(result.boxes), said)


def _one_answer(server: Server, picture: Picture) -> None:
    visitor = Visitor(server.url)
    _ask(visitor, picture)
    if visitor.answer is None:
        raise RuntimeError("the page says nothing of a photo")
    visitor.leave()


def _ask(visitor: Visitor, picture: Picture) -> None:
    if picture.content is None:
        visitor.press(picture.name)
    else:
        visitor.bring(picture.name, picture.content)


def _visit(url: str, choices: list[Picture], number: int, end: float, tally: Tally) -> None:
    """One picture after another until the end, each visitor beginning with another; a new visit after an error."""
    visitor = None
    for picture in itertools.islice(itertools.cycle(choices), number, None):
        if time.monotonic() > end:
            break
        try:
            if visitor is None:
                visitor = Visitor(url)
                _ask(visitor, choices[number - 1])
            tally.ask(visitor, picture, lambda page=visitor, asked=picture: _ask(page, asked))
        except Exception as error:  # whatever it is, it is what the visitor got in the place of an answer
            with tally.lock:
                tally.errors[f"{type(error).__name__}: {error}"] += 1
            visitor = None
    if visitor:
        visitor.leave()


def megabytes(pid: int) -> float:
    """The memory that a process holds."""
    # A process of one's own; nothing of it comes from elsewhere.
    size = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True, text=True).stdout
    return int(size) / 1024


def settled(server: Server) -> float:
    """The memory of a server in megabytes, once it no longer loads what it begins with."""
    before, now = 0.0, megabytes(server.pid)
    while now > before + 2:
        time.sleep(3)
        before, now = now, megabytes(server.pid)
    return now


def _print(minutes: float, tally: Tally, memory: list[tuple[float, float]], log: str) -> None:
    seconds = sorted(tally.seconds)
    print(f"{VISITORS} visitors at once, {minutes:g} minutes, each asking again as soon as it was answered")
    print(
        f"  answers: {len(seconds)}, {len(seconds) / minutes / 60:.1f} a second; wrong: {tally.wrong.total()}; "
        f"errors: {tally.errors.total()}; tracebacks in the log: {log.count('Traceback')}"
    )
    for kind, count in [*(+tally.wrong).items(), *tally.errors.items()]:
        print(f"    {count} x {kind}")
    if len(seconds) > 1:
        late = statistics.quantiles(seconds, n=20)[-1]
        print(
            f"  from asking to answer: median {statistics.median(seconds):.2f} s, 95th percentile {late:.2f} s, "
            f"worst {seconds[-1]:.2f} s"
        )
    print_memory(minutes, memory)


def print_memory(minutes: float, memory: list[tuple[float, float]]) -> None:
    """Print what a server held: `memory` has seconds since the beginning and megabytes, one pair each WATCH[0] s."""
    held = [f"{size:.0f}" for _, size in memory[:: WATCH[1] // WATCH[0]]]
    print(f"  the server's memory every {WATCH[1]} s: {' '.join(held)} MB")
    first = [size for at, size in memory if 60 <= at < 120]
    last = [size for at, size in memory if at >= 60 * minutes - 60]
    if first and minutes >= 3:
        change = statistics.mean(last) - statistics.mean(first)
        print(f"  its mean in the second minute {statistics.mean(first):.0f} MB; in the last {change:+.0f} MB")
