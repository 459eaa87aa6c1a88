"""Where does a word stand? A word is typed; its place on this picture is the answer."""

import streamlit as st

from explainer.imagenet import search, vocabularies
from explainer.imagenet.masked_words import Context
from explainer.imagenet.search import SearchError
from explainer.imagenet.vocabularies import RELEASES
from explainer.ui import sentences, session
from explainer.ui.markdown import plain
from explainer.vision.pipeline import Reading


@st.fragment
def ask(reading: Reading) -> None:
    """A field for a word, and where the word stands under each release.

    A masked word is answered by one sentence, the same for all of them, that does not repeat it.
    """
    hint = "astronaut, nurse, photographer …"
    text = st.text_input("A word for a person", key="word_place", max_chars=search.FIELD_LENGTH, placeholder=hint)
    if not text or not text.strip():
        return
    index = search.of_words()
    try:
        index.find(text, 1)
    except SearchError as error:
        st.markdown(str(error))
        return
    people = vocabularies.person_categories(vocabularies.OLDEST)
    named = [wnid for wnid in index.named(text) if wnid in people]
    if not named:
        shown = [word for word in index.find(text, 1).spellings if not _is_masked(word)]
        st.markdown(sentences.no_such_word([f"*{plain(word)}*" for word in shown]))
        return
    for number, wnid in enumerate(named):
        place(reading, wnid, key=f"word_{number}")


def place(reading: Reading, wnid: str, key: str) -> None:
    """Where a category stands on a picture under each release, as a sentence; a masked one once the visitor asks."""
    caption = session.caption(wnid, Context.PHOTO)
    if caption.masked:
        st.markdown(sentences.COVERED_PLACE)
        session.reveal_button(wnid, key)
        return
    places = {
        release.title: reading.place(wnid, name) if wnid in vocabularies.person_categories(name) else None
        for name, release in RELEASES.items()
    }
    sizes = {release.title: len(vocabularies.person_categories(name)) for name, release in RELEASES.items()}
    st.markdown(sentences.stands(plain(caption.name), places, sizes))


def _is_masked(word: str) -> bool:
    """Whether a spelling names a category for people that is masked beside a photo, or no category for people."""
    people = vocabularies.person_categories(vocabularies.OLDEST)
    named = [wnid for wnid in search.of_words().named(word) if wnid in people]
    return not named or any(session.caption(wnid, Context.PHOTO).masked for wnid in named)
