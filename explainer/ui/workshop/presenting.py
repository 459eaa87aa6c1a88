"""What a room is shown, as this screen draws it, and how the presenter changes it."""

import re
from pathlib import Path
from typing import Any, Unpack, get_args

import streamlit as st

from explainer.ui import access
from explainer.ui.workshop import refresh
from explainer.ui.workshop.actions import attempt, press
from explainer.ui.workshop.slide import Scene
from explainer.workshop import screens, talk
from explainer.workshop.rooms import Room
from explainer.workshop.screens import Changes, Stage
from explainer.workshop.stage import Beat, Key, Press
from explainer.workshop.talk import Step

_KEYS = "keys"
_MOST = 500  # presses that a browser may tell at once

_HTML, _CSS, _JS = ((Path(__file__).parent / f"clicker.{kind}").read_text("utf-8") for kind in ("html", "css", "js"))
_clicker = st.components.v2.component("clicker", html=_HTML, css=_CSS, js=_JS)


def keys(room: Room, listens: bool) -> None:
    """The presenter's keys, and buttons where this screen `listens` to those of other windows of its browser.

    Drawn before all else: what was pressed is taken first.
    """
    key = f"{_KEYS}_{room.code}"
    told = _told(st.session_state.get(key))
    _take(room, told)
    stage = screens.stage(access.store(), room.code)
    client = told[0].client if told else ""
    drawn = _clicker(
        key=key,
        data={
            "code": room.code,
            "presenter": access.is_presenter() and listens,  # one window counts, so that no press waits for another
            "listens": listens,
            "most": _MOST,
            "moves": stage.moves,
            "blank": stage.blank,
            "client": client,
            "taken": screens.taken(access.store(), room.code, client) if client else 0,
        },
        on_presses_change=refresh.pressed,
        height="content" if listens else 1,
    )
    # A session that is new, after a reconnection, hears here first of what its browser has been telling.
    if not told and access.is_presenter() and (late := _told(drawn)):
        _take(room, late)
        st.rerun()


def _take(room: Room, told: list[Press]) -> None:
    """Move the room by the presses that were not taken yet."""
    if told and access.is_presenter() and told[-1].number > screens.taken(access.store(), room.code, told[0].client):
        screens.press(access.store(), room.code, told, talk.beats(room))


def _told(state: Any) -> list[Press]:
    """The presses that a browser tells, in the order of their numbers; what is none is left out."""
    presses = state.get("presses") if state else None
    if not isinstance(presses, dict):
        return []
    client = presses.get("client")
    if not isinstance(client, str) or not re.fullmatch("[0-9a-f]{16}", client, re.ASCII):
        return []
    rows = presses.get("presses")
    found = [
        Press(client, row[0], row[1], row[2])
        for row in (rows if isinstance(rows, list) else [])[:_MOST]
        if isinstance(row, list) and len(row) == 3 and row[1] in get_args(Key)
        if all(type(number) is int and 0 <= number < 2**53 for number in (row[0], row[2]))
    ]
    return sorted(found, key=lambda press: press.number)


def scene(room: Room) -> Scene:
    """What is drawn now."""
    stage = screens.stage(access.store(), room.code)
    return Scene(room, stage, _step(room, stage))


def present(code: str, **changes: Unpack[Changes]) -> None:
    """Change what a room is shown, where this session has given the key; see `screens.present`."""
    if access.is_presenter():
        press(lambda: screens.present(access.store(), code, **changes))


def leap(room: Room, step: str) -> None:
    """Go to the beginning of a step."""
    first = next(beat for beat in talk.beats(room) if beat.step == step)
    present(room.code, **vars(first))


def begin(room: Room) -> None:
    """Show the first step."""
    attempt(lambda: screens.present(access.store(), room.code, **vars(talk.beats(room)[0])))


def beat(room: Room, stage: Stage) -> Beat:
    """Where a room is on its way: at its beginning until it has moved."""
    return Beat(stage.step, stage.activity, stage.phase) if stage.step else talk.beats(room)[0]


def _step(room: Room, stage: Stage) -> Step:
    """The step that a room is at: the first of its route until it has moved."""
    return talk.load().steps.get(stage.step) or talk.of_room(room).steps[0]
