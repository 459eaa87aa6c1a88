"""Break it yourselves: on phones, each with a sample picture and a change."""

import streamlit as st

from explainer.ui import options
from explainer.ui.category_card import plain
from explainer.ui.workshop import supplied
from explainer.ui.workshop.slide import Scene, Slide
from explainer.vision import samples
from explainer.vision.corruptions import CORRUPTIONS


def _on_projector(scene: Scene) -> None:
    st.image(supplied.crop(supplied.PORTRAIT), width=480, alt="A supplied portrait.")


def _on_phone(scene: Scene, token: str) -> None:
    name: str = st.pills(
        "Picture",
        samples.SAMPLES,
        default=supplied.PORTRAIT,
        required=True,
        format_func=lambda name: options.readable(samples.SAMPLES[name].title),
        key="try_picture",
    )
    change: str = st.pills(
        "Change",
        CORRUPTIONS,
        default=supplied.CHANGES[0],
        required=True,
        format_func=lambda name: options.readable(CORRUPTIONS[name].title),
        key="try_change",
    )
    course = supplied.course(name, change)
    amount = st.select_slider(
        f"How much ({CORRUPTIONS[change].unit})", CORRUPTIONS[change].amounts(), key=f"try_amount_{change}"
    )
    step = course.at(amount)
    st.image(supplied.changed(name, course, step), width=224, alt=f"What the network saw at {amount:g}.")
    before, now = (plain(supplied.name(each)) for each in (course.steps[0], step))
    st.markdown(f"As it is: **{before}**. Now: **{now}**.")


SLIDE = Slide(_on_projector, _on_phone)
