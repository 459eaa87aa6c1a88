"""A workshop in a real browser: one presenter, a projector and three phones, each in a context of its own."""

from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from explainer.imagenet import words
from explainer.imagenet.words import Context
from explainer.vision.corruptions import CORRUPTIONS
from explainer.workshop import questions, rehearsal, rooms, sheets, talk, votes
from explainer.workshop.rooms import Changes
from explainer.workshop.store import Store
from tests.browser.pages import PATIENCE, RoomPage, Visitors
from tests.browser.screenshots import STAGES
from tests.servers import APP, KEY, serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

PHONES = 3
PROJECTORS = [ViewportSize(width=wide, height=high) for wide, high in ((1280, 720), (1024, 768), (1280, 800))]
LINES = """heading => {
    const lines = {}, walk = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) [...walk.currentNode.data].forEach((letter, place) => {
        const range = document.createRange();
        range.setStart(walk.currentNode, place);
        range.setEnd(walk.currentNode, place + 1);
        const top = Math.round(range.getBoundingClientRect().top);
        lines[top] = (lines[top] || "") + letter;
    });
    return Object.keys(lines).map(Number).sort((one, other) => one - other).map(top => lines[top]);
}"""  # the lines of a heading, as they stand in the window


@pytest.fixture
def notes(workshop_visitor: Visitors) -> RoomPage:
    """The presenter's notes in a new room with the route of 20 minutes."""
    notes = workshop_visitor.room(1440, 900)
    notes.give_key(KEY)
    notes.wait_for("Open a room")
    notes.choose("route", talk.load().routes["20"].title)
    notes.press("Open a room")
    notes.wait_for("Hope to hear")
    return notes


@pytest.fixture
def phones(workshop_visitor: Visitors, notes: RoomPage) -> list[RoomPage]:
    phones = [workshop_visitor.room(390, 844, room=notes.code, embed="true") for _ in range(PHONES)]
    for phone in phones:
        phone.press("Join")
        phone.wait_for("You have joined")
    return phones


@pytest.fixture
def others(notes: RoomPage, store: Store) -> Callable[[str, int, str], None]:
    """Call it to have two more phones, which look at nothing, give an answer: five may be told, three not."""
    tokens = [rooms.join(store, notes.code) for _ in range(2)]

    def answer(question: str, round: int, answer: str) -> None:
        for token in tokens:
            votes.vote(store, notes.code, question, round, token, answer)

    return answer


def test_a_talk_of_twenty_minutes_with_three_phones(
    workshop_visitor: Visitors, notes: RoomPage, phones: list[RoomPage], others: Callable[[str, int, str], None]
) -> None:
    projector = workshop_visitor.room(1920, 1080, room=notes.code, view="projector")
    notes.wait_for(f"{PHONES} phones here")
    steps = talk.load().routes["20"].steps
    for number, step in enumerate(steps, start=1):
        for screen in (notes, projector, *phones):
            screen.wait_for_step(step.title)
            assert screen.overflow == [], step.name
        assert f"Step {number} of {len(steps)}" in projector.text
        assert projector.height <= 1080, step.name
        assert not any(step.say[:40] in screen.text for screen in (projector, *phones))
        if step.activity == "vote":
            _decide(notes, projector, phones, others)
        if step is not steps[-1]:
            notes.page.keyboard.press("PageDown" if number % 2 else "ArrowRight")

    notes.page.get_by_text("End and delete").click()
    notes.press("End")
    for phone in phones:
        phone.wait_for("Thank you")
    for screen in (projector, *phones):
        assert screen.traffic.hosts == {workshop_visitor.server.url.removeprefix("http://")}
        assert KEY not in screen.traffic.received()
    assert KEY not in workshop_visitor.server.log


