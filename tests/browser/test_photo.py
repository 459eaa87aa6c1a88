"""A visitor's way through the first page, in a real browser."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sentinels
from PIL import Image
from playwright.sync_api import FilePayload, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

FOUR_FACES = Path(__file__).parents[3] / "shared" / "photos" / "four_faces.jpg"
PATIENCE = 120_000


@pytest.fixture(autouse=True)
def _photos_at_hand(request: pytest.FixtureRequest) -> None:
    if "four_faces" in request.fixturenames and not FOUR_FACES.is_file():
        pytest.skip("the photos beside the checkout are not there")


@pytest.fixture
def four_faces() -> Path:
    return FOUR_FACES


def test_the_first_screen_is_a_finished_exhibit_without_a_chart_and_its_pictures_can_be_pressed(visitor) -> None:
    page = visitor()
    expect(page.page.get_by_role("heading", level=1)).to_have_text("What ImageNet calls people")
    expect(page.page.get_by_text("ImageNet has the word astronaut.")).to_be_visible()
    assert page.pictures.count() == 4
    assert page.page.get_by_test_id("stPlotlyChart").count() == 0
    assert not [url for url in page.traffic.urls if "plotly" in url.lower()]

    before = page.crop.get_attribute("src")
    box = page.page.get_by_alt_text("Sample picture: Cat").bounding_box()
    assert box is not None
    page.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.crop).not_to_have_attribute("src", before or "", timeout=PATIENCE)
    page.wait_for_result("No face was found")
    expect(page.exceptions).to_have_count(0)


def test_another_label_and_integrated_gradients_give_another_explanation(visitor) -> None:
    page = visitor()
    page.wait_for_result("1 face was found")
    seen = [page.explanation.get_attribute("src")]

    page.choose("method", "Integrated Gradients")
    page.wait_for_another_explanation(seen[-1])
    seen.append(page.explanation.get_attribute("src"))

    page.choose_target(2)
    page.wait_for_another_explanation(seen[-1])
    seen.append(page.explanation.get_attribute("src"))

    assert len(set(seen)) == 3
    expect(page.exceptions).to_have_count(0)


def test_four_faces_are_found_each_has_labels_of_its_own_and_no_other_host_hears_of_them(
    visitor, app, four_faces: Path
) -> None:
    page = visitor()
    page.upload(four_faces)
    page.wait_for_result("4 faces were found")

    lists = set()
    for number in "1234":
        before = page.crop.get_attribute("src")
        page.choose("face", number)
        if number != "1":
            expect(page.crop).not_to_have_attribute("src", before or "", timeout=PATIENCE)
        page.wait_for_result("4 faces were found")
        lists.add(page.ladder.inner_text())
    assert len(lists) == 4

    page.choose("method", "Integrated Gradients")
    page.wait_for_result("4 faces were found")
    assert page.traffic.hosts == {app.url.removeprefix("http://")}


def test_a_file_that_is_no_photo_gives_a_sentence_and_the_photo_stays(visitor) -> None:
    page = visitor()
    page.wait_for_result("1 face was found")
    page.upload(FilePayload(name="<b>holiday</b>.jpg", mimeType="image/jpeg", buffer=b"not a photo"))
    page.wait_for_error()

    expect(page.error).to_have_text(re.compile(r"^This is no photo that can be read here: [^.]+\.$"))
    expect(page.pictures).to_have_count(4)
    expect(page.exceptions).to_have_count(0)


def _nothing_asked(page) -> None:
    """Goes on with the page as it is."""


def _with_another_method(page) -> None:
    page.choose("method", "Integrated Gradients")
    page.wait_for_result("found")
    page.choose_target(1)
    page.wait_for_result("found")


def _with_the_chip_open(page) -> None:
    page.open_chip()
    page.page.keyboard.press("Escape")
    expect(page.button("reveal_all")).to_have_count(0, timeout=PATIENCE)


def _with_a_word_typed(page) -> None:
    page.page.locator(".st-key-word_place input").fill("glassblower")
    page.page.keyboard.press("Enter")
    expect(page.page.get_by_text("Fall 2011: ")).to_be_visible(timeout=PATIENCE)


def test_no_masked_word_reaches_the_browser_before_it_is_asked_for(
    sentinel_visitor, app_with_sentinels, four_faces: Path
) -> None:
    page = sentinel_visitor()
    page.upload(four_faces)
    page.wait_for_result("4 faces were found")
    for step in (_nothing_asked, _with_another_method, _with_the_chip_open, _with_a_word_typed):
        step(page)
        assert sentinels.found(page.traffic.received()) == set(), step.__name__
    for title in ("Astronaut", "Photographer", "Cat", "Coffee", "Rocket"):
        page.choose_another_sample(title)
        assert sentinels.found(page.traffic.received()) == set(), title
    assert page.masked_labels > 0

    page.show_all()

    shown = sentinels.found(page.traffic.received())  # the control: what is looked for can be found
    assert any("offensive" in word for word in shown) or any("sensitive" in word for word in shown)
    assert any("gloss" in word for word in shown)
    assert sentinels.found(page.text) == {word for word in shown if word in page.text.lower()} != set()
    assert sentinels.found(app_with_sentinels.log) == set()


def test_one_word_is_revealed_and_no_other_and_masked_again_the_words_are_gone_from_the_page(sentinel_visitor) -> None:
    page = sentinel_visitor()
    _walk_to_a_photo_with_masked_labels(page)
    masked = page.masked_labels
    page.reveal_buttons.last.click()
    page.wait_for_words_in_place_of_a_mask()
    words = sentinels.found(page.traffic.received())
    assert len({word.replace("gloss", "") for word in words}) == 1
    _mask_all(page)
    assert page.masked_labels == masked

    page.show_all()
    assert page.masked_labels == 0
    _mask_all(page)
    assert page.masked_labels == masked
    assert sentinels.found(page.page.content()) == set()


def test_a_download_carries_no_masked_word_not_even_a_revealed_one(sentinel_visitor) -> None:
    page = sentinel_visitor()
    _walk_to_a_photo_with_masked_labels(page)
    page.show_all()
    page.open_settings()
    taken = {}
    for key in ("download_picture", "download_readings"):
        with page.page.expect_download() as download:
            page.button(key).click()
        taken[key] = Path(download.value.path()).read_bytes()
        assert sentinels.found(taken[key].decode("utf-8", "replace")) == set()
        assert sentinels.found(download.value.suggested_filename) == set()
    readings = json.loads(taken["download_readings"])["readings"]
    assert any(person["masked"] for reading in readings for person in reading["people"]["fall-2011"])


def test_another_visitor_sees_nothing_of_the_photo(visitor, four_faces: Path) -> None:
    first = visitor()
    first.upload(four_faces)
    first.wait_for_result("4 faces were found")
    second = visitor()

    assert "faces were found" not in second.traffic.received()
    second.wait_for_result("1 face was found")
    assert set(first.addresses) <= set(first.traffic.urls)  # the control
    assert set(first.addresses).isdisjoint(second.traffic.urls)


def test_a_forgotten_photo_leaves_the_page_and_the_server(visitor) -> None:
    # Of noise, so that no other visitor has a picture with the same bytes, for which the server would keep it.
    file = io.BytesIO()
    Image.effect_noise((64, 64), 80).save(file, "PNG")
    page = visitor()
    page.upload(FilePayload(name="noise.png", mimeType="image/png", buffer=file.getvalue()))
    page.wait_for_result("No face was found")
    addresses = page.addresses
    assert all(page.page.request.get(address).ok for address in addresses)  # the control
    page.button("forget").click()
    page.wait_for_result("1 face was found")

    assert not any(page.page.request.get(address).ok for address in addresses)


def test_the_page_is_whole_where_the_browser_keeps_its_storage_back_as_in_a_frame(visitor) -> None:
    page = visitor()
    refuse = "{get() { throw new DOMException('Access is denied', 'SecurityError'); }}"
    page.page.add_init_script(f"Object.defineProperty(window, 'sessionStorage', {refuse})")
    page.open()
    expect(page.page.get_by_text("BidiComponent Error")).to_have_count(0)
    file = io.BytesIO()
    Image.effect_noise((64, 64), 80).save(file, "PNG")
    page.upload(FilePayload(name="noise.png", mimeType="image/png", buffer=file.getvalue()))
    page.wait_for_result("No face was found")


@pytest.mark.parametrize("path", [pytest.param("", marks=pytest.mark.watch), "/photo"])
def test_the_first_visitor_of_all_can_mask_words_whatever_the_address(first_visitor, path: str) -> None:
    page = first_visitor(path=path)
    if path:  # no page has this address: Streamlit says so, and shows the first page behind that
        expect(page.page.get_by_role("dialog")).to_be_visible(timeout=PATIENCE)
        page.page.keyboard.press("Escape")

    page.choose_another_sample("Coffee")  # whose first word is covered
    page.open_chip()


TWO_FRAMES = "() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
STATES: dict[str, Callable] = {
    "the exhibit": lambda page: None,
    "the dialog": lambda page: (page.button("own_photo").click(), page.button("notice_button").wait_for()),
    "masked words": lambda page: (page.page.keyboard.press("Escape"), page.choose_another_sample("Coffee")),
    "everything shown": lambda page: (page.choose_another_sample("Photographer"), page.show_all()),
}


def test_on_a_phone_nothing_reaches_beyond_the_edge(visitor) -> None:
    page = visitor(width=390, height=844)
    for state, reach in STATES.items():
        reach(page)
        for width in (320, 390):
            page.page.set_viewport_size({"width": width, "height": 844})
            page.page.evaluate(TWO_FRAMES)
            assert page.overflow == [], (state, width)
    expect(page.exceptions).to_have_count(0)


def test_on_a_phone_the_answer_stands_in_the_first_screen_and_a_half_after_a_tap(visitor) -> None:
    page = visitor(width=390, height=844)
    page.choose_another_sample("Cat")
    end = page.page.locator(".st-key-answer_word").evaluate(
        """answer => answer.getBoundingClientRect().bottom + document.querySelector('[data-testid=stMain]').scrollTop"""
    )
    assert end < 1.5 * 844


@pytest.mark.parametrize("width", [1280, 390])
def test_a_word_that_is_revealed_moves_nothing_above_it(visitor, width: int) -> None:
    page = visitor(width=width, height=1200)
    page.choose_another_sample("Photographer")
    above = page.page.locator("h1, h2, .st-key-answer, .st-key-covered").filter(visible=True)
    reveal = page.page.locator("[class*=st-key-reveal_rung_] button").first
    top = "element => element.getBoundingClientRect().top + document.querySelector('[data-testid=stMain]').scrollTop"
    limit = reveal.evaluate(top)
    before = [each for each in above.evaluate_all(f"all => all.map({top})") if each < limit]
    masked = page.masked_labels
    reveal.click()
    expect(page.page.get_by_text("[covered: ")).not_to_have_count(masked)
    page._settle(page.explanation)
    assert [each for each in above.evaluate_all(f"all => all.map({top})") if each < limit] == before


def _mask_all(page) -> None:
    page.button("mask_all").click()
    expect(page.button("mask_all")).to_have_count(0, timeout=PATIENCE)
    page.wait_for_result("found")


def _walk_to_a_photo_with_masked_labels(page) -> None:
    page.choose_another_sample("Photographer")
    assert page.masked_labels > 0
