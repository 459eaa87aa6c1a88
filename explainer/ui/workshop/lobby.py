"""The door of the workshop: phones join a room; the presenter opens, resumes, ends and deletes them."""

import math
import time
from functools import partial
from threading import Lock

import streamlit as st

from explainer.ui import access, options
from explainer.ui.workshop import invitation, key_form, location, presenting, refresh, take_away
from explainer.ui.workshop.actions import attempt, trouble
from explainer.workshop import questions, rehearsal, rooms, talk
from explainer.workshop.rooms import PRESETS, Room

_CODE, _OPENED, _WHEN = "room_code", "rooms_opened", "room_opened_at"
_LISTED = 50  # rooms at a time: a page of more than a thousand widgets hears no press
_SECOND = 2.0  # seconds after a room was opened in which a second press on the button may still come
_opening = Lock()


def show() -> None:
    """A field for the code of a room; below it the presenter's side."""
    if time.monotonic() - st.session_state.pop(_WHEN, -math.inf) < _SECOND:
        # A second press came when the room was drawn already. It asks for this page, which has the button.
        location.go(room=st.session_state[_OPENED][-1], view="notes")
        st.rerun()
    st.title("Workshop")
    st.markdown(
        "Lead a group through this app in 20, 45 or 90 minutes: you show it on a projector, they predict, vote and "
        "decide by phone or by show of hands. For adults and, with every offensive word covered, for under-18s. Nobody "
        "gives a name, a face or an account."
    )
    trouble()
    refresh.coming_back()
    join, present = st.columns(2, gap="large")
    with join:
        _join()
    with present:
        st.header("Present")
        if access.is_presenter():
            _open()
        else:
            key_form.show()
    if access.is_presenter():
        if said := access.store().trouble:
            st.warning(said)
        _aside()
        if wrong := access.gate().wrong:
            st.caption(f"Wrong keys that were tried since the app started: {wrong:,}.")
        _resume()


def _join() -> None:
    st.header("Join")
    with st.form("join_form", border=False):
        st.text_input(
            "Code of the room",
            key=_CODE,
            max_chars=12,
            placeholder="Five letters and digits",
            autocomplete="off",
            help="It is on the screen. Capital or small letters do not matter.",
        )
        st.form_submit_button("Join", type="primary", on_click=lambda: location.join(st.session_state[_CODE]))
    st.caption(f"{WHAT_IS_KEPT} On another device, ask the presenter for the address.")


WHAT_IS_KEPT = "Your answers are kept without your name, under a random number, until the presenter deletes the room."
"""What everybody is told before they join."""


def _open() -> None:
    """Two presses open a room as most want it; the rest is folded away."""
    st.radio(
        "Who is in the room",
        PRESETS,
        format_func=lambda name: PRESETS[name].title,
        captions=[_rules(preset) for preset in PRESETS.values()],
        key="preset",
    )
    route = st.segmented_control(
        "Time",
        talk.load().routes,
        default="20",
        required=True,
        format_func=lambda name: options.readable(talk.load().routes[name]),
        key="route",
        wrap=True,
    )
    if extras := talk.optional(route):
        steps = talk.load().steps
        ticked = st.pills(
            "More steps",
            [step.name for step in extras],
            selection_mode="multi",
            default=[step.name for step in extras],
            format_func=lambda name: f"{options.readable(steps[name].title)}, {steps[name].minutes[route]} min",
            key="extras",
        )
        st.caption(f"{talk.route(route, ticked, st.session_state.get('phones', True)).minutes} minutes in all.")
    with st.expander("What the room votes on, and how"):
        st.selectbox(
            "What the room votes on",
            questions.DECKS,
            format_func=lambda name: f"{questions.DECKS[name].title} {questions.DECKS[name].question}",
            key="deck",
        )
        st.toggle("With phones", True, key="phones", help="Without them nobody is asked to join: hands are counted.")
    before = len(st.session_state.get(_OPENED, []))
    with st.container(horizontal=True):
        st.button("Open a room", type="primary", key="open", on_click=_opened, args=(False, before))
        st.button(
            "Rehearse",
            key="rehearse",
            on_click=_opened,
            args=(True, before),
            help="A room with made-up votes, marked so wherever it is shown.",
        )


