"""The pages of the app as a visitor sees them in a real Chromium: where things are, and how to wait for them."""

import io
import json
import re
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from PIL import Image
from playwright.sync_api import (
    Browser,
    FilePayload,
    Locator,
    Page,
    Response,
    TimeoutError,
    WebSocket,
    expect,
    sync_playwright,
)
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from explainer.charts import tree as tree_charts
from tests.servers import Server

ROOT = Path(__file__).parents[2]
PHOTOS = ROOT.parent / "shared" / "photos"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# The first ones fill each new window's address bar, which nobody sees: half a second of processor a window. The others
# are those of Playwright's own list that could matter here, as of two such lists Chromium takes the last.
FEATURES_OFF = (
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "WebUIOmniboxPopupPresence",
    "DestroyProfileOnBrowserClose", "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter",
    "PaintHolding", "ThirdPartyStoragePartitioning", "OptimizationHints", "NetworkTimeServiceQuerying",
    "AimEnabled", "PreconnectToSearch", "AvoidUnnecessaryBeforeUnloadCheckSync", "LocalNetworkAccessChecks",
)  # fmt: skip
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", f"--disable-features={','.join(FEATURES_OFF)}",
)  # fmt: skip
PATIENCE = 120_000  # milliseconds: on a busy machine the models take long to load
_AT_REST = 20.0  # seconds within which a page fits its window, at the latest
_ASKED, _BEGUN = 1.0, 20.0  # seconds within which a page asks for what was pressed, and within which that begins
expect.set_options(timeout=PATIENCE)  # a machine that is busy is slow, and not wrong
BOXES_OF_ERRORS = "[data-testid=stException], [data-testid=stErrorElementStack]"  # of a script, and of a component
NOT_A_PHOTO = FilePayload(name="holiday.jpg", mimeType="image/jpeg", buffer=b"not a photo at all")

# Browser windows


def find_chromium() -> str | None:
    """The first Chromium or Chrome on the PATH."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


@contextmanager
def chromium_running(executable: str) -> Iterator[Browser]:
    """A headless browser; its windows share nothing with each other."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Traffic:
    """All that a page requested and received: addresses, bodies of responses, frames of websockets."""

    urls: list[str] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    asked: int = 0
    """How often the page asked for a run of its script, or of a fragment."""
    waits: bool = False
    """Whether the one that it asked for last has not begun yet: until then the page seems to be at rest."""

    def listen(self, page: Page) -> None:
        page.on("request", lambda request: self.urls.append(request.url))
        page.on("response", lambda response: self.responses.append(response))
        page.on("websocket", self._listen_to_socket)

    def _listen_to_socket(self, socket: WebSocket) -> None:
        self.urls.append(socket.url)
        socket.on("framereceived", self._receive)
        socket.on("framesent", self._send)
        self.waits = False

    def _receive(self, frame: str | bytes) -> None:
        self.frames.append(_text(frame))
        if isinstance(frame, bytes) and ForwardMsg.FromString(frame).WhichOneof("type") == "new_session":
            self.waits = False

    def _send(self, frame: str | bytes) -> None:
        self.sent.append(_text(frame))
        if isinstance(frame, bytes) and BackMsg.FromString(frame).WhichOneof("type") == "rerun_script":
            self.asked, self.waits = self.asked + 1, True

    @property
    def hosts(self) -> set[str]:
        """The hosts that the page spoke to, such as "127.0.0.1:8501"; data: and blob: addresses have none."""
        return {urlsplit(url).netloc for url in self.urls if urlsplit(url).scheme not in ("data", "blob")}

    def received(self) -> str:
        """Addresses, headers, bodies and frames as one text."""
        while self.responses:
            answer = self.responses.pop()
            # The body of a download goes to a file, which `download` reads; here it would never come.
            if answer.ok and "attachment" not in answer.headers.get("content-disposition", ""):
                self.answers.append(f"{answer.url}\n{answer.headers}\n{_text(answer.body())}")
        return "\n".join([*self.answers, *self.frames])


def _text(content: str | bytes) -> str:
    return content if isinstance(content, str) else content.decode("utf-8", "replace")


