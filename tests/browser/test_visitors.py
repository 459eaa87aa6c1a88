"""Many visitors at once: each gets the answer to their own photo, and leaves nothing behind."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload

from explainer.imagenet import masked_words
from explainer.imagenet.masked_words import Context
from explainer.vision import photos, pipeline
from explainer.vision.pipeline import Reader
from tests.browser.pages import PhotoPage, Visitors

pytestmark = [pytest.mark.browser, pytest.mark.watch, pytest.mark.timeout(900)]

VISITORS = 10


@pytest.fixture
def files(photos_folder: Path) -> list[Path]:
    return sorted(photos_folder.glob("*.jpg"))[:VISITORS]


def expected(reader: Reader, content: bytes) -> dict:
    """What the download should say, as one thread finds it that has nothing else to do."""
    result = pipeline.read(reader, photos.read(content))
    return pipeline.record(result, 10, lambda wnid: masked_words.caption(wnid, Context.PHOTO_FILE))


def without_scores(record: dict) -> list:
    """Boxes, wnids, words and masks of a record, in their order."""
    return [
        (
            reading["box"],
            [(thing["wnid"], thing["words"]) for thing in reading["objects"]],
            {
                release: [(person["wnid"], person["words"], person["masked"]) for person in people]
                for release, people in reading["people"].items()
            },
        )
        for reading in record["readings"]
    ]


def scores(record: dict) -> list[float]:
    return [
        label["score"]
        for reading in record["readings"]
        for labels in (reading["objects"], *reading["people"].values())
        for label in labels
    ]


def test_ten_visitors_at_once_get_the_answers_to_their_own_photos(
    visitor: Visitors, files: list[Path], reader: Reader
) -> None:
    contents = [file.read_bytes() for file in files]
    answers = [expected(reader, content) for content in contents]
    assert len({str(without_scores(answer)) for answer in answers}) == len(answers) == VISITORS  # each its own
    pages: list[PhotoPage] = [visitor() for _ in files]
    for page, file, content in zip(pages, files, contents, strict=True):
        page.upload(FilePayload(name=file.name, mimeType="image/jpeg", buffer=content))
    for page, answer in zip(pages, answers, strict=True):
        page.wait_for_result("found")
        page.open_settings()
        record = json.loads(page.download("download_readings"))
        assert record["size"] == answer["size"]
        assert without_scores(record) == without_scores(answer)
        assert scores(record) == pytest.approx(scores(answer), abs=1e-4)
        first = answer["readings"][0]["people"]["fall-2011"][0]["words"] or "[covered: "
        assert first.split(", ")[0] in page.text
