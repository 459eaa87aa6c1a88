"""A visitor's way through the category tree, in a real browser."""

import csv
import io

import pytest
import sentinels
from playwright.sync_api import expect

from explainer.imagenet import taxonomy
from explainer.imagenet.taxonomy import PERSON

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

ENTITY = "n00001740"  # the root
WORKER, SKILLED, FLUTIST, MUSICIAN = "n09632518", "n10605985", "n10098245", "n10340312"
MOST_BYTES = 300_000  # that a click may send


def test_a_word_typed_in_part_leads_to_its_category(visitor) -> None:
    page = visitor.tree()
    page.type_into_search("flut")
    expect(page.hits.filter(has_text="flutist")).to_be_visible()
    page.hits.filter(has_text="flutist").click()
    page.wait_for_place(FLUTIST)
    expect(page.card).to_contain_text("someone who plays the flute")
    expect(page.hits).to_have_count(0)
    assert not page.overflow


def test_the_map_is_walked_by_clicks_and_the_browser_walks_back(visitor) -> None:
    page = visitor.tree()
    before = len("".join(page.traffic.frames))
    page.click_on_map("worker")
    page.wait_for_place(WORKER)
    assert len("".join(page.traffic.frames)) - before < MOST_BYTES

    page.click_on_map("skilled worker")
    page.wait_for_place(SKILLED)
    page.page.go_back()
    page.wait_for_place(WORKER)
    page.page.go_back()
    expect(page.card).to_contain_text("a human being")  # the page begins with people, whom its address does not name
    page.page.go_forward()
    page.wait_for_place(WORKER)
    expect(page.exceptions).to_have_count(0)


@pytest.mark.parametrize("kind", ["sunburst", "icicle"])
def test_other_maps_are_walked_as_well(visitor, kind: str) -> None:
    page = visitor.tree()
    page.choose_kind(kind)
    page.click_on_map("worker")
    page.wait_for_place(WORKER)


def test_an_address_is_shared_and_its_ways_lead_on(visitor) -> None:
    page = visitor.tree(FLUTIST)
    page.wait_for_place(FLUTIST)
    page.button(f"way_0_{MUSICIAN}").click()
    page.wait_for_place(MUSICIAN)
    friend = visitor.tree(page.page.url.split("category=")[1])
    friend.wait_for_place(MUSICIAN)


def test_the_keyboard_alone_finds_a_category(visitor) -> None:
    page = visitor.tree()
    field = page.page.locator(".st-key-search input")
    field.focus()
    page.page.keyboard.type("flutist", delay=50)
    expect(page.hits.first).to_contain_text("flutist")  # and no longer what "fl" finds
    for _ in range(10):
        page.page.keyboard.press("Tab")
        if page.hits.first.evaluate("element => element === document.activeElement"):
            break
    page.page.keyboard.press("Enter")
    page.wait_for_place(FLUTIST)


def test_a_page_into_whose_search_far_too_much_was_pasted_goes_on(visitor) -> None:
    page = visitor.tree()
    field, told = page.page.locator(".st-key-search input"), page.page.get_by_text("search for at most 100 characters")
    field.focus()
    page.page.keyboard.insert_text("tree," * 5000)
    expect(field).to_have_value("")  # the browser takes none of it
    page.page.keyboard.insert_text("tree," * 30)
    expect(told).to_be_visible()
    expect(page.page.get_by_text("150/1000")).to_be_hidden()
    page.button("start_all").click()
    page.wait_for_place(ENTITY)


def test_a_phone_shows_all_of_it(visitor) -> None:
    page = visitor.tree(PERSON, width=390, height=844)
    page.wait_for_place(PERSON)
    assert not page.overflow


def test_offensive_categories_removed_in_2019_are_listed_as_masks(sentinel_visitor) -> None:
    page = sentinel_visitor.tree(PERSON)
    page.wait_for_place(PERSON)
    page.open_filters()
    page.page.locator(".st-key-safeties").get_by_role("button", name="offensive").click()
    page.wait_for_list("437 of 2,832 categories")
    page.page.locator(".st-key-statuses").get_by_role("button", name="offensive").click()
    page.wait_for_list("437 of 2,832 categories")
    rows = list(csv.DictReader(io.StringIO(page.download("download_list").decode())))

    assert len(rows) == 437
    assert {row["words"] for row in rows} == {""}
    assert "covered" in page.traffic.received()
    assert not [word for word in sentinels.found(page.traffic.received() + str(rows)) if "offensive" in word]


def test_a_revealed_word_is_shown_to_who_asked_and_is_in_no_address(sentinel_visitor) -> None:
    tree = taxonomy.load()
    offensive = next(wnid for wnid in tree.people if tree[wnid].safety == "offensive")
    page, other = sentinel_visitor.tree(offensive), sentinel_visitor.tree(offensive)
    other.wait_for_place(offensive)
    page.wait_for_place(offensive)
    page.button("reveal_card").click()
    expect(page.card).to_contain_text(sentinels.lemma(tree[offensive]))
    expect(page.card.locator("h2 a")).to_have_count(0)  # a link to the heading would carry the word
    assert not sentinels.found(page.page.url + " ".join(page.traffic.urls) + page.page.title())
    assert not [word for word in sentinels.found(other.traffic.received()) if "offensive" in word]
