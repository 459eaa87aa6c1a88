"""What tests of the workshop's screens share: pressing buttons, and reading what is shown."""

import secrets
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from explainer.ui import access, browser
from explainer.ui.workshop import invitation
from explainer.workshop import screens, talk
from explainer.workshop.rooms import Room
from explainer.workshop.stage import Key, Press

Open = Callable[..., AppTest]
"""Opens the page "Workshop" in a session of its own, at an address with these parameters."""


def restart() -> None:
    access.store.clear()
    access.ask_again()
    invitation._chosen.clear()
    invitation._networks.clear()
    browser._remembered.clear()
    access.gate.clear()


def give(app: AppTest, key: str) -> AppTest:
    app.text_input(key="presenter_key").input(key)
    press(app, "Open the presenter's page")
    return app.run()


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def said(app: AppTest) -> str:
    """All words of a screen."""
    assert not app.exception
    texts = (*app.title, *app.header, *app.subheader, *app.markdown, *app.caption)
    shown = (*texts, *app.error, *app.info, *app.warning, *app.success)
    return "\n".join(str(element.value) for element in shown)


def move(room: Room, key: Key = "next") -> None:
    """Press a key of the presenter's, in a window that shows what the room is shown."""
    seen = screens.stage(access.store(), room.code).moves
    screens.press(access.store(), room.code, [Press(secrets.token_hex(8), 1, key, seen)], talk.beats(room))


def join(visit: Open, room: Room) -> AppTest:
    return press(visit(room=room.code), "Join")
