"""Laboratory: several explanations of one label side by side, and whether any of them is true of the network."""

import streamlit as st

from explainer.ui import computed, downloads, labels, laboratory, photo_source, waiting
from explainer.vision import pipeline

TOP = 5

st.title("Laboratory")
st.markdown(
    "Which pixels carried the label? Ask several methods the same question, and see how far they agree; then check "
    "whether what they show is true of the network. None of them tells whether the label is true of anybody."
)
photo = photo_source.bring_along()
result = computed.read(photo, False)
reading = result.readings[labels.face(result)]
target = laboratory.target(reading, TOP)
methods = laboratory.methods(target.kind)
drawing = laboratory.drawing()
if not laboratory.asked(photo, reading, target, methods):
    st.stop()
crop = pipeline.seen(photo, reading)
jobs = laboratory.jobs(photo, reading.box, target, methods)
pictures, below = st.container(), waiting.blank_until(*jobs)
with pictures:
    attributions = laboratory.maps(jobs, methods, crop, drawing)
if not attributions:
    st.stop()
with below():
    downloads.explanations(crop, reading.box, attributions, drawing)

    if len(attributions) > 1:
        st.header("Do they agree?")
        laboratory.agreement(attributions)

    st.header("Is it true of the network?")
    checked = laboratory.checked(attributions)
    if checked is None:
        waiting.stop("checks")
        st.caption("Choose a map: it is compared with random ones, shaken a little, and the network is shuffled.")
        st.stop()
    check = computed.check(photo, reading.box, checked)
    found = waiting.blank_until(check)
    checks = laboratory.wait_for_checks(check)
    with found():
        laboratory.checks(checked, checks, crop, drawing)
        downloads.checks(reading.box, checked, checks)
