"""Fifty a minute: a page of small pictures is marked against the clock; what the room disagreed about."""

import base64
import datetime
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import streamlit as st

from explainer.imagenet import words
from explainer.imagenet.words import Context
from explainer.ui import access
from explainer.ui.category_card import plain
from explainer.ui.workshop import presenting, refresh, word
from explainer.ui.workshop.trying import attempt, button, trouble
from explainer.workshop import rooms, sheets, votes
from explainer.workshop.privacy import FEW, FEWEST
from explainer.workshop.rooms import Room, Stage
from explainer.workshop.sheets import SECONDS, SHEETS, Sheet
from explainer.workshop.votes import Marks

_ACROSS, _WIDE = 16, 1500  # pictures in a row on the projector, and pixels of all
_HANDS = 6  # pictures for which hands go up
_SPLIT, _PICTURE = 6, 140  # pictures that a projector shows of those that split the room, and pixels of each

_HTML, _CSS, _JS = ((Path(__file__).parent / f"sheet.{kind}").read_text("utf-8") for kind in ("html", "css", "js"))
_sheet = st.components.v2.component("sheet", html=_HTML, css=_CSS, js=_JS)


def on_screen(room: Room, stage: Stage) -> None:
    """The word, the clock and how many pages are in; after the reveal what the room disagreed about."""
    sheet = _asked(stage)
    if sheet is None:
        st.header("The page comes in a moment.", anchor=False)
        return
    if stage.revealed and room.phones:
        told, pictures = st.columns([5, 6], gap="large")
        with told:
            word.on_screen(sheet.wnid, told=True)
            _found(room, sheet, large=True)
        with pictures:
            _disputed(room, sheet, large=True)
        return
    word.on_screen(sheet.wnid, told=stage.revealed)
    if stage.revealed:
        _doubtful(sheet)
    else:
        refresh.every(1.0, partial(_clock, room, stage, sheet), "clock")
        if stage.open:
            together = sheets.together(sheet, _ACROSS)
            st.image(together, width=_WIDE, alt=f"The page of {len(sheet.pictures)} small pictures.")


def on_phone(room: Room, stage: Stage, token: str) -> None:
    """The page to mark; then what was kept of it, and what the room found."""
    sheet = _asked(stage)
    if sheet is None:
        st.info("The page comes in a moment. Nothing to do yet.")
        return
    word.on_phone(sheet.wnid, told=stage.revealed)
    if stage.revealed:
        _found(room, sheet, large=False)
        _disputed(room, sheet, large=False)
    elif stage.open:
        _page(room, stage, sheet, token)
    else:
        _wait(room, stage, sheet, token)


def controls(room: Room, stage: Stage) -> None:
    """The presenter's: which page, open and close it, and reveal."""
    sheet = _asked(stage)
    if sheet is None:
        sheet = sheets.sheet(SHEETS[0])
        stage = replace(stage, activity=sheet.name, open=False, revealed=False)
    present = partial(presenting.present, room.code)
    name, place = sheet.name, SHEETS.index(sheet.name)
    st.markdown(f"**Page {place + 1} of {len(SHEETS)}: {plain(words.caption(sheet.wnid, Context.TREE).text)}**")
    with st.container(horizontal=True):
        if stage.open:
            button("Close the page", lambda: present(open=False))
        else:
            button("Open the page", lambda: present(activity=name, open=True), primary=True)
        if stage.revealed:
            button("Hide what came of it", lambda: present(revealed=False))
        else:
            button("Reveal", lambda: present(activity=name, open=False, revealed=True))
        if place + 1 < len(SHEETS):
            button("Next page", lambda: present(activity=SHEETS[place + 1]))
        else:
            button("First page", lambda: present(activity=SHEETS[0]))
    trouble()
    refresh.every(1.0, partial(_clock, room, stage, sheet), "clock")


def found(sheet: Sheet, marks: Marks | None) -> str:
    """What a room marked on a page, as sentences; of fewer than FEWEST pages nothing is told."""
    if marks is None or marks.pages < FEWEST:
        return f"{FEW.capitalize()}."
    seen, others = (sheets.share(marks.pages, marks.marked, places) for places in (sheet.showing, sheet.others))
    if seen is None:
        return f"On average {others:.0%} of the pictures were marked. None of them can show the word."
    return f"Pictures that show it were marked {seen:.0%} of the time, the others {others:.0%}."


def disputed(marks: Marks, n: int) -> list[int]:
    """Places of the `n` pictures over which those who marked a page were most evenly split, the most first."""

    def split(place: int) -> int:
        return min(marks.marked[place], marks.pages - marks.marked[place])

    return sorted((place for place in range(votes.PICTURES) if split(place)), key=split, reverse=True)[:n]


def _asked(stage: Stage) -> Sheet | None:
    return sheets.sheet(stage.activity) if stage.activity in SHEETS else None


