"""The maps side by side, and how all of them are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

import streamlit as st
from PIL.Image import Image

from explainer.attribution import agreement, explain
from explainer.attribution.explain import METHODS, Attribution, AttributionError, Target
from explainer.attribution.question import Settings
from explainer.attribution.report import Report
from explainer.charts import pictures
from explainer.imagenet.masked_words import Context
from explainer.imagenet.vocabularies import OLDEST
from explainer.jobs import Job
from explainer.ui import computed, labels, options, session, waiting
from explainer.ui.laboratory import sentences
from explainer.ui.laboratory.asking import STOPPED
from explainer.ui.markdown import plain
from explainer.ui.sentences import EMPTY
from explainer.vision.cards import CardError
from explainer.vision.faces import Box
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reading


@dataclass(frozen=True)
class Drawing:
    """How all maps are drawn."""

    opacity: float
    sign: str
    percentile: float
    colours: str

    def of(self, crop: Image, attribution: Attribution) -> Image:
        """The overlay of a map."""
        return pictures.overlay(crop, attribution, self.opacity, self.sign, self.percentile, self.colours)

    def scale(self) -> tuple[Image, str]:
        """Its colours as a bar, and what they say."""
        ends = ("the strongest against", "the strongest for") if self.sign == "signed" else ("nothing", "the strongest")
        return pictures.scale(self.sign, self.colours), f"From {ends[0]} to {ends[1]}, in each map by itself."


def drawing() -> Drawing:
    """The controls that all maps share."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        return Drawing(
            options.amount("Opacity", 0.0, 1.0, "laboratory_opacity", 0.7, step=0.05, width=200),
            st.selectbox(
                "Show",
                pictures.SIGNS,
                format_func=pictures.SIGNS.__getitem__,
                key="sign",
                persist_state="session",
                width=260,
            ),
            options.amount("Brightness cut-off (percentile)", 50.0, 100.0, "percentile", 99.0, step=0.5, width=260),
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
            places.append(waiting.blank_until(job))
    found = []
    for column, name, job, place in zip(columns, methods, jobs, places, strict=True):
        with column:
            if st.session_state.get(STOPPED) and not (job.done and job.wanted()):
                place().caption("Stopped. Press Explain to go on.")
                continue
            try:
                attribution = waiting.wait(job, METHODS[name].title, _stop, f"stop_{name}")
            except (AttributionError, CardError) as error:
                place().markdown(str(error))
                continue
            with place():
                if attribution.finding in ("for", "against"):
                    title = f"{METHODS[name].title}: {pictures.SIGNS[drawing.sign]}, over what the network saw."
                    st.image(
                        pictures.to_jpeg(drawing.of(crop, attribution)),
                        width="stretch",
                        output_format="JPEG",
                        alt=title,
                    )
                st.caption(f"{sentences.chosen(attribution.settings)}{labels.explained(attribution)}")
            found.append(attribution)
    return found


def words(photo: Photo, reading: Reading, crop: Image, drawing: Drawing, number: int = 5) -> None:
    """The maps of the nearest words by one method, side by side, and how far they mark the same places."""
    targets = [Target("person", label.wnid) for label in reading.people(OLDEST, number)]
    method = options.one("Method", explain.FIRST, "words_method", lambda name: METHODS[name].title)
    jobs = computed.explain_words(photo, reading.box, targets, method)
    found = []
    for column, target, job in zip(st.columns(number, gap="small"), targets, jobs, strict=True):
        with column:
            try:
                attribution = waiting.wait(job, METHODS[method].title)
            except (AttributionError, CardError) as error:
                st.markdown(str(error))
                continue
            caption = session.caption(target.wnid, Context.PHOTO)  # a room may have opened meanwhile
            said = EMPTY.get(attribution.finding, "")
            if attribution.finding in ("for", "against"):
                title = f"{METHODS[method].title} for {caption.text}"
                st.image(
                    pictures.to_jpeg(drawing.of(crop, attribution)), width="stretch", output_format="JPEG", alt=title
                )
            st.markdown(f"{plain(caption.text)}  \n{said}")
            found.append(attribution)
    st.markdown(sentences.alike([agreement.correlation(a.values, b.values) for a, b in combinations(found, 2)]))


def _stop() -> None:
    st.session_state[STOPPED] = True
    waiting.stop("explanations")


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
