"""Who may do what: the one record of rooms, the rules of those that are on, and who gave the presenter's key."""

import os

import streamlit as st

from explainer.jobs import once
from explainer.workshop import presenter_key, rooms
from explainer.workshop import store as keeping
from explainer.workshop.presenter_key import Gate
from explainer.workshop.rooms import PRESETS, Preset
from explainer.workshop.store import Busy, Store

_PRESENTER, _FAILURES = "presenter", "wrong_keys"
_LATE = 2.0  # seconds that the rules in force may be behind the record


@once
def store() -> Store:
    """The one record of rooms, for all visitors."""
    return Store(keeping.path())


@st.cache_resource(show_spinner=False, ttl=_LATE)
def in_force() -> Preset | None:
    """The most careful rules of the rooms that are on, a few seconds late; None where no room is on."""
    try:
        return rooms.in_force(store())
    except Busy:  # nobody knows, and the careful ones do no harm for a moment
        return next(iter(PRESETS.values()))


@once
def gate() -> Gate:
    """What lets the presenter in; where the environment names no key, one is made and printed on the terminal."""
    try:
        key = presenter_key.presenter_key()
    except presenter_key.KeyTooShort as error:
        print(error)
        key = presenter_key.made_key()
    if key != os.environ.get("EXPLAINER_PRESENTER_KEY", "").strip():
        print(f"The presenter's key for workshops: {key}", flush=True)
    return Gate(key)


def is_presenter() -> bool:
    """Whether this session has given the key."""
    return bool(st.session_state.get(_PRESENTER))


def give_key(key: str) -> None:
    """Make this session the presenter's, if the key is right."""
    failures = st.session_state.get(_FAILURES, 0)
    admitted = gate().admits(key, failures)
    st.session_state[_PRESENTER] = admitted
    st.session_state[_FAILURES] = 0 if admitted else failures + 1


def gave_wrong_key() -> bool:
    """Whether the last key that this session gave was wrong."""
    return bool(st.session_state.get(_FAILURES))