def _decide(
    notes: RoomPage, projector: RoomPage, phones: list[RoomPage], others: Callable[[str, int, str], None]
) -> None:
    """Both votes on the first word, each phone with an answer of its own, and the record."""
    deck = questions.DECKS["imageability"]
    choices = deck.choices
    for turn, button in enumerate(("Open the vote", "Second vote")):
        notes.press(button)
        for place, phone in enumerate(phones):
            expect(phone.page.get_by_text("Counted:")).to_have_count(0, timeout=PATIENCE)  # the round is a new one
            phone.press(choices[place + turn].title)
            phone.wait_for(f"Counted: {choices[place + turn].title}")
        notes.wait_for(f"{PHONES} counted")
        if turn:
            others(deck.questions[0], turn + 1, choices[2].key)
            notes.wait_for(f"{PHONES + 2} counted")
    assert "on record" not in projector.text
    notes.press("Reveal")
    projector.wait_for("The room's median is 3;")
    projector.wait_for("Fewer than 5 answered in the first vote")


def test_a_phone_that_is_loaded_again_goes_on_where_the_room_is(notes: RoomPage, phones: list[RoomPage]) -> None:
    first, *_ = phones
    notes.page.keyboard.press("ArrowRight")
    first.wait_for_step(talk.load().steps["what"].title)
    first.page.reload()
    first.wait_for_step(talk.load().steps["what"].title)
    notes.wait_for(f"{PHONES} phones here")


def test_screens_follow_a_server_that_was_killed_and_started_again(chromium: Browser, tmp_path: Path) -> None:
    data = {"EXPLAINER_DATA": str(tmp_path / "data")}
    with closing(Store(tmp_path / "data" / "rooms.sqlite")) as store:
        room = rooms.open_room(store)
        steps = talk.route(room.route).steps
        screens = [chromium.new_context(viewport=size).new_page() for size in PROJECTORS[:2]]
        with serving(APP, tmp_path / "log", **data) as server:
            phone, projector = (RoomPage(screen, server.url) for screen in screens)
            phone.open(room=room.code, token=rooms.join(store, room.code))
            projector.open(room=room.code, view="projector")
            rooms.present(store, room.code, step=steps[1].name)
            for screen in (phone, projector):
                screen.wait_for_step(steps[1].title)
            # At once, while the last run of each screen is one of the whole page.
            server.process.kill()
            server.process.wait(10)
            port = int(server.url.rpartition(":")[2])
        with serving(APP, tmp_path / "again", port, **data):
            rooms.present(store, room.code, step=steps[2].name)
            for screen in (phone, projector):
                screen.wait_for_step(steps[2].title)
    for page in screens:
        page.context.close()


def test_keys_of_a_clicker_move_the_projector_of_who_gave_the_key_there(
    workshop_visitor: Visitors, notes: RoomPage
) -> None:
    projector = workshop_visitor.room(1920, 1080, room=notes.code, view="projector")
    projector.page.keyboard.press("PageDown")
    notes.page.keyboard.press("b")
    expect(projector.page.get_by_role("heading")).to_have_count(0, timeout=PATIENCE)
    notes.page.keyboard.press("b")
    projector.wait_for_step(talk.load().steps["start"].title)  # it was not moved without the key
    projector.press("Presenter's key")
    projector.give_key(KEY)
    projector.wait_for("PageDown")
    projector.page.keyboard.press("PageDown")
    notes.wait_for_step(talk.load().steps["what"].title)
    projector.page.keyboard.press("PageUp")
    notes.wait_for_step(talk.load().steps["start"].title)
    projector.wait_for_step(talk.load().steps["start"].title)
    for _ in range(2):  # as fast as a thumb is: the second one comes while the first is drawn
        projector.page.keyboard.press("PageDown")
        projector.page.wait_for_timeout(200)
    for screen in (projector, notes):
        screen.wait_for_step(talk.load().steps[talk.load().routes["20"].steps[2].name].title)