class AppPage:
    """What all pages of the app have."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.traffic = Traffic()
        self.traffic.listen(page)
        page.set_default_timeout(PATIENCE)

    def show_all(self) -> None:
        """Reveal every word: open the chip, and confirm."""
        self.open_chip()
        self.button("reveal_all").click()
        self._settle(self.button("mask_all"))

    def open_chip(self) -> None:
        """Open what the chip with the number of covered words holds."""
        self.page.locator(".st-key-covered_words button").first.click()
        expect(self.button("reveal_all")).to_be_visible(timeout=PATIENCE)

    def download(self, key: str) -> bytes:
        """What a download button hands over."""
        with self.page.expect_download() as download:
            self.button(key).click()
        return Path(download.value.path()).read_bytes()

    def choose(self, key: str, option: str) -> None:
        """Press one of several buttons in a row: a release, a face, a method."""
        self._press(self.page.locator(f".st-key-{key}").get_by_role("radio", name=option, exact=True))

    def button(self, key: str) -> Locator:
        return self.page.locator(f".st-key-{key} button")

    @property
    def error(self) -> Locator:
        return self.page.get_by_test_id("stAlert")

    @property
    def exceptions(self) -> Locator:
        return self.page.locator(BOXES_OF_ERRORS)

    @property
    def reveal_buttons(self) -> Locator:
        return self.page.locator("[class*=st-key-reveal_] button").filter(has_text="Reveal")

    @property
    def masked_labels(self) -> int:
        """How many lines of text say that a word is masked."""
        return self.text.count("[covered: ")

    @property
    def text(self) -> str:
        return self.page.get_by_test_id("stMain").inner_text()

    @property
    def overflow(self) -> list[str]:
        """What reaches beyond the right edge of the window, each as the beginning of its text or its name.

        A chart that is drawn anew, as with another theme, follows the window's width a moment later: it is waited for.
        """
        deadline = time.monotonic() + _AT_REST
        while (beyond := self._beyond_the_edge()) and time.monotonic() < deadline:
            self.page.wait_for_timeout(200)
        return beyond

    def _beyond_the_edge(self) -> list[str]:
        names: list[str] = self.page.evaluate(
            """() => [...document.querySelectorAll('[data-testid=stMain], [data-testid=stMain] *, header, header *')]
                .filter(e => e.parentElement.offsetWidth > 1)  // else it is there for screen readers alone
                .filter(e => !e.closest('[data-testid=stDataFrame], [role=tablist]'))  // these scroll within themselves
                .filter(e => !e.matches('[data-testid=stFullScreenFrame], [data-testid=stPlotlyChart]'))  // not seen
                .filter(e => e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1)
                .map(e => `${e.dataset.testid || e.tagName}: ${e.innerText || ''}`.slice(0, 80))"""
        )
        scrolls: bool = self.page.evaluate(
            """() => ['html', '[data-testid=stMain]'].some(name => {
                const e = document.querySelector(name); return e.scrollWidth > e.clientWidth})"""
        )
        return [*names, *(["the page scrolls sideways"] if scrolls else [])]

    @property
    def height(self) -> int:
        """Pixels from the top of the page to the end of its content; Streamlit scrolls inside the window."""
        return int(
            self.page.evaluate(
                """() => Math.ceil(document.querySelector('[data-testid=stMainBlockContainer]').getBoundingClientRect()
                    .height + document.querySelector('[data-testid=stMain]').getBoundingClientRect().top)"""
            )
        )

    def resize(self, width: int, height: int) -> None:
        """Give the window another size, and wait until the charts fit it."""
        self.page.set_viewport_size({"width": width, "height": height})
        self._settle(self.page.get_by_test_id("stMain"))
        self.page.wait_for_function(
            """() => [...document.querySelectorAll('.js-plotly-plot')]
                .every(chart => chart.getBoundingClientRect().right <= innerWidth + 1)"""
        )

    def _look_at_another_page(self, title: str) -> None:
        """Look at the page "About", and come back to the one with that title by the menu."""
        self.page.get_by_role("link", name="About", exact=True).click()
        self._settle(self.page.get_by_role("heading", name="What the harm was"))
        self.page.get_by_role("link", name=title, exact=True).click()

    def _open(self, choice: Locator, option: Locator) -> None:
        """Open a list of options, again where what still unfolds, or a script that still runs, closes it."""
        while not option.count():
            if choice.get_attribute("aria-expanded") != "true":
                choice.click()
            with suppress(TimeoutError):
                option.wait_for(timeout=500)

    def _press(self, what: Locator) -> None:
        """Press something, and wait until its run has begun."""
        asked, deadline = self.traffic.asked, time.monotonic() + _ASKED
        what.click()
        while self.traffic.asked == asked and time.monotonic() < deadline:
            self.page.wait_for_timeout(20)
        self._wait_until_begun()

    def _wait_until_begun(self) -> None:
        """Wait until the run has begun that the page asked for last; some that nobody sees are asked for in vain."""
        deadline = time.monotonic() + _BEGUN
        while self.traffic.waits and time.monotonic() < deadline:
            self.page.wait_for_timeout(20)

    def _settle(self, sign: Locator) -> None:
        """Wait until an element is there, the script has ended, and the pictures and what draws elements are loaded.

        What waits for its script is as high as a button: all below it moves as it is drawn, away from under a press.
        """
        self._wait_until_begun()
        expect(sign.or_(self.exceptions).first).to_be_visible(timeout=PATIENCE)
        expect(self.exceptions).to_have_count(0)
        self.page.wait_for_function(
            """() => document.querySelector('[data-testid=stApp]').dataset.testScriptState == 'notRunning'
                && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
                && [...document.images].every(image => image.complete)"""
        )


class PhotoPage(AppPage):
    """The page "Your photo". Only this class knows where things are on it."""

    def settle(self) -> None:
        """Wait until nothing is drawn any more."""
        self._settle(self.page.get_by_test_id("stApp"))

    def open(self) -> "PhotoPage":
        self.page.goto(self.url)
        self._settle(self.explanation)
        return self

    def choose_sample(self, title: str) -> None:
        self.sample(title).click()

    def choose_another_sample(self, title: str) -> None:
        """Choose a sample while another photo is there, and wait for its result."""
        address = self.crop.get_attribute("src")
        self.choose_sample(title)
        expect(self.crop).not_to_have_attribute("src", address or "", timeout=PATIENCE)
        self._settle(self.explanation)

    def upload(self, file: Path | FilePayload) -> None:
        """Bring a photo: open the dialog, agree to it the first time, and hand over the file."""
        dialog, chooser = self.page.get_by_role("dialog"), self.page.locator("input[type=file]")
        agree = self.button("notice_button")
        end = time.monotonic() + PATIENCE / 1000
        while True:
            try:
                if not dialog.count():
                    self.button("own_photo").click(timeout=5000)
                agree.or_(chooser).first.wait_for(state="attached", timeout=5000)
                if agree.count():
                    agree.click(timeout=5000)
                chooser.last.set_input_files(file, timeout=30_000)  # beside one that did not arrive there is another
                return
            except TimeoutError:  # a page that comes back is drawn anew, and the dialog goes at any of these steps
                if agree.or_(chooser).count() or time.monotonic() > end:
                    raise

    def open_settings(self) -> None:
        """Open the settings: the whole picture, the model, files to take away."""
        if not self.button("download_readings").is_visible():
            self.page.locator(".st-key-settings button").first.click()
        expect(self.button("download_readings")).to_be_visible(timeout=PATIENCE)

    def wait_for_result(self, found: str) -> None:
        """Wait until the labels and the explanation are shown, under the sentence that begins with `found`."""
        self._settle(self.page.get_by_text(found))
        self._settle(self.explanation)

    def wait_for_another_explanation(self, address: str | None) -> None:
        """Wait until the explanation is another picture than the one at `address`."""
        expect(self.explanation).not_to_have_attribute("src", address or "", timeout=PATIENCE)
        self._settle(self.explanation)

    def wait_for_words_in_place_of_a_mask(self) -> None:
        """Wait until something was revealed: only then can it be masked again."""
        expect(self.button("mask_all")).to_have_count(1, timeout=PATIENCE)
        self._settle(self.explanation)

    def wait_for_error(self) -> None:
        self._settle(self.error)

    def choose_target(self, place: int) -> str:
        """Choose what is explained, by its place in the list; returns what the list says of it."""
        option = self.page.get_by_role("option").nth(place)
        self._open(self.page.locator("[class*=st-key-target_]").get_by_role("combobox"), option)
        text = option.inner_text()
        option.click()
        return text

    def shown(self) -> Image.Image:
        """The photo with its boxes, fetched as the page does."""
        answer = self.page.request.get(self.addresses[0])
        return Image.open(io.BytesIO(answer.body())).convert("RGB")

    def go_on_to_removal(self) -> "RemovalPage":
        """Go to the page "Before and after" by the menu."""
        self.page.get_by_role("link", name="Before and after").click()
        page = RemovalPage(self.page, self.url)
        self._settle(page.chart("removal-steps"))
        return page

    def sample(self, title: str) -> Locator:
        """The button of a sample picture."""
        return self.page.locator(".st-key-samples").get_by_role("button", name=title, exact=True)

    @property
    def pictures(self) -> Locator:
        """The photo with its frame first, then what the network saw twice, then the explanation."""
        return self.page.locator(
            "img[alt^='The picture with'], img[alt^='The square'], img[alt^='What the network saw']"
        )

    @property
    def crop(self) -> Locator:
        """What the network saw."""
        return self.page.get_by_alt_text("The square cut out for the network").first  # of two while one takes over

    @property
    def addresses(self) -> list[str]:
        """Where the pictures were fetched from."""
        return [urljoin(self.url, picture.get_attribute("src") or "") for picture in self.pictures.all()]

    @property
    def explanation(self) -> Locator:
        return self.page.get_by_alt_text(re.compile("^What the network saw"))

    @property
    def ladder(self) -> Locator:
        """The list of the closest words."""
        return self.page.locator(".st-key-ladder")


class TreePage(AppPage):
    """The page "Category tree"."""

    def open(self, category: str | None = None) -> "TreePage":
        self.page.goto(f"{self.url}/tree" + (f"?category={category}" if category else ""))
        self._settle(self.button("start_all"))
        return self

    def wait_for_place(self, wnid: str) -> None:
        """Wait until a category's card stands there, and its address above it."""
        self.page.wait_for_url(re.compile(f"category={wnid}$"), timeout=PATIENCE)
        self._settle(self.card.get_by_text(wnid, exact=True))

    def choose_kind(self, kind: str) -> None:
        """Choose how the map is drawn, and wait until it is."""
        self.choose("kind", tree_charts.KINDS[kind])
        self._settle(self.map.locator(f".{kind}layer .slicetext").first)

    def open_filters(self) -> None:
        """Open the filters of the list, and wait until the last of them stands still and can be pressed."""
        self.page.get_by_text("Filters", exact=True).click()
        self.page.locator(".st-key-least_images input").click(trial=True)

    def wait_for_list(self, begin: str) -> None:
        """Wait until the list has so many categories, and its table and its file are those."""
        self._settle(self.page.get_by_text(re.compile(f"^{begin}")))

    def click_on_map(self, name: str) -> None:
        """Click on a field of the map by its words."""
        field = self.map.locator(".slicetext").filter(has_text=re.compile(f"^{name}$")).first
        expect(field).to_be_visible(timeout=PATIENCE)
        box = field.bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def type_into_search(self, text: str) -> None:
        self.page.locator(".st-key-search input").press_sequentially(text, delay=50)

    @property
    def hits(self) -> Locator:
        return self.page.locator("[class*=st-key-hit_] button")

    @property
    def map(self) -> Locator:
        return self.page.get_by_test_id("stPlotlyChart")

    @property
    def card(self) -> Locator:
        """The column with the words of the category."""
        return self.page.get_by_test_id("stColumn").filter(has=self.page.locator("h2"))


