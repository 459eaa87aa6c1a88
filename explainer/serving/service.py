"""The service: an app (ASGI) that reads, and one that explains. A server of any kind may run each; Ray Serve does.

A request names a task in its path and has its arguments in its body, as `wire` packs them. The answer is lines of JSON:
the progress and the place in the queue several times a second, at the end an error, or the length of the result, whose
bytes follow. Who hangs up gives the task up.
"""

import asyncio
import hmac
import json
import logging
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from explainer import jobs, limits, web_server
from explainer.attribution import explain, faithfulness, verdicts
from explainer.jobs import Job, Parts, Progress, Worker
from explainer.serving import wire
from explainer.vision import cards, corruptions, faces, pipeline
from explainer.vision.faces import Detector
from explainer.vision.pipeline import Reader

Task = Callable[..., Any]

READ: Mapping[str, Task] = {
    task.__name__: task for task in (pipeline.read, pipeline.ready, corruptions.course_in_parts, corruptions.strangers)
}
"""The tasks of reading, by name: functions of a reader and of what a request has. A course hears of its progress."""

EXPLAIN: Mapping[str, Task] = {
    task.__name__: task
    for task in (explain.explain_crop, explain.offered_by, faithfulness.check_crop, verdicts.judge_crop)
}
"""The tasks of explaining, which hear of the progress after all arguments."""

_PAUSE = 0.25  # seconds between two lines of progress
_FEW = 4  # tasks of one owner are done at once, however few in all
_PATIENCE = 30.0  # seconds in which a request must have come

_log = logging.getLogger("explainer")


class _RefusedError(Exception):
    """Raised for a request that is not done; `told` is a sentence for whoever asked."""

    def __init__(self, status: HTTPStatus, told: str, **headers: str) -> None:
        super().__init__(told)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.response = PlainTextResponse(told, status, named)


