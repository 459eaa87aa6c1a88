"""All that the app uses of Streamlit and does not find in its documentation. Tried with Streamlit 1.67.0.

Each function says why it is needed. `tests/ui/test_streamlit_internals.py` fails where one no longer works, or where it
is no longer needed; no other file of the package imports a private name of Streamlit.
"""

import asyncio
import copy
import hashlib
import hmac
import logging
import math
import secrets
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import replace
from functools import cache, partial, wraps
from pathlib import Path
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

from google.protobuf.message import DecodeError
from starlette.formparsers import MultiPartParser
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from streamlit import config, delta_generator, file_util, net_util, runtime
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.cursor import Cursor, SparseList
from streamlit.navigation.page import Page
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import BackendOperationResponse, ForwardMsg
from streamlit.proto.NewSession_pb2 import CustomThemeConfig, NewSession
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime import app_session, memory_media_file_storage
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.backend_operation_handler import DeferredFileHandler
from streamlit.runtime.caching.ttl_cache import TTLCache
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner, ScriptRunnerEvent, get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.runtime.session_manager import (
    ClientContext,
    SessionClient,
    SessionClientDisconnectedError,
    SessionInfo,
    SessionStorage,
)
from streamlit.runtime.state.common import WidgetMetadata, is_element_id
from streamlit.runtime.state.session_state import (
    STREAMLIT_INTERNAL_KEY_PREFIX,
    Serialized,
    SessionState,
    Value,
    WStates,
)
from streamlit.runtime.uploaded_file_manager import UploadedFile
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager
from streamlit.web.server.starlette import starlette_static_routes
from streamlit.web.server.starlette.starlette_websocket import StarletteSessionClient

from explainer.jobs import Unavailable

_log = logging.getLogger("explainer")

__all__ = ["ClientContext", "UploadedFile"]

Drawn = TypeVar("Drawn", bound=Callable[[], None])

MESSAGES = frozenset({"rerun_script", "stop_script", "file_urls_request", "app_heartbeat", "deferred_file"})
"""The kinds of messages that a page of this app sends. Others of Streamlit's empty every visitor's caches
(`clear_cache`), or write files beside the app (`install_skills`), for anybody who sends them."""


def sign_cookies_with(secret: Callable[[], str]) -> None:
    """Set `server.cookieSecret` to what `secret` gives, unless it is set; Streamlit makes a new one at each start.

    `st.set_option` refuses it.
    """
    if not config.is_manually_set("server.cookieSecret"):
        config.set_option("server.cookieSecret", secret())


def use_navigation_alone() -> None:
    """Let `st.navigation` alone say which pages there are.

    Until `st.navigation` has run once, Streamlit takes a folder named pages for an app of its old kind, and gives the
    first visitor who asks for a page by its file's name that page alone, without streamlit_app.py and what it sets up.
    """
    PagesManager.uses_pages_directory = False


def keep_uploads_in_memory() -> None:
    """Keep uploads off the disk, whatever `server.maxUploadSize` lets in.

    Starlette, which reads uploads for Streamlit, writes those above 1 MB to a temporary file.
    """
    MultiPartParser.spool_max_size = sys.maxsize


def answer_with_no_file() -> None:
    """Have Streamlit answer with none of its files, whatever path is asked for: `page_files` has them in memory.

    It sends its page for each path that it does not know, and holds a file open for each answer until that is taken;
    those that the system lets it open are few.
    """
    make = starlette_static_routes.create_streamlit_static_handler

    async def nothing(path: str, scope: Any) -> Response:
        return PlainTextResponse("There is no such page.", 404)

    def made(directory: str, base_url: str | None) -> StaticFiles:
        handler = make(directory, base_url)
        setattr(handler, "get_response", nothing)  # noqa: B010 - a method
        return handler

    starlette_static_routes.create_streamlit_static_handler = made


def ask_no_host() -> None:
    """Keep Streamlit from asking another host for this machine's address.

    It does where a page is opened under a host name that it does not know.
    """
    net_util.get_external_ip = lambda: None


class Run(Protocol):
    """A run of a script, or of a fragment, that has begun."""

    def enter(self) -> None:
        """What was pressed is done; its script is about to start."""

    def end(self, seconds: float) -> None:
        """It has ended, and computed for so many seconds."""


def measure_runs(begin: Callable[[], Run]) -> None:
    """Have `begin` called in the thread of each run of a script, or of a fragment, as it begins.

    What it returns may wait before the script starts. That is behind what was pressed: where a page asks for another
    run, or its network goes, Streamlit stops the one before, and drops a press that was not looked at yet.
    """
    run, start = ScriptRunner._run_script, ScriptRunContext.on_script_start
    going: ContextVar[Run] = ContextVar("going")

    def measured(self: ScriptRunner, asked: Any) -> None:
        this, began = begin(), time.thread_time()
        going.set(this)
        try:
            run(self, asked)
        finally:
            this.end(time.thread_time() - began)

    def started(self: ScriptRunContext) -> None:
        going.get().enter()
        self.yield_check()  # one that was stopped while it waited starts no script
        start(self)

    setattr(ScriptRunner, "_run_script", measured)  # noqa: B010 - a method
    setattr(ScriptRunContext, "on_script_start", started)  # noqa: B010 - a method


