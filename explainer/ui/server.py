"""What is set before the first visitor is served, and what goes on beside all pages until the server ends."""

import asyncio
import atexit
import gc
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers

from explainer import jobs, limits, web_server
from explainer.imagenet import masked_words
from explainer.ui import browser, event_loop, middleware, streamlit_internals, turns, who_asks
from explainer.workshop import addresses, cookie_secret, sqlite

_log = logging.getLogger("explainer")

_LONGEST = 1000  # letters of a line in the log
_WAITING, _LAST = 1000, 1.0  # lines that wait for a terminal that is held; seconds in which the last are written
_KINDS = 200  # kinds of lines in a minute; others count as one: their words may be a stranger's
_TURN = 0.0005  # seconds that a thread computes before one that answers has its turn: sixty files are a page
_MADE = 10_000  # objects that are made before Python looks for unused circles among them: a page makes as many
_SWEEP = 5.0  # seconds between two looks for what visitors left
_TO_END = 5  # seconds in which a server that was asked to stop answers what it was asked before
_NOTICED, _LOOK = 4.0, 0.2  # seconds in which a proxy has asked for the health; between two looks for who is left
_PROJECT = Path(__file__).parents[2]


def prepare() -> None:
    """What is set before the server takes its first connection. Raises ValueError where no service can be asked."""
    if os.environ.get("EXPLAINER_SERVICE"):
        from explainer.serving import client

        client.Reading()
    for name in who_asks.not_addresses():
        print(f"EXPLAINER_TRUSTED_PROXIES: {name} is no address and no network, and is not believed.", flush=True)
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # It writes the name of a session whose browser comes back, and whoever has that can take the page over.
    logging.getLogger("streamlit.runtime.websocket_session_manager").setLevel(logging.ERROR)
    limits.raise_file_limit()
    limits.keep_no_dumps()
    web_server.use_asyncio_and_h11()
    web_server.trust_no_proxy()
    web_server.end_within(_TO_END)
    event_loop.share(_charged)
    event_loop.admit_connections(_opens)
    event_loop.wake_once()
    web_server.answer_at_once()
    web_server.watch_connections(_admit, who_asks.source, lambda: limits.value("half a request"))
    web_server.watch_handshakes(_admit, who_asks.source, lambda: limits.value("handshake"))
    web_server.bound_messages(
        lambda: limits.value("message"), lambda: limits.value("pings"), lambda: limits.first("messages")
    )
    web_server.read_on_while_messages_wait()
    web_server.bound_requests(lambda: limits.value("head"))
    if (record := sqlite.path()) is not None:  # processes that share a database are given one secret
        streamlit_internals.sign_cookies_with(lambda: cookie_secret.kept(record.parent))
    streamlit_internals.measure_runs(_begin)
    streamlit_internals.use_navigation_alone()
    streamlit_internals.answer_with_no_file()
    streamlit_internals.keep_uploads_in_memory()
    streamlit_internals.keep_left_sessions()
    streamlit_internals.forget_ended_sessions()
    streamlit_internals.ask_no_host()
    streamlit_internals.hide_media_names()
    streamlit_internals.keep_media_until_fetched()
    streamlit_internals.make_downloads(_download)
    masked_words.import_reader()
    streamlit_internals.check_widget_values(lambda: _log.warning("A value was ignored that is none of its widget's."))
    streamlit_internals.forget_widgets_that_left()
    streamlit_internals.bound_what_waits(lambda: limits.value("message"))
    streamlit_internals.send_all_that_was_drawn()
    streamlit_internals.draw_whoever_came_back(_turn)
    streamlit_internals.watch_no_files()
    streamlit_internals.find_pages_once()
    streamlit_internals.copy_cursors_at_once()
    streamlit_internals.hear_scripts_at_once()
    streamlit_internals.send_pages_at_once(_charge_page)
    streamlit_internals.write_theme_once()
    streamlit_internals.know_how_it_runs()
    streamlit_internals.look_for_no_components()
    sys.setswitchinterval(_TURN)
    gc.set_threshold(_MADE)


def lifespan(warm_up: str) -> Callable[[st.App], AbstractAsyncContextManager[None]]:
    """What goes on until the server ends.

    `warm_up` names a module whose `run` is called beside it: what that imports would keep the server from answering.
    """

    @asynccontextmanager
    async def until_the_end(app: st.App) -> AsyncIterator[None]:
        bound_log()
        write_aside(_handlers())
        print(reach(st.get_option("server.address")), flush=True)
        if not isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop):
            print("  uvloop is installed, and one address can stop the app for others in it. Use make app.", flush=True)
        threading.Thread(target=lambda: import_module(warm_up).run(), name="warm-up", daemon=True).start()
        sweeping = asyncio.create_task(_sweep())
        if seconds := float(os.environ.get("EXPLAINER_DRAIN", 0)):
            _drain_when_asked_to_stop(seconds)
        try:
            yield
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping

    return until_the_end


