"""What the model makes of the sample pictures, compiled into a table, so that pages can show it before a model loads.

The table holds arrays and wnids, no words. It counts only for the weights that it was compiled with.
"""

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explainer.attribution import explain
from explainer.attribution.explain import Attribution, Target
from explainer.imagenet import taxonomy
from explainer.imagenet.vocabularies import OLDEST, Label
from explainer.vision import cards, corruptions, pipeline, samples
from explainer.vision.corruptions import CORRUPTIONS, Course, CourseStep
from explainer.vision.faces import Box
from explainer.vision.pipeline import Reader, Reading, Result

TABLE = taxonomy.DATA / "sample_results.npz"

"""The release that the courses and maps are of."""

METHODS = (*explain.FIRST, "lime")
"""The methods whose maps of the first word are compiled: the photo page's, and the one that holds up most often."""


@dataclass(frozen=True, eq=False)
class SampleResults:
    """What the default model makes of each sample picture, by the sample's name.

    `courses` are of the first reading, by corruption; `maps` are of its first word, by method; `strangers` are the
    readings of `corruptions.strangers`, in their order.
    """

    digests: Mapping[str, str]
    results: Mapping[str, Result]
    courses: Mapping[str, Mapping[str, Course]]
    maps: Mapping[str, Mapping[str, Attribution]]
    strangers: tuple[Reading, ...]


@cache
def load() -> SampleResults | None:
    """The compiled results, or None where they are of other weights than those that the default card names."""
    if not TABLE.is_file():
        return None
    with np.load(TABLE) as table:
        arrays = {name: table[name] for name in table.files}
    facts = json.loads(str(arrays.pop("facts")))
    if facts["weights"] != getattr(cards.load().weights, "sha256", ""):
        return None
    return _unpacked(facts, arrays)


def compiled(reader: Reader) -> SampleResults:
    """The results as the default model gives them now. Takes about a minute."""
    photos = {name: samples.read(name) for name in samples.SAMPLES}
    results = {name: pipeline.read(reader, photo) for name, photo in photos.items()}
    firsts = {name: result.readings[0] for name, result in results.items()}
    return SampleResults(
        {name: photo.digest for name, photo in photos.items()},
        results,
        {
            name: {change: corruptions.course(reader, photos[name], first, change, OLDEST) for change in CORRUPTIONS}
            for name, first in firsts.items()
        },
        {
            name: {
                method: explain.explain_photo(reader, photos[name], first.box, first_word(first), method)
                for method in METHODS
            }
            for name, first in firsts.items()
        },
        tuple(reading for _, _, reading in corruptions.strangers(reader)),
    )


def first_word(reading: Reading) -> Target:
    """The word that comes first in a reading, as something to explain."""
    return Target("person", reading.people(OLDEST, 1)[0].wnid)


def write() -> Path:
    """Compile the results and put them in the package's table; returns its path."""
    facts, arrays = _packed(compiled(pipeline.load()))
    np.savez_compressed(TABLE, facts=np.array(json.dumps(facts)), **arrays)
    load.cache_clear()
    return TABLE


def _packed(made: SampleResults) -> tuple[dict[str, Any], dict[str, Any]]:
    """Facts for JSON, and arrays by name."""
    (first, *_) = (result.readings[0] for result in made.results.values())
    number = {wnid: at for at, wnid in enumerate(first.person_wnids)}
    arrays: dict[str, Any] = {
        "objects": np.array(first.object_wnids),
        "people": np.array(first.person_wnids),
        "strangers_objects": np.stack([reading.probabilities for reading in made.strangers]),
        "strangers_people": np.stack([reading.scores for reading in made.strangers]),
    }
    facts: dict[str, Any] = {"weights": getattr(cards.load().weights, "sha256", ""), "samples": {}}
    for name, result in made.results.items():
        arrays[f"{name}_objects"] = np.stack([reading.probabilities for reading in result.readings])
        arrays[f"{name}_people"] = np.stack([reading.scores for reading in result.readings])
        facts["samples"][name] = {
            "digest": made.digests[name],
            "size": result.size,
            "detector": result.detector,
            "seconds": round(result.seconds, 3),
            "boxes": [_numbers(box) for box in result.boxes],
            "read": [_numbers(reading.box) for reading in result.readings],
            "maps": {
                method: {
                    "seconds": round(each.seconds, 3),
                    "delta": each.delta,
                    "most": float(np.abs(each.values).max()),
                }
                for method, each in made.maps[name].items()
            },
        }
        for method, each in made.maps[name].items():  # values as shares of the largest: gradients are tiny
            arrays[f"{name}_{method}"] = (each.values / np.abs(each.values).max()).astype(np.float16)
        for change, course in made.courses[name].items():
            arrays[f"{name}_{change}_labels"] = np.array(
                [[number[label.wnid] for label in step.labels] for step in course.steps], np.uint16
            )
            arrays[f"{name}_{change}_scores"] = np.array(
                [[label.score for label in step.labels] for step in course.steps], np.float32
            )
            arrays[f"{name}_{change}_ranks"] = np.array([step.rank for step in course.steps], np.uint16)
            if CORRUPTIONS[change].photo:
                facts["samples"][name][f"{change}_boxes"] = [_numbers(step.box) for step in course.steps]
    return facts, arrays


def _unpacked(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> SampleResults:
    objects, people = (tuple(arrays[name].tolist()) for name in ("objects", "people"))

    def readings(name: str, boxes: list[list[int] | None]) -> tuple[Reading, ...]:
        rows = zip(boxes, arrays[f"{name}_objects"], arrays[f"{name}_people"], strict=True)
        return tuple(Reading(_box(box), objects, people, shares, scores) for box, shares, scores in rows)

    def course(name: str, change: str, said: Mapping[str, Any], box: Box | None) -> Course:
        grid = CORRUPTIONS[change].grid
        boxes = [_box(each) for each in said[f"{change}_boxes"]] if CORRUPTIONS[change].photo else [box] * len(grid)
        labels, scores, ranks = (arrays[f"{name}_{change}_{part}"].tolist() for part in ("labels", "scores", "ranks"))
        return Course(
            change,
            tuple(
                CourseStep(
                    amount, box, tuple(Label(people[at], score) for at, score in zip(row, points, strict=True)), rank
                )
                for amount, box, row, points, rank in zip(grid, boxes, labels, scores, ranks, strict=True)
            ),
        )

    results, courses, maps = {}, {}, {}
    for name, said in facts["samples"].items():
        read = readings(name, said["read"])
        boxes = tuple(Box(*box) for box in said["boxes"])
        results[name] = Result(tuple(said["size"]), said["detector"], boxes, read, said["seconds"])
        courses[name] = {change: course(name, change, said, read[0].box) for change in CORRUPTIONS}
        maps[name] = {
            method: Attribution(
                arrays[f"{name}_{method}"].astype(np.float32) * np.float32(each["most"]),
                method,
                first_word(read[0]),
                each["seconds"],
                each["delta"],
                dict(explain.METHODS[method].settings),
                facts["weights"],
            )
            for method, each in said["maps"].items()
        }
    nobody = readings("strangers", [None] * len(arrays["strangers_people"]))
    digests = {name: said["digest"] for name, said in facts["samples"].items()}
    return SampleResults(digests, results, courses, maps, nobody)


def _numbers(box: Box | None) -> list[int] | None:
    return None if box is None else list(astuple(box))


def _box(numbers: list[int] | None) -> Box | None:
    return None if numbers is None else Box(*numbers)
