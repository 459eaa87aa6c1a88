"""A picture changed a little: none changes nothing, each changes what it says, and labels move."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from explainer.jobs import CancelledError, whole
from explainer.vision import corruptions, faces, pipeline, samples
from explainer.vision.corruptions import CORRUPTIONS
from explainer.vision.faces import Box
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reader, Reading

SIDE = 224
BOX = Box(200, 100, 300, 220)


@pytest.fixture(scope="module")
def astronaut() -> Photo:
    return samples.read("astronaut")


def grey(levels: np.ndarray) -> Photo:
    image = Image.fromarray(np.repeat(levels.astype(np.uint8)[:, :, None], 3, axis=2))
    return Photo(image, image.size, "grey")


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture).astype(float)


@pytest.mark.parametrize("box", [BOX, None], ids=["face", "whole"])
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_none_of_a_corruption_changes_nothing_and_most_of_it_does(name: str, box: Box | None, astronaut: Photo) -> None:
    corruption = CORRUPTIONS[name]
    before = faces.crop(astronaut, box, SIDE)
    none, most = (corruptions.corrupt(astronaut, box, SIDE, name, x) for x in (corruption.none, corruption.most))
    assert none.tobytes() == before.tobytes()
    assert most.size == (SIDE, SIDE)
    assert most.mode == "RGB"
    assert np.abs(pixels(most) - pixels(before)).mean() > 2
    assert corruptions.corrupt(astronaut, box, SIDE, name, corruption.most).tobytes() == most.tobytes()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_amounts_go_from_none_to_the_most_on_a_grid(name: str) -> None:
    corruption = CORRUPTIONS[name]
    amounts = corruption.amounts(5)
    assert (amounts[0], amounts[-1]) == (corruption.none, corruption.most)
    assert len(set(amounts)) == len(amounts) == (2 if name == "flip" else 5)  # mirrored, or not
    assert set(amounts) <= set(corruption.grid)
    assert np.abs(np.diff(corruption.grid)) == pytest.approx(corruption.step)


def test_a_shift_shows_what_is_further_right() -> None:
    photo = grey(np.tile(np.arange(400) * 0.6, (300, 1)))  # brighter to the right by 0.6 a pixel
    middle = Box(150, 100, 250, 200)
    moved = corruptions.corrupt(photo, middle, SIDE, "shift", 40)
    # 40 % of a face 100 pixels wide are 40 pixels: 24 levels.
    assert (pixels(moved) - pixels(faces.crop(photo, middle, SIDE))).mean() == pytest.approx(24, abs=0.5)


def test_closer_by_half_is_the_inner_half() -> None:
    photo = grey(np.tile(np.arange(400) * 0.6, (300, 1)))
    crop = pixels(corruptions.corrupt(photo, Box(150, 100, 250, 200), SIDE, "zoom", 50))
    # 100 pixels of the photo instead of 200 stand in the square.
    assert crop[:, -1].mean() - crop[:, 0].mean() == pytest.approx(100 * 0.6, abs=1)


def test_a_tilt_turns_about_the_middle_of_the_face() -> None:
    levels = np.zeros((300, 400))
    levels[:150] = 200  # a horizon through the middle of the face
    tilted = pixels(corruptions.corrupt(grey(levels), Box(150, 100, 250, 200), SIDE, "tilt", 40))[:, :, 0]
    half = SIDE // 2
    assert tilted[half - 20, half] > 150
    assert tilted[half + 20, half] < 50
    # Turned by 40 degrees, the horizon is 84 pixels (tan 40) away from the middle at 100 pixels to either side.
    left, right = (np.argmax(tilted[:, half + offset] < 100) - half for offset in (-100, 100))
    assert sorted((left, right)) == pytest.approx([-84, 84], abs=3)


def test_brightness_and_darkness_multiply_the_light() -> None:
    photo = grey(np.full((300, 400), 100))
    assert pixels(corruptions.corrupt(photo, None, SIDE, "brightness", 200)).mean() == pytest.approx(200, abs=1)
    assert pixels(corruptions.corrupt(photo, None, SIDE, "darkness", 20)).mean() == pytest.approx(20, abs=1)


def test_noise_has_the_deviation_it_says() -> None:
    photo = grey(np.full((300, 400), 128))
    noisy = pixels(corruptions.corrupt(photo, None, SIDE, "noise", 20))
    assert noisy.std() == pytest.approx(20, abs=0.5)
    assert noisy.mean() == pytest.approx(128, abs=0.5)


def test_a_coarse_picture_has_lost_what_is_fine(astronaut: Photo) -> None:
    def fine(picture: Image.Image) -> float:
        return float(np.abs(np.diff(pixels(picture), axis=1)).mean())

    assert fine(corruptions.corrupt(astronaut, BOX, SIDE, "resolution", 12)) < fine(
        corruptions.corrupt(astronaut, BOX, SIDE, "resolution", 100)
    )
    assert fine(corruptions.corrupt(astronaut, BOX, SIDE, "blur", 8)) < fine(faces.crop(astronaut, BOX, SIDE)) / 2


def test_dark_glasses_lie_over_the_eyes_alone() -> None:
    patched = pixels(corruptions.corrupt(grey(np.full((300, 400), 200)), None, SIDE, "patch", 50))[:, :, 0]
    rows, columns = np.nonzero(patched < 100)
    assert columns.min() == pytest.approx(SIDE * 0.25, abs=1.5)
    assert columns.max() == pytest.approx(SIDE * 0.75, abs=1.5)
    assert SIDE * 0.3 < rows.min() < rows.max() < SIDE * 0.55


# What becomes of the label


@pytest.fixture(scope="module")
def face(reader: Reader, astronaut: Photo) -> Reading:
    return pipeline.read(reader, astronaut).readings[0]


def test_a_course_begins_with_what_was_read_and_counts_where_the_first_word_went(
    reader: Reader, astronaut: Photo, face: Reading
) -> None:
    course = corruptions.course(reader, astronaut, face, "noise", "fall-2011")
    assert [step.amount for step in course.steps] == [*CORRUPTIONS["noise"].grid]
    (before,) = face.people("fall-2011", 1)
    assert course.steps[0].labels[0].wnid == before.wnid
    assert course.changed
    for step in course.steps:
        assert (step.labels[0].wnid == before.wnid) == (step.rank == 1)


@pytest.mark.parametrize("name", ["blur", "resolution", "flip"])
def test_a_course_in_parts_is_to_the_last_bit_the_one_that_is_labelled_all_at_once(
    name: str, reader: Reader, astronaut: Photo, face: Reading
) -> None:
    grid = CORRUPTIONS[name].grid
    told: list[float] = []
    parts = corruptions.course_in_parts(reader, astronaut, face, name, "fall-2011", told.append)
    assert next(parts) is None
    searched: list[tuple[int, ...]] = []

    def search(picture: np.ndarray) -> object:
        searched.append(picture.shape)
        return reader.detector.search(picture)

    while len(told) < len(grid):  # as a thread with a detector of its own goes on with it
        parts.send(replace(reader.detector, search=search))
    with pytest.raises(StopIteration) as end:
        next(parts)
    course = end.value.value
    assert told == [done / len(grid) for done in range(1, len(grid) + 1)]
    assert bool(searched) == (name == "resolution")
    boxes = [step.box for step in course.steps]
    crops = [corruptions.corrupt(astronaut, box, SIDE, name, amount) for box, amount in zip(boxes, grid, strict=True)]
    for step, reading in zip(course.steps, pipeline.label(reader, crops, boxes), strict=True):
        assert step.labels == reading.people("fall-2011", corruptions.NEAREST)


def test_a_course_that_nobody_waits_for_ends_at_the_next_amount(
    reader: Reader, astronaut: Photo, face: Reading
) -> None:
    told: list[float] = []

    def progress(fraction: float) -> None:
        told.append(fraction)
        if len(told) == 3:
            raise CancelledError

    parts = corruptions.course_in_parts(reader, astronaut, face, "noise", "fall-2011", progress)
    with pytest.raises(CancelledError):
        whole(parts)
    assert len(told) == 3


def test_nobody_at_all_gets_a_word_for_people(reader: Reader) -> None:
    titles, crops, readings = zip(*corruptions.strangers(reader), strict=True)
    firsts = [reading.people("fall-2011", 1)[0] for reading in readings]
    assert titles == ("A blank wall", "A toy", "Pure noise")
    assert {crop.size for crop in crops} == {(SIDE, SIDE)}
    face = pipeline.read(reader, samples.read("astronaut")).readings[0].people("fall-2011", 1)[0]
    # There is no "none of these": the word is as near as the one that a face gets.
    assert all(first.score > face.score / 2 for first in firsts)


@pytest.mark.slow
def test_in_a_smaller_file_the_face_is_looked_for_anew_until_none_is_found(
    reader: Reader, astronaut: Photo, face: Reading
) -> None:
    course = corruptions.course(reader, astronaut, face, "resolution", "fall-2011")
    assert course.steps[0].box == face.box
    boxes = {step.box for step in course.steps}
    assert len(boxes) > 10  # found elsewhere by a few pixels
    assert None in boxes  # no longer found: the whole picture is labelled
    for step in course.steps:
        if step.box and face.box:
            assert step.box.left <= (face.box.left + face.box.right) / 2 <= step.box.right


@pytest.mark.slow
def test_a_course_tells_every_amount_and_whether_the_word_comes_back(
    reader: Reader, astronaut: Photo, face: Reading
) -> None:
    course = corruptions.course(reader, astronaut, face, "tilt", "fall-2011")
    assert [step.amount for step in course.steps] == list(CORRUPTIONS["tilt"].grid)
    (before,) = face.people("fall-2011", 1)
    for step in course.steps:
        assert (step.labels[0].wnid == before.wnid) == (step.rank == 1)
    first = course.changed[0].amount
    assert course.stays_changed == all(step.rank > 1 for step in course.steps if step.amount >= first)


def test_the_place_of_a_word_is_where_it_stands_in_the_list(face: Reading) -> None:
    for release in ("fall-2011", "winter-2021"):
        order = [label.wnid for label in face.people(release, 2_832)]
        for place in (1, 2, len(order) // 2, len(order)):
            assert face.place(order[place - 1], release) == place
    removed = next(label.wnid for label in face.people("fall-2011", 2_832) if label.wnid not in order)
    with pytest.raises(ValueError, match="does not keep"):
        face.place(removed, "winter-2021")
