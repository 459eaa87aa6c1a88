"""A phone in the room: it follows the step that is shown, and is asked when it is its turn."""

from pathlib import Path

import streamlit as st

from explainer.ui import browser, session
from explainer.ui.markdown import plain
from explainer.ui.workshop import ballot, location, presenting, refresh, report, slide, talk_pictures
from explainer.ui.workshop.actions import trouble
from explainer.ui.workshop.lobby import WHAT_IS_KEPT
from explainer.ui.workshop.slide import Scene
from explainer.workshop.rooms import Room

_connection = st.components.v2.component(
    "connection", css=(Path(__file__).parent / "connection.css").read_text("utf-8"), isolate_styles=False
)


def show(room: Room) -> None:
    """What the phone may do at the moment, or how to join."""
    _connection(key="connection", height=1)
    token = location.token(room)
    if token is None:
        _invite(room)
        return
    session.keep_to(room.rules)
    scene = presenting.scene(room)
    if room.ended:
        st.header("This room has ended", anchor=False)
        st.markdown("Thank you. What you answered goes when the presenter deletes the room. You may close this page.")
    elif scene.stage.paused:
        st.header("A pause", anchor=False)
        st.markdown("Put the phone down for a moment. It goes on here by itself.")
        trouble(scene.stage.version)
    elif scene.stage.blank:
        st.header("Look up", anchor=False)
        st.markdown("The screen is dark for a moment. It goes on here by itself.")
        trouble(scene.stage.version)
    else:
        session.mask_button()
        _step(scene, token)
        report.on_phone(room, scene.stage, token)
    _foot(room)
    refresh.follow(room.code, scene.stage.version, token)


def _invite(room: Room) -> None:
    st.header(f"Room {room.code}", anchor=False)
    if room.ended:
        st.markdown("This room has ended. Nobody can join it any more.")
        return
    if not room.phones:
        st.markdown("This room counts hands: there is nothing to join. Look at the screen in front.")
        return
    if "token" in st.query_params:
        st.info("This device has not joined the room yet. Join it here.")
    trouble()
    st.markdown(WHAT_IS_KEPT)
    st.button("Join", key="join", type="primary", width="stretch", on_click=location.join, args=(room.code,))
    refresh.coming_back()


def _step(scene: Scene, token: str) -> None:
    st.header(plain(scene.step.title), anchor=False)
    if ballot.asked(scene) is None and not scene.stage.activity:
        trouble(scene.stage.version)
        st.markdown(plain(scene.step.line))
        if not scene.step.busy:  # else it is about what is still to come
            st.markdown(f"**{plain(talk_pictures.filled(scene.step.ask))}**")
    slide.of(scene).on_phone(scene, token)


def _foot(room: Room) -> None:
    if room.rehearsal:
        st.badge("Rehearsal: the votes are made up", color="orange")
    if not browser.known():
        st.caption("This browser takes no cookies: loaded anew, the page asks you to join again.")
    st.caption(f"Room {room.code}. Nobody knows who you are. Does it hurt? Close the page, or tell the presenter.")
