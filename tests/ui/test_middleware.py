"""Who may connect, what may be asked, and what answers say: each class of the stack by itself, and their order."""

import asyncio
import contextlib
import contextvars
import dataclasses
import json
import logging
import os
import queue
import select
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable
from logging.handlers import QueueHandler
from unittest.mock import AsyncMock

import pytest
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates

from explainer import jobs, limits
from explainer.ui import browser, event_loop, middleware, page_files, server, streamlit_internals, turns


@pytest.mark.parametrize(
    ("peer", "said", "scheme"),
    [
        ("10.0.0.1", ["https"], "https"),
        ("10.0.0.1", ["https, wss"], "https"),
        ("10.0.0.1", ["https", "http"], "http"),  # the last that it says is what it was asked by
        ("10.0.0.1", ["http"], "http"),
        ("10.0.0.1", [], "http"),
        ("192.0.2.7", ["https"], "http"),  # whoever is not named is not believed
    ],
)
def test_behind_a_proxy_with_a_certificate_the_cookie_goes_by_https_alone(
    peer: str, said: list[str], scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLAINER_TRUSTED_PROXIES", "10.0.0.1")
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 0),
        "headers": [(b"x-forwarded-proto", each.encode()) for each in said],
    }
    app = middleware.Proxies(browser.Cookie(HTMLResponse("a page")))
    asyncio.run(app(scope, None, send))  # type: ignore[arg-type]
    given = dict(sent[0]["headers"])[b"set-cookie"]
    assert given.endswith(b"; Secure") == (scheme == "https")
    assert given.startswith(b"__Host-") == (scheme == "https")


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost:8501", "1"),
        ("127.0.0.1:8501", "1"),
        ("[::1]:8501", "1"),
        (socket.gethostname(), "1"),
        # What a proxy on this computer hands on, or a name in this network that means the computer of who looks it up.
        ("labels.example", "0"),
        ("somebody.local:8501", "0"),
        ("somebody", "0"),
        ("10.0.0.7:8501", "0"),
        ("", "0"),
        ("[", "0"),
    ],
)
def test_whoever_asks_by_another_name_does_not_sit_at_this_computer(host: str, local: str) -> None:
    assert is_local(host) == local


def is_local(host: str, *headers: tuple[bytes, bytes]) -> str:
    """What `browser.LOCAL` says of a request that comes from this computer."""
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend(value.decode() for name, value in scope["headers"] if name == browser.LOCAL.encode())

    given = [(b"host", host.encode()), *headers]
    scope = {"type": "websocket", "client": ("127.0.0.1", 5000), "headers": given}
    asyncio.run(middleware.Proxies(app)(scope, None, None))  # type: ignore[arg-type]
    (said,) = seen
    return said


@pytest.mark.parametrize("header", ["X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Via"])
def test_whom_a_proxy_asks_for_does_not_sit_at_this_computer(header: str) -> None:
    assert is_local("localhost:8501", (b"accept-language", b"de")) == "1"
    assert is_local("localhost:8501", (header.lower().encode(), b"192.0.2.7")) == "0"


def test_a_name_that_others_can_ask_for_does_not_mean_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, local in (("labels.example", "0"), ("museum-pc", "1"), ("annas-mac.local", "1")):
        monkeypatch.setattr(socket, "gethostname", lambda name=name: name)
        assert is_local(name) == local
    monkeypatch.setenv("EXPLAINER_HOSTS", "museum-pc")
    monkeypatch.setattr(socket, "gethostname", lambda: "museum-pc")
    assert is_local("museum-pc") == "0"


