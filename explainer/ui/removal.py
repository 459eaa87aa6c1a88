"""The removal, drawn: its steps and releases, a rule to choose, what stayed and went, and what still names it."""

from collections.abc import Callable, Sequence
from importlib import metadata
from operator import attrgetter
from typing import get_args

import streamlit as st

from explainer.charts import removal as removal_charts
from explainer.imagenet import catalogue, removal, subtrees, taxonomy, vocabularies, words
from explainer.imagenet.removal import DROPPED, HIGHEST, LOWEST, ORDERS, REASONS, THRESHOLD, Branch, Outcome, Published
from explainer.imagenet.taxonomy import Safety
from explainer.imagenet.vocabularies import RELEASES, VOCABULARIES, person_categories
from explainer.imagenet.words import Context
from explainer.ui import category_card, chart_frame, computed, options, session
from explainer.ui.category_card import plain

_FIRST, _MOST = 12, 60  # how many links of a list are shown at first, and how many of a long one at all
_BRANCHES = 12  # how many branches are drawn at first

_SECTIONS = {
    "steps": "The steps",
    "rule": "The rule, in your hands",
    "kept": "What stayed, and what went",
    "afterlife": "The afterlife",
    "history": "How it came about",
    "published": "As published, and as counted",
    "photo": "Your photo, before and after",
}


def sections() -> None:
    """Links to the sections of the page."""
    st.markdown(" · ".join(f"[{title}](#{anchor})" for anchor, title in _SECTIONS.items()))


def section(anchor: str) -> None:
    """The heading of a section, by its place in the address."""
    st.header(_SECTIONS[anchor], anchor=anchor)


def measure() -> str:
    """What the visitor wants counted, by its name in maps.MEASURES."""
    return options.one("Count", list(subtrees.MEASURES), "counted", first="categories")


def steps(measure: str) -> None:
    """The steps of the removal as flows, and what was announced in 2019 beside what was published of it."""
    steps, size = removal.steps(), attrgetter(measure)
    before, announced, after = steps
    published = removal.said(removal.UNSAFE[measure]).published
    chart_frame.draw(
        removal_charts.waterfall(
            steps,
            measure,
            f"Of {size(before.kept):,} {measure}, {size(after.kept):,} were left",
            f"{size(announced.together):,} offensive or sensitive (published: {published}),<br>"
            f"then {size(after.together):,} not imageable<br>{chart_frame.CREDIT}",
        ),
        "removal-steps",
        "Bars from release to release, and what was removed in between. "
        + " ".join(
            "".join(f"Removed as {why}: {size(gone):,}. " for why, gone in step.removed.items() if size(gone))
            + f"{RELEASES[step.release].title}: {size(step.kept):,} {measure} of people."
            for step in steps
        )
        + f" {_announced()}",
    )
    st.markdown(_announced())
    chart_frame.below("removal-steps", _steps_as_csv)


def _announced() -> str:
    """What was announced in 2019, as counted and as published, as sentences."""
    _, announced, _ = removal.steps()
    categories, images = (removal.said(removal.UNSAFE[measure]) for measure in ("categories", "images"))
    return (
        f"Offensive and sensitive together: {announced.together.categories:,} categories (published: "
        f"{categories.published}) with {announced.together.images:,} images (published: {images.published}). Other "
        "figures that differ: “As published, and as counted”, below."
    )


def _steps_as_csv() -> str:
    rows: list[tuple[object, ...]] = []
    for step in removal.steps():
        fates = (("kept", step.kept), *step.removed.items(), ("removed, together", step.together))
        rows += [(step.release, fate, extent.categories, extent.images) for fate, extent in fates]
    _, announced, _ = removal.steps()
    published = (removal.said(figure).published.replace(",", "") for figure in removal.UNSAFE.values())
    rows.append((announced.release, "removed, together, as published", *published))
    return catalogue.as_csv(("release", "fate", "categories", "images"), rows)


