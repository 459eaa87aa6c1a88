"""What many tests share: a small tree made by hand, and the real tree, models and photographs, loaded once."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import file_server
import handmade
import pytest
import sentinels
from handmade import PHOTOS, ROOT
from PIL import ImageDraw

from explainer.imagenet import taxonomy
from explainer.imagenet.taxonomy import Taxonomy
from explainer.vision import pipeline
from explainer.vision.classifiers import Classifier
from explainer.vision.people import PeopleHead
from explainer.vision.pipeline import Reader

PAGES = tuple(
    f"tests/browser/test_{name}.py" for name in ("photo", "laboratory", "before_and_after", "tree", "break_it")
)
"""Files that drive the same two servers: one process runs them all, while the others compute."""

FIRST = (*PAGES, "tests/app/", "tests/browser/", "tests/attribution/", "tests/vision/")
"""What takes long comes first, so that the processes end at about the same time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(
        key=lambda item: next((place for place, begin in enumerate(FIRST) if item.nodeid.startswith(begin)), len(FIRST))
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each process a file at a time; `PAGES` are as one file."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return "pages" if file in PAGES else file

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def small_tree() -> Taxonomy:
    return handmade.small_tree()


@pytest.fixture(scope="session")
def tree() -> Taxonomy:
    return taxonomy.load()


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The reader of the default model."""
    return pipeline.load()


@pytest.fixture(scope="session")
def classifier(reader: Reader) -> Classifier:
    return reader.classifier


@pytest.fixture(scope="session")
def head(reader: Reader) -> PeopleHead:
    return reader.head


@pytest.fixture(scope="session")
def photos_folder() -> Path:
    """Photographs beside the checkout, which are not part of the project."""
    if not PHOTOS.is_dir():
        pytest.skip(f"needs the photographs in {PHOTOS.relative_to(ROOT.parent)} beside the checkout")
    return PHOTOS


@pytest.fixture
def planted() -> Iterator[None]:
    """Sentinels in place of all masked words; what was made of words before, or meanwhile, is not kept."""
    sentinels.forget_words()
    with pytest.MonkeyPatch.context() as patch:
        sentinels.plant(patch.setattr)
        yield
    sentinels.forget_words()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is drawn into a picture."""
    texts: list[str] = []
    for name in ("text", "multiline_text"):
        draw = getattr(ImageDraw.ImageDraw, name)

        def spy(self: Any, xy: Any, text: Any, *rest: Any, _draw: Any = draw, **options: Any) -> Any:
            texts.append(str(text))
            return _draw(self, xy, text, *rest, **options)

        monkeypatch.setattr(ImageDraw.ImageDraw, name, spy)
    return texts


@pytest.fixture
def home() -> Iterator[file_server.Home]:
    """A web server that publishes one file."""
    with file_server.serving() as home:
        yield home


@pytest.fixture
def closed_port() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/weights.bin"
