"""Roulette, 2019: the words that the press named, what ImageNet's tables say of them, and the artwork itself."""

import streamlit as st

from explainer.ui import roulette

st.title("Roulette, 2019")
st.markdown(
    "In September 2019 the artwork *ImageNet Roulette* put ImageNet's words on its visitors' faces. Some laughed; "
    "others read slurs against people like them. Such words are covered here; you can open each one."
)
st.header("Words that the press named", anchor="words")
roulette.words()
st.header("Three discoveries", anchor="discoveries")
roulette.discoveries()
roulette.story()
