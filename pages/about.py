"""About: what this is and is not, what is said against it, where it comes from, and what it is made of."""

import streamlit as st

from explainer.ui import about

st.title("About")
about.text()

st.header("Versions in use")
about.versions()
