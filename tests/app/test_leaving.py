"""Visitors who leave: the work that was meant for them ends, and what was computed for them is gone."""

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakSet

import pytest
from streamlit.runtime import caching
from streamlit.testing.v1 import AppTest

from explainer.attribution import explain
from explainer.attribution.explain import Target
from explainer.jobs import CancelledError, Job, Worker
from explainer.ui import computed, waiting
from explainer.vision import cards, faces, samples

pytestmark = pytest.mark.slow

STEPS = 3_000  # half a minute
SECONDS = 60


class Steps:
    """Work of many steps, each told like Captum's passes; `begun` once it runs, `ended` by whatever."""

    def __init__(self) -> None:
        self.begun, self.ended = threading.Event(), threading.Event()

    def __call__(self, *arguments: Any) -> None:
        report: Callable[[float], None]
        *_, report = arguments
        self.begun.set()
        try:
            for step in range(STEPS):
                report(step / STEPS)
                self.ended.wait(0.01)
        finally:
            self.ended.set()


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """In the place of an explanation."""
    steps = Steps()
    monkeypatch.setattr(explain, "explain_crop", steps)
    return steps


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker[Any]]:
    """In the place of the one that explains, with no module to load."""
    worker: Worker[Any] = Worker(faces.load, "explainer")
    monkeypatch.setattr(computed, "_explainers", lambda: worker)
    yield worker
    worker.submit(lambda detector, progress: None).result(SECONDS)  # what was given up has ended


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Call it with a name to go on as that visitor's session."""
    current = ["nobody"]
    names = set()

    def as_session(name: str) -> None:
        names.add(name)
        current[0] = name

    monkeypatch.setattr("streamlit.runtime.caching.cache_resource_api.get_session_id_or_throw", lambda: current[0])
    yield as_session
    for name in names:
        caching.clear_session_resource_cache(name)


def ask(wnid: str) -> Job[Any]:
    photo = samples.read("astronaut")
    method = "integrated-gradients"
    settings = explain.METHODS[method].settings
    return computed._attribution(
        photo.digest, None, Target("person", wnid), method, settings, cards.DEFAULT, photo, None
    )


@pytest.mark.usefixtures("worker")
def test_who_leaves_gives_up_the_explanation_that_runs_and_those_that_wait(
    steps: Steps, session: Callable[[str], None]
) -> None:
    session("first")
    running, waiting = ask("n00000001"), ask("n00000002")
    session("second")
    other = ask("n00000003")
    assert steps.begun.wait(SECONDS)
    assert (running.place, waiting.place, other.place) == (0, 1, 2)
    caching.clear_session_resource_cache("first")  # what Streamlit does when a page is closed

    assert steps.ended.wait(SECONDS)
    for job in (running, waiting):
        with pytest.raises(CancelledError):
            job.result(SECONDS)
    assert other.place == 0
    assert other.wanted()


@pytest.mark.usefixtures("worker")
def test_who_stays_keeps_the_explanation_when_another_leaves(steps: Steps, session: Callable[[str], None]) -> None:
    session("first")
    mine = ask("n00000001")
    assert steps.begun.wait(SECONDS)
    session("second")
    ask("n00000001")
    caching.clear_session_resource_cache("second")
    session("first")

    assert ask("n00000001") is mine
    assert mine.wanted()
    assert not steps.ended.is_set()


@pytest.mark.usefixtures("worker")
def test_each_visitor_has_a_job_of_their_own_for_the_same_photo(steps: Steps, session: Callable[[str], None]) -> None:
    session("first")
    mine = ask("n00000001")
    session("second")

    assert ask("n00000001") is not mine
    session("first")
    assert ask("n00000001") is mine  # the control: within a session it is kept


class Found:
    """What an explanation found; it can be told whether it is still there."""


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Explanations find something at once; call it for how much of that is still there."""
    kept: WeakSet[Found] = WeakSet()

    def find(*arguments: Any) -> Found:
        found = Found()
        kept.add(found)
        return found

    monkeypatch.setattr(explain, "explain_crop", find)

    def number() -> int:
        gc.collect()
        return len(kept)

    return number


@pytest.mark.usefixtures("worker")
def test_of_many_explanations_the_last_are_kept_and_none_of_who_left(
    found: Callable[[], int], session: Callable[[str], None]
) -> None:
    session("first")
    for number in range(50):
        ask(f"n{number:08}").result(SECONDS)
    assert found() == 32
    session("second")
    ask("n00000001").result(SECONDS)
    assert found() == 33
    caching.clear_session_resource_cache("first")
    assert found() == 1


def test_what_is_given_up_while_a_page_waits_for_it_ends_the_page_without_an_error() -> None:
    def page() -> None:
        import time

        import streamlit as st

        from explainer.jobs import Progress, Worker
        from explainer.ui import waiting

        def work(nothing: None, progress: Progress) -> None:
            while True:
                progress(0.5)
                time.sleep(0.01)

        st.markdown("before")
        job = Worker(lambda: None, "given up").submit(work)
        job.cancel()
        waiting.wait(job, "Waiting")
        st.markdown("after")

    app = AppTest.from_function(page, default_timeout=SECONDS).run()
    assert not app.exception
    assert [text.value for text in app.markdown] == ["before"]
    assert [caption.value for caption in app.caption] == ["Stopped."]


def test_a_script_looks_at_its_job_every_two_seconds_however_many_go_before_it() -> None:
    assert waiting._patience(0) == waiting._patience(5) == 0.2
    assert waiting._patience(30) == pytest.approx(1.2)
    assert waiting._patience(5000) == 2
