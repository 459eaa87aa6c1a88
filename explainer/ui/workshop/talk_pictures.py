"""The supplied pictures of the talk: what the network makes of them, compiled with the app, and how they are drawn."""

from collections.abc import Mapping, Sequence
from functools import cache

import streamlit as st
from PIL.Image import Image

from explainer.attribution import sample_results
from explainer.attribution.sample_results import SampleResults
from explainer.charts import pictures
from explainer.imagenet import masked_words, taxonomy
from explainer.imagenet.masked_words import Caption, Context
from explainer.imagenet.vocabularies import NEWEST, OLDEST, Label
from explainer.ui.markdown import plain
from explainer.vision import cards, corruptions, pipeline, samples
from explainer.vision.corruptions import Course, CourseStep
from explainer.vision.pipeline import Reading

PORTRAIT, OTHER = "astronaut", "photographer"
"""The supplied portraits, by their names among the sample pictures."""

BEFORE, AFTER = OLDEST, NEWEST
"""The releases between which the words were removed."""

CHANGES = ("tilt", "zoom", "brightness", "blur")
"""What is done to the portrait, in the order of the poll's answers."""


@cache
def _table() -> SampleResults:
    """Compiled, so that no step waits; whoever changes the weights and not the table waits for a minute."""
    return sample_results.load() or sample_results.compiled(pipeline.load())


def reading(name: str) -> Reading:
    """What the network makes of a sample picture's first face, or of the whole of it."""
    return _table().results[name].readings[0]


def strangers() -> list[tuple[str, Image, Reading]]:
    """A wall and a toy: pictures without anybody in them, by title, and what the network makes of each."""
    drawn = zip(corruptions.nobody(_side()).items(), _table().strangers, strict=True)
    return [(*pair, reading) for pair, reading in drawn if "noise" not in pair[0].lower()]


def course(name: str, change: str) -> Course:
    """The words of a sample picture under every amount of a change."""
    return _table().courses[name][change]


def changed(name: str, course: Course, step: CourseStep) -> Image:
    """What the network saw of a sample picture at a step of a change."""
    return corruptions.corrupt(samples.read(name), step.box, _side(), course.corruption, step.amount)


def caption(label: Label) -> Caption:
    """The caption of a label on a photo that a whole room looks at."""
    return masked_words.caption(label.wnid, Context.PHOTO)


def name(of: Reading | CourseStep, release: str = BEFORE) -> str:
    """The words of the nearest category, masked where they offend or may."""
    return caption((of.labels if isinstance(of, CourseStep) else of.people(release, 1))[0]).name


def seen() -> Mapping[str, str]:
    """What texts of the talk say of the pictures, from the readings themselves."""
    portrait, coffee, rocket = (reading(each) for each in (PORTRAIT, "coffee", "rocket"))
    thing = portrait.objects(1)[0]
    return {
        "astronaut_object": masked_words.caption(thing.wnid, Context.TREE).name,
        "astronaut_share": f"{thing.score:.0%}",
        "astronaut_word": name(portrait),
        "astronaut_parent": masked_words.caption(way()[-2], Context.TREE).name,
        "nobody_word": name(_table().strangers[0]),
        "coffee_after": name(coffee, AFTER),
        "rocket_masked": str(sum(caption(label).masked for label in rocket.people(BEFORE, 5))),
        "rocket_after": name(rocket, AFTER),
    }


def filled(text: str) -> str:
    """A text of the talk with `seen` in its curly braces."""
    return text.format_map(seen())


def way() -> tuple[str, ...]:
    """From person down to the first word of the portrait."""
    (first,) = reading(PORTRAIT).people(BEFORE, 1)
    path = next(path for path in taxonomy.load().hypernym_paths(first.wnid) if taxonomy.PERSON in path)
    return path[path.index(taxonomy.PERSON) :]


def crop(name: str) -> Image:
    """What the network saw of a sample picture."""
    return pipeline.seen(samples.read(name), reading(name))


def overlay(name: str) -> Image:
    """What carried the first word, brighter for more, over what the network saw."""
    return pictures.overlay(crop(name), _table().maps[name]["grad-cam"])


def listed(labels: Sequence[Label], heading: str) -> None:
    """Draw labels as a numbered list."""
    for rank, label in enumerate(labels, start=1):
        st.markdown(f"{heading} {rank}\\. **{plain(caption(label).name)}**".strip())


def framed(name: str, side: int) -> None:
    """Draw a sample picture with a box round each face, and whose it is; the words are for larger letters beside it."""
    drawn = pictures.labelled(samples.read(name), _table().results[name].boxes, (), fit=(2 * side, 2 * side))
    st.image(drawn, width=side, output_format="JPEG", alt="A supplied picture with a box round the face.")
    st.caption(samples.SAMPLES[name].credit)


def _side() -> int:
    return cards.load().transform.side
