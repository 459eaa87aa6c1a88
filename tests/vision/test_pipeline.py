"""The whole way: from a photo to the labels of each face under each release."""

import json
from pathlib import Path

import numpy as np
import pytest
import sentinels
import torch
from PIL import Image

from explainer.attribution import explain
from explainer.attribution.explain import Target
from explainer.imagenet import masked_words, taxonomy, vocabularies
from explainer.imagenet.masked_words import Context
from explainer.vision import cards, faces, photos, pipeline, samples
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reader, Reading


@pytest.fixture(scope="module")
def four_faces(photos_folder: Path, reader: Reader) -> Photo:
    if reader.detector.name != "yunet":
        pytest.skip("needs YuNet: run `explainer provision`")
    return photos.read_file(photos_folder / "four_faces.jpg")


@pytest.fixture(scope="module")
def astronaut(reader: Reader) -> pipeline.Result:
    return pipeline.read(reader, samples.read("astronaut"))


def test_each_of_four_faces_is_read_the_largest_first(reader: Reader, four_faces: Photo) -> None:
    result = pipeline.read(reader, four_faces)
    assert result.detector == "yunet"
    assert result.size == (512, 355)
    assert len(result.readings) == 4
    assert tuple(reading.box for reading in result.readings) == result.boxes
    areas = [box.width * box.height for box in result.boxes]
    assert areas == sorted(areas, reverse=True)
    assert len({reading.scores.tobytes() for reading in result.readings}) == 4


def test_at_most_eight_faces_are_labelled_and_all_are_boxed(reader: Reader, four_faces: Photo) -> None:
    sheet = Image.new("RGB", (1024, 710))
    for corner in ((0, 0), (512, 0), (0, 355), (512, 355)):
        sheet.paste(four_faces.image, corner)
    result = pipeline.read(reader, Photo(sheet, sheet.size, "sixteen faces"))
    assert len(result.boxes) > 8
    assert [reading.box for reading in result.readings] == list(result.boxes[:8])


def test_a_picture_without_a_face_is_read_as_a_whole(reader: Reader) -> None:
    photo = samples.read("coffee")
    result, whole = pipeline.read(reader, photo), pipeline.read(reader, photo, whole=True)
    assert (result.boxes, [reading.box for reading in result.readings]) == ((), [None])
    assert (result.detector, whole.detector) == (reader.detector.name, "none")
    assert np.array_equal(result.readings[0].scores, whole.readings[0].scores)


def test_the_whole_picture_is_read_where_that_is_asked_for(reader: Reader, astronaut: pipeline.Result) -> None:
    whole = pipeline.read(reader, samples.read("astronaut"), whole=True)
    assert (whole.detector, whole.boxes) == ("none", ())
    assert [reading.box for reading in whole.readings] == [None]
    assert not np.array_equal(whole.readings[0].scores, astronaut.readings[0].scores)


def test_each_of_many_squares_is_read_as_if_it_were_alone(reader: Reader) -> None:
    noise = np.random.default_rng(0).integers(256, size=(5, 224, 224, 3), dtype=np.uint8)
    crops = [Image.fromarray(square) for square in noise]
    readings = pipeline.label(reader, crops, [None] * len(crops))
    for crop, reading in zip(crops, readings, strict=True):
        (alone,) = pipeline.label(reader, [crop], [None])
        assert np.array_equal(reading.scores, alone.scores)
        assert reading.scores.nbytes == 4 * 2_832
        assert reading.scores.base is None  # else it would keep those of the others as well


def test_probabilities_are_shares_of_1_and_scores_cosines(astronaut: pipeline.Result) -> None:
    reading = astronaut.readings[0]
    assert reading.probabilities.shape == (1_000,)
    assert reading.probabilities.min() >= 0
    assert reading.probabilities.sum() == pytest.approx(1, abs=1e-4)
    assert reading.scores.shape == (2_832,)
    assert np.abs(reading.scores).max() <= 1 + 1e-5


