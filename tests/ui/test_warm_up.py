"""What is made ready before a visitor waits for it: tables beside the server's start, scripts before a page."""

import asyncio
import re
import threading
from types import SimpleNamespace

import pytest
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explainer.ui import middleware, server, streamlit_internals


async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
    """What lies below the middleware, and answers whatever is asked."""
    await Response(b"all letters")(scope, receive, send)


def answer(app: ASGIApp, path: str) -> tuple[Headers, bytes]:
    """Headers and body of the answer of an app to a GET."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await asyncio.Event().wait()  # the browser does not hang up
        raise AssertionError

    asyncio.run(app({"type": "http", "method": "GET", "path": path, "headers": []}, receive, send))
    return Headers(raw=sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent)


@pytest.mark.parametrize("path", ["/", "/removal"])
def test_a_page_names_scripts_that_streamlit_has(path: str) -> None:
    headers, _ = answer(middleware.Preloads(streamlit), path)
    scripts = re.findall(r"<\./(static/js/[^>]+)>; rel=modulepreload", headers["link"])
    assert len(scripts) == (6 if path == "/removal" else 5)
    assert all((streamlit_internals.static_folder() / script).is_file() for script in scripts)


@pytest.mark.parametrize("path", ["/static/js/index.js", "/media/a.jpg", "/_stcore/health"])
def test_what_is_no_page_names_none(path: str) -> None:
    assert "link" not in answer(middleware.Preloads(streamlit), path)[0]


def test_what_pages_need_is_made_ready_beside_a_server_that_answers_already(monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on = threading.Event(), threading.Event()

    def run() -> None:
        began.set()
        assert go_on.wait(30)

    monkeypatch.setattr(
        server, "import_module", lambda name: SimpleNamespace(run=run) if name == "of the pages" else None
    )

    monkeypatch.setattr(server, "_handlers", list)  # the pace of lines would hold back those of other tests

    async def serve() -> None:
        async with server.lifespan("of the pages")(None):  # type: ignore[arg-type]
            assert await asyncio.to_thread(began.wait, 30)
            go_on.set()

    asyncio.run(serve())
