"""One picture changed a little, and what becomes of its label; and pictures without anybody in them."""

import streamlit as st

from explainer.corruptions import CORRUPTIONS, Strip
from explainer.faces import Box
from explainer.photos import Photo
from explainer.ui import labels, resources, visitor
from explainer.ui.category import plain
from explainer.vocabularies import Label
from explainer.words import Context

_TOP = 5


def chosen() -> str:
    """The corruption that the visitor chose, by its name."""
    name: str = st.pills(
        "Change",
        CORRUPTIONS,
        default="tilt",
        required=True,
        format_func=lambda name: CORRUPTIONS[name].title,
        key="corruption",
        wrap=True,
    )
    return name


@st.fragment
def one(strip: Strip, release: str) -> None:
    """The unchanged picture beside one with a chosen amount of the change, and the labels of both."""
    corruption = CORRUPTIONS[strip.corruption]
    place = st.select_slider(
        f"How much ({corruption.unit})",
        range(len(strip.amounts)),
        value=len(strip.amounts) // 2,
        format_func=lambda place: f"{strip.amounts[place]:g}",
        key=f"amount_{strip.corruption}",
    )
    for column, index in zip(st.columns(2, gap="large"), (0, place), strict=True):
        with column:
            title = "As it is" if not index else f"{corruption.title}: {strip.amounts[index]:g} {corruption.unit}"
            st.image(strip.crops[index], width=280, caption=title, alt=f"What the network saw. {title}.")
            labels.show(strip.readings[index].people(release, _TOP), key=f"broken_{strip.corruption}_{index}")


def sentence(strip: Strip) -> str:
    """The least change that changes the label, and how far the first word moves, as sentences."""
    corruption = CORRUPTIONS[strip.corruption]
    if strip.least is None:
        return f"**{corruption.title}**: none of these amounts changes the first word."
    farthest = max(strip.ranks)
    return (
        f"**{corruption.title}**: at {strip.least:g} {corruption.unit} another word comes first; "
        f"the first one falls to place {farthest:,} at most."
    )


def row(strip: Strip, release: str) -> None:
    """Every amount of a change as a row of pictures, each with its first word."""
    with st.container(horizontal=True, gap="small"):
        for amount, crop, reading, rank in zip(strip.amounts, strip.crops, strip.readings, strip.ranks, strict=True):
            (first,) = reading.people(release, 1)
            with st.container(width=112):
                st.image(crop, width=104, alt=f"{CORRUPTIONS[strip.corruption].title}, {amount:g}: {_name(first)}.")
                st.markdown(f"**{plain(_name(first))}**  \n:small[{amount:g} · first one now at {rank:,}]")


def every(photo: Photo, box: Box | None, release: str) -> None:
    """The least of each change that changes the label, once the visitor asks for them all."""
    if not st.toggle("Try every change", key="every_change", help="Takes some seconds."):
        return
    strips = [resources.strip(photo, box, name, release) for name in CORRUPTIONS]
    moved = sum(strip.least is not None for strip in strips)
    st.markdown(f"{moved} of {len(strips)} small changes put another word first.")
    for strip in strips:
        st.markdown(f"- {sentence(strip)}")


def strangers(release: str) -> None:
    """Pictures without anybody in them, and the words for people that they get."""
    for column, (title, crop, reading) in zip(st.columns(3, gap="large"), resources.strangers(), strict=True):
        with column:
            st.image(crop, width=200, caption=title, alt=title)
            labels.show(reading.people(release, 3), key=f"stranger_{title}")


def _name(label: Label) -> str:
    return visitor.caption(label.wnid, Context.PHOTO).name
