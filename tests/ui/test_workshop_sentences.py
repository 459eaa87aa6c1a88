"""What is said of a room's answers, its time and its next press: without a page, a file or a clock."""

from dataclasses import replace

import pytest

from explainer.imagenet import masked_words, taxonomy, vocabularies
from explainer.imagenet.masked_words import Context
from explainer.ui.workshop import sentences, talk_pictures
from explainer.workshop import questions, sheets, talk
from explainer.workshop.privacy import FEWEST
from explainer.workshop.questions import Question
from explainer.workshop.stage import Beat, Phase
from explainer.workshop.votes import PICTURES, Marks, Tally

RELEASES = (talk_pictures.BEFORE, talk_pictures.AFTER)
HERE = Beat("decide", "safety/n10142747", "open")
SAFETY, IMAGEABILITY, OFFENSIVE = "safety/n10142747", "imageability/n10142747", "safety/n10401331"
POLL = questions.question("poll/side")


def tally(question: Question, counts: dict[str, int], hands: dict[str, int] | None = None) -> Tally:
    """A tally with these counts of phones and hands, and 0 for all other answers."""
    none = dict.fromkeys((choice.key for choice in question.choices), 0)
    return Tally(question.key, question.rounds, none | counts, none | (hands or {}))


def test_of_fewer_than_five_no_answer_is_told_and_the_record_is() -> None:
    question = questions.question(SAFETY)
    said = sentences.outcome(question, tally(question, {"offensive": FEWEST - 1}))
    assert said.startswith("Fewer than 5 answered: what they answered stays hidden")
    assert "Offensive" not in said
    assert "same" not in said.lower()
    assert "different" not in said.lower()
    assert said.endswith(sentences.on_record(question, questions.published("n10142747")))


@pytest.mark.parametrize(
    ("counts", "verdict", "answers"),
    [
        ({"safe": 5}, "**The same**", "“Safe”"),
        ({"safe": 1, "offensive": 5}, "**Different**", "“Offensive, whatever the photo”"),
        ({"safe": 3, "who": 3}, "**Level**", "“Safe” and “It depends who says it”"),
        ({"safe": 5, "unsure": 20}, "**The same**", "“Safe”"),
    ],
)
def test_the_commonest_answers_to_a_word_stand_beside_the_record(
    counts: dict[str, int], verdict: str, answers: str
) -> None:
    question = questions.question(SAFETY)
    said = sentences.outcome(question, tally(question, counts))
    assert said.startswith(verdict)
    assert f"Said most often: {answers}. On record: safe." in said


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((5, 1), "Most of you said: “A space suit”."),
        ((3, 2, 2), "Most often you said: “A space suit”."),
        ((1, 1, 1, 4), "Most of you said so."),
        ((3, 3), "You were divided."),
        ((4,), "Fewer than 5 answered."),
    ],
)
def test_of_a_prediction_the_right_answer_is_said_first(counts: tuple[int, ...], said: str) -> None:
    question = questions.question("poll/seen")
    given = dict(zip("1234", counts, strict=False))
    assert sentences.outcome(question, tally(question, given)) == f"Right: “A banjo”. {said}"


def test_where_more_than_two_answers_are_level_none_is_named() -> None:
    question = questions.question("poll/side")
    said = sentences.outcome(question, tally(question, {"1": 2, "2": 2, "3": 2}))
    assert said == "**Level**: no answer was given more often than all others."


def test_where_all_were_unsure_nothing_is_compared_and_nothing_is_said_most_often() -> None:
    question = questions.question(SAFETY)
    said = sentences.outcome(question, tally(question, {"unsure": 9}))
    assert said.startswith("Nothing to lay side by side")
    assert "Said most often: nothing." in said


def test_ratings_are_told_by_their_median_with_the_line_of_the_removal() -> None:
    question = questions.question(IMAGEABILITY)
    said = sentences.outcome(question, tally(question, {"5": 3, "4": 2}))
    assert "The room's median is 5." in said
    assert "Said most often" not in said
    assert "ImageNet's workers, asked how easily the word brings a picture to mind, rated it" in said
    assert said.endswith("the line is 4.")


def test_a_poll_has_no_record_and_no_verdict() -> None:
    title = POLL.choices[0].title
    assert sentences.outcome(POLL, tally(POLL, {POLL.choices[0].key: 6})) == f"Said most often: “{title}”."


def test_an_offensive_word_was_removed_in_2019_or_for_that_alone() -> None:
    question, published = questions.question(OFFENSIVE), questions.published("n10401331")
    assert sentences.on_record(question, published) == "On record: offensive. It was announced for removal in 2019."
    kept = replace(published, safety="safe", status="kept")
    assert sentences.on_record(question, kept) == "On record: safe. It was kept."
    vague = replace(kept, status="hard to picture")
    assert sentences.on_record(question, vague) == "On record: safe. It was removed later, as hard to picture."


def test_an_imageable_word_that_was_removed_as_offensive_says_why() -> None:
    question = questions.question(IMAGEABILITY)
    published = replace(questions.published("n10142747"), safety="offensive", imageability=4.8)
    rated = "ImageNet's workers, asked how easily the word brings a picture to mind, rated it 4.8 on average"
    assert sentences.on_record(question, published) == f"{rated}; it was removed all the same, as offensive."


