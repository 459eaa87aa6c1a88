"""To take away from a room: made when the presenter asks for it, without a masked word or anybody's single vote."""

from collections.abc import Callable

import streamlit as st

from explainer.ui.workshop import doors
from explainer.workshop import record, wall
from explainer.workshop.rooms import Room


def downloads(room: Room) -> None:
    """The presenter's buttons for all that can be taken away from a room."""
    store = doors.store()
    with st.container(horizontal=True):
        _button("Totals (CSV)", lambda: record.to_csv(record.record(store, room.code)), f"room-{room.code}.csv")
        _button("Reports (CSV)", lambda: wall.flags_csv(wall.flags(store, room.code)), f"reports-{room.code}.csv")


def _button(title: str, write: Callable[[], str], name: str) -> None:
    st.download_button(
        title,
        write,
        file_name=name,
        mime="text/html" if name.endswith(".html") else "text/csv",
        on_click="ignore",
        key=f"take_{name.partition('-')[0]}",
    )