def test_the_presenters_keys_work_whatever_was_touched_last(workshop_visitor: Visitors, notes: RoomPage) -> None:
    steps = talk.load().routes["20"].steps
    title = {step.name: step.title for step in steps}
    after = {step.name: following.title for step, following in pairwise(steps)}
    projector = workshop_visitor.room(1920, 1080, room=notes.code, view="projector")
    projector.press("Presenter's key")
    projector.give_key(KEY)
    projector.wait_for("PageDown")

    def leap(step: str) -> None:
        notes.go_to(title[step])
        projector.wait_for_step(title[step])

    def press_page_down(screen: RoomPage, step: str) -> None:
        screen.page.keyboard.press("PageDown")
        for each in (projector, notes):
            each.wait_for_step(after[step])

    for touched in [*(CORRUPTIONS[change].title for change in ("tilt", "zoom", "brightness", "blur")), "More", "Less"]:
        leap("break")
        projector.press(touched)
        press_page_down(projector, "break")
    page = projector.page.get_by_test_id("stMain")
    page.focus()
    projector.page.keyboard.press("a")
    assert page.evaluate("page => page.matches(':focus-visible')")
    assert page.evaluate("page => getComputedStyle(page, '::before').content") == "none"  # no frame round the step
    expect(projector.page.get_by_test_id("stElementToolbar").filter(visible=True)).to_have_count(0)
    leap("decide")
    notes.page.get_by_text("Without phones: counted hands").click()
    notes.page.get_by_role("spinbutton").first.click()
    press_page_down(notes, "decide")


def test_a_long_address_breaks_before_its_path_and_in_no_word(workshop_visitor: Visitors, notes: RoomPage) -> None:
    notes.page.get_by_text("Joining", exact=True).click()
    notes.page.locator(".st-key-typed_address input").fill("192.168.100.100:8501")
    notes.press("Show this address")
    projector = workshop_visitor.room(1920, 1080, room=notes.code, view="projector")
    notes.page.keyboard.press("PageDown")
    projector.wait_for_step(talk.load().steps["what"].title)
    heading = projector.page.get_by_role("heading", name="192.168.100.100:8501")
    assert heading.evaluate(LINES) == ["192.168.100.100:8501\u200b", "/workshop"]
    assert projector.overflow == []


def test_every_step_fits_the_window_of_any_projector(workshop_visitor: Visitors, store: Store) -> None:
    showing = {name: sheets.sheet(name).showing for name in sheets.SHEETS}
    for deck in questions.DECKS:
        code = rehearsal.rehearse(store, "adults", deck, "90", showing).code
        longest: Changes = {"step": "decide", "activity": _longest(deck), "round": 2}
        shown = [{**longest, "open": True}, {**longest, "revealed": True}]
        projector = workshop_visitor.room(1280, 720, room=code, view="projector")
        for changes in [*STAGES.values(), *shown] if deck == "imageability" else shown:
            rooms.present(store, code, **{"activity": "", "open": False, "revealed": False, **changes})
            projector.open(room=code, view="projector")
            projector.wait_for_step(talk.load().steps[changes["step"]].title)
            for size in PROJECTORS:
                projector.page.set_viewport_size(size)
                projector.wait_for_charts()
                found = projector.clipped, projector.overflow, projector.scrolls
                assert found == ([], [], False), (changes, size)


def test_a_bar_of_a_projectors_chart_is_told_under_the_pointer(workshop_visitor: Visitors, store: Store) -> None:
    code = rehearsal.rehearse(store, "adults", route="90").code
    rooms.present(store, code, step="afterlife")
    projector = workshop_visitor.room(1920, 1080, room=code, view="projector")
    for size in ({"width": 1920, "height": 1080}, {"width": 1024, "height": 768}):
        projector.page.set_viewport_size(size)
        projector.wait_for_charts()
        bars = projector.page.locator(".js-plotly-plot .point path")
        last = bars.nth(bars.count() - 1).bounding_box()  # what offends of the last vocabulary
        assert last is not None
        projector.page.mouse.move(last["x"] + last["width"] / 2, last["y"] + last["height"] / 2)
        told = projector.page.locator(".js-plotly-plot .hoverlayer")
        expect(told).to_contain_text("Microsoft", timeout=PATIENCE)
        expect(told).to_contain_text("offensive")
        projector.page.mouse.move(0, 0)


def _longest(deck: str) -> str:
    """The question of a deck whose word has the longest definition."""
    return max(questions.DECKS[deck].questions, key=_length)


def _length(question: str) -> int:
    caption = words.caption(questions.question(question).wnid, Context.TREE)
    return len(caption.text) + len(caption.gloss or "")
