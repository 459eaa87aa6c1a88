"""Break it yourselves: on phones, each with a sample picture and a change."""

import streamlit as st

from explainer.ui import options
from explainer.ui.markdown import plain
from explainer.ui.workshop import talk_pictures
from explainer.ui.workshop.slide import Scene, Slide
from explainer.vision import samples
from explainer.vision.corruptions import CORRUPTIONS

_HOW = (
    "Choose a picture.",
    "Choose a change.",
    "Move the slider slowly. Stop when the word changes.",
    "Tell your neighbour what you changed.",
)


def _on_projector(scene: Scene) -> None:
    picture, how = st.columns([2, 3], gap="large")
    with picture:
        st.image(talk_pictures.crop(talk_pictures.PORTRAIT), width=480, alt="A supplied portrait.")
    with how, st.container(key="answers"):
        for number, line in enumerate(_HOW, start=1):
            st.markdown(f"### {number}\\. {line}")


def _on_phone(scene: Scene, token: str) -> None:
    picture: str | None = st.pills(  # a browser may choose none, whatever the page asks for
        "Picture",
        samples.SAMPLES,
        default=talk_pictures.PORTRAIT,
        required=True,
        format_func=lambda name: options.readable(samples.SAMPLES[name].title),
        key="try_picture",
    )
    way: str | None = st.pills(
        "Change",
        CORRUPTIONS,
        default=talk_pictures.CHANGES[0],
        required=True,
        format_func=lambda name: options.readable(CORRUPTIONS[name].title),
        key="try_change",
    )
    name, change = picture or talk_pictures.PORTRAIT, way or talk_pictures.CHANGES[0]
    course = talk_pictures.course(name, change)
    amount = st.select_slider(
        f"How much ({CORRUPTIONS[change].unit})", CORRUPTIONS[change].amounts(), key=f"try_amount_{change}"
    )
    step = course.at(amount)
    st.image(talk_pictures.changed(name, course, step), width=224, alt=f"What the network saw at {amount:g}.")
    before, now = (plain(talk_pictures.name(each)) for each in (course.steps[0], step))
    st.markdown(f"As it is: **{before}**. Now: **{now}**.")


SLIDE = Slide(_on_projector, _on_phone)
