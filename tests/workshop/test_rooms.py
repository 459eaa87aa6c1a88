"""Who is in a room, what a room is shown, and that it is gone when it is deleted."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from explainer import limits
from explainer.workshop import participants, questions, reports, rooms, screens, votes
from explainer.workshop.errors import DoorClosed, Ended, Full, HandsAlone, TooFast, UnknownRoom, UnknownToken
from explainer.workshop.rooms import Room
from explainer.workshop.sqlite import SQLiteStore
from explainer.workshop.stage import PHASES
from explainer.workshop.store import Store

QUESTIONS = questions.DECKS["imageability"].questions()


# --- joining


def test_a_code_is_five_letters_and_digits_that_form_no_word_and_look_like_no_other(store: Store) -> None:
    codes = {rooms.open_room(store).code for _ in range(50)}
    assert len(codes) == 50
    assert all(len(code) == 5 for code in codes)
    assert not set("".join(codes)) & set("AEIOUY34")
    for alike in ("0O", "1IL", "2Z", "5S", "6G", "8B", "UV"):
        assert len(set("".join(codes)) & set(alike)) <= 1


def test_each_phone_that_comes_without_a_token_is_another_participant(store: Store, room: Room) -> None:
    assert len({participants.join(store, room.code) for _ in range(5)}) == participants.count(store, room.code) == 5


def test_a_token_of_another_room_or_of_nobody_is_given_a_new_one(store: Store, room: Room, phone: str) -> None:
    other = rooms.open_room(store).code
    assert participants.join(store, other, phone) != phone
    assert participants.join(store, room.code, "x" * 22) != "x" * 22
    with pytest.raises(UnknownToken):
        screens.look(store, other, phone)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rooms take three phones, and give up on one that is silent at once."""
    table = {**limits.TABLE, "participants": replace(limits.TABLE["participants"], most=3)}
    monkeypatch.setattr(limits, "TABLE", table)


@pytest.mark.usefixtures("small")
def test_a_room_gives_out_so_many_tokens_and_no_more(store: Store, room: Room) -> None:
    first = participants.join(store, room.code)
    for _ in range(2):
        participants.join(store, room.code)
    with pytest.raises(Full):
        participants.join(store, room.code)
    assert participants.join(store, room.code, first) == first
    assert participants.count(store, room.code) == 3


@pytest.mark.usefixtures("small")
def test_a_token_that_is_silent_and_answered_nothing_gives_way_to_a_phone(
    store: Store, room: Room, later: Callable[[float], None]
) -> None:
    voted, here, silent = (participants.join(store, room.code) for _ in range(3))
    votes.vote(store, room.code, QUESTIONS[0], 1, voted, "5")
    later(participants.HERE + 1)
    screens.look(store, room.code, here)
    new = participants.join(store, room.code)
    for phone in (voted, here, new):
        screens.look(store, room.code, phone)
    with pytest.raises(UnknownToken):
        screens.look(store, room.code, silent)
    assert votes.vote_of(store, room.code, QUESTIONS[0], 1, voted) == "5"


def test_a_browser_that_joins_again_and_again_is_one_phone_and_in_each_room_another(store: Store, room: Room) -> None:
    def join(code: str, browser: str) -> str:
        return participants.join(store, code, source="192.0.2.1", browser=browser)

    (token,) = {join(room.code, "one") for _ in range(20)}
    other = rooms.open_room(store).code
    assert len({token, join(room.code, "another"), join(other, "one"), participants.join(store, room.code)}) == 4
    assert participants.count(store, room.code) == 3


def test_a_token_that_was_made_of_one_browser_is_no_other_browsers(store: Store, room: Room) -> None:
    token = participants.join(store, room.code, browser="the one")
    assert participants.may_be_of(room.code, token, "the one")
    assert not participants.may_be_of(room.code, token, "another")
    assert not participants.may_be_of(room.code, token, None)
    assert not participants.may_be_of("CDFHJ", token, "the one")
    assert not participants.may_be_of(room.code, "é" * 24, "the one")
    for unknown in (participants.join(store, room.code), "x" * 22, "\x00", "'"):
        assert participants.may_be_of(room.code, unknown, "another")  # nobody knows: the room decides


