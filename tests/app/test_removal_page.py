"""The page "Before and after" as Streamlit runs it: its figures, another rule, one's own photo; and masks in it all."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sentinels
import streamlit as st
from streamlit.elements.lib import policies
from streamlit.testing.v1 import AppTest

from explainer.attribution import sample_results
from explainer.imagenet import masked_words, taxonomy, vocabularies
from explainer.imagenet.masked_words import Context
from explainer.ui.removal import lineage, maps, photo

ROOT = Path(__file__).parents[2]
SECONDS = 200
PARTS = {
    "The removal": 1,
    "The rule": 1,
    "Kept and gone": 0,
    "The branches": 1,
    "The maps": 2,
    "Still in use": 1,
    "From dictionary to machine": 0,
    "How it came about": 0,
    "Published figures": 0,
}
"""The parts of the page, and how many charts each draws."""


# Where things are on the page


def opened(part: str = "The removal") -> AppTest:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).switch_page("pages/removal.py")
    app.query_params["part"] = part
    return app.run()


def metrics(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def texts(page: AppTest) -> str:
    return "\n".join(text.value for text in page.markdown)


def charts(page: AppTest) -> list[Any]:
    """What is sent of each chart."""
    return [element.proto for element in page.main if element.type == "plotly_chart"]


def links(page: AppTest) -> dict[str, str]:
    """Where the links to the tree lead, by what they say, which is in the colour of links."""
    protos = [element.proto for element in page.main if element.type == "page_link" and element.proto.query_string]
    return {re.sub(r"^:green\[(.*)\]", r"\1", proto.label): proto.query_string for proto in protos}


def sent(page: AppTest) -> str:
    """All that a browser is sent of the page, as one text."""
    return "\n".join(str(element.proto) for block in (page.main, page.sidebar) for element in block)


def press(page: AppTest, key: str) -> AppTest:
    return page.button(key=key).click().run()


def offensive(text: str) -> set[str]:
    """The sentinels of offensive categories: sensitive words are masked beside a photo alone."""
    return {word for word in sentinels.found(text) if "offensive" in word}


# Fixtures


@pytest.fixture
def page() -> AppTest:
    """The page as a new visitor sees it."""
    return opened()


@pytest.fixture
def fresh_maps(planted: None) -> Iterator[None]:
    """Maps with sentinel words: they are drawn once for everybody, with the real words, maybe."""
    maps._map.clear()
    yield
    maps._map.clear()


@pytest.fixture(scope="module")
def people() -> list[dict[str, str]]:
    """The person categories of ImageNet's table, read without the code under test."""
    with (taxonomy.DATA / "imagenet_synsets.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["safety"]]


@pytest.mark.slow
def test_only_the_open_part_is_drawn_and_the_address_names_it() -> None:
    for part, drawn in PARTS.items():
        page = opened(part)
        assert not page.exception, part
        assert [tab.label for tab in page.tabs] == list(PARTS)
        assert len(charts(page)) == drawn, part


def test_a_part_that_does_not_exist_gets_a_sentence_and_the_first_part() -> None:
    page = opened("Nonsense")
    assert not page.exception
    assert any("no part of that name" in info.value for info in page.info)
    assert "Nonsense" not in sent(page)
    assert len(charts(page)) == 1


def test_the_finding_of_the_rule_is_true_for_every_setting() -> None:
    page = opened("The rule")
    for threshold, strict, title in (
        (4.0, False, "Of 2,395 rated words this rule keeps 158,<br>all rated at or above 4"),
        (3.0, True, "all rated above 3"),
        (5.0, True, "this rule keeps 0,"),
    ):
        page.slider(key="threshold").set_value(threshold).run()
        page.toggle(key="strict").set_value(strict).run()
        assert title in json.loads(charts(page)[0].spec)["layout"]["title"]["text"]


def test_nothing_on_the_maps_is_unnamed_and_the_rest_stands_in_a_row_that_opens() -> None:
    page = opened("The maps")
    (treemap, *_) = json.loads(charts(page)[1].spec)["data"]
    named = [label for label, parent in zip(treemap["labels"], treemap["parents"], strict=True) if not parent]
    assert len(named) == 8
    assert not any("smaller" in label for label in named)
    press(page, "map_more")
    assert not page.exception
    assert "more branches" in page.button(key="map_more").label
    assert any(button.label.startswith("‹ All people") for button in page.button)


def test_the_lineage_counts_what_each_stage_passed_on() -> None:
    page = opened("From dictionary to machine")
    assert not page.exception
    stages = {stage.title: (stage.categories, stage.people, stage.offensive) for stage in lineage.stages()}
    assert stages["ImageNet, Fall 2011"] == ("21,841", 2_832, 437)
    assert stages["YOLO9000"] == ("9,418", 642, 40)
    assert "of the 2,832 categories for people WordNet 3.1 lacks 4 and a part of 4 more" in texts(page)
    assert "Of the 437 that ImageNet found offensive it still has 433 with all their words" in texts(page)


def test_the_time_line_and_the_voices_name_their_sources() -> None:
    page = opened("How it came about")
    assert not page.exception
    for told in (
        "**1985**",
        "**29 June 2020**",
        "AI Act",
        "**Who brought the bias in?**",
        "](https://arxiv.org/abs/1912.07726)",
    ):
        assert told in texts(page)


# The figures


def test_the_steps_lead_from_2832_categories_to_158(page: AppTest) -> None:
    assert not page.exception
    (trace,) = json.loads(charts(page)[0].spec)["data"]
    assert trace["text"] == ["2,832", "− 1,156", "− 437", "1,239", "− 1,081", "158"]


def test_counted_in_images_the_steps_are_the_published_ones_but_for_one(page: AppTest) -> None:
    page.segmented_control(key="counted").set_value("images").run()
    assert not page.exception
    (trace,) = json.loads(charts(page)[0].spec)["data"]
    assert trace["text"] == ["1,177,285", "− 492,026", "− 108,015", "577,244", "− 443,547", "133,697"]


def test_what_was_announced_is_told_as_counted_and_as_published(
    page: AppTest, downloads: dict[str, Callable[[], str]]
) -> None:
    assert "1,593 offensive or sensitive (as published)" in charts(page)[0].spec
    page.segmented_control(key="counted").set_value("images").run()
    said = "1,593 categories (published: 1,593) with 600,041 images (published: 600,040)"
    assert said in texts(page)
    assert said in charts(page)[0].alt
    assert "600,041 offensive or sensitive (published: 600,040)" in charts(page)[0].spec
    lines = downloads["download_removal-steps"]().splitlines()
    assert 'september-2019,"removed, together",1593,600041' in lines
    assert 'september-2019,"removed, together, as published",1593,600040' in lines


@pytest.mark.parametrize(
    ("release", "left"), [("fall-2011", "2,832"), ("september-2019", "1,239"), ("winter-2021", "158")]
)
def test_the_visitor_steps_through_the_releases(release: str, left: str) -> None:
    page = opened("The maps")
    page.segmented_control(key="after").set_value(release).run()
    assert not page.exception
    before, after = charts(page)
    assert "2,832 of 2,832 categories" in before.spec
    assert f"{left} of 2,832 categories" in after.spec


def test_the_maps_say_what_is_left_and_who_lost_most() -> None:
    page = opened("The maps")
    before, after = charts(page)
    assert "worker is the largest branch" in before.spec
    assert "worker lost most: 317 of 353" in after.spec
    for told in ("Winter 2021: 158 of 2,832 categories", "worker: 36 of 353", "242 smaller branches: "):
        assert told in after.alt


def test_the_numbers_of_the_maps_are_those_of_their_fields(
    downloads: dict[str, Callable[[], str]], people: list[dict[str, str]]
) -> None:
    page = opened("The maps")
    page.segmented_control(key="counted").set_value("images").run()
    rows = list(csv.DictReader(io.StringIO(downloads["download_person-categories"]())))
    assert sum(int(row["categories"]) for row in rows) == len(people) == 2_832
    assert sum(int(row["images"]) for row in rows) == sum(int(row["images"]) for row in people)
    for status, releases, size in (
        ("kept", "fall-2011 september-2019 winter-2021", 158),
        ("hard to picture", "fall-2011 september-2019", 1_081),
        ("sensitive", "fall-2011", 1_156),
    ):
        assert {row["releases"] for row in rows if row["status"] == status} == {releases}
        assert sum(int(row["categories"]) for row in rows if row["status"] == status) == size
    (treemap, *_) = json.loads(charts(page)[0].spec)["data"]
    fields = dict(zip(treemap["ids"], treemap["values"], strict=True))
    assert {f"{row['wnid']} {row['status']}": int(row["images"]) for row in rows if row["wnid"]} == {
        name: size for name, size in fields.items() if not name.endswith(" ")
    }


@pytest.mark.parametrize("part", [part for part, drawn in PARTS.items() if drawn])
def test_every_chart_is_drawn_larger_for_a_projector(part: str) -> None:
    page = opened(part)
    small = [json.loads(chart.spec)["layout"] for chart in charts(page)]
    page.toggle(key="large").set_value(True).run()
    assert not page.exception
    large = [json.loads(chart.spec)["layout"] for chart in charts(page)]
    for before, after in zip(small, large, strict=True):
        assert after["height"] > before["height"]
        assert after["title"]["subtitle"]["font"]["size"] >= 20 > before["title"]["subtitle"]["font"]["size"]


def test_a_phone_is_offered_no_charts_for_a_projector(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "large" in [toggle.key for toggle in page.toggle]  # the control
    monkeypatch.setattr(type(st.context), "headers", {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Mobile Safari"})
    phone = opened()
    assert not phone.exception
    assert "large" not in [toggle.key for toggle in phone.toggle]


@pytest.mark.parametrize("part", [part for part, drawn in PARTS.items() if drawn])
def test_every_chart_has_a_title_a_text_in_its_place_a_picture_and_its_numbers(
    part: str, downloads: dict[str, Callable[[], str]]
) -> None:
    for chart in charts(opened(part)):
        assert chart.alt
        assert json.loads(chart.spec)["layout"]["title"]["text"]
        assert json.loads(chart.config)["modeBarButtons"] == [["toImage"]]
        assert "Source: " in json.loads(chart.spec)["layout"]["title"]["subtitle"]["text"]
    assert downloads
    for write in downloads.values():
        header, *rows = csv.reader(io.StringIO(write()))
        assert len(rows) >= 4
        assert all(len(row) == len(header) for row in rows)


def test_published_figures_that_come_out_otherwise_are_named() -> None:
    page = opened("Published figures")
    for published, counted in (("438", "437"), ("1,155", "1,156"), ("600,040", "600,041"), ("2,702", "2,674")):
        assert f"published **{published}**, counted **{counted}**" in texts(page)
    assert "by the table these hold 108,015" in texts(page)
    assert "the table has 1,177,285" in texts(page)
    assert "2,702 would be gone had imageability been asked to be above 4" in texts(page)


# The rule


def test_the_rule_is_at_first_the_one_that_was_used() -> None:
    page = opened("The rule")
    assert metrics(page) == {"Categories kept": "158", "Images kept": "133,697"}
    assert "This is the rule that was used" in texts(page)


def test_a_lower_threshold_brings_back_what_is_harder_to_see(people: list[dict[str, str]]) -> None:
    page = opened("The rule")
    page.slider(key="threshold").set_value(2.5).run()
    assert not page.exception
    kept = [row for row in people if row["safety"] == "safe" and float(row["imageability"]) >= 2.5]
    assert metrics(page)["Categories kept"] == f"{len(kept):,}"
    assert metrics(page)["Images kept"] == f"{sum(int(row['images']) for row in kept):,}"
    assert f"It keeps {len(kept) - 158:,} categories that were removed, and removes 0 that were kept." in texts(page)
    named = [trace["name"] for trace in json.loads(charts(page)[0].spec)["data"] if trace.get("mode") == "lines"]
    assert named == ["ImageNet's, 2021: from 4", "yours: from 2.5"]


def test_above_4_instead_of_at_least_4_gives_the_number_that_later_papers_give() -> None:
    page = opened("The rule")
    page.toggle(key="strict").set_value(True).run()
    assert metrics(page)["Categories kept"] == "130"
    assert "it keeps 130 and removes 2,702" in texts(page)
    assert "The lists of the two releases differ by 2,674" in texts(page)
    named = [trace["name"] for trace in json.loads(charts(page)[0].spec)["data"] if trace.get("mode") == "lines"]
    assert named[1] == "yours: above 4"
    page.slider(key="threshold").set_value(4.1).run()
    assert "it keeps 130 and removes 2,702" not in texts(page)


def test_no_threshold_removes_what_was_never_rated() -> None:
    page = opened("The rule")
    page.pills(key="drop").set_value(["sensitive"]).run()
    page.slider(key="threshold").set_value(5.0).run()
    assert not page.exception
    assert "437 of those it keeps were never rated" in texts(page)


def test_dropping_the_safe_loses_all_that_was_kept() -> None:
    page = opened("The rule")
    page.pills(key="drop").set_value(["safe", "sensitive", "offensive"]).run()
    assert not page.exception
    assert metrics(page) == {"Categories kept": "0", "Images kept": "0"}
    assert "removes 158 that were kept" in texts(page)


def test_the_two_files_of_the_rule_have_names_of_their_own() -> None:
    labels = [button.proto.label for button in opened("The rule").get("download_button")]
    assert labels == ["Numbers (CSV)", "Categories (CSV)"]


def test_the_histogram_hatches_what_the_rule_removes_and_the_numbers_say_the_same(
    downloads: dict[str, Callable[[], str]], people: list[dict[str, str]]
) -> None:
    page = opened("The rule")
    page.pills(key="drop").set_value(["offensive"]).run()
    page.slider(key="threshold").set_value(3.0).run()
    drawn = json.loads(charts(page)[0].spec)["data"]
    bars = {bar["name"]: bar["marker"]["pattern"]["shape"] for bar in drawn if bar["type"] == "bar"}
    assert bars == {"safe, kept": "", "safe, removed": "/", "sensitive, kept": "", "sensitive, removed": "/"}
    rows = list(csv.DictReader(io.StringIO(downloads["download_imageability"]())))
    for safety in ("safe", "sensitive"):
        kept = sum(row["safety"] == safety and float(row["imageability"]) >= 3 for row in people)
        assert sum(int(row[f"{safety}, kept"]) for row in rows) == kept


def test_the_outcome_of_a_rule_can_be_taken_away_category_by_category(
    downloads: dict[str, Callable[[], str]], people: list[dict[str, str]]
) -> None:
    page = opened("The rule")
    page.pills(key="drop").set_value(["sensitive"]).run()
    rows = {row["wnid"]: row for row in csv.DictReader(io.StringIO(downloads["download_what-if"]()))}
    assert set(rows) == {row["wnid"] for row in people}
    for row in people:
        expected = (
            "kept, never rated"
            if row["safety"] == "offensive"
            else "kept"
            if row["safety"] == "safe" and float(row["imageability"]) >= 4
            else "removed"
        )
        assert rows[row["wnid"]]["by this rule"] == expected
        assert (rows[row["wnid"]]["what was done"] == "kept") == (row["in_winter21"] == "1")
        assert (rows[row["wnid"]]["words"] == "") == (row["safety"] == "offensive")


def test_a_button_leads_back_to_imagenets_own_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("The rule")
    warnings: list[str] = []
    monkeypatch.setattr(policies, "_shown_default_value_warning", False)  # it comes once
    monkeypatch.setattr(policies._LOGGER, "warning", lambda text, *rest, **options: warnings.append(text))
    assert all(button.key != "own_rule" for button in page.button)
    page.pills(key="drop").set_value([]).run()
    page.toggle(key="strict").set_value(True).run()
    press(page, "own_rule")
    assert not page.exception
    assert metrics(page)["Categories kept"] == "158"
    assert page.slider(key="threshold").value == 4
    assert page.pills(key="drop").value == ["sensitive", "offensive"]
    assert page.toggle(key="strict").value is False
    assert warnings == []


# What stayed and went, and the afterlife


@pytest.mark.slow
def test_all_branches_can_be_seen_and_in_other_orders() -> None:
    page = opened("The branches")

    def names() -> list[str]:
        return json.loads(charts(page)[0].spec)["data"][0]["y"]

    assert len(names()) == 12
    page.toggle(key="all_branches").set_value(True).run()
    assert len(names()) == 80
    page.segmented_control(key="branch_order").set_value("largest").run()
    assert not page.exception
    assert names()[0] == "1. worker"
    assert "1. worker" not in charts(page)[0].alt
    assert "worker: " in charts(page)[0].alt


def test_every_kept_category_can_be_reached() -> None:
    page = opened("Kept and gone")
    page.toggle(key="more_kept").set_value(True).run()
    kept = {f"category={wnid}" for wnid in vocabularies.person_categories("winter-2021")}
    assert kept <= {element.proto.query_string for element in page.main if element.type == "page_link"}


def test_categories_of_one_name_are_told_apart() -> None:
    page = opened("Kept and gone")
    page.toggle(key="more_kept").set_value(True).run()
    names = [label.split(" · ")[0] for label in links(page)]
    assert "groom, bridegroom, n10147935" in names
    assert "groom, bridegroom, n10148035" in names
    assert "athlete" in names


def test_what_went_leads_to_its_place_in_the_tree() -> None:
    ways = links(opened("Kept and gone")) | links(opened("The branches"))
    assert ways["flutist · 1,540 images"] == "category=n10098245"  # among the largest removed
    assert ways["athlete · 1,551 images"] == "category=n09820263"  # among the kept
    assert ways["bartender · 5.0 of 5"] == "category=n09841188"  # among the most imageable removed
    assert ways["inhabitant · 100% of 184"] == "category=n09620078"  # the branch hit hardest


def test_the_models_that_answer_with_the_removed_are_counted_and_named() -> None:
    page = opened("Still in use")
    assert not page.exception
    table = page.dataframe[0].value.set_index("vocabulary")
    assert table.loc["YOLO9000", "removed"] == 546
    assert table.loc["YOLO9000", "of these offensive"] == 40
    assert table.loc["ImageNet as Google trains on it", "models in timm"] > 0
    assert "vit\\_tiny\\_patch16\\_224\\.augreg\\_in21k" in texts(page)


# One's own photo


def test_a_picture_is_there_from_the_start_and_needs_no_notice(page: AppTest) -> None:
    assert not page.exception
    assert "In 2011: " in texts(page)
    assert all(button.key != "notice_button" for button in page.button)


def test_the_photo_of_the_first_page_is_read_in_each_release() -> None:
    page = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()
    page.button(key="sample_photographer").click().run()
    page.switch_page("pages/removal.py").run()

    assert not page.exception
    (first,) = sample_results.load().results["photographer"].readings[0].people("fall-2011", 1)
    assert f"In 2011: **{masked_words.caption(first.wnid, Context.PHOTO).name}**" in texts(page)
    for release in vocabularies.RELEASES.values():
        assert f"In {release.date[-4:]}: " in texts(page)
    assert "Removing words changed the answer. The machine still answers." in texts(page)


def test_the_page_opens_on_the_sample_picture_whose_word_changes_most() -> None:
    readings = {name: result.readings[0] for name, result in sample_results.load().results.items()}
    answers = {
        name: {reading.people(release, 1)[0].wnid for release in vocabularies.RELEASES}
        for name, reading in readings.items()
    }
    assert len(answers[photo.FIRST]) == len(vocabularies.RELEASES)
    assert max(answers, key=lambda name: len(answers[name])) == photo.FIRST


# Masks


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_maps")
def test_no_offensive_word_is_sent_of_any_part_and_no_sensitive_one_beside_a_photo() -> None:
    said = ""
    for part in PARTS:
        page = opened(part)
        assert not page.exception
        assert offensive(sent(page)) == set(), part
        said += sent(page)
    assert "[covered: offensive]" in said
    assert sentinels.found(said)  # the control: sensitive ones may be read in the tree
    page = opened("Published figures")
    page.button(key="sample_photographer").click().run()
    assert not page.exception
    assert sentinels.found(sent(page)) == set()


@pytest.mark.usefixtures("fresh_maps")
def test_no_offensive_word_is_sent_under_any_release_or_rule() -> None:
    page = opened("The maps")
    for release in vocabularies.RELEASES:
        page.segmented_control(key="after").set_value(release).run()
        assert offensive(sent(page)) == set()
    page = opened("The rule")
    page.slider(key="threshold").set_value(1.0).run()
    page.pills(key="drop").set_value([]).run()
    assert not page.exception
    assert offensive(sent(page)) == set()


@pytest.mark.usefixtures("fresh_maps")
def test_within_a_branch_of_the_maps_no_offensive_word_is_sent() -> None:
    page = opened("The maps")
    tree = taxonomy.load()
    masked = [wnid for wnid in tree.people if tree[wnid].safety == "offensive" and tree.below(wnid).categories]
    largest = max(masked, key=lambda wnid: tree.below(wnid).categories)
    page.session_state["map_way"] = ((taxonomy.PERSON, 0), (taxonomy.PERSON, 8), (largest, 0))
    page.run()
    assert not page.exception
    assert "[covered: offensive]" in charts(page)[0].spec
    assert any("All people, smaller branches" in button.label for button in page.button)
    assert offensive(sent(page)) == set()


@pytest.mark.usefixtures("fresh_maps")
@pytest.mark.parametrize("part", ["The maps", "The branches"])
def test_a_chart_and_its_numbers_carry_no_offensive_word_even_after_all_were_asked_for(
    part: str, downloads: dict[str, Callable[[], str]]
) -> None:
    page = opened(part)
    press(page, "reveal_all")
    assert not page.exception
    assert offensive(str(links(page))) or part == "The maps"  # the control
    assert charts(page)
    assert all(offensive(chart.spec + chart.alt) == set() for chart in charts(page))
    assert all(offensive(write()) == set() for write in downloads.values())
