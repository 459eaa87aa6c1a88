"""The maps side by side, and how all of them are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import streamlit as st
from PIL.Image import Image

from explainer.attribution.explain import METHODS, Attribution, Target
from explainer.attribution.question import Settings
from explainer.attribution.report import Report
from explainer.charts import pictures
from explainer.jobs import Job
from explainer.ui import computed, labels
from explainer.ui.laboratory import sentences
from explainer.ui.laboratory.asking import STOPPED
from explainer.vision.faces import Box
from explainer.vision.photos import Photo


@dataclass(frozen=True)
class Drawing:
    """How all maps are drawn."""

    opacity: float
    sign: str
    percentile: float
    colours: str

    def of(self, crop: Image, attribution: Attribution) -> Image:
        """The overlay of a map; of one in which nothing speaks for the label, what speaks against it."""
        sign = "signed" if self.sign == "for" and attribution.finding == "against" else self.sign
        return pictures.overlay(crop, attribution, self.opacity, sign, self.percentile, self.colours)

    def scale(self) -> tuple[Image, str]:
        """Its colours as a bar, and what they say."""
        ends = ("the strongest against", "the strongest for") if self.sign == "signed" else ("nothing", "the strongest")
        return pictures.scale(self.sign, self.colours), f"From {ends[0]} to {ends[1]}, in each map by itself."


def drawing() -> Drawing:
    """The controls that all maps share."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        return Drawing(
            st.slider("Opacity", 0.0, 1.0, 0.7, 0.05, key="laboratory_opacity", persist_state="session", width=200),
            st.selectbox(
                "Show",
                pictures.SIGNS,
                format_func=pictures.SIGNS.__getitem__,
                key="sign",
                persist_state="session",
                width=260,
            ),
            st.slider(
                "Brightest from this percentile on",
                50.0,
                100.0,
                99.0,
                0.5,
                key="percentile",
                persist_state="session",
                width=260,
            ),
            st.selectbox("Colours", pictures.COLOURS, key="laboratory_colours", persist_state="session", width=160),
        )


def jobs(photo: Photo, box: Box | None, target: Target, methods: Mapping[str, Settings]) -> list[Job[Attribution]]:
    """The maps that were asked for, on their way; after a stop the same jobs, none of which begins again."""
    stopped = computed.explained() if st.session_state.get(STOPPED) else []
    return stopped or computed.explain_all(photo, box, target, methods)


def maps(
    jobs: Sequence[Job[Attribution]], methods: Mapping[str, Settings], crop: Image, drawing: Drawing
) -> list[Attribution]:
    """The maps side by side as they come, each with its time and its promise; after a stop those that were done."""
    bar, said = drawing.scale()
    st.image(bar, width=280, caption=said, alt=said)
    columns = st.columns(len(methods), gap="medium") if len(methods) <= 3 else _rows(len(methods))
    places = []
    for column, name, job in zip(columns, methods, jobs, strict=True):
        with column:
            st.markdown(f"**{METHODS[name].title}**")
            places.append(computed.blank_until(job))
    found = []
    for column, name, job, place in zip(columns, methods, jobs, places, strict=True):
        with column:
            if st.session_state.get(STOPPED) and not (job.done and job.wanted()):
                place().caption("Stopped. “Explain” goes on with it.")
                continue
            attribution = computed.wait(job, METHODS[name].title, _stop, f"stop_{name}")
            with place():
                if attribution.finding in sentences.EMPTY:
                    st.markdown(sentences.EMPTY[attribution.finding])
                if attribution.finding in ("for", "against"):
                    title = f"{METHODS[name].title}: {pictures.SIGNS[drawing.sign]}, over what the network saw."
                    st.image(drawing.of(crop, attribution), width="stretch", output_format="JPEG", alt=title)
                st.caption(f"{sentences.chosen(attribution.settings)}{labels.explained(attribution)}")
            found.append(attribution)
    return found


def _stop() -> None:
    st.session_state[STOPPED] = True
    computed.stop("explanations")


def _rows(number: int) -> list[st.delta_generator.DeltaGenerator]:
    return [column for _ in range(-(-number // 3)) for column in st.columns(3, gap="medium")][:number]


def download(crop: Image, box: Box | None, attributions: Sequence[Attribution], drawing: Drawing) -> None:
    """A button for all there is of some explanations: pictures as drawn, raw maps, and how each was made."""
    report = Report(crop, tuple(attributions), box, drawing=asdict(drawing))
    st.download_button(
        "Everything (ZIP)",
        lambda: report.to_zip(lambda attribution: drawing.of(crop, attribution)),
        file_name="explanations.zip",
        mime="application/zip",
        on_click="ignore",
        key="download_explanations",
    )
