"""What still names the removed."""

from importlib import metadata

import streamlit as st

from explainer.charts import removal as removal_charts
from explainer.imagenet import catalogue, vocabularies
from explainer.imagenet.vocabularies import VOCABULARIES
from explainer.ui import chart_frame, computed, tables
from explainer.ui.markdown import plain
from explainer.ui.removal import sentences


def show() -> None:
    """What the vocabularies of models still name of the removed, and the models that answer with each."""
    st.markdown(
        "To remove a category from a data set does not remove it from what was trained on it. These are lists of "
        "categories that models answer with."
    )
    named = {VOCABULARIES[name].title: vocabularies.afterlife(name) for name in VOCABULARIES}
    title = sentences.afterlife(named.values())
    chart_frame.draw(
        removal_charts.afterlife(
            named, title, "Person categories by vocabulary<br>Source: the lists as published or in timm"
        ),
        "afterlife",
        f"Bars: the person categories of each vocabulary, kept and removed. {title}. The table below says the same.",
    )
    st.markdown(sentences.competition(vocabularies.afterlife("imagenet-1k")))
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
        height=tables.height(len(VOCABULARIES)),
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
