"""Start here: `streamlit run streamlit_app.py`."""

import streamlit as st

from explainer.ui import middleware, server

if __name__ == "__main__":  # a visitor's page is drawn
    from explainer.ui import access, page_frame, waiting
    from explainer.ui.workshop import location

    st.set_page_config(layout="wide", initial_sidebar_state="collapsed")
    access.gate()

    page = st.navigation(
        [
            st.Page("pages/photo.py", title="Your photo", default=True),
            st.Page("pages/break_it.py", title="Break it"),
            st.Page("pages/laboratory.py", title="Laboratory"),
            st.Page("pages/tree.py", title="Category tree"),
            st.Page("pages/removal.py", title="Before and after"),
            st.Page("pages/roulette.py", title="Roulette, 2019"),
            st.Page("pages/about.py", title="About"),
            st.Page("pages/workshop.py", title="Workshop"),
        ],
        position="hidden" if location.in_room() else "top",
    )
    st.set_page_config(page_title=f"{page.title} · What ImageNet calls people")
    arriving = waiting.arrive(page.url_path)
    if location.in_room():
        page.run()
    else:
        with page_frame.page(page.title, arriving):
            page.run()
else:  # `streamlit run` imports this file once, and serves `app`
    server.prepare()
    app = st.App(__file__, lifespan=server.lifespan("explainer.ui.warm_up"), middleware=middleware.STACK)
