"""The map of a part of the category tree."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explainer.charts import style
from explainer.imagenet import masked_words, taxonomy, vocabularies
from explainer.imagenet.masked_words import Caption
from explainer.imagenet.subtrees import MEASURES, Node
from explainer.imagenet.vocabularies import Status

if TYPE_CHECKING:
    import plotly.graph_objects as go

KINDS = {"treemap": "boxes", "sunburst": "rings", "icicle": "bars"}
"""The ways to draw a map: Plotly's names of them, and what visitors read."""


@dataclass(frozen=True)
class Colours:
    """What the colours of a map say: the palette, what is said of a status, and the name of that in the legend."""

    palette: Mapping[str | None, str]
    said: Callable[[Status], str]
    named: Callable[[str], str] = str


_FATES: Mapping[str, str] = {
    status: fate if fate == status else f"{fate}: {status}" for status, fate in vocabularies.FATES.items()
}

COLOURS: Mapping[str, Colours] = {
    "what became of it": Colours(style.STATUS, str, _FATES.__getitem__),
    "safety": Colours(style.SAFETY, lambda status: status if status in style.SAFETY else "safe"),
}
"""What the colours of a map may say, by what visitors read."""

_CONTAINER = "rgba(128, 128, 128, 0.12)"  # on the page's ground, light or dark; nested ones are darker
_OTHER = "rgba(128, 128, 128, 0.35)"  # what has no status, and what gathers others

# Lines in black on the colours, so that they can be told apart in grey as well.
_MARKS: Mapping[str | None, str] = {"sensitive": ".", "offensive": "x", "hard to picture": "/"}

_HEADING = 24  # pixels of the strip with the name of what holds others
_SMALLEST_NAME = 12  # pixels: what has no room for its name is told by the list beside the map


def hierarchy(
    nodes: Sequence[Node], caption: Callable[[str], Caption], kind: str, measure: str, colours: str
) -> "go.Figure":
    """A map of a subtree: what holds others is grey, the innermost have the colour of what they are.

    What holds others that are not drawn has the colour of most of it. A point's `id` is the wnid that it leads to, with
    a "+" behind it where it is a part of that category.
    """
    go, tree = style.plotly(), taxonomy.load()
    says = COLOURS[colours]
    statuses = [node.status or (None if node.gathered else vocabularies.status(node.wnid)) for node in nodes]
    values = [status and says.said(status) for status in statuses]
    apart = iter(masked_words.names([caption(node.wnid) for node in nodes if not node.gathered and not node.part]))
    names = [
        (said or "") if node.part else f"{node.gathered} more" if node.gathered else next(apart)
        for node, said in zip(nodes, values, strict=True)
    ]
    below = [tree.below(node.wnid) for node in nodes]
    holding = {node.parent for node in nodes}
    inner = [node.id in holding for node in nodes]
    figure = go.Figure(
        getattr(go, kind.capitalize())(
            ids=[node.id for node in nodes],
            labels=names,
            parents=[node.parent or "" for node in nodes],
            values=[node.size for node in nodes],
            branchvalues="total",
            marker={
                "colors": [
                    _CONTAINER if holds else says.palette[said] if said else _OTHER
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
                "Of those that are not drawn here. A click opens them."
                if node.part
                else "The smallest, gathered. A click opens them."
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
            says.named(meaning) if meaning else "not people": colour if meaning else _OTHER
            for meaning, colour in says.palette.items()
            if meaning in shown
        },
    )
    figure.update_traces(marker_pad={"t": _HEADING, "l": 2, "r": 2, "b": 2}, selector={"type": "treemap"})
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        height=560,
        uniformtext={"minsize": _SMALLEST_NAME, "mode": "hide"},
        legend={"font": style.FONT},
    )
    return figure
