"""A page that is older than a room is held to the room's rules when something is pressed, not when it was drawn."""

import re

import pytest
from handmade import ROOT
from streamlit.testing.v1 import AppTest

from explainer.ui import access, session
from explainer.vision import samples
from explainer.workshop import rooms


@pytest.fixture
def page() -> AppTest:
    def script() -> None:
        import streamlit as st

        from explainer.ui import session

        st.session_state["may"] = session.may_reveal(), session.own_faces()
        st.button("Reveal", on_click=session._reveal, args=("n10401331",))
        st.button("All", on_click=session._reveal_all)
        st.write(str(bool(session._revealed()) or bool(st.session_state.get(session._ALL))))

    access.ask_again()
    return AppTest.from_function(script, default_timeout=60).run()


@pytest.mark.usefixtures("fresh_app")
@pytest.mark.parametrize("label", ["Reveal", "All"])
def test_nothing_is_revealed_by_a_page_that_is_older_than_a_room(page: AppTest, label: str) -> None:
    rooms.open_room(access.store(), "mixed")
    next(button for button in page.button if button.label == label).click().run()
    assert page.markdown[0].value == "False"


@pytest.mark.usefixtures("fresh_app")
def test_the_control_without_a_room_something_is_revealed(page: AppTest) -> None:
    next(button for button in page.button if button.label == "All").click().run()
    assert page.markdown[0].value == "True"


@pytest.mark.usefixtures("fresh_app")
def test_a_photo_that_was_there_before_a_room_for_under_18s_can_be_forgotten_while_that_is_on() -> None:
    def script() -> None:
        from explainer.ui import photo_source

        photo_source.strip()

    page = AppTest.from_function(script, default_timeout=60)
    page.session_state["photo"] = samples.read("coffee")
    assert "Forget this photo" in [button.label for button in page.run().button]
    rooms.open_room(access.store(), "mixed")
    access.ask_again()
    assert any("is set aside meanwhile" in caption.value for caption in page.run().caption)
    page.button(key="forget").click().run()
    assert "photo" not in page.session_state
    assert "forget" not in [button.key for button in page.button]


def test_an_upload_asks_for_the_rules_of_its_moment() -> None:
    source = (ROOT / "explainer/ui/photo_source.py").read_text("utf-8")
    upload = re.search(r"def _upload\(.*?\n\n\n", source, re.DOTALL)
    assert upload is not None
    assert "session.may_bring_a_photo_now()" in upload[0]
    assert session.may_bring_a_photo_now.__doc__
