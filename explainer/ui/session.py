"""What one visitor agreed to and asked for, kept in their session alone: the notice, words to reveal, the model."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import streamlit as st

from explainer.imagenet import masked_words
from explainer.imagenet.masked_words import Caption, Context
from explainer.ui import access, sentences
from explainer.vision import cards
from explainer.vision.cards import CardError
from explainer.workshop.rooms import Preset

_ALL, _SOME, _RULES = "revealed_all", "revealed_wnids", "room_rules"
_COVERED = "covered_wnids"
_MODEL, _REFUSED = "model_asked", "reveal_refused"

RULED_OUT = "a workshop was on, or the app could not ask in time whether one is"
"""Why a press was refused on a page that allows it again by now."""

_Made = TypeVar("_Made")

GOES_WITH_THE_PHOTO: set[str] = set()
"""Names in a session's state that are dropped with the photo. A page adds those of what was asked of it."""


def kept(name: str, of: Hashable, make: Callable[[], _Made]) -> _Made:
    """What `make` gives, kept under that name until it is asked of something else, or the photo goes."""
    GOES_WITH_THE_PHOTO.add(name)
    found = st.session_state.get(name)
    if found is None or found[0] != of:
        found = st.session_state[name] = (of, make())
    made: _Made = found[1]
    return made


def keep_to(rules: Preset) -> None:
    """The rules of the room that the visitor joined, for as long as they are here."""
    st.session_state[_RULES] = rules


def own_faces() -> bool:
    """Whether the visitor may bring a photo of their own: no room that they joined, or that is on, rules it out."""
    return all(rules.own_faces for rules in _rules())


def may_reveal() -> bool:
    """Whether the visitor may see masked words: no room that they joined, or that is on, rules it out."""
    return not any(rules.masks_locked for rules in _rules())


def allowed() -> tuple[bool, bool]:
    """Whether the visitor may bring a photo of their own now, and whether they may see masked words."""
    return own_faces(), may_reveal()


def workshop() -> str:
    """Why the rules of a workshop hold, as a sentence without its end."""
    unknown = access.in_force() == access.UNKNOWN
    return "The record of workshops cannot be asked just now" if unknown else "A workshop is on"


def caption(wnid: str, context: Context) -> Caption:
    """The caption of a category as far as this visitor asked to see it. Raises taxonomy.UnknownCategory."""
    found = masked_words.caption(wnid, context)
    if not found.masked:  # as most are, of hundreds on a page: what was asked for is looked up for the others alone
        return found
    asked = bool(st.session_state.get(_ALL)) or wnid in _revealed()
    found = masked_words.caption(wnid, context, revealed=asked and may_reveal())
    if found.masked and _COVERED in st.session_state:
        st.session_state[_COVERED].add(wnid)
    return found


@contextmanager
def counting() -> Iterator[None]:
    """Count the words that stay covered on the page that is drawn within it."""
    st.session_state[_COVERED] = set()
    yield


def model() -> str:
    """The name of the card of the model that reads this visitor's photos, on every page.

    The default takes the place of one that was taken away meanwhile.
    """
    name: str = st.session_state.get(_MODEL, cards.DEFAULT)
    with suppress(CardError):
        return name if cards.load(name).present else cards.DEFAULT
    return cards.DEFAULT


def ask_model(name: str) -> None:
    """From now on the model of that card reads this visitor's photos."""
    st.session_state[_MODEL] = name


def reveal_button(wnid: str, key: str) -> None:
    """A button that reveals the words of one category to a visitor who may; `key` tells it from others on the page."""
    if may_reveal():
        st.button("Reveal", key=f"reveal_{key}", type="tertiary", on_click=_reveal, args=(wnid,))


def mask_button() -> None:
    """A button to cover everything again, once anything was revealed to a visitor who may see it.

    Where the last press to reveal was refused, and one is allowed by now, a sentence says so.
    """
    refused = st.session_state.pop(_REFUSED, False)
    if not may_reveal():
        return
    if refused:
        st.warning(f"No word was shown: {RULED_OUT}. Press once more.")
    if st.session_state.get(_ALL) or _revealed():
        st.button("Cover all words again", key="mask_all", on_click=_mask_all)


def controls() -> None:
    """The chip: how many words on the page are covered, if any, with a way to show all, or to cover them again."""
    covered = len(st.session_state.get(_COVERED, ()))
    mask_button()
    if not may_reveal():
        st.markdown(f"{workshop()}: words stay covered, and only sample pictures are used.")
        return
    if covered and not st.session_state.get(_ALL):
        _chip(sentences.covered(covered))


def controls_before_counting() -> None:
    """The chip of a page that is not drawn yet, so that nobody knows how many words are covered on it."""
    if may_reveal() and not st.session_state.get(_ALL):
        _chip(sentences.COVERED, "_early")


def _chip(label: str, key: str = "") -> None:
    """What shows all words; `key` tells the one from the other that takes its place."""
    with st.popover(label, key=f"covered_words{key}"):
        st.markdown(
            "Covered: every word that ImageNet's annotators marked as offensive and, next to a photo, every word they "
            "marked as sensitive. That includes ordinary trades. Anyone who sees this screen will read what you show."
        )
        st.button("Show all words until I leave", key=f"reveal_all{key}", on_click=_reveal_all)


def _rules() -> list[Preset]:
    """Those of the room that the visitor joined, and, for all but the presenter, of the rooms that are on.

    A room is no property of a session: who is in one comes to the other pages by another tab as well.
    """
    on = None if access.is_presenter() else access.in_force()
    return [rules for rules in (st.session_state.get(_RULES), on) if rules]


def _revealed() -> frozenset[str]:
    wnids: frozenset[str] = st.session_state.get(_SOME, frozenset())
    return wnids


def _reveal(wnid: str) -> None:
    if not _may_reveal_now():
        return
    st.session_state[_SOME] = _revealed() | {wnid}


def _reveal_all() -> None:
    if _may_reveal_now():
        st.session_state[_ALL] = True


def _may_reveal_now() -> bool:
    """As `may_reveal`, by the rules of this very moment: the page may be older than a room."""
    access.ask_again()
    st.session_state[_REFUSED] = not (may := may_reveal())
    return may


def may_bring_a_photo_now() -> bool:
    """As `own_faces`, by the rules of this very moment: the page may be older than a room."""
    access.ask_again()
    return own_faces()


def _mask_all() -> None:
    st.session_state[_ALL] = False
    st.session_state[_SOME] = frozenset()
