"""What is loaded once for everybody, and what is computed for one visitor and kept in their session alone."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from typing import Any, TypeVar

import streamlit as st
from PIL.Image import Image

from explainer import limits
from explainer.attribution import explain as explaining
from explainer.attribution import faithfulness, verdicts
from explainer.attribution.explain import Attribution, Kind, Target
from explainer.attribution.faithfulness import Checks
from explainer.attribution.methods import Settings
from explainer.attribution.verdicts import Common, Judgement
from explainer.imagenet import search, vocabularies
from explainer.imagenet.search import Index
from explainer.jobs import Job, Parts, Progress, Worker, member, once, owner
from explainer.ui import access, frame_by_hand, session, waiting
from explainer.vision import cards, corruptions, decoder, faces, pipeline
from explainer.vision.corruptions import Course
from explainer.vision.faces import Box
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reading, Result

Made = TypeVar("Made")
Work = Callable[[Any, Progress], Made | Parts[Made]]

# How many results of each kind are kept for one visitor, the last used ones: readings and maps, and strips and checks,
# which hold pictures and maps by the dozen. By the model that comes with the app these have 0.1, 0.2, 1.5 and 2 MB at
# most, so that a visitor's come to some 50 MB.
_KEPT, _KEPT_LARGE = 32, 12

_LABEL_FIRST = 0.2  # seconds in which a page with labels reaches its browser: importing torch would hold it up


def prepare_to_search() -> Job[Any]:
    """Start to load the dictionary, behind whatever is drawn."""
    return _index()


def prepare_to_read() -> Job[None]:
    """Start to load what reads a visitor's own photo, behind whatever is drawn."""
    decoder.prepare()
    return _ready(cards.DEFAULT)


def _service() -> Any:
    """What asks the service that reads and explains in the place of this process; None where there is none."""
    if not os.environ.get("EXPLAINER_SERVICE"):
        return None
    from explainer.serving import client

    return client


@once
def _readers() -> Worker[Any]:
    """The worker that reads photos, a thread a core, for all visitors."""
    if client := _service():
        return Worker(client.Reading, "reader", client.AT_ONCE, most=client.OF_AN_OWNER)
    threads = limits.readers()
    return Worker(faces.load, "reader", threads, most=limits.readers_of_an_address(threads))


@once
def _explainers() -> Worker[Any]:
    """The worker that explains, so that nobody's photo waits behind a long explanation; it alone hooks the modules."""
    if client := _service():
        return Worker(client.Explaining, "explainer", client.AT_ONCE, most=client.OF_AN_OWNER)
    worker = Worker(lambda: faces.NONE, "explainer")
    work: Work[None] = _prepare_to_explain
    worker.submit(work)
    return worker


def _prepare_to_explain(detector: Any, progress: Progress) -> Parts[None]:
    """Load what the first map needs, torch among it, and behind the maps that wait for it what all others need."""
    time.sleep(_LABEL_FIRST)
    reader = pipeline.load(cards.DEFAULT, detector)
    explaining.prepare(reader)
    yield
    reader.classifier.module  # noqa: B018 - it is made at the first look


def _reading_by(model: str, task: Callable[..., Made], *arguments: object) -> Work[Made]:
    """Work for the readers, by the model of a card, which is loaded where it is not yet."""
    if client := _service():
        asking: Work[Made] = client.asking(model, task, arguments)
        return asking
    return lambda detector, progress: task(pipeline.load(model, detector), *arguments)


def _hearing_by(model: str, task: Callable[..., Made | Parts[Made]], *arguments: object) -> Work[Made]:
    """Work by the model of a card whose task is told the progress too."""
    if client := _service():
        asking: Work[Made] = client.asking(model, task, arguments)
        return asking
    return lambda detector, progress: task(pipeline.load(model, detector), *arguments, progress)


def _for_everybody(submit: Callable[[], Job[Made]]) -> Job[Made]:
    """Submit what all visitors wait for: it has a turn of its own, and stands in nobody's line who asked first."""
    context = copy_context()
    context.run(owner.set, "everybody")
    context.run(member.set, "")
    return context.run(submit)


@once
def _downloads() -> Worker[None]:
    """The worker that downloads models, one at a time."""
    return Worker(lambda: None, "downloads")


@once
def downloads() -> dict[str, Job[None]]:
    """The downloads that visitors asked for, by the name of the model's card; those that ended stay."""
    return {}


