"""What a room does, as Streamlit runs it: votes, polls, the page of pictures, reports, what is taken away."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import sentinels
from streamlit.testing.v1 import AppTest
from workshops import Open, give, press, said

from explainer.ui import access
from explainer.ui.workshop.slides import page as its_page
from explainer.workshop import participants, questions, reports, rooms, screens, talk, votes
from explainer.workshop.errors import Unreachable
from explainer.workshop.rooms import Room
from explainer.workshop.stage import Press
from explainer.workshop.votes import Marks
from tests.servers import KEY

pytestmark = pytest.mark.usefixtures("fresh_app")

QUESTION = "safety/n10142391"  # grandfather: imageable, and on record as sensitive
MASKED = "safety/n10401331"  # on record as offensive
STEPS = {"thing": "cups", "person": "cups", "poll": "own", "safety": "decide"}


@pytest.fixture
def room() -> Room:
    return rooms.open_room(access.store(), "adults", route="20")


@pytest.fixture
def token(room: Room) -> str:
    return participants.join(access.store(), room.code)


def stage(room: Room, activity: str, **changes: Any) -> None:
    step = STEPS[activity.partition("/")[0]]
    screens.present(access.store(), room.code, step=step, activity=activity, **changes)


def notes(visit: Open, room: Room) -> AppTest:
    return give(visit(room=room.code, view="notes"), KEY)


def answer(phone: AppTest, key: str, round: int = 1) -> AppTest:
    return phone.button(key=f"answer_{QUESTION}_{round}_{key}").click().run()


def others_answer(room: Room, key: str, count: int = 4) -> None:
    round = screens.stage(access.store(), room.code).round
    for _ in range(count):
        votes.vote(access.store(), room.code, QUESTION, round, participants.join(access.store(), room.code), key)


def sheets_on(app: AppTest) -> list[Any]:
    """The pages of pictures that can be marked."""
    return [component for component in app.get("bidi_component") if component.key.startswith("sheet_")]


def charts(app: AppTest) -> str:
    return "".join(element.proto.spec for element in app.get("plotly_chart"))


def test_an_answer_is_read_back_a_later_one_counts_and_a_reload_finds_it(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION, phase="open")
    phone = answer(visit(room=room.code, token=token), "safe")
    assert "Counted: Safe" in said(phone)
    answer(phone, "sensitive")
    assert "Counted: Sensitive" in said(phone)
    assert votes.tally(access.store(), room.code, QUESTION, 1).phones["sensitive"] == 1
    assert "Counted: Sensitive" in said(visit(room=room.code, token=token))


def test_the_second_vote_is_named_and_the_first_answer_shown(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION, phase="open")
    phone = answer(visit(room=room.code, token=token), "safe")
    assert "Second vote" not in said(phone)
    stage(room, QUESTION, phase="second")
    assert "Second vote" in said(phone.run())
    assert "Your first answer: **Safe**" in said(phone)
    assert "Counted" not in said(phone)


def test_a_press_of_the_first_vote_that_comes_in_the_second_is_told_so(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION, phase="open")
    phone = visit(room=room.code, token=token)
    stage(room, QUESTION, phase="second")
    answer(phone, "safe")
    assert "This vote is over, and the next one is open." in said(phone)
    assert "Wait for the presenter" not in said(phone)


def test_an_answer_that_comes_too_late_is_told_so_at_once_and_no_longer_at_the_next_question(
    visit: Open, room: Room, token: str
) -> None:
    late = "This is not open at the moment. Wait for the presenter."
    for after in ({"phase": "result"}, {"paused": True}, {"blank": True}):
        stage(room, QUESTION, phase="open", paused=False, blank=False)
        phone = visit(room=room.code, token=token)
        stage(room, QUESTION, **after)
        answer(phone, "safe")
        assert [error.value for error in phone.error] == [late]
        stage(room, MASKED, phase="open", paused=False, blank=False)
        assert not phone.run().error
    stage(room, QUESTION, phase="open")
    phone = visit(room=room.code, token=token)
    screens.present(access.store(), room.code, step="start", activity="", phase="")
    answer(phone, "safe")
    assert [error.value for error in phone.error] == [late]
    assert not votes.tally(access.store(), room.code, QUESTION, 1).total


def test_before_the_result_the_projector_says_how_many_and_nothing_of_what(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION, phase="open")
    answer(visit(room=room.code, token=token), "safe")
    projector = visit(room=room.code, view="projector")
    assert "1 of 1 answered" in said(projector)
    assert "As a label on a stranger's photo, this word is:" in said(projector).replace("\\", "")
    assert "ecord" not in said(projector)
    assert charts(projector) == ""


def test_the_talk_between_two_votes_has_a_minute_and_the_question_on_the_screen(visit: Open, room: Room) -> None:
    stage(room, QUESTION, phase="talk")
    projector = said(visit(room=room.code, view="projector"))
    assert "Talk with your neighbour: 1:00" in projector or "Talk with your neighbour: 0:5" in projector
    assert talk.load().steps["decide"].ask in projector.replace("\\", "")


def test_the_result_shows_both_votes_and_says_what_became_of_a_word_that_was_removed(
    visit: Open, room: Room, token: str
) -> None:
    stage(room, QUESTION, phase="open")
    phone = answer(visit(room=room.code, token=token), "safe")
    others_answer(room, "safe")
    stage(room, QUESTION, phase="second")
    answer(phone.run(), "sensitive", round=2)
    others_answer(room, "sensitive")
    stage(room, QUESTION, phase="result")
    for screen in (phone.run(), visit(room=room.code, view="projector")):
        assert all(name in charts(screen) for name in ("first vote", "second vote", "on record"))
        assert "**The same**" in said(screen)
        assert "On record: sensitive. It was announced for removal in 2019." in said(screen)


def test_what_fewer_than_five_answered_is_shown_nowhere(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION, phase="open")
    others_answer(room, "safe", 3)
    phone = answer(visit(room=room.code, token=token), "safe")
    stage(room, QUESTION, phase="result")
    for screen in (phone.run(), visit(room=room.code, view="projector")):
        assert "Fewer than 5 answered" in said(screen)
        assert "On record: sensitive" in said(screen)
        assert charts(screen) == ""
        assert not any(verdict in said(screen) for verdict in ("The same", "Different"))


def test_hands_are_counted_where_there_are_no_phones(visit: Open) -> None:
    room = rooms.open_room(access.store(), route="20", phones=False)
    assert "there is nothing to join" in said(visit(room=room.code))
    stage(room, QUESTION, phase="open")
    screen = notes(visit, room)
    fields = {field.label: field for field in screen.number_input}
    fields["Safe"].set_value(7)
    press(screen, "Keep these counts")
    assert "Kept: 7 hands in the first vote" in said(screen)
    assert "7 hands counted" in said(visit(room=room.code, view="projector"))


def test_what_two_windows_keep_of_hands_and_of_paper_is_the_last_of_both(visit: Open) -> None:
    room = rooms.open_room(access.store(), route="20", phones=False)
    stage(room, QUESTION, phase="open")
    windows = [notes(visit, room) for _ in range(2)]
    for window, (label, count) in zip(windows, (("Safe", 12), ("Offensive, whatever the photo", 3)), strict=True):
        {field.label: field for field in window.run().number_input}[label].set_value(count)
        press(window, "Keep these counts")
    hands = votes.tally(access.store(), room.code, QUESTION, 1).hands
    assert (hands["safe"], hands["offensive"]) == (12, 3)
    stage(room, "poll/allow", phase="open")
    for window, text in zip(windows, ("ask first", "never"), strict=True):
        (field,) = window.run().text_area
        field.set_value(f"{field.value} {text}".strip())
        press(window, "Keep it")
    assert rooms.find(access.store(), room.code).paper == "ask first never"


def test_a_decision_on_paper_that_could_not_be_kept_is_told_and_is_there_to_be_kept_again(
    visit: Open, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(room, "poll/allow", phase="open")
    window = notes(visit, room)
    window.text_area[0].set_value("ask first")

    def fails(*arguments: object) -> None:
        raise Unreachable

    with monkeypatch.context() as patch:
        patch.setattr(rooms, "keep_paper", fails)
        press(window, "Keep it")
    assert not window.exception
    assert [error.value for error in window.error] == [str(Unreachable())]
    assert window.text_area[0].value == "ask first"
    press(window, "Keep it")
    assert rooms.find(access.store(), room.code).paper == "ask first"


def test_a_poll_is_answered_once_and_its_result_is_the_rooms(visit: Open, room: Room, token: str) -> None:
    stage(room, "poll/allow", phase="open")
    phone = visit(room=room.code, token=token)
    press(phone, "None")
    assert "Counted: None" in said(phone)
    for _ in range(4):
        votes.vote(access.store(), room.code, "poll/allow", 1, participants.join(access.store(), room.code), "4")
    stage(room, "poll/allow", phase="result")
    assert "Said most often: “None”" in said(visit(room=room.code, view="projector"))


def test_the_result_of_a_prediction_says_and_marks_what_is_right(visit: Open, room: Room) -> None:
    screens.present(access.store(), room.code, step="removal", activity="poll/left", phase="open")
    tokens = [participants.join(access.store(), room.code) for _ in range(5)]
    for token in tokens:
        votes.vote(access.store(), room.code, "poll/left", 1, token, "3")
    screens.present(access.store(), room.code, phase="result")
    phone = visit(room=room.code, token=tokens[0])
    for screen in (phone, visit(room=room.code, view="projector")):
        assert "Right: “About 150”. Most of you said: “About 600”." in said(screen).replace("\\", "")
    (marked,) = (bars for bars in json.loads(charts(phone))["data"] if bars["name"] == "right")
    assert marked["y"] == [4]


def test_any_word_of_the_deck_can_be_picked(visit: Open, room: Room) -> None:
    stage(room, QUESTION, phase="open")
    notes(visit, room).menu_button(key="pick").click(room.questions[7]).run()
    now = screens.stage(access.store(), room.code)
    assert (now.step, now.activity, now.phase) == ("decide", room.questions[7], "open")


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("view", ["phone", "projector"])
def test_that_a_word_is_masked_does_not_give_the_record_away(visit: Open, room: Room, token: str, view: str) -> None:
    stage(room, MASKED, phase="open")
    screen = visit(room=room.code, token=token, view=view)
    assert "covered" in said(screen)
    assert "covered: offensive" not in said(screen)
    assert sentinels.found("".join(str(element.proto) for element in screen.main)) == set()


@pytest.mark.usefixtures("planted")
@pytest.mark.slow
def test_a_phone_may_reveal_a_masked_word_and_the_projector_does_not_follow(
    visit: Open, room: Room, token: str
) -> None:
    stage(room, MASKED, phase="open")
    phone = visit(room=room.code, token=token)
    press(phone, "Reveal")
    assert sentinels.found(said(phone))
    assert not sentinels.found(said(visit(room=room.code, view="projector")))
    press(phone, "Cover all words again")
    assert not sentinels.found(said(phone))


def test_what_is_drawn_again_and_again_stops_without_an_error_when_the_room_is_deleted() -> None:
    def script() -> None:
        import streamlit as st

        from explainer.ui.workshop import refresh
        from explainer.workshop import screens
        from explainer.workshop.sqlite import SQLiteStore

        refresh.every(1.0, lambda: screens.stage(SQLiteStore(None), "CCCCC"), "nothing")
        st.write("the rest of the page")

    assert said(AppTest.from_function(script).run()) == "the rest of the page"


# Be the worker


def marked(phone: AppTest) -> dict[str, Any]:
    """What the page of pictures in a browser is drawn from."""
    (component,) = sheets_on(phone)
    data: dict[str, Any] = json.loads(component.proto.json)
    return data


def test_a_page_is_there_while_it_is_open_and_comes_back_with_its_marks_after_a_pause(
    visit: Open, room: Room, token: str
) -> None:
    stage(room, "thing", phase="open")
    phone = visit(room=room.code, token=token)
    assert marked(phone)["marked"] == []
    assert 0 < marked(phone)["seconds"] <= 30
    votes.mark(access.store(), room.code, "thing", token, [0, 5, 24])
    assert "1 are marking" in said(visit(room=room.code, view="projector"))
    for paused in (True, False):
        stage(room, "thing", phase="open", paused=paused)
        phone.run()
    assert marked(phone)["marked"] == [0, 5, 24]
    assert "Kept: 3 of 25" in said(phone)
    access.store().write(lambda connection: connection.execute("UPDATE rooms SET since = since - 60"))
    assert marked(visit(room=room.code, token=token))["seconds"] is None  # who comes after the time takes their own
    stage(room, "thing", phase="result")
    assert not sheets_on(phone.run())
    assert "Fewer than 5 answered." in said(phone)


def test_what_was_marked_while_the_database_was_away_is_kept_once_it_is_back(
    visit: Open, room: Room, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*asked: object) -> None:
        raise Unreachable

    stage(room, "thing", phase="open")
    phone = visit(room=room.code, token=token)
    monkeypatch.setattr(its_page, "_sheet", lambda **drawn: SimpleNamespace(marked=[3, 5]))  # as the browser says it
    with monkeypatch.context() as patch:
        patch.setattr(votes, "mark", away)
        patch.setattr(votes, "marks_of", away)
        phone.run()
        assert not phone.exception
        assert str(Unreachable()) in said(phone)
        assert "Kept" not in said(phone)
        assert "look_marks" in [component.key for component in phone.get("bidi_component")]
    assert "Kept: 2 of 25" in said(phone.run())
    assert "look_marks" not in [component.key for component in phone.get("bidi_component")]
    assert votes.marks_of(access.store(), room.code, "thing", token) == {3, 5}


def test_marks_that_could_not_be_kept_are_kept_by_the_next_look_without_a_press(
    visit: Open, room: Room, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away_once(*asked: object) -> None:
        monkeypatch.setattr(votes, "mark", mark)  # the look that follows at once finds the database again
        raise Unreachable

    mark = votes.mark
    stage(room, "thing", phase="open")
    phone = visit(room=room.code, token=token)
    monkeypatch.setattr(its_page, "_sheet", lambda **drawn: SimpleNamespace(marked=[3, 5]))
    monkeypatch.setattr(votes, "mark", away_once)
    assert "Kept: 2 of 25" in said(phone.run())
    assert str(Unreachable()) not in said(phone)


def test_a_phone_is_told_where_its_marks_and_its_report_are_in_memory_alone(
    visit: Open, room: Room, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = access.store(), room.code
    kept = {
        "thing": (lambda: votes.mark(*here, "thing", token, [0]), "1 of 25 pictures marked"),
        QUESTION: (lambda: reports.flag(*here, token, "n10142391", "insult"), "1 of your reasons"),
    }
    for activity, (do, told) in kept.items():
        stage(room, activity, phase="open")
        do()
        phone = visit(room=room.code, token=token)
        assert f"{told}." in said(phone)
        with monkeypatch.context() as patch:
            patch.setattr(access.store(), "keeps", False)
            assert f"{told}{access.in_memory_only()}." in said(phone.run())


def test_the_page_of_pictures_of_another_room_begins_with_what_was_kept_there(visit: Open, room: Room) -> None:
    other = rooms.open_room(access.store(), "adults", route="20")
    tokens = [participants.join(access.store(), each.code) for each in (room, other)]
    for each in (room, other):
        stage(each, "thing", phase="open")
    assert screens.stage(access.store(), room.code).version == screens.stage(access.store(), other.code).version
    votes.mark(access.store(), room.code, "thing", tokens[0], [3, 7])
    phone = visit(room=room.code, token=tokens[0])
    (before,) = sheets_on(phone)
    assert json.loads(before.proto.json)["marked"] == [3, 7]
    phone.query_params.update(room=other.code, token=tokens[1])
    (after,) = sheets_on(phone.run())
    assert json.loads(after.proto.json)["marked"] == []
    assert after.key != before.key


def test_the_pictures_that_split_the_room_come_first() -> None:
    assert its_page.disputed(Marks("thing", 4, (4, 2, 1, *[0] * 22)), 12) == [1, 2]


# Reports, and what is taken away


def test_a_report_goes_to_the_presenters_list_once_and_a_refused_one_says_so(
    visit: Open, room: Room, token: str, downloads: dict[str, Callable[[], Any]]
) -> None:
    stage(room, QUESTION, phase="open")
    phone = visit(room=room.code, token=token)
    access.store().write(lambda connection: connection.execute("UPDATE rooms SET paused = 1"))
    press(phone, "It cannot be seen in a picture")
    access.store().write(lambda connection: connection.execute("UPDATE rooms SET paused = 0"))
    assert [error.value for error in phone.run().error] == ["This is not open at the moment. Wait for the presenter."]
    press(phone, "It cannot be seen in a picture")
    assert "On the presenter's list: 1 of your reasons" in said(phone)
    wnid = questions.question(QUESTION).wnid
    assert reports.flags(access.store(), room.code) == (reports.Flag(wnid, "unseen", 1),)
    screen = notes(visit, room)
    screen.session_state["section_To take away"] = True
    assert "It cannot be seen in a picture" in said(screen.run())
    assert "**1 report**" in said(screen)
    assert wnid in downloads["take_Totals (CSV)"]()


@pytest.mark.usefixtures("planted")
def test_all_that_is_taken_away_is_made_without_a_masked_word(
    visit: Open, room: Room, token: str, downloads: dict[str, Callable[[], Any]]
) -> None:
    stage(room, MASKED, phase="open")
    votes.vote(access.store(), room.code, MASKED, 1, token, "offensive")
    reports.flag(access.store(), room.code, token, "n10401331", "insult")
    screen = notes(visit, room)
    screen.session_state["section_To take away"] = True
    screen.run()
    taken = {key: write() for key, write in downloads.items()}
    assert len(taken) == 5
    for content in taken.values():
        assert not any("offensive" in word for word in sentinels.found(content))
        assert token not in content


def test_one_key_walks_through_a_vote_and_the_notes_say_what_comes_next(visit: Open, room: Room) -> None:
    beats, number, said_next = talk.beats(room), 0, []
    screen = notes(visit, room)
    while screens.stage(access.store(), room.code).step != "end":
        number += 1
        moves = screens.stage(access.store(), room.code).moves
        now = screens.press(access.store(), room.code, [Press("0" * 16, number, "next", moves)], beats)
        if now.step == "decide":
            said_next.append(said(screen.run()).partition("**Next:** ")[2].partition("\n")[0].replace("\\", ""))
    assert said_next[:5] == [
        "Close the vote; the room talks for a minute",
        "Second vote",
        "Close, and show the result",
        "Open: “grandfather”",
        "Close the vote; the room talks for a minute",
    ]
