"""What is remembered of a browser: by a cookie of this server's, and of no other."""

from types import SimpleNamespace

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from explainer.ui import browser, middleware


@pytest.fixture
def site() -> TestClient:
    def page(request: object) -> HTMLResponse:
        return HTMLResponse("a page")

    def file(request: object) -> PlainTextResponse:
        return PlainTextResponse("a file")

    return TestClient(browser.Cookie(Starlette(routes=[Route("/", page), Route("/file", file)])))


def _as_browser(monkeypatch: pytest.MonkeyPatch, cookie: str | None) -> None:
    cookies = {} if cookie is None else {browser.NAME: cookie}
    monkeypatch.setattr(st, "context", SimpleNamespace(cookies=cookies))


def test_a_page_brings_a_cookie_that_scripts_cannot_read(site: TestClient) -> None:
    header = site.get("/").headers["set-cookie"]
    assert header.startswith(f"{browser.NAME}=")
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "set-cookie" not in site.get("/").headers  # it has one now


def test_a_file_brings_none(site: TestClient) -> None:
    assert "set-cookie" not in site.get("/file").headers


def test_a_cookie_that_somebody_made_up_is_given_anew(site: TestClient) -> None:
    site.cookies.set(browser.NAME, "AAAAAAAAAAAAAAAAAAAAAA.0123")
    assert "set-cookie" in site.get("/").headers


def test_by_https_a_browser_takes_the_cookie_from_the_app_alone_and_one_that_was_planted_does_not_count(
    site: TestClient,
) -> None:
    planted = site.get("/").cookies[browser.NAME]  # one that somebody else was given
    secure = TestClient(middleware.Cookies(site.app), base_url="https://labels.example")
    secure.cookies.set(browser.NAME, planted)
    given = secure.get("/")
    assert given.headers["set-cookie"].startswith(f"__Host-{browser.NAME}=")
    for needed in ("; Secure", "; Path=/", "; HttpOnly"):  # else browsers refuse a cookie of such a name
        assert needed in given.headers["set-cookie"]
    assert "Domain" not in given.headers["set-cookie"]
    assert "set-cookie" not in secure.get("/").headers  # it has its own one now


def test_what_is_remembered_of_one_browser_is_known_of_no_other(
    site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = site.get("/").cookies[browser.NAME]
    site.cookies.clear()
    second = site.get("/").cookies[browser.NAME]
    _as_browser(monkeypatch, first)
    browser.remember("phone CDFHJ", "token")
    assert browser.recall("phone CDFHJ") == "token"
    assert browser.recall_of(f"other=1; {browser.NAME}={first}", "phone CDFHJ") == "token"
    _as_browser(monkeypatch, second)
    assert browser.recall("phone CDFHJ") is None


@pytest.mark.parametrize("cookie", [None, "", "x", "a.b", "é.ü", "." * 5000])
def test_of_a_browser_without_a_cookie_of_ours_nothing_is_remembered(
    cookie: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _as_browser(monkeypatch, cookie)
    assert not browser.known()
    browser.remember("presenter", True)
    assert browser.recall("presenter") is None


def test_so_many_browsers_are_remembered_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "MOST", 3)
    cookies = [browser._signed(f"number{number}").decode() for number in range(4)]
    for cookie in cookies:
        _as_browser(monkeypatch, cookie)
        browser.remember("presenter", True)
    _as_browser(monkeypatch, cookies[0])
    assert browser.recall("presenter") is None
    _as_browser(monkeypatch, cookies[3])
    assert browser.recall("presenter") is True


def test_the_presenter_and_those_that_were_seen_last_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    browser._remembered.clear()
    monkeypatch.setattr(browser, "MOST", 5)
    presenter, seen, *others = (browser._signed(f"number{number}").decode() for number in range(30))
    _as_browser(monkeypatch, presenter)
    browser.remember(browser.PRESENTER, True)
    _as_browser(monkeypatch, seen)
    browser.remember("phone CDFHJ", "token")
    for other in others:
        _as_browser(monkeypatch, other)
        browser.remember("phone CDFHJ", other)
        _as_browser(monkeypatch, seen)
        assert browser.recall("phone CDFHJ") == "token"
    _as_browser(monkeypatch, presenter)
    assert browser.recall(browser.PRESENTER) is True
    for other, known in ((others[-1], others[-1]), (others[0], None)):
        _as_browser(monkeypatch, other)
        assert browser.recall("phone CDFHJ") == known


def test_a_presenter_who_joins_many_rooms_stays_the_presenter(monkeypatch: pytest.MonkeyPatch) -> None:
    _as_browser(monkeypatch, browser._signed("a presenter's number").decode())
    browser.remember(browser.PRESENTER, True)
    for number in range(100):
        browser.remember(f"phone {number}", "token")
    assert browser.recall(browser.PRESENTER) is True
    assert browser.recall("phone 99") == "token"
    assert browser.recall("phone 50") is None


@pytest.mark.parametrize(("local", "address"), [("1", ""), ("0", "127.0.0.1")])
def test_who_a_proxy_of_this_computer_brings_does_not_count_as_sitting_here(
    local: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(st, "context", SimpleNamespace(ip_address=None, headers={browser.LOCAL: local}))
    assert browser.address() == address


def test_a_page_waits_as_its_browser_and_without_a_cookie_or_where_it_waits_for_no_other_as_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page, cookie = {browser.PAGE: "page 7"}, f"{browser.NAME}={browser._signed('one').decode()}"
    known = {**page, "cookie": cookie}
    assert browser.waits_with(known, "192.0.2.1") == ("192.0.2.1", browser.mark_of(cookie))
    assert browser.waits_with(page, "192.0.2.1") == ("192.0.2.1", "page 7")
    assert browser.waits_with({**known, browser.LOCAL: "1"}, "127.0.0.1") == ("", "page 7")
    monkeypatch.setitem(browser._remembered, "one", {browser.PRESENTER: True})
    assert browser.waits_with(known, "192.0.2.1") == ("", "page 7")
