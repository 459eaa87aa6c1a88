"""What a visitor may take away. Nothing of it carries a masked word, revealed or not, nor any data of the upload's."""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict

import numpy as np
import streamlit as st
from PIL.Image import Image

from explainer.attribution import faithfulness, report
from explainer.attribution.explain import Attribution
from explainer.attribution.faithfulness import Checks
from explainer.charts import pictures
from explainer.imagenet import words
from explainer.imagenet.words import Caption, Context
from explainer.ui import labels, session
from explainer.ui.laboratory import Drawing
from explainer.vision import pipeline
from explainer.vision.faces import Box
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Result


def buttons(photo: Photo, result: Result, release: str) -> None:
    """Buttons for the labelled picture as PNG, with the small print below, and for the readings as JSON."""
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


def numbers(name: str, write: Callable[[], str]) -> None:
    """A button for the numbers of a chart, which `write` gives as CSV when it is pressed; `name` names the file."""
    st.download_button(
        "Numbers (CSV)",
        write,
        file_name=f"{name}.csv",
        mime="text/csv",
        on_click="ignore",
        key=f"download_{name}",
    )


def explanations(crop: Image, box: Box | None, attributions: Sequence[Attribution], drawing: Drawing) -> None:
    """A button for all there is of some explanations: pictures as drawn, raw maps, and how each was made."""

    model = session.model()

    def archive() -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as folder:
            folder.writestr("crop.png", pictures.to_png(crop))
            for attribution in attributions:
                folder.writestr(f"{attribution.method}.png", pictures.to_png(drawing.of(crop, attribution)))
            maps = io.BytesIO()
            np.savez(maps, **{attribution.method: attribution.values for attribution in attributions})  # type: ignore[arg-type]
            folder.writestr("maps.npz", maps.getvalue())
            how = {**report.provenance(attributions, model, box), "drawing": asdict(drawing)}
            folder.writestr("how.json", json.dumps(how, indent=2))
        return file.getvalue()

    st.download_button(
        "Everything (ZIP)",
        archive,
        file_name="explanations.zip",
        mime="application/zip",
        on_click="ignore",
        key="download_explanations",
    )


def checks(box: Box | None, attribution: Attribution, checks: Checks) -> None:
    """A button for the numbers of the checks of an explanation, and how it was made, as JSON."""
    how = report.provenance([attribution], session.model(), box)
    st.download_button(
        "Checks (JSON)",
        lambda: json.dumps({**how, "checks": faithfulness.record(checks)}, indent=2),
        file_name="checks.json",
        mime="application/json",
        on_click="ignore",
        key="download_checks",
    )


def _caption(wnid: str) -> Caption:
    return words.caption(wnid, Context.PHOTO_FILE)