def test_before_and_after_are_the_same_scores_under_two_masks(astronaut: pipeline.Result) -> None:
    reading = astronaut.readings[0]
    before = {label.wnid: label.score for label in reading.people("fall-2011", 2_832)}
    assert before == dict(zip(reading.person_wnids, reading.scores.tolist(), strict=True))
    for release in ("september-2019", "winter-2021"):
        kept = vocabularies.person_categories(release)
        after = reading.people(release, 2_832)
        assert [label.wnid for label in after] == [wnid for wnid in before if wnid in kept]
        assert all(label.score == before[label.wnid] for label in after)


def test_labels_are_the_highest_of_a_few_scores_made_by_hand() -> None:
    people = taxonomy.load().people[:4]
    reading = Reading(None, ("n1", "n2"), people, np.array([0.2, 0.8]), np.array([0.1, 0.4, -0.2, 0.3]))
    assert [(label.wnid, label.score) for label in reading.objects(1)] == [("n2", 0.8)]
    assert [label.wnid for label in reading.people("fall-2011", 3)] == [people[1], people[3], people[0]]


def test_the_same_photo_gets_the_same_answer_twice(reader: Reader, astronaut: pipeline.Result) -> None:
    again = pipeline.read(reader, samples.read("astronaut"))
    assert again.boxes == astronaut.boxes
    for one, other in zip(again.readings, astronaut.readings, strict=True):
        assert np.array_equal(one.scores, other.scores)
        assert np.array_equal(one.probabilities, other.probabilities)


def test_further_pipelines_share_the_models_but_not_the_detector(reader: Reader) -> None:
    further = pipeline.load()
    assert further.classifier is reader.classifier
    assert further.detector is not reader.detector


def test_a_model_without_a_card_is_not_loaded() -> None:
    with pytest.raises(cards.CardError, match="no model 'tea-leaves'"):
        pipeline.load("tea-leaves")


def test_what_is_explained_is_what_was_read(reader: Reader, astronaut: pipeline.Result) -> None:
    photo, reading = samples.read("astronaut"), astronaut.readings[0]
    label = reading.objects(1)[0]
    found = explain.explain_photo(reader, photo, reading.box, Target("object", label.wnid))
    index = reader.classifier.wnids.index(label.wnid)
    # Grad-CAM's map sums to the logit less its bias: that logit must give the probability that was read.
    pixels = torch.from_numpy(reader.classifier.to_pixels([faces.crop(photo, reading.box)]))
    logits = reader.classifier.module(reader.classifier.standardise(pixels))[0].double().numpy()
    logit = found.values.sum() + reader.classifier.module.get_classifier().bias[index].item()
    assert np.exp(logit) / np.exp(logits).sum() == pytest.approx(label.score, abs=1e-3)


def test_a_record_of_masked_labels_holds_no_word(astronaut: pipeline.Result, monkeypatch: pytest.MonkeyPatch) -> None:
    sentinels.plant(monkeypatch.setattr)

    def record(revealed: bool) -> str:
        def caption(wnid: str) -> masked_words.Caption:
            return masked_words.caption(wnid, Context.PHOTO, revealed)

        return json.dumps(pipeline.record(astronaut, 2_832, caption))

    assert not sentinels.found(record(revealed=False))
    assert len(sentinels.found(record(revealed=True))) == 437 + 1_156


def test_a_record_says_what_was_read(astronaut: pipeline.Result) -> None:
    record = pipeline.record(astronaut, 2, lambda wnid: masked_words.caption(wnid, Context.PHOTO))
    (reading,) = record["readings"]
    box = astronaut.boxes[0]
    assert (record["size"], reading["box"]) == ([512, 512], [box.left, box.top, box.right, box.bottom])
    assert [entry["wnid"] for entry in reading["objects"]] == [label.wnid for label in astronaut.readings[0].objects(2)]
    assert {release: len(entries) for release, entries in reading["people"].items()} == dict.fromkeys(
        ("fall-2011", "september-2019", "winter-2021"), 2
    )
    for entry in (entry for entries in reading["people"].values() for entry in entries):
        assert entry["masked"] == (entry["words"] is None) == (entry["safety"] != "safe")