def test_what_is_refused_says_of_itself_what_every_answer_does() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError

    for each in reversed(middleware.STACK):
        app = each.cls(app)
    headers = [(b"host", b"evil.example")]
    scope = {"type": "http", "method": "GET", "path": "/", "client": ("192.0.2.7", 5000), "headers": headers}
    asyncio.run(app(scope, None, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 421
    said = dict(sent[0]["headers"])
    assert said[b"x-content-type-options"] == b"nosniff"
    assert said[b"cache-control"] == b"no-store"
    assert b"frame-ancestors" in said[b"content-security-policy"]
    assert said[b"referrer-policy"] == b"strict-origin"  # else each picture's request tells a phone's token


def test_a_museum_may_frame_the_app_where_the_setting_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert middleware.policy("localhost").endswith("frame-ancestors 'self'")
    monkeypatch.setenv("EXPLAINER_EMBED", "https://museum.example javascript:alert(1) https://x;script-src")
    assert middleware.policy("localhost").endswith("frame-ancestors 'self' https://museum.example")


@pytest.mark.parametrize(
    ("host", "places"),
    [
        ("museum-pc:8501", "ws://museum-pc:8501 wss://museum-pc:8501"),
        ("10.0.0.7", "ws://10.0.0.7 wss://10.0.0.7"),
        ("labels.example", "ws://labels.example wss://labels.example"),
        ("evil.example", ""),
        ("10.0.0.7; script-src *", ""),
        ("[::1]:8501", ""),  # a policy has no place for one
        ("", ""),
    ],
)
def test_a_page_connects_to_nobody_but_the_app(host: str, places: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_HOSTS", "labels.example")
    (line,) = [each for each in middleware.policy(host).split("; ") if each.startswith("connect-src")]
    assert line == f"connect-src 'self' data: {places}".rstrip()


def test_a_page_behind_a_proxy_that_changes_its_name_connects_to_that_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {"server.corsAllowedOrigins": ["https://labels.example:8443"], "server.baseUrlPath": ""}
    monkeypatch.setattr(middleware.st, "get_option", listed.get)
    assert "wss://labels.example:8443" in middleware.policy("10.0.0.7:8501")


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


def test_a_terminal_that_is_held_stops_nobody_and_what_was_said_comes_when_it_is_released() -> None:
    there, terminal = os.pipe()
    os.set_blocking(terminal, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(terminal, bytes(4096))  # until it takes no more
    os.set_blocking(terminal, True)
    log = logging.Logger("held")
    with os.fdopen(terminal, "w") as stream:
        log.addHandler(handler := logging.StreamHandler(stream))
        server.write_aside([handler])
        began = time.monotonic()
        for number in range(2000):
            log.warning("line %d", number)
        assert time.monotonic() - began < 2
        said = b""
        while said.count(b"\n") < 1000 or select.select([there], [], [], 1)[0]:
            said += os.read(there, 1 << 20)
    lines = said.lstrip(b"\0").decode().splitlines()
    assert lines[:1000] == [f"line {number}" for number in range(1000)]
    assert len(lines) < 1100  # the thread takes one, when it comes to it
    os.close(there)


def test_one_thread_writes_the_lines_of_all_and_a_handler_that_fails_stops_no_other() -> None:
    class Fails(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise MemoryError

    def threads() -> int:
        return sum(thread.name == "log" for thread in threading.enumerate())

    before, written, log = threads(), queue.Queue[logging.LogRecord](), logging.Logger("several")
    for handler in (QueueHandler(written), Fails(), QueueHandler(written)):
        log.addHandler(handler)
    server.write_aside(log.handlers)
    log.warning("one")
    log.warning("two")
    assert [written.get(timeout=10).message for _ in range(4)] == ["one", "one", "two", "two"]
    assert threads() == before + 1


def test_of_one_kind_of_line_so_many_a_minute_are_written() -> None:
    once = server.OneLineEach()
    written = [
        once.filter(logging.LogRecord("x", logging.WARNING, "", 0, "A line about %s", (number,), None))
        for number in range(1000)
    ]
    assert 1 <= sum(written) <= 2 * limits.value("log")  # a minute may have ended between two of them


def test_lines_that_a_stranger_words_are_of_one_kind() -> None:
    once = server.OneLineEach()

    def written(message: str, *said: object) -> bool:
        try:
            limits.value("nothing")
        except KeyError:
            return once.filter(logging.LogRecord("x", logging.ERROR, "", 0, message, said, sys.exc_info()))

    most = 2 * limits.value("log")  # a minute may have ended between two of them
    assert 1 <= sum(written("No file %s", f"{number}" * 1000) for number in range(100)) <= most
    assert sum(written(f"No file {number}") for number in range(5000)) <= most + 2 * server._KINDS
    assert len(once._seen) <= server._KINDS + 1


def test_a_strangers_text_neither_fills_the_log_nor_steers_the_terminal() -> None:
    text = "http://evil\x1bc.example/%s" + "A" * 60_000
    record = logging.LogRecord("streamlit", logging.WARNING, "", 0, "Refused: origin=%s", (text,), None)
    assert server.OneLineEach().filter(record)
    line = logging.Formatter().format(record)
    assert line.startswith("Refused: origin=http://evil?c.example/")
    assert len(line) <= 1001
    assert line.isprintable()


def test_the_sweep_goes_on_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = []

    async def fails() -> None:
        rounds.append(len(rounds))
        raise MemoryError

    async def sweep() -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(server._sweep(), 0.2)

    monkeypatch.setattr(server, "_SWEEP", 0.01)
    monkeypatch.setattr(streamlit_internals, "close_left_sessions", fails)
    asyncio.run(sweep())
    assert len(rounds) > 1


FORM = "multipart/form-data; boundary=----WebKitFormBoundaryAbc123"


async def put(
    uploads: middleware.Uploads, session: str, address: str, came: int, said: int = 0, name: str = "file"
) -> int:
    """An upload of which so many bytes come, and then nothing for a moment; its answer's status, 0 for none yet."""
    statuses = [0]
    pieces = [bytes(1_000_000)] * (came // 1_000_000)

    async def receive() -> Message:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(), "more_body": True}
        await asyncio.sleep(60)
        raise AssertionError

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    path = f"/_stcore/upload_file/{session}/{name}"
    headers = [(b"content-length", str(said or came).encode()), (b"content-type", FORM.encode())]
    scope = {"type": "http", "method": "PUT", "path": path, "headers": headers, "client": (address, 0)}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            await uploads(scope, receive, send)
    return statuses[-1]


@pytest.fixture
def uploads(monkeypatch: pytest.MonkeyPatch) -> middleware.Uploads:
    """Before a Streamlit that knows the sessions whose names begin with "known", and reads what they send."""
    monkeypatch.setattr(streamlit_internals, "uploads", dict)
    monkeypatch.setattr(streamlit_internals, "sessions", lambda: {"known", "another"})

    async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
        if "/known" not in scope["path"]:
            await PlainTextResponse("no such session", 400)(scope, receive, send)
            return
        while True:
            await receive()

    return middleware.Uploads(streamlit)


def test_requests_of_nobody_that_say_to_be_large_keep_no_upload_out(uploads: middleware.Uploads) -> None:
    async def all_at_once() -> list[int]:
        hostile = [put(uploads, f"nobody{number}", "192.0.2.1", 0, 60_000_000) for number in range(9)]
        hostile += [put(uploads, f"known{number}", "192.0.2.1", 0, 60_000_000) for number in range(9)]
        return await asyncio.gather(*hostile, put(uploads, "known of an honest one", "192.0.2.2", 5_000_000))

    assert asyncio.run(all_at_once()) == [*[400] * 9, *[0] * 9, 0]


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        f"{FORM}; charset=punycode",
        f"{FORM}; charset*0=" + "x" * 50_000,  # Python keeps each name of an encoding that it does not know
        "multipart/form-data",
        "multipart/form-data; boundary=" + "a" * 71,
        f"{FORM};{FORM}",
    ],
)
def test_an_upload_that_is_no_form_of_a_browsers_is_not_read(kind: str) -> None:
    async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError

    client = TestClient(middleware.Uploads(streamlit))
    assert client.put("/_stcore/upload_file/known/a", content=b"a", headers={"Content-Type": kind}).status_code == 415


@pytest.mark.parametrize("boundary", ["----WebKitFormBoundary0aZ", "-" * 27 + "1234567890", '"----in-quotes"'])
def test_an_upload_of_a_browsers_is_read(boundary: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamlit_internals, "uploads", dict)
    monkeypatch.setattr(streamlit_internals, "sessions", set)
    reached: list[Scope] = []

    async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope)

    scope: Scope = {
        "type": "http",
        "method": "PUT",
        "path": "/_stcore/upload_file/known/a",
        "headers": [(b"content-type", f"multipart/form-data; boundary={boundary}".encode())],
        "client": ("192.0.2.1", 0),
    }
    asyncio.run(middleware.Uploads(streamlit)(scope, None, None))  # type: ignore[arg-type]
    assert reached == [scope]


def test_what_one_address_sends_leaves_room_for_another(uploads: middleware.Uploads) -> None:
    async def all_at_once() -> list[int]:
        hostile = [put(uploads, f"known{number}", "192.0.2.1", 60_000_000) for number in range(9)]
        return await asyncio.gather(*hostile, put(uploads, "known of an honest one", "192.0.2.2", 60_000_000))

    *hostile, honest = asyncio.run(all_at_once())
    assert honest == 0  # it is read
    assert hostile.count(429) >= 4
    assert not uploads._coming


def test_uploads_of_two_addresses_that_stall_leave_room_for_anothers_photo(uploads: middleware.Uploads) -> None:
    async def all_at_once() -> list[int]:
        stalled = [
            put(uploads, f"known {address} {number}", f"192.0.2.{address}", 62_000_000)
            for address in (1, 2)
            for number in range(4)
        ]
        large = put(uploads, "known large", "192.0.2.3", 62_000_000)
        return await asyncio.gather(*stalled, large, put(uploads, "known of an honest one", "192.0.2.4", 8_000_000))

    *stalled, large, honest = asyncio.run(all_at_once())
    assert honest == 0  # it is read
    assert (stalled.count(429), large) == (2, 429)  # three quarters are taken
    assert not uploads._coming


def test_a_name_that_a_page_has_used_is_used_by_no_other_file(uploads: middleware.Uploads) -> None:
    async def one_after_another() -> list[int]:
        names = ["a", "a", "b", "b", "a"]
        return [await put(uploads, "known", "192.0.2.1", 1_000_000, name=name) for name in names]

    assert asyncio.run(one_after_another()) == [0, 429, 0, 429, 429]
    for number in range(int(limits.value("uploads of a visit"))):  # a screen that nobody loads anew takes the next one
        uploads._take_name("known", str(number))
    assert len(uploads._sent["known"]) == limits.value("uploads of a visit")
    assert asyncio.run(put(uploads, "known of another", "192.0.2.1", 1_000_000, name="a")) == 0
    assert list(uploads._sent) == ["known"]  # the other session is gone


def test_what_one_address_sent_and_no_page_reads_leaves_room_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[tuple[str, str], int] = {}
    monkeypatch.setattr(streamlit_internals, "uploads", lambda: kept)
    monkeypatch.setattr(streamlit_internals, "sessions", set)

    async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(60):
            await receive()
        kept[scope["path"].split("/")[3], "file"] = 60_000_000
        await PlainTextResponse("kept", 204)(scope, receive, send)

    bounded = middleware.Uploads(streamlit)

    async def one_after_another() -> list[int]:
        return [await put(bounded, f"one{number}", "192.0.2.1", 60_000_000) for number in range(5)]

    assert asyncio.run(one_after_another()) == [204] * 4 + [429]
    assert asyncio.run(put(bounded, "another", "192.0.2.2", 60_000_000)) == 204
    kept.clear()
    assert asyncio.run(put(bounded, "one", "192.0.2.1", 60_000_000)) == 204
    assert list(bounded._addresses) == ["one"]


def test_a_page_that_runs_or_downloads_without_end_waits_and_one_that_does_not_is_not_held_up() -> None:
    runs, files = limits.Pace(60, limits.value("runs")), limits.Pace(5, 1 / limits.value("files"))
    assert [runs.wait() for _ in range(60)] == [0] * 60
    assert 0.1 < runs.wait() <= 0.2
    assert [files.wait() for _ in range(5)] == [0] * 5
    assert 1.9 < files.wait() <= 2


def many(field: str, entries: int) -> bytes:
    message = BackMsg()
    if field == "names":
        message.file_urls_request.file_names.extend([""] * entries)
    elif field == "hashes":
        message.rerun_script.cached_message_hashes.extend([""] * entries)
    elif field == "fields":
        message.rerun_script.query_string = "&" * entries
    else:
        message.rerun_script.widget_states.widgets.extend(WidgetState() for _ in range(entries))
    return message.SerializeToString()


@pytest.mark.parametrize(
    ("field", "kind", "most"),
    [
        ("names", "file_urls_request", 10),
        ("hashes", "rerun_script", 300),
        ("widgets", "rerun_script", 1000),
        ("fields", "rerun_script", 100),
    ],
)
def test_a_message_of_very_many_parts_is_none_that_a_page_sends(field: str, kind: str, most: int) -> None:
    assert streamlit_internals.kind(many(field, most)) == kind
    assert streamlit_internals.kind(many(field, most + 1)) == ""


@pytest.mark.parametrize(
    ("value", "modest"),
    [
        ({"file_uploader_state_value": {"uploaded_file_info": [{}] * 1001}}, False),
        ({"file_uploader_state_value": {"uploaded_file_info": [{"name": "a.png", "file_id": "1"}]}}, True),
        ({"string_array_value": {"data": [""] * 600}}, False),  # twice
        ({"double_array_value": {"data": [0.2, 0.8]}}, True),
        ({"int_array_value": {"data": [1] * 600}}, False),
        ({"chat_input_value": {"data": "a"}}, False),
        ({"arrow_value": {"data": b"a"}}, False),
        ({"json_value": "[" + "[]," * 15_000 + "[]]"}, False),
        ({"json_value": '{"presses": [' + "[1,1,1]," * 370 + "[1,1,1]]}"}, True),  # twice
        ({"json_trigger_value": "[" * 1501 + "]" * 1501}, False),
        ({"string_trigger_value": {"data": '{"":0},' * 600}}, False),
        ({"string_value": "a" * 20_000}, True),
        ({"string_value": "a," * 4_000}, True),  # no JSON
        ({"string_value": " [" + "1," * 1_500}, False),
        ({"string_value": "a" * 40_000}, False),
        ({"trigger_value": True}, True),
    ],
)
def test_a_message_whose_values_have_very_many_parts_is_none_that_a_page_sends(
    value: dict[str, object], modest: bool
) -> None:
    states = [WidgetState(id=name, **value) for name in ("one", "another")]
    message = BackMsg(rerun_script={"widget_states": WidgetStates(widgets=states)})
    assert streamlit_internals.kind(message.SerializeToString()) == ("rerun_script" if modest else "")


def test_a_message_has_room_for_all_presses_that_a_window_keeps() -> None:
    told = {"client": "0" * 16, "presses": [[10**6 + number, "next", 10**6] for number in range(500)], "at": 10**9}
    state = WidgetState(id="clicker", json_value=json.dumps(told, separators=(",", ":")))
    message = BackMsg(rerun_script={"widget_states": WidgetStates(widgets=[state])})
    assert streamlit_internals.kind(message.SerializeToString()) == "rerun_script"


def test_a_message_that_hides_another_one_is_none_that_a_page_sends() -> None:
    asks, beats = BackMsg(), BackMsg(app_heartbeat=True)
    asks.rerun_script.widget_states.widgets.extend(WidgetState() for _ in range(300))
    hidden = asks.SerializeToString()
    assert streamlit_internals.kind(hidden + beats.SerializeToString()) == "app_heartbeat"
    asks.rerun_script.widget_states.widgets.extend(WidgetState() for _ in range(300))
    assert streamlit_internals.kind(asks.SerializeToString()) == "rerun_script"
    assert streamlit_internals.kind(asks.SerializeToString() + beats.SerializeToString()) == ""


def test_a_message_with_an_address_that_no_browser_has_is_none_that_a_page_sends() -> None:
    asks = BackMsg()
    asks.rerun_script.query_string = "category=n00007846"
    asks.rerun_script.cached_message_hashes.extend(["0" * 64] * 300)
    assert streamlit_internals.kind(asks.SerializeToString()) == "rerun_script"
    asks.rerun_script.query_string = "category=" + "n" * 100_000
    assert streamlit_internals.kind(asks.SerializeToString()) == ""
    asks.rerun_script.query_string, asks.rerun_script.context_info.url = "", "https://museum.example/workshop"
    assert streamlit_internals.kind(asks.SerializeToString()) == "rerun_script"
    # Marks in the wrong order, which Python sorts one by one, and lets nothing else run until it has: 0.13 seconds.
    asks.rerun_script.context_info.url = "http://a" + "\u0345\u0315\u031b\u0321\u0330" * 1500
    assert streamlit_internals.kind(asks.SerializeToString()) == ""
    asks = BackMsg(backend_operation_request={"deferred_file": {"file_id": "a" * 100_000}})
    assert streamlit_internals.kind(asks.SerializeToString()) == ""


@pytest.mark.parametrize(
    "whose", [("192.0.2.1", "one"), ("", "page 1")], ids=["a browser", "who waits for nobody else"]
)
def test_a_press_is_done_before_its_page_asks_for_more_or_goes(
    whose: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "COMPUTING", turns.Computing())
    runs = BackMsg(rerun_script={"query_string": ""}).SerializeToString()
    sent: list[Message] = [{"type": "websocket.receive", "bytes": runs}] * 2
    sent.append({"type": "websocket.disconnect", "code": 1001})

    async def receive() -> Message:
        return sent.pop(0)

    async def visit() -> None:
        receives = middleware._Messages(receive, lambda: whose)
        await receives()
        for _ in range(2):
            run = turns.COMPUTING.begin(*whose)
            following = asyncio.create_task(receives())  # type: ignore[arg-type]
            await turns.COMPUTING.turn("192.0.2.1", "a neighbour")
            with run.pause():  # a photo waits to be decoded
                await asyncio.sleep(0.1)
                assert not following.done()
            assert not following.done()
            run.enter()
            await asyncio.wait_for(following, 1)
        assert following.result()["type"] == "websocket.disconnect"

    asyncio.run(visit())


def test_a_page_does_not_choose_what_tells_it_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explainer.ui.streamlit_internals.make_room_for_a_session", lambda most, name: True)
    told: list[list[str]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        told.append(Headers(scope=scope).getlist(browser.PAGE))

    async def visit() -> None:
        visitors = middleware.Visitors(app)
        scope = {"type": "websocket", "headers": [(b"X-Explainer-Page", b"page 2")], "client": ("192.0.2.1", 0)}
        for _ in range(2):
            await visitors(scope, None, None)  # type: ignore[arg-type]

    asyncio.run(visit())
    assert told == [["page 1"], ["page 2"]]


def test_a_browser_that_comes_back_stops_nothing_that_it_pressed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "COMPUTING", turns.Computing())
    monkeypatch.setattr("explainer.ui.streamlit_internals.make_room_for_a_session", lambda most, name: True)
    cookie = browser._signed("one")
    came: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        came.append(len(scope["subprotocols"]))

    async def come(*protocols: str) -> None:
        headers = [(b"cookie", b"explainer_browser=" + cookie)]
        scope = {"type": "websocket", "headers": headers, "client": ("192.0.2.1", 0), "subprotocols": protocols}
        await middleware.Visitors(app)(scope, None, None)  # type: ignore[arg-type]

    async def visit() -> None:
        run = turns.COMPUTING.begin("192.0.2.1", browser._mark("one"))
        with run.pause():
            waits = asyncio.create_task(turns.COMPUTING.turn("192.0.2.1", browser._mark("one")))
            again = asyncio.create_task(come("streamlit", "token", "session"))
            await come("streamlit", "token")
            await asyncio.sleep(0.1)
            assert came == [2]
        run.enter()
        await asyncio.wait_for(waits, 1)
        assert came == [2]
        turns.COMPUTING.begin("192.0.2.1", browser._mark("one")).enter()
        await asyncio.wait_for(again, 1)
        assert came == [2, 3]

    asyncio.run(visit())


def test_who_comes_back_and_waits_counts_among_the_open_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "COMPUTING", turns.Computing())
    monkeypatch.setattr("explainer.ui.streamlit_internals.make_room_for_a_session", lambda most, name: True)
    few = dataclasses.replace(limits.TABLE["visitors of an address"], most=2)
    monkeypatch.setitem(limits.TABLE, "visitors of an address", few)
    cookie = browser._signed("one")
    came: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        came.append("in")

    async def send(message: Message) -> None:
        came.append(f"{message['code']}")

    async def visit() -> None:
        visitors, run = middleware.Visitors(app), turns.COMPUTING.begin("192.0.2.1", browser._mark("one"))
        headers = [(b"cookie", b"explainer_browser=" + cookie)]
        protocols = ("streamlit", "token", "session")
        scope = {"type": "websocket", "headers": headers, "client": ("192.0.2.1", 0), "subprotocols": protocols}
        async with asyncio.TaskGroup() as pages:
            for _ in range(4):
                pages.create_task(visitors(scope, AsyncMock(), send))
            await asyncio.sleep(0.1)
            run.enter()

    asyncio.run(visit())
    assert came == ["1013", "1013", "in", "in"]


def test_an_address_has_as_many_requests_open_as_connections_whatever_a_proxy_brings_them_by() -> None:
    async def open_many() -> tuple[Counter[int], Counter[int], dict[str, int]]:
        answered = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await answered.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        requests, statuses = middleware.Requests(app), dict[str, Counter[int]]()

        async def ask(address: str) -> None:
            async def send(message: Message) -> None:
                if message["type"] == "http.response.start":
                    statuses.setdefault(address, Counter())[message["status"]] += 1

            await requests({"type": "http", "headers": [], "client": (address, 0)}, None, send)  # type: ignore[arg-type]

        async with asyncio.TaskGroup() as asked:
            for address in ("192.0.2.1",) * 1000 + ("192.0.2.2",) * 10:
                asked.create_task(ask(address))
            await asyncio.sleep(0.1)
            answered.set()
        return statuses["192.0.2.1"], statuses["192.0.2.2"], dict(requests._open)

    attacker, other, left = asyncio.run(open_many())
    assert attacker == {200: 900, 503: 100}
    assert other == {200: 10}
    assert left == {}


def test_after_a_flood_of_connections_their_address_is_let_in_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(server, "_opened", limits.Paces("new connections"))
    assert sum(server._opens("192.0.2.1") for _ in range(20_000)) == limits.first("new connections")
    now += 1
    assert server._opens("192.0.2.1")


def test_who_gives_the_presenters_key_waits_for_nobody_of_their_address_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "COMPUTING", turns.Computing())
    monkeypatch.setattr("explainer.ui.streamlit_internals.make_room_for_a_session", lambda *asked: True)  # none is kept
    cookie = browser._signed("presenters")
    runs = BackMsg(rerun_script={"query_string": ""}).SerializeToString()
    let_through: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.receive", "bytes": runs}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        turns.COMPUTING.charge("192.0.2.1", 1000, "a neighbour")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                let_through.append(await receive())
        assert not let_through
        browser._remembered["presenters"] = {browser.PRESENTER: True}
        let_through.append(await receive())

    headers = [(b"cookie", browser.NAME.encode() + b"=" + cookie)]
    scope = {"type": "websocket", "headers": headers, "client": ("192.0.2.1", 0)}
    try:
        asyncio.run(asyncio.wait_for(middleware.Visitors(app)(scope, receive, None), 5))  # type: ignore[arg-type]
    finally:
        browser._remembered.clear()
    assert let_through


