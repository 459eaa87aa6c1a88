"""What is drawn: boxes, labels that tell no masked word, overlays."""

import io

import numpy as np
import pytest
import sentinels
from PIL import Image, ImageDraw

from explainer.attribution.explain import Attribution, Target
from explainer.charts import pictures
from explainer.imagenet import masked_words, taxonomy
from explainer.imagenet.masked_words import Caption, Context
from explainer.vision.faces import Box
from explainer.vision.photos import Photo

GREEN = (0, 255, 65)
BOX = Box(100, 80, 200, 180)


def grey(width: int = 400, height: int = 300) -> Photo:
    return Photo(Image.new("RGB", (width, height), (90, 90, 90)), (width, height), "grey")


def said(text: str) -> Caption:
    return Caption("n1", None, text)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All texts that are drawn into pictures."""
    texts: list[str] = []
    draw = ImageDraw.ImageDraw.text

    def spy(self, xy, text, *arguments, **options):
        texts.append(text)
        return draw(self, xy, text, *arguments, **options)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", spy)
    return texts


@pytest.fixture
def grounds(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float, float, float]]:
    """Where the grounds of labels are drawn."""
    areas = []
    draw = ImageDraw.ImageDraw.rectangle

    def spy(self, xy, fill=None, *arguments, **options):
        if fill is not None:
            areas.append(tuple(xy))
        return draw(self, xy, fill, *arguments, **options)

    monkeypatch.setattr(ImageDraw.ImageDraw, "rectangle", spy)
    return areas


def test_a_face_is_boxed_in_green() -> None:
    picture = pictures.labelled(grey(), [BOX], [])
    for edge in ((100, 130), (200, 130), (150, 80), (150, 180)):
        assert picture.getpixel(edge) == GREEN
    assert picture.getpixel((150, 130)) == picture.getpixel((90, 130)) == (90, 90, 90)


def test_boxes_in_pixels_of_the_original_are_drawn_where_the_smaller_picture_has_them() -> None:
    photo = Photo(grey().image, (4000, 3000), "ten times as large once")
    picture = pictures.labelled(photo, [Box(1000, 800, 2000, 1800)], [])
    assert picture.getpixel((100, 130)) == picture.getpixel((150, 180)) == GREEN


def test_without_a_face_the_square_that_was_seen_is_framed(drawn: list[str]) -> None:
    picture = pictures.labelled(grey(), [], [said("baker")])
    # The middle 7/8 of the shorter side: 262 of 300 pixels, round (200, 150).
    assert picture.getpixel((200 + 131, 150)) == picture.getpixel((200, 150 + 131)) == GREEN
    assert picture.getpixel((399, 150)) == picture.getpixel((200, 299)) == (90, 90, 90)
    assert drawn == ["baker"]


def test_the_photo_itself_stays_as_it_was() -> None:
    photo = grey()
    assert pictures.labelled(photo, [BOX], [said("baker")]).tobytes() != photo.image.tobytes()
    assert photo.image.getcolors() == [(400 * 300, (90, 90, 90))]


def test_labels_of_several_faces_are_numbered_and_the_rest_stay_without(drawn: list[str]) -> None:
    boxes = [BOX, Box(250, 80, 330, 160), Box(10, 200, 40, 230)]
    pictures.labelled(grey(), boxes, [said("baker, bread maker"), said("judge")])
    assert drawn == ["1  baker", "2  judge"]


@pytest.mark.parametrize("revealed", [False, True])
def test_a_word_is_drawn_only_where_its_caption_tells_it(
    revealed: bool, drawn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sentinels.plant(monkeypatch.setattr)
    tree = taxonomy.load()
    for safety in sentinels.MASKED:
        wnid = next(wnid for wnid in tree.people if tree[wnid].safety == safety)
        pictures.labelled(grey(), [BOX], [masked_words.caption(wnid, Context.PHOTO, revealed)])
        assert bool(sentinels.found(drawn[-1])) == revealed
        assert revealed or drawn[-1] == f"[covered: {safety}]"


@pytest.mark.parametrize("size", [(400, 300), (2048, 1365), (60, 200)])
@pytest.mark.parametrize("corner", [(0.0, 0.0), (0.5, 0.5), (0.9, 0.9), (0.9, 0.0)])
def test_the_longest_label_stays_in_the_picture(
    size: tuple[int, int], corner: tuple[float, float], grounds: list[tuple[float, float, float, float]]
) -> None:
    box = Box(int(corner[0] * size[0]), int(corner[1] * size[1]), size[0], size[1])
    pictures.labelled(grey(*size), [box], [said("word " * 60)])
    ((left, top, right, bottom),) = grounds
    assert left >= 0
    assert top >= 0
    assert right <= size[0]
    assert bottom <= size[1]


def test_labels_of_faces_side_by_side_keep_clear_of_each_other(
    grounds: list[tuple[float, float, float, float]],
) -> None:
    boxes = [Box(100 + shift, 80, 130 + shift, 110) for shift in (0, 30, 60)]
    pictures.labelled(grey(), boxes, [said("a rather long label")] * 3)
    tops, bottoms = [area[1] for area in grounds], [area[3] for area in grounds]
    assert all(above <= below for above, below in zip(bottoms, tops[1:], strict=False))
    assert len(grounds) == 3


# Overlays


def attribution(values: list[list[float]]) -> Attribution:
    return Attribution(np.array(values, dtype=np.float32), "grad-cam", Target("object", "n1"), 0.0, None, {})


CROP = Image.effect_noise((224, 224), 60).convert("RGB")
PLAIN = pictures.dimmed(CROP)
SPOT = attribution([[0, 0, 0, 0], [0, 9, 0, 0], [0, 0, 0, -9], [0, 0, 0, 0]])


def test_an_overlay_has_its_size_and_its_brightest_colour_where_the_map_is_highest() -> None:
    picture = pictures.overlay(Image.new("RGB", (224, 224)), SPOT, opacity=1.0)
    assert (picture.size, picture.mode) == ((448, 448), "RGB")
    light = np.asarray(picture, dtype=int).sum(axis=2)
    row, column = np.unravel_index(light.argmax(), light.shape)
    assert 112 <= row < 224  # the second of four cells
    assert 112 <= column < 224
    assert light[300:, 300:].max() == 0  # what speaks against the label is left out


def test_without_opacity_the_overlay_is_the_crop_in_grey_and_dark() -> None:
    assert pictures.overlay(CROP, SPOT, opacity=0.0).tobytes() == PLAIN.tobytes()
    assert np.asarray(pictures.dimmed(Image.new("RGB", (8, 8), (255, 255, 255)))).max() == 115
    assert pictures.overlay(CROP, SPOT, opacity=0.5).tobytes() != PLAIN.tobytes()


@pytest.mark.parametrize("value", [0.0, -3.0])
@pytest.mark.filterwarnings("error")
def test_a_map_in_which_nothing_speaks_for_the_label_shows_the_crop(value: float) -> None:
    assert pictures.overlay(CROP, attribution([[value] * 7] * 7)).tobytes() == PLAIN.tobytes()


@pytest.mark.filterwarnings("error")
def test_a_map_that_is_the_same_everywhere_is_drawn_the_same_everywhere() -> None:
    picture = pictures.overlay(Image.new("RGB", (224, 224), (90, 90, 90)), attribution([[0.5] * 7] * 7))
    assert len(picture.getcolors()) == 1


def test_one_cell_of_many_is_still_seen() -> None:
    values = [[0.0] * 224 for _ in range(224)]
    values[100][100] = 1e-6
    assert pictures.overlay(CROP, attribution(values)).tobytes() != PLAIN.tobytes()


# Bars and files


def test_a_footer_stands_below_the_picture_in_lines_that_fit() -> None:
    picture = grey(300, 200).image
    short, long = pictures.with_footer(picture, "a few words"), pictures.with_footer(picture, "many words " * 40)
    for sheet in (short, long):
        assert sheet.width == 300
        assert sheet.crop((0, 0, 300, 200)).tobytes() == picture.tobytes()
    assert 200 < short.height < long.height
    margin = np.asarray(long)[:, -4:]
    assert len(np.unique(margin[200:].reshape(-1, 3), axis=0)) == 1  # nothing is cut off at the right


def test_a_png_holds_nothing_but_pixels() -> None:
    picture = grey(8, 8).image
    picture.info["comment"] = "taken at home"
    picture.getexif()[271] = "a camera"
    with Image.open(io.BytesIO(pictures.to_png(picture))) as file:
        assert file.format == "PNG"
        assert not file.getexif()
        assert "comment" not in file.info
        assert file.tobytes() == picture.tobytes()


def test_both_signs_are_drawn_in_two_colours_that_can_be_told_apart() -> None:
    values = np.zeros((7, 7), np.float32)
    values[:, :3], values[:, 4:] = 1, -1  # for on the left, against on the right
    drawn = np.asarray(pictures.overlay(grey(224, 224).image, mapped(values), 1, "signed", 100)).astype(int)
    left, right = drawn[224, 50], drawn[224, 400]
    assert left[0] > left[2] + 100  # orange
    assert right[2] > right[0] + 100  # blue


def test_what_spoke_against_shows_only_where_it_is_asked_for_or_nothing_spoke_for_it() -> None:
    crop = grey(224, 224).image
    plain = np.asarray(pictures.dimmed(crop))
    values = np.zeros((7, 7), np.float32)
    values[3, 3] = -1
    alone = np.asarray(pictures.overlay(crop, mapped(values), 1, "for"))
    assert (alone != plain).any()
    values[0, 0] = 1
    middle = np.s_[190:260, 190:260]
    assert (np.asarray(pictures.overlay(crop, mapped(values), 1, "for"))[middle] == plain[middle]).all()
    assert (np.asarray(pictures.overlay(crop, mapped(values), 1, "absolute"))[middle] != plain[middle]).any()


RISING = np.tile(np.linspace(0, 1, 224, dtype=np.float32), (224, 1))


@pytest.mark.parametrize("colours", pictures.COLOURS)
@pytest.mark.parametrize("sign", pictures.SIGNS)
@pytest.mark.parametrize("opacity", [0.3, 0.7, 1.0])
@pytest.mark.parametrize("ground", [0, 90, 180, 255])
def test_more_is_brighter_over_dark_and_light(colours: str, sign: str, opacity: float, ground: int) -> None:
    crop = Image.new("RGB", (224, 224), (ground, ground, ground))
    for values in (RISING, -RISING) if sign == "signed" else (RISING,):
        drawn = pictures.overlay(crop, mapped(values), opacity, sign, 100, colours).convert("L")
        row = np.asarray(drawn)[224].astype(int)
        assert (np.diff(row) >= -1).all()  # a step of rounding
        assert (np.diff(row[::32]) >= 0).all()
        assert row[-1] > row[0] + 10


@pytest.mark.parametrize("colours", pictures.COLOURS)
def test_the_scale_goes_from_nothing_to_the_strongest(colours: str) -> None:
    bar = np.asarray(pictures.scale("for", colours).convert("L"))[0].astype(int)
    assert bar[0] == 0
    assert (np.diff(bar) >= -1).all()
    both = np.asarray(pictures.scale("signed"), dtype=int)[0]
    assert both[0][2] > both[0][0] + 100  # blue
    assert both[-1][0] > both[-1][2] + 100  # orange


def mapped(values: np.ndarray) -> Attribution:
    return Attribution(values, "grad-cam", Target("object", "n02123045"), 0.0, None, {})


def test_a_map_of_rounding_errors_is_not_drawn_as_evidence() -> None:
    crop = Image.new("RGB", (8, 8), (200, 200, 200))
    rounding = np.random.default_rng(0).normal(0, 1e-13, (7, 7)).astype(np.float32)
    given = Attribution(rounding, "lime", Target("object", "n1"), 0.0, None, {}, floor=1e-6)
    assert np.array_equal(np.asarray(pictures.overlay(crop, given)), np.asarray(pictures.dimmed(crop)))


def test_where_nothing_speaks_for_a_label_what_speaks_against_it_is_drawn() -> None:
    crop = Image.new("RGB", (8, 8), (200, 200, 200))
    against = attribution([[-1.0, -0.1], [-0.1, -0.1]])
    assert np.array_equal(
        np.asarray(pictures.overlay(crop, against)), np.asarray(pictures.overlay(crop, against, sign="signed"))
    )
