"""One picture changed a little, and what becomes of its label; and pictures without anybody in them."""

import streamlit as st

from explainer.imagenet import vocabularies
from explainer.imagenet.vocabularies import Label
from explainer.imagenet.words import Context
from explainer.ui import computed, labels, options, session
from explainer.ui.category_card import plain
from explainer.vision.corruptions import CORRUPTIONS, Corruption, Strip
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reading

_TOP = 5


def chosen() -> str:
    """The corruption that the visitor chose, by its name."""
    name: str = st.pills(
        "Change",
        CORRUPTIONS,
        default="tilt",
        required=True,
        format_func=lambda name: options.readable(CORRUPTIONS[name].title),
        key="corruption",
        persist_state="session",
        wrap=True,
    )
    return name


def _amount(corruption: Corruption) -> float:
    """How much of the change the visitor wants: from a slider, or where there is only all or nothing, from a switch."""
    key = f"amount_{corruption.name}"
    if corruption.all_or_nothing:
        return (
            corruption.most if st.toggle(corruption.title, True, key=key, persist_state="session") else corruption.none
        )
    return st.slider(
        f"{corruption.title}: {corruption.unit}",
        float(min(corruption.grid)),
        float(max(corruption.grid)),
        float(corruption.grid[len(corruption.grid) // 2]),
        float(corruption.step),
        format="%g",
        key=key,
        persist_state="session",
    )


def _said(corruption: Corruption, amount: float) -> str:
    """An amount as it stands below a picture: its number, or where there is only all or nothing, which of the two."""
    if not corruption.all_or_nothing:
        return f"{amount:g}"
    return "as it is" if amount == corruption.none else corruption.title.lower()


@st.fragment
def one(photo: Photo, strip: Strip, release: str) -> None:
    """The unchanged picture beside one with as much of the change as the visitor likes, and the labels of both."""
    corruption, unchanged = CORRUPTIONS[strip.corruption], strip.changed[0]
    before, after = st.columns(2, gap="large")
    with before:
        st.image(unchanged.crop, width=280, alt="What the network saw of the picture as it is.")
        st.markdown("**As it is**")
        labels.show(unchanged.reading.people(release, _TOP), key="unchanged")
    with after:
        picture = st.container()
        amount = _amount(corruption)
        changed = computed.changed(photo, unchanged.reading, strip.corruption, amount, release)
        picture.image(
            changed.crop, width=280, alt=f"What the network saw. {corruption.title}, {_said(corruption, amount)}."
        )
        st.markdown(
            f"The word that came first now stands at **place {changed.rank:,}** of "
            f"{len(vocabularies.person_categories(release)):,}."
        )
        labels.show(changed.reading.people(release, _TOP), key=f"changed_{strip.corruption}")


def sentence(strip: Strip) -> str:
    """The least change that changes the label, and how far the first word moves, as sentences."""
    corruption = CORRUPTIONS[strip.corruption]
    if strip.least is None:
        stays = "the first word stays" if corruption.all_or_nothing else "no amount of it changes the first word"
        return f"**{corruption.title}**: {stays}."
    at, most = corruption.dose(strip.least), "" if corruption.all_or_nothing else " at most"
    return (
        f"**{corruption.title}**: {at} another word comes first; "
        f"the one that came first falls to place {strip.farthest:,}{most}."
    )


def row(strip: Strip, release: str) -> None:
    """Every amount of a change as a row of pictures, each with its first word."""
    st.caption("Each with its amount, its first word, and the place at which the word now stands that came first.")
    corruption = CORRUPTIONS[strip.corruption]
    with st.container(horizontal=True, gap="small"):
        for changed in strip.changed:
            (first,) = changed.reading.people(release, 1)
            with st.container(width=104):
                said = _said(corruption, changed.amount)
                title = f"{corruption.title}, {said}"
                st.image(changed.crop, width=104, alt=f"{title}: {_name(first)}.")
                st.markdown(f"**{plain(_name(first))}**  \n:small[{said} · place {changed.rank:,}]")


def every(photo: Photo, reading: Reading, release: str) -> None:
    """The least of each change that changes the label, once the visitor asks for them all."""
    if not st.toggle("Try every change", key="every_change", persist_state="session", help="Takes some seconds."):
        return
    strips = [computed.strip(photo, reading, name, release) for name in CORRUPTIONS]
    moved = sum(strip.least is not None for strip in strips)
    st.markdown(f"{moved} of {len(strips)} small changes {'puts' if moved == 1 else 'put'} another word first.")
    for strip in strips:
        st.markdown(f"- {sentence(strip)}")


def strangers(release: str) -> None:
    """Pictures without anybody in them, and the words for people that they get."""
    for column, (title, crop, reading) in zip(st.columns(3, gap="large"), computed.strangers(), strict=True):
        with column:
            st.image(crop, width=200, caption=title, alt=title)
            labels.show(reading.people(release, 3), key=f"stranger_{title}")


def _name(label: Label) -> str:
    return session.caption(label.wnid, Context.PHOTO).name
