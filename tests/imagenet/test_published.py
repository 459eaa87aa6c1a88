"""What was published: figures that can be counted again, a time line, and who says what."""

import csv
import itertools
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
    assert Figure("a figure", said, counted, ("yang",)).agrees is agrees


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

    largest = sorted((int(row["images"]) for row in people), reverse=True)

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
        "subcategories of “person” (the table has 2,833 only with the root itself)": f"{len(people + root):,}",
        **{
            f"images in the {place}largest person category": f"{count:,}"
            for place, count in zip(("", "second ", "third ", "fourth "), largest, strict=False)
        },
        "unsafe categories, offensive and sensitive together": f"{len(unsafe):,}",
        "offensive categories, “offensive, regardless of context”": f"{of(people, 'offensive'):,}",
        "sensitive categories, offensive in some contexts": f"{of(people, 'sensitive'):,}",
        "images in the unsafe categories": f"{images(unsafe):,}",
        "safe categories": f"{len(safe):,}",
        "safe categories judged hard to picture (imageability below 4)": f"{len(hidden):,}",
        "images in those hard to picture": f"{images(hidden):,}",
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
    assert all(each.published or each.counted for each in published.rows())
    assert [each.figure for each in published.rows() if each.published and not each.sources] == []


# What happened, and who says what


def test_the_time_line_goes_from_wordnet_to_the_ai_act_in_order() -> None:
    years = [int(re.search(r"\d{4}", event.date).group()) for event in published.timeline()]
    assert years[0] == 1985
    assert years[-1] == 2024
    assert all(later >= earlier - 1 for earlier, later in itertools.pairwise(years))
    assert all(event.what.endswith((".", "”.")) and event.sources for event in published.timeline())


def test_people_came_to_imagenet_after_its_first_paper() -> None:
    (first,) = (event for event in published.timeline() if event.sources == ("deng",))
    assert (first.date, "People are not among them yet." in first.what) == ("2009", True)


def test_the_time_line_gives_the_figures_of_the_tables() -> None:
    told = " ".join(event.what for event in published.timeline())
    for figure in ("2,832", "1,593", "1,081", "158 person", "546 person", "about 50,000", "14,197,114"):
        assert figure in told


def test_both_sides_are_heard_and_where_the_bias_came_from_is_asked() -> None:
    makers, critics, bias = published.voices()
    assert "ImageNet" in makers.who
    assert "Crawford" in critics.who
    assert {"artforum", "yang"} <= set(bias.sources)


def test_the_largest_person_categories_are_those_that_excavating_ai_names(rows: list[dict[str, str]]) -> None:
    images = sorted((int(row["images"]) for row in rows if row["safety"]), reverse=True)
    named = [row.published for row in published.rows() if row.figure.endswith("largest person category")]
    assert named == [f"{count:,}" for count in images[:4]] == ["1,664", "1,662", "1,643", "1,614"]
