"""Files to download. None contains a masked word, revealed or not, or anything of the uploaded file's metadata."""

import json
from collections.abc import Callable

import streamlit as st

from explainer.charts import pictures
from explainer.imagenet import masked_words
from explainer.imagenet.masked_words import Caption, Context
from explainer.ui import labels
from explainer.vision import pipeline
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Result


def buttons(photo: Photo, result: Result, release: str) -> None:
    """Buttons that download the labelled picture (PNG, with the small print below it) and the readings (JSON)."""
    captions = [_caption(reading.people(release, 1)[0].wnid) for reading in result.readings]
    st.download_button(
        "Picture (PNG)",
        lambda: pictures.to_png(
            pictures.with_footer(
                pictures.labelled(photo, result.boxes, captions),
                f"{pictures.numbered(captions)}. {labels.small_print(release, result.model)}",
            )
        ),
        file_name="labelled.png",
        mime="image/png",
        on_click="ignore",
        key="download_picture",
    )
    st.download_button(
        "Readings (JSON)",
        lambda: json.dumps(
            {**pipeline.record(result, 10, _caption), "note": labels.small_print(release, result.model)}, indent=2
        ),
        file_name="readings.json",
        mime="application/json",
        on_click="ignore",
        key="download_readings",
    )


def numbers(name: str, write: Callable[[], str], title: str = "Numbers (CSV)") -> None:
    """A button that downloads the numbers of a chart: `write` gives the CSV when pressed; `name` names the file."""
    st.download_button(
        title,
        write,
        file_name=f"{name}.csv",
        mime="text/csv",
        on_click="ignore",
        key=f"download_{name}",
    )


def _caption(wnid: str) -> Caption:
    return masked_words.caption(wnid, Context.PHOTO_FILE)
