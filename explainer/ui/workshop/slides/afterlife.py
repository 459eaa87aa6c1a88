"""The afterlife: what models still name of the words that were removed."""

import streamlit as st

from explainer.imagenet import vocabularies
from explainer.ui.markdown import plain
from explainer.ui.workshop.slide import Scene, Slide

_SHOWN = ("yolo9000", "imagenet-21k-goog", "imagenet-1k")


def _rows() -> list[tuple[str, str]]:
    named = {vocabularies.VOCABULARIES[name].title: vocabularies.afterlife(name) for name in _SHOWN}
    return [
        (title, f"knows {found.people:,} of ImageNet's words for people; {found.removed:,} of them removed")
        for title, found in named.items()
    ]


def _on_projector(scene: Scene) -> None:
    for title, said in _rows():
        with st.container(border=True):
            st.header(plain(title), anchor=False)
            st.subheader(said, anchor=False)


def _on_phone(scene: Scene, token: str) -> None:
    for title, said in _rows():
        st.markdown(f"**{plain(title)}**: {said}")


SLIDE = Slide(_on_projector, _on_phone)
