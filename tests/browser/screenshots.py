"""Pictures of pages in their states, in light and dark, on a phone, a laptop and a wide screen; and of each step of
a rehearsed workshop, on its projector and on a phone.

By hand, from the project's folder: `python -m tests.browser.screenshots FOLDER [state ...]`.
"""

import argparse
import itertools
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, expect

from explainer.workshop import participants, rehearsal, rooms, screens, talk
from explainer.workshop.screens import Changes
from explainer.workshop.sqlite import SQLiteStore
from tests.browser.pages import (
    NOT_A_PHOTO,
    PHOTOS,
    AboutPage,
    BreakPage,
    LaboratoryPage,
    PhotoPage,
    RemovalPage,
    RoomPage,
    chromium_running,
    find_chromium,
)
from tests.servers import APP, serving

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 390, 1920)
HEIGHT = 900


def _dialog(page: PhotoPage) -> None:
    page.button("own_photo").click()
    page.button("notice_button").wait_for()


def _settings(page: PhotoPage) -> None:
    page.open_settings()


def _four_faces(page: PhotoPage) -> None:
    page.upload(PHOTOS / "four_faces.jpg")
    page.wait_for_result("4 faces were found")


def _cat(page: PhotoPage) -> None:
    page.choose_another_sample("Cat")


def _bad_file(page: PhotoPage) -> None:
    page.upload(NOT_A_PHOTO)
    page.wait_for_error()


def _chip(page: PhotoPage) -> None:
    page.open_chip()


def _revealed(page: PhotoPage) -> None:
    _four_faces(page)
    page.show_all()


def _before_and_after(page: PhotoPage) -> None:
    RemovalPage(page.page, page.url).open()


def _within_a_branch(page: PhotoPage) -> None:
    removal = RemovalPage(page.page, page.url).open("The maps")
    removal.click_on_branch("map-after", "worker")


def _another_rule(page: PhotoPage) -> None:
    removal = RemovalPage(page.page, page.url).open("The rule")
    removal.move_threshold("ArrowLeft")
    removal.be_strict()


def _large_charts(page: PhotoPage) -> None:
    RemovalPage(page.page, page.url).open().draw_large()


def _about(page: PhotoPage) -> None:
    AboutPage(page.page, page.url).open()


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
    "exhibit": lambda page: None,
    "dialog": _dialog,
    "settings": _settings,
    "four_faces": _four_faces,
    "cat": _cat,
    "bad_file": _bad_file,
    "chip": _chip,
    "revealed": _revealed,
    "before_and_after": _before_and_after,
    "within_a_branch": _within_a_branch,
    "another_rule": _another_rule,
    "large_charts": _large_charts,
    "about": _about,
    "laboratory": _laboratory,
    "checked": _checked,
    "broken": _broken,
    "mirrored": _mirrored,
}


SCREENS = {
    "projector": (1920, 1080),
    "projector-1280": (1280, 720),
    "projector-1024": (1024, 768),
    "phone": (390, 844),
}
_STORE = SQLiteStore(None)
STAGES: dict[str, Changes] = {
    f"room_{number:02}_{beat.step}_{beat.phase or 'shown'}": Changes(
        step=beat.step, activity=beat.activity, phase=beat.phase
    )
    for number, beat in enumerate(
        talk.beats(rooms.open_room(_STORE, route="90", extras=[step.name for step in talk.optional("90")]))
    )
}
"""What a room is shown, by the name of the state."""


def take_rooms(browser: Browser, folder: Path, states: list[str]) -> None:
    """Write FOLDER/state-screen-scheme.png for each state of a room with made-up votes, on each of its screens."""
    with tempfile.TemporaryDirectory() as data, closing(SQLiteStore(Path(data) / "rooms.sqlite")) as store:
        code = rehearsal.rehearse(store, route="90", extras=[step.name for step in talk.optional("90")]).code
        token = participants.join(store, code)
        with serving(APP, folder / "server-of-rooms.log", EXPLAINER_DATA=data) as server:
            for scheme, (screen, (width, height)) in itertools.product(SCHEMES, SCREENS.items()):
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
                page = RoomPage(context.new_page(), server.url)
                for state in states:
                    screens.present(store, code, **STAGES[state])
                    page.open(room=code, view=screen.partition("-")[0], token=token, embed="true")
                    if screen == "phone":
                        page.page.set_viewport_size({"width": width, "height": max(height, page.height)})
                    page.wait_for_step(talk.load().steps[STAGES[state]["step"]].title)
                    page.wait_for_charts()
                    file = folder / f"{state}-{screen}-{scheme}.png"
                    page.page.screenshot(path=file, animations="disabled")
                    below = [] if screen == "phone" or page.height <= height else [f"{page.height} pixels"]
                    print(file, *page.overflow, *below, sep="\n    beyond the edge: ")
                context.close()


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
                file = folder / f"{state}-{scheme}-{width}.png"
                page.page.screenshot(path=file, animations="disabled")
                print(file, *page.overflow, sep="\n    beyond the edge: ")
                context.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("states", nargs="*", metavar="state", help=f"of {', '.join([*STATES, *STAGES])}")
    options = parser.parse_args()
    if unknown := set(options.states) - set(STATES) - set(STAGES):
        parser.error(f"no such state: {', '.join(sorted(unknown))}")
    executable = find_chromium()
    if executable is None:
        print("No Chromium on the PATH.", file=sys.stderr)
        return 1
    options.folder.mkdir(parents=True, exist_ok=True)
    wanted = options.states or [*STATES, *STAGES]
    with chromium_running(executable) as browser:
        with serving(APP, options.folder / "server.log") as server:
            take(browser, server.url, options.folder, [state for state in wanted if state in STATES])
        take_rooms(browser, options.folder, [state for state in wanted if state in STAGES])
    return 0


if __name__ == "__main__":
    sys.exit(main())
