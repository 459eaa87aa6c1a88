"""Waiting for jobs: progress on the page while one is under way, and what a visitor waits for, which they may stop."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explainer.jobs import CancelledError, Job, Unavailable
from explainer.ui import session, streamlit_internals

Made = TypeVar("Made")

_PATIENCE, _FEW = 0.2, 5  # seconds that a script waits before it looks at its job again; longer after more others
_LONGEST = 2.0  # seconds: until it looks, a script sees no press, and does not find out that its page was closed
_KINDS, _ARRIVED = "waited_for", "arrived_at"


def want(kind: str, jobs: Sequence[Job[Any]]) -> None:
    """Note what of a kind this visitor waits for; what they waited for before is given up, and holds nobody up."""
    for job in reversed(wanted(kind)):  # the last first: where one waits for the other, none gets a turn for nothing
        if job not in jobs:
            job.cancel()
    st.session_state.setdefault(_KINDS, {})[kind] = list(jobs)


def wanted(kind: str) -> list[Job[Any]]:
    """The jobs of a kind that this visitor last waited for, whether or not they were stopped."""
    jobs: list[Job[Any]] = st.session_state.get(_KINDS, {}).get(kind, [])
    return jobs


def stop(*kinds: str) -> None:
    """Give up what this visitor waits for, or some kinds of it; what is done stays."""
    for kind in kinds or tuple(st.session_state.get(_KINDS, {})):
        for job in reversed(wanted(kind)):
            job.cancel()


def forget() -> None:
    """Give up all that this visitor waits for, and what was found for them: a job holds its result."""
    stop()
    st.session_state.pop(_KINDS, None)


def arrive(page: str) -> bool:
    """Note which page this visitor is on, and tell whether it is another; what they waited for there is given up."""
    arriving: bool = st.session_state.get(_ARRIVED) != page
    if arriving:
        stop()
    st.session_state[_ARRIVED] = page
    return arriving


def blank_until(*jobs: Job[Any]) -> Callable[[], DeltaGenerator]:
    """Makes the container for what these jobs find, at the place of this call; until they are done it is blank.

    What was drawn there before would stand until the script has drawn over it, below the progress of something else.
    """
    return st.container if all(job.done for job in jobs) else st.empty().container


def wait(job: Job[Made], doing: str, stop: Callable[[], None] | None = None, key: str | None = None) -> Made:
    """The job's result; meanwhile its progress, or its place in the queue, stands on the page, and about how long yet.

    Where there is `stop`, a button beside the bar calls it; `key` is the button's. A job that is given up meanwhile
    ends the script, or the fragment. Where a room opens or ends meanwhile, the page is drawn anew by its rules.
    """
    if streamlit_internals.session_id() is None:  # a worker asks
        return job.result()
    place = st.empty()
    bar = None
    ahead, allowed = job.place, session.allowed()
    while not job.wait(_patience(ahead)):
        ahead = job.place
        if bar is None:
            with place.container():
                bar = st.empty()
                if stop:
                    st.button("Stop", key=key, on_click=stop)
        bar.progress(job.progress, f"{doing}{_until(job, ahead)} …")
    if session.allowed() != allowed:
        st.rerun()
    try:
        result = job.result()
    except CancelledError:  # the visitor left, or forgot the photo
        place.caption("Stopped.")
        st.stop()
    except Unavailable as error:  # the next run asks again
        with place.container():
            st.warning(str(error))
            st.button("Try again", key=f"again_{key or doing}")
        st.stop()
    place.empty()
    return result


def _patience(ahead: int) -> float:
    return min(_LONGEST, _PATIENCE * max(1, ahead / _FEW))


def _until(job: Job[Any], ahead: int) -> str:
    """How many go before it, and about how many seconds it still takes where that can be told."""
    after = f", after {ahead} other {'task' if ahead == 1 else 'tasks'}" if ahead else ""
    left = job.seconds_left
    return after if left is None or left < 2 else f"{after}, about {left:.0f} s more"
