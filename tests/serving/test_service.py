"""The service over HTTP, run by uvicorn in this process: the handlers are those that Ray Serve runs."""

import asyncio
import contextlib
import http.client
import logging
import os
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import services
from services import Relay, ask, until
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Message

from explainer import jobs
from explainer.attribution import explain, faithfulness, verdicts
from explainer.attribution.explain import Attribution, MethodError, Target
from explainer.attribution.verdicts import Common
from explainer.jobs import CancelledError, Job, Unavailable, Worker, whole
from explainer.serving import client, service, wire
from explainer.serving.service import Service
from explainer.vision import cards, corruptions, faces, pipeline, samples
from explainer.vision.cards import CardError
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reader, Result

pytestmark = pytest.mark.slow

MOST = 3
SECONDS = 60


@pytest.fixture(scope="module")
def environment() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLAINER_SERVICE_TOKEN", services.TOKEN)
        yield patch


@pytest.fixture(scope="module")
def reading(environment: pytest.MonkeyPatch) -> Service:
    return service.reading(MOST)


@pytest.fixture(scope="module")
def explaining(environment: pytest.MonkeyPatch, reader: Reader) -> Service:
    # The service has one thread that uses torch, and this process another one: torch.fx may trace no network meanwhile.
    explain.prepare(reader)
    return service.explaining(MOST)


@pytest.fixture(scope="module")
def url(reading: Service, explaining: Service) -> Iterator[str]:
    with services.serving(Starlette(routes=[Mount("/read", reading), Mount("/explain", explaining)])) as url:
        yield url


@pytest.fixture
def line(url: str, environment: pytest.MonkeyPatch) -> Iterator[Relay]:
    """The line by which this process reaches the service."""
    relay = Relay(urlsplit(url).port or 0)
    environment.setenv("EXPLAINER_SERVICE", f"http://127.0.0.1:{relay.port}")
    yield relay
    relay.close()


@pytest.fixture
def photo() -> Photo:
    return samples.read("astronaut")


@pytest.fixture
def readers(line: Relay) -> Worker[Any]:
    return Worker(client.Reading, "reader", 4)


@pytest.fixture
def explainers(line: Relay) -> Worker[Any]:
    return Worker(client.Explaining, "explainer", 4)


def explanation(worker: Worker[Any], reader: Reader, photo: Photo) -> Job[Attribution]:
    """One of half a minute."""
    crop = faces.crop(photo, None, reader.card.transform.side)
    target = Target("object", reader.classifier.wnids[0])
    settings = {**explain.METHODS["integrated-gradients"].settings, "steps": 3000}
    return ask(worker, explain.explain_crop, crop, target, "integrated-gradients", settings)


def long_explanation(worker: Worker[Any], reader: Reader, photo: Photo) -> Job[Attribution]:
    """One of half a minute, which has begun."""
    job = explanation(worker, reader, photo)
    assert until(lambda: job.done or job.progress > 0)
    assert not job.done
    return job


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /read/none HTTP/1.1\r\nHost: localhost\r\n" + b"a:\r\n" * 10_000 + b"\r\n",
        b"POST /read/none HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 10_000,
    ],
    ids=["many lines", "many pieces"],
)
def test_what_a_stranger_sends_before_the_token_keeps_nobody_waiting(url: str, request_: bytes) -> None:
    address = urlsplit(url)
    with (
        socket.create_connection((address.hostname, address.port), 3) as connection,
        contextlib.suppress(ConnectionError),
    ):
        connection.sendall(request_)
        while connection.recv(1000):  # sooner than uvicorn closes a connection that asks for nothing more
            pass


# The same answers


def test_a_reading_is_the_same_as_in_this_process(readers: Worker[Any], reader: Reader, photo: Photo) -> None:
    here, there = pipeline.read(reader, photo), ask(readers, pipeline.read, photo, False, None).result(SECONDS)
    assert isinstance(there, Result)
    assert (there.size, there.boxes, there.detector, there.model) == (here.size, here.boxes, here.detector, here.model)
    assert len(here.readings) == len(there.readings) > 0
    for one, other in zip(here.readings, there.readings, strict=True):
        assert (one.box, one.object_wnids, one.person_wnids) == (other.box, other.object_wnids, other.person_wnids)
        assert np.array_equal(one.probabilities, other.probabilities)
        assert np.array_equal(one.scores, other.scores)


