"""What a visitor waits for, in a real Chromium: the first page after a start, and the picture after a click."""

import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.pages import PhotoPage, chromium_running, find_chromium
from tests.servers import APP, serving

CLICKS = 20


def report() -> None:
    """Start the app, open it, and change the photo twenty times; print the seconds."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("No Chromium was found on the PATH.")
    with tempfile.TemporaryDirectory() as folder, chromium_running(chromium) as browser:
        started = time.perf_counter()
        with serving(APP, Path(folder) / "log") as server:
            up = time.perf_counter()
            window = browser.new_page()
            window.goto(server.url)
            page = PhotoPage(window, server.url)
            expect(page.pictures.first).to_be_visible()
            painted = time.perf_counter()
            page.wait_for_result("1 face was found")
            first = time.perf_counter()
            waits = []
            for click in range(CLICKS):
                shown = page.pictures.first.get_attribute("src") or ""
                start = time.perf_counter()
                page.choose_sample(("Cat", "Astronaut", "Rocket", "Coffee")[click % 4])
                expect(page.pictures.first).not_to_have_attribute("src", shown)
                waits.append(time.perf_counter() - start)
    print("In the browser")
    print(f"  server up {up - started:.2f} s after its start; the exhibit painted {painted - up:.2f} s later")
    print(f"  the whole first page {first - painted:.2f} s after that")
    print(f"  from click to picture: median {statistics.median(waits):.2f} s, worst of {CLICKS} {max(waits):.2f} s")
