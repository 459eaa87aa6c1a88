"""What a visitor on a phone is told when a photo does not arrive, and where no camera or no face is found."""

from pathlib import Path

import pytest
import skimage
from playwright.sync_api import expect

from explainer.ui import arrival

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

ASTRONAUT = Path(skimage.__file__).parent / "data" / "astronaut.png"
COFFEE = ASTRONAUT.with_name("coffee.png")
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def phone(visitor):
    return visitor(**PHONE)


def banner(page):
    return page.page.locator(".arrival")


def test_an_upload_that_breaks_off_is_announced_and_another_is_taken(phone) -> None:
    phone.page.route("**/_stcore/upload_file/**", lambda route: route.abort("connectionreset"))
    phone.upload(ASTRONAUT)
    expect(banner(phone)).to_have_text(arrival._SENTENCES["failed"], timeout=40_000)
    phone.page.unroute("**/_stcore/upload_file/**")
    phone.upload(COFFEE)
    phone.wait_for_result("No face was found")
    expect(phone.button("forget")).to_be_visible()
    expect(banner(phone)).to_be_hidden()
    assert phone.overflow == []


def test_a_page_that_began_anew_says_that_the_photo_is_gone(phone) -> None:
    phone.upload(ASTRONAUT)
    expect(phone.button("forget")).to_be_visible()
    phone.open()
    expect(banner(phone)).to_have_text(
        "The page began anew, so your photo is not here any more. Please choose it again."
    )


def test_a_browser_is_asked_not_to_translate_and_one_that_does_is_told_why_not(phone) -> None:
    assert phone.page.evaluate("document.documentElement.getAttribute('translate')") == "no"
    phone.page.evaluate("document.documentElement.classList.add('translated-ltr')")
    expect(phone.page.get_by_text("A translated page mixes old labels with new ones")).to_be_visible()


def test_a_frame_is_placed_by_a_press_and_by_the_keyboard(phone) -> None:
    phone.choose_another_sample("Cat")
    phone.button("frame_start").click()
    picture = phone.page.locator("img.pressed")
    expect(picture).to_be_visible()
    crop = phone.crop.get_attribute("src")
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] * 0.45, "y": box["height"] * 0.4})
    expect(phone.crop).not_to_have_attribute("src", crop or "")
    phone.wait_for_result("You placed the green frame")
    crop = phone.crop.get_attribute("src")
    expect(phone.page.locator(".st-key-frame_across")).to_contain_text("45")
    phone.page.locator(".st-key-frame_side [role=slider], .st-key-frame_side input").first.press("ArrowRight")
    expect(phone.crop).not_to_have_attribute("src", crop or "")
    expect(phone.page.locator(".st-key-frame_side")).to_contain_text("41")
    phone.wait_for_result("You placed the green frame")
    assert phone.overflow == []


def test_a_camera_that_is_not_there_is_named(phone) -> None:
    phone.button("own_photo").click()
    phone.button("notice_button").click()
    phone.page.locator(".st-key-camera label").first.click()
    expect(phone.page.get_by_text("No camera was found.")).to_be_visible()
