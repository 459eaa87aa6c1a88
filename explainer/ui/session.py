"""What one visitor agreed to and asked for, kept in their session alone: the notice, words to reveal, the model."""

import streamlit as st

from explainer.imagenet import words
from explainer.imagenet.words import Caption, Context
from explainer.ui import access
from explainer.vision import cards
from explainer.workshop.rooms import Preset

_ALL, _SOME, _AGREED, _RULES = "revealed_all", "revealed_wnids", "notice_agreed", "room_rules"
_MODEL = "model_asked"


def notice() -> None:
    """The notice that comes before the first label, once a visit; the script goes on only after it was agreed to."""
    if not agreed():
        st.stop()


def agreed() -> bool:
    """Whether the visitor agreed to the notice, which stands on the page where not."""
    if st.session_state.get(_AGREED):
        return True
    with st.container(border=True):
        st.markdown(
            "**Before the first label.** The words come from a dictionary, by way of a training set; they say nothing "
            "true about the person in the picture. Many were cruel, and ImageNet has removed most of them; the "
            "offensive and sensitive ones stay masked until you ask. Use a photo only if everyone in it agrees, and "
            "leave children out. It stays in this computer's memory while you are here, and is never stored."
        )
        st.button("Go on", key="notice_button", on_click=_set, args=(_AGREED, True))
    return False


def keep_to(rules: Preset) -> None:
    """The rules of the room that the visitor joined, for as long as they are here."""
    st.session_state[_RULES] = rules


def own_faces() -> bool:
    """Whether the visitor may bring a photo of their own: no room that they joined, or that is on, rules it out."""
    return all(rules.own_faces for rules in _rules())


def may_reveal() -> bool:
    """Whether the visitor may see masked words: no room that they joined, or that is on, rules it out."""
    return not any(rules.masks_locked for rules in _rules())


def caption(wnid: str, context: Context) -> Caption:
    """The caption of a category as far as this visitor asked to see it. Raises taxonomy.UnknownCategory."""
    asked = bool(st.session_state.get(_ALL)) or wnid in _revealed()
    return words.caption(wnid, context, revealed=asked and may_reveal())


def model() -> str:
    """The name of the card of the model that reads this visitor's photos, on every page.

    The default takes the place of one that was taken away meanwhile.
    """
    name: str = st.session_state.get(_MODEL, cards.DEFAULT)
    return name if any(card.name == name and card.present for card in cards.load_all()) else cards.DEFAULT


def ask_model(name: str) -> None:
    """From now on the model of that card reads this visitor's photos."""
    st.session_state[_MODEL] = name


def reveal_button(wnid: str, key: str) -> None:
    """A button that reveals the words of one category to a visitor who may; `key` tells it from others on the page."""
    if may_reveal():
        st.button("Reveal", key=f"reveal_{key}", on_click=_reveal, args=(wnid,))


def mask_button() -> None:
    """A button to mask everything again, once anything was revealed to a visitor who may see it."""
    if may_reveal() and (st.session_state.get(_ALL) or _revealed()):
        st.button("Mask everything again", key="mask_all", on_click=_mask_all)


def controls() -> None:
    """At the top, once anything was revealed, a button to mask everything again; in the sidebar, one to reveal it."""
    if not may_reveal():
        st.info(
            "A workshop is on: words stay masked and supplied pictures are used alone, until its presenter ends it."
        )
        return
    mask_button()
    with st.sidebar:
        st.markdown("**Offensive and sensitive words**")
        if st.session_state.get(_ALL):
            st.caption("All of them are shown to you until you leave or mask them again.")
        else:
            st.caption("They are masked: slurs, and words for race, faith, illness and the like.")
            st.button("Show all of them…", key="ask_reveal_all", on_click=_set, args=("asking", True))
            if st.session_state.get("asking"):
                st.markdown("Anyone who sees this screen will read them. Show them until you leave?")
                st.button("Yes, show them", key="reveal_all", on_click=_reveal_all)
                st.button("No", key="reveal_none", on_click=_set, args=("asking", False))


def _rules() -> list[Preset]:
    """Those of the room that the visitor joined, and, for all but the presenter, of the rooms that are on.

    A room is no property of a session: who is in one comes to the other pages by another tab as well.
    """
    on = None if access.is_presenter() else access.in_force()
    return [rules for rules in (st.session_state.get(_RULES), on) if rules]


def _revealed() -> frozenset[str]:
    wnids: frozenset[str] = st.session_state.get(_SOME, frozenset())
    return wnids


def _set(key: str, value: bool) -> None:
    st.session_state[key] = value


def _reveal(wnid: str) -> None:
    if not _may_reveal_now():
        return
    st.session_state[_SOME] = _revealed() | {wnid}


def _reveal_all() -> None:
    st.session_state["asking"] = False
    if _may_reveal_now():
        st.session_state[_ALL] = True


def _may_reveal_now() -> bool:
    """As `may_reveal`, by the rules of this very moment: the page may be older than a room."""
    access.in_force.clear()
    return may_reveal()


def may_bring_a_photo_now() -> bool:
    """As `own_faces`, by the rules of this very moment: the page may be older than a room."""
    access.in_force.clear()
    return own_faces()


def _mask_all() -> None:
    st.session_state[_ALL] = False
    st.session_state[_SOME] = frozenset()
