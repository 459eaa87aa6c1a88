"""What stands between every browser and Streamlit: who may connect, what may be asked, and what answers say.

Each class wraps the app (ASGI) and does one thing; `STACK` has them in their order, the outermost first.
"""

import asyncio
import base64
import hashlib
import itertools
import logging
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import streamlit as st
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explainer import limits
from explainer.limits import Pace, Paces
from explainer.ui import asgi, browser, event_loop, page_files, streamlit_internals, turns, who_asks

_log = logging.getLogger("explainer")

_OPEN = ("health", "host-config", "stream", "upload_file/", "bidi-components/")  # of Streamlit's own addresses
_CLOSED = ("auth/", "oauth2callback")  # as is all else below _stcore
_SECURE = ("https", "wss")  # schemes
_PATH, _NAME = 1000, 255  # bytes of a path and of a name in it; some systems fail at longer ones
_KEPT_FOR_THE_ROOM = 4  # pages that only the presenter's browsers and this computer can open once all others are taken

_FULL = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>The app is full</title><body style="font: 1.2rem/1.5 sans-serif; max-width: 34em; margin: 15vh auto">
<h1>The app is full</h1><p>It serves as many visitors at the moment as this computer can. Try again in a minute.</p>"""

_STOPS = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="1"><title>One moment</title>
<body style="font: 1.2rem/1.5 sans-serif; max-width: 34em; margin: 15vh auto">
<h1>One moment</h1><p>The app is being updated. This page opens by itself in a few seconds.</p>"""
_OF_PROXIES = {"forwarded", "via", "x-real-ip", "x-forwarded-host", "x-forwarded-proto"}  # headers of no browser
_REPLICA = "explainer_replica"  # the cookie by which a proxy keeps a visitor with a process


def _wants_page(scope: Scope) -> bool:
    """Whether a request by HTTP is for a page, and not for what a page is made of."""
    return "text/html" in Headers(scope=scope).get("accept", "") and "." not in asgi.path(scope)


class Cookies:
    """Drops cookies that the app does not read, and those that others may have set, before anybody reads them.

    Sets `browser.MARK`.

    A browser sends what other servers of the host, and of names above it, gave it: some kilobytes, with any letters.
    Python before 3.11.10 and 3.12.6 takes seconds, in which nobody is served, for a header of backslashes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request without them."""
        if scope["type"] in ("http", "websocket"):
            given = [value for name, value in scope["headers"] if name.lower() == b"cookie"]
            dropped = (b"cookie", browser.MARK.encode())
            headers = [each for each in scope["headers"] if each[0].lower() not in dropped]
            if given:  # by HTTP/2 a proxy may hand on each in a line of its own
                cookies = browser.believed(b"; ".join(given), _is_secure(scope))
                mark = browser.mark_of(cookies.decode("latin-1"))
                headers += [(b"cookie", cookies), (browser.MARK.encode(), mark.encode())]
            scope = {**scope, "headers": headers}
        await self.app(scope, receive, send)


def _is_secure(scope: Scope) -> bool:
    """Whether a browser asks by https, as far as is known: a proxy that is not trusted may do so for it."""
    return scope.get("scheme") in _SECURE


class Proxies:
    """Says whom a request comes from: its peer, or what a peer that `EXPLAINER_TRUSTED_PROXIES` names says.

    With that set, nobody counts as this computer: a proxy may stand on it and hand on a stranger's request. Nor does
    who asks by another name than this computer's own: a proxy that says nothing may hand it on, and somebody in the
    room can have a name that means the computer of whoever looks it up.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set the client's address, `browser.LOCAL`, and that a proxy was asked by https."""
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            peer = (scope.get("client") or ("", 0))[0]
            address, local = who_asks.client(
                peer, headers.getlist("x-forwarded-for"), who_asks.settings("EXPLAINER_TRUSTED_PROXIES")
            )
            local = local and not _OF_PROXIES & set(headers) and who_asks.is_here(headers.get("host", ""))
            kept = [each for each in scope["headers"] if each[0].lower() != browser.LOCAL.encode()]
            here = (browser.LOCAL.encode(), b"1" if local else b"0")
            scope = {**scope, "client": (address, 0), "headers": [*kept, here]}
            said = ",".join(headers.getlist("x-forwarded-proto")).rpartition(",")[2].strip()
            if who_asks.is_trusted(peer) and said in _SECURE:  # some proxies say of a websocket that it is one
                scope["scheme"] = "https" if scope["type"] == "http" else "wss"
        await self.app(scope, receive, send)


