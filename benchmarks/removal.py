"""The page "Before and after" in a real Chromium: how soon it is there, a move of the threshold, and what is sent."""

import statistics
import tempfile
import time
from pathlib import Path

from tests.browser.conftest import APP, RemovalPage, chromium_running, find_chromium, serving

VISITS, MOVES = 5, 10


def report() -> None:
    """Print seconds and kilobytes; what the server takes is less than what a visitor waits for."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("No Chromium was found on the PATH.")
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium_running(chromium) as browser,
        serving(APP, Path(folder) / "log") as server,
    ):
        RemovalPage(browser.new_page(), server.url).open()  # the first visit warms the app
        visits = []
        for _ in range(VISITS):
            page = RemovalPage(browser.new_page(), server.url)
            start = time.perf_counter()
            page.open()
            visits.append(time.perf_counter() - start)
        sent = sum(map(len, page.traffic.frames))
        moves, bytes_ = [], []
        for move in range(MOVES):
            page.traffic.frames.clear()
            start = time.perf_counter()
            page.move_threshold("ArrowLeft" if move % 2 == 0 else "ArrowRight")
            moves.append(time.perf_counter() - start)
            bytes_.append(sum(map(len, page.traffic.frames)))
    print("Before and after, in the browser")
    print(f"  warm, from the address to the last chart: median {statistics.median(visits):.2f} s; {sent / 1000:.0f} kB")
    print(
        f"  a move of the threshold, from the key to the new outcome: median {statistics.median(moves):.2f} s, "
        f"worst of {MOVES} {max(moves):.2f} s; {max(bytes_) / 1000:.0f} kB at most"
    )
