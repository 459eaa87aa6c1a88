"""The exhibit of a picture: the answer, the way to it as a chain, and what became of ImageNet's words for people."""

from collections.abc import Mapping
from functools import cache

import streamlit as st

from explainer.charts import pictures, style
from explainer.imagenet import search, vocabularies
from explainer.imagenet.masked_words import Caption, Context
from explainer.imagenet.vocabularies import OLDEST, Status
from explainer.ui import category_card, frame_by_hand, labels, photo_source, sentences, session
from explainer.ui.markdown import plain
from explainer.vision import cards, pipeline, samples
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reading, Result

"""The release that answers: all of ImageNet's words for people."""

_FIT = (840, 720)  # pixels of the picture: twice as many as it is shown at
_THINGS = 3  # how many of the things that the network took the picture for stand in the chain
_SQUARE = 150  # pixels of the square that the network saw
_SHARE = 180  # pixels of the bar of the likeliest thing

_BECAME: Mapping[Status, str] = {
    "kept": "It is one of the words that ImageNet kept.",
    "hard to picture": "ImageNet removed it by 2021: judged too hard to picture.",
    "sensitive": "ImageNet announced its removal in 2019, as sensitive.",
    "offensive": "ImageNet announced its removal in 2019, as offensive.",
}


def picture(photo: Photo, result: Result, whole: bool) -> None:
    """The picture with a thin green frame round what was labelled, and its words."""
    captions = [_caption(reading.people(OLDEST, 1)[0].wnid) for reading in result.readings]
    by_hand = frame_by_hand.of(photo) is not None
    found = sentences.found(len(result.boxes), len(result.readings), whole, by_hand)
    drawn = session.kept(
        "labelled_picture",
        (photo.digest, *result.boxes, *captions),
        lambda: pictures.to_jpeg(pictures.labelled(photo, result.boxes, captions, fit=_FIT)),
    )
    alt = f"The picture with a green frame. {found} Labels: {'; '.join(caption.name for caption in captions)}."
    if by_hand:
        frame_by_hand.picture(drawn, alt)
    else:
        st.image(drawn, width="stretch", output_format="JPEG", alt=alt)
    if len(captions) > pictures.MOST_WORDS:
        st.markdown(plain(pictures.numbered(captions)))
    st.caption(found)
    if not result.boxes:
        frame_by_hand.start_button(photo, result.boxes, "frame_start")


def answer(reading: Reading, result: Result) -> None:
    """The word that comes first, and how far it is from the truth where that is known."""
    first = _caption(reading.people(OLDEST, 1)[0].wnid)
    with st.container(key="answer"):
        st.markdown(_opening(reading, result))
    with st.container(key="answer_word"):
        st.markdown(plain(first.text if first.masked else first.name))
    if first.masked:
        session.reveal_button(first.wnid, "answer")


def _opening(reading: Reading, result: Result) -> str:
    people = len(vocabularies.person_categories(OLDEST))
    name = photo_source.sample()
    if name is None:
        return sentences.somebody(people, 0 if result.detector == "hand" else len(result.boxes))
    sample = samples.SAMPLES[name]
    if not sample.person:
        return sentences.nobody(people)
    word = sample.title.lower()
    named = [wnid for wnid in search.of_words().named(word) if wnid in vocabularies.person_categories(OLDEST)]
    place = min((reading.place(wnid, OLDEST) for wnid in named), default=None)
    return sentences.true_word(word, place, people)


def chain(photo: Photo, reading: Reading) -> None:
    """The way to the word: the square seen, the things it was taken for, their dictionary entries, the word."""
    way = labels.way(reading.model)
    columns = st.columns([4, 5, 8, 7], gap="medium")
    with columns[0], st.container(key="link_1"):
        st.markdown("**1. It sees this square**")
        square = session.kept(
            "square",
            (photo.digest, reading.box, reading.model),
            lambda: pictures.to_jpeg(pipeline.seen(photo, reading).resize((_SQUARE, _SQUARE))),
        )
        st.image(square, width=_SQUARE, output_format="JPEG", alt="The square cut out for the network.")
    things = reading.objects(_THINGS)
    with columns[1], st.container(key="link_2", gap="xsmall"):
        st.markdown("**2. It looks for things that it knows**")
        for number, thing in enumerate(things):
            st.markdown(f"{plain(_caption(thing.wnid).name)} **{thing.score:.0%}**")
            width = max(1, round(_SHARE * thing.score / things[0].score))
            st.container(key=f"share_{number}", width=width, height=6, border=False)
    with columns[2], st.container(key="link_3"):
        st.markdown(f"**3. {way.third}**")
        if way.entries:
            for thing in things[:2]:
                caption = _caption(thing.wnid)
                st.markdown(f"{plain(caption.name)}: *{plain(caption.gloss or 'no entry at hand')}*")
        else:
            st.markdown(way.text)
    first = reading.people(OLDEST, 1)[0]
    with columns[3], st.container(key="link_4"):
        st.markdown(f"**4. {way.fourth}**")
        caption = _caption(first.wnid)
        gloss = f": *{plain(caption.gloss)}*" if caption.gloss else ""
        st.markdown(f"**{plain(caption.name)}**{gloss}")
        status = vocabularies.status(first.wnid)
        if status:
            st.markdown(_BECAME[status])
        if not caption.masked:
            category_card.link(first.wnid, "See it in the tree")


def releases() -> None:
    """How many of ImageNet's words for people are left, as one thin bar."""
    people, announced, kept = (len(vocabularies.person_categories(name)) for name in vocabularies.RELEASES)
    st.image(
        _bar(kept, announced - kept, people - announced),
        width="stretch",
        output_format="PNG",
        alt=f"A bar of {people:,} words: {kept} are left, {announced - kept:,} were removed by 2021 as hard to "
        f"picture, {people - announced:,} were announced for removal in 2019.",
    )
    st.markdown(sentences.releases(people, announced, kept))


@cache
def _bar(*sizes: int) -> bytes:
    """Words that were kept, that were removed as hard to picture, and that went in 2019, as a PNG file."""
    colours = [style.STATUS[status] for status in ("kept", "hard to picture", "sensitive")]
    return pictures.to_png(pictures.shares(sizes, colours))


def small_print(reading: Reading) -> None:
    """How the model comes to its words, what its scores are, and what it is not."""
    first = reading.people(OLDEST, 1)[0]
    st.caption(
        f"Read by {plain(cards.load(reading.model).title)}. {labels.how(reading)} The first word's score is its "
        f"{labels.score(first, reading)}: {labels.way(reading.model).scale}"
    )


def _caption(wnid: str) -> Caption:
    return session.caption(wnid, Context.PHOTO)
