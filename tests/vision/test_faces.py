"""Faces are found where a person sees them, and the network is shown what the rule says."""

from pathlib import Path

import numpy as np
import pytest
from handmade import FOUR_FACES, overlap
from PIL import Image

from explainer.setup import files
from explainer.vision import faces, photos, samples
from explainer.vision.faces import Box, Detector
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reader


@pytest.fixture(scope="module")
def yunet(reader: Reader) -> Detector:
    if reader.detector.name != "yunet":
        pytest.skip("needs YuNet: run `explainer provision`")
    return reader.detector


@pytest.fixture
def four_faces(photos_folder: Path) -> Photo:
    return photos.read_file(photos_folder / "four_faces.jpg")


def enlarged(photo: Photo, factor: int) -> Photo:
    size = (photo.size[0] * factor, photo.size[1] * factor)
    return Photo(photo.image.resize(size, Image.Resampling.BICUBIC), size, "enlarged")


def test_four_faces_are_found_where_they_are(yunet: Detector, four_faces: Photo) -> None:
    found = faces.detect(yunet, four_faces)
    assert len(found) == 4
    for truth in FOUR_FACES:
        assert max(overlap(truth, box) for box in found) > 0.5


def test_the_largest_face_comes_first(yunet: Detector, four_faces: Photo) -> None:
    areas = [box.width * box.height for box in faces.detect(yunet, four_faces)]
    assert areas == sorted(areas, reverse=True)


def test_boxes_are_in_pixels_of_the_original(yunet: Detector, four_faces: Photo) -> None:
    found = faces.detect(yunet, enlarged(four_faces, 3))
    assert len(found) == 4
    for truth in FOUR_FACES:
        tripled = Box(3 * truth.left, 3 * truth.top, 3 * truth.right, 3 * truth.bottom)
        assert max(overlap(tripled, box) for box in found) > 0.5


def test_boxes_are_in_pixels_of_the_original_where_the_photo_is_kept_smaller(
    yunet: Detector, four_faces: Photo
) -> None:
    held = Photo(four_faces.image, (1024, 710), "twice as large once")
    for box, half in zip(faces.detect(yunet, held), faces.detect(yunet, four_faces), strict=True):
        assert box.left == pytest.approx(2 * half.left, abs=2)
        assert box.bottom == pytest.approx(2 * half.bottom, abs=2)


def test_the_astronaut_has_one_face(yunet: Detector) -> None:
    found = faces.detect(yunet, samples.read("astronaut"))
    assert [overlap(box, Box(175, 65, 270, 175)) > 0.5 for box in found] == [True]  # from looking at it


def test_a_cat_has_no_face_of_a_person(yunet: Detector, photos_folder: Path) -> None:
    assert faces.detect(yunet, photos.read_file(photos_folder / "cat.jpg")) == ()


def middle(box: Box, photo: Photo) -> tuple[float, float]:
    """The middle of a box, in shares of the picture."""
    return (box.left + box.right) / 2 / photo.size[0], (box.top + box.bottom) / 2 / photo.size[1]


def test_a_face_that_fills_the_picture_is_found(yunet: Detector) -> None:
    cut = samples.read("astronaut").image.crop((163, 60, 283, 179)).resize((1000, 1000), Image.Resampling.BICUBIC)
    photo = Photo(cut, cut.size, "close")
    (box,) = faces.detect(yunet, photo)
    assert box.height > 500
    assert middle(box, photo) == pytest.approx((0.5, 0.5), abs=0.2)


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_face_in_a_photo_that_is_not_upright_is_found_where_it_is(
    angle: int, yunet: Detector, photos_folder: Path
) -> None:
    upright = photos.read_file(photos_folder / "grace_hopper.jpg")
    (face,) = faces.detect(yunet, upright)
    x, y = middle(face, upright)
    turned = upright.image.rotate(angle, expand=True)  # against the clock
    photo = Photo(turned, turned.size, "turned")
    (box,) = faces.detect(yunet, photo)
    assert middle(box, photo) == pytest.approx({90: (y, 1 - x), 180: (1 - x, 1 - y), 270: (1 - y, x)}[angle], abs=0.1)


@pytest.mark.parametrize("angle", [-45, 45])
def test_a_tilted_face_is_found_where_it_is(angle: int, yunet: Detector, photos_folder: Path) -> None:
    upright = photos.read_file(photos_folder / "grace_hopper.jpg").image
    cut = upright.crop((0, 0, upright.width, upright.width))
    place = middle(faces.detect(yunet, Photo(cut, cut.size, "cut"))[0], Photo(cut, cut.size, "cut"))
    turned = cut.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=(128, 128, 128))
    photo = Photo(turned, turned.size, "tilted")
    (box,) = faces.detect(yunet, photo)
    turn = np.deg2rad(angle)
    x, y = ((share - 0.5) * cut.width for share in place)
    expected = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    assert middle(box, photo) == pytest.approx([0.5 + share / turned.width for share in expected], abs=0.08)


