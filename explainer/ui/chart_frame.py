"""Draws a chart with its source, its size, and downloads of its picture and its numbers."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from explainer.charts import style
from explainer.imagenet import masked_words
from explainer.imagenet.masked_words import Caption, Context
from explainer.ui import downloads

if TYPE_CHECKING:
    import plotly.graph_objects as go

SOURCE = "Counted from the tables of Yang et al. 2020 and ImageNet's lists of Fall 2011 and Winter 2021."
"""Where the numbers of the removal come from."""

CREDIT = "Source: Yang et al. 2020, ImageNet 2011 and 2021"
"""The same within a chart, short enough for a phone."""


def large() -> None:
    """A switch that draws all charts of the page for a projector; phones are too narrow and have none."""
    if "Mobi" not in st.context.headers.get("User-Agent", ""):
        st.toggle("Large charts, for a projector", key="large", persist_state="session")


def is_large() -> bool:
    """Whether the visitor asked for large charts."""
    return bool(st.session_state.get("large"))


def caption(wnid: str) -> Caption:
    """The caption in a chart. The chart can be downloaded, so masked words stay masked, revealed or not."""
    return masked_words.caption(wnid, Context.TREE_FILE)


def draw(
    figure: "go.Figure", name: str, alt: str, key: str | None = None, clicked: Callable[[], None] | None = None
) -> None:
    """A chart with a button in its corner that downloads its picture.

    `name` names the file, and the chart where there is no `key`. A click on a field of the chart calls `clicked`.
    """
    with st.container(key=name):
        st.plotly_chart(
            style.for_projector(figure) if is_large() else figure,
            key=key or f"chart_{name}",
            alt=alt,
            on_select=clicked or "ignore",
            selection_mode="points",
            config={
                "displaylogo": False,
                "displayModeBar": True,
                "modeBarButtons": [["toImage"]],
                "toImageButtonOptions": {"filename": name, "scale": 2},
            },
        )


def below(key: str, write: Callable[[], str], source: str = SOURCE, title: str = "Numbers (CSV)") -> None:
    """The line below a chart: a button that downloads its numbers, and their source."""
    with st.container(horizontal=True, vertical_alignment="center"):
        downloads.numbers(key, write, title)
        st.caption(source)
