"""How soon it answers: commands of the shell, and the app from its start to the first label and the first map."""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import skimage
from PIL import Image

from tests.browser.pages import PhotoPage, chromium_running, find_chromium
from tests.servers import APP, Server, serving

PHOTO = Path(skimage.__file__).parent / "data" / "astronaut.png"
REPEATS = 3
# What is called, and the seconds that it may take.
CALLS = (
    (["--help"], 0.3),
    (["search", "dogs"], 1.0),
    (["category", "dog"], 1.0),
    (["classify", str(PHOTO)], 2.5),
)
FIRST_LABEL, FIRST_MAP, MEGABYTES = 1.0, 3.0, 500
# Whether a photo of the visitor's own has its label; looked for in the page itself, and that often in milliseconds, as
# Playwright's own waiting looks again after a tenth, a quarter, half a second and then after a whole one.
_LABELLED = """() => document.querySelector('.st-key-forget button')?.checkVisibility()
    && [...document.querySelectorAll('p')].some(
        each => each.innerText.includes('The closest of') && each.checkVisibility())"""
_LOOK = 10


def report() -> None:
    """Print seconds and megabytes, each beside what it may be."""
    print(f"On the shell, the best of {REPEATS}")
    for call, most in CALLS:
        seconds = min(_seconds(call) for _ in range(REPEATS))
        print(f"  explainer {call[0]:<10} {seconds:5.2f} s, at most {most} s")
    print("The app, from its start")
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("No Chromium was found on the PATH.")
    with tempfile.TemporaryDirectory() as folder, chromium_running(chromium) as browser:
        window = browser.new_page()
        started = time.perf_counter()
        with serving(APP, Path(folder) / "log") as server:
            print(f"  up after {time.perf_counter() - started:.2f} s")
            page = PhotoPage(window, server.url).open()
            print(f"  with the first page shown it has {_megabytes(server)} MB")
            page.button("own_photo").click()
            page.button("notice_button").click()
            chooser = page.page.locator("input[type=file]")
            chooser.wait_for(state="attached")
            # Not the file of a sample picture, whose labels and map are compiled ahead.
            own = Path(folder) / "own.jpg"
            Image.open(PHOTO).convert("RGB").save(own, quality=90)
            start = time.perf_counter()
            chooser.set_input_files(own)
            page.page.wait_for_function(_LABELLED, polling=_LOOK)
            label, megabytes = time.perf_counter(), _megabytes(server)
            page.wait_for_result("1 face was found")
            shown = time.perf_counter()
    print(f"  the first label of a photo {label - start:.2f} s after its upload began, at most {FIRST_LABEL} s")
    print(f"  with it, before the first map, {megabytes} MB, at most {MEGABYTES} MB")
    print(f"  the first map {shown - label:.2f} s later, at most {FIRST_MAP} s")


def _seconds(call: list[str]) -> float:
    """What a call takes by the clock, in a process of its own."""
    command = Path(sys.executable).with_name("explainer")
    beginning = [str(command)] if command.exists() else [shutil.which("explainer") or "explainer"]
    start = time.perf_counter()
    subprocess.run([*beginning, *call], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def _megabytes(server: Server) -> int:
    """Memory that the server's process holds (VmRSS)."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) // 1024
