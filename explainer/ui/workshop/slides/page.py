"""Be the worker: a page of small pictures under one word, against the clock; then what the room disagreed about."""

import base64
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import streamlit as st

from explainer.imagenet import masked_words
from explainer.imagenet.masked_words import Context
from explainer.ui import access
from explainer.ui.markdown import plain
from explainer.ui.workshop import ballot, refresh, sentences
from explainer.ui.workshop.actions import attempt, trouble
from explainer.ui.workshop.slide import Scene, Slide
from explainer.workshop import sheets, votes
from explainer.workshop.errors import RoomError
from explainer.workshop.privacy import FEWEST
from explainer.workshop.sheets import SHEETS, Sheet
from explainer.workshop.votes import Marks

_WIDE = 1090  # pixels of all pictures on the projector
_ACROSS, _ACROSS_ALONE = 10, 9  # pictures in a row, below a word and where there is none
_AGAIN = 2.0  # seconds after which what could not be kept is tried again
_SPLIT = 6  # pictures that are shown of those that split the room, or for which hands go up

_HTML, _CSS, _JS = ((Path(__file__).parents[1] / f"sheet.{kind}").read_text("utf-8") for kind in ("html", "css", "js"))
_sheet = st.components.v2.component("sheet", html=_HTML, css=_CSS, js=_JS)


def _on_projector(scene: Scene) -> None:
    sheet = _asked(scene)
    if sheet is None:
        page = sheets.together(sheets.sheet(SHEETS[0]), _ACROSS_ALONE)
        st.image(page, width=_WIDE, alt="A page of small pictures.")
        return
    result = scene.stage.phase == "result"
    ballot.word(sheet.wnid, told=result)
    if not result:
        refresh.every(1.0, partial(_clock, scene, sheet), "clock")
        st.image(sheets.together(sheet, _ACROSS), width=_WIDE, alt=f"A page of {len(sheet.pictures)} small pictures.")
    elif scene.room.phones:
        st.markdown(f"### {sentences.marked(sheet, _marks(scene, sheet))}")
        _disputed(scene, sheet, 160)
    else:
        st.header("Who would have clicked which? Put up a hand.", anchor=False)
        _row(sheet, {p.number - 1: p.title for p in sheet.pictures if p.shows is None}, 160)


def _on_phone(scene: Scene, token: str) -> None:
    sheet = _asked(scene)
    if sheet is None:
        if scene.step.asks:
            st.info(f"Get ready: {votes.PICTURES} small pictures come in a moment.")
        return
    if scene.stage.phase == "result":
        ballot.word_on_phone(sheet.wnid, told=True)
        st.markdown(sentences.marked(sheet, _marks(scene, sheet)))
        _disputed(scene, sheet, 80)
        return
    ballot.word_on_phone(sheet.wnid, told=False)
    _page(scene, sheet, token)


def _controls(scene: Scene) -> None:
    if sheet := _asked(scene):
        st.markdown(f"**The page: {plain(masked_words.caption(sheet.wnid, Context.TREE).text)}**")
        refresh.every(1.0, partial(_clock, scene, sheet), "clock")


def disputed(marks: Marks, n: int) -> list[int]:
    """Places of the `n` pictures over which those who marked a page were most evenly split, the most first."""

    def split(place: int) -> int:
        return min(marks.marked[place], marks.pages - marks.marked[place])

    return sorted((place for place in range(votes.PICTURES) if split(place)), key=split, reverse=True)[:n]


def _asked(scene: Scene) -> Sheet | None:
    return sheets.sheet(scene.stage.activity) if scene.stage.activity in SHEETS else None


def _marks(scene: Scene, sheet: Sheet) -> Marks | None:
    return next((marks for marks in votes.marks(access.store(), scene.room.code) if marks.sheet == sheet.name), None)


def _left(scene: Scene) -> float:
    """Seconds that are left of the page's time."""
    return max(0.0, sheets.seconds() - scene.stage.seconds)


def _clock(scene: Scene, sheet: Sheet) -> None:
    marks, left = _marks(scene, sheet), _left(scene)
    if not scene.stage.open:
        return
    said = "Paused" if scene.stage.paused else f"{left:.0f} seconds left" if left else "Time is up."
    if scene.room.phones:
        said += f" · {marks.pages if marks else 0} are marking"
    st.header(said, anchor=False)
    st.progress(left / sheets.seconds())


@cache
def _sources(name: str) -> tuple[str, ...]:
    """The pictures of a sheet as addresses that hold them."""
    encoded = (base64.b64encode(picture.data).decode() for picture in sheets.sheet(name).pictures)
    return tuple(f"data:{sheets.MIME};base64,{data}" for data in encoded)


@st.fragment
def _page(scene: Scene, sheet: Sheet, token: str) -> None:
    # Whatever took the page off the phone, a pause as well, made another version: the page begins from what was kept.
    # And a phone may be in another room after this one, at the same version.
    drawn = f"{sheet.name}_{scene.room.code}_{scene.stage.version}"
    mine = access.store(), scene.room.code, sheet.name, token
    if f"page_{drawn}" not in st.session_state:
        # Who comes after the time marks without the clock.
        st.session_state[f"page_{drawn}"] = {"marked": votes.marks_of(*mine), "seconds": _left(scene) or None}
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
    def keep() -> None:
        votes.mark(*mine, page.marked)
        told["kept"] = page.marked  # else the next run tries it again

    def again() -> None:
        votes.mark(*mine, page.marked)  # where that is refused yet, the error ends this look
        st.rerun()  # whose run keeps it once more, and no longer says why it could not

    if isinstance(page.marked, list) and page.marked != told.get("kept"):
        attempt(keep)
        if page.marked != told.get("kept"):
            refresh.every(_AGAIN, again, "marks")
    trouble(scene.stage.version)
    with suppress(RoomError):  # a fragment's error is nobody else's to tell; the next run will know
        _kept(votes.marks_of(*mine))


def _kept(marked: frozenset[int] | None) -> None:
    if marked is None:
        st.caption("Press all that show the word, then “Done”. None at all is an answer, too.")
    else:
        st.success(
            f"Kept: {len(marked)} of {votes.PICTURES} pictures marked{access.in_memory_only()}. "
            "You can change it while the page is open."
        )


def _disputed(scene: Scene, sheet: Sheet, side: int) -> None:
    """The pictures that the room was most divided over, with how many marked each."""
    marks = _marks(scene, sheet)
    if marks is None or marks.pages < FEWEST:
        return
    places = disputed(marks, _SPLIT)
    said = {place: f"{marks.marked[place] / marks.pages:.0%} {sheet.pictures[place].title}" for place in places}
    found = "You disagreed most about these. So many marked each:" if places else "You agreed about all of them."
    st.markdown(f"#### {found}" if side > 100 else f"**{found}**")
    _row(sheet, said, side)


def _row(sheet: Sheet, said: dict[int, str], side: int) -> None:
    with st.container(horizontal=True):
        for place in [*said][:_SPLIT]:
            with st.container(width=side + 26, gap="small"):
                st.image(sheet.pictures[place].data, width=side, alt=sheet.pictures[place].title)
                st.markdown(f"#### {said[place]}" if side > 100 else f":small[{said[place]}]")


SLIDE = Slide(_on_projector, _on_phone, _controls)
