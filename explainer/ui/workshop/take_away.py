"""To take away from a room: made when the presenter asks for it, without a masked word or anybody's single vote."""

from collections.abc import Callable

import streamlit as st

from explainer.imagenet import masked_words
from explainer.imagenet.masked_words import Context
from explainer.ui import access
from explainer.ui.markdown import plain
from explainer.workshop import handout, record, reports
from explainer.workshop.handout import Service
from explainer.workshop.reports import REASONS
from explainer.workshop.rooms import Room

_LISTED = 200  # reports, those made most often
_TAKEN: set[str] = set()  # rooms whose handout was downloaded since the app started


def is_taken(code: str) -> bool:
    """Whether the handout of a room was downloaded since the app started."""
    return code in _TAKEN


def handout_of(code: str) -> str:
    """The handout of a room as it is now; from then on it counts as downloaded."""
    made = handout.handout(record.record(access.store(), code))
    _TAKEN.add(code)
    return made


def forget(code: str) -> None:
    """A room was deleted: another may get its code."""
    _TAKEN.discard(code)


def downloads(room: Room) -> None:
    """The presenter's buttons for all that can be taken away from a room."""
    store, code = access.store(), room.code
    kept = store.file if store.keeps else None
    service = Service(st.get_option("server.port"), bool(st.get_option("server.sslCertFile")), kept, store.database)
    with st.container(horizontal=True):
        _button("Handout", lambda: handout_of(code), f"handout-{code}.html")
        _button(
            "Cards to cut out", lambda: handout.cards(room.deck, room.rules.masks_locked), f"cards-{room.deck}.html"
        )
        _button("For the teacher", handout.teacher_page, "workshop-teacher.html")
        _button("For IT and data protection", lambda: handout.it_page(service), "workshop-it.html")
        _button("Totals (CSV)", lambda: record.to_csv(record.record(store, code)), f"totals-{code}.csv")

    _reported(room)


def _reported(room: Room) -> None:
    """All that was reported, for the presenter's eyes: the file has no count below FEWEST."""
    flags = reports.flags(access.store(), room.code)
    if flags:
        st.markdown("Reported so far, for your eyes:")
    for flag in flags[:_LISTED]:
        name = plain(masked_words.caption(flag.wnid, Context.TREE).name)
        st.markdown(f"{flag.count} × **{name}**: {REASONS[flag.reason]}")
    if len(flags) > _LISTED:
        st.markdown(f"And {len(flags) - _LISTED:,} more, reported less often.")


def _button(title: str, write: Callable[[], str], name: str) -> None:
    kind = name.rpartition(".")[2]
    st.download_button(title, write, file_name=name, mime=f"text/{kind}", on_click="ignore", key=f"take_{title}")
