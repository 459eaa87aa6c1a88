"""What is drawn again by itself, every so many seconds."""

import contextlib
from collections.abc import Callable

import streamlit as st

from explainer.workshop.rooms import RoomError

_RUNS = "looks"


def every(seconds: float, draw: Callable[[], None]) -> None:
    """Draw something now, and again and again; in the same place of the page each time.

    Where the room was deleted meanwhile, or another program holds its record, nothing is drawn.
    """

    def look() -> None:
        with contextlib.suppress(RoomError):
            draw()

    # Streamlit 1.67 drops the last messages of a run that has just ended where a fragment of that run asks at that
    # moment, the order to ask again among them: the page would stand still. It lets fragments of earlier runs ask in
    # vain, and tells them from others by their names.
    st.session_state[_RUNS] = st.session_state.get(_RUNS, 0) + 1
    look.__qualname__ = f"look_{st.session_state[_RUNS]}"
    st.fragment(look, run_every=seconds)()