@pytest.mark.parametrize(
    ("header", "waits"), [((b"x-real-ip", b"192.0.2.7"), True), ((b"accept-language", b"de"), False)]
)
def test_a_page_that_a_proxy_of_this_computer_brings_waits_for_others_and_this_computers_does_not(
    header: tuple[bytes, bytes], waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "COMPUTING", turns.Computing())
    monkeypatch.setattr("explainer.ui.streamlit_internals.make_room_for_a_session", lambda *asked: True)  # none is kept
    runs = BackMsg(rerun_script={"query_string": ""}).SerializeToString()

    async def receive() -> Message:
        return {"type": "websocket.receive", "bytes": runs}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        turns.COMPUTING.charge(scope["client"][0], 1000, "another page")
        with contextlib.ExitStack() as stack:
            stack.enter_context(pytest.raises(TimeoutError) if waits else contextlib.nullcontext())
            async with asyncio.timeout(0.2 if waits else 5):
                await receive()

    scope = {"type": "websocket", "headers": [(b"host", b"localhost"), header], "client": ("::1", 0)}
    asyncio.run(middleware.Proxies(middleware.Visitors(app))(scope, receive, None))  # type: ignore[arg-type]


def test_who_gives_the_presenters_key_is_charged_for_nothing_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_loop, "_shares", event_loop._Shares())
    headers = {"cookie": f"{browser.NAME}={browser._signed('presenters').decode()}"}
    payer, waits = event_loop._Payer("192.0.2.1"), list[bool]()

    async def receive() -> Message:
        return {"type": "websocket.receive"}

    async def send(message: Message) -> None:
        pass

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert payer.address == "192.0.2.1"
        browser._remembered["presenters"] = {browser.PRESENTER: True}
        await send({"type": "websocket.send"})  # what the key opened
        assert payer.address is None  # so nothing is read later than it comes
        event_loop.charge("192.0.2.1", 1)
        waits.append(await is_late(receive()))
        server._charge_page("192.0.2.1", headers, 100)
        browser._remembered.clear()
        await send({"type": "websocket.send"})
        assert payer.address == "192.0.2.1"
        waits.append(await is_late(receive()))

    async def is_late(message: Awaitable[Message]) -> bool:
        try:
            await asyncio.wait_for(message, 0.5)
        except TimeoutError:
            return True
        return False

    async def page() -> None:
        event_loop._payer.set(payer)
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "websocket", "headers": raw, "client": ("192.0.2.1", 0)}
        await asyncio.wait_for(middleware.Requests(app)(scope, receive, send), 5)

    try:
        asyncio.run(page())
    finally:
        browser._remembered.clear()
    assert waits == [False, True]
    left = event_loop._shares.of("192.0.2.1")._paces[1]._left
    assert left == pytest.approx(limits.first("event loop") - 1, abs=0.1)


