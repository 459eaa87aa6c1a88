"""What a press makes of a room: a pure function, held against a plain list of positions."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainer.ui.workshop import presenting
from explainer.workshop import rooms, screens, stage, talk, votes
from explainer.workshop.rooms import Room
from explainer.workshop.stage import Beat, Key, Press, State
from explainer.workshop.store import Store

BEATS = (
    Beat("start"),
    Beat("cups"),
    *stage.of_question("cups", "thing", 1),
    *stage.of_question("decide", "safety/n10142747", 2),
    *stage.of_question("decide", "safety/n10142391", 2),
    Beat("end"),
)
VOTE = BEATS[4]
KEYS = st.lists(st.sampled_from(["next", "back"]))


def presses(keys: Sequence[Key], client: str = "one", seen: int = 0) -> list[Press]:
    """Presses of one window whose screen is never drawn anew."""
    return [Press(client, number, key, seen) for number, key in enumerate(keys, start=1)]


def after(state: State, some: Sequence[Press]) -> State:
    for press in some:
        state = stage.pressed(state, press, BEATS)
    return state


def place(keys: Sequence[Key]) -> int:
    """Where so many presses lead, counted without the code under test."""
    at = 0
    for key in keys:
        at = min(max(at + (1 if key == "next" else -1), 0), len(BEATS) - 1)
    return at


def test_next_alone_walks_through_votes_words_and_steps() -> None:
    state, walked = State(BEATS[0]), [BEATS[0]]
    for press in presses(["next"] * (len(BEATS) + 3)):
        state = stage.pressed(state, press, BEATS)
        walked.append(state.beat)
    assert tuple(dict.fromkeys(walked)) == BEATS
    assert [beat.phase for beat in BEATS if beat.step == "decide"] == ["open", "talk", "second", "result"] * 2


@given(KEYS)
def test_back_undoes_next_and_both_ends_hold(keys: list[Key]) -> None:
    assert after(State(BEATS[0]), presses(keys)).beat == BEATS[place(keys)]


@given(KEYS, st.randoms())
def test_a_press_that_is_told_again_and_again_counts_once(keys: list[Key], chance: random.Random) -> None:
    state, all_ = State(BEATS[0]), presses(keys)
    for end in range(1, len(all_) + 1):  # a browser tells all that it was not told to be taken
        begin = chance.randrange(end)
        state = after(state, all_[begin:end])
    assert state.beat == BEATS[place(keys)]
    assert state.counted == ({"one": len(keys)} if keys else {})


@given(KEYS)
def test_two_presenters_who_press_on_the_same_screen_move_it_once(keys: list[Key]) -> None:
    state = after(State(BEATS[4], moves=7, mover="other", series=3), presses(["next"], "one", seen=7))
    behind = after(state, presses(keys, "two", seen=7))
    assert behind.beat == state.beat
    assert after(behind, [Press("two", len(keys) + 1, "next", state.moves)]).beat == BEATS[6]


def test_a_screen_that_is_only_behind_its_own_presses_loses_none() -> None:
    assert after(State(BEATS[0], moves=5, mover="two", series=2), presses(["next"] * 5, seen=5)).beat == BEATS[5]


def test_after_a_jump_the_next_press_counts_though_the_screen_is_behind_it() -> None:
    jumped = State(BEATS[4], moves=9, mover="", series=8)
    assert after(jumped, presses(["next"], seen=8)).beat == BEATS[5]


def test_a_word_that_is_on_no_route_has_both_votes_and_then_the_next_step_follows() -> None:
    state, walked = State(replace(VOTE, activity="safety/n10718131")), []
    for press in presses(["next"] * 4):
        state = stage.pressed(state, press, BEATS)
        walked.append((state.beat.step, state.beat.phase))
    assert walked == [("decide", "talk"), ("decide", "second"), ("decide", "result"), ("end", "")]


def test_dark_screens_stay_where_they_are() -> None:
    state = after(State(VOTE), presses(["dark"]))
    assert (state.blank, state.beat, state.moves) == (True, VOTE, 0)
    assert not after(state, [Press("one", 2, "light", 0)]).blank


def test_two_windows_that_tell_of_the_screens_do_not_undo_each_other() -> None:
    dark = after(State(VOTE), [Press("one", 1, "dark", 0), Press("two", 1, "dark", 0)])
    assert dark.blank
    assert not after(dark, [Press("one", 2, "light", 0), Press("two", 2, "light", 0)]).blank


@pytest.mark.parametrize("route", talk.load().routes)
def test_what_is_kept_is_what_the_pure_function_makes_of_the_presses(store: Store, route: str) -> None:
    room = rooms.open_room(store, route=route)
    beats, chance = talk.beats(room), random.Random(7)
    keys = chance.choices(["next", "next", "back", "dark", "light"], k=120)
    state = State(beats[0])
    for press in presses(keys):
        state = stage.pressed(state, press, beats)
        now = screens.press(store, room.code, [press, press], beats)
        assert (now.step, now.activity, now.phase, now.blank) == (*vars(state.beat).values(), state.blank)
    assert screens.taken(store, room.code, "one") == len(keys)


def test_back_keeps_the_answers_and_opens_the_vote_again(store: Store, room: Room, phone: str) -> None:
    beats = talk.beats(room)
    vote = next(beat for beat in beats if beat.step == "decide")
    screens.present(store, room.code, **vars(vote))
    votes.vote(store, room.code, vote.activity, 1, phone, "4")
    moves = screens.stage(store, room.code).moves
    screens.press(store, room.code, presses(["next", "next", "back", "back"], seen=moves), beats)
    assert screens.stage(store, room.code).phase == "open"
    assert votes.vote_of(store, room.code, vote.activity, 1, phone) == "4"
    votes.vote(store, room.code, vote.activity, 1, phone, "5")
    assert votes.tally(store, room.code, vote.activity, 1).phones["5"] == 1


def test_a_window_whose_name_is_a_number_tells_nothing() -> None:
    rows = [[1, "next", 0]]
    assert len(presenting._told({"presses": {"client": "0123456789abcdef", "presses": rows}})) == 1
    assert presenting._told({"presses": {"client": 1234567890123456, "presses": rows}}) == []
