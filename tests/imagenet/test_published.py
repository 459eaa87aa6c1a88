"""What was published: figures that can be counted again, a time line, and who says what."""

import csv
import re
from statistics import median

import pytest

from explainer.imagenet import published, taxonomy
from explainer.imagenet.published import Figure
from explainer.imagenet.taxonomy import PERSON


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """ImageNet's table as it lies in the package, read without the code under test."""
    with (taxonomy.DATA / "imagenet_synsets.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("said", "counted", "agrees"),
    [
        ("2,832", "2,832", True),
        ("438", "437", False),
        ("2.36", "2.3636", True),
        ("2.36", "2.3666", False),
        ("8.3%", "8.29%", True),
        ("", "133,697", None),
        ("50", "", None),
        ("about 50,000", "50,000", None),
    ],
)
def test_a_count_agrees_where_it_rounds_to_what_was_published(said: str, counted: str, agrees: bool | None) -> None:
    assert Figure("a figure", said, counted, "a source").agrees is agrees


def test_every_counted_figure_can_be_counted_again(rows: list[dict[str, str]]) -> None:
    people = [row for row in rows if row["safety"]]
    rated = [float(row["imageability"]) for row in people if row["imageability"]]
    safe = [row for row in people if row["safety"] == "safe"]
    unsafe = [row for row in people if row["safety"] != "safe"]
    hidden = [row for row in safe if float(row["imageability"]) < 4]
    kept = [row for row in safe if float(row["imageability"]) >= 4]
    root = [row for row in rows if row["wnid"] == PERSON]
    winter = [row for row in rows if row["in_winter21"] == "1"]
    lines = (taxonomy.DATA / "yolo9000.txt").read_text().split()
    yolo = [row for row in people if row["wnid"] in set(lines)]

    def images(some: list[dict[str, str]]) -> int:
        return sum(int(row["images"]) for row in some)

    def of(some: list[dict[str, str]], safety: str) -> int:
        return sum(row["safety"] == safety for row in some)

    def gone(some: list[dict[str, str]]) -> int:
        return sum(row["in_winter21"] == "0" for row in some)

    counted = {
        "images in ImageNet, Fall 2011": f"{images(rows):,}",
        "categories (synsets) in ImageNet, Fall 2011": f"{len(rows):,}",
        "person categories, without the root": f"{len(people):,}",
        "person categories, with the root": f"{len(people + root):,}",
        "unsafe categories, offensive and sensitive together": f"{len(unsafe):,}",
        "offensive categories ('unsafe regardless of context')": f"{of(people, 'offensive'):,}",
        "sensitive categories ('depending on context')": f"{of(people, 'sensitive'):,}",
        "images in the unsafe categories": f"{images(unsafe):,}",
        "safe categories": f"{len(safe):,}",
        "safe categories judged not imageable (score below 4)": f"{len(hidden):,}",
        "images in those not imageable": f"{images(hidden):,}",
        "safe and imageable categories, kept": f"{len(kept):,}",
        "images in the kept categories": f"{images(kept):,}",
        "median imageability of the rated categories": f"{median(rated):.4f}",
        "categories with imageability above 4": f"{sum(rating > 4 for rating in rated):,}",
        "person categories gone from the Winter 2021 release": f"{gone(people):,}",
        "categories in the Winter 2021 release": f"{len(winter):,}",
        "images in the Winter 2021 release": f"{images(winter):,}",
        "share of all images under person": f"{images(people) / images(rows):.2%}",
        "categories YOLO9000 names": f"{len(lines):,}",
        "of these, person categories": f"{len(yolo):,}",
        "of these, gone from the Winter 2021 release": f"{gone(yolo):,}",
        "of these, offensive": f"{of(yolo, 'offensive'):,}",
    }
    assert {each.figure: each.counted for each in published.rows() if each.counted} == counted


def test_six_published_figures_are_not_what_the_tables_hold() -> None:
    disagree = {each.published: each.counted for each in published.rows() if each.agrees is False}
    assert disagree == {
        "14,197,122": "14,197,114",
        "438": "437",
        "1,155": "1,156",
        "600,040": "600,041",
        "2,702": "2,674",
        "13,153,500": "13,153,526",
    }


def test_every_published_figure_has_a_source() -> None:
    assert all(each.source and (each.published or each.counted) for each in published.rows())


# What happened, and who says what


def test_the_time_line_goes_from_wordnet_to_winter_2021() -> None:
    years = [int(re.search(r"\d{4}", event.date).group()) for event in published.TIMELINE]
    assert years == sorted(years)
    assert (years[0], years[-1]) == (1985, 2021)
    assert all(event.what.endswith(".") and event.source for event in published.TIMELINE)


def test_the_time_line_gives_no_figure_that_was_not_published_or_that_the_tables_dispute() -> None:
    figures = [each for each in published.rows() if each.agrees is not False]
    told = {number for event in published.TIMELINE for number in re.findall(r"\d+(?:,\d{3})+|\b\d{3}\b", event.what)}
    assert told == {"50,000", "1,593", "1,081", "158"}
    assert all(any(number in each.published for each in figures) for number in told)


def test_both_sides_are_heard() -> None:
    assert [bool(voice.says and voice.source) for voice in published.VOICES] == [True, True]
    assert any("ImageNet" in voice.who for voice in published.VOICES)
    assert any("Crawford" in voice.who for voice in published.VOICES)
