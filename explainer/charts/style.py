"""What all charts share: colours, letters, title, legend, and their size for a projector."""

import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

BARS = "#009E73"
"""The colour of bars, one that colour-blind people can tell from others (Okabe & Ito 2008)."""

NEUTRAL = "#8a8f8a"
"""The colour of what has no status: categories that are no person's, and ancestors that are no category."""

GONE = {"fillmode": "replace", "size": 6, "solidity": 0.25}  # lines in the colour of what it was, for what is gone

STATUS: Mapping[str | None, str] = {
    "kept": "#009E73",
    "hard to picture": "#56B4E9",
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

INK = "#101010"  # names on a colour: their contrast is 5 to 1 or more

EDGE = 10  # pixels at the other sides of a chart, or a picture of it would cut its letters
ABOVE = 64  # pixels above a chart, for its title and its subtitle
TEXT = 14  # pixels, on a page

LARGE = 26
"""Pixels of the texts of a chart that is read from the back row."""

# Streamlit puts the theme's own text colour, light or dark, in place of this one; its default is a grey of 3.6 to 1.
# The family is left to Streamlit: the page's own typeface.
LETTERS = {"color": "#000037"}
FONT = {"size": TEXT, **LETTERS}

_MAP_ON_SCREEN, _NAME_ON_SCREEN = 860, 20  # pixels of half a screen: of a map, and of its texts


def plotly() -> Any:
    """Plotly, once pandas is there: it takes what it finds of pandas, be another thread still importing it."""
    import pandas  # noqa: F401
    import plotly.graph_objects

    return plotly.graph_objects


@cache
def _template() -> "go.layout.Template":
    """What is the same in every chart; colours of texts and the typeface are the page's, by Streamlit."""
    return plotly().layout.Template(
        layout={
            "title": {"y": 1, "yanchor": "top", "font": {"size": TEXT + 2}},
            "legend": {"orientation": "h", "yanchor": "top", "traceorder": "normal", "font": FONT},
            "hoverlabel": {"font": {"size": TEXT}},
            "margin": dict.fromkeys("lrtb", EDGE),
            # Room beside the names of bars: a picture of the chart has a wider typeface than the page.
            "yaxis": {"tickprefix": "\N{NO-BREAK SPACE}" * 2, "automargin": True},
        }
    )


def add_legend(figure: "go.Figure", colours: Mapping[str, str]) -> None:
    """A legend for a map, which has none of its own: a point out of sight for each colour."""
    for name, colour in colours.items():
        marker = {"color": colour, "size": 12, "symbol": "square"}
        figure.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=name, hoverinfo="skip")
    figure.update_layout(
        xaxis={"visible": False},
        yaxis={"visible": False},
        legend={"orientation": "h", "y": 0, "yanchor": "top", "itemclick": False, "itemdoubleclick": False},
    )


def wrapped(names: Sequence[str], letters: int = 20) -> list[str]:
    """Names in lines of so many letters, by default those that leave room for the bars beside them on a phone."""
    return ["<br>".join(textwrap.wrap(name, letters)) for name in names]


def row(names: Sequence[str]) -> int:
    """Pixels of a bar and of what is between it and the next, so that names of several lines keep clear as well."""
    lines = 1 + max((name.count("<br>") for name in names), default=0)
    return max(36, 10 + lines * TEXT * 4 // 3)


def titled(figure: "go.Figure", title: str, subtitle: str, text: int = TEXT) -> "go.Figure":
    """The figure with a title and a subtitle, of several lines maybe, and with all its texts of that size in pixels."""
    figure.update_layout(
        template=_template(),
        title={
            "text": title,
            "subtitle": {"text": subtitle},
            "font": {"size": text + 2},
            "pad": {"t": text * (1 + title.count("<br>"))},
        },
        margin={"t": above(title, subtitle, text)},
    )
    return lettered(figure, text)


def above(title: str, subtitle: str, text: int) -> int:
    """Pixels above a chart that its title and its subtitle need."""
    return ABOVE * text // TEXT + (title + subtitle).count("<br>") * text * 4 // 3


def lettered(figure: "go.Figure", text: int) -> "go.Figure":
    """The figure with subtitle, legend and axes of a size in pixels."""
    font = {"size": text, **LETTERS}
    figure.update_layout(title={"subtitle": {"font": font}}, legend={"font": font})
    figure.update_xaxes(tickfont=font, title_font=font)
    figure.update_yaxes(tickfont=font, title_font=font)
    return figure


def enlarged(figure: "go.Figure", height: int, text: int) -> "go.Figure":
    """The figure for the back row: `height` pixels high, all its texts at least of `text` pixels, its title larger."""
    title = figure.layout.title
    figure.update_layout(
        height=height,
        hoverlabel={"font": {"size": text}},
        title={"font": {"size": text + 4}, "pad": {"t": text * (1 + (title.text or "").count("<br>"))}},
        margin={
            "t": above(title.text, title.subtitle.text or "", text) if title.text else 0,
            "r": (figure.layout.margin.r or 0) * text // TEXT,
        },
    )
    figure.update_annotations(font={"size": text, **LETTERS})
    for kind in ("bar", "scatter", "treemap"):
        figure.update_traces(textfont_size=text, selector={"type": kind})
    if figure.layout.uniformtext.minsize:
        figure.update_traces(marker_pad_t=text * 7 // 4, selector={"type": "treemap"})
        figure.update_layout(uniformtext={"minsize": text})
    return lettered(figure, text)


def for_projector(figure: "go.Figure") -> "go.Figure":
    """A copy of a figure of a page for the back row, as much higher as its texts are larger; a map fits the screen."""
    copy = type(figure)(figure)
    if copy.layout.uniformtext.minsize:
        return enlarged(copy, _MAP_ON_SCREEN, _NAME_ON_SCREEN)
    return enlarged(copy, copy.layout.height * LARGE // TEXT, LARGE)
