"""A workshop in a real browser: one presenter, a projector and phones, each phone in a context of its own."""

import random
import time
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Request, ViewportSize, WebSocketRoute, expect

from explainer.workshop import participants, rehearsal, rooms, screens, stage, talk, votes
from explainer.workshop.sqlite import SQLiteStore
from explainer.workshop.stage import Beat, Key, Press, State
from explainer.workshop.store import Store
from tests.browser.pages import PATIENCE, ROOT, RoomPage, Visitors
from tests.servers import APP, KEY, serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

PROJECTORS = [ViewportSize(width=wide, height=high) for wide, high in ((1920, 1080), (1280, 720))]

RECONNECTING = "() => getComputedStyle(document.body, '::after').content.includes('Reconnecting')"

FITTED = """size => innerWidth == size.width && getComputedStyle(document.documentElement).getPropertyValue('--fit')
    == Math.min(innerWidth / 1400, innerHeight / 900)"""


@pytest.fixture
def notes(workshop_visitor: Visitors) -> RoomPage:
    """The presenter's notes in a new room with the route of 20 minutes: two presses after the key."""
    notes = workshop_visitor.room(1440, 900)
    notes.give_key(KEY)
    notes.wait_for("Open a room")
    notes.press("Open a room")
    notes.wait_for("Hope to hear")
    return notes


def beside(screen: RoomPage, **address: str) -> RoomPage:
    """Another window of the same browser."""
    return RoomPage(screen.page.context.new_page(), screen.url).open(**address)


def joined(visitors: Visitors, code: str) -> RoomPage:
    phone = visitors.room(390, 844, room=code, embed="true")
    phone.press("Join")
    phone.wait_for("You are in")
    return phone


class Network:
    """The network of a phone, which can be taken away and given back."""

    def __init__(self, visitors: Visitors) -> None:
        self.phone = visitors.room(390, 844)
        self._lines: list[WebSocketRoute] = []
        self.phone.page.route_web_socket("**/_stcore/stream", self._connect)

    def _connect(self, line: WebSocketRoute) -> None:
        line.connect_to_server()
        self._lines.append(line)

    def take_away(self) -> None:
        self.phone.page.context.set_offline(True)
        for line in self._lines:
            line.close()  # Chromium leaves a websocket open that was open before
        self.phone.page.wait_for_function(RECONNECTING, timeout=PATIENCE)

    def give_back(self) -> None:
        self.phone.page.context.set_offline(False)
        self.phone.page.wait_for_function(f"() => !({RECONNECTING})()", timeout=PATIENCE)


def at(store: Store, code: str) -> Beat:
    now = screens.stage(store, code)
    return Beat(now.step, now.activity, now.phase)


def press(screen: RoomPage, store: Store, code: str, key: str) -> Beat:
    """Press a key in a window, and wait until the room has moved."""
    before, deadline = at(store, code), time.monotonic() + PATIENCE / 1000
    screen.page.bring_to_front()
    screen.page.keyboard.press(key)
    while at(store, code) == before and time.monotonic() < deadline:
        screen.page.wait_for_timeout(100)
    return at(store, code)


def test_twenty_minutes_with_one_key_and_four_phones_one_offline_for_a_while_one_by_a_shared_address(
    workshop_visitor: Visitors, notes: RoomPage, store: Store
) -> None:
    code = notes.code
    projector = beside(notes, room=code, view="projector", embed="true")  # without the key form: it is one browser
    first, second = (joined(workshop_visitor, code) for _ in range(2))
    network = Network(workshop_visitor)
    away, shared = network.phone.open(room=code, embed="true"), workshop_visitor.room(390, 844)
    shared.page.goto(first.page.url)
    shared.wait_for("This device has not joined the room yet")
    for phone in (away, shared):
        phone.press("Join")
        phone.wait_for("You are in")
    first.page.reload()
    first.wait_for("You are in")
    assert participants.count(store, code) == 4
    beats = talk.beats(rooms.find(store, code))
    first_vote = next(beat for beat in beats if beat.step == "decide")
    keys = ("ArrowRight", " ", "PageDown")
    for number, beat in enumerate(beats):
        assert at(store, code) == beat
        projector.wait_for_step(talk.load().steps[beat.step].title)
        assert projector.page.get_by_role("button").filter(visible=True).count() == 0
        if beat.step == "nobody":
            network.take_away()
        if beat == first_vote:
            network.give_back()
        if beat.phase == "second":
            second.wait_for("You gave no first answer.")  # this phone has not voted
        if beat.phase in ("open", "second") and beat.step == "decide":
            for phone in (first, away, shared):
                expect(phone.page.get_by_text("Counted:")).to_have_count(0, timeout=PATIENCE)
                phone.press("Safe")
                phone.wait_for("Counted: Safe")
        if beat is not beats[-1]:
            press((notes, projector)[number % 2], store, code, keys[number % 3])
    for round in (1, 2):
        assert votes.tally(store, code, first_vote.activity, round).phones["safe"] == 3
    assert participants.count(store, code) == 4
    assert press(notes, store, code, "PageUp") == beats[-2]
    assert KEY not in workshop_visitor.server.log


