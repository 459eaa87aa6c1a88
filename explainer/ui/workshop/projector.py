"""The projector: one step of the talk, filling the screen. Anybody may look; only who gave the key moves it."""

from pathlib import Path

import streamlit as st
from PIL import Image

from explainer.ui import access
from explainer.ui.category_card import plain
from explainer.ui.workshop import key_form, parts, presenting, refresh
from explainer.ui.workshop.activities import ACTS
from explainer.workshop import talk
from explainer.workshop.rooms import Room, Stage
from explainer.workshop.talk import Step

_CORNER = 220  # pixels of the QR code on every step

_HERE = Path(__file__).parent
_clicker = st.components.v2.component("clicker", js=(_HERE / "clicker.js").read_text("utf-8"))
_fit = st.components.v2.component(
    "fit",
    css=(_HERE / "fit.css").read_text("utf-8"),
    js=(_HERE / "fit.js").read_text("utf-8"),
    isolate_styles=False,  # they are for the whole window
)


def show(room: Room) -> None:
    """The step that the room is at, how to join it, and the keys that move it."""
    stage = presenting.stage(room)
    step = presenting.step(room, stage)
    if stage.blank:
        # Black in a light theme, too, and over the buttons; their keys go on.
        with st.container(key="dark"):
            st.image(Image.new("L", (4, 3)), alt="The screen is blank.")
    else:
        _step(room, stage, step)
    with st.container(gap=None):  # every row counts
        _fit(key="fit", height=1)
        keys(room, stage, step)
        refresh.follow(room.code, stage.version)


def _step(room: Room, stage: Stage, step: Step) -> None:
    joining = step.part != "join" and room.phones
    main, corner = st.columns([4, 1], gap="medium") if joining else (st.container(), None)
    with main:
        st.title(plain(step.title), anchor=False)
        st.header(plain(step.line), anchor=False)
        if step.activity and step.activity in ACTS:
            ACTS[step.activity].on_screen(room, stage)
        else:
            parts.PARTS[step.part].on_screen(room, step)
    if corner:
        with corner, st.container(key="invitation"):
            parts.invite(room, _CORNER)


def keys(room: Room, stage: Stage, step: Step) -> None:
    """Where the talk is, and for the presenter the buttons that move it, with the keys of a clicker."""
    progress = talk.progress(presenting.route(room), step.name, 0)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if not stage.blank:
            st.markdown(f"Step {progress.number} of {progress.of}")
            for said, text in (
                (room.rehearsal, "Rehearsal: the votes are made up"),
                (room.ended, "This room has ended"),
                (stage.paused, "Paused"),
            ):
                if said:
                    st.badge(text, color="orange")
        if access.is_presenter():
            for title, keys_, by in (("Back", ("Left", "PageUp"), -1), ("Next", ("Right", "PageDown"), 1)):
                for key in keys_:
                    st.button(
                        title,
                        key=f"go_{key}",
                        shortcut=key,
                        on_click=move,
                        args=(room, by),
                        type="tertiary" if key.startswith("Page") else "secondary",
                    )
            st.button(
                "Show the screen" if stage.blank else "Blank",
                key="blank",
                shortcut="b",
                on_click=presenting.present,
                args=(room.code,),
                kwargs={"blank": not stage.blank},
            )
            _clicker(key="clicker", height=1)
        elif not stage.blank:
            with st.popover("Presenter's key", type="tertiary"):
                key_form.show()


def move(room: Room, by: int) -> None:
    """Go on from the step that stands here, unless the room has moved on: a screen that is behind closes no vote."""
    stage = presenting.shown()
    step = talk.beside(presenting.route(room), presenting.step(room, stage).name, by)
    presenting.present(room.code, stage.version, step=step, activity="", round=1)
