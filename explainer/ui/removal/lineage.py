"""The lineage of the words: WordNet, ImageNet, YOLO9000, the lists of today's models, and what each passed on."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from explainer.imagenet import editions, published, sources, taxonomy, vocabularies
from explainer.ui.removal import sentences


@dataclass(frozen=True)
class Stage:
    """One stage: how many categories, how many kinds of people, how many of them offensive, and what it passed on."""

    title: str
    date: str
    categories: str
    people: int
    offensive: int
    passed_on: str
    sources: tuple[str, ...]


def stages() -> Sequence[Stage]:
    """The stages, oldest first, counted from the tables."""
    tree = taxonomy.load()
    offensive = sum(tree[wnid].safety == "offensive" for wnid in tree.people)
    yolo, today = vocabularies.afterlife("yolo9000"), vocabularies.afterlife("imagenet-21k-goog")
    first = published.figures()
    return (
        Stage(
            "WordNet 3.0",
            "2006",
            published.figure("noun categories in WordNet 3.0").published,
            len(tree.people),
            offensive,
            f"Words and definitions for a dictionary. ImageNet took {len(tree.people):,} of its kinds of people.",
            ("wordnet",),
        ),
        Stage(
            "ImageNet, Fall 2011",
            "2011",
            first["categories"],
            len(tree.people),
            offensive,
            f"The same words, now with {first['images']} pictures.",
            ("image-net", "yang"),
        ),
        Stage(
            "YOLO9000",
            "2017",
            f"{yolo.size:,}",
            yolo.people,
            yolo.offensive,
            f"A trained model that anybody can download; {yolo.removed:,} of its people are removed from ImageNet.",
            ("yolo9000",),
        ),
        Stage(
            "Today's models",
            "since 2020",
            f"{today.size:,}",
            today.people,
            today.offensive,
            f"The full list: {today.removed:,} removed kinds of people are still answers.",
            ("bit",),
        ),
    )


def show() -> None:
    """The stages side by side, and what the dictionary itself removed."""
    st.markdown("**Every removal came after the words had been handed on**")
    drawn = stages()
    for number, (column, stage) in enumerate(zip(st.columns(len(drawn), gap="small"), drawn, strict=True)):
        with column.container(border=True, height="stretch", gap="xsmall"):
            arrow = ":material/arrow_forward: " if number else ""
            st.markdown(f"{arrow}**{stage.title}**  \n:small[{stage.date}]")
            st.markdown(f"**{stage.categories}** categories")
            st.progress(stage.people / drawn[0].people, text=sentences.lineage(stage.people, stage.offensive))
            st.markdown(stage.passed_on)
            st.markdown(f":small[{sources.cite(stage.sources)}]")
    tree = taxonomy.load()
    found = [wnid for wnid in tree.people if tree[wnid].safety == "offensive"]
    of_all, kept = editions.kept(tree.people), editions.kept(found)
    st.markdown(
        f"**The dictionary removed, too, and took it back.** WordNet 3.1 dropped some slurs, Open English WordNet took "
        f"them in again in 2022, and took out two other terms in 2024. It removed far less than ImageNet: of the "
        f"{len(tree.people):,} categories for people WordNet 3.1 lacks {of_all.none} and a part of {of_all.part} more, "
        f"and ImageNet removed all of these, as offensive or sensitive. Of the {len(found):,} that ImageNet found "
        f"offensive it still has {kept.whole:,} with all their words. For Open English WordNet no table was at hand "
        f"here.  \n"
        f":small[{sources.cite(('wordnet31', 'oewn-151', 'oewn-343', 'oewn-868', 'oewn-1049'))}]"
    )
