"""A chart of a page with all that belongs to it: its picture and its numbers to take away, its source, its size."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from explainer.charts import style
from explainer.imagenet import words
from explainer.imagenet.words import Caption, Context
from explainer.ui import downloads

if TYPE_CHECKING:
    import plotly.graph_objects as go

SOURCE = "Counted from the tables of Yang et al. 2020 and ImageNet's lists of Fall 2011 and Winter 2021."
"""Where the numbers of the removal come from."""

CREDIT = "Source: Yang et al. 2020, ImageNet 2011 and 2021"
"""The same within a chart, as short as a telephone is wide."""


def large() -> None:
    """A switch that has all charts of the page drawn for a projector; a telephone, too narrow for them, has none."""
    if "Mobi" not in st.context.headers.get("User-Agent", ""):
        st.toggle("Large charts, for a projector", key="large", persist_state="session")


def is_large() -> bool:
    """Whether the visitor asked for large charts."""
    return bool(st.session_state.get("large"))


def caption(wnid: str) -> Caption:
    """The caption in a chart: it can be taken away as a picture, so masked words stay masked, revealed or not."""
    return words.caption(wnid, Context.TREE_FILE)


def draw(
    figure: "go.Figure", name: str, alt: str, key: str | None = None, clicked: Callable[[], None] | None = None
) -> None:
    """A chart with a button in its corner for its picture; `name` names the file, and the chart where there is no key.

    `clicked` is called at a click on a field of it.
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
    """What stands below a chart: where its numbers come from, and a button for them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        downloads.numbers(key, write, title)
        st.caption(source)
