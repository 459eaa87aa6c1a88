"""Uploads become upright RGB photos of bounded size, or one plain sentence."""

import hashlib
import io
import os
import random
import re
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import awkward_files
import numpy as np
import pillow_heif
import profiles
import pytest
from awkward_files import Awkward
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import AvifImagePlugin, Image, ImageCms

from explainer.vision import avif, photos
from explainer.vision.photos import MAX_BYTES, MAX_PIXELS, MAX_SIDE, Photo, PhotoError, read, read_file

pytestmark = pytest.mark.filterwarnings("ignore")  # Pillow's, about files that are damaged on purpose

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
LOSSLESS = {"PNG": {}, "WEBP": {"lossless": True}, "BMP": {}, "TIFF": {}, "GIF": {}}
LOSSY = {"JPEG": {"quality": 95, "subsampling": 0}, "AVIF": {"quality": 95}, "HEIF": {"quality": 95}}
FORMATS = LOSSLESS | LOSSY
REAL = Path(__file__).parents[3] / "shared" / "photos"


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def quarters(width: int = 64, height: int = 32) -> Image.Image:
    """Red and green above, blue and white below."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(WHITE, (width // 2, height // 2, width, height))
    return image


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[274] = orientation
    block[271] = "a maker"
    block.get_ifd(0x8825)[1] = "N"  # a place
    return block.tobytes()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *extra: bytes) -> bytes:
    """A PNG from its parts; colour 0 is grey, 2 RGB, 3 palette; each row begins with a filter byte."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + body


def tiff(width: int, height: int, bits: int, photometric: int, pixels: bytes) -> bytes:
    """A little-endian grey TIFF of one strip."""
    tags = [(256, width), (257, height), (258, bits), (259, 1), (262, photometric)]
    tags += [(273, 8 + 2 + 9 * 12 + 4), (277, 1), (278, height), (279, len(pixels))]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + b"\0\0\0\0" + pixels


def pixels(photo: Photo) -> list[tuple[int, ...]]:
    return [photo.image.getpixel((x, y)) for y in range(photo.image.height) for x in range(photo.image.width)]


def corners(photo: Photo) -> list[tuple[int, ...]]:
    """The middles of the four quarters, row by row."""
    width, height = photo.image.size
    return [photo.image.getpixel((x * width // 4, y * height // 4)) for y in (1, 3) for x in (1, 3)]


def near(colour: tuple[int, ...], other: tuple[int, ...], tolerance: int = 6) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(colour, other, strict=True))


def sound(photo: Photo) -> bool:
    image = photo.image
    return (
        image.mode == "RGB"
        and min(image.size) >= 1
        and max(image.size) <= MAX_SIDE
        and 1 <= photo.size[0] * photo.size[1] <= MAX_PIXELS
        and photo.scale >= 1
        and not image.info
        and not image.getexif()
    )


def refusal(data: bytes) -> str:
    with pytest.raises(PhotoError) as raised:
        read(data)
    sentence = str(raised.value)
    assert re.fullmatch(r"[A-Z][^.\n]+\.", sentence), sentence
    return sentence


# What is read


@pytest.mark.parametrize("format", FORMATS)
def test_each_format_is_read_in_its_colours(format: str) -> None:
    data = saved(quarters(), format, **FORMATS[format])
    photo = read(data)
    assert sound(photo)
    assert photo.size == photo.image.size == (64, 32)
    assert photo.scale == 1
    assert photo.digest == hashlib.sha256(data).hexdigest()
    tolerance = 0 if format in LOSSLESS else 8
    for colour, expected in zip(corners(photo), (RED, GREEN, BLUE, WHITE), strict=True):
        assert near(colour, expected, tolerance)


UPRIGHT = {  # what orientation makes of rows red green / blue white
    1: (RED, GREEN, BLUE, WHITE),
    2: (GREEN, RED, WHITE, BLUE),
    3: (WHITE, BLUE, GREEN, RED),
    4: (BLUE, WHITE, RED, GREEN),
    5: (RED, BLUE, GREEN, WHITE),
    6: (BLUE, RED, WHITE, GREEN),
    7: (WHITE, GREEN, BLUE, RED),
    8: (GREEN, WHITE, RED, BLUE),
}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_photo_is_upright_whatever_the_camera_held(format: str, orientation: int) -> None:
    photo = read(saved(quarters(), format, exif=exif(orientation), **FORMATS[format]))
    assert sound(photo)
    assert photo.size == photo.image.size == ((64, 32) if orientation < 5 else (32, 64))
    for colour, expected in zip(corners(photo), UPRIGHT[orientation], strict=True):
        assert near(colour, expected, 12)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_damaged_exif_takes_no_photo_away(format: str) -> None:
    good = saved(quarters(), format, exif=exif(1))
    start = good.rfind(b"a maker")
    start = max(good.rfind(mark, 0, start) for mark in (b"II*\0", b"MM\0*"))
    chance = random.Random(5)
    for _ in range(200):
        data = bytearray(good)
        for _ in range(3):
            data[start + chance.randrange(40)] = chance.choice([0, 255, chance.randrange(256)])
        if format == "PNG":  # whose checksum has to fit, or it is the file that is damaged
            (length,) = struct.unpack(">I", data[start - 8 : start - 4])
            data[start + length : start + length + 4] = struct.pack(">I", zlib.crc32(data[start - 4 : start + length]))
        assert sorted(read(bytes(data)).size) == [32, 64]


def test_an_orientation_that_does_not_exist_is_none() -> None:
    for orientation in (0, 9, 65535):
        assert corners(read(saved(quarters(), "PNG", exif=exif(orientation)))) == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (20_000, 1), (3000, 1), (2049, 2048), (5, 4097)])
