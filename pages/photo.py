"""Your photo: the faces in it, their labels under each release, and the pixels that carried a label."""

import streamlit as st

from explainer import faces, figures, saliency, vocabularies
from explainer.ui import labels, resources, source, visitor
from explainer.words import Context

TOP = 5

st.title("Your photo")
st.markdown(
    "Give the machine a picture and see which of ImageNet's 2,832 kinds of people it calls nearest: "
    "before most of them were removed, and after."
)
source.choose()
photo = source.photo()
if photo is None:
    st.caption("Nobody has to give a face: the sample pictures do as well.")
    st.stop()
visitor.notice()

with st.container(horizontal=True, vertical_alignment="center"):
    whole = st.toggle("Label the whole picture", help="No face is looked for; the middle of the picture is labelled.")
    source.forget_button()
result = resources.read(photo, whole)
firsts = [reading.people("fall-2011", 1)[0] for reading in result.readings]

picture, seen = st.columns([3, 2], gap="large")
with picture:
    captions = [visitor.caption(label.wnid, Context.PHOTO) for label in firsts]
    st.image(
        figures.labelled(photo, result.boxes, captions),
        width="stretch",
        alt=f"The photo with {len(result.boxes)} faces boxed. Labels: {'; '.join(c.text for c in captions)}.",
    )
    st.caption(labels.found(result))
with seen:
    reading = result.readings[0]
    if len(result.readings) > 1:
        numbers = range(len(result.readings))
        index = st.segmented_control("Face", numbers, default=0, required=True, format_func=lambda n: str(n + 1))
        reading = result.readings[index or 0]
    st.subheader("What the network saw")
    crop = faces.crop(photo, reading.box)
    st.image(crop, width=224, alt="The square cut out for the network, 224 by 224 pixels.")
    st.markdown(labels.chain(reading))
    objects = reading.objects(TOP)
    chart = figures.bars(
        [visitor.caption(label.wnid, Context.PHOTO) for label in objects],
        [label.score for label in objects],
        "The objects it took them for",
    )
    st.plotly_chart(chart, alt="The likeliest objects as bars.", key="objects", config={"displayModeBar": False})

st.subheader("The nearest of ImageNet's words for people")
st.markdown(labels.masked(reading, TOP))
for column, release in zip(st.columns(3, gap="large"), vocabularies.RELEASES.values(), strict=True):
    with column:
        st.markdown(f"**{release.title}**  \n{len(vocabularies.person_categories(release.name)):,} categories")
        labels.show(reading.people(release.name, TOP), key=release.name)

st.subheader("Which pixels carried it")
targets = labels.targets(reading, TOP)
ask, answer = st.columns([2, 3], gap="large")
with ask:
    target = st.selectbox("Label", targets, format_func=labels.option)
    method = st.selectbox("Method", saliency.METHODS, format_func=lambda name: saliency.METHODS[name].title)
    opacity = st.slider("Opacity", 0.0, 1.0, 0.6, 0.05)
with answer:
    attribution = resources.explain(photo, reading.box, target, method)
    st.image(
        figures.overlay(crop, attribution, opacity),
        caption=f"{saliency.METHODS[method].title}: {saliency.METHODS[method].idea}",
        alt="What the network saw, with what spoke for the label laid over it in bright colours.",
    )
