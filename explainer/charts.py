"""Plotly figures. Streamlit gives them the theme of the page; what a colour means is the same in each of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from explainer import taxonomy, vocabularies
from explainer.maps import MEASURES, Node
from explainer.words import Caption

if TYPE_CHECKING:
    import plotly.graph_objects as go

BARS = "#009E73"
"""The colour of bars, one that colour-blind people can tell from others (Okabe & Ito 2008)."""

NEUTRAL = "#8a8f8a"
"""The colour of what has no status: categories that are no person's, and ancestors that are no category."""

STATUS: Mapping[str | None, str] = {
    "kept": "#009E73",
    "not imageable": "#56B4E9",
    "sensitive": "#E69F00",
    "offensive": "#D55E00",
    None: NEUTRAL,
}
"""What became of a person category, as a colour that colour-blind people can tell apart (Okabe & Ito 2008)."""

SAFETY: Mapping[str | None, str] = {
    "safe": STATUS["kept"],
    "sensitive": STATUS["sensitive"],
    "offensive": STATUS["offensive"],
    None: NEUTRAL,
}
"""The safety of a person category, as a colour."""

COLOURS: Mapping[str, tuple[Mapping[str | None, str], Callable[[str], str | None]]] = {
    "release status": (STATUS, vocabularies.status),
    "safety": (SAFETY, lambda wnid: taxonomy.load()[wnid].safety),
}
"""What a colour of a map may say: its palette, and the value of a category."""

_INK = "#101010"  # its contrast to each of the colours is 5 to 1 or more

KINDS = {"treemap": "Treemap", "sunburst": "Sunburst", "icicle": "Icicle"}
"""The ways to draw a map, by Plotly's names."""


def _plotly() -> Any:
    """Plotly, once pandas is there: it takes what it finds of pandas, be another thread still importing it."""
    import pandas  # noqa: F401
    import plotly.graph_objects

    return plotly.graph_objects


def hierarchy(
    nodes: Sequence[Node], caption: Callable[[str], Caption], kind: str, measure: str, colours: str
) -> "go.Figure":
    """A map of a subtree. A point's `id` is the wnid that it leads to, with a "+" behind it where it gathers others."""
    go, tree = _plotly(), taxonomy.load()
    palette, value = COLOURS[colours]
    names = [f"{node.gathered} more" if node.gathered else caption(node.wnid).name for node in nodes]
    below = [tree.below(node.wnid) for node in nodes]
    figure = go.Figure(
        getattr(go, KINDS[kind])(
            ids=[f"{node.wnid}+" if node.gathered else node.wnid for node in nodes],
            labels=names,
            parents=[node.parent or "" for node in nodes],
            values=[node.size for node in nodes],
            branchvalues="total",
            marker={
                "colors": [NEUTRAL if node.gathered else palette[value(node.wnid)] for node in nodes],
                "line": {"width": 0.5},
            },
            text=[f"{extent.categories:,} below, {extent.images:,} images" for extent in below],
            textinfo="label",
            textfont={"color": _INK},
            hovertemplate="<b>%{label}</b><br>" + MEASURES[measure].title + ": %{value:,}<br>%{text}<extra></extra>",
            sort=True,
        )
    )
    # A map has no legend of its own: a point out of sight for each colour makes one.
    for meaning, colour in palette.items():
        marker = {"color": colour, "size": 12, "symbol": "square"}
        name = meaning or "no category of people"
        figure.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=name, hoverinfo="skip")
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        height=560,
        xaxis={"visible": False},
        yaxis={"visible": False},
        legend={"orientation": "h", "y": 0, "yanchor": "top", "itemclick": False, "itemdoubleclick": False},
    )
    return figure


def bars(captions: Sequence[Caption], scores: Sequence[float], title: str) -> "go.Figure":
    """Scores, 0 to 1, as horizontal bars in per cent, the first at the top."""
    go = _plotly()
    names = [f"{rank}. {caption.name}" for rank, caption in enumerate(captions, start=1)]
    figure = go.Figure(
        go.Bar(
            x=list(scores),
            y=names,
            orientation="h",
            marker_color=BARS,
            text=[f"{score:.1%}" for score in scores],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    figure.update_layout(
        title=title,
        height=60 + 34 * len(names),
        margin={"l": 0, "r": 40, "t": 40, "b": 0},
        xaxis={"visible": False, "range": [0, max(scores) * 1.15]},
        yaxis={"autorange": "reversed", "automargin": True, "title": None},
        dragmode=False,
    )
    return figure
