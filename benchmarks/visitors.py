"""Ten visitors at once for five minutes: is each answer right, how long does it take, does the server's memory stay?

The visitors speak Streamlit's protocol over websockets of their own. Ten windows of a browser would use more of the
processor than the server does, and it is the server that is measured. Like a browser they upload files, name all their
widgets' values at each run, and fetch the pictures that a page shows; all that they do without is drawing it.
"""

import http.client
import itertools
import os
import re
import statistics
import subprocess
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect

from benchmarks import pictures
from explainer import photos, roulette, samples, vocabularies
from explainer.photos import Photo
from tests.browser.conftest import APP, Server, serving

VISITORS, MINUTES = 10, 5.0
TOP, PICTURES = 5, 3  # labels of each release, and pictures, on the page
PATIENCE = 120  # seconds that a visitor waits for a message
WATCH = 5, 30  # seconds between two looks at the server's memory, and between two of them that are printed

# As explainer.ui.labels writes a label of a list: rank, words, wnid and cosine.
_LABEL = re.compile(r"^(\d)\\\. .*:small\[`(n\d{8})` · (-?\d\.\d{3})", re.DOTALL)
_FOUND = re.compile(r"(No|\d+) faces? w")


@dataclass(frozen=True)
class Picture:
    """What a visitor may choose: a sample by its title, or a file to upload; and the answer that is right."""

    name: str
    content: bytes | None
    answer: "Answer"


@dataclass(frozen=True)
class Answer:
    """What a page says of a photo: how many faces, and the wnids and cosines of its first face in each release."""

    faces: int
    labels: tuple[tuple[str, float], ...]

    def equals(self, other: "Answer") -> bool:
        """Whether both say the same; cosines are shown with three digits."""
        return (
            self.faces == other.faces
            and [wnid for wnid, _ in self.labels] == [wnid for wnid, _ in other.labels]
            and all(abs(one - two) < 0.0015 for (_, one), (_, two) in zip(self.labels, other.labels, strict=True))
        )


class Visitor:
    """One visitor of the app, by websocket and http. Where things are on the page is known here and nowhere else."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc
        headers = self._fetch("GET", "/_stcore/health")[0]
        self._cookie = headers["Set-Cookie"].split(";")[0]
        self._socket: ClientConnection = connect(
            f"ws://{self._host}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers={"Cookie": self._cookie},
            max_size=None,
        )
        self._session = ""
        self._elements: dict[tuple[int, ...], Element] = {}
        self._values: dict[str, WidgetState] = {}
        self._run()

    def leave(self) -> None:
        """Close the page."""
        self._socket.close()

    # What a visitor does

    def agree(self) -> None:
        """Press the button below the notice."""
        (button,) = (element.button for element in self._elements.values() if element.button.label == "Go on")
        self._run(WidgetState(id=button.id, trigger_value=True))

    def choose_sample(self, title: str) -> None:
        """Press a sample picture's name."""
        (group,) = (
            element.button_group
            for element in self._elements.values()
            if title in [option.content for option in element.button_group.options]
        )
        value = WidgetState(id=group.id)
        value.string_array_value.data.append(title)
        self._values[group.id] = value
        self._run()

    def upload(self, name: str, content: bytes) -> None:
        """Choose a file of one's own."""
        (uploader,) = (element.file_uploader for element in self._elements.values() if element.file_uploader.id)
        request = BackMsg()
        request.file_urls_request.request_id = uuid.uuid4().hex
        request.file_urls_request.session_id = self._session
        request.file_urls_request.file_names.append(name)
        self._socket.send(request.SerializeToString())
        (urls,) = self._receive("file_urls_response").file_urls_response.file_urls
        boundary = uuid.uuid4().hex
        start = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n'
        self._fetch(
            "PUT",
            urls.upload_url,
            start.encode() + content + f"\r\n--{boundary}--\r\n".encode(),
            {
                "Cookie": self._cookie,
                "X-Xsrftoken": self._cookie.partition("=")[2],
                "Content-Type": f"multipart/form-data; boundary={boundary}",
            },
        )
        value = WidgetState(id=uploader.id)
        value.file_uploader_state_value.uploaded_file_info.add(
            name=name, size=len(content), file_id=urls.file_id, file_urls=urls
        )
        self._run(value)

    # What a visitor sees

    @property
    def addresses(self) -> list[str]:
        """Where the pictures on the page are, the one with the boxes first."""
        return [image.url for element in self._elements.values() for image in element.imgs.imgs]

    def fetch(self, address: str) -> bytes:
        """What is at an address of the app. Raises RuntimeError where there is nothing."""
        return self._fetch("GET", address)[1]

    @property
    def answer(self) -> Answer | None:
        """What the page says, or None where it says nothing of a photo."""
        texts = [element.markdown.body for element in self._elements.values()]
        found = next(filter(None, map(_FOUND.match, texts)), None)
        labels = tuple((match[2], float(match[3])) for match in map(_LABEL.match, texts) if match)
        return Answer(0 if found[1] == "No" else int(found[1]), labels) if found else None

    # Streamlit's protocol

    def _run(self, once: WidgetState | None = None) -> None:
        """Have the script run with the widgets' values, and with a value that counts for this run alone."""
        message = BackMsg()
        message.rerun_script.widget_states.widgets.extend([*self._values.values(), *([once] if once else [])])
        message.rerun_script.context_info.url = f"http://{self._host}/"
        self._socket.send(message.SerializeToString())
        end = self._receive("script_finished").script_finished
        # The value was set while the script still ran: it begins again.
        while end == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            end = self._receive("script_finished").script_finished
        if end != ForwardMsg.FINISHED_SUCCESSFULLY:
            raise RuntimeError("the script failed")
        if any(element.HasField("exception") for element in self._elements.values()):
            raise RuntimeError("an exception stands on the page")

    def _receive(self, kind: str) -> ForwardMsg:
        """The next message of a kind; those before it are taken into account."""
        while True:
            message = ForwardMsg.FromString(bytes(self._socket.recv(PATIENCE)))  # type: ignore[arg-type]
            if message.WhichOneof("type") == "new_session":
                self._session = message.new_session.initialize.session_id
                self._elements.clear()
            elif message.WhichOneof("type") == "delta":
                # Later elements stand later on the page where they belong to the same block.
                path = tuple(message.metadata.delta_path)
                self._elements.pop(path, None)
                if message.delta.HasField("new_element"):
                    self._elements[path] = message.delta.new_element
            if message.WhichOneof("type") == kind:
                return message

    def _fetch(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPMessage, bytes]:
        with closing(http.client.HTTPConnection(self._host, timeout=PATIENCE)) as connection:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            content = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{response.status} {response.reason} at {path.split('/')[1]}")
        return response.headers, content


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
        right = answer is not None and answer.equals(picture.answer) and len(shown) == PICTURES and all(shown)
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
            memory.append((time.monotonic() - start, _megabytes(server.pid)))
            time.sleep(WATCH[0])
        log = server.log
    _print(minutes, tally, memory, log)


