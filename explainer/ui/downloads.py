"""What a visitor may take away. Nothing of it carries a masked word, revealed or not, nor any data of the upload's."""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict

import numpy as np
import streamlit as st
from PIL.Image import Image

from explainer import faithfulness, figures, roulette, words
from explainer.faces import Box
from explainer.faithfulness import Checks
from explainer.photos import Photo
from explainer.roulette import Result
from explainer.saliency import Attribution
from explainer.ui import labels, visitor
from explainer.ui.laboratory import Drawing
from explainer.words import Caption, Context


def buttons(photo: Photo, result: Result, release: str) -> None:
    """Buttons for the labelled picture as PNG, with the small print below, and for the readings as JSON."""
    captions = [_caption(reading.people(release, 1)[0].wnid) for reading in result.readings]
    st.download_button(
        "Picture (PNG)",
        lambda: figures.to_png(
            figures.with_footer(
                figures.labelled(photo, result.boxes, captions),
                f"{figures.numbered(captions)}. {labels.small_print(release, result.model)}",
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
            {**roulette.record(result, 10, _caption), "note": labels.small_print(release, result.model)}, indent=2
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

    model = visitor.model()

    def archive() -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as folder:
            folder.writestr("crop.png", figures.to_png(crop))
            for attribution in attributions:
                folder.writestr(f"{attribution.method}.png", figures.to_png(drawing.of(crop, attribution)))
            maps = io.BytesIO()
            np.savez(maps, **{attribution.method: attribution.values for attribution in attributions})  # type: ignore[arg-type]
            folder.writestr("maps.npz", maps.getvalue())
            how = {**roulette.provenance(attributions, model, box), "drawing": asdict(drawing)}
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
    how = roulette.provenance([attribution], visitor.model(), box)
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
