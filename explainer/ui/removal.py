"""The removal, drawn: its steps and releases, a rule to choose, what stayed and went, and what still names it."""

from collections.abc import Callable, Sequence
from importlib import metadata
from operator import attrgetter
from typing import TYPE_CHECKING, get_args

import streamlit as st

from explainer import catalogue, charts, maps, removal, taxonomy, vocabularies, words
from explainer.removal import HIGHEST, LOWEST, REASONS, THRESHOLD, Branch, Outcome
from explainer.taxonomy import PERSON, Safety
from explainer.ui import category, downloads, resources, visitor
from explainer.ui.category import plain
from explainer.vocabularies import RELEASES, VOCABULARIES, person_categories
from explainer.words import Caption, Context

if TYPE_CHECKING:
    import plotly.graph_objects as go

DROPPED: tuple[Safety, ...] = ("sensitive", "offensive")
"""The safety classes that ImageNet dropped (Yang et al. 2020)."""

_FIRST, _MOST = 12, 60  # how many links of a list are shown at first, and how many of a long one at all
_BRANCHES = 12  # how many branches are drawn
_PARTS = 24  # how many branches a map names
_SOURCE = "Counted from the tables of Yang et al. 2020 and ImageNet's lists of Fall 2011 and Winter 2021."


def _caption(wnid: str) -> Caption:
    """The caption in a chart: it can be taken away as a picture, so masked words stay masked, revealed or not."""
    return words.caption(wnid, Context.TREE_FILE)


def _chart(figure: "go.Figure", key: str, alt: str) -> None:
    """A chart with a button in its corner for its picture; `key` names the file."""
    st.plotly_chart(
        figure,
        key=key,
        alt=alt,
        config={
            "displaylogo": False,
            "displayModeBar": True,
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": {"filename": key, "scale": 2},
        },
    )


def _below(key: str, write: Callable[[], str], source: str = _SOURCE) -> None:
    """What stands below a chart: where its numbers come from, and a button for them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        downloads.numbers(key, write)
        st.caption(source)


def measure() -> str:
    """What the visitor wants counted, by its name in maps.MEASURES."""
    chosen: str = st.segmented_control(
        "Count",
        list(maps.MEASURES),
        default="categories",
        required=True,
        key="counted",
        persist_state="session",
        wrap=True,
    )
    return chosen


def steps(measure: str) -> None:
    """The steps of the removal as flows."""
    steps, size = removal.steps(), attrgetter(measure)
    left = {RELEASES[step.release].title: size(step.kept) for step in steps}
    before, *_, after = left.values()
    _chart(
        charts.waterfall(
            steps,
            measure,
            f"Of {before:,} {measure}, {after:,} were left",
            f"{measure.capitalize()} of people by release",
        ),
        "removal-steps",
        "Bars from release to release, and what was removed in between. "
        + " ".join(
            "".join(f"Removed as {why}: {size(gone):,}. " for why, gone in step.removed.items() if size(gone))
            + f"{RELEASES[step.release].title}: {size(step.kept):,} {measure} of people."
            for step in steps
        ),
    )
    _below(
        "removal-steps",
        lambda: catalogue.as_csv(
            ("release", "fate", "categories", "images"),
            (
                (step.release, fate, extent.categories, extent.images)
                for step in steps
                for fate, extent in {"kept": step.kept, **step.removed}.items()
            ),
        ),
        f"{_SOURCE} Published figures differ a little; “As published, and as counted” below has both.",
    )


@st.fragment
def releases(measure: str) -> None:
    """The person categories as maps, before and after, side by side; the visitor steps through the releases."""
    before, *_, last = RELEASES
    after = st.segmented_control(
        "After",
        RELEASES,
        default=last,
        required=True,
        format_func=lambda name: RELEASES[name].title,
        key="after",
        persist_state="session",
        wrap=True,
    )
    shown = {"map-before": before, "map-after": after}
    for column, (key, release) in zip(st.columns(2, gap="medium"), shown.items(), strict=True):
        with column:
            _chart(
                _map(release, measure),
                key,
                f"A map of the person categories. {RELEASES[release].title}: {_left(release, measure)}.",
            )
    _below("person-categories", lambda: catalogue.to_csv(sorted(person_categories(before))))


# Kept, as it takes a tenth of a second and is the same for all visitors.
@st.cache_resource(show_spinner=False)
def _map(release: str, measure: str) -> "go.Figure":
    return charts.release_map(
        maps.parts(PERSON, measure, _PARTS),
        _caption,
        measure,
        person_categories(release),
        _left(release, measure),
        f"{RELEASES[release].title}; area: {measure}",
    )


def _left(release: str, measure: str) -> str:
    """How much a release holds of what there was before the removal."""
    oldest, *_ = RELEASES
    held, everything = (attrgetter(measure)(removal.extent(person_categories(name))) for name in (release, oldest))
    return f"{held:,} of {everything:,} {measure}"


@st.fragment
def rule() -> None:
    """A rule of the visitor's making, what it would keep, and how that differs from what was done."""
    ask, answer = st.columns([2, 3], gap="large")
    with ask:
        drop = st.pills(
            "Drop what is",
            get_args(Safety),
            selection_mode="multi",
            default=DROPPED,
            key="drop",
            persist_state="session",
            wrap=True,
        )
        threshold = st.slider(
            "Keep from this imageability on", LOWEST, HIGHEST, THRESHOLD, 0.1, key="threshold", persist_state="session"
        )
        strict = st.toggle("Strictly above it", key="strict", persist_state="session")
        outcome = removal.what_if(drop, threshold, strict)
        _metrics(outcome)
        st.markdown(_compared(outcome))
    with answer:
        _histogram(threshold)
    returned, lost = removal.by_images(outcome.returned), removal.by_images(outcome.lost)
    _links("Kept by this rule, though they were removed", returned, "returned")
    _links("Removed by this rule, though they were kept", lost, "lost")


