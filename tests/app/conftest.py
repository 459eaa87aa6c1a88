"""What the tests of pages share."""

from collections.abc import Callable
from typing import Any

import pytest
import streamlit
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import app_test


@pytest.fixture(autouse=True)
def _pages_by_navigation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run pages by way of streamlit_app.py, as a server does.

    AppTest takes the folder `pages` for an app of Streamlit's old kind anew at each run, which `explainer.ui` ends once
    a process. What it sets for that is set on a class that nobody reads.
    """
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
    monkeypatch.setattr(app_test, "PagesManager", type("PagesManager", (PagesManager,), {}))


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], Any]]:
    """What each download button would hand over, by its key."""
    offered: dict[str, Callable[[], Any]] = {}
    button = streamlit.download_button

    def spy(label: str, data: Callable[[], Any], **options: Any) -> bool:
        offered[options["key"]] = data
        return button(label, data, **options)

    monkeypatch.setattr(streamlit, "download_button", spy)
    return offered