def test_a_photo_that_was_made_smaller_has_its_boxes_in_pixels_of_the_original(
    readers: Worker[Any], reader: Reader, photo: Photo
) -> None:
    larger = Photo(photo.image, (photo.size[0] * 5, photo.size[1] * 5), photo.digest)
    here, there = pipeline.read(reader, larger), ask(readers, pipeline.read, larger, False, None).result(SECONDS)
    assert here.boxes == there.boxes
    assert here.boxes[0].right > photo.image.width


def test_an_explanation_and_its_checks_are_the_same(explainers: Worker[Any], reader: Reader, photo: Photo) -> None:
    crop = faces.crop(photo, None, reader.card.transform.side)
    target = Target("object", pipeline.read(reader, photo, True).readings[0].objects(1)[0].wnid)
    here = whole(explain.explain_crop(reader, crop, target, "grad-cam", None, lambda fraction: None))
    there = ask(explainers, explain.explain_crop, crop, target, "grad-cam", None).result(SECONDS)
    np.testing.assert_allclose(there.values, here.values, rtol=1e-5)
    assert (there.target, there.settings, there.weights) == (here.target, here.settings, here.weights)

    jobs = (
        ask(explainers, verdicts.judge_crop, crop, there, Common()),
        ask(explainers, faithfulness.check_crop, crop, there),
    )
    judgement, checks = (job.result(SECONDS) for job in jobs)  # before this thread explains with the same modules
    judged = whole(verdicts.judge_crop(reader, crop, here, Common(), lambda fraction: None))
    assert [(each.check, each.outcome) for each in judgement.verdicts] == [
        (each.check, each.outcome) for each in judged.verdicts
    ]
    assert len(checks.randomised) > 1


def test_a_course_and_pictures_of_nobody_are_the_same(readers: Worker[Any], reader: Reader, photo: Photo) -> None:
    (first, *_) = pipeline.read(reader, photo).readings
    asked = (photo, first, "flip", "fall-2011")
    course = ask(readers, corruptions.course_in_parts, *asked).result(SECONDS)
    here = corruptions.course(reader, *asked)
    assert [(step.box, step.rank, step.labels[0].wnid) for step in course.steps] == [
        (step.box, step.rank, step.labels[0].wnid) for step in here.steps
    ]
    for one, other in zip(
        ask(readers, corruptions.strangers).result(SECONDS), corruptions.strangers(reader), strict=True
    ):
        assert (one[0], one[1].tobytes()) == (other[0], other[1].tobytes())
        assert np.array_equal(one[2].scores, other[2].scores)


def test_the_same_methods_are_offered(explainers: Worker[Any], reader: Reader) -> None:
    assert ask(explainers, explain.offered_by, "person").result(SECONDS) == explain.offered_by(
        reader, "person", lambda fraction: None
    )


def test_an_error_of_the_work_is_raised_as_it_is_here(
    readers: Worker[Any], explainers: Worker[Any], photo: Photo
) -> None:
    with pytest.raises(CardError, match="no-such-model"):
        ask(readers, pipeline.ready, model="no-such-model").result(SECONDS)
    crop = faces.crop(photo, None, 224)
    with pytest.raises(MethodError, match="does not work with"):
        ask(explainers, explain.explain_crop, crop, Target("object", "n01440764"), "deeplift", None).result(SECONDS)


def test_an_error_that_nobody_foresaw_is_a_sentence_without_its_words(
    readers: Worker[Any], photo: Photo, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unavailable, match="failed at this picture"):
        ask(readers, pipeline.read, photo, False, "a secret of the visitor").result(SECONDS)
    assert "secret" not in caplog.text
    assert ask(readers, pipeline.ready).result(SECONDS) is None


# Who may ask, and how much