class Requests:
    """Has an address wait that has used up its share of the event loop, and serves others meanwhile.

    A page that is opened makes a session: those have a pace of their own. Of requests that are not answered yet an
    address has as many as of connections: a proxy that brings them has other connections than its visitors, who may ask
    a hundred things by one of theirs.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._openings = Paces("openings")
        self._open: Counter[str] = Counter()  # by address; one that waits, too, whose browser may have hung up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request when it is its turn. This computer's and the presenter's wait for nothing."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        is_page, address = scope["type"] == "websocket", scope["client"][0]
        if browser.goes_first(Headers(scope=scope)):
            event_loop.charge_to(None, whole_connection=is_page)
            await self.app(scope, receive, send)
            return
        event_loop.charge_to(address, whole_connection=is_page)
        if self._open[address] >= limits.of_an_address("connections of an address", limits.connections()):
            await _refuse(503, "Too many requests of this address wait for their answers.")(scope, receive, send)
            return

        presents = browser.recalling(Headers(scope=scope).get("cookie", ""), browser.PRESENTER)

        def paying() -> str | None:
            """Who pays, and waits, from now on: nobody once the presenter's key was given on a page that is open."""
            payer = None if presents() else address
            event_loop.charge_to(payer, whole_connection=is_page)
            return payer

        async def receiving() -> Message:
            message = await receive()
            await event_loop.turn(paying())
            return message

        async def sending(message: Message) -> None:
            payer = paying()
            # A page's answers do not wait: there are as many as its messages ask for.
            await event_loop.turn(None if is_page else payer)
            await send(message)

        with limits.counted(self._open, address):
            await asyncio.sleep(self._openings.of(address).wait() if is_page else 0)
            await event_loop.turn(address)
            await self.app(scope, receiving, sending)


class Hosts:
    """Answers only to names that are this app's: a stranger's page could give its own name this computer's address.

    Those are addresses, names within a house's network, this computer's name, and what `EXPLAINER_HOSTS` lists. What
    changes something, or opens a page's connection, is answered to pages of this app alone: to another port of the same
    name a browser sends the same cookies.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what is asked under another name."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        acts = scope.get("method") not in ("GET", "HEAD")  # a websocket has none
        if not who_asks.host_is_ours(host):
            told = "This app does not know this name. To serve it here, list the name in EXPLAINER_HOSTS."
            await _refuse(421, told)(scope, receive, send)
        elif acts and not all(
            who_asks.origin_is_ours(each, host, _is_secure(scope)) for each in headers.getlist("origin")
        ):
            _log.warning("A page of another origin was refused. If it was the app's, the proxy before it changes Host.")
            await _refuse(403, "Only a page of this app may ask for this.")(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _refuse(status: int, told: str) -> ASGIApp:
    """What answers a request with that status and sentence, and closes a connection before it begins."""

    async def refused(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse(told, status)(scope, receive, send)

    return refused


class Paths:
    """Closes those of Streamlit's addresses that no page needs: its statistics, its log-in, its interface for agents.

    And what no file's path can be.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404 to what is closed."""
        if scope["type"] == "http":
            at = asgi.path(scope)
            inner = at.partition("_stcore/")[2]
            closed = at.startswith(_CLOSED) or ("_stcore" in at and not inner.startswith(_OPEN))
            if closed or not _may_be_a_path(at):
                await PlainTextResponse("Not found", 404)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _may_be_a_path(text: str) -> bool:
    """Whether a file may have this path, on any system."""
    return (
        "\0" not in text
        and len(text.encode()) <= _PATH
        and all(len(each.encode()) <= _NAME for each in text.split("/"))
    )


class Answers:
    """Puts on every answer what a browser may do with it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers."""
        if scope["type"] == "http":
            headers = {
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "strict-origin",  # a phone's token stands in its page's address
                "Content-Security-Policy": policy(Headers(scope=scope).get("host", "")),
                "Cross-Origin-Resource-Policy": "same-origin",
                "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
            }
            if not asgi.path(scope).startswith("static/"):
                headers["Cache-Control"] = "no-store"  # a photo, or what tells of one, is kept by no browser
            send = asgi.add(send, headers)
        await self.app(scope, receive, send)


