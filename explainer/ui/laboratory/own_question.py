"""A question of the visitor's own: a photo, a label, methods, and the maps and checks that answer it."""

import streamlit as st
from PIL.Image import Image

from explainer.attribution.explain import Attribution, AttributionError
from explainer.ui import computed, labels, photo_source, sample_results, waiting
from explainer.ui.laboratory import asking, checks, maps
from explainer.ui.markdown import plain
from explainer.vision import pipeline
from explainer.vision.cards import CardError
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reading

_TOP = 5


def show() -> None:
    """The question and what was found so far. It returns early: after `st.stop` the page's frame would not be drawn."""
    st.header("Try it on a photo")
    photo = photo_source.bring_along()
    result = sample_results.read(photo, photo_source.whole())
    reading = result.readings[labels.face(result)]
    target = asking.target(photo, reading, _TOP)
    try:
        methods = asking.methods(target.kind)
    except CardError as error:  # the model was taken away
        st.error(plain(str(error)))
        return
    drawing = maps.drawing()
    if not asking.asked(photo, reading, target, methods):
        return
    crop = pipeline.seen(photo, reading)
    jobs = maps.jobs(photo, reading.box, target, methods)
    pictures, below = st.container(), waiting.blank_until(*jobs)
    with pictures:
        attributions = maps.maps(jobs, methods, crop, drawing)
    if not attributions:
        return
    with below():
        maps.download(crop, reading.box, attributions, drawing)

        if len(attributions) > 1:
            st.header("Do they agree?")
            checks.agreement(attributions)

        st.header("Which ones hold up?")
        place = st.container()
        with place:
            judging = checks.judging(photo, reading, attributions)
        # What waits is drawn last: nothing below it stands there in grey until it comes.
        ready = all(job.done for _, job in judging)
        if ready:
            with place:
                checks.verdicts(judging)
        st.header("Five words, one method")
        if st.toggle("Compare the maps of the five nearest words", key=asking.WORDS, persist_state="session"):
            maps.words(photo, reading, crop, drawing)

        st.header("One map in detail")
        _detail(photo, reading, attributions, crop, drawing)
        if not ready:
            with place:
                checks.verdicts(judging)


def _detail(
    photo: Photo, reading: Reading, attributions: list[Attribution], crop: Image, drawing: maps.Drawing
) -> None:
    checked = checks.checked(attributions)
    if checked is None:
        waiting.stop("checks")
        st.caption("Choose a map to see the curves and pictures behind its checks.")
        return
    check = computed.check(photo, reading.box, checked)
    place = waiting.blank_until(check)
    try:
        found = checks.wait(check)
    except (AttributionError, CardError) as error:
        st.markdown(f"This map could not be checked. {error}")
        return
    with place():
        checks.show(checked, found, crop, drawing)
        checks.download(crop, reading.box, checked, found)
