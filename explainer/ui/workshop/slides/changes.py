"""Break it: predict which change of a portrait brings another word, then see all of them."""

import streamlit as st

from explainer.ui.markdown import plain
from explainer.ui.workshop import ballot, talk_pictures
from explainer.ui.workshop.slide import Scene, Slide
from explainer.vision.corruptions import CORRUPTIONS, Course, CourseStep
from explainer.workshop import questions

_SIDE = 210


def _on_projector(scene: Scene) -> None:
    if scene.stage.phase != "result":
        as_it_is = f"As it is: {plain(talk_pictures.name(talk_pictures.reading(talk_pictures.PORTRAIT)))}"
        ballot.beside(scene, talk_pictures.crop(talk_pictures.PORTRAIT), "A supplied portrait.", as_it_is)
        return
    courses = [talk_pictures.course(talk_pictures.PORTRAIT, change) for change in talk_pictures.CHANGES]
    drawn = [("As it is", courses[0], courses[0].steps[0])]
    for choice, course in zip(questions.polls()["change"].choices, courses, strict=False):  # the last is "all of them"
        drawn.append((choice.title, course, shown(course)))
    for column, (title, course, step) in zip(st.columns(len(drawn), gap="medium"), drawn, strict=True):
        with column:
            shot = talk_pictures.changed(talk_pictures.PORTRAIT, course, step)
            dose = CORRUPTIONS[course.corruption].dose(step.amount)
            st.image(shot, width=_SIDE, alt=f"What the network saw. {title}: {dose}.")
            st.markdown(f"#### {plain(title)}")
            st.subheader(plain(talk_pictures.name(step)), anchor=False)
    ballot.results_in_words(scene)


def shown(course: Course) -> CourseStep:
    """The least of a change that brings another word; where none does, the most of it."""
    return next(iter(course.changed), course.steps[-1])


def _on_phone(scene: Scene, token: str) -> None:
    ballot.below(scene, token, talk_pictures.crop(talk_pictures.PORTRAIT), "A supplied portrait.")


SLIDE = Slide(_on_projector, _on_phone, ballot.controls)