def _metrics(outcome: Outcome) -> None:
    kept, done = removal.extent(outcome.kept), removal.extent(person_categories("winter-2021"))
    for column, title in zip(st.columns(2), ("categories", "images"), strict=True):
        size = attrgetter(title)
        column.metric(
            f"{title} kept".capitalize(),
            f"{size(kept):,}",
            f"{size(kept) - size(done):+,}",
            delta_color="off",
            delta_arrow="off",
            delta_description="against Winter 2021",
        )


def _compared(outcome: Outcome) -> str:
    """How a rule differs from what was done, as sentences."""
    sentences = []
    if not outcome.returned and not outcome.lost:
        sentences.append("This is the rule that was used: it keeps the Winter 2021 list, category by category.")
    else:
        sentences.append(
            f"It keeps {len(outcome.returned):,} categories that were removed, "
            f"and removes {len(outcome.lost):,} that were kept."
        )
    if outcome.not_rated:
        sentences.append(
            f"{len(outcome.not_rated):,} of those it keeps were never rated, "
            "so that no threshold removes them: nobody asked whether an offensive word can be seen."
        )
    (gone,) = (row for row in removal.published() if row.figure == removal.GONE)
    if f"{len(outcome.removed):,}" == gone.published:
        sentences.append(
            f"Of the people it keeps {len(outcome.kept):,} and removes {gone.published}: the number that "
            f"{gone.source.split(';')[0]} give for the removal. The lists of the two releases differ by {gone.counted}."
        )
    return " ".join(sentences)


