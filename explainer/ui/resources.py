"""What is loaded once for everybody, and what is computed for one visitor and kept in their session alone."""

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

import streamlit as st
from PIL.Image import Image
from starlette.formparsers import MultiPartParser
from streamlit import net_util, runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from explainer import corruptions, faces, faithfulness, photos, roulette, saliency, samples, search, vocabularies
from explainer.corruptions import Strip
from explainer.faces import Box
from explainer.faithfulness import Checks
from explainer.photos import Photo
from explainer.roulette import Pipeline, Reading, Result
from explainer.saliency import Attribution, Kind, Target
from explainer.search import Index
from explainer.workers import Job, Progress, Worker

Made = TypeVar("Made")

# How many results of one visitor are kept, and for how long a script waits before it looks at its job again.
_KEPT, _PATIENCE = 32, 0.2

# Seconds that a visitor may be away, a phone asleep, before their session goes; Streamlit's own limit is 120.
_GRACE = 60


def prepare() -> None:
    """Keep uploads off the disk and libraries off the network, and load the models behind the first page."""
    # Above this size Starlette writes an upload to a temporary file: never, as no larger one is let in.
    MultiPartParser.spool_max_size = 2 * photos.MAX_BYTES
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # Its lines would name each visitor's address.
    logging.getLogger("uvicorn.access").disabled = True
    # Streamlit would ask another host for this machine's address when a page is opened under a name it does not know.
    net_util.get_external_ip = lambda: None
    _index()
    _readers()


@st.cache_resource(show_spinner=False)
def _readers() -> Worker[Pipeline]:
    """The worker that reads photos, a thread a core, for all visitors; starts to load the models at the first call."""
    worker = Worker(roulette.load, "reader", threads=os.cpu_count() or 1)
    worker.submit(lambda pipeline, progress: None)
    return worker


@st.cache_resource(show_spinner=False)
def _explainers() -> Worker[Pipeline]:
    """The worker that explains, so that nobody's photo waits behind a long explanation; it alone hooks the module."""
    return Worker(roulette.load, "explainer")


@st.cache_resource(show_spinner=False)
def _index() -> Job[Index]:
    """The index of all categories; the dictionary, which takes seconds to open, is read behind the first page."""
    return Worker(lambda: None, "dictionary").submit(lambda nothing, progress: search.load())


@st.cache_resource(show_spinner=False, validate=Job.wanted)
def _models() -> Job[dict[str, tuple[str, ...]]]:
    """The models of each vocabulary; timm takes seconds to tell."""
    return Worker(lambda: None, "models").submit(
        lambda nothing, progress: {name: vocabularies.pretrained_models(name) for name in vocabularies.VOCABULARIES}
    )


@st.cache_resource(scope="session", max_entries=_KEPT, show_spinner=False, on_release=Job.cancel, validate=Job.wanted)
def _reading(digest: str, whole: bool, _photo: Photo) -> Job[Result]:
    return _readers().submit(lambda pipeline, progress: roulette.read(pipeline, _photo, whole))


@st.cache_resource(scope="session", max_entries=_KEPT, show_spinner=False, on_release=Job.cancel, validate=Job.wanted)
def _attribution(digest: str, box: Box | None, target: Target, method: str, _photo: Photo) -> Job[Attribution]:
    return _explainers().submit(
        lambda pipeline, progress: roulette.explain(pipeline, _photo, box, target, method, progress)
    )


@st.cache_resource(scope="session", max_entries=_KEPT, show_spinner=False, on_release=Job.cancel, validate=Job.wanted)
def _strip(digest: str, box: Box | None, corruption: str, release: str, _photo: Photo) -> Job[Strip]:
    return _readers().submit(lambda pipeline, progress: corruptions.strip(pipeline, _photo, box, corruption, release))


@st.cache_resource(scope="session", max_entries=_KEPT, show_spinner=False, on_release=Job.cancel, validate=Job.wanted)
def _checks(digest: str, box: Box | None, target: Target, method: str, _photo: Photo) -> Job[Checks]:
    attribution = _attribution(digest, box, target, method, _photo)

    def check(pipeline: Pipeline, progress: Progress) -> Checks:
        crop = faces.crop(_photo, box, pipeline.classifier.card.transform.side)
        # Jobs of a worker run in order: the attribution is done.
        return faithfulness.check(pipeline.classifier, pipeline.head, crop, attribution.result(), progress)

    return _explainers().submit(check)


@st.cache_resource(show_spinner=False, validate=Job.wanted)
def _offered(kind: Kind) -> Job[tuple[str, ...]]:
    """The methods that work with the model, which only its modules tell."""
    return _explainers().submit(lambda pipeline, progress: saliency.offered(pipeline.classifier, pipeline.head, kind))


@st.cache_resource(show_spinner=False, validate=Job.wanted)
def _strangers() -> Job[list[tuple[str, Image, Reading]]]:
    """Pictures without anybody in them, read: the same for all visitors."""
    return _readers().submit(lambda pipeline, progress: corruptions.strangers(pipeline))


