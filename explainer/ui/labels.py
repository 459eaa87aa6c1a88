"""Labels on a photo: lists of them, and what is said beside them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from explainer.attribution.explain import Attribution, Target
from explainer.imagenet import vocabularies
from explainer.imagenet.masked_words import Context
from explainer.imagenet.vocabularies import Label
from explainer.ui import options, sentences, session
from explainer.ui.markdown import plain
from explainer.vision import cards
from explainer.vision.cards import People
from explainer.vision.pipeline import Reading, Result


@dataclass(frozen=True)
class Way:
    """How a model comes to person categories: what its scores are, its steps, and a short and a longer text.

    `third` and `fourth` name the last steps of the chain; `entries` says whether dictionary entries are one of them.
    """

    score: str
    scale: str
    step: str
    small_print: str
    third: str
    fourth: str
    entries: bool
    brief: str
    text: str


_WAYS: Mapping[People, Way] = {
    "zero-shot": Way(
        "cosine similarity",
        "1 would be the same direction as the word's, 0 no likeness.",
        "closest word for people",
        "by likeness of dictionary entries to the objects that {model} saw",
        "It mixes the meanings of these things",
        "It takes the closest word for people",
        True,
        "The network here learned 1,000 kinds of things, and almost no people. The dictionary entries of what it "
        "guesses lead to one of ImageNet's words for people. It is not ImageNet Roulette's network.",
        "The network knows 1,000 kinds of things and almost no people. It guesses things; their dictionary entries, "
        "weighted by the network's confidence, are blended, and the word for people with the closest entry wins. So it "
        "reads clothes and objects, and a dictionary supplies the word. The network of ImageNet Roulette is not "
        "public; this is a different one.",
    ),
    "trained": Way(
        "probability",
        "Its share among the words for people alone, as if a person were certain: together they have 1.",
        "likeliest word for people",
        "by their probability among these, of {model}",
        "It was trained on people, too",
        "It takes the likeliest word for people",
        False,
        "The network here learned ImageNet's words for people. It is not ImageNet Roulette's network.",
        "The network was trained on all of ImageNet's Fall 2011 release. It learned each word for people from the "
        "pictures collected for it. Only those words compete here, whatever else the network saw. The network of "
        "ImageNet Roulette was trained on the person categories alone and is not public; this is a different one.",
    ),
}


def way(model: str) -> Way:
    """How the model of a card comes to its words for people."""
    return _WAYS[cards.load(model).people]


def which_network(reading: Reading) -> str:
    """What network says the words, and which it is not, in short."""
    return way(reading.model).brief


def how(reading: Reading) -> str:
    """How the model comes to its words for people, as sentences."""
    return way(reading.model).text


def small_print(release: str, model: str) -> str:
    """What a label is and is not, for what is taken away, as sentences."""
    said = way(model).small_print.format(model=cards.load(model).title)
    return (
        f"Nearest of the {len(vocabularies.person_categories(release)):,} person categories of ImageNet "
        f"({vocabularies.RELEASES[release].title}), {said}. Not ImageNet Roulette's network, and not true of anyone."
    )


def score(label: Label, reading: Reading) -> str:
    """The score of a label, by the name of what it is for the model."""
    return f"{way(reading.model).score} {label.score:z.3f}"


def show(labels: Sequence[Label], key: str) -> None:
    """Labels on a photo, the best first, with what may be shown of each; `key` tells the list from others."""
    for rank, label in enumerate(labels, start=1):
        caption = session.caption(label.wnid, Context.PHOTO)
        gloss = f", *{plain(caption.gloss)}*" if caption.gloss else ""
        note = f" · {caption.note}" if caption.note else ""
        st.markdown(f"{rank}\\. **{plain(caption.text)}**{gloss}  \n:small[`{label.wnid}` · {label.score:z.3f}{note}]")
        if caption.masked:
            session.reveal_button(label.wnid, f"{key}_{rank}")


def chain(reading: Reading, release: str) -> str:
    """The way from pixels to an object to the person category that a release gives, as a line."""
    (thing,) = reading.objects(1)
    step = way(reading.model).step
    return f"pixels → {_name(thing)} {thing.score:.0%} → {step}: {_first(reading, release)}"


def removal(reading: Reading, n: int) -> str:
    """How the `n` closest words fared in the removal, beside what chance would give, as sentences."""
    nearest = reading.people(vocabularies.OLDEST, n)
    became = Counter(vocabularies.status(label.wnid) for label in nearest)
    gone, later = became["offensive"] + became["sensitive"], became["hard to picture"]
    return sentences.removal(n, gone, later, vocabularies.removed_share())


def answers(reading: Reading) -> str:
    """What each release puts first, and where that word stood before the removal, as lines."""
    nearest = [label.wnid for label in reading.people(vocabularies.OLDEST, len(reading.person_wnids))]
    firsts = {release: reading.people(release.name, 1)[0] for release in vocabularies.RELEASES.values()}
    return sentences.answers(
        [(release.date[-4:], _name(first), nearest.index(first.wnid)) for release, first in firsts.items()]
    )


def face(result: Result) -> int:
    """The number of the reading to show: where there are several faces, the visitor chooses one."""
    if len(result.readings) == 1:
        return 0
    return options.one("Face", range(len(result.readings)), "face", lambda number: str(number + 1))


def by_release(reading: Reading, n: int) -> None:
    """The `n` nearest words of each release, side by side."""
    for column, release in zip(st.columns(3, gap="medium"), vocabularies.RELEASES.values(), strict=True):
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
    """What an explanation does not say, and how far it misses its promise, as sentences."""
    empty = f"{sentences.EMPTY[attribution.finding]} " if attribution.finding in sentences.EMPTY else ""
    if attribution.delta is None:
        return f"{empty}This shows where, not why."
    total = float(attribution.values.sum())
    return (
        f"{empty}This shows where, not why. Contributions should total {total - attribution.delta:z.3g} but total "
        f"{total:z.3g}, so read it as rough."
    )