def write_theme_once() -> None:
    """Have Streamlit write the theme once; it looks through all its settings for it at each run of a script."""
    write = app_session._populate_theme_msg

    @cache
    def written(section: str) -> CustomThemeConfig | None:
        holder = NewSession()
        write(holder.custom_theme, section)
        return holder.custom_theme if holder.HasField("custom_theme") else None

    def populate(message: CustomThemeConfig, section: str = "theme") -> None:
        if (theme := written(section)) is not None:
            message.SetInParent()  # it may say what a theme says that nobody has set
            message.MergeFrom(theme)

    setattr(app_session, "_populate_theme_msg", populate)  # noqa: B010 - no name that Streamlit exports


def know_how_it_runs() -> None:
    """Keep Streamlit from finding out, at the first element that is drawn, whether it runs in a Python shell.

    For that it looks for the source of each frame among all modules: half a second of the first visitor's.
    """
    delta_generator._use_warning_has_been_displayed = True


def look_for_no_components() -> None:
    """Keep Streamlit from searching all installed packages for components as it starts: the app uses its own alone."""
    setattr(BidiComponentManager, "discover_and_register_components", lambda manager, **options: None)  # noqa: B010


def session_id() -> str | None:
    """The name of the session whose script runs in this thread; None where no script does."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else None


def is_new_page() -> bool:
    """Whether this session never drew a widget: what is pressed on a page that its browser has kept means nothing."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and not context.session_state._state._new_widget_state.widget_metadata


def stop_if_replaced() -> None:
    """Stop the script of this thread where another run of its page has begun, or is to begin.

    Streamlit does so as the script sends what it drew. Its photo may have been forgotten by then.
    """
    if context := get_script_run_ctx(suppress_warning=True):
        context.yield_check()


def drop_upload(file: UploadedFile) -> None:
    """Drop a file that this session uploaded, now.

    Streamlit keeps it until its widget holds another, or the session ends.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def drop_uploads() -> None:
    """Drop all files that this session uploaded, now.

    One that was still on its way when its widget went from the page is named by no widget any more.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context:
        context.uploaded_file_mgr.remove_session_files(context.session_id)


def note_address(address: str) -> None:
    """Note where this session's browser is: once it has left, nobody else knows."""
    this = session_id()
    found = _sessions().get_session_info(this) if this and runtime.exists() else None
    if found:
        _came_from[found.session] = address


_came_from: WeakKeyDictionary[AppSession, str] = WeakKeyDictionary()


def keep_left_sessions() -> None:
    """Keep the session of everybody who left for `server.disconnectedSessionTTL`, and end it then.

    Streamlit keeps 128, and drops the oldest for one more. As it stores one it drops those whose time is over, and
    leaves their end, and that of their photos' pictures, to whenever Python looks for circles: in any thread, which may
    hold the lock that the end takes.
    """
    save = MemorySessionStorage.save

    def saving(self: MemorySessionStorage, left: SessionInfo) -> None:
        if isinstance(self._cache, TTLCache):
            self._cache._maxsize = math.inf  # `make_room_for_a_session` bounds them
        for gone in _take_late(self):
            asyncio.get_running_loop().call_soon(gone.shutdown)
        save(self, left)

    setattr(MemorySessionStorage, "save", saving)  # noqa: B010 - a method


def forget_ended_sessions() -> None:
    """Forget what a session holds as it ends, its photo above all; where its script still runs, once that has ended.

    Streamlit leaves that to whenever Python looks for circles: each run of a script leaves one, with the session's
    state in it, and what its fragments draw.
    """
    ended = AppSession.shutdown

    def shutdown(self: AppSession) -> None:
        ended(self)
        app_session._close_script_event_loop(self._script_event_loop)  # it has three descriptors, and no script uses it
        if self._scriptrunner is None:
            self._session_state.clear()
            self._fragment_storage.clear()
        elif not self._event_loop.is_closed():
            self._event_loop.call_soon_threadsafe(self._event_loop.call_later, _UNTIL_IT_ENDS, self.shutdown)

    setattr(AppSession, "shutdown", shutdown)  # noqa: B010 - a method


_UNTIL_IT_ENDS = 1.0  # seconds between two looks whether the script of an ended session still runs


async def close_left_sessions() -> None:
    """Close the sessions whose visitors left longer ago than `server.disconnectedSessionTTL`, or that never ran.

    One in each round of the event loop: a whole class may have left at once.

    Streamlit keeps a session until it stores another one, however long that takes; each holds three file descriptors.
    """
    sessions = _sessions()
    for left in _left(sessions):
        if left.script_run_count == 0 and not sessions.is_active_session(left.session.id):  # it may have come back
            sessions.close_session(left.session.id)
            await asyncio.sleep(0)
    for gone in _take_late(sessions._session_storage):
        gone.shutdown()
        await asyncio.sleep(0)


