"""What is computed once for everybody, whoever asks first."""

import contextvars
import threading
from typing import Any

import pytest

from explainer import jobs
from explainer.imagenet import search
from explainer.ui import computed


@pytest.mark.parametrize("asked", ["_offered", "_strangers", "_ready"])
def test_what_everybody_waits_for_does_not_stand_in_the_line_of_who_asked_first(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, begin, done = jobs.Worker(list, "test"), threading.Event(), list[str]()
    for kind in ("_explainers", "_readers"):
        monkeypatch.setattr(computed, kind, lambda: worker)
    for kind in ("_explaining_by", "_reading_by"):
        monkeypatch.setattr(computed, kind, lambda *asked: lambda owned, progress: done.append("everybody's"))
    shared = getattr(computed, asked)

    def ask() -> jobs.Job[Any]:
        jobs.owner.set("192.0.2.1")
        jobs.member.set("asks for much")
        for _ in range(50):
            worker.submit(lambda owned, progress: (begin.wait(10), done.append("theirs")))
        job: jobs.Job[Any] = shared(*("person",) * (asked == "_offered"), "of nobody")
        return job

    job = contextvars.copy_context().run(ask)
    begin.set()
    job.result(10)
    shared.clear()
    assert done.index("everybody's") <= 2
    assert job.owner != "192.0.2.1"


def test_an_index_that_could_not_be_read_once_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> search.Index:
        raise MemoryError

    computed._index.clear()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(search, "load", fails)
        assert isinstance(computed._index().future.exception(10), MemoryError)
    monkeypatch.setattr(search, "load", search.of_words)
    assert computed._index().result(10) is search.of_words()
    computed._index.clear()
