"""Where a visitor's photo comes from, and how it goes: an upload or a sample picture, kept in their session alone."""

import gc
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import streamlit as st
from PIL import ImageOps
from streamlit.delta_generator import DeltaGenerator

from explainer import limits
from explainer.charts import pictures
from explainer.jobs import owner
from explainer.ui import arrival, computed, frame_by_hand, session, streamlit_internals
from explainer.ui.streamlit_internals import UploadedFile
from explainer.vision import decoder, samples
from explainer.vision.photos import Photo, PhotoError

FIRST = "astronaut"
"""The sample picture that a visitor finds on every page."""

_THUMBNAIL = 130  # pixels of a sample picture's side on the widest screens, where letters are largest


def strip(first: str = FIRST) -> DeltaGenerator:
    """Sample pictures to press, and a way to use a photo of one's own; the one in use is marked.

    `first` is the sample that a page shows until the visitor chooses. Returns the row of buttons below the pictures.
    """
    own = is_own()
    with st.container(key="samples", horizontal=True, vertical_alignment="bottom", gap="small"):
        for name, each in samples.SAMPLES.items():
            with st.container(key=f"thumb_{name}", width="content"):
                st.image(_thumbnail(name), width=_THUMBNAIL, output_format="JPEG", alt=f"Sample picture: {each.title}")
                st.button(
                    each.title,
                    key=f"sample_{name}",
                    type="primary" if name == sample(first) else "secondary",
                    on_click=_sample,
                    args=(name,),
                )
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    with row:
        if session.own_faces():
            st.button(
                "Use another photo" if own else "Use your own photo",
                key="own_photo",
                type="secondary" if own else "primary",
                icon=":material/add_a_photo:",
                on_click=_ask,
            )
        if _own():  # perhaps set aside
            st.button("Forget this photo" if own else "Forget your photo", key="forget", on_click=_forget_all)
    if not session.own_faces():
        st.caption(f"{session.workshop()}: only sample pictures are used.")
    if _own() and not own:
        st.caption("Your own photo is set aside meanwhile, in the memory of the computer that runs this app.")
    if own:
        st.caption("Your photo is in the memory of the computer that runs this app, and is never saved.")
    elif chosen := sample(first):
        st.caption(f"Sample: {samples.SAMPLES[chosen].credit}.")
    arrival.watch(own, st.session_state.get(_ANSWERED, 0))
    if st.session_state.get(_ASKING) and session.own_faces():
        _bring()
    return row


_ASKING, _AGREED, _ERROR, _ANSWERED = "bringing_photo", "notice_agreed", "photo_error", "uploads"

_camera = st.components.v2.component(
    "camera",
    html='<p class="camera" role="status"></p>',
    css=".camera { margin: 0; font: 1rem sans-serif; color: var(--st-text-color); }",
    js=(Path(__file__).parent / "camera.js").read_text("utf-8"),
)
_AGAIN = "switch this off and on again, or choose a file."
_NOT_TAKEN = f"Your photo was not taken: {session.RULED_OUT}. Choose it again."
_DARK = {
    "denied": f"The browser keeps the camera back. Allow it in the address bar and {_AGAIN}",
    "busy": f"The camera does not answer. Close other programs that use it and {_AGAIN}",
    "none": f"No camera was found. Connect one and {_AGAIN}",
    "framed": "The page round this one keeps the camera back. Open the app in a window of its own, or choose a file.",
}


@st.dialog("Use your own photo", on_dismiss=lambda: _close())
def _bring() -> None:
    """What a visitor agrees to before they bring a photo; then the ways to bring one."""
    if not st.session_state.get(_AGREED):
        st.markdown(
            "- Use it only if **everyone in it agrees**. Leave children out.\n"
            "- It stays in the memory of the computer that runs this app and is never saved.\n"
            "- The words say nothing true about anyone. Offensive and sensitive ones stay covered until you ask."
        )
        st.button("Everyone agrees: choose a photo", key="notice_button", type="primary", on_click=_agree)
        return
    if not st.context.cookies and st.context.url:
        st.info(
            "This browser sends no cookies here, as in a frame of another page, so a photo cannot arrive. Open the app "
            "in a window of its own."
        )
        st.link_button("Open in a window of its own", st.context.url, icon=":material/open_in_new:")
    # Each upload gets a new uploader, so that the widget lets go of the file once it has been read.
    key = f"upload_{st.session_state.setdefault(_ANSWERED, 0)}"
    if not st.toggle("Use the camera", key="camera"):
        # Of any name: what a file holds decides whether it is a photo.
        st.file_uploader("A photo from this device", key=key, on_change=_upload, args=(key,))
    elif _camera_allowed():
        st.camera_input("A photo from the camera", key=key, on_change=_upload, args=(key,), resolution="1080p")
        _camera(key="camera_dark", data=_DARK, height="content")
    else:
        st.info(
            "Browsers lend the camera to this computer or over https only. On a phone, switch this off and upload: "
            "the file chooser offers the camera."
        )
    if error := st.session_state.get(_ERROR):
        st.error(error)
    if not st.session_state.get(_ASKING):
        st.rerun()  # the photo is here: close the dialog


def _ask() -> None:
    st.session_state[_ASKING] = True
    computed.prepare_to_read()  # for whoever comes before the server has done so by itself