def test_an_address_that_opens_pages_without_pause_waits_and_others_do_not() -> None:
    opened = Counter[str]()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        opened[scope["client"][0]] += 1

    async def open_many(requests: middleware.Requests, address: str) -> None:
        scope = {"type": "websocket", "headers": [], "client": (address, 0)}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                for _ in range(400):
                    await requests(scope, None, None)  # type: ignore[arg-type]

    async def both() -> None:
        requests = middleware.Requests(app)
        await open_many(requests, "192.0.2.1")
        await open_many(requests, "192.0.2.2")

    asyncio.run(both())
    assert all(300 <= opened[address] <= 311 for address in ("192.0.2.1", "192.0.2.2"))


def test_a_long_answer_is_handed_on_in_pieces() -> None:
    parts = (b"", b"a", bytes(65_536), bytes(65_537) + b"b", b"c" * 200_000)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": part is not parts[-1]})

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(middleware.Patience(app)({"type": "http"}, send, send))  # type: ignore[arg-type]
    assert b"".join(message["body"] for message in sent) == b"".join(parts)
    assert max(len(message["body"]) for message in sent) == 65_536
    assert [message["more_body"] for message in sent] == [True] * (len(sent) - 1) + [False]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "others",
    [
        [],
        ['messages="a\\"b\\054c"'],  # as Django and Flask write them
        ["a=" + "b" * 5000],
        ["explainer_browser=\\\\"],
        ["explainer_browser=" + "b" * 5000],
        ['a="', "b"],
        ["=", ";", ""],
    ],
)
def test_what_other_servers_have_a_browser_send_takes_no_cookie_of_ours_away(kind: str, others: list[str]) -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend(value.decode() for name, value in scope["headers"] if name == b"cookie")

    ours = ["explainer_browser=a.b", "_streamlit_xsrf=2|c"]
    for sent in ([*others, *ours], [*ours, *others], [ours[0], *others, ours[1]]):
        for lines in (["; ".join(sent)], sent):  # some proxies hand on each in a line of its own
            seen.clear()
            headers = [(b"host", b"localhost"), *((b"cookie", each.encode()) for each in lines)]
            asyncio.run(middleware.Cookies(app)({"type": kind, "headers": headers}, None, None))  # type: ignore[arg-type]
            assert seen == ["; ".join(ours)]


