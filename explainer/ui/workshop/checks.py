"""Before people come: what a presenter wants to know to be in order, and what to do where it is not."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from explainer.imagenet import masked_words, taxonomy
from explainer.imagenet.masked_words import Context
from explainer.setup import wordnet
from explainer.ui import access
from explainer.ui.workshop import invitation, lobby, refresh
from explainer.ui.workshop.actions import button
from explainer.vision import cards
from explainer.workshop import addresses, participants, rooms
from explainer.workshop.rooms import Room


@dataclass(frozen=True)
class Check:
    """Something to be in order: what it is, whether it is, and what to do where it is not."""

    title: str
    passed: Callable[[], bool]
    otherwise: str


@st.cache_resource(show_spinner=False)
def _masked() -> bool:
    """Whether offensive words are masked, tried on all of them."""
    offensive = (wnid for wnid, synset in taxonomy.load().items() if synset.safety == "offensive")
    return all(masked_words.caption(wnid, Context.TREE).masked for wnid in offensive)


CHECKS = (
    Check(
        "This machine has an address on a network",
        lambda: bool(addresses.addresses()),
        "No address of it was found: phones cannot join. Connect it, or make it a hotspot; where it is in a network "
        "all the same, type its address under “Joining”. Or go on without phones.",
    ),
    Check(
        "The network that reads photos is there",
        lambda: cards.load().present,
        "The talk goes without it; people’s own photos do not. Run `make setup`.",
    ),
    Check(
        "The dictionary is there",
        wordnet.ready,
        "Definitions come from a table instead. `explainer provision` fetches it.",
    ),
    Check(
        "Rooms are kept on the disk",
        lambda: access.store().trouble is None,
        "The room goes on, and may be lost when the app is stopped: the sentence above says why.",
    ),
    Check(
        "Offensive words are covered",
        _masked,
        "Do not go on: words that offend would be shown. Install the app anew.",
    ),
    Check(
        "Answers travel encrypted",
        lambda: invitation.origin().startswith("https:"),
        "They do not: others in the network could read them, and phones' cameras stay closed in the page. "
        "docs/workshop.md says how to serve with a certificate.",
    ),
)
"""What is looked at, in the order of how much goes wrong without it."""


def show(room: Room) -> None:
    """Every check with its outcome; the last one waits for a phone."""
    for check in CHECKS:
        _said(check.title, check.passed(), check.otherwise)
    for other in rooms.on(access.store()):
        if other.code != room.code:
            _other(other)
    if room.phones:
        refresh.every(2.0, partial(_awaited, room), "awaited")


def _other(room: Room) -> None:
    """A room that somebody forgot to end, and the way to end it."""
    _said(
        "No other room is on",
        False,
        f"Another room, {room.code}, is still on: its rules hold for the whole app ({room.rules.title}).",
    )
    button(f"End the room {room.code}", partial(lobby.end, room.code))


def _awaited(room: Room) -> None:
    _said(
        "A phone has joined",
        participants.here(access.store(), room.code) > 0,
        f"Open {invitation.origin()}/workshop on one phone and join. Where it does not load: the Wi-Fi may keep "
        "devices apart, as guest networks do; a firewall on this computer may block the port; the phone may have gone "
        "back to mobile data, as this Wi-Fi has no internet. A hotspot often takes 5 to 10 phones only.",
    )


def _said(title: str, passed: bool, otherwise: str) -> None:
    if passed:
        st.markdown(f":green[:material/check:] {title}")
    else:
        st.markdown(f":orange[:material/error:] {title}: **not now.** {otherwise}")
