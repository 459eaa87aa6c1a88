"""Whether maps agree, and what the checks of one find."""

from collections.abc import Sequence
from itertools import combinations

import streamlit as st
from PIL.Image import Image

from explainer.attribution import agreement as measures
from explainer.attribution.explain import METHODS, Attribution, AttributionError
from explainer.attribution.faithfulness import Checks
from explainer.attribution.report import Report
from explainer.attribution.verdicts import CHECKS, Judgement
from explainer.charts import attribution as charts
from explainer.jobs import Job
from explainer.ui import computed, options, tables, waiting
from explainer.ui.laboratory import sentences
from explainer.ui.laboratory.asking import CHECKED, JUDGED
from explainer.ui.laboratory.maps import Drawing
from explainer.vision import cards
from explainer.vision.cards import CardError
from explainer.vision.faces import Box
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reading

Judging = list[tuple[Attribution, Job[Judgement]]]
"""Maps that are checked, each with the job that does it."""


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
        height=tables.height(len(pairs)),
        alt="How far each two maps mark the same places.",
    )
    st.caption(
        "Compared as drawn: what speaks for the label, in 14 x 14 cells. Correlation: 1 is the same, 0 nothing in "
        "common (Bylinskii et al. 2019). By chance two maps share a tenth of the brightest tenth (Krishna et al. 2022)."
    )


def judging(photo: Photo, reading: Reading, attributions: Sequence[Attribution]) -> Judging:
    """A button that runs every check on every map; the maps that are checked, the quickest first, and their jobs."""
    asked = [(photo.digest, each.target, each.method, each.settings) for each in attributions]
    st.button("Check all", key="check_all", on_click=_judge, args=(asked,))
    if st.session_state.get(JUDGED) != asked:
        waiting.stop("verdicts")
        st.caption(
            "Each map is compared with random ones, with maps under noise nobody sees, and with maps of a shuffled "
            "network. This takes some seconds for each map."
        )
        return []
    quickest = sorted(attributions, key=lambda each: each.seconds)
    return [*zip(quickest, computed.judge_all(photo, reading.box, quickest), strict=True)]


def verdicts(judging: Judging) -> None:
    """One table of what the checks found, which fills as they come."""
    place, found, failed = st.empty(), [], []
    for number, (attribution, job) in enumerate(judging, start=1):
        title = METHODS[attribution.method].title
        try:
            found.append(waiting.wait(job, f"Checking {title}", _stop_verdicts, f"stop_verdict_{attribution.method}"))
        except (AttributionError, CardError) as error:
            failed.append(f"{title} could not be checked. {error}")
        if found:
            with place.container():
                table(found, attribution, [unchecked for unchecked, _ in judging[number:]])
    for said in failed:
        st.markdown(said)


def table(judgements: Sequence[Judgement], of: Attribution, unchecked: Sequence[Attribution]) -> None:
    """What the checks found of maps like one: a sentence, then a row for each, those that failed nothing first.

    The maps that are not checked yet have a row each too: what is below the table does not move as they come.
    """
    ranked = sentences.ranked(judgements)
    things = of.target.kind == "person" and cards.load(of.model).people == "zero-shot"
    st.markdown(sentences.together(ranked, things))
    methods = [each.method for each in ranked] + [each.method for each in unchecked]
    columns: dict[str, list[str]] = {"Method": [METHODS[method].title for method in methods]}
    for name, check in CHECKS.items():
        columns[check.title] = [sentences.outcome(each.verdict(name)) for each in ranked] + ["…"] * len(unchecked)
    st.dataframe(
        columns,
        column_config={
            check.title: st.column_config.TextColumn(help=f"{check.asks} {check.paper}.") for check in CHECKS.values()
        },
        hide_index=True,
        height=tables.height(len(methods)),
        alt="What each check found of each method's map: passed, failed or undecided, with the number behind it.",
    )
    st.caption(
        "✓ passed, ✗ failed, ? undecided, – does not count or is not promised. Then the number, and how far it may "
        f"be off.{' A map whose row shows … is not checked yet.' if unchecked else ''}"
    )
    with st.expander("What the checks ask"):
        for check in CHECKS.values():
            st.markdown(f"**{check.title}.** {check.asks}  \n:small[{check.paper}]")


def _judge(asked: list[tuple[object, ...]]) -> None:
    st.session_state[JUDGED] = asked


def _stop_verdicts() -> None:
    st.session_state[JUDGED] = None
    waiting.stop("verdicts")


def checked(attributions: Sequence[Attribution]) -> Attribution | None:
    """The map that the visitor wants checked; None until they ask."""
    maps = {attribution.method: attribution for attribution in attributions}
    chosen: str | None = st.segmented_control(
        "Look closer at the map of",
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
    return waiting.wait(job, "Checking the map against the network", _stop_checks, "stop_checks")


def _stop_checks() -> None:
    st.session_state[CHECKED] = None
    waiting.stop("checks")


def show(attribution: Attribution, checks: Checks, crop: Image, drawing: Drawing) -> None:
    """What the checks of a map found: each as a sentence, with its charts or its pictures."""
    if said := sentences.completeness(attribution):
        st.markdown(said)
    st.markdown(
        "**Insertion and deletion** (Petsiuk et al. 2018). If a map shows what the network used, its brightest cells "
        "bring the label back soon, and take it away soon: sooner than random cells, and than cells from the centre."
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
