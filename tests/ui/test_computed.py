"""What is computed once for everybody, whoever asks first."""

import contextvars
import threading
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from explainer import jobs, limits
from explainer.attribution.explain import Target
from explainer.imagenet import search
from explainer.imagenet.vocabularies import OLDEST
from explainer.ui import computed, waiting
from explainer.vision import cards, faces, pipeline, samples
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reader


@pytest.mark.parametrize("asked", ["_offered", "_strangers", "_ready"])
def test_what_everybody_waits_for_does_not_stand_in_the_line_of_who_asked_first(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, begin, done = jobs.Worker(list, "test"), threading.Event(), list[str]()
    for kind in ("_explainers", "_readers"):
        monkeypatch.setattr(computed, kind, lambda: worker)
    for kind in ("_hearing_by", "_reading_by"):
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


def test_one_address_leaves_a_reader_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "readers", lambda: 2)
    monkeypatch.setattr(faces, "load", list)
    computed._readers.clear()
    readers, free = computed._readers(), threading.Event()
    held = [readers.submit(lambda owned, progress: free.wait(10)) for _ in range(3)]
    token = jobs.owner.set("192.0.2.1")
    try:
        assert readers.submit(lambda owned, progress: "theirs").result(5) == "theirs"
    finally:
        jobs.owner.reset(token)
        free.set()
        computed._readers.clear()
    assert all(job.result(10) for job in held)


def test_between_the_amounts_of_a_course_come_the_readings_of_others(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, photo = jobs.Worker(lambda: reader.detector, "test"), samples.read("astronaut")
    monkeypatch.setattr(computed, "_readers", lambda: worker)
    (face, *_) = pipeline.read(reader, photo).readings
    large = Photo(photo.image.resize((2048, 2048)), photo.size, photo.digest)
    asked = ("tilt", OLDEST, face.model, large, face)
    course = computed._course.__wrapped__(photo.digest, face.box, *asked)
    token = jobs.owner.set("192.0.2.1")
    try:
        theirs = computed._reading.__wrapped__(photo.digest, False, None, face.model, photo)
        assert theirs.result(60).readings
        assert course.progress < 0.2
        assert not course.done
        course.cancel()
        with pytest.raises(jobs.CancelledError):
            course.result(60)
    finally:
        jobs.owner.reset(token)


@pytest.fixture
def explain_all(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[jobs.Job[Any]]]:
    """Asks for maps of a sample picture as a visitor of an address of that name does."""
    worker, photo, visitor = jobs.Worker(lambda: faces.NONE, "test"), samples.read("astronaut"), [""]
    place = "streamlit.runtime.caching.cache_resource_api.get_session_id_or_throw"
    monkeypatch.setattr(place, lambda: visitor[0])
    monkeypatch.setattr(computed, "_explainers", lambda: worker)
    monkeypatch.setattr(computed.session, "model", lambda: cards.DEFAULT)
    monkeypatch.setattr(computed.waiting, "want", lambda kind, jobs: None)
    (face, *_) = pipeline.read(reader, photo).readings
    target = Target("person", face.people(OLDEST, 1)[0].wnid)

    def ask(address: str, **methods: dict[str, Any]) -> list[jobs.Job[Any]]:
        visitor[0] = f"{address} {threading.get_ident()}"
        token = jobs.owner.set(address)
        try:
            asked = {name.replace("_", "-"): settings for name, settings in methods.items()}
            return computed.explain_all(photo, face.box, target, asked)
        finally:
            jobs.owner.reset(token)

    ask("nobody", saliency={})[0].result(60)  # what the first map has to load
    return ask


@pytest.mark.parametrize(
    ("method", "settings"),
    [("gradient_shap", {"samples": 400}), ("occlusion", {"window": 16, "stride": 4})],
    ids=["gradients", "hiding"],
)
def test_between_the_passes_of_a_long_map_come_the_maps_of_others(
    method: str, settings: dict[str, Any], explain_all: Callable[..., list[jobs.Job[Any]]]
) -> None:
    (long,) = explain_all(f"long {method}", **{method: settings})
    (short,) = explain_all(f"short {method}", saliency={})
    short.result(60)
    assert not long.done
    assert long.progress < 0.5
    long.cancel()
    with pytest.raises(jobs.CancelledError):
        long.result(60)


def test_the_maps_of_a_visitor_come_one_after_another(explain_all: Callable[..., list[jobs.Job[Any]]]) -> None:
    first, second = explain_all("one", smoothgrad={"samples": 50}, gradient_shap={"samples": 25})
    while not first.done:
        assert second.progress == 0 or first.done
        first.wait(0.05)
    assert second.result(60).method == "gradient-shap"


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


def test_of_jobs_that_wait_for_each_other_the_last_is_given_up_first(monkeypatch: pytest.MonkeyPatch) -> None:
    given_up: list[int] = []
    chain = [SimpleNamespace(cancel=partial(given_up.append, number)) for number in range(3)]
    monkeypatch.setattr(waiting, "wanted", lambda kind: chain)
    waiting.stop("maps")
    assert given_up == [2, 1, 0]