@st.fragment
def rule() -> None:
    """A rule of the visitor's making, what it would keep, and how that differs from what was done."""
    for key, value in _OWN_RULE.items():  # no defaults of the widgets: they may not be set as well
        st.session_state.setdefault(key, value)
    ask, answer = st.columns([2, 3], gap="large")
    with ask:
        drop: list[Safety] = options.several("Drop what is", get_args(Safety), "drop")
        threshold = st.slider(
            "Keep from this imageability on", LOWEST, HIGHEST, step=0.1, key="threshold", persist_state="session"
        )
        strict = st.toggle("Strictly above it", key="strict", persist_state="session")
        outcome = removal.what_if(drop, threshold, strict)
        _metrics(outcome)
        st.markdown(_compared(outcome))
        if outcome.returned or outcome.lost or strict:
            st.button("Back to ImageNet's own rule", key="own_rule", on_click=_own_rule)
    with answer:
        _histogram(outcome, threshold, strict)
    _links("Kept by this rule, though they were removed", removal.by_images(outcome.returned), "returned")
    _links("Removed by this rule, though they were kept", removal.by_images(outcome.lost), "lost")
    chart_frame.below(
        "what-if",
        lambda: _outcome_as_csv(outcome),
        "All person categories: what this rule does with each, and what was done.",
    )


_OWN_RULE = {"drop": list(DROPPED), "threshold": THRESHOLD, "strict": False}  # by the keys of its widgets


def _own_rule() -> None:
    st.session_state.update(_OWN_RULE)


def _outcome_as_csv(outcome: Outcome) -> str:
    tree = taxonomy.load()
    return catalogue.as_csv(
        ("wnid", "words", "images", "safety", "imageability", "by this rule", "what was done"),
        (
            (
                wnid,
                chart_frame.caption(wnid).words,
                tree[wnid].images,
                tree[wnid].safety,
                tree[wnid].imageability,
                "kept, never rated" if wnid in outcome.not_rated else "kept" if wnid in outcome.kept else "removed",
                vocabularies.status(wnid),
            )
            for wnid in removal.by_images(outcome.kept | outcome.removed)
        ),
    )


def _metrics(outcome: Outcome) -> None:
    kept, done = removal.extent(outcome.kept), removal.extent(person_categories("winter-2021"))
    for column, title in zip(st.columns(2), ("categories", "images"), strict=True):
        size = attrgetter(title)
        column.metric(
            f"{title} kept".capitalize(),
            f"{size(kept):,}",
            _difference(size(kept) - size(done)),
            delta_color="off",
            delta_arrow="off",
        )


def _difference(more: int) -> str:
    return f"{abs(more):,} {'more' if more > 0 else 'fewer'} than in 2021" if more else "as many as in 2021"


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
    gone = removal.said(removal.GONE)
    if f"{len(outcome.removed):,}" == gone.published:
        sentences.append(
            f"Of the people it keeps {len(outcome.kept):,} and removes {gone.published}: the number that "
            f"{gone.source.split(';')[0]} give for the removal. The lists of the two releases differ by {gone.counted}."
        )
    return " ".join(sentences)


