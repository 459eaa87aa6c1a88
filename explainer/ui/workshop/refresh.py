"""What is drawn again by itself, every so many seconds, for as long as it stands on a page."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import streamlit as st

from explainer.ui import access, streamlit_internals
from explainer.ui.workshop import invitation
from explainer.workshop import rooms, screens
from explainer.workshop.errors import Busy, RoomError, UnknownRoom, UnknownToken

_FOLLOWED = 2.0  # seconds after which a screen looks again whether something changed
_BEHIND = 2  # looks in a row at a drawing that is not the last one
_PRESSED = "pressed"

_ticker = st.components.v2.component("refresh", js=(Path(__file__).parent / "refresh.js").read_text("utf-8"))


def every(seconds: float, draw: Callable[[], None], name: str) -> None:
    """Draw something now, and again and again; `name` tells it from all else on the page that is drawn again.

    Where the room was deleted meanwhile, or another program holds its record, nothing is drawn.
    """
    # What a run drew can be lost on its way (see `streamlit_internals.send_all_that_was_drawn`): with `run_every` the
    # page would stand still for good. So the browser does the asking, and says what stands there. One look at an older
    # drawing was on its way while the new one was made; two in a row mean that it never arrived.
    st.session_state.pop(_PRESSED, None)
    key = f"look_{name}"
    drawing = st.session_state[f"drawing_{name}"] = st.session_state.get(f"drawing_{name}", 0) + 1
    behind = looks = 0

    def look() -> None:
        nonlocal behind, looks
        looks += 1  # which tells the browser that what it asked for came: of the same data it hears nothing
        data = {"drawing": drawing, "seconds": seconds, "looks": looks}
        with st.container(gap=None):
            seen = _ticker(key=key, data=data, on_look_change=lambda: None, height=1).look
            behind = behind + 1 if seen not in (None, drawing) else 0
            if behind == _BEHIND or st.session_state.pop(_PRESSED, False):
                st.rerun()
            with st.container(), contextlib.suppress(RoomError):
                draw()

    st.fragment(streamlit_internals.name_fragment(look, key))()


def pressed() -> None:
    """Somebody pressed a button: where a look takes the press along, the whole page is drawn all the same."""
    st.session_state[_PRESSED] = True


def follow(code: str, version: int, token: str | None = None, draw: Callable[[], None] = lambda: None) -> None:
    """Draw the page again once the stage is no longer at the version that is drawn; a phone says that it is here.

    `draw` is what is drawn anew at each look. What shows the way into the room, all but a phone, is drawn again where
    that is another one.
    """

    def way() -> tuple[str, str | None] | None:
        return None if token else invitation.way(code)

    drawn = way()

    def look() -> None:
        try:
            draw()
            store = access.store()
            stage = screens.look(store, code, token) if token else screens.stage(store, code)
            changed = stage.version != version or way() != drawn
        except Busy:  # the next look will tell
            changed = False
        except RoomError:  # deleted meanwhile
            changed = True
        if changed:
            st.rerun()

    access.follow(code, version)
    every(_FOLLOWED, look, "stage")
    coming_back()


@st.fragment(run_every=3600.0)
def coming_back() -> None:
    """Nothing, but that it is drawn by itself, however seldom.

    Only then does Streamlit's browser ask a server that it comes back to, started anew or after a long sleep, for the
    whole page; else it goes on to ask for fragments, and tells of buttons that were pressed, and a new session has none
    of these.
    """


@contextlib.contextmanager
def waiting() -> Iterator[None]:
    """Where another program holds the record of rooms, a sentence ends the page, which is drawn again in a while.

    Where a room was deleted, or a phone lost its place, while the page was being drawn, that is drawn again at once.
    """

    def look() -> None:
        store = access.store()
        rooms.listing(store)  # where it is held yet, Busy ends this look
        if store.unread and "room" in st.query_params:
            rooms.find(store, st.query_params["room"])  # as UnknownRoom does until it can be read again
        st.rerun()

    try:
        yield
    except Busy as error:
        st.error(str(error))
        every(_FOLLOWED, look, "held")
    except (UnknownRoom, UnknownToken):
        st.rerun()
