"""Two presses one upon the other, on a real server: there the second one's run begins while the first one's goes on."""

import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks.protocol import Visit
from explainer.ui import browser
from explainer.workshop import questions, rooms, screens, votes
from explainer.workshop.sqlite import SQLiteStore
from tests.pages_by_hand import give_key
from tests.servers import APP, KEY, serving


@pytest.mark.slow
def test_a_room_that_is_still_being_opened_is_the_one_that_a_second_press_leads_to(tmp_path: Path) -> None:
    data = tmp_path / "data"
    environment = {"EXPLAINER_DATA": str(data), "EXPLAINER_PRESENTER_KEY": KEY}
    with (
        serving(APP, tmp_path / "log", **environment) as server,
        closing(SQLiteStore(data / "rooms.sqlite")) as store,
    ):
        screen = Visit(server.url, "workshop")
        give_key(screen, KEY)
        (found, fragment) = screen._one(lambda element: element.button.label == "Rehearse")  # which takes a while
        for gap in (0.05, 0.0):
            screen.run(WidgetState(id=found.button.id, trigger_value=True), fragment, waits=False)
            time.sleep(gap)
        for _ in range(200):
            screen._look_on(0.1)
            if "Hope to hear" in [element.heading.body for element in screen.elements]:
                break
        assert "Hope to hear" in [element.heading.body for element in screen.elements]
        assert len(rooms.listing(store)) == 1


def together(page: Visit, *presses: Callable[[], None]) -> None:
    """What a page asks for while its network stalls: it reaches the server in one piece."""
    frames, socket = list[bytes](), page._socket
    with pytest.MonkeyPatch.context() as stalled:
        stalled.setattr(socket, "send", frames.append)
        for press in presses:
            press()
    with socket.protocol_mutex:
        for frame in frames:
            socket.protocol.send_binary(frame)
        socket.socket.sendall(b"".join(socket.protocol.data_to_send()))
    page._look_on(0.8)


@pytest.mark.slow
def test_of_two_presses_that_come_together_none_is_lost_of_the_presenter_or_of_a_phone_without_cookies(
    tmp_path: Path,
) -> None:
    data, question = tmp_path / "data", questions.DECKS["imageability"].questions()[0]
    environment = {
        "EXPLAINER_DATA": str(data),
        "EXPLAINER_PRESENTER_KEY": KEY,
        "EXPLAINER_TRUSTED_PROXIES": "192.0.2.1",
    }
    with (
        serving(APP, tmp_path / "log", **environment) as server,
        closing(SQLiteStore(data / "rooms.sqlite")) as store,
    ):
        room = rooms.open_room(store, "adults", "imageability")
        lobby = Visit(server.url, "workshop", address="127.0.0.3")
        give_key(lobby, KEY)
        notes = Visit(server.url, "workshop", f"room={room.code}&view=notes", lobby._cookie, "127.0.0.3")
        paused = list[bool]()
        for _ in range(12):
            press = "Go on" if screens.stage(store, room.code).paused else "Pause all"
            together(notes, partial(notes.press, press, waits=False), partial(notes.run, waits=False))
            paused.append(screens.stage(store, room.code).paused)
        assert paused == [True, False] * 6

        screens.present(store, room.code, step="decide", activity=question, phase="open", paused=False)
        phone = Visit(server.url, "workshop", f"room={room.code}", address="127.0.0.40")
        phone.leave()
        phone._cookie = "; ".join(each for each in phone._cookie.split("; ") if not each.startswith(browser.NAME))
        phone._socket, phone._session = phone._connect(), ""
        phone.run()
        phone.press("Join")
        choices = {choice.key: choice.title for choice in questions.question(question).choices}
        answers = [*choices] * 3
        for answer in answers:
            together(phone, partial(phone.press, choices[answer], waits=False), partial(phone.run, waits=False))
            assert votes.tally(store, room.code, question, 1).phones[answer] == 1
