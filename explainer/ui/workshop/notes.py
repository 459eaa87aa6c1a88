"""The presenter's notes: what to say and ask, what comes next, the time, and everything that moves the room."""

import datetime
from collections.abc import Callable
from functools import partial

import streamlit as st

from explainer.imagenet import masked_words
from explainer.imagenet.masked_words import Context
from explainer.ui import access
from explainer.ui.markdown import plain
from explainer.ui.workshop import (
    checks,
    invitation,
    key_form,
    lobby,
    location,
    presenting,
    qr,
    refresh,
    sentences,
    slide,
    take_away,
    talk_pictures,
)
from explainer.ui.workshop.actions import button, press, trouble
from explainer.ui.workshop.slide import Scene
from explainer.workshop import addresses, participants, questions, reports, screens, sheets, stage, talk
from explainer.workshop.rooms import Room

_ASKED = "leap_asked"


def show(room: Room) -> None:
    """The notes of the step that the room is at; who has not given the key is asked for it."""
    if not access.is_presenter():
        st.title("The presenter's notes")
        key_form.show()
        refresh.coming_back()
        return
    presenting.keys(room, listens=True)
    scene = presenting.scene(room)
    _troubles(room)
    st.markdown(f"**Next:** {plain(_comes(scene))}")
    refresh.follow(room.code, scene.stage.version, draw=partial(_now, scene))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        paused = not scene.stage.paused
        button("Pause all" if paused else "Go on", lambda: presenting.present(room.code, paused=paused))
        _leap(scene)
        st.link_button("Projector in a window of its own", _projector(room))
    st.title(plain(scene.step.title), anchor=False)
    notes, doing = st.columns([3, 2], gap="large")
    with notes:
        step = scene.step
        for title, text in (("Say", step.say), ("Ask", step.ask), ("Hope to hear", step.hope)):
            st.subheader(title, anchor=False)
            st.markdown(plain(talk_pictures.filled(text)))
    with doing:
        slide.of(scene).controls(scene)
        trouble()
        _around(room)


def _troubles(room: Room) -> None:
    if access.store().trouble:
        st.warning(access.store().trouble)
    if room.rehearsal:
        st.badge("Rehearsal: the votes are made up", color="orange")
    if room.ended:
        st.info("This room has ended: phones cannot answer any more. What it decided stays until it is deleted.")


def _comes(scene: Scene) -> str:
    """What the next press of Next does."""
    here, beats = presenting.beat(scene.room, scene.stage), talk.beats(scene.room)
    then = stage.beside(here, beats, 1)
    return sentences.comes(here, then, talk.load().steps[then.step].title, _called(then.activity))


def _called(activity: str) -> str:
    """What a page, a word or a poll is called in the notes."""
    if wnid := talk.word(activity):
        name = f"“{masked_words.caption(wnid, Context.TREE).name}”"
        return f"the page {name}" if activity in sheets.SHEETS else name
    return talk.question_text(activity) if questions.is_known(activity) else ""  # the talk may have lost a poll


def _now(scene: Scene) -> None:
    room, store, now = scene.room, access.store(), datetime.datetime.now(datetime.UTC)
    elapsed = (now - room.began).total_seconds() / 60 if room.began else 0.0
    route = talk.of_room(room)
    progress = talk.progress(route, scene.step.name, elapsed)
    left = scene.step.minutes.get(route.name, 0) * 60 - (now - scene.stage.entered).total_seconds()
    said = [
        f"**{datetime.datetime.now():%H:%M}**",
        f"step {progress.number} of {progress.of}, **{sentences.left(left)}** left",
        f"minute {elapsed:.0f} of {route.minutes}, {sentences.lateness(progress.late)}" if room.began else "not begun",
        sentences.joined(participants.count(store, room.code), participants.here(store, room.code))
        if room.phones
        else "hands only",
    ]
    if reported := sum(flag.count for flag in reports.flags(store, room.code)):
        said.append(f"**{reported} {'report' if reported == 1 else 'reports'}** (under “To take away”)")
    st.markdown(" · ".join(said))


