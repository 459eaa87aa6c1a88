"""Two processes behind HAProxy, in a real Chromium: what visitors see while one of them ends and comes back."""

import contextlib
import random
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import services
from playwright.sync_api import Browser, BrowserContext, FilePayload, expect
from services import until

from benchmarks import pictures
from benchmarks.workshop import Phone, Sent
from explainer.workshop import participants, questions, rooms, screens, votes
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store
from tests import databases
from tests.browser.pages import PATIENCE, PhotoPage, RoomPage
from tests.servers import APP, KEY, Server, serving

postgres = pytest.importorskip("explainer.workshop.postgres", reason="psycopg is not installed")
pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NEXT_VERSION = ("tests/browser/serve_next_version.py",)
QUESTION = questions.DECKS["imageability"].questions()[0]
REPLICA = "explainer_replica"  # the cookie of HAProxy
CROWD = 8


class Cluster:
    """Processes "a" and "b" of the app behind HAProxy, all of which can be ended and started again."""

    def __init__(self, folder: Path, settings: dict[str, str], stack: contextlib.ExitStack) -> None:
        self._folder, self._settings, self._stack = folder, settings, stack
        self._ports = {name: services.free_port() for name in "ab"}
        self._bind = f"127.0.0.1:{services.free_port()}"
        self._proxy = contextlib.ExitStack()
        self._running = False  # HAProxy
        stack.callback(lambda: self._proxy.close())
        self._servers: dict[str, Server] = {}
        self.url = f"http://{self._bind}"
        for name in "ab":
            self.start(name)
        self.start_proxy()

    def start(self, name: str, launcher: tuple[str, ...] = APP) -> None:
        """Start a process, in the place of one that ended."""
        server = serving(launcher, self._folder / name, self._ports[name], **self._settings)
        self._servers[name] = self._stack.enter_context(server)
        assert until(lambda: not self._running or self._takes(name))

    def _takes(self, name: str) -> bool:
        """Whether HAProxy knows that a process is there: it sends nobody on who asks for it."""
        asked = urllib.request.Request(f"{self.url}/_stcore/health", headers={"Cookie": f"{REPLICA}={name}"})
        with contextlib.suppress(OSError), urllib.request.urlopen(asked, timeout=20) as answer:
            return REPLICA not in str(answer.headers)
        return False

    def kill(self, name: str) -> None:
        self._servers[name].process.kill()
        self._servers[name].process.wait()

    def start_proxy(self) -> None:
        """Start HAProxy, at once in the place of the one that runs."""
        self._proxy.close()
        hosts = {port: f"127.0.0.1:{self._ports[name]}" for port, name in (("8511", "a"), ("8512", "b"))}
        self._proxy.enter_context(services.proxying(self._folder, hosts, self._bind))
        self._running = True

    def restore(self) -> None:
        """Have both processes run this version."""
        for name, server in self._servers.items():
            if NEXT_VERSION[0] in server.process.args:  # type: ignore[operator]
                self.kill(name)
            if server.process.poll() is not None:
                self.start(name)

    def at(self, name: str) -> str:
        """The address of a process itself."""
        return self._servers[name].url


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Store]]:
    with databases.database() as database, contextlib.ExitStack() as stack:
        settings = {
            "EXPLAINER_DATA": database.address,
            "EXPLAINER_PRESENTER_KEY": KEY,
            "EXPLAINER_TRUSTED_PROXIES": "127.0.0.1",
            "STREAMLIT_SERVER_COOKIE_SECRET": "of the tests, and of 32 letters at least",
        }
        services.haproxy()  # skips where there is none
        cluster = Cluster(tmp_path_factory.mktemp("cluster"), settings, stack)
        yield cluster, stack.enter_context(closing(postgres.PostgresStore(database.address)))


@pytest.fixture
def store(started: tuple[Cluster, Store]) -> Iterator[Store]:
    """The rooms of both processes. Those that a test opens are deleted at its end."""
    yield started[1]
    for room in rooms.listing(started[1]):
        rooms.delete(started[1], room.code)