def test_cookies_are_looked_through_before_anybody_reads_them() -> None:
    assert [each.cls for each in middleware.STACK[:2]] == [middleware.Proxies, middleware.Cookies]  # the scheme first


@pytest.mark.parametrize(
    ("scheme", "sent", "believed"),
    [
        ("wss", "_streamlit_xsrf=2|c; __Host-explainer_browser=own; a=b", "explainer_browser=own; _streamlit_xsrf=2|c"),
        # A neighbour's server can plant the plain name, and over http nobody can plant the other one.
        ("wss", "explainer_browser=planted; a=b", ""),
        ("wss", "explainer_browser=planted; __Host-explainer_browser=own", "explainer_browser=own"),
        ("ws", "__Host-explainer_browser=own; a=b", ""),
        ("ws", "explainer_browser=own", "explainer_browser=own"),
        # Of two nobody knows which is whose.
        ("ws", "explainer_browser=own; explainer_browser=planted", ""),
        ("ws", 'a="; explainer_browser=planted; b="; explainer_browser=own', ""),
        ("ws", "explainer_browser =planted; explainer_browser=own", "explainer_browser=own"),
        # Within another one: not every parser ends a cookie at a semicolon alone.
        ("wss", "__Host-explainer_browser=own; _streamlit_xsrf=x explainer_browser=planted", "explainer_browser=own"),
        ("wss", "_streamlit_xsrf=x explainer_browser=planted", ""),
        ("wss", '_streamlit_xsrf="x"\texplainer_browser=planted', ""),
    ],
)
def test_only_cookies_that_the_app_reads_go_on_and_none_that_others_may_have_set(
    scheme: str, sent: str, believed: str
) -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend(value.decode() for name, value in scope["headers"] if name == b"cookie")

    scope = {"type": "websocket", "scheme": scheme, "headers": [(b"cookie", sent.encode())]}
    asyncio.run(middleware.Cookies(app)(scope, None, None))  # type: ignore[arg-type]
    assert seen == [believed]


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "ours"),
    [
        ("http://localhost:8501", "localhost:8501", "ws", True),
        ("http://museum-pc", "museum-pc:80", "ws", True),
        ("https://labels.example", "labels.example", "wss", True),
        ("https://labels.example", "labels.example", "ws", True),  # a proxy has the certificate, and says nothing of it
        ("http://[::1]:8501", "[::1]:8501", "ws", True),
        (None, "localhost:8501", "ws", True),  # no browser
        # Another port of the same computer, or another scheme: a browser sends them the same cookies.
        ("http://localhost:3000", "localhost:8501", "ws", False),
        ("http://10.0.0.5", "10.0.0.5:8501", "ws", False),
        ("http://labels.example", "labels.example", "wss", False),
        ("http://127.0.0.1:8501", "localhost:8501", "ws", False),
        ("null", "localhost:8501", "ws", False),
        ("file://", "localhost:8501", "ws", False),
        ("http://localhost:http", "localhost:8501", "ws", False),
        ("http://[", "localhost:8501", "ws", False),
        ("", "localhost:8501", "ws", False),
    ],
)
@pytest.mark.parametrize("kind", ["websocket", "PUT", "GET"])
def test_only_a_page_of_the_app_itself_opens_its_connection_or_changes_something(
    kind: str, origin: str | None, host: str, scheme: str, ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLAINER_HOSTS", "labels.example")
    reached: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(host)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        assert (message.get("status", 403), message.get("code", 1008)) == (403, 1008)

    headers = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin is not None else [])]
    scope: Scope = {"type": "websocket", "scheme": scheme, "headers": headers}
    if kind != "websocket":
        scope |= {"type": "http", "scheme": scheme.replace("ws", "http"), "method": kind}
    asyncio.run(middleware.Hosts(app)(scope, receive, send))
    assert bool(reached) == (ours or kind == "GET")  # a page reads nothing of another's answers


