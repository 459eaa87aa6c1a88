"""The steps of the removal, from release to release."""

from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING

import streamlit as st

from explainer.charts import removal as removal_charts
from explainer.imagenet import catalogue, published, removal, subtrees
from explainer.imagenet.vocabularies import RELEASES
from explainer.ui import chart_frame, options

if TYPE_CHECKING:
    import plotly.graph_objects as go


def measure() -> str:
    """What the visitor wants counted, by its name in subtrees.MEASURES."""
    return options.one("Count", list(subtrees.MEASURES), "counted", first="categories")


def show() -> None:
    """The steps, counted as the visitor asks."""
    _waterfall(measure())


def _waterfall(measure: str) -> None:
    """The steps of the removal as a waterfall, and what was announced in 2019 beside what was published of it."""
    steps, size = removal.steps(), attrgetter(measure)
    chart_frame.draw(
        figure(measure),
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


@cache
def figure(measure: str) -> "go.Figure":
    """The waterfall, which is the same for everybody: it takes longer to make than all else of the page."""
    steps, size = removal.steps(), attrgetter(measure)
    before, announced, after = steps
    counted, announced_then = f"{size(announced.together):,}", published.figure(published.UNSAFE[measure]).published
    beside = "as published" if announced_then == counted else f"published: {announced_then}"
    return removal_charts.waterfall(
        steps,
        measure,
        f"Of {size(before.kept):,} {measure}, {size(after.kept):,} were left",
        f"{counted} offensive or sensitive ({beside}),<br>"
        f"then {size(after.together):,} hard to picture<br>{chart_frame.CREDIT}",
    )


def _announced() -> str:
    """What was announced in 2019, as counted and as published, as sentences."""
    _, announced, _ = removal.steps()
    categories, images = (published.figure(published.UNSAFE[measure]) for measure in ("categories", "images"))
    return (
        f"Offensive and sensitive together: {announced.together.categories:,} categories (published: "
        f"{categories.published}) with {announced.together.images:,} images (published: {images.published}). For "
        "figures that differ, see the part “Published figures”."
    )


def _steps_as_csv() -> str:
    rows: list[tuple[object, ...]] = []
    for step in removal.steps():
        fates = (("kept", step.kept), *step.removed.items(), ("removed, together", step.together))
        rows += [(step.release, fate, extent.categories, extent.images) for fate, extent in fates]
    _, announced, _ = removal.steps()
    said = (published.figure(name).published.replace(",", "") for name in published.UNSAFE.values())
    rows.append((announced.release, "removed, together, as published", *said))
    return catalogue.as_csv(("release", "fate", "categories", "images"), rows)
