"""Plotly figures. Streamlit gives them the theme of the page; what a colour means is the same in each of them."""

import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, get_args

from explainer.attribution.faithfulness import Curve, Direction, Order
from explainer.imagenet import taxonomy, vocabularies, words
from explainer.imagenet.removal import Bin, Branch, Step
from explainer.imagenet.subtrees import MEASURES, Node, Part
from explainer.imagenet.vocabularies import Afterlife, Status
from explainer.imagenet.words import Caption

if TYPE_CHECKING:
    import plotly.graph_objects as go

BARS = "#009E73"
"""The colour of bars, one that colour-blind people can tell from others (Okabe & Ito 2008)."""

NEUTRAL = "#8a8f8a"
"""The colour of what has no status: categories that are no person's, and ancestors that are no category."""

_GONE = {"fillmode": "replace", "size": 6, "solidity": 0.25}  # lines in the colour of what it was, for what is gone

STATUS: Mapping[str | None, str] = {
    "kept": "#009E73",
    "not imageable": "#56B4E9",
    "sensitive": "#E69F00",
    "offensive": "#D55E00",
    None: NEUTRAL,
}
"""What became of a person category, as a colour that colour-blind people can tell apart (Okabe & Ito 2008)."""

_STATUSES: tuple[Status, ...] = get_args(Status)

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

_INK = "#101010"  # names on a colour: their contrast is 5 to 1 or more

_EDGE = 10  # pixels at the other sides of a chart, or a picture of it would cut its letters
_ABOVE = 64  # pixels above a chart, for its title and its subtitle
_TEXT = 14  # pixels, on a page
_NAME, _HEADING = 13, 24  # pixels of a name on a map of branches, and of the strip that it stands in

LARGE = 26
"""Pixels of the texts of a chart that is read from the back row."""

_ANSWER = 20  # pixels of the texts of a vote for the back row: six answers of two lines stand below each other

# A colour for which Streamlit puts the theme's own, light or dark, elsewhere nearly black: charts in Streamlit are
# otherwise labelled in a grey of 3.6 to 1. And a family that a picture of the chart has too: names would be cut where
# it falls back to a wider one.
_LETTERS = {"color": "#000037", "family": "sans-serif"}
_FONT = {"size": _TEXT, **_LETTERS}

_NAME_OF_LINE = 0.09  # share of a chart's height that a line of text of the name of a line takes

_MAP_ON_SCREEN, _NAME_ON_SCREEN = 860, 20  # pixels of half a screen: of a map, and of its texts

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
                "colors": [NEUTRAL if node.gathered else palette[value(node.wnid)] for node in nodes],
                "line": {"width": 0.5},
            },
            text=[
                "" if node.gathered else f"{extent.categories:,} categories below it, with {extent.images:,} images"
                for node, extent in zip(nodes, below, strict=True)
            ],
            textinfo="label",
            textfont={"color": _INK},
            hovertemplate="<b>%{label}</b><br>"
            + MEASURES[measure].title
            + " in this field: %{value:,}<br>%{text}<extra></extra>",
            sort=True,
        )
    )
    _add_legend(
        figure,
        {meaning or "not of people, no category itself, or gathered": colour for meaning, colour in palette.items()},
    )
    figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0}, height=560)
    return figure


def _add_legend(figure: "go.Figure", colours: Mapping[str, str]) -> None:
    """A legend for a map, which has none of its own: a point out of sight for each colour."""
    for name, colour in colours.items():
        marker = {"color": colour, "size": 12, "symbol": "square"}
        figure.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=name, hoverinfo="skip")
    figure.update_layout(
        xaxis={"visible": False},
        yaxis={"visible": False},
        legend={"orientation": "h", "y": 0, "yanchor": "top", "itemclick": False, "itemdoubleclick": False},
    )