class Service:
    """Does tasks for whoever has the token, at most `most` at once, a quarter of them of one owner, running or waiting.

    A request has `largest` bytes at most. `load` is called at the start with a reader of the default model.
    """

    def __init__(
        self, tasks: Mapping[str, Task], load: Callable[[Reader], object], most: int, largest: int, threads: int = 1
    ) -> None:
        limits.keep_no_dumps()
        _bound_requests()
        self._tasks, self._most, self._largest = tasks, most, largest
        self._secret = f"Bearer {wire.token()}".encode()
        self._worker: Worker[Detector] = Worker(faces.load, "service", threads, limits.readers_of_an_address(threads))
        self._worker.submit(lambda detector, progress: load(pipeline.load(cards.DEFAULT, detector)))
        self._open = 0
        self._open_of: Counter[str] = Counter()  # by owner
        self._seconds = 1.0  # that an answer takes, about

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request (ASGI)."""
        if scope["type"] != "http":
            return
        job: Job[bytes] | None = None
        began, owner = time.monotonic(), Headers(scope=scope).get(wire.OWNER, "")
        self._open += 1
        self._open_of[owner] += 1
        try:
            response: Response
            try:
                job = await self._submit(Request(scope, receive))
                response = StreamingResponse(_told(job), media_type="application/octet-stream")
            except _RefusedError as refused:
                response = refused.response
            response.headers[wire.VERSION] = wire.version()
            await response(scope, receive, send)
        except ClientDisconnect:
            pass
        finally:
            self._open -= 1
            self._open_of = self._open_of - Counter([owner])
            if job:
                job.cancel()  # where nobody waits for it any more
                self._seconds += (time.monotonic() - began - self._seconds) / 10

    async def _submit(self, request: Request) -> Job[bytes]:
        """The job that a request asks for, under way. Raises _RefusedError."""
        headers = request.headers
        if not hmac.compare_digest(headers.get(wire.TOKEN, "").encode(), self._secret):
            told = "The app and the service that reads photos have different tokens."
            raise _RefusedError(HTTPStatus.UNAUTHORIZED, told, WWW_Authenticate="Bearer")
        if headers.get(wire.VERSION) != wire.version():
            told = "The app and the service that reads photos are of different versions: update both."
            raise _RefusedError(HTTPStatus.CONFLICT, told)
        task = self._tasks.get(request.url.path.rpartition("/")[2])
        if task is None or request.method != "POST":
            raise _RefusedError(HTTPStatus.NOT_FOUND, "There is no such task.")
        if self._open > self._most or self._open_of[headers.get(wire.OWNER, "")] > max(_FEW, self._most // 4):
            seconds = math.ceil(self._seconds)
            told = f"Very many photos are being read: try again in {seconds} s."
            raise _RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, told, Retry_After=str(seconds))
        body = await self._body(request)
        try:
            model, *arguments = wire.unpack(body)
        except ValueError as error:
            told = "The service cannot read what the app asks."
            raise _RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, told) from error
        jobs.owner.set(headers.get(wire.OWNER, ""))

        def do(detector: Detector, progress: Progress) -> bytes | Parts[bytes]:
            hears = self._tasks is EXPLAIN or task is corruptions.course_in_parts
            hearing = (progress,) if hears else ()
            found = task(pipeline.load(model, detector), *arguments, *hearing)
            return _packed(found) if isinstance(found, Generator) else wire.pack(found)

        return self._worker.submit(do)

    async def _body(self, request: Request) -> bytes:
        """The body of a request. Raises _RefusedError for one that is too long, or does not come."""
        told = f"A request has {self._largest:,} bytes at most."
        too_large = _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told)
        given = request.headers.get("content-length", "0")
        if not given.isdecimal() or int(given) > self._largest:
            raise too_large
        pieces: list[bytes] = []
        length = 0
        try:
            async with asyncio.timeout(_PATIENCE):
                async for piece in request.stream():
                    pieces.append(piece)
                    length += len(piece)
                    if length > self._largest:
                        raise too_large
        except TimeoutError as error:
            raise _RefusedError(HTTPStatus.REQUEST_TIMEOUT, "The request did not come in time.") from error
        return b"".join(pieces)


def _packed(parts: Parts[Any]) -> Parts[bytes]:
    """The result of work that is done in parts, as bytes."""
    return wire.pack((yield from parts))


async def _told(job: Job[bytes]) -> AsyncIterator[bytes]:
    """The lines of an answer, and the result."""
    future = asyncio.wrap_future(job.future)
    future.add_done_callback(lambda done: done.cancelled() or done.exception())  # heard, whoever hung up
    while not (await asyncio.wait([future], timeout=_PAUSE))[0]:
        yield _line(progress=job.progress, place=job.place)
    error = future.exception()
    if error is None:
        found = future.result()
        yield _line(result=len(found)) + found  # at once: each piece of an answer costs Ray milliseconds
    elif type(error).__name__ in wire.ERRORS:
        yield _line(error=type(error).__name__, told=str(error))
    else:  # not its words, which may be a visitor's
        _log.error("A task failed: %s", type(error).__name__)
        yield _line(error="", told="The service failed at this picture; its log says how.")


def _line(**said: object) -> bytes:
    return json.dumps(said).encode() + b"\n"


@jobs.once
def _bound_requests() -> None:
    """What this process lets in before it can look for the token: of uvicorn's own, it is the same as in the app."""
    web_server.bound_requests(lambda: limits.value("head"))
    web_server.watch_connections(
        lambda address, of_it, in_all: in_all <= limits.connections(),
        lambda address: address,
        lambda: limits.value("half a request"),
    )


def reading(most: int = 32) -> Service:
    """The service that reads, a thread a core, of eight at most."""
    return Service(READ, pipeline.ready, most, wire.PHOTO, threads=limits.readers())


def explaining(most: int = 32) -> Service:
    """The service that explains, by one thread: hooks of two would meet in the same module."""
    return Service(EXPLAIN, _prepare, most, wire.CROP)


def _prepare(reader: Reader) -> None:
    """Load all that explanations need."""
    explain.prepare(reader)
    reader.classifier.module  # noqa: B018 - it is made at the first look


def app() -> Starlette:
    """Both in one process: `uvicorn --http h11 --factory explainer.serving.service:app`."""
    return Starlette(routes=[Mount("/read", reading()), Mount("/explain", explaining())])