def _histogram(outcome: Outcome, threshold: float, strict: bool) -> None:
    bins = removal.histogram(outcome.kept)
    rated = sum(each.categories for each in bins)
    kept = sum(sum(each.kept.values()) for each in bins)
    at, above = (len(removal.what_if(DROPPED, THRESHOLD, over).kept) for over in (False, True))
    lines = {f"2021, from {THRESHOLD:g}: {at:,} kept;<br>above {THRESHOLD:g}: {above:,}": THRESHOLD}
    if threshold != THRESHOLD or strict:
        lines[f"{'>' if strict else 'from'} {threshold:g}: yours"] = threshold
    low = sum(each.categories for each in bins if each.high <= THRESHOLD)
    middle, highest = (LOWEST + HIGHEST) / 2, max(bins, key=attrgetter("categories"))
    lower = sum(each.categories for each in bins if each.high <= middle)
    chart_frame.draw(
        removal_charts.imageability(
            bins,
            lines,
            f"{low:,} of {rated:,} are rated below {THRESHOLD:g}",
            f"Of all rated this rule keeps {kept:,}; hatched: removed<br>{chart_frame.CREDIT}",
        ),
        "imageability",
        f"Bars: how many person categories of each safety class were rated how imageable. {low:,} of {rated:,} are "
        f"below {THRESHOLD:g}; {lower:,} below {middle:g}, the middle of the scale; the highest bar, "
        f"{highest.low:g} to {highest.high:g}, has {highest.categories:,}. This rule keeps {kept:,}. "
        f"Marked by a line: {'; and '.join(line.replace('<br>', ' ') for line in lines)}.",
    )
    chart_frame.below(
        "imageability",
        lambda: catalogue.as_csv(
            ("from", "to", *(f"{safety}, {fate}" for fate in ("kept", "removed") for safety in bins[0].kept)),
            ((each.low, each.high, *each.kept.values(), *each.removed.values()) for each in bins),
        ),
        f"{chart_frame.SOURCE} Imageability: mean of workers' ratings, 1 to 5. The offensive categories have none.",
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
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown(f"**{title}**")
        more = f"Show all {most}" if most == len(wnids) else f"Show {most} of {len(wnids):,}"
        if len(wnids) > _FIRST and not st.toggle(more, key=f"more_{key}"):
            most = _FIRST
    shown = wnids[:most]
    with st.container(horizontal=True, gap="small"):
        for wnid, name in zip(shown, _names(shown), strict=True):
            category_card.link(wnid, plain(name), detail(wnid) if detail else f"{tree[wnid].images:,} images")


def _names(wnids: Sequence[str]) -> list[str]:
    """The names of categories that stand together, as far as the visitor asked to see them."""
    return words.names([session.caption(wnid, Context.TREE) for wnid in wnids])


@st.fragment
def branches() -> None:
    """The branches of the tree by what was removed of them."""
    st.markdown("**The branches**")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        order = options.one("In the order of", list(ORDERS), "branch_order")
        every = sorted(removal.branches(), key=ORDERS[order])  # a stable sort: equals stay hardest hit first
        whole = st.toggle(f"All {len(every)} branches", key="all_branches", persist_state="session")
    shown = every if whole else every[:_BRANCHES]
    lost = sum(branch.share == 1 for branch in every)
    which = f"all {len(every)}" if whole else f"{len(shown)} of {len(every)}"
    title = f"{lost} of {len(every)} branches lost every category"
    if order == "spared most":
        title = f"Even of the branch spared most {every[0].share:.0%} went"
    chart_frame.draw(
        removal_charts.branches(
            shown, chart_frame.caption, title, f"{which}, {order} first; categories<br>{chart_frame.CREDIT}"
        ),
        "branches",
        f"Bars: what was removed of each branch, and why. {title}. "
        + "; ".join(f"{chart_frame.caption(branch.wnid).name}: {_share(branch)}" for branch in shown)
        + ".",
    )
    chart_frame.below("branches", lambda: _branches_as_csv(every), f"{chart_frame.SOURCE} {_overlap(every)}")
    with st.container(horizontal=True, gap="small"):
        for branch, name in zip(shown, _names([branch.wnid for branch in shown]), strict=True):
            category_card.link(branch.wnid, plain(name), _share(branch))


def _share(branch: Branch) -> str:
    return f"{branch.share:.0%} of {branch.below.categories:,}"


def _overlap(every: Sequence[Branch]) -> str:
    least = min(branch.below.categories for branch in every)
    return f"Branches with {least} categories below and more; they overlap where a category has several parents."


def _branches_as_csv(every: Sequence[Branch]) -> str:
    return catalogue.as_csv(
        ("wnid", "words", "categories", "images", "share removed", *(f"removed, {reason}" for reason in REASONS)),
        (
            (
                branch.wnid,
                chart_frame.caption(branch.wnid).words,
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
    chart_frame.draw(
        removal_charts.afterlife(
            named, title, "Person categories by vocabulary<br>Source: the lists as published or in timm"
        ),
        "afterlife",
        f"Bars: the person categories of each vocabulary, kept and removed. {title}. The table below says the same.",
    )
    numbers = _afterlife()
    chart_frame.below(
        "afterlife",
        lambda: catalogue.as_csv(numbers, zip(*numbers.values(), strict=True)),
        f"{chart_frame.SOURCE} The vocabularies are read from timm {metadata.version('timm')}, that of YOLO9000 from "
        "its authors' file; the table says whose each is.",
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
        "source": [vocabulary.source for vocabulary in VOCABULARIES.values()],
    }


# Beside the rest of the page, which does not wait for timm.
@st.fragment(parallel=True)
def _models() -> None:
    """The vocabularies as a table, and the models that answer with each."""
    models = computed.models()
    numbers = _afterlife()
    source = numbers.pop("source")
    numbers |= {"models in timm": [len(models[name]) for name in VOCABULARIES], "source": source}
    st.dataframe(
        numbers,
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="localized")
            for name, column in numbers.items()
            if isinstance(column[0], int)
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
            f":small[({plain(row.source)})]{_reason(row)}"
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


def _reason(row: Published) -> str:
    """Why a figure may have been published as it was, as far as another rule gives it, as a sentence."""
    above = len(removal.what_if(DROPPED, THRESHOLD, strict=True).removed)
    if row.figure != removal.GONE or row.published != f"{above:,}":
        return ""
    return f"  \n  {above:,} would be gone had imageability been asked to be above {THRESHOLD:g}, not at least that."
