"""Pick a side: what critics say of Roulette, of the removal and of this app, and a poll."""

import streamlit as st

from explainer.ui.markdown import plain
from explainer.ui.workshop import ballot
from explainer.ui.workshop.slide import Scene, Slide
from explainer.workshop import talk


def _on_projector(scene: Scene) -> None:
    if scene.stage.phase == "result":
        ballot.on_projector(scene)
        return
    said, asked = st.columns(2, gap="large")
    with said, st.container(gap=None):
        for critique in talk.load().critiques:
            st.markdown(f"#### {plain(critique.short)}")  # by whom stands on the handout
    with asked:
        ballot.on_projector(scene)


SLIDE = Slide(_on_projector, ballot.on_phone, ballot.controls)
