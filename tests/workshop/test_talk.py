"""The talk: routes that fit their hour, texts for the back row, notes that need no slur, figures that are counted."""

import re
import tomllib

import pytest

from explainer.imagenet import published, sources
from explainer.imagenet.taxonomy import DATA, Taxonomy
from explainer.workshop import talk, votes
from explainer.workshop.talk import Step

TEXT = (DATA / "talk.toml").read_text(encoding="utf-8")
ABOUT = " ".join((DATA / "about.md").read_text(encoding="utf-8").split())
STEPS = talk.load().steps.values()
ROUTES = talk.load().routes
NUMBER = re.compile(r"\d[\d,.]*\d|\d")
STOPS = {"20": 1, "45": 2, "90": 3}
# Words of offensive categories that are ordinary where they mean no person.
ORDINARY = {"nobody", "sensitive"}
ORDER = [
    "what",
    "labelled",
    "break",
    "roulette",
    "portrait",
    "why",
    "tree",
    "removal",
    "afterlife",
    "decide",
    "critics",
]


def spoken(step: Step) -> str:
    """All that a step says, to the room and to the presenter."""
    return "\n".join((step.title, step.line, step.say, step.ask, step.hope))


@pytest.mark.parametrize("route", STOPS)
def test_the_minutes_of_a_route_add_up_to_its_length(route: str) -> None:
    assert ROUTES[route].minutes == int(route)
    assert str(int(route)) in ROUTES[route].title
    assert all(step.minutes[route] >= 1 for step in ROUTES[route].steps)


@pytest.mark.parametrize(("route", "stops"), STOPS.items())
def test_a_longer_route_has_more_stops_at_which_the_room_does_something(route: str, stops: int) -> None:
    assert sum(step.activity is not None for step in ROUTES[route].steps) == stops


def test_the_longest_route_has_all_steps_in_the_order_of_the_story() -> None:
    assert ROUTES["90"].steps == tuple(STEPS)
    told = [step.name for step in STEPS if step.name in ORDER]
    assert told == ORDER


@pytest.mark.parametrize("route", STOPS)
def test_the_machine_is_broken_before_it_labels_anybody(route: str) -> None:
    parts = [step.part for step in ROUTES[route].steps]
    labelling = [parts.index(part) for part in ("portrait", "why") if part in parts]
    assert parts.index("nobody") < parts.index("break") < min(labelling)


@pytest.mark.parametrize("route", STOPS)
def test_each_route_ends_with_a_vote_and_all_eight_critiques(route: str) -> None:
    steps = [step.name for step in ROUTES[route].steps]
    shown = [critique for critique in talk.load().critiques if critique.step in steps]
    assert len(shown) == 8
    assert (
        steps.index("decide")
        < steps.index("critics")
        < steps.index("unchecked")
        < steps.index("cure")
        < steps.index("ourselves")
    )


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_title_and_line_can_be_read_from_the_back_row(step: Step) -> None:
    assert 1 <= len(step.title.split()) <= 8
    assert 1 <= len(step.line.split()) <= 20


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_presenter_is_told_what_to_say_to_ask_and_to_hope_for(step: Step) -> None:
    assert step.say
    assert step.ask.endswith("?")
    assert step.hope.endswith(".")
    assert len(step.say.split()) <= 90


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_no_step_says_what_somebody_is(step: Step) -> None:
    assert not re.search(r"\byou(’|')?\s?(a)?re (a|an|the|nearest)\b", spoken(step), re.IGNORECASE)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_no_word_of_an_offensive_category_need_be_spoken(step: Step, tree: Taxonomy) -> None:
    words = {word.lower() for word in re.findall(r"[^\W\d_]+", spoken(step))}
    masked = {lemma.lower() for wnid in tree.people if tree[wnid].safety == "offensive" for lemma in tree[wnid].lemmas}
    assert words & masked <= ORDINARY


def test_every_figure_that_is_typed_was_published() -> None:
    texts = [text for fields in tomllib.loads(TEXT)["step"] for text in fields.values() if isinstance(text, str)]
    texts += [text for fields in tomllib.loads(TEXT)["critique"] for text in fields.values()]
    typed = {figure for text in texts for figure in NUMBER.findall(text.replace("YOLO9000", ""))}
    said = {figure for row in published.rows() for figure in NUMBER.findall(row.published)}
    assert {figure for figure in typed if not re.fullmatch(r"(19|20)\d\d", figure)} <= said