def test_extreme_shapes_keep_their_longest_side_bounded_and_no_side_vanishes(size: tuple[int, int]) -> None:
    photo = read(saved(Image.new("RGB", size, GREEN), "PNG"))
    assert sound(photo)
    assert photo.size == size
    assert max(photo.image.size) == min(max(size), MAX_SIDE)
    assert photo.scale == max(size) / max(photo.image.size)
    assert photo.image.getpixel((0, 0)) == GREEN


@pytest.mark.parametrize(("size", "orientation"), [((6000, 4000), 1), ((8197, 4099), 6), ((4096, 9000), 3)])
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_large_photo_is_reduced_and_remembers_its_size(format: str, size: tuple[int, int], orientation: int) -> None:
    photo = read(saved(quarters(*size), format, exif=exif(orientation)))
    assert sound(photo)
    width, height = size if orientation < 5 else size[::-1]
    assert photo.size == (width, height)
    assert max(photo.image.size) == MAX_SIDE
    assert photo.scale == max(size) / MAX_SIDE
    assert photo.image.width / photo.image.height == pytest.approx(width / height, abs=2e-3)
    for colour, expected in zip(corners(photo), UPRIGHT[orientation], strict=True):
        assert near(colour, expected)
    # The quarters still meet in the middle: nothing was cut off or shifted.
    middle = photo.image.width // 2
    row = [photo.image.getpixel((x, 10)) for x in (middle - 3, middle + 3)]
    assert near(row[0], UPRIGHT[orientation][0], 40)
    assert near(row[1], UPRIGHT[orientation][1], 40)


def test_an_extension_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(saved(quarters(), "JPEG"))
    assert read_file(path).size == (64, 32)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF", "AVIF", "HEIF", "MPO"])
def test_of_several_pictures_the_first_is_the_photo(format: str) -> None:
    first, second = (Image.new("RGB", (64, 64), colour) for colour in (RED, BLUE))
    photo = read(saved(first, format, save_all=True, append_images=[second, second]))
    assert photo.size == (64, 64)
    assert near(photo.image.getpixel((32, 32)), RED, 12)


def test_a_heif_file_shows_the_picture_that_it_calls_primary() -> None:
    pictures = [Image.new("RGB", (64, 64), colour) for colour in (RED, BLUE)]
    data = saved(pictures[0], "HEIF", save_all=True, append_images=pictures[1:], primary_index=1)
    assert near(read(data).image.getpixel((32, 32)), BLUE, 12)


def test_a_phone_jpeg_with_a_damaged_list_of_pictures_is_still_a_jpeg() -> None:
    picture = quarters()
    good = saved(picture, "MPO", save_all=True, append_images=[picture])
    start = good.index(b"MPF\0") + 4
    chance = random.Random(3)
    for _ in range(200):
        data = bytearray(good)
        data[start + chance.randrange(80)] = chance.randrange(256)
        assert read(bytes(data)).size == (64, 32)


def test_a_gif_frame_larger_than_its_screen_is_whole() -> None:
    data = bytearray(saved(quarters(), "GIF"))
    data[6:10] = struct.pack("<HH", 8, 8)
    photo = read(bytes(data))
    assert photo.size == (64, 32)
    assert corners(photo) == [RED, GREEN, BLUE, WHITE]


def test_a_tiff_of_many_pages_is_read_without_counting_them() -> None:
    page = Image.new("1", (1, 1))
    data = saved(page, "TIFF", save_all=True, append_images=[page] * 500)
    assert read(data).size == (1, 1)


# Colours


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_sixteen_bits_of_grey_are_scaled_not_clipped(format: str, mode: str) -> None:
    image = Image.new(mode, (4, 1))
    for x, level in enumerate((0, 256, 32768, 65535)):
        image.putpixel((x, 0), level)
    if format == "PNG":
        image = image.convert("I").convert("I;16")
    assert [colour[0] for colour in pixels(read(saved(image, format)))] == [0, 1, 128, 255]


def test_sixteen_bits_of_colour_are_scaled_not_clipped() -> None:
    data = png(2, 1, 16, 2, b"\0" + struct.pack(">6H", 32768, 0, 65535, 256, 65535, 1))
    assert pixels(read(data)) == [(128, 0, 255), (1, 255, 0)]


def test_a_tiff_that_counts_from_white_is_turned_round() -> None:
    assert pixels(read(tiff(3, 1, 16, 0, struct.pack("<3H", 0, 32768, 65535)))) == [
        (255,) * 3,
        (127,) * 3,
        (0,) * 3,
    ]


