"""What the page opens with: maps of a sample picture, and which of them one can rely on."""

import streamlit as st

from explainer.attribution import sample_results, sample_verdicts
from explainer.attribution.explain import METHODS
from explainer.attribution.sample_verdicts import SAMPLE
from explainer.charts import pictures
from explainer.imagenet.masked_words import Context
from explainer.ui import sentences as page_sentences
from explainer.ui import session
from explainer.ui.laboratory import sentences
from explainer.ui.markdown import plain
from explainer.vision import pipeline, samples


def show() -> None:
    """A sample picture, maps of its word, and what the checks found of them; nothing where none are compiled."""
    results, found = sample_results.load(), sample_verdicts.load()
    if results is None or found is None:
        return
    judgements = sentences.ranked(found[SAMPLE])
    photo, (reading, *_) = samples.read(SAMPLE), results.results[SAMPLE].readings
    crop = pipeline.seen(photo, reading)
    caption = session.caption(sample_results.first_word(reading).wnid, Context.PHOTO)
    st.markdown(sentences.rely(plain(caption.text), judgements))
    columns = st.columns(1 + len(judgements), gap="medium")
    columns[0].image(crop, width="stretch", caption="What the network saw", alt=f"{samples.SAMPLES[SAMPLE].title}.")
    for column, judgement in zip(columns[1:], judgements, strict=True):
        title, attribution = METHODS[judgement.method].title, results.maps[SAMPLE][judgement.method]
        column.image(
            pictures.overlay(crop, attribution),
            width="stretch",
            output_format="JPEG",
            caption=page_sentences.held_up(judgement),
            alt=f"The same square, darkened, with the map of {title} laid over it.",
        )
    st.caption(samples.SAMPLES[SAMPLE].credit)
    st.markdown(sentences.often(found.values()))
