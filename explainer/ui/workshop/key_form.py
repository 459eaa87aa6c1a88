"""The field for the presenter's key."""

import streamlit as st

from explainer.ui import access
from explainer.ui.workshop.actions import press

_KEY = "presenter_key"


def show() -> None:
    """A field for the presenter's key, and what became of the last one."""
    with st.form("key_form", border=False):
        # A browser is not to keep it: Streamlit calls it a new password, as browsers heed that alone.
        st.text_input("Presenter's key", key=_KEY, type="password", max_chars=100)
        st.form_submit_button("Open the presenter's page", on_click=press, args=(_take_key,))
    st.caption(
        "The key is printed where the app was started, by “make workshop”. With it come speaker's notes for each step, "
        "and a page for the teacher: goals, ages, what to prepare, what to do when somebody is hurt."
    )
    if said := access.refused():
        st.error(said)


def _take_key() -> None:
    given, st.session_state[_KEY] = st.session_state[_KEY], ""
    access.give_key(given)
