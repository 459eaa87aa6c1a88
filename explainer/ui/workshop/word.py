"""The word that a room is asked about, with its definition."""

import streamlit as st

from explainer.imagenet import words
from explainer.imagenet.words import Caption, Context
from explainer.ui import session
from explainer.ui.category_card import plain


def on_screen(wnid: str, told: bool) -> None:
    """The word for the back row. Of a masked one the reason is left out unless it is `told`: it is on record."""
    caption = words.caption(wnid, Context.TREE)
    st.title(f"“{_said(caption, told)}”", anchor=False)
    if told:  # much else stands beside it
        st.markdown(f"#### {_definition(caption)}")
    else:
        st.header(_definition(caption), anchor=False)


def on_phone(wnid: str, told: bool) -> None:
    """The word on a phone; where the room's preset allows it, a masked one can be revealed on this phone."""
    caption = session.caption(wnid, Context.TREE)
    st.subheader(f"“{_said(caption, told)}”", anchor=False)
    st.markdown(f"*{_definition(caption)}*")
    if caption.masked:
        session.reveal_button(wnid, f"word_{wnid}")


def _said(caption: Caption, told: bool) -> str:
    return plain(caption.text) if told or not caption.masked else r"\[masked\]"


def _definition(caption: Caption) -> str:
    if caption.masked:
        return "The word and its definition are masked here."
    return plain(caption.gloss) if caption.gloss else "No dictionary with its definition is at hand."
