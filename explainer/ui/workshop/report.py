"""Report a category: a reason as a button, and where it goes."""

from functools import partial

import streamlit as st

from explainer.imagenet.masked_words import Context
from explainer.ui import access, session
from explainer.ui.markdown import plain
from explainer.ui.workshop.actions import press, trouble
from explainer.workshop import reports, talk
from explainer.workshop.reports import REASONS
from explainer.workshop.rooms import Room
from explainer.workshop.screens import Stage


def on_phone(room: Room, stage: Stage, token: str) -> None:
    """Reasons to report the word just seen for; nothing where there is no word yet."""
    wnid = talk.word(stage.activity)
    if wnid is not None:
        with st.expander("Report this word"):
            _reasons(room, stage, token, wnid)


def _reasons(room: Room, stage: Stage, token: str, wnid: str) -> None:
    store = access.store()
    given = reports.flagged(store, room.code, token, wnid)
    caption = session.caption(wnid, Context.TREE)
    name = "the masked word" if caption.masked else f"“{plain(caption.text)}”"
    st.markdown(f"What is wrong with {name} as a category?")
    for reason, title in REASONS.items():
        st.button(
            f"{title} (reported)" if reason in given else title,
            key=f"report_{wnid}_{reason}",
            type="primary" if reason in given else "secondary",
            disabled=reason in given,
            width="stretch",
            on_click=press,
            args=(partial(reports.flag, store, room.code, token, wnid, reason),),
            kwargs={"of": "report"},
        )
    trouble(stage.version, "report")
    if given:
        st.success(f"On the presenter's list: {len(given)} of your reasons{access.in_memory_only()}.")
    st.caption(
        "It goes to the presenter's list, without a name, and nowhere else. In 2019 ImageNet said that it would let "
        "people report offensive terms; this app knows of no way to send it there."
    )
