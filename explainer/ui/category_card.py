"""A category set like a museum label: words in bold, gloss in italics, the wnid small and monospaced."""

import re
from typing import Literal

import streamlit as st

from explainer.imagenet import catalogue, taxonomy, vocabularies, words
from explainer.imagenet.vocabularies import Status
from explainer.imagenet.words import Context
from explainer.ui import session

PAGE = "pages/tree.py"
"""Where a category has a page of its own."""

_STATUS: dict[Status, tuple[str, Literal["green", "blue", "orange", "red"]]] = {
    "kept": ("safe, kept in 2021", "green"),
    "not imageable": ("safe, but removed by 2021 as not imageable", "blue"),
    "sensitive": (words.REASONS["sensitive"], "orange"),
    "offensive": (words.REASONS["offensive"], "red"),
}

# Everything that Markdown, or Streamlit's additions to it, could take for markup.
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=])")


def plain(text: str) -> str:
    """Text that Markdown shows as it stands."""
    return _MARKUP.sub(r"\\\1", text)


def card(wnid: str, context: Context, key: str) -> None:
    """The words of a category, its gloss, what ImageNet said and did of it; `key` tells it from others on the page."""
    caption, synset = session.caption(wnid, context), taxonomy.load()[wnid]
    st.subheader(plain(caption.text), anchor=False)  # an anchor would carry a revealed word into the address
    if caption.gloss:
        st.markdown(f"*{plain(caption.gloss)}*")
    if caption.masked:
        session.reveal_button(wnid, key)
    with st.container(horizontal=True, gap="small"):
        status = vocabularies.status(wnid)
        if status:
            st.badge(_STATUS[status][0], color=_STATUS[status][1])
        if synset.imageability is not None:
            st.markdown(
                f":small[imageability {synset.imageability:.1f} of 5, higher than "
                f"{catalogue.less_imageable(wnid):.0%} of those rated]",
                help="How well workers thought the category can be seen in a picture, 1 to 5 (Yang et al. 2020).",
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
