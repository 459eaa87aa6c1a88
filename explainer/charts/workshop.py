"""Charts of what a room decided."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from explainer.charts import style

if TYPE_CHECKING:
    import plotly.graph_objects as go

_LARGE = 30  # pixels of the texts for the back row
_FEW, _HIGH = 4, (360, 460)  # of so many answers the chart is so many pixels high there, of more so many


def ballots(
    answers: Sequence[str],
    rounds: Mapping[str, Sequence[int]],
    record: tuple[str, float] | None,
    large: bool = False,
) -> "go.Figure":
    """How often each answer was given in each round, by the round's name, as bars; the first answer and round on top.

    `record` is what is published or right, by name, as a mark beyond the bars, at its place among the answers, the
    first of which is at 1. `large` is for the back row. The question stands above it, in the page's own letters.
    """
    go, places = style.plotly(), list(range(1, len(answers) + 1))
    text = _LARGE if large else style.TEXT
    colours = [style.NEUTRAL, style.BARS][-len(rounds) :]
    figure = go.Figure(
        [
            go.Bar(
                x=list(counts),
                y=places,
                orientation="h",
                name=name,
                marker={"color": colour, "line": {"width": 0}},
                text=[f"{count:,}" if count else "" for count in counts],
                textposition="outside",
                textangle=0,
                textfont={"size": text, **style.LETTERS},
                cliponaxis=False,
                hoverinfo="skip",
            )
            for colour, (name, counts) in zip(colours, rounds.items(), strict=True)
        ]
    )
    most = max((count for counts in rounds.values() for count in counts), default=0)
    if record:
        name, place = record  # beyond all bars and their counts
        figure.add_scatter(
            x=[max(most, 1) * 1.3],
            y=[place],
            mode="markers+text",
            name=name,
            text=[f" {name}"],
            textposition="middle right",
            textfont={"size": text, **style.LETTERS},
            marker={"symbol": "triangle-left", "size": text, "color": style.STATUS["offensive"]},
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
        )
    figure.update_layout(
        height=_HIGH[len(answers) > _FEW] if large else 60 + 80 * len(answers),
        bargap=0.1 if large else None,
        xaxis={"visible": False, "range": [0, max(most, 1) * ((2.2 if large else 1.9) if record else 1.25)]},
        yaxis={
            "tickvals": places,
            "ticktext": style.wrapped(answers, 24 if large else 20),
            "range": [len(answers) + 0.6, 0.4],
            "automargin": True,
            "showgrid": False,
            "zeroline": False,
        },
        legend={"y": 0},
        showlegend=len(rounds) > 1,
        dragmode=False,
    )
    return style.titled(figure, "", "", text).update_layout(margin={"t": style.EDGE})