@pytest.mark.parametrize(
    ("answered", "here", "hands", "phones", "said"),
    [
        (3, 24, 0, True, "3 of 24 answered"),
        (25, 24, 0, True, "25 of 25 answered"),  # one has answered and gone to sleep
        (3, 24, 7, True, "3 of 24 answered, 7 hands"),
        (0, 0, 7, False, "7 hands counted"),
        (0, 0, 0, False, "Put up a hand"),
    ],
)
def test_turnout_counts_answers_and_never_more_than_there_are(
    answered: int, here: int, hands: int, phones: bool, said: str
) -> None:
    assert sentences.turnout(answered, here, hands, phones) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(60, "1:00"), (59.6, "1:00"), (9, "0:09"), (0, "0:00"), (-0.4, "0:00"), (-75, "1:15 over")]
)
def test_a_countdown_goes_on_after_its_end(seconds: float, said: str) -> None:
    assert sentences.left(seconds) == said


@pytest.mark.parametrize(("minutes", "said"), [(0.4, "on time"), (2.6, "3 min late"), (-2, "2 min early")])
def test_a_talk_is_on_time_within_half_a_minute(minutes: float, said: str) -> None:
    assert sentences.lateness(minutes) == said


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        ("open", "Open: “grandma”"),
        ("talk", "Close the vote; the room talks for a minute"),
        ("second", "Second vote"),
        ("result", "Close, and show the result"),
        ("", "You decide"),
    ],
)
def test_within_a_step_the_next_press_is_named_by_what_it_does(phase: Phase, said: str) -> None:
    assert sentences.comes(HERE, Beat("decide", "safety/n10142391", phase), "You decide", "“grandma”") == said


def test_the_next_press_names_another_step_and_the_end() -> None:
    assert sentences.comes(HERE, HERE, "You decide", "") == "This is the end."
    assert sentences.comes(HERE, Beat("tree"), "The tree", "") == "the step “The tree”"
    opens = sentences.comes(HERE, Beat("end", "poll/exit", "open"), "The end", "")
    assert opens == "the step “The end”, whose question opens"


def test_of_pages_a_room_is_told_shares_and_nothing_of_fewer_than_five() -> None:
    cups = sheets.sheet("thing")
    right = Marks("thing", FEWEST, tuple(FEWEST if place in cups.showing else 0 for place in range(PICTURES)))
    assert sentences.marked(cups, right) == "Pictures that show it were marked 100% of the time, the others 0%."
    assert sentences.marked(cups, replace(right, pages=FEWEST - 1)) == "Fewer than 5 answered."
    assert sentences.marked(cups, None) == "Fewer than 5 answered."


def test_of_a_word_that_no_picture_can_show_one_share_is_told() -> None:
    marks = Marks("person", 10, (5,) * PICTURES)
    said = sentences.marked(sheets.sheet("person"), marks)
    assert said == "On average 50% of the pictures were marked. No picture can show the word."


def right(poll: str) -> str:
    """The title of the answer that a prediction's text calls right."""
    question = questions.question(f"poll/{poll}")
    return next(choice.title for choice in question.choices if choice.key == question.right)


def test_every_step_says_of_the_pictures_what_the_network_made_of_them() -> None:
    seen = talk_pictures.seen()
    for step in talk.load().steps.values():
        for text in (step.say, step.ask, step.hope, step.line):
            assert "{" not in talk_pictures.filled(text)
    reading = {name: talk_pictures.reading(name) for name in ("coffee", "rocket", talk_pictures.PORTRAIT)}
    before, after = ({name: each.people(release, 5) for name, each in reading.items()} for release in RELEASES)
    assert {talk_pictures.name(stranger) for _, _, stranger in talk_pictures.strangers()} == {seen["nobody_word"]}
    # nobody: “The coffee got an offensive word until 2019, covered here; with the words that are left it gets ...”
    assert vocabularies.status(before["coffee"][0].wnid) == "offensive"
    assert talk_pictures.name(reading["coffee"]) == "[covered: offensive]"
    assert seen["coffee_after"] == talk_pictures.caption(after["coffee"][0]).name == "sipper"
    # removal: “Of the first five words for this rocket ... are covered; today the first is ...”
    assert (
        seen["rocket_masked"]
        == str([talk_pictures.caption(label).masked for label in before["rocket"]].count(True))
        == "3"
    )
    assert not any(talk_pictures.caption(label).masked for label in after["rocket"])
    # break: each change of the poll's answers brings another word, and “nothing about the person has changed”
    assert right("change") == "All of them"
    assert all(talk_pictures.course(talk_pictures.PORTRAIT, change).changed for change in talk_pictures.CHANGES)
    # why and removal: the answers that are called right
    assert right("seen") == f"A {seen['astronaut_object']}"
    assert right("left") == "About 150"
    assert talk.figures()["kept"] == "158"
    # tree: “... is a kind of ...”
    (above, *_) = taxonomy.load()[talk_pictures.way()[-1]].hypernyms
    assert seen["astronaut_parent"] == masked_words.caption(above, Context.TREE).name
    # afterlife: what the notes count stands on the slide
    yolo, ilsvrc = (vocabularies.afterlife(name) for name in ("yolo9000", "imagenet-1k"))
    assert (talk.figures()["yolo_gone"], talk.figures()["ilsvrc_people"]) == (str(yolo.removed), str(ilsvrc.people))
