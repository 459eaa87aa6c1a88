"""The talk: routes that fit their hour, texts for the back row, notes that need no slur, figures that are counted."""

import re
import tomllib

import pytest

from explainer.imagenet import published
from explainer.imagenet.taxonomy import DATA, Taxonomy
from explainer.workshop import questions, rooms, screens, talk, votes
from explainer.workshop.store import Store
from explainer.workshop.talk import Step

TEXT = (DATA / "talk.toml").read_text(encoding="utf-8")
STEPS = talk.load().steps.values()
ROUTES = {name: talk.route(name, [step.name for step in talk.optional(name)]) for name in talk.load().routes}
NUMBER = re.compile(r"\d[\d,.]*\d|\d")
# Words of offensive categories that are ordinary where they mean no person.
ORDINARY = {"nobody", "sensitive"}


@pytest.mark.parametrize("route", ROUTES)
def test_the_minutes_of_a_route_add_up_to_its_length(route: str) -> None:
    assert ROUTES[route].minutes == int(route)
    assert route in ROUTES[route].title
    assert all(step.minutes[route] >= 1 for step in ROUTES[route].steps)


def test_twenty_minutes_are_seven_steps_and_phones_are_busy_in_at_least_four() -> None:
    steps = talk.route("20").steps
    assert [step.name for step in steps] == ["start", "cups", "nobody", "why", "removal", "decide", "end"]
    assert sum(step.busy for step in steps) >= 4
    assert steps[-1].asks == ("poll/exit",)
    assert talk.load().steps["own"].asks == ("poll/allow", "poll/object")  # a decision of the room's own


def test_a_longer_route_adds_steps_and_ninety_are_forty_five_with_what_is_ticked() -> None:
    names = {route: {step.name for step in talk.route(route).steps} for route in ROUTES}
    assert names["20"] < names["45"] == names["90"]
    assert names["45"] - names["20"] == {"break", "tree", "roulette", "afterlife", "side", "own"}
    assert "together" not in {step.name for step in talk.route("90", ["together"], phones=False).steps}
    ticked = talk.route("90", ["labelled"])
    assert {step.name for step in ticked.steps} - names["90"] == {"labelled"}
    assert [step.name for step in ticked.steps] == [step.name for step in STEPS if step in ticked.steps]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_step_is_read_from_the_back_row_and_needs_no_offensive_word_spoken(step: Step, tree: Taxonomy) -> None:
    assert 1 <= len(step.title.split()) <= 8
    assert 1 <= len(step.line.split()) <= 20
    assert step.ask.endswith(("?", "."))
    assert len(step.ask.split()) <= 14
    assert 1 <= len(step.say.split()) <= 90
    assert step.hope.endswith(".")
    spoken = "\n".join((step.title, step.line, step.say, step.ask, step.hope))
    assert not re.search(r"\byou('|’)?\s?(a)?re (a|an|the|nearest)\b", spoken, re.IGNORECASE)
    words = {word.lower() for word in re.findall(r"[^\W\d_]+", spoken)}
    masked = {lemma.lower() for wnid in tree.people if tree[wnid].safety == "offensive" for lemma in tree[wnid].lemmas}
    assert words & masked <= ORDINARY


def test_every_figure_that_is_typed_in_a_step_was_published() -> None:
    texts = [text for fields in tomllib.loads(TEXT)["step"] for text in fields.values() if isinstance(text, str)]
    typed = {figure for text in texts for figure in NUMBER.findall(text.replace("YOLO9000", ""))}
    known = {figure for row in published.rows() for figure in NUMBER.findall(row.published)}
    others = {"27"}  # the day on which Roulette's page was to close
    assert {figure for figure in typed if not re.fullmatch(r"(19|20)\d\d", figure)} <= known | others


def test_the_figures_are_those_of_the_tables() -> None:
    steps = talk.load().steps
    assert "about 50,000" in steps["labelled"].line
    assert "50 a minute on average" in steps["labelled"].line
    assert "Sort 25 in 30 seconds" in steps["cups"].line
    said = " ".join(steps["removal"].say.split())
    assert all(figure in said for figure in ("2,832 words", "1,239", "158", "1,593", "1,081", "87%"))


def test_the_figures_are_counted_when_the_text_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(votes, "PICTURES", 12_345)
    assert "Sort 12345 in" in talk.parse(TEXT).steps["cups"].line


def test_there_are_eight_critiques_of_the_length_of_a_slide() -> None:
    assert len(talk.load().critiques) == 8
    assert all(len(critique.short.split()) <= 12 for critique in talk.load().critiques)


def test_next_walks_through_every_question_of_a_route_and_a_page_waits_for_its_press(store: Store) -> None:
    beats = talk.beats(rooms.open_room(store, route="20"))
    assert [(beat.step, beat.activity, beat.phase) for beat in beats[:6]] == [
        ("start", "", ""),
        ("cups", "", ""),
        ("cups", "thing", "open"),
        ("cups", "thing", "result"),
        ("cups", "person", "open"),
        ("cups", "person", "result"),
    ]
    voted = dict.fromkeys(beat.activity for beat in beats if beat.step == "decide")
    assert [*voted] == ["safety/n10142747", "safety/n10142391"]  # grandmother, grandfather
    assert len(set(beats)) == len(beats)


@pytest.mark.parametrize("deck", questions.DECKS)
def test_a_room_with_locked_masks_votes_on_no_masked_word(store: Store, deck: str) -> None:
    young, adults = (rooms.open_room(store, preset, deck).questions for preset in rooms.PRESETS)
    assert "safety/n10401331" not in young
    assert set(young) <= set(adults)
    assert young[:2] == (f"{deck}/n10142747", f"{deck}/n10142391")
    with pytest.raises(ValueError, match="does not vote on this word"):
        screens.present(store, rooms.open_room(store).code, activity="safety/n10401331", phase="open")


def test_progress_says_where_the_talk_is_and_how_late() -> None:
    # 45 minutes: start 1, cups 4, nobody 3: "nobody" is planned from minute 5 to minute 8.
    route = talk.route("45")
    progress = talk.progress(route, "nobody", 7)
    assert (progress.number, progress.of) == (3, len(route.steps))
    assert [talk.progress(route, "nobody", elapsed).late for elapsed in (3, 5, 8, 10)] == [-2, 0, 0, 2]
    assert talk.progress(talk.route("20"), "break", 0).number == 3  # left out: as the one before it


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('name = "nobody"', 'name = "cups"'),
        ('slide = "nobody"', ""),
        ('asks = ["poll/seen"]', 'asks = ["poll/no-such"]'),
        ("{images} pictures", "{folk} pictures"),
        ("[[step]]", "[[step"),
    ],
)
def test_a_text_that_was_changed_for_the_worse_is_refused_in_a_sentence(before: str, after: str) -> None:
    assert before in TEXT
    with pytest.raises(talk.TalkError, match="The text of the talk cannot be read"):
        talk.parse(TEXT.replace(before, after, 1))