@st.cache_resource(show_spinner=False, validate=Job.wanted)
def _supplied_reading(name: str) -> Job[Result]:
    return _readers().submit(lambda pipeline, progress: roulette.read(pipeline, samples.read(name)))


@st.cache_resource(show_spinner=False, validate=Job.wanted)
def _supplied_strip(name: str, corruption: str, release: str) -> Job[Strip]:
    box = supplied(name).readings[0].box
    return _readers().submit(
        lambda pipeline, progress: corruptions.strip(pipeline, samples.read(name), box, corruption, release)
    )


@st.cache_resource(show_spinner=False, validate=Job.wanted)
def _supplied_explanation(name: str, target: Target, method: str) -> Job[Attribution]:
    box = supplied(name).readings[0].box
    return _explainers().submit(
        lambda pipeline, progress: roulette.explain(pipeline, samples.read(name), box, target, method, progress)
    )


def present() -> None:
    """Note that this visitor is here: a minute after they left, all of their session goes, the photo with it."""
    context = get_script_run_ctx()
    if context:
        _present(context.session_id)


@st.cache_resource(scope="session", show_spinner=False, on_release=lambda session: _gone(session))
def _present(session: str) -> str:
    return session


def _gone(session: str) -> None:
    # Streamlit keeps the session of who left until it stores another one, however long that takes.
    def close() -> None:
        server = runtime.get_instance()
        if not server.is_active_session(session):  # they may have come back
            server.close_session(session)

    with suppress(RuntimeError):  # no event loop: it was a script that cleared the cache, and the visitor is here
        asyncio.get_running_loop().call_later(_GRACE, close)


def index() -> Index:
    """What categories are found by; without definitions until the dictionary was read."""
    job = _index()
    return job.result() if job.done else search.of_words()


def models() -> Mapping[str, tuple[str, ...]]:
    """Names of the models to download that answer with each vocabulary, asked for once for everybody."""
    return wait(_models(), "Asking timm which models there are")


def read(photo: Photo, whole: bool) -> Result:
    """The reading of a photo, computed once a session."""
    return wait(_reading(photo.digest, whole, photo), "Looking for faces, and for words")


def explain(photo: Photo, box: Box | None, target: Target, method: str) -> Attribution:
    """The explanation of a label, computed once a session."""
    return wait(_attribution(photo.digest, box, target, method, photo), "Tracing the label back to the pixels")


def explain_all(photo: Photo, box: Box | None, target: Target, methods: Sequence[str]) -> list[Job[Attribution]]:
    """Explanations of a label by several methods, on their way: one after another, each computed once a session."""
    return [_attribution(photo.digest, box, target, method, photo) for method in methods]


def check(photo: Photo, box: Box | None, target: Target, method: str) -> Checks:
    """Whether an explanation is true of the network, computed once a session."""
    return wait(_checks(photo.digest, box, target, method, photo), "Checking the map against the network")


def stop() -> None:
    """Give up this visitor's explanations and checks; those that are done go as well."""
    for computed in (_attribution, _checks):
        computed.clear()


def offered(kind: Kind) -> tuple[str, ...]:
    """The names of the methods that work with the model for targets of that kind."""
    return wait(_offered(kind), "Asking which methods work")


def strip(photo: Photo, box: Box | None, corruption: str, release: str) -> Strip:
    """The labels of a photo under a corruption, computed once a session."""
    return wait(_strip(photo.digest, box, corruption, release, photo), "Changing the picture a little")


def strangers() -> list[tuple[str, Image, Reading]]:
    """Pictures without anybody in them, by title, and what the network made of each; computed once for everybody."""
    return wait(_strangers(), "Showing it nobody")


def supplied(name: str) -> Result:
    """The reading of a sample picture by its name, computed once for everybody."""
    return wait(_supplied_reading(name), "Looking for faces, and for words")


def supplied_strip(name: str, corruption: str, release: str) -> Strip:
    """The labels of a sample picture's first face under a corruption, computed once for everybody."""
    return wait(_supplied_strip(name, corruption, release), "Changing the picture a little")


def supplied_explanation(name: str, target: Target, method: str) -> Attribution:
    """The explanation of a label of a sample picture's first face, computed once for everybody."""
    return wait(_supplied_explanation(name, target, method), "Tracing the label back to the pixels")


def forget() -> None:
    """Drop all that was computed from this visitor's photos, now."""
    for computed in (_reading, _attribution, _checks, _strip):
        computed.clear()


def wait(job: Job[Made], doing: str) -> Made:
    """The job's result; meanwhile its progress, or its place in the queue, stands on the page."""
    bar = st.empty()
    while True:
        try:
            result = job.result(_PATIENCE)
        except TimeoutError:
            ahead = f", {job.place} before you" if job.place else ""
            bar.progress(job.progress, f"{doing}{ahead} …")
        else:
            bar.empty()
            return result