def _stored(sessions: WebsocketSessionManager) -> int:
    """How many sessions are kept of visitors who left, also of those whose time is over; without looking at each."""
    storage = sessions._session_storage
    if isinstance(storage, MemorySessionStorage) and isinstance(storage._cache, TTLCache):
        return len(storage._cache._data)
    return len(storage.list())


def _take_late(storage: SessionStorage) -> list[AppSession]:
    """The sessions whose visitors left too long ago, which the storage keeps no more."""
    if isinstance(storage, MemorySessionStorage) and isinstance(storage._cache, TTLCache):
        return [left.session for _, left in storage._cache.expire()]
    return []


def drop_left_media() -> None:
    """Drop the pictures and downloads of sessions that are gone.

    Streamlit drops pictures as it closes a session, and keeps what its script adds after that, between two elements. A
    download belongs to no session of Streamlit's: it is kept until runs of others have ended, if anybody else comes.
    """
    media = runtime.get_instance().media_file_mgr
    known = sessions()
    here = {_media_prefix(each) for each in (None, *known)}
    with media._lock:
        gone = media._files_by_session_and_coord.keys() - known
    for session in gone:
        media.clear_session_refs(session)
    if gone:
        media.remove_orphaned_files()
    with media._lock:
        shown = {file for files in media._files_by_session_and_coord.values() for file in files.values()}
        for file in [each for each in media._file_metadata if each[:_PREFIX] not in here and each not in shown]:
            media._delete_file(file)


def visitors() -> int:
    """How many pages are open."""
    return len(_sessions().list_active_sessions())


def sessions() -> frozenset[str]:
    """The ids of all sessions: of open pages, and of those whose visitors may come back."""
    found = _sessions()
    active = {each.session.id for each in found.list_active_sessions()}
    return frozenset(active | {each.session.id for each in _left(found)})


async def draw_all_pages_again() -> None:
    """Have the script of every open page run again, and wait for the runs that go on."""
    found = _sessions()

    async def draw(number: int, session: AppSession) -> None:
        await asyncio.sleep(number * _APART)
        await _draw_when_idle(found, session)

    await asyncio.gather(*(draw(number, each.session) for number, each in enumerate(found.list_active_sessions())))


async def _draw_when_idle(sessions: WebsocketSessionManager, session: AppSession) -> None:
    """Have the script of a page run again once none of it runs, unless the page has left by then.

    A run that is ended may be in the middle of what a press asks; and until the first one is through Streamlit does not
    say on which page, and at which address, it is. One that has not run yet asks for a run itself.
    """
    while sessions.is_active_session(session.id):
        if session._scriptrunner is None:
            if session._client_state.page_script_hash:
                _draw_again(session)
            return
        await asyncio.sleep(_LOOKS)


def _draw_again(session: AppSession) -> None:
    """Have the script of a page run again, on the page and at the address where it is: without them it is the first."""
    asked = ClientState()
    asked.CopyFrom(session._client_state)
    asked.ClearField("widget_states")  # they may have changed since
    session.request_rerun(asked)


def draw_whoever_came_back(turn: Callable[[ClientContext], Awaitable[None]]) -> None:
    """Draw the page of a browser that comes back, in the place of what was not sent when its connection went.

    Each waits for its `turn`, like all that a page asks for.

    Streamlit stops the run that goes on then, and says that it is through. The browser that hears of it as it comes
    back takes away whatever the run had not drawn, all of the page maybe, and asks for no other where it had not heard
    that the run had begun.
    """
    connect = WebsocketSessionManager.connect_session
    drawing: WeakKeyDictionary[AppSession, asyncio.Task[None]] = WeakKeyDictionary()

    async def draw(sessions: WebsocketSessionManager, session: AppSession, context: ClientContext) -> None:
        await asyncio.sleep(_ASKS_ITSELF)
        await turn(context)
        await _draw_when_idle(sessions, session)

    def connected(self: WebsocketSessionManager, client: SessionClient, *arguments: Any, **named: Any) -> str:
        name = connect(self, client, *arguments, **named)
        session = self._active_session_info_by_id[name].session
        if client.client_context and not session._browser_queue.is_empty():
            session._clear_queue()
            if session in drawing:
                drawing[session].cancel()
            drawing[session] = asyncio.get_running_loop().create_task(draw(self, session, client.client_context))
        return name

    setattr(WebsocketSessionManager, "connect_session", connected)  # noqa: B010 - a method


def watch_no_files() -> None:
    """Keep Streamlit from watching files for a page that comes back, as it watches none for others.

    It does not look at its setting there. A run of such a page would have the event loop look for the files of all that
    was imported: a class whose network hiccups would keep everybody waiting for a minute.
    """
    setattr(AppSession, "register_file_watchers", lambda session: None)  # noqa: B010 - a method