def test_the_figures_of_the_screens_are_those_of_the_tables() -> None:
    lines = {step.name: step.line for step in STEPS}
    assert lines["what"].startswith("14,197,114 pictures")
    assert "2,832 of these are kinds of people" in lines["what"]
    assert "about 50,000 paid workers, 50 pictures a minute" in lines["labelled"]
    assert "48 pictures" in lines["fifty"]
    assert "57 seconds" in lines["fifty"]
    assert lines["removal"] == "2,832 categories for people, then 1,239, then 158."
    assert lines["afterlife"].startswith("YOLO9000 names 9,418 categories; 546 ")


def test_the_figures_of_the_notes_are_those_of_the_tables() -> None:
    notes = {step.name: step.say for step in STEPS}
    assert "57.6 seconds" in notes["labelled"]
    assert "197 days" in notes["labelled"]  # 14,197,122 pictures at 50 a minute
    assert "1,593" in notes["removal"]
    assert "1,081" in notes["removal"]
    assert "87%" in notes["removal"]  # 1,081 of 1,239
    assert "1,000 classes, 3 of" in " ".join(notes["afterlife"].split())
    assert "56%" in notes["decide"]  # 1,593 of 2,832


def test_the_figures_are_counted_when_the_text_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(votes, "PICTURES", 12_345)
    assert "12345 pictures" in talk.parse(TEXT).steps["fifty"].line


def test_each_critique_is_the_one_that_the_app_tells_in_full() -> None:
    critiques = talk.load().critiques
    assert len(critiques) == 8
    full = re.split(r" (?=[1-8]\. )", ABOUT)[1:]
    for critique, text in zip(critiques[:7], full[:7], strict=True):
        named = " ".join(sources.load()[key].reference for key in sources.keys(text))
        for name in re.findall(r"Artnet|Artforum|Vice|Lyons|Prabhu|Wired|Crawford|Yang|BuzzFeed", critique.who):
            assert name in named
    assert [critique.step for critique in critiques] == ["critics"] * 3 + ["unchecked"] * 3 + ["cure", "ourselves"]
    assert all(len(critique.short.split()) <= 12 for critique in critiques)


@pytest.mark.parametrize("route", STOPS)
def test_one_can_walk_a_route_from_end_to_end_and_back(route: str) -> None:
    names = [step.name for step in ROUTES[route].steps]
    walked = [names[0]]
    while (further := talk.beside(ROUTES[route], walked[-1], 1)) != walked[-1]:
        walked.append(further)
    assert walked == names
    assert [talk.beside(ROUTES[route], name, -1) for name in names] == [names[0], *names[:-1]]


def test_a_step_that_a_route_leaves_out_counts_as_the_one_before_it() -> None:
    assert "why" not in [step.name for step in ROUTES["20"].steps]
    assert talk.beside(ROUTES["20"], "why", 0) == "portrait"
    assert talk.beside(ROUTES["20"], "why", 1) == "removal"


def test_progress_says_where_the_talk_is_and_how_late() -> None:
    # 45 minutes: start 1, what 2, labelled 2, fifty 6: "fifty" is planned from minute 5 to minute 11.
    progress = talk.progress(ROUTES["45"], "fifty", 7)
    assert (progress.number, progress.of, progress.starts, progress.ends) == (4, len(ROUTES["45"].steps), 5, 11)
    assert progress.late == 0
    assert talk.progress(ROUTES["45"], "fifty", 13.5).late == 2.5
    assert talk.progress(ROUTES["45"], "fifty", 2).late == -3
    assert talk.progress(ROUTES["45"], "end", 45).ends == 45


@pytest.mark.parametrize("name", ["nowhere", ""])
def test_an_unknown_route_or_step_is_a_key_error(name: str) -> None:
    with pytest.raises(KeyError):
        talk.route(name)
    with pytest.raises(KeyError):
        talk.progress(ROUTES["45"], name, 0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('part = "join"', 'part = "jion"'),
        ('activity = "vote"', 'activity = "veto"'),
        ("{kept}", "{left}"),
        ('hope = "That machines', 'hop = "That machines'),
        ('name = "what"', 'name = "start"'),
        ("[[route]]", "[[route]"),
        ("[[critique]]", "[[praise]]"),
    ],
)
def test_a_text_that_was_changed_for_the_worse_is_refused_in_a_sentence(before: str, after: str) -> None:
    assert before in TEXT
    with pytest.raises(talk.TalkError, match=r"^The text of the talk cannot be read: .+\.$"):
        talk.parse(TEXT.replace(before, after))
