"""The branches of the tree by what was removed of them."""

from collections.abc import Sequence

import streamlit as st

from explainer.charts import removal as removal_charts
from explainer.imagenet import catalogue, removal
from explainer.imagenet.removal import ORDERS, REASONS, Branch
from explainer.ui import category_card, chart_frame, options
from explainer.ui.markdown import plain
from explainer.ui.removal import lists, sentences

_BRANCHES = 12  # how many branches are drawn at first


@st.fragment
def show() -> None:
    """The branches of the tree by what was removed of them."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        order = options.one("In the order of", list(ORDERS), "branch_order")
        every = sorted(removal.branches(), key=ORDERS[order])  # a stable sort: equals stay hardest hit first
        whole = st.toggle(f"All {len(every)} branches", key="all_branches", persist_state="session")
    shown = every if whole else every[:_BRANCHES]
    which = f"all {len(every)}" if whole else f"{len(shown)} of {len(every)}"
    title = sentences.branches(every, order)
    chart_frame.draw(
        removal_charts.branches(
            shown, chart_frame.caption, title, f"{which}, {order} first; categories<br>{chart_frame.CREDIT}"
        ),
        "branches",
        f"Bars: what was removed of each branch, and why. {title}. "
        + "; ".join(f"{chart_frame.caption(branch.wnid).name}: {_share(branch)}" for branch in shown)
        + ".",
    )
    chart_frame.below("branches", lambda: _branches_as_csv(every), f"{chart_frame.SOURCE} {_overlap(every)}")
    with st.container(horizontal=True, gap="small"):
        for branch, name in zip(shown, lists.names([branch.wnid for branch in shown]), strict=True):
            category_card.link(branch.wnid, plain(name), _share(branch))


def _share(branch: Branch) -> str:
    return f"{branch.share:.0%} of {branch.below.categories:,}"


def _overlap(every: Sequence[Branch]) -> str:
    least = min(branch.below.categories for branch in every)
    return f"Branches with {least} categories below and more; they overlap where a category has several parents."


def _branches_as_csv(every: Sequence[Branch]) -> str:
    return catalogue.as_csv(
        ("wnid", "words", "categories", "images", "share removed", *(f"removed, {reason}" for reason in REASONS)),
        (
            (
                branch.wnid,
                chart_frame.caption(branch.wnid).words,
                branch.below.categories,
                branch.below.images,
                round(branch.share, 4),
                *(branch.removed[reason].categories for reason in REASONS),
            )
            for branch in every
        ),
    )
