"""Start here: `streamlit run streamlit_app.py`."""

import streamlit as st

from explainer.ui import computed, page_frame
from explainer.ui.workshop import doors

st.set_page_config(layout="wide", initial_sidebar_state="collapsed")
computed.prepare()
computed.present()
doors.gate()

page = st.navigation(
    [
        st.Page("pages/photo.py", title="Your photo", default=True),
        st.Page("pages/break_it.py", title="Break it"),
        st.Page("pages/laboratory.py", title="Laboratory"),
        st.Page("pages/tree.py", title="Category tree"),
        st.Page("pages/removal.py", title="Before and after"),
        st.Page("pages/workshop.py", title="Workshop"),
        st.Page("pages/about.py", title="About"),
    ],
    position="hidden" if doors.in_room() else "top",
)
st.set_page_config(page_title=f"{page.title} · What ImageNet calls people")
computed.arrive(page.url_path)
if doors.in_room():
    page.run()
else:
    with page_frame.page(page.title):
        page.run()
