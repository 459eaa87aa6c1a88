"""A page of 25 pictures on a phone, in a real browser: what is pressed is kept, with a finger and with keys."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from explainer.workshop import participants, rooms, screens, sheets, votes
from explainer.workshop.rooms import Room
from explainer.workshop.store import Store
from tests.browser.pages import PATIENCE, RoomPage, Visitors

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Kept = Callable[[], frozenset[int] | None]


@pytest.fixture
def room(store: Store) -> Room:
    """A room in which the page of things is open, against the clock."""
    room = rooms.open_room(store)
    screens.present(store, room.code, step="cups", activity="thing", phase="open")
    return room


@pytest.fixture
def token(store: Store, room: Room) -> str:
    return participants.join(store, room.code)


@pytest.fixture
def kept(store: Store, room: Room, token: str) -> Kept:
    """What the record has of the page."""
    return lambda: votes.marks_of(store, room.code, "thing", token)


@pytest.fixture
def phone(workshop_visitor: Visitors, room: Room, token: str) -> RoomPage:
    phone = workshop_visitor.room(390, 844)
    phone.page.clock.install()
    phone.open(room=room.code, token=token)
    expect(picture(phone, 25)).to_be_visible(timeout=PATIENCE)
    return phone


def picture(phone: RoomPage, number: int) -> Locator:
    return phone.page.get_by_role("button", name=f"Picture {number}", exact=True)


def test_a_page_is_marked_with_a_finger_and_with_keys_and_outlives_a_reload(
    store: Store, room: Room, phone: RoomPage, kept: Kept
) -> None:
    boxes = [picture(phone, number).bounding_box() for number in range(1, 7)]
    assert all(box and box["width"] >= 60 for box in boxes)
    assert [box["y"] == boxes[0]["y"] for box in boxes if box and boxes[0]] == [True] * 5 + [False]
    assert phone.overflow == []

    phone.press("Take your time")
    for number in (1, 2, 25):
        picture(phone, number).click()
    phone.wait_for("Kept: 3 of 25")
    assert kept() == {0, 1, 24}
    picture(phone, 2).press("Space")
    phone.wait_for("Kept: 2 of 25")
    assert kept() == {0, 24}

    phone.page.reload()
    expect(picture(phone, 1)).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    expect(phone.page.locator("[aria-pressed=true]")).to_have_count(2)
    phone.wait_for("Kept: 2 of 25")


def test_a_page_on_which_nothing_was_found_is_handed_in_as_well(phone: RoomPage, kept: Kept) -> None:
    assert kept() is None
    phone.press("Done")
    phone.wait_for("Kept: 0 of 25")
    assert kept() == frozenset()


def forward(phone: RoomPage) -> None:
    """Let the browser's own clock go by as many seconds as a page has, without the wait."""
    phone.page.clock.fast_forward(1000 * sheets.seconds())


def test_when_the_time_is_up_an_untouched_page_is_not_handed_in_and_more_time_is_one_press_away(
    phone: RoomPage, kept: Kept
) -> None:
    expect(picture(phone, 1)).to_be_enabled()
    forward(phone)
    expect(phone.page.get_by_role("timer")).to_have_text("Time is up.", timeout=PATIENCE)
    expect(picture(phone, 1)).to_be_disabled()
    phone.press("Take your time")
    assert kept() is None
    picture(phone, 1).click()
    phone.wait_for("Kept: 1 of 25")
    assert kept() == {0}


def test_the_clock_goes_on_after_a_press(phone: RoomPage) -> None:
    picture(phone, 1).click()
    phone.wait_for("Kept: 1 of 25")
    expect(picture(phone, 1)).to_be_enabled()
    forward(phone)
    expect(phone.page.get_by_role("timer")).to_have_text("Time is up.", timeout=PATIENCE)
    expect(picture(phone, 1)).to_be_disabled()
