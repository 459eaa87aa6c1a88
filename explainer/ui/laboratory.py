"""Explanations side by side: the question, the maps, their agreement, and whether they are true of the network."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st
from PIL.Image import Image

from explainer.attribution import explain, faithfulness
from explainer.attribution.explain import METHODS, Attribution, Target
from explainer.attribution.faithfulness import Checks
from explainer.attribution.methods import Settings
from explainer.charts import attribution as attribution_charts
from explainer.charts import pictures
from explainer.imagenet import vocabularies
from explainer.jobs import Job
from explainer.ui import computed, labels, options, waiting
from explainer.vision.faces import Box
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reading

FEWEST, MOST = 2, 6
"""How many methods can be compared."""

_ASKED, _WHY, _RATHER = "laboratory_asked", "laboratory_target", "laboratory_against"
_NOTHING = ""  # not None, by which Streamlit means that no option is chosen
_PRESSED, _STOPPED, _CHECKED = "laboratory_pressed", "laboratory_stopped", "checked"
_ABOVE = 0.9  # the rank correlation from which two maps count as the same
# The rank correlation from which a map counts as the one it was: half of the variance of its ranks (0.7 squared) is
# then still foretold by the map of the network that had learned. A map turned upside down is another one.
_UNMOVED = 0.7
_COMPLETE = 0.05  # the share of the whole by which parts may miss it


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


def target(reading: Reading, top: int) -> Target:
    """The label that the visitor wants explained, or the difference between two."""
    targets = labels.targets(reading, top)
    why, rather = st.columns(2, gap="large")
    with why:
        chosen = st.selectbox(
            "Why this label",
            targets,
            format_func=labels.option,
            key=_WHY,
            persist_state="session",
            on_change=_keep_apart,
        )
    with rather:
        others = [option for option in targets if option.kind == chosen.kind and option != chosen]
        against = st.selectbox(
            "Rather than (the difference of the two is explained)",
            [_NOTHING, *others],
            format_func=lambda option: (
                labels.option(option) if isinstance(option, Target) else "nothing: the label by itself"
            ),
            key=_RATHER,
            persist_state="session",
        )
    return replace(chosen, against=against.wnid) if isinstance(against, Target) else chosen


def _keep_apart() -> None:
    """No label is explained rather than itself, nor rather than one of the other kind."""
    why, rather = st.session_state[_WHY], st.session_state.get(_RATHER)
    if rather and (rather == why or rather.kind != why.kind):
        st.session_state[_RATHER] = _NOTHING


def forget() -> None:
    """Drop what was asked of the photo that goes, the choice of a map to check with it."""
    for name in (_ASKED, _PRESSED, _STOPPED, _CHECKED):
        st.session_state.pop(name, None)


def methods(kind: explain.Kind) -> dict[str, Settings]:
    """The methods that the visitor wants compared, by name, each with all of its settings."""
    chosen: list[str] = st.pills(
        f"Methods, {FEWEST} to {MOST}",
        computed.offered(kind),
        selection_mode="multi",
        default=explain.FIRST,
        format_func=lambda name: options.readable(METHODS[name].title),
        key="methods",
        persist_state="session",
        wrap=True,
    )
    with st.expander("What each of them does"):
        for name in computed.offered(kind):
            method = METHODS[name]
            st.markdown(f"**{method.title}** ({method.cost}). {method.idea}  \n:small[{method.paper}]")
    with st.expander("Settings"):
        st.caption(
            "The empty picture stands where something is hidden, or a way begins; the seed decides what is drawn."
        )
        return {name: _settings(name) for name in chosen}


def _settings(method: str) -> Settings:
    """All settings of a method, those that can be chosen as the visitor chose them."""
    entry = METHODS[method]
    chosen = {}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        for name, setting in explain.SETTINGS.items():
            if name in entry.settings:
                chosen[name] = st.selectbox(
                    f"{entry.title}: {setting.title.lower()}",
                    setting.choices,
                    setting.choices.index(entry.settings[name]),
                    key=f"{method}_{name}",
                    persist_state="session",
                    width=240,
                )
        if chosen.get("samples", math.inf) < chosen.get("segments", 0):
            st.caption("Fewer samples than regions: what each of them brings cannot be told apart.")
    return {**entry.settings, **chosen}


def asked(photo: Photo, reading: Reading, target: Target, methods: Mapping[str, Settings]) -> bool:
    """Whether the visitor asked for just these maps; buttons to ask, and to ask why before and not after."""
    # A list, as mappings are equal in any order: after a stop the maps stand in the order in which they were asked for.
    question = (photo.digest, reading.model, reading.box, target, [*methods.items()])
    if st.session_state.pop(_PRESSED, False):
        st.session_state[_ASKED] = question
    asked = bool(st.session_state.get(_ASKED) == question)
    if not asked:
        waiting.stop()
    if not FEWEST <= len(methods) <= MOST:
        st.info(f"Choose {FEWEST} to {MOST} methods.")
        return False
    oldest, *_, newest = vocabularies.RELEASES.values()
    before, after = (reading.people(release.name, 1)[0].wnid for release in (oldest, newest))
    with st.container(horizontal=True):
        st.button("Explain", type="primary", key="explain", on_click=_press)
        st.button(
            "Why before, and not after",
            key="contrast",
            on_click=_contrast,
            args=(before, after),
            disabled=before == after,
            help=f"The first label of {oldest.title} rather than the first of {newest.title}."
            if before != after
            else f"{oldest.title} and {newest.title} give the same first label.",
        )
    if not asked and _ASKED in st.session_state:
        st.caption("What is asked has changed since the last maps: “Explain” asks it. What was computed is kept.")
    return asked


def _press() -> None:
    # What is asked the script then tells: a choice may have been made after this button was drawn.
    st.session_state[_PRESSED] = True
    st.session_state[_STOPPED] = False


def _contrast(before: str, after: str) -> None:
    st.session_state[_WHY], st.session_state[_RATHER] = Target("person", before), Target("person", after)
    _press()


def _stop() -> None:
    st.session_state[_STOPPED] = True
    waiting.stop("explanations")


def _stop_checks() -> None:
    st.session_state[_CHECKED] = None
    waiting.stop("checks")


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
    stopped = computed.explained() if st.session_state.get(_STOPPED) else []
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
            if st.session_state.get(_STOPPED) and not (job.done and job.wanted()):
                place().caption("Stopped. “Explain” goes on with it.")
                continue
            attribution = waiting.wait(job, METHODS[name].title, _stop, f"stop_{name}")
            with place():
                title = f"{METHODS[name].title}: {pictures.SIGNS[drawing.sign]}, over what the network saw."
                st.image(drawing.of(crop, attribution), width="stretch", output_format="JPEG", alt=title)
                st.caption(f"{_with(attribution.settings)}{labels.explained(attribution)}")
            found.append(attribution)
    return found


def _with(settings: Settings) -> str:
    """The settings that can be chosen, as a sentence; nothing where there are none."""
    choices = explain.SETTINGS.items()
    said = [f"{setting.title.lower()} {settings[name]}" for name, setting in choices if name in settings]
    return f"{', '.join(said).capitalize()}. " if said else ""


def _rows(number: int) -> list[st.delta_generator.DeltaGenerator]:
    return [column for _ in range(-(-number // 3)) for column in st.columns(3, gap="medium")][:number]


def agreement(attributions: Sequence[Attribution]) -> None:
    """How far the maps rank the pixels alike, as a table and a sentence."""
    table = faithfulness.agreement([attribution.values for attribution in attributions])
    titles = [METHODS[attribution.method].title for attribution in attributions]
    pairs = [table[row, column] for row in range(len(titles)) for column in range(row)]
    st.markdown("Rank correlation of the maps, pixel by pixel: 1 is the same order, 0 none in common. " + _agree(pairs))
    table = table.round(2) + 0.0  # no "-0.00"
    rows = {title: table[:, column].tolist() for column, title in enumerate(titles)}
    st.dataframe(
        {"": titles, **rows},
        column_config={title: st.column_config.NumberColumn(format="%.2f") for title in titles},
        hide_index=True,
        alt="The rank correlation of each map with each.",
    )


def _agree(correlations: Sequence[float]) -> str:
    found = [correlation for correlation in correlations if not math.isnan(correlation)]
    if not found:
        return "With a map that is the same everywhere there is none."
    if min(found) >= _ABOVE:
        agree = "they agree."
    else:
        agree = "they do not tell the same story, so that none of them alone is “the” reason."
    least, most = min(found), max(found)
    if len(found) < len(correlations):
        agree = "with a map that is the same everywhere there is none; of the others " + agree
    return f"Here it is {least:z.2f}{f' to {most:z.2f}' if len(found) > 1 else ''}: {agree}"


def checked(attributions: Sequence[Attribution]) -> Attribution | None:
    """The map that the visitor wants checked; None until they ask."""
    maps = {attribution.method: attribution for attribution in attributions}
    chosen: str | None = st.segmented_control(
        "Check the map of",
        maps,
        format_func=lambda name: options.readable(METHODS[name].title),
        key=_CHECKED,
        persist_state="session",
        wrap=True,
        help="The method explains some fifteen times more: what takes a second takes a quarter of a minute.",
    )
    return maps.get(chosen) if chosen else None


def wait_for_checks(job: Job[Checks]) -> Checks:
    """What the checks of a map find, once they are through; a button beside their progress stops them."""
    return waiting.wait(job, "Checking the map against the network", _stop_checks, "stop_checks")


def randomised(correlations: Sequence[float]) -> str:
    """What a map's correlations with those of a network shuffled further and further say, as sentences."""
    if any(map(math.isnan, correlations)):
        return "A map of these is the same everywhere, so that nothing can be told."
    said = f"With the topmost layer gone, the map correlates with the first one by {correlations[0]:z.2f}, " + (
        f"with all gone by {correlations[-1]:z.2f}. "
    )
    unmoved = sum(correlation > _UNMOVED for correlation in correlations)
    if not unmoved:
        return said + "It is another map at once, as it must be if it shows what the network has learned."
    if unmoved == len(correlations):
        return said + "It never notices: it shows the picture, and not what the network has learned."
    stages = f"In {unmoved} of {len(correlations)} stages it stays much as it was"
    if unmoved < len(correlations) / 3:
        return said + f"{stages}: part of it is the picture, and not what the network has learned."
    return said + f"{stages}, with what was learned gone: it fails, and shows the picture more than the network."