def _histogram(threshold: float) -> None:
    bins = removal.histogram()
    low = sum(sum(each.categories.values()) for each in bins if each.high <= THRESHOLD)
    rated = sum(sum(each.categories.values()) for each in bins)
    lines = {f"{THRESHOLD:g}: the rule of 2021": THRESHOLD}
    if threshold != THRESHOLD:
        lines[f"{threshold:g}: yours"] = threshold
    _chart(
        charts.imageability(
            bins, lines, f"{low:,} of {rated:,} are rated below {THRESHOLD:g}", "Person categories by imageability"
        ),
        "imageability",
        f"Bars: how many person categories were rated how imageable. {low:,} of {rated:,} are below {THRESHOLD:g}. "
        f"Marked by a line: {'; and '.join(lines)}.",
    )
    _below(
        "imageability",
        lambda: catalogue.as_csv(
            ("from", "to", *bins[0].categories),
            ((each.low, each.high, *each.categories.values()) for each in bins),
        ),
        f"{_SOURCE} Imageability is the mean of workers' ratings, 1 to 5. The offensive categories have none.",
    )


def kept_and_removed() -> None:
    """What stayed, and the largest and the most imageable of what went, each leading to its place in the tree."""
    tree = taxonomy.load()
    kept = removal.kept()
    _links("Kept", kept, "kept", most=len(kept))
    _links("The largest removed", removal.largest_removed(), "largest")
    _links(
        "The most imageable removed",
        removal.most_imageable_removed(),
        "most_imageable",
        lambda wnid: f"{tree[wnid].imageability:.1f} of 5",
    )


def _links(
    title: str, wnids: Sequence[str], key: str, detail: Callable[[str], str] | None = None, most: int = _MOST
) -> None:
    """Categories that lead to their places in the tree, each with its images or another detail; at most so many."""
    if not wnids:
        return
    tree, most = taxonomy.load(), min(most, len(wnids))
    st.markdown(f"**{title}**")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if len(wnids) > _FIRST and not st.toggle(f"{most} of {len(wnids):,}: {title.lower()}", key=f"more_{key}"):
            most = _FIRST
        for wnid in wnids[:most]:
            name = plain(visitor.caption(wnid, Context.TREE).name)
            category.link(wnid, f"{name} · {detail(wnid) if detail else f'{tree[wnid].images:,} images'}")


@st.fragment
def branches() -> None:
    """The branches of the tree by what was removed of them."""
    every = removal.branches()
    spared = st.segmented_control(
        "Branches",
        (False, True),
        default=False,
        required=True,
        format_func=lambda spared: "spared most" if spared else "hit hardest",
        key="branch_order",
        persist_state="session",
        wrap=True,
    )
    shown = every[::-1][:_BRANCHES] if spared else every[:_BRANCHES]
    shares = sorted(branch.share for branch in shown)
    found = (
        f"Even of these branches {shares[0]:.0%} to {shares[-1]:.0%} went"
        if spared
        else f"{sum(branch.share == 1 for branch in every)} of {len(every)} branches lost every category"
    )
    _chart(
        charts.branches(
            shown,
            _caption,
            found,
            f"Person categories below; the {_BRANCHES} {'spared most' if spared else 'hit hardest'}",
        ),
        "branches",
        f"Bars: what was removed of each branch, and why. The links below name the branches. {found}.",
    )
    _below("branches", lambda: _branches_as_csv(every), f"{_SOURCE} {_overlap(every)}")
    with st.container(horizontal=True, gap="small"):
        for branch in shown:
            name = plain(visitor.caption(branch.wnid, Context.TREE).name)
            category.link(branch.wnid, f"{name} · {branch.share:.0%} of {branch.below.categories:,}")


def _overlap(every: Sequence[Branch]) -> str:
    least = min(branch.below.categories for branch in every)
    return f"Branches with {least} categories below and more; they overlap where a category has several parents."


def _branches_as_csv(every: Sequence[Branch]) -> str:
    return catalogue.as_csv(
        ("wnid", "words", "categories", "images", "share removed", *(f"removed, {reason}" for reason in REASONS)),
        (
            (
                branch.wnid,
                _caption(branch.wnid).words,
                branch.below.categories,
                branch.below.images,
                round(branch.share, 4),
                *(branch.removed[reason].categories for reason in REASONS),
            )
            for branch in every
        ),
    )


