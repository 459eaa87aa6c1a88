"""One picture changed a little, and what becomes of its label; and pictures without anybody in them."""

import streamlit as st
from PIL.Image import Image

from explainer.imagenet import sources, vocabularies
from explainer.imagenet.masked_words import Context
from explainer.ui import labels, options, photo_source, sample_results, sentences, session
from explainer.ui.markdown import plain
from explainer.vision import cards, corruptions
from explainer.vision.corruptions import CORRUPTIONS, Corruption, Course, CourseStep
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reading

FIRST = "photographer"
"""The sample that shows most: its word changes with every other touch."""

_CHANGE = "blur"
_SIDE = 320  # pixels of the two pictures on the stage


def nobody() -> None:
    """Pictures without anybody in them, each with the word for people that it gets."""
    with st.container(key="nobody", horizontal=True, gap="medium"):
        for title, crop, reading in sample_results.nobody():
            (first,) = reading.people(vocabularies.OLDEST, 1)
            with st.container(gap="xsmall"):
                st.image(crop, width="stretch", alt=title)
                st.markdown(f"{title}: **{_name(first.wnid)}**")


def chosen() -> str:
    """The corruption that the visitor chose, by its name."""
    name: str = st.pills(
        "Change",
        CORRUPTIONS,
        default=_CHANGE,
        required=True,
        format_func=lambda name: options.readable(CORRUPTIONS[name].title),
        key="corruption",
        persist_state="session",
        wrap=True,
    )
    return name if name in CORRUPTIONS else _CHANGE


@st.fragment
def stage(photo: Photo, reading: Reading, course: Course) -> None:
    """The slider, the headline, and the picture before and after as much of the change as the slider says."""
    if photo is not photo_source.photo(FIRST):  # it was forgotten since the page was drawn, or a room rules it out now
        st.rerun()
    corruption = CORRUPTIONS[course.corruption]
    step = course.at(_amount(corruption, course))
    before, after = course.steps[0], step
    people = len(vocabularies.person_categories(vocabularies.OLDEST))
    with st.container(key="headline"):
        old, new = (_name(each.labels[0].wnid) for each in (before, after))
        st.markdown(sentences.headline(old, new, step.rank, people))
    st.markdown(sentences.course(corruption, course))
    with st.container(key="stage", horizontal=True, gap="medium"):
        for each, title in ((before, "As it is"), (after, _said(corruption, step.amount))):
            with st.container(width=_SIDE, gap="xsmall"):
                st.image(_crop(photo, reading, course, each), width=_SIDE, alt=f"What the network saw. {title}.")
                note = "" if each.box or reading.box is None else " No face was found: the middle is labelled."
                st.markdown(f"**{title}**{note}")
                gloss = session.caption(each.labels[0].wnid, Context.PHOTO).gloss
                for rank, label in enumerate(each.labels[:3], start=1):
                    meaning = f": *{plain(gloss)}*" if gloss and rank == 1 else ""
                    st.markdown(f":small[{rank}\\. {_name(label.wnid)}{meaning}]")


def _amount(corruption: Corruption, course: Course) -> float:
    """How much of the change the visitor wants: from a slider, or where there is only all or nothing, from a switch.

    The slider begins at the least that puts another word first.
    """
    key = f"amount_{corruption.name}"
    enough = course.changed or course.steps[len(course.steps) // 2 :]
    if corruption.all_or_nothing:
        return (
            corruption.most if st.toggle(corruption.title, True, key=key, persist_state="session") else corruption.none
        )
    return options.amount(
        f"{corruption.title} ({corruption.unit})",
        float(min(corruption.grid)),
        float(max(corruption.grid)),
        key,
        float(enough[0].amount),
        step=float(corruption.step),
        format="%g",
    )


def _said(corruption: Corruption, amount: float) -> str:
    """An amount as it stands below a picture: its number, or where there is only all or nothing, which of the two."""
    if amount == corruption.none:
        return "As it is"
    return corruption.title if corruption.all_or_nothing else f"{corruption.title}, {amount:g}"


def row(photo: Photo, reading: Reading, course: Course) -> None:
    """Amounts of the change as a row of pictures, each with its first word and the old word's place."""
    corruption = CORRUPTIONS[course.corruption]
    st.caption("Below each picture: its first word, the amount of the change, and where the old word stands.")
    with st.container(key="row", horizontal=True, gap="small"):
        for amount in corruption.amounts():
            step = course.at(amount)
            name = _name(step.labels[0].wnid)
            with st.container(gap="xsmall"):
                crop = _crop(photo, reading, course, step)
                st.image(crop, width="stretch", alt=f"{_said(corruption, amount)}: {name}.")
                st.markdown(f"**{name}**  \n:small[{amount:g} · place {step.rank:,}]")


def advice() -> None:
    """What somebody advised in 2019, and where to try it."""
    st.markdown(sources.cited(sentences.RESOLUTION))


def every(photo: Photo, reading: Reading) -> None:
    """What each change does to the label, once the visitor asks for them all."""
    if not st.toggle("Try every change", key="every_change", persist_state="session"):
        return
    courses = [sample_results.course(photo, reading, name) for name in CORRUPTIONS]
    moved = sum(bool(course.changed) for course in courses)
    st.markdown(f"{moved} of {len(courses)} small changes {'puts' if moved == 1 else 'put'} another word first:")
    for course in courses:
        corruption, farthest = CORRUPTIONS[course.corruption], course.farthest
        falls = f" At most, the old word falls to place {farthest.rank:,}." if farthest.rank > 1 else ""
        st.markdown(f"- **{corruption.title}.** {sentences.course(corruption, course)}{falls}")


def small_print(reading: Reading) -> None:
    """Which model reads the picture."""
    st.caption(f"Read by {plain(cards.load(reading.model).title)}. {labels.how(reading)}")


def _crop(photo: Photo, reading: Reading, course: Course, step: CourseStep) -> Image:
    side = cards.load(reading.model).transform.side
    return corruptions.corrupt(photo, step.box, side, course.corruption, step.amount)


def _name(wnid: str) -> str:
    return plain(session.caption(wnid, Context.PHOTO).name)
