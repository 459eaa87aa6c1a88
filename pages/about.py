"""About: the harm, what this is and is not, what is said against it, its sources, and what it is made of."""

import streamlit as st

from explainer.ui import about

st.title("About")
about.text()

with st.expander("Sources in full"):
    about.references()
with st.expander("Versions in use"):
    about.versions()