def completeness(attribution: Attribution) -> str | None:
    """How far the parts of a map are from the whole that they promise, as sentences; None where they promise none."""
    if attribution.delta is None:
        return None
    promised = float(attribution.values.sum()) - attribution.delta
    missed = abs(attribution.delta / promised) if promised else math.inf
    more = next((setting for setting in ("steps", "samples") if setting in attribution.settings), None)
    hint = f" With more {more} they would come nearer." if more else ""
    if missed <= _COMPLETE:
        verdict = "The promise is kept."
    else:
        verdict = f"The promise is not kept, and the map is only roughly what the method means by it.{hint}"
    return (
        f"**Completeness**: the parts should add up to {promised:z.3g}, and miss it by {attribution.delta:z.3g}, "
        f"{f'{missed:.1%}' if math.isfinite(missed) else 'all'} of it. {verdict}"
    )


def checks(attribution: Attribution, checks: Checks, crop: Image, drawing: Drawing) -> None:
    """What the checks of a map found: each as a sentence, with its charts or its pictures."""
    if said := completeness(attribution):
        st.markdown(said)
    st.markdown(
        "**Insertion and deletion** (Petsiuk et al. 2018). A map that is true of the network brings the label back "
        "with few cells of the picture, and takes it away with few: sooner than a random order does, and than a blob "
        "in the centre."
    )
    for column, direction in zip(st.columns(2, gap="large"), attribution_charts.DIRECTIONS, strict=True):
        column.plotly_chart(
            attribution_charts.curves(checks.curves, direction),
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
        f"it learned is left. {randomised([stage.correlation for stage in checks.randomised])}"
    )
    with st.container(horizontal=True, gap="small"):
        for stage in checks.randomised:
            with st.container(width=150):
                title = f"{stage.stage}: {stage.correlation:z.2f}"
                st.image(drawing.of(crop, stage.attribution), width=140, caption=title, alt=f"Shuffled down to {title}")
