"""The end: one exit question, and the handout."""

import streamlit as st

from explainer.ui import access
from explainer.ui.workshop import ballot
from explainer.ui.workshop.slide import Scene, Slide
from explainer.workshop import rooms


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

    def keep() -> None:
        if access.is_presenter():
            rooms.keep_paper(access.store(), scene.room.code, st.session_state["paper"])

    with st.form("paper_form", border=False):
        st.text_area(
            "Decided on paper, for the handout", scene.room.paper, max_chars=rooms.LONGEST, height=100, key="paper"
        )
        st.form_submit_button("Keep it", on_click=keep)


SLIDE = Slide(_on_projector, _on_phone, _controls)
