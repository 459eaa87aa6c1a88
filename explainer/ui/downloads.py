"""What a visitor may take away. Nothing of it carries a masked word, revealed or not, nor any data of the upload's."""

import json

import streamlit as st

from explainer import figures, roulette, words
from explainer.photos import Photo
from explainer.roulette import Result
from explainer.words import Caption, Context

SMALL_PRINT = (
    "Nearest of 2,832 person categories of ImageNet (Fall 2011; WordNet 3.0), by zero-shot likeness of words to "
    "objects that EfficientNet-Lite0 saw. Not ImageNet Roulette's network, and not true of anyone."
)


def buttons(photo: Photo, result: Result, release: str) -> None:
    """Buttons for the labelled picture as PNG, with the small print below, and for the readings as JSON."""
    captions = [_caption(reading.people(release, 1)[0].wnid) for reading in result.readings]
    st.download_button(
        "Picture (PNG)",
        lambda: figures.to_png(
            figures.with_footer(
                figures.labelled(photo, result.boxes, captions), f"{figures.numbered(captions)}. {SMALL_PRINT}"
            )
        ),
        file_name="labelled.png",
        mime="image/png",
        on_click="ignore",
        key="download_picture",
    )
    st.download_button(
        "Readings (JSON)",
        lambda: json.dumps({**roulette.record(result, 10, _caption), "note": SMALL_PRINT}, indent=2),
        file_name="readings.json",
        mime="application/json",
        on_click="ignore",
        key="download_readings",
    )


def _caption(wnid: str) -> Caption:
    return words.caption(wnid, Context.PHOTO_FILE)