# Triggers alone change the room. A switch or a box that shows what the room has is named in each look with what it has
# in the browser: one look that left before the page was drawn anew, and the room would be moved back.


def _leap(scene: Scene) -> None:
    """A jump to another step; it asks first where that closes a vote."""
    room = scene.room
    here = room.code, scene.stage.moves

    # What counts is the vote that is open now: another window may have moved the room since this one was drawn.
    def jump() -> None:
        stage = screens.stage(access.store(), room.code)
        if stage.open:
            st.session_state[_ASKED] = (room.code, stage.moves), st.session_state["leap"]
        else:
            presenting.leap(room, st.session_state["leap"])

    def answer(step: str | None) -> None:
        st.session_state.pop(_ASKED, None)
        if step and screens.stage(access.store(), room.code).moves == scene.stage.moves:
            presenting.leap(room, step)

    st.menu_button(
        "Go to the step",
        [each.name for each in talk.of_room(room).steps],
        key="leap",
        format_func=lambda name: talk.load().steps[name].title,
        on_click=press,
        args=(jump,),
    )
    where, asked = st.session_state.get(_ASKED, (None, ""))
    if where == here and scene.stage.open:
        st.markdown("A vote is open. Close it and go?")
        st.button("Close it and go", key="leap_yes", type="primary", on_click=press, args=(lambda: answer(asked),))
        st.button("Stay", key="leap_no", on_click=press, args=(lambda: answer(None),))


def _projector(room: Room) -> str:
    return f"workshop?embed=true&room={room.code}&view=projector"


def _around(room: Room) -> None:
    """What a presenter needs before and after. Each is drawn once it is open: the checks take their time."""
    sections: dict[str, Callable[[Room], None]] = {
        "Before people come": checks.show,
        "Joining": _joining,
        "When somebody is hurt": _hurt,
        "To take away": take_away.downloads,
        "End and delete": lobby.ending,
    }
    if not room.phones:
        del sections["Joining"]
    for title, draw in sections.items():
        section = st.expander(title, key=f"section_{title}", on_change="rerun")
        if section.open:
            with section:
                draw(room)
    st.button("All rooms", on_click=location.go)


def _hurt(room: Room) -> None:
    for line in talk.load().hurt:
        st.markdown(f"- {plain(line)}")


def _choose_address(origin: str) -> None:
    if access.is_presenter():
        invitation.choose_origin(origin)


def _choose_typed() -> None:
    _choose_address(addresses.typed(st.session_state["typed_address"], invitation.origins()[0]))


def _open_door(code: str, to_new_phones: bool) -> None:
    if access.is_presenter():
        participants.open_door(access.store(), code, to_new_phones)


def _joining(room: Room) -> None:
    st.markdown("Address for phones, in the network that they are in:")
    with st.container(horizontal=True):
        for origin in dict.fromkeys([invitation.origin(), *invitation.origins()]):
            button(addresses.short(origin), partial(_choose_address, origin), primary=origin == invitation.origin())
    with st.form("address_form", border=False):
        st.text_input("Another address", max_chars=100, placeholder="192.168.1.20", key="typed_address")
        st.form_submit_button("Show this address", on_click=lambda: press(_choose_typed, of="address"))
    trouble(of="address")
    qr.corner(room, 220)
    door = "Let no more phones join" if room.door else "Let new phones join"
    button(door, partial(_open_door, room.code, not room.door))
    with st.form("wifi_form", border=False):
        name = st.text_input("Name of the Wi-Fi", max_chars=32, key="wifi_name")
        password = st.text_input("Its password", max_chars=63, type="password", key="wifi_password")
        if st.form_submit_button("Make a code for the Wi-Fi"):
            invitation.tell_wifi(room.code, addresses.wifi(name, password) if name else None)
    if said := invitation.wifi(room):
        qr.code(said, 220, "A QR code to join the Wi-Fi network.")
        st.caption(
            "It is on the first step of a projector whose browser has given the key. It is kept in the app's memory "
            "alone, until the room ends."
        )
