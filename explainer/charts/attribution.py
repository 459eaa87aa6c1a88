"""Charts of how faithful an explanation is."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from explainer.attribution.faithfulness import Curve, Direction, Order
from explainer.charts import style

if TYPE_CHECKING:
    import plotly.graph_objects as go


DIRECTIONS: Mapping[Direction, str] = {
    "insertion": "cells come; more area is better",
    "deletion": "cells go; less area is better",
}
"""The two ways in which a picture comes or goes, and what is good in each."""

_ORDERS: Mapping[Order, tuple[str, str]] = {
    "map": (style.STATUS["kept"], "solid"),
    "random": (style.STATUS["sensitive"], "dot"),
    "centre": (style.STATUS["hard to picture"], "dash"),
}


def curves(curves: Sequence[Curve], direction: Direction) -> "go.Figure":
    """How an output changes while the picture comes or goes, in the order of the map and of two controls."""
    go = style.plotly()
    figure = go.Figure()
    drawn = {curve.order: curve for curve in curves if curve.direction == direction}
    for order, curve in drawn.items():
        colour, dash = _ORDERS[order]
        figure.add_scatter(
            x=curve.shares.tolist(),
            y=curve.outputs.tolist(),
            mode="lines",
            name=f"{order} {curve.area:z.3f}",
            line={"color": colour, "dash": dash},
        )
    figure.update_layout(
        height=360,
        xaxis={"title": None, "tickformat": ".0%", "tickvals": [0, 0.5, 1], "range": [0, 1.03]},
        yaxis={"title": None, "nticks": 5},
        legend={"y": -0.12},
        dragmode=False,
    )
    style.titled(figure, f"{direction.capitalize()}: {_verdict(drawn, direction)}", DIRECTIONS[direction])
    # The topmost number of the axis stands half above the plot.
    return figure.update_layout(margin={"t": figure.layout.margin.t + style.TEXT})


def _verdict(drawn: Mapping[Order, Curve], direction: Direction) -> str:
    """Which of the two controls a map beats: one that only finds the middle of a picture is no better than a blob."""
    sign = 1 if direction == "insertion" else -1
    random, centre = (sign * (drawn["map"].area - drawn[order].area) > 0 for order in ("random", "centre"))
    if random and centre:
        return "beats random and the centre"
    if random:
        return "beats random, not the centre"
    return "beats the centre, not random" if centre else "beats neither random nor the centre"
