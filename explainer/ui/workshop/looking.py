"""What is drawn again by itself, every so many seconds, for as long as it stands on a page."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from explainer.workshop.rooms import RoomError

_BEHIND = 2  # looks in a row at a drawing that is not the last one
_PRESSED = "pressed"

_ticker = st.components.v2.component("looking", js=(Path(__file__).parent / "looking.js").read_text("utf-8"))


def every(seconds: float, draw: Callable[[], None], name: str) -> None:
    """Draw something now, and again and again; `name` tells it from all else on the page that is drawn again.

    Where the room was deleted meanwhile, or another program holds its record, nothing is drawn.
    """
    # Streamlit 1.67 drops the last messages of a run where a fragment is asked for just when that run ends: the page
    # would stand still, with `run_every` for good. So the browser does the asking, and says what stands there. One look
    # at an older drawing was on its way while the new one was made; two in a row mean that it never arrived.
    st.session_state.pop(_PRESSED, None)
    key = f"look_{name}"
    drawing = st.session_state[f"drawing_{name}"] = st.session_state.get(f"drawing_{name}", 0) + 1
    behind = 0

    def look() -> None:
        nonlocal behind
        with st.container(gap=None):
            seen = _ticker(
                key=key, data={"drawing": drawing, "seconds": seconds}, on_look_change=lambda: None, height=1
            ).look
            behind = behind + 1 if seen not in (None, drawing) else 0
            if behind == _BEHIND or st.session_state.pop(_PRESSED, False):
                st.rerun()
            with st.container(), contextlib.suppress(RoomError):
                draw()

    look.__qualname__ = key  # Streamlit's name for a fragment: the same in each run, and no other's
    st.fragment(look)()


def pressed() -> None:
    """Somebody pressed a button: where a look takes the press along, the whole page is drawn all the same."""
    st.session_state[_PRESSED] = True
