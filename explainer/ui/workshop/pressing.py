"""The buttons with which a presenter moves what a room does."""

from collections.abc import Callable

import streamlit as st


def button(title: str, work: Callable[[], None], primary: bool = False) -> None:
    """A button that does `work` before anything is drawn; no two on a page have one title."""
    st.button(title, key=f"present_{title}", on_click=work, type="primary" if primary else "secondary")