def blank(screen: RoomPage, store: Store, code: str, hoped: bool) -> bool:
    """Press b in a window, and wait until the screens are as hoped; then for what another window may tell."""
    screen.page.wait_for_timeout(4000)  # until all windows have drawn what is, and show it for a second
    screen.page.bring_to_front()
    screen.page.keyboard.press("b")
    deadline = time.monotonic() + PATIENCE / 1000
    while screens.stage(store, code).blank != hoped and time.monotonic() < deadline:
        screen.page.wait_for_timeout(100)
    screen.page.wait_for_timeout(1000)
    return screens.stage(store, code).blank


def test_b_makes_the_screens_dark_and_light_again_also_with_the_notes_open_twice(notes: RoomPage, store: Store) -> None:
    code = notes.code
    beside(notes, room=code, view="notes").wait_for("Hope to hear")
    projector = beside(notes, room=code, view="projector", embed="true")
    for screen in (projector, notes):
        assert blank(screen, store, code, True)
        assert not blank(screen, store, code, False)


def test_b_of_a_presenter_who_cannot_have_seen_yet_that_it_is_dark_keeps_it_dark(notes: RoomPage, store: Store) -> None:
    notes.page.bring_to_front()
    screens.present(store, notes.code, blank=True)  # as another presenter does
    notes.page.get_by_role("button", name="Show the screen").wait_for()
    notes.page.keyboard.press("b")
    notes.page.wait_for_timeout(4000)
    query = "SELECT number FROM presses WHERE room = ?"
    assert store.read(lambda c: c.execute(query, (notes.code,)).fetchall()) == [(1,)]
    assert screens.stage(store, notes.code).blank
    notes.page.keyboard.press("b")
    notes.page.get_by_role("button", name="Blank (b)").wait_for()
    assert not screens.stage(store, notes.code).blank


@pytest.mark.parametrize("presses", [60, pytest.param(200, marks=pytest.mark.watch)])
def test_presses_faster_than_the_page_is_drawn_are_each_counted_once(
    notes: RoomPage, store: Store, presses: int
) -> None:
    code, chance = notes.code, random.Random(3)
    beats = talk.beats(rooms.find(store, code))
    keys: list[Key] = chance.choices(["next", "back"], [3, 2], k=presses)
    notes.page.bring_to_front()
    for key in keys:
        notes.page.keyboard.press("ArrowRight" if key == "next" else "ArrowLeft")
        notes.page.wait_for_timeout(150)
    state = State(beats[0])
    for number, key in enumerate(keys, start=1):
        state = stage.pressed(state, Press("one", number, key, 0), beats)
    deadline = time.monotonic() + 60
    while at(store, code) != state.beat and time.monotonic() < deadline:
        notes.page.wait_for_timeout(200)
    assert at(store, code) == state.beat
    query = "SELECT number FROM presses WHERE room = ?"
    assert store.read(lambda c: c.execute(query, (code,)).fetchall()) == [(len(keys),)]


def test_no_press_of_another_window_is_lost_while_the_notes_are_drawn_anew(chromium: Browser) -> None:
    script, html = (
        (ROOT / "explainer" / "ui" / "workshop" / f"clicker.{kind}").read_text("utf-8") for kind in ("js", "html")
    )
    begin = """async ([script, presenter]) => {
        const { default: clicker } = await import(`data:text/javascript,${encodeURIComponent(script)}`);
        window.told = 0;
        const setStateValue = (_, { presses }) => { told = Math.max(told, ...presses.map(([number]) => number)); };
        const [listens, client] = [presenter, ""];
        const data = { code: "AB", presenter, listens, most: 500, moves: 0, blank: false, client, taken: 0 };
        window.draw = () => clicker({ data, parentElement: document.body, setStateValue });
        draw();
    }"""
    with closing(chromium.new_context()) as browser:
        browser.route("**/*", lambda route: route.fulfill(body=html, content_type="text/html"))
        notes, projector = browser.new_page(), browser.new_page()
        for page, presenter in ((notes, True), (projector, False)):
            page.goto("http://room.test/")
            page.evaluate(begin, [script, presenter])
        notes.evaluate(
            "() => { const again = () => { draw()(); setTimeout(draw, 5); setTimeout(again, 10); }; again(); }"
        )
        for _ in range(200):
            projector.keyboard.press("ArrowRight")
        notes.wait_for_function("told == 200", timeout=10_000)