def _drain_when_asked_to_stop(seconds: float) -> None:
    """At SIGTERM take nobody new, and stop once all have left or the seconds are over; at a second one stop at once."""
    stop, loop = signal.getsignal(signal.SIGTERM), asyncio.get_running_loop()
    draining: list[asyncio.Task[None]] = []

    async def drain(number: int) -> None:
        drawing, begun = asyncio.ensure_future(streamlit_internals.draw_all_pages_again()), time.monotonic()
        while (waited := time.monotonic() - begun) < seconds and (waited < _NOTICED or streamlit_internals.visitors()):
            await asyncio.sleep(_LOOK)
        drawing.cancel()
        _stop(number)

    def _stop(number: int) -> None:
        if callable(stop):
            stop(number, None)

    def asked(number: int, frame: object) -> None:
        if middleware.DRAINING.is_set():
            _stop(number)
        else:
            middleware.DRAINING.set()
            loop.call_soon_threadsafe(lambda: draining.append(asyncio.ensure_future(drain(number))))

    signal.signal(signal.SIGTERM, asked)


def reach(address: str | None) -> str:
    """Who can reach a server that listens on an address, as a sentence for whoever started it.

    >>> reach("localhost")
    '  This computer alone can reach it. For phones and other computers: make workshop.'
    """
    if address in ("localhost", "127.0.0.1", "::1"):
        return "  This computer alone can reach it. For phones and other computers: make workshop."
    port, secure = st.get_option("server.port"), bool(st.get_option("server.sslCertFile"))
    found = addresses.origins("", port, secure, st.get_option("server.baseUrlPath"))
    listening = "" if secure else " Others in these networks can listen: it is plain http."
    return f"  Everybody in this computer's networks can reach it, at {' or '.join(found)}.{listening}"


def _begin() -> turns.Run:
    """Note that a script begins to run, and for whom; what it asks of workers is theirs."""
    address, this = browser.address(), browser.this_page()
    streamlit_internals.note_address(address)
    presents = _presents()
    # The key may be what was pressed.
    run = turns.COMPUTING.begin(address, this, lambda: not _presents(), first=streamlit_internals.is_new_page())
    # The presenter waits for nobody of the same address, which may be a whole school's.
    event_loop.charge_to(address if address and not presents else None)
    jobs.owner.set(f"presenter {this}" if presents else address)
    jobs.member.set(this)
    jobs.pauses.set(run.pause)
    return run


async def _turn(context: streamlit_internals.ClientContext) -> None:
    """Wait until a page of a browser that came back may run."""
    await turns.COMPUTING.turn(*_whose(context))


async def _download(session: str, context: streamlit_internals.ClientContext, make: Callable[[], str]) -> str:
    """What `make` gives, for a page of a browser."""
    return await turns.DOWNLOADS.make(session, *_whose(context), make)


def _whose(context: streamlit_internals.ClientContext) -> tuple[str, str]:
    """With whom a page waits, as in `browser.waits_with`."""
    headers = Headers(dict(context.headers))
    return browser.waits_with(headers, context.remote_ip or "")


def _presents() -> bool:
    """Whether the key was given, by this browser or, where it takes no cookies, on this page."""
    return bool(browser.recall(browser.PRESENTER) or st.session_state.get(browser.PRESENTER))


def _charge_page(address: str | None, headers: Mapping[str, str], seconds: float) -> None:
    """Charge the address of a page for so much of the event loop; nobody for the presenter's and this computer's."""
    event_loop.charge(None if browser.goes_first(headers) else address, seconds)


def _admit(address: str, of_it: int, in_all: int) -> bool:
    most = limits.connections()
    if who_asks.is_trusted(address):
        return in_all <= most
    return limits.has_place("connections of an address", of_it - 1, in_all - 1, most)


def _charged(peer: str) -> str:
    """The address that is charged for what a connection from another one causes; "" for a trusted proxy's."""
    return "" if who_asks.is_trusted(peer) else who_asks.source(peer)


_opened = limits.Paces("new connections")