def _agree() -> None:
    st.session_state[_AGREED] = True


def _close() -> None:
    st.session_state[_ASKING] = False
    st.session_state.pop(_ERROR, None)


def prepare() -> None:
    """Read the sample pictures, for whoever comes first."""
    for name in samples.SAMPLES:
        _thumbnail(name)
    _first(FIRST)


def bring_along(first: str = FIRST) -> Photo:
    """The picture in use, under the strip to choose another one."""
    strip(first)
    return photo(first)


@cache
def _thumbnail(name: str) -> bytes:
    """The middle of a sample picture, as a JPEG file of the largest size that it is shown at."""
    return pictures.to_jpeg(ImageOps.fit(samples.read(name).image, (_THUMBNAIL, _THUMBNAIL)))


def _camera_allowed() -> bool:
    address = urlsplit(st.context.url or "")
    return address.scheme == "https" or address.hostname in ("localhost", "127.0.0.1", "::1")


def photo(first: str = FIRST) -> Photo:
    """The picture in use: the visitor's photo, the sample that they chose, or until then `first`."""
    chosen: Photo | None = st.session_state.get("photo")
    # A room that came on meanwhile may rule out photos of one's own.
    return _first(first) if chosen is None or (_own() and not session.own_faces()) else chosen


def whole() -> bool:
    """Whether the visitor wants the whole picture labelled, whoever is in it."""
    return bool(st.session_state.get("whole"))


def is_own() -> bool:
    """Whether the picture in use is one of the visitor's own, and no sample picture."""
    return _own() and session.own_faces()


def _own() -> bool:
    return st.session_state.get("photo") is not None and st.session_state.get("sample") is None


def sample(first: str = FIRST) -> str | None:
    """The name of the sample picture in use, or None."""
    if is_own():
        return None
    name: str | None = st.session_state.get("sample")
    return name or first


@cache
def _first(name: str) -> Photo:
    return samples.read(name)


# The address of the browser that brought each photo in memory, and each that waits to be decoded, with its bytes.
_brought: WeakKeyDictionary[Photo, str] = WeakKeyDictionary()
_bringing = Lock()  # a dictionary must not grow while it is listed
_waiting: list[tuple[str, int]] = []


def look_for_no_circles_in_what_is_loaded() -> bool:
    """Have Python look for unused circles in what comes from now on alone, and tell whether it does.

    All that is loaded once takes a third of a second to look through, several times a minute where many visit, and
    nobody is served meanwhile. While a visitor's photo is here nothing changes: it must be found in any circle.
    """
    with _bringing:
        if _brought or _waiting:
            return False
        gc.collect()
        gc.freeze()
        return True


_TOO_MANY = "The app has too many photos in its memory. Try again in a minute."


def _read(data: bytes) -> Photo:
    """A visitor's photo. Raises PhotoError, also where they, or all visitors together, have too many in memory."""
    own = st.session_state.get("photo")  # which gives way to it
    this = address, size = owner.get(), len(data)
    with _bringing:
        addresses = [whose for photo, whose in _brought.items() if photo is not own]
        waiting = [*_waiting]
        _waiting.append(this)
    try:
        addresses += [whose for whose, _ in waiting]
        of_it, taken = sum(each for whose, each in waiting if whose == address), sum(each for _, each in waiting)
        photos, in_all = int(limits.value("photos")), int(limits.value("waiting photos"))
        if not (
            limits.has_place("photos of an address", addresses.count(address), len(addresses), photos)
            and limits.has_place("waiting photos of an address", of_it, taken, in_all, size, limits.A_PHOTO)
        ):
            raise PhotoError(_TOO_MANY)
        photo = decoder.read(data)
        with _bringing:
            _brought[photo] = address  # before it waits no longer: at each moment it is known that it is here
    finally:
        _waiting.remove(this)
    return photo


def _upload(key: str) -> None:
    file = st.session_state[key]
    if not isinstance(file, UploadedFile):
        return  # the browser named the file again before it knew that it was taken
    streamlit_internals.drop_upload(file)
    data = file.getvalue()
    file.seek(0)
    file.truncate()  # the session names the file for a while yet
    if not session.may_bring_a_photo_now():
        st.session_state[_ERROR] = _NOT_TAKEN  # shown where the page takes photos again as it is drawn
    elif _take(lambda: _read(data)):
        st.session_state["sample"] = None
        st.session_state[_ASKING] = False
    st.session_state[_ANSWERED] += 1


def _sample(name: str) -> None:
    if _take(lambda: _first(name)):
        st.session_state["sample"] = name


def _take(read: Callable[[], Photo]) -> bool:
    try:
        taken = read()
    except PhotoError as error:
        st.session_state["photo_error"] = str(error)
        return False
    st.session_state.pop("photo_error", None)
    current = st.session_state.get("photo")
    if current is None or current.digest != taken.digest:  # else what was computed and asked is of this very photo
        _forget()
        st.session_state["photo"] = taken
    return True


def _forget_all() -> None:
    _forget()
    streamlit_internals.drop_uploads()
    st.session_state.pop("sample", None)


def _forget() -> None:
    if _own():
        streamlit_internals.drop_media()
    for name in ("photo", "photo_error", *session.GOES_WITH_THE_PHOTO):
        st.session_state.pop(name, None)
    frame_by_hand.forget()
    computed.forget()
