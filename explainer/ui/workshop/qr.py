"""Codes to photograph: into a room, or into the Wi-Fi."""

import streamlit as st

from explainer.ui.markdown import plain
from explainer.ui.workshop import invitation
from explainer.workshop import addresses
from explainer.workshop.rooms import Room


def code(text: str, width: int, alt: str) -> None:
    """Draw a text as a code."""
    st.image(addresses.qr(text), width=width, alt=alt)


def way_in(room: Room, width: int) -> str:
    """Draw a code that leads into the room; gives back the address that can be typed instead."""
    address = f"{invitation.origin()}/workshop"
    short = addresses.short(address)
    code(f"{address}?room={room.code}&embed=true", width, f"A QR code to join the room {room.code} at {short}.")
    return plain(short)


def corner(room: Room, width: int) -> None:
    """Draw how to join, small: the code to photograph, the short address, the code of the room."""
    with st.container(key="invitation"):
        # Where it is too long for one line it breaks before its path, at a space of no width, and not in a word.
        st.markdown(f"**{way_in(room, width)}**".replace("/", "\u200b/"))
        st.markdown(f"**{room.code}**")
