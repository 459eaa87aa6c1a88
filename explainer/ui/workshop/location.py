"""What the address says: the room, how it is looked at, and which phone asks."""

import contextlib
from typing import Literal, get_args

import streamlit as st

from explainer.ui import access, browser
from explainer.ui.workshop.actions import press
from explainer.workshop import participants, rooms
from explainer.workshop.errors import Busy, UnknownRoom
from explainer.workshop.rooms import Room

View = Literal["phone", "projector", "notes"]
"""How a room can be looked at."""

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
        joined = st.query_params["room"].upper() in st.session_state.get(_TOKENS, {})
        if joined or {"view", "token"} & st.query_params.keys():
            if access.store().unread:  # it may be in what cannot be read just now
                raise Busy from error
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
    """The token of this phone; None where it has not joined.

    A browser is known by its cookie; one that takes none, by its session, until it is loaded anew. The token in an
    address that was opened on a second device is none there.
    """
    kept: dict[str, str] = st.session_state.setdefault(_TOKENS, {})
    this, address = browser.identity(), st.query_params.get("token")
    own = participants.own(room.code, this) if this else None
    if address and not participants.may_be_of(room.code, address, this):
        address = None
    for given in (kept.get(room.code), own, address):
        if given is not None:
            with contextlib.suppress(UnknownRoom):  # it was deleted in this moment
                if participants.is_in(access.store(), room.code, given):
                    kept[room.code] = given
                    return given
    return None


def join(code: str) -> None:
    """Join a room."""

    def work() -> None:
        found = rooms.find(access.store(), code)
        kept: dict[str, str] = st.session_state.setdefault(_TOKENS, {})
        known = kept.get(found.code)
        given = participants.join(access.store(), found.code, known, browser.address(), browser.identity())
        kept[found.code] = given
        go(room=found.code, **({"token": given} if browser.known() else {}))

    press(work)
