"""Where the word comes from: the way from person down to the portrait's word."""

import streamlit as st

from explainer.imagenet import masked_words
from explainer.imagenet.masked_words import Context
from explainer.ui.markdown import plain
from explainer.ui.workshop import talk_pictures
from explainer.ui.workshop.slide import Scene, Slide


def _on_projector(scene: Scene) -> None:
    picture, way = st.columns([1, 3], gap="large")
    with picture:
        st.image(talk_pictures.crop(talk_pictures.PORTRAIT), width=320, alt="A supplied portrait.")
    with way:
        for depth, wnid in enumerate(talk_pictures.way()):
            caption = masked_words.caption(wnid, Context.TREE)
            with st.container(gap=None):
                st.header(f"{'↳ ' if depth else ''}**{plain(caption.name)}**", anchor=False)
                st.markdown(f"#### *{plain(caption.gloss or '')}*")


def _on_phone(scene: Scene, token: str) -> None:
    for depth, wnid in enumerate(talk_pictures.way()):
        caption = masked_words.caption(wnid, Context.TREE)
        st.markdown(("↳ " if depth else "") + f"**{plain(caption.name)}**: *{plain(caption.gloss or '')}*")


SLIDE = Slide(_on_projector, _on_phone)
