"""The afterlife: what models still name of the words that were removed."""

import streamlit as st

from explainer.imagenet import vocabularies
from explainer.imagenet.vocabularies import VOCABULARIES, Afterlife
from explainer.ui.workshop.slide import Scene, Slide

_SHOWN = {
    "yolo9000": "YOLO9000, a model of",
    "imagenet-21k-goog": "Google's models of",
    "imagenet-1k": "The best-known list: 1,000 classes of",
}
"""What a vocabulary is called here, before its year."""


def _rows() -> list[tuple[str, str]]:
    return [
        (f"{title} {VOCABULARIES[name].date}", _said(vocabularies.afterlife(name))) for name, title in _SHOWN.items()
    ]


def _said(found: Afterlife) -> str:
    removed = f"{found.removed:,} of them were removed" if found.removed else "none of them was removed"
    return f"knows {found.people:,} of ImageNet's words for people; {removed}"


def _on_projector(scene: Scene) -> None:
    for title, said in _rows():
        with st.container(border=True):
            st.header(title, anchor=False)
            st.subheader(said, anchor=False)


def _on_phone(scene: Scene, token: str) -> None:
    for title, said in _rows():
        st.markdown(f"**{title}**: {said}")


SLIDE = Slide(_on_projector, _on_phone)
