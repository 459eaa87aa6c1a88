"""Choices among a few visible options; a choice is kept while the visitor looks at other pages."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

Option = TypeVar("Option")


def one(
    label: str, options: Sequence[Option], key: str, named: Callable[[Option], str] = str, first: Option | None = None
) -> Option:
    """One of several; before the visitor chooses it is `first`, or without it the first option."""
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
    """Any number of several; before the visitor chooses it is what the session has under `key`, or none."""
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
    """The name of an option in the colour of the text.

    Without it a chosen option is green on a tint of the same green. In dark mode no green has a contrast of 4.5 to 1
    both on its own tint and under the white letters of a button.
    """
    return f":gray[{name}]"
