"""Everyone can use the pages: no violation of WCAG 2.2 A or AA that axe finds, and the keyboard alone is enough."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from explainer.workshop import rooms, screens, talk
from tests.browser.pages import AppPage, RoomPage
from tests.servers import KEY

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
ADDRESSES = ["", "break_it", "laboratory", "tree", "removal", "roulette", "workshop", "about"]


def violations(page: Page) -> list[str]:
    """What axe finds, as the rule's name and the beginning of the element."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]


def wait_until_dark(page: Page) -> None:
    """Wait until the mean of the three colours behind the page is under 30 of 255: the theme follows by itself."""
    page.wait_for_function(
        """() => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor.match(/[\\d.]+/g)
            .slice(0, 3).reduce((sum, colour) => sum + Number(colour), 0) < 3 * 30"""
    )


def test_axe_finds_nothing_on_a_laptop_and_a_phone_and_at_400_percent_nothing_scrolls_sideways(chromium, app) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    found = {}
    for address in ADDRESSES:
        page = AppPage(context.new_page(), app.url)
        page.page.goto(f"{app.url}/{address}")
        page._settle(page.page.locator(".st-key-next"))
        found[address, "a laptop in light"] = violations(page.page)
        page.page.emulate_media(color_scheme="dark")
        wait_until_dark(page.page)
        page.resize(390, 844)
        found[address, "a phone in the dark"] = violations(page.page)
        page.resize(320, 256)  # 1280 x 1024 at 400 %
        found[address, "at 400 %"] = page.overflow
    context.close()
    assert {where: what for where, what in found.items() if what} == {}
    assert len(found) == 3 * len(ADDRESSES)


def test_the_dialog_has_no_violation_and_gives_the_focus_back(visitor) -> None:
    page = visitor()
    page.button("own_photo").focus()
    page.page.keyboard.press("Enter")
    expect(page.button("notice_button")).to_be_visible()
    assert violations(page.page) == []
    page.page.keyboard.press("Escape")
    expect(page.page.get_by_role("dialog")).to_have_count(0)


def test_the_keyboard_alone_chooses_another_picture_and_asks_for_a_word(visitor) -> None:
    page = visitor()
    before = page.crop.get_attribute("src")
    walk(page, "sample_cat")
    page.page.keyboard.press("Enter")
    expect(page.crop).not_to_have_attribute("src", before or "")
    page._settle(page.explanation)
    walk(page, "word_place", "input")
    page.page.keyboard.type("nurse")
    page.page.keyboard.press("Enter")
    expect(page.page.get_by_text("Fall 2011: ")).to_be_visible()


def test_the_keyboard_alone_finds_a_category_and_goes_up_from_it(visitor) -> None:
    page = visitor.tree()
    walk(page, "search", "input")
    page.page.keyboard.type("flutist")
    expect(page.button("hit_n10098245")).to_be_visible()
    walk(page, "hit_n10098245")
    page.page.keyboard.press("Enter")
    page.wait_for_place("n10098245")
    walk(page, "parent_n10340312")
    page.page.keyboard.press("Enter")
    page.wait_for_place("n10340312")  # musician


def test_the_keyboard_alone_joins_a_room_and_votes(workshop_visitor, store) -> None:
    code = rooms.open_room(store, route="20").code
    (beat, *_) = (beat for beat in talk.beats(rooms.find(store, code)) if (beat.step, beat.phase) == ("decide", "open"))
    screens.present(store, code, **vars(beat))
    phone = workshop_visitor.room(390, 844, room=code, embed="true")
    walk_to(phone, phone.page.get_by_role("button", name="Join", exact=True))
    phone.page.keyboard.press("Enter")
    safe = phone.page.get_by_role("button", name="Safe", exact=True)
    expect(safe).to_be_visible()
    walk_to(phone, safe)
    phone.page.keyboard.press("Enter")
    phone.wait_for("Counted: Safe")
    assert violations(phone.page) == []


def test_the_projector_and_the_presenters_lobby_have_no_violation(workshop_visitor, store) -> None:
    lobby = workshop_visitor.room(1280, 900)
    lobby.give_key(KEY)
    lobby.wait_for("Open a room")
    assert violations(lobby.page) == []
    code = rooms.open_room(store, route="20").code
    projector = RoomPage(lobby.page.context.new_page(), lobby.url).open(room=code, view="projector", embed="true")
    projector.wait_for_step(talk.load().steps["start"].title)
    assert violations(projector.page) == []


def walk(page: AppPage, key: str, kind: str = "button") -> None:
    """Press Tab until the focus is on what has that key."""
    walk_to(page, page.page.locator(f".st-key-{key} {kind}").first)


def walk_to(page: AppPage, wanted: Locator) -> None:
    """Press Tab until the focus is on an element."""
    for _ in range(60):
        page.page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            assert focus_is_seen(page.page)
            return
    raise AssertionError(f"Tab does not reach {wanted}")


def focus_is_seen(page: Page) -> bool:
    """Whether what has the focus has an outline."""
    return bool(
        page.evaluate(
            """() => [document.activeElement, document.activeElement.parentElement,
                    document.activeElement.closest('[data-baseweb]')]
                .filter(Boolean)
                .some(element => { const style = getComputedStyle(element);
                    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
                        || style.boxShadow !== 'none' })"""
        )
    )


def test_a_phones_menu_is_named_and_leads_to_every_page(visitor) -> None:
    page = visitor(width=390, height=844).page
    menu = page.get_by_role("button", name="Menu", exact=True)
    assert "Menu" in menu.evaluate("button => getComputedStyle(button, '::after').content")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Category tree", exact=True)).to_be_visible()


def test_on_a_wide_screen_the_text_is_larger(visitor) -> None:
    letters = "() => parseFloat(getComputedStyle(document.querySelector('.st-key-page p')).fontSize)"
    page = visitor(width=1280, height=800).page
    assert page.evaluate(letters) == 16
    page.set_viewport_size({"width": 1920, "height": 1080})
    assert page.evaluate(letters) == 20


def test_the_page_says_its_language(visitor) -> None:
    assert visitor().page.evaluate("() => document.documentElement.lang") == "en"