def _left(sessions: WebsocketSessionManager) -> list[SessionInfo]:
    """The sessions whose visitors left, and may come back yet."""
    active = {each.session.id for each in sessions.list_active_sessions()}
    return [each for each in sessions._session_storage.list() if each.session.id not in active]


def _sessions() -> WebsocketSessionManager:
    sessions = runtime.get_instance()._session_mgr
    if not isinstance(sessions, WebsocketSessionManager):
        raise TypeError(f"Streamlit keeps its sessions in a {type(sessions).__name__}")
    return sessions


def run_again(name: str, wanted: Callable[[Any], bool], seconds: float) -> None:
    """After so many seconds, run the scripts of sessions in whose state something `wanted` stands under a name.

    Streamlit has no way to ask for a run but from the browser or from within the script. A script that runs is left
    alone: it would be ended, perhaps in the middle of what a press asks. Any thread may call it.
    """
    if not runtime.exists():
        return
    loop = runtime.get_instance()._get_async_objs().eventloop

    def idle(session: AppSession) -> bool:
        state = session.session_state
        return session._scriptrunner is None and name in state and wanted(state[name])

    def run(session: AppSession) -> None:
        if idle(session):
            _draw_again(session)

    def begin() -> None:
        sessions = [each.session for each in _sessions().list_active_sessions() if idle(each.session)]
        for number, session in enumerate(sessions):
            loop.call_later(number * _APART, run, session)

    loop.call_soon_threadsafe(loop.call_later, seconds, begin)


_ASKS_ITSELF = 0.5  # seconds within which a browser that comes back asks for a run, if it does
_LOOKS = 0.2  # seconds between two looks whether a script still runs
_APART = 0.01  # seconds between two sessions that are run again, so that not all are drawn in the same moment


def name_fragment(draw: Drawn, name: str) -> Drawn:
    """Name a function that is to become a fragment: the same fragment in each run, and no other.

    Streamlit names fragments by the function's qualified name and its place on the page; `st.fragment(key=...)` names
    them for `st.rerun` alone.
    """
    draw.__qualname__ = name
    return draw


_MOST_OF = {"widgets": 1000, "hashes": 300, "names": 10, "fields": 100, "parts": 1000, "marks": 3000}
"""How many values of widgets, hashes of kept messages, names of files and fields of an address a message has at most,
and how many numbers, texts and files all its values have together, and marks of JSON. Streamlit goes through all of
them where it serves everybody, answers with kilobytes for each name, and keeps a page's last message, and what stood in
it, until another comes: an empty file has two bytes there, and eighty in memory; an empty list of JSON 56.

Of a browser four hashes were seen, and the clicker's 500 presses have 2,005 marks."""

_LISTS = ("double_array_value", "int_array_value", "string_array_value")
_OF_NO_WIDGET = ("arrow_value", "chat_input_value")  # that this app has
_TEXTS = ("json_value", "json_trigger_value", "string_value", "string_trigger_value")  # some are JSON
_MARKS = "[{,:"  # of JSON, which begins with one: one at least for each thing within it
_OF_TEXTS = 64_000  # bytes of all of them

_SAID_TWICE = 1000  # bytes of a message that a later part replaces, and memory keeps; a browser's has none
_OF_ALL_ELSE = 16_000  # bytes of a message without these: of the page's address, and of names; a session keeps some


def kind(frame: bytes) -> str:
    """The kind of a message that a browser sent by websocket, as `MESSAGES` has it; "" for what is none."""
    message = BackMsg()
    try:
        message.ParseFromString(frame)
    except DecodeError:
        return ""
    script, names = message.rerun_script, message.file_urls_request.file_names
    found = {
        "widgets": len(script.widget_states.widgets),
        "hashes": len(script.cached_message_hashes),
        "names": len(names),
        "fields": script.query_string.count("&"),
    }
    if any(found[each] > _MOST_OF[each] for each in found) or not _is_modest(script.widget_states.widgets):
        return ""
    if len(frame) - message.ByteSize() > _SAID_TWICE:
        return ""
    if not script.context_info.url.isascii():  # a browser's is: others keep Python from all else
        return ""
    values = script.widget_states.ByteSize() + sum(len(each) + 3 for each in script.cached_message_hashes)
    if len(frame) - values > _OF_ALL_ELSE:
        return ""
    if message.WhichOneof("type") == "backend_operation_request":
        return message.backend_operation_request.WhichOneof("payload") or ""
    return message.WhichOneof("type") or ""


def _is_modest(widgets: Iterable[WidgetState]) -> bool:
    """Whether all that stands within the values of widgets is what widgets of this app may send."""
    parts = texts = marks = 0
    for widget in widgets:
        kind = widget.WhichOneof("value")
        if kind in _OF_NO_WIDGET:
            return False
        if kind in _LISTS:
            parts += len(getattr(widget, kind).data)
        elif kind == "file_uploader_state_value":
            parts += len(widget.file_uploader_state_value.uploaded_file_info)
        elif kind in _TEXTS:
            texts += widget.ByteSize()
            value = getattr(widget, kind)
            text = value if isinstance(value, str) else value.data
            marks += sum(map(text.count, _MARKS)) if text.lstrip()[:1] in _MARKS else 0
    return parts <= _MOST_OF["parts"] and marks <= _MOST_OF["marks"] and texts <= _OF_TEXTS


