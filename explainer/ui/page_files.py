"""Serves Streamlit's page and its files: from memory, compressed, and with the typefaces that set-up cut."""

import asyncio
import gzip
import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from explainer.setup import page_fonts
from explainer.ui import asgi, streamlit_internals

_CHART = "PlotlyChart"


class Pages:
    """Serves each page from memory: the one file of Streamlit's that it reads from the disk for every visitor.

    A browser is told at once which scripts a page will need; Streamlit asks for each as it draws what needs it. What
    draws charts takes half a second to begin: a page with charts begins it while it waits for its first answer.

    And it is asked not to translate the page: on a phone that votes, too, an old word would stay beside what is new.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for a page; hand on all else, and what names another host by two slashes."""
        asked = scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and "//" not in scope["path"]
        # What a page names is beside it, so that below a path of its own the first one needs the slash at the end.
        if asked and scope["path"].startswith(asgi.base()) and not {"/", "."} & set(asgi.path(scope)):
            kinds = _KINDS.get(asgi.path(scope), ())
            needed = dict.fromkeys(script for kind in (*_OF_EVERY, *kinds) for script in _scripts(kind))
            links = ", ".join(f"<./{script}>; rel=modulepreload; crossorigin" for script in needed)
            response = HTMLResponse(_page(_CHART in kinds), headers={"Link": links, "Cache-Control": "no-cache"})
            await response(scope, receive, send)
        else:
            await self.app(scope, receive, send)


_AS_IT_IS = '<meta name="google" content="notranslate">'
_OF_EVERY = ("BidiComponent", "StreamlitMarkdown", "Html", "ImageList", "PageLink", "Button")
_KINDS = {
    "removal": (_CHART, "ButtonGroup", "DownloadButton", "Checkbox"),
    "tree": (_CHART, "DataFrame"),
}


@cache
def _page(has_charts: bool) -> str:
    begin = f"<script type=module>{begin_charts()}</script>" if has_charts else ""
    page = (streamlit_internals.static_folder() / "index.html").read_text("utf-8")
    return page.replace("</head>", f"{_AS_IT_IS}{begin}</head>", 1)


@cache
def _scripts(kind: str) -> tuple[str, ...]:
    """The paths of the scripts that draw a kind of element, its own first, without those that every page loads."""
    chunks = json.loads((streamlit_internals.static_folder() / "manifest.json").read_text("utf-8"))
    own = next((name for name, chunk in chunks.items() if chunk["file"].startswith(f"static/js/{kind}.")), None)
    of_every_page = _imported(chunks, "index.html")
    return tuple(chunks[name]["file"] for name in _imported(chunks, own) if own == name or name not in of_every_page)


def _imported(chunks: Mapping[str, Any], name: str | None) -> list[str]:
    """A chunk and all that it imports, by their names in Vite's manifest."""
    found = [name] if name else []
    for each in found:
        found += [other for other in chunks[each].get("imports", ()) if other not in found]
    return found


@cache
def begin_charts() -> str:
    """Begins the script of charts once the browser has nothing to do but to wait for the page's first answer.

    Streamlit asks for its host's settings just before it connects; then the browser is idle until the answer comes.
    """
    script = "".join(_scripts(_CHART)[:1])
    return (
        "new PerformanceObserver((seen, watching) => {"
        ' if (!seen.getEntries().some(({name}) => name.endsWith("/_stcore/host-config"))) return;'
        f' watching.disconnect(); requestIdleCallback(() => import("./{script}"));'
        '}).observe({type: "resource"});'
    )


