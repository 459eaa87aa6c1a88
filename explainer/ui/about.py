"""What the app says of itself: its prose, with the figures counted, and the versions of what it is made of."""

import hashlib
import re
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np
import pyarrow as pa
import streamlit as st

from explainer.imagenet import masked_words, published, sources, vocabularies
from explainer.imagenet.taxonomy import DATA
from explainer.setup import files
from explainer.vision import cards, pipeline

_DISTRIBUTION = "imagenet-explainer"
_READING = 800  # pixels that a line of prose is wide


def prose() -> str:
    """The text of `data/about.md` as Markdown; the figures that can be counted are counted."""
    text = (DATA / "about.md").read_text(encoding="utf-8")
    return sources.cited(text.format(faces=pipeline.MOST_FACES, **published.figures()))


def text() -> None:
    """The prose, in lines of a length that can be read."""
    with st.container(width=_READING):
        st.markdown(prose())


def references() -> None:
    """All sources that the text names, in full."""
    named = sources.keys((DATA / "about.md").read_text(encoding="utf-8"))
    st.markdown(
        "\n".join(
            f"- {source.reference}. [{source.short}]({source.address})"
            for key, source in sources.load().items()
            if key in named
        )
    )


def versions() -> None:
    """The models, the data and the packages in use."""
    st.markdown("**Models**")
    st.dataframe(
        pa.Table.from_pylist(
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
            ]
        ),
        hide_index=True,
        alt="The models that read photos, with their sources and licences.",
    )
    detector = "YuNet" if files.path(files.YUNET) else "a Haar cascade, as the file of YuNet is not here"
    st.markdown(f"**Definitions** are read from {masked_words.dictionary()}. **Faces** are looked for by {detector}.")
    st.markdown("**Tables**")
    st.dataframe(
        _tables(),
        hide_index=True,
        column_config={"rows": st.column_config.NumberColumn(format="localized")},
        alt="The tables that figures and words are counted and read from, with the rows and the SHA-256 of each.",
    )
    st.markdown("**Packages**")
    st.dataframe(
        _packages(),
        hide_index=True,
        # Else the longest names and versions are cut off.
        column_config={
            "package": st.column_config.TextColumn(width=230),
            "version": st.column_config.TextColumn(width=90),
        },
        height="content",
        width="content",
        alt="The packages that the app is built on, with the versions in use.",
    )
    st.markdown("**Where the tables come from, and WordNet's licence**")
    _, text = (DATA / "SOURCES.md").read_text(encoding="utf-8").split("\n", maxsplit=1)  # its heading is said above
    with st.container(height=480):  # its table is wider than a phone
        st.markdown(text)


@cache
def _tables() -> pa.Table:
    """The tables of the package."""
    tables = sorted(file for file in DATA.iterdir() if file.suffix in (".csv", ".npz", ".txt"))
    return pa.Table.from_pylist(
        [
            {
                "table": file.name,
                "rows": _rows(file),
                "SHA-256": hashlib.sha256(file.read_bytes()).hexdigest(),
            }
            for file in tables
        ]
    )


def _rows(file: Path) -> int:
    """How many rows a table has; the first line of a CSV file names its columns, and one table is no text."""
    if file.suffix == ".npz":
        with np.load(file) as table:
            return len(table["wnids"]) if "wnids" in table else len(table.files)
    return len(file.read_text(encoding="utf-8").splitlines()) - (file.suffix == ".csv")


@cache
def _packages() -> pa.Table:
    """The packages that the app cannot run without, its own first."""
    required = [line for line in metadata.requires(_DISTRIBUTION) or () if "extra ==" not in line]
    names = (_DISTRIBUTION, *(re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in required))
    return pa.Table.from_pylist([{"package": name, "version": metadata.version(name)} for name in names])
