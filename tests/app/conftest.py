"""What the tests of the pages share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test
from workshops import Open, restart

from tests.servers import KEY

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _pages_by_navigation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run pages by way of streamlit_app.py, as a server does.

    AppTest takes the folder `pages` for an app of Streamlit's old kind anew at each run, which `explainer.ui` ends once
    a process. What it sets for that is set on a class that nobody reads.
    """
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
    monkeypatch.setattr(app_test, "PagesManager", type("PagesManager", (PagesManager,), {}))


@pytest.fixture(scope="session", autouse=True)
def _no_components_of_packages() -> Iterator[None]:
    """Spare each new session the search of all installed packages for components, a second: the app uses none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BidiComponentManager, "discover_and_register_components", lambda manager, **options: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep rooms in a folder of the tests: a room in the project's own folder would lock their pages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLAINER_DATA", str(tmp_path_factory.mktemp("rooms")))
        yield


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], Any]]:
    """What each download button would give, by the button's key."""
    offered: dict[str, Callable[[], Any]] = {}
    button = streamlit.download_button

    def spy(label: str, data: Callable[[], Any], **options: Any) -> bool:
        offered[options["key"]] = data
        return button(label, data, **options)

    monkeypatch.setattr(streamlit, "download_button", spy)
    return offered


@pytest.fixture
def fresh_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An app that was just started, with its own folder."""
    monkeypatch.setenv("EXPLAINER_DATA", str(tmp_path / "rooms"))
    monkeypatch.setenv("EXPLAINER_PRESENTER_KEY", KEY)
    restart()
    yield
    restart()


@pytest.fixture
def visit() -> Open:
    """Call it to open the page in a new session, at an address with these parameters."""

    def visit(**address: str) -> AppTest:
        app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=250).switch_page("pages/workshop.py")
        for name, value in address.items():
            app.query_params[name] = value
        return app.run()

    return visit
