"""What stands round every page: the stylesheet, its name on a phone, the chip for covered words, the way on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from explainer.ui import access, middleware, session

_STYLE = Path(__file__).with_name("style.css")
_in_browser = st.components.v2.component(
    "in_browser",
    html='<p class="translated" role="status" hidden></p>',
    css="""
    .translated { position: fixed; top: 0; left: 0; right: 0; z-index: 1000001; margin: 0; padding: 0.5rem;
      text-align: center; font: 600 1rem sans-serif; color: #161616; background: #ffd666; }
    .translated[hidden] { display: none; }
    """,
    js=Path(__file__).with_name("page_frame.js").read_text("utf-8"),
)
_TRANSLATED = (
    "A translated page mixes old labels with new ones: it may show a word that has changed, or that is covered. Please "
    "show the original."
)

_MENU = "Menu"  # of a phone, as Streamlit's own button has a mark alone


@dataclass(frozen=True)
class Next:
    """The page that follows in the story, and one line on why to go there."""

    file: str
    title: str
    why: str


NEXT: Mapping[str, Next] = {
    "Your photo": Next("pages/break_it.py", "Break it", "How firmly does the word stick? Tilt the head a little."),
    "Break it": Next("pages/laboratory.py", "Laboratory", "Why that word? Ask several methods, and check them."),
    "Laboratory": Next("pages/tree.py", "Category tree", "Where do the words come from? From a dictionary's tree."),
    "Category tree": Next("pages/removal.py", "Before and after", "Most words for people were removed. By which rule?"),
    "Before and after": Next("pages/roulette.py", "Roulette, 2019", "Which words did the press name in 2019?"),
    "Roulette, 2019": Next("pages/about.py", "About", "What harm did the words do, and who objected?"),
    "About": Next("pages/workshop.py", "Workshop", "Discuss it with a group: thirty phones and a projector."),
    "Workshop": Next("pages/photo.py", "Your photo", "Back to the beginning: what does ImageNet call people?"),
}
"""The order of the story, by the title of the page that one leaves."""


@contextmanager
def page(title: str, arriving: bool) -> Iterator[None]:
    """Draw a page between its chip and the line that leads on.

    To a visitor who is only `arriving` a chip without a number is shown until the page is drawn.
    """
    access.follow_nothing()
    st.html(_STYLE)
    _in_browser(key="in_browser", data={"sentence": _TRANSLATED, "menu": _MENU}, height="content")
    with st.container(key="page"):
        with st.container(key="page_name"):
            st.markdown(title)
        chip = st.container(key="covered", horizontal=True, vertical_alignment="center")
        if middleware.DRAINING.is_set():
            st.info("The app is being updated. Reload the page to go on; your own photo you would have to bring again.")
        body = st.container(key="body")
        _lead_on(title)  # before the page, which may wait long for a model
        if arriving:
            with chip:
                early = st.empty()
            with early.container(horizontal=True, width="content"):
                session.controls_before_counting()
        with session.counting():
            try:
                with body:
                    yield
            finally:  # a page may stop before its end
                if arriving:
                    early.empty()
                with chip:
                    session.controls()


def _lead_on(title: str) -> None:
    following = NEXT[title]
    with st.container(key="next", horizontal=True, vertical_alignment="center"):
        st.markdown(following.why)
        st.page_link(following.file, label=f":green[**Next: {following.title}**]", icon=":material/arrow_forward:")