def bound_what_waits(most: Callable[[], float]) -> None:
    """Of what a page asks for while its run waits for something, keep no more bytes than `most` gives for a message.

    Streamlit merges each request for a fragment into the last one, with all presses in them, whether it knows what was
    pressed or not: beyond that many bytes, or more widgets than a message has, the last one alone is kept.
    """
    request = ScriptRequests._request_rerun_locked

    def bounded(self: ScriptRequests, asked: RerunData) -> bool:
        taken, kept = request(self, asked), self._rerun_data.widget_states
        if taken and kept and (len(kept.widgets) > _MOST_OF["widgets"] or kept.ByteSize() > most()):
            self._rerun_data = replace(self._rerun_data, widget_states=asked.widget_states)
        return taken

    setattr(ScriptRequests, "_request_rerun_locked", bounded)  # noqa: B010 - a method


def make_room_for_a_session(most: int, name: str = "") -> bool:
    """Whether one more session can be held among `most`: others whose visitors left are closed for it.

    Not the one whose browser comes back, by the `name` that it asks for: that needs no second place.

    Those go first that never ran a script, so that who opens and closes connections alone ends nobody's visit; then
    those of the address that left the most, so that it ends no other's; of these the ones that were left longest ago.
    With them go some of their kind, so that all are looked through at few of the new ones.
    """
    sessions = _sessions()
    active = sessions.list_active_sessions()
    if len(active) + _stored(sessions) < most:
        return True
    left = [each for each in _left(sessions) if each.session.id != name]
    of_each = Counter(_came_from.get(each.session) for each in left)

    def order(each: SessionInfo) -> tuple[bool, int]:
        return each.script_run_count > 0, -of_each[_came_from.get(each.session)]

    left.sort(key=order)
    if (over := len(left) + len(active) + 1 - most) > 0:
        more = [each for each in left[over : over + most // _OF_ITS_KIND] if order(each) == order(left[0])]
        for each in left[:over] + more:
            sessions.close_session(each.session.id)
    return len(active) < most


_OF_ITS_KIND = 50  # one in so many of all sessions


def uploads() -> dict[tuple[str, str], int]:
    """The size in bytes of each file that was uploaded and is kept, by the session's id and its own."""
    return {
        (session, name): len(file.data)
        for session, files in list(_files().file_storage.items())
        for name, file in list(files.items())
    }


def drop_upload_of(session: str, file: str) -> None:
    """Drop a file that a session uploaded, by their ids."""
    _files().remove_file(session, file)


def _files() -> MemoryUploadedFileManager:
    files = runtime.get_instance().uploaded_file_mgr
    if not isinstance(files, MemoryUploadedFileManager):
        raise TypeError(f"Streamlit keeps uploads in a {type(files).__name__}")
    return files


def check_widget_values(told: Callable[[], None]) -> None:
    """Take a value that is none of its widget's for none at all: the widget is as nobody had touched it.

    A browser can send a text for a number, a number that is none, or JSON without an end. Streamlit takes each for what
    the widget should send, so that a script, or Streamlit before it, raises whatever comes of that. `told` is called
    for each such value.
    """
    read = WStates.__getitem__

    def checked(self: WStates, name: str) -> Any:
        state, widget = self.states.get(name), self.widget_metadata.get(name)
        if not isinstance(state, Serialized) or widget is None:
            return read(self, name)
        with suppress(Exception):  # of any kind: it depends on the widget
            if _is_of(state.value, widget.value_type):
                value = read(self, name)
                self.set_widget_metadata(widget)  # Streamlit takes the kind of what came last, of nothing no kind
                return value
        told()
        untouched = widget.deserializer(None)
        self.states[name] = Value(untouched)
        return untouched

    setattr(WStates, "__getitem__", checked)  # noqa: B010 - a method


def forget_widgets_that_left() -> None:
    """Forget a widget once it is on the page no longer, and take what a browser sends for it for nothing.

    Streamlit keeps what it knows of each widget that a page ever drew, its callback's arguments with it, and the values
    that come for it, for as long as the page is open. A page whose every run is ended by another one never gets to
    where the others are forgotten: beyond as many as one message can have values for, or where there is more in their
    values than two messages can have, it begins anew.
    """
    removed, begun = SessionState._remove_stale_widgets, SessionState.on_script_will_rerun

    def is_here(widget: WidgetMetadata[Any], drawn: frozenset[str], fragments: list[str] | None) -> bool:
        # A component's events have an identifier of their own, made from the component's.
        name = widget.id.removeprefix(f"{STREAMLIT_INTERNAL_KEY_PREFIX}_")
        drawn_now = (name if name == widget.id else name.rpartition("__")[0]) in drawn
        return drawn_now or (bool(fragments) and widget.fragment_id not in (fragments or ()))

    def remove(self: SessionState, drawn: frozenset[str]) -> None:
        removed(self, drawn)
        if context := get_script_run_ctx():
            known, fragments = self._new_widget_state.widget_metadata, context.fragment_ids_this_run
            keep(self, {name: each for name, each in known.items() if is_here(each, drawn, fragments)})

    def begin(self: SessionState, *arguments: Any, **named: Any) -> None:
        values = [value for name, value in self._old_state.items() if is_element_id(name)]
        if len(self._new_widget_state.widget_metadata) > _MOST_OF["widgets"] or _things(values) > 2 * _MOST_OF["marks"]:
            _log.warning("A page began anew, and what was pressed on it was dropped: its widgets held too much.")
            keep(self, {})
            self._old_state = {name: value for name, value in self._old_state.items() if not is_element_id(name)}
        begun(self, *arguments, **named)

    def keep(state: SessionState, widgets: dict[str, WidgetMetadata[Any]]) -> None:
        state._new_widget_state.widget_metadata = widgets
        keys = state._key_id_mapper
        keys.set_key_id_mapping({key: name for key, name in keys._key_id_mapping.items() if name in widgets})

    # It asks for each value before it drops it, and stops at the first that is of no known widget: any forged one.
    setattr(WStates, "clear", lambda self: self.states.clear())  # noqa: B010 - a method
    setattr(SessionState, "_remove_stale_widgets", remove)  # noqa: B010 - a method
    setattr(SessionState, "on_script_will_rerun", begin)  # noqa: B010 - a method


def _things(values: list[Any]) -> int:
    """How many things stand in values of widgets, those within others, too; a long text counts for several."""
    found, within = 0, values
    while within:
        value = within.pop()
        found += 1
        if isinstance(value, str):
            found += len(value) // _OF_A_THING
        elif isinstance(value, Mapping):
            within += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple):
            within += value
    return found


_OF_A_THING = 50  # letters


def send_all_that_was_drawn() -> None:
    """Send what a run of the page drew, though one of its fragments begins to run before it was sent.

    Streamlit then drops what the page's run drew in that fragment, and still says that the run is through. The browser
    takes the fragment's place away, what stands below moves up, and the fragment's next drawing falls on it: what lay
    there, such as the part of a screen that asks for the next step, is gone until the whole page is drawn again.
    """
    clear = ForwardMsgQueue.clear

    def keep(
        self: ForwardMsgQueue, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: list[str] | None = None
    ) -> None:
        if fragment_ids_this_run is None:
            clear(self, retain_lifecycle_msgs)
        else:
            self._delta_index_map = {}  # what comes now stands behind it, and in the place of nothing

    setattr(ForwardMsgQueue, "clear", keep)  # noqa: B010 - a method


def find_pages_once() -> None:
    """Have Streamlit find the file of each page once.

    It looks for all of them at each run of a script, by some fifty calls of the system; at each Python's lock is given
    away, and where others compute the script waits to have it back.
    """
    make, made = Page.__init__, dict[str, dict[str, Any]]()

    @wraps(make)
    def find(self: Page, page: str, **settings: Any) -> None:
        key = f"{page} {settings}"
        if key not in made:
            make(self, page, **settings)
            if get_script_run_ctx(suppress_warning=True):  # else Streamlit has not looked for it
                made[key] = dict(vars(self))
        vars(self).update(made.get(key, {}))

    setattr(Page, "__init__", find)  # noqa: B010 - a method


def copy_cursors_at_once() -> None:
    """Have a place on the page copied as the few numbers that it is.

    Streamlit copies where all that is being drawn stands at each fragment, and Python's general way to copy takes a
    twentieth of a page's time.
    """

    def copied(self: Cursor, memo: dict[int, Any]) -> Cursor:
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        elements = self._transient_elements  # spinners, which no page has while a fragment begins
        other._transient_elements = copy.deepcopy(elements, memo) if len(elements) else SparseList()
        return other

    setattr(Cursor, "__deepcopy__", copied)  # noqa: B010 - a method


def hear_scripts_at_once() -> None:
    """Have the event loop hear in one step what a script draws within a hundredth of a second.

    Streamlit wakes it for each thing that is drawn, a hundred and more of a page, and each time the script gives
    Python's lock away and waits for it: a tenth of a page's time. It sends what it heard once in as long anyway. What
    is no drawing, such as another address or that a script has ended, is heard at once: Streamlit keeps it for the
    browser though another run begins.
    """
    lock = threading.Lock()
    waiting: WeakKeyDictionary[AppSession, list[Callable[[], None]]] = WeakKeyDictionary()

    def tell(self: AppSession, sender: ScriptRunner | None, event: ScriptRunnerEvent, **told: Any) -> None:
        step = partial(self._handle_scriptrunner_event_on_event_loop, sender, event, **told)
        with lock:
            steps = waiting.setdefault(self, [])
            steps.append(step)
            is_first = len(steps) == 1
        message = told.get("forward_msg")
        if message is None or message.WhichOneof("type") != "delta":
            self._call_soon_on_event_loop(partial(hear, self))
        elif is_first:
            self._call_soon_on_event_loop(partial(hear_later, self))

    def hear_later(self: AppSession) -> None:
        asyncio.get_running_loop().call_later(_HEARD, hear, self)

    def hear(self: AppSession) -> None:
        with lock:
            steps = waiting.pop(self, [])
        failed: list[Exception] = []
        for step in steps:
            try:
                step()
            except Exception as error:  # of any kind: the others are not to be lost by it
                failed.append(error)
        if failed:
            raise failed[0]

    setattr(AppSession, "_on_scriptrunner_event", tell)  # noqa: B010 - a method


_HEARD = 0.01  # seconds


def send_pages_at_once(charge: Callable[[str | None, Mapping[str, str], float], None]) -> None:
    """Send what a page drew in one step; `charge` is called with its address and headers, and the seconds that it took.

    Streamlit waits for a round of the event loop after each message, and sends those of one page after another's: where
    some pages draw much, what others drew waits for hundreds of rounds.
    """
    flush = AppSession.flush_browser_queue

    def send(self: AppSession) -> list[ForwardMsg]:
        began, messages = time.thread_time(), flush(self)
        page = _sessions().get_active_session_info(self.id)
        if page is None or not isinstance(page.client, StarletteSessionClient):
            return messages
        taken = 0
        with suppress(SessionClientDisconnectedError):  # Streamlit finds that out by the next one
            while taken < len(messages) - 1 and page.client._send_queue.qsize() < _AHEAD:
                runtime.get_instance()._send_message(page, messages[taken])
                taken += 1
        there = page.client.client_context
        charge(there.remote_ip, dict(there.headers), time.thread_time() - began)
        return messages[taken:]

    setattr(AppSession, "flush_browser_queue", send)  # noqa: B010 - a method


_AHEAD = 100  # messages that are handed on before the browser has been sent any of them; Streamlit bears 500


def _is_of(state: WidgetState, kind: str | None) -> bool:
    """Whether a widget's state has a value of that kind, or none; numbers that are none, or endless, are of no kind.

    Nor is what is longer than any widget of this app sends: a megabyte is made of a few kilobytes of JSON.
    """
    if state.ByteSize() > _LONGEST:
        return False
    found = state.WhichOneof("value")
    numbers = {"double_value": [state.double_value], "double_array_value": state.double_array_value.data}
    # What a field for whole numbers sends: those that a browser's numbers hold.
    whole = (found, kind) == ("int_value", "double_value") and abs(state.int_value) < 2**53
    return (whole or found in (None, kind)) and all(map(math.isfinite, numbers.get(found or "", ())))


_LONGEST = 12_000  # bytes of a value; the clicker's are the longest, with 500 presses


def hide_media_names() -> None:
    """Give each picture, and each download, an address that nobody can guess, another one in each session.

    Streamlit makes it from the content alone: who has a photo could ask whether somebody shows it. And none to one of a
    run that another has replaced, which may have dropped all that there was: see `drop_media`.
    """
    made, executed = memory_media_file_storage._calculate_file_id, MediaFileManager.execute_deferred
    added = MediaFileManager.add_deferred

    def hidden(data: bytes, mimetype: str, filename: str | None = None) -> str:
        stop_if_replaced()
        owner = _downloading.get() or session_id()
        name = _media_prefix(owner) + _digest(f"{owner} {made(data, mimetype, filename)}")
        if _downloading.get():
            _made.append((time.monotonic(), name, len(data)))  # whoever asks for a name holds the manager's lock
        return name

    def add_deferred(self: MediaFileManager, *download: Any, **named: Any) -> str:
        button = added(self, *download, **named)
        try:
            stop_if_replaced()
        except BaseException:
            with self._lock:
                self._drop_deferred_id(button)
            raise
        return button

    def execute_deferred(self: MediaFileManager, file_id: str) -> str:
        asked = self._deferred_callables.get(file_id)
        making, owner = object(), asked["session_id"] if asked else None
        token = _downloading.set(owner)
        _making[making] = owner
        try:
            address = executed(self, file_id)
            if making not in _making:  # its photo was forgotten meanwhile
                with self._lock:
                    if (made := Path(address).stem) in self._file_metadata:
                        self._delete_file(made)
                raise MediaFileStorageError("It was dropped while it was made.")
            return address
        finally:
            _making.pop(making, None)
            _downloading.reset(token)

    setattr(memory_media_file_storage, "_calculate_file_id", hidden)  # noqa: B010 - a private name
    setattr(MediaFileManager, "add_deferred", add_deferred)  # noqa: B010 - a method
    setattr(MediaFileManager, "execute_deferred", execute_deferred)  # noqa: B010 - a method


def make_downloads(make: Callable[[str, ClientContext, Callable[[], str]], Awaitable[str]]) -> None:
    """Have `make` see to each download: it is called with the session and the browser, and with what makes the file.

    Streamlit has them made by the few threads of the event loop, in one line for everybody. What is raised as
    `Unavailable` the button shows.
    """

    async def handle(
        self: DeferredFileHandler, request: BackendOperationRequest, session_id: str
    ) -> BackendOperationResponse:
        answer = BackendOperationResponse(request_id=request.request_id)
        execute = partial(self._get_media_file_mgr().execute_deferred, request.deferred_file.file_id)
        try:
            page = _sessions().get_active_session_info(session_id)
            if page and page.client.client_context:  # else it has left
                answer.deferred_file.url = await make(session_id, page.client.client_context, execute)
        except Unavailable as told:
            answer.error_msg = str(told)
        except Exception:  # of any kind: what a page downloads is made from what is on it
            _log.exception("A download could not be made")
            answer.error_msg = "The file could not be made. Try again."
        return answer

    setattr(DeferredFileHandler, "handle", handle)  # noqa: B010 - a method


def keep_media_until_fetched() -> None:
    """Keep a download for half a minute after it was made, and a picture until a run of its own session drops it.

    At the end of anybody's run Streamlit drops what no session names: the pictures of a page that is being drawn again,
    and at the second such end each download. Where thirty phones follow a workshop, that is a tenth of a second later,
    before a browser has asked for it.
    """
    cleared, removed = MediaFileManager.clear_session_refs, MediaFileManager.remove_orphaned_files
    unnamed = MediaFileManager._get_inactive_file_ids

    def clear(self: MediaFileManager, session: str | None = None) -> None:
        if session is not None:  # which ends, or forgets its photo
            cleared(self, session)
            with self._lock:
                others = [each for each in _made if not each[1].startswith(_media_prefix(session))]
                _made.clear()
                _made.extend(others)
        elif this := session_id():
            with self._lock:
                if named := self._files_by_session_and_coord.get(this):
                    before = {_BEFORE + place.removeprefix(_BEFORE): file for place, file in named.items()}
                    self._files_by_session_and_coord[this] = before
                    _drawn.set(before)

    def remove(self: MediaFileManager) -> None:
        with self._lock:
            named = self._files_by_session_and_coord.get(session_id() or "")
            if named and named is _drawn.get():  # else another run of the page began since, and draws them
                for place in [each for each in named if each.startswith(_BEFORE)]:
                    del named[place]
        removed(self)

    def inactive(self: MediaFileManager) -> set[str]:
        now = time.monotonic()
        while _made and (now - _made[0][0] > _FETCHED or sum(size for _, _, size in _made) > DOWNLOADS):
            _made.popleft()
        return unnamed(self) - {name for _, name, _ in _made}

    setattr(MediaFileManager, "clear_session_refs", clear)  # noqa: B010 - a method
    setattr(MediaFileManager, "remove_orphaned_files", remove)  # noqa: B010 - a method
    setattr(MediaFileManager, "_get_inactive_file_ids", inactive)  # noqa: B010 - a method


DOWNLOADS = 200_000_000
"""Bytes of all downloads that are kept until they are fetched; the last ones."""

_FETCHED = 30.0  # seconds
_made: deque[tuple[float, str, int]] = deque()  # downloads: when each was made, its name and its bytes
_BEFORE = "before "  # a picture's place on the page, in the drawing before the one that goes on
_drawn: ContextVar[dict[str, str] | None] = ContextVar("_drawn", default=None)
"""The pictures of its session by their places, as the run of this thread has found them."""


def drop_media() -> None:
    """Drop all pictures and downloads that this session was given, now, and what downloads would be made from.

    They would stay until the run ends that no longer shows it, and a download for half a minute.
    """
    this = session_id()
    if this is None or not runtime.exists():
        return
    media, prefix = runtime.get_instance().media_file_mgr, _media_prefix(this)
    media.clear_session_refs(this)
    with media._lock:
        for file in [each for each in media._file_metadata if each.startswith(prefix)]:
            media._delete_file(file)
        for download in tuple(media._deferred_ids_by_session.get(this, ())):
            media._drop_deferred_id(download)
        for making in [each for each, owner in list(_making.items()) if owner == this]:
            _making.pop(making, None)


_SECRET = secrets.token_bytes(32)  # of this process
_downloading: ContextVar[str | None] = ContextVar("_downloading", default=None)
"""The session for which a download is made: that happens in a thread that belongs to none."""
_making: dict[object, str | None] = {}  # the session of each download that is being made, and was not dropped
_PREFIX = 16  # letters


def _media_prefix(session: str | None) -> str:
    """How the names of a session's pictures and downloads begin."""
    return _digest(f"session {session}")[:_PREFIX]


def _digest(text: str) -> str:
    return hmac.new(_SECRET, text.encode(), hashlib.sha224).hexdigest()


def static_folder() -> Path:
    """The folder of what Streamlit's page is made of in a browser."""
    return Path(file_util.get_static_dir())
