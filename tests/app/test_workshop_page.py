"""The page "Workshop": who may what, what each screen shows, and what hostile or unlucky visitors get."""

import contextlib
import importlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from workshops import Open, give, join, labels, move, press, restart, said

from explainer.imagenet import masked_words
from explainer.imagenet.masked_words import Context
from explainer.ui import access, browser
from explainer.ui.workshop import invitation, lobby, take_away, talk_pictures
from explainer.workshop import addresses, participants, questions, rooms, screens, sqlite, talk, votes
from explainer.workshop.rooms import Room
from tests.servers import KEY

ROOT = Path(__file__).parents[2]
MARKUP = '<img src=x onerror=alert(1)>[x](javascript:alert(2))${{7*7}}"\x00'

pytestmark = pytest.mark.usefixtures("fresh_app")


@pytest.fixture
def room() -> Room:
    return rooms.open_room(access.store(), route="20")


@pytest.fixture
def notes(visit: Open, room: Room) -> AppTest:
    """The notes of the room, in a session that gave the key."""
    return give(visit(room=room.code, view="notes"), KEY)


def address(app: AppTest) -> dict[str, str]:
    """The parameters of the address; AppTest has lists of those that a test set, texts of those that the app did."""
    return {name: value if isinstance(value, str) else value[0] for name, value in app.query_params.items()}


def title(name: str) -> str:
    return talk.load().steps[name].title


def test_a_code_that_is_typed_in_small_letters_joins_its_room(visit: Open, room: Room) -> None:
    app = visit()
    app.text_input(key="room_code").input(f" {room.code.lower()} ")
    press(app, "Join")
    assert address(app)["room"] == room.code
    assert title("start") in said(app)
    assert participants.count(access.store(), room.code) == 1


def test_two_tabs_of_a_browser_that_join_by_the_code_are_one_phone(
    visit: Open, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "identity", lambda: "a browser")
    for _ in range(2):
        app = visit()
        app.text_input(key="room_code").input(room.code)
        assert title("start") in said(press(app, "Join"))
    assert participants.count(access.store(), room.code) == 1
    # Whoever is in comes back by another tab, when no new phone may join any more.
    participants.open_door(access.store(), room.code, to_new_phones=False)
    again = visit()
    again.text_input(key="room_code").input(room.code)
    assert title("start") in said(press(again, "Join"))


def test_a_code_to_photograph_joins_with_one_press(visit: Open, room: Room) -> None:
    app = visit(room=room.code)
    assert "Your answers are kept without your name, under a random number" in said(app)
    assert participants.count(access.store(), room.code) == 0
    press(app, "Join")
    assert participants.count(access.store(), room.code) == participants.here(access.store(), room.code) == 1


def test_a_wrong_code_gives_a_sentence_and_the_field_again(visit: Open, room: Room) -> None:
    app = visit(room="CCCCC")
    assert "no room with this code" in said(app)
    app.text_input(key="room_code").input("nothing of the kind"[:12])
    assert "no room with this code" in said(press(app, "Join"))


def test_the_token_of_another_room_is_no_token_here(visit: Open, room: Room) -> None:
    other = rooms.open_room(access.store())
    app = visit(room=room.code, token=participants.join(access.store(), other.code))
    assert "This device has not joined the room yet" in said(app)
    assert "Join" in labels(app)


@pytest.mark.parametrize("name", ["room", "token", "view", "phones", "began", "category"])
@pytest.mark.parametrize("view", ["phone", "projector", "notes"])
def test_markup_in_the_address_is_never_shown(visit: Open, room: Room, name: str, view: str) -> None:
    app = visit(**{"room": room.code, "view": view, name: MARKUP})
    if view == "notes" and name not in ("room", "view"):
        give(app, KEY)
    assert "alert" not in said(app) + str([image.proto for image in app.get("image")])


@pytest.mark.parametrize(
    ("preset", "told"), [("mixed", "no photo of you"), ("adults", "your own photo only if you want")]
)
def test_the_first_step_says_of_photos_what_is_true_of_the_room(visit: Open, preset: str, told: str) -> None:
    room = rooms.open_room(access.store(), preset)
    assert f"No name, no account, {told}" in said(visit(room=room.code, view="projector"))


