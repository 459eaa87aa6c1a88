"""A button that is pressed twice, on a real server: there the second press runs beside the first one."""

import time
from contextlib import closing
from pathlib import Path

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks.protocol import Visit
from explainer.workshop import rooms
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
        for _ in range(100):
            screen._look_on(0.1)
            if "Hope to hear" in [element.heading.body for element in screen.elements]:
                break
        assert "Hope to hear" in [element.heading.body for element in screen.elements]
        assert len(rooms.listing(store)) == 1