def test_a_press_of_another_window_as_the_notes_are_left_moves_nothing_once_they_are_back(
    notes: RoomPage, store: Store
) -> None:
    code, before = notes.code, at(store, notes.code)
    projector = beside(notes, room=code, view="projector", embed="true")
    projector.wait_for_step(talk.load().steps["start"].title)
    projector.page.wait_for_timeout(2000)  # until no second press on "Open a room" is waited for
    click = "button => button.click()"  # in a window behind the one in which a key is pressed
    notes.page.get_by_role("button", name="All rooms", exact=True).evaluate(click)
    notes.page.get_by_text("Rooms that are kept").wait_for()
    projector.page.keyboard.press("ArrowRight")
    projector.page.wait_for_timeout(2000)
    notes.page.get_by_role("button", name="Resume", exact=True).first.evaluate(click)
    notes.wait_for("Hope to hear")
    notes.page.wait_for_timeout(3000)
    assert at(store, code) == before
    assert press(projector, store, code, "ArrowRight") != before


def test_a_phone_that_goes_offline_while_a_vote_runs_votes_when_it_is_back_and_counts_once(
    workshop_visitor: Visitors, notes: RoomPage, store: Store
) -> None:
    code, vote = notes.code, Beat("decide", "safety/n10142747", "open")
    network = Network(workshop_visitor)
    phone = network.phone.open(room=code, embed="true")
    phone.press("Join")
    phone.wait_for("You are in")
    screens.present(store, code, **vars(vote))
    phone.wait_for("grandma")
    safe = phone.page.get_by_role("button", name="Safe", exact=True)

    network.take_away()
    expect(safe).to_be_disabled()
    assert votes.tally(store, code, vote.activity, 1).total == 0

    network.give_back()
    safe.click()
    phone.wait_for("Counted: Safe")
    tally = votes.tally(store, code, vote.activity, 1)
    assert (tally.phones["safe"], tally.total) == (1, 1)
    assert participants.count(store, code) == 1


def looks_in_a_minute(chromium: Browser, answered: bool) -> int:
    """How often a page asks for a look that is to come each two seconds."""
    script = (ROOT / "explainer" / "ui" / "workshop" / "refresh.js").read_text("utf-8")
    with closing(chromium.new_page()) as page:
        page.clock.install()
        page.evaluate(
            """async ([script, answered]) => {
                const { default: begin } = await import(`data:text/javascript,${encodeURIComponent(script)}`);
                window.looks = 0;
                const setTriggerValue = () => { looks += 1; if (answered) setTimeout(draw, 100); };
                const data = { drawing: 1, seconds: 2 };
                const draw = () => begin({ data, parentElement: document.body, setTriggerValue });
                draw();
            }""",
            [script, answered],
        )
        page.clock.run_for(60_000)
        return int(page.evaluate("looks"))


def test_a_page_that_gets_no_answer_asks_ever_more_seldom(chromium: Browser) -> None:
    assert looks_in_a_minute(chromium, answered=True) >= 23
    assert 4 <= looks_in_a_minute(chromium, answered=False) <= 8


def test_without_the_server_a_screen_says_reconnecting_and_comes_back_in_step(
    chromium: Browser, tmp_path: Path
) -> None:
    data = {"EXPLAINER_DATA": str(tmp_path / "data")}
    with closing(SQLiteStore(tmp_path / "data" / "rooms.sqlite")) as store:
        room = rooms.open_room(store, route="20")
        steps = talk.of_room(room).steps
        pages = [chromium.new_context(viewport=size).new_page() for size in PROJECTORS]
        with serving(APP, tmp_path / "log", **data) as server:
            phone, projector = (RoomPage(page, server.url) for page in pages)
            phone.open(room=room.code, token=participants.join(store, room.code))
            projector.open(room=room.code, view="projector")
            screens.present(store, room.code, step=steps[2].name)
            for screen in (phone, projector):
                screen.wait_for_step(steps[2].title)
            server.process.kill()
            server.process.wait(10)
            port = int(server.url.rpartition(":")[2])
        for screen in (phone, projector):
            screen.page.wait_for_function(RECONNECTING, timeout=PATIENCE)
            expect(screen.page.get_by_text("streamlit run")).to_have_count(0)
        with serving(APP, tmp_path / "again", port, **data):
            screens.present(store, room.code, step=steps[4].name)
            for screen in (phone, projector):
                screen.wait_for_step(steps[4].title)
        assert participants.count(store, room.code) == 1
    for page in pages:
        page.context.close()