def test_twelve_bits_of_grey_reach_white() -> None:
    photo = read(tiff(2, 1, 12, 1, bytes([0xFF, 0xF8, 0x00])))  # 4095, then 2048
    assert pixels(photo) == [(255,) * 3, (128,) * 3]


@pytest.mark.parametrize("mode", ["F", "I"])
def test_numbers_without_a_fixed_white_are_refused(mode: str) -> None:
    assert "without a fixed white" in refusal(saved(Image.new(mode, (4, 4), 1), "TIFF"))


@pytest.mark.parametrize(("format", "tolerance"), [("TIFF", 0), ("JPEG", 3)])
def test_cmyk_inks_become_the_colours_that_they_print(format: str, tolerance: int) -> None:
    image = Image.new("CMYK", (32, 16), (255, 0, 0, 0))
    image.paste((0, 0, 0, 255), (16, 0, 32, 16))
    photo = read(saved(image, format, quality=95) if format == "JPEG" else saved(image, format))
    assert near(photo.image.getpixel((4, 4)), (0, 255, 255), tolerance)
    assert near(photo.image.getpixel((28, 4)), (0, 0, 0), tolerance)


@pytest.mark.parametrize(
    ("mode", "stored", "expected"),
    [("LAB", (255, 128, 128), WHITE), ("YCbCr", (128, 128, 128), (128,) * 3), ("L", 77, (77,) * 3)],
)
def test_other_colour_spaces_of_tiff_come_out_in_rgb(mode: str, stored: object, expected: tuple[int, ...]) -> None:
    photo = read(saved(Image.new(mode, (16, 16), stored), "TIFF"))
    assert near(photo.image.getpixel((8, 8)), expected, 3)


# Red or green of sRGB in other spaces, as their users publish them, and back.
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF"])
@pytest.mark.parametrize(
    ("space", "stored", "seen"),
    [
        ("Display P3", (234, 51, 35), (255, 0, 0)),
        ("Adobe RGB (1998)", (144, 255, 60), (0, 255, 0)),
        ("ProPhoto RGB", (179, 70, 26), (255, 0, 0)),
    ],
)
def test_colours_are_those_that_the_profile_means(
    space: str, stored: tuple[int, int, int], seen: tuple[int, int, int], format: str
) -> None:
    picture = Image.new("RGB", (64, 64), stored)
    photo = read(saved(picture, format, icc_profile=profiles.profile(space), quality=100))
    assert np.abs(np.array(photo.image.getpixel((32, 32))) - seen).max() <= 12
    assert not photo.image.info


def test_a_picture_in_srgb_is_left_as_it_is() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with_, without = (read(saved(quarters(), "PNG", icc_profile=profile)) for profile in (srgb, None))
    assert with_.image.tobytes() == without.image.tobytes()


def test_a_profile_is_known_by_what_it_does_and_not_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    primaries, curve = profiles.SPACES["Display P3"]
    for name, seen in (("Display P3", curve), ("Linear sRGB", (1.0,))):
        monkeypatch.setitem(profiles.SPACES, name, (primaries, seen))
    brighter = read(saved(Image.new("RGB", (32, 32), (54, 54, 54)), "PNG", icc_profile=profiles.profile("Linear sRGB")))
    assert brighter.image.getpixel((9, 9)) == pytest.approx((127, 127, 127), abs=2)


@pytest.mark.parametrize("bits", [8, 16])
def test_grey_is_as_bright_as_its_profile_means(bits: int) -> None:
    level = round(0.2140 * (2**bits - 1))  # of light, which is half of sRGB's scale
    grey = Image.fromarray(np.full((32, 32), level, dtype=f"u{bits // 8}"))
    photo = read(saved(grey, "PNG", icc_profile=profiles.grey(1.0)))
    assert photo.image.getpixel((9, 9)) == pytest.approx((127, 127, 127), abs=2)


@pytest.mark.parametrize(("gamma", "seen"), [(100_000, 137), (45_455, 64), (55_556, 82)])
def test_a_png_that_says_no_more_than_its_gamma_is_as_bright_as_that_means(gamma: int, seen: int) -> None:
    data = saved(Image.new("RGB", (32, 32), (64, 64, 64)), "PNG")
    data = data[:33] + chunk(b"gAMA", gamma.to_bytes(4)) + data[33:]
    assert read(data).image.getpixel((9, 9)) == pytest.approx((seen, seen, seen), abs=1)


@pytest.mark.parametrize("damage", [lambda whole: b"no profile", lambda whole: whole[:200]])
def test_a_damaged_profile_takes_no_photo_away(damage: Callable[[bytes], bytes]) -> None:
    profile = damage(profiles.profile("ProPhoto RGB"))
    assert (
        read(saved(quarters(), "PNG", icc_profile=profile)).image.tobytes()
        == read(saved(quarters(), "PNG")).image.tobytes()
    )