def test_who_tried_at_a_closed_door_may_join_once_it_is_open(store: Store, room: Room) -> None:
    participants.open_door(store, room.code, False)
    for _ in range(int(limits.value("joins of a browser"))):
        with pytest.raises(DoorClosed):
            participants.join(store, room.code, source="192.0.2.1", browser="one")
    with pytest.raises(TooFast):
        participants.join(store, room.code, source="192.0.2.1", browser="one")
    participants.open_door(store, room.code, True)
    participants.join(store, room.code, source="192.0.2.1", browser="one")


def test_browsers_that_nothing_tells_apart_are_slowed_down_together_and_150_phones_are_not(
    store: Store, room: Room
) -> None:
    for _ in range(150):
        participants.join(store, room.code, source="192.0.2.1")
    for _ in range(int(limits.value("joins of an address")) - 150):
        participants.join(store, room.code, source="192.0.2.1")
    with pytest.raises(TooFast):
        participants.join(store, room.code, source="192.0.2.1")
    participants.join(store, room.code, source="192.0.2.2")


def test_a_room_that_somebody_filled_with_phones_that_vote_still_takes_a_real_one(
    store: Store, room: Room, later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = replace(limits.TABLE["participants"], most=20)
    monkeypatch.setattr(limits, "TABLE", {**limits.TABLE, "participants": limit})
    screens.present(store, room.code, activity=QUESTIONS[0], phase="open")

    def voter(browser: str) -> str:
        token = participants.join(store, room.code, source="192.0.2.1", browser=browser)
        votes.vote(store, room.code, QUESTIONS[0], 1, token, "5")
        return token

    honest = voter("honest")
    later(5)
    for number in range(19):
        voter(f"cookie {number}")
    with pytest.raises(Full):
        participants.join(store, room.code, source="192.0.2.1", browser="real")
    later(participants.HERE + 1)
    screens.look(store, room.code, honest)
    real = participants.join(store, room.code, source="192.0.2.1", browser="real")
    screens.look(store, room.code, real)
    assert votes.vote_of(store, room.code, QUESTIONS[0], 1, honest) == "5"


@pytest.mark.usefixtures("small")
def test_a_room_that_was_full_when_the_app_was_started_anew_takes_a_phone_once_all_that_are_on_were_heard_of(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SQLiteStore(file)) as store:
        code = rooms.open_room(store, deck="imageability").code
        screens.present(store, code, step="decide", activity=QUESTIONS[0], phase="open")
        phones = [participants.join(store, code) for _ in range(3)]
        for phone in phones:
            votes.vote(store, code, QUESTIONS[0], 1, phone, "5")
    with closing(SQLiteStore(file)) as store:
        here, *_ = phones
        screens.look(store, code, here)
        begun = time.monotonic()
        for passed in (participants.HERE + 1, 590):
            monkeypatch.setattr(time, "monotonic", lambda passed=passed: begun + passed)
            with pytest.raises(Full):
                participants.join(store, code)
        monkeypatch.setattr(time, "monotonic", lambda: begun + 601)
        new = [participants.join(store, code) for _ in range(2)]  # one gives way to each
        with pytest.raises(Full):
            participants.join(store, code)
        assert all(participants.is_in(store, code, phone) for phone in (here, *new))
        assert votes.vote_of(store, code, QUESTIONS[0], 1, here) == "5"  # away now, and heard of since the start


def test_the_presenter_can_close_the_door_and_who_is_in_stays(store: Store, room: Room, phone: str) -> None:
    participants.open_door(store, room.code, False)
    with pytest.raises(DoorClosed):
        participants.join(store, room.code)
    assert participants.join(store, room.code, phone) == phone
    assert len(store.read(lambda connection: store.ages(connection, room.code))) == 1  # who is refused leaves nothing
    participants.open_door(store, room.code, True)
    assert participants.join(store, room.code) != phone


def test_no_phone_joins_a_room_that_counts_hands(store: Store) -> None:
    hands = rooms.open_room(store, "adults", route="20", phones=False)
    with pytest.raises(HandsAlone, match="counts hands"):
        participants.join(store, hands.code)
    assert participants.count(store, hands.code) == 0


def test_a_clock_that_jumps_lifts_no_rules_and_keeps_none(
    store: Store, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rooms.in_force(store) is not None
    now, steady = time.time(), time.monotonic()
    for jump in (25 * 3600, -25 * 3600):
        monkeypatch.setattr(time, "time", lambda jump=jump: now + jump)
        assert rooms.in_force(store) is not None
    monkeypatch.setattr(time, "monotonic", lambda: steady + rooms.LAPSE + 1)
    assert rooms.in_force(store) is None


def test_a_pause_after_a_jump_of_the_clock_lifts_no_rules(
    store: Store, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rooms.in_force(store) is not None
    now, steady = time.time(), time.monotonic()
    for paused, minutes in ((True, 0), (False, 5)):
        monkeypatch.setattr(time, "time", lambda minutes=minutes: now + 2 * rooms.LAPSE + 60 * minutes)
        screens.present(store, room.code, paused=paused)
        assert rooms.in_force(store) is not None
    monkeypatch.setattr(time, "monotonic", lambda: steady + rooms.LAPSE + 1)
    assert rooms.in_force(store) is None


def test_phones_that_are_heard_of_are_here(
    store: Store, room: Room, phones: list[str], later: Callable[[float], None]
) -> None:
    other = rooms.open_room(store).code
    for phone in (phones[0], phones[1], phones[1]):
        screens.look(store, room.code, phone)
    assert (participants.here(store, room.code), participants.here(store, other)) == (2, 0)
    later(participants.HERE - 1)
    screens.look(store, room.code, phones[2])
    assert participants.here(store, room.code) == 3
    later(2)
    assert participants.here(store, room.code) == 1


# --- what a room is shown


def test_each_change_and_nothing_else_gives_the_stage_a_higher_version(store: Store, room: Room) -> None:
    before = screens.stage(store, room.code)
    assert screens.present(store, room.code, activity=QUESTIONS[0], phase="open") == before
    changes = ({"paused": True}, {"paused": False, "blank": True}, {"step": "why"})
    versions = [before.version, *(screens.present(store, room.code, **change).version for change in changes)]
    assert versions == sorted(set(versions))


def test_another_question_begins_closed_and_unrevealed(store: Store, room: Room) -> None:
    screens.present(store, room.code, phase="result")
    stage = screens.present(store, room.code, activity=QUESTIONS[1])
    assert (stage.open, stage.phase) == (False, "")
    assert screens.present(store, room.code, activity=QUESTIONS[2], phase="open").open


def test_the_second_round_is_open_in_its_phase_alone(store: Store, room: Room) -> None:
    stages = [screens.present(store, room.code, phase=phase) for phase in PHASES]
    assert [(stage.open, stage.round) for stage in stages] == [
        (False, 1), (True, 1), (False, 1), (True, 2), (False, 1),
    ]  # fmt: skip


def test_two_presenters_do_not_undo_each_other(store: Store, room: Room) -> None:
    changes = [{"paused": True}, {"blank": True}, {"phase": "second"}] * 5
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda change: screens.present(store, room.code, **change), changes))
    stage = screens.stage(store, room.code)
    assert (stage.paused, stage.blank, stage.phase) == (True, True, "second")


@pytest.mark.parametrize("change", [{"step": "<b>"}, {"activity": "'; --"}, {"phase": "<b>"}, {"version": 9}])
def test_a_stage_that_cannot_be_is_refused(store: Store, room: Room, change: dict[str, object]) -> None:
    before = screens.stage(store, room.code)
    with pytest.raises(ValueError, match="There is no such"):
        screens.present(store, room.code, **change)
    assert screens.stage(store, room.code) == before


# --- ending, resuming, deleting


def test_a_room_that_has_ended_takes_no_votes_and_keeps_what_it_has(store: Store, room: Room, phone: str) -> None:
    votes.vote(store, room.code, QUESTIONS[0], 1, phone, "5")
    assert rooms.end(store, room.code).ended is not None
    for closed in (
        lambda: votes.vote(store, room.code, QUESTIONS[0], 1, phone, "1"),
        lambda: participants.join(store, room.code),
        lambda: reports.flag(store, room.code, phone, "n10142747", "unseen"),
    ):
        with pytest.raises(Ended, match="has ended"):  # nobody is told to wait
            closed()
    assert participants.join(store, room.code, phone) == phone
    assert votes.tally(store, room.code, QUESTIONS[0], 1).phones["5"] == 1
    stage = screens.present(store, room.code, step="end", blank=True, phase="result")  # the talk goes on
    assert (stage.step, stage.blank, stage.open) == ("end", True, False)


def test_rooms_are_listed_with_the_newest_first_to_be_resumed(
    store: Store, room: Room, reopen: Callable[[], Store]
) -> None:
    later = rooms.open_room(store, "adults", route="90")
    rooms.end(store, room.code)
    with closing(reopen()) as again:
        listed = rooms.listing(again)
    assert [(found.code, found.ended is None) for found in listed] == [(later.code, True), (room.code, False)]


def test_of_a_room_that_is_deleted_no_byte_is_left_in_a_file(file: Path) -> None:
    store = SQLiteStore(file)
    made = [rooms.open_room(store, deck="imageability").code for _ in range(4)]
    tokens = {code: [participants.join(store, code) for _ in range(20)] for code in made}
    work = [(code, question, token) for code in made for question in QUESTIONS for token in tokens[code]]
    random.Random(5).shuffle(work)  # so that pages are split between rooms
    for code in made:
        for token in tokens[code]:
            reports.flag(store, code, token, "n10142747", "unseen")
    for code, question, token in work[:300]:
        screens.present(store, code, activity=question, phase="open")
        votes.vote(store, code, question, 1, token, "3")
    gone, *left = made
    screens.look(store, gone, tokens[gone][0])
    rooms.delete(store, gone)
    content = b"".join(part.read_bytes() for part in file.parent.iterdir())
    assert not [text for text in (gone, *tokens[gone]) if text.encode() in content]
    assert all(token.encode() in content for code in left for token in tokens[code])
    assert [found.code for found in rooms.listing(store)] == left[::-1]
    assert participants.here(store, gone) == 0
    with pytest.raises(UnknownRoom):
        screens.stage(store, gone)


def test_the_whole_app_keeps_to_the_most_careful_room_that_is_on(store: Store) -> None:
    assert rooms.in_force(store) is None
    adults = rooms.open_room(store, "adults")
    assert rooms.in_force(store) == rooms.PRESETS["adults"]
    mixed = rooms.open_room(store, "mixed")
    assert rooms.in_force(store) == rooms.PRESETS["mixed"]
    assert rooms.on(store) == (mixed, adults)
    rooms.end(store, mixed.code)
    assert rooms.on(store) == (adults,)


def test_a_rehearsal_keeps_nobody_to_its_rules(store: Store) -> None:
    rooms.open_room(store, "mixed", rehearsal=True)
    assert rooms.in_force(store) is None


def test_the_rules_of_a_room_that_was_forgotten_lapse_a_day_after_its_last_change(store: Store) -> None:
    code = rooms.open_room(store).code

    def pass_by(hours: float) -> None:
        store.write(lambda connection: connection.execute("UPDATE rooms SET since = since - ?", (hours * 3600,)))
        store.lapses.clear()  # as in a process that was started anew

    pass_by(23.9)
    assert rooms.in_force(store)
    screens.present(store, code, step="what")
    pass_by(23.9)
    assert rooms.in_force(store)
    pass_by(0.2)
    assert rooms.in_force(store) is None
    screens.present(store, code, step="start")  # resumed
    assert rooms.in_force(store)


def test_the_clock_of_a_page_stands_still_in_a_pause(store: Store) -> None:
    code = rooms.open_room(store).code

    def pass_by(seconds: float) -> None:
        store.write(lambda c: c.execute("UPDATE rooms SET since = since - ?, halted = halted - ?", (seconds, seconds)))

    def elapsed() -> float:
        return time.time() - screens.stage(store, code).since.timestamp()

    screens.present(store, code, activity="thing", phase="open")
    pass_by(20)
    screens.present(store, code, paused=True)
    pass_by(100)
    screens.present(store, code, paused=False)
    assert elapsed() == pytest.approx(20, abs=1)
    screens.present(store, code, paused=True)
    pass_by(100)
    screens.present(store, code, phase="second")  # another page begins while the room is paused
    pass_by(5)
    screens.present(store, code, paused=False)
    assert elapsed() == pytest.approx(0, abs=1)
