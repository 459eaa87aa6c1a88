"""PostgreSQL, served by a process of its own: in a folder that is removed, on a socket of that folder alone."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 60  # seconds: a machine that is busy is slow, not wrong


class Database:
    """A server of PostgreSQL. `address` is what `EXPLAINER_DATA` names to keep rooms there."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.address = f"postgresql://explainer@/postgres?host={folder}"
        self._programs, self._folder = programs, folder
        # It refuses to run as root.
        self._who = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid} if os.geteuid() == 0 else {}
        if self._who:
            shutil.chown(folder, **self._who)
        made = ["initdb", "--pgdata=data", "--username=explainer", "--auth=trust", "--locale=C", "--encoding=UTF8"]
        subprocess.run(
            [programs / made[0], *made[1:], "--no-sync"], cwd=folder, check=True, capture_output=True, **self._who
        )

    def start(self, **settings: str) -> None:
        """Serve, and wait until it answers; what is left of a server that was killed may have to end first."""
        given = {"listen_addresses": "", "unix_socket_directories": str(self._folder), **settings}
        command = [self._programs / "postgres", "-D", "data", *(f"--{name}={value}" for name, value in given.items())]
        end = time.monotonic() + PATIENCE
        with (self._folder / "log").open("ab") as log:
            while time.monotonic() < end:
                self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log, **self._who)
                while self._process.poll() is None:
                    if self._answers():
                        return
                    time.sleep(0.02)
                time.sleep(0.1)
        raise RuntimeError((self._folder / "log").read_text())

    def revive(self) -> None:
        """Serve again where a test that failed has left it stopped."""
        if self._process.poll() is not None:
            self.start()

    def stop(self) -> None:
        """End it, and with it all connections."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE)

    def kill(self) -> None:
        """Take it away without a warning: its other processes find that out, and end."""
        self._process.kill()
        self._process.wait(PATIENCE)

    def _answers(self) -> bool:
        ready = [self._programs / "pg_isready", "-q", "-h", self._folder]
        return subprocess.run(ready, cwd=self._folder).returncode == 0


def programs() -> Path | None:
    """The folder of PostgreSQL's programs; None where there is none."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((each for each in reversed(folders) if (each / "postgres").exists()), None)


@contextmanager
def database() -> Iterator[Database]:
    """A server of PostgreSQL that answers; skips the test where there is no PostgreSQL."""
    pytest.importorskip("psycopg_pool", reason="psycopg is not installed")
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL was found")
    with tempfile.TemporaryDirectory() as folder:
        made = Database(found, Path(folder))
        made.start()
        try:
            yield made
        finally:
            made.stop()
