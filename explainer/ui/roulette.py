"""ImageNet Roulette of 2019: what it was, and the words that the press named, looked up in ImageNet's tables."""

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from explainer.imagenet import published, sources, taxonomy, vocabularies
from explainer.imagenet.masked_words import Context
from explainer.imagenet.published import Reported
from explainer.imagenet.taxonomy import DATA, Synset
from explainer.imagenet.vocabularies import Status
from explainer.ui import category_card, session
from explainer.ui.markdown import plain

_ACROSS = 3  # words in a row
_READING = 800  # pixels that a line of prose is wide

_GROUPS: Mapping[Status, str] = {
    "kept": "Kept by ImageNet",
    "hard to picture": "Safe, but removed by 2021: judged hard to picture",
    "sensitive": "Sensitive, removal announced in 2019",
    "offensive": "Offensive, removal announced in 2019",
}

_OTHER_SENSE, _HER, _HIM = "n09845401", "n09624899", "n09624559"

_LACKING: Mapping[str, str] = {"n09977660": "artforum", "n10507230": "artforum", "n09829305": "vice"}
"""Words that the press named and the Fall 2011 list does not have, by their numbers in WordNet, and who did."""


def story() -> None:
    """The work itself: how it worked, why it mattered, what it kept, how it ended."""
    text = (DATA / "roulette.md").read_text(encoding="utf-8")
    with st.container(width=_READING):
        st.markdown(sources.cited(text.format_map(published.figures())))


def words() -> None:
    """The words that the press named, by what became of them, each covered until asked for; absent in a locked room."""
    if not session.may_reveal():
        st.info(f"{session.workshop()}. These words are shown again when it is over.")
        return
    reported, absent = here(published.reported())
    st.markdown(fates(reported))
    if absent:
        st.info(lacks(absent))
    groups: dict[Status | None, list[Reported]] = {}
    for word in reported:
        groups.setdefault(vocabularies.status(word.wnid), []).append(word)
    for status, title in _GROUPS.items():
        # Folded but for the first, as 23 words are a long way to scroll on a phone.
        with st.expander(f"{title} ({len(groups.get(status, ()))})", expanded=status == next(iter(_GROUPS))):
            _grid(groups.get(status, ()))
    st.caption(
        "We show no faces and no names with these words. Pictures: how many ImageNet had collected for it. "
        "Easy to picture: the mean rating of ImageNet's paid workers."
    )


def here(named: Sequence[Reported]) -> tuple[list[Reported], list[Reported]]:
    """The words that the release at hand has, and those that it lacks."""
    tree = taxonomy.load()
    held = [word for word in named if word.wnid in tree and tree[word.wnid].in_fall_2011]
    return held, [word for word in named if word not in held]


def lacks(absent: Sequence[Reported]) -> str:
    """That the release at hand lacks some of the words, and the way on."""
    numbers = ", ".join(f"`{word.wnid}`" for word in absent)
    return (
        f"This release of ImageNet does not have {numbers}, so nothing can be counted for it. Named by: "
        f"{sources.cite(tuple({key: None for word in absent for key in word.sources}))}."
    )


def discoveries() -> None:
    """Three things that the tables tell of the reports."""
    with st.container(width=_READING):
        for number, text in enumerate((_other_sense(), lacking(), _pair()), start=1):
            st.markdown(f"{number}. {sources.cited(text)}")


def fates(reported: Sequence[Reported]) -> str:
    """How many of the words that the press named became what, as sentences."""
    counts = Counter(vocabularies.status(word.wnid) for word in reported)
    gone = len(reported) - counts["kept"]
    return (
        "Five articles of September 2019 (Artnet News, Artforum, Vice, Nerdist, The Art Newspaper) named these words, "
        "some as labels that people got, some as ImageNet's categories. Other papers named more. "
        f"A word with two senses stands here twice, which makes {len(reported)} categories. ImageNet removed "
        f"**{gone}** of them: {counts['offensive']} as offensive, {counts['sensitive']} as sensitive, "
        f"{counts['hard to picture']} as hard to picture. {counts['kept']} were kept."
    )


def facts(synset: Synset) -> str:
    """What the tables say of a category, in one line."""
    rated = synset.imageability
    return " · ".join(
        (
            "never rated for pictures" if rated is None else f"easy to picture: {rated:.1f} of 5",
            f"{synset.images:,} pictures",
            f"{'still' if 'yolo9000' in vocabularies.naming(synset.wnid) else 'not'} in the list of the model YOLO9000",
        )
    )


def lacking() -> str:
    """Which of the words that the press named ImageNet's list does not have, as sentences with their sources."""
    tree = taxonomy.load()
    missing = [wnid for wnid in _LACKING if wnid not in tree or not tree[wnid].in_fall_2011]
    artforum = sum(_LACKING[wnid] == "artforum" for wnid in missing)
    return (
        f"**Words that were never on the list.** Artforum's examples hold {artforum} words that ImageNet's Fall 2011 "
        f"release does not have, *criminal* among them [@artforum]; a question in Vice holds another, *babysitter* "
        "[@vice]. They are in WordNet. Roulette's own list is not public, so where they came from is not known."
    )


def _other_sense() -> str:
    return (
        f"**Another sense of the word.** One label reads like hair on a face: "
        f"{_said(_OTHER_SENSE)} [@nerdist; @frieze]. The category is another sense of that word, and ImageNet's "
        f"annotators found it {taxonomy.load()[_OTHER_SENSE].safety}."
    )


def _pair() -> str:
    tree = taxonomy.load()
    return (
        f"**Her and him.** Artnet's reporter got {_said(_HER)} [@artnet], a word for a woman: ImageNet found it "
        f"{tree[_HER].safety}. The word for anybody, {_said(_HIM)}, is {tree[_HIM].safety}. Both are gone."
    )


def _said(wnid: str) -> str:
    """The first word of a category in italics, or that it is covered."""
    caption = session.caption(wnid, Context.PHOTO)
    return plain(caption.name) if caption.masked else f"*{plain(caption.name)}*"


def _grid(words: Sequence[Reported]) -> None:
    for start in range(0, len(words), _ACROSS):
        row = words[start : start + _ACROSS]
        for column, word in zip(st.columns(_ACROSS, gap="small"), row, strict=False):
            with column.container(border=True, height="stretch", gap="xsmall"):
                _word(word)


def _word(word: Reported) -> None:
    caption = session.caption(word.wnid, Context.PHOTO)
    gloss = f": *{plain(caption.gloss)}*" if caption.gloss else ""
    st.markdown(
        f"**{plain(caption.text)}**{gloss}  \n"
        f":small[{facts(taxonomy.load()[word.wnid])} · {sources.cite(word.sources)}]"
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if caption.masked:
            session.reveal_button(word.wnid, f"reported_{word.wnid}")
        # Each link says where it leads: one of a covered word by the number of its category.
        category_card.link(word.wnid, f"See {word.wnid if caption.masked else plain(caption.name)} in the tree")
