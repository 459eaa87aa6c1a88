"""Charts of the removal: what went, why, by which rule, and where it lives on."""

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, get_args

from explainer.charts import style
from explainer.imagenet import masked_words, vocabularies
from explainer.imagenet.masked_words import Caption
from explainer.imagenet.removal import Bin, Branch, Step
from explainer.imagenet.subtrees import Part
from explainer.imagenet.vocabularies import Afterlife, Status

if TYPE_CHECKING:
    import plotly.graph_objects as go

_STATUSES: tuple[Status, ...] = get_args(Status)

_NAME, _HEADING = 13, 24  # pixels of a name on a map of branches, and of the strip that it stands in


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
    go, size = style.plotly(), attrgetter(measure)  # of an Extent
    shown = {vocabularies.status(wnid) for wnid in held}
    rows: list[tuple[str, str, str, int, str, bool]] = []  # id, parent, name, size, colour, whether it is gone
    for part, name in zip(parts, named_parts(parts, caption), strict=True):
        key = f"{part.wnid or 'others'} "
        rows.append((key, "", name, part.size(measure), "rgba(0, 0, 0, 0)", False))
        rows += [
            (key + status, key, status, size(part.sizes[status]), style.STATUS[status], status not in shown)
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
                "pattern": {**style.GONE, "shape": ["/" if hatched else "" for hatched in gone]},
            },
            texttemplate=["" if parent else "%{label}" for parent in parents],
            textfont=style.FONT | {"size": _NAME},
            hovertemplate="<b>%{parent}</b><br>%{label}: %{value:,} " + measure + "<extra></extra>",
            pathbar={"visible": False},
            domain={"y": [0.02, 1]},
            sort=True,
        )
    )
    # The same names for each release, so that the maps stay of one size.
    style.add_legend(figure, {status: colour for status, colour in style.STATUS.items() if status})
    figure.add_bar(
        x=[None], y=[None], name="gone", marker={"color": style.NEUTRAL, "pattern": {**style.GONE, "shape": "/"}}
    )
    # A name is drawn as large as the others, or told by the hover text alone.
    figure.update_layout(height=640, uniformtext={"minsize": _NAME, "mode": "hide"})
    return style.titled(figure, title, subtitle)


def named_parts(parts: Sequence[Part], caption: Callable[[str], Caption]) -> list[str]:
    """The name of each part of a map, so that no two have the same."""
    apart = iter(masked_words.names([caption(part.wnid) for part in parts if part.wnid]))
    return [next(apart) if part.wnid else f"{part.gathered} smaller branches" for part in parts]