def test_inks_without_adobes_mark_are_not_inverted() -> None:
    inks = Image.new("CMYK", (32, 32), (0, 255, 255, 255))  # red under black
    data = saved(inks, "JPEG", quality=100)
    marked = data.index(b"\xff\xee")
    length = int.from_bytes(data[marked + 2 : marked + 4])
    assert read(data).image.getpixel((9, 9)) == pytest.approx((0, 0, 0), abs=3)
    # Pillow writes inverted inks: without the mark they mean cyan without black.
    plain = data[:marked] + data[marked + 2 + length :]
    assert read(plain).image.getpixel((9, 9)) == pytest.approx((0, 255, 255), abs=3)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_without_its_end_mark_is_read_and_one_without_some_pixels_is_not(progressive: bool) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(256, size=(99, 101, 3), dtype=np.uint8))
    whole = saved(noise, "JPEG", progressive=progressive)
    assert whole.endswith(b"\xff\xd9")
    assert read(whole[:-2]).image.tobytes() == read(whole).image.tobytes()
    assert read(whole[:-1]).image.tobytes() == read(whole).image.tobytes()
    for missing in (3, 20, 500):
        assert "cut short" in refusal(whole[:-missing])


PHONE = """
import io, pathlib, sys
from PIL import Image
from explainer.vision import avif, photos

data = pathlib.Path(sys.argv[1]).read_bytes()
photo = photos.read(data)
status = pathlib.Path("/proc/self/status").read_text()
print(*photo.size, *photo.image.size, int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_a_jpeg_of_200_megapixels_is_read_within_600_megabytes(tmp_path: Path) -> None:
    file = tmp_path / "phone.jpg"
    Image.new("RGB", (16_320, 12_240), (90, 120, 40)).save(file)
    run = subprocess.run([sys.executable, "-c", PHONE, file], capture_output=True, text=True, check=True)
    *sizes, megabytes = map(int, run.stdout.split())
    assert sizes == [16_320, 12_240, 2040, 1530]
    assert megabytes < 600


def test_a_progressive_jpeg_is_refused_where_its_coefficients_would_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(photos, "_COEFFICIENT_BYTES", 2 * 3 * 64 * 64 - 1)
    square = quarters().resize((64, 64))
    assert read(saved(square, "JPEG", progressive=False, subsampling=0)).size == (64, 64)
    assert read(saved(square, "JPEG", progressive=True, subsampling=2)).size == (64, 64)  # half the samples
    assert "baseline" in refusal(saved(square, "JPEG", progressive=True, subsampling=0))


def says(data: bytes, width: int, height: int) -> bytes:
    """An AVIF whose `ispe` says another size, of all of its pictures."""
    return re.sub(rb"(ispe....).{8}", lambda found: found[1] + struct.pack(">II", width, height), data, flags=re.DOTALL)


def test_a_jpeg_of_very_many_scans_is_refused_before_they_are_gone_through() -> None:
    whole = saved(quarters(), "JPEG", progressive=True)
    dc = whole.index(b"\xff\xda")  # the first scan, whose bits may come again
    dc = whole[dc : re.compile(rb"\xff[^\x00\xd0-\xd7]").search(whole, dc + 2).start()]  # type: ignore[union-attr]
    assert read(whole[:-2] + 20 * dc + whole[-2:]).size == quarters().size
    assert "baseline" in refusal(whole[:-2] + 100 * dc + whole[-2:])
    assert read(whole + 200 * dc).size == quarters().size  # what follows the end is no part of it
    # A mark that has no length hides nothing of what follows it, for the decoder passes over it.
    assert "baseline" in refusal(whole[:-2] + b"\xff\x02" + 100 * dc + whole[-2:])


def test_of_a_large_jpeg_fewer_scans_are_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = saved(quarters(), "JPEG", progressive=True)
    scans = whole.count(b"\xff\xda")
    monkeypatch.setattr(photos, "_SCAN_PIXELS", scans * quarters().width * quarters().height)
    assert read(whole).size == quarters().size
    monkeypatch.setattr(photos, "_SCAN_PIXELS", scans * quarters().width * quarters().height - 1)
    assert "baseline" in refusal(whole)
    assert read(saved(quarters(), "JPEG")).size == quarters().size


def test_a_jpeg_that_is_coded_arithmetically_is_refused() -> None:
    whole = saved(quarters(), "JPEG", progressive=True)
    assert "baseline" in refusal(whole.replace(b"\xff\xc2", b"\xff\xca", 1))


def test_a_tiff_whose_one_tile_is_larger_than_a_picture_may_be_is_refused() -> None:
    def tiled(side: int, kind: int = 4) -> bytes:
        tags = {256: 16, 257: 16, 258: 8, 259: 1, 262: 1, 277: 1, 322: side, 323: side, 324: 134, 325: 256}
        kinds = {322: kind, 323: kind}
        entries = b"".join(struct.pack("<HHII", tag, kinds.get(tag, 4), 1, value) for tag, value in tags.items())
        return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + bytes([100]) * 256

    assert read(tiled(16)).size == (16, 16)
    assert "megapixels" in refusal(tiled(16_000))
    assert "damaged" in refusal(tiled(16_000, kind=17))  # a type that Pillow passes over, and its decoder does not


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_an_avif_that_is_larger_inside_than_it_says_is_refused_before_it_is_decoded(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = says(saved(quarters(64, 32).convert(mode), "AVIF"), 16, 8)
    assert read(data).size == (16, 8)  # small enough, whatever it says
    monkeypatch.setattr(photos, "MAX_PIXELS", 64 * 32 - 1)
    monkeypatch.setattr(AvifImagePlugin.AvifImageFile, "load", lambda _: pytest.fail("it was decoded"))
    assert "megapixels" in refusal(data)


def test_an_animated_avif_that_is_larger_inside_than_it_says_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(quarters(64, 32), "AVIF", save_all=True, append_images=[Image.new("RGB", (64, 32))])
    assert b"moov" in data
    assert avif.coded_sizes(data) == [(64, 32)] * 2  # the still picture, and the first frame
    assert read(data).size == (64, 32)
    monkeypatch.setattr(photos, "MAX_PIXELS", 64 * 32 - 1)
    assert "megapixels" in refusal(says(data, 16, 8))


@pytest.mark.parametrize("size", [(1, 1), (63, 31), (17, 2000)])
def test_the_coded_size_of_an_avif_is_that_of_the_photo(size: tuple[int, int]) -> None:
    assert avif.coded_sizes(saved(Image.new("RGB", size, RED), "AVIF")) == [size]
    assert avif.coded_sizes(saved(Image.new("RGBA", size), "AVIF")) == [size] * 2  # colours, and transparency


def test_frames_that_may_be_larger_than_their_sequence_header_says_are_refused() -> None:
    start = "000000000000" + "0" * 12 + "00000"  # a video of one operating point, without timing

    def header(bits: int) -> bytes:
        digits = start + 2 * f"{bits - 1:04b}" + 2 * f"{63:0{bits}b}" + "0" * 16
        return int(digits.ljust(8 * 16, "0"), 2).to_bytes(16)

    assert avif._sequence_size(header(6)) == avif._sequence_size(header(13)) == (64, 64)
    with pytest.raises(ValueError, match="larger"):
        avif._sequence_size(header(16))


def test_an_avif_with_items_of_very_many_empty_parts_is_refused_at_once() -> None:
    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", 8 + len(content)) + kind + content

    def items(number: int, parts: int) -> bytes:
        each = b"".join(struct.pack(">IHHH", 1000 + item, 0, 0, parts) for item in range(number))
        return box(b"moov", box(b"iloc", bytes([2, 0, 0, 0, 0, 0]) + struct.pack(">I", number) + each))

    good = saved(quarters(), "AVIF")
    assert read(good + items(3, 100)).size == quarters().size
    assert refusal(good + items(100, 65_535))


@pytest.mark.parametrize(
    ("kind", "place", "part", "most"),
    [
        ("JPEG", 2, b"\xff\xe1\0\x08Exif\0\0", 1_000),  # joined to those before it, each
        ("JPEG", 2, b"\xff\xe1\0\x02", 1_000),
        ("PNG", 33, b"\0\0\0\0nuLl" + zlib.crc32(b"nuLl").to_bytes(4), 10_000),
        ("PNG", 33, b"\0\0\0\0zTXt" + zlib.crc32(b"zTXt").to_bytes(4), 50),
        ("GIF", None, b"\x21\xfe\x01a\0", 5_000),
    ],
)
def test_a_file_of_very_many_parts_before_its_picture_is_refused(
    kind: str, place: int | None, part: bytes, most: int
) -> None:
    good = saved(quarters(), kind)
    place = place or 13 + (3 << (good[10] & 7) + 1)  # behind the colours
    assert read(good[:place] + part * most + good[place:]).size == quarters().size
    assert "damaged" in refusal(good[:place] + part * 4 * most + good[place:])


def test_a_large_bmp_in_runs_is_refused() -> None:
    def in_runs(width: int, height: int) -> bytes:
        rows = (bytes([200, 0]) * (width // 200) + b"\0\0") * height + b"\0\1"
        head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(rows), 0, 0, 256, 0)
        return b"BM" + struct.pack("<IHHI", 1078 + len(rows), 0, 0, 1078) + head + bytes(1024) + rows

    assert read(in_runs(200, 100)).size == (200, 100)
    assert "megapixels" in refusal(in_runs(2200, 2000))


def test_an_avif_with_a_number_that_does_not_end_is_refused_at_its_ninth_byte() -> None:
    with pytest.raises(ValueError, match="does not end"):
        avif._Cursor(b"\xff" * 8 + b"\0", 0).take_leb128()
    assert avif._Cursor(b"\xe5\x8e\x26", 0).take_leb128() == 624_485
    good = saved(quarters(), "AVIF")
    begin = good.index(b"mdat") + 4
    assert "damaged" in refusal(good[:begin] + b"\x0a" + b"\xff" * (len(good) - begin - 1))


def test_an_avif_of_many_hidden_frames_is_refused() -> None:
    data = saved(quarters(), "AVIF")
    ((start, stop),) = next(avif._items(data))
    assert list(avif._sizes(data[start:stop] + b"\x32\x00" * 3)) == avif.coded_sizes(data)  # as many as layers have
    with pytest.raises(ValueError, match="frames"):
        list(avif._sizes(data[start:stop] + b"\x32\x00" * 8))


def test_an_avif_whose_pictures_share_their_bytes_is_refused() -> None:
    data = saved(Image.new("RGBA", (64, 64)), "AVIF")
    place = data.index(b"iloc") + 12  # item, file, count; then place and length of each of two items
    colours, transparency = data[place + 6 : place + 14], data[place + 20 : place + 28]
    whole = struct.pack(">II", 0, len(data))
    shared = data.replace(colours, whole).replace(transparency, whole)
    with pytest.raises(ValueError, match="share"):
        avif.coded_sizes(shared)
    assert "damaged" in refusal(shared)


def test_a_picture_of_one_endless_row_is_refused() -> None:
    assert "65,535 pixels" in refusal(png(1, 70_000, 8, 0, b"\0\0" * 70_000))


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP", "GIF"])
def test_one_bit_is_black_and_white(format: str) -> None:
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    assert pixels(read(saved(image, format))) == [(0, 0, 0), WHITE]


HALF_RED_ON_WHITE = (255, 127, 127)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_transparency_stands_on_white(format: str) -> None:
    image = Image.new("RGBA", (3, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (255, 0, 0, 128))
    image.putpixel((2, 0), (0, 0, 255, 255))
    options = {"lossless": True, "exact": True} if format == "WEBP" else {}
    assert pixels(read(saved(image, format, **options))) == [WHITE, HALF_RED_ON_WHITE, BLUE]


def test_transparency_in_avif_and_heif_stands_on_white() -> None:
    for format in ("AVIF", "HEIF"):
        photo = read(saved(Image.new("RGBA", (64, 64), (0, 0, 0, 0)), format))
        assert near(photo.image.getpixel((32, 32)), WHITE, 3)


def test_grey_with_transparency_stands_on_white() -> None:
    image = Image.new("LA", (2, 1), (0, 0))
    image.putpixel((1, 0), (0, 128))
    assert pixels(read(saved(image, "PNG"))) == [WHITE, (127,) * 3]


def test_a_palette_with_alphas_stands_on_white() -> None:
    palette = chunk(b"PLTE", bytes([255, 0, 0, 255, 0, 0, 0, 0, 255]))
    data = png(3, 1, 8, 3, b"\0\0\1\2", palette, chunk(b"tRNS", bytes([0, 128])))
    assert pixels(read(data)) == [WHITE, HALF_RED_ON_WHITE, BLUE]


def test_the_transparent_colour_of_a_gif_is_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    assert pixels(read(saved(image, "GIF", transparency=0))) == [WHITE, BLUE]


@pytest.mark.parametrize(
    ("depth", "rows", "key"),
    [
        (1, b"\0\x40", 1),
        (2, b"\0\x20", 2),
        (4, b"\0\x08", 8),
        (8, b"\0\x00\xc8", 200),
        (16, b"\0\x00\x00\xc8\x00", 0xC800),
    ],
)
def test_a_transparent_grey_is_white_at_every_depth(depth: int, rows: bytes, key: int) -> None:
    opaque, keyed = (
        pixels(read(png(2, 1, depth, 0, rows, *extra)))
        for extra in ((), (chunk(b"tRNS", bytes([key >> 8, key & 255])),))
    )
    assert opaque[0] == keyed[0] == (0, 0, 0)
    assert opaque[1] == ((255 if depth == 1 else {2: 170, 4: 136}.get(depth, 200)),) * 3
    assert keyed[1] == WHITE


@pytest.mark.parametrize("depth", [8, 16])
def test_a_transparent_colour_is_white_at_every_depth(depth: int) -> None:
    shift, code = (8, ">6H") if depth == 16 else (0, ">6B")
    levels = [level << shift for level in (9, 8, 7, 1, 2, 3)]
    key = chunk(b"tRNS", struct.pack(">3H", *levels[:3]))
    assert pixels(read(png(2, 1, depth, 2, b"\0" + struct.pack(code, *levels), key))) == [WHITE, (1, 2, 3)]


def test_a_large_transparent_photo_has_no_fringe() -> None:
    """Colours that are hidden under transparency do not bleed into what is seen when the photo shrinks."""
    image = Image.new("RGBA", (4200, 300), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (0, 0, 2100, 300))
    assert read(saved(image, "PNG")).image.getextrema() == ((255, 255),) * 3


# What devices make


@pytest.mark.parametrize("file", awkward_files.FILES, ids=lambda file: file.name)
def test_a_file_of_a_phone_is_a_photo_or_gives_a_sentence(file: Awkward) -> None:
    data = file.make()
    if file.told == awkward_files.FACE:
        photo = read(data)
        assert sound(photo)
        assert photo.size == (400, 400)
        apart = np.abs(np.subtract(photo.image, awkward_files.astronaut(), dtype=float)).mean()
        assert apart < 4  # levels: upright, in its colours, the first of several
    else:
        assert refusal(data).startswith(file.told)


@pytest.mark.parametrize("mark", [{50706: 0x0401}, {37398: 1}, {262: 32803}, {262: 34892}])
def test_of_a_raw_file_no_thumbnail_is_taken_for_the_photo(mark: dict[int, int]) -> None:
    tags = {254: 1, 256: 16, 257: 16, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: 16, 279: 256} | mark
    tags[273] = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    data = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + bytes(256)
    assert refusal(data).startswith(awkward_files.RAW)


# What is refused


def test_no_bytes_have_their_own_sentence() -> None:
    assert refusal(b"") == "The file is empty: choose another photo."


def test_a_file_over_the_limit_is_refused_by_its_weight() -> None:
    assert "larger than 64 MB" in refusal(b"\xff\xd8\xff" + bytes(MAX_BYTES))
    assert "no photo" in refusal(bytes(MAX_BYTES))


@pytest.mark.parametrize(
    "data",
    [
        b"a",
        b"Dear visitor, this is a letter.",
        b"%PDF-1.7\n" + bytes(100),
        b"PK\x03\x04" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        saved(Image.new("RGB", (8, 8)), "PPM"),
        saved(Image.new("RGB", (8, 8)), "TGA"),
        saved(Image.new("RGB", (16, 16)), "ICO"),
        saved(Image.new("RGB", (8, 8)), "JPEG2000"),
        saved(Image.new("RGB", (8, 8)), "PDF"),
    ],
)
def test_what_is_no_photo_is_told_which_formats_are(data: bytes) -> None:
    sentence = refusal(data)
    for name in ("JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF", "HEIC"):
        assert name in sentence


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_cut_short_is_refused_as_such(format: str) -> None:
    noise = Image.frombytes("RGB", (64, 64), random.Random(0).randbytes(64 * 64 * 3))
    data = saved(noise, format, **FORMATS[format])
    for share in (0.3, 0.6, 0.9):
        assert refusal(data[: int(len(data) * share)]).startswith("The file is cut short")


def claim(format: str) -> bytes:
    """A small file that says it is enormous."""
    good = bytearray(saved(Image.new("RGB", (64, 64), RED), format))
    if format == "PNG":
        return png(8000, 8001, 8, 2, b"\0")
    if format == "JPEG":
        place = good.index(b"\xff\xc0") + 5
        good[place : place + 4] = struct.pack(">HH", 65_000, 65_000)
    if format == "GIF":
        good[6:10] = struct.pack("<HH", 65_535, 65_535)
    if format == "BMP":
        good[18:26] = struct.pack("<ii", 100_000, 100_000)
    if format == "TIFF":
        return tiff(1_000_000, 1_000_000, 8, 1, b"\0")
    if format == "WEBP":
        canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (16_000).to_bytes(3, "little") * 2
        return b"RIFF" + struct.pack("<I", len(good) - 8 + 18) + b"WEBP" + canvas + bytes(good[12:])
    if format in ("AVIF", "HEIF"):
        place = good.index(b"ispe") + 8
        good[place : place + 8] = struct.pack(">II", 16_000, 16_000)
    return bytes(good)


@pytest.mark.parametrize("format", FORMATS)
def test_a_small_file_that_claims_to_be_enormous_is_refused(format: str) -> None:
    sentence = refusal(claim(format))
    if format in ("PNG", "JPEG", "GIF", "BMP", "TIFF"):
        assert "64 megapixels" in sentence


def test_the_limit_on_pixels_holds_whatever_pillow_s_own_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    for format in ("PNG", "JPEG", "GIF", "BMP", "TIFF"):
        assert "64 megapixels" in refusal(claim(format))


def test_a_bomb_in_a_text_chunk_is_refused() -> None:
    bomb = chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(50_000_000)))
    refusal(png(1, 1, 8, 0, b"\0\0", bomb))


def test_lack_of_memory_is_not_blamed_on_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(photos, "_on_white", exhausted)
    assert "not enough memory" in refusal(saved(quarters(), "PNG"))


GOOD = {format: saved(quarters(), format, **options) for format, options in FORMATS.items()}
GOOD |= {
    "with EXIF": saved(quarters(), "JPEG", exif=exif(6)),
    "progressive": saved(quarters(), "JPEG", progressive=True),
    "CMYK": saved(Image.new("CMYK", (64, 32)), "JPEG"),
    "MPO": saved(quarters(), "MPO", save_all=True, append_images=[quarters()]),
    "palette": saved(quarters().quantize(4), "PNG", transparency=b"\0\x80\xff\x10"),
    "animation": saved(quarters(), "WEBP", save_all=True, append_images=[Image.new("RGB", (64, 32))]),
    "APNG": saved(quarters(), "PNG", save_all=True, append_images=[Image.new("RGB", (64, 32))]),
    "16 bits": saved(Image.new("I;16", (64, 32), 999), "TIFF"),
    "AVIF with EXIF": saved(quarters(), "AVIF", exif=exif(6)),
    "HEIF with EXIF": saved(quarters(), "HEIF", exif=exif(6)),
} | {
    f"TIFF {kind}": saved(quarters(), "TIFF", compression=kind)
    for kind in ("tiff_lzw", "jpeg", "tiff_deflate", "packbits", "zstd")
}

place = st.integers(min_value=0, max_value=2**16)


@st.composite
def damaged(draw: Callable[..., object], good: bytes) -> bytes:
    """The file after a few cuts, flips and insertions, near its beginning as often as anywhere."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(place) % min(len(data) + 1, draw(st.sampled_from([64, 2**16])))
        match draw(st.sampled_from(["cut", "drop", "flip", "write", "insert"])):
            case "cut":
                del data[at:]
            case "drop":
                del data[at : at + draw(st.integers(1, 20))]
            case "flip":
                data[at : at + 1] = bytes(byte ^ 1 << draw(st.integers(0, 7)) for byte in data[at : at + 1])
            case "write":
                data[at : at + 4] = draw(st.sampled_from([bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff"]))
            case "insert":
                data[at:at] = draw(st.binary(max_size=20))
    return bytes(data)


def read_or_refused(data: bytes) -> None:
    try:
        photo = read(data)
    except PhotoError:
        refusal(data)
    else:
        assert sound(photo)


@pytest.mark.parametrize("kind", GOOD)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(choice=st.data())
def test_damaged_files_give_a_sound_photo_or_one_sentence(kind: str, choice: st.DataObject) -> None:
    read_or_refused(choice.draw(damaged(GOOD[kind])))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([data[:16] for data in GOOD.values()]), st.binary(max_size=300))
def test_a_familiar_beginning_with_anything_after_it_gives_a_photo_or_one_sentence(start: bytes, rest: bytes) -> None:
    read_or_refused(start + rest)


# Files


def test_a_folder_a_missing_file_and_a_pipe_are_named(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, reason in ((tmp_path, "is a folder"), (tmp_path / "none.jpg", "no file"), (pipe, "no file")):
        with pytest.raises(PhotoError, match=reason) as raised:
            read_file(path)
        assert str(path) in str(raised.value)
    with pytest.raises(PhotoError, match="cannot be opened"):
        read_file(Path("x" * 5000))


def test_a_heavy_file_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "heavy.jpg"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    with pytest.raises(PhotoError, match="larger than 64 MB"):
        read_file(path)


# Together with others


def test_at_most_two_photos_decode_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most, lock = 0, 0, threading.Lock()
    decoded = photos._decoded

    def watched(data: bytes) -> object:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.05)  # long enough for every other thread to come in, were it let
        try:
            return decoded(data)
        finally:
            with lock:
                inside -= 1

    monkeypatch.setattr(photos, "_decoded", watched)
    good, bad = saved(quarters(), "JPEG"), saved(quarters(), "JPEG")[:300]
    refused = []

    def visit(data: bytes) -> None:
        try:
            read(data)
        except PhotoError as error:
            refused.append(error)

    threads = [threading.Thread(target=visit, args=(data,)) for data in (good, bad) * 6]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2
    assert len(refused) == 6  # a refusal gives its place back as well


CROWD = """
import io, pathlib, threading
from PIL import Image
from explainer.vision import avif, photos

def saved(format):
    file = io.BytesIO()
    Image.new("RGB", (8000, 8000), "green").save(file, format)
    return file.getvalue()

files = [saved("JPEG"), saved("PNG")] * 10
threads = [threading.Thread(target=photos.read, args=(data,)) for data in files]
for thread in threads: thread.start()
for thread in threads: thread.join()
status = pathlib.Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


# Not getrusage: its peak begins with that of the process that started this one. And with one arena: of several, glibc
# keeps in each what a thread has freed, up to 600 MB, by which threads happen to meet.
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.slow
def test_twenty_photos_of_64_megapixels_at_once_take_less_than_800_megabytes() -> None:
    one_arena = os.environ | {"MALLOC_ARENA_MAX": "1"}
    done = subprocess.run([sys.executable, "-c", CROWD], capture_output=True, text=True, check=True, env=one_arena)
    assert int(done.stdout) < 800  # megabytes
    assert not done.stderr


NOISE = """
import random, sys
from explainer.vision.photos import PhotoError, read

chance = random.Random(0)
for line in sys.stdin:
    good = bytes.fromhex(line)
    for _ in range(150):
        data = bytearray(good)
        for _ in range(2):
            data[chance.randrange(min(len(data), chance.choice([150, 10_000])))] = chance.randrange(256)
        try:
            read(bytes(data))
        except PhotoError:
            pass
"""


@pytest.mark.slow
def test_damaged_files_leave_nothing_on_the_terminal() -> None:
    many = bytearray(tiff(1, 1, 8, 1, b"\0"))
    at = many.index(struct.pack("<HH", 277, 4)) + 8
    many[at : at + 4] = struct.pack("<I", 40_000)  # samples a pixel: Pillow logs an error
    lines = "\n".join(data.hex() for data in [*GOOD.values(), bytes(many)])
    done = subprocess.run([sys.executable, "-c", NOISE], input=lines, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# Real photos


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real photos are not there: {REAL.name}")
def test_real_photos_are_read() -> None:
    paths = sorted(REAL.rglob("*.jpg"))
    assert paths
    for path in paths:
        photo = read_file(path)
        assert sound(photo)
        with Image.open(path) as image:
            assert photo.size in (image.size, image.size[::-1])


def test_heif_files_can_be_made_for_these_tests() -> None:
    assert pillow_heif.libheif_info()["HEIF"]
