"""Where a visitor's photo comes from, and how it goes: an upload or a sample picture, kept in their session alone."""

from collections.abc import Callable
from urllib.parse import urlsplit

import streamlit as st

from explainer.ui import computed, options, session, streamlit_internals
from explainer.ui.laboratory import asking
from explainer.ui.streamlit_internals import UploadedFile
from explainer.vision import cards, photos, samples
from explainer.vision.photos import Photo, PhotoError

_EXTENSIONS = ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic", "heif"]


def choose() -> None:
    """Widgets to choose a photo. A file that cannot be read gives a sentence and leaves the photo as it was."""
    if not session.own_faces():
        choose_sample()
        st.caption("A workshop is on: it uses the sample pictures alone.")
        return
    # Each upload gets a new uploader, so that the widget lets go of the file once it has been read.
    key = f"upload_{st.session_state.setdefault('uploads', 0)}"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        _choose_sample()
        camera = st.toggle("Use the camera", key="camera")
    if not camera:
        st.file_uploader("Or a photo of yours", type=_EXTENSIONS, key=key, on_change=_upload, args=(key,))
    elif _camera_allowed():
        st.camera_input("Or a photo of yours", key=key, on_change=_upload, args=(key,))
    else:
        st.info(
            "Browsers lend the camera to this computer or over https only. On a phone, switch this off and upload: "
            "the file chooser offers the camera."
        )
    _credit()
    if error := st.session_state.get("photo_error"):
        st.error(error)


def bring_along() -> Photo | None:
    """The photo of the first page, or a sample picture to choose; where there is neither, what to do, and None."""
    choose_sample()
    if session.own_faces():
        st.page_link("pages/photo.py", label="A photo of yours, or another model")
    st.caption(f"Read by {cards.load(session.model()).title}.")
    chosen = photo()
    if chosen is not None:
        forget_button()
    else:
        st.caption("There is no photo yet: choose a sample picture, or bring one of yours along from the first page.")
    return chosen


def choose_sample() -> None:
    """Widgets to choose a sample picture, and whose it is."""
    _choose_sample()
    _credit()


def _choose_sample() -> None:
    """The sample pictures, to choose one."""
    st.pills(
        "A sample picture",
        samples.SAMPLES,
        format_func=lambda name: options.readable(samples.SAMPLES[name].title),
        key="sample",
        persist_state="session",
        wrap=True,
        on_change=_sample,
    )


def _credit() -> None:
    """Whose the chosen sample picture is."""
    if chosen := st.session_state.get("sample"):
        st.caption(samples.SAMPLES[chosen].credit)


def _camera_allowed() -> bool:
    address = urlsplit(st.context.url or "")
    return address.scheme == "https" or address.hostname in ("localhost", "127.0.0.1", "::1")


def photo() -> Photo | None:
    """The visitor's photo, or None where there is none yet, or one of theirs that their room does without."""
    chosen: Photo | None = st.session_state.get("photo")
    sample = st.session_state.get("sample") is not None
    return chosen if sample or session.own_faces() else None


def is_own() -> bool:
    """Whether the photo is one of the visitor's own, and no sample picture."""
    return photo() is not None and st.session_state.get("sample") is None


def sample() -> str | None:
    """The name of the chosen sample picture, or None."""
    name: str | None = st.session_state.get("sample")
    return name


def forget_button() -> None:
    """A button that drops the photo and all that was computed from it."""
    st.button("Forget this photo", key="forget", on_click=_forget_all)


def _upload(key: str) -> None:
    file = st.session_state[key]
    if not isinstance(file, UploadedFile):
        return  # the browser named the file again before it knew that it was taken
    streamlit_internals.drop_upload(file)
    if _take(lambda: photos.read(file.getvalue())):
        st.session_state["sample"] = None
    st.session_state["uploads"] += 1


def _sample() -> None:
    name = st.session_state["sample"]
    if name is None:  # pressed again
        _forget()
    else:
        _take(lambda: samples.read(name))


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
    st.session_state["sample"] = None  # else a press on the same sample would only let go of it


def _forget() -> None:
    for name in ("photo", "photo_error"):
        st.session_state.pop(name, None)
    computed.forget()
    asking.forget()
