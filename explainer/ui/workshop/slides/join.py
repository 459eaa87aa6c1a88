"""The first step: how to join."""

from functools import partial

import streamlit as st

from explainer.ui import access
from explainer.ui.workshop import invitation, qr, refresh
from explainer.ui.workshop.slide import Scene, Slide
from explainer.workshop import participants
from explainer.workshop.rooms import Room


def _on_projector(scene: Scene) -> None:
    room = scene.room
    if not room.phones:
        st.header("Put up a hand to vote. Nobody has to.", anchor=False)
        return
    if room.ended:
        return
    # In a room everybody may see it. Elsewhere who has the code of the room alone could open this page.
    said = invitation.wifi(room) if access.is_presenter() else None
    code, how, network = st.columns([5, 6, 3] if said else [5, 9, 0.1], gap="large")
    with code:
        address = qr.way_in(room, 500)
    with how:
        st.header("Join with a phone, or put up a hand", anchor=False)
        st.subheader(address, anchor=False)
        with st.container(key="code"):
            st.title(f"Room {room.code}", anchor=False)
        photo = "your own photo only if you want" if room.rules.own_faces else "no photo of you"
        st.subheader(f"No name, no account, {photo}.", anchor=False)
        refresh.every(2.0, partial(_joined, room), "count")
    with network:
        if said:
            qr.code(said, 280, "A QR code to join the Wi-Fi network.")
            st.subheader("First the Wi-Fi", anchor=False)
            st.markdown("#### No internet there: stay connected.")


def _joined(room: Room) -> None:
    st.header(f":green[{participants.count(access.store(), room.code)} joined]", anchor=False)


def _on_phone(scene: Scene, token: str) -> None:
    st.success("You are in. Keep this page open: it follows the screen, and asks when it is your turn.")


SLIDE = Slide(_on_projector, _on_phone)
