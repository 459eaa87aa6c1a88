"""The secret by which browsers are known again when the app is started anew: kept in a file beside the record of rooms.

Without it every page that stood open would be a stranger's after a restart, until it is loaded anew: a phone could
join, and count, twice.
"""

import contextlib
import os
import re
import secrets
import threading
import time
from pathlib import Path

NAME = "cookie-secret"
"""The name of the file, which only its owner can read. Without it a new secret is made."""

_SECRET = re.compile(r"[A-Za-z0-9_-]{32,1000}", re.ASCII)  # what a power cut leaves of a file may be zeros
_AGAIN = 5.0  # seconds after which it is tried again to write a secret


def kept(folder: Path) -> str:
    """The secret that a folder keeps, which is made where it has none; where that fails, it is written later."""
    made = secrets.token_urlsafe(32)
    try:
        return _read(folder / NAME) or _write(folder / NAME, made)
    except OSError:
        threading.Thread(target=_write_late, args=(folder / NAME, made), name="secret", daemon=True).start()
        return made


def _write_late(file: Path, made: str) -> None:
    """Write a secret once that works, where the file has none by then."""
    written = False
    while not written:
        time.sleep(_AGAIN)
        with contextlib.suppress(OSError):
            written = bool(_read(file) or _write(file, made))


def _read(file: Path) -> str | None:
    """What a file has; None where it has no secret."""
    with contextlib.suppress(FileNotFoundError), file.open(encoding="ascii", errors="replace") as opened:
        found = opened.read(1000).strip()
        return found if _SECRET.fullmatch(found) else None
    return None


def _write(file: Path, made: str) -> str:
    """Write a secret to a file in one step: half of one is never read."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = file.with_name(f"{NAME}.{os.getpid()}")
    written.unlink(missing_ok=True)
    try:
        with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as opened:
            opened.write(made)
        written.replace(file)
    finally:
        written.unlink(missing_ok=True)
    return made