class RemovalPage(AppPage):
    """The page "Before and after"."""

    CHARTS: ClassVar[dict[str, str]] = {
        "The removal": "removal-steps",
        "The rule": "imageability",
        "The branches": "branches",
        "The maps": "map-after",
        "Still in use": "afterlife",
    }
    """A chart of each part that has one."""

    def open(self, part: str = "The removal") -> "RemovalPage":
        """The page with a part open, by its title, once its chart is drawn."""
        self.page.goto(f"{self.url}/removal?{urlencode({'part': part})}")
        self._settle(self.chart(self.CHARTS[part]))
        return self

    def go_to(self, part: str) -> None:
        """Open another part by its tab."""
        self._press(self.page.get_by_role("tab", name=part, exact=True))
        self._settle(self.chart(self.CHARTS[part]))

    def open_smaller_branches(self, left: int) -> None:
        """Open the row of branches that the maps do not draw, and wait until so many are left in it."""
        self.button("map_more").click()
        expect(self.button("map_more")).to_contain_text(f"{left} more branches")
        expect(self.chart("map-before")).to_have_count(1)
        expect(self.chart("map-after")).to_have_count(1)

    def follow(self, link: str) -> TreePage:
        """Follow a link into the tree by what it says."""
        self.page.get_by_role("link", name=link, exact=True).click()
        return TreePage(self.page, self.url)

    def choose_release(self, title: str) -> None:
        """Step to a release, and wait until its map is drawn."""
        self.choose("after", title)
        self._settle(self.chart("map-after").get_by_text(f"{title}; area:"))

    def move_threshold(self, key: str) -> None:
        """Press a key on the slider, and wait until the rule has another outcome."""
        before = self.kept.inner_text()
        self.page.locator(".st-key-threshold input").press(key)
        expect(self.kept).not_to_have_text(before, timeout=PATIENCE)
        self._settle(self.chart("imageability"))

    def drop(self, safety: str) -> None:
        """Drop a safety class by the rule, or no longer, and wait for the outcome."""
        before = self.kept.inner_text()
        self.page.locator(".st-key-drop").get_by_role("button", name=safety, exact=True).click()
        expect(self.kept).not_to_have_text(before, timeout=PATIENCE)

    def be_strict(self) -> None:
        """Ask for more than the threshold, and wait for the outcome."""
        before = self.kept.inner_text()
        self.page.locator(".st-key-strict label").click()
        expect(self.kept).not_to_have_text(before, timeout=PATIENCE)

    def leave_and_come_back(self) -> "RemovalPage":
        """Look at another page by the menu, and come back."""
        self._look_at_another_page("Before and after")
        self._settle(self.page.get_by_role("tab").first)
        return self

    def wait_for_labels(self) -> None:
        self._settle(self.page.get_by_text("In 2011: "))

    def chart(self, key: str) -> Locator:
        return self.page.locator(f".st-key-{key} .js-plotly-plot")

    def places(self, key: str) -> list[str]:
        """The outlines of the fields of a map, each in pixels of its own drawing."""
        outlines: list[str] = (
            self.chart(key)
            .locator("path.surface")
            .evaluate_all("fields => fields.map(field => field.getAttribute('d'))")
        )
        return outlines

    def click_on_branch(self, key: str, name: str) -> None:
        """Click on the name of a branch on one of the maps, and wait until another place is shown."""
        before = self.page.locator("[class*=st-key-map_way_] button").count()
        heading = self.chart(key).locator(".slicetext").filter(has_text=re.compile(f"^{name}$")).first
        expect(heading).to_be_visible(timeout=PATIENCE)
        heading.scroll_into_view_if_needed()
        box = heading.bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        expect(self.page.locator("[class*=st-key-map_way_] button")).to_have_count(before + 1, timeout=PATIENCE)
        self._settle(self.chart(key))

    def go_back_to_all_people(self) -> None:
        """Press the way back of the maps to where they begin."""
        self.button("map_way_1").click()
        self._settle(self.page.get_by_text("A click on a branch"))

    def draw_large(self) -> None:
        """Press the switch for large charts, and wait until they are drawn."""
        before = self.chart("map-after").evaluate("chart => chart.offsetHeight")
        self.page.locator(".st-key-large label").click()
        self.page.wait_for_function(
            "before => document.querySelector('.st-key-map-after .js-plotly-plot').offsetHeight != before", arg=before
        )
        self._settle(self.chart("map-after").locator(".slicetext").first)

    def name_sizes(self, key: str) -> list[float]:
        """The height of the names that are drawn on a map, in pixels."""
        sizes: list[float] = self.chart(key).evaluate(
            """chart => [...chart.querySelectorAll('text.slicetext')]
                .filter(name => name.textContent && name.getBoundingClientRect().width)
                .map(name => parseFloat(getComputedStyle(name).fontSize) * name.getCTM().a)"""
        )
        return sizes

    def hover_texts(self, key: str) -> list[str]:
        """The hover text of each field of a chart that is large enough to point at."""
        self.chart(key).scroll_into_view_if_needed()
        middles: list[list[float]] = self.chart(key).evaluate(
            """chart => [...chart.querySelectorAll('path.surface, .bars .point path')]
                .map(field => field.getBoundingClientRect())
                .filter(box => box.width > 6 && box.height > 6)
                .map(box => [box.x + box.width / 2, box.y + box.height / 2])"""
        )
        texts = []
        for x, y in middles:
            self.page.mouse.move(x, y)
            self.page.wait_for_timeout(100)  # Plotly looks where the mouse is at intervals
            texts.append(self.chart(key).locator(".hoverlayer").text_content() or "")
        return texts

    @property
    def kept(self) -> Locator:
        """How many categories the visitor's rule keeps."""
        return self.page.get_by_test_id("stMetric").filter(has_text="Categories kept").get_by_test_id("stMetricValue")


