"""The green frame placed by hand: by a press on the picture or by sliders, where no face was found or another is meant.

It belongs to one picture, is kept in the session, and is read like a face that was found.
"""

import base64
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from explainer.vision.faces import Box
from explainer.vision.photos import Photo
from explainer.workshop import incoming

_FRAME = "frame_by_hand"
_LOWEST, _LEAST, _HIGHEST = 0, 2, 100  # percent
_ACROSS, _DOWN, _SIDE = "frame_across", "frame_down", "frame_side"

_picture = st.components.v2.component(
    "pressed_picture",
    html='<img class="pressed" tabindex="-1">',
    css=".pressed { display: block; width: 100%; height: auto; cursor: crosshair; }",
    js=(Path(__file__).parent / "pressed_picture.js").read_text("utf-8"),
)


@dataclass(frozen=True, slots=True)
class _Frame:
    """A square on the picture of that digest: its middle in percent of width and height, its side of the shorter."""

    digest: str
    across: int
    down: int
    side: int


def of(photo: Photo) -> Box | None:
    """The square that the visitor placed on this picture; None where they placed none."""
    frame = _frame()
    if frame is None or frame.digest != photo.digest:
        return None
    width, height = photo.size
    side = max(1, min(width, height) * frame.side // 100)
    left = min(max(0, (width * frame.across - side * 50) // 100), width - side)
    top = min(max(0, (height * frame.down - side * 50) // 100), height - side)
    return Box(left, top, left + side, top + side)


def start_button(photo: Photo, boxes: tuple[Box, ...], key: str) -> None:
    """A button that places a frame, at first round the largest face; `key` tells it from others on the page."""
    if of(photo) is None:
        # Streamlit holds on to what it hands on, so that is not the photo.
        first = (_first(photo, boxes),)
        st.button("Place the frame yourself", key=key, icon=":material/crop_free:", on_click=_start, args=first)


def picture(drawn: bytes, alt: str) -> None:
    """The picture, a JPEG with its frame, that takes a press for the middle of the frame; the sliders below move it."""
    source = f"data:image/jpeg;base64,{base64.b64encode(drawn).decode()}"
    _picture(data={"source": source, "alt": alt}, key="pressed", height="content", on_press_change=_pressed)
    st.caption("Press on the picture to move the frame, or use the sliders.")
    frame = _frame()
    if frame is None:
        return
    for key, title, value, lowest in (
        (_ACROSS, "From left to right, %", frame.across, _LOWEST),
        (_DOWN, "From top to bottom, %", frame.down, _LOWEST),
        (_SIDE, "Size, %", frame.side, _LEAST),
    ):
        st.session_state[key] = value
        st.slider(title, lowest, _HIGHEST, key=key, on_change=_slid)
    st.button("Look for faces again", key="frame_end", on_click=forget)


def forget() -> None:
    """Take the frame away: what is found counts again."""
    st.session_state.pop(_FRAME, None)


def _frame() -> _Frame | None:
    frame: _Frame | None = st.session_state.get(_FRAME)
    return frame


def _start(frame: _Frame) -> None:
    st.session_state["whole"] = False
    st.session_state[_FRAME] = frame


def _first(photo: Photo, boxes: tuple[Box, ...]) -> _Frame:
    """The frame round the largest face, or where there is none in the middle."""
    if not boxes:
        return _Frame(photo.digest, 50, 50, 40)
    width, height = photo.size
    face = boxes[0]
    return _Frame(
        photo.digest,
        50 * (face.left + face.right) // width,
        50 * (face.top + face.bottom) // height,
        min(_HIGHEST, max(_LEAST, 100 * max(face.width, face.height) // min(width, height))),
    )


def _pressed() -> None:
    """Take the press that the browser tells, [across, down] in percent."""
    press = getattr(st.session_state.get("pressed"), "press", None)
    frame = _frame()
    if frame and isinstance(press, list | tuple) and len(press) == 2:
        _move(frame, press[0], press[1], frame.side)


def _slid() -> None:
    frame = _frame()
    if frame:
        _move(frame, *(st.session_state.get(key) for key in (_ACROSS, _DOWN, _SIDE)))


def _move(frame: _Frame, across: object, down: object, side: object) -> None:
    if (
        incoming.is_whole(across, _LOWEST, _HIGHEST)
        and incoming.is_whole(down, _LOWEST, _HIGHEST)
        and incoming.is_whole(side, _LEAST, _HIGHEST)
    ):
        st.session_state[_FRAME] = _Frame(frame.digest, across, down, side)