def _rules(preset: rooms.Preset) -> str:
    faces = "own photos only by choice" if preset.own_faces else "supplied pictures only"
    masks = "covered words stay covered" if preset.masks_locked else "each may uncover words on their own phone"
    return f"{faces.capitalize()}, {masks}."


def _opened(made_up: bool, before: int) -> None:
    """Open a room and go to it; `before` is how many this session had opened when the button was drawn.

    A second press, before the page is drawn again, runs beside the first one: it waits for that, and goes to its room.
    """
    with _opening:
        codes = st.session_state.setdefault(_OPENED, [])
        if len(codes) > before:
            location.go(room=codes[-1], view="notes")
        elif access.is_presenter():
            _open_one(made_up, codes)


def _open_one(made_up: bool, codes: list[str]) -> None:
    # What was chosen is asked now: a press may come sooner than the page is drawn again.
    preset, deck, route, phones = (st.session_state[key] for key in ("preset", "deck", "route", "phones"))
    ticked = [step.name for step in talk.optional(route) if step.name in st.session_state.get("extras", [])]

    def work() -> None:
        make = rehearsal.rehearse if made_up else rooms.open_room
        room = make(access.store(), preset=preset, deck=deck, route=route, extras=ticked, phones=phones)
        codes.append(room.code)
        st.session_state[_WHEN] = time.monotonic()
        presenting.begin(room)
        location.go(room=room.code, view="notes")

    attempt(work)


def _resume() -> None:
    st.header("Rooms that are kept")
    kept = rooms.listing(access.store())
    if not kept:
        st.caption("None yet. A room is kept until it is deleted, over a restart of the app too.")
    pages = math.ceil(len(kept) / _LISTED)
    page = min(max(1, st.pagination(pages, key="rooms")), pages) if pages > 1 else 1
    for room in kept[(page - 1) * _LISTED : page * _LISTED]:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{room.code}** · {_about(room)}")
            st.button(
                "Resume", key=f"resume_{room.code}", on_click=location.go, kwargs={"room": room.code, "view": "notes"}
            )
            ending(room)


def _about(room: Room) -> str:
    opened = room.created.astimezone().strftime("%Y-%m-%d %H:%M")
    ended = ", ended" if room.ended else ""
    made_up = ", rehearsal" if room.rehearsal else ""
    return f"{room.rules.title}, {room.route} minutes, opened {opened}{ended}{made_up}"


def ending(room: Room) -> None:
    """Buttons to end a room, which closes it for phones, and to delete all of it, which is asked once more."""
    if not room.ended:
        st.button("End", key=f"end_{room.code}", on_click=attempt, args=(partial(end, room.code),))
    with st.popover("Delete…", key=f"delete_{room.code}", on_change="rerun"):
        if room.began and not take_away.is_taken(room.code):
            st.warning("The handout was not downloaded yet. It is under “To take away” in the notes.")
        st.markdown("All that is kept of the room is deleted: votes, marks, reports. Nothing brings it back.")
        _aside()
        st.button("Delete it", type="primary", key=f"delete_now_{room.code}", on_click=_delete, args=(room.code,))


def _aside() -> None:
    """Say that there are older copies of the record, which no button deletes."""
    store = access.store()
    if store.file and store.aside:
        names = ", ".join(f"`{name}`" for name in store.aside)
        st.warning(
            f"Older copies of the record may have rooms in them too. Delete them in `{store.file.parent}`: {names}."
        )


def end(code: str) -> None:
    """End a room, where this session has given the key."""
    if access.is_presenter():
        rooms.end(access.store(), code)
        invitation.tell_wifi(code, None)
        access.ask_again()


def _delete(code: str) -> None:
    def work() -> None:
        rooms.delete(access.store(), code)
        access.forget(code)
        take_away.forget(code)
        access.ask_again()

    if access.is_presenter():
        attempt(work)
        location.go()
