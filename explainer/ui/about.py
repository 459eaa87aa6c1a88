"""What the app says of itself: its prose, with the figures counted, and the versions of what it is made of."""

import re
from importlib import metadata

import streamlit as st

from explainer import cards, removal, roulette, vocabularies
from explainer.taxonomy import DATA

_DISTRIBUTION = "imagenet-explainer"
_READING = 800  # pixels that a line of prose is wide


def prose() -> str:
    """The text of `data/about.md` as Markdown; the figures that can be counted are counted."""
    text = (DATA / "about.md").read_text(encoding="utf-8")
    return text.format(faces=roulette.MOST_FACES, **removal.figures())


def text() -> None:
    """The prose, in lines of a length that can be read."""
    with st.container(width=_READING):
        st.markdown(prose())


def versions() -> None:
    """The models, the data and the packages in use."""
    st.markdown("**Models**")
    st.dataframe(
        [
            {
                "model": card.title,
                "source": card.source,
                "paper": card.paper,
                "answers with": vocabularies.VOCABULARIES[card.labels].title,
                "licence": card.licence,
                "SHA-256 of its weights": card.weights.sha256 or "not published",
                "here": card.present,
            }
            for card in cards.load_all()
        ],
        hide_index=True,
        alt="The models that read photos, with their sources and licences.",
    )
    st.markdown("**Packages**")
    packages = _packages()
    st.dataframe(
        {"package": packages, "version": [metadata.version(package) for package in packages]},
        hide_index=True,
        height="content",
        width="content",
        alt="The packages that the app is built on, with the versions in use.",
    )
    with st.expander("The tables that the figures are counted from, and WordNet's licence"):
        _, text = (DATA / "SOURCES.md").read_text(encoding="utf-8").split("\n", maxsplit=1)  # its heading is said above
        with st.container(height=480):  # its table is wider than a telephone
            st.markdown(text)


def _packages() -> list[str]:
    """Names of the packages that the app cannot run without, its own first."""
    required = [line for line in metadata.requires(_DISTRIBUTION) or () if "extra ==" not in line]
    return [_DISTRIBUTION, *(re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in required)]
