"""Fifty a minute: a page of small pictures is marked against the clock, then untimed; what haste did to agreement."""

import base64
import datetime
from collections.abc import Mapping
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
from explainer.workshop import agreement, rooms, sheets, votes
from explainer.workshop.rooms import Room, Stage
from explainer.workshop.sheets import SECONDS, SHEETS, Sheet
from explainer.workshop.votes import Marks
from explainer.workshop.wall import FEWEST

TIMED, UNTIMED = sheets.ROUNDS
"""The rounds of a page."""

_CHANGE = 0.05  # of alpha; a smaller one is no finding in so small a group

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
            _haste(room, sheet, large=True)
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
        _haste(room, sheet, large=False)
        _disputed(room, sheet, large=False)
    elif stage.open:
        _page(room, stage, sheet, token)
    else:
        _wait(room, stage, sheet, token)


def controls(room: Room, stage: Stage) -> None:
    """The presenter's: which page, with the clock and without, and reveal."""
    sheet = _asked(stage)
    if sheet is None:
        sheet = sheets.sheet(SHEETS[0])
        stage = replace(stage, activity=sheet.name, round=TIMED, open=False, revealed=False)
    present = partial(presenting.present, room.code)
    name, place = sheet.name, SHEETS.index(sheet.name)
    said = plain(words.caption(sheet.wnid, Context.TREE).text)
    st.markdown(f"**Page {place + 1} of {len(SHEETS)}: {said}, {sheets.ROUNDS[stage.round]}**")
    with st.container(horizontal=True):
        if stage.open:
            button("Close the page", lambda: present(open=False))
        else:
            button("Open the page", lambda: present(activity=name, round=stage.round, open=True), primary=True)
        if stage.round == TIMED:
            button("The same page, untimed", lambda: present(activity=name, round=UNTIMED, open=True))
        else:
            button("Back to the clock", lambda: present(activity=name, round=TIMED))
        if stage.revealed:
            button("Hide what came of it", lambda: present(revealed=False))
        else:
            button("Reveal", lambda: present(activity=name, round=stage.round, open=False, revealed=True))
        if place + 1 < len(SHEETS):
            button("Next page", lambda: present(activity=SHEETS[place + 1], round=TIMED))
        else:
            button("First page", lambda: present(activity=SHEETS[0], round=TIMED))
    trouble()
    refresh.every(1.0, partial(_clock, room, stage, sheet), "clock")


def haste(sheet: Sheet, kept: Mapping[int, Marks], unhurried: bool = False) -> str:
    """How far those who marked a page agreed in each of its rounds, and what haste did to it, as sentences.

    `unhurried`: whether somebody took their time in the round against the clock; of them nothing is said.
    """
    sights = {turn: agreement.of_marks(marks.pages, marks.marked, sheet.showing) for turn, marks in kept.items()}
    # Rounded first, so that what is told adds up; + 0.0, or there is a -0.00.
    alphas = {turn: round(sight.alpha, 2) + 0.0 for turn, sight in sights.items() if sight.alpha is not None}
    if not alphas:
        return f"How far the room agrees can be said once {FEWEST} pages are in."
    said = "; ".join(f"{alpha:.2f} {sheets.ROUNDS[turn]}" for turn, alpha in alphas.items())
    sentences = [f"Agreement within this room (Krippendorff's alpha; 1 is full, 0 that of chance): {said}."]
    if len(alphas) == len(sheets.ROUNDS):
        change = alphas[UNTIMED] - alphas[TIMED]
        much = f"{'more' if change > 0 else 'less'}, by {abs(change):.2f}"
        sentences.append(f"Without haste the room agrees {much if abs(change) >= _CHANGE else 'about as much'}.")
    if sheet.showing:
        seen = "; ".join(f"{sight.seen:.0%} {sheets.ROUNDS[turn]}" for turn, sight in sights.items())
        sentences.append(f"Of the pictures that show it were marked: {seen}.")
    if unhurried and TIMED in alphas:
        sentences.append("Who took their time there is not counted in it.")
    return " ".join(sentences)


def disputed(kept: Mapping[int, Marks], n: int) -> list[int]:
    """Places of the `n` pictures over which those who marked a page were most evenly split, the most first."""

    def split(place: int) -> float:
        return max(min(marks.marked[place], marks.pages - marks.marked[place]) / marks.pages for marks in kept.values())

    return sorted((place for place in range(votes.PICTURES) if split(place)), key=split, reverse=True)[:n]


def _asked(stage: Stage) -> Sheet | None:
    return sheets.sheet(stage.activity) if stage.activity in SHEETS else None


def _marks(room: Room, sheet: Sheet) -> list[Marks]:
    return [marks for marks in votes.marks(access.store(), room.code) if marks.sheet == sheet.name]


