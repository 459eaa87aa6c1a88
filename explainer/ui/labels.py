"""Labels set like museum labels: words in bold, gloss in italics, the wnid small and monospaced."""

import re
from collections.abc import Sequence

import streamlit as st

from explainer import vocabularies
from explainer.roulette import Reading, Result
from explainer.saliency import Target
from explainer.ui import visitor
from explainer.vocabularies import Label
from explainer.words import Caption, Context

# Everything that Markdown, or Streamlit's additions to it, could take for markup.
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=])")


def plain(text: str) -> str:
    """Text that Markdown shows as it stands."""
    return _MARKUP.sub(r"\\\1", text)


def show(labels: Sequence[Label], key: str) -> None:
    """Labels on a photo, the best first, with what may be shown of each; `key` tells the list from others."""
    for rank, label in enumerate(labels, start=1):
        caption = visitor.caption(label.wnid, Context.PHOTO)
        st.markdown(f"{rank}\\. {_words(caption)}  \n{_details(caption, label)}")
        if caption.masked:
            visitor.reveal_button(label.wnid, f"{key}_{rank}")


def found(result: Result) -> str:
    """How many faces were found and labelled, and how long it took, as a sentence."""
    took = f"Read in {result.seconds:.2f} s."
    if result.detector == "none":
        return f"The whole picture, labelled. {took}"
    if not result.boxes:
        return f"No face was found, so the whole picture is labelled. {took}"
    faces = "1 face was" if len(result.boxes) == 1 else f"{len(result.boxes)} faces were"
    limit = f" The largest {len(result.readings)} are labelled." if len(result.boxes) > len(result.readings) else ""
    return f"{faces} found.{limit} {took}"


def chain(reading: Reading) -> str:
    """The way from pixels to an object to a person category, as a line."""
    (thing,), (person,) = reading.objects(1), reading.people("fall-2011", 1)
    return f"pixels → {_name(thing)} {plain(f'{thing.score:.0%}')} → nearest of 2,832 words for people: {_name(person)}"


def masked(reading: Reading, n: int) -> str:
    """How many of the `n` nearest words are masked and why, beside what chance would give, as sentences."""
    nearest = [visitor.caption(label.wnid, Context.PHOTO) for label in reading.people("fall-2011", n)]
    gone = sum(caption.note is not None for caption in nearest)
    return (
        f"Nearest of 2,832 words, and there is no “none of these”. Of the first {n}, ImageNet announced the removal of "
        f"{gone} in 2019, as offensive or sensitive; of words drawn at random it would be "
        f"{vocabularies.removed_share():.0%}. {sum(caption.masked for caption in nearest)} of them are masked."
    )


def targets(reading: Reading, n: int) -> list[Target]:
    """What can be explained of a reading: its `n` nearest person categories in each release, and its `n` objects."""
    people = [label.wnid for release in vocabularies.RELEASES for label in reading.people(release, n)]
    objects = [label.wnid for label in reading.objects(n)]
    return [Target("person", wnid) for wnid in dict.fromkeys(people)] + [Target("object", wnid) for wnid in objects]


def option(target: Target) -> str:
    """A target as one line to choose: its kind, its words or that they are masked, and its wnid."""
    return f"{target.kind}: {visitor.caption(target.wnid, Context.PHOTO).text} · {target.wnid}"


def _name(label: Label) -> str:
    return f"**{plain(visitor.caption(label.wnid, Context.PHOTO).text)}**"


def _words(caption: Caption) -> str:
    if caption.masked:
        return f"**{plain(caption.text)}**"
    return f"**{plain(caption.text)}**" + (f", *{plain(caption.gloss)}*" if caption.gloss else "")


def _details(caption: Caption, label: Label) -> str:
    note = f" · {caption.note}" if caption.note else ""
    return f":small[`{label.wnid}` · {label.score:.3f}{note}]"
