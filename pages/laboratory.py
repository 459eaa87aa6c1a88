"""Laboratory: several explanations of one label side by side, and which of them hold up."""

import streamlit as st

from explainer.ui.laboratory import opening, own_question

st.title("Laboratory")
st.markdown(
    "Heat maps claim to show which pixels made the machine say a word. Different methods draw different maps. "
    "Which of them can you rely on?"
)
opening.show()
own_question.show()
