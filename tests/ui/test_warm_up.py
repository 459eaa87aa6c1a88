"""What is made ready before a visitor waits for it, beside the server's start."""

import asyncio
import threading
from types import SimpleNamespace

import pytest

from explainer.ui import server


def test_what_pages_need_is_made_ready_beside_a_server_that_answers_already(monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on = threading.Event(), threading.Event()

    def run() -> None:
        began.set()
        assert go_on.wait(30)

    monkeypatch.setattr(
        server, "import_module", lambda name: SimpleNamespace(run=run) if name == "of the pages" else None
    )

    monkeypatch.setattr(server, "_handlers", list)  # the pace of lines would hold back those of other tests

    async def serve() -> None:
        async with server.lifespan("of the pages")(None):  # type: ignore[arg-type]
            assert await asyncio.to_thread(began.wait, 30)
            go_on.set()

    asyncio.run(serve())
