"""Break it: predict which change of a portrait brings another word, then see all of them."""

import streamlit as st

from explainer.ui import computed
from explainer.ui.category_card import plain
from explainer.ui.workshop import ballot, supplied
from explainer.ui.workshop.slide import Scene, Slide
from explainer.vision.corruptions import CORRUPTIONS, Changed

_SIDE = 230


def _on_projector(scene: Scene) -> None:
    if scene.stage.phase != "result":
        picture, asked = st.columns([2, 3], gap="large")
        with picture:
            st.image(supplied.crop(supplied.PORTRAIT), width=480, alt="A supplied portrait.")
            st.subheader(f"As it is: {plain(supplied.name(supplied.reading(supplied.PORTRAIT)))}", anchor=False)
        with asked:
            ballot.on_projector(scene)
        return
    columns = st.columns(1 + len(supplied.CHANGES), gap="medium")
    with columns[0]:
        st.image(supplied.crop(supplied.PORTRAIT), width=_SIDE, alt="As it is.")
        st.subheader("As it is", anchor=False)
        st.header(plain(supplied.name(supplied.reading(supplied.PORTRAIT))), anchor=False)
    for column, change in zip(columns[1:], supplied.CHANGES, strict=True):
        with column:
            changed = shown(change)
            title = f"{CORRUPTIONS[change].title} {CORRUPTIONS[change].dose(changed.amount)}"
            st.image(changed.crop, width=_SIDE, alt=f"What the network saw. {title}.")
            st.subheader(title, anchor=False)
            st.header(plain(supplied.name(changed.reading)), anchor=False)
    ballot.results_in_words(scene)


def shown(change: str) -> Changed:
    """The least of a change that brings another word; where none does, the most of it."""
    strip = computed.supplied_strip(supplied.PORTRAIT, change, supplied.BEFORE).changed
    first = strip[0].reading.people(supplied.BEFORE, 1)[0].wnid
    return next((each for each in strip if each.reading.people(supplied.BEFORE, 1)[0].wnid != first), strip[-1])


def _on_phone(scene: Scene, token: str) -> None:
    st.image(supplied.crop(supplied.PORTRAIT), width=200, alt="A supplied portrait.")
    ballot.on_phone(scene, token)


SLIDE = Slide(_on_projector, _on_phone, ballot.controls)
