"""The page "Before and after" as Streamlit runs it: its figures, another rule, one's own photo; and masks in it all."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sentinels
from streamlit.testing.v1 import AppTest

from explainer import taxonomy, vocabularies
from explainer.ui import removal

ROOT = Path(__file__).parents[2]
SECONDS = 200


# Where things are on the page


def opened() -> AppTest:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS)
    return app.switch_page("pages/removal.py").run()


def metrics(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def texts(page: AppTest) -> str:
    return "\n".join(text.value for text in page.markdown)


def charts(page: AppTest) -> list[Any]:
    """What is sent of each chart."""
    return [element.proto for element in page.main if element.type == "plotly_chart"]


def links(page: AppTest) -> dict[str, str]:
    """Where the links to the tree lead, by what they say."""
    protos = [element.proto for element in page.main if element.type == "page_link"]
    return {proto.label: proto.query_string for proto in protos if proto.query_string}


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
def page_with_sentinels(planted: None) -> Iterator[AppTest]:
    removal._map.clear()  # drawn once for everybody: with the real words, maybe
    yield opened()
    removal._map.clear()


@pytest.fixture(scope="module")
def people() -> list[dict[str, str]]:
    """The person categories of ImageNet's table, read without the code under test."""
    with (taxonomy.DATA / "imagenet_synsets.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["safety"]]


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


@pytest.mark.parametrize(
    ("release", "left"), [("fall-2011", "2,832"), ("september-2019", "1,239"), ("winter-2021", "158")]
)
def test_the_visitor_steps_through_the_releases(page: AppTest, release: str, left: str) -> None:
    page.segmented_control(key="after").set_value(release).run()
    assert not page.exception
    _, before, after, *_ = charts(page)
    assert "2,832 of 2,832 categories" in before.spec
    assert f"{left} of 2,832 categories" in after.spec


def test_every_chart_has_a_title_a_text_in_its_place_a_picture_and_its_numbers(
    downloads: dict[str, Callable[[], str]], page: AppTest
) -> None:
    drawn = charts(page)
    assert len(drawn) == 6
    for chart in drawn:
        assert chart.alt
        assert json.loads(chart.spec)["layout"]["title"]["text"]
        assert json.loads(chart.config)["modeBarButtons"] == [["toImage"]]
    assert len(downloads) == 5  # the two maps are of one list
    for write in downloads.values():
        header, *rows = csv.reader(io.StringIO(write()))
        assert len(rows) >= 4
        assert all(len(row) == len(header) for row in rows)


def test_published_figures_that_come_out_otherwise_are_named(page: AppTest) -> None:
    for published, counted in (("438", "437"), ("1,155", "1,156"), ("600,040", "600,041"), ("2,702", "2,674")):
        assert f"published **{published}**, counted **{counted}**" in texts(page)
    assert "by the table these hold 108,015" in texts(page)
    assert "the table has 1,177,285" in texts(page)


# The rule


def test_the_rule_is_at_first_the_one_that_was_used(page: AppTest) -> None:
    assert metrics(page) == {"Categories kept": "158", "Images kept": "133,697"}
    assert "This is the rule that was used" in texts(page)


def test_a_lower_threshold_brings_back_what_is_harder_to_see(page: AppTest, people: list[dict[str, str]]) -> None:
    page.slider(key="threshold").set_value(2.5).run()
    assert not page.exception
    kept = [row for row in people if row["safety"] == "safe" and float(row["imageability"]) >= 2.5]
    assert metrics(page)["Categories kept"] == f"{len(kept):,}"
    assert metrics(page)["Images kept"] == f"{sum(int(row['images']) for row in kept):,}"
    assert f"It keeps {len(kept) - 158:,} categories that were removed, and removes 0 that were kept." in texts(page)
    assert "2.5: yours" in charts(page)[3].spec


def test_above_4_instead_of_at_least_4_gives_the_number_that_later_papers_give(page: AppTest) -> None:
    page.toggle(key="strict").set_value(True).run()
    assert metrics(page)["Categories kept"] == "130"
    assert "it keeps 130 and removes 2,702" in texts(page)
    assert "The lists of the two releases differ by 2,674" in texts(page)
    page.slider(key="threshold").set_value(4.1).run()
    assert "it keeps 130 and removes 2,702" not in texts(page)


def test_no_threshold_removes_what_was_never_rated(page: AppTest) -> None:
    page.pills(key="drop").set_value(["sensitive"]).run()
    page.slider(key="threshold").set_value(5.0).run()
    assert not page.exception
    assert "437 of those it keeps were never rated" in texts(page)


def test_dropping_the_safe_loses_all_that_was_kept(page: AppTest) -> None:
    page.pills(key="drop").set_value(["safe", "sensitive", "offensive"]).run()
    assert not page.exception
    assert metrics(page) == {"Categories kept": "0", "Images kept": "0"}
    assert "removes 158 that were kept" in texts(page)


# What stayed and went, and the afterlife


def test_every_kept_category_can_be_reached(page: AppTest) -> None:
    page.toggle(key="more_kept").set_value(True).run()
    kept = {f"category={wnid}" for wnid in vocabularies.person_categories("winter-2021")}
    assert kept <= {element.proto.query_string for element in page.main if element.type == "page_link"}


def test_what_went_leads_to_its_place_in_the_tree(page: AppTest) -> None:
    ways = links(page)
    assert ways["flutist · 1,540 images"] == "category=n10098245"  # among the largest removed
    assert ways["athlete · 1,551 images"] == "category=n09820263"  # among the kept
    assert ways["bartender · 5.0 of 5"] == "category=n09841188"  # among the most imageable removed
    assert ways["inhabitant · 100% of 184"] == "category=n09620078"  # the branch hit hardest


def test_the_models_that_answer_with_the_removed_are_counted_and_named(page: AppTest) -> None:
    assert not page.exception
    table = page.dataframe[0].value.set_index("vocabulary")
    assert table.loc["YOLO9000", "removed"] == 546
    assert table.loc["YOLO9000", "of these offensive"] == 40
    assert table.loc["ImageNet as Google trains on it", "models in timm"] > 0
    assert "vit\\_tiny\\_patch16\\_224\\.augreg\\_in21k" in texts(page)


# One's own photo


def test_a_sample_picture_that_is_pressed_again_goes(page: AppTest) -> None:
    page.pills(key="sample").set_value("cat").run()
    assert "Forget this photo" in [button.label for button in page.button]
    page.pills(key="sample").set_value(None).run()
    assert "Forget this photo" not in [button.label for button in page.button]


def test_without_a_photo_the_page_offers_samples_and_the_way_to_the_first_page(page: AppTest) -> None:
    assert page.pills(key="sample").value is None
    assert any("There is no photo yet" in caption.value for caption in page.caption)
    assert all(button.key != "notice_button" for button in page.button)


def test_the_notice_comes_before_the_first_label_and_hides_nothing_else(page: AppTest) -> None:
    page.pills(key="sample").set_value("photographer").run()
    assert page.button(key="notice_button")
    assert "Fall 2011 answers" not in texts(page)
    assert len(charts(page)) == 6
    press(page, "notice_button")
    assert not page.exception
    assert "Fall 2011 answers" in texts(page)


def test_the_photo_of_the_first_page_is_read_in_each_release() -> None:
    page = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()
    page.pills(key="sample").set_value("photographer").run()
    press(page, "notice_button")
    before = [text.value for text in page.markdown if text.value.startswith("1\\.")]
    page.switch_page("pages/removal.py").run()

    assert not page.exception
    assert [text.value for text in page.markdown if text.value.startswith("1\\.")] == before
    for release in vocabularies.RELEASES.values():
        assert f"{release.title} answers" in texts(page)
    assert "Removal changes the answer, it does not stop the answering." in texts(page)


# Masks


def test_no_offensive_word_is_sent_and_no_sensitive_one_beside_a_photo(page_with_sentinels: AppTest) -> None:
    page = page_with_sentinels
    for release in vocabularies.RELEASES:
        page.segmented_control(key="after").set_value(release).run()
        assert offensive(sent(page)) == set()
    page.slider(key="threshold").set_value(1.0).run()
    page.pills(key="drop").set_value([]).run()
    assert offensive(sent(page)) == set()
    assert "[masked: offensive]" in sent(page)
    assert sentinels.found(sent(page))  # the control: sensitive ones may be read in the tree

    tree_alone = sentinels.found(sent(page))
    page.pills(key="sample").set_value("photographer").run()
    press(page, "notice_button")
    assert not page.exception
    assert sentinels.found(sent(page)) == tree_alone


def test_a_chart_and_its_numbers_carry_no_offensive_word_even_after_all_were_asked_for(
    downloads: dict[str, Callable[[], str]], page_with_sentinels: AppTest
) -> None:
    page = page_with_sentinels
    press(page, "ask_reveal_all")
    press(page, "reveal_all")
    assert not page.exception
    assert any(offensive(label) for label in links(page))  # the control
    assert all(offensive(chart.spec + chart.alt) == set() for chart in charts(page))
    assert len(downloads) == 5
    assert all(offensive(write()) == set() for write in downloads.values())
