"""What the address says: the room, how it is looked at, and which phone asks."""

import contextlib
from typing import Literal, get_args

import streamlit as st

from explainer.ui import access, browser
from explainer.ui.workshop.trying import press
from explainer.workshop import rooms
from explainer.workshop.rooms import Room, UnknownRoom, UnknownToken

View = Literal["phone", "projector", "notes"]
"""How a room can be looked at."""

PAGE = "pages/workshop.py"
"""Where all of it is."""

_TOKENS = "tokens"


def in_room() -> bool:
    """Whether the address names a room: then a screen is filled, without the way to the other pages."""
    return "room" in st.query_params


def view() -> View:
    """How the room is looked at; an address that says anything else is a phone's."""
    asked = st.query_params.get("view")
    return next((view for view in get_args(View) if view == asked), "phone")


def room() -> Room | None:
    """The room that the address names; None where it names none, or one that is not there, which a sentence says.

    A screen of a room that was deleted, which its address tells from a code that was typed, says that and nothing else.
    Raises Busy.
    """
    if not in_room():
        return None
    try:
        return rooms.find(access.store(), st.query_params["room"])
    except UnknownRoom as error:
        if {"view", "token"} & st.query_params.keys():
            st.header("This room is over and deleted, or there never was one with this code.", anchor=False)
            st.page_link("pages/photo.py", label="To the app")
            st.stop()
        if not access.is_presenter():  # whoever was let in meanwhile opens another
            st.error(str(error))
    return None


def go(**address: str) -> None:
    """Another address, in one step of the browser's history."""
    st.query_params.from_dict(address)


def token(room: Room) -> str | None:
    """The token of this phone: that of the address, else of the session; None where the room gave out neither."""
    kept: dict[str, str] = st.session_state.setdefault(_TOKENS, {})
    for given in filter(None, (st.query_params.get("token"), kept.get(room.code))):
        with contextlib.suppress(UnknownRoom, UnknownToken):
            rooms.heartbeat(access.store(), room.code, given)
            kept[room.code] = given
            return given
    return None


def join(code: str) -> None:
    """Join a room; the token goes into the address, so that it survives a reload and a locked phone."""

    def work() -> None:
        found = rooms.find(access.store(), code)
        kept = st.session_state.setdefault(_TOKENS, {})
        kept[found.code] = rooms.join(
            access.store(), found.code, kept.get(found.code), browser.address(), browser.identity()
        )
        go(room=found.code, token=kept[found.code])

    press(work)
