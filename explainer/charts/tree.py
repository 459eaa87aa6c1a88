"""The map of a part of the category tree."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from explainer.charts import style
from explainer.imagenet import masked_words, taxonomy, vocabularies
from explainer.imagenet.masked_words import Caption
from explainer.imagenet.subtrees import MEASURES, Node

if TYPE_CHECKING:
    import plotly.graph_objects as go

KINDS = {"treemap": "boxes", "sunburst": "rings", "icicle": "bars"}
"""The ways to draw a map: Plotly's names of them, and what visitors read."""

COLOURS: Mapping[str, tuple[Mapping[str | None, str], Callable[[str], str | None]]] = {
    "what became of it": (style.STATUS, vocabularies.status),
    "safety": (style.SAFETY, lambda wnid: taxonomy.load()[wnid].safety),
}
"""What a colour of a map may say: its palette, and the value of a category."""


_CONTAINER = "rgba(128, 128, 128, 0.12)"  # on the page's ground, light or dark; nested ones are darker
_OTHER = "rgba(128, 128, 128, 0.35)"  # what has no status, and what gathers others

# Lines in black on the colours, so that they can be told apart in grey as well.
_MARKS: Mapping[str | None, str] = {"sensitive": ".", "offensive": "x", "hard to picture": "/"}

_SMALLEST_NAME = 12  # pixels: what has no room for its name is told by the list beside the map


def hierarchy(
    nodes: Sequence[Node], caption: Callable[[str], Caption], kind: str, measure: str, colours: str
) -> "go.Figure":
    """A map of a subtree: what holds others is grey, the innermost have the colour of what they are.

    A point's `id` is the wnid that it leads to, with a "+" behind it where it gathers others.
    """
    go, tree = style.plotly(), taxonomy.load()
    palette, value = COLOURS[colours]
    apart = iter(masked_words.names([caption(node.wnid) for node in nodes if not node.gathered]))
    names = [f"{node.gathered} more" if node.gathered else next(apart) for node in nodes]
    below = [tree.below(node.wnid) for node in nodes]
    holding = {node.parent for node in nodes}
    inner = [not node.gathered and node.wnid in holding for node in nodes]
    values = [None if node.gathered else value(node.wnid) for node in nodes]
    figure = go.Figure(
        getattr(go, kind.capitalize())(
            ids=[f"{node.wnid}+" if node.gathered else node.wnid for node in nodes],
            labels=names,
            parents=[node.parent or "" for node in nodes],
            values=[node.size for node in nodes],
            branchvalues="total",
            marker={
                "colors": [
                    _CONTAINER if holds else palette[said] if said else _OTHER
                    for holds, said in zip(inner, values, strict=True)
                ],
                "line": {"width": 1},
                "pattern": {
                    "shape": ["" if holds else _MARKS.get(said, "") for holds, said in zip(inner, values, strict=True)],
                    "fillmode": "overlay",
                    "fgcolor": style.INK,
                    "fgopacity": 0.25,
                    "size": 5,
                    "solidity": 0.15,
                },
            },
            text=[
                "The smallest, gathered. A click opens them."
                if node.gathered
                else f"{extent.categories:,} categories below it, with {extent.images:,} images"
                for node, extent in zip(nodes, below, strict=True)
            ],
            textinfo="label",
            textfont={
                "size": _SMALLEST_NAME + 1,
                "color": [
                    style.INK if said and not holds else style.LETTERS["color"]
                    for holds, said in zip(inner, values, strict=True)
                ],
            },
            hovertemplate="<b>%{label}</b><br>"
            + MEASURES[measure].title
            + " in this field: %{value:,}<br>%{text}<extra></extra>",
            sort=True,
        )
    )
    shown = {said for said, holds in zip(values, inner, strict=True) if not holds}
    style.add_legend(
        figure,
        {
            meaning or "several words in one field, or not people": colour if meaning else _OTHER
            for meaning, colour in palette.items()
            if meaning in shown
        },
    )
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        height=560,
        uniformtext={"minsize": _SMALLEST_NAME, "mode": "hide"},
        legend={"font": style.FONT},
    )
    return figure