def waterfall(steps: Sequence[Step], measure: str, title: str, subtitle: str) -> "go.Figure":
    """What each release kept of the one before it, and in between what was removed and why, as bars from the top."""
    go, size = style.plotly(), attrgetter(measure)  # of an Extent
    bars: list[tuple[str, str, int, int, str]] = []  # name, colour, where it begins, its length, what stands at its end
    left = 0
    for step in steps:
        for reason, removed in step.removed.items():
            if size(removed):
                left -= size(removed)
                bars.append((reason, style.STATUS[reason], left, size(removed), f"− {size(removed):,}"))
        left = size(step.kept)
        bars.append((vocabularies.RELEASES[step.release].title, style.NEUTRAL, 0, left, f"{left:,}"))
    names, colours, begins, lengths, texts = map(list, zip(*bars, strict=True))
    colours[-1] = style.STATUS["kept"]
    figure = go.Figure(
        go.Bar(
            x=lengths,
            base=begins,
            y=style.wrapped(names),
            orientation="h",
            marker={"color": colours, "line": {"width": 0}},
            text=texts,
            textposition="auto",
            textangle=0,
            textfont=style.FONT,
            insidetextfont={"color": style.INK},
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    figure.update_layout(
        height=style.ABOVE + 46 * len(names),
        xaxis={"visible": False},
        yaxis={"autorange": "reversed", "automargin": True, "title": None},
        dragmode=False,
    )
    return style.titled(figure, title, subtitle)


def imageability(bins: Sequence[Bin], lines: Mapping[str, float], title: str, subtitle: str) -> "go.Figure":
    """How many person categories of each safety class were rated how imageable, with a line at each named value.

    What the rule of the bins removes is hatched.
    """
    go = style.plotly()
    figure = go.Figure(
        [
            go.Bar(
                x=[(each.low + each.high) / 2 for each in bins],
                y=[getattr(each, fate)[safety] for each in bins],
                width=[each.high - each.low for each in bins],
                name=f"{safety}, {fate}",
                marker={
                    "color": style.SAFETY[safety],
                    "line": {"width": 0},
                    "pattern": {**style.GONE, "shape": "/" if fate == "removed" else ""},
                },
                customdata=[f"{each.low:g} to {each.high:g}" for each in bins],
                hovertemplate=f"%{{y:,}} {safety}, {fate}; rated %{{customdata}}<extra></extra>",
            )
            for safety in bins[0].kept
            for fate in ("kept", "removed")
            if any(getattr(each, fate)[safety] for each in bins)
        ]
    )
    highest = max(each.categories for each in bins)
    for dash, (name, value) in zip(("solid", "dash"), lines.items(), strict=False):
        # Named in the legend: a name beside a line would be struck through by the other.
        figure.add_scatter(
            x=[value, value],
            y=[0, highest * 1.05],
            mode="lines",
            name=name,
            line={"dash": dash, "width": 2, "color": style.NEUTRAL},
            hoverinfo="skip",
        )
    figure.update_layout(
        barmode="stack",
        height=480,
        xaxis={"title": "how easy to picture", "dtick": 1, "range": [bins[0].low - 0.05, bins[-1].high + 0.05]},
        yaxis={"title": "categories", "range": [0, highest * 1.06]},
        legend={"y": -0.2},
        dragmode=False,
    )
    return style.titled(figure, title, subtitle)


def branches(hit: Sequence[Branch], caption: Callable[[str], Caption], title: str, subtitle: str) -> "go.Figure":
    """What was removed of each branch, and why, beside what was kept of it, as bars of categories; the first on top."""
    names = [f"{rank}. {caption(branch.wnid).name}" for rank, branch in enumerate(hit, start=1)]
    parts: dict[str, tuple[str, list[int]]] = {
        reason: (style.STATUS[reason], [branch.removed[reason].categories for branch in hit])
        for reason in hit[0].removed
    }
    kept = [branch.below.categories - branch.gone.categories for branch in hit]
    totals = [f"{branch.share:.0%} of {branch.below.categories:,}" for branch in hit]
    return _stacked(names, parts | {"kept": (style.STATUS["kept"], kept)}, totals, title, subtitle)


def afterlife(named: Mapping[str, Afterlife], title: str, subtitle: str) -> "go.Figure":
    """What each vocabulary, by its title, still names of the kept and of the removed person categories, as bars."""
    after = list(named.values())
    parts = {
        "kept": (style.STATUS["kept"], [each.people - each.removed for each in after]),
        "removed, not offensive": (style.NEUTRAL, [each.removed - each.offensive for each in after]),
        "removed, offensive": (style.STATUS["offensive"], [each.offensive for each in after]),
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
    go = style.plotly()
    names = style.wrapped(names)
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
        textfont=style.FONT,
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_layout(
        barmode="stack",
        height=style.ABOVE + 80 + style.row(names) * len(names),
        xaxis={"visible": False, "range": [0, max(ends)]},
        yaxis={"autorange": "reversed", "automargin": True, "title": None},
        legend={"y": 0},
        dragmode=False,
    )
    style.titled(figure, title, subtitle)
    # In pixels, not as a share of the chart: so bars use the width, however wide it is.
    return figure.update_layout(margin={"r": style.EDGE + max(map(len, totals)) * style.TEXT * 5 // 8})
