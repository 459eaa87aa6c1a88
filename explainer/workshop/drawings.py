"""Small flat drawings of things and figures, as tables of shapes; colour, size, place and tilt vary by chance."""

import random
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageDraw

Paint = Literal["body", "second", "ground", "ink", "skin", "none"]


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape on a field of 100 x 100, painted over those before it. `xy` is a box, or points one after another.

    `arc` is the part of an ellipse that is drawn, in degrees from three o'clock on, clockwise; None for all of it.
    """

    kind: Literal["ellipse", "box", "polygon", "line"]
    xy: tuple[float, ...]
    paint: Paint = "body"
    arc: tuple[float, float] | None = None
    width: float = 2.5


def _ellipse(*xy: float, paint: Paint = "body", arc: tuple[float, float] | None = None) -> Shape:
    return Shape("ellipse", xy, paint, arc)


def _box(*xy: float, paint: Paint = "body") -> Shape:
    return Shape("box", xy, paint)


def _polygon(*xy: float, paint: Paint = "body") -> Shape:
    return Shape("polygon", xy, paint)


def _line(*xy: float, width: float = 2.5) -> Shape:
    return Shape("line", xy, "ink", width=width)


def _ring(left: float, top: float, right: float, bottom: float, thick: float) -> tuple[Shape, Shape]:
    """A handle: what is drawn later covers the half that it hides."""
    inner = (left + thick, top + thick, right - thick, bottom - thick)
    return Shape("ellipse", (left, top, right, bottom)), Shape("ellipse", inner, "ground")


_HEAD = (_ellipse(38, 12, 62, 38, paint="skin"),)
_SHOULDERS = (_polygon(18, 96, 22, 58, 40, 46, 60, 46, 78, 58, 82, 96),)
_STANDING = (
    _polygon(40, 60, 60, 60, 60, 96, 52, 96, 50, 70, 48, 96, 40, 96, paint="second"),
    _polygon(36, 34, 64, 34, 70, 62, 62, 62, 60, 48, 60, 64, 40, 64, 40, 48, 38, 62, 30, 62),
    _ellipse(42, 12, 58, 30, paint="skin"),
)
_TIE = (
    _polygon(44, 46, 56, 46, 50, 60, paint="ground"),
    _polygon(48, 50, 52, 50, 54, 72, 50, 78, 46, 72, paint="second"),
)
_CUP = (*_ring(62, 38, 90, 66, 6), _polygon(20, 30, 74, 30, 66, 80, 28, 80), _ellipse(20, 24, 74, 36, paint="second"))

DRAWINGS: dict[str, tuple[Shape, ...]] = {
    "Cup": _CUP,
    "Cup and saucer": (_ellipse(6, 72, 88, 92, paint="second"), *_CUP),
    "Round cup": (
        *_ring(68, 40, 94, 62, 6),
        _ellipse(16, 2, 80, 82, arc=(0, 180)),
        _ellipse(16, 36, 80, 48, paint="second"),
        _box(36, 80, 60, 86),
    ),
    "Striped cup": (*_CUP[:3], _polygon(23, 44, 72, 44, 69, 60, 25, 60, paint="second"), _CUP[3]),
    "Paper cup": (
        _polygon(28, 24, 72, 24, 64, 92, 36, 92),
        _box(24, 16, 76, 25, paint="second"),
        _polygon(30, 44, 70, 44, 67, 70, 33, 70, paint="second"),
    ),
    "Mug": (
        *_ring(58, 34, 92, 76, 8),
        _box(22, 22, 72, 88),
        _ellipse(22, 17, 72, 29, paint="second"),
    ),
    "Glass": (_polygon(30, 12, 70, 12, 64, 90, 36, 90, paint="ground"), _polygon(32, 40, 68, 40, 64, 90, 36, 90)),
    "Trophy": (
        *_ring(8, 14, 40, 46, 5),
        *_ring(60, 14, 92, 46, 5),
        _polygon(26, 12, 74, 12, 66, 46, 54, 58, 54, 74, 46, 74, 46, 58, 34, 46),
        _box(32, 74, 68, 90, paint="second"),
    ),
    "Egg cup": (
        _ellipse(32, 8, 68, 60, paint="skin"),
        _ellipse(26, 8, 74, 62, arc=(0, 180)),
        _polygon(46, 62, 54, 62, 64, 90, 36, 90),
    ),
    "Cup from above": (
        _ellipse(4, 10, 82, 88, paint="second"),
        _box(70, 44, 94, 54),
        _ellipse(16, 22, 70, 76),
        _ellipse(22, 28, 64, 70, paint="ink"),
    ),
    "House": (
        _box(20, 46, 80, 90),
        _polygon(10, 48, 50, 12, 90, 48, paint="second"),
        _box(42, 62, 58, 90, paint="ink"),
    ),
    "Key": (
        *_ring(8, 30, 46, 68, 9),
        _polygon(44, 45, 92, 45, 92, 64, 84, 64, 84, 54, 76, 54, 76, 62, 70, 62, 70, 54, 44, 54),
    ),
    "Umbrella": (
        _line(50, 14, 50, 84, 44, 90, 38, 84, width=4),
        _ellipse(10, 14, 90, 94, arc=(180, 360)),
        _polygon(37, 54, 50, 16, 63, 54, paint="second"),
    ),
    "Fish": (
        _polygon(66, 50, 94, 28, 94, 72, paint="second"),
        _ellipse(8, 28, 76, 72),
        _ellipse(20, 42, 28, 50, paint="ink"),
        _line(40, 34, 46, 50, 40, 66),
    ),
    "Book": (_polygon(6, 26, 50, 34, 94, 26, 94, 78, 50, 86, 6, 78), _line(50, 34, 50, 86), _line(16, 42, 40, 46)),
    "Hat": (
        _ellipse(4, 62, 96, 84),
        _polygon(28, 70, 32, 24, 68, 24, 72, 70),
        _polygon(28, 68, 29, 56, 71, 56, 72, 68, paint="second"),
    ),
    "Boat": (
        _polygon(8, 66, 92, 66, 78, 88, 22, 88),
        _line(50, 10, 50, 66, width=4),
        _polygon(54, 12, 86, 58, 54, 58, paint="second"),
    ),
    "Lamp": (
        _box(47, 44, 53, 88, paint="second"),
        _polygon(34, 10, 66, 10, 82, 48, 18, 48),
        _ellipse(28, 84, 72, 94, paint="second"),
    ),
    "Flower": (
        _line(50, 48, 50, 96, width=4),
        *(_ellipse(x - 13, y - 13, x + 13, y + 13) for x, y in ((50, 18), (68, 32), (61, 52), (39, 52), (32, 32))),
        _ellipse(40, 26, 60, 46, paint="second"),
    ),
    "Flag": (
        _line(20, 6, 20, 96, width=4),
        _polygon(22, 10, 88, 16, 88, 56, 22, 50),
        _polygon(22, 24, 88, 30, 88, 43, 22, 37, paint="second"),
    ),
    "Case": (*_ring(36, 16, 64, 44, 5), _box(10, 32, 90, 84), _box(44, 50, 56, 62, paint="second")),
    "Car": (
        _polygon(22, 52, 34, 30, 68, 30, 82, 52, paint="second"),
        _box(6, 50, 94, 72),
        _ellipse(16, 62, 36, 82, paint="ink"),
        _ellipse(64, 62, 84, 82, paint="ink"),
    ),
    "Table": (_box(6, 40, 94, 50), _box(14, 50, 22, 92, paint="second"), _box(78, 50, 86, 92, paint="second")),
    "Letter": (_box(10, 24, 90, 78), _line(10, 24, 50, 56, 90, 24)),
    "Somebody": (*_SHOULDERS, *_HEAD),
    "Somebody in a tie": (*_SHOULDERS, *_TIE, *_HEAD),
    "Somebody in a hat": (
        *_SHOULDERS,
        *_HEAD,
        _box(40, 4, 60, 18, paint="second"),
        _box(32, 16, 68, 20, paint="second"),
    ),
    "Somebody with glasses": (
        *_SHOULDERS,
        *_HEAD,
        _ellipse(39, 21, 48, 29, paint="ground"),
        _ellipse(52, 21, 61, 29, paint="ground"),
    ),
    "Somebody standing": _STANDING,
    "Somebody with a case": (*_STANDING, _box(64, 60, 86, 76, paint="second")),
    "Somebody with a flag": (*_STANDING, _line(72, 8, 72, 70, width=3), _polygon(73, 10, 96, 14, 96, 30, 73, 28)),
    "Somebody at a desk": (
        *_SHOULDERS,
        *_HEAD,
        _box(2, 72, 98, 96, paint="second"),
        _polygon(56, 66, 80, 66, 84, 72, 52, 72, paint="ground"),
    ),
    "Somebody with a microphone": (
        *_SHOULDERS,
        *_HEAD,
        _line(50, 96, 50, 62, width=4),
        _ellipse(44, 48, 56, 64, paint="ink"),
    ),
    "Two people": tuple(
        Shape(
            shape.kind,
            tuple(x * 0.6 + (across if place % 2 == 0 else 20) for place, x in enumerate(shape.xy)),
            shape.paint,
        )
        for across in (-6, 46)
        for shape in _STANDING
    ),
    "Somebody from behind": (*_SHOULDERS, _ellipse(37, 10, 63, 40, paint="ink")),
}
"""The drawings by title."""

_BODIES = ("#c2563a", "#3f7cac", "#5a9367", "#d9a441", "#7d5a8c", "#8f8f86", "#b0708a", "#4b8f8c")
_GROUNDS = ("#f4efe4", "#e8eef2", "#eef2e6", "#f2e9ea", "#e4e4de", "#fbfaf6")
_SKINS = ("#8d5a3b", "#c68b63", "#e6b894", "#5b3a29", "#d9d3c7", "#a9a9a0")  # greys too: a drawing is nobody
_INK = "#26241f"
_FINE = 4  # times larger while it is drawn, so that edges come out smooth


def draw(title: str, side: int, chance: random.Random) -> Image.Image:
    """A drawing of DRAWINGS, `side` pixels square, RGB. KeyError for an unknown title."""
    body, second = chance.sample(_BODIES, 2)
    colours = {
        "body": body,
        "second": second,
        "ground": chance.choice(_GROUNDS),
        "ink": _INK,
        "skin": chance.choice(_SKINS),
    }
    large = side * _FINE
    scale = chance.uniform(0.62, 0.9) * large / 100
    margin = large - 100 * scale
    across, down = (margin / 2 + chance.uniform(-0.3, 0.3) * margin for _ in range(2))
    image = Image.new("RGB", (large, large), colours["ground"])
    pen = ImageDraw.Draw(image)
    for shape in DRAWINGS[title]:
        xy = [value * scale + (down if place % 2 else across) for place, value in enumerate(shape.xy)]
        paint, width = colours.get(shape.paint), round(shape.width * scale)
        if shape.kind == "line":
            pen.line(xy, fill=paint, width=width, joint="curve")
        elif shape.kind == "polygon":
            pen.polygon(xy, fill=paint, outline=_INK, width=round(2 * scale))
        elif shape.arc is not None:
            pen.chord(xy, *shape.arc, fill=paint, outline=_INK, width=round(2 * scale))
        elif shape.kind == "ellipse":
            pen.ellipse(xy, fill=paint, outline=_INK, width=round(2 * scale))
        else:
            pen.rectangle(xy, fill=paint, outline=_INK, width=round(2 * scale))
    tilted = image.rotate(chance.uniform(-14, 14), Image.Resampling.BICUBIC, fillcolor=colours["ground"])
    if chance.random() < 0.5:
        tilted = tilted.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return tilted.resize((side, side), Image.Resampling.LANCZOS)