def afterlife() -> None:
    """What the vocabularies of models still name of the removed, and the models that answer with each."""
    named = {VOCABULARIES[name].title: vocabularies.afterlife(name) for name in VOCABULARIES}
    still = sum(after.removed > 0 for after in named.values())
    title = f"{still} of {len(named)} vocabularies name what was removed"
    _chart(
        charts.afterlife(named, title, "Person categories by vocabulary"),
        "afterlife",
        f"Bars: the person categories of each vocabulary, kept and removed. {title}. The table below says the same.",
    )
    numbers = _afterlife()
    _below(
        "afterlife",
        lambda: catalogue.as_csv(numbers, zip(*numbers.values(), strict=True)),
        f"{_SOURCE} The vocabularies: see the table.",
    )
    _models()


def _afterlife() -> dict[str, list[object]]:
    after = [vocabularies.afterlife(name) for name in VOCABULARIES]
    return {
        "vocabulary": [vocabulary.title for vocabulary in VOCABULARIES.values()],
        "year": [vocabulary.date for vocabulary in VOCABULARIES.values()],
        "categories": [each.size for each in after],
        "person categories": [each.people for each in after],
        "removed": [each.removed for each in after],
        "of these offensive": [each.offensive for each in after],
        "images behind the removed": [each.images for each in after],
    }


# Beside the rest of the page, which does not wait for timm.
@st.fragment(parallel=True)
def _models() -> None:
    """The vocabularies as a table, and the models that answer with each."""
    models = resources.models()
    st.dataframe(
        {
            **_afterlife(),
            "models in timm": [len(models[name]) for name in VOCABULARIES],
            "source": [vocabulary.source for vocabulary in VOCABULARIES.values()],
        },
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="localized")
            for name in ("categories", "person categories", "images behind the removed")
        },
        alt="The vocabularies and what each names, as in the chart above, with the number of models that answer so.",
    )
    today = {name: models[name] for name in VOCABULARIES if models[name] and vocabularies.afterlife(name).removed}
    st.markdown(
        f"**{sum(map(len, today.values()))}** models that can be downloaded answer with removed categories, by the "
        f"list of timm {metadata.version('timm')} alone; the weights of YOLO9000 are given out by its authors."
    )
    with st.expander("Their names"):
        for name, names in today.items():
            st.markdown(f"**{VOCABULARIES[name].title}**: {plain(', '.join(names))}")


def published() -> None:
    """The published figures beside the counted ones, and where they disagree."""
    figures = removal.published()
    compared = [row for row in figures if row.agrees is not None]
    differ = [row for row in compared if not row.agrees]
    st.markdown(f"Of {len(compared)} published figures that can be counted, {len(differ)} come out otherwise:")
    st.markdown(
        "\n".join(
            f"- {plain(row.figure)}: published **{row.published}**, counted **{row.counted}** "
            f":small[({plain(row.source)})]"
            for row in differ
        )
    )
    first, second, *_ = removal.steps()
    unsafe = second.removed
    st.markdown(
        "Articles differ more. Artforum ties the 600,040 images to the offensive categories alone; by the table these "
        f"hold {unsafe['offensive'].images:,}, and the sensitive ones {unsafe['sensitive'].images:,}. Artnet News puts "
        "the pictures of people at 1.2 million, The Art Newspaper at 1.5 million; the table has "
        f"{first.kept.images:,}."
    )
    with st.expander("All of them"):
        st.dataframe(
            {
                "figure": [row.figure for row in figures],
                "published": [row.published for row in figures],
                "counted": [row.counted for row in figures],
                "source": [row.source for row in figures],
            },
            hide_index=True,
            alt="Figures of ImageNet and of the removal as published, and as counted from the tables.",
        )