def _choices() -> list[Picture]:
    """The samples and the photographs beside the project, with the answers that one thread gives for each alone."""
    pipeline = roulette.load()
    found = []
    for name, sample in samples.SAMPLES.items():
        found.append(Picture(sample.title, None, _right(pipeline, samples.read(name))))
    for path in sorted(pictures.SHARED.glob("*.jpg")):
        content = path.read_bytes()
        found.append(Picture(path.name, content, _right(pipeline, photos.read(content))))
    return found


def _right(pipeline: roulette.Pipeline, photo: Photo) -> Answer:
    result = roulette.read(pipeline, photo)
    first = result.readings[0]
    labels = (label for release in vocabularies.RELEASES for label in first.people(release, TOP))
    return Answer(len(result.boxes), tuple((label.wnid, label.score) for label in labels))


def _one_answer(server: Server, picture: Picture) -> None:
    visitor = Visitor(server.url)
    _ask(visitor, picture)
    visitor.agree()
    if visitor.answer is None:
        raise RuntimeError("the page says nothing of a photo")
    visitor.leave()


def _ask(visitor: Visitor, picture: Picture) -> None:
    if picture.content is None:
        visitor.choose_sample(picture.name)
    else:
        visitor.upload(picture.name, picture.content)


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
                visitor.agree()
            tally.ask(visitor, picture, lambda page=visitor, asked=picture: _ask(page, asked))
        except Exception as error:  # whatever it is, it is what the visitor got in the place of an answer
            with tally.lock:
                tally.errors[f"{type(error).__name__}: {error}"] += 1
            visitor = None
    if visitor:
        visitor.leave()


def _megabytes(pid: int) -> float:
    """The memory that a process holds."""
    # A process of one's own; nothing of it comes from elsewhere.
    size = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True, text=True).stdout
    return int(size) / 1024


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
    held = [f"{size:.0f}" for _, size in memory[:: WATCH[1] // WATCH[0]]]
    print(f"  the server's memory every {WATCH[1]} s: {' '.join(held)} MB")
    first = [size for at, size in memory if 60 <= at < 120]
    last = [size for at, size in memory if at >= 60 * minutes - 60]
    if first and minutes >= 3:
        change = statistics.mean(last) - statistics.mean(first)
        print(f"  its mean in the second minute {statistics.mean(first):.0f} MB; in the last {change:+.0f} MB")
