"""Break it: one picture changed a little, and how far its label moves."""

import streamlit as st

from explainer.ui import breaking, labels, resources, source, visitor

RELEASE = "fall-2011"

st.title("Break it")
st.markdown(
    "A word that is true of a person stays true when they tilt their head, when the light is dimmed, when the file is "
    "made smaller. Change the picture a little, and watch the label."
)
photo = source.bring_along()
if photo is None:
    st.stop()
visitor.notice()
result = resources.read(photo, False)
reading = result.readings[labels.face(result)]
change = breaking.chosen()
strip = resources.strip(photo, reading, change, RELEASE)
breaking.one(photo, strip, RELEASE)
st.markdown(breaking.sentence(strip))
breaking.row(strip, RELEASE)
breaking.every(photo, reading, RELEASE)

st.header("Nobody at all")
st.markdown(
    "A blank wall, a drawn toy, pure noise: they get words for people as well, since there is no “none of these”."
)
breaking.strangers(RELEASE)
