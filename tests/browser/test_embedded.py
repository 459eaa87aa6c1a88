"""The app in a frame of another site's page, where the browser sends no cookies and keeps nothing."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, expect

from explainer.ui import arrival
from tests.browser.pages import BOXES_OF_ERRORS, PATIENCE
from tests.servers import MUSEUM, Server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def in_a_frame(chromium: Browser, app: Server) -> Iterator[Callable[[str], FrameLocator]]:
    """Call it with a path of the app for a museum's page round it."""

    def framed(path: str) -> FrameLocator:
        page = chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.set_default_timeout(PATIENCE)
        frame = f"<h1>Our exhibition</h1><iframe src='{app.url}/{path}' width=1200 height=680></iframe>"
        page.route(f"{MUSEUM}/**", lambda route: route.fulfill(content_type="text/html", body=frame))
        page.goto(f"{MUSEUM}/exhibition")
        return page.frame_locator("iframe")

    yield framed
    for context in chromium.contexts:
        context.close()


def at_rest(app: FrameLocator) -> Locator:
    return app.locator("[data-testid=stApp][data-test-script-state=notRunning]")


def storage(app: FrameLocator) -> str:
    """What the browser says to a page that would keep something."""
    look = "() => { try { return sessionStorage.length } catch (error) { return error.name } }"
    said: str = app.locator("body").evaluate(look)
    return said


@pytest.mark.parametrize("path", ["", "?embed=true"])
def test_a_sample_picture_is_labelled_in_it(in_a_frame, path: str) -> None:
    app = in_a_frame(path)
    crop = app.get_by_alt_text("The square cut out for the network").first
    expect(crop).to_be_visible()
    assert storage(app) == "SecurityError"
    before = crop.get_attribute("src")
    app.get_by_role("button", name="Cat", exact=True).click()
    expect(crop).not_to_have_attribute("src", before or "")
    expect(app.get_by_alt_text(re.compile("What the network saw"))).to_be_visible()
    expect(at_rest(app)).to_be_visible()
    expect(app.locator(".arrival").or_(app.locator(BOXES_OF_ERRORS))).to_have_count(1)
    assert app.locator(BOXES_OF_ERRORS).all_inner_texts() == []


def test_a_photo_of_ones_own_gets_a_sentence_and_a_way_out_of_it(in_a_frame, app: Server) -> None:
    frame = in_a_frame("")
    frame.locator(".st-key-own_photo button").click()
    frame.locator(".st-key-notice_button button").click()
    expect(frame.get_by_text("This browser sends no cookies here")).to_be_visible()
    expect(frame.get_by_role("link", name="Open in a window of its own")).to_have_attribute("href", app.url)
    frame.locator("input[type=file]").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"a photo"})
    expect(frame.locator(".arrival")).to_have_text(arrival._SENTENCES["refused"])


def test_an_old_page_is_loaded_again_once_in_it(in_a_frame) -> None:
    """Where a script is of another version; once, as no page may load itself without end."""
    app = in_a_frame("about")
    body, script = app.locator("body"), "import('/static/js/index.AAAAAAAA.js')"
    expect(at_rest(app)).to_be_visible()
    body.evaluate("() => { document.body.className = 'old' }")
    body.evaluate(f"() => {{ {script} }}")
    expect(app.locator("body.old")).to_have_count(0)
    body.evaluate("() => { document.body.className = 'new' }")
    body.evaluate(f"() => {script}.then(() => null)")
    expect(app.locator("body.new")).to_have_count(1)


def test_a_page_elsewhere_that_was_not_named_shows_nothing_of_the_app(chromium: Browser, app: Server) -> None:
    page = chromium.new_context().new_page()
    frame = f"<iframe src='{app.url}'></iframe>"
    page.route("http://stranger.example/**", lambda route: route.fulfill(content_type="text/html", body=frame))
    with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        page.goto("http://stranger.example/")
    page.context.close()
