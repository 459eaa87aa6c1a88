"""Every page leads on to another one, and all of them are one story."""

import re

from handmade import ROOT, SOURCES

from explainer.ui.page_frame import NEXT

PAGES = dict(re.findall(r'st\.Page\("([^"]+)", title="([^"]+)"', SOURCES["streamlit_app.py"]))


def test_every_page_has_one_that_follows() -> None:
    assert set(NEXT) == set(PAGES.values())
    for following in NEXT.values():
        assert PAGES[following.file] == following.title
        assert (ROOT / following.file).is_file()


def test_the_story_visits_every_page_before_it_begins_anew() -> None:
    visited = ["Your photo"]
    while (following := NEXT[visited[-1]].title) not in visited:
        visited.append(following)
    assert set(visited) == set(NEXT)
    assert following == "Your photo"