class AboutPage(AppPage):
    """The page "About"."""

    def open(self) -> "AboutPage":
        self.page.goto(f"{self.url}/about")
        self._settle(self.page.get_by_role("heading", name="What the harm was"))
        return self


class PicturePage(AppPage):
    """A page that needs a picture: the sample is chosen, once it is open."""

    title: str
    path: str
    sign: str

    def leave_and_come_back(self) -> Self:
        """Look at another page by the menu, and come back."""
        self._look_at_another_page(self.title)
        self._settle(self.page.locator(f".st-key-{self.sign}"))
        return self

    def open(self, sample: str) -> Self:
        self.page.goto(f"{self.url}/{self.path}")
        self._press(self.page.locator(".st-key-samples").get_by_role("button", name=sample, exact=True))
        self._settle(self.page.locator(f".st-key-{self.sign}"))
        return self


class LaboratoryPage(PicturePage):
    """The page "Laboratory"."""

    title, path, sign = "Laboratory", "laboratory", "explain"

    def choose_methods(self, *titles: str) -> None:
        """Choose or drop methods, one after another."""
        for title in titles:
            self._press(self.page.locator(".st-key-methods").get_by_text(title, exact=True))
            self._settle(self.page.locator(".st-key-methods"))

    def set(self, key: str, value: str) -> None:
        """Choose a setting: its key is the method's name and its own."""
        if not self.page.locator(f".st-key-{key}").is_visible():
            self.page.get_by_text("Settings", exact=True).click()
        option = self.page.get_by_role("option", name=value, exact=True)
        self._open(self.page.locator(f".st-key-{key}").get_by_role("combobox"), option)
        self._press(option)
        self._settle(self.button("explain"))

    def choose_option(self, key: str, place: int) -> None:
        """Choose from a list by its place in it."""
        option = self.page.get_by_role("option").nth(place)
        self._open(self.page.locator(f".st-key-{key}").get_by_role("combobox"), option)
        self._press(option)
        self._settle(self.button("explain"))

    def move(self, key: str, press: str) -> None:
        """Press a key on a slider."""
        self.page.locator(f".st-key-{key} input").press(press)
        self._settle(self.button("explain"))

    def how_it_was_made(self) -> dict[str, Any]:
        """What the archive says about how the maps on the page were made."""
        archive = zipfile.ZipFile(io.BytesIO(self.download("download_explanations")))
        made: dict[str, Any] = json.loads(archive.read("how.json"))
        return made

    def explain(self, button: str = "explain") -> None:
        """Start explaining, and wait until all maps are shown and compared."""
        self._press(self.button(button).first)  # one with a tooltip is there twice
        self._settle(self.page.locator(".st-key-checked"))

    def check(self, title: str) -> None:
        """Have a map checked, and wait for the result."""
        self.choose("checked", title)
        self._settle(self.button("download_checks"))

    @property
    def methods(self) -> list[str]:
        """The titles of the methods that are chosen."""
        return self.page.locator(".st-key-methods [aria-pressed=true]").all_inner_texts()

    @property
    def choices(self) -> list[str]:
        """The values of the lists and sliders for the label and for all maps."""
        lists = ("laboratory_target", "laboratory_against", "sign", "laboratory_colours")
        sliders = ("laboratory_opacity", "percentile")
        return [self.page.locator(f".st-key-{key} input").input_value() for key in (*lists, *sliders)]

    @property
    def progress(self) -> Locator:
        return self.page.get_by_test_id("stProgress")

    @property
    def maps(self) -> Locator:
        return self.page.get_by_alt_text(re.compile("over what the network saw"))

    @property
    def agreement(self) -> Locator:
        return self.page.get_by_text("Compared as drawn")


