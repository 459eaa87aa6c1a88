"""What is used of Streamlit's inside still works, is still needed, and stands in one file."""

import ast
import asyncio
import contextvars
import copy
import gc
import inspect
import json
import math
import threading
import time
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit
from handmade import SOURCES
from starlette.applications import Starlette
from starlette.formparsers import MultiPartParser
from starlette.testclient import TestClient
from streamlit import config, delta_generator, env_util, net_util
from streamlit.components.v2 import manifest_scanner
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.cursor import Cursor, RunningCursor
from streamlit.elements.widgets import number_input
from streamlit.errors import StreamlitAPIException
from streamlit.navigation.page import Page as NavigationPage
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import BackendOperationResponse, ForwardMsg
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime import app_session, memory_media_file_storage
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.backend_operation_handler import DeferredFileHandler
from streamlit.runtime.caching.storage.dummy_cache_storage import MemoryCacheStorageManager
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.fragment import fragment
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.runtime import Runtime, RuntimeConfig
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner, ScriptRunnerEvent
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.runtime.state import session_state
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import SessionState, WStates
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager
from streamlit.testing.v1 import AppTest
from streamlit.web.server.starlette import starlette_static_routes
from streamlit.web.server.starlette.starlette_websocket import StarletteSessionClient

from explainer.ui import browser, server, streamlit_internals, turns

INSIDE = "explainer/ui/streamlit_internals.py"
_DISCOVER = BidiComponentManager.discover_and_register_components  # as it is before a server is prepared
_CLEAR = ForwardMsgQueue.clear
_MEDIA = {
    name: getattr(MediaFileManager, name)
    for name in (
        "add_deferred",
        "execute_deferred",
        "clear_session_refs",
        "remove_orphaned_files",
        "_get_inactive_file_ids",
    )
}
_FILE_ID = memory_media_file_storage._calculate_file_id
_DOWNLOAD = DeferredFileHandler.handle
_REMOVE, _BEGIN, _EMPTY = SessionState._remove_stale_widgets, SessionState.on_script_will_rerun, WStates.clear
PUBLIC = ("streamlit", "streamlit.delta_generator", "streamlit.testing.v1")


def _imports(source: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


@pytest.mark.parametrize("file", sorted(name for name in SOURCES if name != INSIDE))
def test_one_file_alone_uses_what_streamlit_does_not_document(file: str) -> None:
    if not file.startswith(("explainer/", "pages/", "streamlit_app")):
        return
    names = [(module, name) for module, name in _imports(SOURCES[file]) if module.partition(".")[0] == "streamlit"]
    assert [(module, name) for module, name in names if module not in PUBLIC or name.startswith("_")] == []


@pytest.mark.parametrize("file", sorted(name for name in SOURCES if name != INSIDE))
def test_no_file_reaches_through_streamlit_for_what_is_private(file: str) -> None:
    reached = {
        node.attr
        for node in ast.walk(ast.parse(SOURCES[file]))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("st", "streamlit")
    }
    modules = {name for name in reached if inspect.ismodule(getattr(streamlit, name, None))}
    assert modules <= {"column_config", "components", "delta_generator"}
    assert [name for name in reached if name.startswith("_")] == []


def test_the_version_it_was_tried_with_is_the_one_that_is_installed() -> None:
    assert f"Tried with Streamlit {streamlit.__version__}." in (streamlit_internals.__doc__ or "")


def test_streamlit_takes_a_folder_named_pages_for_an_app_of_its_old_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PagesManager, "uses_pages_directory", None)
    PagesManager(str(inspect.getfile(test_streamlit_takes_a_folder_named_pages_for_an_app_of_its_old_kind)))
    assert PagesManager.uses_pages_directory is not None  # else it is no longer needed
    streamlit_internals.use_navigation_alone()
    assert PagesManager.uses_pages_directory is False


def test_starlette_writes_large_uploads_to_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    assert inspect.signature(MultiPartParser.__init__).parameters.keys().isdisjoint({"spool_max_size"})
    monkeypatch.setattr(MultiPartParser, "spool_max_size", 1024 * 1024)  # its own
    streamlit_internals.keep_uploads_in_memory()
    assert MultiPartParser.spool_max_size > 2**40


def test_streamlit_makes_a_secret_at_each_start_and_takes_one_that_is_kept_where_none_is_set() -> None:
    name = "server.cookieSecret"
    made = streamlit.get_option(name)
    assert not config.is_manually_set(name)
    with pytest.raises(StreamlitAPIException):  # else there is a public way
        streamlit.set_option(name, "one that is kept")
    try:
        streamlit_internals.sign_cookies_with(lambda: "one that is kept")
        assert streamlit.get_option(name) == "one that is kept"
        streamlit_internals.sign_cookies_with(lambda: "another one")
        assert streamlit.get_option(name) == "one that is kept"
    finally:
        config.set_option(name, made, config.ConfigOption.DEFAULT_DEFINITION)


