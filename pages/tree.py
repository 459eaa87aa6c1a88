"""Category tree: find, read and wander through ImageNet's categories."""

import streamlit as st

from explainer.imagenet import taxonomy
from explainer.imagenet.masked_words import Context
from explainer.ui import category_card, rank_on_pictures, tree

st.title("Category tree", anchor=False)
st.markdown(
    "ImageNet took its words from WordNet, a dictionary that works like a family tree: a flutist is a musician, a "
    "musician is a performer, a performer is an entertainer, an entertainer is a person."
)
wnid = tree.place()
find, go = st.columns([1, 1], gap="medium", vertical_alignment="bottom")
with find:
    tree.search()
with go:
    tree.starts()

tree.ways(wnid)
about, picture = st.columns([2, 3], gap="medium")
with about:
    category_card.card(wnid, Context.TREE, key="card")
    st.markdown(tree.extent(wnid))
    rank_on_pictures.ask(wnid)
    st.caption(tree.named_by(wnid))
with picture:
    tree.chart(wnid)
tree.steps("Above it", taxonomy.load()[wnid].parents, key="parent")
tree.steps("Below it", taxonomy.load().hyponyms(wnid) + taxonomy.load().instances(wnid), key="child")
tree.steps("Beside it", taxonomy.load().siblings(wnid), key="sibling")
tree.steps("Other senses of its words", tree.senses(wnid), key="sense")

st.header("All below it, as a list", anchor=False)
tree.listing(wnid)