def release_map(
    parts: Sequence[Part],
    caption: Callable[[str], Caption],
    measure: str,
    held: Collection[str],
    title: str,
    subtitle: str,
) -> "go.Figure":
    """A treemap of branches, each divided by what became of its categories; what is not `held` any more is hatched.

    So maps of several releases side by side have the same categories in the same place, and as much full colour as they
    have categories or images. A point's `id` begins with the wnid of its branch, or with "others", and a space.
    """
    go, size = _plotly(), attrgetter(measure)  # of an Extent
    shown = {vocabularies.status(wnid) for wnid in held}
    rows: list[tuple[str, str, str, int, str, bool]] = []  # id, parent, name, size, colour, whether it is gone
    for part, name in zip(parts, named_parts(parts, caption), strict=True):
        key = f"{part.wnid or 'others'} "
        rows.append((key, "", name, part.size(measure), "rgba(0, 0, 0, 0)", False))
        rows += [
            (key + status, key, status, size(part.sizes[status]), STATUS[status], status not in shown)
            for status in _STATUSES
            if status in part.sizes and size(part.sizes[status])
        ]
    ids, parents, names, values, colours, gone = map(list, zip(*rows, strict=True))
    figure = go.Figure(
        go.Treemap(
            ids=ids,
            labels=names,
            parents=parents,
            values=values,
            branchvalues="total",
            marker={
                "colors": colours,
                "line": {"width": 1},
                "pad": {"t": _HEADING, "l": 1, "r": 1, "b": 1},
                "pattern": {**_GONE, "shape": ["/" if hatched else "" for hatched in gone]},
            },
            texttemplate=["" if parent else "%{label}" for parent in parents],
            textfont=_FONT | {"size": _NAME},
            hovertemplate="<b>%{parent}</b><br>%{label}: %{value:,} " + measure + "<extra></extra>",
            pathbar={"visible": False},
            domain={"y": [0.02, 1]},
            tiling={"flip": "x+y"},  # what is gathered, which may be the largest, comes last
            sort=True,
        )
    )
    # The same names for each release, so that the maps stay of one size.
    _add_legend(figure, {status: colour for status, colour in STATUS.items() if status})
    figure.add_bar(x=[None], y=[None], name="gone", marker={"color": NEUTRAL, "pattern": {**_GONE, "shape": "/"}})
    # A name is drawn as large as the others, or told by the hover text alone.
    figure.update_layout(height=640, uniformtext={"minsize": _NAME, "mode": "hide"})
    return _titled(figure, title, subtitle)


def named_parts(parts: Sequence[Part], caption: Callable[[str], Caption]) -> list[str]:
    """The name of each part of a map, so that no two have the same."""
    apart = iter(words.names([caption(part.wnid) for part in parts if part.wnid]))
    return [next(apart) if part.wnid else f"{part.gathered} smaller branches" for part in parts]