def test_after_a_restart_browsers_whose_pages_stood_open_are_known(chromium: Browser, tmp_path: Path) -> None:
    data = {"EXPLAINER_DATA": str(tmp_path / "data"), "EXPLAINER_PRESENTER_KEY": KEY}
    with closing(SQLiteStore(tmp_path / "data" / "rooms.sqlite")) as store:
        code = rooms.open_room(store, route="20").code
        contexts = [
            chromium.new_context(viewport=size) for size in (PROJECTORS[1], *[{"width": 390, "height": 844}] * 3)
        ]
        with serving(APP, tmp_path / "log", **data) as server:
            notes, invited, phone, stranger = (RoomPage(context.new_page(), server.url) for context in contexts)
            notes.open(room=code, view="notes").give_key(KEY)
            notes.wait_for("Hope to hear")
            for each in (invited, phone):
                each.open(room=code, embed="true")
            phone.press("Join")
            phone.wait_for("You are in")
            stranger.page.goto(phone.page.url)
            stranger.wait_for("This device has not joined the room yet")
            again = beside(phone, room=code, embed="true")  # the code photographed once more
            again.wait_for("You are in")
            server.process.kill()
            server.process.wait(10)
            port = int(server.url.rpartition(":")[2])
        connected = "[data-test-connection-state=CONNECTED]"
        pages = (notes, invited, phone, stranger, again)
        for each in pages:
            expect(each.page.locator(connected)).to_have_count(0, timeout=PATIENCE)
        with serving(APP, tmp_path / "again", port, **data):
            for each in pages:
                expect(each.page.locator(connected)).to_have_count(1, timeout=PATIENCE)
            for each in (phone, again):
                each.wait_for("You are in")
            stranger.wait_for("This device has not joined the room yet")
            notes.wait_for("The key is printed where the app was started")
            invited.press("Join")  # once: a page that came back is drawn anew before it is pressed
            invited.wait_for("You are in")
            notes.give_key(KEY)
            notes.wait_for("Hope to hear")
            beside(notes, room=code, view="notes").wait_for("Hope to hear")
            for each in pages:
                each.page.reload()
            stranger.wait_for("This device has not joined the room yet")
            for each, text in ((notes, "Hope to hear"), *((each, "You are in") for each in (invited, phone, again))):
                each.wait_for(text)
        assert participants.count(store, code) == 2
    for context in contexts:
        context.close()


@pytest.mark.parametrize("key", ["ArrowRight", "b"])
def test_a_press_just_before_another_room_is_shown_does_nothing_to_that(
    notes: RoomPage, store: Store, key: str
) -> None:
    other = rooms.open_room(store, route="20").code
    vote = Beat("decide", "safety/n10142747", "open")
    screens.present(store, other, **vars(vote))
    for step in ("nobody", "start"):  # the room of the press has been moved as often, or more
        screens.present(store, notes.code, step=step)
    notes.page.wait_for_timeout(4000)  # until that is drawn
    all_rooms = notes.page.get_by_role("button", name="All rooms", exact=True)
    pressed = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}))"
    # At once, before it is heard that the press was taken.
    all_rooms.evaluate(f"(button, key) => {{{pressed}; button.click()}}", key)
    notes.wait_for("Rooms that are kept")
    notes.page.locator(f".st-key-resume_{other} button").click()
    notes.wait_for("Hope to hear")
    notes.page.wait_for_timeout(7000)
    assert at(store, other) == vote
    assert not screens.stage(store, other).blank


def test_no_request_of_a_phones_page_tells_the_address_of_the_page_which_has_its_token(
    workshop_visitor: Visitors, store: Store
) -> None:
    room = rooms.open_room(store, route="20")
    token = participants.join(store, room.code)
    phone = workshop_visitor.room(390, 844, room=room.code, token=token)
    requests = list[Request]()
    phone.page.on("request", lambda request: requests.append(request))
    phone.open(room=room.code, token=token)
    told = [each.all_headers().get("referer", "") for each in requests if not each.is_navigation_request()]
    assert len(told) > 5
    assert {*told} <= {"", f"{phone.url}/"}
    assert f"token={token}" in phone.page.url


@pytest.mark.watch
def test_every_beat_fits_the_window_of_any_projector(workshop_visitor: Visitors, store: Store) -> None:
    room = rehearsal.rehearse(store, preset="adults", route="90", extras=[step.name for step in talk.optional("90")])
    projector = workshop_visitor.room(1280, 720, room=room.code, view="projector")
    for beat in talk.beats(room):
        screens.present(store, room.code, **vars(beat))
        projector.open(room=room.code, view="projector")
        projector.wait_for_step(talk.load().steps[beat.step].title)
        for size in PROJECTORS:
            projector.page.set_viewport_size(size)
            projector.page.wait_for_function(FITTED, arg=size)
            projector.wait_for_charts()
            assert (projector.clipped, projector.overflow, projector.scrolls) == ([], [], False), (beat, size)
