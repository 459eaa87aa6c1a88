"""The presenter's key, and how guessing it is slowed down.

Two things must hold together: who guesses gets nowhere, and nobody locks the presenter out. So every key waits for the
same short while before it is answered, right or wrong: silence tells nothing. The first key of a session is always
looked at, whoever else is guessing; who gave a wrong one before may have to try again later, without being looked at,
where many do so in the same moment. Somebody who opens many sessions can still have many keys looked at, and that is
why the key itself is long: at a thousand a second, a made one is not found in a lifetime.
"""

import hashlib
import hmac
import os
import secrets
import threading
import time
from collections.abc import Callable

from explainer import limits

SHORTEST = 12
"""Characters that a key from the environment must have."""

WAIT = 1.0
"""Seconds before a key is answered, right or wrong."""

_LETTERS = "cdfhjmnprtvwx26789"  # none that looks like another, and no vowels


class WeakKey(ValueError):
    """EXPLAINER_PRESENTER_KEY that is too easily guessed."""

    def __str__(self) -> str:
        return (
            f"EXPLAINER_PRESENTER_KEY needs at least {SHORTEST} characters, six different ones among them, and must "
            "not be one word or one number. Set another one, or none: then a key is made at each start."
        )


class Later(Exception):
    """Too many keys are being tried for one more to be looked at."""

    def __str__(self) -> str:
        return "Many keys are being tried at the moment. Yours was not looked at: try again in a few seconds."


def presenter_key() -> str:
    """The key: what EXPLAINER_PRESENTER_KEY says, else a new one of 66 random bits. Raises WeakKey."""
    named = os.environ.get("EXPLAINER_PRESENTER_KEY", "").strip()
    if not named:
        return made_key()
    if len(named) < SHORTEST or len(set(named)) < 6 or named.isalpha() or named.isdecimal():
        raise WeakKey
    return named


def made_key() -> str:
    """A new key of 66 random bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


class Gate:
    """Lets in who has the key. One for the whole app; any thread may ask. `wrong` counts the wrong keys so far."""

    def __init__(self, key: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._digest = _digest(key)
        self._sleep = sleep
        self._again = threading.Semaphore(int(limits.value("wrong keys")))
        self._lock = threading.Lock()
        self.wrong = 0

    def admits(self, key: object, failures: int) -> bool:
        """Whether the key is right, told after WAIT seconds. Raises Later.

        `failures` is how many wrong ones this session gave before.
        """
        if failures == 0:
            return self._look(key)
        if not self._again.acquire(blocking=False):
            raise Later
        try:
            return self._look(key)
        finally:
            self._again.release()

    def mark(self, browser: str) -> str:
        """What tells other processes with this key that a browser has given it; without the key nobody can make one."""
        return hmac.new(self._digest, browser.encode(), hashlib.sha256).hexdigest()

    def _look(self, key: object) -> bool:
        right = isinstance(key, str) and hmac.compare_digest(_digest(key), self._digest)
        self._sleep(WAIT)
        with self._lock:
            self.wrong += not right
        return right


def _digest(key: str) -> bytes:
    """SHA-256 of a key, so that two of different length take the same time to compare."""
    return hashlib.sha256(key[:200].strip().encode("utf-8", "surrogatepass")).digest()