def download(model: str) -> None:
    """Start to download a model, unless that is under way; at the end it must pass its self-test.

    Only for the presenter, and for whoever is at the server's own computer.
    """

    def fetch(nothing: None, progress: Progress) -> None:
        cards.fetch(cards.load(model), progress=lambda done, total: progress(done / total))
        if _service():
            _readers().submit(_reading_by(model, pipeline.ready)).result()
        else:
            pipeline.load(model)

    if access.may_download() and model not in downloading():
        downloads()[model] = _downloads().submit(fetch)


def stop_download(model: str) -> None:
    """Stop the download of a model, for whoever may have started it."""
    if access.may_download() and model in downloading():
        downloads()[model].cancel()


def downloading() -> frozenset[str]:
    """The names of the models whose downloads wait or are under way, and were not stopped."""
    return frozenset(name for name, job in downloads().items() if not job.done and job.wanted())


@st.cache_resource(show_spinner=False, validate=Job.wanted)
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
def _reading(digest: str, whole: bool, box: Box | None, model: str, _photo: Photo) -> Job[Result]:
    return _readers().submit(_reading_by(model, pipeline.read, _photo, whole, box))


@st.cache_resource(scope="session", max_entries=_KEPT, show_spinner=False, on_release=Job.cancel, validate=Job.wanted)
def _attribution(
    digest: str,
    box: Box | None,
    target: Target,
    method: str,
    settings: Settings,
    model: str,
    _photo: Photo,
    _before: Job[Attribution] | None,
) -> Job[Attribution]:
    crop = _crop(_photo, box, model)
    return _explainers().submit(_hearing_by(model, explaining.explain_crop, crop, target, method, settings), _before)


@st.cache_resource(
    scope="session", max_entries=_KEPT_LARGE, show_spinner=False, on_release=Job.cancel, validate=Job.wanted
)
def _course(
    digest: str, box: Box | None, corruption: str, release: str, model: str, _photo: Photo, _reading: Reading
) -> Job[Course]:
    asked = (_photo, _reading, corruption, release)
    return _readers().submit(_hearing_by(model, corruptions.course_in_parts, *asked))


@st.cache_resource(
    scope="session", max_entries=_KEPT_LARGE, show_spinner=False, on_release=Job.cancel, validate=Job.wanted
)
def _checks(
    digest: str,
    box: Box | None,
    target: Target,
    method: str,
    settings: Settings,
    model: str,
    _photo: Photo,
    _attribution: Attribution,
) -> Job[Checks]:
    crop = _crop(_photo, box, model)
    return _explainers().submit(_hearing_by(model, faithfulness.check_crop, crop, _attribution))


@st.cache_resource(scope="session", max_entries=_KEPT, show_spinner=False, on_release=Job.cancel, validate=Job.wanted)
def _judgement(
    digest: str,
    box: Box | None,
    target: Target,
    method: str,
    settings: Settings,
    model: str,
    _photo: Photo,
    _attribution: Attribution,
    _common: Common,
    _before: Job[Judgement] | None,
) -> Job[Judgement]:
    crop = _crop(_photo, box, model)
    return _explainers().submit(_hearing_by(model, verdicts.judge_crop, crop, _attribution, _common), _before)


def _crop(photo: Photo, box: Box | None, model: str) -> Image:
    """What the network of a card sees of a face."""
    return faces.crop(photo, box, cards.load(model).transform.side)


@st.cache_resource(show_spinner=False, validate=Job.wanted)
def _offered(kind: Kind, model: str) -> Job[tuple[str, ...]]:
    """The methods that work with the model, which only its modules tell."""
    return _for_everybody(lambda: _explainers().submit(_hearing_by(model, explaining.offered_by, kind)))


@st.cache_resource(show_spinner=False, validate=Job.wanted)
def _strangers(model: str) -> Job[list[tuple[str, Image, Reading]]]:
    """Pictures without anybody in them, read: the same for all visitors."""
    return _for_everybody(lambda: _readers().submit(_reading_by(model, corruptions.strangers)))


@st.cache_resource(show_spinner=False, validate=Job.wanted)
def _ready(model: str) -> Job[None]:
    """Whether a model can be asked: it has a result once it was loaded, or says why it could not be."""
    return _for_everybody(lambda: _readers().submit(_reading_by(model, pipeline.ready)))


def index() -> Index:
    """What categories are found by; without definitions until the dictionary was read."""
    job = _index()
    return job.result() if job.done else search.of_words()


def models() -> Mapping[str, tuple[str, ...]]:
    """Names of the models to download that answer with each vocabulary, asked for once for everybody."""
    return waiting.wait(_models(), "Asking timm which models there are")


