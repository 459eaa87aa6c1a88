"""What the tests in a browser share: Chromium, the servers, and their visitors."""

import os
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from explainer.workshop import rooms
from explainer.workshop.sqlite import SQLiteStore
from explainer.workshop.store import Store
from tests.browser.pages import CHROMIUM, Visitors, chromium_running, find_chromium
from tests.servers import APP, APP_WITH_SENTINELS, KEY, MUSEUM, Server, serving


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where a test fails, leave its pages behind in the folder that `EXPLAINER_FAILED_PAGES` names."""
    report = yield
    folder = os.environ.get("EXPLAINER_FAILED_PAGES")
    if folder and report.failed:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for each in item.funcargs.values():
            if isinstance(each, Visitors):
                each.leave_behind(Path(folder), item.name)
    return report


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One Chromium a file: its event loop must not run while other tests of the process do."""
    executable = find_chromium()
    if executable is None:
        reason = f"needs one of {', '.join(CHROMIUM)} on the PATH"
        if os.environ.get("EXPLAINER_REQUIRE_BROWSER"):
            pytest.fail(f"EXPLAINER_REQUIRE_BROWSER is set: {reason}")
        pytest.skip(reason)
    with chromium_running(executable) as browser:
        yield browser


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app as it is."""
    folder = tmp_path_factory.mktemp("app")
    with serving(APP, folder / "log.txt", EXPLAINER_DATA=str(folder), EXPLAINER_EMBED=MUSEUM) as server:
        yield server


@pytest.fixture(scope="session")
def app_with_sentinels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with sentinel words in every category that is masked."""
    folder = tmp_path_factory.mktemp("app_with_sentinels")
    with serving(APP_WITH_SENTINELS, folder / "log.txt", EXPLAINER_DATA=str(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def rooms_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server for workshops keeps its rooms."""
    return tmp_path_factory.mktemp("workshops")


@pytest.fixture(scope="session")
def app_for_workshops(rooms_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with rooms of its own: a room that is on locks other pages, so that these have another server."""
    settings = {"EXPLAINER_DATA": str(rooms_folder), "EXPLAINER_PRESENTER_KEY": KEY}
    with serving(APP, tmp_path_factory.mktemp("app_for_workshops") / "log.txt", **settings) as server:
        yield server


@pytest.fixture
def store(rooms_folder: Path) -> Iterator[Store]:
    """The rooms of the server for workshops. Those that a test opens are deleted at its end."""
    with closing(SQLiteStore(rooms_folder / "rooms.sqlite")) as store:
        yield store
        for room in rooms.listing(store):
            rooms.delete(store, room.code)


@pytest.fixture
def workshop_visitor(chromium: Browser, app_for_workshops: Server, store: Store) -> Iterator[Visitors]:
    """Call it for each visitor of the server for workshops."""
    visitors = Visitors(chromium, app_for_workshops)
    yield visitors
    visitors.leave()


@pytest.fixture
def visitor(chromium: Browser, app: Server) -> Iterator[Visitors]:
    """Call it for each visitor of the app."""
    visitors = Visitors(chromium, app)
    yield visitors
    visitors.leave()


@pytest.fixture
def sentinel_visitor(chromium: Browser, app_with_sentinels: Server) -> Iterator[Visitors]:
    """Call it for each visitor of the app with sentinel words."""
    visitors = Visitors(chromium, app_with_sentinels)
    yield visitors
    visitors.leave()


@pytest.fixture
def first_visitor(chromium: Browser, tmp_path: Path) -> Iterator[Visitors]:
    """Call it for the first visitor of an app that was just started."""
    with serving(APP, tmp_path / "log.txt", EXPLAINER_DATA=str(tmp_path)) as server:
        visitors = Visitors(chromium, server)
        yield visitors
        visitors.leave()
