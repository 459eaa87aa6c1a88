"""The first page, run without a browser: what it paints in each state, on the real models."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sentinels
import skimage
from PIL import Image
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from explainer.imagenet import vocabularies

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PICTURES = Path(skimage.__file__).parent / "data"
SECONDS = 200  # the models take their time to load where others use the processor too


# Where things are on the page


def choose_sample(page: AppTest, name: str) -> AppTest:
    return page.pills(key="sample").set_value(name).run()


def upload(page: AppTest, name: str, content: bytes) -> AppTest:
    return page.file_uploader[0].set_value((name, content, "image/png")).run()


def press(page: AppTest, key: str) -> AppTest:
    return page.button(key=key).click().run()


def pictures(page: AppTest) -> list[str]:
    """The addresses of the pictures, the one with the boxes first."""
    return [address for image in page.image for address in image.value]


def sent(page: AppTest) -> str:
    """All that a browser is sent of the page, as one text."""
    return "\n".join(str(element.proto) for block in (page.main, page.sidebar) for element in block)


def reveals(page: AppTest) -> list[str]:
    """The keys of the buttons that reveal one word."""
    return [button.key for button in page.button if button.key and button.label == "Reveal"]


# Fixtures


@pytest.fixture(autouse=True)
def _main_script_runs_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest runs what is in a folder called `pages` without the main script, from the second run on."""
    prepare = PagesManager.__init__

    def prepared(self: PagesManager, *arguments: Any, **options: Any) -> None:
        prepare(self, *arguments, **options)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", prepared)


@pytest.fixture
def page() -> AppTest:
    """The page as a new visitor sees it."""
    return AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()


@pytest.fixture
def labelled(page: AppTest) -> AppTest:
    """The page with labels on a sample picture."""
    return press(choose_sample(page, "photographer"), "notice_button")


def test_the_first_page_says_what_to_do_and_shows_no_picture(page: AppTest) -> None:
    assert not page.exception
    assert page.title[0].value == "Your photo"
    assert page.pills(key="sample").value is None
    assert len(page.file_uploader) == 1
    assert not page.error
    assert pictures(page) == []


def test_the_notice_comes_before_the_first_label_and_only_once(page: AppTest) -> None:
    choose_sample(page, "astronaut")
    assert any("say nothing true about the person" in text.value for text in page.markdown)
    assert pictures(page) == []

    press(page, "notice_button")
    assert not page.exception
    assert len(pictures(page)) == 3

    choose_sample(page, "cat")
    assert len(pictures(page)) == 3
    assert all(button.key != "notice_button" for button in page.button)


def test_a_photo_has_labels_from_each_release(labelled: AppTest) -> None:
    assert not labelled.exception
    texts = [text.value for text in labelled.markdown]
    for release, size in zip(vocabularies.RELEASES.values(), ("2,832", "1,239", "158"), strict=True):
        assert any(release.title in text and size in text for text in texts)
    assert sum(text.startswith(("1\\.", "2\\.", "3\\.", "4\\.", "5\\.")) for text in texts) == 15


def test_a_file_that_is_no_photo_gives_a_sentence_and_the_photo_stays(labelled: AppTest) -> None:
    before = sent(labelled)
    upload(labelled, "holiday.png", b"not a photo")

    assert not labelled.exception
    (error,) = labelled.error
    assert error.value.startswith("This is no photo that can be read here: ")
    assert error.value.count(".") == 1
    assert len(pictures(labelled)) == 3
    assert pictures(labelled)[0] in before
    assert labelled.pills(key="sample").value == "photographer"


def test_a_good_file_after_a_bad_one_takes_the_sentence_away(page: AppTest) -> None:
    upload(page, "holiday.png", b"not a photo")
    assert len(page.error) == 1
    upload(page, "chelsea.png", (PICTURES / "chelsea.png").read_bytes())

    assert not page.error
    press(page, "notice_button")
    assert not page.exception
    assert any("No face was found" in caption.value for caption in page.caption)


def test_a_file_that_the_browser_names_once_more_after_it_was_taken_changes_nothing() -> None:
    def named_again() -> None:
        import streamlit as st
        from streamlit.runtime.uploaded_file_manager import DeletedFile

        from explainer.ui import photo_source

        st.session_state["uploads"], st.session_state["upload_0"] = 1, DeletedFile("taken")
        photo_source._upload("upload_0")

    page = AppTest.from_function(named_again).run()
    assert not page.exception
    assert page.session_state["uploads"] == 1
    assert "photo_error" not in page.session_state


