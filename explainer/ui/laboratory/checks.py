"""Whether maps agree, and what the checks of one find."""

from collections.abc import Sequence

import streamlit as st
from PIL.Image import Image

from explainer.attribution import faithfulness
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
    """How far the maps rank the pixels alike, as a table and a sentence."""
    table = faithfulness.agreement([attribution.values for attribution in attributions])
    titles = [METHODS[attribution.method].title for attribution in attributions]
    pairs = [table[row, column] for row in range(len(titles)) for column in range(row)]
    st.markdown(
        "Rank correlation of the maps, pixel by pixel: 1 is the same order, 0 none in common. " + sentences.agree(pairs)
    )
    table = table.round(2) + 0.0  # no "-0.00"
    rows = {title: table[:, column].tolist() for column, title in enumerate(titles)}
    st.dataframe(
        {"": titles, **rows},
        column_config={title: st.column_config.NumberColumn(format="%.2f") for title in titles},
        hide_index=True,
        alt="The rank correlation of each map with each.",
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
    st.markdown(
        f"**Infidelity** (Yeh et al. 2019): of what changes when squares are hidden the map leaves "
        f"{checks.infidelity.share:.0%} unexplained. **Max-sensitivity**: noise of {checks.sensitivity.radius} levels "
        f"of 255, which nobody sees, moves the map by up to {checks.sensitivity.value:.0%} of its length."
    )
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
