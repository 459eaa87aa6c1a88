"""How the person categories came and went, and who says what of it."""

import streamlit as st

from explainer.imagenet import published, sources


def show() -> None:
    """The time line, then the voices."""
    _timeline()
    _voices()


def _timeline() -> None:
    """What happened, oldest first, each with its sources."""
    for event in published.timeline():
        when, what = st.columns([1, 4])
        when.markdown(f"**{event.date}**")
        what.markdown(f"{event.what}  \n:small[{sources.cite(event.sources)}]")


def _voices() -> None:
    """The voices, each in a box."""
    voices = published.voices()
    for column, voice in zip(st.columns(len(voices), gap="medium"), voices, strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{voice.who}**  \n{voice.says}  \n:small[{sources.cite(voice.sources)}]")