def _opens(peer: str) -> bool:
    """Whether an address may open one more connection now."""
    # What is refused costs nothing, or a minute of it would keep a whole school out for an hour.
    return not (address := _charged(peer)) or _opened.of(address).take()


class UnreadUploads:
    """The uploads that no page has read yet, and since when."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}

    def drop(self) -> None:
        """Drop those that have waited for too long."""
        now = time.monotonic()
        kept = streamlit_internals.uploads()
        self._since = {key: self._since.get(key, now) for key in kept}
        for key, since in self._since.items():
            if now - since >= limits.value("unread upload"):
                streamlit_internals.drop_upload_of(*key)


async def _sweep() -> None:
    unread = UnreadUploads()
    while True:
        await asyncio.sleep(_SWEEP)
        try:
            await streamlit_internals.close_left_sessions()
            streamlit_internals.drop_left_media()
            unread.drop()
        except Exception:  # of any kind: what was left now is looked at the next time
            _log.exception("What visitors left could not be dropped")


def bound_log() -> None:
    """Have what is written to the log go through `OneLineEach`, whatever library writes it."""
    if logging.lastResort and not logging.root.handlers:
        logging.root.addHandler(logging.lastResort)  # or OpenVINO would add one of its own, through which all goes then
    logging.getLogger("explainer").setLevel(logging.WARNING)  # while OpenVINO converts, the root hears errors alone
    for handler in _handlers():
        handler.addFilter(OneLineEach())


def _handlers() -> list[logging.Handler]:
    """Where lines of the log go, of whatever library."""
    loggers = [logging.getLogger(name) for name in ("", *logging.root.manager.loggerDict)]
    return [*dict.fromkeys(handler for logger in loggers for handler in logger.handlers)]


def write_aside(handlers: Iterable[logging.Handler]) -> None:
    """Have one thread write what all of the handlers are given.

    A terminal that is held, by Ctrl-S or by text that is marked in it, stops whoever writes to it: else everybody.
    """
    # What Python calls while it frees something may log within a line of the same thread: a plain queue stands still.
    lines = queue.SimpleQueue[Callable[[], None]]()

    def put(handler: logging.Handler, record: logging.LogRecord) -> None:
        if handler.filter(record) and lines.qsize() < _WAITING:
            lines.put(partial(handler.emit, record))

    def go_on() -> None:
        while True:
            write = lines.get()
            with suppress(Exception):  # a handler that fails keeps no other from writing
                write()

    def end() -> None:
        written = threading.Event()
        lines.put(written.set)  # behind all others
        written.wait(_LAST)

    for handler in handlers:
        setattr(handler, "handle", partial(put, handler))  # noqa: B010 - a method, which waits for who writes
    threading.Thread(target=go_on, name="log", daemon=True).start()
    atexit.register(end)


class OneLineEach(logging.Filter):
    """Makes one line of each error, and lets through so many of one kind a minute, so that nobody fills a disk.

    An error's line says its type and where it happened, and not what it says: that may be a visitor's.
    """

    def __init__(self) -> None:
        super().__init__()
        self._minute, self._seen = 0, Counter[str]()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written; it is changed where it has an error."""
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._seen = minute, Counter()
        error = record.exc_info[1] if record.exc_info else None
        kind = str(record.msg)  # without what is put into it, which may be a stranger's
        if error is not None:
            kind = f"{kind}: {where(error)}"
            record.msg, record.args = f"{record.getMessage()}: {where(error)}", ()
            record.exc_info = record.exc_text = None
        if kind not in self._seen and len(self._seen) >= _KINDS:
            kind = ""
        self._seen[kind] += 1
        if self._seen[kind] == limits.value("log"):
            record.msg = f"{record.msg} (no more of these for a minute)"
        said = record.getMessage()
        plain = "".join(letter if letter.isprintable() else "?" for letter in said[:_LONGEST])
        if plain != said:  # a stranger's text may be long, or steer the terminal
            record.msg, record.args = plain, None
        return self._seen[kind] <= limits.value("log")


def where(error: BaseException) -> str:
    """An error's type, and the lines of this project that led to it, the innermost first."""
    places: list[str] = []
    step = error.__traceback__
    while step:
        file = Path(step.tb_frame.f_code.co_filename)
        if file.is_relative_to(_PROJECT) and ".venv" not in file.parts:
            places.append(f"{file.relative_to(_PROJECT)}:{step.tb_lineno}")
        step = step.tb_next
    # Of one that a worker met the notes have the lines of its thread.
    return " < ".join((type(error).__name__, *getattr(error, "__notes__", ()), *reversed(places)))
