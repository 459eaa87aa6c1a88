"""The files of Streamlit's page: which a page names ahead, and that each comes compressed, cut, or of this version."""

import asyncio
import base64
import hashlib
import re
from pathlib import Path

import pytest
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explainer.setup import page_fonts
from explainer.ui import asgi, middleware, page_files, streamlit_internals


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
    headers, _ = answer(page_files.Pages(streamlit), path)
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
    headers, body = answer(page_files.Pages(streamlit), "/removal")
    (script,) = re.findall(r"<script type=module>(.*?)</script></head>", body.decode())
    assert int(headers["content-length"]) == len(body)
    assert re.search(r'import\("\./static/js/PlotlyChart\.[^"]+\.js"\)', script)
    assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in middleware.policy(
        "localhost"
    )
    assert script.encode() not in answer(page_files.Pages(streamlit), "/")[1]


def test_a_page_is_streamlits_own_and_asks_for_no_translation() -> None:
    page = (streamlit_internals.static_folder() / "index.html").read_bytes()
    headers, body = answer(page_files.Pages(streamlit), "/about")
    assert (headers["content-type"], headers["cache-control"]) == ("text/html; charset=utf-8", "no-cache")
    assert body.replace(b'<meta name="google" content="notranslate">', b"") == page


@pytest.mark.parametrize(
    "path",
    ["/media/a.jpg", "/_stcore/health", "/tree/", "/./static/js/a.js", "/a/b", "/a/b/", "/index.html", "//host", "/."],
)
def test_what_is_no_page_is_streamlits(path: str) -> None:
    assert answer(page_files.Pages(streamlit), path)[1] == b"all letters"


def test_below_a_path_of_its_own_the_first_page_is_the_one_with_a_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi.st, "get_option", lambda name: "/app" if name == "server.baseUrlPath" else None)
    pages = page_files.Pages(streamlit)
    for path in ("/app", "/application", "/about"):  # Streamlit leads on from the first, and knows no other
        assert answer(pages, path)[1] == b"all letters"
    assert answer(pages, "/app/")[1] == answer(pages, "/app/about")[1] != b"all letters"


def test_the_scripts_of_charts_are_compressed_before_somebody_asks_for_them() -> None:
    page_files.compress_charts()
    compressed = dict(page_files._readings)
    (script, *_) = page_files._scripts("PlotlyChart")
    for coding in ("br", "gzip"):
        headers, body = answer(page_files.FromMemory(streamlit), f"/{script}", coding)
        assert headers["content-encoding"] == coding
        assert len(body) < 1_500_000
    assert page_files._readings == compressed  # the very same: none was begun anew


def test_a_file_is_compressed_once_however_its_path_is_spelled() -> None:
    folder = streamlit_internals.static_folder()
    name = min((folder / "static" / "js").glob("*.js"), key=lambda file: file.stat().st_size).name

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        pass

    async def ask_for(compressed: page_files.FromMemory, *paths: str) -> None:
        for path in paths:
            headers = [(b"accept-encoding", b"gzip")]
            await compressed({"type": "http", "method": "GET", "path": path, "headers": headers}, receive, send)

    page_files._readings.clear()
    compressed = page_files.FromMemory(page_files.Pages(streamlit))
    other = [f"/static/{way}js/{name}" for way in ("./", "././", "/", "js/../", "../static/")]
    asyncio.run(ask_for(compressed, f"/static/js/{name}", *other, f"/static/js/{name}"))
    assert len(page_files._readings) == 1


def test_a_file_that_could_not_be_read_once_is_served_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    name = min((streamlit_internals.static_folder() / "static" / "js").glob("*.js")).name
    scope = {"type": "http", "method": "GET", "path": f"/static/js/{name}", "headers": [(b"accept-encoding", b"gzip")]}
    answered = []

    async def ask() -> None:
        async def send(message: Message) -> None:
            answered.append(message.get("status"))

        await page_files.FromMemory(PlainTextResponse(""))(scope, None, send)  # type: ignore[arg-type]

    def fails(file: Path) -> bytes:
        raise OSError(24, "Too many open files")

    page_files._readings.clear()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Path, "read_bytes", fails)
        with pytest.raises(OSError, match="Too many open files"):
            asyncio.run(ask())
    asyncio.run(ask())
    assert answered[0] == 200


def test_streamlit_is_asked_to_compress_nothing_anew_and_for_no_part_of_a_picture() -> None:
    asked: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.extend(name for name, _ in scope["headers"])

    headers = [(b"range", b"bytes=1-"), (b"accept-encoding", b"gzip"), (b"cookie", b"a=b"), (b"if-range", b"c")]
    scope = {"type": "http", "method": "GET", "path": "/media/table.csv", "root_path": "", "headers": headers}
    asyncio.run(page_files.FromMemory(app)(scope, None, None))  # type: ignore[arg-type]
    assert asked == [b"cookie"]


def test_a_typeface_that_set_up_cut_is_served_in_place_of_streamlits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Letters.woff2").write_bytes(b"a few letters")
    monkeypatch.setattr(page_fonts, "_folder", lambda: tmp_path)

    fonts = page_files.Fonts(streamlit)
    assert answer(fonts, "/static/media/Letters.woff2")[1] == b"a few letters"
    assert answer(fonts, "/static/media/Others.woff2")[1] == answer(fonts, "/Letters.woff2")[1] == b"all letters"


@pytest.mark.parametrize("path", ["/static/js/index.AAAAAAAA.js", "/static/js/Gone-then.b_-0AAAA.js"])
def test_a_script_of_another_version_loads_the_page_again(path: str) -> None:
    answer = TestClient(page_files.OtherVersions(PlainTextResponse("of the app"))).get(path)
    assert "location.reload()" in answer.text
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-store"


def test_scripts_of_this_version_and_all_else_are_the_apps() -> None:
    script = next((streamlit_internals.static_folder() / "static" / "js").glob("*.js")).name
    client = TestClient(page_files.OtherVersions(PlainTextResponse("of the app")))
    for path in (f"/static/js/{script}", "/static/media/gone.woff2", "/static/js/%2e%2e/gone.js", "/", "/tree"):
        assert client.get(path).text == "of the app"
