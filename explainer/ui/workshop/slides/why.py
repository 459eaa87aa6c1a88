"""Why this word: predict what the network saw, then see it, and the word that was nearest to it."""

import streamlit as st

from explainer.imagenet import masked_words
from explainer.imagenet.masked_words import Context
from explainer.ui.markdown import plain
from explainer.ui.workshop import ballot, talk_pictures
from explainer.ui.workshop.slide import Scene, Slide

_SIDE, _OBJECTS = 400, 3


def _on_projector(scene: Scene) -> None:
    if scene.stage.phase == "result":
        saw, chain, carried = st.columns(3, gap="large")
        with saw:
            st.image(talk_pictures.crop(talk_pictures.PORTRAIT), width=_SIDE, alt="What the network saw.")
            st.subheader("What the network saw", anchor=False)
        with chain:
            _chain("###")
            ballot.results_in_words(scene)
        with carried:
            st.image(
                talk_pictures.overlay(talk_pictures.PORTRAIT),
                width=_SIDE,
                alt="What carried the word, brighter for more.",
            )
            st.subheader("What carried the word, brighter for more", anchor=False)
        return
    ballot.beside(scene, talk_pictures.crop(talk_pictures.PORTRAIT), "A supplied portrait.")


def _on_phone(scene: Scene, token: str) -> None:
    if scene.stage.phase == "result":
        _chain("")
    ballot.below(scene, token, talk_pictures.crop(talk_pictures.PORTRAIT), "A supplied portrait.")


def _chain(heading: str) -> None:
    reading = talk_pictures.reading(talk_pictures.PORTRAIT)
    st.markdown(f"{heading} It guessed objects:".strip())
    for label in reading.objects(_OBJECTS):
        name = plain(masked_words.caption(label.wnid, Context.TREE).name)
        st.markdown(f"{heading} **{name}** {label.score:.0%}".strip())
    st.markdown(f"{heading} The closest word for a person: **{plain(talk_pictures.name(reading))}**".strip())


SLIDE = Slide(_on_projector, _on_phone, ballot.controls)
