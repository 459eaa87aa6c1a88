"""ImageNet Roulette: a portrait with a box and a word, as its visitors saw theirs."""

import streamlit as st

from explainer.ui.markdown import plain
from explainer.ui.workshop import talk_pictures
from explainer.ui.workshop.slide import Scene, Slide


def _on_projector(scene: Scene) -> None:
    for column, name in zip(st.columns(2, gap="large"), (talk_pictures.OTHER, talk_pictures.PORTRAIT), strict=True):
        with column:
            talk_pictures.framed(name, 330)
            st.subheader(f"The closest word: {plain(talk_pictures.name(talk_pictures.reading(name)))}", anchor=False)
    st.header("These words are this app's, not Roulette's: its network is not public.", anchor=False)


def _on_phone(scene: Scene, token: str) -> None:
    talk_pictures.framed(talk_pictures.OTHER, 320)
    st.markdown(f"The closest word: **{plain(talk_pictures.name(talk_pictures.reading(talk_pictures.OTHER)))}**")
    st.markdown("These words are this app's, not Roulette's: its network is not public.")


SLIDE = Slide(_on_projector, _on_phone)
