"""A phone in the room: it follows the step that is shown, and is asked when it is its turn."""

import streamlit as st

from explainer.ui import session
from explainer.ui.category_card import plain
from explainer.ui.workshop import location, parts, presenting, refresh, report
from explainer.ui.workshop.activities import ACTS
from explainer.ui.workshop.lobby import WHAT_IS_KEPT
from explainer.ui.workshop.trying import trouble
from explainer.workshop.rooms import Room, Stage
from explainer.workshop.talk import Step


def show(room: Room) -> None:
    """What the phone may do at the moment, or how to join."""
    token = location.token(room)
    if token is None:
        _invite(room)
        return
    session.keep_to(room.rules)
    stage = presenting.stage(room)
    if room.ended:
        st.header("This room has ended", anchor=False)
        st.markdown("Thank you. What you answered goes when the presenter deletes the room. You may close this page.")
    elif stage.paused:
        st.header("A pause", anchor=False)
        st.markdown("Put the phone down for a moment. It goes on here by itself.")
    elif stage.blank:
        st.header("Look up", anchor=False)
        st.markdown("The screen is dark for a moment. It goes on here by itself.")
    else:
        session.mask_button()
        _step(room, stage, presenting.step(room, stage), token)
        report.on_phone(room, token)
    _foot(room, stage)
    refresh.follow(room.code, stage.version, token)


def _invite(room: Room) -> None:
    st.header(f"Room {room.code}", anchor=False)
    if "token" in st.query_params:
        st.info("This phone is not in the room, or no longer. Join it again.")
    if room.ended:
        st.markdown("This room has ended. Nobody can join it any more.")
        return
    trouble()
    st.markdown(WHAT_IS_KEPT)
    st.button("Join", key="join", type="primary", width="stretch", on_click=location.join, args=(room.code,))


def _step(room: Room, stage: Stage, step: Step, token: str) -> None:
    st.header(plain(step.title), anchor=False)
    st.markdown(plain(step.line))
    if step.activity and step.activity in ACTS:
        ACTS[step.activity].on_phone(room, stage, token)
    else:
        parts.PARTS[step.part].on_phone(room, step)


def _foot(room: Room, stage: Stage) -> None:
    if room.rehearsal:
        st.badge("Rehearsal: the votes are made up", color="orange")
    if room.rules.own_faces and not stage.paused:
        st.page_link("pages/photo.py", label="Look round in the app")
    st.caption(f"Room {room.code}. Nobody knows who you are. To leave, close the page.")