def post(url: str, path: str, body: Any = b"", **headers: str) -> tuple[int, str, http.client.HTTPMessage]:
    """Status, words and headers of an answer; a header that is empty is not sent."""
    given = {wire.TOKEN: f"Bearer {services.TOKEN}", wire.VERSION: wire.version()}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
    try:
        connection.request("POST", path, body, {name: value for name, value in given.items() if value})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace"), answer.headers
    finally:
        connection.close()


@pytest.mark.parametrize("token", ["", "Bearer", f"Bearer {services.TOKEN}x", services.TOKEN, "Bearer \xff"])
@pytest.mark.parametrize("path", ["/read/read", "/explain/explain_crop", "/read/"])
def test_without_the_token_nothing_is_done(url: str, path: str, token: str) -> None:
    status, told, headers = post(url, path, Authorization=token)
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert services.TOKEN not in told


def test_an_app_with_another_token_says_so(readers: Worker[Any], environment: pytest.MonkeyPatch, photo: Photo) -> None:
    environment.setenv("EXPLAINER_SERVICE_TOKEN", "the token of another")
    try:
        with pytest.raises(Unavailable, match="different tokens"):
            ask(readers, pipeline.read, photo, False, None).result(SECONDS)
    finally:
        environment.setenv("EXPLAINER_SERVICE_TOKEN", services.TOKEN)


def test_an_app_of_another_version_is_refused(
    url: str, line: Relay, monkeypatch: pytest.MonkeyPatch, photo: Photo
) -> None:
    status, told, _ = post(url, "/read/read", X_Explainer_Version="another")
    assert status == 409
    connection = client.Reading()
    monkeypatch.setitem(connection._headers, wire.VERSION, "another")
    with pytest.raises(Unavailable, match="different versions"):
        connection.ask("read", (), "", lambda *said: None)
    assert "update both" in told


@pytest.mark.parametrize("path", ["/read/read", "/explain/explain_crop"])
def test_what_is_too_large_is_refused(url: str, path: str) -> None:
    largest = wire.PHOTO if "read" in path else wire.CROP
    assert post(url, path, b"", Content_Length=str(largest + 1))[0] == 413
    assert post(url, path, b"", Content_Length="-1")[0] in (400, 413)


def test_what_turns_out_to_be_too_large_is_refused_while_it_comes(explaining: Service) -> None:
    taken, sent = 0, []
    headers = {wire.TOKEN: f"Bearer {services.TOKEN}", wire.VERSION: wire.version()}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/explain/explain_crop",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": bytes(1 << 20), "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(explaining(scope, receive, send))
    assert sent[0]["status"] == 413
    assert taken == (wire.CROP >> 20) + 1


@pytest.mark.parametrize("body", [b"", b"\x80\x04\x95", b"{}", wire.pack("a model"), wire.pack(())])
def test_what_is_no_message_is_refused(url: str, body: bytes) -> None:
    assert post(url, "/read/read", body)[0] in (200, 422)
    assert post(url, "/read/ready", wire.pack((cards.DEFAULT,)))[0] == 200


def test_a_full_service_says_when_to_try_again(
    explaining: Service, explainers: Worker[Any], url: str, reader: Reader, photo: Photo
) -> None:
    job = long_explanation(explainers, reader, photo)
    waiting = [ask(explainers, explain.offered_by, "object") for _ in range(MOST - 1)]
    assert until(lambda: explaining._open == MOST)
    assert sorted(each.place for each in (job, *waiting)) == list(range(MOST))
    status, told, headers = post(url, "/explain/offered_by", wire.pack((cards.DEFAULT, "object")))
    assert status == 503
    assert f"try again in {headers['Retry-After']} s." in told
    with pytest.raises(Unavailable, match=r"try again in \d+ s\."):
        ask(explainers, explain.offered_by, "object").result(SECONDS)
    job.cancel()
    for each in waiting:
        assert "grad-cam" in each.result(SECONDS)
    assert until(lambda: explaining._open == 0)


# Who leaves, and what fails


