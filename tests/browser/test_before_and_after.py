"""A visitor's way through the page "Before and after", in a real browser."""

import io
import re

import pytest
import sentinels
from playwright.sync_api import FilePayload, expect

from explainer.imagenet import vocabularies
from explainer.vision import samples

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SIZES = ("2,832", "1,239", "158")
RELEASES = {release.title: size for release, size in zip(vocabularies.RELEASES.values(), SIZES, strict=True)}
INHABITANT = "n09620078"
MOST_BYTES, MOST_BYTES_OF_A_MOVE = 500_000, 50_000


def test_stepping_through_the_releases_leaves_every_category_in_its_place_under_names_that_can_be_read(
    visitor,
) -> None:
    page = visitor.removal("The maps")
    for title, size in RELEASES.items():
        page.choose_release(title)
        expect(page.chart("map-after")).to_contain_text(f"{size} of 2,832 categories")
        assert len(page.places("map-after")) > 20
        assert page.places("map-after") == page.places("map-before")
    for least in (12, 20):
        sizes = page.name_sizes("map-after")
        assert len(sizes) >= 8
        assert min(sizes) >= least
        page.draw_large()
    expect(page.exceptions).to_have_count(0)


def test_a_click_on_a_branch_leads_both_maps_into_it_and_a_button_out_again(visitor) -> None:
    page = visitor.removal("The maps")
    whole = page.places("map-after")
    for clicked in ("map-before", "map-before", "map-after"):  # the same branch again, too
        page.click_on_branch(clicked, "worker")
        expect(page.chart("map-before")).to_contain_text("353 of 353 categories of “worker”")
        expect(page.chart("map-after")).to_contain_text("36 of 353 categories of “worker”")
        assert page.places("map-after") == page.places("map-before") != whole
        page.go_back_to_all_people()
        expect(page.chart("map-after")).to_contain_text("158 of 2,832 categories")
        assert page.places("map-after") == page.places("map-before") == whole
    page.open_smaller_branches(234)
    expect(page.chart("map-after")).to_contain_text("smaller branches")
    page.go_back_to_all_people()
    expect(page.exceptions).to_have_count(0)


def test_the_page_is_small_and_a_move_of_the_threshold_sends_its_part_alone(visitor) -> None:
    page = visitor.removal("The rule")
    assert len("".join(page.traffic.frames)) < MOST_BYTES
    expect(page.kept).to_have_text("158")

    page.traffic.frames.clear()
    page.move_threshold("ArrowLeft")
    expect(page.chart("imageability")).to_contain_text("yours: from 3.9")
    page.move_threshold("ArrowRight")
    expect(page.kept).to_have_text("158")
    assert len("".join(page.traffic.frames)) < 2 * MOST_BYTES_OF_A_MOVE


def test_what_was_chosen_stays_while_the_visitor_looks_at_another_page(visitor) -> None:
    page = visitor.removal("The maps")
    page.choose("counted", "images")
    page.choose_release("September 2019, announced")
    page.go_to("The rule")
    page.move_threshold("ArrowLeft")
    page.drop("sensitive")
    page.be_strict()
    kept = page.kept.inner_text()
    page = page.leave_and_come_back()

    page.go_to("The rule")
    expect(page.kept).to_have_text(kept)
    expect(page.chart("imageability")).to_contain_text("yours: above 3.9")
    page.go_to("The maps")
    expect(page.chart("map-after")).to_contain_text("577,244 of 1,177,285 images")
    expect(page.exceptions).to_have_count(0)


def test_a_branch_leads_into_the_tree(visitor) -> None:
    page = visitor.removal("The branches")
    page.follow("inhabitant · 100% of 184").wait_for_place(INHABITANT)
    expect(page.exceptions).to_have_count(0)


def test_a_photo_that_was_uploaded_on_the_first_page_is_carried_over(visitor) -> None:
    photo = visitor()
    photo.upload(a_photo())
    photo.wait_for_result("found")
    word = photo.page.locator(".st-key-answer_word").inner_text().strip()
    page = photo.go_on_to_removal()
    page.wait_for_labels()
    expect(page.page.get_by_text(f"In 2011: {word}.")).to_be_visible()


def a_photo() -> FilePayload:
    """A photo that is no sample picture: one of them, cut to the face."""
    file = io.BytesIO()
    samples.read("astronaut").image.crop((120, 20, 420, 320)).save(file, "JPEG")
    return FilePayload(name="me.jpg", mimeType="image/jpeg", buffer=file.getvalue())


def test_a_chart_is_taken_away_as_a_picture_and_as_numbers(visitor) -> None:
    page = visitor.removal()
    assert page.download("download_removal-steps").decode().startswith("release,fate,categories,images\n")
    with page.page.expect_download() as download:
        page.chart("removal-steps").locator(".modebar-btn").first.click()
    assert download.value.suggested_filename == "removal-steps.png"


def test_no_masked_word_reaches_the_browser_and_what_is_hovered_over_is_masked(
    sentinel_visitor, app_with_sentinels
) -> None:
    page = sentinel_visitor.removal("The maps")
    for title in RELEASES:
        page.choose_release(title)
    for left in (234, 226, 218):  # down to branches whose names are masked
        page.open_smaller_branches(left)
    hovered = [page.hover_texts("map-before"), page.hover_texts("map-after")]
    page.go_to("The branches")
    hovered.append(page.hover_texts("branches"))
    for texts in hovered:
        assert sum(bool(text) for text in texts) > 10
        assert not any("offensive" in word for text in texts for word in sentinels.found(text))
    assert any(re.search(r"\[covered: ?offensive\]", text) for texts in hovered for text in texts)
    assert sentinels.found(str(hovered))  # the control: sensitive words may be read in the tree
    page.go_to("The rule")
    page.move_threshold("Home")

    received = sentinels.found(page.traffic.received())
    assert received  # the control: sensitive words may be read in the tree
    assert not any("offensive" in word for word in received)
    assert sentinels.found(app_with_sentinels.log) == set()


def test_the_words_of_2019_reach_the_browser_only_when_asked_for(sentinel_visitor, app_with_sentinels) -> None:
    page = sentinel_visitor.removal()
    page.page.get_by_role("link", name="Roulette, 2019").first.click()
    groups = page.page.locator("summary").filter(has_text=re.compile(r"\(\d+\)"))
    expect(groups).to_have_count(4)
    for number in range(1, 4):  # the first is open
        groups.nth(number).click()
    reveal = page.page.get_by_role("button", name="Reveal")
    expect(reveal).to_have_count(14)
    assert sentinels.found(page.traffic.received()) == set()
    reveal.first.click()
    expect(reveal).to_have_count(13)
    assert len({word for word in sentinels.found(page.traffic.received()) if "gloss" not in word}) == 1
    assert sentinels.found(page.page.url + page.page.title()) == set()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_reaches_beyond_the_edge(visitor, width: int) -> None:
    page = visitor.removal(width=width)
    for part in page.CHARTS:
        page.go_to(part)
        assert page.overflow == [], part