def test_a_browser_is_asked_not_to_keep_the_presenters_key(visit: Open, room: Room) -> None:
    field = visit(room=room.code, view="notes").text_input(key="presenter_key")
    assert field.proto.autocomplete == "new-password"  # browsers offer to keep it whatever else is said


def test_markup_as_a_code_or_a_key_is_a_wrong_one(visit: Open) -> None:
    app = visit()
    app.text_input(key="room_code").input("<b>`[x](y)")
    assert "no room with this code" in said(press(app, "Join"))
    assert "This is not the key" in said(give(app, MARKUP))
    assert "alert" not in said(app)


@pytest.mark.slow
def test_without_the_key_nobody_gets_notes_or_the_buttons_that_move_the_room(visit: Open, room: Room) -> None:
    step = talk.load().steps["start"]
    for view in ("phone", "projector", "notes"):
        app = visit(room=room.code, view=view)
        assert not {"Next", "Back", "Blank", "End", "Delete it"} & set(labels(app))
        assert step.say not in said(app)
        assert not app.menu_button
    offered = set(labels(visit()))
    assert offered == {"Join", "Open the presenter's page"} | {label for label in offered if "…" in label}


@pytest.mark.slow
def test_the_right_key_lets_in_after_a_wrong_one_and_is_kept_nowhere(
    visit: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    app = give(visit(), "another key of some length")
    assert "This is not the key" in said(app)
    assert "Open a room" not in labels(app)
    give(app, KEY)
    assert "Open a room" in labels(app)
    assert KEY not in [field.value for field in app.text_input]
    assert KEY not in said(app) + str(address(app)) + capsys.readouterr().out


def test_a_key_is_made_and_printed_where_the_environment_names_none(
    visit: Open, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EXPLAINER_PRESENTER_KEY")
    restart()
    app = visit()
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "presenter's key" in line)
    assert "Open a room" in labels(give(app, line.split(": ")[1]))


@pytest.mark.slow
def test_a_key_that_is_too_short_lets_nobody_in(
    visit: Open, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EXPLAINER_PRESENTER_KEY", "short")
    restart()
    app = visit()
    assert "at least 12 characters" in (printed := capsys.readouterr().out)
    assert "Open a room" not in labels(give(app, "short"))
    assert "Open a room" in labels(give(app, printed.strip().rsplit(": ", 1)[1]))


def test_a_room_opens_with_what_the_presenter_chose(visit: Open) -> None:
    app = give(visit(), KEY)
    app.radio(key="preset").set_value("adults").run()
    app.selectbox(key="deck").set_value("imageability").run()
    app.segmented_control(key="route").set_value("90").run()
    press(app, "Open a room")
    (room,) = rooms.listing(access.store())
    assert (room.preset, room.deck, room.route, room.rehearsal) == ("adults", "imageability", "90", False)
    assert talk.load().steps["start"].hope in said(app).replace("\\", "")


@pytest.mark.parametrize("label", ["Open a room", "Rehearse"])
def test_a_button_that_is_pressed_twice_before_the_page_is_drawn_again_opens_one_room(
    visit: Open, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    opened = lobby._opened
    monkeypatch.setattr(lobby, "_opened", lambda *chosen: (opened(*chosen), opened(*chosen)))
    monkeypatch.setattr(lobby, "_SECOND", 60.0)  # a machine that is busy is slow, not wrong
    app = press(give(visit(), KEY), label)
    (room,) = rooms.listing(access.store())
    assert address(app) == {"room": room.code, "view": "notes"}
    app.query_params.clear()  # as by a second press that came when the room was drawn already
    assert address(app.run()) == {"room": room.code, "view": "notes"}
    app.query_params.clear()
    assert address(press(app.run(), label))["room"] not in ("", room.code)  # another one, from the page drawn anew
    assert len(rooms.listing(access.store())) == 2


@pytest.mark.slow
def test_a_rehearsal_says_so_on_every_screen(visit: Open) -> None:
    app = press(give(visit(), KEY), "Rehearse")
    (room,) = rooms.listing(access.store())
    assert room.rehearsal
    assert all(
        "made up" in said(screen) for screen in (app, visit(room=room.code, view="projector"), join(visit, room))
    )


def test_phone_and_projector_follow_the_notes(visit: Open, room: Room, notes: AppTest) -> None:
    assert "0 joined, 0 awake" in said(notes)
    phone, projector = join(visit, room), visit(room=room.code, view="projector")
    move(room)
    assert screens.stage(access.store(), room.code).step == "cups"
    assert "1 joined, 1 awake" in said(notes.run())
    for screen in (notes.run(), phone.run(), projector.run()):
        assert title("cups") in said(screen)
        assert title("start") not in [element.value for element in (*screen.title, *screen.header)]
    move(room, "back")
    assert title("start") in said(phone.run())


def test_a_pause_and_a_dark_screen_are_told_on_the_phones(visit: Open, room: Room, notes: AppTest) -> None:
    phone, projector = join(visit, room), visit(room=room.code, view="projector")
    press(notes, "Pause all")
    assert "A pause" in said(phone.run())
    assert title("start") in said(projector.run())
    press(notes, "Go on")
    move(room, "dark")
    assert "Look up" in said(phone.run())
    assert said(projector.run()) == ""
    (black,) = (image for element in projector.get("image") for image in element.proto.imgs)
    assert black.alt == "The screen is blank."
    move(room, "light")
    assert title("start") in said(phone.run())


def test_room_step_and_token_outlive_a_restart(visit: Open, room: Room, notes: AppTest) -> None:
    token = participants.join(access.store(), room.code)
    move(room)
    restart()
    assert title("cups") in said(visit(room=room.code, token=token))
    assert title("cups") in said(press(give(visit(), KEY), "Resume"))


def test_an_ended_room_thanks_its_phones_and_shows_no_way_in(visit: Open, room: Room) -> None:
    phone, projector, lobby = join(visit, room), visit(room=room.code, view="projector"), give(visit(), KEY)
    assert [image.alt for element in projector.get("image") for image in element.proto.imgs]
    press(lobby, "End")
    assert "This room has ended" in said(phone.run())
    assert "Join" not in labels(visit(room=room.code))
    assert not projector.run().get("image")
    assert "has ended" in said(projector)


def test_before_a_room_is_deleted_the_lobby_says_that_its_handout_was_not_downloaded(visit: Open, room: Room) -> None:
    assert "The handout was not downloaded yet" not in said(give(visit(), KEY))  # nothing was done in it
    move(room)
    assert "The handout was not downloaded yet" in said(give(visit(), KEY))
    take_away.handout_of(room.code)
    assert "The handout was not downloaded yet" not in said(give(visit(), KEY))


def test_copies_of_the_record_that_no_button_deletes_are_named_wherever_rooms_are_deleted(
    visit: Open, room: Room
) -> None:
    kept = access.store().file
    assert kept is not None
    assert "Older copies" not in said(give(visit(), KEY))
    kept.with_name("rooms.other-20261101-120000-000000.sqlite").touch()
    restart()
    told = said(give(visit(), KEY))
    assert told.count("`rooms.other-20261101-120000-000000.sqlite`") == 2  # above the rooms, and where one is deleted


def test_a_deleted_room_is_gone_for_everybody(visit: Open, room: Room) -> None:
    rooms.open_room(access.store())
    phone, projector, lobby = join(visit, room), visit(room=room.code, view="projector"), give(visit(), KEY)
    lobby.button(key=f"delete_now_{room.code}").click().run()
    assert room not in rooms.listing(access.store())
    for screen in (phone.run(), projector.run()):
        assert said(screen) == "This room is over and deleted, or there never was one with this code."
        assert not labels(screen)


@pytest.fixture
def drawn_while(visit: Open, room: Room, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], AppTest]:
    """Call it for a phone at a vote that is drawn while something changes."""

    def drawn_while(change: Callable[[], object]) -> AppTest:
        vote = next(beat for beat in talk.beats(room) if beat.step == "decide")
        screens.present(access.store(), room.code, **vars(vote))
        phone, vote_of = join(visit, room), votes.vote_of

        def changed(*arguments: Any) -> str | None:
            change()
            return vote_of(*arguments)

        monkeypatch.setattr(votes, "vote_of", changed)
        return phone.run()

    return drawn_while


def test_a_room_that_is_deleted_while_a_phone_is_drawn_is_over_there_too(
    drawn_while: Callable[[Callable[[], object]], AppTest], room: Room
) -> None:
    phone = drawn_while(lambda: rooms.delete(access.store(), room.code))
    assert said(phone) == "This room is over and deleted, or there never was one with this code."
    assert not phone.exception


def test_a_phone_whose_place_was_taken_while_it_is_drawn_is_asked_to_join_again(
    drawn_while: Callable[[Callable[[], object]], AppTest],
) -> None:
    taken = "DELETE FROM participants"
    phone = drawn_while(lambda: access.store().write(lambda connection: connection.execute(taken)))
    assert "Join" in labels(phone)
    assert not phone.exception


def test_a_poll_and_an_answer_that_the_talk_has_no_more_take_no_page_down(visit: Open, notes: AppTest) -> None:
    room = rooms.open_room(access.store(), route="45")
    poll = next(beat for beat in talk.beats(room) if beat.activity.startswith("poll/") and beat.phase == "open")
    screens.present(access.store(), room.code, **vars(poll))
    phone = join(visit, room)
    answer = questions.question(poll.activity).choices[0]
    phone.button(key=f"answer_{poll.activity}_1_{answer.key}").click().run()
    assert f"Counted: {answer.title}" in said(phone)
    for change in ("votes SET answer = 'gone'", "rooms SET phase = 'second'", "rooms SET activity = 'poll/gone'"):
        access.store().write(lambda connection, change=change: connection.execute(f"UPDATE {change}"))
        for screen in (phone, notes):
            screen.query_params["room"] = room.code
            assert not screen.run().exception
        assert "Counted" not in said(phone)


def test_of_many_rooms_some_are_listed_and_the_others_a_press_away(visit: Open) -> None:
    first = rooms.open_room(access.store())
    for _ in range(2 * lobby._LISTED):
        rooms.open_room(access.store())
    codes = [room.code for room in rooms.listing(access.store())]
    door = give(visit(), KEY)

    def listed() -> list[str]:
        return [button.key.removeprefix("resume_") for button in door.button if "resume_" in button.key]

    assert listed() == codes[: lobby._LISTED]
    for page in (2, 3):
        door.pagination(key="rooms").select(page).run()
        assert listed() == codes[(page - 1) * lobby._LISTED : page * lobby._LISTED]
    door.button(key=f"delete_now_{first.code}").click().run()
    assert listed()  # of another page, where one has none left
    assert first.code not in [room.code for room in rooms.listing(access.store())]
    press(door, "Open a room")
    assert len(rooms.listing(access.store())) == len(codes)


def test_a_room_that_could_not_be_deleted_is_forgotten_by_nobody(
    visit: Open, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten = list[str]()
    monkeypatch.setattr(access, "FORGET", [forgotten.append])
    monkeypatch.setattr(sqlite, "BUSY", 0.05)
    restart()
    lobby = give(visit(), KEY)
    with contextlib.closing(sqlite3.connect(access.store().file)) as other:
        other.execute("BEGIN IMMEDIATE")
        lobby.button(key=f"delete_now_{room.code}").click().run()
        assert "Another program holds the room's record" in said(lobby)
        assert not forgotten
        other.rollback()
    lobby.button(key=f"delete_now_{room.code}").click().run()
    assert forgotten == [room.code]


def takes_photos(app: AppTest) -> bool:
    """Whether the page of photos offers to bring one."""
    return "own_photo" in [button.key for button in app.button]


@pytest.mark.parametrize(("preset", "uploads"), [("mixed", 0), ("adults", 1)])
def test_only_adults_bring_photos_of_their_own_and_reveal_words(visit: Open, preset: str, uploads: int) -> None:
    phone = join(visit, rooms.open_room(access.store(), preset))
    phone.query_params.clear()
    phone.switch_page("pages/photo.py").run()
    phone.button(key="sample_coffee").click().run()  # whose first word is covered
    assert not phone.exception
    assert takes_photos(phone) == bool(uploads)
    assert ("reveal_all" in [button.key for button in phone.button]) == bool(uploads)


@pytest.fixture
def newcomer() -> AppTest:
    """A session that has joined nothing and given no key, and that asked for all words."""
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=250)
    app.query_params["category"] = "n10401331"
    app.session_state["revealed_all"] = True
    return app


@pytest.mark.parametrize("parameters", [{}, {"room": "CODE"}])
def test_while_a_mixed_room_is_on_no_other_address_leads_round_its_rules(
    room: Room, newcomer: AppTest, parameters: dict[str, str]
) -> None:
    newcomer.query_params.update(parameters and {"room": room.code})
    tree = newcomer.switch_page("pages/tree.py").run()
    assert "covered" in tree.header[0].value
    photo = newcomer.switch_page("pages/photo.py").run()
    assert "A workshop is on" in said(photo)
    assert not takes_photos(photo)


def test_the_lock_ends_with_the_room_and_never_holds_the_presenter(visit: Open, room: Room, newcomer: AppTest) -> None:
    presenter = give(visit(), KEY)
    assert takes_photos(presenter.switch_page("pages/photo.py").run())
    press(presenter.switch_page("pages/workshop.py").run(), "End")
    tree = newcomer.switch_page("pages/tree.py").run()
    assert "covered" not in tree.header[0].value
    assert "A workshop is on" not in said(tree)


def test_what_was_revealed_before_joining_is_masked_in_a_mixed_room(newcomer: AppTest) -> None:
    app = newcomer.switch_page("pages/tree.py").run()
    assert "[covered" not in app.header[0].value
    room = rooms.open_room(access.store())
    app.switch_page("pages/workshop.py")
    app.query_params["room"] = room.code
    press(app.run(), "Join")
    app.query_params.clear()
    app.query_params["category"] = "n10401331"
    app.switch_page("pages/tree.py").run()
    assert "covered" in app.header[0].value


def test_where_nothing_can_be_written_the_room_goes_on_and_the_presenter_is_told(
    visit: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, downloads: dict[str, Callable[[], str]]
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("EXPLAINER_DATA", str(tmp_path / "file"))
    restart()
    lobby = visit()
    assert "cannot be written" not in said(lobby)
    assert "cannot be written" in said(give(lobby, KEY))
    notes = press(lobby, "Open a room")
    assert "cannot be written" in said(notes)
    (room,) = rooms.listing(access.store())
    phone = join(visit, room)
    move(room)
    assert title("cups") in said(phone.run())
    assert "cannot be written" not in said(phone)
    notes.session_state["section_To take away"] = True
    notes.run()
    assert "in memory, until the program ends" in downloads["take_For IT and data protection"]()


def test_an_address_that_is_typed_is_shown_until_the_machine_changes_networks(
    visit: Open, room: Room, notes: AppTest
) -> None:
    notes.session_state["section_Joining"] = True
    notes.run()
    notes.text_input(key="typed_address").input("talk.local:8600")
    press(notes, "Show this address")
    assert "talk.local:8600" in said(visit(room=room.code, view="projector")).replace("\\", "")
    invitation._chosen()["192.0.2.77",] = invitation._chosen().pop(addresses.addresses())  # what no machine has
    assert "talk.local" not in said(visit(room=room.code, view="projector")).replace("\\", "")


def test_what_is_typed_and_is_no_address_is_said_and_shown_nowhere(visit: Open, room: Room, notes: AppTest) -> None:
    notes.session_state["section_Joining"] = True
    notes.run()
    notes.text_input(key="typed_address").input(MARKUP)
    assert "This is no address of a computer" in said(press(notes, "Show this address"))
    assert "alert" not in said(visit(room=room.code, view="projector"))


def test_what_is_typed_for_the_wifi_is_on_a_presenters_projector_until_the_room_ends(
    visit: Open, room: Room, notes: AppTest
) -> None:
    notes.session_state["section_Joining"] = True
    notes.run()
    notes.text_input(key="wifi_name").input("School")
    notes.text_input(key="wifi_password").input("a secret of ours")
    press(notes, "Make a code for the Wi-Fi")
    projector = visit(room=room.code, view="projector")
    assert "First the Wi-Fi" not in said(projector)  # whoever has the code of the room can open it
    projector.session_state[browser.PRESENTER] = True
    assert "First the Wi-Fi" in said(projector.run())
    assert "First the Wi-Fi" not in said(visit(room=rooms.open_room(access.store()).code, view="projector"))
    assert "a secret of ours" not in str(dict(notes.query_params))
    assert not [file for file in access.store().file.parent.iterdir() if b"a secret of ours" in file.read_bytes()]
    lobby = give(visit(), KEY)
    lobby.button(key=f"end_{room.code}").click().run()
    assert "First the Wi-Fi" not in said(projector.run())


def test_where_another_process_ends_or_deletes_a_room_its_wifi_is_forgotten_here_too(room: Room) -> None:
    invitation.tell_wifi(room.code, "a secret of ours")
    rooms.end(access.store(), room.code)
    assert invitation.wifi(rooms.find(access.store(), room.code)) is None
    assert invitation.way(room.code)[1] is None
    invitation.tell_wifi(room.code, "a secret of ours")
    access._hear(room.code, 0)  # as the database tells it of a room that is gone
    assert invitation._networks() == {}


def checks(notes: AppTest) -> AppTest:
    notes.session_state["section_Before people come"] = True
    return notes.run()


def test_a_room_that_somebody_forgot_to_end_is_told_and_can_be_ended(room: Room, notes: AppTest) -> None:
    assert "is still on" not in said(checks(notes))
    other = rooms.open_room(access.store(), "adults")
    assert f"Another room, {other.code}, is still on" in said(checks(notes))
    press(notes, f"End the room {other.code}")
    assert rooms.find(access.store(), other.code).ended
    assert "is still on" not in said(notes)
    assert not rooms.find(access.store(), room.code).ended


def test_a_page_that_is_drawn_while_another_program_holds_the_record_looks_again(
    visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY", 0.05)
    restart()
    phone = join(visit, rooms.open_room(access.store(), route="20"))
    access.store()._connection.execute("PRAGMA journal_mode = DELETE")  # as on a network's disk: readers wait, too
    with contextlib.closing(sqlite3.connect(access.store().file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "Another program holds" in said(phone.run())
        assert "look_held" in [component.key for component in phone.get("bidi_component")]
        other.execute("ROLLBACK")
    assert title("start") in said(phone.run())


def test_no_screen_says_that_a_room_was_deleted_whose_record_cannot_be_read_just_now(
    visit: Open, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    screens_of_it = join(visit, room), visit(room=room.code, view="projector")
    with monkeypatch.context() as trouble:
        trouble.setattr(sqlite, "_remembered", lambda *source: None)
        access.store()._go_on_in_memory(sqlite3.OperationalError("disk I/O error"))
    for screen in screens_of_it:
        assert "deleted" not in said(screen.run())
        assert "Try again in a moment" in said(screen)
        assert "look_held" in [component.key for component in screen.get("bidi_component")]
    monkeypatch.setattr(sqlite, "AGAIN", 0.0)
    for screen in screens_of_it:
        assert title("start") in said(screen.run())


@pytest.mark.slow
def test_every_beat_of_the_longest_talk_is_drawn_on_all_three_screens(visit: Open) -> None:
    extras = [step.name for step in talk.optional("90")]
    room = rooms.open_room(access.store(), "mixed", route="90", extras=extras)
    notes = give(visit(room=room.code, view="notes"), KEY)
    phone, projector = join(visit, room), visit(room=room.code, view="projector")
    drawn = set()
    for beat in talk.beats(room):
        if (kind := (beat.step, beat.activity.partition("/")[0], beat.phase)) in drawn:
            continue
        drawn.add(kind)
        screens.present(access.store(), room.code, **vars(beat))
        step = talk.load().steps[beat.step]
        for screen in (notes, phone, projector):
            words = said(screen.run()).replace("\\", "")
            assert step.title in words
            assert (talk_pictures.filled(step.say) in words) == (screen is notes)
        assert not labels(projector)


def test_the_notes_say_what_the_network_really_saw(notes: AppTest, room: Room) -> None:
    presenting_why = next(beat for beat in talk.beats(room) if beat.step == "why")
    screens.present(access.store(), room.code, **vars(presenting_why))
    reading = talk_pictures.reading(talk_pictures.PORTRAIT)
    thing = masked_words.caption(reading.objects(1)[0].wnid, Context.TREE).name
    assert f"“{thing}” ({reading.objects(1)[0].score:.0%})" in said(notes.run()).replace("\\", "")
    assert f"“{talk_pictures.name(reading)}”" in said(notes)
    choices = [choice.title for choice in questions.question("poll/seen").choices]
    assert [choice.split()[-1] for choice in choices].count(thing) == 1  # the right answer is among the predictions


def test_a_jump_out_of_an_open_vote_asks_first(notes: AppTest, room: Room) -> None:
    vote = next(beat for beat in talk.beats(room) if beat.step == "decide")
    screens.present(access.store(), room.code, **vars(vote))
    notes.run().menu_button(key="leap").click("removal").run()
    assert screens.stage(access.store(), room.code).step == "decide"
    press(notes, "Close it and go")
    assert screens.stage(access.store(), room.code).step == "removal"


def test_a_jump_goes_by_the_vote_that_is_open_as_it_is_pressed_and_closes_no_other(notes: AppTest, room: Room) -> None:
    first, second = [beat for beat in talk.beats(room) if beat.step == "decide" and beat.phase == "open"][:2]
    notes.run()
    screens.present(access.store(), room.code, **vars(first))  # by another window; this one shows no vote yet
    notes.menu_button(key="leap").click("removal").run()
    assert screens.stage(access.store(), room.code).activity == first.activity
    assert "Close it and go" in labels(notes)
    screens.present(access.store(), room.code, **vars(second))
    press(notes, "Close it and go")
    assert screens.stage(access.store(), room.code).activity == second.activity
    assert "Close it and go" not in labels(notes)
    screens.present(access.store(), room.code, phase="result")
    notes.menu_button(key="leap").click("removal").run()
    assert screens.stage(access.store(), room.code).step == "removal"


def test_a_jump_that_was_asked_about_is_asked_about_in_its_room_and_at_its_vote_alone(visit: Open) -> None:
    long, short = (rooms.open_room(access.store(), route=route) for route in ("45", "20"))
    vote = next(beat for beat in talk.beats(short) if beat.step == "decide")
    for room in (long, short):
        screens.present(access.store(), room.code, **vars(vote))
    screen = give(visit(room=long.code, view="notes"), KEY)
    screen.menu_button(key="leap").click("removal").run()
    assert "Close it and go" in labels(screen)
    screen.query_params["room"] = short.code
    assert "Close it and go" not in labels(screen.run())
    screen.query_params["room"] = long.code
    assert "Close it and go" in labels(screen.run())
    screens.present(access.store(), long.code, phase="result")
    screens.present(access.store(), long.code, phase="open")
    assert "Close it and go" not in labels(screen.run())


def test_the_clock_begins_with_the_first_step_that_is_left(visit: Open, room: Room, notes: AppTest) -> None:
    assert "not begun" in said(notes)
    move(room)
    assert "minute 0 of 20" in said(notes.run())
    assert "left" in said(give(visit(room=room.code, view="notes"), KEY))


def test_every_step_has_a_slide() -> None:
    for step in talk.load().steps.values():
        assert importlib.import_module(f"explainer.ui.workshop.slides.{step.slide}").SLIDE
