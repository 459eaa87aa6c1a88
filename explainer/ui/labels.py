"""Labels on a photo: lists of them, and what is said beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from explainer.attribution.explain import Attribution, Target
from explainer.imagenet import vocabularies
from explainer.imagenet.vocabularies import Label
from explainer.imagenet.words import Context
from explainer.ui import category_card, options, session
from explainer.ui.category_card import plain
from explainer.ui.laboratory import sentences
from explainer.vision import cards
from explainer.vision.cards import People
from explainer.vision.pipeline import Reading, Result


@dataclass(frozen=True)
class _Way:
    """How a model comes to person categories: what its scores are, the step from an object to a person, and a text."""

    score: str
    scale: str
    step: str
    small_print: str
    text: str


_WAYS: Mapping[People, _Way] = {
    "zero-shot": _Way(
        "cosine",
        "1 would be the same direction as the word's, 0 no likeness.",
        "nearest word for people",
        "by likeness of dictionary entries to the objects that {model} saw",
        "The network knows 1,000 kinds of things and hardly any of people. Their probabilities weigh the things' "
        "dictionary entries, and the person category whose entry is nearest to that mixture is the label: clothes and "
        "things are read, and a dictionary's likeness supplies the word. ImageNet Roulette's own network was never "
        "published; this is another.",
    ),
    "trained": _Way(
        "probability",
        "Its share among the person categories alone, as if it were known that there is a person: all of them have 1.",
        "likeliest word for people",
        "by their probability among these, of {model}",
        "The network was trained on all of Fall 2011: it has an output for each person category, as it has for things, "
        "learned from the pictures that ImageNet had collected for each word. The person categories are set against "
        "each other alone, whatever else it saw. ImageNet Roulette's own network was trained so as well, but never "
        "published; this is another.",
    ),
}


def _way(model: str) -> _Way:
    return _WAYS[cards.load(model).people]


def how(reading: Reading) -> str:
    """How the model comes to its words for people, as sentences."""
    return _way(reading.model).text


def small_print(release: str, model: str) -> str:
    """What a label is and is not, for what is taken away, as sentences."""
    way = _way(model).small_print.format(model=cards.load(model).title)
    return (
        f"Nearest of the {len(vocabularies.person_categories(release)):,} person categories of ImageNet "
        f"({vocabularies.RELEASES[release].title}), {way}. Not ImageNet Roulette's network, and not true of anyone."
    )


def score(label: Label, reading: Reading) -> str:
    """The score of a label, by the name of what it is for the model."""
    return f"{_way(reading.model).score} {label.score:z.3f}"


def card(label: Label, reading: Reading, key: str) -> None:
    """One label in full, with its score."""
    category_card.card(label.wnid, Context.PHOTO, key)
    with st.container(horizontal=True, gap="small"):
        st.markdown(f":small[{score(label, reading)}]", help=_way(reading.model).scale)
        if not session.caption(label.wnid, Context.PHOTO).masked:
            category_card.link(label.wnid)


def show(labels: Sequence[Label], key: str) -> None:
    """Labels on a photo, the best first, with what may be shown of each; `key` tells the list from others."""
    for rank, label in enumerate(labels, start=1):
        caption = session.caption(label.wnid, Context.PHOTO)
        gloss = f", *{plain(caption.gloss)}*" if caption.gloss else ""
        note = f" · {caption.note}" if caption.note else ""
        st.markdown(f"{rank}\\. **{plain(caption.text)}**{gloss}  \n:small[`{label.wnid}` · {label.score:z.3f}{note}]")
        if caption.masked:
            session.reveal_button(label.wnid, f"{key}_{rank}")


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


def chain(reading: Reading, release: str) -> str:
    """The way from pixels to an object to the person category that a release gives, as a line."""
    (thing,) = reading.objects(1)
    step = _way(reading.model).step
    return f"pixels → {_name(thing)} {thing.score:.0%} → {step}: {_first(reading, release)}"


def removal(reading: Reading, n: int) -> str:
    """How the `n` nearest words fared in the removal, beside what chance would give, as sentences."""
    nearest = [session.caption(label.wnid, Context.PHOTO) for label in reading.people("fall-2011", n)]
    gone = sum(caption.note is not None for caption in nearest)
    masked = sum(caption.masked for caption in nearest)
    share = vocabularies.removed_share()
    return (
        f"Of the {n} nearest words, ImageNet announced the removal of **{gone}** in 2019, as offensive or sensitive; "
        f"of {n} drawn at random it would be {n * share:.1f} ({share:.0%}). "
        + (
            f"{masked} of them {'is' if masked == 1 else 'are'} masked here until you ask."
            if masked
            else "None of them is masked."
        )
    )


def answers(reading: Reading) -> str:
    """What each release answers first, and where that word stood before the removal, as sentences."""
    oldest, *later = vocabularies.RELEASES.values()
    order = [label.wnid for label in reading.people(oldest.name, len(reading.person_wnids))]
    sentences = [f"{oldest.title} answers {_first(reading, oldest.name)}."]
    for release in later:
        nearer = order.index(reading.people(release.name, 1)[0].wnid)
        sentences.append(
            f"{release.title} answers {_first(reading, release.name)}, number {nearer + 1:,} before: "
            + ("the nearest word is gone." if nearer == 1 else f"the {nearer:,} nearer words are gone.")
            if nearer
            else f"{release.title} answers the same."
        )
        changed = nearer > 0
    sentences.append(
        "Removal changes the answer, it does not stop the answering."
        if changed
        else "The nearest word was never removed: here removal does not even change the answer."
    )
    return " ".join(sentences)


def face(result: Result) -> int:
    """The number of the reading to show: where there are several faces, the visitor chooses one."""
    if len(result.readings) == 1:
        return 0
    return options.one("Face", range(len(result.readings)), "face", lambda number: str(number + 1))


def by_release(reading: Reading, n: int) -> None:
    """The `n` nearest words of each release, side by side."""
    for column, release in zip(st.columns(3, gap="large"), vocabularies.RELEASES.values(), strict=True):
        with column:
            count = len(vocabularies.person_categories(release.name))
            st.markdown(f"**{release.title}**  \n{count:,} person categories")
            show(reading.people(release.name, n), key=release.name)


def targets(reading: Reading, n: int) -> list[Target]:
    """What can be explained of a reading: its `n` nearest person categories in each release, and its `n` objects."""
    people = [label.wnid for release in vocabularies.RELEASES for label in reading.people(release, n)]
    objects = [label.wnid for label in reading.objects(n)]
    return [Target("person", wnid) for wnid in dict.fromkeys(people)] + [Target("object", wnid) for wnid in objects]


def option(target: Target) -> str:
    """A target as one line to choose: its kind, its words or that they are masked, and its wnid."""
    return f"{target.kind}: {session.caption(target.wnid, Context.PHOTO).text} · {target.wnid}"


def _first(reading: Reading, release: str) -> str:
    return _name(reading.people(release, 1)[0])


def _name(label: Label) -> str:
    return f"**{plain(session.caption(label.wnid, Context.PHOTO).name)}**"


def explained(attribution: Attribution) -> str:
    """What an explanation does not say, how long it took, and how far it misses its promise, as sentences."""
    took = f"Computed in {attribution.seconds:.2f} s."
    empty = f"{sentences.EMPTY[attribution.finding]} " if attribution.finding in sentences.EMPTY else ""
    if attribution.delta is None:
        return f"{empty}It shows pixels, not reasons. {took}"
    total = float(attribution.values.sum())
    return (
        f"{empty}It shows pixels, not reasons. Its parts should add up to how much the picture changes the output, "
        f"{total - attribution.delta:z.3g}; they add up to {total:z.3g}. {took}"
    )
