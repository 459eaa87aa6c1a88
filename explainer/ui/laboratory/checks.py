"""Whether maps agree, and what the checks of one find."""

from collections.abc import Sequence
from itertools import combinations

import streamlit as st
from PIL.Image import Image

from explainer.attribution import agreement as measures
from explainer.attribution.explain import METHODS, Attribution
from explainer.attribution.faithfulness import Checks
from explainer.attribution.report import Report
from explainer.charts import attribution as charts
from explainer.jobs import Job
from explainer.ui import computed, options
from explainer.ui.laboratory import sentences
from explainer.ui.laboratory.asking import CHECKED
from explainer.ui.laboratory.maps import Drawing
from explainer.vision.faces import Box


def agreement(attributions: Sequence[Attribution]) -> None:
    """How far the maps mark the same places, as a sentence and a table of pairs."""
    maps = [(METHODS[attribution.method].title, attribution.values) for attribution in attributions]
    pairs = [
        (f"{one} and {other}", measures.correlation(first, second), measures.overlap(first, second))
        for (one, first), (other, second) in combinations(maps, 2)
    ]
    st.markdown(sentences.agree([correlation for _, correlation, _ in pairs]))
    st.dataframe(
        {
            "Maps": [names for names, _, _ in pairs],
            "Correlation": [round(correlation, 2) + 0.0 for _, correlation, _ in pairs],  # no "-0.00"
            "Brightest tenth in common": [
                round(100 * overlap) if overlap == overlap else None for *_, overlap in pairs
            ],
        },
        column_config={
            "Correlation": st.column_config.NumberColumn(format="%.2f"),
            "Brightest tenth in common": st.column_config.NumberColumn(format="%d %%"),
        },
        hide_index=True,
        alt="How far each two maps mark the same places.",
    )
    st.caption(
        "Compared as drawn: what speaks for the label, in 14 x 14 cells. Correlation: 1 is the same, 0 nothing in "
        "common (Bylinskii et al. 2019). By chance two maps share a tenth of their brightest tenth (Krishna et al. 2022)."
    )


def checked(attributions: Sequence[Attribution]) -> Attribution | None:
    """The map that the visitor wants checked; None until they ask."""
    maps = {attribution.method: attribution for attribution in attributions}
    chosen: str | None = st.segmented_control(
        "Check the map of",
        maps,
        format_func=lambda name: options.readable(METHODS[name].title),
        key=CHECKED,
        persist_state="session",
        wrap=True,
        help="The method explains some fifteen times more: what takes a second takes a quarter of a minute.",
    )
    return maps.get(chosen) if chosen else None


def wait(job: Job[Checks]) -> Checks:
    """What the checks of a map find, once they are through; a button beside their progress stops them."""
    return computed.wait(job, "Checking the map against the network", _stop_checks, "stop_checks")


def _stop_checks() -> None:
    st.session_state[CHECKED] = None
    computed.stop("checks")


def show(attribution: Attribution, checks: Checks, crop: Image, drawing: Drawing) -> None:
    """What the checks of a map found: each as a sentence, with its charts or its pictures."""
    if said := sentences.completeness(attribution):
        st.markdown(said)
    st.markdown(
        "**Insertion and deletion** (Petsiuk et al. 2018). A map that is true of the network brings the label back "
        "with few cells of the picture, and takes it away with few: sooner than a random order does, and than a blob "
        "in the centre."
    )
    for column, direction in zip(st.columns(2, gap="large"), charts.DIRECTIONS, strict=True):
        column.plotly_chart(
            charts.curves(checks.curves, direction),
            key=direction,
            alt=f"Lines: the output in {direction}, in the order of the map, at random and from the centre.",
            config={"displayModeBar": False},
        )
    st.markdown(f"{sentences.unforetold(checks.infidelity)} {sentences.moved(checks.sensitivity)}")
    st.markdown(
        "**Randomisation** (Adebayo et al. 2018): the network's layers are shuffled from the top, until nothing that "
        f"it learned is left. {sentences.randomised([stage.correlation for stage in checks.randomised])}"
    )
    with st.container(horizontal=True, gap="small"):
        for stage in checks.randomised:
            with st.container(width=150):
                title = f"{stage.stage}: {stage.correlation:z.2f}"
                st.image(drawing.of(crop, stage.attribution), width=140, caption=title, alt=f"Shuffled down to {title}")


def download(crop: Image, box: Box | None, attribution: Attribution, checks: Checks) -> None:
    """A button for the numbers of the checks of a map, and how it was made, as JSON."""
    st.download_button(
        "Checks (JSON)",
        Report(crop, (attribution,), box, {attribution.method: checks}).to_json,
        file_name="checks.json",
        mime="application/json",
        on_click="ignore",
        key="download_checks",
    )