class BreakPage(PicturePage):
    """The page "Break it"."""

    title, path, sign = "Break it", "break_it", "every_change"

    def choose_change(self, name: str, title: str) -> None:
        """Choose a change by its title, and wait for its slider, whose key has its name."""
        self._press(self.page.locator(".st-key-corruption").get_by_text(title, exact=True))
        self._settle(self.page.locator(f".st-key-amount_{name}"))

    def move(self, name: str, key: str) -> None:
        """Press a key on the slider of a change, and wait for another picture."""
        before = self.changed.get_attribute("src")
        self.page.locator(f".st-key-amount_{name} input").press(key)
        expect(self.changed).not_to_have_attribute("src", before or "", timeout=PATIENCE)
        self._settle(self.changed)

    def amount(self, name: str) -> str:
        """Where the slider of a change stands."""
        return self.page.locator(f".st-key-amount_{name} input").input_value()

    @property
    def changed(self) -> Locator:
        """The picture under as much of the change as the slider says."""
        return self.page.locator(".st-key-stage img").last

    @property
    def strip(self) -> Locator:
        """The pictures of the strip, each of which says its first word."""
        return self.page.locator(".st-key-row img")

    @property
    def place(self) -> int:
        """Where the word that came first now stands."""
        headline = self.page.locator(".st-key-headline").inner_text()
        if headline.endswith("stays first"):
            return 1
        (place,) = re.findall(r"the old word is now ([\d,]+)(?:st|nd|rd|th) of 2,832", headline)
        return int(place.replace(",", ""))