@pytest.fixture
def cluster(started: tuple[Cluster, Store]) -> Cluster:
    started[0].restore()
    return started[0]


@pytest.fixture
def room(store: Store) -> Room:
    """A room in which the first question of a deck is open."""
    room = rooms.open_room(store, "adults", deck="imageability")
    screens.present(store, room.code, step="decide", activity=QUESTION, phase="open")
    return room


@pytest.fixture
def window(chromium: Browser, cluster: Cluster) -> Iterator["Window"]:
    yield Window(chromium, cluster.url)
    for context in chromium.contexts:
        context.close()


class Window:
    """Opens windows of browsers of their own, that are with a process of the app."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self.url = browser, url

    def __call__(self, replica: str, width: int, height: int) -> BrowserContext:
        context = self._browser.new_context(viewport={"width": width, "height": height})
        context.add_cookies([{"name": REPLICA, "value": replica, "url": self.url}])
        return context

    def room(self, replica: str, width: int, height: int, **address: str) -> RoomPage:
        return RoomPage(self(replica, width, height).new_page(), self.url).open(**address)

    def photo(self, replica: str) -> PhotoPage:
        return PhotoPage(self(replica, 1280, 800).new_page(), self.url).open()


def replica(screen: RoomPage | PhotoPage) -> str:
    """Which process a window is with."""
    return next(each["value"] for each in screen.page.context.cookies() if each["name"] == REPLICA)


class Crowd:
    """Phones without a browser that vote without pause; one whose process is gone connects anew, as a browser does."""

    def __init__(self, url: str, store: Store, room: Room) -> None:
        self._url, self._room = url, room
        self.sent, self.moved, self._over = Sent(), 0, threading.Event()
        self.phones = [Phone(url, room, participants.join(store, room.code)) for _ in range(CROWD)]
        self._pool = ThreadPoolExecutor(CROWD)
        self._voting = [self._pool.submit(self._vote, number) for number in range(CROWD)]

    def _vote(self, number: int) -> None:
        chance = random.Random(number)
        while not self._over.wait(0.3):
            phone = self.phones[number]
            try:
                phone.vote((QUESTION, 1), chance.choice("12345"), self.sent)
            except Exception:  # whatever a browser gets whose process is gone
                again = Phone(self._url, self._room, phone.token)
                again.confirmed, again.unsure = phone.confirmed, phone.unsure
                self.phones[number] = again
                self.moved += 1

    @property
    def cast(self) -> int:
        """How many votes were confirmed so far."""
        return len(self.sent.seconds["a vote"])

    def stop(self) -> None:
        """End all voting. Raises what a phone met that could not go on."""
        self._over.set()
        for each in self._voting:
            each.result()
        for phone in self.phones:
            phone.leave()


def joined(window: Window, name: str, room: Room) -> RoomPage:
    phone = window.room(name, 390, 844, room=room.code, embed="true")
    assert replica(phone) == name
    phone.press("Join")
    phone.wait_for("Nobody sees who answered what")
    return phone


def test_a_round_of_voting_goes_on_while_a_process_is_killed_and_comes_back_and_so_does_its_presenter(
    cluster: Cluster, window: Window, store: Store, room: Room
) -> None:
    notes = window.room("a", 1280, 800, room=room.code, view="notes")
    notes.give_key(KEY)
    notes.wait_for("Counted hands")
    first, second = joined(window, "a", room), joined(window, "b", room)
    crowd = Crowd(cluster.url, store, room)
    for phone, answer in ((first, "2"), (second, "3")):
        phone.press(answer)
        phone.wait_for(f"Counted: {answer}")

    cluster.kill("b")
    cast = crowd.cast
    assert until(lambda: replica(second) == "a" or second.page.wait_for_timeout(100))  # its window connects by itself
    second.wait_for("Counted: 3")
    second.press("4")
    second.wait_for("Counted: 4")
    assert until(lambda: crowd.cast > cast + 2 * CROWD)
    assert replica(first) == replica(notes) == "a"
    cluster.start("b")
    third = joined(window, "b", room)
    third.press("4")
    third.wait_for("Counted: 4")
    crowd.stop()
    assert crowd.moved > 0

    tally = votes.tally(store, room.code, QUESTION, 1)
    assert tally.total == CROWD + 3
    for phone in crowd.phones:
        kept = votes.vote_of(store, room.code, QUESTION, 1, phone.token)
        # The last press may have been kept, though the process was gone before it could say so.
        assert kept in [phone.confirmed[QUESTION, 1], *phone.unsure[QUESTION, 1]]

    cluster.kill("a")
    assert until(lambda: replica(notes) == "b" or notes.page.wait_for_timeout(100))
    notes.wait_for("Counted hands")  # it is the presenter's still
    notes.page.bring_to_front()
    notes.page.keyboard.press("ArrowRight")
    assert until(lambda: screens.stage(store, room.code).phase != "open" or notes.page.wait_for_timeout(100))
    for phone in (first, second, third):
        expect(phone.page.get_by_text("The first vote is closed.")).to_be_visible(timeout=PATIENCE)


def test_who_uploads_as_their_process_is_killed_is_told_so_and_brings_the_photo_again(
    cluster: Cluster, window: Window
) -> None:
    visitor = window.photo("a")
    line = visitor.page.context.new_cdp_session(visitor.page)
    line.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 20_000}
    line.send("Network.emulateNetworkConditions", slow)
    photo = FilePayload(name="photo.jpg", mimeType="image/jpeg", buffer=pictures.large()[0])
    with visitor.page.expect_request(lambda request: request.method == "PUT"):
        visitor.upload(photo)
    visitor.page.wait_for_timeout(1000)
    cluster.kill("a")
    expect(visitor.page.locator(".arrival")).to_contain_text("Please choose it again.")
    line.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    assert until(lambda: replica(visitor) == "b" or visitor.page.wait_for_timeout(100))
    visitor.upload(photo)
    expect(visitor.button("forget")).to_be_visible()
    expect(visitor.page.locator(".arrival")).to_be_hidden()


def test_while_haproxy_starts_again_a_visitor_keeps_process_and_photo(cluster: Cluster, window: Window) -> None:
    visitor = window.photo("b")
    visitor.upload(FilePayload(name="photo.jpg", mimeType="image/jpeg", buffer=pictures.large()[0]))
    expect(visitor.button("forget")).to_be_visible()
    with visitor.page.expect_event("websocket"):  # its window connects by itself
        cluster.start_proxy()
    visitor._look_at_another_page("Your photo")
    expect(visitor.button("forget")).to_be_visible()
    assert replica(visitor) == "b"


def test_an_old_page_goes_on_at_a_process_of_another_version_whose_scripts_have_other_names(
    cluster: Cluster, window: Window
) -> None:
    visitor = window.photo("a")
    cluster.kill("b")
    cluster.start("b", NEXT_VERSION)
    cluster.kill("a")
    assert until(lambda: replica(visitor) == "b" or visitor.page.wait_for_timeout(100))

    def charts() -> bool:
        """Whether charts stand there. What draws them was not asked for before, and has another name now."""
        if visitor.page.url != f"{window.url}/removal":  # not yet, or the page was loaded again
            visitor.page.get_by_role("link", name="Before and after", exact=True).click()
        visitor.page.wait_for_timeout(2000)
        return visitor.page.locator(".js-plotly-plot .main-svg").count() > 0

    assert until(charts, PATIENCE / 1000)
    expect(visitor.exceptions).to_have_count(0)


def test_a_page_whose_process_ended_before_its_scripts_were_asked_for_is_loaded_again(
    cluster: Cluster, window: Window
) -> None:
    cluster.kill("b")
    cluster.start("b", NEXT_VERSION)
    page = window("b", 1280, 800).new_page()
    old = page.request.get(cluster.at("a")).text()
    page.route(f"{window.url}/", lambda route: route.fulfill(body=old, content_type="text/html"), times=1)
    PhotoPage(page, window.url).open().wait_for_result("1 face was found")