def policy(host: str) -> str:
    """The Content-Security-Policy of an answer to a request with that header Host.

    Nothing comes from elsewhere, nothing goes there, and no page of others stands round this one. Streamlit sets styles
    on elements and loads the scripts of its components from `blob:`. Pages that `EXPLAINER_EMBED` lists may show the
    app within them.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' blob: {' '.join(_inline_scripts())}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' blob:",
            " ".join(("connect-src 'self'", "data:", *_sockets(host))),  # data: a camera's picture that is uploaded
            "worker-src 'self' blob:",
            "frame-src 'self'",
            "manifest-src 'self'",
            "base-uri 'self'",
            "form-action 'self'",
            " ".join(("frame-ancestors 'self'", *filter(_IS_ORIGIN.fullmatch, who_asks.settings("EXPLAINER_EMBED")))),
        )
    )


_IS_ORIGIN = re.compile(r"https?://[A-Za-z0-9.*-]+(:\d+)?")
_IS_PLACE = re.compile(r"[A-Za-z0-9.-]+(:\d+)?")


def _sockets(host: str) -> list[str]:
    """The app's own connections by websocket: to Safari before 15.4 'self' means pages alone.

    Those of `server.corsAllowedOrigins` as well: there a proxy changes Host.
    """
    pages = [each.partition("://")[2] for each in st.get_option("server.corsAllowedOrigins")]
    places = [each for each in (host if who_asks.host_is_ours(host) else "", *pages) if _IS_PLACE.fullmatch(each)]
    return [f"{scheme}://{place}" for place in places for scheme in ("ws", "wss")]


@cache
def _inline_scripts() -> tuple[str, ...]:
    """The digests by which a policy lets in the scripts that stand in the page itself, Streamlit's and ours."""
    page = (streamlit_internals.static_folder() / "index.html").read_text("utf-8")
    scripts = [*re.findall(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", page, re.DOTALL), page_files.begin_charts()]
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    return tuple(f"'sha256-{digest}'" for digest in digests)


class Draining:
    """Sends new visitors to another process once this one was asked to stop; who is here goes on for a while.

    A proxy asks for the health, and keeps to a process by a cookie (`deploy/haproxy.cfg`).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer that this process takes nobody new."""
        if scope["type"] == "http" and DRAINING.is_set():
            if asgi.path(scope) == "_stcore/health":
                # By 404 HAProxy knows that who is here may go on; 503 would take their pictures from them.
                await PlainTextResponse("It stops soon.", 404)(scope, receive, send)
                return
            if _wants_page(scope):
                response = HTMLResponse(_STOPS, 503, {"Retry-After": "1"})
                response.delete_cookie(_REPLICA)
                await response(scope, receive, send)
                return
        await self.app(scope, receive, send)


DRAINING = threading.Event()
"""Set once this process was asked to stop, and waits for its visitors to leave."""


_PIECE = 65_536  # bytes of an answer that are handed on at a time, as many as the server holds back for a slow browser


class Patience:
    """Ends a request whose body does not come or whose answer is not taken."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request, for so long."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        whole = False

        async def receiving() -> Message:
            nonlocal whole
            if whole:  # what comes now is that the browser hung up, whenever that is
                return await receive()
            async with asyncio.timeout(limits.value("silence in an upload")):
                message = await receive()
            whole = not message.get("more_body", False)
            return message

        async def sending(message: Message) -> None:
            # In pieces: the whole of one that nobody takes would be copied into the memory, and count as sent.
            body = message.get("body", b"")
            for at in range(0, len(body) - _PIECE, _PIECE):
                await send({"type": "http.response.body", "body": body[at : at + _PIECE], "more_body": True})
            await send({**message, "body": body[(len(body) - 1) // _PIECE * _PIECE :]} if body else message)

        try:
            async with asyncio.timeout(limits.value("request")):
                await self.app(scope, receiving, sending)
        except TimeoutError:
            _log.warning("A request took too long and was ended.")


# A form as browsers send it, which name no encoding. Python keeps the name of each that it does not know, for good.
_IS_A_FORM = re.compile(r"""multipart/form-data; ?boundary="?[\w'()+,./:=?-]{1,70}"?""", re.ASCII)


@dataclass(eq=False)
class _Upload:
    """An upload on its way: whose it is, from where, and how many bytes of it came."""

    session: str
    address: str
    size: int = 0


class _TooManyError(Exception):
    """More is on its way than is let in."""


class Uploads:
    """Bounds what is uploaded and not read: a page takes an upload at once, and it is dropped from here.

    Only forms are taken, as a browser sends them.

    What counts is what came, once Streamlit, which looks for the page and its token first, begins to read it: a request
    that says to be large, and sends nothing, keeps nobody out.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._coming: list[_Upload] = []
        self._addresses: dict[str, str] = {}  # of the sessions whose uploads come, or were not read yet
        self._sent: dict[str, dict[int, None]] = {}  # by session: digests of the names of what came, the oldest first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse an upload beyond the limits."""
        at = asgi.path(scope) if scope["type"] == "http" else ""
        if not at.startswith("_stcore/upload_file/") or scope["method"] != "PUT":
            await self.app(scope, receive, send)
            return
        if not _IS_A_FORM.fullmatch(Headers(scope=scope).get("content-type", "")):
            await PlainTextResponse("This is no file that a page of this app sends.", 415)(scope, receive, send)
            return
        upload, checked = _Upload(at.split("/")[2], scope["client"][0]), 0

        async def receiving() -> Message:
            nonlocal checked
            if upload not in self._coming:
                self._check(upload)
                self._take_name(upload.session, at)
                self._coming.append(upload)
                self._addresses[upload.session] = upload.address
            message = await receive()
            upload.size += len(message.get("body", b""))
            if upload.size - checked > _PIECE:  # not at each byte that comes by itself
                checked = upload.size
                self._check(upload)
            return message

        try:
            await self.app(scope, receiving, send)
        except _TooManyError:
            _log.warning("An upload was refused: too many files that were not read yet.")
            await PlainTextResponse("Too many files. Try again in a minute.", 429)(scope, receive, send)
        finally:
            if upload in self._coming:
                self._coming.remove(upload)
            known = streamlit_internals.sessions()
            self._sent = {session: sent for session, sent in self._sent.items() if session in known}
            there = {owner for owner, _ in streamlit_internals.uploads()} | {each.session for each in self._coming}
            self._addresses = {owner: address for owner, address in self._addresses.items() if owner in there}

    def _take_name(self, session: str, name: str) -> None:
        """Raises _TooManyError for a name that was used: Streamlit keeps what comes under it, and tells no page."""
        sent = self._sent.setdefault(session, {})
        if hash(name) in sent:
            raise _TooManyError
        sent[hash(name)] = None
        if len(sent) > limits.value("uploads of a visit"):
            del sent[next(iter(sent))]

    def _check(self, upload: _Upload) -> None:
        """Raises _TooManyError where an upload is one too many, or too large beside the others."""
        kept = streamlit_internals.uploads()
        coming = [each for each in self._coming if each is not upload]
        of_it = sum(owner == upload.session for owner, _ in kept) + sum(
            each.session == upload.session for each in coming
        )
        taken = sum(kept.values()) + sum(each.size for each in coming)
        of_address = sum(
            size for (owner, _), size in kept.items() if self._addresses.get(owner) == upload.address
        ) + sum(each.size for each in coming if each.address == upload.address)
        in_all = int(limits.value("uploads"))
        if of_it >= limits.value("uploads of a visitor") or not limits.has_place(
            "uploads of an address", of_address, taken, in_all, upload.size, limits.A_PHOTO
        ):
            raise _TooManyError


class OnTheirWay:
    """Bounds the pictures and downloads on their way: each is in the memory, for one browser, until it is taken."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._bytes: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse one beyond the limits."""
        if (
            scope["type"] != "http"
            or not asgi.path(scope).startswith("media/")
            or browser.goes_first(Headers(scope=scope))
        ):
            await self.app(scope, receive, send)
            return
        address, size = scope["client"][0], 0

        async def sending(message: Message) -> None:
            nonlocal size
            if message["type"] == "http.response.start":
                large, in_all = int(Headers(raw=message["headers"]).get("content-length", 0)), limits.value("answers")
                of_it, taken = self._bytes[address], self._bytes.total()
                if not limits.has_place("answers of an address", of_it, taken, int(in_all), large, limits.A_PHOTO):
                    raise _TooManyError
                size = large
                self._bytes[address] += size
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except _TooManyError:
            _log.warning("A picture or download was refused: too many that are not taken.")
            refused = PlainTextResponse("Too many files are on their way to you. Try again in a minute.", 503)
            await refused(scope, receive, send)
        finally:
            self._bytes[address] -= size
            if not self._bytes[address]:
                del self._bytes[address]


async def _close_as_full(receive: Receive, send: Send) -> None:
    _log.warning("A visitor was refused: the app is full.")
    await receive()
    await send({"type": "websocket.close", "code": 1013})


_SUBPROTOCOLS = 2  # of a new page: Streamlit's, and a token


class Visitors:
    """Bounds how many pages are open, and lets through only the messages that a page of this app sends."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._open: Counter[str] = Counter()
        self._pages = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a page beyond the limits; hand on the messages of one that is within."""
        if scope["type"] == "http" and _wants_page(scope) and not self._has_room(scope):
            await HTMLResponse(_FULL, 503, {"Retry-After": "60"})(scope, receive, send)
            return
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        if not self._has_room(scope):
            await _close_as_full(receive, send)
            return
        address = scope["client"][0]

        page = (browser.PAGE.encode(), f"page {next(self._pages)}".encode())
        scope = {**scope, "headers": [*(each for each in scope["headers"] if each[0].lower() != page[0]), page]}
        # Asked each time: the presenter's key may be given on the open page.
        whose = partial(browser.waits_with, Headers(scope=scope), address)
        with limits.counted(self._open, address):  # before anything is waited for
            comes_back_to = next(iter(scope.get("subprotocols", ())[_SUBPROTOCOLS:]), "")
            if comes_back_to:  # a session's name; all that goes on in it is stopped
                await turns.COMPUTING.pressed(*whose())
            if streamlit_internals.make_room_for_a_session(limits.visitors(), comes_back_to):
                await self.app(scope, _Messages(receive, whose), send)
            else:
                await _close_as_full(receive, send)

    def _has_room(self, scope: Scope) -> bool:
        if browser.goes_first(Headers(scope=scope)):
            return self._open.total() < limits.visitors()
        taken = self._open.total() + _KEPT_FOR_THE_ROOM
        return limits.has_place("visitors of an address", self._open[scope["client"][0]], taken, limits.visitors())


class _Messages:
    """What a page sends, without what no page of this app sends.

    `whose` tells with whom the page waits at the moment, as `browser.waits_with`.
    """

    def __init__(self, receive: Receive, whose: Callable[[], tuple[str, str]]) -> None:
        self._receive, self._whose = receive, whose
        self._pace = Pace(limits.first("messages"), limits.value("messages"))
        runs = Pace(limits.first("runs"), limits.value("runs"))
        files = Pace(limits.first("files"), 1 / limits.value("files"))
        self._paces = {"rerun_script": runs, "deferred_file": files, "file_urls_request": files}

    async def __call__(self) -> Message:
        while True:
            message = await self._receive()
            frame = message.get("bytes")
            if message["type"] == "websocket.disconnect":
                await turns.COMPUTING.pressed(*self._whose())
            if message["type"] != "websocket.receive":
                return message
            too_fast = self._pace.wait() > 0
            if frame is None or len(frame) > limits.value("message") or too_fast:
                _log.warning("A page was closed: it sent what no page of this app does.")
                return {"type": "websocket.disconnect", "code": 1008}
            kind = streamlit_internals.kind(frame)
            if kind in streamlit_internals.MESSAGES:
                if kind in self._paces:
                    await asyncio.sleep(self._paces[kind].wait())
                if kind == "rerun_script":
                    await turns.COMPUTING.turn(*self._whose())
                return message
            _log.warning("A message was ignored: %s is none that a page of this app sends.", kind or "it")


_ORDER = (
    Proxies,
    Cookies,
    Answers,
    Requests,
    Hosts,
    Paths,
    Draining,
    Patience,
    page_files.OtherVersions,
    page_files.Fonts,
    page_files.FromMemory,
    browser.Cookie,
    Uploads,
    OnTheirWay,
    Visitors,
    page_files.Pages,
)

STACK = tuple(Middleware(each) for each in _ORDER)
"""Round every answer and every connection, the outermost first."""
