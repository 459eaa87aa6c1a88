"""Nobody in the picture: a wall, a toy, and a cup of coffee before and after the removal."""

import streamlit as st

from explainer.ui.markdown import plain
from explainer.ui.workshop import talk_pictures
from explainer.ui.workshop.slide import Scene, Slide

_SIDE = 280


def _on_projector(scene: Scene) -> None:
    strangers = talk_pictures.strangers()
    coffee = talk_pictures.reading("coffee")
    for column, (title, picture, said) in zip(
        st.columns(len(strangers) + 1, gap="large"),
        [
            *((title, crop, [talk_pictures.name(reading)]) for title, crop, reading in strangers),
            (
                "A cup of coffee",
                talk_pictures.crop("coffee"),
                [
                    f"until 2019: {talk_pictures.name(coffee)}",
                    f"today: {talk_pictures.name(coffee, talk_pictures.AFTER)}",
                ],
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
    coffee = talk_pictures.reading("coffee")
    st.image(talk_pictures.crop("coffee"), width=160, alt="A cup of coffee")
    st.markdown(f"Until 2019: **{plain(talk_pictures.name(coffee))}**")
    st.markdown(f"Today: **{plain(talk_pictures.name(coffee, talk_pictures.AFTER))}**")


SLIDE = Slide(_on_projector, _on_phone)
