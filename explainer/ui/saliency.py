"""Which pixels counted for a label: the square that the network saw, and the map beside it."""

import streamlit as st
from PIL.Image import Image

from explainer.attribution import explain
from explainer.attribution.explain import Attribution, AttributionError, Target
from explainer.charts import pictures
from explainer.imagenet.masked_words import Context
from explainer.ui import computed, labels, options, sample_results, sentences, session, waiting
from explainer.ui.markdown import plain
from explainer.vision import pipeline
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reading

_MORE = "The laboratory checks other methods too."
HOLDS_UP = "holds_up"
"""Where the session notes of which map it was asked whether it holds up."""

_LABEL = "explained_label"  # which one, of which reading

session.GOES_WITH_THE_PHOTO.update((HOLDS_UP, _LABEL))

_SIDE = 308  # pixels of the square and of its map


def show(photo: Photo, reading: Reading, n: int) -> None:
    """The square and its map side by side, under what is chosen beside them: the label, the method."""
    pair, ask = st.columns([3, 2], gap="medium")
    with ask:
        target = _target(photo, reading, n)
        method = options.one("Method", explain.FIRST, "method", lambda name: explain.METHODS[name].title)
        st.caption(explain.METHODS[method].idea)
    with pair:
        attribution = sample_results.explain(photo, reading.box, target, method)
        word = plain(session.caption(target.wnid, Context.PHOTO).name)  # a room may have opened meanwhile
        st.markdown(f"By this method, bright pixels spoke for **{word}**. It can be wrong: the Laboratory checks it.")
        with st.container(key="pair", horizontal=True, gap="small"):
            square, map_ = session.kept(
                "square_and_map",
                (photo.digest, reading.box, reading.model, target, method),
                lambda: _drawn(pipeline.seen(photo, reading), attribution),
            )
            st.image(square, width=_SIDE, output_format="JPEG", alt="The square that the network saw.")
            st.image(
                map_,
                width=_SIDE,
                output_format="JPEG",
                alt="What the network saw; what spoke for the label is laid over it in bright colours.",
            )
        st.caption(labels.explained(attribution))
        _verdict(photo, reading, attribution)


def _drawn(crop: Image, attribution: Attribution) -> tuple[bytes, bytes]:
    """The square and its map as JPEG files, none larger than it is shown."""
    return pictures.to_jpeg(crop), pictures.to_jpeg(pictures.overlay(crop, attribution).resize((_SIDE, _SIDE)))


def _verdict(photo: Photo, reading: Reading, attribution: Attribution) -> None:
    """What the checks found of the map: at once where it is compiled, else when the visitor asks for it."""
    judgement = sample_results.judgement(photo, reading.box, attribution)
    asked = (photo.digest, reading.box, reading.model, attribution.target, attribution.method)
    if judgement is None and st.session_state.get(HOLDS_UP) != asked:
        waiting.stop("verdict")
        st.button("Does this map hold up?", key="check_map", on_click=_check, args=(asked,))
        return
    try:
        judgement = judgement or waiting.wait(
            computed.judge(photo, reading.box, attribution), "Checking the map against the network"
        )
    except AttributionError as error:
        st.markdown(str(error))
        return
    st.markdown(f"**{sentences.held_up(judgement)}** {'' if judgement.failed else 'That is no proof. '}{_MORE}")


def _check(asked: tuple[object, ...]) -> None:
    st.session_state[HOLDS_UP] = asked


def _target(photo: Photo, reading: Reading, n: int) -> Target:
    """The label to explain: the first word, until the visitor chooses another one of this very reading."""
    targets = labels.targets(reading, n)
    options_ = [labels.option(target) for target in targets]
    # A list of other labels, or of labels that say something else since a reveal, is another list.
    of = (photo.digest, reading.box, reading.model)
    chosen = st.session_state.get(_LABEL)
    target: Target = st.selectbox(
        "Label",
        targets,
        index=targets.index(chosen[1]) if chosen and chosen[0] == of and chosen[1] in targets else 0,
        format_func=labels.option,
        key=f"target_{abs(hash((of, *options_)))}",
    )
    st.session_state[_LABEL] = (of, target)
    return target
