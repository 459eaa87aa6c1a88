"""Several processes and one service against one process, in the same run, which takes twelve minutes.

First what HTTP adds to a reading; then one visitor of each in turns: pages, photos, votes; then a ramp of visitors of
each (`ramp`), and what a model of queues says of it before (`simulation`). It needs the extra `cluster`, PostgreSQL's
programs, and the ports of `deploy/cluster.py`.
"""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks import consumption, pictures, ramp
from benchmarks.crowd import PAGES
from benchmarks.protocol import Visit
from benchmarks.ramp import Served
from benchmarks.visitors import Visitor
from benchmarks.workshop import Phone, Sent
from explainer.workshop import participants, rooms, screens
from explainer.workshop.sqlite import SQLiteStore
from explainer.workshop.store import Store
from tests.servers import ROOT, serving

READINGS = 40  # of each photo, here and by the service in turns
TURNS, A_TURN = 15, 2.2  # of one visitor: each page, a photo and a vote; seconds, as the app paces one page's uploads
MOST = 1.2  # times as long as in one process
TOKEN = "a token of the benchmarks"
APP = ("deploy/run_streamlit.py",)  # as in the cluster: by asyncio and h11
URL, SERVICE = "http://127.0.0.1:8501", "http://127.0.0.1:8601"


