"""Who is asking, and what is kept for them."""

import streamlit as st

from explainer.workshop import store as keeping
from explainer.workshop.store import Store


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """The one record of rooms, for all visitors."""
    return Store(keeping.path())
