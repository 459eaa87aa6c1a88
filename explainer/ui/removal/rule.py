"""The rule, in the visitor's hands."""

from operator import attrgetter
from typing import get_args

import streamlit as st

from explainer.charts import removal as removal_charts
from explainer.imagenet import catalogue, published, removal, sources, taxonomy, vocabularies
from explainer.imagenet.removal import DROPPED, HIGHEST, LOWEST, THRESHOLD, RuleOutcome
from explainer.imagenet.taxonomy import Safety
from explainer.imagenet.vocabularies import person_categories
from explainer.ui import chart_frame, options
from explainer.ui.removal import lists, sentences


def show() -> None:
    """The rule that was used, in a sentence, and controls to make another."""
    st.markdown(
        "ImageNet dropped what its annotators found offensive or sensitive. Of the rest it kept what workers rated 4 "
        "of 5 or more when asked how easy it is to picture. Draw the lines elsewhere, and see who crosses them."
    )
    _own()


@st.fragment
def _own() -> None:
    """A rule of the visitor's making, what it would keep, and how that differs from what was done."""
    for key, value in _OWN_RULE.items():  # no defaults of the widgets: they may not be set as well
        st.session_state.setdefault(key, value)
    ask, answer = st.columns([2, 3], gap="medium")
    with ask:
        drop: list[Safety] = options.several("Drop what is", get_args(Safety), "drop")
        threshold = options.amount("Keep words rated at least", LOWEST, HIGHEST, "threshold", step=0.1)
        strict = st.toggle("Strictly above it", key="strict", persist_state="session")
        outcome = removal.what_if(drop, threshold, strict)
        _metrics(outcome)
        st.markdown(_compared(outcome))
        if outcome.returned or outcome.lost or strict:
            st.button("Back to ImageNet's own rule", key="own_rule", on_click=_own_rule)
    with answer:
        _histogram(outcome, threshold, strict)
    lists.links("Kept by this rule, though they were removed", removal.by_images(outcome.returned), "returned")
    lists.links("Removed by this rule, though they were kept", removal.by_images(outcome.lost), "lost")
    chart_frame.below(
        "what-if",
        lambda: _outcome_as_csv(outcome),
        "All person categories: what this rule does with each, and what was done.",
        "Categories (CSV)",
    )


_OWN_RULE = {"drop": list(DROPPED), "threshold": THRESHOLD, "strict": False}  # by the keys of its widgets


def _own_rule() -> None:
    st.session_state.update(_OWN_RULE)


def _outcome_as_csv(outcome: RuleOutcome) -> str:
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


def _metrics(outcome: RuleOutcome) -> None:
    kept, done = removal.extent(outcome.kept), removal.extent(person_categories(vocabularies.NEWEST))
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


def _compared(outcome: RuleOutcome) -> str:
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
    gone = published.figure(published.GONE)
    if f"{len(outcome.removed):,}" == gone.published:
        sentences.append(
            f"Of the people it keeps {len(outcome.kept):,} and removes {gone.published}: the number that "
            f"{sources.cite(gone.sources)} gives for the removal. "
            f"The lists of the two releases differ by {gone.counted}."
        )
    return " ".join(sentences)


def _histogram(outcome: RuleOutcome, threshold: float, strict: bool) -> None:
    bins = removal.histogram(outcome.kept)
    rated = sum(each.categories for each in bins)
    kept = sum(sum(each.kept.values()) for each in bins)
    lines = {sentences.line(THRESHOLD, False, "ImageNet's, 2021"): THRESHOLD}
    if threshold != THRESHOLD or strict:
        lines[sentences.line(threshold, strict, "yours")] = threshold
    middle, highest = (LOWEST + HIGHEST) / 2, max(bins, key=attrgetter("categories"))
    lower = sum(each.categories for each in bins if each.high <= middle)
    title = sentences.cut(kept, rated, threshold, strict)
    chart_frame.draw(
        removal_charts.imageability(
            bins,
            lines,
            title,
            f"Rated words, 1 to 5; hatched: removed by this rule<br>{chart_frame.CREDIT}",
        ),
        "imageability",
        f"Bars: how many person categories of each safety class were rated how easy to picture. "
        f"{title.replace('<br>', ' ')}. "
        f"{lower:,} of {rated:,} are below {middle:g}, the middle of the scale; the highest bar, "
        f"{highest.low:g} to {highest.high:g}, has {highest.categories:,}. Marked by a line: {'; and '.join(lines)}.",
    )
    chart_frame.below(
        "imageability",
        lambda: catalogue.as_csv(
            ("from", "to", *(f"{safety}, {fate}" for fate in ("kept", "removed") for safety in bins[0].kept)),
            ((each.low, each.high, *each.kept.values(), *each.removed.values()) for each in bins),
        ),
        f"{chart_frame.SOURCE} Imageability: mean of workers' ratings, 1 to 5. The offensive categories have none.",
    )