def _marks(room: Room, sheet: Sheet) -> Marks | None:
    return next((marks for marks in votes.marks(access.store(), room.code) if marks.sheet == sheet.name), None)


def _left(stage: Stage) -> float:
    """Seconds that are left of the page's time."""
    return max(0.0, SECONDS - (datetime.datetime.now(datetime.UTC) - stage.since).total_seconds())


def _clock(room: Room, stage: Stage, sheet: Sheet) -> None:
    marks = _marks(room, sheet)
    pages = f"marking: {marks.pages if marks else 0} · phones here: {rooms.here(access.store(), room.code)}"
    pages = pages if room.phones else "each for themselves, without a word"
    if not stage.open or stage.paused:
        st.subheader(f"Closed: {pages}", anchor=False)
    else:
        st.header(f"{_left(stage):.0f} seconds left", anchor=False)
        st.progress(_left(stage) / SECONDS)
        st.subheader(pages, anchor=False)


@cache
def _sources(name: str) -> tuple[str, ...]:
    """The pictures of a sheet as addresses that hold them."""
    encoded = (base64.b64encode(picture.data).decode() for picture in sheets.sheet(name).pictures)
    return tuple(f"data:{sheets.MIME};base64,{data}" for data in encoded)


@st.fragment
def _page(room: Room, stage: Stage, sheet: Sheet, token: str) -> None:
    # Whatever took the page off the phone, a pause as well, made another version: the page begins from what was kept.
    drawn = f"{sheet.name}_{stage.version}"
    mine = access.store(), room.code, sheet.name, token
    if f"page_{drawn}" not in st.session_state:
        # Who comes after the time marks without the clock.
        st.session_state[f"page_{drawn}"] = {"marked": votes.marks_of(*mine), "seconds": _left(stage) or None}
    told: dict[str, Any] = st.session_state[f"page_{drawn}"]
    # All of it stays as it was: then the browser has it already, and a press costs one small message each way.
    page = _sheet(
        key=f"sheet_{drawn}",
        data={
            "pictures": _sources(sheet.name),
            "alts": [picture.alt for picture in sheet.pictures],
            "marked": sorted(told["marked"] or ()),
            "seconds": told["seconds"],
        },
        on_marked_change=lambda: None,
    )
    # Not in a callback: what was marked without a network comes with the first run of a new session, which calls none.
    if isinstance(page.marked, list) and page.marked != told.get("kept"):
        attempt(lambda: votes.mark(*mine, page.marked))
        told["kept"] = page.marked
    trouble(stage.version)
    kept = votes.marks_of(*mine)
    if kept is None:
        st.caption("Press all that show the word, then “Done”. None at all is an answer, too.")
    else:
        where = access.in_memory_only()
        st.success(f"Kept: {len(kept)} of {votes.PICTURES} pictures marked{where}. You can change it while it is open.")


def _wait(room: Room, stage: Stage, sheet: Sheet, token: str) -> None:
    kept = votes.marks_of(access.store(), room.code, sheet.name, token)
    if kept is not None:
        st.success(f"Kept: {len(kept)} of {votes.PICTURES} pictures marked{access.in_memory_only()}.")
        st.info("The page is closed. Look up: what comes of it is next.")
    else:
        st.info(f"Read the word. {votes.PICTURES} small pictures come in a moment: press all that show it.")


def _found(room: Room, sheet: Sheet, large: bool) -> None:
    said = found(sheet, _marks(room, sheet))
    st.markdown(f"#### {said}" if large else said)


def _doubtful(sheet: Sheet) -> None:
    """Some of the pictures over which one can disagree, for hands."""
    st.header("Who would have clicked which? Put up a hand.", anchor=False)
    pictures = [picture for picture in sheet.pictures if picture.shows is None][:_HANDS]
    for column, picture in zip(st.columns(_HANDS), pictures, strict=True):
        with column:
            st.image(picture.data, width=230, alt=picture.title)
            st.subheader(f"{picture.title}?", anchor=False)


def _disputed(room: Room, sheet: Sheet, large: bool) -> None:
    """The pictures that the room was most divided over, with how many marked each."""
    marks = _marks(room, sheet)
    if marks is None or marks.pages < FEWEST:
        return
    places = disputed(marks, _SPLIT if large else 8)
    if not places:
        st.markdown("There is no picture that the room was divided over.")
        return
    st.markdown(f"{'#### ' if large else ''}**The pictures that you disagreed about most, and how many marked them**")
    with st.container(horizontal=True):
        for place in places:
            picture, share = sheet.pictures[place], marks.marked[place] / marks.pages
            with st.container(width=_PICTURE if large else 96, gap="small"):
                st.image(picture.data, width=_PICTURE if large else 80, alt=picture.title)
                st.markdown(f"##### {picture.title}: {share:.0%}" if large else f":small[{picture.title}: {share:.0%}]")
