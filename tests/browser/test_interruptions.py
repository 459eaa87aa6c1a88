"""What a visitor on a phone is told when a photo does not arrive, and where no camera or no face is found."""

import io
import mimetypes
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import awkward_files
import pytest
import skimage
from awkward_files import Awkward
from PIL import Image
from playwright.sync_api import Browser, FilePayload, WebSocketRoute, expect

from explainer.ui import arrival
from explainer.vision import photos
from tests.browser.pages import ARGUMENTS, PhotoPage, find_chromium
from tests.servers import APP, Server, serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

ASTRONAUT = Path(skimage.__file__).parent / "data" / "astronaut.png"
COFFEE = ASTRONAUT.with_name("coffee.png")
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def phone(visitor):
    return visitor(**PHONE)


class Line:
    """The network of a window: Chromium cuts its requests, and its websocket is closed, which Chromium leaves open."""

    def __init__(self, window: PhotoPage) -> None:
        self._window = window
        self._sockets: list[WebSocketRoute] = []
        window.page.route_web_socket("**/_stcore/stream", self._connect)
        self._browser = window.page.context.new_cdp_session(window.page)
        self._browser.send("Network.enable")

    def _connect(self, socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        self._sockets.append(socket)

    def slow_down(self, bytes_a_second: int) -> None:
        """Let no more go up than that."""
        self._set(offline=False, up=bytes_a_second)

    def cut(self) -> None:
        self._set(offline=True)
        for socket in self._sockets:
            socket.close()
        self._window.page.wait_for_selector("[data-test-connection-state]:not([data-test-connection-state=CONNECTED])")

    def mend(self) -> None:
        self._set(offline=False)
        self._window.page.wait_for_selector("[data-test-connection-state=CONNECTED]")

    def _set(self, offline: bool, up: int = -1) -> None:
        state = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": up}
        self._browser.send("Network.emulateNetworkConditions", state)


@pytest.fixture
def phone_with_line(chromium: Browser) -> Iterator[Callable[[Server], tuple[PhotoPage, Line]]]:
    """Call it for a phone at the first page of a server, and its network."""

    def phone(server: Server) -> tuple[PhotoPage, Line]:
        phone = PhotoPage(chromium.new_context(viewport=PHONE).new_page(), server.url)
        line = Line(phone)
        return phone.open(), line

    yield phone
    for context in chromium.contexts:
        context.close()


def portrait(side: int = 400) -> FilePayload:
    """A face of which nothing is compiled ahead."""
    file = io.BytesIO()
    Image.open(ASTRONAUT).convert("RGB").crop((0, 0, 400, 400)).resize((side, side)).save(file, "PNG")
    return FilePayload(name="portrait.png", mimeType="image/png", buffer=file.getvalue())


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


def test_a_network_lost_in_the_midst_of_an_upload_is_announced_and_the_photo_can_be_brought_again(
    phone_with_line, app: Server
) -> None:
    phone, line = phone_with_line(app)
    line.slow_down(50_000)
    with phone.page.expect_request(lambda request: request.method == "PUT"):
        phone.upload(portrait(800))
    phone.page.wait_for_timeout(500)
    line.cut()
    expect(banner(phone)).to_contain_text("choose it again")
    line.mend()
    phone.upload(portrait())
    phone.wait_for_result("1 face was found")
    expect(phone.button("forget")).to_be_visible()
    expect(banner(phone)).to_be_hidden()


@pytest.mark.watch
def test_what_was_under_way_as_the_network_went_is_there_when_it_comes_back(phone_with_line, app: Server) -> None:
    phone, line = phone_with_line(app)
    phone.upload(portrait())
    phone.wait_for_result("1 face was found")
    phone.button("check_map").click()
    expect(phone.page.get_by_text("Checking the map against the network")).to_be_visible()
    line.cut()
    expect(phone.page.get_by_text("The laboratory checks other methods too.")).to_be_hidden()
    line.mend()
    expect(phone.page.get_by_text("The laboratory checks other methods too.")).to_be_visible()
    expect(phone.button("forget")).to_be_visible()  # the photo is the same


@pytest.mark.watch
def test_a_chooser_that_stayed_open_longer_than_the_visit_says_that_the_page_began_anew(
    phone_with_line, tmp_path: Path
) -> None:
    ended_at_once = {"STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "1", "EXPLAINER_DATA": str(tmp_path)}
    with serving(APP, tmp_path / "log.txt", **ended_at_once) as server:
        phone, line = phone_with_line(server)
        phone.button("own_photo").click()
        phone.button("notice_button").click()
        with phone.page.expect_file_chooser() as chooser:
            phone.page.locator("[data-testid=stFileUploader] button:visible").first.click()
        line.cut()
        phone.page.wait_for_timeout(3000)
        line.mend()
        phone._settle(phone.explanation)
        chooser.value.set_files(portrait())
        expect(banner(phone)).to_have_text(arrival._SENTENCES["anew"])
        phone.upload(portrait())
        phone.wait_for_result("1 face was found")
        expect(banner(phone)).to_be_hidden()


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


def test_a_file_that_is_too_heavy_gives_a_sentence_and_the_next_one_is_taken(phone, tmp_path: Path) -> None:
    heavy = tmp_path / "film.jpg"
    with heavy.open("wb") as file:
        file.truncate(photos.MAX_BYTES + 1)
    phone.upload(heavy)
    expect(banner(phone)).to_have_text(photos.HEAVY)
    phone.upload(portrait())
    phone.wait_for_result("1 face was found")
    expect(banner(phone)).to_be_hidden()


def ask_for_the_camera(phone: PhotoPage) -> None:
    phone.button("own_photo").click()
    phone.button("notice_button").click()
    phone.page.locator(".st-key-camera label").first.click()


def take_a_picture(phone: PhotoPage) -> None:
    phone.page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
    phone.page.get_by_role("button", name="Take Photo").click()


def test_a_camera_that_is_not_there_is_named(phone) -> None:
    ask_for_the_camera(phone)
    expect(phone.page.get_by_text("No camera was found.")).to_be_visible()


@pytest.fixture
def phone_with_camera(chromium: Browser, app: Server) -> Iterator[Callable[..., PhotoPage]]:
    """Call it for a phone with a camera, at another address of the app perhaps, its browser started with more flags."""
    browsers = []

    def phone(*flags: str, url: str = app.url, script: str = "") -> PhotoPage:
        arguments = [*ARGUMENTS, "--use-fake-device-for-media-stream", *flags]
        browser = chromium.browser_type.launch(executable_path=find_chromium(), args=arguments)
        browsers.append(browser)
        page = PhotoPage(browser.new_context(viewport=PHONE).new_page(), url)
        page.page.add_init_script(script)
        return page.open()

    yield phone
    for browser in browsers:
        browser.close()


def test_a_picture_of_the_camera_is_taken_as_a_photo(phone_with_camera) -> None:
    phone = phone_with_camera("--use-fake-ui-for-media-stream")
    ask_for_the_camera(phone)
    take_a_picture(phone)
    phone.wait_for_result("found")
    expect(phone.button("forget")).to_be_visible()


def test_a_camera_that_was_denied_is_asked_for_again_once_it_is_allowed(phone_with_camera) -> None:
    phone = phone_with_camera("--deny-permission-prompts")
    ask_for_the_camera(phone)
    expect(phone.page.get_by_text("Allow it in the address bar and switch this off and on again")).to_be_visible()
    phone.page.context.grant_permissions(["camera"])
    for _ in range(2):
        phone.page.locator(".st-key-camera label").first.click()
    take_a_picture(phone)
    expect(phone.button("forget")).to_be_visible()


def test_a_camera_that_another_program_holds_is_named(phone_with_camera) -> None:
    held = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotReadableError') }"
    phone = phone_with_camera("--use-fake-ui-for-media-stream", script=held)
    ask_for_the_camera(phone)
    expect(phone.page.get_by_text("Close other programs that use it")).to_be_visible()


def test_over_plain_http_the_file_chooser_takes_the_place_of_the_camera(phone_with_camera, app: Server) -> None:
    url = app.url.replace("127.0.0.1", "laptop.local")
    phone = phone_with_camera("--host-resolver-rules=MAP laptop.local 127.0.0.1", url=url)
    ask_for_the_camera(phone)
    expect(phone.page.get_by_text("Browsers lend the camera to this computer or over https only.")).to_be_visible()
    phone.page.locator(".st-key-camera label").first.click()
    phone.upload(portrait())
    phone.wait_for_result("1 face was found")


SOME = ("IMG_0002.jpg", "half.jpg", "ultra HDR.jpg", "raw.jpg", "no picture.txt")


@pytest.mark.parametrize(
    "files",
    [
        pytest.param([file for file in awkward_files.FILES if file.name in SOME], id="some"),
        pytest.param(awkward_files.FILES, marks=pytest.mark.watch, id="all"),
    ],
)
def test_what_phones_make_is_labelled_or_gives_a_sentence(phone, files: Sequence[Awkward]) -> None:
    for file in files:
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        phone.settle()  # the field for a file is another one after each that was not read
        phone.upload(FilePayload(name=file.name, mimeType=kind, buffer=file.make()))
        dialog = phone.page.get_by_role("dialog")
        if file.told == awkward_files.FACE:
            expect(dialog, file.name).to_have_count(0)
            expect(phone.page.get_by_text(file.told), file.name).to_be_visible()
        else:
            expect(dialog.get_by_test_id("stAlert"), file.name).to_contain_text(file.told)
    expect(phone.exceptions).to_have_count(0)
