"""What a press asks of the record of rooms: done before anything is drawn, and said where it cannot be done."""

from collections.abc import Callable

import streamlit as st

from explainer.ui.workshop import refresh
from explainer.workshop.errors import RoomError

_TROUBLE = "workshop_trouble"


def attempt(work: Callable[[], object], of: str = "") -> None:
    """Do what a press asks; where it is refused, `trouble` of the same part of a page says why."""
    st.session_state.pop(_TROUBLE, None)
    try:
        work()
    except RoomError as error:
        st.session_state[_TROUBLE] = {"of": of, "sentence": str(error)}


def press(work: Callable[[], object], of: str = "") -> None:
    """What a button does as its callback: see `attempt`."""
    refresh.pressed()
    attempt(work, of)


def button(title: str, work: Callable[[], object], primary: bool = False) -> None:
    """A button of the presenter's that does `work` before anything is drawn; no two on a page have one title."""
    st.button(title, key=f"present_{title}", on_click=press, args=(work,), type="primary" if primary else "secondary")


def trouble(version: int = 0, of: str = "") -> None:
    """Why the last press was refused, if it was: until something else is done, or the stage has another version."""
    refused = st.session_state.get(_TROUBLE)
    if refused and refused["of"] == of and refused.setdefault("version", version) == version:
        st.error(refused["sentence"])
