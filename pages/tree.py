"""Category tree: find, read and wander through ImageNet's categories."""

import streamlit as st

from explainer.imagenet import taxonomy
from explainer.imagenet.words import Context
from explainer.ui import category_card, tree

st.title("Category tree")
st.markdown(
    "ImageNet took its categories from WordNet, a dictionary, whose words hang below each other: a flutist is a "
    "musician, a musician a performer, a performer an entertainer, an entertainer a person. Look one up, or wander."
)
wnid = tree.place()
find, go = st.columns([3, 2], gap="large", vertical_alignment="top")
with find:
    tree.search()
with go:
    tree.starts()

st.divider()
tree.ways(wnid)
about, picture = st.columns([2, 3], gap="large")
with picture:
    tree.chart(wnid)
with about:
    category_card.card(wnid, Context.TREE, key="card")
    st.markdown(tree.extent(wnid))
    st.caption(tree.named_by(wnid))
tree.steps("Above it", taxonomy.load()[wnid].parents, key="parent")
tree.steps("Below it", taxonomy.load().hyponyms(wnid) + taxonomy.load().instances(wnid), key="child")
tree.steps("Beside it", taxonomy.load().siblings(wnid), key="sibling")
tree.steps("Other senses of its words", tree.senses(wnid), key="sense")

st.header("All below it, as a list")
tree.listing(wnid)
