"""The presenter's key, and how guessing it is slowed down.

Two things must hold together: who guesses gets nowhere, and nobody can lock the presenter out. So no wrong key ever
stands in the way of a right one: every key is compared at once, in constant time, and the right one is let in at once.
What a wrong one costs is the wait for its answer. It doubles with each that the same session gave before, and the
session can ask nothing else meanwhile; when many were wrong within a minute, whoever gave them, each further one waits
the longest. Somebody who opens many sessions can still have many keys compared, and that is why the key itself is
long: at a thousand a second, a made one is not found in a lifetime.
"""

import hashlib
import hmac
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable

SHORTEST = 12
"""Characters that a key from the environment must have."""

LONGEST_WAIT = 16.0
"""Seconds that a wrong key costs at most."""

_MANY, _MINUTE = 20, 60.0  # wrong keys of all sessions together, and within how many seconds they are too many
_LETTERS = "cdfhjmnprtvwx26789"  # none that looks like another, and no vowels


class KeyTooShort(ValueError):
    """EXPLAINER_PRESENTER_KEY that is too easily guessed."""

    def __str__(self) -> str:
        return (
            f"EXPLAINER_PRESENTER_KEY is shorter than {SHORTEST} characters. "
            "Set a longer one, or none: then a key is made at each start."
        )


def presenter_key() -> str:
    """The key: what EXPLAINER_PRESENTER_KEY says, else a new one of 66 random bits. Raises KeyTooShort."""
    named = os.environ.get("EXPLAINER_PRESENTER_KEY", "").strip()
    if not named:
        return made_key()
    if len(named) < SHORTEST:
        raise KeyTooShort
    return named


def made_key() -> str:
    """A new key of 66 random bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


class Gate:
    """Lets in who has the key. One for the whole app; any thread may ask."""

    def __init__(self, key: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._digest = _digest(key)
        self._sleep = sleep
        self._wrong: deque[float] = deque(maxlen=_MANY)
        self._lock = threading.Lock()

    def admits(self, key: str, failures: int) -> bool:
        """Whether the key is right: told at once if it is, and only after a wait if not.

        `failures` is how many wrong ones this session gave before.
        """
        if hmac.compare_digest(_digest(key), self._digest):
            return True
        self._sleep(self._wait(failures))
        return False

    def _wait(self, failures: int) -> float:
        with self._lock:
            now = time.monotonic()
            many = len(self._wrong) == _MANY and now - self._wrong[0] < _MINUTE
            self._wrong.append(now)
        return LONGEST_WAIT if many else min(2.0 ** min(failures, 10), LONGEST_WAIT)


def _digest(key: str) -> bytes:
    """SHA-256 of a key, so that two of different length take the same time to compare."""
    return hashlib.sha256(key.strip().encode("utf-8", "surrogatepass")).digest()
