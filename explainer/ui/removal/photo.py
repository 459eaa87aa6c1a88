"""The visitor's photo, before and after."""

import streamlit as st

from explainer.ui import labels, photo_source, sample_results
from explainer.vision import pipeline

FIRST = "coffee"
"""The sample that shows most: its first word changes with every release."""

_TOP = 5


def before_and_after() -> None:
    """What each release answers to the picture in use, and how its nearest words fared."""
    photo = photo_source.bring_along(FIRST)
    result = sample_results.read(photo, False)
    reading = result.readings[labels.face(result)]
    seen, said = st.columns([1, 3], gap="medium")
    with seen:
        st.image(pipeline.seen(photo, reading), width=224, alt="The square cut out for the network.")
    with said:
        st.markdown(labels.answers(reading))
        st.markdown(labels.removal(reading, _TOP))
    with st.expander("The closest words of each release"):
        labels.by_release(reading, _TOP)