class RoomPage(AppPage):
    """One screen of a workshop's room: a phone, the projector, or the presenter's notes."""

    def open(self, **address: str) -> "RoomPage":
        self.page.goto(f"{self.url}/workshop?{urlencode(address)}")
        self._settle(self.page.get_by_test_id("stMain").get_by_role("heading").first)
        return self

    def give_key(self, key: str) -> None:
        self.page.locator(".st-key-presenter_key input").fill(key)
        self.press("Open the presenter's page")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def wait_for(self, text: str) -> None:
        """Wait until a text is visible and the script has ended."""
        self._settle(self.page.get_by_test_id("stMain").get_by_text(text).first)

    def go_to(self, title: str) -> None:
        """Go to a step by the menu of the notes."""
        self.press("Go to the step")
        self.page.get_by_role("menuitem", name=title, exact=True).click()
        self.wait_for_step(title)

    def wait_for_step(self, title: str) -> None:
        self._settle(self.page.get_by_role("heading", name=title, exact=True))

    def wait_for_charts(self) -> None:
        """Wait until the charts of the step are drawn, and are no longer being fitted to the window."""
        expect(self.page.get_by_test_id("stMain").get_by_test_id("stSkeleton")).to_have_count(0, timeout=PATIENCE)
        charts = self.page.get_by_test_id("stPlotlyChart")
        before, drawn = [""], []
        while before != drawn:
            for chart in charts.all():
                expect(chart.locator(".main-svg").first).to_be_visible(timeout=PATIENCE)
            before, drawn = drawn, [chart.inner_html() for chart in charts.all()]
            self.page.wait_for_timeout(700 if drawn else 0)

    @property
    def clipped(self) -> list[str]:
        """Texts that are cut off by the window, or by a container that hides its overflow."""
        texts: list[str] = self.page.evaluate(
            """() => {
                const main = document.querySelector('[data-testid=stMain]');
                const walk = document.createTreeWalker(main, NodeFilter.SHOW_TEXT), found = [];
                while (walk.nextNode()) {
                    const range = document.createRange(), text = walk.currentNode.data.trim();
                    range.selectNodeContents(walk.currentNode);
                    const box = range.getBoundingClientRect();
                    if (!text || box.width < 2 || walk.currentNode.parentElement.offsetWidth <= 1) continue;
                    let holder = walk.currentNode.parentElement;
                    while (holder !== main && getComputedStyle(holder).overflow === 'visible')
                        holder = holder.parentElement;
                    const held = holder.getBoundingClientRect();
                    if (box.left < held.left - 2 || box.right > held.right + 2
                        || box.top < held.top - 2 || box.bottom > held.bottom + 2) found.push(text);
                }
                return found;
            }"""
        )
        return texts

    @property
    def scrolls(self) -> bool:
        """Whether the page is larger than the window."""
        page = self.page.get_by_test_id("stMain")
        return bool(page.evaluate("page => page.scrollHeight > innerHeight || page.scrollWidth > innerWidth"))

    @property
    def code(self) -> str:
        """The room's code, from the address."""
        return parse_qs(urlsplit(self.page.url).query)["room"][0]


