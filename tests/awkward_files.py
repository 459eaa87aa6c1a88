"""Files as phones and cameras make them, and as they come damaged, each with what a visitor gets from it."""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import pillow_heif
import profiles
import skimage
from PIL import Image

FACE, NOBODY = "1 face was found", "No face was found"
FOREIGN, DAMAGED, EMPTY = (
    "This is no photo that can be read here",
    "The file is cut short or damaged",
    "The file is empty",
)
RAW = "This is a camera's raw file"


@dataclass(frozen=True)
class Awkward:
    """A file: its name as the device gives it, what makes its bytes, and how the sentence begins that it brings."""

    name: str
    make: Callable[[], bytes]
    told: str = FACE


@cache
def astronaut() -> Image.Image:
    """A portrait, 400 x 400 pixels; not the whole of the sample picture, so that labels are not at hand."""
    return Image.fromarray(skimage.data.astronaut()[:400, :400])


def _saved(format: str, picture: Image.Image | None = None, **options: object) -> bytes:
    file = io.BytesIO()
    (picture or astronaut()).save(file, format, **options)
    return file.getvalue()


def _turned() -> bytes:
    """Held upright: the sensor's rows are the picture's columns, and EXIF says so, and where it was."""
    block = Image.Exif()
    block[274] = 6
    block.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 0.0), 3: "E", 4: (13.0, 22.0, 0.0)})
    return _saved("JPEG", astronaut().transpose(Image.Transpose.ROTATE_90), exif=block)


def _ten_bits() -> bytes:
    rows = np.asarray(astronaut()).astype("<u2") * 257
    file = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", astronaut().size, rows.tobytes()).save(file)
    return file.getvalue()


def _sixteen_bits() -> bytes:
    levels = np.asarray(astronaut())[:, :, ::-1].astype(np.uint16) * 257
    return bytes(cv2.imencode(".png", levels)[1])


def _with_gain_map() -> bytes:
    """A JPEG, and in the same file a small one of how much brighter each part may be shown."""
    notes = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"/>'
    )
    return _saved("MPO", save_all=True, append_images=[astronaut().convert("L").resize((100, 100))], xmp=notes)


def _moving() -> bytes:
    """A JPEG, and behind its end a film of a second."""
    return _saved("JPEG") + _film()


def _film() -> bytes:
    return (
        struct.pack(">I4s4sI8s", 24, b"ftyp", b"mp42", 0, b"mp42isom")
        + struct.pack(">I4s", 5008, b"mdat")
        + bytes(5000)
    )


def _raw() -> bytes:
    """What a sensor measured behind its filter of colours, as a DNG of one strip."""
    levels = np.asarray(astronaut().convert("L")).astype("<u2") * 16
    rows, columns = levels.shape
    tags = {256: columns, 257: rows, 258: 16, 259: 1, 262: 32803, 273: 0, 277: 1, 278: rows, 279: levels.nbytes}
    tags[50706] = 0x0401  # DNGVersion
    tags[273] = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + levels.tobytes()


FILES = (
    Awkward("IMG_0001.HEIC", lambda: _saved("HEIF")),
    Awkward("half.jpg", lambda: (whole := _saved("JPEG"))[: len(whole) // 2], DAMAGED),
    Awkward("IMG_0002.jpg", lambda: _saved("HEIF", quality=80)),
    Awkward("ten bits.heic", _ten_bits),
    Awkward("empty.jpg", bytes, EMPTY),
    Awkward("turned.jpg", _turned),
    Awkward("ultra HDR.jpg", _with_gain_map),
    Awkward("moving.MP.jpg", _moving),
    Awkward("film.jpg", _film, FOREIGN),
    Awkward("four inks.jpg", lambda: _saved("JPEG", profiles.in_inks(astronaut()), icc_profile=profiles.inks())),
    Awkward("16 bits.png", _sixteen_bits),
    Awkward("raw.jpg", _raw, RAW),
    Awkward("animation.gif", lambda: _saved("GIF", save_all=True, append_images=[Image.new("RGB", (400, 400))])),
    Awkward("animation.webp", lambda: _saved("WEBP", save_all=True, append_images=[Image.new("RGB", (400, 400))])),
    Awkward("animation.png", lambda: _saved("PNG", save_all=True, append_images=[Image.new("RGB", (400, 400))])),
    Awkward("letter.jpg", lambda: b"%PDF-1.7\n" + bytes(2000), FOREIGN),
    Awkward("no PNG.png", lambda: _saved("JPEG", quality=91)),
    Awkward("no picture.txt", lambda: _saved("JPEG", quality=92)),
    Awkward("IMG_0003", lambda: _saved("JPEG", quality=93)),
    Awkward("no end mark.jpeg", lambda: _saved("JPEG")[:-2]),
)
"""Those that are refused stand between others, so that each brings a sentence that was not there before."""