@pytest.mark.parametrize(("wide", "high"), [(10, 1), (1, 12)])
def test_faces_in_a_panorama_and_in_a_long_screenshot_are_found_where_they_are(
    wide: int, high: int, yunet: Detector, four_faces: Photo
) -> None:
    width, height = four_faces.size
    ground = Image.new("RGB", (width * wide, height * high), (235, 235, 230))
    x, y = (ground.width - width) // 2, (ground.height - height) // 3
    ground.paste(four_faces.image, (x, y))
    size = ground.size
    ground.thumbnail((photos.MAX_SIDE, photos.MAX_SIDE))  # as large as a photo is kept
    found = faces.detect(yunet, Photo(ground, size, "long"))
    assert len(found) == 4
    for truth in FOUR_FACES:
        moved = Box(truth.left + x, truth.top + y, truth.right + x, truth.bottom + y)
        assert max(overlap(moved, box) for box in found) > 0.4


@pytest.fixture
def looks(yunet: Detector) -> tuple[Detector, list[tuple[int, ...]]]:
    """The detector, and the shape of each picture that it looked at."""
    looked: list[tuple[int, ...]] = []
    return Detector("yunet", lambda picture: looked.append(picture.shape[:2]) or yunet.search(picture)), looked


def test_a_photo_with_clear_faces_takes_one_look(
    looks: tuple[Detector, list[tuple[int, ...]]], four_faces: Photo
) -> None:
    detector, looked = looks
    faces.detect(detector, four_faces)
    faces.detect(detector, samples.read("astronaut"))
    assert [max(shape) for shape in looked] == [512, 512]


def test_a_photo_with_a_faint_hint_of_a_face_takes_one_look_in_full_and_one_at_a_small_square_round_the_hint(
    looks: tuple[Detector, list[tuple[int, ...]]], photos_folder: Path
) -> None:
    detector, looked = looks
    faces.detect(detector, photos.read_file(photos_folder / "sunflower.jpg"))
    assert [max(shape) for shape in looked] == [512, 128]  # as it is, and on one side what is round the hint


def test_a_photo_without_any_hint_of_a_face_takes_one_look(looks: tuple[Detector, list[tuple[int, ...]]]) -> None:
    detector, looked = looks
    grey = Image.linear_gradient("L").resize((500, 400)).convert("RGB")
    assert faces.detect(detector, Photo(grey, grey.size, "grey")) == ()
    assert [max(shape) for shape in looked] == [500]


def test_the_likeliest_face_says_which_way_up_a_photo_is_and_not_how_often_another_is_seen() -> None:
    """A picture that is bright on the right: where that side lies tells how it was turned."""

    def search(picture: np.ndarray) -> list[list[float]]:
        sides = {"top": picture[:20], "bottom": picture[-20:], "left": picture[:, :20], "right": picture[:, -20:]}
        bright = max(sides, key=lambda side: float(sides[side].mean()))
        if picture.shape[:2] == (400, 400):  # in full, as it is and turned by 270 degrees
            hints = [[60.0, 170.0, 60.0, 60.0, 0.6], [280.0, 170.0, 60.0, 60.0, 0.6]]
            return {"right": hints, "bottom": [[170.0, 60.0, 60.0, 60.0, 0.95]]}.get(bright, [])
        if picture.shape[:2] == (128, 128):  # round each hint, and round the one in the dark
            doubtful, likely = [[40.0, 40.0, 40.0, 40.0, 0.65]], [[40.0, 40.0, 40.0, 40.0, 0.9]]
            return {"left": doubtful, "bottom": likely if picture.mean() < 128 else []}.get(bright, [])
        return []

    image = Image.linear_gradient("L").rotate(90).resize((400, 400)).convert("RGB")
    assert faces.detect(Detector("yunet", search), Photo(image, image.size, "bright")) == (Box(60, 170, 120, 230),)


@pytest.mark.parametrize("factor", [0.15, 0.1])
def test_faces_in_a_dull_picture_are_found(factor: float, yunet: Detector, photos_folder: Path) -> None:
    photo = photos.read_file(photos_folder / "grace_hopper.jpg")
    dull = photo.image.point(lambda value: int((value - 128) * factor + 128))
    assert len(faces.detect(yunet, Photo(dull, dull.size, "dull"))) == 1


