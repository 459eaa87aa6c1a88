"""The page "Break it" as Streamlit runs it: a change, its amounts, every change at once, and nobody at all."""

import re
from pathlib import Path

import pytest
import sentinels
from streamlit.testing.v1 import AppTest

from explainer.corruptions import CORRUPTIONS

ROOT = Path(__file__).parents[2]
SECONDS = 240


@pytest.fixture
def page() -> AppTest:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()
    return app.switch_page("pages/break_it.py").run()


@pytest.fixture
def broken(page: AppTest) -> AppTest:
    page.pills(key="sample").set_value("photographer").run()
    return page.button(key="notice_button").click().run()


def texts(page: AppTest) -> list[str]:
    return [text.value for text in page.markdown]


def place_of_the_first(page: AppTest) -> str:
    """Where the word stands that came first, under the amount on the slider."""
    (place,) = re.findall(r"now stands at \*\*place ([\d,]+)\*\* of 2,832", "".join(texts(page)))
    return place


def test_without_a_photo_the_page_says_what_to_do(page: AppTest) -> None:
    assert not page.exception
    assert any("There is no photo yet" in caption.value for caption in page.caption)


def test_the_notice_comes_before_the_first_label(page: AppTest) -> None:
    page.pills(key="sample").set_value("astronaut").run()
    assert any("Before the first label" in text for text in texts(page))
    assert not any("another word comes first" in text for text in texts(page))


def test_a_change_is_shown_step_by_step_and_said_in_a_sentence(broken: AppTest) -> None:
    assert not broken.exception
    assert sum("· place " in text for text in texts(broken)) == 9
    assert any(text.startswith("**Tilted**:") for text in texts(broken))


@pytest.mark.parametrize("change", CORRUPTIONS)
def test_every_change_can_be_chosen_and_dosed(broken: AppTest, change: str) -> None:
    broken.pills(key="corruption").set_value(change).run()
    assert any(text.startswith(f"**{CORRUPTIONS[change].title}**:") for text in texts(broken))
    broken.slider(key=f"amount_{change}").set_value(float(CORRUPTIONS[change].most)).run()
    assert not broken.exception
    place_of_the_most = re.findall(r"· place ([\d,]+)", "".join(texts(broken)))[-1]
    assert place_of_the_first(broken) == place_of_the_most
    broken.slider(key=f"amount_{change}").set_value(float(CORRUPTIONS[change].none)).run()
    assert place_of_the_first(broken) == "1"


def test_all_changes_at_once_are_summed_up(broken: AppTest) -> None:
    broken.toggle(key="every_change").set_value(True).run()
    assert not broken.exception
    assert sum(text.startswith("- **") for text in texts(broken)) == len(CORRUPTIONS)
    assert any("small changes put another word first" in text for text in texts(broken))


@pytest.mark.usefixtures("planted")
def test_no_masked_word_is_sent_before_it_is_asked_for(broken: AppTest) -> None:
    broken.toggle(key="every_change").set_value(True).run()
    assert not broken.exception
    assert "masked" in "".join(texts(broken))
    assert sentinels.found("".join(str(element.proto) for element in broken.main)) == set()
