"""Who gets in with the presenter's key, and what guessing it costs."""

import subprocess
import sys

import pytest
from handmade import ROOT
from hypothesis import given
from hypothesis import strategies as st

from explainer.workshop import presenter_key
from explainer.workshop.presenter_key import Gate

KEY = "a key of twenty letters"


class Waits(list[float]):
    """Seconds that answers were held back, noted and not slept."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def test_a_key_is_made_anew_at_each_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXPLAINER_PRESENTER_KEY", raising=False)
    keys = {presenter_key.presenter_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key.replace("-", "")) == 16 for key in keys)


def test_the_key_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_PRESENTER_KEY", f" {KEY}\n")
    assert presenter_key.presenter_key() == KEY
    assert Gate(presenter_key.presenter_key()).admits(KEY, 0)


def test_a_key_that_is_too_short_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_PRESENTER_KEY", "eleven char")
    with pytest.raises(presenter_key.KeyTooShort, match=r"shorter than 12 characters\. Set a longer one, or none"):
        presenter_key.presenter_key()


def test_blank_space_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_PRESENTER_KEY", "   ")
    assert len(presenter_key.presenter_key()) == 19
    assert not Gate(presenter_key.presenter_key(), Waits()).admits("", 0)


@given(st.text(st.characters(codec=None)))
def test_no_other_text_gets_in(guess: str) -> None:
    assert Gate(KEY, Waits()).admits(guess, 0) == (guess.strip() == KEY)


def test_each_wrong_key_of_a_session_costs_twice_the_wait_of_the_one_before() -> None:
    waits = Waits()
    gate = Gate(KEY, waits)
    assert not any(gate.admits("wrong", failures) for failures in range(7))
    assert waits == [1, 2, 4, 8, 16, 16, 16]


def test_many_wrong_keys_of_all_sessions_together_make_each_further_one_wait_the_longest() -> None:
    waits = Waits()
    gate = Gate(KEY, waits)
    assert not any(gate.admits("wrong", 0) for _ in range(25))
    assert waits == [1] * 20 + [presenter_key.LONGEST_WAIT] * 5


def test_the_presenter_gets_in_at_once_however_many_have_guessed() -> None:
    waits = Waits()
    gate = Gate(KEY, waits)
    for _ in range(1000):
        gate.admits("wrong", 50)
    waits.clear()
    assert gate.admits(KEY, 50)
    assert waits == []


def test_a_session_waits_for_the_answer_while_the_presenter_is_let_in() -> None:
    script = f"""
import threading
from explainer.workshop.presenter_key import Gate
gate = Gate({KEY!r}, threading.Event().wait)
threading.Thread(target=gate.admits, args=("wrong", 10), daemon=True).start()
print(gate.admits({KEY!r}, 0))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout.split() == ["True"]
