"""Small drawings of things and figures: icons of Material Design, whose colour, size, place and tilt vary by chance."""

import io
import random
from functools import cache
from importlib import resources

from fonticon_mdi7 import MDI7
from PIL import Image, ImageDraw, ImageFont

DRAWINGS = {
    "Cup": MDI7.coffee,
    "Empty cup": MDI7.coffee_outline,
    "Cup of tea": MDI7.tea,
    "Cup with a tea bag": MDI7.tea_outline,
    "Paper cup": MDI7.cup,
    "Mug": MDI7.glass_mug,
    "Glass": MDI7.glass_pint_outline,
    "Trophy": MDI7.trophy,
    "Bowl": MDI7.bowl,
    "Coffee machine": MDI7.coffee_maker,
    "House": MDI7.home,
    "Key": MDI7.key_variant,
    "Umbrella": MDI7.umbrella,
    "Fish": MDI7.fish,
    "Book": MDI7.book_open_variant,
    "Hat": MDI7.hat_fedora,
    "Boat": MDI7.sail_boat,
    "Lamp": MDI7.lamp,
    "Flower": MDI7.flower,
    "Flag": MDI7.flag_variant,
    "Case": MDI7.briefcase,
    "Car": MDI7.car,
    "Table": MDI7.table_furniture,
    "Letter": MDI7.email,
    "Somebody": MDI7.account,
    "Somebody in a tie": MDI7.account_tie,
    "Somebody in a hat": MDI7.account_cowboy_hat,
    "Somebody in a helmet": MDI7.account_hard_hat,
    "Hat and glasses": MDI7.incognito,
    "Somebody standing": MDI7.human_male,
    "Somebody waving": MDI7.human_greeting,
    "Somebody at a board": MDI7.human_male_board,
    "Somebody speaking": MDI7.account_voice,
    "Two people": MDI7.human_male_female,
    "People in a queue": MDI7.human_queue,
}
"""The icons by title."""

_INKS = ("#c2563a", "#3f7cac", "#5a9367", "#a8741a", "#7d5a8c", "#6f6f68", "#b0708a", "#4b8f8c", "#8d5a3b")
_GROUNDS = ("#f4efe4", "#e8eef2", "#eef2e6", "#f2e9ea", "#e4e4de", "#fbfaf6")
_FINE = 4  # times larger while it is drawn, so that edges come out smooth


@cache
def _font() -> bytes:
    return (resources.files("fonticon_mdi7") / "fonts" / "materialdesignicons-webfont.ttf").read_bytes()


def draw(title: str, side: int, chance: random.Random) -> Image.Image:
    """A drawing of DRAWINGS, `side` pixels square, RGB. KeyError for an unknown title."""
    icon = DRAWINGS[title].partition(".")[2]
    ink, ground = chance.choice(_INKS), chance.choice(_GROUNDS)
    large, scale = side * _FINE, chance.uniform(0.6, 0.85)
    x, y = (large * (0.5 + chance.uniform(-0.3, 0.3) * (1 - scale)) for _ in range(2))
    image = Image.new("RGB", (large, large), ground)
    font = ImageFont.truetype(io.BytesIO(_font()), round(large * scale))
    ImageDraw.Draw(image).text((x, y), icon, ink, font, anchor="mm")
    tilted = image.rotate(chance.uniform(-14, 14), Image.Resampling.BICUBIC, fillcolor=ground)
    if chance.random() < 0.5:
        tilted = tilted.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return tilted.resize((side, side), Image.Resampling.LANCZOS)
