"""A category set like a museum label: words in bold, gloss in italics, the wnid small and monospaced."""

from typing import Literal

import streamlit as st

from explainer.imagenet import catalogue, taxonomy, vocabularies
from explainer.imagenet.masked_words import Context
from explainer.imagenet.vocabularies import Status
from explainer.ui import session
from explainer.ui.markdown import plain

PAGE = "pages/tree.py"
"""Where a category has a page of its own."""

# Each with a mark of its own, so that they can be told apart without colours.
_STATUS: dict[Status, tuple[str, str, Literal["green", "blue", "orange", "red"]]] = {
    "kept": ("kept in 2021", ":material/check:", "green"),
    "hard to picture": ("removed by 2021: hard to picture", ":material/visibility_off:", "blue"),
    "sensitive": ("announced for removal in 2019: sensitive", ":material/warning:", "orange"),
    "offensive": ("announced for removal in 2019: offensive", ":material/block:", "red"),
}


FATE = {status: said for status, (said, *_) in _STATUS.items()}
"""What became of a person category, in words."""


def badge(status: Status) -> None:
    """What became of a person category, in its colour and with its mark."""
    said, mark, colour = _STATUS[status]
    st.badge(said, icon=mark, color=colour)


def card(wnid: str, context: Context, key: str) -> None:
    """The words of a category, its gloss, what ImageNet said and did of it; `key` tells it from others on the page."""
    caption, synset = session.caption(wnid, context), taxonomy.load()[wnid]
    st.header(plain(caption.text), anchor=False)  # an anchor would carry a revealed word into the address
    if caption.gloss:
        st.markdown(f"*{plain(caption.gloss)}*")
    if caption.masked:
        session.reveal_button(wnid, key)
    with st.container(horizontal=True, gap="small"):
        status = vocabularies.status(wnid)
        if status:
            badge(status)
        if synset.imageability is not None:
            st.markdown(
                f":small[Easy to picture? {synset.imageability:.1f} of 5 (above "
                f"{catalogue.less_imageable(wnid):.0%} of words)]",
                help="How easily the word brings a picture to mind, 1 (very hard) to 5 (very easy), as workers "
                "rated it (Yang et al. 2020).",
            )
        st.markdown(f":small[`{wnid}`]")
    # Where a masked category hangs in the tree would tell, beside a face, what it is.
    if context is Context.PHOTO and not caption.masked:
        for path in taxonomy.load().hypernym_paths(wnid):
            st.caption(" › ".join(plain(session.caption(step, context).name) for step in path))


def link(wnid: str, label: str = "Its place in the tree", detail: str = "") -> None:
    """A link to the category's place in the tree; `label` is Markdown, and what stands behind it as well."""
    # Links to pages look like any text: an arrow and the colour of what can be followed say what they are.
    st.page_link(
        PAGE,
        label=f":green[{label}]{detail and f' · {detail}'}",
        icon=":material/arrow_forward:",
        query_params={"category": wnid},
    )
