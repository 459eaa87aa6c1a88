"""Who gets in with the presenter's key, and what guessing it costs."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainer import limits
from explainer.workshop import presenter_key
from explainer.workshop.presenter_key import Gate, Later

KEY = "a key of twenty letters"


class Waits(list[float]):
    """Seconds that answers were held back, noted and not slept."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def test_a_key_is_made_anew_at_each_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_PRESENTER_KEY", "   ")  # blank space is none
    keys = {presenter_key.presenter_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key.replace("-", "")) == 16 for key in keys)


def test_the_key_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_PRESENTER_KEY", f" {KEY}\n")
    assert presenter_key.presenter_key() == KEY
    assert Gate(presenter_key.presenter_key(), Waits()).admits(KEY, 0)


@pytest.mark.parametrize("key", ["eleven char", "photographers", "123456789012", "aaaaaaaaaaaa-1", "ab ab ab ab ab"])
def test_a_key_that_is_easily_guessed_is_refused_with_a_sentence(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_PRESENTER_KEY", key)
    with pytest.raises(presenter_key.WeakKey, match=r"at least 12 characters.* Set another one, or none"):
        presenter_key.presenter_key()


@given(st.text(st.characters(codec=None)))
def test_no_other_text_gets_in(guess: str) -> None:
    assert Gate(KEY, Waits()).admits(guess, 0) == (guess.strip() == KEY)


@pytest.mark.parametrize("key", [True, 1, None, [KEY], {"key": KEY}, KEY.encode()])
def test_what_is_no_text_is_no_key(key: object) -> None:
    assert not Gate(KEY, Waits()).admits(key, 0)


def test_a_right_key_waits_as_long_for_its_answer_as_a_wrong_one() -> None:
    waits = Waits()
    gate = Gate(KEY, waits)
    answers = [gate.admits(key, failures) for key in (KEY, "wrong", "") for failures in (0, 1, 50)]
    assert answers == [True] * 3 + [False] * 6
    assert waits == [presenter_key.WAIT] * 9
    assert gate.wrong == 6


def test_of_sessions_that_gave_a_wrong_key_few_are_looked_at_in_the_same_moment_and_the_rest_are_told() -> None:
    waiting = threading.Event()
    gate = Gate(KEY, lambda seconds: bool(waiting.wait(60)))
    most = int(limits.value("wrong keys"))
    with ThreadPoolExecutor(most) as sessions:
        guesses = [sessions.submit(gate.admits, "wrong", 1) for _ in range(most)]
        while gate._again._value:  # type: ignore[attr-defined]
            time.sleep(0.01)
        for key in (KEY, "wrong"):  # the answer tells nothing
            with pytest.raises(Later, match="Yours was not looked at"):
                gate.admits(key, 1)
        waiting.set()
        assert not any(guess.result() for guess in guesses)


def test_the_presenter_is_in_within_three_seconds_while_two_hundred_guess() -> None:
    gate = Gate(KEY)
    over = threading.Event()

    def guess() -> None:
        while not over.wait(0.01):
            with contextlib.suppress(Later):
                gate.admits("wrong", 0)

    guessers = [threading.Thread(target=guess, daemon=True) for _ in range(200)]
    for guesser in guessers:
        guesser.start()
    began = time.monotonic()
    assert gate.admits(KEY, 0)
    assert time.monotonic() - began < 3
    over.set()
