"""A visitor's way through the page "Break it", in a real browser."""

import pytest
import sentinels
from playwright.sync_api import expect

from tests.browser.pages import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

MOST_BYTES_OF_A_MOVE = 50_000


def test_the_slider_changes_the_picture_and_the_label_while_the_strip_stays(visitor) -> None:
    page = visitor.break_it()
    page.choose_change("noise", "Noise")
    strip = [picture.get_attribute("src") for picture in page.strip.all()]
    assert len(strip) == 9
    page.move("noise", "Home")
    assert page.place == 1
    page.traffic.frames.clear()
    page.move("noise", "ArrowRight")
    assert len("".join(page.traffic.frames)) < MOST_BYTES_OF_A_MOVE
    page.move("noise", "End")
    assert page.place > 1
    assert [picture.get_attribute("src") for picture in page.strip.all()] == strip
    expect(page.exceptions).to_have_count(0)


def test_a_mirror_has_two_positions(visitor) -> None:
    page = visitor.break_it()
    page.choose_change("flip", "Mirrored")
    before = page.changed.get_attribute("src")
    page.page.locator(".st-key-amount_flip label").click()
    expect(page.changed).not_to_have_attribute("src", before or "", timeout=PATIENCE)
    assert page.place == 1
    assert page.strip.count() == 2


def test_what_was_chosen_stays_while_the_visitor_looks_at_another_page(visitor) -> None:
    page = visitor.break_it()
    page.choose_change("tilt", "Tilted")
    page.move("tilt", "End")
    page.choose_change("noise", "Noise")
    page.move("noise", "End")
    place = page.place
    page.leave_and_come_back()

    assert page.amount("noise") == "80"
    assert page.place == place
    page.choose_change("tilt", "Tilted")
    assert page.amount("tilt") == "40"
    expect(page.exceptions).to_have_count(0)


def test_no_masked_word_is_sent(sentinel_visitor, app_with_sentinels) -> None:
    page = sentinel_visitor.break_it()
    page.choose_change("noise", "Noise")
    page.move("noise", "End")
    page.page.locator(".st-key-every_change label").click()
    expect(page.page.get_by_text("small changes put another word first")).to_be_visible(timeout=PATIENCE)

    assert page.masked_labels > 0  # the control
    assert sentinels.found(page.traffic.received()) == set()
    assert sentinels.found(app_with_sentinels.log) == set()


def test_on_a_phone_nothing_reaches_beyond_the_edge(visitor) -> None:
    page = visitor.break_it(width=390, height=844)
    page.move("blur", "End")
    assert page.overflow == []
