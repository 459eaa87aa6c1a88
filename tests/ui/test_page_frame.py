"""Every page leads on to another one, and all of them are one story."""

import re

import pytest
from handmade import ROOT, SOURCES
from streamlit.testing.v1 import AppTest

from explainer.ui import model_picker, page_frame, session
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


def test_a_page_that_waits_has_its_chip_and_the_line_that_leads_on(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    for module, name in ((page_frame, "_lead_on"), (session, "controls_before_counting"), (model_picker, "ready")):
        draw = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given, name=name, draw=draw: (drawn.append(name), draw(*given)))
    page = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=120).run()
    assert not page.exception
    assert drawn == ["_lead_on", "controls_before_counting", "ready"]


def test_no_page_stops_the_script_before_its_frame_is_drawn() -> None:
    assert not [file for file in PAGES if "st.stop()" in SOURCES[file]]
