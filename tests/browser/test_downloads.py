"""A model is downloaded in a real browser, from a server of the test that pauses: seen, stopped, and gone wrong."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import downloaded_models
import file_server
import pytest
import small_models
from playwright.sync_api import Browser, expect

from tests.browser.pages import PATIENCE, PhotoPage, Visitors
from tests.servers import APP, serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NAMES = ("first", "second", "third")  # a model for each test


@pytest.fixture(scope="module")
def home() -> Iterator[file_server.Home]:
    with file_server.serving() as home:
        yield home


@pytest.fixture(scope="module")
def folder(home: file_server.Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default model, and cards of others that the server publishes."""
    folder = tmp_path_factory.mktemp("shop") / "models"
    tensors = downloaded_models.weights()
    downloaded_models.lay(folder, *((downloaded_models.card(name), tensors) for name in NAMES))
    for name in NAMES:
        file = folder / "weights" / f"{name}.safetensors"
        card = small_models.naming(downloaded_models.card(name), file)
        weights = dataclasses.replace(card.weights, url=home.url)
        small_models.write(dataclasses.replace(card, weights=weights), folder)
        home.content = file.read_bytes()
        file.unlink()
    return folder


@pytest.fixture(scope="module")
def shop(chromium: Browser, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitors]:
    """Call it for each visitor of an app with these models."""
    with serving(APP, tmp_path_factory.mktemp("log") / "log.txt", EXPLAINER_MODELS=str(folder)) as server:
        visitors = Visitors(chromium, server)
        yield visitors
        visitors.leave()


@pytest.fixture
def page(shop: Visitors) -> PhotoPage:
    """Labels on a picture, and the list of models opened."""
    page = shop()
    page.choose_sample("Coffee")
    page.wait_for_result("No face was found")
    page.open_settings()
    page.page.get_by_text("About this model, and others to download").click()
    expect(page.button("download_third")).to_be_visible()
    return page


def downloading(page: PhotoPage, least: int) -> None:
    """Wait until so many per cent are there, as the bar says."""
    seen = f"() => [...document.querySelectorAll('[data-testid=stProgress]')].some(bar => {{ const found = \
        bar.innerText.match(/Downloading, (\\d+)%/); return found && +found[1] >= {least} }})"
    page.page.wait_for_function(seen, timeout=PATIENCE)


def test_a_download_is_seen_to_come_and_the_model_can_be_chosen_at_its_end(
    page: PhotoPage, home: file_server.Home
) -> None:
    home.pause_at(*(len(home.content) * per_cent // 100 for per_cent in (6, 31, 61)))
    page.button("download_first").click()
    for least in (5, 30, 60):
        downloading(page, least)
        home.go_on()
    expect(page.button("download_first")).to_have_count(0, timeout=PATIENCE)
    expect(page.button("stop_first")).to_have_count(0, timeout=PATIENCE)
    page.page.locator(".st-key-model").get_by_role("combobox").click()
    page.page.get_by_role("option", name="First", exact=True).click()
    page.wait_for_result("No face was found")
    expect(page.page.locator(".st-key-model input")).to_have_value("First")
    expect(page.error).to_have_count(0)


def test_a_download_that_fails_says_why_and_can_be_tried_again(page: PhotoPage, home: file_server.Home) -> None:
    home.pause_at()
    home.content, whole = b"another file", home.content
    page.button("download_second").click()
    expect(page.error).to_contain_text("it offers 12 bytes instead of", timeout=PATIENCE)
    expect(page.button("download_second")).to_be_visible()
    expect(page.page.get_by_test_id("stProgress")).to_have_count(0)
    home.content = whole
    page.button("download_second").click()
    expect(page.button("download_second")).to_have_count(0, timeout=PATIENCE)
    expect(page.button("stop_second")).to_have_count(0, timeout=PATIENCE)
    expect(page.error).to_have_count(0)


def test_a_download_that_was_stopped_goes_on_where_it_ended(
    page: PhotoPage, home: file_server.Home, folder: Path
) -> None:
    home.pause_at(len(home.content) // 8)
    page.button("download_third").click()
    downloading(page, 10)
    page.button("stop_third").click()
    expect(page.button("download_third")).to_be_visible(timeout=PATIENCE)
    expect(page.page.get_by_test_id("stProgress")).to_have_count(0)
    expect(page.error).to_contain_text("it can go on where it ended")
    home.pause_at()
    page.button("download_third").click()
    expect(page.button("download_third")).to_have_count(0, timeout=PATIENCE)
    expect(page.button("stop_third")).to_have_count(0, timeout=PATIENCE)
    begin = int((home.asked[-1] or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
    assert begin > len(home.content) // 20
    assert (folder / "weights" / "third.safetensors").read_bytes() == home.content
