"""The removal: predict how many words are left, then see a rocket before and after."""

import streamlit as st

from explainer.imagenet import vocabularies
from explainer.imagenet.vocabularies import RELEASES
from explainer.ui.workshop import ballot, talk_pictures
from explainer.ui.workshop.slide import Scene, Slide


def _on_projector(scene: Scene) -> None:
    if scene.stage.phase != "result":
        ballot.beside(scene, talk_pictures.crop("rocket"), "A rocket.")
        return
    picture, before, after = st.columns([3, 4, 4], gap="large")
    with picture:
        st.image(talk_pictures.crop("rocket"), width=400, alt="A rocket.")
        ballot.results_in_words(scene)
    for column, release in ((before, talk_pictures.BEFORE), (after, talk_pictures.AFTER)):
        with column:
            st.header(_of(release), anchor=False)
            talk_pictures.listed(talk_pictures.reading("rocket").people(release, 5), "###")


def _on_phone(scene: Scene, token: str) -> None:
    if scene.stage.phase == "result":
        for release in (talk_pictures.BEFORE, talk_pictures.AFTER):
            st.markdown(f"**{_of(release)}**")
            talk_pictures.listed(talk_pictures.reading("rocket").people(release, 3), "")
    ballot.below(scene, token, talk_pictures.crop("rocket"), "A rocket.")


def _of(release: str) -> str:
    return f"{RELEASES[release].title}: {len(vocabularies.person_categories(release)):,} words"


SLIDE = Slide(_on_projector, _on_phone, ballot.controls)
