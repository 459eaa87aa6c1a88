"""Whom a request comes from, which names are ours, and which pages may frame the app."""

import asyncio
import logging
import sys
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from explainer import limits
from explainer.setup import page_fonts
from explainer.ui import middleware, server


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address", "local"),
    [
        ("127.0.0.1", [], [], "127.0.0.1", True),
        ("::1", [], [], "::1", True),
        ("::ffff:127.0.0.1", [], [], "127.0.0.1", True),
        ("192.0.2.7", [], [], "192.0.2.7", False),
        # Whoever is not named is not believed, and who hands something on is not taken for this computer.
        ("127.0.0.1", ["192.0.2.7"], [], "127.0.0.1", False),
        ("192.0.2.7", ["127.0.0.1"], [], "192.0.2.7", False),
        ("127.0.0.1", [], ["127.0.0.1"], "127.0.0.1", False),
        ("127.0.0.1", ["192.0.2.7"], ["127.0.0.1"], "192.0.2.7", False),
        ("127.0.0.1", ["127.0.0.1"], ["127.0.0.1"], "127.0.0.1", False),
        # The last that a trusted proxy names, and not what a stranger put before it.
        ("10.0.0.1", ["127.0.0.1, 192.0.2.7"], ["10.0.0.1"], "192.0.2.7", False),
        ("10.0.0.1", ["192.0.2.7, 10.0.0.2"], ["10.0.0.1", "10.0.0.2"], "192.0.2.7", False),
        ("10.0.0.1", ["<script>"], ["10.0.0.1"], "10.0.0.1", False),
    ],
)
def test_only_a_proxy_that_is_named_says_whom_a_request_comes_from(
    peer: str, forwarded: list[str], trusted: list[str], address: str, local: bool
) -> None:
    assert middleware.client(peer, forwarded, trusted) == (address, local)


@pytest.mark.parametrize("host", ["localhost:8501", "[::1]:8501", "museum-pc", "hall.local", "10.0.0.7:80"])
def test_names_that_no_stranger_can_own_are_ours(host: str) -> None:
    assert middleware.host_is_ours(host)


@pytest.mark.parametrize(
    "host", ["", "evil.example", "localhost.evil.example", "a@b", "127.0.0.1.evil.example", "[", "%"]
)
def test_other_names_are_not(host: str) -> None:
    assert not middleware.host_is_ours(host) or "." not in host


def test_a_name_that_the_setting_lists_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_HOSTS", "labels.example, other.example")
    assert middleware.host_is_ours("Labels.Example:443")
    assert not middleware.host_is_ours("third.example")


def test_a_museum_may_frame_the_app_where_the_setting_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert middleware.policy().endswith("frame-ancestors 'self'")
    monkeypatch.setenv("EXPLAINER_EMBED", "https://museum.example javascript:alert(1) https://x;script-src")
    assert middleware.policy().endswith("frame-ancestors 'self' https://museum.example")


def test_an_error_is_one_line_that_says_where_and_not_what() -> None:
    try:
        limits.value("nothing")
    except KeyError:
        record = logging.LogRecord("streamlit", logging.ERROR, "", 0, "Uncaught app execution", (), sys.exc_info())
    assert server.OneLineEach().filter(record)
    line = logging.Formatter().format(record)
    assert "\n" not in line
    assert line.startswith("Uncaught app execution: KeyError < explainer/limits.py:")
    assert "nothing" not in line


def test_of_one_kind_of_line_so_many_a_minute_are_written() -> None:
    once = server.OneLineEach()
    written = [
        once.filter(logging.LogRecord("x", logging.WARNING, "", 0, "A line about %s", (number,), None))
        for number in range(1000)
    ]
    assert 1 <= sum(written) <= 2 * limits.value("log")  # a minute may have ended between two of them


def test_a_typeface_that_set_up_cut_is_served_in_place_of_streamlits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Letters.woff2").write_bytes(b"a few letters")
    monkeypatch.setattr(page_fonts, "_folder", lambda: tmp_path)

    async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(b"all letters")(scope, receive, send)

    def got(path: str) -> bytes:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            await asyncio.Event().wait()  # the browser does not hang up
            raise AssertionError

        scope = {"type": "http", "method": "GET", "path": path, "headers": []}
        asyncio.run(middleware.Fonts(streamlit)(scope, receive, send))
        return b"".join(message.get("body", b"") for message in sent)

    assert got("/static/media/Letters.woff2") == b"a few letters"
    assert got("/static/media/Others.woff2") == got("/Letters.woff2") == b"all letters"
