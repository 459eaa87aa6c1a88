"""Break it: nobody at all, then one picture changed a little, and how far its word moves."""

import streamlit as st

from explainer.ui import break_it, labels, photo_source, sample_results

st.title("Break it", anchor=False)
st.markdown(
    "A true word for a person stays true when the person tilts their head or the picture gets darker. Watch what "
    "happens to these words."
)
st.header("Nobody at all", anchor=False)
st.markdown("A wall, a drawn toy, pure noise: each gets a word for people. “Nobody is there” is not among them.")
break_it.nobody()

st.header("One picture, changed a little", anchor=False)
photo = photo_source.bring_along(break_it.FIRST)
result = sample_results.read(photo, False)
reading = result.readings[labels.face(result)]
course = sample_results.course(photo, reading, break_it.chosen())
break_it.stage(photo, reading, course)
break_it.row(photo, reading, course)
break_it.advice()
break_it.every(photo, reading)
break_it.small_print(reading)