def test_who_hangs_up_ends_the_explanation(
    explaining: Service, explainers: Worker[Any], reader: Reader, photo: Photo
) -> None:
    job = long_explanation(explainers, reader, photo)
    job.cancel()
    with pytest.raises(CancelledError):
        job.result(SECONDS)
    assert until(lambda: explaining._open == 0 and not explaining._worker._queue, 5)


def test_one_that_broke_off_is_a_sentence_and_the_next_is_answered(
    explaining: Service, explainers: Worker[Any], line: Relay, reader: Reader, photo: Photo
) -> None:
    job = long_explanation(explainers, reader, photo)
    line.cut()
    with pytest.raises(Unavailable, match="broke off"):
        job.result(SECONDS)
    assert until(lambda: explaining._open == 0, 5)
    assert "grad-cam" in ask(explainers, explain.offered_by, "object").result(SECONDS)


def test_one_that_broke_off_before_its_first_word_is_asked_for_once(
    explaining: Service,
    explainers: Worker[Any],
    line: Relay,
    reader: Reader,
    photo: Photo,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "_PAUSE", 60.0)
    job = explanation(explainers, reader, photo)
    assert until(lambda: explaining._open == 1, 5)
    time.sleep(0.5)  # the head of the answer has come
    line.cut()
    with pytest.raises(Unavailable, match="broke off"):
        job.result(SECONDS)
    assert line.connections == 1


def test_a_reading_that_broke_off_is_read_again(
    readers: Worker[Any], line: Relay, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, answered = [], http.client.HTTPResponse.readline

    def cut_once(self: http.client.HTTPResponse, *limit: int) -> bytes:
        said = answered(self, *limit)
        if not heard:
            heard.append(said)
            line.cut()
            self.close()
        return said

    monkeypatch.setattr(http.client.HTTPResponse, "readline", cut_once)
    assert ask(readers, pipeline.read, photo, False, None).result(SECONDS).boxes
    assert heard
    assert line.connections == 2


def test_a_service_that_is_gone_is_a_sentence_and_back_again_it_answers(
    readers: Worker[Any], line: Relay, photo: Photo
) -> None:
    assert ask(readers, pipeline.read, photo, True, None).result(SECONDS).readings
    line.down = True
    line.cut()
    with pytest.raises(Unavailable, match="The tree and the removal work without it"):
        ask(readers, pipeline.read, photo, True, None).result(SECONDS)
    line.down = False
    assert ask(readers, pipeline.read, photo, True, None).result(SECONDS).readings


def test_a_connection_that_was_kept_open_and_closed_meanwhile_costs_no_reading(line: Relay, photo: Photo) -> None:
    connection = client.Reading()
    body = wire.pieces((cards.DEFAULT, photo, True, None))
    for _ in range(2):
        assert connection.ask("read", body, "", lambda *said: None).readings
        line.cut()
    assert line.connections == 2


def test_whose_turn_it_is_says_nothing_of_where_they_are(environment: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Listening:
        def ask(self, task: str, body: bytes, owner: str, told: Any) -> None:
            asked.append(owner)

    for address in ("203.0.113.7", "203.0.113.8", "203.0.113.7"):
        token = jobs.owner.set(address)
        client.asking(cards.DEFAULT, pipeline.ready, ())(Listening(), print)  # type: ignore[arg-type]
        jobs.owner.reset(token)
    assert asked[0] == asked[2] != asked[1]
    assert not any("203.0" in owner for owner in asked)


def test_nothing_of_a_photo_is_logged(readers: Worker[Any], photo: Photo, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        ask(readers, pipeline.read, photo, True, None).result(SECONDS)
    assert photo.digest not in caplog.text


def test_the_factory_serves_both(environment: pytest.MonkeyPatch, photo: Photo) -> None:
    with services.serving(service.app()) as url:
        environment.setenv("EXPLAINER_SERVICE", url)
        assert ask(Worker(client.Reading, "reader"), pipeline.read, photo, True, None).result(SECONDS).readings
        assert ask(Worker(client.Explaining, "explainer"), explain.offered_by, "object").result(SECONDS)
    assert os.environ["EXPLAINER_SERVICE_TOKEN"] == services.TOKEN
