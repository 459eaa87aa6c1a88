"""The frame placed by hand, run without a browser: on a picture in which no face is found, and round another face."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from explainer.ui import frame_by_hand
from explainer.vision import pipeline, samples
from explainer.vision.faces import Box

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SECONDS = 200
SLIDERS = ("frame_across", "frame_down", "frame_side")


@pytest.fixture
def page() -> AppTest:
    """The first page as a new visitor sees it."""
    return AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()


def press(page: AppTest, key: str) -> AppTest:
    return page.button(key=key).click().run()


def texts(page: AppTest) -> str:
    return "\n".join(element.value for kind in (page.markdown, page.caption) for element in kind)


def frame_read(page: AppTest) -> Box | None:
    """The box of the label that is explained on the page."""
    (_, box, _), _ = page.session_state["explained_label"]
    return box


@pytest.fixture
def placed(page: AppTest) -> AppTest:
    """The cat, in whom no face is found, with a frame."""
    press(page, "sample_cat")
    return press(page, "frame_start")


def slide(page: AppTest, across: int, down: int, side: int) -> AppTest:
    for key, value in zip(SLIDERS, (across, down, side), strict=True):
        page.slider(key=key).set_value(value).run()
    return page


def test_where_no_face_is_found_a_frame_is_read_like_a_face(placed: AppTest) -> None:
    slide(placed, 47, 40, 60)
    assert not placed.exception
    box = Box(451 * 47 // 100 - 90, 300 * 40 // 100 - 90, 451 * 47 // 100 + 90, 300 * 40 // 100 + 90)
    assert frame_read(placed) == box
    assert "You placed the green frame" in texts(placed)
    first = pipeline.read(pipeline.load(), samples.read("cat"), box=box).readings[0].people("fall-2011", 1)[0]
    assert any(first.wnid in option for chosen in placed.selectbox for option in chosen.options)


def test_the_frame_begins_round_the_largest_face_and_goes_again(page: AppTest) -> None:
    found = frame_read(page)
    assert found is not None
    press(page, "frame_settings")
    assert not page.exception
    assert not any(button.key == "frame_settings" for button in page.button)
    placed = frame_read(page)
    assert placed is not None
    assert placed != found
    assert abs(placed.left + placed.right - found.left - found.right) <= 0.04 * 512
    press(page, "frame_end")
    assert frame_read(page) == found
    assert "1 face was found" in texts(page)


def test_a_frame_belongs_to_its_picture_alone(placed: AppTest) -> None:
    press(placed, "sample_coffee")
    assert "You placed the green frame" not in texts(placed)
    press(placed, "sample_cat")
    assert "No face was found" in texts(placed)


def test_a_frame_takes_the_place_of_the_whole_picture_and_the_other_way_round(placed: AppTest) -> None:
    placed.toggle(key="whole").set_value(True).run()
    assert "You asked for the whole picture" in texts(placed)
    press(placed, "frame_settings")
    assert "You placed the green frame" in texts(placed)
    assert not placed.toggle(key="whole").value


@pytest.mark.parametrize(("across", "down", "side"), [(0, 0, 2), (100, 100, 100), (0, 100, 50), (100, 0, 2)])
@pytest.mark.parametrize("size", [(451, 300), (1, 1), (3, 2000)])
def test_a_frame_stays_inside_its_picture(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], across: int, down: int, side: int
) -> None:
    photo: Any = SimpleNamespace(size=size, digest="d")
    monkeypatch.setattr(frame_by_hand, "_frame", lambda: frame_by_hand._Frame("d", across, down, side))
    box = frame_by_hand.of(photo)
    assert box is not None
    assert 0 <= box.left < box.right <= size[0]
    assert 0 <= box.top < box.bottom <= size[1]


@pytest.mark.parametrize(
    "press", [None, [], [1], [1, 2, 3], [True, 5], [5, "5"], [-1, 5], [5, 101], [math.nan, 5], [5.0, 5], {"x": 1}, "55"]
)
def test_a_press_that_is_none_of_the_page_moves_nothing(press: object) -> None:
    def script(press: object) -> None:
        from types import SimpleNamespace

        import streamlit as st

        from explainer.ui import frame_by_hand

        frame = frame_by_hand._Frame("d", 20, 30, 40)
        st.session_state["frame_by_hand"] = frame
        st.session_state["pressed"] = SimpleNamespace(press=press)
        frame_by_hand._pressed()
        st.text(str(frame_by_hand._frame() == frame))
        st.session_state["pressed"] = SimpleNamespace(press=[70, 80])
        frame_by_hand._pressed()
        st.text(str(frame_by_hand._frame() == frame_by_hand._Frame("d", 70, 80, 40)))

    ran = AppTest.from_function(script, kwargs={"press": press}).run()
    assert not ran.exception
    assert [text.value for text in ran.text] == ["True", "True"]
