"""The ladder: the words closest to a picture in one list, with what became of each."""

from collections.abc import Mapping

import streamlit as st

from explainer.imagenet import vocabularies
from explainer.imagenet.masked_words import Context
from explainer.imagenet.vocabularies import OLDEST, RELEASES
from explainer.ui import category_card, sentences, session
from explainer.ui.markdown import plain
from explainer.vision.pipeline import Reading

YEARS: Mapping[str, str] = dict(zip(RELEASES, ("2011", "2019", "2021"), strict=True))
"""The releases by the year that names them in a ladder."""


def show(reading: Reading, n: int) -> None:
    """The `n` closest words, then the first word of each later release, the removed ones struck through."""
    firsts: dict[str, list[str]] = {}
    for release in RELEASES:
        firsts.setdefault(reading.people(release, 1)[0].wnid, []).append(YEARS[release])
    last = max(reading.place(wnid, OLDEST) for wnid in firsts)
    order = [label.wnid for label in reading.people(OLDEST, max(n, last))]
    shown = sorted({*range(n), *(order.index(wnid) for wnid in firsts)})
    with st.container(key="ladder", gap=None):
        before = -1
        for at in shown:
            if at > before + 1:
                between = order[before + 1 : at]
                removed = sum(vocabularies.status(wnid) != "kept" for wnid in between)
                st.caption(f"⋮ {sentences.gap(len(between), removed)}")
            _rung(at + 1, order[at], firsts.get(order[at]))
            before = at


def _rung(place: int, wnid: str, first: list[str] | None) -> None:
    caption, status = session.caption(wnid, Context.PHOTO), vocabularies.status(wnid)
    name = f"**{plain(caption.text if caption.masked else caption.name)}**"
    name = name if status == "kept" else f"~~{name}~~"
    gloss = f" *{plain(caption.gloss)}*" if caption.gloss else ""
    with st.container(
        key=f"rung_first_{place}" if first else f"rung_{place}", horizontal=True, vertical_alignment="center"
    ):
        st.markdown(f"{place:,}\\. {name}{gloss}", width="content")
        if status:
            category_card.badge(status)
        if first:
            st.markdown(f":small[**← {sentences.firsts(first)}**]", width="content")
        if caption.masked:
            session.reveal_button(wnid, f"rung_{place}")
