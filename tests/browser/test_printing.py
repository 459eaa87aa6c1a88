"""What is taken away, as a real browser prints it."""

import re
import zlib
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from explainer.workshop import handout, record, rehearsal
from explainer.workshop.handout import Service
from explainer.workshop.sqlite import SQLiteStore

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

MARK = rb"\.886\d* \.886\d* \.886\d* rg"  # the grey in which each page says that it is of a rehearsal


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("papers")
    store = SQLiteStore(None)
    room = rehearsal.rehearse(store)
    html = {
        "handout": handout.handout(record.record(store, room.code)),
        "cards": handout.cards("imageability"),
        "it": handout.it_page(Service(8501, False, Path("/srv/talk/rooms.sqlite"))),
    }
    store.close()
    for name, text in html.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in html}


@pytest.fixture
def page(chromium: Browser) -> Page:
    return chromium.new_context(viewport={"width": 390, "height": 844}).new_page()


def printed(page: Page, paper: Path) -> list[bytes]:
    """What is drawn on each page of the paper, as PDF has it."""
    page.goto(paper.as_uri())
    data = page.pdf(prefer_css_page_size=True)
    objects = {int(number): body for number, body in re.findall(rb"(\d+) 0 obj\s*(.*?)endobj", data, re.DOTALL)}
    contents = [
        int(re.search(rb"/Contents (\d+) 0 R", body)[1])
        for body in objects.values()
        if re.search(rb"/Type /Page\b", body)
    ]
    # An end of the line may be a byte of what is compressed: what follows its end is left over.
    starts = (objects[number].partition(b"stream")[2].removeprefix(b"\r").removeprefix(b"\n") for number in contents)
    return [zlib.decompressobj().decompress(start) for start in starts]


def test_a_rehearsal_is_marked_on_every_printed_page(page: Page, papers: dict[str, Path]) -> None:
    pages = printed(page, papers["handout"])
    assert len(pages) > 2
    assert [number for number, drawn in enumerate(pages, start=1) if not re.search(MARK, drawn)] == []
    assert not any(re.search(MARK, drawn) for drawn in printed(page, papers["cards"]))


def test_the_page_about_the_network_is_one_page(page: Page, papers: dict[str, Path]) -> None:
    assert len(printed(page, papers["it"])) == 1


def test_eleven_cards_are_two_pages_with_their_backs_and_one_for_hands(page: Page, papers: dict[str, Path]) -> None:
    assert len(printed(page, papers["cards"])) == 5


@pytest.mark.parametrize("name", ["handout", "it"])
def test_a_paper_can_be_read_on_a_phone_and_asks_nobody(name: str, page: Page, papers: dict[str, Path]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(papers[name].as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
