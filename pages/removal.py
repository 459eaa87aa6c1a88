"""Before and after: what ImageNet removed of its person categories, by which rule, and what still names it."""

import streamlit as st

from explainer.ui import chart_frame, computed, labels, photo_source
from explainer.ui.removal import afterlife, branches, figures, history, lists, maps, rule, sections, steps
from explainer.vision import pipeline

TOP = 5

st.title("Before and after")
st.markdown(
    "Between 2019 and 2021 ImageNet removed most of the words it had for people: first those that offend, then those "
    "that a picture hardly shows. It was a count, a rule with a threshold, and judgement. Here is each of them, and "
    "what the removal did not reach."
)
sections.links()
chart_frame.large()

sections.heading("steps")
measure = steps.measure()
steps.flows(measure)
maps.releases(measure)

sections.heading("rule")
st.markdown(
    "ImageNet dropped what its annotators found offensive or sensitive. Of the rest it kept what workers rated 4 of 5 "
    "or more when asked how well it can be seen in a picture. Draw the lines elsewhere, and see who crosses them."
)
rule.own()

sections.heading("kept")
lists.kept_and_removed()
branches.chart()

sections.heading("afterlife")
st.markdown(
    "To take a category out of a data set does not take it out of what was trained on it. These are lists "
    "of categories that models answer with."
)
afterlife.chart()

sections.heading("history")
history.timeline()
history.voices()

sections.heading("published")
figures.table()

sections.heading("photo")
photo = photo_source.bring_along()
result = computed.read(photo, False)
reading = result.readings[labels.face(result)]
seen, said = st.columns([1, 3], gap="large")
with seen:
    st.image(pipeline.seen(photo, reading), width=224, alt="The square cut out for the network.")
with said:
    st.markdown(labels.answers(reading))
    st.markdown(labels.removal(reading, TOP))
labels.by_release(reading, TOP)
