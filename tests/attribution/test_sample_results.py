"""The compiled results of the sample pictures are those that the model gives now, and hold no words."""

import dataclasses
import json
import re

import numpy as np
import pytest

from explainer.attribution import explain, sample_results
from explainer.attribution.sample_results import SampleResults
from explainer.imagenet.vocabularies import OLDEST
from explainer.vision import cards, corruptions, pipeline, samples
from explainer.vision.corruptions import CORRUPTIONS, Course
from explainer.vision.pipeline import Reader, Reading

CLOSE = 2e-3  # of a cosine or a probability: processors add up in another order


@pytest.fixture(scope="module")
def compiled() -> SampleResults:
    found = sample_results.load()
    assert found is not None, "`explainer compile samples` makes the table anew"
    return found


def assert_same_reading(one: Reading, other: Reading) -> None:
    assert one.box == other.box
    assert (one.object_wnids, one.person_wnids) == (other.object_wnids, other.person_wnids)
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=CLOSE)
    np.testing.assert_allclose(one.scores, other.scores, atol=CLOSE)


def assert_same_course(one: Course, other: Course) -> None:
    assert [step.amount for step in one.steps] == [step.amount for step in other.steps]
    assert [step.box for step in one.steps] == [step.box for step in other.steps]
    scores = [[label.score for course in (one, other) for label in step.labels] for step in one.steps]
    assert scores
    for mine, live in zip(one.steps, other.steps, strict=True):
        assert [x.score for x in mine.labels] == pytest.approx([x.score for x in live.labels], abs=CLOSE)
    same = sum(mine.rank == live.rank for mine, live in zip(one.steps, other.steps, strict=True))
    assert same >= 0.95 * len(one.steps)  # two words of nearly the same score may change places


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_the_reading_of_a_sample_is_the_live_one(name: str, compiled: SampleResults, reader: Reader) -> None:
    photo = samples.read(name)
    live, stored = pipeline.read(reader, photo), compiled.results[name]
    assert compiled.digests[name] == photo.digest
    assert (stored.size, stored.detector, stored.boxes) == (live.size, live.detector, live.boxes)
    for one, other in zip(stored.readings, live.readings, strict=True):
        assert_same_reading(one, other)


@pytest.mark.parametrize("change", ["flip", "resolution"])
@pytest.mark.slow
def test_the_course_of_a_change_is_the_live_one(change: str, compiled: SampleResults, reader: Reader) -> None:
    photo = samples.read("photographer")
    face = compiled.results["photographer"].readings[0]
    live = corruptions.course(reader, photo, face, change, OLDEST)
    assert_same_course(compiled.courses["photographer"][change], live)


def test_the_map_of_a_sample_is_the_live_one(compiled: SampleResults, reader: Reader) -> None:
    face = compiled.results["astronaut"].readings[0]
    stored = compiled.maps["astronaut"]["grad-cam"]
    live = explain.explain_photo(reader, samples.read("astronaut"), face.box, stored.target, "grad-cam")
    assert stored.target == sample_results.first_word(face)
    assert stored.weights == live.weights
    np.testing.assert_allclose(stored.values, live.values, atol=2e-3 * float(np.abs(live.values).max()))


def test_nobody_at_all_is_compiled_too(compiled: SampleResults, reader: Reader) -> None:
    for stored, (_, _, live) in zip(compiled.strangers, corruptions.strangers(reader), strict=True):
        assert_same_reading(stored, live)


@pytest.mark.watch
def test_all_of_the_table_is_what_the_model_gives_now(compiled: SampleResults, reader: Reader) -> None:
    live = sample_results.compiled(reader)
    for name in samples.SAMPLES:
        for change in CORRUPTIONS:
            assert_same_course(compiled.courses[name][change], live.courses[name][change])
        for method, stored in compiled.maps[name].items():
            values = live.maps[name][method].values
            np.testing.assert_allclose(stored.values, values, atol=5e-3 * float(np.abs(values).max()))


def test_the_table_holds_wnids_and_no_words() -> None:
    with np.load(sample_results.TABLE) as table:
        texts = [table[name] for name in table.files if table[name].dtype.kind == "U" and name != "facts"]
        facts = json.loads(str(table["facts"]))
    assert texts
    assert all(re.fullmatch(r"n\d{8}", wnid) for text in texts for wnid in text.tolist())
    names = set(re.findall(r'"([^"]+)":', json.dumps(facts)))
    allowed = {"weights", "samples", "digest", "size", "detector", "seconds", "boxes", "read", "maps", "delta", "most"}
    assert names <= {*allowed, *samples.SAMPLES, *sample_results.METHODS, "resolution_boxes"}


def test_results_of_other_weights_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    card = cards.load()
    other = dataclasses.replace(card, weights=dataclasses.replace(card.weights, sha256="0" * 64))
    monkeypatch.setattr(cards, "load", lambda name=cards.DEFAULT: other)
    assert sample_results.load.__wrapped__() is None
