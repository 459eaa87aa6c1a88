"""The way through the pages: each leads on to another."""

import re
from pathlib import Path

from explainer.ui.page_frame import NEXT

ROOT = Path(__file__).parents[2]


def test_every_page_leads_on_and_every_page_is_led_to() -> None:
    app = (ROOT / "streamlit_app.py").read_text(encoding="utf-8")
    pages = {title: file for file, title in re.findall(r'st\.Page\("([^"]+)", title="([^"]+)"', app)}
    assert set(NEXT) == set(pages)
    assert {(following.title, following.file) for following in NEXT.values()} == set(pages.items())
