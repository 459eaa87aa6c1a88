"""What holds for the server as a whole, before and round all pages."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import streamlit as st
from starlette.middleware import Middleware

from explainer.ui import streamlit_internals

_log = logging.getLogger("explainer")

_SWEEP = 5.0  # seconds between two looks for sessions of visitors who left


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """What is set before the first visitor is served, and goes on until the server ends."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    streamlit_internals.use_navigation_alone()
    streamlit_internals.keep_uploads_in_memory()
    streamlit_internals.ask_no_host()
    sweeping = asyncio.create_task(_sweep())
    try:
        yield
    finally:
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping


async def _sweep() -> None:
    while True:
        await asyncio.sleep(_SWEEP)
        streamlit_internals.close_left_sessions()


def report_script_error(error: Exception) -> None:
    """One line in the log for an error in a page; where it happened, and not what it says, which may be a visitor's."""


MIDDLEWARE: Sequence[Middleware] = ()
"""Round every answer and every connection, the outermost first."""
