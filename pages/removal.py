"""Before and after: what ImageNet removed of its person categories, by which rule, and what still names it."""

import streamlit as st

from explainer.ui import chart_frame
from explainer.ui.removal import (
    afterlife,
    as_published,
    branches,
    history,
    lineage,
    lists,
    maps,
    parts,
    photo,
    rule,
    sentences,
    steps,
)

st.title("Before and after")
st.markdown(sentences.opening())
photo.before_and_after()
parts.tabs(
    {
        "The removal": steps.show,
        "The rule": rule.show,
        "Kept and gone": lists.kept_and_removed,
        "The branches": branches.show,
        "The maps": maps.show,
        "Still in use": afterlife.show,
        "From dictionary to machine": lineage.show,
        "How it came about": history.show,
        "Published figures": as_published.table,
    }
)
chart_frame.large()
