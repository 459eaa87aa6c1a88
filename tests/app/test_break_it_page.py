"""The page "Break it" as Streamlit runs it: a change, its amounts, every change at once, and nobody at all."""

import re
from pathlib import Path

import pytest
import sentinels
from streamlit.testing.v1 import AppTest

from explainer.attribution import sample_results
from explainer.ui import sentences
from explainer.vision import samples
from explainer.vision.corruptions import CORRUPTIONS, Course, CourseStep

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SECONDS = 240


@pytest.fixture
def page() -> AppTest:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()
    return app.switch_page("pages/break_it.py").run()


@pytest.fixture
def broken(page: AppTest) -> AppTest:
    page.button(key="sample_photographer").click().run()
    return page


def texts(page: AppTest) -> list[str]:
    return [text.value for text in page.markdown]


def place_of_the_first(page: AppTest) -> int:
    """Where the word stands that came first, under the amount on the slider."""
    said = "".join(texts(page))
    if "** stays first" in said:
        return 1
    (place,) = re.findall(r"the old word is now ([\d,]+)(?:st|nd|rd|th) of 2,832", said)
    return int(place.replace(",", ""))


def test_the_page_opens_on_nobody_and_a_picture_that_was_changed(page: AppTest) -> None:
    assert not page.exception
    assert [heading.value for heading in page.header] == ["Nobody at all", "One picture, changed a little"]
    assert sum(text.startswith(("A blank wall: **", "A toy: **", "Pure noise: **")) for text in texts(page)) == 3
    assert place_of_the_first(page) > 1


def test_a_change_is_shown_step_by_step(broken: AppTest) -> None:
    assert not broken.exception
    assert sum("· place " in text for text in texts(broken)) == 9


def test_what_is_said_of_a_change_is_true_of_every_step(broken: AppTest) -> None:
    table = sample_results.load()
    for name in samples.SAMPLES:
        for change, course in table.courses[name].items():
            said, changed = sentences.course(CORRUPTIONS[change], course), course.changed
            if "every step beyond" in said:
                first = course.steps.index(changed[0])
                assert all(step.rank > 1 for step in course.steps[first:])
            elif "steps, for the first time" in said:
                assert f"at {len(changed)} of {len(course.steps)} steps" in said
                assert CORRUPTIONS[change].dose(changed[0].amount) in said
                assert any(step.rank == 1 for step in course.steps[course.steps.index(changed[0]) :])


@pytest.mark.parametrize("change", CORRUPTIONS)
def test_every_change_can_be_chosen_and_dosed(broken: AppTest, change: str) -> None:
    broken.pills(key="corruption").set_value(change).run()
    most, none = float(CORRUPTIONS[change].most), float(CORRUPTIONS[change].none)
    dose(broken, change, most)
    assert not broken.exception
    place_of_the_most = re.findall(r"· place ([\d,]+)", "".join(texts(broken)))[-1]
    assert f"{place_of_the_first(broken):,}" == place_of_the_most
    dose(broken, change, none)
    assert place_of_the_first(broken) == 1


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


def course(change: str, *ranks: int) -> Course:
    """A course of which only the first steps are known, each with the old word's place."""
    amounts = CORRUPTIONS[change].grid
    return Course(
        change, tuple(CourseStep(amount, None, (), rank) for amount, rank in zip(amounts, ranks, strict=False))
    )


@pytest.mark.parametrize(
    ("change", "ranks", "said"),
    [
        ("tilt", (1, 2, 5), "Another word comes first at 0.5 degrees, and at every step beyond."),
        ("tilt", (1, 1, 2), "Another word comes first at 1 degree, and at every step beyond."),
        ("noise", (1, 2, 1, 3), "Another word comes first at 2 of 4 steps, for the first time at 1 level of 255."),
        ("blur", (1, 1, 1), "At none of 3 steps does another word come first."),
        ("flip", (1, 2), "Another word comes first."),
        ("flip", (1, 1), "The first word stays."),
    ],
)
def test_what_a_change_does_is_said_in_a_whole_sentence(change: str, ranks: tuple[int, ...], said: str) -> None:
    assert sentences.course(CORRUPTIONS[change], course(change, *ranks)) == said


def test_all_changes_at_once_are_summed_up(broken: AppTest) -> None:
    broken.toggle(key="every_change").set_value(True).run()
    assert not broken.exception
    assert sum(text.startswith("- **") for text in texts(broken)) == len(CORRUPTIONS)
    assert any("small changes put another word first" in text for text in texts(broken))


@pytest.mark.usefixtures("planted")
def test_no_masked_word_is_sent_before_it_is_asked_for(broken: AppTest) -> None:
    broken.toggle(key="every_change").set_value(True).run()
    assert not broken.exception
    assert "covered" in "".join(texts(broken))
    assert sentinels.found("".join(str(element.proto) for element in broken.main)) == set()
