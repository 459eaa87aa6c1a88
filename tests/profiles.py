"""Colour profiles made by hand (ICC.1:2022, sections 8.3, 8.5 and 10), and pictures in their colours."""

import io
import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

D50 = (0.9642, 1.0, 0.82491)
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)

# Primaries as seen under D50, as the published profiles have them, and the curve.
SPACES = {
    "Display P3": (
        ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)),
        SRGB_CURVE,
    ),
    "Adobe RGB (1998)": (
        ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
        (2.19921875,),
    ),
    "ProPhoto RGB": (((0.7977, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491)), (1.8,)),
}


def fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def profile(name: str) -> bytes:
    """The bytes of a profile of that name: three primaries and a curve."""
    primaries, curve = SPACES[name]
    kind = {1: 0, 5: 3}[len(curve)]
    tags = {}
    for letter, primary in zip(b"rgb", primaries, strict=True):
        tags[bytes([letter]) + b"XYZ"] = b"XYZ " + bytes(4) + fixed(*primary)
        tags[bytes([letter]) + b"TRC"] = b"para" + bytes(4) + struct.pack(">HH", kind, 0) + fixed(*curve)
    return _profile(name, b"mntr", b"RGB ", tags)


def grey(gamma: float) -> bytes:
    """The bytes of a profile of grey whose light is its level to that power."""
    curve = b"para" + bytes(4) + struct.pack(">HH", 0, 0) + fixed(gamma)
    return _profile("Grey", b"mntr", b"GRAY", {b"kTRC": curve})


_GAMMA = 2.2
_POINTS = 17  # of the table, for each ink


def inks() -> bytes:
    """The bytes of a profile of four inks on white paper, as a table (lut16Type).

    Cyan, magenta and yellow each take one of ProPhoto's primaries from the light, and black takes all three.
    """
    primaries = np.array(SPACES["ProPhoto RGB"][0])
    left = 1 - np.linspace(0, 1, _POINTS)  # of the light
    cyan, magenta, yellow, black = np.meshgrid(left, left, left, left, indexing="ij")
    light = np.stack([cyan, magenta, yellow], axis=-1) * black[..., None]
    amounts = np.linspace(0, 1, 256)
    table = b"mft2" + bytes(4) + bytes([4, 3, _POINTS, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table += struct.pack(">HH", len(amounts), 2)
    table += 4 * _shorts(65535 * (1 - (1 - amounts) ** _GAMMA)) + _shorts(32768 * (light @ primaries))
    table += 3 * struct.pack(">HH", 0, 65535)
    return _profile("Four inks", b"prtr", b"CMYK", {b"A2B0": table})


def in_space(picture: Image.Image, name: str) -> Image.Image:
    """A picture in sRGB, in the colours of a space, as Little CMS converts it."""
    space = ImageCms.ImageCmsProfile(io.BytesIO(profile(name)))
    converted = ImageCms.profileToProfile(picture, ImageCms.createProfile("sRGB"), space)
    assert converted is not None
    return converted


def in_inks(picture: Image.Image) -> Image.Image:
    """A picture in sRGB, in the four inks, of which black takes half of what the three would take together."""
    light = (np.asarray(in_space(picture, "ProPhoto RGB")) / 255) ** 1.8
    black = 1 - (1 - light.max(axis=2, keepdims=True)) / 2
    left = np.concatenate([light / black, black], axis=2)
    return Image.fromarray((255 * (1 - left ** (1 / _GAMMA))).round().astype(np.uint8), "CMYK")


def _shorts(values: NDArray[np.floating]) -> bytes:
    return values.round().clip(0, 65535).astype(">u2").tobytes()


def _profile(name: str, kind: bytes, space: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    text = name.encode("utf-16-be")
    tags = {
        b"desc": b"mluc" + bytes(4) + struct.pack(">II", 1, 12) + b"enUS" + struct.pack(">II", len(text), 28) + text,
        b"wtpt": b"XYZ " + bytes(4) + fixed(*D50),
        **tags,
    }
    table, body, place = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += tag + struct.pack(">II", place + len(body), len(content))
        body += padded
    size = place + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"none", 0x04300000, kind, space, b"XYZ ") + bytes(12) + b"acsp"
    header += bytes(128 - len(header) - 60) + fixed(*D50) + bytes(48)
    return header + struct.pack(">I", len(tags)) + table + body
