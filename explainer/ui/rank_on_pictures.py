"""The rank of a category on the sample pictures and on the visitor's photo, on request."""

import streamlit as st

from explainer.imagenet import masked_words, vocabularies
from explainer.imagenet.masked_words import Context
from explainer.ui import photo_source, sample_results, sentences, session
from explainer.vision import samples


@st.fragment
def ask(wnid: str) -> None:
    """A button, and once it was pressed the places of the category as numbers, without any picture.

    Nothing is computed or sent before it is pressed. Of a category that is masked beside a photo nothing is offered
    where words may not be revealed.
    """
    if wnid not in vocabularies.person_categories(vocabularies.OLDEST):
        return
    if masked_words.caption(wnid, Context.PHOTO).masked and not session.may_reveal():
        return
    if st.session_state.get("rank_on_pictures") != wnid:
        st.button("How strongly does it stick to the pictures?", key="stick", on_click=_ask, args=(wnid,))
        return
    read = {
        sample.title: sample_results.read(samples.read(name), False).readings[0]
        for name, sample in samples.SAMPLES.items()
    }
    if photo_source.is_own():
        read["your photo"] = sample_results.read(photo_source.photo(), False).readings[0]
    st.markdown(
        "Its place among all words for people, by picture: "
        + sentences.sticks(
            {name: reading.place(wnid, vocabularies.OLDEST) for name, reading in read.items()},
            len(vocabularies.person_categories(vocabularies.OLDEST)),
        )
    )


def _ask(wnid: str) -> None:
    st.session_state["rank_on_pictures"] = wnid