@pytest.mark.parametrize(
    "name", ["a" * 300 + ".js", "a%00.js", "/".join(["a" * 200] * 30) + ".js", "%C3%A9" * 150 + ".js"]
)
def test_what_no_file_can_be_called_is_not_found(name: str) -> None:
    layers = (middleware.Paths, page_files.OtherVersions, page_files.Fonts, page_files.FromMemory)
    app = PlainTextResponse("of the app")
    for each in reversed(layers):
        app = each(app)  # type: ignore[assignment]
    for folder in ("static/js", "static/media", "static", "media"):
        answer = TestClient(app).get(f"/{folder}/{name}", headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 404


def test_a_process_that_is_to_stop_takes_nobody_new_and_serves_who_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(path: str, accept: str = "*/*") -> tuple[int, str]:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            raise AssertionError

        scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"accept", accept.encode())]}
        asyncio.run(middleware.Draining(PlainTextResponse("of the app"))(scope, receive, send))
        return sent[0]["status"], dict(sent[0]["headers"]).get(b"set-cookie", b"").decode()

    asked = [("/_stcore/health", "*/*"), ("/tree", "text/html"), ("/media/a.jpg", "*/*")]
    assert [ask(*each) for each in asked] == [(200, "")] * 3
    monkeypatch.setattr(middleware.DRAINING, "is_set", lambda: True)
    health, page, picture = (ask(*each) for each in asked)
    assert health == (404, "")
    assert page[0] == 503
    # HAProxy then chooses another process.
    assert page[1].startswith('explainer_replica=""; ')
    assert "Max-Age=0" in page[1]
    assert picture == (200, "")


