"""The first page: what a machine calls the person in a picture, how it got there, and what became of the word."""

import streamlit as st

from explainer.imagenet import vocabularies
from explainer.ui import (
    exhibit,
    labels,
    ladder,
    model_picker,
    photo_source,
    saliency,
    sample_results,
    sentences,
    word_place,
)

RUNGS, TOP = 8, 5

st.title("What ImageNet calls people", anchor=False)
st.markdown(sentences.opening(*vocabularies.sizes()))
model_picker.ready()
photo, whole = photo_source.photo(), photo_source.whole()
result = sample_results.read(photo, whole)

picture, about = st.columns([4, 7], gap="medium")
with picture:
    exhibit.picture(photo, result, whole)
with about:
    index = labels.face(result)
    reading = result.readings[index]
    exhibit.answer(reading, result)
    with photo_source.strip():
        model_picker.settings(photo, result)
    exhibit.releases()

st.header("How it got there", anchor=False)
st.markdown(labels.which_network(reading))
exhibit.chain(photo, reading)

st.header("Its closest words, and what became of them", anchor=False)
st.markdown(labels.removal(reading, RUNGS))
ladder.show(reading, RUNGS)

st.header("Which pixels counted", anchor=False)
saliency.show(photo, reading, TOP)

st.header("Where does a word stand?", anchor=False)
st.markdown(
    "Type a word for a person and press Enter, to see its place for this picture among all of ImageNet's words."
)
word_place.ask(reading)

with st.expander("Details: how the model works, and another model on the same picture", key="details"):
    exhibit.small_print(reading)
    model_picker.compare(photo, whole, result, index, TOP)
