"""Several processes and one service against one process, in the same run: what HTTP adds, and fifty visitors at once.

Light use: each visitor brings a photo a minute, and has the page drawn again every twenty seconds. It needs the extra
`cluster` and PostgreSQL's programs, and the ports of `deploy/cluster.py`.
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import pictures
from benchmarks.visitors import Visitor
from tests.browser import processes
from tests.servers import APP, ROOT, serving

READINGS = 60  # of each photo, here and by the service in turns
VISITORS, SECONDS, A_READING, A_PAGE = 50, 120.0, 60.0, 20.0
TOKEN = "a token of the benchmarks"
URL, SERVICE = "http://127.0.0.1:8501", "http://127.0.0.1:8601"


def report() -> None:
    """Print both measurements."""
    os.environ |= {"EXPLAINER_SERVICE_TOKEN": TOKEN, "EXPLAINER_SERVICE": SERVICE}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's user looks for its own folder in it
        with _cluster(folder) as pids:
            _overhead()
            _ramp(f"cluster, {len(pids())} processes", URL, pids)
        environment = {"EXPLAINER_SERVICE": "", "EXPLAINER_DATA": name}
        with serving(APP, folder / "log", **environment) as server:
            _ramp("one process", server.url, lambda: [server.pid])


@contextmanager
def _cluster(folder: Path) -> Iterator[Callable[[], list[int]]]:
    """All that `make cluster` starts; what it gives tells the processes."""
    environment = {**os.environ, "EXPLAINER_CLUSTER": str(folder / "cluster")}
    command = [sys.executable, "-u", "deploy/cluster.py"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            while (line := process.stdout.readline()) and not line.startswith("Open"):
                pass
            if not line:
                raise RuntimeError("The cluster did not start.")
            yield lambda: _marked(environment["EXPLAINER_CLUSTER"])
        finally:
            process.send_signal(signal.SIGTERM)


def _marked(folder: str) -> list[int]:
    """The processes that were told of a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"EXPLAINER_CLUSTER={folder}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:  # it ended
            continue
    return found


def _overhead() -> None:
    """What the way to the service and back adds to a reading."""
    from explainer.jobs import Worker
    from explainer.serving import client
    from explainer.vision import cards, photos, pipeline, samples

    here = Worker(pipeline.load, "here")
    there = Worker(client.Reading, "there")
    large = photos.read(next(iter(pictures.kinds().values()))[0])
    for title, photo in {"a sample": samples.read("astronaut"), "a photo": large}.items():
        ways = {
            "here": lambda photo=photo: here.submit(lambda reader, progress: pipeline.read(reader, photo)),
            "there": lambda photo=photo: there.submit(
                client.asking(cards.DEFAULT, pipeline.read, (photo, False, None))
            ),
        }
        took: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(READINGS + 5):
            for name, way in ways.items():
                start = time.perf_counter()
                way().result()
                if turn >= 5:  # what is loaded at the first calls
                    took[name].append(1000 * (time.perf_counter() - start))
        mid = {name: statistics.median(each) for name, each in took.items()}
        size = "x".join(map(str, photo.image.size))
        print(
            f"A reading of {title} ({size}): {mid['here']:.1f} ms here, {mid['there']:.1f} ms by the service, "
            f"{mid['there'] - mid['here']:+.1f} ms at the median of {READINGS}"
        )


def _ramp(title: str, url: str, pids: Callable[[], list[int]]) -> None:
    """Fifty visitors, who come within half a minute: what they wait, and what they cost."""
    content = next(iter(pictures.kinds().values()))
    readings: list[float] = []
    failed: list[str] = []
    before, began = _processor(pids()), time.monotonic()

    def visit(number: int) -> None:
        time.sleep(number * 30 / VISITORS)
        try:
            visitor = Visitor(url)
            turn = 0
            while time.monotonic() - began < SECONDS:
                if turn % round(A_READING / A_PAGE) == 0:
                    start = time.monotonic()
                    visitor.bring("photo.jpg", content[(number + turn) % len(content)])
                    if visitor.answer is None:
                        failed.append("no answer")
                    readings.append(time.monotonic() - start)
                else:
                    visitor.run()
                turn += 1
                visitor.wait(A_PAGE)
            visitor.leave()
        except Exception as error:
            failed.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(VISITORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, memory = time.monotonic() - began, sum(map(_megabytes, pids()))
    used = _processor(pids()) - before
    readings.sort()
    print(
        f"{title}: {VISITORS} visitors, {len(readings)} readings, {len(failed)} failed {failed[:2] or ''}; "
        f"a reading {statistics.median(readings):.2f} s, p95 {readings[int(0.95 * len(readings))]:.2f} s; "
        f"{100 * used / seconds / VISITORS:.1f} % of a core and {memory / VISITORS:.0f} MB a visitor "
        f"({memory:.0f} MB in all)"
    )


def _processor(pids: list[int]) -> float:
    return sum(map(_seconds, pids))


def _seconds(pid: int) -> float:
    try:
        return processes.processor_seconds(pid)
    except OSError:  # it ended
        return 0.0


def _megabytes(pid: int) -> float:
    """A process's share of the memory."""
    try:
        return int(Path(f"/proc/{pid}/smaps_rollup").read_text().split("\nPss:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0