def ready(model: str) -> None:
    """Wait until a model can be asked. Raises CardError where it cannot, in a sentence for the visitor."""
    waiting.wait(_ready(model), "Loading the model, and asking it about known pictures")


def read(photo: Photo, whole: bool, model: str | None = None) -> Result:
    """The reading of a photo by a model, by default the visitor's, computed once a session.

    Where the visitor placed a frame on it, that is read.
    """
    job = _reading(photo.digest, whole, frame_by_hand.of(photo), model or session.model(), photo)
    waiting.want("reading", [job])
    return waiting.wait(job, "Looking for faces, and for words")


def explain(photo: Photo, box: Box | None, target: Target, method: str) -> Attribution:
    """The explanation of a label under the method's own settings, computed once a session."""
    jobs = _explanations(photo, box, [(target, method, explaining.METHODS[method].settings)])
    waiting.want("explanation", jobs)
    return waiting.wait(jobs[0], "Tracing the label back to the pixels")


def explain_all(
    photo: Photo, box: Box | None, target: Target, methods: Mapping[str, Settings]
) -> list[Job[Attribution]]:
    """Explanations of a label, on their way: one after another, each computed once a session.

    `methods` has all settings of each method by its name.
    """
    jobs = _explanations(photo, box, [(target, *method) for method in methods.items()])
    waiting.want("explanations", jobs)
    return jobs


def _explanations(
    photo: Photo, box: Box | None, asked: Sequence[tuple[Target, str, Settings]]
) -> list[Job[Attribution]]:
    model = session.model()
    jobs: list[Job[Attribution]] = []
    for each in asked:
        # One map after another: in turns all of them would come at the very end.
        jobs.append(_attribution(photo.digest, box, *each, model, photo, jobs[-1] if jobs else None))
    return jobs


def explained() -> list[Job[Attribution]]:
    """What this visitor last asked `explain_all` for, whether or not it was stopped; empty once it was forgotten."""
    return waiting.wanted("explanations")


def check(photo: Photo, box: Box | None, attribution: Attribution) -> Job[Checks]:
    """Whether an explanation is true of the network, on its way, computed once a session."""
    asked = (attribution.target, attribution.method, attribution.settings, session.model())
    job = _checks(photo.digest, box, *asked, photo, attribution)
    waiting.want("checks", [job])
    return job


def judge_all(photo: Photo, box: Box | None, attributions: Sequence[Attribution]) -> list[Job[Judgement]]:
    """What every check finds of each explanation of a label, one after another, each computed once a session."""
    jobs = _judgements(photo, box, attributions)
    waiting.want("verdicts", jobs)
    return jobs


def judge(photo: Photo, box: Box | None, attribution: Attribution) -> Job[Judgement]:
    """What every check finds of an explanation, on its way, computed once a session."""
    jobs = _judgements(photo, box, [attribution])
    waiting.want("verdict", jobs)
    return jobs[0]


def _judgements(photo: Photo, box: Box | None, attributions: Sequence[Attribution]) -> list[Job[Judgement]]:
    model, common = session.model(), Common()
    jobs: list[Job[Judgement]] = []
    for each in attributions:
        asked = (photo.digest, box, each.target, each.method, each.settings, model)
        jobs.append(_judgement(*asked, photo, each, common, jobs[-1] if jobs else None))
    return jobs


def explain_words(photo: Photo, box: Box | None, targets: Sequence[Target], method: str) -> list[Job[Attribution]]:
    """Explanations of several labels by one method under its own settings, on their way, each once a session."""
    settings = explaining.METHODS[method].settings
    jobs = _explanations(photo, box, [(target, method, settings) for target in targets])
    waiting.want("words", jobs)
    return jobs


def offered(kind: Kind) -> tuple[str, ...]:
    """The names of the methods that work with the model for targets of that kind."""
    return waiting.wait(_offered(kind, session.model()), "Asking which methods work")


def course(photo: Photo, reading: Reading, corruption: str, release: str) -> Course:
    """The labels of a photo under every amount of a corruption, computed once a session."""
    job = _course(photo.digest, reading.box, corruption, release, reading.model, photo, reading)
    waiting.want("course", [job])
    return waiting.wait(job, "Changing the picture a little")


def strangers() -> list[tuple[str, Image, Reading]]:
    """Pictures without anybody in them, by title, and what the visitor's model makes of each; once for everybody."""
    return waiting.wait(_strangers(session.model()), "Showing it nobody")


def forget() -> None:
    """Drop all that was computed from this visitor's photos, now."""
    waiting.forget()
    for computed in (_reading, _attribution, _checks, _judgement, _course):
        computed.clear()
