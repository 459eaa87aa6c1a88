"""The projector: one step of the talk, filling the screen, without a control. Only who gave the key moves it."""

from functools import partial
from pathlib import Path

import streamlit as st
from PIL import Image

from explainer.ui import access
from explainer.ui.markdown import plain
from explainer.ui.workshop import presenting, qr, refresh, slide, talk_pictures
from explainer.ui.workshop.slide import Scene
from explainer.workshop import participants, sheets, talk
from explainer.workshop.rooms import Room

_CORNER = 200  # pixels of the QR code on every step but the first

_HERE = Path(__file__).parent
_fit = st.components.v2.component(
    "fit",
    css=(_HERE / "fit.css").read_text("utf-8") + (_HERE / "connection.css").read_text("utf-8"),
    js=(_HERE / "fit.js").read_text("utf-8"),
    isolate_styles=False,  # they are for the whole window
)


def show(room: Room) -> None:
    """The step that the room is at, and how to join it."""
    with st.container(gap=None):  # every row counts
        _fit(key="fit", height=1)
        presenting.keys(room, listens=False)
    scene = presenting.scene(room)
    if scene.stage.blank:
        # Black in a light theme, too, and over all else.
        with st.container(key="dark"):
            st.image(Image.new("L", (4, 3)), alt="The screen is blank.")
    else:
        _step(scene)
    with st.container(gap=None):
        refresh.follow(room.code, scene.stage.version)


def _step(scene: Scene) -> None:
    step, stage = scene.step, scene.stage
    with st.container(key="corner", gap=None):
        _corner(scene)
    with st.container(key="head"):
        st.title(plain(step.title), anchor=False)
        if not stage.activity or not (step.words or stage.activity in sheets.SHEETS):  # a word takes the line's place
            st.header(plain(step.line), anchor=False)
        # What neighbours talk about, or the room, once all that the step asks was answered.
        last = step.asks[-1] if step.asks else stage.activity
        if stage.activity == last and stage.phase == ("talk" if step.words else "result" if step.busy else ""):
            st.header(f":green[{plain(talk_pictures.filled(step.ask))}]", anchor=False)
    slide.of(scene).on_projector(scene)


def _corner(scene: Scene) -> None:
    """How to join, small, and what holds of the room; nothing to join where it has ended."""
    room = scene.room
    progress = talk.progress(talk.of_room(room), scene.step.name, 0)
    for said, text in (
        (room.rehearsal, "Rehearsal: the votes are made up"),
        (room.ended, "This room has ended"),
        (scene.stage.paused, "Paused"),
    ):
        if said:
            st.badge(text, color="orange")
    if room.phones and not room.ended:
        if scene.step.slide != "join":
            qr.corner(room, _CORNER)
        refresh.every(3.0, partial(_joined, room, f"{progress.number} / {progress.of}"), "joined")


def _joined(room: Room, place: str) -> None:
    st.markdown(f"{participants.count(access.store(), room.code)} joined · {place}")
