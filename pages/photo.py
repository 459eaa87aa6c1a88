"""Your photo: the faces in it, their labels under each release, and the pixels that carried a label."""

import streamlit as st

from explainer.attribution import explain
from explainer.charts import attribution as attribution_charts
from explainer.charts import pictures
from explainer.imagenet import vocabularies
from explainer.imagenet.words import Context
from explainer.ui import computed, downloads, labels, model_picker, options, photo_source, session
from explainer.vision import pipeline

TOP = 5

st.title("Your photo")
st.markdown(
    "Give the machine a picture and see which of ImageNet's "
    f"{len(vocabularies.person_categories('fall-2011')):,} kinds of people it calls nearest: before most of them were "
    "removed, and after."
)
photo_source.choose()
photo = photo_source.photo()
if photo is None:
    st.caption("Nobody has to give a face: the sample pictures do as well.")
    st.stop()
session.notice()

with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
    release = options.one(
        "Labels from", list(vocabularies.RELEASES), "release", lambda name: vocabularies.RELEASES[name].title
    )
    whole = st.toggle(
        "The whole picture",
        help="No face is looked for; the middle of the picture is labelled.",
        key="whole",
        persist_state="session",
    )
    model_picker.choose()
model_picker.about()
result = computed.read(photo, whole)
firsts = [reading.people(release, 1)[0] for reading in result.readings]

picture, about = st.columns([3, 2], gap="large")
with picture:
    captions = [session.caption(label.wnid, Context.PHOTO) for label in firsts]
    st.image(
        pictures.labelled(photo, result.boxes, captions, fit=(1280, 1200)),
        width="content",
        output_format="JPEG",
        alt=f"The photo; {labels.found(result)} Labels: {'; '.join(caption.name for caption in captions)}.",
    )
    if len(captions) > pictures.MOST_WORDS:
        st.markdown(labels.plain(pictures.numbered(captions)))
    st.caption(labels.found(result))
    with st.container(horizontal=True):
        downloads.buttons(photo, result, release)
        photo_source.forget_button()
with about:
    index = labels.face(result)
    reading = result.readings[index]
    st.caption(f"Nearest of {len(vocabularies.person_categories(release)):,} words, and there is no “none of these”:")
    labels.card(firsts[index], reading, key="card")

st.header("Before and after")
st.markdown(labels.removal(reading, TOP))
labels.by_release(reading, TOP)

st.header("Another model, the same photo")
model_picker.compare(photo, whole, result, index, TOP)

st.header("How it came to that")
seen, objects = st.columns([2, 3], gap="large")
with seen:
    crop = pipeline.seen(photo, reading)
    st.image(crop, width=224, caption="What the network saw", alt="The square cut out for the network.")
with objects:
    st.markdown(labels.chain(reading, release))
    likeliest = reading.objects(TOP)
    st.plotly_chart(
        attribution_charts.bars(
            [session.caption(label.wnid, Context.PHOTO) for label in likeliest],
            [label.score for label in likeliest],
            "The objects the network saw",
        ),
        alt=f"The likeliest of {len(reading.object_wnids):,} objects and their probabilities, as bars.",
        key="objects",
        config={"displayModeBar": False},
    )
st.markdown(labels.how(reading))

st.header("Which pixels carried it")
ask, answer = st.columns([2, 3], gap="large")
with ask:
    target = st.selectbox("Label", labels.targets(reading, TOP), format_func=labels.option, key="target")
    method = options.one("Method", explain.FIRST, "method", lambda name: explain.METHODS[name].title)
    opacity = st.slider("Opacity", 0.0, 1.0, 0.7, 0.05, key="opacity", persist_state="session")
    st.caption(f"{explain.METHODS[method].idea} {explain.METHODS[method].paper}.")
    attribution = computed.explain(photo, reading.box, target, method)
    st.caption(labels.explained(attribution))
with answer:
    st.image(
        pictures.overlay(crop, attribution, opacity),
        width="stretch",
        output_format="JPEG",
        alt="What the network saw; what spoke for the label is laid over it in bright colours.",
    )
