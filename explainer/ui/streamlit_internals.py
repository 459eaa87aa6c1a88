"""All that the app uses of Streamlit and does not find in its documentation. Tried with Streamlit 1.67.0.

Each function says why it is needed. `tests/ui/test_streamlit_internals.py` fails where one no longer works, or where it
is no longer needed; no other file of the package imports a private name of Streamlit.
"""

import sys
from collections.abc import Callable
from typing import TypeVar

from starlette.formparsers import MultiPartParser
from streamlit import net_util, runtime
from streamlit.runtime.caching.ttl_cache import TTLCache
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager

__all__ = ["UploadedFile"]

Drawn = TypeVar("Drawn", bound=Callable[[], None])


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


def ask_no_host() -> None:
    """Keep Streamlit from asking another host for this machine's address.

    It does where a page is opened under a host name that it does not know.
    """
    net_util.get_external_ip = lambda: None


def session_id() -> str | None:
    """The name of the session whose script runs in this thread; None where no script does."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else None


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


def close_left_sessions() -> None:
    """Close the sessions whose visitors left longer ago than `server.disconnectedSessionTTL`, or that never ran.

    Streamlit keeps a session until it stores another one, however long that takes; each holds three file descriptors.
    """
    sessions = _sessions()
    for left in sessions.list_sessions():
        if not left.is_active() and left.script_run_count == 0:
            sessions.close_session(left.session.id)
    storage = sessions._session_storage
    if isinstance(storage, MemorySessionStorage) and isinstance(storage._cache, TTLCache):
        storage._cache.expire()


def _sessions() -> WebsocketSessionManager:
    sessions = runtime.get_instance()._session_mgr
    if not isinstance(sessions, WebsocketSessionManager):
        raise TypeError(f"Streamlit keeps its sessions in a {type(sessions).__name__}")
    return sessions


def name_fragment(draw: Drawn, name: str) -> Drawn:
    """Name a function that is to become a fragment: the same fragment in each run, and no other.

    Streamlit names fragments by the function's qualified name and its place on the page; `st.fragment(key=...)` names
    them for `st.rerun` alone.
    """
    draw.__qualname__ = name
    return draw
