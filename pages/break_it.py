"""Break it: one picture changed a little, and how far its label moves."""

import streamlit as st

from explainer.ui import break_it, computed, labels, photo_source, session

RELEASE = "fall-2011"

st.title("Break it")
st.markdown(
    "A word that is true of a person stays true when they tilt their head, when the light is dimmed, when the file is "
    "made smaller. Change the picture a little, and watch the label."
)
photo = photo_source.bring_along()
if photo is None:
    st.stop()
session.notice()
result = computed.read(photo, False)
reading = result.readings[labels.face(result)]
change = break_it.chosen()
strip = computed.strip(photo, reading, change, RELEASE)
break_it.one(photo, strip, RELEASE)
st.markdown(break_it.sentence(strip))
break_it.row(strip, RELEASE)
break_it.every(photo, reading, RELEASE)

st.header("Nobody at all")
st.markdown(
    "A blank wall, a drawn toy, pure noise: they get words for people as well, since there is no “none of these”."
)
break_it.strangers(RELEASE)
