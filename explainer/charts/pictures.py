"""Pictures: photos with boxes and labels, and overlays of attributions."""

import io
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from explainer.attribution.explain import Attribution
from explainer.imagenet.masked_words import Caption
from explainer.vision import faces
from explainer.vision.faces import Box
from explainer.vision.photos import Photo

GREEN = "#00ff41"
"""The accent: the thin green of ImageNet Roulette's box."""

MOST_WORDS = 4
"""Up to how many faces in a picture have their words written beside them."""

OVERLAY_SIDE = 448
"""Side of an overlay in pixels: twice what the network sees, so that its pixels can be made out."""


# Left, top, right, bottom in pixels of the picture.
_Area = tuple[float, float, float, float]


def labelled(
    photo: Photo, boxes: Sequence[Box], captions: Sequence[Caption], fit: tuple[int, int] | None = None
) -> Image.Image:
    """The photo with a thin green box round each face and its label at the box's top left corner.

    `captions` go with the largest of the boxes, in their order; the others stay without. Where there are no boxes, the
    frame is round the square in the middle that the network saw, with the one caption. Of more than MOST_WORDS faces
    only the numbers are written, as `numbered` has them: words would cover the next face. `fit` is the width and height
    in pixels to scale the picture to.
    """
    picture = ImageOps.contain(photo.image, fit) if fit else photo.image.copy()
    draw = ImageDraw.Draw(picture)
    line = max(2, round(max(picture.size) / 400))
    font = ImageFont.load_default(size=max(14, round(max(picture.size) / 28)))
    across, down = picture.width / photo.size[0], picture.height / photo.size[1]
    framed = boxes or [faces.seen(photo.size, None)]
    corners = [(box.left * across, box.top * down, box.right * across, box.bottom * down) for box in framed]
    for corner in corners:
        draw.rectangle(corner, outline=GREEN, width=line)
    taken: list[_Area] = []
    for number, (corner, caption) in enumerate(zip(corners, captions, strict=False), start=1):
        text = caption.name if len(corners) == 1 else f"{number}  {caption.name}"
        text = str(number) if len(captions) > MOST_WORDS else text
        taken.append(_tag(draw, picture.size, corner[:2], text, font, taken))
    return picture


def _tag(
    draw: ImageDraw.ImageDraw,
    size: tuple[int, int],
    corner: tuple[float, float],
    text: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    taken: Sequence[_Area],
) -> _Area:
    """Text on a dark ground above a box's top left corner, or below it where there is no room; gives back where.

    It moves down until it covers no other, and stays inside a picture of that size.
    """
    margin = 4
    while draw.textlength(text, font=font) > size[0] - 2 * margin and len(text) > 2:
        text = text[:-2] + "…"
    _, _, right, bottom = draw.textbbox((0, 0), text, font=font)
    width, height = right + 2 * margin, bottom + 2 * margin
    x = max(0.0, min(corner[0], size[0] - width))
    y = corner[1] - height if corner[1] >= height else corner[1]
    while (
        any(
            x < right_ and x + width > left and y < bottom_ and y + height > top for left, top, right_, bottom_ in taken
        )
        and y + height < size[1]
    ):
        y += 1
    draw.rectangle((x, y, x + width, y + height), fill="#101010")
    draw.text((x + margin, y + margin), text, fill=GREEN, font=font)
    return x, y, x + width, y + height


def numbered(captions: Sequence[Caption]) -> str:
    """The labels of several faces as a line, numbered as in the picture."""
    return " · ".join(f"{number} {caption.name}" for number, caption in enumerate(captions, start=1))


def with_footer(picture: Image.Image, text: str) -> Image.Image:
    """The picture with lines of small print below it, wrapped to its width."""
    font = ImageFont.load_default(size=max(11, round(max(picture.size) / 80)))
    draw = ImageDraw.Draw(picture)
    margin = 8
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and draw.textlength(longer, font=font) > picture.width - 2 * margin:
            lines.append(word)
        else:
            lines[-1] = longer
    wrapped = "\n".join(lines)
    height = round(draw.multiline_textbbox((0, 0), wrapped, font=font)[3]) + 2 * margin
    sheet = Image.new("RGB", (picture.width, picture.height + height), "#101010")
    sheet.paste(picture, (0, 0))
    ImageDraw.Draw(sheet).multiline_text((margin, picture.height + margin), wrapped, fill="#f2f2ee", font=font)
    return sheet


def shares(sizes: Sequence[int], colours: Sequence[str], width: int = 1200, height: int = 14) -> Image.Image:
    """A thin bar in parts of these sizes, RGBA: the first is full, each further one hatched in another direction."""
    bar = Image.new("RGBA", (width, height))
    draw, left = ImageDraw.Draw(bar), 0.0
    for number, (size, colour) in enumerate(zip(sizes, colours, strict=True)):
        right = left + width * size / sum(sizes)
        if not number:
            draw.rectangle((left, 0, right - 3, height), fill=colour)
        else:
            part = Image.new("RGBA", (max(1, round(right - left) - 3), height))
            lean = height if number % 2 else -height
            for at in range(-height, part.width + height, 10):
                ImageDraw.Draw(part).line((at, height, at + lean, 0), fill=colour, width=4)
            bar.paste(part, (round(left), 0))
        left = right
    return bar


