"""What a press asks of the record of rooms: done before anything is drawn, and said where it cannot be done."""

from collections.abc import Callable

import streamlit as st

from explainer.workshop.rooms import RoomError
from explainer.workshop.store import Busy

_TROUBLE = "workshop_trouble"


def attempt(work: Callable[[], object]) -> None:
    """Do what a press asks; where it is refused, `trouble` says why from then on, until something else is done."""
    st.session_state.pop(_TROUBLE, None)
    try:
        work()
    except (RoomError, Busy) as error:
        st.session_state[_TROUBLE] = str(error)


def button(title: str, work: Callable[[], object], primary: bool = False) -> None:
    """A button of the presenter's that does `work` before anything is drawn; no two on a page have one title."""
    st.button(title, key=f"present_{title}", on_click=attempt, args=(work,), type="primary" if primary else "secondary")


def trouble() -> None:
    """Why the last press was refused, if it was."""
    if sentence := st.session_state.get(_TROUBLE):
        st.error(sentence)
