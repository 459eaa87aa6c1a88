"""The app, served by a process of its own."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
APP = ("-m", "streamlit", "run", "streamlit_app.py")
APP_WITH_SENTINELS = ("tests/serve_with_sentinels.py",)
KEY = "a key of the tests"  # the presenter's
MUSEUM = "http://museum.example"  # whose pages may show the app in a frame
PATIENCE = 120  # seconds: a machine that is busy is slow, not wrong


@dataclass(frozen=True)
class Server:
    """A running app. `log` is what it printed so far, `temporary` its folder for temporary files."""

    url: str
    output: Path
    temporary: Path
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"The app did not start:\n{self.log}")


@contextmanager
def serving(launcher: Sequence[str], output: Path, port: int | None = None, **environment: str) -> Iterator[Server]:
    """The app on that port or a free one, ready to answer; its process ends with the `with`."""
    with starting(launcher, output, port, **environment) as server:
        server.wait_until_up()
        yield server


@contextmanager
def starting(launcher: Sequence[str], output: Path, port: int | None = None, **environment: str) -> Iterator[Server]:
    """Like `serving`, but without waiting until the app answers."""
    port = port or _free_port()
    command = [sys.executable, *launcher, f"--server.port={port}", "--server.address=127.0.0.1"]
    with tempfile.TemporaryDirectory() as temporary:
        with output.open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, "TMPDIR": temporary, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Server(f"http://127.0.0.1:{port}", output, Path(temporary), process)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
