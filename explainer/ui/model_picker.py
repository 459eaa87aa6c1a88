"""Models: choose one, download others, and compare two on the same photo."""

import streamlit as st

from explainer.imagenet import vocabularies
from explainer.jobs import CancelledError, Job
from explainer.ui import access, computed, downloads, frame_by_hand, labels, photo_source, sample_results, session
from explainer.ui.markdown import plain
from explainer.vision import cards
from explainer.vision.cards import CardError, ModelCard
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Result

_CHOSEN, _ERROR = "model", "model_error"
_PEOPLE = {
    "zero-shot": "person categories by likeness of dictionary entries",
    "trained": "trained on person categories",
}


def settings(photo: Photo, result: Result) -> None:
    """What only some visitors need: labelling the whole picture, another model, downloads."""
    with st.popover("Settings", icon=":material/tune:", key="settings"):
        st.toggle(
            "Label the whole picture",
            key="whole",
            persist_state="session",
            help="Ignores faces and labels the middle of the picture.",
            on_change=frame_by_hand.forget,
        )
        frame_by_hand.start_button(photo, result.boxes, "frame_settings")
        choose()
        about()
        st.markdown("**Download.** The files never contain a covered word.")
        with st.container(horizontal=True):
            downloads.buttons(photo, result, vocabularies.OLDEST)


def ready() -> None:
    """Make sure that the visitor's model is ready. The default replaces one that fails its self-test."""
    if session.model() == cards.DEFAULT and photo_source.sample() and sample_results.is_compiled():
        return  # the results of the samples are compiled and need no model
    try:
        computed.ready(session.model())
    except CardError as error:
        if session.model() == cards.DEFAULT:
            st.error(plain(str(error)))
            st.stop()
        session.ask_model(cards.DEFAULT)
        st.session_state[_ERROR] = str(error)
        st.rerun()


def choose() -> None:
    """A choice among the installed models."""
    present = {card.name: card for card in cards.load_all() if card.present}
    st.session_state[_CHOSEN] = session.model()
    st.selectbox("Model", present, format_func=lambda name: present[name].title, key=_CHOSEN, on_change=_ask)


def _ask() -> None:
    session.ask_model(st.session_state[_CHOSEN])
    st.session_state.pop(_ERROR, None)


def about() -> None:
    """What the chosen model is, why another was refused, and which can be downloaded."""
    if error := st.session_state.get(_ERROR):
        st.error(plain(error))
    with st.expander("About this model, and others to download"):
        _describe(cards.load(session.model()))
        for trouble in cards.troubles():
            st.warning(plain(trouble))
        for card in cards.load_all():
            if card.present and (failed := _failure(computed.downloads().get(card.name))):
                st.error(
                    plain(f"{failed} Delete {card.weights.file} from the folder of weights, then download it again.")
                )
        watched = computed.downloading()
        st.fragment(_offers, run_every=1.0 if watched else None)(watched)


def _offers(watched: frozenset[str]) -> None:
    """The models that are not installed, each with its size and a button, or the progress of its download.

    `watched` names the downloads that were running when the page was drawn. If others run now, the whole page is drawn
    again, because a fragment can neither start nor stop its own timer.
    """
    running = computed.downloading()
    if running != watched:
        st.rerun()
    offered = [card for card in cards.load_all() if card.weights.asset and (not card.present or card.name in running)]
    if offered:
        st.markdown(
            "**Other models.** They are downloaded from their publishers, or copied from the folder in "
            "`EXPLAINER_MIRROR`, and stay on this computer. Each must recognise the sample pictures before it is used."
        )
        if not access.may_download():
            st.caption("Only the presenter, or someone at the computer that runs the app, can download them.")
    for card in offered:
        _describe(card)
        if card.name in running:
            _under_way(card, computed.downloads()[card.name])
            continue
        if failed := _failure(computed.downloads().get(card.name)):
            st.error(plain(failed))
        if not access.may_download():
            continue
        st.button(
            f"Download ({_size(card)})", key=f"download_{card.name}", on_click=computed.download, args=(card.name,)
        )


def _under_way(card: ModelCard, job: Job[None]) -> None:
    """The progress of a download, and a button that stops it."""
    ahead = f", {job.place} before it" if job.place else ""
    doing = f"Downloading, {job.progress:.0%} of {_size(card)}{ahead}"
    st.progress(job.progress, doing if job.progress < 1 else "Testing it on the sample pictures …")
    if access.may_download():
        st.button("Stop the download", key=f"stop_{card.name}", on_click=computed.stop_download, args=(card.name,))


def _size(card: ModelCard) -> str:
    return cards.megabytes(card.weights.asset.size) if card.weights.asset else ""


def _failure(job: Job[None] | None) -> str | None:
    """Why a download failed, as a sentence; None where it did not fail or nobody waits for it."""
    if job is None or job.future.cancelled() or (job.wanted() and not job.done):
        return None
    error = job.future.exception() if job.done else CancelledError()
    return None if error is None else str(error) or "The download was stopped; it can go on where it ended."


def _describe(card: ModelCard) -> None:
    vocabulary = vocabularies.VOCABULARIES[card.labels].title
    st.markdown(
        f"**{plain(card.title)}.** {plain(card.good_for)}  \n:small[{plain(vocabulary)}; {_PEOPLE[card.people]}; "
        f"{plain(card.paper)}; {plain(card.source)}; {plain(card.licence)}]"
    )


def compare(photo: Photo, whole: bool, result: Result, index: int, n: int) -> None:
    """The `n` closest words of the chosen model and of another for the same face in one release, side by side."""
    others = [card for card in cards.load_all() if card.present and card.name != result.model]
    if not others:
        st.caption("To compare, download a second model in Settings, near the top of this page.")
        return
    titles = {card.name: card.title for card in others}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        name = st.selectbox(
            "Compare with",
            [None, *titles],
            format_func=lambda name: titles[name] if name else "no other",
            key="compared",
            persist_state="session",
        )
        release = st.selectbox(
            "Labels from",
            vocabularies.RELEASES,
            format_func=lambda release: vocabularies.RELEASES[release].title,
            key="compared_release",
            persist_state="session",
        )
    if name is None:
        return
    try:
        computed.ready(name)
    except CardError as error:
        st.error(plain(str(error)))
        return
    readings = (result.readings[index], computed.read(photo, whole, name).readings[index])
    for column, reading in zip(st.columns(2, gap="medium"), readings, strict=True):
        with column:
            st.markdown(f"**{plain(cards.load(reading.model).title)}**  \n{labels.chain(reading, release)}")
            labels.show(reading.people(release, n), key=f"compared_{reading.model}")
