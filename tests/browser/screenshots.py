"""Pictures of the page in its states, in light and dark, on a telephone, a laptop and a wide screen.

By hand, from the project's folder: `python -m tests.browser.screenshots FOLDER [state ...]`.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, expect

from tests.browser.conftest import (
    APP,
    NOT_A_PHOTO,
    PHOTOS,
    BreakPage,
    LaboratoryPage,
    PhotoPage,
    chromium_running,
    find_chromium,
    serving,
)

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 390, 1920)
HEIGHT = 900


def _notice(page: PhotoPage) -> None:
    page.choose_sample("Astronaut")
    page.wait_for_notice()


def _one_face(page: PhotoPage) -> None:
    _notice(page)
    page.agree()
    page.wait_for_result("1 face was found")


def _four_faces(page: PhotoPage) -> None:
    page.upload(PHOTOS / "four_faces.jpg")
    page.agree()
    page.wait_for_result("4 faces were found")


def _cat(page: PhotoPage) -> None:
    page.choose_sample("Cat")
    page.agree()
    page.wait_for_result("No face was found")


def _bad_file(page: PhotoPage) -> None:
    page.upload(NOT_A_PHOTO)
    page.wait_for_error()


def _sidebar(page: PhotoPage) -> None:
    page.open_sidebar()
    page.button("ask_reveal_all").click()
    page.button("reveal_all").wait_for()


def _revealed(page: PhotoPage) -> None:
    _four_faces(page)
    page.show_all()
    page.page.mouse.move(150, 100)  # the button that closes the sidebar is there while a mouse is over it
    page.close_sidebar()


def _laboratory(page: PhotoPage) -> LaboratoryPage:
    laboratory = LaboratoryPage(page.page, page.url).open("Photographer")
    laboratory.explain()
    return laboratory


def _checked(page: PhotoPage) -> None:
    _laboratory(page).check("Grad-CAM")
    expect(page.page.locator(".st-key-deletion .main-svg").first).to_be_visible()


def _broken(page: PhotoPage) -> None:
    BreakPage(page.page, page.url).open("Astronaut")


def _mirrored(page: PhotoPage) -> None:
    BreakPage(page.page, page.url).open("Astronaut").choose_change("flip", "Mirrored")


STATES: dict[str, Callable[[PhotoPage], object]] = {
    "empty": lambda page: None,
    "notice": _notice,
    "one_face": _one_face,
    "four_faces": _four_faces,
    "cat": _cat,
    "bad_file": _bad_file,
    "sidebar": _sidebar,
    "revealed": _revealed,
    "laboratory": _laboratory,
    "checked": _checked,
    "broken": _broken,
    "mirrored": _mirrored,
}


def take(browser: Browser, url: str, folder: Path, states: list[str]) -> None:
    """Write FOLDER/state-scheme-width.png for each state, each as a new visitor sees it."""
    for scheme in SCHEMES:
        for width in WIDTHS:
            for state in states:
                context = browser.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme)
                page = PhotoPage(context.new_page(), url).open()
                STATES[state](page)
                # Streamlit scrolls inside the window, so the window is made as high as the content.
                page.page.set_viewport_size({"width": width, "height": max(HEIGHT, page.height)})
                page.page.mouse.move(0, 0)
                if page.chart.count():
                    expect(page.chart.first).to_be_visible()  # drawn anew for the other size
                file = folder / f"{state}-{scheme}-{width}.png"
                page.page.screenshot(path=file, animations="disabled")
                print(file, *page.overflow, sep="\n    beyond the edge: ")
                context.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("states", nargs="*", metavar="state", help=f"of {', '.join(STATES)}; all where none is named")
    options = parser.parse_args()
    if unknown := set(options.states) - set(STATES):
        parser.error(f"no such state: {', '.join(sorted(unknown))}")
    executable = find_chromium()
    if executable is None:
        print("No Chromium on the PATH.", file=sys.stderr)
        return 1
    options.folder.mkdir(parents=True, exist_ok=True)
    with serving(APP, options.folder / "server.log") as server, chromium_running(executable) as browser:
        take(browser, server.url, options.folder, options.states or list(STATES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