def to_jpeg(picture: Image.Image) -> bytes:
    """The picture as a JPEG file for a page: a fifth of the size that it has at the highest quality."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return file.getvalue()


def to_png(picture: Image.Image) -> bytes:
    """The picture as a PNG file, with nothing in it but its pixels."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


SIGNS = {"for": "what spoke for it", "absolute": "for or against", "signed": "for in orange, against in blue"}
"""Which values of a map an overlay shows, and how that is said."""

COLOURS = {"inferno": cv2.COLORMAP_INFERNO, "cividis": cv2.COLORMAP_CIVIDIS, "bone": cv2.COLORMAP_BONE}
"""The colour maps, of which the brighter part is used: it lies above the dimmed crop. So more is brighter, and a map
reads the same in grey and for colour-blind people."""

_DIMMED = 0.45  # what is left of the crop's brightness
_FOR, _AGAINST = np.array((0xE6, 0x9F, 0x00), np.float32), np.array((0x56, 0xB4, 0xE9), np.float32)  # Okabe & Ito 2008


def scale(sign: str = "for", colours: str = "inferno") -> Image.Image:
    """The colours of an overlay as a bar, RGB, OVERLAY_SIDE pixels wide: from nothing to the strongest.

    With both signs in two colours it goes from the strongest against, by nothing, to the strongest for.
    """
    values = np.linspace(-1 if sign == "signed" else 0, 1, OVERLAY_SIDE)[None].astype(np.float32)
    strength = np.abs(values)
    bar = np.repeat(_heat(values, strength, sign, colours) * strength[:, :, None], 16, axis=0)
    return Image.fromarray(bar.round().astype(np.uint8))


def _heat(values: NDArray[np.float32], strength: NDArray[np.float32], sign: str, colours: str) -> NDArray[np.float32]:
    """The colour, RGB, of each value by its sign or its strength, 0 to 1."""
    if sign == "signed":
        return np.where(values[:, :, None] > 0, _FOR, _AGAINST)
    every = cv2.applyColorMap(np.arange(256, dtype=np.uint8), COLOURS[colours])[:, 0, ::-1]
    brightness = cv2.cvtColor(every[None], cv2.COLOR_RGB2GRAY)[0]
    brighter = every[int(np.argmax(brightness >= 255 * _DIMMED)) :].astype(np.float32)
    places = (strength * (len(brighter) - 1)).astype(int)
    found: NDArray[np.float32] = brighter[places]
    return found


def dimmed(crop: Image.Image) -> Image.Image:
    """The ground of an overlay: the crop in grey and dark, OVERLAY_SIDE x OVERLAY_SIDE pixels, RGB."""
    grey = crop.resize((OVERLAY_SIDE, OVERLAY_SIDE), Image.Resampling.BICUBIC).convert("L")
    return grey.point(lambda value: value * _DIMMED).convert("RGB")


def overlay(
    crop: Image.Image,
    attribution: Attribution,
    opacity: float = 0.7,
    sign: str = "for",
    percentile: float = 99,
    colours: str = "inferno",
) -> Image.Image:
    """The crop in grey and dark, with the values of a map laid over it, RGB, OVERLAY_SIDE x OVERLAY_SIDE pixels.

    Wherever it lies, a stronger value is the brighter one.

    `sign` is one of SIGNS: the positive values, all of them by their size, or both signs in two colours, for which
    `colours`, one of COLOURS, does not count. Values above the `percentile`, 50 to 100, share the brightest colour;
    `opacity`, 0 to 1, is how dense that is. Of a map in which nothing speaks for the label what speaks against it is
    laid over; of one that shows rounding errors, nothing is.
    """
    if attribution.finding == "nothing":
        return dimmed(crop)
    sign = "signed" if sign == "for" and attribution.finding == "against" else sign
    side = (OVERLAY_SIDE, OVERLAY_SIDE)
    values = np.maximum(attribution.values, 0) if sign == "for" else attribution.values
    scaled = cv2.resize(values, side, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    strength = np.abs(scaled)
    brightest = float(np.percentile(strength, percentile)) or float(strength.max())
    strength = np.clip(strength / brightest, 0, 1) if brightest > 0 else strength
    density = (strength * opacity).astype(np.float32)[:, :, None]
    base = np.asarray(dimmed(crop), dtype=np.float32)
    heat = _heat(scaled, strength, sign, colours)
    blended: NDArray[np.float32] = base * (1 - density) + heat * density
    return Image.fromarray(blended.round().astype(np.uint8))
