"""Whom a request comes from, and which names are ours."""

import pytest

from explainer.ui import server, who_asks


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address", "local"),
    [
        ("127.0.0.1", [], [], "127.0.0.1", True),
        ("::1", [], [], "127.0.0.1", True),
        ("::ffff:127.0.0.1", [], [], "127.0.0.1", True),
        ("192.0.2.7", [], [], "192.0.2.7", False),
        # Whoever is not named is not believed, and who hands something on is not taken for this computer.
        ("127.0.0.1", ["192.0.2.7"], [], "127.0.0.1", False),
        ("192.0.2.7", ["127.0.0.1"], [], "192.0.2.7", False),
        ("127.0.0.1", [], ["127.0.0.1"], "127.0.0.1", False),
        ("127.0.0.1", ["192.0.2.7"], ["127.0.0.1"], "192.0.2.7", False),
        ("127.0.0.1", ["127.0.0.1"], ["127.0.0.1"], "127.0.0.1", False),
        # The last that a trusted proxy names, and not what a stranger put before it.
        ("10.0.0.1", ["127.0.0.1, 192.0.2.7"], ["10.0.0.1"], "192.0.2.7", False),
        ("10.0.0.1", ["192.0.2.7, 10.0.0.2"], ["10.0.0.1", "10.0.0.2"], "192.0.2.7", False),
        ("10.0.0.1", ["<script>"], ["10.0.0.1"], "10.0.0.1", False),
        # A network may be named, where a proxy changes its address.
        ("10.244.3.9", ["192.0.2.7"], ["10.244.0.0/16"], "192.0.2.7", False),
        ("10.245.3.9", ["192.0.2.7"], ["10.244.0.0/16"], "10.245.3.9", False),
        ("10.244.3.9", ["192.0.2.7"], ["10.244.0.0/99"], "10.244.3.9", False),
        # However the system and the proxy write an address.
        ("::ffff:10.0.0.1", ["192.0.2.7:5555"], ["10.0.0.1"], "192.0.2.7", False),
        # One computer can take any address that begins with the same 64 bits.
        ("2001:db8:1:2:3:4:5:6", [], [], "2001:db8:1:2::", False),
        ("10.0.0.1", ["2001:db8:1:2::9"], ["10.0.0.1"], "2001:db8:1:2::", False),
        ("10.0.0.1", ["[2001:db8:1:2::9]:5555"], ["10.0.0.1"], "2001:db8:1:2::", False),
    ],
)
def test_only_a_proxy_that_is_named_says_whom_a_request_comes_from(
    peer: str, forwarded: list[str], trusted: list[str], address: str, local: bool
) -> None:
    assert who_asks.client(peer, forwarded, trusted) == (address, local)


@pytest.mark.parametrize("host", ["localhost:8501", "[::1]:8501", "museum-pc", "hall.local", "10.0.0.7:80"])
def test_names_that_no_stranger_can_own_are_ours(host: str) -> None:
    assert who_asks.host_is_ours(host)


@pytest.mark.parametrize(
    "host", ["", "evil.example", "localhost.evil.example", "a@b", "127.0.0.1.evil.example", "[", "%"]
)
def test_other_names_are_not(host: str) -> None:
    assert not who_asks.host_is_ours(host) or "." not in host


def test_a_name_that_the_setting_lists_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_HOSTS", "labels.example, other.example")
    assert who_asks.host_is_ours("Labels.Example:443")
    assert not who_asks.host_is_ours("third.example")
    assert who_asks.host_is_ours("a" * 253)
    for long in ("a" * 261, "localhost" + "." * 300, "localhost:" + "0" * 300):  # it stands in each answer
        assert not who_asks.host_is_ours(long)


def test_a_proxy_that_is_named_by_no_address_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_TRUSTED_PROXIES", "haproxy, 10.0.0.1 10.244.0.0/16, ::1, 10.244.0.0/99")
    assert who_asks.not_addresses() == ["haproxy", "10.244.0.0/99"]


def test_one_computer_has_one_share_of_the_event_loop_however_its_address_is_written() -> None:
    for peer in ("::ffff:10.0.0.7", "10.0.0.7", "2001:db8:1:2::5", "fe80::1%2", "::1"):
        assert server._charged(peer) == who_asks.client(peer, [], [])[0]
