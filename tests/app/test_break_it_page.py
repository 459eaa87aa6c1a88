"""The page "Break it" as Streamlit runs it: a change, its amounts, every change at once, and nobody at all."""

import re
from pathlib import Path

import pytest
import sentinels
from streamlit.testing.v1 import AppTest

from explainer.ui import break_it
from explainer.vision.corruptions import CORRUPTIONS, Strip

pytestmark = pytest.mark.slow

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
    most, none = float(CORRUPTIONS[change].most), float(CORRUPTIONS[change].none)
    dose(broken, change, most)
    assert not broken.exception
    place_of_the_most = re.findall(r"· place ([\d,]+)", "".join(texts(broken)))[-1]
    assert place_of_the_first(broken) == place_of_the_most
    dose(broken, change, none)
    assert place_of_the_first(broken) == "1"


def test_after_a_look_at_another_page_the_change_is_there_again(broken: AppTest) -> None:
    broken.pills(key="corruption").set_value("noise").run()
    dose(broken, "noise", 80)
    said = texts(broken)
    broken = broken.switch_page("pages/about.py").run().switch_page("pages/break_it.py").run()
    assert not broken.exception
    assert texts(broken) == said


def dose(page: AppTest, change: str, amount: float) -> None:
    """Set the slider; there is nothing between a picture and its mirror, so that it has a switch."""
    if change == "flip":
        page.toggle(key="amount_flip").set_value(bool(amount)).run()
    else:
        page.slider(key=f"amount_{change}").set_value(amount).run()


SENTENCES = {
    "shift": "**Cropped elsewhere**: moved by 12 % of the face to the right, another word comes first; ",
    "zoom": "**Cropped closer**: with 12 % less of the picture another word comes first; ",
    "tilt": "**Tilted**: at 12 degrees another word comes first; ",
    "resolution": "**Resolution**: with 12 % of the pixels along each side another word comes first; ",
    "brightness": "**Brightness**: with 12 % of the light another word comes first; ",
    "darkness": "**Darkness**: with 12 % of the light another word comes first; ",
    "blur": "**Blur**: with a radius of 12 pixels another word comes first; ",
    "flip": "**Mirrored**: in the mirror another word comes first; ",
    "patch": "**Dark glasses**: over 12 % of the square's width another word comes first; ",
    "noise": "**Noise**: at 12 levels of 255 another word comes first; ",
}


@pytest.mark.parametrize("change", CORRUPTIONS)
def test_what_a_change_does_is_said_in_a_whole_sentence(change: str) -> None:
    falls = "the one that came first falls to place 1,034"
    expected = f"{SENTENCES[change]}{falls}{'' if change == 'flip' else ' at most'}."
    assert break_it.sentence(Strip(change, (), 12, 1_034)) == expected
    assert break_it.sentence(Strip(change, (), None, 1)).endswith(
        "the first word stays." if change == "flip" else "no amount of it changes the first word."
    )


ONES = {
    "tilt": "at 1 degree another word",
    "blur": "with a radius of 1 pixel another word",
    "noise": "at 1 level of 255 another word",
}


@pytest.mark.parametrize("change", ONES)
def test_one_is_said_in_the_singular(change: str) -> None:
    assert ONES[change] in break_it.sentence(Strip(change, (), 1, 2))


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
