"""What a room is shown, as this screen draws it, and how the presenter changes it."""

from dataclasses import asdict
from typing import Unpack

import streamlit as st

from explainer.ui import access
from explainer.ui.workshop.trying import press
from explainer.workshop import rooms, talk
from explainer.workshop.rooms import Changes, Room, Stage
from explainer.workshop.talk import Route, Step

_SHOWN = "shown"


def stage(room: Room) -> Stage:
    """What the room is shown, as this screen draws it now."""
    found = st.session_state[_SHOWN] = rooms.stage(access.store(), room.code)
    return found


def shown() -> Stage:
    """What stands on this screen, or what its last press made of it: then it is drawn in a moment."""
    found: Stage = st.session_state[_SHOWN]
    return found


def present(code: str, seen: int | None = None, **changes: Unpack[Changes]) -> None:
    """Change what a room is shown, where this session has given the key; see `rooms.present`."""

    def work() -> None:
        after = rooms.present(access.store(), code, seen, **changes)
        if after.version == shown().version + 1 and changes.items() <= asdict(after).items():
            st.session_state[_SHOWN] = after  # a clicker that is pressed twice goes on from here

    if access.is_presenter():
        press(work)


def route(room: Room) -> Route:
    """The room's way through the talk."""
    return talk.route(room.route)


def step(room: Room, stage: Stage) -> Step:
    """The step that a room is at: the first of its route until it has moved."""
    return talk.load().steps.get(stage.step) or route(room).steps[0]
