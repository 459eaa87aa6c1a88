"""What a room does, as Streamlit runs it: the vote, the page of pictures, reports, what is taken away."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sentinels
from streamlit.testing.v1 import AppTest
from workshops import Open, give, press, said

from explainer.ui import access
from explainer.ui.workshop import fifty, vote
from explainer.workshop import questions, reports, rooms, sheets, votes
from explainer.workshop.questions import Published
from explainer.workshop.rooms import Room
from explainer.workshop.votes import Marks, Tally
from tests.servers import KEY

pytestmark = pytest.mark.usefixtures("fresh_app")

QUESTION = questions.DECKS["imageability"].questions[0]
MASKED = "safety/n10401331"  # on record as offensive


@pytest.fixture
def room() -> Room:
    return rooms.open_room(access.store(), "adults", route="90")


@pytest.fixture
def token(room: Room) -> str:
    return rooms.join(access.store(), room.code)


def stage(room: Room, activity: str, **changes: Any) -> None:
    step = "fifty" if activity in sheets.SHEETS else "decide"
    rooms.present(access.store(), room.code, step=step, activity=activity, **changes)


def notes(visit: Open, room: Room) -> AppTest:
    return give(visit(room=room.code, view="notes"), KEY)


def answer(phone: AppTest, key: str, round: int = 1) -> AppTest:
    return phone.button(key=f"answer_{QUESTION}_{round}_{key}").click().run()


def sheets_on(app: AppTest) -> list[Any]:
    """The pages of pictures that can be marked."""
    return [component for component in app.get("bidi_component") if component.key.startswith("sheet_")]


def charts(app: AppTest) -> str:
    return "".join(element.proto.spec for element in app.get("plotly_chart"))


# You decide


@pytest.mark.slow
def test_an_answer_is_read_back_from_the_record_and_a_later_one_counts(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION, open=True)
    phone = answer(visit(room=room.code, token=token), "4")
    assert "Counted: 4" in said(phone)
    answer(phone, "2")
    assert "Counted: 2" in said(phone)
    assert "Counted: 4" not in said(phone)
    assert votes.tally(access.store(), room.code, QUESTION, 1).counts == {"1": 0, "2": 1, "3": 0, "4": 0, "5": 0}


@pytest.mark.slow
def test_a_phone_that_is_loaded_again_finds_its_answer(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION, open=True)
    answer(visit(room=room.code, token=token), "4")
    assert "Counted: 4" in said(visit(room=room.code, token=token))


def test_a_press_after_the_vote_was_closed_is_refused_with_a_sentence(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION, open=True)
    phone = visit(room=room.code, token=token)
    stage(room, QUESTION, open=False)
    answer(phone, "4")
    assert "This is not open at the moment" in said(phone)
    assert "Counted" not in said(phone)
    assert votes.tally(access.store(), room.code, QUESTION, 1).total == 0


def test_before_the_reveal_the_projector_says_how_many_and_nothing_of_what(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION, open=True)
    answer(visit(room=room.code, token=token), "4")
    projector = visit(room=room.code, view="projector")
    assert "1 counted" in said(projector)
    assert "ecord" not in said(projector).partition("voted")[2]
    assert charts(projector) == ""


def others_answer(room: Room, round: int, key: str, count: int = 4) -> None:
    for _ in range(count):
        votes.vote(access.store(), room.code, QUESTION, round, rooms.join(access.store(), room.code), key)


@pytest.mark.slow
def test_after_the_reveal_both_votes_stand_beside_the_record(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION, open=True)
    phone = answer(visit(room=room.code, token=token), "4")
    others_answer(room, 1, "4")
    stage(room, QUESTION, round=2, open=True)
    answer(phone.run(), "2", round=2)
    others_answer(room, 2, "2")
    stage(room, QUESTION, round=2, revealed=True)
    for screen in (phone.run(), visit(room=room.code, view="projector")):
        assert all(name in charts(screen) for name in ("first vote", "second vote", "on record"))
        assert "median is 2" in said(screen)


def test_what_fewer_than_five_phones_answered_is_shown_nowhere(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION, open=True)
    others_answer(room, 1, "1", 3)
    phone = answer(visit(room=room.code, token=token), "4")
    stage(room, QUESTION, revealed=True)
    for screen in (phone.run(), visit(room=room.code, view="projector")):
        assert "Fewer than 5 answered in the first vote" in said(screen)
        assert "ImageNet's workers rated it 4.8 on average" in said(screen)
        assert charts(screen) == ""
        assert not any(verdict in said(screen) for verdict in ("The same", "Different", "median"))


def test_hands_are_shown_however_few_they_are_and_without_the_few_phones(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION, open=True)
    answer(visit(room=room.code, token=token), "5")
    votes.count_hands(access.store(), room.code, QUESTION, 1, {"1": 3})
    stage(room, QUESTION, revealed=True)
    screen = visit(room=room.code, view="projector")
    assert "median is 1;" in said(screen)
    (drawn,) = (json.loads(element.proto.spec)["data"][0] for element in screen.get("plotly_chart"))
    assert drawn["text"] == ["3", "", "", "", ""]


def test_the_presenter_leads_through_both_votes_to_the_next_word(visit: Open, room: Room) -> None:
    rooms.present(access.store(), room.code, step="decide")
    screen = notes(visit, room)
    for label, expected in (
        ("Open the vote", (QUESTION, 1, True, False)),
        ("Second vote", (QUESTION, 2, True, False)),
        ("Reveal", (QUESTION, 2, False, True)),
        ("Next word", (questions.DECKS["imageability"].questions[1], 1, False, False)),
    ):
        press(screen, label)
        now = rooms.stage(access.store(), room.code)
        assert (now.activity, now.round, now.open, now.revealed) == expected


def test_hands_are_counted_where_there_are_no_phones(visit: Open, room: Room) -> None:
    stage(room, QUESTION)
    screen = notes(visit, room)
    fields = {field.label: field for field in screen.number_input}
    fields["2"].set_value(7)
    fields["4"].set_value(5)
    press(screen, "Keep these counts")
    assert votes.tally(access.store(), room.code, QUESTION, 1).counts == {"1": 0, "2": 7, "3": 0, "4": 5, "5": 0}
    assert "Kept: 12 hands in the first vote" in said(screen)
    assert "12 counted" in said(visit(room=room.code, view="projector"))


def test_hands_that_are_counted_after_the_reveal_stand_in_the_chart_as_counted_hands(visit: Open, room: Room) -> None:
    stage(room, QUESTION, revealed=True)
    projector, screen = visit(room=room.code, view="projector"), notes(visit, room)
    assert "Nobody has voted on this word." in said(projector)
    assert "ImageNet's workers rated it 4.8 on average" in said(projector)
    screen.number_input[0].set_value(7)
    press(screen, "Keep these counts")
    assert "first vote, counted hands" in charts(projector.run())


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("view", ["phone", "projector"])
def test_that_a_word_is_masked_does_not_give_the_record_away(visit: Open, room: Room, token: str, view: str) -> None:
    stage(room, MASKED, open=True)
    screen = visit(room=room.code, token=token, view=view)
    assert "masked" in said(screen)
    assert "masked: offensive" not in said(screen)
    assert sentinels.found("".join(str(element.proto) for element in screen.main)) == set()


@pytest.mark.usefixtures("planted")
@pytest.mark.slow
def test_a_phone_may_reveal_a_masked_word_and_the_projector_does_not_follow(
    visit: Open, room: Room, token: str
) -> None:
    stage(room, MASKED, open=True)
    phone = visit(room=room.code, token=token)
    press(phone, "Reveal")
    assert sentinels.found(said(phone))
    assert not sentinels.found(said(visit(room=room.code, view="projector")))
    press(phone, "Mask everything again")
    assert not sentinels.found(said(phone))
    assert "Mask everything again" not in [button.label for button in phone.button]


def tally(question: str, **counts: int) -> Tally:
    keys = [choice.key for choice in questions.question(question).deck.choices]
    return Tally(question, 1, {key: counts.get(f"_{key}", counts.get(key, 0)) for key in keys}, dict.fromkeys(keys, 0))


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({"_1": 3, "_5": 1}, "**Different**"),
        ({"_5": 3, "_1": 1}, "**The same**"),
        ({}, "Nothing to lay side by side"),
    ],
)
def test_the_room_and_the_record_are_the_same_or_different_and_get_no_score(
    counts: dict[str, int], sentence: str
) -> None:
    question = questions.question(QUESTION)
    published = questions.published(question.wnid)
    assert published.imageability == 4.8
    outcome = vote.outcome(question, tally(QUESTION, **counts), published)
    assert sentence in outcome
    assert "%" not in outcome


def test_a_verdict_is_told_beside_what_was_said_most_often() -> None:
    key = "safety/n10142747"
    published = Published("n10142747", "safe", 5.0, "kept")
    outcome = vote.outcome(questions.question(key), tally(key, sensitive=3, safe=1), published)
    assert "**Different**" in outcome
    assert "“Sensitive: it depends on the picture”" in outcome
    assert "On record: safe; kept" in outcome


def test_a_refusal_is_forgotten_at_the_next_question(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION, open=True)
    phone = visit(room=room.code, token=token)
    stage(room, QUESTION, open=False)
    answer(phone, "4")
    assert "This is not open at the moment" in said(phone.run())
    stage(room, questions.DECKS["imageability"].questions[1], open=True)
    assert "This is not open at the moment" not in said(phone.run())


def test_what_is_drawn_again_and_again_stops_without_an_error_when_the_room_is_deleted() -> None:
    def script() -> None:
        import streamlit as st

        from explainer.ui.workshop import refresh
        from explainer.workshop import rooms
        from explainer.workshop.store import Store

        refresh.every(1.0, lambda: rooms.stage(Store(None), "CCCCC"), "nothing")
        st.write("the rest of the page")

    assert said(AppTest.from_function(script).run()) == "the rest of the page"


# Fifty a minute


@pytest.mark.slow
def test_a_page_of_pictures_is_there_while_it_is_open_and_kept_when_it_is_closed(
    visit: Open, room: Room, token: str
) -> None:
    stage(room, "thing", open=True)
    phone = visit(room=room.code, token=token)
    assert [sheet.key for sheet in sheets_on(phone)] == ["sheet_thing_2"]
    votes.mark(access.store(), room.code, "thing", token, [0, 47])
    assert "marking: 1" in said(visit(room=room.code, view="projector"))
    stage(room, "thing", open=False)
    assert "Kept: 2 of 48" in said(phone.run())
    assert not sheets_on(phone)


def page(phone: AppTest) -> dict[str, Any]:
    """What the page of pictures in a browser is drawn from."""
    (component,) = sheets_on(phone)
    data: dict[str, Any] = json.loads(component.proto.json)
    return data


@pytest.mark.parametrize("change", ["paused", "blank"])
def test_a_page_comes_back_with_its_marks_after_a_pause(visit: Open, room: Room, token: str, change: str) -> None:
    stage(room, "thing", open=True)
    phone = visit(room=room.code, token=token)
    assert page(phone)["marked"] == []
    votes.mark(access.store(), room.code, "thing", token, [0, 5, 47])
    for on in (True, False):
        stage(room, "thing", open=True, **{change: on})
        phone.run()
    assert page(phone)["marked"] == [0, 5, 47]
    assert "Kept: 3 of 48" in said(phone)


def test_a_phone_that_comes_after_the_time_takes_its_own(visit: Open, room: Room, token: str) -> None:
    stage(room, "thing", open=True)
    assert 0 < page(visit(room=room.code, token=token))["seconds"] <= sheets.SECONDS
    access.store().write(lambda connection: connection.execute("UPDATE rooms SET since = since - 60"))
    assert page(visit(room=room.code, token=token))["seconds"] is None


def test_of_fewer_than_five_pages_nothing_is_told(visit: Open, room: Room) -> None:
    stage(room, "thing", open=True)
    for place in range(4):
        votes.mark(access.store(), room.code, "thing", rooms.join(access.store(), room.code), [place])
    assert "marking: 4" in said(visit(room=room.code, view="projector"))
    stage(room, "thing", revealed=True)
    screen = visit(room=room.code, view="projector")
    assert "Fewer than 5 answered." in said(screen)
    assert "%" not in said(screen)


def test_the_pictures_that_split_the_room_come_first() -> None:
    marked = [4, 2, 1, *[0] * 45]
    assert fifty.disputed(Marks("thing", 4, tuple(marked)), 12) == [1, 2]


# Reports, and what is taken away


def test_a_refused_report_says_so_where_it_was_pressed_and_nowhere_else(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION)
    phone = visit(room=room.code, token=token)
    access.store().write(lambda connection: connection.execute("UPDATE rooms SET paused = 1"))
    press(phone, "It cannot be seen in a picture")
    access.store().write(lambda connection: connection.execute("UPDATE rooms SET paused = 0"))
    assert [error.value for error in phone.run().error] == ["This is not open at the moment. Wait for the presenter."]


def test_a_report_goes_to_the_presenters_list_once(
    visit: Open, room: Room, token: str, downloads: dict[str, Callable[[], Any]]
) -> None:
    stage(room, QUESTION)
    phone = visit(room=room.code, token=token)
    press(phone, "It cannot be seen in a picture")
    assert "On the presenter's list: 1 of your reasons" in said(phone)
    wnid = questions.question(QUESTION).wnid
    assert [(flag.wnid, flag.reason, flag.count) for flag in reports.flags(access.store(), room.code)] == [
        (wnid, "unseen", 1)
    ]
    screen = notes(visit, room)
    screen.session_state["section_To take away"] = True
    assert "It cannot be seen in a picture" in said(screen.run())
    assert wnid in downloads["take_Reported words (CSV)"]()


@pytest.mark.usefixtures("planted")
def test_all_that_is_taken_away_is_made_without_a_masked_word(
    visit: Open, room: Room, token: str, downloads: dict[str, Callable[[], Any]]
) -> None:
    stage(room, MASKED, open=True)
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
