"""Choices among a few, all of which are seen, and which stay while the visitor looks at other pages."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

Option = TypeVar("Option")


def one(
    label: str, options: Sequence[Option], key: str, named: Callable[[Option], str] = str, first: Option | None = None
) -> Option:
    """One of several; at first the `first`, or where that is None the first of them."""
    chosen: Option = st.segmented_control(
        label,
        options,
        default=options[0] if first is None else first,
        required=True,
        format_func=lambda option: readable(named(option)),
        key=key,
        persist_state="session",
        wrap=True,
    )
    return chosen


def several(label: str, options: Sequence[Option], key: str) -> list[Option]:
    """Any number of several, at first what the session has under the key, or none."""
    chosen: list[Option] = st.pills(
        label,
        options,
        selection_mode="multi",
        format_func=lambda option: readable(str(option)),
        key=key,
        persist_state="session",
        wrap=True,
    )
    return chosen


def readable(name: str) -> str:
    """The name of an option in the colour of texts.

    Without it a chosen one is green on a tint of the same green: in the dark no green can be read on its own tint at
    4.5 to 1 and carry the white letters of a button as well.
    """
    return f":gray[{name}]"
