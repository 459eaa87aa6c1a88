"""The theme's colours: each text can be read on each ground that it stands on."""

import tomllib

import pytest
from handmade import ROOT

from explainer.charts import style
from explainer.ui import options

THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
STATUSES = ("green", "blue", "orange", "red", "yellow")
WHITE = "#ffffff"  # the texts of Streamlit's primary buttons
ENOUGH = 4.5  # to 1: WCAG 2.2, 1.4.3


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(share * weight for share, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def mixed(colour: str, ground: str, share: float) -> str:
    """The ground under a colour of which so much is seen."""
    over, under = ([int(each[place : place + 2], 16) for place in (1, 3, 5)] for each in (colour, ground))
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in zip(over, under, strict=True))


def test_contrasts_are_those_of_the_definition() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the well-known grey that just fails


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read_on_every_ground(scheme: str) -> None:
    theme = THEME[scheme]
    page = theme["backgroundColor"], theme["secondaryBackgroundColor"]
    pairs = [(theme[text], ground) for text in ("textColor", "linkColor") for ground in page]
    pairs += [(theme["primaryColor"], page[0]), (WHITE, theme["primaryColor"])]
    # Names of options: of a chosen one on a tenth of the primary colour, of one that is hovered over on a fifth.
    pairs += [(theme["grayTextColor"], mixed(theme["primaryColor"], page[0], share)) for share in (0, 0.1, 0.2)]
    for status in STATUSES:
        pairs += [(theme[f"{status}TextColor"], ground) for ground in (*page, theme[f"{status}BackgroundColor"])]
        pairs.append((theme["textColor"], theme[f"{status}BackgroundColor"]))
    assert [pair for pair in pairs if contrast(*pair) < ENOUGH] == []


def test_names_of_options_have_the_colour_of_texts() -> None:
    assert options.readable("Fall 2011") == ":gray[Fall 2011]"
    for scheme in ("light", "dark"):
        assert THEME[scheme]["grayTextColor"] == THEME[scheme]["textColor"]


def test_names_on_the_colours_of_a_chart_can_be_read() -> None:
    colours = {style.BARS, style.NEUTRAL, *style.STATUS.values(), *style.SAFETY.values()}
    assert all(contrast(style.INK, colour) >= ENOUGH for colour in colours)
