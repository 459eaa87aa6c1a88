"""The published figures beside the counted ones."""

import streamlit as st

from explainer.imagenet import published, removal, sources
from explainer.imagenet.published import Figure
from explainer.imagenet.removal import DROPPED, THRESHOLD
from explainer.ui import tables
from explainer.ui.markdown import plain
from explainer.ui.removal import sentences


def table() -> None:
    """The published figures beside the counted ones, and where they disagree."""
    figures = published.rows()
    compared = [row for row in figures if row.agrees is not None]
    differ = [row for row in compared if not row.agrees]
    st.markdown(f"Of {len(compared)} published figures that can be counted, {len(differ)} come out otherwise:")
    st.markdown(
        "\n".join(
            f"- {plain(row.figure)}: published **{row.published}**, counted **{row.counted}** "
            f":small[({sources.cite(row.sources)})]{_reason(row)}"
            for row in differ
        )
    )
    first, second, *_ = removal.steps()
    unsafe = second.removed
    st.markdown(
        "Articles differ more. Artforum ties the 600,040 images to the offensive categories alone; by the table these "
        f"hold {unsafe['offensive'].images:,}, and the sensitive ones {unsafe['sensitive'].images:,}. Artnet News puts "
        "the pictures of people at 1.2 million, Crawford and Paglen in The Art Newspaper at 1.5 million; the table has "
        f"{first.kept.images:,}."
    )
    st.markdown(sentences.corroborated())
    with st.expander("All of them"):
        st.dataframe(
            {
                "figure": [row.figure for row in figures],
                "published": [row.published for row in figures],
                "counted": [row.counted for row in figures],
                "source": [_named(row) for row in figures],
            },
            hide_index=True,
            height=tables.height(len(figures)),
            alt="Figures of ImageNet and of the removal as published, and as counted from the tables.",
        )


def _named(row: Figure) -> str:
    """The sources of a figure by their short names."""
    return "; ".join(sources.load()[key].short for key in row.sources) or "counted"


def _reason(row: Figure) -> str:
    """Why a figure may have been published as it was, as far as another rule gives it, as a sentence."""
    above = len(removal.what_if(DROPPED, THRESHOLD, strict=True).removed)
    if row.figure != published.GONE or row.published != f"{above:,}":
        return ""
    return f"  \n  {above:,} would be gone had imageability been asked to be above {THRESHOLD:g}, not at least that."
