"""What this server remembers of a browser: by a cookie, for as long as the server runs and the browser stays open.

Servers with the same `server.cookieSecret` know each other's cookies, and so does one that is started anew with it (see
`cookie_secret`); what each remembers is its own.

The cookie holds a random number and a signature, and nothing else. Scripts cannot read it (HttpOnly), other sites do
not get it sent (SameSite). It comes with the first page, and a session knows it from then on: a reload, another tab, or
the address without its parameters are still the same browser.

    browser.remember(browser.PRESENTER, True)    # in a callback or a script
    if browser.recall(browser.PRESENTER): ...    # in any session of the same browser

A browser that takes no cookies has none (`known` is False): nothing is remembered of it, and nothing fails. What is
remembered is in memory alone, of at most `MOST` browsers; those that were seen last stay, and the presenter's.
"""

import hashlib
import hmac
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cache, partial

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAME = "explainer_browser"
"""The name of the cookie."""

_BY_HTTPS = f"__Host-{NAME}"  # under this name browsers take it from this very host alone, and by https

LOCAL = "x-explainer-this-computer"
"""A header that `middleware.Proxies` sets: "1" where the request comes from the computer that the server runs on."""

MARK = "x-explainer-browser"
"""A header that `middleware.Cookies` sets: what tells a browser from others. Streamlit gives a session to no other one
(`server.trustedUserHeaders`): its name stands in the paths that a browser asks for."""

PAGE = "x-explainer-page"
"""A header that `middleware.Visitors` sets: what tells an open page from all others."""

LOOPBACK = "127.0.0.1"
"""The address of what comes from the computer that the server runs on: who sits there, or a proxy."""

PRESENTER = "presenter"
"""Under this name stands that the browser has given the presenter's key."""

MOST = 5000
"""Browsers of which something is remembered."""

_MOST_OF_ONE = 20
_lock = threading.Lock()
_remembered: OrderedDict[str, dict[str, object]] = OrderedDict()


def known() -> bool:
    """Whether this session's browser has the cookie."""
    return identity() is not None


def identity() -> str | None:
    """What tells this session's browser from others; None where it has no cookie. Keep it in no record."""
    return _identity(st.context.cookies.get(NAME, ""))


def remember(name: str, value: object) -> None:
    """Remember something of this browser under a name, in the place of what was remembered there."""
    this = identity()
    if this is None:
        return
    with _lock:
        of_it = _remembered.setdefault(this, {})
        of_it[name] = value
        while len(of_it) > _MOST_OF_ONE:
            of_it.pop(next(each for each in of_it if each != PRESENTER))
        _remembered.move_to_end(this)
        while len(_remembered) > MOST:
            others = (each for each, of_each in _remembered.items() if PRESENTER not in of_each)
            _remembered.pop(next(others, next(iter(_remembered))))


def recall(name: str) -> object | None:
    """What is remembered of this browser under a name; None for nothing."""
    return _recall(identity(), name)


def recall_of(cookies: str, name: str) -> object | None:
    """What is remembered under a name of the browser that sent a header Cookie; None for nothing."""
    return _recall(_sent(cookies), name)


def recalling(cookies: str, name: str) -> Callable[[], object | None]:
    """Like `recall_of`, to be asked again and again, of one browser."""
    return partial(_recall, _sent(cookies), name)


def goes_first(headers: Mapping[str, str]) -> bool:
    """Whether a request with these headers waits for nobody: this computer's do not, nor do the presenter's."""
    return headers.get(LOCAL) == "1" or recall_of(headers.get("cookie", ""), PRESENTER) is not None


def waits_with(headers: Mapping[str, str], address: str) -> tuple[str, str]:
    """The address with whose other pages a page waits for its turn, "" for nobody's, and what tells it from those.

    That is its browser's mark; where it has no cookie, or waits for nobody, not even for its browser, the page's own.
    """
    first, page = goes_first(headers), headers.get(PAGE, "")
    return ("", page) if first else (address, mark_of(headers.get("cookie", "")) or page)


def this_page() -> str:
    """What tells the page of this session from those with which it waits, as in `waits_with`."""
    return waits_with(st.context.headers, "")[1]


def mark_of(cookies: str) -> str:
    """What tells the browser that sent a header Cookie from others while this process runs; "" where it has none."""
    return _mark(_sent(cookies))


def _mark(known_as: str | None) -> str:
    return f"{hash(known_as):x}" if known_as else ""


def _recall(known_as: str | None, name: str) -> object | None:
    with _lock:
        of_it = _remembered.get(known_as or "")
        if of_it is None:
            return None
        _remembered.move_to_end(known_as or "")
        return of_it.get(name)


def _signed(number: str) -> bytes:
    known = number.encode("utf-8", "replace")
    return known + b"." + hmac.new(_secret(), known, hashlib.sha256).hexdigest().encode()


@cache
def _secret() -> bytes:
    """Made from Streamlit's own, which is random at each start where none is set or kept: then it is this process's."""
    return hmac.new(str(st.get_option("server.cookieSecret")).encode(), NAME.encode(), hashlib.sha256).digest()


def address() -> str:
    """Where this session's browser is, as `middleware.Proxies` found it; "" for who sits at this computer."""
    found = st.context.ip_address  # None for `LOOPBACK`
    return found or (LOOPBACK if st.context.headers.get(LOCAL) == "0" else "")


def _identity(value: object) -> str | None:
    """The random number of a cookie that this server gave out; None for any other."""
    if not isinstance(value, str):
        return None
    number = value.partition(".")[0]
    return number if hmac.compare_digest(_signed(number), value.encode("utf-8", "replace")) else None


class Cookie:
    """Gives a browser that opens a page its cookie, unless it has one of this server's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the cookie to an answer that is a page."""
        if scope["type"] != "http" or _sent(Headers(scope=scope).get("cookie", "")) is not None:
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    name, secure = (_BY_HTTPS, "; Secure") if scope.get("scheme") == "https" else (NAME, "")
                    value = _signed(secrets.token_urlsafe(16)).decode()
                    headers.append("Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}")
            await send(message)

        await self.app(scope, receive, sending)


# A cookie as the app and Streamlit write it: without spaces, quotes and backslashes, over which parsers disagree.
_PLAIN = re.compile(rb"\w[\w-]*=[\w.|-]{1,300}", re.ASCII)


def believed(cookies: bytes, secure: bool) -> bytes:
    """Of a header Cookie those that the app reads: Streamlit's token, and its own one if nobody else can have set it.

    Another server of the same host, or of a sibling's name, could give a browser a cookie whose number it knows: by
    https the name tells, else that there are two. What other servers of the host remember is not the app's business.
    """
    name, token = (_BY_HTTPS if secure else NAME).encode() + b"=", b"_streamlit_xsrf="
    each = [one for one in map(bytes.strip, cookies.split(b";")) if _PLAIN.fullmatch(one)]
    ours = [NAME.encode() + b"=" + one.removeprefix(name) for one in each if one.startswith(name)]
    return b"; ".join([*(ours if len(ours) == 1 else ()), *[one for one in each if one.startswith(token)][-1:]])


def _sent(cookies: str) -> str | None:
    """The random number of this server's cookie in a header Cookie, read as Streamlit reads it."""
    given = dict(one.strip().partition("=")[::2] for one in cookies.split(";"))
    return _identity(given.get(NAME))
