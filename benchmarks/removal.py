"""The page "Before and after": what the server takes for it and for a move of the threshold, and a browser besides."""

import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.protocol import Visit
from tests.browser.pages import RemovalPage, chromium_running, find_chromium
from tests.servers import APP, serving

VISITS, MOVES = 5, 10
IMAGEABILITY, RULE = "Keep words rated at least", "removal?part=The+rule"


def report() -> None:
    """Print seconds and kilobytes: of the server alone, asked by websocket, and as a visitor waits in Chromium."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("No Chromium was found on the PATH.")
    print("Before and after")
    with tempfile.TemporaryDirectory() as folder, serving(APP, Path(folder) / "log") as server:
        Visit(server.url, "removal").leave()  # the first visit warms the app
        _ask_the_server(server.url)
        with chromium_running(chromium) as browser:
            _look(browser, server.url)


def _ask_the_server(url: str) -> None:
    """The page asked for by websocket, until its script is through."""
    visits, moves, sent = [], [], []
    for _ in range(VISITS):
        start = time.perf_counter()
        page = Visit(url, "removal")
        visits.append(time.perf_counter() - start)
        whole = page.received
        page.leave()
    page = Visit(url, RULE)
    for move in range(MOVES):
        before, start = page.received, time.perf_counter()
        page.slide(IMAGEABILITY, 4.0 if move % 2 else 3.9)
        moves.append(time.perf_counter() - start)
        sent.append(page.received - before)
    page.leave()
    print(f"  the server, warm: page {_of(visits)}, {whole / 1000:.0f} kB; {_moves(moves, sent)}")


def _look(browser: Browser, url: str) -> None:
    """The same in a browser, until the last chart is drawn; each window is closed before the next is opened."""
    visits, moves, sent = [], [], []
    for _ in range(VISITS):
        window = browser.new_page()
        page = RemovalPage(window, url)
        start = time.perf_counter()
        page.open()
        visits.append(time.perf_counter() - start)
        window.close()
    page = RemovalPage(browser.new_page(), url).open("The rule")
    for move in range(MOVES):
        page.traffic.frames.clear()
        start = time.perf_counter()
        page.move_threshold("ArrowRight" if move % 2 else "ArrowLeft")
        moves.append(time.perf_counter() - start)
        sent.append(sum(map(len, page.traffic.frames)))
    print(f"  in Chromium, drawn without a graphics card: page {_of(visits)}; {_moves(moves, sent)}")


def _moves(seconds: list[float], sent: list[int]) -> str:
    return f"a move of the threshold {_of(seconds)}, {max(sent) / 1000:.0f} kB at most"


def _of(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s (worst of {len(seconds)} {max(seconds):.2f} s)"
