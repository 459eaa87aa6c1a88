"""What the pages share, and the only rooms that import Streamlit."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

# Until st.navigation has run once, Streamlit takes a folder named pages for an app of its old kind, and gives the first
# visitor who asks for a page by its file's name that page alone, without streamlit_app.py and what it sets up.
if PagesManager.uses_pages_directory:
    PagesManager.uses_pages_directory = False
    st.rerun()
