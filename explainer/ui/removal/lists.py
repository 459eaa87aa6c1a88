"""What stayed and what went, as links into the tree."""

from collections.abc import Callable, Sequence

import streamlit as st

from explainer.imagenet import masked_words, removal, taxonomy
from explainer.imagenet.masked_words import Context
from explainer.ui import category_card, session
from explainer.ui.markdown import plain

_FIRST, _MOST = 12, 60  # how many links of a list are shown at first, and how many of a long one at all


def kept_and_removed() -> None:
    """What stayed, and of what went the largest and the easiest to picture, each leading to its place in the tree."""
    tree = taxonomy.load()
    kept = removal.kept()
    links("Kept", kept, "kept", most=len(kept))
    links("The largest removed", removal.largest_removed(), "largest")
    links(
        "The easiest to picture of the removed",
        removal.most_imageable_removed(),
        "most_imageable",
        lambda wnid: f"{tree[wnid].imageability:.1f} of 5",
    )


def links(
    title: str, wnids: Sequence[str], key: str, detail: Callable[[str], str] | None = None, most: int = _MOST
) -> None:
    """Categories that lead to their places in the tree, each with its images or another detail; at most so many."""
    if not wnids:
        return
    tree, most = taxonomy.load(), min(most, len(wnids))
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown(f"**{title}**")
        more = f"Show all {most}" if most == len(wnids) else f"Show {most} of {len(wnids):,}"
        if len(wnids) > _FIRST and not st.toggle(more, key=f"more_{key}"):
            most = _FIRST
    shown = wnids[:most]
    with st.container(horizontal=True, gap="small"):
        for wnid, name in zip(shown, names(shown), strict=True):
            category_card.link(wnid, plain(name), detail(wnid) if detail else f"{tree[wnid].images:,} images")


def names(wnids: Sequence[str]) -> list[str]:
    """The names of categories that stand together, as far as the visitor asked to see them."""
    return masked_words.names([session.caption(wnid, Context.TREE) for wnid in wnids])