def _kept(room: Room, sheet: Sheet) -> dict[int, Marks]:
    """What was marked on a sheet, by round, if with a clock then against it; few pages would point at somebody."""
    return {
        marks.round: marks
        for marks in _marks(room, sheet)
        if marks.round in sheets.ROUNDS and not marks.unhurried and marks.pages >= FEWEST
    }


def _left(stage: Stage) -> float:
    """Seconds that are left of the page's time."""
    return max(0.0, SECONDS - (datetime.datetime.now(datetime.UTC) - stage.since).total_seconds())


def _clock(room: Room, stage: Stage, sheet: Sheet) -> None:
    count = sum(marks.pages for marks in _marks(room, sheet) if marks.round == stage.round)
    pages = f"pages in: {count} · phones here: {rooms.here(access.store(), room.code)}"
    pages = pages if room.phones else "each for themselves, without a word"
    if not stage.open or stage.paused:
        st.subheader(f"{sheets.ROUNDS[stage.round].capitalize()}, closed: {pages}", anchor=False)
    elif stage.round == TIMED:
        st.header(f"{_left(stage):.0f} seconds left", anchor=False)
        st.progress(_left(stage) / SECONDS)
        st.subheader(pages, anchor=False)
    else:
        st.subheader(f"Untimed, open: {pages}", anchor=False)


@cache
def _sources(name: str) -> tuple[str, ...]:
    """The pictures of a sheet as addresses that hold them."""
    encoded = (base64.b64encode(picture.data).decode() for picture in sheets.sheet(name).pictures)
    return tuple(f"data:{sheets.MIME};base64,{data}" for data in encoded)


@st.fragment
def _page(room: Room, stage: Stage, sheet: Sheet, token: str) -> None:
    # Whatever took the page off the phone, a pause as well, made another version: the page begins from what was kept.
    drawn = f"{sheet.name}_{stage.version}"
    mine = access.store(), room.code, sheet.name, stage.round, token
    if f"page_{drawn}" not in st.session_state:
        # Who comes after the time marks without the clock, and so does who took it away before.
        seconds = None if votes.is_unhurried(*mine) else _left(stage) or None
        st.session_state[f"page_{drawn}"] = {"marked": votes.marks_of(*mine), "seconds": seconds}
    told: dict[str, Any] = st.session_state[f"page_{drawn}"]
    # All of it stays as it was: then the browser has it already, and a press costs one small message each way.
    page = _sheet(
        key=f"sheet_{drawn}",
        data={
            "pictures": _sources(sheet.name),
            "alts": [picture.alt for picture in sheet.pictures],
            "marked": sorted(told["marked"] or ()),
            "seconds": told["seconds"] if stage.round == TIMED else None,
        },
        on_marked_change=lambda: None,
        on_unhurried_change=lambda: None,
    )
    unhurried = stage.round == TIMED and (told["seconds"] is None or bool(page.unhurried))
    # Not in a callback: what was marked without a network comes with the first run of a new session, which calls none.
    if isinstance(page.marked, list) and (page.marked, unhurried) != told.get("kept"):
        attempt(lambda: votes.mark(*mine, page.marked, unhurried))
        told["kept"] = page.marked, unhurried
    trouble(stage.version)
    kept = votes.marks_of(*mine)
    if kept is None:
        st.caption("Press all that show the word, then “Done”. None at all is an answer, too.")
    else:
        st.success(f"Kept: {len(kept)} of {votes.PICTURES} pictures marked. You can change it while the page is open.")


def _wait(room: Room, stage: Stage, sheet: Sheet, token: str) -> None:
    kept = votes.marks_of(access.store(), room.code, sheet.name, stage.round, token)
    if kept is not None:
        st.success(f"Kept: {len(kept)} of {votes.PICTURES} pictures marked.")
        st.info("The page is closed. Look up: what comes of it is next.")
    else:
        st.info(f"Read the word. {votes.PICTURES} small pictures come in a moment: press all that show it.")


def _haste(room: Room, sheet: Sheet, large: bool) -> None:
    said = haste(sheet, _kept(room, sheet), any(marks.unhurried for marks in _marks(room, sheet)))
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
    kept = _kept(room, sheet)
    if not kept:
        return
    places = disputed(kept, _SPLIT if large else 8)
    if not places:
        st.markdown("There is no picture that the room was divided over.")
        return
    rounds = " → ".join(sheets.ROUNDS[round] for round in kept)
    heading = "#### " if large else ""
    st.markdown(f"{heading}**The pictures that you disagreed about most, and how many marked them: {rounds}**")
    with st.container(horizontal=True):
        for place in places:
            shares = " → ".join(f"{marks.marked[place] / marks.pages:.0%}" for marks in kept.values())
            picture = sheet.pictures[place]
            with st.container(width=_PICTURE if large else 96, gap="small"):
                st.image(picture.data, width=_PICTURE if large else 80, alt=picture.title)
                st.markdown(f"##### {picture.title}: {shares}" if large else f":small[{picture.title}: {shares}]")
