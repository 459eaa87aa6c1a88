"""What several classes of the stack need: the path that a request asks for, and headers put on its answer."""

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope, Send


def base() -> str:
    """The path that the app is served at, from its first slash to its last."""
    below = (st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{below}/" if below else "/"


def path(scope: Scope) -> str:
    """The path that is asked for, below the one that the app is served at; without a slash at its beginning."""
    asked: str = scope.get("path", "")
    return asked.lstrip("/").removeprefix(base().strip("/")).lstrip("/")


def add(send: Send, headers: dict[str, str]) -> Send:
    """A `send` that sets headers of an answer, in the place of those of the same name."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return sending
