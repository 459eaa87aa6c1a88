"""The visitor's photo, before and after."""

import streamlit as st

from explainer.ui import computed, labels, photo_source, session
from explainer.vision import pipeline

_TOP = 5


def before_and_after() -> None:
    """What each release answers to the picture in use, and how its nearest words fared."""
    photo = photo_source.bring_along()
    # The script is not stopped: the rest of the page needs no photo.
    if photo is None or not session.agreed():
        return
    result = computed.read(photo, False)
    reading = result.readings[labels.face(result)]
    seen, said = st.columns([1, 3], gap="large")
    with seen:
        st.image(pipeline.seen(photo, reading), width=224, alt="The square cut out for the network.")
    with said:
        st.markdown(labels.answers(reading))
        st.markdown(labels.removal(reading, _TOP))
    with st.expander("The closest words of each release"):
        labels.by_release(reading, _TOP)