def test_an_upload_takes_the_place_of_a_sample_and_a_sample_of_an_upload(labelled: AppTest) -> None:
    sample = pictures(labelled)[0]
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(file, "PNG")
    upload(labelled, "teal.png", file.getvalue())

    assert not labelled.exception
    uploaded = pictures(labelled)[0]
    assert uploaded != sample
    assert labelled.pills(key="sample").value is None
    assert pictures(choose_sample(labelled, "photographer"))[0] == sample


def test_the_whole_picture_is_labelled_by_choice(page: AppTest) -> None:
    press(choose_sample(page, "astronaut"), "notice_button")
    assert any("1 face was found" in caption.value for caption in page.caption)
    next(toggle for toggle in page.toggle if "whole" in toggle.label.lower()).set_value(True).run()

    assert not page.exception
    assert any("The whole picture, labelled" in caption.value for caption in page.caption)


def test_each_label_can_be_explained_by_each_method(labelled: AppTest) -> None:
    overlays = {pictures(labelled)[-1]}
    targets = labelled.selectbox(key="target")
    for index in (0, 1, len(targets.options) - 1):
        for method in ("grad-cam", "integrated-gradients"):
            labelled.selectbox(key="target").select_index(index)
            labelled.segmented_control(key="method").set_value(method).run()
            assert not labelled.exception
            overlays.add(pictures(labelled)[-1])
    assert len(overlays) == 6


# Masks


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("sample", ["astronaut", "photographer", "cat", "coffee", "rocket"])
def test_no_masked_word_is_sent_or_drawn_before_it_is_asked_for(page: AppTest, drawn: list[str], sample: str) -> None:
    press(choose_sample(page, sample), "notice_button")
    for release in vocabularies.RELEASES:
        page.segmented_control(key="release").set_value(release).run()
        assert not page.exception
        assert sentinels.found(sent(page)) == set()
    assert drawn
    assert not any("qzq" in text for text in drawn)


@pytest.mark.usefixtures("planted")
def test_words_are_sent_and_drawn_once_all_are_asked_for(labelled: AppTest, drawn: list[str]) -> None:
    press(labelled, "ask_reveal_all")
    assert sentinels.found(sent(labelled)) == set()
    press(labelled, "reveal_all")

    assert not labelled.exception
    assert any("gloss" in word for word in sentinels.found(sent(labelled)))
    assert reveals(labelled) == []


def test_the_question_can_be_answered_with_no(labelled: AppTest) -> None:
    buttons = reveals(labelled)
    press(labelled, "ask_reveal_all")
    press(labelled, "reveal_none")

    assert reveals(labelled) == buttons != []
    assert all(button.key not in ("reveal_all", "mask_all") for button in labelled.button)


@pytest.mark.usefixtures("planted")
def test_one_word_is_revealed_alone_and_everything_masked_again(labelled: AppTest) -> None:
    buttons = reveals(labelled)
    press(labelled, buttons[-1])

    assert not labelled.exception
    shown = sentinels.found(sent(labelled))
    assert {word.replace("gloss", "") for word in shown} == {word for word in shown if "gloss" not in word}
    assert len(shown) == 2  # lemma and gloss

    press(labelled, "mask_all")
    assert sentinels.found(sent(labelled)) == set()
    assert reveals(labelled) == buttons


@pytest.mark.usefixtures("planted")
def test_what_is_taken_away_carries_no_masked_word_even_after_all_were_asked_for(
    page: AppTest, drawn: list[str], downloads: dict[str, Callable[[], bytes | str]]
) -> None:
    press(choose_sample(page, "photographer"), "notice_button")
    masked = 0
    press(page, "ask_reveal_all")
    press(page, "reveal_all")
    for release in vocabularies.RELEASES:
        page.segmented_control(key="release").set_value(release).run()
        drawn.clear()
        picture, readings = downloads["download_picture"](), downloads["download_readings"]()

        assert drawn
        assert not any("qzq" in text for text in drawn)
        assert sentinels.found(str(readings)) == set()
        masked += str(readings).count('"masked": true')
        assert isinstance(picture, bytes)
        with Image.open(io.BytesIO(picture)) as image:
            assert image.format == "PNG"
            assert not image.info
    assert masked


# Privacy


def test_a_forgotten_photo_leaves_the_page_and_the_session(labelled: AppTest) -> None:
    press(labelled, "forget")

    assert not labelled.exception
    assert pictures(labelled) == []
    assert "photo" not in labelled.session_state
    assert labelled.pills(key="sample").value is None


def test_a_forgotten_photo_can_be_chosen_again(labelled: AppTest) -> None:
    press(labelled, "forget")
    choose_sample(labelled, "photographer")

    assert not labelled.exception
    assert len(pictures(labelled)) == 3


def test_another_visitor_starts_with_an_empty_page(labelled: AppTest) -> None:
    other = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()

    assert len(pictures(labelled)) == 3
    assert pictures(other) == []
    assert "photo" not in other.session_state