class Visitors:
    """Visitors of one app, each in a browser context of their own."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self.server = server
        self._browser = browser

    def __call__(self, width: int = 1280, height: int = 1600, path: str = "") -> PhotoPage:
        """A new visitor with the page at `path` open, by default the first one."""
        return PhotoPage(self._window(width, height), self.server.url + path).open()

    def tree(self, category: str | None = None, width: int = 1280, height: int = 1600) -> TreePage:
        """A new visitor with the page "Category tree" open, at a category's address."""
        return TreePage(self._window(width, height), self.server.url).open(category)

    def removal(self, part: str = "The removal", width: int = 1280, height: int = 1600) -> RemovalPage:
        """A new visitor with a part of the page "Before and after" open."""
        return RemovalPage(self._window(width, height), self.server.url).open(part)

    def laboratory(self, sample: str = "Photographer", width: int = 1280, height: int = 1600) -> LaboratoryPage:
        """A new visitor with a sample picture on the page "Laboratory"."""
        return LaboratoryPage(self._window(width, height), self.server.url).open(sample)

    def break_it(self, sample: str = "Photographer", width: int = 1280, height: int = 1600) -> BreakPage:
        """A new visitor with a sample picture on the page "Break it"."""
        return BreakPage(self._window(width, height), self.server.url).open(sample)

    def room(self, width: int, height: int, **address: str) -> RoomPage:
        """A new visitor with the page "Workshop" open, at an address with these parameters."""
        return RoomPage(self._window(width, height), self.server.url).open(**address)

    def _window(self, width: int, height: int) -> Page:
        return self._browser.new_context(viewport={"width": width, "height": height}).new_page()

    def leave(self) -> None:
        for context in self._browser.contexts:
            context.close()

    def leave_behind(self, folder: Path, name: str) -> None:
        """Write what the visitors see, and what the server said, into a folder."""
        pages = [page for context in self._browser.contexts for page in context.pages]
        for number, page in enumerate(pages):
            page.screenshot(path=folder / f"{name}-{number}.png", full_page=True)
            (folder / f"{name}-{number}.txt").write_text(f"{page.url}\n{page.inner_text('body')}", "utf-8")
            (folder / f"{name}-{number}.html").write_text(page.content(), "utf-8")
        (folder / f"{name}.log").write_text(self.server.log, "utf-8")
