"""A page that is older than a room is held to the room's rules when something is pressed, not when it was drawn."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from handmade import ROOT
from streamlit.testing.v1 import AppTest

from explainer import jobs
from explainer.ui import access, break_it, session
from explainer.vision import samples
from explainer.workshop import rooms
from explainer.workshop.rooms import Preset
from explainer.workshop.store import Store


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
def test_rules_that_became_old_while_others_computed_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    in_force, paused = rooms.in_force, threading.Event()

    @contextmanager
    def pause() -> Iterator[None]:
        is_first = not paused.is_set()  # what is asked anew may wait, too, where the machine is busy
        paused.set()
        yield
        if is_first:
            rooms.open_room(access.store(), "mixed")
            time.sleep(access._LATE)

    def slowly(store: Store) -> Preset | None:
        found = in_force(store)
        assert paused.wait(60)
        return found

    monkeypatch.setattr(access, "_LATE", 3.0)  # seconds: a machine that is busy is slow, not wrong
    monkeypatch.setattr(rooms, "in_force", slowly)
    access.store()
    access.ask_again()
    before = jobs.pauses.set(pause)
    found = access.in_force()
    jobs.pauses.reset(before)
    assert found is not None
    assert found != access.UNKNOWN


@pytest.mark.usefixtures("fresh_app")
def test_the_control_without_a_room_something_is_revealed(page: AppTest) -> None:
    next(button for button in page.button if button.label == "All").click().run()
    assert page.markdown[0].value == "True"


@pytest.mark.usefixtures("fresh_app")
def test_what_was_waited_for_while_a_room_opened_is_drawn_by_the_rooms_rules() -> None:
    def script() -> None:
        import streamlit as st

        from explainer.ui import session, waiting

        may = session.may_reveal()
        waiting.wait(st.session_state["job"], "Waiting")
        st.write(str(may))

    def open_a_room(nothing: None, progress: jobs.Progress) -> None:
        time.sleep(1)  # the page waits
        rooms.open_room(access.store(), "mixed")
        time.sleep(access._LATE + 1)

    access.ask_again()
    page = AppTest.from_function(script, default_timeout=60)
    page.session_state["job"] = jobs.Worker(lambda: None, "test").submit(open_a_room)
    assert [each.value for each in page.run().markdown] == ["False"]


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


@pytest.mark.usefixtures("fresh_app")
@pytest.mark.parametrize("ends", ["by a room for under-18s", "by forgetting it"])
def test_the_slider_of_a_page_that_is_older_draws_no_photo_that_is_not_in_use_any_more(
    monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    def script() -> None:
        import streamlit as st

        from explainer.ui import break_it, photo_source, sample_results

        photo = st.session_state.get("drawn") or photo_source.photo(break_it.FIRST)
        if "drawn" in st.session_state:  # as for a look of the slider alone, which has the page's photo of before
            del st.session_state["drawn"]
        reading = sample_results.read(photo, False).readings[0]
        break_it.stage(photo, reading, sample_results.course(photo, reading, "blur"))

    shown, crop = [], break_it._crop
    monkeypatch.setattr(break_it, "_crop", lambda photo, *rest: (shown.append(photo.digest), crop(photo, *rest))[1])
    page, own = AppTest.from_function(script, default_timeout=60), samples.read("coffee")
    page.session_state["photo"] = page.session_state["drawn"] = own
    assert not page.run().exception
    assert set(shown) == {own.digest}  # the control
    shown.clear()
    if ends == "by forgetting it":
        del page.session_state["photo"]
    else:
        rooms.open_room(access.store(), "mixed")
        access.ask_again()
    page.session_state["drawn"] = own
    assert not page.run().exception
    assert set(shown) == {samples.read(break_it.FIRST).digest}


@pytest.mark.usefixtures("fresh_app")
def test_a_photo_that_comes_while_nobody_can_tell_the_rules_is_refused_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def script() -> None:
        from explainer.ui import photo_source

        photo_source.strip()

    asked: list[Preset] = []
    monkeypatch.setattr(access, "in_force", lambda: asked.pop() if asked else None)
    page = AppTest.from_function(script, default_timeout=60).run()
    for key in ("own_photo", "notice_button"):
        page.button(key=key).click().run()
    asked.append(access.UNKNOWN)  # for a moment: by the time that the page is drawn the rules are known again
    page.file_uploader[0].set_value(("a.png", b"a photo", "image/png")).run()
    assert not page.exception
    assert "photo" not in page.session_state
    (error,) = page.error
    assert "could not ask" in error.value
    assert "Choose it again." in error.value


@pytest.mark.usefixtures("fresh_app")
@pytest.mark.parametrize("label", ["Reveal", "All"])
def test_a_press_to_see_words_while_nobody_can_tell_the_rules_is_refused_with_a_sentence_once(
    monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    def script() -> None:
        import streamlit as st

        from explainer.ui import session

        st.button("Reveal", on_click=session._reveal, args=("n10401331",))
        st.button("All", on_click=session._reveal_all)
        session.controls()

    asked: list[Preset] = []
    monkeypatch.setattr(access, "in_force", lambda: asked.pop() if asked else None)
    page = AppTest.from_function(script, default_timeout=60).run()
    asked.append(access.UNKNOWN)
    next(button for button in page.button if button.label == label).click().run()
    (warning,) = page.warning
    assert "could not ask" in warning.value
    assert "Press once more." in warning.value
    assert not page.run().warning


def test_an_upload_asks_for_the_rules_of_its_moment() -> None:
    source = (ROOT / "explainer/ui/photo_source.py").read_text("utf-8")
    upload = re.search(r"def _upload\(.*?\n\n\n", source, re.DOTALL)
    assert upload is not None
    assert "session.may_bring_a_photo_now()" in upload[0]
    assert session.may_bring_a_photo_now.__doc__
