"""The parts of the page as tabs, of which the open one alone is drawn; the address names it."""

from collections.abc import Callable, Mapping

import streamlit as st

_ASKED = "part"  # of the address


def tabs(parts: Mapping[str, Callable[[], None]]) -> None:
    """The parts by title, and how each is drawn. An address that names another one gets a sentence and the first."""
    asked = st.query_params.get(_ASKED)
    if asked is not None and asked not in parts:
        del st.query_params[_ASKED]
        st.info("This page has no part of that name; here is the first. The others stand beside it.")
    opened = st.tabs(list(parts), key=_ASKED, on_change="rerun", bind="query-params")
    for tab, draw in zip(opened, parts.values(), strict=True):
        if tab.open:
            with tab:
                draw()
