"""What a visitor waits for, and what is sent to them, in a real Chromium: `python -m benchmarks browser`."""

import os
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import PATIENCE, PhotoPage, chromium_running, find_chromium
from tests.servers import APP, serving

CLICKS = 20
_PAINTED = """() => { const pictures = [...document.querySelectorAll('.st-key-page img')]
    return document.querySelector('.st-key-answer_word') && pictures.length > 0
        && pictures.every(picture => picture.complete && picture.naturalWidth) }"""


def report() -> None:
    """Start the app, open two pages as new visitors, and change the photo twenty times; print seconds and bytes."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("No Chromium was found on the PATH.")
    print(f"In the browser (load of the machine {os.getloadavg()[0]:.1f})")
    with tempfile.TemporaryDirectory() as folder, chromium_running(chromium) as browser:
        started = time.perf_counter()
        with serving(APP, Path(folder) / "log") as server:
            up = time.perf_counter()
            print(f"  server up {up - started:.2f} s after its start")
            window, traffic = _window(browser)
            window.goto(server.url, wait_until="commit")
            window.wait_for_function(_PAINTED)
            print(f"  first visitor: the exhibit painted after {time.perf_counter() - up:.2f} s, {traffic()}")
            page = PhotoPage(window, server.url)
            page.wait_for_result("1 face was found")
            print(f"  first visitor: the whole page after {time.perf_counter() - up:.2f} s, {traffic()}")
            for section in window.locator(".st-key-page summary").all():
                section.click()
            page.open_settings()
            window.wait_for_timeout(2_000)
            print(f"  every section of the page opened: {traffic()}")
            for who in ("first", "second"):
                other, sent = _window(browser)
                start = time.perf_counter()
                other.goto(f"{server.url}/removal", wait_until="commit")
                expect(other.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=PATIENCE)
                print(f"  Before and after, {who} visitor: drawn after {time.perf_counter() - start:.2f} s, {sent()}")
                other.context.close()
            window.keyboard.press("Escape")
            waits = []
            for click in range(CLICKS):
                shown = page.pictures.first.get_attribute("src") or ""
                start = time.perf_counter()
                page.choose_sample(("Cat", "Astronaut", "Rocket", "Coffee")[click % 4])
                expect(page.pictures.first).not_to_have_attribute("src", shown)
                waits.append(time.perf_counter() - start)
    print(f"  from click to picture: median {statistics.median(waits):.2f} s, worst of {CLICKS} {max(waits):.2f} s")


def _window(browser: Browser) -> tuple[Page, "Traffic"]:
    """A window of a new visitor, who has nothing of the app yet, and what is sent to it."""
    window = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    return window, Traffic(window)


class Traffic:
    """Bytes that came over the wire for a window so far: files as they are encoded, and frames of the websocket."""

    def __init__(self, window: Page) -> None:
        self._files = self._frames = 0.0
        protocol = window.context.new_cdp_session(window)
        protocol.on("Network.loadingFinished", self._file)
        protocol.on("Network.webSocketFrameReceived", self._frame)
        protocol.send("Network.enable")

    def _file(self, event: dict[str, float]) -> None:
        self._files += event["encodedDataLength"]

    def _frame(self, event: dict[str, dict[str, str]]) -> None:
        self._frames += len(event["response"]["payloadData"]) * 3 / 4  # written as Base64

    def __call__(self) -> str:
        return f"{(self._files + self._frames) / 1e6:.2f} MB over the wire"
