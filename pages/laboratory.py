"""Laboratory: several explanations of one label side by side, and whether any of them is true of the network."""

import streamlit as st

from explainer.ui import computed, labels, photo_source, session
from explainer.ui.laboratory import asking, checks, maps
from explainer.vision import pipeline

TOP = 5

st.title("Laboratory")
st.markdown(
    "Which pixels carried the label? Ask several methods the same question, and see how far they agree; then check "
    "whether what they show is true of the network. None of them tells whether the label is true of anybody."
)
photo = photo_source.bring_along()
if photo is None:
    st.stop()
session.notice()
result = computed.read(photo, False)
reading = result.readings[labels.face(result)]
target = asking.target(reading, TOP)
methods = asking.methods(target.kind)
drawing = maps.drawing()
if not asking.asked(photo, reading, target, methods):
    st.stop()
crop = pipeline.seen(photo, reading)
jobs = maps.jobs(photo, reading.box, target, methods)
pictures, below = st.container(), computed.blank_until(*jobs)
with pictures:
    attributions = maps.maps(jobs, methods, crop, drawing)
if not attributions:
    st.stop()
with below():
    maps.download(crop, reading.box, attributions, drawing)

    if len(attributions) > 1:
        st.header("Do they agree?")
        checks.agreement(attributions)

    st.header("Is it true of the network?")
    checked = checks.checked(attributions)
    if checked is None:
        computed.stop("checks")
        st.caption("Choose a map: it is compared with random ones, shaken a little, and the network is shuffled.")
        st.stop()
    check = computed.check(photo, reading.box, checked)
    place = computed.blank_until(check)
    found = checks.wait(check)
    with place():
        checks.show(checked, found, crop, drawing)
        checks.download(crop, reading.box, checked, found)
