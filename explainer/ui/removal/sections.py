"""The sections of the page and their places in the address."""

import streamlit as st

_SECTIONS = {
    "steps": "The steps",
    "rule": "The rule, in your hands",
    "kept": "What stayed, and what went",
    "afterlife": "The afterlife",
    "history": "How it came about",
    "published": "As published, and as counted",
    "photo": "Your photo, before and after",
}


def links() -> None:
    """Links to the sections of the page."""
    st.markdown(" · ".join(f"[{title}](#{anchor})" for anchor, title in _SECTIONS.items()))


def heading(anchor: str) -> None:
    """The heading of a section, by its place in the address."""
    st.header(_SECTIONS[anchor], anchor=anchor)
