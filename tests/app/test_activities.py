"""What a room does, as Streamlit runs it: the vote, the page of pictures, the wall, reports, what is taken away."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sentinels
from streamlit.testing.v1 import AppTest
from workshops import Open, give, press, said

from explainer.imagenet import vocabularies
from explainer.ui import access
from explainer.ui.workshop import fifty, vote
from explainer.ui.workshop import wall as its_wall
from explainer.workshop import questions, rooms, sheets, votes, wall
from explainer.workshop.questions import Published
from explainer.workshop.rooms import Room
from explainer.workshop.votes import Marks, Tally
from tests.servers import KEY

pytestmark = pytest.mark.usefixtures("fresh_app")

QUESTION = questions.DECKS["imageability"].questions[0]
MASKED = "safety/n10401331"  # on record as offensive
STEPS = {"vote": "decide", "fifty": "fifty", "wall": "wall"}


@pytest.fixture
def room() -> Room:
    return rooms.open_room(access.store(), "adults", route="90")


@pytest.fixture
def token(room: Room) -> str:
    return rooms.join(access.store(), room.code)


def stage(room: Room, activity: str, **changes: Any) -> None:
    step = "fifty" if activity in sheets.SHEETS else "wall" if activity == "wall" else "decide"
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


def test_an_answer_is_read_back_from_the_record_and_a_later_one_counts(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION, open=True)
    phone = answer(visit(room=room.code, token=token), "4")
    assert "Counted: 4" in said(phone)
    answer(phone, "2")
    assert "Counted: 2" in said(phone)
    assert "Counted: 4" not in said(phone)
    assert votes.tally(access.store(), room.code, QUESTION, 1).counts == {"1": 0, "2": 1, "3": 0, "4": 0, "5": 0}


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


def test_agreement_is_told_round_by_round_or_not_at_all() -> None:
    told = vote.agreement({1: 0.25, 2: -0.001}, {1: 11, 2: 3})
    assert ": 0.25 over 11 words in the first vote, 0.00 over 3 words in the second vote." in told
    assert "once 5 people voted on two words" in vote.agreement({1: None, 2: None}, {1: 1, 2: 0})


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


def test_a_page_of_pictures_is_there_while_it_is_open_and_kept_when_it_is_closed(
    visit: Open, room: Room, token: str
) -> None:
    stage(room, "thing", open=True)
    phone = visit(room=room.code, token=token)
    assert [sheet.key for sheet in sheets_on(phone)] == ["sheet_thing_2"]
    votes.mark(access.store(), room.code, "thing", 1, token, [0, 47])
    assert "pages in: 1" in said(visit(room=room.code, view="projector"))
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
    votes.mark(access.store(), room.code, "thing", 1, token, [0, 5, 47])
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


def test_what_haste_did_to_agreement_is_told_after_the_reveal(visit: Open, room: Room) -> None:
    tokens = [rooms.join(access.store(), room.code) for _ in range(5)]
    showing = [picture.number - 1 for picture in sheets.sheet("thing").pictures if picture.shows]
    for round in sheets.ROUNDS:
        stage(room, "thing", round=round, open=True)
        for number, token in enumerate(tokens):
            odd = [number] if round == fifty.TIMED else []
            votes.mark(access.store(), room.code, "thing", round, token, [*showing, *odd])
    stage(room, "thing", round=2, revealed=True)
    for screen in (visit(room=room.code, view="projector"), visit(room=room.code, token=tokens[0])):
        assert "1.00 untimed" in said(screen)
        assert "Without haste the room agrees more" in said(screen)
        assert "100% against the clock; 100% untimed" in said(screen)


def test_who_took_their_time_is_not_among_those_in_haste(visit: Open, room: Room) -> None:
    stage(room, "thing", open=True)
    for number in range(8):
        token, unhurried = rooms.join(access.store(), room.code), number >= 5
        votes.mark(access.store(), room.code, "thing", 1, token, [0] if unhurried else [1], unhurried)
    screen = visit(room=room.code, view="projector")
    assert "pages in: 8" in said(screen)
    stage(room, "thing", revealed=True)
    assert "1.00 against the clock" in said(screen.run())
    assert "Who took their time there is not counted in it." in said(screen)


def test_of_fewer_than_five_pages_nothing_is_told(visit: Open, room: Room) -> None:
    stage(room, "thing", open=True)
    for place in range(4):
        votes.mark(access.store(), room.code, "thing", 1, rooms.join(access.store(), room.code), [place])
    assert "pages in: 4" in said(visit(room=room.code, view="projector"))
    stage(room, "thing", revealed=True)
    screen = visit(room=room.code, view="projector")
    assert "once 5 pages are in" in said(screen)
    assert "%" not in said(screen)


def test_a_small_difference_between_the_rounds_is_no_finding() -> None:
    sheet = sheets.sheet("thing")
    calm = [10 if place in sheet.showing else 0 for place in range(48)]
    hasty = [*calm]
    hasty[min(sheet.showing)] = 9
    told = fifty.haste(sheet, {1: Marks("thing", 1, 10, tuple(hasty)), 2: Marks("thing", 2, 10, tuple(calm))})
    assert "Without haste the room agrees about as much." in told
    even = {1: Marks("thing", 1, 200, (100,) * 48)}
    assert "): 0.00 against the clock." in fifty.haste(sheet, even)  # -0.0001


def test_one_label_an_hour_is_one_label() -> None:
    assert "This room: 1 label an hour." in its_wall.rate(1.2)
    assert "This room: 2 labels an hour." in its_wall.rate(1.7)


def test_the_pictures_that_split_the_room_come_first() -> None:
    marked = [4, 2, 1, *[0] * 45]
    assert fifty.disputed({1: Marks("thing", 1, 4, tuple(marked))}, 12) == [1, 2]


# The wall


def read(phone: AppTest) -> AppTest:
    phone.pills(key="sample").set_value("astronaut").run()
    return phone.button(key="notice_button").click().run() if "Go on" in str(phone.button) else phone


def test_labels_go_on_the_wall_by_choice_and_can_be_taken_back(visit: Open, room: Room, token: str) -> None:
    stage(room, "wall")
    phone = read(visit(room=room.code, token=token))
    assert wall.added(access.store(), room.code, token) == 0
    press(phone, "Add my labels to the wall")
    assert wall.added(access.store(), room.code, token) == 1
    assert "On the wall: 1 label of yours" in said(phone)
    for screen in (phone, read(visit(room=room.code, token=token))):  # the same phone, and after a reload
        assert "Add my labels to the wall" not in [button.label for button in screen.button]
    press(phone, "Take mine back")
    assert wall.added(access.store(), room.code, token) == 0


def test_the_wall_shows_nothing_before_it_is_revealed_or_of_fewer_than_five(visit: Open, room: Room) -> None:
    stage(room, "wall")
    people = sorted(vocabularies.person_categories("fall-2011"))
    for count in (4, 5):
        for wnid in people[:count]:
            wall.add(access.store(), room.code, rooms.join(access.store(), room.code), [wnid])
        screen = visit(room=room.code, view="projector")
        assert charts(screen) == ""
        assert "on the wall: " in said(screen)
        rooms.present(access.store(), room.code, revealed=True)
        screen.run()
        assert ("Fewer than 5" in said(screen)) == (charts(screen) == "") == (count == 4)
        rooms.present(access.store(), room.code, revealed=False)


def test_the_revealed_wall_stands_beside_the_published_rate_and_takes_no_more(
    visit: Open, room: Room, token: str
) -> None:
    stage(room, "wall")
    phone = read(visit(room=room.code, token=token))
    kept = min(vocabularies.person_categories("winter-2021"))
    for _ in range(5):
        wall.add(access.store(), room.code, rooms.join(access.store(), room.code), [kept])
    rooms.present(access.store(), room.code, revealed=True)
    press(phone, "Add my labels to the wall")
    assert "not open" in said(phone)
    assert wall.added(access.store(), room.code, token) == 0
    assert "100,000 labels an hour, as published" in said(phone)
    assert "Words that 5 or more got" in said(phone)


@pytest.mark.parametrize(("preset", "uploads"), [("mixed", 0), ("adults", 1)])
def test_own_photos_are_for_rooms_of_adults(visit: Open, preset: str, uploads: int) -> None:
    room = rooms.open_room(access.store(), preset, route="90")
    stage(room, "wall")
    phone = visit(room=room.code, token=rooms.join(access.store(), room.code))
    assert len(phone.get("file_uploader")) == uploads


def test_an_own_face_is_laid_beside_safe_words_alone_until_its_owner_asks(visit: Open, room: Room, token: str) -> None:
    stage(room, "wall")
    phone = read(visit(room=room.code, token=token))
    assert "Nearest of 2,832 words" in said(phone)
    phone.session_state["sample"] = None  # as an upload leaves it
    phone.run()
    assert "Nearest of 1,239 words" in said(phone)
    phone.toggle(key="ask_all").set_value(True).run()
    assert "Nearest of 2,832 words" in said(phone)


# Reports, and what is taken away


def test_a_refused_report_says_so_where_it_was_pressed_and_nowhere_else(visit: Open, room: Room, token: str) -> None:
    stage(room, QUESTION)
    phone = visit(room=room.code, token=token)
    access.store().write(lambda connection: connection.execute("UPDATE rooms SET paused = 1"))
    press(phone, "It cannot be seen in a picture")
    access.store().write(lambda connection: connection.execute("UPDATE rooms SET paused = 0"))
    assert [error.value for error in phone.run().error] == ["This is not open at the moment. Wait for the presenter."]


def test_the_word_of_an_own_photo_cannot_be_reported(visit: Open, room: Room, token: str) -> None:
    stage(room, "wall")
    phone = read(visit(room=room.code, token=token))
    press(phone.run(), "It is no kind of person")
    phone.session_state["sample"] = None  # as an upload leaves it
    phone.run()
    assert "Report this word" not in [expander.label for expander in phone.run().expander]
    assert len(wall.flags(access.store(), room.code)) == 1


def test_a_report_goes_to_the_presenters_list_once(
    visit: Open, room: Room, token: str, downloads: dict[str, Callable[[], Any]]
) -> None:
    stage(room, QUESTION)
    phone = visit(room=room.code, token=token)
    press(phone, "It cannot be seen in a picture")
    assert "On the presenter's list: 1 of your reasons" in said(phone)
    wnid = questions.question(QUESTION).wnid
    assert [(flag.wnid, flag.reason, flag.count) for flag in wall.flags(access.store(), room.code)] == [
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
    wall.flag(access.store(), room.code, token, "n10401331", "insult")
    screen = notes(visit, room)
    screen.session_state["section_To take away"] = True
    screen.run()
    taken = {key: write() for key, write in downloads.items()}
    assert len(taken) == 5
    for content in taken.values():
        assert not any("offensive" in word for word in sentinels.found(content))
        assert token not in content