def report() -> None:
    """Print all measurements."""
    os.environ |= {
        "EXPLAINER_SERVICE_TOKEN": TOKEN,
        "EXPLAINER_SERVICE": SERVICE,
        # So that one crowd is forgotten before the next one comes.
        "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "5",
    }
    began = time.monotonic()
    print(f"On {os.cpu_count()} cores, at a load of {os.getloadavg()[0]:.1f} before it began", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's user looks for its own folder in it
        one = {"EXPLAINER_SERVICE": "", "EXPLAINER_DATA": name, "EXPLAINER_TRUSTED_PROXIES": "127.0.0.1"}
        with serving(APP, folder / "log", **one) as server:
            single = Served("One process", server.url, 1, server.pid, "", lambda: server.log)
            photos = pictures.large()
            with _cluster(folder) as cluster:
                a_reading = _overhead(photos[0])
                _in_turns(folder, {"one process": single, "cluster": cluster}, photos)
                asyncio.run(ramp.climb(cluster, photos, a_reading))
            asyncio.run(ramp.climb(single, photos, a_reading))
    print(f"\nAll of it took {(time.monotonic() - began) / 60:.1f} minutes")


@contextmanager
def _cluster(folder: Path) -> Iterator[Served]:
    """All that `make cluster` starts."""
    environment = {**os.environ, "EXPLAINER_CLUSTER": str(folder / "cluster")}
    command = [sys.executable, "-u", "deploy/cluster.py"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            while (line := process.stdout.readline()) and not line.startswith("Open"):
                pass
            if not line:
                raise RuntimeError("The cluster did not start.")
            logs = folder / "cluster"
            marked = f"EXPLAINER_CLUSTER={logs}"
            yield Served(
                "Cluster: two processes of the app, the service, PostgreSQL, HAProxy",
                URL,
                2,
                process.pid,
                marked,
                lambda: "".join(each.read_text(errors="replace") for each in logs.glob("*.log")),
            )
        finally:
            process.send_signal(signal.SIGTERM)


def _overhead(phone: bytes) -> float:
    """Print what the way to the service and back adds to a reading.

    Returns the seconds of the processor of one here, of a phone's photo.
    """
    from explainer.jobs import Worker
    from explainer.serving import client
    from explainer.vision import cards, photos, pipeline, samples

    here = Worker(pipeline.load, "here")
    there = Worker(client.Reading, "there")
    shown = {
        "a sample": samples.read("astronaut"),
        "a photo without a face": photos.read(pictures.small()[0]),
        "a phone's photo": photos.read(phone),
    }
    print("\nA reading, here and by the service in turns")
    for title, photo in shown.items():
        ways = {
            "here": lambda photo=photo: here.submit(lambda reader, progress: pipeline.read(reader, photo)),
            "there": lambda photo=photo: there.submit(
                client.asking(cards.DEFAULT, pipeline.read, (photo, False, None))
            ),
        }
        took: dict[str, list[float]] = {name: [] for name in ways}
        computed = 0.0
        for turn in range(READINGS + 5):
            for name, way in ways.items():
                start, used = time.perf_counter(), time.process_time()
                way().result()
                if turn >= 5:  # what is loaded at the first calls
                    took[name].append(1000 * (time.perf_counter() - start))
                    computed += (time.process_time() - used) / READINGS if name == "here" else 0.0
        mid = {name: statistics.median(each) for name, each in took.items()}
        size = "x".join(map(str, photo.image.size))
        print(
            f"  {title} ({size}): {mid['here']:.1f} ms here ({1000 * computed:.0f} ms of the processor), "
            f"{mid['there']:.1f} ms by the service, {mid['there'] - mid['here']:+.1f} ms at the median of {READINGS} "
            "(at most +10)",
            flush=True,
        )
    return computed


def _in_turns(folder: Path, servers: dict[str, Served], photos: list[bytes]) -> None:
    """Print how long one visitor waits for a page, for a photo's label and for a vote in the one and in the other."""
    from explainer.workshop.postgres import PostgresStore

    took: dict[str, dict[str, list[float]]] = {}
    used: dict[str, dict[str, float]] = {}
    database = f"postgresql://explainer@/postgres?host={folder / 'cluster' / 'postgres'}"
    with closing(PostgresStore(database)) as there:
        stores: dict[str, Store] = {"one process": SQLiteStore(folder / "rooms.sqlite"), "cluster": there}
        phones = {name: _phone(servers[name].url, store) for name, store in stores.items()}
        visitors = {name: Visitor(server.url) for name, server in servers.items()}
        for visitor in visitors.values():
            visitor.bring("photo.jpg", photos[-1])  # the models are loaded
        work: dict[str, Callable[[str, int], object]] = {
            **{
                f"the page {page or 'photo'}": lambda name, turn, page=page: _turn_to(visitors[name], page)
                for page in (*PAGES[1:], PAGES[0])  # on which photos are brought
            },
            "a photo, with label and map": lambda name, turn: visitors[name].bring(
                "photo.jpg", photos[turn % len(photos)]
            ),
            "a vote": lambda name, turn: _vote(phones[name], turn),
        }
        for turn in range(TURNS):
            until = time.monotonic() + A_TURN
            for kind, do in work.items():
                for name in list(servers)[:: 1 if turn % 2 else -1]:
                    before, start = consumption.seconds(servers[name].pid, servers[name].marked), time.perf_counter()
                    do(name, turn)
                    took.setdefault(kind, {}).setdefault(name, []).append(time.perf_counter() - start)
                    spent = consumption.seconds(servers[name].pid, servers[name].marked).since(before)
                    of_kind = used.setdefault(kind, {})
                    of_kind[name] = of_kind.get(name, 0.0) + (spent.total() - spent["Ray"]) / TURNS
            time.sleep(max(0.0, until - time.monotonic()))
        for visit in (*visitors.values(), *phones.values()):
            visit.leave()
        for name, store in stores.items():
            rooms.delete(store, phones[name].room)
    print(f"\nOne visitor, in one process and in the cluster in turns ({TURNS} each)")
    for kind, each in took.items():
        one, more = (1000 * statistics.median(each[name]) for name in servers)
        print(
            f"  {kind}: {one:.0f} ms and {more:.0f} ms, {more / one:.2f} times (at most {MOST}); of the processor "
            f"{1000 * used[kind]['one process']:.0f} and {1000 * used[kind]['cluster']:.0f} ms",
            flush=True,
        )


def _turn_to(visitor: Visit, page: str) -> None:
    visitor.turn_to(page)


def _phone(url: str, store: Store) -> Phone:
    """A phone in a new room that votes."""
    room = rooms.open_room(store, "adults")
    screens.present(store, room.code, step="decide", activity=room.questions[0], phase="open")
    return Phone(url, room, participants.join(store, room.code))


def _vote(phone: Phone, turn: int) -> None:
    ((page, answers),) = phone.answers.items()
    sent = Sent()
    phone.vote(page, answers[turn % len(answers)], sent)
    if sent.late:
        raise RuntimeError("a vote was not counted")
