"""The map of a part of the category tree."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from explainer.charts import style
from explainer.imagenet import taxonomy, vocabularies, words
from explainer.imagenet.subtrees import MEASURES, Node
from explainer.imagenet.words import Caption

if TYPE_CHECKING:
    import plotly.graph_objects as go

KINDS = {"treemap": "Treemap", "sunburst": "Sunburst", "icicle": "Icicle"}
"""The ways to draw a map, by Plotly's names."""

COLOURS: Mapping[str, tuple[Mapping[str | None, str], Callable[[str], str | None]]] = {
    "release status": (style.STATUS, vocabularies.status),
    "safety": (style.SAFETY, lambda wnid: taxonomy.load()[wnid].safety),
}
"""What a colour of a map may say: its palette, and the value of a category."""


def hierarchy(
    nodes: Sequence[Node], caption: Callable[[str], Caption], kind: str, measure: str, colours: str
) -> "go.Figure":
    """A map of a subtree. A point's `id` is the wnid that it leads to, with a "+" behind it where it gathers others."""
    go, tree = style.plotly(), taxonomy.load()
    palette, value = COLOURS[colours]
    apart = iter(words.names([caption(node.wnid) for node in nodes if not node.gathered]))
    names = [f"{node.gathered} more" if node.gathered else next(apart) for node in nodes]
    below = [tree.below(node.wnid) for node in nodes]
    figure = go.Figure(
        getattr(go, KINDS[kind])(
            ids=[f"{node.wnid}+" if node.gathered else node.wnid for node in nodes],
            labels=names,
            parents=[node.parent or "" for node in nodes],
            values=[node.size for node in nodes],
            branchvalues="total",
            marker={
                "colors": [style.NEUTRAL if node.gathered else palette[value(node.wnid)] for node in nodes],
                "line": {"width": 0.5},
            },
            text=[
                "" if node.gathered else f"{extent.categories:,} categories below it, with {extent.images:,} images"
                for node, extent in zip(nodes, below, strict=True)
            ],
            textinfo="label",
            textfont={"color": style.INK},
            hovertemplate="<b>%{label}</b><br>"
            + MEASURES[measure].title
            + " in this field: %{value:,}<br>%{text}<extra></extra>",
            sort=True,
        )
    )
    style.add_legend(
        figure,
        {meaning or "not of people, no category itself, or gathered": colour for meaning, colour in palette.items()},
    )
    figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0}, height=560)
    return figure