def waterfall(steps: Sequence[Step], measure: str, title: str, subtitle: str) -> "go.Figure":
    """What each release kept of the one before it, and in between what was removed and why, as bars from the top."""
    go, size = _plotly(), attrgetter(measure)  # of an Extent
    bars: list[tuple[str, str, int, int, str]] = []  # name, colour, where it begins, its length, what stands at its end
    left = 0
    for step in steps:
        for reason, removed in step.removed.items():
            if size(removed):
                left -= size(removed)
                bars.append((reason, STATUS[reason], left, size(removed), f"− {size(removed):,}"))
        left = size(step.kept)
        bars.append((vocabularies.RELEASES[step.release].title, NEUTRAL, 0, left, f"{left:,}"))
    names, colours, begins, lengths, texts = map(list, zip(*bars, strict=True))
    colours[-1] = STATUS["kept"]
    figure = go.Figure(
        go.Bar(
            x=lengths,
            base=begins,
            y=_wrapped(names),
            orientation="h",
            marker={"color": colours, "line": {"width": 0}},
            text=texts,
            textposition="auto",
            textangle=0,
            textfont=_FONT,
            insidetextfont={"color": _INK},
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    figure.update_layout(
        height=_ABOVE + 46 * len(names),
        xaxis={"visible": False},
        yaxis={"autorange": "reversed", "automargin": True, "title": None},
        dragmode=False,
    )
    return _titled(figure, title, subtitle)


def imageability(bins: Sequence[Bin], lines: Mapping[str, float], title: str, subtitle: str) -> "go.Figure":
    """How many person categories of each safety class were rated how imageable, with a line at each named value.

    What the rule of the bins removes is hatched.
    """
    go = _plotly()
    figure = go.Figure(
        [
            go.Bar(
                x=[(each.low + each.high) / 2 for each in bins],
                y=[getattr(each, fate)[safety] for each in bins],
                width=[each.high - each.low for each in bins],
                name=f"{safety}, {fate}",
                marker={
                    "color": SAFETY[safety],
                    "line": {"width": 0},
                    "pattern": {**_GONE, "shape": "/" if fate == "removed" else ""},
                },
                customdata=[f"{each.low:g} to {each.high:g}" for each in bins],
                hovertemplate=f"%{{y:,}} {safety}, {fate}; rated %{{customdata}}<extra></extra>",
            )
            for safety in bins[0].kept
            for fate in ("kept", "removed")
            if any(getattr(each, fate)[safety] for each in bins)
        ]
    )
    middle = (bins[0].low + bins[-1].high) / 2
    above = 0  # how many lines of text stand above a name already
    for name, value in lines.items():
        # The name stands on the line's longer side, where a telephone has room for it.
        side = "right" if value > middle else "left"
        figure.add_vline(
            x=value,
            line={"dash": "dash" if above else "solid", "width": 2, "color": NEUTRAL},
            annotation={
                "text": name,
                "y": 1 - _NAME_OF_LINE * above,
                "yanchor": "top",
                "xanchor": side,
                "align": side,
                "font": _FONT,
            },
        )
        above += 1 + name.count("<br>")
    highest = max(each.categories for each in bins)
    figure.update_layout(
        barmode="stack",
        height=480,
        xaxis={"title": "imageability", "dtick": 1, "range": [bins[0].low - 0.05, bins[-1].high + 0.05]},
        # Names of lines stand above the bars.
        yaxis={"title": "categories", "range": [0, highest / (0.98 - _NAME_OF_LINE * above)]},
        legend={"y": -0.2},
        dragmode=False,
    )
    return _titled(figure, title, subtitle)


def branches(hit: Sequence[Branch], caption: Callable[[str], Caption], title: str, subtitle: str) -> "go.Figure":
    """What was removed of each branch, and why, beside what was kept of it, as bars of categories; the first on top."""
    names = [f"{rank}. {caption(branch.wnid).name}" for rank, branch in enumerate(hit, start=1)]
    parts: dict[str, tuple[str, list[int]]] = {
        reason: (STATUS[reason], [branch.removed[reason].categories for branch in hit]) for reason in hit[0].removed
    }
    kept = [branch.below.categories - branch.gone.categories for branch in hit]
    totals = [f"{branch.share:.0%} of {branch.below.categories:,}" for branch in hit]
    return _stacked(names, parts | {"kept": (STATUS["kept"], kept)}, totals, title, subtitle)


def afterlife(named: Mapping[str, Afterlife], title: str, subtitle: str) -> "go.Figure":
    """What each vocabulary, by its title, still names of the kept and of the removed person categories, as bars."""
    after = list(named.values())
    parts = {
        "kept": (STATUS["kept"], [each.people - each.removed for each in after]),
        "removed, not offensive": (NEUTRAL, [each.removed - each.offensive for each in after]),
        "removed, offensive": (STATUS["offensive"], [each.offensive for each in after]),
    }
    return _stacked(list(named), parts, [f"{each.people:,}" for each in after], title, subtitle)


def _stacked(
    names: Sequence[str],
    parts: Mapping[str, tuple[str, Sequence[int]]],
    totals: Sequence[str],
    title: str,
    subtitle: str,
) -> "go.Figure":
    """Horizontal bars, the first at the top: parts by name with their colour and lengths, `totals` at the ends."""
    go = _plotly()
    names = _wrapped(names)
    figure = go.Figure(
        [
            go.Bar(
                x=list(lengths),
                y=names,
                orientation="h",
                name=part,
                marker={"color": colour, "line": {"width": 0}},
                hovertemplate="%{y}<br>%{x:,} " + part + "<extra></extra>",
            )
            for part, (colour, lengths) in parts.items()
        ]
    )
    ends = [sum(lengths) for lengths in zip(*(lengths for _, lengths in parts.values()), strict=True)]
    figure.add_scatter(
        x=ends,
        y=names,
        mode="text",
        text=[f" {total}" for total in totals],
        textposition="middle right",
        textfont=_FONT,
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_layout(
        barmode="stack",
        height=_ABOVE + 80 + _row(names) * len(names),
        xaxis={"visible": False, "range": [0, max(ends)]},
        yaxis={"autorange": "reversed", "automargin": True, "title": None},
        legend={"y": 0},
        dragmode=False,
    )
    _titled(figure, title, subtitle)
    # In pixels, not as a share of the chart: so bars use the width, however wide it is.
    return figure.update_layout(margin={"r": _EDGE + max(map(len, totals)) * _TEXT * 5 // 8})


def _wrapped(names: Sequence[str], letters: int = 20) -> list[str]:
    """Names in lines of so many letters, by default those that leave room for the bars beside them on a telephone."""
    return ["<br>".join(textwrap.wrap(name, letters)) for name in names]


def _row(names: Sequence[str]) -> int:
    """Pixels of a bar and of what is between it and the next, so that names of several lines keep clear as well."""
    lines = 1 + max((name.count("<br>") for name in names), default=0)
    return max(36, 10 + lines * _TEXT * 4 // 3)


def _titled(figure: "go.Figure", title: str, subtitle: str, text: int = _TEXT) -> "go.Figure":
    """The figure with a title and a subtitle, of several lines maybe, and with all its texts of that size in pixels."""
    figure.update_layout(
        title={
            "text": title,
            "subtitle": {"text": subtitle},
            "font": {"size": text + 2},
            "y": 1,
            "yanchor": "top",
            "pad": {"t": text * (1 + title.count("<br>"))},
        },
        margin={"l": _EDGE, "r": _EDGE, "t": _above(title, subtitle, text), "b": _EDGE},
        legend={"orientation": "h", "yanchor": "top", "traceorder": "normal"},
    )
    return _lettered(figure, text)


def _above(title: str, subtitle: str, text: int) -> int:
    """Pixels above a chart that its title and its subtitle need."""
    return _ABOVE * text // _TEXT + (title + subtitle).count("<br>") * text * 4 // 3


def _lettered(figure: "go.Figure", text: int) -> "go.Figure":
    """The figure with subtitle, legend and axes of a size in pixels."""
    font = {"size": text, **_LETTERS}
    figure.update_layout(title={"subtitle": {"font": font}}, legend={"font": font})
    figure.update_xaxes(tickfont=font, title_font=font)
    figure.update_yaxes(tickfont=font, title_font=font)
    return figure


def ballots(
    answers: Sequence[str],
    rounds: Mapping[str, Sequence[int]],
    record: tuple[str, float] | None,
    title: str,
    subtitle: str,
    large: bool = False,
) -> "go.Figure":
    """How often each answer was given in each round, by the round's name, as bars; the first answer and round on top.

    `record` is what is published, by name, as a line at its place among the answers, the first of which is at 1.
    `large` is for the back row.
    """
    go, places, text = _plotly(), list(range(1, len(answers) + 1)), _ANSWER if large else _TEXT
    colours = [NEUTRAL, BARS][-len(rounds) :]
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
                textfont={"size": text, **_LETTERS},
                cliponaxis=False,
                hoverinfo="skip",
            )
            for colour, (name, counts) in zip(colours, rounds.items(), strict=True)
        ]
    )
    most = max((count for counts in rounds.values() for count in counts), default=0)
    if record:
        name, place = record
        figure.add_scatter(
            x=[0, max(most, 1) * 1.25],
            y=[place, place],
            mode="lines",
            name=name,
            line={"dash": "dash", "width": 3, "color": STATUS["offensive"]},
            hoverinfo="skip",
        )
    figure.update_layout(
        height=(_ABOVE + 40) * text // _TEXT + (3 * text * len(answers) if large else 80 * len(answers)),
        xaxis={"visible": False, "range": [0, max(most, 1) * 1.25]},
        yaxis={
            "tickvals": places,
            "ticktext": _wrapped(answers, 24 if large else 20),
            "range": [len(answers) + 0.6, 0.4],
            "automargin": True,
            "showgrid": False,
            "zeroline": False,
        },
        legend={"y": 0},
        dragmode=False,
    )
    return _titled(figure, title, subtitle, text)


def wall(labels: Mapping[Status, int], title: str, subtitle: str, large: bool = False) -> "go.Figure":
    """Labels of each status as bars in its colour; `large` is for the back row."""
    go, text = _plotly(), LARGE if large else _TEXT
    figure = go.Figure(
        go.Bar(
            x=list(labels.values()),
            y=list(labels),
            orientation="h",
            marker={"color": [STATUS[status] for status in labels], "line": {"width": 0}},
            text=[f"{count:,}" for count in labels.values()],
            textposition="outside",
            textangle=0,
            textfont={"size": text, **_LETTERS},
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    figure.update_layout(
        height=(_ABOVE + 4 * text * len(labels)),
        xaxis={"visible": False, "range": [0, max(1, *labels.values()) * 1.2]},
        yaxis={"autorange": "reversed", "automargin": True, "title": None},
        dragmode=False,
    )
    return _titled(figure, title, subtitle, text)


def bars(captions: Sequence[Caption], scores: Sequence[float], title: str) -> "go.Figure":
    """Scores, 0 to 1, as horizontal bars in per cent, the first at the top."""
    go = _plotly()
    names = [f"{rank}. {caption.name}" for rank, caption in enumerate(captions, start=1)]
    figure = go.Figure(
        go.Bar(
            x=list(scores),
            y=_wrapped(names),
            orientation="h",
            marker_color=BARS,
            text=[f"{score:.1%}" for score in scores],
            textposition="outside",
            textfont=_FONT,
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    figure.update_layout(
        title=title,
        height=60 + _row(_wrapped(names)) * len(names),
        margin={"l": 0, "r": 40, "t": 40, "b": 0},
        xaxis={"visible": False, "range": [0, max(scores) * 1.15]},
        yaxis={"autorange": "reversed", "automargin": True, "title": None, "tickfont": _FONT},
        dragmode=False,
    )
    return figure


DIRECTIONS: Mapping[Direction, str] = {
    "insertion": "cells come; more area is better",
    "deletion": "cells go; less area is better",
}
"""The two ways in which a picture comes or goes, and what is good in each."""

_ORDERS: Mapping[Order, tuple[str, str]] = {
    "map": (STATUS["kept"], "solid"),
    "random": (STATUS["sensitive"], "dot"),
    "centre": (STATUS["not imageable"], "dash"),
}


def curves(curves: Sequence[Curve], direction: Direction) -> "go.Figure":
    """How an output changes while the picture comes or goes, in the order of the map and of two controls."""
    go = _plotly()
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
    _titled(figure, f"{direction.capitalize()}: {_verdict(drawn, direction)}", DIRECTIONS[direction])
    # The topmost number of the axis stands half above the plot.
    return figure.update_layout(margin={"t": figure.layout.margin.t + _TEXT})


def _verdict(drawn: Mapping[Order, Curve], direction: Direction) -> str:
    """Which of the two controls a map beats: one that only finds the middle of a picture is no better than a blob."""
    sign = 1 if direction == "insertion" else -1
    random, centre = (sign * (drawn["map"].area - drawn[order].area) > 0 for order in ("random", "centre"))
    if random and centre:
        return "beats random and the centre"
    if random:
        return "beats random, not the centre"
    return "beats the centre, not random" if centre else "beats neither random nor the centre"


def enlarged(figure: "go.Figure", height: int, text: int) -> "go.Figure":
    """The figure for the back row: `height` pixels high, all its texts at least of `text` pixels, its title larger."""
    title = figure.layout.title
    figure.update_layout(
        height=height,
        hoverlabel={"font": {"size": text}},
        title={"font": {"size": text + 4}, "pad": {"t": text * (1 + (title.text or "").count("<br>"))}},
        margin={
            "t": _above(title.text, title.subtitle.text or "", text) if title.text else 0,
            "r": (figure.layout.margin.r or 0) * text // _TEXT,
        },
    )
    figure.update_annotations(font={"size": text, **_LETTERS})
    for kind in ("bar", "scatter", "treemap"):
        figure.update_traces(textfont_size=text, selector={"type": kind})
    if figure.layout.uniformtext.minsize:
        figure.update_traces(marker_pad_t=text * 7 // 4, selector={"type": "treemap"})
        figure.update_layout(uniformtext={"minsize": text})
    return _lettered(figure, text)


def for_projector(figure: "go.Figure") -> "go.Figure":
    """A copy of a figure of a page for the back row, as much higher as its texts are larger; a map fits the screen."""
    copy = type(figure)(figure)
    if copy.layout.uniformtext.minsize:
        return enlarged(copy, _MAP_ON_SCREEN, _NAME_ON_SCREEN)
    return enlarged(copy, copy.layout.height * LARGE // _TEXT, LARGE)
