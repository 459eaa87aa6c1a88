"""Nobody in the picture: a wall, a toy, and a cup of coffee before and after the removal."""

import streamlit as st

from explainer.ui.markdown import plain
from explainer.ui.workshop import supplied
from explainer.ui.workshop.slide import Scene, Slide

_SIDE = 240


def _on_projector(scene: Scene) -> None:
    strangers = supplied.strangers()
    coffee = supplied.reading("coffee")
    for column, (title, picture, said) in zip(
        st.columns(len(strangers) + 1, gap="large"),
        [
            *((title, crop, [supplied.name(reading)]) for title, crop, reading in strangers),
            (
                "A cup of coffee",
                supplied.crop("coffee"),
                [f"until 2019: {supplied.name(coffee)}", f"today: {supplied.name(coffee, supplied.AFTER)}"],
            ),
        ],
        strict=True,
    ):
        with column:
            st.image(picture, width=_SIDE, alt=title)
            st.markdown(f"#### {plain(title)}")
            for each in said:
                st.subheader(plain(each), anchor=False)


def _on_phone(scene: Scene, token: str) -> None:
    coffee = supplied.reading("coffee")
    st.image(supplied.crop("coffee"), width=160, alt="A cup of coffee")
    st.markdown(f"Until 2019: **{plain(supplied.name(coffee))}**")
    st.markdown(f"Today: **{plain(supplied.name(coffee, supplied.AFTER))}**")


SLIDE = Slide(_on_projector, _on_phone)