def test_streamlit_keeps_all_presses_for_fragments_while_a_run_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(number: int, text: str = "") -> RerunData:
        press = WidgetState(id=f"widget {number}", string_trigger_value={"data": text})
        return RerunData(fragment_id="a fragment", widget_states=WidgetStates(widgets=[press]))

    def kept(size: int) -> list[str]:
        requests = ScriptRequests()
        for number in range(2000):
            assert requests.request_rerun(asked(number, "a" * size))
        assert requests._rerun_data.fragment_id_queue == ["a fragment"]
        return [each.id for each in requests._rerun_data.widget_states.widgets]

    monkeypatch.setattr(ScriptRequests, "_request_rerun_locked", ScriptRequests._request_rerun_locked)
    assert len(kept(0)) == 2000
    streamlit_internals.bound_what_waits(lambda: 200_000)
    for size in (0, 1000, 50_000):
        assert len(kept(size)) <= min(1000, 200_000 // max(1, size))
        assert "widget 1999" in kept(size)  # the last is always among them


def test_streamlit_sends_its_page_from_a_file_for_each_path_that_it_does_not_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asked(*paths: str) -> list[tuple[int, bool]]:
        """The status of each, and whether it is a file's."""
        client = TestClient(Starlette(routes=starlette_static_routes.create_streamlit_static_assets_routes("")))
        answers = [client.get(path, follow_redirects=False) for path in paths]
        return [(each.status_code, "etag" in each.headers) for each in answers]

    name = "create_streamlit_static_handler"
    monkeypatch.setattr(starlette_static_routes, name, getattr(starlette_static_routes, name))
    script = next((streamlit_internals.static_folder() / "static" / "js").glob("*.js")).name
    paths = (f"/static/js/{script}", "/a/b", "/about", "/index.html", "/_stcore/healthX", "/_stcore/upload_file/a/b")
    assert asked(*paths) == [(200, True) for _ in paths]
    streamlit_internals.answer_with_no_file()
    assert asked(*paths) == [(404, False) for _ in paths]
    assert asked("/tree/") == [(301, False)]  # it leads on as before


def test_streamlit_asks_another_host_for_this_machines_address(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "http" in inspect.getsource(net_util)
    monkeypatch.setattr(net_util, "get_external_ip", net_util.get_external_ip)
    streamlit_internals.ask_no_host()
    assert net_util.get_external_ip() is None


class Left(SimpleNamespace):
    """A session that Streamlit keeps, which is no other one with the same name."""

    __hash__ = object.__hash__


def test_for_one_more_session_go_first_those_that_never_ran_and_those_of_who_left_the_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def session(name: str, runs: int, address: str = "192.0.2.1") -> SimpleNamespace:
        kept = Left(id=name)
        if runs:
            monkeypatch.setitem(streamlit_internals._came_from, kept, address)  # type: ignore[arg-type]
        return SimpleNamespace(session=kept, script_run_count=runs)

    left = [session("asleep", 4), session("opened", 0)]
    left += [session(f"left {number}", 1, "192.0.2.66") for number in range(3)]
    left += [session("also asleep", 1), session("also opened", 0)]
    closed: list[str] = []
    kept = SimpleNamespace(list_active_sessions=lambda: [session("here", 1)], close_session=closed.append)
    monkeypatch.setattr(streamlit_internals, "_sessions", lambda: kept)
    monkeypatch.setattr(streamlit_internals, "_left", lambda sessions: [*left])
    monkeypatch.setattr(streamlit_internals, "_stored", lambda sessions: len(left))
    assert streamlit_internals.make_room_for_a_session(6)
    assert closed == ["opened", "also opened", "left 0"]
    assert not streamlit_internals.make_room_for_a_session(1)
    closed.clear()
    assert streamlit_internals.make_room_for_a_session(len(left) + 2)
    assert closed == []
    left += [session(f"also left {number}", 1, "192.0.2.66") for number in range(100)]
    assert streamlit_internals.make_room_for_a_session(107)
    assert closed == ["opened", "also opened"]  # both of a kind, and none of another
    left[:] = [each for each in left if each.script_run_count]
    closed.clear()
    assert streamlit_internals.make_room_for_a_session(105)
    assert closed == ["left 0", "left 1", "left 2", "also left 0"]
    closed.clear()
    assert streamlit_internals.make_room_for_a_session(105, "left 0")
    assert closed == ["left 1", "left 2", "also left 0"]  # one less, and not the one that comes back
    closed.clear()
    assert streamlit_internals.make_room_for_a_session(len(left) + 1, "left 0")
    assert closed == []


def test_streamlit_writes_its_theme_at_each_run_and_what_is_written_once_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "_populate_theme_msg(" in inspect.getsource(AppSession._create_new_session_message)
    write, asked = app_session._populate_theme_msg, list[str]()

    def counted(message: CustomThemeConfig, section: str = "theme") -> None:
        asked.append(section)
        write(message, section)

    def themes() -> tuple[CustomThemeConfig, CustomThemeConfig]:
        whole, dark = CustomThemeConfig(), CustomThemeConfig()
        app_session._populate_theme_msg(whole)
        app_session._populate_theme_msg(whole.light, "theme.light")
        app_session._populate_theme_msg(whole.sidebar, "theme.sidebar")
        app_session._populate_theme_msg(dark, "theme.dark")
        return whole, dark

    as_it_was = themes()
    monkeypatch.setattr(app_session, "_populate_theme_msg", counted)
    streamlit_internals.write_theme_once()
    for _ in range(2):
        assert themes() == as_it_was
    assert as_it_was[0].primary_color or as_it_was[1].primary_color
    assert len(asked) == 4


def test_streamlit_keeps_128_sessions_of_those_who_left_and_ends_none_that_it_drops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[str] = []

    def leave(storage: MemorySessionStorage, *names: str) -> None:
        for name in names:
            session = SimpleNamespace(id=name, shutdown=lambda name=name: ended.append(name))
            storage.save(SimpleNamespace(session=session))  # type: ignore[arg-type]

    async def many(storage: MemorySessionStorage) -> int:
        leave(storage, *(f"left {number}" for number in range(300)))
        kept = len(storage.list())
        await asyncio.sleep(0.2)
        leave(storage, "later")
        await asyncio.sleep(0)
        assert [each.session.id for each in storage.list()] == ["later"]
        return kept

    assert asyncio.run(many(MemorySessionStorage(ttl_seconds=0.1))) == 128  # type: ignore[arg-type]
    assert ended == []
    monkeypatch.setattr(MemorySessionStorage, "save", MemorySessionStorage.save)  # put back at the end
    streamlit_internals.keep_left_sessions()
    assert asyncio.run(many(MemorySessionStorage(ttl_seconds=0.1))) == 300  # type: ignore[arg-type]
    assert ended == [f"left {number}" for number in range(300)]


class Brought:
    """What a visitor brought."""


brought: list[weakref.ref[Brought]] = []
at_work = threading.Event()

_PAGE = """
import weakref
import streamlit as st
import test_streamlit_internals as here

@st.fragment
def draw(photo):
    st.write("A photo is here.")

def show():
    photo = st.session_state.setdefault("photo", here.Brought())
    here.brought.append(weakref.ref(photo))
    draw(photo)
    here.at_work.wait()

show()
"""


@asynccontextmanager
async def serving(page: Path) -> AsyncIterator[Runtime]:
    settings = RuntimeConfig(
        script_path=str(page),
        component_registry=None,  # type: ignore[arg-type]
        bidi_component_registry=BidiComponentManager(),
        cache_storage_manager=MemoryCacheStorageManager(),
        media_file_storage=MemoryMediaFileStorage("/media"),
        uploaded_file_manager=MemoryUploadedFileManager("/uploads"),
        session_storage=MemorySessionStorage(ttl_seconds=0),
    )
    server = Runtime(settings)
    await server.start()
    try:
        yield server
    finally:
        server.stop()
        await server.stopped
        Runtime._instance = None


CLIENT: Any = SimpleNamespace(client_context=SimpleNamespace(), write_forward_msg=lambda message: None)


async def visit_and_leave(page: Path, works: bool) -> tuple[bool, bool]:
    """Whether a photo is there once its session has ended: at once, and when the script that still worked has ended."""
    async with serving(page) as server:
        name = server.connect_session(CLIENT, {})
        server.handle_backmsg(name, BackMsg(rerun_script={}))
        session = server._session_mgr.get_session_info(name).session  # type: ignore[union-attr]
        while not brought or (session._scriptrunner is not None and not works):
            await asyncio.sleep(0.01)
        server.close_session(name)
        at_once = brought[0]() is not None
        at_work.set()
        while session._scriptrunner is not None:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        return at_once, brought[0]() is not None


def test_the_page_of_a_browser_that_comes_back_is_drawn_when_its_turn_has_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def come_back() -> None:
        asked, turns = list[object](), asyncio.Event()

        async def turn(context: object) -> None:
            asked.append(context)
            await turns.wait()

        monkeypatch.setattr(WebsocketSessionManager, "connect_session", WebsocketSessionManager.connect_session)
        monkeypatch.setattr(streamlit_internals, "_ASKS_ITSELF", 0.05)
        streamlit_internals.draw_whoever_came_back(turn)
        async with serving(page) as server:
            server._session_mgr._session_storage = MemorySessionStorage()  # type: ignore[attr-defined]
            name = server.connect_session(CLIENT, {"browser": "one"})
            server.handle_backmsg(name, BackMsg(rerun_script={}))
            session = server._session_mgr.get_session_info(name).session  # type: ignore[union-attr]
            server.disconnect_session(name)
            while session._scriptrunner is not None or session._browser_queue.is_empty():
                await asyncio.sleep(0.01)
            drawn = len(brought)
            assert server.connect_session(CLIENT, {"browser": "one"}, existing_session_id=name) == name
            server.disconnect_session(name)
            session._browser_queue.enqueue(ForwardMsg())  # as by a run that has begun since
            assert server.connect_session(CLIENT, {"browser": "one"}, existing_session_id=name) == name
            await asyncio.sleep(0.2)
            assert asked == [CLIENT.client_context]  # by one of the two
            assert len(brought) == drawn
            turns.set()
            async with asyncio.timeout(10):
                while len(brought) == drawn:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.5)
            assert len(brought) == drawn + 1  # for both returns

    page = tmp_path / "page.py"
    page.write_text(_PAGE)
    at_work.set()
    asyncio.run(come_back())


@pytest.mark.parametrize("as_it_is", [True, False])
def test_streamlit_watches_files_for_a_page_that_comes_back_whatever_its_setting(
    as_it_is: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def watches() -> list[bool]:
        async with serving(page) as server:
            server._session_mgr._session_storage = MemorySessionStorage()  # type: ignore[attr-defined]
            name = server.connect_session(CLIENT, {"browser": "one"})
            session = server._session_mgr.get_session_info(name).session  # type: ignore[union-attr]
            found = [session._local_sources_watcher is not None]
            server.disconnect_session(name)
            assert server.connect_session(CLIENT, {"browser": "one"}, existing_session_id=name) == name
            return [*found, session._local_sources_watcher is not None]

    page = tmp_path / "page.py"
    page.write_text("")
    monkeypatch.setattr(AppSession, "register_file_watchers", AppSession.register_file_watchers)
    if not as_it_is:
        streamlit_internals.watch_no_files()
    assert asyncio.run(watches()) == [False, as_it_is]


def test_all_pages_that_are_drawn_again_are_not_drawn_in_the_same_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def visit() -> list[float]:
        drawn = list[float]()
        loop = asyncio.get_running_loop()
        async with serving(page) as server:
            sessions = [server._session_mgr.get_session_info(server.connect_session(CLIENT, {})) for _ in range(4)]
            for each in sessions[1:]:  # the first has not run yet
                each.session._client_state.page_script_hash = "page"  # type: ignore[union-attr]
            monkeypatch.setattr(AppSession, "request_rerun", lambda session, asked: drawn.append(loop.time()))
            async with asyncio.timeout(10):
                await streamlit_internals.draw_all_pages_again()
        return drawn

    page = tmp_path / "page.py"
    page.write_text(_PAGE)
    first, second, third = asyncio.run(visit())
    assert min(second - first, third - second) > 0.005


async def begun(server: Runtime, query: str = "") -> AppSession:
    """A new session whose script is at work."""
    name = server.connect_session(CLIENT, {})
    server.handle_backmsg(name, BackMsg(rerun_script={"query_string": query}))
    while not brought:
        await asyncio.sleep(0.01)
    return server._session_mgr.get_session_info(name).session  # type: ignore[union-attr, return-value]


def test_a_page_whose_first_run_still_goes_on_is_drawn_again_after_it_and_where_it_is(tmp_path: Path) -> None:
    async def visit() -> tuple[bool, str, int]:
        async with serving(page) as server:
            async with asyncio.timeout(10):
                session = await begun(server, "word=nurse")
                drawing = asyncio.create_task(streamlit_internals.draw_all_pages_again())
                await asyncio.sleep(0.1)
                waits = not drawing.done()
                at_work.set()
                await drawing
                while session._scriptrunner is not None:
                    await asyncio.sleep(0.01)
        return waits, session._client_state.query_string, len(brought)

    page = tmp_path / "page.py"
    page.write_text(_PAGE)
    brought.clear()
    at_work.clear()
    assert asyncio.run(visit()) == (True, "word=nurse", 2)


@pytest.mark.parametrize("works", [False, True])
def test_streamlit_keeps_what_an_ended_session_brought_until_python_looks_for_circles(
    works: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def visit() -> tuple[bool, bool]:
        brought.clear()
        at_work.clear() if works else at_work.set()
        try:
            gc.disable()
            return asyncio.run(visit_and_leave(page, works))
        finally:
            gc.enable()

    page = tmp_path / "page.py"
    page.write_text(_PAGE)
    assert visit() == (True, True)  # else it is no longer needed
    monkeypatch.setattr(AppSession, "shutdown", AppSession.shutdown)  # put back at the end
    monkeypatch.setattr(streamlit_internals, "_UNTIL_IT_ENDS", 0.01)
    streamlit_internals.forget_ended_sessions()
    assert visit() == (works, False)


def test_streamlit_keeps_the_descriptors_of_an_ended_session_whose_script_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lets_go() -> bool:
        brought.clear()
        at_work.clear()
        async with serving(page) as server:
            async with asyncio.timeout(10):
                session = await begun(server)
                server.close_session(session.id)
                closed = session._script_event_loop.is_closed()
                at_work.set()
                while session._scriptrunner is not None:
                    await asyncio.sleep(0.01)
        return closed

    page = tmp_path / "page.py"
    page.write_text(_PAGE)
    assert not asyncio.run(lets_go())  # else it is no longer needed
    monkeypatch.setattr(AppSession, "shutdown", AppSession.shutdown)  # put back at the end
    streamlit_internals.forget_ended_sessions()
    assert asyncio.run(lets_go())


def test_streamlit_looks_for_a_shell_at_the_first_element(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def is_repl() -> bool:
        asked.append(True)
        return False

    monkeypatch.setattr(env_util, "is_repl", is_repl)
    monkeypatch.setattr(delta_generator, "_use_warning_has_been_displayed", False)
    streamlit_internals.know_how_it_runs()
    delta_generator._maybe_print_use_warning()
    assert not asked
    monkeypatch.setattr(delta_generator, "_use_warning_has_been_displayed", False)
    delta_generator._maybe_print_use_warning()
    assert asked


def test_streamlit_searches_all_installed_packages_for_components(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[bool] = []

    def scan() -> list[object]:
        searched.append(True)
        return []

    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", scan)
    with monkeypatch.context() as patch:
        patch.setattr(BidiComponentManager, "discover_and_register_components", _DISCOVER)
        BidiComponentManager().discover_and_register_components(start_file_watching=False)
        assert searched == [True]
        streamlit_internals.look_for_no_components()
        BidiComponentManager().discover_and_register_components(start_file_watching=False)
    assert searched == [True]


def test_a_fragment_is_named_by_its_functions_qualified_name() -> None:
    source = inspect.getsource(inspect.getmodule(fragment))  # type: ignore[arg-type]
    assert "__qualname__" in source or "get_object_name" in source


@pytest.mark.parametrize("sent", [math.nan, math.inf, "a text", True, None])
def test_streamlit_takes_any_value_for_what_its_widget_should_send(
    sent: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def of_a_browser() -> WStates:
        state = WidgetState(id="slider")
        if isinstance(sent, float):
            state.double_array_value.data.append(sent)
        elif sent is not None:
            setattr(state, "bool_value" if sent is True else "string_value", sent)
        states = WStates()
        states.set_widget_from_proto(state)
        states.set_widget_metadata(
            WidgetMetadata("slider", lambda value: 5 if value is None else int(value[0]), list, "double_array_value")
        )
        return states

    if sent is not None:
        with pytest.raises((ValueError, OverflowError, TypeError)):  # else it is no longer needed
            of_a_browser()["slider"]
    monkeypatch.setattr(WStates, "__getitem__", WStates.__getitem__)
    streamlit_internals.check_widget_values(lambda: told.append("told"))
    states = of_a_browser()
    assert states["slider"] == states["slider"] == 5
    assert told == ([] if sent is None else ["told"])
    states.set_widget_from_proto(WidgetState(id="slider", double_array_value={"data": [7.0]}))
    assert states["slider"] == 7  # whatever came before
    assert len(told) <= 1


def test_streamlit_waits_for_a_round_of_the_event_loop_after_each_message_of_a_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "await asyncio.sleep(0)" in inspect.getsource(Runtime._loop_coroutine)  # else it is no longer needed
    monkeypatch.setattr(AppSession, "flush_browser_queue", AppSession.flush_browser_queue)
    charged: list[str | None] = []
    streamlit_internals.send_pages_at_once(lambda address, headers, seconds: charged.append(address))
    send = SimpleNamespace(_send_message=lambda page, message: page.client.write_forward_msg(message))
    monkeypatch.setattr(streamlit_internals.runtime, "get_instance", lambda: send)

    async def sent(drawn: int, left: bool = False) -> tuple[int, int]:
        """How many of so many messages are sent at once, and how many Streamlit sends one by one."""
        here = SimpleNamespace(headers={}, cookies={}, client=SimpleNamespace(host="192.0.2.1"))
        client = StarletteSessionClient(here)  # type: ignore[arg-type]
        if left:
            client._closed.set()
        pages = SimpleNamespace(get_active_session_info=lambda name: SimpleNamespace(client=client))
        monkeypatch.setattr(streamlit_internals, "_sessions", lambda: pages)
        queue = ForwardMsgQueue()
        for _ in range(drawn):
            queue.enqueue(ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY))
        session = SimpleNamespace(id="page", _browser_queue=queue)
        rest = AppSession.flush_browser_queue(session)  # type: ignore[arg-type]
        return client._send_queue.qsize(), len(rest)

    assert asyncio.run(sent(0)) == (0, 0)
    assert asyncio.run(sent(40)) == (39, 1)  # the last by Streamlit, which notes that there was one
    assert asyncio.run(sent(300)) == (100, 200)
    assert asyncio.run(sent(40, left=True)) == (0, 40)
    assert charged == ["192.0.2.1"] * 4


def test_streamlit_wakes_the_event_loop_for_each_thing_that_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing, address = ForwardMsg(), ForwardMsg()
    drawing.delta.SetInParent()
    address.page_info_changed.query_string = "category=n10560637"
    drawn, turned = ((ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, message) for message in (drawing, address))
    ended = (ScriptRunnerEvent.SCRIPT_STOPPED_WITH_SUCCESS, None)

    class Session(AppSession):
        """A session that notes what it hears of its scripts."""

        def __init__(self) -> None:
            self._event_loop = asyncio.get_running_loop()
            self.heard: list[object] = []
            self.woken = 0

        def __del__(self) -> None:
            """Nothing: it has none of what a session's end puts in order."""

        def _call_soon_on_event_loop(self, callback: Callable[[], None]) -> None:
            self.woken += 1
            super()._call_soon_on_event_loop(callback)

        def _handle_scriptrunner_event_on_event_loop(self, *event: Any, **told: Any) -> None:
            assert event[0] is None
            message, exception = (told["forward_msg"], told["exception"]) if told else event[2:4]
            self.heard.append((event[1], message))
            if exception:
                raise ZeroDivisionError

    async def hear(*events: Any, fails: bool = False, seconds: float = 0.1) -> tuple[int, list[object]]:
        """How often the event loop is woken by these, and what it has heard of them after so long."""
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        session = Session()
        for number, (event, message) in enumerate(events):
            error = ZeroDivisionError() if fails and not number else None
            session._on_scriptrunner_event(None, event, forward_msg=message, exception=error)
        await asyncio.sleep(seconds)
        return session.woken, session.heard

    assert asyncio.run(hear(drawn, drawn, drawn))[0] == 3  # else it is no longer needed
    monkeypatch.setattr(AppSession, "_on_scriptrunner_event", AppSession._on_scriptrunner_event)
    streamlit_internals.hear_scripts_at_once()
    assert asyncio.run(hear(drawn, drawn, drawn)) == (1, [drawn] * 3)
    assert asyncio.run(hear(drawn, drawn, fails=True)) == (1, [drawn] * 2)  # what comes after it is not lost
    assert asyncio.run(hear(drawn, seconds=0)) == (1, [])
    assert asyncio.run(hear(drawn, drawn, ended, seconds=0)) == (2, [drawn, drawn, ended])
    assert asyncio.run(hear(turned, seconds=0)) == (1, [turned])
    assert asyncio.run(hear(drawn, ended, drawn)) == (2, [drawn, ended, drawn])


def test_streamlit_looks_for_the_files_of_all_pages_at_each_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    is_file = Path.is_file

    def look(self: Path) -> bool:
        looked.append(self.name)
        return is_file(self)

    def run() -> list[str]:
        looked.clear()
        page = AppTest.from_file(str(tmp_path / "app.py")).run()
        assert [each.value for each in page.title] == ["One"]
        return [name for name in looked if name in ("one.py", "two.py")]

    (tmp_path / "app.py").write_text(
        "import streamlit as st\n"
        "page = st.navigation([st.Page('one.py', title='One', default=True), st.Page('two.py', title='Two')])\n"
        "st.title(page.title)\n"
        "page.run()\n"
    )
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(Path, "is_file", look)
    assert (run(), run()) == (["one.py", "two.py"], ["one.py", "two.py"])  # else it is no longer needed
    monkeypatch.setattr(NavigationPage, "__init__", NavigationPage.__init__)
    streamlit_internals.find_pages_once()
    assert (run(), run()) == (["one.py", "two.py"], [])
    page = NavigationPage("three.py")  # outside of a run nothing is looked for, or kept
    assert "_page" not in vars(page)


def test_python_copies_a_place_on_the_page_the_general_way(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "__deepcopy__" not in vars(Cursor)  # else it is no longer needed
    monkeypatch.setattr(Cursor, "__deepcopy__", None, raising=False)  # taken away at the end
    streamlit_internals.copy_cursors_at_once()
    place = RunningCursor(0, (1, 2))
    place.lock_element()
    with_spinner = RunningCursor(0)
    with_spinner._transient_elements[0] = Element()
    for each in (place, place.lock_element(), with_spinner):
        copied = copy.deepcopy(each)
        assert type(copied) is type(each)
        assert copied.delta_path == each.delta_path
        assert [*copied.transient_elements.items()] == [*each.transient_elements.items()]
        copied.transient_elements[1] = Element()
        assert 1 not in each.transient_elements
    copied = copy.deepcopy(place)
    copied.lock_element()
    assert (copied.index, place.index) == (3, 2)


class Page:
    """A session's page, whose runs draw widgets that send JSON."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, forgets: bool = True) -> None:
        self.state = SessionState()
        self.run = SimpleNamespace(fragment_ids_this_run=None, page_script_hash="page", script_requests=None)
        for module in (session_state, streamlit_internals):
            monkeypatch.setattr(module, "get_script_run_ctx", lambda **options: self.run)
        monkeypatch.setattr(SessionState, "_remove_stale_widgets", _REMOVE)
        monkeypatch.setattr(SessionState, "on_script_will_rerun", _BEGIN)
        monkeypatch.setattr(WStates, "clear", _EMPTY)
        if forgets:
            streamlit_internals.forget_widgets_that_left()

    def draw(self, *keys: str, fragment: str | None = None, ends: bool = True, **sent: str) -> list[object]:
        """A run, of a fragment or of the page, that gets values for some widgets; the values of those that it draws."""
        values = WidgetStates(widgets=[WidgetState(id=_id(key), json_value=text) for key, text in sent.items()])
        self.run.fragment_ids_this_run = [fragment] if fragment else None
        self.state.on_script_will_rerun(values)
        drawn = [self.state.register_widget(_widget(key, fragment), key).value for key in keys]
        if ends:
            self.state.on_script_finished(frozenset(_id(key) for key in keys))
        return drawn

    @property
    def kept(self) -> set[str]:
        """The keys of the widgets of which a value is kept."""
        return {key.rpartition("-")[2] for key in self.state._old_state if key.startswith("$$ID")}


def _id(key: str) -> str:
    return f"$$ID-0-{key}"


def _widget(key: str, fragment: str | None) -> WidgetMetadata[object]:
    persistent = "session" if key == "people" else None
    return WidgetMetadata(
        _id(key), lambda value: value, lambda value: value, "json_value", fragment_id=fragment, persist_state=persistent
    )


@pytest.mark.parametrize("forgets", [False, True], ids=["Streamlit", "this app"])
def test_streamlit_keeps_what_a_browser_sends_for_widgets_that_left(
    monkeypatch: pytest.MonkeyPatch, forgets: bool
) -> None:
    page = Page(monkeypatch, forgets)
    page.draw("map_1")
    page.draw("map_2", "people")
    page.draw("search", fragment="search", map_1="[1]", map_2="[2]")
    page.draw("search", fragment="search")
    left = set() if forgets else {"map_1"}  # where it is not kept, this is no longer needed
    assert page.kept == {"map_2", "people", "search"} | left
    known = set(page.state._new_widget_state.widget_metadata)
    assert known == set(page.state._key_id_mapper.id_key_mapping) == {_id(key) for key in page.kept}


def test_of_runs_that_never_end_no_more_widgets_are_known_than_a_page_has(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(monkeypatch)
    for number in range(60):
        page.draw(*(f"child_{number}_{each}" for each in range(50)), ends=False, **{f"child_{number - 1}_0": "[1]"})
        assert len(page.state._new_widget_state.widget_metadata) <= 1100
        assert len(page.state._key_id_mapper.id_key_mapping) <= 1100
        assert len(page.kept) <= 1100
    page.draw("people")
    assert page.draw("people", people="[2]") == [[2]]


@pytest.mark.parametrize(
    "value", ["[" + "{}," * 500 + "{}]", '"' + "a" * 11_000 + '"'], ids=["many things", "a long text"]
)
def test_of_runs_that_never_end_no_more_is_kept_than_two_messages_have(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    page = Page(monkeypatch)
    for number in range(100):
        page.draw(f"map_{number}", ends=False, **{f"map_{number - 1}": value})
        assert len(page.kept) <= 40
    assert page.draw("people", "map", ends=False, people="[2]", map=value) == [[2], json.loads(value)]
    assert page.draw("people", "map") == [[2], json.loads(value)]


@pytest.mark.parametrize("forgets", [False, True], ids=["Streamlit", "this app"])
def test_streamlit_keeps_what_is_sent_for_widgets_that_no_page_drew_until_a_run_ends(
    monkeypatch: pytest.MonkeyPatch, forgets: bool
) -> None:
    page = Page(monkeypatch, forgets)
    for number in range(20):
        page.draw("map", ends=False, **{f"forged_{number}_{each}": "[1]" for each in range(10)})
    kept = page.state._new_widget_state.states
    assert len(kept) <= 11 if forgets else len(kept) > 100  # where it is not kept, this is no longer needed


def test_what_is_chosen_for_all_of_a_visit_is_there_when_its_page_is(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(monkeypatch)
    page.draw("people")
    assert page.draw("people", people="[1]") == [[1]]
    page.draw("another")
    page.draw("another")
    assert page.state["people"] == [1]
    assert page.draw("people") == [[1]]
    assert page.draw("people", people="[2]") == [[2]]


def test_the_events_of_a_component_on_the_page_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    page, events = Page(monkeypatch), f"$$STREAMLIT_INTERNAL_KEY_{_id('refresh')}__events"
    known = page.state._new_widget_state
    known.set_widget_metadata(WidgetMetadata(events, json.loads, json.dumps, "json_trigger_value"))
    for drawn in ("refresh", "another"):
        page.draw(drawn)
        assert (events in known.widget_metadata) == (drawn == "refresh")


def test_streamlit_drops_what_a_page_drew_in_a_fragment_that_begins_before_it_was_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def draw(queue: ForwardMsgQueue, *places: int, fragment: str) -> None:
        for place in places:
            message = ForwardMsg()
            message.metadata.delta_path.extend([0, place])
            message.delta.new_element.markdown.body = f"{place} by {fragment or 'the page'}"
            message.delta.fragment_id = fragment
            queue.enqueue(message)
        queue.enqueue(ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY))

    def sent() -> list[str]:
        queue = ForwardMsgQueue()
        draw(queue, 1, fragment="")
        draw(queue, 2, fragment="turnout")
        queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["turnout"])
        draw(queue, 2, fragment="turnout")
        return [message.delta.new_element.markdown.body or "through" for message in queue.flush()]

    monkeypatch.setattr(ForwardMsgQueue, "clear", _CLEAR)
    assert sent() == ["1 by the page", "through", "through", "2 by turnout", "through"]
    streamlit_internals.send_all_that_was_drawn()
    assert sent() == ["1 by the page", "through", "2 by turnout", "through", "2 by turnout", "through"]
    queue = ForwardMsgQueue()
    draw(queue, 1, fragment="")
    queue.clear(retain_lifecycle_msgs=True)
    assert [message.WhichOneof("type") for message in queue.flush()] == ["script_finished"]
    assert queue.is_empty()


def test_a_value_that_is_longer_than_any_of_this_app_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WStates, "__getitem__", WStates.__getitem__)
    told: list[str] = []
    streamlit_internals.check_widget_values(lambda: told.append("told"))
    page = Page(monkeypatch)
    page.draw("clicker")
    presses = [[1000 + number, "next", 1000 + number] for number in range(500)]  # as many as a window ever tells
    assert page.draw("clicker", clicker=json.dumps(presses, separators=(",", ":"))) == [presses]
    assert page.draw("clicker", clicker=json.dumps([{}] * 10_000)) == [None]
    assert told == ["told"]


def test_a_field_for_whole_numbers_sends_another_kind_than_streamlit_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 'value_type="double_value"' in inspect.getsource(number_input)
    monkeypatch.setattr(WStates, "__getitem__", WStates.__getitem__)
    streamlit_internals.check_widget_values(lambda: pytest.fail("what a visitor counted was thrown away"))
    states = WStates()
    states.set_widget_from_proto(WidgetState(id="hands", int_value=7))
    states.set_widget_metadata(WidgetMetadata("hands", lambda value: value, lambda value: value, "double_value"))
    assert states["hands"] == 7


def test_streamlit_keeps_a_download_after_its_session_has_ended_and_nobody_else_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(MediaFileManager, "execute_deferred", MediaFileManager.execute_deferred)
    monkeypatch.setattr(memory_media_file_storage, "_calculate_file_id", memory_media_file_storage._calculate_file_id)
    streamlit_internals.hide_media_names()
    media = MediaFileManager(MemoryMediaFileStorage("/media"))
    for session in ("gone", "here"):
        monkeypatch.setattr("streamlit.runtime.media_file_manager._get_session_id", lambda session=session: session)
        media.execute_deferred(media.add_deferred(lambda: b"a photo", "image/png", "1.2"))
    media.clear_session_refs("gone")
    media.remove_orphaned_files()  # as Streamlit ends a session
    assert len(media._file_metadata) == 2  # else it is no longer needed
    monkeypatch.setattr(streamlit_internals.runtime, "get_instance", lambda: SimpleNamespace(media_file_mgr=media))
    monkeypatch.setattr(streamlit_internals, "sessions", lambda: frozenset({"here"}))
    streamlit_internals.drop_left_media()
    (kept,) = media._file_metadata
    assert kept.startswith(streamlit_internals._media_prefix("here"))


def test_a_download_that_is_made_while_its_photo_is_forgotten_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MediaFileManager, "execute_deferred", MediaFileManager.execute_deferred)
    monkeypatch.setattr(memory_media_file_storage, "_calculate_file_id", memory_media_file_storage._calculate_file_id)
    streamlit_internals.hide_media_names()
    media = MediaFileManager(MemoryMediaFileStorage("/media"))
    monkeypatch.setattr("streamlit.runtime.media_file_manager._get_session_id", lambda: "visitor")
    monkeypatch.setattr(streamlit_internals, "session_id", lambda: "visitor")
    monkeypatch.setattr(streamlit_internals.runtime, "exists", lambda: True)
    monkeypatch.setattr(streamlit_internals.runtime, "get_instance", lambda: SimpleNamespace(media_file_mgr=media))

    def make() -> bytes:
        streamlit_internals.drop_media()
        return b"a photo"

    with pytest.raises(MediaFileStorageError):
        media.execute_deferred(media.add_deferred(make, "image/png", "1.2"))
    assert not media._file_metadata
    assert not streamlit_internals._making
    monkeypatch.setattr(streamlit_internals, "session_id", lambda: "another")
    media.execute_deferred(media.add_deferred(make, "image/png", "1.2"))  # what others forget takes nothing away
    assert len(media._file_metadata) == 1


def test_streamlit_keeps_a_picture_that_a_script_adds_after_its_session_was_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    media = MediaFileManager(MemoryMediaFileStorage("/media"))
    here = "streamlit.runtime.media_file_manager._get_session_id"
    for session in ("gone", "here"):
        media.clear_session_refs(session)
        monkeypatch.setattr(here, lambda session=session: session)
        media.add(session.encode(), "image/png", "1.2")
    media.remove_orphaned_files()
    assert len(media._file_metadata) == 2  # else it is no longer needed
    monkeypatch.setattr(streamlit_internals.runtime, "get_instance", lambda: SimpleNamespace(media_file_mgr=media))
    monkeypatch.setattr(streamlit_internals, "sessions", lambda: frozenset({"here"}))
    streamlit_internals.drop_left_media()
    assert [*media._files_by_session_and_coord] == ["here"]
    assert len(media._file_metadata) == 1


@pytest.fixture
def media(monkeypatch: pytest.MonkeyPatch) -> MediaFileManager:
    """Streamlit's pictures and downloads, as it has them by itself; `act_as` says whose run goes on."""
    for name, method in _MEDIA.items():
        monkeypatch.setattr(MediaFileManager, name, method)
    monkeypatch.setattr(memory_media_file_storage, "_calculate_file_id", _FILE_ID)
    monkeypatch.setattr(streamlit_internals, "_made", deque())
    return MediaFileManager(MemoryMediaFileStorage("/media"))


def act_as(session: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit.runtime.media_file_manager._get_session_id", lambda: session)
    monkeypatch.setattr(streamlit_internals, "session_id", lambda: session)


def run_of_another(media: MediaFileManager, monkeypatch: pytest.MonkeyPatch, times: int = 2) -> None:
    act_as("phone", monkeypatch)
    for _ in range(times):
        media.clear_session_refs()
        media.remove_orphaned_files()


@pytest.mark.parametrize("keeps", [False, True], ids=["Streamlit", "this app"])
def test_streamlit_drops_a_download_when_two_runs_of_anybody_have_ended(
    media: MediaFileManager, monkeypatch: pytest.MonkeyPatch, keeps: bool
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    if keeps:
        streamlit_internals.hide_media_names()
        streamlit_internals.keep_media_until_fetched()
    act_as("presenter", monkeypatch)
    button = media.add_deferred(lambda: b"handout", "text/html", "1.2")
    act_as(None, monkeypatch)  # it is made in a thread of its own
    media.execute_deferred(button)
    assert len(media._file_metadata) == 1
    run_of_another(media, monkeypatch)
    assert len(media._file_metadata) == keeps  # where it is kept without it, this is no longer needed
    now += 31
    run_of_another(media, monkeypatch)
    assert len(media._file_metadata) == 0
    act_as(None, monkeypatch)
    media.execute_deferred(button)
    media.clear_session_refs("presenter")  # who leaves, or forgets a photo
    run_of_another(media, monkeypatch)
    assert len(media._file_metadata) == 0


def test_of_downloads_that_nobody_fetched_the_last_are_kept(
    media: MediaFileManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamlit_internals, "DOWNLOADS", 1000)
    streamlit_internals.hide_media_names()
    streamlit_internals.keep_media_until_fetched()
    for number in range(50):
        act_as("hoards", monkeypatch)
        button = media.add_deferred(lambda number=number: bytes([number]) * 100, "text/csv", f"1.{number}")
        act_as(None, monkeypatch)
        media.execute_deferred(button)
    run_of_another(media, monkeypatch)
    assert {media.read_file(name).content[0] for name in media._file_metadata} == {*range(40, 50)}  # type: ignore[union-attr]


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions that are named by the address of their browser, or "here ...", and a number."""

    def page(session: str) -> SimpleNamespace:
        address = session.split()[0]
        context = SimpleNamespace(remote_ip=address, headers={browser.LOCAL: "1"} if address == "here" else {})
        return SimpleNamespace(client=SimpleNamespace(client_context=context))

    monkeypatch.setattr(turns, "COMPUTING", turns.Computing())
    monkeypatch.setattr(turns, "DOWNLOADS", turns.Downloads())
    monkeypatch.setattr(streamlit_internals, "_sessions", lambda: SimpleNamespace(get_active_session_info=page))
    monkeypatch.setattr(DeferredFileHandler, "handle", _DOWNLOAD)


def downloads_by(make: Any) -> Any:
    """Ask for a file; `make` stands in the place of what makes it."""
    handler = DeferredFileHandler(lambda: SimpleNamespace(execute_deferred=make))  # type: ignore[arg-type, return-value]

    async def ask(session: str, file: str) -> BackendOperationResponse:
        return await handler.handle(BackendOperationRequest(deferred_file={"file_id": file}), session)

    return ask


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize("mended", [False, True], ids=["Streamlit", "this app"])
def test_streamlit_has_everybodys_downloads_wait_for_those_of_one_address(mended: bool) -> None:
    held = threading.Event()
    if mended:
        streamlit_internals.make_downloads(server._download)
    ask = downloads_by(lambda file: f"/media/{file} {file != 'slow' or held.wait(20)}")

    async def all_at_once() -> None:
        slow = [asyncio.create_task(ask(f"192.0.2.1 {number}", "slow")) for number in range(36)]
        await asyncio.sleep(0.1)
        others = [asyncio.create_task(ask(session, "soon")) for session in ("192.0.2.2", "here")]
        done, _ = await asyncio.wait(others, timeout=1)
        assert len(done) == (2 if mended else 0)  # where they are made without it, this is no longer needed
        held.set()
        urls = [each.deferred_file.url for each in await asyncio.gather(*slow, *others)]
        assert urls == [*["/media/slow True"] * 36, *["/media/soon True"] * 2]

    try:
        asyncio.run(all_at_once())
    finally:
        held.set()


@pytest.mark.usefixtures("pages")
def test_why_a_download_is_not_made_the_button_says(caplog: pytest.LogCaptureFixture) -> None:
    def fails(file: str) -> str:
        raise MediaFileStorageError(file)

    streamlit_internals.make_downloads(server._download)
    ask = downloads_by(fails)

    async def ask_for_many() -> list[str]:
        asked = await asyncio.gather(*(ask("192.0.2.1", "what nobody has") for _ in range(5)))
        return [each.error_msg for each in asked]

    *failed, refused = asyncio.run(ask_for_many())
    assert failed == ["The file could not be made. Try again."] * 4
    assert refused == "Too many downloads at once. Wait until one of them is there."
    assert [each.message for each in caplog.records] == ["A download could not be made"] * 4


@pytest.mark.parametrize("keeps", [False, True], ids=["Streamlit", "this app"])
def test_streamlit_drops_the_pictures_of_a_page_that_is_drawn_again_when_anybodys_run_ends(
    media: MediaFileManager, monkeypatch: pytest.MonkeyPatch, keeps: bool
) -> None:
    def names() -> int:
        return len(media._file_metadata)

    if keeps:
        streamlit_internals.keep_media_until_fetched()
    act_as("visitor", monkeypatch)
    for place in ("1.1", "1.2"):
        media.add(place.encode(), "image/png", place)
    for _ in range(2):  # the first of which ended before the page's script began
        media.clear_session_refs()
    run_of_another(media, monkeypatch, 1)
    assert names() == (2 if keeps else 0)  # where they are kept without it, this is no longer needed
    act_as("visitor", monkeypatch)
    media.add(b"1.1", "image/png", "1.1")
    media.remove_orphaned_files()
    assert names() == 1  # the other one is shown no more
    assert [*media._files_by_session_and_coord["visitor"]] == ["1.1"]


def test_what_was_pressed_is_done_before_its_run_waits_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, name in ((ScriptRunner, "_run_script"), (ScriptRunContext, "on_script_start")):
        monkeypatch.setattr(owner, name, getattr(owner, name))  # put back at the end
    done: list[str] = []

    class Run:
        def enter(self) -> None:
            done.append("waits")

        def end(self, seconds: float) -> None:
            done.append("ends")

    def page(done: list[str]) -> None:
        import streamlit

        streamlit.button("Vote", on_click=lambda: done.append("voted"))
        done.append("draws")

    streamlit_internals.measure_runs(Run)
    app = AppTest.from_function(page, args=(done,)).run()
    assert done == ["waits", "draws", "ends"]
    done.clear()
    app.button[0].click().run()
    assert done == ["voted", "waits", "draws", "ends"]


def test_a_run_that_another_one_of_its_page_replaced_leaves_the_pictures_of_the_drawing_before(
    media: MediaFileManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    streamlit_internals.keep_media_until_fetched()
    act_as("visitor", monkeypatch)
    first, second = contextvars.copy_context(), contextvars.copy_context()  # of a thread each
    for place in ("1.1", "1.2"):
        media.add(place.encode(), "image/png", place)
    first.run(media.clear_session_refs)
    media.add(b"1.1", "image/png", "1.1")
    second.run(media.clear_session_refs)
    first.run(media.remove_orphaned_files)  # it was told to stop
    assert len(media._file_metadata) == 2
    second.run(media.add, b"1.2", "image/png", "1.2")
    second.run(media.remove_orphaned_files)
    assert [*media._files_by_session_and_coord["visitor"]] == ["1.2"]
    assert len(media._file_metadata) == 1


@pytest.mark.parametrize("drops", [False, True], ids=["Streamlit", "this app"])
@pytest.mark.parametrize("draw", ["st.image(photo)", "st.download_button('Photo', lambda: photo)"])
def test_streamlit_keeps_what_a_run_draws_of_a_photo_that_was_forgotten_meanwhile(
    draw: str, drops: bool, media: MediaFileManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    if drops:
        streamlit_internals.hide_media_names()
    monkeypatch.setattr("streamlit.testing.v1.app_test.MediaFileManager", lambda storage: media)
    script = """
        import numpy, streamlit as st
        from streamlit.runtime.scriptrunner import get_script_run_ctx
        from explainer.ui import streamlit_internals
        photo = numpy.zeros((9, 9, 3), numpy.uint8)
        st.write("before")
        get_script_run_ctx().yield_check.__self__.request_stop()  # a press made another run, whose callback forgets:
        streamlit_internals.drop_media()
        DRAW
        st.write("after")
    """
    page = AppTest.from_string(script.replace("DRAW", draw)).run()
    assert not page.exception
    assert [each.value for each in page.markdown] == ["before"]
    assert bool(media._file_metadata or media._deferred_callables) is not drops  # else it is no longer needed