def test_without_yunet_the_older_detector_finds_faces(
    four_faces: Photo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLAINER_MODELS", str(tmp_path))
    monkeypatch.setattr(files, "packaged", lambda asset: None)
    detector = faces.load()
    assert detector.name == "haar"
    found = faces.detect(detector, four_faces)
    assert all(max(overlap(truth, box) for box in found) > 0.4 for truth in FOUR_FACES[:2])


def test_boxes_are_cut_to_the_picture() -> None:
    beyond = Detector(
        "haar",
        lambda picture: [[-5.0, -6.0, 20.0, 20.0, 1.0], [90.0, 40.0, 30.0, 30.0, 1.0], [200.0, 0.0, 9.0, 9.0, 1.0]],
    )
    photo = Photo(Image.new("RGB", (100, 50)), (100, 50), "grey")
    assert faces.detect(beyond, photo) == (Box(0, 0, 15, 14), Box(90, 40, 100, 50))


# What is cut out


def ramp(width: int, height: int) -> Photo:
    """A picture that tells where it was cut: red is the column, green the row, up to 255."""
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.stack([columns, rows, np.zeros_like(rows)], axis=2).astype(np.uint8)
    return Photo(Image.fromarray(pixels), (width, height), "ramp")


def region(crop: Image.Image) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the part of a ramp that a crop shows, from the values at its quarters."""
    side = crop.width
    pixels = np.asarray(crop, dtype=float)
    low, high = pixels[side // 4, side // 4], pixels[3 * side // 4, 3 * side // 4]
    across, down = (high[:2] - low[:2]) * 2  # the quarters lie half a side apart
    middle = (high[:2] + low[:2]) / 2 + 0.5
    return (middle[0] - across / 2, middle[1] - down / 2, middle[0] + across / 2, middle[1] + down / 2)


@pytest.mark.parametrize(
    ("box", "square"),
    [
        (Box(90, 80, 110, 120), (60, 60, 140, 140)),  # side 2 x 40, round (100, 100)
        (Box(0, 0, 20, 30), (0, 0, 60, 60)),  # (10, 15) would begin at -20 and -15
        (Box(180, 190, 200, 200), (160, 160, 200, 200)),  # side 40, would end at 210 and 215
        (Box(20, 40, 140, 160), (0, 0, 200, 200)),  # side 240: more than there is
    ],
)
def test_the_square_is_twice_the_face_and_inside_the_picture(box: Box, square: tuple[int, int, int, int]) -> None:
    crop = faces.crop(ramp(200, 200), box)
    assert crop.size == (224, 224)
    assert region(crop) == pytest.approx(square, abs=2.1)  # values are whole numbers, and quarters half a pixel off


def test_a_square_larger_than_one_side_is_cut_on_that_side_alone() -> None:
    crop = faces.crop(ramp(250, 100), Box(90, 20, 150, 80))  # side 120, round (120, 50)
    assert region(crop) == pytest.approx((60, 0, 180, 100), abs=2.1)


def test_a_box_in_pixels_of_the_original_is_cut_from_the_smaller_picture_that_is_kept() -> None:
    kept = ramp(200, 200)
    photo = Photo(kept.image, (2000, 2000), "ten times as large once")
    assert region(faces.crop(photo, Box(900, 800, 1100, 1200))) == pytest.approx((60, 60, 140, 140), abs=2.1)


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (256, 256), (640, 200)])
def test_the_whole_picture_is_scaled_to_256_and_its_middle_cut_out(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    width, height = round(size[0] * 256 / min(size)), round(size[1] * 256 / min(size))
    left, top = (width - 224) // 2, (height - 224) // 2
    expected = image.resize((width, height), Image.Resampling.BICUBIC).crop((left, top, left + 224, top + 224))
    apart = np.abs(np.asarray(faces.crop(Photo(image, size, "noise"), None), int) - np.asarray(expected, int))
    assert apart.max() <= 1
    assert (apart > 0).mean() < 0.002


@pytest.mark.parametrize("box", [None, Box(500, 300, 1300, 1100)])
def test_a_large_part_of_a_large_photo_looks_as_if_it_were_scaled_at_once(
    box: Box | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = enlarged(samples.read("astronaut"), 4)
    fast = np.asarray(faces.crop(large, box), int)
    monkeypatch.setattr(faces, "_GAP", None)
    apart = np.abs(fast - np.asarray(faces.crop(large, box), int))
    assert apart.mean() < 0.5  # levels of 255
    assert apart.max() <= 3


@pytest.mark.parametrize("size", [(1, 2000), (2000, 1), (1, 1)])
def test_the_thinnest_picture_has_a_middle(size: tuple[int, int]) -> None:
    crop = faces.crop(Photo(Image.new("RGB", size, (9, 8, 7)), size, "thin"), None)
    assert crop.size == (224, 224)
    assert crop.getcolors() == [(224 * 224, (9, 8, 7))]
