"""What the visitor asks: which label, by which methods, under which settings."""

import math
from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from explainer.attribution import explain
from explainer.attribution.explain import METHODS, Target
from explainer.attribution.question import Settings
from explainer.imagenet import vocabularies
from explainer.ui import computed, labels, options, session, waiting
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reading

FEWEST, MOST = 2, 6
"""How many methods can be compared."""

JUDGED = "laboratory_judged"
"""Where the session notes of which maps all checks were asked."""

STOPPED = "laboratory_stopped"
"""Where the session notes that the visitor stopped the maps."""

WORDS = "laboratory_words"
"""Where the session keeps whether several words are compared."""

CHECKED = "checked"
"""Where the session keeps which map is checked."""

_ASKED, _WHY, _RATHER, _PRESSED = "laboratory_asked", "laboratory_target", "laboratory_against", "laboratory_pressed"
_CARD = "laboratory_card"  # which label's card was there when the choice was made
_NOTHING = ""  # not None, by which Streamlit means that no option is chosen

session.GOES_WITH_THE_PHOTO.update((_ASKED, _WHY, _RATHER, _CARD, _PRESSED, STOPPED, CHECKED, JUDGED, WORDS))


def target(photo: Photo, reading: Reading, top: int) -> Target:
    """The label that the visitor wants explained, or the difference between two; at first the label on the card.

    With another photo, face or model there is another card, and the choice begins anew.
    """
    targets = labels.targets(reading, top)
    card = (photo.digest, reading.box, reading.model)
    if st.session_state.get(_CARD, card) != card or _WHY not in st.session_state:
        st.session_state[_WHY] = targets[0]
        st.session_state[_RATHER] = _NOTHING
    st.session_state[_CARD] = card
    why, rather = st.columns(2, gap="large")
    with why:
        chosen = st.selectbox(
            "Why this label",
            targets,
            format_func=labels.option,
            key=_WHY,
            persist_state="session",
        )
    with rather:
        # What was chosen and is not among these is let go of: no label is explained rather than itself.
        others = [option for option in targets if option.kind == chosen.kind and option != chosen]
        against = st.selectbox(
            "Compared with (optional)",
            [_NOTHING, *others],
            format_func=lambda option: labels.option(option) if isinstance(option, Target) else option or "nothing",
            key=_RATHER,
            persist_state="session",
            help="Explains the difference of the two: why the one label and not the other.",
        )
    return replace(chosen, against=against.wnid) if isinstance(against, Target) else chosen


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
            "The empty picture is what a hidden part shows, and where Integrated Gradients starts. The seed fixes what "
            "is drawn at random."
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
            st.caption("Fewer samples than regions: their effects cannot be told apart.")
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
            "Why the 2011 word, not the 2021 one?",
            key="contrast",
            on_click=_contrast,
            args=(before, after),
            disabled=before == after,
            help=f"The first label of {oldest.title} rather than the first of {newest.title}."
            if before != after
            else f"{oldest.title} and {newest.title} give the same first label.",
        )
    if not asked and _ASKED in st.session_state:
        st.caption("Settings changed. Press Explain to update; earlier results are kept.")
    return asked


def _press() -> None:
    # What is asked the script then tells: a choice may have been made after this button was drawn.
    st.session_state[_PRESSED] = True
    st.session_state[STOPPED] = False


def _contrast(before: str, after: str) -> None:
    st.session_state[_WHY], st.session_state[_RATHER] = Target("person", before), Target("person", after)
    _press()
