"""Who may do what: the one record of rooms, the rules of those that are on, and who gave the presenter's key."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import streamlit as st

from explainer import jobs
from explainer.jobs import Job, Worker, once
from explainer.ui import browser, streamlit_internals
from explainer.workshop import presenter_key, rooms, sqlite
from explainer.workshop.errors import Busy
from explainer.workshop.presenter_key import Gate, Later
from explainer.workshop.rooms import PRESETS, Preset
from explainer.workshop.sqlite import SQLiteStore
from explainer.workshop.store import Store

_FAILURES, _REFUSED, _FOLLOWED, _ASKED = "wrong_keys", "key_refused", "room_followed", "presenter_asked"
_AT_ONCE = 0.05  # seconds within which the rules are known as a rule: a pause ends behind what others compute
_SOON = 0.05, 0.5  # seconds after a change, when pages that do not show it are drawn
_LATE = 1.0  # seconds that the rules in force may be behind the record

UNKNOWN = replace(next(iter(PRESETS.values())), name="unknown")
"""The rules that hold where the record cannot be asked: the careful ones."""


@once
def store() -> Store:
    """The one record of rooms, for all visitors: in the file, or the database, that `EXPLAINER_DATA` names."""
    if (file := sqlite.path()) is not None:
        return SQLiteStore(file)
    from explainer.workshop.postgres import PostgresStore  # which needs what the extra "cluster" installs

    opened = PostgresStore(os.environ["EXPLAINER_DATA"])
    opened.told = _hear
    return opened


def follow(code: str, version: int) -> None:
    """Have this page drawn again once the stage of a room has another version, where the record tells of it."""
    st.session_state[_FOLLOWED] = code, version


def follow_nothing() -> None:
    """This page shows no room."""
    st.session_state.pop(_FOLLOWED, None)


FORGET = list[Callable[[str], None]]()
"""What this process forgets of a room, by its code, when it is deleted, here or by another process."""


def forget(code: str) -> None:
    """Forget what this process knows of a room that is deleted."""
    for each in FORGET:
        each(code)


def _hear(code: str, version: int) -> None:
    """Draw the pages that follow a room again, and once more those that were being drawn meanwhile."""
    if not version:  # it was deleted, perhaps by another process
        forget(code)
    for seconds in _SOON:
        streamlit_internals.run_again(_FOLLOWED, lambda drawn: drawn[0] == code and drawn[1] != version, seconds)


def in_memory_only() -> str:
    """What to add to "counted" where the record cannot be written: what a restart of the app would lose."""
    return "" if store().keeps else " (in the app's memory alone: it is gone when the app stops)"


def in_force() -> Preset | None:
    """The most careful rules of the rooms that are on, up to a second late; None where no room is on.

    Where the record does not say in time, the careful ones, which do no harm for a moment. Pages wait for that once.
    """
    for _ in range(2):
        job, until = _asked()
        if job.done:
            return job.result()
        if _late.is_set() or not job.wait(until - time.monotonic(), _AT_ONCE):
            _late.set()
            return UNKNOWN
        if time.monotonic() < until:  # else the wait ended behind what others compute, and a room may have opened
            return job.result()
    return UNKNOWN


def ask_again() -> None:
    """Have the rules in force asked for anew: those of this very moment count."""
    _rules.clear()


_late = threading.Event()
"""Whether the record did not answer in time when it was asked last."""


@once
def _asking() -> Worker[None]:
    """What asks for the rules: two threads, as one may wait for long."""
    return Worker(lambda: None, "rules", threads=2)


def _asked() -> tuple[Job[Preset | None], float]:
    """As `_rules`, and asked anew where they no longer count.

    Not by `ttl`: Streamlit looks at the clock twice, and raises KeyError where a result's time ends in between.
    """
    job, until = _rules()
    if time.monotonic() >= until:
        ask_again()
        job, until = _rules()
    return job, until


@st.cache_resource(show_spinner=False)
def _rules() -> tuple[Job[Preset | None], float]:
    """The rules in force, on their way, and until when they count."""
    until = time.monotonic() + _LATE
    return _asking().submit(lambda nothing, progress: _ask(until)), until


def _ask(until: float) -> Preset | None:
    try:
        return rooms.in_force(store()) if time.monotonic() < until else UNKNOWN  # it may have waited behind others
    except Busy:
        return UNKNOWN
    finally:
        if time.monotonic() < until:
            _late.clear()


@once
def gate() -> Gate:
    """What lets the presenter in; where the environment names no key, one is made and printed on the terminal."""
    try:
        key = presenter_key.presenter_key()
    except presenter_key.WeakKey as error:
        print(error)
        key = presenter_key.made_key()
    if key != os.environ.get("EXPLAINER_PRESENTER_KEY", "").strip():
        print(f"The presenter's key for workshops: {key}", flush=True)
    return Gate(key, _sleep)


def _sleep(seconds: float) -> None:
    """Sleep; whoever waits for a turn to compute does not wait for that."""
    with jobs.pauses.get()():
        time.sleep(seconds)


def may_download() -> bool:
    """Whether this visitor may have models downloaded: the presenter, and who sits at the server's own computer."""
    return is_presenter() or st.context.headers.get(browser.LOCAL) == "1"


def is_presenter() -> bool:
    """Whether this session, or another one of the same browser, has given the key, here or to another process."""
    return bool(st.session_state.get(browser.PRESENTER) or browser.recall(browser.PRESENTER) or _comes_from_another())


def _comes_from_another() -> bool:
    """Whether this browser gave the key to another process, which may be gone. A session asks the database once."""
    this = browser.identity()
    if this is None or not store().database or st.session_state.get(_ASKED):
        return False
    _asked()  # notes and projectors alone ask for no rules, and nothing else finds that the record answers again
    if _late.is_set():
        return False
    try:
        found = store().knows_presenter(gate().mark(this))
    except Busy:  # it is asked again once it answers
        _late.set()
        return False
    st.session_state[_ASKED] = True
    if found:
        browser.remember(browser.PRESENTER, True)
    return found


def give_key(key: str) -> None:
    """Make this session the presenter's, if the key is right."""
    failures = st.session_state.get(_FAILURES, 0)
    st.session_state.pop(_REFUSED, None)
    try:
        admitted = gate().admits(key, failures)
    except Later as error:
        st.session_state[_REFUSED] = str(error)
        return
    st.session_state[browser.PRESENTER] = admitted
    if admitted:
        browser.remember(browser.PRESENTER, True)
        if this := browser.identity():
            with suppress(Busy):  # then the presenter gives the key again, should this process end
                store().note_presenter(gate().mark(this))
    st.session_state[_FAILURES] = 0 if admitted else failures + 1
    if not admitted:
        st.session_state[_REFUSED] = "This is not the key. It stands where the app was started."


def refused() -> str | None:
    """Why the last key that this session gave did not let it in, as a sentence; None where nothing did."""
    found: str | None = st.session_state.get(_REFUSED)
    return found
