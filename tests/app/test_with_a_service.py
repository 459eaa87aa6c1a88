"""Pages of an app that has a service read and explain for it: no page knows."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import services
from handmade import ROOT
from services import Relay
from streamlit.testing.v1 import AppTest

from explainer.serving import service
from explainer.ui import computed
from explainer.vision import samples
from tests.servers import APP, starting

pytestmark = pytest.mark.slow

SECONDS = 60


@pytest.fixture(scope="module")
def line() -> Iterator[Relay]:
    """The line by which the app reaches the service."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLAINER_SERVICE_TOKEN", services.TOKEN)
        with services.serving(service.app()) as url:
            relay = Relay(urlsplit(url).port or 0)
            patch.setenv("EXPLAINER_SERVICE", f"http://127.0.0.1:{relay.port}")
            clear()
            yield relay
            relay.close()
    clear()


def clear() -> None:
    for kept in (computed._readers, computed._explainers):
        kept.clear()
    for cached in (computed._offered, computed._strangers, computed._ready):
        cached.clear()


def photo_page(sample: str) -> AppTest:
    """The first page, on a whole picture, whose reading no table holds."""
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS)
    app.session_state["whole"] = True
    app.session_state["photo"], app.session_state["sample"] = samples.read(sample), sample
    return app


def test_an_app_that_cannot_ask_its_service_does_not_start(tmp_path: Path) -> None:
    settings = {"EXPLAINER_SERVICE": "http://127.0.0.1:1", "EXPLAINER_SERVICE_TOKEN": "short"}
    with starting(APP, tmp_path / "log", **settings) as server:
        assert server.process.wait(SECONDS) != 0
    assert "Set EXPLAINER_SERVICE_TOKEN to a secret of 12 characters or more" in server.log


def test_a_page_shows_what_the_service_found(line: Relay) -> None:
    app = photo_page("astronaut").run()
    assert not app.exception
    assert not app.warning
    assert any("its middle is labelled" in caption.value for caption in app.caption)
    assert line.connections > 0


def test_without_the_service_a_page_says_so_and_goes_on_once_it_is_back(line: Relay) -> None:
    line.down = True
    line.cut()
    app = photo_page("photographer").run()
    assert not app.exception
    assert [warning.value for warning in app.warning] == [
        "What reads photos and explains them cannot be reached just now. The tree and the removal work without it. "
        "Try again in a minute."
    ]
    for page in ("pages/tree.py", "pages/removal.py"):
        app.switch_page(page).run()
        assert not app.exception
        assert not app.warning
    app.switch_page("pages/photo.py").run()
    assert app.warning
    line.down = False
    next(button for button in app.button if button.label == "Try again").click().run()
    assert not app.exception
    assert not app.warning
