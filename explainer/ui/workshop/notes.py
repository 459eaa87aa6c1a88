"""The presenter's notes: what to say and ask, the time, what phones do, and everything that moves the room."""

import datetime
import re
import time
from collections.abc import Callable
from functools import partial

import streamlit as st

from explainer.ui import access
from explainer.ui.category_card import plain
from explainer.ui.workshop import (
    checks,
    invitation,
    key_form,
    lobby,
    location,
    parts,
    presenting,
    projector,
    refresh,
    taking,
)
from explainer.ui.workshop.activities import ACTS
from explainer.ui.workshop.trying import button, press, trouble
from explainer.workshop import addresses, rooms, talk
from explainer.workshop.rooms import Room, Stage
from explainer.workshop.talk import Step

_BEGAN = "began"  # in the address, so that the clock outlives a reload


def show(room: Room) -> None:
    """The notes of the step that the room is at; who has not given the key is asked for it."""
    if not access.is_presenter():
        st.title("The presenter's notes")
        key_form.show()
        return
    parts.prepared()
    stage = presenting.stage(room)
    step = presenting.step(room, stage)
    _troubles(room)
    st.title(plain(step.title), anchor=False)
    st.markdown(f"*{plain(step.line)}*")
    refresh.follow(room.code, stage.version, draw=partial(_now, room, step))
    projector.keys(room, stage, step)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _pause(room, stage)
        _leap(room, stage)
    notes, doing = st.columns([3, 2], gap="large")
    with notes:
        for title, text in (("Say", step.say), ("Ask", step.ask), ("Hope to hear", step.hope)):
            st.subheader(title, anchor=False)
            st.markdown(plain(text))
    with doing:
        if step.activity and step.activity in ACTS:
            ACTS[step.activity].controls(room, stage)
        else:
            trouble()
        _around(room)


def _troubles(room: Room) -> None:
    if access.store().trouble:
        st.warning(access.store().trouble)
    if room.ended:
        st.info("This room has ended: phones cannot answer any more. What it decided stays until it is deleted.")


def _now(room: Room, step: Step) -> None:
    progress = talk.progress(presenting.route(room), step.name, _elapsed() or 0)
    clock = f"{datetime.datetime.now():%H:%M}"
    here = rooms.here(access.store(), room.code)
    phones = f"{here} phone{'' if here == 1 else 's'} here" if room.phones else "hands only"
    parts_ = [f"**{clock}**", f"planned minute {progress.starts} to {progress.ends}", phones]
    if _elapsed() is not None:
        parts_.insert(1, f"minute **{_elapsed():.0f}**, {_late(progress.late)}")
    st.markdown(" · ".join(parts_))


def _late(late: float) -> str:
    if abs(late) < 0.5:
        return "in time"
    return f"{abs(late):.0f} min {'late' if late > 0 else 'early'}"


def _elapsed() -> float | None:
    """Minutes since the presenter started the clock; None where they have not."""
    began = st.query_params.get(_BEGAN, "")
    return max(time.time() - int(began), 0) / 60 if re.fullmatch(r"\d{1,12}", began, re.ASCII) else None


def _start_clock() -> None:
    st.query_params[_BEGAN] = str(int(time.time()))


# Triggers alone change the room. A switch or a box that shows what the room has is named in each look with what it has
# in the browser: one look that left before the page was drawn anew, and the room would be moved back.


def _pause(room: Room, stage: Stage) -> None:
    paused = not stage.paused
    button("Pause all" if paused else "Go on", lambda: presenting.present(room.code, paused=paused))


def _leap(room: Room, stage: Stage) -> None:
    st.menu_button(
        "Go to the step",
        [each.name for each in presenting.route(room).steps],
        key="leap",
        format_func=lambda name: talk.load().steps[name].title,
        on_click=lambda: presenting.present(
            room.code, stage.version, step=st.session_state["leap"], activity="", round=1
        ),
    )
    st.button("Start the clock" if _elapsed() is None else "Start the clock again", key="clock", on_click=_start_clock)


def _around(room: Room) -> None:
    """What a presenter needs before and after."""
    with st.container(horizontal=True):
        address = f"workshop?embed=true&room={room.code}&view=projector"
        st.link_button("Projector in a window of its own", address)
        st.button("All rooms", on_click=location.go)
    # Each is drawn once it is open: the checks take their time.
    sections: dict[str, Callable[[Room], None]] = {
        "Before people come": checks.show,
        "Joining": _joining,
        "To take away": taking.downloads,
        "End and delete": lobby.ending,
    }
    if not room.phones:
        del sections["Joining"]
    for title, draw in sections.items():
        section = st.expander(title, key=f"section_{title}", on_change="rerun")
        if section.open:
            with section:
                draw(room)


def _choose_address(origin: str) -> None:
    if access.is_presenter():
        invitation.choose_origin(origin)


def _choose_typed() -> None:
    _choose_address(addresses.typed(st.session_state["typed_address"], invitation.origins()[0]))


def _open_door(code: str, to_new_phones: bool) -> None:
    if access.is_presenter():
        rooms.open_door(access.store(), code, to_new_phones)


def _joining(room: Room) -> None:
    st.markdown("Address for phones, in the network that they are in:")
    with st.container(horizontal=True):
        for origin in dict.fromkeys([invitation.origin(), *invitation.origins()]):
            button(addresses.short(origin), partial(_choose_address, origin), primary=origin == invitation.origin())
    with st.form("address_form", border=False):
        st.text_input("Another address", max_chars=100, placeholder="192.168.1.20", key="typed_address")
        st.form_submit_button("Show this address", on_click=lambda: press(_choose_typed, of="address"))
    trouble(of="address")
    parts.invite(room, 220)
    door = "Let no more phones join" if room.door else "Let new phones join"
    button(door, partial(_open_door, room.code, not room.door))
    with st.form("wifi_form", border=False):
        name = st.text_input("Name of the Wi-Fi", max_chars=32, key="wifi_name")
        password = st.text_input("Its password", max_chars=63, type="password", key="wifi_password")
        if st.form_submit_button("Make a code for the Wi-Fi"):
            invitation.tell_wifi(room.code, addresses.wifi(name, password) if name else None)
    if said := invitation.wifi(room):
        st.image(addresses.qr(said), width=220, alt="A QR code to join the Wi-Fi network.")
        st.caption("It is on the first step. It is kept in the app's memory alone, until the room ends.")
