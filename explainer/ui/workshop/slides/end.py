"""The end: one exit question, and the handout."""

import streamlit as st

from explainer.ui.workshop import ballot
from explainer.ui.workshop.slide import Scene, Slide


def _on_projector(scene: Scene) -> None:
    ballot.on_projector(scene)
    if scene.stage.phase == "result":
        st.subheader("The presenter gets a handout of what you decided. The room is deleted afterwards.", anchor=False)


def _on_phone(scene: Scene, token: str) -> None:
    ballot.on_phone(scene, token)
    if scene.stage.phase == "result":
        st.markdown("That was it. Ask the presenter for a copy of what you decided.")
        st.page_link("pages/photo.py", label="Try it on other pictures")


def _controls(scene: Scene) -> None:
    ballot.controls(scene)
    ballot.paper(scene.room)


SLIDE = Slide(_on_projector, _on_phone, _controls)