class OtherVersions:
    """Has a page load itself again that asks for a script of another version: the process that it came from has ended.

    Streamlit names each script by what is in it, and its page stays empty where one is not there.
    """

    # Once in ten seconds: where it does not help, nothing would. A browser that keeps nothing, as it may in a frame of
    # another site's page, still tells how long ago it loaded the page, and why.
    _LOAD_AGAIN = """const key = "loaded again";
let ago;
try {
  ago = Date.now() - (sessionStorage.getItem(key) ?? 0);
  if (ago > 10_000) sessionStorage.setItem(key, Date.now());
} catch {
  const { type } = performance.getEntriesByType("navigation")[0];
  ago = type === "reload" ? performance.now() : Infinity;
}
if (ago > 10_000) location.reload();
"""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for a script that is not there; hand on all else."""
        at = asgi.path(scope) if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else ""
        if re.fullmatch(r"static/js/[\w.-]+\.js", at) and not (streamlit_internals.static_folder() / at).is_file():
            headers = {"Cache-Control": "no-store"}
            await Response(self._LOAD_AGAIN, media_type="text/javascript", headers=headers)(scope, receive, send)
            return
        await self.app(scope, receive, send)


class Fonts:
    """Serves the typefaces of Streamlit's page as set-up cut them; what was not cut, Streamlit serves whole."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for a typeface that was cut; hand on all else."""
        folder, _, name = asgi.path(scope).rpartition("/") if scope["type"] == "http" else ("", "", "")
        file = page_fonts.cut(name) if folder == "static/media" and scope["method"] in ("GET", "HEAD") else None
        if file is None:
            await self.app(scope, receive, send)
            return
        # Another version of the app may cut the same typeface to other icons: it is kept for an hour.
        headers = {"Cache-Control": "public, max-age=3600"}
        await Response(await _read("", file), media_type="font/woff2", headers=headers)(scope, receive, send)


class FromMemory:
    """Serves the files of Streamlit's page from memory, and compressed; Streamlit sends them as they are.

    It would also hold a file open for each answer: see `streamlit_internals.answer_with_no_file`.
    """

    _TEXTS = {".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml"}  # noqa: RUF012
    _KINDS = {**_TEXTS, ".woff2": "font/woff2", ".png": "image/png", ".gif": "image/gif"}  # noqa: RUF012

    # What would have Streamlit compress a table anew for each request, and copy a picture for a part of it.
    _FOR_STREAMLIT = frozenset({b"accept-encoding", b"range", b"if-range"})

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for a file of Streamlit's page; hand on all else."""
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            response = await self._file(asgi.path(scope), Headers(scope=scope))
            if response:
                await response(scope, receive, send)
                return
        if scope["type"] == "http":
            scope = {**scope, "headers": [each for each in scope["headers"] if each[0] not in self._FOR_STREAMLIT]}
        await self.app(scope, receive, send)

    async def _file(self, path: str, headers: Headers) -> Response | None:
        if path not in _names():  # by another spelling of its path, too: each that is kept would fill the memory
            return None
        end, accepted = path[path.rfind(".") :], headers.get("accept-encoding", "")
        coding = next(each for each in _CODINGS if each in accepted) if end in self._TEXTS else ""
        file = streamlit_internals.static_folder() / path
        # Below `static` a name has the content's digest in it.
        kept = "public, immutable, max-age=31536000" if path.startswith("static/") else "no-cache"
        answered = {"Content-Type": self._KINDS[end], "Vary": "Accept-Encoding", "Cache-Control": kept}
        if coding:
            answered["Content-Encoding"] = coding
        return Response(await _read(coding, file), headers=answered)


@cache
def _names() -> frozenset[str]:
    """The paths of the files of Streamlit's page, all but the page's own."""
    folder = streamlit_internals.static_folder()
    files = (file for file in folder.rglob("*") if file.suffix in FromMemory._KINDS)
    return frozenset(file.relative_to(folder).as_posix() for file in files)


# The better first; browsers ask for it over https, and on this computer. The last one, as it is, is in every list.
_CODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "br": partial(brotli.compress, quality=7),
    "gzip": partial(gzip.compress, compresslevel=9),
    "": lambda content: content,
}
_readers = ThreadPoolExecutor(2, "compressor")
_readings: dict[tuple[str, Path], "Future[bytes]"] = {}


async def _read(coding: str, file: Path) -> bytes:
    """What a file has, compressed once."""
    return await asyncio.shield(asyncio.wrap_future(_reading(coding, file)))


def _reading(coding: str, file: Path) -> "Future[bytes]":
    reading = _readings.get((coding, file))
    if reading is None or (reading.done() and reading.exception()):  # it could not be read for a moment
        reading = _readings[coding, file] = _readers.submit(lambda: _CODINGS[coding](file.read_bytes()))
    return reading


def compress_charts() -> None:
    """Begin to compress the scripts of charts, the largest by far, before somebody waits for them."""
    folder = streamlit_internals.static_folder()
    for coding in filter(None, _CODINGS):
        for script in _scripts(_CHART):
            _reading(coding, folder / script)
