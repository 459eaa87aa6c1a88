"""What is made ready before a visitor waits for it: tables beside the server's start, scripts before a page."""

import asyncio
import base64
import hashlib
import re
import threading
from types import SimpleNamespace

import pytest
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explainer.ui import middleware, server, streamlit_internals


async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
    """What lies below the middleware, and answers whatever is asked."""
    await Response(b"all letters")(scope, receive, send)


def answer(app: ASGIApp, path: str, coding: str = "") -> tuple[Headers, bytes]:
    """Headers and body of the answer of an app to a GET."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await asyncio.Event().wait()  # the browser does not hang up
        raise AssertionError

    accepted = [(b"accept-encoding", coding.encode())]
    asyncio.run(app({"type": "http", "method": "GET", "path": path, "headers": accepted}, receive, send))
    return Headers(raw=sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent)


@pytest.mark.parametrize(("path", "kind"), [("/", "ImageList"), ("/removal", "PlotlyChart"), ("/tree", "DataFrame")])
def test_a_page_names_the_scripts_that_it_needs_and_all_that_these_import(path: str, kind: str) -> None:
    headers, _ = answer(middleware.Preloads(streamlit), path)
    named = re.findall(r"<\./(static/js/[^>]+)>; rel=modulepreload", headers["link"])
    assert any(script.startswith(f"static/js/{kind}.") for script in named)
    folder = streamlit_internals.static_folder()
    known = {*named, *re.findall(r"static/js/[^\"]+", (folder / "index.html").read_text("utf-8"))}
    imported = {
        f"static/js/{each}"
        for script in named
        for each in re.findall(r"""(?:from|import)\s*["']\./([^"']+)["']""", (folder / script).read_text("utf-8"))
    }
    assert imported <= known


def test_a_page_with_charts_begins_their_script_by_one_that_the_policy_lets_in() -> None:
    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        await HTMLResponse("<head></head><body></body>")(scope, receive, send)

    headers, body = answer(middleware.Preloads(page), "/removal")
    (script,) = re.findall(r"<script type=module>(.*?)</script></head>", body.decode())
    assert int(headers["content-length"]) == len(body)
    assert re.search(r'import\("\./static/js/PlotlyChart\.[^"]+\.js"\)', script)
    assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in middleware.policy(
        "localhost"
    )
    assert b"<script" not in answer(middleware.Preloads(page), "/")[1]


@pytest.mark.parametrize("path", ["/static/js/index.js", "/media/a.jpg", "/_stcore/health"])
def test_what_is_no_page_names_none(path: str) -> None:
    assert "link" not in answer(middleware.Preloads(streamlit), path)[0]


def test_the_scripts_of_charts_are_compressed_before_somebody_asks_for_them() -> None:
    middleware.compress_charts()
    compressed = middleware._compressing.cache_info().misses
    (script, *_) = middleware._scripts("PlotlyChart")
    for coding in ("br", "gzip"):
        headers, body = answer(middleware.Compressed(streamlit), f"/{script}", coding)
        assert headers["content-encoding"] == coding
        assert len(body) < 1_500_000
    assert middleware._compressing.cache_info().misses == compressed


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