def test_what_the_presenter_asks_of_workers_waits_for_nobody_of_their_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "address", lambda: "10.0.0.9")
    owners = []
    for key in (None, True):
        monkeypatch.setattr(browser, "recall", lambda name, key=key: key)
        context = contextvars.copy_context()
        context.run(server._begin).end(0.0)
        owners.append(context[jobs.owner])
    assert owners[0] == "10.0.0.9" != owners[1]


def test_pictures_and_downloads_that_an_address_does_not_take_are_counted_and_another_gets_its_own() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("x" * 10_000_000)(scope, receive, send)

    async def ask(layer: middleware.OnTheirWay, address: str, taken: asyncio.Event, path: str = "/media/a") -> int:
        status = 0

        async def send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            if message["type"] == "http.response.body" and status == 200:
                await taken.wait()

        scope = {"type": "http", "method": "GET", "path": path, "headers": [], "client": (address, 1)}
        await layer(scope, silent, send)
        return status

    async def silent() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def go() -> None:
        layer, taken = middleware.OnTheirWay(app), asyncio.Event()
        asked = [asyncio.create_task(ask(layer, "192.0.2.1", taken)) for _ in range(40)]
        await asyncio.sleep(0.2)
        assert sorted(each.result() for each in asked if each.done()) == [503] * 15
        others = [asyncio.create_task(ask(layer, address, taken)) for address in ("192.0.2.2", "192.0.2.3")]
        others += [asyncio.create_task(ask(layer, "192.0.2.1", taken, "/static/a")) for _ in range(10)]  # shared by all
        await asyncio.sleep(0.2)
        assert not any(each.done() for each in others)
        taken.set()
        assert [await each for each in others] == [200] * 12
        await asyncio.gather(*asked)
        assert not layer._bytes
        assert await ask(layer, "192.0.2.1", taken) == 200

    asyncio.run(go())
