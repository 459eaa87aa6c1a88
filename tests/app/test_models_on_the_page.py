"""Models on the first page: another one reads the photo, one is downloaded, two are compared, and one is refused."""

import dataclasses
import time
import types
from pathlib import Path

import downloaded_models
import pytest
import small_models
from file_server import Home
from streamlit.testing.v1 import AppTest

from explainer import jobs
from explainer.jobs import Job
from explainer.ui import access, browser, computed
from explainer.vision import cards, pipeline

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SECONDS = 250


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default, a model that was trained on people, one with its labels shifted, and one that is not here."""
    folder = tmp_path_factory.mktemp("page") / "models"
    tensors = downloaded_models.weights()
    models = (
        (
            downloaded_models.card("grown", labels="imagenet-21k-goog", people="trained"),
            downloaded_models.grown(tensors),
        ),
        (downloaded_models.card("shifted"), downloaded_models.shifted(tensors, 1)),
        (downloaded_models.card("absent"), tensors),
    )
    downloaded_models.lay(folder, *models)
    (folder / "weights" / "absent.safetensors").rename(folder / "absent.safetensors")
    return folder


@pytest.fixture(autouse=True)
def _models(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_MODELS", str(folder))
    monkeypatch.delenv("EXPLAINER_MIRROR", raising=False)
    monkeypatch.setattr(access, "may_download", lambda: True)  # a visitor at the server's own computer
    pipeline._others.cache_clear()
    computed.downloads().clear()


@pytest.fixture
def page() -> AppTest:
    """The page with labels on a picture in which there is nobody."""
    page = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()
    page.button(key="sample_coffee").click().run()
    return page


def texts(page: AppTest) -> str:
    return "\n".join(element.value for kind in (page.markdown, page.caption) for element in kind)


def test_another_model_reads_the_photo_and_the_page_says_what_its_scores_are(page: AppTest) -> None:
    assert page.selectbox(key="model").options == ["EfficientNet-Lite0", "Grown", "Shifted"]
    assert "cosine" in texts(page)
    assert "knows 1,000 kinds of things" in texts(page)

    page.selectbox(key="model").set_value("grown").run()
    assert not page.exception
    assert "cosine" not in texts(page)
    assert "probability" in texts(page)
    assert "was trained on all of ImageNet's Fall 2011 release" in texts(page)
    assert page.selectbox(key="model").value == "grown"


def test_two_models_stand_side_by_side(page: AppTest) -> None:
    page.selectbox(key="compared").set_value("grown").run()
    assert not page.exception
    assert "**Grown**" in texts(page)
    assert "likeliest word for people" in texts(page)
    page.selectbox(key="compared_release").set_value("winter-2021").run()
    assert not page.exception


def test_a_model_that_fails_the_trial_gives_way_to_the_default_with_a_sentence(page: AppTest) -> None:
    page.selectbox(key="model").set_value("shifted").run()
    assert not page.exception
    assert [error.value.split(",")[0] for error in page.error] == ["Shifted does not answer"]
    assert page.selectbox(key="model").value == cards.DEFAULT
    assert "cosine" in texts(page)


def test_a_model_is_downloaded_at_a_visitors_word_and_then_reads(page: AppTest, home: Home, folder: Path) -> None:
    home.content = (folder / "absent.safetensors").read_bytes()
    card = cards.load("absent")
    small_models.write(
        dataclasses.replace(card, weights=dataclasses.replace(card.weights, url=home.url)),
        folder,
    )
    page.run()
    assert home.asked == []
    assert page.button(key="download_absent").label == "Download (19 MB)"
    page.button(key="download_absent").click().run()
    job = computed.downloads()["absent"]
    job.result(SECONDS)
    assert home.asked == [None]
    page.run()
    page.selectbox(key="model").set_value("absent").run()
    assert not page.exception
    assert page.selectbox(key="model").value == "absent"
    card.weights.path.unlink()


def test_without_a_network_a_download_says_what_to_do_and_the_page_goes_on(page: AppTest) -> None:
    card = cards.load("absent")
    small_models.write(
        dataclasses.replace(card, weights=dataclasses.replace(card.weights, url="http://127.0.0.1:1/absent")),
        cards.models_folder(),
    )
    page.button(key="download_absent").click().run()
    deadline = time.monotonic() + SECONDS
    while not computed.downloads()["absent"].done and time.monotonic() < deadline:
        time.sleep(0.1)
    page.run()
    assert not page.exception
    assert any("could not be fetched" in error.value for error in page.error)
    assert "cosine" in texts(page)


def test_who_is_not_at_the_computer_can_neither_start_nor_stop_a_download(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "may_download", lambda: False)
    job = Job[None](jobs._Queue(), 0)
    computed.downloads()["absent"] = job
    page.run()
    assert not page.exception
    assert "Only the presenter, or someone at the computer that runs the app, can download them." in texts(page)
    assert not [each.label for each in page.button if "ownload" in each.label]
    computed.stop_download("absent")
    assert job.wanted()
    computed.downloads().clear()
    computed.download("absent")
    assert not computed.downloads()


@pytest.mark.parametrize(("local", "may"), [("1", True), ("0", False), (None, False)])
def test_downloads_are_for_this_computer_and_the_presenter(
    local: str | None, may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(access.st, "context", types.SimpleNamespace(headers={browser.LOCAL: local}))
    monkeypatch.setattr(access, "is_presenter", lambda: False)
    assert access.may_download() == may
    monkeypatch.setattr(access, "is_presenter", lambda: True)
    assert access.may_download()
