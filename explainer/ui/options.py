"""Choices among a few visible options, numbers, and what was clicked on; choices are kept on other pages.

What a browser sends that is no option, or beyond a range, is as nobody had chosen, or the nearest that can be.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict, TypeVar, Unpack

import streamlit as st

Option = TypeVar("Option")
Number = TypeVar("Number", int, float)


class Look(TypedDict, total=False):
    """How a slider looks, as `st.slider` has it."""

    step: float
    format: str
    width: int


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
    return chosen if chosen in options else options[0] if first is None else first


def amount(
    label: str, lowest: float, highest: float, key: str, first: float | None = None, **look: Unpack[Look]
) -> float:
    """A number on a slider; before the visitor moves it is `first`, or without it what the session has under `key`."""
    chosen: float = st.slider(label, lowest, highest, first, key=key, persist_state="session", **look)
    return within(chosen, lowest, highest)


def within(number: Number, lowest: Number, highest: Number) -> Number:
    """The number itself, or the end of the range that it is beyond."""
    return min(max(number, lowest), highest)


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


def field(key: str) -> str:
    """The id of the field of a chart that was clicked on, as the browser says; "" for none."""
    found = _first(key, "points")
    named = found.get("id") if isinstance(found, Mapping) else None
    return named if isinstance(named, str) else ""


def row(key: str) -> int | None:
    """The number of the row of a table that was chosen, from 0, as the browser says; None for none."""
    found = _first(key, "rows")
    return found if type(found) is int and found >= 0 else None


def _first(key: str, kind: str) -> object:
    """The first that is selected of a kind; None where nothing is, or what the browser sent is no selection."""
    try:
        return st.session_state[key]["selection"][kind][0]
    except (KeyError, TypeError, IndexError, AttributeError):
        return None


def readable(name: str) -> str:
    """The name of an option in the colour of the text.

    Without it a chosen option is green on a tint of the same green. In dark mode no green has a contrast of 4.5 to 1
    both on its own tint and under the white letters of a button.
    """
    return f":gray[{name}]"
